# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers see the intercepted client's own address: `keep source`."""

import os
import signal
import socket

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, Gateway
from tests.lab.host import Host
from tests.lab.journal import Journal
from tests.lab.listener import read_head
from tests.lab.watch import NEW_TCP, Watch
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    intercept web for lan keep source
    intercept web for guest
}

allow lan, guest -> wan udp 53
allow lan, guest -> .example.com log
allow lan -> wan tcp 80, tcp 443
"""
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

FAMILIES = pytest.mark.parametrize("family", ["-4", "-6"])


def address(host: Host, family: str) -> str:
    return host.ip4 if family == "-4" else host.ip6


@FAMILIES
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_server_sees_the_client(
    gateway: Gateway, scheme: str, family: str
) -> None:
    for client in (gateway.lab.lan, gateway.lab.mail):
        answer = client.curl(f"{scheme}://www.example.com/a", family)
        assert (answer.exit, answer.status) == (0, 200), answer.error
        assert answer.said["peer"] == address(client, family)
        assert 16384 <= int(answer.said["peer_port"]) < 32768


@FAMILIES
def test_what_is_large_arrives(gateway: Gateway, family: str) -> None:
    size = 20_000_000
    gateway.lab.pages.hole("keep-source", size)
    for scheme in ("http", "https"):
        url = f"{scheme}://www.example.com/files/keep-source"
        answer = gateway.lab.lan.curl(url, family, timeout=20)
        assert (answer.status, len(answer.body)) == (200, size)


@FAMILIES
def test_a_zone_without_it_is_seen_as_the_gateway(
    gateway: Gateway, family: str
) -> None:
    answer = gateway.lab.guest.curl("http://www.example.com/", family)
    assert answer.status == 200
    assert answer.said["peer"] in ("203.0.113.1", "2001:db8:f::1")


def test_who_asks_the_listener_is_seen_as_the_gateway(gateway: Gateway) -> None:
    answer = gateway.lab.lan.curl(
        "http://v4only.example.com/", "--proxy", "http://10.0.0.1:3128"
    )
    assert (answer.status, answer.said["peer"]) == (200, "203.0.113.1")


def test_a_kept_connection_is_its_clients_alone(gateway: Gateway) -> None:
    def serve(conn: socket.socket) -> None:
        while read_head(conn):
            conn.sendall(OK)

    lab = gateway.lab
    with lab.out.serve(80, serve) as server:
        for client in (lab.lan, lab.mail, lab.guest) * 4:
            answer = client.curl("http://out.example.com/", "-4")
            assert (answer.status, answer.text) == (200, "ok")
        seen = [peer for peer, _ in server.peers]
        assert sorted(seen) == sorted([lab.lan.ip4, lab.mail.ip4, "203.0.113.1"])


def test_an_address_without_a_name(gateway: Gateway) -> None:
    """It goes to the address that the client meant."""
    answer = gateway.lab.lan.curl("http://203.0.113.80/")
    assert (answer.status, answer.said["peer"]) == (200, gateway.lab.lan.ip4)


def test_a_name_of_the_other_family_alone(gateway: Gateway, journal: Journal) -> None:
    """It is known by its name, and that name leads where the client has no
    address: nobody else's is taken."""
    lab = gateway.lab
    answer = lab.lan.curl("http://203.0.113.80/", "-H", "Host: v6only.example.com")
    assert answer.status == 502
    event = journal.wait(source=lab.lan.ip4, source_port=answer.ports)
    assert event.reason == "there is no way to the server"


def test_a_server_that_refuses(gateway: Gateway) -> None:
    assert gateway.lab.lan.curl("http://out.example.com/", "-4").status == 502


def test_the_proxy_is_started_again(gateway: Gateway) -> None:
    lab = gateway.lab
    gateway.kill("gatehouse-proxy")
    wait.until("it runs again", lambda: gateway.pids("gatehouse-proxy"))
    for family in ("-4", "-6"):
        answer = lab.lan.curl("http://www.example.com/", family, timeout=10)
        assert (answer.status, answer.said["peer"]) == (200, address(lab.lan, family))


def peer_of(client: Host) -> str:
    """By a new connection, which a tunnel always has."""
    return client.curl("https://v4only.example.com/").said["peer"]


def test_it_comes_and_goes_with_the_policy(gateway: Gateway) -> None:
    lan = gateway.lab.lan
    url = "http://v4only.example.com/"
    try:
        assert gateway.apply(POLICY.replace(" keep source", "")).returncode == GOOD
        assert lan.curl(url).said["peer"] == peer_of(lan) == "203.0.113.1"
    finally:
        assert gateway.apply(POLICY).returncode == GOOD
    assert lan.curl(url).said["peer"] == peer_of(lan) == lan.ip4


def test_masqueraded_all_the_same(gateway: Gateway) -> None:
    hidden = POLICY.replace("allow lan, ", "masquerade lan -> wan\nallow lan, ", 1)
    try:
        assert gateway.apply(hidden).returncode == GOOD
        assert peer_of(gateway.lab.lan) == "203.0.113.1"
    finally:
        assert gateway.apply(POLICY).returncode == GOOD


# A socket that may bear any address, as a broken proxy has with each client that
# is handed over to it.
FOREIGN = """
import os, socket, sys
uid, source, server = int(sys.argv[1]), sys.argv[2], sys.argv[3]
os.seteuid(uid)
sock = socket.socket()
os.seteuid(0)
sock.setsockopt(socket.IPPROTO_IP, 19, 1)  # IP_TRANSPARENT
sock.bind((source, 20000))
sock.settimeout(0.5)
try:
    sock.connect((server, 80))
except OSError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("keeps", [True, False])
def test_the_proxy_takes_no_other_address(gateway: Gateway, keeps: bool) -> None:
    lab = gateway.lab
    policy = POLICY if keeps else POLICY.replace(" keep source", "")
    try:
        assert gateway.apply(policy).returncode == GOOD
        [pid] = gateway.pids("gatehouse-proxy")
        uid = os.stat(f"/proc/{pid}").st_uid
        assert uid != 0
        for source in (lab.lan.ip4, lab.guest.ip4, "198.51.100.7"):
            with Watch(lab.web, NEW_TCP) as watch:
                words = [str(uid), source, lab.web.ip4]
                done = lab.gw.run(["python3", "-c", FOREIGN, *words])
                assert (done.returncode, watch.count()) == (1, 0), done.stderr
    finally:
        assert gateway.apply(POLICY).returncode == GOOD


def test_without_gatehoused_from_no_other_address(
    gateway: Gateway, journal: Journal
) -> None:
    """It never answers: the client is refused, and the server sees nobody."""
    lab = gateway.lab
    [pid] = gateway.pids("gatehoused")
    with lab.out.serve(80, read_head) as server:
        os.kill(pid, signal.SIGSTOP)
        try:
            answer = lab.lan.curl("http://out.example.com/", "-4", timeout=25)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert answer.status == 503
        assert server.peers == []
    event = journal.wait(source=lab.lan.ip4, source_port=answer.ports)
    assert event.reason == "the client's own address could not be kept"
