# cron-graceful with the daemons that need their minute, each in namespaces of its own, all at once.
# labels: daemon
# timeout: 500
import os
import shutil
import subprocess
import sys
import time
import unittest

import support
from support_cron import CRON, DEADLINE, Case, children, find, prepare, run, status_of

MINUTE = 150.0  # seconds until a job of each minute runs, on a busy machine
BCRON = f"{os.environ.get('SOURCE', '')}/build-packages/bcron/usr/sbin"
USER = 901  # bcron's `cron`


class MinuteCase(Case):
    def until_job(self, text):
        """The shell that runs the minute's job."""
        return support.until(lambda: self.job_with(text), "the minute's job", MINUTE)

    def job_with(self, text):
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if words[1:2] == [b"-c"] and text.encode() in words[2]:
                return int(name)
        return None

    def drain(self, daemon, label, plan):
        """A run that waits for the one job, and its end."""
        result = self.graceful("-n")
        self.assertIn(f"{label} ({daemon.pid}): supervisor: none; {plan}\n", result.stdout, result.stderr)
        self.assertIn(f": {self.WAITING}\n", result.stdout)
        self.assertEqual(result.returncode, 1)
        ours = self.background_at_job()
        return ours

    def finish(self, daemon, ours):
        self.end_jobs()
        self.assertEqual(ours.wait(DEADLINE), 0, ours.popen.stderr.read())
        self.assert_has_ended(daemon)
        self.assertEqual(self.read_done(), "x\n")


class Busybox(MinuteCase):
    def crond(self, crontab):
        program = shutil.copy(find("busybox"), "/run/busybox")
        with open("/var/spool/cron/crontabs/root", "w") as file:
            file.write(crontab)
        return self.start([program, "crond", "-f", "-c", "/var/spool/cron/crontabs"], ready=False,
                          stderr=subprocess.DEVNULL)

    def check(self, head=""):
        daemon = self.crond(f"{head}* * * * * {self.WAITING}\n")
        self.until_job(self.WAITING)
        ours = self.drain(daemon, "busybox crond", "stop: SIGTERM; suspend by: ptrace; TERM: default")
        self.assertEqual(status_of(daemon.pid, "State"), "t")
        self.end_jobs()
        self.until_said(ours, "writes its jobs' mail (MAILTO) itself: those of 1 job are lost")
        self.finish(daemon, ours)

    def test_busybox(self):
        self.check()

    def test_busybox_that_is_the_shell_too(self):
        os.symlink("/run/busybox", "/run/sh")
        self.check("SHELL=/run/sh\n")


class Bcron(MinuteCase):
    def start_bcron(self, user):
        if not os.path.exists(f"{BCRON}/bcron-start"):
            support.skip("no bcron: ./bootstrap test unpacks it")
        shutil.copytree(BCRON, "/run/bcron")  # root's, wherever the sources are
        shutil.copy("/etc/passwd", "/run/passwd")
        with open("/run/passwd", "a") as file:
            file.write(f"cron:x:{USER}:{USER}::/var/spool/cron:/bin/sh\n")
        run("mount", "--bind", "/run/passwd", "/etc/passwd")
        os.mkfifo("/var/spool/cron/trigger")
        table = "/var/spool/cron/crontabs/root"
        with open(table, "w") as file:
            file.write(f"* * * * * {self.WAITING}\n")
        os.chmod(table, 0o600)
        for path in ("/var/spool/cron", "/var/spool/cron/crontabs", "/var/spool/cron/trigger", table):
            os.chown(path, USER if user == "cron" else 0, -1)
        environment = {**os.environ, "PATH": f"/run/bcron:{os.environ['PATH']}", "BCRON_USER": user}
        return self.start(["/run/bcron/bcron-start"], ready=False, stderr=subprocess.DEVNULL, env=environment)

    def check(self, user):
        daemon = self.start_bcron(user)
        self.until_job(self.WAITING)
        executor, = children(daemon.pid)
        worker = self.hold(executor)
        ours = self.drain(daemon, "bcron", "stop: SIGTERM; suspend by: ptrace; TERM: drains")
        # The scheduler ends at once, and what runs the jobs goes on without it.
        self.assert_has_ended(daemon)
        self.assertTrue(worker.is_alive())
        self.assertNotIn(status_of(executor, "State"), "tT")
        self.finish(daemon, ours)
        self.assertTrue(worker.has_ended(DEADLINE))

    def test_bcron_as_root(self):
        self.check("root")

    def test_bcron_as_a_user(self):
        self.check("cron")

    def test_bcron_that_is_a_strangers(self):
        """A scheduler of another user's without an executor that is root's is nobody's."""
        program = shutil.copy(shutil.which("sleep"), "/run/bcron-sched")
        stranger = self.start([program, "1000"], ready=False, user=65534)
        support.until(lambda: support.comm(stranger.pid) == "bcron-sched", "exec")
        result = self.graceful()
        self.assertEqual(result.returncode, 0)
        self.assertIn(f"bcron ({stranger.pid}) is left alone: it is not root's", result.stderr)


@unittest.skipUnless(os.path.exists(CRON), "no Debian cron")
class DebianCron(MinuteCase):
    def test_nothing_starts_under_run(self):
        """Over the turn of a minute; what was missed is made up for once cron goes on."""
        ran = f"/run/{self.name}.ran"
        daemon = self.daemon(head=f"* * * * * root date +\\%s >>{ran}\n")
        # Neither just before the turn nor just behind it.
        support.until(lambda: 10 <= time.time() % 60 < 50, "the midst of a minute", MINUTE)
        for path in (ran,):
            if os.path.exists(path):
                os.unlink(path)
        over = f"while [ $(date +%s) -lt {int(time.time()) // 60 * 60 + 65} ]; do sleep 0.5; done; test ! -e {ran}"
        result = self.graceful("--run", "sh", "-c", over)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("runs every missed minute, 10 s apart", result.stderr)
        self.assert_runs(daemon)
        support.until(lambda: os.path.exists(ran), "the missed minute", MINUTE)


def cases():
    """Every test, by the name that unittest knows it by."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    return [test.id().removeprefix("__main__.") for group in suite for test in group]


def start(case):
    environment = {**os.environ, "PROCTOOL_IN_NAMESPACES": "1"}
    return subprocess.Popen([f"{support.TESTS}/ns", sys.executable, __file__, case], env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run_all():
    """Each case in a process of its own; the worst of their statuses."""
    started = {case: start(case) for case in cases()}
    statuses = set()
    for case, process in started.items():
        output = process.communicate(timeout=450)[0]
        statuses.add(process.returncode)
        skipped = "\n".join(line for line in output.splitlines() if line.startswith("skipped:"))
        print(f"{case}: {'ok' if process.returncode == 0 else skipped or output}", flush=True)
    failed = statuses - {0, support.SKIPPED}
    sys.exit(1 if failed else 0 if 0 in statuses else support.SKIPPED)


if __name__ == "__main__":
    if os.environ.get("PROCTOOL_IN_NAMESPACES"):
        prepare()
        support.main()
    else:
        run_all()
