# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of the house that a script can check (CONTRIBUTING.md).

Arrows run down the floors only, parts of one floor do not know each other,
each header stands alone, and every file says its licence.
"""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.lab.gateway import PROGRAM

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"

# What each part may include besides itself; lower floors are written out.
BASE = {"base"}
LOW = BASE | {"event"}
MAY_INCLUDE = {
    "base": set(),
    "event": BASE,
    "policy": BASE,
    "import": BASE | {"policy"},  # its words and its limits
    "http": BASE,
    "net": LOW,
    "dns": LOW | {"net"},
    "http2": LOW | {"http", "net"},
    "cache": LOW | {"policy", "http", "net"},
    "console": LOW | {"policy", "http", "net", "cache"},
    "firewall": LOW | {"policy", "net", "bpf"},  # bpf/: what the kernel runs
    "proxy": LOW | {"policy", "http", "http2", "net", "dns", "cache"},
    "daemon": LOW | {"policy", "net", "console", "cache", "firewall", "proxy"},
    "exec": LOW | {"policy", "net", "firewall", "daemon"},
    "cli": LOW | {"policy", "net", "import", "daemon", "firewall", "exec"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def sources(*endings: str) -> list[Path]:
    return sorted(p for p in SRC.rglob("*") if p.suffix in endings)


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True
    )
    return [ROOT / name for name in done.stdout.splitlines()]


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_part_has_its_floor() -> None:
    parts = {p.name for p in SRC.iterdir() if p.is_dir()}
    assert parts <= set(MAY_INCLUDE), parts - set(MAY_INCLUDE)


@pytest.mark.parametrize("path", sources(".c", ".h"), ids=short)
def test_arrows_run_down(path: Path) -> None:
    part = path.relative_to(SRC).parts[0]
    for name in INCLUDE.findall(path.read_text()):
        if "/" not in name:
            assert name == "version.h", f'"{name}": includes name their part'
            continue
        to = name.split("/")[0]
        assert to == part or to in MAY_INCLUDE[part], f"{part} must not know {to}"


@pytest.mark.parametrize("path", sources(".c", ".h"), ids=short)
def test_private_headers_stay_at_home(path: Path) -> None:
    """x_impl.h is for the files of its own part."""
    part = path.relative_to(SRC).parts[0]
    for name in INCLUDE.findall(path.read_text()):
        assert not name.endswith("_impl.h") or name.startswith(part + "/"), name


@pytest.mark.parametrize("path", sources(".c"), ids=short)
def test_a_source_includes_its_own_header_first(path: Path) -> None:
    """Or the private one of its part, which begins with it."""
    header = path.with_suffix(".h")
    if header.exists():
        first = INCLUDE.findall(path.read_text())[0]
        own = str(header.relative_to(SRC))
        assert first == own or INCLUDE.findall((SRC / first).read_text())[0] == own


# How many files of a part call each other in a circle.  The other parts have none:
# what two files have in common lies below both, or one is told whom to call.  A
# figure may fall and not rise.
IN_CIRCLES = {"cache": 13, "http2": 4, "net": 6, "proxy": 54}


def objects() -> dict[str, Path]:
    """By their source: src/cache/libcache.a.p/disk.c.o, X.p/src_cli_main.c.o."""
    found = {}
    for path in sorted(PROGRAM.parent.rglob("*.c.o")):
        name = path.name.removesuffix(".c.o")
        if name.startswith("src_"):
            source = name.removeprefix("src_").replace("_", "/", 1)
        else:
            source = f"{path.parents[1].name}/{name}"
        if (SRC / f"{source}.c").exists():
            found[source] = path
    return found


def calls() -> dict[str, set[str]]:
    """By each file, those of its part whom it names."""
    sources = {str(path): source for source, path in objects().items()}
    done = subprocess.run(
        ["nm", "-A", *sources], text=True, capture_output=True, check=True
    )
    owner, named = {}, []
    for line in done.stdout.splitlines():
        path, rest = line.split(":", 1)
        kind, symbol = rest.split()[-2:]
        key = sources[path].split("/")[0], symbol
        if kind == "U":
            named.append((sources[path], key))
        elif kind in "TDRB":
            owner[key] = sources[path]
    found: dict[str, set[str]] = {source: set() for source in sources.values()}
    for source, key in named:
        if key in owner:
            found[source].add(owner[key])
    return found


def reached(calls: dict[str, set[str]], source: str) -> set[str]:
    """Over any number of calls."""
    seen: set[str] = set()
    ahead = [source]
    while ahead:
        more = calls[ahead.pop()] - seen
        seen |= more
        ahead += more
    return seen


@pytest.mark.skipif(not shutil.which("nm"), reason="no nm: binutils")
def test_files_do_not_call_in_circles() -> None:
    named = calls()
    found: dict[str, list[str]] = {}
    for source in named:
        if source in reached(named, source):
            found.setdefault(source.split("/")[0], []).append(source)
    for part, names in found.items():
        assert len(names) <= IN_CIRCLES.get(part, 0), names


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler: make")
def test_headers_stand_alone() -> None:
    """Each compiles as the only line of a file."""
    build = ROOT / "build"
    flags = shlex.split("-std=c17 -D_GNU_SOURCE -fsyntax-only -x c")
    for header in sources(".h"):
        done = subprocess.run(
            ["cc", *flags, f"-I{SRC}", f"-I{ROOT}", f"-I{build}", "-"],
            input=f'#include "{header.relative_to(SRC)}"\n',
            text=True,
            capture_output=True,
        )
        assert done.returncode == 0, f"{short(header)}: {done.stderr}"


def test_guards_are_named_after_the_file() -> None:
    for header in sources(".h"):
        name = str(header.relative_to(SRC)).upper()
        guard = "GATEHOUSE_" + re.sub(r"[^A-Z0-9]", "_", name)
        assert f"#ifndef {guard}\n#define {guard}\n" in header.read_text(), short(header)


def test_every_file_says_its_licence() -> None:
    silent = [
        short(path)
        for path in tracked()
        if path.suffix in {".c", ".h", ".py"}
        and path.stat().st_size > 0
        and "SPDX-License-Identifier: GPL-2.0-or-later" not in path.read_text()[:200]
    ]
    assert not silent, silent


def test_lines_fit_eighty_columns() -> None:
    """Tabs count eight; a text that must stay in one piece may be longer."""
    long = [
        f"{short(path)}:{number}"
        for path in sources(".c", ".h")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line.expandtabs(8)) > 80 and '"' not in line
    ]
    assert not long, long


def test_nothing_is_left_unfinished() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        short(path)
        for path in tracked()
        if path.suffix in {".c", ".h", ".py", ".policy"}
        and path != Path(__file__)
        and path.exists()
        and words.search(path.read_text(errors="replace"))
    ]
    assert not found, found


@pytest.mark.parametrize(
    "program", ["gatehouse", "gatehoused", "gatehouse-proxy", "gatehouse-pam"]
)
def test_openssl_and_libnftables_share_no_process(program: str) -> None:
    """Apache-2.0 and GPL-2.0-only: neither may be there because of the other."""
    path = PROGRAM.parent / program
    linked = subprocess.run(["ldd", path], text=True, capture_output=True, check=True)
    found = {name for name in ("libssl", "libnftables") if name in linked.stdout}
    wanted = {
        "gatehouse": {"libssl"},
        "gatehoused": {"libnftables"},
        "gatehouse-proxy": {"libssl"},
    }
    assert found == wanted.get(program, set())
