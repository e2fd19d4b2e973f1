# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload firewall: new UDP flows through the gateway, by number of rules.

The last of the rules is the one that matches.  Gatehouse's ruleset is what
`gatehouse show nft` prints; beside it the same rules as an administrator would
write them, one nft rule each.  The proxy has no part in this.

Every packet is a new flow, and everything up to the receiver happens on the
account of the sender (bench/udp.c).  Each sample has a field of its own: the
kernel's table of flows must be empty.
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from bench import field
from bench.course import Course
from bench.field import BUILD, MEASURED_CORE, PROGRAMS, Field
from bench.sample import Results, Sample
from bench.table import Heading

COUNTS = (10, 1000, 10_000)
FLOWS = 100_000
SECONDS = 2.0  # at most, of one sample
GATEHOUSE, LINEAR, LIMIT = "gatehouse", "linear nft", "limit: none"

# The receiver takes and forgets; it says how many came.
SINK = """
table ip bench {
    chain sink {
        type filter hook prerouting priority -300;
        ip protocol udp counter drop
    }
}
"""


@dataclass(frozen=True)
class Rule:
    verdict: str
    source: str  # empty: all of the lan
    destination: str  # empty: everywhere
    service: str = ""  # protocol and ports, as a policy has them

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


def rules(count: int) -> list[Rule]:
    """A mix as offices have it: servers, refused hosts, networks, single people.
    None but the last is for the measured packets."""
    return [_rule(i) for i in range(count - 1)] + [Rule("allow", "", "", "udp 1-65535")]


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


def policy(count: int) -> str:
    zones = "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
    return zones + "".join(f"{rule.of_policy()}\n" for rule in rules(count))


def _gatehouse(count: int, ground: Field) -> str:
    path = ground.dir / "rules.policy"
    path.write_text(policy(count))
    argv = [BUILD / "gatehouse", "show", "nft", path]
    done = subprocess.run(argv, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def _linear(count: int, ground: Field) -> str:
    lines = "\n".join(rule.of_nft() for rule in rules(count))
    return f"""
table inet office {{
    chain from_lan {{
        {lines}
    }}
    chain forward {{
        type filter hook forward priority 0; policy drop;
        ct state established,related accept
        ct state invalid drop
        iifname int0 jump from_lan
    }}
}}
"""


def _none(count: int, ground: Field) -> str:
    return ""


CANDIDATES: dict[str, Callable[[int, Field], str]] = {
    GATEHOUSE: _gatehouse,
    LINEAR: _linear,
    LIMIT: _none,
}


def heading(count: int) -> Heading:
    title = f"firewall: a new UDP flow, decided by the last of {count:,} rules"
    return Heading(title, "us/flow", "flows/s")


def run(_name: str, course: Course, _taker: object) -> Results:
    results = Results()
    for _ in range(course.rounds):
        for count in COUNTS:
            for name in CANDIDATES:
                if course.wants(name):
                    results.samples.append(_measure(name, count))
    return results


def _measure(name: str, count: int) -> Sample:
    with Field() as ground:
        ground.guard(CANDIDATES[name](count, ground))
        ground.web.run(["nft", "-f", "-"], input=SINK, check=True)
        argv = [PROGRAMS / "bench-udp", FLOWS, SECONDS, ground.web.ip4]
        with field.on_core(MEASURED_CORE):
            done = ground.lan.run(argv, check=True)
        flows, ns = (int(word) for word in done.stdout.split())
        came = _came(ground)
    lost = f"{flows - came} of {flows} packets did not arrive" if came < flows else ""
    us = ns / 1000 / flows
    return Sample(name, heading(count).title, us, rate=1e6 / us, fault=lost)


def _came(ground: Field) -> int:
    argv = ["nft", "-j", "list", "table", "ip", "bench"]
    said = json.loads(ground.web.run(argv, check=True).stdout)["nftables"]
    rule = next(item["rule"] for item in said if "rule" in item)
    return next(e["counter"]["packets"] for e in rule["expr"] if "counter" in e)


def headings(_name: str) -> list[Heading]:
    return [heading(count) for count in COUNTS]
