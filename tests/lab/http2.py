# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of HTTP/2 that sends what a story wants, be it wrong: frames and
heads are made here, byte by byte; only what comes is unpacked by a library.

    with Http2(host.connect("10.0.0.1", 3128)) as client:
        answer = client.get("http://www.example.com/")
"""

import contextlib
import itertools
import socket
import struct
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hpack import Decoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = 0, 1, 2, 3
STREAM_CLOSED = 5
REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 7, 8, 9, 11

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_STREAMS, INITIAL_WINDOW = 1, 2, 3, 4
MAX_FRAME_SIZE, ENABLE_CONNECT = 5, 8

Fields = list[tuple[bytes | str, bytes | str]]


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    head = struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
    return head + struct.pack(">I", stream) + payload


def settings(**values: int) -> bytes:
    """`settings(initial_window=0)`"""
    numbers = [(globals()[name.upper()], value) for name, value in values.items()]
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *n) for n in numbers))


def _bytes(text: bytes | str) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


def _integer(value: int, bits: int) -> bytes:
    most = (1 << bits) - 1
    if value < most:
        return bytes([value])
    out, value = [most], value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])


def _text(text: bytes | str) -> bytes:
    raw = _bytes(text)
    return _integer(len(raw), 7) + raw


def block(fields: Fields) -> bytes:
    """Literals without indexing, as they are."""
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in fields)


def indexed(fields: Fields) -> bytes:
    """Literals that go to the table."""
    return b"".join(b"\x40" + _text(name) + _text(value) for name, value in fields)


def request(url: str, method: str = "GET", more: Fields | None = None) -> Fields:
    parts = urlsplit(url)
    path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    return [
        (":method", method),
        (":scheme", parts.scheme),
        (":authority", parts.netloc),
        (":path", path),
        *(more or []),
    ]


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    interim: list[int] = field(default_factory=list)
    trailers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False
    reset: int | None = None

    @property
    def over(self) -> bool:
        return self.ended or self.reset is not None


class Http2:
    """One connection.  `answers` has what came, by stream."""

    def __init__(self, sock: socket.socket, greets: bool = True, **values: int):
        self.sock = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers: dict[int, Answer] = {}
        self.goaway: int | None = None
        self.goaway_last = 0
        self.closed = False
        self.frames: list[tuple[int, int, int, bytes]] = []
        self.settings: dict[int, int] = {}
        self.credits = True  # windows are opened again as content comes
        self._ids = itertools.count(1, 2)
        self._decoder = Decoder(max_header_list_size=1 << 20)
        self._read = b""
        self._headers = b""
        if greets:
            self.send(PREFACE + settings(**values))

    def __enter__(self) -> "Http2":
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    # What is sent.

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def next_id(self) -> int:
        return next(self._ids)

    def ask(self, fields: Fields, content: bytes | None = None) -> int:
        """Sends a request; its stream.  `content` b"" is an empty DATA."""
        stream = self.next_id()
        end = 0 if content is not None else END_STREAM
        head = frame(HEADERS, END_HEADERS | end, stream, block(fields))
        more = b"" if content is None else frame(DATA, END_STREAM, stream, content)
        self.send(head + more)
        return stream

    def begin(self, fields: Fields) -> int:
        """A request whose content is to follow."""
        stream = self.next_id()
        self.send(frame(HEADERS, END_HEADERS, stream, block(fields)))
        return stream

    def data(self, stream: int, content: bytes, end: bool = False) -> None:
        self.send(frame(DATA, END_STREAM if end else 0, stream, content))

    def trailers(self, stream: int, fields: Fields) -> None:
        self.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, block(fields)))

    def reset(self, stream: int, code: int = CANCEL) -> None:
        self.send(frame(RST_STREAM, 0, stream, struct.pack(">I", code)))

    def open_window(self, stream: int, size: int) -> None:
        self.send(frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", size)))

    # What comes.

    def answer(self, stream: int) -> Answer:
        return self.answers.setdefault(stream, Answer())

    def get(self, url: str, *fields: tuple[str, str], **more: object) -> Answer:
        return self.fetch(request(url, more=list(fields)), **more)  # type: ignore

    def fetch(self, fields: Fields, content: bytes | None = None) -> Answer:
        stream = self.ask(fields, content)
        self.until(lambda: self.answer(stream).over)
        return self.answer(stream)

    def until(self, is_done, timeout: float = 5.0) -> None:
        """Reads on until it is so, or the connection is over."""
        self.sock.settimeout(timeout)
        while not is_done() and not self.closed:
            self.take_frame()

    def until_over(self, timeout: float = 5.0) -> None:
        self.until(lambda: False, timeout)

    def ping(self) -> None:
        """All that was sent before has been read when this returns."""
        seen = len(self.frames)
        self.send(frame(PING, payload=b"gatehous"))
        self.until(lambda: any(f[0] == PING and f[1] == ACK for f in self.frames[seen:]))

    def _exactly(self, count: int) -> bytes | None:
        while len(self._read) < count:
            data = b""
            with contextlib.suppress(ConnectionError):
                data = self.sock.recv(65536)
            if not data:
                self.closed = True
                return None
            self._read += data
        out, self._read = self._read[:count], self._read[count:]
        return out

    def take_frame(self) -> None:
        head = self._exactly(9)
        if head is None:
            return
        length = int.from_bytes(head[:3], "big")
        stream = int.from_bytes(head[5:], "big") & 0x7FFFFFFF
        payload = self._exactly(length)
        if payload is None:
            return
        self.frames.append((head[3], head[4], stream, payload))
        self._take(head[3], head[4], stream, payload)

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at : at + 6])
                self.settings[name] = value
            self.send(frame(SETTINGS, ACK))
        elif kind in (HEADERS, CONTINUATION):
            self._take_head(flags, stream, payload)
        elif kind == DATA:
            answer = self.answer(stream)
            answer.body += payload
            answer.ended |= bool(flags & END_STREAM)
            if self.credits and payload:
                self.open_window(0, len(payload))
                if not answer.ended:
                    self.open_window(stream, len(payload))
        elif kind == RST_STREAM:
            self.answer(stream).reset = struct.unpack(">I", payload)[0]
        elif kind == GOAWAY:
            self.goaway_last, self.goaway = struct.unpack(">II", payload[:8])

    def _take_head(self, flags: int, stream: int, payload: bytes) -> None:
        self._headers += payload
        if not flags & END_HEADERS:
            return
        fields = self._decoder.decode(self._headers)
        self._headers = b""
        answer = self.answer(stream)
        answer.ended |= bool(flags & END_STREAM)
        if answer.status:
            answer.trailers = dict(fields)
            return
        status = int(dict(fields)[":status"])
        if status < 200:
            answer.interim.append(status)
            return
        answer.status = status
        answer.headers = {n: v for n, v in fields if n[0] != ":"}
