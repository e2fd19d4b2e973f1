# SPDX-License-Identifier: GPL-2.0-or-later
"""The console: who may read it and who may change, what it tells, and that
nothing which comes to it, or from the journal, is more than bytes."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.lab import curl, wait
from tests.lab.gateway import Gateway
from tests.lab.host import Host
from tests.lab.journal import Journal
from tests.story.zones import ZONES

TOKEN = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
URL = "http://10.0.0.1:8080"
API = URL + "/api/v1"
POLICY = (
    ZONES
    + """
proxy { listen 10.0.0.1:3128 for lan }
console {
    listen 10.0.0.1:8080, 10.0.9.1:8080
    from lan
    host gate.example.com
    token "tokens"
}
allow lan -> wan tcp 80 log as "web"
drop any -> any log
"""
)


@pytest.fixture
def gateway(gateway_lab) -> Iterator[Gateway]:
    gateway = Gateway(gateway_lab, POLICY)
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    (gateway.dir / "tokens").write_text(f"# who may change\n{digest}  admin\n")
    with gateway:
        yield gateway


@pytest.fixture
def lan(gateway: Gateway) -> Host:
    return gateway.lab.lan


def change(lan: Host, method: str, path: str, *more: str) -> curl.Answer:
    return lan.curl(
        API + path, "-X", method, "-H", f"Authorization: Bearer {TOKEN}", *more
    )


def is_problem(answer: curl.Answer, status: int) -> bool:
    """RFC 9457, with the status of the answer."""
    return (
        answer.status == status
        and answer.headers["content-type"] == "application/problem+json"
        and json.loads(answer.text)["status"] == status
    )


def test_reads_need_no_token(gateway: Gateway, lan: Host) -> None:
    status = json.loads(lan.curl(API + "/status").text)
    assert status["policy"] == str(gateway.policy)
    assert [rule["line"] for rule in status["rules"]][:1] != []
    assert lan.curl(API + "/policy").text == POLICY
    flow = "/explain?flow=10.0.0.5+-%3E+203.0.113.9+tcp+80"
    assert json.loads(lan.curl(API + flow).text)["verdict"] == "allow"
    for name in ("bans", "quotas"):
        assert lan.curl(f"{API}/{name}").status == 200, name
    assert lan.curl(API + "/flows").status == 200
    assert is_problem(lan.curl(API + "/history"), 409)  # nothing is kept here


def test_the_page_and_its_fields(lan: Host) -> None:
    answer = lan.curl(URL + "/")
    assert answer.status == 200 and "<title>Gatehouse" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    assert lan.curl(API + "/status").headers["cache-control"] == "no-store"
    for name in ("theme.css", "main.js"):
        assert lan.curl(f"{URL}/assets/{name}").status == 200
    head = lan.curl(URL + "/", "--head")
    assert head.headers["content-length"] == str(len(answer.body))


def test_problems_are_told(lan: Host) -> None:
    assert is_problem(lan.curl(URL + "/none"), 404)
    assert is_problem(lan.curl(API + "/explain"), 400)
    assert is_problem(lan.curl(API + "/explain?flow=nonsense"), 400)
    assert is_problem(lan.curl(API + "/explain?flow=a%0Astop"), 400)
    assert is_problem(lan.curl(API + "/explain?flow=a%00"), 400)
    assert is_problem(lan.curl(API + "/explain?flow=%"), 400)
    assert is_problem(lan.curl(API + "/explain?flow=" + "a" * 5000), 414)
    assert is_problem(lan.curl(API + "/status", "-X", "PUT"), 405)
    assert is_problem(lan.curl(API + "/bans", "-d", "x=y"), 413)
    assert is_problem(lan.curl(URL, "-H", "X: " + "x" * 20000), 431)


def test_a_change_is_what_was_meant(gateway: Gateway, lan: Host) -> None:
    """With a word misspelt it would be another one: a ban for ever."""
    assert is_problem(change(lan, "POST", "/bans?range=203.0.113.9&second=60"), 400)
    assert is_problem(change(lan, "POST", "/bans?range=203.0.113.9+60"), 400)
    assert is_problem(change(lan, "POST", "/rollback?id="), 400)
    assert json.loads(lan.curl(API + "/bans").text) == {"bans": []}
    # A rule's name may have blanks: nothing is counted of this one.
    reset = change(lan, "DELETE", "/quotas?rule=no+guests&source=10.0.0.4")
    assert is_problem(reset, 409) and "nothing is counted" in reset.text


def test_only_its_zones_reach_it(gateway: Gateway) -> None:
    """The kernel refuses all others, before the console does."""
    guest = gateway.lab.guest.curl("http://10.0.9.1:8080/api/v1/status", timeout=1)
    assert guest.status == 0 and guest.exit == curl.TIMED_OUT


def test_only_its_hosts_are_served(lan: Host) -> None:
    """A name that somebody makes lead here (DNS rebinding) is another's."""
    for host in ("evil.example.com:8080", "10.0.0.2:8080", "10.0.0.1:81"):
        assert is_problem(lan.curl(API + "/status", "-H", f"Host: {host}"), 421)
    named = lan.curl(API + "/status", "-H", "Host: gate.example.com:8080")
    assert named.status == 200


def test_a_change_needs_the_token(gateway: Gateway, lan: Host) -> None:
    ban = "/bans?range=203.0.113.7&seconds=60&because=a+%3Cb%3E+try"
    assert is_problem(lan.curl(API + ban, "-X", "POST"), 401)
    assert change(lan, "POST", ban).status == 200
    [one] = json.loads(lan.curl(API + "/bans").text)["bans"]
    assert (one["address"], one["because"]) == ("203.0.113.7", "a <b> try")
    assert change(lan, "DELETE", "/bans?range=203.0.113.7").status == 200
    assert json.loads(lan.curl(API + "/bans").text)["bans"] == []
    assert is_problem(change(lan, "DELETE", "/bans?range=203.0.113.7"), 409)
    assert change(lan, "DELETE", "/cache").status in (200, 409)


def test_what_waits_is_taken_back_and_nothing_else(gateway: Gateway, lan: Host) -> None:
    back = "/rollback?id=waiting"
    assert is_problem(change(lan, "POST", back), 409)
    other = gateway.policy_file(POLICY.replace("tcp 80", "tcp 81"))
    done = gateway.command("apply", "--confirm", "300s", other)
    assert done.returncode == 0, done.stderr
    assert lan.curl(API + "/policy").text == other.read_text()
    assert change(lan, "POST", back).status == 200
    assert lan.curl(API + "/policy").text == POLICY
    assert is_problem(change(lan, "POST", back), 409)


def test_wrong_tokens_are_throttled(lan: Host) -> None:
    wrong = ("-X", "POST", "-H", "Authorization: Bearer wrong")
    answers = [lan.curl(API + "/session", *wrong).status for _ in range(7)]
    assert answers == [401] * 5 + [429] * 2
    assert lan.curl(API + "/status").status == 200


def guess(lan: Host, number: int) -> socket.socket:
    sock = lan.connect("10.0.0.1", 8080)
    head = f"POST /api/v1/session HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nAuthorization: Bearer {number}"
    sock.sendall(head.encode() + b"\r\n\r\n")
    return sock


def test_tokens_that_are_guessed_all_at_once(lan: Host) -> None:
    """Before the first one is found to be wrong."""
    socks = [guess(lan, number) for number in range(60)]
    answers = [sock.recv(4096).split()[1] for sock in socks]
    assert 1 <= answers.count(b"401") <= 5
    assert set(answers) <= {b"401", b"429", b"503"}


def test_who_guesses_and_does_not_wait_for_the_answer(gateway: Gateway, lan: Host) -> None:
    """He might see by what it changes that he was right."""
    daemon = gateway.first("gatehoused")
    os.kill(daemon, signal.SIGSTOP)
    try:
        socks = [guess(lan, number) for number in range(5)]
        assert lan.curl(API + "/session").status == 200  # they have been read
        for sock in socks:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
    finally:
        os.kill(daemon, signal.SIGCONT)
    session = (API + "/session", "-X", "POST", "-H", "Authorization: Bearer wrong")
    wait.until("that to be settled", lambda: lan.curl(*session).status != 503)
    assert lan.curl(*session).status == 429


def test_a_session_changes_with_its_csrf_only(lan: Host) -> None:
    begun = change(lan, "POST", "/session")
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    bears = ("-H", "Cookie: " + cookie.partition(";")[0])
    csrf = json.loads(begun.text)["csrf"]
    own = (*bears, "-H", f"X-Gatehouse-CSRF: {csrf}")
    assert json.loads(lan.curl(API + "/session").text) == {"csrf": None}
    assert json.loads(lan.curl(API + "/session", *bears).text) == {"csrf": csrf}
    ban = (API + "/bans?range=203.0.113.8", "-X", "POST")
    assert is_problem(lan.curl(*ban, *bears), 401)
    assert is_problem(lan.curl(*ban, *own, "-H", "Origin: http://evil.example.com"), 403)
    assert lan.curl(*ban, *own, "-H", "Origin: http://10.0.0.1:8080").status == 200
    assert lan.curl(API + "/session", "-X", "DELETE", *own).status == 200
    assert is_problem(lan.curl(*ban, *own), 401)


def refuse_one(lan: Host, port: int) -> None:
    """A packet that the policy drops, and tells of."""
    with lan.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", ("203.0.113.9", port))


def test_past_events_by_their_fields(gateway: Gateway, lan: Host) -> None:
    journal = Journal(gateway.runtime / "events.jsonl")
    for port in (7001, 7002):
        refuse_one(lan, port)
        journal.wait(port=port)
    past = lan.curl(API + "/events?zone.from=lan&verdict=drop&limit=2").text
    assert [json.loads(line)["port"] for line in past.splitlines()] == [7002, 7001]
    one = lan.curl(API + "/events?port=7001").text.splitlines()
    assert [json.loads(line)["verdict"] for line in one] == ["drop"]
    assert is_problem(lan.curl(API + "/events?limit=5000"), 400)


def follow(lan: Host, query: str = "") -> socket.socket:
    sock = lan.open_socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(5)
    sock.connect(("10.0.0.1", 8080))
    sock.sendall(
        f"GET /api/v1/events{query} HTTP/1.1\r\nHost: 10.0.0.1:8080\r\n"
        "Accept: text/event-stream\r\n\r\n".encode()
    )
    got = b""
    while b"\n:\n\n" not in got and b":\n\n" not in got.partition(b"\r\n\r\n")[2]:
        piece = sock.recv(4096)
        got += piece
        assert piece and got.startswith(b"HTTP/1.1 200 "), got
    return sock


def test_live_events(lan: Host) -> None:
    with follow(lan, "?port=7004") as sock:
        refuse_one(lan, 7003)
        refuse_one(lan, 7004)
        got = b""
        while b"data: " not in got or not got.endswith(b"\n\n"):
            got += sock.recv(4096)
    [data] = [line[6:] for line in got.splitlines() if line.startswith(b"data: ")]
    assert json.loads(data)["port"] == 7004


def test_a_slow_reader_holds_nobody_up(gateway: Gateway, lan: Host) -> None:
    """He takes nothing of what he follows; another gets all of it."""
    journal = Journal(gateway.runtime / "events.jsonl")
    with follow(lan) as slow, follow(lan, "?port=7009") as other:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        for _ in range(300):
            refuse_one(lan, 7008)
        refuse_one(lan, 7009)
        journal.wait(port=7009)
        got = b""
        while b'"port": 7009' not in got:
            got += other.recv(4096)
    assert lan.curl(API + "/status").status == 200


def test_a_flood_of_dashboards_is_answered(gateway: Gateway, lan: Host) -> None:
    """And another source finds a place meanwhile."""
    socks = [lan.open_socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(300)]
    for sock in socks:
        sock.settimeout(5)
        sock.connect(("10.0.0.1", 8080))
    assert b" 503 " in socks[-1].recv(200)
    assert gateway.lab.mail.curl(API + "/status").status == 200
    for sock in socks:
        sock.close()
    wait.until("the console answers", lambda: lan.curl(API + "/status").status == 200)


def test_one_who_follows_all_leaves_room_for_others(gateway: Gateway, lan: Host) -> None:
    with ExitStack() as stack:
        with contextlib.suppress(AssertionError):  # answered 503
            for _ in range(64):
                stack.enter_context(follow(lan))
        stack.enter_context(follow(gateway.lab.mail))


def test_a_crash_of_the_proxy_brings_it_back(gateway: Gateway, lan: Host) -> None:
    assert gateway.kill("gatehouse-proxy")
    wait.until("the console answers", lambda: lan.curl(API + "/status", timeout=1).status == 200)


def test_a_policy_without_it_closes_it(gateway: Gateway, lan: Host) -> None:
    bare = POLICY[: POLICY.index("console {")] + "drop any -> any\n"
    assert gateway.apply(bare).returncode == 0
    assert lan.curl(API + "/status", timeout=1).status == 0


def test_metrics_are_there_to_be_scraped(gateway: Gateway) -> None:
    answer = gateway.lab.lan.curl(API.removesuffix("/api/v1") + "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n") and "gatehouse_proxy_up 1" in answer.text
