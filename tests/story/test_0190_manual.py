# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/manual.md, done as it says: its policy runs, its commands are given in
their order, from the hosts that it names, and what they print is what stands
there.  (What needs no gateway is in tests/test_docs.py.)"""

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, ROOT, Gateway
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.test_docs import Block, blocks_of, matches

MANUAL = ROOT / "docs" / "manual.md"
BLOCKS = blocks_of(MANUAL)
NAME = "home.policy"
FOLDER = "/root"  # where its reader has the policy
GATE = "203.0.113.1"
HOSTS = {"#": "gw", "laptop$": "lan", "phone$": "guest"}
COMMAND = re.compile(r"^(#|\w+\$) (.*)$")
ASKING = ("log", "why", "top")  # what was just sent may take a moment to show
PATIENCE_S = 3.0
CLOCK = re.compile(r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{3}")


def section(title: str) -> list[Block]:
    """The blocks under a heading."""
    before, under = MANUAL.read_text().split(f"\n## {title}\n")
    first = before.count("\n")
    last = first + under.split("\n## ")[0].count("\n") + 2
    return [block for block in BLOCKS if first < block.line < last]


def steps() -> Iterator[tuple[str, str, list[str]]]:
    """Prompt, command and output of all that needs a gateway."""
    for block in BLOCKS:
        if block.word != "console":
            continue
        found: list[tuple[str, str, list[str]]] = []
        for line in block.text.splitlines():
            if command := COMMAND.match(line):
                found.append((command[1], command[2], []))
            elif found:
                found[-1][2].append(line)
        yield from found


def whole_policy() -> str:
    [text] = [b.text for b in BLOCKS if b.text.startswith(f"# {NAME}: ")]
    return text


def edited(policy: str) -> str:
    """With the line that "Change it without fear" adds, where it says."""
    [added] = [b.text for b in section("Change it without fear") if b.word == "policy"]
    above = "allow  lan, guest -> wan "
    assert policy.count(above) == 1
    return policy.replace(above, added + above)


@pytest.fixture
def home(start_gateway, own_lab: Lab) -> Gateway:
    folder = own_lab.gw.stem("home")
    folder.mkdir()
    path = folder / NAME
    path.write_text(whole_policy())
    return start_gateway(path)


def say(home: Gateway, host: Host, command: str) -> str:
    argv = shlex.split(command)
    if argv[0] == "gatehouse":
        argv[:2] = [str(arg) for arg in home.program_argv(argv[1])]
    script = 'cd "$0" && exec "$@"'
    done = host.run(["sh", "-c", script, str(home.policy.parent), *argv])
    return (done.stdout + done.stderr).replace(str(home.policy.parent), FOLDER)


def check_step(home: Gateway, host: Host, command: str, lines: list[str]) -> None:
    expected = [CLOCK.sub("TIME", line) for line in lines] or [""]
    said = ""

    def is_printed() -> bool:
        nonlocal said
        said = say(home, host, command)
        return matches(expected, CLOCK.sub("TIME", said))

    if command.split()[1] not in ASKING:
        assert is_printed(), f"{command}\n{said}"
        return
    try:
        wait.until(command, is_printed, PATIENCE_S)
    except TimeoutError:
        pytest.fail(f"{command}\n{said}")


def test_it_is_done_as_the_manual_says(home: Gateway) -> None:
    given = list(steps())
    assert given[0] == ("#", f"gatehouse run {NAME}", ["ready"])
    assert given[-1][1] == "gatehouse stop" and len(given) >= 12
    for prompt, command, lines in given[1:]:
        if "--dry-run" in command:
            home.policy.write_text(edited(whole_policy()))
        host = home.lab.hosts[HOSTS[prompt]]
        check_step(home, host, command, lines)
    assert home.wait(PATIENCE_S) == GOOD


def test_who_is_published_is_reached(home: Gateway) -> None:
    """From where the manual's reader cannot try: the Internet."""
    with home.lab.out.connect(GATE, 2525) as game:
        assert game.recv(100)
    with pytest.raises(TimeoutError):
        home.lab.out.connect(GATE, 22, timeout=0.5)
