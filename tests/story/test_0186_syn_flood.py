# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that are only begun, under forged sources, as fast as they can be
sent: to what is refused, to the proxy's own listener, and through a published
port to a server inside.  Whoever is allowed is served all through, and what the
kernel remembers of the flood has its bound.

    SYN_FRAMES=400000 python3 -m pytest -s tests/story/test_0186_syn_flood.py

fills the table of flows as well, where the kernel has its usual bound.  No rule
here has a limit, and there is no SYN proxy: it is the kernel's cookies, and
that a refused packet leaves nothing behind, and that of a full table of flows
those go first that were never answered.
"""

import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from tests.lab import frames, namespace, wait
from tests.lab.flood import ask
from tests.lab.frames import Packet
from tests.lab.gateway import PROGRAM, Gateway
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.lab.listener import echo
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy { listen 10.0.0.1:3128 for lan }
publish wan tcp 25 -> 10.0.0.25 tcp 2525
allow lan -> wan tcp 80, tcp 5000
"""
)
WAN = "203.0.113.1"
PAGE = "http://www.example.com/"
SANITIZED = "san" in PROGRAM.parent.name
SOON_S = 1.0 if not SANITIZED else 5.0
FRAMES = int(os.environ.get("SYN_FRAMES", "30000"))  # different ones, over and over
ROUNDS = 10
FORGED = [f"198.18.{n >> 8}.{n & 255}" for n in range(50_000)]
NEIGHBOURS = [f"10.0.0.{n}" for n in range(100, 200)]  # who are not there


@pytest.fixture(scope="module")
def gateway(gateway_lab: Lab) -> Iterator[Gateway]:
    """The lab is this file's own: its tables are filled."""
    with Lab() as lab:
        lab.out.serve(5000, echo)
        # Where the forged sources seem to live; he takes no notice.
        namespace.ip([f"route add 198.18.0.0/15 via {lab.out.ip4}"], lab.gw.namespace)
        with Gateway(lab, POLICY) as gateway:
            assert ask(lab.mail, PAGE) == 200
            yield gateway


def wire() -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind(("eth0", 0))
    return sock


def hardware(host: Host, link: str) -> bytes:
    found = host.run(["cat", f"/sys/class/net/{link}/address"], check=True).stdout
    return bytes.fromhex(found.strip().replace(":", ""))


class SynFlood:
    """`with SynFlood(gateway, host, "ext0", sources, to) as flood:` from the wire of
    a host, to the interface of the gateway that it is on, without a pause."""

    def __init__(
        self,
        gateway: Gateway,
        host: Host,
        link: str,
        sources: list[str],
        to: tuple[str, int],
    ):
        self.sent = 0
        self._ends = hardware(host, "eth0"), hardware(gateway.lab.gw, link)
        self._packets = [self._frame(n, sources, to) for n in range(FRAMES)]
        self._wire = namespace.inside(host.namespace, wire)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _frame(self, number: int, sources: list[str], to: tuple[str, int]) -> bytes:
        """Each has another source, or another port."""
        rounds, source = divmod(number, len(sources))
        packet = Packet(
            number,
            ip_address(sources[source]),
            ip_address(to[0]),
            "tcp",
            1024 + rounds * 7 % 60000,
            to[1],
        )
        return frames.ethernet(frames.internet(packet), *self._ends)

    def _run(self) -> None:
        for packet in itertools.cycle(self._packets):
            if self._over.is_set():
                return
            with contextlib.suppress(OSError):  # no room on the wire
                self._wire.send(packet)
                self.sent += 1

    def __enter__(self) -> "SynFlood":
        self._began = time.monotonic()
        self._thread.start()
        wait.until("all of it", lambda: self.sent >= FRAMES, 60)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._wire.close()
        self.rate = self.sent / (time.monotonic() - self._began)


def flows(gateway: Gateway) -> int:
    path = "/proc/sys/net/netfilter/nf_conntrack_count"
    return int(gateway.lab.gw.run(["cat", path], check=True).stdout)


def cookies(host: Host) -> int:
    """Sent by the host's kernel."""
    lines = host.run(["cat", "/proc/net/netstat"], check=True).stdout.splitlines()
    return int(dict(zip(lines[0].split(), lines[1].split()))["SyncookiesSent"])


def slowest(*clients: Callable[[], None]) -> float:
    """Of what each of them asks, again and again; all are served."""
    longest = 0.0
    for client in itertools.chain.from_iterable([clients] * ROUNDS):
        began = time.monotonic()
        client()
        longest = max(longest, time.monotonic() - began)
    return longest


def echoes(sock: socket.socket) -> None:
    sock.sendall(b"?")
    assert sock.recv(1) == b"?"


@pytest.fixture
def clients(gateway: Gateway) -> Iterator[list[Callable[[], None]]]:
    """One that asks the proxy, one that begins a flow, one whose flow lives."""
    lab, place = gateway.lab, ("203.0.113.9", 5000)

    def asks() -> None:
        assert ask(lab.mail, PAGE) == 200

    def begins() -> None:
        with lab.mail.connect(*place) as sock:
            echoes(sock)

    with lab.mail.connect(*place) as lives:
        yield [asks, begins, lambda: echoes(lives)]


def test_to_what_is_refused(gateway: Gateway, clients: list) -> None:
    """It leaves nothing behind."""
    before = flows(gateway)
    with SynFlood(gateway, gateway.lab.out, "ext0", FORGED, (WAN, 23)) as flood:
        longest = slowest(*clients)
        grown = flows(gateway) - before
    tell(flood, longest, grown)
    assert longest < SOON_S
    assert grown < 500


def test_to_the_listener(gateway: Gateway, clients: list) -> None:
    """By one within, under the addresses of others: cookies answer."""
    lab = gateway.lab
    sent = cookies(lab.gw)
    with SynFlood(gateway, lab.lan, "int0", NEIGHBOURS, ("10.0.0.1", 3128)) as flood:
        longest = slowest(*clients)
        grown = flows(gateway)
    tell(flood, longest, grown)
    assert longest < SOON_S
    assert cookies(lab.gw) > sent


def test_through_a_published_port(gateway: Gateway, clients: list) -> None:
    """The server inside answers strangers that never come, and one that does."""
    lab = gateway.lab

    def comes() -> None:
        with lab.web.connect(WAN, 25) as sock:
            assert b"mail.example.com" in sock.recv(100)

    with SynFlood(gateway, lab.out, "ext0", FORGED, (WAN, 25)) as flood:
        longest = slowest(*clients, comes)
        grown = flows(gateway)
    tell(flood, longest, grown)
    assert longest < SOON_S
    assert grown > FRAMES // 2 and cookies(lab.mail) > 0


def tell(flood: SynFlood, longest: float, grown: int) -> None:
    print(
        f"\n{flood.sent} connections begun, {flood.rate:.0f} a second; "
        f"the slowest answer took {longest * 1000:.0f} ms; {grown} flows"
    )
