# SPDX-License-Identifier: GPL-2.0-or-later
"""Policies of several files: `include`, as `gatehouse check` reads them."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.lab.gateway import GOOD, NO, PROGRAM

ZONES = "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"


@pytest.fixture
def files(tmp_path: Path):
    def write(**texts: str) -> Path:
        for name, text in texts.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return tmp_path / "main.policy"

    return write


def check(policy: Path) -> subprocess.CompletedProcess:
    argv = [str(PROGRAM), "check", "main.policy"]
    return subprocess.run(argv, cwd=policy.parent, text=True, capture_output=True)


def decides(policy: Path, flow: str) -> dict:
    argv = [str(PROGRAM), "explain", "--json", "main.policy", flow]
    done = subprocess.run(argv, cwd=policy.parent, text=True, capture_output=True)
    assert done.returncode == GOOD, done.stderr
    return json.loads(done.stdout)


def test_the_statements_stand_where_the_include_does(files) -> None:
    policy = files(
        main_policy=ZONES
        + 'allow lan -> wan tcp 22\ninclude "web.policy"\ndrop any -> any as "last"\n',
        web_policy='reject lan -> wan tcp 80 as "inner"\nallow lan -> wan tcp 22, tcp 80\n',
    )
    assert check(policy).returncode == GOOD
    assert decides(policy, "lan 10.0.0.4 -> 192.0.2.1 tcp 22")["rule"]["line"] == 3
    assert decides(policy, "lan 10.0.0.4 -> 192.0.2.1 tcp 80")["rule"]["name"] == "inner"
    assert decides(policy, "lan 10.0.0.4 -> 192.0.2.1 tcp 81")["rule"]["name"] == "last"


def test_patterns_are_sorted_and_may_fit_nothing(files) -> None:
    policy = files(
        main_policy=ZONES + 'include "d/*.policy"\ninclude "none/*.policy"\n',
        d__20_policy='allow lan -> wan tcp 80 as "second"\n',
        d__10_policy='reject lan -> wan tcp 80 as "first"\n',
        d__30_txt="this is no policy\n",
    )
    done = check(policy)
    assert done.returncode == GOOD, done.stderr
    assert decides(policy, "lan 10.0.0.4 -> 192.0.2.1 tcp 80")["rule"]["name"] == "first"


def test_files_are_beside_the_one_that_names_them(files) -> None:
    policy = files(
        main_policy=ZONES + 'include "d/more.policy"\n',
        d__more_policy='list bad = addresses "bad.txt"\ninclude "deeper.policy"\n',
        d__deeper_policy='drop bad -> any as "deep"\n',
        d__bad_txt="10.0.0.66\n",
    )
    assert decides(policy, "lan 10.0.0.66 -> 192.0.2.1 tcp 80")["rule"]["name"] == "deep"


def test_an_error_names_its_own_file_and_line(files) -> None:
    policy = files(
        main_policy=ZONES + 'include "web.policy"\nalow lan -> wan\n',
        web_policy="\nallow lan -> nowhere\n",
    )
    done = check(policy)
    assert done.returncode == NO
    assert "web.policy:2:14: error: no zone, name or list is called 'nowhere'" in done.stderr
    assert "main.policy:4:1: error: expected a statement, found 'alow'" in done.stderr
    assert done.stderr.count("error:") == 2


@pytest.mark.parametrize(
    "texts, words",
    [
        ({"main_policy": 'include "gone.policy"\n'}, "there is no file gone.policy"),
        ({"main_policy": 'include "main.policy"\n'}, "main.policy includes itself"),
        (
            {"main_policy": 'include "a.policy"\n', "a_policy": 'include "main.policy"\n'},
            "a.policy:1:9: error: main.policy includes itself",
        ),
        ({"main_policy": 'include "."\n'}, "it is a folder"),
        ({"main_policy": "include web.policy\n"}, "expected the file in quotes"),
        ({"main_policy": 'include "a" "b"\n'}, "there is no file a"),
    ],
)
def test_mistakes(files, texts: dict[str, str], words: str) -> None:
    done = check(files(**texts))
    assert done.returncode == NO
    assert words in done.stderr
    assert done.stderr.count("error:") == 1


def test_too_deep(files) -> None:
    texts = {f"f{n}_policy": f'include "f{n + 1}.policy"\n' for n in range(40)}
    done = check(files(main_policy='include "f0.policy"\n', **texts))
    assert done.returncode == NO
    assert "files include files more than 15 deep" in done.stderr
