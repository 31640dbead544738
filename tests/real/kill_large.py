# labels: kill long serial
# timeout: 300
"""Five thousand processes that ignore SIGTERM, latency, and what waiting costs."""

import json
import os
import resource
import signal
import statistics
import subprocess
import time

import support

support.in_namespaces()

COUNT = 5000


class Large(support.Case):
    def grow(self):
        target = self.helper("target", "tree", COUNT)
        self.assertEqual(int(target.line), target.pid)
        return target

    def end(self, *arguments, **options):
        """Seconds from the timeout, which begins when the last TERM has been sent, to our end."""
        begin = time.monotonic()
        done = self.proctool("kill-graceful", "-q", "-t", "0.2", "--json", *arguments, **options)
        took = time.monotonic() - begin
        self.assertEqual(done.returncode, 0)
        processes = json.loads(done.stdout)["processes"]
        self.assertEqual({one["outcome"] for one in processes}, {"killed"})
        self.assertEqual(len(processes), COUNT + 1)
        timeout = max(one["signals"][0]["seconds"] for one in processes) + 0.2
        left = [pid for pid in os.listdir("/proc") if pid.isdigit() and support.comm(pid) == "target"
                and support.state(pid) not in ("Z", "X")]
        self.assertEqual(left, [])
        print(f"{COUNT + 1} processes: TERM sent after {timeout - 0.2:.2f} s, all ended {took - timeout:.2f} s "
              "after the timeout")
        return took - timeout

    def test_tree(self):
        target = self.grow()
        self.assertLess(self.end("--tree", target.pid), 2)

    def test_few_descriptors(self):
        target = self.grow()
        took = self.end("--tree", target.pid,
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
        self.assertLess(took, 2)

    def test_criteria(self):
        self.grow()
        self.assertLess(self.end("--comm", "target"), 2)


class Waiting(support.Case):
    def test_latency(self):
        """From the last target's exit to ours: 5 ms at most, by median."""
        delays = []
        for _ in range(51):
            target = self.helper("target", "plain")
            waiting = subprocess.Popen([support.PROCTOOL, "kill-graceful", "--wait", str(target.pid)])
            support.until(lambda pid=waiting.pid: support.state(pid) == "S", "waits")
            target.kill(signal.SIGKILL)
            self.assertTrue(target.has_ended())
            begin = time.monotonic()
            self.assertEqual(waiting.wait(support.DEADLINE), 0)
            delays.append(time.monotonic() - begin)
        print(f"latency: median {statistics.median(delays) * 1e3:.2f} ms")
        self.assertLessEqual(statistics.median(delays), 0.005)

    def test_processor_time(self):
        """Of a wait of 10 s for one process: 10 ms at most."""
        target = self.helper("target", "plain")
        waiting = subprocess.Popen([support.PROCTOOL, "kill-graceful", "--wait", "-t", "10", "-q", str(target.pid)])
        _, status, usage = os.wait4(waiting.pid, 0)
        waiting.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(waiting.returncode, 124)
        spent = usage.ru_utime + usage.ru_stime
        print(f"a wait of 10 s: {spent * 1e3:.1f} ms of processor time")
        self.assertLessEqual(spent, 0.010)


if __name__ == "__main__":
    support.main()
