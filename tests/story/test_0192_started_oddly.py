# SPDX-License-Identifier: GPL-2.0-or-later
"""What whoever starts the gateway leaves to it, and what it makes of that: a
shell, a supervisor, a script with a lock in its hands."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab import wait
from tests.lab.gateway import WRONG_WORLD, Gateway, GatewayError
from tests.lab.lab import Lab
from tests.story.zones import ZONES

POLICY = ZONES + "proxy { listen 10.0.0.1:3128 for lan }\nallow lan -> wan tcp 80\n"
SHELL = ["sh", "-c"]


class Odd(Gateway):
    """One that is started by way of other words."""

    before: list[str] = []

    def argv(self) -> list[str | Path]:
        return [*self.before, *super().argv()]


@contextmanager
def started(lab: Lab, *before: str) -> Iterator[Gateway]:
    gateway = Odd(lab, POLICY)
    gateway.before = list(before)
    with gateway:
        yield gateway


def descriptor(pid: int, number: int) -> str:
    return os.readlink(f"/proc/{pid}/fd/{number}")


def test_children_that_nobody_waits_for(own_lab: Lab) -> None:
    """Where SIGCHLD is ignored, the kernel tells of no child's end: programs
    inherit that. It knows of its proxy's all the same."""
    with started(own_lab, "env", "--ignore-signal=CHLD") as gateway:
        before = gateway.kill("gatehouse-proxy")
        wait.until(
            "another proxy",
            lambda: (now := gateway.pids("gatehouse-proxy")) and now != before,
        )


@pytest.mark.parametrize("closed", ["<&- 2>&-", "2>&-"])
def test_streams_that_are_closed(own_lab: Lab, closed: str) -> None:
    """No lock, file or connection takes the place of standard error."""
    with started(own_lab, *SHELL, f'exec "$@" {closed}', "sh") as gateway:
        for program in ("gatehoused", "gatehouse-proxy"):
            assert descriptor(gateway.first(program), 2) == "/dev/null", program


def test_no_file_may_grow(own_lab: Lab) -> None:
    """A limit that it cannot live with is a refusal, and no death by a signal."""
    with pytest.raises(GatewayError) as told, started(
        own_lab, *SHELL, 'ulimit -f 0; exec "$@"', "sh"
    ):
        pass
    assert told.value.status == WRONG_WORLD
