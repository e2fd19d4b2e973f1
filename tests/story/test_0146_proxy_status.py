# SPDX-License-Identifier: GPL-2.0-or-later
"""Proxy-Status (RFC 9209): an answer says which proxy made it and why, and an
error of a server's that it is none of ours."""

import re

import pytest

from tests.lab.gateway import Gateway
from tests.lab.listener import read_head
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
}

reject lan -> .example.net          log as "ads \'quoted\'"
reject lan -> any path "/secret*"   log as "paths"
allow  lan -> wan tcp 9147 limit 1/m burst 1 log as "few"
allow  lan -> wan                   log as "web"
reject lan -> any                   log as "told"
"""
)
OURS = r"gatehouse-[0-9a-f]{8}"


def ask(gateway: Gateway, url: str, host: str = "", method: str = "GET") -> bytes:
    """The head of the answer to this, on a connection of its own."""
    host = host or url.split("/")[2]
    request = f"{method} {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    with gateway.lab.lan.connect("10.0.0.1", 3128, timeout=20) as sock:
        sock.sendall(request.encode())
        return read_head(sock)


def status_of(head: bytes) -> str | None:
    """The value, several lines as one; None where there is none."""
    lines = re.findall(rb"^proxy-status: (.*)\r$", head, re.MULTILINE | re.IGNORECASE)
    return b", ".join(lines).decode() if lines else None


@pytest.mark.parametrize(
    ("url", "method", "error", "details"),
    [
        ("http://ads.example.net/", "GET", "http_request_denied", "rule ads 'quoted'"),
        ("http://www.example.com/secret", "GET", "http_request_denied", "rule paths"),
        ("http://10.0.0.25/", "GET", "http_request_denied", "rule told"),
        (
            "http://rebind.example.com/",
            "GET",
            "destination_ip_prohibited",
            "rule told",
        ),
        (
            "http://nothing.example.com/",
            "GET",
            "dns_error",
            "the name does not exist",
        ),
        (
            "http://silent.example.com/",
            "GET",
            "dns_timeout",
            "the name server does not answer",
        ),
        (
            "http://www.example.com:81/",
            "GET",
            "connection_refused",
            "the server refuses the connection",
        ),
        (
            "https://www.example.com/",
            "GET",
            "http_request_error",
            "https needs a CONNECT",
        ),
        (
            "http://www.example.com/",
            "TRACE",
            "http_request_error",
            "TRACE is not passed on",
        ),
    ],
)
def test_answers_of_our_own(
    gateway: Gateway, url: str, method: str, error: str, details: str
) -> None:
    said = status_of(ask(gateway, url, method=method))
    assert said is not None
    assert re.fullmatch(rf'{OURS}; error={error}; details="{details}"', said), said


def test_a_head_that_is_none(gateway: Gateway) -> None:
    said = status_of(ask(gateway, "http://www.example.com/", host="a b"))
    assert said is not None
    assert re.match(rf"{OURS}; error=http_request_error; details=", said), said


def answer(words: bytes):
    def handle(conn) -> None:
        read_head(conn)
        conn.sendall(words)

    return handle


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", None),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", None),
        (
            b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
            OURS + "; received-status=502",
        ),
        (
            b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n"
            b"Proxy-Status: a.example; error=dns_error\r\n"
            b'Proxy-Status: "b"\r\n\r\n',
            'a.example; error=dns_error, "b", ' + OURS + "; received-status=503",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
            b"Proxy-Status: cache.example\r\n\r\n",
            "cache.example",
        ),
        (
            b"SSH-2.0-none of it\r\n\r\n",
            OURS + "; error=http_protocol_error; details=.*",
        ),
        (b"", OURS + "; error=connection_terminated; details=.*"),
    ],
)
def test_answers_of_servers(gateway: Gateway, words: bytes, said: str | None) -> None:
    with gateway.lab.out.serve(9146, answer(words)):
        found = status_of(ask(gateway, "http://out.example.com:9146/"))
    assert found is None if said is None else re.fullmatch(said, found or ""), found


def test_what_is_beyond_a_limit(gateway: Gateway) -> None:
    with gateway.lab.out.serve(9147, answer(b"HTTP/1.1 204 No Content\r\n\r\n")):
        heads = [ask(gateway, "http://out.example.com:9147/") for _ in range(2)]
    assert status_of(heads[0]) is None
    assert re.match(rf"{OURS}; error=http_request_denied; ", status_of(heads[1]) or "")
