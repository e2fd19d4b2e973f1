# SPDX-License-Identifier: GPL-2.0-or-later
"""One policy for the machine that it runs on, and one for a container: the
examples as they are, put in force in namespaces that are entered from outside.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab import listener, namespace, wait
from tests.lab.gateway import GOOD, PROGRAM, READY_S, ROOT, gatehouse
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.lab.process import Process

EXAMPLES = ROOT / "examples"


@contextmanager
def in_force(lab: Lab, which: str, policy: Path, runtime: str) -> Iterator[None]:
    """Started where the tests run, not in the namespace."""
    run = [PROGRAM, "run", "--netns", which, "--runtime", lab.dir / runtime, policy]
    argv = ["setpriv", "--pdeathsig", "TERM", "--", *map(str, run)]
    process = Process(argv, lab.dir / f"{runtime}-run", dict(os.environ))
    try:
        assert process.wait_line("ready", READY_S), process.err
        yield
    finally:
        status = process.stop()
    assert status == GOOD, process.err


def is_open(host: Host, address: str, port: int) -> bool:
    try:
        host.connect(address, port, timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("family", ["ip4", "ip6"])
def test_a_server_that_guards_itself(gateway_lab: Lab, family: str) -> None:
    lab = gateway_lab
    address = getattr(lab.mail, family)
    doors = [lab.mail.serve(port, listener.greet("mail")) for port in (22, 443, 5432)]
    policy = EXAMPLES / "host.policy"
    try:
        with in_force(lab, lab.mail.namespace, policy, f"host-{family}"):
            for host in (lab.out, lab.printer, lab.lan):
                assert is_open(host, address, 443)
                assert is_open(host, address, 22) == (host is lab.lan)
                assert not is_open(host, address, 5432)
            assert is_open(lab.mail, getattr(lab.web, family), 443)
            with pytest.raises(ConnectionRefusedError):
                lab.mail.connect(getattr(lab.web, family), 80)
        assert is_open(lab.out, address, 5432)  # all of it is taken away
    finally:
        for door in doors:
            door.close()


def a_process_of(host: Host) -> str:
    """Its number, as a container's manager tells it."""
    process = host.spawn(["tail", "-f", "/dev/null"])
    wait.until("it is inside", lambda: process.pid in namespace.processes(host.namespace))
    return str(process.pid)


@pytest.mark.parametrize("named_by", [lambda h: h.namespace, a_process_of])
def test_what_a_container_may_reach(
    gateway_lab: Lab, named_by: Callable[[Host], str]
) -> None:
    lab = gateway_lab
    policy, box = EXAMPLES / "container.policy", lab.guest
    which = named_by(box)
    with in_force(lab, which, policy, f"box-{named_by.__name__.strip('<>')}"):
        assert is_open(box, lab.web.ip4, 443) and is_open(box, lab.web.ip6, 80)
        assert is_open(box, lab.mail.ip4, 2525)
        for address, port in ((lab.bad.ip4, 443), (lab.printer.ip4, 9100)):
            with pytest.raises(ConnectionRefusedError):
                box.connect(address, port)
        answer = box.curl("http://www.example.com/")
        assert answer.status == 200
        # The host beside it is as it was.
        assert is_open(lab.lan, lab.printer.ip4, 9100)
    assert is_open(box, lab.printer.ip4, 9100)


def test_a_namespace_that_is_not_there() -> None:
    for which, words in (("nowhere", "is called 'nowhere'"), ("0", "no process 0")):
        done = gatehouse("run", "--netns", which, EXAMPLES / "host.policy")
        assert done.returncode == 3 and words in done.stderr
