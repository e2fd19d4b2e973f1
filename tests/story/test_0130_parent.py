# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that say `via`: the proxy asks another proxy, and never the server.

The parents are on `out`, and a page tells who asked for it: 203.0.113.9 is a
parent, 203.0.113.1 would be the gateway itself.
"""

import shutil
import socket
from collections.abc import Iterator

import pytest

from tests.lab import curl, wait
from tests.lab.flows import PROXY, SOCKS, TUNNEL
from tests.lab.gateway import GOOD, Gateway
from tests.lab.journal import Journal
from tests.lab.lab import WEB
from tests.lab.listener import echo, read_all, read_head
from tests.lab.parent import HttpParent, SocksParent, Tinyproxy
from tests.lab.watch import NEW_TCP, Watch
from tests.story.zones import ZONES

PARENTS = """
parent real  = http 203.0.113.9:8888
parent http  = http 203.0.113.9:3128
parent socks = socks5 out.example.com:1080
parent two   = http 203.0.113.9:3129, socks5 203.0.113.9:1080
parent dead  = http 203.0.113.9:9, socks5 nowhere.example.com:1080
"""
RULES = """
proxy {
    listen 10.0.0.1:3128 for lan
    intercept { tcp 80, tcp 443, udp 443 } for lan, guest
}

allow  lan -> 203.0.113.53 udp 53
reject lan -> ads.example.net
allow  lan -> .http.example  via http   log as "http"
allow  lan -> .socks.example via socks  log as "socks"
allow  lan -> .two.example   via two    log as "two"
allow  lan -> .dead.example  via dead   log as "dead"
allow  lan -> www.example.com via real  log as "www"
reject lan -> bad
allow  lan -> v4only.example.com, alias.example.com via http
allow  lan -> 203.0.113.80 tcp 80, 443 via http log as "address"
allow  lan -> 203.0.113.80 via dead
allow  guest -> wan        via dead
allow  lan -> wan type video/* via socks
allow  lan -> wan type text/plain
"""
POLICY = ZONES + "name bad = 203.0.113.66\n" + PARENTS + RULES

BY_PARENT = "203.0.113.9"
REAL = {BY_PARENT, "2001:db8:f::9"}  # it resolves names itself
NAMES = {
    name: WEB[0]
    for kind in ("http", "socks", "two")
    for name in (f"www.{kind}.example", f"a.{kind}.example", f"b.{kind}.example")
}
EXPLICIT = ("10.0.0.1", 3128)


@pytest.fixture
def http(gateway: Gateway) -> Iterator[HttpParent]:
    with HttpParent(gateway.lab.out, 3128, NAMES) as parent:
        yield parent


@pytest.fixture
def socks(gateway: Gateway) -> Iterator[SocksParent]:
    with SocksParent(gateway.lab.out, 1080, NAMES) as parent:
        yield parent


def up_again(gateway: Gateway, url: str, *more: str) -> curl.Answer:
    """A parent that another story found down is passed over for 5 seconds."""

    def answered() -> curl.Answer | None:
        answer = gateway.lab.lan.curl(url, *more)
        return answer if answer.status != 503 else None

    return wait.until(f"a parent for {url}", answered, 8)


def test_a_real_parent(gateway: Gateway, journal: Journal) -> None:
    if not shutil.which("tinyproxy"):
        pytest.skip("apt-get install tinyproxy")
    lab = gateway.lab
    with Tinyproxy(lab.out, 8888) as parent:
        answer = lab.lan.curl("http://www.example.com/a?b", *PROXY)
        assert (answer.exit, answer.status) == (0, 200), answer.error
        assert answer.said["peer"] in REAL
        assert answer.said["target"] == "/a?b"
        assert answer.said["host_field"] == "www.example.com"
        assert "gatehouse-" in answer.said["via"]
        assert "tinyproxy.example" in answer.said["via"]
        event = journal.wait(rule_name="www", source_port=answer.ports)
        assert (event.verdict, event.status, event.destination) == ("allow", 200, None)
        assert event.parent_name == "real"
        assert event.parent_server == "http 203.0.113.9:8888"
        secure = lab.lan.curl("https://www.example.com/", *PROXY)
        assert secure.status == 200 and secure.said["peer"] in REAL
        intercepted = lab.lan.curl("https://www.example.com/")
        assert intercepted.status == 200 and intercepted.said["peer"] in REAL
        assert parent.requests[0].startswith("GET http://www.example.com/a?b HTTP/1.1")
        assert parent.requests[1:] == ["CONNECT www.example.com:443 HTTP/1.1"] * 2
        url = "http://www.example.com/files/sent"
        sent = lab.lan.curl(url, *PROXY, "--data-binary", "x" * 70000, "-X", "PUT")
        assert sent.status == 201
        assert lab.lan.curl(url, *PROXY).body == b"x" * 70000


# By its name, and no DNS is asked.

WAYS = {"a URL": PROXY, "CONNECT": TUNNEL, "SOCKS": SOCKS}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("kind", ["http", "socks"])
def test_a_name_that_only_the_parent_knows(
    gateway: Gateway, http: HttpParent, socks: SocksParent, way, scheme: str, kind: str
) -> None:
    lab, parent = gateway.lab, {"http": http, "socks": socks}[kind]
    name = f"www.{kind}.example"
    answer = lab.lan.curl(f"{scheme}://{name}/x", *way, "--insecure")
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert (answer.said["peer"], answer.said["name"]) == (BY_PARENT, name)
    assert parent.asked == [(name, 443 if scheme == "https" else 80)]
    assert not lab.names.was_asked(name)
    if kind == "http":
        asked_for_url = scheme == "http" and way == PROXY
        line = http.heads[0].split("\r\n")[0]
        port = 443 if scheme == "https" else 80
        wanted = f"GET http://{name}/x" if asked_for_url else f"CONNECT {name}:{port}"
        assert line == f"{wanted} HTTP/1.1"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("kind", ["http", "socks"])
def test_an_intercepted_connection_goes_by_its_name(
    gateway: Gateway, http: HttpParent, socks: SocksParent, scheme: str, kind: str
) -> None:
    """To whatever address it was made: nothing there hears of it."""
    lab, parent = gateway.lab, {"http": http, "socks": socks}[kind]
    name = f"a.{kind}.example"
    port = 443 if scheme == "https" else 80
    with Watch(lab.bad, NEW_TCP) as watch:
        answer = lab.lan.curl(
            f"{scheme}://{name}/", "--resolve", f"{name}:{port}:{lab.bad.ip4}", "-k"
        )
        assert watch.count() == 0
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert answer.said["peer"] == BY_PARENT
    assert parent.asked == [(name, port)]


def test_a_port_in_the_host_field_is_not_the_connection_s(
    gateway: Gateway, http: HttpParent
) -> None:
    """An intercepted client says one port and goes to another: the policy judged
    the one of its packets, and that is what the parent is asked for."""
    answer = gateway.lab.lan.curl(
        "http://b.http.example/",
        *["-H", "Host: b.http.example:8080"],
        *["--resolve", f"b.http.example:80:{WEB[0]}"],
    )
    assert answer.status == 200
    assert http.asked == [("b.http.example", 80)]
    assert http.heads[0].startswith("CONNECT b.http.example:80 ")


# By an address that was admitted.


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_address_that_was_judged(
    gateway: Gateway, journal: Journal, http: HttpParent, scheme: str
) -> None:
    """The name is resolved here, and the parent asked for the address: it may
    have another one for that name."""
    lab, port = gateway.lab, 443 if scheme == "https" else 80
    lab.names.records["judged.example.com"] = WEB[:1]
    http.names["judged.example.com"] = lab.bad.ip4
    answer = lab.lan.curl(f"{scheme}://judged.example.com/", *PROXY, "-k")
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert (answer.said["peer"], answer.said["server"]) == (BY_PARENT, "web")
    assert answer.said["host_field"] == "judged.example.com"
    assert http.asked == [(WEB[0], port)]
    event = journal.wait(rule_name="address", source_port=answer.ports)
    assert (event.name, event.destination) == ("judged.example.com", WEB[0])
    assert event.parent_name == "http"


def test_a_refused_address_is_not_asked_for(gateway: Gateway, http: HttpParent) -> None:
    """A name that the rule would allow by itself; its address is refused above."""
    lab = gateway.lab
    lab.names.records["v4only.example.com"] = [lab.bad.ip4]
    try:
        answer = lab.lan.curl("http://v4only.example.com/", *PROXY)
    finally:
        lab.names.records["v4only.example.com"] = WEB[:1]
    assert answer.status == 403
    assert http.connections == 0


def test_an_address_in_the_url(gateway: Gateway, http: HttpParent) -> None:
    answer = gateway.lab.lan.curl(f"http://{WEB[0]}/y", *PROXY)
    assert (answer.status, answer.said["peer"]) == (200, BY_PARENT)
    assert http.heads[0].startswith(f"GET http://{WEB[0]}/y HTTP/1.1\r\n")


def test_a_websocket_goes_by_connect(gateway: Gateway, http: HttpParent) -> None:
    """RFC 6455, 4.1 (3)"""
    lab = gateway.lab
    http.names["www.http.example"] = lab.out.ip4

    def switch(conn: socket.socket) -> None:
        assert read_head(conn).startswith(b"GET /chat HTTP/1.1\r\n")
        fields = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        conn.sendall(b"HTTP/1.1 101 Yes\r\n" + fields + b"\r\n")
        echo(conn)

    with lab.out.serve(80, switch), lab.lan.connect(*EXPLICIT) as sock:
        sock.sendall(
            b"GET http://www.http.example/chat HTTP/1.1\r\nHost: www.http.example\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        )
        assert read_head(sock).startswith(b"HTTP/1.1 101 ")
        sock.sendall(b"hello")
        assert sock.recv(5, socket.MSG_WAITALL) == b"hello"
    assert http.asked == [("www.http.example", 80)]
    assert http.heads[0].startswith("CONNECT www.http.example:80 HTTP/1.1\r\n")


# Kept connections.


def requests(gateway: Gateway, *urls: str) -> list[bytes]:
    """On one connection to our proxy."""
    bodies = []
    client = gateway.lab.lan.http(*EXPLICIT)
    for url in urls:
        client.request("GET", url)
        bodies.append(client.getresponse().read())
    client.close()
    return bodies


def test_one_connection_for_many_names(gateway: Gateway, http: HttpParent) -> None:
    names = ["www.http.example", "a.http.example", "b.http.example"]
    pages = requests(gateway, *[f"http://{name}/" for name in names])
    assert [f"name: {n}\n".encode() in p for n, p in zip(names, pages)] == [True] * 3
    assert http.connections <= 2  # one for each thread at the most
    assert [head.split(" ")[1] for head in http.heads] == [f"http://{n}/" for n in names]


def test_a_tunnel_is_kept_for_its_own_name_alone(
    gateway: Gateway, socks: SocksParent
) -> None:
    up_again(gateway, "http://www.socks.example/", *PROXY)
    names = ["a.socks.example", "a.socks.example", "b.socks.example", "a.socks.example"]
    pages = requests(gateway, *[f"http://{name}/" for name in names])
    assert [f"name: {n}\n".encode() in p for n, p in zip(names, pages)] == [True] * 4
    assert socks.asked[1:] == [("a.socks.example", 80), ("b.socks.example", 80)]


def test_a_kept_connection_that_has_ended(gateway: Gateway, socks: SocksParent) -> None:
    """The first server is gone meanwhile: the second one, of another kind, is
    asked in its own words."""
    lab = gateway.lab
    first = HttpParent(lab.out, 3129, NAMES)
    try:
        [page] = requests(gateway, "http://www.two.example/1")
        assert b"target: /1\n" in page
    finally:
        first.close()
    [page] = requests(gateway, "http://www.two.example/2")
    assert b"target: /2\n" in page
    assert socks.asked == [("www.two.example", 80)]
    assert first.errors == []


# Down.


def test_the_next_server(gateway: Gateway, journal: Journal, socks: SocksParent) -> None:
    """The first one is passed over, then tried again."""
    lab = gateway.lab
    answer = up_again(gateway, "http://a.two.example/", *PROXY)
    assert (answer.status, answer.said["peer"]) == (200, BY_PARENT)
    event = journal.wait(rule_name="two", source_port=answer.ports)
    assert event.parent_server == "socks5 203.0.113.9:1080"
    with HttpParent(lab.out, 3129, NAMES) as first:

        def took_it() -> bool:
            answer = lab.lan.curl("https://b.two.example/", *PROXY, "-k")
            assert answer.status == 200
            return first.connections > 0

        wait.until("the first server to be tried again", took_it, 10)
    assert ("b.two.example", 443) in first.asked


FROM_LAN = {
    "a URL": ("http://www.dead.example/", PROXY),
    "CONNECT": ("https://www.dead.example/", PROXY),
    "SOCKS": ("http://www.dead.example/", SOCKS),
    "intercepted": ("http://www.dead.example/", ()),
    "intercepted TLS": ("https://www.dead.example/", ()),
}


@pytest.mark.parametrize("url, way", FROM_LAN.values(), ids=FROM_LAN.keys())
def test_a_dead_parent_is_no_way_out(
    gateway: Gateway, journal: Journal, url: str, way: tuple[str, ...]
) -> None:
    lab = gateway.lab
    lab.names.records["www.dead.example"] = WEB[:1]  # it could be reached directly
    resolve = ["--resolve", f"www.dead.example:80:{WEB[0]}"]
    resolve += ["--resolve", f"www.dead.example:443:{WEB[0]}"]
    with Watch(lab.web, NEW_TCP) as watch:
        answer = lab.lan.curl(url, *way, *resolve)
        assert watch.count() == 0
    assert answer.status in (0, 503)
    if url.startswith("http:") and way != SOCKS:
        assert answer.status == 503
        assert "no server of the parent can be reached (dead)" in answer.text
    if url.startswith("https:") and way == PROXY:
        assert answer.connect_status == 503
    event = journal.wait(rule_name="dead", source_port=answer.ports)
    assert event.reason == "no server of the parent can be reached (dead)"
    assert (event.verdict, event.parent_name) == ("allow", "dead")


def test_what_cannot_be_carried_is_refused(gateway: Gateway, journal: Journal) -> None:
    """UDP 443, and ssh: the rule allows them, and no packet goes."""
    lab = gateway.lab
    with Watch(lab.web, "meta l4proto { tcp, udp }") as watch:
        with lab.guest.udp() as sock:
            sock.connect((lab.web.ip4, 443))
            port = sock.getsockname()[1]
            with pytest.raises(OSError, match="No route"):  # forbidden
                wait.until("the refusal", lambda: sock.send(b"x") < 0, 2)
        for port_ in (22, 80):
            with pytest.raises(OSError):
                with lab.guest.connect(lab.web.ip4, port_, timeout=0.5) as sock:
                    sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    # Handed to the proxy, which takes it and has no way.
                    if b"503" in (said := read_all(sock)):
                        raise OSError(said)
        assert watch.count() == 0
    event = journal.wait(source_port=port, port=443)
    assert (event.verdict, event.reason) == ("reject", "needs the proxy")


def test_a_silent_socks_server_is_passed_over(gateway: Gateway) -> None:
    """It takes connections and never greets: after 5 seconds it is down."""
    with SocksParent(gateway.lab.out, 1080, NAMES) as parent:
        up_again(gateway, "http://www.socks.example/", *PROXY)
        parent.silent = True
        answer = gateway.lab.lan.curl("https://a.socks.example/", *PROXY, timeout=8)
        assert answer.connect_status == 503
        assert parent.asked[1:] == []


# Refused by the parent.


@pytest.mark.parametrize(
    "said, status, words",
    [
        (403, 502, "the parent refuses it (http: status 403)"),
        (407, 502, "the parent asks for a password (http: status 407)"),
        (502, 502, "the parent has no way to the server (http: status 502)"),
        (504, 504, "the parent gets no answer from the server (http: status 504)"),
    ],
)
def test_a_refused_connect(
    gateway: Gateway, journal: Journal, http: HttpParent, said: int, status: int, words
) -> None:
    http.status = said
    answer = gateway.lab.lan.curl("https://a.http.example/", *PROXY)
    assert answer.connect_status == status
    assert "proxy-authenticate" not in answer.headers
    event = journal.wait(rule_name="http", source_port=answer.ports)
    assert (event.reason, event.status) == (words, status)
    assert (event.parent_name, event.verdict) == ("http", "allow")
    # It is up: who refuses has been reached.
    http.status = 200
    again = gateway.lab.lan.curl("https://a.http.example/", *PROXY, "-k")
    assert again.status == 200


def test_a_password_that_a_parent_asks_for(
    gateway: Gateway, journal: Journal, http: HttpParent
) -> None:
    """Of us, not of the client, who would give it ours."""
    http.status = 407
    answer = gateway.lab.lan.curl("http://a.http.example/", *PROXY)
    assert answer.status == 502
    assert "proxy-authenticate" not in answer.headers
    words = "the parent asks for a password (http: status 407)"
    assert words in answer.text
    assert journal.wait(rule_name="http", source_port=answer.ports).reason == words


@pytest.mark.parametrize("said", [403, 404, 503])
def test_an_answer_to_a_url_is_the_server_s(
    gateway: Gateway, http: HttpParent, said: int
) -> None:
    http.status = said
    assert gateway.lab.lan.curl("http://a.http.example/", *PROXY).status == said


@pytest.mark.parametrize(
    "reply, status, words",
    [
        (1, 502, "the parent refuses it (socks: SOCKS code 1)"),
        (2, 502, "the parent refuses it (socks: SOCKS code 2)"),
        (4, 502, "the parent has no way to the server (socks: SOCKS code 4)"),
        (6, 504, "the parent gets no answer from the server (socks: SOCKS code 6)"),
    ],
)
def test_a_socks_parent_that_refuses(
    gateway: Gateway, journal: Journal, socks: SocksParent, reply: int, status: int, words
) -> None:
    up_again(gateway, "http://www.socks.example/", *PROXY)
    socks.reply = reply
    answer = gateway.lab.lan.curl("http://b.socks.example/z", *PROXY)
    assert answer.status == status
    event = journal.wait(rule_name="socks", source_port=answer.ports)
    assert (event.reason, event.parent_name) == (words, "socks")


def test_a_socks_parent_that_wants_a_password(
    gateway: Gateway, journal: Journal, socks: SocksParent
) -> None:
    up_again(gateway, "http://www.socks.example/", *PROXY)
    socks.method = 255
    answer = gateway.lab.lan.curl("https://b.socks.example/", *PROXY)
    assert answer.connect_status == 502
    event = journal.wait(rule_name="socks", source_port=answer.ports)
    assert event.reason == "the parent asks for a password (socks)"


# A policy changes.


def tunnel(gateway: Gateway, name: str) -> socket.socket:
    sock = gateway.lab.lan.connect(*EXPLICIT, timeout=5)
    sock.sendall(f"CONNECT {name}:80 HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    assert read_head(sock).startswith(b"HTTP/1.1 200 ")
    return sock


def page(sock: socket.socket) -> bytes:
    sock.sendall(b"GET / HTTP/1.1\r\nHost: x.example\r\nConnection: close\r\n\r\n")
    return read_all(sock)


def is_cut(sock: socket.socket) -> bool:
    try:
        return page(sock) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "before, after, ends",
    [
        ("", "via http", True),  # it goes directly, and must not any more
        ("via http", "via socks", True),
        ("via http", "via again", False),  # the same servers, another name
        ("via http", "", False),  # still allowed
        ("", 'as "renamed"', False),
    ],
)
def test_living_tunnels(
    gateway: Gateway, http: HttpParent, socks: SocksParent, before: str, after: str, ends
) -> None:
    lab = gateway.lab
    again = "parent again = http 203.0.113.9:3128\n"

    def policy(option: str) -> str:
        rules = f"proxy {{\n listen 10.0.0.1:3128 for lan\n}}\nallow lan -> any {option}\n"
        return ZONES + PARENTS + again + rules

    http.names["v4only.example.com"] = WEB[0]
    try:
        assert gateway.apply(policy(before)).returncode == GOOD
        with tunnel(gateway, "v4only.example.com") as sock:
            assert gateway.apply(policy(after)).returncode == GOOD
            assert is_cut(sock) == ends
    finally:
        assert gateway.apply(POLICY).returncode == GOOD
    if before:
        assert http.asked == [("v4only.example.com", 80)]
    assert lab.names.was_asked("v4only.example.com")


def test_a_flow_of_packets_that_must_go_by_a_parent(gateway: Gateway) -> None:
    """It lives in the kernel and goes directly: it is ended there."""
    lab = gateway.lab
    proxy = "proxy {\n intercept tcp 443 for lan\n}\n"

    def policy(option: str) -> str:
        return ZONES + PARENTS + proxy + f"allow lan -> any {option}\n"

    try:
        assert gateway.apply(policy("direct")).returncode == GOOD
        with lab.out.serve(443, echo), lab.lan.connect(lab.out.ip4, 443) as sock:
            sock.sendall(b"one")
            assert sock.recv(3, socket.MSG_WAITALL) == b"one"
            assert gateway.apply(policy("via dead")).returncode == GOOD
            with pytest.raises(ConnectionResetError):
                sock.sendall(b"two")
                sock.recv(3, socket.MSG_WAITALL)
    finally:
        assert gateway.apply(POLICY).returncode == GOOD


# Types: the parent must be known before the answer is.


def test_an_answer_of_another_type(gateway: Gateway, socks: SocksParent) -> None:
    """A video would have to come by the parent, so that all is asked there."""
    answer = up_again(gateway, "http://out.example.com:81/", *PROXY)
    assert answer.status == 502  # nothing serves there, and the parent says so
    assert socks.asked == [("203.0.113.9", 81)]


def test_loops_are_seen(gateway: Gateway) -> None:
    """The name of ours stands in the Via of a CONNECT that comes back to us."""
    lab = gateway.lab
    with HttpParent(lab.out, 3128, NAMES) as parent:
        lab.lan.curl("https://www.http.example/", *PROXY, "-k")
        via = next(l for l in parent.heads[0].split("\r\n") if l.startswith("Via: "))
    answer = lab.lan.curl(
        "https://www.http.example/", *PROXY, "--proxy-header", via
    )
    assert answer.connect_status == 508
    via = "Via: 1.1 someone"
    with HttpParent(lab.out, 3128, NAMES) as parent:
        lab.lan.curl(
            "https://www.http.example/", *PROXY, "--proxy-header", via, "-k"
        )
        assert f"{via}, 1.1 gatehouse-" in parent.heads[0]
