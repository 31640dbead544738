#!/usr/bin/python3
"""ps-tree beside pstree, ps, busybox ps and psutil, on many sleeping processes.

usage: tests/bench/ps_tree.py [COUNT]...        (1000 3000 10000 50000, as far as the host allows)
"""

import os
import resource
import subprocess
import sys

import bench

COUNTS = [1000, 3000, 10000, 50000]
PSUTIL = "import psutil\nfor p in psutil.process_iter(['pid', 'ppid', 'name']): p.info"

# Wall time against ours that a peer must take at the least, at that many processes and more.
AHEAD = {10000: {"pstree": 8, "ps axf": 5}, 50000: {"pstree": 20, "ps axf": 25}}
PEAK_BASE, PEAK_EACH = 2 << 20, 400  # bytes
PROCESSES, THREADS = 300, 25  # of a desktop


def tasks():
    """How many processes and threads the host has."""
    with open("/proc/loadavg", encoding="ascii") as file:
        return int(file.read().split()[3].partition("/")[2])


def number(path):
    with open(path, encoding="ascii") as file:
        return int(file.read())


def room():
    """How many more the host allows, some left for others. To be asked outside of our own namespace:
    since Linux 6.14 that has a kernel.pid_max of its own, and the one outside binds all the same."""
    most = [number("/proc/sys/kernel/pid_max"), number("/proc/sys/kernel/threads-max")]
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    if os.geteuid() != 0 and processes != resource.RLIM_INFINITY:
        most.append(processes)
    return min(most) - tasks() - 1500


def fitting(counts):
    """The sizes there is room for; the largest there is in place of those there is not."""
    most = int(os.environ["BENCH_ROOM"]) // 1000 * 1000
    fit = [count for count in counts if count <= most]
    return fit if len(fit) == len(counts) or most in fit or most <= 0 else [*fit, most]


def programs():
    return bench.present(
        {
            "floor": [bench.tool("floor")],
            "ps-tree": [bench.PROCTOOL, "ps-tree"],
            "ps-tree --list": [bench.PROCTOOL, "ps-tree", "--list"],
            "ps-tree --jsonl": [bench.PROCTOOL, "ps-tree", "--jsonl"],
            "pstree": ["pstree"],
            "ps axf": ["ps", "axf"],
            "ps -e -o pid,ppid,comm": ["ps", "-e", "-o", "pid,ppid,comm"],
            "busybox ps": ["busybox", "ps"],
            "python3-psutil": ["/usr/bin/python3", "-c", PSUTIL],
        }
    )


def desktop_programs():
    return bench.present(
        {
            "floor": [bench.tool("floor")],
            "ps-tree": [bench.PROCTOOL, "ps-tree"],
            "pstree": ["pstree"],
            "ps axf": ["ps", "axf"],
            "floor, threads": [bench.tool("floor"), "--threads"],
            "ps-tree -t": [bench.PROCTOOL, "ps-tree", "-t"],
            "pstree -t": ["pstree", "-t"],
            "ps -eLo pid,tid,comm": ["ps", "-eLo", "pid,tid,comm"],
        }
    )


def on_sleepers(count, threads, commands):
    """How many processes there really were, and {name: Summary}."""
    bench.say(f"{count} processes")
    argv = [bench.tool("sleepers"), str(count), str(threads)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sleepers:
        there = int(sleepers.stdout.readline())
        return there, bench.interleave(commands)


def write_table(results, pairs):
    """Beside each command how much longer it takes than ours, and its CPU time in floors; `pairs` has
    for each the names of these two."""
    rows = []
    for name, result in results.items():
        own, floor = (results[other] for other in pairs(name))
        rows.append(
            (
                f"`{name}`",
                bench.seconds(result.wall),
                bench.seconds(result.wall_median),
                f"{result.wall / own.wall:.1f}",
                bench.seconds(result.cpu),
                bench.seconds(result.cpu_median),
                f"{result.cpu / floor.cpu:.2f}",
                result.peak,
                result.runs,
            )
        )
    bench.table(
        ("", "wall", "median", "× ps-tree", "CPU", "median", "× floor", "peak KiB", "runs"), rows
    )


def write_size(count, results):
    print(f"### {count:,} processes")
    write_table(results, lambda _: ("ps-tree", "floor"))


def write_desktop():
    there, results = on_sleepers(PROCESSES, THREADS, desktop_programs())
    print(f"### A desktop: {there} processes with {THREADS} threads each")
    print("\nWithout `-t` ps-tree takes the number of threads from `stat`; pstree lists every `task`.")
    threaded = {"floor, threads", "ps-tree -t", "pstree -t", "ps -eLo pid,tid,comm"}
    write_table(
        results,
        lambda name: ("ps-tree -t", "floor, threads") if name in threaded else ("ps-tree", "floor"),
    )


# --- goals ---


def cpu_goals(sizes):
    for count, results in sizes.items():
        ratio = results["ps-tree"].cpu / results["floor"].cpu
        yield f"CPU at {count:,}: ≤ 1.25 × floor", f"{ratio:.2f} ×", ratio <= 1.25


def peer_goals(sizes):
    for count, goals in AHEAD.items():
        for peer, wanted in goals.items():
            goal = f"`{peer}` at {count:,}: ≥ {wanted} × our wall time"
            results = sizes.get(count)
            if results is None or peer not in results:
                yield goal, "not measured", None
                continue
            ratio = results[peer].wall / results["ps-tree"].wall
            yield goal, f"{ratio:.1f} ×", ratio >= wanted


def memory_goals(sizes):
    """Where libc is no longer most of it."""
    for count, results in sizes.items():
        if count < 10000:
            continue
        each = (results["ps-tree"].peak * 1024 - PEAK_BASE) / count
        yield f"peak at {count:,}: ≤ 2 MiB + {PEAK_EACH} bytes a process", f"{each:.0f}", each <= PEAK_EACH


def growth_goals(sizes):
    small, large = min(sizes), max(sizes)
    growth = {
        name: sizes[large][name].cpu / large / (sizes[small][name].cpu / small)
        for name in ("ps-tree", "floor")
    }
    yield (
        f"CPU a process at {large:,}: ≤ 1.15 × that at {small:,}",
        f"{growth['ps-tree']:.2f} × (the floor: {growth['floor']:.2f} ×)",
        growth["ps-tree"] <= 1.15,
    )


def write_goals(sizes):
    bench.goals(
        [*cpu_goals(sizes), *peer_goals(sizes), *memory_goals(sizes), *growth_goals(sizes)]
    )


# --- the section ---


def write_plots(sizes):
    names = list(next(iter(sizes.values())))
    wall = {name: [(count, of[name].wall) for count, of in sizes.items()] for name in names}
    each = {
        name: [(count, of[name].cpu / count * 1e6) for count, of in sizes.items()] for name in names
    }
    bench.plot("ps_tree_wall", "Time against number of processes", "processes", "wall time, s", wall)
    bench.plot("ps_tree_each", "Cost of one process", "processes", "CPU time, µs per process", each)


def write_peers():
    versions = (
        bench.version(["pstree", "-V"]),
        bench.version(["ps", "-V"]),
        bench.version(["busybox"]),
        "psutil " + bench.version(["/usr/bin/python3", "-c", "import psutil; print(psutil.__version__)"]),
    )
    print("## ps-tree\n\nPeers: " + "; ".join(versions) + ".\n")


def write_room(counts):
    if max(counts) in fitting(counts):
        return
    print(
        f"Here kernel.pid_max is {os.environ['BENCH_PID_MAX']}, so that {max(counts):,} processes have no"
        " room; as root `./bootstrap bench --raise-pid-max` makes it for as long as it runs.\n"
    )


def main():
    counts = sorted(map(int, sys.argv[1:])) or COUNTS
    os.environ.setdefault("BENCH_ROOM", str(room()))
    os.environ.setdefault("BENCH_PID_MAX", str(number("/proc/sys/kernel/pid_max")))
    bench.in_namespaces()
    write_peers()
    write_room(counts)
    sizes = dict(on_sleepers(count, 1, programs()) for count in fitting(counts))
    write_goals(sizes)
    write_plots(sizes)
    for count, results in sizes.items():
        write_size(count, results)
    write_desktop()


main()
