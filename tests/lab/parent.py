# SPDX-License-Identifier: GPL-2.0-or-later
"""Proxies of others, for ours to be sent through.

`Tinyproxy` is a real one.  The other two are as honest or as awkward as a story
wants, and know names that no name server does: `names` says where they dial
for a name, and what is not there is asked of nobody.
"""

import contextlib
import select
import socket
import ssl
import threading
from pathlib import Path

from tests.lab import wait
from tests.lab.certificate import Certificate
from tests.lab.host import Host
from tests.lab.listener import Listener, read_head

CONFIG = """
Port {port}
Listen 0.0.0.0
Timeout 60
LogFile "{dir}/tinyproxy.log"
LogLevel Connect
MaxClients 100
ViaProxyName "tinyproxy.example"
{more}
"""


class Tinyproxy:
    """The program, on one host; `requests` are the lines that it has heard."""

    def __init__(self, host: Host, port: int, more: str = ""):
        self.host, self.port = host, port
        self.dir = host.stem("tinyproxy")
        self.dir.mkdir()
        config = self.dir / "tinyproxy.conf"
        config.write_text(CONFIG.format(port=port, dir=self.dir, more=more))
        self._argv = ["tinyproxy", "-d", "-c", config]
        self.start()

    def start(self) -> None:
        self._process = self.host.spawn(self._argv)
        wait.until("tinyproxy", self._answers_or_died)
        if self._process.status() is not None:
            raise RuntimeError(self._process.out + self._process.err)

    def stop(self) -> None:
        self._process.stop()

    @property
    def requests(self) -> list[str]:
        log = Path(self.dir, "tinyproxy.log").read_text(errors="replace")
        lines = [line for line in log.splitlines() if "Request (file" in line]
        return [line.split("): ", 1)[1] for line in lines]

    def _answers_or_died(self) -> bool:
        if self._process.status() is not None:
            return True
        try:
            self.host.connect("127.0.0.1", self.port).close()
        except OSError:
            return False
        return True

    def __enter__(self) -> "Tinyproxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Parent:
    """What both kinds share.  `asked` is every target: (name or address, port)."""

    def __init__(self, host: Host, port: int, names: dict[str, str] | None = None):
        self.host = host
        self.names = dict(names or {})
        self.asked: list[tuple[str, int]] = []
        self._listener: Listener = host.serve(port, self._serve)

    @property
    def connections(self) -> int:
        return len(self._listener.peers)

    @property
    def peers(self) -> list[tuple[str, int]]:
        return self._listener.peers

    @property
    def errors(self) -> list[Exception]:
        return self._listener.errors

    def close(self) -> None:
        self._listener.close()

    def __enter__(self) -> "Parent":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        assert self.errors == []

    def _serve(self, conn: socket.socket) -> None:
        raise NotImplementedError

    def _dial(self, target: str, port: int) -> socket.socket | None:
        self.asked.append((target, port))
        address = self.names.get(target, target)
        try:
            return self.host.connect(address, port)
        except OSError:  # a name that it does not know is none of an address
            return None


class HttpParent(Parent):
    """Asked for URLs and by CONNECT.  `heads` is every request's head; `status`
    other than 200 is what it answers to all, and `silent` is no answer."""

    status = 200
    silent = False

    def __init__(self, *args, **kwargs):
        self.heads: list[str] = []
        super().__init__(*args, **kwargs)

    def _serve(self, conn: socket.socket) -> None:
        while head := read_head(conn):
            self.heads.append(head.decode("latin-1"))
            if self.silent:
                conn.recv(1)  # until the other side has had enough
                return
            if self.status != 200:
                self._refuse(conn)
                return
            if not self._answer(conn, head):
                return

    def _refuse(self, conn: socket.socket) -> None:
        fields = "Content-Length: 0\r\nConnection: close\r\n"
        if self.status == 407:
            fields += 'Proxy-Authenticate: Basic realm="x"\r\n'
        conn.sendall(f"HTTP/1.1 {self.status} No\r\n{fields}\r\n".encode())

    def _answer(self, conn: socket.socket, head: bytes) -> bool:
        """Whether another request may follow."""
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        if method == "CONNECT":
            name, _, port = target.rpartition(":")
            server = self._dial(name.strip("[]"), int(port))
            if server is None:
                conn.sendall(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")
                return True
            conn.sendall(b"HTTP/1.1 200 Go\r\n\r\n")
            join(conn, server)
            return False
        return self._fetch(conn, head, target)

    def _fetch(self, conn: socket.socket, head: bytes, target: str) -> bool:
        """Requests without content, answers with a Content-Length."""
        place, _, path = target.removeprefix("http://").partition("/")
        name, _, port = place.partition(":")
        server = self._dial(name, int(port or 80))
        if server is None:
            conn.sendall(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")
            return True
        with server:
            line, _, fields = head.partition(b"\r\n")
            version = b"/" + path.encode() + b" HTTP/1.1"
            server.sendall(line.split(b" ")[0] + b" " + version + b"\r\n" + fields)
            answer = read_head(server)
            conn.sendall(answer)
            conn.sendall(read_exactly(server, length_of(answer)))
        return True


class HttpsParent(HttpParent):
    """The same over TLS.  `resumed` says of each connection whether it took up
    an earlier session; `version` is the newest that it speaks."""

    def __init__(self, host: Host, port: int, certificate: Certificate, names=None):
        self.resumed: list[bool] = []
        self._secure: list[ssl.SSLSocket] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.chain, certificate.key)
        super().__init__(host, port, names)

    def _serve(self, conn: socket.socket) -> None:
        try:
            secure = self.context.wrap_socket(conn, server_side=True)
        except ssl.SSLError:  # it does not like our certificate
            return
        self.resumed.append(secure.session_reused)
        self._secure.append(secure)
        inside, plain = socket.socketpair()
        argv = [inside]
        threading.Thread(target=self._serve_plain, args=argv, daemon=True).start()
        with secure, plain:
            relay(secure, plain)

    def _serve_plain(self, conn: socket.socket) -> None:
        with conn, contextlib.suppress(OSError):
            super()._serve(conn)

    def close(self) -> None:
        """The listener has only the sockets that these have taken over."""
        super().close()
        for secure in self._secure:
            with contextlib.suppress(OSError):
                secure.shutdown(socket.SHUT_RDWR)


class SocksParent(Parent):
    """Version 5.  `reply` other than 0 is what it answers to all; `method` is
    the one that it wants (255: none); `silent`: it does not even greet."""

    reply = 0
    method = 0
    silent = False

    def _serve(self, conn: socket.socket) -> None:
        if self.silent:
            conn.recv(3)
            conn.recv(1)
            return
        assert read_exactly(conn, 3) == b"\x05\x01\x00"
        conn.sendall(b"\x05%c" % self.method)
        if self.method != 0:
            return
        version, command, zero, kind = read_exactly(conn, 4)
        assert (version, command, zero) == (5, 1, 0)
        target = self._read_target(conn, kind)
        port = int.from_bytes(read_exactly(conn, 2), "big")
        if self.reply:
            self.asked.append((target, port))
            conn.sendall(b"\x05%c\x00\x01" % self.reply + bytes(6))
            return
        server = self._dial(target, port)
        code = 4 if server is None else 0
        # Bound to a name: nobody does so, and all must be able to read it.
        conn.sendall(b"\x05%c\x00\x03\x04here\x00\x00" % code)
        if server is not None:
            join(conn, server)

    def _read_target(self, conn: socket.socket, kind: int) -> str:
        if kind == 3:
            return read_exactly(conn, read_exactly(conn, 1)[0]).decode()
        size, family = {1: (4, socket.AF_INET), 4: (16, socket.AF_INET6)}[kind]
        return socket.inet_ntop(family, read_exactly(conn, size))


def relay(secure: ssl.SSLSocket, plain: socket.socket) -> None:
    """Until the plain side ends, which is told; in one thread, for OpenSSL lets
    no two have a connection at once."""
    with contextlib.suppress(OSError):
        while True:
            ready = [secure] if secure.pending() else []
            ready = ready or select.select([secure, plain], [], [])[0]
            if secure in ready:
                if data := secure.recv(65536):
                    plain.sendall(data)
                else:
                    return
            if plain in ready:
                if data := plain.recv(65536):
                    secure.sendall(data)
                else:
                    secure.unwrap()
                    return


def read_exactly(conn: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not (more := conn.recv(size - len(data))):
            raise ConnectionError("it ended in the midst of it")
        data += more
    return data


def length_of(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def join(one: socket.socket, other: socket.socket) -> None:
    """All that comes of either goes to the other, until both have ended."""
    back = threading.Thread(target=pump, args=[other, one], daemon=True)
    back.start()
    pump(one, other)
    back.join()
    other.close()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        source.settimeout(None)
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
