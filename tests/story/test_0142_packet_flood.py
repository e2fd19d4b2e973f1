# SPDX-License-Identifier: GPL-2.0-or-later
"""A flood that a rule logs: its first packets are told, and how many more there
were; another rule's packets, and the same rule's between other zones, show as
ever, and the rule's counter knows them all."""

import socket

from tests.lab import wait
from tests.lab.gateway import GOOD, Gateway
from tests.lab.journal import Journal
from tests.lab.lab import Lab
from tests.story.zones import ZONES, line_of

import pytest

POLICY = (
    ZONES
    + """
drop  lan, guest -> wan udp 7001        log as "flooded"
drop  lan -> wan udp 7002               log as "quiet"
allow lan -> wan
"""
)
FLOOD, AT_ONCE = 30_000, 1000


@pytest.fixture(scope="module")
def gateway(lab: Lab):
    with Gateway(lab, POLICY) as gateway:
        yield gateway


def send(host, port: int, count: int) -> None:
    """From one socket: a flow that is dropped is new each time."""
    with host.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("203.0.113.80", port))
        for _ in range(count):
            sender.send(b"x")
