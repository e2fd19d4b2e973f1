# SPDX-License-Identifier: GPL-2.0-or-later
"""A cache on the disk outlives the proxy and the gateway."""

import os
from collections.abc import Iterator

import pytest

from tests.lab import wait
from tests.lab.gateway import Gateway, GatewayError
from tests.lab.lab import Lab
from tests.lab.origin import Asked, Origin, Reply
from tests.story.cached import FRESH, Site
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    intercept tcp 8000 for guest
    cache memory 64M, disk "FOLDER" 512M
}
allow lan, guest -> wan tcp 8000
"""
)

PAGES = {f"/{n}": bytes([65 + n]) * (1000 * 10**n) for n in range(4)}


@pytest.fixture
def policy(lab: Lab) -> str:
    return POLICY.replace("FOLDER", str(lab.gw.stem("cache")))


@pytest.fixture
def origin(lab: Lab) -> Iterator[Origin]:
    origin = Origin()
    for path, body in PAGES.items():
        origin.answers[path] = [Reply(headers=FRESH, body=body)]
    with lab.out.serve(8000, origin.handle):
        yield origin


def read_all(gateway: Gateway, origin: Origin, hits: set[str]) -> None:
    """Every page is right, and these come without a question to the origin."""
    site = Site(gateway, origin)
    for path, body in PAGES.items():
        before = len(origin.asked)
        got = site.get(path)
        assert (got.status, got.body) == (200, body)
        assert (len(origin.asked) == before) == (path in hits)


def purge(gateway: Gateway, *what: str) -> None:
    done = gateway.command("cache", "purge", *what)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" purged\n")


def test_it_is_there_after_a_restart(lab: Lab, policy: str, origin: Origin) -> None:
    with Gateway(lab, policy) as gateway:
        read_all(gateway, origin, set())
    with Gateway(lab, policy) as gateway:
        read_all(gateway, origin, set(PAGES))


def test_it_is_there_after_a_crash(lab: Lab, policy: str, origin: Origin) -> None:
    """A purge waits for what was put before; then the proxy is killed."""
    with Gateway(lab, policy) as gateway:
        read_all(gateway, origin, set())
        purge(gateway, "http://out.example.com:8000/1")
        gateway.kill("gatehouse-proxy")
        wait.until("it runs again", lambda: gateway.pids("gatehouse-proxy"))
        read_all(gateway, origin, set(PAGES) - {"/1"})


def test_a_purge_outlives_it(lab: Lab, policy: str, origin: Origin) -> None:
    with Gateway(lab, policy) as gateway:
        read_all(gateway, origin, set())
        purge(gateway, "host", "out.example.com")
    with Gateway(lab, policy) as gateway:
        read_all(gateway, origin, set())


def test_a_folder_of_somebody_else_s(lab: Lab, policy: str) -> None:
    folder = policy.partition('disk "')[2].partition('"')[0]
    os.mkdir(folder)
    with pytest.raises(GatewayError, match="is not the proxy's own"):
        with Gateway(lab, policy):
            pass


def test_a_folder_that_cannot_be(lab: Lab) -> None:
    with pytest.raises(GatewayError, match="cannot be made: No such file"):
        with Gateway(lab, POLICY.replace("FOLDER", "/nowhere/at/all")):
            pass


def test_a_part_is_there_after_a_restart(lab: Lab, policy: str, origin: Origin) -> None:
    """And is made whole then."""
    body = bytes(range(256)) * 400
    fresh = FRESH | {"ETag": '"one"'}

    def answer(asked: Asked) -> Reply:
        first, last = asked.headers["range"].removeprefix("bytes=").split("-")
        where = {"Content-Range": f"bytes {first}-{last}/{len(body)}"}
        return Reply(206, headers=fresh | where, body=body[int(first) : int(last) + 1])

    origin.answers["/part"] = answer
    with Gateway(lab, policy) as gateway:
        Site(gateway, origin).get("/part", Range="bytes=0-9999")
    with Gateway(lab, policy) as gateway:
        site = Site(gateway, origin)
        part = site.get("/part", Range="bytes=5000-5999")
        assert part.hit and (part.status, part.body) == (206, body[5000:6000])
        assert site.get("/part").body == body
        assert [asked.headers["range"] for asked in origin.asked] == [
            "bytes=0-9999",
            f"bytes=10000-{len(body) - 1}",
        ]


def test_who_dialled_it_himself_has_his_own(
    lab: Lab, policy: str, origin: Origin
) -> None:
    """What the disk has of the URL is another's, and is looked at once."""
    with Gateway(lab, policy) as gateway:
        read_all(gateway, origin, set())
    with Gateway(lab, policy) as gateway:
        for _ in range(2):
            conn = lab.guest.http("203.0.113.9", 8000)
            conn.request("GET", "/2", headers={"Host": "out.example.com:8000"})
            assert conn.getresponse().read() == PAGES["/2"]
            conn.close()
        assert len(origin.asked) == len(PAGES) + 1
