# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload firewall: UDP packets through the gateway.  New flows by number of
rules, the last of which is the one that matches; new flows that are
masqueraded; packets of flows that are known.

The candidates are those of rulesets.py.  The proxy has no part in this, and no
daemon runs.

Everything up to the receiver happens on the account of the sender
(bench/udp.c).  Each sample has a field of its own: the kernel's table of flows
must be empty.
"""

import json
from dataclasses import dataclass

from bench import field, rulesets
from bench.course import Course
from bench.field import LOAD_CORE, MEASURED_CORE, PROGRAMS, Field
from bench.rulesets import CANDIDATES, LIMIT, policy, rules
from bench.sample import Results, Sample
from bench.table import Heading

__all__ = ["CANDIDATES", "COUNTS", "LIMIT", "headings", "policy", "rules", "run"]

COUNTS = (10, 1000, 10_000)
SECONDS = 2.0  # at most, of one sample
READY_S = 10

# The receiver takes and forgets; it says how many came.  Greetings are longer.
SINK = """
table ip bench {
    chain sink {
        type filter hook prerouting priority -300;
        ip protocol udp udp length 9 counter drop
    }
}
"""


@dataclass(frozen=True)
class Case:
    title: str
    rules: int
    kind: str = "new"  # as bench-udp calls it
    packets: int = 100_000
    masquerade: bool = False


CASES = [
    *(
        Case(f"firewall: a new UDP flow, decided by the last of {count:,} rules", count)
        for count in COUNTS
    ),
    Case("firewall: a new UDP flow that is masqueraded", 10, masquerade=True),
    Case("firewall: a packet of a known UDP flow", 10, "known", 1_000_000),
]


def run(_name: str, course: Course, _taker: object) -> Results:
    results = Results()
    for _ in range(course.rounds):
        for case in CASES:
            for name in CANDIDATES:
                if course.wants(name) and name not in results.missing:
                    _add(results, name, case)
    return results


def _add(results: Results, name: str, case: Case) -> None:
    with Field() as ground:
        loads = CANDIDATES[name](case.rules, case.masquerade, ground)
        if reason := rulesets.lacking(loads):
            results.missing[name] = reason
            return
        rulesets.guard(ground, loads)
        results.samples.append(_measure(ground, name, case))


def _measure(ground: Field, name: str, case: Case) -> Sample:
    program, web = PROGRAMS / "bench-udp", ground.web
    web.run(["nft", "-f", "-"], input=SINK, check=True)
    if case.kind == "known":
        answering = field.spawn(web, LOAD_CORE, program, "answer", web.ip4)
        answering.wait_line("ready", READY_S)
    with field.on_core(MEASURED_CORE):
        argv = [program, case.kind, case.packets, SECONDS, web.ip4]
        done = ground.lan.run(argv, check=True)
    sent, ns = (int(word) for word in done.stdout.split())
    came = _came(ground)
    lost = f"{sent - came} of {sent} packets did not arrive" if came < sent else ""
    us = ns / 1000 / sent
    return Sample(name, case.title, us, rate=1e6 / us, fault=lost)


def _came(ground: Field) -> int:
    argv = ["nft", "-j", "list", "table", "ip", "bench"]
    said = json.loads(ground.web.run(argv, check=True).stdout)["nftables"]
    rule = next(item["rule"] for item in said if "rule" in item)
    return next(e["counter"]["packets"] for e in rule["expr"] if "counter" in e)


def headings(_name: str) -> list[Heading]:
    return [Heading(case.title, "us/packet", "packets/s") for case in CASES]
