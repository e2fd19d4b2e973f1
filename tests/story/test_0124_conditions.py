# SPDX-License-Identifier: GPL-2.0-or-later
"""Conditions and options of rules, enforced: in the kernel and in the proxy.

Hours are those of now, or of any time but now; so the stories hold at all
times, but for the minute in which the policy is written.
"""

import time

import pytest

from tests.lab.flows import PROXY
from tests.lab.gateway import Gateway
from tests.lab.host import Host
from tests.lab.journal import Journal
from tests.lab.listener import echo, read_head
from tests.story.zones import ZONES, line_of


def around_now() -> tuple[str, str]:
    """A span that holds now, and one that does not, of this very day."""
    now = time.localtime()
    day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][now.tm_wday]
    hours = (now.tm_hour, (now.tm_hour + 12) % 24)
    spans = [f"{day} {h:02}:00-{h + 1:02}:00" for h in hours]
    # At the end of an hour now runs into the next one.
    spans[0] += f", {(now.tm_hour + 1) % 24:02}:00-{(now.tm_hour + 1) % 24 + 1:02}:00"
    return spans[0], spans[1]


NOW, THEN = around_now()
POLICY = (
    ZONES
    + f"""
name friend = 10.0.0.25
hours now  = {NOW}
hours then = {THEN}

proxy {{
    listen 10.0.0.1:3128 for lan
    intercept tcp 80 for lan
}}

masquerade lan, guest -> wan

allow  lan, guest -> 203.0.113.53 udp 53
reject lan -> wan tcp 7001 during now                  as "shut now"
reject lan -> wan tcp 7002 during then                 as "shut then"
allow  lan except friend -> wan except 203.0.113.9 tcp 7003   as "not the friend"
allow  lan -> wan tcp 7004 connections 2 per source    as "two"
allow  lan -> wan udp 7005 limit 3/h burst 3 per source  as "three"
report reject lan -> wan tcp 7006              log     as "would be shut"
allow  lan -> wan tcp 7001-7002, tcp 7006              as "open"
report reject lan -> v4only.example.com        log     as "would be refused"
reject lan -> any except .example.com tcp 80 scheme http header X-Shut "yes*" as "header"
allow  lan -> tracker.example.net tcp 80 header X-Tenant "ours" as "tenant"
reject lan -> tracker.example.net tcp 80               as "no tenant"
reject lan -> ads.example.net tcp 80 header Host "ads.example.net" path "/shut" as "host"
reject lan -> any tcp 80 type image/*          log     as "no pictures"
reject lan -> shop.example.com tcp 80 during now       as "closed"
allow  lan -> eu.packages.example tcp 80 limit 2/h burst 2 per source log as "seldom"
allow  lan -> wan tcp 80                       log     as "web"
reject lan -> any                              log     as "nothing else"
"""
)


@pytest.fixture(autouse=True, scope="module")
def echoes(gateway: Gateway):
    for port in (7001, 7002, 7003, 7004, 7006):
        gateway.lab.web.serve(port, echo)
        gateway.lab.out.serve(port, echo)


def opens(host: Host, address: str, port: int) -> bool:
    try:
        host.connect(address, port, timeout=0.5).close()
    except OSError:
        return False
    return True


# In the kernel.


def test_hours(gateway: Gateway) -> None:
    lab = gateway.lab
    for address in (lab.web.ip4, lab.web.ip6):
        assert not opens(lab.lan, address, 7001)
        assert opens(lab.lan, address, 7002)


def test_exceptions(gateway: Gateway) -> None:
    lab = gateway.lab
    assert opens(lab.lan, lab.web.ip4, 7003)
    assert opens(lab.lan, lab.web.ip6, 7003)
    assert not opens(lab.lan, lab.out.ip4, 7003), "an exception of the target"
    assert not opens(lab.mail, lab.web.ip4, 7003), "an exception of the source"
    assert opens(lab.lan, lab.out.ip6, 7003), "only its IPv4 address is named"


def test_connections_at_once(gateway: Gateway) -> None:
    lab = gateway.lab
    first = lab.lan.connect(lab.web.ip4, 7004)
    with lab.lan.connect(lab.web.ip4, 7004):
        with pytest.raises(TimeoutError):
            lab.lan.connect(lab.web.ip4, 7004, timeout=0.5)
        assert opens(lab.mail, lab.web.ip4, 7004), "each source has its own"
    first.close()


def test_a_rate(gateway: Gateway) -> None:
    lab = gateway.lab
    heard = lab.web.serve_udp_echo(7005)
    for n in range(6):  # six flows: each from a port of its own
        with lab.lan.udp() as sock:
            sock.sendto(b"%d" % n, (lab.web.ip4, 7005))
            sock.settimeout(0.3)
            try:
                sock.recv(10)
            except TimeoutError:
                pass
    assert len(heard.peers) == 3


def test_a_report_counts_and_lets_pass(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    assert opens(lab.lan, lab.web.ip4, 7006)
    event = journal.wait(port=7006, rule_name="would be shut")
    assert (event.enforcer, event.verdict) == ("firewall", "reject")
    assert event.reason == "reported, not enforced"
    assert event.rule_line == line_of(POLICY, "would be shut")


# In the proxy.


def test_a_header(gateway: Gateway) -> None:
    lan = gateway.lab.lan
    url = "http://www.example.com/"
    shut = ["-H", "x-shut: Yes, please"]
    assert lan.curl("http://ads.example.net/", *PROXY).status == 200
    assert lan.curl("http://ads.example.net/", *PROXY, "-H", "X-Shut: no").status == 200
    assert lan.curl(url, *PROXY, *shut).status == 200, "but for these names"


def test_a_header_is_compared_by_case(gateway: Gateway) -> None:
    lan = gateway.lab.lan
    shut = ["-H", "x-shut: yes, please"]
    assert lan.curl("http://ads.example.net/", *PROXY, *shut).status == 403
    assert lan.curl("http://ads.example.net/", "-4", *shut).status == 403


def test_a_header_is_what_the_server_sees(gateway: Gateway) -> None:
    """What `Connection` names ends here, so it does not open what asks for it;
    and the URL is the Host."""
    lan, url = gateway.lab.lan, "http://tracker.example.net/"
    ours = ["-H", "X-Tenant: ours"]
    assert lan.curl(url, *PROXY, *ours).status == 200
    assert lan.curl(url, *PROXY).status == 403
    assert lan.curl(url, *PROXY, *ours, "-H", "Connection: x-tenant").status == 403
    forged = ["-H", "Host: www.example.com"]
    assert lan.curl("http://ads.example.net/shut", *PROXY, *forged).status == 403


@pytest.mark.parametrize("way", [(), PROXY], ids=["intercepted", "explicit"])
def test_a_media_type(gateway: Gateway, journal: Journal, way: tuple[str, ...]) -> None:
    def picture(conn) -> None:
        read_head(conn)
        kind = b"Image/PNG; q=1"
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n" % kind)
        conn.sendall(b"Content-Length: 7\r\n\r\ncontent")

    lab = gateway.lab
    with lab.out.serve(80, picture):
        answer = lab.lan.curl("http://out.example.com/", "-4", *way)
    assert answer.status == 403
    assert answer.body.startswith(b"<!DOCTYPE html>")
    event = journal.wait(rule_name="no pictures")
    assert (event.phase, event.verdict, event.status) == ("response", "reject", 403)
    assert lab.lan.curl("http://www.example.com/", "-4", *way).status == 200


def test_hours_in_the_proxy(gateway: Gateway) -> None:
    answer = gateway.lab.lan.curl("http://shop.example.com/", *PROXY)
    assert answer.status == 403


def test_a_rate_of_requests(gateway: Gateway, journal: Journal) -> None:
    lan = gateway.lab.lan
    url = "http://eu.packages.example/"
    assert [lan.curl(url, *PROXY).status for _ in range(3)] == [200, 200, 429]
    event = journal.wait(rule_name="seldom", status=429)
    assert event.verdict == "reject"


def test_a_name_is_reported(gateway: Gateway, journal: Journal) -> None:
    answer = gateway.lab.lan.curl("http://v4only.example.com/", *PROXY)
    assert answer.status == 200
    event = journal.wait(rule_name="would be refused")
    assert (event.enforcer, event.verdict) == ("proxy", "reject")
    assert event.reason == "reported, not enforced"
    journal.wait(rule_name="web", name="v4only.example.com")


def test_explain_says_the_same(gateway: Gateway) -> None:
    said = gateway.explain("lan 10.0.0.4 -> http://out.example.com/ type image/png")
    assert (said["verdict"], said["phase"]) == ("reject", "response")
    said = gateway.explain("lan 10.0.0.4 -> 203.0.113.80 tcp 7006 at mon 09:30")
    names = [step["rule"]["name"] for step in said["path"] if step["match"] == "match"]
    assert names == ["would be shut", "open"]
