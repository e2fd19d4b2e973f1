# SPDX-License-Identifier: GPL-2.0-or-later
"""A policy of several files is in force as one, in the kernel and in the proxy."""

from collections.abc import Callable

from tests.lab.flows import PROXY
from tests.lab.gateway import GOOD, NO, Gateway
from tests.story.zones import ZONES

Start = Callable[..., Gateway]

MAIN = (
    ZONES
    + """
proxy { listen 10.0.0.1:3128 for lan }
include "parts/*.policy"
reject lan -> any log as "nothing else"
"""
)


def test_both_enforcers_read_all_files(start_gateway: Start) -> None:
    gateway = start_gateway(ZONES + "drop any -> any\n")
    lab = gateway.lab
    parts = gateway.dir / "parts"
    parts.mkdir()
    (parts / "10-ads.policy").write_text(
        'list ads = domains "ads.txt"\nreject lan -> ads as "ads"\n'
    )
    (parts / "ads.txt").write_text(".example.net\n")
    (parts / "20-web.policy").write_text(
        'allow lan -> 203.0.113.53 udp 53\nallow lan -> wan tcp 80 log as "web"\n'
    )
    done = gateway.apply(MAIN)
    assert done.returncode == GOOD, done.stderr
    assert lab.lan.curl("http://www.example.com/", *PROXY).status == 200
    answer = lab.lan.curl("http://ads.example.net/", *PROXY)
    assert answer.status == 403 and "ads" in answer.text
    assert lab.lan.curl("http://www.example.com/", "-4").status == 200

    (parts / "20-web.policy").write_text("alow lan -> wan\n")
    done = gateway.apply(MAIN)
    assert done.returncode == NO
    assert "20-web.policy:1:1: error" in done.stderr
    assert lab.lan.curl("http://www.example.com/", *PROXY).status == 200
