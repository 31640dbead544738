# labels: daemon
# timeout: 240
# apache-mem with real Apaches: who is a worker, a WSGI daemon, a helper; the sums; other ways to run.
import os
import shutil
import signal
import time

import support
from servers import (APACHE, CGID, FCGID, MEASURES, MODULES, PIPED, ROTATELOGS, WSGI, Apache, ReloadCase, ServerCase,
                     children, counts, loopback_up, need, rollup)

need(APACHE, ROTATELOGS, f"{MODULES}/mod_wsgi.so", f"{MODULES}/mod_fcgid.so", f"{MODULES}/mpm_itk.so")
support.in_namespaces(network=True)
loopback_up()


class Roles(ServerCase):
    def check_mpm(self, mpm, workers):
        server = Apache(self, mpm, WSGI + CGID + PIPED)
        shape = {("worker", ""): workers, ("wsgi", "1"): 2, ("wsgi", "2"): 1}
        self.settled(shape, helpers=2)
        found = self.check_sums()
        self.assertEqual(found["pid"], server.pid)
        self.assertEqual(found["server"], "apache2")
        self.assertEqual(found["measure"], "pss")
        names = [group["name"] for group in found["groups"]]
        # argv[0] was `apache2`: of `(wsgi:shop-...` seven bytes are left.
        self.assertEqual(names, ["worker", "s\u2026", "s\u2026"])
        helpers = sorted(helper["name"] for helper in found["helpers"])
        self.assertEqual(helpers, ["apache2", "rotatelogs"])
        # Where the kernel's own answer cannot be had the tables of /proc/net say the same.
        without = self.instance(before=self.refused("EPERM", "socket"))
        self.assertEqual((counts(without), len(without["helpers"])), (shape, 2))
        return found

    def test_prefork(self):
        found = self.check_mpm("prefork", 5)
        self.assertEqual(found["groups"][0]["threads"], 5)

    def test_event(self):
        self.check_mpm("event", 2)
        support.until(lambda: self.instance()["groups"][0]["threads"] == 2 * 12, "all threads have started")

    def test_worker(self):
        self.check_mpm("worker", 2)

    def test_uncut_names(self):
        """A long enough path leaves room for the whole name; a group without display-name has none."""
        extra = WSGI + "WSGIDaemonProcess plain\nWSGIDaemonProcess named display-name=billing\n"
        self.settle_names(Apache(self, "event", extra, before=["/usr/bin/env", "-i"]))

    def settle_names(self, server):
        self.assertTrue(server.pid)
        self.settled({("worker", ""): 2, ("wsgi", "1"): 2, ("wsgi", "2"): 1, ("wsgi", "3"): 1, ("wsgi", "4"): 1})
        names = [group["name"] for group in self.instance()["groups"]]
        self.assertEqual(names, ["worker", "shop-front", "shop-back", "wsgi:3", "billing"])

    def test_fcgid(self):
        for mpm, workers in ("prefork", 5), ("event", 2):
            server = Apache(self, mpm, FCGID)
            found = self.settled({("worker", ""): workers}, helpers=1)
            self.assertEqual([helper["name"] for helper in found["helpers"]], ["apache2"], mpm)
            server.stop()

    def test_itk(self):
        """The fork that serves a connection belongs to its worker."""
        extra = (WSGI + "LoadModule mpm_itk_module {modules}/mpm_itk.so\n"
                 "AssignUserID www-data www-data\nLimitUIDRange 0 65535\nLimitGIDRange 0 65535\n")
        server = Apache(self, "prefork", extra)
        self.settled({("worker", ""): 5, ("wsgi", "1"): 2, ("wsgi", "2"): 1})
        answer = self.hold_request(server)

        def forks():
            return [child for worker in children(server.pid) for child in children(worker)]
        # Those of connections before end by themselves.
        support.until(lambda: len(forks()) == 1, "one fork")
        fork = forks()[0]
        parent = int(support.stat(fork)[4])

        def look():
            found = self.instance("--workers")
            rows = {row["pid"]: row for row in found["groups"][0]["processes"]}
            self.assertIn(counts(found)["worker", ""], (5, 6))  # a spare more while one is busy
            self.assertNotIn(fork, rows)
            self.assertEqual(rows[parent]["threads"], 2)
            # The interpreter of the fork grows for a while.
            both = rollup(parent), rollup(fork)
            return all(rows[parent][measure] == sum(map(MEASURES[measure], both)) for measure in MEASURES)
        support.until(look, "the figures of both")
        self.assertGreater(rollup(fork)["Rss"], 0)
        answer()


class Ways(ServerCase):
    def test_renamed(self):
        server = Apache(self, "prefork", name="httpd")
        found = self.settled({("worker", ""): 5})
        self.assertEqual((found["server"], found["pid"]), ("httpd", server.pid))
        self.assertEqual(self.document("--exe-name", "apache2", status=1)["instances"], [])
        self.assertEqual(self.instance("--exe-name", "httpd")["pid"], server.pid)

    def test_replaced(self):
        """An upgrade while it runs: the executable is a deleted one."""
        server = Apache(self, "prefork", name="httpd")
        shutil.copy(APACHE, f"{server.dir}/new")
        os.rename(f"{server.dir}/new", f"{server.dir}/httpd")
        found = self.settled({("worker", ""): 5})
        self.assertTrue(found["executable_replaced"])
        self.assertEqual(found["server"], "httpd")
        self.assertIn("executable replaced", self.run_mem().stdout)

    def test_two(self):
        one = Apache(self, "prefork", port=18081)
        two = Apache(self, "event", port=18082)
        support.until(lambda: [sum(counts(i).values()) for i in self.document()["instances"]] == [5, 2], "both")
        names = {i["server"]: i["pid"] for i in self.document()["instances"]}
        self.assertEqual(names, {"apache2:18081": one.pid, "apache2:18082": two.pid})
        self.assertEqual(self.instance("--pid", one.pid)["pid"], one.pid)
        self.assertEqual(self.instance("--pidfile", f"{two.dir}/pid")["server"], "apache2")
        self.assertEqual(len(self.document("--user", "root")["instances"]), 2)
        self.document("--user", "www-data", status=1)
        result = self.run_mem("--pid", children(one.pid)[0])
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("no master", result.stderr)
        result = self.run_mem("--pid", one.pid, "--pid", os.getpid(), "--json")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(self.run_mem("--server", "shop").returncode, 3)
        self.assertEqual(self.instance("--server", "shop", "--pid", one.pid)["server"], "shop")

    def test_pid_one(self):
        """The first process of a namespace, whose pidfile says 1."""
        server = Apache(self, "prefork", before=["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"])
        found = self.settled({("worker", ""): 5})
        self.assertEqual(children(server.pid), [found["pid"]])
        with open(f"{server.dir}/pid") as file:
            self.assertEqual(file.read().strip(), "1")
        self.assertEqual(self.instance("--pidfile", f"{server.dir}/pid")["pid"], found["pid"])
        with open(f"{server.dir}/other", "w") as file:
            file.write("2\n")
        self.document("--pidfile", f"{server.dir}/other", status=1)
        self.assertTrue(support.Process(found["pid"]).is_alive())

    def test_pid_one_cgid(self):
        """mod_cgid's socket has the master's pid as that sees it itself."""
        Apache(self, "event", CGID, before=["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"])
        self.settled({("worker", ""): 2}, helpers=1)

    def test_single(self):
        for arguments in ("-X",), ("-DDEBUG",), ("-D", "ONE_PROCESS", "-D", "FOREGROUND"):
            server = Apache(self, "prefork", PIPED, arguments=arguments)
            # It is no root's, and whose its executable is only statx tells (4.11).
            chosen = ["--pid", server.pid] if support.KERNEL else []
            found = self.instance("--workers", *chosen)
            self.assertEqual(counts(found), {("worker", ""): 1}, arguments)
            self.assertTrue(found["single_process"])
            self.assertEqual(found["groups"][0]["processes"][0]["pid"], server.pid)
            self.assertEqual(found["total_bytes"], found["groups"][0]["total"])
            server.stop()

    def test_foreign(self):
        """To root a stranger's apache2 is one only when it is asked for."""
        path = f"/tmp/proctool-foreign.{os.getpid()}"
        os.mkdir(path)
        self.addCleanup(shutil.rmtree, path, True)
        shutil.copy("/bin/sleep", f"{path}/apache2")
        os.chown(f"{path}/apache2", 65534, 65534)
        stranger = self.start(["setpriv", "--reuid=65534", "--clear-groups", f"{path}/apache2", "1000"], ready=False)
        support.until(lambda: support.stat(stranger.pid)[2] == b"apache2", "it runs")
        result = self.run_mem()
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("foreign", result.stderr)
        found = self.instance("--pid", stranger.pid)
        self.assertEqual((counts(found), found["groups"][0]["max"]), ({("worker", ""): 0}, None))
        self.assertEqual(self.instance("--user", "65534")["pid"], stranger.pid)
        server = Apache(self, "prefork")
        self.assertEqual(self.settled({("worker", ""): 5})["pid"], server.pid)


class Reloads(ReloadCase):
    def test_reloads(self):
        """Each with a request in flight and its worker draining; the long mode has a hundred samples."""
        self.sample_reloads("event", 10)

    ONE = "StartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nServerLimit 1\nMaxRequestWorkers 1\n"

    def test_never_without(self):
        """Its only worker is another one after a reload: in between it is waited for."""
        server = Apache(self, "prefork", mpm_settings=self.ONE)
        self.settled({("worker", ""): 1})
        for _ in range(5):
            server.child.kill(signal.SIGUSR1)
            self.assertEqual(counts(self.instance()), {("worker", ""): 1})

    def test_without(self):
        """Two seconds later it is said to have none."""
        server = Apache(self, "prefork", mpm_settings=self.ONE)
        self.settled({("worker", ""): 1})
        server.child.kill(signal.SIGSTOP)
        for worker in children(server.pid):
            self.hold(worker).kill()
        begin = time.monotonic()
        found = self.instance("--capacity")
        self.assertGreaterEqual(time.monotonic() - begin, 2)
        self.assertEqual((counts(found), found["capacity"]["largest"]), ({("worker", ""): 0}, None))

    def test_daemons_after_reloads(self):
        """Daemons of modules hold WSGI's sockets of the generation before."""
        for mpm, workers in ("prefork", 5), ("event", 2):
            server = Apache(self, mpm, WSGI + CGID + FCGID)
            shape = {("worker", ""): workers, ("wsgi", "1"): 2, ("wsgi", "2"): 1}
            self.settled(shape, helpers=2)
            for _ in range(3):
                self.reload(server)
                self.settled(shape, helpers=2)
            server.stop()


if __name__ == "__main__":
    support.main()
