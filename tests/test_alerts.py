# SPDX-License-Identifier: GPL-2.0-or-later
"""The alert rules that are shipped: right in form, each one rings when it should
and not else, and all that they ask for is documented."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ALERTS = ROOT / "share" / "prometheus" / "alerts.yml"
TESTS = ROOT / "tests" / "prometheus" / "alerts_test.yml"


def promtool(*words: str | Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (scripts/setup test)")
    done = subprocess.run(
        ["promtool", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_them() -> None:
    promtool("check", "rules", ALERTS)


def test_they_ring_when_they_should() -> None:
    promtool("test", "rules", TESTS)


def test_each_is_tested_ringing() -> None:
    names = set(re.findall(r"- alert: (\w+)", ALERTS.read_text()))
    rings = re.findall(r"alertname: (\w+)\n +exp_alerts:\n +- exp", TESTS.read_text())
    assert names == set(rings)


def test_what_they_ask_for_is_documented() -> None:
    asked = set(re.findall(r"gatehouse_\w+", ALERTS.read_text()))
    told = (ROOT / "docs" / "metrics.md").read_text()
    assert asked and all(f"| `{name}` |" in told for name in asked)
