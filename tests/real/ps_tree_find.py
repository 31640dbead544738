# timeout: 120
"""What only real processes show of finding: who this process is, and what is told from the outside."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

import support

support.in_namespaces()

NOBODY = 65534


class Find(support.Case):
    def pids(self, *arguments, **options):
        result = self.proctool("ps-tree", "--list", *arguments, **options)
        self.assertEqual(result.stderr, "")
        return [int(pid) for pid in result.stdout.split()]

    def record(self, pid, fields, **options):
        result = self.proctool("ps-tree", "--jsonl", "-o", fields, "--pid", pid, **options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return json.loads(result.stdout)

    def below(self, levels, *arguments):
        """What ps-tree prints LEVELS shells below this process."""
        words = [support.PROCTOOL, "ps-tree", *arguments]
        for _ in range(levels):
            words = ["sh", "-c", '"$@"; status=$?; exit $status', "sh", *words]
        return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False, timeout=support.DEADLINE)

    def test_self(self):
        """Our parent, and N above it."""
        me = os.getpid()
        self.assertEqual(self.pids("self")[0], me)
        for levels in 1, 2:
            tree = self.below(levels, "-A", "-p", f"self~{levels}").stdout
            self.assertTrue(tree.startswith(f"{support.comm(me)}({me})-"), tree)
            tree = self.below(levels, "-A", "self").stdout
            self.assertEqual(tree, "sh---proctool\n")
        parents = self.below(1, "-A", "-s", "-p", "self").stdout
        self.assertIn(f"{support.comm(me)}({me})---sh(", parents)
        result = self.below(1, "self~1000")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertEqual(result.stderr, "ps-tree: self~1000: no such ancestor is visible\n")

    def test_we_never_match(self):
        """Our argv holds every pattern; our ancestors' may too."""
        word = "no-other-process-has-this-word"
        for options in ([], ["--invert"], ["--invert", "--invert"]):
            result = self.below(1, "--list", "-o", "comm", "--no-header", "--cmdline", word, *options)
            self.assertNotIn("proctool", result.stdout.split())
        self.assertIn("proctool", self.below(1, "--list", "-o", "comm").stdout.split())
        shells = self.below(2, "--list", "-o", "comm", "--no-header", "--cmdline", word)
        self.assertEqual(shells.stdout.split(), ["sh", "sh"])
        alone = self.below(2, "--list", "--cmdline", word, "--ignore-ancestors")
        self.assertEqual((alone.returncode, alone.stdout, alone.stderr), (1, "", ""))

    def test_times_need_no_file(self):
        """Containers have files of their own over uptime and stat: no age comes from them."""
        child = self.start(["sh", "-c", "echo ready; read line"], stdin=subprocess.PIPE)
        true = self.record(child.pid, "starttime,runtime")
        with tempfile.NamedTemporaryFile("w", suffix=".proctool") as false:
            false.write("1.00 1.00\nbtime 1\n")
            false.flush()
            for name in "uptime", "stat":
                subprocess.run(["mount", "--bind", false.name, f"/proc/{name}"], check=True)
                self.addCleanup(subprocess.run, ["umount", f"/proc/{name}"], check=True)
            seen = self.record(child.pid, "starttime,runtime")
        self.assertLess(abs(seen["starttime"] - true["starttime"]), 1)
        self.assertLess(seen["runtime"], true["runtime"] + support.DEADLINE)
        self.assertEqual(self.pids("--newer-than", "1h", "--pid", child.pid), [child.pid])
        self.assertEqual(self.pids("--older-than", "1h", "--pid", child.pid), [])

    def elsewhere(self, name, script="true"):
        """A sleep of that file name in a mount namespace of its own, where alone its file system is. SCRIPT
        begins where it reads a line: once the sleep runs."""
        script = ('mount -t tmpfs tmpfs /mnt && cp "$0" "/mnt/$1" && '
                  f'{{ "/mnt/$1" 1000 & echo $!; {script}; wait; }}')
        child = self.start(["unshare", "-m", "sh", "-c", script, shutil.which("sleep"), name],
                           stdin=subprocess.PIPE)
        self.hold(int(child.line))
        support.until(lambda: support.comm(int(child.line)) == name[:15], "exec")
        os.write(child.popen.stdin.fileno(), b"it runs\n")
        return int(child.line)

    def test_what_exe_says_is_looked_up_there(self):
        """` (deleted)` may be the name itself: its own root knows, ours has no such file."""
        pid = self.elsewhere("x (deleted)")
        record = self.record(pid, "exe,exe_path,exe_name,exe_deleted")
        if not support.KERNEL:  # openat2, 5.6
            self.assertEqual(record, {"exe": "/mnt/x (deleted)", "exe_path": "/mnt/x (deleted)",
                                      "exe_name": "x (deleted)", "exe_deleted": False})
        refused = self.record(pid, "exe_path,exe_deleted", before=self.refused("ENOSYS", "openat2"))
        self.assertEqual(refused, {"exe_path": "/mnt/x", "exe_deleted": True})

    def test_removed_there(self):
        pid = self.elsewhere("y", "read line; rm /mnt/y")
        support.until(lambda: os.readlink(f"/proc/{pid}/exe").endswith(" (deleted)"), "removal")
        self.assertEqual(self.record(pid, "exe,exe_path,exe_deleted"),
                         {"exe": "/mnt/y (deleted)", "exe_path": "/mnt/y", "exe_deleted": True})
        self.assertIn(pid, self.pids("--exe-path", "/mnt/y"))

    def test_path_beyond_the_kernels_page(self):
        """No link can hold it: unknown, and the name is found elsewhere."""
        top = tempfile.mkdtemp(prefix="proctool-test.")
        self.addCleanup(shutil.rmtree, top)
        place = os.open(top, os.O_PATH)
        for _ in range(20):
            os.mkdir("d" * 250, dir_fd=place)
            below = os.open("d" * 250, os.O_PATH, dir_fd=place)
            os.close(place)
            place = below
        self.addCleanup(os.close, place)
        shutil.copy(shutil.which("sleep"), f"/proc/self/fd/{place}/deep-sleep")
        child = self.start(["./deep-sleep", "1000"], ready=False, preexec_fn=lambda: os.fchdir(place))
        support.until(lambda: support.comm(child.pid) == "deep-sleep", "exec")
        record = self.record(child.pid, "exe,exe_path,exe_name,cwd,exe_deleted")
        self.assertEqual((record["exe"], record["cwd"], record["exe_path"]), (None, None, None))
        self.assertEqual(record["exe_name"], "deep-sleep")
        self.assertEqual((record["errors"]["exe"], record["errors"]["cwd"]), ("ENAMETOOLONG",) * 2)
        self.assertIn(child.pid, self.pids("--exe-name", "deep-sleep"))

    def test_old_kernels(self):
        """Without the calls that came later the same is shown, but for what only they tell."""
        child = self.start(["sh", "-c", "echo ready; read line"], stdin=subprocess.PIPE)
        fields = "id,exe,exe_path,exe_deleted,argv,namespaces,cgroup,rss,pss,inode"
        now = self.record(child.pid, fields)
        tree = self.proctool("ps-tree", "-p", child.pid).stdout
        for error in "ENOSYS", "EPERM":
            calls = ("close_range", "getrandom", "openat2", "pidfd_open", "statx", "unshare")
            before = self.refused(error, *calls)
            then = self.record(child.pid, fields, before=before)
            self.assertEqual((then["inode"], then["errors"]), (None, {"inode": error}))
            for name in set(fields.split(",")) - {"inode", "rss", "pss"}:
                self.assertEqual(then[name], now[name], name)
            self.assertIsNotNone(then["pss"])
            self.assertEqual(self.proctool("ps-tree", "-p", child.pid, before=before).stdout, tree)

    def test_unreadable_namespaces_come_last(self):
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            support.skip("only root can become somebody else")
        tree = self.proctool("ps-tree", "-A", "-N", "mnt", before=[
            "setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]).stdout
        heads = [line for line in tree.splitlines() if line.startswith("[")]
        self.assertEqual(len(heads), 2, tree)
        self.assertEqual(heads[0], f"[{os.stat('/proc/self/ns/mnt').st_ino}]")
        self.assertEqual(heads[1], "[?]")
        self.assertIn(support.comm(1), tree[tree.index("[?]"):])

    def test_group_of_the_effective_user(self):
        """--user, USER and -u mean the effective user, --group the effective group."""
        if os.geteuid() != 0:
            support.skip("only root can become somebody else")
        code = "import os, sys; os.setegid(7); os.seteuid(7); print('ready', flush=True); sys.stdin.read()"
        child = self.start([sys.executable, "-c", code], stdin=subprocess.PIPE)
        self.assertEqual(self.pids("--user", "7", "--pid", child.pid), [child.pid])
        self.assertEqual(self.pids("--group", "7", "--pid", child.pid), [child.pid])
        self.assertEqual(self.pids("--user", "0", "--pid", child.pid), [])
        record = self.record(child.pid, "uid,euid,gid,egid,user,euser")
        self.assertEqual((record["uid"], record["euid"], record["gid"], record["egid"]), (0, 7, 0, 7))
        tree = self.proctool("ps-tree", "-A", "-u", child.pid).stdout
        self.assertIn(f"({record['euser']})", tree)


support.main()
