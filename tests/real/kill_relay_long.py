# labels: kill long serial
# timeout: 600
"""A hundred trials of the relay, with what other tools leave of it beside them."""

import os
import subprocess
import unittest

import support

support.in_namespaces(orphans=True)

import kill_relay  # noqa: E402

TRIALS = 100
TRIALS_OF_OTHERS = 10


class Hundred(kill_relay.Relay):
    trials = TRIALS


class HundredENOSYS(kill_relay.Relay):
    """Without pidfds what was read is compared before each signal."""

    error = "ENOSYS"
    trials = TRIALS

    def kill(self, *arguments, **options):
        return super().kill(*arguments, before=self.refused(self.error, "pidfd_open", "pidfd_send_signal"))


class HundredEPERM(HundredENOSYS):
    """As old container profiles say it."""

    error = "EPERM"


@unittest.skipUnless(os.geteuid() == 0, "who is not root may not go before others")
class HundredOnABusyMachine(kill_relay.Relay):
    """Others want four times as many CPUs as there are."""

    trials = TRIALS

    def setUp(self):
        super().setUp()
        for _ in range(4 * os.cpu_count()):
            self.start(["sh", "-c", "while :; do :; done"], ready=False)

    def test_lanes_of_threads(self):
        """Each thread needs a CPU before it can stop: where that takes too long it is said, and counted here."""
        statuses = []

        def end(root):
            done = self.proctool("kill-graceful", "-q", "--tree", root)
            self.assertIn(done.returncode, (0, 5))
            statuses.append(done.returncode)

        left = [self.trial(end, "-s", "-w") for _ in range(self.trials)]
        self.assertEqual([left[i] for i in range(self.trials) if statuses[i] == 0], [0] * statuses.count(0))
        print(f"kill-graceful --tree ROOT: said to be outgrown in {statuses.count(5)} of {self.trials} trials, "
              f"in which {sum(left)} processes were left")


class Others(kill_relay.Trials):
    """Counted, and not judged."""

    def count(self, what, *command):
        def end(root):
            subprocess.run([word.replace("ROOT", str(root)) for word in command], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=support.DEADLINE)

        left = [self.trial(end, "-s") for _ in range(TRIALS_OF_OTHERS)]
        print(f"{what}: leaves {left} processes, none in {left.count(0)} of {TRIALS_OF_OTHERS} trials")

    def test_ourselves_without_lists_of_children(self):
        """A best effort, as the manual says."""
        conceal = [f"{support.HELPERS}/conceal", "children", "--"]
        self.count("kill-graceful --tree ROOT without lists of children",
                   *conceal, support.PROCTOOL, "kill-graceful", "-q", "-t", "1", "--tree", "ROOT")

    def test_killall(self):
        self.count("killall -9 relay", "killall", "-9", "relay")

    def test_pkill_session(self):
        self.count("pkill -9 -s ROOT", "pkill", "-9", "-s", "ROOT")

    def test_pkill_parent(self):
        self.count("pkill -9 -P ROOT", "pkill", "-9", "-P", "ROOT")


if __name__ == "__main__":
    support.main()
