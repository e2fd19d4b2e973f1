# SPDX-License-Identifier: GPL-2.0-or-later
"""The dashboard in a real browser, which is a client in the lab: what it shows
of real traffic, what it changes, and that what peers sent is only text.

The stories that the browser goes through are in tests/web/dashboard.mjs; its
pictures are left in build/web/shots.
"""

import hashlib
import json
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import wait
from tests.lab.gateway import PROGRAM, ROOT, Gateway
from tests.lab.host import Host
from tests.lab.journal import Journal
from tests.lab.listener import echo
from tests.story.zones import ZONES

TOKEN = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
URL = "http://10.0.0.1:8080"
PROXY = ("--proxy", "http://10.0.0.1:3128", "--globoff")
WEB = ROOT / "web"
TESTS = ROOT / "tests" / "web"
MODULES = ROOT / "build" / "web"

POLICY = (
    ZONES
    + """
proxy { listen 10.0.0.1:3128 for lan; cache memory 16M }
console { listen 10.0.0.1:8080; from lan; token "tokens" }
include "more.policy"

reject lan -> ads.example.net                   log as "ads"
reject lan -> shop.example.com path "/admin/*"  log as "<img/src=x onerror=hacked=1>"
allow  lan -> wan tcp { 7, 80 }                 log as "web"
allow  lan -> wan udp 53
drop   any -> any                               log
"""
)
MORE = 'reject guest -> self tcp 22 log as "no ssh for guests"\n'
SECOND = POLICY.replace("allow  lan -> wan udp 53", "allow  lan -> wan udp 8")
WAITING = POLICY.replace("allow  lan -> wan udp 53", "allow  lan -> wan udp 9")

STORIES = re.findall(
    r'^\tasync "([^"]+)"\(\) {$', (TESTS / "dashboard.mjs").read_text(), re.MULTILINE
)


def missing() -> str:
    """What a browser's test lacks here; empty: nothing."""
    wanted = json.loads((TESTS / "package.json").read_text())["dependencies"]
    lacking = [program for program in ("node", "chromium") if not shutil.which(program)]
    lacking += [name for name in wanted if not (MODULES / "node_modules" / name).exists()]
    return f"scripts/setup web: {', '.join(lacking)} missing" if lacking else ""


@pytest.fixture(scope="module")
def gateway(gateway_lab) -> Iterator[Gateway]:
    if lacking := missing():
        pytest.skip(lacking)
    state = gateway_lab.gw.stem("state")
    gateway = Gateway(gateway_lab, POLICY, "--state", str(state))
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    (gateway.dir / "tokens").write_text(f"{digest}  admin\n")
    (gateway.dir / "more.policy").write_text("# of another file\n" + MORE)
    with gateway:
        yield gateway


def make_traffic(gateway: Gateway) -> None:
    """What the page is to show; hostile where a client may be."""
    lan, journal = gateway.lab.lan, Journal(gateway.runtime / "events.jsonl")
    for path in ("a", "a", "<script>hacked=1</script>"):
        assert lan.curl(f"http://www.example.com/{path}", *PROXY).status == 200
    hostile = "http://shop.example.com/admin/<script>hacked=1</script>"
    assert lan.curl(hostile, *PROXY).status == 403
    assert lan.curl("http://ads.example.net/<img/src=x/onerror=hacked=1>", *PROXY).status == 403
    for port in (7001, 7002):
        refuse(lan, port)
        journal.wait(port=port)


def refuse(lan: Host, port: int) -> None:
    with lan.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", ("203.0.113.9", port))


def make_history(gateway: Gateway) -> None:
    """Policy 1 was followed by 2, and 3 is being tried out; each is a file."""
    for text, options in ((SECOND, ()), (WAITING, ("--confirm", "300s"))):
        done = gateway.command("apply", *options, gateway.policy_file(text))
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def living(gateway: Gateway) -> Iterator[socket.socket]:
    """A flow for somebody to end."""
    gateway.lab.web.serve(7, echo)
    with gateway.lab.lan.connect("203.0.113.80", 7) as sock:
        sock.sendall(b"hello")
        assert sock.recv(5) == b"hello"
        yield sock


@pytest.fixture(scope="module")
def told(gateway: Gateway, living: socket.socket) -> dict[str, str | None]:
    """What was wrong in each story; None: nothing."""
    make_traffic(gateway)
    make_history(gateway)
    shots = MODULES / "shots"
    shots.mkdir(parents=True, exist_ok=True)
    lan = gateway.lab.lan
    lan.env = lan.env | {
        "MODULES": str(MODULES),
        "CHROMIUM": shutil.which("chromium"),
        # A sanitizer's daemons have no sandbox, and that is told.
        "HEALTH": "to look after" if "asan" in PROGRAM.parent.name else "All is well.",
        "HOME": str(lan.stem("home")),
    }
    done = lan.run(["node", TESTS / "dashboard.mjs", URL, TOKEN, shots], timeout=120)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        print(f"{line['ms']:6} ms  {line['story']}")
    assert done.returncode == 0, done.stderr
    return {line["story"]: line["wrong"] for line in lines}


@pytest.mark.parametrize("story", STORIES)
def test_in_the_browser(told: dict[str, str | None], story: str) -> None:
    assert told[story] is None, told[story]


def test_what_was_changed_is_changed(told: dict, gateway: Gateway, living: socket.socket) -> None:
    """The kernel and the daemon say so, too."""
    status = json.loads(gateway.command("status", "--json").stdout)
    assert status["confirmation"] is None and status["bans"] == 0
    shown = gateway.command("history", "--json").stdout
    states = {one["id"]: one["state"] for one in json.loads(shown)["policies"]}
    assert states == {1: "in force", 2: "past", 3: "rolled back"}
    living.settimeout(2)
    with pytest.raises(OSError):
        living.sendall(b"more")
        if living.recv(10) == b"":
            raise ConnectionResetError


def test_what_the_page_is_made_of() -> None:
    """No markup is made of text, no code stands in markup, no host is named."""
    ways = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"
        r"|srcdoc|javascript:|createContextualFragment|setHTML|DOMParser"
    )
    inline = re.compile(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)")
    for file in sorted(WEB.iterdir()):
        text = file.read_text()
        assert not ways.findall(text), file.name
        hosts = set(re.findall(r"//([\w-]+\.[\w.-]+)", text))
        assert hosts <= {"www.w3.org", "www.example.com"}, f"{file.name}: {hosts}"
        if file.suffix == ".html":
            assert not inline.findall(text), file.name
        assert "SPDX-License-Identifier: GPL-2.0-or-later" in text[:200], file.name


def test_all_of_it_is_built_in(gateway: Gateway) -> None:
    """With tags, so that a browser asks only whether it is still the same."""
    lan = gateway.lab.lan
    for file in sorted(WEB.iterdir()):
        path = "/" if file.name == "index.html" else f"/assets/{file.name}"
        answer = lan.curl(URL + path)
        assert answer.body == file.read_bytes(), path
        assert answer.headers["cache-control"] == "no-cache"
        same = lan.curl(URL + path, "-H", f"If-None-Match: {answer.headers['etag']}")
        assert (same.status, same.body) == (304, b"")
    packed = lan.curl(URL + "/", "--compressed")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.body == (WEB / "index.html").read_bytes()
    policy = packed.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "form-action 'none'" in policy
    assert "unsafe" not in policy
