# SPDX-License-Identifier: GPL-2.0-or-later
"""An origin of HTTP/2 that does what a story says, be it wrong.

    origin.answers["/page"] = lambda wire, asked: wire.reply(asked, 200, b"hello")

An answer is given when the request has ended, one of `early` when its head has
come, one of `echoes` for each piece of its content.  What is not told a way is
answered with 200 and nothing.
"""

import contextlib
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hpack import Decoder

from tests.lab.http2 import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    NO_ERROR,
    PADDED,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Fields,
    block,
    frame,
    settings,
)


@dataclass
class Asked:
    """A request, and what has come of it so far."""

    wire: "Wire"
    stream: int
    fields: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False
    reset: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.fields)

    @property
    def path(self) -> str:
        return self.headers[":path"].partition("?")[0]


class Wire:
    """One connection of the gateway's, seen from the origin."""

    def __init__(self, sock: ssl.SSLSocket):
        self.sock = sock
        self.asked: dict[int, Asked] = {}
        self.frames: list[tuple[int, int, int, bytes]] = []
        self.settings: dict[int, int] = {}
        self.goaway: int | None = None
        self.credits = True  # windows are opened again as content comes
        self._decoder = Decoder(max_header_list_size=1 << 20)
        self._headers = b""
        self._lock = threading.Lock()

    # What is sent.

    def send(self, data: bytes) -> None:
        with self._lock:
            self.sock.sendall(data)

    def head(self, asked: Asked, fields: Fields, end: bool = False) -> None:
        flags = END_HEADERS | (END_STREAM if end else 0)
        self.send(frame(HEADERS, flags, asked.stream, block(fields)))

    def data(self, asked: Asked, content: bytes, end: bool = False) -> None:
        self.send(frame(DATA, END_STREAM if end else 0, asked.stream, content))

    def reply(self, asked: Asked, status: int = 200, body: bytes = b"", *more: tuple[str, str]) -> None:
        fields: Fields = [(":status", str(status)), *more]
        if body:
            head = frame(HEADERS, END_HEADERS, asked.stream, block(fields))
            self.send(head + frame(DATA, END_STREAM, asked.stream, body))
        else:
            self.head(asked, fields, end=True)

    def reset(self, asked: Asked, code: int) -> None:
        self.send(frame(RST_STREAM, 0, asked.stream, struct.pack(">I", code)))

    def go_away(self, last: int, code: int = NO_ERROR) -> None:
        self.send(frame(GOAWAY, 0, 0, struct.pack(">II", last, code)))

    def open_window(self, stream: int, size: int) -> None:
        self.send(frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", size)))

    # What comes.

    def has_ended(self) -> bool:
        """Whether the gateway has, be it read or not: its thread may come later."""
        end = select.poll()
        end.register(self.sock, select.POLLRDHUP)
        return bool(end.poll(0))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def greet(self, greeting: bytes) -> None:
        assert self._exactly(len(PREFACE)) == PREFACE
        self.send(greeting)

    def take(self) -> tuple[int, int, int, bytes]:
        head = self._exactly(9)
        stream = int.from_bytes(head[5:], "big") & 0x7FFFFFFF
        payload = self._exactly(int.from_bytes(head[:3], "big"))
        self.frames.append((head[3], head[4], stream, payload))
        return self.frames[-1]

    def take_head(self, flags: int, stream: int, payload: bytes) -> Asked | None:
        """The request, once its head is whole."""
        self._headers += payload
        if not flags & END_HEADERS:
            return None
        fields = [(str(n), str(v)) for n, v in self._decoder.decode(self._headers)]
        self._headers = b""
        if stream in self.asked:
            self.asked[stream].trailers = fields
        else:
            self.asked[stream] = Asked(self, stream, fields)
        return self.asked[stream]


Answer = Callable[[Wire, Asked], None]


class Framed:
    """`handle` is for Host.serve."""

    def __init__(self, chain: Path, key: Path):
        self.answers: dict[str, Answer] = {}
        self.early: dict[str, Answer] = {}
        self.echoes: dict[str, Callable[[Wire, Asked, bytes], None]] = {}
        self.greeting = settings()
        self.protocols: list[str | None] = []  # that were chosen, one a connection
        self.wires: list[Wire] = []
        self.open: list[Wire] = []
        self.peak = 0  # connections at most
        self.asked: list[Asked] = []
        self.http1: Callable[[ssl.SSLSocket], None] | None = None
        self._lock = threading.Lock()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(chain, key)
        self.offer("h2", "http/1.1")

    def offer(self, *protocols: str) -> None:
        """What connections from now on may choose."""
        self._context.set_alpn_protocols(list(protocols))

    def asked_for(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    def handle(self, conn: socket.socket) -> None:
        with self._context.wrap_socket(conn, server_side=True) as inside:
            self.protocols.append(inside.selected_alpn_protocol())
            if inside.selected_alpn_protocol() != "h2":
                if self.http1:
                    self.http1(inside)
                return
            wire = Wire(inside)
            self.wires.append(wire)
            with self._counted(wire), contextlib.suppress(ConnectionError, ssl.SSLError):
                self._converse(wire)

    @contextlib.contextmanager
    def _counted(self, wire: Wire) -> Iterator[None]:
        with self._lock:
            self.open.append(wire)
            self.peak = max(self.peak, sum(not w.has_ended() for w in self.open))
        try:
            yield
        finally:
            with self._lock:
                self.open.remove(wire)

    def _converse(self, wire: Wire) -> None:
        wire.greet(self.greeting)
        while True:
            self._take(wire, *wire.take())

    def _take(self, wire: Wire, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at : at + 6])
                wire.settings[name] = value
            wire.send(frame(SETTINGS, ACK))
        elif kind == PING and not flags & ACK:
            wire.send(frame(PING, ACK, 0, payload))
        elif kind in (HEADERS, CONTINUATION):
            self._take_head(wire, flags, stream, payload)
        elif kind == DATA:
            self._take_data(wire, flags, stream, payload)
        elif kind == RST_STREAM and stream in wire.asked:
            wire.asked[stream].reset = struct.unpack(">I", payload)[0]
        elif kind == GOAWAY:
            wire.goaway = struct.unpack(">II", payload[:8])[1]

    def _take_head(self, wire: Wire, flags: int, stream: int, payload: bytes) -> None:
        is_trailer = stream in wire.asked
        asked = wire.take_head(flags, stream, payload)
        if asked is None:
            return
        asked.ended = bool(flags & END_STREAM)
        if not is_trailer:
            self.asked.append(asked)
            if asked.path in self.early:
                self.early[asked.path](wire, asked)
        if asked.ended:
            self._answer(wire, asked)

    def _take_data(self, wire: Wire, flags: int, stream: int, payload: bytes) -> None:
        asked = wire.asked[stream]
        content = payload[1 : len(payload) - payload[0]] if flags & PADDED else payload
        asked.body += content
        asked.ended = bool(flags & END_STREAM)
        if wire.credits and payload:
            wire.open_window(0, len(payload))
            if not asked.ended:
                wire.open_window(stream, len(payload))
        if asked.path in self.echoes:
            self.echoes[asked.path](wire, asked, content)
        if asked.ended:
            self._answer(wire, asked)

    def _answer(self, wire: Wire, asked: Asked) -> None:
        if asked.path in self.early:
            return
        answer = self.answers.get(asked.path, lambda wire, asked: wire.reply(asked))
        answer(wire, asked)
