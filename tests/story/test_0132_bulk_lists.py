# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of addresses are sets that outlive the rules: loaded once, changed in
place where little has changed, replaced while traffic flows, and whole or not
at all.  A hundred thousand ranges stand for a million."""

import itertools
import json
import os
import re
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, Gateway, gatehouse
from tests.lab.listener import echo
from tests.story.zones import ZONES

PORT = 9132
OUT = ("203.0.113.9", PORT)
OUT6 = ("2001:db8:f::9", PORT)
MANY = 100_000
POLICY = (
    ZONES
    + """
list bad = addresses "bad.netset" refresh 1s
list far = addresses "far.netset" refresh 1s
drop lan -> bad
drop far -> any
allow lan -> wan
"""
)


def ranges(count: int = MANY) -> list[str]:
    """Disjoint, and none beside another."""
    first = int(ip_address("11.0.0.0"))
    return [f"{ip_address(first + 512 * i)}/{24 + i % 9}" for i in range(count)]


def put(path: Path, lines: list[str]) -> None:
    """In one step; it changed before."""
    new = path.with_suffix(".new")
    new.write_text("".join(f"{line}\n" for line in lines))
    then = new.stat().st_mtime - 60
    os.utime(new, (then, then))
    new.rename(path)


@pytest.fixture
def gateway(gateway_lab) -> Iterator[Gateway]:
    gateway = Gateway(gateway_lab, ZONES + "drop any -> any\n")
    put(gateway.dir / "bad.netset", ranges())
    put(gateway.dir / "far.netset", ["192.0.2.0/24", "2001:db8:bad::/48"])
    gateway.policy = gateway.policy_file(POLICY)
    with gateway, gateway_lab.out.serve(PORT, echo):
        yield gateway


def connects(gateway: Gateway, to: tuple[str, int] = OUT) -> bool:
    try:
        gateway.lab.lan.connect(*to, timeout=0.4).close()
    except OSError:
        return False
    return True


def handles(gateway: Gateway, kind: str) -> dict[str, int]:
    """By name, as the kernel numbers them; elements are not asked for."""
    done = gateway.lab.gw.run(["nft", "-j", "-t", "-a", "list", "ruleset"], check=True)
    every = [one[kind] for one in json.loads(done.stdout)["nftables"] if kind in one]
    return {one["name"]: one["handle"] for one in every if one["table"] == "gatehouse"}


def lists(gateway: Gateway) -> dict[str, int]:
    return {n: h for n, h in handles(gateway, "set").items() if n.startswith("list.")}


def has_lists(gateway: Gateway, *names: str) -> None:
    """And no others, once what was replaced is cleared away."""
    wait.until(f"{names} alone", lambda: set(lists(gateway)) == set(names))


def rules(gateway: Gateway) -> int:
    return handles(gateway, "chain")["prerouting"]


def holds(gateway: Gateway, name: str, address: str) -> bool:
    """Asked of the kernel for one element alone."""
    argv = ["nft", "get", "element", "inet", "gatehouse", name, f"{{ {address} }}"]
    return gateway.lab.gw.run(argv, timeout=30).returncode == 0


def test_an_apply_loads_no_list_again(gateway: Gateway) -> None:
    before, rules_before = lists(gateway), rules(gateway)
    assert set(before) == {"list.bad.4", "list.far.4", "list.far.6"}
    assert gateway.apply(gateway.policy).returncode == GOOD
    assert lists(gateway) == before and rules(gateway) != rules_before
    # A small one that has changed is not loaded with the large one either.
    put(gateway.dir / "far.netset", ["192.0.2.0/25", "2001:db8:bad::/48"])
    assert gateway.apply(gateway.policy).returncode == GOOD
    after = lists(gateway)
    assert after["list.bad.4"] == before["list.bad.4"]
    assert after["list.far.6"] == before["list.far.6"]
    has_lists(gateway, "list.bad.4", "list.far.4.2", "list.far.6")
    assert holds(gateway, "list.bad.4", "11.0.0.1")


def test_a_line_that_changes_is_changed_in_place(gateway: Gateway) -> None:
    before, rules_before = lists(gateway), rules(gateway)
    assert connects(gateway)
    put(gateway.dir / "bad.netset", [*ranges(), "203.0.113.8/29"])
    wait.until("the new line", lambda: not connects(gateway))
    assert (lists(gateway), rules(gateway)) == (before, rules_before)
    assert f"'bad' was read anew: {MANY + 1} entries" in gateway.err
    # One goes, one grows, one comes between two that join.
    some = ranges()
    some[5:8] = ["11.0.8.0/22", "11.0.14.0/24"]
    put(gateway.dir / "bad.netset", some)
    wait.until("the old list again", lambda: connects(gateway))
    assert (lists(gateway), rules(gateway)) == (before, rules_before)
    there = {"11.0.9.77": True, "11.0.14.1": True, "11.0.13.1": False}
    assert {a: holds(gateway, "list.bad.4", a) for a in there} == there


def test_a_family_that_comes_changes_rules(gateway: Gateway) -> None:
    assert connects(gateway, OUT6)
    put(gateway.dir / "bad.netset", [*ranges(), "2001:db8:f::9"])
    wait.until("the list of IPv6", lambda: not connects(gateway, OUT6))
    has_lists(gateway, "list.bad.4", "list.bad.6", "list.far.4", "list.far.6")
    assert connects(gateway)


def test_one_that_changes_much_is_loaded_anew(gateway: Gateway) -> None:
    put(gateway.dir / "bad.netset", [*ranges(MANY // 2), "203.0.113.9"])
    wait.until("the new list", lambda: not connects(gateway), 15)
    has_lists(gateway, "list.bad.4.2", "list.far.4", "list.far.6")
    put(gateway.dir / "bad.netset", ranges())
    wait.until("the old list again", lambda: connects(gateway), 15)
    has_lists(gateway, "list.bad.4", "list.far.4", "list.far.6")


def test_nothing_passes_that_both_lists_forbid(gateway: Gateway) -> None:
    """Lists and rules are replaced under a flow of packets to what is listed."""
    lab, enough = gateway.lab, threading.Event()
    forbidden = "203.0.113.9"
    put(gateway.dir / "bad.netset", [*ranges(20_000), forbidden])
    assert gateway.apply(gateway.policy).returncode == GOOD
    sent = itertools.count()

    def pour() -> None:
        port = itertools.cycle(range(20000, 30000))
        while not enough.is_set():
            with lab.lan.udp() as says:  # a new flow each time
                says.bind(("10.0.0.4", next(port)))
                says.sendto(b"x", OUT)
            next(sent)

    with lab.out.udp(timeout=0.3) as hears:
        hears.bind(OUT)
        thread = threading.Thread(target=pour)
        thread.start()
        try:
            for number in range(12):
                others = ranges(20_000 + 5000 * (number % 2))
                put(gateway.dir / "bad.netset", [*others, forbidden])
                assert gateway.apply(gateway.policy).returncode == GOOD
        finally:
            enough.set()
            thread.join()
        assert next(sent) > 1000
        with pytest.raises(TimeoutError):
            hears.recv(9)


def test_what_a_crash_left_is_cleared_away(gateway: Gateway) -> None:
    before = lists(gateway)
    gateway.kill("gatehoused")
    gateway.wait(5)
    assert lists(gateway) == before
    gateway.start()
    has_lists(gateway, "list.bad.4.2", "list.far.4.2", "list.far.6.2")
    assert gateway.apply(gateway.policy).returncode == GOOD
    assert len(lists(gateway)) == 3
    assert gateway.command("stop").returncode == GOOD
    assert gateway.table() == ""


def test_a_set_that_was_taken_away_is_loaded_again(gateway: Gateway) -> None:
    put(gateway.dir / "bad.netset", [*ranges(), "203.0.113.9"])
    wait.until("the new line", lambda: not connects(gateway))
    gateway.lab.gw.run(["nft", "flush", "ruleset"], check=True)
    assert connects(gateway)
    put(gateway.dir / "far.netset", ["192.0.2.0/25", "2001:db8:bad::/48"])
    wait.until("all of it again", lambda: not connects(gateway), 15)
    has_lists(gateway, "list.bad.4", "list.far.4", "list.far.6")


def test_two_compilations_are_equal_and_short(tmp_path: Path) -> None:
    put(tmp_path / "bad.netset", ranges(5000))
    put(tmp_path / "far.netset", ["192.0.2.0/24"])
    (tmp_path / "a.policy").write_text(POLICY)
    shown = [gatehouse("show", "nft", tmp_path / "a.policy").stdout for _ in range(2)]
    assert shown[0] == shown[1]
    assert "\t\t# 5000 ranges, not shown here\n" in shown[0]
    assert "elements = { 192.0.2.0/24 }" in shown[0]
    assert len(shown[0]) < 50_000
    whole = gatehouse("show", "--lists", "nft", tmp_path / "a.policy").stdout
    assert len(re.findall(r"[ {,]11\.\d+\.", whole)) == 5000
    assert "not shown" not in whole


def test_a_long_name_is_loaded_like_a_list(gateway: Gateway) -> None:
    """A name that takes a list in is as long as it."""
    worse = "name worse = { bad, 203.0.113.9 }\ndrop lan -> worse"
    text = POLICY.replace("drop lan -> bad", worse)
    assert gateway.apply(text).returncode == GOOD, gateway.err
    assert set(handles(gateway, "set")) >= {"name.worse.4"}
    assert not connects(gateway)
