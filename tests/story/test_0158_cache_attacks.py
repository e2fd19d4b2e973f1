# SPDX-License-Identifier: GPL-2.0-or-later
"""What servers and clients try with the cache, and what others get in spite of
it: what they asked for."""

import contextlib
import socket
import threading
import zlib
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, Gateway
from tests.lab.listener import read_head
from tests.lab.origin import Asked, Origin, Reply
from tests.story.cached import FRESH, STALE, Site
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
service web = { tcp 80, tcp 8000 }
proxy {
    listen 10.0.0.1:3128 for lan
    intercept web for guest
    cache memory 64M, object 4M
    compress
    tell client
}
reject lan -> wan type image/*
allow  guest -> wan web
allow  lan -> wan web
"""
)

URL = "http://out.example.com:8000"
TEXT = {"Content-Type": "text/plain"}
WORDS = b"the quick brown fox jumps over the lazy dog\n" * 20_000


@pytest.fixture(scope="module")
def site(gateway: Gateway) -> Iterator[Site]:
    origin = Origin()
    with gateway.lab.out.serve(8000, origin.handle):
        yield Site(gateway, origin)


def ask(site: Site, path: str, **headers: str) -> HTTPConnection:
    """Asked, and the answer is not yet read."""
    conn = site.lab.lan.http("10.0.0.1", 3128)
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    conn.request("GET", URL + path, headers=fields)
    return conn


# ---- what is validated while it arrives ----


def arriving(site: Site, headers: dict, body: bytes = WORDS) -> tuple:
    """A stale page of which a first client has a half."""
    go_on = threading.Event()
    path = site.page(
        Reply(headers=headers, body=body, half_way=go_on),
        Reply(304, headers={"ETag": '"one"'}),
    )
    conn = ask(site, path)
    answer = conn.getresponse()
    assert answer.read(len(body) // 4) == body[: len(body) // 4]
    return path, go_on, conn, answer


def test_what_still_arrives_is_validated(site: Site) -> None:
    path, go_on, conn, answer = arriving(site, STALE)
    second = ask(site, path)
    got = second.getresponse()
    assert got.status == 200
    go_on.set()
    assert got.read() == WORDS
    assert answer.read() == WORDS[len(WORDS) // 4 :]
    conn.close()
    second.close()
    # It was still arriving, so it was for that one answer.
    assert [len(site.get(path).body) for _ in range(2)] == [len(WORDS)] * 2


HALF = (
    b"HTTP/1.1 200 OK\r\nCache-Control: max-age=10\r\nAge: 20\r\n"
    b'ETag: "one"\r\nContent-Length: 100000\r\n\r\n' + b"x" * 50_000
)
NEW = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 3\r\n\r\nnew"
STILL_RIGHT = b'HTTP/1.1 304 Not Modified\r\nETag: "one"\r\n\r\n'


@pytest.mark.parametrize("then", ["says that it is right", "says nothing"])
def test_what_is_validated_breaks(site: Site, then: str) -> None:
    """The server is asked whether the page is still right, of which one half has
    come, and takes the other half away before it answers."""
    url = f"http://out.example.com/{then.replace(' ', '-')}"
    cut, is_cut = threading.Event(), threading.Event()

    def treacherous(conn: socket.socket) -> None:
        if b"If-None-Match" not in read_head(conn):
            conn.sendall(NEW if is_cut.is_set() else HALF)
            cut.wait(10)
            return
        cut.set()
        is_cut.wait(10)
        if then == "says nothing":
            return
        conn.sendall(STILL_RIGHT)
        if read_head(conn):
            conn.sendall(NEW)

    with site.lab.out.serve(80, treacherous):
        first = site.lab.lan.http("10.0.0.1", 3128)
        first.request("GET", url)
        answer = first.getresponse()
        assert answer.read(1000) == b"x" * 1000
        second = site.lab.lan.http("10.0.0.1", 3128)
        second.request("GET", url)
        with pytest.raises(HTTPException):
            answer.read()
        is_cut.set()
        got = second.getresponse()
        if then == "says nothing":
            assert got.status == 502
        else:
            assert (got.status, got.read()) == (200, b"new")
        second.close()


def test_head_does_not_throw_out_what_is_right(site: Site) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.headers.get("if-none-match") == '"one"':
            return Reply(304, headers={"ETag": '"one"'} | FRESH)
        return Reply(headers=STALE, body=b"one")

    path = "/head-of-stale"
    site.origin.answers[path] = answer
    site.get(path)
    got = site.get(path, "HEAD")
    assert got.status == 200 and got.headers["content-length"] == "3"
    assert site.get(path).hit
    assert [a.method for a in site.asked(path)] == ["GET", "HEAD"]


def test_another_page_is_not_what_is_still_right(site: Site) -> None:
    """In the background, too, a 304 for another validator ends the old page."""

    def answer(asked: Asked) -> Reply:
        if "if-none-match" in asked.headers:
            return Reply(304, headers={"ETag": '"two"'})
        body = b"two" if site.asked("/other")[1:] else b"one"
        policy = "max-age=10, stale-while-revalidate=600"
        fields = {"Cache-Control": policy, "Age": "20", "ETag": '"one"'}
        return Reply(headers=fields, body=body)

    site.origin.answers["/other"] = answer
    assert site.get("/other").body == b"one"
    wait.until("the other page", lambda: site.get("/other").body == b"two")


# ---- parts of what goes away ----


def test_parts_in_any_order_of_what_is_purged(site: Site) -> None:
    """The last part is asked for first, and the content goes meanwhile."""
    body = b"".join(b"%07d\n" % n for n in range(200_000))
    go_on = threading.Event()
    fields = FRESH | {"Content-Type": "a/b"}
    path = site.page(Reply(headers=fields, body=body, half_way=go_on))
    first = ask(site, path)
    answer = first.getresponse()
    assert answer.read(1000) == body[:1000]
    second = ask(site, path, Range="bytes=1500000-1500007,8-15")
    parts = second.getresponse()
    assert parts.status == 206
    site.gateway.command("cache", "purge", URL + path)
    assert site.get("/nothing").status == 404  # all threads have rested
    go_on.set()
    got = parts.read()
    assert body[1_500_000:1_500_008] in got and b"\r\n0000001\n\r\n" in got
    assert answer.read() == body[1000:]
    first.close()
    second.close()


def test_a_tag_is_purged(site: Site) -> None:
    pages = [
        site.page(Reply(headers=FRESH | fields))
        for fields in (
            {"Surrogate-Key": "news front"},
            {"Cache-Tag": "sport, news"},
            {"Cache-Tag": "newsroom"},
        )
    ]
    for path in pages:
        site.get(path)
    site.gateway.command("cache", "purge", "tag", "news")
    assert [site.get(path).hit for path in pages] == [False, False, True]


def test_what_is_purged_before_it_comes(site: Site) -> None:
    """It is passed on, and nothing of it stays."""
    may_come = threading.Event()
    path = site.page(Reply(headers=FRESH, body=WORDS, before=may_come))
    first = ask(site, path)
    wait.until("the server is asked", lambda: site.asked(path))
    site.gateway.command("cache", "purge", URL + path)
    may_come.set()
    assert first.getresponse().read() == WORDS
    first.close()
    assert not site.get(path).hit and site.get(path).hit


# ---- requests with content ----


def early_answer(site: Site, request: bytes, reply: bytes) -> bytes:
    """All that a client gets whose content was not waited for."""
    answered = threading.Event()

    def hasty(conn: socket.socket) -> None:
        read_head(conn)
        conn.sendall(reply)
        answered.set()
        with contextlib.suppress(OSError):
            while conn.recv(65536):
                pass

    with site.lab.out.serve(80, hasty):
        conn = site.lab.lan.connect("10.0.0.1", 3128)
        conn.sendall(request)
        got = b""
        conn.settimeout(5)
        while b"\r\n\r\n" not in got and (more := conn.recv(65536)):
            got += more
        with contextlib.suppress(OSError):
            conn.sendall(b"GET %s/smuggled HTTP/1.1\r\nHost: x\r\n\r\n" % URL.encode())
            conn.shutdown(socket.SHUT_WR)
            while more := conn.recv(65536):
                got += more
        conn.close()
    return got


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_content_is_no_request(site: Site, method: str) -> None:
    """A server that answers early, so that the answer could be kept, or is to
    be compressed: what is left of the content is not the next request."""
    body = b"a" * 2000
    request = (
        b"%s http://out.example.com/form HTTP/1.1\r\nHost: out.example.com\r\n"
        b"Accept-Encoding: gzip\r\nContent-Length: 5000\r\n\r\nbegin" % method.encode()
    )
    reply = (
        b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Type: text/plain\r\n"
        b"Content-Location: /form\r\nContent-Length: 2000\r\n\r\n" + body
    )
    site.origin.answers["/smuggled"] = [Reply(body=b"smuggled")]
    got = early_answer(site, request, reply)
    assert got.startswith(b"HTTP/1.1 200 ") and got.count(b"HTTP/1.1 ") == 1
    assert site.asked("/smuggled") == []


# ---- conditions that the server has judged ----


def test_what_the_server_says_has_changed_has_changed(site: Site) -> None:
    path = site.page(
        Reply(headers=TEXT | {"Cache-Control": "no-store"}, body=WORDS[:4000])
    )
    got = site.get(
        path,
        Accept_Encoding="gzip",
        If_Modified_Since="Thu, 01 Jan 2026 00:00:00 GMT",
    )
    assert got.status == 200 and got.headers["content-encoding"] == "gzip"


def test_what_is_compressed_varies(site: Site) -> None:
    """Without a cache the texts of the request are gone when the answer comes."""
    fields = TEXT | {"Cache-Control": "max-age=60", "Vary": "Accept-Encoding, X"}
    path = site.page(Reply(headers=fields, body=WORDS))
    without = POLICY.replace("    cache memory 64M, object 4M\n", "")
    assert site.gateway.apply(without).returncode == 0
    try:
        for _ in range(3):
            got = site.get(path, Accept_Encoding="gzip;q=0.9, identity;q=0.1", X="y")
            assert zlib.decompress(got.body, 31) == WORDS
    finally:
        site.gateway.apply(POLICY)


# ---- names whose addresses come late ----


def test_an_address_that_comes_late_is_of_no_matter(site: Site) -> None:
    """The page is there, so nobody was dialled who could be dialled elsewhere."""
    out, is_late, may_come = site.lab.out, threading.Event(), threading.Event()

    def records(kind: str) -> list[str]:
        if kind != "A" and is_late.is_set():
            may_come.wait(10)
        return [out.ip4] if kind == "A" else [out.ip6]

    site.lab.names.records["late.example.com"] = records
    go_on = threading.Event()
    body = b"c" * 3_000_000
    path = site.page(Reply(headers=FRESH, body=body, half_way=go_on))
    url = f"http://late.example.com:8000{path}"
    conns = [site.lab.lan.http("10.0.0.1", 3128) for _ in range(5)]
    answers = []
    for conn in conns:
        conn.request("GET", url)
        answers.append(conn.getresponse())
        is_late.set()
    may_come.set()
    assert site.get("/nothing").status == 404
    go_on.set()
    assert [a.read() for a in answers] == [body] * 5
    for conn in conns:
        conn.close()


def test_a_forged_name_is_not_believed_later(site: Site) -> None:
    """A client dials its own server by another's name, and has it wait for the
    policy that lets this name pass as such."""
    changed = threading.Event()
    reply = {"Content-Location": "/login", "Cache-Control": "max-age=60"}
    forger = Origin()
    forger.answers["/login"] = [Reply(headers=reply, body=b"forged", before=changed)]
    site.origin.answers["/login"] = [Reply(headers=FRESH, body=b"true")]
    with site.lab.web.serve(8000, forger.handle):
        conn = site.lab.guest.http(site.lab.web.ip4, 8000)
        fields = {"Host": "out.example.com:8000"}
        conn.request("POST", "/login", body=b"x", headers=fields)
        wait.until("the forger is asked", lambda: forger.asked)
        by_name = POLICY.replace("guest -> wan web", "guest -> out.example.com web")
        assert site.gateway.apply(by_name).returncode == GOOD
        changed.set()
        with contextlib.suppress(HTTPException, OSError):
            assert conn.getresponse().read() == b"forged"
        conn.close()
    assert site.get("/login").body == b"true"
    site.gateway.apply(POLICY)


# ---- what our own fields make different ----


def test_what_varies_by_our_own_field(site: Site) -> None:
    """X-Forwarded-For is made here, so two requests that are the same to us are
    not to the server."""
    path = site.page(Reply(headers=FRESH | {"Vary": "X-Forwarded-For"}))
    assert not site.get(path).hit
    assert not site.get(path).hit


def test_a_cookie_is_for_one(site: Site) -> None:
    """What is kept is given to many; the session that came with it is not."""
    path = site.page(
        Reply(headers=STALE | {"Set-Cookie": "session=1"}),
        Reply(304, headers=FRESH | {"ETag": '"one"', "Set-Cookie": "session=2"}),
    )
    got = [site.get(path) for _ in range(3)]
    cookies = [g.headers.get("set-cookie") for g in got]
    assert cookies == ["session=1", "session=2", None]
    assert [g.hit for g in got] == [False, False, True]


def test_an_older_cookie_is_not_for_who_validates(site: Site) -> None:
    path = site.page(
        Reply(headers=STALE | {"Set-Cookie": "session=1"}),
        Reply(304, headers=FRESH | {"ETag": '"one"'}),
    )
    got = [site.get(path) for _ in range(2)]
    assert [g.headers.get("set-cookie") for g in got] == ["session=1", None]


def test_cookies_are_for_all_where_the_policy_says_so(site: Site) -> None:
    """As RFC 9111, 3.1 has it: all fields of a response are stored."""
    wanted = POLICY.replace("object 4M", "object 4M, cookies")
    assert site.gateway.apply(wanted).returncode == GOOD
    path = site.page(Reply(headers=FRESH | {"Set-Cookie": "session=1"}))
    got = [site.get(path) for _ in range(2)]
    assert [g.headers.get("set-cookie") for g in got] == ["session=1"] * 2
    assert [g.hit for g in got] == [False, True]
    assert site.gateway.apply(POLICY).returncode == GOOD
    assert site.get(path).headers.get("set-cookie") is None


# ---- who has authenticated by his connection ----


class Windows:
    """A server for which a connection is somebody once he has proved it (RFC 4559,
    6): what he asks for later bears no Authorization.  A file has nothing but a
    date, and so is one that a cache may guess about."""

    STALE = "Cache-Control: max-age=10, stale-while-revalidate=600\r\nAge: 20\r\n"

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def handle(self, conn: socket.socket) -> None:
        who = "nobody"
        while head := read_head(conn):
            self.asked.append(head)
            if b"Authorization: Negotiate" in head:
                who = "alice"
            more = self.STALE if b"/stale" in head else ""
            answer = (
                "HTTP/1.1 200 OK\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                f"{more}Content-Length: {len(who)}\r\n\r\n{who}"
            )
            conn.sendall(answer.encode())


def read(client: HTTPConnection, page: str, **headers: str) -> str:
    client.request("GET", f"http://out.example.com/papers/{page}", headers=headers)
    return client.getresponse().read().decode()


PROOF = {"Authorization": "Negotiate YII="}


def test_what_a_connection_may_see_is_not_for_all(site: Site) -> None:
    with site.lab.out.serve(80, Windows().handle):
        alice, bob = (site.lab.lan.http("10.0.0.1", 3128) for _ in range(2))
        assert read(alice, "one", **PROOF) == "alice"
        assert read(alice, "two") == "alice"
        assert read(bob, "two") == "nobody"
        alice.close()
        bob.close()


def test_a_proof_is_not_sent_behind_one_s_back(site: Site) -> None:
    """What is validated in the background is so on a connection of everybody's."""
    windows = Windows()
    with site.lab.out.serve(80, windows.handle):
        alice, bob = (site.lab.lan.http("10.0.0.1", 3128) for _ in range(2))
        assert read(bob, "stale") == "nobody"
        assert read(alice, "stale", **PROOF) == "nobody"
        assert read(bob, "stale") == "nobody"
        wait.until("it is validated", lambda: len(windows.asked) > 1)
        for number in range(20):
            assert read(bob, f"new/{number}") == "nobody"
        assert not any(b"Negotiate" in head for head in windows.asked)
        alice.close()
        bob.close()


# ---- whose cookie it is ----


def test_a_page_for_who_has_the_cookie(site: Site) -> None:
    """The server says nothing of who may keep it, nor how long; its date alone
    must not make it everybody's."""

    def papers(asked: Asked) -> Reply:
        dated = {"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
        if asked.headers.get("cookie") != "session=1":
            return Reply(403, body=b"who are you?")
        return Reply(headers=dated, body=b"hers")

    site.origin.answers["/papers"] = papers
    assert site.get("/papers", Cookie="session=1").body == b"hers"
    assert site.get("/papers", Cache_Control="max-stale").status == 403
    assert site.get("/papers", Cookie="session=1").body == b"hers"
    assert site.get("/papers", Cookie="session=2").status == 403
    said = {"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"} | FRESH
    path = site.page(Reply(headers=said))
    assert [site.get(path, Cookie="a=b").hit for _ in range(2)] == [False, True]


# ---- what a client tells a server of the URL ----


@pytest.mark.parametrize("field", ["X-Forwarded-Host", "X-Original-URL", "Forwarded"])
def test_a_page_made_for_one_who_says_another_url(site: Site, field: str) -> None:
    """An application that believes it writes it into its links."""
    path = f"/links/{field}"

    def links(asked: Asked) -> Reply:
        said = asked.headers.get(field.lower(), "out.example.com")
        return Reply(headers=FRESH, body=said.encode())

    site.origin.answers[path] = links
    assert site.get(path, **{field: "evil.example"}).body == b"evil.example"
    assert site.get(path).body == b"out.example.com"
    assert site.get(path, **{field: "evil.example"}).hit


# ---- types that not all see the same ----


@pytest.mark.parametrize("kept", ["max-age=60", "no-store"])
@pytest.mark.parametrize(
    "types",
    [["text/plain", "image/png"], "text/plain, image/png", "multipart/byteranges; boundary=x"],
    ids=["two lines", "one line", "in parts"],
)
def test_a_type_in_another_s_clothes(site: Site, types, kept: str) -> None:
    """A browser takes the last one, or that of each part; a policy that looked at
    the first one would let pictures pass."""
    path = site.page(Reply(headers={"Content-Type": types, "Cache-Control": kept}))
    for _ in range(2):
        got = site.get(path)
        assert got.status == 403 and b"several" in got.body
    same = site.page(Reply(headers={"Content-Type": ["text/plain", "Text/Plain;a=b"]}))
    assert site.get(same).status == 200
