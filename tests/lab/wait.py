# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting: always for something, never for a span of time, always bounded."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.01


def until(what: str, ask: Callable[[], T], timeout: float = 20.0) -> T:
    """The first answer of `ask` that is true; TimeoutError when none comes."""
    deadline = time.monotonic() + timeout
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:g} s in vain: {what}")
        time.sleep(POLL_S)
    return answer
