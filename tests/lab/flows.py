# SPDX-License-Identifier: GPL-2.0-or-later
"""The flows of the demonstration: what each is, and what must become of it.

They are sent through a gateway that runs examples/office.policy; the rules
named here are that policy's.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass

from tests.lab import curl
from tests.lab.host import Host
from tests.lab.lab import Lab

PROXY = ("--proxy", "http://10.0.0.1:3128")
TUNNEL = (*PROXY, "--proxytunnel")
SOCKS = ("--proxy", "socks5h://10.0.0.1:3128")
PATIENCE_S = 1.0  # silence for that long is silence

# What a client can meet with.
ANSWER = "answer"  # a page, a greeting, an address: what it came for
PAGE_403 = "403 page"  # the proxy's, which says why
REFUSED = "refused"  # at once: a reset, an ICMP error, a broken handshake
SILENCE = "silence"

BY_CURL_EXIT = {
    curl.CONNECT_FAILED: REFUSED,
    curl.TIMED_OUT: SILENCE,
    curl.TLS_FAILED: REFUSED,
    curl.PROXY_REFUSED: REFUSED,
    52: REFUSED,  # closed without an answer
}


@dataclass(frozen=True)
class Outcome:
    """What the client met with, and where it came from."""

    happened: str
    client: Host
    ports: range


@dataclass(frozen=True)
class Flow:
    words: str
    expected: str
    enforcer: str
    rule: str
    send: Callable[[Lab], Outcome]
    explain_as: str  # the FLOW of `gatehouse explain`


# Clients.


def fetch(host: str, url: str, *options: str) -> Callable[[Lab], Outcome]:
    """Ask for a page as a browser does."""

    def send(lab: Lab) -> Outcome:
        client: Host = getattr(lab, host)
        answer = client.curl(url, *options, timeout=PATIENCE_S + 1)
        return Outcome(of_answer(answer), client, answer.ports)

    return send


def of_answer(answer: curl.Answer) -> str:
    no_tunnel = answer.connect_status >= 400
    status = answer.connect_status if no_tunnel else answer.status
    if answer.exit != 0 and not no_tunnel:
        return BY_CURL_EXIT.get(answer.exit, f"curl {answer.exit}")
    return {200: ANSWER, 403: PAGE_403}.get(status, f"status {status}")


def hear(host: str, address: str, port: int) -> Callable[[Lab], Outcome]:
    """Connect, and wait to be greeted."""

    def send(lab: Lab) -> Outcome:
        client: Host = getattr(lab, host)
        ports = client.ports()
        source = (client.ip6 if ":" in address else client.ip4, ports.start)

        def talk() -> bytes:
            with client.connect(address, port, PATIENCE_S, source) as sock:
                return sock.recv(200)

        return Outcome(of_socket(talk), client, ports)

    return send


def of_socket(talk: Callable[[], bytes]) -> str:
    try:
        return ANSWER if talk() else REFUSED
    except socket.timeout:
        return SILENCE
    except OSError:
        return REFUSED


def look_up(host: str, name: str) -> Callable[[Lab], Outcome]:
    """Ask the name server as every program does."""

    def send(lab: Lab) -> Outcome:
        client: Host = getattr(lab, host)
        done = client.run(["getent", "ahosts", name])
        found = done.returncode == 0
        return Outcome(ANSWER if found else SILENCE, client, range(0))

    return send


FLOWS = [
    Flow(
        "lan: a page over http",
        ANSWER, "proxy", "web",
        fetch("lan", "http://www.example.com/", "-4"),
        "lan 10.0.0.4 -> http://www.example.com/ address 203.0.113.80",
    ),
    Flow(
        "lan: a page over https",
        ANSWER, "proxy", "web",
        fetch("lan", "https://www.example.com/", "-4"),
        "lan 10.0.0.4 -> https://www.example.com/ address 203.0.113.80",
    ),
    Flow(
        "lan: a page over IPv6",
        ANSWER, "proxy", "web",
        fetch("lan", "http://v6only.example.com/", "-6"),
        "lan 2001:db8:1::4 -> http://v6only.example.com/ address 2001:db8:f::80",
    ),
    Flow(
        "lan: an ad, by its Host",
        PAGE_403, "proxy", "ads",
        fetch("lan", "http://ads.example.net/banner", "-4"),
        "lan 10.0.0.4 -> http://ads.example.net/banner address 203.0.113.80",
    ),
    Flow(
        "lan: a tracker, by TLS",
        REFUSED, "proxy", "ads",
        fetch("lan", "https://tracker.example.net/", "-4"),
        "lan 10.0.0.4 -> https://tracker.example.net/ address 203.0.113.80",
    ),
    Flow(
        "lan: a path that is closed",
        PAGE_403, "proxy", "shop admin",
        fetch("lan", "http://shop.example.com/admin/users", "-4"),
        "lan 10.0.0.4 -> http://shop.example.com/admin/users address 203.0.113.80"
        " method GET",
    ),
    Flow(
        "lan: a page by the proxy",
        ANSWER, "proxy", "web",
        fetch("lan", "http://www.example.com/", *PROXY),
        "lan 10.0.0.4 -> http://www.example.com/ address 203.0.113.80",
    ),
    Flow(
        "lan: https by CONNECT",
        ANSWER, "proxy", "web",
        fetch("lan", "https://www.example.com/", *TUNNEL),
        "lan 10.0.0.4 -> https://www.example.com/ address 203.0.113.80",
    ),
    Flow(
        "lan: a page by SOCKS 5",
        ANSWER, "proxy", "web",
        fetch("lan", "http://www.example.com/", *SOCKS),
        "lan 10.0.0.4 -> www.example.com tcp 80 address 203.0.113.80 explicit",
    ),
    Flow(
        "lan: CONNECT to port 25",
        PAGE_403, "proxy", "tunnel",
        fetch("lan", "http://www.example.com:25/", *TUNNEL),
        "lan 10.0.0.4 -> www.example.com tcp 25 address 203.0.113.80 method CONNECT",
    ),
    Flow(
        "lan: a name leading inside",
        PAGE_403, "proxy", "nothing else",
        fetch("lan", "http://rebind.example.com/", *PROXY),
        "lan 10.0.0.4 -> http://rebind.example.com/ address 10.0.0.200",
    ),
    Flow(
        "lan: a blocklisted address",
        REFUSED, "firewall", "malware",
        fetch("lan", "http://bad.example.com/", "-4"),
        "lan 10.0.0.4 -> 203.0.113.66 tcp 80",
    ),
    Flow(
        "lan: a name looked up",
        ANSWER, "firewall", "names",
        look_up("lan", "www.example.com"),
        "lan 10.0.0.4 -> 203.0.113.53 udp 53",
    ),
    Flow(
        "lan: our mail, from inside",
        ANSWER, "firewall", "mail in",
        hear("lan", "203.0.113.1", 25),
        "lan 10.0.0.4 -> self 203.0.113.1 tcp 25",
    ),
    Flow(
        "guest: the printer",
        SILENCE, "firewall", "no guests",
        hear("guest", "10.0.0.200", 9100),
        "guest 10.0.9.4 -> 10.0.0.200 tcp 9100",
    ),
    Flow(
        "outside: our mail",
        ANSWER, "firewall", "mail in",
        hear("out", "203.0.113.1", 25),
        "wan 203.0.113.9 -> self 203.0.113.1 tcp 25",
    ),
    Flow(
        "outside: ssh to the gate",
        SILENCE, "firewall", "strangers",
        hear("out", "203.0.113.1", 22),
        "wan 203.0.113.9 -> self 203.0.113.1 tcp 22",
    ),
]  # fmt: skip
