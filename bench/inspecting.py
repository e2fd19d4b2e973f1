# SPDX-License-Identifier: GPL-2.0-or-later
"""The proxies that open TLS, for the workload inspect.

All verify the origin's certificate, but the limit, and have made the one they
show before it is measured.
"""

import shutil
import subprocess

from bench import peers
from bench.field import BUILD, Field
from bench.peers import GATEHOUSE, POLICY, SQUID, Peer

INSIDE = "inside"
LIMIT = "limit: relay that opens"

POLICY_OPENS = POLICY.replace("for lan\n", 'for lan\n    ca "@DIR@/ca.pem"\n').replace(
    "tcp 8080", "tcp 8080 inspect"
)

SQUID_OPENS = SQUID.replace("http_port 10.0.0.1:@PORT@", """
http_port 10.0.0.1:@PORT@ ssl-bump tls-cert=@PEM@ generate-host-certificates=off
tls_outgoing_options cafile=@AUTHORITY@
ssl_bump bump all""")  # fmt: skip

PEERS = [
    Peer(GATEHOUSE, frozenset({INSIDE}), config=POLICY_OPENS),
    Peer("squid", frozenset({INSIDE}), "squid-openssl", SQUID_OPENS,
         ("squid", "-N", "-f", "@FILE@")),
    Peer(LIMIT, frozenset({INSIDE}), argv=(*peers.RELAY, "@PEM@")),
]  # fmt: skip


def prepare(ground: Field) -> None:
    """A CA for Gatehouse; the authority of the origin, which all trust."""
    made = [BUILD / "gatehouse", "ca", "create", ground.dir / "ca.pem"]
    subprocess.run(made, check=True, capture_output=True)
    trusted = ground.dir / "etc" / "ssl" / "certs" / "ca-certificates.crt"
    trusted.parent.mkdir(parents=True)
    shutil.copy(ground.dir / "authority.pem", trusted)
