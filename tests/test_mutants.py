# SPDX-License-Identifier: GPL-2.0-or-later
"""The bugs that scripts/mutate plants still have their places in the compiler."""

import pytest

from tests.lab.gateway import ROOT
from tests.mutation.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_has_its_place(mutant: Mutant) -> None:
    text = (ROOT / "src" / "firewall" / mutant.file).read_text()
    assert text.count(mutant.text) == 1, f"{mutant.file} has changed: find it anew"
    assert mutant.text != mutant.instead


def test_names_are_told_apart() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
