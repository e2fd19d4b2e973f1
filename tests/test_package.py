# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package brings beside the programs."""

import re
import shutil
import subprocess

import pytest

from tests.lab.gateway import PROGRAM, ROOT, gatehouse

UNIT = (ROOT / "share/systemd/gatehouse.service.in").read_text()


def test_the_first_policy_is_good() -> None:
    done = gatehouse("check", ROOT / "debian/gatehouse.policy")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stdout + done.stderr


@pytest.mark.parametrize("interface", ["eth0", "enp3s0", "wlan0", "bond0", "br0"])
def test_the_first_policy_locks_nobody_out(interface: str) -> None:
    policy = (ROOT / "debian/gatehouse.policy").read_text()
    (zone,) = re.findall(r"^zone net = (.*)$", policy, re.M)
    assert any(interface.startswith(pattern.removesuffix("*")) for pattern in zone.split())


def calls_of(group: str) -> set[str]:
    done = subprocess.run(
        ["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True
    )
    words = [line.split("#")[0].strip() for line in done.stdout.splitlines()[1:]]
    found: set[str] = set()
    for word in filter(None, words):
        found |= calls_of(word) if word.startswith("@") else {word}
    return found


def test_systemd_lets_us_call_what_we_need() -> None:
    """Its list has all of ours, which are measured (scripts/calls)."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("apt-get install systemd")
    (said,) = re.findall(r"^SystemCallFilter=(.*)$", UNIT, re.M)
    allowed: set[str] = set()
    for word in said.split():
        allowed |= calls_of(word) if word.startswith("@") else {word}
    for part in ("daemon", "proxy", "pam"):
        text = (ROOT / f"src/daemon/{part}_calls.c").read_text()
        needed = set(re.findall(r"\bCALL(?:_[1-9])?\(([a-z0-9_]+)", text))
        assert needed and needed <= allowed, needed - allowed


def test_the_unit_is_confined() -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("apt-get install systemd")
    unit = PROGRAM.parent / "gatehouse.service"
    argv = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)]
    done = subprocess.run(argv, capture_output=True, text=True)
    (level,) = re.findall(r"Overall exposure level for \S+ ([\d.]+)", done.stdout)
    assert float(level) <= 3.6
