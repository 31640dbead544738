# A chain of 100,000 processes is drawn, whole, without recursion and in time that follows what is
# printed: by a stack of 256 KiB, on a tree of files.
# labels: long
# timeout: 600
import os
import re
import resource
import subprocess
import tempfile
import time

import support

LEVELS = 100_000


class Depth(support.Case):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="proctool-depth.")
        cls.addClassCleanup(os.rmdir, cls.root)
        mount = ["mount", "-t", "tmpfs", "-o", "size=1g,nr_inodes=300000", "tmpfs", cls.root]
        if subprocess.run(mount, check=False).returncode:
            support.skip("no tmpfs may be mounted here")
        cls.addClassCleanup(subprocess.run, ["umount", cls.root], check=True)
        with open(f"{cls.root}/uptime", "w", encoding="ascii") as file:
            file.write("1000.00 900.00\n")
        os.chmod(cls.root, 0o755)
        for pid in range(1, LEVELS + 1):
            os.mkdir(f"{cls.root}/{pid}")
            stat = f"{pid} (link) S {pid - 1} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0 0\n"
            fd = os.open(f"{cls.root}/{pid}/stat", os.O_WRONLY | os.O_CREAT, 0o644)
            os.write(fd, stat.encode())
            os.close(fd)

    def draw(self, *arguments):
        def small_stack():
            if not support.is_sanitized():
                resource.setrlimit(resource.RLIMIT_STACK, (256 << 10, 256 << 10))

        result = self.proctool("ps-tree", "--procfs", self.root, *arguments, deadline=120,
                               preexec_fn=small_stack)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def test_plain(self):
        lines = self.draw("-A", "-p").splitlines()
        self.assertEqual(len(lines), LEVELS // 1000)
        self.assertEqual([int(pid) for line in lines for pid in re.findall(r"\((\d+)\)", line)],
                         list(range(1, LEVELS + 1)))
        self.assertEqual([line.split()[0] for line in lines[1:]],
                         [f"^ppid={above}" for above in range(1000, LEVELS, 1000)])

    def test_folds(self):
        self.assertEqual(self.draw("-A").count("link"), LEVELS)

    def test_a_process_a_line(self):
        begin = time.monotonic()
        text = self.draw("-A", "-o", "pid", "--no-header")
        self.assertEqual(text.count("\n"), LEVELS)
        self.assertLess(time.monotonic() - begin, 100)


support.in_namespaces()
support.main()
