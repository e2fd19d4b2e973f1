# SPDX-License-Identifier: GPL-2.0-or-later
"""The first datagram of a QUIC client, made by hand (RFC 9000, RFC 9001), for
what no client does; the ciphers are libcrypto's."""

import ctypes
import ctypes.util
import hashlib
import hmac

SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
GCM_GET_TAG = 0x10

_crypto = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
_pointer = ctypes.c_void_p
for _name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm", "EVP_aes_128_ecb"):
    getattr(_crypto, _name).restype = _pointer


def _run(cipher: str, key: bytes, iv: bytes | None, aad: bytes, data: bytes) -> bytes:
    """The sealed data, with its tag where there is one."""
    context = _pointer(_crypto.EVP_CIPHER_CTX_new())
    kind = _pointer(getattr(_crypto, cipher)())
    out, tag, len_ = ctypes.create_string_buffer(len(data) + 32), None, ctypes.c_int()
    assert _crypto.EVP_EncryptInit_ex(context, kind, None, key, iv) == 1
    if aad:
        assert _crypto.EVP_EncryptUpdate(context, None, ctypes.byref(len_), aad, len(aad)) == 1
    assert _crypto.EVP_EncryptUpdate(context, out, ctypes.byref(len_), data, len(data)) == 1
    sealed = out.raw[: len(data)]
    if iv is not None:
        _crypto.EVP_EncryptFinal_ex(context, out, ctypes.byref(len_))
        tag = ctypes.create_string_buffer(16)
        assert _crypto.EVP_CIPHER_CTX_ctrl(context, GCM_GET_TAG, 16, tag) == 1
    _crypto.EVP_CIPHER_CTX_free(context)
    return sealed + (tag.raw if tag else b"")


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    label = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(label)]) + label + b"\0"
    return hmac.digest(secret, info + b"\1", hashlib.sha256)[:length]


def _vector(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width, "big") + data


def _extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "big") + _vector(data, 2)


def hello(name: str, source_id: bytes) -> bytes:
    """What a server of TLS 1.3 and HTTP/3 answers with a hello of its own."""
    key = bytes(range(9, 41))  # X25519 takes any 32 bytes
    extensions = [
        _extension(0, _vector(b"\0" + _vector(name.encode(), 2), 2)),
        _extension(10, _vector(b"\x00\x1d", 2)),
        _extension(13, _vector(b"\x04\x03\x08\x04", 2)),
        _extension(16, _vector(_vector(b"h3", 1), 2)),
        _extension(43, _vector(b"\x03\x04", 1)),
        _extension(51, _vector(b"\x00\x1d" + _vector(key, 2), 2)),
        _extension(57, b"\x0f" + _vector(source_id, 1)),
    ]
    body = b"\x03\x03" + bytes(32) + b"\0" + _vector(b"\x13\x01", 2) + b"\1\0"
    return b"\1" + _vector(body + _vector(b"".join(extensions), 2), 3)


def initial(name: str, id: bytes, source_id: bytes) -> bytes:
    """One datagram with the whole hello."""
    secret = _expand(hmac.digest(SALT, id, hashlib.sha256), b"client in", 32)
    key, iv = _expand(secret, b"quic key", 16), _expand(secret, b"quic iv", 12)
    crypto = hello(name, source_id)
    frames = b"\x06\0" + (0x4000 | len(crypto)).to_bytes(2, "big") + crypto
    frames = frames.ljust(1180, b"\0")
    head = b"\xc3\0\0\0\1" + _vector(id, 1) + _vector(source_id, 1) + b"\0"
    head += (0x4000 | 4 + len(frames) + 16).to_bytes(2, "big")
    number = bytes(4)
    sealed = _run("EVP_aes_128_gcm", key, iv, head + number, frames)
    mask = _run("EVP_aes_128_ecb", _expand(secret, b"quic hp", 16), None, b"", sealed[:16])
    number = bytes(a ^ b for a, b in zip(number, mask[1:5]))
    return bytes([head[0] ^ mask[0] & 0x0F]) + head[1:] + number + sealed


def addressee(datagram: bytes) -> bytes:
    """Whom a server answers: the client's own id, in a long head."""
    return datagram[6 : 6 + datagram[5]] if datagram[0] & 0x80 else b""
