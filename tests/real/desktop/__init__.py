"""A private root with users, desktops and strangers, for the tests of the session applets.

Everything is in namespaces of the test's own: users of a bind-mounted passwd, /run, /tmp and /home on
tmpfs, a network namespace for the abstract names of X. No account exists on the host.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import support

HERE = os.path.dirname(os.path.abspath(__file__))
PLACE = "/run/tests"  # what tests need of their own, readable for all
BIN = f"{PLACE}/bin"

# Where the counts of lines that ran are written (gcov), beside the objects; None: they are not counted.
COUNTED = os.environ.get("COUNTED")
counted = os.open(COUNTED, os.O_PATH) if COUNTED else None

USERS = {"root": 0, "anna": 1000, "bert": 1001, "eve": 1002, "gdm": 120}
GROUPS = {"root": 0, "gdm": 120, "anna": 1000, "bert": 1001, "eve": 1002, "audio": 29}


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def cover(place, mode):
    """An empty file system over PLACE; only the counts stay in sight."""
    mount("-t", "tmpfs", "-o", f"mode={mode}", "tmpfs", place)
    if COUNTED and COUNTED.startswith(f"{place}/"):
        os.makedirs(COUNTED)
        mount("--no-canonicalize", "--bind", f"/proc/{os.getpid()}/fd/{counted}", COUNTED)


def put(path, text, owner=0, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chown(path, owner, owner)
    os.chmod(path, mode)


def find_program(name):
    path = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
    if path is None:
        support.skip(f"no {name}")
    return path


def enter(trees=None):
    """Into namespaces, with the root described above. To be called before anything else. `trees` are
    folders to have as PLACE/NAME."""
    if os.geteuid() != 0:
        print("skipped: becoming users takes root")
        sys.exit(support.SKIPPED)
    support.in_namespaces(network=True)
    os.chdir("/")
    cover("/run", "755")
    os.makedirs(BIN)
    for name, path in {"lib": HERE, **(trees or {})}.items():
        if path:
            shutil.copytree(path, f"{PLACE}/{name}", symlinks=True,
                            ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(support.PROCTOOL, f"{BIN}/proctool")
    # What lies below these is out of sight from here on, and may be what was built.
    support.PROCTOOL = f"{BIN}/proctool"
    for place in "/tmp", "/home":
        cover(place, "755")
    os.chmod("/tmp", 0o1777)
    subprocess.run(["chmod", "-R", "a+rX", PLACE], check=True)
    subprocess.run([f"{BIN}/proctool", "--install", "-s", BIN], check=True)
    make_users()


def make_users():
    passwd = "".join(f"{name}:x:{uid}:{uid}::{'/root' if uid == 0 else '/home/' + name}:/bin/sh\n"
                     for name, uid in USERS.items())
    group = "".join(f"{name}:x:{gid}:{'anna' if name == 'audio' else ''}\n"
                    for name, gid in GROUPS.items())
    put(f"{PLACE}/passwd", passwd)
    put(f"{PLACE}/group", group)
    put(f"{PLACE}/nsswitch.conf", "passwd: files\ngroup: files\n")
    for name in "passwd", "group", "nsswitch.conf":
        mount("--bind", f"{PLACE}/{name}", f"/etc/{name}")
    for name, uid in USERS.items():
        if uid != 0:
            os.mkdir(f"/home/{name}", 0o700)
            os.chown(f"/home/{name}", uid, uid)


def run_directory(uid):
    path = f"/run/user/{uid}"
    if not os.path.isdir(path):
        os.makedirs(path, 0o755, exist_ok=True)
        os.chmod(path, 0o700)
        os.chown(path, uid, uid)
    return path


class Listener:
    """A stream socket that listens at a path (abstract with a NUL in front), as a user."""

    def __init__(self, path, uid, backlog=16):
        # The kernel notes who made it, and as its peer who called listen.
        os.setegid(uid)
        os.seteuid(uid)
        try:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(path)
            self.socket.listen(backlog)
        finally:
            os.seteuid(0)
            os.setegid(0)

    def fill(self):
        """Until its queue is full: the sockets that wait in it."""
        fillers = []
        while True:
            filler = socket.socket(socket.AF_UNIX)
            filler.setblocking(False)
            fillers.append(filler)
            try:
                filler.connect(self.socket.getsockname())
            except BlockingIOError:
                return fillers

    def was_connected(self):
        return support.is_readable(self.socket.fileno(), 0)

    def close(self):
        self.socket.close()


class Case(support.Case):
    """A test with /run/user, /run/systemd and X's sockets of its own."""

    def setUp(self):
        for place in "/run/user", "/run/systemd", "/tmp":
            os.makedirs(place, exist_ok=True)
            cover(place, "1777" if place == "/tmp" else "755")
            self.addCleanup(subprocess.run, ["umount", "-l", place], check=True)
        os.mkdir("/tmp/.X11-unix")
        os.chmod("/tmp/.X11-unix", 0o1777)

    # --- processes

    def start_as(self, uid, argv, environment=None, ready=False, groups=None, **options):
        """A process of the user's, as a login would have begun it."""
        variables = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": self.home(uid)}
        variables.update(environment or {})
        if ready:
            options.setdefault("stdout", subprocess.PIPE)
        child = self.start(argv, False, user=uid, group=uid, extra_groups=groups or [uid], cwd="/",
                           env=variables, start_new_session=True, **options)
        self.addCleanup(self.end_group, child.pid)
        if ready:
            child.line = support.read_line(child.popen.stdout.fileno())
        return child

    @staticmethod
    def end_group(leader):
        """With those that it has started; its pid is its own until it is waited for."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)

    @staticmethod
    def home(uid):
        return next(f"/home/{name}" for name, number in USERS.items() if number == uid) if uid else "/root"

    def witness(self, uid, **environment):
        """A process that does nothing but show an environment. It is there when this returns, and
        executes nothing more: while it did, its environment would be empty."""
        return self.start_as(uid, ["sh", "-c", "echo; read word"], environment, ready=True,
                             stdin=subprocess.PIPE)

    def listen(self, path, uid, backlog=16):
        listener = Listener(path, uid, backlog)
        self.addCleanup(listener.close)
        return listener

    def listen_full(self, path, uid):
        """One whose queue is full: connecting waits."""
        listener = self.listen(path, uid, backlog=0)
        for filler in listener.fill():
            self.addCleanup(filler.close)
        return listener

    # --- desktops

    def session(self, name, uid, **keys):
        """A state file of logind's."""
        values = {"UID": uid, "USER": uid, "ACTIVE": 1, "STATE": "active", "REMOTE": 0,
                  "TYPE": "wayland", "CLASS": "user", "SEAT": "seat0", "LEADER": 1}
        values.update(keys)
        put(f"/run/systemd/sessions/{name}", "# This is private data. Do not parse.\n" + "".join(
            f"{key}={value}\n" for key, value in values.items() if value is not None))

    def bus(self, uid, path=None):
        """A real bus: its socket's path."""
        path = path or f"{run_directory(uid)}/bus"
        address = f"unix:abstract={path[1:]}" if path[0] == "@" else f"unix:path={path}"
        self.start_as(uid, [find_program("dbus-daemon"), "--session", "--nofork", "--nopidfile",
                            "--print-address", f"--address={address}"], ready=True,
                      stderr=subprocess.DEVNULL)
        return path

    def notifier(self, uid, path):
        return self.start_as(uid, [sys.executable, f"{PLACE}/lib/notifier.py", path],
                             {"PYTHONPATH": f"{PLACE}/lib", "PYTHONDONTWRITEBYTECODE": "1"},
                             ready=True)

    def wayland(self, uid, name="wayland-0"):
        """A socket as a compositor's."""
        return self.listen(f"{run_directory(uid)}/{name}", uid)

    def desktop(self, uid, session="2", **keys):
        """A whole one, in front on seat0: its notification daemon."""
        self.session(session, uid, **keys)
        self.wayland(uid)
        return self.notifier(uid, self.bus(uid))

    def told(self, notifier):
        """The next notification that arrived."""
        return json.loads(support.read_line(notifier.popen.stdout.fileno()))

    def assert_silent(self, notifier):
        self.assertFalse(support.is_readable(notifier.popen.stdout.fileno(), 0))

    # --- the applets

    def refused(self, error, *calls):
        """For `before`, as support has it; where the helpers are among the trees."""
        return [f"{PLACE}/helpers/refuse", error, ",".join(calls), "--"]

    def applet(self, name, *arguments, environment=None, before=(), **options):
        """Runs an applet by its installed name, from `env -i`, as root."""
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("text", True)
        options.setdefault("timeout", support.DEADLINE)
        options.setdefault("cwd", "/")
        return subprocess.run([*before, f"{BIN}/{name}", *map(str, arguments)], env=environment or {},
                              check=False, **options)

    def notify(self, *arguments, **options):
        return self.applet("notify-send-headless", *arguments, **options)

    def gui(self, *arguments, **options):
        return self.applet("with-gui-environment", *arguments, **options)

    def shown(self, *arguments, **options):
        """What --json says: the sessions by user and id."""
        result = self.gui("--json", *arguments, **options)
        self.assertEqual(result.stderr == "", result.returncode == 0, result.stderr)
        return json.loads(result.stdout)["sessions"]
