# SPDX-License-Identifier: GPL-2.0-or-later
"""A policy that masquerades no longer leaves the flows that live as they are.

The kernel translates packets as long as some chain asks it to.  So such a chain
stays once it was needed, and a gateway that never translated has none: each
would cost every new flow a quarter.
"""

import socket

from tests.lab.gateway import GOOD, Gateway
from tests.lab.lab import Lab
from tests.lab.listener import echo
from tests.story.zones import ZONES

OUT = ("203.0.113.9", 9145)
RULE = "allow guest -> wan tcp 9145"


def answers(sock: socket.socket) -> bool:
    sock.sendall(b"x")
    return sock.recv(1) == b"x"


def test_what_was_masqueraded_lives_on(gateway_lab: Lab) -> None:
    lab, policies = gateway_lab, [f"{ZONES}{RULE} log", ZONES + RULE]
    with (
        Gateway(lab, f"{ZONES}masquerade guest -> wan\n{RULE}") as gateway,
        lab.out.serve(OUT[1], echo),
        lab.guest.connect(*OUT, timeout=5) as sock,
    ):
        assert answers(sock)
        for policy in policies:
            assert gateway.apply(policy).returncode == GOOD
            assert "masquerade" not in gateway.table() and answers(sock)
        gateway.kill("gatehoused")
        gateway.wait(5)
        gateway.policy = gateway.policy_file(policies[0])
        gateway.start()
        assert "masquerade" not in gateway.table() and answers(sock)


def test_nobody_pays_for_what_is_not_translated(gateway_lab: Lab) -> None:
    with Gateway(gateway_lab, ZONES + RULE) as gateway:
        listed = gateway.table()
    assert "hook forward" in listed and "type nat" not in listed
