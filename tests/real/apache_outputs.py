# labels: daemon
# timeout: 240
# apache-mem's outputs and refusals, with a real Apache: Prometheus by promtool and node_exporter, the
# plugin's grammar, who may not read what, status pages that lie.
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile

import support
from servers import APACHE, CGID, MODULES, WSGI, Apache, ServerCase, children, counts, loopback_up, need

need(APACHE, f"{MODULES}/mod_wsgi.so", "/usr/bin/promtool", "/usr/bin/prometheus-node-exporter")
support.in_namespaces(network=True)
loopback_up()

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
# Docker's default capabilities: CAP_SYS_PTRACE is not among them.
DOCKER = ["chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
          "net_bind_service", "net_raw", "sys_chroot", "mknod", "audit_write", "setfcap"]
IN_DOCKER = ["setpriv", "--bounding-set", ",".join(["-all", *("+" + name for name in DOCKER)])]


class Refusals(ServerCase):
    """Whoever may not read smaps of every process gets RSS of all, and is told so."""

    def setUp(self):
        self.server = Apache(self, "prefork", WSGI + CGID)
        self.settled({("worker", ""): 5, ("wsgi", "1"): 2, ("wsgi", "2"): 1}, helpers=1)
        # A directory that everybody may enter, for the binary to be run by others.
        self.binary = shutil.copy(support.PROCTOOL, self.server.dir)

    def as_other(self, before, *arguments):
        return subprocess.run([*before, self.binary, "apache-mem", *arguments], text=True, timeout=support.DEADLINE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def check_fallback(self, before):
        with open("/proc/self/smaps") as file:
            page = 1024 * int(re.search(r"KernelPageSize: +(\d+)", file.read())[1])

        def look():
            result = self.as_other(before, "--json", "--workers")
            self.assertEqual(result.returncode, 0, result.stderr)
            found = json.loads(result.stdout)["instances"][0]
            self.assertEqual(found["measure"], "rss")
            self.assertIn("not permitted", found["measure_reason"])
            sizes = [dict(found["master"], pid=found["pid"])]
            sizes += [process for group in found["groups"] for process in group["processes"]]
            self.assertTrue(all("pss" not in figures for figures in sizes))
            same = [figures["rss"] == int(support.stat(figures["pid"])[24]) * page for figures in sizes]
            return found if all(same) else None
        return support.until(look, "the same figures as in stat")

    def test_ordinary_user(self):
        found = self.check_fallback(NOBODY)
        self.assertTrue(found["roles_guessed"])
        # The names say who is a daemon; mod_cgid's cannot be told from a worker.
        self.assertEqual(counts(found), {("worker", ""): 6, ("wsgi", ""): 3})
        table = self.as_other(NOBODY)
        self.assertIn("RSS counts shared pages", table.stdout)
        self.assertIn("workers may include daemons", table.stdout)

    def test_docker(self):
        found = self.check_fallback(IN_DOCKER)
        self.assertEqual(found["pid"], self.server.pid)

    def test_explicit(self):
        for before in NOBODY, IN_DOCKER:
            for measure in "pss", "uss", "swap":
                result = self.as_other(before, "--measure", measure)
                self.assertEqual((result.returncode, result.stdout), (3, ""))
                self.assertIn("--measure rss", result.stderr)
            self.assertEqual(self.as_other(before, "--measure", "rss").returncode, 0)
            result = self.as_other(before, "--nagios", "--warning", "1G")
            self.assertEqual((result.returncode, result.stderr), (3, ""))
            self.assertRegex(result.stdout, r"\AAPACHE-MEM UNKNOWN: pss: not permitted .*--measure rss.*\n\Z")
            self.assertEqual(self.as_other(before, "--nagios", "--measure", "rss", "--warning", "9G").returncode, 0)
            result = self.as_other(before, "--capacity")
            self.assertEqual(result.returncode, 3)
            self.assertIn("capacity unknown", result.stdout)
            result = self.as_other(before, "--nagios", "--measure", "rss", "--on", "capacity-left", "--limit", "5")
            self.assertEqual(result.returncode, 3)

    def test_hidepid(self):
        """Whether others' processes are listed and refused, or not listed: there may be a server."""
        for mode in 1, 2:
            proc = f"{self.server.dir}/proc{mode}"
            os.mkdir(proc)
            subprocess.run(["mount", "-t", "proc", "-o", f"hidepid={mode}", "proc", proc], check=True)
            self.addCleanup(subprocess.run, ["umount", proc], check=True)
            for arguments in [], ["--json"]:
                result = self.as_other(NOBODY, "--procfs", proc, *arguments)
                self.assertEqual((result.returncode, result.stdout), (3, ""), (mode, arguments))
                self.assertIn("hidepid", result.stderr)
            result = self.as_other(NOBODY, "--procfs", proc, "--nagios")
            self.assertEqual((result.returncode, result.stderr), (3, ""))
            self.assertRegex(result.stdout, r"\AAPACHE-MEM UNKNOWN: .*hidepid.*\n\Z")

    def test_rss_reads_no_smaps(self):
        for measure, reads in ("rss", False), ("pss", True):
            log = f"{self.server.dir}/strace"
            subprocess.run(["strace", "-f", "-o", log, support.PROCTOOL, "apache-mem", "--measure", measure],
                           stdout=subprocess.DEVNULL, check=True, timeout=support.DEADLINE)
            with open(log) as file:
                self.assertEqual("smaps" in file.read(), reads, measure)


class Held(ServerCase):
    """A worker that keeps its own memory from being read."""

    def test_held(self):
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        # By this name it is a server: its targets are called so.
        server = shutil.copy(f"{support.HELPERS}/stuck", f"{directory}/stuck-target")
        child = self.start([server, "1"])
        if child.line.startswith("skipped"):
            support.skip(child.line)
        name = ["--exe-name", "stuck-target"]
        found = self.instance(*name, "--workers")
        self.assertEqual(found["measure"], "rss")
        self.assertIn("in time", found["measure_reason"])
        self.assertIn(int(child.line), [row["pid"] for group in found["groups"] for row in group["processes"]])
        result = self.run_mem(*name, "--measure", "pss")
        self.assertEqual((result.returncode, result.stdout), (3, ""))
        self.assertIn("in time", result.stderr)
        self.assertEqual(self.run_mem(*name, "--measure", "rss").returncode, 0)
        self.assertEqual(self.run_mem(*name, "--capacity").returncode, 3)


class Outputs(ServerCase):
    def setUp(self):
        self.server = Apache(self, "event", WSGI + CGID)
        self.settled({("worker", ""): 2, ("wsgi", "1"): 2, ("wsgi", "2"): 1}, helpers=1)

    def test_promtool(self):
        result = self.run_mem("--prometheus", "--capacity", "--status-url", "auto")
        self.assertEqual(result.returncode, 0, result.stderr)
        check = subprocess.run(["promtool", "check", "metrics"], input=result.stdout, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=support.DEADLINE)
        self.assertEqual((check.returncode, check.stdout), (0, ""))
        self.assertIn('apache_mem_limit_slots{server="apache2"} 40\n', result.stdout)
        self.assertIn('apache_mem_group_processes{server="apache2",role="wsgi",group="s\u2026",id="1"} 2\n', result.stdout)
        self.assertRegex(result.stdout, r'apache_mem_capacity_processes\{server="apache2",worker="largest"\} \d+\n')

    def test_manual_rules(self):
        """The rules for alerts in the manual are such."""
        with open(f"{os.environ['SOURCE']}/man/apache-mem.1") as file:
            rules = file.read().split("\ngroups:\n")[1].split("\n.Ed\n")[0]
        path = f"{self.server.dir}/rules"
        with open(path, "w") as file:
            file.write(f"groups:\n{rules}\n")
        check = subprocess.run(["promtool", "check", "rules", path], text=True, timeout=support.DEADLINE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(check.returncode, 0, check.stdout)
        self.assertIn("SUCCESS: 4 rules found", check.stdout)

    def test_node_exporter(self):
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        result = self.run_mem("--prometheus", "--output", f"{directory}/apache.prom")
        self.assertEqual((result.returncode, result.stdout), (0, ""), result.stderr)
        self.assertEqual(os.listdir(directory), ["apache.prom"])
        self.assertEqual(os.stat(f"{directory}/apache.prom").st_mode & 0o777, 0o644)
        exporter = subprocess.Popen(
            ["prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
             f"--collector.textfile.directory={directory}", "--web.listen-address=127.0.0.1:19100"],
            stderr=subprocess.DEVNULL)
        self.addCleanup(exporter.wait)
        self.addCleanup(exporter.kill)

        def get():
            connection = http.client.HTTPConnection("127.0.0.1", 19100, timeout=5)
            try:
                connection.request("GET", "/metrics")
                return connection.getresponse().read().decode()
            except OSError:
                return None
            finally:
                connection.close()
        text = support.until(get, "node_exporter answers")
        self.assertIn("node_textfile_scrape_error 0\n", text)
        self.assertIn("apache_mem_up 1\n", text)
        self.assertIn('role="worker"', text)

    def test_file_stays(self):
        """Links, devices and directories are refused; a failure leaves the old file whole."""
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        with open(f"{directory}/old.prom", "w") as file:
            file.write("old\n")
        os.symlink(f"{directory}/old.prom", f"{directory}/link.prom")
        os.mkdir(f"{directory}/dir.prom")
        os.mkfifo(f"{directory}/fifo.prom")
        os.mknod(f"{directory}/null.prom", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        for name in "link.prom", "dir.prom", "fifo.prom", "null.prom":
            result = self.run_mem("--prometheus", "--output", f"{directory}/{name}")
            self.assertEqual(result.returncode, 3, name)
            self.assertIn(name, result.stderr)
        for name in "/nonexistent/x.prom", "/proc/x.prom", f"{directory}/":
            self.assertEqual(self.run_mem("--prometheus", "--output", name).returncode, 3, name)
        result = self.run_mem("--prometheus", "--measure", "pss", "--pid", self.server.pid, "--server", "x",
                              "--output", f"{directory}/old.prom", before=NOBODY)
        self.assertNotEqual(result.returncode, 0)
        with open(f"{directory}/old.prom") as file:
            self.assertEqual(file.read(), "old\n")
        self.assertEqual(len(os.listdir(directory)), 5)
        self.assertTrue(stat.S_ISCHR(os.lstat(f"{directory}/null.prom").st_mode))
        # No Apache is an answer, and written.
        result = self.run_mem("--prometheus", "--exe-name", "none", "--output", f"{directory}/old.prom")
        self.assertEqual(result.returncode, 1)
        with open(f"{directory}/old.prom") as file:
            self.assertTrue(file.read().endswith("\napache_mem_up 0\n"))

    def test_alike(self):
        """Two servers by one name are no metrics: the old file stays."""
        Apache(self, "prefork", port=18081)
        result = self.run_mem("--prometheus")
        self.assertEqual(result.returncode, 0)
        self.assertIn('server="apache2:18080"', result.stdout)
        path = f"{self.server.dir}/apache2"
        shutil.copy("/bin/sleep", path)
        for _ in range(2):
            child = self.start([path, "1000"], ready=False)
            support.until(lambda: support.stat(child.pid)[2] == b"apache2", "it runs")
        result = self.run_mem("--prometheus")
        self.assertEqual((result.returncode, result.stdout), (3, ""))
        self.assertIn("--server NAME", result.stderr)
        result = self.run_mem("--prometheus", "--pid", child.pid, "--server", 'a"b\\c\x1b\n')
        self.assertEqual(result.returncode, 0)
        self.assertIn('{server="a\\"b\\\\\\\\c\\\\x1b\\\\x0a"}', result.stdout)
        check = subprocess.run(["promtool", "check", "metrics"], input=result.stdout, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=support.DEADLINE)
        self.assertEqual((check.returncode, check.stdout), (0, ""))

    NUMBER = r"-?\d+(\.\d+)?"
    RANGE = rf"(@?(~|{NUMBER})?:?({NUMBER})?)?"
    DATA = rf"'[^'=|]+'={NUMBER}(B)?(;{RANGE}(;{RANGE}(;{NUMBER})?)?)?"
    LINE = re.compile(rf"APACHE-MEM (OK|WARNING|CRITICAL|UNKNOWN): [^|\n]+( \|( {DATA})+)?\n")

    def plugin(self, status, *arguments):
        result = self.run_mem("--nagios", *arguments)
        self.assertEqual(result.returncode, status, f"{arguments}: {result.stdout}{result.stderr}")
        self.assertTrue(self.LINE.fullmatch(result.stdout), result.stdout)
        self.assertIn(("OK", "WARNING", "CRITICAL", "UNKNOWN")[status], result.stdout)
        return result

    def test_plugin(self):
        self.plugin(0, "--warning", "10G", "--critical", "20G")
        result = self.plugin(1, "--warning", "1K", "--critical", "20G")
        self.assertIn(f";1024;{20 << 30};0", result.stdout)
        self.plugin(2, "--warning", "1K", "--critical", "2K")
        self.plugin(0, "--warning", "1K:", "--critical", "512:")
        self.plugin(1, "--warning", "1T:", "--critical", "512:")
        self.plugin(2, "--warning", "@0:1T", "--critical", "@1:1T")
        self.plugin(0, "--critical", "~:1T")
        self.plugin(0, "--on", "worker-max", "--warning", "1G")
        self.plugin(1, "--on", "worker-max", "--warning", "1M")
        self.plugin(0, "--on", "capacity-left", "--limit", "40", "--warning", "10:", "--critical", "5:")
        result = self.plugin(2, "--on", "capacity-left", "--limit", "40000000", "--warning", "10:", "--critical", "5:")
        self.assertRegex(result.stdout, r"'apache2_capacity_left'=-\d+;10:;5: ")
        self.plugin(0, "--on", "capacity-left", "--status-url", "auto", "--critical", "0:")
        self.plugin(3, "--on", "capacity-left", "--status-url", "http://127.0.0.1:18080/nothing", "--critical", "0:")
        for arguments in (["--warning", "2K", "--critical", "1K"], ["--warning", "500:", "--critical", "1000:"],
                          ["--warning", "x"], ["--warning", "2:1"], ["--warning", ""], ["--warning", "@"],
                          ["--warning", "x|'a'=1\n\u00fc"], ["--bogus"], ["--json"], ["--absent", "maybe"],
                          ["--on", "capacity-left"], ["--procfs", "/nonexistent"], ["--pidfile", "/proc/version"]):
            result = self.plugin(3, *arguments)
            self.assertEqual((result.stderr, result.stdout.count("\n")), ("", 1))
            self.assertTrue(result.stdout.isascii())
        self.plugin(2, "--exe-name", "none")
        for status, name in enumerate(("ok", "warning", "critical", "unknown")):
            self.plugin(status, "--exe-name", "none", "--absent", name)

    def test_full(self):
        """What could not be written is an error, whatever was found."""
        for arguments in ([], ["--json"], ["--json", "--exe-name", "none"], ["--prometheus"],
                          ["--prometheus", "--exe-name", "none"], ["--capacity"], ["--nagios"],
                          ["--nagios", "--warning", "1K"], ["--nagios", "--critical", "1K"],
                          ["--nagios", "--exe-name", "none"], ["--nagios", "--bogus"]):
            with open("/dev/full", "w") as full:
                result = self.run_mem(*arguments, stdout=full)
            self.assertEqual(result.returncode, 3, arguments)
            self.assertIn("standard output: No space left on device", result.stderr)

    def test_usage(self):
        for arguments in (["--measure", "vsz"], ["--json", "--prometheus"], ["--warning", "1"], ["--limit", "5"],
                          ["--output", "x"], ["operand"], ["--capacity", "--limit", "0"],
                          ["--json", "--output", ""], ["--pidfile", ""],
                          ["--capacity", "--reserve", "101%"], ["--capacity", "--reserve", "x"],
                          ["--exe-name", "/usr/sbin/apache2"], ["--user", "no such user"],
                          ["--capacity", "--status-url", "http://example.org/"],
                          ["--capacity", "--status-url", "https://127.0.0.1/"],
                          ["--capacity", "--status-url", "http://127.0.0.1:0/"],
                          ["--capacity", "--status-url", "http://127.0.0.1:99999/"],
                          ["--capacity", "--status-url", "http://127.0.0.1.example.org/"],
                          ["--capacity", "--status-url", "http://user@127.0.0.1/"],
                          ["--capacity", "--status-url", "http://10.0.0.1/"],
                          ["--capacity", "--status-url", "http://[::2]/"],
                          ["--capacity", "--status-url", "http://127.0.0.1/a b"],
                          ["--capacity", "--status-url", "http://127.0.0.1#x"],
                          ["--capacity", "--status-url", "http://127.0.0.1/\r\nX: y"],
                          ["--capacity", "--status-url", "auto", "--limit", "3"]):
            result = self.run_mem(*arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)


class Status(ServerCase):
    """The configured limit, from pages of all kinds."""

    def limit(self, url, *arguments, status=0):
        return self.instance("--capacity", "--status-url", url, *arguments, status=status)["limit"]

    def test_real(self):
        for mpm, slots, threads in ("event", 40, 10), ("worker", 24, 8), ("prefork", 20, 1):
            server = Apache(self, mpm)
            workers = int(slots / threads) if threads > 1 else 5
            support.until(lambda: self.instance()["groups"][0]["threads"] >= 2 * threads, "threads have started")
            for url in "auto", "http://127.0.0.1:18080/server-status?auto", "http://localhost:18080/server-status":
                limit = self.limit(url)
                self.assertEqual(limit["workers"], slots, (mpm, url, workers))
                self.assertEqual(limit["threads_per_process"], threads)
                self.assertEqual(limit["processes"], slots // threads)
                self.assertEqual(limit["source"], "status")
                self.assertGreaterEqual(limit["busy"], 1)
            self.assertIsNone(self.limit("http://127.0.0.1:18080/missing")["workers"])
            result = self.run_mem("--capacity", "--status-url", "http://127.0.0.1:18081/")
            self.assertEqual((result.returncode, result.stdout), (3, ""))
            self.assertIn("--status-url", result.stderr)
            found = self.instance("--capacity")["limit"]
            self.assertIn("--status-url auto", found["reason"])
            server.stop()

    def serve(self, answer):
        """A "server" whose only process answers so on port 18090: apache2 by name alone."""
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        os.chmod(directory, 0o755)
        script = f"""
import os, socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", 18090))
listener.listen()
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    try:
        connection.recv(4096)
        {answer}
    except OSError:
        pass
    connection.close()
"""
        # The name is its comm: an interpreter's own says nothing.
        boot = f"open('/proc/self/comm', 'w').write('testd')\n{script}"
        return self.start(["/usr/bin/python3", "-c", boot])

    def test_lies(self):
        good = "HTTP/1.1 200 OK\\r\\nX: Scoreboard: ___\\r\\n\\r\\n"
        for answer, slots in (
                (f'connection.send(b"{good}BusyWorkers: 3\\nScoreboard: _W.\\nScoreboard: ____\\n")', 3),
                (f'connection.send(b"{good}Scoreboard: _W.")', 3),
                (f'connection.send(b"{good}Scoreboard: _Wx\\n")', None),
                (f'connection.send(b"{good}Scoreboard: \\n")', None),
                ('connection.send(b"HTTP/1.1 302 Found\\r\\nLocation: /x\\r\\n\\r\\nScoreboard: ___\\n")', None),
                ('connection.send(b"Scoreboard: ___\\n")', None),
                ('pass', None),
                ('connection.recv(1)', None),  # never answers
                (f'connection.send(b"{good}Scoreboard: ")\n        while True: connection.send(b"_" * 65536)', None),
                (f'connection.sendall(b"{good}Scoreboard: " + b"_" * 200000 + b"\\n")', 200000),
                (f'connection.sendall(b"{good}Scoreboard: " + b"_" * 200001 + b"\\n")', None)):
            child = self.serve(answer)
            limit = self.limit("http://127.0.0.1:18090/", "--exe-name", "testd")
            self.assertEqual(limit["workers"], slots, answer)
            if slots is None:
                self.assertTrue(limit["reason"])
            child.kill()
            child.wait()

    def test_not_alone(self):
        """Another listener that might answer in the server's place: it is not asked."""
        self.serve('connection.send(b"HTTP/1.1 200 OK\\r\\n\\r\\nScoreboard: ___\\n")')
        with socket.socket() as other:
            other.bind(("127.0.0.2", 18090))
            other.listen()
            self.assertEqual(self.limit("http://127.0.0.1:18090/", "--exe-name", "testd")["workers"], 3)
            self.assertEqual(self.run_mem("--exe-name", "testd", "--capacity", "--status-url",
                                          "http://127.0.0.2:18090/").returncode, 3)


class Forged(ServerCase):
    def test_abstract_names(self):
        """Names with newlines that claim the workers' sockets: from another network namespace the file
        is all there is."""
        server = Apache(self, "prefork", before=["unshare", "--net", "sh", "-c", 'ip link set lo up 2>/dev/null; exec "$@"', "sh"], wait=False)
        support.until(lambda: len(children(server.pid)) == 5, f"workers; {server.log()}")
        inodes = set()
        for worker in children(server.pid):
            for fd in os.listdir(f"/proc/{worker}/fd"):
                with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                    link = os.readlink(f"/proc/{worker}/fd/{fd}")
                    inodes.update(re.findall(r"socket:\[(\d+)\]", link))
        self.assertEqual(len(inodes), 1)
        # Its own worker's TCP socket, as a WSGI daemon's and as mod_cgid's.
        script = """
import socket, sys
keep = []
for number, name in enumerate(("/x/wsgi.1.0.1.sock", "/x/cgisock.%s" % sys.argv[2])):
    forged = socket.socket(socket.AF_UNIX)
    forged.bind("\\0%d\\n0000: 00000002 00000000 00010000 0001 01 %s %s" % (number, sys.argv[1], name))
    forged.listen()
    keep.append(forged)
print("ready", flush=True)
sys.stdin.read()
"""
        forger = self.start(["nsenter", "--net", "--target", str(server.pid), "/usr/bin/python3", "-c", script, inodes.pop(),
                             str(server.pid)], stdin=subprocess.PIPE)
        with open(f"/proc/{server.pid}/net/unix") as file:
            self.assertIn("/x/wsgi.1.0.1.sock", file.read())
        self.settled({("worker", ""): 5})
        self.assertTrue(forger.is_alive())


if __name__ == "__main__":
    support.main()
