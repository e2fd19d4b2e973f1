# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload log: a flood of packets that rules drop and log, 20,000 a second.

`told`: four hundred rules share the flood, so that none of them has more than
it may tell, and each packet becomes an event in the journal.  `suppressed`: one
rule has all of it, tells its first thousand and how many more there were.

Beside it ulogd2, which writes the packets of one nft rule as lines of JSON.

What the kernel does for a packet, its copy for the log with it, is on the
account of the sender; the cost is that of the processes that
read it.  A sample in
which a packet was lost, or is in no account, is a fault.
"""

import functools
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import field, window
from bench.course import Course
from bench.field import LOAD_CORE, MEASURED_CORE, PROGRAMS, Field
from bench.sample import Results, Sample
from bench.table import Heading
from tests.lab import gateway, wait
from tests.lab.journal import Journal

RATE = 20_000
WINDOWS = 5  # of the course: a sample lasts 5 s
GATEHOUSE, ULOGD = "gatehouse", "ulogd2"
CANDIDATES = {GATEHOUSE, ULOGD}
READ_S = 20.0  # until the last packet was read
UNWRITTEN = 100  # lines that may wait in the buffer of ulogd's file

ZONES = "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
# The flood goes round these ports (bench/udp.c).
FIRST, PORTS, PORTS_OF_A_RULE = 1024, 64_000, 160


def of_many() -> str:
    starts = range(FIRST, FIRST + PORTS, PORTS_OF_A_RULE)
    return "".join(
        f"drop lan -> wan udp {port}-{port + PORTS_OF_A_RULE - 1} log\n"
        for port in starts
    )


def of_one() -> str:
    return 'drop lan -> wan udp log as "the flood"\n'


LOGGED = """
table ip bench {
    chain in {
        type filter hook prerouting priority -150;
        iifname int0 ip protocol udp log prefix "flood" group 7 snaplen 128 drop
    }
}
"""
# Its queue is that of Gatehouse, and the kernel gathers as much for it.
ULOGD_CONF = """
[global]
logfile="@DIR@/ulogd.log"
stack=log:NFLOG,base:BASE,ifi:IFINDEX,ip2str:IP2STR,json:JSON
[log]
group=7
netlink_socket_buffer_size=8388608
netlink_socket_buffer_maxsize=8388608
netlink_qthreshold=64
netlink_qtimeout=5
[json]
sync=0
file="@DIR@/packets.json"
"""


@dataclass(frozen=True)
class Case:
    rules: Callable[[], str]
    heading: Heading


CASES = [
    Case(of_many, Heading("log: a packet that becomes an event", "us/event", "events/s")),
    Case(of_one, Heading("log: a packet too many of its rule", "us/packet", "packets/s")),
]


def run(_name: str, course: Course, _taker: object) -> Results:
    results = Results()
    seconds = course.seconds * WINDOWS
    for _ in range(course.rounds):
        if course.wants(GATEHOUSE):
            results.samples += [_measure(case, seconds) for case in CASES]
        if course.wants(ULOGD) and shutil.which("ulogd"):
            results.samples.append(_measure_ulogd(CASES[0], seconds))
    if course.wants(ULOGD) and not shutil.which("ulogd"):
        results.missing[ULOGD] = "not installed: apt-get install ulogd2 ulogd2-json"
    return results


def _measure(case: Case, seconds: float) -> Sample:
    with Field() as ground, field.on_core(MEASURED_CORE):
        with gateway.Gateway(ground, ZONES + case.rules()) as daemon:
            us, sent = _flood(ground, seconds, lambda: _known(daemon))
            fault = _fault(daemon, sent)
    return Sample(GATEHOUSE, case.heading.title, us, rate=1e6 / us, fault=fault)


def _flood(
    ground: Field, seconds: float, known: Callable[[], int]
) -> tuple[float, int]:
    """CPU time for a packet until all are known, and how many were sent."""
    before = window.cpu_of(ground.measured())
    argv = [PROGRAMS / "bench-udp", "new", int(RATE * seconds), seconds * 2]
    argv += [ground.web.ip4, RATE]
    with field.on_core(LOAD_CORE):
        sent = int(ground.lan.run(argv, check=True).stdout.split()[0])
    wait.until("the log to be read", lambda: known() >= sent, READ_S)
    return (window.cpu_of(ground.measured()) - before) * 1e6 / sent, sent


def _measure_ulogd(case: Case, seconds: float) -> Sample:
    with Field() as ground:
        ground.guard(LOGGED)
        conf, written = ground.dir / "ulogd.conf", ground.dir / "packets.json"
        conf.write_text(ULOGD_CONF.replace("@DIR@", str(ground.dir)))
        process = field.spawn(ground.gw, MEASURED_CORE, "ulogd", "-c", conf)
        try:
            wait.until("ulogd to listen", lambda: _is_read(ground), READ_S)
            read = functools.partial(_lines, written)
            us, sent = _flood(ground, seconds, lambda: read() + UNWRITTEN)
        finally:
            process.stop()
        missing = sent - read()
    fault = f"{missing} of {sent} packets are not there" if missing else ""
    return Sample(ULOGD, case.heading.title, us, rate=1e6 / us, fault=fault)


def _is_read(ground: Field) -> bool:
    argv = ["cat", "/proc/net/netfilter/nfnetlink_log"]
    return bool(ground.gw.run(argv, check=True).stdout.strip())


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _counters(daemon: gateway.Gateway) -> dict[str, int]:
    return json.loads(daemon.command("status", "--json").stdout)["counters"]


def _known(daemon: gateway.Gateway) -> int:
    counters = _counters(daemon)
    return counters["packets_logged"] + counters["packets_lost"]


def _fault(daemon: gateway.Gateway, sent: int) -> str:
    """All that was sent is an event of its own, or in the number of one."""
    lost = _counters(daemon)["packets_lost"]
    if lost:
        return f"{lost} of {sent} packets were lost"

    path = daemon.journal.path  # and the one before, if it was turned over
    journals = [Journal(path.with_name(f"{path.name}.1")), daemon.journal]

    def accounted() -> bool:
        events = [e for one in journals for e in one.events(kind="packet")]
        return sum(event.suppressed or 1 for event in events) == sent

    try:
        wait.until("the account", accounted, 5)
    except TimeoutError as error:
        return f"the journal does not have {sent} packets: {error}"
    return ""


def headings(_name: str) -> list[Heading]:
    return [case.heading for case in CASES]
