#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a ban takes: from the command at the daemon to the last packet.

    bench/bans.py [COUNT] [ROUNDS]

A gateway runs in the lab with a list of COUNT (1,000,000) prefixes, which its
first rule asks.  The client pours in packets of a flow that is allowed and
known, each with its time.  A ban is written to the control socket; the time of
the last packet that still came through, less that of the command, is its
latency.  The other figure is how long the daemon took to answer, which is after
the file and the event were written.
"""

import contextlib
import socket
import statistics
import sys
import threading
import time
from ipaddress import ip_address
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

from tests.lab import gateway as lab_gateway  # noqa: E402
from tests.lab import needs  # noqa: E402
from tests.lab.gateway import Gateway  # noqa: E402
from tests.lab.lab import Lab  # noqa: E402
from tests.story.zones import ZONES  # noqa: E402

COUNT, ROUNDS = 1_000_000, 21
START_S = 60.0
OUT = ("203.0.113.9", 9000)
RULES = 'list bad = addresses "bad.netset"\ndrop any -> bad\nallow lan -> wan\n'
BANNED = {"address": "10.0.0.4", "prefix": "10.0.0.4/31"}


def write_list(path: Path, count: int) -> None:
    first = int(ip_address("11.0.0.0"))
    with open(path, "w") as file:
        for i in range(count):
            file.write(f"{ip_address(first + 512 * i)}/{24 + i % 9}\n")


def ask(gateway: Gateway, line: str) -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(gateway.runtime / "control"))
        sock.sendall(line.encode() + b"\n")
        answer = b""
        while more := sock.recv(65536):
            answer += more
    return answer.decode()


class Pour:
    """A known flow: packets that carry their time, and the last that arrived."""

    def __init__(self, lab: Lab):
        self.says, self.hears = lab.lan.udp(), lab.out.udp(timeout=0.05)
        self.hears.bind(OUT)
        self.last = 0
        self.enough = False
        self.threads = [threading.Thread(target=f) for f in (self._say, self._hear)]

    def _say(self) -> None:
        self.says.connect(OUT)
        while not self.enough:
            with contextlib.suppress(OSError):
                self.says.send(time.monotonic_ns().to_bytes(8))

    def _hear(self) -> None:
        self.hears.recv(8)
        self.hears.sendto(b"known", self.says.getsockname())
        while not self.enough:
            with contextlib.suppress(TimeoutError):
                self.last = int.from_bytes(self.hears.recv(8))

    def __enter__(self) -> "Pour":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.enough = True
        for thread in self.threads:
            thread.join()

    def wait_flowing(self) -> None:
        since = time.monotonic_ns()
        while self.last < since:
            time.sleep(0.001)

    def wait_dry(self) -> int:
        """When the last one was sent, once none has come for a while."""
        last = 0
        while self.last != last:
            last = self.last
            time.sleep(0.1)
        return last


def measure(gateway: Gateway, address: str) -> tuple[float, float]:
    with Pour(gateway.lab) as pour:
        pour.wait_flowing()
        time.sleep(0.05)  # what the round before took away is out of sight
        start = time.monotonic_ns()
        answer = ask(gateway, f"ban {address} 60 bench")
        answered = time.monotonic_ns()
        last = pour.wait_dry()
        ask(gateway, f"unban {address}")
    if not answer.startswith("0\n"):
        raise RuntimeError(answer)
    return max(0, last - start) / 1e6, (answered - start) / 1e6


def show(what: str, figures: list[tuple[float, float]]) -> None:
    for name, values in zip(("last packet", "answer"), zip(*figures)):
        middle, most = statistics.median(values), max(values)
        print(f"{what:12} {name:12} median {middle:7.3f} ms   most {most:7.3f} ms")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    if lacking := needs.missing_for_lab():
        sys.exit(lacking)
    lab_gateway.READY_S = START_S
    with Lab() as lab:
        gateway = Gateway(lab, ZONES + "drop any -> any\n")
        write_list(gateway.dir / "bad.netset", count)
        gateway.policy = gateway.policy_file(ZONES + RULES)
        start = time.monotonic()
        with gateway:
            print(f"{count} prefixes; ready after {time.monotonic() - start:.1f} s")
            for what, address in BANNED.items():
                show(what, [measure(gateway, address) for _ in range(rounds)])


if __name__ == "__main__":
    main()
