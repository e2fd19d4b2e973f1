# SPDX-License-Identifier: GPL-2.0-or-later
"""A flood that a rule logs: its first packets are told, and of the others how
many they were.  Other rules, and the same rule between other zones, tell as
ever; the rule's counter and verdict know nothing of it.  A flood that no rule
decides, because it is spoofed, banned or needs the proxy, has the same account."""

import contextlib
import json

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, Gateway
from tests.lab.host import Host
from tests.lab.journal import Event, Journal
from tests.story.zones import ZONES, line_of

POLICY = (
    ZONES
    + """
proxy { intercept udp 7003 for lan }
drop  lan, guest -> wan udp 7001        log as "flooded"
drop  lan -> wan udp 7002               log as "quiet"
allow lan -> .example.com udp 7003
allow lan -> wan udp 7004
reject any -> any
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


def fates(gateway: Gateway, why: str) -> int:
    """As the kernel counts them."""
    return status(gateway)["kernel"].get(why, 0)


def whole_account(gateway: Gateway, journal: Journal, since: int, reason: str) -> int:
    """Packets with an event of their own, once each is accounted for."""

    def told() -> int | None:
        events = [
            event
            for event in journal.events()[since:]
            if event.phase == "packet" and (event.reason or "").startswith(reason)
        ]
        single = sum(event.suppressed is None for event in events)
        sums = sum(event.suppressed or 0 for event in events)
        return single if single + sums + lost(gateway) == COUNT else None

    return wait.until(f"every packet to be accounted for: {reason}", told, 5)


COUNT = 5000


@pytest.mark.parametrize(
    ("counter", "reason", "banned", "port"),
    [
        ("needs.proxy", "needs the proxy", None, 7003),
        ("ban", "banned", "203.0.113.80", 7004),
    ],
)
def test_what_no_rule_decides(
    gateway: Gateway,
    journal: Journal,
    counter: str,
    reason: str,
    banned: str | None,
    port: int,
) -> None:
    if banned:
        assert gateway.command("ban", banned).returncode == GOOD
    since, before = len(journal.events()), fates(gateway, counter)
    send_blindly(gateway.lab.lan, port, COUNT)
    told = whole_account(gateway, journal, since, reason)
    assert AT_ONCE <= told <= AT_ONCE + 5 * A_SECOND
    assert fates(gateway, counter) - before == COUNT
    if banned:
        assert gateway.command("unban", banned).returncode == GOOD


def send_blindly(host: Host, port: int, count: int) -> None:
    """Whatever is answered."""
    with host.udp() as sender:
        for _ in range(count):
            with contextlib.suppress(ConnectionRefusedError, PermissionError):
                sender.sendto(b"x", ("203.0.113.80", port))


def test_what_is_spoofed(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    since, before = len(journal.events()), fates(gateway, "spoofed")
    lab.lan.run(["ip", "address", "add", "10.0.9.77/32", "dev", "eth0"], check=True)
    try:
        with lab.lan.udp() as sender:
            sender.bind(("10.0.9.77", 0))
            sender.connect(("203.0.113.80", 7004))
            for _ in range(COUNT):
                sender.send(b"x")
    finally:
        lab.lan.run(["ip", "address", "del", "10.0.9.77/32", "dev", "eth0"], check=True)
    told = whole_account(gateway, journal, since, "spoofed")
    assert AT_ONCE <= told <= AT_ONCE + 5 * A_SECOND
    assert fates(gateway, "spoofed") - before == COUNT
