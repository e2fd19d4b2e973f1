# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of the explicit port that speak SOCKS 5, 4a and 4."""

import contextlib
import socket

import pytest

from tests.lab import curl
from tests.lab.gateway import Gateway
from tests.lab.journal import Journal
from tests.lab.listener import echo
from tests.lab.watch import NEW_TCP, Watch
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
}

allow  lan -> 203.0.113.53 udp 53
reject lan -> .example.net             log as "ads"
drop   lan -> shop.example.com         log as "unheard"
reject lan -> any tcp 1-79             log as "low ports"
allow  lan -> wan connections 3 per source log as "web"
reject lan -> any                      log as "nothing else"
"""
)
PORT = ("10.0.0.1", 3128)
WAYS = {
    "socks5, names": ["--proxy", "socks5h://10.0.0.1:3128"],
    "socks5, addresses": ["--proxy", "socks5://10.0.0.1:3128"],
    "socks4a": ["--proxy", "socks4a://10.0.0.1:3128"],
    "socks4": ["--proxy", "socks4://10.0.0.1:3128"],
}
BY_NAME = ["socks5, names", "socks4a"]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_page(gateway: Gateway, way: list[str], scheme: str) -> None:
    answer = gateway.lab.lan.curl(f"{scheme}://v4only.example.com/a?b", *way)
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert answer.said["target"] == "/a?b"
    assert answer.said["peer"] == "203.0.113.1"


@pytest.mark.parametrize("way", BY_NAME)
def test_a_refused_name(gateway: Gateway, journal: Journal, way: str) -> None:
    lab = gateway.lab
    name = f"{way[:6]}.example.net"  # that no other story asks for
    with Watch(lab.web, NEW_TCP) as watch:
        answer = lab.lan.curl(f"http://{name}/", *WAYS[way])
        assert watch.count() == 0
    assert answer.exit == 97  # the proxy's refusal
    event = journal.wait(rule_name="ads", source_port=answer.ports)
    assert (event.name, event.port) == (name, 80)
    assert (event.phase, event.verdict) == ("name", "reject")
    assert not lab.names.was_asked(name)


def test_a_dropped_name_is_met_with_silence(gateway: Gateway) -> None:
    way = WAYS["socks5, names"]
    answer = gateway.lab.lan.curl("http://shop.example.com/", *way, timeout=0.7)
    assert answer.exit == curl.TIMED_OUT


def test_the_event_of_a_tunnel(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    answer = lab.lan.curl("http://v4only.example.com/", *WAYS["socks5, names"])
    event = journal.wait(rule_name="web", source_port=answer.ports)
    assert (event.name, event.destination) == ("v4only.example.com", lab.web.ip4)
    assert (event.method, event.url, event.status) == (None, None, None)
    assert event.bytes_out > len(answer.body)


# What curl does not say.

ANY = b"\x05\x01\x00"
GRANTED = b"\x05\x00"


def ask(gateway: Gateway, *words: bytes) -> bytes:
    """All that is answered until the end, or until it takes too long."""
    said = b""
    with gateway.lab.lan.connect(*PORT, timeout=0.5) as sock:
        for word in words:
            sock.sendall(word)
        try:
            while more := sock.recv(100):
                said += more
        except (TimeoutError, ConnectionResetError):
            pass
    return said


def by_name(name: bytes, port: int, command: int = 1) -> bytes:
    head = b"\x05%c\x00\x03%c" % (command, len(name))
    return head + name + port.to_bytes(2, "big")


def by_address(address: str, port: int) -> bytes:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = b"\x04" if ":" in address else b"\x01"
    packed = socket.inet_pton(family, address)
    return b"\x05\x01\x00" + kind + packed + port.to_bytes(2, "big")


@pytest.mark.parametrize(
    "request_, reply",
    [
        (by_name(b"ads.example.net", 443), 2),
        (by_name(b"www.example.com", 25), 2),
        (by_name(b"nothing.example.com", 443), 4),
        (by_name(b"rebind.example.com", 443), 2),
        (by_name(b"self.example.com", 3128), 2),
        (by_name(b"www.example.com", 81), 5),
        (by_address("10.0.0.200", 9100), 2),
        (by_address("127.0.0.1", 3128), 2),
        (by_address("::1", 3128), 2),
        (by_address("::ffff:10.0.0.200", 9100), 2),
        (by_name(b"10.0.0.200", 9100), 2),
        (by_name(b"127.1", 443), 1),
        (by_name(b"0x7f000001", 443), 1),
        (by_name(b"a b", 443), 1),
        (by_name(b"", 443), 1),
        (by_name(b"www.example.com", 0), 1),
        (by_name(b"www.example.com", 443, command=2), 7),
        (b"\x05\x01\x00\x09\x00\x00", 8),
        (b"\x05\x01\x07\x01\x00\x00", 1),
        (b"\x04\x01\x00\x01\x00\x00", 1),
    ],
)
def test_replies(gateway: Gateway, request_: bytes, reply: int) -> None:
    said = ask(gateway, ANY, request_)
    assert said == GRANTED + b"\x05%c\x00\x01" % reply + bytes(6)


def test_who_cannot_do_without_a_password(gateway: Gateway) -> None:
    assert ask(gateway, b"\x05\x01\x02") == b"\x05\xff"
    assert ask(gateway, b"\x05\x00") == b"\x05\xff"


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_words_in_pieces(gateway: Gateway, size: int) -> None:
    lab = gateway.lab
    whole = ANY + by_name(b"out.example.com", 443) + b"hello"
    with lab.out.serve(443, echo), lab.lan.connect(*PORT, timeout=2) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(whole), size):
            sock.sendall(whole[at : at + size])
        said = b""
        while len(said) < 17:
            said += sock.recv(100)
    assert said == GRANTED + b"\x05\x00\x00\x01" + bytes(6) + b"hello"


def test_connections_at_once(gateway: Gateway) -> None:
    lab = gateway.lab
    with lab.out.serve(443, echo):
        socks = [lab.lan.connect(*PORT, timeout=2) for _ in range(4)]
        replies = []
        for sock in socks:
            sock.sendall(ANY + by_name(b"out.example.com", 443))
            said = b""
            while len(said) < 12:
                said += sock.recv(100)
            replies.append(said[3])
        # The places are free for the next story once the other end is heard of.
        for sock in socks:
            with contextlib.suppress(OSError):  # the one without a place
                sock.shutdown(socket.SHUT_WR)
            while sock.recv(100):
                pass
            sock.close()
    assert replies == [0, 0, 0, 2]


def test_socks_has_no_place_behind_http(gateway: Gateway) -> None:
    request = b"GET http://www.example.com/ HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
    said = ask(gateway, request + ANY)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 400 " in said


def test_socks_4_by_hand(gateway: Gateway) -> None:
    lab = gateway.lab
    address = socket.inet_aton(lab.web.ip4)
    assert ask(gateway, b"\x04\x01\x00\x50" + address + b"me\0")[:2] == b"\x00\x5a"
    assert ask(gateway, b"\x04\x01\x00\x19" + address + b"me\0")[:2] == b"\x00\x5b"
    assert ask(gateway, b"\x04\x02\x00\x50" + address + b"me\0")[:2] == b"\x00\x5b"
    name = b"\0\0\0\x07" + b"\0" + b"ads.example.net\0"
    assert ask(gateway, b"\x04\x01\x00\x50" + name)[:2] == b"\x00\x5b"
    endless = b"\x04\x01\x00\x50" + address + b"u" * 300
    assert ask(gateway, endless)[:2] == b"\x00\x5b"
