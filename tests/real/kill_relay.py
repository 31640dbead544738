# labels: kill serial
# timeout: 180
"""A relay: in each of 50 lanes every process forks a successor and exits 2 ms later."""

import contextlib
import os
import signal

import support

support.in_namespaces(orphans=True)

LANES = 50
TRIALS = 10


def others():
    """The pids of everybody here but PID 1 and ourselves."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())]


def running(session=None):
    """How many run, of a session or at all."""
    fields = [support.stat(pid) for pid in others()]
    return sum(1 for one in fields if one and one[3] not in b"ZX" and session in (None, int(one[6])))


def left_of(session):
    """A scan is not atomic, and a lane is never where it was: the most that one of several has seen."""
    return max(running(session) for _ in range(8))


def end_all(relay):
    """Ends whoever is left, by the end of the pipe that all hold."""
    relay.popen.stdin.close()
    support.until(lambda: running() == 0, "everybody ends")


class Relay(Trials):
    def test_tree_below_a_subreaper(self):
        self.all_end(self.kill("--tree", None), "-s")

    def test_tree_by_force(self):
        self.all_end(self.kill("--tree", "-9", None), "-s")

    def test_session_without_a_subreaper(self):
        """The lanes hang under a reaper that is no member, as init is none."""
        self.all_end(self.kill("--session", None))

    def test_lanes_of_threads(self):
        """In each process a thread forks the successor, while the leader sleeps."""
        self.all_end(self.kill("--tree", None), "-s", "-w")


if __name__ == "__main__":
    support.main()
