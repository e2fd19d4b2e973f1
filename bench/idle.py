# SPDX-License-Identifier: GPL-2.0-or-later
"""idle: kept connections, and what a proxy has of its own memory for each.

    IDLE=50000 bench/run idle

More than a process may have descriptors for are held by several proxies of a
kind at once, each in a gateway of its own with clients and an origin: by as many
for each kind, and the table says by how many.  What the first connections cost
is the price of starting and not counted; what all of the processes have in the
end, with that and all else, is said below.
"""

import resource
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import peers, window
from bench.course import Course
from bench.field import Field
from bench.peers import IDLE_CLIENTS, Missing, Peer
from bench.proxied import Bench, await_load
from bench.sample import Results, Sample
from bench.table import Heading
from tests.lab import namespace
from tests.lab.process import Process

SOURCES = 20  # of the clients of one gateway; each has its share of the places
FIRST = 64
TITLE = f"idle: the proxy's own memory, {IDLE_CLIENTS:,} kept connections"
LINES = "all that the processes have of their own, in the end:"
# Gatehouse reckons with three descriptors a client (src/proxy/limits.h), and
# all sources together may have all places but one share.
DESCRIPTORS, RESERVE = 3, 200


def each_holds() -> int:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most // DESCRIPTORS * SOURCES // (SOURCES + 1) - RESERVE


def houses() -> int:
    return -(-IDLE_CLIENTS // each_holds())


@dataclass(frozen=True)
class House:
    """A gateway, who asks there, and how many of them."""

    bench: Bench
    clients: int

    def more(self, stack: ExitStack, clients: int) -> tuple[Process, Path]:
        ask = ("/", "", str(SOURCES))
        load = self.bench.load(peers.IDLE, clients, ask=ask)
        return stack.enter_context(load)


def run(name: str, course: Course, taker: window.Taker) -> Results:
    results, count = Results(), houses()
    with ExitStack() as stack:
        all_of_them = []
        for number in range(count):
            ground = stack.enter_context(Field(number=number))
            sources = (f"addr add 10.0.0.{4 + n}/24 dev eth0" for n in range(1, SOURCES))
            namespace.ip(sources, ground.lan.namespace)
            clients = (IDLE_CLIENTS + number) // count  # in sum, all
            all_of_them.append(House(Bench(ground, course, taker), clients))
        for peer in peers.PEERS:
            if course.wants(peer.name) and peers.IDLE in peer.works:
                _measure(peer, all_of_them, results)
    return results


def _measure(peer: Peer, all_of_them: list[House], results: Results) -> None:
    try:
        with ExitStack() as stack:
            for house in all_of_them:
                stack.enter_context(peers.running(peer, house.bench.ground))
            _hold(peer, all_of_them, results)
    except (Missing, TimeoutError) as why:
        for house in all_of_them:
            house.bench.must_stand()
        results.missing[peer.name] = str(why)


def _hold(peer: Peer, all_of_them: list[House], results: Results) -> None:
    with ExitStack() as stack:
        for house in all_of_them:
            await_load(*house.more(stack, FIRST), FIRST)
    before = _memory(all_of_them)
    with ExitStack() as stack:
        loads = [house.more(stack, house.clients) for house in all_of_them]
        for house, load in zip(all_of_them, loads):
            await_load(*load, house.clients)
        after = _memory(all_of_them)
        ended = [f"{window.read_counts(counts).failures} failures: {load.err.strip()}"
                 for load, counts in loads if window.read_counts(counts).failures]  # fmt: skip
    each = (after - before) / IDLE_CLIENTS
    note = f"{len(all_of_them)} of it at once" if len(all_of_them) > 1 else ""
    results.samples.append(Sample(peer.name, TITLE, each, fault="; ".join(ended), note=note))
    results.lines.append(f"{peer.name:13} {after / (1 << 20):6.0f} MiB")


def _memory(all_of_them: list[House]) -> int:
    return sum(window.memory_of(house.bench.ground.measured()) for house in all_of_them)


def headings(name: str) -> list[Heading]:
    return [Heading(TITLE, "bytes/conn")]
