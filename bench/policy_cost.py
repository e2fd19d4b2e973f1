# SPDX-License-Identifier: GPL-2.0-or-later
"""Gatehouses that differ in their policies alone, or in their threads.

By address: the rules of the workload firewall stand before the one that lets
the request pass.  By name: rules that refuse a name each, and a list of names.
"""

from bench import peers, rulesets
from bench.caching import POLICY
from bench.field import CORES, Field
from bench.peers import GATEHOUSE, Peer
from tests.lab import nameserver

ADDRESS, NAME = "by address", "by name"
RULES, NAMES = 10_000, 1_000_000
WEB = "www.example.com"
NAME_SERVER = "203.0.113.80"


def _with_rules(policy: str, lines: list[str]) -> str:
    return policy.replace("allow lan", "\n".join([*lines, "allow lan"]))


def _by_address() -> str:
    rules = rulesets.rules(RULES - 1)[:-1]
    return _with_rules(peers.POLICY, [rule.of_policy() for rule in rules])


def _by_name(lines: list[str]) -> str:
    return _with_rules(POLICY.replace("-> wan", f"-> {WEB}"), lines)


def _names() -> list[str]:
    return [f"reject lan -> host{i}.example.net" for i in range(RULES - 2)]


def prepare(ground: Field) -> None:
    """The list, and who knows the address of WEB."""
    nameserver.NameServer(ground.web, {WEB: [ground.web.ip4]})
    names = (f"{i:x}.ads{i % 997}.example.org\n" for i in range(NAMES))
    (ground.dir / "ads.domains").write_text("".join(names))


LIST = ['list ads = domains "@DIR@/ads.domains"', "reject lan -> ads"]

PEERS = [
    Peer(GATEHOUSE, frozenset({ADDRESS}), config=peers.POLICY),
    Peer("10,000 rules", frozenset({ADDRESS}), config=_by_address()),
    Peer(GATEHOUSE, frozenset({NAME}), config=_by_name([])),
    Peer("and a list", frozenset({NAME}), config=_by_name(LIST + _names())),
]

THREADS = [
    Peer(GATEHOUSE, frozenset({peers.KEEP}), config=POLICY),
    Peer("2 threads", frozenset({peers.KEEP}), config=POLICY, cores=tuple(CORES[:2])),
]
