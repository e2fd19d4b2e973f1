# SPDX-License-Identifier: GPL-2.0-or-later
"""The Internet's name server: as many lies and delays as a story wants.

A name's records are a list of addresses, or of one name (an alias); SILENT to
give no answer at all; or a function that returns one of these for a question,
for names that change or answers that are late.  A name without records does not exist.  Nothing may be
kept (time to live 0) unless one says so, so that stories do not hear each other's answers.  RFC
1035, as far as a lab needs it: one question, A, AAAA and CNAME, UDP and TCP.
"""

import contextlib
import ipaddress
import itertools
import socket
import struct
import threading
from collections.abc import Callable

from tests.lab.host import Host
from tests.lab.listener import Listener

Records = list[str] | None
SILENT: Records = None

KINDS = {1: "A", 28: "AAAA"}
CNAME = 5
NO_SUCH_NAME = 3
ANSWER = 0x8580  # a response, authoritative, recursion asked for and had


def turning(first: Records, later: Records) -> Callable[[str], Records]:
    """Records for a name that turns after its first A question was answered."""
    questions = itertools.count()

    def answer(kind: str) -> Records:
        if kind != "A":
            return []
        return first if next(questions) == 0 else later

    return answer


class NameServer:
    """Answers on port 53 of a host.  `asked` is every question: (kind, name)."""

    ttl = 0  # of what it says

    def __init__(self, host: Host, records: dict[str, Records | Callable]):
        self.records = dict(records)
        self.asked: list[tuple[str, str]] = []
        self._udp = host.open_socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self._udp.bind(("::", 53))
        threading.Thread(target=self._serve_udp, daemon=True).start()
        self._tcp: Listener = host.serve(53, self._serve_tcp)
        host.listeners.append(self)

    def was_asked(self, name: str) -> bool:
        return any(asked == name for _, asked in self.asked)

    def _serve_udp(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                question, peer = self._udp.recvfrom(4096)
                if self._may_be_late(question):
                    argv = [question, peer]
                    threading.Thread(target=self._reply, args=argv, daemon=True).start()
                else:
                    self._reply(question, peer)

    def _may_be_late(self, question: bytes) -> bool:
        """One answer is, and the others are not; nor does each cost a thread."""
        with contextlib.suppress(IndexError, UnicodeDecodeError):
            records = self.records.get(_read_name(question, 12)[0]) or []
            return callable(records) or any(
                callable(self.records.get(value)) for value in records
            )
        return False

    def _reply(self, question: bytes, peer: tuple) -> None:
        if answer := self._answer(question):
            with contextlib.suppress(OSError):
                self._udp.sendto(answer, peer)

    def _serve_tcp(self, conn: socket.socket) -> None:
        while len(size := conn.recv(2, socket.MSG_WAITALL)) == 2:
            question = conn.recv(struct.unpack("!H", size)[0], socket.MSG_WAITALL)
            answer = self._answer(question)
            conn.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, message: bytes) -> bytes:
        """The whole answer; nothing to what is no question and to the silent."""
        try:
            number, flags, questions = struct.unpack_from("!HHH", message)
            name, end = _read_name(message, 12)
            kind = KINDS.get(struct.unpack_from("!H", message, end)[0], "other")
        except (IndexError, struct.error, UnicodeDecodeError):
            return b""
        if flags & 0x8000 or questions != 1:
            return b""
        self.asked.append((kind, name))
        records = self._look_up(name, kind)
        if records is SILENT:
            return b""
        code = 0 if name in self.records else NO_SUCH_NAME
        resources = self._resources(name, kind, records)
        head = struct.pack(
            "!6H", number, ANSWER | code, 1, len(resources), 0, 0
        )  # its additional record (EDNS) is not answered: a plain old server
        return head + message[12 : end + 4] + b"".join(resources)

    def _look_up(self, name: str, kind: str) -> Records:
        records = self.records.get(name, [])
        return records(kind) if callable(records) else records

    def _resources(self, name: str, kind: str, records: list[str]) -> list[bytes]:
        out = []
        for value in records:
            try:
                address = ipaddress.ip_address(value)
            except ValueError:
                out.append(_resource(name, CNAME, self.ttl, _write_name(value)))
                out += self._resources(value, kind, self._look_up(value, kind) or [])
                continue
            if kind == ("A" if address.version == 4 else "AAAA"):
                number = 1 if kind == "A" else 28
                out.append(_resource(name, number, self.ttl, address.packed))
        return out

    def close(self) -> None:
        """The listener for TCP is closed by the host."""
        with contextlib.suppress(OSError):
            self._udp.shutdown(socket.SHUT_RDWR)
        self._udp.close()


def _read_name(message: bytes, at: int) -> tuple[str, int]:
    """The name in lower case, and where it ends.  A question holds no pointer."""
    labels = []
    while size := message[at]:
        if size > 63:
            raise IndexError("a pointer in a question")
        labels.append(message[at + 1 : at + 1 + size].decode("ascii").lower())
        at += 1 + size
    return ".".join(labels), at + 1


def _write_name(name: str) -> bytes:
    labels = [label.encode("ascii") for label in name.split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _resource(name: str, kind: int, ttl: int, data: bytes) -> bytes:
    return _write_name(name) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data
