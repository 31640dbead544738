# labels: daemon
# timeout: 120
# apache-mem with another forking server: php-fpm, whose pools are groups, static and ondemand.
import glob
import os
import socket
import struct

import support
from servers import Server, ServerCase, loopback_up, need

PHP_FPM = (sorted(glob.glob("/usr/sbin/php-fpm*")) or ["/usr/sbin/php-fpm"])[-1]
NAME = os.path.basename(PHP_FPM)

need(PHP_FPM)
support.in_namespaces(network=True)
loopback_up()

GLOBAL = "[global]\nerror_log = {dir}/error.log\ndaemonize = no\npid = {dir}/pid\n"
POOL = "[{name}]\nuser = www-data\ngroup = www-data\nlisten = {dir}/{name}.sock\npm = {pm}\npm.max_children = {most}\n"


def record(kind, content):
    """One record of FastCGI, of request 1."""
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def pair(name, value):
    return struct.pack("BB", len(name), len(value)) + name.encode() + value.encode()


class Fpm(Server):
    """`pools` is {name: (pm, most children)}."""

    def __init__(self, case, pools, port=0):
        super().__init__(case, port)
        conf = GLOBAL.format(dir=self.dir)
        for name, (pm, most) in pools.items():
            conf += POOL.format(name=name, pm=pm, most=most, dir=self.dir)
        conf = conf.replace(f"listen = {self.dir}/tcp.sock", f"listen = 127.0.0.1:{port}")
        with open(f"{self.dir}/conf", "w") as file:
            file.write(conf)
        with open(f"{self.dir}/page.php", "w") as file:
            file.write("<?php fread(fopen($_GET['wait'], 'r'), 1); echo getmypid();")
        self.start(case, [PHP_FPM, "-n", "-y", f"{self.dir}/conf"])
        # Whoever connects has a child made for it, so only the files are looked at.
        support.until(lambda: all(os.path.exists(f"{self.dir}/{name}.sock") for name in pools if name != "tcp"),
                      f"it listens; {self.log()}")

    def answers(self):
        return any(self.connect(name[:-5]) for name in os.listdir(self.dir) if name.endswith(".sock"))

    def connect(self, name):
        """A connection, or None."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(support.DEADLINE)
        try:
            connection.connect(f"{self.dir}/{name}.sock")
            return connection
        except OSError:
            connection.close()
            return None

    def ask(self, name, fifo):
        """A request that is answered once a byte has come through FIFO; its connection."""
        connection = support.until(lambda: self.connect(name), "it accepts")
        parameters = (pair("SCRIPT_FILENAME", f"{self.dir}/page.php") + pair("REQUEST_METHOD", "GET")
                      + pair("QUERY_STRING", f"wait={fifo}"))
        connection.sendall(record(1, struct.pack(">HB5x", 1, 0)) + record(4, parameters) + record(4, b"")
                           + record(5, b""))
        return connection


class Pools(ServerCase):
    def look(self, *arguments, **options):
        return self.instance("--exe-name", NAME, *arguments, **options)

    def shape(self):
        found = self.document("--exe-name", NAME)["instances"]
        return {(group["role"], group["name"]): group["count"] for group in found[0]["groups"]} if found else {}

    def settled_pools(self, shape):
        support.until(lambda: self.shape() == shape, f"pools {shape}")

    def test_static(self):
        server = Fpm(self, {"shop": ("static", 4), "blog one": ("static", 2)})
        self.settled_pools({("pool", "blog one"): 2, ("pool", "shop"): 4})
        found = self.check_sums("--exe-name", NAME)
        self.assertEqual((found["pid"], found["server"], found["measure"]), (server.pid, NAME, "pss"))
        self.assertEqual(found["helpers"], [])
        self.assertEqual([group["stopping"] for group in found["groups"]], [0, 0])
        self.assertEqual(self.look("--pidfile", f"{server.dir}/pid")["pid"], server.pid)
        self.document(status=1)  # it is no Apache
        table = self.run_mem("--exe-name", NAME).stdout
        self.assertRegex(table, r"(?m)^pool shop +4 ")
        metrics = self.run_mem("--exe-name", NAME, "--prometheus").stdout
        self.assertIn(f'apache_mem_group_processes{{server="{NAME}",role="pool",group="shop",id=""}} 4\n', metrics)

    def test_capacity(self):
        Fpm(self, {"shop": ("static", 4)})
        self.settled_pools({("pool", "shop"): 4})
        found = self.look("--capacity", "--limit", "10")
        self.assertEqual((found["capacity"]["running"], found["limit"]["processes"]), (4, 10))
        self.assertGreater(found["capacity"]["largest"], 4)

    def test_ondemand(self):
        """At rest there are no workers, and so no figures; a request makes one."""
        server = Fpm(self, {"shop": ("ondemand", 3)})
        found = self.look("--capacity")
        group = found["groups"][0]
        self.assertEqual((len(found["groups"]), group["role"], group["count"]), (1, "worker", 0))
        self.assertEqual({group[name] for name in ("min", "average", "median", "p95", "max", "total")}, {None})
        self.assertEqual((found["capacity"]["largest"], found["capacity"]["average"]), (None, None))
        self.assertIn("no worker", found["capacity"]["reason"])
        self.assertEqual(found["total_bytes"], found["master"]["pss"])
        fifo = f"{server.dir}/fifo"
        os.mkfifo(fifo)
        os.chmod(fifo, 0o666)
        with server.ask("shop", fifo) as connection, open(fifo, "wb", 0) as writer:
            self.settled_pools({("pool", "shop"): 1})
            self.check_sums("--exe-name", NAME)
            writer.write(b"x")
            self.assertTrue(connection.recv(4096))

    def test_port(self):
        """Several servers are told apart by their ports, where they have any."""
        one = Fpm(self, {"shop": ("static", 1), "tcp": ("static", 1)}, port=19000)
        two = Fpm(self, {"shop": ("static", 2), "tcp": ("static", 1)}, port=19001)
        support.until(lambda: sum(len(i["groups"]) for i in self.document("--exe-name", NAME)["instances"]) == 4, "all")
        names = {i["server"]: i["pid"] for i in self.document("--exe-name", NAME)["instances"]}
        self.assertEqual(names, {f"{NAME}:19000": one.pid, f"{NAME}:19001": two.pid})


if __name__ == "__main__":
    support.main()
