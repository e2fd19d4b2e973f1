# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reading of the policy language, of packets alone.

Written from the meaning of the words, small and slow, and sharing nothing with
the compiler: what it says of a packet is what the kernel must do.  What there
is to read comes from small_chance.py.
"""

from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network

from tests.lab.frames import PORTED, Address, Packet
from tests.lab.small_conditions import Clock, Hours, Limits, Passed
from tests.lab.small_translation import Map, Snat, mapped_here, mapped_there
from tests.lab.wires import ASTRAY, OWN

Network = IPv4Network | IPv6Network

PREFIXES = {
    "lan": ("10.0.1.0/24", "2001:db8:1::/64"),
    "iot": ("10.0.3.0/24", "2001:db8:3::/64"),
    "dmz": ("10.0.2.0/24", "2001:db8:2::/64"),
    "wan": (),
}
LINK = {"lan": "int0", "iot": "int0", "dmz": "int1", "wan": "ext0"}
LISTEN = {"lan": "10.0.1.1", "iot": "10.0.3.1", "dmz": "2001:db8:2::1"}
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
HOMES = {zone: [ip_network(p) for p in nets] for zone, nets in PREFIXES.items()}


def is_in(address: Address, nets: list[Network]) -> bool:
    return any(address.version == n.version and address in n for n in nets)


@cache
def is_local(address: Address) -> bool:
    return is_in(address, LOCAL)


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
    """Any of these, but none of those behind `except`."""

    words: list[str] = field(default_factory=list)  # as written
    zones: set[str] = field(default_factory=set)  # "any" for all
    nets: list[Network] = field(default_factory=list)
    domains: bool = False
    without: "Side | None" = None
    _known: dict[Address, bool] = field(default_factory=dict, repr=False)

    def has(self, address: Address) -> bool:
        """Once asked, its nets may not change any more."""
        if address not in self._known:
            self._known[address] = is_in(address, self.nets)
        return self._known[address]

    def __str__(self) -> str:
        words = ", ".join(self.words)
        return f"{words} except {self.without}" if self.without else words


@dataclass
class Rule:
    verdict: str
    source: Side
    to: Side
    services: list[Service] = field(default_factory=list)
    head: str = ""  # a condition on the head of a request
    log: bool = False
    direct: bool = False
    via: str = ""  # the parent's name
    quota: str = ""  # only the proxy counts
    inspect: str = ""  # nothing but requests, which the kernel does not see
    label: str = ""
    line: int = 0
    is_report: bool = False  # never decides
    during: list[str] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    ban: int = 0  # so many refused are too many; 0: nobody is banned
    # publish: to.zones are those of the own addresses.
    targets: dict[int, Address] = field(default_factory=dict)
    target: Service | None = None  # its ports, if they change

    @property
    def is_publish(self) -> bool:
        return bool(self.targets)

    @property
    def outcome(self) -> object:
        """What the world sees of it; equal only if it cannot be told apart.

        What goes by a parent is the proxy's, and the kernel tells none apart.
        """
        if self.via or self.log or self.is_publish or self.is_report or self.limits:
            return self.line
        if self.quota or self.ban:
            return self.line
        return self.verdict, self.direct

    def target_port(self, port: int) -> int:
        """All to one, or each moved as far as the first one is."""
        if self.target is None:
            return port
        if self.target.first == self.target.last:
            return self.target.first
        return port - self.services[0].first + self.target.first

    def text(self) -> str:
        services = " ".join(str(s) for s in self.services[:1])
        if len(self.services) > 1:
            services = "{ " + ", ".join(map(str, self.services)) + " }"
        if self.is_publish:
            to = f"publish {self.to.words[0]} {services} -> {self.source.words[0]}"
            parts = [to, str(self.target)] if self.target else [to]
        else:
            parts = ["report" * self.is_report, self.verdict]
            parts += [str(self.source), "->", str(self.to), services, self.head]
        parts += [f"during {', '.join(self.during)}" if self.during else ""]
        parts += [str(self.limits)]
        if self.ban:
            parts.append(f"ban 1h after {self.ban} refused in 1h per source")
        parts += ["direct" * self.direct, f"via {self.via}" if self.via else ""]
        parts += [self.quota, self.inspect, "log" * self.log]
        parts += [f'as "{self.label}"'] if self.label else []
        return " ".join(part for part in parts if part)


# As far as who compiles a policy looks at it.
CA = "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n"


@dataclass
class Policy:
    zones: list[str]
    names: dict[str, list[str]]
    rules: list[Rule]
    listens: dict[str, set[str]]  # address on port 3128: zones
    intercepts: list[tuple[list[Service], set[str]]]
    masquerade: tuple[set[str], set[str]] | None
    listening: bool  # whether somebody listens for what is handed over
    clock: Clock = Clock(0, 0)
    hours: dict[str, Hours] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)  # files of addresses
    maps: list[Map] = field(default_factory=list)
    snats: list[Snat] = field(default_factory=list)
    # Whose packets of no flow go to the list: "any" is all, and the gateway.
    invalid: set[str] = field(default_factory=set)
    bans: bool = False  # some rules do
    # Of what was asked before, for as long as the rules stay the same.
    _homes: dict[Address, str] = field(default_factory=dict, repr=False)
    _from: dict[object, list[Rule]] = field(default_factory=dict, repr=False)

    def text(self) -> str:
        """And the rules get their lines."""
        lines = [f"zone {z} = {LINK[z]} {' '.join(PREFIXES[z])}" for z in self.zones]
        for name, members in self.names.items():
            lines.append(f"name {name} = {{ {', '.join(members)} }}")
        lines += [f'list {name} = addresses "{name}.netset"' for name in self.lists]
        for name, hours in self.hours.items():
            lines.append(f"hours {name} = {', '.join(hours.words)}")
        lines.append("parent corp = http 192.0.2.8:3128, socks5 up.example.net:1080")
        proxy = []
        for address, zones in self.listens.items():
            at = f"[{address}]" if ":" in address else address
            proxy.append(f"listen {at}:3128 for {', '.join(sorted(zones))}")
        for services, zones in self.intercepts:
            listed = ", ".join(map(str, services))
            proxy.append(f"intercept {{ {listed} }} for {', '.join(sorted(zones))}")
        if any(rule.inspect for rule in self.rules):
            proxy.append('ca "ca.pem"')
        if proxy:
            lines += ["proxy {", *proxy, "}"]
        if self.masquerade:
            ends = (", ".join(sorted(side)) for side in self.masquerade)
            lines.append("masquerade " + " -> ".join(ends))
        if self.invalid:
            zones = ", ".join(sorted(self.invalid - {"any"}))
            lines.append(f"firewall {{ invalid allow{' for ' * bool(zones)}{zones} }}")
        lines += [one.text() for one in (*self.maps, *self.snats)]
        for rule in self.rules:
            lines.append(rule.text())
            rule.line = len(lines)
        return "\n".join(lines) + "\n"

    def files(self) -> dict[str, str]:
        """What stands beside it, by its name."""
        lists = {
            f"{name}.netset": "".join(f"{one}\n" for one in members)
            for name, members in self.lists.items()
        }
        return lists | {"ca.pem": CA}

    # Where things live.

    @property
    def elsewhere(self) -> str:
        return "wan" if "wan" in self.zones else NOWHERE

    def home(self, address: Address) -> str:
        """Whose address it is, of those that are not the gateway's own."""
        if address not in self._homes:
            self._homes[address] = self._home(address)
        return self._homes[address]

    def _home(self, address: Address) -> str:
        if is_local(address):
            return SELF
        fitting = (zone for zone in self.zones if is_in(address, HOMES[zone]))
        return next(fitting, self.elsewhere)

    def is_astray(self, address: Address) -> bool:
        """Whether the gateway's routes lead elsewhere than where it lives: nothing
        is passed on to it, answers neither."""
        return LINK.get(self.home(address)) != link_of(address)

    def is_own(self, address: Address) -> bool:
        return address in OWN_ADDRESSES

    def is_self(self, address: Address) -> bool:
        """What is mapped by itself is the name of somebody else."""
        one = mapped_here(self.maps, address)
        is_name = one is not None and one.outside.num_addresses == 1
        return self.is_own(address) and not is_name

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
    records: list[str] = field(default_factory=list)  # in the packet log


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
        is_self = self.policy.is_self(destination)
        return SELF if is_self else self.policy.home(destination)

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
            if packet.protocol in ("tcp", "udp") and packet.dport == 3128:
                return "explicit"
        if self.to == SELF:
            return "plain"
        for services, zones in policy.intercepts:
            if self.source_zone in zones and any(s.covers(packet) for s in services):
                return "proxied" if packet.protocol == "tcp" else "uncarried"
        return "plain"

    def _to_matches(self, rule: Rule, way: str) -> str:
        match = self._to_side_matches(rule, way)
        without = rule.to.without
        if match == "no" or without is None:
            return match
        if way == "explicit":
            return "might"
        if self.to in without.zones or without.has(self.packet.destination):
            return "no"
        # A name takes out any address; plain flows never show one.
        return "might" if without.domains and way != "plain" else match

    def _to_side_matches(self, rule: Rule, way: str) -> str:
        to = rule.to
        if "any" in to.zones:
            return "yes"
        if way == "explicit":  # the target is not told yet
            return "might" if to.zones or to.nets or to.domains else "no"
        if rule.is_publish:
            here = self.packet.destination
            hit = self.policy.is_self(here) and self.policy.own_zone(here) in to.zones
            return "yes" if hit and here.version in rule.targets else "no"
        if self.to in to.zones or to.has(self.packet.destination):
            return "yes"
        if not to.domains or way == "plain":
            return "no"
        # A name opens only what lives elsewhere, and by a parent all.
        opens = rule.via or self.to in (self.policy.elsewhere, NOWHERE)
        return "might" if rule.verdict != "allow" or opens else "no"

    def _comes_from(self, side: Side) -> bool:
        return (
            "any" in side.zones
            or self.source_zone in side.zones
            or side.has(self.packet.source)
        )

    def _begins(self, rule: Rule) -> bool:
        """Whether it may match what comes from here, now."""
        source = rule.source
        if rule.is_publish:
            if self.source_zone == SELF:
                return False
        elif not self._comes_from(source):
            return False
        elif source.without and self._comes_from(source.without):
            return False
        hours = [self.policy.hours[name] for name in rule.during]
        return not hours or any(h.hold(self.policy.clock.minute) for h in hours)

    def _rules(self) -> list[Rule]:
        """Those that may match what comes from here, in their order."""
        key, known = (self.source_zone, self.packet.source), self.policy._from
        if key not in known:
            known[key] = [r for r in self.policy.rules if self._begins(r)]
        return known[key]

    def _matches(self, rule: Rule, way: str) -> str:
        answers = {self._to_matches(rule, way)}
        if rule.services:
            if way == "explicit":
                answers.add("might")
            elif not any(s.covers(self.packet) for s in rule.services):
                return "no"
        if rule.head or rule.inspect:
            answers.add("no" if way == "plain" else "might")
        if rule.via or rule.quota:
            answers.add({"plain": "no", "uncarried": "might"}.get(way, "yes"))
        return next((a for a in ("no", "might") if a in answers), "yes")

    def decide(self, way: str) -> tuple[Rule | None, list[Rule]]:
        """The rule that is certain (None: only the proxy can tell), and those
        on the way to it that reported."""
        possible: set[object] = set()
        reported: list[Rule] = []
        for rule in self._rules():
            match = self._matches(rule, way)
            if match == "no":
                continue
            if rule.is_report and match == "yes" and not possible:
                reported.append(rule)
                continue
            possible.add(rule.outcome)
            if len(possible) > 1:
                return None, reported
            if match == "yes":
                return rule, reported
        last = Rule("drop", Side(), Side(), log=True)  # the built-in one
        possible.add("last")
        return (last if len(possible) == 1 else None), reported

    # And what becomes of it.

    def _is_away(self) -> bool:
        """Of no flow, and no choice of the firewall's lets it to the list."""
        allowed = self.policy.invalid
        links = {LINK[zone] for zone in allowed - {"any"}}
        return self.packet.is_invalid and not ("any" in allowed or self.link in links)

    def expected(self, passed: Passed) -> Expected:
        if self._is_away():
            return Expected("nothing", ["invalid"])
        if self.link and passed.is_banned(self.packet.source):
            return Expected("nothing", ["ban"], records=["drop 0 - - ban ban"])
        if self.source_zone == "":
            return self._spoofed()
        if self.source_zone == NOWHERE:
            return Expected("nothing", ["no.zone"], records=["drop 0 - - nozone"])
        way = self.way()
        rule, reported = self.decide(way)
        reports = [f"rule.{one.line}" for one in reported]
        records = [self._record(one, way) for one in reported if one.log]
        if rule is None:
            expected = self._undecided(way, reports)
            if "needs.proxy" in expected.counters:
                records.append(f"reject 0 {self.source_zone} {self.to} proxy")
        elif not self._takes_share(rule, way, passed):
            expected = Expected("nothing", [*reports, "limited"])
        else:
            expected = self._decided(rule, way, reports)
            if self._is_logged_here(rule, way):
                records.append(self._record(rule, way))
            source = self.packet.source
            if self.link and rule.ban and passed.refuse(rule.line, rule.ban, source):
                words = [rule.verdict, str(rule.line), "- - caught"]
                records.append(" ".join([*words, rule.label] if rule.label else words))
        expected.records = records
        return expected

    def _spoofed(self) -> Expected:
        record = f"drop 0 {self._main_zone()} - spoof"
        return Expected("nothing", ["spoofed"], records=[record])

    def expected_next(self) -> Expected | None:
        """Of the packet that follows, if it is not the first one's fate: where an
        address of a link lives only routes tell, and a flow's first packet is not
        asked for them."""
        source = self.packet.source
        is_elsewhere = source in LINK_LOCAL[0] and link_of(source) != self.link
        return self._spoofed() if is_elsewhere else None

    def _main_zone(self) -> str:
        """To which an interface is said to lead, where its zones are several."""
        here = [z for z in self.policy.zones if LINK[z] == self.link]
        return "wan" if "wan" in here else here[0]

    def _record(self, rule: Rule, way: str) -> str:
        to = NOWHERE if way == "explicit" else self.to  # not told yet
        reason = "report" if rule.is_report else "-"
        words = [rule.verdict, str(rule.line), self.source_zone, to, reason]
        return " ".join([*words, rule.label] if rule.label else words)

    def _is_logged_here(self, rule: Rule, way: str) -> bool:
        """What is allowed on its way to the proxy, that logs."""
        goes_on = way == "explicit" or (way == "proxied" and not rule.direct)
        return rule.log and not (rule.verdict == "allow" and goes_on)

    def _decided(self, rule: Rule, way: str, reports: list[str]) -> Expected:
        counters = [*reports, f"rule.{rule.line}" if rule.line else "rule.last"]
        if rule.verdict == "drop":
            return Expected("nothing", counters)
        if rule.verdict == "reject":
            return Expected("refused", counters)
        if rule.is_publish and self.packet.is_invalid:
            # It is not translated, and not let to the gateway itself.
            return Expected("nothing", [*counters, "invalid"])
        if rule.is_publish:
            target = rule.targets[self.packet.destination.version]
            port = rule.target_port(self.packet.dport)
            return self._delivered(counters, target, port, True)
        if way == "proxied" and not rule.direct:
            return self._handed(counters)
        if self.to == SELF:
            return self._arrived(counters)
        return self._delivered_as_mapped(counters)

    def _delivered_as_mapped(self, counters: list[str]) -> Expected:
        policy, destination = self.policy, self.packet.destination
        one = mapped_here(policy.maps, destination)
        if one is None:
            return self._delivered(counters, destination, self.packet.dport, False)
        destination = one.inward(destination)
        if policy.is_own(destination):  # by that name nobody was let to it
            return Expected("nothing", [*counters, "misrouted"])
        return self._delivered(counters, destination, self.packet.dport, True)

    def _takes_share(self, rule: Rule, way: str, passed: Passed) -> bool:
        """What goes on to the proxy is counted there."""
        goes_on = way == "explicit" or (way == "proxied" and not rule.direct)
        limits = rule.limits
        if self.packet.is_invalid:  # it is no connection
            limits = replace(limits, connections=0)
        return goes_on or passed.take(rule.line, limits, self.packet.source)

    def is_countable(self) -> bool:
        """Whether it is one more connection for as long as the round lasts, if a
        rule that counts those lets it pass: the kernel forgets a flow that it
        drops in the end, or answers with a reset, but it says not when."""
        if self.source_zone in ("", NOWHERE):
            return True
        rule, _ = self.decide(self.way())
        if rule is None or not rule.limits.connections:
            return True
        fate = self.expected(Passed()).fate
        is_ended = fate == "nothing" or (fate == "arrived" and self.is_answered())
        return not is_ended

    def is_answered(self) -> bool:
        return self.packet.protocol in ("tcp", "sctp")

    def _undecided(self, way: str, reports: list[str]) -> Expected:
        if way == "explicit":
            return Expected("arrived", reports)
        if way == "uncarried":
            return Expected("refused", [*reports, "needs.proxy"])
        return self._handed(reports)

    def _handed(self, counters: list[str]) -> Expected:
        counters = [*counters, "handover"]
        if self.packet.is_invalid:  # nothing remembers that it was
            return Expected("nothing", counters)
        if self.policy.listening:
            return Expected("handed", counters)
        return Expected("nothing", [*counters, "handover.lost"])

    def _arrived(self, counters: list[str]) -> Expected:
        if self.policy.is_own(self.packet.destination):
            return Expected("arrived", counters)
        return Expected("nothing", [*counters, "misrouted"])  # of local scope

    def _delivered(
        self, counters: list[str], destination: Address, dport: int, is_sent_on: bool
    ) -> Expected:
        policy, source = self.policy, self.packet.source
        link = link_of(destination)
        zone = policy.home(destination)
        is_astray = policy.is_astray(destination)
        # Of its own packets the gateway is the judge; routes are its own.
        if self.link and (is_astray or is_in(source, LOCAL)):
            return Expected("nothing", [*counters, "misrouted"])
        came_from = policy.home(source)
        if self.packet.is_invalid:
            pass  # no address of it is translated
        elif is_sent_on and came_from == zone:
            source = own_towards(destination)
        elif not is_astray:
            source = self._new_source(came_from, zone, destination)
        return Expected("delivered", counters, link, source, destination, dport)

    def _new_source(self, came_from: str, zone: str, destination: Address) -> Address:
        policy, source = self.policy, self.packet.source
        if one := mapped_there(policy.maps, source, zone):
            return one.outward(source)
        for snat in policy.snats:
            if snat.holds(source, came_from, zone):
                return snat.addresses[source.version]
        if self._is_masqueraded(came_from, zone):
            return own_towards(destination)
        return source

    def _is_masqueraded(self, came_from: str, to: str) -> bool:
        if self.policy.masquerade is None or self.packet.source.version == 6:
            return False
        froms, tos = self.policy.masquerade
        return came_from in froms and to in tos


def expected_of_all(
    policy: Policy, packets: list[tuple[str, Packet]]
) -> list[Expected]:
    """In their order: what passes of some is no more for others."""
    passed = Passed()
    return [Reading(policy, packet, link).expected(passed) for link, packet in packets]


@cache
def link_of(address: Address) -> str:
    if str(address) in ASTRAY:
        return "ext0"
    for link, addresses in OWN.items():
        if is_in(address, [ip_interface(a).network for a in addresses]):
            return link
    return "ext0"


@cache
def own_towards(address: Address) -> Address:
    """Which of its addresses the gateway shows to it."""
    mine = [ip_interface(a) for a in OWN[link_of(address)]]
    for one in mine:
        if one.version == address.version and address in one.network:
            return one.ip
    return next(one.ip for one in mine if one.version == address.version)
