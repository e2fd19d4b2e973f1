# SPDX-License-Identifier: GPL-2.0-or-later
"""The terminal: `log` shows what is asked for, `why` tells one event and if it
would happen again."""

import json
import re
import socket
from collections.abc import Iterator

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, NO, WRONG_CALL, Gateway
from tests.lab.host import Host
from tests.lab.journal import Event, Journal
from tests.lab.listener import echo
from tests.story.zones import ZONES, line_of

TCP = 7301
OUT = "203.0.113.9"
PROXY = "http://10.0.0.1:3128"
POLICY = (
    ZONES
    + f"""
proxy {{ listen 10.0.0.1:3128 for lan }}
reject lan -> .example.net log as "ads"
allow lan -> {OUT} tcp {TCP} log
reject lan -> {OUT} udp 7302 log
drop any -> any log
"""
)


@pytest.fixture(scope="module")
def events(gateway: Gateway) -> dict[str, Event]:
    """One packet dropped, one rejected, one name refused by the proxy."""
    journal, lan = Journal(gateway.runtime / "events.jsonl"), gateway.lab.lan
    refuse(lan, 7302)
    refuse(lan, 7303)
    url = "http://tracker.example.net/a?b=c"
    lan.curl(url, "--proxy", PROXY)
    return {
        "reject": journal.wait(port=7302),
        "drop": journal.wait(port=7303),
        "name": journal.wait(enforcer="proxy", name="tracker.example.net"),
    }


def refuse(lan: Host, port: int) -> None:
    with lan.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", (OUT, port))


def log(gateway: Gateway, *words: str) -> list[str]:
    done = gateway.command("log", *words)
    assert (done.returncode, done.stderr) == (GOOD, "")
    return done.stdout.splitlines()


def ids(gateway: Gateway, *words: str) -> list[str]:
    return [json.loads(line)["id"] for line in log(gateway, "--json", *words)]


def test_log_shows_what_fits(gateway: Gateway, events: dict[str, Event]) -> None:
    every = ids(gateway)
    assert {e.id for e in events.values()} <= set(every)
    assert ids(gateway, "port", "7302") == [events["reject"].id]
    assert ids(gateway, "from", "lan", "reject", "by", "firewall") == [events["reject"].id]
    assert ids(gateway, "to", ".example.net") == [events["name"].id]
    assert ids(gateway, "refused", "udp", "-n", "1") == [events["drop"].id]
    assert ids(gateway, "udp", "except", "port", "7302") == [events["drop"].id]
    assert ids(gateway, "rule", "ads", "since", "10m") == [events["name"].id]
    assert ids(gateway, "until", "1h") == []
    [pairs] = log(gateway, "--logfmt", "status=403")
    assert f"id={events['name'].id} " in pairs and "name=tracker.example.net" in pairs


def test_log_knows_every_key(gateway: Gateway, events: dict[str, Event]) -> None:
    """Each of docs/events.md, which the journal writes, can be asked for."""
    event = json.loads(log(gateway, "--json", "-n", "1")[0])
    keys = [k for k, v in event.items() if not isinstance(v, dict) and k != "parent"]
    keys += [f"{k}.{i}" for k, v in event.items() if isinstance(v, dict) for i in v]
    for key in [*keys, "parent.name", "parent.server", "rule.name"]:
        log(gateway, f"{key}=*", "-n", "1")
    done = gateway.command("log", "vredict=drop")
    assert done.returncode == WRONG_CALL and "did you mean 'verdict'?" in done.stderr


def test_why_tells_an_event(gateway: Gateway, events: dict[str, Event]) -> None:
    done = gateway.command("why", events["name"].id)
    assert done.returncode == GOOD
    rule = 'reject lan -> .example.net log as "ads"'
    assert f'line {line_of(POLICY, "ads")}: {rule}\n' in done.stdout
    assert "  decided by the proxy in phase " in done.stdout
    assert "The policy in force says the same:" in done.stdout
    assert "tracker.example.net" in done.stdout and "status 403" in done.stdout
    for one in events.values():
        story = json.loads(gateway.command("why", "--json", one.id[:19]).stdout)
        assert story["event"]["id"] == one.id and story["same"] is True
    last = json.loads(gateway.command("why", "--json", "last", "udp").stdout)
    assert last["event"]["id"] == events["drop"].id
    by_flow = gateway.command("why", "--json", events["drop"].flow)
    assert json.loads(by_flow.stdout)["event"]["id"] == events["drop"].id


def test_why_of_what_is_not_one(gateway: Gateway, events: dict[str, Event]) -> None:
    for words, status in (
        (("ffffffff",), NO),
        ((events["drop"].id[:3],), WRONG_CALL),
        (("last", "to", "nowhere"), NO),
        (("last", "prot", "5"), WRONG_CALL),
        (("what?",), WRONG_CALL),
    ):
        done = gateway.command("why", *words)
        assert (done.returncode, done.stdout) == (status, ""), words
        assert done.stderr.startswith("gatehouse: ")


def test_why_says_that_the_policy_has_changed(
    gateway: Gateway, events: dict[str, Event]
) -> None:
    """What it would be now, and what the rule was then."""
    open = POLICY.replace("drop any -> any log", "allow lan -> wan udp\ndrop any -> any log")
    try:
        assert gateway.apply(open).returncode == GOOD
        words = gateway.command("why", events["drop"].id).stdout
        assert "The policy has changed since: generation 2 is in force since " in words
        assert f"Now it would be allow by line {line_of(open, 'wan udp')}:" in words
        same = gateway.command("why", events["reject"].id).stdout
        assert "and says the same:" in same
    finally:
        assert gateway.apply(POLICY).returncode == GOOD
