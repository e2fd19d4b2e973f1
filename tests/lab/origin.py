# SPDX-License-Identifier: GPL-2.0-or-later
"""An origin that answers as a story says, and remembers what it was asked.

    origin.answers["/page"] = [Reply(headers={"Cache-Control": "max-age=60"})]

The replies of a path are given one after the other, the last of them for ever;
a path without any is a 404.
"""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.lab.listener import read_head


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    headers: dict[str, str]  # names in lower case

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass
class Reply:
    """What is answered; `raw` goes out as it is, and the connection ends."""

    status: int = 200
    headers: dict[str, str | list[str]] = field(default_factory=dict)
    body: bytes = b"hello\n"
    # Content goes in two halves, and this is waited for in between.
    half_way: threading.Event | None = None
    before: threading.Event | None = None  # waited for before the head
    chunked: bool = False
    cut: bool = False  # the connection ends before the content does
    raw: bytes | None = None

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Whatever"]
        for name, values in self.headers.items():
            for value in [values] if isinstance(values, str) else values:
                lines.append(f"{name}: {value}")
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif self.status not in (204, 304):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


class Origin:
    """`handle` is for Host.serve."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Reply] | Callable[[Asked], Reply]] = {}
        self.asked: list[Asked] = []
        self._lock = threading.Lock()

    def asked_for(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    def handle(self, conn: socket.socket) -> None:
        while head := read_head(conn):
            asked = _read(head)
            length = int(asked.headers.get("content-length", 0))
            while length > 0:
                length -= len(conn.recv(length))
            if not self._answer(conn, asked, self._reply(asked)):
                return

    def _reply(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            replies = self.answers.get(asked.path)
            if callable(replies):
                return replies(asked)
            if not replies:
                return Reply(404, body=b"")
            return replies.pop(0) if len(replies) > 1 else replies[0]

    def _answer(self, conn: socket.socket, asked: Asked, reply: Reply) -> bool:
        if reply.before:
            reply.before.wait(10)
        if reply.raw is not None:
            conn.sendall(reply.raw)
            return False
        conn.sendall(reply.head())
        if asked.method == "HEAD" or reply.status in (204, 304):
            return True
        half = len(reply.body) // 2
        self._send(conn, reply, reply.body[:half])
        if reply.cut:
            return False
        if reply.half_way:
            reply.half_way.wait(10)
        self._send(conn, reply, reply.body[half:])
        if reply.chunked:
            conn.sendall(b"0\r\n\r\n")
        return True

    @staticmethod
    def _send(conn: socket.socket, reply: Reply, data: bytes) -> None:
        if reply.chunked and data:
            conn.sendall(b"%x\r\n%s\r\n" % (len(data), data))
        else:
            conn.sendall(data)


def _read(head: bytes) -> Asked:
    start, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = start.split(" ")
    pairs = (line.partition(":") for line in lines)
    return Asked(method, target, {n.lower(): v.strip() for n, _, v in pairs})
