# labels: daemon
# timeout: 300
# What strangers do to a search, and what a user's own junk does: forgeries, floods, dead sockets, locks.
import os
import resource
import signal
import socket
import subprocess
import sys
import time

import desktop
import support

desktop.enter({"helpers": support.HELPERS})


class Hostile(desktop.Case):
    """What strangers do, and what a user's own junk does."""

    def setUp(self):
        super().setUp()
        self.session("2", 1000)

    def variables(self, *arguments):
        (one,) = [one for one in self.shown(*arguments) if one["used"]]
        return one["variables"]

    def reasons(self):
        return {(drop["name"], drop["value"]): drop["reason"]
                for one in self.shown("--headless-ok") for drop in one["dropped"]}

    def test_many_processes_of_a_stranger(self):
        """200 processes with a bus of their own win nothing: python-proc's vote is no more."""
        mine = self.notifier(1000, self.bus(1000))
        self.wayland(1000)
        theirs = self.notifier(1002, self.bus(1002, "/tmp/eve-bus"))
        self.listen("/tmp/.X11-unix/X0", 1002)
        script = "for i in $(seq 200); do sleep 1000 & done; echo; wait"
        self.start_as(1002, ["sh", "-c", script], {
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/tmp/eve-bus", "DISPLAY": ":0",
            "XDG_SESSION_ID": "2", "XDG_RUNTIME_DIR": "/run/user/1000"}, ready=True)
        result = self.notify("Backup", "done")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.told(mine)["summary"], "Backup")
        self.assert_silent(theirs)

    def control_group(self, name):
        """A control group of that name in a new one of ours: what is written to it comes in."""
        place = "/run/tests/cgroup"
        if not os.path.isdir(place):
            os.mkdir(place)
            if subprocess.run(["mount", "-t", "cgroup2", "cgroup2", place], check=False).returncode:
                os.rmdir(place)
                support.skip("no control groups")
        top = f"{place}/proctool-{os.urandom(8).hex()}"
        try:
            os.makedirs(f"{top}/{name}")
        except OSError as error:
            support.skip(f"no control group of our own: {error}")

        def clean():
            with open(f"{top}/{name}/cgroup.procs") as file:
                inside = [int(pid) for pid in file.read().split()]
            for pid in inside:
                os.kill(pid, signal.SIGKILL)

            def is_empty():
                with open(f"{top}/cgroup.events") as file:
                    return "populated 0" in file.read()
            support.until(is_empty, "an empty group")
            os.rmdir(f"{top}/{name}")
            os.rmdir(top)
        self.addCleanup(clean)
        return f"{top}/{name}/cgroup.procs"

    def test_forged_scope(self):
        """A process in a cgroup session-2.scope is still its own user's only."""
        self.wayland(1000)
        eve = self.witness(1002, WAYLAND_DISPLAY="wayland-6", LANG="eve_EVE")
        with open(self.control_group("session-2.scope"), "w") as file:
            file.write(str(eve.pid))
        self.assertNotIn("LANG", self.variables())

    def test_scopes_of_one_user(self):
        """Values of two sessions of one user are not mixed."""
        self.session("7", 1000, STATE="online", TYPE="tty", SEAT=None)
        self.wayland(1000)
        ssh = self.witness(1000, LANG="ssh_SSH", WAYLAND_DISPLAY="wayland-0")
        with open(self.control_group("session-7.scope"), "w") as file:
            file.write(str(ssh.pid))
        self.assertNotIn("LANG", self.variables())
        desktop_process = self.witness(1000, LANG="de_DE")
        with open(self.control_group("session-2.scope"), "w") as file:
            file.write(str(desktop_process.pid))
        self.assertEqual(self.variables()["LANG"], "de_DE")

    def test_hostile_addresses(self):
        """Transports that run programs or read files are never handed on."""
        desktop.run_directory(1000)
        self.wayland(1000)
        hostile = ["unixexec:path=/bin/sh,argv1=-c,argv2=id", "tcp:host=127.0.0.1,port=1",
                   "nonce-tcp:host=127.0.0.1,port=1,noncefile=/etc/shadow", "autolaunch:",
                   "unix:path=/run/user/1000/../1002/bus", "unix:tmpdir=/tmp"]
        for address in hostile:
            self.witness(1000, DBUS_SESSION_BUS_ADDRESS=address)
        reasons = self.reasons()
        for address in hostile:
            self.assertIn(("DBUS_SESSION_BUS_ADDRESS", address), reasons)
        self.assertNotIn("DBUS_SESSION_BUS_ADDRESS", self.variables())
        # Among them a good one is found, and goes out alone.
        self.bus(1000, "/tmp/good")
        self.witness(1000, DBUS_SESSION_BUS_ADDRESS="unixexec:path=/x;unix:path=/tmp/dead;"
                     "unix:path=/tmp/good,guid=" + 32 * "0")
        self.assertEqual(self.variables()["DBUS_SESSION_BUS_ADDRESS"], "unix:path=/tmp/good")

    def test_hostile_values(self):
        """A quote that ran in root's eval; displays that lead away."""
        self.wayland(1000)
        for name, value in (("LANG", "x'; touch /tmp/owned; '"), ("DISPLAY", "evil:0"),
                            ("XDG_CURRENT_DESKTOP", "$(touch /tmp/owned)"), ("SWAYSOCK", "/etc/passwd"),
                            ("XDG_RUNTIME_DIR", "/tmp"), ("WAYLAND_DISPLAY", "wayland-proxy-12"),
                            ("DESKTOP_SESSION", "a\nb"), ("KDE_SESSION_VERSION", "\x1b[31m")):
            self.witness(1000, **{name: value})
        result = self.gui("--user", "anna")
        self.assertEqual(result.returncode, 0)
        subprocess.run(["sh", "-c", result.stdout], check=True)
        self.assertFalse(os.path.exists("/tmp/owned"))
        variables = self.variables()
        self.assertEqual(set(variables), {"WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE",
                                          "XDG_SESSION_ID"})
        names = {drop[0] for drop in self.reasons()}
        self.assertGreaterEqual(names, {"LANG", "DISPLAY", "XDG_CURRENT_DESKTOP", "SWAYSOCK",
                                        "XDG_RUNTIME_DIR", "WAYLAND_DISPLAY", "DESKTOP_SESSION",
                                        "KDE_SESSION_VERSION"})
        text = self.gui("--print").stdout
        self.assertNotIn("\x1b", text)
        self.assertIn("\\x1b[31m", text)

    def test_runtime_directories(self):
        """Hers alone: not open to others, no link, not another's; a display outside of it is none."""
        desktop.run_directory(1000)
        for path, owner, mode in (("/tmp/hers", 1000, 0o700), ("/tmp/open", 1000, 0o750), ("/tmp/eves", 1002, 0o700)):
            os.mkdir(path)
            os.chown(path, owner, owner)
            os.chmod(path, mode)
            self.listen(f"{path}/wayland-3", owner)
            self.witness(1000, XDG_RUNTIME_DIR=path, WAYLAND_DISPLAY="wayland-3")
        os.symlink("/tmp/hers", "/tmp/link")
        self.witness(1000, XDG_RUNTIME_DIR="/tmp/link")
        self.listen("/tmp/wayland-4", 1000)
        self.witness(1000, WAYLAND_DISPLAY="/tmp/wayland-4")
        variables = self.variables()
        self.assertEqual((variables["XDG_RUNTIME_DIR"], variables["WAYLAND_DISPLAY"]), ("/tmp/hers", "wayland-3"))
        reasons = self.reasons()
        for path in "/tmp/open", "/tmp/eves", "/tmp/link":
            self.assertIn("not the user's", reasons["XDG_RUNTIME_DIR", path])

    def test_wayland_paths(self):
        """A path stands within an accepted directory only."""
        desktop.run_directory(1000)
        self.listen("/run/user/1000/compositor", 1000)
        outside = self.listen("/tmp/wayland-4", 1000)
        for _ in range(2):
            self.witness(1000, WAYLAND_DISPLAY="/tmp/wayland-4")
        self.witness(1000, WAYLAND_DISPLAY="/run/user/1000/compositor")
        variables = self.variables()
        self.assertEqual((variables["XDG_RUNTIME_DIR"], variables["WAYLAND_DISPLAY"]),
                         ("/run/user/1000", "compositor"))
        self.assertIn("not in the runtime directory", self.reasons()["WAYLAND_DISPLAY", "/tmp/wayland-4"])
        self.assertFalse(outside.was_connected())

    def test_screens(self):
        """The screen of a display stands as it was."""
        self.listen("/tmp/.X11-unix/X4", 1000)
        self.witness(1000, DISPLAY=":4.1")
        self.assertEqual(self.variables()["DISPLAY"], ":4.1")

    def test_search_paths(self):
        """Entries where others may write are dropped."""
        self.wayland(1000)
        os.makedirs("/home/anna/share")
        os.chown("/home/anna/share", 1000, 1000)
        os.makedirs("/home/eve/share", exist_ok=True)
        os.chown("/home/eve/share", 1002, 1002)
        self.addCleanup(os.rmdir, "/home/anna/share")
        self.witness(1000, XDG_DATA_DIRS="/usr/share:/tmp/x:/home/anna/share:relative:/home/eve/share:"
                     "/home/anna/later/share:/usr/local/share/")
        self.assertEqual(self.variables()["XDG_DATA_DIRS"],
                         "/usr/share:/home/anna/share:/home/anna/later/share:/usr/local/share/")

    def test_stale_sockets(self):
        """Nobody listens any more: not exported, and named."""
        for path in f"{desktop.run_directory(1000)}/wayland-0", "/tmp/.X11-unix/X3", "/tmp/bus":
            self.stale(path)
        self.witness(1000, DISPLAY=":3", WAYLAND_DISPLAY="wayland-0",
                     DBUS_SESSION_BUS_ADDRESS="unix:path=/tmp/bus", XDG_RUNTIME_DIR="/run/user/1000")
        result = self.gui("true")
        self.assertEqual(result.returncode, 125)
        self.assertIn("no live display", result.stderr)
        reasons = self.reasons()
        for drop in ("DISPLAY", ":3"), ("WAYLAND_DISPLAY", "wayland-0"), (
                "DBUS_SESSION_BUS_ADDRESS", "unix:path=/tmp/bus"):
            self.assertEqual(reasons[drop], "nobody listens there")

    def stale(self, path):
        """A socket of hers where nobody listens any more."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(path)
        os.chown(path, 1000, 1000)

    def test_limits(self):
        """So much is tried and no more: 16 displays, and as many buses with the usual one among them.
        What is not even hers does not count."""
        for number in range(40):
            self.listen(f"/tmp/.X11-unix/X{100 + number}", 1002)
            self.listen(f"/tmp/eve{number}", 1002)
            self.witness(1000, DISPLAY=f":{100 + number}", DBUS_SESSION_BUS_ADDRESS=f"unix:path=/tmp/eve{number}")
        self.listen("/tmp/.X11-unix/X1", 1000)
        self.witness(1000, DISPLAY=":1")
        self.assertEqual(self.variables()["DISPLAY"], ":1")
        entries = ""
        for number in range(16):
            self.stale(f"/tmp/.X11-unix/X{50 + number}")
            self.stale(f"/tmp/bus{number}")
            entries += f"unix:path=/tmp/bus{number};"
            for _ in range(2):
                self.witness(1000, DISPLAY=f":{50 + number}")
        for _ in range(2):
            self.witness(1000, DBUS_SESSION_BUS_ADDRESS=entries)
        self.assertEqual(self.gui("true").returncode, 125)
        os.chown("/tmp/.X11-unix/X50", 1002, 1002)
        self.bus(1000)
        variables = self.variables()
        self.assertEqual((variables["DISPLAY"], variables["DBUS_SESSION_BUS_ADDRESS"]),
                         (":1", "unix:path=/run/user/1000/bus"))

    def test_reused_bus_path(self):
        """A path that was hers and is a stranger's now."""
        self.wayland(1000)
        stranger = self.listen("/tmp/dbus-old", 1002)
        self.witness(1000, DBUS_SESSION_BUS_ADDRESS="unix:path=/tmp/dbus-old")
        self.assertNotIn("DBUS_SESSION_BUS_ADDRESS", self.variables())
        self.assertFalse(stranger.was_connected())
        # Her file, but a stranger listens: told by the kernel.
        os.chown("/tmp/dbus-old", 1000, 1000)
        self.assertEqual(self.reasons()["DBUS_SESSION_BUS_ADDRESS", "unix:path=/tmp/dbus-old"],
                         "another user listens there")

    def test_taken_x_sockets(self):
        """A stranger holds the abstract name that X clients try first, or the path."""
        self.session("2", 1000, TYPE="x11")
        self.listen("/tmp/.X11-unix/X0", 1000)
        self.assertEqual(self.variables()["DISPLAY"], ":0")
        self.listen("\0/tmp/.X11-unix/X0", 1002)
        self.witness(1000, DISPLAY=":0")
        self.assertEqual(self.reasons()["DISPLAY", ":0"], "another user listens there")
        self.assertEqual(self.gui("true").returncode, 125)

    def test_foreign_x_path(self):
        stranger = self.listen("/tmp/.X11-unix/X1", 1002)
        self.wayland(1000)
        self.witness(1000, DISPLAY=":1")
        self.assertNotIn("DISPLAY", self.variables())
        self.assertFalse(stranger.was_connected())

    def test_lazy_xwayland(self):
        """Where Wayland lives X is not connected to, and its display stands by the kernel's list."""
        self.wayland(1000)
        path = self.listen("/tmp/.X11-unix/X0", 1000)
        name = self.listen("\0/tmp/.X11-unix/X0", 1000)
        self.witness(1000, DISPLAY=":0")
        variables = self.variables()
        self.assertEqual((variables["DISPLAY"], variables["WAYLAND_DISPLAY"]), (":0", "wayland-0"))
        self.assertFalse(path.was_connected() or name.was_connected())

    def test_lazy_xwayland_taken(self):
        self.wayland(1000)
        path = self.listen("/tmp/.X11-unix/X0", 1000)
        self.listen("\0/tmp/.X11-unix/X0", 1002)
        self.witness(1000, DISPLAY=":0")
        self.assertNotIn("DISPLAY", self.variables())
        self.assertFalse(path.was_connected())

    def test_lazy_xwayland_elsewhere(self):
        """The same path in another mount namespace is another file."""
        self.wayland(1000)
        for number in range(9):
            desktop.put(f"/tmp/file{number}", "")  # so that the inodes' numbers differ
        stale = socket.socket(socket.AF_UNIX)
        stale.bind("/tmp/.X11-unix/X0")
        os.chown("/tmp/.X11-unix/X0", 1000, 1000)
        stale.close()
        script = ("import os,socket,sys\n"
                  "s=socket.socket(socket.AF_UNIX); s.bind('/tmp/.X11-unix/X0'); s.listen(1)\n"
                  "print(flush=True); sys.stdin.read()")
        self.start(["unshare", "--mount", "sh", "-c",
                    "mount -t tmpfs tmpfs /tmp && mkdir /tmp/.X11-unix && chmod 1777 /tmp/.X11-unix &&"
                    'exec setpriv --reuid=1000 --regid=1000 --clear-groups "$@"', "sh",
                    sys.executable, "-c", script], stdin=subprocess.PIPE)
        self.witness(1000, DISPLAY=":0")
        self.assertNotIn("DISPLAY", self.variables())

    def fill_wayland(self):
        return self.listen_full(f"{desktop.run_directory(1000)}/wayland-0", 1000)

    def test_full_backlog(self):
        """Within the time, and dropped."""
        self.fill_wayland()
        begin = time.monotonic()
        self.assertEqual(self.gui("true").returncode, 125)
        self.assertLess(time.monotonic() - begin, 8)

    def test_full_abstract_name(self):
        """Who keeps the name busy that X clients try first, holds it: a stranger; so does a server
        that takes nobody. Never does it count as a name that nobody has."""
        self.session("2", 1000, TYPE="x11")
        self.listen("/tmp/.X11-unix/X0", 1000)
        self.witness(1000, DISPLAY=":0")
        self.assertEqual(self.variables()["DISPLAY"], ":0")
        stranger = self.listen_full("\0/tmp/.X11-unix/X0", 1002)
        begin = time.monotonic()
        self.assertEqual(self.reasons()["DISPLAY", ":0"], "another user listens there")
        self.assertEqual(self.gui("true").returncode, 125)
        self.assertLess(time.monotonic() - begin, 8)
        stranger.close()
        self.assertEqual(self.variables()["DISPLAY"], ":0")
        self.listen_full("\0/tmp/.X11-unix/X0", 1000)
        self.assertIn("takes no connection", self.reasons()["DISPLAY", ":0"])
        self.assertEqual(self.gui("true").returncode, 125)

    def test_full_sockets_before_a_good_one(self):
        """They take time, and not that of what comes after them."""
        for number in range(6):
            self.listen_full(f"/tmp/full{number}", 1000)
            self.witness(1000, DBUS_SESSION_BUS_ADDRESS=f"unix:path=/tmp/full{number}")
        self.listen_full("/tmp/.X11-unix/X1", 1000)
        self.listen("/tmp/.X11-unix/X2", 1000)
        self.bus(1000)
        begin = time.monotonic()
        variables = self.variables()
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual((variables["DISPLAY"], variables["DBUS_SESSION_BUS_ADDRESS"]),
                         (":2", "unix:path=/run/user/1000/bus"))

    def test_flood_of_sockets(self):
        """Thousands of a stranger's, listening and dead, beside ours."""
        script = ("import os, resource, socket, sys\n"
                  "resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))\n"
                  "kept = []\n"
                  "for n in range(3000):\n"
                  "    s = socket.socket(socket.AF_UNIX)\n"
                  "    s.bind(f'/tmp/.X11-unix/X{n + 100}' if n < 1500 else f'\\0/tmp/.X11-unix/X{n}')\n"
                  "    if n % 2: s.listen(0)\n"
                  "    kept.append(s)\n"
                  "print(flush=True); sys.stdin.read()")
        self.start_as(1002, [sys.executable, "-c", script], ready=True, stdin=subprocess.PIPE)
        self.wayland(1000)
        self.listen("/tmp/.X11-unix/X9999", 1000)
        begin = time.monotonic()
        variables = self.variables()
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual((variables["WAYLAND_DISPLAY"], variables["DISPLAY"]), ("wayland-0", ":9999"))

    def stuck(self, count, uid):
        child = self.start([f"{desktop.PLACE}/helpers/stuck", str(count), str(uid)], ready=True)
        if child.line.startswith("skipped"):
            support.skip(child.line)
        for _ in range(count - 1):
            support.read_line(child.popen.stdout.fileno())

    def test_held_locks_of_a_stranger(self):
        """Her processes whose environ nobody can read: ours are heard all the same."""
        os.unlink("/run/systemd/sessions/2")
        self.stuck(9, 900)
        self.wayland(1000)
        self.witness(1000, LANG="de_DE.UTF-8")
        begin = time.monotonic()
        variables = self.variables()
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(variables["LANG"], "de_DE.UTF-8")

    def test_held_locks_of_her_own(self):
        """A process that hangs does not silence those after it."""
        self.stuck(2, 1000)
        self.wayland(1000)
        for _ in range(40):
            self.witness(1000, LANG="de_DE.UTF-8")
        begin = time.monotonic()
        variables = self.variables()
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(variables["LANG"], "de_DE.UTF-8")

    def test_setuid_environment(self):
        """A process that was somebody else's shows that one's environment: not heard."""
        self.wayland(1000)
        script = ("import os,sys\n"
                  "os.setresgid(1000,1000,1000); os.setresuid(1000,1000,1000)\n"
                  "print(flush=True); sys.stdin.read()")
        self.start([sys.executable, "-c", script], env={"LANG": "root_ROOT"}, stdin=subprocess.PIPE)
        mixed = "import os,sys\nos.setresuid(1000,0,0)\nprint(flush=True); sys.stdin.read()"
        self.start([sys.executable, "-c", mixed], env={"LANG": "mixed_MIXED"}, stdin=subprocess.PIPE)
        self.assertNotIn("LANG", self.variables())
        self.witness(1000, LANG="de_DE.UTF-8")
        self.assertEqual(self.variables()["LANG"], "de_DE.UTF-8")

    def test_other_namespaces(self):
        """A container's process with the same uid is no witness."""
        self.wayland(1000)
        self.start(["unshare", "--mount", "setpriv", "--reuid=1000", "--regid=1000", "--clear-groups",
                    "sh", "-c", "echo; exec sleep 1000"], env={"LANG": "box_BOX", "PATH": "/usr/bin:/bin"})
        self.assertNotIn("LANG", self.variables())

    def test_votes(self):
        """Within one user and session the most frequent value leads; what is dead gives way."""
        self.session("2", 1000, TYPE="x11")
        self.listen("/tmp/.X11-unix/X1", 1000)
        self.listen("/tmp/.X11-unix/X2", 1000)
        for display in ":2", ":2", ":1", ":9", ":9", ":9":
            self.witness(1000, DISPLAY=display)
        self.assertEqual(self.variables()["DISPLAY"], ":2")

    # Stops whatever of ours she may.
    STOPPER = """
import os
print(flush=True)
while True:
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                line = file.read()
            if b"with-gui" in line and b"python" not in line:
                os.kill(int(name), 19)
        except OSError:
            pass
"""

    def test_stopped_probe(self):
        """She stops the child that looks for us: it is given up, and nothing of ours waits."""
        self.fill_wayland()
        self.start_as(1000, [sys.executable, "-c", self.STOPPER], ready=True)
        begin = time.monotonic()
        result = self.gui("true")
        self.assertLess(time.monotonic() - begin, 11)
        self.assertEqual(result.returncode, 125)
        self.assertIn("did not answer", result.stderr)


    def test_stopped_probe_in_front(self):
        """Whoever is in front and does not answer gives way to the next, within the time."""
        self.session("3", 1001, STATE="online")
        self.wayland(1001)
        self.fill_wayland()
        self.start_as(1000, [sys.executable, "-c", self.STOPPER], ready=True)
        begin = time.monotonic()
        result = self.gui("id", "-un")
        self.assertLess(time.monotonic() - begin, 11)
        self.assertEqual((result.returncode, result.stdout), (0, "bert\n"), result.stderr)

    def test_everything_at_once(self):
        """Held locks, full sockets, a taken X name, 200 processes that lie: ten seconds at the most."""
        os.unlink("/run/systemd/sessions/2")
        self.stuck(4, 900)
        self.stuck(4, 1002)
        script = "for i in $(seq 200); do sleep 1000 & done; echo; wait"
        self.start_as(1002, ["sh", "-c", script], {"DISPLAY": ":1", "XDG_RUNTIME_DIR": "/run/user/1000"}, ready=True)
        for number in range(3):
            self.listen_full(f"/tmp/full{number}", 1000)
            self.witness(1000, DBUS_SESSION_BUS_ADDRESS=f"unix:path=/tmp/full{number}")
        self.listen("/tmp/.X11-unix/X1", 1000)
        self.listen_full("\0/tmp/.X11-unix/X1", 1002)
        self.listen("/tmp/.X11-unix/X2", 1000)
        self.witness(1000, DISPLAY=":1", LANG="de_DE.UTF-8")
        begin = time.monotonic()
        result = self.gui("--user", "anna", "sh", "-c", "echo $DISPLAY $LANG")
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual((result.returncode, result.stdout), (0, ":2 de_DE.UTF-8\n"), result.stderr)
        begin = time.monotonic()
        result = self.gui("sh", "-c", "echo $DISPLAY $LANG")
        self.assertLess(time.monotonic() - begin, 10.5)
        self.assertEqual((result.returncode, result.stdout), (0, ":2 de_DE.UTF-8\n"), result.stderr)


    def test_no_process_left(self):
        """Where nobody can be asked, that is what is said."""
        if support.is_sanitized():
            support.skip("a leak checker starts a process of its own")
        self.wayland(1000)
        result = self.gui("true", before=self.refused("ENOSYS", "fork", "clone", "clone3"))
        self.assertEqual(result.returncode, 125)
        self.assertIn("could not be asked", result.stderr)


if __name__ == "__main__":
    support.main()
