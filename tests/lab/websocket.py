# SPDX-License-Identifier: GPL-2.0-or-later
"""What a server of WebSocket answers (RFC 6455, 4.2.2)."""

import base64
import hashlib

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def switch(key: str, *more: str) -> bytes:
    """To the value of Sec-WebSocket-Key; `more` are lines of the head."""
    proof = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
    lines = ["HTTP/1.1 101 Switching Protocols", "Connection: upgrade", "Upgrade: websocket"]
    lines += [f"Sec-WebSocket-Accept: {proof}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def key_of(head: bytes) -> str:
    """Of a request."""
    lines = head.decode("latin-1").split("\r\n")
    [key] = [line for line in lines if line.lower().startswith("sec-websocket-key: ")]
    return key.split(": ")[1]
