# SPDX-License-Identifier: GPL-2.0-or-later
"""What a policy forbids, asked for without a pause, and what of it arrives.

Packets that the kernel refuses (by their ports, by a list, from outside, and to
the proxy, whom they must not pass by), and requests that the proxy refuses (by
a path and by a name).  In between a request that is allowed, so that it is
known when the proxy serves.  What arrives is counted by the kernels of the
hosts it was meant for, and by their servers.
"""

import contextlib
import itertools
import json
import os
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

from tests.lab.host import Host, family_of
from tests.lab.lab import Lab
from tests.lab.origin import Origin, Reply

FOLDER = "FOLDER"
POLICY = """
zone lan   = int0  10.0.0.0/24  2001:db8:1::/64
zone guest = int1  10.0.9.0/24  2001:db8:9::/64
zone wan   = ext0
list bad = addresses "bad.netset" refresh 1s
proxy {
    listen 10.0.0.1:3128 for lan
    intercept { tcp 80 } for lan, guest
    cache memory 16M, disk "FOLDER" 64M
}
drop   lan -> bad
reject lan, guest -> ads.example.net
reject lan -> any  path "/secret"
allow  lan -> wan  tcp 80, tcp 8000, tcp 5000, udp 5000, udp 53
"""

PROXY = ("10.0.0.1", 3128)
ORIGIN = "http://out.example.com:8000"
ALLOWED = f"{ORIGIN}/flood"
REFUSED = (f"{ORIGIN}/secret", "http://ads.example.net/")

# Sent from whom to whom by UDP; and what a host must not see.
DATAGRAMS = [
    ("lan", "203.0.113.9", 5001),
    ("lan", "2001:db8:f::9", 5001),
    ("lan", "203.0.113.66", 5000),  # which the list has
    ("out", "10.0.0.4", 5000),
]
KNOCKS = [
    ("lan", "203.0.113.9", 22),
    ("guest", "203.0.113.80", 80),
    ("guest", "2001:db8:f::80", 80),
]
NEVER = {
    "out": [
        "ip saddr 10.0.0.4 udp dport 5001",
        "ip6 saddr 2001:db8:1::4 udp dport 5001",
        "tcp dport 22",
        # Requests are the proxy's, who has another address.
        "ip saddr { 10.0.0.4, 10.0.9.4 } tcp dport { 80, 8000 }",
    ],
    "web": ["ip saddr 10.0.9.4", "ip6 saddr 2001:db8:9::4"],
    "bad": ["ip saddr 10.0.0.4"],
    "lan": ["ip saddr 203.0.113.9 udp dport 5000"],
}


class Flood:
    """`with Flood(lab) as flood:` ... `flood.check()`.  `origin` answers on port
    8000 of `out`."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.origin = Origin()
        self.origin.answers["/flood"] = [Reply(headers={"Cache-Control": "no-store"})]
        self.sent: Counter[str] = Counter()
        self.passed: list[str] = []  # refused requests that were answered
        self.served: list[float] = []  # when an allowed one was
        self._over = threading.Event()

    def __enter__(self) -> "Flood":
        self._stack = contextlib.ExitStack()
        with self._stack:
            for name, matches in NEVER.items():
                self._stack.enter_context(_counting(getattr(self.lab, name), matches))
            self._stack.enter_context(self.lab.out.serve(8000, self.origin.handle))
            for work in (self._send, self._knock, self._ask):
                self._stack.enter_context(self._in_thread(work))
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def _in_thread(self, work: Callable[[], None]) -> Iterator[None]:
        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    # What is sent.

    def _send(self) -> None:
        socks = {
            (name, family): getattr(self.lab, name).udp(family)
            for name in ("lan", "out")
            for family in (socket.AF_INET, socket.AF_INET6)
        }
        while not self._over.is_set():
            for name, to, port in DATAGRAMS:
                with contextlib.suppress(OSError):  # it was told of a refusal
                    socks[name, family_of(to)].sendto(b"?", (to, port))
            self.sent["datagrams"] += len(DATAGRAMS)
            time.sleep(0.001)
        for sock in socks.values():
            sock.close()

    def _knock(self) -> None:
        for name, to, port in itertools.cycle(KNOCKS):
            if self._over.is_set():
                return
            host: Host = getattr(self.lab, name)
            with host.open_socket(family_of(to), socket.SOCK_STREAM) as sock:
                sock.setblocking(False)
                with contextlib.suppress(OSError):
                    sock.connect((to, port))
                time.sleep(0.001)  # the first packet is on its way
            self.sent["connections"] += 1

    def _ask(self) -> None:
        for url in itertools.cycle((ALLOWED, *REFUSED)):
            if self._over.is_set():
                return
            status = ask(self.lab.lan, url)
            self.sent["requests"] += 1
            if url == ALLOWED and status == 200:
                self.served.append(time.monotonic())
            elif url != ALLOWED and status == 200:
                self.passed.append(url)
            time.sleep(0.001)

    # What came of it.

    def arrived(self) -> int:
        """All that should not have, at whatever host."""
        packets = sum(_seen(getattr(self.lab, name)) for name in NEVER)
        requests = self.origin.asked_for("/secret")
        names = self.lab.pages.requests(name="ads.example.net")
        return packets + len(requests) + len(names) + len(self.passed)

    def is_served(self, since: float) -> bool:
        """An allowed request was answered that late."""
        return bool(self.served) and self.served[-1] > since

    def gap(self, since: float) -> float:
        """The longest time without one from then on until the last."""
        times = [since, *(t for t in list(self.served) if t > since)]
        return max(later - sooner for sooner, later in zip(times, times[1:]))

    def tell(self) -> str:
        sent = ", ".join(f"{count} {kind}" for kind, count in self.sent.items())
        return f"{sent} sent, {len(self.served)} served, {self.arrived()} passed"


def ask(client: Host, url: str, timeout: float = 2.0) -> int:
    """The status of the proxy's answer; 0: none came."""
    head = f"GET {url} HTTP/1.1\r\nHost: x.example\r\nConnection: close\r\n\r\n"
    try:
        with client.connect(*PROXY, timeout=timeout) as sock:
            sock.sendall(head.encode())
            answer = sock.recv(64)
    except OSError:
        return 0
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@contextlib.contextmanager
def _counting(host: Host, matches: list[str]) -> Iterator[None]:
    rules = "\n".join(f"{match} counter name seen" for match in matches)
    text = f"""table inet flood {{
        counter seen {{ }}
        chain in {{ type filter hook prerouting priority -300
            {rules}
        }}
    }}"""
    host.run(["nft", "-f", "-"], input=text, check=True)
    try:
        yield
    finally:
        host.run(["nft", "delete", "table", "inet", "flood"], check=True)


def _seen(host: Host) -> int:
    argv = ["nft", "-j", "list", "counter", "inet", "flood", "seen"]
    said = json.loads(host.run(argv, check=True).stdout)
    return next(o["counter"]["packets"] for o in said["nftables"] if "counter" in o)


@contextlib.contextmanager
def limited(pid: int, which: str, to: int) -> Iterator[None]:
    """The process may have no more of it (as prlimit(1) names it) for the while."""
    before = _limit(pid, which)
    _limit(pid, which, to)
    try:
        yield
    finally:
        if os.path.exists(f"/proc/{pid}"):
            _limit(pid, which, before)


def _limit(pid: int, name: str, to: int | None = None) -> int:
    """What it was.  By a program with the user of the process: of others it
    takes CAP_SYS_RESOURCE, which a container's root may lack."""
    found = os.stat(f"/proc/{pid}")
    user = ["setpriv", f"--reuid={found.st_uid}", f"--regid={found.st_gid}"]
    prlimit = ["prlimit", "--pid", str(pid), "--raw", "--noheadings"]
    argv = [*user, "--clear-groups", *prlimit]
    said = subprocess.check_output([*argv, f"--{name}", "-o", "SOFT"], text=True)
    before = -1 if said.strip() == "unlimited" else int(said)
    if to is not None:
        words = "unlimited" if to < 0 else to
        subprocess.run([*argv[:-2], f"--{name}={words}:"], check=True)
    return before
