# SPDX-License-Identifier: GPL-2.0-or-later
"""Odd requests and answers, put together from parts that have led proxies astray.

In each, `@O` stands for the origin's address and port and `@N` for the number of
the case; behind a request, or in the content of a message, lies another one.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

# The first of each table is what everybody reads alike.

LINES = [
    b"POST http://@O/@N HTTP/1.1", b"POST http://@O/@N HTTP/1.0", b"GET http://@O/@N HTTP/1.1",
    b"GET http://@O/@N HTTP/1.0", b"OPTIONS http://@O/@N HTTP/1.1", b"PUT http://@O/@N HTTP/1.2",
    b"POST  http://@O/@N HTTP/1.1", b"POST http://@O/@N  HTTP/1.1", b"POST http://@O/@N HTTP/1.1 ",
    b"POST\thttp://@O/@N HTTP/1.1", b"POST http://@O/@N\0 HTTP/1.1", b"POST http://@O/@N a HTTP/1.1",
    b"POST http://@O/@N HTTP/01.1", b"POST http://@O/@N http/1.1", b"POST http://@O/@N\x0bHTTP/1.1",
]  # fmt: skip
HOSTS = [
    b"Host: @O\r\n", b"Host: www.example.com\r\n", b"", b"Host: @O\r\nHost: @O\r\n",
    b"Host: @O/\r\n",
]  # fmt: skip
LENGTH_NAMES = [
    b"Content-Length", b"content-length", b"Content_Length", b"Content-Length ", b" Content-Length",
    b"Content-Length\t", b"Content\0-Length", b"X\r\nContent-Length", b"X: y\nContent-Length",
    b"X: y\rContent-Length",
]  # fmt: skip
LENGTHS = [
    b"@L", b"0", b"+@L", b"-@L", b"0@L", b"0x@L", b"@L, @L", b"@L,0", b"0, @L", b"@L ", b"\x0b@L",
    b"@L\x0c", b"@L;", b"", b'"@L"', b"\r\n @L", b"@L\r\n 0", b"18446744073709551616", b"1e1",
    b"@L\0", b"\xa0@L", b"@L_0",
]  # fmt: skip
CODING_NAMES = [
    b"Transfer-Encoding", b"transfer-encoding", b"Transfer_Encoding", b"Transfer-Encoding ",
    b" Transfer-Encoding",
    b"Transfer-Encoding\t", b"Transfer-Encoding\x0b", b"X: y\nTransfer-Encoding",
    b"X: y\rTransfer-Encoding", b"X: y\r\n\rTransfer-Encoding", b"Transfer\0-Encoding",
]  # fmt: skip
CODINGS = [
    b"chunked", b"Chunked", b"identity", b"xchunked", b"chunked, identity", b"identity, chunked",
    b"gzip, chunked", b"chunked, chunked", b", chunked", b"chunked,", b"chunked;a=b", b'"chunked"',
    b"\x0bchunked", b"chunked\x0b", b"\r\n chunked", b"\r\n\tchunked", b"chun\r\n ked", b"chunked\0",
    b"", b"x\r\nX: chunked", b"chunked\r\n ", b"\xa0chunked",
]  # fmt: skip
OTHERS = [
    b"", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
    b"Connection: Content-Length\r\n", b"Connection: Transfer-Encoding\r\n",
    b"Connection: close, Content-Length\r\n", b"Expect: 100-continue\r\n", b"TE: chunked\r\n",
    b"Trailer: Content-Length\r\n", b"X: y\r\n z\r\n", b"X\r\n", b": y\r\n", b"\r\r\n",
    b"X: a\0b\r\n",
]  # fmt: skip
SIZES = [
    b"%x", b"+%x", b"-%x", b"0x%x", b" %x", b"%x ", b"%x\t", b"0000000000000000%x", b"1000000000000000%x",
    b"%x;a", b"%x;a=b", b'%x;a="b;c"', b"%x; a", b"%x;a\nb", b"%x;\r", b"%x,1", b"%x\0", b"%x\x0b", b"%X_",
]  # fmt: skip
ENDS = [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r\n", b"\r\n\r\n"]
TRAILERS = [
    b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"X: y\r\n", b" X: y\r\n",
    b"X y\r\n", b"X: y\n", b"Host: www.example.com\r\n", b"X: a\r\n b\r\n", b"\0: y\r\n",
]  # fmt: skip
PLAIN = b"GET http://@O/@N-%s HTTP/1.1\r\nHost: @O\r\n%s\r\n"
INNER, LAST = PLAIN % (b"inner", b""), PLAIN % (b"last", b"Connection: close\r\n")

STATUSES = [
    b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 None", b"HTTP/1.1 304 Same", b"HTTP/1.1 103 Hints",
    b"HTTP/1.1 100 Go on", b"HTTP/1.1 101 Other", b"HTTP/1.1  200 OK", b"HTTP/1.1\t200 OK",
    b"HTTP/1.1 200", b"HTTP/1.1 200 O\0K", b"HTTP/1.1 +200 OK", b"HTTP/1.1 2000 OK", b"\r\nHTTP/1.1 200 OK",
]  # fmt: skip
EVIL = b"HTTP/1.1 200 OK\r\nSeen: evil 0\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Shape:
    kind: str
    said: bytes  # by the client, or by the origin in answer to `/N`
    closes: bool = False  # the origin, when it has said it

    def __str__(self) -> str:
        return f"{self.kind}: {self.said!r}"


COLONS = [b": ", b":", b":\t"]
TABLES = [
    LINES, HOSTS, LENGTH_NAMES, LENGTHS, CODING_NAMES, CODINGS, COLONS, OTHERS, SIZES, ENDS,
    TRAILERS, STATUSES,
]  # fmt: skip
KINDS = {
    "length": ["length"],
    "two lengths": ["length", "length"],
    "coding": ["coding"],
    "two codings": ["coding", "coding"],
    "length and coding": ["length", "coding"],
    "coding and length": ["coding", "length"],
    "neither": [],
}


class Parts:
    """Takes from the tables: by chance, or what is plain but for one odd thing."""

    def __init__(self, chance: random.Random, only: tuple[list, bytes] | None = None):
        self.chance = chance
        self.odd = chance.choice([0.05, 0.1, 0.3])
        self.only = only

    def of(self, table: list[bytes]) -> bytes:
        if self.only and self.only[0] is table:
            (_, odd), self.only = self.only, ([], b"")
            return odd
        is_odd = not self.only and self.chance.random() < self.odd
        return self.chance.choice(table) if is_odd else table[0]

    def framing(self, kind: str) -> bytes:
        return b"".join(self._field(word) for word in KINDS[kind])

    def _field(self, word: str) -> bytes:
        length = (LENGTH_NAMES, LENGTHS)
        names, values = length if word == "length" else (CODING_NAMES, CODINGS)
        name, colon, value = self.of(names), self.of(COLONS), self.of(values)
        return name + colon + value + self.of(ENDS)

    def chunks(self, content: bytes) -> bytes:
        """The content in one chunk, and the last one."""
        first = self.of(SIZES) % len(content) + self.of(ENDS) + content + self.of(ENDS)
        return first + b"0" + self.of(ENDS) + self.of(TRAILERS) + self.of(ENDS)

    def content(self, kind: str, inner: bytes) -> tuple[bytes, int]:
        """And what `@L` is: the whole, or what leaves `inner` for itself."""
        if kind == "neither":
            return b"", 0
        if "coding" not in kind:
            content = b"abc" + inner
        elif self.chance.random() < 0.3:
            content = b"0\r\n\r\n" + inner
        else:
            content = self.chunks(self.chance.choice([b"abc", inner]))
            content += self.chance.choice([b"", inner])
        behind = len(inner) if content.endswith(inner) else 0
        return content, len(content) - self.chance.choice([0, behind])

    def fields(self, kind: str, first: bytes, length: int) -> bytes:
        fields = [first, self.framing(kind), self.of(OTHERS)]
        self.chance.shuffle(fields)
        return b"".join(fields).replace(b"@L", b"%d" % length) + b"\r\n"


def request(parts: Parts, kind: str) -> Shape:
    line, host = parts.of(LINES), parts.of(HOSTS)
    content, length = parts.content(kind, INNER)
    fields = parts.fields(kind, host, length)
    return Shape(kind, line + b"\r\n" + fields + content + LAST)


def answer(parts: Parts, kind: str) -> Shape:
    line, (content, length) = parts.of(STATUSES), parts.content(kind, EVIL)
    fields = parts.fields(kind, b"Seen: raw 0\r\n", length)
    closes = kind == "neither" or parts.chance.random() < 0.5
    return Shape(kind, line + b"\r\n" + fields + content, closes)


def shapes(make: Callable[[Parts, str], Shape], count: int, chance: random.Random) -> list[Shape]:
    """Those with one odd thing, `count` at most, and as many by chance."""
    ones = [(table, odd, kind) for table in TABLES for odd in table for kind in KINDS]
    alone = [make(Parts(chance, (table, odd)), kind) for table, odd, kind in ones]
    each = list({str(shape): shape for shape in alone}.values())
    some = chance.sample(each, min(count, len(each)))
    return some + [make(Parts(chance), chance.choice(list(KINDS))) for _ in range(count)]
