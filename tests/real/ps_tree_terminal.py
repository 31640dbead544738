# timeout: 120
"""ps-tree on a terminal: width, colours, pictures drawn again and again; and what it shows of itself."""

import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest

import support

support.in_namespaces()

CLEAR = b"\x1b[H\x1b[J"
BOLD = b"\x1b[1m"
DEADLINE = 60.0


class Terminal:
    """A pseudo-terminal of this size, and what was written to it."""

    def __init__(self, rows, columns):
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.seen = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, holds, what):
        """Reads on until that holds of all that was seen."""
        end = time.monotonic() + DEADLINE
        while not holds(self.seen):
            if not support.is_readable(self.master, max(0.0, end - time.monotonic())):
                raise AssertionError(f"not seen: {what}; only {self.seen!r}")
            with contextlib.suppress(OSError):
                self.seen += os.read(self.master, 65536)

    def pictures(self):
        return self.seen.count(CLEAR)

    def close(self):
        os.close(self.master)
        os.close(self.slave)


class TestTerminal(support.Case):
    def terminal(self, rows=24, columns=80):
        terminal = Terminal(rows, columns)
        self.addCleanup(terminal.close)
        return terminal

    def environment(self, **variables):
        kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "TERM")}
        return {**kept, **variables}

    def drawn(self, terminal, *arguments, **variables):
        """What one run draws there: its lines."""
        subprocess.run(
            [support.PROCTOOL, "ps-tree", *map(str, arguments)],
            stdout=terminal.slave,
            stdin=subprocess.DEVNULL,
            env=self.environment(**variables),
            check=True,
            timeout=DEADLINE,
        )
        os.write(terminal.slave, b"<end>")
        terminal.until(lambda seen: seen.endswith(b"<end>"), "the end")
        seen, terminal.seen = terminal.seen.removesuffix(b"<end>"), b""
        return seen.replace(b"\r\n", b"\n")

    def test_width(self):
        """The terminal's width cuts, COLUMNS before it, -l nothing."""
        argument = "x" * 200
        child = self.start(["sh", "-c", "echo ready; read line; : $0", argument], stdin=subprocess.PIPE)
        terminal = self.terminal(24, 50)
        line = self.drawn(terminal, "-A", "-a", child.pid).rstrip(b"\n")
        self.assertEqual(len(line), 50)
        self.assertTrue(line.endswith(b"x+"), line)
        line = self.drawn(terminal, "-A", "-a", child.pid, COLUMNS="70").rstrip(b"\n")
        self.assertEqual(len(line), 70)
        for columns in ("0", "x", "", "70000"):
            line = self.drawn(terminal, "-A", "-a", child.pid, COLUMNS=columns).rstrip(b"\n")
            self.assertEqual(len(line), 50, columns)
        line = self.drawn(terminal, "-A", "-a", "-l", child.pid).rstrip(b"\n")
        self.assertTrue(line.endswith(argument.encode()), line)

    def test_pipe(self):
        """On a pipe nothing is cut, COLUMNS exported or not, and nothing coloured."""
        child = self.start(["sh", "-c", "echo ready; read line; : $0", "y" * 300], stdin=subprocess.PIPE)
        result = self.proctool("ps-tree", "-a", "-H", child.pid, child.pid, env=self.environment(COLUMNS="40"))
        self.assertIn("y" * 300, result.stdout)
        self.assertNotIn("\x1b", result.stdout)

    def test_colour(self):
        """On a terminal, unless NO_COLOR or --color=never says no; TERM is nobody's business."""
        me = os.getpid()
        terminal = self.terminal()
        for variables, options, wanted in (
            ({}, (), True),
            ({"TERM": "dumb"}, (), True),
            ({"NO_COLOR": "1"}, (), False),
            ({"NO_COLOR": ""}, (), True),
            ({"NO_COLOR": "1"}, ("--color=always",), True),
            ({}, ("-C", "never"), False),
        ):
            seen = self.drawn(terminal, "-H", me, *options, me, **variables)
            self.assertEqual(BOLD in seen, wanted, (variables, options, seen))
        self.assertIn(b"\x1b[32m", self.drawn(terminal, "-C", "age", me))

    def test_watch(self):
        """Drawn anew each time; what is new is bold, once; an interrupt ends it with 0."""
        terminal = self.terminal()
        me = os.getpid()
        watch = self.start(
            [support.PROCTOOL, "ps-tree", "--watch=100ms", "-p", str(me)],
            ready=False,
            stdout=terminal.slave,
            env=self.environment(),
        )
        terminal.until(lambda seen: seen.count(CLEAR) >= 2, "a second picture")
        self.assertNotIn(BOLD, terminal.seen)
        sleeper = self.start(["sh", "-c", "echo ready; exec sleep 1234"])
        new = BOLD + f"sleep({sleeper.pid})".encode()
        other = BOLD + f"sh({sleeper.pid})".encode()
        terminal.until(lambda seen: new in seen or other in seen, "the new one")
        count = terminal.pictures()
        plain = f"─sleep({sleeper.pid})".encode()
        terminal.until(lambda seen: plain in seen and seen.count(CLEAR) > count, "it is new no more")
        watch.kill(signal.SIGINT)
        self.assertEqual(watch.wait(DEADLINE), 0)

    def test_window(self):
        """As much as the window has rows for, and drawn at once when its size changes."""
        terminal = self.terminal(5, 80)
        sleepers = [self.start(["sh", "-c", "echo ready; read line"], stdin=subprocess.PIPE) for _ in range(12)]
        watch = self.start(
            [support.PROCTOOL, "ps-tree", "--watch=1h", "-p", "-A", str(os.getpid())],
            ready=False,
            stdout=terminal.slave,
            env=self.environment(),
        )
        pids = [f"({child.pid})".encode() for child in sleepers]
        terminal.until(lambda seen: pids[1] in seen, "the first rows")
        self.assertLessEqual(terminal.seen.count(b"\n"), 4)
        self.assertNotIn(pids[11], terminal.seen)
        terminal.resize(40, 80)
        watch.kill(signal.SIGWINCH)
        terminal.until(lambda seen: pids[11] in seen, "all rows")
        watch.kill(signal.SIGTERM)
        self.assertEqual(watch.wait(DEADLINE), 0)

    def test_full(self):
        """A picture that cannot be written ends it, and says why."""
        with open("/dev/full", "wb") as full:
            result = self.proctool("ps-tree", "--watch=100ms", stdout=full, deadline=DEADLINE)
        self.assertEqual(result.returncode, 3)
        self.assertEqual(result.stderr, "ps-tree: standard output: No space left on device\n")

    def test_reader_gone(self):
        """Nor is it worth a line that nobody reads any more."""
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as file:
            result = self.proctool("ps-tree", "--watch=100ms", stdout=file, deadline=DEADLINE)
        self.assertIn(result.returncode, (3, -signal.SIGPIPE))
        self.assertEqual(result.stderr, "")


class TestItself(support.Case):
    def test_threads(self):
        """The threads that read for it are nothing that it sees."""
        tree = self.proctool("ps-tree", "-a").stdout
        self.assertIn("ps-tree", tree)
        self.assertNotIn("{", tree)
        lines = self.proctool("ps-tree", "--jsonl", "-o", "comm,argv,environ,threads").stdout.splitlines()
        own = [record for record in map(json.loads, lines) if "--jsonl" in (record["argv"] or [])]
        self.assertEqual([record["threads"] for record in own], [1])
        self.assertTrue(own[0]["environ"])

    def test_many(self):
        """Nor where so many are read that several threads do it."""
        crowd = [support.Child(["sleep", "1234"], ready=False) for _ in range(600)]
        for child in crowd:
            self.addCleanup(child.close)
        tree = self.proctool("ps-tree", deadline=DEADLINE).stdout
        self.assertIn("600*[sleep]", tree)
        self.assertNotIn("{", tree)


support.main()
