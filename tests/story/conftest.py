# SPDX-License-Identifier: GPL-2.0-or-later
"""What the stories of packets share: the gateway of wires.py, for each file."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import needs, wires
from tests.lab.gateway import PROGRAM
from tests.lab.wires import Wires


@pytest.fixture(scope="module")
def gate() -> Iterator[Wires]:
    if lacking := wires.lacking():
        pytest.skip(lacking)
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM} is not built: make")
    with Wires() as gate:
        if lacking := needs.missing_for_gateway(gate):
            pytest.skip(lacking)
        yield gate


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[..., str]:
    """`compiled(policy)`: the ruleset that the kernel is given for it; in another
    time zone, if one is named, and with files beside it."""

    def show(policy: str, zone: str = "UTC0", files: dict[str, str] = {}) -> str:
        file = tmp_path / "story.policy"
        file.write_text(policy)
        for name, text in files.items():
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o600)  # a key, perhaps
        argv = [PROGRAM, "show", "nft", file]
        env = os.environ | {"TZ": zone}
        done = subprocess.run(argv, text=True, capture_output=True, env=env)
        assert done.returncode == 0, f"{policy}\n{done.stderr}"
        return done.stdout

    return show
