# SPDX-License-Identifier: GPL-2.0-or-later
"""The terminal: `log` shows what is asked for, `why` tells one event and if it
would happen again, `top` shows what lives and ends it."""

import json
import re
import signal
import socket
from collections.abc import Iterator

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, NO, WRONG_CALL, WRONG_WORLD, Gateway
from tests.lab.host import Host
from tests.lab.journal import Event, Journal
from tests.lab.lab import Lab
from tests.lab.listener import echo
from tests.lab.terminal import Terminal
from tests.story.zones import ZONES, line_of

TCP = 7301
OUT = "203.0.113.9"
PROXY = "http://10.0.0.1:3128"
POLICY = (
    ZONES
    + f"""
proxy {{ listen 10.0.0.1:3128 for lan }}
reject lan -> .example.net log as "ads"
allow lan -> {OUT} tcp {TCP} log
reject lan -> {OUT} udp 7302 log
drop any -> any log
"""
)


@pytest.fixture(scope="module")
def gateway(gateway_lab: Lab) -> Iterator[Gateway]:
    """It keeps the policies that were in force."""
    state = gateway_lab.gw.stem("state")
    with Gateway(gateway_lab, POLICY, "--state", str(state)) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def events(gateway: Gateway) -> dict[str, Event]:
    """One packet dropped, one rejected, one name refused by the proxy."""
    journal, lan = Journal(gateway.runtime / "events.jsonl"), gateway.lab.lan
    refuse(lan, 7302)
    refuse(lan, 7303)
    url = "http://tracker.example.net/a?b=c"
    lan.curl(url, "--proxy", PROXY)
    return {
        "reject": journal.wait(port=7302),
        "drop": journal.wait(port=7303),
        "name": journal.wait(enforcer="proxy", name="tracker.example.net"),
    }


def refuse(lan: Host, port: int) -> None:
    with lan.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", (OUT, port))


def log(gateway: Gateway, *words: str) -> list[str]:
    done = gateway.command("log", *words)
    assert (done.returncode, done.stderr) == (GOOD, "")
    return done.stdout.splitlines()


def ids(gateway: Gateway, *words: str) -> list[str]:
    return [json.loads(line)["id"] for line in log(gateway, "--json", *words)]


def test_log_shows_what_fits(gateway: Gateway, events: dict[str, Event]) -> None:
    every = ids(gateway)
    assert {e.id for e in events.values()} <= set(every)
    assert ids(gateway, "port", "7302") == [events["reject"].id]
    assert ids(gateway, "from", "lan", "reject", "by", "firewall") == [events["reject"].id]
    assert ids(gateway, "to", ".example.net") == [events["name"].id]
    assert ids(gateway, "refused", "udp", "-n", "1") == [events["drop"].id]
    assert ids(gateway, "udp", "except", "port", "7302") == [events["drop"].id]
    assert ids(gateway, "rule", "ads", "since", "10m") == [events["name"].id]
    assert ids(gateway, "until", "1h") == []
    elsewhere = gateway.dir / "brought"
    elsewhere.write_text("\n".join(gateway.journal.lines()) + "\n{broken")
    assert ids(gateway, "--file", str(elsewhere)) == every
    [pairs] = log(gateway, "--logfmt", "status=403")
    assert f"id={events['name'].id} " in pairs and "name=tracker.example.net" in pairs


def test_log_knows_every_key(gateway: Gateway, events: dict[str, Event]) -> None:
    """Each of docs/events.md, which the journal writes, can be asked for."""
    event = json.loads(log(gateway, "--json", "-n", "1")[0])
    keys = [k for k, v in event.items() if not isinstance(v, dict) and k != "parent"]
    keys += [f"{k}.{i}" for k, v in event.items() if isinstance(v, dict) for i in v]
    for key in [*keys, "parent.name", "parent.server", "rule.name"]:
        log(gateway, f"{key}=*", "-n", "1")
    done = gateway.command("log", "vredict=drop")
    assert done.returncode == WRONG_CALL and "did you mean 'verdict'?" in done.stderr


def test_why_tells_an_event(gateway: Gateway, events: dict[str, Event]) -> None:
    done = gateway.command("why", events["name"].id)
    assert done.returncode == GOOD
    rule = 'reject lan -> .example.net log as "ads"'
    assert f'line {line_of(POLICY, "ads")}: {rule}\n' in done.stdout
    assert "  decided by the proxy in phase " in done.stdout
    assert "The policy in force says the same:" in done.stdout
    assert "tracker.example.net" in done.stdout and "status 403" in done.stdout
    for one in events.values():
        story = json.loads(gateway.command("why", "--json", one.id).stdout)
        assert story["event"]["id"] == one.id and story["same"] is True
    begin = json.loads(gateway.command("why", "--json", events["name"].id[:18]).stdout)
    assert begin["event"]["id"] == events["name"].id
    last = json.loads(gateway.command("why", "--json", "last", "udp").stdout)
    assert last["event"]["id"] == events["drop"].id
    by_flow = gateway.command("why", "--json", events["drop"].flow)
    assert json.loads(by_flow.stdout)["event"]["id"] == events["drop"].id


def test_why_of_a_ban(gateway: Gateway, events: dict[str, Event]) -> None:
    """It is of no flow; what it then does is of one."""
    gateway.command("ban", "203.0.113.66", "for", "10m", "because", "a", "try")
    gateway.command("unban", "203.0.113.66")
    [begun, ended] = ids(gateway, "rule", "ban", "-n", "2")
    words = gateway.command("why", begun).stdout
    assert "because 203.0.113.66 is banned for 10m: a try" in words
    assert "The policy in force is not asked: it is not of one flow." in words
    assert gateway.command("why", ended).stdout.startswith("allow, ")


def test_why_of_what_is_not_one(gateway: Gateway, events: dict[str, Event]) -> None:
    for words, status in (
        (("ffffffff",), NO),
        ((events["drop"].id[:3],), WRONG_CALL),
        (("last", "to", "nowhere"), NO),
        (("last", "prot", "5"), WRONG_CALL),
        (("what?",), WRONG_CALL),
    ):
        done = gateway.command("why", *words)
        assert (done.returncode, done.stdout) == (status, ""), words
        assert done.stderr.startswith("gatehouse: ")


def test_why_says_that_the_policy_has_changed(
    gateway: Gateway, events: dict[str, Event]
) -> None:
    """What it would be now, and what the rule was then."""
    open = POLICY.replace("drop any -> any log", "allow lan -> wan udp\ndrop any -> any log")
    try:
        assert gateway.apply(open).returncode == GOOD
        words = gateway.command("why", events["drop"].id).stdout
        assert "The policy has changed since: generation 2 is in force since " in words
        assert f"Now it would be allow by line {line_of(open, 'wan udp')}:" in words
        line = line_of(POLICY, "drop any")
        assert f"  rule    line {line}: drop any -> any log (of policy 1)\n" in words
        same = gateway.command("why", events["reject"].id).stdout
        assert "and says the same:" in same
    finally:
        assert gateway.apply(POLICY).returncode == GOOD


def test_log_follows_what_fits(gateway: Gateway, events: dict[str, Event]) -> None:
    argv = [*gateway.program_argv("log"), "-f", "--json", "port", "7303"]
    follower = gateway.lab.gw.spawn(argv)
    try:
        wait.until("what was before", lambda: events["drop"].id in follower.out)
        refuse(gateway.lab.lan, 7302)
        refuse(gateway.lab.lan, 7303)
        wait.until("the new one", lambda: follower.out.count("\n") == 2)
        ports = {json.loads(line)["port"] for line in follower.out.splitlines()}
        assert ports == {7303}
    finally:
        follower.stop()


# ---- a real terminal ----


@pytest.fixture(scope="module")
def flows(gateway: Gateway) -> Iterator[list[socket.socket]]:
    """Three connections that live."""
    pytest.importorskip("pyte", reason="apt-get install python3-pyte")
    lab = gateway.lab
    with lab.out.serve(TCP, echo):
        socks = [lab.lan.connect(OUT, TCP) for _ in range(3)]
        for sock in socks:
            sock.sendall(b"x" * 100)
            assert sock.recv(100)
        yield socks
        for sock in socks:
            sock.close()


def at_terminal(gateway: Gateway, *words: str, **env: str) -> Terminal:
    argv = [*gateway.program_argv(words[0]), *words[1:]]
    return Terminal(gateway.lab.gw, argv, **env)


def test_log_is_cut_at_a_terminal(gateway: Gateway, events: dict[str, Event], flows) -> None:
    gateway.lab.lan.curl(f"http://a.example.net/{'long/' * 40}", "--proxy", PROXY)
    Journal(gateway.runtime / "events.jsonl").wait(name="a.example.net")
    with at_terminal(gateway, "log", "refused") as terminal:
        assert terminal.wait_end() == GOOD
        assert "\u2026" in terminal.text
        shown = [line for line in terminal.text.splitlines() if line]
        assert len(shown) == len(ids(gateway, "refused"))  # none is broken
    whole = log(gateway, "to", "a.example.net")
    assert len(whole[0]) > 200
    with at_terminal(gateway, "flows", "port", str(TCP)) as terminal:
        assert terminal.wait_end() == GOOD
        assert len(terminal.text.strip().splitlines()) == len(flows)


def top_of_flows(gateway: Gateway, *words: str) -> Terminal:
    """Without what stories before have left, so that the first row is of these."""
    return at_terminal(gateway, "top", "--every", "1s", *words, "port", str(TCP))


def test_top_shows_what_lives(gateway: Gateway, flows) -> None:
    with top_of_flows(gateway) as terminal:
        text = terminal.wait(f"wan {OUT}:{TCP}")
        assert "[1 flows]" in text and "generation" in text
        terminal.press("3")
        text = terminal.wait('reject lan -> .example.net log as "ads"')
        assert "[3 rules]" in text and "PACKETS" in text
        terminal.press("h")
        terminal.wait("end the flow")
        terminal.press("q")
        terminal.wait_gone("end the flow")
        terminal.press("1")
        terminal.wait(f"wan {OUT}:{TCP}")
        terminal.press("e")
        assert f"allow lan -> {OUT} tcp {TCP} log" in terminal.wait("matches")
        terminal.press("q")
        terminal.press("/\x15from guest\r")
        terminal.wait_gone(f"wan {OUT}:{TCP}")
        terminal.press("/\x15nonsense\r")
        terminal.wait("'nonsense' is not understood")
        terminal.press(f"/\x15port {TCP}\r")
        terminal.wait(f"wan {OUT}:{TCP}")
        terminal.press(" ")
        terminal.wait("PAUSED")
        terminal.press("q")
        assert terminal.wait_end() == GOOD and terminal.is_as_before()


def test_top_follows_the_terminal(gateway: Gateway, flows) -> None:
    """Smaller, tiny, and large."""
    with at_terminal(gateway, "top", "--every", "1s") as terminal:
        assert "IN/s" in terminal.wait(f"wan {OUT}:{TCP}")
        terminal.resize(6, 30)
        text = terminal.wait_gone("IN/s")
        assert len(text.splitlines()) <= 6
        terminal.resize(1, 5)
        terminal.resize(60, 200)
        assert "BY" in terminal.wait("firewall")
        terminal.press("q")
        assert terminal.wait_end() == GOOD and terminal.is_as_before()


def test_top_ends_a_flow_and_bans(gateway: Gateway, flows) -> None:
    lan = gateway.lab.lan
    try:
        with top_of_flows(gateway, "from", "lan") as terminal:
            terminal.wait(f"wan {OUT}:{TCP}")
            terminal.press("xn")
            assert len(gateway.command("flows", "port", str(TCP)).stdout.splitlines()) == 3
            terminal.press("x")
            terminal.wait("? y or n")
            terminal.press("y")
            terminal.wait("1 flow ended")
            assert len(gateway.command("flows", "port", str(TCP)).stdout.splitlines()) == 2
            terminal.press("b")
            terminal.wait(f"ban {lan.ip4} for")
            terminal.press("\x1510m\r")
            terminal.wait(f"{lan.ip4} is banned for 10m")
            [ban] = json.loads(gateway.command("bans", "--json").stdout)["bans"]
            assert (ban["address"], ban["because"]) == (lan.ip4, "in top")
            terminal.signal(signal.SIGTERM)
            assert terminal.wait_end() == GOOD and terminal.is_as_before()
    finally:
        gateway.command("unban", lan.ip4)


def test_top_on_old_terminals(gateway: Gateway, flows) -> None:
    """No colours, no cursor keys, no UTF-8; and one that cannot do it at all."""
    with at_terminal(gateway, "top", "rules", TERM="vt100", LANG="C") as terminal:
        terminal.wait("PACKETS")
        terminal.press("q")
        assert terminal.wait_end() == GOOD and terminal.is_as_before()
        assert terminal.output.isascii()
        assert not re.search(rb"\033\[[0-9;]*[34][0-7]m", terminal.output)
    for term in ("dumb", "no-such-terminal"):
        # libtinfo does not free what it had begun with.
        env = {"TERM": term, "ASAN_OPTIONS": "detect_leaks=0"}
        with at_terminal(gateway, "top", **env) as terminal:
            assert terminal.wait_end() == WRONG_CALL, terminal.output
            assert terminal.is_as_before()
            assert "--once prints one screen" in " ".join(terminal.text.split())


def test_top_once_is_text(gateway: Gateway, events: dict[str, Event]) -> None:
    done = gateway.command("top", "--once", "rules", "-n", "2")
    title, tabs, head, *rows = done.stdout.splitlines()
    assert "generation" in title and "[3 rules]" in tabs and "PACKETS" in head
    assert len(rows) == 2 and rows[0].endswith('reject lan -> .example.net log as "ads"')
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    wrong = gateway.command("top", "--once", "flows", "nonsense")
    assert wrong.returncode == WRONG_WORLD and "not understood" in wrong.stderr
    assert "takes a terminal" in gateway.command("top").stderr
    assert gateway.command("top", "rates", "lan").returncode == WRONG_CALL
