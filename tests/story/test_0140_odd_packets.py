# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that no well-behaved host sends: the policy's verdict or none, never
a way around it, and the gateway lives on.

Behind each the same question: does the packet that the policy allows still
pass, and the one that it forbids not?
"""

import random
import struct
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from tests.lab import frames
from tests.lab.frames import ICMP, TCP, UDP, Packet
from tests.lab.wires import Wires
from tests.story.test_0121_edges import (
    DMZ,
    DMZ6,
    GATE6,
    LAN,
    LAN6,
    POLICY,
    WAN,
    icmp6,
    ip4,
    ip6,
    marked,
    sent,
    tcp,
    too_big,
)

Compiled = Callable[[str], str]


@pytest.fixture
def strict(gate: Wires, compiled: Compiled) -> Iterator[Wires]:
    """Across it only UDP 5000; it must work as well after as before."""
    gate.begin(compiled(POLICY), listening=False)
    yield gate
    assert passes(gate, 5000) and not passes(gate, 5001)
    gate.end()


def passes(gate: Wires, port: int) -> bool:
    packet = Packet(999, ip_address(LAN), ip_address(DMZ), "udp", 4999, port)
    return bool(sent(gate, "int0", frames.internet(packet)))


def udp(port: int, source=LAN, to=DMZ, number=1) -> bytes:
    packet = Packet(number, ip_address(source), ip_address(to), "udp", 4000, port)
    return frames.internet(packet)


@pytest.mark.parametrize("allowed", [True, False])
def test_truncated(strict: Wires, allowed: bool) -> None:
    """Cut at every length, whatever the head says of it."""
    whole = udp(5000 if allowed else 5001)
    cut = [whole[:n] for n in range(20, len(whole))]
    assert sent(strict, "int0", *cut) == []
    whole6 = frames.internet(
        Packet(1, ip_address(LAN6), ip_address(DMZ6), "udp", 4000, 5001)
    )
    assert sent(strict, "int0", *(whole6[:n] for n in range(40, len(whole6)))) == []


def test_a_head_that_ends_in_the_ports(strict: Wires) -> None:
    """The packet is as long as it says, and has half of its ports."""
    cut = [(number, marked(1)[:n]) for number in (TCP, UDP) for n in range(8)]
    short = [ip4(LAN, DMZ, number, rest) for number, rest in cut]
    assert sent(strict, "int0", *short) == []


def fragment(data: bytes, at: int, more: bool) -> bytes:
    return ip4(LAN, DMZ, UDP, data, fragment=(0x2000 if more else 0) | at // 8)


@pytest.mark.parametrize("allowed_first", [True, False])
def test_overlapping_fragments(strict: Wires, allowed_first: bool) -> None:
    """Two first fragments with other ports (RFC 1858): the kernel keeps the one
    that came first or none, and that one's port is judged and is sent on."""

    def first(port: int) -> bytes:
        return struct.pack("!HHHH", 4000, port, 8 + 48, 0) + bytes(24)

    rest = bytes(4) + marked(1)
    ports = (5000, 5001) if allowed_first else (5001, 5000)
    for port in ports:
        strict.send_bytes("int0", fragment(first(port), 0, True))
    strict.send_bytes("int0", fragment(rest, 32, False))
    strict.wait_passed()
    seen = [s for link, s in strict.seen() if link == "int1"]
    assert {s.dport for s in seen if s.sport == 4000} <= {5000}
    if not allowed_first:
        assert not [s for s in seen if s.number == 1]


def test_a_tiny_first_fragment(strict: Wires) -> None:
    """It ends before the port; the rest brings one that is forbidden."""
    data = struct.pack("!HHHH", 4000, 5001, 8 + 20, 0) + marked(1) + bytes(4)
    tiny = [fragment(data[:8], 0, True), fragment(data[8:], 8, False)]
    assert sent(strict, "int0", *tiny) == []


def with_options(packet: bytes, options: bytes) -> bytes:
    """IPv4 options behind the head, to whole words."""
    options += bytes(-len(options) % 4)
    words = 5 + len(options) // 4
    total = struct.pack("!H", len(packet) + len(options))
    head = bytes([0x40 | words, 0]) + total + packet[4:10] + b"\0\0" + packet[12:20]
    head += options
    total = struct.pack("!H", frames.checksum(head))
    return head[:10] + total + head[12:] + packet[20:]


@pytest.mark.parametrize("kind", [131, 137])
def test_source_routes(strict: Wires, kind: int) -> None:
    """Loose and strict, by the gateway's own address on to a third one."""
    for hop in ("10.0.1.1", DMZ, WAN):
        option = bytes([kind, 7, 4]) + ip_address(hop).packed
        for to, port in (("10.0.1.1", 5001), (DMZ, 5001)):
            assert sent(strict, "int0", with_options(udp(port, to=to), option)) == []


def test_a_routing_header(strict: Wires) -> None:
    """Type 0 (RFC 5095), addressed to the gateway, on to another host."""
    header = struct.pack("!BBBBI", UDP, 2, 0, 1, 0) + ip_address(DMZ6).packed
    inner = frames.internet(
        Packet(1, ip_address(LAN6), ip_address(DMZ6), "udp", 4000, 5001)
    )[40:]
    assert sent(strict, "int0", ip6(LAN6, GATE6, 43, header + inner, 64)) == []


@pytest.mark.parametrize("to", [LAN, "10.0.1.1"])
def test_land(strict: Wires, to: str) -> None:
    """From an address to itself, and from the gateway's own to the gateway."""
    packet = Packet(1, ip_address(to), ip_address(to), "tcp", 80, 80)
    assert sent(strict, "int0", frames.internet(packet)) == []
    if to == "10.0.1.1":
        assert strict.counters()["spoofed"] == 1


@pytest.mark.parametrize("length", [1, 8, 40, 150])
@pytest.mark.parametrize("dport", [5000, 5001])
def test_long_chains_of_headers(strict: Wires, length: int, dport: int) -> None:
    """Up to a whole packet of them; what is behind keeps its port."""
    packet = Packet(1, ip_address(LAN6), ip_address(DMZ6), "udp", 4000, dport)
    chain = bytes([60, 0, 1, 4, 0, 0, 0, 0]) * (length - 1)
    payload = chain + bytes([UDP, 0, 1, 4, 0, 0, 0, 0]) + frames.internet(packet)[40:]
    found = sent(strict, "int0", ip6(LAN6, DMZ6, 60, payload, 64))
    assert not found or dport == 5000


def test_wrong_checksums(strict: Wires) -> None:
    bad = bytearray(udp(5001))
    bad[26] ^= 0xFF  # of UDP
    worse = bytearray(udp(5000))
    worse[10] ^= 0xFF  # of the head
    assert sent(strict, "int0", bytes(bad), bytes(worse)) == []


@pytest.mark.parametrize("flags", range(0, 64))
def test_every_set_of_flags(strict: Wires, flags: int) -> None:
    """To where no TCP may go, none does."""
    packet = Packet(1, ip_address(LAN), ip_address(DMZ), "tcp", 4000, 80)
    assert sent(strict, "int0", tcp(packet, flags)) == []


TAGS = {
    "a VLAN": b"\x81\x00\x00\x07",
    "the VLAN without a number": b"\x81\x00\x00\x00",
    "two": b"\x88\xa8\x00\x07\x81\x00\x00\x09",
    "eight": b"\x81\x00\x00\x07" * 8,
}


@pytest.mark.parametrize("tags", TAGS.values(), ids=TAGS)
def test_tagged_frames(strict: Wires, tags: bytes) -> None:
    """No interface of these VLANs is there; priority tags are none."""
    plain = frames.ethernet(udp(5001), b"\2\0\0\0\2\0", b"\2\0\0\0\1\0")
    strict._taps["int0"].send(plain[:12] + tags + plain[12:])
    strict.wait_passed()
    assert [s for _, s in strict.seen() if s.number == 1] == []


def test_noise(strict: Wires) -> None:
    """Random bytes behind heads of every protocol, and heads changed by chance."""
    chance = random.Random(7)
    for number in range(256):
        strict.send_bytes("int0", ip4(LAN, DMZ, number, chance.randbytes(40)))
        strict.send_bytes("int0", ip6(LAN6, DMZ6, number, chance.randbytes(40), 64))
    for _ in range(500):
        packet = bytearray(udp(5001))
        for _ in range(chance.randint(1, 4)):
            packet[chance.randrange(1, 20)] = chance.randrange(256)
        strict.send_bytes("int0", bytes(packet))
    strict.wait_passed()
    assert {s.dport for w, s in strict.seen() if w != "int0" and s.dport} <= {5000}


CLOSED_TO_ALL = POLICY.partition("allow")[0] + "drop any -> any\n"


def test_neighbours_where_all_is_dropped(gate: Wires, compiled: Compiled) -> None:
    """Discovery, listener reports and ARP need no rule, and open none."""
    gate.begin(compiled(CLOSED_TO_ALL), listening=False)
    body = ip_address(GATE6).packed + struct.pack("!BB6s", 1, 1, b"\2\0\0\0\2\0")
    gate.send_bytes("int0", icmp6(LAN6, GATE6, 135, bytes(4) + body, 255))
    gate.wait_passed()  # which asks by ARP
    answers = [s for link, s in gate.seen() if link == "int0" and s.icmp_type == 136]
    assert len(answers) == 1
    before = gate.counters().get("rule.7", 0)
    report = bytes(4) + struct.pack("!BBH", 4, 0, 0) + ip_address("ff02::fb").packed
    gate.send_bytes("int0", icmp6("fe80::4", "ff02::16", 143, report, 1))
    gate.wait_passed()
    assert gate.counters().get("rule.7", 0) == before
    ping = icmp6(LAN6, GATE6, 128, marked(1), 64)
    assert sent(gate, "int0", ping) == []
    gate.end()


def test_a_narrow_hop_beyond_a_translation(gate: Wires, compiled: Compiled) -> None:
    """The error speaks of the address outside, and reaches the host inside."""
    policy = (
        CLOSED_TO_ALL.partition("drop")[0]
        + "map 10.0.1.0/28 <-> 203.0.113.32/28 at wan\nallow lan -> wan udp 5000\n"
    )
    gate.begin(compiled(policy), listening=False)
    [(link, seen)] = sent(gate, "int0", udp(5000, to=WAN))
    assert (link, str(seen.source)) == ("ext0", "203.0.113.36")
    quote = bytearray(too_big(4, udp(5000, source="203.0.113.36", to=WAN)))
    quote[16:20] = ip_address("203.0.113.36").packed
    quote[10:12] = b"\0\0"
    quote[10:12] = struct.pack("!H", frames.checksum(bytes(quote[:20])))
    found = sent(gate, "ext0", bytes(quote))
    assert [(w, str(s.destination)) for w, s in found] == [("int0", LAN)]
    assert quote[9] == ICMP
    gate.end()
