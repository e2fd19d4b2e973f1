# SPDX-License-Identifier: GPL-2.0-or-later
"""Which words of a policy the console colours: words as policy/lex reads them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOM = "export const h = (tag, { class: kind }, text) => ({ kind, text });\n"
ASK = """
import { coloured } from "./language.js";
const pieces = coloured(process.argv[2]);
const shown = pieces.filter((piece) => piece.kind && piece.kind !== "lang-comment");
console.log(JSON.stringify([
	shown.map((piece) => piece.text).join(" "),
	pieces.map((piece) => piece.text ?? piece).join(""),
]));
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's own module, and a stand-in for the browser."""
    if not shutil.which("node"):
        pytest.skip("node is not installed: scripts/setup test")
    folder = tmp_path_factory.mktemp("page")
    shutil.copy(ROOT / "web" / "language.js", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "dom.js").write_text(DOM)
    (folder / "ask.js").write_text(ASK)
    return folder


@pytest.mark.parametrize(
    "line, words",
    [
        ("allow lan -> git.test, *.test, test.example ssh log", "allow log"),
        ('test "of a path" {', 'test "of a path"'),
        ("name test-net = .test, log_host", "name"),
        ("reject any->any path", "reject any any path"),
        ("drop { any, self }->any # log", "drop any self any"),
        ("drop tést -> log.example:80", "drop"),
    ],
)
def test_only_whole_words_are_keywords(page: Path, line: str, words: str) -> None:
    done = subprocess.run(
        ["node", page / "ask.js", line], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [words, line]
