# SPDX-License-Identifier: GPL-2.0-or-later
"""A policy changes under connections that live: those that it now forbids end
at once, all others live on without a lost byte, and nothing is left behind."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.lab import wait
from tests.lab.flows import PROXY
from tests.lab.gateway import GOOD, NO, SANITIZED, Gateway
from tests.lab.listener import echo, read_all, read_head
from tests.lab.process import memory_kib
from tests.story.zones import ZONES

LISTEN = "listen 10.0.0.1:3128 for lan"
INTERCEPT = "intercept web for lan"


def policy(*rules: str, proxy: tuple[str, ...] = (LISTEN, INTERCEPT)) -> str:
    lines = ["service web = { tcp 80, tcp 443 }", "proxy {", *proxy, "}", *rules]
    return ZONES + "\n".join(lines) + "\n"


OPEN = policy("allow lan -> wan log")
# Other rules, the same flows; and rules that hang on names and methods, so
# that what is between two requests could still ask for something allowed.
STILL_OPEN = policy(
    "reject lan -> ads.example.net log",
    "reject lan -> any method DELETE log",
    "allow lan -> wan tcp 1-9000 log",
    "allow lan -> wan udp 53",
)
# What can only be known of a request, and of an answer that is not there yet.
BY_SCHEME = (
    "allow lan -> wan tcp 80 scheme http log",
    "allow lan -> wan tcp 443 log",
    "allow lan -> wan udp 53",
)
BY_REQUEST = policy(*BY_SCHEME)
BY_ANSWER = policy("reject lan -> any type application/zip log", *BY_SCHEME)
SHUT = policy("reject lan -> any log")
# Only the kernel's half of the way is gone: the right to ask the proxy.
ELSEWHERE = policy(
    "allow lan -> wan log", proxy=("listen 10.0.0.1:3129 for lan", INTERCEPT)
)

POLICY = OPEN
EXPLICIT, WEB, OUT = ("10.0.0.1", 3128), ("203.0.113.80", 80), ("203.0.113.9", 443)
LARGE = 24 << 20  # more than all buffers on the way hold together

Open = Callable[[Gateway], socket.socket]


def explicit_tunnel(gateway: Gateway) -> socket.socket:
    sock = gateway.lab.lan.connect(*EXPLICIT, timeout=5)
    sock.sendall(b"CONNECT out.example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b" 200 " in read_head(sock).split(b"\r\n")[0]
    return greeted(sock)


def intercepted_tunnel(gateway: Gateway) -> socket.socket:
    return greeted(gateway.lab.lan.connect(*OUT, timeout=5))


def greeted(sock: socket.socket) -> socket.socket:
    """Bytes that are no TLS and no HTTP, which go by their address."""
    sock.sendall(b"\x80 hello")
    assert take(sock, 7) == b"\x80 hello"
    return sock


def take(sock: socket.socket, count: int) -> bytes:
    """So many bytes; fewer if the other side ends before."""
    got = bytearray()
    while len(got) < count and (more := sock.recv(min(count - len(got), 1 << 20))):
        got += more
    return bytes(got)


def ask(sock: socket.socket, path: str) -> None:
    explicit = sock.getpeername() == EXPLICIT
    target = ("http://www.example.com" if explicit else "") + path
    sock.sendall(f"GET {target} HTTP/1.1\r\nHost: www.example.com\r\n\r\n".encode())


def length_of(head: bytes) -> int:
    [field] = [f for f in head.split(b"\r\n") if f.lower().startswith(b"content-length:")]
    return int(field.split(b":")[1])


def download(to: tuple[str, int]) -> Open:
    """A head and a part of the content: the rest is on its way."""

    def begin(gateway: Gateway) -> socket.socket:
        sock = gateway.lab.lan.connect(*to, timeout=5)
        ask(sock, "/files/change.bin")
        assert length_of(read_head(sock)) == LARGE
        return sock

    return begin


def idle(to: tuple[str, int]) -> Open:
    """Kept alive, between two requests."""

    def begin(gateway: Gateway) -> socket.socket:
        sock = gateway.lab.lan.connect(*to, timeout=5)
        answered(sock)
        return sock

    return begin


def answered(sock: socket.socket) -> None:
    ask(sock, "/kept")
    head = read_head(sock)
    assert head.startswith(b"HTTP/1.1 200 "), head
    assert b"target: /kept" in take(sock, length_of(head))


def goes_on(sock: socket.socket) -> None:
    words = os.urandom(100_000)
    threading.Thread(target=sock.sendall, args=[words]).start()
    assert take(sock, len(words)) == words


def is_whole(sock: socket.socket, left: int = LARGE) -> None:
    while left > 0 and (more := sock.recv(min(left, 1 << 16))):
        assert more.count(0) == len(more)
        left -= len(more)
    assert left == 0
    answered(sock)


LIVING = {
    "tunnel": (explicit_tunnel, goes_on),
    "intercepted tunnel": (intercepted_tunnel, goes_on),
    "download": (download(EXPLICIT), is_whole),
    "intercepted download": (download(WEB), is_whole),
    "idle": (idle(EXPLICIT), answered),
    "intercepted idle": (idle(WEB), answered),
}


@contextlib.contextmanager
def living(gateway: Gateway) -> Iterator[dict[str, socket.socket]]:
    """One of each, all at once."""
    gateway.lab.pages.hole("change.bin", LARGE)
    with gateway.lab.out.serve(443, echo), contextlib.ExitStack() as stack:
        yield {
            kind: stack.enter_context(begin(gateway))
            for kind, (begin, _) in LIVING.items()
        }


def apply(gateway: Gateway, text: str) -> None:
    done = gateway.apply(text)
    assert done.returncode == GOOD, done.stderr


@pytest.fixture(autouse=True, scope="module")
def large_file(gateway: Gateway) -> None:
    """Once: a file that is made anew while it is sent is cut off by its server."""
    gateway.lab.pages.hole("change.bin", LARGE)


@pytest.fixture(autouse=True)
def as_it_was(gateway: Gateway) -> Iterator[None]:
    yield
    apply(gateway, OPEN)


def has_ended(sock: socket.socket) -> bool:
    """Closed or reset, perhaps behind some last bytes; TimeoutError if not."""
    sock.settimeout(1.0)
    try:
        return len(read_all(sock)) < LARGE
    except ConnectionResetError:
        return True


def test_what_is_still_allowed_lives_on(gateway: Gateway) -> None:
    with living(gateway) as socks:
        for text in (STILL_OPEN, OPEN, BY_REQUEST, BY_ANSWER, STILL_OPEN):
            apply(gateway, text)
        for kind, (_, check) in LIVING.items():
            check(socks[kind])


@pytest.mark.parametrize(
    "kind, status", [(b"text/plain", b"200"), (b"application/zip", b"403")]
)
def test_an_answer_that_is_awaited(
    gateway: Gateway, kind: bytes, status: bytes
) -> None:
    """The policy that came meanwhile hangs on it, and decides when it is there."""
    asked, changed = threading.Event(), threading.Event()

    def answer(conn: socket.socket) -> None:
        read_head(conn)
        asked.set()
        assert changed.wait(5)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: " + kind
        conn.sendall(head + b"\r\n\r\nok")

    with gateway.lab.out.serve(80, answer) as server:
        with gateway.lab.lan.connect("203.0.113.9", 80, timeout=5) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: out.example.com\r\n\r\n")
            assert asked.wait(5)
            apply(gateway, BY_ANSWER)
            changed.set()
            assert read_head(sock).split()[1] == status
        assert not server.errors


def test_what_is_forbidden_ends_at_once(gateway: Gateway) -> None:
    """All but who may still ask the proxy, and would be told why not."""
    journal = gateway.journal.from_here()
    with living(gateway) as socks:
        asker = socks.pop("idle")
        apply(gateway, SHUT)
        for kind, sock in socks.items():
            assert has_ended(sock), kind
        ask(asker, "/kept")
        assert read_head(asker).startswith(b"HTTP/1.1 403 ")
    changed = journal.events(reason="the policy has changed", enforcer="proxy")
    assert sorted(event.port for event in changed) == [80, 80, 443, 443]
    assert all(event.bytes_out > 0 for event in changed)


def test_a_listener_that_is_gone(gateway: Gateway) -> None:
    """Its connections end, others do not, and nobody waits in its queue: it
    is closed though a connection that came before lives on."""
    with living(gateway) as socks:
        apply(gateway, ELSEWHERE)
        for kind, (_, check) in LIVING.items():
            if kind.startswith("intercepted"):
                check(socks[kind])
            else:
                assert has_ended(socks[kind]), kind
        assert "10.0.0.1:3128" not in listeners(gateway)
        apply(gateway, OPEN)
        assert gateway.lab.lan.curl("http://www.example.com/", *PROXY).status == 200
        goes_on(socks["intercepted tunnel"])


def listeners(gateway: Gateway) -> str:
    return gateway.lab.gw.run(["ss", "-ltnH"], check=True).stdout


# A hundred times.

TIMES = 100
SETTLED = 40  # from then on memory and descriptors are those of daily life


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


class Load:
    """curl, over and over, on its own connections and on kept ones."""

    def __init__(self, gateway: Gateway, *options: str):
        self.requests = 0
        self.failures: list[str] = []
        self._lan = gateway.lab.lan
        self._options = ["-sS", "-f", "-4", "--max-time", "10", *options]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        tell = ["-o", "/dev/null", "-w", "%{http_code}\n"]
        while not self._over.is_set():
            argv = ["curl", *self._options, *tell, "http://www.example.com/[1-50]"]
            done = self._lan.run(argv, timeout=20)
            self.requests += done.stdout.split().count("200")
            if done.returncode or done.stdout.split() != ["200"] * 50:
                self.failures.append(f"{done.returncode}: {done.stdout} {done.stderr}")

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


class Sips:
    """A little of each download, and a request on what is idle, now and then: a
    client that takes nothing for a minute is cut off, whatever the policy, and a
    hundred changes may take longer (sanitized, on a busy machine)."""

    def __init__(self, socks: dict[str, socket.socket]):
        self._socks = socks
        self._left = {kind: LARGE for kind in socks if "download" in kind}
        self._last = time.monotonic()

    def is_late(self) -> bool:
        return time.monotonic() - self._last > 15

    def sip(self) -> None:
        self._last = time.monotonic()
        for kind in self._left:
            self._left[kind] -= len(take(self._socks[kind], 256 << 10))
        for kind in ("idle", "intercepted idle"):
            answered(self._socks[kind])

    def check(self) -> None:
        for kind, (_, check) in LIVING.items():
            if kind in self._left:
                is_whole(self._socks[kind], self._left[kind])
            else:
                check(self._socks[kind])


def told_of(gateway: Gateway, status: int) -> str:
    """What the gateway says of such answers: who was asked, and for how long."""
    lines = gateway.journal.lines()
    return "\n".join([line for line in lines if f'"status":{status}' in line][:5])


def test_a_hundred_changes_under_load(gateway: Gateway) -> None:
    pids = gateway.pids("gatehoused") + gateway.pids("gatehouse-proxy")
    bad = gateway.policy_file(OPEN + "allow lan -> nowhere\n")
    files = [gateway.policy_file(text) for text in (STILL_OPEN, OPEN)]
    before: dict[int, tuple[int, int]] = {}
    with (
        living(gateway) as socks,
        Load(gateway, *PROXY) as kept,
        Load(gateway, "-H", "Connection: close") as fresh,
    ):
        sips = Sips(socks)
        for n in range(TIMES):
            if n % 10 == 0:
                sips.sip()
            if n == SETTLED:
                before = {p: (memory_kib(p), descriptors(p)) for p in pids}
            assert gateway.apply(files[n % 2]).returncode == GOOD
            if n % 20 == 0:
                assert gateway.apply(bad).returncode == NO
        sips.check()
    for load in (kept, fresh):
        assert not load.failures, told_of(gateway, 504)
        assert load.requests > TIMES
    assert pids == gateway.pids("gatehoused") + gateway.pids("gatehouse-proxy")
    for pid, (kib, count) in before.items():
        assert SANITIZED or memory_kib(pid) < kib + 2048
        # Connections may wait for another request; one a change would be 60.
        wait.until("descriptors as before", lambda: descriptors(pid) <= count + 8)
