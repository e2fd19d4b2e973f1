# SPDX-License-Identifier: GPL-2.0-or-later
"""Step into a host of a lab that stands: the newest one, or one by its prefix.

    python3 -m tests.lab.enter lan                          a shell
    python3 -m tests.lab.enter gh4711-lan curl http://www.example.com/

Unlike with a bare `ip netns exec`, the lab's names and authority hold there.
"""

import os
import sys
from pathlib import Path

from tests.lab.host import entering
from tests.lab.lab import HOME
from tests.lab.namespace import NAMED


def find(host: str) -> Path | None:
    """The directory of the lab, newest first, that has this host."""
    labs = sorted(HOME.glob("gh*"), key=lambda d: d.stat().st_mtime, reverse=True)
    for lab in labs:
        for name in (host, f"{lab.name}-{host}"):
            if name.startswith(f"{lab.name}-") and (NAMED / name).exists():
                return lab
    return None


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    host, argv = sys.argv[1], sys.argv[2:] or [os.environ.get("SHELL", "/bin/sh")]
    lab = find(host)
    if lab is None:
        print(f"no lab that stands has a host '{host}': make run", file=sys.stderr)
        return 3
    name = host if host.startswith(f"{lab.name}-") else f"{lab.name}-{host}"
    env = os.environ | {"CURL_CA_BUNDLE": str(lab / "authority.pem")}
    command = entering(name, lab / "etc", argv)
    os.execvpe(command[0], command, env)


if __name__ == "__main__":
    sys.exit(main())
