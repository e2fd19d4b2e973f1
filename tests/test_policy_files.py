# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that no one would write on purpose, through `gatehouse check`.

Whatever the file is, the answer comes soon, in words, with little memory, and
no longer than a person can scroll through.  Each row is a file of a size that
made an earlier version slow, large or wordy.
"""

import json
import os
import resource
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / os.environ.get("BUILD", "build") / "gatehouse"
ZONE = b"zone lan = lo 10.0.0.0/24\n"

# A sanitizer reserves address space without end, so only data counts there.
MEMORY_MAX = 512 << 20
SECONDS_MAX = 5
OUTPUT_MAX = 120_000  # 200 findings with long lines, a hint and a section each
SANITIZED = "asan" in os.environ.get("BUILD", "")


def limit() -> None:
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    seconds = SECONDS_MAX * (10 if SANITIZED else 1)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


# Root reads every file, but for these two of its capabilities.
PLAIN = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def check(path: Path, *flags: str, plain: bool = False) -> subprocess.CompletedProcess:
    """With `plain`, by somebody who may read only what the file's mode says."""
    done = subprocess.run(
        [*(PLAIN if plain and os.geteuid() == 0 else []), PROGRAM, "check", *flags, path.name],
        cwd=path.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=limit,
        timeout=120,
    )
    assert done.returncode in (0, 1, 2, 3), f"ended by signal {-done.returncode}"
    assert len(done.stdout) <= OUTPUT_MAX
    return done


def of_doubling_services() -> bytes:
    lines = [b"service s0 = { tcp 80, tcp 81 }\n"]
    lines += [b"service s%d = { s%d, s%d }\n" % (i, i - 1, i - 1) for i in range(1, 40)]
    return b"".join(lines)


REFUSED = {
    "NUL bytes": (b"\0" * 1_000_000, "the byte 0x00 has no place in a policy"),
    "lines of NUL bytes": (b"\0 x\n" * 100_000, "and more: 100000 errors"),
    "a NUL in a file's name": (
        ZONE + b'list a = addresses "a\0b"\n',
        "the byte 0x00 has no place in a policy",
    ),
    "one line of a megabyte": (
        ZONE + b"allow lan -> " + b"a" * 1_000_000 + b"\n",
        "no zone, name or list is called 'aaa",
    ),
    "a megabyte of errors in one line": (
        ZONE + b"allow lan -> " + b"nobody, " * 125_000 + b"any\n",
        "no zone, name or list is called 'nobody'",
    ),
    "100,000 errors": (b"bad\n" * 100_000, "and more: 100000 errors"),
    "100,000 times the same zone": (
        ZONE + b"zone lan = x\n" * 100_000,
        "'lan' is already a zone",
    ),
    "100,000 unclosed braces": (
        b"name a = { b c\n" * 100_000,
        "this brace is not closed",
    ),
    "100,000 times the same listener": (
        ZONE + b"proxy {\n" + b"listen 10.0.0.1:3128 for lan\n" * 100_000 + b"}\n",
        "the proxy already listens there",
    ),
    "100,000 unknown services": (
        ZONE + b"allow lan -> any htp\n" * 99_000,
        "did you mean 'http'?",
    ),
    "a million braces open": (b"name a = " + b"{" * 1_000_000, "nest too deeply"),
    "braces open and closed": (
        b"name a = " + b"{" * 500_000 + b"}" * 500_000 + b"\n",
        "nest too deeply",
    ),
    "nothing but open braces": (b"{" * 1_000_000, "expected a statement, found '{'"),
    "nothing but closed braces": (b"}" * 1_000_000, "expected a statement, found '}'"),
    "a zone's name of a megabyte": (
        b"zone " + b"z" * 1_000_000 + b" = lo\n",
        "the name of a zone has at most 20 letters",
    ),
    "a rule's name of a megabyte": (
        ZONE + b'allow lan -> any as "' + b"x" * 1_000_000 + b'"\n',
        "a rule's name has 1 to 64 characters",
    ),
    "a name of a megabyte": (
        b"name " + b"n" * 1_000_000 + b" = 10.0.0.1\n",
        "the name of a name has at most 31",
    ),
    "a word for an address of a megabyte": (
        ZONE + b"name a = " + b"1" * 1_000_000 + b"\n",
        "this is not an IPv4 or IPv6 address",
    ),
    "a file that includes itself": (b'include "odd.policy"\n' * 10_000, "includes itself"),
    "100,000 tests that fail": (
        ZONE
        + b'allow lan -> any\ntest "t" {\n'
        + b"10.0.0.4 -> 192.0.2.1 tcp 80 drop\n" * 100_000
        + b"}\n",
        'test "t" fails: expected drop, got allow by line 2',
    ),
    "too many rules": (
        ZONE + b"allow lan -> any\n" * 100_001,
        "a policy has at most 100000 rules",
    ),
    "services that double": (of_doubling_services(), "more than 4096 protocols and ports"),
    "bytes of another encoding": (
        ZONE + b"allow lan -> w\xe4n\n",
        "no zone, name or list is called 'w\\xe4n'",
    ),
    "noise": (bytes((i * i * 31 + (i >> 3)) & 255 for i in range(300_000)), "error: "),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_soon_and_in_words(name: str, tmp_path: Path) -> None:
    text, words = REFUSED[name]
    path = tmp_path / "odd.policy"
    path.write_bytes(text)
    done = check(path)
    assert done.returncode == 1
    assert words in done.stdout.decode(), done.stdout[:2000]


@pytest.mark.parametrize("name", ["100,000 errors", "NUL bytes", "noise"])
def test_json_stays_json(name: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.policy"
    path.write_bytes(REFUSED[name][0])
    answer = json.loads(check(path, "--json").stdout)
    assert not answer["ok"] and answer["errors"]


GOOD = {
    "nothing at all": (b"", "good: 0 rules, 0 zones"),
    "a comment without a line end": (b"# nothing", "good: 0 rules, 0 zones"),
    "nothing but blanks": (b" \t\r\n;;\n", "good: 0 rules, 0 zones"),
    "line ends of another system": (
        ZONE.replace(b"\n", b"\r\n")
        + b"allow lan -> any tcp 80,\r\n   udp 53 # c\r\n"
        + b'test "x" {\r\n 10.0.0.4 -> 192.0.2.1 udp 53 allow by 2\r\n}\r\n',
        "good: 1 rule, 1 zone; tests: 1 passed, 0 failed",
    ),
    "the mark of UTF-8": (b"\xef\xbb\xbf" + ZONE, "good: 0 rules, 1 zone"),
    "as many rules as there may be": (
        ZONE + b"allow lan -> any tcp 80\n" * 100_000,
        "good: 100000 rules",
    ),
    "as many that ask for a path": (
        ZONE
        + b"zone wan = lo\nproxy {\nlisten 10.0.0.1:3128 for lan\n}\n"
        + b'reject lan -> any path "/a*" log\nallow lan -> wan path "*b"\n' * 50_000,
        "good: 100000 rules",
    ),
    "patterns without end": (
        ZONE
        + b"zone wan = lo\nproxy {\nlisten 10.0.0.1:3128 for lan\n}\n"
        + b"".join(
            b'reject lan -> any path "*%x*" header X "*%x*" type */*%x* log\n' % (i, i, i)
            for i in range(4096, 4596)
        )
        + b"allow lan -> wan\n",
        "good: 501 rules",
    ),
    "pieces without end": (
        ZONE
        + b"zone wan = lo\nproxy {\nlisten 10.0.0.1:3128 for lan\n}\n"
        + b"".join(b'reject lan -> wan path "*%x*%x*%x*"\n' % (i, i, i) for i in range(16, 80)),
        "the rules overlap in too many ways",
    ),
    "many names": (
        b"".join(b"name n%d = 10.0.0.1\n" % i for i in range(100_000)),
        "good: 0 rules",
    ),
    "names that double": (
        b"name n0 = 10.0.0.1\n"
        + b"".join(b"name n%d = { n%d, n%d }\n" % (i, i - 1, i - 1) for i in range(1, 40)),
        "good: 0 rules",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_odd_and_good(name: str, tmp_path: Path) -> None:
    text, words = GOOD[name]
    path = tmp_path / "odd.policy"
    path.write_bytes(text)
    done = check(path)
    assert done.returncode == 0, done.stdout[:2000]
    assert words in done.stdout.decode(), done.stdout[:2000]


def test_columns_do_not_count_the_mark_of_utf8(tmp_path: Path) -> None:
    path = tmp_path / "odd.policy"
    path.write_bytes(b"\xef\xbb\xbfsone lan = lo\n")
    assert "odd.policy:1:1: error: " in check(path).stdout.decode()


def test_a_list_of_noise(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(REFUSED["noise"][0])
    path = tmp_path / "odd.policy"
    path.write_bytes(ZONE + b'list bad = domains "noise"\nreject lan -> bad\n')
    assert check(path).returncode in (0, 1)


@pytest.mark.parametrize("kind", ["addresses", "domains"])
def test_a_list_of_ten_gigabytes(kind: str, tmp_path: Path) -> None:
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(10 << 30)
    path = tmp_path / "odd.policy"
    path.write_bytes(ZONE + b'list bad = %s "hole"\nreject lan -> bad\n' % kind.encode())
    done = check(path)
    assert done.returncode in (1, 3)
    assert "cannot read hole: it is larger than 512 MiB" in done.stdout.decode()


WORLD = {
    "a folder": "cannot read odd.policy: Is a directory",
    "nothing there": "cannot read odd.policy: No such file or directory",
    "no right to read": "cannot read odd.policy: Permission denied",
    "a pipe": "cannot read odd.policy: ",
    "too large": "cannot read odd.policy: it is too large",
    "too many lines": "odd.policy has more than 999999 lines",
    "a circle of links": "cannot read odd.policy: Too many levels of symbolic links",
}


def make(name: str, path: Path) -> None:
    if name == "a folder":
        path.mkdir()
    elif name == "a pipe":
        os.mkfifo(path)
    elif name == "a circle of links":
        path.symlink_to(path.name)
    elif name != "nothing there":
        lines = {"too large": b"#" * (17 << 20), "too many lines": b"\n" * 1_000_001}
        path.write_bytes(lines.get(name, ZONE))
        path.chmod(0o000 if name == "no right to read" else 0o644)


@pytest.mark.parametrize("name", WORLD)
def test_what_cannot_be_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.policy"
    make(name, path)
    done = check(path, plain=True)
    assert done.returncode == 3
    assert done.stdout.decode().startswith(f"error: {WORLD[name]}")
    assert "odd.policy: 1 error\n" in done.stdout.decode()
