"""Messages of D-Bus as bytes, for the tests' own bus clients and false buses: little-endian writing,
reading of both byte orders (D-Bus specification, "Marshaling")."""

import os
import socket
import struct

ALIGN = {"y": 1, "b": 4, "u": 4, "i": 4, "s": 4, "o": 4, "g": 1, "v": 1, "a": 4, "(": 8, "{": 8,
         "h": 4, "x": 8, "t": 8, "d": 8, "n": 2, "q": 2}
NUMBERS = {"y": "B", "u": "I", "i": "i", "b": "I", "h": "I", "x": "q", "t": "Q", "d": "d", "n": "h", "q": "H"}


def split(signature):
    """The complete types of a signature."""
    types = []
    while signature:
        end = 0
        while signature[end] == "a":
            end += 1
        depth = 0
        while True:
            depth += signature[end] in "({"
            depth -= signature[end] in ")}"
            end += 1
            if depth == 0:
                break
        types.append(signature[:end])
        signature = signature[end:]
    return types


class Writer:
    def __init__(self):
        self.bytes = bytearray()

    def align(self, to):
        self.bytes += b"\0" * (-len(self.bytes) % to)

    def put(self, kind, value):
        self.align(ALIGN[kind[0]])
        if kind in NUMBERS:
            self.bytes += struct.pack("<" + NUMBERS[kind], value)
        elif kind in "so":
            text = value.encode() if isinstance(value, str) else value
            self.bytes += struct.pack("<I", len(text)) + text + b"\0"
        elif kind == "g":
            self.bytes += bytes([len(value)]) + value.encode() + b"\0"
        elif kind == "v":
            self.put("g", value[0])
            self.put(*value)
        elif kind[0] == "a":
            at = len(self.bytes)
            self.bytes += b"\0\0\0\0"
            self.align(ALIGN[kind[1]])
            begin = len(self.bytes)
            for element in value.items() if kind[1] == "{" else value:
                self.put(kind[1:], element)
            self.bytes[at : at + 4] = struct.pack("<I", len(self.bytes) - begin)
        else:
            for part, element in zip(split(kind[1:-1]), value):
                self.put(part, element)


class Reader:
    def __init__(self, data, order="<"):
        self.data, self.at, self.order = data, 0, order

    def get(self, kind):
        self.at += -self.at % ALIGN[kind[0]]
        if kind in NUMBERS:
            size = struct.calcsize(NUMBERS[kind])
            value = struct.unpack_from(self.order + NUMBERS[kind], self.data, self.at)[0]
            self.at += size
            return value
        if kind in "sog":
            length = self.get("y" if kind == "g" else "u")
            value = self.data[self.at : self.at + length].decode("utf-8", "replace")
            self.at += length + 1
            return value
        if kind == "v":
            return self.get(self.get("g"))
        if kind[0] == "a":
            length = self.get("u")
            self.at += -self.at % ALIGN[kind[1]]
            end, elements = self.at + length, []
            while self.at < end:
                elements.append(self.get(kind[1:]))
            return dict(elements) if kind[1] == "{" else elements
        return tuple(self.get(part) for part in split(kind[1:-1]))

    def fields(self):
        """A message's header fields, by code."""
        self.at = 12
        return dict(self.get("a(yv)"))


def message(kind, serial, signature="", values=(), **fields):
    """A message's bytes. `fields` are path, interface, member, reply, destination, sender, error."""
    codes = {"path": (1, "o"), "interface": (2, "s"), "member": (3, "s"), "error": (4, "s"),
             "reply": (5, "u"), "destination": (6, "s"), "sender": (7, "s")}
    body = Writer()
    for part, value in zip(split(signature), values):
        body.put(part, value)
    head = Writer()
    for letter, value in (("y", ord("l")), ("y", kind), ("y", 0), ("y", 1),
                          ("u", len(body.bytes)), ("u", serial)):
        head.put(letter, value)
    listed = [(codes[name][0], (codes[name][1], value)) for name, value in fields.items()]
    if signature:
        listed.append((8, ("g", signature)))
    head.put("a(yv)", listed)
    head.align(8)
    return bytes(head.bytes + body.bytes)


class Connection:
    """A connected socket that speaks messages."""

    def __init__(self, sock):
        self.socket, self.data, self.serial = sock, b"", 0
        self.fds = []  # that came along, raw: they stay open

    def read(self, size):
        while len(self.data) < size:
            more, ancillary, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(64))
            self.fds += ancillary
            if not more:
                raise EOFError
            self.data += more
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def line(self):
        while b"\r\n" not in self.data:
            more = self.socket.recv(4096)
            if not more:
                raise EOFError
            self.data += more
        line, self.data = self.data.split(b"\r\n", 1)
        return line

    def receive(self):
        """(type, serial, fields by code, values of the body)."""
        head = self.read(16)
        order = "<" if head[:1] == b"l" else ">"
        body_length, serial, fields_length = struct.unpack(order + "III", head[4:16])
        rest = self.read(fields_length + -fields_length % 8 + body_length)
        fields = Reader(head + rest, order).fields()
        reader = Reader(rest[len(rest) - body_length :], order)
        return head[1], serial, fields, [reader.get(part) for part in split(fields.get(8, ""))]

    def send(self, kind, signature="", values=(), **fields):
        self.serial += 1
        self.socket.sendall(message(kind, self.serial, signature, values, **fields))
        return self.serial

    def call(self, destination, path, interface, member, signature="", values=()):
        """The reply's values; other messages are passed over."""
        serial = self.send(1, signature, values, destination=destination, path=path,
                           interface=interface, member=member)
        while True:
            kind, _, fields, body = self.receive()
            if fields.get(5) == serial:
                if kind == 3:
                    raise RuntimeError(fields.get(4), body)
                return body

    def call_bus(self, member, signature="", values=()):
        return self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                         member, signature, values)


def connect(path):
    """A client of the bus at a socket path (abstract with a NUL in front), after its Hello."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    sock.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
    connection = Connection(sock)
    if not connection.line().startswith(b"OK "):
        raise RuntimeError("refused by the bus")
    sock.sendall(b"NEGOTIATE_UNIX_FD\r\n")
    connection.line()
    sock.sendall(b"BEGIN\r\n")
    connection.call_bus("Hello")
    return connection
