# SPDX-License-Identifier: GPL-2.0-or-later
"""dig, asked once and read."""

import re
from dataclasses import dataclass

from tests.lab.host import Host


@dataclass(frozen=True)
class Dug:
    """`status` is "" where nobody answered."""

    status: str
    flags: list[str]
    records: list[tuple[str, int, str, str]]  # name, TTL, type, data
    authority: list[tuple[str, int, str, str]]
    error: str  # Extended DNS Error, "15 (Blocked): (rule ads)"
    server: str
    way: str
    text: str

    @property
    def data(self) -> list[str]:
        return sorted(data for _, _, _, data in self.records)


def dig(host: Host, server: str, name: str, *more: str, timeout: int = 2) -> Dug:
    argv = ["dig", f"@{server}", "+tries=1", f"+time={timeout}", name, *more]
    text = host.run(argv, timeout=timeout * 4 + 5).stdout
    return Dug(
        status=_find(r"status: (\w+)", text),
        flags=_find(r";; flags: ([\w ]*);", text).split(),
        records=_section("ANSWER", text),
        authority=_section("AUTHORITY", text),
        error=_find(r"; EDE: (.*)", text),
        server=_find(r";; SERVER: (\S+)#", text),
        way=_find(r";; SERVER: .*\((UDP|TCP)\)", text),
        text=text,
    )


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1].strip() if found else ""


def _section(name: str, text: str) -> list[tuple[str, int, str, str]]:
    found = re.search(rf";; {name} SECTION:\n(.*?)\n\n", text, re.DOTALL)
    out = []
    for line in found[1].splitlines() if found else []:
        owner, ttl, _, kind, data = line.split(None, 4)
        out.append((owner, int(ttl), kind, data))
    return out
