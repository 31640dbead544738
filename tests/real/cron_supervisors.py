# cron-graceful where Debian cron is run by real supervisors, and as PID 1 of a container.
# labels: daemon
# timeout: 400
import os
import shutil
import signal
import subprocess
import unittest

import support
from support_cron import CRON, DEADLINE, STAND_IN, Case, children, find, prepare, run, running, status_of, write_program

support.in_namespaces()

SUPERVISORD = """[supervisord]
logfile=/run/s.log
pidfile=/run/s.pid
[unix_http_server]
file=/run/s.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix:///run/s.sock
[program:cron]
command=/usr/sbin/cron -f
"""

TIMERS = """
echo "$*" >>{directory}/calls
case "$*" in
"show "*cron.target) [ -e {active} ] && echo ActiveState=active || echo ActiveState=inactive ;;
"show "*cron-*) {units}; printf 'MainPID=0\\n\\nMainPID={pid}\\n' ;;
"stop -- cron.target") rm {active}; {stop} ;;
"start -- cron.target") touch {active} ;;
esac
"""


def crons():
    return running(CRON)


def ready_crons():
    """The same once the daemon has taken its pidfile, and sleeps: one that starts is none yet."""
    found = crons() if os.path.exists("/run/crond.pid") else []
    return found if found and all(support.state(pid) == "S" for pid in found) else []


def end_crons():
    """Those that a supervisor started while it was ended itself: they keep the next one out."""
    for pid in crons():
        support.Process(pid).close()


@unittest.skipUnless(os.path.exists(CRON), "no Debian cron")
class Supervisors(Case):
    def setUp(self):
        super().setUp()
        self.addCleanup(end_crons)  # the first is the last to be called
        self.directory = f"/run/{self.name}"
        os.mkdir(self.directory)

    def supervise(self, *argv):
        find(argv[0])
        self.start(argv, ready=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self.hold(support.until(ready_crons, "cron", DEADLINE)[0])

    def write_run(self, text):
        write_program(f"{self.directory}/run", text)

    def stop(self, supervisor, sends=True):
        """Through its supervisor, which SENDS the daemon a signal."""
        result = self.graceful("-n")
        self.assertIn(f"supervisor: {supervisor}; ", result.stdout, result.stderr)
        result = self.graceful("-v")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual("TERM comes from us" not in result.stderr, sends, result.stderr)
        self.assertEqual(crons(), [])

    def test_runit(self):
        self.write_run(f"exec {CRON} -f")
        self.supervise("runsv", self.directory)
        self.stop("runit")

    def test_runit_without_exec(self):
        """runsv signals the shell alone."""
        self.write_run(f"{CRON} -f")
        self.supervise("runsv", self.directory)
        self.stop("runit", sends=False)

    def test_runit_whose_state_is_elsewhere(self):
        """supervise is a link, as on Void Linux, where /etc may be read-only."""
        state = f"{self.directory}.state"
        os.symlink(f"{state}/supervise", f"{self.directory}/supervise")
        os.mkdir(state, 0o777)
        os.chmod(state, 0o777)
        self.write_run(f"exec {CRON} -f")
        self.supervise("runsv", self.directory)
        result = self.graceful("-n")
        self.assertIn("supervisor: none; stop: SIGTERM", result.stdout)
        self.assertIn("may be written by others", result.stderr)
        os.chmod(state, 0o755)
        self.stop("runit")

    def test_s6(self):
        self.write_run(f"exec {CRON} -f")
        self.supervise("s6-supervise", self.directory)
        self.stop("s6")

    def test_s6_with_another_signal(self):
        """The signal that the service asks for."""
        self.write_run(f"exec {CRON} -f")
        with open(f"{self.directory}/down-signal", "w") as file:
            file.write("INT\n")
        self.supervise("s6-supervise", self.directory)
        self.stop("s6")

    def test_daemontools(self):
        self.write_run(f"exec {CRON} -f")
        self.supervise("supervise", self.directory)
        self.stop("daemontools")

    def supervisord(self, *words):
        """By default with -n and -c; the words may name the file by {}."""
        with open(f"{self.directory}/s.conf", "w") as file:
            file.write(SUPERVISORD)
        words = words or ("-n", "-c", "{}")
        return self.supervise("supervisord", *[word.format(f"{self.directory}/s.conf") for word in words])

    def test_supervisord(self):
        self.supervisord()
        self.stop("supervisord")
        status = subprocess.run(["supervisorctl", "-c", f"{self.directory}/s.conf", "status"], check=False,
                                stdout=subprocess.PIPE, text=True, timeout=DEADLINE)
        self.assertIn("STOPPED", status.stdout)

    def test_supervisords_words(self):
        """As images start it, the file is in the cluster -nc."""
        self.supervisord("-nc", "{}")
        result = self.graceful("-n")
        self.assertIn(f"stop: supervisorctl -c {self.directory}/s.conf stop cron:cron;", result.stdout, result.stderr)

    def test_supervisords_long_words(self):
        """Long options may be cut."""
        self.supervisord("--nodaemon", "--conf={}")
        result = self.graceful("-n")
        self.assertIn(f"stop: supervisorctl -c {self.directory}/s.conf stop cron:cron;", result.stdout, result.stderr)

    def test_dies_by_itself_and_is_started_again(self):
        """Killed while it is suspended: its supervisor has another one, which is said."""
        os.symlink(STAND_IN, "/run/stand-in")
        self.addCleanup(os.unlink, "/run/stand-in")
        self.write_run(f"exec {CRON} -f")
        with open("/etc/cron.d/test", "w") as file:
            file.write(f"@reboot root {self.WAITING}\n")
        self.addCleanup(os.truncate, "/etc/cron.d/test", 0)
        daemon = self.supervise("runsv", self.directory)
        self.until_jobs(daemon, 1)
        ours = self.background_at_job()
        daemon.kill()
        self.assertTrue(daemon.has_ended(DEADLINE))
        support.until(ready_crons, "another one", DEADLINE)
        self.end_jobs()
        text = self.until_said(ours, "runs again as process")
        self.assertIn("started by runsv (", text)
        self.assertEqual(ours.wait(DEADLINE), 5)

    def test_sysvinit(self):
        """Debian's init script, by the pid file that root alone may write."""
        os.chmod("/run", 0o755)
        self.addCleanup(os.chmod, "/run", 0o1777)
        find("start-stop-daemon")
        self.start(["/etc/init.d/cron", "start"], ready=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.hold(support.until(ready_crons, "cron", DEADLINE)[0])
        result = self.graceful("-n")
        self.assertIn("supervisor: sysvinit; stop: service cron stop;", result.stdout, result.stderr)
        self.stop("sysvinit")

    def test_a_service_that_others_may_write(self):
        self.write_run(f"exec {CRON} -f")
        self.supervise("runsv", self.directory)
        os.chmod(self.directory, 0o777)
        result = self.graceful("-n")
        self.assertIn("supervisor: none; stop: SIGTERM", result.stdout)
        self.assertIn("may be written by others", result.stderr)

    def test_openrc(self):
        """Its rc-service, where there is one: before sysvinit's service."""
        os.chmod("/run", 0o755)
        self.addCleanup(os.chmod, "/run", 0o1777)
        daemon = self.daemon()
        support.until(lambda: os.path.exists("/run/crond.pid"), "the pid file", DEADLINE)
        directory = f"/run/{self.name}.bin"
        os.mkdir(directory)
        write_program(f"{directory}/rc-service", f"[ \"$*\" = 'cron stop' ] && kill {daemon.pid}")
        environment = {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"}
        result = self.graceful("-n", env=environment)
        self.assertIn("supervisor: OpenRC; stop: rc-service cron stop;", result.stdout, result.stderr)
        result = self.graceful(env=environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_has_ended(daemon)

    def test_a_strangers_supervisor(self):
        """What a stranger's "cron" below a stranger's "runsv" names is not asked."""
        cron = shutil.copy(shutil.which("sleep"), f"{self.directory}/cron")
        runsv = shutil.copy(STAND_IN, f"{self.directory}/runsv")
        table = f"{self.directory}/tab"
        with open(table, "w") as file:
            file.write(f"exec {cron} 1000\n")
        os.makedirs(f"{self.directory}/supervise")
        os.mkfifo(f"{self.directory}/supervise/control")
        self.start([runsv, table], ready=False, user=65534, cwd=self.directory, stderr=subprocess.DEVNULL)
        pid = support.until(lambda: running(cron), "cron", DEADLINE)[0]
        stranger = self.hold(pid)
        result = self.graceful()
        self.assertEqual(result.returncode, 0)
        self.assertIn(f"({pid}) is left alone: it is not root's", result.stderr)
        self.assertTrue(stranger.is_alive())
        result = self.graceful("--daemon", str(pid))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(stranger.has_ended(DEADLINE), "only signalled")

    def test_a_control_that_is_no_fifo(self):
        self.write_run(f"exec {CRON} -f")
        self.supervise("runsv", self.directory)
        os.rename(f"{self.directory}/supervise/control", f"{self.directory}/supervise/fifo")
        open(f"{self.directory}/supervise/control", "w").close()
        result = self.graceful("-n")
        self.assertIn("supervisor: none; stop: SIGTERM", result.stdout)
        self.assertIn("its supervise/control is no FIFO", result.stderr)

    def test_a_configuration_that_others_may_write(self):
        self.supervisord()
        os.chmod(f"{self.directory}/s.conf", 0o666)
        result = self.graceful("-n")
        self.assertIn("supervisor: none; stop: SIGTERM", result.stdout)
        self.assertIn("configuration may be written by others", result.stderr)

    def test_respawned(self):
        self.supervise("sh", "-c", f"while :; do {CRON} -f; done")
        result = self.graceful()
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertIn("started by sh (", result.stderr)
        result = self.graceful("--daemon", str(support.until(ready_crons, "cron", DEADLINE)[0]))
        self.assertEqual(result.returncode, 5, result.stderr)

    def test_unknown_that_is_respawned(self):
        """It is known again by its file and words; what else starts is none."""
        program = shutil.copy(shutil.which("sleep"), f"{self.directory}/mine")
        loop = f"{program} 1000; while :; do {program} 1001; done"
        self.start(["sh", "-c", loop], ready=False)
        for words, status in (("1000", 0), ("1001", 5)):
            pid = support.until(lambda: running(program), "the program", DEADLINE)[0]
            result = self.graceful("--daemon", str(pid))
            self.assertEqual(result.returncode, status, (words, result.stderr))
        self.assertIn("unknown cron runs again as process", result.stderr)

    # --- systemd, as it was measured to answer ---

    def test_systemd(self):
        daemon = self.daemon(self.WAITING)
        environment = self.systemctl(daemon)
        result = self.graceful("-n", env=environment)
        self.assertIn("supervisor: systemd; stop: systemctl stop -- cron.service;", result.stdout, result.stderr)
        ours = self.background_at_job(env=environment)
        self.assertNotIn("stop -- cron.service", self.read_calls())
        self.end_jobs()
        self.assertEqual(ours.wait(DEADLINE), 0, ours.popen.stderr.read())
        self.assert_has_ended(daemon)
        self.assertIn("stop -- cron.service", self.read_calls())

    def test_systemd_that_watches_another(self):
        """A unit's cgroup without its main process is no supervisor."""
        daemon = self.daemon()
        environment = self.systemctl(daemon, show="echo MainPID=1; exit")
        result = self.graceful(env=environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("stop -- cron.service", self.read_calls())
        self.assert_has_ended(daemon)

    def test_systemd_that_says_nothing(self):
        daemon = self.daemon()
        result = self.graceful(env=self.systemctl(daemon, show="exit 1"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_has_ended(daemon)

    def test_systemd_that_stops_it_already(self):
        """As the unit's own ExecStop=: systemctl would wait for us."""
        daemon = self.daemon()
        environment = self.systemctl(daemon, kill_mode="control-group", state="deactivating", after="deactivating")
        in_unit = f'mount --bind /run/{self.name}.cgroup /proc/$$/cgroup; "$0" cron-graceful "$@"; exit $?'
        result = self.proctool("-q", before=["sh", "-c", in_unit], env=environment, deadline=DEADLINE)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertNotIn("stop -- cron.service", self.read_calls())
        self.assert_has_ended(daemon)

    def test_systemd_that_starts_it_again(self):
        daemon = self.daemon()
        result = self.graceful(env=self.systemctl(daemon, after="activating"))
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertIn("systemd does not say that cron.service is stopped", result.stderr)

    def test_systemd_that_sends_nothing(self):
        """After five seconds TERM comes from us."""
        daemon = self.daemon()
        result = self.graceful(env=self.systemctl(daemon, stop=":"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("TERM comes from us", result.stderr)
        self.assert_has_ended(daemon)

    def test_unit_whose_stop_ends_all(self):
        """KillMode=control-group: what is in the unit's cgroup is waited for as the jobs are."""
        daemon = self.daemon()
        other = self.start(["sleep", "1000"], ready=False)
        environment = self.systemctl(daemon, kill_mode="control-group")
        run("mount", "--bind", f"/run/{self.name}.cgroup", f"/proc/{other.pid}/cgroup")
        ours = self.background(env=environment)
        self.until_said(ours, "sleep 1000 (")
        self.assertTrue(daemon.is_alive())
        other.kill()
        other.popen.wait(DEADLINE)
        self.assertEqual(ours.wait(DEADLINE), 0, ours.popen.stderr.read())
        self.assert_has_ended(daemon)

    def test_unit_that_we_are_in(self):
        daemon = self.daemon()
        environment = self.systemctl(daemon, kill_mode="control-group")
        in_unit = f'mount --bind /run/{self.name}.cgroup /proc/$$/cgroup; exec "$0" cron-graceful "$@"'
        result = self.proctool("--no-additions", before=["sh", "-c", in_unit], env=environment, deadline=DEADLINE)
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertIn("its stop would end us too (KillMode)", result.stderr)
        self.assert_runs(daemon)

    def timers(self, units=":", stop=":"):
        """systemd-cron: a target, and a unit that it has started; systemctl does more when asked for the units, and
        for the stop."""
        os.makedirs("/run/systemd/system", exist_ok=True)
        self.addCleanup(os.rmdir, "/run/systemd/system")
        job = self.start(["sh", "-c", self.WAITING], ready=False)
        self.addCleanup(self.end_jobs)
        self.active = f"/run/{self.name}.active"
        open(self.active, "w").close()
        return job, self.write_systemctl(TIMERS, active=self.active, pid=job.pid, units=units, stop=stop)

    def test_systemd_cron(self):
        job, environment = self.timers()
        result = self.graceful("-n", env=environment)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("systemd-cron (cron.target): supervisor: systemd; stop: systemctl stop -- cron.target;",
                      result.stdout)
        ours = self.background_at_job(env=environment)
        self.assertFalse(os.path.exists(self.active), "its timers are stopped first")
        self.end_jobs()
        job.popen.wait(DEADLINE)
        self.assertEqual(ours.wait(DEADLINE), 0, ours.popen.stderr.read())
        self.assertFalse(os.path.exists(self.active))

    def test_systemctl_that_others_may_write(self):
        daemon = self.daemon()
        environment = self.systemctl(daemon)
        directory = os.path.dirname(self.calls)
        os.chmod(f"{directory}/systemctl", 0o777)
        result = self.graceful("-n", env={**environment, "PATH": directory})
        self.assertIn("supervisor: none; stop: SIGTERM", result.stdout)
        self.assertIn("its program may be changed by others than root", result.stderr)

    def test_systemd_cron_by_a_systemctl_that_others_may_write(self):
        _, environment = self.timers()
        directory = os.path.dirname(self.calls)
        os.chmod(f"{directory}/systemctl", 0o777)
        result = self.graceful("-n", env={**environment, "PATH": directory})
        self.assertIn("systemd-cron is not looked for", result.stderr)
        self.assertEqual(self.read_calls(), [])

    def test_systemd_cron_interrupted(self):
        _, environment = self.timers()
        ours = self.background_at_job(env=environment)
        ours.kill(2)
        self.assertEqual(ours.wait(DEADLINE), 130)
        self.assertTrue(os.path.exists(self.active), "its timers are started again")
        result = self.graceful("-t", "200ms", env=environment)
        self.assertEqual(result.returncode, 124)
        self.assertTrue(os.path.exists(self.active))

    def interrupt_when_asked(self, asked, **values):
        _, environment = self.timers(**values)
        ours = self.background(env=environment)
        support.until(lambda: any(asked in call for call in self.read_calls()) and not os.path.exists(self.active),
                      "asked", DEADLINE)
        ours.kill(signal.SIGINT)
        self.assertEqual(ours.wait(DEADLINE), 128 + signal.SIGINT, ours.popen.stderr.read())
        self.assertTrue(os.path.exists(self.active), "its timers are started again")

    def test_systemd_cron_interrupted_at_its_stop(self):
        """A systemctl that is killed has been heard all the same."""
        self.interrupt_when_asked("stop -- cron.target", stop="exec sleep 1000")

    def test_systemd_cron_interrupted_at_its_units(self):
        self.interrupt_when_asked("cron-*.service", units="exec sleep 1000")

    def test_systemd_cron_beside_the_named(self):
        """Whoever names a daemon means that one alone."""
        daemon = self.daemon()
        _, environment = self.timers()
        for words in (("--daemon", str(daemon.pid)), ("--exe-name", "cron")):
            result = self.graceful("-n", *words, env=environment)
            self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
            self.assertNotIn("systemd-cron", result.stdout)
        self.assertEqual(self.read_calls(), [])

    # --- PID 1 ---

    def container(self, command=f"{CRON} -f", exe=CRON):
        """Its PID 1 is a daemon; a function that runs ours inside."""
        outer = self.start(["unshare", "--pid", "--fork", "--mount", "sh", "-c",
                            f"mount -t proc proc /proc; exec {command}"], ready=False, stderr=subprocess.DEVNULL)
        pid = support.until(lambda: [p for p in running(exe) if self.is_first(p)], "PID 1", DEADLINE)[0]
        first = self.hold(pid)
        self.inside = ["nsenter", "-t", str(pid), "-m", "-p"]

        def inside(*arguments, before=()):
            return self.graceful(*arguments, before=[*self.inside, *before])
        return outer, first, inside

    def is_first(self, pid):
        with open(f"/proc/{pid}/status") as file:
            return any(line.startswith("NSpid:") and line.split()[-1] == "1" for line in file)

    def test_of_another_pid_namespace(self):
        """A container's cron is left alone from outside."""
        _, first, _ = self.container()
        result = self.graceful()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("is left alone: it is in another PID namespace", result.stderr)
        self.assertTrue(first.is_alive())
        # As before Linux 4.1, whose status has no NSpid.
        with open(f"/proc/{first.pid}/status") as file, open(f"/run/{self.name}.status", "w") as old:
            old.writelines(line for line in file if not line.startswith("NS"))
        subprocess.run(["mount", "--bind", old.name, f"/proc/{first.pid}/status"], check=True)
        self.addCleanup(subprocess.run, ["umount", f"/proc/{first.pid}/status"], check=True)
        result = self.graceful()
        self.assertIn("is left alone: it is in another PID namespace", result.stderr)
        self.assertTrue(first.is_alive())

    def test_first_process(self):
        os.chmod("/run", 0o755)
        self.addCleanup(os.chmod, "/run", 0o1777)
        outer, first, inside = self.container()
        support.until(lambda: os.path.exists("/run/crond.pid"), "its pid file, as /etc/init.d wants it")
        self.assertIn("Debian cron (1): supervisor: none; ", inside("-n").stdout)
        result = inside()
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertIn("use --end-container", result.stderr)
        self.assert_runs(first)
        result = inside("--end-container")
        self.assertIn(result.returncode, (0, -9), result.stderr)
        self.assertTrue(first.has_ended(DEADLINE))
        outer.wait(DEADLINE)

    def test_first_process_with_a_handler(self):
        table = f"/run/{self.name}.tab"
        with open(table, "w") as file:
            file.write(self.WAITING + "\n")
        outer, first, inside = self.container(f"{STAND_IN} {table}", STAND_IN)
        self.until_jobs(first, 1)
        ours = self.background_at_job(before=self.inside)
        self.end_jobs()
        self.until_said(ours, "drained, and left to the runtime's TERM")
        self.assertEqual(ours.wait(DEADLINE), 0)
        self.assert_runs(first)
        result = inside("--end-container")
        self.assertIn(result.returncode, (0, -9), result.stderr)
        self.assertTrue(first.has_ended(DEADLINE))
        outer.wait(DEADLINE)

    def test_first_process_that_does_not_end(self):
        """It has a handler for TERM and launches on; SIGKILL it takes from outside alone."""
        table = f"/run/{self.name}.tab"
        with open(table, "w") as file:
            file.write(f"await /run/{self.name}.never\n")
        _, first, inside = self.container(f"{STAND_IN} {table}", STAND_IN)
        ours = self.background("--end-container", before=self.inside)
        self.until_said(ours, "no job runs that is waited for")
        support.until(lambda: status_of(first.pid, "TracerPid") == "0", "released", DEADLINE)
        self.hold(children(ours.pid)[0]).kill(signal.SIGINT)  # nsenter's child
        self.assertEqual(ours.wait(DEADLINE), 128 + signal.SIGINT)
        self.assertIn("does not go on: it has been told to end", ours.popen.stderr.read())
        result = inside("--end-container")
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertIn("it has not ended", result.stderr)
        self.assertTrue(first.is_alive())

    def test_first_process_that_drains(self):
        """It is told only where the container is to end; else the runtime does that."""
        program = shutil.copy(STAND_IN, f"{self.directory}/supercronic")  # whose child of its own exe runs the jobs
        with open(f"{self.directory}/tab", "w") as file:
            file.write(self.WAITING + "\n")
        outer, first, inside = self.container(f"{program} {self.directory}/tab", program)
        self.until_jobs(first, 1)
        result = inside("-n", before=self.refused("EPERM", "ptrace"))
        self.assertEqual(result.returncode, 0, "it is not suspended")
        result = inside()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("supercronic is PID 1 and drains at the runtime's TERM", result.stderr)
        self.assert_runs(first)
        result = inside("--end-container")
        self.assertIn(result.returncode, (0, -9), result.stderr)
        self.assertIn("was told to finish its jobs (SIGTERM)", result.stderr)
        self.assertTrue(first.has_ended(DEADLINE))
        outer.wait(DEADLINE)

    def test_first_process_that_may_not_be_traced(self):
        """A moment without a job is waited for, and then nothing can be done."""
        with open("/etc/cron.d/test", "w") as file:
            file.write(f"@reboot root {self.WAITING}\n")
        self.addCleanup(os.truncate, "/etc/cron.d/test", 0)
        _, first, inside = self.container()
        self.until_jobs(first, 1)
        untraced = self.refused("EPERM", "ptrace")
        result = inside("-n", before=untraced)
        self.assertEqual(result.returncode, 5)
        self.assertIn("suspend by: impossible", result.stdout)
        ours = self.background(before=[*self.inside, *untraced])
        self.until_said(ours, "SYS_PTRACE")
        self.until_said(ours, "job ")
        self.assertFalse(ours.has_ended(0.2))
        self.end_jobs()
        self.until_said(ours, "PID 1 and ignores SIGTERM")
        self.assertEqual(ours.wait(DEADLINE), 5)
        self.assertTrue(first.is_alive())
        self.assertEqual(inside("--run", "true", before=untraced).returncode, 125)
        result = inside("--end-container", before=untraced)
        self.assertEqual(result.returncode, 5)
        self.assertIn("it cannot be ended from here", result.stderr)
        self.assertTrue(first.is_alive())

    def test_called_from_a_job_of_the_first_process(self):
        with open("/etc/cron.d/test", "w") as file:
            file.write(f"@reboot root {support.PROCTOOL} cron-graceful --end-container >{self.done} 2>&1; "
                       f"echo status $? >>{self.done}\n")
        self.addCleanup(os.truncate, "/etc/cron.d/test", 0)
        _, first, _ = self.container()
        support.until(lambda: os.path.exists(self.done) and "status" in self.read_done(), "its end", DEADLINE)
        self.assertIn("it is PID 1, and we run in one of its jobs", self.read_done())
        self.assertIn("status 5", self.read_done())
        self.assertTrue(first.is_alive())


if __name__ == "__main__":
    prepare()
    support.main()
