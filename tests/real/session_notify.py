# labels: daemon
# timeout: 300
# notify-send-headless: delivery read back from the bus, buses that answer nothing, notify-send's own
# errors, our own client.
import json
import os
import signal
import subprocess
import sys
import time

import desktop
import support

desktop.enter()


class Notify(desktop.Case):
    def hanging_daemon(self, uid, path):
        """A notification daemon that takes the message and does not answer."""
        script = ("import sys,wire\nbus=wire.connect(sys.argv[1])\n"
                  "bus.call_bus('RequestName','su',('org.freedesktop.Notifications',4))\n"
                  "print(flush=True)\nwhile True: bus.receive()")
        return self.start_as(uid, [sys.executable, "-c", script, path],
                             {"PYTHONPATH": f"{desktop.PLACE}/lib", "PYTHONDONTWRITEBYTECODE": "1"}, ready=True)


class Delivery(Notify):
    def test_as_root(self):
        """From `env -i`: the text arrives as it was, whatever is in it."""
        notifier = self.desktop(1000)
        result = self.notify("-u", "critical", "-a", "Müll", "-t", "5000", "--", "--session-user=eve", "-x\n€")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        told = self.told(notifier)
        self.assertEqual((told["summary"], told["body"], told["application"], told["expiry"]),
                         ("--session-user=eve", "-x\n€", "Müll", 5000))
        self.assertEqual(told["hints"]["urgency"], 2)

    def test_not_utf8(self):
        notifier = self.desktop(1000)
        result = subprocess.run([f"{desktop.BIN}/notify-send-headless", b"a\xffb\xc3"], env={},
                                capture_output=True, timeout=support.DEADLINE)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.told(notifier)["summary"], "a�b�")

    def test_options_end(self):
        """After the first word that is not ours nothing is: --session-all is a text."""
        notifier = self.desktop(1000)
        result = self.notify("--", "--session-all", "--help")
        self.assertEqual(result.returncode, 0, result.stderr)
        told = self.told(notifier)
        self.assertEqual((told["summary"], told["body"]), ("--session-all", "--help"))

    def test_own_errors_pass(self):
        """What notify-send refuses it says itself, and its status is ours."""
        self.desktop(1000)
        result = self.notify("--no-such-option", "x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("Unknown option --no-such-option", result.stderr)
        self.assertEqual(self.notify("-u", "bad", "x").returncode, 1)

    def test_output_is_escaped(self):
        """-p prints an id; what a wrong option holds cannot paint on root's terminal."""
        self.desktop(1000)
        result = self.notify("-p", "x")
        self.assertEqual((result.returncode, result.stdout), (0, "1\n"))
        result = self.notify("--\x1b[31mred", "x")
        self.assertNotIn("\x1b", result.stderr)
        self.assertIn("\\x1b[31mred", result.stderr)

    def test_all(self):
        """Every session, once a bus; one that fails is named, and it is no failure as a whole."""
        first = self.desktop(1000)
        second = self.desktop(1001, "3", STATE="online")
        self.session("4", 1000, STATE="online")
        self.session("5", 1002, SEAT="seat1")
        self.wayland(1002)
        self.bus(1002, "/tmp/eve")
        self.witness(1002, DBUS_SESSION_BUS_ADDRESS="unix:path=/tmp/eve")
        result = self.notify("--session-all", "x")
        self.assertEqual(result.returncode, 0, result.stderr)
        for notifier in first, second:
            self.assertEqual(self.told(notifier)["summary"], "x")
            self.assert_silent(notifier)
        for waiting in ["-w"], ["-ew"], ["--wait"], ["-A", "a=b"], ["--action=a"]:
            result = self.notify("--session-all", *waiting, "x")
            self.assertEqual(result.returncode, 125, waiting)

    def test_all_but_one(self):
        """One whose daemon does not answer has its own time, is named, and the others are reached."""
        first = self.desktop(1000)
        self.session("3", 1001, STATE="online")
        self.wayland(1001)
        self.hanging_daemon(1001, self.bus(1001))
        result = self.notify("--session-all", "--session-timeout", "1", "x")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(self.told(first)["summary"], "x")
        self.assertIn("bert (1001), session 3 on seat0, online: not reached (status 124)", result.stderr)
        os.unlink("/run/user/1000/wayland-0")
        result = self.notify("--session-all", "--session-timeout", "1", "x")
        self.assertEqual(result.returncode, 124, result.stderr)
        # Quiet: no word, and no failure.
        result = self.notify("--session-quiet", "--session-timeout", "1", "x")
        self.assertEqual(result.returncode, 0)

    def test_quiet(self):
        """What notify-send says of its own is its own, but no failure."""
        self.desktop(1000)
        result = self.notify("--session-quiet", "-u", "bad", "x")
        self.assertEqual(result.returncode, 0)

    def test_quiet_without_a_word(self):
        """Nor does anything of ours speak: a bus that is mute, no session, our own client."""
        self.session("2", 1000)
        self.wayland(1000)
        self.notifier(1000, self.bus(1000)).kill(signal.SIGSTOP)
        quiet = ["--session-quiet", "--session-timeout", "300ms"]
        for arguments in (["x"], ["--session-builtin", "x"], ["--session-builtin", "-w", "x"],
                          ["--session-all", "x"], ["--session-user", "bert", "x"]):
            result = self.notify(*quiet, *arguments)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""), arguments)

    def test_help_is_ours_only_alone(self):
        """With anything beside it, it is notify-send's."""
        self.desktop(1000)
        for arguments in ["--help", "x"], ["--version", "x"], ["--session-user=anna", "--version"]:
            result = self.notify(*arguments)
            self.assertEqual(result.returncode, 0)
            self.assertIn("notify-send", result.stdout)
            self.assertNotIn("proctool", result.stdout + result.stderr)

    def test_descriptors(self):
        """Its arguments are not searched for descriptors, so none is open; it reads nothing."""
        self.desktop(1000)
        desktop.put("/run/tests/shadow", '#!/bin/sh\nls /proc/$$/fd; readlink /proc/$$/fd/0\n', 0, 0o755)
        program = desktop.find_program("notify-send")
        desktop.mount("--bind", "/run/tests/shadow", program)
        self.addCleanup(subprocess.run, ["umount", program], check=True)
        with open("/run/tests/secret", "w+") as secret:
            for user in None, 1000:
                run = {} if user is None else {"user": user, "group": user, "extra_groups": [],
                                               "environment": {"PATH": "/usr/bin:/bin"}}
                result = self.notify("x", pass_fds=[secret.fileno()], stdin=subprocess.PIPE, **run)
                self.assertEqual(result.returncode, 0, result.stderr)
                fds = result.stdout.split()
                self.assertLessEqual(set(fds[:-1]), {"0", "1", "2", "10", "255"})  # a shell's own script
                self.assertNotIn(str(secret.fileno()), fds)
                self.assertEqual(fds[-1], "/dev/null")

    def test_own_session(self):
        """As the user herself."""
        notifier = self.desktop(1000)
        result = self.notify("mine", user=1000, group=1000, extra_groups=[],
                             environment={"PATH": "/usr/bin:/bin"})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.told(notifier)["summary"], "mine")

    def test_owner_ranks_first(self):
        """Of two live buses the one with a daemon, however few name the other."""
        self.session("2", 1000)
        self.wayland(1000)
        self.bus(1000)
        notifier = self.notifier(1000, self.bus(1000, "/tmp/second"))
        for _ in range(3):
            self.witness(1000, DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/1000/bus")
        self.witness(1000, DBUS_SESSION_BUS_ADDRESS="unix:path=/tmp/second")
        self.assertEqual(self.notify("x").returncode, 0)
        self.assertEqual(self.told(notifier)["summary"], "x")

    def test_abstract_bus(self):
        self.session("2", 1000)
        self.wayland(1000)
        notifier = self.notifier(1000, self.bus(1000, "@/tmp/dbus-abstract"))
        self.witness(1000, DBUS_SESSION_BUS_ADDRESS="unix:abstract=/tmp/dbus-abstract,guid=" + 32 * "a")
        self.assertEqual(self.notify("x").returncode, 0)
        self.assertEqual(self.told(notifier)["summary"], "x")


class Buses(Notify):
    """Buses that do not do what a bus does."""

    def setUp(self):
        super().setUp()
        self.session("2", 1000)
        self.wayland(1000)

    def false_bus(self, kind, uid=1000, path="/tmp/false"):
        self.start_as(uid, [sys.executable, f"{desktop.PLACE}/lib/falsebus.py", path, kind],
                      {"PYTHONPATH": f"{desktop.PLACE}/lib", "PYTHONDONTWRITEBYTECODE": "1",
                       "DBUS_SESSION_BUS_ADDRESS": f"unix:path={path}"}, ready=True)

    def check_dropped(self, kind):
        self.false_bus(kind)
        begin = time.monotonic()
        result = self.notify("x")
        self.assertLess(time.monotonic() - begin, 8)
        self.assertEqual(result.returncode, 125, result.stderr)
        self.assertIn("no live message bus", result.stderr)
        result = self.notify("--session-print")
        self.assertIn("unix:path=/tmp/false: does not answer as a message bus", result.stdout)

    def test_mute(self):
        self.check_dropped("mute")

    def test_drip(self):
        self.check_dropped("drip")

    def test_liar(self):
        self.check_dropped("liar")

    def test_huge(self):
        self.check_dropped("huge")

    def test_flood(self):
        self.check_dropped("flood")

    def test_half(self):
        self.check_dropped("half")

    def test_mute_beside_a_good_one(self):
        self.false_bus("mute")
        notifier = self.notifier(1000, self.bus(1000))
        self.assertEqual(self.notify("x").returncode, 0)
        self.assertEqual(self.told(notifier)["summary"], "x")

    def test_timeout(self):
        """A daemon that takes the message and does not answer: 124 after the time."""
        self.bus(1000)
        self.hanging_daemon(1000, "/run/user/1000/bus")
        for extra in [], ["--session-builtin"]:
            begin = time.monotonic()
            result = self.notify("--session-timeout", "1.5s", *extra, "x")
            self.assertIn(result.returncode, (124, 1) if extra else (124,), result.stderr)
            self.assertLess(time.monotonic() - begin, 6)
            self.assertTrue(result.stderr.startswith("notify-send-headless: "), result.stderr)

    def test_no_daemon(self):
        """A bus that has none and can start none."""
        services = "/usr/share/dbus-1/services"
        desktop.mount("-t", "tmpfs", "tmpfs", services)
        self.addCleanup(subprocess.run, ["umount", services], check=True)
        self.bus(1000)
        result = self.notify("x")
        self.assertEqual(result.returncode, 125)
        self.assertIn("no notification daemon", result.stderr)

    def test_activatable(self):
        """A daemon that the bus starts: not by looking, then by sending."""
        services = "/usr/share/dbus-1/services"
        desktop.mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", services)
        self.addCleanup(subprocess.run, ["umount", services], check=True)
        desktop.put("/tmp/daemon", "#!/bin/sh\n: >/tmp/started\nexport PYTHONPATH=/run/tests/lib\nexec "
                    f"{sys.executable} -B {desktop.PLACE}/lib/notifier.py /run/user/1000/bus >/tmp/told\n",
                    1000, 0o755)
        desktop.put(f"{services}/test.service", "[D-BUS Service]\nName=org.freedesktop.Notifications\n"
                    "Exec=/tmp/daemon\n")
        self.bus(1000)
        self.assertEqual(self.notify("--session-print").returncode, 0)
        self.assertFalse(os.path.exists("/tmp/started"))
        # Without a display it is not even asked.
        os.rename("/run/user/1000/wayland-0", "/run/user/1000/elsewhere")
        self.assertEqual(self.notify("x").returncode, 125)
        self.assertFalse(os.path.exists("/tmp/started"))
        os.rename("/run/user/1000/elsewhere", "/run/user/1000/wayland-0")
        result = self.notify("x")
        self.assertEqual(result.returncode, 0, result.stderr)
        with open("/tmp/told") as file:
            self.assertEqual(json.loads(file.read().splitlines()[1])["summary"], "x")

    def test_activation_fails(self):
        """When it then does not start, that is said, and which bus."""
        services = "/usr/share/dbus-1/services"
        desktop.mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", services)
        self.addCleanup(subprocess.run, ["umount", services], check=True)
        desktop.put(f"{services}/test.service", "[D-BUS Service]\nName=org.freedesktop.Notifications\n"
                    "Exec=/bin/false\n")
        self.bus(1000)
        for extra in [], ["--session-builtin"]:
            result = self.notify(*extra, "x")
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("unix:path=/run/user/1000/bus", result.stderr)


class Builtin(desktop.Case):
    """Our own client sends the same."""

    def test_sends(self):
        notifier = self.desktop(1000)
        for arguments in (["-u", "low", "-i", "dialog-error", "-t", "700", "-a", "App", "Sümm", "a\\nb\\101"],
                          ["--urgency=low", "--icon=dialog-error", "Only"], ["--", "-x", "--"],
                          ["a", "x" * 60000]):
            seen = []
            for extra in [], ["--session-builtin"]:
                result = self.notify(*extra, *arguments)
                self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)
                told = self.told(notifier)
                told["hints"] = {"urgency": told["hints"].get("urgency", 1)}
                seen.append(told)
            self.assertEqual(seen[0], seen[1], arguments)

    def test_escapes_that_are_not_utf8(self):
        """Without a valid text the bus would hang up."""
        notifier = self.desktop(1000)
        result = self.notify("--session-builtin", "x", "a\\377b\\303\\274")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(self.told(notifier)["body"], "a\ufffdb\u00fc")

    def test_refuses(self):
        """What takes notify-send names its package; what notify-send refuses is refused."""
        self.desktop(1000)
        for arguments in (["-w", "x"], ["-A", "a=b", "x"], ["-h", "int:x:1", "x"], ["-c", "im", "x"],
                          ["-r", "7", "x"], ["-p", "x"], ["-e", "x"], ["--print-id", "x"], ["--bogus", "x"]):
            result = self.notify("--session-builtin", *arguments)
            self.assertEqual(result.returncode, 127, arguments)
            self.assertIn("libnotify-bin", result.stderr)
        for arguments in ["-u", "bad", "x"], ["-t", "soon", "x"], ["-u", "low"], ["a", "b", "c"], [""]:
            self.assertEqual(self.notify("--session-builtin", *arguments).returncode, 1, arguments)

    def test_without_notify_send(self):
        """Not installed: our own client, and its limits; as root, and as the user herself."""
        notifier = self.desktop(1000)
        program = desktop.find_program("notify-send")
        support.overlay(os.path.dirname(program))
        self.addCleanup(subprocess.run, ["umount", "-l", os.path.dirname(program)], check=True)
        os.unlink(program)
        for run in {}, dict(user=1000, group=1000, extra_groups=[], environment={"PATH": "/usr/bin:/bin"}):
            result = self.notify("own", **run)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(self.told(notifier)["summary"], "own")
            result = self.notify("-w", "own", **run)
            self.assertEqual(result.returncode, 127)
            self.assertIn("libnotify-bin", result.stderr)
            self.assert_silent(notifier)

    def test_notify_send_that_does_not_run(self):
        self.desktop(1000)
        program = desktop.find_program("notify-send")
        desktop.mount("--bind", "/run/tests/passwd", program)
        self.addCleanup(subprocess.run, ["umount", program], check=True)
        self.assertEqual(self.notify("x").returncode, 126)


class CommandLine(desktop.Case):
    def test_usage(self):
        for arguments, status in (([], 2), (["--session-bogus", "x"], 125), (["--session-timeout", "x", "y"], 125),
                                  (["--session-user", "nobody-here", "x"], 125),
                                  (["--session-print", "--session-bogus"], 2), (["--session-bogus"], 2),
                                  (["--session-user"], 2), (["--session-all"], 2), (["--session-quiet"], 2)):
            result = self.notify(*arguments)
            self.assertEqual(result.returncode, status, (arguments, result.stderr))
            self.assertEqual(result.stdout, "")
            self.assertNotEqual(result.stderr, "")
        for alone in "--help", "--version":
            result = self.notify(alone)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertNotEqual(result.stdout, "")

    def test_no_session(self):
        result = self.notify("x")
        self.assertEqual(result.returncode, 125)
        self.assertIn("no session can be reached", result.stderr)
        self.assertEqual(self.notify("--session-print").returncode, 1)
        result = self.notify("--session-quiet", "x")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        begin = time.monotonic()
        self.assertEqual(self.notify("--session-wait", "0.6", "x").returncode, 124)
        self.assertGreaterEqual(time.monotonic() - begin, 0.6)

    def test_quiet_failures(self):
        """Whatever kept it from being sent; a wrong call is another thing."""
        anna = {"user": 1000, "group": 1000, "extra_groups": []}
        for arguments, status in (["--session-user", "bert", "x"], 0), (["--session-bogus", "x"], 125):
            self.assertEqual(self.notify("--session-quiet", *arguments, **anna).returncode, status, arguments)

    def test_two_in_front(self):
        self.desktop(1000)
        self.desktop(1001, "3", SEAT="seat1")
        result = self.notify("x")
        self.assertEqual(result.returncode, 125)
        self.assertIn("--session-user", result.stderr)
        self.assertEqual(self.notify("--session-user=bert", "x").returncode, 0)


if __name__ == "__main__":
    support.main()
