# SPDX-License-Identifier: GPL-2.0-or-later
"""A name server whose every byte a story chooses.

`answer` is called with each question and gives the messages that go back: none,
one, or several.  By UDP each is a datagram, by TCP and TLS they go one behind
the other.  A question that no story has named is answered by `records`.
"""

import contextlib
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.lab.host import Host

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "TXT": 16, "AAAA": 28}
TYPES |= {"DNAME": 39, "HTTPS": 65, "MX": 15, "SRV": 33, "OPT": 41, "RRSIG": 46}
NO_NAME, FAILURE, REFUSED = 3, 2, 5
SHORT = 0x0200  # TC


def name_bytes(name: str) -> bytes:
    labels = [part.encode() for part in name.split(".") if part]
    return b"".join(bytes([len(part)]) + part for part in labels) + b"\0"


def record(name: str | bytes, kind: str, ttl: int, data: bytes) -> bytes:
    owner = name if isinstance(name, bytes) else name_bytes(name)
    return owner + struct.pack("!HHIH", TYPES[kind], 1, ttl, len(data)) + data


def address(name: str, value: str, ttl: int = 300) -> bytes:
    packed = ipaddress.ip_address(value).packed
    return record(name, "A" if len(packed) == 4 else "AAAA", ttl, packed)


def alias(name: str, to: str, ttl: int = 300) -> bytes:
    return record(name, "CNAME", ttl, name_bytes(to))


def soa(zone: str, ttl: int, negative: int) -> bytes:
    names = name_bytes("ns." + zone) + name_bytes("root." + zone)
    return record(zone, "SOA", ttl, names + struct.pack("!5I", 1, 2, 3, 4, negative))


@dataclass
class Question:
    """As it came; `name` in lower case, `spelling` as it was written."""

    message: bytes
    way: str  # "udp", "tcp", "tls"
    port: int  # that it came from

    def __post_init__(self) -> None:
        self.id, self.flags = struct.unpack_from("!HH", self.message)
        labels, at = [], 12
        while size := self.message[at]:
            labels.append(self.message[at + 1 : at + 1 + size].decode())
            at += 1 + size
        self.spelling = ".".join(labels)
        self.name = self.spelling.lower()
        self.type = struct.unpack_from("!H", self.message, at + 1)[0]
        self.end = at + 5

    @property
    def words(self) -> bytes:
        """The question itself, letter by letter."""
        return self.message[12 : self.end]

    def reply(
        self,
        *answers: bytes,
        authority: tuple[bytes, ...] = (),
        more: tuple[bytes, ...] = (),
        code: int = 0,
        flags: int = 0,
        id: int | None = None,
        words: bytes | None = None,
    ) -> bytes:
        number = self.id if id is None else id
        counts = [1, len(answers), len(authority), len(more)]
        head = struct.pack("!6H", number, 0x8180 | flags | code, *counts)
        rest = b"".join([*answers, *authority, *more])
        return head + (self.words if words is None else words) + rest


Answer = Callable[[Question], list[bytes]]


@dataclass
class ZoneServer:
    """On a host's port, over UDP and TCP; over TLS too with a certificate."""

    host: Host
    answers: dict[str, Answer] = field(default_factory=dict)
    port: int = 53
    tls: ssl.SSLContext | None = None
    asked: list[Question] = field(default_factory=list)
    is_silent: bool = False

    def __post_init__(self) -> None:
        self._udp = self.host.open_socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self._udp.bind(("::", self.port))
        threading.Thread(target=self._serve_udp, daemon=True).start()
        self.host.serve(self.port, lambda conn: self._serve(conn, "tcp"))
        if self.tls:
            self.host.serve(853, self._serve_tls)
        self.host.listeners.append(self)

    def __setitem__(self, name: str, answer: Answer) -> None:
        self.answers[name] = answer

    def count(self, name: str) -> int:
        return sum(question.name == name for question in self.asked)

    def last(self, name: str) -> Question:
        return [question for question in self.asked if question.name == name][-1]

    def _replies(self, message: bytes, way: str, port: int) -> list[bytes]:
        question = Question(message, way, port)
        self.asked.append(question)
        if self.is_silent:
            return []
        answer = self.answers.get(question.name)
        if answer is None:
            return [question.reply(code=NO_NAME)]
        return answer(question)

    def _serve_udp(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                message, peer = self._udp.recvfrom(4096)
                if not message:  # closed
                    return
                for reply in self._replies(message, "udp", peer[1]):
                    self._udp.sendto(reply, peer)

    def _serve(self, conn: socket.socket, way: str) -> None:
        port = conn.getpeername()[1]
        while len(size := _take(conn, 2)) == 2:
            message = _take(conn, struct.unpack("!H", size)[0])
            for reply in self._replies(message, way, port):
                conn.sendall(struct.pack("!H", len(reply)) + reply)

    def _serve_tls(self, conn: socket.socket) -> None:
        with contextlib.suppress(ssl.SSLError):
            self._serve(self.tls.wrap_socket(conn, server_side=True), "tls")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._udp.shutdown(socket.SHUT_RDWR)
        self._udp.close()


def _take(conn: socket.socket, count: int) -> bytes:
    taken = b""
    while len(taken) < count and (more := conn.recv(count - len(taken))):
        taken += more
    return taken
