# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload policy: reading a policy and asking it, by programs that link the
engine and print for themselves (bench/policy.c).  No network, no root."""

import subprocess
import tempfile
from pathlib import Path

from bench import firewall
from bench.course import Course
from bench.field import PROGRAMS, ROOT
from bench.sample import Results
from bench.table import Heading

# Arguments of each program.  It runs where examples/ is, and the policies of
# the workload firewall, by their number of rules.
COMMANDS = {
    "bench-policy": [
        ["examples/office.policy",
         "lan 10.0.0.4 -> 203.0.113.53 udp 53",
         "lan 10.0.0.4 -> https://www.example.com/",
         "lan 10.0.0.4 -> https://ads.example.net/",
         "wan 203.0.113.66 -> self 203.0.113.1 tcp 25"],
        *[[f"{count}-rules.policy", "lan 10.0.0.4 -> 203.0.113.80 udp 9"]
          for count in firewall.COUNTS],
    ],
}  # fmt: skip

LINES = "to read it, and for one answer"


def run(_name: str, _course: Course, _taker: object) -> Results:
    results = Results()
    with tempfile.TemporaryDirectory(prefix="bench-") as dir:
        Path(dir, "examples").symlink_to(ROOT / "examples")
        for count in firewall.COUNTS:
            path = Path(dir, f"{count}-rules.policy")
            path.write_text(firewall.policy(count))
        for program, calls in COMMANDS.items():
            for argv in calls:
                results.lines += _said(program, argv, dir)
    return results


def _said(program: str, argv: list[str], dir: str) -> list[str]:
    done = subprocess.run(
        [PROGRAMS / program, *argv], cwd=dir, text=True, capture_output=True
    )
    if done.returncode:
        raise RuntimeError(f"{program} {' '.join(argv)}: {done.stderr}")
    return done.stdout.splitlines()


def headings(_name: str) -> list[Heading]:
    return []
