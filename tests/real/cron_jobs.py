# cron-graceful and what jobs do: mail, daemons of their own, detaching, late batches, bad words.
# labels: daemon
# timeout: 400
import json
import os
import signal
import subprocess
import unittest

import support
from support_cron import CRON, DEADLINE, STAND_IN, Case, children, find, prepare, run, status_of, write_program

support.in_namespaces()

SLEEPER = "(exec sleep 1000) & echo $! >%s.tmp; mv %s.tmp %s;"  # outlives its job; says its pid


class JobCase(Case):
    def sleeper(self):
        """What a job of SLEEPER has left behind."""
        path = f"/run/{self.name}.pid"
        support.until(lambda: os.path.exists(path), "the sleeper's pid", DEADLINE)
        with open(path) as file:
            return self.hold(int(file.read()))

    def starts_sleeper(self):
        path = f"/run/{self.name}.pid"
        return SLEEPER % (path, path, path)

    def leaving(self, start):
        """A daemon with a job that leaves a sleeper behind, and that."""
        daemon = start(self.starts_sleeper() + self.WAITING)
        return daemon, self.sleeper()


@unittest.skipUnless(os.path.exists(CRON), "no Debian cron")
class DebianCron(JobCase):
    def test_leaves_a_daemon_behind(self):
        """What is in a job's session is its, and not waited for."""
        daemon, sleeper = self.leaving(self.daemon)
        ours = self.background_at_job()
        self.end_jobs()
        text = self.until_said(ours, "detached: not waited for (see --detached)")
        self.assertIn("sleep 1000", text)
        self.assert_drained(ours, daemon)
        self.assertTrue(sleeper.is_alive())

    def test_detached_is_waited_for(self):
        daemon, sleeper = self.leaving(self.daemon)
        ours = self.background_at_job("--detached")
        self.end_jobs()
        self.until_said(ours, "s, detached)")
        self.assertTrue(daemon.is_alive())
        sleeper.kill()
        self.assert_drained(ours, daemon)

    def test_leaves_its_session_while_we_wait(self):
        """setsid, then a fork whose parent ends: its session was seen below the job."""
        leave = f"/run/{self.name}.leave"
        inner = f"until [ -e {leave} ]; do sleep 0.1; done; {self.starts_sleeper()}"
        script = write_program(f"/run/{self.name}.sh", inner)
        daemon = self.daemon(f"setsid {script} & {self.WAITING}")
        top, = children(daemon.pid)
        support.until(lambda: self.below(top, script), "the script", DEADLINE)
        ours = self.background_at_job()
        open(leave, "w").close()
        sleeper = self.sleeper()
        self.end_jobs()
        self.until_said(ours, "detached: not waited for (see --detached)")
        self.assert_drained(ours, daemon)
        self.assertTrue(sleeper.is_alive())

    def below(self, pid, script):
        """Whether a descendant runs the script as the leader of a session."""
        for child in children(pid):
            fields = support.stat(child)
            if fields and fields[2].decode() == os.path.basename(script)[:15] and int(fields[6]) == child:
                return True
            if self.below(child, script):
                return True
        return False

    def test_mail_after_the_job(self):
        """The CRON child sends it when the job has ended: the job is not over."""
        support.overlay("/usr/sbin")
        write_program("/usr/sbin/sendmail", f"cat >{self.done}; until [ -e {self.go} ]; do sleep 0.1; done")
        daemon = self.daemon("echo a word", wait=False, head="MAILTO=root\n")
        support.until(lambda: os.path.exists(self.done) and "a word" in self.read_done(), "the mail", DEADLINE)
        ours = self.background_at_job()
        self.assertTrue(daemon.is_alive())
        self.end_jobs()
        self.assert_drained(ours, daemon)

    def test_since_the_start_of_cron(self):
        """An @reboot service, in a time where the machine has run for hours."""
        daemon = self.daemon(self.WAITING)
        job, = children(daemon.pid)
        for pid, ticks in ((daemon.pid, 100), (job, 150)):
            fields = support.stat(pid)
            fields[22] = str(ticks).encode()
            path = f"/run/{self.name}.{pid}"
            with open(path, "wb") as file:
                file.write(fields[1] + b" (" + fields[2] + b") " + b" ".join(fields[3:]) + b"\n")
            run("mount", "--bind", path, f"/proc/{pid}/stat")
            self.addCleanup(run, "umount", f"/proc/{pid}/stat")
        later = ["unshare", "--time", "--boottime", "10800"]
        if subprocess.run([*later, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
            support.skip("no time namespaces")
        result = self.graceful("-n", before=[*later, "--fork"])
        self.assertIn("since the start of cron (@reboot? see --except)", result.stdout, result.stderr)
        self.assertEqual(result.returncode, 1)

    def test_ends_while_we_scan(self):
        for _ in range(5):
            daemon = self.daemon(*["sleep 0.0%d" % i for i in range(9)], wait=False)
            support.until(lambda: os.path.exists("/run/crond.reboot"), "cron begins its jobs")
            result = self.graceful()
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assert_has_ended(daemon)
            os.unlink("/run/crond.reboot")

    def test_bad_words(self):
        daemon = self.daemon()
        sleeper = self.start(["sleep", "1000"], ready=False)
        writable = write_program("/run/writable", "true")
        os.chmod(writable, 0o666 | 0o111)
        os.makedirs("/run/open", exist_ok=True)
        os.chmod("/run/open", 0o777)
        replaceable = write_program("/run/open/program", "true")
        for arguments, word in (
            (["--on-timeout=perhaps"], "perhaps"),
            (["--timeout", "soon"], "soon"),
            (["--report", "-1"], "-1"),
            (["--except", "("], "unbalanced ("),
            (["--except", ""], "empty"),
            (["--exe-name", ""], "empty"),
            (["--daemon", "cron"], "cron"),
            (["--additions", "/nowhere"], "there is no such program"),
            (["-n", "--additions", "/nowhere"], "there is no such program"),
            (["--daemon", "999999", "--additions", "/nowhere"], "there is no such program"),
            (["--additions", "/etc/passwd"], "it may not be run"),
            (["--additions", writable], "it may not be run"),
            (["--additions", replaceable], "it may not be run"),
            (["--additions", "x", "--no-additions"], "exclude each other"),
            (["--frobnicate"], "--frobnicate"),
            (["operand"], "operand"),
        ):
            with self.subTest(arguments):
                result = self.graceful(*arguments)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn(word, result.stderr)
                self.assert_runs(daemon)
        result = self.graceful("--daemon", "999999")
        self.assertEqual(result.returncode, 0)
        self.assertIn("--daemon 999999: there is no such process", result.stderr)
        self.assert_runs(daemon)
        result = self.graceful("-n", "--daemon", str(sleeper.pid), "--daemon", "999999")
        self.assertIn("--daemon 999999: there is no such process", result.stderr)
        self.assertIn(f"unknown cron ({sleeper.pid}): supervisor: none; stop: SIGTERM", result.stdout)
        self.assertTrue(sleeper.is_alive())

    def test_nobody_reads_what_we_say(self):
        """A terminal that somebody has stopped does not keep cron suspended."""
        daemon = self.daemon(self.WAITING)
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        os.set_blocking(write, False)
        try:
            while True:
                os.write(write, b"x" * 4096)
        except BlockingIOError:
            pass
        os.set_blocking(write, True)
        ours = self.start([support.PROCTOOL, "cron-graceful", "-v"], ready=False, stderr=write)
        os.close(write)
        self.until_held(daemon)
        self.end_jobs()
        self.assert_drained(ours, daemon)

    def test_no_reader_at_all(self):
        daemon = self.daemon(self.WAITING)
        read, write = os.pipe()
        os.close(read)
        ours = self.start([support.PROCTOOL, "cron-graceful", "-v"], ready=False, stderr=write)
        os.close(write)
        self.until_held(daemon)
        self.end_jobs()
        self.assert_drained(ours, daemon)


@unittest.skipUnless(os.path.exists(STAND_IN), "no stand-in")
class Cronie(JobCase):
    def test_job_and_mail(self):
        daemon = self.stand_in(f"echo a word; {self.WAITING}")
        mailed = f"/run/{self.name}.mailed"
        write_program("/run/mailer", f"cat >/run/{self.name}.mail; sleep 0.5; touch {mailed}")
        self.addCleanup(os.unlink, "/run/mailer")
        result = self.graceful("-n")
        self.assertIn(f"cronie ({daemon.pid}): supervisor: none; stop: SIGTERM; suspend by: ptrace; TERM: handler",
                      result.stdout, result.stderr)
        ours = self.background_at_job()
        daemon.kill(0)
        self.end_jobs()
        self.assert_drained(ours, daemon)

    def test_output_held_open(self):
        """CROND reads to the end of an output that a process outside the job keeps."""
        daemon, sleeper = self.leaving(self.stand_in)
        ours = self.background_at_job()
        self.end_jobs()
        self.until_said(ours, f"process {sleeper.pid} (sleep) keeps its output open")
        self.assert_drained(ours, daemon)
        self.assertTrue(sleeper.is_alive())

    def test_output_held_open_is_waited_for(self):
        daemon, sleeper = self.leaving(self.stand_in)
        ours = self.background_at_job("--detached")
        self.end_jobs()
        self.until_said(ours, f"process {sleeper.pid} (sleep) keeps its output open")
        self.assertTrue(daemon.is_alive())
        sleeper.kill()
        self.assert_drained(ours, daemon)

    def late_batch(self, job, *more):
        """A daemon in the midst of launching: after its TERM it launches JOB too, and then goes on with MORE."""
        late = f"/run/{self.name}.batch"
        daemon = self.stand_in(self.WAITING, f"await {late}", job, *more, jobs=1)
        ours = self.background_at_job()
        self.end_jobs()
        self.until_said(ours, "has ended")
        support.until(lambda: status_of(daemon.pid, "State") == "S", "released", DEADLINE)
        open(late, "w").close()
        self.until_said(ours, "job ")
        return daemon, ours

    def test_late_batch(self):
        """It is suspended again, and what it has launched meanwhile is waited for."""
        late, rest = f"/run/{self.name}.late", f"/run/{self.name}.rest"
        daemon, ours = self.late_batch(f"until [ -e {late} ]; do sleep 0.1; done; echo late >>{self.done}",
                                       f"await {rest}")
        self.assertIn(status_of(daemon.pid, "State"), "tS")
        open(late, "w").close()
        self.until_said(ours, "has ended")
        self.assertTrue(daemon.is_alive())
        open(rest, "w").close()
        self.assert_drained(ours, daemon)
        self.assertEqual(self.read_done(), "x\nlate\n")

    def test_late_batch_outlasts_the_patience(self):
        """The 10 s before a SIGKILL stand still while a late job is waited for."""
        rest = f"/run/{self.name}.rest"
        daemon, ours = self.late_batch(f"sleep 11; echo late >>{self.done}; touch {rest}", f"await {rest}")
        self.assertEqual(ours.wait(DEADLINE), 0)
        self.assertNotIn("SIGKILL", ours.popen.stderr.read())
        self.assert_has_ended(daemon)
        self.assertEqual(self.read_done(), "x\nlate\n")

    def test_batch_of_one_that_has_ended(self):
        """What it launched and left in the same moment is waited for all the same."""
        late = f"/run/{self.name}.late"
        daemon, ours = self.late_batch(f"until [ -e {late} ]; do sleep 0.1; done; echo late >>{self.done}")
        self.assert_has_ended(daemon)
        open(late, "w").close()
        self.assertEqual(ours.wait(DEADLINE), 0)
        self.assertEqual(self.read_done(), "x\nlate\n")

    def test_interrupted_after_its_term(self):
        """A TERM cannot be taken back: it ends once it has launched its batch, and we say so."""
        late, rest = f"/run/{self.name}.late", f"/run/{self.name}.rest"
        daemon, ours = self.late_batch(f"until [ -e {late} ]; do sleep 0.1; done; echo late >>{self.done}",
                                       f"await {rest}")
        ours.kill(signal.SIGINT)
        self.assertEqual(ours.wait(DEADLINE), 128 + signal.SIGINT)
        said = ours.popen.stderr.read()
        self.assertIn(f"cronie ({daemon.pid}) does not go on: it has been told to end", said)
        self.assertNotIn("goes on after", said)
        self.assertTrue(daemon.is_alive())
        open(rest, "w").close()
        self.assert_has_ended(daemon)
        open(late, "w").close()
        support.until(lambda: self.read_done() == "x\nlate\n", "the late job", DEADLINE)

    def test_time_counts_from_the_suspension(self):
        """Additions count too."""
        daemon = self.stand_in(self.WAITING)
        path = write_program(f"/run/{self.name}.additions", "exec sleep 1000")
        result = self.graceful("--timeout", "500ms", "--additions", path, "--json")
        self.assertEqual(result.returncode, 124, result.stderr)
        self.assertIn("timed out", result.stderr)
        document = json.loads(result.stdout)
        self.assertTrue(document["timed_out"])
        self.assertIn("missed_from", document["daemons"][0])
        self.assertEqual(status_of(daemon.pid, "TracerPid"), "0")


class Anacron(Case):
    def anacron(self):
        """One that has begun the first of two jobs, and the directory of its stamps."""
        program, stamps, table = find("anacron"), f"/run/{self.name}.stamps", f"/run/{self.name}.tab"
        os.mkdir(stamps)
        with open(table, "w") as file:
            file.write(f"1 0 first {self.WAITING}\n1 0 second touch {stamps}/ran\n")
        daemon = self.start([program, "-d", "-f", "-n", "-s", "-t", table, "-S", stamps], ready=False,
                            stderr=subprocess.DEVNULL)
        self.addCleanup(self.end_jobs)
        support.until(lambda: [c for c in children(daemon.pid) if support.comm(c) == "sh"], "its job", DEADLINE)
        return daemon, stamps

    def test_drains(self):
        """It finishes its job, writes its stamp, and begins no other."""
        daemon, stamps = self.anacron()
        result = self.graceful("-n")
        self.assertIn(f"anacron ({daemon.pid}): supervisor: none; stop: SIGUSR1; ", result.stdout, result.stderr)
        self.assertEqual(result.returncode, 1)
        ours = self.background()
        self.until_said(ours, "was told to finish its jobs (SIGUSR1)")
        self.assertEqual(status_of(daemon.pid, "TracerPid"), "0")
        self.end_jobs()
        self.assert_drained(ours, daemon)
        with open(f"{stamps}/first") as file:
            self.assertRegex(file.read(), r"^\d{8}$")
        self.assertFalse(os.path.exists(f"{stamps}/ran"))

    def test_interrupted(self):
        daemon, _ = self.anacron()
        ours = self.background()
        self.until_said(ours, "was told to finish its jobs")
        ours.kill(signal.SIGTERM)
        self.assertEqual(ours.wait(DEADLINE), 128 + signal.SIGTERM)
        self.assertIn(f"anacron ({daemon.pid}) does not go on: it has been told to end", ours.popen.stderr.read())
        self.assertTrue(daemon.is_alive())
        self.end_jobs()
        self.assert_has_ended(daemon)

    def test_stopped_before(self):
        """One that somebody has stopped goes on, so as to finish."""
        daemon, _ = self.anacron()
        daemon.kill(signal.SIGSTOP)
        support.until(lambda: status_of(daemon.pid, "State") == "T", "stopped")
        ours = self.background()
        self.until_said(ours, "was told to finish its jobs (SIGUSR1)")
        self.end_jobs()
        self.assertEqual(ours.wait(DEADLINE), 0)
        self.assert_has_ended(daemon)

    def test_outlasts_the_time(self):
        """One that drains is not forced, unless that is asked for."""
        daemon, _ = self.anacron()
        result = self.graceful("--timeout", "300ms")
        self.assertEqual(result.returncode, 124, result.stderr)
        self.assertIn(f"anacron ({daemon.pid}) was told to finish: it ends when its jobs do", result.stderr)
        self.assertNotIn("resumed", result.stderr)
        self.assertTrue(daemon.is_alive())
        result = self.graceful("--timeout", "300ms", "--on-timeout=stop")
        self.assertEqual(result.returncode, 124, result.stderr)
        self.assert_has_ended(daemon)


if __name__ == "__main__":
    prepare()
    support.main()
