# SPDX-License-Identifier: GPL-2.0-or-later
"""What is popular is sent from where it lies in the cache: so its memory must
not become another's while a client has not taken it yet.

Clients ask for a page and read nothing of it; it is purged, and other pages get
its memory.  Then they read."""

import array
import fcntl
import select
import socket
import termios
from collections.abc import Iterator

import pytest

from tests.lab import wait
from tests.lab.gateway import PROGRAM, Gateway
from tests.lab.origin import Origin, Reply
from tests.lab.process import memory_kib
from tests.story.cached import FRESH, URL, Site
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    cache memory 24M, object 4M
}
allow lan -> wan
"""
)
LARGE = 3 << 20
CLIENTS = 8


@pytest.fixture(scope="module")
def site(gateway: Gateway) -> Iterator[Site]:
    origin = Origin()
    with gateway.lab.out.serve(8000, origin.handle):
        yield Site(gateway, origin)


def page_of(letter: bytes, size: int) -> bytes:
    return b"".join(b"%s%06d\n" % (letter, n) for n in range(size // 8))


def ask(site: Site, path: str) -> socket.socket:
    """What is sent is in the sockets of both sides, until somebody reads."""
    sock = site.lab.lan.connect("10.0.0.1", 3128, timeout=10)
    sock.sendall(
        f"GET {URL}{path} HTTP/1.1\r\nHost: out.example.com\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    return sock


def waiting(sock: socket.socket) -> int:
    size = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, size)
    return size[0]


def stands_still(sock: socket.socket) -> bool:
    before = waiting(sock)
    return before > 0 and not select.select([], [], [sock], 0.2)[2] and waiting(sock) == before


def rest_of(sock: socket.socket) -> bytes:
    answer = b"".join(iter(lambda: sock.recv(1 << 20), b""))
    sock.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200") and b"; hit" in head
    return body


@pytest.mark.parametrize("blocks", [1, 3, 48])
@pytest.mark.parametrize("chunked", [False, True], ids=["known", "chunked"])
def test_what_was_sent_before_a_purge_stays_as_it_was(
    site: Site, blocks: int, chunked: bool
) -> None:
    """One block is in the socket as a whole, and nobody holds the page any more;
    of many, those who have not been sent all do."""
    size = blocks << 16
    old = page_of(b"o", size)
    path = site.page(Reply(headers=FRESH, body=old, chunked=chunked))
    for _ in range(10):  # it is popular
        assert site.get(path).body == old
    socks = [ask(site, path) for _ in range(CLIENTS)]
    for sock in socks:
        wait.until("it stands still", lambda sock=sock: stands_still(sock))
    assert site.gateway.command("cache", "purge", URL + path).stdout == "1 purged\n"
    for n in range(3 * CLIENTS):
        other = page_of(b"%c" % (ord("A") + n), size)
        assert site.get(site.page(Reply(headers=FRESH, body=other))).body == other
    assert [rest_of(sock) == old for sock in socks] == [True] * CLIENTS


@pytest.mark.skipif("san" in PROGRAM.parent.name, reason="it keeps what is freed")
def test_memory_goes_back(site: Site) -> None:
    """What was lent is the system's again when it is purged."""
    pages = [page_of(b"%c" % (ord("a") + n), LARGE) for n in range(6)]
    paths = [site.page(Reply(headers=FRESH, body=page)) for page in pages]
    for path in paths:
        for _ in range(10):
            assert len(site.get(path).body) == LARGE
    before = resident(site)
    assert site.gateway.command("cache", "purge", "all").returncode == 0
    wait.until("it to be given back", lambda: resident(site) < before - 4 * LARGE)


def resident(site: Site) -> int:
    [pid] = site.gateway.pids("gatehouse-proxy")
    return memory_kib(pid) << 10
