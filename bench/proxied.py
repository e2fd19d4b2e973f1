# SPDX-License-Identifier: GPL-2.0-or-later
"""Workloads through a proxy: request, logged, connect, tunnel, hits, compress,
http2, inspect, policy-cost, threads.

Each measurement starts the proxy afresh, for two starts of a program are two
layouts of its memory; the peers take turns, round after round.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import caching, coding, field, framed, inspecting, logged, peers, policy_cost, window
from bench.course import Course
from bench.field import LOAD_CORE, ORIGIN_PORT, PROGRAMS, PROXY_PORT, Field
from bench.peers import Missing, Peer
from bench.sample import Results, Sample
from bench.table import Heading
from tests.lab import wait
from tests.lab.process import Process

ANSWERS_S = 20.0  # until the first answers are there
# Of the answers, so many may be those of the origin to another window.
STRAY = 0.05


@dataclass(frozen=True)
class Case:
    work: str  # for which a peer must be fit
    clients: int
    heading: Heading
    load: str = ""  # what bench/load.c calls it, if not the same
    ask: tuple[str, ...] = ()  # the path, and the coding that is taken
    is_hit: bool = False  # the origin must not be asked
    host: str = ""  # else the origin's address
    program: str = "bench-load"

    @property
    def title(self) -> str:
        return self.heading.title


def _case(work: str, clients: int, title: str, unit: str) -> Case:
    return Case(work, clients, Heading(title, f"us/{unit}", f"{unit}s/s"))


def _bulk(clients: int) -> Case:
    title = f"tunnel: bytes without end through CONNECT, connections: {clients}"
    return Case(peers.BULK, clients, Heading(title, "s/GB", "GB/s"))


def _hit(size: str, path: str, clients: int) -> Case:
    title = f"hits: {size} from the cache, kept connections: {clients}"
    return Case(caching.HIT, clients, Heading(title, "us/request", "requests/s"),
                peers.KEEP, (path,), is_hit=True)  # fmt: skip


def _compressed(how: str, path: str, is_hit: bool) -> Case:
    title = f"compress: 64 KiB of HTML by gzip, level {caching.LEVEL}, {how}"
    return Case(caching.COMPRESS, 8, Heading(title, "us/request", "requests/s"),
                peers.KEEP, (path, "gzip"), is_hit)  # fmt: skip


def _policy(work: str, title: str, is_hit: bool) -> Case:
    path, host = ("/kept-1024", policy_cost.WEB) if is_hit else ("/", "")
    return Case(work, 64, Heading(title, "us/request", "requests/s"),
                peers.KEEP, (path,), is_hit, host)  # fmt: skip


def _framed(work: str, how: str, load: str, is_hit: bool) -> Case:
    title = f"http2: 1 KiB, {how}, {framed.CLIENTS} connections of {framed.STREAMS} streams"
    path = "/kept-1024" if is_hit else "/"
    return Case(work, framed.CLIENTS, Heading(title, "us/request", "requests/s"),
                load, (path, str(framed.STREAMS)), is_hit, program="bench-streams")  # fmt: skip


# Who has a part in a workload; all others have peers.PEERS.
PEERS = {
    "hits": caching.PEERS,
    "compress": caching.CODERS,
    "logged": logged.PEERS,
    "http2": framed.PEERS,
    "inspect": inspecting.PEERS,
    "policy-cost": policy_cost.PEERS,
    "threads": policy_cost.THREADS,
}
CASES = {
    "request": [
        _case(peers.KEEP, 64, "request: uncached GET of 1 KiB, 64 kept connections",
              "request"),
    ],
    "logged": [
        _case(peers.KEEP, 64, "logged: the same GET, without and with a line in a log",
              "request"),
    ],
    "connect": [
        _case(peers.GET, 64, "connect: a new connection for each GET, 64 at a time",
              "request"),
        _case(peers.CONNECT, 64,
              "connect: a new connection for each CONNECT with a GET, 64 at a time",
              "tunnel"),
    ],
    "tunnel": [_bulk(1), _bulk(16)],
    "hits": [
        _hit("1 KiB", "/kept-1024", 64),
        _hit("64 KiB", "/kept-65536", 64),
        _hit("1 MiB", "/kept-1048576", 16),
    ],
    "compress": [
        _compressed("uncached", "/page", False),
        _compressed("from the cache", "/kept-page", True),
    ],
    "http2": [
        _framed(framed.PLAIN, "uncached", "plain", False),
        _framed(framed.TLS, "uncached by TLS", "tls", False),
        _framed(framed.PLAIN_HIT, "from the cache", "plain", True),
        _framed(framed.TLS_HIT, "from the cache by TLS", "tls", True),
    ],
    "inspect": [
        _case(inspecting.INSIDE, 64,
              "inspect: uncached GET of 1 KiB inside TLS, 64 kept connections", "request"),
    ],
    "policy-cost": [
        _policy(policy_cost.ADDRESS, "policy-cost: an uncached GET of 1 KiB", False),
        _policy(policy_cost.NAME, "policy-cost: a hit of 1 KiB, by name", True),
    ],
    "threads": [
        _case(peers.KEEP, 64, "threads: uncached GET of 1 KiB", "request"),
        Case(peers.KEEP, 64,
             Heading("threads: a hit of 1 KiB", "us/request", "requests/s"),
             ask=("/kept-1024",), is_hit=True),
    ],
}  # fmt: skip


class Bench:
    """The field with its origin, and what is needed to measure there."""

    def __init__(
        self, ground: Field, course: Course, taker: window.Taker, *certificate: Path
    ):
        self.ground = ground
        self.course = course
        self.taker = taker
        self.origin_counts = ground.dir / "origin.counts"
        page = ground.dir / "page.html"
        page.write_bytes(coding.page().encode()[: coding.PAGE_BYTES])
        self.origin = field.spawn(
            ground.web, LOAD_CORE, PROGRAMS / "bench-origin", self.origin_counts,
            ground.web.ip4, ORIGIN_PORT, page, *certificate,
        )  # fmt: skip
        wait.until("the origin to listen", self._has_origin)

    def _has_origin(self) -> bool:
        self.must_stand()
        with contextlib.suppress(OSError):
            self.ground.lan.connect(self.ground.web.ip4, ORIGIN_PORT).close()
            return True
        return False

    @contextlib.contextmanager
    def load(
        self, work: str, clients: int, host: str = "", ask: tuple[str, ...] = (),
        program: str = "bench-load",
    ) -> Iterator[tuple[Process, Path]]:
        lan = self.ground.lan
        counts = lan.stem("counts")
        process = field.spawn(
            lan, LOAD_CORE, PROGRAMS / program, counts, work, clients,
            self.ground.gw.ip4, PROXY_PORT, host or self.ground.web.ip4, ORIGIN_PORT,
            *ask,
        )  # fmt: skip
        try:
            yield process, counts
        finally:
            process.stop()
            lan.processes.remove(process)

    def measure(self, peer: Peer, case: Case) -> Sample:
        work = case.load or case.work
        if work == peers.BULK and peer.is_raw:
            work = "raw"
        with self.load(work, case.clients, case.host, case.ask, case.program) as (process, counts):
            await_load(process, counts, 1)
            watched = window.Watched(
                measured=self.ground.measured(),
                helpers=[process.pid, self.origin.pid],
                load=counts,
                origin=self.origin_counts,
            )
            took = self._window(watched)
            self.must_stand()
            return _sample(peer, case, took, process)

    def _window(self, watched: window.Watched) -> window.Window:
        try:
            window.take_once(watched, self.course.warm_s)
            return self.taker.take(watched)
        except (FileNotFoundError, ProcessLookupError):
            raise Missing("a process of its ended while it was measured") from None

    def must_stand(self) -> None:
        """Without the origin all peers would look broken."""
        if self.origin.status() is not None:
            raise RuntimeError(f"the origin has ended: {self.origin.err.strip()}")


def await_load(process: Process, counts: Path, answers: int) -> None:
    """So many answers, or anything at all of a stream."""

    def is_there() -> bool:
        if process.status() is not None:
            raise Missing(f"the load gave up: {' '.join(process.err.split())}")
        if not counts.exists() or not counts.stat().st_size:
            return False
        now = window.read_counts(counts)
        return now.answers >= answers or now.bytes > 0

    try:
        wait.until(f"{answers} answers", is_there, ANSWERS_S + answers / 1000)
    except TimeoutError as error:
        raise Missing(f"{error} {' '.join(process.err.split())}".strip()) from None


def _sample(peer: Peer, case: Case, took: window.Window, load: Process) -> Sample:
    if case.work == peers.BULK:
        units, scale = took.counts.bytes / 1e9, 1.0
    else:
        units, scale = took.counts.answers, 1e6
    fault = _fault(case, took, load)
    if units == 0:
        raise Missing(f"nothing came through {' '.join(load.err.split())}".strip())
    return Sample(
        name=peer.name,
        case=case.title,
        cost=took.cpu_s / units * scale,
        cost_of_all=took.all_cpu_s / units * scale,
        rate=units / took.seconds,
        others=took.others,
        fault=fault,
        note=_note(peer, case, took),
    )


def _fault(case: Case, took: window.Window, load: Process) -> str:
    if took.counts.failures:
        return f"{took.counts.failures} failures: {' '.join(load.err.split())}"
    seen, answers = took.origin.answers, took.counts.answers
    if case.is_hit:
        return f"the origin was asked {seen} times for what is kept" if seen else ""
    if case.work != peers.BULK and abs(seen - answers) > STRAY * answers + case.clients:
        return f"{answers} answers, of which the origin gave {seen}"
    return ""


def _note(peer: Peer, case: Case, took: window.Window) -> str:
    if peers.KEEP in (case.work, case.load) and took.counts.dials > took.counts.answers / 2:
        return "keeps no connection; it had a new one for each request"
    if case.work == peers.BULK and peer.is_raw:
        return "a relay to a fixed address; it was not asked with CONNECT"
    return ""


def run(name: str, course: Course, taker: window.Taker) -> Results:
    cases, results = CASES[name], Results()
    by_name = name == "policy-cost"
    with Field(policy_cost.NAME_SERVER) if by_name else Field() as ground:
        if by_name:
            policy_cost.prepare(ground)
        if name in ("http2", "inspect"):
            ground.certify()
        if name == "inspect":
            inspecting.prepare(ground)
        bench = Bench(ground, course, taker, *[ground.pem] * (name == "inspect"))
        for _ in range(course.rounds):
            for peer in PEERS.get(name, peers.PEERS):
                if course.wants(peer.name) and peer.name not in results.missing:
                    _measure_all(bench, peer, cases, results)
    return results


def _measure_all(bench: Bench, peer: Peer, cases: list[Case], results: Results) -> None:
    cases = [case for case in cases if case.work in peer.works]
    try:
        for case in cases:
            with peers.running(peer, bench.ground):
                results.samples.append(bench.measure(peer, case))
    except (Missing, TimeoutError) as why:
        bench.must_stand()
        results.missing[peer.name] = str(why)


def headings(name: str) -> list[Heading]:
    return [case.heading for case in CASES[name]]
