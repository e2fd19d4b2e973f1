# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel is given for a policy, to the letter.

tests/golden/nft/NAME.policy shows one thing each; NAME.nft is what `gatehouse
show nft` says of it.  GOLDEN_UPDATE=1 writes the answers anew: read the
difference before it is committed.  Each ruleset is also put in force in a
network namespace that ends with the test, twice, as an apply does it.
"""

import difflib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / os.environ.get("BUILD", "build") / "gatehouse"
GOLDEN = ROOT / "tests" / "golden" / "nft"
POLICIES = [*sorted(GOLDEN.glob("*.policy")), ROOT / "examples" / "office.policy"]
UPDATE = os.environ.get("GOLDEN_UPDATE") == "1"


def show(policy: Path) -> str:
    """Where the policy lies, so that its path is the same everywhere."""
    argv = [PROGRAM, "show", "nft", policy.name]
    done = subprocess.run(argv, cwd=policy.parent, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def without_uid(ruleset: str) -> str:
    """The proxy's user has another number on each machine."""
    return re.sub(r"\bskuid \d+\b", "skuid 1000", ruleset)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.stem)
def test_is_what_it_was(policy: Path) -> None:
    golden = (GOLDEN / policy.name).with_suffix(".nft")
    said = without_uid(show(policy))
    if UPDATE:
        golden.write_text(said)
    assert golden.exists(), f"no answer for {policy.name}: GOLDEN_UPDATE=1"
    lines = golden.read_text().splitlines(), said.splitlines()
    difference = list(difflib.unified_diff(*lines, "golden", "said", lineterm="", n=6))
    assert not difference, "\n".join(difference)


def lacking() -> str:
    if os.geteuid() != 0:
        return "rulesets are tried in network namespaces, which needs root"
    if not shutil.which("nft"):
        return "apt-get install nftables"
    return ""


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.stem)
def test_is_taken_by_the_kernel(policy: Path, tmp_path: Path) -> None:
    if reason := lacking():
        pytest.skip(reason)
    ruleset, file = show(policy), tmp_path / "ruleset.nft"
    away = "table inet gatehouse; delete table inet gatehouse; "
    file.write_text(away + ruleset)
    apply = f"nft -f {file}"
    script = f"ip link set lo up && {apply} && {apply} && nft list ruleset"
    argv = ["unshare", "--net", "--", "sh", "-c", script]
    done = subprocess.run(argv, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    for kind in ("chain", "counter", "set", "map"):
        given, taken = names(kind, ruleset), names(kind, done.stdout)
        assert sorted(given) == sorted(taken)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.stem)
def test_base_chains_have_no_set_that_comes_with_them(policy: Path) -> None:
    """Such a set of ranges would hold nothing yet when the chain does; in other
    chains, which nothing reaches then, one may be."""
    if reason := lacking():
        pytest.skip(reason)
    script = "ip link set lo up && nft -f - && nft -j list ruleset"
    argv = ["unshare", "--net", "--", "sh", "-c", script]
    done = subprocess.run(argv, text=True, capture_output=True, input=show(policy))
    assert done.returncode == 0, done.stderr
    taken = json.loads(done.stdout)["nftables"]
    chains = [one["chain"] for one in taken if "chain" in one]
    base = {chain["name"] for chain in chains if "hook" in chain}
    rules = [one["rule"] for one in taken if "rule" in one]
    having = {rule["chain"] for rule in rules if has_ranges(rule["expr"])}
    assert having, "the policies of tests have zones, and so maps of prefixes"
    assert not having & base


def has_ranges(part: object, in_set: bool = False) -> bool:
    """Whether a set without a name in it needs intervals."""
    if isinstance(part, list):
        return any(has_ranges(one, in_set) for one in part)
    if not isinstance(part, dict):
        return False
    if in_set and part.keys() & {"prefix", "range"}:
        return True
    return any(has_ranges(one, in_set or word == "set") for word, one in part.items())


def names(kind: str, ruleset: str) -> list[str]:
    return re.findall(rf"^\t{kind} (\S+) {{", ruleset, re.M)


def test_no_answer_is_left_over() -> None:
    names = {policy.stem for policy in POLICIES}
    assert {golden.stem for golden in GOLDEN.glob("*.nft")} == names
