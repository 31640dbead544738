# The manual's table from the habits of pstree, pgrep and ps to ours: what both sides find is the same.
import os
import pwd
import re
import shlex
import shutil
import subprocess
import tempfile
import time

import support

support.in_namespaces()

PAGE = os.path.join(os.environ.get("SOURCE", os.path.dirname(support.TESTS)), "man", "ps-tree.1")


def another_user():
    """The uid 1, where this namespace knows it; else ours."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        known = any(int(line.split()[0]) <= 1 < int(line.split()[0]) + int(line.split()[2]) for line in file)
    return 1 if known and os.geteuid() == 0 else os.geteuid()


UID = another_user()
# What the page says for something, and what is here.
WORDS = {"cron": "napper", "sshd": "napper", "REGEX": "napper [12]000", "www": pwd.getpwuid(UID).pw_name}


def table():
    """Theirs and ours of each row, what stands for something filled in."""
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    rows = text[text.index(".Ss From pstree"):]
    rows = rows[: rows.index(".El")].replace("\\-", "-")
    found = re.findall(r'^\.It Ic "?(.*?)"? Ta Ic "?(ps-tree.*?)"?(?: Pq .*)?$', rows, re.M)
    return {theirs: ours for theirs, ours in found}


class Habits(support.Case):
    @classmethod
    def setUpClass(cls):
        for program in "pgrep", "pstree", "ps":
            if not shutil.which(program):
                support.skip(f"no {program}")

    def setUp(self):
        """Sleeps by a name of their own; the last one is another user's."""
        directory = tempfile.mkdtemp(prefix="proctool-test.")
        self.addCleanup(shutil.rmtree, directory)
        os.chmod(directory, 0o755)
        program = f"{directory}/napper"
        os.symlink(shutil.which("sleep"), program)
        self.pids = []
        for seconds in 1000, 2000, 3000:
            uid = UID if seconds == 3000 else os.getuid()
            child = self.start(["napper", str(seconds)], ready=False, executable=program,
                               preexec_fn=lambda: os.setuid(uid))
            self.pids.append(child.pid)
            support.until(lambda: support.comm(child.pid) == "napper", "exec")
            # Who started within the same tick of the clock is as old.
            started = int(support.stat(child.pid)[22])
            support.until(lambda: self.ticks() > started, "the next tick")

    def ticks(self):
        return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))

    def output(self, command, filled):
        """What the shell has from a row's command."""
        if filled:
            command = re.sub(r"(-P|--children) 1\b", rf"\1 {os.getpid()}", command)
            command = " ".join(shlex.quote(WORDS.get(word, word)) for word in command.split())
        command = command.replace("ps-tree", f"{shlex.quote(support.PROCTOOL)} ps-tree", 1).replace("'|'", "|")
        done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, check=False,
                              timeout=support.DEADLINE)
        return done.stdout.decode()

    def test_what_pgrep_finds(self):
        rows = {theirs: ours for theirs, ours in table().items() if theirs.startswith("pgrep")}
        self.assertGreaterEqual(len(rows), 6)
        for theirs, ours in rows.items():
            with self.subTest(theirs):
                exact = theirs.replace("pgrep cron", "pgrep -x cron")
                found = [set(map(int, re.findall(r"^ *(\d+)", self.output(command, True), re.M)))
                         for command in (exact, ours)]
                for pids in found:
                    pids &= set(self.pids)
                self.assertTrue(found[0])
                self.assertEqual(*found)

    def test_what_ps_lists(self):
        """The same processes, each once."""
        rows = {theirs: ours for theirs, ours in table().items() if theirs.startswith("ps ")}
        self.assertGreaterEqual(len(rows), 4)
        for theirs, ours in rows.items():
            with self.subTest(theirs):
                found = [[int(pid) for pid in re.findall(r"^ *(\d+)", self.output(command, False), re.M)
                          if int(pid) in self.pids] for command in (theirs, ours)]
                self.assertEqual(sorted(found[0]), self.pids)
                self.assertEqual(sorted(found[1]), self.pids)

    def test_what_pstree_shows(self):
        rows = {theirs: ours for theirs, ours in table().items() if theirs.startswith("pstree")}
        self.assertGreaterEqual(len(rows), 3)
        for theirs, ours in rows.items():
            with self.subTest(theirs):
                for command in theirs, ours:
                    shown = self.output(command.replace("1234", str(self.pids[0])), False)
                    self.assertIn("napper", shown, command)


support.main()
