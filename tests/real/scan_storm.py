# labels: serial
# timeout: 120
"""A full scan every 50 ms while thousands of processes fork: whole records, and nobody is lost.

With PROCTOOL_LONG=1 for a minute (scan_storm_minute.py), and then the storm must have held its pace.
"""

import json
import os
import re
import subprocess
import sys
import time

import support

support.in_namespaces()

LONG = bool(os.environ.get("PROCTOOL_LONG"))
SECONDS = 60 if LONG else 5
PER_SECOND = 5000  # forks
EVERY = 0.05  # seconds
KEPT = 50


class Storm(support.Case):
    def check_record(self, record):
        for name in ("pid", "ppid", "pgrp", "session", "state", "comm", "starttime_ticks", "depth"):
            self.assertIsNotNone(record[name], record)
        self.assertGreater(record["pid"], 0)

    def test_nobody_is_lost(self):
        storm = self.helper("forkstorm", PER_SECOND, KEPT, stdin=subprocess.PIPE)
        kept = set(map(int, storm.line.split()))
        end = time.monotonic() + SECONDS
        scans = 0
        while time.monotonic() < end:
            next_scan = time.monotonic() + EVERY
            result = self.proctool("ps-tree", "--jsonl")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            records = [json.loads(line) for line in result.stdout.splitlines()]
            pids = {record["pid"] for record in records}
            self.assertEqual(len(pids), len(records))
            self.assertEqual((kept | {storm.pid, os.getpid()}) - pids, set())
            for record in records:
                self.check_record(record)
                if record["pid"] in kept:
                    self.assertEqual(record["ppid"], storm.pid)
                    self.assertIsNone(record["root_reason"])
            scans += 1
            time.sleep(max(0.0, next_scan - time.monotonic()))
        storm.popen.stdin.close()
        forks = int(storm.popen.stdout.readline())
        print(f"{scans} scans beside {forks} forks in {SECONDS} s")
        if LONG:  # what runs beside the other tests may fall behind
            self.assertGreaterEqual(forks, 0.98 * PER_SECOND * SECONDS)
            self.assertGreaterEqual(scans, 0.9 * SECONDS / EVERY)

    def test_swarm(self):
        """Threads that come and go while they are listed: the process is there, with those that were."""
        code = ("import threading\n"
                "def churn():\n"
                "    while True:\n"
                "        thread = threading.Thread(target=int)\n"
                "        thread.start(); thread.join()\n"
                "for _ in range(6): threading.Thread(target=churn).start()\n"
                "print('ready', flush=True)")
        swarm = self.start([sys.executable, "-c", code])
        for _ in range(40):
            result = self.proctool("ps-tree", "-A", "-t", "-p", swarm.pid)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            first, *lines = result.stdout.splitlines()
            self.assertRegex(first, rf"^[\w.-]+\({swarm.pid}\)-\+-\{{.+\}}\(\d+\)$")
            self.assertGreaterEqual(len(lines), 5)
            for line in lines:
                self.assertRegex(line, r"^ +[|`]-\{.+\}\(\d+\)$")
            tids = re.findall(r"\((\d+)\)$", result.stdout, re.M)
            self.assertEqual(len(tids), len(set(tids)))


support.main()
