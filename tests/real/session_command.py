# labels: daemon
# timeout: 300
# The command line of the session applets: statuses, streams, signals, what a command is given.
import os
import pty
import resource
import signal
import subprocess
import time

import desktop
import support

desktop.enter({"helpers": support.HELPERS})


class CommandLine(desktop.Case):
    def test_no_session(self):
        for arguments, status in ((["true"], 125), ([], 1), (["--print"], 1), (["--json"], 1)):
            result = self.gui(*arguments)
            self.assertEqual(result.returncode, status, arguments)
            self.assertIn("no session can be reached", result.stderr)

    def test_usage(self):
        for arguments, status in ((["--bogus", "true"], 125), (["--bogus"], 2), (["--wait", "x"], 2),
                                  (["--user", "nobody-here", "true"], 125),
                                  (["--user", "nobody-here"], 2), (["--import", "A B"], 2),
                                  (["--import", "", "true"], 125), (["--print", "--bogus", "x"], 2)):
            result = self.gui(*arguments)
            self.assertEqual(result.returncode, status, arguments)
            self.assertTrue(result.stderr.startswith("with-gui-environment: "), result.stderr)
            self.assertEqual(result.stdout, "")

    def test_wait(self):
        begin = time.monotonic()
        result = self.gui("--wait", "700ms", "true")
        self.assertEqual(result.returncode, 124)
        self.assertGreaterEqual(time.monotonic() - begin, 0.7)
        waiting = subprocess.Popen([f"{desktop.BIN}/with-gui-environment", "--wait", "20", "id", "-un"],
                                   env={}, stdout=subprocess.PIPE, text=True)
        self.session("2", 1000)
        self.wayland(1000)
        self.assertEqual(waiting.communicate(timeout=20)[0], "anna\n")

    def test_waiting_leaves_nobody(self):
        """A search asks as another user, again and again; whom it asked by is no zombie of ours."""
        self.session("2", 1000)

        def last_pid():
            with open("/proc/sys/kernel/ns_last_pid") as file:
                return int(file.read())

        def zombies():
            with open(f"/proc/{waiting.pid}/task/{waiting.pid}/children") as file:
                return [pid for pid in file.read().split() if support.state(pid) == "Z"]

        before = last_pid()
        waiting = self.start([f"{desktop.BIN}/with-gui-environment", "--wait", "60", "true"], ready=False, env={})
        support.until(lambda: last_pid() >= before + 4, "three were asked by")
        support.until(lambda: not zombies(), "none is left")

    def test_terminals_signals(self):
        """Ctrl-C is for all that run in the foreground, whoever they are."""
        self.desktop(1000)
        pid, master = pty.fork()
        if pid == 0:
            script = "trap 'exit 9' INT; echo up; sleep 1000 | cat"
            os.execve(f"{desktop.BIN}/with-gui-environment", ["with-gui-environment", "sh", "-c", script], {})
        process = self.hold(pid)
        self.addCleanup(os.close, master)
        self.assertEqual(support.read_line(master).strip(), "up")
        support.until(lambda: "sleep" in map(support.comm, filter(str.isdigit, os.listdir("/proc"))), "the pipe runs")
        os.write(master, b"\x03")
        self.assertTrue(process.has_ended())
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 9)

    def test_statuses(self):
        self.desktop(1000)
        for command, status in ((["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -TERM $$"], 143),
                                (["no-such-command"], 127), (["/etc/passwd"], 126), (["--", "true"], 0)):
            self.assertEqual(self.gui(*command).returncode, status, command)

    def test_output_that_cannot_be_written(self):
        """The command wrote into our pipe and knows nothing of it."""
        self.desktop(1000)
        for command, status in (["echo", "x"], 125), (["sh", "-c", "echo x; exit 7"], 7):
            with open("/dev/full", "w") as full:
                result = self.gui(*command, stdout=full)
            self.assertEqual(result.returncode, status, command)
            self.assertEqual(result.stderr,
                             "with-gui-environment: standard output: No space left on device\n")

    def test_signals_are_passed_on(self):
        self.desktop(1000)
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1,
                       signal.SIGUSR2):
            child = self.start([f"{desktop.BIN}/with-gui-environment", "sh", "-c",
                                f"trap 'exit 9' {number:d}; echo; while :; do sleep 0.01; done"], env={})
            child.kill(number)
            self.assertEqual(child.wait(), 9, number)

    def test_ignored_signals(self):
        """A caller that ignores SIGCHLD, or SIGHUP as nohup does: the end is seen, the latter stays."""
        self.desktop(1000)
        def ignore():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.assertEqual(self.gui("sh", "-c", "exit 4", preexec_fn=ignore).returncode, 4)
        child = self.start([f"{desktop.BIN}/with-gui-environment", "sh", "-c", "echo; read word; exit 5"],
                           env={}, stdin=subprocess.PIPE, preexec_fn=ignore)
        child.kill(signal.SIGHUP)
        child.popen.stdin.write(b"x\n")
        child.popen.stdin.flush()
        self.assertEqual(child.wait(), 5)

    def test_output_nobody_takes(self):
        """Our reader is stuck: a signal ends us all the same."""
        self.desktop(1000)
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        child = self.start([f"{desktop.BIN}/with-gui-environment", "sh", "-c",
                            "echo up >&2; exec head -c 10000000 /dev/zero"],
                           ready=False, env={}, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        self.assertEqual(support.read_line(child.popen.stderr.fileno()), "up")
        child.kill(signal.SIGTERM)
        self.assertEqual(child.wait(), 128 + signal.SIGTERM)
        # What is left when the command has ended waits for the reader; a signal ends that too.
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        child = self.start([f"{desktop.BIN}/with-gui-environment", "sh", "-c",
                            "head -c 100000 /dev/zero; echo up >&2"],
                           ready=False, env={}, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        self.assertEqual(support.read_line(child.popen.stderr.fileno()), "up")
        self.assertFalse(child.has_ended(0.3))
        child.kill(signal.SIGTERM)
        self.assertIn(child.wait(), (0, 128 + signal.SIGTERM))

    def test_left_behind(self):
        """What it leaves in the background and goes on writing does not keep us."""
        self.desktop(1000)
        result = self.gui("sh", "-c", "echo said; yes & exit 6", stdout=subprocess.PIPE)
        self.assertEqual((result.returncode, result.stdout[:5]), (6, "said\n"))

    def test_endless_input(self):
        """Input without end that nobody reads to its end; a device that epoll does not take."""
        self.desktop(1000)
        with open("/dev/zero") as zero:
            result = self.gui("head", "-c", "5", stdin=zero)
        self.assertEqual((result.returncode, result.stdout), (0, "\0" * 5))

    def test_closed_streams(self):
        """Started without them, as some daemons do."""
        self.desktop(1000)
        for redirections in "<&-", ">&-", "2>&-", "<&- >&- 2>&-":
            script = ("with-gui-environment sh -c 'cat; echo x; echo y >&2; echo ran >/tmp/ran; exit 7' "
                      f"{redirections}; echo $?; cat /tmp/ran; rm -f /tmp/ran")
            result = subprocess.run(["sh", "-c", script], env={"PATH": f"{desktop.BIN}:/usr/bin:/bin"},
                                    stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                    timeout=support.DEADLINE, check=False)
            self.assertEqual(result.stdout.split()[-2:], ["7", "ran"], (redirections, result.stderr))

    def test_eval(self):
        """Lines for a shell; another user's only when she is named."""
        self.desktop(1000)
        self.assertEqual(self.gui().returncode, 2)
        result = self.gui("--user", "anna")
        self.assertIn("anna", result.stderr)
        lines = result.stdout.splitlines()
        self.assertIn("export WAYLAND_DISPLAY='wayland-0'", lines)
        self.assertIn("unset DISPLAY", lines)

    def test_own_session(self):
        """As the session's own user nothing of the caller's is lost."""
        self.desktop(1000)
        def disturb():
            os.umask(0o027)
            resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))
        with open("/tmp/log", "w+") as log:
            os.fchmod(log.fileno(), 0o666)
            os.set_inheritable(log.fileno(), True)
            result = self.gui("sh", "-c", 'umask; pwd; echo "$MINE $WAYLAND_DISPLAY [$DISPLAY] $LANG $$"; '
                              f"readlink /proc/self/fd/1; readlink /proc/$$/fd/{log.fileno()}; "
                              "ulimit -n; id -G; ps -o sid= -p $$", user=1000, close_fds=False, group=1000, extra_groups=[29],
                              environment={"MINE": "kept", "DISPLAY": ":7", "PATH": "/usr/bin:/bin",
                                           "LC_CTYPE": "C"}, cwd="/usr", preexec_fn=disturb, stdout=log)
            log.seek(0)
            text = log.read().split("\n")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(text[:2], ["0027", "/usr"])
        self.assertTrue(text[2].startswith("kept wayland-0 [] "), text)
        self.assertEqual(text[3:6], ["/tmp/log", "/tmp/log", "300"])
        self.assertEqual(set(text[6].split()), {"29", "1000"})
        self.assertEqual(int(text[7]), os.getsid(0))

    def test_import(self):
        self.desktop(1000)
        for _ in range(4):
            self.witness(1000, SSH_AUTH_SOCK="/run/user/1000/ssh",
                         PATH="/home/anna/bin:/usr/bin:/bin", BAD="a b")
        result = self.gui("--import", "SSH_AUTH_SOCK,PATH", "--import=BAD", "sh", "-c",
                          'echo "$SSH_AUTH_SOCK $PATH [$BAD]"')
        self.assertEqual(result.stdout, "/run/user/1000/ssh /home/anna/bin:/usr/bin:/bin []\n")

    def test_input_and_output(self):
        """Streams pass through as they are, large ones too."""
        self.desktop(1000)
        data = bytes(range(256)) * 4096
        result = self.gui("cat", input=data, text=False)
        self.assertEqual(result.stdout, data)


if __name__ == "__main__":
    support.main()
