# SPDX-License-Identifier: GPL-2.0-or-later
"""The n-th allocation or system call of a daemon fails, for every n: on the way
of a request, of an apply, and of a start.  Whatever it is, no process crashes,
nothing that the policy forbids is answered, who is not served is told or cut off,
and the next one is served as if nothing had been.  A proxy that cannot hear its
daemon any more says so and ends, and is started again.

    FAULTS=400 python3 -m pytest -s tests/story/test_0187_faults.py

tries so many of each, which is all of a request; without it a few, others each
day.  The unit tests called fault try each in its own part; here all of them are
at work together.
"""

import datetime
import mmap
import os
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.lab import wait
from tests.lab.flood import ask
from tests.lab.gateway import GOOD, MISHAP, PROGRAM, WRONG_WORLD, GatewayError
from tests.lab.lab import Lab
from tests.lab.listener import echo, read_head
from tests.lab.origin import Origin, Reply
from tests.lab.service import Service
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    intercept tcp 8001 for lan
    cache memory 8M, disk "FOLDER" 16M
    compress
}
reject lan -> ads.example.net log
allow lan -> wan tcp 8000, tcp 8001, tcp 5000 log
"""
)
FAULTS = PROGRAM.with_name("tests") / "lab" / "lab-faults.so"
SANITIZED = "san" in PROGRAM.parent.name
WANTED = int(os.environ.get("FAULTS", "0"))
pytestmark = pytest.mark.skipif(SANITIZED, reason="a sanitizer wants to be first")

DAEMON, PROXY = 0, 1
MEMORY, CALL = 1, 2
KINDS = {MEMORY: "memory", CALL: "call"}
PLAN = struct.Struct("qqqq32s")
ORIGIN = "http://out.example.com:8000"
TEXT = b"the quick brown fox\n" * 200
SOON_S = 10.0
ENDED = "gatehouse-proxy ended by exit status 3"


class Plan:
    """What is to fail (tests/lab/faults.c)."""

    def __init__(self, path: Path):
        path.write_bytes(bytes(2 * PLAN.size))
        path.chmod(0o666)
        with open(path, "r+b") as file:
            self._page = mmap.mmap(file.fileno(), 2 * PLAN.size)
        self.path = path
        self.calm()

    def _put(self, who: int, kind: int, left: int) -> None:
        """It begins with `left`."""
        PLAN.pack_into(self._page, who * PLAN.size, 0, -1, 0, 0, b"")
        struct.pack_into("q", self._page, who * PLAN.size + 8, left)
        struct.pack_into("q", self._page, who * PLAN.size, kind)

    def calm(self) -> None:
        for who in (DAEMON, PROXY):
            self._put(who, 0, -1)

    def count(self, who: int, kind: int) -> None:
        self._put(who, kind, -1)

    def fail(self, who: int, kind: int, after: int) -> None:
        self._put(who, kind, after)

    def said(self, who: int) -> tuple[int, str]:
        """How many there were, and which of them has failed, if one has."""
        _, _, count, met, what = PLAN.unpack_from(self._page, who * PLAN.size)
        return count, what.rstrip(b"\0").decode() if met else ""


class Faulty(Service):
    """What of it fails is a plan's."""

    def __init__(self, lab: Lab, policy: str):
        super().__init__(lab, policy.replace("FOLDER", str(lab.gw.stem("cache"))))
        self.plan = Plan(lab.gw.stem("plan"))

    def argv(self) -> list[str | Path]:
        env = [f"LD_PRELOAD={FAULTS}", f"GATEHOUSE_LAB_FAULTS={self.plan.path}"]
        return ["env", *env, *super().argv()]

    def pid(self) -> int:
        [pid] = self.pids("gatehouse-proxy")
        return pid

    def check_health(self, status: int | None) -> None:
        for found in MISHAP.finditer(self.err):
            words = self.err[found.start() :]
            assert words.startswith(ENDED) and "gatehouse-proxy: " in self.err, words

    def lives(self) -> None:
        """Nothing crashed, and somebody who asks is served."""
        failed = [self.plan.said(who) for who in (DAEMON, PROXY)]
        self.plan.calm()
        self.check_health(None)
        lan = self.lab.lan
        what = f"service after {failed}"
        wait.until(what, lambda: ask(lan, f"{ORIGIN}/new") == 200, SOON_S)


@pytest.fixture(scope="module")
def service(gateway_lab: Lab) -> Iterator[Faulty]:
    with Lab() as lab, ExitStack() as stack:
        origin = Origin()
        kind = {"Content-Type": "text/plain"}
        kept = Reply(headers=kind | {"Cache-Control": "max-age=3600"}, body=TEXT)
        fresh = Reply(headers=kind | {"Cache-Control": "no-store"}, body=TEXT)
        origin.answers |= {"/kept": [kept], "/new": [fresh], "/first": [kept]}
        for port in (8000, 8001):
            stack.enter_context(lab.out.serve(port, origin.handle))
        stack.enter_context(lab.out.serve(5000, echo))
        service = Faulty(lab, POLICY)
        stack.enter_context(service)
        service.lives()
        yield service


# ---- requests ----


def page(service: Faulty, url: str, coding: str = "identity") -> str:
    conn = service.lab.lan.http("10.0.0.1", 3128, timeout=SOON_S)
    conn.request("GET", url, headers={"Accept-Encoding": coding})
    return judge(conn, coding)


def judge(conn, coding: str = "identity") -> str:  # noqa: ANN001
    """An answer is whole, or says why not, or breaks off: nothing else."""
    got = conn.getresponse()
    body = got.read()
    conn.close()
    if got.status != 200:
        assert got.status >= 500, got.status
        return str(got.status)
    assert coding != "identity" or body == TEXT
    return "served"


def intercepted(service: Faulty) -> str:
    conn = service.lab.lan.http("203.0.113.9", 8001, timeout=SOON_S)
    conn.request("GET", "/new", headers={"Host": "out.example.com:8001"})
    return judge(conn)


def tunnel(service: Faulty) -> str:
    with service.lab.lan.connect("10.0.0.1", 3128, timeout=SOON_S) as sock:
        sock.sendall(b"CONNECT out.example.com:5000 HTTP/1.1\r\nHost: a\r\n\r\n")
        head = read_head(sock)
        if b" 200 " not in head:
            assert not head or int(head.split()[1]) >= 500, head
            return head[9:12].decode() or "cut off"
        sock.sendall(b"there and back")
        got = sock.recv(14, socket.MSG_WAITALL)
        assert got in (b"there and back", b""), got
        return "served" if got else "cut off"


def socks(service: Faulty) -> str:
    with service.lab.lan.connect("10.0.0.1", 3128, timeout=SOON_S) as sock:
        sock.sendall(b"\5\1\0")
        if sock.recv(2, socket.MSG_WAITALL) != b"\5\0":
            return "cut off"
        name = b"out.example.com"
        sock.sendall(b"\5\1\0\3" + bytes([len(name)]) + name + b"\x13\x88")
        got = sock.recv(10, socket.MSG_WAITALL)
        if got[:2] != b"\5\0":
            return f"SOCKS {got[1]}" if got else "cut off"
        sock.sendall(b"?")
        return "served" if sock.recv(1) == b"?" else "cut off"


def refused(service: Faulty) -> str:
    conn = service.lab.lan.http("10.0.0.1", 3128, timeout=SOON_S)
    conn.request("GET", "http://ads.example.net/")
    status = conn.getresponse().status
    conn.close()
    assert status == 403 or status >= 500, status
    return "served" if status == 403 else str(status)


WAYS: list[Callable[[Faulty], str]] = [
    lambda service: page(service, f"{ORIGIN}/new"),
    lambda service: page(service, f"{ORIGIN}/kept"),
    lambda service: page(service, f"{ORIGIN}/kept", "gzip"),
    intercepted,
    tunnel,
    socks,
    refused,
]


def attempt(way: Callable[[Faulty], str], service: Faulty) -> str:
    try:
        return way(service)
    except TimeoutError:
        raise AssertionError("it was neither served nor told") from None
    except (ConnectionError, HTTPException):
        return "cut off"


def are_served(service: Faulty) -> bool:
    """What was asked for in vain before is not known to any thread any more."""
    return all(attempt(way, service) == "served" for way in WAYS)


def some(count: int, few: int) -> list[int]:
    """All, or as many as are wanted."""
    rng = random.Random(datetime.date.today().toordinal())
    return sorted(rng.sample(range(count), min(count, WANTED or few)))


@pytest.mark.parametrize("kind", KINDS)
def test_requests(service: Faulty, kind: int) -> None:
    pid, outcomes, failed = service.pid(), Counter(), Counter()
    wait.until("all to be served", lambda: are_served(service))
    service.plan.count(PROXY, kind)
    assert are_served(service)
    count, _ = service.plan.said(PROXY)
    for after in some(count, 12):
        service.plan.fail(PROXY, kind, after)
        outcomes.update(attempt(way, service) for way in WAYS)
        failed[service.plan.said(PROXY)[1]] += 1
        service.lives()
        assert service.pid() == pid
    tell(kind, count, failed, outcomes)
    assert outcomes["served"] > sum(outcomes.values()) // 2


# ---- an apply ----


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", [DAEMON, PROXY])
def test_an_apply(service: Faulty, who: int, kind: int) -> None:
    """It is whole, or it is none and says why."""
    outcomes, failed = Counter(), Counter()
    text = service.policy.read_text()
    service.plan.count(who, kind)
    assert service.apply(text).returncode == GOOD
    count, _ = service.plan.said(who)
    for after in some(count, 10):
        service.plan.fail(who, kind, after)
        done = service.apply(f"{text}# {after}\n")
        assert done.returncode == GOOD or done.stderr, done.stdout
        outcomes["applied" if done.returncode == GOOD else "refused"] += 1
        failed[service.plan.said(who)[1]] += 1
        service.lives()
        assert attempt(refused, service) == "served"
    tell(kind, count, failed, outcomes)
    assert service.apply(text).returncode == GOOD


# ---- a start ----


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", [DAEMON, PROXY])
def test_a_start(service: Faulty, who: int, kind: int) -> None:
    """It comes up, or says why it does not; and the next one does."""
    outcomes, failed = Counter(), Counter()
    service.stop()
    service.plan.count(who, kind)
    service.start()
    count, _ = service.plan.said(who)
    service.lives()
    for after in some(count, 4):
        service.stop()
        service.plan.fail(who, kind, after)
        outcomes[start(service)] += 1
        failed[service.plan.said(who)[1]] += 1
        if not service.is_running():
            service.plan.calm()
            service.start()
        service.lives()
    tell(kind, count, failed, outcomes)


def start(service: Faulty) -> str:
    try:
        service.start()
        return "up"
    except GatewayError as error:
        assert error.status == WRONG_WORLD and service.err, error
        return "refused"


def tell(kind: int, count: int, failed: Counter, outcomes: Counter) -> None:
    of = ", ".join(f"{n} {what or 'none'}" for what, n in failed.most_common())
    came = ", ".join(f"{n} {word}" for word, n in outcomes.most_common())
    print(f"\n{KINDS[kind]}: of {count}, failed {of}: {came}")
