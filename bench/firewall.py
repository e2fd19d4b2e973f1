# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload firewall: through the gateway.  New UDP flows by number of rules, the
last of which is the one that matches; new flows and whole connections that are
masqueraded; packets of flows that are known.

The candidates are those of rulesets.py.  The proxy has no part in this, and no
daemon runs.

Everything up to the receiver happens on the account of the sender
(bench/udp.c); a connection's cost is that of its client and its server.  Each
sample has a field of its own: the kernel's table of flows must be empty.
"""

import contextlib
import json
import struct
from dataclasses import dataclass
from pathlib import Path

from bench import field, rulesets, window
from bench.course import Course
from bench.field import LOAD_CORE, MEASURED_CORE, ORIGIN_PORT, PROGRAMS, Field
from bench.rulesets import CANDIDATES, LIMIT, policy, rules
from bench.sample import Results, Sample
from bench.table import Heading
from tests.lab import wait

__all__ = ["CANDIDATES", "COUNTS", "LIMIT", "headings", "policy", "rules", "run"]

COUNTS = (10, 1000, 10_000)
SECONDS = 2.0  # at most, of one sample
READY_S = 10
CLIENTS = 16  # of the connections, each of which is dialled, asked and closed

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
    kind: str = "new"  # as bench-udp calls it, or `tcp`
    packets: int = 100_000
    masquerade: bool = False

    @property
    def heading(self) -> Heading:
        unit = "connection" if self.kind == "tcp" else "packet"
        return Heading(self.title, f"us/{unit}", f"{unit}s/s")


CASES = [
    *(
        Case(f"firewall: a new UDP flow, decided by the last of {count:,} rules", count)
        for count in COUNTS
    ),
    Case("firewall: a new UDP flow that is masqueraded", 10, masquerade=True),
    Case("firewall: a TCP connection of 1 KiB that is masqueraded", 10, "tcp",
         masquerade=True),
    Case("firewall: a packet of a known UDP flow", 10, "known", 1_000_000),
]


def run(_name: str, course: Course, taker: window.Taker) -> Results:
    results = Results()
    for _ in range(course.rounds):
        for case in CASES:
            for name in CANDIDATES:
                if course.wants(name) and name not in results.missing:
                    _add(results, name, case, taker)
    return results


def _add(results: Results, name: str, case: Case, taker: window.Taker) -> None:
    with Field() as ground:
        loads = CANDIDATES[name](case.rules, case.masquerade, ground)
        if reason := rulesets.lacking(loads):
            results.missing[name] = reason
            return
        rulesets.guard(ground, loads)
        if case.kind == "tcp":
            results.samples.append(_measure_tcp(ground, name, case, taker))
        else:
            results.samples.append(_measure_udp(ground, name, case))


def _measure_tcp(ground: Field, name: str, case: Case, taker: window.Taker) -> Sample:
    """Both ends on one core: on two each would wait for the other, and how often
    they are woken costs more than any ruleset."""
    lan, web = ground.lan, ground.web
    asked, answered = ground.dir / "load.counts", ground.dir / "origin.counts"
    to = [web.ip4, ORIGIN_PORT]
    origin = field.spawn(web, MEASURED_CORE, PROGRAMS / "bench-origin", answered, *to)
    wait.until("the origin to listen", lambda: _answers(ground))
    argv = [PROGRAMS / "bench-load", asked, "get", CLIENTS, *to, *to]
    load = field.spawn(lan, MEASURED_CORE, *argv)
    wait.until("the first answer", lambda: _has_answer(asked))
    pids = [load.pid, origin.pid]
    took = taker.take(window.Watched(pids, [], asked, answered))
    us = took.cpu_s * 1e6 / took.counts.answers
    failures = took.counts.failures
    fault = f"{failures} connections failed" if failures else ""
    return Sample(name, case.title, us, rate=1e6 / us, others=took.others, fault=fault)


def _answers(ground: Field) -> bool:
    with contextlib.suppress(OSError):
        ground.lan.connect(ground.web.ip4, ORIGIN_PORT).close()
        return True
    return False


def _has_answer(counts: Path) -> bool:
    with contextlib.suppress(OSError, struct.error):
        return window.read_counts(counts).answers > 0
    return False


def _measure_udp(ground: Field, name: str, case: Case) -> Sample:
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
    return [case.heading for case in CASES]
