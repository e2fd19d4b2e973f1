# SPDX-License-Identifier: GPL-2.0-or-later
"""A flood that a rule logs: its first packets are told, and of the others how
many they were.  Other rules, and the same rule between other zones, tell as
ever; the rule's counter and verdict know nothing of it."""

import json

from tests.lab import wait
from tests.lab.gateway import GOOD, Gateway
from tests.lab.host import Host
from tests.lab.journal import Event, Journal
from tests.story.zones import ZONES, line_of

POLICY = (
    ZONES
    + """
drop  lan, guest -> wan udp 7001        log as "flooded"
drop  lan -> wan udp 7002               log as "quiet"
allow lan -> wan
"""
)
FLOOD, AT_ONCE, A_SECOND = 30_000, 1000, 20


def send(host: Host, port: int, count: int) -> None:
    """What is dropped begins no flow: each packet is the first of its own."""
    with host.udp() as sender:
        sender.connect(("203.0.113.80", port))
        for _ in range(count):
            sender.send(b"x")


def status(gateway: Gateway) -> dict:
    done = gateway.command("status", "--json")
    assert done.returncode == GOOD, done.stderr
    return json.loads(done.stdout)


def lost(gateway: Gateway) -> int:
    return status(gateway)["counters"]["packets_lost"]


def counted(gateway: Gateway, name: str) -> int:
    return next(r["packets"] for r in status(gateway)["rules"] if r["name"] == name)


def account(gateway: Gateway, journal: Journal) -> tuple[list[Event], list[Event]]:
    """The events of the flood, and those of what had none, once all are there."""

    def whole() -> tuple[list[Event], list[Event]] | None:
        events = journal.events(rule_name="flooded", zone_from="lan")
        told = [event for event in events if event.suppressed is None]
        sums = [event for event in events if event.suppressed is not None]
        known = len(told) + sum(event.suppressed for event in sums)
        return (told, sums) if known + lost(gateway) == FLOOD else None

    return wait.until("every packet to be accounted for", whole, 5)


def test_a_flood_has_a_bounded_account(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    send(lab.lan, 7001, FLOOD)
    send(lab.guest, 7001, 3)
    send(lab.lan, 7002, 3)
    told, sums = account(gateway, journal)
    assert AT_ONCE <= len(told) <= AT_ONCE + 5 * A_SECOND
    assert told[0].length == 29 and told[0].flags is None
    for event in sums:
        assert (event.enforcer, event.phase) == ("firewall", "packet")
        assert event.verdict == "drop"
        assert event.rule_line == line_of(POLICY, '"flooded"')
        assert (event.zone_from, event.zone_to) == ("lan", "wan")
        assert (event.source, event.destination, event.protocol) == (None,) * 3
        assert f"and {event.suppressed} more of these" in event.reason
    others = [("flooded", "guest"), ("quiet", "lan")]
    for name, zone in others:
        events = journal.events(rule_name=name, zone_from=zone)
        assert [event.suppressed for event in events] == [None] * 3


def test_the_counter_knows_all(gateway: Gateway) -> None:
    before = counted(gateway, "flooded")
    send(gateway.lab.lan, 7001, 5000)
    assert counted(gateway, "flooded") - before == 5000


def test_people_are_told(gateway: Gateway) -> None:
    shown = gateway.command("log").stdout
    line = line_of(POLICY, '"flooded"')
    assert f'lan -> wan firewall/packet "flooded" (line {line}) and ' in shown
