# SPDX-License-Identifier: GPL-2.0-or-later
"""Events in every place that the policy names, in every form, of both daemons:
what each place has of them, what becomes of those that it cannot take, and that
nothing is lost when files, receivers or the policy change."""

import contextlib
import json
import re
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import wait
from tests.lab.flows import PROXY
from tests.lab.gateway import GOOD, WRONG_WORLD, Gateway
from tests.lab.lab import Lab
from tests.lab.listener import Listener
from tests.story.zones import ZONES

UDP, TCP = 514, 601
RULES = f"""
proxy {{
    listen 10.0.0.1:3128 for lan
}}
allow  self -> 10.0.0.4 udp {UDP}
allow  self -> 10.0.0.25 tcp {TCP}
allow  lan -> 203.0.113.53 udp 53
drop   lan -> 10.0.9.0/24 udp 20000-29999    log as "many"
drop   lan -> 10.0.9.0/24 udp 30000-39999    log as "while it changes"
drop   lan -> 10.0.9.0/24 udp                log as "counted"
allow  lan -> wan                            log
"""
HEAD = re.compile(
    r"<(\d+)>1 (\S+Z) (\S+) gatehouse (\d+) (packet|flow|request|policy|fault) - (.*)",
    re.DOTALL,
)
NOTICE, INFORMATIONAL = 5, 6
DAEMON, LOCAL3 = 3, 19
FIRST_PORT = 3000


class Receiver:
    """Keeps what comes to a socket, a datagram each."""

    def __init__(self, sock: socket.socket):
        self.got: list[str] = []
        self._sock = sock
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while bytes := self._sock.recv(1 << 16):
                self.got.append(bytes.decode())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()


class Frames:
    """A server of syslog by TCP: LENGTH SP MESSAGE, and nothing between."""

    def __init__(self, lab: Lab):
        self.got: list[str] = []
        sock = lab.mail.open_socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener = Listener(sock, lab.mail.ip4, TCP, self._serve)

    def _serve(self, conn: socket.socket) -> None:
        with conn.makefile("rb") as file:
            while frame := self._read(file):
                self.got.append(frame)

    def _read(self, file) -> str:
        length = b""
        while (byte := file.read(1)).isdigit():
            length += byte
        assert byte == (b" " if length else b""), (length, byte)
        return file.read(int(length)).decode() if length else ""

    def close(self) -> None:
        self.listener.close()
        assert self.listener.errors == []


def unix_receiver(path: Path) -> Receiver:
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(path))
    return Receiver(sock)


class Places:
    """All places of the policy below, and who receives there."""

    def __init__(self, lab: Lab):
        self.dir = lab.dir / "journal"
        self.dir.mkdir()
        udp = lab.lan.open_socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((lab.lan.ip4, UDP))
        self.lab = lab
        self.udp = Receiver(udp)
        self.tcp = Frames(lab)
        self.log = unix_receiver(self.dir / "log")
        self.systemd = unix_receiver(self.dir / "socket")

    def policy(self) -> str:
        return f"""
        journal {{
            file
            file "{self.dir}/small.jsonl" size 64K keep 2
            file "text.log" as text
            file "logfmt.log" as logfmt every 1d
            syslog udp {self.lab.lan.ip4}:{UDP} as logfmt facility local3
            syslog tcp {self.lab.mail.ip4}:{TCP}
            syslog "{self.dir}/log" as text
            systemd "{self.dir}/socket"
        }}
        """

    def close(self) -> None:
        for one in (self.udp, self.tcp, self.log, self.systemd):
            one.close()


@pytest.fixture(scope="module")
def places(gateway_lab: Lab) -> Iterator[Places]:
    places = Places(gateway_lab)
    with contextlib.closing(places):
        yield places


@pytest.fixture(scope="module")
def gateway(gateway_lab: Lab, places: Places) -> Iterator[Gateway]:
    with Gateway(gateway_lab, ZONES + places.policy() + RULES) as gateway:
        yield gateway


def send(gateway: Gateway, ports: range) -> None:
    """Packets that a rule drops and logs: an event each."""
    sock = gateway.lab.lan.open_socket(socket.AF_INET, socket.SOCK_DGRAM)
    with contextlib.closing(sock):
        for port in ports:
            sock.sendto(b"?", (gateway.lab.guest.ip4, port))


def ask(gateway: Gateway, path: str) -> None:
    url = f"http://www.example.com/{path}"
    assert gateway.lab.lan.curl(url, *PROXY).status == 200


def outputs(gateway: Gateway) -> dict[str, dict]:
    done = gateway.command("status", "--json")
    assert done.returncode == GOOD, done.stderr
    journal = json.loads(done.stdout)["journal"]
    assert journal["version"] == 1
    return {one["to"]: one for one in journal["outputs"]}


def one_with(words: str, got: Callable[[], list[str]]) -> str:
    [found] = wait.until(words, lambda: [one for one in got() if words in one])
    return found


def lines_of(path: Path) -> Callable[[], list[str]]:
    return lambda: path.read_text().splitlines() if path.exists() else []


def events_of_both(gateway: Gateway, mark: int) -> list[dict]:
    """A packet and a request that are just so: the lines of the usual file."""
    send(gateway, range(FIRST_PORT + mark, FIRST_PORT + mark + 1))
    ask(gateway, f"mark-{mark}")
    usual = lines_of(gateway.journal.path)
    lines = (
        one_with(f'"port": {FIRST_PORT + mark},', usual),
        one_with(f"/mark-{mark}", usual),
    )
    return [json.loads(line) for line in lines]


def test_each_place_has_the_events_of_both(gateway: Gateway, places: Places) -> None:
    packet, request = events_of_both(gateway, 1)
    assert (packet["kind"], request["kind"]) == ("packet", "request")
    for event in (packet, request):
        one_with(event["id"], lines_of(places.dir / "small.jsonl"))
        one_with(f" id={event['id']} ", lines_of(gateway.runtime / "logfmt.log"))
        one_with(event["time"], lines_of(gateway.runtime / "text.log"))
        one_with(f" id={event['id']} ", lambda: places.udp.got)
        one_with(f'"id": "{event["id"]}"', lambda: places.tcp.got)
        one_with(event["time"], lambda: places.log.got)
        one_with(f"GATEHOUSE_ID={event['id']}\n", lambda: places.systemd.got)


def test_the_forms(gateway: Gateway, places: Places) -> None:
    packet, request = events_of_both(gateway, 2)
    line = one_with(packet["id"], lines_of(gateway.runtime / "logfmt.log"))
    keys = dict(re.findall(r'(\S+?)=("[^"]*"|\S+)', line))
    assert keys["rule.name"] == "counted"
    assert keys["rule.line"] == str(packet["rule"]["line"])
    assert (keys["zone.from"], keys["verdict"]) == ("lan", "drop")
    assert "url" not in keys and "null" not in line
    line = one_with(request["time"], lines_of(gateway.runtime / "text.log"))
    assert line.startswith(f"{request['time']} request allow lan 10.0.0.4:")
    assert "-> wan GET http://www.example.com/mark-2 proxy/" in line
    assert " 200 " in line


def test_messages_of_syslog(gateway: Gateway, places: Places) -> None:
    packet, request = events_of_both(gateway, 3)
    cases = [
        (packet, places.udp, " id={id} ", LOCAL3 * 8 + NOTICE),
        (request, places.udp, " id={id} ", LOCAL3 * 8 + INFORMATIONAL),
        (request, places.tcp, '"id": "{id}"', DAEMON * 8 + INFORMATIONAL),
        (packet, places.log, "{time}", DAEMON * 8 + NOTICE),
    ]
    for event, receiver, words, priority in cases:
        found = one_with(words.format(**event), lambda: receiver.got)
        match = HEAD.fullmatch(found)
        assert match, found
        assert int(match[1]) == priority
        assert (match[2], match[5]) == (event["time"], event["kind"])
        assert match[3] == socket.gethostname()
        name = "gatehoused" if event is packet else "gatehouse-proxy"
        assert [int(match[4])] == gateway.pids(name)
    as_json = one_with(f'"id": "{request["id"]}"', lambda: places.tcp.got)
    assert json.loads(HEAD.fullmatch(as_json)[6]) == request


def test_fields_of_systemd(gateway: Gateway, places: Places) -> None:
    packet, _ = events_of_both(gateway, 4)
    entry = one_with(f"GATEHOUSE_ID={packet['id']}\n", lambda: places.systemd.got)
    fields = dict(line.split("=", 1) for line in entry.splitlines())
    assert fields["MESSAGE"].startswith(f"{packet['time']} packet drop lan ")
    assert fields["PRIORITY"] == str(NOTICE)
    assert fields["SYSLOG_IDENTIFIER"] == "gatehouse"
    assert fields["GATEHOUSE_RULE_NAME"] == "counted"
    assert fields["GATEHOUSE_PORT"] == str(packet["port"])
    assert "GATEHOUSE_URL" not in fields


def test_a_server_that_was_away_has_all(gateway: Gateway, places: Places) -> None:
    """What happens while nobody listens waits, and holds up no other output."""
    to = f"syslog tcp {places.lab.mail.ip4}:{TCP}"
    places.tcp.close()
    first, second = events_of_both(gateway, 5), events_of_both(gateway, 6)
    wait.until("the problem", lambda: outputs(gateway)[to]["problem"])
    text = gateway.command("status").stdout
    assert re.search(f"^attention  events to {to}: .*refused", text, re.M)
    places.tcp = Frames(places.lab)
    of_both = [*first, *second]
    for event in of_both[1:]:  # the first may have gone to the one that ended
        one_with(event["id"], lambda: places.tcp.got)
    told = "".join(places.tcp.got)
    assert told.find(of_both[1]["id"]) < told.find(of_both[3]["id"])
    assert outputs(gateway)[to]["lost"] == 0
    wait.until("no problem", lambda: outputs(gateway)[to]["problem"] is None)


def test_a_receiver_of_the_host_that_began_anew(gateway: Gateway, places: Places) -> None:
    places.systemd.close()
    first = events_of_both(gateway, 7)
    places.systemd = unix_receiver(places.dir / "socket")
    second = events_of_both(gateway, 8)
    for event in first + second:
        one_with(f"GATEHOUSE_ID={event['id']}\n", lambda: places.systemd.got)
    assert outputs(gateway)[f'systemd "{places.dir}/socket"']["lost"] == 0


def test_files_are_begun_anew_and_kept(gateway: Gateway, places: Places) -> None:
    """The newest older one is .1; of two that are kept the third goes."""
    names = [places.dir / f"small.jsonl.{n}" for n in (1, 2, 3)]
    seen: list[int] = []
    port = 20000
    while len(seen) < 3:
        send(gateway, range(port, port + 150))  # of 700 bytes each
        port += 150
        before = seen[-1:] or [0]
        new = lambda: names[0].exists() and names[0].stat().st_ino not in before
        wait.until("another file", new)
        seen.append(names[0].stat().st_ino)
    assert names[1].stat().st_ino == seen[1]
    assert not names[2].exists()
    packet, request = events_of_both(gateway, 9)
    for event in (packet, request):
        one_with(event["id"], lines_of(places.dir / "small.jsonl"))


def test_sigusr1_opens_files_again(gateway: Gateway) -> None:
    moved = gateway.journal.path.with_name("moved.jsonl")
    before = events_of_both(gateway, 10)
    gateway.journal.path.rename(moved)
    gateway.signal(signal.SIGUSR1)
    wait.until("the new file", gateway.journal.path.exists)
    after = events_of_both(gateway, 11)
    for event in before:
        assert event["id"] in moved.read_text()
    for event in after:
        assert event["id"] not in moved.read_text()


@contextlib.contextmanager
def full_disk(gateway: Gateway, at: int) -> Iterator[None]:
    """No file of gatehoused grows beyond this."""
    [pid] = gateway.pids("gatehoused")
    never = resource.RLIM_INFINITY
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (at, never))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (never, never))


def test_a_full_disk_loses_and_says_so(gateway: Gateway, places: Places) -> None:
    """In the files; the others go on.  An event says how many it were."""
    to = f'file "{gateway.runtime}/logfmt.log"'
    path = gateway.runtime / "logfmt.log"
    with full_disk(gateway, path.stat().st_size + 10):
        port = FIRST_PORT + 100
        send(gateway, range(port, port + 3))
        for one in range(port, port + 3):
            one_with(f" port={one} ", lambda: places.udp.got)
        wait.until("the problem", lambda: outputs(gateway)[to]["problem"])
    lost = outputs(gateway)[to]["lost"]
    assert lost >= 3
    words = "events before this one could not be written and are lost"

    def told() -> int:
        lines = [line for line in lines_of(path)() if words in line]
        assert all(" kind=fault " in line for line in lines)
        return sum(int(n) for n in re.findall(rf'"(\d+) {words}"', "\n".join(lines)))

    wait.until("all that was lost is told", lambda: told() == lost)
    packet, request = events_of_both(gateway, 12)
    for event in (packet, request):
        one_with(event["id"], lines_of(path))


def test_another_policy_changes_outputs_and_loses_nothing(
    gateway: Gateway, places: Places
) -> None:
    """Those that go on have all of it; one that ends, all from before."""
    journal = gateway.journal.from_here()
    less = """
    journal {
        stdout as logfmt
        file "text.log"
        file
    }
    """
    ports = range(30000, 30400)
    flood = threading.Thread(target=send, args=[gateway, ports])
    flood.start()
    done = gateway.apply(ZONES + less + RULES)
    flood.join()
    assert done.returncode == GOOD, done.stderr
    assert "no longer journal syslog udp" in done.stdout

    def seen() -> list[int]:
        return [one.port for one in journal.events(rule_name="while it changes")]

    wait.until("all packets", lambda: len(seen()) == len(ports))
    assert seen() == sorted(seen())
    assert set(outputs(gateway)) == {
        "stdout",
        f'file "{gateway.runtime}/text.log"',
        f'file "{gateway.runtime}/events.jsonl"',
    }
    silent = len(places.udp.got)
    packet, request = events_of_both(gateway, 13)
    for event in (packet, request):
        one_with(event["id"], lines_of(gateway.runtime / "text.log"))
        one_with(f" id={event['id']} ", lambda: gateway._process.out.splitlines())
    assert len(places.udp.got) == silent


def test_a_file_that_cannot_be_had_refuses_the_policy(gateway: Gateway) -> None:
    before = outputs(gateway)
    wrong = 'journal {\n file "none-there/x"\n}\n'
    done = gateway.apply(ZONES + wrong + RULES)
    assert done.returncode == WRONG_WORLD
    words = f"cannot write events to {gateway.runtime}/none-there/x: No such file"
    assert words in done.stderr
    assert set(outputs(gateway)) == set(before)


def test_without_the_statement_there_is_one_file(gateway: Gateway) -> None:
    assert gateway.apply(ZONES + RULES).returncode == GOOD
    assert set(outputs(gateway)) == {f'file "{gateway.runtime}/events.jsonl"'}
    events_of_both(gateway, 14)
