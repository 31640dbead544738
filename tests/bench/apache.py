#!/usr/bin/python3
"""apache-mem beside the bare cost of what it must read, and beside Python that reads smaps.

usage: tests/bench/apache.py [WORKERS]          (500)
"""

import os
import shutil
import subprocess
import sys
import tempfile

import bench

WORKERS = 500

# As ps_mem has it: by name, from smaps of every process; what its lines say is taken apart in the same
# way. (Newer ones read smaps_rollup where there is one.)
PS_MEM = r"""
import os
sums = {}
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        name = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
        with open(f"/proc/{pid}/cmdline") as file:
            file.read().split("\0")
        with open(f"/proc/{pid}/statm") as file:
            rss = int(file.readline().split()[1])
        with open(f"/proc/{pid}/smaps") as file:
            lines = file.readlines()
    except OSError:
        continue
    shared, private, pss, swap = [], [], [], []
    seen = hash("".join(lines))
    for line in lines:
        if line.startswith("Shared"):
            shared.append(line)
        elif line.startswith("Private"):
            private.append(line)
        elif line.startswith("Pss:"):
            pss.append(line)
        elif line.startswith("SwapPss:"):
            swap.append(line)
    total = sums.setdefault(name, [0, 0, 0])
    total[0] += sum(int(line.split()[1]) for line in private)
    total[1] += sum(int(line.split()[1]) for line in pss)
    total[2] += sum(int(line.split()[1]) for line in swap)
for name, figures in sorted(sums.items(), key=lambda item: item[1]):
    print(*figures, name)
"""


def programs():
    return {
        "floor": [bench.tool("floor"), "smaps_rollup"],
        "apache-mem": [bench.PROCTOOL, "apache-mem"],
        "apache-mem --measure rss": [bench.PROCTOOL, "apache-mem", "--measure", "rss"],
        "apache-mem --capacity": [bench.PROCTOOL, "apache-mem", "--capacity"],
        "apache-mem --prometheus": [bench.PROCTOOL, "apache-mem", "--prometheus"],
        "Python, smaps": ["/usr/bin/python3", "-c", PS_MEM],
    }


def smaps_opened(argv):
    """How many files of that name it opens, by strace; None where there is none."""
    if not shutil.which("strace"):
        return None
    log = subprocess.run(["strace", "-f", "-e", "trace=open,openat", "-o", "/dev/stderr", *argv],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True).stderr
    return log.count("smaps")


def write_goals(results):
    own, floor, python = (results[name] for name in ("apache-mem", "floor", "Python, smaps"))
    opened = smaps_opened(programs()["apache-mem --measure rss"])
    bench.goals([
        ("CPU: ≤ 1.2 × floor", f"{own.cpu / floor.cpu:.2f} ×", own.cpu <= 1.2 * floor.cpu),
        ("wall: ≤ 1.2 × floor", f"{own.wall / floor.wall:.2f} ×", own.wall <= 1.2 * floor.wall),
        ("Python that reads smaps: ≥ 20 × our wall time", f"{python.wall / own.wall:.1f} ×",
         python.wall >= 20 * own.wall),
        ("`--measure rss`: no smaps are opened", "not measured" if opened is None else opened,
         None if opened is None else opened == 0),
    ])


def write_table(results):
    own, floor = results["apache-mem"], results["floor"]
    bench.table(
        ("", "wall", "median", "× apache-mem", "CPU", "median", "× floor", "peak KiB", "runs"),
        [(name if name[0].isupper() else f"`{name}`", bench.seconds(result.wall), bench.seconds(result.wall_median),
          f"{result.wall / own.wall:.2f}", bench.seconds(result.cpu), bench.seconds(result.cpu_median),
          f"{result.cpu / floor.cpu:.2f}", result.peak, result.runs) for name, result in results.items()])


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else WORKERS
    bench.in_namespaces("-n")
    with tempfile.TemporaryDirectory() as directory:
        server = shutil.copy(bench.tool("workers"), f"{directory}/apache2")
        argv = [server, str(count)]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as master:
            there = int(master.stdout.readline())
            results = bench.interleave(programs(), rounds=int(os.environ.get("BENCH_ROUNDS", "11")))
            print(f"## apache-mem\n\n{there} workers of a stand-in (`tests/bench/workers.c`: 20 MiB shared in 200"
                  " mappings, 2 MiB of each one's own). `floor` reads smaps_rollup of every process, by one thread"
                  " and without parsing.")
            ratio = results["Python, smaps"].cpu / results["floor"].cpu
            print(f"\nThat floor, by one thread, takes {ratio:.1f} times less CPU time than the Python beside it: more can"
                  " only come from more CPUs.")
            write_goals(results)
            write_table(results)


main()
