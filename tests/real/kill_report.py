# labels: kill
# timeout: 120
"""What kill-graceful says of each process: JSON's outcomes, the line that is redrawn on a terminal."""

import json
import os
import pty
import re
import signal
import subprocess
import tempfile

import support

support.in_namespaces()

NOBODY = 65534


class Outcomes(support.Case):
    def json(self, *arguments, status=0, outgrown=False, **options):
        done = self.proctool("kill-graceful", "-q", "--json", *arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (status, ""))
        document = json.loads(done.stdout)
        self.assertEqual((document["schema"], document["outgrown"]), (1, outgrown))
        return {one["pid"]: one for one in document["processes"]}

    def one(self, pid, outcome, signals, *arguments, **options):
        """The single process named is the only one told of, with this outcome after these signals."""
        said = self.json(*arguments, pid, **options)
        self.assertEqual(list(said), [pid])
        self.assertEqual((said[pid]["outcome"], [sent["signal"] for sent in said[pid]["signals"]]), (outcome, signals))
        return said[pid]

    def target(self, way="plain"):
        child = self.helper("target", way)
        return child, child.pid

    def test_ended(self):
        child, pid = self.target()
        said = self.json(pid)
        self.assertEqual(list(said), [pid])
        record = said[pid]
        self.assertEqual(record["outcome"], "ended")
        # Without a pidfd whoever has ended meanwhile is seen to have, and gets no CONT.
        self.assertIn([sent["signal"] for sent in record["signals"]],
                      (["TERM", "CONT"], ["TERM"]) if support.KERNEL else (["TERM", "CONT"],))
        self.assertEqual((record["comm"], record["argv"][1:]), ("target", ["plain"]))
        self.assertLess(record["seconds"], support.DEADLINE)
        self.assertTrue(child.has_ended())

    def test_long_argv(self):
        """What is longer than is kept is unknown, and never cut."""
        for length, shown in (4000, True), (5000, False):
            child = self.helper("target", "plain", "x" * length)
            record = self.json(child.pid)[child.pid]
            self.assertEqual(record["outcome"], "ended")
            self.assertEqual(record["argv"] and record["argv"][2:], ["x" * length] if shown else None)

    def test_killed(self):
        _, pid = self.target("ignore")
        self.one(pid, "killed", ["TERM", "CONT", "KILL"], "-t", "0.05")

    def test_survived(self):
        _, pid = self.target("ignore")
        self.one(pid, "survived", ["TERM", "CONT"], "-t", "0.05", "--no-kill", status=5)
        self.one(pid, "survived", ["CONT"], "-s", "CONT", "-t", "0.05", "--no-kill", status=5)

    def test_each_step(self):
        """-v tells of the signal and of the end of each, even if that came before anything was said."""
        parent = self.start(["sh", "-c", "sleep 1000 & sleep 1000 & sleep 1000 & echo ready; wait"])
        pids = [parent.pid, *map(int, self.proctool("ps-tree", "--list", "--children", parent.pid).stdout.split())]
        self.assertEqual(len(pids), 4)
        done = self.proctool("kill-graceful", "-v", "--tree", parent.pid)
        closed = re.search(r"^kill-graceful: the set is closed; passes: \d+\n", done.stderr, re.M)
        said = sorted((line.split()[1], line.split()[3]) for line in done.stderr[closed.end():].splitlines())
        self.assertEqual(said, sorted((str(pid), word) for pid in pids for word in ("sent", "ended")))

    def test_suspended_and_resumed(self):
        _, pid = self.target()
        self.one(pid, "suspended", ["STOP"], "--suspend")
        self.assertEqual(support.state(pid), "T")
        self.one(pid, "resumed", ["CONT"], "--resume")

    def test_signalled(self):
        _, pid = self.target("ignore")
        self.one(pid, "signalled", ["TERM"], "--signal-only")

    def test_not_permitted(self):
        def become_nobody():
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        _, pid = self.target()
        self.one(pid, "not-permitted", [], status=6, preexec_fn=become_nobody)

    def test_protected(self):
        self.one(1, "protected", [], status=6)

    def test_already_gone(self):
        gone = subprocess.Popen(["true"])
        gone.wait()
        _, pid = self.target()
        said = self.json(gone.pid, pid)
        self.assertEqual({said[gone.pid]["outcome"], said[pid]["outcome"]}, {"already-gone", "ended"})

    def test_outgrown(self):
        """The list of its children holds who is none: it can never be seen that nobody is missing."""
        if support.KERNEL:
            support.skip("there are no lists of children")
        (_, pid), (_, other) = self.target(), self.target()
        listed = f"/proc/{pid}/task/{pid}/children"
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(f"{other} ")
            file.flush()
            subprocess.run(["mount", "--bind", file.name, listed], check=True)
        said = self.json("--tree", pid, status=5, outgrown=True)
        self.assertEqual([(one, said[one]["outcome"]) for one in said], [(pid, "ended")])

    def first_told(self, *arguments):
        """Ends a tree; what its parent, which we are, was told of it first: CLD_STOPPED or its end."""
        shell = self.start(["sh", "-c", "sleep 1000 & echo; wait"])
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        self.addCleanup(signal.pthread_sigmask, signal.SIG_UNBLOCK, {signal.SIGCHLD})
        said = self.json(*arguments, "--tree", shell.pid)
        self.assertEqual([one["outcome"] for one in said.values()], ["ended"] * 2)
        return signal.sigtimedwait({signal.SIGCHLD}, 0).si_code

    def test_no_freeze(self):
        self.assertEqual(self.first_told(), os.CLD_STOPPED)
        self.assertIn(self.first_told("--no-freeze"), (os.CLD_EXITED, os.CLD_KILLED))


class Terminal(support.Case):
    def test_progress(self):
        """A line on a terminal, redrawn, with how many remain, how long, and whom; gone at the end."""
        child = self.helper("target", "ignore")
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        done = self.proctool("kill-graceful", "-t", "1.5", child.pid, stderr=slave, env={**os.environ, "COLUMNS": "80"})
        os.close(slave)
        seen = b""
        while support.is_readable(master, 0):
            try:
                seen += os.read(master, 65536)
            except OSError:
                break
        self.assertEqual(done.returncode, 0)
        self.assertIn(f"1 remain, 1s until KILL: {child.pid} (target)".encode(), seen)
        self.assertTrue(seen.endswith(f"{child.pid} (target): ended by force\r\n".encode()), seen)


if __name__ == "__main__":
    support.main()
