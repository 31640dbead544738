# labels: kill
# timeout: 240
"""kill-graceful --run: COMMAND's status, signals and dispositions are its own, and nothing is left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import support

support.in_namespaces()

NOBODY = 65534


def others():
    """Whoever runs here but PID 1 and ourselves."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if pid not in (1, os.getpid()) and support.state(pid) not in ("", "Z", "X")]


class Run(support.Case):
    before = ()

    def run_command(self, *command, options=(), **keywords):
        keywords.setdefault("before", self.before)
        return self.proctool("kill-graceful", *options, "--run", *command, **keywords)

    def begin(self, *command, options=(), **keywords):
        """Starts it and waits for COMMAND's first line."""
        argv = [*self.before, support.PROCTOOL, "kill-graceful", *map(str, options), "--run", *map(str, command)]
        keywords.setdefault("stderr", subprocess.PIPE)
        return self.start(argv, **keywords)

    def check(self, done, status, stderr=""):
        self.assertEqual((done.returncode, done.stderr), (status, stderr), done)


class Leftovers(Run):
    trials = 10

    def nothing_is_left(self, *command, status=0):
        for _ in range(self.trials):
            done = self.run_command(*command, options=("-q", "-t", "0.1"))
            self.assertEqual(done.returncode, status)
            self.assertEqual(others(), [])

    def test_daemons(self):
        """They double-forked, each has a session of its own, and all ignore TERM."""
        self.nothing_is_left(f"{support.HELPERS}/target", "daemons", "5")

    def test_children(self):
        self.nothing_is_left("sh", "-c", "sleep 1000 & setsid sleep 1000 & (setsid sleep 1000 &) ; exit 3", status=3)

    def test_time_runs_out(self):
        done = self.run_command(f"{support.HELPERS}/target", "tree", 5, options=("-q", "-t", "0.1", "--after", "0.2"))
        self.check(done, 124)
        self.assertEqual(others(), [])

    @unittest.skipIf(support.KERNEL, "without lists of children lanes may escape: see kill_relay")
    def test_relay(self):
        """Its lanes come to us."""
        done = self.run_command(f"{support.HELPERS}/relay", 5, options=("-q", "-t", "1", "--after", "0.2"))
        self.check(done, 124)
        self.assertEqual(others(), [])

    def test_leave(self):
        done = self.run_command("sh", "-c", "sleep 1000 >&- 2>&- & echo $!; exit 4", options=("--leave",))
        self.assertEqual(done.returncode, 4)
        left = self.hold(int(done.stdout))
        self.assertTrue(left.is_alive())

    def test_leave_ends_what_time_ended(self):
        done = self.run_command("sh", "-c", "sleep 1000 & wait", options=("--leave", "--after", "0.1"))
        self.assertEqual(done.returncode, 124)
        self.assertEqual(others(), [])

    def test_survivor_is_named(self):
        """Who became root may not be signalled; the status stays COMMAND's."""
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        os.chmod(directory, 0o755)
        becomes_root = shutil.copy(shutil.which("setpriv"), f"{directory}/setpriv")
        os.chmod(becomes_root, 0o4755)

        def become_nobody():
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)

        command = f"{becomes_root} --reuid 0 --regid 0 --clear-groups sleep 1000 >&- 2>&- & echo $!; "
        command += "n=0; until [ $(stat -c %u /proc/$!) = 0 ] || [ $n = 1000 ]; do n=$((n + 1)); done; exit 5"
        if self.before:
            support.skip("a filter needs root or forgoes privileges")
        done = self.run_command("sh", "-c", command, options=("-t", "0.1"), preexec_fn=become_nobody)
        pid = int(done.stdout)
        if support.state(pid) == "":
            support.skip("no setuid programs here")
        self.hold(pid)
        self.assertEqual(done.returncode, 5)
        self.assertRegex(done.stderr, rf"^kill-graceful: {pid} \((sleep|setpriv)\): not permitted\n$")


class Inherited(Run):
    """Children that we had before an exec made us what we are are none of COMMAND's."""

    begin = """if True:
        import os, subprocess, sys
        child = subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        parent = subprocess.Popen(["sh", "-c", "sleep 1000 >&- & echo $!; exec sleep 0.2"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
        print(child.pid, int(parent.stdout.readline()), flush=True)
        os.execv(sys.argv[1], sys.argv[1:])"""

    def begin_with(self, *before):
        return subprocess.run(
            [*before, sys.executable, "-c", self.begin, support.PROCTOOL, "kill-graceful", "-v", "-t", "0.1",
             "--run", "sh", "-c", "sleep 0.4; sleep 1000 >&- 2>&- & exit 3"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=support.DEADLINE)

    def test_left_alone(self):
        """They, and whom they leave to us meanwhile; not what COMMAND leaves."""
        done = self.begin_with(*self.before)
        left = [support.Process(int(pid)) for pid in done.stdout.split()]
        self.assertEqual((done.returncode, sorted(others())), (3, sorted(one.pid for one in left)), done)
        for one in left:
            one.close()

    def test_ended_by_pid_1(self):
        """Whose children all are."""
        done = self.begin_with("unshare", "--pid", "--fork", "--mount-proc")
        self.assertEqual((done.returncode, others()), (3, []), done)
        for pid in done.stdout.split():
            self.assertIn(f"kill-graceful: {pid} (sleep): sent TERM\n", done.stderr)

    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_process_substitution(self):
        done = subprocess.run(
            ["bash", "-c", f"exec {support.PROCTOOL} kill-graceful --run echo text > >(sleep 0.1; cat)"],
            stdout=subprocess.PIPE, timeout=support.DEADLINE)
        self.assertEqual((done.returncode, done.stdout), (0, b"text\n"))


WAIT = "echo ready; while :; do sleep 1000 & wait $!; done"


class Status(Run):
    def test_its_own(self):
        self.check(self.run_command("sh", "-c", "exit 7"), 7)
        self.check(self.run_command("true"), 0)

    def test_failures(self):
        self.check(self.run_command("/nowhere/at-all"), 127,
                   "kill-graceful: /nowhere/at-all: No such file or directory\n")
        self.check(self.run_command("/etc/passwd"), 126, "kill-graceful: /etc/passwd: Permission denied\n")
        self.check(self.run_command(""), 127, "kill-graceful: : No such file or directory\n")
        self.assertEqual(self.run_command("true", options=("--tree",)).returncode, 125)
        self.assertEqual(self.run_command("true", options=("--after", "x")).returncode, 125)
        self.assertEqual(self.proctool("kill-graceful", "--run").returncode, 125)

    def test_search(self):
        """By PATH, as execvp(3) does: /bin/sh runs a script without #!, and what may not be executed
        stands behind what is found further on."""
        with tempfile.TemporaryDirectory(prefix="proctool-test.") as directory:
            for name, mode, text in (("a/run", 0o644, ""), ("b/run", 0o755, 'echo "$# $2"; exit 3')):
                os.makedirs(f"{directory}/{name[0]}")
                with open(f"{directory}/{name}", "w", encoding="utf-8") as file:
                    file.write(text)
                os.chmod(f"{directory}/{name}", mode)
            for path, status in ((f"{directory}/a:{directory}/b", 3), (f"{directory}/a:/nowhere", 126),
                                 ("/nowhere:/dev/null", 127)):
                done = self.run_command("run", "a b", "c", env={**os.environ, "PATH": path})
                self.assertEqual(done.returncode, status, done)
                self.assertEqual(done.stdout, "2 c\n" if status == 3 else "")
            done = self.run_command("run", "a b", "c", cwd=f"{directory}/b", env={"PATH": "/nowhere:"})
            self.assertEqual((done.returncode, done.stdout), (3, "2 c\n"), done)
            done = self.run_command("./run", "a b", "c", cwd=f"{directory}/b")
            self.assertEqual((done.returncode, done.stdout), (3, "2 c\n"), done)

    def test_time(self):
        target = f"{support.HELPERS}/target"
        self.check(self.run_command(target, "plain", options=("--after", "0.1")), 124)
        done = self.run_command("sh", "-c", "trap 'exit 42' TERM; " + WAIT,
                                options=("--after", "0.2", "--preserve-status"))
        self.assertEqual(done.returncode, 42)
        done = self.run_command(target, "ignore", options=("-t", "0.1", "--after", "0.1"))
        self.assertEqual(done.returncode, 124)
        self.assertRegex(done.stderr, r"^kill-graceful: \d+ \(target\): ended by force\n$")

    def test_death_by_the_same_signal(self):
        """And the core is COMMAND's alone."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGSEGV, signal.SIGKILL, signal.SIGRTMIN + 1):
            argv = [*self.before, support.PROCTOOL, "kill-graceful", "--run", "sh", "-c",
                    f"ulimit -c 0; kill -{int(number)} $$"]
            pid = os.posix_spawnp(argv[0], argv, os.environ)
            _, status = os.waitpid(pid, 0)
            self.assertTrue(os.WIFSIGNALED(status), number)
            self.assertEqual(os.WTERMSIG(status), number)
            self.assertFalse(os.WCOREDUMP(status))

    def test_json(self):
        done = self.run_command("sh", "-c", f"{support.HELPERS}/target daemons 1 >/dev/null; exit 3",
                                options=("-q", "-t", "0.1", "--json"))
        document = json.loads(done.stdout)
        self.assertEqual((document["command"]["exit"], document["command"]["signal"]), (3, None))
        self.assertEqual([process["comm"] for process in document["processes"]], ["target"])
        done = self.run_command("sh", "-c", "kill -USR2 $$", options=("--json",))
        self.assertEqual(done.returncode, -signal.SIGUSR2)
        self.assertEqual(json.loads(done.stdout)["command"]["signal"], "USR2")
        done = self.run_command("true", "\udcff", "", options=("--json",))
        command = json.loads(done.stdout)["command"]
        self.assertEqual((command["argv"], command["argv_b64"]), (["true", "\ufffd", ""], [None, "/w==", None]))


class Stopped(Run):
    """COMMAND stops, and no shell waits for us that could continue both."""

    def test_time_runs_out(self):
        done = self.run_command("sh", "-c", "kill -STOP $$; exit 6", options=("--after", "0.2"), start_new_session=True)
        self.check(done, 124)

    def test_goes_on(self):
        """Continued alone, or by us."""
        for whom in ("command", "us"):
            run = self.begin("sh", "-c", "echo $$; kill -STOP $$; exit 6", start_new_session=True)
            command = support.Process(int(run.line))
            support.until(lambda pid=command.pid: support.state(pid) == "T", "COMMAND is stopped")
            self.assertFalse(command.has_ended(0.05))
            (run if whom == "us" else command).kill(signal.SIGCONT)
            self.assertEqual(run.wait(), 6)
            os.close(command.pidfd)


class Signals(Run):
    def test_first_of_the_schedule(self):
        """The signal that told us is the first one, unless another was asked for. (What a shell starts in the
        background ignores INT, and is killed.)"""
        traps = "trap 'exit 2' INT; trap 'exit 15' TERM; trap 'exit 1' HUP; trap 'exit 10' USR1; "
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            run = self.begin("sh", "-c", traps + WAIT, options=("-t", "0.1"))
            run.kill(number)
            self.assertEqual(run.wait(), number)
        run = self.begin("sh", "-c", traps + WAIT, options=("-s", "USR1", "-t", "0.1"))
        run.kill(signal.SIGTERM)
        self.assertEqual(run.wait(), 10)
        self.assertEqual(others(), [])

    def test_death_by_what_told_us(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            run = self.begin(f"{support.HELPERS}/target", "plain")
            run.kill(number)
            self.assertEqual(run.wait(), -number)

    def test_passed_on(self):
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGRTMIN + 3):
            run = self.begin("sh", "-c", f"trap 'exit 9' {int(number)}; " + WAIT)
            run.kill(number)
            self.assertEqual(run.wait(), 9)

    def test_ignored_stays_ignored(self):
        """nohup: HUP reaches neither of us."""
        run = self.begin("sh", "-c", WAIT, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        run.kill(signal.SIGHUP)
        run.kill(signal.SIGUSR1)  # comes after it, and ends COMMAND
        self.assertEqual(run.wait(), -signal.SIGUSR1)

    def dispositions(self, prepare):
        done = self.run_command("grep", "^Sig\\(Ign\\|Blk\\)", "/proc/self/status", preexec_fn=prepare)
        self.assertEqual(done.returncode, 0)
        return [int(line.split()[1], 16) for line in done.stdout.splitlines()]

    def test_dispositions_and_mask(self):
        chld = 1 << (signal.SIGCHLD - 1)
        self.assertEqual(self.dispositions(lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))[1] & chld, chld)
        self.assertEqual(self.dispositions(lambda: signal.signal(signal.SIGCHLD, signal.SIG_DFL))[1] & chld, 0)
        usr1 = 1 << (signal.SIGUSR1 - 1)
        blocked, _ = self.dispositions(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]))
        self.assertEqual(blocked, usr1)
        self.assertEqual(self.dispositions(lambda: signal.pthread_sigmask(signal.SIG_SETMASK, []))[0], 0)

    def test_our_own_sigpipe(self):
        """What we say and nobody reads is no signal to COMMAND."""
        readable, writable = os.pipe()
        os.close(readable)
        done = self.run_command("sh", "-c", "exec 2>&1; trap 'exit 13' PIPE; trap 'sleep 0.3; exit 8' TERM; " + WAIT,
                                options=("-v", "--after", "0.2", "--preserve-status"), stderr=writable)
        os.close(writable)
        self.assertEqual(done.returncode, 8)


class FirstOfNamespace(Run):
    """As PID 1, which no signal ends and none stops."""

    before = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")

    def test_status(self):
        self.check(self.run_command("sh", "-c", "exit 7"), 7)
        self.check(self.run_command("sh", "-c", "kill -TERM $$"), 128 + signal.SIGTERM)
        self.check(self.run_command("/nowhere"), 127, "kill-graceful: /nowhere: No such file or directory\n")

    def test_reaps_and_ends(self):
        done = self.run_command("sh", "-c", "(sleep 1000 >&- 2>&- & setsid sleep 1000 >&- 2>&- &) ; exit 2",
                                options=("-t", "1"))
        self.check(done, 2)
        self.assertEqual(others(), [])

    def test_stopped_command_stays_stopped(self):
        run = self.begin("sh", "-c", "echo ready; kill -STOP $$; exit 6")

        def stopped():
            return [pid for pid in others() if support.state(pid) == "T"]

        (pid,) = support.until(stopped, "COMMAND is stopped")
        command = support.Process(pid)
        self.assertTrue(command.is_alive())
        self.assertEqual(support.state(pid), "T")
        command.kill(signal.SIGCONT)
        self.assertEqual(run.wait(), 6)
        os.close(command.pidfd)

    def test_stopped_command_runs_out_of_time(self):
        self.check(self.run_command("sh", "-c", "kill -STOP $$", options=("--after", "0.2")), 124)


class Timeout(Run):
    def test_what_timeout_leaves(self):
        """Not ours to judge; only counted."""
        if not shutil.which("timeout"):
            support.skip("no timeout(1)")
        subprocess.run(["timeout", "-k", "0.1", "5", f"{support.HELPERS}/target", "daemons", "5"],
                       stdout=subprocess.DEVNULL, check=False)
        left = [self.hold(pid) for pid in others()]
        print(f"timeout -k: leaves {len(left)} of 5 daemons")


def again_without_pidfds():
    for case in (Leftovers, Inherited, Status, Signals):
        for error in ("ENOSYS", "EPERM"):
            name = f"{case.__name__}{error}"
            before = [f"{support.HELPERS}/refuse", error, "pidfd_open,pidfd_send_signal", "--"]
            globals()[name] = type(name, (case,), {"before": before})


if not support.KERNEL:
    again_without_pidfds()

if __name__ == "__main__":
    support.main()
