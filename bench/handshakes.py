# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload handshake: TLS handshakes with the proxy, whole and resumed.

Each on a connection of its own (bench/shake.c), which is part of its cost.  One
certificate for all: ECDSA, P-256.  The peers take turns, round after round.
"""

from pathlib import Path

from bench import field, peers, window
from bench.course import Course
from bench.field import LOAD_CORE, ORIGIN_PORT, PROGRAMS, PROXY_PORT, Field
from bench.peers import GATEHOUSE, Missing, Peer
from bench.sample import Results, Sample
from bench.table import Heading
from tests.lab import wait

HAPROXY, NGINX = "haproxy", "nginx"
CANDIDATES = {GATEHOUSE, HAPROXY, NGINX}
WAYS = [("full", "1.3"), ("resumed", "1.3"), ("full", "1.2"), ("resumed", "1.2")]
FIRST_S = 20.0  # until the first handshake

POLICY = f"""
zone lan = int0 10.0.0.0/24
zone wan = ext0
proxy {{
    listen tls 10.0.0.1:{PROXY_PORT} for lan certificate "@PEM@"
}}
allow lan -> wan tcp {ORIGIN_PORT}
drop any -> any
"""


def _haproxy(pem: Path) -> str:
    bind = f"bind 10.0.0.1:@PORT@ ssl crt {pem} ssl-min-ver TLSv1.2"
    return peers.HAPROXY.replace("bind 10.0.0.1:@PORT@", bind)


def _nginx(pem: Path) -> str:
    listen = "listen 10.0.0.1:@PORT@ backlog=4096"
    lines = f"{listen} ssl; ssl_certificate {pem}; ssl_certificate_key {pem};"
    return peers.NGINX.replace(f"{listen};", f"{lines} ssl_protocols TLSv1.2 TLSv1.3;")


def _peers(pem: Path) -> list[Peer]:
    policy = POLICY.replace("@PEM@", str(pem))
    found = [Peer(GATEHOUSE, frozenset(), config=policy)]
    for name, config in ((HAPROXY, _haproxy(pem)), (NGINX, _nginx(pem))):
        [peer] = [peer for peer in peers.PEERS if peer.name == name]
        found.append(Peer(name, frozenset(), peer.package, config, peer.argv))
    return found


def _title(how: str, version: str) -> str:
    return f"handshake: {how}, TLS {version}, with its connection"


def headings(_name: str) -> list[Heading]:
    return [Heading(_title(*way), "us/shake", "shakes/s") for way in WAYS]


def run(_name: str, course: Course, taker: window.Taker) -> Results:
    results = Results()
    with Field() as ground:
        ground.certify()
        page = ground.dir / "page.html"
        page.write_text("<p>")
        field.spawn(
            ground.web, LOAD_CORE, PROGRAMS / "bench-origin", ground.dir / "origin",
            ground.web.ip4, ORIGIN_PORT, page,
        )  # fmt: skip
        for _ in range(course.rounds):
            for peer in _peers(ground.pem):
                if course.wants(peer.name) and peer.name not in results.missing:
                    _measure(ground, peer, course, taker, results)
    return results


def _measure(
    ground: Field, peer: Peer, course: Course, taker: window.Taker, results: Results
) -> None:
    try:
        for way in WAYS:
            with peers.running(peer, ground):
                results.samples.append(_sample(ground, peer, way, course, taker))
    except (Missing, TimeoutError) as why:
        results.missing[peer.name] = str(why)


def _sample(
    ground: Field, peer: Peer, way: tuple[str, str], course: Course, taker: window.Taker
) -> Sample:
    counts = ground.lan.stem("counts")
    load = field.spawn(
        ground.lan, LOAD_CORE, PROGRAMS / "bench-shake", counts, *way,
        ground.gw.ip4, PROXY_PORT,
    )  # fmt: skip
    try:
        wait.until("a handshake", lambda: _has_begun(load, counts), FIRST_S)
        watched = window.Watched(ground.measured(), [load.pid], counts, counts)
        window.take_once(watched, course.warm_s)
        took = taker.take(watched)
    finally:
        load.stop()
        ground.lan.processes.remove(load)
    if took.counts.answers == 0:
        raise Missing(f"no handshake {' '.join(load.err.split())}")
    return Sample(
        name=peer.name,
        case=_title(*way),
        cost=took.cpu_s / took.counts.answers * 1e6,
        cost_of_all=took.all_cpu_s / took.counts.answers * 1e6,
        rate=took.counts.answers / took.seconds,
        others=took.others,
        fault=f"{took.counts.failures} failures" if took.counts.failures else "",
    )


def _has_begun(load: field.Process, counts: Path) -> bool:
    if load.status() is not None:
        raise Missing(f"the load gave up: {' '.join(load.err.split())}")
    if not counts.exists() or not counts.stat().st_size:
        return False
    return window.read_counts(counts).answers > 0
