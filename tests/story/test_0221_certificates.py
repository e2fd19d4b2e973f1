# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers whose certificates are wrong, each in its own way, are not asked: the
client gets a page inside its connection, under a certificate of the gateway's CA,
which says what is wrong.  And what the gateway shows is like what the server shows."""

import contextlib
import datetime
import ipaddress
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab import wait
from tests.lab.flows import TUNNEL
from tests.lab.gateway import GOOD, PROGRAM, Gateway
from tests.lab.host import Host
from tests.lab.journal import Journal
from tests.lab.listener import read_head
from tests.story.zones import ZONES

x509 = pytest.importorskip("cryptography.x509")
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: E402
from cryptography.x509 import ocsp  # noqa: E402

OUT = "203.0.113.9"
POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    intercept https for lan
    ca "ca.pem"
}
allow lan -> any https inspect log as "inside"
allow lan -> any tcp 8443 inspect log as "aside"
allow lan -> wan udp 53
"""
)
NOW = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
DAY = datetime.timedelta(days=1)


@dataclass
class Signed:
    certificate: object
    key: object


def name(text: str):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def sign(
    who: str,
    by: Signed | None,
    *,
    ca: bool = False,
    names: list[str] | None = None,
    start=NOW - DAY,
    end=NOW + 30 * DAY,
    key=None,
    digest=None,
) -> Signed:
    key = key or ec.generate_private_key(ec.SECP256R1())
    issuer = by.certificate.subject if by else name(who)
    made = x509.CertificateBuilder(issuer, name(who), key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(start).not_valid_after(end)
    made = made.add_extension(x509.BasicConstraints(ca, None), critical=True)
    if names:
        every = [alternative(n) for n in names]
        made = made.add_extension(x509.SubjectAlternativeName(every), critical=False)
    signer = by.key if by else key
    return Signed(made.sign(signer, digest or hashes.SHA256()), key)


def alternative(text: str):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def pem(*signed: Signed) -> bytes:
    return b"".join(s.certificate.public_bytes(serialization.Encoding.PEM) for s in signed)


def key_pem(key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def ocsp_answer(leaf: Signed, issuer: Signed, revoked: bool) -> bytes:
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    made = ocsp.OCSPResponseBuilder().add_response(
        leaf.certificate,
        issuer.certificate,
        hashes.SHA1(),  # what an id of a certificate is made with
        status,
        NOW - DAY,
        NOW + DAY,
        NOW - DAY if revoked else None,
        None,
    )
    made = made.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
    answer = made.sign(issuer.key, hashes.SHA256())
    return answer.public_bytes(serialization.Encoding.DER)


class Servers:
    """One of each kind at `KIND.wrong.example`, chosen by the name in the hello."""

    def __init__(self, host: Host, dir: Path):
        self.host, self.dir = host, dir
        self.root = sign("Lab root", None, ca=True)
        self.middle = sign("Lab middle", self.root, ca=True)
        self.stranger = sign("Nobody", None, ca=True)
        self.contexts: dict[str, ssl.SSLContext] = {}
        self.asked: list[str] = []
        self.add_all()
        self.first = self.contexts["good.wrong.example"]
        self.first.sni_callback = self.choose
        self.socket = host.open_socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((OUT, 443))
        self.socket.listen(32)
        threading.Thread(target=self.serve, daemon=True).start()

    def add(self, kind: str, *chain: Signed) -> None:
        stem = self.dir / kind
        stem.with_suffix(".pem").write_bytes(pem(*chain))
        stem.with_suffix(".key").write_bytes(key_pem(chain[0].key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(stem.with_suffix(".pem"), stem.with_suffix(".key"))
        self.contexts[f"{kind}.wrong.example"] = context

    def leaf(self, kind: str, **more) -> Signed:
        more.setdefault("names", [f"{kind}.wrong.example"])
        more.setdefault("by", self.middle)
        by = more.pop("by")
        return sign(f"{kind}.wrong.example", by, **more)

    def add_all(self) -> None:
        middle, stranger = self.middle, self.stranger
        weak = rsa.generate_private_key(65537, 1024)
        self.add("good", self.leaf("good"), middle)
        self.add("rsa", self.leaf("rsa", key=rsa.generate_private_key(65537, 2048)), middle)
        self.add("unordered", self.leaf("unordered"), self.root, middle)
        self.add("expired", self.leaf("expired", end=NOW - DAY / 2), middle)
        self.add("early", self.leaf("early", start=NOW + DAY), middle)
        self.add("other", self.leaf("other", names=["www.other.example"]), middle)
        self.add("noname", self.leaf("noname", names=None), middle)
        self.add("self", self.leaf("self", by=None))
        self.add("stranger", self.leaf("stranger", by=stranger), stranger)
        self.add("incomplete", self.leaf("incomplete"))
        self.add("short", self.leaf("short", key=weak), middle)
        self.add("sha1", self.leaf("sha1", digest=hashes.SHA1()), middle)
        strong = rsa.generate_private_key(65537, 2048)
        by_rsa = sign("Lab middle by RSA", self.root, ca=True, key=strong)
        self.add("md5", self.leaf("md5", by=by_rsa, digest=hashes.MD5()), by_rsa)
        self.add("limited", self.leaf("limited"), middle)

    def choose(self, sock: ssl.SSLSocket, wanted: str | None, context) -> None:
        if wanted in self.contexts:
            sock.context = self.contexts[wanted]

    def serve(self) -> None:
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=[conn], daemon=True).start()

    def answer(self, conn: socket.socket) -> None:
        try:
            with self.first.wrap_socket(conn, server_side=True) as inside:
                while head := read_head(inside):
                    self.asked.append(head.decode().split("\r\n")[0])
                    inside.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ngood\n")
        except (OSError, ssl.SSLError):
            pass

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits
        self.socket.close()


KINDS = [
    "good", "rsa", "unordered", "expired", "early", "other", "noname", "self", "stranger",
    "incomplete", "short", "sha1", "md5", "old", "limited", "revoked", "stapled",
]  # fmt: skip


@pytest.fixture(scope="module")
def gateway(gateway_lab, tmp_path_factory) -> Iterator[Gateway]:
    for kind in KINDS:
        gateway_lab.names.records[f"{kind}.wrong.example"] = [OUT]
    servers = Servers(gateway_lab.out, tmp_path_factory.mktemp("servers"))
    trusted = gateway_lab.dir / "etc" / "ssl" / "certs" / "ca-certificates.crt"
    trusted.parent.mkdir(parents=True)
    trusted.write_bytes(pem(servers.root))
    gateway = Gateway(gateway_lab, POLICY)
    gateway.servers = servers
    make = [PROGRAM, "ca", "create", gateway.dir / "ca.pem"]
    subprocess.run(make, check=True, capture_output=True)
    try:
        with gateway:
            yield gateway
    finally:
        servers.close()
        shutil.rmtree(gateway_lab.dir / "etc" / "ssl")


@pytest.fixture
def trust(gateway: Gateway) -> list[str]:
    return ["--cacert", str(gateway.dir / "ca.pem")]


@pytest.fixture
def lan(gateway: Gateway) -> Host:
    return gateway.lab.lan


@pytest.mark.parametrize("kind", ["good", "rsa", "unordered"])
def test_what_is_right_is_asked(lan: Host, trust: list[str], kind: str) -> None:
    """A chain out of its order is taken, as browsers do."""
    answer = lan.curl(f"https://{kind}.wrong.example/", *trust)
    assert (answer.exit, answer.status, answer.text) == (0, 200, "good\n"), answer.text


WRONG = {
    "expired": "it has expired",
    "early": "it is not valid yet",
    "other": "it is for another name",
    "noname": "it is for another name",
    "self": "it is signed by itself",
    "stranger": "its issuer is not trusted",
    "incomplete": "its issuer is not trusted",
    "short": "its key or a signature is too weak",
    "sha1": "its key or a signature is too weak",
    "md5": "its key or a signature is too weak",
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("way", [[], TUNNEL], ids=["intercepted", "CONNECT"])
def test_what_is_wrong_is_not_asked(
    gateway: Gateway, journal: Journal, lan: Host, trust: list[str], kind: str, way
) -> None:
    answer = lan.curl(f"https://{kind}.wrong.example/{kind}", *way, *trust)
    assert (answer.exit, answer.status) == (0, 502), answer.error
    why = f"the server's certificate is not accepted: {WRONG[kind]}"
    assert "error=tls_certificate_error" in answer.headers["proxy-status"]
    assert "certificate is not accepted: " + WRONG[kind] in answer.text
    event = journal.wait(source_port=answer.ports, url=f"https://{kind}.wrong.example/{kind}")
    assert (event.status, event.reason) == (502, why)
    assert not any(f"/{kind} " in line for line in gateway.servers.asked)


@contextlib.contextmanager
def s_server(gateway: Gateway, kind: str, folder: Path, *more: str | Path) -> Iterator[Signed]:
    """At port 8443, with a good certificate."""
    servers = gateway.servers
    leaf = servers.leaf(kind)
    (folder / "leaf").write_bytes(pem(leaf) + key_pem(leaf.key))
    (folder / "chain").write_bytes(pem(servers.middle))
    (folder / "ocsp").write_bytes(ocsp_answer(leaf, servers.middle, kind == "revoked"))
    argv = ["openssl", "s_server", "-accept", f"{OUT}:8443", "-www", "-quiet"]
    argv += ["-cert", folder / "leaf", "-cert_chain", folder / "chain", *more]
    process = gateway.lab.out.spawn(argv)
    try:
        wait.until("s_server", lambda: listens(gateway.lab.out, 8443))
        yield leaf
    finally:
        process.stop()


def test_old_tls_is_not_spoken(gateway: Gateway, lan: Host, trust: list[str], tmp_path: Path) -> None:
    with s_server(gateway, "old", tmp_path, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"):
        answer = lan.curl("https://old.wrong.example:8443/", *TUNNEL, *trust)
    assert (answer.exit, answer.status) == (0, 502)
    assert "TLS with the server failed: the peer has no version that we speak" in answer.text
    assert "error=tls_protocol_error" in answer.headers["proxy-status"]


@pytest.mark.parametrize("kind, status", [("stapled", 200), ("revoked", 502)])
def test_what_a_server_staples_counts(
    gateway: Gateway, lan: Host, trust: list[str], tmp_path: Path, kind: str, status: int
) -> None:
    with s_server(gateway, kind, tmp_path, "-status_file", tmp_path / "ocsp"):
        answer = lan.curl(f"https://{kind}.wrong.example:8443/", *TUNNEL, *trust)
    assert (answer.exit, answer.status) == (0, status), answer.text
    assert status == 200 or "its issuer has revoked it" in answer.text


def listens(host: Host, port: int) -> bool:
    try:
        host.connect(OUT, port).close()
    except OSError:
        return False
    return True


def shown(gateway: Gateway, host: str, *, ciphers: str | None = None):
    """The certificate that the client is shown."""
    context = ssl.create_default_context(cafile=str(gateway.dir / "ca.pem"))
    if ciphers:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
    sock = gateway.lab.lan.connect(OUT, 443)
    with context.wrap_socket(sock, server_hostname=host) as inside:
        return x509.load_der_x509_certificate(inside.getpeercert(binary_form=True))


def test_what_is_shown_is_like_the_server_s(gateway: Gateway) -> None:
    """Its names and its end; the key is ECDSA, or RSA for who knows no ECDSA."""
    made = shown(gateway, "good.wrong.example")
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "good.wrong.example" in names.get_values_for_type(x509.DNSName)
    theirs = (NOW + 30 * DAY).replace(microsecond=0)
    assert made.not_valid_after == theirs
    assert made.subject == name("good.wrong.example")
    assert made.issuer.rfc4514_string() == "O=Gatehouse,CN=Gatehouse CA"
    assert isinstance(made.public_key(), ec.EllipticCurvePublicKey)
    old = shown(gateway, "good.wrong.example", ciphers="ECDHE-RSA-AES128-GCM-SHA256")
    assert isinstance(old.public_key(), rsa.RSAPublicKey) and old.public_key().key_size == 2048
    # Of who is not accepted nothing is believed, and it ends soon.
    bad = shown(gateway, "expired.wrong.example")
    assert bad.not_valid_after < NOW + 2 * DAY and len(bad.subject.rdns) == 0


def test_authorities_of_one_s_own(gateway: Gateway, lan: Host, trust: list[str]) -> None:
    """Besides those of the system, as long as the policy in force says so: what
    was asked by an earlier one is not asked on a connection that it left."""
    policy, house = gateway.policy.read_text(), gateway.dir / "house.pem"

    def status(kind: str) -> int:
        return lan.curl(f"https://{kind}.wrong.example/", *trust).status

    assert status("stranger") == 502
    house.write_bytes(pem(gateway.servers.stranger))
    gateway.policy.write_text(policy.replace('ca "ca.pem"', 'ca "ca.pem"\n    trust "house.pem"'))
    try:
        done = gateway.apply(gateway.policy)
        assert done.returncode == GOOD and f'now trust "{house}"' in done.stdout
        assert [status(kind) for kind in ("stranger", "good", "self")] == [200, 200, 502]
        house.write_bytes(pem(sign("Somebody", None, ca=True)))
        done = gateway.apply(gateway.policy)
        assert done.returncode == GOOD and f'now trust "{house}", another' in done.stdout
        assert [status(kind) for kind in ("stranger", "good")] == [502, 200]
    finally:
        gateway.policy.write_text(policy)
        assert gateway.apply(gateway.policy).returncode == GOOD
    assert [status(kind) for kind in ("stranger", "good")] == [502, 200]


def test_a_ca_that_may_not_sign_for_it(gateway: Gateway, journal: Journal, lan: Host) -> None:
    """Its clients would not believe it, and nothing passes in another way."""
    limited = gateway.dir / "limited.pem"
    make = [PROGRAM, "ca", "create", limited, "only", "good.wrong.example"]
    subprocess.run(make, check=True, capture_output=True)
    policy = gateway.policy.read_text()
    gateway.policy.write_text(policy.replace('"ca.pem"', '"limited.pem"'))
    try:
        assert gateway.apply(gateway.policy).returncode == GOOD
        answer = lan.curl("https://good.wrong.example/", "--cacert", str(limited))
        assert answer.status == 200, answer.error
        answer = lan.curl("https://limited.wrong.example/", "--cacert", str(limited))
        assert answer.exit == 35 and answer.status == 0
        event = journal.wait(source_port=answer.ports)
        assert event.reason == "the CA may not sign for this name"
    finally:
        gateway.policy.write_text(policy)
        assert gateway.apply(gateway.policy).returncode == GOOD
