# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that know of no proxy: their web is handed over by the kernel."""

import re
import socket

import pytest

from tests.lab import curl
from tests.lab.gateway import Gateway
from tests.lab.host import Host
from tests.lab.journal import Journal
from tests.lab.watch import NEW_TCP, Watch

FAMILIES = pytest.mark.parametrize(
    "family, gateways", [("-4", "203.0.113.1"), ("-6", "2001:db8:f::1")]
)


@FAMILIES
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_page(gateway: Gateway, scheme: str, family: str, gateways: str) -> None:
    """The server's peer is the gateway itself: the proxy fetched it."""
    answer = gateway.lab.lan.curl(f"{scheme}://www.example.com/a?b", family)
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert answer.said["peer"] == gateways
    assert answer.said["target"] == "/a?b"


def test_guests_too(gateway: Gateway) -> None:
    for scheme in ("http", "https"):
        assert gateway.lab.guest.curl(f"{scheme}://www.example.com/").status == 200


@FAMILIES
def test_an_advertiser_known_by_host(
    gateway: Gateway, family: str, gateways: str
) -> None:
    lab = gateway.lab
    with Watch(lab.web, NEW_TCP) as watch:
        answer = lab.lan.curl("http://ads.example.net/", family)
        assert watch.count() == 0
    assert answer.status == 403
    assert "ads" in answer.text.replace("ads.example.net", "")


@FAMILIES
def test_an_advertiser_known_by_tls_name(
    gateway: Gateway, family: str, gateways: str
) -> None:
    lab = gateway.lab
    with Watch(lab.web, NEW_TCP) as watch:
        answer = lab.lan.curl("https://tracker.example.net/", family, timeout=3)
        assert watch.count() == 0
    assert answer.exit in (curl.TLS_FAILED, curl.PROXY_REFUSED)


def test_names_know_no_case(gateway: Gateway) -> None:
    lan = gateway.lab.lan
    answer = lan.curl("http://www.example.com/", "-4", "-H", "Host: ADS.Example.NET")
    assert answer.status == 403


def test_a_request_that_comes_a_byte_at_a_time(gateway: Gateway) -> None:
    request = b"GET /slowly HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
    with gateway.lab.lan.connect("203.0.113.80", 80) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request:
            sock.send(bytes([byte]))
        assert sock.recv(4096).startswith(b"HTTP/1.1 200")


def test_quic_does_not_pass_the_proxy_by(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    with Watch(lab.web, "udp dport 443") as watch, lab.lan.udp() as sock:
        sock.connect((lab.web.ip4, 443))
        sock.send(b"hello")
        with pytest.raises(OSError) as refusal:
            sock.recv(100)
        assert watch.count() == 0
    assert not isinstance(refusal.value, socket.timeout), "refused, not dropped"
    event = journal.wait(protocol="udp", port=443, source=lab.lan.ip4)
    assert (event.verdict, event.phase) == ("reject", "packet")
    assert event.reason == "needs the proxy"


def test_direct_keeps_a_flow_out_of_the_proxy(
    gateway: Gateway, journal: Journal
) -> None:
    lab = gateway.lab
    answer = lab.mail.curl("https://www.example.com/", "-4")
    assert answer.said["peer"] == "203.0.113.1", "masqueraded"
    event = journal.wait(source=lab.mail.ip4, source_port=answer.ports)
    assert (event.enforcer, event.phase) == ("firewall", "packet")
    assert event.rule_name == "mail out"


def handover_ports(gateway: Gateway) -> set[int]:
    """Where the proxy takes what the kernel hands over."""
    listening = gateway.lab.gw.run(["ss", "-Hltn"], check=True).stdout
    ports = {int(port) for port in re.findall(r":(\d+)\s", listening)}
    return ports - {3128}


def can_connect(host: Host, address: str, port: int) -> bool:
    try:
        host.connect(address, port, timeout=0.3).close()
    except OSError:
        return False
    return True


def test_nobody_reaches_the_hand_over_itself(gateway: Gateway) -> None:
    lab = gateway.lab
    ports = handover_ports(gateway)
    assert ports, "it intercepts, so it listens"
    for port in ports:
        for address in (lab.gw.ip4, lab.gw.ip6, lab.web.ip4, lab.web.ip6):
            assert not can_connect(lab.lan, address, port), (address, port)
        for address in ("203.0.113.1", "2001:db8:f::1"):
            assert not can_connect(lab.out, address, port), (address, port)
