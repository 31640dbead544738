# cron-graceful where Debian cron is run by real supervisors, and as PID 1 of a container.
# labels: daemon
# timeout: 400
import os
import shutil
import subprocess
import unittest

import support
from cron import CRON, DEADLINE, prepare

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


def crons():
    """Every process that runs cron's file, zombies not."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{name}/exe") == CRON:
                found.append(int(name))
        except OSError:
            pass
    return found


def ready_crons():
    """The same once the daemon has taken its pidfile, and sleeps: one that starts is none yet."""
    found = crons() if os.path.exists("/run/crond.pid") else []
    return found if found and all(support.state(pid) == "S" for pid in found) else []


def end_crons():
    """Those that a supervisor started while it was ended itself: they keep the next one out."""
    for pid in crons():
        support.Process(pid).close()


@unittest.skipUnless(os.path.exists(CRON), "no Debian cron")
class Supervisors(support.Case):
    def setUp(self):
        self.addCleanup(end_crons)  # the first is the last to be called
        self.directory = f"/run/{self.id().rpartition('.')[2]}"
        os.mkdir(self.directory)
        if os.path.exists("/run/crond.pid"):
            os.unlink("/run/crond.pid")

    def supervise(self, *argv):
        if not shutil.which(argv[0]):
            support.skip(f"no {argv[0]}")
        self.start(argv, ready=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.hold(support.until(ready_crons, "cron", DEADLINE)[0])

    def write_run(self, text):
        with open(f"{self.directory}/run", "w") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        os.chmod(f"{self.directory}/run", 0o755)

    def stop(self, supervisor):
        result = self.proctool("cron-graceful", "-n", deadline=DEADLINE)
        self.assertIn(f"supervisor: {supervisor}; ", result.stdout, result.stderr)
        result = self.proctool("cron-graceful", deadline=DEADLINE)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(crons(), [])

    def test_runit(self):
        self.write_run(f"exec {CRON} -f")
        self.supervise("runsv", self.directory)
        self.stop("runit")

    def test_runit_without_exec(self):
        self.write_run(f"{CRON} -f")
        self.supervise("runsv", self.directory)
        self.stop("runit")

    def test_s6(self):
        self.write_run(f"exec {CRON} -f")
        self.supervise("s6-supervise", self.directory)
        self.stop("s6")

    def test_supervisord(self):
        with open(f"{self.directory}/s.conf", "w") as file:
            file.write(SUPERVISORD)
        self.supervise("supervisord", "-n", "-c", f"{self.directory}/s.conf")
        self.stop("supervisord")

    def test_a_service_that_others_may_write(self):
        self.write_run(f"exec {CRON} -f")
        self.supervise("runsv", self.directory)
        os.chmod(self.directory, 0o777)
        result = self.proctool("cron-graceful", "-n", deadline=DEADLINE)
        self.assertIn("supervisor: none; stop: SIGTERM", result.stdout)
        self.assertIn("may be written by others", result.stderr)

    def test_respawned(self):
        self.supervise("sh", "-c", f"while :; do {CRON} -f; done")
        result = self.proctool("cron-graceful", deadline=DEADLINE)
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertIn("started by sh (", result.stderr)

    def container(self):
        script = f"mount -t proc proc /proc; exec {CRON} -f"
        outer = self.start(["unshare", "--pid", "--fork", "--mount", "sh", "-c", script],
                           ready=False, stderr=subprocess.DEVNULL)
        pid = support.until(crons, "cron", DEADLINE)[0]
        first = self.hold(pid)

        def inside(*arguments):
            return self.proctool("cron-graceful", *arguments, deadline=DEADLINE,
                                 before=["nsenter", "-t", str(pid), "-m", "-p"])
        return outer, first, inside

    def test_first_process(self):
        outer, first, inside = self.container()
        result = inside()
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertIn("use --end-container", result.stderr)
        support.until(lambda: support.state(first.pid) == "S", "running", DEADLINE)
        result = inside("--end-container")
        self.assertIn(result.returncode, (0, -9), result.stderr)
        self.assertTrue(first.has_ended(DEADLINE))
        outer.wait(DEADLINE)

    def test_first_process_that_may_not_be_traced(self):
        _, first, _ = self.container()
        command = ["nsenter", "-t", str(first.pid), "-m", "-p", *self.refused("EPERM", "ptrace")]
        result = self.proctool("cron-graceful", deadline=DEADLINE, before=command)
        self.assertEqual(result.returncode, 5)
        self.assertIn("SYS_PTRACE", result.stderr)
        self.assertTrue(first.is_alive())


if __name__ == "__main__":
    prepare()
    support.main()
