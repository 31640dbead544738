# labels: kill
# timeout: 180
"""Kernels without lists of children (CONFIG_PROC_CHILDREN): whole scans, under the same rule."""

import os
import subprocess

import support

support.in_namespaces()


class NoLists(support.Case):
    before = []

    def setUp(self):
        if support.KERNEL:
            return  # one that has none
        self.before = [f"{support.HELPERS}/conceal", "children", "--"]
        done = subprocess.run([*self.before, "true"], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode == support.SKIPPED:
            support.skip(done.stdout.strip())

    def kill(self, *arguments):
        return self.proctool("kill-graceful", *arguments, before=self.before, deadline=60)

    def others(self):
        """[(pid, comm, state)] of whoever runs here but PID 1, us and those that conceal."""
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        all_of_them = [(pid, support.comm(pid), support.state(pid)) for pid in pids if pid not in (1, os.getpid())]
        return [one for one in all_of_them if one[1] not in ("", "conceal") and one[2] not in ("", "Z", "X")]

    def test_tree(self):
        target = self.helper("target", "tree", 50)
        done = self.kill("-v", "-t", "0.2", "--tree", target.pid)
        self.assertEqual(done.returncode, 0)
        self.assertIn("whole scans are a best effort", done.stderr)
        self.assertEqual(self.others(), [])

    def test_criteria(self):
        self.helper("target", "tree", 20)
        self.assertEqual(self.kill("-q", "-t", "0.2", "--comm", "target").returncode, 0)
        self.assertEqual(self.others(), [])

    def test_run(self):
        done = self.kill("-q", "-t", "0.2", "--run", f"{support.HELPERS}/target", "daemons", "5")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(self.others(), [])

    def test_suspend(self):
        target = self.helper("target", "threads", 1)
        self.assertEqual(self.kill("--suspend", "--tree", target.pid).returncode, 0)
        self.assertEqual({state for _, _, state in self.others()}, {"T"})
        self.assertEqual(self.kill("-q", "-9", "--tree", target.pid).returncode, 0)
        self.assertEqual(self.others(), [])


if __name__ == "__main__":
    support.main()
