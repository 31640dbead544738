# labels: kill long
# timeout: 600
"""A hundred trials of what kill_run leaves behind: nothing."""

import support

support.in_namespaces()

import kill_run  # noqa: E402


class Hundred(kill_run.Leftovers):
    trials = 100


class HundredRefused(Hundred):
    def setUp(self):
        self.before = self.refused("ENOSYS", "pidfd_open", "pidfd_send_signal")


if __name__ == "__main__":
    support.main()
