# SPDX-License-Identifier: GPL-2.0-or-later
"""More comes than there is room for: it is shed by rule, those within their share
are served on, and memory has its bound.

    IDLE=50000 python3 -m pytest -s tests/story/test_0184_overload.py

A place more goes to a source that has fewer than are free (src/proxy/crowd.h).
docs/failures.md has the limits.  As many connections are made as this machine
has descriptors for; what 50,000 would take is reckoned from those.
"""

import json
import os
import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.lab import namespace, wait
from tests.lab.flood import ask
from tests.lab.gateway import SANITIZED, Gateway
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.lab.listener import read_head
from tests.lab.process import memory_kib
from tests.story.test_0145_socks_datagrams import Association, place
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy { listen 10.0.0.1:3128 for lan }
allow lan -> wan tcp 80, tcp 8000, udp 9000-9999
"""
)
ROOT = Path(__file__).resolve().parents[2]
PAGE = "http://www.example.com/"
IDLE, IDLE_MIB = 50000, 200
WANTED = int(os.environ.get("IDLE", "5000"))
SOURCES = [f"10.0.0.{n}" for n in range(100, 120)]
HEAD = b"GET http://out.example.com:8000/ HTTP/1.1\r\nHost: out.example.com\r\n\r\n"
SOON_S = 1.0  # an answer for who is within his share


def constant(file: str, name: str) -> int:
    text = (ROOT / "src" / file).read_text()
    return int(re.search(rf"#define {name} +(\d+)", text)[1])


CLIENTS = constant("proxy/limits.h", "PROXY_CLIENTS_MAX")
EACH = constant("proxy/limits.h", "PROXY_CLIENT_DESCRIPTORS")
SLOW = constant("proxy/limits.h", "PROXY_SLOW_HEADS_MAX")


@pytest.fixture(scope="module")
def crowded_lab(gateway_lab: Lab) -> Iterator[Lab]:
    """The client's host has the addresses of many, all of its network."""
    with Lab() as lab:
        namespace.ip(
            (f"addr add {source}/24 dev eth0" for source in SOURCES),
            lab.lan.namespace,
        )
        yield lab


@pytest.fixture(scope="module")
def gateway(crowded_lab: Lab) -> Iterator[Gateway]:
    with Gateway(crowded_lab, POLICY) as gateway:
        assert ask(crowded_lab.lan, PAGE) == 200
        yield gateway


@pytest.fixture(autouse=True)
def _all_have_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "gateway" in request.fixturenames:
        gateway = request.getfixturevalue("gateway")
        wait.until("their end", lambda: counter(gateway, "connections_open") == 0)


def counter(gateway: Gateway, name: str) -> int:
    return json.loads(gateway.command("status", "--json").stdout)["counters"][name]


def proxy(gateway: Gateway) -> int:
    [pid] = gateway.pids("gatehouse-proxy")
    return pid


def resident(gateway: Gateway) -> int:
    return memory_kib(proxy(gateway)) << 10


def places(gateway: Gateway) -> int:
    text = Path(f"/proc/{proxy(gateway)}/limits").read_text()
    limit = int(re.search(r"Max open files +(\d+)", text)[1])
    return min(CLIENTS, limit // EACH)


def own_descriptors() -> int:
    """As many as this process may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def connections(
    host: Host, count: int, sources: list[str], window: int = 0
) -> list[socket.socket]:
    """So many to the proxy, from these in turn; those that are to be had."""

    def make() -> list[socket.socket]:
        made = []
        for n in range(count):
            sock = socket.socket()
            if window:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            sock.settimeout(5)
            sock.bind((sources[n % len(sources)], 0))
            with suppress(OSError):
                sock.connect(("10.0.0.1", 3128))
            made.append(sock)
        return made

    return namespace.inside(host.namespace, make)


@contextmanager
def crowd(*argv, **options) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(sock) for sock in connections(*argv, **options)]


def is_shed(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def is_served_soon(lab: Lab) -> None:
    """The mail server asks, which has no other connection."""
    for _ in range(5):
        began = time.monotonic()
        assert ask(lab.mail, PAGE) == 200
        assert time.monotonic() - began < SOON_S


def test_idle_connections(gateway: Gateway) -> None:
    lab = gateway.lab
    count = min(WANTED, places(gateway) * 9 // 10, own_descriptors() - 1000)
    before = resident(gateway)
    with crowd(lab.lan, count, SOURCES):
        wait.until("all", lambda: counter(gateway, "connections_open") == count, 20)
        each = (resident(gateway) - before) / count
        is_served_soon(lab)
    mib = (before + IDLE * each) / (1 << 20)
    print(f"\n{count} idle: {each:.0f} bytes each; {IDLE} in {mib:.0f} MiB")
    assert SANITIZED or mib < IDLE_MIB


def test_slow_heads(gateway: Gateway) -> None:
    """Slowloris: of the places for heads that come slowly it has half."""
    lab = gateway.lab
    shed = counter(gateway, "connections_shed")
    before = resident(gateway)
    with crowd(lab.lan, 2 * SLOW, SOURCES[:1]) as socks:
        for sock in socks:
            with suppress(OSError):
                sock.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 30000)
        wait.until(
            "half of it", lambda: counter(gateway, "connections_open") == SLOW // 2
        )
        is_served_soon(lab)
        grown = (resident(gateway) - before) >> 20
        print(f"\n{len(socks)} slow heads, {SLOW // 2} waited for: {grown} MiB")
        assert SANITIZED or grown < 64
    assert counter(gateway, "connections_shed") - shed == 2 * SLOW - SLOW // 2
    assert gateway.journal.events(
        reason="too many of its heads come slowly", source=SOURCES[0]
    )


def endless(conn: socket.socket) -> None:
    read_head(conn)
    conn.sendall(b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n\r\n")
    while True:
        conn.sendall(b"x" * 65536)


def test_slow_readers(gateway: Gateway) -> None:
    """They ask for what has no end, have the smallest windows, and read nothing."""
    lab = gateway.lab
    count = 200
    before = resident(gateway)
    with (
        lab.out.serve(8000, endless),
        crowd(lab.lan, count, SOURCES, window=1) as socks,
    ):
        for sock in socks:
            sock.sendall(HEAD)
        wait.until("all", lambda: counter(gateway, "upstream_dials") >= count, 10)
        is_served_soon(lab)
        each = (resident(gateway) - before) / count
        print(f"\n{count} slow readers: {each / 1024:.0f} KiB each")
        assert SANITIZED or each < 320 << 10


class Cramped(Gateway):
    """Its proxy has few descriptors."""

    DESCRIPTORS = 1500

    def argv(self) -> list[str | Path]:
        limit = f"--nofile={self.DESCRIPTORS}:{self.DESCRIPTORS}"
        # Without the capability that could raise it again.
        lasting = ["setpriv", "--bounding-set=-sys_resource"]
        return ["prlimit", limit, *lasting, *super().argv()]


@pytest.fixture(scope="module")
def cramped(gateway_lab: Lab) -> Iterator[Gateway]:
    with Lab() as lab, Cramped(lab, POLICY) as cramped:
        assert ask(lab.mail, PAGE) == 200
        assert places(cramped) == Cramped.DESCRIPTORS // EACH
        yield cramped


def test_a_flood_of_connections(cramped: Gateway) -> None:
    """Ten times as many as its share, from one source."""
    lab, share = cramped.lab, places(cramped) // 2
    before = resident(cramped)
    with crowd(lab.lan, 10 * share, ["10.0.0.4"]) as socks:
        wait.until("it to be met", lambda: sum(map(is_shed, socks)) >= 9 * share)
        is_served_soon(lab)
        assert counter(cramped, "connections_open") == share
        grown = (resident(cramped) - before) >> 10
        print(f"\n{10 * share} came, {share} stayed: {grown} KiB more")
        assert SANITIZED or grown < 8 << 10
    assert cramped.journal.events(source="10.0.0.4", enforcer="proxy", verdict="drop")
    wait.until("room", lambda: counter(cramped, "connections_open") == 0)
    assert ask(lab.lan, PAGE) == 200


def test_datagrams_to_everywhere(cramped: Gateway) -> None:
    """By SOCKS, each to a place of its own, for which the proxy has a socket."""
    lab, share = cramped.lab, places(cramped) // 2
    shed = counter(cramped, "connections_shed")
    with ExitStack() as stack:
        clients = [Association(lab.lan) for _ in range(12)]
        for client in clients:
            stack.callback(client.close)
            for port in range(9000, 9032):
                client.send(place("203.0.113.9", port), b"?")
        wait.until("it to be met", lambda: counter(cramped, "connections_shed") > shed)
        is_served_soon(lab)
        opened = len(os.listdir(f"/proc/{proxy(cramped)}/fd"))
        print(f"\n{12 * 32} places: {opened} descriptors")
        # Each of its connections has another, to answer by.
        assert share < opened < share + 100
