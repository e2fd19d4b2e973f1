# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTP/2 to origins: many requests on one connection, and what servers do to it.

Two servers choose HTTP/2: nginx at www.example.com:8443, and out.example.com,
whose frames each story makes (tests/lab/framed.py).  Both lie behind TLS that a
rule opens.
"""

import contextlib
import json
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab import wait
from tests.lab.flows import TUNNEL
from tests.lab.framed import Asked, Framed, Wire
from tests.lab.gateway import GOOD, PROGRAM, ROOT, Gateway
from tests.lab.host import Host
from tests.lab.http2 import (
    CANCEL,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    INTERNAL_ERROR,
    PING,
    PUSH_PROMISE,
    REFUSED_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Http2,
    block,
    frame,
    indexed,
    request,
    settings,
)
from tests.lab.journal import Journal
from tests.lab.lab import WEB
from tests.lab.listener import echo, read_head
from tests.lab.parent import HttpParent
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
parent corp = http 203.0.113.9:3129

proxy {
    listen 10.0.0.1:3128 for lan
    intercept https for lan
    cache memory 64M
    compress
    ca "ca.pem"
}

reject lan -> any https path "/secret/*"   log as "secret"
allow  lan -> shop.example.com tcp 8443 inspect via corp  log as "by parent"
allow  lan -> any https inspect            log as "reading"
allow  lan -> any tcp 8443 inspect         log as "aside"
allow  lan -> wan udp 53
reject any -> any                          log as "rest"
"""
)

NGINX = "https://www.example.com:8443"
OUT = "https://out.example.com"


@pytest.fixture(scope="module")
def gateway(gateway_lab) -> Iterator[Gateway]:
    trusted = gateway_lab.dir / "etc" / "ssl" / "certs" / "ca-certificates.crt"
    trusted.parent.mkdir(parents=True)
    shutil.copy(gateway_lab.dir / "authority.pem", trusted)
    gateway = Gateway(gateway_lab, POLICY)
    make = [PROGRAM, "ca", "create", gateway.dir / "ca.pem"]
    subprocess.run(make, check=True, capture_output=True)
    try:
        with gateway:
            yield gateway
    finally:
        shutil.rmtree(gateway_lab.dir / "etc" / "ssl")


@pytest.fixture(scope="module")
def server(gateway: Gateway) -> Iterator[Framed]:
    """https://out.example.com; one for all, as the gateway keeps what leads to it."""
    dir = gateway.lab.dir
    server = Framed(dir / "server.pem", dir / "server.key")
    with gateway.lab.out.serve(443, server.handle):
        yield server


@pytest.fixture
def trust(gateway: Gateway) -> list[str]:
    return ["--cacert", str(gateway.dir / "ca.pem")]


@pytest.fixture
def lan(gateway: Gateway) -> Host:
    return gateway.lab.lan


@contextmanager
def framed(gateway: Gateway, **values: int) -> Iterator[Http2]:
    """A client of HTTP/2, inside."""
    sock = gateway.lab.lan.connect(gateway.lab.out.ip4, 443, timeout=5)
    with Http2(wrap(gateway, sock, "out.example.com"), **values) as client:
        yield client


@contextmanager
def framed_to_nginx(gateway: Gateway, name: str = "www.example.com", **values: int) -> Iterator[Http2]:
    sock = gateway.lab.lan.connect("10.0.0.1", 3128, timeout=5)
    sock.sendall(f"CONNECT {name}:8443 HTTP/1.1\r\nHost: {name}:8443\r\n\r\n".encode())
    assert read_head(sock).startswith(b"HTTP/1.1 200 ")
    with Http2(wrap(gateway, sock, name), **values) as client:
        yield client


def wrap(gateway: Gateway, sock: socket.socket, name: str) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(gateway.dir / "ca.pem"))
    context.set_alpn_protocols(["h2"])
    return context.wrap_socket(sock, server_hostname=name)


def counters(gateway: Gateway) -> dict[str, int]:
    return json.loads(gateway.command("status", "--json").stdout)["counters"]


# ---- what is asked by HTTP/2 ----


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_a_server_that_chooses_it_is_asked_by_it(gateway: Gateway, journal: Journal, lan: Host, trust, version) -> None:
    """The client has its own choice; what was done to the request is the same."""
    way = [*TUNNEL, f"--http{version}", *trust]
    answer = lan.curl(f"{NGINX}/x?a=b", *way)
    assert (answer.exit, answer.status) == (0, 200), answer.error + answer.text
    assert answer.info["http_version"] == version
    said = answer.said
    assert said["version"] == "HTTP/2.0" and said["target"] == "/x?a=b"
    assert said["host_field"] == "www.example.com:8443" and said["scheme"] == "https"
    assert said["connection_field"] == "" and said["proxy_connection"] == ""
    event = journal.wait(rule_name="aside", url=f"{NGINX}/x?a=b", source_port=answer.ports)
    assert (event.status, event.verdict) == (200, "allow")
    assert (event.http, event.http_server) == (version, "2")


def test_many_requests_share_one_connection(gateway: Gateway, lan: Host, trust) -> None:
    before = counters(gateway)
    for n in range(4):
        assert lan.curl(f"{NGINX}/share/{n}", *TUNNEL, *trust).status == 200
    asked = [r for r in gateway.lab.pages.requests() if r["target"].startswith("/share/")]
    per_thread = counters(gateway)["upstream_sessions"] - before["upstream_sessions"]
    assert len(asked) == 4
    assert len({r["connection"] for r in asked}) <= max(per_thread, 1) + 1


def test_who_asks_at_once_waits_for_one_connection(gateway: Gateway, server: Framed) -> None:
    """When the last one is gone, too: one is made, and all others share it."""
    with framed(gateway) as client:
        assert client.get(f"{OUT}/first").status == 200
        last = server.asked[-1].wire
        last.go_away(server.asked[-1].stream)
        with contextlib.suppress(OSError):  # the proxy may have been quicker
            last.sock.shutdown(socket.SHUT_RDWR)
        before = len(server.wires)
        streams = [client.ask(request(f"{OUT}/at/once/{n}", "POST")) for n in range(20)]
        client.until(lambda: all(client.answer(s).over for s in streams))
        assert {client.answer(s).status for s in streams} == {200}
    assert len(server.wires) == before + 1


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_content_goes_up_and_comes_down(gateway: Gateway, lan: Host, trust, version, tmp_path) -> None:
    """Megabytes, of known length and in chunks, through windows of 64 KiB."""
    big = bytes(range(256)) * 4096 * 3
    name = tmp_path / "big"
    name.write_bytes(big)
    way = [*TUNNEL, f"--http{version}", "-H", "Expect:", *trust]
    for more in ([], ["-H", "Transfer-Encoding: chunked"] if version == "1.1" else ["-H", "Content-Length:"]):
        put = lan.curl(f"{NGINX}/files/up{version}", "-T", str(name), *more, *way)
        assert put.status in (201, 204), put.error + put.text
        got = lan.curl(f"{NGINX}/files/up{version}", *way)
        assert got.body == big and got.headers["content-length"] == str(len(big))


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_answers_without_content(server: Framed, lan: Host, trust, version) -> None:
    way = [f"--http{version}", *trust]
    server.answers["/none"] = lambda wire, asked: wire.reply(asked, 204)
    server.answers["/moved"] = lambda wire, asked: wire.reply(asked, 304, b"", ("etag", '"a"'), ("content-length", "5"))
    server.answers["/head"] = lambda wire, asked: wire.reply(asked, 200, b"", ("content-length", "5"))
    assert lan.curl(f"{OUT}/none", *way).status == 204
    assert lan.curl(f"{OUT}/moved", "-H", 'If-None-Match: "a"', *way).status == 304
    head = lan.curl(f"{OUT}/head", "--head", *way)
    assert head.status == 200 and head.headers["content-length"] == "5"
    assert lan.curl(f"{OUT}/nothing", *way).body == b""


def test_an_answer_ends_before_its_stream_does(gateway: Gateway, server: Framed, lan: Host, trust) -> None:
    """Its content is whole by its length; that its end comes later is no reason to reset it."""
    late = threading.Event()

    def answer(wire: Wire, asked: Asked) -> None:
        wire.head(asked, [(":status", "200"), ("content-length", "5")])
        wire.data(asked, b"hello")
        late.wait(5)
        wire.data(asked, b"", end=True)

    server.answers["/late"] = answer
    assert lan.curl(f"{OUT}/late", "--max-time", "3", *trust).body == b"hello"
    late.set()
    [asked] = server.asked_for("/late")
    assert lan.curl(f"{OUT}/after", *trust).status == 200
    assert asked.reset is None


def test_interim_answers_are_passed_on(gateway: Gateway, server: Framed) -> None:
    def answer(wire: Wire, asked: Asked) -> None:
        wire.head(asked, [(":status", "103"), ("link", "</a>")])
        wire.reply(asked, 200, b"hello")

    server.answers["/hints"] = answer
    with framed(gateway) as client:
        got = client.get(f"{OUT}/hints")
        assert (got.interim, got.status, got.body) == ([103], 200, b"hello")


def test_content_that_waits_to_be_asked_for(gateway: Gateway, server: Framed, lan: Host, trust) -> None:
    """Expect: 100-continue."""

    def answer(wire: Wire, asked: Asked) -> None:
        assert asked.headers["expect"] == "100-continue" and not asked.body
        wire.head(asked, [(":status", "100")])

    server.early["/expect"] = answer
    server.echoes["/expect"] = lambda wire, asked, data: wire.reply(asked, 200, asked.body) if asked.ended else None
    answer_ = lan.curl(f"{OUT}/expect", "--http1.1", "-H", "Expect: 100-continue", "--data", "a=b", *trust)
    assert (answer_.status, answer_.body) == (200, b"a=b")


def test_both_directions_at_once(gateway: Gateway, server: Framed) -> None:
    """Each piece is answered before the next one is sent."""
    server.early["/stream"] = lambda wire, asked: wire.head(asked, [(":status", "200")])
    server.echoes["/stream"] = lambda wire, asked, data: wire.data(asked, data, asked.ended)
    with framed(gateway) as client:
        stream = client.begin(request(f"{OUT}/stream", "POST"))
        client.until(lambda: client.answer(stream).status)
        for n in range(5):
            client.data(stream, b"%d;" % n, end=n == 4)
            client.until(lambda: client.answer(stream).body.endswith(b"%d;" % n))
        client.until(lambda: client.answer(stream).over)
        assert client.answer(stream).body == b"0;1;2;3;4;" and client.answer(stream).ended


def test_trailers_pass(gateway: Gateway, server: Framed) -> None:
    """Both ways; but none that would mean something in a head."""

    def answer(wire: Wire, asked: Asked) -> None:
        wire.head(asked, [(":status", "200")])
        wire.data(asked, b"hello")
        wire.head(asked, [("grpc-status", "0"), ("set-cookie", "a=b"), ("cache-control", "no-store")], end=True)

    server.answers["/trailers"] = answer
    with framed(gateway) as client:
        stream = client.begin(request(f"{OUT}/trailers", "POST", [("te", "trailers")]))
        client.data(stream, b"content")
        client.trailers(stream, [("x-sum", "1"), ("authorization", "Basic eA==")])
        client.until(lambda: client.answer(stream).over)
        got = client.answer(stream)
        assert (got.status, got.body, got.ended) == (200, b"hello", True)
        assert got.trailers == {"grpc-status": "0"}
    [asked] = server.asked_for("/trailers")
    assert asked.headers["te"] == "trailers" and asked.body == b"content"
    assert asked.trailers == [("x-sum", "1")]


def test_trailers_without_content(gateway: Gateway, server: Framed, lan: Host, trust) -> None:
    def answer(wire: Wire, asked: Asked) -> None:
        wire.head(asked, [(":status", "200")])
        wire.head(asked, [("grpc-status", "5")], end=True)

    server.answers["/empty"] = answer
    with framed(gateway) as client:
        got = client.get(f"{OUT}/empty")
        assert (got.status, got.body, got.trailers) == (200, b"", {"grpc-status": "5"})
    plain = lan.curl(f"{OUT}/empty", "--http1.1", *trust)
    assert (plain.exit, plain.status, plain.body) == (0, 200, b"")


def test_grpc(gateway: Gateway, lan: Host) -> None:
    """Its own library at both ends: a call, one that fails, and a conversation."""
    pytest.importorskip("grpc")
    dir, script = gateway.lab.dir, ROOT / "tests" / "lab" / "grpc_echo.py"
    out = gateway.lab.out
    serve = [sys.executable, script, "serve", f"{out.ip4}:8443", dir / "server.pem", dir / "server.key"]
    service = out.spawn(serve)
    try:
        wait.until("the service", lambda: listens(out, 8443), 10)
        proxy = {"https_proxy": "http://10.0.0.1:3128", "no_proxy": ""}
        ask = [sys.executable, script, "ask", "out.example.com:8443", gateway.dir / "ca.pem"]
        done = lan.run(["env", *(f"{n}={v}" for n, v in proxy.items()), *ask], timeout=20)
    finally:
        service.stop()
    one, fail, each = done.stdout.splitlines()
    assert one == "one True", done.stderr
    assert fail == "fail DATA_LOSS lost, by intention of the story"
    assert each == "each " + " ".join(map(str, range(20)))


def listens(host: Host, port: int) -> bool:
    try:
        host.connect(host.ip4, port).close()
    except OSError:
        return False
    return True


def test_who_breaks_off_is_not_waited_for(gateway: Gateway, server: Framed) -> None:
    server.early["/long"] = lambda wire, asked: wire.head(asked, [(":status", "200")])
    with framed(gateway) as client:
        stream = client.begin(request(f"{OUT}/long", "POST"))
        client.until(lambda: client.answer(stream).status)
        client.reset(stream)
        [asked] = server.asked_for("/long")
        wait.until("the request is taken back", lambda: asked.reset is not None)
        assert asked.reset == CANCEL
        assert client.get(f"{OUT}/after").status == 200


def test_a_client_that_does_not_read_stops_the_server(gateway: Gateway, server: Framed) -> None:
    """And no other request of either connection."""
    piece, sent = b"x" * 16000, []

    def answer(wire: Wire, asked: Asked) -> None:
        wire.head(asked, [(":status", "200")])
        # As much as its window takes, whoever has it.
        for _ in range(16):
            wire.data(asked, piece)
            sent.append(len(piece))

    server.answers["/flood"] = answer
    with framed(gateway, initial_window=0) as client:
        stream = client.ask(request(f"{OUT}/flood"))
        client.until(lambda: client.answer(stream).status)
        [asked] = server.asked_for("/flood")
        assert client.get(f"{OUT}/after").status == 200
        opened = sum(int.from_bytes(p, "big") for k, _, s, p in asked.wire.frames if k == 8 and s == asked.stream)
        assert opened < sum(sent) and not client.answer(stream).body
        client.reset(stream)


def test_behind_a_parent(gateway: Gateway, journal: Journal) -> None:
    """Which opens one way for many requests, and sees nothing of them."""
    url = "https://shop.example.com:8443"
    with HttpParent(gateway.lab.out, 3129, {"shop.example.com": WEB[0]}) as parent:
        with framed_to_nginx(gateway, "shop.example.com") as client:
            streams = [client.ask(request(f"{url}/{n}")) for n in range(5)]
            client.until(lambda: all(client.answer(s).over for s in streams))
            assert all(b"version: HTTP/2.0" in client.answer(s).body for s in streams)
        assert [head.split()[0] for head in parent.heads] == ["CONNECT"]
    event = journal.wait(rule_name="by parent", url=f"{url}/0")
    assert (event.http_server, event.parent_server) == ("2", "http 203.0.113.9:3129")


def test_who_does_not_read_holds_up_nobody_else(gateway: Gateway) -> None:
    """However many of the same connection's answers he leaves lying: more than
    half of what it may hold, of which libnghttp2 would not give back the rest."""
    gateway.lab.pages.hole("large", 2 << 20)
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(framed_to_nginx(gateway, initial_window=0)) for _ in range(2)]
        unkept = [("cache-control", "no-store")]  # so it sets the pace itself
        asked = [(c, c.ask(request(f"{NGINX}/files/large?{n}", more=unkept))) for c in slow for n in range(90)]
        for client, stream in asked:
            client.until(lambda c=client, s=stream: c.answer(s).status)
        for _ in range(8):  # by any thread
            with framed_to_nginx(gateway) as client:
                answer = client.fetch(request(f"{NGINX}/files/large", more=unkept))
                assert (answer.status, len(answer.body), answer.ended) == (200, 2 << 20, True)


def test_a_server_is_asked_for_itself(gateway: Gateway, server: Framed) -> None:
    with framed(gateway) as client:
        fields = [(":method", "OPTIONS"), (":scheme", "https"), (":authority", "out.example.com"), (":path", "*")]
        assert client.fetch(fields).status == 200
    assert server.asked[-1].headers[":path"] == "*"


def test_a_websocket_goes_by_http1(gateway: Gateway, server: Framed) -> None:
    def http1(inside: ssl.SSLSocket) -> None:
        read_head(inside)
        inside.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")
        echo(inside)

    server.http1 = http1
    context = ssl.create_default_context(cafile=str(gateway.dir / "ca.pem"))
    sock = gateway.lab.lan.connect(gateway.lab.out.ip4, 443, timeout=5)
    with context.wrap_socket(sock, server_hostname="out.example.com") as inside:
        asks = "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13"
        asks += "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        inside.sendall(f"GET /ws HTTP/1.1\r\nHost: out.example.com\r\n{asks}\r\n\r\n".encode())
        assert read_head(inside).startswith(b"HTTP/1.1 101 ")
        inside.sendall(b"hello")
        assert inside.recv(100) == b"hello"
    assert server.protocols[-1] == "http/1.1" and "h2" in server.protocols


def test_one_connection_is_enough(gateway: Gateway, server: Framed) -> None:
    """`connections 1 per server`: who asks in another thread has his turn, and it holds."""
    for wire in server.wires:
        with contextlib.suppress(OSError):  # it has gone before
            wire.go_away(0)
            wire.sock.shutdown(socket.SHUT_RDWR)
    wait.until("all have gone", lambda: not server.open)
    few = POLICY.replace("cache memory 64M", "cache memory 64M\n    connections 1 per server wait 5s")
    assert gateway.apply(few).returncode == GOOD
    server.peak = 0
    try:
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(framed(gateway)) for _ in range(6)]
            asked = [(c, c.ask(request(f"{OUT}/turn/{n}", "POST"))) for c in clients for n in range(5)]
            for client, stream in asked:
                client.until(lambda c=client, s=stream: c.answer(s).over)
            assert {client.answer(stream).status for client, stream in asked} == {200}
    finally:
        assert gateway.apply(POLICY).returncode == GOOD
    assert server.peak == 1


def test_who_takes_much_back_spoils_no_connection(gateway: Gateway, server: Framed) -> None:
    """A server may end one on which too much is taken back: the next goes elsewhere before."""
    held: list[Asked] = []
    server.answers["/back"] = lambda wire, asked: held.append(asked)
    with framed(gateway) as client:
        for n in range(150):
            stream = client.ask(request(f"{OUT}/back", "POST"))
            wait.until("it is asked", lambda n=n: len(held) > n)
            client.reset(stream)
        assert client.get(f"{OUT}/after").status == 200
    wires = {id(asked.wire) for asked in held}
    assert len(wires) == 2 and all(asked.wire.goaway is None for asked in held)


# ---- what else is done to answers ----


def test_what_may_be_kept_is_kept(gateway: Gateway, server: Framed, lan: Host, trust) -> None:
    """And validated by HTTP/2, and given in parts."""
    tag = ("etag", '"a"')

    def answer(wire: Wire, asked: Asked) -> None:
        if asked.headers.get("if-none-match") == '"a"':
            wire.reply(asked, 304, b"", tag, ("cache-control", "max-age=60"))
        else:
            wire.reply(asked, 200, b"hello", tag, ("cache-control", "max-age=60"), ("content-length", "5"))

    server.answers["/kept"] = answer
    assert lan.curl(f"{OUT}/kept", *trust).body == b"hello"
    again = lan.curl(f"{OUT}/kept", "--http1.1", *trust)
    assert again.body == b"hello" and "hit" in again.headers["cache-status"]
    assert len(server.asked_for("/kept")) == 1
    fresh = lan.curl(f"{OUT}/kept", "-H", "Cache-Control: no-cache", *trust)
    assert fresh.body == b"hello" and len(server.asked_for("/kept")) == 2
    assert lan.curl(f"{OUT}/kept", "-r", "1-2", *trust).body == b"el"


def test_who_asks_for_the_same_waits_for_one_answer(gateway: Gateway, server: Framed) -> None:
    held: list[Asked] = []
    server.answers["/same"] = lambda wire, asked: held.append(asked)
    with framed(gateway) as client:
        streams = [client.ask(request(f"{OUT}/same")) for _ in range(5)]
        wait.until("one is asked", lambda: held)
        client.ping()
        held[0].wire.reply(held[0], 200, b"hello", ("cache-control", "max-age=60"))
        client.until(lambda: all(client.answer(s).over for s in streams))
        assert {client.answer(s).body for s in streams} == {b"hello"}
    assert len(held) == 1


def test_what_is_kept_is_broken_off_with_its_server(gateway: Gateway, server: Framed, lan: Host, trust) -> None:
    """Half an answer is never kept as a whole."""

    def answer(wire: Wire, asked: Asked) -> None:
        wire.head(asked, [(":status", "200"), ("cache-control", "max-age=60")])
        wire.data(asked, b"half")
        wire.reset(asked, INTERNAL_ERROR)

    server.answers["/half"] = answer
    assert lan.curl(f"{OUT}/half", *trust).exit != 0
    server.answers["/half"] = lambda wire, asked: wire.reply(asked, 200, b"whole", ("cache-control", "max-age=60"))
    assert lan.curl(f"{OUT}/half", *trust).body == b"whole"


def test_it_is_compressed(gateway: Gateway, server: Framed, lan: Host, trust) -> None:
    text = b"the same again and again " * 1000
    server.answers["/text"] = lambda wire, asked: long(wire, asked, text)
    got = lan.curl(f"{OUT}/text", "--compressed", *trust)
    assert got.body == text and got.headers["content-encoding"] in ("gzip", "br", "zstd")


def long(wire: Wire, asked: Asked, text: bytes) -> None:
    """In pieces that fit into frames."""
    wire.head(asked, [(":status", "200"), ("content-type", "text/plain")])
    for at in range(0, len(text), 16000):
        wire.data(asked, text[at : at + 16000], at + 16000 >= len(text))


# ---- what a server takes back ----


def test_what_was_not_looked_at_is_asked_again(gateway: Gateway, server: Framed, lan: Host, trust) -> None:
    """REFUSED_STREAM, also of what must not be sent twice."""
    refused: list[Asked] = []

    def answer(wire: Wire, asked: Asked) -> None:
        if not refused:
            refused.append(asked)
            wire.reset(asked, REFUSED_STREAM)
        else:
            wire.reply(asked, 200, b"hello")

    server.answers["/refused"] = answer
    got = lan.curl(f"{OUT}/refused", "-X", "DELETE", *trust)
    assert (got.status, got.body) == (200, b"hello")
    first, second = server.asked_for("/refused")
    assert first.wire is not second.wire


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize("framing", ["Content-Length", "chunked"])
def test_content_that_was_not_looked_at_is_sent_again(
    gateway: Gateway, server: Framed, lan: Host, trust, version, framing
) -> None:
    """Also to a server that by then speaks HTTP/1.1; but not without end."""
    content = b"0123456789abcdef" * 1000
    refused: list[Asked] = []

    def answer(wire: Wire, asked: Asked) -> None:
        if len(refused) % 2 == 0:
            refused.append(asked)
            wire.reset(asked, REFUSED_STREAM)
        else:
            refused.append(asked)
            wire.reply(asked, 200, asked.body)

    server.answers["/again"] = answer
    more = ["-H", "Transfer-Encoding: chunked" if version == "1.1" else "Content-Length:"] if framing == "chunked" else []
    way = [f"--http{version}", *more, "-H", "Expect:", *trust]
    got = lan.curl(f"{OUT}/again", "--data-binary", content.decode(), *way)
    assert (got.status, got.body) == (200, content), got.error
    large = lan.dir / "large"
    large.write_bytes(b"x" * 100_000)
    got = lan.curl(f"{OUT}/again", "--data-binary", f"@{large}", *way)
    assert got.status == 502 and "REFUSED_STREAM" in got.text


def test_content_is_sent_again_by_http1(gateway: Gateway, server: Framed) -> None:
    content = b"0123456789abcdef" * 1000
    got: list[bytes] = []

    def http1(inside: ssl.SSLSocket) -> None:
        got.append(read_head(inside))
        while not got[-1].endswith(b"0\r\n\r\n"):
            got[-1] += inside.recv(65536)
        inside.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    def refuse(wire: Wire, asked: Asked) -> None:
        server.offer("http/1.1")
        wire.reset(asked, REFUSED_STREAM)

    server.http1 = http1
    server.answers["/again"] = refuse
    try:
        with framed(gateway) as client:
            answer = client.fetch(request(f"{OUT}/again", "POST"), content)
    finally:
        server.offer("h2", "http/1.1")
    assert (answer.status, answer.body) == (200, b"hello")
    head, _, rest = got[0].partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert unchunked(rest) == content


def unchunked(data: bytes) -> bytes:
    size, _, rest = data.partition(b"\r\n")
    length = int(size, 16)
    return rest[:length] + unchunked(rest[length + 2 :]) if length else b""


def test_who_is_sent_away_goes_on_together(gateway: Gateway, server: Framed) -> None:
    """By GOAWAY, with content that was on its way: to one other connection."""
    sent_away: list[Asked] = []

    def answer(wire: Wire, asked: Asked) -> None:
        if len(sent_away) < 10:
            sent_away.append(asked)
            if len(sent_away) == 10:
                wire.go_away(0)
        else:
            wire.reply(asked, 200, asked.body)

    server.answers["/away"] = answer
    with framed(gateway) as client:
        streams = [client.ask(request(f"{OUT}/away", "POST"), b"%d" % n) for n in range(10)]
        client.until(lambda: all(client.answer(s).over for s in streams))
        assert [client.answer(s).body for s in streams] == [b"%d" % n for n in range(10)]
    again = server.asked_for("/away")[10:]
    assert len({id(asked.wire) for asked in again}) == 1 and again[0].wire is not sent_away[0].wire


def test_goaway_ends_a_connection_and_no_request(gateway: Gateway, server: Framed) -> None:
    """What is above its last stream is asked again elsewhere; what is below goes on."""
    held: list[Asked] = []

    def hold(wire: Wire, asked: Asked) -> None:
        held.append(asked)
        if len(held) == 2:
            wire.go_away(held[0].stream)
        elif len(held) == 3:
            wire.reply(asked, 200, b"third")
            held[0].wire.reply(held[0], 200, b"first")

    server.answers["/held"] = hold
    with framed(gateway) as client:
        streams = [client.ask(request(f"{OUT}/held", "DELETE"))]
        wait.until("the first is there", lambda: held)
        streams.append(client.ask(request(f"{OUT}/held", "DELETE")))
        client.until(lambda: all(client.answer(s).over for s in streams))
        assert [client.answer(s).body for s in streams] == [b"first", b"third"]
    assert held[0].wire is held[1].wire and held[2].wire is not held[1].wire


def test_a_reset_is_a_failure_with_its_reason(gateway: Gateway, journal: Journal, server: Framed, lan: Host, trust) -> None:
    server.answers["/reset"] = lambda wire, asked: wire.reset(asked, INTERNAL_ERROR)
    answer = lan.curl(f"{OUT}/reset", *trust)
    assert answer.status == 502 and "INTERNAL_ERROR" in answer.text
    event = journal.wait(url=f"{OUT}/reset", source_port=answer.ports)
    assert event.reason == "the server ended without an answer: it was reset with INTERNAL_ERROR"
    assert len(server.asked_for("/reset")) == 1


def test_a_server_takes_so_many_at_once(gateway: Gateway, server: Framed) -> None:
    """Who finds no room has a connection of his own; nobody waits for nothing."""
    server.greeting = settings(max_streams=1)
    held: list[Asked] = []

    def hold(wire: Wire, asked: Asked) -> None:
        held.append(asked)
        if len(held) == 3:
            for asked in held:
                asked.wire.reply(asked, 200, b"hello")

    server.answers["/three"] = hold
    try:
        with framed(gateway) as client:
            streams = [client.ask(request(f"{OUT}/three", "POST")) for _ in range(3)]
            client.until(lambda: all(client.answer(s).over for s in streams))
            assert {client.answer(s).status for s in streams} == {200}
    finally:
        server.greeting = settings()


# ---- servers that mean harm ----

OK = [(":status", "200")]

# What one answer may be: that request alone fails, and its connection goes on.
HEADS: dict[str, list] = {
    "a line end in a value": [*OK, ("x", "a\r\nSet-Cookie: b=c")],
    "a whole answer in a value": [*OK, ("x", "a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")],
    "a bare LF in a value": [*OK, ("x", "a\nb")],
    "a bare CR in a value": [*OK, ("x", "a\rb")],
    "a NUL in a value": [*OK, ("x", "a\0b")],
    "a blank before a value": [*OK, ("x", " a")],
    "a line end in a name": [*OK, ("x: a\r\ny", "b")],
    "a colon in a name": [*OK, ("x:y", "b")],
    "a blank in a name": [*OK, ("x y", "b")],
    "no name": [*OK, ("", "b")],
    "a name in upper case": [*OK, ("X-Y", "b")],
    "Transfer-Encoding": [*OK, ("transfer-encoding", "chunked")],
    "Connection": [*OK, ("connection", "close")],
    "Keep-Alive": [*OK, ("keep-alive", "timeout=5")],
    "Proxy-Connection": [*OK, ("proxy-connection", "close")],
    "Upgrade": [*OK, ("upgrade", "h2c")],
    "TE": [*OK, ("te", "gzip")],
    "two statuses": [*OK, (":status", "404")],
    "no status": [("x", "y")],
    "a status behind a field": [("x", "y"), (":status", "200")],
    "a status with more behind it": [(":status", "200 OK")],
    "a status with a line behind it": [(":status", "200\r\nx: y")],
    "a status of two digits": [(":status", "20")],
    "a status of letters": [(":status", "abc")],
    "a status that there is not": [(":status", "101")],
    "a pseudo-field of a request": [*OK, (":path", "/")],
    "a pseudo-field that there is not": [*OK, (":reason", "OK")],
    "two lengths": [*OK, ("content-length", "5"), ("content-length", "6")],
    "a list of lengths": [*OK, ("content-length", "5, 6")],
    "a length that is none": [*OK, ("content-length", "5x")],
    "a length below nothing": [*OK, ("content-length", "-5")],
    "a length with a sign": [*OK, ("content-length", "+5")],
    "too many fields": [*OK, *((f"x{n}", "y") for n in range(200))],
    "fields that are too large": [*OK, *((f"x{n}", "y" * 4000) for n in range(20))],
}


@pytest.mark.parametrize("kind", HEADS)
def test_a_head_that_is_none(gateway: Gateway, server: Framed, inside: ssl.SSLSocket, kind) -> None:
    """Nothing of it reaches the client, to whom the next answer is the next one."""
    server.answers["/bad"] = lambda wire, asked: send_head(wire, asked, HEADS[kind])
    head, _ = ask_plainly(inside, "/bad")
    assert head.startswith(b"HTTP/1.1 502 ") and b"x: " not in head and b"set-cookie" not in head.lower()
    assert ask_plainly(inside, "/after")[0].startswith(b"HTTP/1.1 200 OK\r\n")
    with framed(gateway) as client:
        assert client.get(f"{OUT}/bad").status == 502
        assert client.get(f"{OUT}/after").status == 200
    bad, after = server.asked[-2:]
    assert bad.wire is after.wire and bad.wire.goaway is None


@pytest.fixture(scope="module")
def inside(gateway: Gateway, server: Framed) -> Iterator[ssl.SSLSocket]:
    """A client of HTTP/1.1 that asks for one thing after the other."""
    context = ssl.create_default_context(cafile=str(gateway.dir / "ca.pem"))
    sock = gateway.lab.lan.connect(gateway.lab.out.ip4, 443, timeout=5)
    with context.wrap_socket(sock, server_hostname="out.example.com") as inside:
        yield inside


def ask_plainly(inside: ssl.SSLSocket, path: str) -> tuple[bytes, bytes]:
    inside.sendall(f"GET {path} HTTP/1.1\r\nHost: out.example.com\r\n\r\n".encode())
    head = read_head(inside)
    [length] = re.findall(rb"(?i)content-length: (\d+)", head)
    body = b""
    while len(body) < int(length):
        body += inside.recv(int(length) - len(body))
    return head, body


def send_head(wire: Wire, asked: Asked, fields: list) -> None:
    whole = block(fields)
    parts = [whole[at : at + 16000] for at in range(0, len(whole), 16000)]
    for n, part in enumerate(parts):
        flags = (END_HEADERS if n == len(parts) - 1 else 0) | (END_STREAM if n == 0 else 0)
        wire.send(frame(CONTINUATION if n else HEADERS, flags, asked.stream, part))


def test_why_is_told(gateway: Gateway, journal: Journal, server: Framed, lan: Host, trust) -> None:
    told = {
        "a name in upper case": "malformed",
        "Transfer-Encoding": "malformed",
        "too many fields": "too many fields",
        "a status that there is not": "malformed",
    }
    for kind, words in told.items():
        server.answers["/why"] = lambda wire, asked, kind=kind: send_head(wire, asked, HEADS[kind])
        got = lan.curl(f"{OUT}/why", *trust)
        event = journal.wait(url=f"{OUT}/why", source_port=got.ports)
        assert event.status == 502 and words in event.reason, event.reason
        assert event.reason.startswith("the server's answer is not HTTP: ")


@pytest.mark.parametrize("sent", [b"hell", b"hello!"], ids=["short", "long"])
@pytest.mark.parametrize("version", ["1.1", "2"])
def test_content_that_is_not_as_long_as_was_said(server: Framed, lan: Host, trust, version, sent) -> None:
    def answer(wire: Wire, asked: Asked) -> None:
        wire.head(asked, [*OK, ("content-length", "5")])
        wire.data(asked, sent, end=True)

    server.answers["/length"] = answer
    got = lan.curl(f"{OUT}/length", f"--http{version}", *trust)
    # The client sees it broken off, or nothing of it was passed on.
    assert got.exit != 0 or got.status == 502


# What ends the connection: all that was asked on it fails, and is told why.
FLOOD = 3000
WIRES: dict[str, tuple] = {
    "a frame that is too large": (lambda a: frame(DATA, 0, a.stream, b"x" * 16385), "FRAME_SIZE_ERROR"),
    "DATA before the head": (lambda a: frame(DATA, 0, a.stream, b"x"), "PROTOCOL_ERROR"),
    "DATA of no stream": (lambda a: frame(DATA, 0, 0, b"x"), "PROTOCOL_ERROR"),
    "DATA of a stream to come": (lambda a: frame(DATA, 0, 99999, b"x"), "PROTOCOL_ERROR"),
    "a head for a stream to come": (lambda a: frame(HEADERS, END_HEADERS, 99999, block(OK)), "PROTOCOL_ERROR"),
    "a pushed answer": (
        lambda a: frame(PUSH_PROMISE, END_HEADERS, a.stream, struct.pack(">I", 2) + block(request(f"{OUT}/"))),
        "PROTOCOL_ERROR",
    ),
    "fields that cannot be unpacked": (lambda a: frame(HEADERS, END_HEADERS, a.stream, b"\xff" * 9), "COMPRESSION"),
    "an entry that is not in the table": (lambda a: frame(HEADERS, END_HEADERS, a.stream, b"\xbf"), "COMPRESSION"),
    "another frame within a head": (
        lambda a: frame(HEADERS, 0, a.stream, block(OK)) + frame(PING, payload=b"12345678"),
        "PROTOCOL_ERROR",
    ),
    "a CONTINUATION of nothing": (lambda a: frame(CONTINUATION, END_HEADERS, a.stream, block(OK)), "PROTOCOL_ERROR"),
    "a CONTINUATION without end": (
        lambda a: frame(HEADERS, 0, a.stream, block(OK)) + frame(CONTINUATION, 0, a.stream, block([("x", "y")])) * 50,
        "useless",
    ),
    "a bomb": (lambda a: bomb(a), "useless"),
    "SETTINGS of an odd size": (lambda a: frame(SETTINGS, payload=b"12345"), "FRAME_SIZE_ERROR"),
    "SETTINGS that cannot be": (lambda a: settings(enable_push=1, max_frame_size=1), "PROTOCOL_ERROR"),
    "a PING of an odd size": (lambda a: frame(PING, payload=b"1"), "FRAME_SIZE_ERROR"),
    "a window of nothing more": (lambda a: frame(WINDOW_UPDATE, 0, 0, bytes(4)), "PROTOCOL_ERROR"),
    "a window that is too large": (
        lambda a: frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**31 - 1)) * 2,
        "FLOW_CONTROL_ERROR",
    ),
    "a first window that is too large": (lambda a: settings(initial_window=2**31), "FLOW_CONTROL_ERROR"),
    "a flood of SETTINGS": (lambda a: settings() * FLOOD, "useless"),
    "a flood of PINGs": (lambda a: frame(PING, payload=b"12345678") * FLOOD, "useless"),
    "a flood of empty DATA": (
        lambda a: frame(HEADERS, END_HEADERS, a.stream, block(OK)) + frame(DATA, 0, a.stream) * FLOOD,
        "useless",
    ),
    "a flood of windows": (lambda a: frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)) * FLOOD, "useless"),
    "a flood of what nobody knows": (lambda a: frame(77, payload=b"x") * FLOOD, "useless"),
    "HTTP/1": (lambda a: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "FRAME_SIZE_ERROR"),
}


def bomb(asked: Asked) -> bytes:
    """A field of 4 KiB, named 8000 times by a byte each."""
    whole = block(OK) + indexed([("x", "y" * 3900)]) + b"\xbe" * 8000
    return frame(HEADERS, END_HEADERS, asked.stream, whole)


@pytest.mark.parametrize("kind", WIRES)
def test_a_connection_that_is_none(gateway: Gateway, journal: Journal, server: Framed, lan: Host, trust, kind) -> None:
    """Also what else was asked on it is answered, and the next is asked elsewhere."""
    held: list[Asked] = []
    make, why = WIRES[kind]
    server.answers["/hold"] = lambda wire, asked: held.append(asked)
    server.answers["/break"] = lambda wire, asked: wire.send(make(asked))
    with framed(gateway) as client:
        streams = [client.ask(request(f"{OUT}/hold", "POST"))]
        wait.until("the first is there", lambda: held)
        streams.append(client.ask(request(f"{OUT}/break", "POST")))
        client.until(lambda: all(client.answer(s).over for s in streams))
        got = [client.answer(s) for s in streams]
        assert got[0].status == 502 and (got[1].status == 502 or got[1].reset is not None), got
        assert client.get(f"{OUT}/after").status == 200
    event = journal.wait(url=f"{OUT}/hold", status=502)
    assert why in event.reason, event.reason
    assert server.asked[-1].wire is not held[0].wire


def test_content_that_nobody_waits_for(gateway: Gateway, server: Framed, lan: Host, trust) -> None:
    """Of a request that was taken back; the connection goes on."""
    server.early["/gone"] = lambda wire, asked: wire.head(asked, OK)
    with framed(gateway) as client:
        stream = client.begin(request(f"{OUT}/gone", "POST"))
        client.until(lambda: client.answer(stream).status)
        client.reset(stream)
        [asked] = server.asked_for("/gone")
        wait.until("the request is taken back", lambda: asked.reset is not None)
        for _ in range(200):
            asked.wire.data(asked, b"x" * 16000)
        assert client.get(f"{OUT}/after").status == 200
    assert server.asked[-1].wire is asked.wire


def test_a_server_that_takes_nothing(gateway: Gateway, server: Framed) -> None:
    """Its window stops the client, and no more is held for it than two frames."""
    wires: list[Wire] = []
    server.early["/shut"] = lambda wire, asked: wires.append(wire)
    with framed(gateway) as client:
        stream = client.begin(request(f"{OUT}/shut", "POST"))
        wait.until("it is asked", lambda: wires)
        wires[0].credits = False
        # As much as the gateway takes; then its window is shut.
        left = 65535
        while left > 0:
            client.data(stream, b"x" * min(left, 16000))
            left -= 16000
        client.ping()
        opened = sum(int.from_bytes(p, "big") for k, _, s, p in client.frames if k == WINDOW_UPDATE and s == stream)
        [asked] = server.asked_for("/shut")
        wait.until("the window is full", lambda: len(asked.body) == 65535)
        assert opened < 600_000
        assert client.get(f"{OUT}/after").status == 200
        client.reset(stream)
