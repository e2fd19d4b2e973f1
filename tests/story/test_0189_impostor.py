# SPDX-License-Identifier: GPL-2.0-or-later
"""A proxy that was taken over, on the channels to gatehoused (tests/lab/impostor.c).

It refuses policies, floods with all that may be said, forges names, bans and
questions, and takes its time.  The daemon goes on: orders are answered, what is
to be confirmed goes back in time, nothing is opened or banned that may not be,
and nothing grows.
"""

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, NO, PROGRAM, WRONG_WORLD, Gateway
from tests.lab.lab import Lab
from tests.story.zones import ZONES

RULES = (
    ZONES
    + """
never ban 203.0.113.1
proxy { listen 10.0.0.1:3128 for lan }
dns { listen 10.0.0.1 for lan
      upstream 203.0.113.53 }
reject lan -> .ads.example        ban 1h after 3 refused in 1m per source
allow  lan -> .ssh.example tcp 22
allow  lan -> wan          tcp PORT
publish wan tcp 8443 -> 10.0.0.25 tcp 443
drop   any -> any
"""
)
OLD, NEW = RULES.replace("PORT", "80"), RULES.replace("PORT", "443")


class Taken(Gateway):
    """With the impostor in the proxy's place."""

    def __init__(self, lab: Lab, policy: str):
        super().__init__(lab, policy)
        self.programs = lab.gw.stem("programs")
        self.programs.mkdir()
        for name in ("gatehouse", "gatehoused"):
            shutil.copy2(PROGRAM.with_name(name), self.programs)
        impostor = PROGRAM.with_name("tests") / "lab" / "impostor"
        shutil.copy2(impostor, self.programs / "gatehouse-proxy")

    def argv(self) -> list[str | Path]:
        return [self.programs / "gatehouse", *super().argv()[1:]]

    def impostor(self) -> int:
        return self.status()["proxy"]["pid"]

    def status(self) -> dict:
        done = self.command("status", "--json")
        assert done.returncode == GOOD, done.stderr
        return json.loads(done.stdout)


def taken_over(way: str, policy: str = OLD) -> str:
    return f"# impostor: {way}\n{policy}"


def passes(lab: Lab, port: int, to: str = "") -> bool:
    try:
        lab.lan.connect(to or lab.web.ip4, port, timeout=0.3).close()
    except OSError:
        return False
    return True


@pytest.fixture
def refusing(gateway_lab: Lab) -> Iterator[Taken]:
    with Taken(gateway_lab, OLD) as gateway:
        yield gateway


def test_what_it_does_not_take_comes_back_all_the_same(refusing: Taken) -> None:
    """It is refused by who was to be replaced: another one takes it."""
    taken = refusing
    path = taken.policy_file(taken_over("refuse", NEW))
    done = taken.command("apply", "--confirm", "1s", path)
    assert done.returncode == GOOD, done.stderr
    before = taken.impostor()
    assert passes(taken.lab, 443) and not passes(taken.lab, 80)
    wait.until("the old one", lambda: taken.status()["confirmation"] is None, 10)
    assert passes(taken.lab, 80) and not passes(taken.lab, 443)
    assert taken.impostor() not in (0, before)
    words = "gatehouse-proxy did not take a policy that was in force and was ended"
    assert words in taken.err
    taken.journal.wait(reason=words)


def test_its_words_do_not_reach_the_terminal(refusing: Taken) -> None:
    taken = refusing
    assert taken.apply(taken_over("refuse")).returncode == GOOD
    done = taken.apply(NEW)
    assert done.returncode in (NO, WRONG_WORLD)
    assert "gatehouse-proxy refuses the policy: \\x1b]0;taken over" in done.stderr
    assert "\n    all is well\n" in done.stderr
    status = taken.command("status").stdout
    for words in (status, taken.err):
        assert "the sandbox of gatehouse-proxy lacks: \\x1b]0;taken over\\x07" in words
    for words in (done.stderr, done.stdout, status, taken.err):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", words)
    assert passes(taken.lab, 80) and not passes(taken.lab, 443)


def memory(pid: int) -> int:
    [kib] = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(kib) << 10


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_who_takes_his_time_has_no_more_of_it(gateway_lab: Lab) -> None:
    """Each answer takes its time, and another question is always there."""
    with Taken(gateway_lab, taken_over("slow")) as taken:
        path = taken.policy_file(NEW)
        assert taken.command("apply", "--confirm", "1s", path).returncode == GOOD
        wait.until("the old one", lambda: passes(taken.lab, 80), 10)


# The last ones share a gateway, of which there is one at a time.
@pytest.fixture(scope="module")
def flooded(gateway_lab: Lab) -> Iterator[Taken]:
    with Taken(gateway_lab, taken_over("flood")) as gateway:
        wait.until("its names", lambda: len(learned(gateway)) >= 2000, 20)
        yield gateway


def learned(taken: Taken) -> list[dict]:
    lines = taken.command("names", "--json").stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_names_open_nothing_inside(flooded: Taken) -> None:
    """They are heard of the zone whose DNS is ours."""
    assert {one["zone"] for one in learned(flooded)} == {"lan"}
    elements = re.findall(r"([0-9a-f.:]+) timeout \w+ expires", flooded.table())
    assert "203.0.113.80" in elements
    for inside in ("10.0.9.4", "10.0.0.1", "127.0.0.1", "2001:db8:9::4"):
        assert inside not in elements
    assert not passes(flooded.lab, 22, flooded.lab.guest.ip4)


def test_who_is_never_banned_is_not(flooded: Taken) -> None:
    told = flooded.command("bans", "--json").stdout
    assert "198.18." in told and "10.0.9.9" in told
    for spared in ("10.0.0.1", "203.0.113.1", "203.0.113.53", "127.0.0.1", "10.0.0.4"):
        assert f'"{spared}"' not in told and f'"{spared}/' not in told


def test_orders_are_carried_out_in_a_flood(flooded: Taken) -> None:
    """And what is to be confirmed goes back in time; nothing grows."""
    taken, lab = flooded, flooded.lab
    daemon = taken.first("gatehoused")
    before, files = memory(daemon), open_files(daemon)
    assert taken.command("ban", "198.51.100.9").returncode == GOOD
    path = taken.policy_file(NEW)
    assert taken.command("apply", "--confirm", "1s", path).returncode == GOOD
    assert passes(lab, 443)
    wait.until("the old one", lambda: passes(lab, 80), 10)
    assert not passes(lab, 443)
    assert "198.51.100.9" in taken.command("bans").stdout
    address = ["203.0.113.77/24", "dev", "ext0"]
    lab.gw.run(["ip", "address", "add", *address], check=True)
    try:
        wait.until("the new address", lambda: "203.0.113.77" in taken.table(), 10)
    finally:
        lab.gw.run(["ip", "address", "del", *address], check=True)
    assert memory(daemon) < before + (32 << 20)
    assert open_files(daemon) <= files + 2
