# SPDX-License-Identifier: GPL-2.0-or-later
"""A balancer says for whom it asks, in the PROXY protocol; what the policy sees
is that client: its zone, its limits, its bans, its events.  Nobody else may say
so, and the balancer may not keep silent."""

import socket

import pytest

from tests.lab.gateway import GOOD, Gateway
from tests.lab.host import Host
from tests.lab.journal import Journal
from tests.lab.listener import echo, read_all
from tests.story.zones import ZONES

# The guest network is where the balancer lives; nothing is for guests.
LISTEN = "listen 10.0.0.1:3128 for lan behind 10.0.9.4"
RULES = """
reject 10.0.0.77 -> any                    log as "that one"
reject lan -> .example.net                 log as "ads"
allow  lan -> wan connections 2 per source log as "web"
"""
POLICY = ZONES + "proxy {\n" + LISTEN + "\n}\n" + RULES
PORT = ("10.0.0.1", 3128)
GET = b"GET http://www.example.com/ HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
CONNECT = b"CONNECT out.example.com:443 HTTP/1.1\r\nHost: out.example.com:443\r\n\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def line(source: str, port: int = 40000) -> bytes:
    family = b"TCP6" if ":" in source else b"TCP4"
    to = b"2001:db8:1::1" if ":" in source else b"10.0.0.1"
    return b"PROXY %s %s %s %d 3128\r\n" % (family, source.encode(), to, port)


def binary(source: str, port: int = 40000, tlvs: bytes = b"") -> bytes:
    ipv6 = ":" in source
    family = socket.AF_INET6 if ipv6 else socket.AF_INET
    packed = socket.inet_pton(family, source)
    block = packed + packed + port.to_bytes(2, "big") + b"\x0c\x38" + tlvs
    kind = b"\x21\x21" if ipv6 else b"\x21\x11"
    return SIGNATURE + kind + len(block).to_bytes(2, "big") + block


def say(host: Host, *words: bytes, timeout: float = 3) -> bytes:
    """What is answered up to the end, a reset, or the silence after it."""
    said = b""
    with host.connect(*PORT, timeout=timeout) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for word in words:
                sock.sendall(word)
            while b"\r\n\r\n" not in said and (more := sock.recv(4096)):
                said += more
        except (ConnectionResetError, BrokenPipeError):
            said += b"<reset>"
    return said


@pytest.mark.parametrize("header", [line, binary])
@pytest.mark.parametrize("source", ["10.0.0.4", "10.0.0.200", "2001:db8:1::4"])
def test_the_client_is_the_one_named(
    gateway: Gateway, journal: Journal, header, source: str
) -> None:
    lab = gateway.lab
    with lab.guest.connect(*PORT, timeout=5) as sock:
        balancer = "%s:%d" % sock.getsockname()
        sock.sendall(header(source, 41001) + GET)
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
    event = journal.wait(rule_name="web", balancer=balancer)
    assert (event.source, event.source_port) == (source, 41001)
    assert event.zone_from == "lan"
    assert event.url == "http://www.example.com/"


def test_the_rules_are_the_clients(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    assert b" 403 " in say(lab.guest, line("10.0.0.77") + GET)
    event = journal.wait(rule_name="that one")
    assert (event.source, event.zone_from) == ("10.0.0.77", "lan")
    refused = GET.replace(b"www.example.com", b"ads.example.net")
    assert b" 403 " in say(lab.guest, binary("10.0.0.4") + refused)
    assert journal.wait(rule_name="ads").source == "10.0.0.4"


@pytest.mark.parametrize(
    "words",
    [
        [bytes([b]) for b in line("10.0.0.4") + GET],
        [bytes([b]) for b in binary("10.0.0.4") + GET],
        [binary("10.0.0.4", tlvs=b"\x01\0\2h2\xee\x01\0" + bytes(256)) + GET],
    ],
    ids=["a line in pieces", "binary in pieces", "with more behind it"],
)
def test_however_it_comes(gateway: Gateway, words: list[bytes]) -> None:
    assert say(gateway.lab.guest, *words).startswith(b"HTTP/1.1 200 ")


def test_socks_behind_it(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    request = b"\5\1\0" + b"\5\1\0\3\x0fout.example.com\1\xbb" + b"hello"
    with lab.out.serve(443, echo), lab.guest.connect(*PORT, timeout=5) as sock:
        sock.sendall(binary("10.0.0.4") + request)
        said = b""
        while len(said) < 17:
            said += sock.recv(100)
        assert said.endswith(b"hello")
    assert journal.wait(rule_name="web").source == "10.0.0.4"


def test_limits_are_the_clients(gateway: Gateway) -> None:
    lab = gateway.lab
    with lab.out.serve(443, echo):
        socks = []
        answers = []
        for source in ["10.0.0.5"] * 3 + ["10.0.0.6"]:
            sock = lab.guest.connect(*PORT, timeout=5)
            socks.append(sock)
            sock.sendall(line(source) + CONNECT)
            answers.append(sock.recv(12)[9:])
        for sock in socks:
            sock.close()
    assert answers == [b"200", b"200", b"429", b"200"]


@pytest.mark.parametrize(
    ("words", "reason", "source"),
    [
        (GET, "the balancer's PROXY header is malformed", "10.0.9.4"),
        (b"\5\1\0", "the balancer's PROXY header is malformed", "10.0.9.4"),
        (
            b"PROXY TCP4 10.0.0.4 10.0.0.1 1 2\n" + GET,
            "the balancer's PROXY header is malformed",
            "10.0.9.4",
        ),
        (
            b"PROXY UNKNOWN\r\n" + GET,
            "the balancer does not say for whom it asks",
            "10.0.9.4",
        ),
        (
            SIGNATURE + b"\x21\0\0\0" + GET,
            "the balancer does not say for whom it asks",
            "10.0.9.4",
        ),
        # The balancer itself, by its own address: nothing is for guests.
        (
            SIGNATURE + b"\x20\0\0\0" + GET,
            "the balancer speaks for one who may not ask here",
            "10.0.9.4",
        ),
        (
            line("203.0.113.9") + GET,
            "the balancer speaks for one who may not ask here",
            "203.0.113.9",
        ),
        (
            line("10.0.9.7") + GET,
            "the balancer speaks for one who may not ask here",
            "10.0.9.7",
        ),
        # An address of the gateway, and what never leaves a host.
        (
            line("10.0.0.1") + GET,
            "the balancer speaks for one who may not ask here",
            "10.0.0.1",
        ),
        (
            line("127.0.0.1") + GET,
            "the balancer speaks for one who may not ask here",
            "127.0.0.1",
        ),
    ],
)
def test_what_is_refused(
    gateway: Gateway, journal: Journal, words: bytes, reason: str, source: str
) -> None:
    assert say(gateway.lab.guest, words) == b"<reset>"
    event = journal.wait(reason=reason)
    assert (event.source, event.verdict) == (source, "reject")
    assert event.balancer is not None
    assert event.balancer.startswith("10.0.9.4:")


def test_silence_is_not_waited_for_long(gateway: Gateway, journal: Journal) -> None:
    assert say(gateway.lab.guest, b"PROXY TC", timeout=9) == b"<reset>"
    assert journal.wait(reason="the balancer sends no PROXY header")


@pytest.mark.parametrize("header", [line("10.0.0.200"), binary("10.0.0.200")])
def test_nobody_else_may_say_so(gateway: Gateway, header: bytes) -> None:
    """A line that is none of HTTP is answered with nothing at all."""
    said = say(gateway.lab.lan, header + GET)
    assert said == b"" if header.startswith(b"PROXY") else said.startswith(b"HTTP/1.1 400 ")
    assert say(gateway.lab.lan, GET).startswith(b"HTTP/1.1 200 ")


def test_a_look_at_the_port_is_no_event(gateway: Gateway) -> None:
    with gateway.lab.guest.connect(*PORT, timeout=3) as sock:
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b""


def test_a_ban_holds_behind_a_balancer(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    with lab.out.serve(443, echo):
        socks = []
        for source in "10.0.0.50", "10.0.0.51":
            sock = lab.guest.connect(*PORT, timeout=5)
            sock.sendall(line(source) + CONNECT)
            assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
            socks.append(sock)
        assert gateway.command("ban", "10.0.0.50/32").returncode == GOOD
        with pytest.raises(ConnectionResetError):
            socks[0].recv(1)
        socks[1].sendall(b"x")
        assert socks[1].recv(1) == b"x"
        for sock in socks:
            sock.close()
    assert say(lab.guest, line("10.0.0.50") + GET) == b"<reset>"
    assert journal.wait(reason="the client was banned", source="10.0.0.50")
    # Also after the proxy has been started again.
    gateway.kill("gatehouse-proxy")
    assert say(lab.guest, line("10.0.0.50") + GET, timeout=9) == b"<reset>"
    assert gateway.command("unban", "10.0.0.50").returncode == GOOD
    assert b" 200 " in say(lab.guest, line("10.0.0.50") + GET)


def test_a_balancer_that_is_none_any_more(own_lab) -> None:
    before = POLICY
    after = POLICY.replace("10.0.9.4", "10.0.9.5")
    with Gateway(own_lab, before) as gateway, own_lab.out.serve(443, echo):
        sock = own_lab.guest.connect(*PORT, timeout=5)
        sock.sendall(line("10.0.0.4") + CONNECT)
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert gateway.apply(after).returncode == GOOD
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
        sock.close()
        with pytest.raises(OSError):
            own_lab.guest.connect(*PORT, timeout=0.4)


def test_what_explain_says_of_it(gateway: Gateway) -> None:
    answer = gateway.explain("10.0.9.4 -> self 10.0.0.1 tcp 3128")
    assert (answer["verdict"], answer["enforcer"]) == ("allow", "firewall")
    assert answer["reason"] == "a balancer, which says whom it speaks for"
    answer = gateway.explain("10.0.9.5 -> self 10.0.0.1 tcp 3128")
    assert answer["verdict"] == "drop"
