# SPDX-License-Identifier: GPL-2.0-or-later
"""A world so small that all of its packets can be sent.

Three zones, four addresses (a host of each zone, and one of the gateway's own),
three ports in a row, two protocols: every packet of theirs, by every wire and
from the gateway itself.  Policies are of a few short rules over the same; what
each of them is, is left to chance.  Packets as in small_policy.py.
"""

import itertools
import random
from ipaddress import ip_address

from tests.lab.frames import Address, Packet
from tests.lab.small_chance import to_net, well_ordered
from tests.lab.small_policy import Policy, Rule, Service, Side
from tests.lab.wires import LINKS

ZONES = ["lan", "dmz", "wan"]
OWN = {4: "203.0.113.1", 6: "2001:db8:f::1"}
HOSTS = {
    4: {"lan": "10.0.1.4", "dmz": "10.0.2.80", "wan": "203.0.113.9"},
    6: {"lan": "2001:db8:1::4", "dmz": "2001:db8:2::80", "wan": "2001:db8:f::9"},
}
PORTS = (79, 80, 81)
PROTOCOLS = ("tcp", "udp")
SERVICES = [Service(protocol, 80, 80) for protocol in PROTOCOLS]
SERVICES += [Service(protocol, 79, 80) for protocol in PROTOCOLS]
SERVICES += [Service(protocol, 80, 81) for protocol in PROTOCOLS]
SERVICES += [Service(protocol) for protocol in PROTOCOLS]


def addresses(version: int) -> list[Address]:
    return [ip_address(a) for a in (*HOSTS[version].values(), OWN[version])]


def all_packets(version: int, first_port: int) -> list[tuple[str, Packet]]:
    """Each a flow of its own, by its source port."""
    own = ip_address(OWN[version])
    ways = [
        (link, source, to)
        for link in (*LINKS, "")
        for source, to in itertools.permutations(addresses(version), 2)
        if link or source == own
    ]
    all_of_them = itertools.product(ways, PROTOCOLS, PORTS)
    return [
        (link, Packet(n, source, to, protocol, sport=first_port + n, dport=port))
        for n, ((link, source, to), protocol, port) in enumerate(all_of_them)
    ]


def some_policy(chance: random.Random, version: int) -> Policy:
    policy = Policy(list(ZONES), {}, [], {}, [], None, chance.random() < 0.5)
    chance.shuffle(policy.zones)
    if chance.random() < 0.4:
        zones = set(chance.sample(ZONES, chance.randint(1, 3)))
        policy.intercepts = [([chance.choice(SERVICES)], zones)]
    if chance.random() < 0.4:
        policy.masquerade = (
            set(chance.sample(["lan", "dmz"], chance.randint(1, 2))),
            {"wan"},
        )
    policy.rules = [some_rule(chance, version) for _ in range(chance.randint(1, 4))]
    if chance.random() < 0.7:  # or else most of it meets the last rule
        verdict = chance.choice(("allow", "allow", "reject"))
        rest = chance.choice(("any", *ZONES))
        sides = (Side([word], {word}) for word in ("any", rest))
        policy.rules.append(Rule(verdict, *sides))
    return policy


def some_rule(chance: random.Random, version: int) -> Rule:
    if chance.random() < 0.15:
        return some_publish(chance, version)
    rule = Rule(
        chance.choice(("allow", "allow", "reject", "drop")),
        some_side(chance, version),
        some_side(chance, version),
        well_ordered(chance.sample(SERVICES, chance.choice((0, 1, 1, 2)))),
        log=chance.random() < 0.3,
    )
    rule.direct = rule.verdict == "allow" and chance.random() < 0.2
    rule.is_report = not rule.direct and chance.random() < 0.15
    return rule


def some_side(chance: random.Random, version: int) -> Side:
    words = ("any", *ZONES, "self", "host", "host")
    words = chance.sample(words, chance.choice((1, 1, 2)))
    side = Side()
    for word in words:
        add_word(chance, version, side, word)
    if chance.random() < 0.3:
        side.without = Side()
        word = chance.choice((*ZONES, "self", "host", "host"))
        add_word(chance, version, side.without, word)
    return side


def add_word(chance: random.Random, version: int, side: Side, word: str) -> None:
    if word != "host":
        side.words.append(word)
        side.zones.add(word)
        return
    host = ip_address(chance.choice(list(HOSTS[version].values())))
    if str(host) in side.words:
        return
    word = chance.choice((str(host), f"{host - 1}-{host}", f"{host + 1}-{host + 2}"))
    side.words.append(word)
    side.nets += to_net(word)


def some_publish(chance: random.Random, version: int) -> Rule:
    zone = chance.choice(ZONES)
    target = HOSTS[version][zone]
    return Rule(
        "allow",
        Side(words=[target]),
        Side(words=["wan"], zones={"wan"}),
        [Service(chance.choice(PROTOCOLS), 80, chance.choice((80, 81)))],
        log=chance.random() < 0.3,
        targets={version: ip_address(target)},
    )
