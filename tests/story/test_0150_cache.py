# SPDX-License-Identifier: GPL-2.0-or-later
"""What the cache keeps, gives, and asks for again (RFC 9111)."""

import socket
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest

from tests.lab import wait
from tests.lab.gateway import Gateway
from tests.lab.journal import Journal
from tests.lab.origin import Asked, Origin, Reply
from tests.story.cached import FRESH, PATHS, STALE, URL, Got, Site
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
service web = { tcp 80, tcp 8000 }
proxy {
    listen 10.0.0.1:3128 for lan
    intercept web for guest
    cache memory 64M, object 1M
}
reject lan -> out.example.com path "/secret/*"        log as "secret"
reject 10.0.0.4 -> out.example.com type image/*       log as "images"
allow  lan -> out.example.com path "/text/*" type text/plain
reject lan -> out.example.com path "/text/*"
allow  lan -> out.example.com path "/slow/*"          bandwidth 16Mbit/s down
allow  lan, guest -> wan web                          log as "web"
"""
)

@pytest.fixture(scope="module")
def site(gateway: Gateway) -> Iterator[Site]:
    origin = Origin()
    with gateway.lab.out.serve(8000, origin.handle):
        yield Site(gateway, origin)


# ---- what is kept ----


def test_a_fresh_page_is_asked_for_once(site: Site) -> None:
    path = site.page(Reply(headers=FRESH, body=b"x" * 1000))
    first, second = site.get(path), site.get(path)
    assert first.body == second.body == b"x" * 1000
    assert not first.hit and first.forwarded == "uri-miss"
    assert second.hit and int(second.headers["age"]) < 10
    assert second.headers["content-length"] == "1000"
    assert len(site.asked(path)) == 1


KEPT = {
    "max-age": Reply(headers=FRESH),
    "s-maxage": Reply(headers={"Cache-Control": "max-age=0, s-maxage=60"}),
    "Expires": Reply(headers={"Expires": formatdate(2e9, usegmt=True)}),
    "guessed": Reply(headers={"Last-Modified": formatdate(1e9, usegmt=True)}),
    "CDN-Cache-Control": Reply(
        headers={"Cache-Control": "no-store", "CDN-Cache-Control": "max-age=60"}
    ),
    "chunked": Reply(headers=FRESH, body=b"y" * 5000, chunked=True),
    "404": Reply(404, headers=FRESH),
    "301": Reply(301, headers={"Location": "/elsewhere"} | FRESH),
    "empty": Reply(headers=FRESH, body=b""),
}
NOT_KEPT = {
    "no-store": Reply(headers={"Cache-Control": "no-store, max-age=60"}),
    "private": Reply(headers={"Cache-Control": "private, max-age=60"}),
    "nothing said": Reply(),
    "Vary *": Reply(headers={"Vary": "*"} | FRESH),
    "cut": Reply(headers=FRESH, body=b"z" * 1000, cut=True),
    "too large": Reply(headers=FRESH, body=b"z" * (2 << 20)),
    "too large, and nobody knew": Reply(
        headers=FRESH, body=b"z" * (2 << 20), chunked=True
    ),
    "CDN-Cache-Control": Reply(headers={"CDN-Cache-Control": "no-store"} | FRESH),
    "two lengths": Reply(
        raw=b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n"
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"
    ),
    "the end of the connection too early": Reply(
        raw=b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    ),
}


@pytest.mark.parametrize("reply", KEPT.values(), ids=KEPT)
def test_kept(site: Site, reply: Reply) -> None:
    path = site.page(reply)
    first, second = site.get(path), site.get(path)
    assert second.hit
    assert second.body == first.body == reply.body
    assert second.status == first.status == reply.status
    assert len(site.asked(path)) == 1


@pytest.mark.parametrize("reply", NOT_KEPT.values(), ids=NOT_KEPT)
def test_not_kept(site: Site, reply: Reply) -> None:
    path = site.page(reply)
    for _ in range(2):
        try:
            got = site.get(path)
        except Exception:  # an answer that was cut off
            continue
        assert not got.hit
        if got.status == 200:
            assert got.body == reply.body
    assert len(site.asked(path)) == 2


def test_one_person_s_answer_is_not_for_the_next(site: Site) -> None:
    path = site.page(Reply(headers=FRESH))
    site.get(path, Authorization="Basic bWU6bWU=")
    assert not site.get(path).hit
    open_path = site.page(Reply(headers={"Cache-Control": "public, max-age=60"}))
    site.get(open_path, Authorization="Basic bWU6bWU=")
    assert site.get(open_path).hit


# ---- what is asked for again ----


def test_a_stale_page_is_validated(site: Site) -> None:
    fresher = {"Cache-Control": "max-age=60", "ETag": '"one"', "X-New": "yes"}
    path = site.page(
        Reply(headers=STALE, body=b"one"), Reply(304, headers=fresher), Reply(500)
    )
    site.get(path)
    second, third = site.get(path), site.get(path)
    assert site.asked(path)[1].headers["if-none-match"] == '"one"'
    assert (second.status, second.body) == (200, b"one")
    assert second.forwarded == "stale" and second.headers["x-new"] == "yes"
    assert third.hit and third.headers["x-new"] == "yes" and third.body == b"one"


def test_a_stale_page_has_changed(site: Site) -> None:
    path = site.page(
        Reply(headers=STALE, body=b"one"), Reply(headers=FRESH, body=b"two")
    )
    assert [site.get(path).body for _ in range(3)] == [b"one", b"two", b"two"]
    assert len(site.asked(path)) == 2


def test_the_client_wants_it_fresh(site: Site) -> None:
    path = site.page(Reply(headers=FRESH))
    site.get(path)
    assert site.get(path, Cache_Control="no-cache").forwarded == "request"
    assert site.get(path, Cache_Control="only-if-cached").hit
    assert site.get(next(PATHS), Cache_Control="only-if-cached").status == 504
    assert len(site.asked(path)) == 2


def test_stale_while_revalidate(site: Site) -> None:
    policy = "max-age=10, stale-while-revalidate=600"
    path = site.page(
        Reply(headers={"Cache-Control": policy, "Age": "20"}, body=b"one"),
        Reply(headers=FRESH, body=b"two"),
    )
    site.get(path)
    assert site.get(path).body == b"one"
    wait.until("it is asked for meanwhile", lambda: len(site.asked(path)) == 2)
    wait.until("the new one", lambda: site.get(path).body == b"two")
    assert len(site.asked(path)) == 2


def test_stale_if_error(site: Site) -> None:
    policy = {"Cache-Control": "max-age=10, stale-if-error=600", "Age": "20"}
    path = site.page(Reply(headers=policy, body=b"one"), Reply(503, body=b"down"))
    site.get(path)
    second = site.get(path)
    assert (second.status, second.body) == (200, b"one")
    strict = policy | {"Cache-Control": policy["Cache-Control"] + ", must-revalidate"}
    path = site.page(Reply(headers=strict, body=b"one"), Reply(503, body=b"down"))
    site.get(path)
    assert site.get(path).status == 503


# ---- what differs ----


def test_variants(site: Site) -> None:
    def speak(asked: Asked) -> Reply:
        language = asked.headers.get("accept-language", "none")
        return Reply(
            headers=FRESH | {"Vary": "Accept-Language"}, body=language.encode()
        )

    path = next(PATHS)
    site.origin.answers[path] = speak
    for _ in range(2):
        for language in ("de", "en", "fr"):
            assert site.get(path, Accept_Language=language).body == language.encode()
    assert site.get(path).body == b"none"
    assert len(site.asked(path)) == 4


def test_the_language_that_is_liked_best_is_not_asked_for_again(site: Site) -> None:
    in_german = FRESH | {"Vary": "Accept-Language", "Content-Language": "de"}
    path = site.page(Reply(headers=in_german, body=b"ja"))
    site.get(path, Accept_Language="en, de")
    assert site.get(path, Accept_Language="fr;q=0.5, de").hit
    assert not site.get(path, Accept_Language="fr, de;q=0.5").hit


def test_the_answer_to_a_post_that_a_get_would_give(site: Site) -> None:
    path = site.page()
    where = {"Content-Location": path}
    site.origin.answers[path] = [Reply(headers=FRESH | where, body=b"posted")]
    site.get(path, "POST")
    got = site.get(path)
    assert got.hit and got.body == b"posted"


def test_head_is_answered_from_a_page(site: Site) -> None:
    path = site.page(Reply(headers=FRESH, body=b"12345"))
    site.get(path)
    got = site.get(path, "HEAD")
    assert got.hit and got.body == b"" and got.headers["content-length"] == "5"


def test_conditions_of_the_client(site: Site) -> None:
    path = site.page(Reply(headers=FRESH | {"ETag": '"v1"'}))
    site.get(path)
    got = site.get(path, If_None_Match='"v0", W/"v1"')
    assert got.status == 304 and got.body == b"" and got.headers["etag"] == '"v1"'
    assert site.get(path, If_None_Match='"v2"').status == 200
    assert len(site.asked(path)) == 1


def test_ranges_of_a_page(site: Site) -> None:
    body = bytes(range(256)) * 40
    path = site.page(Reply(headers=FRESH | {"Content-Type": "a/b"}, body=body))
    site.get(path)
    one = site.get(path, Range="bytes=10-19")
    assert (one.status, one.body) == (206, body[10:20])
    assert one.headers["content-range"] == f"bytes 10-19/{len(body)}"
    assert site.get(path, Range="bytes=-5").body == body[-5:]
    assert site.get(path, Range=f"bytes={len(body)}-").status == 416
    two = site.get(path, Range="bytes=0-1,100-101")
    assert two.status == 206 and int(two.headers["content-length"]) == len(two.body)
    assert two.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert two.body.count(b"Content-Range: bytes ") == 2
    assert body[100:102] in two.body
    assert len(site.asked(path)) == 1


def test_an_unsafe_request_makes_it_stale(site: Site) -> None:
    path = site.page(Reply(headers=FRESH))
    site.get(path)
    assert site.get(path).hit
    site.get(path, "POST")
    assert not site.get(path).hit


# ---- one request for all ----


def in_parallel(site: Site, path: str, count: int) -> list[Got]:
    got: list[Got] = []
    threads = [
        threading.Thread(target=lambda: got.append(site.get(path)))
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_many_ask_and_one_is_sent(site: Site) -> None:
    go_on = threading.Event()
    body = b"c" * 100_000
    path = site.page(Reply(headers=FRESH, body=body, half_way=go_on))
    threading.Timer(0.3, go_on.set).start()
    got = in_parallel(site, path, 20)
    assert [g.body for g in got] == [body] * 20
    assert len(site.asked(path)) == 1


def test_it_is_passed_on_as_it_comes(site: Site) -> None:
    """Half of it is there, and both readers have that half."""
    go_on = threading.Event()
    body = b"c" * 100_000
    path = site.page(Reply(headers=FRESH, body=body, half_way=go_on))
    conns = [site.lab.lan.http("10.0.0.1", 3128) for _ in range(2)]
    answers = []
    for conn in conns:
        conn.request("GET", URL + path)
        answers.append(conn.getresponse())
    assert [a.read(50_000) for a in answers] == [body[:50_000]] * 2
    go_on.set()
    assert [a.read() for a in answers] == [body[50_000:]] * 2
    for conn in conns:
        conn.close()
    assert len(site.asked(path)) == 1


def test_who_asked_first_may_go(site: Site) -> None:
    go_on = threading.Event()
    body = b"c" * 100_000
    path = site.page(Reply(headers=FRESH, body=body, half_way=go_on))
    first = site.lab.lan.http("10.0.0.1", 3128)
    first.request("GET", URL + path)
    assert first.getresponse().read(10) == body[:10]
    second = site.lab.lan.http("10.0.0.1", 3128)
    second.request("GET", URL + path)
    answer = second.getresponse()
    first.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    first.close()
    go_on.set()
    assert answer.read() == body
    second.close()
    assert site.get(path).hit


def test_what_cannot_be_kept_does_not_hold_others(site: Site) -> None:
    path = site.page(Reply(headers={"Cache-Control": "no-store"}))
    assert [g.status for g in in_parallel(site, path, 8)] == [200] * 8
    assert len(site.asked(path)) == 8


# ---- the policy ----


def test_what_is_stored_is_still_judged(site: Site) -> None:
    """By the type, which for the first answer was not known either."""
    path = site.page(Reply(headers=FRESH | {"Content-Type": "image/png"}))
    assert [site.get(path).status for _ in range(2)] == [403, 403]
    secret = "/secret/page"
    site.origin.answers[secret] = [Reply(headers=FRESH)]
    assert site.get(secret).status == 403
    assert site.asked(secret) == []


@pytest.mark.parametrize("later", [Reply(304), Reply(503)], ids=["304", "503"])
def test_what_is_found_good_or_good_enough_is_judged(site: Site, later: Reply) -> None:
    """By its own type, of which the later answer says nothing."""
    image = STALE | {"Content-Type": "image/png"}
    image["Cache-Control"] += ", stale-if-error=600"
    path = site.page(Reply(headers=image, body=b"image"), later)
    assert site.get(path, by=site.lab.mail).body == b"image"
    assert site.get(path).status == 403
    assert site.get(path, by=site.lab.mail).body == b"image"


@pytest.mark.parametrize("later", [304, 503])
def test_what_is_let_in_by_its_type_is_so_again(site: Site, later: int) -> None:
    text = STALE | {"Content-Type": "text/plain"}
    text["Cache-Control"] += ", stale-if-error=600"
    path = f"/text/{later}"
    site.origin.answers[path] = [Reply(headers=text), Reply(later)]
    assert [site.get(path).status for _ in range(2)] == [200, 200]
    assert len(site.asked(path)) == 2


def test_a_hit_has_the_bandwidth_of_its_rule(site: Site) -> None:
    """900 kB at 2 MB/s, of which 50 ms' worth may come at once."""
    site.origin.answers["/slow/page"] = [Reply(headers=FRESH, body=b"s" * 900_000)]
    site.get("/slow/page")
    begin = time.monotonic()
    got = site.get("/slow/page")
    assert got.hit and len(got.body) == 900_000
    assert time.monotonic() - begin > 0.3


def test_a_hit_is_told_like_a_miss(site: Site, journal: Journal) -> None:
    path = site.page(Reply(headers=FRESH))
    site.get(path)
    site.get(path)
    events = wait.until(
        "both", lambda: (e := journal.events(url=f"{URL}{path}")) and len(e) == 2 and e
    )
    assert [e.status for e in events] == [200, 200]
    assert [e.rule_name for e in events] == ["web", "web"]


def test_a_forged_name_spoils_nothing(site: Site) -> None:
    """An intercepted client dials its own server under another's name."""
    origin = Origin()
    origin.answers["/login"] = [Reply(headers=FRESH, body=b"forged")]
    site.origin.answers["/login"] = [Reply(headers=FRESH, body=b"true")]
    with site.lab.web.serve(8000, origin.handle):
        conn = site.lab.guest.http(site.lab.web.ip4, 8000)
        conn.request("GET", "/login", headers={"Host": "out.example.com:8000"})
        assert conn.getresponse().read() == b"forged"
        conn.close()
    assert site.get("/login").body == b"true"


def test_a_304_may_bring_other_tags(site: Site) -> None:
    """A purge of a tag is of what the server says by now."""
    path = site.page(
        Reply(headers=STALE | {"Surrogate-Key": "old both"}, body=b"one"),
        Reply(304, headers=FRESH | {"ETag": '"one"', "Surrogate-Key": "new both"}),
        Reply(headers=FRESH, body=b"two"),
    )
    site.get(path)
    assert site.get(path).body == b"one" and site.get(path).hit
    assert site.gateway.command("cache", "purge", "tag", "old").returncode == 0
    assert site.get(path).hit
    assert site.gateway.command("cache", "purge", "tag", "new").returncode == 0
    assert site.get(path).body == b"two"
