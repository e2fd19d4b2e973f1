# SPDX-License-Identifier: GPL-2.0-or-later
"""What each process may do: tried from inside of it (tests/lab/inject.py).

The proxy opens no file, no socket but TCP and UDP, no listener, starts nothing,
looks into nobody, and changes nothing of that; a call that it does not need
fails and is told of, one that is never its own ends it.  The daemon has eleven
capabilities and a list as well.  What somebody said to the proxy in confidence
is not in its memory afterwards.
"""

import base64
import errno
import json
import os
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import inject, wait, without
from tests.lab.flows import PROXY, SOCKS, TUNNEL
from tests.lab.gateway import Gateway
from tests.lab.inject import word
from tests.lab.lab import Lab
from tests.story.zones import ZONES

ALICE = "alice:$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"
PASSWORD = "correct horse"
WRONG = "correct donkey, which nobody has"
POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    intercept tcp 80 for lan
    users "users"
    cache memory 8M, disk "FOLDER" 16M
}
allow  lan -> 203.0.113.53 udp 53
allow  lan -> www.example.com user alice
reject lan -> www.example.com
allow  lan -> wan
"""
)

# Of x86-64: what is tried where no program is is tried by its number.
READ, MMAP, MPROTECT, RT_SIGACTION, IOCTL, PIPE, DUP2, SOCKET = 0, 9, 10, 13, 16, 22, 33, 41
CONNECT, BIND, LISTEN, CLONE, EXECVE, KILL, FCNTL, SETUID = 42, 49, 50, 56, 59, 62, 72, 105
PTRACE, PERSONALITY, PRCTL, CHROOT, MOUNT, OPEN, CHMOD = 101, 135, 157, 161, 165, 2, 90
KEYCTL, OPENAT, UNSHARE, SETNS, VM_READV, BPF, EXECVEAT = 250, 257, 272, 308, 310, 321, 322
SECCOMP, MEMFD, CAPSET, STAT, IO_URING_SETUP, OPENAT2 = 317, 319, 126, 4, 425, 437
MODULE, SPLICE, USERFAULTFD, PERF_EVENT, UNIX_PAIR, SETSOCKOPT = 175, 275, 323, 298, 53, 54

AT_FDCWD = -100
FOLDER_FD = 5
CLONE_THREAD = 0x10D00 | 0x800
CLONE_NEWUSER = 0x10000000
FILE = b"/etc/hostname\0"
LINGER = struct.pack("ii", 1, 600)

# A name, the call: they fail, and are told of.
REFUSED = {
    "open a file": (OPENAT, AT_FDCWD, FILE, 0),
    "open a file, as ever": (OPEN, FILE, 0),
    "open a file, as newly": (OPENAT2, AT_FDCWD, FILE, bytes(24), 24),
    "look at a file": (STAT, FILE, bytes(256)),
    "change a file": (CHMOD, FILE, 0o777),
    "a socket of netlink": (SOCKET, socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "a socket of packets": (SOCKET, socket.AF_PACKET, socket.SOCK_RAW, 3),
    "a Unix socket": (SOCKET, socket.AF_UNIX, socket.SOCK_STREAM, 0),
    "a pair of them": (UNIX_PAIR, socket.AF_UNIX, socket.SOCK_STREAM, 0, bytes(8)),
    "a raw socket": (SOCKET, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "a socket of SCTP": (SOCKET, socket.AF_INET, socket.SOCK_STREAM, 132),
    "a socket of MPTCP": (SOCKET, socket.AF_INET, socket.SOCK_STREAM, 262),
    "a listener": (LISTEN, 3, 1),
    "a process": (CLONE, 17, 0, 0, 0, 0),
    "a thread with a namespace": (CLONE, CLONE_THREAD | CLONE_NEWUSER, 0, 0, 0, 0),
    "memory that runs": (MMAP, 0, 4096, 7, 0x22, -1, 0),
    "memory that will run": (MPROTECT, 0x10000, 4096, 5),
    "code in a file of memory": (MEMFD, b"x\0", 0),
    "a signal": (KILL, 1, 9),
    "its handler of refusals": (RT_SIGACTION, 31, bytes(32), 0, 8),
    "another filter": (SECCOMP, 1, 0, bytes(16)),
    "to be looked into": (PRCTL, 4, 1, 0, 0, 0),  # PR_SET_DUMPABLE
    "to be root": (SETUID, 0),
    "capabilities": (CAPSET, struct.pack("II", 0x20080522, 0), b"\xff" * 24),
    "pages that may run": (PERSONALITY, 0x0400000),
    "a terminal": (IOCTL, 2, 0x5412, b"x"),  # TIOCSTI
    "who gets a signal": (FCNTL, 3, 8, 1),  # F_SETOWN
    "its channel": (DUP2, 0, 3),
    # gatehoused would wait where it closes a connection that it was shown.
    "a close that waits": (SETSOCKOPT, 3, socket.SOL_SOCKET, socket.SO_LINGER, LINGER, 8),
}

# They end it.
NEVER = {
    "another program": (EXECVE, b"/bin/sh\0", 0, 0),
    "to trace": (PTRACE, 16, 1, 0, 0),
    "another's memory": (VM_READV, 1, bytes(16), 1, bytes(16), 1, 0),
    "a namespace": (UNSHARE, CLONE_NEWUSER),
    "a program of the kernel's": (BPF, 0, bytes(128), 128),
    "a key": (KEYCTL, 0, -3, 0),
}

pytestmark = pytest.mark.skipif(bool(inject.lacking), reason=inject.lacking)


class Watched(Gateway):
    """Refused calls and their end are what it is about here."""

    def check_health(self, status: int | None) -> None:
        assert status in (None, 0), self.err


@pytest.fixture(scope="module")
def gateway(gateway_lab: Lab) -> Iterator[Gateway]:
    gateway = Watched(gateway_lab, ZONES + "drop any -> any\n")
    (gateway.dir / "users").write_text(f"{ALICE}\n")
    folder = gateway_lab.gw.stem("cache")
    gateway.policy = gateway.policy_file(POLICY.replace("FOLDER", str(folder)))
    with gateway:
        if "built without" in gateway.command("status").stdout:
            pytest.skip("this build has no sandbox")
        yield gateway


@pytest.fixture(autouse=True)
def _sandboxed(gateway: Gateway) -> None:
    """Also those that have a lab of their own are of a build with a sandbox."""


def proxy(gateway: Gateway) -> int:
    [pid] = gateway.pids("gatehouse-proxy")
    return pid


def daemon(gateway: Gateway) -> int:
    [pid] = gateway.pids("gatehoused")
    return pid


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, value in (line.split(":", 1) for line in lines)}


def works(gateway: Gateway) -> bool:
    got = gateway.lab.lan.curl("http://alias.example.com/", *PROXY, timeout=1)
    return got.status == 200


# ---- what is tried ----


@pytest.mark.parametrize("what", REFUSED)
def test_a_call_that_it_does_not_need_is_refused(gateway: Gateway, what: str) -> None:
    with inject.Process(proxy(gateway)) as inside:
        outcome = inside.call(*REFUSED[what])
    assert (word(outcome), outcome.trapped) == ("EPERM", True)


def test_what_was_refused_is_told(gateway: Gateway) -> None:
    with inject.Process(proxy(gateway)) as inside:
        assert word(inside.call(*REFUSED["open a file"])) == "EPERM"
        assert word(inside.call(*REFUSED["a socket of netlink"])) == "EPERM"
    for call in ("openat", "socket"):
        reason = f"gatehouse-proxy tried the system call {call} and was refused"
        gateway.journal.wait(enforcer="proxy", reason=reason)
        assert f"gatehouse-proxy: the system call {call} was refused\n" in gateway.err
    shown = gateway.command("status").stdout
    [count] = re.findall(r"(\d+)  calls_refused", shown)
    assert int(count) >= 2
    assert works(gateway)


def test_every_thread_is_refused_it(gateway: Gateway) -> None:
    """Also the workers, which have blocked all other signals."""
    threads = [int(task.name) for task in Path(f"/proc/{proxy(gateway)}/task").iterdir()]
    assert len(threads) > 1
    for thread in threads:
        assert status(thread)["Seccomp"] == "2"
        with inject.Process(thread) as inside:
            assert word(inside.call(*REFUSED["open a file"])) == "EPERM"
    assert works(gateway)


def test_what_is_never_its_own_ends_it(gateway: Gateway) -> None:
    for what, call in NEVER.items():
        pid = proxy(gateway)
        journal = gateway.journal.from_here()
        with inject.Process(pid) as inside:
            outcome = inside.call(*call)
        assert (word(outcome), outcome.trapped) == ("exit 70", True), what
        journal.wait(reason="gatehouse-proxy tried a system call that is never its own and was ended")
        wait.until("another", lambda: gateway.pids("gatehouse-proxy") not in ([], [pid]), 15)
        wait.until("it to work", lambda: works(gateway), 15)
    for name in ("execve", "ptrace", "process_vm_readv", "unshare", "bpf", "keyctl"):
        assert f"gatehouse-proxy: the system call {name} is none of" in gateway.err


def test_the_folder_of_the_cache_is_the_only_one(gateway: Gateway) -> None:
    """By Landlock: the filter cannot see which path it is."""
    with inject.Process(proxy(gateway)) as inside:
        for path in (FILE, b"../../../../../../etc/hostname\0", b"/proc/self/status\0"):
            assert word(inside.call(OPENAT, FOLDER_FD, path, os.O_RDONLY)) == "EACCES"
        path = str(gateway.policy).encode() + b"\0"
        assert word(inside.call(OPENAT, FOLDER_FD, path, os.O_RDONLY)) == "EACCES"
        made = os.O_RDWR | os.O_CREAT
        assert word(inside.call(OPENAT, FOLDER_FD, b"/tmp/x\0", made, 0o600)) == "EACCES"
        assert word(inside.call(OPENAT, FOLDER_FD, b"log\0", os.O_RDWR)) == "ok"


def test_no_port_can_be_taken(gateway: Gateway) -> None:
    """But an address, without one: a connection is to come from it."""
    any_address = bytes(4) + bytes(8)
    taken = struct.pack("<H", socket.AF_INET) + struct.pack(">H", 8080) + any_address
    free = struct.pack("<H", socket.AF_INET) + struct.pack(">H", 0) + any_address
    with inject.Process(proxy(gateway)) as inside:
        sock = inside.call(SOCKET, socket.AF_INET, socket.SOCK_STREAM, 0)
        assert word(sock) == "ok"
        assert word(inside.call(BIND, sock.value, taken, 16)) == "EACCES"
        assert word(inside.call(BIND, sock.value, free, 16)) == "ok"
        assert word(inside.call(3, sock.value)) == "ok"


# What the daemon may not do either; and of root's rights it has few.
DAEMON_NEVER = ("to trace", "another's memory", "a namespace", "a key")
DAEMON_REFUSED = ("a socket of packets", "a raw socket", "a thread with a namespace",
                  "pages that may run", "a terminal")


@pytest.mark.parametrize("what", DAEMON_REFUSED)
def test_what_the_daemon_is_refused(gateway: Gateway, what: str) -> None:
    with inject.Process(daemon(gateway)) as inside:
        outcome = inside.call(*REFUSED[what])
    assert (word(outcome), outcome.trapped) == ("EPERM", True)
    gateway.journal.wait(enforcer="firewall", reason=re_name(REFUSED[what][0]))


def re_name(number: int) -> str:
    names = {SOCKET: "socket", CLONE: "clone", PERSONALITY: "personality", IOCTL: "ioctl"}
    return f"gatehoused tried the system call {names[number]} and was refused"


@pytest.mark.parametrize("what", DAEMON_NEVER)
def test_what_ends_the_daemon(own_lab: Lab, what: str) -> None:
    """The rules stay, as they do when it dies of anything else."""
    gateway = Watched(own_lab, ZONES + "allow lan -> any\n").start()
    try:
        with inject.Process(daemon(gateway)) as inside:
            outcome = inside.call(*NEVER[what])
        assert (word(outcome), outcome.trapped) == ("exit 70", True)
        assert "chain prerouting" in gateway.table()
    finally:
        gateway.stop()


# ---- what it has ----


NONE = "0000000000000000"
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
KEPT = {
    "chown": 0, "dac_read_search": 2, "kill": 5, "setgid": 6, "setuid": 7,
    "setpcap": 8, "net_bind_service": 10, "net_admin": 12, "sys_resource": 24,
    "perfmon": 38, "bpf": 39,
}  # fmt: skip
ADMIN = 1 << 21  # for early drop, where nf_conntrack is a module


def kept() -> dict[str, int]:
    """As far as root has them here, where it may be a container's."""
    have = int(status(os.getpid())["CapEff"], 16)
    return {name: 1 << bit for name, bit in KEPT.items() if have >> bit & 1}


def test_the_proxy_has_nothing_of_root(gateway: Gateway) -> None:
    told = status(proxy(gateway))
    assert {told[name] for name in SETS} == {NONE}
    assert (told["NoNewPrivs"], told["Seccomp"]) == ("1", "2")
    assert "0" not in told["Uid"].split() and "0" not in told["Gid"].split()
    assert told["Groups"] == ""


def test_the_daemon_has_what_it_needs(gateway: Gateway) -> None:
    told = status(daemon(gateway))
    assert (told["CapInh"], told["CapAmb"]) == (NONE, NONE)
    for name in ("CapPrm", "CapEff", "CapBnd"):
        assert int(told[name], 16) & ~ADMIN == sum(kept().values())
    assert (told["NoNewPrivs"], told["Seccomp"]) == ("1", "2")


@pytest.mark.parametrize("which", [proxy, daemon])
def test_its_memory_is_its_own(gateway: Gateway, which) -> None:
    """Not dumpable: what is in /proc of it is root's, and no core is written."""
    pid = which(gateway)
    assert Path(f"/proc/{pid}/mem").stat().st_uid == 0
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits)


def test_the_status_says_it(gateway: Gateway) -> None:
    told = json_status(gateway)["sandbox"]
    assert told["proxy"]["filter"] and told["daemon"]["filter"]
    assert told["proxy"]["landlock"] >= 4
    assert told["proxy"]["capabilities"] == []
    assert set(told["daemon"]["capabilities"]) - {"sys_admin"} == set(kept())
    assert told["proxy"]["problem"] is None and told["daemon"]["problem"] is None
    shown = gateway.command("status").stdout
    assert re.search(
        r"^sandbox    gatehouse-proxy: system calls filtered, Landlock \d+, no capability$",
        shown,
        re.MULTILINE,
    )
    assert re.search(
        r"^sandbox    gatehoused: system calls filtered, \d+ capabilities$",
        shown,
        re.MULTILINE,
    )


def json_status(gateway: Gateway) -> dict:
    return json.loads(gateway.command("status", "--json").stdout)


# What the proxy holds open while nobody is connected, and why.
OPEN = [
    r"/dev/null",  # standard input and output
    r".*gatehoused?.*\.err",  # standard error: its last words
    r"socket:\[\d+\]",  # channels; listeners; those of c-ares
    r"anon_inode:\[(eventpoll|eventfd|signalfd)\]",  # loops, signals, refusals
    r"/memfd:policy \(deleted\)",  # the policy and its files; /etc/resolv.conf
    r"/.*/ca-certificates\.crt",  # the authorities of the host
    r"/.*/\d+-cache(/(log|segment\.\d+))?",  # the cache's folder and its files
    r"/.*/events\.jsonl",  # the journal, to write at its end
]


def test_what_is_open_in_it_is_what_it_needs(gateway: Gateway) -> None:
    pid = proxy(gateway)
    targets = {}
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        targets[int(fd.name)] = os.readlink(fd)
    strange = {fd: to for fd, to in targets.items() if not any(re.fullmatch(p, to) for p in OPEN)}
    assert not strange
    assert targets[0] == targets[1] == "/dev/null"


def test_what_is_open_cannot_be_written(gateway: Gateway) -> None:
    """Neither the copies of the policy, nor the host's file."""
    pid = proxy(gateway)
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        to = os.readlink(fd)
        if to.endswith(".crt"):
            [flags] = re.findall(r"flags:\s+(\d+)", Path(f"/proc/{pid}/fdinfo/{fd.name}").read_text())
            assert int(flags, 8) & os.O_ACCMODE == os.O_RDONLY
        if to.startswith("/memfd"):
            with inject.Process(pid) as inside:
                written = inside.call(18, int(fd.name), b"x", 1, 0)  # pwrite64
            assert word(written) == "EPERM" and not written.trapped


# ---- a kernel that has not all of it ----


class Without(Watched):
    """As on a kernel without a system call."""

    def __init__(self, lab: Lab, number: int):
        super().__init__(lab, ZONES + PORT + "allow lan -> wan\n")
        self.number = number

    def argv(self) -> list[str | Path]:
        return ["/usr/bin/python3", WITHOUT, str(self.number), *super().argv()]


WITHOUT = Path(without.__file__)
PORT = "proxy {\n    listen 10.0.0.1:3128 for lan\n}\n"
LANDLOCK_CREATE = 444


def test_without_landlock_it_runs_and_says_so(own_lab: Lab) -> None:
    with Without(own_lab, LANDLOCK_CREATE) as gateway:
        words = "the sandbox of gatehouse-proxy lacks: no Landlock: Function not implemented"
        assert f"gatehoused: {words}\n" in gateway.err
        gateway.journal.wait(reason=words)
        told = json_status(gateway)["sandbox"]["proxy"]
        assert (told["filter"], told["landlock"]) == (True, 0)
        assert f"attention  {words}\n" in gateway.command("status").stdout
        assert works(gateway)


def test_without_filters_it_runs_and_says_so(own_lab: Lab) -> None:
    with Without(own_lab, SECCOMP) as gateway:
        told = json_status(gateway)["sandbox"]
        for program, its in (("gatehouse-proxy", "proxy"), ("gatehoused", "daemon")):
            assert f"the sandbox of {program} lacks: no filter of system calls" in gateway.err
            assert not told[its]["filter"]
        assert told["proxy"]["landlock"] >= 1
        assert works(gateway)


# ---- what it was told in confidence ----


def memory(pid: int) -> Iterator[bytes]:
    """All that it can write."""
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for line in maps:
            places, rights = line.split()[:2]
            if "w" not in rights:
                continue
            begin, end = (int(place, 16) for place in places.split("-"))
            file.seek(begin)
            try:
                yield file.read(end - begin)
            except OSError as error:
                assert error.errno == errno.EIO


def found(gateway: Gateway, password: str) -> list[str]:
    """The spellings of it that are in the proxy's memory."""
    pair = f"alice:{password}".encode()
    spellings = {"plain": password.encode(), "Basic": base64.b64encode(pair)[:-4]}
    every = list(memory(proxy(gateway)))
    return [name for name, spelling in spellings.items() if any(spelling in m for m in every)]


@pytest.mark.parametrize("password", [PASSWORD, WRONG], ids=["right", "wrong"])
@pytest.mark.parametrize("way", ["a URL", "CONNECT", "SOCKS"])
def test_a_password_is_gone_when_it_was_used(gateway: Gateway, way: str, password: str) -> None:
    options = {"a URL": PROXY, "CONNECT": TUNNEL, "SOCKS": SOCKS}[way]
    gateway.lab.lan.curl(
        "http://www.example.com/", *options, "--proxy-user", f"alice:{password}", "--proxy-basic"
    )
    wait.until("it to be wiped", lambda: not found(gateway, password))
    assert password not in gateway.err
    assert password not in gateway.journal.path.read_text()
