# SPDX-License-Identifier: GPL-2.0-or-later
"""`gatehouse report`: what it makes of a gateway's answer, to the letter.

tests/golden/report/NAME.lines is such an answer, NAME.txt the text and NAME.html
the page.  The gateway is a socket here: what a real one answers is told by
tests/story/test_0174_over_time.py.

    GOLDEN_UPDATE=1 python3 -m pytest tests/test_report.py

writes texts and pages anew; read the difference before you commit it.
"""

import os
import re
import socket
import subprocess
import threading
import xml.etree.ElementTree as xml
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / os.environ.get("BUILD", "build") / "gatehouse"
GOLDEN = sorted((ROOT / "tests" / "golden" / "report").glob("*.lines"))
UPDATE = os.environ.get("GOLDEN_UPDATE") == "1"
GOOD, WRONG_CALL, WRONG_WORLD = 0, 2, 3


class Answers:
    """A gateway that says only this, and keeps what it was asked."""

    def __init__(self, folder: Path, answer: bytes):
        self.asked = b""
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / "control"))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        peer, _ = self._listener.accept()
        with peer:
            while not self.asked.endswith(b"\n"):
                self.asked += peer.recv(4096)
            peer.sendall(self._answer)

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()


Report = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """`report(answer, *options)`, with what was asked as `.asked`."""

    def run(answer: bytes, *options: str | Path) -> subprocess.CompletedProcess:
        (tmp_path / "control").unlink(missing_ok=True)
        gateway = Answers(tmp_path, answer)
        try:
            done = subprocess.run(
                [PROGRAM, "report", "--runtime", tmp_path, *options],
                capture_output=True,
                timeout=30,
                check=False,
            )
        finally:
            gateway.close()
        done.asked = gateway.asked
        return done

    return run


def must_be(path: Path, text: bytes) -> None:
    if UPDATE:
        path.write_bytes(text)
    assert text.decode() == path.read_text(), path


@pytest.mark.parametrize("lines", GOLDEN, ids=lambda path: path.stem)
def test_text(report: Report, lines: Path) -> None:
    done = report(b"0\n" + lines.read_bytes())
    assert (done.returncode, done.asked) == (GOOD, b"report 604800\n"), done.stderr
    must_be(lines.with_suffix(".txt"), done.stdout)
    assert max(len(line) for line in done.stdout.decode().splitlines()) <= 80
    assert all(32 <= byte < 127 or byte == 10 for byte in done.stdout)


@pytest.mark.parametrize("lines", GOLDEN, ids=lambda path: path.stem)
def test_page(report: Report, lines: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = report(b"0\n" + lines.read_bytes(), "--html", page)
    assert (done.returncode, done.stdout) == (GOOD, b""), done.stderr
    must_be(lines.with_suffix(".html"), page.read_bytes())
    assert not (tmp_path / "page.html.new").exists()


@pytest.mark.parametrize("lines", GOLDEN, ids=lambda path: path.stem)
def test_a_page_needs_nothing_and_runs_nothing(lines: Path) -> None:
    text = lines.with_suffix(".html").read_text()
    # All but the void elements of its head is XML, so every element is known.
    body = xml.fromstring(text[text.index("<main>") : text.index("</main>") + 7])
    tags = {element.tag for element in body.iter()}
    assert tags <= {
        "main", "h1", "h2", "p", "dl", "div", "dt", "dd", "figure", "figcaption",
        "svg", "line", "rect", "title", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    names = {name for element in body.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name]
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|url\(|@import|<script|<link|<img", text)
    for plot in body.iter("svg"):
        assert plot.get("role") == "img" and plot.get("aria-label")
    for bar in body.iter("rect"):
        assert 0 < float(bar.get("height")) <= 120
        assert 0 <= float(bar.get("x")) < 720


def test_what_is_asked_for(report: Report) -> None:
    head = b'0\n{"from":"2026-11-26T10:00:00.000000Z","to":"2026-11-27T10:00:00.000000Z"}\n'
    assert report(head, "--since", "24h").asked == b"report 86400\n"
    done = report(head + b"no line\n" + b'{"hour": 7}\n')
    assert done.returncode == GOOD and b"2 lines made no sense" in done.stderr


def test_what_goes_wrong(report: Report, tmp_path: Path) -> None:
    done = report(b"2\nreport SECONDS: up to 400 days\n")
    assert (done.returncode, done.stdout) == (WRONG_CALL, b"")
    assert b"up to 400 days" in done.stderr
    assert report(b"0\nnonsense\n").returncode == WRONG_WORLD
    head = b'0\n{"from":"2026-11-26T10:00:00.000000Z","to":"2026-11-27T10:00:00.000000Z"}\n'
    absent = tmp_path / "absent" / "page.html"
    assert report(head, "--html", absent).returncode == WRONG_WORLD


@pytest.mark.parametrize("since", ["", "7", "0s", "tomorrow", "-1d", "400d"])
def test_a_span_that_is_none(since: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [PROGRAM, "report", "--runtime", tmp_path, "--since", since],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == WRONG_CALL and b"--since" in done.stderr
