# SPDX-License-Identifier: GPL-2.0-or-later
"""Browsers ask the listener itself which way to go (PAC, WPAD), and are told by
the rules that are for them."""

import pytest

from tests.lab.gateway import Gateway
from tests.lab.http2 import Http2
from tests.lab.listener import read_head
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    intercept tcp 80 for guest
}

allow 10.0.0.25 -> 198.51.100.0/24 tcp 443 direct
allow lan -> wan
allow guest -> wan
"""
)
LISTENER = "http://10.0.0.1:3128"
TYPE = "application/x-ns-proxy-autoconfig"
THEIRS = '"ports": [[443, 443]]'


@pytest.mark.parametrize("path", ["/proxy.pac", "/wpad.dat"])
def test_who_asks_is_told(gateway: Gateway, path: str) -> None:
    journal = gateway.journal.from_here()
    for host, has in ((gateway.lab.lan, False), (gateway.lab.mail, True)):
        answer = host.curl(LISTENER + path)
        assert (answer.status, answer.headers["content-type"]) == (200, TYPE)
        assert 'function FindProxyForURL(' in answer.body.decode()
        assert '"proxy": "PROXY 10.0.0.1:3128"' in answer.body.decode()
        assert (THEIRS in answer.body.decode()) == has
        assert journal.events(source_port=answer.ports) == []


def test_on_a_connection_that_goes_on(gateway: Gateway) -> None:
    """Between requests for others, by its length; HEAD has the same head."""
    with gateway.lab.lan.connect("10.0.0.1", 3128, timeout=5) as sock:
        lengths = []
        for method in ("HEAD", "GET", "GET"):
            sock.sendall(f"{method} /wpad.dat HTTP/1.1\r\nHost: wpad\r\n\r\n".encode())
            head = read_head(sock)
            assert head.startswith(b"HTTP/1.1 200")
            length = int(head.lower().split(b"content-length:")[1].split()[0])
            lengths.append(length)
            left = length if method == "GET" else 0
            while left > 0:
                left -= len(sock.recv(left))
        assert len(set(lengths)) == 1 and lengths[0] > 1000
        sock.sendall(b"GET http://www.example.com/a HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
        assert read_head(sock).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("url", [f"{LISTENER}/proxy.pac", f"{LISTENER}/wpad.dat"])
def test_by_the_whole_url(gateway: Gateway, url: str) -> None:
    """As HTTP/2 asks, and who has the proxy already."""
    with Http2(gateway.lab.lan.connect("10.0.0.1", 3128, timeout=5)) as h2:
        answer = h2.get(url)
        assert (answer.status, answer.headers["content-type"]) == (200, TYPE)
        assert b"function FindProxyForURL(" in answer.body
    answer = gateway.lab.lan.curl(url, "--proxy", LISTENER)
    assert (answer.status, answer.headers["content-type"]) == (200, TYPE)


def test_nothing_else_is_told(gateway: Gateway) -> None:
    for asked in ("GET /", "GET /proxy.pac/", "POST /proxy.pac", "GET /PROXY.PAC"):
        with gateway.lab.lan.connect("10.0.0.1", 3128, timeout=5) as sock:
            sock.sendall(f"{asked} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
            assert read_head(sock).startswith(b"HTTP/1.1 400"), asked
    # Who knows of no proxy asks a server.
    answer = gateway.lab.guest.curl("http://www.example.com/proxy.pac")
    assert answer.status == 200 and answer.headers["content-type"] != TYPE
