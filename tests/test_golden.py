# SPDX-License-Identifier: GPL-2.0-or-later
"""Policies and the exact words that must come out.

tests/golden/fail/NAME.policy is wrong, and `gatehouse check` says NAME.error.
tests/golden/warn/NAME.policy is good, but probably not what was meant: it says
NAME.warnings.  A "ca.pem" beside it is made here.
tests/golden/explain/NAME.policy is right; NAME.flows has flows, one a line (`#`
starts a comment), of which `gatehouse explain` says NAME.explain, and with
--json NAME.json.

    GOLDEN_UPDATE=1 python3 -m pytest tests/test_golden.py

writes the files anew; read the difference before you commit it: each of them is
what a person is told.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.test_docs import anchors

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden"
PROGRAM = ROOT / os.environ.get("BUILD", "build") / "gatehouse"
UPDATE = os.environ.get("GOLDEN_UPDATE") == "1"
FAIL = sorted((GOLDEN / "fail").glob("*.policy"))
WARN = sorted((GOLDEN / "warn").glob("*.policy"))
EXPLAIN = sorted((GOLDEN / "explain").glob("*.policy"))


def gatehouse(*words: str, folder: Path) -> subprocess.CompletedProcess:
    """Run in the file's folder, so that its name is the same everywhere."""
    return subprocess.run(
        [PROGRAM, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"NO_COLOR": "1"},
        timeout=60,
    )


def must_be(path: Path, text: bytes) -> None:
    if UPDATE:
        path.write_bytes(text)
    wanted = path.read_bytes() if path.exists() else b""
    assert text.decode(errors="replace") == wanted.decode(errors="replace"), path


def flows(policy: Path) -> list[str]:
    lines = policy.with_suffix(".flows").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_there_are_golden_files() -> None:
    assert len(FAIL) >= 130 and WARN and EXPLAIN


@pytest.mark.parametrize("policy", FAIL, ids=lambda path: path.stem)
def test_what_a_wrong_policy_is_told(policy: Path) -> None:
    done = gatehouse("check", policy.name, folder=policy.parent)
    assert done.returncode == 1
    must_be(policy.with_suffix(".error"), done.stdout)


@pytest.mark.parametrize("policy", FAIL, ids=lambda path: path.stem)
def test_an_error_names_its_section(policy: Path) -> None:
    """But for tests that fail, of which `explain` tells more than a manual."""
    done = gatehouse("check", "--json", policy.name, folder=policy.parent)
    for error in json.loads(done.stdout)["errors"]:
        fails = error["message"].startswith('test "')
        document, _, anchor = (error["see"] or "").partition("#")
        assert bool(anchor) != fails, error
        assert fails or anchor in anchors(ROOT / document), error


@pytest.mark.parametrize("policy", WARN, ids=lambda path: path.stem)
def test_what_is_probably_not_meant(policy: Path, tmp_path: Path) -> None:
    (tmp_path / policy.name).write_bytes(policy.read_bytes())
    if b'ca "ca.pem"' in policy.read_bytes():
        gatehouse("ca", "create", "ca.pem", folder=tmp_path)
    done = gatehouse("check", policy.name, folder=tmp_path)
    assert done.returncode == 0
    # What this host has is no matter of the policy's, nor how much is said.
    lines = done.stdout.splitlines(keepends=True)[:-1]
    said = [line for line in lines if b"of the policy's interfaces" not in line]
    must_be(policy.with_suffix(".warnings"), b"".join(said))


@pytest.mark.parametrize("policy", EXPLAIN, ids=lambda path: path.stem)
def test_what_is_said_of_a_flow(policy: Path) -> None:
    text = json = b""
    for flow in flows(policy):
        for flag in ([], ["--json"]):
            done = gatehouse(
                "explain", *flag, policy.name, flow, folder=policy.parent
            )
            assert done.returncode == 0, done.stdout.decode()
            if flag:
                json += done.stdout
            else:
                text += f"== {flow}\n".encode() + done.stdout + b"\n"
    must_be(policy.with_suffix(".explain"), text)
    must_be(policy.with_suffix(".json"), json)


def test_no_golden_file_is_left_over() -> None:
    policies = {path.with_suffix("") for path in FAIL + WARN + EXPLAIN}
    kept = {".error", ".warnings", ".flows", ".explain", ".json"}
    left = [
        path
        for path in GOLDEN.rglob("*")
        if path.suffix in kept and path.with_suffix("") not in policies
    ]
    assert not left
