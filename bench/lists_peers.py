#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same million names in Gatehouse, Squid and HAProxy: time and memory.

    bench/lists_peers.py [COUNT]

Squid reads them as a `dstdomain` file, HAProxy as a map of strings.  Each
listens on a loopback port of its own; the time is from its start until it
answers, and both time and memory are over those of the same program without a
list.  Gatehouse's are those of bench/lists.  What is not installed is left
out, and that is said.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / os.environ.get("BUILD", "build") / "bench" / "bench-lists"
START_SECONDS_MAX = 120

SQUID = """
http_port 127.0.0.1:{port}
{acl}
http_access deny all
cache deny all
cache_mem 8 MB
access_log none
cache_log {folder}/cache.log
cache_store_log none
pid_filename none
shutdown_lifetime 0 seconds
"""

HAPROXY = """
global
    maxconn 100
defaults
    mode http
    timeout client 5s
    timeout connect 5s
    timeout server 5s
frontend bench
    bind 127.0.0.1:{port}
    {acl}
"""


@dataclass
class Figures:
    seconds: float
    bytes: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(l for l in status.splitlines() if l.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def wait_for(port: int, process: subprocess.Popen) -> None:
    """Until the port answers: it is opened once the list is read."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        # Nothing tells when another program listens; a tenth of the error.
        time.sleep(0.01)
    raise RuntimeError(f"{process.args[0]} did not start")


def measure(argv: list[str], port: int) -> Figures:
    start = time.monotonic()
    process = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port, process)
        return Figures(time.monotonic() - start, resident_bytes(process.pid))
    finally:
        process.terminate()
        process.wait()


def squid(folder: Path, names: Path | None) -> Figures:
    port, config = free_port(), folder / "squid.conf"
    acl = f'acl ads dstdomain "{names}"\nhttp_access deny ads' if names else ""
    config.write_text(SQUID.format(port=port, acl=acl, folder=folder))
    return measure(["squid", "-N", "-f", str(config)], port)


def haproxy(folder: Path, names: Path | None) -> Figures:
    port, config = free_port(), folder / "haproxy.cfg"
    acl = ""
    if names:
        table = folder / "names.map"
        table.write_text("".join(f"{n} 1\n" for n in names.read_text().split()))
        acl = f"http-request deny if {{ hdr(host),lower,map_str({table}) -m found }}"
    config.write_text(HAPROXY.format(port=port, acl=acl))
    return measure(["haproxy", "-db", "-f", str(config)], port)


def gatehouse(names: Path) -> Figures:
    done = subprocess.run(
        [BENCH, "--load", names], text=True, capture_output=True, check=True
    )
    ms, size = done.stdout.split()
    return Figures(float(ms) / 1000, int(size))


def show(name: str, figures: Figures, count: int) -> None:
    print(
        f"{name:<12} {figures.seconds:7.2f} s {figures.bytes / 2**20:8.1f} MiB"
        f" {figures.bytes / count:7.1f} bytes a name"
    )


def peer(name: str, run: Callable, folder: Path, names: Path, count: int) -> None:
    if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") is None:
        print(f"{name:<12} left out: it is not installed (apt-get install {name})")
        return
    try:
        bare, full = run(folder, None), run(folder, names)
    except RuntimeError as why:
        print(f"{name:<12} left out: {why}")
        return
    over = Figures(full.seconds - bare.seconds, full.bytes - bare.bytes)
    show(name, over, count)


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if not BENCH.exists():
        print(f"build it first: ninja -C {BENCH.parents[1]} bench/{BENCH.name}")
        return 3
    os.environ["PATH"] += ":/usr/sbin"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)  # Squid writes its log as a user of its own
        names = folder / "names"
        subprocess.run([BENCH, "--write", names, str(count)], check=True)
        names.chmod(0o644)
        print(f"{count} names, over the same program without a list")
        show("gatehouse", gatehouse(names), count)
        peer("squid", squid, folder, names, count)
        peer("haproxy", haproxy, folder, names, count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
