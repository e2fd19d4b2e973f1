# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reading of iptables-save, and rulesets of it by chance.

It shares nothing with src/import: it keeps the words of each rule and asks them
anew for each packet, one after the other, as the kernel does.  What no policy
can say (a mark) is asked both ways: a packet is allowed only if it is so
whatever the mark.
"""

import ipaddress
import itertools
import random
import shlex
from dataclasses import dataclass

ICMP4 = {"echo-request": 8, "echo-reply": 0, "timestamp-request": 13}
ICMP6 = {"echo-request": 128, "echo-reply": 129}


@dataclass(frozen=True)
class Packet:
    family: int
    into: str
    source: str
    destination: str
    out: str  # "" is the host itself
    protocol: str
    port: int = 0
    kind: str = ""


@dataclass
class Ruleset:
    policies: dict[str, str]
    chains: dict[str, list[list[str]]]


def read(text: str) -> Ruleset:
    rules = Ruleset({}, {})
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if line.startswith(":"):
            rules.policies[words[0][1:]] = words[1]
            rules.chains[words[0][1:]] = []
        elif words[:1] == ["-A"]:
            rules.chains[words[1]].append(words[2:])
    return rules


def in_range(address: str, text: str) -> bool:
    if "-" in text:
        first, last = map(ipaddress.ip_address, text.split("-"))
        return first <= ipaddress.ip_address(address) <= last
    return ipaddress.ip_address(address) in ipaddress.ip_network(text)


def in_ports(port: int, text: str) -> bool:
    for one in text.split(","):
        first, _, last = one.partition(":")
        if int(first) <= port <= int(last or first):
            return True
    return False


def fits(interface: str, pattern: str) -> bool:
    if pattern.endswith("+"):
        return interface.startswith(pattern[:-1])
    return interface == pattern


def is_true(option: str, values: list[str], packet: Packet, marks: dict[str, bool]) -> bool:
    value = values[0] if values else ""
    if option == "-i":
        return fits(packet.into, value)
    if option == "-o":
        return fits(packet.out, value)
    if option in ("-s", "--src-range"):
        return in_range(packet.source, value)
    if option in ("-d", "--dst-range"):
        return in_range(packet.destination, value)
    if option == "-p":
        return packet.protocol == {"ipv6-icmp": "icmp"}.get(value, value)
    if option in ("--dport", "--dports"):
        return in_ports(packet.port, value)
    if option in ("--icmp-type", "--icmpv6-type"):
        kinds = ICMP4 if packet.family == 4 else ICMP6
        return packet.kind == value or str(kinds[packet.kind]) == value
    if option == "--ctstate":
        return "NEW" in value.split(",")
    if option == "--syn":
        return True
    if option == "--mark":
        return marks[value]
    assert option in ("--comment", "-m", "--reject-with", "--log-prefix"), option
    return True


def matches(rule: list[str], packet: Packet, marks: dict[str, bool]) -> tuple[bool, str, bool]:
    target, jumps = "", True
    at, negated, good = 0, False, True
    while at < len(rule):
        word = rule[at]
        if word == "!":
            negated = True
            at += 1
            continue
        values = list(itertools.takewhile(lambda w: not w.startswith("-") and w != "!", rule[at + 1 :]))
        if word in ("-j", "-g"):
            target, jumps = values[0], word == "-j"
        else:
            good = good and is_true(word, values, packet, marks) != negated
        negated = False
        at += 1 + len(values)
    return good, target, jumps


def walk(rules: Ruleset, chain: str, packet: Packet, marks: dict[str, bool]) -> str:
    for rule in rules.chains[chain]:
        good, target, jumps = matches(rule, packet, marks)
        if not good or target in ("LOG", ""):
            continue
        if target in ("ACCEPT", "DROP", "REJECT", "RETURN"):
            return target
        verdict = walk(rules, target, packet, marks)
        if verdict != "RETURN":
            return verdict
        if not jumps:
            return "RETURN"
    return "RETURN"


def verdicts(rules: Ruleset, packet: Packet, marks: list[str]) -> set[str]:
    """All that may become of it, by what the marks are."""
    chain = "FORWARD" if packet.out else "INPUT"
    found = set()
    for values in itertools.product([False, True], repeat=len(marks)):
        verdict = walk(rules, chain, packet, dict(zip(marks, values)))
        verdict = rules.policies[chain] if verdict == "RETURN" else verdict
        found.add({"ACCEPT": "allow", "DROP": "drop", "REJECT": "reject"}[verdict])
    return found


# ---- by chance ----

HOME = {
    4: {"int0": "10.0.0.0/24", "int1": "10.0.9.0/24", "ext0": "0.0.0.0/0"},
    6: {"int0": "2001:db8:1::/64", "int1": "2001:db8:9::/64", "ext0": "2000::/3"},
}
OWN = {
    4: {"int0": "10.0.0.1", "int1": "10.0.9.1", "ext0": "203.0.113.1"},
    6: {"int0": "2001:db8:1::1", "int1": "2001:db8:9::1", "ext0": "2001:db8:f::1"},
}
HOSTS = {
    4: {
        "int0": ["10.0.0.4", "10.0.0.25", "10.0.0.200"],
        "int1": ["10.0.9.4", "10.0.9.130"],
        "ext0": ["198.51.100.7", "192.0.2.80", "203.0.113.9"],
    },
    6: {
        "int0": ["2001:db8:1::4", "2001:db8:1::25"],
        "int1": ["2001:db8:9::4"],
        "ext0": ["2001:db8:2::7", "2001:db8:3::80"],
    },
}
PREFIXES = {
    4: ["10.0.0.0/24", "10.0.0.0/25", "10.0.0.25", "10.0.0.0/8", "10.0.9.128/25", "198.51.100.0/24",
        "192.0.2.80", "203.0.113.0/24", "203.0.113.1", "10.0.0.1", "10.0.9.0/24"],
    6: ["2001:db8:1::/64", "2001:db8:1::25", "2001:db8::/32", "2001:db8:2::/48", "2001:db8:f::1", "2001:db8:9::/64"],
}
ADDRESSES = """\
2: int0    inet 10.0.0.1/24 brd 10.0.0.255 scope global int0
2: int0    inet6 2001:db8:1::1/64 scope global
3: int1    inet 10.0.9.1/24 brd 10.0.9.255 scope global int1
3: int1    inet6 2001:db8:9::1/64 scope global
4: ext0    inet 203.0.113.1/28 brd 203.0.113.15 scope global ext0
default via 203.0.113.14 dev ext0
"""


def maybe_not(chance: random.Random) -> list[str]:
    return ["!"] if chance.random() < 0.25 else []


def some_service(chance: random.Random, family: int) -> list[str]:
    protocol = chance.choice(["tcp", "udp", "tcp", "udp", "icmp", "gre"])
    if protocol == "icmp":
        name, option, kinds = (
            ("icmp", "--icmp-type", ICMP4) if family == 4 else ("ipv6-icmp", "--icmpv6-type", ICMP6)
        )
        words = ["-p", name]
        if chance.random() < 0.6:
            words += ["-m", name, *maybe_not(chance), option, str(chance.choice(list(kinds.values())))]
        return words
    words = [*maybe_not(chance), "-p", protocol] if chance.random() < 0.3 else ["-p", protocol]
    if protocol == "gre" or words[0] == "!":
        return words
    if chance.random() < 0.5:
        return [*words, *maybe_not(chance), "--dport", chance.choice(["22", "80", "443", "1:1023", "5000:6000"])]
    if chance.random() < 0.4:
        return [*words, "-m", "multiport", "--dports", chance.choice(["22,80", "80,443,5000:5100", "53,123"])]
    return words


def some_rule(chance: random.Random, family: int, chain: str, targets: list[str], marks: list[str]) -> str:
    words = ["-A", chain]
    if chance.random() < 0.35 and chain != "OUTPUT":
        words += [*maybe_not(chance), "-i", chance.choice(["int0", "int1", "ext0", "int+"])]
    if chance.random() < 0.3 and chain == "FORWARD":
        words += [*maybe_not(chance), "-o", chance.choice(["int0", "int1", "ext0"])]
    if chance.random() < 0.35:
        words += [*maybe_not(chance), "-s", chance.choice(PREFIXES[family])]
    if chance.random() < 0.3:
        words += [*maybe_not(chance), "-d", chance.choice(PREFIXES[family])]
    if chance.random() < 0.08 and family == 4:
        words += ["-m", "iprange", *maybe_not(chance), "--src-range", "10.0.0.20-10.0.0.30"]
    if chance.random() < 0.55:
        words += some_service(chance, family)
    if chance.random() < 0.1:
        words += ["-m", "conntrack", "--ctstate", chance.choice(["NEW", "RELATED,ESTABLISHED", "NEW,INVALID"])]
    if marks and chance.random() < 0.3:
        words += ["-m", "mark", "--mark", chance.choice(marks)]
    if chance.random() < 0.1:
        words += ["-m", "comment", "--comment", '"a word, or two"']
    target = chance.choice(targets)
    jump = "-g" if target.islower() and chance.random() < 0.3 else "-j"
    return " ".join([*words, jump, target])


def some_ruleset(chance: random.Random, family: int, marks: list[str]) -> str:
    last = ["ACCEPT", "DROP", "REJECT", "ACCEPT", "LOG"]
    lines = [f"# Generated by ip{'6' if family == 6 else ''}tables-save v1.8.9", "*filter"]
    lines += [f":{chain} {chance.choice(['ACCEPT', 'DROP'])} [0:0]" for chain in ("INPUT", "FORWARD", "OUTPUT")]
    lines += [":one - [0:0]", ":two - [0:0]"]
    for chain, targets in (
        ("INPUT", [*last, "one", "two"]),
        ("FORWARD", [*last, "one", "two"]),
        ("one", [*last, "RETURN", "two"]),
        ("two", [*last, "RETURN", "RETURN"]),
    ):
        lines += [some_rule(chance, family, chain, targets, marks) for _ in range(chance.randint(1, 5))]
    return "\n".join([*lines, "COMMIT", ""])


def as_nft(text: str, family: int) -> str:
    """The same ruleset in the words of nft."""
    ip = "ip" if family == 4 else "ip6"
    rules = read(text)
    lines = [f"table {ip} filter {{"]
    for chain, policy in rules.policies.items():
        lines.append(f"\tchain {chain} {{")
        if policy != "-":
            hook = f"type filter hook {chain.lower()} priority filter"
            lines.append(f"\t\t{hook}; policy {policy.lower()};")
        lines += [f"\t\t{nft_rule(rule, ip)}" for rule in rules.chains[chain]]
        lines.append("\t}")
    return "\n".join([*lines, "}", ""])


def nft_rule(rule: list[str], ip: str) -> str:
    out, last, protocol, at, no = [], "", "", 0, ""
    while at < len(rule):
        word = rule[at]
        if word == "!":
            no, at = "!= ", at + 1
            continue
        values = list(itertools.takewhile(lambda w: not w.startswith("-") and w != "!", rule[at + 1 :]))
        at += 1 + len(values)
        value = values[0].replace(":", "-") if word.startswith("--dport") else values[0]
        if word == "-p":
            protocol = {"ipv6-icmp": "icmpv6"}.get(value, value)
            out.append(f"meta l4proto {no}{value}")
        elif word in ("-i", "-o"):
            out.append(f'{word[1]}ifname {no}"{value.replace("+", "*")}"')
        elif word in ("-s", "-d", "--src-range"):
            out.append(f"{ip} {'daddr' if word == '-d' else 'saddr'} {no}{value}")
        elif word in ("--dport", "--dports"):
            out.append(f"{protocol} dport {no}" + ("{ " + value.replace(",", ", ") + " }" if "," in value else value))
        elif word.endswith("-type"):
            out.append(f"{protocol} type {no}{value}")
        elif word == "--ctstate":
            out.append(f"ct state {no}{value.lower()}")
        elif word == "--mark":
            out.append(f"meta mark {no}{value}")
        elif word == "--comment":
            last = f' comment "{value}"'
        elif word in ("-j", "-g") and value.islower():
            out.append(f"{'jump' if word == '-j' else 'goto'} {value}")
        elif word == "-j":
            out.append(value.lower())
        no = ""
    return " ".join(out) + last


def some_packet(chance: random.Random, family: int) -> Packet:
    into = chance.choice(list(HOSTS[family]))
    out = chance.choice(["", *(name for name in HOSTS[family] if name != into)])
    source = chance.choice(HOSTS[family][into])
    destination = chance.choice(HOSTS[family][out]) if out else chance.choice(list(OWN[family].values()))
    protocol = chance.choice(["tcp", "tcp", "udp", "icmp", "gre"])
    port, kind = 0, ""
    if protocol in ("tcp", "udp"):
        port = chance.choice([22, 53, 80, 123, 443, 5000, 5050, 6001, 65535])
    if protocol == "icmp":
        kind = chance.choice(list(ICMP4 if family == 4 else ICMP6))
    return Packet(family, into, source, destination, out, protocol, port, kind)


def as_flow(packet: Packet, zones: dict[str, str]) -> str:
    """As a test of a policy has it; `zones` are those of interfaces."""
    to = f"{zones[packet.out]} {packet.destination}" if packet.out else f"self {packet.destination}"
    what = packet.protocol + (f" {packet.port}" if packet.port else "") + (f" {packet.kind}" if packet.kind else "")
    return f"{zones[packet.into]} {packet.source} -> {to} {what}"
