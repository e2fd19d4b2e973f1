# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections through the proxy: kept, large, slow, half closed and hostile."""

import contextlib
import os
import re
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.lab import curl, wait
from tests.lab.flows import PROXY
from tests.lab.gateway import Gateway
from tests.lab.listener import echo, read_all, read_head

MEGABYTE = 1 << 20
LARGE = 8 * MEGABYTE  # well over what all buffers on the way hold together
EXPLICIT, INTERCEPTED = ("10.0.0.1", 3128), ("203.0.113.80", 80)

WAYS = pytest.mark.parametrize("way", [(), PROXY], ids=["intercepted", "explicit"])


# Kept alive.


@pytest.mark.parametrize(
    "to, prefix", [(EXPLICIT, "http://www.example.com"), (INTERCEPTED, "")]
)
def test_both_sides_are_kept_alive(
    gateway: Gateway, to: tuple[str, int], prefix: str
) -> None:
    lab = gateway.lab
    client = lab.lan.http(*to)
    for n in range(3):
        headers = {"Host": "www.example.com"}
        client.request("GET", f"{prefix}/kept{n}", headers=headers)
        answer = client.getresponse()
        assert (answer.status, answer.will_close) == (200, False)
        answer.read()
    client.close()
    asked = [lab.pages.await_request(target=f"/kept{n}") for n in range(3)]
    assert len({request["connection"] for request in asked}) == 1


def test_two_names_on_one_connection(gateway: Gateway) -> None:
    """Each request is judged by itself, and a refusal does not end the rest."""
    client = gateway.lab.lan.http(*EXPLICIT)
    for name, status in (
        ("www.example.com", 200),
        ("ads.example.net", 403),
        ("shop.example.com", 200),
    ):
        client.request("GET", f"http://{name}/")
        answer = client.getresponse()
        answer.read()
        assert answer.status == status
    client.close()


def test_requests_in_a_row_are_answered_in_order(gateway: Gateway) -> None:
    request = "GET http://www.example.com/row{} HTTP/1.1\r\nHost: www.example.com\r\n"
    request += "{}\r\n"
    with gateway.lab.lan.connect(*EXPLICIT) as sock:
        rows = [(1, ""), (2, ""), (3, "Connection: close\r\n")]
        sock.sendall("".join(request.format(*row) for row in rows).encode())
        said = read_all(sock).decode()
    places = [said.index(f"target: /row{n}") for n in (1, 2, 3)]
    assert places == sorted(places)


def test_a_client_of_http_1_0(gateway: Gateway) -> None:
    with gateway.lab.lan.connect(*EXPLICIT) as sock:
        sock.sendall(b"GET http://www.example.com/old HTTP/1.0\r\n\r\n")
        assert b"target: /old" in read_all(sock)


@pytest.mark.parametrize("path", ["/", "/missing"])
def test_head_has_no_body(gateway: Gateway, path: str) -> None:
    client = gateway.lab.lan.http(*EXPLICIT)
    for method in ("HEAD", "GET"):  # were there a body, GET would meet it
        client.request(method, f"http://www.example.com{path}")
        answer = client.getresponse()
        body = answer.read()
        assert answer.status in (200, 404)
    assert body
    client.close()


def asking(url: str, *fields: str) -> bytes:
    """A request as a proxy's client sends it."""
    host = url.split("/")[2]
    lines = [f"GET {url} HTTP/1.1", f"Host: {host}", *fields, "", ""]
    return "\r\n".join(lines).encode()


@contextlib.contextmanager
def small_window(gateway: Gateway):
    """A client whose kernel takes little for it, so that the proxy waits."""
    with gateway.lab.lan.open_socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        sock.settimeout(5)
        sock.connect(EXPLICIT)
        yield sock


def test_refusals_in_a_row_wait_for_who_asks(gateway: Gateway) -> None:
    """A page that finds no room must not be left out: every answer behind it
    would be taken for that of the request before."""
    count = 1500  # their pages are many times what the proxy queues
    rows = b"".join(asking(f"http://ads.example.net/{n}/") for n in range(count))
    with small_window(gateway) as sock:
        threading.Thread(target=send_and_end, args=[sock, rows]).start()
        time.sleep(0.5)  # it does not read for a while: that is what is shown
        said = read_all(sock).decode()
    told = re.findall(r"http://ads\.example\.net/(\d+)/", said)
    assert told == [str(n) for n in range(count)]


def test_what_follows_a_refused_tunnel_is_no_request(gateway: Gateway) -> None:
    """A client may send the first bytes for the tunnel with its CONNECT; they
    are somebody else's words, and must not be obeyed."""
    lab = gateway.lab
    inside = asking("http://www.example.com/inside")
    with lab.lan.connect(*EXPLICIT) as sock:
        sock.sendall(b"CONNECT www.example.com:25 HTTP/1.1\r\nHost: a\r\n\r\n" + inside)
        said = read_all(sock)
    assert said.startswith(b"HTTP/1.1 403 ") and said.count(b"HTTP/1.1 ") == 1
    assert not lab.pages.requests(target="/inside")


class Script:
    """A server that on each connection answers as many requests as the script
    has for it, then closes; it knows what it was asked."""

    def __init__(self, *connections: list[bytes]):
        self.asked: list[tuple[int, bytes]] = []
        self._connections = list(connections)
        self._count = 0

    def __call__(self, conn: socket.socket) -> None:
        number, self._count = self._count, self._count + 1
        for answer in self._connections[number]:
            self.asked.append((number, read_head(conn).split()[1]))
            conn.sendall(answer)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
CLOSES = b""  # without a word


def answers(sock: socket.socket) -> tuple[int, bytes]:
    """The next answer's status and what is left of it."""
    head = read_head(sock)
    length = int(re.search(rb"\r\nContent-Length: (\d+)\r\n", head).group(1))
    content = b""
    while len(content) < length:
        content += sock.recv(length - len(content))
    return int(head.split()[1]), content


def test_a_kept_connection_that_ended_meanwhile(gateway: Gateway) -> None:
    """The client sees nothing of it, where the request may be sent again."""
    lab = gateway.lab
    script = Script([OK, CLOSES], [OK])
    with lab.out.serve(80, script), lab.lan.connect(*EXPLICIT) as sock:
        for path in ("a", "b"):
            sock.sendall(asking(f"http://out.example.com/{path}"))
            assert answers(sock) == (200, b"ok")
    assert script.asked == [(0, b"/a"), (0, b"/b"), (1, b"/b")]


def test_what_changes_something_is_not_sent_again(gateway: Gateway) -> None:
    """It goes out on a connection of its own, and once."""
    lab = gateway.lab
    script = Script([OK, CLOSES], [CLOSES])
    with lab.out.serve(80, script), lab.lan.connect(*EXPLICIT) as sock:
        sock.sendall(asking("http://out.example.com/a"))
        assert answers(sock) == (200, b"ok")
        post = asking("http://out.example.com/b", "Content-Length: 0")
        sock.sendall(post.replace(b"GET", b"POST"))
        assert answers(sock)[0] == 502
    assert script.asked == [(0, b"/a"), (1, b"/b")]


def test_what_was_begun_to_be_answered_is_not_sent_again(gateway: Gateway) -> None:
    lab = gateway.lab
    script = Script([OK, HINTS], [OK])
    with lab.out.serve(80, script), lab.lan.connect(*EXPLICIT) as sock:
        for path in ("a", "b"):
            sock.sendall(asking(f"http://out.example.com/{path}"))
            if path == "a":
                assert answers(sock) == (200, b"ok")
        assert read_head(sock).startswith(b"HTTP/1.1 103 ")
        assert answers(sock)[0] == 502
    assert script.asked == [(0, b"/a"), (0, b"/b")]


def test_an_answer_before_the_content_is_all_there(gateway: Gateway) -> None:
    """The client gets it at once, and is asked for nothing more."""

    def refuse(conn: socket.socket) -> None:
        read_head(conn)
        conn.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno.")

    lab = gateway.lab
    with lab.out.serve(80, refuse), lab.lan.connect(*EXPLICIT) as sock:
        sock.sendall(asking("http://out.example.com/", "Content-Length: 99999999"))
        sock.sendall(b"x" * 1000)
        assert answers(sock) == (413, b"no.")
        assert sock.recv(1) == b""


@pytest.mark.parametrize("to", [EXPLICIT, ("203.0.113.9", 80)])
def test_a_websocket(gateway: Gateway, to: tuple[str, int]) -> None:
    """From then on bytes go both ways as they are, the early ones too."""

    def switch(conn: socket.socket) -> None:
        assert b"\r\nUpgrade: websocket\r\n" in read_head(conn)
        conn.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n\x81\2hi"
        )
        echo(conn)

    lab = gateway.lab
    with lab.out.serve(80, switch), lab.lan.connect(*to) as sock:
        ask = asking(
            "http://out.example.com/", "Connection: Upgrade", "Upgrade: WebSocket"
        )
        sock.sendall(ask + b"\x81\1?")
        head = read_head(sock)
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"\r\nUpgrade: websocket\r\n" in head
        sock.sendall(b"\x81\1!")
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b"\x81\2hi" + b"\x81\1?" + b"\x81\1!"


# Large.


@WAYS
def test_a_large_body_down(gateway: Gateway, way: tuple[str, ...]) -> None:
    content = os.urandom(LARGE)
    gateway.lab.pages.file("large.bin", content)
    url = "http://www.example.com/files/large.bin"
    answer = gateway.lab.lan.curl(url, "-4", *way)
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert answer.body == content


@WAYS
@pytest.mark.parametrize("coding", ["Content-Length", "chunked"])
def test_a_large_body_up(gateway: Gateway, way: tuple[str, ...], coding: str) -> None:
    pages, lan = gateway.lab.pages, gateway.lab.lan
    content = os.urandom(LARGE)
    source = pages.file("source.bin", content)
    stored = pages.files / "stored.bin"
    stored.unlink(missing_ok=True)
    how = ["-H", "Transfer-Encoding: chunked"] if coding == "chunked" else []
    url = "http://www.example.com/files/stored.bin"
    answer = lan.curl(url, "-4", *way, "--upload-file", str(source), *how)
    assert (answer.exit, answer.status) == (0, 201), answer.error
    assert stored.read_bytes() == content


def test_both_ways_at_once_in_a_tunnel(gateway: Gateway) -> None:
    """An echo fills both directions: a tunnel that waits for one would stop."""
    lab = gateway.lab
    sent = os.urandom(LARGE)
    with lab.out.serve(443, echo), tunnel(gateway, "out.example.com:443") as sock:
        threading.Thread(target=send_and_end, args=[sock, sent]).start()
        assert read_all(sock) == sent


def send_and_end(sock: socket.socket, data: bytes) -> None:
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def tunnel(gateway: Gateway, target: str):
    with gateway.lab.lan.connect(*EXPLICIT, timeout=5) as sock:
        sock.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        assert b" 200 " in read_head(sock).split(b"\r\n")[0]
        yield sock


# Half closed, slow, cut off.


def test_a_tunnel_half_closed_by_the_client(gateway: Gateway) -> None:
    """The server speaks only once the client is done: nothing of it is lost."""

    def turn_around(conn: socket.socket) -> None:
        conn.sendall(read_all(conn)[::-1])

    lab = gateway.lab
    sent = os.urandom(MEGABYTE)
    with lab.out.serve(443, turn_around), tunnel(gateway, "out.example.com:443") as s:
        send_and_end(s, sent)
        assert read_all(s) == sent[::-1]


def test_a_tunnel_half_closed_by_the_server(gateway: Gateway) -> None:
    heard: list[bytes] = []

    def say_and_listen(conn: socket.socket) -> None:
        send_and_end(conn, b"that is all")
        heard.append(read_all(conn))

    lab = gateway.lab
    with lab.out.serve(443, say_and_listen):
        with tunnel(gateway, "out.example.com:443") as sock:
            assert read_all(sock) == b"that is all"
            send_and_end(sock, b"thank you")
            assert sock.recv(1) == b""
        wait.until("the server to hear the end", lambda: heard)
    assert heard == [b"thank you"]


def resident(pid: int) -> int:
    """Bytes of memory that the process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@WAYS
def test_a_client_that_does_not_read(gateway: Gateway, way: tuple[str, ...]) -> None:
    """It costs the proxy no memory, and the others no time."""
    lab = gateway.lab
    lab.pages.hole("vast.bin", 64 * MEGABYTE)
    [pid] = gateway.pids("gatehouse-proxy")
    before = resident(pid)
    target = "http://www.example.com" if way else ""
    with lab.lan.connect(*(EXPLICIT if way else INTERCEPTED)) as sock:
        sock.sendall(
            f"GET {target}/files/vast.bin HTTP/1.1\r\n"
            "Host: www.example.com\r\n\r\n".encode()
        )
        assert read_head(sock)
        for n in range(5):
            assert lab.lan.curl(f"http://www.example.com/{n}", *way).status == 200
        assert resident(pid) - before < 16 * MEGABYTE


def test_a_slow_client_gets_the_end_too(gateway: Gateway) -> None:
    """Where the answer ends with the connection, its last bytes are still in
    the proxy when the server is done; they wait for a client that is slow."""
    lab = gateway.lab
    content = os.urandom(MEGABYTE)
    lab.pages.file("slow.bin", content)
    with small_window(gateway) as sock:
        url = "http://www.example.com/files/slow.bin"
        sock.sendall(asking(url, "Connection: close"))
        read_head(sock)
        got = b""
        while more := sock.recv(4096):
            got += more
            # When the proxy has all of it, most lies in the kernel's buffers.
            if 160_000 < MEGABYTE - len(got) < 230_000:
                time.sleep(0.25)  # it is slow: that is what is shown
    assert got == content


def test_slow_heads_hold_up_nobody(gateway: Gateway) -> None:
    lab = gateway.lab
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            sock = stack.enter_context(lab.lan.connect(*EXPLICIT))
            sock.sendall(b"GET http://www.example.com/ HTTP/1.1\r\nHost:")
        answer = lab.lan.curl("http://www.example.com/", *PROXY, timeout=2)
        assert answer.status == 200


def test_a_server_that_breaks_off(gateway: Gateway) -> None:
    """The client must be able to tell: a short body is no whole one."""

    def break_off(conn: socket.socket) -> None:
        read_head(conn)
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    lab = gateway.lab
    with lab.out.serve(80, break_off):
        answer = lab.lan.curl("http://out.example.com/", *PROXY)
    assert answer.exit in (18, curl.PROXY_REFUSED)
    assert answer.body == b"half"


def test_a_body_that_ends_with_the_connection(gateway: Gateway) -> None:
    def until_close(conn: socket.socket) -> None:
        read_head(conn)
        conn.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + b"old" * 1000)

    lab = gateway.lab
    with lab.out.serve(80, until_close):
        answer = lab.lan.curl("http://out.example.com/", *PROXY)
    assert (answer.exit, answer.body) == (0, b"old" * 1000)


def test_a_chunked_answer_is_passed_on(gateway: Gateway) -> None:
    def chunks(conn: socket.socket) -> None:
        read_head(conn)
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in (b"3;x=y\r\nl", b"it\r\n1\r", b"\n \r\n3\r\nbit\r\n0\r\n\r\n"):
            conn.sendall(part)

    lab = gateway.lab
    with lab.out.serve(80, chunks):
        answer = lab.lan.curl("http://out.example.com/", *PROXY)
    assert (answer.exit, answer.body) == (0, b"lit bit")


# Hostile.

HELLO = bytes.fromhex("16030100050100000100")
GARBAGE = {
    "nothing": b"",
    "zeros": b"\0" * 1000,
    "noise": bytes(range(256)) * 64,
    "no line": b"A" * 100_000,
    "blank lines": b"\r\n" * 10_000,
    "many fields": b"GET http://www.example.com/ HTTP/1.1\r\n" + b"a: b\r\n" * 20_000,
    "long field": b"GET / HTTP/1.1\r\nHost: " + b"a" * 200_000,
    "bare lf": b"GET http://www.example.com/ HTTP/1.1\nHost: www.example.com\n\n\n",
    "no version": b"GET http://www.example.com/\r\n\r\n",
    "version 9": b"GET http://www.example.com/ HTTP/9.9\r\nHost: a\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: www.example.com\r\nHost: a\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "folded": b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
    "space before colon": b"GET / HTTP/1.1\r\nHost : www.example.com\r\n\r\n",
    "bad port": b"CONNECT www.example.com:99999 HTTP/1.1\r\nHost: a\r\n\r\n",
    "bad bracket": b"CONNECT [::1:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "short hello": HELLO,
    "long hello": b"\x16\x03\x01\xff\xff" + b"\0" * 65535,
    "alert": b"\x15\x03\x03\x00\x02\x02\x28",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


def throw(gateway: Gateway, to: tuple[str, int], said: bytes) -> bytes:
    """Say it, say no more, and take what is answered before it is broken off.

    To be left waiting is no answer: TimeoutError.
    """
    answer = b""
    with gateway.lab.lan.connect(*to) as sock:
        try:
            send_and_end(sock, said)
            while more := sock.recv(65536):
                answer += more
        except TimeoutError:
            raise
        except OSError:
            pass
    return answer


@pytest.mark.parametrize("said", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_refused_and_harms_nobody(gateway: Gateway, said: bytes) -> None:
    lab = gateway.lab
    before = gateway.pids("gatehouse-proxy")
    for to in (EXPLICIT, INTERCEPTED, ("203.0.113.80", 443)):
        answer = throw(gateway, to, said)
        assert not answer.startswith(b"HTTP/1.1 2"), to
    assert lab.lan.curl("http://www.example.com/", "-4", *PROXY).status == 200
    assert gateway.pids("gatehouse-proxy") == before


SMUGGLED = {
    "length and coding": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": "Content-Length: 0\r\nContent-Length: 40\r\n",
    "length list": "Content-Length: 0, 40\r\n",
    "odd coding": "Transfer-Encoding: xchunked\r\n",
    "coding twice": "Transfer-Encoding: chunked, chunked\r\n",
    "hidden coding": "Transfer-Encoding : chunked\r\n",
}


@pytest.mark.parametrize("fields", SMUGGLED.values(), ids=SMUGGLED.keys())
@pytest.mark.parametrize("to", [EXPLICIT, INTERCEPTED], ids=["explicit", "intercepted"])
def test_a_request_inside_another(
    gateway: Gateway, to: tuple[str, int], fields: str
) -> None:
    """RFC 9112, 6.1 and 11.2: where two could read two things, none is sent on."""
    lab = gateway.lab
    target = "http://www.example.com/outer" if to is EXPLICIT else "/outer"
    outer = f"POST {target} HTTP/1.1\r\nHost: www.example.com\r\n{fields}\r\n0\r\n\r\n"
    inner = "GET /smuggled HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
    answer = throw(gateway, to, (outer + inner).encode())
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))
    assert not lab.pages.requests(target="/smuggled")
