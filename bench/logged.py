# SPDX-License-Identifier: GPL-2.0-or-later
"""The proxies of the workload request, each without and with its access log.

Each writes its log as its own manual has it, a line a request, to a file:
Gatehouse its events, HAProxy `option httplog` to standard output (it opens no
file), nginx `combined`, Squid by its daemon, whose time counts as well.
"""

from bench import peers
from bench.peers import GATEHOUSE, HAPROXY, KEEP, NGINX, POLICY, SQUID, Peer

WORKS = frozenset({KEEP})
LOGGED = " +log"


def _pair(name: str, package: str, config: str, log: tuple[str, str]) -> list[Peer]:
    argv = next(peer.argv for peer in peers.PEERS if peer.name == name)
    assert log[0] in config, name
    with_log = config.replace(*log)
    return [
        Peer(name, WORKS, package, config, argv),
        Peer(name + LOGGED, WORKS, package, with_log, argv),
    ]


HTTPLOG = "mode http\n    log stdout format raw daemon\n    option httplog"

PEERS = [
    *_pair(GATEHOUSE, "", POLICY, ("\ndrop any", " log\ndrop any")),
    *_pair("haproxy", "haproxy", HAPROXY, ("mode http", HTTPLOG)),
    *_pair("nginx", "nginx-light", NGINX,
           ("access_log off", "access_log @DIR@/access.log")),
    *_pair("squid", "squid-openssl", SQUID,
           ("access_log none", "access_log daemon:@DIR@/access.log")),
]  # fmt: skip
