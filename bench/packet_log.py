# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload log: a flood of packets that rules drop and log, 20,000 a second.

`told`: four hundred rules share the flood, so that none of them has more than
it may tell, and each packet becomes an event in the journal.  `suppressed`: one
rule has all of it, tells its first thousand and how many more there were.

What the kernel does for a packet, its copy for the log with it, is on the
account of the sender; the cost is that of Gatehouse's processes.  A sample in
which a packet was lost, or is in no account, is a fault.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from bench import field, window
from bench.course import Course
from bench.field import LOAD_CORE, MEASURED_CORE, PROGRAMS, Field
from bench.sample import Results, Sample
from bench.table import Heading
from tests.lab import gateway, wait
from tests.lab.journal import Journal

RATE = 20_000
WINDOWS = 5  # of the course: a sample lasts 5 s
GATEHOUSE = "gatehouse"
CANDIDATES = {GATEHOUSE}
READ_S = 20.0  # until the last packet was read

ZONES = "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
# The flood goes round these ports (bench/udp.c).
FIRST, PORTS, PORTS_OF_A_RULE = 1024, 64_000, 160


def of_many() -> str:
    starts = range(FIRST, FIRST + PORTS, PORTS_OF_A_RULE)
    return "".join(
        f"drop lan -> wan udp {port}-{port + PORTS_OF_A_RULE - 1} log\n"
        for port in starts
    )


def of_one() -> str:
    return 'drop lan -> wan udp log as "the flood"\n'


@dataclass(frozen=True)
class Case:
    rules: Callable[[], str]
    heading: Heading


CASES = [
    Case(of_many, Heading("log: a packet that becomes an event", "us/event", "events/s")),
    Case(of_one, Heading("log: a packet too many of its rule", "us/packet", "packets/s")),
]


def run(_name: str, course: Course, _taker: object) -> Results:
    results = Results()
    if not course.wants(GATEHOUSE):
        return results
    for _ in range(course.rounds):
        for case in CASES:
            results.samples.append(_measure(case, course.seconds * WINDOWS))
    return results


def _measure(case: Case, seconds: float) -> Sample:
    with Field() as ground, field.on_core(MEASURED_CORE):
        with gateway.Gateway(ground, ZONES + case.rules()) as daemon:
            return _sample(case, ground, daemon, seconds)


def _sample(
    case: Case, ground: Field, daemon: gateway.Gateway, seconds: float
) -> Sample:
    before = window.cpu_of(ground.measured())
    count = int(RATE * seconds)
    argv = [PROGRAMS / "bench-udp", count, seconds * 2, ground.web.ip4, RATE]
    with field.on_core(LOAD_CORE):
        sent = int(ground.lan.run(argv, check=True).stdout.split()[0])
    wait.until("the log to be read", lambda: _known(daemon) >= sent, READ_S)
    us = (window.cpu_of(ground.measured()) - before) * 1e6 / sent
    fault = _fault(daemon, sent)
    return Sample(GATEHOUSE, case.heading.title, us, rate=1e6 / us, fault=fault)


def _counters(daemon: gateway.Gateway) -> dict[str, int]:
    return json.loads(daemon.command("status", "--json").stdout)["counters"]


def _known(daemon: gateway.Gateway) -> int:
    counters = _counters(daemon)
    return counters["packets_logged"] + counters["packets_lost"]


def _fault(daemon: gateway.Gateway, sent: int) -> str:
    """All that was sent is an event of its own, or in the number of one."""
    lost = _counters(daemon)["packets_lost"]
    if lost:
        return f"{lost} of {sent} packets were lost"

    path = daemon.journal.path  # and the one before, if it was turned over
    journals = [Journal(path.with_name(f"{path.name}.1")), daemon.journal]

    def accounted() -> bool:
        events = [e for one in journals for e in one.events(enforcer="firewall")]
        return sum(event.suppressed or 1 for event in events) == sent

    try:
        wait.until("the account", accounted, 5)
    except TimeoutError as error:
        return f"the journal does not have {sent} packets: {error}"
    return ""


def headings(_name: str) -> list[Heading]:
    return [case.heading for case in CASES]
