# SPDX-License-Identifier: GPL-2.0-or-later
"""Compression on the way to the client, and what it takes off."""

import array
import fcntl
import gzip
import json
import os
import select
import socket
import termios
import threading
import zlib
from collections.abc import Iterator
from http.client import HTTPException

import pytest

from tests.lab import wait
from tests.lab.gateway import Gateway
from tests.lab.origin import Origin, Reply
from tests.story.cached import FRESH, Site
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
service web = { tcp 80, tcp 8000 }
proxy {
    listen 10.0.0.1:3128 for lan
    cache memory 64M, object 16M
    compress
}
allow  lan -> wan web
"""
)

TEXT = {"Content-Type": "text/plain; charset=utf-8"}
KEPT, PASSED = FRESH | TEXT, {"Cache-Control": "no-store"} | TEXT
WORDS = b"the quick brown fox jumps over the lazy dog\n" * 4000
NOISE = os.urandom(100_000)


@pytest.fixture(scope="module")
def site(gateway: Gateway) -> Iterator[Site]:
    origin = Origin()
    with gateway.lab.out.serve(8000, origin.handle):
        yield Site(gateway, origin)


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
@pytest.mark.parametrize("fields", [KEPT, PASSED], ids=["kept", "passed"])
def test_curl_reads_it(site: Site, coding: str, fields: dict) -> None:
    path = site.page(Reply(headers=fields | {"ETag": '"v1"'}, body=WORDS))
    for _ in range(2):
        got = site.lab.lan.curl(
            f"http://out.example.com:8000{path}",
            "--proxy", "http://10.0.0.1:3128",
            "--compressed", "--header", f"Accept-Encoding: {coding}",
        )  # fmt: skip
        assert got.exit == 0, got.error
        assert got.body == WORDS
        assert got.headers["content-encoding"] == coding
        assert got.headers["vary"] == "Accept-Encoding"
        assert got.headers["etag"] == 'W/"v1"'
        assert got.info["size_download"] < len(WORDS) / 10
    assert len(site.asked(path)) == (1 if fields is KEPT else 2)


def test_who_takes_none_gets_none(site: Site) -> None:
    path = site.page(Reply(headers=KEPT | {"ETag": '"v1"'}, body=WORDS))
    assert site.get(path, Accept_Encoding="gzip").headers["content-encoding"] == "gzip"
    got = site.get(path)
    assert got.hit and got.body == WORDS and "content-encoding" not in got.headers
    assert got.headers["etag"] == '"v1"' and got.headers["vary"] == "Accept-Encoding"
    assert len(site.asked(path)) == 1


def test_it_is_made_once(site: Site) -> None:
    """The second has its length, for all of it is there."""
    path = site.page(Reply(headers=KEPT, body=WORDS))
    site.get(path, Accept_Encoding="br")
    got = site.get(path, Accept_Encoding="br")
    assert got.hit and int(got.headers["content-length"]) == len(got.body)


LEFT = {
    "a picture": Reply(headers=FRESH | {"Content-Type": "image/png"}, body=WORDS),
    "no-transform": Reply(
        headers=TEXT | {"Cache-Control": "max-age=60, no-transform"}, body=WORDS
    ),
    "small": Reply(headers=KEPT, body=b"hello"),
    "coded": Reply(
        headers=KEPT | {"Content-Encoding": "gzip"}, body=gzip.compress(WORDS)
    ),
    "nothing": Reply(204, headers=KEPT, body=b""),
}


@pytest.mark.parametrize("reply", LEFT.values(), ids=LEFT)
def test_left_as_it_is(site: Site, reply: Reply) -> None:
    path = site.page(reply)
    for _ in range(2):
        got = site.get(path, Accept_Encoding="gzip, br, zstd")
        assert got.body == reply.body
        assert got.headers.get("content-encoding") == reply.headers.get(
            "Content-Encoding"
        )


@pytest.mark.parametrize("fields", [KEPT, PASSED], ids=["kept", "passed"])
def test_unpacked_for_who_does_not_take_it(site: Site, fields: dict) -> None:
    coded = fields | {"Content-Encoding": "gzip"}
    path = site.page(Reply(headers=coded, body=gzip.compress(WORDS)))
    for _ in range(2):
        got = site.get(path, Accept_Encoding="identity")
        assert got.body == WORDS and "content-encoding" not in got.headers


def is_refused(site: Site, path: str) -> bool:
    """Before its head has gone out, or after it."""
    try:
        return site.get(path, Accept_Encoding="identity").status == 502
    except (HTTPException, OSError):
        return True


def test_a_bomb_is_cut_off(site: Site) -> None:
    bomb = gzip.compress(b"\0" * (64 << 20), 9)
    path = site.page(Reply(headers=KEPT | {"Content-Encoding": "gzip"}, body=bomb))
    before = site.gateway.proxy_peak()
    assert is_refused(site, path)
    assert site.gateway.proxy_peak() - before < 24 << 20


def test_what_is_not_in_its_coding_is_cut_off(site: Site) -> None:
    for body in (gzip.compress(NOISE)[:-9], gzip.compress(NOISE) + b"x", NOISE):
        path = site.page(Reply(headers=KEPT | {"Content-Encoding": "gzip"}, body=body))
        for _ in range(2):
            assert is_refused(site, path)


def test_it_comes_as_it_is_made(site: Site) -> None:
    """Half of the page is read while the origin has not sent the other."""
    go_on = threading.Event()
    path = site.page(Reply(headers=PASSED, body=WORDS, chunked=True, half_way=go_on))
    conn = site.lab.lan.http("10.0.0.1", 3128)
    conn.request(
        "GET", f"http://out.example.com:8000{path}", headers={"Accept-Encoding": "gzip"}
    )
    answer = conn.getresponse()
    unpack = zlib.decompressobj(31)
    out = b""
    while len(out) < len(WORDS) // 2:
        out += unpack.decompress(answer.read1(65536))
    assert out == WORDS[: len(out)]
    go_on.set()
    out += unpack.decompress(answer.read())
    assert out == WORDS
    conn.close()


def stands_still(sock: socket.socket) -> bool:
    """What waits for us does not grow any more, for a fifth of a second."""
    before = waiting(sock)
    return not select.select([], [], [sock], 0.2)[2] and waiting(sock) == before


def waiting(sock: socket.socket) -> int:
    size = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, size)
    return size[0]


def test_a_slow_reader_stops_the_server(site: Site) -> None:
    """What is not kept waits: in sockets and little memory, however large."""
    path = site.page(Reply(headers=PASSED, body=NOISE * 400))
    before = site.gateway.proxy_peak()
    sock = site.lab.lan.connect("10.0.0.1", 3128)
    sock.sendall(
        f"GET http://out.example.com:8000{path} HTTP/1.1\r\nHost: out.example.com\r\n"
        "Accept-Encoding: gzip\r\nConnection: close\r\n\r\n".encode()
    )
    assert sock.recv(100).startswith(b"HTTP/1.1 200")
    wait.until("it stands still", lambda: stands_still(sock))
    got = b"".join(iter(lambda: sock.recv(1 << 20), b""))
    sock.close()
    assert len(got) > len(NOISE) * 400 * 0.99
    assert site.gateway.proxy_peak() - before < 24 << 20


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_what_many_ask_for_is_packed_again(site: Site, coding: str) -> None:
    """With care, by nobody who waits; and those who ask read the same."""
    page = b"".join(b"line %d: %x\n" % (n, n * 2654435761 % 2**32) for n in range(9000))
    path = site.page(Reply(headers=KEPT | {"ETag": '"v1"'}, body=page))

    def size() -> int:
        got = site.lab.lan.curl(
            f"http://out.example.com:8000{path}",
            "--proxy", "http://10.0.0.1:3128",
            "--compressed", "--header", f"Accept-Encoding: {coding}",
        )  # fmt: skip
        assert (got.exit, got.body) == (0, page), got.error
        assert got.headers["etag"] == 'W/"v1"'
        return int(got.info["size_download"])

    swift = size()
    before = counter(site, "cache_thorough")
    assert [size() for _ in range(3)] == [swift] * 3
    wait.until("it to be smaller", lambda: size() < swift)
    thorough = size()
    assert [size() for _ in range(12)] == [thorough] * 12
    assert counter(site, "cache_thorough") == before + 1
    assert len(site.asked(path)) == 1


def counter(site: Site, name: str) -> int:
    return json.loads(site.gateway.command("status", "--json").stdout)["counters"][name]


def test_a_purge_is_stronger_than_what_is_packed_again(site: Site) -> None:
    """Whatever is under way when it comes, nothing old is sent after it."""
    for turn in range(4):
        pages = [b"%d %s" % (n, NOISE.hex().encode()) * 4 for n in range(2)]
        path = site.page(*(Reply(headers=KEPT, body=page) for page in pages))
        for _ in range(8 + turn):
            assert site.get(path, Accept_Encoding="gzip").status == 200
        url = f"http://out.example.com:8000{path}"
        assert site.gateway.command("cache", "purge", url).returncode == 0
        for _ in range(3):
            got = site.get(path, Accept_Encoding="gzip")
            assert gzip.decompress(got.body) == pages[1]


def test_a_level_of_the_policy_is_kept_to(site: Site) -> None:
    """What the policy says is not our choice."""
    said = POLICY.replace("    compress\n", "    compress gzip 1\n")
    assert site.gateway.apply(said).returncode == 0
    try:
        path = site.page(Reply(headers=KEPT, body=WORDS))
        site.get(path, Accept_Encoding="gzip")
        sizes = {len(site.get(path, Accept_Encoding="gzip").body) for _ in range(20)}
        assert len(sizes) == 1
    finally:
        assert site.gateway.apply(POLICY).returncode == 0
