# SPDX-License-Identifier: GPL-2.0-or-later
"""The gateway's DNS: what it keeps, whom it asks, what it refuses.

The gateway asks a name server on `out` (zoneserver.py) whose answers each story
chooses; names are the story's own, so that none hears another's answers."""

import json
import re
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from tests.lab import wait
from tests.lab.dig import dig
from tests.lab.gateway import Gateway
from tests.lab.host import Host
from tests.lab.journal import Journal
from tests.lab.zoneserver import (
    NO_NAME,
    SHORT,
    ZoneServer,
    address,
    alias,
    name_bytes,
    record,
    soa,
)
from tests.story.zones import ZONES, line_of

GW = "10.0.0.1"
GW6 = "2001:db8:1::1"
WEB = "203.0.113.80"
POLICY = (
    ZONES
    + """
dns {
    listen 10.0.0.1, 2001:db8:1::1 for lan
    intercept guest
    upstream 203.0.113.9
    local .corp.example
    limit 300/s burst 600 per source
}
reject lan -> .ads.example         log as "ads"
drop   lan -> silent.example       log as "silence"
reject lan -> any                  method POST
reject lan -> 203.0.113.66         log as "bad"
allow  lan -> wan                  tcp 80
allow  lan -> printer.corp.example tcp 80
allow  lan -> self                 tcp 22
allow  guest -> .open.example      tcp 443
allow  guest -> 10.0.0.200         tcp 9100
drop   any -> any                  log
"""
)


@pytest.fixture(scope="module")
def server(gateway_lab) -> Iterator[ZoneServer]:
    server = ZoneServer(gateway_lab.out)
    yield server
    gateway_lab.out.stop()


@pytest.fixture(scope="module")
def gateway(gateway_lab, server) -> Iterator[Gateway]:
    with Gateway(gateway_lab, POLICY) as gateway:
        yield gateway


@pytest.fixture
def lan(gateway: Gateway) -> Host:
    return gateway.lab.lan


@pytest.fixture
def guest(gateway: Gateway) -> Host:
    return gateway.lab.guest


def counters(gateway: Gateway) -> dict[str, int]:
    words = gateway.command("status").stdout.split()
    return {w: int(n) for n, w in zip(words, words[1:]) if n.isdigit()}


def question(name: str, kind: int = 1, number: int = 7) -> bytes:
    words = name_bytes(name) + struct.pack("!HH", kind, 1)
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + words


def ask(host: Host, server: str, message: bytes, timeout: float) -> bytes:
    """The answer to a datagram; empty if there is none."""
    with host.udp(timeout=timeout) as sock:
        sock.sendto(message, (server, 53))
        try:
            return sock.recv(4096)
        except TimeoutError:
            return b""


def is_silent(host: Host, server: str, name: str, kind: int = 1) -> bool:
    return ask(host, server, question(name, kind), 0.4) == b""


def test_an_answer_is_kept_and_grows_older(server: ZoneServer, lan: Host) -> None:
    """The TTL is the rest of it; the server is asked once; letters come back."""
    server["kept.example"] = lambda q: [q.reply(address("kept.example", WEB, 60))]
    first = dig(lan, GW, "kept.example")
    assert (first.status, first.data) == ("NOERROR", [WEB])
    assert first.records[0][1] == 60
    older = wait.until(
        "it grows older",
        lambda: (d := dig(lan, GW, "KEPT.Example")).records[0][1] < 60 and d,
    )
    assert older.data == [WEB] and "KEPT.Example" in older.text
    assert server.count("kept.example") == 1


def test_both_families_and_ways(server: ZoneServer, lan: Host) -> None:
    server["both.example"] = lambda q: [
        q.reply(
            address("both.example", WEB if q.type == 1 else "2001:db8:f::80"),
        )
    ]
    for way, word in (("+notcp", "UDP"), ("+tcp", "TCP")):
        four, six = (dig(lan, at, "both.example", way) for at in (GW, GW6))
        assert four.data == six.data == [WEB]
        assert (four.way, six.way) == (word, word)
    assert dig(lan, GW6, "both.example", "AAAA").data == ["2001:db8:f::80"]


def test_what_there_is_not(server: ZoneServer, lan: Host) -> None:
    """RFC 2308: for as long as the SOA says, and not where there is none."""
    server["none.example"] = lambda q: [
        q.reply(code=NO_NAME, authority=(soa("example", 900, 30),))
    ]
    server["bare.example"] = lambda q: [q.reply(code=NO_NAME)]
    for name in ("none.example", "bare.example"):
        assert [dig(lan, GW, name).status for _ in range(2)] == ["NXDOMAIN"] * 2
    assert dig(lan, GW, "none.example").authority[0][1] <= 30
    assert (server.count("none.example"), server.count("bare.example")) == (1, 2)


def test_each_question_is_hard_to_guess(server: ZoneServer, lan: Host) -> None:
    """Ports, ids and letters are others each time."""
    for i in range(12):
        dig(lan, GW, f"guess{i}.chance.example")
    asked = [q for q in server.asked if q.name.endswith(".chance.example")]
    assert len({q.port for q in asked}) >= 11
    assert len({q.id for q in asked}) >= 11
    assert len({q.spelling[-14:] for q in asked}) >= 8


def test_a_rule_refuses_and_says_which(
    gateway: Gateway, server: ZoneServer, lan: Host, journal: Journal
) -> None:
    refused = dig(lan, GW, "x.ads.example")
    assert (refused.status, refused.error) == ("NXDOMAIN", "15 (Blocked): (rule ads)")
    assert dig(lan, GW, "_sip._tcp.x.ads.example", "SRV").status == "NXDOMAIN"
    assert is_silent(lan, GW, "silent.example")
    found = journal.wait(kind="dns", name="silent.example")
    assert found.verdict == "drop"
    assert found.rule_line == line_of(POLICY, "silent.example")
    assert journal.wait(kind="dns", name="x.ads.example").rule_name == "ads"
    said = gateway.command("log", "name", "x.ads.example").stdout
    assert re.search(r" reject lan \S+ asks x\.ads\.example proxy/name \"ads\"", said), said
    assert not server.count("x.ads.example") and not server.count("silent.example")


def test_why_asks_the_question_again(gateway: Gateway, lan: Host, journal) -> None:
    """Not a flow to port 53; and what is no flow at all is not the last of them."""
    assert dig(lan, GW, "again.ads.example").status == "NXDOMAIN"
    journal.wait(kind="dns", name="again.ads.example")
    assert gateway.apply(POLICY + "# another\n").returncode == 0
    assert gateway.apply(POLICY).returncode == 0
    said = gateway.command("why", "last", "rule", "ads").stdout
    assert "asks again.ads.example" in said and "says the same" in said, said


def test_a_refusal_may_hang_on_the_address(
    server: ZoneServer, lan: Host, guest: Host
) -> None:
    """Where nothing may go to any of its addresses, by the same rules."""
    server["bad.open.example"] = lambda q: [
        q.reply(address("bad.open.example", "203.0.113.66"))
    ]
    refused = dig(lan, GW, "bad.open.example")
    assert (refused.status, refused.error) == ("NXDOMAIN", "15 (Blocked): (rule bad)")
    assert dig(guest, "203.0.113.53", "bad.open.example").status == "NOERROR"


# Who asks, for what, and its address, if there is one.
QUESTIONS = [
    ("lan", "why.ads.example", None),
    ("lan", "_sip._tcp.why.ads.example", None),
    ("lan", "silent.example", None),
    ("lan", "why.example", WEB),
    ("lan", "why-not.example", "203.0.113.66"),
    ("lan", "why-inside.example", "10.0.0.200"),
    ("lan", "printer.corp.example", "10.0.0.200"),
    ("guest", "why.open.example", WEB),
    ("guest", "why.example", WEB),
]


@pytest.mark.parametrize("who, name, there", QUESTIONS)
def test_explain_says_what_is_done(
    gateway: Gateway, server: ZoneServer, who: str, name: str, there: str | None
) -> None:
    host: Host = getattr(gateway.lab, who)
    if there:
        server[name] = lambda q: [q.reply(address(name, there))]
    asks = f"{who} {host.ip4} asks {name}" + (f" address {there}" if there else "")
    done = gateway.command("explain", "--json", "--running", asks)
    said = json.loads(done.stdout)
    assert said["question"] and said["enforcer"] == "proxy"
    if said["verdict"] == "drop":
        assert is_silent(host, GW if who == "lan" else "203.0.113.53", name)
        return
    answer = dig(host, GW if who == "lan" else "203.0.113.53", name)
    assert answer.status == {"allow": "NOERROR", "reject": "NXDOMAIN"}[said["verdict"]]
    if said["verdict"] == "allow":
        assert answer.data == [there]
    elif said["rule"] and said["rule"]["name"]:
        assert answer.error == f"15 (Blocked): (rule {said['rule']['name']})"


def test_names_of_addresses_are_judged_as_addresses(
    server: ZoneServer, lan: Host
) -> None:
    """A reverse name of the wan may be asked; of what lies inside there is none,
    and nobody outside is told that it was asked for (RFC 6303)."""
    reverse = "80.113.0.203.in-addr.arpa"
    pointer = record(reverse, "PTR", 60, name_bytes("www.example"))
    server[reverse] = lambda q: [q.reply(pointer)]
    assert dig(lan, GW, reverse, "PTR").data == ["www.example."]
    inside = "4.9.0.10.in-addr.arpa"
    # Apple's devices ask so of each network that they are in (RFC 6763, 11).
    for name in (inside, "lb._dns-sd._udp.0.0.0.10.in-addr.arpa"):
        assert dig(lan, GW, name, "PTR").status == "NXDOMAIN"
        assert not server.count(name)
    assert is_silent(lan, GW, "66.113.0.203.in-addr.arpa", 12) is False
    assert not server.count("66.113.0.203.in-addr.arpa")  # rejected


def test_names_outside_do_not_lead_inside(
    gateway: Gateway, server: ZoneServer, lan: Host, journal: Journal
) -> None:
    """Private, of a zone, loopback, the gateway's own; one is one too many."""
    inside = ["10.0.0.200", "192.168.7.1", "127.0.0.1", "10.0.9.1", "169.254.0.5"]
    inside += ["2001:db8:1::200", "fd00::1", "::1", "::ffff:10.0.0.200"]
    inside += ["64:ff9b::10.0.0.200", "64:ff9b::127.0.0.1", "2002:a00:c8::1"]
    for i, value in enumerate(inside):
        name = f"in{i}.rebind.example"
        server[name] = lambda q, name=name, value=value: [
            q.reply(
                address(name, WEB if ":" not in value else "2001:db8:f::80"),
                address(name, value),
            )
        ]
        kind = "AAAA" if ":" in value else "A"
        refused = dig(lan, GW, name, kind)
        words = "15 (Blocked): (the answer leads inside)"
        assert (refused.status, refused.error) == ("NXDOMAIN", words), value
    found = journal.wait(kind="dns", name="in0.rebind.example")
    assert (found.verdict, found.reason) == ("reject", "its answer leads inside")
    hint = struct.pack("!HBHH4s", 1, 0, 4, 4, socket.inet_aton("10.0.0.200"))
    server["hint.example"] = lambda q: [
        q.reply(record("hint.example", "HTTPS", 60, hint))
    ]
    assert dig(lan, GW, "hint.example", "HTTPS").status == "NXDOMAIN"
    for name in ("printer.corp.example", "own.example"):
        there = "10.0.0.200" if "corp" in name else "203.0.113.1"
        server[name] = lambda q, name=name, there=there: [
            q.reply(address(name, there))
        ]
        assert dig(lan, GW, name).data == [there]


def test_interception(server: ZoneServer, guest: Host, lan: Host) -> None:
    """Whomever the guest asks, the gateway answers in his name, or not at all."""
    server["www.open.example"] = lambda q: [
        q.reply(
            address("www.open.example", WEB if q.type == 1 else "2001:db8:f::80")
        )
    ]
    for way in ("+notcp", "+tcp"):
        four = dig(guest, "203.0.113.80", "www.open.example", way)
        six = dig(guest, "2001:db8:f::80", "www.open.example", "AAAA", way)
        assert (four.data, four.server) == ([WEB], "203.0.113.80")
        assert (six.data, six.server) == (["2001:db8:f::80"], "2001:db8:f::80")
    assert is_silent(guest, "203.0.113.80", "other.example")
    assert not server.count("other.example")
    # Nobody listens there for the guest, and the lan's are not intercepted.
    assert is_silent(guest, "10.0.9.1", "www.open.example")
    assert is_silent(lan, "203.0.113.80", "www.open.example")


def test_what_is_long_comes_by_tcp(server: ZoneServer, lan: Host) -> None:
    """Both ways: a cut answer is asked for again, and ours is cut for UDP."""
    many = [f"203.0.113.{i}" for i in range(100, 200)]

    def answer(q):
        if q.way == "udp":
            return [q.reply(flags=SHORT)]
        return [q.reply(*(address("long.example", one) for one in many))]

    server["long.example"] = answer
    cut = dig(lan, GW, "long.example", "+ignore")
    assert "tc" in cut.flags and cut.records == []
    whole = dig(lan, GW, "long.example")
    assert whole.way == "TCP" and whole.data == sorted(many)
    assert [q.way for q in server.asked if q.name == "long.example"] == ["udp", "tcp"]


def test_stale_answers_where_nobody_answers(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """RFC 8767: what was known stands in, and says so; then the truth again."""
    server["stale.example"] = lambda q: [q.reply(address("stale.example", WEB, 1))]
    assert dig(lan, GW, "stale.example").data == [WEB]
    server.is_silent = True
    try:
        stale = wait.until(
            "it is stale",
            lambda: (d := dig(lan, GW, "stale.example", timeout=6)).error and d,
            timeout=20,
        )
        assert stale.data == [WEB] and stale.records[0][1] == 30
        assert stale.error.startswith("3 (Stale Answer)")
        begin = time.monotonic()
        assert dig(lan, GW, "stale.example").error  # nobody is asked again yet
        assert time.monotonic() - begin < 1
        gone = dig(lan, GW, "gone.example", timeout=7)
        assert gone.status == "SERVFAIL" and gone.error.startswith("22 ")
    finally:
        server.is_silent = False


def lies(q) -> list[bytes]:
    """All but the last are not the answer to this question."""
    wrong = address(q.name, "203.0.113.6")
    return [
        q.reply(wrong, id=q.id ^ 1),
        q.reply(wrong, words=name_bytes("other.example") + q.words[-4:]),
        q.reply(wrong)[:7],
    ]


def test_what_is_not_the_answer_is_passed_over(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """Wrong id, question, letters, length; and who tries often is met by TCP."""
    server["lies.example"] = lambda q: (
        [*lies(q)[:2], q.reply(address(q.name, WEB))]
        if q.way == "udp"
        else [q.reply(address(q.name, "203.0.113.7"))]
    )
    server["flood.example"] = lambda q: (
        lies(q) if q.way == "udp" else [q.reply(address(q.name, WEB))]
    )
    server["small.example"] = lambda q: [
        q.reply(
            address(q.name, "203.0.113.6" if q.way == "udp" else WEB),
            words=(q.words.lower() if q.words != q.words.lower() else q.words.upper())
            if q.way == "udp"
            else None,
        )
    ]
    before = counters(gateway).get("dns_strangers", 0)
    for name in ("lies", "flood", "small"):
        assert dig(lan, GW, name + ".example").data == [WEB], name
    assert counters(gateway)["dns_strangers"] - before >= 6


def test_an_answer_is_believed_of_its_own_name_alone(
    server: ZoneServer, lan: Host
) -> None:
    """Records beside the chain of aliases reach nobody, nor the cache."""
    victim = address("victim.example", "203.0.113.6", 9999)
    server["attack.example"] = lambda q: [
        q.reply(
            alias("attack.example", "end.example"),
            victim,
            address("end.example", WEB),
            authority=(record("example", "NS", 9999, name_bytes("ns.evil.example")),),
            more=(victim,),
        )
    ]
    server["victim.example"] = lambda q: [q.reply(address("victim.example", WEB))]
    got = dig(lan, GW, "attack.example")
    assert [(n, k) for n, _, k, _ in got.records] == [
        ("attack.example.", "CNAME"),
        ("end.example.", "A"),
    ]
    assert "victim" not in got.text and "evil" not in got.text
    assert dig(lan, GW, "victim.example").data == [WEB]


def test_answers_that_are_none(server: ZoneServer, lan: Host) -> None:
    """Loops of aliases and of pointers, lying lengths: SERVFAIL, and no more."""
    loop = struct.pack("!HHHIH", 0xC000 | 12, 5, 1, 60, 2)
    bad = {
        "circle": lambda q: q.reply(
            alias(q.name, "a.example"), alias("a.example", q.name)
        ),
        "pointer": lambda q: q.reply(b"\xc0\x1f" + loop[2:] + b"\xc0\x2b"),
        "length": lambda q: q.reply(
            name_bytes(q.name) + struct.pack("!HHIH", 1, 1, 60, 900) + b"\1\2\3\4"
        ),
        "count": lambda q: q.reply()[:7] + b"\xff" + q.reply()[8:],
    }
    for word, answer in bad.items():
        server[word + ".bad.example"] = lambda q, answer=answer: [answer(q)]
        assert dig(lan, GW, word + ".bad.example", timeout=6).status == "SERVFAIL", word
    server["fine.bad.example"] = lambda q: [q.reply(address(q.name, WEB))]
    assert dig(lan, GW, "fine.bad.example").data == [WEB]


def test_messages_that_are_no_questions(gateway: Gateway, lan: Host) -> None:
    """FORMERR, NOTIMP, BADVERS or silence; and the next is answered."""
    words = name_bytes("odd.example") + struct.pack("!HH", 1, 1)

    def head(flags: int, *counts: int) -> bytes:
        return struct.pack("!6H", 7, flags, *counts)

    opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)
    version = b"\0" + struct.pack("!HHIH", 41, 1232, 1 << 16, 0)
    pointer = b"\xc0\x0c" + struct.pack("!HH", 1, 1)
    assert ask(lan, GW, b"\0" * 5, 0.3) == b""
    assert ask(lan, GW, head(0x8180, 1, 0, 0, 0) + words, 0.3) == b""
    for message, code in [
        (head(0x0100, 2, 0, 0, 0) + words + words, 1),
        (head(0x0100, 1, 0, 0, 0) + pointer, 1),
        (head(0x0100, 1, 0, 0, 0) + words[:-2], 1),
        (head(0x0100, 1, 0, 0, 2) + words + opt + opt, 1),
        (head(0x0100, 1, 0, 0, 1) + words + opt[:-3], 1),
        (head(0x2900, 1, 0, 0, 0) + words, 4),
        (head(0x0100, 1, 0, 0, 0) + words[:-2] + b"\0\3", 5),  # class CH
    ]:
        answer = ask(lan, GW, message, 2)
        assert answer[:2] == message[:2] and answer[3] & 15 == code, message
    answer = ask(lan, GW, head(0x0100, 1, 0, 0, 1) + words + version, 2)
    assert answer[-6] == 1  # BADVERS
    assert dig(lan, GW, "axfr.example", "AXFR").status in ("REFUSED", "")
    assert dig(lan, GW, "kept.example").status != ""


def test_many_questions_on_one_connection(server: ZoneServer, lan: Host) -> None:
    """Several wait at once, are answered as they can be, and in any order."""
    server["late.tcp.example"] = lambda q: []
    server["soon.tcp.example"] = lambda q: [q.reply(address(q.name, WEB))]

    def message(number: int, name: str) -> bytes:
        whole = question(name, 1, number)
        return struct.pack("!H", len(whole)) + whole

    with lan.connect(GW, 53) as conn:
        first = message(1, "late.tcp.example") + message(2, "soon.tcp.example")
        conn.sendall(first[:5])
        conn.sendall(first[5:])
        conn.sendall(message(3, "soon.tcp.example"))
        got = b""
        while len(got) < 2 or len(got) < 2 * (2 + struct.unpack("!H", got[:2])[0]):
            got += conn.recv(4096)
        assert sorted([got[3], got[2 + struct.unpack("!H", got[:2])[0] + 3]]) == [2, 3]


def test_questions_live_through_an_apply(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """No rule lets them in, and so none ends them."""
    server["lives.example"] = lambda q: [q.reply(address(q.name, WEB))]
    whole = question("lives.example")
    framed = struct.pack("!H", len(whole)) + whole
    with lan.connect(GW, 53) as conn, lan.udp() as sock:
        sock.connect((GW, 53))
        for _ in range(2):
            conn.sendall(framed)
            assert conn.recv(4096)[2:4] == whole[:2]
            sock.send(whole)
            assert sock.recv(4096)[:2] == whole[:2]
            lines = gateway.command("flows", "--json").stdout.splitlines()
            flows = [f for f in map(json.loads, lines) if f["port"] == 53]
            mine = [f for f in flows if f["zone"]["from"] == "lan"]
            assert mine and all(f["verdict"] == "allow" for f in mine), mine
            done = gateway.apply(POLICY)
            assert "ended" not in done.stdout + done.stderr, done


def test_one_source_asks_too_much(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """A thousand names at once: what is beyond its limit is not answered, and
    others are served meanwhile."""
    server["calm.example"] = lambda q: [q.reply(address(q.name, WEB))]
    before = counters(gateway).get("dns_shed", 0)
    with gateway.lab.mail.udp() as sock:
        for i in range(1500):
            sock.sendto(question(f"f{i}.flood.example"), (GW, 53))
        assert dig(lan, GW, "calm.example").data == [WEB]
    wait.until(
        "it is shed", lambda: counters(gateway).get("dns_shed", 0) - before > 500
    )
