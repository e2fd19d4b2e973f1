# SPDX-License-Identifier: GPL-2.0-or-later
"""Living flows and the policy: what another policy forbids is ended in the
kernel, stays ended, and is told of; all else lives on.  `flows` lists what
lives, with the rule that allows it, and ends one."""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.lab import wait
from tests.lab.flows import PROXY
from tests.lab.gateway import GOOD, NO, WRONG_CALL, Gateway
from tests.lab.listener import echo, read_head
from tests.story.zones import ZONES, line_of

# No other story uses these.
TCP, UDP, BOUND, MAIL = range(9131, 9135)
OUT4, OUT6 = "203.0.113.9", "2001:db8:f::9"
PUBLIC = "203.0.113.1"


def policy(*rules: str, proxy: str = "") -> str:
    return ZONES + proxy + "\n".join(rules) + "\n"


PUBLISH = f'publish wan tcp {TCP} -> 10.0.0.25 tcp {MAIL} log as "mail"'
OPEN = policy(
    "masquerade guest -> wan",
    PUBLISH,
    f'allow lan -> wan tcp {TCP} log as "tcp"',
    f'allow lan -> wan udp {UDP} as "udp"',
    "allow guest -> wan",
    "allow lan, guest -> wan icmp",
    f"allow lan -> self tcp {BOUND}",
    f"allow self -> wan tcp {TCP}",
    "drop any -> any",
)
POLICY = OPEN


def without(*words: str, text: str = OPEN) -> str:
    """The policy without its rules that have one of these words."""
    lines = [l for l in text.splitlines() if not any(w in l for w in words)]
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def servers(gateway: Gateway) -> Iterator[None]:
    """And the policy is as it was, each time."""
    lab = gateway.lab
    udp = lab.out.serve_udp_echo(UDP)
    with (
        contextlib.closing(udp),
        lab.out.serve(TCP, echo),
        lab.mail.serve(MAIL, echo),
    ):
        apply(gateway, OPEN)
        yield


def apply(gateway: Gateway, text: str) -> str:
    done = gateway.apply(text)
    assert done.returncode == GOOD, done.stderr
    return done.stderr


class Tcp:
    """A connection that says something and hears it again."""

    def __init__(self, sock: socket.socket):
        self.sock = sock
        assert self.lives()

    def lives(self, timeout: float = 2.0) -> bool:
        words = os.urandom(50_000)
        self.sock.settimeout(timeout)
        try:
            threading.Thread(target=self._send, args=[words]).start()
            return take(self.sock, len(words)) == words
        except OSError:
            return False

    def _send(self, words: bytes) -> None:
        with contextlib.suppress(OSError):
            self.sock.sendall(words)

    def is_reset(self) -> bool:
        """Told at once, not left to find out by silence."""
        self.sock.settimeout(2.0)
        try:
            self.sock.sendall(b"still there?")
            self.sock.recv(1)
        except ConnectionResetError:
            return True
        return False


class Udp:
    def __init__(self, sock: socket.socket, to: tuple[str, int]):
        self.sock = sock
        sock.connect(to)
        assert self.lives()

    def lives(self, timeout: float = 2.0) -> bool:
        words = os.urandom(20)
        self.sock.settimeout(timeout)
        try:
            self.sock.send(words)
            return self.sock.recv(100) == words
        except OSError:
            return False


def take(sock: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count and (more := sock.recv(count - len(got))):
        got += more
    return got


@contextlib.contextmanager
def living(gateway: Gateway) -> Iterator[dict[str, Tcp | Udp]]:
    """One of each kind, all at once."""
    lab = gateway.lab
    with (
        lab.gw.serve(BOUND, echo),
        lab.lan.connect(OUT4, TCP) as tcp,
        lab.lan.connect(OUT6, TCP) as tcp6,
        lab.guest.connect(OUT4, TCP) as masqueraded,
        lab.out.connect(PUBLIC, TCP) as published,
        lab.lan.connect("10.0.0.1", BOUND) as to_self,
        lab.gw.connect(OUT4, TCP) as from_self,
        lab.lan.udp() as udp,
        lab.lan.udp(socket.AF_INET6) as udp6,
    ):
        yield {
            "tcp": Tcp(tcp),
            "tcp6": Tcp(tcp6),
            "masqueraded": Tcp(masqueraded),
            "published": Tcp(published),
            "to self": Tcp(to_self),
            "from self": Tcp(from_self),
            "udp": Udp(udp, (OUT4, UDP)),
            "udp6": Udp(udp6, (OUT6, UDP)),
        }


def check(flows: dict[str, Tcp | Udp], ended: set[str]) -> None:
    """Those and no others have ended.  The ended are asked last, and again
    after all others have gone on."""
    for name, flow in flows.items():
        if name not in ended:
            assert flow.lives(), name
    for name in ended:
        assert not flows[name].lives(0.5), name


FORBIDDEN = {
    "nothing": ((), set()),
    "tcp": (('as "tcp"',), {"tcp", "tcp6"}),
    "udp": (('as "udp"',), {"udp", "udp6"}),
    "masqueraded": (("guest -> wan",), {"masqueraded"}),
    "published": (("publish",), {"published"}),
    "to self": (("-> self",), {"to self"}),
    "from self": (("self -> wan",), {"from self"}),
}


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_what_is_forbidden_ends_and_nothing_else(gateway: Gateway, kind: str) -> None:
    words, ended = FORBIDDEN[kind]
    with living(gateway) as flows:
        said = apply(gateway, without(*words))
        check(flows, ended)
    many = "" if len(ended) == 1 else "s"
    expected = f"{len(ended)} living flow{many} ended\n" if ended else ""
    assert said == expected


@pytest.mark.parametrize(
    "kind", ["tcp", "tcp6", "masqueraded", "published", "to self", "from self"]
)
def test_both_ends_are_told(gateway: Gateway, kind: str) -> None:
    """At once, by a reset, instead of waiting for what does not come."""
    with living(gateway) as flows:
        apply(gateway, policy("drop any -> any"))
        assert flows[kind].is_reset()
