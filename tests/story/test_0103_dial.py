# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom the proxy dials: names, the addresses behind them, and their failures.

Every address that a name resolves to is judged before it is dialled.
"""

import pytest

from tests.lab import curl, wait
from tests.lab.flows import PROXY
from tests.lab.gateway import Gateway
from tests.lab.listener import read_head
from tests.lab.nameserver import turning
from tests.lab.watch import NEW_TCP, Watch
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
}

reject lan -> .example.net      log as "by name"
drop   lan -> .example.org      log as "unheard"
allow  lan -> wan               log as "web"
reject lan -> any               log as "told"
"""
)


def test_a_name_that_is_refused_is_not_even_asked_for(gateway: Gateway) -> None:
    lab = gateway.lab
    name = "never.example.net"
    assert lab.lan.curl(f"http://{name}/", *PROXY).status == 403
    assert not lab.names.was_asked(name)


def test_a_name_that_is_dropped_is_met_with_silence(gateway: Gateway) -> None:
    answer = gateway.lab.lan.curl("http://www.example.org/", *PROXY, timeout=0.7)
    assert answer.exit == curl.TIMED_OUT
    assert not gateway.lab.names.was_asked("www.example.org")


def test_a_name_that_does_not_exist(gateway: Gateway) -> None:
    answer = gateway.lab.lan.curl("http://nothing.example.com/", *PROXY)
    assert 500 <= answer.status < 600
    assert "nothing.example.com" in answer.text


def test_a_name_server_that_is_silent(gateway: Gateway) -> None:
    answer = gateway.lab.lan.curl("http://silent.example.com/", *PROXY, timeout=15)
    assert 500 <= answer.status < 600


def test_a_server_that_refuses(gateway: Gateway) -> None:
    answer = gateway.lab.lan.curl("http://www.example.com:81/", *PROXY)
    assert 500 <= answer.status < 600


def test_a_second_address_where_the_first_refuses(gateway: Gateway) -> None:
    lab = gateway.lab
    lab.names.records["both.example.com"] = [lab.dns.ip4, lab.web.ip4]
    assert lab.lan.curl("http://both.example.com/", *PROXY).status == 200


def test_ipv4_that_is_known_late(gateway: Gateway) -> None:
    """IPv6 is dialled before the name server has said what IPv4 there is, and
    fails; IPv4 then joins (RFC 8305)."""
    lab = gateway.lab
    with Watch(lab.dns, NEW_TCP) as watch:

        def answer(kind: str) -> list[str]:
            if kind != "A":
                return [lab.dns.ip6]  # which has no web server
            wait.until("a dial of IPv6", lambda: watch.count() > 0)
            return [lab.web.ip4]

        lab.names.records["late.example.com"] = answer
        assert lab.lan.curl("http://late.example.com/", *PROXY).status == 200


def test_ipv4_that_is_known_late_and_refused(gateway: Gateway) -> None:
    """What comes late is judged as all else: it is not dialled."""
    lab = gateway.lab
    with Watch(lab.dns, NEW_TCP) as dialled, Watch(lab.printer, NEW_TCP) as inside:

        def answer(kind: str) -> list[str]:
            if kind != "A":
                return [lab.dns.ip6]
            wait.until("a dial of IPv6", lambda: dialled.count() > 0)
            return [lab.printer.ip4]

        lab.names.records["inside.example.com"] = answer
        assert lab.lan.curl("http://inside.example.com/", *PROXY).status == 502
        assert inside.count() == 0


def test_an_address_that_is_not_allowed_is_passed_over(gateway: Gateway) -> None:
    """One name, two addresses: the one inside is never dialled."""
    lab = gateway.lab
    lab.names.records["mixed.example.com"] = [lab.printer.ip4, lab.web.ip4]
    with Watch(lab.printer, NEW_TCP) as watch:
        lab.lan.curl("http://mixed.example.com/", *PROXY)
        assert watch.count() == 0


@pytest.mark.parametrize("name", ["rebind.example.com", "self.example.com"])
def test_a_name_that_points_inside(gateway: Gateway, name: str) -> None:
    lab = gateway.lab
    with Watch(lab.printer, NEW_TCP) as watch:
        assert lab.lan.curl(f"http://{name}/", *PROXY).status == 403
        assert watch.count() == 0


def test_a_name_that_turns_inside(gateway: Gateway) -> None:
    """What was judged is what is dialled, however the name answers later."""
    lab = gateway.lab
    lab.names.records["turn.example.com"] = turning([lab.web.ip4], [lab.printer.ip4])
    with Watch(lab.printer, NEW_TCP) as watch:
        for _ in range(3):
            answer = lab.lan.curl("http://turn.example.com/", *PROXY)
            assert answer.status in (200, 403)
        assert watch.count() == 0


def test_a_redirect_is_the_clients_affair(gateway: Gateway) -> None:
    answer = gateway.lab.lan.curl("http://www.example.com/moved", *PROXY)
    assert answer.status == 302
    assert answer.headers["location"] == "http://www.example.com/elsewhere"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"\x00" * 100,
    ],
    ids=["nothing", "smtp", "two lengths", "negative", "huge", "coding", "zeros"],
)
def test_a_server_that_makes_no_sense(gateway: Gateway, said: bytes) -> None:
    def handle(conn) -> None:
        read_head(conn)
        conn.sendall(said)

    lab = gateway.lab
    with lab.out.serve(80, handle):
        answer = lab.lan.curl("http://out.example.com/", *PROXY)
    assert answer.status == 502
