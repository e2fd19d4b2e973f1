# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTP/2 with a proxy that is reached by TLS: chosen in the handshake (ALPN), with
tunnels and the user of a certificate in each of its streams."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import certificate, http2
from tests.lab.gateway import Gateway
from tests.lab.http2 import Http2, block, frame, request
from tests.lab.journal import Journal
from tests.lab.listener import echo
from tests.lab.origin import Origin, Reply
from tests.story.cached import URL, Site
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen tls 10.0.0.1:3129 for lan certificate "gate.pem" key "gate.key" clients "staff.pem" optional
}
allow  lan -> out.example.com path "/staff/*" user anna  log as "staff"
reject lan -> out.example.com path "/staff/*"            log as "strangers"
allow  lan -> wan tcp 80, tcp 8000, tcp 5000             log as "web"
"""
)
GATE = "gate.example.net"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dir = tmp_path_factory.mktemp("pki")
    made = certificate.make(dir, [GATE, "10.0.0.1"])
    for file, name in ((made.chain, "gate.pem"), (made.key, "gate.key")):
        if file != dir / name:
            shutil.copy(file, dir / name)
    shutil.copy(made.authority, dir / "gate-authority.pem")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-x509", "-days", "2"]
    for name, more in (
        ("staff", ["-addext", "basicConstraints=critical,CA:TRUE"]),
        ("anna", ["-CA", dir / "staff.pem", "-CAkey", dir / "staff.key",
                  "-addext", "basicConstraints=critical,CA:FALSE"]),
    ):
        argv = ["openssl", "req", *key, "-subj", f"/CN={name}", "-out", dir / f"{name}.pem"]
        argv += ["-keyout", dir / f"{name}.key", *more]
        subprocess.run(argv, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    (dir / "gate.key").chmod(0o600)
    return dir


@pytest.fixture(scope="module")
def site(gateway_lab, pki: Path) -> Iterator[Site]:
    gateway, origin = Gateway(gateway_lab, POLICY), Origin()
    for name in ("gate.pem", "gate.key", "staff.pem"):
        shutil.copy(pki / name, gateway.dir)
    with gateway, gateway_lab.out.serve(8000, origin.handle):
        yield Site(gateway, origin)


@pytest.fixture
def journal(site: Site) -> Journal:
    return site.gateway.journal.from_here()


def shake(site: Site, pki: Path, who: str = "", *protocols: str) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(pki / "gate-authority.pem"))
    context.set_alpn_protocols(list(protocols) or ["h2", "http/1.1"])
    if who:
        context.load_cert_chain(pki / f"{who}.pem", pki / f"{who}.key")
    sock = site.lab.lan.connect("10.0.0.1", 3129, timeout=5)
    return context.wrap_socket(sock, server_hostname=GATE)


@pytest.fixture
def client(site: Site, pki: Path) -> Iterator[Http2]:
    with Http2(shake(site, pki)) as client:
        yield client


def test_it_is_chosen(site: Site, pki: Path) -> None:
    for offered, chosen in (
        (["h2", "http/1.1"], "h2"),
        (["http/1.1", "h2"], "h2"),
        (["h2"], "h2"),
        (["http/1.1"], "http/1.1"),
    ):
        with shake(site, pki, "", *offered) as sock:
            assert sock.selected_alpn_protocol() == chosen


def test_a_page(site: Site, client: Http2, journal: Journal) -> None:
    path = site.page(Reply(body=bytes(300_000)))
    assert client.get(URL + path).body == bytes(300_000)
    event = journal.wait(url=URL + path)
    assert (event.http, event.rule_name, event.user) == ("2", "web", None)


def test_the_older_one_for_who_wants_it(site: Site, pki: Path, journal: Journal) -> None:
    path = site.page(Reply())
    with shake(site, pki, "", "http/1.1") as sock:
        sock.sendall(f"GET {URL}{path} HTTP/1.1\r\nHost: out.example.com\r\n\r\n".encode())
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert journal.wait(url=URL + path).http == "1.1"


def test_who_chose_it_speaks_it(site: Site, pki: Path) -> None:
    with shake(site, pki, "", "h2") as sock:
        sock.sendall(f"GET {URL}/ HTTP/1.1\r\nHost: out.example.com\r\n\r\n".encode())
        client = Http2(sock, greets=False)
        client.until_over()
        assert client.goaway in (None, http2.PROTOCOL_ERROR)
        assert not client.answers


def test_connect(site: Site, client: Http2) -> None:
    with site.lab.out.serve(5000, echo):
        stream = client.begin([(":method", "CONNECT"), (":authority", "out.example.com:5000")])
        client.until(lambda: client.answer(stream).status)
        client.data(stream, b"hello" * 3000)
        client.until(lambda: len(client.answer(stream).body) == 15000)
        client.data(stream, b"", end=True)
        client.until(lambda: client.answer(stream).over)
    assert client.answer(stream).body == b"hello" * 3000


def test_who_asks(site: Site, pki: Path, journal: Journal) -> None:
    """The certificate speaks for all streams."""
    site.origin.answers["/staff/x"] = [Reply()]
    with Http2(shake(site, pki, "anna")) as client:
        for _ in range(2):
            assert client.get(URL + "/staff/x").status == 200
    assert journal.wait(rule_name="staff").user == "anna"
    with Http2(shake(site, pki)) as client:
        assert client.get(URL + "/staff/x").status == 403


def test_a_flood(site: Site, pki: Path, journal: Journal) -> None:
    with Http2(shake(site, pki)) as client:
        client.ping()
        client.send(frame(http2.PING, payload=bytes(8)) * 3000)
        client.until_over()
        assert client.goaway == http2.ENHANCE_YOUR_CALM
    assert journal.wait(reason="the client floods the proxy with useless frames")


def test_a_head_over_many_records(site: Site, client: Http2) -> None:
    path = site.page(Reply())
    whole = frame(http2.HEADERS, 5, client.next_id(), block(request(URL + path)))
    for byte in whole:
        client.send(bytes([byte]))
    client.until(lambda: client.answer(1).over)
    assert client.answer(1).status == 200
