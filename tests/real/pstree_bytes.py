# The same bytes as psmisc's pstree, over trees of real processes and combinations of options.
# labels: daemon once
# timeout: 240
#
# Left out, as deliberate deviations: siblings of different process groups under -g (pstree folds
# them), zombies, exited leaders and unusual names (marked, quoted), -G where it is cut (pstree cuts
# within the terminal's sequences), the order of a USER's trees (ours: by PID), -N with a PID
# (pstree shows all), what -N cannot read ([?], last). Under -U a cut may be `+++` with pstree.
import contextlib
import itertools
import os
import pty
import pwd
import random
import re
import shutil
import subprocess
import tempfile

import support

LETTERS = ["-c", "-g", "-l", "-n", "-p", "-s", "-S", "-t", "-T", "-u"]
CHARSETS = [["-A"], ["-U"], ["-G"], []]
NAMES = ["sh", "bash", "sleep", "cat", "a", "zz", "AA", "_x", "ab-c", "(sd-pam)", "Web%20Content",
         "kworker/0%3a1", "x.y"]
USERS = [1, 7, 33, 54321]
KINDS = ["uts", "mnt", "ipc", "net", "cgroup", "pid"]

TREES = [
    "alone",
    "root[3*sh[sleep] bash[cat x] zz AA _x]",
    "web:T=4[2*work:T=3 work:T=2 other:t=one:t=two:t=one]",
    "deep[a[b[c[d[e[f[g[h] i] j] k] l] m] n] o]",
    "fold[2*a[2*b[3*c d] e] a[b[c]] sh[x] sh[y] sh[x] sh]",
    "group:g[in:g[x y] out z]",
]
WITH_USERS = [
    "root[web:u=33[work:u=33 x:u=7[q q] y:u=33[z:u=33]] sh:u=1 sh sh:u=1 2*a:u=54321:T=2]",
    "top:u=33[below:u=33 back]",
]
WITH_NAMESPACES = [
    "root:T=2[ns:n=uts+mnt[sleep sleep:n=pid[deep]] x[y:n=ipc+cgroup[z:n=net q]] ns:n=uts]",
]


def processes():
    return {name for name in os.listdir("/proc") if name.isdigit()}


def may_become_others():
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return any(int(line.split()[2]) > max(USERS) for line in file)


def grow(source, others, level=0):
    """A random tree, as proctree's argument."""
    text = source.choice(NAMES)
    if source.random() < 0.2:
        text += f":T={source.randint(1, 3)}"
    elif source.random() < 0.1:
        text += "".join(f":t={source.choice(NAMES[:6])}" for _ in range(source.randint(1, 4)))
    if others and source.random() < 0.15:
        text += f":u={source.choice(USERS)}"
    if source.random() < 0.08:
        text += f":n={'+'.join(source.sample(KINDS, 2))}"
    if level < source.choice([1, 2, 3, 5]):
        below = [grow(source, others, level + 1) for _ in range(source.choice([1, 1, 2, 3]))]
        text += f"[{' '.join(f'{source.choice([1, 1, 1, 2, 3])}*{child}' for child in below)}]"
    return text


def environment(**more):
    return {**os.environ, "LC_ALL": "C.UTF-8", **more}


def on_terminal(argv, columns, **more):
    """What the command writes to a terminal of that width."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=end, stderr=end,
                               env=environment(COLUMNS=str(columns), **more))
    os.close(end)
    output = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        output += piece
    process.wait(support.DEADLINE)
    os.close(terminal)
    return output.replace(b"\r\n", b"\n")


class Bytes(support.Case):
    def setUp(self):
        others = may_become_others()
        source = random.Random(20260101)
        self.others = others
        self.trees = [*TREES, *WITH_NAMESPACES, *(WITH_USERS if others else [])]
        self.trees += [grow(source, others) for _ in range(4)]
        self.source = source

    @contextlib.contextmanager
    def tree(self, text):
        """The root's PID, once all of it is there; in the end nothing of it is left."""
        before = processes()
        helper = self.helper("proctree", text)
        yield helper.line
        helper.kill()
        helper.wait()
        support.until(lambda: processes() <= before, "the end of a tree")

    def theirs(self, *arguments, **more):
        result = subprocess.run(["pstree", *arguments], stdin=subprocess.DEVNULL,
                                capture_output=True, env=environment(**more),
                                timeout=support.DEADLINE, check=False)
        return result.stdout

    def ours(self, *arguments, **more):
        result = self.proctool("ps-tree", *arguments, text=False, env=environment(**more))
        self.assertEqual(result.stderr, b"", arguments)
        return result.stdout

    def compare(self, text, *arguments):
        self.assertEqual(self.ours(*arguments).decode(),
                         self.theirs("-l", *arguments).decode(), (text, arguments))

    def test_pairs(self):
        """Each option, and each two together, in each set of characters."""
        pairs = [(), *((letter,) for letter in LETTERS), *itertools.combinations(LETTERS, 2)]
        for turn, text in enumerate(self.trees):
            with self.tree(text) as root:
                for number, pair in enumerate(pairs):
                    if number % 4 == turn % 4:
                        self.compare(text, *CHARSETS[(number + turn) % 3], *pair, root)
                for charset in CHARSETS:
                    self.compare(text, *charset, root)

    def test_characters(self):
        """Those of a terminal go by the locale, and of a pipe are ASCII."""
        with self.tree(TREES[1]) as root:
            for locale in ("C", "C.UTF-8"):
                self.assertEqual(self.ours(root, LC_ALL=locale), self.theirs("-l", root, LC_ALL=locale))
                drawn = {program: on_terminal([*argv, root], 400, LC_ALL=locale, TERM="dumb")
                         for program, argv in (("ours", [support.PROCTOOL, "ps-tree"]), ("theirs", ["pstree"]))}
                self.assertEqual(drawn["ours"], drawn["theirs"])
                self.assertEqual("─".encode() in drawn["ours"], locale == "C.UTF-8")

    def test_many(self):
        """More of them together, as they come."""
        for text in self.trees:
            with self.tree(text) as root:
                for _ in range(8):
                    letters = self.source.sample(LETTERS, self.source.randint(3, 8))
                    self.compare(text, *self.source.choice(CHARSETS), *letters, root)

    def test_parents(self):
        """-s of something in the midst."""
        with self.tree("a:T=2[b[c:T=2[d e] f] g]"):
            for pid in processes():
                with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                    if file.read() not in ("c\n", "g\n", "d\n"):
                        continue
                for more in ([], ["-p"], ["-S"], ["-u"], ["-g"], ["-c"]):
                    self.compare("-s", "-A", "-s", *more, pid)

    def test_user(self):
        if not self.others:
            support.skip("no other users in this namespace")
        name = pwd.getpwuid(1).pw_name
        with self.tree("root[x:u=1[y:u=1 z:T=2 w:u=33]]"):
            for more in ([], ["-p"], ["-u"], ["-S"], ["-g"], ["-n"]):
                self.compare("USER", "-A", *more, name)

    def test_namespaces(self):
        """-N shows everything, the program itself too: ours is named pstree for that."""
        with tempfile.TemporaryDirectory() as directory:
            program = f"{directory}/pstree"
            os.symlink(support.PROCTOOL, program)
            for text in [*WITH_NAMESPACES, *self.trees[-3:]]:
                with self.tree(text):
                    self.compare_namespaces(text, program)

    def compare_namespaces(self, text, program):
        own = re.compile(rb"pstree\(\d+")
        for kind in ("mnt", "uts", "pid", "user"):
            for more in ([], ["-p"], ["-S", "-u"], ["-n"], ["-c", "-t"]):
                arguments = ["-A", "-l", "-N", kind, *more]
                ours = subprocess.run(["ps-tree", *arguments], executable=program,
                                      stdout=subprocess.PIPE, env=environment(),
                                      timeout=support.DEADLINE, check=False).stdout
                self.assertEqual(own.sub(b"pstree(", ours),
                                 own.sub(b"pstree(", self.theirs(*arguments)), (text, arguments))

    def test_cut(self):
        """At every width."""
        argv = [support.PROCTOOL, "ps-tree"]
        for text in ("a[bb[c d:T=2 e[f]] g[hhhh 2*i:T=2] j:g[k]]", "long[2*names[3*beside them]]"):
            with self.tree(text) as root:
                for options in (["-A"], ["-A", "-p"], ["-A", "-g", "-S"], ["-U", "-p", "-c"]):
                    for columns in range(1, 46, 1 if options == ["-A"] else 3):
                        theirs = self.theirs(*options, root, COLUMNS=str(columns))
                        if "-U" in options:
                            theirs = re.sub(rb"\++\n", b"+\n", theirs)
                        self.assertEqual(on_terminal([*argv, *options, root], columns), theirs,
                                         (text, options, columns))


support.in_namespaces()
if shutil.which("pstree") is None:
    print("skipped: no pstree")
    raise SystemExit(support.SKIPPED)
support.main()
