#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a sandbox costs: `gatehouse exec` beside the bare command, by turns.

    bench/sandbox.py [ROUNDS]

Starting `true`: wall time and CPU time, of the proxy too.  A download of 256 MiB
over a link of 1 Gbit/s and over one that only the machine bounds: bytes a
second.  By turns, because other programs use the machine; compare the ratios.
"""

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

from tests.lab.lab import Lab  # noqa: E402
from tests.lab.sandbox import NOBODY, Sandbox  # noqa: E402

NAME = "www.example.com"
POLICY = f"allow sandbox -> {NAME} web\n"
FILE_BYTES = 256 << 20
LINK = "tc qdisc add dev eth0 root tbf rate 1gbit burst 256k latency 50ms"
CURL = ["curl", "-sSk", "-o", "/dev/null", "-w", "%{speed_download}"]


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start(argv: list[str]) -> tuple[float, float]:
    """Wall and CPU milliseconds."""
    before, began = cpu(), time.monotonic()
    subprocess.run(argv, check=True)
    return (time.monotonic() - began) * 1e3, (cpu() - before) * 1e3


def starts(sandbox: Sandbox, rounds: int) -> None:
    calls = {"bare": [*NOBODY, "true"], "exec": sandbox.argv(POLICY, ["true"])}
    took = {name: [] for name in calls}
    for _ in range(rounds * 10):
        for name, argv in calls.items():
            took[name].append(start(argv))
    for name, pairs in took.items():
        wall, used = zip(*pairs, strict=True)
        print(
            f"start {name}: least {min(wall):.1f} ms, median"
            f" {statistics.median(wall):.1f} ms, CPU {statistics.mean(used):.1f} ms"
        )


def speeds(sandbox: Sandbox, scheme: str, rounds: int) -> None:
    url = f"{scheme}://{NAME}/files/large"
    bare, inside = [], []
    for _ in range(rounds):
        done = sandbox.host.run([*NOBODY, *CURL, url], timeout=60, check=True)
        bare.append(float(done.stdout))
        inside.append(float(sandbox.run(POLICY, [*CURL, url], timeout=60).out))
    one, other = statistics.median(bare), statistics.median(inside)
    print(
        f"  {scheme}: bare {one / 1e6:.0f} MB/s, exec {other / 1e6:.0f} MB/s,"
        f" ratio {other / one:.2f}"
    )


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with Lab() as lab:
        sandbox = Sandbox(lab.out)
        with open(lab.pages.files / "large", "wb") as large:
            large.truncate(FILE_BYTES)
        starts(sandbox, rounds)
        for words in "as the machine can", "1 Gbit/s":
            print(f"download, {words}")
            for scheme in "http", "https":
                speeds(sandbox, scheme, rounds)
            lab.web.run(LINK.split())


if __name__ == "__main__":
    main()
