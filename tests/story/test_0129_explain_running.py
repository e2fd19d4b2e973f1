# SPDX-License-Identifier: GPL-2.0-or-later
"""`explain --running` asks the gateway: the policy in force and not a file, its
own addresses, its time, and the tables of others that can still refuse."""

import json
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, PROGRAM, WRONG_CALL, WRONG_WORLD, Gateway
from tests.story.zones import ZONES

Start = Callable[..., Gateway]

OPEN = """
proxy { listen 10.0.0.1:3128 for lan }
reject guest -> wan log as "no guests"
allow lan -> self tcp 22
allow lan -> wan
publish wan tcp 8443 -> 10.0.0.4 tcp 443
"""
POLICY = ZONES + OPEN
OUT = "lan 10.0.0.4 -> 203.0.113.80 tcp 80"
IN = "lan 10.0.0.4 -> self tcp 22"

STRANGERS = """
table ip filter {
    chain FORWARD { type filter hook forward priority 0; policy drop; tcp dport 1 accept; }
    chain INPUT { type filter hook input priority 0; policy accept; }
}
table inet other {
    chain in { type filter hook input priority 10; tcp dport 9 drop; udp dport 9 drop; }
}
"""


def ask(gateway: Gateway, *words: str) -> subprocess.CompletedProcess[str]:
    return gateway.command("explain", "--running", *words)


def said(gateway: Gateway, flow: str) -> dict:
    done = ask(gateway, "--json", flow)
    assert done.returncode == GOOD, done.stderr
    return json.loads(done.stdout)


def chains(answer: dict) -> list[str]:
    return [f"{c['family']} {c['table']} {c['chain']}" for c in answer["foreign"]]


@pytest.mark.parametrize(
    "flow",
    [
        OUT,
        IN,
        "guest 10.0.9.4 -> www.example.com tcp 443",
        "lan 10.0.0.4 -> http://www.example.com/ method GET explicit",
        "wan 203.0.113.9 -> lan 10.0.0.4 udp 53",
    ],
)
def test_it_says_what_explain_of_the_file_says(gateway: Gateway, flow: str) -> None:
    """In the same words and under the same keys; what it knows more is apart."""
    running = said(gateway, flow)
    assert running.pop("generation") == 1
    assert running.pop("foreign") == []
    assert running == gateway.explain(flow)
    of_file = gateway.lab.gw.run([PROGRAM, "explain", gateway.policy, flow]).stdout
    assert ask(gateway, flow).stdout == (
        f"{of_file}\n  {gateway.policy}, generation 1\n"
    )


def test_a_file_that_was_edited_is_not_in_force(start_gateway: Start) -> None:
    gateway = start_gateway(ZONES + "allow lan -> any\n")
    gateway.policy.write_text(ZONES + "drop lan -> any\n")
    assert gateway.explain(OUT)["verdict"] == "drop"
    answer = said(gateway, OUT)
    assert (answer["verdict"], answer["generation"]) == ("allow", 1)
    assert gateway.command("apply", gateway.policy).returncode == GOOD
    answer = said(gateway, OUT)
    assert (answer["verdict"], answer["generation"]) == ("drop", 2)


def test_its_own_addresses(gateway: Gateway) -> None:
    """One that came after the start is known as well."""
    extra = ["ip", "address", "add", "10.0.0.77/32", "dev", "int0"]
    flow = "lan 10.0.0.4 -> 10.0.0.77 tcp 22"
    assert said(gateway, flow)["verdict"] == "drop"
    assert said(gateway, flow.replace(".77", ".1"))["verdict"] == "allow"
    gateway.lab.gw.run(extra, check=True)
    try:
        wait.until("it", lambda: said(gateway, flow)["verdict"] == "allow")
    finally:
        extra[2] = "delete"
        gateway.lab.gw.run(extra, check=True)


def test_the_time_is_now(start_gateway: Start) -> None:
    """Where it is not given; a file's explain does not know it."""
    now = datetime.now()
    days = [(now + timedelta(days=d)).strftime("%a").lower() for d in (0, 1, 2)]
    hours = f"hours about = {days[0]}, {days[1]}\n"  # also over midnight
    gateway = start_gateway(ZONES + hours + "allow lan -> any during about\n")
    assert gateway.explain(OUT)["verdict"] == "undecided"
    assert said(gateway, OUT)["verdict"] == "allow"
    assert said(gateway, f"{OUT} at {days[2]} 12:00")["verdict"] == "drop"


def test_chains_of_others_that_can_refuse(start_gateway: Start) -> None:
    gateway = start_gateway(POLICY)
    assert said(gateway, OUT)["foreign"] == []
    gateway.lab.gw.run(["nft", "-f", "-"], input=STRANGERS, check=True)
    assert chains(said(gateway, OUT)) == ["ip filter FORWARD"]
    assert chains(said(gateway, IN)) == ["inet other in"]
    through_proxy = "lan 10.0.0.4 -> http://www.example.com/ explicit"
    assert chains(said(gateway, through_proxy)) == ["inet other in"]
    published = "wan 203.0.113.9 -> self 203.0.113.1 tcp 8443"
    assert chains(said(gateway, published)) == ["ip filter FORWARD"]
    refused = said(gateway, "guest 10.0.9.4 -> 203.0.113.80 tcp 80")
    assert refused["verdict"] == "reject" and refused["foreign"] == []
    text = ask(gateway, OUT).stdout
    assert "\n  note   chain FORWARD of table ip filter can still refuse it\n" in text
    assert "         hook forward, priority 0, policy drop, 1 rule\n" in text
    # And so it is.
    with pytest.raises(OSError):
        gateway.lab.lan.connect("203.0.113.80", 80, timeout=0.5)
    status = gateway.command("status").stdout
    assert "other tables that can refuse what is allowed" in status
    assert "chain in of table inet other: hook input, priority 10" in status
    everything = json.loads(gateway.command("status", "--json").stdout)
    assert sorted(chains(everything)) == ["inet other in", "ip filter FORWARD"]
    for table in ("ip filter", "inet other"):
        gateway.lab.gw.run(["nft", "delete", "table", *table.split()], check=True)
    assert said(gateway, OUT)["foreign"] == []
    assert "other tables" not in gateway.command("status").stdout


def test_what_is_not_understood(gateway: Gateway) -> None:
    done = ask(gateway, "lan 10.0.0.4 -> nowhere")
    assert (done.returncode, done.stdout) == (WRONG_CALL, "")
    assert "flow:1:" in done.stderr and "nowhere" in done.stderr
    for flow in ("lan 10.0.0.4\n-> any", "lan 10.0.0.4 -> any" + " " * 8192):
        assert "one line of at most" in ask(gateway, flow).stderr
    done = ask(gateway, "office.policy", OUT)
    assert done.returncode == WRONG_CALL
    assert "takes a flow, no file" in done.stderr
    done = gateway.lab.gw.run([PROGRAM, "explain", OUT])
    assert (done.returncode, done.stdout) == (WRONG_CALL, "")
    assert "a file and a flow" in done.stderr


def test_where_no_gateway_runs(gateway: Gateway) -> None:
    argv = [PROGRAM, "explain", "--running", "--runtime", gateway.dir, OUT]
    done = gateway.lab.gw.run(argv)
    assert (done.returncode, done.stdout) == (WRONG_WORLD, "")
    assert "no gateway runs" in done.stderr
