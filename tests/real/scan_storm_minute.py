# labels: long serial
# timeout: 180
"""scan_storm.py for a minute, at its full pace."""

import os
import sys

os.environ["PROCTOOL_LONG"] = "1"
os.execv(sys.executable, [sys.executable, f"{os.path.dirname(os.path.abspath(__file__))}/scan_storm.py"])
