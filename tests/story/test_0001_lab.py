# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself, without Gatehouse: what the stories stand on holds.

Hosts reach each other through a gateway that merely forwards; names resolve;
a lab that was killed is cleared away by the next; and the machine's own
network never notices.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import textwrap

import pytest

from tests.lab import curl, namespace, wait
from tests.lab.gateway import ROOT
from tests.lab.lab import HOME, Lab, remove_orphans
from tests.lab.nameserver import turning
from tests.lab.watch import NEW_TCP, Watch


@pytest.mark.parametrize("family", ["-4", "-6"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_lan_fetches_a_page(lab: Lab, scheme: str, family: str) -> None:
    answer = lab.lan.curl(f"{scheme}://www.example.com/a?b=c", family)
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert answer.said["server"] == "web"
    assert answer.said["scheme"] == scheme
    assert answer.said["target"] == "/a?b=c"
    assert answer.said["peer"] == (lab.lan.ip4 if family == "-4" else lab.lan.ip6)
    assert int(answer.said["peer_port"]) in answer.ports


def test_the_server_knows_what_it_was_asked(lab: Lab) -> None:
    answer = lab.guest.curl("https://shop.example.com/known", "-4", "-A", 'a "b"')
    request = lab.pages.await_request(target="/known")
    assert request["server_name"] == "shop.example.com"
    assert request["agent"] == 'a "b"'
    assert request["peer"] == lab.guest.ip4
    assert int(request["peer_port"]) in answer.ports


def test_files_go_both_ways_unchanged(lab: Lab) -> None:
    content = os.urandom(300_000)
    sent = lab.pages.file("sent.bin", content)
    up = "http://www.example.com/files/stored.bin"
    assert lab.lan.curl(up, "--upload-file", str(sent)).status == 201
    assert lab.lan.curl(up).body == content


@pytest.mark.parametrize(
    "name, addresses",
    [
        ("v4only.example.com", {"203.0.113.80"}),
        ("v6only.example.com", {"2001:db8:f::80"}),
        ("alias.example.com", {"203.0.113.80", "2001:db8:f::80"}),
        ("rebind.example.com", {"10.0.0.200"}),
    ],
)
def test_names_resolve(lab: Lab, name: str, addresses: set[str]) -> None:
    done = lab.lan.run(["getent", "ahosts", name])
    assert {line.split()[0] for line in done.stdout.splitlines()} == addresses


def test_a_name_that_is_not_there(lab: Lab) -> None:
    assert lab.lan.run(["getent", "ahosts", "nothing.example.com"]).returncode == 2
    assert lab.names.was_asked("nothing.example.com")


def test_a_name_that_gets_no_answer(lab: Lab) -> None:
    answer = lab.lan.curl("http://silent.example.com/", "-4", timeout=0.5)
    assert answer.exit == curl.TIMED_OUT


def test_a_name_that_turns(lab: Lab) -> None:
    """Its first answer is harmless, all later ones lead inside."""
    lab.names.records["turns.example.com"] = turning(["203.0.113.80"], ["10.0.0.200"])
    question = ["getent", "ahostsv4", "turns.example.com"]
    assert lab.lan.run(question).stdout.startswith("203.0.113.80")
    assert lab.lan.run(question).stdout.startswith("10.0.0.200")


def test_names_over_tcp(lab: Lab) -> None:
    question = (
        b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
        b"\x06v4only\x07example\x03com\x00\x00\x01\x00\x01"
    )
    with lab.lan.connect(lab.dns.ip4, 53) as sock:
        sock.sendall(len(question).to_bytes(2, "big") + question)
        size = int.from_bytes(sock.recv(2, socket.MSG_WAITALL), "big")
        answer = sock.recv(size, socket.MSG_WAITALL)
    assert answer.startswith(b"\x00\x07")
    assert answer.endswith(bytes([203, 0, 113, 80]))


def test_the_outside_reaches_in_where_nobody_forbids_it(lab: Lab) -> None:
    """So a packet that a story does not see was stopped, and not lost."""
    for address in (lab.mail.ip4, lab.mail.ip6):
        with lab.out.connect(address, 2525) as sock:
            peer = lab.out.ip4 if "." in address else lab.out.ip6
            assert sock.recv(100) == f"220 mail.example.com to {peer}\r\n".encode()


def test_datagrams_are_echoed(lab: Lab) -> None:
    lab.out.serve_udp_echo(4000)
    with lab.guest.udp() as sock:
        sock.sendto(b"hello", (lab.out.ip4, 4000))
        assert sock.recv(10) == b"hello"


def test_packets_on_a_wire_are_counted(lab: Lab) -> None:
    with Watch(lab.web, NEW_TCP) as watch:
        assert watch.count() == 0
        lab.lan.connect(lab.web.ip4, 80).close()
        lab.lan.connect(lab.web.ip6, 443).close()
        assert watch.count() == 2


def test_two_labs_stand_side_by_side(lab: Lab) -> None:
    with Lab() as other:
        assert other.prefix != lab.prefix
        assert other.lan.curl("http://www.example.com/other").status == 200
        assert lab.lan.curl("http://www.example.com/first").status == 200
        assert not lab.pages.requests(target="/other")
    assert namespace.of_prefix(other.prefix) == []
    assert namespace.of_prefix(lab.prefix) != []


# A process that raises a lab, starts what could outlive it, and says so.
CHILD = textwrap.dedent("""
    import signal
    from tests.lab.lab import Lab
    with Lab() as lab:
        child = lab.lan.spawn(["sleep", "600"]).pid
        stray = ["sh", "-c", "setsid sleep 601 >/dev/null 2>&1 & echo $!"]
        print(lab.prefix, child, lab.web.run(stray).stdout, flush=True)
        signal.pause()
    """)


def raise_lab_elsewhere() -> tuple[subprocess.Popen, str, list[int]]:
    """Its process, its prefix, and two processes that it started."""
    maker = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    prefix, *pids = maker.stdout.readline().split()
    return maker, prefix, [int(pid) for pid in pids]


def test_a_killed_lab_is_cleared_away(lab: Lab) -> None:
    maker, prefix, pids = raise_lab_elsewhere()
    remove_orphans()
    assert namespace.of_prefix(prefix), "a living lab is not an orphan"
    assert not any(map(namespace.has_ended, pids))

    maker.send_signal(signal.SIGKILL)
    maker.communicate()
    remove_orphans()
    wait.until("its programs' end", lambda: all(map(namespace.has_ended, pids)))
    assert namespace.of_prefix(prefix) == []
    assert not (HOME / prefix).exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_lab_told_to_end_leaves_nothing(lab: Lab, number: signal.Signals) -> None:
    maker, prefix, pids = raise_lab_elsewhere()
    maker.send_signal(number)
    maker.communicate(timeout=10)
    assert all(map(namespace.has_ended, pids))
    assert namespace.of_prefix(prefix) == []
    assert not (HOME / prefix).exists()


TICKING = re.compile(r'"(valid_life_time|preferred_life_time|expires)":\d+')


def machine() -> list[str]:
    """All of the machine's own network that a lab could disturb."""
    questions = (
        ["ip", "-j", "addr"],
        ["ip", "-j", "-4", "route", "show", "table", "all"],
        ["ip", "-j", "-6", "route", "show", "table", "all"],
        ["ip", "-j", "-4", "rule"],
        ["ip", "-j", "-6", "rule"],
        ["nft", "--stateless", "list", "ruleset"],
        ["cat", "/proc/sys/net/ipv4/ip_forward"],
        ["cat", "/proc/sys/net/ipv4/conf/all/rp_filter"],
    )
    said = [subprocess.check_output(question, text=True) for question in questions]
    return [TICKING.sub("", words) for words in said]


def test_the_machines_own_network_is_not_touched(lab: Lab) -> None:
    before = machine()
    with Lab() as other:
        other.lan.curl("https://www.example.com/")
        assert machine() == before
    assert machine() == before
