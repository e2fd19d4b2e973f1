# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs say of themselves: help, wrong calls, the manual pages.

The manual pages name the commands and options that `--help` names, and no
others; a call that is wrong is told what is wrong with it.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / os.environ.get("BUILD", "build")
MAN = ROOT / "share" / "man"
PAGES = sorted(MAN.glob("*.[0-9]"))
WRONG_CALL = 2

# A command's line in `gatehouse --help`, and an option wherever it stands.
COMMAND = re.compile(r"^  ([a-z]+) {2,}\S", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])(--?[a-z][a-z-]*)")


def call(program: str, *argv: str) -> subprocess.CompletedProcess[str]:
    command = [str(BUILD / program), *argv]
    return subprocess.run(command, text=True, capture_output=True, timeout=30)


def usage_of(command: str) -> str:
    """Its first line, or first lines."""
    return call("gatehouse", command, "--help").stdout.split("\n\n")[0]


def commands() -> list[str]:
    done = call("gatehouse", "--help")
    assert done.returncode == 0
    return COMMAND.findall(done.stdout)


def section(page: str, name: str) -> str:
    text = (MAN / page).read_text()
    return re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S)[1]


def flags(mdoc: str) -> set[str]:
    """`.Fl f` is -f, `.Fl Fl json` is --json."""
    found = re.findall(r"\bFl (?:(Fl) )?([a-z][a-z-]*)", mdoc)
    return {("--" if twice else "-") + name for twice, name in found}


def test_help_names_commands_that_have_help() -> None:
    assert "check" in commands() and "run" in commands()
    for name in commands():
        done = call("gatehouse", name, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith(f"usage: gatehouse {name} "), name
        assert f"gatehouse {name}" in done.stdout.split("\n", 1)[1], "no example"


def test_help_fits_a_terminal() -> None:
    texts = [call("gatehouse", "--help").stdout, call("gatehoused", "--help").stdout]
    texts += [call("gatehouse", name, "--help").stdout for name in commands()]
    long = [line for text in texts for line in text.splitlines() if len(line) > 80]
    assert not long, long


@pytest.mark.parametrize(
    "argv, words",
    [
        ([], "usage: gatehouse COMMAND"),
        (["chek", "x"], "did you mean 'check'?"),
        (["frobnicate"], "'gatehouse --help' lists the commands"),
        (["check"], "usage: gatehouse check [--json] [--verbose] FILE"),
        (["check", "a", "b"], "'gatehouse check --help' tells more"),
        (["check", "--foo", "x"], "gatehouse: there is no option --foo\n"),
        (["check", "-x", "x"], "gatehouse: there is no option -x\n"),
        (["stop", "--json"], "gatehouse: stop takes no --json\n"),
        (["check", "--runtime", "d", "x"], "gatehouse: check takes no --runtime\n"),
        (["check", "-f", "x"], "gatehouse: check takes no --follow\n"),
        (["log", "--runtime"], "gatehouse: --runtime takes a value\n"),
        (["log", "--json=1"], "gatehouse: --json takes no value\n"),
        (["show", "ipt", "x"], "'ipt' cannot be shown; 'nft', 'pac' and 'policy' can"),
    ],
)
def test_a_wrong_call_is_told_what_is_wrong(argv: list[str], words: str) -> None:
    done = call("gatehouse", *argv)
    assert (done.returncode, done.stdout) == (WRONG_CALL, "")
    assert words in done.stderr


def test_no_colours_where_nobody_looks() -> None:
    office = str(ROOT / "examples" / "office.policy")
    done = call("gatehouse", "explain", office, "lan 10.0.0.4 -> 10.0.0.200")
    assert done.returncode == 0 and "\033" not in done.stdout + done.stderr


def test_the_page_has_every_command_with_its_options() -> None:
    page = section("gatehouse.1", "COMMANDS")
    items = re.findall(r"^\.It Cm ([a-z]+)(.*)$", page, re.MULTILINE)
    assert [name for name, _ in items] == commands()
    for name, rest in items:
        assert flags(rest) == set(OPTION.findall(usage_of(name))), name


def test_the_page_explains_every_option() -> None:
    explained = flags(section("gatehouse.1", "OPTIONS"))
    used = {o for name in commands() for o in OPTION.findall(usage_of(name))}
    assert used | {"--help", "--version", "--follow", "--lines"} == explained


def test_the_daemon_s_page_has_its_options() -> None:
    said = set(OPTION.findall(call("gatehoused", "--help").stdout))
    page = section("gatehoused.8", "DESCRIPTION")
    listed = flags("\n".join(re.findall(r"^\.It .*$", page, re.MULTILINE)))
    assert listed - {"--help", "--version"} == said


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_are_well_formed(page: Path) -> None:
    """By mandoc where it is, else by groff."""
    if shutil.which("mandoc"):
        argv = ["mandoc", "-T", "lint", "-W", "warning", str(page)]
    elif shutil.which("groff"):
        argv = ["groff", "-mandoc", "-Tutf8", "-ww", "-z", str(page)]
    else:
        pytest.skip("apt-get install mandoc")
    done = subprocess.run(argv, text=True, capture_output=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_there_are_pages() -> None:
    names = [page.name for page in PAGES]
    assert names == ["gatehouse.1", "gatehouse.policy.5", "gatehoused.8"]
