# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload apply: a policy takes the place of another of as many rules.

Gatehouse runs; what is measured is `gatehouse apply --quiet`: it reads and
checks the policy, has the proxy read it and the kernel take the rules, judges
the flows that live, and waits for all of it.  The peers load the same rules by
their own programs, and do no more (rulesets.py).

The cost is CPU time, with that of the daemons; time that passes is the other
figure.
"""

import contextlib
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import rulesets, window
from bench.course import Course
from bench.field import BUILD, Field
from bench.rulesets import CANDIDATES, GATEHOUSE, LIMIT, policy
from bench.sample import Results, Sample
from bench.table import Heading

COUNTS = (10, 1000, 10_000)
READY_S = 60


def _heading(count: int) -> Heading:
    return Heading(f"apply: another policy of {count:,} rules", "ms/apply", "applies/s")


def headings(_name: str) -> list[Heading]:
    return [_heading(count) for count in COUNTS]


def run(_name: str, course: Course, _taker: object) -> Results:
    results = Results()
    for _ in range(course.rounds):
        for count in COUNTS:
            for name in CANDIDATES:
                if course.wants(name) and name != LIMIT:
                    _add(results, name, count)
    return results


def _add(results: Results, name: str, count: int) -> None:
    with Field() as ground, contextlib.ExitStack() as stack:
        if name == GATEHOUSE:
            act = stack.enter_context(_running(ground, count))
        else:
            loads = CANDIDATES[name](count, False, ground)
            if reason := rulesets.lacking(loads):
                results.missing[name] = reason
                return
            rulesets.guard(ground, loads)
            act = lambda: rulesets.guard(ground, loads)  # noqa: E731
        results.samples.append(_timed(ground, name, count, act))


@contextlib.contextmanager
def _running(ground: Field, count: int) -> Iterator[Callable[[], None]]:
    first, second = Path(ground.dir, "first.policy"), Path(ground.dir, "second.policy")
    first.write_text(policy(count))
    second.write_text(policy(count) + "drop any -> any\n")
    options = ["--runtime", ground.dir / "runtime"]
    gateway = ground.gw.spawn([BUILD / "gatehouse", "run", *options, first], dies_by="TERM")
    if not gateway.wait_line("ready", READY_S):
        raise RuntimeError(gateway.err)
    argv = [BUILD / "gatehouse", "apply", "--quiet", *options, second]
    yield lambda: ground.gw.run(argv, check=True, timeout=READY_S)
    gateway.stop()


def _timed(
    ground: Field, name: str, count: int, act: Callable[[], object]
) -> Sample:
    lives = ground.measured()
    cpu, start = _cpu(lives), time.monotonic()
    act()
    seconds, cpu = time.monotonic() - start, _cpu(lives) - cpu
    return Sample(name, _heading(count).title, 1000 * cpu, rate=1 / seconds)


def _cpu(lives: list[int]) -> float:
    """Of our own children that have ended, and of who lives with its own."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime + window.cpu_with_children(lives)
