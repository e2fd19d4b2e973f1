# SPDX-License-Identifier: GPL-2.0-or-later
"""The example policies are good, test themselves, and are what is installed.

A user copies one of them and changes the names: each must stand as it is, show
what it is for in tests of its own, and be taken by the kernel.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / os.environ.get("BUILD", "build")
PROGRAM = BUILD / "gatehouse"
EXAMPLES = sorted((ROOT / "examples").glob("*.policy"))

# Rules that `make run` and the stories send flows to.
SHOWN = {"office": {"mail out", "shop admin", "tunnel"}}

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.stem)


def test_there_are_examples() -> None:
    assert {"home", "lab", "office"} <= {example.stem for example in EXAMPLES}


@each_example
def test_it_is_good(example: Path) -> None:
    """This host may lack its interfaces; there is nothing else to warn of."""
    argv = [PROGRAM, "check", "--json", example]
    said = json.loads(subprocess.run(argv, capture_output=True).stdout)
    assert said["errors"] == [] and said["ok"]
    assert {warning["kind"] for warning in said["warnings"]} <= {"interface"}
    assert said["tests"]["passed"] >= 10 and said["tests"]["failed"] == 0


@each_example
def test_every_named_rule_is_tested(example: Path) -> None:
    """But for the reports, which decide nothing."""
    text = example.read_text()
    rules = re.findall(r'^(\w+) .*\bas "([^"]+)"$', text, re.MULTILINE)
    named = {name for verdict, name in rules if verdict != "report"}
    tested = set(re.findall(r'by "([^"]+)"$', text, re.MULTILINE))
    assert len(named) >= 5 and named - tested <= SHOWN.get(example.stem, set())


@each_example
@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("nft"), reason="needs root and nft"
)
def test_the_kernel_takes_it(example: Path) -> None:
    """All of its packet phase, checked in a namespace without committing it."""
    argv = [PROGRAM, "show", "nft", example]
    ruleset = subprocess.run(argv, capture_output=True, check=True).stdout
    done = subprocess.run(
        ["unshare", "--net", "nft", "--check", "--file", "-"],
        input=ruleset,
        capture_output=True,
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_they_are_installed() -> None:
    argv = ["meson", "introspect", "--installed", str(BUILD)]
    installed = json.loads(subprocess.run(argv, capture_output=True).stdout)
    [folder] = [to for path, to in installed.items() if path == str(ROOT / "examples")]
    assert folder.endswith("doc/gatehouse/examples")
