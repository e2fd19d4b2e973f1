# SPDX-License-Identifier: GPL-2.0-or-later
"""Policies are applied one after the other under load, and nobody notices.

    APPLIES=1000 python3 -m pytest -s tests/story/test_0182_thousand_applies.py

Three policies that are written otherwise and judge what is sent here the same,
in turn; in between some that are refused, and some that are taken back.  All
the while a datagram and a byte of a living connection go there and back, one
after the other, so that the first that is lost is missed; new connections are
made, of which each that is allowed is answered and none that is forbidden; and
requests are asked through the proxy.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager


from tests.lab import wait
from tests.lab.flows import PROXY
from tests.lab.gateway import GOOD, NO, SANITIZED
from tests.lab.lab import Lab
from tests.lab.listener import echo
from tests.lab.process import memory_kib
from tests.lab.service import Service
from tests.story.test_0111_policy_change import (
    Load,
    descriptors,
)
from tests.story.zones import ZONES

APPLIES = int(os.environ.get("APPLIES", "40"))
SETTLED = APPLIES // 2 if APPLIES < 200 else 100
OUT = "203.0.113.9"
GROWTH_KIB = 2048  # what an allocator may still take when all is settled

HEAD = ZONES + "proxy { listen 10.0.0.1:3128 for lan }\n"
POLICIES = (
    HEAD + "allow lan -> wan tcp 80, tcp 5000, tcp 5001, udp 5000, udp 53\n",
    HEAD
    + "drop lan -> wan tcp 22 log\n"
    + "allow lan -> wan tcp 1-21, tcp 23-9000\nallow lan -> wan udp 1-9000\n",
    HEAD
    + "reject guest -> any\n" * 50
    + "reject lan -> wan tcp 22\n"
    + "allow lan -> 203.0.113.0/24\nallow lan -> wan web, dns\n",
)
REFUSED = HEAD + "allow lan -> nowhere\n"


class Repeated:
    """Something that is done over and over in a thread; what went wrong."""

    def __init__(self, once: Callable[[int], str | None]):
        self.count = 0
        self.failures: list[str] = []
        self._once = once
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._over.is_set() and len(self.failures) < 10:
            try:
                failure = self._once(self.count)
            except OSError as error:
                failure = repr(error)
            if failure:
                self.failures.append(f"after {self.count}: {failure}")
            self.count += 1

    def __enter__(self) -> "Repeated":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def there_and_back(sock: socket.socket) -> Callable[[int], str | None]:
    """One after the other: what is lost is missed after the time-out."""
    sock.settimeout(2)

    def once(number: int) -> str | None:
        sent = number.to_bytes(8, "big")
        sock.send(sent)
        got = sock.recv(64)
        time.sleep(0.001)
        return None if got == sent else f"{got!r} came back for {sent!r}"

    return once


def connects(lab: Lab) -> Callable[[int], str | None]:
    def once(_: int) -> str | None:
        with lab.lan.connect(OUT, 5001, timeout=2) as sock:
            sock.sendall(b"?")
            return None if sock.recv(1) == b"?" else "no echo"

    return once


def is_refused(lab: Lab) -> Callable[[int], str | None]:
    def once(_: int) -> str | None:
        try:
            lab.lan.connect(OUT, 22, timeout=0.2).close()
        except OSError:
            return None
        return "a connection that no policy allows"

    return once


@contextmanager
def load(service: Service) -> Iterator[dict[str, Repeated | Load]]:
    lab = service.lab
    with ExitStack() as stack:
        for port in (22, 5000, 5001):
            stack.enter_context(lab.out.serve(port, echo))
        lab.out.serve_udp_echo(5000)
        stream = stack.enter_context(lab.lan.connect(OUT, 5000, timeout=5))
        datagrams = stack.enter_context(
            lab.lan.open_socket(socket.AF_INET, socket.SOCK_DGRAM)
        )
        datagrams.connect((OUT, 5000))
        works: dict[str, Repeated | Load] = {
            "datagrams of a flow": Repeated(there_and_back(datagrams)),
            "pieces of a stream": Repeated(there_and_back(stream)),
            "new connections": Repeated(connects(lab)),
            "forbidden connections": Repeated(is_refused(lab)),
            "requests": Load(service, *PROXY),
            "requests on new connections": Load(
                service, *PROXY, "-H", "Proxy-Connection: close"
            ),
        }
        for work in works.values():
            stack.enter_context(work)
        yield works


def apply_one(service: Service, n: int) -> float:
    """How long the command takes, in seconds."""
    options = ["--confirm", "60s"] if n % 10 == 9 else []
    argv = ["apply", "--quiet", *options, FILES[n % 3]]
    began = time.monotonic()
    done = service.command(*argv)
    took = time.monotonic() - began
    assert done.returncode == GOOD, done.stderr
    if options:
        verb = "confirm" if n % 20 == 9 else "rollback"
        assert service.command(verb).returncode == GOOD
    return took


FILES: list = []


def sizes(pids: list[int]) -> dict[int, tuple[int, int]]:
    return {pid: (memory_kib(pid), descriptors(pid)) for pid in pids}


def tell(took: list[float], works: dict, before: dict, after: dict) -> None:
    took = sorted(took)
    ms = [1000 * t for t in (took[len(took) // 2], took[len(took) * 99 // 100], took[-1])]
    print(f"\n{len(took)} applies: median {ms[0]:.0f} ms, 99% {ms[1]:.0f}, max {ms[2]:.0f}")
    for kind, work in works.items():
        count = work.requests if isinstance(work, Load) else work.count
        print(f"{count:8} {kind}, {len(work.failures)} failed")
    for pid, (kib, fds) in before.items():
        print(f"pid {pid}: {kib} -> {after[pid][0]} KiB, {fds} -> {after[pid][1]} fds")


def test_applies_under_load(own_lab: Lab) -> None:
    with Service(own_lab, POLICIES[0]) as service:
        FILES[:] = [service.policy_file(text) for text in POLICIES]
        bad = service.policy_file(REFUSED)
        pids = service.pids("gatehoused") + service.pids("gatehouse-proxy")
        before: dict[int, tuple[int, int]] = {}
        took = []
        with load(service) as works:
            for n in range(APPLIES):
                if n == SETTLED:
                    before = sizes(pids)
                took.append(apply_one(service, n))
                if n % 20 == 0:
                    assert service.command("apply", bad).returncode == NO
            after = sizes(pids)
        tell(took, works, before, after)
        for kind, work in works.items():
            assert not work.failures, kind
            assert (work.requests if isinstance(work, Load) else work.count) > 10
        assert pids == service.pids("gatehoused") + service.pids("gatehouse-proxy")
        for pid, (kib, count) in before.items():
            assert SANITIZED or after[pid][0] < kib + GROWTH_KIB
            wait.until("descriptors as before", lambda: descriptors(pid) <= count + 8)
        # What is kept does not grow either.
        assert len(list(service.state.iterdir())) < 20
