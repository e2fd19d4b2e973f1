# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces by name: make, enter, remove, and find what was left behind.

A namespace is called PREFIX-HOST, and the prefix tells which process made it:
`gh4711-lan` belongs to process 4711.  So labs can stand side by side, and what
a killed one left is known by its dead maker and removed by the next lab.
"""

import ctypes
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from tests.lab import wait

T = TypeVar("T")

NAMED = Path("/run/netns")
MARK = "GATEHOUSE_LAB"  # in the environment of all that a lab starts
PREFIX = re.compile(r"gh(\d+)(?:x\d+)?")
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


class NamespaceError(Exception):
    """The kernel, or `ip`, refused."""


def ip(lines: Iterable[str], namespace: str | None = None, force=False) -> None:
    """Give `ip` many commands at once: one process instead of one for each."""
    argv = ["ip"] + (["-n", namespace] if namespace else [])
    argv += (["-force"] if force else []) + ["-batch", "-"]
    done = subprocess.run(
        argv, input="\n".join(lines) + "\n", text=True, capture_output=True
    )
    if done.returncode and not force:
        raise NamespaceError(done.stderr.strip())


def make(names: Iterable[str]) -> None:
    ip(f"netns add {name}" for name in names)


def remove(names: Iterable[str]) -> None:
    """Take the names away; the kernel frees each when its last user has gone."""
    standing = [name for name in names if (NAMED / name).exists()]
    if standing:
        ip((f"netns del {name}" for name in standing), force=True)


def of_prefix(prefix: str) -> list[str]:
    return sorted(p.name for p in NAMED.glob(f"{prefix}-*"))


def inside(name: str, call: Callable[[], T]) -> T:
    """What `call` returns when it runs in the namespace.

    It runs in a thread of its own that ends with the call, so that no thread
    can be left behind in a wrong namespace.  A socket stays in the namespace
    that it was made in, whoever uses it afterwards: this is all it takes to
    have clients and servers of several hosts in one process.  Nothing may be
    started from here: what is tied to its parent's life would end at once.
    """
    done: Future[T] = Future()

    def enter_and_call() -> None:
        try:
            _enter(name)
            done.set_result(call())
        except BaseException as error:
            done.set_exception(error)

    thread = threading.Thread(target=enter_and_call)
    thread.start()
    thread.join()
    return done.result()


def beside(name: str, host: str) -> str:
    """That of another host of the same lab."""
    return f"{name.rsplit('-', 1)[0]}-{host}"


def listening(name: str) -> str:
    """Who takes TCP connections there, and what the kernel counted of those that
    it refused: for the words of a connection that nobody took."""
    argv = ["ip", "netns", "exec", name]
    who = subprocess.run([*argv, "ss", "-Hltn"], text=True, capture_output=True)
    rules = subprocess.run(
        [*argv, "nft", "list", "counters"], text=True, capture_output=True
    )
    places = [line.split()[3] for line in who.stdout.splitlines()]
    counted = re.findall(r"counter (\S+) \{[^}]*?packets ([1-9]\d*)", rules.stdout)
    ended = [f"{name} {packets}" for name, packets in counted]
    return f"{name} listens at {places}, counted {ended}"


def _enter(name: str) -> None:
    with open(NAMED / name, "rb") as file:
        if _libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {name}")


def processes(name: str) -> list[int]:
    """All that live in the namespace, whoever started them."""
    try:
        home = os.stat(NAMED / name)
    except FileNotFoundError:  # another lab is clearing it away at the same time
        return []
    return [pid for pid in _pids() if _lives_in(pid, home)]


def _pids() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def _lives_in(pid: int, home: os.stat_result) -> bool:
    try:
        its = os.stat(f"/proc/{pid}/ns/net")
    except OSError:
        return False
    return (its.st_dev, its.st_ino) == (home.st_dev, home.st_ino)


def end_processes(prefix: str) -> None:
    """Kill what the lab `prefix` started and still lives in its namespaces.

    A shell that somebody opened there by hand does not bear the mark; it is
    left alone, and keeps its nameless namespace until it ends.
    """
    for name in of_prefix(prefix):
        for pid in processes(name):
            _kill_marked(pid, f"{MARK}={prefix}".encode())


def _kill_marked(pid: int, mark: bytes) -> None:
    try:
        handle = os.pidfd_open(pid)  # from here on the number cannot be reused
    except ProcessLookupError:
        return
    try:
        if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            wait.until(f"end of process {pid}", lambda: has_ended(pid))
    except (FileNotFoundError, ProcessLookupError):
        pass
    finally:
        os.close(handle)


def has_ended(pid: int) -> bool:
    """Gone, or dead and not yet reaped by its parent."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def orphans() -> list[str]:
    """The prefixes of labs whose maker is dead."""
    if not NAMED.is_dir():
        return []
    prefixes = {p.name.rpartition("-")[0] for p in NAMED.glob("gh*-*")}
    return sorted(p for p in prefixes if is_orphan(p))


def is_orphan(prefix: str) -> bool:
    match = PREFIX.fullmatch(prefix)
    return match is not None and not _is_alive(int(match[1]))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not has_ended(pid)
