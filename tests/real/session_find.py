# labels: daemon
# timeout: 300
# Which session is found: logind's files of real layouts, ranks, greeters.
import os
import socket
import subprocess

import desktop
import support

desktop.enter({"helpers": support.HELPERS})


class Layouts(desktop.Case):
    """State files as real systems have them; the sockets behind are plain ones."""

    def chosen(self, *arguments, **options):
        used = [one for one in self.shown(*arguments, **options) if one["used"]]
        return [(one["user"], one["session"]) for one in used]

    def rejected(self, *arguments):
        return {(one["user"], one["session"]): one["rejected"] for one in self.shown(*arguments)
                if one["rejected"]}

    def test_gnome_wayland(self):
        """GDM: the greeter stays behind the session; user@.service holds the bus."""
        self.session("c1", 120, CLASS="greeter", STATE="online", SEAT="seat0")
        self.session("2", 1000, IS_DISPLAY=1, SERVICE="gdm-password")
        self.session("3", 1000, CLASS="manager", SEAT=None, TYPE="unspecified")
        self.wayland(120)
        self.wayland(1000)
        self.assertEqual(self.chosen(), [("anna", "2")])
        self.assertEqual(self.rejected()["gdm", "c1"], "a login screen")

    def test_greeter_in_front(self):
        """Switched away: the greeter is the active one, the person's session still counts."""
        self.session("c1", 120, CLASS="greeter")
        self.session("2", 1000, STATE="online")
        self.wayland(120)
        self.wayland(1000)
        self.assertEqual(self.chosen(), [("anna", "2")])

    def test_greeter_only(self):
        """Nobody has logged in: no session, with the reason."""
        self.session("c1", 120, CLASS="greeter")
        self.wayland(120)
        self.witness(120, WAYLAND_DISPLAY="wayland-0")
        result = self.gui("true")
        self.assertEqual(result.returncode, 125)
        self.assertIn("a login screen", result.stderr)
        for line in result.stderr.splitlines():
            self.assertTrue(line.startswith("with-gui-environment: "), line)

    def test_greeter_without_logind(self):
        self.wayland(120)
        self.witness(120)
        self.assertEqual(self.chosen(), [])
        self.assertEqual(self.gui("true").returncode, 125)

    def test_kde_x11(self):
        self.session("2", 1000, TYPE="x11", DISPLAY=":0", SERVICE="sddm")
        self.listen("/tmp/.X11-unix/X0", 1000)
        self.witness(1000, DISPLAY=":0", KDE_FULL_SESSION="true", KDE_SESSION_VERSION="6",
                     XDG_CURRENT_DESKTOP="KDE", DESKTOP_SESSION="plasmax11")
        (one,) = self.shown()
        self.assertEqual(one["variables"], {
            "DISPLAY": ":0", "XDG_SESSION_TYPE": "x11", "XDG_SESSION_ID": "2",
            "XDG_CURRENT_DESKTOP": "KDE", "KDE_FULL_SESSION": "true", "KDE_SESSION_VERSION": "6",
            "DESKTOP_SESSION": "plasmax11"})

    def test_sway_from_a_console(self):
        """TYPE is tty, no process carries WAYLAND_DISPLAY: its socket is found."""
        self.session("1", 1000, TYPE="tty", TTY="tty1", SERVICE="login")
        self.wayland(1000, "wayland-1")
        self.listen("/run/user/1000/sway-ipc.1000.77.sock", 1000)
        self.witness(1000, SWAYSOCK="/run/user/1000/sway-ipc.1000.77.sock", XDG_SESSION_TYPE="tty")
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind("/run/user/1000/sway-ipc.1000.66.sock")
        os.chown("/run/user/1000/sway-ipc.1000.66.sock", 1000, 1000)
        for _ in range(2):
            self.witness(1000, SWAYSOCK="/run/user/1000/sway-ipc.1000.66.sock")
        (one,) = self.shown()
        self.assertEqual(one["variables"]["SWAYSOCK"], "/run/user/1000/sway-ipc.1000.77.sock")
        self.assertEqual([drop["reason"] for drop in one["dropped"]], ["nobody listens there"])
        self.assertEqual(one["variables"]["WAYLAND_DISPLAY"], "wayland-1")
        self.assertEqual(one["variables"]["XDG_SESSION_TYPE"], "wayland")

    def test_two_seats(self):
        """Two people are in front of two seats: an error, unless one is named."""
        self.session("2", 1000)
        self.session("3", 1001, SEAT="seat1")
        self.wayland(1000)
        self.wayland(1001)
        result = self.gui("true")
        self.assertEqual(result.returncode, 125)
        for word in "--user", "anna (1000)", "bert (1001)":
            self.assertIn(word, result.stderr)
        self.assertEqual(self.chosen("--user", "bert"), [("bert", "3")])
        self.assertEqual(self.gui("--user", "1000", "id", "-un").stdout, "anna\n")
        self.assertEqual(self.gui("--print").returncode, 1)

    def test_second_user_beside(self):
        """The one in front wins, however many processes the other has."""
        self.session("2", 1000)
        self.session("3", 1001, STATE="online")
        self.wayland(1000)
        self.wayland(1001)
        for _ in range(5):
            self.witness(1001, WAYLAND_DISPLAY="wayland-0", XDG_RUNTIME_DIR="/run/user/1001")
        self.assertEqual(self.chosen(), [("anna", "2")])

    def test_dead_in_front(self):
        """A session in front without a live display gives way to one that has."""
        self.session("2", 1000, TYPE="tty")
        self.session("3", 1001, STATE="online")
        self.wayland(1001)
        self.assertEqual(self.chosen(), [("bert", "3")])
        self.assertEqual(self.rejected()["anna", "2"], "no live display")

    def test_remote_with_forwarding(self):
        """ssh -X: DISPLAY is a TCP port of somebody else's screen."""
        desktop.run_directory(1000)
        self.bus(1000)
        self.session("5", 1000, SEAT=None, TYPE="tty", REMOTE=1, REMOTE_HOST="10.0.0.9")
        self.witness(1000, DISPLAY="localhost:10.0", XDG_SESSION_ID="5")
        result = self.gui("true")
        self.assertEqual(result.returncode, 125)
        self.assertIn("no live display", result.stderr)
        (one,) = self.shown()
        self.assertEqual(one["dropped"][0]["name"], "DISPLAY")
        # Whoever says so gets the bus alone.
        self.assertEqual(self.gui("--headless-ok", "printenv", "DBUS_SESSION_BUS_ADDRESS").stdout,
                         "unix:path=/run/user/1000/bus\n")

    def test_seatless_and_unexplained(self):
        """xrdp and VNC sessions rank after those on a seat; whom no session file explains is last."""
        self.listen("/tmp/.X11-unix/X5", 1001)
        self.witness(1001, DISPLAY=":5")
        self.assertEqual(self.chosen(), [("bert", None)])
        self.session("c9", 1002, SEAT=None, TYPE="x11", SERVICE="xrdp-sesman")
        self.listen("/tmp/.X11-unix/X10", 1002)
        self.assertEqual(self.chosen(), [("eve", "c9")])
        self.session("2", 1000, STATE="online")
        self.wayland(1000)
        self.assertEqual(self.chosen(), [("anna", "2")])

    def test_display_of_one_user(self):
        """Of two sessions of hers IS_DISPLAY says which has what no process names for the other; it
        says nothing between users."""
        self.session("2", 1000, IS_DISPLAY=0)
        self.session("4", 1000, IS_DISPLAY=1)
        self.wayland(1000)
        self.assertEqual(self.chosen(), [("anna", "4")])
        self.session("4", 1000, IS_DISPLAY=0, STATE="closing")
        self.session("3", 1001, IS_DISPLAY=1)
        self.wayland(1001)
        self.assertEqual(self.chosen(), [])
        self.assertEqual(self.gui("true").returncode, 125)

    def test_as_logind_writes_it(self):
        """A whole directory of systemd 252: a locked session in front, her console and ssh beside it,
        the manager's own and the greeter's; FIFOs, files half written, users and seats."""
        head = "# This is private data. Do not parse.\n"
        session = ("UID={uid}\nUSER={user}\nACTIVE={active}\nIS_DISPLAY={display}\nSTATE={state}\nREMOTE={remote}\n"
                   "TYPE={type}\nORIGINAL_TYPE={type}\nCLASS={kind}\nSCOPE=session-{id}.scope\n"
                   "FIFO=/run/systemd/sessions/{id}.ref\n{more}LEADER=1\nAUDIT={id}\n"
                   "REALTIME=1700000000000000\nMONOTONIC=9000000\nCONTROLLER=\\:1.31\nLOCKED_HINT=1\n")
        seat = "SEAT=seat0\nTTY=tty{0}\nTTY_VALIDITY=from-pam\nVTNR={0}\nDESKTOP=gnome\nSERVICE=gdm-password\n"
        for entry in (
                {"id": "2", "active": 1, "display": 1, "state": "active", "type": "wayland", "more": seat.format(2)},
                {"id": "5", "active": 0, "state": "online", "type": "tty", "more": seat.format(3)},
                {"id": "7", "active": 1, "state": "active", "type": "tty", "remote": 1,
                 "more": "REMOTE_HOST=10.0.0.7\nSERVICE=sshd\n"},
                {"id": "3", "active": 1, "state": "active", "type": "unspecified", "kind": "manager"},
                {"id": "c1", "uid": 120, "user": "gdm", "state": "closing", "type": "wayland",
                 "kind": "greeter", "more": seat.format(1)}):
            values = {"uid": 1000, "user": "anna", "active": 0, "display": 0, "remote": 0, "kind": "user",
                      "more": "", **entry}
            desktop.put(f"/run/systemd/sessions/{values['id']}", head + session.format(**values))
            os.mkfifo(f"/run/systemd/sessions/{values['id']}.ref", 0o600)
        desktop.put("/run/systemd/sessions/.#9abcdef", head + "UID=1001\n")
        desktop.put("/run/systemd/sessions/9", head + "UID=1001\nUSER=bert\nACTI")
        desktop.put("/run/systemd/users/1000", head + 'NAME=anna\nSTATE=active\nSTOPPING=no\nRUNTIME=/run/user/1000\n'
                    'DISPLAY=2\nSESSIONS=7 5 2\nSEATS=seat0\nACTIVE_SESSIONS=2\nONLINE_SESSIONS=7 5 2\n')
        desktop.put("/run/systemd/seats/seat0", head + "IS_SEAT0=1\nCAN_MULTI_SESSION=1\nCAN_TTY=1\n"
                    "CAN_GRAPHICAL=1\nACTIVE=2\nACTIVE_UID=1000\nSESSIONS=2 5 c1\nUIDS=1000 120\n")
        self.wayland(1000)
        self.wayland(120)
        self.assertEqual(self.chosen(), [("anna", "2")])
        self.assertEqual(self.rejected(), {
            ("anna", "3"): "not a person's session, by its class", ("anna", "5"): "no live display",
            ("anna", "7"): "no live display", ("gdm", "c1"): "a login screen"})

    def test_closing(self):
        self.session("2", 1000, STATE="closing")
        self.assertEqual(self.rejected()["anna", "2"], "it is closing")

    def test_elogind(self):
        """Sessions are c1, c2; cgroups bear the bare id."""
        self.session("c2", 1000, TYPE="x11", DISPLAY=":0")
        self.listen("/tmp/.X11-unix/X0", 1000)
        self.assertEqual(self.chosen(), [("anna", "c2")])

    def test_no_logind(self):
        """A display as a service, VNC: last, and without a session file."""
        self.listen("/tmp/.X11-unix/X5", 1000)
        self.witness(1000, DISPLAY=":5")
        (one,) = self.shown()
        self.assertTrue(one["used"])
        self.assertIsNone(one["session"])
        self.assertEqual(one["variables"], {"DISPLAY": ":5", "XDG_SESSION_TYPE": "x11"})

    def test_root(self):
        """Root is nobody's guess: sudo keeps DISPLAY. Named, or with a session file, she counts."""
        self.listen("/tmp/.X11-unix/X0", 0)
        self.witness(0, DISPLAY=":0")
        self.assertEqual(self.chosen(), [])
        self.assertEqual(self.chosen("--user", "root"), [("root", None)])
        self.session("1", 0, TYPE="x11")
        self.assertEqual(self.chosen(), [("root", "1")])

    def test_reachable_by_own_rights(self):
        """Another user reaches her own sessions and no others."""
        self.session("2", 1000)
        self.session("3", 1001)
        self.wayland(1000)
        self.wayland(1001)
        run = dict(user=1001, group=1001, extra_groups=[1001])
        result = self.gui("sh", "-c", "id -un; echo $WAYLAND_DISPLAY", **run)
        self.assertEqual(result.stdout, "bert\nwayland-0\n", result.stderr)
        result = self.gui("--user", "anna", "id", **run)
        self.assertEqual(result.returncode, 125)
        self.assertIn("only root", result.stderr)


    def test_unknown_user(self):
        """Whom no database knows (NSS and a static binary): ids and home from a process, else refused."""
        self.session("2", 1005)
        self.wayland(1005)
        result = self.gui("true")
        self.assertEqual(result.returncode, 125)
        self.assertIn("its user is not known here", result.stderr)
        self.start(["sh", "-c", "echo; exec sleep 1000"], user=1005, group=1006, extra_groups=[29, 1006],
                   env={"HOME": "/tmp", "PATH": "/usr/bin:/bin"})
        result = self.gui("sh", "-c", "id -u; id -g; id -G; echo $HOME $USER; pwd")
        self.assertEqual(result.stdout, "1005\n1006\n1006 29\n/tmp 1005\n/\n", result.stderr)

    def test_hidden_by_a_namespace(self):
        """A unit with ProtectHome does not see /run/user: said as a likely cause."""
        self.session("2", 1000)
        self.wayland(1000)
        result = subprocess.run(["unshare", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /run/user && "
                                 f"exec {desktop.BIN}/with-gui-environment true"],
                                env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
                                timeout=support.DEADLINE)
        self.assertEqual(result.returncode, 125)
        self.assertIn("ProtectHome", result.stderr)


if __name__ == "__main__":
    support.main()
