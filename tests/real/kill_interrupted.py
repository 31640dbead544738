# labels: kill daemon
# timeout: 600
"""Interrupted at each of its system calls in turn: nothing stays stopped."""

import itertools
import os
import signal
import subprocess

import support

support.in_namespaces()

MISSED = 77


class Interrupted(support.Case):
    done = 0  # the status of a run that is over

    def setUp(self):
        if "COUNTED" in os.environ:
            support.skip("most system calls of a run that is counted are its counting, when all is done")

    def tree(self):
        """A shell with two children; TERM is ignored, so that all of it is there to be looked at."""
        shell = self.start(["sh", "-c", "trap '' TERM; sleep 1000 & sleep 1000 & echo ready; wait"])
        with open(f"/proc/{shell.pid}/task/{shell.pid}/children", encoding="ascii") as file:
            children = [self.hold(int(pid)) for pid in file.read().split()]
        return [shell, *children]

    def interrupt(self, number, call, *arguments):
        """Sends the signal as the CALL-th system call is entered. The exit status."""
        return subprocess.run(
            [f"{support.HELPERS}/interrupt", str(int(number)), str(call), support.PROCTOOL, "kill-graceful", "-q",
             *map(str, arguments)], timeout=support.DEADLINE, check=False).returncode

    def go_on(self, processes):
        for process in processes:
            support.until(lambda pid=process.pid: support.state(pid) in ("S", "R"), "nothing stays stopped")

    def at_every_call(self, number, *arguments):
        """However late the signal comes, either the run says that it was interrupted, and everybody goes
        on; or what was asked for is done. (How many calls a run makes depends on who runs beside it.)"""
        processes = self.tree()
        interrupted = 0
        for call in itertools.count(1):
            status = self.interrupt(number, call, *arguments, processes[0].pid)
            if status == MISSED:
                break
            self.assertIn(status, (128 + number, self.done), f"call {call}")
            interrupted += status == 128 + number
            if status == 128 + number or "--suspend" not in arguments:
                self.go_on(processes)
            else:
                self.assertEqual([support.state(process.pid) for process in processes], ["T"] * 3)
        self.assertGreater(interrupted, 60)
        self.assertGreater(interrupted, (call - 1) * 3 // 4)

    def test_ending(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.done = 5
            self.at_every_call(number, "--no-kill", "-t", "0.001", "--tree")

    def test_suspending(self):
        self.done = 0
        self.at_every_call(signal.SIGTERM, "--suspend", "--tree")


if __name__ == "__main__":
    support.main()
