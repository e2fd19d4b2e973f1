# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/attacks.md: each row names a test that is there, and runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "attacks.md").read_text()
PARTS = re.split(r"^## ", TEXT, flags=re.M)[1:]
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for part in PARTS
    for table in re.findall(r"^\| attack \|.*\n.*\n((?:\|.*\n)+)", part, re.M)
    for line in table.splitlines()
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_row_has_its_test(row: list[str]) -> None:
    attack, defence, named = row
    path, _, test = re.fullmatch(r"`([\w/.]+)(::(\w+))?`", named).groups()
    file = ROOT / path if "/" in path else ROOT / "tests" / "story" / path
    text = file.read_text()
    if file.suffix == ".py":
        assert re.search(rf"^def {test}\(", text, re.M), named
    elif test:
        assert re.search(rf"^{test}\(void \*\*state\)", text, re.M), named
        assert re.search(rf"(?:cmocka_unit_test\w*|TEST)\(\s*{test}\b", text), named
    else:
        assert "LLVMFuzzerTestOneInput" in text or "cmocka_run_group_tests" in text
    assert attack and defence


def test_each_part_has_rows() -> None:
    *parts, last = PARTS
    assert len(parts) > 12 and len(ROWS) > 100
    for part in parts:
        assert len(re.findall(r"^\| .* \|$", part, re.M)) > 4, part.split("\n")[0]
    assert last.startswith("What is not tried\n") and last.count("\n- **") > 8


def test_each_fuzzer_is_there_to_be_run() -> None:
    for path in re.findall(r"`tests/fuzz/(\w+/\w+)\.c`", TEXT):
        part, name = path.split("/")
        assert f"'{name}'" in (ROOT / "tests" / "fuzz" / part / "meson.build").read_text()
