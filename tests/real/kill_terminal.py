# labels: kill
# timeout: 180
"""kill-graceful on a terminal whose shell is an interactive bash: run mode, and ending foreground jobs."""

import contextlib
import os
import pty
import shutil
import signal
import tempfile
import termios
import time

import support

support.in_namespaces()

PROMPT = b"prompt-of-ours> "
# Where a process that waits for its terminal sleeps; a kernel may keep that to itself.
WAITS_FOR_INPUT = ("wait_woken", "n_tty_read", "do_select", "do_sys_poll", "poll_schedule_timeout", "ep_poll", "0", "")


class Terminal(support.Case):
    """A bash on a terminal of its own."""

    def setUp(self):
        if not shutil.which("bash"):
            support.skip("no bash")
        pid, self.master = pty.fork()
        if pid == 0:
            os.environ.update(PS1=PROMPT.decode(), TERM="xterm", PATH=f"{support.TESTS}:{os.environ['PATH']}")
            os.environ.pop("PROMPT_COMMAND", None)
            os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
        self.shell = self.hold(pid)
        self.addCleanup(os.close, self.master)
        self.seen = b""
        self.until(PROMPT)
        self.attributes = termios.tcgetattr(self.master)

    def until(self, text):
        """Reads on until that is seen, and takes it and all before it away."""
        end = time.monotonic() + support.DEADLINE
        while text not in self.seen:
            if not support.is_readable(self.master, max(0.0, end - time.monotonic())):
                raise AssertionError(f"not seen: {text!r}; only {self.seen!r}")
            with contextlib.suppress(OSError):
                self.seen += os.read(self.master, 65536)
        before, _, self.seen = self.seen.partition(text)
        return before

    def drain(self):
        """Reads what is there, so that nobody waits for us."""
        while support.is_readable(self.master, 0):
            self.seen += os.read(self.master, 65536)

    def type(self, text):
        os.write(self.master, text.encode())

    def kill(self, text):
        """A command line of kill-graceful."""
        self.type(f"{support.PROCTOOL} kill-graceful {text}\n")
        self.until(b"\n")  # the echo

    def status(self):
        self.until(PROMPT)
        self.type("echo sta\"\"tus $?.\n")  # the echo of which is not what we wait for
        self.until(b"status ")
        return int(self.until(b"."))

    def children(self, pid):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]

    def child(self, pid, name=None):
        """The only child of a process, once it has this name."""

        def found():
            self.drain()
            children = self.children(pid)
            return children[0] if len(children) == 1 and name in (None, support.comm(children[0])) else None

        return support.until(found, f"one child {name}")

    def has_state(self, pid, letters):
        def holds():
            self.drain()
            return support.state(pid) in letters

        support.until(holds, f"{pid} in state {letters}")

    def ready(self, pid, raw=True):
        """It has made the terminal raw, if it is to, and sleeps until a key comes."""

        def waits():
            self.drain()
            lines = bool(termios.tcgetattr(self.master)[3] & termios.ICANON)
            with open(f"/proc/{pid}/wchan", encoding="ascii") as file:
                return lines != raw and support.state(pid) == "S" and file.read().startswith(WAITS_FOR_INPUT)

        support.until(waits, "program waits for a key")

    def foreground(self):
        return os.tcgetpgrp(self.master)


class RunMode(Terminal):
    def begin(self, command, name):
        """The pids of kill-graceful and of its COMMAND, which has been executed."""
        self.kill(f"--run {command}")
        us = self.child(self.shell.pid)
        return us, self.child(us, name)

    def test_interrupt(self):
        """Ctrl-C is COMMAND's affair; we end as it does, so that a loop of the shell stops too."""
        self.type(f"while :; do {support.PROCTOOL} kill-graceful --run sleep 1000; done\n")
        self.child(self.child(self.shell.pid), "sleep")
        self.type("\x03")
        self.assertEqual(self.status(), 128 + signal.SIGINT)

    def test_interrupt_that_is_handled(self):
        _, command = self.begin("sh -c 'trap \"echo hand\"led INT; echo beg\"\"un; read line; read line; exit 3'", "sh")
        self.until(b"begun")
        self.ready(command, raw=False)  # a signal just before read(2) would be seen after it only
        self.type("\x03")
        self.until(b"handled")
        self.type("\n\n")
        self.assertEqual(self.status(), 3)

    def test_stop_and_go_on(self):
        us, command = self.begin("sleep 1000", "sleep")
        for _ in range(3):
            self.type("\x1a")
            self.until(b"Stopped")
            self.until(PROMPT)
            self.has_state(us, "T")
            self.has_state(command, "T")
            self.type("fg\n")
            self.has_state(us, "S")
            self.has_state(command, "S")
        self.type("\x1a")
        self.until(PROMPT)
        self.type("bg\n")
        self.until(PROMPT)
        self.has_state(us, "S")
        self.has_state(command, "S")
        self.type("kill %1; wait %1\n")
        self.assertEqual(self.status(), 128 + signal.SIGTERM)

    def test_reading(self):
        self.kill("--run cat")
        self.type("a line\n")
        self.until(b"a line\r\na line\r\n")
        self.type("\x04")
        self.assertEqual(self.status(), 0)

    def test_reading_in_the_background(self):
        """SIGTTIN stops both; fg gives the terminal to both."""
        self.kill("--run cat &")
        self.until(PROMPT)
        us = self.child(self.shell.pid)
        command = self.child(us, "cat")
        self.has_state(command, "T")
        self.has_state(us, "T")
        self.type("fg\n")
        self.has_state(command, "S")
        self.type("seen\n")
        self.until(b"seen\r\nseen\r\n")
        self.type("\x04")
        self.assertEqual(self.status(), 0)

    def test_full_screen(self):
        if not shutil.which("less"):
            support.skip("no less")
        _, command = self.begin("less /etc/services", "less")
        self.ready(command)
        self.type("q")
        self.assertEqual(self.status(), 0)
        self.assertEqual(termios.tcgetattr(self.master), self.attributes)


class ForegroundJob(Terminal):
    """Its TERM handler restores the terminal: it must neither see a stop nor lose the terminal."""

    def end(self, command, *arguments):
        name = command.split()[0]
        if not shutil.which(name):
            support.skip(f"no {name}")
        self.type(f"{command}\n")
        pid = self.child(self.shell.pid, os.path.basename(os.path.realpath(shutil.which(name))))
        self.ready(pid)
        self.assertEqual(self.foreground(), pid)
        job = self.hold(pid)
        done = self.proctool("kill-graceful", "-t", "5", *(word.replace("PID", str(pid)) for word in arguments))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(job.has_ended())
        self.until(PROMPT)
        self.assertEqual(termios.tcgetattr(self.master), self.attributes)

    def all_ways(self, command, name):
        for arguments in (["--tree", "PID"], ["--comm", name], ["PID"]):
            with self.subTest(arguments=arguments):
                self.end(command, *arguments)

    def test_top(self):
        self.all_ways("top", "top")

    def test_less(self):
        self.all_ways("less /etc/services", "less")

    def test_vi(self):
        path = f"{tempfile.mkdtemp()}/file"
        self.addCleanup(shutil.rmtree, os.path.dirname(path))
        program = next((name for name in ("vim.tiny", "vim.basic", "vi") if shutil.which(name)), "vi")
        self.all_ways(f"{program} -n -u NONE {path}", os.path.basename(os.path.realpath(shutil.which(program) or "vi")))

    def test_suspended_all_the_same(self):
        """That was asked for; the shell takes the terminal back."""
        self.type("sleep 1000\n")
        pid = self.child(self.shell.pid, "sleep")
        done = self.proctool("kill-graceful", "--suspend", "--tree", pid)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.until(b"Stopped")
        self.assertEqual(support.state(pid), "T")


if __name__ == "__main__":
    support.main()
