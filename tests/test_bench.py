# SPDX-License-Identifier: GPL-2.0-or-later
"""The bench works: a tiny run of it, and what it must do when things go wrong.

The figures themselves are nobody's business here.
"""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from bench import firewall, table
from bench.peers import KEEP, Missing, Peer, running
from bench.sample import Results, Sample
from bench.table import Heading
from tests.lab import lab, namespace, needs, wait
from tests.lab.gateway import PROGRAM

ROOT = Path(__file__).resolve().parents[1]
RUN = ROOT / "bench" / "run"


@pytest.fixture
def needs_lab() -> None:
    if lacking := needs.missing_for_lab():
        pytest.skip(lacking)


def left_behind(pid: int) -> list[str]:
    home = lab.HOME / f"gh{pid}"
    return namespace.of_prefix(home.name) + ([str(home)] if home.exists() else [])


def test_a_tiny_run_gives_its_table(needs_lab: None, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    argv = [RUN, "--smoke", "--json", file, "request"]
    bench = subprocess.Popen(argv, text=True, stdout=-1, stderr=-1)
    out, err = bench.communicate(timeout=180)
    assert bench.returncode == 0, out + err
    rows = {line[:13].strip(): line.split() for line in out.splitlines()}
    assert rows["limit: relay"][-1] == "1.00", out
    assert float(rows["nginx"][-1]) > 0, out
    assert max(map(len, out.splitlines())) <= 80, out
    samples = json.loads(file.read_text())["request"]["samples"]
    assert {s["name"] for s in samples} == {"nginx", "limit: relay"}
    assert all(s["cost"] > 0 and s["rate"] > 100 and not s["fault"] for s in samples)
    assert not left_behind(bench.pid)


def test_more_idle_clients_than_one_may_have(needs_lab: None, tmp_path: Path) -> None:
    """By two proxies at once, of which each holds half."""
    file = tmp_path / "figures.json"
    few = ["prlimit", "--nofile=2000:2000", "env", "IDLE=800"]
    argv = [*few, RUN, "--smoke", "--json", file, "idle"]
    done = subprocess.run(argv, text=True, capture_output=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    [sample] = json.loads(file.read_text())["idle"]["samples"]
    assert (sample["name"], sample["note"]) == ("nginx", "2 of it at once")
    assert sample["cost"] > 100 and not sample["fault"]


def test_every_packet_of_a_flood_is_in_the_journal(
    needs_lab: None, tmp_path: Path
) -> None:
    """A packet that is in no account would be a fault of the run."""
    file = tmp_path / "figures.json"
    argv = [RUN, "--rounds", "1", "--seconds", "0.1", "--only", "gatehouse"]
    argv += ["--json", file, "log"]
    done = subprocess.run(argv, text=True, capture_output=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    told, suppressed = json.loads(file.read_text())["log"]["samples"]
    assert told["cost"] > 0 and suppressed["cost"] > 0


def test_an_interrupted_run_leaves_nothing(needs_lab: None) -> None:
    argv = [RUN, "--seconds", "60", "--only", "limit: relay", "request"]
    bench = subprocess.Popen(argv, stdout=-1, stderr=-1)
    gateway = f"gh{bench.pid}-gw"
    wait.until("the relay", lambda: namespace.processes(gateway), timeout=30)
    started = namespace.processes(gateway)
    bench.send_signal(signal.SIGTERM)
    bench.communicate(timeout=30)
    assert bench.returncode == 128 + signal.SIGTERM
    assert not left_behind(bench.pid)
    assert all(namespace.has_ended(pid) for pid in started)


@pytest.mark.parametrize("argv", [["nonsense"], ["--only", "nonsense"]])
def test_an_unknown_name_is_a_wrong_call(argv: list[str]) -> None:
    done = subprocess.run([RUN, *argv], text=True, capture_output=True)
    assert done.returncode == 2
    assert "called 'nonsense'" in done.stderr


def test_a_peer_that_is_not_installed_says_what_to_do() -> None:
    peer = Peer("absent", frozenset({KEEP}), "absent-package", argv=("no-such-proxy",))
    with pytest.raises(Missing, match="apt-get install absent-package"):
        with running(peer, ground=None):
            pytest.fail("it runs")


def test_codings_are_measured_beside_nginx(tmp_path: Path) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    file = tmp_path / "figures.json"
    argv = [RUN, "--rounds", "1", "--seconds", "0.05", "--json", file, "coding"]
    done = subprocess.run(argv, text=True, capture_output=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(file.read_text())["coding"]
    assert {s["name"] for s in told["samples"]} == {"gatehouse", "nginx"}
    assert all(s["cost"] > 0 for s in told["samples"])
    assert len(told["lines"]) == 8, done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80, done.stdout


def test_ratios_are_to_gatehouse_and_to_the_limit() -> None:
    results = Results()
    costs = {"squid": [40.0, 60.0, 50.0], "gatehouse": [12.5], "limit: relay": [10.0]}
    for name, figures in costs.items():
        results.samples += [Sample(name, "title", cost) for cost in figures]
    _, _, *rows = table.lines(Heading("title", "us"), results)
    assert [row.split() for row in rows] == [
        ["gatehouse", "12.5", "12.5-12.5", "1.00", "1.25"],
        ["squid", "50.0", "40.0-60.0", "4.00", "5.00"],
        ["limit:", "relay", "10.0", "10.0-10.0", "0.80", "1.00"],
    ]


def test_who_is_missing_is_named_with_the_reason() -> None:
    results = Results()
    results.missing["squid"] = "not installed: apt-get install squid"
    results.samples.append(Sample("nginx", "title", 1.0, fault="3 failures"))
    assert table.closing(results) == [
        "not measured: squid: not installed: apt-get install squid",
        "fault: nginx: 3 failures",
    ]


# One zone stands for all else, and ten thousand rules overlap in more ways than
# are told apart.
MEANT = ("interface", "unused", "limit")


@pytest.mark.parametrize("count", firewall.COUNTS)
def test_both_rulesets_are_of_the_same_rules(count: int, tmp_path: Path) -> None:
    """Gatehouse takes the policy, without a word of warning about a rule."""
    path = tmp_path / "rules.policy"
    path.write_text(firewall.policy(count))
    argv = [PROGRAM, "check", "--json", path]
    done = subprocess.run(argv, text=True, capture_output=True)
    said = json.loads(done.stdout)
    assert said["ok"], done.stdout
    assert [w for w in said["warnings"] if w["kind"] not in MEANT] == []
    assert len(firewall.rules(count)) == count
