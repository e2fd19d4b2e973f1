# SPDX-License-Identifier: GPL-2.0-or-later
"""What the gateway listens on for one zone is no way for another through the
proxy, which would come there in the gateway's name: however the rules allow it,
and however it is spelled."""

import socket
import struct

import pytest

from tests.lab.gateway import Gateway
from tests.lab.lab import Lab
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    listen 10.0.9.1:3128 for guest
}
dns {
    listen 10.0.0.1 for lan
    upstream 203.0.113.53
}
console {
    listen 10.0.0.1:8080, 127.0.0.1:8080
    from lan
}
reject guest -> www.example.com
allow  lan, guest, self -> any
"""
)
GUEST_PROXY = ("10.0.9.1", 3128)
STATUS = "/api/v1/status"
REASON = "the proxy does not call the gateway's own listeners"


def connect(lab: Lab, to: str) -> bytes:
    """The first line that a CONNECT of a guest is answered."""
    with lab.guest.connect(*GUEST_PROXY) as sock:
        sock.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
        return sock.recv(4096).split(b"\r\n")[0]


def socks(lab: Lab, address: str, port: int) -> int:
    """What SOCKS 5 says to a guest: 0 is a connection."""
    with lab.guest.connect(*GUEST_PROXY) as sock:
        sock.sendall(b"\x05\x01\x00")
        assert sock.recv(2) == b"\x05\x00"
        wanted = socket.inet_aton(address) + struct.pack("!H", port)
        sock.sendall(b"\x05\x01\x00\x01" + wanted)
        return sock.recv(100)[1]


def test_another_listener_knows_nobody_by_the_gateway(gateway: Gateway) -> None:
    """A name that is refused here was allowed there, to the gateway itself."""
    guest = gateway.lab.guest
    url = "http://www.example.com/"
    assert guest.curl(url, "-x", "http://10.0.9.1:3128").status == 403
    nested = guest.curl(
        url, "--preproxy", "socks5h://10.0.9.1:3128", "-x", "http://10.0.0.1:3128"
    )
    assert nested.status != 200
    for listener in ("10.0.0.1:3128", "10.0.9.1:3128"):
        assert b" 403 " in connect(gateway.lab, listener)


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "0.0.0.0", "[::ffff:10.0.0.1]"])
def test_the_console_is_for_its_zones_alone(gateway: Gateway, host: str) -> None:
    guest = gateway.lab.guest
    asked = guest.curl(f"http://{host}:8080{STATUS}", "-x", "http://10.0.9.1:3128")
    assert asked.status in (400, 403)
    assert b" 200 " not in connect(gateway.lab, f"{host}:8080")


def test_the_console_by_socks(gateway: Gateway) -> None:
    assert socks(gateway.lab, "10.0.0.1", 8080) == 2  # not allowed by the rules
    assert socks(gateway.lab, "10.0.9.1", 8081) != 2  # where nothing listens


def test_who_may_come_may_come_by_the_proxy(gateway: Gateway) -> None:
    url = "http://10.0.0.1:8080" + STATUS
    for more in ((), ("-x", "http://10.0.0.1:3128")):
        assert gateway.lab.lan.curl(url, *more).status == 200


def test_the_dns_of_another_zone(gateway: Gateway) -> None:
    assert b" 403 " in connect(gateway.lab, "10.0.0.1:53")


def test_a_listener_everywhere_is_at_each_address(gateway: Gateway) -> None:
    everywhere = POLICY.replace("listen 10.0.0.1:3128 for lan", "listen 0.0.0.0:3129 for lan")
    assert gateway.apply(everywhere).returncode == 0
    assert b" 403 " in connect(gateway.lab, "10.0.0.1:3129")
    assert b" 403 " in connect(gateway.lab, "127.0.0.1:3129")
    assert gateway.apply(POLICY).returncode == 0


def test_it_is_told_and_explained(gateway: Gateway) -> None:
    journal = gateway.journal.from_here()
    connect(gateway.lab, "10.0.0.1:8080")
    journal.wait(verdict="reject", reason=REASON)
    explained = gateway.explain("guest 10.0.9.4 -> http://10.0.0.1:8080/")
    assert (explained["verdict"], explained["rule"]) == ("reject", None)
    other = gateway.explain("guest 10.0.9.4 -> http://10.0.0.1:8081/")
    assert other["verdict"] == "allow"
