# SPDX-License-Identifier: GPL-2.0-or-later
"""System calls from inside of a process that runs.

As somebody would make them who has come in: in the process itself, in its first
thread, with its user, filters and descriptors.  The program has no part in it:
the thread is stopped (ptrace, as root), two instructions are written where the
program began and never comes again, and all is put back afterwards.
"""

import contextlib
import ctypes
import errno
import os
import platform
import signal
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SYSCALL_AND_TRAP = b"\x0f\x05\xcc"
AT_ENTRY = 9
WALL = 0x40000000  # also threads (wait(2), __WALL)
CONT, GETREGS, SETREGS, DETACH, SEIZE, INTERRUPT = 7, 12, 13, 17, 0x4206, 0x4207
EVENT_STOP = 128
RED_ZONE = 4096  # below the stack, of which nobody uses so much

REGISTERS = (
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs"
    " eflags rsp ss fs_base gs_base ds es fs gs"
).split()
ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")

lacking = "" if platform.machine() == "x86_64" else "calls are put in on x86-64 only"

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in REGISTERS]


@dataclass(frozen=True)
class Outcome:
    """What became of a call: its value (a negative errno), or the end of the
    process; and whether the filter sent SIGSYS."""

    value: int | None
    exit: int | None
    trapped: bool


def _ptrace(request: int, pid: int, address=None, data=None) -> None:
    if _libc.ptrace(request, pid, address, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _entry(pid: int) -> int:
    words = Path(f"/proc/{pid}/auxv").read_bytes()
    return dict(struct.iter_unpack("QQ", words))[AT_ENTRY]


def _await_stop(pid: int) -> int:
    return os.waitpid(pid, WALL)[1]


class Process:
    """`with Process(pid) as inside: inside.call(41, 16, 3, 0)`"""

    def __init__(self, pid: int):
        self.pid = pid
        self.alive = True

    def __enter__(self) -> "Process":
        _ptrace(SEIZE, self.pid)
        _ptrace(INTERRUPT, self.pid)
        while _await_stop(self.pid) >> 16 != EVENT_STOP:
            _ptrace(CONT, self.pid)
        self.before = Registers()
        _ptrace(GETREGS, self.pid, None, ctypes.addressof(self.before))
        self.entry = _entry(self.pid)
        self.code = self.peek(self.entry, len(SYSCALL_AND_TRAP))
        self.poke(self.entry, SYSCALL_AND_TRAP)
        return self

    def __exit__(self, *_: object) -> None:
        if self.alive:
            self.poke(self.entry, self.code)
            _ptrace(SETREGS, self.pid, None, ctypes.addressof(self.before))
            _ptrace(DETACH, self.pid)

    def peek(self, address: int, count: int) -> bytes:
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(count)

    def poke(self, address: int, data: bytes) -> None:
        with open(f"/proc/{self.pid}/mem", "wb", buffering=0) as memory:
            memory.seek(address)
            memory.write(data)

    def _arguments(self, arguments: tuple[int | bytes, ...]) -> list[int]:
        """Bytes are put below the stack, and their address given."""
        at = self.before.rsp - RED_ZONE
        values = []
        for argument in arguments:
            if isinstance(argument, bytes):
                at -= (len(argument) + 15) // 16 * 16
                self.poke(at, argument)
                argument = at
            values.append(argument & 0xFFFFFFFFFFFFFFFF)
        return values

    def call(self, number: int, *arguments: int | bytes) -> Outcome:
        now = Registers.from_buffer_copy(self.before)
        now.rip, now.rax, now.orig_rax = self.entry, number, 2**64 - 1
        now.rsp -= 4 * RED_ZONE  # the handler of SIGSYS needs its frame
        for name, value in zip(ARGUMENTS, self._arguments(arguments)):
            setattr(now, name, value)
        _ptrace(SETREGS, self.pid, None, ctypes.addressof(now))
        return self._run()

    def _run(self) -> Outcome:
        trapped, sent = False, 0
        while True:
            _ptrace(CONT, self.pid, None, sent)
            status = _await_stop(self.pid)
            if not os.WIFSTOPPED(status):
                self.alive = False
                return Outcome(None, os.waitstatus_to_exitcode(status), trapped)
            sent = os.WSTOPSIG(status)
            if sent == signal.SIGTRAP and status >> 16 == 0:
                return Outcome(self._value(), None, trapped)
            trapped |= sent == signal.SIGSYS
            if status >> 16:
                sent = 0

    def _value(self) -> int:
        now = Registers()
        _ptrace(GETREGS, self.pid, None, ctypes.addressof(now))
        return ctypes.c_int64(now.rax).value


@contextlib.contextmanager
def stopped(thread: int) -> Iterator[None]:
    """One thread of a process stands still for the while, and no other."""
    _ptrace(SEIZE, thread)
    _ptrace(INTERRUPT, thread)
    while _await_stop(thread) >> 16 != EVENT_STOP:
        _ptrace(CONT, thread)
    try:
        yield
    finally:
        _ptrace(DETACH, thread)


def word(outcome: Outcome) -> str:
    """EPERM and its like; `ok`; or how the process ended."""
    if outcome.exit is not None:
        return f"exit {outcome.exit}"
    if outcome.value < 0:
        return errno.errorcode.get(-outcome.value, str(outcome.value))
    return "ok"
