# SPDX-License-Identifier: GPL-2.0-or-later
"""The packet filter alone: a policy without a proxy."""

import contextlib
import errno
import os
import socket
import time
from collections.abc import Iterator

import pytest

from tests.lab.gateway import Gateway
from tests.lab.host import Host
from tests.lab.journal import Journal
from tests.lab.lab import Lab
from tests.lab.watch import NEW_TCP, Watch
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
name mail = 10.0.0.25

masquerade lan, guest -> wan

drop    guest -> lan                            log as "no guests"
publish wan tcp 443 -> mail tcp 2525            log as "mail in"
allow   lan, guest -> wan udp 4000-4100         log as "echo"
allow   lan, guest -> wan tcp 80                log as "web"
reject  lan -> any                              log as "told"
drop    any -> any                              log as "strangers"
"""
)


def is_silent(host: Host, address: str, port: int) -> bool:
    try:
        host.connect(address, port, timeout=0.5).close()
    except socket.timeout:
        return True
    except OSError:
        return False
    return False


def test_the_office_is_one_address_outside(gateway: Gateway) -> None:
    lab = gateway.lab
    for host in (lab.lan, lab.guest):
        answer = host.curl("http://www.example.com/", "-4", *to_web(lab.web))
        assert answer.said["peer"] == "203.0.113.1"


def to_web(web: Host) -> list[str]:
    """This policy allows no questions to the name server."""
    return ["--resolve", f"www.example.com:80:{web.ip4},[{web.ip6}]"]


def test_ipv6_passes(gateway: Gateway) -> None:
    lab = gateway.lab
    answer = lab.lan.curl("http://www.example.com/", "-6", *to_web(lab.web))
    assert answer.status == 200


def test_datagrams_and_their_answers(gateway: Gateway) -> None:
    lab = gateway.lab
    echo = lab.out.serve_udp_echo(4001)
    with lab.lan.udp() as sock:
        sock.sendto(b"hello", (lab.out.ip4, 4001))
        assert sock.recv(100) == b"hello"
    assert echo.peers[-1][0] == "203.0.113.1"


def refusal_of_datagram(lab: Lab, address: str) -> str:
    """What the sender of a datagram is told: nothing, if that is limited."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with lab.lan.udp(family) as sock:
        sock.connect((address, 5000))
        sock.settimeout(1)
        sock.send(b"hello")
        try:
            sock.recv(100)
        except TimeoutError:
            return "silence"
        except OSError as error:
            return errno.errorcode[error.errno]
    return "answer"


def test_reject_answers_at_once(gateway: Gateway) -> None:
    lab = gateway.lab
    for address in (lab.web.ip4, lab.web.ip6):
        start = time.monotonic()
        with pytest.raises(ConnectionRefusedError):
            lab.lan.connect(address, 443)
        assert time.monotonic() - start < 1
        # The kernel limits its ICMP errors to one host, so one may be missing.
        said = [refusal_of_datagram(lab, address) for _ in range(3)]
        assert set(said) - {"silence"} and "answer" not in said


def test_drop_is_silent(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    assert is_silent(lab.guest, lab.printer.ip4, 9100)
    event = journal.wait(source=lab.guest.ip4, port=9100)
    assert (event.verdict, event.rule_name) == ("drop", "no guests")


@pytest.mark.parametrize("family", [4, 6])
def test_strangers_hear_nothing(gateway: Gateway, family: int) -> None:
    lab = gateway.lab
    inside = lab.mail.ip4 if family == 4 else lab.mail.ip6
    edge = "203.0.113.1" if family == 4 else "2001:db8:f::1"
    with Watch(lab.mail, NEW_TCP) as watch:
        assert is_silent(lab.out, inside, 2525)
        assert is_silent(lab.out, edge, 22)
        assert watch.count() == 0


def test_a_published_port(gateway: Gateway) -> None:
    """The server inside sees who calls, not the gateway."""
    lab = gateway.lab
    with lab.out.connect("203.0.113.1", 443) as sock:
        assert sock.recv(100) == f"220 mail.example.com to {lab.out.ip4}\r\n".encode()


def test_a_published_port_from_inside(gateway: Gateway) -> None:
    """Client and server share a network, yet the answer comes by the gateway."""
    lab = gateway.lab
    for host in (lab.lan, lab.guest):
        with host.connect("203.0.113.1", 443) as sock:
            assert sock.recv(100).startswith(b"220 mail.example.com")


@contextlib.contextmanager
def also_called(host: Host, address: str) -> Iterator[None]:
    """The host sends from an address that is not its own."""
    host.run(["ip", "addr", "add", address, "dev", "lo"], check=True)
    try:
        yield
    finally:
        host.run(["ip", "addr", "del", address, "dev", "lo"], check=True)


@pytest.mark.parametrize(
    "who, pretends, where",
    [
        ("lan", "10.0.9.9", "web"),  # a guest
        ("lan", "203.0.113.77", "web"),  # a stranger
        ("guest", "10.0.0.99", "web"),  # one of ours
        ("out", "10.0.0.99", "mail"),
        ("lan", "2001:db8:9::9", "web"),
        ("out", "2001:db8:1::99", "mail"),
    ],
)
def test_a_source_that_does_not_live_there(
    gateway: Gateway, journal: Journal, who: str, pretends: str, where: str
) -> None:
    lab = gateway.lab
    host, target = getattr(lab, who), getattr(lab, where)
    address = target.ip6 if ":" in pretends else target.ip4
    with also_called(host, pretends), Watch(target, NEW_TCP) as watch:
        with pytest.raises(OSError):
            host.connect(address, 80, timeout=0.3, source=(pretends, 0))
        assert watch.count() == 0
    event = journal.wait(source=pretends)
    assert (event.verdict, event.enforcer) == ("drop", "firewall")
    assert event.rule_line is None
    assert "spoof" in event.reason


@contextlib.contextmanager
def narrow(host: Host, link: str, mtu: int) -> Iterator[None]:
    host.run(["ip", "link", "set", link, "mtu", str(mtu)], check=True)
    try:
        yield
    finally:
        host.run(["ip", "link", "set", link, "mtu", "1500"], check=True)


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_path_mtu_is_found(gateway: Gateway, family: str) -> None:
    """The gateway's own word that a packet is too big reaches the sender."""
    lab = gateway.lab
    sent = lab.pages.file("narrow.bin", os.urandom(200_000))
    url = "http://www.example.com/files/narrowed.bin"
    put = ["--upload-file", str(sent), *to_web(lab.web)]
    with narrow(lab.gw, "ext0", 1300):
        answer = lab.lan.curl(url, family, *put, timeout=3)
    assert answer.status in (201, 204), answer.error


def test_the_gateway_says_nothing_of_its_own(gateway: Gateway) -> None:
    """What its other programs send is `self -> ...` and needs a rule."""
    lab = gateway.lab
    with Watch(lab.web, NEW_TCP) as watch:
        with pytest.raises(OSError):
            lab.gw.connect(lab.web.ip4, 80, timeout=0.3)
        assert watch.count() == 0
