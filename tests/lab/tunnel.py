# SPDX-License-Identifier: GPL-2.0-or-later
"""What lies in a stream of HTTP/2, in the form of a socket, as far as a story needs one.

    with Http2(...) as proxy:
        inside = Secured(Tunnel(proxy, "www.example.com:443"), context, "www.example.com")
        inside.sendall(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
"""

import ssl

from tests.lab.http2 import Fields, Http2

FRAME = 16384  # RFC 9113, 6.5.2: what anybody takes


class Tunnel:
    """A CONNECT; `status` is what was answered."""

    def __init__(self, proxy: Http2, authority: str, more: Fields | None = None):
        self.proxy = proxy
        fields = [(":method", "CONNECT"), (":authority", authority), *(more or [])]
        self.stream = proxy.begin(fields)
        self.answer = proxy.answer(self.stream)
        proxy.until(lambda: self.answer.status or self.answer.over)
        self.status = self.answer.status

    def sendall(self, data: bytes) -> None:
        for at in range(0, len(data), FRAME):
            self.proxy.data(self.stream, data[at : at + FRAME])

    def recv(self, most: int) -> bytes:
        self.proxy.until(lambda: self.answer.body or self.answer.over)
        out, self.answer.body = self.answer.body[:most], self.answer.body[most:]
        return out

    def end(self) -> None:
        """Nothing more is sent."""
        self.proxy.data(self.stream, b"", end=True)

    def close(self) -> None:
        if not self.answer.over:
            self.proxy.reset(self.stream)

    def setsockopt(self, *_: object) -> None:
        """A stream has no such."""

    def settimeout(self, _: float | None) -> None:
        """It has the time of its connection."""


class Secured:
    """TLS over it, whatever it is."""

    def __init__(self, below: Tunnel, context: ssl.SSLContext, name: str):
        self.below = below
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=name)
        self._do(self.tls.do_handshake)

    def sendall(self, data: bytes) -> None:
        self._do(lambda: self.tls.write(data))

    def recv(self, most: int) -> bytes:
        return self._do(lambda: self.tls.read(most))

    def close(self) -> None:
        self.below.close()

    def setsockopt(self, *_: object) -> None:
        """A stream has no such."""

    def settimeout(self, _: float | None) -> None:
        """It has the time of its connection."""

    def _do(self, step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self._flush()
                if data := self.below.recv(65536):
                    self._in.write(data)
                else:
                    self._in.write_eof()
            finally:
                self._flush()

    def _flush(self) -> None:
        if data := self._out.read():
            self.below.sendall(data)
