# SPDX-License-Identifier: GPL-2.0-or-later
"""A window: a span of time, what was done in it and the CPU time it took.

The time is that of the processes (/proc/PID/stat): it counts what they did for
their work even where others had the core meanwhile.  Others are not harmless,
they take the caches: a window in which they had more than OTHERS_MAX of a core
is taken again, up to RETAKES times, and the quietest counts.  On a machine that
is never quiet a run would not end: all its windows share RETAKES_OF_A_RUN.
"""

import contextlib
import os
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
KERNEL_PARENT = 2  # kthreadd
OTHERS_MAX = 0.10
RETAKES = 2
RETAKES_OF_A_RUN = 40


@dataclass(frozen=True)
class Counts:
    """What load and origin have counted so far (bench/tcp.h)."""

    answers: int
    bytes: int
    failures: int
    dials: int


def read_counts(path: Path) -> Counts:
    return Counts(*struct.unpack("=4Q", path.read_bytes()))


@dataclass(frozen=True)
class Window:
    seconds: float
    cpu_s: float  # of what is measured
    all_cpu_s: float  # and of the clients and the origin
    others: float  # cores that belonged to somebody else
    counts: Counts  # of the load, within the window
    origin: Counts

    @property
    def is_quiet(self) -> bool:
        return self.others <= OTHERS_MAX


@dataclass(frozen=True)
class Watched:
    """Whose time is taken, and who counts."""

    measured: list[int]
    helpers: list[int]
    load: Path
    origin: Path


class Taker:
    """Takes the windows of a run."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.retakes_left = RETAKES_OF_A_RUN

    def take(self, watched: Watched) -> Window:
        windows = [take_once(watched, self.seconds)]
        while not windows[-1].is_quiet and self._may_retake(len(windows)):
            windows.append(take_once(watched, self.seconds))
        return min(windows, key=lambda window: window.others)

    def _may_retake(self, taken: int) -> bool:
        if taken > RETAKES or self.retakes_left == 0:
            return False
        self.retakes_left -= 1
        return True


def take_once(watched: Watched, seconds: float) -> Window:
    before = _Look(watched)
    time.sleep(seconds)  # the window itself
    after = _Look(watched)
    passed = after.time - before.time
    cpu = after.measured - before.measured
    ours = cpu + after.helpers - before.helpers
    return Window(
        seconds=passed,
        cpu_s=cpu,
        all_cpu_s=ours,
        others=max(0.0, (after.foreign - before.foreign - ours) / passed),
        counts=_difference(before.load, after.load),
        origin=_difference(before.origin, after.origin),
    )


class _Look:
    """All clocks and counters at one moment."""

    def __init__(self, watched: Watched):
        self.time = time.monotonic()
        self.measured = cpu_of(watched.measured)
        self.helpers = cpu_of(watched.helpers)
        self.foreign = _cpu_of_machine() - _cpu_of_kernel()
        self.load = read_counts(watched.load)
        self.origin = read_counts(watched.origin)


def _difference(before: Counts, after: Counts) -> Counts:
    fields = zip(vars(after).values(), vars(before).values())
    return Counts(*(a - b for a, b in fields))


def _stat(pid: int) -> list[int]:
    """The fields of proc(5) from the fourth on: parent first."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(word) for word in words[1:]]


def _cpu(stat: list[int]) -> float:
    return (stat[10] + stat[11]) * TICK_S


def cpu_with_children(pids: Iterable[int]) -> float:
    """And of those children of theirs that have ended."""
    return sum(sum(_stat(pid)[10:14]) for pid in pids) * TICK_S


def cpu_of(pids: Iterable[int]) -> float:
    """User and system time of the processes with all their threads."""
    return sum(_cpu(_stat(pid)) for pid in pids)


def _cpu_of_kernel() -> float:
    """The kernel's threads: what they do meanwhile they do for us, most of all
    to forget ended connections.  It is nobody's cost, but no disturbance."""
    seconds = 0.0
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            stat = _stat(int(entry))
            seconds += _cpu(stat) if stat[0] == KERNEL_PARENT else 0.0
    return seconds


def _cpu_of_machine() -> float:
    """All but idle and waiting; time stolen by the host is somebody else's."""
    first = Path("/proc/stat").read_text().partition("\n")[0].split()[1:]
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, first[:8])
    return (user + nice + system + irq + softirq + steal) * TICK_S


def memory_of(pids: Iterable[int]) -> int:
    """Bytes of the processes' own memory: anonymous pages, resident."""
    return sum(_anonymous(pid) for pid in pids)


def _anonymous(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0

