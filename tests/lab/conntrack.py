# SPDX-License-Identifier: GPL-2.0-or-later
"""Flows that live in a host's conntrack without a packet: as many as wanted.

The messages are those of linux/netfilter/nfnetlink_conntrack.h.
"""

import socket
import struct

from tests.lab import namespace
from tests.lab.host import Host

NETFILTER = 12
CT_NEW, CT_DELETE = 0x0100, 0x0102
REQUEST, ACK, CREATE = 0x1, 0x4, 0x400
NESTED = 0x8000
TUPLE_ORIG, TUPLE_REPLY, STATUS, PROTOINFO, TIMEOUT = 1, 2, 3, 4, 7
CONFIRMED_AND_ANSWERED, ESTABLISHED = 0xA, 3
BATCH = 100


def _attribute(kind: int, payload: bytes) -> bytes:
    length = 4 + len(payload)
    return struct.pack("HH", length, kind) + payload + bytes(-length % 4)


def _nest(kind: int, *inside: bytes) -> bytes:
    return _attribute(kind | NESTED, b"".join(inside))


def _tuple(kind: int, ends: tuple[bytes, int], to: tuple[bytes, int]) -> bytes:
    port = [struct.pack(">H", end[1]) for end in (ends, to)]
    addresses = _nest(1, _attribute(1, ends[0]), _attribute(2, to[0]))
    ports = _nest(
        2, _attribute(1, b"\x06"), _attribute(2, port[0]), _attribute(3, port[1])
    )
    return _nest(kind, addresses, ports)


def _message(kind: int, flags: int, body: bytes) -> bytes:
    body = struct.pack("BBH", socket.AF_INET, 0, 0) + body
    return struct.pack("IHHII", 16 + len(body), kind, flags, 0, 0) + body


def _made(source: bytes, port: int, to: bytes, service: int) -> bytes:
    state = _nest(PROTOINFO, _nest(1, _attribute(1, bytes([ESTABLISHED]))))
    body = (
        _tuple(TUPLE_ORIG, (source, port), (to, service))
        + _tuple(TUPLE_REPLY, (to, service), (source, port))
        + _attribute(TIMEOUT, struct.pack(">I", 600))
        + _attribute(STATUS, struct.pack(">I", CONFIRMED_AND_ANSWERED))
        + state
    )
    return _message(CT_NEW, REQUEST | CREATE, body)


def _open(host: Host) -> socket.socket:
    return namespace.inside(
        host.namespace,
        lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER),
    )


def fill(host: Host, count: int, source: str, to: str, service: int) -> None:
    """TCP flows from addresses that begin like `source`, all established."""
    first, server = socket.inet_aton(source)[:2], socket.inet_aton(to)
    with _open(host) as sock:
        for start in range(0, count, BATCH):
            some = range(start, min(start + BATCH, count))
            sock.send(
                b"".join(
                    _made(
                        first + struct.pack(">H", n % 65000 + 1),
                        1024 + n // 65000,
                        server,
                        service,
                    )
                    for n in some
                )
            )


def forget(host: Host) -> None:
    """All of them, and all others too."""
    with _open(host) as sock:
        sock.send(_message(CT_DELETE, REQUEST | ACK, b""))
        sock.recv(8192)
