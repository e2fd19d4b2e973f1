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
    routes: str = ""


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


def nft(*forward: str, policy: str = "accept", before: str = "", behind: str = "") -> str:
    return (
        "table inet t {\n" + before + "chain inward { type filter hook input priority 0; policy accept; }\n"
        f"chain forward {{ type filter hook forward priority 0; policy {policy};\n"
        + "".join(f"{rule}\n" for rule in forward) + "}\n}\n" + behind
    )


INWARD = "ext0 198.51.100.7 -> int0 10.0.0.4"
def squid(*access: str, port: str = "http_port 3128", before: str = "") -> str:
    acls = "acl lan src 10.0.0.0/8\nacl good dstdomain .example.com\nacl bad dstdomain .example.net\n"
    return f"{port}\n{acls}{before}" + "".join(f"http_access {line}\n" for line in access)


ASKED = "10.0.0.4 -> http://www.example.com/ address 198.51.100.7 method GET explicit"
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
        "of what is not tracked nothing is new",
        "iptables",
        filtering(
            "-p udp -m udp --dport 53 -m state --state NEW -j ACCEPT", "-p tcp -m state --state NEW,UNTRACKED -j ACCEPT",
            "-p udp -m udp --dport 54 -m state --state NEW -j ACCEPT", policy="DROP",
            tables="*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack\n"
            "-A PREROUTING -p tcp -j NOTRACK\n-A PREROUTING -i lo -j NOTRACK\nCOMMIT\n",
        ),
        [(f"{OUTWARD} udp 53", "drop"), (f"{OUTWARD} tcp 22", "allow"), (f"{OUTWARD} udp 54", "allow")],
        ["(of some flows no state is kept)"],
    ),
    Case(
        "what is not tracked is refused",
        "nft",
        "table inet raw { chain c { type filter hook prerouting priority raw; udp dport 53 notrack; } }\n"
        + nft("ct state untracked drop"),
        [(f"{OUTWARD} udp 53", "drop")],
        ["(of some flows no state is kept; the rule below refuses more)"],
    ),
    Case(
        "chains of the kernel's own need no line",
        "iptables",
        "*nat\n-A PREROUTING -i int0 -p tcp --dport 80 -j REDIRECT --to-ports 3128\nCOMMIT\n"
        + filtering("-p tcp --dport 22 -j ACCEPT").replace(":FORWARD ACCEPT [0:0]\n", ""),
        [(f"{OUTWARD} tcp 80", "drop"), (f"{OUTWARD} tcp 22", "allow"), (f"{OUTWARD} tcp 23", "drop")],
        ["(no word for what is sent to the gateway; the rule below refuses more)"],
    ),
    Case(
        "what is sent on to the gateway itself is not published",
        "iptables",
        filtering(tables=nat("PREROUTING -i ext0 -p tcp --dport 80 -j DNAT --to-destination 10.0.0.1:81"),
                  inward=("-i ext0 -p tcp --dport 81 -j DROP",)),
        [("ext0 192.0.2.7 -> self 203.0.113.1 tcp 80", "drop")],
        ["(no word for what is sent to the gateway; the rule below refuses more)"],
    ),
    Case(
        "another network of the server's zone comes by the gateway",
        "iptables",
        filtering("-i ext0 -d 10.0.0.25 -p tcp --dport 80 -j ACCEPT", policy="DROP",
                  tables=nat("PREROUTING -i ext0 -p tcp --dport 80 -j DNAT --to-destination 10.0.0.25")),
        [("int0 10.0.7.4 -> ext0 self tcp 80", "drop"), ("ext0 192.0.2.7 -> ext0 self tcp 80", "allow")],
        routes="10.0.7.0/24 via 10.0.0.7 dev int0\n",
    ),
    Case(
        "as `iptables -S` writes it",
        "iptables",
        "-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n-N one\n-A FORWARD -j one\n-A one -p tcp -m tcp --dport 22 -j ACCEPT\n",
        [(f"{OUTWARD} tcp 22", "allow"), (f"{OUTWARD} tcp 23", "drop"), ("int0 10.0.0.4 -> self 10.0.0.1 tcp 9", "allow")],
        unsaid=["not translated"],
    ),
    Case(
        "what is refused on the loopback stands there",
        "iptables",
        filtering(inward=("-i lo -p tcp --dport 25 -j DROP", "-i lo -j ACCEPT")),
        [],
        ["# not translated: -A INPUT -i lo -p tcp --dport 25 -j DROP (the gateway's own loopback is always open)"],
    ),
    Case(
        "who asks for a protocol of IPv4 asks for IPv4",
        "nft",
        nft("ip protocol tcp accept", "ip6 nexthdr udp accept", policy="drop"),
        [(f"{OUTWARD} tcp 443", "allow"), (f"{OUTWARD} udp 443", "drop"),
         ("int0 2001:db8:1::4 -> ext0 2001:db8:f::7 tcp 443", "drop"),
         ("int0 2001:db8:1::4 -> ext0 2001:db8:f::7 udp 443", "allow")],
        unsaid=["not translated"],
    ),
    Case(
        "a map of verdicts by name, and one of several keys",
        "nft",
        nft(
            "iifname vmap @way", "iifname . oifname vmap { \"int0\" . \"int1\" : drop, \"int0\" . \"ext0\" : accept }",
            before="map way { type ifname : verdict; elements = { \"ext0\" : jump in, \"int1\" : drop } }\n"
            "chain in { tcp dport 22 drop; }\n",
        ),
        [(f"{INWARD} tcp 22", "drop"), (f"{INWARD} tcp 23", "allow"), (f"{OUTWARD} tcp 22", "allow"),
         ("int1 10.0.9.4 -> ext0 198.51.100.7 tcp 23", "drop"), ("int0 10.0.0.4 -> int1 10.0.9.4 tcp 22", "drop")],
        unsaid=["not translated"],
    ),
    Case(
        "a map that is not known refuses",
        "nft",
        nft("tcp dport vmap @there_is_none", "ip saddr . tcp sport vmap { 10.0.0.4 . 22 : drop }"),
        [(f"{OUTWARD} tcp 443", "drop")],
        ["(no word for 'vmap'; the rule below refuses more)"],
    ),
    Case(
        "a name that is not known refuses whatever it may be",
        "nft",
        nft("tcp dport vmap { $PORT : drop }"),
        [(f"{OUTWARD} tcp 443", "drop"), (f"{OUTWARD} udp 443", "allow")],
        ["(it names no set that was read; the rule below refuses more)"],
    ),
    Case(
        "pairs of values, in sets and defines of defines",
        "nft",
        "define WEB = 443\ndefine ALL = { $WEB, 8443 }\n" + nft(
            "ip daddr . tcp dport @pairs accept", "ip saddr . udp dport { 10.0.0.4 . 53, 10.0.0.5 . 123 } accept",
            "udp dport $ALL accept", policy="drop",
            before="set pairs { type ipv4_addr . inet_service; elements = { 198.51.100.7 . 22, 192.0.2.80 . 80 } }\n",
        ),
        [(f"{OUTWARD} tcp 22", "allow"), (f"{OUTWARD} tcp 80", "drop"), (f"{OUTWARD} udp 53", "allow"),
         (f"{OUTWARD} udp 123", "drop"), (f"{OUTWARD} udp 8443", "allow"), (f"{OUTWARD} udp 443", "allow")],
        unsaid=["not translated"],
    ),
    Case(
        "ranges and states with blanks, and no blanks at all",
        "nft",
        nft(
            "tcp dport 1000 - 2000 drop#that is it", "udp dport{53,123}drop", "ct state established | new icmp type 8 drop",
            "ip saddr!=10.0.0.1/24 drop",
        ),
        [(f"{OUTWARD} tcp 1500", "drop"), (f"{OUTWARD} udp 123", "drop"), (f"{OUTWARD} icmp echo-request", "drop"),
         (f"{OUTWARD} tcp 443", "allow"), (f"{INWARD} tcp 443", "drop")],
        unsaid=["not translated"],
    ),
    Case(
        "a mask makes other states of them",
        "nft",
        nft("ct state & (new | established) != 0 tcp dport 22 drop"),
        [(f"{OUTWARD} tcp 22", "drop")],
        ["not translated"],
    ),
    Case(
        "statements outside of tables",
        "nft",
        "add table inet t\n"
        "add chain inet t forward { type filter hook forward priority 0; policy accept; }\n"
        "add set inet t bad { type ipv4_addr; }\nadd element inet t bad { 198.51.100.7 }\n"
        "add rule inet t forward ip daddr @bad tcp dport 22 drop\nadd rule inet t forward tcp dport 23 accept\n"
        "insert rule inet t forward tcp dport 23 drop\nadd rule inet t forward index 0 tcp dport 25 drop\n",
        [(f"{OUTWARD} tcp 22", "drop"), (f"{OUTWARD} tcp 23", "drop"), (f"{OUTWARD} tcp 25", "drop"),
         (f"{OUTWARD} tcp 443", "allow")],
    ),
    Case(
        "a table that was deleted is gone",
        "nft",
        nft("accept") + "delete table inet t\n" + nft("tcp dport 22 drop"),
        [(f"{OUTWARD} tcp 22", "drop"), (f"{OUTWARD} tcp 23", "allow")],
    ),
    Case(
        "what a device refuses before all else",
        "nft",
        nft() + "table netdev d { chain c { type filter hook ingress device \"ext0\" priority 0; policy accept;\n"
        "ip saddr 198.51.100.0/24 drop\n} }\n"
        "table inet e { chain c { type filter hook ingress device \"int0\" priority 0; tcp dport 22 drop; } }\n",
        [(f"{INWARD} tcp 443", "drop"), (f"{OUTWARD} tcp 443", "allow"), (f"{OUTWARD} tcp 22", "drop"),
         ("ext0 192.0.2.7 -> int0 10.0.0.4 tcp 22", "allow")],
        unsaid=["not translated"],
    ),
    Case(
        "a file that cannot be read may refuse everything",
        "nft",
        nft("tcp dport 22 accept", "include \"nowhere.nft\""),
        [(f"{OUTWARD} tcp 22", "allow"), (f"{OUTWARD} tcp 23", "drop"), ("int0 10.0.0.4 -> self 10.0.0.1 tcp 22", "allow")],
        ["(it cannot be read; the rule below refuses more)"],
    ),
    Case(
        "a file that cannot be read may refuse everything, also outside of tables",
        "nft",
        nft() + "include \"nowhere.nft\"\n",
        [(f"{OUTWARD} tcp 22", "drop"), ("int0 10.0.0.4 -> self 10.0.0.1 tcp 22", "drop")],
        ["(it cannot be read; the rule below refuses more)"],
    ),
    Case(
        "nat of both families, of which one is let alone",
        "nft",
        nft() + "table inet n { chain o { type nat hook output priority -100;\n"
        "ip6 nexthdr icmpv6 accept\nip daddr 192.0.2.1 accept\ntcp dport 25 redirect to :2525\n"
        "} chain p { type nat hook prerouting priority -100;\nip saddr 10.0.0.4 accept\ntcp dport 25 redirect to :2525\n} }\n",
        [("int0 10.0.0.5 -> ext0 198.51.100.7 tcp 25", "drop"), (f"{OUTWARD} tcp 25", "allow"),
         ("int0 2001:db8:1::4 -> ext0 2001:db8:f::7 tcp 25", "drop"), (f"{OUTWARD} tcp 26", "allow")],
    ),
    Case(
        "no route back is a spoofed source",
        "nft",
        nft("fib saddr . iif oif missing drop", "fib daddr type broadcast drop", "meta pkttype multicast drop"),
        [(f"{OUTWARD} tcp 443", "allow")],
        unsaid=["not translated"],
    ),
    Case(
        "signs that stand for others are not the same everywhere",
        "nft",
        nft("iifname { \"int+\", \"ext0\" } tcp dport 22 accept", "iifname \"int*\" tcp dport 23 accept", policy="drop"),
        [(f"{OUTWARD} tcp 22", "drop"), (f"{OUTWARD} tcp 23", "allow")],
    ),
    Case(
        "a star is no sign to iptables",
        "iptables",
        filtering("-i int* -p tcp -m tcp --dport 22 -j ACCEPT", "-i int+ -p tcp -m tcp --dport 23 -j ACCEPT", policy="DROP"),
        [(f"{OUTWARD} tcp 22", "drop"), (f"{OUTWARD} tcp 23", "allow")],
        ["not translated"],
    ),
    Case(
        "an address that the gateway has not is not published at its own",
        "iptables",
        filtering(tables=nat("PREROUTING -d 198.51.100.99/32 -p tcp --dport 80 -j DNAT --to-destination 10.0.0.25"),
                  inward=("-p tcp --dport 80 -j DROP",)),
        [("ext0 192.0.2.7 -> self 203.0.113.1 tcp 80", "drop"), ("int1 10.0.9.4 -> ext0 198.51.100.99 tcp 80", "drop"),
         ("int1 10.0.9.4 -> ext0 198.51.100.98 tcp 80", "allow")],
        ["(it is asked for at an address that the gateway has not; the rule below refuses more)"],
    ),
    Case(
        "a set that rules fill is not what it holds now",
        "nft",
        nft("tcp dport 22 ip saddr @good drop", "tcp dport 22 ip saddr @bad drop", "tcp dport 23 add @bad { ip saddr } accept",
            before="set bad { type ipv4_addr; }\nset good { type ipv4_addr; elements = { 192.0.2.1 } }\n"),
        [(f"{OUTWARD} tcp 22", "drop"), (f"{OUTWARD} tcp 24", "allow")],
        ["(its members come and go; the rule below refuses more)"],
    ),
    Case(
        "an interface whose name would be an address",
        "nft",
        nft("iifname \"1\" drop"),
        [(f"{OUTWARD} tcp 443", "drop")],
        ["not translated"],
    ),
    Case(
        "a proxy in front of one's own servers becomes none for everybody",
        "squid",
        squid("allow all", port="http_port 80 accel defaultsite=www.example.com"),
        [],
        unsaid=["listen"],
    ),
    Case(
        "what is refused by another list, or by a program",
        "squid",
        squid("allow lan", before="acl video rep_mime_type video/mp4\nhttp_reply_access deny bad video\n"
              "url_rewrite_program /usr/bin/filter\n"),
        [(ASKED, "reject")],
        ["http_reply_access deny bad video (", "filter (what it refuses is not known; the rule below refuses more)"],
    ),
    Case(
        "another list allows some, and so no others",
        "squid",
        squid("allow lan", before="http_reply_access allow bad\n"),
        [(ASKED, "reject")],
    ),
    Case(
        "a line goes on behind its '\\'",
        "squid",
        squid("deny lan \\\n  bad", "allow \\\n\tlan", "deny all"),
        [(ASKED, "allow"), (ASKED.replace(".com", ".net"), "reject")],
        unsaid=["not translated"],
    ),
    Case(
        "a condition is not known",
        "squid",
        squid(before="if ${process_number} = 1\nacl few src 10.0.0.0/8\nhttp_access allow few\n"
              "else\nhttp_access allow lan\nendif\nhttp_access deny lan\nhttp_access deny all\n"),
        [(ASKED, "reject")],
        ["(its condition is not known)"],
    ),
    Case(
        "no name begins with a dot",
        "squid",
        squid("allow dot", "deny all", before="acl dot dstdom_regex ^\\.example\\.com$\n"),
        [(ASKED, "reject")],
        ["not translated"],
    ),
    Case(
        "a name of one label is none of the policy's",
        "squid",
        squid("deny one", "allow lan", "deny all", before="acl one dstdomain localhost\n"),
        [(ASKED, "reject")],
        ["not translated"],
    ),
    Case(
        "who may go by parents only goes by none else",
        "squid",
        squid("allow lan", "deny all", before="cache_peer up.example.com parent 3128 0 login=a:b\nnever_direct allow all\n"),
        [(ASKED, "reject")],
        ["(it goes by parents, and none has a word)"],
    ),
    Case(
        "what is lost of the cache and of parents is marked",
        "squid",
        squid("allow lan", "deny all", before="cache_peer up.example.com parent 3128 0 default\n"
              "cache_dir ufs /var/spool/squid 100 16 256\nmaximum_object_size 4 GB\n"),
        [(ASKED, "allow")],
        ["(a parent is asked for all (never_direct), or say `via`)", 'cache memory 256M, disk "/var/cache/gatehouse" 100M\n',
         "(no object is larger than what holds it)"],
    ),
    Case(
        "a file that cannot be read may have denied everything",
        "squid",
        squid(before="http_access allow bad\ninclude /nowhere/squid.conf\nhttp_access allow lan\n"),
        [(ASKED.replace(".com", ".net"), "allow"), (ASKED, "reject")],
        ["(it cannot be read; the rule below refuses more)"],
    ),
]


def test_included_files_stand_in_their_places(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "1.nft").write_text("define BAD = { 198.51.100.7 }\n")
    (tmp_path / "d" / "2.nft").write_text("table inet t { chain forward { include \"rules.nft\"\n} }\n")
    (tmp_path / "d" / "rules.nft").write_text("ip daddr $BAD tcp dport 22 drop\n")
    rules, addresses = tmp_path / "rules", tmp_path / "addresses"
    rules.write_text("#!/usr/sbin/nft -f\ninclude \"d/[0-9]*.nft\"\ninclude \"none/*.nft\"\n" + nft("tcp dport 23 accept"))
    addresses.write_text(small_iptables.ADDRESSES)
    done = run("import", rules, addresses)
    assert "not translated" not in done.stdout, done.stdout
    flows = [(f"{OUTWARD} tcp 22", "drop"), (f"{OUTWARD} tcp 23", "allow"), (f"{OUTWARD} tcp 24", "allow")]
    assert found(tmp_path, done.stdout, flows) == [verdict for _, verdict in flows], done.stdout


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_is_opened_or_lost(case: Case, tmp_path: Path) -> None:
    rules, addresses = tmp_path / "rules", tmp_path / "addresses"
    rules.write_text(case.text)
    addresses.write_text(small_iptables.ADDRESSES + case.routes)
    done = run("import", rules, *([] if case.kind == "squid" else [addresses]))
    assert done.returncode == 0, done.stderr
    policy = done.stdout
    assert found(tmp_path, policy, case.flows) == [verdict for _, verdict in case.flows], policy
    for words in case.said:
        assert words in policy, policy
    for words in case.unsaid:
        assert words not in policy, policy


BEFORE = """\
*filter
:ufw-before-input - [0:0]
:ufw-before-output - [0:0]
:ufw-before-forward - [0:0]
:ufw-not-local - [0:0]
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -s 198.51.100.0/24 -j DROP
-A ufw-before-input -p icmp --icmp-type echo-request -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny
-A ufw-not-local -j DROP
COMMIT
"""
AFTER = """\
*filter
:ufw-after-input - [0:0]
-A ufw-after-input -p udp --dport 137 -j ufw-skip-to-policy-input
-A ufw-after-input -p tcp --dport 99 -j ACCEPT
COMMIT
"""


def test_what_stands_around_ufws_rules(tmp_path: Path) -> None:
    """Whoever is refused before is not let in by what ufw was told."""
    texts = {
        "after.rules": AFTER, "user.rules": "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n",
        "before.rules": BEFORE, "addresses": small_iptables.ADDRESSES,
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    done = run("import", *(tmp_path / name for name in texts))
    assert "not translated" not in done.stdout and "no packet comes" not in done.stdout, done.stdout
    to_self = "ext0 {} -> self 203.0.113.1 {}"
    flows = [
        (to_self.format("198.51.100.7", "tcp 22"), "drop"), (to_self.format("192.0.2.7", "tcp 22"), "allow"),
        (to_self.format("192.0.2.7", "icmp echo-request"), "allow"), (to_self.format("192.0.2.7", "udp 137"), "drop"),
        (to_self.format("192.0.2.7", "tcp 99"), "allow"), (to_self.format("192.0.2.7", "tcp 23"), "drop"),
    ]
    assert found(tmp_path, done.stdout, flows) == [verdict for _, verdict in flows], done.stdout


@pytest.mark.parametrize("name", ["rules.v6", "second"])
@pytest.mark.parametrize("rule", ["-p icmpv6 -j ACCEPT", "-p tcp -m tcp --dport 80 -j ACCEPT"])
def test_a_file_of_the_other_family(rule: str, name: str, tmp_path: Path) -> None:
    """What it allows is not allowed in the family of the first one."""
    texts = {
        "rules.v4": filtering("-p tcp -m tcp --dport 22 -j ACCEPT", policy="DROP"),
        name: filtering(rule, "-p tcp -m tcp --dport 443 -j ACCEPT", policy="DROP"),
        "addresses": small_iptables.ADDRESSES,
    }
    for file, text in texts.items():
        (tmp_path / file).write_text(text)
    done = run("import", *(tmp_path / file for file in texts))
    six = "int0 2001:db8:1::4 -> ext0 2001:db8:f::7"
    flows = [(f"{OUTWARD} tcp 22", "allow"), (f"{OUTWARD} tcp 443", "drop"), (f"{six} tcp 443", "allow"), (f"{six} tcp 22", "drop")]
    assert found(tmp_path, done.stdout, flows) == [verdict for _, verdict in flows], done.stdout


def test_thousands_of_hosts_and_their_cards(tmp_path: Path) -> None:
    """Each host returns by a card that nobody can ask for: a list of doubts."""
    hosts = [f"10.{i // 250}.{i % 250}.1" for i in range(500)]
    lines = [f"-A cards -s {host}/32 -m mac --mac-source 00:00:00:00:00:01 -j RETURN" for host in hosts]
    text = filtering("-i int0 -j cards", policy="DROP").replace(
        "COMMIT", "\n".join([*lines, "-A cards -j DROP", "COMMIT"])
    ).replace(":OUTPUT", ":cards - [0:0]\n:OUTPUT")
    rules = tmp_path / "rules"
    rules.write_text(text)
    done = run("import", rules)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("no word for --mac-source") == len(hosts)


@pytest.mark.parametrize(
    "create, rule",
    [("create bad hash:ip family inet timeout 600", ""), ("create bad hash:ip family inet", "-p udp -j SET --add-set bad src")],
)
def test_sets_whose_members_come_and_go(create: str, rule: str, tmp_path: Path) -> None:
    """Whoever is in it tomorrow is refused today."""
    rules, sets = tmp_path / "rules", tmp_path / "sets"
    rules.write_text(filtering("-p tcp -m set --match-set bad src -j DROP", *([rule] if rule else [])))
    sets.write_text(create + "\n")
    (tmp_path / "addresses").write_text(small_iptables.ADDRESSES)
    done = run("import", rules, sets, tmp_path / "addresses")
    assert "(its members come and go: 'bad'; the rule below refuses more)" in done.stdout, done.stdout
    assert found(tmp_path, done.stdout, [(f"{OUTWARD} tcp 22", "drop")]) == ["drop"]
