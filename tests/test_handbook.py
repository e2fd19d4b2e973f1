# SPDX-License-Identifier: GPL-2.0-or-later
"""What is made of the program's help: pages for each command, completion."""

import json
import re
import shutil
import subprocess

import pytest

from tests.lab.gateway import PROGRAM, gatehouse

SHARE = PROGRAM.parent / "share"
COMMANDS = re.findall(r"^  (\w+) +\S", gatehouse("--help").stdout.split("Start with")[0], re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_page(command: str) -> None:
    page = (SHARE / f"gatehouse-{command}.1").read_text()
    for option in re.findall(r"^  (?:-\w, )?(--[\w-]+)", gatehouse(command, "--help").stdout, re.M):
        assert option.replace("-", "\\-") in page, option


def test_each_page_is_installed() -> None:
    argv = ["meson", "introspect", "--installed", str(PROGRAM.parent)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    pages = {path.rsplit("/", 1)[-1] for path in json.loads(done.stdout).values()}
    assert {f"gatehouse-{command}.1" for command in COMMANDS} <= pages


@pytest.mark.parametrize("command", COMMANDS)
def test_its_page_is_well_formed(command: str) -> None:
    if not shutil.which("mandoc"):
        pytest.skip("apt-get install mandoc")
    argv = ["mandoc", "-T", "lint", "-W", "warning", str(SHARE / f"gatehouse-{command}.1")]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def completed(*words: str) -> list[str]:
    """What bash offers for the last of the words."""
    script = (
        f". {SHARE}/gatehouse; COMP_WORDS=(gatehouse \"$@\"); COMP_CWORD=$#; "
        "_gatehouse; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    argv = ["bash", "-euc", script, "bash", *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()


def test_bash_completes() -> None:
    assert set(COMMANDS) <= set(completed(""))
    assert completed("ap") == ["apply"]
    assert completed("apply", "--co") == ["--confirm"]
    assert "--json" in completed("status", "--")
    assert "--confirm" not in completed("status", "--")
    assert completed("check", "offi") == []


@pytest.mark.parametrize(("shell", "file"), [("zsh", "_gatehouse"), ("fish", "gatehouse.fish")])
def test_other_shells_can_read_theirs(shell: str, file: str) -> None:
    text = (SHARE / file).read_text()
    assert all(command in text for command in COMMANDS)
    if not shutil.which(shell):
        pytest.skip(f"apt-get install {shell}")
    assert subprocess.run([shell, "-n", str(SHARE / file)]).returncode == 0


def test_fish_completes() -> None:
    if not shutil.which("fish"):
        pytest.skip("apt-get install fish")

    def offered(line: str) -> list[str]:
        script = f"source {SHARE}/gatehouse.fish; complete -C '{line}'"
        done = subprocess.run(["fish", "-c", script], check=True, capture_output=True, text=True)
        return [row.split("\t")[0] for row in done.stdout.splitlines()]

    assert set(COMMANDS) <= set(offered("gatehouse "))
    assert offered("gatehouse ap") == ["apply"]
    assert offered("gatehouse apply --co") == ["--confirm"]
    assert "--confirm" not in offered("gatehouse status --")
