# SPDX-License-Identifier: GPL-2.0-or-later
"""What curl was answered, so that a story reads as expectations."""

import json
from dataclasses import dataclass, field
from pathlib import Path

# curl's exit statuses that the stories speak of.
CONNECT_FAILED = 7
TIMED_OUT = 28
TLS_FAILED = 35
PROXY_REFUSED = 56  # also: the connection was reset


@dataclass(frozen=True)
class Answer:
    exit: int
    error: str
    ports: range  # the client's ports that it may have come from
    status: int = 0  # of the last answer; 0: there was none
    connect_status: int = 0  # the proxy's to CONNECT
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    info: dict = field(default_factory=dict)  # all that curl knows

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def said(self) -> dict[str, str]:
        """The lines `key: value` of one of the lab's pages."""
        lines = (line.partition(": ") for line in self.text.splitlines())
        return {key: value for key, _, value in lines}


def options(stem: Path, ports: range, timeout: float) -> list[str]:
    """What makes curl tell all; `read` takes it in."""
    return [
        "curl", "--silent", "--show-error",
        "--max-time", f"{timeout:g}",
        "--local-port", f"{ports.start}-{ports.stop - 1}",
        "--output", f"{stem}.body",
        "--dump-header", f"{stem}.head",
        "--write-out", "%{json}",
    ]  # fmt: skip


def read(stem: Path, ports: range, exit: int, out: str, error: str) -> Answer:
    info = json.loads(out) if out else {}
    return Answer(
        exit=exit,
        error=error.strip(),
        ports=ports,
        status=info.get("http_code", 0),
        connect_status=info.get("http_connect", 0),
        headers=_last_head(_take(stem.with_suffix(".head"))),
        body=_take(stem.with_suffix(".body")),
        info=info,
    )


def _take(path: Path) -> bytes:
    """The content; the file goes, for bodies may be large and /run is small."""
    if not path.exists():
        return b""
    content = path.read_bytes()
    path.unlink()
    return content


def _last_head(dump: bytes) -> dict[str, str]:
    """The fields of the last head: CONNECT and 1xx leave theirs before it."""
    heads = [head for head in dump.decode("latin-1").split("\r\n\r\n") if head]
    lines = heads[-1].split("\r\n")[1:] if heads else []
    pairs = (line.partition(":") for line in lines)
    return {name.lower(): value.strip() for name, _, value in pairs}
