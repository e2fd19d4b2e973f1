# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/failures.md: each row has its test, and each limit is the source's."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "failures.md").read_text()
STORIES = ROOT / "tests" / "story"
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "s": 1}


def rows(section: str) -> list[list[str]]:
    """The cells of its tables, without their heads."""
    text = TEXT.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    lines = [line for table in tables for line in table.splitlines()[2:]]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


FAILURES, LIMITS = rows("Failing closed"), rows("Limits")


@pytest.mark.parametrize("row", [*FAILURES, *rows("Overload")], ids=lambda row: row[0])
def test_each_row_has_its_test(row: list[str]) -> None:
    file, test = re.fullmatch(r"`(test_\w+\.py)::(test_\w+)`", row[-1]).groups()
    assert re.search(rf"^def {test}\(", (STORIES / file).read_text(), re.MULTILINE)


def test_each_test_has_its_row() -> None:
    named = {row[-1].strip("`") for row in [*FAILURES, *rows("Overload")]}
    for file in ("test_0183_failures.py", "test_0184_overload.py"):
        tests = re.findall(r"^def (test_\w+)\(", (STORIES / file).read_text(), re.M)
        assert len(tests) >= 4
        assert {f"{file}::{test}" for test in tests} <= named


def test_each_row_is_whole() -> None:
    assert len(FAILURES) > 20 and {len(row) for row in FAILURES} == {6}
    assert len(LIMITS) > 30 and {len(row) for row in LIMITS} == {4}


def value_of(expression: str) -> int:
    """Of a constant: numbers, shifts, products, casts and CLOCK_SECOND."""
    plain = re.sub(r"\((?:size_t|u?int64_t|off_t)\)|CLOCK_SECOND", "", expression)
    plain = re.sub(r"/\*.*", "", plain).strip()
    plain = re.sub(r"\*\s*\)", ")", plain)  # seconds
    assert re.fullmatch(r"[\d\s()*<+]+", plain), expression
    return eval(plain)


CONSTANTS = [row for row in LIMITS if re.search(r"`[A-Z_]+` in `", row[3])]


@pytest.mark.parametrize("row", CONSTANTS, ids=lambda row: row[0])
def test_each_limit_is_the_source_s(row: list[str]) -> None:
    number, unit = re.fullmatch(r"(\d+)(?: (KiB|MiB|s))?", row[1]).groups()
    name, file = re.search(r"`([A-Z_]+)` in `([\w/.]+)`", row[3]).groups()
    source = (ROOT / "src" / file).read_text()
    expression = re.search(rf"^#define {name} +(.*)$", source, re.MULTILINE)[1]
    assert int(number) * UNITS.get(unit, 1) == value_of(expression)


def test_limits_of_the_source_are_compared() -> None:
    assert len(CONSTANTS) > 35
