# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reading of the policy language, of packets alone.

Written from the meaning of the words, small and slow, and sharing nothing with
the compiler: what it says of a packet is what the kernel must do.  `random_*`
make policies and packets of the small world of wires.py, in which everything
meets everything often.
"""

import random
import time
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_interface, ip_network

from tests.lab import frames
from tests.lab.frames import PORTED, Address, Packet
from tests.lab.wires import ASTRAY, HOSTS, OWN

Network = IPv4Network | IPv6Network

PREFIXES = {
    "lan": ("10.0.1.0/24", "2001:db8:1::/64"),
    "iot": ("10.0.3.0/24", "2001:db8:3::/64"),
    "dmz": ("10.0.2.0/24", "2001:db8:2::/64"),
    "wan": (),
}
LINK = {"lan": "int0", "iot": "int0", "dmz": "int1", "wan": "ext0"}
FAR_AWAY = ("198.51.100.7", "192.0.2.33", "2001:db8:bad::7", "2001:db8:f:1::1")
LISTEN = {"lan": "10.0.1.1", "iot": "10.0.3.1", "dmz": "2001:db8:2::1"}
PORTS = (22, 53, 79, 80, 81, 443, 3128, 8443)
LOCAL = [
    ip_network(net)
    for net in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4")
    + ("255.255.255.255", "::/127", "fe80::/10", "ff00::/8")
]
LINK_LOCAL = [ip_network("169.254.0.0/16"), ip_network("fe80::/10")]
OWN_ADDRESSES = {
    ip_interface(a).ip: link for link, addresses in OWN.items() for a in addresses
}
SELF, NOWHERE = "self", "-"


def is_in(address: Address, nets: list[Network]) -> bool:
    return any(address.version == n.version and address in n for n in nets)


@dataclass
class Service:
    protocol: str
    first: int = 0  # of ports
    last: int = 65535
    kind: str = ""  # of ICMP

    def __str__(self) -> str:
        if self.kind:
            return f"icmp {self.kind}"
        if (self.first, self.last) == (0, 65535):
            return self.protocol
        last = f"-{self.last}" if self.last != self.first else ""
        return f"{self.protocol} {self.first}{last}"

    def covers(self, packet: Packet) -> bool:
        if packet.protocol != self.protocol:
            return False
        if self.protocol == "icmp":
            return self.kind in ("", packet.kind)
        return self.protocol not in PORTED or self.first <= packet.dport <= self.last


@dataclass
class Side:
    """Any of these."""

    words: list[str] = field(default_factory=list)  # as written
    zones: set[str] = field(default_factory=set)  # "any" for all
    nets: list[Network] = field(default_factory=list)
    domains: bool = False


@dataclass
class Rule:
    verdict: str
    source: Side
    to: Side
    services: list[Service] = field(default_factory=list)
    head: str = ""  # a condition on the head of a request
    log: bool = False
    direct: bool = False
    report: bool = False
    limit: bool = False  # never reached
    during: str = ""  # one of HOURS
    label: str = ""
    line: int = 0
    # publish: to.zones are those of the own addresses.
    targets: dict[int, Address] = field(default_factory=dict)
    target_port: int = 0

    @property
    def is_publish(self) -> bool:
        return bool(self.targets)

    @property
    def outcome(self) -> object:
        """What the world sees of it; equal only if it cannot be told apart."""
        if self.log or self.is_publish or self.report or self.limit:
            return self.line
        return self.verdict, self.direct

    def text(self) -> str:
        services = " ".join(str(s) for s in self.services[:1])
        if len(self.services) > 1:
            services = "{ " + ", ".join(map(str, self.services)) + " }"
        if self.is_publish:
            to = f"publish {self.to.words[0]} {services} -> {self.source.words[0]}"
            parts = [to, f"{self.services[0].protocol} {self.target_port}"]
            parts = parts if self.target_port else parts[:1]
        else:
            ends = [", ".join(side.words) for side in (self.source, self.to)]
            parts = ["report" * self.report, self.verdict, ends[0], "->", ends[1]]
            parts += [services, self.head]
        parts += [f"during {self.during}" if self.during else ""]
        parts += ["direct" * self.direct, "limit 100000/s" * self.limit]
        parts += ["log" * self.log]
        parts += [f'as "{self.label}"'] if self.label else []
        return " ".join(part for part in parts if part)


@dataclass
class Policy:
    zones: list[str]
    names: dict[str, list[str]]
    rules: list[Rule]
    listens: dict[str, set[str]]  # address on port 3128: zones
    intercepts: list[tuple[list[Service], set[str]]]
    masquerade: tuple[set[str], set[str]] | None
    listening: bool  # whether somebody listens for what is handed over

    def text(self) -> str:
        """And the rules get their lines."""
        lines = [f"zone {z} = {LINK[z]} {' '.join(PREFIXES[z])}" for z in self.zones]
        for name, members in self.names.items():
            lines.append(f"name {name} = {{ {', '.join(members)} }}")
        if any(rule.during for rule in self.rules):
            lines += [f"hours {name} = {span}" for name, span in hours().items()]
        proxy = []
        for address, zones in self.listens.items():
            at = f"[{address}]" if ":" in address else address
            proxy.append(f"listen {at}:3128 for {', '.join(sorted(zones))}")
        for services, zones in self.intercepts:
            listed = ", ".join(map(str, services))
            proxy.append(f"intercept {{ {listed} }} for {', '.join(sorted(zones))}")
        if proxy:
            lines += ["proxy {", *proxy, "}"]
        if self.masquerade:
            ends = (", ".join(sorted(side)) for side in self.masquerade)
            lines.append("masquerade " + " -> ".join(ends))
        for rule in self.rules:
            lines.append(rule.text())
            rule.line = len(lines)
        return "\n".join(lines) + "\n"

    # Where things live.

    @property
    def elsewhere(self) -> str:
        return "wan" if "wan" in self.zones else NOWHERE

    def home(self, address: Address) -> str:
        """Whose address it is, of those that are not the gateway's own."""
        if is_in(address, LOCAL):
            return SELF
        for zone in self.zones:
            if is_in(address, [ip_network(p) for p in PREFIXES[zone]]):
                return zone
        return self.elsewhere

    def is_own(self, address: Address) -> bool:
        return address in OWN_ADDRESSES

    def own_zone(self, address: Address) -> str:
        """The zone of the interface; of several the first, as they are listed."""
        link = OWN_ADDRESSES[address]
        return next((z for z in self.zones if LINK[z] == link), NOWHERE)

    def own(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {zone: [] for zone in self.zones}
        for address in OWN_ADDRESSES:
            if (zone := self.own_zone(address)) != NOWHERE:
                found[zone].append(str(address))
        return found


@dataclass
class Expected:
    """What must be seen of a packet, and which counters move by it."""

    fate: str  # delivered, arrived, handed, refused, nothing
    counters: list[str]
    link: str = ""  # delivered: where,
    source: Address | None = None  # and as what
    destination: Address | None = None
    dport: int = 0


class Reading:
    """One packet under one policy."""

    def __init__(self, policy: Policy, packet: Packet, link: str):
        self.policy = policy
        self.packet = packet
        self.link = link  # "" from the gateway itself
        self.to = self._to()
        self.source_zone = self._source_zone()

    def _to(self) -> str:
        destination = self.packet.destination
        is_own = self.policy.is_own(destination)
        return SELF if is_own else self.policy.home(destination)

    def _source_zone(self) -> str:
        """The zone that the packet comes from; "" if it is spoofed."""
        if not self.link:
            return SELF
        here = [z for z in self.policy.zones if LINK[z] == self.link]
        if not here:
            return NOWHERE
        if self.policy.is_own(self.packet.source):
            return ""
        if is_in(self.packet.source, LINK_LOCAL):
            return here[0]
        home = self.policy.home(self.packet.source)
        return home if home in here else ""

    # The list.

    def way(self) -> str:
        packet, policy = self.packet, self.policy
        if self.source_zone in policy.listens.get(str(packet.destination), ()):
            if (packet.protocol, packet.dport) == ("tcp", 3128):
                return "explicit"
        if self.to == SELF:
            return "plain"
        for services, zones in policy.intercepts:
            if self.source_zone in zones and any(s.covers(packet) for s in services):
                return "proxied" if packet.protocol == "tcp" else "uncarried"
        return "plain"

    def _to_matches(self, rule: Rule, way: str) -> str:
        to = rule.to
        if "any" in to.zones:
            return "yes"
        if way == "explicit":  # the target is not told yet
            return "might" if to.zones or to.nets or to.domains else "no"
        if rule.is_publish:
            here = self.packet.destination
            hit = self.policy.is_own(here) and self.policy.own_zone(here) in to.zones
            return "yes" if hit and here.version in rule.targets else "no"
        if self.to in to.zones or is_in(self.packet.destination, to.nets):
            return "yes"
        if not to.domains or way == "plain":
            return "no"
        # A name opens only what lives elsewhere.
        opens = self.to in (self.policy.elsewhere, NOWHERE)
        return "might" if rule.verdict != "allow" or opens else "no"

    def _matches(self, rule: Rule, way: str) -> str:
        source = rule.source
        if rule.during == "seldom":
            return "no"
        if rule.is_publish:
            if self.source_zone == SELF:
                return "no"
        elif not (
            "any" in source.zones
            or self.source_zone in source.zones
            or is_in(self.packet.source, source.nets)
        ):
            return "no"
        answers = {self._to_matches(rule, way)}
        if rule.services:
            if way == "explicit":
                answers.add("might")
            elif not any(s.covers(self.packet) for s in rule.services):
                return "no"
        if rule.head:
            answers.add("no" if way == "plain" else "might")
        return next((a for a in ("no", "might") if a in answers), "yes")

    def decide(self, way: str) -> Rule | None:
        """The rule that is certain; None: only the proxy can tell."""
        possible: set[object] = set()
        self.reported: list[Rule] = []
        for rule in self.policy.rules:
            match = self._matches(rule, way)
            if match == "no":
                continue
            possible.add(rule.outcome)
            if len(possible) > 1:
                return None
            if match == "yes" and rule.report:
                self.reported.append(rule)
                possible.clear()
            elif match == "yes":
                return rule
        last = Rule("drop", Side(), Side(), log=True)  # the built-in one
        possible.add("last")
        return last if len(possible) == 1 else None

    # And what becomes of it.

    def expected(self) -> Expected:
        if self.source_zone == "":
            return Expected("nothing", ["spoofed"])
        if self.source_zone == NOWHERE:
            return Expected("nothing", ["no.zone"])
        way = self.way()
        rule = self.decide(way)
        counters = [f"rule.{reported.line}" for reported in self.reported]
        if rule is None:
            return self._undecided(way, counters)
        counters.append(f"rule.{rule.line}" if rule.line else "rule.last")
        if rule.verdict == "drop":
            return Expected("nothing", counters)
        if rule.verdict == "reject":
            return Expected("refused", counters)
        if rule.is_publish:
            target = rule.targets[self.packet.destination.version]
            port = rule.target_port or self.packet.dport
            return self._delivered(counters, target, port, rule)
        if way == "proxied" and not rule.direct:
            return self._handed(counters)
        if self.to == SELF:
            return self._arrived(counters)
        return self._delivered(
            counters, self.packet.destination, self.packet.dport, rule
        )

    def _undecided(self, way: str, counters: list[str]) -> Expected:
        if way == "explicit":
            return Expected("arrived", counters)
        if way == "uncarried":
            return Expected("refused", [*counters, "needs.proxy"])
        return self._handed(counters)

    def _handed(self, counters: list[str]) -> Expected:
        counters = [*counters, "handover"]
        if self.policy.listening:
            return Expected("handed", counters)
        return Expected("nothing", [*counters, "handover.lost"])

    def _arrived(self, counters: list[str]) -> Expected:
        if self.policy.is_own(self.packet.destination):
            return Expected("arrived", counters)
        return Expected("nothing", [*counters, "misrouted"])  # of local scope

    def _delivered(
        self, counters: list[str], destination: Address, dport: int, rule: Rule
    ) -> Expected:
        policy, source = self.policy, self.packet.source
        link = link_of(destination)
        zone = policy.home(destination)
        is_astray = LINK.get(zone) != link
        # Of its own packets the gateway is the judge; routes are its own.
        if self.link and (is_astray or is_in(source, LOCAL)):
            return Expected("nothing", [*counters, "misrouted"])
        came_from = policy.home(source)
        hairpin = rule.is_publish and came_from == zone
        if hairpin or (not is_astray and self._is_masqueraded(came_from, zone)):
            source = own_towards(destination)
        return Expected("delivered", counters, link, source, destination, dport)

    def _is_masqueraded(self, came_from: str, to: str) -> bool:
        if self.policy.masquerade is None or self.packet.source.version == 6:
            return False
        froms, tos = self.policy.masquerade
        return came_from in froms and to in tos


def link_of(address: Address) -> str:
    if str(address) in ASTRAY:
        return "ext0"
    for link, addresses in OWN.items():
        if is_in(address, [ip_interface(a).network for a in addresses]):
            return link
    return "ext0"


def own_towards(address: Address) -> Address:
    """Which of its addresses the gateway shows to it."""
    mine = [ip_interface(a) for a in OWN[link_of(address)]]
    for one in mine:
        if one.version == address.version and address in one.network:
            return one.ip
    return next(one.ip for one in mine if one.version == address.version)


def hours() -> dict[str, str]:
    """Of every day: all but an hour that is far off, and that hour."""
    far = (time.localtime().tm_hour + 12) % 24
    spans = [(0, far), (far + 1, 24)]
    most = [f"mon-sun {a:02}:00-{b:02}:00" for a, b in spans if a < b]
    return {
        "most": ", ".join(most),
        "seldom": f"mon-sun {far:02}:00-{far + 1:02}:00",
    }


# Chance.

ADDRESSES = [a for hosts in HOSTS.values() for a in hosts[:4]] + list(FAR_AWAY)
MEMBERS = ["10.0.1.0/24", "10.0.1.4-10.0.1.76", "10.0.0.0/8", "198.51.100.0/24"]
MEMBERS += ["2001:db8:1::/64", "2001:db8::/32", "0.0.0.0/0", "10.0.2.64-10.0.2.127"]
MEMBERS += ["10.0.1.1", "203.0.113.1", "2001:db8:f::1", "169.254.9.0/24"]
DOMAINS = ["ads.example.net", ".shop.example.com", "*.example.org"]


def to_net(member: str) -> list[Network]:
    if "-" not in member:
        return [ip_network(member)]
    first, last = (int(ip_address(end)) for end in member.split("-"))
    return [ip_network(ip_address(n)) for n in range(first, last + 1)]


def random_policy(chance: random.Random) -> Policy:
    zones = ["lan", "dmz"] + ["wan"] * (chance.random() < 0.9)
    zones += ["iot"] * (chance.random() < 0.5)
    chance.shuffle(zones)
    names = {
        f"n{i}": chance.sample(ADDRESSES + MEMBERS, chance.randint(1, 3))
        for i in range(3)
    }
    policy = Policy(zones, names, [], {}, [], None, chance.random() < 0.7)
    add_proxy(chance, policy)
    if chance.random() < 0.5:
        froms = set(chance.sample(zones, chance.randint(1, 2)))
        tos = set(chance.sample(zones, chance.randint(1, 2))) - froms
        policy.masquerade = (froms, tos) if tos else None
    policy.rules = [random_rule(chance, policy) for _ in range(chance.randint(1, 12))]
    if chance.random() < 0.5:
        policy.rules = similar_rules(chance, policy, chance.randint(50, 250))
    if chance.random() < 0.7:  # or else most of what is sent meets the last rule
        policy.rules.append(rule_for_the_rest(chance))
    return policy


def rule_for_the_rest(chance: random.Random) -> Rule:
    any_side = Side(words=["any"], zones={"any"})
    verdict = chance.choice(("allow", "allow", "reject", "drop"))
    return Rule(verdict, any_side, any_side, log=chance.random() < 0.3)


def add_proxy(chance: random.Random, policy: Policy) -> None:
    if chance.random() < 0.3:
        return
    inner = [z for z in policy.zones if z != "wan"]
    if chance.random() < 0.6:
        zone = chance.choice(inner)
        policy.listens[LISTEN[zone]] = set(chance.sample(inner, chance.randint(1, 2)))
    if chance.random() < 0.8:
        services = [Service("tcp", 80, 80), Service("tcp", 443, 443)]
        services += [Service("udp", 443, 443)] * (chance.random() < 0.7)
        zones = set(chance.sample(policy.zones, chance.randint(1, len(policy.zones))))
        policy.intercepts.append((services, zones))


def random_side(chance: random.Random, policy: Policy, is_source: bool) -> Side:
    side = Side()
    for _ in range(chance.choice((1, 1, 1, 2))):
        what = chance.choice(("zone", "zone", "name", "literal", "any", "domain"))
        if policy.intercepts and not is_source and chance.random() < 0.2:
            what = "domain"
        if what == "domain" and is_source:
            what = "zone"
        if what == "any" and chance.random() < 0.5:
            what = "zone"
        if what == "zone":
            word = chance.choice([*policy.zones, SELF])
            side.zones.add(word)
        elif what == "any":
            word = "any"
            side.zones.add(word)
        elif what == "name":
            word = chance.choice(list(policy.names))
            for member in policy.names[word]:
                side.nets += to_net(member)
        elif what == "literal":
            word = chance.choice(ADDRESSES + MEMBERS)
            side.nets += to_net(word)
        else:
            word = chance.choice(DOMAINS)
            side.domains = True
        if word not in side.words:
            side.words.append(word)
    return side


def random_service(chance: random.Random) -> Service:
    others = ("icmp", "gre", "esp", "sctp")
    protocol = chance.choice(("tcp",) * 3 + ("udp",) * 2 + others)
    if protocol == "icmp":
        return Service("icmp", kind=chance.choice(("", *frames.KINDS)))
    if protocol not in PORTED or chance.random() < 0.2:
        return Service(protocol)
    first = chance.choice(PORTS)
    return Service(protocol, first, chance.choice((first, first, first + 40)))


def random_rule(chance: random.Random, policy: Policy) -> Rule:
    if chance.random() < 0.12:
        return random_publish(chance, policy)
    rule = Rule(
        chance.choice(("allow", "allow", "reject", "drop")),
        random_side(chance, policy, True),
        random_side(chance, policy, False),
        [random_service(chance) for _ in range(chance.choice((0, 0, 0, 1, 2, 3)))],
        log=chance.random() < 0.15,
    )
    rule.direct = rule.verdict == "allow" and chance.random() < 0.15
    rule.report = not rule.direct and chance.random() < 0.08
    rule.limit = rule.verdict == "allow" and not rule.report and chance.random() < 0.08
    rule.during = "" if chance.random() < 0.9 else chance.choice(("most", "seldom"))
    if policy.intercepts and chance.random() < 0.1:
        rule.head = chance.choice(("method GET", 'path "/admin/*"'))
    if chance.random() < 0.2:
        rule.label = chance.choice(("plain", "with 'quotes' and ; { } #", "Tür zu"))
    return rule


def similar_rules(chance: random.Random, policy: Policy, count: int) -> list[Rule]:
    """A long list: a few shapes, in which many values overlap, and between them
    now and then a rule of another kind.  The compiler makes maps of it."""
    sides = ("any", "host", "host", "net", "range")
    services = ("", "port", "port", "ports", "protocol")
    shapes = [
        (chance.choice(sides), chance.choice(sides), chance.choice(services))
        for _ in range(chance.randint(1, 5))
    ]
    odd = chance.choice((0, 0.05, 0.2))
    return [
        random_rule(chance, policy)
        if chance.random() < odd
        else shaped_rule(chance, policy, *chance.choice(shapes))
        for _ in range(count)
    ]


def shaped_rule(
    chance: random.Random, policy: Policy, source: str, to: str, service: str
) -> Rule:
    services = [shaped_service(chance, service)] if service else []
    if service == "port" and chance.random() < 0.2:
        services.append(shaped_service(chance, service))
    rule = Rule(
        chance.choice(("allow", "allow", "reject", "drop")),
        shaped_side(chance, policy, source),
        shaped_side(chance, policy, to),
        services,
        log=chance.random() < 0.1,
    )
    rule.direct = rule.verdict == "allow" and chance.random() < 0.1
    rule.limit = rule.verdict == "allow" and chance.random() < 0.05
    return rule


def shaped_side(chance: random.Random, policy: Policy, shape: str) -> Side:
    if shape == "any":
        word = chance.choice(policy.zones)
        return Side(words=[word], zones={word})
    words = [shaped_member(chance, shape)]
    if chance.random() < 0.15:
        words.append(shaped_member(chance, shape))
    return Side(words=words, nets=[net for w in words for net in to_net(w)])


def shaped_member(chance: random.Random, shape: str) -> str:
    address = ip_address(chance.choice(ADDRESSES))
    if shape == "net":
        lengths = (8, 16, 24, 28, 30, 31) if address.version == 4 else (16, 48, 64, 124)
        return str(ip_network(f"{address}/{chance.choice(lengths)}", strict=False))
    if shape == "range":
        return f"{address - chance.randint(0, 3)}-{address + chance.randint(1, 80)}"
    return str(address)


def shaped_service(chance: random.Random, shape: str) -> Service:
    if shape == "protocol":
        return Service(chance.choice(("tcp", "udp", "sctp", "gre", "esp")))
    protocol = chance.choice(("tcp", "tcp", "udp", "sctp"))
    first = chance.choice((*PORTS, *range(75, 90)))
    last = first + chance.randint(1, 30) if shape == "ports" else first
    return Service(protocol, first, last)


def random_publish(chance: random.Random, policy: Policy) -> Rule:
    zone = chance.choice(policy.zones)
    target = chance.choice(("10.0.1.77", "10.0.2.80", "203.0.113.66", "2001:db8:2::80"))
    protocol = chance.choice(("tcp", "udp"))
    first = chance.choice(PORTS)
    is_range = chance.random() < 0.3
    return Rule(
        "allow",
        Side(words=[target]),
        Side(words=[zone], zones={zone}),
        [Service(protocol, first, first + 9 * is_range)],
        log=chance.random() < 0.3,
        targets={ip_address(target).version: ip_address(target)},
        target_port=0 if is_range else chance.choice((0, 8443)),
    )


def random_packet(
    chance: random.Random, policy: Policy, number: int, sport: int
) -> tuple[str, Packet]:
    """And the link that it comes by; "": the gateway sends it."""
    link = chance.choice(("int0", "int0", "int1", "ext0", "ext0", ""))
    version = chance.choice((4, 4, 6))
    source = pick(chance, version, sources(chance, link))
    targets = [*ADDRESSES, *ASTRAY, *map(str, OWN_ADDRESSES)]
    if link:
        targets += ["169.254.9.9"]
    else:
        targets = [t for t in targets if ip_address(t) not in OWN_ADDRESSES]
    destination = pick(chance, version, targets)
    others = ("icmp", "icmp", "gre", "esp", "sctp")
    protocol = chance.choice(("tcp",) * 5 + ("udp",) * 4 + others)
    if protocol in ("gre", "esp", "sctp") and destination in OWN_ADDRESSES:
        protocol = "tcp"  # only ports tell who arrived at the gateway
    kinds = [k for k, t in frames.KINDS.items() if version == 4 or t[2] is not None]
    return link, Packet(
        number,
        source,
        destination,
        protocol,
        sport=0 if protocol in ("gre", "esp") else sport,
        dport=chance.choice(ports_of(policy)) if protocol in PORTED else 0,
        kind=chance.choice(kinds) if protocol == "icmp" else "",
    )


def ports_of(policy: Policy) -> list[int]:
    """What rules speak of, to both ends and one past each, and the web's."""
    services = [s for r in policy.rules for s in r.services if s.protocol in PORTED]
    edges = {p for s in services for p in (s.first - 1, s.first, s.last, s.last + 1)}
    return [*PORTS, *[80, 443] * 3, *sorted(e for e in edges if 0 < e < 65535)]


def towards_the_proxy(
    chance: random.Random, policy: Policy, packet: Packet, sport: int
) -> Packet:
    """The same one, as it is sent to a listener or to the web."""
    listeners = [ip_address(a) for a in policy.listens]
    fitting = [a for a in listeners if a.version == packet.source.version]
    if fitting and chance.random() < 0.5:
        to = {"destination": chance.choice(fitting), "dport": 3128}
    else:
        to = {"dport": chance.choice((80, 443))}
    return replace(packet, protocol="tcp", kind="", sport=sport, **to)


def random_packets(
    chance: random.Random, policy: Policy, count: int
) -> list[tuple[str, Packet]]:
    """Each of a flow of its own, whichever way it goes and however masked: of
    what has no ports, each address takes part in one."""
    packets: list[tuple[str, Packet]] = []
    taken: set[tuple[str, Address]] = set()
    # Others than of the last rounds: for a second a connection that was handed
    # over half-open has a socket, and no packet that has one is forwarded.
    first = chance.randrange(20000, 60000, 100)
    while len(packets) < count:
        sport = first + len(packets)
        link, packet = random_packet(chance, policy, len(packets), sport)
        if link and (policy.listens or policy.intercepts) and chance.random() < 0.2:
            packet = towards_the_proxy(chance, policy, packet, sport)
        if packet.source == packet.destination:
            continue  # conntrack takes such a flow for its own answer
        ends = {(packet.protocol, a) for a in (packet.source, packet.destination)}
        if packet.sport == 0:
            if ends & taken:
                continue
            taken |= ends
        packets.append((link, packet))
    return packets


def sources(chance: random.Random, link: str) -> list[str]:
    if not link:
        return [str(a) for a in OWN_ADDRESSES]
    if chance.random() < 0.1:  # most of them spoofed
        odd = ("169.254.5.5", "127.0.0.9", "224.0.0.9")
        return [*ADDRESSES, *map(str, OWN_ADDRESSES), *odd]
    return [*HOSTS[link], *(FAR_AWAY if link == "ext0" else ())]


def pick(chance: random.Random, version: int, texts: list[str]) -> Address:
    fitting = [a for a in map(ip_address, texts) if a.version == version]
    return chance.choice(fitting)
