# SPDX-License-Identifier: GPL-2.0-or-later
"""Every unit-test program, as one test each, so that one line counts all.

Meson knows them; they are built before the first one runs, so that none is
ever older than its source.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / os.environ.get("BUILD", "build")
KNOWN = BUILD / "meson-info" / "intro-tests.json"
# What it tests is not in this build: as meson has it.
SKIPPED = 77


def programs() -> list[dict]:
    return json.loads(KNOWN.read_text()) if KNOWN.exists() else []


def name(program: dict) -> str:
    return f"{program['suite'][0].split(':')[-1]}/{program['name']}"


@pytest.fixture(scope="module")
def built() -> None:
    targets = {str(Path(p["cmd"][0]).relative_to(BUILD)) for p in programs()}
    argv = ["ninja", "-C", str(BUILD), "--quiet", *sorted(targets)]
    done = subprocess.run(argv, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_build_knows_unit_tests() -> None:
    """Without this, a build that is not there would look like success."""
    assert programs(), f"no unit tests in {BUILD}: make"


@pytest.mark.parametrize("program", programs(), ids=name)
def test_program(program: dict, built: None) -> None:
    done = subprocess.run(
        program["cmd"],
        env=os.environ | program["env"],
        cwd=program["workdir"] or ROOT,
        text=True,
        errors="replace",
        capture_output=True,
        timeout=program["timeout"] * 4,  # the machine may be busy
    )
    if done.returncode == SKIPPED:
        pytest.skip(done.stdout + done.stderr or "not in this build")
    assert done.returncode == 0, done.stdout + done.stderr
