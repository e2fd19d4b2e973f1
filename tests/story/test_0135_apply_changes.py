# SPDX-License-Identifier: GPL-2.0-or-later
"""`apply` says what changes for flows; `--dry-run` says it and changes nothing."""

import re
import time
from collections.abc import Callable

from tests.lab.gateway import GOOD, NO, WRONG_CALL, WRONG_WORLD, Gateway
from tests.story.zones import ZONES, line_of

OPEN = ZONES + "allow lan -> any log\n"
WEB = ZONES + "allow lan -> wan web\n"
COLUMNS = 80
SAME = "nothing would change\nwould end 0 living flows\n"

Start = Callable[..., Gateway]


def many(verdict: str, count: int) -> str:
    """Rules that have nothing in common: addresses of their own."""
    rules = [
        f"{verdict} lan -> 198.18.{i // 250}.{i % 250} tcp {1 + i * 7 % 60000}\n"
        for i in range(count)
    ]
    return ZONES + "".join(rules)


def rules(gateway: Gateway) -> str:
    """The table without what traffic changes in it."""
    return re.sub(r"packets \d+ bytes \d+", "", gateway.table())


def test_apply_says_which_flows_fare_differently(start_gateway: Start) -> None:
    gateway = start_gateway(OPEN)
    done = gateway.apply(WEB)
    assert done.returncode == GOOD, done.stderr
    first, heading, *changes = done.stdout.splitlines()
    assert first.endswith(" is in force")
    assert heading == "what changes:"
    old, new = line_of(OPEN, "allow"), line_of(WEB, "allow")
    words = " ".join(" ".join(changes).split())
    assert f"allow logged (line {old}) -> allow not logged (line {new})" in words
    assert f"allow (line {old}) -> drop (built in)" in words
    assert all(len(line) <= COLUMNS for line in done.stdout.splitlines()[1:])


def test_apply_says_that_nothing_changes(start_gateway: Start) -> None:
    gateway = start_gateway(OPEN)
    done = gateway.apply(OPEN + "# the same\n")
    assert done.returncode == GOOD
    assert done.stdout.splitlines()[1:] == ["nothing changes"]


def test_quiet_says_nothing_of_it(start_gateway: Start) -> None:
    gateway = start_gateway(OPEN)
    path = gateway.policy_file(WEB)
    done = gateway.command("apply", "--quiet", path)
    assert done.returncode == GOOD
    assert done.stdout == f"{path} is in force\n"


def test_a_dry_run_changes_nothing(start_gateway: Start) -> None:
    gateway = start_gateway(OPEN)
    before = rules(gateway)
    done = gateway.command("apply", "--dry-run", gateway.policy_file(WEB))
    assert done.returncode == NO
    assert done.stdout.startswith("what would change:\n")
    assert rules(gateway) == before
    same = gateway.command("apply", "--dry-run", gateway.policy_file(OPEN))
    assert (same.returncode, same.stdout) == (GOOD, SAME)


def test_a_dry_run_counts_what_would_end(start_gateway: Start) -> None:
    gateway = start_gateway(OPEN)
    shut = gateway.policy_file(ZONES + "reject lan -> any\n")
    with gateway.lab.lan.connect(gateway.lab.web.ip4, 80) as sock:
        done = gateway.command("apply", "--dry-run", shut)
        assert done.returncode == NO
        assert done.stdout.splitlines()[-1] == "would end 1 living flow"
        sock.sendall(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
        assert sock.recv(8) == b"HTTP/1.1", "it lives on"
        assert "1 living flow ended" in gateway.apply(shut).stderr


def test_a_dry_run_says_what_else_is_in_the_way(start_gateway: Start) -> None:
    gateway = start_gateway(OPEN)
    text = OPEN + "proxy { listen 203.0.113.99:3128 for lan }\n"
    done = gateway.command("apply", "--dry-run", gateway.policy_file(text))
    assert done.returncode == WRONG_WORLD
    assert "cannot listen on 203.0.113.99:3128" in done.stderr


def test_a_dry_run_refuses_what_apply_refuses(start_gateway: Start) -> None:
    gateway = start_gateway(OPEN)
    wrong = 'test "it is open" {\n    lan 10.0.0.4 -> 203.0.113.80 tcp 22  allow\n}\n'
    for text in (WEB + wrong, WEB + "alow lan -> wan\n"):
        done = gateway.command("apply", "--dry-run", gateway.policy_file(text))
        assert done.returncode == NO
        assert "error: " in done.stderr and done.stdout == ""
    both = gateway.command("apply", "--dry-run", "--quiet", gateway.policy)
    assert both.returncode == WRONG_CALL


def test_what_is_in_force_counts_and_not_the_files(start_gateway: Start) -> None:
    """The policy and its list were written since: the gateway has the old ones."""
    text = ZONES + 'list l = addresses "l.netset"\nallow lan -> l\n'
    gateway = start_gateway(OPEN)
    listed = gateway.dir / "l.netset"
    listed.write_text("203.0.113.0/25\n")
    policy = gateway.policy_file(text)
    assert gateway.apply(policy).returncode == GOOD
    listed.write_text("203.0.113.0/24\n")
    done = gateway.command("apply", "--dry-run", policy)
    assert done.returncode == NO
    assert "203.0.113.128/25" in done.stdout
    assert gateway.apply(policy).returncode == GOOD
    done = gateway.command("apply", "--dry-run", policy)
    assert (done.returncode, done.stdout) == (GOOD, SAME)


def test_of_many_changes_the_first_are_shown(start_gateway: Start) -> None:
    count = 600
    gateway = start_gateway(many("allow", count))
    started = time.monotonic()
    quiet = gateway.command(
        "apply", "--quiet", gateway.policy_file(many("drop", count))
    )
    without = time.monotonic() - started
    assert quiet.returncode == GOOD
    started = time.monotonic()
    done = gateway.apply(many("allow", count))
    took = time.monotonic() - started
    assert done.returncode == GOOD
    lines = done.stdout.splitlines()
    assert len(lines) < 40, "it fits a screen"
    assert lines[-1].startswith(f"  and flows fare differently in {count - 12} more ways; ")
    assert len(lines[-1]) <= 80 and "'gatehouse history diff' has all" in lines[-1]
    assert took < without + 5.0, "a second of looking, on a slow machine"
    whole = gateway.command(
        "apply", "--dry-run", gateway.policy_file(many("drop", count))
    )
    assert whole.returncode == NO
    assert whole.stdout.count(" -> drop (") == count


def test_files_of_all_kinds_come_along(start_gateway: Start) -> None:
    """More descriptors than one message carries, and an included file's name."""
    lists = 70
    gateway = start_gateway(OPEN)
    text = ZONES + 'include "more.rules"\n'
    for i in range(lists):
        (gateway.dir / f"{i}.netset").write_text(f"198.51.100.{i}\n")
        text += f'list l{i} = addresses "{i}.netset"\ndrop l{i} -> any\n'
    (gateway.dir / "more.rules").write_text("allow lan -> wan tcp 25\n")
    assert gateway.apply(text).returncode == GOOD
    (gateway.dir / "more.rules").write_text("allow lan -> wan tcp 26\n")
    done = gateway.apply(text)
    assert done.returncode == GOOD
    words = " ".join(done.stdout.split())
    assert "lan -> wan tcp 25" in words and "more.rules line 1)" in words
    assert "l7" not in words


def test_no_gateway_no_dry_run(start_gateway: Start) -> None:
    gateway = start_gateway(OPEN)
    gateway.stop()
    done = gateway.command("apply", "--dry-run", gateway.policy)
    assert done.returncode == WRONG_WORLD
    assert "no gateway runs with the folder" in done.stderr
