# timeout: 120
"""What hidepid, namespaces, zombies and refused files leave to be seen: shown as it is, never invented."""

import json
import os
import subprocess
import tempfile

import support

support.in_namespaces()

NOBODY = 65534


class Visibility(support.Case):
    def mount_proc(self, options):
        """A procfs of this namespace with options of its own; the mount is this namespace's alone."""
        directory = tempfile.mkdtemp(prefix="proctool-test.")
        self.addCleanup(os.rmdir, directory)
        subprocess.run(["mount", "-t", "proc", "-o", options, "proc", directory], check=True)
        self.addCleanup(subprocess.run, ["umount", directory], check=True)
        return directory

    def shape(self, name):
        child = self.helper("shapes", name)
        word, pid = child.line.split()
        self.assertEqual(word, "ready")
        return child, self.hold(int(pid)) if name != "zombie" else None, int(pid)

    def records(self, *arguments, **options):
        result = self.proctool("ps-tree", "--jsonl", *arguments, **options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return {record["pid"]: record for record in map(json.loads, result.stdout.splitlines())}

    def as_nobody(self, *arguments):
        """An applet run by somebody else, below a shell of theirs."""
        if os.geteuid() != 0:
            support.skip("only root can become somebody else")
        words = " ".join(arguments)
        argv = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups",
                "sh", "-c", f"{support.PROCTOOL} {words}; echo status=$?"]
        return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False, timeout=support.DEADLINE, cwd="/")

    def test_zombie(self):
        child, _, pid = self.shape("zombie")
        record = self.records("--pid", pid, "-o", "all")[pid]
        self.assertEqual((record["state"], record["ppid"]), ("Z", child.pid))
        self.assertEqual(record["argv"], [])
        self.assertIsNone(record["exe"])
        tree = self.proctool("ps-tree", "-p", child.pid).stdout
        self.assertIn("<zombie>", tree)

    def test_leader_exited(self):
        _, _, pid = self.shape("leader")
        record = self.records("--pid", pid)[pid]
        self.assertEqual((record["state"], record["threads"]), ("Z", 2))
        # Its program is still there, by another thread.
        self.assertEqual(os.path.basename(record["exe"]), "shapes")
        self.assertEqual(record["argv"][1], "leader")
        tree = self.proctool("ps-tree", "-p", pid).stdout
        self.assertIn("<leader-exited>", tree)

    def test_orphan(self):
        _, _, pid = self.shape("orphan")
        self.assertEqual(self.records("--pid", pid)[pid]["ppid"], 1)

    def test_hidepid_2(self):
        directory = self.mount_proc("hidepid=2")
        result = self.as_nobody("ps-tree", "--procfs", directory, "-p")
        lines = result.stdout.splitlines()
        self.assertEqual(lines[-1], "status=0", result)
        # Nobody's own shell is a root: its parent may not be seen, nor is one invented.
        self.assertRegex(lines[0], r"^\?ppid=\d+ sh\(\d+\)", lines)
        self.assertEqual(result.stderr, "")
        jsonl = self.as_nobody("ps-tree", "--procfs", directory, "--jsonl")
        records = [json.loads(line) for line in jsonl.stdout.splitlines()[:-1]]
        self.assertEqual(records[0]["root_reason"], "hidden")
        self.assertNotIn(1, [record["pid"] for record in records])

    def test_hidepid_4(self):
        """5.8's ptraceable: who may not be traced is not there, not even for its own user."""
        try:
            directory = self.mount_proc("hidepid=ptraceable")
        except subprocess.CalledProcessError:
            support.skip("no hidepid=ptraceable before Linux 5.8")
        _, _, pid = self.shape("undumpable")
        result = self.as_nobody("ps-tree", "--procfs", directory, "--list")
        lines = result.stdout.splitlines()
        self.assertEqual((lines[-1], result.stderr), ("status=0", ""))
        self.assertNotIn("1", lines)
        self.assertNotIn(str(pid), lines)
        self.assertIn("shapes", self.proctool("ps-tree", "--procfs", directory).stdout)
        result = self.as_nobody("ps-tree", "--procfs", directory, "1")
        self.assertEqual(result.stdout, "status=1\n")
        self.assertEqual(result.stderr, "ps-tree: 1: no such process\n")

    def test_hidepid_1(self):
        directory = self.mount_proc("hidepid=1")
        result = self.as_nobody("ps-tree", "--procfs", directory)
        self.assertRegex(result.stderr, r"^ps-tree: \d+ process(es)? not shown: not permitted\n$")
        # The parent of nobody's shell is one of them.
        self.assertRegex(result.stdout, r"^\?ppid=\d+ sh")
        jsonl = self.as_nobody("ps-tree", "--procfs", directory, "--jsonl")
        records = {record["pid"]: record
                   for record in map(json.loads, jsonl.stdout.splitlines()[:-1])}
        self.assertEqual(records[1]["euid"], 0)
        self.assertIsNone(records[1]["comm"])
        self.assertIn(records[1]["errors"]["comm"], ("EPERM", "EACCES"))
        listed = self.as_nobody("ps-tree", "--procfs", directory, "--list").stdout.split()
        self.assertIn("1", listed)

    def below_proc(self, options, *arguments):
        """An applet run by somebody else, who sees a /proc with these options."""
        if os.geteuid() != 0:
            support.skip("only root can become somebody else")
        script = f"mount -t proc -o {options} proc /proc || exit 77; "
        script += f'exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups "$@"'
        result = self.proctool(*arguments, before=["unshare", "--mount", "sh", "-c", script, "sh"])
        if result.returncode == support.SKIPPED:
            support.skip(f"no {options}: {result.stderr}")
        return result

    def test_hidden_from_kill_graceful(self):
        """Our own are ended, by criteria too, and a set is closed in time; what is hidden is no target."""
        for options in "hidepid=1", "hidepid=2", "subset=pid":
            for words in (["--tree"], ["--comm", "target"]):
                child = self.start(["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups",
                                    f"{support.HELPERS}/target", "tree", "3"])
                done = self.below_proc(options, "kill-graceful", "-v", "-t", "0.2", *words,
                                       *[child.pid] * (words == ["--tree"]))
                self.assertEqual(done.returncode, 0, (options, done.stderr))
                self.assertIn("the set is closed", done.stderr)
                self.assertNotIn("did not close", done.stderr)
                self.assertTrue(child.has_ended())
        hidden = self.below_proc("hidepid=2", "kill-graceful", os.getpid())
        self.assertEqual((hidden.returncode, hidden.stderr), (1, f"kill-graceful: {os.getpid()}: no such process\n"))
        hidden = self.below_proc("hidepid=1", "kill-graceful", os.getpid())
        self.assertEqual((hidden.returncode, hidden.stderr),
                         (6, f"kill-graceful: {os.getpid()}: not permitted to read its record\n"))

    def test_hidden_from_cron_graceful(self):
        """Nobody can say that no cron runs where he cannot look; COMMAND does not run then."""
        for options in "hidepid=1", "hidepid=2":
            for words, status in ((["-n"], 5), ([], 5), (["--run", "echo", "ran"], 125)):
                done = self.below_proc(options, "cron-graceful", *words)
                self.assertEqual((done.returncode, done.stdout), (status, ""), (options, words, done.stderr))
                self.assertIn("hidden from us (hidepid)", done.stderr)
        done = self.below_proc("subset=pid", "cron-graceful", "-n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("no cron daemon runs here", done.stderr)

    def test_subset_of_pids(self):
        """Nothing but processes (5.8, systemd's ProcSubset=pid): times come from the clock."""
        child = self.start(["sh", "-c", "echo ready; read line"], stdin=subprocess.PIPE)
        fields = ["--jsonl", "--pid", child.pid, "-o", "pid,id,comm,starttime,argv,cgroup"]
        (now,) = self.records(*fields[1:]).values()
        then = json.loads(self.below_proc("subset=pid", "ps-tree", *fields).stdout)
        for name in "id", "comm", "argv", "cgroup":
            self.assertEqual(then[name], now[name], name)
        self.assertLess(abs(then["starttime"] - now["starttime"]), 1)

    def test_undumpable(self):
        _, _, pid = self.shape("undumpable")
        result = self.as_nobody("ps-tree", "--jsonl", "-o", "pid,exe,environ,euid", "--pid", str(pid))
        record = json.loads(result.stdout.splitlines()[0])
        self.assertEqual(record["euid"], 0)
        self.assertIsNone(record["environ"])
        self.assertIsNone(record["exe"])
        self.assertEqual(record["errors"], {"exe": "EACCES", "environ": "EACCES"})

    def test_inner_namespace(self):
        inner = self.start(["unshare", "--pid", "--fork", "--kill-child", "sh", "-c",
                            "echo ready; exec sleep 1000"])
        pids = self.records("--children", inner.pid)
        self.assertEqual(len(pids), 1)
        (record,) = pids.values()
        self.assertEqual(record["nspid"][-1], 1)
        self.assertEqual(record["ppid"], inner.pid)

    def test_a_visitor_has_no_parent(self):
        """A process that nsenter brought into a namespace has ppid 0 there, and is no init."""
        inner = self.start(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
                            "echo ready; exec sleep 1000"])
        (first,) = self.records("--children", inner.pid)
        visitor = self.start(["nsenter", "--target", str(first), "--pid", "--mount", "sh", "-c",
                              "echo ready; sleep 1000; :"])
        result = self.proctool("ps-tree", "--jsonl", before=["nsenter", "--target", str(first),
                                                             "--pid", "--mount"])
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        records = [json.loads(line) for line in result.stdout.splitlines()]
        reasons = {record["pid"]: record["root_reason"] for record in records}
        self.assertEqual(reasons.pop(1), "init")
        self.assertIn("ppid0", reasons.values())
        # Its group and session are of the namespace outside.
        (init,) = [record for record in records if record["pid"] == 1]
        self.assertEqual((init["pgrp"], init["session"]), (0, 0))
        self.assertTrue(visitor.is_alive())

    def test_another_namespaces_procfs_is_not_ours(self):
        """Through an inner procfs `self` is nobody: nothing is taken for this process."""
        inner = self.start(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
                            "echo ready; exec sleep 1000"])
        (first,) = self.records("--children", inner.pid)
        result = self.proctool("ps-tree", "--procfs", f"/proc/{first}/root/proc", "self")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("no such ancestor", result.stderr)

    def test_an_outer_namespaces_procfs_shows_us(self):
        """Under another PID than ours we are still known: `self` is, and no criterion finds us."""
        result = self.proctool("ps-tree", "self", before=["unshare", "--pid", "--fork"])
        self.assertEqual((result.returncode, result.stdout[:7]), (0, "unshare"))
        result = self.proctool("ps-tree", "--list", "--comm", "proctool",
                               before=["unshare", "--pid", "--fork"])
        self.assertEqual((result.returncode, result.stdout), (1, ""))

    def test_not_a_procfs(self):
        for path in ("/dev", "/nowhere", "/dev/null"):
            result = self.proctool("ps-tree", "--procfs", path)
            self.assertEqual((result.returncode, result.stdout), (4, ""))
            self.assertRegex(result.stderr, rf"^ps-tree: {path}: [^\n]+\n$")


if __name__ == "__main__":
    support.main()
