# SPDX-License-Identifier: GPL-2.0-or-later
"""Users that the host knows, by PAM: asked in a process of its own, which may
read files and do nothing else, and whose end, however it comes, lets nobody in."""

import itertools
import json
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from tests.lab import wait
from tests.lab.flows import PROXY, SOCKS, TUNNEL
from tests.lab.gateway import GOOD, PROGRAM, SANITIZED, Gateway
from tests.lab.lab import Lab
from tests.story.zones import ZONES

HELPER = "gatehouse-pam"
MODULE = PROGRAM.with_name("tests") / "lab" / "lab-pam.so"
ANNA = "anna:$6$rounds=1000$saltsalt$4GMtaIz3E1AdDi2SmCokEW0ehi.HdxNDcL3fGE1XXuzvo6kbx7UOloZKONqEk5H3JrQA4NOfU8BmqFPrpGqwA1"
BEN = "ben:$6$rounds=1000$saltsalt$Hc6qWz70uCxWIKs1rfNGRY.2zlkfXzmQ1mWXK3DQVTrAuLuCKDXihRSucY.VA0yhj2lh4vrFZqiFinGiL6lEK0"
PASSWORDS = {"anna": "correct horse", "ben": "battery"}
SERVICE = f"""
auth sufficient {MODULE}
auth required pam_unix.so nodelay
account sufficient {MODULE}
account required pam_unix.so
"""
POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan, guest
    users pam "gatehouse-lab"
}

allow  lan, guest -> www.example.com user anna log as "hers"
allow  lan, guest -> www.example.com user hang, crash, end, back, late, write, network
reject lan, guest -> www.example.com log as "not theirs"
allow  lan, guest -> wan
"""
)
THEIRS = "http://www.example.com/a"
REFUSED, UNKNOWN, GUESSED = 407, 503, 429

pytestmark = pytest.mark.skipif(
    not PROGRAM.with_name(HELPER).exists(), reason="built without PAM (libpam0g-dev)"
)


class Keeping(Gateway):
    """Here its helper comes to grief, and that is no mishap."""

    def ask(self, name: str, password: str, *way: str, host: str = "lan") -> int:
        credentials = ("--proxy-user", f"{name}:{password}")
        answer = getattr(self.lab, host).curl(THEIRS, *(way or PROXY), *credentials, timeout=12)
        return answer.status

    def helper(self) -> dict:
        return json.loads(self.command("status", "--json").stdout)["pam"]

    def runs(self) -> bool:
        return self.helper()["pid"] > 0


@pytest.fixture(scope="module")
def office(gateway_lab: Lab) -> Iterator[Keeping]:
    """The gateway's host has users of its own."""
    with Lab() as lab:
        etc = lab.gw.etc
        (etc / "pam.d").mkdir()
        (etc / "pam.d" / "gatehouse-lab").write_text(SERVICE)
        machine = open("/etc/passwd").read()
        users = "".join(
            f"{name}:x:{60000 + i}:60000::/nonexistent:/usr/sbin/nologin\n"
            for i, name in enumerate(PASSWORDS)
        )
        (etc / "passwd").write_text(machine + users)
        expired = BEN + ":19000:0:99999:7::19001:\n"
        (etc / "shadow").write_text(f"{ANNA}:19000:0:99999:7:::\n{expired}")
        (etc / "shadow").chmod(0o600)
        with Keeping(lab, POLICY) as office:
            yield office


@pytest.mark.parametrize("way", [PROXY, TUNNEL, SOCKS], ids=["URL", "CONNECT", "SOCKS"])
def test_the_host_knows_who_it_is(office: Keeping, way: tuple[str, ...]) -> None:
    journal = office.journal.from_here()
    assert office.ask("anna", PASSWORDS["anna"], *way) == 200
    assert journal.wait(rule_name="hers").user == "anna"
    # Five wrong ones within a minute, and a host is not heard any more.
    other = "guest" if way is TUNNEL else "lan"
    assert office.ask("anna", "wrong", *way, host=other) != 200
    # With the right password, but the account has expired.
    assert office.ask("ben", PASSWORDS["ben"], *way, host=other) != 200
    everything = office.err + "".join(office.journal.lines())
    assert not any(word in everything for word in (*PASSWORDS.values(), "wrong"))


def test_who_was_right_is_remembered(office: Keeping) -> None:
    """So nobody is asked twice: the helper stands still."""
    assert office.ask("anna", PASSWORDS["anna"]) == 200
    [pid] = office.pids(HELPER)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert office.ask("anna", PASSWORDS["anna"]) == 200
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(
    "does, answer",
    [("write", 200), ("network", 200), ("crash", UNKNOWN), ("end", UNKNOWN)],
)
def test_what_a_module_does(office: Keeping, does: str, answer: int) -> None:
    """What it may not do is refused (the module then says yes), and if its
    process ends, that is no answer; the helper goes on."""
    if does in ("write", "network") and SANITIZED:
        pytest.skip("a sanitizer does not work in the sandbox")
    before = office.helper()
    assert office.ask(does, "tell") == answer
    assert office.helper() == before


def test_a_module_that_hangs_is_ended(office: Keeping) -> None:
    """Whoever waits for it is told so; others don't wait."""
    told = []
    waits = threading.Thread(target=lambda: told.append(office.ask("hang", "tell")))
    waits.start()
    wait.until("the question", lambda: len(office.pids(HELPER)) == 2)
    assert office.ask("crash", "tell") == UNKNOWN
    waits.join()
    assert told == [UNKNOWN]
    assert "took too long and was ended" in office.err
    assert len(office.pids(HELPER)) == 1


def test_its_death_lets_nobody_in(office: Keeping) -> None:
    """With a question in its hands: answered at once, and it is back."""
    told = []
    starts = office.helper()["starts"]
    waits = threading.Thread(target=lambda: told.append(office.ask("hang", "tell")))
    waits.start()
    wait.until("the question", lambda: len(office.pids(HELPER)) == 2)
    journal = office.journal.from_here()
    os.kill(office.helper()["pid"], signal.SIGKILL)
    waits.join()
    assert told == [UNKNOWN]
    assert journal.wait(kind="fault").reason == "gatehouse-pam ended; it is started again"
    wait.until("another", office.runs)
    assert office.helper()["starts"] == starts + 1
    assert office.ask("back", "tell") == 200


def test_one_that_does_not_move_is_ended(office: Keeping) -> None:
    """What was asked meanwhile is answered by the next one."""
    before = office.helper()
    os.kill(before["pid"], signal.SIGSTOP)
    assert office.ask("late", "tell") == 200
    assert office.helper()["starts"] == before["starts"] + 1
    assert "gatehouse-pam" in office.err and "did not move any more" in office.err


def test_who_guesses_is_not_heard_any_more(office: Keeping) -> None:
    asked = (office.ask("anna", f"guess {i}", host="guest") for i in range(10))
    guesses = list(itertools.takewhile(lambda status: status != GUESSED, asked))
    assert len(guesses) < 6 and set(guesses) == {REFUSED}
    assert "guess" not in office.err + "".join(office.journal.lines())


def test_it_goes_with_the_policy(office: Keeping) -> None:
    (office.dir / "users").write_text(ANNA + "\n")
    by_file = office.policy_file(POLICY.replace('pam "gatehouse-lab"', '"users"'))
    done = office.command("apply", by_file)
    assert done.returncode == GOOD, done.stderr
    assert office.helper() is None and office.pids(HELPER) == []
    nowhere = office.policy_file(POLICY.replace("gatehouse-lab", "nowhere"))
    done = office.command("apply", nowhere)
    assert done.returncode == GOOD, done.stderr
    assert "this host has no service 'nowhere' of PAM" in done.stderr
    done = office.command("apply", office.policy)
    assert done.returncode == GOOD and "PAM" not in done.stderr, done.stderr
    assert office.helper()["service"] == "gatehouse-lab"
