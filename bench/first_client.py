# SPDX-License-Identifier: GPL-2.0-or-later
"""Connects by an explicit proxy to a new name each time, by turns of each kind.

    first_client.py ADDRESS PORT COUNT ROUND SUFFIX CA [SUFFIX CA ...]

Prints, as JSON, how many milliseconds it took each time from the connection to
the first byte of the answer, by suffix.
"""

import json
import socket
import ssl
import sys
import time


def first_byte(proxy: tuple[str, int], name: str, context: ssl.SSLContext) -> float:
    start = time.perf_counter()
    with socket.create_connection(proxy, timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(f"CONNECT {name}:443 HTTP/1.1\r\nHost: {name}:443\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += sock.recv(4096)
        if b" 200" not in answer.split(b"\r\n")[0]:
            raise OSError(f"{name}: {answer!r}")
        with context.wrap_socket(sock, server_hostname=name) as inside:
            inside.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
            if inside.recv(65536)[:12] != b"HTTP/1.1 200":
                raise OSError(f"{name}: no good answer")
            return (time.perf_counter() - start) * 1e3


def main() -> None:
    address, port, count, turn, *kinds = sys.argv[1:]
    contexts = dict(zip(kinds[::2], map(_trusting, kinds[1::2])))
    times: dict[str, list[float]] = {suffix: [] for suffix in contexts}
    for i in range(int(count)):
        for suffix, context in contexts.items():
            name = f"n{i}-{turn}.{suffix}"
            times[suffix].append(first_byte((address, int(port)), name, context))
    print(json.dumps(times))


def _trusting(authority: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority)


if __name__ == "__main__":
    main()
