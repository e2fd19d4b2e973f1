# SPDX-License-Identifier: GPL-2.0-or-later
"""When a part of it dies: what should have been handed over never passes by."""

import contextlib
import itertools
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator

from tests.lab import wait
from tests.lab.flows import PROXY
from tests.lab.gateway import GOOD, Gateway
from tests.lab.host import PORTS, Host, family_of
from tests.lab.lab import Lab
from tests.lab.namespace import has_ended
from tests.lab.watch import NEW_TCP, Watch

PROXY_PROGRAM = "gatehouse-proxy"  # all 15 letters that the kernel keeps
DAEMON = "gatehoused"

Start = Callable[..., Gateway]


@contextlib.contextmanager
def without_proxy(gateway: Gateway) -> Iterator[list[int]]:
    """The proxy is dead, and for the while nobody can start another."""
    daemons = gateway.pids(DAEMON)
    for pid in daemons:
        os.kill(pid, signal.SIGSTOP)
    try:
        killed = gateway.kill(PROXY_PROGRAM)
        wait.until("the proxy's end", lambda: all(map(has_ended, killed)))
        yield killed
    finally:
        for pid in daemons:
            os.kill(pid, signal.SIGCONT)


def works(lab: Lab) -> bool:
    """Both ways into the proxy."""
    asked = lab.lan.curl("http://www.example.com/", "-4", timeout=1)
    told = lab.lan.curl("http://www.example.com/", *PROXY, timeout=1)
    return asked.status == told.status == 200


def test_the_gap_lets_nothing_through(start_gateway: Start) -> None:
    gateway = start_gateway()
    lab = gateway.lab
    assert works(lab)
    with without_proxy(gateway) as killed, Watch(lab.web, NEW_TCP) as watch:
        assert len(killed) == 1
        for family in ("-4", "-6"):
            for scheme in ("http", "https"):
                url = f"{scheme}://www.example.com/gap"
                assert lab.lan.curl(url, family, timeout=0.5).exit != 0
        assert watch.count() == 0
    assert not lab.pages.requests(target="/gap")

    wait.until("it to work again", lambda: works(lab))
    assert set(gateway.pids(PROXY_PROGRAM)).isdisjoint(killed)
    assert gateway.is_running()


@contextlib.contextmanager
def knocking(host: Host, address: str) -> Iterator[None]:
    """The host opens one connection after the other, without a pause."""
    enough = threading.Event()

    def knock() -> None:
        for port in itertools.cycle(PORTS):
            if enough.is_set():
                return
            with host.open_socket(family_of(address), socket.SOCK_STREAM) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.setblocking(False)
                with contextlib.suppress(OSError):
                    sock.bind(("", port))
                    sock.connect((address, 80))

    thread = threading.Thread(target=knock)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def test_a_proxy_that_dies_again_and_again(start_gateway: Start) -> None:
    """Not in the moment of its death either, nor in that of its return.

    The proxy's own connections come from the gateway's ephemeral ports; one that
    passed it by would come, masqueraded, from the port that its client has.  The
    guest knocks, for its ports are all used up by it.
    """
    gateway = start_gateway()
    lab = gateway.lab
    clients = f"tcp sport {PORTS.start}-{PORTS.stop - 1} {NEW_TCP}"
    with Watch(lab.web, clients) as watch, knocking(lab.guest, lab.web.ip4):
        for _ in range(4):
            killed = gateway.kill(PROXY_PROGRAM)
            wait.until("another", lambda: is_replaced(gateway, killed))
        assert watch.count() == 0
    wait.until("it to work again", lambda: works(lab))


def is_replaced(gateway: Gateway, killed: list[int]) -> bool:
    return bool(set(gateway.pids(PROXY_PROGRAM)) - set(killed))


def test_the_firewall_stands_while_the_proxy_is_dead(start_gateway: Start) -> None:
    gateway = start_gateway()
    lab = gateway.lab
    with without_proxy(gateway):
        with lab.out.connect("203.0.113.1", 25) as sock:
            assert sock.recv(100).startswith(b"220 ")
        done = lab.lan.run(["getent", "ahosts", "www.example.com"])
        assert done.returncode == 0


def test_rules_outlive_the_daemon(start_gateway: Start) -> None:
    """Only `gatehouse stop` takes them away."""
    gateway = start_gateway()
    lab = gateway.lab
    launcher = gateway.pids("gatehouse")
    for pid in launcher + gateway.pids(DAEMON):
        os.kill(pid, signal.SIGKILL)
    wait.until("their end", lambda: not gateway.is_running())
    wait.until("the proxy's", lambda: not gateway.pids(PROXY_PROGRAM))
    with Watch(lab.web, NEW_TCP) as watch:
        lab.lan.curl("http://www.example.com/", "-4", timeout=0.5)
        assert watch.count() == 0
    assert gateway.table()
    assert gateway.command("stop").returncode == GOOD
    assert gateway.table() == ""


def test_the_proxy_has_no_privilege(start_gateway: Start) -> None:
    gateway = start_gateway()
    [pid] = gateway.pids(PROXY_PROGRAM)
    with open(f"/proc/{pid}/status") as file:
        status = dict(line.split(":", 1) for line in file)
    assert "0" not in status["Uid"].split()
    for held in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
        assert int(status[held], 16) == 0, held
