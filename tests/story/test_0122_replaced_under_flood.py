# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules are replaced while forbidden packets pour in: none passes.

A hundred transactions, from one policy to another and back; both forbid what
is sent, in different words.  A packet that met neither would be seen on a wire.
That it is looked for well is shown by packets that both allow: they all pass.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import pytest

from tests.lab import frames, wait
from tests.lab.frames import Packet
from tests.lab.wires import Wires

TRANSACTIONS = 100
ZONES = """
zone lan = int0 10.0.1.0/24 2001:db8:1::/64
zone dmz = int1 10.0.2.0/24 2001:db8:2::/64
zone wan = ext0
name server = { 10.0.2.80, 2001:db8:2::80 }
"""
PROXY = "proxy { intercept { tcp 80, tcp 443 } for lan }\n"
ALLOWED = "allow lan -> server udp 5000\n"
POLICIES = (
    ZONES + PROXY + ALLOWED + "drop wan -> any\nreject lan -> dmz\nallow lan -> wan\n",
    ZONES + PROXY + ALLOWED + "allow lan -> wan\n" + "drop any -> any log\n" * 50,
)
LAN, SERVER, WAN = ("10.0.1.4", "10.0.2.80", "203.0.113.9")
LAN6, SERVER6, WAN6 = ("2001:db8:1::4", "2001:db8:2::80", "2001:db8:f::9")

FORBIDDEN, PERMITTED = 1, 2
# Link, ends, protocol and port of each kind that is sent.
KINDS = [
    ("ext0", WAN, LAN, "tcp", 22, FORBIDDEN),
    ("ext0", WAN6, LAN6, "udp", 53, FORBIDDEN),
    ("int0", LAN, SERVER, "udp", 5001, FORBIDDEN),
    # To the proxy, which is not there: it must not go straight out.
    ("int0", LAN, WAN, "tcp", 80, FORBIDDEN),
    ("int0", LAN6, WAN6, "tcp", 443, FORBIDDEN),
    # From a foreign source.
    ("int1", LAN, WAN, "udp", 123, FORBIDDEN),
    ("int0", LAN, SERVER, "udp", 5000, PERMITTED),
    ("int0", LAN6, SERVER6, "udp", 5000, PERMITTED),
]


def flood_of(round: int) -> list[tuple[str, bytes]]:
    """Each kind once, as new flows."""
    return [
        (link, frames.internet(new_flow(10000 + round, *kind))) for link, *kind in KINDS
    ]


def new_flow(
    sport: int, source: str, destination: str, protocol: str, dport: int, number: int
) -> Packet:
    ends = ip_address(source), ip_address(destination)
    return Packet(number, *ends, protocol, sport, dport)


class Flood:
    """What pours in from a thread of its own, and what came out."""

    def __init__(self, gate: Wires):
        self.gate = gate
        self.rounds = 0
        self.seen: Counter[int | None] = Counter()
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._pour)
        self._floods = [flood_of(round) for round in range(500)]

    def _pour(self) -> None:
        # Not on the processor that commits: they are to meet.
        others = self.gate.processors - {self.gate.home}
        os.sched_setaffinity(0, others or self.gate.processors)
        while not self._enough.is_set():
            for link, packet in self._floods[self.rounds % len(self._floods)]:
                self.gate.send_bytes(link, packet)
            self.rounds += 1
            self._look()

    def _look(self) -> None:
        self.seen.update(s.number for _, s in self.gate.seen() if not s.is_error)

    @contextmanager
    def pouring(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._enough.set()
            self._thread.join()
        self.gate.wait_passed()
        self._look()


@pytest.mark.parametrize("forget", [False, True])
def test_none_passes(gate: Wires, compiled: Callable[[str], str], forget: bool) -> None:
    """With `forget`, known flows are new again after each transaction."""
    rulesets = [compiled(policy) for policy in POLICIES]
    gate.begin(rulesets[0], listening=False)
    flood = Flood(gate)
    with flood.pouring():
        for number in range(TRANSACTIONS):
            rounds = flood.rounds
            gate.replace(rulesets[(number + 1) % 2])
            if forget:
                gate.forget_flows()
            wait.until("packets to meet it", lambda: flood.rounds > rounds + 1)
    gate.end()
    print(f"{TRANSACTIONS} transactions, {flood.rounds * len(KINDS)} packets")
    assert flood.seen[FORBIDDEN] == 0
    assert flood.rounds < flood.seen[PERMITTED] <= 2 * flood.rounds
