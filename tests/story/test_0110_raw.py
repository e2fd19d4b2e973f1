# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes that no decent client or server sends, and what becomes of them.

Each case is one connection: what is said on it, what is answered, and what the
origin gets to see, which for everything odd is nothing at all.  Where two
programs in a chain could read two things, the request goes no further.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.lab import wait
from tests.lab.gateway import Gateway
from tests.lab.listener import read_all
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
service web = { tcp 80, tcp 443 }
proxy {
    listen 10.0.0.1:3128 for lan
    intercept web for lan
}
reject lan -> ads.example.net                         log as "ads"
reject lan -> any method DELETE                       log as "method"
reject lan -> out.example.com tcp 80 path "/admin/*", "/users/@me/*"  log as "path"
allow  lan -> wan web                                 log as "web"
allow  lan -> wan tcp 8001                            log as "answers"
reject lan -> any                                     log as "rest"
"""
)

PROXY, ORIGIN, TLS = ("10.0.0.1", 3128), ("203.0.113.9", 80), ("203.0.113.9", 443)
HOST = b"Host: out.example.com\r\n"
OK = b"HTTP/1.1 200 OK\r\n"


# The origin.


@dataclass
class Seen:
    """What the origin got: whole requests, and bytes that were none."""

    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    streams: list[bytes] = field(default_factory=list)
    ended: int = 0  # connections that began in this case and are over

    def anything(self) -> bool:
        return bool(self.heads or self.bodies or self.streams)


class Input:
    """A connection as a reader of it."""

    def __init__(self, conn: socket.socket):
        self._conn = conn
        self._left = b""

    def _more(self) -> bool:
        data = self._conn.recv(65536)
        self._left += data
        return bool(data)

    def until(self, mark: bytes) -> bytes:
        """Up to the mark and with it; what there was if none came."""
        while mark not in self._left:
            if not self._more():
                mark = self._left
                break
        got, mark, self._left = self._left.partition(mark)
        return got + mark

    def take(self, count: int) -> bytes:
        while len(self._left) < count:
            if not self._more():
                raise ConnectionError("the content is cut off")
        got, self._left = self._left[:count], self._left[count:]
        return got

    def content(self, head: bytes) -> bytes:
        """By the framing that the proxy writes: one of two, in one spelling."""
        if b"\r\nTransfer-Encoding: chunked\r\n" in head:
            content = b""
            while size := int(self.until(b"\r\n") or b"1", 16):
                content += self.take(size)
                self.take(2)
            self.take(2)
            return content
        _, mark, rest = head.partition(b"\r\nContent-Length: ")
        return self.take(int(rest.split(b"\r\n")[0])) if mark else b""


class Origin:
    """Writes into `seen`, which each case sets anew."""

    def __init__(self) -> None:
        self.seen = Seen()

    def serve(self, conn: socket.socket) -> None:
        """Answers every request with `ok`, until the other side ends."""
        first, source = self.seen, Input(conn)
        try:
            while head := source.until(b"\r\n\r\n"):
                self.seen.heads.append(head)
                self.seen.bodies.append(source.content(head))
                content = b"" if head.startswith(b"HEAD ") else b"ok"
                conn.sendall(OK + b"Content-Length: 2\r\n\r\n" + content)
        finally:
            first.ended += 1

    def swallow(self, conn: socket.socket) -> None:
        """Takes one hello or the like, whole records or not, and says `tls`."""
        streams = self.seen.streams
        streams.append(conn.recv(65536))
        conn.sendall(b"\x16tls")
        while more := conn.recv(65536):
            streams[-1] += more


@pytest.fixture(scope="module")
def origin(gateway: Gateway) -> Iterator[Origin]:
    origin, out = Origin(), gateway.lab.out
    with out.serve(80, origin.serve), out.serve(443, origin.swallow):
        yield origin


@pytest.fixture
def seen(origin: Origin) -> Seen:
    origin.seen = Seen()
    return origin.seen


# What is said.


@dataclass(frozen=True)
class Case:
    name: str
    said: bytes
    answers: list[int]  # statuses; none: the connection just ends
    target: tuple[str, int]
    passed: int = 0  # requests that the origin sees, or CUT
    shows: tuple[bytes, ...] = ()  # must be in one of their heads or bodies
    hides: tuple[bytes, ...] = (b"smuggled", b"secret")

    def __str__(self) -> str:
        way = {PROXY: "explicit", ORIGIN: "intercepted", TLS: "tls"}[self.target]
        return f"{way}-{self.name}"


CASES: list[Case] = []
CUT = -1  # the head may be seen, the content must not be taken for whole


def add(name: str, said: bytes, *answers: int, to: tuple[str, int], **more) -> None:
    passed = more.pop("passed", list(answers).count(200))
    CASES.append(Case(name, said, list(answers), to, passed, **more))


def both(name: str, said: bytes, *answers: int, **more) -> None:
    """`@/` begins each path: with the whole URL where a proxy is asked."""
    explicit = said.replace(b"@/", b"http://out.example.com/")
    add(name, explicit, *answers, to=PROXY, **more)
    add(name, said.replace(b"@/", b"/"), *answers, to=ORIGIN, **more)


def request(
    fields: bytes = b"",
    content: bytes = b"",
    line: bytes = b"GET @/ HTTP/1.1",
    host: bytes = HOST,
) -> bytes:
    return line + b"\r\n" + host + fields + b"\r\n" + content


POST = b"POST @/ HTTP/1.1"
INNER = b"GET @/smuggled HTTP/1.1\r\n" + HOST + b"\r\n"


def post(name: str, fields: bytes, content: bytes, *answers: int, **more) -> None:
    both(name, request(fields, content, POST), *answers, **more)


# Lengths.  Behind each odd one a request lies in wait.
for name, value in {
    "plus": b"+5",
    "minus": b"-5",
    "zero minus": b"-0",
    "hex": b"0x5",
    "blank inside": b"5 0",
    "comma": b"5,5",
    "comma same": b"5, 5",
    "empty": b"",
    "blank": b" ",
    "letters": b"five",
    "float": b"5.0",
    "exponent": b"5e0",
    "behind": b"5;",
    "quoted": b'"5"',
    "huge": b"9" * 30,
    "over int64": b"9223372036854775808",
    "over uint64": b"18446744073709551621",
    "nul": b"5\0",
    "vertical tab": b"\x0b5",
    "form feed": b"5\x0c",
    "no-break": b"5\xa0",
}.items():
    post(f"length {name}", b"Content-Length: " + value + b"\r\n", b"12345" + INNER, 400)
for name, fields in {
    "twice": b"Content-Length: 5\r\nContent-Length: 5\r\n",
    "twice differing": b"Content-Length: 0\r\nContent-Length: 5\r\n",
    "twice in case": b"Content-Length: 5\r\ncontent-length: 0\r\n",
    "blank before colon": b"Content-Length : 5\r\n",
    "tab before colon": b"Content-Length\t: 5\r\n",
    "underscore": b"Content_Length: 5\r\n",
    "folded": b"Content-Length:\r\n 5\r\n",
    "nul in name": b"Content-Length\0: 5\r\n",
    "and coding": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "behind coding": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "zero and coding": b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
    "and identity": b"Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
}.items():
    post(f"length {name}", fields, b"0\r\n\r\n" + INNER, 400)
post("length", b"Content-Length: 5\r\n", b"12345", 200, shows=(b"12345",))
post("length zero", b"Content-Length: 0\r\n", b"", 200, shows=(b"Content-Length: 0",))
post("length leading zeros", b"Content-Length: 0005\r\n", b"12345", 200, shows=(b"12345",))
post("length blanks around", b"Content-Length: \t 5 \t\r\n", b"12345", 200)
post("length short", b"Content-Length: 9\r\n", b"12345", 400, passed=CUT)
post("no length", b"", INNER, 200, 200, hides=(), shows=(b"GET /smuggled",))

# Codings.
for name, (value, status) in {
    "identity": (b"identity", 501),
    "gzip": (b"gzip", 501),
    "gzip chunked": (b"gzip, chunked", 501),
    "chunked gzip": (b"chunked, gzip", 400),
    "chunked twice": (b"chunked, chunked", 400),
    "chunked identity": (b"chunked, identity", 400),
    "prefix": (b"xchunked", 501),
    "suffix": (b"chunkedx", 501),
    "quoted": (b'"chunked"', 400),
    "parameter": (b"chunked;q=1", 400),
    "comma before": (b", chunked", 400),
    "comma behind": (b"chunked,", 400),
    "empty": (b"", 400),
    "vertical tab": (b"\x0bchunked", 400),
    "nul": (b"chunked\0", 400),
    "no-break": (b"\xa0chunked", 400),
    "semicolon": (b"chunked;", 400),
    "colon": (b": chunked", 400),
    "blank inside": (b"chun ked", 400),
    "folded": (b"\r\n chunked", 400),
}.items():
    fields = b"Transfer-Encoding: " + value + b"\r\n"
    post(f"coding {name}", fields, b"0\r\n\r\n" + INNER, status)
for name, fields in {
    "two fields": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "two differing": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "blank before colon": b"Transfer-Encoding : chunked\r\n",
    "blank before name": b" Transfer-Encoding: chunked\r\n",
    "underscore": b"Transfer_Encoding: chunked\r\n",
    "bare lf before": b"X: y\nTransfer-Encoding: chunked\r\n",
    "bare cr before": b"X: y\rTransfer-Encoding: chunked\r\n",
}.items():
    post(f"coding {name}", fields, b"0\r\n\r\n" + INNER, 400)
both(
    "coding in 1.0",
    request(b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"POST @/ HTTP/1.0"),
    400,
)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
post("coding in case", b"transfer-encoding: ChUnKeD\r\n", b"0\r\n\r\n", 200)
both(
    "coding named by Connection",
    request(CHUNKED + b"Connection: Transfer-Encoding\r\n", b"3\r\nabc\r\n0\r\n\r\n", POST),
    200,
    shows=(b"abc", CHUNKED),
)
both(
    "length named by Connection",
    request(b"Content-Length: 3\r\nConnection: Content-Length\r\n", b"abc", POST),
    200,
    shows=(b"abc", b"Content-Length: 3"),
)

# Chunks.
for name, content in {
    "empty size": b"\r\nabc\r\n0\r\n\r\n",
    "no hex": b"g\r\nabc\r\n0\r\n\r\n",
    "0x": b"0x3\r\nabc\r\n0\r\n\r\n",
    "plus": b"+3\r\nabc\r\n0\r\n\r\n",
    "minus": b"-3\r\nabc\r\n0\r\n\r\n",
    "blank before": b" 3\r\nabc\r\n0\r\n\r\n",
    "blank behind": b"3 \r\nabc\r\n0\r\n\r\n",
    "comma": b"3,3\r\nabc\r\n0\r\n\r\n",
    "bare lf": b"3\nabc\r\n0\r\n\r\n",
    "bare cr": b"3\rabc\r\n0\r\n\r\n",
    "lf behind data": b"3\r\nabc\n0\r\n\r\n",
    "no line behind data": b"3\r\nabc0\r\n\r\n",
    "data too long": b"3\r\nabcd\r\n0\r\n\r\n",
    "lf at the end": b"3\r\nabc\r\n0\r\n\n",
    "extension with nul": b"3;a\0\r\nabc\r\n0\r\n\r\n",
    "extension with lf": b"3;a\nabc\r\n0\r\n\r\n",
    "extension open quote": b'3;a="b\r\nabc\r\n0\r\n\r\n',
    "extensions long": b"3;" + b"a" * 5000 + b"\r\nabc\r\n0\r\n\r\n",
    "trailer no colon": b"0\r\nbad\r\n\r\n",
    "trailer blank": b"0\r\n a: b\r\n\r\n",
    "trailer bare lf": b"0\r\na: b\n\r\n",
    "trailer nul": b"0\r\na: \0\r\n\r\n",
    "16 digits": b"F" * 16 + b"\r\nabc\r\n0\r\n\r\n",
    "17 digits": b"0" * 16 + b"3\r\nabc\r\n0\r\n\r\n",
    "trailers long": b"0\r\n" + b"a: b\r\n" * 4000 + b"\r\n",
    "never ends": b"3\r\nabc\r\n",
    "ends in data": b"30\r\nabc",
    "ends in size": b"3",
}.items():
    # The head is on its way before a chunk is looked at; what it brought is not
    # taken for a whole request.
    both(
        f"chunk {name}",
        request(CHUNKED, content, POST),
        400,
        passed=CUT,
    )
for name, content in {
    "plain": b"3\r\nabc\r\n0\r\n\r\n",
    "zeros": b"0003\r\nabc\r\n000\r\n\r\n",
    "capital": b"A\r\nabc4567890\r\n0\r\n\r\n",
    "extension": b'3;x=y;z="a;b"\r\nabc\r\n0;end\r\n\r\n',
    "trailer dropped": b"3\r\nabc\r\n0\r\nHost: secret\r\nContent-Length: 5\r\n\r\n",
    "one by one": b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n",
}.items():
    post(f"chunk {name}", CHUNKED, content, 200, shows=(b"abc",))
post("chunked and the next", CHUNKED, b"0\r\n\r\n" + request(), 200, 200)

# Lines.
for name, said in {
    "lf only": b"GET @/ HTTP/1.1\nHost: out.example.com\n\n",
    "lf behind the line": b"GET @/ HTTP/1.1\n" + HOST + b"\r\n",
    "lf in fields": request(b"A: b\nC: d\r\n"),
    "cr in value": request(b"A: b\rC: d\r\n"),
    "cr cr lf": request(b"A: b\r\r\n"),
    "cr in line": b"GET\r@/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "nul in value": request(b"A: b\0c\r\n"),
    "nul in name": request(b"A\0: b\r\n"),
    "nul in target": request(line=b"GET @/\0 HTTP/1.1"),
    "delete": request(b"A: \x7f\r\n"),
    "escape": request(b"A: \x1b[0m\r\n"),
    "folded": request(b"A: b\r\n c\r\n"),
    "folded with tab": request(b"A: b\r\n\tc\r\n"),
    "folded first": b"GET @/ HTTP/1.1\r\n Host: out.example.com\r\n\r\n",
    "no colon": request(b"ABC\r\n"),
    "no name": request(b": b\r\n"),
    "blank before colon": request(b"A : b\r\n"),
    "brackets in name": request(b"A(b): c\r\n"),
    "high in name": request(b"\xc3\xa4: b\r\n"),
    "blank first": b" " + request(),
    "tab first": b"\t" + request(),
    "lf first": b"\n" + request(),
    "cr first": b"\r" + request(),
    "three empty lines first": b"\r\n\r\n\r\n" + request(),
    "cut in the line": b"GET @/",
    "cut in a field": b"GET @/ HTTP/1.1\r\nHost: out",
    "cut before the end": b"GET @/ HTTP/1.1\r\n" + HOST,
}.items():
    both(f"line {name}", said, 400)
both("line one empty first", b"\r\n" + request(), 200)
both("line two empty first", b"\r\n\r\n" + request(), 200)
both("line tab as blank", request(b"A:\tb\t\r\n"), 200, shows=(b"A: b\r\n",))
both("line empty value", request(b"A:\r\n"), 200, shows=(b"A: \r\n",))
both("line high in value", request(b"A: \xe4\r\n"), 200, shows=(b"A: \xe4\r\n",))

# Methods and versions.
for name, (line, status) in {
    "two blanks": (b"GET  @/ HTTP/1.1", 400),
    "blank behind target": (b"GET @/  HTTP/1.1", 400),
    "blank behind version": (b"GET @/ HTTP/1.1 ", 400),
    "tab": (b"GET\t@/ HTTP/1.1", 400),
    "tab before version": (b"GET @/\tHTTP/1.1", 400),
    "blank in target": (b"GET @/a b HTTP/1.1", 400),
    "no version": (b"GET @/", 505),
    "no target": (b"GET HTTP/1.1", 505),
    "only a method": (b"GET", 400),
    "version 0.9": (b"GET @/ HTTP/0.9", 505),
    "version 2.0": (b"GET @/ HTTP/2.0", 505),
    "version 3": (b"GET @/ HTTP/3", 400),
    "version 1": (b"GET @/ HTTP/1", 400),
    "version 1.": (b"GET @/ HTTP/1.", 400),
    "version 1.10": (b"GET @/ HTTP/1.10", 400),
    "version 01.1": (b"GET @/ HTTP/01.1", 400),
    "version in small": (b"GET @/ http/1.1", 400),
    "version HTTPS": (b"GET @/ HTTPS/1.1", 400),
    "version comma": (b"GET @/ HTTP/1,1", 400),
    "version blank": (b"GET @/ HTTP /1.1", 400),
    "version other": (b"GET @/ ICY/1.1", 400),
    "method quoted": (b'"GET" @/ HTTP/1.1', 400),
    "method colon": (b"GET: @/ HTTP/1.1", 400),
    "method slash": (b"G/T @/ HTTP/1.1", 400),
    "method high": (b"G\xc4T @/ HTTP/1.1", 400),
    "method nul": (b"G\0T @/ HTTP/1.1", 400),
    "method long": (b"A" * 33 + b" @/ HTTP/1.1", 501),
    "trace": (b"TRACE @/ HTTP/1.1", 405),
    "delete": (b"DELETE @/ HTTP/1.1", 403),
    "http2 preface": (b"PRI * HTTP/2.0", 505),
    "line long": (b"GET @/" + b"a" * 20000 + b" HTTP/1.1", 414),
    "target star": (b"GET * HTTP/1.1", 400),
    "target empty path": (b"GET ? HTTP/1.1", 400),
    "target relative": (b"GET index.html HTTP/1.1", 400),
    "target dots": (b"GET ../ HTTP/1.1", 400),
    "target fragment": (b"GET @/#a HTTP/1.1", 400),
    "target high": (b"GET @/\xc3\xa4 HTTP/1.1", 400),
    "target escape": (b"GET @/\x1b HTTP/1.1", 400),
    "target backslashes": (b"GET \\\\out.example.com\\ HTTP/1.1", 400),
    "target ftp": (b"GET ftp://out.example.com/ HTTP/1.1", 400),
    "target file": (b"GET file:///etc/passwd HTTP/1.1", 400),
    "target one slash": (b"GET http:/out.example.com/ HTTP/1.1", 400),
    "target no host": (b"GET http:///a HTTP/1.1", 400),
    "target blank host": (b"GET http:// /a HTTP/1.1", 400),
    "target https": (b"GET https://out.example.com/ HTTP/1.1", 501),
}.items():
    both(name, request(line=line), status)
both("method in small", request(line=b"get @/ HTTP/1.1"), 200, shows=(b"get / ",))
both("method unknown", request(line=b"FROB @/ HTTP/1.1"), 200, shows=(b"FROB / ",))
both("version 1.2", request(line=b"GET @/ HTTP/1.2"), 200, shows=(b"GET / HTTP/1.1",))
both("version 1.0", request(line=b"GET @/ HTTP/1.0"), 200, shows=(b"GET / HTTP/1.1",))
both("method not DELETE", request(line=b"delete @/ HTTP/1.1"), 200)
both("head", request(line=b"HEAD @/ HTTP/1.1") + request(), 200, 200)

# Hosts.
for name, host in {
    "missing": b"",
    "twice": HOST + HOST,
    "twice differing": HOST + b"Host: ads.example.net\r\n",
    "twice in case": HOST + b"hOST: out.example.com\r\n",
    "empty": b"Host:\r\n",
    "blank inside": b"Host: out .example.com\r\n",
    "comma": b"Host: out.example.com, ads.example.net\r\n",
    "user": b"Host: user@out.example.com\r\n",
    "url": b"Host: http://out.example.com\r\n",
    "path": b"Host: out.example.com/admin\r\n",
    "backslash": b"Host: out.example.com\\admin\r\n",
    "percent": b"Host: out%2eexample.com\r\n",
    "nul": b"Host: out.example.com\0.example.net\r\n",
    "two dots": b"Host: out..example.com\r\n",
    "dot first": b"Host: .example.com\r\n",
    "only a dot": b"Host: .\r\n",
    "two dots behind": b"Host: out.example.com..\r\n",
    "label of 64": b"Host: " + b"a" * 64 + b".example.com\r\n",
    "254 bytes": b"Host: " + b"a." * 126 + b"aaa\r\n",
    "high": b"Host: \xc3\xa4.example.com\r\n",
    "port 0": b"Host: out.example.com:0\r\n",
    "port 65536": b"Host: out.example.com:65536\r\n",
    "port sign": b"Host: out.example.com:+80\r\n",
    "port twice": b"Host: out.example.com:80:80\r\n",
    "port zeros": b"Host: out.example.com:0080\r\n",
    "port word": b"Host: out.example.com:http\r\n",
    "port blank": b"Host: out.example.com: 80\r\n",
    "bracket open": b"Host: [2001:db8:f::9\r\n",
    "bracket name": b"Host: [out.example.com]\r\n",
    "bracket zone": b"Host: [fe80::1%25eth0]\r\n",
    "bracket behind": b"Host: [2001:db8:f::9]x\r\n",
    "no bracket": b"Host: 2001:db8:f::9\r\n",
    "127.1": b"Host: 127.1\r\n",
    "0x7f.1": b"Host: 0x7f.1\r\n",
    "0x7f000001": b"Host: 0x7f000001\r\n",
    "2130706433": b"Host: 2130706433\r\n",
    "010.0.0.1": b"Host: 010.0.0.1\r\n",
    "0177.0.0.1": b"Host: 0177.0.0.1\r\n",
    "256.0.0.1": b"Host: 256.0.0.1\r\n",
    "1.2.3.4.5": b"Host: 1.2.3.4.5\r\n",
    "address and dot": b"Host: 10.0.0.200.\r\n",
    "folded": b"Host:\r\n out.example.com\r\n",
}.items():
    both(f"host {name}", request(host=host), 400)
    # The same in the target, where it can stand in one.
    value = host.removeprefix(b"Host:").strip()
    if value and not any(c in host[:-2] for c in (b"\r", b"/")) and b" " not in value:
        line = b"GET http://" + value + b"/ HTTP/1.1"
        add(f"target {name}", request(line=line), 400, to=PROXY)
add(
    "host in capitals",
    request(host=b"Host: OUT.Example.COM\r\n", line=b"GET / HTTP/1.1"),
    200,
    to=ORIGIN,
    shows=(b"Host: out.example.com\r\n",),
)
for name, url in {
    "capitals": b"HTTP://OUT.EXAMPLE.COM/",
    "dot behind": b"http://out.example.com./",
    "port": b"http://out.example.com:80/",
    "empty port": b"http://out.example.com:/",
    "address": b"http://203.0.113.9/",
    "IPv6": b"http://[2001:db8:f::9]/",
    "long IPv6": b"http://[2001:0DB8:000f:0:0:0:0:9]/",
    "IPv4 in IPv6": b"http://[::ffff:203.0.113.9]/",
    "query only": b"http://out.example.com?a=/admin/",
}.items():
    add(f"target {name}", request(line=b"GET " + url + b" HTTP/1.1"), 200, to=PROXY)
for name, host in {
    "of the gateway": b"10.0.0.1",
    "of the gateway outside": b"203.0.113.1",
    "loopback": b"127.0.0.1",
    "loopback 127.9": b"127.9.9.9",
    "zero": b"0.0.0.0",
    "IPv6 loopback": b"[::1]",
    "IPv6 zero": b"[::]",
    "link-local": b"[fe80::1]",
    "IPv4 link-local": b"169.254.169.254",
    "broadcast": b"255.255.255.255",
    "multicast": b"224.0.0.1",
    "of the lan": b"10.0.0.200",
    "mapped of the lan": b"[::ffff:10.0.0.200]",
    "mapped in hex": b"[::ffff:a00:c8]",
    "mapped loopback": b"[::ffff:127.0.0.1]",
    "IPv6 of the lan": b"[2001:db8:1::c8]",
    "name of the lan": b"rebind.example.com",
    "name of the gateway": b"self.example.com",
    "name in capitals": b"ADS.example.NET",
    "name with a dot": b"ads.example.net.",
    "name refused": b"ads.example.net",
}.items():
    line = b"GET http://" + host + b"/ HTTP/1.1"
    add(f"forbidden {name}", request(line=line), 403, to=PROXY)
    line = b"CONNECT " + host + b":443 HTTP/1.1"
    add(f"forbidden tunnel {name}", request(line=line) + INNER, 403, to=PROXY)
add(
    "target against host",
    request(line=b"GET http://out.example.com/ HTTP/1.1", host=b"Host: ads.example.net\r\n"),
    200,
    to=PROXY,
    shows=(b"Host: out.example.com\r\n",),
    hides=(b"ads",),
)
for name, said in {
    "host against address": request(host=b"Host: ads.example.net\r\n", line=b"GET / HTTP/1.1"),
    "host in capitals and dot": request(host=b"Host: ADS.EXAMPLE.NET.\r\n", line=b"GET / HTTP/1.1"),
    "host with odd port": request(host=b"Host: ads.example.net:8443\r\n", line=b"GET / HTTP/1.1"),
    "url against host": request(line=b"GET http://ads.example.net/ HTTP/1.1"),
    "url with odd port": request(line=b"GET http://ads.example.net:81/ HTTP/1.1"),
}.items():
    add(f"forbidden {name}", said, 403, to=ORIGIN)
for name, said in {
    "no host in 1.0": b"GET / HTTP/1.0\r\n\r\n",
    "host of another address": request(host=b"Host: 10.0.0.200\r\n", line=b"GET / HTTP/1.1"),
    "host with another port": request(host=b"Host: out.example.com:8080\r\n", line=b"GET / HTTP/1.1"),
    "whole url": request(line=b"GET http://out.example.com/ HTTP/1.1"),
    "whole url with another port": request(line=b"GET http://out.example.com:1/ HTTP/1.1"),
    "underscore": request(host=b"Host: a_b.example.com\r\n", line=b"GET / HTTP/1.1"),
    "punycode": request(host=b"Host: xn--4ca.example.com\r\n", line=b"GET / HTTP/1.1"),
}.items():
    add(f"goes where it was sent: {name}", said, 200, to=ORIGIN)
for name, (line, status) in {
    "origin form": (b"GET / HTTP/1.1", 400),
    "origin form of 1.0": (b"GET / HTTP/1.0", 400),
    "options star": (b"OPTIONS * HTTP/1.1", 400),
    "connect no port": (b"CONNECT out.example.com HTTP/1.1", 400),
    "connect empty port": (b"CONNECT out.example.com: HTTP/1.1", 400),
    "connect port 0": (b"CONNECT out.example.com:0 HTTP/1.1", 400),
    "connect port 65536": (b"CONNECT out.example.com:65536 HTTP/1.1", 400),
    "connect port 25": (b"CONNECT out.example.com:25 HTTP/1.1", 403),
    "connect url": (b"CONNECT http://out.example.com:443 HTTP/1.1", 400),
    "connect path": (b"CONNECT out.example.com:443/ HTTP/1.1", 400),
    "connect origin form": (b"CONNECT / HTTP/1.1", 400),
    "connect star": (b"CONNECT * HTTP/1.1", 400),
    "connect user": (b"CONNECT a@out.example.com:443 HTTP/1.1", 400),
    "connect 127.1": (b"CONNECT 127.1:443 HTTP/1.1", 400),
    "connect in small": (b"connect out.example.com:443 HTTP/1.1", 400),
    "url of a user": (b"GET http://a:b@out.example.com/ HTTP/1.1", 400),
    "url of a user with at": (b"GET http://ads@x@out.example.com/ HTTP/1.1", 400),
    "url backslash": (b"GET http://out.example.com\\@ads.example.net/ HTTP/1.1", 400),
    "url port 81": (b"GET http://out.example.com:81/ HTTP/1.1", 403),
    "ws scheme": (b"GET ws://out.example.com/ HTTP/1.1", 400),
    "no such name": (b"GET http://nowhere.example.com/ HTTP/1.1", 502),
}.items():
    add(name, request(line=line), status, to=PROXY)
for fields in (b"Content-Length: 5\r\n", CHUNKED):
    line = b"CONNECT out.example.com:443 HTTP/1.1"
    add(f"connect with {fields[:7]!r}", request(fields, INNER, line), 400, to=PROXY)
add("connect is not for servers", request(line=b"CONNECT out.example.com:443 HTTP/1.1"), 405, to=ORIGIN)

# Paths against a rule.
for name, path in {
    "plain": b"/admin/secret",
    "percent": b"/%61dmin/secret",
    "percent in capitals": b"/%61%44min/secret".replace(b"%44", b"%64"),
    "dot": b"/./admin/secret",
    "dots": b"/a/../admin/secret",
    "dots over the root": b"/../../admin/secret",
    "percent dots": b"/a/%2e%2e/admin/secret",
    "percent dot": b"/%2E/admin/secret",
    "half percent dots": b"/a/.%2e/admin/secret",
    "dot inside": b"/admin/./secret",
    "back into it": b"/admin/a/../secret",
    "long": b"/admin/" + b"%41" * 5000,
    "long and odd": b"/admin/" + b"%" * 15000,
    "with a query": b"/admin/secret?a=/../..",
    "two slashes": b"//admin/secret",
    "two slashes inside": b"/admin//secret",
    "many slashes": b"////admin/secret",
    "percent slash": b"/%2Fadmin/secret",
    "percent slashes": b"/a%2f..%2fadmin%2fsecret",
    "slashes and dots": b"/a//../admin/secret",
    "parameter": b"/admin;a=b/secret",
    "dots and parameter": b"/a/..;/admin/secret",
    "backslashes": b"/a\\..\\admin\\secret",
    "percent backslash": b"/%5cadmin/secret",
    "into it by lax dots": b"/admin/%2e%2e%2fpublic",
    "slash at the end": b"/admin/",
    "a parameter before what is encoded": b"/admin;%2f../secret",
    "a parameter of backslashes": b"/admin;%5c..%5c../secret",
    "encoded parameter": b"/admin%3bx/secret",
    "slashes are one and the encoded stays": b"/x/a%2fb//../../admin/secret",
    "encoded at": b"/users/%40me/secret",
    "encoded at and dots": b"/users/x/..%2f%40me/secret",
    "too odd": b"/a;b%2f;c%40\\d//..;/e%5c%3b//f/../g",
}.items():
    both(f"path {name}", request(line=b"GET @" + path + b" HTTP/1.1"), 403)
for name, path in {
    "twice encoded": b"/%2561dmin/x",
    "other": b"/administrator",
    "stray percent": b"/%",
    "in capitals": b"/ADMIN/x",
    "only in the query": b"/?/admin/x",
}.items():
    shows = (b"GET " + path + b" HTTP/1.1",)
    both(f"path {name}", request(line=b"GET @" + path + b" HTTP/1.1"), 200, shows=shows)

# Between the hops.
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
HIDDEN = (b"pgrade", b"HTTP2-Settings", b"h2c", b"secret")
both("h2c", request(UPGRADE), 200, hides=HIDDEN)
both("h2c without Connection", request(b"Upgrade: h2c\r\n"), 200, hides=HIDDEN)
both("h2c and websocket", request(b"Connection: upgrade\r\nUpgrade: h2c, websocket\r\n"), 200, hides=HIDDEN)
both(
    "websocket and h2c",
    request(b"Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n"),
    200,
    hides=HIDDEN,
)
both(
    "websocket with content",
    request(b"Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n", b"abc", POST),
    200,
    hides=HIDDEN,
)
both("websocket", request(b"Connection: upgrade\r\nUpgrade: websocket\r\n"), 200, shows=(b"Upgrade: websocket",))
both("TLS by Upgrade", request(b"Connection: upgrade\r\nUpgrade: TLS/1.2\r\n"), 200, hides=HIDDEN)
for name, fields in {
    "Host": b"Connection: Host\r\n",
    "close and Host": b"Connection: close, Host\r\n",
    "a field": b"Connection: X-Secret\r\nX-Secret: secret\r\n",
    "a field in case": b"connection: x-SECRET\r\nX-Secret: secret\r\n",
    "several lines": b"Connection: a\r\nConnection: X-Secret\r\nX-Secret: secret\r\n",
    "Proxy-Connection": b"Proxy-Connection: keep-alive, secret\r\n",
    "Keep-Alive": b"Keep-Alive: secret\r\n",
    "TE": b"TE: trailers, secret\r\nConnection: TE\r\n",
    "Proxy-Authorization": b"Proxy-Authorization: Basic secret\r\n",
    "no token": b"Connection: a b c\r\n",
}.items():
    both(f"connection {name}", request(fields), 200, shows=(b"Host: out.example.com",), hides=(b"secret",))
options = b", ".join(b"a%d" % n for n in range(20))
both("connection many", request(b"Connection: " + options + b"\r\n"), 400)
for name, (fields, status) in {
    "other": (b"Expect: 200-ok\r\n", 417),
    "two": (b"Expect: 100-continue, x\r\n", 417),
    "quoted": (b'Expect: "100-continue"\r\n', 417),
}.items():
    both(f"expect {name}", request(b"Content-Length: 3\r\n" + fields, b"abc", POST), status)
both("expect nothing to come", request(b"Expect: 100-continue\r\n"), 200, hides=(b"Expect",))
both("expect in case", request(b"Content-Length: 3\r\nExpect: 100-Continue\r\n", b"abc", POST), 200)
both("expect empty", request(b"Content-Length: 3\r\nExpect:\r\n", b"abc", POST), 200)
both("early data", request(b"Early-Data: 1\r\n"), 200, shows=(b"Early-Data: 1",))
for name, (fields, status) in {
    "0": (b"Max-Forwards: 0\r\n", 200),
    "word": (b"Max-Forwards: x\r\n", 400),
    "minus": (b"Max-Forwards: -1\r\n", 400),
    "two": (b"Max-Forwards: 1\r\nMax-Forwards: 2\r\n", 400),
}.items():
    both(f"max-forwards {name}", request(fields, line=b"OPTIONS @/ HTTP/1.1"), status, passed=0)
both("max-forwards 5", request(b"Max-Forwards: 5\r\n", line=b"OPTIONS @/ HTTP/1.1"), 200, shows=(b"Max-Forwards: 4",))
line = b"OPTIONS http://ads.example.net/ HTTP/1.1"
for to in (PROXY, ORIGIN):
    add("max-forwards 0 of what is refused", request(b"Max-Forwards: 0\r\n", line=line), 403, to=to)
both("max-forwards of GET", request(b"Max-Forwards: 0\r\n"), 200)
both("via of others", request(b"Via: 1.1 a, 1.0 b (c)\r\n"), 200, shows=(b"Via: 1.1 a, 1.0 b",))

# Large heads.
both("large field", request(b"A: " + b"a" * 70000 + b"\r\n"), 431)
both("large in all", request((b"A: " + b"a" * 1000 + b"\r\n") * 80), 431)
both("many fields", request(b"a: b\r\n" * 120), 431)
both("large and fine", request(b"A: " + b"a" * 60000 + b"\r\n"), 200)
both("hundred fields", request(b"a: b\r\n" * 99), 200)
both("large and the next", request(b"A: " + b"a" * 60000 + b"\r\n") * 3, 200, 200, 200)
both("no end", b"GET @/ HTTP/1.1\r\nA: " + b"a" * 200_000, 431)

# In a row: a refusal ends nothing, a fault ends all.
both("good, refused, good", request() + request(line=b"GET @/admin/x HTTP/1.1") + request(), 200, 403, 200)
both("good, faulty, good", request() + b"?\r\n\r\n" + request(), 200, 400)
both("close in between", request(b"Connection: close\r\n") + INNER, 200)
both("1.0 in between", request(line=b"GET @/ HTTP/1.0") + INNER, 200)
both("posted, then the next", request(b"Content-Length: 3\r\n", b"abc", POST) + request(), 200, 200)
both("nothing", b"", hides=())
both("empty line", b"\r\n", 400)


# TLS hellos.


def vector(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width, "big") + data


def names(*every: bytes, kind: int = 0) -> tuple[int, bytes]:
    return 0, vector(b"".join(bytes([kind]) + vector(n, 2) for n in every), 2)


def hello(*extensions: tuple[int, bytes], version: bytes = b"\3\3", tail: bytes = b"") -> bytes:
    """One handshake message."""
    body = version + bytes(32) + vector(b"", 1)
    body += vector(b"\x13\x01\xc0\x2b", 2) + vector(b"\0", 1)
    body += vector(b"".join(n.to_bytes(2, "big") + vector(d, 2) for n, d in extensions), 2)
    return b"\1" + vector(body + tail, 3)


def records(message: bytes, size: int = 16384, kind: int = 22, version: bytes = b"\3\1") -> bytes:
    pieces = [message[i : i + size] for i in range(0, len(message), size)]
    return b"".join(bytes([kind]) + version + vector(piece, 2) for piece in pieces)


OUT, ADS = names(b"out.example.com"), names(b"ads.example.net")
GREASE = (0x1A1A, b"\0")
ECH = (0xFE0D, b"\0" * 64)

ALERT = 49  # what a refusal by the policy says; a bad hello just ends


def tls(name: str, said: bytes, passes: bool, alert: bool = False) -> None:
    answers = [ALERT] if alert else []
    CASES.append(Case(name, said, answers, TLS, 1 if passes else 0, (), ()))


tls("plain", records(hello(OUT)), True)
tls("no name", records(hello()), True)
tls("name in capitals", records(hello(names(b"OUT.Example.Com"))), True)
tls("grease", records(hello(GREASE, OUT, GREASE)), True)
tls("ech", records(hello(OUT, ECH)), True)
tls("small records", records(hello(OUT), 9), True)
tls("alpn", records(hello(OUT, (16, vector(vector(b"h2", 1), 2)))), True)
tls("ssl 3 in name", records(hello(OUT), version=b"\3\0"), True)
tls("refused", records(hello(ADS)), False, alert=True)
tls("refused in capitals", records(hello(names(b"ADS.Example.NET"))), False, alert=True)
tls("refused behind grease", records(hello(GREASE, ADS)), False, alert=True)
tls("refused with ech", records(hello(ADS, ECH)), False, alert=True)
tls("refused in small records", records(hello(ADS), 9), False, alert=True)
tls("two names", records(hello(names(b"out.example.com", b"ads.example.net"))), False)
tls("two lists", records(hello(OUT, ADS)), False)
tls("same list twice", records(hello(OUT, OUT)), False)
tls("empty name", records(hello(names(b""))), False)
tls("empty list", records(hello((0, b"\0\0"))), False)
tls("list cut", records(hello((0, b"\0\xff\0"))), False)
tls("other kind of name", records(hello(names(b"out.example.com", kind=1))), False)
tls("nul in name", records(hello(names(b"out.example.com\0.net"))), False)
tls("address as name", records(hello(names(b"203.0.113.9"))), False)
tls("blank in name", records(hello(names(b"out example.com"))), False)
tls("long name", records(hello(names(b"a" * 300))), False)
tls("tail", records(hello(OUT, tail=b"x")), False)
tls("cut", records(hello(OUT))[:-3], False)
tls("cut in the record header", records(hello(OUT))[:3], False)
tls("empty record", b"\x16\3\1\0\0" + records(hello(OUT)), False)
tls("large record", b"\x16\3\1\xff\xff" + bytes(70000), False)
tls("too many records", records(hello(OUT, (21, bytes(400))), 3), False)
tls("huge message", b"\x16\3\1\x40\0\1\xff\xff\xff" + bytes(16380), False)
tls("other message first", records(b"\2\0\0\0" + hello(OUT)), False)
tls("alert inside", records(hello(OUT), 9)[:14] + b"\x15\3\3\0\2\1\0", False)
tls("alert first", b"\x15\3\1\0\2\1\x5a" + records(hello(ADS)), False)
tls("change of cipher first", b"\x14\3\1\0\1\1" + records(hello(ADS)), False)
tls("heartbeat first", b"\x18\3\1\0\3\1\0\0" + records(hello(ADS)), False)
tls("data first", b"\x17\3\1\0\1x" + records(hello(ADS)), False)
tls("ssl 2", b"\x80\x2e\1\0\2\0\x15\0\0\0\x10" + bytes(37), True)
tls("noise", bytes(range(128, 256)) * 4, True)


# What is answered.


def converse(gateway: Gateway, case: Case) -> bytes:
    """Say it, say no more, and take what comes until the end; who is left
    waiting fails by TimeoutError."""
    said = b""
    with gateway.lab.lan.connect(*case.target) as sock:
        with contextlib.suppress(ConnectionError):
            sender = threading.Thread(target=say, args=[sock, case.said])
            sender.start()
            while more := sock.recv(65536):
                said += more
        sender.join()
    return said


def say(sock: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)


def statuses(said: bytes) -> list[int]:
    marks = said.split(b"HTTP/1.1 ")
    return [int(part[:3]) for part in marks[1:]]


@pytest.mark.parametrize("case", [c for c in CASES if c.target is not TLS], ids=str)
def test_http(gateway: Gateway, seen: Seen, case: Case) -> None:
    assert statuses(converse(gateway, case)) == case.answers
    if case.passed == CUT:
        wait.until("the origin to be left alone", lambda: seen.ended)
        assert not seen.bodies
    else:
        assert len(seen.heads) == len(seen.bodies) == case.passed
    everything = b"\n".join(seen.heads + seen.bodies)
    assert all(words in everything for words in case.shows)
    assert not any(words in everything for words in case.hides)


@pytest.mark.parametrize("case", [c for c in CASES if c.target is TLS], ids=str)
def test_tls(gateway: Gateway, seen: Seen, case: Case) -> None:
    said = converse(gateway, case)
    if case.passed:
        assert said == b"\x16tls"
        assert seen.streams == [case.said]
        return
    assert said == (b"\x15\3\3\0\2\2\x31" if case.answers else b"")
    assert not seen.anything()


def test_a_hello_byte_by_byte(gateway: Gateway, seen: Seen) -> None:
    for said, answer in ((records(hello(OUT)), b"\x16"), (records(hello(ADS)), b"\x15")):
        with gateway.lab.lan.connect(*TLS) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for n in range(len(said)):
                sock.send(said[n : n + 1])
            assert sock.recv(1) == answer
            say(sock, b"")
    assert len(seen.streams) == 1


def test_a_hello_that_takes_its_time(gateway: Gateway, seen: Seen) -> None:
    """The wait for a first byte is short, for some clients let the server
    speak first; who has spoken has the time of any head."""
    said = records(hello(OUT))
    with gateway.lab.lan.connect(*TLS, timeout=5) as sock:
        sock.sendall(said[:20])
        time.sleep(3.5)  # a slow line: more than the wait for a first byte
        sock.sendall(said[20:])
        assert sock.recv(1) == b"\x16"
    assert seen.streams == [said]


def test_a_head_byte_by_byte(gateway: Gateway, seen: Seen) -> None:
    said = request(b"Content-Length: 3\r\n", b"abc", b"POST / HTTP/1.1") * 2
    with gateway.lab.lan.connect(*ORIGIN) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for n in range(len(said)):
            sock.send(said[n : n + 1])
        say(sock, b"")
        assert statuses(read_all(sock)) == [200, 200]
    assert seen.bodies == [b"abc", b"abc"]


# What servers answer.


@dataclass(frozen=True)
class Reply:
    name: str
    said: bytes  # by the server, which then closes
    status: int  # that the client gets: 502 where the answer is no HTTP
    content: bytes = b""
    whole: bool = True
    method: str = "GET"
    minor: int = 1
    hides: bytes = b"secret"
    head: bytes = b""  # must be in the client's

    def __str__(self) -> str:
        return self.name


REPLIES: list[Reply] = []


def reply(name: str, said: bytes, status: int, content: bytes = b"", **more) -> None:
    REPLIES.append(Reply(name, said, status, content, **more))


for name, said in {
    "nothing": b"",
    "an empty line": b"\r\n",
    "html": b"<html>secret</html>",
    "a banner": b"220 secret\r\n",
    "http 0.9": b"secret\r\n\r\n",
    "version 2": b"HTTP/2 200 OK\r\n\r\nsecret",
    "version 2.0": b"HTTP/2.0 200 OK\r\n\r\nsecret",
    "version in small": b"http/1.1 200 OK\r\n\r\nsecret",
    "other version": b"ICY 200 OK\r\n\r\nsecret",
    "no status": b"HTTP/1.1\r\n\r\nsecret",
    "status word": b"HTTP/1.1 abc OK\r\n\r\nsecret",
    "status of two": b"HTTP/1.1 20 OK\r\n\r\nsecret",
    "status of four": b"HTTP/1.1 2000 OK\r\n\r\nsecret",
    "status minus": b"HTTP/1.1 -20 OK\r\n\r\nsecret",
    "status 099": b"HTTP/1.1 099 OK\r\n\r\nsecret",
    "status 000": b"HTTP/1.1 000 OK\r\n\r\nsecret",
    "two blanks": b"HTTP/1.1  200 OK\r\n\r\nsecret",
    "tab": b"HTTP/1.1\t200 OK\r\n\r\nsecret",
    "blank first": b" HTTP/1.1 200 OK\r\n\r\nsecret",
    "line first": b"\r\nHTTP/1.1 200 OK\r\n\r\nsecret",
    "nul in reason": b"HTTP/1.1 200 O\0K\r\n\r\nsecret",
    "bare lf": b"HTTP/1.1 200 OK\nA: b\n\nsecret",
    "bare cr": b"HTTP/1.1 200 OK\rA: b\r\n\r\nsecret",
    "lf in fields": OK + b"A: b\nC: d\r\n\r\nsecret",
    "nul in value": OK + b"A: \0\r\n\r\nsecret",
    "cr in value": OK + b"A: b\rSet-Cookie: c\r\n\r\nsecret",
    "folded": OK + b"A: b\r\n c\r\n\r\nsecret",
    "no colon": OK + b"secret\r\n\r\n",
    "blank before colon": OK + b"A : b\r\n\r\nsecret",
    "cut in the head": OK + b"A: secret\r\n",
    "cut in the line": b"HTTP/1.1 200",
    "large head": OK + b"A: " + b"a" * 70000 + b"\r\n\r\nsecret",
    "many fields": OK + b"a: b\r\n" * 120 + b"\r\nsecret",
    "long reason": b"HTTP/1.1 200 " + b"a" * 20000 + b"\r\n\r\nsecret",
    "two lengths": OK + b"Content-Length: 6\r\nContent-Length: 6\r\n\r\nsecret",
    "length list": OK + b"Content-Length: 6, 6\r\n\r\nsecret",
    "length minus": OK + b"Content-Length: -6\r\n\r\nsecret",
    "length plus": OK + b"Content-Length: +6\r\n\r\nsecret",
    "length empty": OK + b"Content-Length:\r\n\r\nsecret",
    "length huge": OK + b"Content-Length: 99999999999999999999\r\n\r\nsecret",
    "length and coding": OK + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding gzip": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding unknown": OK + b"Transfer-Encoding: br\r\n\r\nsecret",
    "coding like chunked": OK + b"Transfer-Encoding: xchunked\r\n\r\nsecret",
    "no coding, and a length": OK + b"Transfer-Encoding: x\r\nContent-Length: 6\r\n\r\nsecret",
    "no codings": OK + b"Transfer-Encoding: x, y\r\n\r\nsecret",
    "coding twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding in 1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "underscore": OK + b"Content_Length: 6\r\n\r\nsecret",
    "switch not asked for": b"HTTP/1.1 101 OK\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nsecret",
    "switch to nothing": b"HTTP/1.1 101 OK\r\n\r\nsecret",
    "only an interim": b"HTTP/1.1 100 Continue\r\n\r\n",
    "interims, then noise": b"HTTP/1.1 103 Hints\r\n\r\n" * 3 + b"secret\r\n\r\n",
    "tls": b"\x15\3\3\0\2\2\x46",
}.items():
    reply(name, said, 502)
CHUNKS = OK + CHUNKED + b"\r\n"
for name, said, content in (
    ("length", OK + b"Content-Length: 2\r\n\r\nok", b"ok"),
    ("length zero", OK + b"Content-Length: 0\r\n\r\n", b""),
    ("more than its length", OK + b"Content-Length: 2\r\n\r\noksecret", b"ok"),
    ("two answers", (OK + b"Content-Length: 2\r\n\r\nok") + OK + b"Content-Length: 6\r\n\r\nsecret", b"ok"),
    ("until close", OK + b"\r\nok", b"ok"),
    ("until close, nothing", OK + b"\r\n", b""),
    ("until close, with a word that is no coding", OK + b"Transfer-Encoding: secret\r\n\r\nok", b"ok"),
    ("of 1.0", b"HTTP/1.0 200 OK\r\n\r\nok", b"ok"),
    ("of 1.0, kept", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    ("of 1.9", b"HTTP/1.9 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    ("no reason", b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", b"ok"),
    ("no reason, no blank", b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    ("high in reason", b"HTTP/1.1 200 \xe4\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    ("chunks", CHUNKS + b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n", b"ok"),
    ("chunks and more", CHUNKS + b"2\r\nok\r\n0\r\n\r\nsecret", b"ok"),
    ("chunk trailer", CHUNKS + b"2\r\nok\r\n0\r\nSet-Cookie: secret\r\n\r\n", b"ok"),
    ("chunk extension", CHUNKS + b"2;secret\r\nok\r\n0\r\n\r\n", b"ok"),
    ("interim first", b"HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", b"ok"),
    ("hop fields", OK + b"Connection: x\r\nX: secret\r\nKeep-Alive: secret\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    ("challenge for a proxy", OK + b"Proxy-Authenticate: secret\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    ("upgrade offered", OK + b"Upgrade: secret\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nok", b"ok"),
):
    reply(name, said, 200, content)
    reply(f"{name}, to a client of 1.0", said, 200, content, minor=0)
for name, said in {
    "length cut": OK + b"Content-Length: 9\r\n\r\nok",
    "chunk cut": CHUNKS + b"9\r\nok",
    "chunks without an end": CHUNKS + b"2\r\nok\r\n",
    "chunk size odd": CHUNKS + b"2\r\nok\r\nx\r\nsecret\r\n0\r\n\r\n",
    "chunk size minus": CHUNKS + b"2\r\nok\r\n-6\r\nsecret\r\n0\r\n\r\n",
    "chunk bare lf": CHUNKS + b"2\r\nok\r\n6\nsecret\r\n0\r\n\r\n",
    "chunk too long": CHUNKS + b"2\r\nok\r\n3\r\nabcd\r\n0\r\n\r\n",
    "chunk trailer odd": CHUNKS + b"2\r\nok\r\n0\r\nsecret\r\n\r\n",
    "chunk size huge": CHUNKS + b"2\r\nok\r\nFFFFFFFFFFFFFFFFF\r\n",
}.items():
    for minor in (1, 0):
        content = b"okabc" if "too long" in name else b"ok"
        reply(f"{name}, to 1.{minor}", said, 200, content, whole=False, minor=minor)
for status in (204, 304):
    line = f"HTTP/1.1 {status} X\r\n".encode()
    reply(f"{status}", line + b"\r\n", status)
    reply(f"{status} with content", line + b"Content-Length: 6\r\n\r\nsecret", status)
    reply(f"{status} with chunks", line + CHUNKED + b"\r\n6\r\nsecret\r\n0\r\n\r\n", status)
HEAD = {"method": "HEAD"}
reply("head", OK + b"Content-Length: 9\r\n\r\n", 200, head=b"Content-Length: 9", **HEAD)
reply("head with content", OK + b"Content-Length: 6\r\n\r\nsecret", 200, **HEAD)
reply("head with chunks", OK + CHUNKED + b"\r\n6\r\nsecret\r\n0\r\n\r\n", 200, **HEAD)
reply("head until close", OK + b"\r\n", 200, **HEAD)
reply("head and noise", b"secret", 502, **HEAD)
reply("status 999", b"HTTP/1.1 999 X\r\nContent-Length: 2\r\n\r\nok", 999, b"ok")


@pytest.fixture(scope="module")
def replies(gateway: Gateway) -> Iterator[None]:
    def answer(conn: socket.socket) -> None:
        line = Input(conn).until(b"\r\n\r\n")
        conn.sendall(REPLIES[int(line.split()[1][1:])].said)
        conn.shutdown(socket.SHUT_WR)
        read_all(conn)

    with gateway.lab.out.serve(8001, answer):
        yield


def content_of(head: bytes, rest: bytes, was_reset: bool) -> tuple[bytes, bool]:
    """As a client reads it: the content, and whether it is the whole."""
    fields = head.lower().split(b"\r\n")
    for field_line in fields:
        if field_line.startswith(b"content-length:"):
            return rest, len(rest) == int(field_line[15:])
    if b"transfer-encoding: chunked" not in fields:
        return rest, not was_reset
    content = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        if size == b"0":
            return content, rest == b"\r\n"
        content, rest = content + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return content, False


@pytest.mark.parametrize("case", REPLIES, ids=str)
def test_a_server(gateway: Gateway, replies: None, case: Reply) -> None:
    line = f"{case.method} http://out.example.com:8001/{REPLIES.index(case)} HTTP/1."
    said, was_reset = b"", False
    with gateway.lab.lan.connect(*PROXY) as sock:
        say(sock, f"{line}{case.minor}\r\nHost: out.example.com\r\n\r\n".encode())
        try:
            while more := sock.recv(65536):
                said += more
        except ConnectionResetError:
            was_reset = True
    while said.startswith(b"HTTP/1.1 1"):
        assert case.minor == 1
        said = said.partition(b"\r\n\r\n")[2]
    assert case.hides not in said
    head, _, rest = said.partition(b"\r\n\r\n")
    assert statuses(head) == [case.status]
    assert case.head in head
    if case.method == "HEAD" or case.status in (204, 304):
        assert rest == b""
    elif case.status == 502:
        assert content_of(head, rest, was_reset)[1]
    else:
        assert content_of(head, rest, was_reset) == (case.content, case.whole)


# What leads back.


def test_the_intercepting_listener_is_not_led_to_itself(start_gateway) -> None:
    """A policy may allow everything; a connection must not beget others."""
    gateway = start_gateway(
        ZONES
        + "proxy {\n listen 10.0.0.1:3128 for lan\n intercept tcp 80 for lan\n}\n"
        + "allow lan -> 127.0.0.1\nallow any -> any\n"
    )
    own = gateway.lab.gw.run(["ss", "-ltnH", "src", "127.0.0.1"], check=True).stdout
    [port] = [line.split()[3].split(":")[1] for line in own.splitlines()]
    line = f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: a\r\n\r\n"
    with gateway.lab.lan.connect(*PROXY) as sock:
        with contextlib.suppress(ConnectionResetError):
            sock.sendall(line.encode() + b"\x80no name, no HTTP")
            read_all(sock)
    status = json.loads(gateway.command("status", "--json").stdout)
    assert status["counters"]["connections"] == 2
