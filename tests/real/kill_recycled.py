# labels: kill daemon
# timeout: 240
"""A pid that is given to a bystander in the middle of the run, before each of its system calls in turn."""

import itertools
import subprocess

import support

support.needs_speed()
support.in_namespaces()

WAYS = {
    "criteria": ["-t", "1", "--comm", "victim"],
    "TARGET with criteria": ["-t", "1", "--comm", "victim", "%p"],
    "tree": ["-t", "1", "--tree", "--comm", "victim", "%p"],
    "suspend": ["--suspend", "--comm", "victim"],
    "pid file's guard": ["-t", "1", "--exe-name", "recycle", "--comm", "victim", "%p"],
}


class Recycled(support.Case):
    before = ()
    rounds = 1  # over all steps

    def trial(self, step, words):
        """What became of the bystander, right, wrong or missed (the run was over before), and the status."""
        done = subprocess.run([*self.before, f"{support.HELPERS}/recycle", str(step), support.PROCTOOL,
                               "kill-graceful", "-q", *words],
                              stdout=subprocess.PIPE, text=True, timeout=support.DEADLINE, check=False)
        if done.returncode == support.SKIPPED:
            support.skip(done.stdout.strip())
        outcome, status = done.stdout.split()
        return outcome, int(status)

    def count(self, way):
        """How many trials, and at which steps the bystander was signalled."""
        trials, wrong = 0, []
        for _ in range(self.rounds):
            for step in itertools.count(1):
                outcome, status = self.trial(step, WAYS[way])
                if outcome == "missed":
                    self.assertEqual(status, 0, f"{way}: untouched, at step {step}")
                    break
                trials += 1
                if outcome == "wrong":
                    wrong.append(step)
        self.assertGreater(trials, 50, "the run has hardly any system calls?")
        return trials, wrong

    def test_nobody_else_is_signalled(self):
        if support.KERNEL:
            support.skip("no pidfds: see Refused")
        total = 0
        for way in WAYS:
            with self.subTest(way=way):
                trials, wrong = self.count(way)
                self.assertEqual(wrong, [], f"of {trials} trials")
                total += trials
        print(f"{total} trials, 0 wrong")


class Refused(Recycled):
    """Without pidfds the window is between the last look and kill(2): that call itself, stopped at
    its entry, and what little stands before it."""

    def setUp(self):
        self.before = self.refused("ENOSYS", "pidfd_open", "pidfd_send_signal")

    def test_nobody_else_is_signalled(self):
        for way in WAYS:
            with self.subTest(way=way):
                trials, wrong = self.count(way)
                print(f"without pidfds, {way}: {len(wrong)} of {trials} points let a bystander be signalled")
                self.assertLessEqual(len(wrong), trials // 10)


if __name__ == "__main__":
    support.main()
