# SPDX-License-Identifier: GPL-2.0-or-later
"""What an import once opened, or lost without a word.

Each row is a small file as others write it, and flows: what was refused is
refused, and what cannot be said stands there with its reason.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.lab import small_iptables
from tests.test_import import found, run


class Case(NamedTuple):
    name: str
    kind: str
    text: str
    flows: list[tuple[str, str]]
    said: list[str] = []  # what the policy must have, as it is
    unsaid: list[str] = []


def filtering(*forward: str, policy: str = "ACCEPT", inward: tuple[str, ...] = (), tables: str = "") -> str:
    rows = [f"-A INPUT {rule}" for rule in inward] + [f"-A FORWARD {rule}" for rule in forward]
    return (
        f"{tables}*filter\n:INPUT ACCEPT [0:0]\n:FORWARD {policy} [0:0]\n:OUTPUT ACCEPT [0:0]\n"
        + "".join(f"{row}\n" for row in rows)
        + "COMMIT\n"
    )


def nat(*rules: str) -> str:
    return "*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:one - [0:0]\n" + "".join(
        f"-A {rule}\n" for rule in rules
    ) + "COMMIT\n"


OUTWARD = "int0 10.0.0.4 -> ext0 198.51.100.7"

CASES = [
    Case(
        "what was sent to the proxy of the gateway passes by nothing else",
        "iptables",
        filtering(tables=nat("PREROUTING -i int0 -p tcp --dport 80 -j REDIRECT --to-ports 3128")),
        [(f"{OUTWARD} tcp 80", "drop"), (f"{OUTWARD} tcp 81", "allow"),
         ("int0 10.0.0.4 -> self 10.0.0.1 tcp 80", "drop")],
        ["(no word for what is sent to the gateway; the rule below refuses more)"],
    ),
    Case(
        "who was sent to a server of names asks no other one",
        "iptables",
        filtering(tables=nat("PREROUTING -i int0 -p udp --dport 53 -j DNAT --to-destination 10.0.9.4")),
        [(f"{OUTWARD} udp 53", "drop"), ("int0 10.0.0.4 -> self 10.0.0.1 udp 53", "allow")],
        ["publish int0 udp 53 -> 10.0.9.4"],
    ),
    Case(
        "what the gateway sends is not sent on, and goes nowhere else",
        "iptables",
        filtering(tables=nat("OUTPUT -m owner --uid-owner tor -j RETURN", "OUTPUT -p tcp -j REDIRECT --to-ports 9040")),
        [("self -> 198.51.100.7 tcp 443", "drop")],
        ["drop   self -> any tcp\n", "allow  self -> any\n",
         "(what the gateway sends is sent nowhere else; the rule below refuses more)"],
    ),
    Case(
        "what is refused before nat is refused by the port that was asked for",
        "iptables",
        filtering(
            "-d 10.0.0.25 -p tcp --dport 80 -j ACCEPT", policy="DROP",
            tables="*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -s 198.51.100.0/24 -p tcp --dport 8080 -j DROP\nCOMMIT\n"
            + nat("PREROUTING -i ext0 -p tcp --dport 8080 -j DNAT --to-destination 10.0.0.25:80"),
        ),
        [("ext0 198.51.100.7 -> self 203.0.113.1 tcp 8080", "drop"),
         ("ext0 192.0.2.7 -> self 203.0.113.1 tcp 8080", "allow")],
    ),
    Case(
        "what is refused to the server's own address is not refused to the gateway's",
        "iptables",
        filtering(
            "-d 10.0.0.25 -p tcp --dport 80 -j ACCEPT", policy="DROP",
            tables="*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING ! -i int0 -d 10.0.0.25 -j DROP\nCOMMIT\n"
            + nat("PREROUTING -i ext0 -p tcp --dport 8080 -j DNAT --to-destination 10.0.0.25:80"),
        ),
        [("ext0 192.0.2.7 -> self 203.0.113.1 tcp 8080", "allow"), ("ext0 192.0.2.7 -> int0 10.0.0.25 tcp 80", "drop")],
        ["publish ext0 tcp 8080 -> 10.0.0.25 tcp 80"],
    ),
    Case(
        "who was let alone in another chain of nat is published to nobody",
        "iptables",
        filtering(
            tables=nat(
                "PREROUTING -j one", "PREROUTING -i ext0 -p tcp --dport 8080 -j DNAT --to-destination 10.0.0.25:80",
                "one -s 192.0.2.0/24 -j ACCEPT",
            ),
            inward=("-s 192.0.2.0/24 -j DROP",),
        ),
        [("ext0 192.0.2.7 -> self 203.0.113.1 tcp 8080", "drop")],
    ),
    Case(
        "whose address it is, is told in chains of any name",
        "iptables",
        filtering(
            inward=("-j local",),
            tables="",
        ).replace(":OUTPUT", ":local - [0:0]\n:OUTPUT").replace(
            "COMMIT",
            "-A local -m addrtype --dst-type LOCAL -j RETURN\n-A local -m addrtype --dst-type MULTICAST -j RETURN\n"
            "-A local -m addrtype --dst-type BROADCAST -j RETURN\n-A local -j DROP\nCOMMIT",
        ),
        [("int0 10.0.0.4 -> self 10.0.0.1 tcp 22", "allow")],
        unsaid=["not translated"],
    ),
    Case(
        "who refuses what is not to the host refuses what is to many",
        "iptables",
        filtering(inward=("-m addrtype ! --dst-type LOCAL -j DROP",)),
        [("int0 10.0.0.4 -> self 10.0.0.1 tcp 22", "allow"), ("int0 10.0.0.4 -> self 224.0.0.251 udp 5353", "drop")],
        unsaid=["not translated"],
    ),
    Case(
        "spoofed sources are dropped, and nobody else with them",
        "iptables",
        filtering(tables="*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m rpfilter --invert -j DROP\nCOMMIT\n"),
        [(f"{OUTWARD} tcp 443", "allow")],
        unsaid=["not translated"],
    ),
    Case(
        "a negation may stand before its value",
        "iptables",
        filtering(
            "-s ! 10.0.0.0/255.0.0.0 -p udp -j DROP", "-p tcp -m state --state ! RELATED,ESTABLISHED -j DROP",
            "-p icmp -i ! int0 -j DROP", "-p udp -m udp --dport ! 53 -j DROP",
        ),
        [(f"{OUTWARD} tcp 443", "drop"), (f"{OUTWARD} udp 53", "allow"), (f"{OUTWARD} udp 54", "drop"),
         ("ext0 198.51.100.7 -> int0 10.0.0.4 udp 53", "drop"), (f"{OUTWARD} icmp echo-request", "allow")],
        unsaid=["not translated"],
    ),
    Case(
        "a day's hours behind midnight are its own first ones",
        "iptables",
        filtering(
            "-p tcp -m time --timestart 22:00:00 --timestop 06:00:00 --weekdays Mon --kerneltz -j ACCEPT",
            "-p udp -m time --timestart 22:00:00 --timestop 06:00:00 --kerneltz -j ACCEPT", policy="DROP",
        ),
        [(f"{OUTWARD} tcp 443 at tue 05:00", "drop"), (f"{OUTWARD} udp 443 at tue 05:00", "allow")],
        ["(no word for these hours)"],
    ),
    Case(
        "what is refused on the loopback stands there",
        "iptables",
        filtering(inward=("-i lo -p tcp --dport 25 -j DROP", "-i lo -j ACCEPT")),
        [],
        ["# not translated: -A INPUT -i lo -p tcp --dport 25 -j DROP (the gateway's own loopback is always open)"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_is_opened_or_lost(case: Case, tmp_path: Path) -> None:
    rules, addresses = tmp_path / "rules", tmp_path / "addresses"
    rules.write_text(case.text)
    addresses.write_text(small_iptables.ADDRESSES)
    done = run("import", rules, *([] if case.kind == "squid" else [addresses]))
    assert done.returncode == 0, done.stderr
    policy = done.stdout
    assert found(tmp_path, policy, case.flows) == [verdict for _, verdict in case.flows], policy
    for words in case.said:
        assert words in policy, policy
    for words in case.unsaid:
        assert words not in policy, policy
