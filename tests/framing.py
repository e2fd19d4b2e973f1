# SPDX-License-Identifier: GPL-2.0-or-later
"""Where messages begin and end: Gatehouse beside other proxies.

    python3 -m tests.framing [REQUESTS [ANSWERS [SEED]]]

Odd requests are put together from parts that have led proxies astray, one in a
plain request and several by chance, and each is sent to every proxy, with a plain
request behind it.  The origin of each proxy records every byte.  Odd answers are
sent the other way, to a client that has two requests on its way.

No peer says what is right; what is held against Gatehouse alone is this:

  (a) What it passes on means one thing, whoever reads it (READERS): the origin
      sees exactly those requests for which the client has an answer, and the
      client sees an answer of the origin's for nothing else.
  (b) It passes on nothing that two peers refuse, and reads no content in
      another way than all of them, unless a reason is in RIGHTS.

Status 0: so it is.  The table says what each proxy did with which kind of shape.
"""

import random
import re
import shutil
import socket
import sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from bench import caching, peers
from bench.peers import Peer
from tests.framing_shapes import INNER, LAST, Shape, answer, request, shapes
from tests.lab import wait
from tests.lab.gateway import Gateway
from tests.lab.lab import Lab
from tests.story.zones import ZONES

PROXY_PORT, ORIGIN_PORT = 3128, 8100  # of Gatehouse; each peer has the next
SILENCE_S = 0.2  # then nothing more comes; a fault is looked at again, slowly
SLOWLY_S = 1.5
ORIGIN_IP = "203.0.113.9"

POLICY = (
    ZONES
    + f"""
proxy {{
    listen 10.0.0.1:{PROXY_PORT} for lan
}}
allow lan -> self tcp {PROXY_PORT + 1}-{PROXY_PORT + 9}
allow lan, self -> wan tcp {ORIGIN_PORT}-{ORIGIN_PORT + 9}
"""
)
QUICK = [p for p in peers.PEERS if p.name in ("haproxy", "nginx", "squid", "tinyproxy")]
PEERS = QUICK + [p for p in caching.PEERS if p.name == "trafficserver"]


# How it is read.


@dataclass(frozen=True)
class Reader:
    """One of the many ways to read a message that somebody reads it in."""

    name: str
    lines: bytes  # a pattern of what ends one
    prefers: str  # where there are both, or the last or first of two


READERS = [
    Reader("strict", rb"\r\n", "coding"),
    Reader("by lines", rb"\r?\n", "coding"),
    Reader("length first", rb"\r?\n", "length"),
    Reader("last length", rb"\r?\n|\r(?!\n)", "last"),
]
CONTENTLESS = (100, 102, 103, 204, 304)


class Cut(Exception):
    """There is not yet all of it."""


@dataclass
class Message:
    first: bytes
    fields: list[tuple[bytes, bytes]]
    head: bytes
    content: bytes = b""

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]

    @property
    def target(self) -> str:
        """Of a request, without the origin's name: a proxy may leave it there."""
        words = self.first.split()
        return re.sub(r"^http://[^/]*", "", words[1].decode("latin-1")) if len(words) > 1 else ""

    @property
    def status(self) -> int:
        words = self.first.split()
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0

    @property
    def seen(self) -> str:
        """Which request the origin says that it answers; nothing: not the origin."""
        return b"".join(self.all(b"seen")).decode("latin-1").split(" ")[0]


def read_messages(raw: bytes, reader: Reader, ended=False, is_answer=False) -> tuple[list[Message], bytes]:
    """Those that are whole, and what is left over."""
    found: list[Message] = []
    with suppress(Cut):
        while raw:
            message, raw = _read_message(raw, reader, ended, is_answer)
            if message.status not in (100, 102, 103) or not is_answer:
                found.append(message)
    return found, raw


def _read_message(raw: bytes, reader: Reader, ended: bool, is_answer: bool) -> tuple[Message, bytes]:
    end = re.search(b"(?:%s)(?:%s)" % (reader.lines, reader.lines), raw)
    if not end:
        raise Cut
    first, *lines = re.split(reader.lines, raw[: end.start()])
    pairs = [line.partition(b":") for line in lines]
    message = Message(first, [(k.strip().lower(), v.strip()) for k, _, v in pairs], raw[: end.start()])
    rest = raw[end.end() :]
    if is_answer and message.status in CONTENTLESS:
        return message, rest
    lengths = [int(n) for v in message.all(b"content-length") for n in re.findall(rb"\d+", v)]
    coded = any(b"chunked" in v.lower() for v in message.all(b"transfer-encoding"))
    if coded and not (reader.prefers == "length" and lengths):
        message.content, rest = _read_chunks(rest, reader)
    elif lengths:
        length = lengths[-1 if reader.prefers == "last" else 0]
        if len(rest) < length:
            raise Cut
        message.content, rest = rest[:length], rest[length:]
    elif is_answer:
        if not ended:
            raise Cut
        message.content, rest = rest, b""
    return message, rest


def _read_chunks(rest: bytes, reader: Reader) -> tuple[bytes, bytes]:
    content = b""
    while True:
        line = re.match(rb"[ \t]*(?:0[xX])?([0-9a-fA-F]+)[^\n]*?(?:%s)" % reader.lines, rest, re.DOTALL)
        if not line:
            raise Cut
        size, rest = int(line[1], 16), rest[line.end() :]
        if size == 0:
            break
        if len(rest) < size + 2:
            raise Cut
        content, rest = content + rest[:size], rest[size:]
        end = re.match(reader.lines, rest)
        rest = rest[end.end() :] if end else rest
    while True:  # trailers
        line = re.match(rb"([^\n]*?)(?:%s)" % reader.lines, rest, re.DOTALL)
        if not line:
            raise Cut
        rest = rest[line.end() :]
        if not line[1]:
            return content, rest


STRICT_LINE = re.compile(rb"[!#-'*+.^-z|~0-9A-Z-]+:[ \t]?[\t -~\x80-\xff]*")


def is_strict(head: bytes) -> bool:
    """It has one spelling, and one framing."""
    first, *lines = head.split(b"\r\n")
    if re.search(rb"[\0\r\n]", first) or not all(map(STRICT_LINE.fullmatch, lines)):
        return False
    names = [line.split(b":")[0].lower() for line in lines]
    return names.count(b"content-length") + names.count(b"transfer-encoding") <= 1


# The origin of one proxy.


class Origin:
    """Answers each request that it reads with what it has read; `raw`, if it is
    set, is the answer to all that ask for `/NUMBER` alone."""

    def __init__(self) -> None:
        self.raws: list[bytearray] = []
        self.raw: Shape | None = None
        self._open: set[socket.socket] = set()

    def begin(self, raw: Shape | None) -> None:
        """A case; no connection of the last one is left."""
        wait.until("connections to end", self._end_all)
        self.raws, self.raw = [], raw

    def _end_all(self) -> bool:
        for conn in list(self._open):
            with suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
        return not self._open

    def serve(self, conn: socket.socket) -> None:
        self._open.add(conn)
        raw, left = bytearray(), b""
        self.raws.append(raw)
        try:
            while data := conn.recv(65536):
                raw += data
                found, left = read_messages(left + data, READERS[1])
                for message in found:
                    self._answer(conn, message)
        finally:
            self._open.discard(conn)

    def _answer(self, conn: socket.socket, message: Message) -> None:
        if self.raw and re.fullmatch(r"/\d+", message.target):
            conn.sendall(self.raw.said)
            if self.raw.closes:
                conn.shutdown(socket.SHUT_WR)
            return
        said = b"Seen: %s %d\r\n" % (message.target.encode("latin-1"), len(message.content))
        conn.sendall(b"HTTP/1.1 200 OK\r\n" + said + b"Content-Length: 2\r\n\r\nok")


# A proxy and what it does.


@dataclass
class Outcome:
    """What became of one shape at one proxy."""

    raws: list[bytes]  # what the origin got, a connection each
    said: bytes  # what the client got
    ended: bool
    place: bytes  # of the origin: what each Host field must say

    def requests(self, reader: Reader = READERS[1]) -> list[Message]:
        return [m for raw in self.raws for m in read_messages(raw, reader)[0]]

    def answers(self, reader: Reader = READERS[0]) -> list[Message]:
        return read_messages(self.said, reader, self.ended, is_answer=True)[0]

    def is_clear(self, is_answer: bool) -> bool:
        """What was passed on means the same to everybody."""
        read = self.answers if is_answer else self.requests
        every = [read(reader) for reader in READERS]
        meant = {tuple((m.first, m.seen, m.content) for m in some) for some in every}
        return len(meant) == 1 and all(is_strict(m.head) for m in every[0])

    def reading(self, number: int, is_answer: bool) -> int | None:
        """How long the content of the shape is; None: it was not passed on."""
        some = self.answers() if is_answer else self.requests()
        name = "raw" if is_answer else f"/{number}"
        lengths = [len(m.content) for m in some if name in (m.seen, m.target)]
        return lengths[0] if lengths else None

    def is_refusal(self, number: int, is_answer: bool) -> bool:
        spoke = self.ended or any(m.status >= 400 for m in self.answers())
        return self.reading(number, is_answer) is None and spoke


@dataclass
class Proxy:
    name: str
    port: int
    origin_port: int
    origin: Origin = field(default_factory=Origin)


class Ring:
    """All proxies of a lab, each before an origin of its own, until the block ends."""

    def __init__(self, lab: Lab, some: list[Peer]):
        self.lab = lab
        self.proxies = [Proxy("gatehouse", PROXY_PORT, ORIGIN_PORT)]
        self.missing = [p.name for p in some if not shutil.which(p.argv[0])]
        self._peers = [p for p in some if p.name not in self.missing]
        self._stack = ExitStack()

    def __enter__(self) -> "Ring":
        with self._stack:
            for n, peer in enumerate(self._peers, 1):
                proxy = Proxy(peer.name, PROXY_PORT + n, ORIGIN_PORT + n)
                self.proxies.append(proxy)
                self._start(peer, proxy)
            for proxy in self.proxies:
                listener = self.lab.out.serve(proxy.origin_port, proxy.origin.serve)
                self._stack.callback(self.lab.out.listeners.remove, listener)
                self._stack.callback(listener.close)
            for proxy in self.proxies:
                wait.until(f"{proxy.name} to listen", lambda: self._listens(proxy), 20)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, peer: Peer, proxy: Proxy) -> None:
        process = self.lab.gw.spawn(self._written(peer, proxy))
        self._stack.callback(self.lab.gw.processes.remove, process)
        self._stack.callback(process.stop, peers.END_S)

    def _written(self, peer: Peer, proxy: Proxy) -> list[str]:
        dir = self.lab.gw.stem(peer.name)
        dir.mkdir()
        dir.chmod(0o777)  # squid becomes another user
        words = {"@DIR@": str(dir), "@FILE@": str(dir / "conf")}
        words |= {"@PORT@": str(proxy.port), "@ORIGIN@": str(proxy.origin_port)}
        words["@MANY@"] = str(peers.MANY)
        fill = lambda text: re.sub("@[A-Z]+@", lambda m: words[m[0]], text)
        for name, text in (("conf", peer.config), *peer.files):
            (dir / name).write_text(fill(text))
        return [fill(word) for word in peer.argv]

    def _listens(self, proxy: Proxy) -> bool:
        with suppress(OSError):
            self.lab.lan.connect("10.0.0.1", proxy.port, timeout=0.5).close()
            return True
        return False

    def send(self, proxy: Proxy, number: int, shape: Shape, is_answer: bool, silence=SILENCE_S) -> Outcome:
        proxy.origin.begin(shape if is_answer else None)
        said = INNER.replace(b"-inner", b"") + LAST if is_answer else shape.said
        place = b"%s:%d" % (ORIGIN_IP.encode(), proxy.origin_port)
        said = said.replace(b"@O", place).replace(b"@N", b"%d" % number)
        got, ended = b"", False
        with self.lab.lan.connect("10.0.0.1", proxy.port, SLOWLY_S) as sock:
            sock.settimeout(silence)
            try:
                sock.sendall(said)
                while more := sock.recv(65536):
                    got += more
                ended = True
            except TimeoutError:
                pass
            except OSError:
                ended = True
        return Outcome([bytes(raw) for raw in proxy.origin.raws], got, ended, place)


# What is held against Gatehouse.


@dataclass
class Case:
    number: int
    shape: Shape
    is_answer: bool
    outcomes: dict[str, Outcome]

    def reading(self, name: str) -> int | None:
        return self.outcomes[name].reading(self.number, self.is_answer)

    def did(self, name: str) -> str:
        outcome = self.outcomes[name]
        if self.reading(name) is None:
            refused = outcome.is_refusal(self.number, self.is_answer)
            return "refused" if refused else "waits"
        return "passed" if outcome.is_clear(self.is_answer) else "unclear"


def smuggled(case: Case) -> str:
    """(a), of Gatehouse; nothing: it is all right."""
    outcome = case.outcomes["gatehouse"]
    if not outcome.is_clear(case.is_answer):
        sent = [outcome.said] if case.is_answer else outcome.raws
        return f"what is passed on means several things: {sent}"
    answered = [m.seen for m in outcome.answers() if m.seen]
    if case.is_answer:
        fine = [["raw"] * a + [f"/{case.number}-last"] * b for a in (0, 1) for b in (0, 1)]
        return "" if answered in fine else f"answers of {answered}"
    if any(m.all(b"host") != [outcome.place] for m in outcome.requests()):
        return f"another host: {outcome.raws}"
    targets = [m.target for m in outcome.requests()]
    good = sorted(targets) == sorted(answered)
    return "" if good else f"the origin was asked for {targets}, answered was {answered}"


# What is right although others refuse it, and how it is known.
RIGHTS = {
    # The Host field beside a whole URL is to be ignored, and written anew.
    "RFC 9112, 3.2.2": re.compile(rb"http://@O/.*\nHost: www\.example\.com\r\n", re.DOTALL),
}


def alone(case: Case) -> str:
    """(b), whose reason is not known; nothing: the peers do the same."""
    mine = case.reading("gatehouse")
    names = [name for name in case.outcomes if name != "gatehouse"]
    if mine is None or any(right.search(case.shape.said) for right in RIGHTS.values()):
        return ""
    refused = [name for name in names if case.did(name) == "refused"]
    if len(refused) >= 2:
        return f"passed on, where {', '.join(refused)} refuse"
    others = {case.reading(name) for name in names} - {None}
    if len(others) and mine not in others:
        return f"{mine} bytes of content, elsewhere {sorted(others)}"
    return ""


@dataclass
class Report:
    ring: Ring
    cases: list[Case] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def try_all(self, shapes: list[Shape], is_answer: bool) -> None:
        """Each proxy has a thread, for one does not wait for another's silence."""
        first = len(self.cases)
        cases = [Case(first + n, s, is_answer, {}) for n, s in enumerate(shapes)]
        with ThreadPoolExecutor(len(self.ring.proxies)) as pool:
            list(pool.map(lambda proxy: self._try_at(proxy, cases), self.ring.proxies))
        self.cases += cases
        for case in cases:
            self._judge(case)

    def _try_at(self, proxy: Proxy, cases: list[Case], silence=SILENCE_S) -> None:
        for case in cases:
            sent = self.ring.send(proxy, case.number, case.shape, case.is_answer, silence)
            case.outcomes[proxy.name] = sent

    def _judge(self, case: Case) -> None:
        for judge in (smuggled, alone):
            if judge(case):  # it may have been the machine, which was slow
                for proxy in self.ring.proxies:
                    self._try_at(proxy, [case], SLOWLY_S)
            if fault := judge(case):
                self.faults.append(f"{fault}\n    {case.shape}")

    def table(self) -> str:
        """What each did with each kind."""
        counts: dict[tuple[str, str], Counter] = defaultdict(Counter)
        for case in self.cases:
            kind = ("answer, " if case.is_answer else "request, ") + case.shape.kind
            for name in case.outcomes:
                counts[kind, name][case.did(name)] += 1
        words = ("passed", "unclear", "refused", "waits")
        lines = [f"{'shapes':28}{'proxy':16}" + "".join(f"{w:>9}" for w in words)]
        for (kind, name), count in sorted(counts.items()):
            lines.append(f"{kind:28}{name:16}" + "".join(f"{count[w]:9}" for w in words))
        return "\n".join(lines)


def compare(lab: Lab, some: list[Peer], requests: int, answers: int, seed: int) -> Report:
    """With Gatehouse running in the lab by POLICY."""
    chance = random.Random(seed)
    with Ring(lab, some) as ring:
        report = Report(ring)
        report.try_all(shapes(request, requests, chance), False)
        report.try_all(shapes(answer, answers, chance), True)
    return report


def main(requests=1500, answers=800, seed=0) -> int:
    seed = seed or random.randrange(1 << 32)
    with Lab() as lab, Gateway(lab, POLICY):
        report = compare(lab, PEERS, requests, answers, seed)
    print(report.table())
    for name in report.ring.missing:
        print(f"{name} is not installed")
    for fault in report.faults:
        print(f"\n{fault}")
    print(f"\nseed {seed}: {len(report.cases)} shapes, {len(report.faults)} faults")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
