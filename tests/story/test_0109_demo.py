# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration shows what it promises: `make run ONCE=1`."""

import subprocess
import sys

import pytest

from tests.lab.flows import FLOWS
from tests.lab.gateway import GOOD, ROOT, WRONG_WORLD
from tests.lab.lab import Lab


def test_every_flow_goes_as_expected(gateway_lab: Lab) -> None:
    argv = [sys.executable, "-m", "tests.lab.demo", "--once"]
    done = subprocess.run(argv, cwd=ROOT, text=True, capture_output=True, timeout=60)
    assert done.returncode == GOOD, done.stdout + done.stderr
    assert f"{len(FLOWS)} of {len(FLOWS)} flows" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert done.stdout.isascii() and "\033" not in done.stdout


def test_without_root_it_says_what_to_do(gateway_lab: Lab) -> None:
    if not all(folder.stat().st_mode & 0o001 for folder in (ROOT, *ROOT.parents)):
        pytest.skip("only the owner may read this folder or one above it")
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    argv = [*nobody, "/usr/bin/python3", "-B", "-m", "tests.lab.demo", "--once"]
    done = subprocess.run(argv, cwd=ROOT, text=True, capture_output=True, timeout=60)
    assert done.returncode == WRONG_WORLD
    assert done.stderr == "make run needs root: sudo make run\n"
