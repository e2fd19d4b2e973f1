# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package brings beside the programs."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.lab.gateway import PROGRAM, ROOT, gatehouse

UNIT = (ROOT / "share/systemd/gatehouse.service.in").read_text()
TMPFILES = (ROOT / "share/tmpfiles/gatehouse.conf").read_text()


def test_the_first_policy_is_good() -> None:
    done = gatehouse("check", ROOT / "debian/gatehouse.policy")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stdout + done.stderr


@pytest.mark.parametrize("interface", ["eth0", "enp3s0", "wlan0", "bond0", "br0"])
def test_the_first_policy_locks_nobody_out(interface: str) -> None:
    policy = (ROOT / "debian/gatehouse.policy").read_text()
    (zone,) = re.findall(r"^zone net = (.*)$", policy, re.M)
    assert any(interface.startswith(pattern.removesuffix("*")) for pattern in zone.split())


def test_the_first_policy_keeps_its_addresses() -> None:
    """The answers of DHCPv6 belong to no flow: the question went to a group."""
    policy = ROOT / "debian/gatehouse.policy"
    done = gatehouse("explain", policy, "net fe80::1 -> self udp 546")
    assert done.stdout.startswith("allow"), done.stdout


def maintain(script: str, folder: Path, *arguments: str, **fates: int) -> tuple[int, list[str]]:
    """Runs a script of the package beside a gatehouse that does nothing but
    write down how it was called; its commands end with these fates."""
    called = folder / "called"
    fates_of = "".join(f"{name}) exit {status} ;; " for name, status in fates.items())
    stub = folder / "gatehouse"
    stub.write_text(f'#!/bin/sh\necho "$1" >>{called}\ncase $1 in {fates_of}*) ;; esac\n')
    stub.chmod(0o755)
    argv = ["sh", "-eu", str(ROOT / f"debian/gatehouse.{script}"), *arguments]
    env = {"PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True)
    return done.returncode, called.read_text().split() if called.exists() else []


def test_a_running_gateway_is_taken_over_from(tmp_path: Path) -> None:
    assert maintain("postinst", tmp_path, "configure", "0.1.0") == (0, ["status", "upgrade"])


def test_an_upgrade_that_is_refused_is_no_failure(tmp_path: Path) -> None:
    assert maintain("postinst", tmp_path, "configure", "0.1.0", upgrade=3)[0] == 0


@pytest.mark.parametrize(
    ("script", "arguments", "called"),
    [
        ("postinst", ("configure", ""), []),
        ("prerm", ("upgrade", "0.2.0"), []),
        ("prerm", ("remove",), ["stop"]),
    ],
)
def test_the_package_touches_the_gateway_only_then(
    tmp_path: Path, script: str, arguments: tuple[str, ...], called: list[str]
) -> None:
    assert maintain(script, tmp_path, *arguments) == (0, called)


def test_nothing_runs_where_nothing_ran(tmp_path: Path) -> None:
    assert maintain("postinst", tmp_path, "configure", "0.1.0", status=3) == (0, ["status"])


def test_the_cache_of_the_manual_can_be_written() -> None:
    """By the service, to which all else is read-only."""
    (folder,) = re.findall(r"^d (\S+) 0700 gatehouse gatehouse ", TMPFILES, re.M)
    assert f"\nReadWritePaths=-{folder}\n" in UNIT
    assert f'disk "{folder}"' in (ROOT / "docs/operating.md").read_text()


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
    for part in ("daemon", "host", "pam", "proxy"):
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
