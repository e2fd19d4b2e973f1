# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipe of the image (share/oci/Containerfile) has what is needed, and
nothing more: its files, packages, user and folders are those of the sources,
the programs, the Debian package and the unit."""

import re
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.lab import recipe
from tests.lab.gateway import PROGRAM, ROOT

UNIT = (ROOT / "share/systemd/gatehouse.service.in").read_text()
PROGRAMS = [PROGRAM.with_name(n) for n in ("gatehouse", "gatehoused", "gatehouse-proxy")]
BUILD, RUNTIME = 0, 1

is_debian_12 = pytest.mark.skipif(
    not shutil.which("dpkg-query")
    or "bookworm" not in Path("/etc/os-release").read_text(),
    reason="needs Debian 12",
)


def run_of(stage: int, word: str) -> list[str]:
    """The words of the one command that begins so, up to `&&`."""
    runs = [s.text for s in recipe.steps() if (s.stage, s.word) == (stage, "RUN")]
    commands = [part.strip() for text in runs for part in text.split("&&")]
    [command] = [part for part in commands if part.startswith(word)]
    return shlex.split(command)


def test_it_has_two_stages_of_one_system() -> None:
    images = [step.words()[0] for step in recipe.steps() if step.word == "FROM"]
    assert images == ["docker.io/library/debian:12-slim"] * 2


def test_what_it_copies_exists() -> None:
    copied = [s.words()[:-1] for s in recipe.steps() if s.word == "COPY"]
    ours = [path for paths in copied for path in paths if not paths[0].startswith("--")]
    assert len(ours) > 10 and [path for path in ours if not (ROOT / path).exists()] == []
    assert ["--from=build", "/stage/"] in copied


def test_it_copies_what_the_build_reads() -> None:
    """The folders that meson.build names, and what is installed by it."""
    meson = (ROOT / "meson.build").read_text()
    needed = {name.split("/")[0] for name in re.findall(r"subdir\('([^']+)'\)", meson)}
    for call in re.findall(r"install_(?:data|man|subdir)\((.*?)\)\n", meson, re.S):
        needed |= {n.split("/")[0] for n in re.findall(r"'([^']+)'", call) if (ROOT / n).exists()}
    copied = {w for s in recipe.steps() if s.word == "COPY" for w in s.words()[:-1]}
    assert {"src", "docs", "README.md"} <= needed <= copied, needed - copied


def output(*argv: str | Path) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


@cache
def package_of(library: str) -> str:
    """Where /lib is /usr/lib, a package may call its file either."""
    real = str(Path(library).resolve())
    names = [real, real.removeprefix("/usr"), library]
    argv = ["dpkg-query", "-S", *names]
    done = subprocess.run(argv, capture_output=True, text=True)
    return done.stdout.split(":")[0]


def libraries(program: Path) -> dict[str, str]:
    """Name and path of each that is loaded with it."""
    return dict(re.findall(r"^\s*(\S+) => (/\S+)", output("ldd", program), re.M))


def named_by(program: Path) -> set[str]:
    return set(re.findall(r"^\s*NEEDED\s+(\S+)", output("objdump", "-p", program), re.M))


@cache
def depended_on(package: str) -> set[str]:
    text = output("dpkg-query", "-W", "-f", "${Depends},${Pre-Depends}\n", package)
    return {word.split()[0].split(":")[0] for word in re.split(r"[,|\n]", text) if word.strip()}


def installed() -> set[str]:
    words = run_of(RUNTIME, "apt-get -qq install")
    return {word for word in words[words.index("install") + 1 :] if not word.startswith("-")}


@is_debian_12
def test_its_packages_are_those_that_the_programs_name() -> None:
    named = {
        package_of(path)
        for program in PROGRAMS
        for name, path in libraries(program).items()
        if name in named_by(program)
    }
    assert installed() == named | {"ca-certificates"}


@is_debian_12
def test_nothing_that_is_loaded_is_missing() -> None:
    """What those libraries load in their turn comes with them."""
    have, new = set(), installed()
    while new:
        have |= new
        new = {n for p in new for n in depended_on(p)} - have
        new = {n for n in new if package_is_installed(n)}
    loaded = {package_of(p) for program in PROGRAMS for p in libraries(program).values()}
    assert len(loaded) > 15 and loaded <= have, loaded - have


def package_is_installed(name: str) -> bool:
    argv = ["dpkg-query", "-W", "-f", "${db:Status-Status}", name]
    return subprocess.run(argv, capture_output=True, text=True).stdout == "installed"


def test_its_user_is_that_of_the_package() -> None:
    sysusers = (ROOT / "debian/gatehouse.sysusers").read_text()
    kind, name, _, comment, home, shell = shlex.split(sysusers)
    words = run_of(RUNTIME, "useradd")
    assert kind == "u" and words[-1] == name and "--system" in words
    options = dict(zip(words, words[1:]))
    assert (options["--comment"], options["--home-dir"]) == (comment, home)
    assert options["--shell"] == shell


def test_its_folders_are_those_of_the_unit() -> None:
    named = re.findall(r"^(Runtime|State|Logs)Directory=(\S+)$", UNIT, re.M)
    places = {"Runtime": "/run/", "State": "/var/lib/", "Logs": "/var/log/"}
    state = dict(named)["State"]
    open_to_all = run_of(RUNTIME, "install -d -m 0755")[4:]
    assert "StateDirectoryMode=0700" in UNIT
    assert run_of(RUNTIME, "install -d -m 0700")[4:] == [places["State"] + state]
    others = {places[kind] + name for kind, name in named if kind != "State"}
    assert set(open_to_all) == others | {"/etc/gatehouse"}


def test_it_runs_what_the_unit_runs() -> None:
    (close,) = re.findall(r"^ExecStartPre=@SBINDIR@/(.*)$", UNIT, re.M)
    (start,) = re.findall(r"^ExecStart=@SBINDIR@/(.*)$", UNIT, re.M)
    call = recipe.call()
    assert call[:2] == ["/bin/sh", "-c"] and call[3] == start.split()[0]
    assert call[2] == f'{close} && exec {call[3]} "$@"'
    assert call[4:] == start.split()[1:]


def test_it_has_the_capabilities_of_the_daemon() -> None:
    """But those of early drop, which are added by whoever wants it."""
    header = (ROOT / "src/daemon/capabilities.h").read_text()
    rows = re.findall(r'ROW\((\w+), CAP_\w+,[\s\\]*"([^"]+)', header)
    kept = [name for name, why in rows if "early drop" not in why]
    assert len(kept) < len(rows) and sorted(kept) == sorted(recipe.capabilities())


def test_the_build_makes_what_is_installed() -> None:
    """Programs by their names; one of share/'s files stands for all of them."""
    targets = run_of(BUILD, "ninja")[3:]
    programs = [target for target in targets if "/" not in target]
    assert sorted(programs) == sorted(program.name for program in PROGRAMS)
    assert all((PROGRAM.parent / target).exists() for target in targets)
