#!/usr/bin/python3
"""Finding a session and starting a command in it, beside the bare reading of every process's environ.

usage: tests/bench/session.py [COUNT]        (2000 processes)
"""

import os
import shutil
import subprocess
import sys

import bench

os.environ.setdefault("PROCTOOL", bench.PROCTOOL)
os.environ.setdefault("HELPERS", os.path.join(bench.BUILD, "bench"))
sys.path.insert(0, os.path.join(bench.TESTS, "real"))
import desktop

ANNA, EVE = 1000, 1002
APPLET = f"{desktop.BIN}/with-gui-environment"
GOAL = 2  # bare readings, of wall time


def crowd(case, uid, count):
    """Sleeping processes of that user's, with an environment of two kilobytes."""
    child = case.start_as(uid, [bench.tool("sleepers"), str(count)], {"LANG": "de_DE.UTF-8", "FILLER": "x" * 2000},
                          ready=True, stdin=subprocess.PIPE)
    return int(child.line)


def session_file(case, count):
    """A session of logind's with a Wayland display, and many processes of somebody else's."""
    case.session("2", ANNA)
    case.wayland(ANNA)
    for _ in range(3):
        case.witness(ANNA, WAYLAND_DISPLAY="wayland-0")
    return crowd(case, EVE, count) + 3


def own_processes(case, count):
    """An X server that no session file explains; all processes are its user's."""
    case.listen("/tmp/.X11-unix/X5", ANNA)
    case.witness(ANNA, DISPLAY=":5")
    return crowd(case, ANNA, count) + 1


def strangers_processes(case, count):
    """The same, but most processes are somebody else's."""
    case.listen("/tmp/.X11-unix/X5", ANNA)
    case.witness(ANNA, DISPLAY=":5")
    return crowd(case, EVE, count) + 1


LAYOUTS = {
    "logind's file": session_file,
    "no logind, her processes": own_processes,
    "no logind, a stranger's": strangers_processes,
}


def environs():
    """How many files of that name are opened; None where strace is missing."""
    if not shutil.which("strace"):
        return None
    subprocess.run(["strace", "-f", "-qq", "-e", "trace=openat,open", "-o", "/tmp/trace", APPLET, "true"], check=True)
    with open("/tmp/trace", encoding="utf-8") as file:
        return sum('environ"' in line for line in file)


def measure(layout, count):
    """How many processes there were, how many environs were read, and {name: Summary}."""
    bench.say(f"{layout}: {count} processes")
    case = desktop.Case()
    case.setUp()
    try:
        there = LAYOUTS[layout](case, count)
        results = bench.interleave({
            "floor": [bench.tool("floor"), "environ"],
            "with-gui-environment true": [APPLET, "true"],
        }, rounds=9)
        return there, environs(), results
    finally:
        case.doCleanups()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    desktop.enter({"bench": os.path.join(bench.BUILD, "bench")})
    bench.BUILD = desktop.PLACE
    measured = {layout: measure(layout, count) for layout in LAYOUTS}
    print("## session\n")
    print("A command is started in a session, its user become, from nothing but `/proc` and sockets. The floor is"
          "\na bare open, read and close of every process's `environ`.")
    rows, goals = [], []
    for layout, (there, read, results) in measured.items():
        floor, ours = results["floor"], results["with-gui-environment true"]
        rows.append((layout, there, "-" if read is None else read, bench.seconds(floor.wall), bench.seconds(ours.wall),
                     f"{ours.wall / floor.wall:.2f}", bench.seconds(floor.cpu), bench.seconds(ours.cpu),
                     f"{ours.cpu / floor.cpu:.2f}", ours.peak))
        goals.append((f"{layout}: ≤ {GOAL} × the floor's wall time", f"{ours.wall / floor.wall:.2f} ×",
                      ours.wall <= GOAL * floor.wall))
    _, read, _ = measured["logind's file"]
    goals.append(("logind's file: no environ but that session's 3 processes'", "-" if read is None else str(read),
                  None if read is None else read <= 3))
    bench.goals(goals)
    bench.table(("", "processes", "environs read", "floor, wall", "ours, wall", "×", "floor, CPU", "ours, CPU", "×",
                 "peak KiB"), rows)


if os.geteuid() != 0:
    bench.skip("becoming users takes root")
main()
