# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of a content are kept, given, and made whole (RFC 9111, 3.3 and 3.4)."""

import gzip
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate

import pytest

from tests.lab.gateway import Gateway
from tests.lab.origin import Asked, Origin, Reply
from tests.story.cached import FRESH, Site
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
service web = { tcp 80, tcp 8000 }
proxy {
    listen 10.0.0.1:3128 for lan
    cache memory 64M, object 16M
}
allow  lan -> wan web                          log as "web"
"""
)

BYTES = bytes(range(256)) * 40
TAG = {"ETag": '"one"'}


@dataclass
class Content:
    """What an honest server answers: the range that it is asked for."""

    body: bytes = BYTES
    headers: dict[str, str] = field(default_factory=lambda: FRESH | TAG)
    cut: bool = False  # the next answer breaks off

    def __call__(self, asked: Asked) -> Reply:
        cut, self.cut = self.cut, False
        headers: dict[str, str | list[str]] = {"Date": formatdate(usegmt=True), **self.headers}
        part = asked.headers.get("range", "")
        if asked.headers.get("if-none-match") == self.headers.get("ETag"):
            return Reply(304, headers=headers)
        if asked.headers.get("if-range", self.headers.get("ETag")) != self.headers.get("ETag"):
            part = ""
        if not part:
            return Reply(headers=headers, body=self.body, cut=cut)
        first, _, last = part.removeprefix("bytes=").partition("-")
        begin = int(first) if first else len(self.body) - int(last)
        end = int(last) + 1 if first and last else len(self.body)
        if begin >= len(self.body):
            headers["Content-Range"] = f"bytes */{len(self.body)}"
            return Reply(416, headers=headers, body=b"")
        end = min(end, len(self.body))
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(self.body)}"
        return Reply(206, headers=headers, body=self.body[begin:end], cut=cut)


@pytest.fixture(scope="module")
def site(gateway: Gateway) -> Iterator[Site]:
    origin = Origin()
    with gateway.lab.out.serve(8000, origin.handle):
        yield Site(gateway, origin)


def place(site: Site, answer: Callable[[Asked], Reply]) -> str:
    path = site.page()
    site.origin.answers[path] = answer
    return path


def ranges(site: Site, path: str) -> list[str | None]:
    return [asked.headers.get("range") for asked in site.asked(path)]


def test_a_part_answers_for_what_lies_in_it(site: Site) -> None:
    path = place(site, Content())
    first = site.get(path, Range="bytes=100-199")
    assert (first.status, first.body, first.hit) == (206, BYTES[100:200], False)
    assert first.headers["content-range"] == f"bytes 100-199/{len(BYTES)}"
    for wanted, body in (
        ("100-199", BYTES[100:200]),
        ("120-129", BYTES[120:130]),
        ("199-199", BYTES[199:200]),
    ):
        got = site.get(path, Range=f"bytes={wanted}")
        assert (got.status, got.body, got.hit) == (206, body, True), wanted
        assert got.headers["content-range"] == f"bytes {wanted}/{len(BYTES)}"
        assert got.headers["content-length"] == str(len(body))
    assert len(site.asked(path)) == 1


def test_the_last_bytes_are_a_part_too(site: Site) -> None:
    path = place(site, Content())
    assert site.get(path, Range="bytes=-50").body == BYTES[-50:]
    got = site.get(path, Range="bytes=-20")
    assert (got.status, got.body, got.hit) == (206, BYTES[-20:], True)


def test_what_lies_beside_it_is_asked_for(site: Site) -> None:
    path = place(site, Content())
    site.get(path, Range="bytes=100-199")
    for wanted in ("0-99", "300-399"):
        begin, end = map(int, wanted.split("-"))
        got = site.get(path, Range=f"bytes={wanted}")
        assert (got.status, got.body) == (206, BYTES[begin : end + 1])
        assert got.forwarded == "partial"
    assert ranges(site, path) == ["bytes=100-199", "bytes=0-99", "bytes=300-399"]


def test_a_beginning_is_made_whole(site: Site) -> None:
    path = place(site, Content())
    site.get(path, Range="bytes=0-4999")
    got = site.get(path)
    assert (got.status, got.body) == (200, BYTES)
    assert got.forwarded == "partial" and "stored" in got.headers["cache-status"]
    assert got.headers["content-length"] == str(len(BYTES))
    assert "content-range" not in got.headers
    rest = site.asked(path)[1].headers
    assert (rest["range"], rest["if-range"]) == (f"bytes=5000-{len(BYTES) - 1}", '"one"')
    again = site.get(path)
    assert again.hit and again.body == BYTES
    assert site.get(path, Range="bytes=4990-5010").body == BYTES[4990:5011]
    assert len(site.asked(path)) == 2


def test_two_parts_that_meet_are_one(site: Site) -> None:
    path = place(site, Content())
    site.get(path, Range="bytes=0-99")
    site.get(path, Range="bytes=50-199")
    got = site.get(path, Range="bytes=10-190")
    assert (got.status, got.body, got.hit) == (206, BYTES[10:191], True)
    assert site.get(path, Range="bytes=200-").body == BYTES[200:]
    whole = site.get(path)
    assert whole.hit and whole.body == BYTES
    assert len(site.asked(path)) == 3


def test_what_broke_off_is_completed(site: Site) -> None:
    content = Content(cut=True)
    path = place(site, content)
    with pytest.raises(Exception, match="IncompleteRead|incomplete|reset"):
        site.get(path)
    half = len(BYTES) // 2
    part = site.get(path, Range="bytes=0-99")
    assert part.hit and part.body == BYTES[:100]
    assert site.get(path).body == BYTES
    assert ranges(site, path) == [None, f"bytes={half}-{len(BYTES) - 1}"]
    assert site.get(path).hit


def test_a_completion_that_breaks_off_is_gone_on_with(site: Site) -> None:
    content = Content()
    path = place(site, content)
    site.get(path, Range="bytes=0-999")
    content.cut = True
    with pytest.raises(Exception, match="IncompleteRead|incomplete|reset"):
        site.get(path)
    assert site.get(path).body == BYTES
    half = 1000 + (len(BYTES) - 1000) // 2
    last = len(BYTES) - 1
    assert ranges(site, path)[1:] == [f"bytes=1000-{last}", f"bytes={half}-{last}"]


CHANGED = bytes(reversed(BYTES))


def test_another_content_is_not_joined(site: Site) -> None:
    content = Content()
    path = place(site, content)
    site.get(path, Range="bytes=0-999")
    content.body, content.headers = CHANGED, FRESH | {"ETag": '"two"'}
    got = site.get(path)
    assert (got.status, got.body) == (200, CHANGED)
    assert site.get(path).hit


JOINED = f"bytes 1000-{len(BYTES) - 1}/{len(BYTES)}"


LIES: dict[str, tuple[dict[str, str], int]] = {
    "another tag": ({"ETag": '"two"', "Content-Range": JOINED}, 206),
    "no tag": ({"Content-Range": JOINED}, 206),
    "a weak tag": ({"ETag": 'W/"one"', "Content-Range": JOINED}, 206),
    "another length": (TAG | {"Content-Range": f"bytes 1000-{len(BYTES) - 1}/99999"}, 206),
    "a gap": (TAG | {"Content-Range": f"bytes 1001-{len(BYTES) - 1}/{len(BYTES)}"}, 206),
    "no range": (TAG, 206),
    "two ranges": (TAG | {"Content-Range": JOINED + ", bytes 0-1/2"}, 206),
    "no such range": (TAG | {"Content-Range": f"bytes */{len(BYTES)}"}, 416),
    "not modified": (TAG, 304),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_rest_that_lies_is_not_joined(site: Site, lie: str) -> None:
    headers, code = LIES[lie]
    honest = Content()

    def answer(asked: Asked) -> Reply:
        if "if-range" not in asked.headers:
            return honest(asked)
        return Reply(code, headers=FRESH | headers, body=CHANGED[1000:])

    path = place(site, answer)
    site.get(path, Range="bytes=0-999")
    got = site.get(path)
    assert (got.status, got.body) == (200, BYTES)
    assert ranges(site, path)[2:] == [None]
    assert site.get(path).body == BYTES


def test_a_part_with_another_length_than_its_range_is_dropped(site: Site) -> None:
    for size in (50, 150):
        headers = FRESH | TAG | {"Content-Range": f"bytes 0-99/{len(BYTES)}"}
        path = site.page(Reply(206, headers=headers, body=BYTES[:size], chunked=True))
        answer = site.origin.answers[path]
        try:
            site.get(path, Range="bytes=0-99")
        except Exception as error:  # noqa: BLE001
            assert "ncomplete" in repr(error) or "reset" in repr(error)
        assert isinstance(answer, list)
        site.origin.answers[path] = Content()
        got = site.get(path, Range="bytes=0-99")
        assert (got.status, got.body) == (206, BYTES[:100])


def test_a_weak_tag_is_never_joined(site: Site) -> None:
    path = place(site, Content(headers=FRESH | {"ETag": 'W/"one"'}))
    site.get(path, Range="bytes=0-999")
    assert site.get(path, Range="bytes=0-99").hit
    assert site.get(path).body == BYTES
    assert ranges(site, path) == ["bytes=0-999", None]


def test_a_whole_is_not_given_away_for_a_part(site: Site) -> None:
    """One waits for a part for long; who did not wait for him has the whole."""
    released, content, asked_for_part = threading.Event(), Content(), threading.Event()

    def answer(asked: Asked) -> Reply:
        reply = content(asked)
        if "range" in asked.headers:
            reply.before = released
            asked_for_part.set()
        return reply

    path = place(site, answer)

    def fetch(*options: str) -> bytes:
        url, proxy = f"http://out.example.com:8000{path}", "http://10.0.0.1:3128"
        return site.lab.lan.curl(url, "--proxy", proxy, *options, timeout=20).body

    parts: list[bytes] = []
    slow = threading.Thread(target=lambda: parts.append(fetch("--range", "0-99")))
    slow.start()
    assert asked_for_part.wait(5)
    assert fetch() == BYTES
    released.set()
    slow.join(10)
    assert parts == [BYTES[:100]]
    whole = site.get(path)
    assert whole.hit and whole.body == BYTES
    assert ranges(site, path) == ["bytes=0-99", None]


def test_a_stale_part_is_validated(site: Site) -> None:
    content = Content(headers={"Cache-Control": "max-age=10", "Age": "20"} | TAG)
    path = place(site, content)
    site.get(path, Range="bytes=0-99")
    content.headers = FRESH | TAG
    got = site.get(path, Range="bytes=0-49")
    assert (got.status, got.body, got.forwarded) == (206, BYTES[:50], "stale")
    assert site.asked(path)[1].headers["if-none-match"] == '"one"'
    assert site.get(path, Range="bytes=50-99").hit


def test_only_from_the_cache(site: Site) -> None:
    path = place(site, Content())
    site.get(path, Range="bytes=0-99")
    only = {"Cache_Control": "only-if-cached"}
    assert site.get(path, Range="bytes=0-9", **only).status == 206
    assert site.get(path, Range="bytes=0-100", **only).status == 504
    assert site.get(path, **only).status == 504


def test_a_condition_needs_no_content(site: Site) -> None:
    path = place(site, Content())
    site.get(path, Range="bytes=0-99")
    assert site.get(path, If_None_Match='"one"').status == 304
    assert len(site.asked(path)) == 1


def test_a_head_is_not_answered_from_a_part(site: Site) -> None:
    path = place(site, Content())
    site.get(path, Range="bytes=0-99")
    assert site.get(path, "HEAD").headers["content-length"] == str(len(BYTES))
    assert [asked.method for asked in site.asked(path)] == ["GET", "HEAD"]


def test_many_ask_for_the_whole_of_a_part(site: Site) -> None:
    """One asks for the rest, all others wait for it."""
    before, content = threading.Event(), Content()

    def answer(asked: Asked) -> Reply:
        reply = content(asked)
        if "if-range" in asked.headers:
            reply.half_way = before
        return reply

    path = place(site, answer)
    site.get(path, Range="bytes=0-999")
    got: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: got.append(site.get(path).body)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    before.set()
    for thread in threads:
        thread.join(20)
    assert got == [BYTES] * 8
    assert len(site.asked(path)) == 2


def test_a_purge_takes_parts(site: Site) -> None:
    path = place(site, Content())
    site.get(path, Range="bytes=0-999")
    done = site.gateway.command("cache", "purge", f"http://out.example.com:8000{path}")
    assert done.returncode == 0, done.stderr
    assert not site.get(path, Range="bytes=0-99").hit


def test_a_part_of_a_coding_is_a_part_of_that_coding(site: Site) -> None:
    """Its bytes are no beginning of anything else: nothing is unpacked."""
    packed = gzip.compress(BYTES, mtime=0)
    coded = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding", "Content-Type": "text/plain"}
    content = Content(body=packed, headers=FRESH | TAG | coded)
    path = place(site, content)
    site.get(path, Range="bytes=0-99", Accept_Encoding="gzip")
    got = site.get(path, Range="bytes=50-99", Accept_Encoding="gzip")
    assert got.hit and got.body == packed[50:100]
    assert got.headers["content-encoding"] == "gzip"
    # Who takes none is not given it, and asks for himself.
    content.body, content.headers = BYTES, FRESH | {"ETag": '"plain"', "Vary": "Accept-Encoding"}
    plain = site.get(path, Range="bytes=0-99")
    assert not plain.hit and plain.body == BYTES[:100]
    # And who takes it has it made whole.
    content.body, content.headers = packed, FRESH | TAG | coded
    whole = site.get(path, Accept_Encoding="gzip")
    assert gzip.decompress(whole.body) == BYTES
    assert site.asked(path)[-1].headers["if-range"] == '"one"'


def test_several_parts_where_one_was_asked_for(site: Site) -> None:
    """A server may (RFC 9110, 15.3.7.2): it is passed on, and not kept."""
    body = (
        b"--x\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n"
        b"--x\r\nContent-Range: bytes 4-5/10\r\n\r\n45\r\n--x--\r\n"
    )
    headers = FRESH | TAG | {"Content-Type": "multipart/byteranges; boundary=x"}
    for more in ({}, {"Content-Range": "bytes 0-1/10"}):
        path = site.page(Reply(206, headers=headers | more, body=body))
        for count in (1, 2):
            got = site.get(path, Range="bytes=0-5")
            assert (got.status, got.body) == (206, body)
            assert not got.hit and len(site.asked(path)) == count
