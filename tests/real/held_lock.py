# timeout: 120
"""Processes that hold their mmap lock for ever: whoever reads their cmdline would hang with them."""

import json
import os
import time

import support

# LeakSanitizer waits for every thread, the abandoned ones too.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
support.in_namespaces()

HELD_MOST = 8  # PT_HELD_MAX


class HeldLock(support.Case):
    def stuck(self, count):
        """Processes that nobody can read to the end."""
        child = self.helper("stuck", count)
        lines = [child.line]
        while len(lines) < count and not lines[-1].startswith("skipped"):
            lines.append(support.read_line(child.popen.stdout.fileno()))
        if lines[-1].startswith("skipped"):
            support.skip(lines[-1])
        return [int(line) for line in lines]

    def records(self, *arguments):
        result = self.proctool("ps-tree", "--jsonl", *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return {record["pid"]: record for record in map(json.loads, result.stdout.splitlines())}

    def test_one(self):
        """It costs its own argv and nobody else anything; our exit waits for nothing."""
        (target,) = self.stuck(1)
        start = time.monotonic()
        records = self.records("-o", "pid,comm,state,argv,euid")
        self.assertGreater(time.monotonic() - start, 0.9)
        held = records.pop(target)
        self.assertEqual((held["comm"], held["state"], held["euid"]), ("stuck-target", "D", 0))
        self.assertEqual((held["argv"], held["errors"]), (None, {"argv": "ETIMEDOUT"}))
        self.assertIn(os.getpid(), records)
        for record in records.values():
            self.assertIsNotNone(record["argv"], record)

    def test_what_needs_no_lock(self):
        """Nothing waits where nothing of that kind was asked for."""
        (target,) = self.stuck(1)
        records = self.records("-o", "pid,comm,exe,cgroup,uid", "--pid", target)
        self.assertNotIn("errors", records[target])
        self.assertIn("stuck-target", self.proctool("ps-tree").stdout)

    def test_criterion(self):
        """What cannot be decided is no match."""
        (target,) = self.stuck(1)
        sleeper = self.start(["sh", "-c", "echo ready; exec sleep 1234"])
        result = self.proctool("ps-tree", "--list", "--cmdline", "^(sleep 1234|stuck)")
        self.assertEqual(result.returncode, 0)
        self.assertIn(str(sleeper.pid), result.stdout.split())
        self.assertNotIn(str(target), result.stdout.split())

    def test_many(self):
        """So many of them are tried, and then nobody is; the rest of each record is there."""
        targets = self.stuck(HELD_MOST + 1)
        records = self.records("-o", "pid,comm,argv")
        for target in targets:
            self.assertEqual(records[target]["comm"], "stuck-target")
            self.assertEqual(records[target]["errors"], {"argv": "ETIMEDOUT"})


if __name__ == "__main__":
    support.main()
