# SPDX-License-Identifier: GPL-2.0-or-later
"""What HTTP/2 brings of attacks: requests that are another one once they are
HTTP/1, and frames that cost the sender nothing.

Each case of the first part goes to an origin that keeps what it is sent, byte by
byte: there it is the one request that is expected, or nothing at all."""

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.lab import http2, wait
from tests.lab.gateway import Gateway
from tests.lab.host import Host
from tests.lab.http2 import Fields, Http2, block, frame, request
from tests.lab.journal import Journal
from tests.lab.origin import Origin, Reply
from tests.story.cached import URL, Site
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
service web = { tcp 80, tcp 8000, tcp 5000 }
proxy {
    listen 10.0.0.1:3128 for lan
    intercept tcp 8000 for guest
}
reject lan -> out.example.com path "/secret/*"   log as "secret"
allow  lan, guest -> wan web                     log as "web"
"""
)
PLACE = "http://out.example.com:5000"
HOST = "out.example.com:5000"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Recorder:
    """Answers each request with `ok`, and keeps all bytes of each connection."""

    def __init__(self) -> None:
        self.heard: list[bytearray] = []

    def handle(self, conn: socket.socket) -> None:
        got = bytearray()
        self.heard.append(got)
        conn.settimeout(5)
        while True:
            while not self._is_whole(bytes(got)):
                data = conn.recv(65536)
                if not data:
                    return
                got += data
            conn.sendall(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            conn.shutdown(socket.SHUT_WR)
            while data := conn.recv(65536):
                got += data
            return

    @staticmethod
    def _is_whole(got: bytes) -> bool:
        head, end, content = got.partition(b"\r\n\r\n")
        if not end:
            return False
        if b"chunked" in head:
            return content.endswith(b"0\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        return len(content) >= (int(length[1]) if length else 0)


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def site(gateway: Gateway, recorder: Recorder) -> Iterator[Site]:
    origin, lab = Origin(), gateway.lab
    with lab.out.serve(8000, origin.handle), lab.out.serve(5000, recorder.handle):
        yield Site(gateway, origin)


def dial(site: Site, host: str = "lan", greets: bool = True, **values: int) -> Http2:
    client: Host = getattr(site.lab, host)
    place = ("10.0.0.1", 3128) if host == "lan" else ("203.0.113.9", 8000)
    return Http2(client.connect(*place, timeout=5), greets, **values)


# Downgrades.

METHOD, SCHEME, AUTHORITY, PATH = (
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", HOST),
    (":path", "/x"),
)
GET: Fields = [METHOD, SCHEME, AUTHORITY, PATH]
POST: Fields = [(":method", "POST"), SCHEME, AUTHORITY, PATH]
REFUSED = None  # nothing reaches the server; a reset, or a 4xx
SMUGGLED = b"GET /secret/ HTTP/1.1\r\nHost: out.example.com:5000\r\n\r\n"


@dataclass(frozen=True)
class Case:
    name: str
    fields: Fields
    expected: bytes | None
    content: bytes | None = None  # None: the head ends the stream


def line(fields: str = "", first: str = "GET /x HTTP/1.1", host: str = HOST) -> bytes:
    via = "Via: 2 gatehouse-*\r\n"
    return f"{first}\r\nHost: {host}\r\n{fields}{via}".encode("latin-1")


def sent(fields: str = "", tail: str = "\r\n", first: str = "GET /x HTTP/1.1") -> bytes:
    return line(fields, first) + tail.encode("latin-1")


def with_field(name: str | bytes, value: str | bytes, base: Fields = GET) -> Fields:
    return [*base, (name, value)]


def with_pseudo(name: str, value: str | bytes) -> Fields:
    return [(n, value if n == name else v) for n, v in GET]


def without(name: str) -> Fields:
    return [(n, v) for n, v in GET if n != name]


CL = "Content-Length: {}\r\n\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n\r\n"
POSTED = "POST /x HTTP/1.1"

CASES = [
    # What is as it should be, so that the others mean something.
    Case("plain", GET, sent()),
    Case("a field", with_field("x-a", "b"), sent("x-a: b\r\n")),
    Case("an empty value", with_field("x-a", ""), sent("x-a: \r\n")),
    Case("bytes over 127 in a value", with_field("x-a", b"\xe9"), sent("x-a: \xe9\r\n")),
    Case("te: trailers", with_field("te", "trailers"), sent()),
    Case("host that is :authority", with_field("host", HOST), sent()),
    Case("host in the place of :authority", [*without(":authority"), ("host", HOST)], sent()),
    Case("cookies are one line", [*GET, ("cookie", "a=1"), ("x-a", "b"), ("cookie", "b=2")],
         sent("x-a: b\r\ncookie: a=1; b=2\r\n")),
    Case("content with its length", with_field("content-length", "2", POST),
         sent("", CL.format(2) + "ab", POSTED), b"ab"),
    Case("content without a length", POST, sent("", CHUNKED + "2\r\nab\r\n0\r\n\r\n", POSTED), b"ab"),
    Case("no content behind an open head", POST, sent("", CHUNKED + "0\r\n\r\n", POSTED), b""),
    Case("a length of nothing", with_field("content-length", "0", POST),
         sent("", CL.format(0), POSTED), b""),
    Case("a query with everything", with_pseudo(":path", "/x?a=b&c=%0d%0a"),
         sent(first="GET /x?a=b&c=%0d%0a HTTP/1.1")),
    Case("the server as a whole", [(":method", "OPTIONS"), SCHEME, AUTHORITY, (":path", "*")],
         sent(first="OPTIONS * HTTP/1.1")),
    # Lengths that are not that of the content.
    Case("a length that is too small", with_field("content-length", "1", POST), REFUSED, b"a" + SMUGGLED),
    Case("a length of nothing, and content", with_field("content-length", "0", POST), REFUSED, SMUGGLED),
    Case("a length, and no content", with_field("content-length", "5", POST), REFUSED),
    Case("a length that is too large", with_field("content-length", "9", POST), REFUSED, b"ab"),
    Case("a length with a plus", with_field("content-length", "+2", POST), REFUSED, b"ab"),
    Case("a negative length", with_field("content-length", "-1", POST), REFUSED, b"ab"),
    Case("a length in hex", with_field("content-length", "0x2", POST), REFUSED, b"ab"),
    Case("a list of lengths", with_field("content-length", "2, 2", POST), REFUSED, b"ab"),
    Case("two lengths", [*POST, ("content-length", "2"), ("content-length", "2")], REFUSED, b"ab"),
    Case("two lengths that differ", [*POST, ("content-length", "2"), ("content-length", "0")], REFUSED, b"ab"),
    Case("a length beyond numbers", with_field("content-length", "99999999999999999999", POST), REFUSED, b"ab"),
    Case("an empty length", with_field("content-length", "", POST), REFUSED, b"ab"),
    Case("a length that is spelled otherwise", with_field("content_length", "2", POST), REFUSED, b"ab"),
    # Fields of connections.
    Case("transfer-encoding: chunked", with_field("transfer-encoding", "chunked", POST), REFUSED,
         b"0\r\n\r\n" + SMUGGLED),
    Case("transfer-encoding, and a length", [*POST, ("transfer-encoding", "chunked"), ("content-length", "5")],
         REFUSED, b"0\r\n\r\n"),
    Case("transfer-encoding: identity", with_field("transfer-encoding", "identity", POST), REFUSED, b"ab"),
    Case("transfer_encoding", with_field("transfer_encoding", "chunked", POST), REFUSED, b"0\r\n\r\n"),
    Case("connection: close", with_field("connection", "close"), REFUSED),
    Case("connection names a field", [*GET, ("connection", "x-a"), ("x-a", "b")], REFUSED),
    Case("connection: transfer-encoding", with_field("connection", "transfer-encoding"), REFUSED),
    Case("keep-alive", with_field("keep-alive", "timeout=5"), REFUSED),
    Case("proxy-connection", with_field("proxy-connection", "keep-alive"), REFUSED),
    Case("upgrade: websocket", with_field("upgrade", "websocket"), REFUSED),
    Case("upgrade: h2c", with_field("upgrade", "h2c"), REFUSED),
    Case("http2-settings", with_field("http2-settings", "AAMAAABk"), REFUSED),
    Case("te: chunked", with_field("te", "chunked"), REFUSED),
    Case("te: trailers, deflate", with_field("te", "trailers, deflate"), REFUSED),
    # Lines within lines.
    Case("CRLF in a value", with_field("x-a", b"b\r\nx-c: d"), REFUSED),
    Case("a whole request in a value", with_field("x-a", b"b\r\n\r\n" + SMUGGLED), REFUSED),
    Case("LF in a value", with_field("x-a", b"b\nx-c: d"), REFUSED),
    Case("CR in a value", with_field("x-a", b"b\rx-c: d"), REFUSED),
    Case("NUL in a value", with_field("x-a", b"b\0c"), REFUSED),
    Case("DEL in a value", with_field("x-a", b"b\x7fc"), REFUSED),
    Case("a blank before a value", with_field("x-a", b" b"), REFUSED),
    Case("a tab behind a value", with_field("x-a", b"b\t"), REFUSED),
    Case("a length behind a line end", with_field("x-a", b"b\r\ncontent-length: 50", POST), REFUSED, b"ab"),
    Case("CRLF in a name", with_field(b"x-a\r\nx-c", b"d"), REFUSED),
    Case("a colon in a name", with_field("x-a: b", "c"), REFUSED),
    Case("a blank in a name", with_field("x a", "b"), REFUSED),
    Case("a blank behind a name", with_field("content-length ", "2", POST), REFUSED, b"ab"),
    Case("an empty name", with_field("", "b"), REFUSED),
    Case("a name in upper case", with_field("X-A", "b"), REFUSED),
    Case("a length in upper case", with_field("Content-Length", "2", POST), REFUSED, b"ab"),
    Case("NUL in a name", with_field(b"x\0a", b"b"), REFUSED),
    Case("CRLF in a cookie", with_field("cookie", b"a=1\r\nx-c: d"), REFUSED),
    # Pseudo-fields.
    Case("a blank in :path", with_pseudo(":path", "/x HTTP/1.1"), REFUSED),
    Case("a request in :path", with_pseudo(":path", b"/x HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED), REFUSED),
    Case("LF in :path", with_pseudo(":path", b"/x\n"), REFUSED),
    Case("a fragment in :path", with_pseudo(":path", "/x#y"), REFUSED),
    Case("a :path without its slash", with_pseudo(":path", "x"), REFUSED),
    Case("a :path that goes on with the host", with_pseudo(":path", ".example.net/x"), REFUSED),
    Case("a :path that is a user", with_pseudo(":path", "@www.example.com/x"), REFUSED),
    Case("a :path that is a URL", with_pseudo(":path", "http://www.example.com/x"), REFUSED),
    Case("an empty :path", with_pseudo(":path", ""), REFUSED),
    Case("the asterisk with GET", with_pseudo(":path", "*"), REFUSED),
    Case("a blank in :method", with_pseudo(":method", "GET /secret/ HTTP/1.1"), REFUSED),
    Case("CRLF in :method", with_pseudo(":method", b"GET / HTTP/1.1\r\nX:"), REFUSED),
    Case("an empty :method", with_pseudo(":method", ""), REFUSED),
    Case("an unknown :method goes as it is", with_pseudo(":method", "BREW"), sent(first="BREW /x HTTP/1.1")),
    Case("a URL in :scheme", with_pseudo(":scheme", "http://www.example.com/x?"), REFUSED),
    Case("a :scheme of others", with_pseudo(":scheme", "ftp"), REFUSED),
    Case("CRLF in :scheme", with_pseudo(":scheme", b"http\r\n"), REFUSED),
    Case("a path in :authority", with_pseudo(":authority", HOST + "/secret/"), REFUSED),
    Case("a query in :authority", with_pseudo(":authority", HOST + "?"), REFUSED),
    Case("a fragment in :authority", with_pseudo(":authority", HOST + "#"), REFUSED),
    Case("a user in :authority", with_pseudo(":authority", "www.example.com@" + HOST), REFUSED),
    Case("a backslash in :authority", with_pseudo(":authority", "www.example.com\\" + HOST), REFUSED),
    Case("a blank in :authority", with_pseudo(":authority", HOST + " x"), REFUSED),
    Case("CRLF in :authority", with_pseudo(":authority", HOST.encode() + b"\r\nX: y"), REFUSED),
    Case("an empty :authority", with_pseudo(":authority", ""), REFUSED),
    Case("another host", with_field("host", "www.example.com"), REFUSED),
    Case("two hosts", [*GET, ("host", HOST), ("host", HOST)], REFUSED),
    Case("two hosts and no :authority", [*without(":authority"), ("host", HOST), ("host", "www.example.com")],
         REFUSED),
    Case("no host at all", without(":authority"), REFUSED),
    Case("no :method", without(":method"), REFUSED),
    Case("no :scheme", without(":scheme"), REFUSED),
    Case("no :path", without(":path"), REFUSED),
    Case("two :path", [*GET, (":path", "/y")], REFUSED),
    Case("two :authority", [*GET, (":authority", "www.example.com")], REFUSED),
    Case("a pseudo-field behind a field", [METHOD, SCHEME, AUTHORITY, ("x-a", "b"), PATH], REFUSED),
    Case("an unknown pseudo-field", with_field(":x", "y"), REFUSED),
    Case(":status", [*GET, (":status", "200")], REFUSED),
    Case(":protocol without CONNECT", [*GET, (":protocol", "websocket")], REFUSED),
    Case("CONNECT with :path", [(":method", "CONNECT"), AUTHORITY, PATH], REFUSED),
    Case("CONNECT without :authority", [(":method", "CONNECT")], REFUSED),
    Case("CONNECT of another protocol", [(":method", "CONNECT"), (":protocol", "h2"), SCHEME, AUTHORITY, PATH],
         REFUSED),
    Case("a WebSocket that brings a length",
         [(":method", "CONNECT"), (":protocol", "websocket"), SCHEME, AUTHORITY, PATH, ("content-length", "9")],
         REFUSED, b"ab"),
    # What is expected of the next.
    Case("expect of something else", with_field("expect", "200-ok", POST), REFUSED, b"ab"),
    Case("expect without content", with_field("expect", "100-continue"), sent()),
    Case("x-forwarded-for is the client's", with_field("x-forwarded-for", "192.0.2.1"),
         sent("x-forwarded-for: 192.0.2.1\r\n")),
    Case("a name that a CGI would take for Host", with_field("x-host", "www.example.com"),
         sent("x-host: www.example.com\r\n")),
]


def test_there_are_enough() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert sum(case.expected is REFUSED for case in CASES) > 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_downgrade(site: Site, recorder: Recorder, case: Case) -> None:
    before = len(recorder.heard)
    with dial(site) as client:
        stream = client.ask(case.fields, case.content)
        client.until(lambda: client.answer(stream).over)
        answer = client.answer(stream)
        if case.expected is REFUSED:
            assert answer.reset is not None or 400 <= answer.status < 600 or client.closed
        else:
            assert (answer.status, answer.body) == (200, b"ok")
        assert client.closed or client.get(URL + site.page(Reply())).status == 200
    heard = [re.sub(rb"gatehouse-\w+", b"gatehouse-*", bytes(got)) for got in recorder.heard[before:]]
    if case.expected is REFUSED:
        whole = [got for got in heard if b"\r\n\r\n" in got]
        assert not [got for got in whole if Recorder._is_whole(got)], heard
    else:
        assert heard == [case.expected]


# Floods.

PING8 = frame(http2.PING, payload=b"\0" * 8)
WINDOW = frame(http2.WINDOW_UPDATE, payload=struct.pack(">I", 1))
EMPTY_SETTINGS = frame(http2.SETTINGS)
PRIORITY5 = struct.pack(">IB", 0, 15)


def head_of(stream: int, end: int = http2.END_STREAM) -> bytes:
    path = URL + "/flood"
    return frame(http2.HEADERS, http2.END_HEADERS | end, stream, block(request(path)))


def resets(count: int) -> bytes:
    cancel = struct.pack(">I", http2.CANCEL)
    return b"".join(
        head_of(n) + frame(http2.RST_STREAM, 0, n, cancel) for n in range(1, 2 * count, 2)
    )


def empty_data(count: int) -> bytes:
    post = frame(http2.HEADERS, http2.END_HEADERS, 1, block(request(URL + "/flood", "POST")))
    return post + frame(http2.DATA, 0, 1) * count


def malformed(count: int) -> bytes:
    bad = block([*request(URL + "/x"), ("connection", "close")])
    return b"".join(frame(http2.HEADERS, 5, n, bad) for n in range(1, 2 * count, 2))


def continuations(count: int) -> bytes:
    begin = frame(http2.HEADERS, http2.END_STREAM, 1, block(request(URL + "/flood")))
    return begin + frame(http2.CONTINUATION, 0, 1, block([("x", "y")])) * count


def empty_continuations(count: int) -> bytes:
    begin = frame(http2.HEADERS, http2.END_STREAM, 1, block(request(URL + "/flood")))
    return begin + frame(http2.CONTINUATION, 0, 1) * count


def bomb(count: int) -> bytes:
    """A value of 4000 bytes goes to the table, and is then named by one byte."""
    first = block(request(URL + "/flood")) + http2.indexed([("x", "y" * 4000)])
    return frame(http2.HEADERS, http2.END_HEADERS | http2.END_STREAM, 1, first + b"\xbe" * count)


def unknown(count: int) -> bytes:
    return frame(0x42, payload=b"x") * count


# By name: what is sent, in one piece; after so many of them the connection ends.
FLOODS = {
    "rapid reset (CVE-2023-44487)": (resets, 2000),
    "PING": (lambda n: PING8 * n, 3000),
    "SETTINGS": (lambda n: EMPTY_SETTINGS * n, 3000),
    "WINDOW_UPDATE": (lambda n: WINDOW * n, 3000),
    "PRIORITY": (lambda n: frame(http2.PRIORITY, 0, 1, PRIORITY5) * n, 3000),
    "empty DATA": (empty_data, 3000),
    "frames of no known kind": (unknown, 3000),
    "CONTINUATION (CVE-2024-27983)": (continuations, 20),
    "empty CONTINUATION": (empty_continuations, 20),
    "HPACK bomb": (bomb, 12000),
}


@pytest.mark.parametrize("name", FLOODS)
def test_flood(site: Site, journal: Journal, name: str) -> None:
    """It ends with ENHANCE_YOUR_CALM, is told and counted, and who comes by
    another connection meanwhile is served."""
    make, count = FLOODS[name]
    before = floods(site.gateway)
    other = site.page(Reply())
    with dial(site) as client, dial(site) as neighbour:
        client.ping()
        asked = len(site.asked("/flood"))
        with contextlib.suppress(ConnectionError):
            client.send(make(count))
        assert neighbour.get(URL + other).status == 200
        client.until_over()
        assert client.goaway == http2.ENHANCE_YOUR_CALM
        assert len(site.asked("/flood")) - asked <= 201
    assert journal.wait(reason="the client floods the proxy with useless frames")
    assert floods(site.gateway) == before + 1


def test_a_flood_of_requests_that_are_none(site: Site, journal: Journal) -> None:
    """All at once are more than may be under way; a few at a time are told, up to
    their bound."""
    bad = block([*request(URL + "/x"), ("connection", "close")])
    with dial(site) as client:
        client.ping()
        for _ in range(10):
            frames = [frame(http2.HEADERS, 5, client.next_id(), bad) for _ in range(50)]
            with contextlib.suppress(ConnectionError):
                client.send(b"".join(frames))
                client.ping()
        assert client.goaway == http2.ENHANCE_YOUR_CALM
    words = "a pseudo-field is missing, twice there, unknown or misplaced"
    wait.until("them to be told", lambda: len(journal.events(reason=words)) > 190)
    assert len(journal.events(reason=words)) < 260
    assert not site.asked("/x")


def floods(gateway: Gateway) -> int:
    text = gateway.command("status", "--metrics").stdout
    return int(re.search(r"^gatehouse_proxy_frame_floods_total (\d+)", text, re.M)[1])


def test_what_is_needed_is_no_flood(site: Site) -> None:
    """Windows are opened for content: two frames for each of content are fine."""
    path = site.page(Reply(body=b"x" * 1_500_000))
    before = floods(site.gateway)
    with dial(site) as client:
        for _ in range(3):
            assert len(client.get(URL + path).body) == 1_500_000
            client.send(PING8 * 100)
        client.ping()
        for _ in range(3):  # a page is left, and another one
            streams = [client.ask(request(f"{URL}/flood?{n}")) for n in range(30)]
            for stream in streams:
                client.reset(stream)
        client.ping()
        assert client.get(URL + site.page(Reply())).status == 200
    assert floods(site.gateway) == before


def test_a_head_that_is_too_large_once_it_is_unpacked(site: Site) -> None:
    """431, and the connection goes on."""
    with dial(site) as client:
        client.ping()
        stream = client.next_id()
        first = block(request(URL + "/flood")) + http2.indexed([("x", "y" * 4000)])
        client.send(frame(http2.HEADERS, 5, stream, first + b"\xbe" * 20))
        client.until(lambda: client.answer(stream).over)
        assert client.answer(stream).status == 431
        assert client.get(URL + site.page(Reply())).status == 200


def test_a_hundred_fields_and_no_more(site: Site) -> None:
    path = site.page(Reply())
    with dial(site) as client:
        many = [(f"x-{n}", "y") for n in range(100)]
        assert client.get(URL + path, *many[:98]).status == 200
        assert client.get(URL + path, *many, ("z", "y")).status == 431


def test_who_opens_no_window_holds_up_nobody(site: Site) -> None:
    """Fifty answers of 1 MB wait for windows that are never opened: what is held
    of each is bounded, and a neighbour is served."""
    path = site.page(Reply(body=b"x" * 1_000_000))
    with dial(site, initial_window=0) as client, dial(site) as neighbour:
        client.ping()
        peak = site.gateway.proxy_peak()
        streams = [client.ask(request(f"{URL}{path}?{n}")) for n in range(50)]
        client.until(lambda: all(client.answer(s).status for s in streams))
        start = time.monotonic()
        assert neighbour.get(URL + site.page(Reply())).status == 200
        assert time.monotonic() - start < 1
        assert not any(client.answer(s).body for s in streams)
        assert site.gateway.proxy_peak() - peak < 50 * (1 << 20) // 2
        client.open_window(streams[0], 1_000_000)
        client.open_window(0, 1_000_000)
        client.until(lambda: client.answer(streams[0]).over)
        assert len(client.answer(streams[0]).body) == 1_000_000


def test_one_byte_at_a_time(site: Site) -> None:
    path = site.page(Reply(body=b"x" * 100))
    with dial(site, initial_window=1) as client:
        answer = client.get(URL + path)
        assert answer.body == b"x" * 100 and answer.ended


def test_a_head_in_pieces(site: Site) -> None:
    """Up to eight CONTINUATIONs, whatever else would like to come between."""
    path = site.page(Reply())
    whole = block(request(URL + path))
    with dial(site) as client:
        stream = client.next_id()
        client.send(frame(http2.HEADERS, http2.END_STREAM, stream, whole[:3]))
        for at in range(3, 9):
            client.send(frame(http2.CONTINUATION, 0, stream, whole[at : at + 1]))
        client.send(frame(http2.CONTINUATION, http2.END_HEADERS, stream, whole[9:]))
        client.until(lambda: client.answer(stream).over)
        assert client.answer(stream).status == 200
    with dial(site) as client:
        client.send(frame(http2.HEADERS, http2.END_STREAM, 1, whole[:3]) + PING8)
        client.until_over()
        assert client.goaway == http2.PROTOCOL_ERROR


@pytest.mark.parametrize(
    "data, code",
    [
        (frame(http2.DATA, 0, 1, b"x"), http2.PROTOCOL_ERROR),
        (frame(http2.HEADERS, 5, 2, block(GET)), http2.PROTOCOL_ERROR),
        (frame(http2.HEADERS, 5, 0, block(GET)), http2.PROTOCOL_ERROR),
        (frame(http2.HEADERS, 5, 1, b"\x80"), http2.COMPRESSION_ERROR),
        (frame(http2.HEADERS, 5, 1, b"\x7f\xff\xff\xff\xff\xff\x0f"), http2.COMPRESSION_ERROR),
        (frame(http2.PUSH_PROMISE, 4, 1, struct.pack(">I", 2) + block(GET)), http2.PROTOCOL_ERROR),
        (frame(http2.CONTINUATION, 4, 1, block(GET)), http2.PROTOCOL_ERROR),
        (frame(http2.WINDOW_UPDATE, 0, 0, bytes(4)), http2.PROTOCOL_ERROR),
        (frame(http2.WINDOW_UPDATE, 0, 0, struct.pack(">I", (1 << 31) - 1)), http2.FLOW_CONTROL_ERROR),
        (http2.settings(enable_push=2), http2.PROTOCOL_ERROR),
        (http2.settings(initial_window=1 << 31), http2.FLOW_CONTROL_ERROR),
        (http2.settings(max_frame_size=1), http2.PROTOCOL_ERROR),
        (frame(http2.SETTINGS, http2.ACK, 0, bytes(6)), 6),
        (frame(http2.PING, 0, 0, bytes(7)), 6),
        (frame(http2.RST_STREAM, 0, 1, bytes(4)), http2.PROTOCOL_ERROR),
        (frame(http2.PRIORITY, 0, 0, PRIORITY5), http2.PROTOCOL_ERROR),
        (frame(http2.DATA, 0, 1, bytes(16385)), 6),
        (head_of(5) + head_of(3), http2.PROTOCOL_ERROR),
        (resets(1) + frame(http2.DATA, 0, 1, b"x"), http2.STREAM_CLOSED),
        (resets(1) + head_of(1), http2.STREAM_CLOSED),
    ],
)
def test_what_breaks_the_protocol_ends_the_connection(
    site: Site, data: bytes, code: int
) -> None:
    with dial(site) as client:
        client.ping()
        client.send(data)
        client.until_over()
        assert client.goaway == code


def test_more_content_than_the_window_lets_in(site: Site) -> None:
    hold = threading.Event()
    path = site.page(Reply(before=hold))
    with dial(site) as client:
        stream = client.begin(request(URL + path, "POST", [("content-length", "999999")]))
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                client.data(stream, bytes(16384))
        client.until(lambda: client.goaway is not None or client.answer(stream).over)
        assert http2.FLOW_CONTROL_ERROR in (client.goaway, client.answer(stream).reset)
    hold.set()


def test_not_a_preface(site: Site) -> None:
    """Who is neither HTTP/1 nor HTTP/2 is told nothing that he could take for
    his own."""
    for words in (b"INVALID CONNECTION PREFACE\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"):
        with dial(site, greets=False) as client:
            client.send(words)
            data = client.sock.recv(4096)
            assert not data or words.startswith(b"PRI") and data.startswith(b"HTTP/1.1 505 ")


def test_intercepted_too(site: Site, journal: Journal) -> None:
    with dial(site, "guest") as client:
        client.send(PING8 * 3000)
        client.until_over()
        assert client.goaway == http2.ENHANCE_YOUR_CALM
    assert journal.wait(
        reason="the client floods the proxy with useless frames", source="10.0.9.4"
    )
