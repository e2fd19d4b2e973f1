# SPDX-License-Identifier: GPL-2.0-or-later
"""The gateway's own account: its events, as it wrote them."""

import json
from collections.abc import Container
from dataclasses import dataclass, fields
from pathlib import Path

from tests.lab import wait


@dataclass(frozen=True)
class Event:
    """One line of events.jsonl; its objects are unfolded (`rule.line` is
    `rule_line`).  What the line says null for, or nothing, is None."""

    time: str | float | None = None
    id: str | int | None = None
    kind: str | None = None
    flow: str | int | None = None
    enforcer: str | None = None
    phase: str | None = None
    verdict: str | None = None
    rule_line: int | None = None
    rule_name: str | None = None
    zone_from: str | None = None
    zone_to: str | None = None
    source: str | None = None
    source_port: int | None = None
    destination: str | None = None
    protocol: str | None = None
    port: int | None = None
    name: str | None = None
    method: str | None = None
    url: str | None = None
    user: str | None = None
    status: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    duration_ms: float | None = None
    reason: str | None = None
    packets_in: int | None = None
    packets_out: int | None = None
    parent_name: str | None = None
    parent_server: str | None = None
    balancer: str | None = None
    flags: str | None = None
    length: int | None = None
    suppressed: int | None = None
    http: str | None = None
    http_server: str | None = None

    @classmethod
    def parse(cls, line: str) -> "Event":
        known = {field.name for field in fields(cls)}
        flat = _unfold(json.loads(line))
        return cls(**{key: value for key, value in flat.items() if key in known})

    def matches(self, wanted: dict[str, object]) -> bool:
        return all(_fits(getattr(self, key), w) for key, w in wanted.items())


def _unfold(record: dict) -> dict:
    flat = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat |= {f"{key}_{inner}": v for inner, v in value.items()}
        else:
            flat[key] = value
    return flat


def _fits(value: object, wanted: object) -> bool:
    """Equal, or one of several: `source_port=range(20000, 20010)`."""
    if isinstance(wanted, Container) and not isinstance(wanted, str):
        return value in wanted
    return value == wanted


class Journal:
    """The events of a file from some place on."""

    def __init__(self, path: Path, start: int = 0):
        self.path = path
        self._start = start

    def from_here(self) -> "Journal":
        """The events that are still to come."""
        return Journal(self.path, self.path.stat().st_size if self._exists() else 0)

    def lines(self) -> list[str]:
        """Only whole lines: one may just be being written."""
        if not self._exists():
            return []
        with open(self.path, "rb") as file:
            file.seek(self._start)
            text = file.read().decode()
        return text[: text.rfind("\n") + 1].splitlines()

    def events(self, **wanted: object) -> list[Event]:
        """`events(verdict="drop", source_port=range(20000, 20010))`"""
        every = [Event.parse(line) for line in self.lines()]
        return [event for event in every if event.matches(wanted)]

    def wait(self, timeout: float = 10.0, **wanted: object) -> Event:
        """The last such event, once there is one."""
        what = f"an event {wanted}"
        return wait.until(what, lambda: self.events(**wanted), timeout)[-1]

    def _exists(self) -> bool:
        return self.path.exists()
