# SPDX-License-Identifier: GPL-2.0-or-later
"""Small servers in threads of this process, for behaviour that nginx has not."""

import contextlib
import socket
import threading
from collections.abc import Callable


class Listener:
    """Accepts TCP connections and gives each to `handle` in its own thread.

    A connection is closed when `handle` returns.  What `handle` raises because
    the other side went away is no matter; anything else is kept in `errors`.
    """

    def __init__(
        self,
        sock: socket.socket,
        address: str,
        port: int,
        handle: Callable[[socket.socket], None],
    ):
        self.peers: list[tuple[str, int]] = []
        self.errors: list[Exception] = []
        self._sock = sock
        self._handle = handle
        self._open: set[socket.socket] = set()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                conn, peer = self._sock.accept()
                self.peers.append((plain(peer[0]), peer[1]))
                threading.Thread(target=self._serve, args=[conn], daemon=True).start()

    def _serve(self, conn: socket.socket) -> None:
        self._open.add(conn)
        try:
            self._handle(conn)
        except OSError:
            pass
        except Exception as error:
            self.errors.append(error)
        finally:
            self._open.discard(conn)
            conn.close()

    def close(self) -> None:
        for sock in [self._sock, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits
        self._sock.close()

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class UdpEcho:
    """Sends every datagram back."""

    def __init__(self, sock: socket.socket, port: int):
        self.peers: list[tuple[str, int]] = []
        self._sock = sock
        self._closing = False
        sock.bind(("::", port))
        self._thread = threading.Thread(target=self._echo, daemon=True)
        self._thread.start()

    def _echo(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, peer = self._sock.recvfrom(65535)
                if self._closing:
                    return
                self.peers.append((plain(peer[0]), peer[1]))
                self._sock.sendto(data, peer)

    def close(self) -> None:
        self._closing = True
        with contextlib.suppress(OSError):  # "not connected", yet it wakes
            self._sock.shutdown(socket.SHUT_RDWR)
        # The port is free when nobody waits at it any more.
        self._thread.join(1)
        self._sock.close()


def plain(address: str) -> str:
    """An IPv4 peer of an IPv6 socket, as IPv4 writes it."""
    return address.removeprefix("::ffff:")


def echo(conn: socket.socket) -> None:
    """Send back what comes; close when the other side has."""
    while data := conn.recv(65536):
        conn.sendall(data)


def greet(words: str) -> Callable[[socket.socket], None]:
    """Speak first, as mail servers do, naming the peer; then echo."""

    def handle(conn: socket.socket) -> None:
        peer = plain(conn.getpeername()[0])
        conn.sendall(f"220 {words} to {peer}\r\n".encode())
        echo(conn)

    return handle


def read_head(conn: socket.socket) -> bytes:
    """A request's or an answer's head, up to its empty line.

    A byte at a time, so that nothing of what follows is taken away.
    """
    head = b""
    while not head.endswith(b"\r\n\r\n") and (byte := conn.recv(1)):
        head += byte
    return head


def read_all(conn: socket.socket) -> bytes:
    """All until the other side closes."""
    return b"".join(iter(lambda: conn.recv(65536), b""))
