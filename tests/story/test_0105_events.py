# SPDX-License-Identifier: GPL-2.0-or-later
"""The account that the gateway gives of itself: every field, from both enforcers."""

import json

from tests.lab import wait
from tests.lab.flows import PROXY, TUNNEL
from tests.lab.gateway import GOOD, PROGRAM, Gateway
from tests.lab.journal import Event, Journal
from tests.story.zones import ZONES, line_of

POLICY = (
    ZONES
    + """
service web = { tcp 80, tcp 443 }

proxy {
    listen 10.0.0.1:3128 for lan
    intercept web for lan
}

drop   guest -> lan                       log as "no guests"
allow  lan -> 203.0.113.53 udp 53
reject lan -> .example.net                log as "ads"
allow  lan -> wan                         log
"""
)

KEYS = {
    "time", "id", "kind", "flow", "enforcer", "phase", "verdict", "rule", "zone",
    "source", "source_port", "destination", "protocol", "port", "name", "method", "url", "user",
    "status", "bytes", "duration_ms", "reason", "packets", "parent", "balancer",
    "flags", "length", "suppressed", "http", "http_server",
}  # fmt: skip
KINDS = {"packet", "flow", "request", "dns", "list", "policy", "ban", "fault"}


def test_of_a_packet(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    port = lab.guest.ports().start
    try:
        lab.guest.connect(lab.printer.ip4, 9100, 0.1, source=(lab.guest.ip4, port))
    except TimeoutError:
        pass
    event = journal.wait(source=lab.guest.ip4, source_port=port)
    assert (event.enforcer, event.phase) == ("firewall", "packet")
    assert event.kind == "packet"
    assert event.verdict == "drop"
    assert event.rule_line == line_of(POLICY, "no guests")
    assert event.rule_name == "no guests"
    assert (event.zone_from, event.zone_to) == ("guest", "lan")
    assert (event.destination, event.port) == (lab.printer.ip4, 9100)
    assert event.protocol == "tcp"
    assert (event.flags, event.length) == ("syn", 60)
    assert (event.name, event.method, event.url, event.status) == (None,) * 4


def page_event(journal: Journal, **wanted: object) -> Event:
    event = journal.wait(enforcer="proxy", verdict="allow", **wanted)
    assert event.rule_line == line_of(POLICY, "allow  lan -> wan")
    assert event.rule_name is None
    assert (event.zone_from, event.zone_to) == ("lan", "wan")
    assert event.protocol == "tcp"
    assert event.duration_ms >= 0
    return event


def test_of_an_intercepted_page(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    answer = lab.lan.curl("http://www.example.com/a?b", "-4")
    event = page_event(journal, source=lab.lan.ip4, source_port=answer.ports)
    assert (event.kind, event.name) == ("request", "www.example.com")
    assert (event.method, event.status) == ("GET", 200)
    assert event.url == "http://www.example.com/a?b"
    assert (event.destination, event.port) == (lab.web.ip4, 80)
    assert event.bytes_out >= len(answer.body)
    assert event.bytes_in > 0


def test_of_intercepted_tls(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    answer = lab.lan.curl("https://www.example.com/hidden", "-4")
    event = page_event(journal, source=lab.lan.ip4, source_port=answer.ports)
    assert (event.kind, event.name) == ("flow", "www.example.com")
    assert (event.destination, event.port) == (lab.web.ip4, 443)
    assert event.bytes_out > len(answer.body)
    assert "hidden" not in (event.url or "")


def test_of_an_absolute_request(gateway: Gateway, journal: Journal) -> None:
    """Source and destination are the client's and the server's, not the proxy's."""
    lab = gateway.lab
    answer = lab.lan.curl("http://v4only.example.com/x", *PROXY)
    event = page_event(journal, source=lab.lan.ip4, source_port=answer.ports)
    assert event.url == "http://v4only.example.com/x"
    assert (event.destination, event.port) == (lab.web.ip4, 80)


def test_of_a_tunnel(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    answer = lab.lan.curl("https://v4only.example.com/", *TUNNEL)
    event = page_event(journal, source=lab.lan.ip4, source_port=answer.ports)
    assert (event.method, event.name) == ("CONNECT", "v4only.example.com")
    assert (event.destination, event.port) == (lab.web.ip4, 443)
    assert event.bytes_in > 0 and event.bytes_out > len(answer.body)


def test_of_a_refused_name(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    answer = lab.lan.curl("http://ads.example.net/banner", "-4")
    event = journal.wait(source=lab.lan.ip4, source_port=answer.ports)
    assert (event.enforcer, event.verdict) == ("proxy", "reject")
    assert event.phase in ("name", "request")
    assert event.rule_line == line_of(POLICY, 'as "ads"')
    assert (event.name, event.status) == ("ads.example.net", 403)


def test_each_request_of_a_connection_is_told(
    gateway: Gateway, journal: Journal
) -> None:
    """They share the flow, and nothing else does; every event has its own id."""
    lan = gateway.lab.lan
    kept, other = lan.http("203.0.113.80", 80), lan.http("203.0.113.80", 80)
    for client, path in ((kept, "/1"), (kept, "/2"), (other, "/3")):
        client.request("GET", path, headers={"Host": "www.example.com"})
        client.getresponse().read()
    urls = [f"http://www.example.com/{n}" for n in (1, 2, 3)]
    one, two, three = [journal.wait(url=url) for url in urls]
    assert one.flow == two.flow != three.flow
    assert len({one.id, two.id, three.id}) == 3
    kept.close(), other.close()


def test_every_line_has_every_key(gateway: Gateway) -> None:
    lines = [json.loads(line) for line in gateway.journal.lines()]
    assert lines, "the stories above were logged"
    for line in lines:
        assert set(line) == KEYS
        assert line["kind"] in KINDS
        assert set(line["rule"] or ()) in (set(), {"line", "name"})
        assert set(line["zone"] or ()) in (set(), {"from", "to"})
        assert set(line["bytes"] or ()) in (set(), {"in", "out"})


def test_what_is_not_to_be_logged_is_not(gateway: Gateway, journal: Journal) -> None:
    lab = gateway.lab
    lab.lan.curl("http://www.example.com/", "-4")
    journal.wait(name="www.example.com")
    assert journal.events(port=53) == []


def test_the_command_shows_the_same(gateway: Gateway) -> None:
    gateway.lab.lan.curl("http://ads.example.net/shown", "-4")
    done = gateway.command("log", "--json")
    assert done.returncode == GOOD
    assert done.stdout.splitlines()[-1] in gateway.journal.lines()
    assert "ads.example.net" in gateway.command("log").stdout


def test_the_command_follows(gateway: Gateway) -> None:
    gw = gateway.lab.gw
    argv = [PROGRAM, "log", "-f", "--json", "--runtime", gateway.runtime]
    follower = gw.spawn(argv)

    def heard() -> bool:
        gateway.lab.lan.curl("http://ads.example.net/followed", "-4")
        return "followed" in follower.out

    wait.until("log -f to tell", heard)
    follower.stop()


def test_what_no_event_can_have_is_said(gateway: Gateway, journal: Journal) -> None:
    """A name of the policy in force that nothing has fitted is no mistake."""
    said = {
        ("from", "lna"): "no zone of the policy in force is called 'lna'; "
        "did you mean 'lan'?\n",
        ("to", "self,nowhere"): "no zone of the policy in force is called 'nowhere'\n",
        ("rule", "no gests"): "no rule of the policy in force is called 'no gests'; "
        "did you mean 'no guests'?\n",
        ("rule", "no guests", "port", "1"): "",
        ("from", "g*", "port", "1"): "",
        ("from", "lna", "-n", "0"): "",
    }
    for words, complaint in said.items():
        done = gateway.command("log", *words)
        assert (done.returncode, done.stdout) == (GOOD, "")
        assert done.stderr == ("gatehouse: " + complaint if complaint else "")
