# labels: kill long
# timeout: 600
"""A hundred trials of kill_threads."""

import support

support.in_namespaces()

import kill_threads  # noqa: E402


class Hundred(kill_threads.Threads):
    trials = 100


class HundredRefused(kill_threads.ThreadsENOSYS):
    trials = 100


if __name__ == "__main__":
    support.main()
