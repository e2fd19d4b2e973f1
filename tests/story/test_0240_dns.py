# SPDX-License-Identifier: GPL-2.0-or-later
"""The gateway's DNS: what it keeps, whom it asks, what it refuses.

The gateway asks a name server on `out` (zoneserver.py) whose answers each story
chooses; names are the story's own, so that none hears another's answers."""

import socket
import struct
import time
from collections.abc import Iterator

import pytest

from tests.lab import wait
from tests.lab.dig import dig
from tests.lab.gateway import Gateway
from tests.lab.host import Host
from tests.lab.journal import Journal
from tests.lab.zoneserver import (
    NO_NAME,
    SHORT,
    ZoneServer,
    address,
    alias,
    name_bytes,
    record,
    soa,
)
from tests.story.zones import ZONES, line_of

GW = "10.0.0.1"
GW6 = "2001:db8:1::1"
WEB = "203.0.113.80"
POLICY = (
    ZONES
    + """
dns {
    listen 10.0.0.1, 2001:db8:1::1 for lan
    intercept guest
    upstream 203.0.113.9
    local .corp.example
    limit 300/s burst 600 per source
}
reject lan -> .ads.example         log as "ads"
drop   lan -> silent.example       log as "silence"
reject lan -> any                  method POST
reject lan -> 203.0.113.66         log as "bad"
allow  lan -> wan                  tcp 80
allow  lan -> printer.corp.example tcp 80
allow  lan -> self                 tcp 22
allow  guest -> .open.example      tcp 443
allow  guest -> 10.0.0.200         tcp 9100
drop   any -> any                  log
"""
)


@pytest.fixture(scope="module")
def server(gateway_lab) -> Iterator[ZoneServer]:
    server = ZoneServer(gateway_lab.out)
    yield server
    gateway_lab.out.stop()


@pytest.fixture(scope="module")
def gateway(gateway_lab, server) -> Iterator[Gateway]:
    with Gateway(gateway_lab, POLICY) as gateway:
        yield gateway


@pytest.fixture
def lan(gateway: Gateway) -> Host:
    return gateway.lab.lan


@pytest.fixture
def guest(gateway: Gateway) -> Host:
    return gateway.lab.guest


def counters(gateway: Gateway) -> dict[str, int]:
    words = gateway.command("status").stdout.split()
    return {w: int(n) for n, w in zip(words, words[1:]) if n.isdigit()}


def test_an_answer_is_kept_and_grows_older(server: ZoneServer, lan: Host) -> None:
    """The TTL is the rest of it; the server is asked once; letters come back."""
    server["kept.example"] = lambda q: [q.reply(address("kept.example", WEB, 60))]
    first = dig(lan, GW, "kept.example")
    assert (first.status, first.data) == ("NOERROR", [WEB])
    assert first.records[0][1] == 60
    older = wait.until(
        "it grows older",
        lambda: (d := dig(lan, GW, "KEPT.Example")).records[0][1] < 60 and d,
    )
    assert older.data == [WEB] and "KEPT.Example" in older.text
    assert server.count("kept.example") == 1


def test_both_families_and_ways(server: ZoneServer, lan: Host) -> None:
    server["both.example"] = lambda q: [
        q.reply(
            address("both.example", WEB if q.type == 1 else "2001:db8:f::80"),
        )
    ]
    for way, word in (("+notcp", "UDP"), ("+tcp", "TCP")):
        four, six = (dig(lan, at, "both.example", way) for at in (GW, GW6))
        assert four.data == six.data == [WEB]
        assert (four.way, six.way) == (word, word)
    assert dig(lan, GW6, "both.example", "AAAA").data == ["2001:db8:f::80"]


def test_what_there_is_not(server: ZoneServer, lan: Host) -> None:
    """RFC 2308: for as long as the SOA says, and not where there is none."""
    server["none.example"] = lambda q: [
        q.reply(code=NO_NAME, authority=(soa("example", 900, 30),))
    ]
    server["bare.example"] = lambda q: [q.reply(code=NO_NAME)]
    for name in ("none.example", "bare.example"):
        assert [dig(lan, GW, name).status for _ in range(2)] == ["NXDOMAIN"] * 2
    assert dig(lan, GW, "none.example").authority[0][1] <= 30
    assert (server.count("none.example"), server.count("bare.example")) == (1, 2)


def test_each_question_is_hard_to_guess(server: ZoneServer, lan: Host) -> None:
    """Ports, ids and letters are others each time."""
    for i in range(12):
        dig(lan, GW, f"guess{i}.chance.example")
    asked = [q for q in server.asked if q.name.endswith(".chance.example")]
    assert len({q.port for q in asked}) >= 11
    assert len({q.id for q in asked}) >= 11
    assert len({q.spelling[-14:] for q in asked}) >= 8


def test_a_rule_refuses_and_says_which(
    gateway: Gateway, server: ZoneServer, lan: Host, journal: Journal
) -> None:
    refused = dig(lan, GW, "x.ads.example")
    assert (refused.status, refused.error) == ("NXDOMAIN", "15 (Blocked): (rule ads)")
    assert dig(lan, GW, "_sip._tcp.x.ads.example", "SRV").status == "NXDOMAIN"
    assert dig(lan, GW, "silent.example", timeout=1).status == ""
    found = journal.wait(kind="dns", name="silent.example")
    assert found.verdict == "drop"
    assert found.rule_line == line_of(POLICY, "silent.example")
    assert journal.wait(kind="dns", name="x.ads.example").rule_name == "ads"
    assert not server.count("x.ads.example") and not server.count("silent.example")
