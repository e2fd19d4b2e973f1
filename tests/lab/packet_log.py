# SPDX-License-Identifier: GPL-2.0-or-later
"""What rules log: each packet with the record that its rule wrote beside it.

The messages are those of linux/netfilter/nfnetlink_log.h.  A network namespace
has one reader of a group: the daemon or this.
"""

import socket
import struct
from collections.abc import Iterator

from tests.lab import frames

NETFILTER = 12
PACKET, CONFIG = 0x0400, 0x0401
REQUEST = 1
CMD, MODE, THRESHOLD = 1, 2, 5  # of a configuration
PAYLOAD, PREFIX = 9, 10  # of a packet
BIND, COPY_PACKET = 1, 2
RCVBUFFORCE = 33


class PacketLog:
    """To be made in the network namespace whose group it reads."""

    def __init__(self, group: int):
        self._sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
        self._sock.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 16 << 20)
        self._sock.setblocking(False)
        self._configure(group, CMD, struct.pack("B", BIND))
        self._configure(group, MODE, struct.pack("!IBB", 0xFFFF, COPY_PACKET, 0))
        # Each at once: whoever waited for the packet has its record.
        self._configure(group, THRESHOLD, struct.pack("!I", 1))

    def close(self) -> None:
        self._sock.close()

    def read(self) -> list[tuple[int | None, str]]:
        """Since the last time: the number of the packet, and its record."""
        found = []
        while True:
            try:
                data = self._sock.recv(1 << 17)
            except BlockingIOError:
                return found
            for kind, body in messages(data):
                if kind == PACKET:
                    found.append(record(body))

    def _configure(self, group: int, kind: int, value: bytes) -> None:
        body = struct.pack("!BBH", 0, 0, group) + attribute(kind, value)
        head = struct.pack("=IHHII", 16 + len(body), CONFIG, REQUEST, 0, 0)
        self._sock.send(head + body)


def attribute(kind: int, value: bytes) -> bytes:
    size = 4 + len(value)
    return struct.pack("=HH", size, kind) + value + bytes(-size % 4)


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 16 <= len(data):
        size, kind = struct.unpack_from("=IH", data, at)
        yield kind, data[at + 16 : at + size]
        at += size + -size % 4


def record(body: bytes) -> tuple[int | None, str]:
    values = {}
    at = 4
    while at + 4 <= len(body):
        size, kind = struct.unpack_from("=HH", body, at)
        values[kind & 0x7FFF] = body[at + 4 : at + size]
        at += size + -size % 4
    words = values[PREFIX].rstrip(b"\0").decode()
    return frames.number_of(values.get(PAYLOAD, b"")), words
