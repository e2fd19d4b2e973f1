# SPDX-License-Identifier: GPL-2.0-or-later
"""without.py NUMBER COMMAND...: run it as on a kernel that lacks a system call.

Of x86-64.  The call gives ENOSYS, to the command and to all that it starts.
"""

import ctypes
import errno
import os
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
RETURN_ERRNO, RETURN_ALLOW = 0x00050000, 0x7FFF0000
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06


class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def main() -> None:
    code = b"".join(
        struct.pack("HBBI", *step)
        for step in (
            (LOAD, 0, 0, 0),  # the number of the call
            (JUMP_EQUAL, 0, 1, int(sys.argv[1])),
            (RETURN, 0, 0, RETURN_ERRNO | errno.ENOSYS),
            (RETURN, 0, 0, RETURN_ALLOW),
        )
    )
    libc = ctypes.CDLL(None)
    program = Program(len(code) // 8, code)
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0) == 0
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
