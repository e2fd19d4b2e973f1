# SPDX-License-Identifier: GPL-2.0-or-later
"""A gateway at work for a long time, which must not grow.

    python3 -m tests.soak [MINUTES]        (120)

All at once and over and over, at a pace that leaves the machine usable: pages
from a cache that is too small for them, in three codings, parts of them, names
that are refused, CONNECT and SOCKS tunnels, intercepted requests, flows and
packets that the kernel decides, bans that come and go, purges, policies that
are applied and taken back, lists that change, and who goes away in the middle.
Every answer is checked.  Memory and descriptors of both daemons are looked at
every 15 seconds; growth is the median of the last quarter against that of the
second.  What the cache has by its own books may still be coming by then, and is
looked at apart: it and all else have their bounds.  Status 0: nothing grew,
nothing was beyond its bound, nothing was wrong.

A line every ten minutes says how it stands, and how loaded the machine is: what
went wrong on one that others work on as well says so.
"""

import json
import os
import random
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.lab import wait
from tests.lab.gateway import GOOD, gatehouse
from tests.lab.lab import Lab
from tests.lab.listener import echo, read_head
from tests.lab.origin import Asked, Origin, Reply
from tests.lab.process import memory_kib
from tests.lab.service import Service
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    intercept tcp 8000 for guest
    cache memory 24M, disk "FOLDER" 128M, object 4M
    compress
}
list bad = addresses "bad.txt" refresh 5s
drop   bad -> any log
reject lan -> ads.example.net log
reject lan -> wan tcp 22 log
allow  lan, guest -> wan tcp 80, tcp 8000, tcp 5000, udp 53 log
"""
)
PLAIN = {"Host": "out.example.com:8000", "Accept-Encoding": "identity"}
WORDS = b"the quick brown fox jumps over the lazy dog\n"
PAGES = 4000
GROWTH = 0.08  # of memory, from the second quarter to the last
CACHE_KIB = 24 << 10  # the policy's
BESIDE_KIB = 48 << 10  # the proxy has no more than that beside its cache
PAUSE = 0.2  # of each worker, between two things
EVERY = 15.0
TOLD_EVERY = 600.0


def page(number: int) -> bytes:
    """Each has its own content and length, some are long."""
    size = 200 + number * 37 % 9000
    if number % 200 == 0:
        size = 900_000
    return (b"%06d " % number) + WORDS * (size // len(WORDS))


def answer(asked: Asked) -> Reply:
    number = int(asked.path.strip("/"))
    headers: dict[str, str | list[str]] = {
        "Content-Type": "text/plain",
        "Cache-Control": "max-age=%d" % (1 + number % 600),
        "ETag": f'"{number}"',
    }
    if asked.headers.get("if-none-match") == headers["ETag"]:
        return Reply(304, headers=headers)
    return Reply(headers=headers, body=page(number), chunked=number % 3 == 0)


class Answers(dict):
    """Every path is a page."""

    def get(self, key, default=None):  # noqa: ANN001, ANN201
        return answer

    def __getitem__(self, key: str) -> Callable[[Asked], Reply]:
        return answer


class Forgetful(list):
    """What it was asked it does not remember."""

    def append(self, _: Asked) -> None:
        pass


class Soak:
    def __init__(self, service: Service, seconds: float):
        self.service, self.lab = service, service.lab
        self.end = time.monotonic() + seconds
        self.counts: dict[str, int] = {}
        self.wrong: list[str] = []
        self.pids: dict[str, int] = {}
        self._lock = threading.Lock()

    # ---- what is done ----

    def page(self, rng: random.Random) -> None:
        number = int(PAGES * rng.random() ** 3)
        accept = rng.choice(["", "gzip", "br", "zstd, gzip;q=0.5"])
        conn = self.lab.lan.http("10.0.0.1", 3128, timeout=20)
        headers = {"Accept-Encoding": accept or "identity"}
        if rng.random() < 0.1:
            headers["Range"] = "bytes=100-199"
        conn.request("GET", f"http://out.example.com:8000/{number}", headers=headers)
        got = conn.getresponse()
        if rng.random() < 0.05:
            conn.close()  # it goes away in the middle
            return
        body = got.read()
        conn.close()
        coding = got.headers.get("Content-Encoding")
        if got.status == 206:
            expect(body == page(number)[100:200], f"a part of {number}")
        else:
            words = f"{got.status} for {number}: {got.headers['Proxy-Status']}"
            expect(got.status == 200, words)
            expect(coding is not None or body == page(number), f"page {number}")

    def refused_name(self, rng: random.Random) -> None:
        conn = self.lab.lan.http("10.0.0.1", 3128, timeout=20)
        conn.request("GET", "http://ads.example.net/")
        expect(conn.getresponse().status == 403, "a name that is refused")
        conn.close()

    def tunnel(self, rng: random.Random) -> None:
        with self.lab.lan.connect("10.0.0.1", 3128, timeout=20) as sock:
            if rng.random() < 0.5:
                sock.sendall(b"CONNECT out.example.com:5000 HTTP/1.1\r\nHost: a\r\n\r\n")
                expect(b" 200 " in read_head(sock), "a tunnel")
            else:
                sock.sendall(b"\5\1\0")
                expect(sock.recv(2) == b"\5\0", "a greeting")
                name = b"out.example.com"
                sock.sendall(b"\5\1\0\3" + bytes([len(name)]) + name + b"\x13\x88")
                expect(sock.recv(10)[:2] == b"\5\0", "a tunnel by SOCKS")
            sent = rng.randbytes(rng.randrange(1, 20_000))
            sock.sendall(sent)
            expect(read_exactly(sock, len(sent)) == sent, "what a tunnel carries")

    def intercepted(self, rng: random.Random) -> None:
        number = rng.randrange(PAGES)
        conn = self.lab.guest.http("203.0.113.9", 8000, timeout=20)
        conn.request("GET", f"/{number}", headers=PLAIN)
        expect(conn.getresponse().read() == page(number), "an intercepted page")
        conn.close()

    def packets(self, rng: random.Random) -> None:
        with self.lab.lan.connect("203.0.113.9", 5000, timeout=20) as sock:
            sock.sendall(b"?")
            expect(sock.recv(1) == b"?", "a flow of the kernel")
        try:
            self.lab.lan.connect("203.0.113.9", 22, timeout=0.3).close()
        except OSError:
            return
        raise AssertionError("a flow that is refused")

    def changes(self, rng: random.Random) -> None:
        """What somebody orders, now and then."""
        time.sleep(2)
        kind = rng.randrange(5)
        if kind == 0:
            text = self.service.policy.read_text() + f"# {rng.random()}\n"
            file = self.service.dir / "soak.policy"
            file.write_text(text)
            self.command("apply", "--quiet", file)
        elif kind == 1:
            self.command("ban", f"198.51.100.{rng.randrange(256)}", "for", "5s")
        elif kind == 2:
            self.command("cache", "purge", f"http://out.example.com:8000/{rng.randrange(9)}")
        elif kind == 3:
            lines = "".join(f"192.0.2.{rng.randrange(256)}\n" for _ in range(50))
            (self.service.dir / "bad.txt").write_text(lines)
        else:
            self.command("status", "--metrics")
            self.command("flows")

    def command(self, verb: str, *words: str | Path) -> None:
        done = self.service.command(verb, *words)
        expect(done.returncode == GOOD, f"{verb}: {done.stderr}")

    # ---- over and over ----

    def work(self, kind: Callable[[random.Random], None], seed: int) -> None:
        rng = random.Random(seed)
        while time.monotonic() < self.end and len(self.wrong) < 20:
            try:
                kind(rng)
            except Exception as error:  # noqa: BLE001
                words = f"{kind.__name__}: {error!r}, at a load of {load():.1f}"
                with self._lock:
                    self.wrong.append(words)
            with self._lock:
                self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
            time.sleep(PAUSE)

    def run(self) -> list[dict[str, int]]:
        kinds = [self.page, self.page, self.page, self.refused_name, self.tunnel]
        kinds += [self.intercepted, self.packets, self.changes]
        threads = [
            threading.Thread(target=self.work, args=(kind, seed), daemon=True)
            for seed, kind in enumerate(kinds)
        ]
        for thread in threads:
            thread.start()
        samples: list[dict[str, int]] = []
        began = told = time.monotonic()
        while time.monotonic() < self.end and len(self.wrong) < 20:
            time.sleep(min(EVERY, max(0.1, self.end - time.monotonic())))
            samples.append(self.sample())
            if time.monotonic() - told >= TOLD_EVERY:
                told = time.monotonic()
                self.tell(told - began, samples[-1])
        for thread in threads:
            thread.join(30)
        return samples

    def tell(self, seconds: float, now: dict[str, int]) -> None:
        figures = ", ".join(f"{key} {value}" for key, value in now.items())
        done = f"{sum(self.counts.values())} done, {len(self.wrong)} wrong"
        print(f"{seconds / 60:4.0f} min: {done}; {figures}; load {load():.1f}", flush=True)

    def living(self, program: str) -> int | None:
        """Its number; it must not have died meanwhile and be another one."""
        try:
            pid = self.service.first(program)
        except ValueError:
            return None
        if self.pids.setdefault(program, pid) != pid:
            self.wrong.append(f"{program} had to be started again")
            self.pids[program] = pid
        return pid

    def sample(self) -> dict[str, int]:
        """Resident bytes that are its own, and open descriptors."""
        found = {}
        for program in ("gatehoused", "gatehouse-proxy"):
            pid = wait.until(program, lambda: self.living(program), 20)
            found[f"{program} KiB"] = memory_kib(pid, "RssAnon")
            found[f"{program} descriptors"] = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        said = json.loads(self.service.command("status", "--json").stdout)
        found["the machine's load, in hundredths"] = int(load() * 100)
        found["the cache KiB"] = said["counters"]["cache_bytes"] >> 10
        found["beside the cache KiB"] = (
            found["gatehouse-proxy KiB"] - found["the cache KiB"]
        )
        return found


def load() -> float:
    """Of the machine, in the last minute."""
    return os.getloadavg()[0]


def expect(good: bool, what: str) -> None:
    if not good:
        raise AssertionError(what)


def read_exactly(sock, count: int) -> bytes:  # noqa: ANN001
    got = b""
    while len(got) < count and (more := sock.recv(count - len(got))):
        got += more
    return got


MOST = {"the cache KiB": CACHE_KIB, "beside the cache KiB": BESIDE_KIB}
# By what is stored, to its bound; or of others.
GROWS = {"the cache KiB", "gatehouse-proxy KiB", "the machine's load, in hundredths"}


def judge(samples: list[dict[str, int]]) -> list[str]:
    """Prints a line a figure; those that grew, or are beyond their bound."""
    grown = []
    quarter = max(1, len(samples) // 4)
    for key in samples[0]:
        early = statistics.median(s[key] for s in samples[quarter : 2 * quarter])
        late = statistics.median(s[key] for s in samples[-quarter:])
        most = max(s[key] for s in samples)
        print(f"{key:34} second quarter {early:9.0f}  last {late:9.0f}  most {most:9}")
        slack = 512 if key.endswith("KiB") else 16
        if key not in GROWS and late > early * (1 + GROWTH) + slack:
            grown.append(key)
        if most > MOST.get(key, most):
            grown.append(f"{key}, beyond {MOST[key]}")
    return grown


def main(minutes: float) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Lab() as lab, ExitStack() as stack:
        origin = Origin()
        origin.answers, origin.asked = Answers(), Forgetful()
        stack.enter_context(lab.out.serve(8000, origin.handle))
        for port in (22, 5000):
            stack.enter_context(lab.out.serve(port, echo))
        policy = POLICY.replace("FOLDER", str(lab.gw.stem("cache")))
        service = Service(lab, policy)
        (service.dir / "bad.txt").write_text("192.0.2.1\n")
        with service:
            done = gatehouse("check", service.policy)
            if done.returncode != GOOD:
                print(done.stderr)
                return 2
            soak = Soak(service, minutes * 60)
            samples = soak.run()
        service.remove()
    print(f"{minutes:g} minutes: " + ", ".join(f"{n} {k}" for k, n in soak.counts.items()))
    grown = judge(samples)
    for words in soak.wrong:
        print(f"wrong: {words}")
    for key in grown:
        print(f"grew: {key}")
    print(f"verdict: {'no growth' if not grown else 'growth'}, {len(soak.wrong)} wrong")
    return 1 if grown or soak.wrong else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 120))
