# SPDX-License-Identifier: GPL-2.0-or-later
"""share/oci/Containerfile and the `podman run` of docs/operating.md, read."""

import json
import re
from dataclasses import dataclass

from tests.lab.gateway import ROOT

RECIPE = ROOT / "share/oci/Containerfile"
OPERATING = ROOT / "docs/operating.md"


@dataclass(frozen=True)
class Step:
    stage: int  # the first is 0
    word: str  # RUN, COPY, ...
    text: str

    def words(self) -> list[str]:
        return self.text.split()


def steps() -> list[Step]:
    lines = [line for line in RECIPE.read_text().splitlines() if not line.startswith("#")]
    found: list[Step] = []
    stage = -1
    for line in filter(None, "\n".join(lines).replace("\\\n", " ").splitlines()):
        word, _, text = line.partition(" ")
        stage += word == "FROM"
        found.append(Step(stage, word, text))
    return found


def last(word: str) -> Step:
    return [step for step in steps() if step.word == word][-1]


def call() -> list[str]:
    """What runs in the container: ENTRYPOINT and CMD."""
    return json.loads(last("ENTRYPOINT").text) + json.loads(last("CMD").text)


def capabilities() -> list[str]:
    """Those that `podman run` is told to leave."""
    return re.findall(r"--cap-add ([a-z_]+)", OPERATING.read_text())
