# SPDX-License-Identifier: GPL-2.0-or-later
"""Workload dns: a thousand names that are known, asked for by dnsperf.

All three have asked a server for each name before, one for whom they never grow
old, and have one core.  Gatehouse judges each question by its rules; the others
have a packet filter that knows flows, as it has.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from bench import field, window
from bench.course import Course
from bench.field import LOAD_CORE, MEASURED_CORE, Field
from bench.sample import Results, Sample
from bench.table import Heading
from tests.lab import gateway, wait
from tests.lab.dig import dig

NAMES = 1000
WAITING = 100  # questions of the clients that wait at any time
AT = "10.0.0.1"
TITLE = "dns: a question whose answer is known"
POLICY = """
zone lan = int0 10.0.0.0/24
zone wan = ext0
dns {
    listen 10.0.0.1 for lan
    upstream 203.0.113.80
    limit 1000000/s per source
}
reject lan -> .ads.example
reject lan -> any method CONNECT tcp 1-79
allow  lan -> wan tcp 80, tcp 443
drop   any -> any
"""
GUARD = """
table inet bench {
    chain in {
        type filter hook input priority 0; policy drop;
        ct state established accept
        iifname "lo" accept
        udp dport 53 accept
    }
}
"""
DNSMASQ = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv"]
DNSMASQ += ["--no-hosts", "--user=root", "--pid-file="]
UNBOUND = """
server:
  interface: 10.0.0.1
  access-control: 10.0.0.0/24 allow
  do-daemonize: no
  chroot: ""
  username: ""
  pidfile: ""
  directory: "@DIR@"
  use-syslog: no
  module-config: "iterator"
  minimal-responses: yes
forward-zone:
  name: "."
  forward-addr: 203.0.113.80
"""
PROGRAMS = {"dnsmasq": "dnsmasq-base", "unbound": "unbound"}
CANDIDATES = {"gatehouse", *PROGRAMS}


def headings(_name: str) -> list[Heading]:
    return [Heading(TITLE, "us/answer", "answers/s")]


def run(_name: str, course: Course, _taker: object) -> Results:
    results = Results()
    if not shutil.which("dnsperf") or not shutil.which("dnsmasq"):
        results.missing["dns"] = "not installed: apt-get install dnsperf dnsmasq-base"
        return results
    measures = {"gatehouse": _gatehouse, "dnsmasq": _dnsmasq, "unbound": _unbound}
    for _ in range(course.rounds):
        for name, measure in measures.items():
            if not course.wants(name):
                continue
            if name in PROGRAMS and not shutil.which(name):
                results.missing[name] = f"not installed: apt-get install {PROGRAMS[name]}"
                continue
            with Field() as ground:
                _start_server(ground)
                results.samples.append(measure(name, ground, course))
    return results


def _start_server(ground: Field) -> None:
    answer = ["--local-ttl=86400", "--address=/bench.example/203.0.113.9"]
    field.spawn(ground.web, LOAD_CORE, *DNSMASQ, *answer)
    wait.until("the server to answer", lambda: _answers(ground.web, "203.0.113.80"))


def _answers(host: object, server: str) -> bool:
    return dig(host, server, "n0.bench.example", timeout=1).status == "NOERROR"


def _gatehouse(name: str, ground: Field, course: Course) -> Sample:
    with field.on_core(MEASURED_CORE), gateway.Gateway(ground, POLICY):
        return _measure(name, ground, course)


def _peer(name: str, ground: Field, course: Course, argv: list[object]) -> Sample:
    ground.guard(GUARD)
    field.spawn(ground.gw, MEASURED_CORE, *argv)
    return _measure(name, ground, course)


def _dnsmasq(name: str, ground: Field, course: Course) -> Sample:
    more = ["--server=203.0.113.80", f"--listen-address={AT}", "--bind-interfaces"]
    return _peer(name, ground, course, [*DNSMASQ, *more, "--cache-size=10000"])


def _unbound(name: str, ground: Field, course: Course) -> Sample:
    conf = ground.dir / "unbound.conf"
    conf.write_text(UNBOUND.replace("@DIR@", str(ground.dir)))
    return _peer(name, ground, course, ["unbound", "-d", "-c", conf])


def _measure(name: str, ground: Field, course: Course) -> Sample:
    wait.until(f"{name} to answer", lambda: _answers(ground.lan, AT))
    names = ground.dir / "names"
    names.write_text("".join(f"n{i}.bench.example A\n" for i in range(NAMES)))
    _ask(ground, names, "-n", "3")  # all are known from then on
    before = window.cpu_of(ground.measured())
    answers, rate, lost = _ask(ground, names, "-l", f"{max(1, round(course.seconds * 2))}")
    us = (window.cpu_of(ground.measured()) - before) * 1e6 / answers
    fault = f"{lost} questions had no answer" if lost > WAITING else ""
    return Sample(name, TITLE, us, rate=rate, fault=fault)


def _ask(ground: Field, names: Path, *more: str) -> tuple[int, float, int]:
    """Answers, how many in a second, and questions without one."""
    argv = ["dnsperf", "-s", AT, "-d", names, "-c", "8", "-q", str(WAITING), *more]
    with field.on_core(LOAD_CORE):
        said = ground.lan.run(argv, timeout=60, check=True).stdout

    def find(pattern: str, read: Callable[[str], float] = int) -> float:
        return read(re.search(pattern + r":\s+([\d.]+)", said)[1])

    rate = find("Queries per second", float)
    return find("Queries completed"), rate, find("Queries lost")
