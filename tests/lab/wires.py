# SPDX-License-Identifier: GPL-2.0-or-later
"""A lean lab: a gateway whose links end in bare wires.

                  +------+  int0   10.0.1.0/24  2001:db8:1::/64, and
    int0  --------+      |         10.0.3.0/24  2001:db8:3::/64
    int1  --------+  gw  |  int1   10.0.2.0/24  2001:db8:2::/64
    ext0  --------+      |  ext0   203.0.113.0/24  2001:db8:f::/64, and
                  +------+         by a router on it all the rest

There are no hosts behind the wires, only this process, which sends any frame it
likes and sees every frame that comes out; so a policy is tried with hundreds of
packets in the time that a host takes to start.  The gateway is .1 everywhere.

Its namespace holds a table of the lab's own, which decides nothing: it counts
what came in, and writes down what arrived at the gateway itself.
"""

import itertools
import json
import os
import random
import re
import shutil
import socket
import struct
import subprocess
from functools import cache, cached_property
from ipaddress import ip_address, ip_interface
from pathlib import Path

from tests.lab import frames, namespace, wait
from tests.lab.frames import Address, Packet, Seen
from tests.lab.packet_log import PacketLog

LINKS = ("int0", "int1", "ext0")
OWN = {
    "int0": ("10.0.1.1/24", "10.0.3.1/24", "2001:db8:1::1/64", "2001:db8:3::1/64"),
    "int1": ("10.0.2.1/24", "2001:db8:2::1/64"),
    "ext0": ("203.0.113.1/24", "2001:db8:f::1/64"),
}
ROUTER = ("203.0.113.254", "2001:db8:f::fe")
# Neighbours that the gateway can reach; nobody answers for them.
HOSTS = {
    "int0": ("10.0.1.4", "10.0.1.5", "10.0.1.77", "10.0.3.4", "10.0.3.9")
    + ("2001:db8:1::4", "2001:db8:1::77", "2001:db8:3::4", "2001:db8:3::9"),
    "int1": ("10.0.2.4", "10.0.2.80", "10.0.2.200")
    + ("2001:db8:2::4", "2001:db8:2::80"),
    "ext0": ("203.0.113.9", "203.0.113.66", "2001:db8:f::9") + ROUTER,
}
# They live behind int0, but a route of the gateway's leads to the router.
ASTRAY = ("10.0.1.99", "2001:db8:1::99")
LISTENER = 26472
HANDOVER = 0x01000000
TABLE = "inet gatehouse"
COUNTERS = f"counters table {TABLE}"
PROBE_SETS = ("arrived", "handed", "pinged")

_numbers = itertools.count()

SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.ipv6.conf.all.forwarding": "1",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
    "net.ipv4.conf.all.send_redirects": "0",
    "net.ipv4.conf.default.send_redirects": "0",
    # Each refusal is answered: none is spared for being one of many.
    "net.ipv4.icmp_ratelimit": "0",
    "net.ipv4.icmp_ratemask": "0",
    "net.ipv6.icmp.ratelimit": "0",
    "net.ipv6.icmp.ratemask": "0",  # of a type that nothing has
    "net.ipv6.conf.all.accept_dad": "0",
    "net.ipv6.conf.default.accept_dad": "0",
    "net.ipv6.conf.default.router_solicitations": "0",
}

PROBE = """
table inet probe {
    set arrived { type inet_service; size 65535; flags dynamic; }
    set handed { type inet_service; size 65535; flags dynamic; }
    set pinged { type inet_service; size 65535; flags dynamic; }
    chain input {
        type filter hook input priority 10;
        iif lo accept
        meta mark & 0x01000000 != 0 meta l4proto tcp add @handed { th sport }
        meta mark & 0x01000000 != 0 accept
        meta l4proto { 6, 17, 132 } add @arrived { th sport }
        icmp type { echo-request, timestamp-request } add @pinged { @th,32,16 }
        icmpv6 type echo-request add @pinged { @th,32,16 }
    }
    # The walk keeps a number there, and leaves none.
    chain walked {
        type filter hook prerouting priority -140;
        meta priority != 0 drop
    }
    chain walked_out {
        type filter hook output priority -140;
        meta priority != 0 drop
    }
}
"""
NEW_ROUND = """
flush set inet probe arrived
flush set inet probe handed
flush set inet probe pinged
"""

ARP = b"\x08\x06"
PACKET_OUTGOING = 4
NFNL_CT_DELETE = 1 << 8 | 2  # of everything, where no flow is named
IP_TRANSPARENT, IPV6_TRANSPARENT = 19, 75


class Wires:
    """`with Wires() as wires:` raises it and takes it down again."""

    def __init__(self) -> None:
        self.prefix = f"gh{os.getpid()}x9{next(_numbers)}"
        self.gw = f"{self.prefix}-gw"
        self.far = f"{self.prefix}-far"
        self._links = list(LINKS)  # the place of each is in its hardware address
        self._taps: dict[str, socket.socket] = {}
        self._listeners: list[socket.socket] = []
        self._found: list[tuple[str, Seen]] = []
        self._answers: set[str] = set()  # links that answered to ARP
        self._removal = f"table {TABLE}; delete table {TABLE}; "

    def __enter__(self) -> "Wires":
        # What one processor sends is received in its order, by it alone.
        self.processors = os.sched_getaffinity(0)
        self.home = random.choice(sorted(self.processors))
        os.sched_setaffinity(0, {self.home})
        try:
            self._up()
        except BaseException:
            self._down()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._down()

    # Packets.

    def send(self, link: str, packet: Packet) -> None:
        """From the far end of a wire, whatever its addresses are."""
        self.send_bytes(link, frames.internet(packet))

    def send_bytes(self, link: str, packet: bytes) -> None:
        """What begins with an IP head."""
        number = self._links.index(link)
        ends = _mac(2, number), _mac(1, number)
        self._taps[link].send(frames.ethernet(packet, *ends))

    def send_from_gateway(self, packet: Packet) -> bool:
        """False: the kernel told the sender at once that it may not."""
        version = packet.source.version
        data = frames.internet(packet)
        try:
            self._raw[version].sendto(data, (str(packet.destination), 0))
        except PermissionError:
            return False
        return True

    def seen(self) -> list[tuple[str, Seen]]:
        """What came out since the last call, and where."""
        self._collect()
        found, self._found = self._found, []
        return found

    def wait_passed(self) -> None:
        """Until all that was sent before has been dealt with.

        Each wire is asked for the gateway's hardware address.  The answer is
        behind all else in the queue of the one processor that sends here.
        """
        self._answers.clear()
        for number, link in enumerate(LINKS):
            self._taps[link].send(_who_has(number, OWN[link][0]))
        wait.until("answers to ARP", self._is_answered)

    def _is_answered(self) -> bool:
        self._collect()
        return self._answers == set(LINKS)

    def _collect(self) -> None:
        for link, tap in self._taps.items():
            while True:
                try:
                    frame, where = tap.recvfrom(65536)
                except BlockingIOError:
                    break
                if where[2] == PACKET_OUTGOING:
                    continue
                if frame[12:14] == ARP:
                    self._answers.add(link)
                elif seen := frames.read(frame):
                    self._found.append((link, seen))

    @cached_property
    def log(self) -> PacketLog:
        """From now on; whoever asks for it must read it, for it has an end."""
        return self._inside(lambda: PacketLog(LISTENER))

    # The gateway.

    def run(
        self, argv: list[str], check: bool = False, input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = ["ip", "netns", "exec", self.gw, *argv]
        done = subprocess.run(command, input=input, text=True, capture_output=True)
        if check and done.returncode:
            raise RuntimeError(f"{argv}: {done.stderr}")
        return done

    def nft(self, text: str) -> None:
        # The hours of a ruleset are UTC; nft takes them for local time.
        self.run(["env", "TZ=UTC", "nft", "-f", "-"], check=True, input=text)

    def begin(self, ruleset: str, listening: bool) -> None:
        """A new ruleset, and no memory of what was before."""
        self.end()
        self.wait_passed()
        self.replace(ruleset + NEW_ROUND)
        if listening:
            self._inside(self._listen)
        self.seen()

    def _listen(self) -> None:
        for family in (socket.AF_INET, socket.AF_INET6):
            self._listeners.append(_listener(family))

    def replace(self, ruleset: str) -> None:
        """One transaction, as an apply makes it (firewall/transaction): all in the
        table goes but for what outlives rules, here the sets of bans."""
        self.nft(self._removal + ruleset)
        self._removal = removal_of(ruleset)

    def end(self) -> None:
        """Half-open connections would go on sending into the next round."""
        self.hang_up()
        self.forget_flows()

    def hang_up(self) -> None:
        """Nobody listens any more for what is handed over."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    def taken(self) -> set[tuple[Address, int, Address, int]]:
        """The connections that the listener has got since the last time: who it
        takes for the client, and where that one wanted to go."""
        found = set()
        for listener in self._listeners:
            while True:
                try:
                    connection, client = listener.accept()
                except BlockingIOError:
                    break
                with connection:
                    ends = client[:2], connection.getsockname()[:2]
                found.add(tuple(e for a, p in ends for e in (ip_address(a), p)))
        return found

    def forget_flows(self) -> None:
        self._inside(_forget_flows)

    def counters(self) -> dict[str, int]:
        """Those of the ruleset that moved."""
        return _moved(self._list(COUNTERS))

    def arrived(self, name: str) -> set[int]:
        """The ports or identifiers in a set of the probe."""
        return _elements(self._list(f"set inet probe {name}"), name)

    def tallies(self) -> tuple[dict[str, int], dict[str, set[int]]]:
        """The counters, and all sets of the probe by their names."""
        found = self._list(COUNTERS, "table inet probe")
        return _moved(found), {name: _elements(found, name) for name in PROBE_SETS}

    def _list(self, *what: str) -> list[dict]:
        """One after the other: of two in one command nft finds only the last."""
        commands = " && ".join(f"nft -j list {one}" for one in what)
        done = self.run(["sh", "-c", commands], check=True)
        return [
            entry
            for line in done.stdout.splitlines()
            for entry in json.loads(line)["nftables"]
        ]

    def _inside(self, call):
        return namespace.inside(self.gw, call)

    # Up and down.

    def _up(self) -> None:
        namespace.make([self.gw, self.far])
        self._inside(lambda: _set_sysctls(SYSCTLS))
        quiet = {"net.ipv6.conf.all.disable_ipv6": "1"}
        quiet |= {"net.ipv6.conf.default.disable_ipv6": "1"}
        namespace.inside(self.far, lambda: _set_sysctls(quiet))
        namespace.ip(self._gateway_lines(), self.gw)
        self._bring_home()
        namespace.ip((f"link set {link} up" for link in LINKS), self.far)
        for link in LINKS:
            self._taps[link] = namespace.inside(self.far, lambda: _tap(link))
        self._raw = {v: self._inside(lambda: frames.raw_socket(v)) for v in (4, 6)}
        self.nft(PROBE)

    def come(self, link: str, own: list[str], hosts: list[str]) -> None:
        """One more link, with the gateway's addresses on it and neighbours."""
        if link not in self._links:
            self._links.append(link)
        namespace.ip(self._link_lines(link, own, hosts), self.gw)
        namespace.ip([f"link set {link} up"], self.far)
        self._taps[link] = namespace.inside(self.far, lambda: _tap(link))
        wait.until(f"{link} to be up", lambda: self._is_up(link))

    def _is_up(self, link: str) -> bool:
        """What leaves by it before is lost, by whatever it is sent."""
        command = ["ip", "-n", self.gw, "-json", "link", "show", "dev", link]
        done = subprocess.run(command, text=True, capture_output=True, check=True)
        return json.loads(done.stdout)[0]["operstate"] == "UP"

    def go(self, link: str) -> None:
        self._taps.pop(link).close()
        namespace.ip([f"link del {link}"], self.gw)

    def _link_lines(self, link: str, own, hosts) -> list[str]:
        number = self._links.index(link)
        ends = f"address {_text(_mac(1, number))} type veth peer name {link}"
        far = f"address {_text(_mac(2, number))} netns {self.far}"
        lines = [f"link add {link} {ends} {far}"]
        lines.append(f"link set {link} addrgenmode none")
        lines.append(f"link set {link} up")
        for address in own:
            nodad = " nodad" if ":" in address else ""
            lines.append(f"addr add {address} dev {link}{nodad}")
        for host in hosts:
            mac = _text(_mac(2, number))
            lines.append(f"neigh add {host} lladdr {mac} dev {link} nud permanent")
        return lines

    def _gateway_lines(self) -> list[str]:
        lines = ["link set lo up"]
        for link in LINKS:
            lines += self._link_lines(link, OWN[link], HOSTS[link])
        lines += [f"route add default via {router}" for router in ROUTER]
        for address, router in zip(ASTRAY, ROUTER):
            lines.append(f"route add {address} via {router}")
        return lines

    def _bring_home(self) -> None:
        """The policy route that the daemon installs (firewall/routes)."""
        mark = f"{HANDOVER}/{HANDOVER}"
        for family in ("-4", "-6"):
            rule = f"ip {family} rule add fwmark {mark} lookup {LISTENER} pref 200"
            route = f"ip {family} route add local default dev lo table {LISTENER}"
            for command in (rule, route):
                self.run(command.split(), check=True)

    def _down(self) -> None:
        os.sched_setaffinity(0, self.processors)
        for sock in [*self._listeners, *self._taps.values()]:
            sock.close()
        for sock in getattr(self, "_raw", {}).values():
            sock.close()
        if "log" in self.__dict__:
            self.log.close()
        namespace.remove([self.gw, self.far])


def lacking() -> str:
    """Why it cannot be raised here; empty if it can."""
    if os.geteuid() != 0:
        return "wires are made in network namespaces, which needs root"
    for program, package in (("ip", "iproute2"), ("nft", "nftables")):
        if not shutil.which(program):
            return f"apt-get install {package}"
    if not Path("/proc/sys/net/ipv6").exists():
        return "this kernel runs without IPv6, which half of the packets are of"
    return ""


def removal_of(ruleset: str) -> str:
    """The commands that take away what it has made, as firewall/standing does."""
    found = re.findall(r"^\t(map|set|chain|counter|limit) (\S+) {", ruleset, re.M)
    order = ("map", "set", "chain", "counter", "limit")
    kept = ("ban.", "caught.")
    gone = [f"delete {k} {TABLE} {n}; " for k, n in found if not n.startswith(kept)]
    gone.sort(key=lambda command: order.index(command.split()[1]))
    banned = [f"flush set {TABLE} {n}; " for _, n in found if n.startswith("caught.")]
    return f"flush table {TABLE}; " + "".join(banned + gone)


def fill_own(ruleset: str, zones: dict[str, list[str]]) -> str:
    """The addresses that the gateway has in each zone, as the daemon fills
    them in: `show` does not know them."""
    for zone, addresses in zones.items():
        for version in (4, 6):
            mine = [a for a in addresses if ip_address(a).version == version]
            head = rf"(set own\.{zone}\.{version} {{\n.*\n.*flags interval\n)"
            elements = f"\\1\t\telements = {{ {', '.join(mine)} }}\n"
            if mine:
                ruleset = re.sub(head, elements, ruleset)
    return ruleset


def fill_near(ruleset: str) -> str:
    """The networks that the gateway is in, as the daemon fills them in."""
    own = [ip_interface(a).network for link in OWN.values() for a in link]
    near = ", ".join(str(net.network_address) for net in own if net.version == 6)
    head = "\tset near.6 {\n\t\ttype ipv6_addr\n"
    return ruleset.replace(head, f"{head}\t\telements = {{ {near} }}\n")


@cache
def is_near(address: Address) -> bool:
    """Whether it is in one of those networks."""
    own = [ip_interface(a).network for link in OWN.values() for a in link]
    return any(address in net for net in own if net.version == 6)


def _moved(found: list[dict]) -> dict[str, int]:
    """All but those of what was passed on, whatever had allowed it."""
    counters = [entry["counter"] for entry in found if "counter" in entry]
    moved = {one["name"]: one["packets"] for one in counters if one["packets"]}
    return {name: n for name, n in moved.items() if not name.startswith("forwarded.")}


def _elements(found: list[dict], name: str) -> set[int]:
    sets = (entry["set"] for entry in found if "set" in entry)
    [elements] = [s.get("elem", []) for s in sets if s["name"] == name]
    return {_key(element) for element in elements}


def _key(element: object) -> int:
    return element["elem"]["val"] if isinstance(element, dict) else element


def _mac(side: int, number: int) -> bytes:
    return bytes([2, 0, 0, 0, side, number])


def _text(mac: bytes) -> str:
    return mac.hex(":")


def _who_has(number: int, own: str) -> bytes:
    """An ARP request (RFC 826) for the gateway's address on a link."""
    mine = _mac(2, number) + ip_interface(HOSTS[LINKS[number]][0]).packed
    asked = bytes(6) + ip_interface(own).packed
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mine + asked
    return _mac(1, number) + _mac(2, number) + ARP + body


def _set_sysctls(values: dict[str, str]) -> None:
    for name, value in values.items():
        Path("/proc/sys", name.replace(".", "/")).write_text(value)


def _tap(link: str) -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind((link, 3))  # ETH_P_ALL
    sock.setblocking(False)
    return sock


def _listener(family: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET:
        sock.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
    sock.bind(("127.0.0.1" if family == socket.AF_INET else "::1", LISTENER))
    sock.listen(4096)
    sock.setblocking(False)
    return sock


def _forget_flows() -> None:
    """Empty the connection tracking of the current namespace."""
    head = struct.pack("=IHHII", 20, NFNL_CT_DELETE, 5, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as sock:
        sock.send(head + struct.pack("=BBH", 0, 0, 0))
        error = struct.unpack_from("=i", sock.recv(4096), 16)[0]
    if error not in (0, -2):
        raise OSError(-error, "cannot empty the connection tracking")


