"""Real servers for the tests of apache-mem: own configuration, own directory, loopback ports.

For the inside of namespaces (support.in_namespaces with a network), whose end takes along whatever is
left. Each server runs in the foreground as a child of the test and is ended through its pidfd.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request

import support

APACHE = "/usr/sbin/apache2"
MODULES = "/usr/lib/apache2/modules"

BASE = """
ServerRoot {dir}
DefaultRuntimeDir {dir}
PidFile {dir}/pid
ErrorLog {dir}/error.log
ServerName localhost
Listen 127.0.0.1:{port}
User www-data
Group www-data
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule status_module {modules}/mod_status.so
<Location /server-status>
SetHandler server-status
</Location>
"""

MPM = {
    "event": "StartServers 2\nServerLimit 4\nThreadsPerChild 10\nMaxRequestWorkers 40\n"
             "MinSpareThreads 10\nMaxSpareThreads 40\n",
    "worker": "StartServers 2\nServerLimit 3\nThreadsPerChild 8\nMaxRequestWorkers 24\n"
              "MinSpareThreads 8\nMaxSpareThreads 24\n",
    "prefork": "StartServers 5\nMinSpareServers 5\nMaxSpareServers 5\nServerLimit 20\n"
               "MaxRequestWorkers 20\n",
}

WSGI = """
LoadModule wsgi_module {modules}/mod_wsgi.so
WSGISocketPrefix {dir}/wsgi
WSGIDaemonProcess shop-front processes=2 threads=3 display-name=%{{GROUP}}
WSGIDaemonProcess shop-back processes=1 threads=2 display-name=%{{GROUP}}
WSGIScriptAlias /front {dir}/app.wsgi process-group=shop-front application-group=%{{GLOBAL}}
WSGIScriptAlias /own {dir}/app.wsgi application-group=%{{GLOBAL}}
"""

CGID = """
LoadModule cgid_module {modules}/mod_cgid.so
ScriptSock {dir}/cgisock
"""

# mod_fcgid's process manager is a child of the master that looks like a worker in all but one thing.
FCGID = """
LoadModule fcgid_module {modules}/mod_fcgid.so
FcgidIPCDir {dir}/fcgid
FcgidProcessTableFile {dir}/fcgid_shm
"""

ROTATELOGS = "/usr/bin/rotatelogs"
PIPED = f'CustomLog "|{ROTATELOGS} {{dir}}/access.%Y 86400" "%h"\n'

# Answers when a byte comes through the FIFO that ?NAME names; allocates MiB of ?mb=N and keeps them.
APP = b"""
import os
kept = []
def application(environ, start_response):
    query = environ.get("QUERY_STRING", "")
    if query.startswith("wait="):
        with open(query[5:], "rb") as fifo:
            fifo.read(1)
    if query.startswith("mb="):
        kept.append(os.urandom(int(query[3:]) << 20))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""


def need(*files):
    """Leaves the file as not run where one of these is missing."""
    for file in files:
        if not os.path.exists(file):
            print(f"skipped: no {file}")
            raise SystemExit(support.SKIPPED)


def loopback_up():
    """A new network namespace's loopback is down."""
    with socket.socket() as any_socket:
        request = struct.pack("16sH14x", b"lo", 0x1 | 0x40)
        fcntl.ioctl(any_socket, 0x8914, request)


def children(pid):
    """Of its first thread; none when it is gone."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def rollup(pid):
    """smaps_rollup in bytes, read and summed up by nobody's code but this; None: there is none. Before
    Linux 4.14 smaps, which rounds each mapping's PSS down."""
    try:
        with open(f"/proc/{pid}/{'smaps' if support.KERNEL else 'smaps_rollup'}") as file:
            lines = [line.split() for line in file if line.endswith(" kB\n")]
    except (FileNotFoundError, ProcessLookupError):
        return None
    values = {}
    for name, number, _ in lines:
        name = name.rstrip(":")
        values[name] = values.get(name, 0) + int(number) * 1024
    return values or None


def unix_names(pid):
    """Names of the AF_UNIX sockets that a process holds; None: it is gone."""
    try:
        with open(f"/proc/{pid}/net/unix") as file:
            rows = [line.split() for line in file.read().splitlines()[1:]]
        links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return {row[7] for row in rows if len(row) > 7 and f"socket:[{row[6]}]" in links}


def argv0(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read().split("\0")[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


MEASURES = {
    "pss": lambda v: v["Pss"],
    "rss": lambda v: v["Rss"],
    "uss": lambda v: v["Private_Clean"] + v["Private_Dirty"],
    "swap": lambda v: v["SwapPss"],
}


class Server:
    """One server in a directory of its own."""

    def __init__(self, case, port):
        self.port = port
        self.dir = tempfile.mkdtemp(prefix="proctool-server.")
        os.chmod(self.dir, 0o755)
        case.addCleanup(shutil.rmtree, self.dir, True)
        self.child = None

    def start(self, case, argv, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.DEVNULL)
        # Its end signals its whole process group.
        options.setdefault("start_new_session", True)
        self.child = support.Child(argv, ready=False, **options)
        case.addCleanup(self.stop)
        self.pid = self.child.pid
        return self

    def stop(self):
        """By TERM, which lets it end its children; then whatever is left of its session."""
        if self.child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.child.kill(signal.SIGCONT)
            self.child.kill(signal.SIGTERM)
        if support.comm(self.child.pid) == "unshare":  # which ignores that
            for master in map(support.Process, children(self.child.pid)):
                master.kill(signal.SIGTERM)
                os.close(master.pidfd)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.child.wait(10)
        session, self.child = self.child, None
        session.close()
        for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
            fields = support.stat(pid)
            if fields and int(fields[6]) == session.pid:
                with contextlib.suppress(ProcessLookupError):
                    support.Process(pid).close()
        support.until(lambda: not self.answers(), "nobody answers any more")

    def get(self, path="/", deadline=support.DEADLINE):
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=deadline) as answer:
            return answer.read()

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def log(self):
        with contextlib.suppress(FileNotFoundError), open(f"{self.dir}/error.log") as file:
            return file.read()[-2000:]
        return ""


class Apache(Server):
    """`extra` is configuration; {dir}, {port} and {modules} are filled in."""

    def __init__(self, case, mpm="event", extra="", port=18080, binary=APACHE, arguments=(), name=None,
                 before=(), mpm_settings=None, wait=True):
        super().__init__(case, port)
        values = {"dir": self.dir, "port": port, "modules": MODULES}
        conf = f"LoadModule mpm_{mpm}_module {MODULES}/mod_mpm_{mpm}.so\n"
        conf += BASE.format(**values) + (mpm_settings or MPM[mpm]) + extra.format(**values)
        with open(f"{self.dir}/conf", "w") as file:
            file.write(conf)
        with open(f"{self.dir}/app.wsgi", "wb") as file:
            file.write(APP)
        if name is not None:
            shutil.copy(binary, f"{self.dir}/{name}")
            binary = f"{self.dir}/{name}"
        argv0 = os.path.basename(binary)
        self.binary = binary
        argv = [*before, argv0 if not before else binary, "-f", f"{self.dir}/conf",
                *(arguments or ("-D", "FOREGROUND"))]
        executable = binary if not before else None
        self.start(case, argv, executable=executable, cwd="/")
        if wait:
            support.until(self.answers, f"{argv} answers; {self.log()}")

    def status(self):
        """What mod_status says of itself, as a dictionary."""
        lines = self.get("/server-status?auto").decode().splitlines()
        return dict(line.split(": ", 1) for line in lines if ": " in line)


class ServerCase(support.Case):
    """With apache-mem run as its users do."""

    def run_mem(self, *arguments, **options):
        return self.proctool("apache-mem", *arguments, **options)

    def document(self, *arguments, status=0, **options):
        result = self.run_mem("--json", *arguments, **options)
        self.assertEqual(result.returncode, status, result.stderr)
        return json.loads(result.stdout)

    def instance(self, *arguments, **options):
        instances = self.document(*arguments, **options)["instances"]
        self.assertEqual(len(instances), 1, instances)
        return instances[0]

    def settled(self, shape, *arguments, helpers=None):
        """The instance once its groups have these counts, {(role, id): count}, and so many helpers."""
        def look():
            result = self.run_mem("--json", *arguments)
            found = json.loads(result.stdout)["instances"] if result.returncode < 2 else []
            if len(found) != 1 or counts(found[0]) != shape:
                return None
            return found[0] if helpers in (None, len(found[0]["helpers"])) else None
        try:
            return support.until(look, f"groups {shape}")
        except AssertionError:
            self.fail(f"{shape}, not {self.document(*arguments)}")

    def hold_request(self, server):
        """One that is answered when the returned function is called."""
        fifo = f"{server.dir}/fifo"
        os.mkfifo(fifo)
        os.chmod(fifo, 0o666)
        request = self.start(["curl", "-s", f"http://127.0.0.1:{server.port}/own?wait={fifo}"], ready=False,
                             stdout=subprocess.PIPE)
        writer = os.open(fifo, os.O_WRONLY)  # returns when somebody reads

        def answer():
            os.write(writer, b"x")
            os.close(writer)
            self.assertEqual(request.wait(), 0)
        return answer

    def check_sums(self, *arguments):
        """Every figure against smaps_rollup, to the byte, once: PSS moves with whatever maps the same
        libraries meanwhile, on the whole machine."""
        differences = []

        def look():
            found = self.instance("--workers", *arguments)
            processes = [process for group in found["groups"] for process in group["processes"]]
            seen = {process["pid"]: process for process in processes}
            seen[found["pid"]] = found["master"]
            rollups = {pid: rollup(pid) for pid in seen}
            differences[:] = [
                (pid, measure, seen[pid][measure], value(rollups[pid]))
                for pid in seen for measure, value in MEASURES.items()
                if rollups[pid] is None or seen[pid][measure] != value(rollups[pid])]
            return found if not differences else None
        try:
            found = support.until(look, "the same figures")
        except AssertionError:
            self.fail(f"pid, measure, ours, theirs: {differences}")
        for group in found["groups"]:
            self.check_group(group, found["measure"])
        total = sum(group["total"] for group in found["groups"]) + found["master"][found["measure"]]
        self.assertEqual(found["total_bytes"], total)
        return found

    def check_group(self, group, measure):
        values = sorted(process[measure] for process in group["processes"])
        count = len(values)
        middle = values[count // 2] if count % 2 else (values[count // 2 - 1] + values[count // 2]) // 2
        self.assertEqual(group["count"], count)
        self.assertEqual(group["min"], values[0])
        self.assertEqual(group["max"], values[-1])
        self.assertEqual(group["total"], sum(values))
        self.assertEqual(group["average"], sum(values) // count)
        self.assertEqual(group["median"], middle)
        self.assertEqual(group["p95"], values[-(-count * 95 // 100) - 1])
        self.assertEqual(group["measures"][measure]["total"], sum(values))


class ReloadCase(ServerCase):
    """Graceful reloads, and what must hold at any moment meanwhile."""

    SHAPE = {("wsgi", "1"): 2, ("wsgi", "2"): 1}
    WORKERS = {"event": 2, "worker": 2, "prefork": 5}

    def generation(self, server):
        with contextlib.suppress(OSError):
            return server.status()["ParentServerMPMGeneration"]
        return None

    def reload(self, server):
        before = support.until(lambda: self.generation(server), "its generation")
        server.child.kill(signal.SIGUSR1)
        support.until(lambda: self.generation(server) not in (None, before), "the next generation")

    def check_row(self, group, process):
        """By another reading than ours, a moment later: it may be gone, nothing else."""
        pid, names, title = process["pid"], unix_names(process["pid"]), argv0(process["pid"])
        self.assertGreater(process["pss"], 0)
        if not names and not title:
            return
        self.assertFalse([name for name in names or () if "/cgisock." in name], (group["role"], pid))
        if group["role"] == "worker":
            self.assertNotIn("(wsgi:", title)
        elif group["id"] == "":  # its socket was closed: it ends
            self.assertTrue(title.startswith("(wsgi:") or title == "", (title, names))
        elif names:
            self.assertTrue([name for name in names if name.endswith(f".{group['id']}.sock")], names)

    def check_sample(self, mpm):
        found = self.instance("--workers")
        shape = counts(found)
        self.assertLessEqual(set(shape), {("worker", ""), ("wsgi", "1"), ("wsgi", "2"), ("wsgi", "")})
        self.assertEqual((found["measure"], found["roles_guessed"]), ("pss", False))
        # Of the one generation and of those that drain.
        self.assertGreaterEqual(shape["worker", ""], 1)
        self.assertLessEqual(shape["worker", ""], 4 * self.WORKERS[mpm])
        for key, count in self.SHAPE.items():
            self.assertLessEqual(shape.get(key, 0), 2 * count)
        for group in found["groups"]:
            self.assertNotIn(None, [group["min"], group["max"]] if group["count"] else [])
            for process in group["processes"]:
                self.check_row(group, process)
        return sum(group["stopping"] for group in found["groups"] if group["role"] == "worker")

    def sample_reloads(self, mpm, samples):
        server = Apache(self, mpm, WSGI + CGID + FCGID + PIPED)
        shape = {("worker", ""): self.WORKERS[mpm], **self.SHAPE}
        self.settled(shape, helpers=3)
        answer = self.hold_request(server)
        were_stopping, taken, reloads, reloaded = 0, 0, 0, -1.0
        while taken < samples or reloads < samples // 10 or were_stopping == 0:
            self.assertLess(taken, 100 * samples, "the worker of the request never drains")
            if time.monotonic() - reloaded >= 1:
                server.child.kill(signal.SIGUSR1)
                reloads, reloaded = reloads + 1, time.monotonic()
            were_stopping += self.check_sample(mpm)
            taken += 1
        answer()
        self.settled(shape, helpers=3)


def counts(instance):
    return {(group["role"], group["id"]): group["count"] for group in instance["groups"]}
