# SPDX-License-Identifier: GPL-2.0-or-later
"""What was tried after all of that: servers and clients that work together."""

import contextlib
import http.client
import socket
import threading

from tests.lab.gateway import Gateway
from tests.lab.http2 import Http2, request
from tests.lab.listener import read_head
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy { listen 10.0.0.1:3128 for lan }
allow lan -> wan tcp 5000  log as "web"
"""
)
PLACE = "http://out.example.com:5000"


class Hints:
    """A server that sends interim answers as long as somebody takes them, and
    one that is final when nobody has taken any for a while."""

    head = b"HTTP/1.1 103 Early Hints\r\nLink: </" + b"x" * 8000 + b">\r\n\r\n"
    most = 32 << 20

    def __init__(self) -> None:
        self.sent = 0
        self.over = threading.Event()  # it has stopped, or been stopped

    def handle(self, conn: socket.socket) -> None:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        conn.recv(65536)
        conn.settimeout(0.5)
        rest = b""
        with contextlib.suppress(TimeoutError):
            while self.sent < self.most:
                rest = rest or self.head
                count = conn.send(rest)
                self.sent += count
                rest = rest[count:]
        self.over.set()
        conn.settimeout(10)
        conn.sendall(rest + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


def test_interim_answers_that_nobody_reads(gateway: Gateway) -> None:
    """They stop the server: it waits, and not in our memory."""
    for client in (hints_by_http2, hints_by_http1):
        hints = Hints()
        with gateway.lab.out.serve(5000, hints.handle):
            client(gateway, hints)
        assert 0 < hints.sent < hints.most


def slow_reader(gateway: Gateway) -> socket.socket:
    sock = gateway.lab.lan.open_socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    sock.settimeout(10)
    sock.connect(("10.0.0.1", 3128))
    return sock


def hints_by_http2(gateway: Gateway, hints: Hints) -> None:
    with Http2(slow_reader(gateway)) as client:
        stream = client.ask(request(f"{PLACE}/"))
        assert hints.over.wait(10)
        client.until(lambda: client.answer(stream).over, 10)
        answer = client.answer(stream)
        assert (answer.status, answer.body) == (200, b"hello")
        assert set(answer.interim) == {103}


def hints_by_http1(gateway: Gateway, hints: Hints) -> None:
    with slow_reader(gateway) as client:
        client.sendall(f"GET {PLACE}/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        assert hints.over.wait(10)
        got = b""
        while data := client.recv(65536):
            got += data
    whole = hints.sent // len(Hints.head) + 1
    assert got.endswith(b"\r\n\r\nhello") and got.count(b" 103 ") == whole



# Who has authenticated by a connection, as NTLM and Negotiate do (RFC 4559, 6).


class Windows:
    """A server for which a connection is somebody from the third word of NTLM on."""

    def __init__(self) -> None:
        self.connections = 0

    def handle(self, conn: socket.socket) -> None:
        self.connections += 1
        number, who = self.connections, "nobody"
        conn.settimeout(10)
        while head := read_head(conn):
            status, more = "200 OK", ""
            if b"NTLM one" in head:
                status, more = "401 No", f"WWW-Authenticate: NTLM {number}\r\n"
            elif f"NTLM three {number}".encode() in head:
                who = "alice"
            elif b"/private" in head and who == "nobody":
                status, more = "401 No", "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n"
            answer = f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(who)}\r\n\r\n{who}"
            conn.sendall(answer.encode())


def ask(client: http.client.HTTPConnection, path: str, word: str = "", method: str = "GET") -> tuple[int, str, str]:
    fields = {"Authorization": f"NTLM {word}"} if word else {}
    client.request(method, PLACE + path, headers=fields)
    answer = client.getresponse()
    said = answer.getheader("WWW-Authenticate", "")
    return answer.status, answer.read().decode(), said


def test_a_connection_that_is_somebody_s(gateway: Gateway) -> None:
    """It serves nobody else; and all words of the proof go by it."""
    windows, lan = Windows(), gateway.lab.lan
    with gateway.lab.out.serve(5000, windows.handle):
        alice, bob = lan.http("10.0.0.1", 3128), lan.http("10.0.0.1", 3128)
        assert ask(bob, "/")[:2] == (200, "nobody")
        assert ask(alice, "/private")[0] == 401
        status, _, challenge = ask(alice, "/private", "one")
        assert status == 401
        number = challenge.removeprefix("NTLM ")
        assert ask(alice, "/private", f"three {number}", "POST")[:2] == (200, "alice")
        assert ask(bob, "/")[:2] == (200, "nobody")
        assert ask(bob, "/private")[0] == 401
        assert ask(alice, "/private", method="POST")[:2] == (200, "alice")
        alice.close()
        assert ask(bob, "/")[:2] == (200, "nobody")
        bob.close()
