# SPDX-License-Identifier: GPL-2.0-or-later
"""Bandwidth: what a rule lets through in a second, of all its flows together or of
each source, whichever way they go through the proxy, and past it."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator

import pytest

from tests.lab import curl
from tests.lab.flows import PROXY
from tests.lab.gateway import Gateway
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.lab.listener import read_all
from tests.story.zones import ZONES

MEGABYTE = 1_000_000
SIZE = 3 * MEGABYTE
RATE = 2 * MEGABYTE  # bytes a second
SAVED = RATE // 20 + (64 << 10)  # 50 ms of it may come at once, and a turn

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    intercept web for lan
}

masquerade lan, guest -> wan
allow lan -> 203.0.113.53 udp 53
allow guest -> 203.0.113.53 udp 53

allow lan -> shop.example.com web     bandwidth 16Mbit/s down              as "shared"
allow lan -> www.example.com web      bandwidth 2MB/s per source           as "each"
allow lan -> v4only.example.com web   bandwidth 800kbit/s up               as "slow up"
allow guest -> wan tcp 80              bandwidth 8Mbit/s down per source   as "packets"
allow lan, guest -> wan web
"""
)
SOCKS = ["--proxy", "socks5h://10.0.0.1:3128"]
WAYS = {
    "intercepted http": ("http", []),
    "explicit http": ("http", list(PROXY)),
    "intercepted tls": ("https", []),
    "connect": ("https", list(PROXY)),
    "socks": ("https", SOCKS),
}


@pytest.fixture(scope="module")
def gateway(lab: Lab) -> Iterator[Gateway]:
    lab.pages.hole("large.bin", SIZE)
    with Gateway(lab, POLICY) as gateway:
        yield gateway


def assert_rate(moved: int, seconds: float, rate: int = RATE) -> None:
    """Not faster than the rate, but for what was saved; and not far below."""
    assert (moved - SAVED) / seconds < rate * 1.15
    assert moved / seconds > rate * 0.5


def fetch(host: Host, url: str, *more: str) -> curl.Answer:
    answer = host.curl(url, *more, timeout=20)
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert len(answer.body) == SIZE
    return answer


def at_once(*downloads: tuple) -> list[curl.Answer]:
    answers: dict[int, curl.Answer] = {}

    def one(n: int, args: tuple) -> None:
        answers[n] = fetch(*args)

    threads = [
        threading.Thread(target=one, args=(n, args)) for n, args in enumerate(downloads)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(downloads)
    return [answers[n] for n in range(len(downloads))]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_download(gateway: Gateway, way: tuple[str, list[str]]) -> None:
    scheme, options = way
    url = f"{scheme}://www.example.com/files/large.bin"
    answer = fetch(gateway.lab.lan, url, *options)
    assert_rate(SIZE, answer.info["time_total"])


def test_what_has_no_bandwidth_is_not_held_back(gateway: Gateway) -> None:
    answer = fetch(gateway.lab.guest, "https://www.example.com/files/large.bin")
    assert answer.info["time_total"] < SIZE / RATE / 3


def test_an_upload_has_a_rate_of_its_own(gateway: Gateway) -> None:
    """The way up is slow and the way down is not."""
    lab = gateway.lab
    body = lab.lan.stem("body")
    body.write_bytes(b"x" * 200_000)
    url = "http://v4only.example.com/files/up.bin"
    answer = lab.lan.curl(url, "--upload-file", str(body), timeout=20)
    assert answer.status in (201, 204)
    assert_rate(200_000, answer.info["time_total"], 100_000)
    answer = fetch(lab.lan, "http://v4only.example.com/files/large.bin")
    assert answer.info["time_total"] < SIZE / RATE / 3


def test_two_sources_share_what_is_the_rule_s(gateway: Gateway) -> None:
    lab = gateway.lab
    url = "http://shop.example.com/files/large.bin"
    answers = at_once((lab.lan, url), (lab.mail, url))
    times = [answer.info["time_total"] for answer in answers]
    assert_rate(2 * SIZE, max(times))
    # Both had half of it: neither was done long before the other.
    assert min(times) > 0.7 * max(times)


def test_each_source_has_its_own(gateway: Gateway) -> None:
    lab = gateway.lab
    url = "http://www.example.com/files/large.bin"
    for answer in at_once((lab.lan, url), (lab.mail, url)):
        assert_rate(SIZE, answer.info["time_total"])


def test_many_flows_of_one_source_share(gateway: Gateway) -> None:
    """Tunnels and requests, whichever thread has them, as one.  (An IPv4 address
    and an IPv6 network are two sources.)"""
    lan = gateway.lab.lan
    plain = "http://www.example.com/files/large.bin"
    tls = plain.replace("http", "https")
    answers = at_once((lan, plain, "-4"), (lan, plain, *PROXY), (lan, tls, "-4"))
    times = [answer.info["time_total"] for answer in answers]
    assert_rate(3 * SIZE, max(times))
    assert min(times) > 0.7 * max(times)


def count(gateway: Gateway, counter: str) -> int:
    status = json.loads(gateway.command("status", "--json").stdout)
    return status["kernel"][counter]


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_what_packets_decide(gateway: Gateway, family: str) -> None:
    """The kernel drops what is beyond; how much of the rate is used is TCP's affair.
    A second's worth may come at once."""
    before = count(gateway, "bandwidth")
    url = "http://www.example.com/files/large.bin"
    answer = fetch(gateway.lab.guest, url, family)
    beyond = SIZE - 1.1 * MEGABYTE
    assert beyond / answer.info["time_total"] < 1.15 * MEGABYTE
    assert count(gateway, "bandwidth") > before


REQUEST = (
    b"GET /files/large.bin HTTP/1.1\r\nHost: www.example.com\r\n"
    b"Connection: close\r\n\r\n"
)


def test_a_living_flow_follows_the_policy(own_lab: Lab) -> None:
    """An apply makes it faster without ending it, in the proxy and past it; and the
    rules get other numbers."""
    slow = POLICY.replace("2MB/s per source", "40kB/s per source")
    slow = slow.replace("bandwidth 8Mbit/s down per source", "bandwidth 40kB/s")
    slow = slow.replace("bandwidth 800kbit/s up", "")
    own_lab.pages.hole("large.bin", SIZE)
    with Gateway(own_lab, slow) as gateway, contextlib.ExitStack() as stack:
        flows = []
        for host in (own_lab.lan, own_lab.guest):
            sock = stack.enter_context(host.connect("203.0.113.80", 80, timeout=20))
            sock.sendall(REQUEST)
            assert sock.recv(100)
            flows.append(sock)
        assert gateway.apply(POLICY).returncode == 0
        began = time.monotonic()
        for sock in flows:
            assert len(read_all(sock)) > SIZE - 100
        assert time.monotonic() - began < SIZE / 40_000 / 4
