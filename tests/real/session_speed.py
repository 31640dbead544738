# labels: daemon serial
# timeout: 120
# With 2,000 processes a session is found, and its command started, within twice what it costs to read
# every process's environment; where logind answers, nobody else's environment is read.
import os
import subprocess
import time

import desktop
import support

desktop.enter({"helpers": support.HELPERS})

PROCESSES = 2000


class Speed(desktop.Case):
    def crowd(self, uid):
        self.start_as(uid, [f"{desktop.PLACE}/helpers/crowd", str(PROCESSES)],
                      {"LANG": "de_DE.UTF-8", "FILLER": "x" * 2000}, ready=True)

    @staticmethod
    def best(action, times=5):
        seconds = []
        for _ in range(times):
            begin = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - begin)
        return min(seconds)

    def read_all(self):
        subprocess.run(["sh", "-c", "cat /proc/[0-9]*/environ >/dev/null"], check=False,
                       stderr=subprocess.DEVNULL)

    def compare(self):
        def run():
            self.assertEqual(self.gui("true").returncode, 0)
        floor, ours = self.best(self.read_all), self.best(run)
        print(f"environ of all {floor * 1000:.1f} ms, session and command {ours * 1000:.1f} ms")
        self.assertLess(ours, 2 * floor)

    def test_without_logind(self):
        self.listen("/tmp/.X11-unix/X5", 1000)
        self.witness(1000, DISPLAY=":5")
        self.crowd(1000)
        self.compare()

    def test_with_logind(self):
        self.session("2", 1000)
        self.wayland(1000)
        self.crowd(1002)
        self.compare()
        trace = "/tmp/trace"
        if not os.path.exists("/usr/bin/strace"):
            support.skip("no strace to see what is read")
        subprocess.run(["strace", "-f", "-e", "trace=openat,open", "-o", trace,
                        f"{desktop.BIN}/with-gui-environment", "true"], env={}, check=True)
        with open(trace) as file:
            self.assertEqual([line for line in file if 'environ"' in line], [])


if __name__ == "__main__":
    support.main()
