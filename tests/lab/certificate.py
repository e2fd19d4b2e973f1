# SPDX-License-Identifier: GPL-2.0-or-later
"""An authority of the lab's own, and a certificate for all its names."""

import ipaddress
import subprocess
from dataclasses import dataclass
from pathlib import Path

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


@dataclass(frozen=True)
class Certificate:
    authority: Path  # what a client must trust
    chain: Path
    key: Path


def make(dir: Path, names: list[str]) -> Certificate:
    """A new authority signs a certificate for the names, or addresses."""
    authority, its_key = dir / "authority.pem", dir / "authority.key"
    made = Certificate(authority, dir / "server.pem", dir / "server.key")
    _request("Gatehouse lab authority", authority, its_key, "CA:TRUE")
    _request(
        names[0],
        made.chain,
        made.key,
        "CA:FALSE",
        *["-CA", str(authority), "-CAkey", str(its_key)],
        *["-addext", "subjectAltName=" + ",".join(map(_alternative, names))],
    )
    return made


def _alternative(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


def _request(name: str, chain: Path, key: Path, basic: str, *more: str) -> None:
    argv = ["openssl", "req", "-x509", "-days", "2", *KEY]
    argv += ["-subj", f"/CN={name}", "-out", str(chain), "-keyout", str(key)]
    argv += ["-addext", f"basicConstraints=critical,{basic}", *more]
    subprocess.run(argv, check=True, capture_output=True, stdin=subprocess.DEVNULL)
