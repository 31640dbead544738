"""What the tests of cron-graceful share: private directories, Debian cron with @reboot jobs, runs of ours."""

import os
import re
import shutil
import signal
import subprocess
import sys

import support

CRON = "/usr/sbin/cron"
DEADLINE = 90.0
STAND_IN = f"{support.HELPERS}/crond"  # forks like cronie
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def run(*argv):
    subprocess.run(argv, check=True, timeout=DEADLINE)


def is_root():
    """Whether other users' ids are ours to take: not so where root is a user namespace's only one."""
    with open("/proc/self/uid_map") as file:
        return file.read().split()[2] == "4294967295"


def prepare():
    """Directories of our own over those that the daemons use. Anybody may write into this /run, so that no pid
    file in it is believed: the daemons have no supervisor unless a test gives them one."""
    if not is_root():
        print("skipped: only root may have daemons of several users")
        sys.exit(support.SKIPPED)
    run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/run")
    for directory in ("/var/spool/cron", "/etc/cron.d"):
        os.makedirs(directory, exist_ok=True)
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", directory)
    os.makedirs("/var/spool/cron/crontabs", mode=0o1730)
    if os.path.exists("/etc/crontab"):
        open("/run/empty", "w").close()
        run("mount", "--bind", "/run/empty", "/etc/crontab")


def status_of(pid, name):
    """A field of /proc/PID/status; "" when the process is gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return re.search(rf"^{name}:\s*(\S+)", file.read(), re.M).group(1)
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children(pid):
    """The living children of a process's first thread."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(child) for child in file.read().split() if support.state(child) not in ("", "Z")]
    except (FileNotFoundError, ProcessLookupError):
        return []


def has_shell(pid):
    """Whether this CRON child's job is what it is to run: its shell has been executed."""
    return any(support.comm(child) == "sh" for child in children(pid))


def running(exe):
    """Every living process that runs this file."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{name}/exe") == exe:
                found.append(int(name))
        except OSError:
            pass
    return found


def write_program(path, text):
    """An executable script that only we may write."""
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\n{text}\n")
    os.chmod(path, 0o755)
    return path


def find(program):
    """The program's path, or the test is skipped."""
    path = shutil.which(program)
    if not path:
        support.skip(f"no {program}")
    return path


SYSTEMCTL = """
echo "$*" >>{directory}/calls
case $1 in
show)
    {show}
    active={state} main={pid}
    case $(cut -d ' ' -f 3 /proc/{pid}/stat 2>/dev/null) in
    Z | '') active={after} main=0 ;;
    esac
    printf 'MainPID=%s\\nActiveState=%s\\nKillMode=%s\\n' $main $active {kill_mode}
    ;;
stop)
    {stop}
    ;;
esac
"""


class Case(support.Case):
    """Tests whose jobs wait for a file of their own: a job of an earlier test may still be on its way."""

    def setUp(self):
        self.name = self.id().rpartition(".")[2]
        self.go, self.done = f"/run/{self.name}.go", f"/run/{self.name}.done"
        self.WAITING = f"until [ -e {self.go} ]; do sleep 0.1; done; echo x >>{self.done}"
        for name in ("crond.reboot", "crond.pid"):
            if os.path.exists(f"/run/{name}"):
                os.unlink(f"/run/{name}")

    def daemon(self, *jobs, wait=True, head=""):
        """Debian cron with these @reboot jobs, once they all run."""
        with open("/etc/cron.d/test", "w") as file:
            file.write(head)
            file.writelines(f"@reboot root {job}\n" for job in jobs)
        daemon = self.start([CRON, "-f"], ready=False, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end_jobs)
        if wait:
            self.until_jobs(daemon, len(jobs))
        return daemon

    def stand_in(self, *lines, jobs=None):
        """What forks like cronie, once its jobs run."""
        path = f"/run/{self.name}.tab"
        with open(path, "w") as file:
            file.writelines(f"{line}\n" for line in lines)
        daemon = self.start([STAND_IN, path], ready=False, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end_jobs)
        self.until_jobs(daemon, len(lines) if jobs is None else jobs)
        return daemon

    def until_jobs(self, daemon, count):
        support.until(lambda: len([c for c in children(daemon.pid) if has_shell(c)]) == count, "the jobs", DEADLINE)

    def end_jobs(self):
        open(self.go, "w").close()

    def read_done(self):
        with open(self.done) as file:
            return file.read()

    def background(self, *arguments, before=(), **options):
        return self.start([*before, support.PROCTOOL, "cron-graceful", *arguments], ready=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def background_at_job(self, *arguments, **options):
        """Ours, once it waits for a job."""
        ours = self.background(*arguments, **options)
        self.until_said(ours, "job ")
        return ours

    def graceful(self, *arguments, **options):
        return self.proctool("cron-graceful", *arguments, deadline=DEADLINE, **options)

    def until_said(self, child, what):
        """The lines on stderr up to one that has WHAT in it."""
        text = ""
        while what not in text:
            line = support.read_line(child.popen.stderr.fileno(), DEADLINE)
            self.assertNotEqual(line, "", f"no {what!r} in {text!r}")
            text += line + "\n"
        return text

    def until_held(self, daemon):
        support.until(lambda: status_of(daemon.pid, "State") == "t", "suspended", DEADLINE)

    def assert_runs(self, daemon):
        """Neither stopped nor traced: nothing of ours is left."""
        support.until(lambda: status_of(daemon.pid, "State") == "S", "running", DEADLINE)
        self.assertEqual(status_of(daemon.pid, "TracerPid"), "0")

    def assert_has_ended(self, daemon):
        self.assertTrue(daemon.has_ended(DEADLINE), "the daemon has ended")

    def assert_drained(self, ours, daemon):
        self.assertEqual(ours.wait(DEADLINE), 0)
        self.assert_has_ended(daemon)

    def systemctl(self, daemon, unit="cron.service", kill_mode="process", state="active", after="inactive",
                  show=":", stop=""):
        """A systemctl that answers as systemd's was measured to, and the environment in which it is found."""
        file = f"/run/{self.name}.cgroup"
        with open(file, "w") as out:
            out.write(f"0::/system.slice/{unit}\n")
        run("mount", "--bind", file, f"/proc/{daemon.pid}/cgroup")
        stop = stop or f"kill -TERM {daemon.pid}; kill -CONT {daemon.pid}"
        return self.write_systemctl(SYSTEMCTL, pid=daemon.pid, kill_mode=kill_mode, state=state, after=after,
                                    show=show, stop=stop)

    def write_systemctl(self, text, **values):
        directory = f"/run/{self.name}.bin"
        os.makedirs(directory, exist_ok=True)
        write_program(f"{directory}/systemctl", text.format(directory=directory, **values))
        self.calls = f"{directory}/calls"
        return {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"}

    def read_calls(self):
        """What systemctl was asked."""
        if not os.path.exists(self.calls):
            return []
        with open(self.calls) as file:
            return file.read().splitlines()
