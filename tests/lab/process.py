# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that the lab started: its output in files, its end certain."""

import os
import signal
import subprocess
from pathlib import Path

from tests.lab import wait


def memory_kib(pid: int, word: str = "VmRSS") -> int:
    """What the kernel says of a process: VmHWM has the most that it has had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith(f"{word}:")]
    return int(line.split()[1])


class Process:
    """One running program, leader of its own session.

    Of its own session, so that a Ctrl-C at the terminal reaches the lab alone,
    which then ends its programs in order.
    """

    def __init__(self, argv: list[str], stem: Path, env: dict[str, str]):
        self.name = stem.name
        self._out = stem.with_suffix(".out")
        self._err = stem.with_suffix(".err")
        with open(self._out, "wb") as out, open(self._err, "wb") as err:
            self._popen = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=env,
                start_new_session=True,
            )
        self.pid = self._popen.pid
        self._asked = False

    @property
    def out(self) -> str:
        return self._out.read_text(errors="replace")

    @property
    def err(self) -> str:
        return self._err.read_text(errors="replace")

    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._popen.poll()

    def wait(self, timeout: float | None = None) -> int:
        return self._popen.wait(timeout)

    def wait_line(self, line: str, timeout: float) -> bool:
        """True once it has printed the line; False if it ended without."""

        def seen_or_ended() -> str:
            ended = self.status() is not None  # asked first: output comes before
            if line in self.out.splitlines():
                return "seen"
            return "ended" if ended else ""

        what = f"'{line}' from {self.name}"
        return wait.until(what, seen_or_ended, timeout) == "seen"

    def signal(self, number: int) -> None:
        self._popen.send_signal(number)

    def ask_to_end(self) -> None:
        """SIGTERM, once: to many programs a second one means something else."""
        if not self._asked:
            self._asked = True
            self._popen.terminate()

    def stop(self, timeout: float = 5.0) -> int:
        """Ask it to end; insist when it does not.  Its exit status."""
        self.ask_to_end()
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)  # not reaped: the number is ours
            return self._popen.wait()
