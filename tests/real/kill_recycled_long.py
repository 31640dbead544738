# labels: kill long
# timeout: 1200
"""Ten thousand trials of kill_recycled, with pidfds."""

import itertools

import support

support.in_namespaces()

import kill_recycled  # noqa: E402

TRIALS = 10000


class TenThousand(kill_recycled.Recycled):
    def test_nobody_else_is_signalled(self):
        total, wrong = 0, []
        for way in itertools.cycle(kill_recycled.WAYS):
            trials, of_this = self.count(way)
            total += trials
            wrong += [(way, step) for step in of_this]
            if total >= TRIALS:
                break
        print(f"{total} trials, {len(wrong)} wrong")
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    support.main()
