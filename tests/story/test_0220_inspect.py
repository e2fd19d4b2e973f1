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
from pathlib import Path

import pytest

from tests.lab.flows import SOCKS, TUNNEL
from tests.lab.gateway import PROGRAM, Gateway
from tests.lab.host import Host
from tests.lab.journal import Journal
from tests.lab.lab import WEB
from tests.lab.listener import read_head
from tests.lab.parent import HttpParent
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
parent corp = http 203.0.113.9:3128

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
allow  lan -> any https method GET, HEAD, POST inspect log as "reading"
allow  lan, guest -> wan udp 53
reject any -> any                                      log as "rest"
"""
)


@pytest.fixture(scope="module")
def gateway(gateway_lab) -> Iterator[Gateway]:
    trusted = gateway_lab.dir / "etc" / "ssl" / "certs" / "ca-certificates.crt"
    trusted.parent.mkdir(parents=True)
    shutil.copy(gateway_lab.dir / "authority.pem", trusted)
    gateway = Gateway(gateway_lab, POLICY)
    for file in ("server.pem", "server.key"):
        shutil.copy(gateway_lab.dir / file, gateway.dir / file)
        (gateway.dir / file).chmod(0o600)
    make = [PROGRAM, "ca", "create", gateway.dir / "ca.pem"]
    subprocess.run(make, check=True, capture_output=True)
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


WAYS = {"intercepted": [], "CONNECT": TUNNEL, "SOCKS": SOCKS}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_it_is_opened(gateway: Gateway, journal: Journal, lan: Host, trust: list[str], way) -> None:
    answer = lan.curl("https://www.example.com/x", *way, *trust)
    assert (answer.exit, answer.status) == (0, 200), answer.error + answer.text
    event = journal.wait(rule_name="reading", url="https://www.example.com/x", source_port=answer.ports)
    assert (event.method, event.status, event.verdict) == ("GET", 200, "allow")


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_nothing_passes_inside_that_is_refused(gateway: Gateway, journal: Journal, lan: Host, trust, way) -> None:
    """By path, by method; a POST that is allowed goes through with its content."""
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


def test_a_connect_is_judged_as_one(lan: Host, trust) -> None:
    answer = lan.curl("https://www.example.com:8443/", *TUNNEL, *trust)
    assert answer.connect_status == 403


@pytest.mark.parametrize("version", [[], ["--proxy-http2"]], ids=["HTTP/1.1", "HTTP/2"])
def test_what_cannot_be_opened_does_not_pass(lan: Host, trust, version) -> None:
    """A CONNECT inside TLS to the proxy, too: it is refused, and never let through."""
    if version and "--proxy-http2" not in lan.run(["curl", "--help", "proxy"]).stdout:
        pytest.skip("curl knows no HTTP/2 to proxies")
    proxy = ["--proxy", "https://10.0.0.1:3129", "--proxy-insecure", *version]
    answer = lan.curl("https://www.example.com/x", *proxy, "--insecure")
    assert answer.connect_status == 403 and answer.status == 0
    assert lan.curl("https://shop.example.com/x", *proxy).status == 200  # an exemption


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


def test_another_server_is_not_reached_through_it(lan: Host, trust) -> None:
    other = ["-H", "Host: shop.example.com"]
    assert lan.curl("https://www.example.com/", *other, *trust).status == 421


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


def test_who_waits_for_the_server_has_not_got_in_by_that(lan: Host) -> None:
    with lan.connect("10.0.0.1", 3128, timeout=6) as sock:
        sock.sendall(b"CONNECT www.example.com:443 HTTP/1.1\r\nHost: www.example.com:443\r\n\r\n")
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert wait_end(sock)


def test_what_is_kept_is_served_inside(gateway: Gateway, lan: Host, trust) -> None:
    """The cache works as for plain HTTP."""
    url = "https://www.example.com/files/kept.txt"
    os.utime(gateway.lab.pages.file("kept.txt", b"kept\n" * 100), (1e9, 1e9))
    assert lan.curl(url, *trust).status == 200
    again = lan.curl(url, *trust)
    assert again.status == 200 and "hit" in again.headers.get("cache-status", "")


def test_the_gateway_counts(gateway: Gateway) -> None:
    counters = json.loads(gateway.command("status", "--json").stdout)["counters"]
    assert counters["opened"] > 5 and counters["certificates_refused"] >= 2


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
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


def secure(gateway: Gateway, sock, name: str) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(gateway.dir / "ca.pem"))
    return context.wrap_socket(sock, server_hostname=name)


def sock_port(sock) -> range:
    port = sock.getsockname()[1]
    return range(port, port + 1)


def wait_end(sock) -> bool:
    try:
        return sock.recv(4096) == b""
    except ConnectionResetError:
        return True
