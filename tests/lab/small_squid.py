# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reading of squid's http_access, and lists of it by chance.

It shares nothing with src/import.  What no policy can say (a regular
expression) is asked both ways, as marks are in small_iptables.
"""

import ipaddress
import itertools
import random
from dataclasses import dataclass

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
LETTERS = dict(zip("MTWHFAS", DAYS))
HOSTS = ["www.example.com", "play.games.example.net", "games.example.net", "learn.example.org",
         "198.51.100.7", "192.0.2.80"]
CLIENTS = ["10.0.0.4", "10.0.2.7", "192.0.2.9", "2001:db8:1::4"]
VALUES = {
    "src": ["10.0.0.0/16", "10.0.2.0/24", "10.0.0.1-10.0.0.9", "2001:db8::/32", "192.0.2.9"],
    "dst": ["198.51.100.0/24", "192.0.2.80", "203.0.113.0/255.255.255.0"],
    "dstdomain": [".example.net", ".games.example.net", "learn.example.org", "www.example.com", ".example.org"],
    "port": ["80", "443", "1025-65535", "8080", "21"],
    "method": ["GET", "CONNECT", "POST", "PURGE", "HEAD"],
    "proto": ["HTTP", "FTP"],
    "time": ["MTWHF 08:00-18:00", "D 12:00-13:30", "AS", "M 00:00-24:00", "22:00-23:59"],
    "url_regex": ["games"],
}


@dataclass(frozen=True)
class Request:
    client: str
    host: str
    port: int
    method: str
    day: str
    minute: int


def in_time(request: Request, value: str) -> bool:
    days, minutes = set(), range(24 * 60)
    for word in value.split():
        if "-" in word:
            first, last = (int(t[:2]) * 60 + int(t[3:]) for t in word.split("-"))
            minutes = range(first, last + 1)
        else:
            days |= set(DAYS[:5]) if word == "D" else {LETTERS[letter] for letter in word}
    return request.day in (days or DAYS) and request.minute in minutes


def in_addresses(address: str, value: str) -> bool:
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return False  # a name, which is somewhere else
    if "-" in value:
        first, last = map(ipaddress.ip_address, value.split("-"))
        return one.version == first.version and first <= one <= last
    return one in ipaddress.ip_network(value)


def in_domain(host: str, value: str) -> bool:
    return host == value.lstrip(".") or (value[0] == "." and host.endswith(value))


def is_true(kind: str, value: str, request: Request, guess: bool) -> bool:
    if kind == "src":
        return in_addresses(request.client, value)
    if kind == "dst":
        return in_addresses(request.host, value)
    if kind == "dstdomain":
        return in_domain(request.host, value)
    if kind == "port":
        first, _, last = value.partition("-")
        return int(first) <= request.port <= int(last or first)
    if kind == "method":
        return request.method == value
    if kind == "proto":
        return value == "HTTP" and request.method != "CONNECT"
    if kind == "time":
        return in_time(request, value)
    assert kind == "url_regex"
    return guess


def may_be(text: str, request: Request) -> set[str]:
    """All that may become of it."""
    acls: dict[str, tuple[str, list[str]]] = {"all": ("src", ["0.0.0.0/0", "::/0"])}
    access = []
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["acl"]:
            values = [" ".join(words[3:])] if words[2] == "time" else words[3:]
            acls.setdefault(words[1], (words[2], []))[1].extend(values)
        elif words[:1] == ["http_access"]:
            access.append(words[1:])
    unknown = [name for name, (kind, _) in acls.items() if kind == "url_regex"]
    found = set()
    for guesses in itertools.product([False, True], repeat=len(unknown)):
        guess = dict(zip(unknown, guesses))
        truth = {
            name: any(is_true(kind, value, request, guess.get(name, False)) for value in values)
            for name, (kind, values) in acls.items()
        }
        verdict = "deny" if access[-1][0] == "allow" else "allow"
        for action, *names in access:
            if all(truth[name.lstrip("!")] != name.startswith("!") for name in names):
                verdict = action
                break
        found.add("reject" if verdict == "deny" else "allow")
    return found


def some_conf(chance: random.Random) -> str:
    lines, names = [], ["all"]
    kinds = [kind for kind in VALUES if kind != "url_regex" or chance.random() < 0.3]
    for number in range(chance.randint(3, 8)):
        kind = chance.choice(kinds)
        names.append(f"{kind}{number}")
        several = [chance.choice(VALUES[kind]) for _ in range(chance.randint(1, 2))]
        if kind == "time":
            lines += [f"acl {names[-1]} {kind} {value}" for value in several]
        else:
            lines.append(f"acl {names[-1]} {kind} {' '.join(several)}")
    for _ in range(chance.randint(2, 7)):
        chosen = [("!" if chance.random() < 0.3 else "") + chance.choice(names) for _ in range(chance.randint(1, 3))]
        lines.append(f"http_access {chance.choice(['allow', 'deny'])} {' '.join(chosen)}")
    if chance.random() < 0.5:
        lines.append("http_access deny all")
    return "\n".join([*lines, "http_port 3128", ""])


def some_request(chance: random.Random) -> Request:
    method = chance.choice(["GET", "GET", "POST", "HEAD", "CONNECT"])
    port = chance.choice([443, 443, 80, 8080]) if method == "CONNECT" else chance.choice([80, 80, 8080, 21, 22])
    return Request(
        chance.choice(CLIENTS), chance.choice(HOSTS), port, method, chance.choice(DAYS),
        chance.choice([0, 479, 480, 720, 810, 811, 1080, 1081, 1320, 1438, 1439]),
    )


def as_flow(request: Request) -> str:
    clock = f"at {request.day} {request.minute // 60:02}:{request.minute % 60:02}"
    if request.method == "CONNECT":
        return f"{request.client} -> {request.host} tcp {request.port} method CONNECT explicit {clock}"
    url = f"http://{request.host}:{request.port}/"
    return f"{request.client} -> {url} method {request.method} explicit {clock}"
