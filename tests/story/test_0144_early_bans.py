# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is banned is refused at the driver, where early drop is in use.

`out` is banned, `web` is not.  The counter `ban` has every packet, whether the
driver or the ruleset refused it; some of each second go up to be logged.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab import wait, xdp
from tests.lab.gateway import Gateway
from tests.lab.lab import Lab
from tests.lab.listener import echo
from tests.story.test_0134_early_drop import (
    REST,
    SELF6,
    Ear,
    command,
    early_lab,
    echoes,
    hardware,
    make,
    ping,
    speak,
    state,
    status,
    write_list,
)
from tests.story.zones import ZONES

__all__ = ["early_lab"]

OUT = "203.0.113.9"
UNLISTED = ZONES + REST + "allow wan -> mail tcp 2526\n"
PACKETS = 400
TOLD = 250  # of two processors 50 at once, and some later


@pytest.fixture
def gateway(early_lab: Lab) -> Iterator[Gateway]:
    with make(early_lab, "on", policy=UNLISTED) as gateway:
        yield gateway


def banned(gateway: Gateway) -> int:
    return status(gateway)["kernel"].get("ban", 0)


def early(gateway: Gateway) -> int:
    return state(gateway)["packets"]


@contextmanager
def neighbour(lab: Lab) -> Iterator[None]:
    """The gateway, known to `out`: who is banned is not told where it is."""
    at = hardware(lab.gw, "ext0").hex(":")
    entry = [SELF6, "dev", "eth0"]
    known = ["lladdr", at, "nud", "permanent"]
    lab.out.run(["ip", "neigh", "replace", *entry, *known], check=True)
    try:
        yield
    finally:
        lab.out.run(["ip", "neigh", "del", *entry], check=True)


def test_a_ban_alone_brings_the_program_and_holds(gateway: Gateway) -> None:
    lab = gateway.lab
    now = state(gateway)
    assert not now["active"] and now["why"].endswith("and nobody is banned")
    command(gateway, "ban", OUT)
    assert state(gateway)["interfaces"] == [
        {"name": "ext0", "driver": "native", "why": None}
    ]
    command(gateway, "ban", "2001:db8:f::8/125")
    with Ear(lab.gw) as ear, neighbour(lab):
        speak(lab.out, PACKETS)
        speak(lab.out, PACKETS, SELF6)
        for _ in range(PACKETS):
            ping(lab.out, "203.0.113.1")
        speak(lab.web, 7)
        wait.until("web's", lambda: ear.heard.total() == 7)
        wait.until("all", lambda: banned(gateway) >= 3 * PACKETS)
    assert ear.heard == {lab.web.ip4: 7}
    assert banned(gateway) == 3 * PACKETS  # ARP and the like are not for it
    assert early(gateway) >= 3 * PACKETS - TOLD
    text = gateway.command("status").stdout
    assert "early drop on ext0 (native), 0 ranges, 2 bans\n" in text
    event = gateway.journal.wait(reason="banned")
    assert (event.source, event.rule_name) == (OUT, "ban")


def test_a_flow_that_lives_is_stopped_at_the_driver(gateway: Gateway) -> None:
    lab = gateway.lab
    with lab.mail.serve(2526, echo), lab.out.connect(lab.mail.ip4, 2526) as sock:
        assert echoes(sock)
        command(gateway, "ban", "192.0.2.1")  # the program is there now
        assert echoes(sock)
        command(gateway, "ban", OUT)
        assert not echoes(sock)
        command(gateway, "unban", OUT)
        sock.settimeout(10)
        assert sock.recv(5) == b"still"  # what was held up comes after all


def heard(gateway: Gateway, times: int = 1) -> bool:
    """Whether any of them come through, and web's, sent behind them, do."""
    lab = gateway.lab
    with Ear(lab.gw) as ear:
        speak(lab.out, times)
        speak(lab.web, 1)
        wait.until("web's", lambda: ear.heard[lab.web.ip4] == 1)
    return ear.heard[lab.out.ip4] > 0


def test_unban_and_the_end_of_its_time(gateway: Gateway) -> None:
    command(gateway, "ban", OUT)
    assert not heard(gateway, PACKETS)
    command(gateway, "unban", OUT)
    assert heard(gateway)
    command(gateway, "ban", "203.0.113.8/29", "for", "1s")
    assert not heard(gateway, PACKETS)
    wait.until("its end", lambda: heard(gateway))
    assert state(gateway)["bans"] == 0 and state(gateway)["active"]


def test_one_in_another(gateway: Gateway) -> None:
    command(gateway, "ban", "203.0.113.8/29")
    command(gateway, "ban", OUT, "for", "1s")
    assert not heard(gateway, PACKETS)
    wait.until("the end of one", lambda: state(gateway)["bans"] == 1)
    assert not heard(gateway, PACKETS)
    command(gateway, "unban", "203.0.113.8/29")
    assert heard(gateway)


def test_an_apply_and_a_restart_keep_it(gateway: Gateway) -> None:
    command(gateway, "ban", OUT)
    speak(gateway.lab.out, PACKETS)
    wait.until("them", lambda: banned(gateway) == PACKETS)
    assert gateway.apply(UNLISTED).returncode == 0
    assert not heard(gateway, PACKETS) and banned(gateway) == PACKETS
    gateway.kill("gatehoused")
    gateway.wait(5)
    assert xdp.attached(gateway.lab.gw, "ext0") is None
    gateway.start()
    assert xdp.attached(gateway.lab.gw, "ext0")
    before = early(gateway)
    assert not heard(gateway, PACKETS)
    assert early(gateway) >= before + PACKETS - TOLD


def test_fragments_and_who_is_spoken_to(gateway: Gateway) -> None:
    """Fragments go up and are refused there.  Of an answer to whom nobody may
    speak to nothing is known, but he is banned."""
    lab = gateway.lab
    command(gateway, "ban", OUT)
    with Ear(lab.gw) as ear:
        speak(lab.out, 5, size=4000)
        wait.until("them", lambda: banned(gateway) == 5)
    assert early(gateway) == 0 and not ear.heard
    command(gateway, "unban", OUT)
    command(gateway, "ban", "10.0.0.25")
    with lab.web.udp(socket.AF_INET) as sock:
        for _ in range(PACKETS):
            sock.sendto(b"x", ("10.0.0.25", 2525))
    wait.until("them", lambda: banned(gateway) == PACKETS + 5)
    assert early(gateway) >= PACKETS - TOLD


def test_it_comes_before_a_list(early_lab: Lab) -> None:
    """And what is counted of it goes on when a list is read anew."""
    with make(early_lab, "on") as gateway:
        lab = gateway.lab
        command(gateway, "ban", OUT)
        speak(lab.out, PACKETS)
        wait.until("them", lambda: banned(gateway) == PACKETS)
        counted = [rule["packets"] for rule in status(gateway)["rules"]]
        assert counted[0] == 0
        write_list(gateway, "198.51.100.0/24\n192.0.2.1\n192.0.2.3\n192.0.2.5\n")
        wait.until("the list", lambda: state(gateway)["ranges"] == 4)
        speak(lab.out, PACKETS)
        wait.until("them", lambda: banned(gateway) == 2 * PACKETS)
        assert early(gateway) >= 2 * PACKETS - 2 * TOLD
