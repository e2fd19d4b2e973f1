# SPDX-License-Identifier: GPL-2.0-or-later
"""What a set stops is stopped while sets and rules are replaced, too.

A set of ranges holds nothing yet for an instant after the rules that were made
with it hold.  So each kind that the compiler writes stands before an `allow`
here, and what it stops pours in while the policy is applied again and again and
a list changes by itself.  That it is looked for well is shown by a flow that
may pass."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.lab import frames, namespace, wait
from tests.lab.frames import Packet
from tests.lab.gateway import GOOD, Gateway
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.story.zones import ZONES, line_of

APPLIES = 50
LAN, GUEST, SELF = "10.0.0.4", "10.0.9.4", "203.0.113.1"
OUT, BAD = "203.0.113.9", "203.0.113.66"
HERE = "198.51.100."

# Lines of one shape, most of them of addresses that nobody has, make maps.
SHAPES = "".join(
    f"drop {HERE}{n} -> self udp {4000 + n}, udp {5000 + n}-{5010 + n}\n"
    f"drop {HERE}{n} -> self udp 100-199, udp 300-399, udp 500-599, udp 700-799, "
    f"udp 900-{900 + n}\n"
    f"drop {HERE}128/28 -> {SELF} udp {2000 + n}-{2010 + n}\n"
    for n in range(150, 162)
)
# As many as there are before a name is loaded like a list.
CROWD = ", ".join(f"100.{64 + n // 200}.{n % 200}.0/25" for n in range(900))
# With a port, for what is dropped whole may be dropped at the driver.
POLICY = (
    ZONES
    + f"""
list  bad   = addresses "bad.netset" refresh 1s
name  pair  = {{ {HERE}48/29, {HERE}200/30 }}
name  crowd = {{ {CROWD}, {HERE}33 }}
hours day   = mon-sun 06:00-18:00
hours night = mon-sun 18:00-06:00
drop  pair -> any udp 1-65535
drop  crowd -> any udp 1-65535
drop  bad -> any udp 1-65535
drop  lan -> bad
drop  {HERE}70-{HERE}75, {HERE}90/31, {HERE}93 -> any udp 1-65535
drop  wan -> self udp 7000-7009, udp 7100-7109
drop  wan -> self udp 7200 during day, night
"""
    + SHAPES
    + """
drop  lan -> guest
allow lan -> wan
allow wan -> self udp 1-9999
"""
)
# The same for all that is sent, in other words.
OTHER = POLICY.replace(f"{HERE}200/30", f"{HERE}204/30").replace(
    "udp 7100-7109", "udp 7100-7119"
)

# What stops it, or should: host, source, destination, port.
FORBIDDEN = {
    "a named pair of prefixes": ("out", f"{HERE}50", SELF, 8000),
    "a crowd": ("out", f"{HERE}33", SELF, 8000),
    "a list of sources": ("out", BAD, SELF, 8000),
    "a list of destinations": ("lan", LAN, BAD, 8000),
    "ranges in the rule": ("out", f"{HERE}72", SELF, 8000),
    "ports": ("out", OUT, SELF, 7005),
    "hours": ("out", OUT, SELF, 7200),
    "a map of a shape": ("out", f"{HERE}155", SELF, 5160),
    "a map of many ranges of ports": ("out", f"{HERE}156", SELF, 950),
    "a map of a prefix and ports": ("out", f"{HERE}131", SELF, 2160),
    "the zone of the destination": ("lan", LAN, GUEST, 8000),
    "the zone that the source is not of": ("lan", "10.0.9.77", OUT, 8000),
    "the zone that the source claims": ("out", "10.0.0.77", SELF, 8000),
    "local scope": ("out", "127.0.0.9", SELF, 8000),
}
PERMITTED = ("out", f"{HERE}20", SELF, 8000)

PROBE = """
table inet probe {
    set passed {
        typeof ip saddr . ip daddr . udp dport
        size 4096
        flags dynamic
        counter
    }
    chain in {
        type filter hook input priority 300
        update @passed { ip saddr . ip daddr . udp dport }
    }
    chain out {
        type filter hook postrouting priority 300
        update @passed { ip saddr . ip daddr . udp dport }
    }
}
"""


@dataclass
class Flood:
    """What pours in from a thread of its own, and what the gateway forwarded."""

    lab: Lab
    rounds: int = 0

    def __post_init__(self) -> None:
        gw = self.lab.gw
        macs = {
            host: (_hardware(getattr(self.lab, host), "eth0"), _hardware(gw, link))
            for host, link in (("lan", "int0"), ("out", "ext0"))
        }
        wires = {
            host: namespace.inside(getattr(self.lab, host).namespace, _wire)
            for host in macs
        }
        self._sockets = list(wires.values())
        # New flows: one that passed is ended by the next apply, and stays so.
        self._frames = [
            [
                (wires[host], frames.ethernet(_udp(sport, *ends), *macs[host]))
                for host, *ends in (*FORBIDDEN.values(), PERMITTED)
            ]
            for sport in range(20000, 20500)
        ]
        self._enough = threading.Event()

    def _pour(self) -> None:
        while not self._enough.is_set():
            for wire, frame in self._frames[self.rounds % len(self._frames)]:
                wire.send(frame)
            self.rounds += 1

    @contextmanager
    def pouring(self) -> Iterator[None]:
        thread = threading.Thread(target=self._pour)
        thread.start()
        try:
            yield
        finally:
            self._enough.set()
            thread.join()
            for wire in self._sockets:
                wire.close()

    def passed(self, _host: str, source: str, destination: str, port: int) -> int:
        argv = ["nft", "-j", "list", "set", "inet", "probe", "passed"]
        done = json.loads(self.lab.gw.run(argv, check=True).stdout)
        [one] = [entry["set"] for entry in done["nftables"] if "set" in entry]
        found = [element["elem"] for element in one.get("elem", [])]
        return sum(
            element["counter"]["packets"]
            for element in found
            if element["val"]["concat"] == [source, destination, port]
        )


def _wire() -> socket.socket:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind(("eth0", 0))
    return wire


def _hardware(host: Host, link: str) -> bytes:
    found = host.run(["cat", f"/sys/class/net/{link}/address"], check=True).stdout
    return bytes.fromhex(found.strip().replace(":", ""))


def _udp(sport: int, source: str, destination: str, port: int) -> bytes:
    ends = ip_address(source), ip_address(destination)
    return frames.internet(Packet(1, *ends, "udp", sport, port))


def put(path: Path, others: int) -> None:
    """In one step; it changed before.  Much differs, or little."""
    new = path.with_suffix(".new")
    lines = [f"198.18.{n >> 8}.{n & 255}/32\n" for n in range(0, 2 * others, 2)]
    new.write_text("".join([f"{BAD}\n", "192.0.2.0/24\n", *lines]))
    then = new.stat().st_mtime - 60
    os.utime(new, (then, then))
    new.rename(path)


@pytest.fixture
def gateway(gateway_lab: Lab) -> Iterator[Gateway]:
    gateway = Gateway(gateway_lab, ZONES + "drop any -> any\n")
    put(gateway.dir / "bad.netset", 10)
    gateway.policy = gateway.policy_file(POLICY)
    gateway_lab.gw.run(["nft", "-f", "-"], check=True, input=PROBE)
    try:
        with gateway:
            yield gateway
    finally:
        gateway_lab.gw.run(["nft", "delete", "table", "inet", "probe"], check=True)


def chains(gateway: Gateway) -> dict[str, set[str]]:
    """Names of chains, by what stands behind the sign; those of hooks apart."""
    argv = ["nft", "-j", "-t", "list", "chains"]
    done = json.loads(gateway.lab.gw.run(argv, check=True).stdout)
    every = [one["chain"] for one in done["nftables"] if "chain" in one]
    found: dict[str, set[str]] = {}
    for chain in every:
        if chain["table"] == "gatehouse" and "hook" not in chain:
            name, _, suffix = chain["name"].partition("/")
            found.setdefault(suffix, set()).add(name)
    return found


def test_nothing_passes_by_a_set_that_is_new(gateway: Gateway) -> None:
    policies = [gateway.policy_file(text) for text in (POLICY, OTHER)]
    bad = gateway.dir / "bad.netset"
    flood = Flood(gateway.lab)
    with flood.pouring():
        for number in range(APPLIES):
            if number % 10 == 3:  # a few lines, and more than are changed in place
                put(bad, (10, 20, 6000)[number // 10 % 3])
            if number % 10 == 7:
                refreshed = gateway.err.count("was read anew")
                put(bad, (30, 40, 7000)[number // 10 % 3])
                wait.until(
                    "the list to be read",
                    lambda: gateway.err.count("was read anew") > refreshed,
                )
            done = gateway.apply(policies[number % 2])
            assert done.returncode == GOOD, done.stderr
    leaked = {what: flood.passed(*ends) for what, ends in FORBIDDEN.items()}
    print(f"{APPLIES} applies, {flood.rounds} packets of each kind; passed: {leaked}")
    assert flood.passed(*PERMITTED) > flood.rounds // 2
    assert not any(leaked.values()), leaked
    assert len(chains(gateway)) == 1


def test_names_go_by_turns_in_the_kernel_alone(gateway: Gateway) -> None:
    first = chains(gateway)[""]
    assert {"from.lan", "lan.to.wan"} < first
    assert gateway.apply(gateway.policy).returncode == GOOD
    assert chains(gateway) == {"2": first}
    with gateway.lab.out.udp() as says:
        says.sendto(b"x", (SELF, 7005))
    status = json.loads(gateway.command("status", "--json").stdout)
    assert "/" not in "".join(status["kernel"])
    counted = {rule["line"]: rule["packets"] for rule in status["rules"]}
    assert counted[line_of(POLICY, "udp 7000-7009")] == 1
    assert counted[line_of(POLICY, "drop  crowd")] == 0
    assert gateway.apply(gateway.policy).returncode == GOOD
    assert chains(gateway) == {"": first}
