# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that ask who it is: the explicit port asks for a name and a password
(Basic, and SOCKS 5), and only where the answer hangs on them."""

import base64
import contextlib
import socket
from collections.abc import Callable

import pytest

from tests.lab.flows import PROXY, SOCKS, TUNNEL
from tests.lab.gateway import GOOD, NO, Gateway
from tests.lab.listener import read_all, read_head
from tests.lab.origin import Origin, Reply
from tests.story.zones import ZONES

Start = Callable[..., Gateway]

# bcrypt, yescrypt, SHA-512; the last one has a colon and a letter beyond ASCII
# in its password.
ALICE = "alice:$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"
BOB = "bob:$6$rounds=1000$saltsalt$Hc6qWz70uCxWIKs1rfNGRY.2zlkfXzmQ1mWXK3DQVTrAuLuCKDXihRSucY.VA0yhj2lh4vrFZqiFinGiL6lEK0"
CAROL = "carol:$y$j75$abcdefghijklmnop$QJZE/OhT8ezKB482YgSqJT.sNIb0PQnMb2l8Vv/.Bv/"
USERS = f"# who may\n{ALICE}\n{BOB}\n\n{CAROL}\n"
PASSWORDS = {"alice": "correct horse", "bob": "battery", "carol": "b:büro"}

RULES = """
proxy {
    listen 10.0.0.1:3128 for lan
    intercept tcp 80 for lan
    users "users"
}

allow  lan -> 203.0.113.53 udp 53
allow  lan -> www.example.com user alice, carol  log as "theirs"
reject lan -> www.example.com          log as "not theirs"
reject lan -> v4only.example.com user bob log as "not bob's"
allow  lan -> wan                      log as "everybody's"
"""
POLICY = ZONES + RULES
THEIRS, OPEN = "http://www.example.com/a", "http://alias.example.com/b"
EXPLICIT = ("10.0.0.1", 3128)
WAYS = {"a URL": PROXY, "CONNECT": TUNNEL, "SOCKS": SOCKS}
REFUSED = {"a URL": (0, 407), "CONNECT": (56, 0), "SOCKS": (97, 0)}


def begin(start_gateway: Start, users: str = USERS, policy: str = POLICY) -> Gateway:
    gateway = start_gateway(ZONES + "drop any -> any\n")
    (gateway.dir / "users").write_text(users)
    done = gateway.apply(policy)
    assert done.returncode == GOOD, done.stderr
    return gateway


def user(name: str, password: str | None = None) -> tuple[str, str]:
    return ("--proxy-user", f"{name}:{PASSWORDS[name] if password is None else password}")


def basic(name: str, password: str) -> str:
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return f"Proxy-Authorization: Basic {pair}\r\n"


@pytest.mark.parametrize("way", WAYS)
def test_who_may_and_who_may_not(start_gateway: Start, way: str) -> None:
    gateway = begin(start_gateway)
    lan = gateway.lab.lan
    for name in ("alice", "carol"):
        journal = gateway.journal.from_here()
        answer = lan.curl(THEIRS, *WAYS[way], *user(name))
        assert (answer.exit, answer.status) == (0, 200), answer.error
        assert answer.said["target"] == "/a"
        event = journal.wait(rule_name="theirs", source_port=answer.ports)
        assert (event.verdict, event.user) == ("allow", name)
    # Known, and not one of them: refused by the rule, not asked again.
    journal = gateway.journal.from_here()
    answer = lan.curl(THEIRS, *WAYS[way], *user("bob"))
    assert answer.status == (403 if way == "a URL" else 0)
    event = journal.wait(rule_name="not theirs", source_port=answer.ports)
    assert (event.verdict, event.user) == ("reject", "bob")
    # Unknown, or with a wrong password.
    for more in ((), user("alice", "wrong"), user("alice", ""), user("bob", "x")):
        answer = lan.curl(THEIRS, *WAYS[way], *more)
        wrong_socks = way == "SOCKS" and more
        assert answer.exit == (97 if wrong_socks else REFUSED[way][0]), more
        assert answer.status == REFUSED[way][1]
        if way == "CONNECT":
            assert answer.connect_status == 407
        if way == "a URL":
            assert answer.headers["proxy-authenticate"].startswith("Basic realm=")
            assert 'charset="UTF-8"' in answer.headers["proxy-authenticate"]
    everything = "".join(gateway.journal.lines())
    for secret in (*PASSWORDS.values(), "Basic ", "wrong"):
        assert secret not in everything


CONNECT = b"\5\1\0\3\x0fwww.example.com\0\x50"
NO_METHOD, CHOSEN, PLAIN = b"\5\xff", b"\5\2", b"\5\0"
GOOD_LOGIN, BAD_LOGIN = b"\1\0", b"\1\xff"


def login(name: str, password: str) -> bytes:
    words = [word.encode() for word in (name, password)]
    return b"\1" + b"".join(bytes([len(word)]) + word for word in words)


def read(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := sock.recv(count - len(data))):
        data += more
    return data


def test_socks_byte_by_byte(start_gateway: Start) -> None:
    """RFC 1928 and 1929: in pieces, at once, and what has no password."""
    gateway = begin(start_gateway)
    lan, alice = gateway.lab.lan, login("alice", PASSWORDS["alice"])
    with lan.connect(*EXPLICIT, timeout=5) as sock:
        sock.sendall(b"\5\2\0")
        sock.sendall(b"\2")
        assert read(sock, 2) == CHOSEN
        for byte in alice:
            sock.sendall(bytes([byte]))
        assert read(sock, 2) == GOOD_LOGIN
        sock.sendall(CONNECT)
        assert read(sock, 10)[:2] == b"\5\0"
        assert is_open(sock)
    with lan.connect(*EXPLICIT, timeout=5) as sock:
        sock.sendall(b"\5\1\2" + alice + CONNECT)
        assert read(sock, 4 + 10)[:6] == CHOSEN + GOOD_LOGIN + b"\5\0"
        assert is_open(sock)
    # A wrong one is the end, also where nobody needed one.
    for wrong in (login("alice", "x"), login("", ""), login("alice", "a\0b"), b"\2"):
        with lan.connect(*EXPLICIT, timeout=5) as sock:
            sock.sendall(b"\5\2\0\2" + wrong + CONNECT)
            assert read_all(sock) == CHOSEN + BAD_LOGIN
    # Without: not allowed, for it might be one who is not allowed.
    with lan.connect(*EXPLICIT, timeout=5) as sock:
        sock.sendall(b"\5\1\0" + CONNECT)
        assert read_all(sock)[:4] == PLAIN + b"\5\2"
    with lan.connect(*EXPLICIT, timeout=5) as sock:
        sock.sendall(b"\4\1\0\x50\0\0\0\1name\0www.example.com\0")
        assert read_all(sock)[:2] == b"\0\x5b"
    with lan.connect(*EXPLICIT, timeout=5) as sock:
        sock.sendall(b"\5\1\1")
        assert read_all(sock) == NO_METHOD


ASSOCIATE = b"\5\3\0\1" + bytes(6)
TO_OUT = b"\1" + socket.inet_aton("203.0.113.9") + (9145).to_bytes(2, "big")


def test_datagrams_have_a_user(start_gateway: Start) -> None:
    rule = "allow  lan -> wan udp 9145 user carol log as \"hers\"\n"
    rules = RULES.replace("allow  lan -> wan ", rule + "allow  lan -> wan ")
    gateway = begin(start_gateway, policy=ZONES + rules)
    lan = gateway.lab.lan
    for words, reply in (
        (b"\5\1\2" + login("carol", PASSWORDS["carol"]), CHOSEN + GOOD_LOGIN),
        (b"\5\1\0", PLAIN),
    ):
        journal = gateway.journal.from_here()
        with contextlib.ExitStack() as stack:
            stack.callback(gateway.lab.out.serve_udp_echo(9145).close)
            tcp = stack.enter_context(lan.connect(*EXPLICIT, timeout=5))
            udp = stack.enter_context(lan.udp(timeout=5))
            tcp.sendall(words + ASSOCIATE)
            assert read(tcp, len(reply) + 10)[: len(reply) + 2] == reply + b"\5\0"
            udp.sendto(b"\0\0\0" + TO_OUT + b"hello", EXPLICIT)
            if reply == PLAIN:
                event = journal.wait(protocol="udp", verdict="reject")
                assert event.reason == "the proxy asks for a name and a password"
                assert event.user is None
                continue
            assert udp.recv(100) == b"\0\0\0" + TO_OUT + b"hello"
            tcp.close()
            event = journal.wait(protocol="udp", rule_name="hers")
            assert (event.verdict, event.user) == ("allow", "carol")


def test_a_client_that_goes_while_it_is_looked_at(start_gateway: Start) -> None:
    gateway = begin(start_gateway, USERS.replace("$2y$05$", "$2y$10$"))
    for i in range(40):
        with gateway.lab.lan.connect(*EXPLICIT, timeout=5) as sock:
            head = f"GET {THEIRS} HTTP/1.1\r\nHost: www.example.com\r\n"
            sock.sendall((head + basic("alice", f"{i}") + "\r\n").encode())
    assert gateway.lab.lan.curl(OPEN, *PROXY).status == 200


def test_nobody_is_asked_in_vain(start_gateway: Start) -> None:
    """Where the answer is the same for all, and of those who know of no proxy."""
    gateway = begin(start_gateway)
    lan = gateway.lab.lan
    for way in WAYS.values():
        assert lan.curl(OPEN, *way).status == 200
    assert lan.curl(OPEN, *PROXY, *user("alice", "wrong")).status == 200
    # A rule that refuses somebody hangs on who it is, too.
    assert lan.curl("http://v4only.example.com/", *PROXY).status == 407
    assert lan.curl("http://v4only.example.com/", *PROXY, *user("carol")).status == 200
    assert lan.curl("http://v4only.example.com/", *PROXY, *user("bob")).status == 403
    answer = lan.curl(THEIRS)
    assert answer.status == 403 and "proxy-authenticate" not in answer.headers
    assert lan.curl("http://v4only.example.com/").status == 200


def test_credentials_stay_here(start_gateway: Start) -> None:
    gateway, origin = begin(start_gateway), Origin()
    url = "http://out.example.com:8000/"
    origin.answers["/"] = [Reply()]
    with gateway.lab.out.serve(8000, origin.handle):
        assert gateway.lab.lan.curl(url, *PROXY, *user("alice")).status == 200
    [asked] = origin.asked
    assert "user-agent" in asked.headers
    assert not any("authorization" in name for name in asked.headers)


def test_a_connection_goes_on_after_407(start_gateway: Start) -> None:
    gateway = begin(start_gateway)
    request = f"GET {THEIRS} HTTP/1.1\r\nHost: www.example.com\r\n"
    with gateway.lab.lan.connect(*EXPLICIT, timeout=5) as sock:
        for credentials, status in (
            ("", b"407"),
            (basic("alice", "wrong"), b"407"),
            ("Proxy-Authorization: Basic !\r\n", b"407"),
            ("Proxy-Authorization: Digest x=y\r\n", b"407"),
            (basic("alice", PASSWORDS["alice"]), b"200"),
            ("", b"407"),  # each request for itself
            (basic("alice", PASSWORDS["alice"]), b"200"),
        ):
            sock.sendall((request + credentials + "\r\n").encode())
            head = read_head(sock)
            assert head.split()[1] == status, head
            length = int(head.lower().split(b"content-length:")[1].split()[0])
            while length > 0:
                length -= len(sock.recv(length))


def test_who_guesses_is_not_heard_any_more(start_gateway: Start) -> None:
    gateway = begin(start_gateway)
    lan = gateway.lab.lan
    assert lan.curl(THEIRS, *PROXY, *user("alice")).status == 200
    for i in range(5):
        assert lan.curl(THEIRS, *PROXY, *user("alice", f"guess {i}")).status == 407
    answer = lan.curl(THEIRS, *PROXY, *user("bob"))
    assert answer.status == 429 and answer.headers["retry-after"] == "60"
    assert lan.curl(THEIRS, *SOCKS, *user("bob")).exit == 97
    # Who was right before is remembered.
    assert lan.curl(THEIRS, *PROXY, *user("alice")).status == 200
    assert lan.curl(OPEN, *PROXY, *user("bob")).status == 200


def tunnel(gateway: Gateway, name: str) -> socket.socket:
    sock = gateway.lab.lan.connect(*EXPLICIT, timeout=5)
    head = "CONNECT www.example.com:80 HTTP/1.1\r\nHost: www.example.com:80\r\n"
    sock.sendall((head + basic(name, PASSWORDS[name]) + "\r\n").encode())
    assert read_head(sock).split()[1] == b"200"
    return sock


def is_open(sock: socket.socket) -> bool:
    sock.sendall(b"GET /a HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
    return read_head(sock).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "users, rules",
    [
        (USERS.replace(ALICE, ""), RULES.replace("alice, ", "")),
        (USERS.replace(ALICE, BOB.replace("bob", "alice")), RULES),
        (USERS, RULES.replace("alice, ", "")),
    ],
    ids=["gone from the file", "with another password", "gone from the rule"],
)
def test_who_may_no_more_is_ended(start_gateway: Start, users: str, rules: str) -> None:
    gateway = begin(start_gateway)
    with tunnel(gateway, "alice") as hers, tunnel(gateway, "carol") as others:
        assert is_open(hers)
        (gateway.dir / "users").write_text(users)
        done = gateway.apply(ZONES + rules)
        assert done.returncode == GOOD, done.stderr
        with pytest.raises(ConnectionResetError):
            read_all(hers)
        assert is_open(others)
    assert gateway.lab.lan.curl(THEIRS, *PROXY, *user("carol")).status == 200
    assert gateway.lab.lan.curl(THEIRS, *PROXY, *user("alice")).status != 200


def test_a_wrong_file_changes_nothing(start_gateway: Start) -> None:
    gateway = begin(start_gateway)
    (gateway.dir / "users").write_text(f"{ALICE}\ndave:$apr1$abc$0123456789\n")
    done = gateway.apply(POLICY)
    assert done.returncode == NO
    assert "users:2:1: error: MD5 is too weak" in done.stderr
    assert "0123456789" not in done.stderr
    assert gateway.lab.lan.curl(THEIRS, *PROXY, *user("carol")).status == 200


def test_what_one_has_fetched_is_not_for_all(start_gateway: Start) -> None:
    """The cache answers only whom the rules let pass."""
    rules = RULES.replace('users "users"', 'users "users"\n    cache memory 16M').replace(
        "www.example.com", "out.example.com"
    )
    gateway = begin(start_gateway, policy=ZONES + rules)
    lab = gateway.lab
    origin = Origin()
    origin.answers["/page"] = [Reply(headers={"Cache-Control": "max-age=600"})]
    url = "http://out.example.com:80/page"
    with lab.out.serve(80, origin.handle):
        assert lab.lan.curl(url, *PROXY, *user("alice")).status == 200
        assert lab.lan.curl(url, *PROXY).status == 407
        assert lab.lan.curl(url, *PROXY, *user("bob")).status in (403, 407)
        again = lab.lan.curl(url, *PROXY, *user("carol"))
        assert again.status == 200 and "; hit" in again.headers["cache-status"]
    assert len(origin.asked) == 1
    assert "proxy-authorization" not in origin.asked[0].headers


def test_each_user_has_a_limit_of_his_own(start_gateway: Start) -> None:
    """From two sources one user is one; at one source two users are two."""
    limited = POLICY.replace("user alice, carol", "user alice, carol limit 1/h burst 2 per user")
    gateway = begin(start_gateway, policy=limited)
    hosts = (gateway.lab.lan, gateway.lab.mail)
    assert [host.curl(THEIRS, *PROXY, *user("alice")).status for host in hosts] == [200, 200]
    journal = gateway.journal.from_here()
    for host in hosts:
        answer = host.curl(THEIRS, *PROXY, *user("alice"))
        assert answer.status == 429
        event = journal.wait(rule_name="theirs", source_port=answer.ports)
        assert (event.verdict, event.user) == ("reject", "alice")
    assert hosts[0].curl(THEIRS, *PROXY, *user("carol")).status == 200
