# The harness itself, with the dispatcher as its subject: namespaces, refused calls, closed descriptors.
import os
import subprocess
import sys

import support


class Door(support.Case):
    def test_descriptors_stay_theirs(self):
        """However many of 0, 1, 2 are closed, nothing of ours takes their place."""
        for closed in (0,), (1,), (2,), (0, 2), (0, 1, 2):
            shell = 'exec "$@" ' + " ".join(f"{fd}<&-" for fd in closed)
            argv = ["sh", "-c", shell, "sh", support.PROCTOOL, "--help"]
            result = subprocess.run(argv, capture_output=True, timeout=support.DEADLINE)
            self.assertEqual(result.returncode, 3 if 1 in closed else 0, closed)
            self.assertEqual(result.stdout == b"", 1 in closed, closed)

    def test_refused(self):
        """The helper's errors reach the command and its children, and no other call does."""
        result = subprocess.run(
            [*self.refused("EPERM", "socket", "kill"), sys.executable, "-c",
             "import os, socket, signal\n"
             "for call in socket.socket, lambda: os.kill(os.getpid(), 0), os.getpid:\n"
             "    try:\n"
             "        call(); print('done')\n"
             "    except OSError as error:\n"
             "        print(error.errno)"],
            stdout=subprocess.PIPE, text=True, timeout=support.DEADLINE)
        if result.returncode == support.SKIPPED:
            support.skip(result.stdout)
        self.assertEqual(result.stdout.split(), ["1", "1", "done"])

    def test_namespaces(self):
        """In them the command is alone, and what it leaves behind ends with it."""
        reader, writer = os.pipe()
        script = 'echo /proc/[0-9]* | wc -w; (exec sleep 1000 >&2 & ) ; exit 5'
        result = subprocess.run([f"{support.TESTS}/ns", "sh", "-c", script], stdout=subprocess.PIPE,
                                stderr=writer, text=True, timeout=support.DEADLINE)
        os.close(writer)
        if result.returncode == support.SKIPPED:
            support.skip(result.stdout)
        self.assertEqual(result.returncode, 5)
        self.assertLessEqual(int(result.stdout), 4)
        self.assertTrue(support.is_readable(reader), "something holds the pipe still")
        self.assertEqual(os.read(reader, 1), b"")
        os.close(reader)


if __name__ == "__main__":
    support.main()
