# SPDX-License-Identifier: GPL-2.0-or-later
"""Everybody at once: clients that ask at random and vanish at random, servers
that cut what they send, purges and other policies meanwhile.  Every answer says
in its head and in each of its lines whose it is, and every byte that a client
gets must be of what it asked for.

The choices follow from a seed; who comes first is up to the machine.
CHAOS_SEED and CHAOS_REQUESTS choose others.
"""

import contextlib
import functools
import os
import re
import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, Gateway
from tests.lab.origin import Asked, Origin, Reply
from tests.story.zones import ZONES

SEED = int(os.environ.get("CHAOS_SEED", "157"))
REQUESTS = int(os.environ.get("CHAOS_REQUESTS", "60"))  # of each client
CLIENTS = 8

RULES = "\nallow lan -> wan tcp 8000\n"
POLICIES = [
    ZONES + "proxy {\n listen 10.0.0.1:3128 for lan\n" + lines + "}\n" + RULES
    for lines in (
        " cache memory 2M, object 1M\n compress\n",
        " cache memory 64M\n tell client\n",
        " cache memory 2M, object 300K\n compress gzip\n private\n",
        " compress\n",
    )
]
POLICIES.append(POLICIES[0].replace(RULES, f"\nreject lan -> any path \"/3/*\"{RULES}"))
POLICIES.append(POLICIES[1].replace(RULES, f"\nreject lan -> any type image/*{RULES}"))
POLICY = POLICIES[0]

HOST = "out.example.com:8000"
SIZES = [0, 1, 300, 5_000, 70_000, 400_000, 1_500_000]
LANGUAGES = ["de", "en", "fr", ""]
LINE = 64


# ---- what is what ----


@functools.lru_cache(64)
def content(identity: str, size: int) -> bytes:
    lines = (b"%-52s%11d\n" % (identity.encode(), n) for n in range(size // LINE + 1))
    return b"".join(lines)[:size]


def size_of(path: str) -> int:
    return SIZES[int(path.split("/")[1])]


class World:
    """The pages, which become others as time passes."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.random = Random(SEED)
        self.versions: dict[str, int] = {}
        self.least: dict[str, int] = {}  # what was purged is older
        self.origin = Origin()
        for path in PATHS:
            self.versions[path] = self.least[path] = 1
            self.origin.answers[path] = self.answer

    def renew(self, path: str) -> None:
        self.versions[path] += 1

    def purged(self, paths: list[str], versions: dict[str, int]) -> None:
        for path in paths:
            self.least[path] = max(self.least[path], versions[path])

    def answer(self, asked: Asked) -> Reply:
        _, _, kind, _ = asked.path.split("/")
        language = asked.headers.get("accept-language", "") if kind == "vary" else ""
        who = asked.headers.get("authorization", "") if kind == "auth" else ""
        identity = f"{asked.path}|{language}|{who}|{self.versions[asked.path]}"
        headers = {
            "X-Identity": identity,
            "ETag": f'"{identity}"',
            "Cache-Control": AGES[kind],
            "Content-Type": self.random.choice(["text/plain", "image/png"]),
            "Surrogate-Key": f"size{asked.path.split('/')[1]}",
        }
        if client := asked.headers.get("x-client"):
            headers["Set-Cookie"] = f"client={client}"
        if kind == "vary":
            headers["Vary"] = "Accept-Language"
        if asked.headers.get("if-none-match") == headers["ETag"]:
            return Reply(304, headers)
        body = content(identity, size_of(asked.path))
        chunked = self.random.random() < 0.4
        reply = Reply(200, headers, body, chunked=chunked)
        if kind == "cut" and self.random.random() < 0.5:
            whole = reply.head() + (b"%x\r\n%s" % (len(body) + 9, body) if chunked else body)
            reply.raw = whole[: self.random.randrange(len(whole))]
        return reply


AGES = {
    "fresh": "max-age=600",
    "vary": "max-age=600",
    "cut": "max-age=600",
    "auth": "max-age=600",
    "stale": "max-age=0, stale-if-error=600",
    "swr": "max-age=0, stale-while-revalidate=600",
    "none": "no-store",
}
PATHS = [f"/{size}/{kind}/{n}" for size in range(7) for kind in AGES for n in range(2)]


# ---- a client ----


@dataclass
class Wish:
    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    least: int = 0

    def text(self) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        start = f"{self.method} http://{HOST}{self.path} HTTP/1.1\r\nHost: {HOST}\r\n"
        return f"{start}{lines}\r\n".encode()


class Gone(Exception):
    """The connection ended; `args` are the bytes that came of a content."""


class Wire:
    """One connection, read as it comes."""

    def __init__(self, sock: socket.socket):
        self.sock = sock
        self.buffer = b""
        self.left: int | None = None  # bytes until this client vanishes

    def more(self) -> None:
        if self.left is not None and self.left <= 0:
            raise Gone(b"")
        data = b""
        with contextlib.suppress(ConnectionError):
            data = self.sock.recv(65536)
        if not data:
            raise Gone(b"")
        if self.left is not None:
            self.left -= len(data)
        self.buffer += data

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self.more()
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            try:
                self.more()
            except Gone:
                raise Gone(self.buffer) from None
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def chunks(self) -> bytes:
        body = b""
        try:
            while size := int(self.until(b"\r\n"), 16):
                body += self.exactly(size + 2)[:-2]
        except Gone as gone:
            raise Gone(body + (gone.args[0] if gone.args else b"")) from None
        self.until(b"\r\n")
        return body

    def vanish(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes = b""
    whole: bool = True


def read_answer(wire: Wire, wish: Wish) -> Answer:
    start, *lines = wire.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    answer = Answer(int(start.split()[1]), headers)
    if wish.method == "HEAD" or answer.status in (204, 304):
        return answer
    try:
        if "transfer-encoding" in headers:
            answer.body = wire.chunks()
        else:
            answer.body = wire.exactly(int(headers["content-length"]))
    except Gone as gone:
        answer.body, answer.whole = gone.args[0], False
    return answer


# ---- whether it is right ----


def parts_of(answer: Answer) -> Iterator[tuple[int, bytes]]:
    """Where in the whole, and what."""
    kind = answer.headers.get("content-type", "")
    if answer.status != 206:
        yield 0, answer.body
    elif "multipart" not in kind:
        yield int(re.search(r"bytes (\d+)-", answer.headers["content-range"])[1]), answer.body
    else:
        boundary = b"--" + kind.partition("boundary=")[2].encode()
        pieces = answer.body.split(b"\r\n" + boundary)
        pieces[0] = pieces[0].removeprefix(boundary)
        if answer.whole:
            assert pieces.pop() == b"--\r\n"
        for piece in pieces:
            head, found, data = piece.partition(b"\r\n\r\n")
            if found:
                yield int(re.search(rb"bytes (\d+)-", head)[1]), data


def check_cut_part(data: bytes, want: bytes) -> None:
    """Of several parts the last may have the beginning of a boundary at its end."""
    assert want.startswith(data[: data.rfind(b"\r\n")] if b"\r\n" in data else data)


def check_content(answer: Answer, identity: str, size: int) -> None:
    whole = content(identity, size)
    if answer.headers.get("content-encoding") == "gzip":
        unzip = zlib.decompressobj(31)
        data = unzip.decompress(answer.body)
        assert whole == data if answer.whole else whole.startswith(data)
        return
    assert "content-encoding" not in answer.headers
    for at, data in parts_of(answer):
        want = whole[at : at + len(data)]
        if answer.whole or answer.status == 200:
            assert data == want, (identity, at, data[:80], want[:80])
        else:
            check_cut_part(data, whole[at:])
    if answer.whole and answer.status == 200:
        assert len(answer.body) == size


def check(wish: Wish, answer: Answer) -> None:
    if answer.status in (403, 408, 502, 503, 504):
        assert "x-identity" not in answer.headers, answer
        return
    if answer.status == 416:
        assert answer.headers["content-range"] == f"bytes */{size_of(wish.path)}"
        return
    assert answer.status in (200, 206, 304), answer.headers
    identity = answer.headers["x-identity"]
    path, language, who, version = identity.split("|")
    kind = path.split("/")[2]
    assert path == wish.path
    assert int(version) >= wish.least, (identity, wish)
    if kind == "vary":
        assert language == wish.headers.get("Accept-Language", "")
    if kind == "auth":
        # One without is for all; the server could have said otherwise.
        assert who in ("", wish.headers.get("Authorization", ""))
    cookie = answer.headers.get("set-cookie")
    assert cookie in (None, f"client={wish.headers.get('X-Client')}"), (cookie, wish)
    tag = answer.headers["etag"].removeprefix("W/")
    assert tag == f'"{identity}"'
    if answer.status == 304:
        assert tag in wish.headers["If-None-Match"]
    elif wish.method == "GET":
        check_content(answer, identity, size_of(wish.path))


# ---- chance ----


class Client(threading.Thread):
    def __init__(self, gateway: Gateway, world: World, number: int):
        super().__init__(daemon=True)
        self.gateway, self.world, self.number = gateway, world, number
        self.random = Random(SEED * 1000 + number)
        self.tags: dict[str, str] = {}
        self.answers = 0
        self.hits = 0
        self.error: BaseException | None = None

    def wish(self) -> Wish:
        chance = self.random
        wish = Wish(chance.choice(PATHS[: chance.choice([20, len(PATHS)])]))
        size = size_of(wish.path)
        if chance.random() < 0.1:
            wish.method = "HEAD"
        if language := chance.choice(LANGUAGES):
            wish.headers["Accept-Language"] = language
        if chance.random() < 0.4:
            wish.headers["Accept-Encoding"] = "gzip"
        if chance.random() < 0.2:
            first = chance.randrange(size + 10)
            ranges = [f"{first}-{first + chance.randrange(9_000)}", "-7", "0-1"]
            ranges = ranges[: chance.choice([1, 1, 2, 3])]
            chance.shuffle(ranges)
            wish.headers["Range"] = "bytes=" + ",".join(ranges)
        if chance.random() < 0.2 and wish.path in self.tags:
            wish.headers["If-None-Match"] = self.tags[wish.path]
        if chance.random() < 0.1:
            wish.headers["Cache-Control"] = chance.choice(["no-cache", "max-stale=9"])
        if "/auth/" in wish.path and chance.random() < 0.7:
            wish.headers["Authorization"] = f"client{self.number}"
        if chance.random() < 0.5:
            wish.headers["X-Client"] = str(self.number)
        return wish

    def talk(self, wishes: list[Wish]) -> None:
        chance = self.random
        wire = Wire(self.gateway.lab.lan.connect("10.0.0.1", 3128, timeout=10))
        if chance.random() < 0.3:
            wire.left = chance.choice([0, 100, 1_000, 50_000, 500_000])
        try:
            together = chance.random() < 0.3
            for wish in wishes:
                wish.least = self.world.least[wish.path]
            if together:
                wire.sock.sendall(b"".join(wish.text() for wish in wishes))
            for wish in wishes:
                if not together:
                    wish.least = self.world.least[wish.path]
                    wire.sock.sendall(wish.text())
                self.see(wish, read_answer(wire, wish))
        except (Gone, ConnectionError):
            pass
        finally:
            wire.vanish() if wire.left is not None else wire.sock.close()

    def see(self, wish: Wish, answer: Answer) -> None:
        check(wish, answer)
        self.answers += 1
        self.hits += "; hit" in answer.headers.get("cache-status", "")
        if "etag" in answer.headers:
            self.tags[wish.path] = answer.headers["etag"]
        if not answer.whole or answer.headers.get("connection") == "close":
            raise Gone(b"")

    def run(self) -> None:
        try:
            left = REQUESTS
            while left > 0:
                wishes = [self.wish() for _ in range(self.random.randint(1, 5))]
                left -= len(wishes)
                self.talk(wishes)
        except BaseException as error:
            self.error = error


def disturb(gateway: Gateway, world: World, chance: Random) -> None:
    """One thing that nobody expects."""
    for path in chance.sample(PATHS, 20):
        world.renew(path)
    if chance.random() < 0.4:
        done = gateway.apply(chance.choice(POLICIES))
        assert done.returncode == GOOD, done.stderr
        return
    path, versions = chance.choice(PATHS), dict(world.versions)
    size = path.split("/")[1]
    what, paths = chance.choice(
        [
            ([f"http://{HOST}{path}"], [path]),
            (["prefix", f"http://{HOST}/{size}/"], [p for p in PATHS if p[1] == size]),
            (["tag", f"size{size}"], [p for p in PATHS if p[1] == size]),
            (["host", "out.example.com"], PATHS),
            (["all"], PATHS),
        ]
    )
    done = gateway.command("cache", "purge", *what)
    assert done.returncode == GOOD, done.stderr
    world.purged(paths, versions)


# ---- the story ----


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.fixture
def world(gateway: Gateway) -> Iterator[World]:
    world = World()
    with gateway.lab.out.serve(8000, world.origin.handle):
        yield world


def test_everybody_gets_what_he_asked_for(gateway: Gateway, world: World) -> None:
    print(f"CHAOS_SEED={SEED}")
    chance = Random(SEED)
    [pid] = gateway.pids("gatehouse-proxy")
    before = descriptors(pid)
    clients = [Client(gateway, world, n) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    while any(client.is_alive() for client in clients):
        disturb(gateway, world, chance)
    for client in clients:
        client.join()
        if client.error is not None:
            raise client.error
    assert sum(c.answers for c in clients) > CLIENTS * REQUESTS / 3
    assert sum(c.hits for c in clients) > 10
    assert gateway.pids("gatehouse-proxy") == [pid]
    # What is kept to the server, and what a client left that is being fetched.
    wait.until("no descriptor more", lambda: descriptors(pid) <= before + 64, 15)
