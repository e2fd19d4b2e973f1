# SPDX-License-Identifier: GPL-2.0-or-later
"""Datagrams by SOCKS 5: each place that a client sends to is a flow of its own,
judged by name and address like a tunnel; nothing comes in that was not asked
for, and all of it ends with the client's connection."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.lab import wait
from tests.lab.flows import PROXY
from tests.lab.gateway import GOOD, Gateway
from tests.lab.host import Host, family_of
from tests.lab.journal import Journal
from tests.story.zones import ZONES

ECHO = 9145
POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    listen [2001:db8:1::1]:3128 for lan
}

allow  lan -> 203.0.113.53 udp 53           log as "dns"
reject lan -> .example.net udp              log as "ads"
reject lan -> any udp 1-52                  log as "low ports"
allow  lan -> wan udp 9145 connections 3 per source log as "echo"
allow  lan -> wan udp 9146                  log as "other"
reject lan -> any                           log as "nothing else"
"""
)
PORT, PORT6 = ("10.0.0.1", 3128), ("2001:db8:1::1", 3128)
OUT, OUT6 = "203.0.113.9", "2001:db8:f::9"


class Association:
    """What a client of SOCKS 5 has: a connection, and a socket of datagrams."""

    def __init__(self, host: Host, proxy=PORT, announce: bool = False):
        family = family_of(proxy[0])
        self.udp = host.udp(family)
        self.udp.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))
        self.tcp = host.connect(*proxy, timeout=10)
        own = self.tcp.getsockname()[0] if announce else "0.0.0.0"
        port = self.udp.getsockname()[1] if announce else 0
        self.tcp.sendall(b"\5\1\0" + b"\5\3\0" + place(own, port))
        said = self._read(6)
        assert said[:5] == b"\5\0\5\0\0", said
        said += self._read(16 if said[5] == 4 else 4) + self._read(2)
        packed = said[6:-2]
        address = socket.inet_ntop(family, packed)
        self.relay = (address, int.from_bytes(said[-2:], "big"))

    def _read(self, count: int) -> bytes:
        said = b""
        while len(said) < count:
            more = self.tcp.recv(count - len(said))
            assert more, said
            said += more
        return said

    def send(self, to: bytes, data: bytes, head: bytes = b"\0\0\0") -> None:
        self.udp.sendto(head + to + data, self.relay)

    def receive(self, timeout: float = 10) -> tuple[bytes, bytes]:
        """The place that it is from, as it is written, and what."""
        self.udp.settimeout(timeout)
        data, peer = self.udp.recvfrom(65535)
        assert peer[:2] == self.relay and data[:3] == b"\0\0\0"
        end = 10 if data[3] == 1 else 22
        return data[3:end], data[end:]

    def hears_nothing(self) -> bool:
        try:
            self.receive(0.4)
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        self.tcp.close()
        self.udp.close()


def place(host: str, port: int) -> bytes:
    """An address or a name, as SOCKS 5 writes it."""
    number = port.to_bytes(2, "big")
    for kind, family in (b"\1", socket.AF_INET), (b"\4", socket.AF_INET6):
        with contextlib.suppress(OSError, ValueError):
            return kind + socket.inet_pton(family, host) + number
    return b"\3" + bytes([len(host)]) + host.encode() + number


@pytest.fixture
def client(gateway: Gateway) -> Iterator[Association]:
    association = Association(gateway.lab.lan)
    yield association
    association.close()


@pytest.fixture(scope="module", autouse=True)
def echoes(gateway: Gateway) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for port in ECHO, ECHO + 1:
            stack.callback(gateway.lab.out.serve_udp_echo(port).close)
        yield


@pytest.mark.parametrize("announce", [False, True])
@pytest.mark.parametrize("proxy", [PORT, PORT6])
@pytest.mark.parametrize("to", [OUT, OUT6, "out.example.com"])
def test_there_and_back(
    gateway: Gateway, journal: Journal, to: str, proxy, announce: bool
) -> None:
    client = Association(gateway.lab.lan, proxy, announce)
    assert client.relay == proxy
    for words in b"one", b"", bytes(1400):
        client.send(place(to, ECHO), words)
        origin, said = client.receive()
        assert said == words
        assert origin in (place(OUT, ECHO), place(OUT6, ECHO))
    port = client.udp.getsockname()[1]
    client.close()
    event = journal.wait(rule_name="echo", source_port=port)
    assert (event.protocol, event.port, event.verdict) == ("udp", ECHO, "allow")
    assert event.destination in (OUT, OUT6)
    assert event.name == (to if to.startswith("out") else None)
    assert (event.bytes_in, event.bytes_out) == (1403, 1403)
    assert len(journal.events(source_port=port)) == 1


def test_an_address_that_comes_late_is_of_no_matter(
    gateway: Gateway, client: Association
) -> None:
    """The first one is used already, and nothing is dialled."""
    may_come = threading.Event()

    def records(kind: str) -> list[str]:
        if kind == "A":
            may_come.wait(10)
        return [OUT] if kind == "A" else [OUT6]

    gateway.lab.names.records["late.example.com"] = records
    client.send(place("late.example.com", ECHO), b"early")
    assert client.receive()[1] == b"early"
    may_come.set()
    name = place("out.example.com", ECHO)
    client.send(name, b"later")
    assert client.receive()[1] == b"later"


def test_a_question_to_a_name_server(gateway: Gateway, client: Association) -> None:
    question = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\3com\0\0\1\0\1"
    client.send(place("203.0.113.53", 53), question)
    origin, said = client.receive()
    assert origin == place("203.0.113.53", 53)
    assert said[:2] == b"\x12\x34" and socket.inet_aton("203.0.113.80") in said


@pytest.mark.parametrize(
    ("to", "port", "rule"),
    [
        ("tracker.example.net", ECHO, "ads"),
        ("out.example.com", 25, "low ports"),
        ("10.0.0.25", ECHO, "nothing else"),
        ("10.0.0.1", ECHO, "nothing else"),
        ("127.0.0.1", ECHO, "nothing else"),
        ("::ffff:10.0.0.25", ECHO, "nothing else"),
        ("10.0.0.200", ECHO, "nothing else"),
        # Names that lead inside, and to the gateway itself.
        ("rebind.example.com", ECHO, "nothing else"),
        ("self.example.com", ECHO, "nothing else"),
    ],
)
def test_what_is_refused(
    gateway: Gateway, journal: Journal, client: Association, to, port, rule
) -> None:
    asked = gateway.lab.names.asked
    before = len(asked)
    for _ in range(3):
        client.send(place(to, port), b"x")
    event = journal.wait(rule_name=rule, port=port, protocol="udp")
    assert event.verdict == "reject"
    assert client.hears_nothing()
    # The same again is no other event, and does not hurt what is allowed.
    client.send(place(OUT, ECHO), b"y")
    assert client.receive()[1] == b"y"
    assert len(journal.events(source_port=event.source_port)) == 1
    if to.endswith(".net"):
        assert to not in [name for _, name in asked[before:]]


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\0",
        b"\0\0\0\1",
        b"\0\0\1" + place(OUT, ECHO) + b"a piece",
        b"\0\0\x80" + place(OUT, ECHO) + b"the last piece",
        b"\0\1\0" + place(OUT, ECHO) + b"x",
        b"\1\0\0" + place(OUT, ECHO) + b"x",
        b"\0\0\0" + place(OUT, 0) + b"x",
        b"\0\0\0" + place(OUT, ECHO)[:-1],
        b"\0\0\0\2" + place(OUT, ECHO)[1:] + b"x",
        b"\0\0\0\0" + bytes(20),
        b"\0\0\0\3\0\x23\xb9x",
        b"\0\0\0\3\xff" + b"a" * 200,
        b"\0\0\0" + place("a b", ECHO) + b"x",
        b"\0\0\0" + place("127.1", ECHO) + b"x",
        b"\0\0\0" + place("0x7f000001", ECHO) + b"x",
        b"\0\0\0" + place("out.example.com\0", ECHO) + b"x",
        b"\0\0\0" + place("nothing.example.com", ECHO) + b"x",
        b"\0\0\0" + place("-", ECHO) + b"x",
    ],
)
def test_what_cannot_be_read_is_lost(client: Association, datagram: bytes) -> None:
    client.udp.sendto(datagram, client.relay)
    assert client.hears_nothing()
    client.send(place(OUT, ECHO), b"y")
    assert client.receive()[1] == b"y"


def test_only_who_has_asked_is_heard(gateway: Gateway, client: Association) -> None:
    lab = gateway.lab
    client.send(place(OUT, ECHO), b"mine")
    assert client.receive()[1] == b"mine"
    # Another port of the same client, another client, another zone.
    for host in lab.lan, lab.mail, lab.guest:
        with host.udp(timeout=0.4) as other:
            other.sendto(b"\0\0\0" + place(OUT, ECHO) + b"x", client.relay)
            with pytest.raises(OSError):
                other.recv(100)
    assert client.hears_nothing()


def test_only_who_was_asked_may_answer(gateway: Gateway, client: Association) -> None:
    lab = gateway.lab
    asked = []
    with lab.out.udp(timeout=2) as server, lab.out.udp() as stranger:
        server.bind(("203.0.113.9", 0))
        # 9146 is taken by an echo on [::]; so this one asks the echo, and
        # a third party sends to the socket that the echo saw.
        client.send(place(OUT, ECHO + 1), b"x")
        assert client.receive()[1] == b"x"
        asked = [p for p in lab.out.listeners[-1].peers if p[0] == "203.0.113.1"]
        stranger.sendto(b"not asked", asked[-1])
        assert client.hears_nothing()


def test_it_ends_with_the_connection(gateway: Gateway, journal: Journal) -> None:
    client = Association(gateway.lab.lan)
    client.send(place(OUT, ECHO), b"x")
    assert client.receive()[1] == b"x"
    client.tcp.close()
    journal.wait(rule_name="echo", source_port=client.udp.getsockname()[1])
    client.send(place(OUT, ECHO), b"y")
    assert client.hears_nothing()
    client.udp.close()


def test_connections_at_once(gateway: Gateway, journal: Journal) -> None:
    clients = [Association(gateway.lab.lan, announce=True) for _ in range(4)]
    for client in clients:
        client.send(place(OUT, ECHO), b"x")
    heard = [not client.hears_nothing() for client in clients]
    assert sorted(heard) == [False, True, True, True]
    event = journal.wait(reason="there are more of these than the policy allows")
    assert (event.rule_name, event.protocol) == ("echo", "udp")
    for client in clients:
        client.close()

    def is_served() -> bool:
        client = Association(gateway.lab.lan)
        client.send(place(OUT, ECHO), b"x")
        heard = not client.hears_nothing()
        client.close()
        return heard

    wait.until("the others' end to be seen", is_served)


def test_they_keep_their_order(gateway: Gateway, client: Association) -> None:
    """In bursts: whichever of the proxy's threads reads them, it is one."""
    for burst in range(300):
        sent = [b"%d %d" % (burst, i) for i in range(60)]
        for words in sent:
            client.send(place(OUT, ECHO), words)
        assert [client.receive()[1] for _ in sent] == sent


def test_many_places_of_one_client(gateway: Gateway, client: Association) -> None:
    """More than are kept at once: the oldest makes room, and comes again."""
    for port in [*range(30000, 30060), ECHO + 1]:
        client.send(place(OUT, port), b"x")
    assert client.receive()[1] == b"x"


def test_bind_is_not_for_us(gateway: Gateway) -> None:
    with gateway.lab.lan.connect(*PORT, timeout=2) as sock:
        sock.sendall(b"\5\1\0" + b"\5\2\0" + place(OUT, 80))
        said = b""
        while len(said) < 12:
            said += sock.recv(100)
    assert said[2:4] == b"\5\7"


def test_a_policy_that_forbids_it_later(own_lab) -> None:
    after = POLICY.replace("allow  lan -> wan udp 9145", "reject lan -> wan udp 9145")
    after = after.replace(" connections 3 per source", "")
    with Gateway(own_lab, POLICY) as gateway:
        for port in ECHO, ECHO + 1:
            own_lab.out.serve_udp_echo(port)
        client = Association(own_lab.lan)
        for port in ECHO, ECHO + 1:
            client.send(place(OUT, port), b"x")
            assert client.receive()[1] == b"x"
        assert gateway.apply(after).returncode == GOOD
        gateway.journal.wait(rule_name="echo", reason="the policy has changed")
        client.send(place(OUT, ECHO), b"y")
        assert client.hears_nothing()
        client.send(place(OUT, ECHO + 1), b"z")
        assert client.receive()[1] == b"z"
        client.close()


def test_a_ban_ends_it(own_lab) -> None:
    with Gateway(own_lab, POLICY) as gateway:
        own_lab.out.serve_udp_echo(ECHO)
        client = Association(own_lab.lan)
        client.send(place(OUT, ECHO), b"x")
        assert client.receive()[1] == b"x"
        assert gateway.command("ban", "10.0.0.4").returncode == GOOD
        gateway.journal.wait(rule_name="echo", reason="the client was banned")
        client.close()
