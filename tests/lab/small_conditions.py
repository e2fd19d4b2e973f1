# SPDX-License-Identifier: GPL-2.0-or-later
"""Hours and limits, read a second time for small_policy.py.

The kernel's clock is nobody's to set, so hours are made around the minute in
which they are made: they hold then or do not, and an hour before and after it
is still the same.  Limits are such as fill again in a day, so that what passes
can be counted.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from ipaddress import ip_network

from tests.lab.frames import Address
from tests.lab.wires import is_near

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK = 7 * 1440
MARGIN = 60
# Minutes by which local time is ahead of UTC.
OFFSETS = (0, 0, 60, 330, 345, 840, -210, -720)


@dataclass(frozen=True)
class Clock:
    """A minute of the week, somewhere."""

    offset: int
    minute: int

    @classmethod
    def now(cls, offset: int) -> "Clock":
        local = datetime.now(timezone.utc) + timedelta(minutes=offset)
        return cls(offset, local.weekday() * 1440 + local.hour * 60 + local.minute)

    def __str__(self) -> str:
        day, minute = divmod(self.minute, 1440)
        return f"{DAYS[day]} {_time(minute)}"

    @property
    def zone(self) -> str:
        """As POSIX has it: what must be added to come to UTC."""
        hours, minutes = divmod(abs(self.offset), 60)
        return f"LOC{'-' if self.offset > 0 else '+'}{hours}:{minutes:02}"


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@dataclass
class Hours:
    """Spans, as they are written and as they are meant."""

    words: list[str] = field(default_factory=list)
    spans: list[tuple[list[int], int, int]] = field(default_factory=list)

    def hold(self, minute: int) -> bool:
        return any(self._holds(span, minute % WEEK) for span in self.spans)

    def _holds(self, span: tuple[list[int], int, int], minute: int) -> bool:
        days, first, end = span
        day, at = divmod(minute, 1440)
        if first < end:
            return day in days and first <= at < end
        yesterday = (day - 1) % 7
        return (day in days and at >= first) or (yesterday in days and at < end)

    def is_steady(self, minute: int) -> bool:
        around = {self.hold(m) for m in range(minute - MARGIN, minute + MARGIN + 1)}
        return len(around) == 1


def random_hours(chance: random.Random, clock: Clock) -> Hours:
    while True:
        hours = Hours()
        for _ in range(chance.choice((1, 1, 2, 3))):
            _add_span(chance, clock, hours)
        if hours.is_steady(clock.minute):
            return hours


def _add_span(chance: random.Random, clock: Clock, hours: Hours) -> None:
    today = clock.minute // 1440
    first_day = (today + chance.choice((0, 0, 0, -1, 1, chance.randrange(7)))) % 7
    length = chance.choice((1, 1, 2, 5, 7))
    days = [(first_day + n) % 7 for n in range(length)]
    words = [DAYS[days[0]] if length == 1 else f"{DAYS[days[0]]}-{DAYS[days[-1]]}"]
    first, end = 0, 1440
    if length == 7 and chance.random() < 0.5:
        words = []
    if not words or chance.random() < 0.8:
        first, end = (chance.randrange(0, 1440, 15) for _ in range(2))
        end = end if end != first else 1440
        words.append(f"{_time(first)}-{_time(end)}")
    hours.words.append(" ".join(words))
    hours.spans.append((days, first, end))


@dataclass
class Limits:
    """`limit 3/d burst BURST` and `connections COUNT` of a rule; 0: none.  And a
    bandwidth, of which all packets are within."""

    burst: int = 0
    is_each: bool = False  # per source
    connections: int = 0
    connections_each: bool = False
    bandwidth: str = ""

    def __bool__(self) -> bool:
        return bool(self.burst or self.connections or self.bandwidth)

    def __str__(self) -> str:
        words = []
        if self.burst:
            words.append(f"limit 3/d burst {self.burst}")
            words += ["per source"] * self.is_each
        if self.connections:
            words.append(f"connections {self.connections}")
            words += ["per source"] * self.connections_each
        words += [self.bandwidth] if self.bandwidth else []
        return " ".join(words)


def random_limits(chance: random.Random) -> Limits:
    kinds = chance.choice(("rate", "connections", "both", "bandwidth"))
    limits = Limits()
    if kinds == "bandwidth":
        words = ("1GB/s", "1GB/s per source", "8Gbit/s up per source")
        limits.bandwidth = f"bandwidth {chance.choice(words)}"
        return limits
    if kinds != "connections":
        limits.burst = chance.choice((1, 2, 3, 5))
        limits.is_each = chance.random() < 0.5
    if kinds != "rate":
        limits.connections = chance.choice((1, 2, 3))
        limits.connections_each = chance.random() < 0.5
    return limits


class Passed:
    """How many flows each rule has let pass, in all or of each source."""

    def __init__(self) -> None:
        self.flows: dict[object, int] = {}
        self.banned: set[object] = set()

    def take(self, line: int, limits: Limits, source: Address) -> bool:
        """One more.  A flow that is one connection too many has used the rate."""
        if limits.burst:
            key = ("rate", line, source_of(source) if limits.is_each else None)
            if not self._take(key, limits.burst):
                return False
        if limits.connections:
            each = source_of(source) if limits.connections_each else None
            return self._take(("connections", line, each), limits.connections)
        return True

    def refuse(self, line: int, most: int, source: Address) -> bool:
        """One more that a rule refuses; true: and that is too many."""
        if not self._take(("refused", line, client_of(source)), most - 1):
            self.banned.add(client_of(source))
            return True
        return False

    def is_banned(self, source: Address) -> bool:
        return client_of(source) in self.banned

    def _take(self, key: object, most: int) -> bool:
        if self.flows.get(key, 0) >= most:
            return False
        self.flows[key] = self.flows.get(key, 0) + 1
        return True


def client_of(address: Address) -> object:
    """Who is banned; the gateway's neighbours share a network."""
    return address if is_near(address) else source_of(address)


def source_of(address: Address) -> object:
    """A client has as many addresses of its IPv6 network as it likes."""
    return address if address.version == 4 else ip_network((address, 64), strict=False)
