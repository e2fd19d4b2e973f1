# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that speak HTTP/2 to the proxy, in clear text: each stream is a request
like any other, judged, cached, held back and told like one of HTTP/1."""

import base64
import contextlib
import gzip
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.lab import http2, wait
from tests.lab.gateway import GOOD, Gateway
from tests.lab.host import Host
from tests.lab.http2 import Http2, request
from tests.lab.journal import Journal
from tests.lab.listener import echo, read_head
from tests.lab.origin import Origin, Reply
from tests.lab.websocket import key_of, switch
from tests.story.cached import FRESH, URL, Site
from tests.story.zones import ZONES

ALICE = "alice:$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"
POLICY = (
    ZONES
    + """
service web = { tcp 80, tcp 8000, tcp 5000 }
proxy {
    listen 10.0.0.1:3128 for lan
    intercept tcp 80, tcp 8000 for guest
    cache memory 64M, object 4M
    compress
    users "users"
}
reject lan -> out.example.com tcp 22
reject lan -> out.example.com path "/secret/*"   log as "secret"
reject lan -> out.example.com path "/image/*" type image/*  log as "images"
drop   lan -> out.example.com path "/drop/*"     log as "dropped"
allow  lan -> out.example.com path "/hers/*" user alice  log as "hers"
reject lan -> out.example.com path "/hers/*"
allow  lan -> out.example.com path "/slow/*"     bandwidth 8Mbit/s down
allow  lan -> out.example.com path "/few/*"      quota 1M per day  log as "few"
allow  lan, guest -> wan web                     log as "web"
"""
)
LARGE = bytes(range(256)) * 4000
HUGE = LARGE * 8  # more than sockets hold


@pytest.fixture(scope="module")
def site(gateway_lab) -> Iterator[Site]:
    origin = Origin()
    with Gateway(gateway_lab, ZONES + "drop any -> any\n") as gateway:
        (gateway.dir / "users").write_text(ALICE + "\n")
        done = gateway.apply(POLICY)
        assert done.returncode == GOOD, done.stderr
        with gateway_lab.out.serve(8000, origin.handle):
            yield Site(gateway, origin)


@pytest.fixture
def journal(site: Site) -> Journal:
    return site.gateway.journal.from_here()


def dial(site: Site, host: str = "lan", **values: int) -> Http2:
    client: Host = getattr(site.lab, host)
    place = ("10.0.0.1", 3128) if host == "lan" else ("203.0.113.9", 8000)
    return Http2(client.connect(*place, timeout=5), **values)


@pytest.fixture
def client(site: Site) -> Iterator[Http2]:
    with dial(site) as client:
        yield client


# A message.


def test_a_page(site: Site, client: Http2, journal: Journal) -> None:
    path = site.page(Reply(headers={"X-Here": "yes"}))
    answer = client.get(URL + path, ("x-there", "true"))
    assert (answer.status, answer.body, answer.ended) == (200, b"hello\n", True)
    assert answer.headers["x-here"] == "yes"
    assert answer.headers["content-length"] == "6"
    assert not {"connection", "transfer-encoding", "keep-alive"} & set(answer.headers)
    [asked] = site.asked(path)
    assert asked.headers["x-there"] == "true"
    assert asked.headers["via"].startswith("2 gatehouse-")
    event = journal.wait(url=URL + path)
    assert (event.status, event.rule_name, event.method) == (200, "web", "GET")
    assert event.http == "2"


def test_intercepted(site: Site, journal: Journal) -> None:
    path = site.page(Reply())
    with dial(site, "guest") as client:
        assert client.get(URL + path).body == b"hello\n"
    assert journal.wait(url=URL + path, source="10.0.9.4").rule_name == "web"


def test_h2c_asked_for_by_upgrade_is_not_spoken(site: Site) -> None:
    path = site.page(Reply())
    with site.lab.lan.connect("10.0.0.1", 3128) as sock:
        sock.sendall(
            f"GET {URL}{path} HTTP/1.1\r\nHost: out.example.com\r\nConnection: upgrade,"
            " http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n".encode()
        )
        assert read_head(sock).startswith(b"HTTP/1.1 200 ")
    assert "upgrade" not in site.asked(path)[0].headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [200, 204, 304, 404, 500])
def test_the_same_by_both(
    site: Site, client: Http2, journal: Journal, status: int, method: str
) -> None:
    """What the client gets and what is told do not hang on what carries it."""
    path = site.page(Reply(status, {"ETag": '"one"', "X-Twice": ["a", "b"]}))
    first = site.get(path + "?1", method, x_a="b")
    second = client.fetch(request(f"{URL}{path}?2", method, [("x-a", "b")]))
    drop = {"connection", "date", "via", "cache-status", "proxy-status", "x-twice"}
    assert first.status == second.status == status
    assert first.body == second.body
    assert {n: v for n, v in first.headers.items() if n not in drop} == {
        n: v for n, v in second.headers.items() if n not in drop
    }
    one, two = site.asked(path)
    assert {n: v for n, v in one.headers.items() if n not in {"via", "accept-encoding"}} == {
        n: v for n, v in two.headers.items() if n != "via"
    }
    events = [journal.wait(url=f"{URL}{path}?{n}") for n in (1, 2)]
    told = [(e.status, e.rule_name, e.phase, e.verdict, e.method, e.reason) for e in events]
    assert told[0] == told[1]
    assert [event.http for event in events] == ["1.1", "2"]


def test_what_one_has_stored_the_other_gets(site: Site, client: Http2) -> None:
    for first, second in ((site.get, None), (None, site.get)):
        path = site.page(Reply(headers=FRESH))
        for get in (first, second):
            if get:
                got = get(path)
                last = (got.status, got.body, got.headers["cache-status"])
            else:
                answer = client.get(URL + path)
                last = (answer.status, answer.body, answer.headers["cache-status"])
        assert last[:2] == (200, b"hello\n")
        assert "; hit" in last[2]
        assert len(site.asked(path)) == 1


def test_a_part_of_what_is_stored(site: Site, client: Http2) -> None:
    path = site.page(Reply(headers=FRESH, body=LARGE))
    assert client.get(URL + path).body == LARGE
    answer = client.get(URL + path, ("range", "bytes=1000-1999"))
    assert (answer.status, answer.body) == (206, LARGE[1000:2000])


@pytest.mark.parametrize("chunked", [False, True])
def test_large_content_comes_whole(site: Site, client: Http2, chunked: bool) -> None:
    path = site.page(Reply(body=LARGE, chunked=chunked))
    answer = client.get(URL + path)
    assert answer.body == LARGE and answer.ended
    assert ("content-length" in answer.headers) != chunked


def test_compressed_for_who_takes_it(site: Site, client: Http2) -> None:
    path = site.page(Reply(headers={"Content-Type": "text/plain"}, body=b"a word " * 9000))
    answer = client.get(URL + path, ("accept-encoding", "gzip"))
    assert answer.headers["content-encoding"] == "gzip" and answer.ended
    assert gzip.decompress(answer.body) == b"a word " * 9000


# Content of a request.


def recording(site: Site, port: int, answer: bytes) -> contextlib.ExitStack:
    """An origin at out:`port` that says `answer`; what it got is `stack.got`."""
    stack = contextlib.ExitStack()
    stack.got = []  # type: ignore

    def handle(conn: socket.socket) -> None:
        got = bytearray()
        stack.got.append(got)  # type: ignore
        conn.settimeout(5)
        while b"\r\n\r\n" not in got:
            got += conn.recv(65536)
        chunked = b"chunked" in bytes(got).lower()
        while chunked and not got.endswith(b"\r\n0\r\n\r\n"):
            data = conn.recv(65536)
            if not data:
                return
            got += data
        conn.sendall(answer)

    stack.enter_context(site.lab.out.serve(port, handle))
    return stack


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_content_without_a_length(site: Site, client: Http2) -> None:
    """It goes in chunks; its end is the stream's."""
    with recording(site, 5000, OK) as origin:
        stream = client.begin(request("http://out.example.com:5000/up", "POST"))
        client.data(stream, b"one")
        wait.until("the head", lambda: origin.got and b"one" in origin.got[0])
        client.data(stream, b"two", end=True)
        client.until(lambda: client.answer(stream).over)
        assert client.answer(stream).body == b"ok"
    head, _, content = bytes(origin.got[0]).partition(b"\r\n\r\n")
    assert b"\r\nTransfer-Encoding: chunked" in head
    assert content == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_content_with_a_length(site: Site, client: Http2) -> None:
    path = site.page(Reply())
    post = request(URL + path, "POST", [("content-length", "5")])
    assert client.fetch(post, b"hello").status == 200
    assert site.asked(path)[0].headers["content-length"] == "5"


def test_content_that_is_cut_off_is_not_taken_for_whole(site: Site, client: Http2) -> None:
    with recording(site, 5000, OK) as origin:
        stream = client.begin(request("http://out.example.com:5000/up", "POST"))
        client.data(stream, b"half")
        wait.until("it to come", lambda: origin.got and b"half" in origin.got[0])
        client.reset(stream)
        client.ping()
    assert not bytes(origin.got[0]).endswith(b"0\r\n\r\n")


def test_trailers_go_no_further(site: Site, client: Http2) -> None:
    with recording(site, 5000, OK) as origin:
        stream = client.begin(request("http://out.example.com:5000/up", "POST"))
        client.data(stream, b"one")
        trailer = http2.block([("x-sum", "1"), ("transfer-encoding", "chunked")][:1])
        flags = http2.END_HEADERS | http2.END_STREAM
        client.send(http2.frame(http2.HEADERS, flags, stream, trailer))
        client.until(lambda: client.answer(stream).over)
    assert b"x-sum" not in origin.got[0]
    assert origin.got[0].endswith(b"3\r\none\r\n0\r\n\r\n")


def test_a_server_that_does_not_read_stops_the_client(site: Site, client: Http2) -> None:
    """And nobody else on the connection."""
    go_on = threading.Event()

    def handle(conn: socket.socket) -> None:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        read_head(conn)
        go_on.wait(10)
        size = 0
        while size < len(HUGE):
            size += len(conn.recv(65536))
        conn.sendall(OK)

    path = site.page(Reply())
    sent = 0
    with site.lab.out.serve(5000, handle):
        length = [("content-length", str(len(HUGE)))]
        stream = client.begin(request("http://out.example.com:5000/", "POST", length))

        def window() -> int:
            opened = [f for f in client.frames if f[0] == http2.WINDOW_UPDATE]
            return 65535 + sum(int.from_bytes(f[3], "big") for f in opened if f[2] == stream)

        def push() -> None:
            nonlocal sent
            while sent < len(HUGE) and (room := min(window() - sent, 16384)) > 0:
                piece = HUGE[sent : sent + room]
                sent += len(piece)
                client.data(stream, piece, end=sent == len(HUGE))

        push()
        for _ in range(20):
            client.ping()
            push()
        assert sent < len(HUGE), "it has been read all"
        held = sent
        assert client.get(URL + path).status == 200
        go_on.set()
        while not client.answer(stream).over:
            push()  # what was opened meanwhile is not opened again
            client.take_frame()
        assert client.answer(stream).body == b"ok" and held < sent


# What stands before an answer, and its end.


def test_interim_answers(site: Site, client: Http2) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    path = site.page(Reply(raw=early + early + OK))
    answer = client.get(URL + path)
    assert (answer.interim, answer.status, answer.body) == ([103, 103], 200, b"ok")


def test_expect_is_between_client_and_server(site: Site, client: Http2) -> None:
    def handle(conn: socket.socket) -> None:
        assert b"\r\nExpect: 100-continue\r\n" in read_head(conn)
        conn.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        conn.recv(5, socket.MSG_WAITALL)
        conn.sendall(OK)

    with site.lab.out.serve(5000, handle) as origin:
        more = [("expect", "100-continue"), ("content-length", "5")]
        stream = client.begin(request("http://out.example.com:5000/", "PUT", more))
        client.until(lambda: client.answer(stream).interim)
        assert client.answer(stream).interim == [100]
        client.data(stream, b"hello", end=True)
        client.until(lambda: client.answer(stream).over)
        assert client.answer(stream).body == b"ok"
    assert not origin.errors


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_that_is_cut_off(
    site: Site, client: Http2, journal: Journal, chunked: bool
) -> None:
    """It must not look like a whole one, and is nobody else's matter."""
    path = site.page(Reply(body=LARGE, chunked=chunked, cut=True))
    answer = client.get(URL + path, ("authorization", "none of the cache's"))
    assert (answer.reset, answer.ended) == (http2.INTERNAL_ERROR, False)
    assert journal.wait(url=URL + path).reason == "the server broke off its answer"
    assert client.get(URL + site.page(Reply())).status == 200


def test_a_client_that_takes_a_request_back(
    site: Site, client: Http2, journal: Journal
) -> None:
    go_on = threading.Event()
    path = site.page(Reply(before=go_on))
    stream = client.ask(request(URL + path, more=[("authorization", "x")]))
    wait.until("it to be asked", lambda: site.asked(path))
    client.reset(stream)
    assert journal.wait(url=URL + path).reason == "the client broke off"
    go_on.set()
    assert client.get(URL + site.page(Reply())).status == 200


# Many at once.


def test_a_hundred_at_once_and_no_more(site: Site) -> None:
    go_on = threading.Event()
    path = site.page(Reply(before=go_on))
    with dial(site) as client:
        client.ping()
        assert client.settings[http2.MAX_STREAMS] == 100
        for _ in range(2):
            streams = [client.ask(request(f"{URL}{path}?{n}")) for n in range(100)]
            client.ping()
            go_on.set()
            client.until(lambda: all(client.answer(s).over for s in streams), 20)
            assert {client.answer(s).status for s in streams} == {200}
        go_on.clear()
        for n in range(101):
            client.ask(request(f"{URL}{path}?{n}", more=[("authorization", "x")]))
        client.until_over()
        assert client.goaway == http2.PROTOCOL_ERROR
        go_on.set()


def test_each_is_judged_for_itself(site: Site, client: Http2, journal: Journal) -> None:
    good, secret = site.page(Reply()), "/secret/x"
    streams = [client.ask(request(URL + p)) for p in (good, secret, good, secret)]
    client.until(lambda: all(client.answer(s).over for s in streams))
    assert [client.answer(s).status for s in streams] == [200, 403, 200, 403]
    assert b"secret" in client.answer(streams[1]).body
    assert journal.wait(url=URL + secret).rule_name == "secret"


def test_by_the_type_of_the_answer(site: Site, client: Http2) -> None:
    site.origin.answers["/image/x"] = [Reply(headers={"Content-Type": "image/png"})]
    assert client.get(URL + "/image/x").status == 403


def test_what_is_dropped_hears_nothing(site: Site, client: Http2, journal: Journal) -> None:
    stream = client.ask(request(URL + "/drop/x"))
    assert journal.wait(url=URL + "/drop/x").verdict == "drop"
    assert client.get(URL + site.page(Reply())).status == 200
    assert not client.answer(stream).over


def test_who_asks(site: Site, client: Http2, journal: Journal) -> None:
    """Each request says it for itself."""
    site.origin.answers["/hers/x"] = [Reply()]
    word = base64.b64encode(b"alice:correct horse").decode()
    assert client.get(URL + "/hers/x").status == 407
    answer = client.get(URL + "/hers/x", ("proxy-authorization", f"Basic {word}"))
    assert answer.status == 200
    assert journal.wait(user="alice").rule_name == "hers"
    assert "proxy-authorization" not in site.asked("/hers/x")[0].headers
    assert client.get(URL + "/hers/x").status == 407


def test_bandwidth(site: Site, client: Http2) -> None:
    """A MB at 1 MB/s; another is not held back with it."""
    site.origin.answers["/slow/x"] = [Reply(body=LARGE)]
    slow = client.ask(request(URL + "/slow/x"))
    quick = client.get(URL + site.page(Reply(body=LARGE)))
    assert quick.body == LARGE
    assert len(client.answer(slow).body) < len(LARGE)
    client.until(lambda: client.answer(slow).over)
    assert client.answer(slow).body == LARGE


def test_a_quota_ends_the_stream(site: Site, client: Http2, journal: Journal) -> None:
    site.origin.answers["/few/x"] = [Reply(body=LARGE * 4)]
    answer = client.get(URL + "/few/x", ("authorization", "x"))
    assert answer.reset is not None and not answer.ended
    assert journal.wait(url=URL + "/few/x").rule_name == "few"
    assert client.get(URL + site.page(Reply())).status == 200


# Tunnels.


def test_connect(site: Site, client: Http2, journal: Journal) -> None:
    """RFC 9113, 8.5: an end of each side ends that side."""
    with site.lab.out.serve(5000, echo):
        stream = client.begin([(":method", "CONNECT"), (":authority", "out.example.com:5000")])
        client.until(lambda: client.answer(stream).status)
        assert client.answer(stream).status == 200
        client.data(stream, b"hello")
        client.until(lambda: client.answer(stream).body == b"hello")
        assert client.get(URL + site.page(Reply())).status == 200
        client.data(stream, b", again", end=True)
        client.until(lambda: client.answer(stream).over)
    assert client.answer(stream).body == b"hello, again"
    assert journal.wait(method="CONNECT").name == "out.example.com"


def test_connect_that_is_refused(site: Site, client: Http2) -> None:
    fields = [(":method", "CONNECT"), (":authority", "out.example.com:22")]
    stream = client.begin(fields)
    client.until(lambda: client.answer(stream).over)
    assert client.answer(stream).status == 403


def test_websocket(site: Site, client: Http2, journal: Journal) -> None:
    """RFC 8441: an extended CONNECT opens one of HTTP/1.1 at the server."""
    heads = []

    def handle(conn: socket.socket) -> None:
        heads.append(read_head(conn))
        conn.sendall(switch(key_of(heads[0]), "Sec-WebSocket-Protocol: chat"))
        echo(conn)

    client.ping()
    assert client.settings[http2.ENABLE_CONNECT] == 1
    fields = request("http://out.example.com:5000/chat", "CONNECT")
    fields.insert(1, (":protocol", "websocket"))
    fields += [("sec-websocket-version", "13"), ("sec-websocket-protocol", "chat")]
    with site.lab.out.serve(5000, handle):
        stream = client.begin(fields)
        client.until(lambda: client.answer(stream).status)
        answer = client.answer(stream)
        assert answer.status == 200
        assert answer.headers["sec-websocket-protocol"] == "chat"
        assert not {"upgrade", "connection", "sec-websocket-accept"} & set(answer.headers)
        client.data(stream, b"\x81\x02hi")
        client.until(lambda: answer.body == b"\x81\x02hi")
        client.data(stream, b"", end=True)
        client.until(lambda: answer.over)
    lines = heads[0].split(b"\r\n")
    assert lines[0] == b"GET /chat HTTP/1.1"
    assert {b"Connection: upgrade", b"Upgrade: websocket"} <= set(lines)
    assert len(base64.b64decode(key_of(heads[0]))) == 16
    assert journal.wait(url="http://out.example.com:5000/chat").status == 101


def test_a_websocket_that_the_server_refuses(site: Site, client: Http2) -> None:
    path = site.page(Reply(status=403))
    fields = request(URL + path, "CONNECT")
    fields.insert(1, (":protocol", "websocket"))
    stream = client.begin(fields)
    client.until(lambda: client.answer(stream).over)
    assert client.answer(stream).status == 403


UNPROVED = [b"", b"Sec-WebSocket-Accept: anything\r\n", b"Sec-WebSocket-Accept: \r\n"]


@pytest.mark.parametrize("line", UNPROVED, ids=["nothing", "another", "empty"])
def test_a_server_that_only_seems_to_switch(site: Site, client: Http2, journal: Journal, line: bytes) -> None:
    """RFC 6455, 4.1: it must prove that it has read the key, which is the proxy's."""
    head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    path = site.page(Reply(raw=head + line + b"\r\n\x81\x02no"))
    fields = request(URL + path, "CONNECT")
    fields.insert(1, (":protocol", "websocket"))
    stream = client.begin(fields)
    client.until(lambda: client.answer(stream).over)
    assert client.answer(stream).status == 502
    assert journal.wait(url=URL + path).reason == "the server's answer is not HTTP"


# What is done to all.


def test_a_ban_ends_it(site: Site, journal: Journal) -> None:
    go_on = threading.Event()
    path = site.page(Reply(before=go_on))
    with dial(site, "guest") as client:
        client.ask(request(URL + path))
        wait.until("it to be asked", lambda: site.asked(path))
        try:
            assert site.gateway.command("ban", "10.0.9.4").returncode == GOOD
            assert journal.wait(reason="the client was banned", url=URL + path)
        finally:
            site.gateway.command("unban", "10.0.9.4")
            go_on.set()


def test_another_policy_ends_what_it_forbids(site: Site, journal: Journal) -> None:
    """A stream, and not its neighbours."""
    go_on = threading.Event()
    bad, good = site.page(Reply(before=go_on)), site.page(Reply(before=go_on))
    with dial(site) as client:
        streams = [client.ask(request(URL + p, more=[("authorization", "x")])) for p in (bad, good)]
        wait.until("both to be asked", lambda: site.asked(bad) and site.asked(good))
        forbids = f'reject lan -> out.example.com path "{bad}"\nreject lan -> out.example.com path'
        other = POLICY.replace("reject lan -> out.example.com path", forbids, 1)
        try:
            assert site.gateway.apply(other).returncode == GOOD
            client.until(lambda: client.answer(streams[0]).over)
            assert client.answer(streams[0]).reset is not None
            assert journal.wait(url=URL + bad, reason="the policy has changed")
            go_on.set()
            client.until(lambda: client.answer(streams[1]).over)
            assert client.answer(streams[1]).status == 200
        finally:
            go_on.set()
            assert site.gateway.apply(POLICY).returncode == GOOD
