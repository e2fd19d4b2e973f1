# SPDX-License-Identifier: GPL-2.0-or-later
"""Each process fails in each way, and the world around it too: nothing that the
policy forbids passes meanwhile, and what it allows is back soon.

One flood runs through all of it (tests/lab/flood.py), also while the service is
started again between two stories.  docs/failures.md has the table of which this
is the proof.
"""

import json
import os
import re
import signal
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.lab import cgroup, inject, wait
from tests.lab.flood import FOLDER, ORIGIN, POLICY, Flood, ask, limited
from tests.lab.gateway import GOOD, MISHAP, PROGRAM, SANITIZED, WRONG_WORLD, Gateway
from tests.lab.lab import Lab
from tests.lab.listener import echo
from tests.lab.origin import Reply
from tests.lab.service import Service
from tests.story.test_0182_thousand_applies import Repeated, there_and_back

PROXY, DAEMON = "gatehouse-proxy", "gatehoused"
OUT = "203.0.113.9"
KEPT = f"{ORIGIN}/kept"
KEEP = Reply(headers={"Cache-Control": "max-age=3600"}, body=b"k" * 5000)
CLOCK = PROGRAM.with_name("tests") / "lab" / "lab-clock.so"
BAD = "203.0.113.66\n2001:db8:f::66\n"
WATCHDOG_USEC = 100000
BACK_S = 1.0 if not SANITIZED else 5.0  # what docs/failures.md promises
HANG_S = 10.0


class Failing(Service):
    """Its processes come to grief here, and that is no mishap."""

    def __init__(self, lab: Lab, policy: str):
        super().__init__(lab, policy)
        (self.dir / "bad.netset").write_text(BAD)

    def argv(self) -> list[str | Path]:
        return ["env", f"WATCHDOG_USEC={WATCHDOG_USEC}", *super().argv()]

    @contextmanager
    def systemd(self) -> Iterator[socket.socket]:
        """What it says to systemd from now on."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
            self._notify.unlink(missing_ok=True)
            heard.bind(str(self._notify))
            heard.settimeout(2)
            yield heard

    def check_health(self, status: int | None) -> None:
        for found in MISHAP.finditer(self.err):
            assert found[0].startswith(f"{PROXY} ended by"), self.err


@pytest.fixture(scope="module")
def service(gateway_lab: Lab) -> Iterator[Failing]:
    """The lab is this file's own: the flood would be heard in others."""
    with Lab() as lab:
        folder = lab.gw.stem("cache")
        service = Failing(lab, POLICY.replace(FOLDER, str(folder)))
        with service:
            yield service


@pytest.fixture(scope="module")
def flood(service: Failing) -> Iterator[Flood]:
    with Flood(service.lab) as flood:
        flood.origin.answers["/kept"] = [KEEP]
        yield flood
        print(f"\n{flood.tell()}")
        assert flood.sent["datagrams"] > 1000 and flood.sent["requests"] > 100


@pytest.fixture(scope="module")
def allowed(service: Failing, flood: Flood) -> Iterator[Repeated]:
    """A flow of the kernel, of which the first datagram that is lost is missed."""
    lab = service.lab
    lab.out.serve_udp_echo(5000)
    with lab.lan.udp() as sock:
        sock.connect((OUT, 5000))
        with Repeated(there_and_back(sock)) as allowed:
            yield allowed


@pytest.fixture(autouse=True)
def _tight(
    service: Failing, flood: Flood, allowed: Repeated
) -> Iterator[None]:
    """The service is new, so that its proxy comes back at once; and after each
    story nothing has passed and nothing is lost."""
    if not service.is_running() or PROXY + " ended by" in service.err:
        service.stop()
        service.start()
    serves(flood)
    count, sent = allowed.count, flood.sent.total()
    yield
    print(flood.tell())
    assert flood.arrived() == 0
    assert allowed.failures == [] and allowed.count > count
    assert flood.sent.total() > sent


def pid_of(gateway: Gateway, program: str) -> int:
    [pid] = gateway.pids(program)
    return pid


def serves(flood: Flood, timeout: float = 10.0) -> None:
    now = time.monotonic()
    wait.until("an answer", lambda: flood.is_served(now), timeout)


def status(gateway: Gateway) -> dict:
    return json.loads(gateway.command("status", "--json").stdout)


def counter(gateway: Gateway, name: str) -> int:
    return status(gateway)["counters"][name]


def is_tight(flood: Flood) -> bool:
    return flood.arrived() == 0


def told(gateway: Gateway, words: str) -> bool:
    return any(words in (e.reason or "") for e in gateway.journal.events())


def keep(service: Failing, flood: Flood) -> None:
    """A page is in the cache, and on its disk."""
    wait.until("it", lambda: ask(service.lab.lan, KEPT) == 200)
    # A purge waits for what was put before (test_0152).
    done = service.command("cache", "purge", f"{ORIGIN}/nothing")
    assert done.returncode == GOOD, done.stderr


def is_kept(service: Failing, flood: Flood) -> bool:
    before = len(flood.origin.asked_for("/kept"))
    assert ask(service.lab.lan, KEPT) == 200
    return len(flood.origin.asked_for("/kept")) == before


# ---- a process dies ----


# A sanitizer makes a report of the second one.
ENDS = [signal.SIGKILL, *([] if SANITIZED else [signal.SIGSEGV])]
no_memory = pytest.mark.skipif(SANITIZED, reason="a sanitizer ends without memory")


@pytest.mark.parametrize("number", ENDS)
def test_the_proxy_dies(service: Failing, flood: Flood, number: int) -> None:
    keep(service, flood)
    pid = pid_of(service, PROXY)
    began = time.monotonic()
    os.kill(pid, number)
    wait.until("another", lambda: service.pids(PROXY) not in ([], [pid]))
    serves(flood)
    gap = flood.gap(began)
    print(f"signal {number}: served again after {gap * 1000:.0f} ms")
    assert gap < BACK_S
    assert is_kept(service, flood)
    assert f"ended by signal {int(number)}" in service.err


@pytest.mark.parametrize("number", ENDS)
def test_the_daemon_dies(service: Failing, flood: Flood, number: int) -> None:
    """The rules stand; and all is as before when it has been started again."""
    keep(service, flood)
    os.kill(pid_of(service, DAEMON), number)
    service.wait(5)
    wait.until("the proxy's end", lambda: not service.pids(PROXY))
    assert service.table()
    count = flood.sent.total()
    wait.until("more of the flood", lambda: flood.sent.total() > count + 500)
    began = time.monotonic()
    service.start()
    serves(flood)
    took = flood.gap(began)
    print(f"signal {number}: served {took * 1000:.0f} ms after the start")
    assert took < 2 * BACK_S  # systemd waits 0.1 s before that
    assert is_kept(service, flood)


def test_the_proxy_hangs(service: Failing, flood: Flood) -> None:
    keep(service, flood)
    pid = pid_of(service, PROXY)
    began = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    wait.until("another", lambda: service.pids(PROXY) not in ([], [pid]), HANG_S)
    serves(flood)
    print(f"hung: served again after {flood.gap(began):.1f} s")
    assert flood.gap(began) < HANG_S
    assert told(service, "did not move any more")
    assert is_kept(service, flood)


def test_the_proxy_hangs_for_a_while(service: Failing, flood: Flood) -> None:
    """An answer that comes too late is none to the next question."""
    keep(service, flood)
    pid = pid_of(service, PROXY)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert asked_in_vain(service)
    finally:
        os.kill(pid, signal.SIGCONT)
    serves(flood)
    assert is_kept(service, flood)
    done = service.command("cache", "purge", KEPT)
    assert (done.returncode, done.stdout) == (GOOD, "1 purged\n"), done.stderr
    # Nor is it ended for that it was silent.
    with service.systemd() as heard:
        for _ in range(20):
            assert heard.recv(64) == b"WATCHDOG=1"
    assert pid_of(service, PROXY) == pid


def asked_in_vain(service: Failing) -> bool:
    """It takes five seconds, and the proxy's counters are none."""
    return status(service)["counters"]["requests"] == 0


def test_the_daemon_hangs(service: Failing, flood: Flood) -> None:
    """Nobody needs it for what is in force; and systemd, who would start another,
    hears nothing of it."""
    pid = pid_of(service, DAEMON)
    with service.systemd() as heard:
        for _ in range(3):
            assert heard.recv(64) == b"WATCHDOG=1"
    os.kill(pid, signal.SIGSTOP)
    try:
        with service.systemd() as heard:
            for _ in range(5):
                serves(flood, BACK_S)
            heard.settimeout(3 * WATCHDOG_USEC / 1e6)
            with pytest.raises(TimeoutError):
                heard.recv(64)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert service.command("status").returncode == GOOD
    assert "ended by" not in service.err


# ---- there is not enough of something ----


def data_bytes(pid: int) -> int:
    """What it has of RLIMIT_DATA."""
    [kib] = re.findall(r"VmData:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(kib) << 10


@contextmanager
def crowd(lab: Lab, count: int) -> Iterator[list[socket.socket]]:
    """Connections of which each has begun a head."""
    with ExitStack() as stack:
        socks = []
        for _ in range(count):
            with suppress(ConnectionError):  # it was refused at once
                sock = lab.lan.connect("10.0.0.1", 3128, timeout=2)
                socks.append(stack.enter_context(sock))
                sock.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 8000)
        yield socks


@no_memory
def test_the_proxy_has_no_memory(service: Failing, flood: Flood) -> None:
    pid = pid_of(service, PROXY)
    with limited(pid, "data", data_bytes(pid)):
        with crowd(service.lab, 1200) as socks:
            lived = sum(not has_ended(sock) for sock in socks)
            print(f"{lived} of 1200 had room")
            assert lived < 1000
    serves(flood)
    assert pid_of(service, PROXY) == pid, service.err


def has_ended(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_the_proxy_goes_first(service: Failing) -> None:
    """When the kernel has to end one for want of memory."""
    scores = [
        int(Path(f"/proc/{pid_of(service, program)}/oom_score_adj").read_text())
        for program in (PROXY, DAEMON)
    ]
    assert scores[0] >= scores[1] + 500


@no_memory
@pytest.mark.skipif(bool(cgroup.lacking()), reason=cgroup.lacking())
def test_the_kernel_ends_the_proxy_for_memory(service: Failing, flood: Flood) -> None:
    """Its group may have no more; who comes has it take more."""
    keep(service, flood)
    pid = pid_of(service, PROXY)
    began = time.monotonic()
    with cgroup.memory_limit(pid, 2 << 20):
        with crowd(service.lab, 1200):
            wait.until("its end", lambda: service.pids(PROXY) != [pid])
    wait.until("another", lambda: service.pids(PROXY))
    serves(flood)
    print(f"served again after {flood.gap(began) * 1000:.0f} ms")
    assert "ended by signal 9" in service.err
    assert flood.gap(began) < 2 * BACK_S
    assert is_kept(service, flood)


@no_memory
def test_the_daemon_has_no_memory(service: Failing, flood: Flood) -> None:
    """A change is refused, or the daemon dies of it; what is in force stands."""
    pid = pid_of(service, DAEMON)
    many = service.policy.read_text() + "".join(
        f"allow lan -> 203.0.113.9 tcp {n}\n" for n in range(9000, 29000)
    )
    path = service.policy_file(many)
    with limited(pid, "data", data_bytes(pid)):
        done = service.command("apply", path)
        print(done.returncode, done.stderr[-300:])
        assert done.returncode != GOOD
    serves(flood)
    assert service.apply(service.policy).returncode == GOOD


def free_descriptor(pid: int) -> int:
    """The number of the next one that it opens."""
    taken = set(map(int, os.listdir(f"/proc/{pid}/fd")))
    return min(set(range(len(taken) + 1)) - taken)


def test_the_proxy_has_no_descriptors(service: Failing, flood: Flood) -> None:
    """Who comes waits in the listener's queue."""
    pid = pid_of(service, PROXY)
    with limited(pid, "nofile", free_descriptor(pid) + 8):
        with crowd(service.lab, 60) as socks:
            assert not any(has_ended(sock) for sock in socks)
    serves(flood)
    assert pid_of(service, PROXY) == pid


def test_the_daemon_has_no_descriptors(service: Failing, flood: Flood) -> None:
    """At whatever step of an apply they are out: it is whole or it is none."""
    pid = pid_of(service, DAEMON)
    done, refused = None, 0
    for more in range(1, 100):
        with limited(pid, "nofile", free_descriptor(pid) + more):
            done = service.command("apply", service.policy)
        if done.returncode == GOOD:
            break
        refused += 1
        assert "nothing has changed" in done.stderr or "control" in done.stderr
    print(f"refused {refused} times")
    assert done.returncode == GOOD and refused > 5
    assert "ended by" not in service.err


class Small(Failing):
    """All that it writes lies on a disk of its own, and that is small."""

    def __init__(self, lab: Lab, policy: str):
        self.disk = lab.gw.stem("small")
        self.disk.mkdir()
        super().__init__(lab, policy.replace(FOLDER, str(self.disk / "cache")))
        self.runtime = self.disk / "runtime"
        self.state = self.disk / "state"
        self.journal.path = self.runtime / "events.jsonl"

    def argv(self) -> list[str | Path]:
        mount = f"mount -t tmpfs -o size=6m,mode=755 small {self.disk}"
        return ["sh", "-c", f'{mount} && exec "$@"', "sh", *super().argv()]

    def command(self, verb: str, *args: str | Path):
        """By one who sees that disk."""
        look = ["nsenter", f"--mount=/proc/{pid_of(self, DAEMON)}/ns/mnt"]
        return self.lab.gw.run([*look, *self.program_argv(verb), *args])

    def inside(self, path: Path) -> Path:
        return Path(f"/proc/{pid_of(self, DAEMON)}/root{path}")


def fill(path: Path) -> None:
    """To the last byte."""
    with open(path, "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"f" * size)


def test_the_disk_is_full(service: Failing, flood: Flood) -> None:
    """That of the journal, of the last good policy and of the cache."""
    service.stop()
    lab = service.lab
    with Small(lab, POLICY) as small:
        serves(flood)
        whole = small.policy.read_text()
        first = small.command("apply", small.policy)
        assert first.returncode == GOOD
        fill(small.inside(small.disk / "fill"))
        lost = status(small)["counters"]["events_lost"]
        done = small.command("apply", small.policy_file(whole + "# 2\n"))
        assert done.returncode == GOOD and is_tight(flood)
        assert "could not be kept" in small.err
        assert status(small)["last_good"]["problem"] is not None
        done = small.command("apply", "--confirm", "9s", small.policy_file(whole))
        assert done.returncode == WRONG_WORLD and "cannot be promised" in done.stderr
        for n in range(50):
            flood.origin.answers[f"/full{n}"] = [KEEP]
            assert ask(lab.lan, f"{ORIGIN}/full{n}") == 200
        wait.until("events to be lost", lambda: counter(small, "events_lost") > lost)
        serves(flood)
        # And room again.
        small.inside(small.disk / "fill").unlink()
        third = small.policy_file(whole + "# 3\n")
        assert small.command("apply", third).returncode == GOOD
        assert status(small)["last_good"]["problem"] is None
        serves(flood)


# ---- the world ----

# As a kernel does, which says so a few times and then seldom.
NO_NAMES = """table inet gone { chain in {
    type filter hook input priority 0
    udp dport 53 limit rate 1/second burst 5 packets reject
    udp dport 53 drop
    tcp dport 53 reject with tcp reset
}
}"""

NET_ADMIN = 12
CAPSET = 126


def drop_net_admin(pid: int) -> None:
    """From now on the kernel refuses it whatever it asks of netlink."""
    with open(f"/proc/{pid}/status") as file:
        held = dict(line.split(":", 1) for line in file)
    left = int(held["CapPrm"], 16) & ~(1 << NET_ADMIN)
    low, high = left & 0xFFFFFFFF, left >> 32
    head = struct.pack("II", 0x20080522, 0)
    with inject.Process(pid) as inside:
        data = struct.pack("6I", low, low, 0, high, high, 0)
        assert inside.call(CAPSET, head, data).value == 0


@pytest.mark.skipif(bool(inject.lacking), reason=inject.lacking)
def test_the_kernel_refuses(service: Failing, flood: Flood) -> None:
    """Every change of rules, bans and routes; what stands goes on standing."""
    drop_net_admin(pid_of(service, DAEMON))
    before = service.table()
    other = service.policy_file(service.policy.read_text() + "allow any -> any\n")
    done = service.command("apply", other)
    assert done.returncode != GOOD and "nothing has changed" in done.stderr
    done = service.command("ban", "203.0.113.77")
    assert done.returncode != GOOD, done.stderr
    print(done.stderr)
    write_list(service, BAD + "203.0.113.67\n")
    wait.until("it to be tried", lambda: "list 'bad'" in service.err)
    assert names_of(service.table()) == names_of(before)
    serves(flood)
    write_list(service, BAD)
    service.stop()


def names_of(table: str) -> list[str]:
    return re.findall(r"^\t(?:set|map|chain) \S+", table, re.MULTILINE)


def write_list(service: Failing, text: str) -> None:
    new = service.dir / "new"
    new.write_text(text)
    new.rename(service.dir / "bad.netset")


def test_the_list_is_gone(service: Failing, flood: Flood) -> None:
    (service.dir / "bad.netset").unlink()
    wait.until("it to be missed", lambda: status(service)["lists"][0]["problem"])
    assert service.apply(service.policy).returncode != GOOD
    serves(flood)
    write_list(service, BAD)
    assert service.apply(service.policy).returncode == GOOD


def test_the_policy_is_gone(service: Failing, flood: Flood) -> None:
    text = service.policy.read_text()
    service.policy.unlink()
    service.signal(signal.SIGHUP)
    wait.until("a refusal", lambda: "the old one stays" in service.err)
    serves(flood)
    # It is what the service comes back with as well.
    service.kill(DAEMON)
    service.wait(5)
    service.start()
    serves(flood)
    assert status(service)["fallback"]["kind"] == "last good"
    service.policy.write_text(text)
    assert service.apply(service.policy).returncode == GOOD


def test_the_state_folder_cannot_be_written(service: Failing, flood: Flood) -> None:
    text = service.policy.read_text()
    (service.state / "new").mkdir()
    done = service.apply(text + "# other\n")
    assert done.returncode == GOOD
    assert "could not be kept" in service.err
    assert status(service)["last_good"]["problem"] is not None
    serves(flood)
    (service.state / "new").rmdir()
    assert service.apply(service.policy).returncode == GOOD
    assert status(service)["last_good"]["problem"] is None


def test_the_name_server_is_gone(service: Failing, flood: Flood) -> None:
    """Who needs a name is told so at once (test_0103 has one that is silent)."""
    dns = service.lab.dns

    def is_refused() -> bool:
        status = ask(service.lab.lan, f"{ORIGIN}/new")
        assert status in (200, 502)  # from the names that are kept; at once
        return status == 502

    dns.run(["nft", "-f", "-"], input=NO_NAMES, check=True)
    try:
        wait.until("a refusal", is_refused)
    finally:
        dns.run(["nft", "delete", "table", "inet", "gone"], check=True)
    serves(flood)


# The thread of the console stands still, and nothing else does.


CONSOLE = "console { listen 10.0.0.1:8080\n    from lan }\n"


def console_thread(pid: int, port: int) -> int | None:
    """The one that waits for the console's listener, if it just does."""
    inodes = {
        line.split()[9]
        for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    }
    listeners = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):  # closed meanwhile
            if os.readlink(f"/proc/{pid}/fd/{fd}")[8:-1] in inodes:
                listeners.add(fd)
    for thread in os.listdir(f"/proc/{pid}/task"):
        words = Path(f"/proc/{pid}/task/{thread}/syscall").read_text().split()
        epoll = int(words[1], 16) if len(words) > 2 else -1
        info = Path(f"/proc/{pid}/fdinfo/{epoll}")
        if info.exists() and listeners & set(
            re.findall(r"tfd:\s+(\d+)", info.read_text())
        ):
            return int(thread)
    return None


@pytest.mark.skipif(bool(inject.lacking), reason=inject.lacking)
def test_the_console_hangs(service: Failing, flood: Flood) -> None:
    text = service.policy.read_text() + CONSOLE
    assert service.apply(text).returncode == GOOD
    pid = pid_of(service, PROXY)
    page = "http://10.0.0.1:8080/"
    assert service.lab.lan.curl(page).status == 200
    thread = wait.until("it to wait", lambda: console_thread(pid, 8080))
    with inject.stopped(thread):
        assert service.lab.lan.curl(page, timeout=0.5).status == 0
        serves(flood)
        assert service.command("status").returncode == GOOD
        assert service.apply(service.policy).returncode == GOOD
        serves(flood)
    assert pid_of(service, PROXY) == pid



class Jumping(Failing):
    """Its clock is wrong by as much as is wanted."""

    def __init__(self, lab: Lab, policy: str):
        super().__init__(lab, policy.replace(FOLDER, str(lab.gw.stem("cache"))))
        self.wrong = lab.gw.stem("clock")
        self.jump(0)

    def jump(self, seconds: int) -> None:
        """In place: it is mapped."""
        with open(self.wrong, "r+b" if self.wrong.exists() else "wb") as file:
            file.write(seconds.to_bytes(8, "little", signed=True))

    def argv(self) -> list[str | Path]:
        env = [f"LD_PRELOAD={CLOCK}", f"GATEHOUSE_LAB_CLOCK={self.wrong}"]
        return ["env", *env, *super().argv()]


YEARS = 10 * 365 * 86400


def tells_of(service: Service, year: str) -> bool:
    return any(event.time[:4] == year for event in service.journal.events())


@pytest.mark.skipif(SANITIZED, reason="a sanitizer wants to be first")
def test_the_clock_jumps(service: Failing, flood: Flood) -> None:
    service.stop()
    with Jumping(service.lab, POLICY) as jumping:
        serves(flood)
        keep(jumping, flood)
        banned = "203.0.113.77"
        done = jumping.command("ban", banned, "for", "1h")
        assert done.returncode == GOOD, done.stderr
        other = jumping.policy_file(jumping.policy.read_text() + "# new\n")
        done = jumping.command("apply", "--confirm", "300s", other)
        assert done.returncode == GOOD, done.stderr
        for seconds in (YEARS, -YEARS, 0):
            assert is_kept(jumping, flood)
            jumping.jump(seconds)
            # It is too old, or of a time that has not come.
            assert not is_kept(jumping, flood)
            assert jumping.command("ban", banned, "for", "1h").returncode == GOOD
            year = str(time.gmtime(time.time() + seconds).tm_year)
            wait.until("an event", lambda year=year: tells_of(jumping, year))
            serves(flood)
            waits = status(jumping)["confirmation"]
            assert waits is not None and 200 < waits["seconds"] <= 300
            assert banned in jumping.command("bans").stdout
        assert jumping.command("confirm").returncode == GOOD
        assert "ended by" not in jumping.err
