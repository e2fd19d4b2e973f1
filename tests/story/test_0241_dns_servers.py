# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom the gateway asks, and what it makes of their answers: TLS, servers that
are down, signatures, keys that would hide a name, times that are too long."""

import contextlib
import ssl
import struct
import threading
from collections.abc import Iterator

import pytest

from tests.lab import certificate, wait
from tests.lab.dig import Dug, dig
from tests.lab.gateway import Gateway
from tests.lab.host import Host
from tests.lab.zoneserver import FAILURE, ZoneServer, address, name_bytes, record
from tests.story.zones import ZONES

GW = "10.0.0.1"
WEB = "203.0.113.80"
NAME = "dns.example.com"


def policy(upstream: str, more: str = "") -> str:
    return f"""{ZONES}
dns {{
    listen 10.0.0.1 for lan
    upstream {upstream}
    {more}
}}
allow lan -> wan tcp 80
"""


BY_TLS = policy(f'tls 203.0.113.9 name {NAME} ca "authority.pem"')


@pytest.fixture(scope="module")
def made(gateway_lab) -> certificate.Certificate:
    folder = gateway_lab.dir / "dns-certificate"
    folder.mkdir()
    return certificate.make(folder, [NAME])


@pytest.fixture(scope="module")
def server(gateway_lab, made) -> Iterator[ZoneServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.chain, made.key)
    yield ZoneServer(gateway_lab.out, tls=context)
    gateway_lab.out.stop()


@pytest.fixture(scope="module")
def gateway(gateway_lab, server, made) -> Iterator[Gateway]:
    gateway = Gateway(gateway_lab, BY_TLS)
    (gateway.dir / "authority.pem").write_bytes(made.authority.read_bytes())
    with gateway:
        yield gateway


@pytest.fixture
def lan(gateway: Gateway) -> Host:
    return gateway.lab.lan


def apply(gateway: Gateway, text: str) -> None:
    done = gateway.apply(text)
    assert done.returncode == 0, done.stderr


def test_over_tls_to_who_has_the_name(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """One connection for many questions; nothing is asked in the clear."""
    for i in range(3):
        name = f"tls{i}.example"
        server[name] = lambda q: [q.reply(address(q.name, WEB))]
        assert dig(lan, GW, name).data == [WEB]
    mine = [q for q in server.asked if q.name.startswith("tls")]
    assert {q.way for q in mine} == {"tls"} and len({q.port for q in mine}) == 1


def test_over_tls_to_nobody_else(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    server["other.example"] = lambda q: [q.reply(address(q.name, WEB))]
    for line in (
        'tls 203.0.113.9 name other.example.com ca "authority.pem"',
        f"tls 203.0.113.9 name {NAME}",
    ):
        apply(gateway, policy(line))
        refused = dig(lan, GW, "other.example", timeout=7)
        assert refused.status == "SERVFAIL", line
    assert not server.count("other.example")
    apply(gateway, BY_TLS)


@contextlib.contextmanager
def unheard(host: Host, port: int) -> Iterator[None]:
    """What a connection from there says is lost, as when a router between has
    forgotten it; another one can be made."""
    rule = f"tcp sport {port} drop"
    chain = "chain c { type filter hook input priority 0; " + rule + "; }"
    host.run(["nft", "-f", "-"], input=f"table ip unheard {{ {chain}; }}", check=True)
    try:
        yield
    finally:
        host.run(["nft", "delete table ip unheard"], check=True)


def test_a_connection_that_is_dead(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """It is known by its silence, long before TCP gives it up, and the question
    goes out by another one."""
    apply(gateway, BY_TLS)
    for name in ("alive.example", "dead.example"):
        server[name] = lambda q: [q.reply(address(q.name, WEB))]
    assert dig(lan, GW, "alive.example").data == [WEB]
    with unheard(gateway.lab.out, server.last("alive.example").port):
        assert dig(lan, GW, "dead.example", timeout=7).data == [WEB]
    assert server.last("dead.example").port != server.last("alive.example").port


def test_a_connection_that_is_not_answered(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """It takes what it is asked and says nothing more: who asks next has
    another one."""
    server["mute.example"] = lambda q: []
    server["after.example"] = lambda q: [q.reply(address(q.name, WEB))]
    assert dig(lan, GW, "mute.example", timeout=7).status == "SERVFAIL"
    assert dig(lan, GW, "after.example", timeout=7).data == [WEB]
    ports = {server.last(name).port for name in ("mute.example", "after.example")}
    assert len(ports) == 2


def test_the_next_server_where_one_is_down(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """Nobody listens, nobody is there, or it says that it failed."""
    apply(gateway, policy("203.0.113.66, 203.0.113.200, 203.0.113.9"))
    server["next.example"] = lambda q: [q.reply(address(q.name, WEB))]
    assert dig(lan, GW, "next.example", timeout=7).data == [WEB]
    apply(gateway, policy("203.0.113.9"))  # others' answers are not theirs
    assert dig(lan, GW, "next.example").data == [WEB]
    assert server.count("next.example") == 2
    server["sick.example"] = lambda q: [q.reply(code=FAILURE)]
    assert dig(lan, GW, "sick.example", timeout=7).status == "SERVFAIL"
    apply(gateway, BY_TLS)


def test_signatures_are_for_who_wants_them(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """AD is passed on as the server says it; DO and CD reach him."""
    apply(gateway, policy("203.0.113.9"))
    signature = struct.pack("!HBBIIIH", 1, 13, 2, 60, 2, 1, 7) + name_bytes("example")

    def answer(q):
        signed = q.message[-4] & 0x80
        more = [record(q.name, "RRSIG", 60, signature + b"\7" * 64)] if signed else []
        return [q.reply(address(q.name, WEB), *more, flags=0x0020)]

    server["signed.example"] = answer
    plain = dig(lan, GW, "signed.example", "+noadflag")
    assert "ad" not in plain.flags and len(plain.records) == 1
    assert "ad" in dig(lan, GW, "signed.example", "+adflag").flags
    full = dig(lan, GW, "signed.example", "+dnssec", "+cdflag")
    assert [kind for _, _, kind, _ in full.records] == ["A", "RRSIG"]
    assert server.last("signed.example").flags & 0x0010
    apply(gateway, BY_TLS)


def https(*parameters: tuple[int, bytes]) -> bytes:
    data = struct.pack("!H", 1) + b"\0"
    for key, value in parameters:
        data += struct.pack("!HH", key, len(value)) + value
    return data


def test_keys_that_hide_a_name(gateway: Gateway, server: ZoneServer, lan: Host) -> None:
    """They reach only zones whose names need not be seen."""
    data = https((1, b"\2h2"), (5, b"k" * 40), (6, bytes(15) + b"\1"))
    data = data.replace(bytes(15) + b"\1", bytes.fromhex("20010db8000f") + bytes(9) + b"\x50")
    server["hidden.example"] = lambda q: [
        q.reply(
            record(q.name, "HTTPS", 60, data),
            record(q.name, "RRSIG", 60, struct.pack("!H", 65) + bytes(40)),
        )
    ]
    apply(gateway, policy("203.0.113.9"))
    assert "ech=" in dig(lan, GW, "hidden.example", "HTTPS").text
    seen = policy("203.0.113.9") + "proxy { intercept web for lan }\n"
    apply(gateway, seen)
    shown = dig(lan, GW, "hidden.example", "HTTPS", "+dnssec")
    assert "ech=" not in shown.text and "h2" in shown.data[0]
    assert "2001:db8:f::50" in shown.data[0] and len(shown.records) == 1
    apply(gateway, BY_TLS)


def test_times_have_limits(gateway: Gateway, server: ZoneServer, lan: Host) -> None:
    apply(gateway, policy("203.0.113.9", "ttl 20s-1m"))
    for name, ttl, shown in (("short", 1, 20), ("long", 9999, 60), ("odd", 1 << 31, 20)):
        server[name + ".ttl.example"] = lambda q, ttl=ttl: [
            q.reply(address(q.name, WEB, ttl))
        ]
        assert dig(lan, GW, name + ".ttl.example").records[0][1] == shown, name
    apply(gateway, BY_TLS)


def test_a_server_that_needs_its_time(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """It has been fast, and now asks others itself: it is not given up while the
    client still waits."""
    apply(gateway, policy("203.0.113.9"))
    server["fast.example"] = lambda q: [q.reply(address(q.name, WEB))]
    assert dig(lan, GW, "fast.example").data == [WEB]
    server["deep.example"] = lambda q: (
        [q.reply(address(q.name, WEB))] if server.count(q.name) > 4 else []
    )
    assert dig(lan, GW, "deep.example", timeout=7).data == [WEB]
    apply(gateway, BY_TLS)


def test_a_question_under_way_is_asked_of_other_servers(
    gateway: Gateway, server: ZoneServer, lan: Host
) -> None:
    """Those of before may be gone, and their answer is not wanted any more."""
    apply(gateway, policy("203.0.113.9"))
    server["www.example.com"] = lambda q: []
    got: list[Dug] = []
    argv = (lan, GW, "www.example.com")
    asker = threading.Thread(target=lambda: got.append(dig(*argv, timeout=7)))
    asker.start()
    wait.until("the question", lambda: server.count("www.example.com") > 0)
    apply(gateway, policy("203.0.113.53"))
    asker.join()
    assert got[0].data == [WEB]
    apply(gateway, BY_TLS)
