# SPDX-License-Identifier: GPL-2.0-or-later
"""The course of a run, as the command line asks for it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Course:
    """How long and how often is measured, and whom."""

    rounds: int
    seconds: float
    warm_s: float
    only: frozenset[str] = frozenset()  # empty: everybody

    def wants(self, name: str) -> bool:
        return not self.only or name in self.only
