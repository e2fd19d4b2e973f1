# SPDX-License-Identifier: GPL-2.0-or-later
"""A proxy that is reached by TLS: whom it shows to be, who is let in, what is told
of those who are not, and that who stalls takes nobody's place."""

import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.lab import certificate, curl, wait
from tests.lab.gateway import Gateway
from tests.lab.journal import Journal
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    listen tls 10.0.0.1:3129 for lan certificate "gate.pem" key "gate.key", "other.pem" key "other.key" clients "staff.pem" optional
    listen tls [2001:db8:1::1]:3129 for lan certificate "gate.pem" key "gate.key"
    listen tls 10.0.0.1:3130 for lan certificate "gate.pem" key "gate.key" clients "staff.pem"
    listen tls 10.0.0.1:3131 for lan behind 10.0.0.4 certificate "gate.pem" key "gate.key"
}

allow  lan -> v4only.example.com user anna, bert@example.com log as "staff"
reject lan -> v4only.example.com log as "strangers"
allow  lan -> wan log as "web"
"""
)
PAGE = "http://www.example.com/a?b"
STAFF_PAGE = "http://v4only.example.com/"
GATE, OTHER = "gate.example.net", "other.example.net"
OPTIONAL, DEMANDED, BALANCED = 3129, 3130, 3131
HEAD = f"HEAD {PAGE} HTTP/1.1\r\nHost: www.example.com\r\n\r\n".encode()
SLOW_HEADS = 1024  # PROXY_SLOW_HEADS_MAX


def client_certificate(dir: Path, name: str, subject: str, *more: str, ca="staff") -> None:
    """Signed by the authority of the staff, or another."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    argv = ["openssl", "req", "-x509", "-days", "2", *key, "-subj", subject]
    argv += ["-out", dir / f"{name}.pem", "-keyout", dir / f"{name}.key", *more]
    if ca:
        argv += ["-CA", dir / f"{ca}.pem", "-CAkey", dir / f"{ca}.key"]
        argv += ["-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run(argv, check=True, capture_output=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All certificates of the story; `authority.pem` has signed the gateway's."""
    dir = tmp_path_factory.mktemp("pki")
    for word, name in (("gate", GATE), ("other", OTHER)):
        part = dir / word
        part.mkdir()
        made = certificate.make(part, [name, "10.0.0.1", "2001:db8:1::1"])
        shutil.copy(made.chain, dir / f"{word}.pem")
        shutil.copy(made.key, dir / f"{word}.key")
        shutil.copy(made.authority, dir / f"{word}-authority.pem")
    ca = "basicConstraints=critical,CA:TRUE"
    client_certificate(dir, "staff", "/CN=staff", "-addext", ca, ca="")
    client_certificate(dir, "crooks", "/CN=crooks", "-addext", ca, ca="")
    client_certificate(dir, "anna", "/CN=anna")
    mail = "subjectAltName=email:bert@example.com"
    client_certificate(dir, "bert", "/O=staff", "-addext", mail)
    client_certificate(dir, "carl", "/CN=carl")
    client_certificate(dir, "eve", "/CN=anna", ca="crooks")
    for key in dir.glob("*.key"):
        key.chmod(0o600)
    return dir


@pytest.fixture(scope="module")
def gateway(gateway_lab, pki: Path) -> Iterator[Gateway]:
    gateway = Gateway(gateway_lab, POLICY)
    for file in [*pki.glob("*.pem"), *pki.glob("*.key")]:
        shutil.copy(file, gateway.dir)
    with gateway:
        yield gateway


@pytest.fixture
def by_tls(gateway: Gateway, pki: Path):
    """`by_tls(url, ...)`: curl through the listener that speaks TLS."""

    def ask(url: str, *more: str, port=OPTIONAL, who="", trust="gate") -> curl.Answer:
        argv = ["--proxy", f"https://10.0.0.1:{port}"]
        argv += ["--proxy-cacert", str(pki / f"{trust}-authority.pem")]
        if who:
            argv += ["--proxy-cert", str(pki / f"{who}.pem")]
            argv += ["--proxy-key", str(pki / f"{who}.key")]
        return gateway.lab.lan.curl(url, *argv, *more)

    return ask


def counters(gateway: Gateway) -> dict[str, int]:
    return json.loads(gateway.command("status", "--json").stdout)["counters"]


@pytest.fixture
def counted(gateway: Gateway):
    """`counted(name)`: how much more there is of it since the story began."""
    before = counters(gateway)
    return lambda name: counters(gateway)[name] - before[name]


def comes_to(counted, name: str, number: int = 1) -> None:
    wait.until(f"{number} {name}", lambda: counted(name) == number)


# What is asked through it.


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_page(by_tls, journal: Journal, scheme: str) -> None:
    answer = by_tls(f"{scheme}://www.example.com/a?b")
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert answer.said["target"] == "/a?b"
    event = journal.wait(rule_name="web", source_port=answer.ports)
    assert (event.name, event.user) == ("www.example.com", None)


def test_socks_inside(gateway: Gateway, pki: Path) -> None:
    lan, context = gateway.lab.lan, trusting(pki)
    with context.wrap_socket(lan.connect("10.0.0.1", OPTIONAL), server_hostname=GATE) as s:
        s.sendall(b"\x05\x01\x00")
        assert s.recv(2) == b"\x05\x00"
        name = b"www.example.com"
        s.sendall(b"\x05\x01\x00\x03" + bytes([len(name)]) + name + b"\x00\x50")
        assert s.recv(64)[:2] == b"\x05\x00"
        s.sendall(b"GET / HTTP/1.0\r\nHost: www.example.com\r\n\r\n")
        assert s.recv(12) == b"HTTP/1.1 200"


def test_much_both_ways(by_tls, gateway: Gateway, tmp_path: Path) -> None:
    """More than all buffers hold, in a request and out of one, in one answer."""
    body = tmp_path / "body"
    body.write_bytes(bytes(range(256)) * 20000)
    answer = by_tls("http://www.example.com/echo", "--data-binary", f"@{body}")
    assert (answer.exit, answer.status) == (0, 200), answer.error
    content = bytes(range(256)) * 20000
    gateway.lab.pages.file("large", content)
    large = by_tls("http://www.example.com/files/large")
    assert (large.exit, large.body) == (0, content), large.error


# Whom it shows to be.


def trusting(pki: Path, *authorities: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for word in authorities or ("gate", "other"):
        context.load_verify_locations(pki / f"{word}-authority.pem")
    return context


def shake(gateway: Gateway, context: ssl.SSLContext, name=GATE, session=None):
    """One connection, which has asked and been answered."""
    sock = gateway.lab.lan.connect("10.0.0.1", OPTIONAL)
    tls = context.wrap_socket(sock, server_hostname=name, session=session)
    tls.sendall(HEAD)
    assert tls.recv(65536).startswith(b"HTTP/1.1 200")
    return tls


@pytest.mark.parametrize("name", [GATE, OTHER])
def test_the_certificate_of_the_name(gateway: Gateway, pki: Path, name: str) -> None:
    word = name.partition(".")[0]
    with shake(gateway, trusting(pki, word), name) as tls:
        assert tls.version() == "TLSv1.3"


def test_a_client_that_does_not_trust_it(by_tls, journal: Journal, counted) -> None:
    """What the client says to it is told."""
    answer = by_tls(PAGE, trust="other")
    assert answer.exit == 60
    event = journal.wait(source_port=answer.ports)
    assert event.verdict == "reject"
    assert event.reason.endswith("the peer sent an alert: unknown CA")
    comes_to(counted, "tls_failed_alert")


def test_the_protocol_inside_is_agreed_on(gateway: Gateway, pki: Path) -> None:
    context = trusting(pki)
    context.set_alpn_protocols(["xyz", "http/1.1"])
    with shake(gateway, context) as tls:
        assert tls.selected_alpn_protocol() == "http/1.1"


# Who is let in, and as whom.


@pytest.mark.parametrize(
    ("who", "user", "rule"),
    [
        ("anna", "anna", "staff"),
        ("bert", "bert@example.com", "staff"),
        ("carl", "carl", "strangers"),
        ("", None, "strangers"),
    ],
)
def test_a_certificate_says_who_asks(
    by_tls, journal: Journal, who: str, user: str, rule: str
) -> None:
    answer = by_tls(STAFF_PAGE, who=who)
    assert answer.status == (200 if rule == "staff" else 403), answer.error
    event = journal.wait(rule_name=rule, source_port=answer.ports)
    assert event.user == user


def test_of_all_that_a_connection_asks(
    gateway: Gateway, pki: Path, journal: Journal
) -> None:
    context = trusting(pki)
    context.load_cert_chain(pki / "anna.pem", pki / "anna.key")
    with shake(gateway, context) as tls:
        for path in ("a", "b"):
            head = f"HEAD {STAFF_PAGE}{path} HTTP/1.1\r\nHost: v4only.example.com\r\n\r\n"
            tls.sendall(head.encode())
            assert tls.recv(65536).startswith(b"HTTP/1.1 200")
    wait.until("all", lambda: len(journal.events(user="anna", status=200)) == 3)


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ("", "the client has no certificate"),
        ("eve", "the certificate is not accepted: its issuer is not trusted"),
    ],
)
def test_who_has_none_that_is_good(
    by_tls, journal: Journal, counted, who: str, reason: str
) -> None:
    answer = by_tls(PAGE, port=DEMANDED, who=who)
    assert answer.exit in (curl.TLS_FAILED, curl.PROXY_REFUSED)
    assert "alert" in answer.error
    event = journal.wait(source_port=answer.ports)
    assert event.reason == f"the TLS handshake failed: {reason}"
    comes_to(counted, "tls_failed_certificate")
    assert by_tls(PAGE, port=DEMANDED, who="anna").status == 200


# Who cannot be spoken to.


def test_plain_http(gateway: Gateway, journal: Journal, counted) -> None:
    argv = ["--proxy", f"http://10.0.0.1:{OPTIONAL}"]
    answer = gateway.lab.lan.curl(PAGE, *argv)
    assert answer.exit != 0
    event = journal.wait(source_port=answer.ports)
    assert event.reason == "the TLS handshake failed: what came was no TLS"
    comes_to(counted, "tls_failed_not_tls")


def test_an_old_version(gateway: Gateway, journal: Journal, counted) -> None:
    """TLS 1.1, as a client says it that has nothing else."""
    body = b"\x03\x02" + bytes(32) + b"\x00" + b"\x00\x02\xc0\x13" + b"\x01\x00"
    hello = b"\x01" + len(body).to_bytes(3, "big") + body
    with gateway.lab.lan.connect("10.0.0.1", OPTIONAL) as sock:
        sock.sendall(b"\x16\x03\x01" + len(hello).to_bytes(2, "big") + hello)
        alert = sock.recv(64)
        assert (alert[0], alert[-1]) == (21, 70)  # protocol_version
        assert sock.recv(64) == b""
    assert "no version" in journal.wait(verdict="reject").reason
    comes_to(counted, "tls_failed_version")


def test_who_says_nothing_is_not_told_of(gateway: Gateway, journal: Journal, counted) -> None:
    gateway.lab.lan.connect("10.0.0.1", OPTIONAL).close()
    comes_to(counted, "tls_failed_closed")
    assert journal.events() == []


# Sessions.


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed(gateway: Gateway, pki: Path, counted, version) -> None:
    context = trusting(pki)
    context.maximum_version = version
    with shake(gateway, context) as first:
        session = first.session
    for turn in (1, 2):
        with shake(gateway, context, session=session) as tls:
            assert tls.session_reused
            session = tls.session
        comes_to(counted, "tls_resumed", turn)
    assert counted("tls_handshakes") == 1


def test_but_not_in_another_policy(gateway: Gateway, pki: Path, counted) -> None:
    context = trusting(pki)
    with shake(gateway, context) as first:
        session = first.session
    assert gateway.apply(POLICY).returncode == 0
    with shake(gateway, context, session=session) as tls:
        assert not tls.session_reused
    comes_to(counted, "tls_handshakes", 2)


# Another certificate.


def test_apply_brings_another_certificate(gateway: Gateway, pki: Path) -> None:
    """Who is connected goes on; who comes is shown the new one."""
    ours = gateway.dir / "gate.pem", gateway.dir / "gate.key"
    with shake(gateway, trusting(pki, "gate")) as living:
        for new, old in zip(("other.pem", "other.key"), ours):
            shutil.copy(pki / new, old)
        assert gateway.apply(POLICY).returncode == 0
        with shake(gateway, trusting(pki, "other"), OTHER):
            pass
        with pytest.raises(ssl.SSLCertVerificationError):
            shake(gateway, trusting(pki, "gate"), GATE)
        living.sendall(HEAD)
        assert living.recv(65536).startswith(b"HTTP/1.1 200")
    for old in ours:
        shutil.copy(pki / old.name, old)
    assert gateway.apply(POLICY).returncode == 0


def test_a_key_that_is_not_its_own_is_refused(gateway: Gateway, pki: Path) -> None:
    (gateway.dir / "gate.key").write_bytes((pki / "other.key").read_bytes())
    done = gateway.apply(POLICY)
    assert done.returncode == 1
    assert "the key is not the certificate's" in done.stdout + done.stderr
    (gateway.dir / "gate.key").write_bytes((pki / "gate.key").read_bytes())


def test_a_key_that_others_can_read_is_refused(gateway: Gateway) -> None:
    key = gateway.dir / "gate.key"
    key.chmod(0o640)
    done = gateway.apply(POLICY)
    assert done.returncode == 1
    assert "others than its owner can read the key" in done.stdout + done.stderr
    key.chmod(0o600)


# Balancers, and those who stall.


def test_a_balancer_s_header_comes_first(gateway: Gateway, pki: Path, journal) -> None:
    lan = gateway.lab.lan
    assert lan.ip4 == "10.0.0.4"
    with lan.connect("10.0.0.1", BALANCED) as sock:
        sock.sendall(b"PROXY TCP4 10.0.0.77 10.0.0.1 1234 3131\r\n")
        with trusting(pki).wrap_socket(sock, server_hostname=GATE) as tls:
            tls.sendall(HEAD)
            assert tls.recv(65536).startswith(b"HTTP/1.1 200")
    assert journal.wait(rule_name="web").source == "10.0.0.77"


def stall(gateway: Gateway, stack: ExitStack) -> None:
    """Half a hello, for which there may be no room any more."""
    with suppress(ConnectionError):
        sock = stack.enter_context(gateway.lab.lan.connect("10.0.0.1", OPTIONAL))
        sock.sendall(b"\x16\x03\x01\x01\x00\x01\x00")


def test_who_stalls_takes_nobody_s_place(gateway: Gateway, pki: Path, counted) -> None:
    """All that one source can have, half of the places; others are served."""
    with ExitStack() as stack:
        for _ in range(SLOW_HEADS // 2 + 50):
            stall(gateway, stack)
        wait.until("no room", lambda: counted("connections_shed") >= 40)
        assert counters(gateway)["connections_open"] >= SLOW_HEADS // 2 - 1
        sock = gateway.lab.lan.open_socket(socket.AF_INET6, socket.SOCK_STREAM)
        sock.settimeout(2)
        sock.connect(("2001:db8:1::1", OPTIONAL))
        with trusting(pki).wrap_socket(sock, server_hostname=GATE) as tls:
            tls.sendall(HEAD)
            assert tls.recv(65536).startswith(b"HTTP/1.1 200")
    wait.until("their end", lambda: counters(gateway)["connections_open"] == 0)
