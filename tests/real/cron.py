# cron-graceful with real daemons, each in namespaces of its own. An @reboot job needs no minute.
# labels: daemon
# timeout: 600
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

import support
from support_cron import CRON, DEADLINE, SIGNALS, STAND_IN, Case, children, prepare, status_of, write_program

support.in_namespaces()


@unittest.skipUnless(os.path.exists(CRON), "no Debian cron")
class Cron(Case):
    # --- finding ---

    def test_none(self):
        result = self.graceful()
        self.assertEqual((result.returncode, result.stdout), (0, ""))
        self.assertIn("no cron daemon runs here", result.stderr)

    def test_dry_run(self):
        daemon = self.daemon(self.WAITING)
        result = self.graceful("-n")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(f"Debian cron ({daemon.pid}): supervisor: none; stop: SIGTERM; "
                      "suspend by: ptrace; TERM: default\n  job ", result.stdout)
        self.assertIn(f": until [ -e {self.go} ]; do", result.stdout)
        result = self.graceful("-n", "--json", "--except", self.go)
        self.assertEqual(result.returncode, 0, result.stderr)
        document = json.loads(result.stdout)
        self.assertEqual(document["schema"], 1)
        self.assertEqual([job["excepted"] for job in document["daemons"][0]["jobs"]], [True])
        self.assert_runs(daemon)

    def test_dry_run_of_another_user(self):
        daemon = self.daemon(self.WAITING)
        result = self.graceful("-n", user=65534, group=65534)
        self.assertEqual(result.returncode, 1, result.stderr)
        result = self.graceful(user=65534, group=65534)
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assert_runs(daemon)

    def test_hidden(self):
        """Where other users' processes are hidden nobody knows whether there is one."""
        daemon = self.daemon()
        for mode in 1, 2:
            hidden = ["unshare", "--mount", "sh", "-c", f"mount -t proc -o hidepid={mode} proc /proc && exec "
                      'setpriv --reuid 65534 --regid 65534 --clear-groups "$@"', "sh"]
            for arguments, status in ([], 5), (["-n"], 5), (["--run", "true"], 125):
                result = self.graceful(*arguments, before=hidden)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn("hidepid", result.stderr)
        self.assert_runs(daemon)

    def test_a_strangers_cron(self):
        """What is called so is not it where it is not root's."""
        program = shutil.copy(shutil.which("sleep"), "/run/crond")
        stranger = self.start([program, "1000"], ready=False, user=65534)
        support.until(lambda: support.stat(stranger.pid)[2] == b"crond", "exec")
        result = self.graceful()
        self.assertEqual(result.returncode, 0)
        self.assertIn(f"({stranger.pid}) is left alone: it is not root's", result.stderr)
        self.assertTrue(stranger.is_alive())

    def test_own_beside_roots(self):
        """Who may stop his own only leaves root's alone; alone, that is the error."""
        roots = self.daemon()
        program = shutil.copy(shutil.which("sleep"), "/run/crond")
        own = self.start([program, "1000"], ready=False, user=65534)
        support.until(lambda: support.comm(own.pid) == "crond", "exec")
        result = self.graceful(user=65534, group=65534)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"({roots.pid}) is left alone: it is root's", result.stderr)
        self.assert_has_ended(own)
        self.assert_runs(roots)
        self.assertEqual(self.graceful(user=65534, group=65534).returncode, 5)

    def test_what_only_is_called_so(self):
        """A shell's script, and what a job runs, is no daemon: suspended the job would never end."""
        script = write_program("/run/cron", f"{self.WAITING}\n:")
        outside = self.start([script], ready=False)
        support.until(lambda: support.comm(outside.pid) == "cron", "exec")
        self.assertIn("no cron daemon runs here", self.graceful().stderr)
        self.assertTrue(outside.is_alive())
        with open("/run/crond", "w") as file:
            file.write(f"#!{sys.executable}\nimport os, time\nwhile not os.path.exists('{self.go}'):\n    time.sleep(0.1)\n")
        os.chmod("/run/crond", 0o755)
        daemon = self.daemon("/run/crond; :")
        support.until(lambda: any(support.comm(int(pid)) == "crond" for pid in filter(str.isdigit, os.listdir("/proc"))),
                      "exec")
        ours = self.background()
        self.until_said(ours, f"of Debian cron ({daemon.pid}): /run/crond; :")
        self.end_jobs()
        self.assertEqual(ours.wait(DEADLINE), 0)
        self.assertNotIn("dcron", ours.popen.stderr.read())
        self.assert_has_ended(daemon)

    # --- waiting and stopping ---

    def test_no_job(self):
        daemon = self.daemon()
        result = self.graceful()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(daemon.has_ended())

    def test_jobs_are_finished(self):
        daemon = self.daemon(*[f"{self.WAITING}; : {i}" for i in range(50)])
        ours = self.background()
        self.until_held(daemon)
        self.until_said(ours, "job ")
        self.assertTrue(daemon.is_alive())
        self.end_jobs()
        self.assertEqual(ours.wait(DEADLINE), 0)
        with open(self.done) as file:
            self.assertEqual(file.read(), "x\n" * 50)
        self.assertTrue(daemon.has_ended())

    def test_by_sigstop(self):
        daemon = self.daemon(self.WAITING)
        ours = self.start([*self.refused("EPERM", "ptrace"), support.PROCTOOL, "cron-graceful"],
                          ready=False, stderr=subprocess.PIPE, text=True)
        self.until_said(ours, "is suspended by SIGSTOP")
        self.assertEqual(status_of(daemon.pid, "State"), "T")
        self.end_jobs()
        self.assertEqual(ours.wait(DEADLINE), 0)
        self.assertTrue(daemon.has_ended())

    def test_two_daemons(self):
        first = self.daemon(self.WAITING)
        os.unlink("/run/crond.pid")
        second = self.start([CRON, "-f"], ready=False, stderr=subprocess.DEVNULL)
        ours = self.background()
        self.until_held(first)
        self.until_held(second)
        self.end_jobs()
        self.assertEqual(ours.wait(DEADLINE), 0)
        self.assertTrue(first.has_ended() and second.has_ended())

    def test_dies_while_suspended(self):
        daemon = self.daemon(self.WAITING)
        ours = self.background_at_job()
        daemon.kill()
        self.assertEqual(daemon.wait(DEADLINE), -signal.SIGKILL)
        self.end_jobs()
        self.assertEqual(ours.wait(DEADLINE), 0)

    # --- interrupted ---

    def test_interrupted(self):
        daemon = self.daemon(self.WAITING)
        for number in SIGNALS:
            with self.subTest(number.name):
                ours = self.background_at_job()
                ours.kill(number)
                self.assertEqual(ours.wait(DEADLINE), 128 + number)
                self.assertIn("goes on after", ours.popen.stderr.read())
                self.assert_runs(daemon)

    def test_interrupted_before_the_command(self):
        daemon = self.daemon(self.WAITING)
        ours = self.background("--run", "touch", self.done)
        self.until_said(ours, "job ")
        ours.kill(signal.SIGTERM)
        self.assertEqual(ours.wait(DEADLINE), 128 + signal.SIGTERM)
        self.assertIn("interrupted by signal 15", ours.popen.stderr.read())
        self.assertFalse(os.path.exists(self.done))
        self.assert_runs(daemon)

    def test_killed(self):
        """Our SIGKILL leaves cron running, whenever it comes."""
        daemon = self.daemon(self.WAITING)
        for held in (False, True, True):
            ours = self.background()
            if held:
                self.until_held(daemon)
            ours.kill()
            self.assertEqual(ours.wait(DEADLINE), -signal.SIGKILL)
            self.assert_runs(daemon)

    def test_not_stopped_by_the_terminal(self):
        daemon = self.daemon(self.WAITING)
        ours = self.background_at_job()
        for number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
            ours.kill(number)
        self.end_jobs()
        self.assertEqual(ours.wait(DEADLINE), 0)
        self.assertTrue(daemon.has_ended())

    def test_one_run_at_a_time(self):
        daemon = self.daemon(self.WAITING)
        first = self.background()
        self.until_said(first, "job ")
        result = self.graceful()
        self.assertEqual(result.returncode, 5)
        self.assertIn(f"is traced by process {first.pid}", result.stderr)
        self.assertEqual(status_of(daemon.pid, "TracerPid"), str(first.pid))

    def test_stopped_before(self):
        daemon = self.daemon(self.WAITING)
        daemon.kill(signal.SIGSTOP)
        support.until(lambda: status_of(daemon.pid, "State") == "T", "stopped")
        result = self.graceful("-t", "0.2")
        self.assertEqual(result.returncode, 124, result.stderr)
        support.until(lambda: status_of(daemon.pid, "State") == "T", "stopped as it was")
        self.assertEqual(status_of(daemon.pid, "TracerPid"), "0")
        self.end_jobs()
        result = self.graceful()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("SIGKILL", result.stderr)
        self.assertEqual(daemon.wait(), -signal.SIGTERM)

    # --- the time is over ---

    def test_timeout(self):
        daemon = self.daemon(self.WAITING)
        result = self.graceful("--timeout", "300ms")
        self.assertEqual(result.returncode, 124, result.stderr)
        self.assertIn("1 job left: cron is resumed", result.stderr)
        self.assert_runs(daemon)
        jobs = children(daemon.pid)
        result = self.graceful("--timeout", "300ms", "--on-timeout=stop")
        self.assertEqual(result.returncode, 124, result.stderr)
        self.assertTrue(daemon.has_ended())
        self.assertTrue(all(support.state(job) for job in jobs), "the job goes on")

    def test_timeout_kills_jobs(self):
        daemon = self.daemon(self.WAITING)
        result = self.graceful("--timeout", "300ms", "--on-timeout=kill-jobs")
        self.assertEqual(result.returncode, 124, result.stderr)
        self.assertTrue(daemon.has_ended())
        self.assertFalse(os.path.exists(self.done))

    # --- --run, additions ---

    def test_run(self):
        daemon = self.daemon(self.WAITING)
        self.end_jobs()
        script = f"grep -q '^State:.t' /proc/{daemon.pid}/status && exit 7"
        result = self.graceful("--run", "sh", "-c", script)
        self.assertEqual(result.returncode, 7, result.stderr)
        self.assert_runs(daemon)
        self.assertEqual(self.graceful("--run", "/nowhere").returncode, 127)
        self.assertEqual(self.graceful("--json", "--run", "true").returncode, 125)
        self.assert_runs(daemon)

    def test_run_that_ends_cron(self):
        """A deploy that has it killed, and another one started: that is said."""
        daemon = self.daemon()
        script = f"kill -KILL {daemon.pid}; until grep -q '^State:.Z' /proc/{daemon.pid}/status; do :; done; exit 3"
        result = self.graceful("--run", "sh", "-c", script)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn("has ended while it was suspended", result.stderr)
        self.assert_has_ended(daemon)

    def test_run_is_not_stopped_by_the_terminal(self):
        """Ctrl-Z would stop the command, and cron with it."""
        daemon = self.daemon()
        ours = self.background("--run", "sh", "-c", f"echo up >&2; {self.WAITING}")
        self.until_said(ours, "up")
        command = self.hold(children(ours.pid)[0])
        for number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
            command.kill(number)
        self.assertEqual(int(status_of(command.pid, "SigIgn"), 16) & 7 << 19, 7 << 19)
        self.end_jobs()
        self.assertEqual(ours.wait(DEADLINE), 0)
        self.assert_runs(daemon)

    def test_additions(self):
        daemon = self.daemon()
        path = "/run/additions"
        with open(path, "w") as file:
            file.write(f"#!/bin/sh\ngrep State /proc/{daemon.pid}/status >{self.done}\nexit 3\n")
        self.assertEqual(self.graceful("--additions", path).returncode, 2)
        os.chmod(path, 0o777)
        result = self.graceful("--additions", path)
        self.assertEqual(result.returncode, 2)
        self.assertIn("others than root may change it", result.stderr)
        os.chmod(path, 0o755)
        self.assert_runs(daemon)
        result = self.graceful("--additions", path)
        self.assertEqual(result.returncode, 0)
        self.assertIn("exit status 3", result.stderr)
        with open(self.done) as file:
            self.assertIn("(tracing stop)", file.read())

    def test_run_that_times_out(self):
        daemon = self.daemon(self.WAITING)
        result = self.graceful("--timeout", "300ms", "--run", "touch", self.done)
        self.assertEqual(result.returncode, 124, result.stderr)
        self.assertIn("the command is not run", result.stderr)
        self.assertFalse(os.path.exists(self.done))
        self.assert_runs(daemon)

    def test_named_by_the_user(self):
        """--daemon and --exe-name override what is known."""
        program = shutil.copy(shutil.which("sleep"), "/run/mycrond")
        daemon = self.start([program, "1000"], ready=False)
        support.until(lambda: support.comm(daemon.pid) == "mycrond", "exec")
        self.assertIn("no cron daemon runs here", self.graceful().stderr)
        for words in (["--exe-name", "mycrond"], ["--daemon", str(daemon.pid)]):
            result = self.graceful("-n", *words)
            self.assertIn(f"unknown cron ({daemon.pid}): ", result.stdout, result.stderr)
        stranger = self.start([program, "1000"], ready=False, user=65534)
        support.until(lambda: support.comm(stranger.pid) == "mycrond", "exec")
        result = self.graceful("-n", "--daemon", str(daemon.pid), "--exe-name", "mycrond")
        self.assertIn(f"({stranger.pid}) is left alone: it is not root's", result.stderr, "no pid names it")
        result = self.graceful("--exe-name", "mycrond")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_has_ended(daemon)

    @unittest.skipUnless(os.path.exists(STAND_IN), "no stand-in")
    def test_named_daemon_that_forks(self):
        """Its children bear its name, and are its jobs."""
        program = shutil.copy(STAND_IN, "/run/forkd")
        table = f"/run/{self.name}.tab"
        with open(table, "w") as file:
            file.write(self.WAITING + "\n")
        daemon = self.start([program, table], ready=False, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end_jobs)
        self.until_jobs(daemon, 1)
        ours = self.background("--exe-name", "forkd")
        self.until_said(ours, f"job {children(daemon.pid)[0]} of unknown cron ({daemon.pid}): until")
        self.end_jobs()
        self.assert_drained(ours, daemon)
        self.assertEqual(self.read_done(), "x\n")

    def test_reminders_and_silence(self):
        daemon = self.daemon(self.WAITING)
        ours = self.background("--report", "100ms")
        self.until_said(ours, "still waiting for job ")
        self.until_said(ours, "still waiting for job ")
        ours.kill(signal.SIGTERM)
        ours.wait(DEADLINE)
        ours = self.background("--quiet")
        self.until_held(daemon)
        self.end_jobs()
        self.assertEqual(ours.wait(DEADLINE), 0)
        self.assertEqual(ours.popen.stderr.read(), "")

    def test_progress_on_a_terminal(self):
        daemon = self.daemon(self.WAITING)
        terminal, theirs = os.openpty()
        self.addCleanup(os.close, terminal)
        ours = self.start([support.PROCTOOL, "cron-graceful"], ready=False, stderr=theirs)
        os.close(theirs)
        text = b""
        while b"1 job left: " not in text:
            self.assertTrue(support.is_readable(terminal, DEADLINE), text)
            text += os.read(terminal, 4096)
        self.assertEqual(status_of(daemon.pid, "TracerPid"), str(ours.pid))
        self.end_jobs()
        self.assert_drained(ours, daemon)

    def test_called_from_a_job(self):
        daemon = self.daemon(f"{support.PROCTOOL} cron-graceful 2>{self.done}", wait=False)
        self.assertTrue(daemon.has_ended(DEADLINE))
        support.until(lambda: "has been stopped" in self.read_done(), "its end", DEADLINE)
        self.assertIn("not waited for: we run in it", self.read_done())


if __name__ == "__main__":
    prepare()
    support.main()
