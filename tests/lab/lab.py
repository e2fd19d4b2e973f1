# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: an office behind its gateway, and a small Internet before it.

        lan .4            mail .25          printer .200
          |                  |                   |
    ------+-------+----------+-------------------+------  lansw   10.0.0.0/24
                  |                                         2001:db8:1::/64
             int0 | .1
              +---+---+  .1                      10.0.9.0/24
              |  gw   +------------------------- guest .4
              +---+---+ int1                     2001:db8:9::/64
             ext0 | .1
                  |                                         203.0.113.0/24
    ------+-------+--+---------------+-----------+------  wansw   2001:db8:f::/64
          |          |               |           |
       web .80    bad .66         dns .53     out .9

Each host is a network namespace, each line a veth pair, a switch a namespace
with a bridge.  An IPv6 address ends like its IPv4 one: lan is 10.0.0.4 and
2001:db8:1::4.  The gateway forwards, and does nothing else until Gatehouse is
started in it (gateway.py).  Every host's way home leads through the gateway,
also from the Internet: a packet that should not have passed is answered and so
is seen, instead of being lost by luck.

    web, bad    nginx for every name (web.py); bad's address is in a blocklist
    dns         the names (nameserver.py), for the hosts and the gateway alike
    out         a client on the Internet's side
    mail        a server that greets, on port 2525; printer takes jobs on 9100

The machine's own namespace is never touched, except that namespaces get names
in it.  All else lives in /run/gatehouse-lab/PREFIX.  `down` removes it all and
is called on the way out, whatever way that is; what a killed lab left, the
next one removes.
"""

import atexit
import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab import certificate, listener, namespace, wait
from tests.lab.host import Host, environment
from tests.lab.nameserver import SILENT, NameServer
from tests.lab.web import Web

HOME = Path("/run/gatehouse-lab")

WEB = ["203.0.113.80", "2001:db8:f::80"]
BAD = ["203.0.113.66", "2001:db8:f::66"]
RECORDS = {
    "www.example.com": WEB,
    "shop.example.com": WEB,
    "eu.packages.example": WEB,
    "ads.example.net": WEB,
    "tracker.example.net": WEB,
    "v4only.example.com": WEB[:1],
    "v6only.example.com": WEB[1:],
    "alias.example.com": ["www.example.com"],
    "bad.example.com": BAD,
    "out.example.com": ["203.0.113.9"],
    "mail.example.com": ["203.0.113.1"],  # published by the gateway
    "rebind.example.com": ["10.0.0.200"],  # points at the printer
    "self.example.com": ["10.0.0.1"],  # points at the gateway
    "silent.example.com": SILENT,
}


@dataclass(frozen=True)
class Net:
    ip4: str
    ip6: str


LAN = Net("10.0.0.", "2001:db8:1::")
GUEST = Net("10.0.9.", "2001:db8:9::")
WAN = Net("203.0.113.", "2001:db8:f::")

GATEWAY = {"int0": LAN, "int1": GUEST, "ext0": WAN}
# Host: its net and number there.
PLACES = {
    "lan": (LAN, 4),
    "mail": (LAN, 25),
    "printer": (LAN, 200),
    "guest": (GUEST, 4),
    "web": (WAN, 80),
    "bad": (WAN, 66),
    "dns": (WAN, 53),
    "out": (WAN, 9),
}
SWITCHES = {"lansw": ("lan", "mail", "printer"), "wansw": ("web", "bad", "dns", "out")}
UPLINKS = {"lansw": "int0", "wansw": "ext0"}
INDEX = {"eth0": 10, "int0": 11, "int1": 12, "ext0": 13}  # others count from 2
NAMESPACES = ["gw", *PLACES, *SWITCHES]

# For each namespace, before it has links.  The kernel's own filter for spoofed
# sources is off: that they are refused must be Gatehouse's doing.  The Reno
# congestion control is the one that every kernel permits in a namespace; BBR
# paces by timers, which on a veth makes times depend on the machine's load.
SYSCTLS = {
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
    "net.ipv4.tcp_congestion_control": "reno",
    "net.ipv6.conf.all.disable_ipv6": "0",
    "net.ipv6.conf.default.disable_ipv6": "0",
    "net.ipv6.conf.default.accept_dad": "0",
    "net.ipv6.conf.default.accept_ra": "0",
}
FORWARDING = {"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1"}

_count = itertools.count()


class Lab:
    """`with Lab() as lab:` raises it and takes it down again.

    Every host is an attribute, `lab.lan` to `lab.out`, and `lab.gw`;
    `lab.pages` is the web server of web, `lab.bad_pages` that of bad, and
    `lab.names` the name server.
    """

    gw: Host
    lan: Host
    mail: Host
    printer: Host
    guest: Host
    web: Host
    bad: Host
    dns: Host
    out: Host

    def __init__(self) -> None:
        number = next(_count)
        self.prefix = f"gh{os.getpid()}" + (f"x{number}" if number else "")
        self.dir = HOME / self.prefix
        self.hosts: dict[str, Host] = {}

    def __enter__(self) -> "Lab":
        atexit.register(self.down)
        _end_by_exception()
        try:
            return self.up()
        except BaseException:
            self.down()
            raise

    def __exit__(self, *_: object) -> None:
        self.down()
        atexit.unregister(self.down)

    def up(self) -> "Lab":
        remove_orphans()
        _remove(self.prefix)  # of a dead process that had our number
        self.dir.mkdir(parents=True)
        self._write_etc()
        authority = certificate.make(self.dir, list(RECORDS))
        namespace.make(self._namespace(name) for name in NAMESPACES)
        self._make_hosts(environment(self.prefix, authority.authority))
        self._join()
        self._serve(authority)
        return self

    def down(self) -> None:
        """Remove everything, at whatever point `up` was left.  Not to be hurried:
        a second Ctrl-C while this goes on is not heard."""
        with _undisturbed():
            try:
                for host in self.hosts.values():
                    host.stop()
            finally:
                _remove(self.prefix)
                self.hosts.clear()

    def _namespace(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def _write_etc(self) -> None:
        etc = self.dir / "etc"
        etc.mkdir()
        server = f"{WAN.ip4}{PLACES['dns'][1]}"
        resolv = f"nameserver {server}\noptions timeout:1 attempts:2\n"
        (etc / "resolv.conf").write_text(resolv)
        (etc / "nsswitch.conf").write_text("hosts: files dns\n")
        me = f"localhost {socket.gethostname()}"  # curl asks for it
        (etc / "hosts").write_text(f"127.0.0.1 {me}\n::1 {me}\n")

    def _make_hosts(self, env: dict[str, str]) -> None:
        for name in ["gw", *PLACES]:
            net, number = PLACES.get(name, (LAN, 1))
            host = Host(
                name=name,
                namespace=self._namespace(name),
                ip4=f"{net.ip4}{number}",
                ip6=f"{net.ip6}{number}",
                dir=self.dir / name,
                env=env,
            )
            self.hosts[name] = host
            setattr(self, name, host)
            for key, value in SYSCTLS.items():
                host.sysctl(key, value)
        for key, value in FORWARDING.items():
            self.gw.sysctl(key, value)

    def _join(self) -> None:
        namespace.ip(self._gateway_links(), self._namespace("gw"))
        for name in PLACES:
            namespace.ip(self._host_links(name), self._namespace(name))
        for name in SWITCHES:
            namespace.ip(_switch_links(name), self._namespace(name))
        for name in SWITCHES:
            wait.until(f"{name} to forward", lambda: self._forwards(name))

    def _forwards(self, switch: str) -> bool:
        """A packet to a port that is not yet forwarding would be lost, and what
        waits for it would wait for a retransmission."""
        argv = ["ip", "-n", self._namespace(switch), "-d", "-j", "link"]
        links = json.loads(subprocess.check_output(argv))
        slaves = [link["linkinfo"] for link in links if "master" in link]
        return all(s["info_slave_data"]["state"] == "forwarding" for s in slaves)

    def _gateway_links(self) -> list[str]:
        lines = ["link set lo up"]
        for switch, link in UPLINKS.items():
            lines.append(_veth(link, link, self._namespace(switch)))
        lines.append(_veth("int1", "eth0", self._namespace("guest")))
        for link, net in GATEWAY.items():
            lines += _addresses(link, net, 1)
        return lines

    def _host_links(self, name: str) -> list[str]:
        net, number = PLACES[name]
        lines = ["link set lo up"]
        for switch, hosts in SWITCHES.items():
            if name in hosts:
                lines.append(_veth("eth0", name, self._namespace(switch)))
        lines += _addresses("eth0", net, number)
        lines.append(f"route add default via {net.ip4}1")
        lines.append(f"route add ::/0 via {net.ip6}1")
        return lines

    def _serve(self, authority: certificate.Certificate) -> None:
        self.pages = Web(self.web, authority)
        self.bad_pages = Web(self.bad, authority)
        self.pages.start()
        self.bad_pages.start()
        self.names = NameServer(self.dns, RECORDS)
        self.mail.serve(2525, listener.greet("mail.example.com"))
        self.printer.serve(9100, listener.greet("printer"))
        self.pages.await_ready()
        self.bad_pages.await_ready()


def _veth(link: str, peer: str, namespace: str) -> str:
    """Both ends of a pair must differ in their number: the kernel recognises a
    pair by that, and lets other links wait up to a second until they are up."""
    end = f"name {peer} netns {namespace}"
    return f"link add {link} index {INDEX[link]} type veth peer {end}"


def _addresses(link: str, net: Net, number: int) -> list[str]:
    return [
        f"addr add {net.ip4}{number}/24 dev {link}",
        f"addr add {net.ip6}{number}/64 dev {link} nodad",
        f"link set {link} up",
    ]


def _switch_links(name: str) -> list[str]:
    ports = [UPLINKS[name], *SWITCHES[name]]
    lines = ["link add br0 type bridge forward_delay 0 mcast_snooping 0"]
    lines += [f"link set {port} master br0 up" for port in ports]
    return lines + ["link set br0 up"]


def remove_orphans() -> None:
    """Take away what labs left behind whose process is dead."""
    left = set(namespace.orphans())
    if HOME.is_dir():
        left |= {d.name for d in HOME.iterdir() if namespace.is_orphan(d.name)}
    for prefix in sorted(left):
        _remove(prefix)


def _remove(prefix: str) -> None:
    namespace.end_processes(prefix)
    namespace.remove(namespace.of_prefix(prefix))
    shutil.rmtree(HOME / prefix, ignore_errors=True)


def _end_by_exception() -> None:
    """SIGTERM and SIGHUP unwind like Ctrl-C does, so that `with` sees them."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _exit)


def _exit(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that would end us are ignored for the while."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals, and only it may set them
        return
    were = [signal.signal(number, signal.SIG_IGN) for number in ENDING]
    try:
        yield
    finally:
        for number, was in zip(ENDING, were):
            signal.signal(number, was or signal.SIG_DFL)
