# timeout: 120
# Records of real processes: the same as ps and psutil say, and what happens where they are refused.
import base64
import json
import os
import shutil
import subprocess
import sys
import time

import support

support.in_namespaces()

NOBODY = 65534


class Fields(support.Case):
    def records(self, *arguments, **options):
        result = self.proctool("ps-tree", "--jsonl", *arguments, **options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return [json.loads(line) for line in result.stdout.splitlines()]

    def record(self, pid, fields="all", **options):
        (record,) = self.records("-o", fields, "--pid", pid, **options)
        return record

    def sleeper(self, **options):
        options.setdefault("cwd", "/usr")
        options.setdefault("env", {"A": "1", "EMPTY": "", "NAME": "two words"})
        child = self.start(["/bin/sleep", "1000"], ready=False, **options)
        # Once it sleeps it has mapped all that it will.
        support.until(lambda: support.comm(child.pid) == "sleep" and
                      support.state(child.pid) == "S", "sleep")
        return child

    def test_as_ps_says(self):
        """One process at rest, one of another user: what ps prints for them."""
        if not shutil.which("ps") or os.path.basename(os.path.realpath(shutil.which("ps"))) != "ps":
            support.skip("no procps")

        def demote():
            os.setgid(NOBODY)
            os.setreuid(NOBODY, NOBODY)

        names = {  # ours: ps's
            "pid": "pid", "ppid": "ppid", "pgrp": "pgid", "session": "sid", "tpgid": "tpgid",
            "state": "s", "comm": "ucmd", "user": "ruser", "group": "rgroup", "uid": "ruid",
            "euser": "euser", "egroup": "egroup", "euid": "euid", "suid": "suid", "fsuid": "fsuid",
            "gid": "rgid", "egid": "egid", "sgid": "sgid", "fsgid": "fsgid", "threads": "nlwp",
            "nice": "ni"}
        kibibytes = {"vsize": "vsz", "rss": "rss"}
        for child in self.sleeper(), self.sleeper(preexec_fn=demote):
            record = self.record(child.pid)
            for ours, theirs in {**names, **kibibytes}.items():
                said = subprocess.run(["ps", "-o", f"{theirs}=", "-p", str(child.pid)],
                                      capture_output=True, text=True).stdout.strip()
                value = record[ours]
                self.assertEqual(str(value // 1024 if ours in kibibytes else value), said, ours)
            self.assertIsNone(record["tty"])

    def test_as_psutil_says(self):
        try:
            import psutil
        except ImportError:
            support.skip("no python3-psutil")
        child = self.sleeper()
        record, process = self.record(child.pid), psutil.Process(child.pid)
        self.assertEqual(record["comm"], process.name())
        self.assertEqual(record["argv"], process.cmdline())
        self.assertEqual(record["exe"], process.exe())
        self.assertEqual(record["exe_path"], process.exe())
        self.assertEqual(record["cwd"], process.cwd())
        self.assertEqual(record["user"], process.username())
        self.assertEqual(dict(text.split("=", 1) for text in record["environ"]), process.environ())
        self.assertEqual((record["uid"], record["euid"], record["suid"]), tuple(process.uids()))
        self.assertEqual((record["gid"], record["egid"], record["sgid"]), tuple(process.gids()))
        self.assertEqual(record["threads"], process.num_threads())
        self.assertEqual(record["nice"], process.nice())
        self.assertEqual(record["ppid"], process.ppid())
        self.assertLess(abs(record["starttime"] - process.create_time()), 2.5)
        memory = process.memory_full_info()
        self.assertEqual(record["vsize"], memory.vms)
        self.assertEqual(record["rss"], memory.rss)
        # Whose alone a page is, and the share, change with whoever else maps the files at the moment.
        self.assertLess(abs(record["uss"] - memory.uss), 128 << 10)
        self.assertLess(abs(record["pss"] - memory.pss), 128 << 10)
        self.assertEqual(record["swap"], memory.swap)
        self.assertEqual((record["utime"], record["stime"]), tuple(process.cpu_times())[:2])

    def test_identity(self):
        child = self.sleeper()
        record = self.record(child.pid, "id,starttime_ticks,runtime,nspid,depth,root_reason,inode")
        ticks = int(support.stat(child.pid)[22])
        self.assertEqual(record["id"], f"{child.pid}@{ticks}")
        self.assertEqual(record["starttime_ticks"], ticks)
        self.assertLess(record["runtime"], support.DEADLINE)
        self.assertEqual(record["nspid"][-1], child.pid)
        self.assertIsNone(record["root_reason"])
        self.assertTrue(record["inode"] or record["errors"]["inode"] in ("ENOSYS", "EPERM"))

    def test_times_are_those_of_the_clock(self):
        before = time.time()
        child = self.sleeper()
        record = self.record(child.pid, "starttime,runtime")
        self.assertLess(abs(record["starttime"] - before), support.DEADLINE)
        self.assertEqual(record["starttime_iso"],
                         time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record["starttime"])))

    def test_namespaces_and_cgroup(self):
        record = self.record(os.getpid(), "namespaces,cgroup,oom_score")
        for name, inode in record["namespaces"].items():
            self.assertEqual(os.readlink(f"/proc/self/ns/{name}"), f"{name}:[{inode}]")
        with open("/proc/self/cgroup") as file:
            paths = [line.rstrip("\n").split(":", 2)[2] for line in file]
        self.assertIn(record["cgroup"], paths or [None])

    def test_terminal(self):
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        name = os.ttyname(slave).removeprefix("/dev/")
        code = ("import fcntl, os, sys, termios, time\n"
                "os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
                "print('ready', flush=True); time.sleep(1000)")
        child = self.start([sys.executable, "-c", code], stdin=slave)
        os.close(slave)
        self.assertEqual(child.line, "ready")
        record = self.record(child.pid, "tty,tpgid,session")
        self.assertEqual(record, {"tty": name, "tpgid": child.pid, "session": child.pid})

    def test_long_strings_are_whole(self):
        """Beyond 4 KiB, to the last byte, and bytes that are not UTF-8."""
        arguments = [b"x" * 100000, b"", b"\xff" + b"y" * 50000, b"end"]
        child = self.start([b"/bin/sh", b"-c", b"echo ready; read line", *arguments],
                           env={"BIG": "z" * 100000}, stdin=subprocess.PIPE)
        record = self.record(child.pid, "argv,environ")
        exact = [base64.b64decode(b64) if b64 else text.encode()
                 for text, b64 in zip(record["argv"], record["argv_b64"])]
        self.assertEqual(exact[3:], arguments)
        self.assertIn("BIG=" + "z" * 100000, record["environ"])
        result = self.proctool("ps-tree", "--list", "-o", "argv", "--no-header", "--pid", child.pid)
        self.assertTrue(result.stdout.endswith(" end\n"))

    def test_zombie(self):
        child = self.start(["/bin/true"], ready=False)
        self.assertTrue(child.has_ended())
        record = self.record(child.pid)
        self.assertEqual((record["state"], record["argv"], record["exe"], record["cwd"]),
                         ("Z", [], None, None))
        self.assertEqual((record["rss"], record["pss"], record["uss"], record["swap"]), (0,) * 4)
        self.assertNotIn("exe", record.get("errors", {}))
        self.assertNotIn("pss", record.get("errors", {}))

    def as_nobody(self):
        if not shutil.which("setpriv"):
            support.skip("no setpriv")
        return ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]

    def test_not_permitted(self):
        """Another user's process: null and the reason, for all that only its user may read."""
        child = self.sleeper()
        record = self.record(child.pid, before=self.as_nobody())
        for field in "exe", "cwd", "environ", "namespaces", "pss", "uss":
            self.assertIsNone(record[field], field)
            self.assertIn(record["errors"][field], ("EACCES", "EPERM"), field)
        self.assertEqual((record["argv"], record["euid"]), (["/bin/sleep", "1000"], 0))
        self.assertEqual(record["errors"]["total_pss"], "partial")
        result = self.proctool("ps-tree", "--list", "-o", "exe,pss,comm", "--no-header", "--pid",
                               child.pid, before=self.as_nobody())
        self.assertEqual(result.stdout.split(), ["?", "?", "sleep"])
        folded = self.proctool("ps-tree", "--folded", before=self.as_nobody())
        self.assertRegex(folded.stderr, r"^ps-tree: \d+ process(es)? left out: not readable\n$")
        self.assertEqual(folded.returncode, 0)

    def hidden(self, mode):
        """A procfs of our own with hidepid, seen as nobody: the words before a command."""
        script = ('mount -t proc -o hidepid=%s proc /proc 2>/dev/null || exit 77; exec "$@"' % mode)
        before = ["unshare", "-m", "sh", "-c", script, "sh"]
        probe = subprocess.run([*before, *self.as_nobody(), "test", "-e", "/proc/1"])
        if probe.returncode == support.SKIPPED:
            support.skip("procfs cannot be mounted")
        return [*before, *self.as_nobody()]

    def test_hidepid_1(self):
        child = self.sleeper()
        before = self.hidden(1)
        record = self.record(child.pid, before=before)
        self.assertEqual((record["pid"], record["euid"], record["euser"]), (child.pid, 0, "root"))
        known = {"pid", "euid", "euser", "errors"}
        self.assertEqual({key for key, value in record.items() if value is not None}, known)
        self.assertEqual(set(record["errors"].values()), {"EPERM"})
        missing = {key for key in record if not key.endswith("_iso")} - known
        self.assertEqual(set(record["errors"]), missing)
        document = self.proctool("ps-tree", "--json", "-o", "pid,comm", before=before)
        pids = {root["pid"] for root in json.loads(document.stdout)["processes"]}
        self.assertIn(child.pid, pids)
        row = self.proctool("ps-tree", "--list", "-o", "pid,comm", "--no-header", "--pid",
                            child.pid, before=before)
        self.assertEqual(row.stdout.split(), [str(child.pid), "?"])

    def test_hidepid_2(self):
        child = self.sleeper()
        before = self.hidden(2)
        pids = self.proctool("ps-tree", "--list", before=before).stdout.split()
        self.assertTrue(pids)
        self.assertNotIn(str(child.pid), pids)

    def test_all_output_is_json(self):
        """Whatever runs here, strict parsers read it, each PID once."""
        document = self.proctool("ps-tree", "--json", "-o", "all")
        def refuse(name):
            raise AssertionError(name)
        top = json.loads(document.stdout, parse_constant=refuse)
        self.assertEqual(top["schema"], 1)
        stack, pids = list(top["processes"]), []
        while stack:
            record = stack.pop()
            pids.append(record["pid"])
            self.assertIsInstance(record["children"], list)
            for child in record["children"]:
                self.assertEqual(child["ppid"], record["pid"])
            stack += record["children"]
        self.assertEqual(len(pids), len(set(pids)))
        self.assertIn(os.getpid(), pids)


if __name__ == "__main__":
    support.main()
