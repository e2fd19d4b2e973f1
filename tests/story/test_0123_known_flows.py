# SPDX-License-Identifier: GPL-2.0-or-later
"""A flow that is known is no way in for others: each of its packets comes from
where its source lives, and leaves to where its destination does.

Whoever knows a flow's addresses and ports can write its next packet.
"""

import contextlib
import re
import struct
import subprocess
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from tests.lab import frames
from tests.lab.frames import ICMP, Packet
from tests.lab.wires import Wires
from tests.story.test_0121_edges import (
    CLOSED,
    DMZ,
    DMZ6,
    LAN,
    LAN6,
    PROXIED,
    WAN,
    WAN6,
    icmp6,
    ip4,
    sent,
)

Compiled = Callable[[str], str]

RULES = "allow lan -> any udp 5000\nallow self -> any\n"
# So many interfaces that each has a chain of its own.
MANY = CLOSED.replace("ext0", "ext0 ext1 ext2 ppp*")
ENDS = [(LAN, WAN), (LAN6, WAN6)]


@pytest.fixture(params=[CLOSED, MANY], ids=["few", "many"])
def known(request, gate: Wires, compiled: Compiled) -> Iterator[Wires]:
    gate.begin(compiled(request.param + RULES), listening=False)
    yield gate
    gate.end()


def of_flow(number: int, source: str, to: str) -> Packet:
    return Packet(number, ip_address(source), ip_address(to), "udp", 4000, 5000)


def begun(gate: Wires, source: str, to: str, out: str) -> Packet:
    """A flow from the LAN, of which both ends have spoken."""
    packet = of_flow(1, source, to)
    assert [link for link, _ in sent(gate, "int0", frames.internet(packet))] == [out]
    answer = frames.internet(packet.answer())
    assert [link for link, _ in sent(gate, out, answer)] == ["int0"]
    return packet


@pytest.mark.parametrize("source, to", ENDS)
def test_another_side_has_no_part_in_it(known: Wires, source: str, to: str) -> None:
    packet = begun(known, source, to, "ext0")
    forged = [("int1", packet), ("int1", packet.answer()), ("ext0", packet)]
    for count, (link, one) in enumerate(forged, 1):
        assert sent(known, link, frames.internet(one)) == []
        assert known.counters()["spoofed"] == count
    assert sent(known, "int0", frames.internet(packet))
    assert sent(known, "ext0", frames.internet(packet.answer()))


@pytest.mark.parametrize("source, to", ENDS)
def test_a_link_of_no_zone_neither(known: Wires, source: str, to: str) -> None:
    packet = begun(known, source, to, "ext0")
    known.come("w0", ["10.0.8.1/24"], [])
    try:
        for one in (packet, packet.answer()):
            assert sent(known, "w0", frames.internet(one)) == []
        assert known.counters()["no.zone"] == 2
    finally:
        known.go("w0")


def test_a_flow_that_was_handed_over(gate: Wires, compiled: Compiled) -> None:
    gate.begin(compiled(PROXIED), listening=True)
    first = Packet(1, ip_address(LAN), ip_address(WAN), "tcp", 4000, 80)
    gate.send("int0", first)
    gate.wait_passed()
    [answer] = [s for link, s in gate.seen() if link == "int0" and s.sequence]
    gate.send("int1", first.next(answer.sequence))
    gate.wait_passed()
    assert gate.taken() == set()
    gate.send("int1", first)
    gate.send("int0", first.next(answer.sequence))
    gate.wait_passed()
    assert len(gate.taken()) == 1
    assert gate.counters()["spoofed"] == 2
    gate.end()


def error(source: str, to: str, quoted: bytes, kind=(3, 3), rest=bytes(4)) -> bytes:
    """That the port of the packet is shut, or what else."""
    if ":" in source:
        return icmp6(source, to, 1, rest + quoted, 64, code=4)
    data = struct.pack("!BBH", *kind, 0) + rest + quoted
    data = data[:2] + struct.pack("!H", frames.checksum(data)) + data[4:]
    return ip4(source, to, ICMP, data)


@pytest.mark.parametrize("source, to, other", [(LAN, WAN, DMZ), (LAN6, WAN6, DMZ6)])
def test_an_error_comes_from_the_end_it_speaks_for(
    known: Wires, source: str, to: str, other: str
) -> None:
    packet = begun(known, source, to, "ext0")
    quoted, answer = frames.internet(packet), frames.internet(packet.answer())
    router = "2001:db8:bad::7" if ":" in source else "198.51.100.7"
    assert sent(known, "int1", error(other, source, quoted)) == []
    assert sent(known, "int1", error(other, to, answer)) == []
    assert known.counters()["invalid"] == 2
    found = sent(known, "ext0", error(router, source, quoted))
    assert [link for link, _ in found] == ["int0"]
    found = sent(known, "int0", error(source, to, answer))
    assert [link for link, _ in found] == ["ext0"]


@pytest.mark.parametrize("router", ["10.0.1.1", WAN])
def test_a_redirect_is_of_no_flow(known: Wires, router: str) -> None:
    """From outside, in the name of the router that hosts inside believe."""
    packet = begun(known, LAN, WAN, "ext0")
    to = ip_address("10.0.1.5").packed
    quoted = frames.internet(packet)
    redirect = error(router, LAN, quoted, kind=(5, 1), rest=to)
    assert sent(known, "ext0", redirect) == []


@contextlib.contextmanager
def routed(gate: Wires, *route: str) -> Iterator[None]:
    gate.run(["ip", "route", "add", *route], check=True)
    try:
        yield
    finally:
        gate.run(["ip", "route", "del", *route], check=True)


@pytest.mark.parametrize(
    "source, to, router",
    [(LAN, DMZ, "203.0.113.254"), (LAN6, DMZ6, "2001:db8:f::fe")],
)
def test_a_route_that_changes_does_not_carry_it_elsewhere(
    known: Wires, source: str, to: str, router: str
) -> None:
    """As when a tunnel has gone, and the way out to the Internet is left."""
    packet = frames.internet(begun(known, source, to, "int1"))
    length = ip_address(to).max_prefixlen
    with routed(known, f"{to}/{length}", "via", router):
        assert sent(known, "int0", packet) == []
        assert known.counters()["misrouted"] == 1
    assert [link for link, _ in sent(known, "int0", packet)] == ["int1"]


FAR = "10.0.77.4"


def test_answers_to_the_gateway_by_its_own_routes(known: Wires) -> None:
    """They may lead to where the policy has no zone; from there it is
    answered, and from nowhere else."""
    neighbour = ["ip", "neigh", "replace", FAR, "lladdr", "02:00:00:00:02:00"]
    known.run([*neighbour, "dev", "int0"], check=True)
    with routed(known, f"{FAR}/32", "dev", "int0"):
        asked = Packet(1, ip_address("10.0.1.1"), ip_address(FAR), "udp", 4000, 5000)
        assert known.send_from_gateway(asked)
        answer = frames.internet(asked.answer())
        known.send_bytes("int1", answer)
        known.wait_passed()
        assert known.counters()["spoofed"] == 1
        assert known.arrived("arrived") == set()
        known.send_bytes("int0", answer)
        known.wait_passed()
        assert known.arrived("arrived") == {5000}
        assert known.counters()["spoofed"] == 1


def test_answers_of_a_cloud_come_from_there(known: Wires) -> None:
    """Its address is one that each link may have, and is asked by one of them."""
    cloud = ip_address("169.254.169.254")
    asked = Packet(1, ip_address("203.0.113.1"), cloud, "udp", 4000, 5000)
    assert known.send_from_gateway(asked)
    known.send("int1", asked.answer())
    known.wait_passed()
    assert known.counters()["spoofed"] == 1
    assert known.arrived("arrived") == set()
    known.send("ext0", asked.answer())
    known.wait_passed()
    assert known.arrived("arrived") == {5000}


def test_a_neighbour_s_address_of_the_link(known: Wires, compiled: Compiled) -> None:
    """It has a flow with the gateway by the link that it is on."""
    known.begin(compiled(CLOSED + "allow any -> self udp 5000\n"), listening=False)
    with routed(known, "169.254.0.0/16", "dev", "int0"):
        neighbour = ["ip", "neigh", "replace", "169.254.7.7"]
        neighbour += ["lladdr", "02:00:00:00:02:00", "dev", "int0"]
        known.run(neighbour, check=True)
        asks = Packet(1, ip_address("169.254.7.7"), ip_address("10.0.1.1"), "udp", 4000, 5000)
        known.send("int0", asks)
        known.wait_passed()
        assert known.send_from_gateway(asks.answer())
        known.send("int0", asks)
        known.send("int1", asks)
        known.wait_passed()
        assert known.counters() == {"rule.5": 1, "spoofed": 1}


def test_answers_by_a_link_of_no_zone(known: Wires) -> None:
    known.come("w0", ["10.0.8.1/24"], ["10.0.8.4"])
    try:
        ends = ip_address("10.0.8.1"), ip_address("10.0.8.4")
        asked = Packet(1, *ends, "udp", 4000, 5000)
        assert known.send_from_gateway(asked)
        known.send("w0", asked.answer())
        known.wait_passed()
        assert known.arrived("arrived") == {5000}
    finally:
        known.go("w0")


# Sends from one port, each time that it is told to.
ASKER = """
import socket, sys
sock = socket.socket(type=socket.SOCK_DGRAM)
sock.bind(("", 4000))
for line in sys.stdin:
    try:
        sock.sendto(b"x", (line.strip(), 53))
        print("sent", flush=True)
    except PermissionError:
        print("refused", flush=True)
"""


def test_what_the_proxy_sends_leaves_to_where_it_belongs(
    gate: Wires, compiled: Compiled
) -> None:
    """Into a tunnel or not at all; but to where no zone has a prefix it goes by
    the gateway's own routes."""
    ruleset = compiled(CLOSED)
    gate.begin(ruleset, listening=False)
    user = re.search(r"skuid (\d+)", ruleset)[1]
    run_as = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    enter = ["ip", "netns", "exec", gate.gw]
    argv = [*enter, *run_as, "/usr/bin/python3", "-c", ASKER]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as asker:

        def asked(to: str) -> list[str]:
            asker.stdin.write(to + "\n")
            asker.stdin.flush()
            assert asker.stdout.readline()
            gate.wait_passed()
            return [link for link, seen in gate.seen() if seen.dport == 53]

        assert asked(DMZ) == ["int1"]
        answer = Packet(1, ip_address(DMZ), ip_address("10.0.2.1"), "udp", 53, 4000)
        gate.send("int1", answer)
        gate.wait_passed()
        with routed(gate, f"{DMZ}/32", "via", "203.0.113.254"):
            assert asked(DMZ) == []
        assert asked(DMZ) == ["int1"]
        with routed(gate, "10.0.2.80/32", "via", "203.0.113.254"):
            assert asked("10.0.2.80") == []
        assert gate.counters()["misrouted"] == 2
        with routed(gate, "198.51.100.53/32", "via", "10.0.1.4"):
            assert asked("198.51.100.53") == ["int0"]
        asker.stdin.close()
    gate.end()
