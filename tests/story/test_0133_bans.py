# SPDX-License-Identifier: GPL-2.0-or-later
"""A ban holds at once and comes before everything: flows that live end, those
through the proxy too; it outlives an apply and a crash, and it ends in time."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.lab import wait
from tests.lab.flows import PROXY
from tests.lab.gateway import GOOD, NO, WRONG_CALL, Gateway
from tests.lab.listener import echo, read_head
from tests.story.zones import ZONES

PORT = 9133
OUT = ("203.0.113.9", PORT)
OUT6 = ("2001:db8:f::9", PORT)
EXPLICIT = ("10.0.0.1", 3128)
POLICY = (
    ZONES
    + """
proxy { listen 10.0.0.1:3128 for lan }
allow lan -> wan log
allow self -> wan
"""
)


@pytest.fixture
def gateway(gateway_lab) -> Iterator[Gateway]:
    with Gateway(gateway_lab, POLICY) as gateway, gateway_lab.out.serve(PORT, echo):
        yield gateway


def ban(gateway: Gateway, *words: str) -> str:
    done = gateway.command("ban", *words)
    assert (done.returncode, done.stderr) == (GOOD, "")
    return done.stdout


def unban(gateway: Gateway, address: str) -> str:
    done = gateway.command("unban", address)
    assert (done.returncode, done.stderr) == (GOOD, "")
    return done.stdout


def bans(gateway: Gateway) -> dict[str, dict]:
    done = gateway.command("bans", "--json")
    assert done.returncode == GOOD, done.stderr
    return {one["address"]: one for one in json.loads(done.stdout)["bans"]}


def answers(sock: socket.socket, timeout: float = 0.4) -> bool:
    """Whether a word comes back over a connection that lives."""
    sock.settimeout(timeout)
    try:
        sock.sendall(b"x")
        return sock.recv(1) != b""
    except TimeoutError:
        return False


def connects(gateway: Gateway, to: tuple[str, int]) -> bool:
    try:
        gateway.lab.lan.connect(*to, timeout=0.4).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("to", "banned"),
    [
        (OUT, "10.0.0.4"),  # who speaks
        (OUT, "203.0.113.9"),  # who is spoken to
        (OUT, "203.0.113.8/29"),
        (OUT6, "2001:db8:1::4"),
        (OUT6, "2001:db8:f::8/125"),
    ],
)
def test_a_flow_that_lives_is_stopped(
    gateway: Gateway, to: tuple[str, int], banned: str
) -> None:
    with gateway.lab.lan.connect(*to) as sock:
        assert answers(sock)
        assert ban(gateway, banned) == f"{banned} is banned\n"
        assert not answers(sock) and not connects(gateway, to)
        said = unban(gateway, banned)
        assert said == f"{banned} is not banned any more: it was unbanned\n"
        sock.settimeout(10)
        assert sock.recv(1) == b"x"  # what was held up comes after all
        assert connects(gateway, to)


def test_nothing_is_sent_to_who_is_banned(gateway: Gateway) -> None:
    """What needs no answer would go on for ever."""
    lab = gateway.lab
    with lab.out.udp() as hears, lab.lan.udp() as says:
        hears.bind(("203.0.113.9", PORT))
        says.sendto(b"before", OUT)
        assert hears.recv(99) == b"before"
        ban(gateway, "203.0.113.9")
        says.sendto(b"during", OUT)
        unban(gateway, "203.0.113.9")
        says.sendto(b"after", OUT)
        assert hears.recv(99) == b"after"


def test_the_gateway_itself_does_not_speak_to_who_is_banned(gateway: Gateway) -> None:
    with gateway.lab.gw.udp() as says:
        says.sendto(b"before", OUT)
        ban(gateway, "203.0.113.9")
        with pytest.raises(PermissionError):
            says.sendto(b"during", OUT)


def test_the_proxy_ends_the_connections_of_who_is_banned(gateway: Gateway) -> None:
    lab = gateway.lab
    ended = threading.Event()

    def hold(sock: socket.socket) -> None:
        sock.sendall(b"hello")
        with contextlib.suppress(ConnectionResetError):
            sock.recv(1)
        ended.set()

    with lab.out.serve(PORT + 1, hold), lab.lan.connect(*EXPLICIT) as sock:
        sock.sendall(b"CONNECT 203.0.113.9:9134 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b" 200 " in read_head(sock)
        assert sock.recv(5) == b"hello"
        ban(gateway, "10.0.0.4/31")
        assert ended.wait(5), "the server does not see the end"
    event = gateway.journal.wait(reason="the client was banned")
    assert event.source == "10.0.0.4"


def test_it_outlives_an_apply_and_a_crash(gateway: Gateway) -> None:
    ban(gateway, "203.0.113.9", "for", "1h", "because", "two", "words")
    ban(gateway, "203.0.113.64/30")
    ban(gateway, "192.0.2.1")
    unban(gateway, "192.0.2.1")
    assert gateway.apply(POLICY + "allow guest -> wan\n").returncode == GOOD
    assert not connects(gateway, OUT)
    before = bans(gateway)
    gateway.kill("gatehoused")
    gateway.wait(5)
    assert not connects(gateway, OUT)  # the rules stand
    gateway.start()
    assert not connects(gateway, OUT)
    for one in (after := bans(gateway)).values():
        if one["left_seconds"] is not None:
            assert 3590 < one.pop("left_seconds") <= 3600
            del before[one["address"]]["left_seconds"]
    assert after == before and len(after) == 2
    assert after["203.0.113.9"]["because"] == "two words"
    unban(gateway, "203.0.113.9")
    assert connects(gateway, OUT)


def test_who_is_banned_while_the_sets_were_taken_away(gateway: Gateway) -> None:
    """Somebody flushes all tables: the next apply brings the bans back."""
    ban(gateway, "203.0.113.9")
    gateway.lab.gw.run(["nft", "flush", "ruleset"], check=True)
    assert connects(gateway, OUT)
    assert gateway.apply(POLICY).returncode == GOOD
    assert not connects(gateway, OUT)


@pytest.mark.parametrize("applies", [1, 2])
def test_the_first_one_holds_after_an_apply(gateway: Gateway, applies: int) -> None:
    """Before it no packet was asked; each apply calls the questions otherwise."""
    for i in range(applies):
        assert gateway.apply(POLICY + f"allow guest -> wan tcp {i + 1}\n").returncode == GOOD
    assert connects(gateway, OUT)
    ban(gateway, "203.0.113.9")
    assert not connects(gateway, OUT)


def test_it_ends_in_time(gateway: Gateway) -> None:
    began = time.monotonic()
    said = ban(gateway, "203.0.113.9", "for", "1s")
    assert said == "203.0.113.9 is banned for 1s\n"
    assert not connects(gateway, OUT)
    wait.until("its end", lambda: connects(gateway, OUT))
    assert time.monotonic() - began >= 1
    assert bans(gateway) == {}
    words = "203.0.113.9 is not banned any more: its time is over"
    event = gateway.journal.wait(reason=words)
    assert (event.verdict, event.rule_line, event.rule_name) == ("allow", None, "ban")


def test_a_second_ban_replaces_the_first(gateway: Gateway) -> None:
    ban(gateway, "203.0.113.9", "for", "1s")
    ban(gateway, "203.0.113.9", "for", "1h", "because", "again")
    [one] = bans(gateway).values()
    assert one["left_seconds"] > 3500 and one["because"] == "again"
    ban(gateway, "203.0.113.8/29", "for", "1s")
    wait.until("the end of the wider one", lambda: len(bans(gateway)) == 1)
    assert not connects(gateway, OUT)


def test_it_is_told_and_counted(gateway: Gateway) -> None:
    ban(gateway, "203.0.113.9", "for", "2m", "because", "it", "knocks")
    words = "203.0.113.9 is banned for 2m: it knocks"
    event = gateway.journal.wait(reason=words)
    assert (event.verdict, event.enforcer) == ("drop", "firewall")
    assert (event.source, event.rule_name) == ("203.0.113.9", "ban")
    assert not connects(gateway, OUT)
    dropped = gateway.journal.wait(reason="banned")
    assert (dropped.destination, dropped.port) == OUT
    assert (dropped.rule_line, dropped.rule_name) == (None, "ban")
    status = json.loads(gateway.command("status", "--json").stdout)
    assert status["bans"] == 1 and status["kernel"]["ban"] >= 1
    text = gateway.command("status").stdout
    assert "bans       1; 'gatehouse bans' lists them\n" in text
    text = gateway.command("bans").stdout
    assert text.startswith("    left  banned\n")
    assert text.endswith("  203.0.113.9: it knocks\n")


def test_explain_says_that_a_ban_comes_first(gateway: Gateway) -> None:
    flow = "lan 10.0.0.4 -> 203.0.113.9 tcp 9133"
    ban(gateway, "203.0.113.8/29", "because", "of", "that")
    done = gateway.command("explain", "--running", flow)
    first = "drop by the firewall in phase packet: 203.0.113.8/29 is banned: of that"
    assert done.stdout.splitlines()[0] == first
    done = gateway.command("explain", "--running", "--json", flow)
    said = json.loads(done.stdout)
    assert (said["verdict"], said["rule"], said["path"]) == ("drop", None, [])
    unban(gateway, "203.0.113.8/29")
    assert gateway.command("explain", "--running", flow).stdout.startswith("allow")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["10.0.0.1"], NO, "10.0.0.1 is an address of the gateway itself (int0)"),
        (["203.0.113.0/24"], NO, "203.0.113.1 is an address of the gateway"),
        (["2001:db8:1::/64"], NO, "is an address of the gateway itself (int0)"),
        (["0.0.0.0/0"], NO, "a ban of more than a /8 is most likely a mistake"),
        (["::/0"], NO, "a ban of more than a /16 is most likely a mistake"),
        (["127.0.0.1"], NO, "loopback, link-local and multicast"),
        (["fe80::1"], NO, "loopback, link-local and multicast"),
        (["out"], WRONG_CALL, "'out' is no address and no prefix"),
        (["192.0.2.1", "for", "ever"], WRONG_CALL, "'ever' is no time to be banned"),
        (["192.0.2.1", "for", "0s"], WRONG_CALL, "'0s' is no time to be banned"),
        (["192.0.2.1", "why"], WRONG_CALL, "'why' is not understood here"),
        (["192.0.2.1", "because", "a\nb"], WRONG_CALL, "to be one line"),
        (["192.0.2.1", "because", "a" * 200], WRONG_CALL, "longer than 160 bytes"),
    ],
)
def test_who_is_never_banned(
    gateway: Gateway, words: list[str], status: int, said: str
) -> None:
    done = gateway.command("ban", *words)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert bans(gateway) == {}


def test_nobody_bans_himself(gateway: Gateway) -> None:
    """Also not through sudo, which takes SSH_CONNECTION away."""
    program = gateway.program_argv("ban")
    ssh = "SSH_CONNECTION=198.51.100.7 50000 10.0.0.1 22"
    sudo = ["sh", "-c", 'env -u SSH_CONNECTION "$@"; exit $?', "sh"]
    for wrap in (["env", ssh], ["env", ssh, *sudo]):
        done = gateway.lab.gw.run([*wrap, *program, "198.51.100.0/24"])
        assert done.returncode == NO, done.stderr
        assert "you are connected from 198.51.100.7" in done.stderr
        assert bans(gateway) == {}
    done = gateway.lab.gw.run(["env", ssh, *program, "--force", "198.51.100.0/24"])
    assert done.returncode == GOOD, done.stderr
    assert list(bans(gateway)) == ["198.51.100.0/24"]


def test_who_is_not_banned_is_not_unbanned(gateway: Gateway) -> None:
    ban(gateway, "203.0.113.8/29")
    done = gateway.command("unban", "203.0.113.9")
    assert done.returncode == NO
    words = "203.0.113.9 is not banned by itself, but by the ban of 203.0.113.8/29"
    assert words in done.stderr
    assert gateway.command("unban", "192.0.2.1").returncode == NO


def test_a_file_of_bans_that_is_broken_is_read_as_far_as_it_goes(
    gateway: Gateway,
) -> None:
    ban(gateway, "203.0.113.9")
    gateway.stop()
    with open(gateway.runtime / "bans", "a") as file:
        file.write("ban nobody\nban 10.0.0.1 2026-01-01T00:00:00.000000Z -\nban 192.0")
    gateway.start()
    assert list(bans(gateway)) == ["203.0.113.9"]
    assert "bans:2: this ban is left out: it makes no sense" in gateway.err
    assert "10.0.0.1 is not banned any more: the gateway has the" in gateway.err
    assert not connects(gateway, OUT)


def test_a_proxied_request_of_who_is_not_banned_goes_on(gateway: Gateway) -> None:
    ban(gateway, "203.0.113.9")
    assert gateway.lab.lan.curl("http://www.example.com/", *PROXY).status == 200
