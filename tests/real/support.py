"""What tests of real processes share: standard library only, Python 3.9 and later.

A test file is a unittest module that ends with `support.main()`. Everything it starts is ended through
pidfds, never by name; nothing waits without a deadline.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
import unittest

PROCTOOL = os.environ.get("PROCTOOL", "")
HELPERS = os.environ.get("HELPERS", "")
KERNEL = os.environ.get("KERNEL", "")  # what the binary runs on, where that is pretended (entries old.X)
TESTS = os.environ.get("TESTS", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEADLINE = 20.0  # seconds for anything that takes milliseconds on an idle machine
SKIPPED = 77


def skip(reason):
    """Leaves the test, or the whole file when called outside one, as not run."""
    raise unittest.SkipTest(reason)


def is_sanitized():
    """Whether the binary has sanitizers, whose start alone costs memory and time."""
    with open(PROCTOOL, "rb") as file:
        return b"__asan_init" in file.read()


def needs_speed():
    """Leaves the whole file as not run where the lines that run are counted, which takes several times as long."""
    if "COUNTED" in os.environ:
        print("skipped: too slow while lines are counted")
        sys.exit(SKIPPED)


def in_namespaces(network=False, orphans=False):
    """Runs this file again in PID and mount namespaces of its own, as their root with their /proc.

    To be called before anything else; returns there only. `orphans`: PID 1 keeps up with any number.
    """
    ours = os.readlink("/proc/self/ns/pid")
    outer = os.environ.get("PROCTOOL_IN_NAMESPACES")
    if outer:
        if outer == ours:
            sys.exit("PROCTOOL_IN_NAMESPACES is set, and these are the namespaces outside")
        return
    os.environ["PROCTOOL_IN_NAMESPACES"] = ours
    flags = ["-n"] * network + ["-i"] * orphans
    sys.stdout.flush()
    os.execv(f"{TESTS}/ns", [f"{TESTS}/ns", *flags, sys.executable, *sys.argv])


def overlay(directory):
    """In namespaces of our own, with a /run of our own: what is written to a system directory goes nowhere."""
    parts = {part: f"/run/over{directory}/{part}" for part in ("upper", "work")}
    for part in parts.values():
        os.makedirs(part)
    options = f"lowerdir={directory},upperdir={parts['upper']},workdir={parts['work']}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, directory], check=True)


def until(holds, what, deadline=DEADLINE):
    """Waits for what the kernel has no event for (a state, a count): the value that is true at last."""
    end = time.monotonic() + deadline
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline} s: {what}")
        select.select([], [], [], 0.002)


def is_readable(fd, deadline=DEADLINE):
    """Whether there is something to read, or a pidfd's process has ended, before the deadline."""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(deadline * 1000))


def read_line(fd, deadline=DEADLINE):
    """One line from a pipe, without its newline; what is there at the end of the file."""
    end = time.monotonic() + deadline
    line = b""
    while not line.endswith(b"\n"):
        if not is_readable(fd, max(0.0, end - time.monotonic())):
            raise AssertionError(f"no line within {deadline} s, only {line!r}")
        byte = os.read(fd, 1)
        if not byte:
            break
        line += byte
    return line.rstrip(b"\n").decode()


def stat(pid):
    """The fields of /proc/PID/stat as proc(5) numbers them, from 1; None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            line = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    begin, end = line.index(b"("), line.rindex(b")")
    return [None, line[: begin - 1], line[begin + 1 : end], *line[end + 2 :].split()]


def state(pid):
    """The letter of a process's state, "" when it is gone."""
    fields = stat(pid)
    return fields[3].decode() if fields else ""


def comm(pid):
    """A process's name, "" when it is gone."""
    fields = stat(pid)
    return fields[2].decode(errors="replace") if fields else ""


class Process:
    """Any process, held by its pidfd."""

    def __init__(self, pid):
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)

    def has_ended(self, deadline=DEADLINE):
        """Whether it ends (a zombie has) before the deadline."""
        return is_readable(self.pidfd, deadline)

    def is_alive(self):
        return not self.has_ended(0)

    def kill(self, number=signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, number)

    def close(self):
        """Ends it, whatever it does, and lets go."""
        self.kill(signal.SIGKILL)
        self.kill(signal.SIGCONT)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        os.close(self.pidfd)


class Child(Process):
    """A command of ours. Where it is to say that it is ready, `line` is the first line it wrote."""

    def __init__(self, argv, ready=True, **options):
        if ready:
            options.setdefault("stdout", subprocess.PIPE)
        self.popen = subprocess.Popen(argv, **options)
        super().__init__(self.popen.pid)
        self.line = read_line(self.popen.stdout.fileno()) if ready else None

    def wait(self, deadline=DEADLINE):
        """The exit status, as subprocess has it: -N for signal N."""
        return self.popen.wait(deadline)

    def close(self):
        self.kill(signal.SIGKILL)
        self.popen.wait(DEADLINE)
        for file in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if file:
                file.close()
        os.close(self.pidfd)


class Case(unittest.TestCase):
    """A test that ends what it started."""

    def start(self, argv, ready=True, **options):
        child = Child(argv, ready, **options)
        self.addCleanup(child.close)
        return child

    def helper(self, name, *arguments, ready=True, **options):
        """One of tests/helpers."""
        return self.start([f"{HELPERS}/{name}", *map(str, arguments)], ready, **options)

    def hold(self, pid):
        """Takes another process (a grandchild) into our care."""
        process = Process(pid)
        self.addCleanup(process.close)
        return process

    def proctool(self, *arguments, deadline=DEADLINE, before=(), **options):
        """Runs an applet to its end. `before` are words in front: a helper such as refuse."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("text", True)
        argv = [*before, PROCTOOL, *map(str, arguments)]
        return subprocess.run(argv, timeout=deadline, check=False, **options)

    def refused(self, error, *calls):
        """For `before`: these system calls fail with that error."""
        return [f"{HELPERS}/refuse", error, ",".join(calls), "--"]


def as_user(uid):
    """For `before`: words that run a command as this user, and as nobody else."""
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]


def main():
    """Runs the file's tests. 77 when each was skipped, with the reasons."""
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    for test, reason in program.result.skipped:
        print(f"skipped: {test.id().removeprefix('__main__.')}: {reason}")
    if not program.result.wasSuccessful():
        sys.exit(1)
    ran = program.result.testsRun - len(program.result.skipped)
    sys.exit(0 if ran > 0 else SKIPPED)
