# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces that come and go: the rules stand before them, and hold at once."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from tests.lab import frames
from tests.lab.frames import Packet
from tests.lab.wires import Wires

POLICY = """
zone lan  = int0 10.0.1.0/24 2001:db8:1::/64
zone dmz  = int1 int1.9 10.0.2.0/24 10.0.5.0/24 2001:db8:2::/64
zone road = wg* tun* 10.0.8.0/24 2001:db8:8::/64
zone wan  = ext0

masquerade road -> wan
publish road tcp 443 -> 10.0.2.80
allow road -> wan
allow lan  -> road tcp 22
allow dmz  -> lan
"""
LAN, DMZ, WAN = "10.0.1.4", "10.0.2.4", "203.0.113.9"
ROAD = ["10.0.8.1/24", "2001:db8:8::1/64"]
DRIVERS = ["10.0.8.4", "2001:db8:8::4"]


@pytest.fixture
def gate_of_roads(gate: Wires, compiled: Callable[[str], str]) -> Iterator[Wires]:
    gate.begin(compiled(POLICY), listening=False)
    yield gate
    gate.end()


def tried(gate: Wires, link: str, source: str, to: str, port: int) -> list[str]:
    """Where it comes out."""
    packet = Packet(port, ip_address(source), ip_address(to), "tcp", 4000, port)
    gate.send_bytes(link, frames.internet(packet))
    gate.wait_passed()
    return [w for w, s in gate.seen() if w != link and s.number == port]


@pytest.mark.parametrize("link", ["wg7", "wg-far", "tun0"])
def test_a_link_that_comes_later(gate_of_roads: Wires, link: str) -> None:
    gate = gate_of_roads
    gate.come(link, ROAD, DRIVERS)
    try:
        assert tried(gate, link, DRIVERS[0], WAN, 80) == ["ext0"]
        assert tried(gate, link, DRIVERS[1], "2001:db8:f::9", 81) == ["ext0"]
        assert tried(gate, link, DRIVERS[0], LAN, 22) == []
        assert tried(gate, "int0", LAN, DRIVERS[0], 22) == [link]
        assert tried(gate, "int0", LAN, DRIVERS[0], 23) == []
        assert tried(gate, link, LAN, WAN, 80) == []
        assert gate.counters()["spoofed"] == 1
    finally:
        gate.go(link)


def test_a_link_of_no_zone(gate_of_roads: Wires) -> None:
    """Its name does not begin as any that the policy names."""
    gate = gate_of_roads
    gate.come("w0", ROAD, DRIVERS)
    try:
        assert tried(gate, "w0", DRIVERS[0], WAN, 80) == []
        assert gate.counters()["no.zone"] == 1
        # Nor does anything leave by it: what lives there is behind others.
        assert tried(gate, "int0", LAN, DRIVERS[0], 22) == []
        assert gate.counters()["misrouted"] == 1
    finally:
        gate.go("w0")


def test_a_link_that_goes_and_comes_again(gate_of_roads: Wires) -> None:
    gate = gate_of_roads
    for port in (80, 81):
        gate.come("wg7", ROAD, DRIVERS)
        assert tried(gate, "wg7", DRIVERS[0], WAN, port) == ["ext0"]
        gate.go("wg7")


def test_a_link_by_its_whole_name(gate_of_roads: Wires) -> None:
    """As a VLAN is called; the zone has two links."""
    gate = gate_of_roads
    gate.come("int1.9", ["10.0.5.1/24"], ["10.0.5.4"])
    try:
        assert tried(gate, "int1.9", "10.0.5.4", LAN, 80) == ["int0"]
        assert tried(gate, "int1", DMZ, LAN, 81) == ["int0"]
        # Either address may come by either link of its zone, and by no other.
        assert tried(gate, "int1.9", DMZ, LAN, 82) == ["int0"]
        assert tried(gate, "int0", "10.0.5.4", WAN, 83) == []
    finally:
        gate.go("int1.9")


def test_a_bridge_is_an_interface(gate: Wires, compiled: Callable[[str], str]) -> None:
    """What passes through it is judged, whatever port it comes by; ports are
    named by no zone."""
    if gate.run(["ip", "link", "add", "br7", "type", "bridge"]).returncode:
        pytest.skip("this kernel has no bridges (CONFIG_BRIDGE)")
    gate.begin(compiled(POLICY.replace("wg* tun*", "br7")), listening=False)
    gate.come("port1", [], [])
    # The far end sends to the port's hardware address.
    mac = gate.run(["cat", "/sys/class/net/port1/address"], check=True).stdout.strip()
    try:
        for words in (
            ["link", "set", "br7", "address", mac, "up"],
            ["link", "set", "port1", "master", "br7"],
            ["addr", "add", ROAD[0], "dev", "br7"],
        ):
            gate.run(["ip", *words], check=True)
        assert tried(gate, "port1", DRIVERS[0], WAN, 80) == ["ext0"]
        assert tried(gate, "port1", DRIVERS[0], LAN, 22) == []
        assert tried(gate, "port1", LAN, WAN, 81) == []
        assert gate.counters()["spoofed"] == 1
    finally:
        gate.go("port1")
        gate.run(["ip", "link", "del", "br7"], check=True)
        gate.end()
