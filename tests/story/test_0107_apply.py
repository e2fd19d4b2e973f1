# SPDX-License-Identifier: GPL-2.0-or-later
"""Starting, changing and ending: a transaction each, and clear words if not."""

import re
import signal
from collections.abc import Callable

import pytest

from tests.lab.gateway import GOOD, NO, PROGRAM, WRONG_CALL, WRONG_WORLD
from tests.lab.gateway import Gateway, GatewayError
from tests.lab.lab import Lab
from tests.story.zones import ZONES, line_of

OPEN = ZONES + "allow lan -> any log\n"
SHUT = ZONES + "reject lan -> any log\n"
PROXIED = ZONES + "proxy { listen 10.0.0.1:3128 for lan }\nallow lan -> wan\n"

Start = Callable[..., Gateway]


def passes(lab: Lab) -> bool:
    try:
        lab.lan.connect(lab.web.ip4, 80, timeout=0.5).close()
    except OSError:
        return False
    return True


def rules(gateway: Gateway) -> str:
    """The table without what traffic changes in it."""
    return re.sub(r"packets \d+ bytes \d+", "", gateway.table())


def test_apply_changes_the_policy(start_gateway: Start) -> None:
    gateway = start_gateway(OPEN)
    assert passes(gateway.lab)
    done = gateway.apply(SHUT)
    assert done.returncode == GOOD, done.stderr
    assert not passes(gateway.lab)
    assert gateway.apply(OPEN).returncode == GOOD
    assert passes(gateway.lab)


def test_a_bad_policy_changes_nothing(start_gateway: Start) -> None:
    """All its errors are shown at once, each with its place."""
    gateway = start_gateway(OPEN)
    before = rules(gateway)
    text = ZONES + "alow lan -> any\ndrop nobody -> any\n"
    bad = gateway.policy_file(text)
    done = gateway.apply(bad)
    assert done.returncode == NO
    for mistake in ("alow", "nobody"):
        assert f"{bad.name}:{line_of(text, mistake)}:" in done.stderr
    assert "allow" in done.stderr, "the nearest word that it knows"
    assert rules(gateway) == before
    assert passes(gateway.lab)


def test_a_name_with_a_line_end(start_gateway: Start) -> None:
    """What is said to the gateway is a line: the file whose name is the first
    half of another's is not applied in its place."""
    gateway = start_gateway(OPEN)
    file = gateway.policy_file(SHUT)
    other = file.with_name(file.name + "\nx.policy")
    other.write_text(OPEN)
    done = gateway.command("apply", other)
    assert (done.returncode, done.stdout) == (WRONG_CALL, "")
    assert "line end" in done.stderr and passes(gateway.lab)
    done = gateway.command("ban", "192.0.2.7", "because", "one\ntwo")
    assert done.returncode == WRONG_CALL


def test_a_policy_whose_own_test_fails_is_not_applied(start_gateway: Start) -> None:
    gateway = start_gateway(OPEN)
    wrong = 'test "it is open" {\n    lan 10.0.0.4 -> 203.0.113.80 tcp 80  allow\n}\n'
    assert gateway.apply(SHUT + wrong).returncode == NO
    assert passes(gateway.lab)


def test_a_kernel_that_refuses_changes_nothing(start_gateway: Start) -> None:
    """Without the interface lo there is no way from the kernel to the proxy."""
    gateway = start_gateway(OPEN)
    before = rules(gateway)
    gateway.lab.gw.run(["ip", "link", "set", "lo", "down"], check=True)
    done = gateway.apply(gateway.policy)
    assert done.returncode == WRONG_WORLD
    why, end = done.stderr.splitlines()[-2:]
    assert why.endswith("the interface lo must be up")
    assert end == "nothing has changed"
    assert rules(gateway) == before


def test_a_list_that_is_missing(start_gateway: Start) -> None:
    gateway = start_gateway(OPEN)
    done = gateway.apply(ZONES + 'list l = addresses "not-there"\ndrop l -> any\n')
    assert done.returncode in (NO, WRONG_WORLD)
    assert "not-there" in done.stderr
    assert passes(gateway.lab)


def test_a_list_beside_the_policy(start_gateway: Start) -> None:
    gateway = start_gateway(OPEN)
    (gateway.dir / "bad.netset").write_text("203.0.113.0/24\n")
    listed = 'list bad = addresses "bad.netset"\nreject lan -> bad\n'
    done = gateway.apply(ZONES + listed + "allow lan -> any\n")
    assert done.returncode == GOOD, done.stderr
    assert not passes(gateway.lab)


def fails(start: Start, policy: str) -> GatewayError:
    with pytest.raises(GatewayError) as error:
        start(policy)
    return error.value


def test_run_refuses_a_bad_policy(start_gateway: Start, own_lab: Lab) -> None:
    error = fails(start_gateway, ZONES + "allow lan -> nowhere\n")
    assert error.status == NO
    assert "nowhere" in str(error)
    assert nothing_is_left(own_lab)


def test_an_interface_that_does_not_exist(start_gateway: Start) -> None:
    """It may come later, so it is said and does not keep the others shut out."""
    gateway = start_gateway(ZONES.replace("int1", "int9") + "allow lan -> any\n")
    assert "no interface int9 now" in gateway.err
    assert "did you mean 'int0'" in gateway.err
    assert passes(gateway.lab)


def test_a_port_in_use(start_gateway: Start, own_lab: Lab) -> None:
    """Nothing is half done: no rules without the proxy that they hand to."""
    with own_lab.gw.serve(3128, lambda conn: None, "10.0.0.1"):
        error = fails(start_gateway, PROXIED)
    assert error.status == WRONG_WORLD
    assert "10.0.0.1:3128" in str(error)
    assert nothing_is_left(own_lab)
    assert not list(own_lab.dir.rglob("lock"))  # nor its runtime folder


def test_a_runtime_in_use(start_gateway: Start, own_lab: Lab) -> None:
    first = start_gateway(OPEN)
    before = rules(first)
    argv = [PROGRAM, "run", "--runtime", first.runtime, first.policy]
    done = own_lab.gw.run(argv)
    assert done.returncode == WRONG_WORLD
    assert done.stderr
    assert rules(first) == before and first.is_running()


def test_without_privilege(own_lab: Lab) -> None:
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    policy = own_lab.dir / "open.policy"
    policy.write_text(OPEN)
    argv = [*nobody, PROGRAM, "run", "--runtime", own_lab.dir / "x", policy]
    done = own_lab.gw.run(argv)
    assert done.returncode == WRONG_WORLD
    assert "root" in done.stderr


@pytest.mark.parametrize("argv", [["apply"], ["nonsense"], ["run", "--nonsense"]])
def test_a_wrong_call(gateway_lab: Lab, argv: list[str]) -> None:
    done = gateway_lab.gw.run([PROGRAM, *argv])
    assert done.returncode == WRONG_CALL
    assert done.stderr


def nothing_is_left(lab: Lab) -> bool:
    probe = Gateway(lab, OPEN)  # never started: it only looks
    programs = ("gatehouse", "gatehoused", "gatehouse-proxy")
    return probe.table() == "" and not any(probe.pids(p) for p in programs)


def test_stop_takes_everything_away(start_gateway: Start, own_lab: Lab) -> None:
    before = Gateway(own_lab, OPEN).routing()
    gateway = start_gateway()
    assert gateway.command("status").returncode == GOOD
    assert gateway.command("stop").returncode == GOOD
    assert gateway.wait(5) == GOOD
    assert nothing_is_left(own_lab)
    assert gateway.routing() == before
    assert gateway.command("status").returncode != GOOD


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_do_too(start_gateway: Start, own_lab: Lab, number: int) -> None:
    before = Gateway(own_lab, OPEN).routing()
    gateway = start_gateway()
    gateway.signal(number)
    assert gateway.wait(5) == GOOD
    assert nothing_is_left(own_lab)
    assert gateway.routing() == before


def test_other_tables_are_left_alone(start_gateway: Start, own_lab: Lab) -> None:
    mine = "table inet mine {\n\tset s {\n\t\ttype ipv4_addr\n\t}\n}\n"
    own_lab.gw.run(["nft", "-f", "-"], input=mine, check=True)
    gateway = start_gateway(OPEN)
    gateway.apply(SHUT)
    gateway.stop()
    assert own_lab.gw.run(["nft", "list", "ruleset"]).stdout == mine
