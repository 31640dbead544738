"""What the benches share: measuring side by side, and saying it in Markdown and as plots.

A bench is tests/bench/NAME.py. It prints one section on stdout, from `## title` on, its progress on
stderr, and draws its plots beside itself; `skip(reason)` where it cannot run. tests/bench/results
finds it by its name. Standard library only; the programs come from tests/bench/*.c.
"""

import collections
import os
import shutil
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
BUILD = os.path.abspath(os.environ.get("BENCH_BUILD", os.path.join(os.path.dirname(TESTS), "build")))
PROCTOOL = os.path.join(BUILD, "proctool")
SKIPPED = 77


def tool(name):
    """A program of tests/bench."""
    return os.path.join(BUILD, "bench", name)


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def skip(reason):
    """Leaves the whole bench as not run."""
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def in_namespaces(*flags):
    """Runs this file again in PID and mount namespaces of its own (tests/ns); returns there only."""
    if os.environ.get("BENCH_INSIDE"):
        return
    os.environ["BENCH_INSIDE"] = "1"
    sys.stdout.flush()
    os.execv(f"{TESTS}/ns", [f"{TESTS}/ns", *flags, sys.executable, *sys.argv])


def present(commands):
    """Those of {name: argv} whose program is here; says which are not."""
    for name, argv in commands.items():
        if not shutil.which(argv[0]):
            say(f"not here, left out: {name}")
    return {name: argv for name, argv in commands.items() if shutil.which(argv[0])}


def version(argv):
    """The first line that a program says about itself, wherever it says it."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.partition("\n")[0].strip().rstrip(".")


# --- measuring ---

Run = collections.namedtuple("Run", "wall cpu peak")  # seconds, seconds, KiB
Summary = collections.namedtuple("Summary", "wall wall_median cpu cpu_median peak runs")


def measure(argv, statuses=(0,)):
    """One run of a command, its output thrown away, by a launcher too small to be seen in its peak."""
    line = subprocess.run([tool("measure"), *argv], stdout=subprocess.PIPE, check=True, text=True).stdout
    wall, cpu, peak, status = map(int, line.split())
    if status not in statuses:
        sys.exit(f"bench: {' '.join(argv)}: exit status {status}")
    return Run(wall / 1e6, cpu / 1e6, peak)


def summarize(runs):
    """Minima and medians; the highest peak."""
    return Summary(
        min(run.wall for run in runs),
        statistics.median(run.wall for run in runs),
        min(run.cpu for run in runs),
        statistics.median(run.cpu for run in runs),
        max(run.peak for run in runs),
        len(runs),
    )


def interleave(commands, rounds=7, patience=2.0):
    """{name: Summary} of {name: argv}. Each runs once before any runs again, so that all see the same
    machine; one that takes more than PATIENCE seconds runs three times only."""
    runs = {name: [] for name in commands}
    for number in range(rounds):
        for name, argv in commands.items():
            if number < 3 or min(run.wall for run in runs[name]) < patience:
                runs[name].append(measure(argv))
    return {name: summarize(of_one) for name, of_one in runs.items()}


# --- Markdown ---


def seconds(value):
    """Three digits of it, in s, ms or µs."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size or unit == "µs":
            amount = value / size
            return f"{amount:.{max(0, 2 - len(str(int(amount))) + 1)}f} {unit}"
    return None


def table(header, rows):
    """A table: the first column is text, the others are numbers."""
    print("\n| " + " | ".join(header) + " |")
    print("| --- |" + " ---: |" * (len(header) - 1))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print()


def goals(rows):
    """Rows (goal, measured, reached): True, False, or None where it could not be measured."""
    words = {True: "yes", False: "**no**", None: "-"}
    print("\n| goal | measured | reached |\n| --- | --- | --- |")
    for goal, measured, reached in rows:
        print(f"| {goal} | {measured} | {words[reached]} |")
    print()


# --- plots ---


def plot(name, title, xlabel, ylabel, series):
    """Draws tests/bench/NAME.svg of {label: [(x, y), ...]} by gnuplot, both axes logarithmic, and puts it
    into the section."""
    if not shutil.which("gnuplot"):
        say(f"no gnuplot: {name}.svg is not drawn")
        return
    blocks = "".join(
        f"$data{number} << END\n" + "".join(f"{x} {y}\n" for x, y in points) + "END\n"
        for number, points in enumerate(series.values())
    )
    lines = ", ".join(
        f"$data{number} with linespoints linewidth 2 pointtype 7 pointsize 0.5 title '{label}'"
        for number, label in enumerate(series)
    )
    script = f"""
        set terminal svg size 800,500 dynamic background '#ffffff' font 'sans,13'
        set output '{HERE}/{name}.svg'
        set title "{title}"
        set xlabel "{xlabel}"
        set ylabel "{ylabel}"
        set logscale xy
        set grid
        set key outside right
        {blocks}
        plot {lines}
    """
    script = "\n".join(line.strip() for line in script.splitlines())
    subprocess.run(["gnuplot"], input=script, check=True, text=True)
    print(f"\n![{title}]({name}.svg)\n")
