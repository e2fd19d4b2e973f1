# SPDX-License-Identifier: GPL-2.0-or-later
"""A parent over TLS: whom the proxy trusts, and what it does with others.

The parent's certificate is for parent.example.com and 203.0.113.9, signed by an
authority that the policy names and the system does not know.
"""

import contextlib
import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import certificate, wait
from tests.lab.certificate import Certificate
from tests.lab.flows import PROXY, SOCKS, TUNNEL
from tests.lab.gateway import GOOD, Gateway
from tests.lab.journal import Journal
from tests.lab.lab import WEB
from tests.lab.listener import read_head
from tests.lab.parent import HttpsParent, Tinyproxy
from tests.story.zones import ZONES

BY_PARENT = "203.0.113.9"
NAME = "parent.example.com"
KINDS = ("named", "address", "stranger", "other", "two", "real", "plain")
NAMES = {f"www.{kind}.example": WEB[0] for kind in KINDS}
POLICY = (
    ZONES
    + f"""
parent named    = https {NAME}:3443 ca "authority.pem"
parent address  = https {BY_PARENT}:3443 ca "authority.pem"
parent stranger = https {NAME}:3443
parent other    = https out.example.com:3443 ca "authority.pem"
parent two      = https {NAME}:3444 ca "authority.pem", https {NAME}:3443 ca "authority.pem"
parent plain    = https {NAME}:3444 ca "authority.pem"
parent real     = https {NAME}:3445 ca "authority.pem"

proxy {{
    listen 10.0.0.1:3128 for lan
}}

"""
    + "".join(f'allow lan -> .{k}.example via {k} log as "{k}"\n' for k in KINDS)
)


@pytest.fixture(scope="module")
def gateway(gateway_lab) -> Iterator[Gateway]:
    gateway_lab.names.records[NAME] = [BY_PARENT]
    gateway = Gateway(gateway_lab, ZONES + "drop any -> any\n")
    made = certificate.make(gateway.dir, [NAME, BY_PARENT])
    gateway.certificate = made
    gateway.policy = gateway.policy_file(POLICY)
    with gateway:
        yield gateway


@pytest.fixture
def made(gateway: Gateway) -> Certificate:
    return gateway.certificate


@pytest.fixture
def parent(gateway: Gateway, made: Certificate) -> Iterator[HttpsParent]:
    with HttpsParent(gateway.lab.out, 3443, made, NAMES) as parent:
        yield parent


WAYS = {"a URL": PROXY, "CONNECT": TUNNEL, "SOCKS": SOCKS}


def up_again(gateway: Gateway, url: str, *more: str):
    """A parent that another story found down is passed over for 5 seconds."""

    def answered():
        answer = gateway.lab.lan.curl(url, *more)
        return answer if answer.status not in (0, 503) else None

    return wait.until(f"a parent for {url}", answered, 8)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("kind", ["named", "address"])
def test_it_is_asked(
    gateway: Gateway, journal: Journal, parent: HttpsParent, kind: str, way, scheme: str
) -> None:
    name = f"www.{kind}.example"
    answer = up_again(gateway, f"{scheme}://{name}/x", *way, "--insecure")
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert (answer.said["peer"], answer.said["name"]) == (BY_PARENT, name)
    assert parent.asked == [(name, 443 if scheme == "https" else 80)]
    event = journal.wait(rule_name=kind, source_port=answer.ports)
    place = NAME if kind == "named" else BY_PARENT
    assert event.parent_server == f"https {place}:3443"


def test_a_real_one(gateway: Gateway, made: Certificate, tmp_path: Path) -> None:
    """HAProxy before tinyproxy."""
    if not shutil.which("tinyproxy") or not shutil.which("haproxy"):
        pytest.skip("apt-get install tinyproxy haproxy")
    lab = gateway.lab
    both = tmp_path / "both.pem"
    both.write_text(made.chain.read_text() + made.key.read_text())
    config = tmp_path / "haproxy.cfg"
    config.write_text(
        f"""defaults
    mode tcp
    timeout client 30s
    timeout server 30s
    timeout connect 5s
listen parent
    bind 0.0.0.0:3445 ssl crt {both}
    server tinyproxy 127.0.0.1:8888
"""
    )
    with Tinyproxy(lab.out, 8888) as parent:
        parent.host.spawn(["haproxy", "-db", "-f", config])
        lab.names.records["www.real.example"] = [WEB[0]]
        wait.until("haproxy", lambda: connects(gateway, 3445))
        for scheme in ("http", "https"):
            answer = up_again(gateway, f"{scheme}://www.real.example/a", *PROXY, "-k")
            assert (answer.exit, answer.status) == (0, 200), answer.error
            assert answer.said["peer"] == BY_PARENT
        body = "x" * 70_000  # an argument may not be much longer
        url = "http://www.real.example/files/secure"
        sent = lab.lan.curl(url, *PROXY, "--data-binary", body, "-X", "PUT")
        assert sent.status == 201
        assert lab.lan.curl(url, *PROXY).body == body.encode()


def connects(gateway: Gateway, port: int) -> bool:
    try:
        gateway.lab.out.connect("127.0.0.1", port).close()
    except OSError:
        return False
    return True


def test_a_kept_connection(gateway: Gateway, parent: HttpsParent) -> None:
    up_again(gateway, "http://www.named.example/", *PROXY)
    before = parent.connections
    lan = gateway.lab.lan
    for _ in range(5):
        assert lan.curl("http://www.named.example/", *PROXY).status == 200
    # One more for each thread that had none.
    assert parent.connections - before < 5


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_sessions_are_resumed(
    gateway: Gateway, parent: HttpsParent, version: str
) -> None:
    parent.context.minimum_version = ssl.TLSVersion[version]
    parent.context.maximum_version = ssl.TLSVersion[version]
    for _ in range(3):
        answer = up_again(gateway, "https://www.named.example/", *PROXY, "-k")
        assert answer.status == 200
    assert parent.resumed[-2:] == [True, True], parent.resumed


@pytest.mark.parametrize(
    "kind, words",
    [
        ("stranger", "unable to get local issuer certificate"),
        ("other", "hostname mismatch"),
    ],
)
def test_who_is_not_the_parent_is_told_nothing(
    gateway: Gateway, journal: Journal, parent: HttpsParent, kind: str, words: str
) -> None:
    answer = gateway.lab.lan.curl(f"http://www.{kind}.example/", *PROXY)
    assert answer.status == 503
    event = journal.wait(rule_name=kind, source_port=answer.ports)
    assert event.reason == f"no server of the parent can be reached ({kind}: TLS: {words})"
    assert words in answer.text
    assert parent.heads == [] and parent.asked == []


def test_an_old_version_is_refused(
    gateway: Gateway, made: Certificate, journal: Journal
) -> None:
    with HttpsParent(gateway.lab.out, 3444, made, NAMES) as parent:
        parent.context.set_ciphers("ALL:@SECLEVEL=0")
        parent.context.minimum_version = ssl.TLSVersion.TLSv1
        parent.context.maximum_version = ssl.TLSVersion.TLSv1_1
        answer = gateway.lab.lan.curl("http://www.plain.example/", *PROXY)
        assert answer.status == 503 and parent.heads == []
        event = journal.wait(rule_name="plain", source_port=answer.ports)
        assert "version" in event.reason


def test_the_next_where_one_speaks_no_tls(gateway: Gateway, parent: HttpsParent) -> None:
    lab = gateway.lab
    with lab.out.serve(3444, lambda conn: conn.sendall(b"HTTP/1.1 400 No\r\n\r\n")):
        answer = up_again(gateway, "http://www.two.example/", *PROXY)
        assert answer.status == 200 and answer.said["peer"] == BY_PARENT
    assert parent.asked == [("www.two.example", 80)]


class Scripted:
    """Over TLS: an answer without a length, and an end, with or without the
    word that it is one."""

    def __init__(self, made: Certificate, proper: bool):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(made.chain, made.key)
        self.proper = proper

    def __call__(self, conn: socket.socket) -> None:
        secure = self.context.wrap_socket(conn, server_side=True)
        read_head(secure)
        secure.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart")
        if self.proper:
            with contextlib.suppress(OSError):
                secure.unwrap()
        else:
            raw = socket.socket(fileno=secure.detach())
            raw.shutdown(socket.SHUT_WR)
            raw.recv(1)  # until the other side has seen it
            raw.close()


@pytest.mark.parametrize("proper", [True, False], ids=["an end", "a cut"])
def test_an_end_that_anybody_could_have_made(
    gateway: Gateway, made: Certificate, journal: Journal, proper: bool
) -> None:
    lab = gateway.lab
    with lab.out.serve(3443, Scripted(made, proper)):
        answer = up_again(gateway, "http://www.named.example/", *PROXY)
    assert answer.status == 200
    event = journal.wait(rule_name="named", source_port=answer.ports)
    if proper:
        assert (answer.exit, answer.body) == (0, b"part")
        assert event.reason is None
    else:
        assert answer.exit != 0
        assert event.reason == "the server broke off its answer"


def test_much_of_it(gateway: Gateway, parent: HttpsParent) -> None:
    """Both ways through a tunnel in the parent's TLS."""
    lab = gateway.lab
    size = 8 << 20

    def turn_around(conn: socket.socket) -> None:
        while data := conn.recv(65536):
            conn.sendall(data)

    up_again(gateway, "http://www.named.example/", *PROXY)
    parent.names["www.named.example"] = lab.out.ip4
    with lab.out.serve(7, turn_around), lab.lan.connect("10.0.0.1", 3128) as sock:
        target = b"www.named.example:7"
        sock.sendall(b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, target))
        assert read_head(sock).startswith(b"HTTP/1.1 200 ")
        sent = bytes(range(256)) * (size // 256)
        got = bytearray()
        sock.setblocking(False)
        at = 0

        def moved() -> bool:
            nonlocal at
            with contextlib.suppress(BlockingIOError):
                at += sock.send(sent[at : at + 262144])
            with contextlib.suppress(BlockingIOError):
                got.extend(sock.recv(262144))
            return len(got) == size

        wait.until("all of it to come back", moved, 30)
        assert bytes(got) == sent


def test_what_is_no_certificate(gateway: Gateway) -> None:
    """Found when the proxy reads it, and then nothing changes."""
    pem = "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n"
    (gateway.dir / "bad.pem").write_text(pem)
    done = gateway.apply(POLICY.replace('"authority.pem"', '"bad.pem"'))
    assert done.returncode != GOOD
    assert "a certificate in it cannot be read" in done.stderr
