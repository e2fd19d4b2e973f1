# SPDX-License-Identifier: GPL-2.0-or-later
"""The field on which is measured: three hosts in a line, in network namespaces.

    lan .4 -------------- .1 gw .1 -------------- .80 web
        eth0        int0        ext0        eth0
           10.0.0.0/24             203.0.113.0/24

Clients live in lan, the origin in web, what is measured in gw.  It is the lab
of the tests (tests/lab) without its switches and servers, which would only be
heard as noise; names, addresses and cleaning up are the lab's.
"""

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.lab import certificate, lab, namespace
from tests.lab.host import Host
from tests.lab.process import Process

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / os.environ.get("BUILD", "build")
PROGRAMS = BUILD / "bench"

PROXY_PORT, ORIGIN_PORT = 3128, 8080
LINES = {
    "gw": [
        "link add int0 index 11 type veth peer name eth0 netns {}-lan",
        "link add ext0 index 13 type veth peer name eth0 netns {}-web",
        "addr add 10.0.0.1/24 dev int0",
        "addr add 203.0.113.1/24 dev ext0",
        "link set int0 up",
        "link set ext0 up",
    ],
    "lan": [
        "addr add 10.0.0.4/24 dev eth0",
        "link set eth0 up",
        "route add default via 10.0.0.1",
    ],
    "web": [
        "addr add 203.0.113.80/24 dev eth0",
        "link set eth0 up",
        "route add default via 203.0.113.1",
    ],
}
ADDRESSES = {"lan": "10.0.0.4", "gw": "10.0.0.1", "web": "203.0.113.80"}

SYSCTLS = lab.SYSCTLS | {
    # New connections by the ten thousand, each of which leaves a port behind.
    "net.ipv4.ip_local_port_range": "10000 65535",
    "net.ipv4.ip_local_reserved_ports": "10000",
    "net.ipv4.tcp_tw_reuse": "1",
    "net.core.somaxconn": "4096",
    "net.ipv4.tcp_max_syn_backlog": "4096",
}
# Known flows of ended connections would fill the table before a run is over.
FLOW_TIMES = {
    "net.netfilter.nf_conntrack_tcp_timeout_time_wait": "2",
    "net.netfilter.nf_conntrack_tcp_timeout_close": "2",
    "net.netfilter.nf_conntrack_tcp_timeout_last_ack": "2",
}

# With two cores, what is measured has one of them for itself.
CORES = sorted(os.sched_getaffinity(0))
MEASURED_CORE, LOAD_CORE = CORES[0], CORES[-1]


class Field:
    """`with Field() as field:` raises it and takes it down again, whatever ends
    the block.  `field.lan`, `field.gw` and `field.web` are its hosts."""

    def __init__(self, name_server: str = "127.0.0.1", number: int = 0) -> None:
        """`number`: of those at once."""
        self.prefix = f"gh{os.getpid()}" + (f"x{number}" if number else "")
        self.name_server = name_server
        self.dir = lab.HOME / self.prefix
        self.hosts: list[Host] = []

    def __enter__(self) -> "Field":
        try:
            return self._up()
        except BaseException:
            self._down()
            raise

    def __exit__(self, *_: object) -> None:
        self._down()

    def _up(self) -> "Field":
        lab.remove_orphans()
        (self.dir / "etc").mkdir(parents=True)
        self._write_names(self.dir / "etc")
        namespace.make(f"{self.prefix}-{name}" for name in LINES)
        self.gw, self.lan, self.web = (self._host(name) for name in LINES)
        for name, lines in LINES.items():
            lines = ["link set lo up"] + [line.format(self.prefix) for line in lines]
            namespace.ip(lines, f"{self.prefix}-{name}")
        for key, value in lab.FORWARDING.items():
            self.gw.sysctl(key, value)
        return self

    def _write_names(self, etc: Path) -> None:
        """There is no name service but where a workload starts one in web.  The
        clients have a name all the same, or Squid would ask in vain for each
        connection whose it is."""
        (etc / "resolv.conf").write_text(f"nameserver {self.name_server}\n")
        hosts = f"127.0.0.1 localhost\n{ADDRESSES['lan']} lan.example.com\n"
        (etc / "hosts").write_text(hosts)

    def _host(self, name: str) -> Host:
        env = os.environ | {namespace.MARK: self.prefix}
        space, ip4 = f"{self.prefix}-{name}", ADDRESSES[name]
        host = Host(name, space, ip4, "", self.dir / name, env)
        self.hosts.append(host)
        for key, value in SYSCTLS.items():
            host.sysctl(key, value)
        return host

    def _down(self) -> None:
        with undisturbed():
            for host in self.hosts:
                host.stop()
            namespace.end_processes(self.prefix)
            namespace.remove(namespace.of_prefix(self.prefix))
            shutil.rmtree(self.dir, ignore_errors=True)
            self.hosts.clear()

    @property
    def pem(self) -> Path:
        return self.dir / "gate.pem"

    def certify(self) -> None:
        """A certificate for all addresses, with its key in one file: `pem`.
        Squid finds that of the origin only if it is the first."""
        names = sorted(ADDRESSES.values(), key=lambda ip: ip != ADDRESSES["web"])
        made = certificate.make(self.dir, names)
        self.pem.write_bytes(made.chain.read_bytes() + made.key.read_bytes())
        self.pem.chmod(0o600)

    def guard(self, ruleset: str) -> None:
        """Give the gateway a packet filter."""
        self.gw.run(["nft", "-f", "-"], input=ruleset, check=True, timeout=60)
        self.forget_flows_soon()

    def forget_flows_soon(self) -> None:
        """Once there is a packet filter that knows flows."""
        for key, value in FLOW_TIMES.items():
            self.gw.sysctl(key, value)

    def unguard(self) -> None:
        self.gw.run(["nft", "flush", "ruleset"], check=True)

    def measured(self) -> list[int]:
        """The processes of what is measured: all that live in gw."""
        return namespace.processes(self.gw.namespace)


def spawn(host: Host, core: int, *argv: object) -> Process:
    """A program of the bench, on one core."""
    with on_core(core):
        return host.spawn(list(argv))


@contextlib.contextmanager
def on_core(*cores: int) -> Iterator[None]:
    """What is started meanwhile lives there, and sees no other core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(cores))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_by_exception() -> None:
    """SIGTERM and SIGHUP unwind as Ctrl-C does, so that `with` sees them."""
    for number in ENDING[1:]:
        signal.signal(number, _exit)


def _exit(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """To clean up is not to be hurried by a second Ctrl-C."""
    were = [signal.signal(number, signal.SIG_IGN) for number in ENDING]
    try:
        yield
    finally:
        for number, was in zip(ENDING, were):
            signal.signal(number, was)
