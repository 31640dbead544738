# labels: long serial
# timeout: 7400
"""Those of us that stay: --watch, --wait and cron-graceful's, for SOAK_SECONDS (60) beside processes that come
and go, while sets are ended again and again. Their memory and descriptors stay what they were."""

import os
import pty
import subprocess
import threading
import time

import support

support.in_namespaces()

SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
CRON = "/usr/sbin/cron"
# A heap settles on its largest picture; a leak of 100 bytes a picture is 5 times this in an hour.
ROOM = 256 * 1024
SCAN = 8  # descriptors that a scan has open for a moment
OUTGROWN = 5  # kill-graceful's status
NOTHING_LEFT = 1


def resident(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Private_"))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Watched:
    """One of us: what it had once it had settled, and the most since."""

    def __init__(self, name, child):
        self.name, self.child = name, child
        self.memory = self.fds = self.first_memory = self.first_fds = 0

    def look(self, settled):
        memory, fds = resident(self.child.pid), descriptors(self.child.pid)
        self.memory, self.fds = max(self.memory, memory), max(self.fds, fds)
        if not settled:
            self.first_memory, self.first_fds = self.memory, self.fds

    def __str__(self):
        return (f"{self.name}: {self.first_memory // 1024} KiB, then at most {self.memory // 1024}; "
                f"{self.first_fds} descriptors, then at most {self.fds}")


class TestSoak(support.Case):
    def background(self, *arguments, **options):
        options.setdefault("stdout", subprocess.DEVNULL)
        return self.start([support.PROCTOOL, *arguments], ready=False, **options)

    def on_terminal(self, *arguments):
        """One that draws, for a reader of ours."""
        master, slave = pty.openpty()
        child = self.background(*arguments, stdin=slave, stdout=slave)
        os.close(slave)

        def read():
            try:
                while os.read(master, 65536):
                    pass
            except OSError:
                pass

        threading.Thread(target=read, daemon=True).start()
        return child

    def waiting_cron(self):
        """cron-graceful, waiting for a job that runs all the time; in mounts of these namespaces."""
        for directory in ("/run", "/var/spool/cron", "/etc/cron.d"):
            os.makedirs(directory, exist_ok=True)
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", directory], check=True)
        os.makedirs("/var/spool/cron/crontabs", mode=0o1730)
        with open("/etc/cron.d/soak", "w") as file:
            file.write("@reboot root sleep 100000\n")
        daemon = self.start([CRON, "-f"], ready=False, stderr=subprocess.DEVNULL)

        def runs():
            pids = subprocess.run([support.PROCTOOL, "ps-tree", "--list", "-r", str(daemon.pid), "--comm", "sleep"],
                                  stdout=subprocess.PIPE, check=False).stdout
            return bool(pids)

        support.until(runs, "cron's job", 60.0)
        return self.background("cron-graceful", "--additions", "true", "--report", "1s", stderr=subprocess.DEVNULL)

    def end_a_set(self):
        """A tree of five is ended, and nothing of it is left. True if that took two goes.

        Where CPUs are too scarce to tell a set that grows from one that does not, the first go says so.
        """
        child = support.Child(["sh", "-c", "for i in 1 2 3 4; do sleep 1000 & done; echo ready; wait"],
                              start_new_session=True)
        try:
            first = self.proctool("kill-graceful", "--tree", "-t", "5", str(child.pid), deadline=60.0)
            self.assertIn(first.returncode, (0, OUTGROWN), first.stderr)
            rest = self.proctool("kill-graceful", "--session", str(child.pid), deadline=60.0)
            self.assertIn(rest.returncode, (NOTHING_LEFT,) if first.returncode == 0 else (0, NOTHING_LEFT), rest.stdout)
        finally:
            child.close()
        return first.returncode == OUTGROWN

    def test_flat(self):
        storm = self.start([f"{support.HELPERS}/forkstorm", "300"], stdin=subprocess.PIPE)
        sleeper = self.start(["sleep", "100000"], ready=False)
        watched = [
            Watched("ps-tree --watch", self.on_terminal("ps-tree", "--watch=0.1", "-p")),
            Watched("ps-tree --watch -o", self.on_terminal("ps-tree", "--watch=0.2", "-o", "pid,user,rss,cwd,exe")),
            Watched("kill-graceful --wait", self.background("kill-graceful", "--wait", "-t", "0", str(sleeper.pid))),
        ]
        if os.path.exists(CRON):
            watched.append(Watched("cron-graceful", self.waiting_cron()))
        begin = time.monotonic()
        rounds = outgrown = 0
        while (elapsed := time.monotonic() - begin) < SECONDS:
            outgrown += self.end_a_set()
            rounds += 1
            for one in watched:
                self.assertIsNone(one.child.popen.poll(), f"{one.name} has ended")
                one.look(elapsed > SECONDS / 4)
        for one in watched:
            print(one, flush=True)
            with self.subTest(one.name):
                self.assertGreater(one.first_memory, 0)
                self.assertLessEqual(one.memory, one.first_memory + ROOM, one)
                self.assertLessEqual(one.fds, one.first_fds + SCAN, one)
        print(f"{rounds} sets ended in {SECONDS:.0f} s, {outgrown} of them in two goes", flush=True)
        self.assertGreater(rounds, SECONDS / 20)
        self.assertLessEqual(outgrown, 1 + rounds / 1000)
        storm.popen.stdin.close()


support.main()
