# labels: kill
# timeout: 180
"""A sleeping leader and a thread that forks without end, 300 MiB resident: suspended it is still."""

import os

import support

support.in_namespaces()

MEBIBYTES = 300
TRIALS = 10
STILL = 0.05  # seconds, in which it forks some twenty times when it runs


class Threads(support.Case):
    trials = TRIALS
    before = ()

    def everybody(self):
        """{pid: (state, ticks)} of all here but us, PID 1 and what has ended."""
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())]
        fields = {pid: support.stat(pid) for pid in pids}
        return {pid: (one[3], one[14], one[15]) for pid, one in fields.items() if one and one[3] not in b"ZX"}

    def test_nothing_runs_or_appears(self):
        """Suspended, nothing changes; and no thread of anybody runs, whatever the leader's state says."""
        target = self.helper("target", "threads", MEBIBYTES)
        for _ in range(self.trials):
            done = self.proctool("kill-graceful", "--suspend", "--tree", target.pid, before=self.before)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            first = self.everybody()
            self.assertEqual({state for state, _, _ in first.values()}, {b"T"})
            for pid in first:
                for thread in os.listdir(f"/proc/{pid}/task"):
                    self.assertEqual(support.stat(f"{pid}/task/{thread}")[3], b"T")
            self.assertFalse(target.has_ended(STILL))
            self.assertEqual(self.everybody(), first)
            done = self.proctool("kill-graceful", "--resume", "--tree", target.pid, before=self.before)
            self.assertEqual(done.returncode, 0, done)
            support.until(lambda before=first: set(self.everybody()) - set(before), "it forks again")
        done = self.proctool("kill-graceful", "--tree", target.pid, before=self.before)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.everybody(), {})


class ThreadsENOSYS(Threads):
    def setUp(self):
        self.before = self.refused("ENOSYS", "pidfd_open", "pidfd_send_signal")


if __name__ == "__main__":
    support.main()
