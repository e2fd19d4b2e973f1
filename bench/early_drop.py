# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload early-drop: a flood from listed sources, refused by early drop, by
Gatehouse's own ruleset, and by one interval set of nftables at ingress, which
is the least that nftables can do with a list of prefixes.

The frames come in as a driver would deliver them (bench/early_drop.c), and all
of it is on the account of one process.  No daemon runs: the ruleset is that of
`gatehouse show nft`.
"""

import functools
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from bench import field
from bench.course import Course
from bench.field import BUILD, MEASURED_CORE, PROGRAMS, Field
from bench.sample import Results, Sample
from bench.table import Heading

COUNTS = (10_000, 1_000_000)
SOURCES = 1000  # of a flood that lasts, and one from everywhere
GATEHOUSE, RULESET = "gatehouse", "its ruleset"
INGRESS, LIMIT = "nft ingress", "limit: drop"
LOAD_S = 120  # of a million elements through nft, at most

# Lengths as published lists have them, in hundredths.
LENGTHS = [32] * 35 + [30] * 5 + [28] * 10 + [24] * 40 + [22] * 8 + [20] * 2


def prefixes(count: int) -> Iterator[str]:
    """Disjoint, between 20.0.0.0 and 100.0.0.0: nothing there is special."""
    dice = random.Random(count)
    first, last = 20 << 24, 100 << 24
    step = (last - first) // count
    lengths = [length for length in LENGTHS if 2 << (32 - length) <= step]
    for start in range(first, first + count * step, step):
        length = lengths[int(dice.random() * len(lengths))]
        size = 1 << (32 - length)
        place, end = -(-start // size), (start + step) // size
        place += int(dice.random() * (end - place))
        yield f"{IPv4Address(place * size)}/{length}"


@functools.cache
def netset(count: int) -> str:
    return "".join(f"{one}\n" for one in prefixes(count))


@dataclass(frozen=True)
class Ground:
    field: Field
    list: Path


def _policy(ground: Ground) -> str:
    path = ground.list.with_name("list.policy")
    path.write_text(
        "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
        f'list bad = addresses "{ground.list.name}"\n'
        "drop bad -> any\nallow lan -> wan\n"
    )
    argv = [BUILD / "gatehouse", "show", "nft", path]
    done = subprocess.run(argv, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    # What is long is not shown.
    elements = f"elements = {{ {_elements(ground)} }}"
    text, times = re.subn("# [0-9]+ ranges, not shown here", elements, done.stdout)
    if times != 1:
        raise RuntimeError("its ruleset has the list in another form")
    return text


def _elements(ground: Ground) -> str:
    return ", ".join(ground.list.read_text().split())


def _ingress(ground: Ground) -> str:
    return f"""
table netdev bench {{
    set bad {{
        type ipv4_addr
        flags interval
        elements = {{ {_elements(ground)} }}
    }}
    chain in {{
        type filter hook ingress device ext0 priority 0;
        ip saddr @bad drop
    }}
}}
"""


# What meets the flood, as bench/early_drop.c calls it, and its rules.
CANDIDATES: dict[str, tuple[str, Callable[[Ground], str] | None]] = {
    GATEHOUSE: ("early", None),
    RULESET: ("ruleset", _policy),
    INGRESS: ("ruleset", _ingress),
    LIMIT: ("limit", None),
}


def heading(count: int, sources: int) -> Heading:
    title = f"early drop: {sources:,} sources of a list of {count:,} prefixes"
    return Heading(title, "ns/packet", "packets/s")


def floods(count: int) -> tuple[int, int]:
    return SOURCES, count


def run(_name: str, course: Course, _taker: object) -> Results:
    results = Results()
    if not (PROGRAMS / "bench-early_drop").exists():
        results.missing[GATEHOUSE] = "this build has no early drop"
        return results
    for count in COUNTS:
        for name in CANDIDATES:
            if not course.wants(name):
                continue
            try:
                results.samples += _measure(name, count, course)
            except RuntimeError as error:
                results.missing[name] = str(error)
    return results


def _measure(name: str, count: int, course: Course) -> Iterator[Sample]:
    """A list is loaded once for all rounds: through nft it takes its time."""
    how, rules = CANDIDATES[name]
    with Field() as ground:
        path = ground.dir / "list.netset"
        path.write_text(netset(count))
        if rules:
            text = rules(Ground(ground, path))
            argv = ["nft", "-f", "-"]
            ground.gw.run(argv, input=text, check=True, timeout=LOAD_S)
        for _ in range(course.rounds):
            for sources in floods(count):
                yield _sample(ground, name, how, count, sources, course.seconds)


def _came_up(ground: Field, name: str) -> int:
    """What the stack took in; to the ruleset all of it comes, and nothing of it
    may go any further."""
    text = ground.gw.run(["cat", "/proc/net/snmp"], check=True).stdout
    head, values = (s.split() for s in text.splitlines() if s.startswith("Ip:"))
    return int(values[head.index("InDelivers" if name == RULESET else "InReceives")])


def _sample(
    ground: Field, name: str, how: str, count: int, sources: int, seconds: float
) -> Sample:
    argv = [PROGRAMS / "bench-early_drop", how, ground.dir / "list.netset"]
    argv += [min(sources, count), "ext0", "203.0.113.1", seconds]
    before = _came_up(ground, name)
    with field.on_core(MEASURED_CORE):
        done = ground.gw.run(argv, check=True, timeout=60)
    passed = _came_up(ground, name) - before
    frames, ns, _load = done.stdout.split()
    cost = int(ns) / int(frames)
    title = heading(count, sources).title
    fault = f"{passed} packets of the flood were not dropped" if passed else ""
    return Sample(name, title, cost, rate=1e9 / cost, fault=fault)


def headings(_name: str) -> list[Heading]:
    return [heading(count, n) for count in COUNTS for n in floods(count)]
