# labels: daemon long
# timeout: 240
# apache-mem while real Apaches reload every second: a hundred samples each, none wrong.
import support
from servers import APACHE, MODULES, ROTATELOGS, ReloadCase, loopback_up, need

need(APACHE, ROTATELOGS, f"{MODULES}/mod_wsgi.so", f"{MODULES}/mod_fcgid.so")
support.in_namespaces(network=True)
loopback_up()


class Reloads(ReloadCase):
    def test_event(self):
        self.sample_reloads("event", 100)

    def test_worker(self):
        self.sample_reloads("worker", 100)

    def test_prefork(self):
        self.sample_reloads("prefork", 100)


if __name__ == "__main__":
    support.main()
