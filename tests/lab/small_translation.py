# SPDX-License-Identifier: GPL-2.0-or-later
"""What changes the addresses of a flow that a policy allows, for small_policy.py.

Written from the manual (Publishing and translation): of several translations
the first one has a flow.  A map names what is inside otherwise in a zone; a
`snat` gives flows to a zone another source.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from tests.lab.frames import Address

if TYPE_CHECKING:
    from tests.lab.small_policy import Side


@dataclass(frozen=True)
class Map:
    inside: IPv4Network | IPv6Network
    outside: IPv4Network | IPv6Network
    zone: str  # where it is called that

    def text(self) -> str:
        return f"map {_word(self.inside)} <-> {_word(self.outside)} at {self.zone}"

    def collides(self, other: Map) -> bool:
        """What is mapped twice is an error."""
        if self.inside.version != other.inside.version:
            return False
        is_one_name = self.outside.overlaps(other.outside)
        return is_one_name or (
            self.zone == other.zone and self.inside.overlaps(other.inside)
        )

    def inward(self, address: Address) -> Address:
        """Whose name that is, in the same place of a prefix."""
        return self.inside[int(address) - int(self.outside[0])]

    def outward(self, address: Address) -> Address:
        return self.outside[int(address) - int(self.inside[0])]


@dataclass
class Snat:
    source: Side
    to: set[str]
    word: str  # an address, or a name
    addresses: dict[int, Address]

    def text(self) -> str:
        return f"snat {self.source} -> {', '.join(sorted(self.to))} to {self.word}"

    def holds(self, source: Address, zone: str, to: str) -> bool:
        """zone: where the source lives."""
        is_between = to in self.to and zone != to
        if not is_between or source.version not in self.addresses:
            return False
        return _has(self.source, source, zone) and not (
            self.source.without and _has(self.source.without, source, zone)
        )


def _has(side: Side, source: Address, zone: str) -> bool:
    return "any" in side.zones or zone in side.zones or side.has(source)


def _word(net: IPv4Network | IPv6Network) -> str:
    return str(net[0]) if net.num_addresses == 1 else str(net)


def mapped_here(maps: list[Map], address: Address) -> Map | None:
    """The one that calls something so."""
    fitting = (m for m in maps if m.outside.version == address.version)
    return next((m for m in fitting if address in m.outside), None)


def mapped_there(maps: list[Map], source: Address, to: str) -> Map | None:
    """The one by which it is called otherwise in a zone."""
    fitting = (m for m in maps if m.inside.version == source.version)
    return next((m for m in fitting if m.zone == to and source in m.inside), None)


# By chance.

# Where each lives, and what is there beside the hosts of wires.py.
MAPS = [
    ("lan", "10.0.1.4", "203.0.113.25", "wan"),
    ("lan", "10.0.1.64/26", "198.51.100.64/26", "wan"),
    ("lan", "2001:db8:1::/64", "2001:db8:f:1::/64", "wan"),
    ("dmz", "10.0.2.80", "203.0.113.26", "wan"),
    ("dmz", "2001:db8:2::80", "2001:db8:f::26", "wan"),
    ("dmz", "10.0.2.80", "10.0.1.26", "lan"),
    ("lan", "10.0.1.64/26", "10.0.2.128/26", "dmz"),
    ("lan", "2001:db8:1::4", "2001:db8:2::44", "dmz"),
    ("iot", "10.0.3.4", "203.0.113.27", "wan"),
    ("iot", "10.0.3.9", "10.0.1.27", "lan"),
    ("lan", "10.0.1.1", "203.0.113.28", "wan"),  # the gateway itself, inside
    ("dmz", "10.0.2.200", "203.0.113.1", "wan"),  # and outside
    ("dmz", "10.0.2.0/29", "203.0.113.0/29", "wan"),
]
NEW_SOURCES = ["203.0.113.10", "203.0.113.11", "2001:db8:f::10", "10.0.2.10"]
NEW_BOTH = ("203.0.113.12", "2001:db8:f::12")


def random_maps(chance: random.Random, zones: list[str]) -> list[Map]:
    fitting = [m for m in MAPS if m[0] in zones and m[3] in zones]
    chance.shuffle(fitting)
    chosen: list[Map] = []
    for _, inside, outside, zone in fitting[: chance.choice((0, 0, 1, 2, 4))]:
        one = Map(ip_network(inside), ip_network(outside), zone)
        if not any(one.collides(other) for other in chosen):
            chosen.append(one)
    return chosen


def random_snat(chance: random.Random, source: Side, zones: list[str]) -> Snat | None:
    """None: there is no zone to which it could go."""
    fitting = [z for z in zones if z not in source.zones]
    if not fitting or "any" in source.zones or "self" in source.zones:
        return None
    to = set(chance.sample(fitting, chance.randint(1, len(fitting))))
    word = chance.choice([*NEW_SOURCES, "newboth"])
    words = NEW_BOTH if word == "newboth" else (word,)
    addresses = [ip_address(a) for a in words]
    return Snat(source, to, word, {a.version: a for a in addresses})
