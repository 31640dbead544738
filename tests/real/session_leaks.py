# labels: daemon
# timeout: 180
# What a command has that root starts in a user's session, seen from inside: nothing of root's.
import json
import os
import pty
import subprocess
import sys
import unittest

import desktop
import support

desktop.enter({"helpers": support.HELPERS})

# Everything that a process can see of itself.
INSIDE = r"""
import ctypes, fcntl, json, os, signal, resource, sys, termios
def text(path):
    with open(path) as file:
        return file.read()
status = dict(line.split(":\t", 1) for line in text("/proc/self/status").splitlines() if ":\t" in line)
def target(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return None
try:
    os.close(os.open("/dev/tty", os.O_RDWR)); tty = True
except OSError:
    tty = False
def types(fd):
    # into a terminal's input, for whoever reads there
    try:
        fcntl.ioctl(fd, termios.TIOCSTI, b"x")
        return True
    except OSError:
        return False
print(json.dumps({
    "environment": dict(os.environ),
    "fds": {fd: target(fd) for fd in sorted(map(int, os.listdir("/proc/self/fd"))) if target(fd)},
    "status": status, "umask": os.umask(0), "cwd": os.getcwd(), "tty": tty,
    "sid": os.getsid(0), "pid": os.getpid(), "pgrp": os.getpgrp(), "ppid": os.getppid(),
    "nofile": resource.getrlimit(resource.RLIMIT_NOFILE), "as": resource.getrlimit(resource.RLIMIT_AS),
    "fsize": resource.getrlimit(resource.RLIMIT_FSIZE), "nice": resource.getrlimit(13),
    "rtprio": resource.getrlimit(14), "typed": [fd for fd in range(3) if types(fd)],
    "securebits": ctypes.CDLL(None).prctl(27, 0, 0, 0, 0),
    "keys": text("/proc/keys") if os.path.exists("/proc/keys") else "",
    "stdin": sys.stdin.read() if "read" in sys.argv else "",
}))
"""


class Leaks(desktop.Case):
    def setUp(self):
        super().setUp()
        self.session("2", 1000)
        self.wayland(1000)
        self.bus(1000)

    def look(self, *options, words=(), **run):
        result = self.gui(*options, "--", sys.executable, "-c", INSIDE, *words, **run)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_environment(self):
        """From scratch, whatever the caller's was."""
        seen = self.look(environment={"SECRET": "x", "LD_PRELOAD": "/nowhere.so", "DISPLAY": ":9",
                                      "LC_ALL": "C", "PATH": "/secret:/usr/bin",
                                      "XDG_RUNTIME_DIR": "/run/user/0", "BASH_ENV": "/x"})
        environment = seen["environment"]
        environment.pop("LC_CTYPE", None)  # Python's own, in the C locale
        self.assertEqual(environment, {
            "HOME": "/home/anna", "USER": "anna", "LOGNAME": "anna", "SHELL": "/bin/sh",
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus",
            "WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": "/run/user/1000",
            "XDG_SESSION_TYPE": "wayland", "XDG_SESSION_ID": "2"})

    def test_identity(self):
        """Ids, groups, capabilities, signals, umask, directory, limits."""
        def disturb():
            import resource
            import signal
            os.umask(0o077)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGUSR2, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGWINCH})
            if may_raise:
                resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
                resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))
                resource.setrlimit(13, (20, 20))  # RLIMIT_NICE
                resource.setrlimit(14, (5, 5))  # RLIMIT_RTPRIO
        with open("/proc/self/status") as file:
            held = next(line for line in file if line.startswith("CapEff"))
        may_raise = int(held.split()[1], 16) & 1 << 24  # CAP_SYS_RESOURCE
        seen = self.look(preexec_fn=disturb, cwd="/root")
        status = seen["status"]
        self.assertEqual(status["Uid"].split(), ["1000"] * 4)
        self.assertEqual(status["Gid"].split(), ["1000"] * 4)
        self.assertEqual(sorted(status["Groups"].split()), ["1000", "29"])
        for name in "CapInh", "CapPrm", "CapEff", "CapAmb":
            self.assertEqual(int(status[name], 16), 0, name)
        self.assertEqual(status["NoNewPrivs"], "0")  # sudo must work
        self.assertNotEqual(int(status["CapBnd"], 16), 0)
        self.assertEqual(int(status["SigBlk"], 16), 0)
        # Python itself ignores SIGPIPE (13) and SIGXFSZ (25).
        self.assertEqual(int(status["SigIgn"], 16), 1 << 12 | 1 << 24)
        self.assertEqual(seen["umask"], 0o022)
        self.assertEqual(seen["cwd"], "/home/anna")
        self.assertEqual(seen["fsize"], [-1, -1])
        if may_raise:
            self.assertEqual(seen["as"], [-1, -1])
        self.assertEqual(seen["nice"], [0, 0])
        self.assertEqual(seen["rtprio"], [0, 0])
        self.assertLessEqual(seen["nofile"][0], 1024)

    def test_capabilities_that_stay(self):
        """Ambient ones outlive a change of ids; with no-setuid-fixup all do."""
        setpriv = desktop.find_program("setpriv")
        for held in (["--inh-caps=+net_raw,+sys_admin", "--ambient-caps=+net_raw,+sys_admin"],
                     ["--securebits=+no_setuid_fixup"]):
            result = subprocess.run([setpriv, *held, f"{desktop.BIN}/with-gui-environment", "--",
                                     sys.executable, "-c", INSIDE], env={}, capture_output=True,
                                    text=True, timeout=support.DEADLINE)
            self.assertEqual(result.returncode, 0, result.stderr)
            seen = json.loads(result.stdout)
            for name in "CapInh", "CapPrm", "CapEff", "CapAmb":
                self.assertEqual(int(seen["status"][name], 16), 0, (held, name))
            self.assertEqual(seen["securebits"], 0)

    def test_securebits_that_cannot_be_cleared(self):
        """Locked ones: nothing is run rather than with what they leave."""
        setpriv = desktop.find_program("setpriv")
        result = subprocess.run([setpriv, "--securebits=+no_setuid_fixup,+no_setuid_fixup_locked",
                                 f"{desktop.BIN}/with-gui-environment", "--", "echo", "ran"], env={},
                                capture_output=True, text=True, timeout=support.DEADLINE)
        self.assertEqual((result.returncode, result.stdout), (125, ""))

    def test_home(self):
        """Where it leads to what is hers, a link or not; else /."""
        for place, owner, cwd in ("/home/elsewhere", 1000, "/home/elsewhere"), ("/home/eves", 1002, "/"):
            with self.subTest(place):
                os.mkdir(place, 0o755)
                os.chown(place, owner, owner)
                os.rename("/home/anna", "/home/away")
                os.symlink(place, "/home/anna")
                try:
                    self.assertEqual(self.look()["cwd"], cwd)
                finally:
                    os.unlink("/home/anna")
                    os.rename("/home/away", "/home/anna")

    def test_process_session(self):
        """A session of its own, without a terminal: TIOCSTI from inside would type for root."""
        seen = self.look()
        self.assertEqual(seen["sid"], seen["pid"])
        self.assertEqual(seen["pgrp"], seen["pid"])
        self.assertFalse(seen["tty"])
        self.assertEqual(seen["typed"], [])

    def test_descriptors(self):
        """No file and no terminal of ours, whatever was open."""
        secret = open("/run/tests/secret", "w+")
        self.addCleanup(secret.close)
        secret.write("classified")
        secret.flush()
        secret.seek(0)
        seen = self.look(words=["read"], stdin=secret, pass_fds=[secret.fileno()])
        self.assertEqual(seen["stdin"], "classified")
        self.assertEqual(sorted(seen["fds"]), ["0", "1", "2"])
        for fd in "0", "1", "2":
            self.assertTrue(seen["fds"][fd].startswith("pipe:"), seen["fds"])
        out = open("/run/tests/log", "w+")
        self.addCleanup(out.close)
        result = self.gui(sys.executable, "-c", INSIDE, stdout=out, stderr=out)
        self.assertEqual(result.returncode, 0)
        out.seek(0)
        seen = json.load(out)
        self.assertEqual(seen["fds"]["0"], "/dev/null")
        self.assertTrue(seen["fds"]["1"].startswith("pipe:"), seen["fds"])
        self.assertNotEqual(seen["fds"]["1"], seen["fds"]["2"])

    def test_wholly_or_not_at_all(self):
        """Where a step is refused, or is said to be done and is not, nothing runs as half of somebody."""
        for error, call in (("EPERM", "setsid"), ("EPERM", "prlimit64"), ("EPERM", "prctl"), ("EPERM", "setgroups"),
                            ("EPERM", "setresgid"), ("NOTHING", "setresgid"), ("EPERM", "setresuid"),
                            ("NOTHING", "setresuid"), ("ENOMEM", "keyctl"), ("EPERM", "capset"), ("EPERM", "capget")):
            with self.subTest(call=call, error=error):
                result = self.gui("sh", "-c", "echo ran", before=self.refused(error, call))
                self.assertEqual((result.returncode, result.stdout), (125, ""))
                self.assertIn("its user cannot be become", result.stderr)

    def test_many_groups(self):
        """All of them, also beyond those that most users have."""
        groups = {f"group{number}": number for number in range(2000, 2100)}
        with open("/etc/group", "a+") as file:
            self.addCleanup(os.truncate, "/etc/group", file.tell())
            file.writelines(f"{name}:x:{number}:anna\n" for name, number in groups.items())
        seen = self.look()
        self.assertEqual(sorted(map(int, seen["status"]["Groups"].split())), [29, 1000, *groups.values()])

    def test_older_kernels(self):
        """Without the calls that came later it is the same, less the keyring."""
        with open("/run/tests/secret", "w+") as secret:
            for error in "ENOSYS", "EPERM":
                before = self.refused(error, "close_range", "keyctl", "openat2", "pidfd_open", "statx")
                seen = self.look(before=before, pass_fds=[secret.fileno()])
                self.assertEqual(sorted(seen["fds"]), ["0", "1", "2"])
                self.assertEqual(seen["status"]["Uid"].split(), ["1000"] * 4)

    def test_terminal(self):
        """Called from root's terminal nothing of it is in her hands: stdin is /dev/null."""
        pid, master = pty.fork()
        if pid == 0:
            argv = ["with-gui-environment", "--", sys.executable, "-c", INSIDE]
            os.execve(f"{desktop.BIN}/with-gui-environment", argv, {})
        process = self.hold(pid)
        self.addCleanup(os.close, master)
        text = b""
        while support.is_readable(master):
            try:
                more = os.read(master, 65536)
            except OSError:
                break
            if not more:
                break
            text += more
        self.assertTrue(process.has_ended())
        seen = json.loads(text)
        self.assertFalse(seen["tty"])
        self.assertEqual(seen["typed"], [])
        self.assertEqual(seen["fds"]["0"], "/dev/null")
        for fd in "1", "2":
            self.assertTrue(seen["fds"][fd].startswith("pipe:"), seen["fds"])

    def test_keyring(self):
        """Root's keys are out of reach, hers are not."""
        keyctl = desktop.find_program("keyctl")
        script = ("k=$(keyctl add user root-secret classified @s) && "
                  f"{desktop.BIN}/with-gui-environment -- sh -c \"keyctl show; keyctl print $k; "
                  "keyctl rdescribe @s; keyctl add user own x @u >/dev/null && keyctl search @s user own >/dev/null && "
                  "echo own key found\" 2>&1")
        result = subprocess.run([keyctl, "session", "-", "sh", "-c", script], env={
            "PATH": "/usr/bin:/bin:/usr/sbin"}, capture_output=True, text=True, timeout=60)
        self.assertNotIn("classified", result.stdout)
        self.assertNotIn("root-secret", result.stdout)
        self.assertIn("own key found", result.stdout, result.stderr)
        self.assertIn("keyring;1000;", result.stdout)  # made as the user, so that it is hers


if __name__ == "__main__":
    support.main()
