# SPDX-License-Identifier: GPL-2.0-or-later
"""A process that may have so much more memory, or else the kernel ends it.

In a group of its own (cgroups of version 1 or 2), which what it starts is not
in.  What it has already is not counted in version 1, and moves with it in none.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

HOME = Path("/sys/fs/cgroup")


def _parent() -> tuple[Path, str] | None:
    """Where a group can be made, and the name of its limit."""
    if (HOME / "memory" / "memory.limit_in_bytes").exists():
        return HOME / "memory", "memory.limit_in_bytes"
    control = HOME / "cgroup.subtree_control"
    if control.exists() and "memory" in control.read_text().split():
        return HOME, "memory.max"
    return None


def lacking() -> str:
    """Why there is none here; empty if there is."""
    found = _parent()
    if found is None or not os.access(found[0], os.W_OK):
        return "no group of processes with a limit of memory can be made here"
    return ""


@contextlib.contextmanager
def memory_limit(pid: int, more: int) -> Iterator[None]:
    """It is ended by the kernel when it takes more than so many bytes more."""
    parent, limit = _parent()
    group = parent / f"gatehouse-lab-{os.getpid()}"
    group.mkdir()
    try:
        (group / limit).write_text(str(more))
        with contextlib.suppress(FileNotFoundError, PermissionError):
            (group / "memory.swap.max").write_text("0")
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        with contextlib.suppress(OSError):  # it is gone
            (parent / "cgroup.procs").write_text(str(pid))
        group.rmdir()
