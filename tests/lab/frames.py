# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets as bytes: made one by one, and read back from a wire.

Each packet that a test makes bears a number in its payload, so that it is
known again wherever it turns up: delivered with other addresses, or quoted in
an ICMP error.  A reset bears no payload; its ports tell.
"""

import socket
import struct
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from ipaddress import ip_address as parse_address

Address = IPv4Address | IPv6Address

ip_address = cache(parse_address)  # there are not many

TCP, UDP, ICMP, GRE, ESP, SCTP, ICMP6 = 6, 17, 1, 47, 50, 132, 58
NUMBERS = {"tcp": TCP, "udp": UDP, "gre": GRE, "esp": ESP, "sctp": SCTP}
PORTED = ("tcp", "udp", "sctp")

# Kind: ICMP type and that of its answer, and the same in ICMPv6.
KINDS = {"echo-request": (8, 0, 128, 129), "timestamp-request": (13, 14, None, None)}

SYN, RST, ACK = 0x02, 0x04, 0x10
MAGIC = b"gatehouse-packet"
TOKEN = struct.Struct("!16sI")
ETHERNET = struct.Struct("!6s6sH")
ETHERTYPE = {4: 0x0800, 6: 0x86DD}
SEQUENCE = 1000


@dataclass(frozen=True)
class Packet:
    """The first packet of a flow, or the answer to one."""

    number: int
    source: Address
    destination: Address
    protocol: str
    sport: int = 0  # of ICMP: the identifier
    dport: int = 0
    kind: str = ""
    is_answer: bool = field(default=False, compare=False)
    # Of TCP, in the midst of a flow: what it acknowledges.
    acknowledged: int = field(default=0, compare=False)
    # Of TCP: without any flag, which conntrack can place nowhere.
    is_invalid: bool = False

    def answer(self) -> "Packet":
        """What the one who got it would say."""
        return replace(
            self,
            source=self.destination,
            destination=self.source,
            sport=self.sport if self.protocol == "icmp" else self.dport,
            dport=self.dport if self.protocol == "icmp" else self.sport,
            is_answer=True,
        )

    def next(self, sequence: int = SEQUENCE) -> "Packet":
        """The one after it, when it was answered: of TCP, with this number."""
        is_tcp = self.protocol == "tcp"
        return replace(self, acknowledged=(sequence + 1) % 2**32 if is_tcp else 0)


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _number(packet: Packet) -> int:
    if packet.protocol == "icmp":
        return ICMP if packet.source.version == 4 else ICMP6
    return NUMBERS[packet.protocol]


def _pseudo(packet: Packet, length: int) -> bytes:
    ends = packet.source.packed + packet.destination.packed
    if packet.source.version == 4:
        return ends + struct.pack("!BBH", 0, _number(packet), length)
    return ends + struct.pack("!IHBB", length, 0, 0, _number(packet))


def _tcp(packet: Packet, token: bytes) -> bytes:
    flags, ack = (SYN | ACK, SEQUENCE + 1) if packet.is_answer else (SYN, 0)
    sequence = SEQUENCE
    if packet.is_invalid:
        flags = 0
    if packet.acknowledged:
        flags, ack, sequence = ACK, packet.acknowledged, SEQUENCE + 1
    ports = struct.pack("!HH", packet.sport, packet.dport)
    rest = struct.pack("!IIBBHHH", sequence, ack, 5 << 4, flags, 8192, 0, 0)
    data = ports + rest + token
    total = checksum(_pseudo(packet, len(data)) + data)
    return data[:16] + struct.pack("!H", total) + data[18:]


def _udp(packet: Packet, token: bytes) -> bytes:
    length = 8 + len(token)
    head = struct.pack("!HHH", packet.sport, packet.dport, length)
    total = checksum(_pseudo(packet, length) + head + b"\0\0" + token) or 0xFFFF
    return head + struct.pack("!H", total) + token


def _icmp(packet: Packet, token: bytes) -> bytes:
    types = KINDS[packet.kind]
    kind = types[(packet.source.version == 6) * 2 + packet.is_answer]
    rest = struct.pack("!HH", packet.sport, 1) + token
    data = struct.pack("!BBH", kind, 0, 0) + rest
    pseudo = _pseudo(packet, len(data)) if packet.source.version == 6 else b""
    return data[:2] + struct.pack("!H", checksum(pseudo + data)) + rest


def _sctp(packet: Packet, token: bytes) -> bytes:
    """An INIT, or the INIT ACK that it gets; conntrack reads no checksum."""
    tag = SEQUENCE if packet.is_answer else 0
    kind = 2 if packet.is_answer else 1
    chunk = struct.pack("!BBHIIHHI", kind, 0, 20, SEQUENCE, 8192, 1, 1, 1)
    data = struct.pack("!HHII", packet.sport, packet.dport, tag, 0) + chunk
    # A padding parameter (RFC 4820) carries the token.
    data += struct.pack("!HH", 0x8005, 4 + len(token)) + token
    data = data[:14] + struct.pack("!H", 20 + 4 + len(token)) + data[16:]
    return data[:8] + struct.pack("<I", crc32c(data)) + data[12:]


def _crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


CRCS = [_crc_of_byte(byte) for byte in range(256)]


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRCS[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def _payload(packet: Packet) -> bytes:
    token = TOKEN.pack(MAGIC, packet.number)
    match packet.protocol:
        case "tcp":
            return _tcp(packet, token)
        case "udp":
            return _udp(packet, token)
        case "icmp":
            return _icmp(packet, token)
        case "sctp":
            return _sctp(packet, token)
        case "gre":  # version 0, nothing optional, a protocol of no meaning
            return struct.pack("!HH", 0, 0x6558) + token
        case "esp":
            return struct.pack("!II", packet.number + 256, 1) + token
    raise ValueError(packet.protocol)


def internet(packet: Packet) -> bytes:
    """From the IP head on."""
    payload = _payload(packet)
    ends = packet.source.packed + packet.destination.packed
    if packet.source.version == 6:
        head = struct.pack("!IHBB", 6 << 28, len(payload), _number(packet), 64)
        return head + ends + payload
    length, ident = 20 + len(payload), packet.number & 0xFFFF
    head = struct.pack("!BBHHHBBH", 0x45, 0, length, ident, 0, 64, _number(packet), 0)
    total = checksum(head + ends)
    return head[:10] + struct.pack("!H", total) + ends + payload


def ethernet(packet: bytes, source: bytes, destination: bytes) -> bytes:
    """Before what begins with an IP head."""
    kind = ETHERTYPE[packet[0] >> 4]
    return ETHERNET.pack(destination, source, kind) + packet


@dataclass(frozen=True)
class Seen:
    """A frame that came out of the gateway."""

    source: Address
    destination: Address
    number: int | None = None  # of the packet that it is or quotes
    sport: int = 0
    dport: int = 0
    is_reset: bool = False
    sequence: int = 0  # of TCP, where a connection is accepted
    icmp_type: int | None = None
    icmp_code: int | None = None

    @property
    def is_answer(self) -> bool:
        """To a question of ICMP."""
        types = (0, 14) if self.source.version == 4 else (129,)
        return self.icmp_type in types

    @property
    def is_prohibited(self) -> bool:
        """Administratively: a refusal, not a closed port or a lost route."""
        told = (3, 13) if self.source.version == 4 else (1, 1)
        return (self.icmp_type, self.icmp_code) == told

    @property
    def is_error(self) -> bool:
        """Of ICMP; it quotes what it is about."""
        if self.icmp_type is None:
            return False
        if self.source.version == 4:
            return self.icmp_type in (3, 5, 11, 12)
        return self.icmp_type < 128


def read(frame: bytes) -> Seen | None:
    """None: not a packet that concerns the tests (ARP and the like)."""
    kind = struct.unpack_from("!H", frame, 12)[0]
    if kind == ETHERTYPE[4]:
        body = frame[14:]
        number, head = body[9], (body[0] & 15) * 4
        ends = ip_address(body[12:16]), ip_address(body[16:20])
    elif kind == ETHERTYPE[6]:
        body = frame[14:]
        number, head = body[6], 40
        ends = ip_address(body[8:24]), ip_address(body[24:40])
    else:
        return None
    seen = Seen(*ends, number=number_of(body))
    payload = body[head:]
    if number in (TCP, UDP, SCTP):
        sport, dport = struct.unpack_from("!HH", payload)
        seen = replace(seen, sport=sport, dport=dport)
    if number == TCP:
        flags, (sequence,) = payload[13], struct.unpack_from("!I", payload, 4)
        is_accepted = flags & (SYN | ACK) == SYN | ACK
        seen = replace(
            seen,
            is_reset=bool(flags & RST),
            sequence=sequence if is_accepted else 0,
        )
    if number in (ICMP, ICMP6):
        seen = replace(seen, icmp_type=payload[0], icmp_code=payload[1])
    return seen


def number_of(body: bytes) -> int | None:
    """Of the packet that these bytes are or quote."""
    at = body.find(MAGIC)
    if at < 0 or len(body) < at + TOKEN.size:
        return None
    return TOKEN.unpack_from(body, at)[1]


def raw_socket(version: int) -> socket.socket:
    """For packets of the host itself, the IP head included."""
    if version == 4:
        return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sock.setsockopt(socket.IPPROTO_IPV6, 36, 1)  # IPV6_HDRINCL
    return sock
