# SPDX-License-Identifier: GPL-2.0-or-later
"""Quotas: so many bytes of a rule's flows in a day and no more, of each source,
through restarts of the proxy and of the whole service."""

import json
import signal
from collections.abc import Iterator

import pytest

from tests.lab import wait
from tests.lab.flows import PROXY
from tests.lab.gateway import GOOD, NO, Gateway
from tests.lab.lab import Lab
from tests.lab.listener import read_all
from tests.lab.service import Service
from tests.story.zones import ZONES

MEGABYTE = 1 << 20
POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    intercept web for lan
}

masquerade lan -> wan
allow lan -> 203.0.113.53 udp 53
allow lan -> shop.example.com web  quota 6M per month             as "all of us"
allow lan -> wan web               quota 4M per month per source  log as "each"
"""
)
SOCKS = ["--proxy", "socks5h://10.0.0.1:3128"]
URL = "http://www.example.com/files/{}"
USED_UP = "the quota is used up until 20"


@pytest.fixture
def service(own_lab: Lab) -> Iterator[Service]:
    for n in (1, 3, 20):
        own_lab.pages.hole(f"{n}.bin", n * MEGABYTE)
    with Service(own_lab, POLICY) as service:
        yield service


def counts(gateway: Gateway) -> dict[tuple[str, str], int]:
    """By rule and source: what is used."""
    done = gateway.command("quota", "--json")
    assert done.returncode == GOOD, done.stderr
    return {
        (quota["rule"]["name"], quota["source"]): quota["used_bytes"]
        for quota in json.loads(done.stdout)["quotas"]
    }


def used(gateway: Gateway, source: str = "10.0.0.4", rule: str = "each") -> int:
    return counts(gateway).get((rule, source), 0)


def fetch(gateway: Gateway, name: str, *options: str, host: str = "lan"):
    who = getattr(gateway.lab, host)
    return who.curl(URL.format(name), *(options or PROXY), timeout=20)


def test_what_is_used_up_is_refused(service: Service) -> None:
    """By a page that says until when, by SOCKS, and in TLS; of this source alone."""
    assert fetch(service, "3.bin").status == 200
    assert 3 * MEGABYTE <= used(service) < 3.1 * MEGABYTE
    answer = fetch(service, "3.bin")
    # It had begun when the rest ran out: cut, and seen to be.
    assert (answer.status, answer.exit) == (200, 56)
    assert len(answer.body) < 1.1 * MEGABYTE
    answer = fetch(service, "1.bin")
    assert answer.status == 429
    assert USED_UP in answer.text
    event = service.journal.wait(rule_name="each", source_port=answer.ports)
    assert (event.verdict, event.status) == ("reject", 429)
    assert event.reason.startswith(USED_UP)
    assert fetch(service, "1.bin", *SOCKS).exit == 97
    assert fetch(service, "1.bin", host="mail").status == 200
    assert used(service) < 4.2 * MEGABYTE


def test_all_sources_together(service: Service) -> None:
    url = "http://shop.example.com/files/3.bin"
    lab = service.lab
    assert lab.lan.curl(url, *PROXY).status == 200
    lab.mail.curl(url, timeout=20)
    assert lab.lan.curl(url, *PROXY).status == 429
    assert lab.mail.curl(url).status == 429
    assert set(counts(service)) == {("all of us", None)}


def test_an_upload_counts_as_well(service: Service) -> None:
    body = service.lab.lan.stem("body")
    body.write_bytes(b"x" * (3 * MEGABYTE))
    answer = fetch(service, "up.bin", *PROXY, "--upload-file", str(body))
    assert answer.status in (201, 204)
    assert 3 * MEGABYTE <= used(service) < 3.1 * MEGABYTE


def test_a_living_tunnel_is_ended(service: Service) -> None:
    """One that has used up its quota, and one beside it that has not moved."""
    with service.lab.lan.connect("10.0.0.1", 3128) as idle:
        idle.sendall(b"CONNECT www.example.com:80 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.recv(1000).startswith(b"HTTP/1.1 200")
        answer = fetch(service, "20.bin", *SOCKS)
        assert answer.exit != 0
        assert 3 * MEGABYTE < len(answer.body) < 4.2 * MEGABYTE
        idle.settimeout(5)
        with pytest.raises(ConnectionResetError):
            read_all(idle)
    ends = service.journal.wait(rule_name="each", source_port=answer.ports)
    assert (ends.verdict, ends.reason) == ("allow", "the quota is used up")


def test_reset(service: Service) -> None:
    fetch(service, "20.bin")
    fetch(service, "20.bin", host="mail")
    assert fetch(service, "1.bin").status == 429
    done = service.command("quota", "reset", "of", "each", "for", "10.0.0.4")
    assert (done.returncode, done.stdout) == (GOOD, "1 quota begins anew\n")
    assert used(service) == 0
    assert fetch(service, "1.bin").status == 200
    assert fetch(service, "1.bin", host="mail").status == 429
    assert service.command("quota", "reset").returncode == GOOD
    assert fetch(service, "1.bin", host="mail").status == 200
    done = service.command("quota", "reset", "of", "nothing")
    assert (done.returncode, done.stdout) == (NO, "")
    assert "nothing is counted there" in done.stderr


def test_the_list_for_people(service: Service) -> None:
    assert service.command("quota").stdout == ""
    fetch(service, "1.bin")
    head, line = service.command("quota").stdout.splitlines()
    words = line.split()
    assert (words[1], words[2], words[4]) == ("4.0M", "month", "10.0.0.4")
    assert line.endswith("(each)")
    assert head.split() == ["used", "quota", "per", "until", "source", "rule"]


def test_counts_outlive_the_proxy(service: Service) -> None:
    fetch(service, "3.bin")
    before = used(service)  # which gatehoused has been told by that
    [old] = service.kill("gatehouse-proxy")
    wait.until(
        "another proxy", lambda: service.pids("gatehouse-proxy") not in ([], [old]), 10
    )
    fetch(service, "20.bin")
    assert fetch(service, "1.bin").status == 429
    assert 4 * MEGABYTE <= used(service) < 4.2 * MEGABYTE
    assert before >= 3 * MEGABYTE


def test_counts_outlive_a_restart_and_the_machine(service: Service) -> None:
    """And the rule's place in the file: it is known by its name."""
    fetch(service, "3.bin")
    service.signal(signal.SIGTERM)
    assert service.wait(10) == GOOD
    service.start()
    assert 3 * MEGABYTE <= used(service) < 3.1 * MEGABYTE
    service.reboot("# one line more\n" + POLICY)
    assert 3 * MEGABYTE <= used(service) < 3.1 * MEGABYTE
    fetch(service, "20.bin")
    assert fetch(service, "1.bin").status == 429


def test_a_policy_that_allows_more(service: Service) -> None:
    fetch(service, "20.bin")
    assert fetch(service, "1.bin").status == 429
    more = POLICY.replace("quota 4M", "quota 6M")
    assert service.apply(more).returncode == GOOD
    assert fetch(service, "1.bin").status == 200
    assert service.apply(POLICY).returncode == GOOD
    assert fetch(service, "1.bin").status == 429
