# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload first: the first connection to a name, opened and not.

Nobody has asked for any of the names before: each is asked of the DNS, and each
that is opened has a certificate made.  From the client's connection to the
first byte of the answer, by turns through the same Gatehouse to the same
origin; all programs share the cores as they like.
"""

import contextlib
import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import field, peers, window
from bench.course import Course
from bench.field import CORES, PROXY_PORT, Field
from bench.peers import GATEHOUSE, Missing, Peer
from bench.sample import Results, Sample
from bench.table import Heading
from tests.lab import certificate, nameserver, wait
from tests.lab.gateway import PROGRAM

OPENED, TUNNELLED = GATEHOUSE, "not opened"
SUFFIXES = {OPENED: "opened.example.com", TUNNELLED: "private.example.com"}
CANDIDATES = set(SUFFIXES)
TITLE = "first: from the connection to the first byte, a new name each time"
LINES = "what the first connection to an opened name takes longer, a line a round"
CLIENT = Path(__file__).with_name("first_client.py")
NAME_SERVER = "203.0.113.80"
NAMES_A_SECOND = 200  # of each kind; so many are asked for whatever it takes

POLICY = f"""
zone lan = int0 10.0.0.0/24
zone wan = ext0
proxy {{
    listen 10.0.0.1:{PROXY_PORT} for lan
    ca "@DIR@/ca.pem"
}}
allow lan -> .{SUFFIXES[TUNNELLED]} https
allow lan -> wan https inspect
"""

NGINX = """
daemon off;
user root;
worker_processes 1;
error_log stderr error;
pid @DIR@/nginx.pid;
events { worker_connections 8000; }
http {
    access_log off;
    server {
        listen @ADDRESS@:443 ssl;
        ssl_certificate @CHAIN@;
        ssl_certificate_key @KEY@;
        location / { return 200 "hello"; }
    }
}
"""


class Names(dict):
    """Whatever is below one of the suffixes lives at the origin."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address

    def __contains__(self, name: object) -> bool:
        return str(name).endswith(tuple(SUFFIXES.values()))

    def get(self, name: str, default: object = None) -> object:
        return [self.address] if name in self else default


def headings(_name: str) -> list[Heading]:
    return [Heading(TITLE, "ms", first=OPENED, last=TUNNELLED)]


def run(_name: str, course: Course, taker: window.Taker) -> Results:
    del taker  # what counts here is time, not work
    results = Results()
    count = max(1, int(course.seconds * NAMES_A_SECOND))
    with Field(NAME_SERVER) as ground:
        made = _prepare(ground)
        try:
            with _origin(ground, made), _running(ground):
                _ask(ground, made, 10, -1)
                for turn in range(course.rounds):
                    _note(_ask(ground, made, count, turn), results)
        except (Missing, TimeoutError) as why:
            results.missing[GATEHOUSE] = str(why)
    return results


def _prepare(ground: Field) -> certificate.Certificate:
    names = nameserver.NameServer(ground.web, {})
    names.records, names.ttl = Names(ground.web.ip4), 300
    made = certificate.make(ground.dir, ["*." + suffix for suffix in SUFFIXES.values()])
    trusted = ground.dir / "etc" / "ssl" / "certs" / "ca-certificates.crt"
    trusted.parent.mkdir(parents=True)
    shutil.copy(made.authority, trusted)
    argv = [PROGRAM, "ca", "create", ground.dir / "ca.pem"]
    subprocess.run(argv, check=True, capture_output=True)
    return made


@contextlib.contextmanager
def _origin(ground: Field, made: certificate.Certificate) -> Iterator[None]:
    if not shutil.which("nginx"):
        raise Missing("not installed: apt-get install nginx-light")
    words = {
        "@DIR@": ground.dir,
        "@ADDRESS@": ground.web.ip4,
        "@CHAIN@": made.chain,
        "@KEY@": made.key,
    }
    config = NGINX
    for word, value in words.items():
        config = config.replace(word, str(value))
    file = ground.dir / "origin.conf"
    file.write_text(config)
    process = ground.web.spawn(["nginx", "-c", file])
    try:
        wait.until("the origin to listen", lambda: _listens(ground))
        yield
    finally:
        process.stop()
        ground.web.processes.remove(process)


def _listens(ground: Field) -> bool:
    with contextlib.suppress(OSError):
        ground.lan.connect(ground.web.ip4, 443).close()
        return True
    return False


def _running(ground: Field) -> contextlib.AbstractContextManager:
    return peers.running(
        Peer(GATEHOUSE, frozenset(), config=POLICY, cores=tuple(CORES)), ground
    )


def _ask(
    ground: Field, made: certificate.Certificate, count: int, turn: int
) -> dict[str, list[float]]:
    authorities = {OPENED: ground.dir / "ca.pem", TUNNELLED: made.authority}
    argv = [sys.executable, CLIENT, ground.gw.ip4, PROXY_PORT, count, turn]
    for name, suffix in SUFFIXES.items():
        argv += [suffix, authorities[name]]
    done = ground.lan.run(argv, timeout=60)
    if done.returncode:
        raise Missing(" ".join(done.stderr.split())[-200:])
    told = json.loads(done.stdout)
    return {name: told[suffix] for name, suffix in SUFFIXES.items()}


def _note(times: dict[str, list[float]], results: Results) -> None:
    medians = {name: statistics.median(found) for name, found in times.items()}
    results.samples += [Sample(name, TITLE, cost) for name, cost in medians.items()]
    more = medians[OPENED] - medians[TUNNELLED]
    each = [a - b for a, b in zip(times[OPENED], times[TUNNELLED])]
    high = statistics.quantiles(each, n=10)[-1] if len(each) > 1 else each[0]
    results.lines.append(f"    {more:.2f} ms in the median, {high:.2f} ms in nine of ten")
