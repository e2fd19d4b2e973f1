# SPDX-License-Identifier: GPL-2.0-or-later
"""Where packets are not what they seem: neighbours, fragments, odd forms.

What IPv4 and IPv6 need to work is allowed without a rule; none of it can be
used to cross the gateway.  Frames are made by hand (wires.py), since no
well-behaved host sends most of these.
"""

import json
import re
import struct
import subprocess
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from tests.lab import frames, wires
from tests.lab.frames import ICMP, ICMP6, UDP, Packet, Seen
from tests.lab.gateway import PROGRAM
from tests.lab.wires import Wires

Compiled = Callable[[str], str]

CLOSED = """
zone lan = int0 10.0.1.0/24 2001:db8:1::/64
zone dmz = int1 10.0.2.0/24 2001:db8:2::/64
zone wan = ext0
"""
# To the gateway everything, across it only UDP 5000.
POLICY = CLOSED + "allow any -> self\nallow any -> any udp 5000\n"

LAN, DMZ, WAN = "10.0.1.4", "10.0.2.4", "203.0.113.9"
LAN6, DMZ6, WAN6 = "2001:db8:1::4", "2001:db8:2::4", "2001:db8:f::9"
GATE6 = "2001:db8:1::1"


@pytest.fixture
def opened(gate: Wires, compiled: Compiled) -> Iterator[Wires]:
    gate.begin(compiled(POLICY), listening=False)
    yield gate
    gate.end()


def sent(gate: Wires, link: str, *packets: bytes) -> list[tuple[str, Seen]]:
    """What came out by these at the other wires, and where."""
    for packet in packets:
        gate.send_bytes(link, packet)
    gate.wait_passed()
    return [(w, s) for w, s in gate.seen() if w != link and s.number is not None]


def ip6(source: str, destination: str, number: int, payload: bytes, hops: int) -> bytes:
    ends = ip_address(source).packed + ip_address(destination).packed
    return struct.pack("!IHBB", 6 << 28, len(payload), number, hops) + ends + payload


def icmp6(
    source: str, destination: str, kind: int, body: bytes, hops: int, code: int = 0
) -> bytes:
    data = struct.pack("!BBH", kind, code, 0) + body
    ends = ip_address(source).packed + ip_address(destination).packed
    pseudo = ends + struct.pack("!IHBB", len(data), 0, 0, ICMP6)
    total = frames.checksum(pseudo + data)
    data = data[:2] + struct.pack("!H", total) + data[4:]
    return ip6(source, destination, ICMP6, data, hops)


def ip4(
    source: str, destination: str, number: int, payload: bytes, fragment: int = 0
) -> bytes:
    ends = ip_address(source).packed + ip_address(destination).packed
    length = 20 + len(payload)
    head = struct.pack("!BBHHHBBH", 0x45, 0, length, 77, fragment, 64, number, 0)
    total = frames.checksum(head + ends)
    return head[:10] + struct.pack("!H", total) + ends + payload


def marked(number: int) -> bytes:
    return frames.TOKEN.pack(frames.MAGIC, number)


NEIGHBOURLY = [133, 134, 135, 136, 130, 131, 132, 143]


@pytest.mark.parametrize("hops", [255, 64, 2, 1])
@pytest.mark.parametrize("link, source", [("ext0", WAN6), ("int1", DMZ6)])
def test_what_neighbours_say_does_not_cross(
    opened: Wires, link: str, source: str, hops: int
) -> None:
    """Neighbour discovery and MLD, to a host on the other side."""
    said = [
        icmp6(source, LAN6, kind, bytes(4) + marked(kind), hops) for kind in NEIGHBOURLY
    ]
    assert sent(opened, link, *said) == []


@pytest.mark.parametrize("policy", [POLICY, CLOSED])
def test_neighbours_find_the_gateway(
    gate: Wires, compiled: Compiled, policy: str
) -> None:
    """Also where no rule lets anything in."""
    gate.begin(compiled(policy), listening=False)
    solicited = ip_address(GATE6).packed + struct.pack("!BB6s", 1, 1, b"\2\0\0\0\2\0")
    ask = icmp6(LAN6, GATE6, 135, bytes(4) + solicited, 255)
    gate.send_bytes("int0", ask)
    gate.wait_passed()
    found = [s for link, s in gate.seen() if link == "int0" and s.icmp_type == 136]
    assert len(found) == 1
    far = icmp6(LAN6, GATE6, 135, bytes(4) + solicited, 254)
    gate.send_bytes("int0", far)
    gate.wait_passed()
    assert not [s for _, s in gate.seen() if s.icmp_type == 136]


KINDS = {
    1: "destination-unreachable",
    2: "packet-too-big",
    3: "time-exceeded",
    129: "echo-reply",
    130: "mld-query",
    133: "router-solicitation",
    134: "router-advertisement",
    135: "neighbour-solicitation",
    136: "neighbour-advertisement",
    137: "redirect",
    143: "mld2-report",
}


@pytest.mark.parametrize("rule", ["drop any -> any", "allow any -> any"])
@pytest.mark.parametrize("source", ["fe80::4", LAN6])
@pytest.mark.parametrize("to", [GATE6, "ff02::1", DMZ6])
def test_what_is_said_of_messages_is_what_happens(
    gate: Wires, compiled: Compiled, tmp_path, rule: str, source: str, to: str
) -> None:
    """Of ICMPv6: which of them pass without a rule, and which whatever it says."""
    gate.begin(compiled(CLOSED + rule + "\n"), listening=False)
    ours = f"self {to}" if to == GATE6 else to
    for kind, word in KINDS.items():
        before = gate.counters()
        hops = 1 if word.startswith("mld") and to != DMZ6 else 255
        gate.send_bytes("int0", icmp6(source, to, kind, bytes(4) + marked(1), hops))
        gate.wait_passed()
        moved = {n for n, v in gate.counters().items() if v != before.get(n)}
        asked = f"lan {source} -> {ours} icmp {word}"
        argv = [PROGRAM, "explain", "--json", tmp_path / "story.policy", asked]
        said = json.loads(subprocess.check_output(argv))
        told = {"invalid"} if said["verdict"] == "drop" else set()
        if said["rule"]:
            told = {f"rule.{said['rule']['line']}"}
        assert moved - {"misrouted"} == told, asked
    gate.end()


def test_an_ipv4_address_in_ipv6(opened: Wires) -> None:
    payload = struct.pack("!HHHH", 4000, 5000, 8 + 20, 0) + marked(1)
    mapped = "::ffff:10.0.2.4"
    to_mapped = ip6(LAN6, mapped, UDP, payload, 64)
    assert sent(opened, "int0", to_mapped) == []
    assert opened.counters().get("invalid") == 1
    from_mapped = ip6("::ffff:203.0.113.9", DMZ6, UDP, payload, 64)
    assert sent(opened, "ext0", from_mapped) == []


@pytest.mark.parametrize("address", ["169.254.169.254", "169.254.0.9"])
def test_link_local_is_not_forwarded(opened: Wires, address: str) -> None:
    """It is `self` for the policy, and the route leads to the Internet."""
    packet = Packet(1, ip_address(LAN), ip_address(address), "udp", 4000, 5000)
    assert sent(opened, "int0", frames.internet(packet)) == []
    assert opened.counters().get("misrouted") == 1


def fragments(dport: int) -> tuple[bytes, bytes]:
    data = struct.pack("!HHHH", 4000, dport, 8 + 48, 0) + bytes(28) + marked(1)
    first = ip4(LAN, DMZ, UDP, data[:32], fragment=0x2000)
    return first, ip4(LAN, DMZ, UDP, data[32:], fragment=32 // 8)


def test_fragments_of_an_allowed_packet(opened: Wires) -> None:
    assert {link for link, _ in sent(opened, "int0", *fragments(5000))} == {"int1"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_fragments_of_a_forbidden_packet(opened: Wires, order: tuple) -> None:
    both = fragments(5001)
    assert sent(opened, "int0", *(both[i] for i in order)) == []


# Behind the IPv6 head: the number of the first header, and up to the payload's.
EXTENSIONS = {
    "hop by hop": (0, bytes([UDP, 0, 1, 4, 0, 0, 0, 0])),
    "destination options": (60, bytes([UDP, 0, 1, 4, 0, 0, 0, 0])),
    "two of them": (0, bytes([60, 0, 1, 4, *bytes(4), UDP, 0, 1, 4, *bytes(4)])),
    "a lone fragment": (44, bytes([UDP, 0]) + bytes(6)),
}


@pytest.mark.parametrize("dport, passes", [(5000, True), (5001, False)])
@pytest.mark.parametrize("name", EXTENSIONS)
def test_ports_behind_extension_headers(
    opened: Wires, name: str, dport: int, passes: bool
) -> None:
    number, headers = EXTENSIONS[name]
    packet = Packet(1, ip_address(LAN6), ip_address(DMZ6), "udp", 4000, dport)
    payload = headers + frames.internet(packet)[40:]
    found = sent(opened, "int0", ip6(LAN6, DMZ6, number, payload, 64))
    assert [link for link, _ in found] == ["int1"] * passes


def test_ipv6_fragments_of_a_forbidden_packet(opened: Wires) -> None:
    """The first one ends before the ports."""
    packet = Packet(1, ip_address(LAN6), ip_address(DMZ6), "udp", 4000, 5001)
    whole = EXTENSIONS["two of them"][1] + frames.internet(packet)[40:]
    first = struct.pack("!BBHI", 60, 0, 1, 99) + whole[:16]
    second = struct.pack("!BBHI", 60, 0, 16, 99) + whole[16:]
    both = (ip6(LAN6, DMZ6, 44, part, 64) for part in (first, second))
    assert sent(opened, "int0", *both) == []


def test_a_fragment_alone(opened: Wires) -> None:
    """It bears no port, and might have belonged to anything."""
    assert sent(opened, "int0", fragments(5000)[1]) == []


def too_big(version: int, quoted: bytes) -> bytes:
    if version == 6:
        body = struct.pack("!I", 1280) + quoted
        return icmp6("2001:db8:bad::7", LAN6, 2, body, 64)
    data = struct.pack("!BBHHH", 3, 4, 0, 0, 1300) + quoted
    data = data[:2] + struct.pack("!H", frames.checksum(data)) + data[4:]
    return ip4("198.51.100.7", LAN, ICMP, data)


@pytest.mark.parametrize("source, there", [(LAN, WAN), (LAN6, WAN6)])
def test_path_mtu_of_a_known_flow_alone(opened: Wires, source: str, there: str) -> None:
    """A router on the way says that a packet was too big, of whoever's."""
    ends = ip_address(source), ip_address(there)
    known = Packet(1, *ends, "udp", 4000, 5000)
    unknown = Packet(2, *ends, "udp", 4001, 5000)
    [(_, seen)] = sent(opened, "int0", frames.internet(known))
    assert seen.number == 1
    version = ends[0].version
    quote = too_big(version, frames.internet(known))
    assert [link for link, _ in sent(opened, "ext0", quote)] == ["int0"]
    quote = too_big(version, frames.internet(unknown))
    assert sent(opened, "ext0", quote) == []


def tcp(packet: Packet, flags: int) -> bytes:
    """An IPv4 packet with these flags instead of its own."""
    whole = frames.internet(packet)
    head, data = whole[:20], bytearray(whole[20:])
    data[13], data[16:18] = flags, bytes(2)
    pseudo = head[12:20] + struct.pack("!BBH", 0, frames.TCP, len(data))
    data[16:18] = struct.pack("!H", frames.checksum(pseudo + bytes(data)))
    return head + bytes(data)


@pytest.mark.parametrize("flags", [0x00, 0x29, 0x03, 0x06, 0x3F])
def test_tcp_that_begins_nothing(gate: Wires, compiled: Compiled, flags: int) -> None:
    """Null, Christmas tree, SYN with FIN or RST: not even where all may pass."""
    gate.begin(compiled(CLOSED + "allow any -> any\n"), listening=False)
    packet = Packet(1, ip_address(LAN), ip_address(WAN), "tcp", 4000, 80)
    assert sent(gate, "int0", tcp(packet, flags)) == []
    assert gate.counters().get("invalid") == 1
    gate.end()


PROXIED = CLOSED + "proxy { intercept tcp 80 for lan }\nallow any -> any\n"


def test_the_listener_has_no_side_door(gate: Wires, compiled: Compiled) -> None:
    """Its port, dialled under a foreign address or the gateway's, is a port like
    any other: only what was handed over reaches it."""
    gate.begin(compiled(PROXIED), listening=True)
    dialled = [
        Packet(1, ip_address(LAN), ip_address(WAN), "tcp", 4001, wires.LISTENER),
        Packet(2, ip_address(LAN), ip_address("10.0.1.1"), "tcp", 4002, wires.LISTENER),
        Packet(3, ip_address(LAN), ip_address(WAN), "tcp", 4003, 80),
    ]
    found = sent(gate, "int0", *map(frames.internet, dialled))
    assert [(link, seen.number) for link, seen in found] == [("ext0", 1)]
    assert gate.arrived("handed") == {4003}
    assert gate.arrived("arrived") == {4002}
    gate.end()


def test_a_handed_flow_never_passes_by(gate: Wires, compiled: Compiled) -> None:
    """Not even when the listener has gone in the middle of it."""
    gate.begin(compiled(PROXIED), listening=True)
    packet = Packet(1, ip_address(LAN), ip_address(WAN), "tcp", 4000, 80)
    assert sent(gate, "int0", frames.internet(packet)) == []
    assert gate.arrived("handed") == {4000}
    gate.hang_up()
    for flags in (frames.ACK, frames.SYN, frames.ACK | 0x01):
        assert sent(gate, "int0", tcp(packet, flags)) == []
    another = Packet(2, ip_address(LAN), ip_address(WAN), "tcp", 4001, 80)
    assert sent(gate, "int0", frames.internet(another)) == []
    assert gate.counters().get("handover.lost", 0) >= 1
    gate.end()


# Sends to a few places, and does not mind being told that it may not.
SENDER = """
import socket
for kind, port in (("UDP", 53), ("UDP", 123), ("TCP", 80)):
    kind = socket.SOCK_DGRAM if kind == "UDP" else socket.SOCK_STREAM
    sock = socket.socket(type=kind)
    sock.setblocking(False)
    try:
        sock.connect(("203.0.113.9", port))
        sock.send(b"x")
    except OSError:
        pass
"""


@pytest.mark.parametrize("is_proxy, ports", [(True, {53, 80}), (False, set())])
def test_what_the_proxy_sends_itself(
    gate: Wires, compiled: Compiled, is_proxy: bool, ports: set[int]
) -> None:
    """Connections and questions to the resolver; and so may nobody else."""
    ruleset = compiled(CLOSED)
    gate.begin(ruleset, listening=False)
    user = int(re.search(r"skuid (\d+)", ruleset)[1]) - (not is_proxy)
    run_as = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    gate.run([*run_as, "/usr/bin/python3", "-c", SENDER], check=True)
    gate.wait_passed()
    assert {seen.dport for link, seen in gate.seen() if seen.dport} == ports
    gate.end()
