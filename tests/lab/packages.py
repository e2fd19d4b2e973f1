# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages for programs that install some: of Python, and of Node.js.  Each has
one file, and needs none of the others."""

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path


def wheel(folder: Path, name: str) -> Path:
    """NAME 1.0, whose one module says so."""
    module = name.replace("-", "_")
    file, meta = folder / f"{module}-1.0-py3-none-any.whl", f"{module}-1.0.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{module}.py", f"print('{name}')\n")
        archive.writestr(f"{meta}/METADATA", about)
        archive.writestr(
            f"{meta}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{meta}/RECORD", "")
    return file


def node_module(folder: Path, url: str, name: str) -> None:
    """NAME 1.0.0 in a registry, whose folder is found by the URL."""
    about = {"name": name, "version": "1.0.0", "main": "index.js"}
    tarball = io.BytesIO()
    with tarfile.open(fileobj=tarball, mode="w:gz") as archive:
        for file, text in (("package.json", json.dumps(about)), ("index.js", "// hello\n")):
            entry = tarfile.TarInfo("package/" + file)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.tgz").write_bytes(tarball.getvalue())
    shasum = hashlib.sha1(tarball.getvalue()).hexdigest()
    dist = {"tarball": f"{url}/{name}.tgz", "shasum": shasum}
    index = {"name": name, "dist-tags": {"latest": "1.0.0"}}
    index["versions"] = {"1.0.0": about | {"dist": dist}}
    (folder / name).write_text(json.dumps(index))
