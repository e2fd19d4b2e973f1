# SPDX-License-Identifier: GPL-2.0-or-later
"""What the first rules drop is refused at the driver, with the same verdicts.

In the lab's gateway ext0 is the interface of the zone without prefixes.  `out`
is listed, `web` is not.  Each packet that counts is one of `early` (what the
program refused) or of `nft` (what came up to the ruleset).
"""

import itertools
import json
import os
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address

import pytest

from tests.lab import frames, namespace, wait, xdp
from tests.lab.frames import Packet, checksum
from tests.lab.gateway import GOOD, ROOT, Gateway
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.lab.listener import echo
from tests.lab.xdp import Foreign
from tests.story.zones import ZONES

SELF, SELF6 = "203.0.113.1", "2001:db8:f::1"
PORT = 5000
SO_RCVBUFFORCE = 33
LISTED = "203.0.113.9\n2001:db8:f::9\n198.51.100.0/24\n"
REST = f"""
masquerade guest -> wan
allow lan, guest -> wan
allow wan -> self udp {PORT}
allow wan -> mail tcp 2525
name mail = 10.0.0.25
"""
POLICY = ZONES + 'list bad = addresses "bad.netset" refresh 1s\ndrop bad -> any' + REST


def make(lab: Lab, mode: str, listed=LISTED, policy=POLICY, kind=Gateway) -> Gateway:
    gateway = kind(lab, ZONES + "drop any -> any\n", "--early-drop", mode)
    (gateway.dir / "bad.netset").write_text(listed)
    gateway.policy = gateway.policy_file(policy)
    return gateway


@pytest.fixture(scope="module")
def early_lab(gateway_lab: Lab) -> Lab:
    if lacking := xdp.lacking():
        pytest.skip(lacking)
    with make(gateway_lab, "on") as gateway:
        if re.search("left out of this build|does not take it", gateway.err):
            pytest.skip(gateway.err.splitlines()[0])
    return gateway_lab


@pytest.fixture
def gateway(early_lab: Lab) -> Iterator[Gateway]:
    with make(early_lab, "on") as gateway:
        assert state(gateway)["interfaces"] == [
            {"name": "ext0", "driver": "native", "why": None}
        ]
        yield gateway


def status(gateway: Gateway) -> dict:
    done = gateway.command("status", "--json")
    assert done.returncode == GOOD, done.stderr
    return json.loads(done.stdout)


def state(gateway: Gateway) -> dict:
    return status(gateway)["early_drop"]


def counted(gateway: Gateway, rule: str = "drop bad -> any") -> int:
    [one] = [r for r in status(gateway)["rules"] if r["text"] == rule]
    return one["packets"]


def of_nft(gateway: Gateway) -> int:
    """What the same rule has seen in the kernel's table."""
    line = 1 + POLICY[: POLICY.index("drop bad")].count("\n")
    argv = ["nft", "-j", "list", "counter", "inet", "gatehouse", f"rule.{line}"]
    found = json.loads(gateway.lab.gw.run(argv, check=True).stdout)["nftables"]
    return next(one["counter"]["packets"] for one in found if "counter" in one)


def command(gateway: Gateway, *words: str) -> None:
    done = gateway.command(*words)
    assert (done.returncode, done.stderr) == (GOOD, "")


class Ear:
    """What the gateway's own socket hears, by who said it."""

    def __init__(self, host: Host):
        self.heard: Counter[str] = Counter()
        self._socket = host.open_socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self._socket.bind(("::", PORT))
        self._socket.settimeout(0.05)
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._hear)

    def __enter__(self) -> "Ear":
        self._thread.start()
        return self

    def _hear(self) -> None:
        while not self._enough.is_set():
            try:
                source = self._socket.recvfrom(2048)[1][0]
            except TimeoutError:
                continue
            self.heard[source.removeprefix("::ffff:")] += 1

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
        self._socket.close()


def speak(host: Host, times: int, to: str = SELF, size: int = 20) -> None:
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    with host.udp(family) as sock:
        for _ in range(times):
            sock.sendto(b"x" * size, (to, PORT))


def test_what_is_listed_never_comes_up(gateway: Gateway) -> None:
    lab = gateway.lab
    with Ear(lab.gw) as ear:
        speak(lab.out, 30)
        speak(lab.out, 20, SELF6)
        speak(lab.web, 7)
        speak(lab.web, 5, SELF6)
        wait.until("web's", lambda: ear.heard.total() == 12)
    assert ear.heard == {lab.web.ip4: 7, lab.web.ip6: 5}
    assert (counted(gateway), state(gateway)["packets"]) == (50, 50)
    assert of_nft(gateway) == 0
    text = gateway.command("status").stdout
    assert "early drop on ext0 (native), 3 ranges, 0 bans\n" in text
    assert re.search(r"^ +\d+ +50 +2800 +\d+  drop bad -> any$", text, re.MULTILINE)


def test_a_connection_is_refused_too(gateway: Gateway) -> None:
    with pytest.raises(OSError):
        gateway.lab.out.connect("10.0.0.25", 2525, timeout=0.5)
    gateway.lab.web.connect("10.0.0.25", 2525).close()
    assert counted(gateway) == state(gateway)["packets"] >= 1


def test_a_listed_server_answers_whom_the_policy_lets_ask(gateway: Gateway) -> None:
    """Through the gateway's translation as well."""
    lab = gateway.lab
    lab.out.serve_udp_echo(9135)
    with lab.out.serve(9134, echo):
        for client in (lab.lan, lab.guest):
            with client.connect(lab.out.ip4, 9134) as sock:
                sock.sendall(b"how do you do")
                assert sock.recv(100) == b"how do you do"
            with client.udp() as sock:
                sock.sendto(b"and you?", (lab.out.ip4, 9135))
                assert sock.recv(100) == b"and you?"
        with lab.lan.connect(lab.out.ip6, 9134) as sock:
            sock.sendall(b"well")
            assert sock.recv(100) == b"well"
    assert counted(gateway) == 0


def ping(host: Host, to: str) -> None:
    raw = socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP
    head = struct.pack("!BBHHH", 8, 0, 0, 7, 1)
    head = struct.pack("!BBHHH", 8, 0, checksum(head), 7, 1)
    with namespace.inside(host.namespace, lambda: socket.socket(*raw)) as sock:
        sock.sendto(head, (to, 0))


def test_what_cannot_be_told_here_comes_up_and_is_refused_there(
    gateway: Gateway,
) -> None:
    """Fragments, and what is neither TCP nor UDP."""
    with Ear(gateway.lab.gw) as ear:
        speak(gateway.lab.out, 3, size=4000)
        for _ in range(4):
            ping(gateway.lab.out, SELF)
        wait.until("them", lambda: counted(gateway) == 7)
    assert (of_nft(gateway), state(gateway)["packets"]) == (7, 0)
    assert not ear.heard


def outcome_of_an_old_flow(lab: Lab, mode: str) -> tuple[bool, bool]:
    """A connection of before its source was listed, and a new one."""
    with ExitStack() as stack:
        gateway = stack.enter_context(make(lab, mode, listed="192.0.2.1\n"))
        stack.enter_context(lab.mail.serve(2526, echo))
        policy = POLICY.replace("tcp 2525", "tcp 2526")
        assert gateway.apply(policy).returncode == GOOD
        old = stack.enter_context(lab.out.connect(lab.mail.ip4, 2526))
        write_list(gateway, LISTED)
        assert gateway.apply(policy).returncode == GOOD
        return echoes(old), connects(lab.out, lab.mail.ip4, 2526)


def write_list(gateway: Gateway, text: str) -> None:
    (gateway.dir / "bad.netset").write_text(text)


def echoes(sock: socket.socket) -> bool:
    sock.settimeout(0.7)
    try:
        sock.sendall(b"still there?")
        return sock.recv(100) == b"still there?"
    except OSError:
        return False


def connects(host: Host, address: str, port: int) -> bool:
    try:
        host.connect(address, port, timeout=0.5).close()
    except OSError:
        return False
    return True


def test_flows_of_before_fare_as_without_it(early_lab: Lab) -> None:
    with_it = outcome_of_an_old_flow(early_lab, "on")
    assert with_it == outcome_of_an_old_flow(early_lab, "off")
    assert not with_it[1]


def test_an_apply_takes_the_list_away(gateway: Gateway) -> None:
    lab = gateway.lab
    assert xdp.attached(lab.gw, "ext0")
    assert gateway.apply(ZONES + REST).returncode == GOOD
    assert xdp.attached(lab.gw, "ext0") is None
    with Ear(lab.gw) as ear:
        speak(lab.out, 3)
        wait.until("them", lambda: ear.heard.total() == 3)
    now = state(gateway)
    assert not now["active"] and "does not begin with a drop" in now["why"]
    assert "early drop not in use" in gateway.command("status").stdout


def test_a_list_follows_its_file_and_counters_go_on(gateway: Gateway) -> None:
    lab = gateway.lab
    speak(lab.out, 5)
    wait.until("them", lambda: counted(gateway) == 5)
    before = xdp.attached(lab.gw, "ext0")
    fresh = gateway.dir / "fresh"
    fresh.write_text(LISTED + lab.web.ip4 + "\n")
    os.utime(fresh, (1, 1))
    fresh.rename(gateway.dir / "bad.netset")
    wait.until("the list", lambda: state(gateway)["ranges"] == 4)
    speak(lab.out, 2)
    speak(lab.web, 3)
    wait.until("them", lambda: counted(gateway) == 10)
    assert state(gateway)["packets"] == 10 and of_nft(gateway) == 0
    assert xdp.attached(lab.gw, "ext0") not in (None, before)
    assert gateway.apply(gateway.policy).returncode == GOOD
    assert counted(gateway) == 0


class Flood(threading.Thread):
    """From two addresses of `out`, of which one is listed always, one never."""

    ALWAYS, NEVER = "203.0.113.9", "203.0.113.10"

    def __init__(self, host: Host):
        super().__init__(daemon=True)
        self.sent = 0
        self.enough = threading.Event()
        self._sockets = [host.udp() for _ in range(2)]
        for sock, address in zip(self._sockets, (self.ALWAYS, self.NEVER)):
            sock.bind((address, 0))

    def run(self) -> None:
        while not self.enough.is_set():
            for sock in self._sockets:
                sock.sendto(b"x" * 20, (SELF, PORT))
            self.sent += 1


def big_list(number: int) -> str:
    return LISTED + "".join(
        f"100.{64 + number}.{a}.{b}\n" for a in range(64) for b in range(0, 256, 4)
    )


def test_replaced_under_flood(gateway: Gateway) -> None:
    """Thirty policies: none that all refuse passes.  Of what all allow the
    ruleset loses a few while it is replaced (test_0122)."""
    lab = gateway.lab
    lab.out.run(["ip", "addr", "add", f"{Flood.NEVER}/24", "dev", "eth0"], check=True)
    flood = Flood(lab.out)
    programs = set()
    try:
        with Ear(lab.gw) as ear:
            flood.start()
            for number in range(30):
                write_list(gateway, big_list(number % 3))
                assert gateway.apply(gateway.policy).returncode == GOOD
                programs.add(xdp.attached(lab.gw, "ext0"))
                sent = flood.sent
                wait.until("packets to meet it", lambda: flood.sent > sent + 10)
            flood.enough.set()
            flood.join()
            wait.until("most", lambda: ear.heard[Flood.NEVER] > flood.sent * 0.99)
    finally:
        flood.enough.set()
        argv = ["ip", "addr", "del", f"{Flood.NEVER}/24", "dev", "eth0"]
        lab.out.run(argv, check=True)
    assert set(ear.heard) == {Flood.NEVER}
    assert len(programs) == 30 and None not in programs
    assert state(gateway)["packets"] > 0


def test_another_program_is_left_alone(early_lab: Lab) -> None:
    """The ruleset refuses; and when the other is gone, ours comes."""
    lab = early_lab
    with Foreign(lab.gw, "ext0") as foreign, make(lab, "on") as gateway:
        before = xdp.attached(lab.gw, "ext0")
        why = "another XDP program is there"
        assert before and f"early drop: ext0: {why}; nftables" in gateway.err
        assert f"early drop not on ext0: {why}\n" in gateway.command("status").stdout
        speak(lab.out, 4)
        wait.until("them", lambda: counted(gateway) == 4)
        assert of_nft(gateway) == 4 and state(gateway)["packets"] == 0
        assert gateway.apply(gateway.policy).returncode == GOOD
        assert xdp.attached(lab.gw, "ext0") == before
        assert gateway.err.count(why) == 1
        foreign.close()
        with other_address(lab.gw):
            wait.until("ours", lambda: "ext0: on, 3 ranges" in gateway.err)
        speak(lab.out, 6)
        wait.until("them", lambda: state(gateway)["packets"] == 6)


@contextmanager
def other_address(host: Host) -> Iterator[None]:
    """The gateway looks at its interfaces when its addresses change."""
    line = ["203.0.113.2/24", "dev", "ext0"]
    host.run(["ip", "addr", "add", *line], check=True)
    try:
        yield
    finally:
        host.run(["ip", "addr", "del", *line], check=True)


class Service(Gateway):
    """With what systemd leaves to it."""

    def argv(self) -> list:
        unit = (ROOT / "share" / "systemd" / "gatehouse.service.in").read_text()
        line = re.search("^CapabilityBoundingSet=(.*)$", unit, re.MULTILINE)[1]
        some = [f"+{word.removeprefix('CAP_').lower()}" for word in line.split()]
        return ["setpriv", "--bounding-set", ",".join(["-all", *some]), *super().argv()]


def test_a_service_may_do_it(early_lab: Lab) -> None:
    with make(early_lab, "on", kind=Service) as gateway:
        if "bpf_xdp_ct_lookup" in gateway.err:
            pytest.skip("nf_conntrack is a module here, which takes more")
        assert state(gateway)["interfaces"][0]["driver"] == "native"


def test_large_frames(early_lab: Lab) -> None:
    """Beyond 3,500 bytes they may come in pieces, which ours can read."""
    gw = early_lab.gw
    gw.run(["ip", "link", "set", "ext0", "mtu", "9000"], check=True)
    try:
        with make(early_lab, "on") as gateway:
            assert state(gateway)["interfaces"][0]["driver"] == "native"
            speak(early_lab.out, 3)
            wait.until("them", lambda: state(gateway)["packets"] == 3)
    finally:
        gw.run(["ip", "link", "set", "ext0", "mtu", "1500"], check=True)


@contextmanager
def bridge(host: Host) -> Iterator[None]:
    """An interface whose driver has no XDP of its own."""
    if host.run(["ip", "link", "add", "ext9", "type", "bridge"]).returncode:
        pytest.skip("this kernel has no bridges")
    try:
        yield
    finally:
        host.run(["ip", "link", "del", "ext9"], check=True)


@pytest.mark.parametrize(
    "mode, driver, why",
    [("on", "generic", None), ("auto", None, "its driver has no XDP")],
)
def test_a_driver_without_it(
    early_lab: Lab, mode: str, driver: str | None, why: str | None
) -> None:
    """Told so it is behind the driver; by itself it is not."""
    policy = POLICY.replace("ext0", "ext0, ext9")
    with bridge(early_lab.gw), make(early_lab, mode, big_list(0), policy) as gateway:
        port = {"name": "ext9", "driver": driver, "why": why}
        assert port in state(gateway)["interfaces"]
        assert ("ext9: on, behind the driver" in gateway.err) == (mode == "on")
        assert bool(xdp.attached(early_lab.gw, "ext9")) == (mode == "on")


def test_an_interface_that_comes_later(early_lab: Lab) -> None:
    policy = POLICY.replace("ext0", "ext0, ext9")
    with make(early_lab, "on", policy=policy) as gateway:
        words = "ext9: there is no such interface now; nftables"
        assert words in gateway.err
        with bridge(early_lab.gw):
            wait.until("it", lambda: "ext9: on, behind the driver" in gateway.err)


def test_the_interface_of_others_too(early_lab: Lab) -> None:
    """One that stands on ext0 with the same address: whose a frame is cannot be
    told where the card takes VLAN tags off."""
    gw = early_lab.gw
    line = ["ip", "link", "add", "link", "ext0", "name", "upper0", "type"]
    for kind in (["vlan", "id", "5"], ["ipvlan"], ["macvlan", "mode", "passthru"]):
        if gw.run([*line, *kind]).returncode == 0:
            break
    else:
        pytest.skip("this kernel has neither VLANs nor ipvlan nor macvlan")
    try:
        with make(early_lab, "on") as gateway:
            assert "upper0 stands on it" in gateway.err
            assert xdp.attached(gw, "ext0") is None
    finally:
        gw.run(["ip", "link", "del", "upper0"], check=True)


def test_a_crash_leaves_the_ruleset(early_lab: Lab) -> None:
    gateway = make(early_lab, "on")
    try:
        gateway.start()
        assert xdp.attached(early_lab.gw, "ext0")
        gateway.kill("gatehoused")
        gateway.wait(10)
        wait.until("it to be gone", lambda: not xdp.attached(early_lab.gw, "ext0"))
        speak(early_lab.out, 3)
        wait.until("them", lambda: of_nft(gateway) == 3)
    finally:
        gateway.stop()
        gateway.command("stop")
    assert gateway.table() == ""


def test_it_ends_with_the_gateway(early_lab: Lab) -> None:
    with make(early_lab, "on"):
        assert xdp.attached(early_lab.gw, "ext0")
    assert xdp.attached(early_lab.gw, "ext0") is None


@pytest.mark.parametrize(
    "mode, listed, why",
    [
        ("off", LISTED, "it is told to be off"),
        ("auto", LISTED, "its lists and the bans have 3 ranges; it pays from 1024 on"),
        ("on", "10.0.0.77\n", "its lists hold no address from elsewhere, and nobody is banned"),
    ],
)
def test_it_is_not_where_it_does_not_pay(
    early_lab: Lab, mode: str, listed: str, why: str
) -> None:
    with make(early_lab, mode, listed) as gateway:
        now = state(gateway)
        assert (now["mode"], now["active"], now["why"]) == (mode, False, why)
        assert xdp.attached(early_lab.gw, "ext0") is None
        assert "early drop" not in gateway.err


def test_a_veth_is_none_that_pays(early_lab: Lab) -> None:
    with make(early_lab, "auto", big_list(0)) as gateway:
        [port] = state(gateway)["interfaces"]
        assert (port["driver"], port["why"]) == (None, "nothing is gained on a veth")
        assert xdp.attached(early_lab.gw, "ext0") is None
        assert "early drop" not in gateway.err


HEAD = """
list worst = addresses "worst.netset"
allow lan -> self
drop bad except 192.0.2.64/27 -> any
allow 198.51.100.7 -> self udp 5000-5001
drop worst, bad -> any
"""
WORST = "198.51.100.0-198.51.100.40\n2001:db8:bad:1::/64\n"
# Among them what is spoofed, local or the gateway's own.
EVERYWHERE = """192.0.2.0/24
203.0.113.0/28
10.0.0.0/24
127.0.0.0/8
169.254.0.0/16
224.0.0.0/4
0.0.0.0/8
2001:db8:bad::/48
2001:db8:f::/120
fe80::/10
"""
SOURCES = """192.0.2.0 192.0.2.64 192.0.2.70 192.0.2.96 192.0.2.255 192.0.3.0
198.51.100.0 198.51.100.7 198.51.100.40 198.51.100.41 203.0.113.1 203.0.113.9
203.0.113.15 203.0.113.16 10.0.0.7 10.0.9.7 127.0.0.1 169.254.9.9 224.0.0.9
0.0.0.9 2001:db8:bad::1 2001:db8:bad:1::1 2001:db8:bae::1 2001:db8:f::1
2001:db8:f::9 2001:db8:f::109 2001:db8:1::7 fe80::7 ff02::9 ::ffff:192.0.2.9
"""
KINDS = [("tcp", 25), ("udp", 5000), ("udp", 5001), ("udp", 9), ("sctp", 9)]
KINDS += [("gre", 0), ("esp", 0), ("icmp", 0)]
GOALS = {
    4: (SELF, "10.0.0.25", "10.0.0.26"),
    6: (SELF6, "2001:db8:1::19", "2001:db8:1::1a"),
}


# One who is listed, one who is not, and two who are only spoken to.
BANNED = ["198.51.100.40/31", "192.0.2.255", "2001:db8:bae::/64"]
BANNED += ["10.0.0.26", "2001:db8:1::1a"]


def every_packet() -> Iterator[bytes]:
    """From each source of each kind, to the gateway and through it."""
    number = itertools.count(1)
    for source in map(ip_address, SOURCES.split()):
        goals = GOALS[source.version]
        for goal, (protocol, port) in itertools.product(goals, KINDS):
            n = next(number)
            kind = "echo-request" if protocol == "icmp" else ""
            ends = source, ip_address(goal), protocol
            yield frames.internet(Packet(n, *ends, 20000 + n, port, kind))


def hardware(host: Host, interface: str) -> bytes:
    argv = ["ip", "-j", "link", "show", "dev", interface]
    [link] = json.loads(host.run(argv, check=True).stdout)
    return bytes.fromhex(link["address"].replace(":", ""))


def what_was_counted(lab: Lab, mode: str) -> tuple[dict, int]:
    """Packets and bytes of each rule, and the kernel's own counters."""
    policy = POLICY.replace("drop bad -> any", HEAD)
    with ExitStack() as stack:
        gateway = make(lab, mode, EVERYWHERE, policy)
        (gateway.dir / "worst.netset").write_text(WORST)
        stack.enter_context(gateway)
        for one in BANNED:
            command(gateway, "ban", one)
        ends = hardware(lab.out, "eth0"), hardware(lab.gw, "ext0")
        wire = stack.enter_context(namespace.inside(lab.out.namespace, packet_socket))
        for packet in every_packet():
            wire.send(frames.ethernet(packet, *ends))
        lab.web.connect("10.0.0.25", 2525).close()  # behind all of them
        now = status(gateway)
        rules = {r["line"]: (r["packets"], r["bytes"]) for r in now["rules"]}
        # What was passed on depends on how the last connection closes.
        kernel = {k: n for k, n in now["kernel"].items() if "forwarded" not in k}
        return {"rules": rules, "kernel": kernel}, now["early_drop"]["packets"]


def packet_socket() -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind(("eth0", 0))
    return sock


def test_all_is_counted_as_without_it(early_lab: Lab) -> None:
    """The same packets, the same rules, the same numbers."""
    with_it, early = what_was_counted(early_lab, "on")
    without, none = what_was_counted(early_lab, "off")
    assert with_it == without
    # Eight sources that are not banned, TCP and UDP to both who are not: 64 by
    # rules; the others by bans, but for what goes up to be logged.
    assert early > 150 and none == 0
