# SPDX-License-Identifier: GPL-2.0-or-later
"""What happened over time: points, the most of each kind, and the rules' hits,
of both enforcers, as the console and the control socket tell it."""

import json
import re
import socket
from collections.abc import Iterator

import pytest

from tests.lab import conntrack, curl, wait
from tests.lab.flows import PROXY
from tests.lab.gateway import GOOD, Gateway
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.lab.origin import Origin, Reply
from tests.lab.parent import read_exactly
from tests.story.cached import FRESH, Site
from tests.story.zones import ZONES, line_of

API = "http://10.0.0.1:8080/api/v1"
POLICY = (
    ZONES
    + """
service web = { tcp 80, tcp 8000 }
proxy {
    listen 10.0.0.1:3128 for lan
    cache memory 16M
    compress
}
console {
    listen 10.0.0.1:8080
    from lan
}

report reject lan -> .example.net web           as "watched"
reject lan -> ads.example.com web               as "ads"
allow  lan -> wan web                           as "web"
allow  lan -> wan tcp 2525                      as "mail"
allow  lan -> wan udp 9                         as "never"
allow  guest -> wan tcp 2526 log                as "told"
drop   lan, guest -> any tcp 4444 log           as "<script>worm</script>"
"""
)
TEXT = FRESH | {"Content-Type": "text/plain"}
WORDS = b"the quick brown fox jumps over the lazy dog\n" * 4000


@pytest.fixture(scope="module")
def site(gateway: Gateway) -> Iterator[Site]:
    origin = Origin()
    with gateway.lab.out.serve(8000, origin.handle):
        yield Site(gateway, origin)


@pytest.fixture
def lan(gateway: Gateway) -> Host:
    return gateway.lab.lan


def ask(lan: Host, path: str) -> dict:
    answer = lan.curl(API + path)
    assert answer.status == 200, answer.text
    return json.loads(answer.text)


def rule(lan: Host, name: str) -> dict:
    [one] = [r for r in ask(lan, "/rules")["rules"] if r["name"] == name]
    return one


def top(lan: Host, of: str, what: str) -> dict:
    found = ask(lan, f"/top?of={of}&count=50")["entries"]
    return next((e for e in found if e["what"] == what), {"flows": 0})


def totals(lan: Host, step: int = 10, count: int = 60) -> dict:
    points = ask(lan, f"/series?step={step}&count={count}")["points"]
    assert len(points) == count
    assert [p["time"] for p in points] == sorted(p["time"] for p in points)
    return {k: sum(p[k] for p in points) for k in points[0] if k != "time"}


def status(gateway: Gateway) -> dict:
    return json.loads(gateway.command("status", "--json").stdout)


def counters(gateway: Gateway) -> dict[str, int]:
    return status(gateway)["counters"]


def grows(lan: Host, before: dict, **by: int) -> bool:
    now = totals(lan)
    return all(now[key] - before[key] >= value for key, value in by.items())


def test_requests_are_told(site: Site, lan: Host) -> None:
    before = totals(lan)
    path = site.page(Reply(headers=TEXT, body=WORDS))
    for _ in range(3):
        got = lan.curl(
            f"http://out.example.com:8000{path}", *PROXY, "--compressed"
        )
        assert got.status == 200
    assert lan.curl("http://ads.example.com/", *PROXY).status == 403
    wait.until("it is told", lambda: grows(lan, before, allowed=3, refused=1, requests=4, hits=2))
    now = totals(lan)
    assert now["bytes_out"] > before["bytes_out"]
    # Two came from the cache, and all were compressed.
    assert now["saved"] - before["saved"] > 2 * len(WORDS)
    for step in (60, 3600):
        assert totals(lan, step)["requests"] >= now["requests"] - before["requests"]
    name = top(lan, "names", "out.example.com")
    assert (name["flows"], name["refused"], name["over"]) == (3, 0, 0)
    ads = top(lan, "names", "ads.example.com")
    assert (ads["flows"], ads["refused"]) == (1, 1)
    assert top(lan, "clients", "10.0.0.4")["flows"] >= 4
    assert top(lan, "refused", "10.0.0.4")["refused"] >= 1
    assert top(lan, "pairs", "lan -> wan")["flows"] >= 3
    met = top(lan, "rules", str(line_of(POLICY, '"web"')))
    assert (met["flows"], met["name"]) == (3, "web")
    # `status` says the same; packets alone would be none.
    [web] = [r for r in status(site.gateway)["rules"] if r["name"] == "web"]
    assert web["flows"] == rule(lan, "web")["flows"] >= 3
    shown = site.gateway.command("status").stdout
    assert re.search(rf"^ +{web['line']} +\d+ +\d+ +{web['flows']}  ", shown, re.M), shown


def test_compression_is_told_of_what_passes(
    gateway: Gateway, site: Site, lan: Host
) -> None:
    """Of content whose length nobody knew, and that is not kept."""
    path = site.page(
        Reply(headers={"Content-Type": "text/plain", "Cache-Control": "no-store"},
            body=WORDS, chunked=True)
    )  # fmt: skip
    before, saved = counters(gateway), totals(lan)["saved"]
    got = lan.curl(f"http://out.example.com:8000{path}", *PROXY, "--compressed")
    assert got.status == 200 and got.body == WORDS
    wait.until("it is told", lambda: totals(lan)["saved"] > saved)
    now = counters(gateway)
    was = now["compressed_bytes"] - before["compressed_bytes"]
    became = now["compressed_to_bytes"] - before["compressed_to_bytes"]
    assert was == len(WORDS) and 0 < became < was / 10
    assert totals(lan)["saved"] - saved == was - became


def pour(peer: socket.socket) -> None:
    with peer:
        peer.sendall(bytes(100_000))


def hold(peer: socket.socket) -> None:
    peer.sendall(bytes(100_000))
    peer.recv(1)


def drain(peer: socket.socket) -> int:
    with peer:
        return sum(iter(lambda: len(peer.recv(65536)), 0))


def test_the_kernel_is_told(site: Site, lan: Host) -> None:
    before = totals(lan)
    with site.lab.out.serve(2525, pour):
        for _ in range(3):
            assert drain(lan.connect("203.0.113.9", 2525)) == 100_000
    guest = site.lab.guest.curl("http://203.0.113.9:4444/", timeout=0.5)
    assert guest.exit == curl.TIMED_OUT
    wait.until(
        "it is told",
        lambda: grows(lan, before, allowed=3, refused=1, bytes_out=300_000),
    )
    assert totals(lan)["bytes_in"] - before["bytes_in"] < 100_000
    mail = rule(lan, "mail")
    assert mail["packets"] == 3 and mail["flows"] == 0 and mail["bytes"] > 0
    assert mail["last"] is not None
    assert top(lan, "rules", str(mail["line"]))["flows"] == 3
    # It logs, so its clients are known.
    assert top(lan, "refused", "10.0.9.4")["refused"] >= 1
    assert top(lan, "pairs", "guest -> wan")["refused"] >= 1


def test_the_end_of_a_flow_tells_its_bytes(
    gateway: Gateway, site: Site, lan: Host
) -> None:
    """Of whom they were, the kernel says where a rule logs."""
    with site.lab.out.serve(2526, hold), site.lab.guest.connect(
        "203.0.113.9", 2526
    ) as sock:
        assert len(read_exactly(sock, 100_000)) == 100_000
        conntrack.forget(gateway.lab.gw)
    wait.until(
        "it is told",
        lambda: top(lan, "clients", "10.0.9.4").get("bytes_out", 0) > 100_000,
    )
    assert top(lan, "pairs", "guest -> wan")["bytes_out"] > 100_000


def test_a_rule_that_was_never_met(lan: Host) -> None:
    never = rule(lan, "never")
    assert (never["packets"], never["flows"], never["last"]) == (0, 0, None)
    assert never["text"] == 'allow lan -> wan udp 9 as "never"'
    every = ask(lan, "/rules")["rules"]
    assert [r["line"] for r in every[:-1]] == sorted(r["line"] for r in every[:-1])
    assert every[-1]["line"] == 0


def test_a_proxy_that_dies(gateway: Gateway, lan: Host) -> None:
    """What it had told stays; the next one goes on."""
    assert lan.curl("http://ads.example.com/", *PROXY).status == 403
    before = totals(lan)
    assert before["requests"] > 0
    assert gateway.kill("gatehouse-proxy")
    wait.until(
        "another one answers",
        lambda: lan.curl("http://ads.example.com/", *PROXY).status == 403,
    )
    # The console is the proxy's, too.
    wait.until("and tells", lambda: lan.curl(API + "/series").status == 200)
    wait.until("it is told", lambda: grows(lan, before, requests=1, refused=1))


def test_what_makes_no_sense_is_refused(lan: Host) -> None:
    for path in (
        "/series?step=7", "/series?count=0", "/series?step=10&count=361",
        "/top?of=users", "/top?seconds=0", "/top?seconds=86401", "/top?count=201",
    ):  # fmt: skip
        answer = lan.curl(API + path)
        assert answer.status == 400, path
        assert json.loads(answer.text)["status"] == 400


def test_the_report_says_the_same(
    gateway: Gateway, site: Site, lan: Host, tmp_path
) -> None:
    before = totals(lan, 3600, 2)
    assert lan.curl("http://ads.example.com/", *PROXY).status == 403
    wait.until(
        "it is told",
        lambda: totals(lan, 3600, 2)["refused"] > before["refused"],
    )
    done = gateway.command("report", "--since", "1h")
    assert done.returncode == GOOD, done.stderr
    lines = done.stdout.splitlines()
    refused = int(re.search(r"flows refused +([\d,]+)", done.stdout)[1].replace(",", ""))
    assert before["refused"] < refused <= totals(lan, 3600, 2)["refused"]
    assert [line for line in lines if line.startswith("ads.example.com ")]
    assert max(len(line) for line in lines) <= 80
    page = tmp_path / "page.html"
    assert gateway.command("report", "--html", page).returncode == GOOD
    text = page.read_text()
    assert "ads.example.com" in text and "<script" not in text
    guest = site.lab.guest.curl("http://203.0.113.9:4444/", timeout=0.5)
    assert guest.exit == curl.TIMED_OUT
    wait.until(
        "the rule's name is in the page, as text",
        lambda: gateway.command("report", "--html", page).returncode == GOOD
        and "&lt;script&gt;worm&lt;/script&gt;" in page.read_text(),
    )
    assert "<script" not in page.read_text()


def test_what_was_written_outlives_a_restart(gateway_lab: Lab, gateway: Gateway) -> None:
    """Also beside a line that a crash has cut off; and a rule that stands in
    another policy goes on counting."""
    lan, state = gateway_lab.lan, gateway.dir / "state"
    gateway.stop()
    with Gateway(gateway_lab, POLICY, "--state", str(state)) as first:
        assert lan.curl("http://ads.example.com/", *PROXY).status == 403
        wait.until("it is told", lambda: totals(lan)["refused"] == 1)
        met = rule(lan, "ads")
        assert (met["flows"], met["packets"]) == (1, 0)
        other = first.policy_file(POLICY.replace("udp 9 ", "udp 11"))
        done = first.command("apply", other)
        assert done.returncode == GOOD, done.stderr
        assert rule(lan, "ads") == met
        assert (rule(lan, "never")["flows"], rule(lan, "never")["last"]) == (0, None)
    [day] = (state / "hours").glob("*.jsonl")
    lines = day.read_text().splitlines()
    assert sum(json.loads(line)["refused"] for line in lines) == 1
    with day.open("a") as file:
        file.write('{"hour":"2026-11-27T09:00:00.0')
    with Gateway(gateway_lab, POLICY, "--state", str(state)) as second:
        assert totals(lan, 3600, 2)["refused"] == 1
        assert totals(lan, 10, 60)["refused"] == 0
        assert lan.curl("http://ads.example.com/", *PROXY).status == 403
        wait.until("it is told", lambda: totals(lan, 3600, 2)["refused"] == 2)
        done = second.command("report", "--since", "2h")
        assert re.search(r"flows refused +2\n", done.stdout), done.stdout
        assert re.search(r"^ads.example.com +2 +2 ", done.stdout, re.MULTILINE)
    assert len(day.read_text().splitlines()) >= len(lines) + 2
    gateway.start()
