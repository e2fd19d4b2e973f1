# SPDX-License-Identifier: GPL-2.0-or-later
"""TLS that a rule has opened: what lies inside is judged, served and shown.

The gateway trusts the lab's authority, and clients trust the gateway's CA.
"""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab import http2, wait
from tests.lab.certificate import Certificate
from tests.lab.flows import SOCKS, TUNNEL
from tests.lab.gateway import GOOD, PROGRAM, Gateway
from tests.lab.host import Host
from tests.lab.http2 import Http2, request
from tests.lab.journal import Journal
from tests.lab.lab import WEB, Lab
from tests.lab.listener import echo, read_head
from tests.lab.origin import Origin, Reply
from tests.lab.parent import HttpParent, HttpsParent, length_of, read_exactly
from tests.lab.tunnel import Secured, Tunnel
from tests.lab.websocket import switch
from tests.story.test_0184_overload import EACH
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
parent corp = http 203.0.113.9:3128
parent safe = https out.example.com:3443 ca "authority.pem"

proxy {
    listen 10.0.0.1:3128 for lan
    listen tls 10.0.0.1:3129 for lan certificate "server.pem" key "server.key"
    intercept https for lan, guest
    cache memory 64M
    ca "ca.pem"
}

reject lan, guest -> any https path "/secret/*"        log as "secret"
reject lan -> any method CONNECT tcp 8443              log as "odd port"
allow  lan, guest -> shop.example.com https            log as "private"
reject lan, guest -> any https type image/*            log as "pictures"
reject guest -> ads.example.net https                  log as "ads"
allow  guest -> any https method GET inspect unless pinned  log as "guests"
allow  lan -> eu.packages.example https inspect via corp log as "by parent"
allow  lan -> tracker.example.net https inspect via safe log as "by safe parent"
allow  lan -> any https method GET, HEAD, POST inspect log as "reading"
allow  lan, guest -> wan udp 53
reject any -> any                                      log as "rest"
"""
)

BOB = "bob:$6$rounds=1000$saltsalt$wlkv63K5KgDo.NoYPvxLi0QJZ1cQfD52yrTEkJZlF5/FpgZDneeaLFk4W9kKhCHKFRBT3hjA6iCm.NjNE2Ok2."


def prepare(gateway: Gateway) -> Gateway:
    """With the files that the policy names."""
    for file in ("server.pem", "server.key", "authority.pem"):
        shutil.copy(gateway.lab.dir / file, gateway.dir / file)
        (gateway.dir / file).chmod(0o600)
    make = [PROGRAM, "ca", "create", gateway.dir / "ca.pem"]
    subprocess.run(make, check=True, capture_output=True)
    return gateway


class Cramped(Gateway):
    """Its proxy has few descriptors, and so few places."""

    DESCRIPTORS = 300

    def argv(self) -> list[str | Path]:
        limit = f"--nofile={self.DESCRIPTORS}:{self.DESCRIPTORS}"
        # Without the capability that could raise it again.
        lasting = ["setpriv", "--bounding-set=-sys_resource"]
        return ["prlimit", limit, *lasting, *super().argv()]


@pytest.fixture(scope="module")
def gateway(gateway_lab) -> Iterator[Gateway]:
    trusted = gateway_lab.dir / "etc" / "ssl" / "certs" / "ca-certificates.crt"
    trusted.parent.mkdir(parents=True)
    shutil.copy(gateway_lab.dir / "authority.pem", trusted)
    gateway = prepare(Gateway(gateway_lab, POLICY))
    try:
        with gateway:
            yield gateway
    finally:
        shutil.rmtree(gateway_lab.dir / "etc" / "ssl")


@pytest.fixture
def trust(gateway: Gateway) -> list[str]:
    return ["--cacert", str(gateway.dir / "ca.pem")]


@pytest.fixture
def lan(gateway: Gateway) -> Host:
    return gateway.lab.lan


SECURE = ["--proxy", "https://10.0.0.1:3129", "--proxy-insecure"]
WAYS = {"intercepted": [], "CONNECT": TUNNEL, "SOCKS": SOCKS, "TLS in TLS": SECURE}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
both_versions = pytest.mark.parametrize("version", ["1.1", "2"])


@every_way
@both_versions
def test_it_is_opened(gateway: Gateway, journal: Journal, lan: Host, trust: list[str], way, version) -> None:
    """The client has the choice; the server is asked in HTTP/1.1."""
    answer = lan.curl("https://www.example.com/x", f"--http{version}", *way, *trust)
    assert (answer.exit, answer.status) == (0, 200), answer.error + answer.text
    assert answer.info["http_version"] == version and answer.said["version"] == "HTTP/1.1"
    event = journal.wait(rule_name="reading", url="https://www.example.com/x", source_port=answer.ports)
    assert (event.method, event.status, event.verdict, event.http) == ("GET", 200, "allow", version)


@every_way
@both_versions
def test_nothing_passes_inside_that_is_refused(
    gateway: Gateway, journal: Journal, lan: Host, trust, way, version
) -> None:
    """By path, by method; a POST that is allowed goes through with its content."""
    way = [*way, f"--http{version}"]
    answer = lan.curl("https://www.example.com/secret/1", *way, *trust)
    assert answer.status == 403 and ">secret<" in answer.text
    assert journal.wait(rule_name="secret", source_port=answer.ports).verdict == "reject"
    for path in ("/%73ecret/1", "/x/../secret/1", "//secret/1"):
        odd = lan.curl("https://www.example.com" + path, "--path-as-is", *way, *trust)
        assert odd.status == 403, path
    assert lan.curl("https://www.example.com/x", "-X", "DELETE", *way, *trust).status == 403
    answer = lan.curl("https://www.example.com/x", "--data", "a=b", *way, *trust)
    assert answer.status == 200


def test_an_exemption_is_not_opened(gateway: Gateway, journal: Journal, lan: Host, trust) -> None:
    answer = lan.curl("https://shop.example.com/secret/1", *trust)
    assert answer.exit == 60  # it is the server's own certificate
    answer = lan.curl("https://shop.example.com/secret/1")
    assert answer.status == 200
    assert journal.wait(rule_name="private", source_port=answer.ports).url is None


def test_the_refused_see_an_alert_and_the_log_has_the_rule(gateway: Gateway, journal: Journal) -> None:
    guest = gateway.lab.guest
    answer = guest.curl("https://ads.example.net/")
    assert answer.exit == 35 and "access denied" in answer.error
    assert journal.wait(rule_name="ads", source_port=answer.ports).phase == "name"


@pytest.mark.parametrize("way", [TUNNEL, SECURE], ids=["CONNECT", "TLS in TLS"])
def test_a_connect_is_judged_as_one(lan: Host, trust, way) -> None:
    answer = lan.curl("https://www.example.com:8443/", *way, *trust)
    assert answer.connect_status == 403
    assert lan.curl("https://shop.example.com/secret/1", *way).status == 200  # an exemption


def test_many_requests_are_of_one_connection(gateway: Gateway, trust) -> None:
    inside = secure(gateway, gateway.lab.lan.connect("203.0.113.80", 443), "www.example.com")
    for n in range(5):
        inside.sendall(f"GET /many/{n} HTTP/1.1\r\nHost: www.example.com\r\n\r\n".encode())
        assert read_head(inside).startswith(b"HTTP/1.1 200 ")
        inside.recv(65536)
    inside.close()
    asked = [r for r in gateway.lab.pages.requests() if r["target"].startswith("/many/")]
    assert len(asked) == 5 and len({r["connection"] for r in asked}) == 1
    assert {r["server_name"] for r in asked} == {"www.example.com"}


@both_versions
def test_another_server_is_not_reached_through_it(lan: Host, trust, version) -> None:
    other = ["-H", "Host: shop.example.com", f"--http{version}"]
    assert lan.curl("https://www.example.com/", *other, *trust).status == 421


def test_names_at_one_address_make_room(gateway: Gateway, lan: Host, trust) -> None:
    """What is kept for one of them does not stand in the way of another, nor does
    what has just been of use."""
    names = ["www.example.com", "tracker.example.net", "ads.example.net", "v4only.example.com"]
    other = POLICY.replace("    ca ", "    connections 1 per server wait 1s\n    ca ", 1)
    other = other.replace("inspect via safe", "inspect", 1)
    try:
        assert gateway.apply(other).returncode == GOOD
        for name in names:
            assert lan.curl(f"https://{name}/room", *TUNNEL, *trust).status == 200
        argv = ["curl", "-s", "--parallel", "-w", "%{http_code}\\n", *TUNNEL, *trust]
        for name in names:
            argv += ["-o", "/dev/null", f"https://{name}/room"]
        done = lan.run(argv)
        assert done.stdout.split() == ["200"] * 4, done.stderr
    finally:
        assert gateway.apply(POLICY).returncode == GOOD


def test_a_hello_for_another_name_is_refused(gateway: Gateway, journal: Journal, lan: Host, trust) -> None:
    connect = ["--connect-to", "www.example.com:443:v4only.example.com:443"]
    answer = lan.curl("https://www.example.com/", *TUNNEL, *connect, *trust)
    assert answer.exit == 35 and answer.status == 0
    event = journal.wait(source_port=answer.ports, verdict="reject")
    assert "another" in event.reason


def test_by_address_the_hello_tells_the_name(lan: Host, trust) -> None:
    answer = lan.curl("https://www.example.com/x", "--proxy", "socks5://10.0.0.1:3128", *trust)
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert lan.curl("https://www.example.com/secret/1", "--proxy", "socks5://10.0.0.1:3128", *trust).status == 403


def test_what_is_no_http_does_not_pass(gateway: Gateway, journal: Journal, lan: Host) -> None:
    """Neither in the clear behind a CONNECT, nor inside TLS."""
    sock = lan.connect("10.0.0.1", 3128)
    sock.sendall(b"CONNECT www.example.com:443 HTTP/1.1\r\nHost: www.example.com:443\r\n\r\n")
    assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
    port = sock_port(sock)
    sock.sendall(b"SSH-2.0-x\r\n")
    assert wait_end(sock)
    journal.wait(rule_name="rest", source_port=port, verdict="reject")
    sock.close()
    inside = secure(gateway, lan.connect("203.0.113.80", 443), "www.example.com")
    inside.sendall(b"SSH-2.0-x\r\n\r\n")
    assert inside.recv(4096).startswith(b"HTTP/1.1 400 ")
    inside.close()


def test_a_client_that_does_not_take_it_is_left_alone(gateway: Gateway, journal: Journal) -> None:
    """Only where its rule says so, only for that name, and only for its zone."""
    guest, lan = gateway.lab.guest, gateway.lab.lan
    answer = guest.curl("https://v4only.example.com/x")
    assert answer.exit == 60
    event = journal.wait(source_port=answer.ports, rule_name="guests")
    assert event.reason == "the client refuses the certificate"
    answer = guest.curl("https://v4only.example.com/secret/1")
    assert answer.status == 0  # its rule asks for a method, which is not seen
    journal.wait(source_port=answer.ports, rule_name="rest")
    assert guest.curl("https://www.example.com/x").exit == 60
    assert lan.curl("https://v4only.example.com/x").exit == 60
    assert lan.curl("https://v4only.example.com/x").exit == 60


def test_what_is_left_alone_passes_as_it_is(gateway: Gateway, journal: Journal) -> None:
    """If what is seen of it is allowed: a path is not.  `status` says what it is."""
    guest, name = gateway.lab.guest, "tracker.example.net"
    later = 'allow guest -> any https log as "as it is"\nreject any'
    other = POLICY.replace("reject any", later, 1)
    try:
        assert gateway.apply(other).returncode == GOOD
        answer = guest.curl(f"https://{name}/x")
        assert answer.exit == 60 and journal.wait(source_port=answer.ports).reason
        answer = guest.curl(f"https://{name}/secret/1")  # to the server itself
        assert (answer.exit, answer.status) == (0, 200)
        event = journal.wait(source_port=answer.ports, rule_name="as it is")
        assert (event.verdict, event.url, event.name) == ("allow", None, name)
        strict = other.replace("allow guest -> any https log", "reject guest -> any log", 1)
        assert gateway.apply(strict).returncode == GOOD
        answer = guest.curl(f"https://{name}/x")
        assert answer.exit == 35 and "access denied" in answer.error
        pinned = json.loads(gateway.command("status", "--json").stdout)["pinned"]
        [pin] = [pin for pin in pinned["entries"] if pin["name"] == name]
        assert pin["zone"] == "guest" and 3500 < pin["seconds"] <= 3600
        lines = gateway.command("status").stdout.splitlines()
        assert f"     60  guest, {name}" in lines and pinned["max"] == 1024
        [title] = [line for line in lines if line.startswith("minutes  not opened")]
        assert len(title) <= 80
    finally:
        assert gateway.apply(POLICY).returncode == GOOD


def test_who_waits_for_the_server_has_not_got_in_by_that(lan: Host) -> None:
    with lan.connect("10.0.0.1", 3128, timeout=6) as sock:
        sock.sendall(b"CONNECT www.example.com:443 HTTP/1.1\r\nHost: www.example.com:443\r\n\r\n")
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert wait_end(sock)


@both_versions
def test_what_is_kept_is_served_inside(gateway: Gateway, lan: Host, trust, version) -> None:
    """The cache works as for plain HTTP, and is one for both versions."""
    url = f"https://www.example.com/files/kept{version}.txt"
    os.utime(gateway.lab.pages.file(f"kept{version}.txt", b"kept\n" * 100), (1e9, 1e9))
    assert lan.curl(url, f"--http{version}", *trust).status == 200
    for again in (lan.curl(url, "--http1.1", *trust), lan.curl(url, "--http2", *trust)):
        assert again.status == 200 and "hit" in again.headers.get("cache-status", "")


class Watched:
    """A server of TLS whose pages are stale at once, and somebody on the way to
    it who answers what is in the clear in its place."""

    def __init__(self, lab: Lab) -> None:
        self.asked: list[bytes] = []
        self.seen: list[bytes] = []  # on the way
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(lab.dir / "server.pem", lab.dir / "server.key")

    def handle(self, conn: socket.socket) -> None:
        if conn.recv(1, socket.MSG_PEEK) != b"\x16":
            self.seen.append(read_head(conn))
            conn.sendall(self.answer("max-age=3600", b"forged"))
            return
        with self.context.wrap_socket(conn, server_side=True) as inside:
            if head := read_head(inside):
                self.asked.append(head)
                inside.sendall(self.answer("max-age=0, stale-while-revalidate=60", b"true"))

    @staticmethod
    def answer(control: str, body: bytes) -> bytes:
        head = f'HTTP/1.1 200 OK\r\nCache-Control: {control}\r\nETag: "{body.decode()}"\r\n'
        head += f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


def test_what_is_kept_is_validated_inside(gateway: Gateway, lan: Host, trust) -> None:
    """In the background, too: nobody on the way sees it, or can forge it."""
    watched = Watched(gateway.lab)
    with gateway.lab.out.serve(443, watched.handle):
        for number, way in enumerate(WAYS.values()):
            url = f"https://out.example.com/stale/{number}"
            for times in (1, 2, 3):
                answer = lan.curl(url, "-H", "Cookie: session=1", *way, *trust)
                assert (answer.status, answer.text) == (200, "true"), answer.error
                wait.until("it is asked again", lambda n=times + 3 * number: len(watched.asked) >= n or watched.seen)
    assert watched.seen == []


@every_way
@both_versions
def test_a_server_s_own_script_is_its_own(lan: Host, trust, way, version) -> None:
    """Of the proxy's it is asked outside."""
    answer = lan.curl("https://www.example.com/proxy.pac", f"--http{version}", *way, *trust)
    assert (answer.status, answer.said.get("target")) == (200, "/proxy.pac")


def test_the_gateway_counts(gateway: Gateway) -> None:
    counters = json.loads(gateway.command("status", "--json").stdout)["counters"]
    assert counters["opened"] > 5 and counters["certificates_refused"] >= 2


@every_way
def test_by_a_parent(gateway: Gateway, journal: Journal, lan: Host, trust, way) -> None:
    """It is asked for a way, never for a URL, and sees nothing of what lies inside."""
    url = "https://eu.packages.example/x"
    with HttpParent(gateway.lab.out, 3128, {"eu.packages.example": WEB[0]}) as parent:
        answer = lan.curl(url, *way, *trust)
        assert (answer.exit, answer.status) == (0, 200), answer.error + answer.text
        assert {head.split()[0] for head in parent.heads} == {"CONNECT"}
        secret = lan.curl("https://eu.packages.example/secret/1", *way, *trust)
        assert secret.status == 403
    event = journal.wait(rule_name="by parent", url=url, source_port=answer.ports)
    assert event.parent_server == "http 203.0.113.9:3128"


def test_by_a_parent_in_tls(gateway: Gateway, journal: Journal, lan: Host, trust) -> None:
    """The server's TLS is inside that to the parent."""
    url = "https://tracker.example.net/x"
    lab = gateway.lab
    made = Certificate(lab.dir / "authority.pem", lab.dir / "server.pem", lab.dir / "server.key")
    with HttpsParent(lab.out, 3443, made, {"tracker.example.net": WEB[0]}) as parent:
        for _ in range(2):
            answer = lan.curl(url, *trust)
            assert (answer.exit, answer.status) == (0, 200), answer.error + answer.text
        assert [head.split()[0] for head in parent.heads] == ["CONNECT"]
        assert lan.curl("https://tracker.example.net/secret/1", *trust).status == 403
    event = journal.wait(rule_name="by safe parent", url=url, source_port=answer.ports)
    assert event.parent_server == "https out.example.com:3443"


def test_what_switches_inside_goes_on(gateway: Gateway, trust) -> None:
    """WebSocket; the server is one that echoes what follows its 101."""
    out = gateway.lab.out
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(gateway.lab.dir / "server.pem", gateway.lab.dir / "server.key")
    listener = out.open_socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((out.ip4, 443))
    listener.listen()

    def serve() -> None:
        while True:
            try:
                conn, _ = listener.accept()
                with context.wrap_socket(conn, server_side=True) as inside:
                    if not read_head(inside):
                        continue
                    switch = "101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade"
                    inside.sendall(f"HTTP/1.1 {switch}\r\n\r\n".encode())
                    while got := inside.recv(65536):
                        inside.sendall(got)
            except (OSError, ssl.SSLError):
                if listener.fileno() < 0:
                    return

    threading.Thread(target=serve, daemon=True).start()
    with listener, gateway.lab.lan.connect(out.ip4, 443) as sock:
        inside = secure(gateway, sock, "out.example.com")
        asks = "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13"
        asks += "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        inside.sendall(f"GET /ws HTTP/1.1\r\nHost: out.example.com\r\n{asks}\r\n\r\n".encode())
        assert read_head(inside).startswith(b"HTTP/1.1 101 ")
        inside.sendall(b"x" * 100_000)
        got = b""
        while len(got) < 100_000 and (more := inside.recv(65536)):
            got += more
        assert got == b"x" * 100_000


# A CONNECT in a stream of HTTP/2 is opened, too: TLS in the stream.


@contextmanager
def by_streams(gateway: Gateway, secure: bool) -> Iterator[Http2]:
    """To the explicit proxy: in TLS, or in the clear with prior knowledge."""
    sock = gateway.lab.lan.connect("10.0.0.1", 3129 if secure else 3128, timeout=5)
    if secure:
        context = ssl.create_default_context(cafile=str(gateway.lab.dir / "authority.pem"))
        context.set_alpn_protocols(["h2"])
        context.check_hostname = False
        sock = context.wrap_socket(sock)
    with Http2(sock) as proxy:
        yield proxy


in_the_clear = pytest.mark.parametrize("in_tls", [True, False], ids=["in TLS", "in the clear"])


@in_the_clear
def test_a_stream_is_opened(gateway: Gateway, journal: Journal, in_tls: bool) -> None:
    """In either version inside; its neighbours have nothing to do with it."""
    name = "www.example.com"
    with by_streams(gateway, in_tls) as proxy:
        one = Secured(Tunnel(proxy, name + ":443"), trusting(gateway), name)
        one.sendall(f"GET /secret/1 HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        head = read_head(one)
        assert head.startswith(b"HTTP/1.1 403 ")
        assert b">secret<" in read_exactly(one, length_of(head))
        assert journal.wait(rule_name="secret", url=f"https://{name}/secret/1").http == "1.1"
        context = trusting(gateway)
        context.set_alpn_protocols(["h2"])
        with Http2(Secured(Tunnel(proxy, name + ":443"), context, name)) as inside:
            assert inside.get(f"https://{name}/in/a/stream").status == 200
            refused = inside.get(f"https://{name}/secret/2")
            assert refused.status == 403 and b">secret<" in refused.body
            assert inside.get("https://shop.example.com/").status == 421
        event = journal.wait(rule_name="secret", url=f"https://{name}/secret/2")
        assert (event.http, event.source) == ("2", gateway.lab.lan.ip4)
        one.sendall(f"GET /more HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        assert b"HTTP/1.1 200 " in one.recv(65536)
        assert Tunnel(proxy, name + ":8443").status == 403
        exempt = Tunnel(proxy, "shop.example.com:443")
        theirs = ssl.create_default_context(cafile=str(gateway.lab.dir / "authority.pem"))
        private = Secured(exempt, theirs, "shop.example.com")
        private.sendall(b"GET /secret/1 HTTP/1.1\r\nHost: shop.example.com\r\n\r\n")
        assert read_head(private).startswith(b"HTTP/1.1 200 ")
        assert proxy.goaway is None and not proxy.closed


def test_what_a_stream_brings_is_whole(gateway: Gateway) -> None:
    """Megabytes, through a window that is opened a little at a time, and a proper end."""
    name, size = "www.example.com", 3_000_000
    body = os.urandom(size)
    gateway.lab.pages.file("large.bin", body)
    with by_streams(gateway, True) as proxy:
        inside = Secured(Tunnel(proxy, name + ":443"), trusting(gateway), name)
        ask = f"GET /files/large.bin HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
        inside.sendall(ask.encode())
        got = bytearray()
        while data := inside.recv(65536):
            got += data
        assert bytes(got).endswith(body)
        assert inside.below.answer.over and inside.below.answer.reset is None


def test_a_stream_that_goes_takes_what_is_inside(gateway: Gateway, journal: Journal, origin: Origin) -> None:
    go_on = threading.Event()
    name = "out.example.com"
    origin.answers["/held"] = [Reply(before=go_on)]
    context = trusting(gateway)
    context.set_alpn_protocols(["h2"])
    try:
        with by_streams(gateway, True) as proxy:
            inside = Http2(Secured(Tunnel(proxy, name + ":443"), context, name))
            inside.ask(request(f"https://{name}/held"))
            wait.until("it to be asked", lambda: origin.asked_for("/held"))
            inside.sock.close()
            journal.wait(url=f"https://{name}/held", reason="the client broke off")
            proxy.ping()
    finally:
        go_on.set()


@in_the_clear
def test_what_is_no_tls_in_a_stream_does_not_pass(gateway: Gateway, in_tls: bool) -> None:
    with by_streams(gateway, in_tls) as proxy:
        tunnel = Tunnel(proxy, "www.example.com:443")
        tunnel.sendall(b"SSH-2.0-x\r\n")
        assert tunnel.recv(4096) == b"" and tunnel.answer.over
        tunnel = Tunnel(proxy, "www.example.com:443")
        tunnel.end()
        assert tunnel.recv(4096) == b"" and tunnel.answer.over


def test_a_stream_that_is_opened_takes_a_place(gateway: Gateway) -> None:
    """As a connection would, of which a source has its share: half, if it is alone."""
    with Lab() as lab, prepare(Cramped(lab, POLICY)) as cramped:
        with lab.lan.connect("10.0.0.1", 3128, timeout=5) as sock, Http2(sock) as proxy:
            tunnels = [Tunnel(proxy, "www.example.com:443") for _ in range(100)]
            proxy.ping()
        shed = sum(tunnel.answer.reset is not None for tunnel in tunnels)
        assert shed == 100 + 1 - Cramped.DESCRIPTORS // EACH // 2
        cramped.journal.wait(source=lab.lan.ip4, enforcer="proxy", verdict="drop")


# Streams of HTTP/2, which share what was opened.


@contextmanager
def framed(gateway: Gateway, name: str, address: str = "203.0.113.80") -> Iterator[Http2]:
    context = trusting(gateway)
    context.set_alpn_protocols(["h2"])
    sock = gateway.lab.lan.connect(address, 443, timeout=5)
    with Http2(context.wrap_socket(sock, server_hostname=name)) as client:
        yield client


@pytest.fixture(scope="module")
def origin(gateway: Gateway) -> Iterator[Origin]:
    """https://out.example.com; one for all, as the gateway keeps connections to it.
    What follows a switch is sent back."""
    origin = Origin()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(gateway.lab.dir / "server.pem", gateway.lab.dir / "server.key")

    def handle(conn: socket.socket) -> None:
        with context.wrap_socket(conn, server_side=True) as inside:
            origin.handle(inside)
            echo(inside)

    with gateway.lab.out.serve(443, handle):
        yield origin


def test_many_at_once_are_of_one_connection(lan: Host, trust) -> None:
    urls = [f"https://www.example.com/{path}" for path in ("a", "secret/b", "c", "d")]
    argv = ["curl", "-s", "--parallel", "-w", "%{http_version} %{http_code} %{local_port}\\n"]
    for url in urls:
        argv += ["-o", "/dev/null", url]
    done = lan.run([*argv, *trust])
    told = [line.split() for line in done.stdout.splitlines()]
    assert sorted(t[:2] for t in told) == [["2", "200"]] * 3 + [["2", "403"]], done.stderr
    assert len({t[2] for t in told}) == 1


def test_each_stream_is_judged(gateway: Gateway, journal: Journal) -> None:
    """What is refused in one says nothing of its neighbours."""
    base = "https://www.example.com"
    with framed(gateway, "www.example.com") as client:
        assert client.get(base + "/x").status == 200
        refused = client.get(base + "/secret/1")
        assert refused.status == 403 and b">secret<" in refused.body
        assert client.get("https://shop.example.com/x").status == 421
        assert client.get("https://www.example.com:8443/x").status == 421
        assert client.get("http://www.example.com/x").status == 421
        connect = client.fetch([(":method", "CONNECT"), (":authority", "www.example.com:443")])
        assert connect.status >= 400
        assert client.fetch(request(base + "/x", "POST"), b"a=b").status == 200
        assert not client.closed and client.goaway is None
    event = journal.wait(rule_name="secret", url=base + "/secret/1", http="2")
    assert (event.verdict, event.status) == ("reject", 403)


def test_it_is_spoken_by_who_chose_it(gateway: Gateway) -> None:
    """RFC 9113, 3.3: and by nobody else, whatever comes first."""
    sock = gateway.lab.lan.connect("203.0.113.80", 443)
    with secure(gateway, sock, "www.example.com") as inside:
        inside.sendall(http2.PREFACE + http2.settings())
        assert inside.recv(4096).startswith(b"HTTP/1.1 ")


def test_a_websocket_in_a_stream(gateway: Gateway, origin: Origin) -> None:
    origin.answers["/chat"] = lambda asked: Reply(raw=switch(asked.headers["sec-websocket-key"]))
    fields = request("https://out.example.com/chat", "CONNECT", [("sec-websocket-version", "13")])
    fields.insert(1, (":protocol", "websocket"))
    with framed(gateway, "out.example.com", gateway.lab.out.ip4) as client:
        stream = client.begin(fields)
        client.until(lambda: client.answer(stream).status)
        assert client.answer(stream).status == 200
        client.data(stream, b"\x81\x02hi")
        client.until(lambda: client.answer(stream).body == b"\x81\x02hi")


def test_who_asks_and_how_much(gateway: Gateway, journal: Journal, lan: Host, trust, origin: Origin) -> None:
    """The user of the CONNECT asks in its streams; a quota that is used up ends one alone."""
    (gateway.dir / "users").write_text(BOB + "\n")
    origin.answers |= {"/few": [Reply(body=bytes(3_000_000))], "/x": [Reply()]}
    base = "https://out.example.com"
    rules = """
allow lan -> out.example.com https path "/hers/*" user bob inspect log as "hers"
allow lan -> out.example.com https path "/few" inspect quota 1M per day log as "few"

reject lan, guest"""
    other = POLICY.replace("\nreject lan, guest", rules, 1)
    other = other.replace('ca "ca.pem"', 'ca "ca.pem"\n    users "users"')
    try:
        done = gateway.apply(other)
        assert done.returncode == GOOD, done.stderr
        bob = ["--proxy-user", "bob:xyzzy", "--http2"]
        assert lan.curl(base + "/hers/1", *TUNNEL, *bob, *trust).status == 404
        event = journal.wait(rule_name="hers", url=base + "/hers/1")
        assert (event.user, event.http) == ("bob", "2")
        with framed(gateway, "out.example.com", gateway.lab.out.ip4) as client:
            few = client.get(base + "/few")
            assert few.reset is not None and len(few.body) < 2_000_000
            assert client.get(base + "/x").body == b"hello\n"
    finally:
        assert gateway.apply(POLICY).returncode == GOOD


def test_a_ban_ends_all_streams(gateway: Gateway, journal: Journal, origin: Origin) -> None:
    go_on = threading.Event()
    paths = ["/wait/1", "/wait/2", "/wait/3"]
    origin.answers |= {path: [Reply(before=go_on)] for path in paths}
    with framed(gateway, "out.example.com", gateway.lab.out.ip4) as client:
        for path in paths:
            client.ask(request("https://out.example.com" + path))
        wait.until("all to be asked", lambda: all(map(origin.asked_for, paths)))
        try:
            assert gateway.command("ban", gateway.lab.lan.ip4).returncode == GOOD
            for path in paths:
                journal.wait(reason="the client was banned", url="https://out.example.com" + path)
        finally:
            gateway.command("unban", gateway.lab.lan.ip4)
            go_on.set()


def test_another_policy_that_opens_it_no_more(gateway: Gateway, origin: Origin) -> None:
    """What was asked is answered; nothing more is, on this connection."""
    go_on = threading.Event()
    origin.answers["/last"] = [Reply(before=go_on)]
    exempt = 'allow lan -> out.example.com https log as "exempt"\n'
    with framed(gateway, "out.example.com", gateway.lab.out.ip4) as client:
        stream = client.ask(request("https://out.example.com/last"))
        wait.until("it to be asked", lambda: origin.asked_for("/last"))
        try:
            other = POLICY.replace("reject lan, guest", exempt + "reject lan, guest", 1)
            assert gateway.apply(other).returncode == GOOD
            client.until(lambda: client.goaway is not None)
            assert client.goaway == http2.NO_ERROR
            assert client.get("https://out.example.com/more").status == 421
            go_on.set()
            client.until(lambda: client.answer(stream).over)
            assert client.answer(stream).body == b"hello\n"
        finally:
            go_on.set()
            assert gateway.apply(POLICY).returncode == GOOD
    assert not origin.asked_for("/more")


def test_git_python_and_wget_take_it(gateway: Gateway, lan: Host, tmp_path: Path) -> None:
    """Each in the way in which it is told of a CA."""
    ca = str(gateway.dir / "ca.pem")
    repository = gateway.lab.pages.files / "repository.git"
    for argv in (
        ["git", "init", "-q", "--bare", repository],
        ["git", "--git-dir", repository, "update-server-info"],
    ):
        subprocess.run(argv, check=True, capture_output=True)
    url = "https://www.example.com/files/repository.git"
    git = ["env", f"GIT_SSL_CAINFO={ca}", "git", "ls-remote", url]
    done = lan.run(git)
    assert done.returncode == 0, done.stderr
    code = "import urllib.request as u, ssl, sys; c = ssl.create_default_context(cafile=sys.argv[1]); "
    code += "print(u.urlopen('https://www.example.com/py', context=c).status)"
    done = lan.run([sys.executable, "-c", code, ca])
    assert done.stdout == "200\n", done.stderr
    if shutil.which("wget"):
        wget = ["wget", "-q", "-O", "-", "--ca-certificate", ca, "https://www.example.com/wget"]
        assert lan.run(wget).returncode == 0


def test_a_browser_shows_the_page(gateway: Gateway, lan: Host, tmp_path: Path) -> None:
    """Chromium, by the explicit proxy: the refusal is a page and no error of TLS."""
    if not shutil.which("chromium") or not shutil.which("certutil"):
        pytest.skip("apt-get install chromium libnss3-tools")
    store = tmp_path / ".pki" / "nssdb"
    store.mkdir(parents=True)
    crt = tmp_path / "ca.crt"
    crt.write_bytes(subprocess.check_output([PROGRAM, "ca", "export", gateway.dir / "ca.pem"]))
    for argv in (["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "gatehouse", "-i", crt]):
        subprocess.run(["certutil", "-d", f"sql:{store}", *argv], check=True, capture_output=True)
    shot = Path(os.environ.get("INSPECT_SHOT", tmp_path / "refused.png"))
    argv = ["env", f"HOME={tmp_path}", "chromium", "--headless", "--no-sandbox", "--disable-gpu"]
    argv += ["--proxy-server=http://10.0.0.1:3128", "--window-size=900,600"]
    argv += [f"--user-data-dir={tmp_path}/profile", "--virtual-time-budget=2000"]
    url = "https://www.example.com/secret/plans"
    if "INSPECT_SHOT" in os.environ:
        lan.run([*argv, f"--screenshot={shot}", url], timeout=60)
    done = lan.run([*argv, "--dump-dom", url], timeout=60)
    assert "secret" in done.stdout and "403 Forbidden" in done.stdout, done.stderr[-2000:]


def trusting(gateway: Gateway) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(gateway.dir / "ca.pem"))


def secure(gateway: Gateway, sock, name: str) -> ssl.SSLSocket:
    return trusting(gateway).wrap_socket(sock, server_hostname=name)


def sock_port(sock) -> range:
    port = sock.getsockname()[1]
    return range(port, port + 1)


def wait_end(sock) -> bool:
    try:
        return sock.recv(4096) == b""
    except ConnectionResetError:
        return True
