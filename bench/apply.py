# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload apply: a policy takes the place of another of as many rules.

Gatehouse runs; what is measured is `gatehouse apply --quiet`: it reads and
checks the policy, has the proxy read it and the kernel take the rules, judges
the flows that live, and waits for all of it.  The peers load the same rules by
their own programs, and do no more (rulesets.py).

The cost is CPU time, with that of the daemons; time that passes is the other
figure.  A last policy has a list of a million prefixes, once new to the gateway
and once as it is in force: then the kernel has it already.
"""

import contextlib
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import rulesets, window
from bench.course import Course
from bench.early_drop import netset
from bench.field import BUILD, Field
from bench.rulesets import CANDIDATES, GATEHOUSE, LIMIT, policy
from bench.sample import Results, Sample
from bench.table import Heading

COUNTS = (10, 1000, 10_000)
READY_S = 60
LISTED = 1_000_000
LAST = "drop any -> any\n"  # so that the second policy is another
NEW, KEPT = "", " that is there"  # the list


def _heading(count: int) -> Heading:
    return Heading(f"apply: another policy of {count:,} rules", "ms/apply", "applies/s")


def _heading_of_list(which: str) -> Heading:
    title = f"apply: 10 rules and a list of {LISTED:,}{which}"
    return Heading(title, "ms/apply", "applies/s")


def headings(_name: str) -> list[Heading]:
    of_lists = [_heading_of_list(which) for which in (NEW, KEPT)]
    return [_heading(count) for count in COUNTS] + of_lists


def run(_name: str, course: Course, _taker: object) -> Results:
    results = Results()
    for _ in range(course.rounds):
        for count in COUNTS:
            for name in CANDIDATES:
                if course.wants(name) and name != LIMIT:
                    _add(results, name, count)
        if course.wants(GATEHOUSE):
            _add_lists(results)
    return results


def _add(results: Results, name: str, count: int) -> None:
    with Field() as ground, contextlib.ExitStack() as stack:
        if name == GATEHOUSE:
            rules = policy(count)
            act = stack.enter_context(_running(ground, rules, rules + LAST))
        else:
            loads = CANDIDATES[name](count, False, ground)
            if reason := rulesets.lacking(loads):
                results.missing[name] = reason
                return
            rulesets.guard(ground, loads)
            act = lambda: rulesets.guard(ground, loads)  # noqa: E731
        results.samples.append(_timed(ground, name, _heading(count), act))


def _add_lists(results: Results) -> None:
    with Field() as ground:
        (ground.dir / "listed").write_text(netset(LISTED))
        rules = 'list bad = addresses "listed"\ndrop bad -> any\n' + policy(10)
        with _running(ground, policy(10), rules) as act:
            for which in (NEW, KEPT):
                heading = _heading_of_list(which)
                results.samples.append(_timed(ground, GATEHOUSE, heading, act))


@contextlib.contextmanager
def _running(ground: Field, before: str, after: str) -> Iterator[Callable[[], None]]:
    first, second = Path(ground.dir, "first.policy"), Path(ground.dir, "second.policy")
    first.write_text(before)
    second.write_text(after)
    options = ["--runtime", ground.dir / "runtime"]
    gateway = ground.gw.spawn([BUILD / "gatehouse", "run", *options, first], dies_by="TERM")
    if not gateway.wait_line("ready", READY_S):
        raise RuntimeError(gateway.err)
    argv = [BUILD / "gatehouse", "apply", "--quiet", *options, second]
    yield lambda: ground.gw.run(argv, check=True, timeout=READY_S)
    gateway.stop()


def _timed(
    ground: Field, name: str, heading: Heading, act: Callable[[], object]
) -> Sample:
    lives = ground.measured()
    cpu, start = _cpu(lives), time.monotonic()
    act()
    seconds, cpu = time.monotonic() - start, _cpu(lives) - cpu
    return Sample(name, heading.title, 1000 * cpu, rate=1 / seconds)


def _cpu(lives: list[int]) -> float:
    """Of our own children that have ended, and of who lives with its own."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime + window.cpu_with_children(lives)
