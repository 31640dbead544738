# labels: kill
# timeout: 120
"""Processes that a control group has frozen, by either version: told and reported, never written to."""

import os
import signal
import subprocess
import tempfile
import unittest

import support

support.in_namespaces()


class Frozen(support.Case):
    """A hierarchy mounted for us alone, though its groups are the machine's: removed afterwards."""

    def mount(self, *options):
        directory = tempfile.mkdtemp()
        done = subprocess.run(["mount", *options, "none", directory], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            os.rmdir(directory)
            support.skip(done.stderr.strip())
        self.addCleanup(os.rmdir, directory)
        self.addCleanup(subprocess.run, ["umount", directory], check=True)
        group = f"{directory}/proctool-test-{os.getpid()}"
        try:
            os.mkdir(group)
        except OSError as error:
            support.skip(f"no group can be made: {error}")
        self.addCleanup(self.remove, group)
        return group

    def remove(self, group):
        support.until(lambda: not open(f"{group}/cgroup.procs", encoding="ascii").read(), "the group is empty")
        os.rmdir(group)

    def write(self, path, text):
        try:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        except OSError as error:
            support.skip(f"{path}: {error}")

    def targets(self, group):
        """A parent and a child of it in the group."""
        parent = self.start(["sh", "-c", "sleep 1000 & echo $!; wait"])
        child = self.hold(int(parent.line))
        for process in (parent, child):
            self.write(f"{group}/cgroup.procs", str(process.pid))
        return parent, child

    def kill(self, *arguments):
        return self.proctool("kill-graceful", *arguments)


class Version1(Frozen):
    def freeze(self):
        group = self.mount("-t", "cgroup", "-o", "freezer")
        parent, child = self.targets(group)
        self.write(f"{group}/freezer.state", "FROZEN")
        self.addCleanup(self.write, f"{group}/freezer.state", "THAWED")
        support.until(lambda: open(f"{group}/freezer.state", encoding="ascii").read() == "FROZEN\n", "frozen")
        return group, parent, child

    def test_survives_even_force(self):
        group, parent, _ = self.freeze()
        done = self.kill("--retry", "TERM/0.1/KILL/0.1", parent.pid)
        self.assertEqual(done.returncode, 5)
        self.assertRegex(done.stderr, rf"^kill-graceful: {parent.pid} \(sh\): survived: state D( in \S+)?, "
                         r"frozen by its cgroup\n$")
        with open(f"{group}/freezer.state", encoding="ascii") as file:
            self.assertEqual(file.read(), "FROZEN\n")
        self.write(f"{group}/freezer.state", "THAWED")
        self.assertEqual(parent.wait(), -signal.SIGKILL)

    def test_counts_as_stopped(self):
        """It does not keep a set from being closed: nothing is given up."""
        group, parent, child = self.freeze()
        done = self.kill("-v", "--suspend", "--tree", parent.pid)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("the set is closed", done.stderr)
        self.write(f"{group}/freezer.state", "THAWED")
        for process in (parent, child):
            support.until(lambda pid=process.pid: support.state(pid) == "T", "stopped once it has thawed")


@unittest.skipIf(support.KERNEL, "cgroup v2 came with Linux 4.5")
class Version2(Frozen):
    def freeze(self):
        group = self.mount("-t", "cgroup2")
        if not os.path.exists(f"{group}/cgroup.freeze"):
            support.skip("no cgroup.freeze (before Linux 5.2)")
        parent, child = self.targets(group)
        self.write(f"{group}/cgroup.freeze", "1")
        self.addCleanup(self.write, f"{group}/cgroup.freeze", "0")
        support.until(lambda: "frozen 1" in open(f"{group}/cgroup.events", encoding="ascii").read(), "frozen")
        return group, parent, child

    def test_survives_but_not_force(self):
        """What would end it at once does; what it would handle waits."""
        group, _, _ = self.freeze()
        self.write(f"{group}/cgroup.freeze", "0")
        child = self.helper("target", "handler")
        self.write(f"{group}/cgroup.procs", str(child.pid))
        self.write(f"{group}/cgroup.freeze", "1")
        support.until(lambda: "frozen 1" in open(f"{group}/cgroup.events", encoding="ascii").read(), "frozen")
        name = f"kill-graceful: {child.pid} (target)"
        done = self.kill("-t", "0.1", "--no-kill", child.pid)
        self.assertEqual((done.returncode, done.stderr), (5, f"{name}: survived: state S, frozen by its cgroup\n"))
        done = self.kill("-t", "0.1", child.pid)
        self.assertEqual((done.returncode, done.stderr), (0, f"{name}: ended by force\n"))

    def test_tree(self):
        group, parent, child = self.freeze()
        done = self.kill("-v", "-t", "0.1", "--tree", parent.pid)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("the set is closed", done.stderr)
        self.assertTrue(parent.has_ended() and child.has_ended())
        with open(f"{group}/cgroup.freeze", encoding="ascii") as file:
            self.assertEqual(file.read(), "1\n")


if __name__ == "__main__":
    support.main()
