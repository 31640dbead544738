#!/usr/bin/python3
"""kill-graceful beside pkill, killall and a shell loop over pstree: the time until a tree has ended.

usage: tests/bench/kill.py [COUNT]...        (10 1000 5000)
"""

import select
import statistics
import subprocess
import sys
import time

import bench

COUNTS = [10, 1000, 5000]
ROUNDS = 5
PATIENCE = 20.0  # seconds for a tree to end; what is left then was missed
LOOP = "for pid in $(pstree -p {root} | grep -o '([0-9]*)' | tr -d '()'); do kill $pid; done 2>/dev/null"


def commands():
    """{name: (program it needs, argv with {root})}."""
    every = {
        "kill-graceful --tree": (bench.PROCTOOL, [bench.PROCTOOL, "kill-graceful", "--tree", "{root}"]),
        "kill-graceful --comm": (bench.PROCTOOL, [bench.PROCTOOL, "kill-graceful", "--comm", "bough"]),
        "kill-graceful --tree -9": (bench.PROCTOOL, [bench.PROCTOOL, "kill-graceful", "-q", "-9", "--tree", "{root}"]),
        "pkill": ("pkill", ["pkill", "-x", "bough"]),
        "killall": ("killall", ["killall", "bough"]),
        "killall -w": ("killall", ["killall", "-w", "bough"]),
        "loop over pstree -p": ("pstree", ["sh", "-c", LOOP]),
    }
    here = bench.present({name: [program] for name, (program, _) in every.items()})
    return {name: argv for name, (_, argv) in every.items() if name in here}


def end_one(argv, count):
    """Seconds from the command's start until no process of a new tree is left; None: some were."""
    with subprocess.Popen([bench.tool("grove"), str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as grove:
        root = grove.stdout.readline().strip()
        if not root:
            bench.skip(f"no room for {count} processes")
        begin = time.monotonic()
        subprocess.run([word.format(root=root) for word in argv], check=False, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ended = bool(select.select([grove.stdout], [], [], PATIENCE)[0])
        took = time.monotonic() - begin
        grove.stdin.close()
        grove.stdout.read()
        return took if ended else None


def compare(count):
    """{name: [seconds, None where some were left]}; each command once before any again."""
    results = {name: [] for name in commands()}
    for _ in range(ROUNDS):
        for name, argv in commands().items():
            results[name].append(end_one(argv, count))
    return results


def cell(times):
    ended = [one for one in times if one is not None]
    if not ended:
        return "never"
    text = f"{bench.seconds(min(ended))} ({bench.seconds(statistics.median(ended))})"
    return text if len(ended) == len(times) else f"{text}, {len(times) - len(ended)} of {len(times)} never"


def main():
    bench.in_namespaces()
    counts = [int(word) for word in sys.argv[1:]] or COUNTS
    print("## kill-graceful\n")
    print(f"Peers: {bench.version(['pkill', '--version'])}; {bench.version(['killall', '--version'])}.\n")
    print("From the command's start until no process of a tree, ten below each, is left; all of them end by\n"
          "SIGTERM. The minimum of five, the median beside it. The peers only send: what forks meanwhile they\n"
          "miss, and none but `killall -w` waits.")
    results = {}
    for count in counts:
        bench.say(f"trees of {count}")
        results[count] = compare(count)
    bench.table(["command", *(f"{count:,}" for count in counts)],
                [[f"`{name}`", *(cell(results[count][name]) for count in counts)] for name in commands()])


if __name__ == "__main__":
    main()
