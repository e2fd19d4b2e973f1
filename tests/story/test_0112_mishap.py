# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself: a story in which a daemon came to grief does not pass."""

import os
import signal

import pytest

from tests.lab import wait
from tests.lab.gateway import MISHAP, Gateway, GatewayError
from tests.lab.lab import Lab
from tests.story.zones import ZONES

POLICY = ZONES + "allow lan -> any\n"


def test_a_proxy_that_died_of_itself_is_seen(own_lab: Lab) -> None:
    with pytest.raises(GatewayError, match="gatehouse-proxy ended by"):
        with Gateway(own_lab, POLICY) as gateway:
            [pid] = gateway.pids("gatehouse-proxy")
            os.kill(pid, signal.SIGABRT)
            wait.until("its death", lambda: "ended by" in gateway.err)


def test_one_that_the_story_killed_is_no_mishap(own_lab: Lab) -> None:
    with Gateway(own_lab, POLICY) as gateway:
        gateway.kill("gatehouse-proxy")
        wait.until("its death", lambda: "ended by" in gateway.err)


@pytest.mark.parametrize(
    "words",
    [
        "==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x1",
        "==1==ERROR: LeakSanitizer: detected memory leaks",
        "WARNING: ThreadSanitizer: data race (pid=1)",
        "../src/a.c:1:2: runtime error: signed integer overflow: 1 + 2",
        "gatehouse: ../src/a.c:1: must hold: all is well",
        "*** stack smashing detected ***: terminated",
    ],
)
def test_words_of_a_mishap_are_known(words: str) -> None:
    assert MISHAP.search(f"ready\n{words}\n")
