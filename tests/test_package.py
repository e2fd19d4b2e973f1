# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package brings beside the programs."""

import json
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


def security() -> list[dict]:
    if not shutil.which("systemd-analyze"):
        pytest.skip("apt-get install systemd")
    unit = PROGRAM.parent / "gatehouse.service"
    argv = ["systemd-analyze", "security", "--offline=yes", "--json=short", str(unit)]
    done = subprocess.run(argv, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_the_unit_is_confined() -> None:
    unit = PROGRAM.parent / "gatehouse.service"
    security()
    argv = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)]
    done = subprocess.run(argv, capture_output=True, text=True)
    (level,) = re.findall(r"Overall exposure level for \S+ ([\d.]+)", done.stdout)
    assert float(level) <= 3.5


def test_what_the_unit_lacks_is_argued() -> None:
    """Each line of it, and no other, has its reason in the manual."""
    manual = (ROOT / "docs/operating.md").read_text()
    (table,) = re.findall(r"\| it says \| needed for \|\n\| --- \| --- \|\n((?:\|.*\n)+)", manual)
    rows = [re.split(r"(?<!\\)\|", line)[1] for line in table.splitlines()]
    argued = {word.replace("\\|", "|") for row in rows for word in re.findall(r"`([^`]+)`", row)}
    assert argued == {line["name"] for line in security() if line["set"] is False}


def test_there_are_descriptors_for_all_clients() -> None:
    limits = (ROOT / "src/proxy/limits.h").read_text()
    found = dict(re.findall(r"^#define (PROXY_CLIENT\w+) +(\d+)$", limits, re.M))
    wanted = int(found["PROXY_CLIENTS_MAX"]) * int(found["PROXY_CLIENT_DESCRIPTORS"])
    assert re.findall(r"^LimitNOFILE=1024:(\d+)$", UNIT, re.M) == [str(wanted)]
