# SPDX-License-Identifier: GPL-2.0-or-later
"""What a lab asks of the machine: each lack is one sentence that says what to do."""

import os
import shutil
from pathlib import Path

from tests.lab.host import Host

# Program: the Debian package that has it.
PROGRAMS = {
    "curl": "curl",
    "dig": "bind9-dnsutils",
    "ip": "iproute2",
    "mount": "mount",
    "nft": "nftables",
    "nginx": "nginx-light",
    "openssl": "openssl",
    "setpriv": "util-linux",
}

# Each use of nftables that Gatehouse makes, alone, so that the missing one is
# named.  They are put into a namespace of the lab's and taken away again.
FEATURES = {
    "stateful rules (nf_conntrack)": "type filter hook forward priority 0;"
    " ct state established accept",
    "hand-over over IPv4 (nft_tproxy)": "type filter hook prerouting priority -150;"
    " meta l4proto tcp tproxy ip to 127.0.0.1:9 accept",
    "hand-over over IPv6 (nft_tproxy)": "type filter hook prerouting priority -150;"
    " meta l4proto tcp tproxy ip6 to [::1]:9 accept",
    "route lookup (nft_fib_inet)": "type filter hook prerouting priority -150;"
    " fib daddr type local accept",
    "socket match (nft_socket)": "type filter hook prerouting priority -150;"
    " socket transparent 1 socket wildcard 0 accept",
    "masquerade (nft_masq)": "type nat hook postrouting priority 100; masquerade",
    "publish (nft_nat)": "type nat hook prerouting priority -100;"
    " dnat ip to 10.0.0.25",
    "reject (nft_reject_inet)": "type filter hook forward priority 0;"
    " reject with icmpx admin-prohibited",
    "packet log (nfnetlink_log)": "type filter hook forward priority 0; log group 7",
}


def missing_for_lab() -> str:
    """Why no lab can be raised here; empty if one can."""
    if os.geteuid() != 0:
        return "the lab makes network namespaces, which needs root"
    lacking = {package for name, package in PROGRAMS.items() if not shutil.which(name)}
    if lacking:
        return "apt-get install " + " ".join(sorted(lacking))
    if not Path("/proc/sys/net/ipv6").exists():
        return "this kernel runs without IPv6, which half of the lab needs"
    if not Path("/etc/resolv.conf").exists():
        return "/etc/resolv.conf is missing, over which hosts lay theirs: create one"
    return ""


def missing_for_gateway(host: Host) -> str:
    """Which kernel features Gatehouse would miss, tried in the host."""
    lacking = [word for word, chain in FEATURES.items() if not _has(host, chain)]
    return "this kernel lacks " + ", ".join(lacking) if lacking else ""


def _has(host: Host, chain: str) -> bool:
    text = f"table inet gatehouse_probe {{ chain try {{ {chain}\n }}\n }}\n"
    done = host.run(["nft", "-f", "-"], input=text)
    if done.returncode == 0:
        host.run(["nft", "delete", "table", "inet", "gatehouse_probe"], check=True)
    return done.returncode == 0
