# SPDX-License-Identifier: GPL-2.0-or-later
"""Living flows and the policy: what another policy forbids is ended in the
kernel, stays ended, and is told of; all else lives on.  `flows` lists what
lives, with the rule that allows it, and ends one."""

import contextlib
import json
import os
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import conntrack, wait
from tests.lab.gateway import GOOD, NO, SANITIZED, WRONG_CALL, Gateway
from tests.lab.journal import Event, Journal
from tests.lab.listener import echo, read_all, read_head
from tests.lab.process import memory_kib
from tests.story.zones import ZONES, line_of

# No other story uses these.
TCP, UDP, BOUND, MAIL = range(9131, 9135)
PROXY = 9137
OUT4, OUT6 = "203.0.113.9", "2001:db8:f::9"
PUBLIC = "203.0.113.1"


def policy(*rules: str, proxy: str = "") -> str:
    return ZONES + proxy + "\n".join(rules) + "\n"


PUBLISH = f'publish wan tcp {TCP} -> 10.0.0.25 tcp {MAIL} log as "mail"'
OPEN = policy(
    "masquerade guest -> wan",
    PUBLISH,
    f'allow lan -> wan tcp {TCP} log as "tcp"',
    f'allow lan -> wan udp {UDP} as "udp"',
    "allow guest -> wan",
    "allow lan, guest -> wan icmp",
    f"allow lan -> self tcp {BOUND}",
    f"allow self -> wan tcp {TCP}",
    "drop any -> any",
)
POLICY = OPEN


def without(*words: str, text: str = OPEN) -> str:
    """The policy without its rules that have one of these words."""
    lines = [l for l in text.splitlines() if not any(w in l for w in words)]
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True, scope="module")
def servers(gateway: Gateway) -> Iterator[None]:
    lab = gateway.lab
    # A connection that was reset is forgotten in a second, not in ten.
    lab.gw.sysctl("net.netfilter.nf_conntrack_tcp_timeout_close", "1")
    lab.gw.sysctl("net.netfilter.nf_conntrack_tcp_loose", "1")
    udp = lab.out.serve_udp_echo(UDP)
    with (
        contextlib.closing(udp),
        lab.out.serve(TCP, echo),
        lab.mail.serve(MAIL, echo),
    ):
        yield


@pytest.fixture(autouse=True)
def as_it_was(gateway: Gateway) -> None:
    """And no flow of another story's."""
    apply(gateway, OPEN)
    conntrack.forget(gateway.lab.gw)


def apply(gateway: Gateway, text: str) -> str:
    done = gateway.apply(text)
    assert done.returncode == GOOD, done.stderr
    return done.stderr


class Tcp:
    """A connection that says something and hears it again."""

    def __init__(self, sock: socket.socket):
        self.sock = sock
        assert self.lives()

    def lives(self, timeout: float = 2.0) -> bool:
        words = b"\x80" + os.urandom(49_999)  # neither TLS nor HTTP
        self.sock.settimeout(timeout)
        try:
            threading.Thread(target=self._send, args=[words]).start()
            return take(self.sock, len(words)) == words
        except OSError:
            return False

    def _send(self, words: bytes) -> None:
        with contextlib.suppress(OSError):
            self.sock.sendall(words)

    def is_reset(self) -> bool:
        """Told at once, not left to find out by silence."""
        self.sock.settimeout(2.0)
        try:
            self.sock.sendall(b"still there?")
            self.sock.recv(1)
        except ConnectionResetError:
            return True
        return False


class Udp:
    def __init__(self, sock: socket.socket, to: tuple[str, int]):
        self.sock = sock
        sock.connect(to)
        assert self.lives()

    def lives(self, timeout: float = 2.0) -> bool:
        words = os.urandom(20)
        self.sock.settimeout(timeout)
        try:
            self.sock.send(words)
            return self.sock.recv(100) == words
        except OSError:
            return False


def take(sock: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count and (more := sock.recv(count - len(got))):
        got += more
    return got


@contextlib.contextmanager
def living(gateway: Gateway) -> Iterator[dict[str, Tcp | Udp]]:
    """One of each kind, all at once."""
    lab = gateway.lab
    with (
        lab.gw.serve(BOUND, echo),
        lab.lan.connect(OUT4, TCP) as tcp,
        lab.lan.connect(OUT6, TCP) as tcp6,
        lab.guest.connect(OUT4, TCP) as masqueraded,
        lab.out.connect(PUBLIC, TCP) as published,
        lab.lan.connect("10.0.0.1", BOUND) as to_self,
        lab.gw.connect(OUT4, TCP) as from_self,
        lab.lan.udp() as udp,
        lab.lan.udp(socket.AF_INET6) as udp6,
    ):
        yield {
            "tcp": Tcp(tcp),
            "tcp6": Tcp(tcp6),
            "masqueraded": Tcp(masqueraded),
            "published": Tcp(published),
            "to self": Tcp(to_self),
            "from self": Tcp(from_self),
            "udp": Udp(udp, (OUT4, UDP)),
            "udp6": Udp(udp6, (OUT6, UDP)),
        }


def check(flows: dict[str, Tcp | Udp], ended: set[str]) -> None:
    """Those and no others have ended.  The ended are asked last, and again
    after all others have gone on."""
    for name, flow in flows.items():
        if name not in ended:
            assert flow.lives(), name
    for name in ended:
        assert not flows[name].lives(0.5), name


FORBIDDEN = {
    "nothing": ((), set()),
    "tcp": (('as "tcp"',), {"tcp", "tcp6"}),
    "udp": (('as "udp"',), {"udp", "udp6"}),
    "masqueraded": (("guest -> wan",), {"masqueraded"}),
    "published": (("publish",), {"published"}),
    "to self": (("-> self",), {"to self"}),
    "from self": (("self -> wan",), {"from self"}),
}


def flows(gateway: Gateway, *words: str | int) -> list[dict]:
    done = gateway.command("flows", "--json", *map(str, words))
    assert done.returncode == GOOD, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_what_is_forbidden_ends_and_nothing_else(gateway: Gateway, kind: str) -> None:
    words, ended = FORBIDDEN[kind]
    with living(gateway) as those:
        said = apply(gateway, without(*words))
        check(those, ended)
    many = "" if len(ended) == 1 else "s"
    last = said.splitlines()[-1:] if ended else []
    assert last == [f"{len(ended)} living flow{many} ended"] * bool(ended)
    assert ended or "ended" not in said


ONE = ["tcp", "tcp6", "masqueraded", "published", "to self", "from self"]


@pytest.mark.parametrize("kind", ONE)
def test_both_ends_are_told(gateway: Gateway, kind: str) -> None:
    """At once, by a reset, instead of waiting for what does not come."""
    with living(gateway) as those:
        apply(gateway, policy("drop any -> any"))
        assert those[kind].is_reset()


# The rules now allow the other direction, so that the next packet of the server
# in the midst of the connection would begin a flow that they allow.
BACKWARDS = without('as "tcp"', "guest ->") + "allow wan -> any\n"
BACKWARDS = BACKWARDS.replace("drop any -> any\n", "")


@pytest.mark.parametrize("host", ["lan", "guest"])
def test_the_server_cannot_take_it_up_again(gateway: Gateway, host: str) -> None:
    """Of a client that says nothing more; masqueraded too."""
    go, said = threading.Event(), threading.Event()

    def speak(conn: socket.socket) -> None:
        conn.sendall(b"one")
        assert go.wait(5)
        with contextlib.suppress(OSError):
            for _ in range(3):
                conn.sendall(b"two")
                said.set()
                conn.recv(1)

    with gateway.lab.out.serve(TCP + 10, speak) as server:
        text = OPEN.replace(f"tcp {TCP} log", f"tcp {TCP}, tcp {TCP + 10} log")
        apply(gateway, text)
        with getattr(gateway.lab, host).connect(OUT4, TCP + 10) as sock:
            assert take(sock, 3) == b"one"
            assert apply(gateway, BACKWARDS).endswith("1 living flow ended\n")
            go.set()
            assert said.wait(5)
            sock.settimeout(0.5)
            with pytest.raises(TimeoutError):
                sock.recv(3)
            assert not flows(gateway, "port", TCP + 10)
        assert not server.errors


def test_what_must_go_through_the_proxy_now(gateway: Gateway) -> None:
    """It cannot be moved there while it lives; and what came to the proxy is
    the proxy's, whatever the kernel's half of the policy says."""
    intercepted = f"proxy {{ intercept tcp {TCP} for lan }}\n"
    with living(gateway) as those:
        apply(gateway, OPEN.replace(ZONES, ZONES + intercepted))
        check(those, {"tcp", "tcp6"})
        with gateway.lab.lan.connect(OUT4, TCP) as sock:
            through = Tcp(sock)
            apply(gateway, OPEN)
            check(those, {"tcp", "tcp6"})
            assert through.lives()
            [flow] = flows(gateway, "from", "lan", "port", TCP, "to", OUT4)
            assert flow["enforcer"] == "proxy"


def test_what_is_published_elsewhere_now(gateway: Gateway) -> None:
    moved = OPEN.replace(f"10.0.0.25 tcp {MAIL}", f"10.0.0.200 tcp {MAIL}")
    with living(gateway) as those:
        apply(gateway, moved)
        check(those, {"published"})
    plain = without("publish") + f"allow wan -> self tcp {TCP}\n"
    plain = plain.replace("drop any -> any\n", "")
    apply(gateway, OPEN)
    with living(gateway) as those:
        apply(gateway, plain)
        check(those, {"published"})


def test_a_list_that_is_read_anew(gateway: Gateway) -> None:
    listed = 'list bad = addresses "bad.netset" refresh 1s\ndrop any -> bad\n'
    file = gateway.dir / "bad.netset"
    write(file, "192.0.2.1\n")
    text = OPEN.replace(PUBLISH, listed + PUBLISH)
    apply(gateway, text)
    with living(gateway) as those:
        check(those, set())
        write(file, f"192.0.2.1\n{OUT4}\n")
        ended = {"tcp", "masqueraded", "from self", "udp"}
        words = "list 'bad' was read anew: 2 entries; 4 living flows ended"
        wait.until(words, lambda: words in gateway.err)
        check(those, ended)


def write(file: Path, text: str) -> None:
    """As one that has changed a while ago."""
    new = file.with_suffix(".new")
    new.write_text(text)
    os.utime(new, (1, new.stat().st_mtime - 60 - len(text)))
    new.rename(file)


def test_how_many_would_end(gateway: Gateway) -> None:
    """Before anything changes."""
    with living(gateway) as those:
        for kind, (words, ended) in FORBIDDEN.items():
            file = gateway.policy_file(without(*words))
            assert would_end(gateway, file) == len(ended), kind
        check(those, set())
        bad = gateway.policy_file("allow lan -> nowhere\n")
        status, words = ask(gateway, f"count {bad}")
        assert status == NO and "nowhere" in words


def would_end(gateway: Gateway, file: Path) -> int:
    status, words = ask(gateway, f"count {file}")
    assert status == GOOD, words
    return int(re.search(r"would end (\d+) living flows?$", words)[1])


def ask(gateway: Gateway, line: str) -> tuple[int, str]:
    """Of the control socket itself."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(str(gateway.runtime / "control"))
        sock.sendall(line.encode() + b"\n")
        status, _, words = read_all(sock).decode().partition("\n")
        return int(status), words.strip()


# The list.


def test_the_list_names_the_rule_and_counts(gateway: Gateway) -> None:
    with living(gateway):
        [one] = flows(gateway, "from", "10.0.0.4", "to", OUT4, "tcp")
        line = line_of(OPEN, 'as "tcp"')
        assert one["rule"] == {"line": line, "name": "tcp"}
        assert one["zone"] == {"from": "lan", "to": "wan"}
        assert (one["source"], one["destination"]) == ("10.0.0.4", OUT4)
        assert (one["protocol"], one["port"]) == ("tcp", TCP)
        assert (one["enforcer"], one["verdict"]) == ("firewall", "allow")
        assert one["state"] == "open"
        assert min(one["bytes"].values()) > 50_000
        assert 3 < min(one["packets"].values()) < 1000
        assert 0 < one["duration_ms"] < 60_000
        # The same flow as in the journal.
        began = gateway.journal.wait(source_port=one["source_port"], port=TCP)
        assert began.flow == one["flow"]
        [published] = flows(gateway, "rule", "mail")
        assert published["zone"] == {"from": "wan", "to": "self"}
        [masqueraded] = flows(gateway, "from", "guest", "tcp")
        assert masqueraded["source"] == "10.0.9.4"
        [itself] = flows(gateway, "from", "self", "port", TCP)
        assert itself["rule"]["line"] == line_of(OPEN, "self -> wan")


def test_words_choose(gateway: Gateway) -> None:
    with living(gateway):
        everything = flows(gateway)
        ids = {one["flow"] for one in everything}
        assert len(ids) == len(everything) >= 8
        for words, count in (
            (("udp",), 2),
            (("udp", "from", "2001:db8:1::/64"), 1),
            (("rule", "tcp"), 2),
            (("rule", line_of(OPEN, 'as "tcp"')), 2),
            (("to", "10.0.0.25"), 1),
            (("by", "proxy"), 0),
            (("by", "firewall", "port", BOUND), 1),
            ((everything[0]["flow"],), 1),
            (("icmp",), 0),
        ):
            assert len(flows(gateway, *words)) == count, words


@pytest.mark.parametrize(
    "words, why",
    [
        (["form", "lan"], "'form' is not understood"),
        (["from"], "nothing stands behind 'from'"),
        (["from", "moon"], "'moon' is no zone, address, prefix or range"),
        (["port", "x"], "'x' is no port"),
        (["by", "me"], "'me' is no enforcer: firewall or proxy"),
        (["end"], "'flows end' takes what to end"),
        (["end", "deadbeef"], "'deadbeef' is not understood"),
        (["from", ""], "a word is not empty"),
    ],
)
def test_words_that_are_not_understood(
    gateway: Gateway, words: list[str], why: str
) -> None:
    done = gateway.command("flows", *words)
    assert (done.returncode, done.stdout) == (WRONG_CALL, "")
    assert why in done.stderr


def test_the_list_for_people(gateway: Gateway) -> None:
    with living(gateway):
        done = gateway.command("flows", "rule", "tcp", "from", "10.0.0.4")
        [flow] = flows(gateway, "rule", "tcp", "from", "10.0.0.4")
    assert done.returncode == GOOD
    line = line_of(OPEN, 'as "tcp"')
    assert re.fullmatch(
        rf"{flow['flow']} lan 10\.0\.0\.4:{flow['source_port']} -> "
        rf'wan {OUT4}:{TCP} tcp firewall "tcp" \(line {line}\) '
        r"\d+k/\d+k [\d.]+m?s\n",
        done.stdout,
    )


# Ending one.


@pytest.mark.parametrize("kind", [*ONE, "udp", "udp6"])
def test_one_is_ended(gateway: Gateway, kind: str) -> None:
    """Though the policy allows it; it stays ended, and may begin anew."""
    with living(gateway) as those:
        [flow] = flows(gateway, *chosen(those[kind].sock))
        done = gateway.command("flows", "end", flow["flow"])
        assert (done.returncode, done.stdout) == (GOOD, "1 flow ended\n")
        check(those, {kind})
        done = gateway.command("flows", "end", flow["flow"])
        assert (done.returncode, done.stderr) == (NO, "no such flow lives\n")
    with living(gateway) as those:
        check(those, set())


def test_it_begins_anew_from_the_same_port(gateway: Gateway) -> None:
    """A client's port may be taken again at once.  It may take some tries, for
    the server may not know that the last connection is over."""
    apply(gateway, OPEN)
    lan, port = gateway.lab.lan, gateway.lab.lan.ports()[0]
    for _ in range(2):
        with lan.connect(OUT4, TCP, timeout=10, source=(lan.ip4, port)) as sock:
            through = Tcp(sock)
            done = gateway.command("flows", "end", *chosen(sock))
            assert done.stdout == "1 flow ended\n"
            assert through.is_reset()


def test_the_ended_do_not_count(gateway: Gateway) -> None:
    """Among the connections that a rule allows at once."""
    limited = OPEN.replace(f"tcp {TCP} log", f"tcp {TCP} connections 2 per source log")
    apply(gateway, limited)
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            socks = [gateway.lab.lan.connect(OUT4, TCP) for _ in range(2)]
            those = [Tcp(stack.enter_context(sock)) for sock in socks]
            with pytest.raises(TimeoutError):
                gateway.lab.lan.connect(OUT4, TCP, timeout=0.3)
            done = gateway.command("flows", "end", "rule", "tcp")
            assert "ended" in done.stdout
            assert all(tcp.is_reset() for tcp in those)


def chosen(sock: socket.socket) -> list[str]:
    """The words that mean this client's flow."""
    (to, port), family = sock.getpeername()[:2], sock.type
    protocol = "tcp" if family == socket.SOCK_STREAM else "udp"
    return [protocol, "from", sock.getsockname()[0], "to", to, "port", str(port)]


def test_one_of_the_proxy_s_is_ended(gateway: Gateway) -> None:
    """Its client, and its connection to the server, at once."""
    proxied = f"proxy {{ intercept tcp {TCP} for lan }}\n"
    apply(gateway, OPEN.replace(ZONES, ZONES + proxied))
    with gateway.lab.lan.connect(OUT4, TCP) as sock:
        through = Tcp(sock)
        [client, server] = sorted(
            flows(gateway, "by", "proxy", "tcp"), key=lambda one: one["zone"]["from"]
        )
        assert server["zone"]["from"] == "self"
        done = gateway.command("flows", "end", client["flow"])
        assert (done.returncode, done.stdout) == (GOOD, "1 flow ended\n")
        assert through.is_reset()
    wait.until("both are gone", lambda: not flows(gateway, "by", "proxy", "tcp"))


def test_the_proxy_s_datagrams_are_left(gateway: Gateway) -> None:
    """There is no connection to break off; and a listener takes them all."""
    lan = gateway.lab.lan
    proxied = f"proxy {{ listen 10.0.0.1:{PROXY} for lan }}\n"
    apply(gateway, OPEN.replace(ZONES, ZONES + proxied))
    these = ("by", "proxy", "udp", "port", str(PROXY))
    one = "1 flow of the proxy over UDP ends by itself\n"
    two = "2 flows of the proxy over UDP end by themselves\n"
    for count, words in (1, one), (2, two):
        with lan.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"?", ("10.0.0.1", PROXY))
        wait.until("a flow more", lambda: len(flows(gateway, *these)) == count)
        done = gateway.command("flows", "end", *these)
        assert (done.returncode, done.stdout) == (GOOD, words)


def test_one_of_the_proxy_s_that_has_gone(gateway: Gateway) -> None:
    """The kernel still knows the flow; no socket is left but the listener."""
    lab = gateway.lab
    proxied = f"proxy {{ listen 10.0.0.1:{PROXY} for lan }}\n"
    apply(gateway, OPEN.replace(ZONES, ZONES + proxied))
    conntrack.fill(lab.gw, 2, "10.0.0.0", "10.0.0.1", PROXY)  # one from itself
    assert len(flows(gateway, "by", "proxy", "port", PROXY)) == 1
    done = gateway.command("flows", "end", "port", str(PROXY))
    assert (done.returncode, done.stdout) == (NO, ""), done.stderr
    with lab.lan.connect("10.0.0.1", PROXY) as sock:
        sock.sendall(f"CONNECT {OUT4}:{TCP} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert b" 200 " in read_head(sock)
        assert Tcp(sock).lives()


# What the journal has.


def reset(sock: socket.socket) -> None:
    """Its close will be one."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def ended(gateway: Gateway, journal: Journal, port: int) -> Event:
    """The kernel forgets what is over when it looks there, as a list does."""

    def told() -> list[Event]:
        gateway.command("flows")
        return journal.events(source_port=port, reason="the flow has ended")

    [end] = wait.until("the end of a flow", told)
    return end


def test_the_end_of_a_flow_is_told(gateway: Gateway) -> None:
    """Of one whose rule logs: bytes and packets both ways, and how long."""
    journal = gateway.journal.from_here()
    with gateway.lab.lan.connect(OUT4, TCP) as sock:
        tcp = Tcp(sock)
        port = sock.getsockname()[1]
        assert tcp.lives()
        reset(sock)
    end = ended(gateway, journal, port)
    [began] = journal.events(source_port=port, reason=None)
    assert end.flow == began.flow
    assert (end.verdict, end.enforcer, end.phase) == ("allow", "firewall", "packet")
    assert end.rule_name == "tcp" and end.rule_line == line_of(OPEN, 'as "tcp"')
    assert (end.zone_from, end.zone_to) == ("lan", "wan")
    assert 100_000 < end.bytes_in < 120_000 and 100_000 < end.bytes_out < 120_000
    assert end.packets_in > 3 and end.packets_out > 3
    assert 0 < end.duration_ms < 15_000


def test_flows_that_the_policy_ends_are_told(gateway: Gateway) -> None:
    journal = gateway.journal.from_here()
    with living(gateway) as those:
        ports = {k: f.sock.getsockname()[1] for k, f in those.items()}
        shut = policy("reject lan -> any", "drop any -> any", "allow guest -> guest")
        said = apply(gateway, shut)
    assert said.endswith("8 living flows ended\n")
    told = journal.events(reason="the policy has changed", protocol="tcp")
    # Those whose old rule logs; the new ones do not.
    assert {one.source_port for one in told} == {
        ports["tcp"], ports["tcp6"], ports["published"]
    }
    by_port = {one.source_port: one for one in told}
    refused = by_port[ports["tcp"]]
    assert refused.verdict == "reject"
    assert refused.rule_line == line_of(shut, "reject lan")
    assert refused.bytes_in > 50_000 and refused.packets_out > 3
    [all_of_them] = journal.events(
        reason="the policy has changed: 8 living flows ended"
    )
    assert all_of_them.source is None
    shown = gateway.command("log").stdout
    assert "policy the policy has changed: 8 living flows ended\n" in shown


def test_nothing_is_told_of_flows_without_log(gateway: Gateway) -> None:
    journal = gateway.journal.from_here()
    with living(gateway):
        pass
    gateway.command("flows", "end", "udp")
    with gateway.lab.lan.connect(OUT4, TCP) as sock:
        port = sock.getsockname()[1]
        reset(sock)
    ended(gateway, journal, port)
    names = {one.rule_name for one in journal.events(reason="the flow has ended")}
    assert names == {"tcp"}


# A hundred thousand.

MANY = 100_000
CROWD = ZONES.replace("10.0.0.0/24", "10.0.0.0/24 10.7.0.0/16")
CROWD_OPEN = CROWD + "allow lan -> wan\n"
CROWD_SHUT = CROWD + "reject lan -> wan tcp 80\nallow lan -> wan\n"


@pytest.fixture
def crowd(gateway: Gateway) -> Iterator[None]:
    apply(gateway, CROWD_OPEN)
    conntrack.fill(gateway.lab.gw, MANY // 2, "10.7.0.0", "203.0.113.80", 80)
    conntrack.fill(gateway.lab.gw, MANY // 2, "10.7.0.0", "203.0.113.80", 443)
    yield
    conntrack.forget(gateway.lab.gw)


def test_a_crowd_is_listed_beside_other_work(gateway: Gateway, crowd: None) -> None:
    """In pieces: others are answered meanwhile, and nothing is heaped up, not
    even for one that asks and does not read."""
    [pid] = gateway.pids("gatehoused")
    before = memory_kib(pid, "VmHWM")
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(gateway.runtime / "control"))
        deaf.sendall(b"flows \n")
        counts: list[int] = []
        lister = threading.Thread(
            target=lambda: counts.append(len(flows(gateway))), daemon=True
        )
        lister.start()
        slowest, asked = 0.0, 0
        while lister.is_alive():
            began = time.monotonic()
            assert ask(gateway, "nothing")[0] == WRONG_CALL
            slowest, asked = max(slowest, time.monotonic() - began), asked + 1
        lister.join()
    assert counts[0] >= MANY
    assert asked > 10, "or it stood still for them"
    print(f"{counts[0]} flows listed; {asked} questions, the slowest {slowest:.3f} s")
    assert SANITIZED or memory_kib(pid, "VmHWM") - before < 16 << 10


def test_a_crowd_is_judged_at_once(gateway: Gateway, crowd: None) -> None:
    began = time.monotonic()
    said = apply(gateway, CROWD_SHUT)
    print(f"{MANY} flows: applied in {time.monotonic() - began:.2f} s")
    assert said.endswith(f"{MANY // 2} living flows ended\n")
    assert len(flows(gateway, "port", 80)) == 0
    assert len(flows(gateway, "port", 443)) == MANY // 2
