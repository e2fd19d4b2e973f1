# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands in `firewall { ... }`: helpers, segments that fit, and what
conntrack cannot place."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from tests.lab.frames import Packet
from tests.lab.gateway import Gateway
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.lab.watch import Watch
from tests.lab.wires import Wires, fill_own
from tests.story.test_0121_edges import CLOSED, DMZ, LAN, WAN, sent, tcp
from tests.story.zones import ZONES

RULES = """
masquerade lan, guest -> wan
publish wan tcp 21 -> 10.0.0.25
allow lan, guest -> wan tcp 21
"""
HELPED = ZONES + "firewall {\n helper ftp for lan, wan\n}\n" + RULES
POLICY = HELPED  # what the fixture `gateway` runs


def octets(words: str) -> tuple[str, int]:
    """RFC 959: an address and a port as six numbers."""
    *address, high, low = words.split(",")
    return ".".join(address), int(high) * 256 + int(low)


def in_octets(address: str, port: int) -> str:
    return f"{address.replace('.', ',')},{port >> 8},{port & 255}"


def ftp(server: Host, where: str) -> Callable[[socket.socket], None]:
    """As much of a server as opens a second connection."""

    def passive(sock: socket.socket) -> bytes:
        with server.open_socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind((where, 0))
            listener.listen()
            listener.settimeout(2)
            told = in_octets(where, listener.getsockname()[1])
            sock.sendall(f"227 Entering Passive Mode ({told}).\r\n".encode())
            with contextlib.suppress(TimeoutError):
                with listener.accept()[0] as data:
                    data.sendall(b"passive")

    def active(sock: socket.socket, words: str) -> None:
        sock.sendall(b"200 PORT command successful.\r\n")
        with contextlib.suppress(OSError):
            with server.connect(*octets(words), timeout=1) as data:
                data.sendall(b"active")

    def talk(sock: socket.socket) -> None:
        sock.sendall(b"220 ready\r\n")
        for line in sock.makefile("rb"):
            verb, _, rest = line.decode().strip().partition(" ")
            if verb == "USER":
                sock.sendall(b"230 welcome\r\n")
            elif verb == "PASV":
                passive(sock)
            elif verb == "PORT":
                active(sock, rest)

    return talk


@pytest.fixture(scope="module")
def served(lab: Lab) -> Lab:
    lab.out.serve(21, ftp(lab.out, lab.out.ip4))
    lab.mail.serve(21, ftp(lab.mail, lab.mail.ip4))
    return lab


@contextlib.contextmanager
def under(gateway: Gateway, policy: str) -> Iterator[None]:
    """Another policy for a while."""
    for one in (policy, POLICY):
        done = gateway.apply(one)
        assert done.returncode == 0, done.stderr
        if one is policy:
            yield


def answer_of(control: socket.socket) -> str:
    return control.recv(200).decode().strip()


def log_in(control: socket.socket) -> None:
    """The helper reads only what stands behind a line that it saw the end of."""
    assert answer_of(control).startswith("220")
    control.sendall(b"USER anonymous\r\n")
    assert answer_of(control).startswith("230")


def fetch_passive(client: Host, server: str) -> bytes:
    """What comes by a connection to the port that the server names."""
    with client.connect(server, 21) as control:
        log_in(control)
        control.sendall(b"PASV\r\n")
        words = answer_of(control).partition("(")[2].partition(")")[0]
        with client.connect(*octets(words), timeout=1) as data:
            return data.recv(100)


def fetch_active(client: Host, server: str) -> bytes:
    """The same by a connection from the server."""
    with client.open_socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind((client.ip4, 0))
        listener.listen()
        listener.settimeout(1.5)
        with client.connect(server, 21) as control:
            log_in(control)
            here = in_octets(client.ip4, listener.getsockname()[1])
            control.sendall(f"PORT {here}\r\n".encode())
            answer_of(control)
            return listener.accept()[0].recv(100)


def test_a_helper_for_those_named(gateway: Gateway, served: Lab) -> None:
    """The client is masqueraded; the port that it names is as well."""
    assert fetch_passive(served.lan, served.out.ip4) == b"passive"
    assert fetch_active(served.lan, served.out.ip4) == b"active"


def test_no_helper_for_others(gateway: Gateway, served: Lab) -> None:
    for fetch in (fetch_passive, fetch_active):
        with pytest.raises(OSError):
            fetch(served.guest, served.out.ip4)


def test_a_helper_of_what_is_published(gateway: Gateway, served: Lab) -> None:
    """The server names its own address; the client is told the gateway's."""
    assert fetch_passive(served.out, "203.0.113.1") == b"passive"
    assert fetch_active(served.out, "203.0.113.1") == b"active"


FOREIGN = """
table inet foreign {
    ct helper their_ftp { type "ftp" protocol tcp; }
    chain helpers {
        type filter hook prerouting priority -145;
        tcp dport 21 ct helper set "their_ftp"
    }
}
"""


def test_a_helper_that_the_policy_does_not_name(
    gateway: Gateway, served: Lab
) -> None:
    """Another table sets it: what it announces is refused all the same."""
    gw = served.gw
    gw.run(["nft", "-f", "-"], input=FOREIGN, check=True)
    try:
        with under(gateway, ZONES + RULES):
            for fetch in (fetch_passive, fetch_active):
                with pytest.raises(OSError):
                    fetch(served.lan, served.out.ip4)
    finally:
        gw.run(["nft", "delete", "table", "inet", "foreign"], check=True)


CLAMPED = (
    ZONES
    + """
firewall { clamp mss for wan }
allow lan, guest -> wan tcp 2525
allow lan -> guest tcp 2525
"""
)


@pytest.mark.parametrize("family, mss", [(4, 1260), (6, 1240)])
def test_segments_that_fit(
    gateway: Gateway, served: Lab, family: int, mss: int
) -> None:
    """Both sides are told what the narrow link takes."""
    lab = served
    address = lab.out.ip4 if family == 4 else lab.out.ip6
    there = lab.out.serve(2525, lambda sock: sock.sendall(b"hello"))
    lab.gw.run(["ip", "link", "set", "ext0", "mtu", "1300"], check=True)
    try:
        match = f"tcp flags & syn == syn tcp option maxseg size {mss}"
        with under(gateway, CLAMPED):
            with Watch(lab.out, match) as heard, Watch(lab.lan, match) as told:
                lab.lan.connect(address, 2525).close()
                assert (heard.count(), told.count()) == (1, 1)
    finally:
        lab.gw.run(["ip", "link", "set", "ext0", "mtu", "1500"], check=True)
        there.close()


INVALID = CLOSED + "firewall { invalid allow for dmz, lan }\n"


@pytest.mark.parametrize("flags", [0x00, 0x29, 0x03])
def test_what_is_invalid_goes_to_the_list(
    gate: Wires, compiled: Callable[[str], str], flags: int
) -> None:
    """For those zones; the list allows it or does not."""
    rules = "reject lan -> dmz\nallow any -> any\n"
    gate.begin(compiled(INVALID + rules), listening=False)
    outward = Packet(1, ip_address(LAN), ip_address(WAN), "tcp", 4000, 80)
    assert [link for link, _ in sent(gate, "int0", tcp(outward, flags))] == ["ext0"]
    inward = Packet(2, ip_address(WAN), ip_address(DMZ), "tcp", 4000, 80)
    assert sent(gate, "ext0", tcp(inward, flags)) == []
    assert gate.counters()["invalid"] == 1
    across = Packet(3, ip_address(LAN), ip_address(DMZ), "tcp", 4000, 80)
    gate.send_bytes("int0", tcp(across, flags))
    gate.wait_passed()
    assert [link for link, seen in gate.seen() if seen.number == 3] == []
    gate.end()


def test_what_is_invalid_is_spoofed_like_all_else(
    gate: Wires, compiled: Callable[[str], str]
) -> None:
    gate.begin(compiled(INVALID + "allow any -> any\n"), listening=False)
    packet = Packet(1, ip_address(DMZ), ip_address(WAN), "tcp", 4000, 80)
    assert sent(gate, "int0", tcp(packet, 0x29)) == []
    assert gate.counters()["spoofed"] == 1
    gate.end()


def test_of_all_zones(gate: Wires, compiled: Callable[[str], str]) -> None:
    policy = CLOSED + "firewall { invalid allow }\nallow any -> any\n"
    gate.begin(compiled(policy), listening=False)
    packet = Packet(1, ip_address(WAN), ip_address(DMZ), "tcp", 4000, 80)
    assert [link for link, _ in sent(gate, "ext0", tcp(packet, 0x29))] == ["int1"]
    assert "invalid" not in gate.counters()
    gate.end()


def arrivals(gate: Wires, policy: str, flags: int, to: str) -> set[int]:
    """The ports from which packets arrive at the gateway itself."""
    own = {"wan": ["203.0.113.1"], "lan": ["10.0.1.1"]}
    gate.begin(fill_own(policy, own), listening=False)
    packet = Packet(1, ip_address(WAN), ip_address(to), "tcp", 4000, 80)
    gate.send_bytes("ext0", tcp(packet, flags))
    gate.wait_passed()
    return gate.arrived("arrived")


SENT_ON = [
    "publish wan tcp 80 -> 10.0.2.80 tcp 8080\n",
    "map 10.0.2.80 <-> 203.0.113.1 at wan\nallow wan -> 203.0.113.1 tcp 80\n",
]


@pytest.mark.parametrize("rule", SENT_ON)
@pytest.mark.parametrize("flags", [0x00, 0x29, 0x03])
def test_what_is_invalid_does_not_arrive_in_place_of_who_it_is_for(
    gate: Wires, compiled: Callable[[str], str], rule: str, flags: int
) -> None:
    """No address of it is translated, so it cannot be sent on to whom the rule
    lets it; the gateway, which has that address, is not who it lets it to."""
    policy = CLOSED + "firewall { invalid allow }\n" + rule
    assert arrivals(gate, compiled(policy), flags, "203.0.113.1") == set()
    assert gate.counters()["invalid"] == 1
    gate.end()


def test_what_is_invalid_arrives_where_a_rule_lets_it(
    gate: Wires, compiled: Callable[[str], str]
) -> None:
    policy = CLOSED + "firewall { invalid allow }\nallow wan -> self tcp 80\n"
    assert arrivals(gate, compiled(policy), 0x29, "203.0.113.1") == {4000}
    gate.end()


def test_what_is_invalid_uses_up_no_connections(
    gate: Wires, compiled: Callable[[str], str]
) -> None:
    """It belongs to no flow, so none of it is counted as one that lasts."""
    rule = "allow wan -> dmz tcp 80 connections 2\n"
    policy = compiled(CLOSED + "firewall { invalid allow }\n" + rule)
    gate.begin(policy, listening=False)
    for port in range(4000, 4020):
        packet = Packet(1, ip_address(WAN), ip_address(DMZ), "tcp", port, 80)
        gate.send_bytes("ext0", tcp(packet, 0x29))
    opening = Packet(2, ip_address(WAN), ip_address(DMZ), "tcp", 5000, 80)
    assert [seen.number for _, seen in sent(gate, "ext0", tcp(opening, 0x02))][-1:] == [2]
    gate.end()
