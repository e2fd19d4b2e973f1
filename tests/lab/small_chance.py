# SPDX-License-Identifier: GPL-2.0-or-later
"""Policies and packets by chance, for small_policy.py to read.

The world is that of wires.py, and small enough that everything meets everything
often.
"""

import random
from dataclasses import replace
from functools import cache
from ipaddress import ip_network, summarize_address_range
from ipaddress import ip_address as parse_address

from tests.lab import frames
from tests.lab.frames import PORTED, Address, Packet
from tests.lab.small_conditions import (
    OFFSETS,
    Clock,
    Limits,
    Passed,
    random_hours,
    random_limits,
)
from tests.lab.small_policy import (
    LISTEN,
    OWN_ADDRESSES,
    SELF,
    Network,
    Policy,
    Reading,
    Rule,
    Service,
    Side,
)
from tests.lab.small_translation import (
    NEW_BOTH,
    mapped_here,
    random_maps,
    random_snat,
)
from tests.lab.wires import ASTRAY, HOSTS

ip_address = cache(parse_address)  # there are not many

FAR_AWAY = ("198.51.100.7", "192.0.2.33", "2001:db8:bad::7", "2001:db8:f:1::1")
PORTS = (22, 53, 79, 80, 81, 443, 3128, 8443)
ADDRESSES = [a for hosts in HOSTS.values() for a in hosts[:4]] + list(FAR_AWAY)
MEMBERS = ["10.0.1.0/24", "10.0.1.4-10.0.1.76", "10.0.0.0/8", "198.51.100.0/24"]
MEMBERS += ["2001:db8:1::/64", "2001:db8::/32", "0.0.0.0/0", "10.0.2.64-10.0.2.127"]
MEMBERS += ["10.0.1.1", "203.0.113.1", "2001:db8:f::1", "169.254.9.0/24"]
BOTH = ("10.0.2.80", "2001:db8:2::80")
LABELS = ("plain", "with 'quotes' and ; { } #", "Tür zu", "drop 7 lan wan -")
DOMAINS = ["ads.example.net", ".shop.example.com", "*.example.org"]


def to_net(member: str) -> list[Network]:
    if "-" not in member:
        return [ip_network(member)]
    return list(summarize_address_range(*map(ip_address, member.split("-"))))


def random_policy(chance: random.Random) -> Policy:
    zones = ["lan", "dmz"] + ["wan"] * (chance.random() < 0.9)
    zones += ["iot"] * (chance.random() < 0.5)
    chance.shuffle(zones)
    names = {
        f"n{i}": chance.sample(ADDRESSES + MEMBERS, chance.randint(1, 3))
        for i in range(3)
    }
    names["n3"] = ["n0", chance.choice(ADDRESSES + MEMBERS)]
    names["both"] = list(BOTH)
    policy = Policy(zones, names, [], {}, [], None, chance.random() < 0.7)
    policy.lists = {f"l{n}": random_list(chance) for n in range(2)}
    add_proxy(chance, policy)
    policy.bans = chance.random() < 0.25
    policy.clock = Clock.now(chance.choice(OFFSETS))
    policy.hours = {f"h{n}": random_hours(chance, policy.clock) for n in range(3)}
    if chance.random() < 0.5:
        froms = set(chance.sample(zones, chance.randint(1, 2)))
        tos = set(chance.sample(zones, chance.randint(1, 2))) - froms
        policy.masquerade = (froms, tos) if tos else None
    add_translations(chance, policy)
    if chance.random() < 0.3:
        policy.rules = [report_of_most(chance, policy)]
    is_long = chance.random() < 0.4
    ahead = chance.randint(0, 3) if is_long else chance.randint(1, 12)
    policy.rules += [random_rule(chance, policy) for _ in range(ahead)]
    if is_long:
        policy.rules += similar_rules(chance, policy, chance.randint(50, 250))
    if chance.random() < 0.7:  # or else most of what is sent meets the last rule
        policy.rules.append(rule_for_the_rest(chance, policy))
    return policy


def add_translations(chance: random.Random, policy: Policy) -> None:
    policy.names["newboth"] = list(NEW_BOTH)
    policy.maps = random_maps(chance, policy.zones)
    if chance.random() < 0.4:
        zones = chance.sample(policy.zones, chance.randint(1, 2))
        policy.invalid = chance.choice(({"any"}, set(zones)))
    for _ in range(chance.choice((0, 1, 2, 3))):
        side = side_that_snat_takes(chance, policy)
        snat = random_snat(chance, side, policy.zones)
        policy.snats += [snat] if snat else []


def side_that_snat_takes(chance: random.Random, policy: Policy) -> Side:
    """Often what another translation takes too: the first one has it."""
    takers = [one.source for one in policy.snats]
    for zone in sorted({policy.home(one.inside[0]) for one in policy.maps}):
        takers.append(Side(words=[zone], zones={zone}))
    if takers and chance.random() < 0.5:
        return chance.choice(takers)
    return random_side(chance, policy, True)


def outsides(policy: Policy) -> list[str]:
    """Names of what is there: to nobody else could anything be delivered."""
    there = [ip_address(a) for hosts in HOSTS.values() for a in hosts]
    there += [ip_address(a) for a in (*ASTRAY, *map(str, OWN_ADDRESSES))]
    return [
        str(one.outward(address))
        for one in policy.maps
        for address in there
        if address.version == one.inside.version and address in one.inside
    ]


def random_list(chance: random.Random) -> list[str]:
    prefixes = [member for member in MEMBERS if "-" not in member]
    return chance.sample(ADDRESSES + prefixes, chance.randint(0, 4))


def members_of(policy: Policy, word: str) -> list[str]:
    """Addresses, of a name that may be made of other names."""
    if word in policy.lists:
        return policy.lists[word]
    if word not in policy.names:
        return [word]
    return [m for one in policy.names[word] for m in members_of(policy, one)]


def rule_for_the_rest(chance: random.Random, policy: Policy) -> Rule:
    any_side = Side(words=["any"], zones={"any"})
    verdict = chance.choice(("allow", "allow", "reject", "drop"))
    rule = Rule(verdict, any_side, any_side, log=chance.random() < 0.3)
    add_conditions(chance, policy, rule)
    return rule


def report_of_most(chance: random.Random, policy: Policy) -> Rule:
    rule = rule_for_the_rest(chance, policy)
    rule.is_report, rule.limits, rule.ban = True, Limits(), 0
    rule.source = random_side(chance, policy, True)
    return rule


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
    side = random_words(chance, policy, is_source)
    if chance.random() < 0.25:
        side.without = random_words(chance, policy, is_source, is_less=True)
    return side


def random_words(
    chance: random.Random, policy: Policy, is_source: bool, is_less: bool = False
) -> Side:
    side = Side()
    for _ in range(chance.choice((1, 1, 1, 2))):
        what = chance.choice(("zone", "zone", "name", "literal", "any", "domain"))
        if policy.intercepts and not is_source and chance.random() < 0.2:
            what = "domain"
        if what == "domain" and is_source:
            what = "zone"
        if what == "any" and (is_less or chance.random() < 0.5):
            what = "zone"
        if what == "zone":
            word = chance.choice([*policy.zones, SELF])
            side.zones.add(word)
        elif what == "any":
            word = "any"
            side.zones.add(word)
        elif what == "name":
            word = chance.choice([*policy.names, *policy.lists])
            for member in members_of(policy, word):
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


def well_ordered(services: list[Service]) -> list[Service]:
    """Whole protocols stand last, and beside none of their own ports."""
    whole = [s for s in services if str(s) == s.protocol]
    named = {s.protocol for s in whole}
    return [s for s in services if s.protocol not in named] + whole


def random_rule(chance: random.Random, policy: Policy) -> Rule:
    if chance.random() < 0.12:
        return random_publish(chance, policy)
    rule = Rule(
        chance.choice(("allow", "allow", "reject", "drop")),
        random_side(chance, policy, True),
        random_side(chance, policy, False),
        well_ordered(
            [random_service(chance) for _ in range(chance.choice((0, 0, 0, 1, 2, 3)))]
        ),
        log=chance.random() < 0.25,
    )
    rule.direct = rule.verdict == "allow" and chance.random() < 0.25
    rule.log = rule.log or (rule.direct and chance.random() < 0.4)
    rule.is_report = chance.random() < 0.15
    if rule.verdict == "allow" and not rule.direct and not rule.is_report:
        rule.via = chance.choice(("", "", "", "corp"))
        if chance.random() < 0.15:
            rule.quota = "quota 1T per month"
        if chance.random() < 0.15:
            rule.inspect = chance.choice(("inspect", "inspect unless pinned"))
    add_conditions(chance, policy, rule)
    if policy.intercepts and chance.random() < 0.1:
        rule.head = chance.choice(("method GET", 'path "/admin/*"'))
    if chance.random() < 0.2:
        rule.label = chance.choice(LABELS)
    return rule


def add_conditions(chance: random.Random, policy: Policy, rule: Rule) -> None:
    if chance.random() < 0.2:
        rule.during = chance.sample(list(policy.hours), chance.choice((1, 1, 2)))
    if rule.verdict == "allow" and not rule.is_report and chance.random() < 0.25:
        rule.limits = random_limits(chance)
    refuses = rule.verdict != "allow" and not rule.is_report
    if policy.bans and refuses and chance.random() < 0.4:
        rule.ban = chance.choice((1, 2, 5, 20))


def similar_rules(chance: random.Random, policy: Policy, count: int) -> list[Rule]:
    """A long list: a few shapes, in which many values overlap, and between them
    now and then a rule of another kind.  The compiler makes maps of it."""
    sides = ("any", "host", "host", "net", "range")
    services = ("", "port", "port", "ports", "protocol")
    shapes = [
        (chance.choice(sides), chance.choice(sides), chance.choice(services))
        for _ in range(chance.randint(1, 5))
    ]
    # One rule of those that ask for no address would be the last that matters.
    shapes = [shape for shape in shapes if shape[:2] != ("any", "any")]
    shapes = shapes or [("host", "any", chance.choice(services))]
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
    if rule.verdict == "allow" and not rule.direct and chance.random() < 0.1:
        rule.via = "corp"
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
    target = chance.choice(("10.0.1.77", "203.0.113.66", *BOTH, "both"))
    targets = [ip_address(a) for a in members_of(policy, target)]
    protocol = chance.choice(("tcp", "udp"))
    first = chance.choice(PORTS)
    length = 9 if chance.random() < 0.4 else 0
    rule = Rule(
        "allow",
        Side(words=[target]),
        Side(words=[zone], zones={zone}),
        [Service(protocol, first, first + length)],
        log=chance.random() < 0.3,
        targets={address.version: address for address in targets},
        target=chance.choice(
            (
                None,
                Service(protocol, 8443, 8443),
                Service(protocol, 8443, 8443 + length),
                Service(protocol, first, first + length),
            )
        ),
    )
    add_conditions(chance, policy, rule)
    return rule


def random_packet(
    chance: random.Random,
    ports: list[int],
    names: list[str],
    number: int,
    sport: int,
) -> tuple[str, Packet]:
    """And the link that it comes by; "": the gateway sends it."""
    link = chance.choice(("int0", "int0", "int1", "ext0", "ext0", ""))
    version = chance.choice((4, 4, 6))
    source = pick(chance, version, sources(chance, link))
    targets = [*ADDRESSES, *ASTRAY, *map(str, OWN_ADDRESSES), *names * 3]
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
        dport=chance.choice(ports) if protocol in PORTED else 0,
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
        to["protocol"] = chance.choice(("tcp", "tcp", "udp"))
    else:
        to = {"protocol": "tcp", "dport": chance.choice((80, 443))}
    return replace(packet, kind="", sport=sport, **to)


def without_a_flow(policy: Policy, packet: Packet, link: str) -> Packet:
    """The same one, if it can be; where the gateway would say something to it,
    that would be of no flow either, and the list's affair."""
    odd = replace(packet, is_invalid=True)
    if mapped_here(policy.maps, odd.destination) is not None:
        return packet
    fate = Reading(policy, odd, link).expected(Passed()).fate
    return packet if fate in ("refused", "arrived") else odd


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
    ports, names = ports_of(policy), outsides(policy)
    counts = any(rule.limits.connections for rule in policy.rules)
    while len(packets) < count:
        sport = first + len(packets)
        link, packet = random_packet(chance, ports, names, len(packets), sport)
        if link and (policy.listens or policy.intercepts) and chance.random() < 0.2:
            packet = towards_the_proxy(chance, policy, packet, sport)
        if packet.protocol == "tcp" and chance.random() < 0.1:
            packet = without_a_flow(policy, packet, link)
        if packet.source == packet.destination:
            continue  # conntrack takes such a flow for its own answer
        ends = {(packet.protocol, a) for a in (packet.source, packet.destination)}
        if one := mapped_here(policy.maps, packet.destination):
            ends.add((packet.protocol, one.inward(packet.destination)))
        if packet.sport == 0:
            if ends & taken:
                continue
            taken |= ends
        if counts and not Reading(policy, packet, link).is_countable():
            continue
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
