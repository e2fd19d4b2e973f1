# SPDX-License-Identifier: GPL-2.0-or-later
"""check, diff and fmt as they are called: status, output, files."""

import json
import os
import pty
import subprocess
import termios
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / os.environ.get("BUILD", "build") / "gatehouse"

ZONES = "zone lan = int0  10.0.0.0/24\nzone wan = ext0\n"
OLD = ZONES + 'allow  lan -> wan tcp 80  log as "web"\n'
NEW = ZONES + 'allow  lan -> wan tcp 80  log as "web"\nallow  lan -> wan tcp 22\n'


def gatehouse(*words: str | Path, stdin: str = "") -> subprocess.CompletedProcess:
    return subprocess.run(
        [PROGRAM, *words], input=stdin, text=True, capture_output=True, timeout=60
    )


@pytest.fixture
def policy(tmp_path: Path):
    """`policy(text)`: a file with it."""

    def write(text: str, name: str = "a.policy") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_diff_of_the_same_is_silent(policy) -> None:
    done = gatehouse("diff", policy(OLD), policy("# other\n" + OLD, "b.policy"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_diff_names_classes_and_lines(policy) -> None:
    done = gatehouse("diff", policy(OLD), policy(NEW, "b.policy"))
    assert done.returncode == 1
    assert done.stdout == "lan -> wan tcp 22  drop (built in) -> allow (line 4)\n"


def on_a_terminal(columns: int, *words: str | Path) -> str:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, columns))
    with subprocess.Popen([PROGRAM, *words], stdout=theirs, stdin=subprocess.DEVNULL):
        os.close(theirs)
        seen = b""
        while True:
            try:
                seen += os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
        os.close(ours)
    return seen.decode().replace("\r\n", "\n")


def test_diff_fits_the_terminal(policy) -> None:
    hosts = ", ".join(f"203.0.113.{i}" for i in range(1, 30, 2))
    new = policy(ZONES + f"allow lan -> {hosts} udp 53\n", "b.policy")
    words = ("diff", policy(ZONES), new)
    [line] = gatehouse(*words).stdout.splitlines()
    wrapped = on_a_terminal(60, *words)
    assert len(line) > 60 >= max(map(len, wrapped.splitlines()))
    assert wrapped.split() == line.split()


def test_diff_says_first_what_opens_and_then_what_closes(policy) -> None:
    old = ZONES + "allow lan -> wan tcp 22\nallow lan -> wan tcp 80 log\n"
    new = ZONES + "allow lan -> wan tcp 80\nreject lan -> wan tcp 22\nallow lan -> wan tcp 25\n"
    done = gatehouse("diff", policy(old), policy(new, "b.policy"))
    assert [line.split("  ")[0] for line in done.stdout.splitlines()] == [
        "lan -> wan tcp 25",
        "lan -> wan tcp 22",
        "lan -> wan tcp 80",
    ]


def test_diff_json_is_an_object_a_line(policy) -> None:
    done = gatehouse("diff", "--json", policy(OLD), policy(NEW, "b.policy"))
    assert done.returncode == 1
    (one,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert one == {
        "kind": "flows",
        "from": "lan",
        "to": "wan",
        "service": "tcp 22",
        "during": None,
        "name": None,
        "scheme": None,
        "method": None,
        "path": None,
        "user": None,
        "header": None,
        "type": None,
        "way": None,
        "before": {
            "verdict": "drop",
            "enforcer": "firewall",
            "log": True,
            "rule": None,
            "parent": None,
            "opened": False,
            "reports": [],
            "text": "drop (built in)",
        },
        "after": {
            "verdict": "allow",
            "enforcer": "firewall",
            "log": False,
            "rule": {"line": 4, "name": None},
            "parent": None,
            "opened": False,
            "reports": [],
            "text": "allow (line 4)",
        },
    }


def test_diff_json_names_the_parent(policy) -> None:
    head = "parent corp = socks5 192.0.2.9:1080\nproxy { intercept web for lan }\n"
    old = ZONES + head + "allow lan -> wan tcp 80\n"
    new = ZONES + head + "allow lan -> wan tcp 80 via corp\n"
    done = gatehouse("diff", "--json", policy(old), policy(new, "b.policy"))
    (one,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (one["before"]["parent"], one["after"]["parent"]) == (None, "corp")
    assert one["after"]["text"].startswith("allow via corp (line ")


def test_diff_json_of_an_interface(policy) -> None:
    moved = policy(OLD.replace("int0", "int7"), "b.policy")
    done = gatehouse("diff", "--json", policy(OLD), moved)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["interface"], one["taken"]) for one in lines] == [
        ("int0", False),
        ("int7", True),
    ]


def test_diff_of_what_is_no_policy(policy, tmp_path: Path) -> None:
    done = gatehouse("diff", policy(OLD), policy("allow\n", "b.policy"))
    assert done.returncode == 1
    assert "b.policy:1:" in done.stderr
    done = gatehouse("diff", policy(OLD), tmp_path / "none.policy")
    assert done.returncode == 3
    assert gatehouse("diff", policy(OLD)).returncode == 2


def test_check_names_all_that_cover(policy) -> None:
    path = policy(
        ZONES
        + "allow  lan -> wan tcp 1-100\nallow  lan -> wan tcp 101-65535\n"
        + "reject lan -> wan tcp 90-110\n"
    )
    done = gatehouse("check", "--json", path)
    (found,) = [w for w in json.loads(done.stdout)["warnings"] if w["line"] == 5]
    assert (found["kind"], found["by"]) == ("unreached", [3, 4])
    assert done.returncode == 0


def test_check_notes_only_when_asked(policy) -> None:
    rules = "reject lan -> wan tcp 25\nallow  lan -> wan\nmasquerade lan -> wan\n"
    path = policy(ZONES + rules)
    assert "note" not in gatehouse("check", path).stderr
    assert "note: line 3 refuses part" in gatehouse("check", "-v", path).stderr
    answer = json.loads(gatehouse("check", "--json", "-v", path).stdout)
    assert [note["by"] for note in answer["notes"]] == [[3]]
    assert "notes" not in json.loads(gatehouse("check", "--json", path).stdout)


def test_check_notes_a_zone_without_masquerade(policy) -> None:
    path = policy(ZONES + "allow lan -> wan\n")
    assert "note: lan has private addresses" in gatehouse("check", "-v", path).stderr
    assert "private" not in gatehouse("check", path).stderr


def test_fmt_rewrites_in_place(policy) -> None:
    path = policy(OLD.replace("  ", " "))
    path.chmod(0o640)
    done = gatehouse("fmt", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert path.read_text() == OLD
    assert path.stat().st_mode & 0o7777 == 0o640
    assert [p.name for p in path.parent.iterdir()] == ["a.policy"]


def test_fmt_leaves_what_is_good(policy) -> None:
    path = policy(OLD)
    before = path.stat()
    assert gatehouse("fmt", path).returncode == 0
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_fmt_writes_through_a_link(policy, tmp_path: Path) -> None:
    path = policy(OLD.replace("  ", " "))
    link = tmp_path / "link.policy"
    link.symlink_to(path)
    assert gatehouse("fmt", link).returncode == 0
    assert link.is_symlink()
    assert path.read_text() == OLD


def test_fmt_check_names_and_changes_nothing(policy) -> None:
    ugly = OLD.replace("  ", " ")
    good, bad = policy(OLD), policy(ugly, "b.policy")
    done = gatehouse("fmt", "--check", good, bad)
    assert (done.returncode, done.stdout) == (1, f"{bad}\n")
    assert bad.read_text() == ugly
    assert gatehouse("fmt", "--check", good).returncode == 0


def test_fmt_of_standard_input() -> None:
    done = gatehouse("fmt", "-", stdin=OLD.replace("  ", "\t"))
    assert (done.returncode, done.stdout) == (0, OLD)


def test_fmt_refuses_what_is_no_policy(policy, tmp_path: Path) -> None:
    path = policy("allow lan\n")
    done = gatehouse("fmt", path)
    assert done.returncode == 1
    assert "a.policy:1:" in done.stderr
    assert path.read_text() == "allow lan\n"
    assert gatehouse("fmt", tmp_path / "none.policy").returncode == 3
    assert gatehouse("fmt").returncode == 2


def test_what_cannot_be_written_is_no_success(policy) -> None:
    """A disk that is full leaves a part of it: who asked is told."""
    file = policy(OLD)
    other = policy(NEW, "b.policy")
    calls = (["fmt", "-"], ["check", file], ["show", "nft", file], ["diff", file, other])
    for words in calls:
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [PROGRAM, *words], input=OLD, stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert done.returncode == 3 and "No space left" in done.stderr, (words, done)


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/*.policy")), ids=str)
def test_examples_are_canonical(path: Path) -> None:
    done = gatehouse("fmt", "--check", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_help_lists_the_commands() -> None:
    words = gatehouse("--help").stdout
    for command in ("diff", "fmt"):
        assert f"\n  {command} " in words
        assert gatehouse(command, "--help").stdout.startswith(
            f"usage: gatehouse {command} "
        )
