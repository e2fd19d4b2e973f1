# SPDX-License-Identifier: GPL-2.0-or-later
"""What is local to the gateway is not called by the proxy for whom a rule allows
everything: only what a rule names."""

import socket
import struct
from collections.abc import Iterator

import pytest

from tests.lab.gateway import GOOD, Gateway, gatehouse
from tests.lab.lab import Lab
from tests.lab.listener import greet, read_head
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
}
allow lan -> any
"""
)
NAMED = POLICY.replace("allow lan -> any", "allow lan -> 127.0.0.1 tcp 9000\nallow lan -> any")
PROXY = ("10.0.0.1", 3128)
REASON = "the proxy calls what is local only where a rule names it"
CLOUD = "169.254.169.254"
SECRET = "only for those at home"


@pytest.fixture(scope="module", autouse=True)
def at_home(gateway: Gateway) -> Iterator[None]:
    with gateway.lab.gw.serve(9000, greet(SECRET), "127.0.0.1"):
        yield


def connect(lab: Lab, to: str) -> bytes:
    """What a CONNECT is answered, and what follows."""
    with lab.lan.connect(*PROXY, timeout=10) as sock:
        sock.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
        head = read_head(sock)
        if b" 200 " in head:
            sock.sendall(b"?")
            return head + sock.recv(4096)
        return head


def socks(lab: Lab, address: str, port: int) -> int:
    """What SOCKS 5 says: 0 is a connection."""
    with lab.lan.connect(*PROXY, timeout=10) as sock:
        sock.sendall(b"\x05\x01\x00")
        assert sock.recv(2) == b"\x05\x00"
        wanted = socket.inet_aton(address) + struct.pack("!H", port)
        sock.sendall(b"\x05\x01\x00\x01" + wanted)
        return sock.recv(100)[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]", "home.example.com"])
def test_loopback_is_not_called(gateway: Gateway, host: str) -> None:
    gateway.lab.names.records["home.example.com"] = ["127.0.0.1"]
    said = connect(gateway.lab, f"{host}:9000")
    assert b" 403 " in said or b" 400 " in said
    asked = gateway.lab.lan.curl(f"http://{host}:9000/", "-x", "http://10.0.0.1:3128")
    assert asked.status in (400, 403) and SECRET not in asked.text
    assert socks(gateway.lab, "127.0.0.1", 9000) == 2  # not allowed by the rules


def test_the_words_of_a_cloud(gateway: Gateway) -> None:
    journal = gateway.journal.from_here()
    assert b" 403 " in connect(gateway.lab, f"{CLOUD}:80")
    journal.wait(verdict="reject", reason=REASON, destination=CLOUD)
    explained = gateway.explain(f"lan 10.0.0.4 -> http://{CLOUD}/")
    assert (explained["verdict"], explained["rule"]) == ("reject", None)


def test_what_is_named_is_called(gateway: Gateway) -> None:
    assert gateway.apply(NAMED).returncode == GOOD
    assert SECRET.encode() in connect(gateway.lab, "127.0.0.1:9000")
    assert b" 403 " in connect(gateway.lab, "127.0.0.2:9000")
    assert b" 403 " in connect(gateway.lab, f"{CLOUD}:80")
    assert gateway.apply(POLICY).returncode == GOOD
    assert b" 403 " in connect(gateway.lab, "127.0.0.1:9000")


def test_diff_knows_what_the_name_opens(gateway: Gateway) -> None:
    after = gateway.dir / "named.policy"
    after.write_text(NAMED)
    told = gatehouse("diff", gateway.policy, after)
    assert "127.0.0.1" in told.stdout and "allow" in told.stdout
