# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload coding: 64 KiB of HTML, compressed anew each time.

Gatehouse's figure is that of its coders (bench/coding.c), from a pool as the
proxy uses them.  nginx serves the same page over a Unix socket, once as it is
and once compressed by gzip at the same level, and its figure is what the second
costs more than the first: CPU time of the worker, without sockets and files.

No network, no root.
"""

import contextlib
import html
import http.client
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import window
from bench.course import Course
from bench.field import PROGRAMS, ROOT
from bench.sample import Results, Sample
from bench.table import Heading
from tests.lab import wait

GATEHOUSE, NGINX = "gatehouse", "nginx"
CANDIDATES = {GATEHOUSE, NGINX}
LEVELS = (1, 5, 6, 9)  # of gzip
# What else there is, at the levels that http/coding.h calls swift and thorough.
OTHERS = (("br", 5), ("br", 11), ("zstd", 5), ("zstd", 16))
PAGE_BYTES = 64 << 10
LINES = "CPU ms for a MB of the same page, and what it becomes"

NGINX_CONF = """
daemon off;
master_process off;
user root;
pid @DIR@/pid;
error_log @DIR@/error.log;
events {}
http {
    access_log off;
    sendfile off;
    keepalive_requests 1000000000;
    types { text/html html; }
    client_body_temp_path @DIR@/body;
    proxy_temp_path @DIR@/proxy;
    fastcgi_temp_path @DIR@/fastcgi;
    uwsgi_temp_path @DIR@/uwsgi;
    scgi_temp_path @DIR@/scgi;
    server {
        listen unix:@DIR@/socket;
        location / { alias @DIR@/; }
@LOCATIONS@
    }
}
"""


def page() -> str:
    """The manual as HTML: prose, tables and code, as pages have them."""
    rows = []
    for name in ("policy.md", "operating.md", "events.md"):
        for line in (ROOT / "docs" / name).read_text().splitlines():
            text = html.escape(line)
            tag = "h2" if line.startswith("#") else "td" if line[:1] == "|" else "p"
            rows.append(f'<{tag} class="{name[:-3]} {tag}-plain">{text}</{tag}>\n')
    return "<!DOCTYPE html>\n<html><body>\n" + "".join(rows)


class Local(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path):
        super().__init__("localhost")
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))

    def get(self, path: str) -> bytes:
        self.request("GET", path, headers={"Accept-Encoding": "gzip"})
        return self.getresponse().read()


def title(level: int) -> str:
    return f"coding: gzip of 64 KiB of HTML, level {level}"


def headings(_name: str) -> list[Heading]:
    return [Heading(title(level), "ms/MB", "MB/s") for level in LEVELS]


def run(_name: str, course: Course, _taker: object) -> Results:
    results = Results()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        file = Path(name, "page.html")
        file.write_bytes(page().encode()[:PAGE_BYTES])
        if course.wants(GATEHOUSE):
            _measure_own(results, file, course)
        if course.wants(NGINX):
            _measure_nginx(results, file, course)
    return results


def _own(file: Path, coding: str, level: int, seconds: float) -> tuple[float, int]:
    argv = [PROGRAMS / "bench-coding", file, coding, str(level), str(seconds)]
    done = subprocess.run(argv, text=True, capture_output=True, check=True)
    cost, size = done.stdout.split()
    return float(cost), int(size)


def _measure_own(results: Results, file: Path, course: Course) -> None:
    for _ in range(course.rounds):
        for level in LEVELS:
            cost, _size = _own(file, "gzip", level, course.seconds)
            rate = 1000 / cost
            results.samples.append(Sample(GATEHOUSE, title(level), cost, rate=rate))
    for coding, level in [*(("gzip", level) for level in LEVELS), *OTHERS]:
        cost, size = _own(file, coding, level, course.seconds)
        results.lines.append(f"{coding:5} {level:2} {cost:9.2f} ms/MB {size:7} bytes")


def _measure_nginx(results: Results, file: Path, course: Course) -> None:
    if shutil.which("nginx") is None:
        results.missing[NGINX] = "it is not installed (nginx-light)"
        return
    with _nginx(file.parent) as (pid, client):
        for _ in range(course.rounds):
            for level in LEVELS:
                plain = _cost(pid, client, "/page.html", course)
                coded = _cost(pid, client, f"/{level}/page.html", course)
                more = coded - plain
                results.samples.append(
                    Sample(NGINX, title(level), more, cost_of_all=coded,
                           rate=1000 / more)
                )  # fmt: skip


@contextlib.contextmanager
def _nginx(dir: Path) -> Iterator[tuple[int, Local]]:
    locations = "".join(
        f"location /{level}/ {{ alias {dir}/; gzip on; gzip_comp_level {level}; }}\n"
        for level in LEVELS
    )
    conf = NGINX_CONF.replace("@LOCATIONS@", locations).replace("@DIR@", str(dir))
    (dir / "nginx.conf").write_text(conf)
    argv = ["nginx", "-p", dir, "-c", dir / "nginx.conf", "-e", dir / "error.log"]
    process = subprocess.Popen(argv)
    try:
        client = Local(dir / "socket")
        wait.until("nginx to listen", lambda: _answers(client, process))
        yield process.pid, client
    finally:
        process.terminate()
        process.wait()


def _answers(client: Local, process: subprocess.Popen) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"nginx has ended with status {process.returncode}")
    with contextlib.suppress(OSError):
        client.connect()
        return len(client.get("/page.html")) == PAGE_BYTES
    return False


def _cost(pid: int, client: Local, path: str, course: Course) -> float:
    """CPU milliseconds of nginx for a MB of content, of one window.  As it is, a
    page costs so little that the client is what takes the time."""
    client.get(path)
    before, end, count = window.cpu_of([pid]), time.monotonic() + 2 * course.seconds, 0
    while window.cpu_of([pid]) - before < course.seconds and time.monotonic() < end:
        for _ in range(16):
            client.get(path)
            count += 1
    used = window.cpu_of([pid]) - before
    return used * 1000 / (count * PAGE_BYTES / 1e6)
