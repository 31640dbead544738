# labels: kill
# timeout: 240
"""kill-graceful against real processes of every kind, with pidfds and without."""

import json
import os
import pty
import resource
import signal
import subprocess
import tempfile
import time

import support

support.in_namespaces()

NOBODY = 65534


class Kill(support.Case):
    refuse = None  # the errno with which pidfds are refused
    has_inodes = not support.KERNEL

    def kill(self, *arguments, **options):
        if self.refuse and "before" not in options:
            options["before"] = self.refused(self.refuse, "pidfd_open", "pidfd_send_signal")
        return self.proctool("kill-graceful", *arguments, **options)

    def target(self, *arguments, **options):
        """A helper and the pid that its first line says."""
        child = self.helper("target", *arguments, **options)
        return child, int(child.line)

    def check(self, done, status, stderr=""):
        self.assertEqual((done.returncode, done.stderr), (status, stderr), done)


class Ending(Kill):
    def test_plain(self):
        child, pid = self.target("plain")
        done = self.kill(pid)
        self.check(done, 0)
        self.assertEqual(child.wait(), -signal.SIGTERM)
        self.assertEqual(done.stdout, "")

    def test_ignores_term(self):
        child, pid = self.target("ignore")
        self.check(self.kill("-t", "0.1", pid), 0, f"kill-graceful: {pid} (target): ended by force\n")
        self.assertEqual(child.wait(), -signal.SIGKILL)

    def test_never_kill(self):
        child, pid = self.target("ignore")
        done = self.kill("-t", "0.1", "--no-kill", pid)
        self.check(done, 5, f"kill-graceful: {pid} (target): survived: state S\n")
        self.assertTrue(child.is_alive())

    def test_slow(self):
        child, pid = self.target("slow", 150)
        self.check(self.kill(pid), 0)
        self.assertEqual(child.wait(), 0)

    def test_stopped_with_handler(self):
        child, pid = self.target("handler")
        child.kill(signal.SIGSTOP)
        support.until(lambda: support.state(pid) == "T", "stopped")
        self.check(self.kill(pid), 0)
        self.assertEqual(child.wait(), 42)

    def test_zombie_has_ended(self):
        _, pid = self.target("zombie")
        said = f"kill-graceful: {pid}: has ended, and is a zombie\n"
        self.check(self.kill(pid), 1, said)
        self.check(self.kill("--wait", pid), 1, said)
        self.check(self.kill(f"{pid}@1"), 1, f"kill-graceful: {pid}@1: no such process\n")

    def test_becomes_zombie(self):
        """Its parent never reaps: killall -w waits for ever here."""
        parent = self.start(["sh", "-c", "sleep 1000 & echo $!; exec sleep 1000"])
        begin = time.monotonic()
        self.check(self.kill(parent.line), 0)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(support.state(int(parent.line)), "Z")

    def test_leader_that_has_exited(self):
        child, pid = self.target("leaderless")
        support.until(lambda: support.state(pid) == "Z", "leader exited")
        self.check(self.kill(pid), 0)
        self.assertEqual(child.wait(), -signal.SIGTERM)

    def test_traced(self):
        child, pid = self.target("plain")
        tracer = self.start(["strace", "-o", "/dev/null", "-p", str(pid)], ready=False)
        support.until(lambda: b"TracerPid:\t%d" % tracer.pid in
                      open(f"/proc/{pid}/status", "rb").read(), "traced")
        self.check(self.kill(pid), 0)
        self.assertEqual(child.wait(), -signal.SIGTERM)

    def test_exec_meanwhile(self):
        """The same process under another name is the same target."""
        child, pid = self.target("exec", "/bin/sleep")
        killer = subprocess.Popen(
            [*(self.refused(self.refuse, "pidfd_open", "pidfd_send_signal") if self.refuse else ()),
             support.PROCTOOL, "kill-graceful", "-v", "--retry", "USR1/0.3/TERM/5", "--comm", "target"],
            stderr=subprocess.PIPE, text=True)
        _, errors = killer.communicate(timeout=support.DEADLINE)
        self.assertEqual(killer.returncode, 0, errors)
        self.assertEqual(child.wait(), -signal.SIGTERM)

    def test_many_at_once(self):
        """All of them wait together: one timeout, not one each."""
        targets = [self.target("ignore") for _ in range(5)]
        begin = time.monotonic()
        done = self.kill("-q", "-t", "0.5", *(pid for _, pid in targets))
        self.check(done, 0)
        self.assertLess(time.monotonic() - begin, 2)

    def test_schedule(self):
        child, pid = self.target("ignore")
        done = self.kill("--retry", "TERM/0.1/INT/5", "--json", pid)
        self.assertEqual(child.wait(), -signal.SIGINT)
        (process,) = json.loads(done.stdout)["processes"]
        self.assertEqual([sent["signal"] for sent in process["signals"]][:3],
                         ["TERM", "CONT", "INT"])
        self.assertEqual(process["outcome"], "ended")
        self.assertEqual(process["argv"], [f"{support.HELPERS}/target", "ignore"])

    def test_signal_only(self):
        child, pid = self.target("ignore")
        self.check(self.kill("--signal-only", pid), 0)
        self.assertTrue(child.is_alive())
        child, pid = self.target("plain")
        self.check(self.kill("--signal-only", "-s", "USR1", pid), 0)
        self.assertEqual(child.wait(), -signal.SIGUSR1)

    def test_signal_0_asks(self):
        """As `kill -0` does: nothing is sent, and the status says whether it could be."""
        child, pid = self.target("plain")
        self.check(self.kill("--signal-only", "-s", "0", pid), 0)
        self.check(self.kill("--signal-only", "-s", "0", "--tree", pid), 0)
        self.check(self.kill("--signal-only", "-s", "0", pid, before=support.as_user(NOBODY)), 6,
                   f"kill-graceful: {pid} (target): not permitted\n")
        self.assertTrue(child.is_alive())

    def test_hardly_a_descriptor(self):
        """With too few to look at anybody it is an error, and never as if nobody had matched."""
        statuses = []
        for limit in range(5, 16):
            child, pid = self.target("plain")
            done = self.kill("--comm", "target", preexec_fn=lambda limit=limit: resource.setrlimit(
                resource.RLIMIT_NOFILE, (limit, limit)))
            statuses.append(done.returncode)
            self.assertIn((done.returncode, child.has_ended(0)), ((0, True), (3, False), (4, False)), done)
            child.kill()
        self.assertEqual((statuses[0] > 0, statuses[-1]), (True, 0))

    def test_left_out(self):
        """Whom criteria or --tree take in and who is protected: no match, and -v says so."""
        done = self.kill("-v", "--pid", 1)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\nkill-graceful: 1 \(sh\): left out: it is PID 1 \(--force\)\n")
        inner = self.start(["unshare", "--pid", "--fork", "--kill-child", f"{support.HELPERS}/target",
                            "plain"])
        (pid,) = (int(line) for line in self.proctool("ps-tree", "--list", "--children",
                                                      inner.pid).stdout.split())
        done = self.kill("-v", "--pid", pid)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{pid} (target): left out: it is of another PID namespace (--force)", done.stderr)
        self.assertTrue(inner.is_alive())

    def test_suspend_and_resume(self):
        _, pid = self.target("plain")
        done = self.kill("--suspend", "--json", pid)
        self.assertEqual(support.state(pid), "T")
        self.assertEqual(json.loads(done.stdout)["processes"][0]["outcome"], "suspended")
        self.check(self.kill("--resume", pid), 0)
        support.until(lambda: support.state(pid) == "S", "goes on")
        self.assertIn(f"kill-graceful: {pid} (target): stopped\n", self.kill("-v", "--suspend", pid).stderr)
        self.assertIn(f"kill-graceful: {pid} (target): sent CONT\n", self.kill("-v", "--resume", pid).stderr)

    def test_wait(self):
        child, pid = self.target("plain")
        done = self.kill("--wait", "-t", "0.1", pid)
        self.check(done, 124, f"kill-graceful: {pid} (target): has not ended: state S\n")
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        waiting = subprocess.Popen([support.PROCTOOL, "kill-graceful", "--wait", str(pid)], stderr=slave)
        os.close(slave)
        said = b""
        while b"1 remain" not in said:  # it waits
            self.assertTrue(support.is_readable(master), said)
            said += os.read(master, 4096)
        child.kill(signal.SIGKILL)
        self.assertEqual(waiting.wait(support.DEADLINE), 0)

    def test_identity(self):
        child, pid = self.target("plain")
        start = int(support.stat(pid)[22])
        stale = f"{pid}@{start + 1}"
        self.check(self.kill(stale), 1, f"kill-graceful: {stale}: no such process\n")
        self.assertTrue(child.is_alive())
        self.check(self.kill(f"{pid}@{start}"), 0)

    def test_inode(self):
        child, pid = self.target("plain")
        inode = os.fstat(child.pidfd).st_ino
        other, _ = self.target("plain")
        if os.fstat(other.pidfd).st_ino == inode:
            support.skip("pidfds have no inodes of their own (before Linux 6.9)")
        done = self.kill(f"{pid}:{inode + 1}")
        self.assertEqual(done.returncode, 1 if self.has_inodes else 6)
        self.assertTrue(child.is_alive())
        self.assertEqual(self.kill(f"{pid}:{inode}").returncode, 0 if self.has_inodes else 6)

    def test_thread_is_no_target(self):
        """A thread's id is no pid, pidfds or not."""
        child, pid = self.target("threads", 0)
        (thread,) = [tid for tid in os.listdir(f"/proc/{pid}/task") if int(tid) != pid]
        self.assertEqual(self.kill(thread).returncode, 1)
        self.assertTrue(child.is_alive())

    def test_gone_beside_others(self):
        _, pid = self.target("plain")
        self.check(self.kill("999999", pid), 0)
        self.assertEqual(self.kill("999999", "--ignore-missing").returncode, 0)

    def test_no_match_is_no_target(self):
        child, pid = self.target("plain")
        done = self.kill("--comm", "other", pid)
        self.check(done, 1, f"kill-graceful: {pid}: does not meet the criteria\n")
        self.assertTrue(child.is_alive())

    def test_criteria(self):
        child, _ = self.target("plain", "marker-of-ours")
        other, _ = self.target("plain")
        self.check(self.kill("--cmdline", "marker-of-ours"), 0)
        self.assertEqual(child.wait(), -signal.SIGTERM)
        self.assertTrue(other.is_alive())

    def test_parent(self):
        shell = self.start(["sh", "-c", "sleep 1000 & sleep 1000 & echo ready; wait"])
        self.check(self.kill("--parent", shell.pid), 0)
        self.assertEqual(shell.wait(), 0)

    def test_descendants_of_several(self):
        """A root that is below another one is one of its descendants."""
        for roots in (lambda outer, inner: (inner, outer), lambda outer, inner: (outer, inner),
                      lambda outer, inner: ("--comm", "sh")):
            outer = self.start(["sh", "-c", "sh -c 'sleep 1000 & echo $$ $!; wait' & wait"])
            inner, last = map(int, outer.line.split())
            inner, last = self.hold(inner), self.hold(last)
            done = self.kill("--descendants", "--json", *roots(outer.pid, inner.pid))
            self.assertEqual({one["pid"]: one["outcome"] for one in json.loads(done.stdout)["processes"]},
                             {inner.pid: "ended", last.pid: "ended"}, done)
            self.assertEqual(outer.wait(), 0)

    def test_hidden_reapers(self):
        """Where PID 1 and the parents may not be read, a set is closed without them, and not given up."""
        for number in (1, 2):
            target = self.start([*support.as_user(NOBODY), f"{support.HELPERS}/target", "plain"])
            done = self.kill("-v", "--comm", "target", before=[
                "unshare", "--mount", "--propagation", "private", "sh", "-c",
                f'mount -t proc -o hidepid={number} proc /proc && exec "$@"', "sh", *support.as_user(NOBODY)])
            self.assertEqual(done.returncode, 0, done)
            self.assertIn("kill-graceful: the set is closed; ", done.stderr)
            self.assertEqual(target.wait(), -signal.SIGTERM)

    def test_dry_run(self):
        child, pid = self.target("plain")
        done = self.kill("-n", pid)
        self.assertEqual(done.stdout, f"{pid} (target): TERM, after 10s KILL\n")
        self.assertTrue(child.is_alive())
        self.assertEqual(self.kill("-n", "--comm", "nobody-at-all").returncode, 1)

    def test_quiet(self):
        _, pid = self.target("ignore")
        self.check(self.kill("-q", "-t", "0.05", pid), 0)


class Uninterruptible(Kill):
    def test_vfork_parent(self):
        """It does not stop, so that the freeze is given up after a second; nobody escapes by that."""
        child, pid = self.target("vfork")
        support.until(lambda: support.state(pid) == "D", "waits for its child")
        done = self.kill("-v", "--tree", pid)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("did not close within a second", done.stderr)
        child.wait()

    def test_report(self):
        """Where it waits is said."""
        _, pid = self.target("vfork", preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))
        support.until(lambda: support.state(pid) == "D", "waits for its child")
        done = self.kill("-t", "0.1", "--no-kill", pid)
        self.assertEqual(done.returncode, 5, done)
        self.assertRegex(done.stderr, rf"^kill-graceful: {pid} \(target\): survived: state D( in \S+)?\n$")
        self.assertEqual(self.kill("-q", "-9", "--tree", pid).returncode, 0)


class Protected(Kill):
    def test_named(self):
        done = self.kill(1)
        self.assertEqual(done.returncode, 6)
        self.assertIn("PID 1", done.stderr)
        done = self.kill(os.getpid())
        self.assertEqual(done.returncode, 6)
        self.assertIn("ancestor", done.stderr)

    def test_waited_for(self):
        """Waiting does nothing to them: cleaning up after the shell that began us. It has no end for ourselves."""
        self.check(self.kill("--wait", "-t", "0.05", 1), 124, "kill-graceful: 1 (sh): has not ended: state S\n")
        shell = self.start(["sh", "-c", f"({support.PROCTOOL} kill-graceful --wait --tree $$; echo $?) & "
                            "echo ready; read _"], stdin=subprocess.PIPE)
        self.assertFalse(support.is_readable(shell.popen.stdout.fileno(), 0.1))
        shell.popen.stdin.close()
        self.assertEqual(support.read_line(shell.popen.stdout.fileno()), "0")
        done = subprocess.run(["sh", "-c", f"exec {support.PROCTOOL} kill-graceful --wait -t 5 $$"],
                              stderr=subprocess.PIPE, text=True, timeout=support.DEADLINE)
        self.assertEqual(done.returncode, 6)
        self.assertRegex(done.stderr, r"protected: it is this process\n$")

    def test_taken_in_by_criteria(self):
        """Our argv holds the pattern, and so does that of the shell above us."""
        done = subprocess.run(
            ["sh", "-c", f"{support.PROCTOOL} kill-graceful --cmdline some-pattern; echo $?"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=support.DEADLINE)
        self.assertEqual(done.stdout, "1\n", done)

    def test_descendants_of_ourselves(self):
        """trap 'kill-graceful --descendants $$' EXIT"""
        done = subprocess.run(
            ["sh", "-c", f"sleep 1000 & (sleep 1000 & sleep 1000) & "
             f"{support.PROCTOOL} kill-graceful -v --descendants $$; echo $?; wait"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=support.DEADLINE)
        self.assertEqual(done.stdout, "0\n", done)
        self.assertEqual(done.returncode, 0)

    def test_root_of_tree(self):
        """A protected root's other descendants are ended all the same."""
        done = subprocess.run(
            ["sh", "-c", f"sleep 1000 & {support.PROCTOOL} kill-graceful --tree $$; echo $?; wait"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=support.DEADLINE)
        self.assertEqual(done.stdout, "6\n", done)

    def test_other_pid_namespace(self):
        inner = self.start(["unshare", "--pid", "--fork", "--kill-child", "sh", "-c",
                            "echo ready; exec sleep 7777"])
        done = self.kill("--cmdline", "^sleep 7777")
        self.check(done, 1, "kill-graceful: no process matches\n")
        self.assertTrue(inner.is_alive())
        self.assertEqual(self.kill("--force", "-t", "0.2", "-q", "--cmdline", "^sleep 7777").returncode, 0)


class Permission(Kill):
    def as_nobody(self, *arguments):
        def become_nobody():
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        if self.refuse:
            support.skip("a filter needs root or forgoes privileges")
        return self.kill(*arguments, preexec_fn=become_nobody)

    def test_not_permitted(self):
        child, pid = self.target("plain")
        done = self.as_nobody(pid)
        self.check(done, 6, f"kill-graceful: {pid} (target): not permitted\n")
        self.assertTrue(child.is_alive())

    def test_continue_not_permitted(self):
        child, pid = self.target("plain", start_new_session=True)
        for how in (["--resume"], ["--resume", "--tree"], ["--signal-only", "-s", "CONT"], ["--retry", "CONT/5"]):
            self.check(self.as_nobody(*how, pid), 6, f"kill-graceful: {pid} (target): not permitted\n")
        self.assertTrue(child.is_alive())

    def test_last_signal_not_permitted(self):
        """SIGCONT reaches anybody of our session; that TERM does not is said."""
        child, pid = self.target("plain")
        self.check(self.as_nobody("--retry", "CONT/0.1/TERM/0.1", pid), 6,
                   f"kill-graceful: {pid} (target): not permitted\n")
        self.assertTrue(child.is_alive())

    def test_cannot_be_judged(self):
        """Whose environment may not be read is no match, and counted: once, named or found."""
        _, pid = self.target("plain")
        self.check(self.as_nobody("--env", "HOME", pid), 1, f"kill-graceful: {pid}: does not meet the criteria\n"
                   "kill-graceful: 1 process could not be judged: what the criteria need cannot be read\n")
        child = self.start([*support.as_user(NOBODY), "env", "MARK=1", f"{support.HELPERS}/target", "plain"])
        others = [name for name in os.listdir("/proc") if name.isdigit() and os.stat(f"/proc/{name}").st_uid == 0]
        done = self.as_nobody("--json", "--env", "MARK=1")
        self.check(done, 0, f"kill-graceful: {len(others)} processes could not be judged: "
                   "what the criteria need cannot be read\n")
        self.assertEqual([one["pid"] for one in json.loads(done.stdout)["processes"]], [child.pid])

    def test_some_of_a_tree(self):
        """The others of the tree are ended; nobody waits for the one that may not be."""
        shell = self.start(
            ["sh", "-c", f"sleep 1000 & echo $!; exec setpriv --reuid {NOBODY} --clear-groups "
             "sh -c 'sleep 1000 & echo $!; wait'"])
        ours = int(shell.line)
        theirs = int(support.read_line(shell.popen.stdout.fileno()))
        support.until(lambda: support.stat(shell.pid) and
                      os.stat(f"/proc/{shell.pid}").st_uid == NOBODY, "became nobody")
        begin = time.monotonic()
        done = self.as_nobody("--tree", shell.pid)
        self.assertLess(time.monotonic() - begin, 5)
        self.check(done, 6, f"kill-graceful: {ours} (sleep): not permitted\n")
        self.assertIn(support.state(theirs), ("", "Z"))
        self.assertIn(support.state(ours), "SR")
        self.hold(ours)


class Pidfile(Kill):
    def setUp(self):
        self.directory = tempfile.mkdtemp(dir="/run")
        os.chmod(self.directory, 0o755)
        self.addCleanup(subprocess.run, ["rm", "-rf", self.directory], check=True)
        self.path = f"{self.directory}/daemon.pid"

    def write(self, text):
        with open(self.path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(self.path, 0o644)

    def test_first_line(self):
        for text in ("%d", " %d \n", "%d\n/var/lib/postgresql\n5432\n"):
            child, pid = self.target("plain")
            self.write(text % pid)
            self.check(self.kill("--pidfile", self.path), 0)
            child.wait()

    def test_malformed(self):
        for text in ("", "\n", "0", "-1", "1x", "99999999999", "x", "12 13", "7" * 80):
            self.write(text)
            done = self.kill("--pidfile", self.path)
            self.assertEqual(done.returncode, 2, text)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_missing_and_stale(self):
        self.check(self.kill("--pidfile", self.path), 1,
                   f"kill-graceful: {self.path}: No such file or directory\n")
        self.write("999999")
        self.check(self.kill("--pidfile", self.path), 1,
                   f"kill-graceful: {self.path}: no such process\n")

    def test_not_a_file(self):
        os.mkfifo(self.path)
        self.assertEqual(self.kill("--pidfile", self.path).returncode, 2)
        for path in (self.directory, "/dev/zero", "/"):
            self.assertEqual(self.kill("--pidfile", path).returncode, 2, path)

    def refused_one(self, child, pid, path=None):
        done = self.kill("--pidfile", path or self.path)
        self.assertEqual(done.returncode, 2, done)
        self.assertIn("refused", done.stderr)
        self.assertTrue(child.is_alive())
        # Guarded by what the process must be, the same file does.
        self.assertEqual(self.kill("-n", "--exe-name", "target", "--pidfile", path or self.path).returncode, 0)
        self.assertEqual(self.kill("-n", "--exe-name", "other", "--pidfile", path or self.path).returncode, 1)

    def test_who_may_write(self):
        child, pid = self.target("plain")
        self.write(str(pid))
        for change in (lambda: os.chmod(self.path, 0o664), lambda: os.chmod(self.path, 0o646),
                       lambda: os.chown(self.path, NOBODY, 0)):
            change()
            self.refused_one(child, pid)
            os.chmod(self.path, 0o644)
            os.chown(self.path, 0, 0)
        os.chmod(self.directory, 0o1777)
        self.refused_one(child, pid)
        os.chmod(self.directory, 0o755)
        os.chown(self.directory, NOBODY, 0)
        self.refused_one(child, pid)
        os.chown(self.directory, 0, 0)
        self.assertEqual(self.kill("-n", "--pidfile", self.path).returncode, 0)

    def test_below_a_sticky_directory(self):
        child, pid = self.target("plain")
        below = f"{self.directory}/daemon"
        os.mkdir(below, 0o755)
        self.path = f"{below}/daemon.pid"
        self.write(str(pid))
        os.chmod(self.directory, 0o1777)
        self.assertEqual(self.kill("-n", "--pidfile", self.path).returncode, 0)
        os.symlink(below, f"{self.directory}/link")
        self.refused_one(child, pid, f"{self.directory}/link/daemon.pid")
        os.chmod(self.directory, 0o755)
        self.assertEqual(self.kill("-n", "--pidfile", f"{self.directory}/link/daemon.pid").returncode, 0)

    def test_link(self):
        child, pid = self.target("plain")
        self.write(str(pid))
        os.symlink(self.path, f"{self.directory}/link")
        self.refused_one(child, pid, f"{self.directory}/link")


class Descriptors(Kill):
    def test_beyond_the_limit(self):
        import resource

        children = [self.target("ignore") for _ in range(90)]
        pids = [pid for _, pid in children]
        done = self.kill("-q", "-t", "0.2", *pids,
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)))
        self.check(done, 0)
        for child, _ in children:
            self.assertEqual(child.wait(), -signal.SIGKILL)


class Interrupted(Kill):
    def test_at_every_moment(self):
        """INT, TERM and HUP at any moment: nothing stays stopped."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for step in range(5):
                child = self.helper("target", "tree", 30)
                for way in (["--suspend"], ["-t", "5"]):
                    killer = subprocess.Popen(
                        [support.PROCTOOL, "kill-graceful", "-q", *way, "--tree", str(child.pid)])
                    begin = time.monotonic()
                    while time.monotonic() - begin < step * 0.003:
                        pass
                    killer.send_signal(number)
                    status = killer.wait(support.DEADLINE)
                    if way == ["--suspend"] and status == 0:
                        self.kill("--resume", "--tree", child.pid)
                    else:
                        self.assertIn(status, (128 + number, -number))
                    support.until(lambda: "T" not in self.states(child.pid), "nothing stays stopped")
                self.kill("-q", "-9", "--tree", child.pid)

    def states(self, pid):
        children = open(f"/proc/{pid}/task/{pid}/children", encoding="ascii").read().split()
        return [support.state(child) for child in [pid, *children]]


def again_without_pidfds():
    """All of it again with pidfds refused as an old kernel and an old container profile do."""
    for name, case in list(globals().items()):
        if isinstance(case, type) and issubclass(case, Kill) and case is not Kill:
            for error in ("ENOSYS", "EPERM"):
                globals()[f"{name}{error}"] = type(f"{name}{error}", (case,), {"refuse": error, "has_inodes": False})


if not support.KERNEL:
    again_without_pidfds()

if __name__ == "__main__":
    support.main()
