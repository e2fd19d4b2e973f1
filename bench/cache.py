# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload cache: what the memory store costs (bench/store.c) and how many hits
its eviction leaves beside others (bench/eviction.c).  No network, no root."""

import subprocess

from bench.course import Course
from bench.field import PROGRAMS
from bench.sample import Results
from bench.table import Heading

COMMANDS = [["bench-store", "1000000"], ["bench-eviction"]]
SMOKE = [["bench-store", "1000"]]


def run(_name: str, course: Course, _taker: object) -> Results:
    results = Results()
    for program, *argv in COMMANDS if course.rounds > 1 else SMOKE:
        done = subprocess.run(
            [PROGRAMS / program, *argv], text=True, capture_output=True
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")
        results.lines += done.stdout.splitlines()
    return results


def headings(_name: str) -> list[Heading]:
    return []
