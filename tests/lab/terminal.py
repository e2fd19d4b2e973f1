# SPDX-License-Identifier: GPL-2.0-or-later
"""A program at a terminal of its own: what it shows, and keys for it.

The terminal is pyte, which shows what a real one would.  It does not know all
that xterm does (repeated characters), so programs are told that it is screen.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

from tests.lab.host import Host, entering

TOO_LONG_S = 15.0
LEAVES = b"\033[?1049l"  # the screen before comes back


class Terminal:
    """`with Terminal(host, argv) as terminal:` ends it, however it went."""

    def __init__(self, host: Host, argv: list, rows=24, columns=80, **env: str):
        import pyte

        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.output = b""
        self.status: int | None = None
        self._fd, self._slave = pty.openpty()
        self.modes = termios.tcgetattr(self._slave)
        self.resize(rows, columns)
        wanted = {"TERM": "screen-256color", "LANG": "C.UTF-8"} | env
        command = entering(host.namespace, host.etc, [str(a) for a in argv])
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._fd)
            os.login_tty(self._slave)
            os.execvpe(command[0], command, host.env | wanted)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)
        os.close(self._slave)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def resize(self, rows: int, columns: int) -> None:
        self.screen.resize(rows, columns)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, size)

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if ready:
            piece = os.read(self._fd, 65536)
            self.output += piece
            self._stream.feed(piece)
        return bool(ready)

    def wait(self, words: str) -> str:
        """Until these words are on the screen; all of it."""
        return self._wait(f"'{words}'", lambda: words in self.text)

    def wait_gone(self, words: str) -> str:
        return self._wait(f"no '{words}'", lambda: words not in self.text)

    def _wait(self, what: str, seen) -> str:
        deadline = time.monotonic() + TOO_LONG_S
        while not seen():
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(left):
                raise TimeoutError(f"{what} is not on the screen:\n{self.text}")
        return self.text

    def wait_end(self) -> int:
        """Until it ends of itself; its exit status."""
        deadline = time.monotonic() + TOO_LONG_S
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > deadline:
                raise TimeoutError(f"it does not end:\n{self.text}")
            self._read(0.01)
        while self._read(0):
            pass
        return self.status

    def is_as_before(self) -> bool:
        """Whether the terminal has its modes and its screen back."""
        entered = b"\033[?1049h" in self.output
        return termios.tcgetattr(self._slave) == self.modes and (
            not entered or self.output.rindex(LEAVES) > self.output.rindex(b"1049h")
        )
