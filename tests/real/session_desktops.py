# labels: daemon
# timeout: 300
# Real desktops: Xvfb with dunst, sway with mako, an X server of root's, elogind; delivery is read back
# from the bus.
import contextlib
import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import desktop
import support


def elogind_in(place):
    """The daemon among the unpacked files, which lies where each release of Debian has it; None."""
    found = [path for path in glob.glob(f"{place}/**/lib*/**/elogind", recursive=True)
             if os.path.isfile(path)]
    return found[0] if found else None


def unpack_elogind():
    """elogind's packages, unpacked beside the build (they cannot be installed beside systemd): the
    folder, or "" where they cannot be had."""
    place = os.path.join(os.path.dirname(support.PROCTOOL), "elogind")
    if not os.path.isdir(place):
        with tempfile.TemporaryDirectory() as work:
            for argv in ["apt-get", "-q", "download", "elogind", "libelogind0"], None:
                argv = argv or ["sh", "-c", 'for file in *.deb; do dpkg -x "$file" tree; done']
                with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                    subprocess.run(argv, cwd=work, capture_output=True, timeout=60, check=False)
            if not elogind_in(f"{work}/tree"):
                return ""
            shutil.copytree(f"{work}/tree", place, symlinks=True)
    return place


if "ELOGIND" not in os.environ:
    os.environ["ELOGIND"] = unpack_elogind()
desktop.enter({"elogind": os.environ["ELOGIND"]})

COOKIE = "0123456789abcdef0123456789abcdef"

# Waits until the bus has a notification daemon (it may start one by itself, and then there are two),
# and prints each notification by eavesdropping.
MONITOR = """
import json, sys, wire
bus = wire.connect(sys.argv[1])
daemon = "org.freedesktop.Notifications"
bus.call_bus("AddMatch", "s", [f"type='signal',member='NameOwnerChanged',arg0='{daemon}'"])
there = bus.call_bus("NameHasOwner", "s", [daemon])[0]
while not there:
    _, _, fields, body = bus.receive()
    there = fields.get(3) == "NameOwnerChanged" and body[2] != ""
bus.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.Monitoring",
         "BecomeMonitor", "asu", ([], 0))
print("ready", flush=True)
asked = None
while True:
    kind, serial, fields, body = bus.receive()
    if kind == 1 and fields.get(3) == "Notify":
        asked = (fields.get(7), serial, body[3])
    elif kind == 2 and asked and fields.get(5) == asked[1] and fields.get(6) == asked[0]:
        print(json.dumps({"summary": asked[2], "id": body[0]}), flush=True)
"""


class Desktops(desktop.Case):
    def monitor(self, uid, path):
        """Says each notification once the daemon has answered it."""
        return self.start_as(uid, [sys.executable, "-c", MONITOR, path],
                             {"PYTHONPATH": f"{desktop.PLACE}/lib", "PYTHONDONTWRITEBYTECODE": "1"},
                             ready=True)

    def cookie_file(self, path, display, uid, cookie=COOKIE):
        """An Xauthority file of the user's with the cookie, made by xauth itself."""
        desktop.put(path, "", uid, 0o600)
        subprocess.run([desktop.find_program("xauth"), "-q", "-f", path, "add", f":{display}",
                        "MIT-MAGIC-COOKIE-1", cookie], check=True)
        os.chown(path, uid, uid)
        self.addCleanup(os.unlink, path)

    def xvfb(self, uid, display, *arguments):
        """An X server that listens on path and abstract name."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.start_as(uid, [desktop.find_program("Xvfb"), f":{display}", "-displayfd", str(writer),
                            "-nolisten", "tcp", "-screen", "0", "640x480x24", *arguments],
                      pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        self.assertEqual(support.read_line(reader), str(display))

    def deliver(self, monitor):
        """By notify-send and by our own client."""
        for number, extra in enumerate(([], ["--session-builtin"])):
            result = self.notify(*extra, f"hello {number}", "text", timeout=30)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(self.told(monitor)["summary"], f"hello {number}")

    def test_x11(self):
        """A person's own X server without logind; dunst."""
        bus = self.bus(1000)
        self.cookie_file("/home/anna/.Xauthority", 3, 1000)
        self.xvfb(1000, 3, "-auth", "/home/anna/.Xauthority")
        self.start_as(1000, [desktop.find_program("dunst")], {
            "DISPLAY": ":3", "XAUTHORITY": "/home/anna/.Xauthority",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={bus}"}, stderr=subprocess.DEVNULL)
        monitor = self.monitor(1000, bus)
        support.until(lambda: "used" in self.notify("--session-print").stdout, "a session")
        self.deliver(monitor)

    def test_roots_server(self):
        """An X server that runs as root counts for whoever has its cookie, and for nobody else."""
        self.cookie_file("/run/roots/auth", 4, 0)
        self.xvfb(0, 4, "-auth", "/run/roots/auth")
        self.session("c3", 1000, TYPE="x11", DISPLAY=":4", SERVICE="lightdm")
        self.session("c4", 1001, TYPE="x11", SEAT="seat1")
        self.cookie_file("/home/anna/.Xauthority", 4, 1000)
        self.witness(1000, DISPLAY=":4", XAUTHORITY="/home/anna/.Xauthority")
        # Another's cookie does not open it; nor does naming a file that is not hers to read.
        self.cookie_file("/home/bert/.Xauthority", 4, 1001, COOKIE[::-1])
        self.witness(1001, DISPLAY=":4", XAUTHORITY="/run/roots/auth")
        shown = {one["user"]: one for one in self.shown()}
        self.assertTrue(shown["anna"]["used"])
        self.assertEqual(shown["anna"]["variables"]["DISPLAY"], ":4")
        self.assertEqual(shown["anna"]["variables"]["XAUTHORITY"], "/home/anna/.Xauthority")
        self.assertEqual(shown["bert"]["rejected"], "no live display")
        reasons = {drop["name"]: drop["reason"] for drop in shown["bert"]["dropped"]}
        self.assertIn("no cookie that it takes", reasons["DISPLAY"])
        self.assertIn("not the user's", reasons["XAUTHORITY"])

    def test_roots_server_begins_anew(self):
        """It ends connections without an answer meanwhile."""
        listener = self.listen("\0/tmp/.X11-unix/X4", 0)

        def serve():
            for answer in b"", b"", b"\1":
                connection, _ = listener.socket.accept()
                with connection:
                    if answer:
                        connection.recv(48)
                        connection.sendall(answer)

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        self.cookie_file("/home/anna/named", 4, 1000)
        self.session("c3", 1000, TYPE="x11", DISPLAY=":4", SERVICE="lightdm")
        self.witness(1000, DISPLAY=":4", XAUTHORITY="/home/anna/named")
        (anna,) = self.shown()
        server.join(support.DEADLINE)
        self.assertEqual((anna["used"], anna["dropped"]), (True, []))
        self.assertEqual(anna["variables"]["XAUTHORITY"], "/home/anna/named")

    def test_wayland(self):
        """sway as a service of the user's, mako; Xwayland is not started by looking."""
        run = desktop.run_directory(1000)
        bus = self.bus(1000)
        desktop.put("/home/anna/sway", "xwayland enable\nexec touch /home/anna/up\n", 1000)
        self.addCleanup(os.unlink, "/home/anna/sway")
        sway = self.start_as(1000, [desktop.find_program("sway"), "-c", "/home/anna/sway"], {
            "XDG_RUNTIME_DIR": run, "WLR_BACKENDS": "headless", "WLR_LIBINPUT_NO_DEVICES": "1",
            "WLR_RENDERER": "pixman", "DBUS_SESSION_BUS_ADDRESS": f"unix:path={bus}"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        support.until(lambda: glob.glob(f"{run}/wayland-[0-9]") and os.path.exists("/home/anna/up"),
                      "sway is up")
        os.unlink("/home/anna/up")
        self.assertTrue(sway.is_alive())
        name = os.path.basename(glob.glob(f"{run}/wayland-[0-9]")[0])
        self.start_as(1000, [desktop.find_program("mako")], {
            "XDG_RUNTIME_DIR": run, "WAYLAND_DISPLAY": name,
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={bus}"}, stderr=subprocess.DEVNULL)
        monitor = self.monitor(1000, bus)
        support.until(lambda: "used" in self.notify("--session-print").stdout, "a session")
        self.deliver(monitor)
        (one,) = [one for one in self.shown() if one["used"]]
        self.assertEqual(one["variables"]["WAYLAND_DISPLAY"], name)
        self.assertIn("sway", self.names())
        self.assertNotIn("Xwayland", self.names())
        # Its X display goes out all the same, and is what starts it.
        desktop.find_program("Xwayland")
        self.assertEqual(one["variables"]["DISPLAY"], ":0")
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
            connection.connect("/tmp/.X11-unix/X0")
            support.until(lambda: "Xwayland" in self.names(), "Xwayland, by a connection")

    @staticmethod
    def names():
        """What runs here."""
        return {support.comm(pid) for pid in os.listdir("/proc") if pid.isdigit()}

    @staticmethod
    def end_groups():
        """elogind mounts a hierarchy of control groups, which is the whole machine's. It ends when it is
        unmounted with no group in it, and these end some time after they were removed: at the end of
        all tests."""
        place = "/sys/fs/cgroup/elogind"
        if os.path.ismount(place):
            subprocess.run(["umount", place], check=True)

    @staticmethod
    def remove_groups():
        for path, _, _ in os.walk("/sys/fs/cgroup/elogind", topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(path)

    def test_elogind(self):
        """A real logind: its own state files."""
        place = f"{desktop.PLACE}/elogind"
        daemon = elogind_in(place)
        if not daemon:
            support.skip("no package of elogind to unpack")
        libraries = {os.path.dirname(path) for path in glob.glob(f"{place}/**/*.so*", recursive=True)}
        environment = {"LD_LIBRARY_PATH": ":".join(libraries)}
        self.addClassCleanup(self.end_groups)
        self.addCleanup(self.remove_groups)
        os.makedirs("/run/dbus", exist_ok=True)
        desktop.put("/run/tests/system.conf", """<!DOCTYPE busconfig PUBLIC
          "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
          "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
          <busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen>
          <policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
          <allow receive_sender="*"/></policy></busconfig>""")
        self.start_as(0, [desktop.find_program("dbus-daemon"), "--config-file=/run/tests/system.conf",
                          "--nofork", "--nopidfile", "--print-address"], ready=True, stderr=subprocess.DEVNULL)
        log = open("/run/tests/elogind.log", "w+")
        self.addCleanup(log.close)
        elogind = self.start_as(0, [daemon], environment, stdout=log, stderr=log)

        leader = self.witness(1000)
        script = ("import sys,wire\n"
                  "bus=wire.connect('/run/dbus/system_bus_socket')\n"
                  "print(bus.call('org.freedesktop.login1','/org/freedesktop/login1',"
                  "'org.freedesktop.login1.Manager','CreateSession','uusssssussbssa(sv)',"
                  f"(1000,{leader.pid},'lightdm','x11','user','','seat0',7,'tty7',':5',False,'','',[]))[0],"
                  "flush=True)\nsys.stdin.read()\n")
        identifier = ""
        end = time.monotonic() + 10
        while not identifier and time.monotonic() < end and elogind.is_alive():
            maker = self.start([sys.executable, "-c", script], ready=False,
                               env={"PYTHONPATH": f"{desktop.PLACE}/lib"}, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=log)
            with contextlib.suppress(AssertionError):
                identifier = support.read_line(maker.popen.stdout.fileno(), 5)
        if not identifier:
            log.seek(0)
            support.skip(f"elogind makes no session here: {log.read().strip()[-300:]}")
        self.listen("/tmp/.X11-unix/X5", 1000)
        shown = self.shown()
        self.assertEqual([(one["user"], one["session"], one["used"]) for one in shown],
                         [("anna", identifier, True)])
        self.assertEqual(shown[0]["variables"]["DISPLAY"], ":5")
        with open(f"/run/systemd/sessions/{identifier}") as file:
            self.assertIn("UID=1000", file.read())


if __name__ == "__main__":
    support.main()
