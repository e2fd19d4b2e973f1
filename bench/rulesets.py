# SPDX-License-Identifier: GPL-2.0-or-later
"""One list of rules as each packet filter has it.

Gatehouse's ruleset is what `gatehouse show nft` prints.  Beside it the same
rules as administrators would write them: one nft rule each, by hand with sets,
one iptables rule each, and iptables with the sets of ipset.  None of the peers
does more than the rules ask for: no bans, no check of sources, no log of what
the last rule drops.
"""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from bench.field import BUILD, Field

GATEHOUSE, LINEAR, LIMIT = "gatehouse", "linear nft", "limit: none"
LOAD_S = 120  # of the longest list through the slowest program, at most


@dataclass(frozen=True)
class Rule:
    verdict: str
    source: str  # empty: all of the lan
    destination: str  # empty: everywhere
    service: str = ""  # protocol and ports, as a policy has them

    @property
    def ports(self) -> str:
        return self.service.split()[1]

    def of_policy(self) -> str:
        source, destination = self.source or "lan", self.destination or "any"
        return f"{self.verdict} {source} -> {destination} {self.service}".rstrip()

    def of_nft(self) -> str:
        words = []
        if self.source:
            words.append(f"ip saddr {self.source}")
        if self.destination:
            words.append(f"ip daddr {self.destination}")
        if self.service:
            protocol, ports = self.service.split()
            words.append(f"{protocol} dport {ports}")
        verdict = {"allow": "accept"}.get(self.verdict, self.verdict)
        return " ".join([*words, "counter", verdict])

    def of_iptables(self) -> str:
        words = ["-A from_lan"]
        if self.source:
            words.append(f"-s {self.source}")
        if self.destination:
            words.append(f"-d {self.destination}")
        if self.service:
            protocol, ports = self.service.split()
            words.append(f"-p {protocol} --dport {ports.replace('-', ':')}")
        verdict = {"allow": "ACCEPT"}.get(self.verdict, self.verdict.upper())
        return " ".join([*words, "-j", verdict])


@cache
def rules(count: int) -> list[Rule]:
    """A mix as offices have it: servers, refused hosts, networks, single people.
    None but the last is for the measured packets."""
    return [_rule(i) for i in range(count - 1)] + [Rule("allow", "", "")]


def _rule(i: int) -> Rule:
    person = f"10.0.0.{20 + i % 200}"
    host = f"198.18.{i // 200}.{1 + i % 200}"
    net = f"100.{64 + i // 4096}.{i // 16 % 256}.{i % 16 * 16}/28"
    port = 1000 + i
    return [
        Rule("allow", person, host, f"tcp {port}"),
        Rule("reject", "", host, f"udp {port}"),
        Rule("drop", "", net),
        Rule("reject", person, "", f"udp {port}-{port + 8}"),
    ][i % 4]


def policy(count: int, masquerade: bool = False) -> str:
    lines = ["zone lan = int0 10.0.0.0/24", "zone wan = ext0"]
    if masquerade:
        lines.append("masquerade lan -> wan")
    return "\n".join([*lines, *(rule.of_policy() for rule in rules(count)), ""])


@dataclass(frozen=True)
class Load:
    """A program that takes a text on its standard input, and replaces what an
    earlier one brought."""

    argv: tuple[str, ...]
    text: str


def _nft(text: str) -> list[Load]:
    return [Load(("nft", "-f", "-"), text)]


def _gatehouse(count: int, masquerade: bool, ground: Field) -> list[Load]:
    path = ground.dir / "rules.policy"
    path.write_text(policy(count, masquerade))
    argv = [BUILD / "gatehouse", "show", "nft", path]
    done = subprocess.run(argv, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return _nft(done.stdout)


POSTROUTING = """
    chain postrouting {
        type nat hook postrouting priority srcnat;
        oifname ext0 masquerade
    }"""


def _office(sets: list[str], lines: list[str], masquerade: bool) -> list[Load]:
    head, rows = "\n    ".join(sets), "\n        ".join(lines)
    return _nft(f"""
table inet office
delete table inet office
table inet office {{
    {head}
    chain from_lan {{
        {rows}
    }}
    chain forward {{
        type filter hook forward priority 0; policy drop;
        ct state vmap {{ established : accept, related : accept, invalid : drop }}
        iifname int0 jump from_lan
    }}{POSTROUTING if masquerade else ""}
}}
""")


def _linear(count: int, masquerade: bool, _: Field) -> list[Load]:
    return _office([], [rule.of_nft() for rule in rules(count)], masquerade)


# The four kinds of _rule: what is in the set, and who asks it.
NFT_SETS = (
    ("servers", "ipv4_addr . ipv4_addr . inet_service;",
     "ip saddr . ip daddr . tcp dport @servers counter accept"),
    ("refused", "ipv4_addr . inet_service;",
     "ip daddr . udp dport @refused counter reject"),
    ("nets", "ipv4_addr; flags interval;", "ip daddr @nets counter drop"),
    ("people", "ipv4_addr . inet_service; flags interval;",
     "ip saddr . udp dport @people counter reject"),
)  # fmt: skip


def _nft_element(rule: Rule) -> str:
    ports = rule.ports if rule.service else ""
    return " . ".join(filter(None, (rule.source, rule.destination, ports)))


def _nft_sets(count: int, masquerade: bool, _: Field) -> list[Load]:
    sets, lines = [], []
    for i, (name, kind, line) in enumerate(NFT_SETS):
        elements = ", ".join(_nft_element(rule) for rule in rules(count)[:-1][i::4])
        sets.append(f"set {name} {{ type {kind} elements = {{ {elements} }} }}")
        lines.append(line)
    return _office(sets, [*lines, rules(count)[-1].of_nft()], masquerade)


def _iptables(program: str, lines: list[str], masquerade: bool) -> list[Load]:
    text = ["*filter", ":INPUT ACCEPT", ":FORWARD DROP", ":OUTPUT ACCEPT"]
    text.append(":from_lan -")
    text.append("-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT")
    text.append("-A FORWARD -m conntrack --ctstate INVALID -j DROP")
    text += ["-A FORWARD -i int0 -j from_lan", *lines, "COMMIT"]
    if masquerade:
        text += ["*nat", "-A POSTROUTING -o ext0 -j MASQUERADE", "COMMIT"]
    return [Load((f"{program}-restore",), "\n".join(text) + "\n")]


def _iptables_nft(count: int, masquerade: bool, _: Field) -> list[Load]:
    lines = [rule.of_iptables() for rule in rules(count)]
    return _iptables("iptables-nft", lines, masquerade)


IPSETS = (
    ("servers", "hash:ip,port,ip", "src,dst,dst", "ACCEPT"),
    ("refused", "hash:ip,port", "dst,dst", "REJECT"),
    ("nets", "hash:net", "dst", "DROP"),
    ("people", "hash:ip,port", "src,dst", "REJECT"),
)


def _ipset_element(rule: Rule) -> str:
    """The address that is asked first, then the port, then the other one."""
    first, second = rule.source or rule.destination, rule.source and rule.destination
    return ",".join(filter(None, (first, rule.service.replace(" ", ":"), second)))


def _ipset(count: int, masquerade: bool, _: Field) -> list[Load]:
    sets, lines = [], []
    for i, (name, kind, sides, verdict) in enumerate(IPSETS):
        sets += [f"create -exist {name} {kind} maxelem 262144", f"flush {name}"]
        for rule in rules(count)[:-1][i::4]:
            sets.append(f"add {name} {_ipset_element(rule)}")
        lines.append(f"-A from_lan -m set --match-set {name} {sides} -j {verdict}")
    lines.append(rules(count)[-1].of_iptables())
    first = Load(("ipset", "restore"), "\n".join(sets) + "\n")
    return [first, *_iptables("iptables-legacy", lines, masquerade)]


def _none(*_: object) -> list[Load]:
    return []


CANDIDATES: dict[str, Callable[[int, bool, Field], list[Load]]] = {
    GATEHOUSE: _gatehouse,
    "nft sets": _nft_sets,
    LINEAR: _linear,
    "iptables-nft": _iptables_nft,
    "ipset": _ipset,
    LIMIT: _none,
}


def lacking(loads: list[Load]) -> str:
    """What this machine does not have; empty if it has all."""
    for load in loads:
        if not shutil.which(program := load.argv[0]):
            package = "iptables" if program.startswith("iptables") else program
            return f"apt-get install {package}"
    return ""


def guard(ground: Field, loads: list[Load]) -> None:
    """Give the gateway this packet filter."""
    for load in loads:
        ground.gw.run([*load.argv], input=load.text, check=True, timeout=LOAD_S)
    ground.forget_flows_soon()
