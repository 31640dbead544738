# labels: daemon serial
# timeout: 240
# apache-mem --capacity against the kernel: in a real memory group as many workers run as were promised,
# and one more is killed. And a group seen through mounts of all kinds.
import os
import subprocess
import tempfile

import support
from servers import APACHE, MODULES, Apache, ServerCase, loopback_up, need

MEMORY = "/sys/fs/cgroup/memory"
WORKER_MB = 24
PROMISED = 9

need(APACHE, f"{MODULES}/mod_wsgi.so")
if not os.path.exists(f"{MEMORY}/memory.limit_in_bytes"):
    print("skipped: no memory controller of version 1 at " + MEMORY)
    raise SystemExit(support.SKIPPED)
support.in_namespaces(network=True)
loopback_up()

# Each request keeps so much more, says so, and waits.
APP = b"""
import os
kept = []
def application(environ, start_response):
    words = dict(word.split("=") for word in environ["QUERY_STRING"].split("&"))
    kept.append(os.urandom(int(words["mb"]) << 20))
    with open(words["ready"], "wb", 0) as fifo:
        fifo.write(b"x")
    with open(words["wait"], "rb", 0) as fifo:
        fifo.read(1)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]
"""

WSGI = """
LoadModule wsgi_module {modules}/mod_wsgi.so
WSGIScriptAlias /app {dir}/capacity.wsgi application-group=%{{GLOBAL}}
"""

# All that are allowed are there from the start, cold.
MPM = ("StartServers {count}\nMinSpareServers {count}\nMaxSpareServers {count}\nServerLimit {count}\n"
       "MaxRequestWorkers {count}\n")


class Group:
    """A memory group of our own below the one that we are in."""

    def __init__(self, case):
        with open("/proc/self/cgroup") as file:
            rows = [line.rstrip("\n").split(":", 2) for line in file]
        above = [row[2] for row in rows if "memory" in row[1].split(",")][0].rstrip("/")
        self.path = f"{above}/proctool-test.{os.getpid()}.{case.id().rsplit('.', 1)[-1]}"
        self.dir = f"{MEMORY}{self.path}"
        try:
            os.mkdir(self.dir)
        except OSError as error:
            support.skip(f"no memory group of our own: {error.strerror}")
        case.addCleanup(support.until, self.remove, "the group is empty")

    def remove(self):
        try:
            os.rmdir(self.dir)
        except OSError:
            return False
        return True

    def write(self, name, value):
        with open(f"{self.dir}/{name}", "w") as file:
            file.write(str(value))

    def read(self, name):
        with open(f"{self.dir}/{name}") as file:
            return file.read()

    def fields(self, name):
        return {row.split()[0]: int(row.split()[1]) for row in self.read(name).splitlines()}

    def kept(self):
        """What is used and not given back at once."""
        return int(self.read("memory.usage_in_bytes")) - self.fields("memory.stat")["total_inactive_file"]

    def entered(self):
        """Words in front of a command that is to run in it."""
        return ["sh", "-c", f'echo 0 >"{self.dir}/cgroup.procs" && exec "$@"', "sh"]


class Capacity(ServerCase):
    def setUp(self):
        # Cleanups run backwards: the group goes when the server has gone.
        self.group = Group(self)
        self.group.write("memory.swappiness", 0)
        self.serve(PROMISED)

    def serve(self, workers):
        self.server = Apache(self, "prefork", WSGI, before=self.group.entered(),
                             mpm_settings=MPM.format(count=workers), wait=False)
        with open(f"{self.server.dir}/capacity.wsgi", "wb") as file:
            file.write(APP)
        support.until(self.server.answers, f"it answers; {self.server.log()}")
        for name in "ready", "wait":
            os.mkfifo(f"{self.server.dir}/{name}")
            os.chmod(f"{self.server.dir}/{name}", 0o666)
        self.ready, self.wait = (os.open(f"{self.server.dir}/{name}", os.O_RDWR) for name in ("ready", "wait"))
        self.addCleanup(os.close, self.ready)
        self.addCleanup(os.close, self.wait)
        self.asked = 0
        self.settled({("worker", ""): workers})

    def ask(self):
        """A request that makes one worker as large as the others and keeps it busy."""
        query = f"mb={WORKER_MB}&ready={self.server.dir}/ready&wait={self.server.dir}/wait"
        self.start(["curl", "-s", f"http://127.0.0.1:{self.server.port}/app?{query}"], ready=False,
                   stdout=subprocess.DEVNULL)
        self.asked += 1

    def warm(self, count):
        while self.asked < count:
            self.ask()
            self.assertTrue(support.is_readable(self.ready), self.server.log())
            os.read(self.ready, 1)

    def capacity(self, *arguments):
        return self.instance("--capacity", "--reserve", "0", *arguments)["capacity"]

    def kills(self):
        return self.group.fields("memory.oom_control")["oom_kill"]

    def limit_to(self, workers):
        """A limit in which so many fit, and half a one."""
        found = self.capacity()
        room = int((workers + 0.5) * found["largest_cost_bytes"]) - found["held_bytes"]
        self.group.write("memory.limit_in_bytes", self.group.kept() + room)

    def test_promise(self):
        self.warm(4)
        self.limit_to(PROMISED)
        found = self.capacity()
        self.assertEqual((found["source"], found["cgroup"], found["unseen_cgroup"]), ("cgroup", self.group.path, None))
        self.assertEqual(found["largest"], PROMISED, found)
        self.assertEqual(found["warm"], 4)
        # As many as were promised run, and it is said again that they do.
        self.warm(PROMISED)
        self.assertEqual(self.kills(), 0)
        self.assertEqual(self.capacity()["largest"], PROMISED)
        # With one more allowed there is one too many.
        self.server.stop()
        self.serve(PROMISED + 1)
        self.assertEqual(self.kills(), 0)
        self.warm(PROMISED)
        self.ask()
        support.until(lambda: self.kills() > 0, "one more is killed")

    def test_parent_binds(self):
        """A group above with less left; what is read is the master's, wherever we are."""
        inner = f"{self.group.dir}/inner"
        os.mkdir(inner)
        self.addCleanup(self.leave, inner)
        with open(f"{inner}/memory.limit_in_bytes", "w") as file:
            file.write(str(1 << 30))
        for pid in self.group.read("cgroup.procs").split():
            with open(f"{inner}/cgroup.procs", "w") as file:
                file.write(pid)
        self.group.write("memory.limit_in_bytes", 256 << 20)
        found = self.capacity()
        self.assertEqual((found["source"], found["cgroup"]), ("cgroup", self.group.path))
        self.assertLess(found["available_bytes"], 256 << 20)
        self.group.write("memory.limit_in_bytes", 2 << 30)
        self.assertEqual(self.capacity()["cgroup"], f"{self.group.path}/inner")

    def leave(self, inner):
        self.server.stop()
        support.until(lambda: not os.path.exists(inner) or self.remove(inner), "the inner group is empty")

    def remove(self, path):
        try:
            os.rmdir(path)
        except OSError:
            return False
        return True

    def mount(self, *arguments):
        subprocess.run(["mount", *arguments], check=True)
        self.addCleanup(subprocess.run, ["umount", arguments[-1]], check=True)

    def test_mounts(self):
        """Only a subtree is mounted, as in a container; nothing is; another file system covers it."""
        self.group.write("memory.limit_in_bytes", 256 << 20)
        whole = self.capacity()
        self.assertEqual((whole["source"], whole["cgroup"]), ("cgroup", self.group.path))
        directory = tempfile.mkdtemp()
        self.addCleanup(os.rmdir, directory)
        self.mount("--bind", self.group.dir, directory)
        self.mount("-t", "tmpfs", "none", MEMORY)
        part = self.capacity()
        self.assertEqual((part["source"], part["cgroup"], part["unseen_cgroup"]), ("cgroup", self.group.path, None))
        self.assertLessEqual(abs(part["available_bytes"] - whole["available_bytes"]), 4 << 20)
        self.mount("-t", "tmpfs", "none", directory)
        hidden = self.capacity()
        self.assertEqual((hidden["source"], hidden["cgroup"], hidden["unseen_cgroup"]), ("host", None, self.group.path))
        table = self.run_mem("--capacity").stdout
        self.assertIn(f"the limits of {self.group.path} cannot be seen from here", table)


if __name__ == "__main__":
    support.main()
