# SPDX-License-Identifier: GPL-2.0-or-later
"""Where messages begin and end, beside other proxies: a part of tests/framing.py,
which `make test-all` runs at length; and that its judges know what they look for."""

import pytest

from tests import framing
from tests.framing import POLICY, Case, Outcome, Shape  # noqa: F401
from tests.lab.gateway import Gateway

SEED = 185
PLACE = b"203.0.113.9:8100"


def test_beside_peers(gateway: Gateway) -> None:
    report = framing.compare(gateway.lab, framing.QUICK, 24, 12, SEED)
    assert not report.faults, "\n".join(report.faults)
    for is_answer in (False, True):
        cases = [case for case in report.cases if case.is_answer == is_answer]
        assert {"passed", "refused"} <= {case.did("gatehouse") for case in cases}
    if len(report.ring.proxies) < 4:
        missing = ", ".join(report.ring.missing)
        pytest.skip(f"three peers are wanted, not installed are {missing}: scripts/setup bench")


def case(raw: bytes, said: bytes, is_answer: bool = False, others: tuple[Outcome, ...] = ()) -> Case:
    outcome = Outcome([raw], said, True, PLACE)
    peers = {f"peer {n}": other for n, other in enumerate(others)}
    return Case(1, Shape("", b""), is_answer, {"gatehouse": outcome, **peers})


def request(target: bytes, fields: bytes = b"", content: bytes = b"") -> bytes:
    return b"POST %s HTTP/1.1\r\nHost: %s\r\n%s\r\n%s" % (target, PLACE, fields, content)


def answer(seen: bytes, fields: bytes = b"Content-Length: 2\r\n", content: bytes = b"ok") -> bytes:
    return b"HTTP/1.1 200 OK\r\nSeen: %s 0\r\n%s\r\n%s" % (seen, fields, content)


CHUNKED = b"Transfer-Encoding: chunked\r\n"
HIDDEN = request(b"/hidden")
GOOD = request(b"/1") + request(b"/1-last")
ANSWERED = answer(b"/1") + answer(b"/1-last")


def test_what_is_right_is_no_fault() -> None:
    assert not framing.smuggled(case(GOOD, ANSWERED))
    chunks = request(b"/1", CHUNKED, b"3\r\nabc\r\n0\r\n\r\n")
    assert not framing.smuggled(case(chunks, answer(b"/1")))
    assert not framing.smuggled(case(b"", answer(b"raw") + answer(b"/1-last"), True))


@pytest.mark.parametrize(
    "raw",
    [
        GOOD + HIDDEN,
        request(b"/1"),
        request(b"/1", b"Content-Length: 5\r\n" + CHUNKED, b"0\r\n\r\n"),
        request(b"/1", b"Content-Length: 5\r\nContent-Length: 0\r\n", b"12345") + request(b"/1-last"),
        request(b"/1", b"Content-Length : 0\r\n") + request(b"/1-last"),
        request(b"/1", b"X: y\nContent-Length: %d\r\n" % len(HIDDEN), HIDDEN) + request(b"/1-last"),
        request(b"/1", CHUNKED, b"3\nabc\r\n0\r\n\r\n") + request(b"/1-last"),
        GOOD.replace(PLACE, b"www.example.com"),
    ],
)
def test_what_is_smuggled_is_seen(raw: bytes) -> None:
    assert framing.smuggled(case(raw, ANSWERED))


@pytest.mark.parametrize(
    "said",
    [
        answer(b"raw") + answer(b"evil"),
        answer(b"/1-last") + answer(b"raw"),
        answer(b"raw", b"Content-Length: 2\r\n" + CHUNKED),
        answer(b"raw", b"X: y\rContent-Length: 0\r\nContent-Length: 2\r\n"),
    ],
)
def test_an_answer_that_is_smuggled_is_seen(said: bytes) -> None:
    assert framing.smuggled(case(b"", said, True))


def test_who_is_alone_is_seen() -> None:
    refusal = Outcome([], b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n", True, PLACE)
    longer = Outcome([request(b"/1", b"Content-Length: 2\r\n", b"ab")], ANSWERED, True, PLACE)
    same = Outcome([GOOD], ANSWERED, True, PLACE)
    assert framing.alone(case(GOOD, ANSWERED, others=(refusal, refusal, same)))
    assert framing.alone(case(GOOD, ANSWERED, others=(longer, longer)))
    assert not framing.alone(case(GOOD, ANSWERED, others=(refusal, longer, same)))
