# SPDX-License-Identifier: GPL-2.0-or-later
"""The proxy's connections to servers: kept, shared by its threads, and counted."""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.lab import wait
from tests.lab.flows import PROXY, TUNNEL
from tests.lab.gateway import GOOD, Gateway
from tests.lab.journal import Journal
from tests.lab.listener import echo, read_head
from tests.lab.parent import HttpParent
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
}

allow lan -> wan
"""
)
EXPLICIT = ("10.0.0.1", 3128)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def counters(gateway: Gateway) -> dict[str, int]:
    status = gateway.command("status", "--json")
    assert status.returncode == GOOD
    return json.loads(status.stdout)["counters"]


def serve(conn: socket.socket) -> None:
    while read_head(conn):
        conn.sendall(OK)


def ask(sock: socket.socket, path: str = "/", method: str = "GET") -> None:
    host = "out.example.com"
    more = "Content-Length: 0\r\n" if method == "POST" else ""
    head = f"{method} http://{host}{path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n"
    sock.sendall(head.encode())


def answer(sock: socket.socket) -> bytes:
    """The head; the content of a good one is read as well."""
    head = read_head(sock)
    if b"Content-Length: 2\r\n" in head:
        assert sock.recv(2, socket.MSG_WAITALL) == b"ok"
    return head


def crowd(gateway: Gateway, stack: contextlib.ExitStack) -> list[socket.socket]:
    """So many at once that every thread of the proxy takes some of them."""
    lan = gateway.lab.lan
    return [stack.enter_context(lan.connect(*EXPLICIT)) for _ in range(64)]


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one thread has it all")
def test_a_connection_is_kept_for_all_threads(gateway: Gateway) -> None:
    """Whichever thread has the client, the server sees one connection."""
    lab = gateway.lab

    def moved() -> bool:
        before = counters(gateway)["upstream_moved"]
        with lab.out.serve(80, serve) as server, contextlib.ExitStack() as stack:
            for client in crowd(gateway, stack):
                ask(client)
                assert answer(client).startswith(b"HTTP/1.1 200 ")
            assert len(server.peers) == 1
        return counters(gateway)["upstream_moved"] > before

    wait.until("a connection that two threads have used", moved, 10)


# So many connections to one server.


class Held:
    """A server that answers a request when it may.  `open` are its connections
    now, `most` is how many there were at a time, `asked` what was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.open = self.most = 0
        self._lock = threading.Lock()
        self._may = threading.Semaphore(0)

    def let(self, count: int = 1) -> None:
        self._may.release(count)

    def __call__(self, conn: socket.socket) -> None:
        with self._lock:
            self.open += 1
            self.most = max(self.most, self.open)
        try:
            while head := read_head(conn):
                self.asked.append(head.split(b" ")[1])
                self._may.acquire()
                conn.sendall(OK)
        finally:
            with self._lock:
                self.open -= 1

    def await_asked(self, count: int) -> None:
        wait.until(f"{count} requests", lambda: len(self.asked) >= count)


@pytest.fixture
def limited(request: pytest.FixtureRequest, gateway: Gateway) -> Iterator[Gateway]:
    """The gateway, under a policy with this line in its `proxy`."""
    line = request.param
    text = POLICY.replace("proxy {\n", f"proxy {{\n    {line}\n")
    text = text.replace("allow lan -> wan", "allow lan -> wan log")
    assert gateway.apply(text).returncode == GOOD
    yield gateway
    assert gateway.apply(POLICY).returncode == GOOD


def limit(line: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("limited", [line], indirect=True)


@limit("connections 3 per server")
def test_a_crowd_takes_turns(limited: Gateway) -> None:
    """All are served, by three connections, which pass from hand to hand."""
    lab, held = limited.lab, Held()
    with lab.out.serve(80, held) as server, contextlib.ExitStack() as stack:
        clients = crowd(limited, stack)
        for n, client in enumerate(clients):
            ask(client, f"/{n}")
        held.await_asked(3)
        held.let(len(clients))
        for client in clients:
            assert answer(client).startswith(b"HTTP/1.1 200 ")
        assert (held.most, len(server.peers)) == (3, 3)
    assert sorted(held.asked) == sorted(b"/%d" % n for n in range(len(clients)))


@limit("connections 1 per server wait 1s")
def test_who_waits_in_vain_is_told(limited: Gateway) -> None:
    lab, held = limited.lab, Held()
    journal: Journal = limited.journal.from_here()
    with lab.out.serve(80, held), contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(lab.lan.connect(*EXPLICIT)) for _ in "ab")
        ask(first, "/first")
        held.await_asked(1)
        ask(second, "/second")
        head = read_head(second)
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 10\r\n" in head
        event = journal.wait(status=503)
        assert event.reason == "too many connections lead to the server"
        assert event.url == "http://out.example.com/second"
        held.let()
        assert answer(first).startswith(b"HTTP/1.1 200 ")
    assert held.asked == [b"/first"]


@limit("connections 1 per server")
def test_a_kept_connection_gives_way(limited: Gateway) -> None:
    """What may not be sent twice needs one of its own, and the other ends."""
    lab, held = limited.lab, Held()
    held.let(2)
    with lab.out.serve(80, held) as server, lab.lan.connect(*EXPLICIT) as client:
        for method in ("GET", "POST"):
            ask(client, f"/{method}", method)
            assert answer(client).startswith(b"HTTP/1.1 200 ")
        assert len(server.peers) == 2
    assert held.asked == [b"/GET", b"/POST"]


@limit("connections 1 per server wait 0s")
def test_each_address_has_room_of_its_own(limited: Gateway) -> None:
    lab, held, other = limited.lab, Held(), Held()
    lab.names.records["two.example.com"] = [lab.out.ip4, lab.dns.ip4]

    def get_two(sock: socket.socket) -> None:
        head = b"GET http://two.example.com/ HTTP/1.1\r\nHost: two.example.com\r\n\r\n"
        sock.sendall(head)

    with contextlib.ExitStack() as stack:
        stack.enter_context(lab.out.serve(80, held))
        stack.enter_context(lab.dns.serve(80, other))
        clients = [stack.enter_context(lab.lan.connect(*EXPLICIT)) for _ in range(3)]
        get_two(clients[0])
        held.await_asked(1)
        get_two(clients[1])
        other.await_asked(1)
        get_two(clients[2])
        assert answer(clients[2]).startswith(b"HTTP/1.1 503 ")
        for server, client in zip((held, other), clients):
            server.let()
            assert answer(client).startswith(b"HTTP/1.1 200 ")


@limit("connections 1 per server wait 0s")
def test_tunnels_are_not_counted(limited: Gateway) -> None:
    lab = limited.lab
    head = b"CONNECT out.example.com:81 HTTP/1.1\r\nHost: out.example.com:81\r\n\r\n"
    with lab.out.serve(81, echo), contextlib.ExitStack() as stack:
        for _ in range(3):
            client = stack.enter_context(lab.lan.connect(*EXPLICIT))
            client.sendall(head)
            assert read_head(client).startswith(b"HTTP/1.1 200 ")
            client.sendall(b"x")
            assert client.recv(1) == b"x"


# Where they come from.

OWN = ("203.0.113.7", "2001:db8:f::7")


@pytest.fixture
def own_addresses(gateway: Gateway) -> Iterator[tuple[str, str]]:
    gw = gateway.lab.gw
    places = (f"{OWN[0]}/24", f"{OWN[1]}/64")
    # What is not preferred, the kernel chooses only where it is told to.
    how = ["dev", "ext0", "nodad", "preferred_lft", "0"]
    for place in places:
        gw.run(["ip", "addr", "add", place, *how], check=True)
    yield OWN
    for place in places:
        gw.run(["ip", "addr", "del", place, "dev", "ext0"], check=True)


def source(addresses: tuple[str, ...], more: str = "") -> str:
    text = POLICY.replace("proxy {\n", f"proxy {{\n    source {', '.join(addresses)}\n")
    return text + more


@pytest.mark.parametrize("way", [PROXY, TUNNEL], ids=["URL", "CONNECT"])
def test_the_source_that_the_policy_says(
    gateway: Gateway, own_addresses: tuple[str, str], way: tuple[str, ...]
) -> None:
    lab = gateway.lab
    names = {"v4only.example.com": OWN[0], "v6only.example.com": OWN[1]}
    lab.names.records["v6only.example.com"] = [lab.web.ip6]
    try:
        for name in names:  # kept connections from where they came before
            answer = lab.lan.curl(f"http://{name}/", *way)
            assert answer.said["peer"] not in OWN
        assert gateway.apply(source(OWN)).returncode == GOOD
        for name, wanted in names.items():
            answer = lab.lan.curl(f"http://{name}/", *way)
            assert (answer.status, answer.said["peer"]) == (200, wanted)
    finally:
        assert gateway.apply(POLICY).returncode == GOOD
    for name in names:
        assert lab.lan.curl(f"http://{name}/", *way).said["peer"] not in OWN


def test_a_parent_sees_it_too(
    gateway: Gateway, own_addresses: tuple[str, str]
) -> None:
    lab = gateway.lab
    text = source(OWN).replace("allow lan -> wan", "allow lan -> any via corp")
    text = text.replace("proxy {", "parent corp = http 203.0.113.9:3128\nproxy {")
    with HttpParent(lab.out, 3128) as parent:
        assert gateway.apply(text).returncode == GOOD
        try:
            lab.lan.curl("http://www.example.com/", *PROXY)
        finally:
            assert gateway.apply(POLICY).returncode == GOOD
        assert {peer for peer, _ in parent.peers} == {OWN[0]}


def test_a_source_that_is_not_ours(gateway: Gateway) -> None:
    lab = gateway.lab
    try:
        assert gateway.apply(source(("203.0.113.99",))).returncode == GOOD
        answer = lab.lan.curl("http://v4only.example.com/", *PROXY)
        assert answer.status == 502
        assert "there is no way to the server" in answer.text
    finally:
        assert gateway.apply(POLICY).returncode == GOOD
