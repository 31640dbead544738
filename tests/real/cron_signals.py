# cron-graceful is interrupted and killed at each of its stages: nothing is left suspended, as /proc has it.
# labels: daemon
# timeout: 400
import os
import signal
import time
import unittest

import support
from support_cron import CRON, DEADLINE, SIGNALS, Case, prepare, status_of, write_program

support.in_namespaces()

STOPS = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)


@unittest.skipUnless(os.path.exists(CRON), "no Debian cron")
class Signals(Case):
    def until_marked(self):
        support.until(lambda: os.path.exists(self.mark), f"{self.mark}", DEADLINE)
        os.unlink(self.mark)

    def hang(self):
        """What a helper does: says that it runs, and does not end."""
        return f"touch {self.mark}; exec sleep 1000"

    # Each begins a run and returns it at its stage.

    def settling(self, daemon):
        """A job that begins each moment: cron is never suspended for long."""
        ours = self.background("-v")
        self.until_said(ours, "may be launching")
        return ours

    def in_additions(self, daemon):
        path = write_program(f"/run/{self.name}.additions", self.hang())
        ours = self.background("--additions", path)
        self.until_marked()
        return ours

    def asking(self, daemon):
        ours = self.background(env=self.write_systemctl("case $1 in show) {hang} ;; esac", hang=self.hang()))
        self.until_marked()
        return ours

    def waiting(self, daemon):
        return self.background_at_job()

    def stopping(self, daemon):
        """Its supervisor is asked, and sends nothing."""
        self.end_jobs()
        text = "case $1 in show) printf 'MainPID={pid}\\nKillMode=process\\n' ;; stop) {hang} ;; esac"
        ours = self.background(env=self.write_systemctl(text, hang=self.hang(), pid=daemon.pid))
        self.until_marked()
        return ours

    def check(self, stage, prepared=lambda daemon: None, jobs=True, held=True):
        daemon = self.daemon(*[self.WAITING] * jobs)
        self.mark = f"/run/{self.name}.mark"
        prepared(daemon)
        for number in (*SIGNALS, signal.SIGKILL):
            with self.subTest(number.name):
                ours = stage(daemon)
                if held:
                    self.assertEqual(status_of(daemon.pid, "TracerPid"), str(ours.pid))
                for stop in STOPS:
                    ours.kill(stop)
                ours.kill(number)
                began = time.monotonic()
                status = ours.wait(DEADLINE)
                self.assertEqual(status, -number if number == signal.SIGKILL else 128 + number)
                self.assertLess(time.monotonic() - began, 10, "it ends at once, whatever a helper does")
                self.assert_runs(daemon)
        return daemon

    def in_unit(self, daemon):
        self.systemctl(daemon)

    def test_settling(self):
        """No daemon may be suspended while it launches; here a child of a second ago looks like that for ever."""
        self.check(self.settling, self.be_young, jobs=0, held=False)

    def be_young(self, daemon):
        """Its record says that it has a young child for as long as the test lasts: itself in a fresh disguise."""
        child = self.start(["sleep", "1000"], ready=False)
        fields = support.stat(child.pid)
        fields[4] = str(daemon.pid).encode()  # where there are no lists
        fields[22] = str(2**50).encode()  # it will have been started in the future
        for pid, name, text in ((daemon.pid, f"task/{daemon.pid}/children", f"{child.pid} ".encode()),
                                (child.pid, "stat", fields[1] + b" (sleep) " + b" ".join(fields[3:]) + b"\n")):
            path = f"/run/{self.name}.{pid}"
            with open(path, "wb") as file:
                file.write(text)
            support.until(lambda p=path, t=f"/proc/{pid}/{name}": not os.system(f"mount --bind {p} {t}"), name)
            self.addCleanup(os.system, f"umount /proc/{pid}/{name}")

    def test_additions(self):
        self.check(self.in_additions)

    def test_asking(self):
        self.check(self.asking, self.in_unit)

    def test_waiting(self):
        self.check(self.waiting)

    def test_stopping(self):
        self.check(self.stopping, self.in_unit)

    def test_stops_alone(self):
        """Ctrl-Z and its like do nothing, at any stage; the run goes on."""
        daemon = self.daemon(self.WAITING)
        ours = self.waiting(daemon)
        for stop in STOPS:
            ours.kill(stop)
        self.assertNotIn(support.state(ours.pid), ("T", ""))
        self.end_jobs()
        self.assert_drained(ours, daemon)

    def test_after_sigstop(self):
        """Without ptrace a signal has cron go on all the same."""
        daemon = self.daemon(self.WAITING)
        for number in SIGNALS:
            with self.subTest(number.name):
                ours = self.background(before=self.refused("EPERM", "ptrace"))
                self.until_said(ours, "is suspended by SIGSTOP")
                self.assertEqual(status_of(daemon.pid, "State"), "T")
                ours.kill(number)
                self.assertEqual(ours.wait(DEADLINE), 128 + number)
                self.assert_runs(daemon)


if __name__ == "__main__":
    prepare()
    support.main()
