# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload cache: what memory and disk store cost (bench/store.c, bench/disk.c)
and how many hits eviction leaves beside others (bench/eviction.c).  No network,
no root."""

import subprocess
import tempfile

from bench.course import Course
from bench.field import PROGRAMS
from bench.sample import Results
from bench.table import Heading

# @DIR@ is a fresh directory.
COMMANDS = [
    ["bench-store", "1000000"],
    ["bench-disk", "@DIR@", "1000000"],
    ["bench-eviction"],
]
SMOKE = [["bench-store", "1000"], ["bench-disk", "@DIR@", "1000"]]


def run(_name: str, course: Course, _taker: object) -> Results:
    results = Results()
    for program, *argv in COMMANDS if course.rounds > 1 else SMOKE:
        with tempfile.TemporaryDirectory(prefix="bench-") as dir:
            argv = [arg.replace("@DIR@", dir) for arg in argv]
            results.lines += _said(program, argv)
    return results


def _said(program: str, argv: list[str]) -> list[str]:
    done = subprocess.run([PROGRAMS / program, *argv], text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr}")
    return done.stdout.splitlines()


def headings(_name: str) -> list[Heading]:
    return []
