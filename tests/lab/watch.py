# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that reach a host, counted on its wire.

A server's log shows requests; that nothing at all arrived shows only here.
"""

import json

from tests.lab.host import Host

NEW_TCP = "tcp flags & (syn | ack) == syn"


class Watch:
    """`with Watch(lab.web, NEW_TCP) as watch:` ... `assert watch.count() == 0`"""

    def __init__(self, host: Host, match: str):
        self._host = host
        self._match = match

    def __enter__(self) -> "Watch":
        text = f"""table inet watch {{
            counter seen {{ }}
            chain in {{
                type filter hook input priority -300
                {self._match} counter name seen
            }}
        }}"""
        self._host.run(["nft", "-f", "-"], input=text, check=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._host.run(["nft", "delete", "table", "inet", "watch"], check=True)

    def count(self) -> int:
        argv = ["nft", "-j", "list", "counter", "inet", "watch", "seen"]
        said = json.loads(self._host.run(argv, check=True).stdout)
        return next(o["counter"]["packets"] for o in said["nftables"] if "counter" in o)
