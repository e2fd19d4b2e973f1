# SPDX-License-Identifier: GPL-2.0-or-later
"""A sandbox for one command: what it runs reaches the names that a policy
allows, by any protocol and without knowing of it, and nothing else; and the
caller has the command's own exit status, signals and terminal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.sandbox import Sandbox

WEB = "allow sandbox -> www.example.com, *.packages.example web\n"


@pytest.fixture(scope="module")
def sandbox(gateway_lab: Lab, tmp_path_factory) -> Iterator[Sandbox]:
    yield Sandbox(gateway_lab.out, Path(tmp_path_factory.mktemp("exec")))


def test_http_by_its_name(sandbox: Sandbox) -> None:
    done = sandbox.run(WEB, ["curl", "-sS", "-m", "5", "http://www.example.com/x"])
    assert (done.status, done.err) == (0, "")
    assert "name: www.example.com\n" in done.out and "target: /x\n" in done.out
    [event] = done.events
    assert event["name"] == "www.example.com" and event["verdict"] == "allow"
    assert event["zone"]["from"] == "sandbox" and event["rule"]["line"] == 1


def test_https_by_its_name(sandbox: Sandbox) -> None:
    url = "https://eu.packages.example/pool"
    done = sandbox.run(WEB, ["curl", "-ksS", "-m", "5", url])
    assert (done.status, done.err) == (0, "")
    assert "server_name: eu.packages.example\n" in done.out


def test_what_no_rule_names_does_not_exist(sandbox: Sandbox) -> None:
    done = sandbox.run(WEB, ["curl", "-sS", "-m", "5", "http://shop.example.com/"])
    assert done.status == 6  # curl: the name could not be resolved
    assert "gatehouse: refused: shop.example.com: no rule allows it\n" in done.err
