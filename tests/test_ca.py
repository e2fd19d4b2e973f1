# SPDX-License-Identifier: GPL-2.0-or-later
"""gatehouse ca: the CA that opens TLS, and what `check` says of it.

OpenSSL's own program is asked what was made, and makes what is wrong.
"""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.lab.gateway import PROGRAM

GOOD, NO, USAGE = 0, 1, 2
POLICY = """zone lan = int0 10.0.0.0/24
zone wan = ext0
proxy { intercept https for lan; ca "ca.pem" }
allow lan -> wan https inspect
"""


def run(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *argv], capture_output=True, text=True, timeout=60)


def openssl(*argv: str | Path, text: str | None = None) -> str:
    done = subprocess.run(
        ["openssl", *argv], input=text, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(path: Path, *what: str) -> str:
    return openssl("x509", "-in", path, "-noout", *what)


def checked(path: Path) -> list[dict]:
    policy = path.parent / "office.policy"
    policy.write_text(POLICY)
    said = json.loads(run("check", "--json", policy).stdout)
    found = said["errors"] + [w for w in said["warnings"] if w["kind"] == "ca"]
    return [{"line": one["line"], "message": one["message"]} for one in found]


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    assert run("ca", "create", path).returncode == GOOD
    return path


def test_it_is_a_ca_of_ecdsa_and_its_owner_s_alone(ca: Path) -> None:
    assert stat.S_IMODE(ca.stat().st_mode) == 0o600
    text = shown(ca, "-text")
    assert "CA:TRUE, pathlen:0" in text and "Certificate Sign, CRL Sign" in text
    assert "prime256v1" in text and "CN = Gatehouse CA" in text
    assert shown(ca, "-pubkey") == openssl("pkey", "-in", ca, "-pubout")
    assert os.listdir(ca.parent) == ["ca.pem"]
    assert checked(ca) == []


def test_one_that_is_there_stays(ca: Path) -> None:
    before = ca.read_bytes()
    done = run("ca", "create", ca)
    assert done.returncode == NO and "is there already, and stays" in done.stderr
    assert ca.read_bytes() == before and os.listdir(ca.parent) == ["ca.pem"]


def test_what_is_asked_for_is_made(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    asked = ["named", "Example Office", "for", "90d", "rsa", "only", "example.com,10.0.0.0/8"]
    assert run("ca", "create", path, *asked).returncode == GOOD
    text = shown(path, "-text")
    assert "CN = Example Office" in text and "Public-Key: (3072 bit)" in text
    assert "DNS:example.com" in text and "IP:10.0.0.0/255.0.0.0" in text
    assert "Certificate will not expire" in shown(path, "-checkend", str(89 * 86400))
    late = ["openssl", "x509", "-in", path, "-noout", "-checkend", str(91 * 86400)]
    assert subprocess.run(late, capture_output=True).returncode == 1


@pytest.mark.parametrize(
    "words",
    [
        ["for", "10"],
        ["for", "0d"],
        ["for", "999y"],
        ["for"],
        ["named", ""],
        ["named", "x" * 65],
        ["only", "10.0.0.1-10.0.0.9"],
        ["only", "*.example.com"],
        ["dsa"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_not_made(tmp_path: Path, words: list[str]) -> None:
    done = run("ca", "create", tmp_path / "ca.pem", *words)
    assert done.returncode == USAGE and done.stderr.startswith("gatehouse: ")
    assert os.listdir(tmp_path) == []


def test_renewed_it_has_the_same_key_and_name(ca: Path) -> None:
    before = shown(ca, "-pubkey", "-subject"), shown(ca, "-serial")
    old = ca.parent / "old.pem"
    old.write_bytes(ca.read_bytes())
    assert run("ca", "renew", ca, "for", "30y").returncode == GOOD
    assert shown(ca, "-pubkey", "-subject") == before[0]
    assert shown(ca, "-serial") != before[1]
    assert stat.S_IMODE(ca.stat().st_mode) == 0o600
    # Who trusts the one of before takes what the new one signs.
    assert shown(ca, "-ext", "subjectKeyIdentifier") == shown(old, "-ext", "subjectKeyIdentifier")
    assert run("ca", "renew", ca, "named", "Other").returncode == USAGE


def test_what_a_link_leads_to_is_renewed(ca: Path, tmp_path: Path) -> None:
    """And not the link: the policy may name the file itself."""
    link = tmp_path / "current.pem"
    link.symlink_to(ca)
    before = ca.read_text()
    assert run("ca", "renew", link, "for", "90d").returncode == GOOD
    assert link.is_symlink() and ca.read_text() != before


def test_clients_get_the_certificate_alone(ca: Path) -> None:
    pem = run("ca", "export", ca).stdout
    assert "PRIVATE KEY" not in pem and pem.count("BEGIN CERTIFICATE") == 1
    out = ca.parent / "office.crt"
    assert run("ca", "export", ca, "der", "-o", out).returncode == GOOD
    assert openssl("x509", "-inform", "DER", "-in", out) == openssl("x509", "-in", ca)
    assert run("ca", "export", ca, "der", "-o", out).returncode == NO
    assert "update-ca-certificates" in run("ca", "show", ca).stdout


def test_a_key_that_others_can_read_is_refused(ca: Path) -> None:
    ca.chmod(0o640)
    (said,) = checked(ca)
    assert said["line"] == 3 and said["message"].endswith("others than its owner can read the key")


def test_what_cannot_sign_is_refused(ca: Path) -> None:
    """A key of another, no CA's certificate, no certificate, no key."""
    good = ca.read_text()
    certificate, key = good.split("-----BEGIN PRIVATE")
    key = "-----BEGIN PRIVATE" + key
    other = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    make = ["req", "-x509", "-nodes", "-keyout", "-", "-out", "-", "-subj", "/CN=x", "-newkey"]
    leaf = openssl(*make, "rsa:2048", "-addext", "basicConstraints=critical,CA:FALSE")
    weak = openssl(*make, "rsa:1024")
    for text, why in [
        (certificate + other, "its key is not that of its certificate"),
        (leaf, "its certificate is no CA's, so nobody would trust what it signs"),
        (weak, "its key is too weak"),
        (key, "there is no certificate in it"),
        (certificate, "there is no key in it"),
        (good.replace("\nMII", "\nMIX", 1), "its certificate cannot be read"),
    ]:
        ca.write_text(text)
        (said,) = checked(ca)
        assert said["line"] == 3 and said["message"].endswith("cannot be the CA: " + why), said


def test_whom_to_trust_besides(ca: Path) -> None:
    """A file that is missing, holds no certificate, or one that cannot be read."""
    house, policy = ca.parent / "house.pem", ca.parent / "trust.policy"
    policy.write_text(POLICY.replace('ca "ca.pem"', 'ca "ca.pem"\n    trust "house.pem"'))
    line = policy.read_text().split("trust")[0].count("\n") + 1

    def told() -> list[str]:
        said = json.loads(run("check", "--json", policy).stdout)
        assert all(error["line"] == line for error in said["errors"])
        return [error["message"] for error in said["errors"]]

    certificate = run("ca", "export", ca).stdout
    assert told() == [f"there is no file {house}"]
    house.write_text("none\n")
    assert told() == [f"there is no certificate in {house}"]
    house.write_text(certificate.replace("\nMII", "\nMIX", 1))
    assert told() == [f"{house} cannot be trusted: a certificate in it cannot be read"]
    house.write_text(certificate)
    assert told() == []
    assert run("fmt", policy).returncode == GOOD
    assert '    trust "house.pem"\n' in policy.read_text()


def test_one_that_expires_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    assert run("ca", "create", path, "for", "20d").returncode == GOOD
    (said,) = checked(path)
    assert said["line"] == 3 and "expires on " in said["message"]
    key = path.read_text().split("-----END CERTIFICATE-----\n")[1]
    path.write_text(openssl("x509", "-in", path, "-signkey", path, "-days", "-1") + key)
    (said,) = checked(path)
    assert said["message"].endswith(": it has expired")
    assert run("ca", "show", path).returncode == NO


def test_another_one_is_a_difference(ca: Path) -> None:
    """By what is in the file: clients have to trust it."""
    policy, other, copy = (ca.with_name(f"{n}.policy") for n in ("office", "other", "copy"))
    policy.write_text(POLICY)
    second = ca.with_name("second.pem")
    assert run("ca", "create", second).returncode == GOOD
    other.write_text(POLICY.replace("ca.pem", "second.pem"))
    done = run("diff", policy, other)
    assert done.returncode == NO
    assert done.stdout.splitlines() == [f'no longer ca "{ca}"', f'now ca "{second}"']
    ca.with_name("copy.pem").write_bytes(ca.read_bytes())
    ca.with_name("copy.pem").chmod(0o600)
    copy.write_text(POLICY.replace("ca.pem", "copy.pem"))
    done = run("diff", policy, copy)
    assert (done.returncode, done.stdout) == (GOOD, "")
