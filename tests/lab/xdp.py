# SPDX-License-Identifier: GPL-2.0-or-later
"""XDP on a host's interfaces: what is there, and a program of somebody else's."""

import ctypes
import json
import os
import platform
import socket
import struct

from tests.lab import namespace
from tests.lab.host import Host

_CALL = {"x86_64": 321, "aarch64": 280}.get(platform.machine())
_PROG_LOAD, _LINK_CREATE = 5, 28
_TYPE_XDP, _ATTACH_XDP, _DRIVER_MODE = 6, 37, 4
# r0 = XDP_PASS; exit
_PASS = struct.pack("=BBhi", 0xB7, 0, 0, 2) + struct.pack("=BBhi", 0x95, 0, 0, 0)


def _bpf(command: int, attributes: bytes) -> int:
    """The descriptor that the kernel gives; OSError if it refuses."""
    if _CALL is None:
        raise OSError(f"no number of bpf(2) is known for {platform.machine()}")
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    fd = libc.syscall(_CALL, command, buffer, len(attributes))
    if fd < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return fd


def load_pass() -> int:
    """A program that lets everything pass."""
    code = ctypes.create_string_buffer(_PASS, len(_PASS))
    licence = ctypes.create_string_buffer(b"GPL")
    ends = ctypes.addressof(code), ctypes.addressof(licence)
    head = struct.pack("=IIQQIIQII", _TYPE_XDP, 2, *ends, 0, 0, 0, 0, 0)
    return _bpf(_PROG_LOAD, head + struct.pack("=16sII", b"foreign", 0, _ATTACH_XDP))


class Foreign:
    """`with Foreign(host, "ext0"):` another program has the interface."""

    def __init__(self, host: Host, interface: str):
        self._host = host
        self._interface = interface

    def __enter__(self) -> "Foreign":
        self._link = namespace.inside(self._host.namespace, self._attach)
        return self

    def _attach(self) -> int:
        program = load_pass()
        index = socket.if_nametoindex(self._interface)
        words = struct.pack("=IIII", program, index, _ATTACH_XDP, _DRIVER_MODE)
        try:
            return _bpf(_LINK_CREATE, words)
        finally:
            os.close(program)

    def close(self) -> None:
        if self._link >= 0:
            os.close(self._link)
        self._link = -1

    def __exit__(self, *_: object) -> None:
        self.close()


def attached(host: Host, interface: str) -> int | None:
    """The number of the program on it; None: there is none."""
    done = host.run(["ip", "-j", "link", "show", "dev", interface], check=True)
    [link] = json.loads(done.stdout)
    return link.get("xdp", {}).get("prog", {}).get("id")


def lacking() -> str:
    """Why early drop cannot be tried here; empty if it can."""
    try:
        os.close(load_pass())
    except OSError as error:
        return f"no XDP program can be loaded here: {error.strerror}"
    return ""
