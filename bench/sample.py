# SPDX-License-Identifier: GPL-2.0-or-later
"""What one measurement of one candidate gave, and all that a workload gave."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    name: str  # the candidate's
    case: str  # the title of its table
    cost: float  # in the case's unit; less is better
    cost_of_all: float | None = None  # with clients and origin
    rate: float | None = None  # units in a second
    others: float | None = None  # cores that somebody else had
    fault: str = ""  # why the figures cannot be trusted
    note: str = ""  # how the candidate did something else than its peers


class Results:
    """All of a workload: samples, and who could not be measured."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.missing: dict[str, str] = {}
        self.lines: list[str] = []  # of programs that print for themselves

    def of(self, case: str) -> dict[str, list[Sample]]:
        found: dict[str, list[Sample]] = {}
        for sample in self.samples:
            if sample.case == case:
                found.setdefault(sample.name, []).append(sample)
        return found

    @property
    def notes(self) -> list[str]:
        return sorted({f"{s.name}: {s.note}" for s in self.samples if s.note})

    @property
    def faults(self) -> list[str]:
        return sorted({f"{s.name}: {s.fault}" for s in self.samples if s.fault})
