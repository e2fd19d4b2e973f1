# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of addresses and ports: snat, map, publish of ranges.

Each flow is sent by hand, seen on the wire that it leaves by, answered from
there, and the answer must come home under the address that was asked.
"""

from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from tests.lab import frames, wires
from tests.lab.frames import Packet, Seen
from tests.lab.wires import Wires
from tests.story.zones import ZONES as LAB_ZONES

Compiled = Callable[[str], str]

ZONES = """
zone lan = int0 10.0.1.0/24 2001:db8:1::/64
zone iot = int0 10.0.3.0/24 2001:db8:3::/64
zone dmz = int1 10.0.2.0/24 2001:db8:2::/64
zone wan = ext0
"""
POLICY = (
    ZONES
    + """
name server = 10.0.2.80, 2001:db8:2::80

snat 10.0.1.5 -> wan to 203.0.113.50
snat lan except 10.0.1.77 -> wan to 203.0.113.51, 2001:db8:f::51
masquerade lan, dmz, iot -> wan
map 10.0.2.200 <-> 203.0.113.200 at wan
map 10.0.3.0/28 <-> 203.0.113.32/28 at wan
map 2001:db8:3::/64 <-> 2001:db8:ff::/64 at wan

publish wan tcp 2000-2009 -> server tcp 3000-3009
publish wan udp 2000-2009 -> server
publish wan tcp 4000-4009 -> server tcp 443
reject wan -> 203.0.113.200 tcp 23
allow wan, lan, dmz -> 203.0.113.200 tcp 20-29
allow wan, lan -> 203.0.113.32/28, 2001:db8:ff::/64 udp
allow any -> self tcp 8000
allow lan, dmz, iot -> wan
"""
)
LAN, LAN5, LAN77, IOT = "10.0.1.4", "10.0.1.5", "10.0.1.77", "10.0.3.4"
DMZ, SERVER, MAPPED = "10.0.2.4", "10.0.2.80", "10.0.2.200"
WAN, EDGE = "203.0.113.9", "203.0.113.1"
LAN6, IOT6, SERVER6 = "2001:db8:1::4", "2001:db8:3::4", "2001:db8:2::80"
WAN6, EDGE6 = "2001:db8:f::9", "2001:db8:f::1"
OWN = {"wan": [EDGE, EDGE6]}


@pytest.fixture
def gated(gate: Wires, compiled: Compiled) -> Iterator[Wires]:
    begin(gate, compiled(POLICY))
    yield gate
    gate.end()


def begin(gate: Wires, ruleset: str) -> None:
    gate.begin(wires.fill_own(ruleset, OWN), listening=False)


def sent(gate: Wires, link: str, packet: Packet) -> list[tuple[str, Seen]]:
    gate.send(link, packet)
    gate.wait_passed()
    return [(w, s) for w, s in gate.seen() if s.number == packet.number]


def came_out(
    gate: Wires, link: str, source: str, to: str, port: int, protocol: str = "tcp"
) -> tuple[str, str, str, int] | None:
    """Where, from whom, to whom and to which port; and it is answered."""
    packet = Packet(port, ip_address(source), ip_address(to), protocol, 5000, port)
    found = sent(gate, link, packet)
    if not found:
        return None
    [(out, seen)] = found
    there = Packet(
        port, seen.source, seen.destination, protocol, seen.sport, seen.dport
    )
    home = sent(gate, out, there.answer())
    ends = [(w, str(s.source), str(s.destination), s.sport) for w, s in home]
    assert ends == [(link, to, source, port)], "the answer did not come home"
    return out, str(seen.source), str(seen.destination), seen.dport


@pytest.mark.parametrize(
    "link, source, to, becomes",
    [
        ("int0", LAN, WAN, "203.0.113.51"),
        ("int0", LAN5, WAN, "203.0.113.50"),  # the first one that holds it
        ("int0", LAN77, WAN, EDGE),  # excepted: it is masqueraded
        ("int0", LAN6, WAN6, "2001:db8:f::51"),
        ("int1", DMZ, WAN, EDGE),
        ("int1", MAPPED, WAN, "203.0.113.200"),
        ("int0", IOT, WAN, "203.0.113.36"),
        ("int0", IOT6, WAN6, "2001:db8:ff::4"),
    ],
)
def test_sources(gated: Wires, link: str, source: str, to: str, becomes: str) -> None:
    assert came_out(gated, link, source, to, 80) == ("ext0", becomes, to, 80)


@pytest.mark.parametrize(
    "link, source, to, port, protocol, out",
    [
        ("ext0", WAN, "203.0.113.200", 22, "tcp", ("int1", WAN, MAPPED, 22)),
        ("int0", LAN, "203.0.113.200", 22, "tcp", ("int1", LAN, MAPPED, 22)),
        # From its own network: the answer must come by the gateway.
        ("int1", DMZ, "203.0.113.200", 22, "tcp", ("int1", "10.0.2.1", MAPPED, 22)),
        ("ext0", WAN, "203.0.113.200", 80, "tcp", None),
        ("ext0", WAN, "203.0.113.200", 22, "udp", None),
        ("ext0", WAN, "203.0.113.36", 53, "udp", ("int0", WAN, IOT, 53)),
        ("ext0", WAN, "203.0.113.36", 53, "tcp", None),
        ("ext0", WAN6, "2001:db8:ff::4", 53, "udp", ("int0", WAN6, IOT6, 53)),
        ("int0", LAN6, "2001:db8:ff::4", 53, "udp", ("int0", LAN6, IOT6, 53)),
        # Rules see what the client wrote: what lives inside is not named so.
        ("ext0", WAN, MAPPED, 22, "tcp", None),
    ],
)
def test_destinations_that_are_mapped(
    gated: Wires, link: str, source: str, to: str, port: int, protocol: str, out: object
) -> None:
    assert came_out(gated, link, source, to, port, protocol) == out


def test_a_refusal_is_one_of_the_outside(gated: Wires) -> None:
    packet = Packet(1, ip_address(WAN), ip_address("203.0.113.200"), "tcp", 5000, 23)
    gated.send("ext0", packet)
    gated.wait_passed()
    [(link, reset)] = [(w, s) for w, s in gated.seen() if s.is_reset]
    assert (link, str(reset.source)) == ("ext0", "203.0.113.200")


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(
    "port, protocol, becomes",
    [
        (2000, "tcp", 3000),
        (2009, "tcp", 3009),
        (2004, "udp", 2004),
        (4000, "tcp", 443),
        (4009, "tcp", 443),
        (2010, "tcp", None),
        (1999, "tcp", None),
        (4010, "tcp", None),
    ],
)
def test_ranges_that_are_published(
    gated: Wires, family: int, port: int, protocol: str, becomes: int | None
) -> None:
    client, edge, server = (WAN, EDGE, SERVER)
    if family == 6:
        client, edge, server = (WAN6, EDGE6, SERVER6)
    out = came_out(gated, "ext0", client, edge, port, protocol)
    assert out == (becomes and ("int1", client, server, becomes))


def test_two_at_once_to_one_port(gated: Wires) -> None:
    """One client, one port of its own, two that become one: each is answered
    by the port that it asked."""
    for port in (4000, 4001):
        assert came_out(gated, "ext0", WAN, EDGE, port)[3] == 443


@pytest.mark.parametrize("port, becomes", [(2005, 3005), (4005, 443)])
@pytest.mark.parametrize(
    "source, edge, server, seen_as",
    [
        (DMZ, EDGE, SERVER, "10.0.2.1"),
        ("2001:db8:2::4", EDGE6, SERVER6, "2001:db8:2::1"),
    ],
)
def test_ranges_from_the_servers_own_network(
    gated: Wires, source: str, edge: str, server: str, seen_as: str, port, becomes
) -> None:
    out = came_out(gated, "int1", source, edge, port)
    assert out == ("int1", seen_as, server, becomes)


HOURS = """
hours seldom = {never}
publish wan tcp 443 -> 10.0.2.80 during seldom
publish wan tcp 443 -> 10.0.2.200
"""


def test_a_service_at_other_hours(gate: Wires, compiled: Compiled) -> None:
    """The rule that decides says where to, not the first of the service."""
    now = int(gate.run(["date", "-u", "+%H"], check=True).stdout)
    hour = (now + 12) % 24
    begin(gate, compiled(ZONES + HOURS.format(never=f"{hour:02}:00-{hour:02}:30")))
    assert came_out(gate, "ext0", WAN, EDGE, 443) == ("int1", WAN, MAPPED, 443)
    gate.end()


@pytest.fixture
def owning(gate: Wires, compiled: Compiled) -> Iterator[Wires]:
    """The gateway has the address outside itself, so that neighbours find it,
    and within a mapped prefix lives its own."""
    address = ["203.0.113.200/32", "203.0.113.33/32"]
    for one in address:
        gate.run(["ip", "addr", "add", one, "dev", "ext0"], check=True)
    begin(gate, compiled(POLICY))
    yield gate
    for one in address:
        gate.run(["ip", "addr", "del", one, "dev", "ext0"], check=True)
    gate.end()


def test_an_address_of_the_gateways(owning: Wires) -> None:
    gate = owning
    out = came_out(gate, "ext0", WAN, "203.0.113.200", 22)
    assert out == ("int1", WAN, MAPPED, 22)
    # `self` is not meant by it.
    assert came_out(gate, "ext0", WAN, "203.0.113.200", 8000) is None
    assert gate.arrived("arrived") == set()
    # Of a prefix that is mapped, the gateway keeps what is its own.
    packet = Packet(7, ip_address(WAN), ip_address("203.0.113.33"), "tcp", 5007, 8000)
    assert sent(gate, "ext0", packet) == []
    assert gate.arrived("arrived") == {5007}


def test_the_gateways_own_programs(owning: Wires) -> None:
    """It asks itself, as the kernel sees it; the list is asked all the same."""
    gate = owning
    for port, seen in ((22, []), (8000, [])):
        packet = Packet(port, ip_address(EDGE), ip_address("203.0.113.200"), "tcp")
        gate.send_from_gateway(frames.replace(packet, sport=5000, dport=port))
        gate.wait_passed()
        assert [s for _, s in gate.seen() if s.number == port] == seen
    assert gate.arrived("arrived") == set()


def test_a_map_does_not_lead_to_the_gateway(gate: Wires, compiled: Compiled) -> None:
    """What lives inside may be the gateway's own: nobody judged it as that."""
    policy = ZONES + (
        "map 2001:db8:3::/64 <-> 2001:db8:ff::/64 at wan\n"
        "map 10.0.3.1 <-> 203.0.113.77 at wan\n"
        "allow wan -> wan\n"
    )
    begin(gate, compiled(policy))
    for source, to in ((WAN6, "2001:db8:ff::1"), (WAN, "203.0.113.77")):
        ends = ip_address(source), ip_address(to)
        gate.send("ext0", Packet(1, *ends, "tcp", 5000, 8000))
    gate.wait_passed()
    assert gate.seen() == []  # not even a reset
    assert gate.counters()["misrouted"] == 2
    gate.end()


PROXIED = ZONES + (
    "map 10.0.2.200 <-> 203.0.113.200 at wan\n"
    "proxy { intercept tcp 80 for lan }\n"
    "allow any -> any\n"
)


def test_what_is_intercepted_is_not_mapped(gate: Wires, compiled: Compiled) -> None:
    """The proxy is told whom the client asked for."""
    gate.begin(compiled(PROXIED), listening=True)
    packet = Packet(1, ip_address(LAN), ip_address("203.0.113.200"), "tcp", 5001, 80)
    assert sent(gate, "int0", packet) == []
    assert gate.arrived("handed") == {5001}
    # What it sends itself reaches the host behind the address.
    mine = Packet(2, ip_address(EDGE), ip_address("203.0.113.200"), "tcp", 5002, 81)
    assert gate.send_from_gateway(mine)
    gate.wait_passed()
    [(link, seen)] = [(w, s) for w, s in gate.seen() if s.number == 2]
    assert (link, str(seen.destination)) == ("int1", MAPPED)
    as_seen = Packet(2, seen.source, seen.destination, "tcp", seen.sport, seen.dport)
    gate.send(link, as_seen.answer())
    gate.wait_passed()
    assert gate.arrived("arrived") == {81}  # and so does what it answers
    gate.end()


LABS = (
    LAB_ZONES
    + """
map 10.0.0.25 <-> 203.0.113.25 at wan
allow wan, lan -> 203.0.113.25 tcp 2525      as "mail"
allow any -> self tcp 2525
"""
)


def test_a_running_gateway_that_has_the_address(start_gateway) -> None:
    """It tells what it knows as its own without what is mapped."""
    gateway = start_gateway(LABS)
    lab, outside = gateway.lab, "203.0.113.25"
    lab.gw.run(["ip", "addr", "add", f"{outside}/24", "dev", "ext0"], check=True)
    for host in (lab.out, lab.lan):
        with host.connect(outside, 2525) as sock:
            assert sock.recv(100).startswith(b"220 mail.example.com")
    with pytest.raises(OSError):
        lab.guest.connect(outside, 2525, timeout=0.3)
    flow = f"wan {lab.out.ip4} -> {outside} tcp"
    for port, verdict in ((2525, "allow"), (22, "drop")):
        told = gateway.command("explain", "--running", f"{flow} {port}").stdout
        assert told.strip().startswith(verdict)
