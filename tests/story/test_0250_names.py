# SPDX-License-Identifier: GPL-2.0-or-later
"""Names hold for protocols that show none: `allow lan -> .ssh.example tcp 22`.

The gateway answers the DNS of its zones, asks a name server on `out` whose
answers each story chooses, and lets packets in by the addresses that it gave.
`web` has addresses enough for every story to have its own; all greet on TCP 22
and 2222, and send back what comes to UDP 7777."""

import ipaddress
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator

import pytest

from tests.lab import wait
from tests.lab.dig import dig
from tests.lab.flows import ANSWER, REFUSED, of_socket
from tests.lab.gateway import SANITIZED, Gateway, gatehouse
from tests.lab.host import Host, family_of
from tests.lab.journal import Journal
from tests.lab.lab import Lab
from tests.lab.process import memory_kib
from tests.lab.zoneserver import Question, ZoneServer, address, alias, name_bytes
from tests.story.zones import ZONES, line_of

GW, GW6, GUEST_GW = "10.0.0.1", "2001:db8:1::1", "10.0.9.1"
POLICY = (
    ZONES
    + """
proxy { intercept tcp 80, tcp 443, udp 443 for lan }
dns {
    listen 10.0.0.1, 2001:db8:1::1 for lan
    listen 10.0.9.1 for guest
    upstream 203.0.113.9
    local .corp.ssh.example
    grace 1s
    limit 100000/s burst 100000 per source
}
reject lan -> bad.ssh.example      tcp 22    log as "bad"
allow  lan -> .ssh.example         tcp 22    log as "ssh"
allow  lan -> .udp.example         udp 7777
allow  lan -> wan except no.example tcp 2222 as "except"
allow  guest -> .guest.example     tcp 22
allow  lan -> .example             tcp 443
reject lan, guest -> any                     log as "rest"
drop   any -> any                            log
"""
)

DEPRECATED = "preferred_lft 0"  # what web sends of itself has its own address
_free = iter(range(100, 250))


def places() -> tuple[str, str]:
    """Two addresses of web that no other story has."""
    number = next(_free)
    return f"203.0.113.{number}", f"2001:db8:f::{number}"


def answers(*records: bytes) -> Callable[[Question], list[bytes]]:
    """Those of the type that is asked for, and aliases."""

    def answer(question: Question) -> list[bytes]:
        kinds = (question.type, 5)
        return [question.reply(*[r for r in records if _type_of(r) in kinds])]

    return answer


def _type_of(record: bytes) -> int:
    at = record.index(b"\0") + 1
    return struct.unpack_from("!H", record, at)[0]


def greet(conn: socket.socket) -> None:
    conn.sendall(b"hello\n")
    while data := conn.recv(100):
        conn.sendall(data)


def change_places(lab: Lab, verb: str) -> None:
    batch = "".join(
        f"addr {verb} 203.0.113.{n}/24 dev eth0\n"
        f"addr {verb} 2001:db8:f::{n}/64 dev eth0 {DEPRECATED if verb == 'add' else ''}\n"
        for n in range(100, 250)
    )
    lab.web.run(["ip", "-batch", "-"], input=batch, check=True)


def prepare(lab: Lab) -> None:
    change_places(lab, "add")
    lab.web.serve(22, greet)
    lab.web.serve(2222, greet)
    lab.web.serve_udp_echo(7777)


@pytest.fixture(scope="module")
def server(gateway_lab: Lab) -> Iterator[ZoneServer]:
    prepare(gateway_lab)
    yield ZoneServer(gateway_lab.out)
    gateway_lab.out.stop()
    for listener in gateway_lab.web.listeners[-3:]:
        listener.close()
        gateway_lab.web.listeners.remove(listener)
    change_places(gateway_lab, "del")


@pytest.fixture(scope="module")
def gateway(gateway_lab: Lab, server: ZoneServer) -> Iterator[Gateway]:
    with Gateway(gateway_lab, POLICY) as gateway:
        yield gateway


@pytest.fixture
def lan(gateway: Gateway) -> Host:
    return gateway.lab.lan


@pytest.fixture
def guest(gateway: Gateway) -> Host:
    return gateway.lab.guest


def hear(host: Host, to: str, port: int = 22) -> str:
    def talk() -> bytes:
        with host.connect(to, port, 1.0) as sock:
            return sock.recv(100)

    return of_socket(talk)


def echo(host: Host, to: str, port: int = 7777) -> str:
    def talk() -> bytes:
        with host.udp(family_of(to), 1.0) as sock:
            sock.connect((to, port))
            sock.send(b"hello")
            return sock.recv(100)

    return of_socket(talk)


def names(gateway: Gateway, word: str) -> list[dict]:
    done = gateway.command("names", "--json", word)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# What a name opens.


def test_refused_before_the_question_and_open_behind_the_answer(
    server: ZoneServer, lan: Host
) -> None:
    four, six = places()
    server["git.ssh.example"] = answers(
        address("git.ssh.example", four), address("git.ssh.example", six)
    )
    assert (hear(lan, four), hear(lan, six)) == (REFUSED, REFUSED)
    assert dig(lan, GW, "git.ssh.example").data == [four]
    assert (hear(lan, four), hear(lan, six)) == (ANSWER, REFUSED)
    assert dig(lan, GW, "git.ssh.example", "AAAA").data == [six]
    assert hear(lan, six) == ANSWER
    # Another port is another service.
    assert hear(lan, four, 23) == REFUSED


def test_the_first_packet_never_comes_too_early(
    server: ZoneServer, lan: Host
) -> None:
    """No second SYN is needed: what is answered is in the kernel already."""
    for i in range(20):
        name, (four, _) = f"early{i}.ssh.example", places()
        server[name] = answers(address(name, four))
        question = struct.pack("!6H", i, 0x0100, 1, 0, 0, 0)
        question += name_bytes(name) + struct.pack("!2H", 1, 1)
        with lan.udp() as sock, lan.open_socket(2, socket.SOCK_STREAM) as tcp:
            sock.sendto(question, (GW, 53))
            tcp.settimeout(0.8)  # less than the second SYN waits
            sock.recv(512)
            tcp.connect((four, 22))


def test_only_the_zone_that_asked(server: ZoneServer, lan: Host, guest: Host) -> None:
    four, _ = places()
    for name in ("x.ssh.example", "x.guest.example"):
        server[name] = answers(address(name, four))
    dig(lan, GW, "x.ssh.example")
    assert (hear(lan, four), hear(guest, four)) == (ANSWER, REFUSED)
    dig(guest, GUEST_GW, "x.guest.example")
    assert hear(guest, four) == ANSWER


def test_the_name_that_was_asked_for_and_no_alias(
    server: ZoneServer, lan: Host
) -> None:
    (mine, _), (other, _) = places(), places()
    server["www.ssh.example"] = answers(
        alias("www.ssh.example", "edge.cdn.example"), address("edge.cdn.example", mine)
    )
    server["www.cdn.example"] = answers(
        alias("www.cdn.example", "in.ssh.example"), address("in.ssh.example", other)
    )
    assert mine in dig(lan, GW, "www.ssh.example").data
    assert other in dig(lan, GW, "www.cdn.example").data
    assert (hear(lan, mine), hear(lan, other)) == (ANSWER, REFUSED)


def test_two_names_at_one_address(
    gateway: Gateway, server: ZoneServer, lan: Host, journal: Journal
) -> None:
    """The list decides, for the address tells them not apart."""
    four, _ = places()
    for name in ("good.ssh.example", "bad.ssh.example"):
        server[name] = answers(address(name, four))
    dig(lan, GW, "good.ssh.example")
    assert hear(lan, four) == ANSWER
    dig(lan, GW, "bad.ssh.example")
    assert hear(lan, four) == REFUSED
    refused = journal.wait(kind="packet", destination=four, verdict="reject")
    assert refused.rule_name == "bad"
    warnings = json.loads(gatehouse("check", "--json", gateway.policy).stdout)
    [warning] = [w for w in warnings["warnings"] if w["kind"] == "approximate"]
    assert line_of(POLICY, "bad.ssh.example") in warning["by"]


def test_a_name_behind_except(server: ZoneServer, lan: Host) -> None:
    (one, _), (no, _) = places(), places()
    server["no.example"] = answers(address("no.example", no))
    assert (hear(lan, one, 2222), hear(lan, no, 2222)) == (ANSWER, ANSWER)
    dig(lan, GW, "no.example")
    assert (hear(lan, one, 2222), hear(lan, no, 2222)) == (ANSWER, REFUSED)


def test_datagrams_too(gateway: Gateway, server: ZoneServer, lan: Host) -> None:
    four, six = gateway.lab.web.ip4, gateway.lab.web.ip6  # which it answers from
    server["a.udp.example"] = answers(
        address("a.udp.example", four), address("a.udp.example", six)
    )
    assert echo(lan, four) == REFUSED
    dig(lan, GW6, "a.udp.example")
    dig(lan, GW6, "a.udp.example", "AAAA")
    assert (echo(lan, four), echo(lan, six)) == (ANSWER, ANSWER)


# What it does not.


def test_an_answer_that_leads_inside_opens_nothing(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """The guard refuses it; and of a name that may be at home, the kernel."""
    gateway.lab.guest.serve(22, greet)
    rows = {
        "rebind.ssh.example": gateway.lab.guest.ip4,
        "self.ssh.example": "203.0.113.1",
        "loop.ssh.example": "127.0.0.1",
    }
    for name, to in rows.items():
        server[name] = answers(address(name, to))
        assert dig(lan, GW, name).status == "NXDOMAIN"
        assert names(gateway, name) == []
    server["home.corp.ssh.example"] = answers(
        address("home.corp.ssh.example", gateway.lab.guest.ip4)
    )
    dig(lan, GW, "home.corp.ssh.example")
    assert hear(lan, gateway.lab.guest.ip4) == REFUSED
    gateway.lab.guest.stop()


def test_nobody_else_can_say_it(server: ZoneServer, lan: Host) -> None:
    """A forged answer reaches the client; to the gateway it says nothing."""
    four, _ = places()
    with lan.udp() as sock:
        sock.bind((lan.ip4, 53))
        forged = struct.pack("!6H", 7, 0x8180, 1, 1, 0, 0)
        forged += name_bytes("evil.ssh.example") + struct.pack("!2H", 1, 1)
        forged += address("evil.ssh.example", four)
        sock.sendto(forged, (GW, 53))
    assert hear(lan, four) == REFUSED


# Time.


def test_its_time_ends_and_what_has_begun_goes_on(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    (short, _), (long, _) = places(), places()
    server["short.ssh.example"] = answers(address("short.ssh.example", short, 1))
    server["long.ssh.example"] = answers(address("long.ssh.example", long, 600))
    dig(lan, GW, "long.ssh.example")
    began = time.monotonic()
    dig(lan, GW, "short.ssh.example")
    with lan.connect(short, 22) as living:
        assert living.recv(100) == b"hello\n"
        wait.until("its time is over", lambda: hear(lan, short) == REFUSED, 6)
        # TTL and grace, and what the clock of the kernel's sweep may add.
        assert time.monotonic() - began >= 1.9
        assert hear(lan, long) == ANSWER
        assert names(gateway, "short.ssh.example") == []
        changed = POLICY.replace('as "rest"', 'as "others"')
        assert gateway.apply(changed).returncode == 0
        living.sendall(b"still here")
        assert living.recv(100) == b"still here"
        assert (hear(lan, short), hear(lan, long)) == (REFUSED, ANSWER)
        # Without the rule it has no right to be there.
        gone = POLICY.replace(".ssh.example         tcp 22", "x.example tcp 22")
        assert gateway.apply(gone).returncode == 0
        with pytest.raises(OSError):
            while living.send(b"x"):
                living.recv(100)
    assert gateway.apply(POLICY).returncode == 0
    dig(lan, GW, "short.ssh.example")
    assert (hear(lan, short), hear(lan, long)) == (ANSWER, ANSWER)


def test_another_policy_knows_what_was_learned_before(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """No rule has asked for the name when it was answered."""
    four, _ = places()
    server["later.example"] = answers(address("later.example", four))
    dig(lan, GW, "later.example")
    wait.until("it is learned", lambda: names(gateway, "later.example"))
    assert hear(lan, four) == REFUSED
    more = POLICY.replace(".ssh.example         tcp", ".ssh.example, later.example tcp")
    assert gateway.apply(more).returncode == 0
    assert hear(lan, four) == ANSWER
    assert gateway.apply(POLICY).returncode == 0
    assert hear(lan, four) == REFUSED


def test_a_proxy_that_dies_takes_no_name_along(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    (one, _), (two, _) = places(), places()
    for name, to in (("one.ssh.example", one), ("two.ssh.example", two)):
        server[name] = answers(address(name, to))
    dig(lan, GW, "one.ssh.example")
    gateway.kill("gatehouse-proxy")
    assert hear(lan, one) == ANSWER
    wait.until("it answers again", lambda: dig(lan, GW, "two.ssh.example").data, 6)
    assert (hear(lan, one), hear(lan, two)) == (ANSWER, ANSWER)


# What is said of it.


def test_it_is_listed_and_told(
    gateway: Gateway, server: ZoneServer, lan: Host, journal: Journal
) -> None:
    four, _ = places()
    server["told.ssh.example"] = answers(address("told.ssh.example", four, 600))
    dig(lan, GW, "told.ssh.example")
    [one] = names(gateway, "told.ssh.example")
    assert (one["zone"], one["address"]) == ("lan", four)
    assert 590 <= one["left_seconds"] <= 601
    assert line_of(POLICY, '"ssh"') in one["rules"]
    text = gateway.command("names", "told.ssh").stdout
    assert f"{four}  told.ssh.example  line " in text.replace("    ", "  ")
    with lan.connect(four, 22) as sock:
        sock.recv(100)
        flows = gateway.command("flows", "--json", "to", four).stdout.splitlines()
        assert [json.loads(f)["name"] for f in flows] == ["told.ssh.example"]
    assert hear(lan, four, 24) == REFUSED
    event = journal.wait(kind="packet", destination=four, port=24)
    assert (event.name, event.rule_name) == ("told.ssh.example", "rest")
    opened = journal.wait(kind="packet", destination=four, port=22)
    assert (opened.name, opened.verdict) == ("told.ssh.example", "allow")
    done = gateway.command("explain", "--running", "--json", f"lan 10.0.0.4 -> {four} tcp 22")
    answer = json.loads(done.stdout)
    assert (answer["verdict"], answer["phase"]) == ("allow", "packet")
    assert answer["rule"]["line"] == line_of(POLICY, '"ssh"')
    assert gateway.explain("lan 10.0.0.4 -> told.ssh.example tcp 22")["verdict"] == "allow"
    assert gateway.explain(f"lan 10.0.0.4 -> {four} tcp 22")["verdict"] == "reject"


# Many.


class Every(dict):
    """Each name under many.ssh.example is at an address of its own."""

    def get(self, name: str, default=None):
        if not name.endswith(".many.ssh.example"):
            return super().get(name, default)
        number = int(name.split(".")[0])
        there = str(ipaddress.ip_address("198.18.0.0") + number)
        return answers(address(name, there, 300))


def ask_many(lan: Host, first: int, count: int, window: int = 100) -> None:
    """One socket, so many on their way at a time."""
    with lan.udp(timeout=5) as sock:
        sock.connect((GW, 53))
        for i in range(count + window):
            if i < count:
                name = name_bytes(f"{first + i}.many.ssh.example")
                head = struct.pack("!6H", i & 0xFFFF, 0x0100, 1, 0, 0, 0)
                sock.send(head + name + struct.pack("!2H", 1, 1))
            if i >= window:
                sock.recv(512)


def memory_of(gateway: Gateway, program: str) -> int:
    [pid] = gateway.pids(program)
    return memory_kib(pid)


def test_a_thousand_names_a_second(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """Each is in the kernel when it is answered, and memory has a bound."""
    server.answers = Every(server.answers)
    ask_many(lan, 0, 200)
    before = memory_of(gateway, "gatehoused")
    began = time.monotonic()
    ask_many(lan, 1000, 3000)
    took = time.monotonic() - began
    print(f"3,000 names in {took:.2f} s")
    assert took < 6
    known = gateway.lab.gw.run(["nft", "list", "table", "inet", "gatehouse"]).stdout
    assert all(f"198.18.{n >> 8}.{n & 255} " in known for n in range(1000, 4000))
    grown = memory_of(gateway, "gatehoused") - before
    print(f"{grown} kB for 3,000 names")
    assert SANITIZED or grown < 8192
    status = gateway.command("status").stdout
    assert " dns_unlearned" not in status or " 0 dns_unlearned" in status


# A life of its own.


def test_the_next_life_knows_what_the_last_one_learned(
    own_lab: Lab,
) -> None:
    prepare(own_lab)
    server = ZoneServer(own_lab.out)
    four = "203.0.113.120"
    server["kept.ssh.example"] = answers(address("kept.ssh.example", four, 600))
    gateway = Gateway(own_lab, POLICY)
    with gateway:
        dig(own_lab.lan, GW, "kept.ssh.example")
        assert hear(own_lab.lan, four) == ANSWER
        gateway.kill("gatehoused")
        # The rules stand, and what they have learned.
        assert hear(own_lab.lan, four) == ANSWER
        gateway.wait(10)
        gateway.start()
        assert names(gateway, "kept.ssh.example")
        assert hear(own_lab.lan, four) == ANSWER
    assert server.count("kept.ssh.example") == 1
