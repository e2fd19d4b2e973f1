# SPDX-License-Identifier: GPL-2.0-or-later
"""The proxy's connections to servers: kept, shared by its threads, and counted."""

import contextlib
import json
import os
import socket

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, Gateway
from tests.lab.listener import read_head
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


def get(sock: socket.socket, path: str = "/") -> bytes:
    """The head of the answer; its content is read as well."""
    url = f"http://out.example.com{path}"
    sock.sendall(f"GET {url} HTTP/1.1\r\nHost: out.example.com\r\n\r\n".encode())
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
                assert get(client).startswith(b"HTTP/1.1 200 ")
            assert len(server.peers) == 1
        return counters(gateway)["upstream_moved"] > before

    wait.until("a connection that two threads have used", moved, 10)
