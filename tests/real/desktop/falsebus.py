"""falsebus.py SOCKET KIND: what calls itself a message bus. Says `ready` when it listens.

mute     takes connections and never says a word
drip     says a byte each tenth of a second, never a whole line
liar     authenticates, then answers with what is no message
huge     authenticates, then announces a message of a gigabyte
flood    authenticates, then sends signals without end
half     answers Hello as a bus does, and the question after it with another type
"""

import os
import socket
import sys
import threading
import time

import wire


def authenticate(sock):
    connection = wire.Connection(sock)
    connection.line()
    sock.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
    connection.line()
    return connection


def mute(sock):
    while sock.recv(4096):
        pass


def drip(sock):
    while True:
        sock.sendall(b"O")
        time.sleep(0.1)


def liar(sock):
    authenticate(sock)
    sock.sendall(b"l\2\1\1" + b"\xff" * 12)
    mute(sock)


def huge(sock):
    authenticate(sock)
    sock.sendall(b"l\2\1\1" + (1 << 30).to_bytes(4, "little") + b"\1\0\0\0\0\0\0\0")
    mute(sock)


def flood(sock):
    authenticate(sock)
    signal = wire.message(4, 1, "s", ("x" * 1000,), path="/", interface="a.b", member="C")
    while True:
        sock.sendall(signal)


def half(sock):
    connection = authenticate(sock)
    for text in ":1.1", "perhaps":
        _, serial, _, _ = connection.receive()
        connection.send(2, "s", (text,), reply=serial)
    mute(sock)


def serve(sock):
    try:
        globals()[sys.argv[2]](sock)
    except (OSError, EOFError):
        os.close(sock.detach())


listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(16)
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
