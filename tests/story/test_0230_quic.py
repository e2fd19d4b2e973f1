# SPDX-License-Identifier: GPL-2.0-or-later
"""QUIC, decided by the name in its first packets: allowed it passes, rejected it
is refused in its own words (and a browser goes on by TCP), dropped it is lost."""

import contextlib
import re
import shutil
import socket
from collections.abc import Iterator
from subprocess import CompletedProcess

import pytest

from tests.lab import quic, wait
from tests.lab.gateway import GOOD, NO, Gateway
from tests.lab.lab import Lab
from tests.story.zones import ZONES

PROXY = """
proxy {
    intercept tcp 443, udp 443 for lan, guest quic
}

"""
RULES = """
allow  lan -> 203.0.113.53 udp 53
drop   any -> v6only.example.com             log as "silent"
reject lan -> shop.example.com               log as "shop"
allow  lan -> .example.com                   log as "names"
reject lan -> any                            log as "nameless"
drop   guest -> any                          log as "guests"
"""
POLICY = ZONES + PROXY + RULES
SMALL, LARGE = 6, 8 << 20
CLIENT, SERVER = "gtlsclient", "gtlsserver"
WEB = ("203.0.113.80", "2001:db8:f::80")
# More than a hello takes, as a server must see it to read it at all.
NOISE = b"\x17" * 1250

pytestmark = pytest.mark.skipif(
    not (shutil.which(CLIENT) and shutil.which(SERVER)),
    reason="apt-get install ngtcp2-client ngtcp2-server",
)


class Office(Gateway):
    def fetch(
        self, name: str, *more: str, at: str | None = None, path="small", host="lan"
    ) -> CompletedProcess[str]:
        """By HTTP/3; `at` an address that the DNS does not give for the name."""
        saved = self.lab.gw.stem("download")
        saved.mkdir()
        argv = [CLIENT, "--exit-on-all-streams-close", "--no-quic-dump", "--no-http-dump"]
        argv += ["--handshake-timeout=1s", f"--download={saved}", *more]
        argv += [name, "443", f"https://{name}/{path}"]
        client = getattr(self.lab, host)
        hosts = self.lab.gw.etc / "hosts"
        before = hosts.read_text()
        hosts.write_text(before + (f"{at} {name}\n" if at else ""))
        done = client.run(["timeout", "8", *argv], timeout=12)
        hosts.write_text(before)
        done.bytes = sum(file.stat().st_size for file in saved.iterdir())
        return done


def serve(lab: Lab) -> None:
    pages = lab.web.stem("pages")
    pages.mkdir()
    (pages / "small").write_bytes(b"hello\n")
    (pages / "large").write_bytes(b"x" * LARGE)
    keys = (lab.dir / "server.key", lab.dir / "server.pem")
    lab.web.spawn([SERVER, "-q", "-d", pages, "*", "443", *keys])
    wait.until("the server", lambda: "01BB" in udp_ports(lab))


def udp_ports(lab: Lab) -> set[str]:
    done = lab.web.run(["cat", "/proc/net/udp", "/proc/net/udp6"])
    return set(re.findall(r"^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) ", done.stdout, re.M))


@pytest.fixture(scope="module")
def office(gateway_lab: Lab) -> Iterator[Office]:
    with Lab() as lab:
        serve(lab)
        with Office(lab, POLICY) as office:
            yield office


@pytest.mark.parametrize("name", ["www.example.com", "v4only.example.com"])
def test_a_name_that_is_allowed(office: Office, name: str) -> None:
    """Over IPv6 and over IPv4."""
    journal = office.journal.from_here()
    done = office.fetch(name)
    assert (done.returncode, done.bytes) == (0, SMALL), done.stderr[-2000:]
    office.command("ban", office.lab.lan.ip4 if "v4" in name else office.lab.lan.ip6)
    try:
        event = journal.wait(rule_name="names", protocol="udp")
    finally:
        office.command("unban", office.lab.lan.ip4 if "v4" in name else office.lab.lan.ip6)
    assert (event.verdict, event.name, event.port) == ("allow", name, 443)
    assert event.reason == "the client was banned"
    assert event.destination in WEB and event.bytes_out > SMALL


def test_a_name_that_is_rejected(office: Office) -> None:
    """The client hears of it at once, from the server's address."""
    journal = office.journal.from_here()
    done = office.fetch("shop.example.com")
    assert "CONNECTION_CLOSE(0x1c) error_code=CONNECTION_REFUSED(0x2)" in done.stderr
    assert done.bytes == 0
    event = journal.wait(rule_name="shop")
    assert (event.enforcer, event.phase, event.verdict) == ("proxy", "name", "reject")


def test_a_name_that_is_dropped(office: Office) -> None:
    journal = office.journal.from_here()
    done = office.fetch("v6only.example.com")
    assert "pkt rx" not in done.stderr and done.bytes == 0
    assert journal.wait(rule_name="silent").verdict == "drop"


def test_a_zone_that_may_nothing(office: Office) -> None:
    """That is certain, so no packet of it comes to the proxy."""
    journal = office.journal.from_here()
    done = office.fetch("www.example.com", host="guest")
    assert "pkt rx" not in done.stderr and done.bytes == 0
    assert journal.wait(rule_name="guests").enforcer == "firewall"


def test_a_name_that_is_forged(office: Office) -> None:
    """What is allowed by its name goes to the name's addresses, wherever the
    client sends it: so no other address is reached in a name that is allowed."""
    journal = office.journal.from_here()
    with office.lab.out.udp(socket.AF_INET) as heard:
        heard.bind(("203.0.113.9", 443))
        heard.setblocking(False)
        done = office.fetch("v4only.example.com", at="203.0.113.9")
        assert (done.returncode, done.bytes) == (0, SMALL), done.stderr[-2000:]
        with pytest.raises(BlockingIOError):
            heard.recv(1)
    # And a name that leads into the house, or to the gateway, leads nowhere.
    for name in ("rebind.example.com", "self.example.com"):
        journal = office.journal.from_here()
        done = office.fetch(name, at="203.0.113.80")
        assert "CONNECTION_REFUSED" in done.stderr and done.bytes == 0
        assert journal.wait(name=name).verdict == "reject"


def answered(sock: socket.socket, id: bytes) -> bool:
    """Whether the server answers the client of this id, within a second."""
    with contextlib.suppress(TimeoutError):
        while True:
            if quic.addressee(sock.recv(2000)) == id:
                return True
    return False


def test_another_connection_in_an_allowed_flow(office: Office) -> None:
    """Of the same name it may be; of another it is not passed on, for who is
    allowed for his name must not bring others in."""
    journal = office.journal.from_here()
    with office.lab.lan.udp(timeout=1.0) as sock:
        sock.connect(("203.0.113.80", 443))
        sock.send(quic.initial("v4only.example.com", b"id-one-1", b"one"))
        assert answered(sock, b"one")
        sock.send(quic.initial("v4only.example.com", b"id-two-2", b"two"))
        assert answered(sock, b"two")
        sock.send(quic.initial("shop.example.com", b"id-three", b"three"))
        assert not answered(sock, b"three")
        event = journal.wait(source_port=sock.getsockname()[1], name="v4only.example.com")
    assert event.reason == "the TLS hello is malformed"


def test_a_version_that_is_not_known(office: Office) -> None:
    """It shows no name, and no rule allows what has none."""
    journal = office.journal.from_here()
    done = office.fetch("www.example.com", "--version=0xff00001d")
    assert done.bytes == 0
    event = journal.wait(rule_name="nameless")
    assert (event.verdict, event.name) == ("reject", None)


def test_what_is_no_quic(office: Office) -> None:
    journal = office.journal.from_here()
    with office.lab.out.udp(socket.AF_INET) as heard, office.lab.lan.udp() as sock:
        heard.bind(("203.0.113.9", 443))
        heard.setblocking(False)
        for noise in (b"", b"x", NOISE, b"\xc0\0\0\0\1" + NOISE, b"\xff" * 1300):
            sock.sendto(noise, ("203.0.113.9", 443))
        event = journal.wait(protocol="udp", port=443, source_port=sock.getsockname()[1])
        assert event.verdict == "reject"
        with pytest.raises(BlockingIOError):
            heard.recv(1)


def test_much_of_it(office: Office) -> None:
    """Eight MiB pass, and cost the proxy little (about 20 us a KiB of ours)."""
    [pid] = office.pids("gatehouse-proxy")
    before = cpu_ticks(pid)
    done = office.fetch("www.example.com", "-q", path="large")
    assert (done.returncode, done.bytes) == (0, LARGE), done.stderr[-2000:]
    spent_s = (cpu_ticks(pid) - before) / 100
    print(f"8 MiB of QUIC: {spent_s:.2f} s of the proxy's processor")
    assert spent_s < 4


def cpu_ticks(pid: int) -> int:
    stat = open(f"/proc/{pid}/stat").read().rsplit(")")[-1].split()
    return int(stat[11]) + int(stat[12])


def test_it_goes_with_the_policy(office: Office) -> None:
    """What lives and is not allowed any more ends; without `quic` none begins."""
    journal = office.journal.from_here()
    assert office.fetch("www.example.com").bytes == SMALL
    done = office.command("apply", office.policy_file(ZONES + PROXY + RULES.replace(
        "allow  lan -> .example.com  ", "reject lan -> .example.com  ")))
    assert done.returncode == GOOD, done.stderr
    event = journal.wait(protocol="udp", rule_name="names", verdict="allow")
    assert event.reason == "the policy has changed"
    assert "CONNECTION_REFUSED" in office.fetch("www.example.com").stderr
    plain = ZONES + PROXY.replace(" quic", "") + RULES
    assert office.command("apply", office.policy_file(plain)).returncode == GOOD
    assert office.fetch("www.example.com").bytes == 0
    assert journal.wait(reason="needs the proxy").enforcer == "firewall"
    assert office.command("apply", office.policy).returncode == GOOD
    assert office.fetch("www.example.com").bytes == SMALL


def test_without_the_proxy_nothing_passes(office: Office) -> None:
    """Neither what was allowed nor anything else, until it is back."""
    [pid] = office.kill("gatehouse-proxy")
    wait.until("another", lambda: office.pids("gatehouse-proxy") not in ([], [pid]))
    wait.until("it serves", lambda: office.fetch("www.example.com").bytes == SMALL, timeout=10)


def test_what_makes_no_sense(office: Office) -> None:
    for lines, said in (
        ("intercept tcp 443 for lan quic", "'quic' is of UDP, and no service here is"),
        ("intercept udp 443 for lan keep source quic", "exclude each other"),
    ):
        policy = office.policy_file(ZONES + "proxy {\n" + lines + "\n}\nallow lan -> wan\n")
        done = office.command("apply", policy)
        assert done.returncode == NO and said in done.stderr
