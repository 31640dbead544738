#!/usr/bin/python3
"""How soon cron-graceful suspends Debian cron and stops it among many processes, and what waiting costs.

usage: tests/bench/cron.py [COUNT]        (10000)

Times are those of system calls as strace's filter sees them, which costs the few that it looks at.
"""

import contextlib
import os
import re
import select
import shutil
import statistics
import subprocess
import sys
import time

import bench

CRON = "/usr/sbin/cron"
COUNT = 10000
ROUNDS = 5
WAIT = 60  # seconds
GO = "/run/go"


def mount(directory):
    os.makedirs(directory, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", directory], check=True)


def until(holds, patience=60.0):
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            sys.exit("bench: cron: nothing happens")
        time.sleep(0.005)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


@contextlib.contextmanager
def sleepers(count):
    """That many processes around."""
    with subprocess.Popen([bench.tool("sleepers"), str(count), "1"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        there = int(process.stdout.readline())
        bench.say(f"{there} processes")
        yield there
        process.stdin.close()


@contextlib.contextmanager
def cron():
    """Debian cron with one job that runs for more than a second already; its pid and the job's."""
    for path in ("/run/crond.reboot", "/run/crond.pid", GO):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    with open("/etc/cron.d/bench", "w", encoding="ascii") as file:
        file.write(f"@reboot root until [ -e {GO} ]; do sleep 0.05; done\n")
    with subprocess.Popen([CRON, "-f"], stderr=subprocess.DEVNULL) as daemon:
        until(lambda: children(daemon.pid) and children(children(daemon.pid)[0]))
        job, = children(daemon.pid)
        time.sleep(1.1)
        # Where cron may be launching it is let go and suspended once more: that is not measured.
        until(lambda: 4 < time.time() % 60 < 50, 90)
        yield daemon, job
        with open(GO, "w", encoding="ascii"):
            pass
        daemon.kill()


def moments(trace):
    """[(seconds since the epoch, the call)] of a trace."""
    with open(trace, encoding="utf-8", errors="replace") as file:
        return [(float(found.group(1)), found.group(2))
                for found in re.finditer(r"^\d+ +(\d+\.\d+) (.*)$", file.read(), re.M)]


def measure_once():
    """Seconds from the first deed to the found daemon to its suspension, and from the end of the last job to TERM."""
    trace = "/run/trace"
    with cron() as (daemon, job):
        ours = subprocess.Popen(
            ["strace", "-f", "--seccomp-bpf", "-qq", "-ttt", "-s", "200", "-o", trace,
             "-e", "trace=pidfd_open,pidfd_send_signal,write,writev", bench.PROCTOOL, "cron-graceful"],
            stderr=subprocess.PIPE, text=True)
        while "job " not in ours.stderr.readline():
            pass
        end = os.pidfd_open(job)
        with open(GO, "w", encoding="ascii"):
            pass
        select.select([end], [], [])
        ended = time.time()
        os.close(end)
        if ours.wait(60) != 0:
            sys.exit("bench: cron: cron-graceful failed")
        ours.stderr.close()
    calls = moments(trace)
    found = next(at for at, call in calls if call.startswith(f"pidfd_open({daemon.pid},"))
    held = next(at for at, call in calls if "is suspended by ptrace" in call)
    term = next(at for at, call in calls if "SIGTERM" in call)
    return held - found, max(0.0, term - ended)


def fields(pid):
    """Those of /proc/PID/stat from the state on."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()


def state(pid):
    return fields(pid)[0]


def ticks(pid):
    return int(fields(pid)[11]) + int(fields(pid)[12])


def measure_wait():
    """Clock ticks that a run uses in WAIT seconds of waiting."""
    with cron():
        ours = subprocess.Popen([bench.PROCTOOL, "cron-graceful"], stderr=subprocess.PIPE, text=True)
        while "job " not in ours.stderr.readline():
            pass
        until(lambda: state(ours.pid) == "S")
        time.sleep(1)
        before = ticks(ours.pid)
        time.sleep(WAIT)
        used = ticks(ours.pid) - before
        with open(GO, "w", encoding="ascii"):
            pass
        ours.wait(60)
        ours.stderr.close()
    return used


def spread(values):
    return (f"{bench.seconds(min(values))} – {bench.seconds(max(values))}, "
            f"median {bench.seconds(statistics.median(values))}")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    for program in (CRON, "strace"):
        if not shutil.which(program):
            bench.skip(f"no {program}")
    bench.in_namespaces()
    for directory in ("/run", "/etc/cron.d"):
        mount(directory)
    load = os.getloadavg()[0]
    with sleepers(count) as there:
        runs = [measure_once() for _ in range(ROUNDS)]
        used = measure_wait()
    held, term = zip(*runs)
    print("## cron-graceful\n")
    print(f"Debian cron with one job, {there:,} processes around, {ROUNDS} runs, load before {load:.1f}.\n")
    bench.goals([
        ("suspended ≤ 20 ms after the daemon was found", spread(held), max(held) <= 0.020),
        ("TERM ≤ 10 ms after the last job ended", spread(term), max(term) <= 0.010),
        (f"no CPU while waiting {WAIT} s", f"{used} ticks", used == 0),
    ])


main()
