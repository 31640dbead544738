"""notifier.py SOCKET: a notification daemon on the bus at SOCKET. Says `ready`, then each
notification as a line of JSON."""

import json
import sys

import wire

NAME = "org.freedesktop.Notifications"

bus = wire.connect(sys.argv[1].replace("@", "\0", 1))
assert bus.call_bus("RequestName", "su", (NAME, 4)) == [1]
print("ready", flush=True)
count = 0
while True:
    kind, serial, fields, body = bus.receive()
    if kind != 1:
        continue
    answer = {
        "GetCapabilities": ("as", (["body"],)),
        "GetServerInformation": ("ssss", ("notifier", "tests", "1", "1.2")),
        "Notify": ("u", (count + 1,)),
    }.get(fields[3])
    if answer is None:
        bus.send(3, "s", ("no",), reply=serial, destination=fields[7],
                 error="org.freedesktop.DBus.Error.UnknownMethod")
        continue
    if fields[3] == "Notify":
        count += 1
        names = ("application", "replaces", "icon", "summary", "body", "actions", "hints", "expiry")
        print(json.dumps(dict(zip(names, body))), flush=True)
    bus.send(2, *answer, reply=serial, destination=fields[7])
