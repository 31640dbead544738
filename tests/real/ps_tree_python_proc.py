# The manual's table from python-proc's names to ours: every row is run, and gives what python-proc's name
# means, computed here from /proc alone.
import grp
import json
import os
import pwd
import re
import time

import support

support.in_namespaces()

PAGE = os.path.join(os.environ.get("SOURCE", os.path.dirname(support.TESTS)), "man", "ps-tree.1")


def table():
    """Name and command of each row."""
    with open(PAGE) as file:
        text = file.read()
    rows = text[text.index(".Ss From python-proc"):]
    rows = rows[: rows.index(".El")]
    found = re.findall(r'^\.It "?([a-z_()]+)"? Ta Ic "ps\\-tree (.*)"$', rows, re.M)
    return {name: command.replace("\\-", "-").split() for name, command in found}


def status(pid, name):
    with open(f"/proc/{pid}/status") as file:
        (line,) = [line for line in file if line.startswith(f"{name}:")]
    return line.split()[1:]


def strings(pid, name):
    with open(f"/proc/{pid}/{name}") as file:
        return file.read().split("\0")[:-1]


class Table(support.Case):
    def setUp(self):
        """A shell with two children, one of which has a child of its own."""
        script = "sleep 1000 & sh -c 'sleep 1000 & echo $! >&3; wait' 3>&1 >/dev/null & wait"
        self.child = self.start(["/bin/sh", "-c", script], env={"A": "1", "PATH": os.environ["PATH"]})
        self.pid = self.child.pid
        self.grandchild = int(self.child.line)
        support.until(lambda: len(self.children(self.pid)) == 2 and all(
            support.stat(pid)[2] in (b"sleep", b"sh") for pid in self.children(self.pid)), "children")
        support.until(lambda: self.exe_name(self.grandchild) == "sleep" and any(
            self.exe_name(pid) == "sleep" for pid in self.children(self.pid)), "exec")
        for pid in self.descendants(self.pid):
            self.hold(pid)

    def exe_name(self, pid):
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))

    def children(self, parent):
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return sorted(pid for pid in pids if int((support.stat(pid) or [0] * 5)[4]) == parent)

    def descendants(self, top):
        found = []
        for pid in self.children(top):
            found += [pid, *self.descendants(pid)]
        return sorted(found)

    def run_row(self, command):
        command = [str(self.pid) if word == "PID" else word for word in command]
        options = ["--no-header"] if "-o" in command else []
        result = self.proctool("ps-tree", *command, *options)
        self.assertEqual((result.returncode, result.stderr), (0, ""), command)
        return result.stdout

    def expected(self):
        pid, fields = self.pid, support.stat(self.pid)
        sleeps = [pid for pid in self.children(self.pid) if self.exe_name(pid) == "sleep"]
        real = int(status(pid, "Uid")[0]), int(status(pid, "Gid")[0])
        with open(f"/proc/{pid}/statm") as file:
            pages = int(file.read().split()[1])
        exe = os.readlink(f"/proc/{pid}/exe")
        argv = " ".join(strings(pid, "cmdline"))
        grandchildren = [two for one in self.children(pid) for two in self.children(one)]
        return {
            "pid": [pid], "ppid": [os.getpid()], "pgrp": [int(fields[5])],
            "session": [int(fields[6])], "state": "S", "comm": "sh", "cmdline": argv,
            "command_line": argv, "exe": exe, "exe_name": os.path.basename(exe), "exe_path": exe,
            "environ": " ".join(strings(pid, "environ")), "user": pwd.getpwuid(real[0]).pw_name,
            "group": grp.getgrgid(real[1]).gr_name,
            "user_ids": [int(number) for number in status(pid, "Uid")],
            "group_ids": [int(number) for number in status(pid, "Gid")],
            "vsize": [int(fields[23])], "rss": [pages * os.sysconf("SC_PAGE_SIZE")],
            "starttime": [int(fields[22])], "is_alive": [pid], "parent": [os.getpid()],
            "children": self.children(pid), "grandchildren": sorted(grandchildren),
            "descendants": self.descendants(pid), "find()": sleeps[:1], "find_all()": sleeps,
            "find_all(recursive)": sorted([*sleeps, self.grandchild]),
        }

    def test_every_row(self):
        rows, expected = table(), self.expected()
        apart = {"runtime", "find_processes()", "get_process_tree()"}
        self.assertEqual(set(rows), set(expected) | apart)
        for name, value in expected.items():
            with self.subTest(name):
                said = self.run_row(rows[name])
                if isinstance(value, list):
                    self.assertEqual([int(number) for number in said.split()], value)
                else:
                    self.assertEqual(said.strip().replace("\\\\", "\\"), value)

    def test_rows_apart(self):
        rows = table()
        before = time.clock_gettime(time.CLOCK_BOOTTIME)
        started = int(support.stat(self.pid)[22]) / os.sysconf("SC_CLK_TCK")
        runtime = float(self.run_row(rows["runtime"]))
        self.assertGreaterEqual(runtime, before - started - 0.02)
        self.assertLessEqual(runtime, time.clock_gettime(time.CLOCK_BOOTTIME) - started + 0.02)
        pids = {int(pid) for pid in self.run_row(rows["find_processes()"]).split()}
        self.assertLessEqual({os.getpid(), self.pid, *self.descendants(self.pid)}, pids)
        (init,) = json.loads(self.run_row(rows["get_process_tree()"]))["processes"][:1]
        self.assertEqual((init["pid"], init["root_reason"]), (1, "init"))


if __name__ == "__main__":
    support.main()
