# SPDX-License-Identifier: GPL-2.0-or-later
"""A list that says `refresh` follows its file while the gateway runs, and it
alone: a file that is broken or half written, and a policy that was edited and
not applied, change nothing."""

import itertools
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import wait
from tests.lab.flows import PROXY
from tests.lab.gateway import GOOD, SANITIZED, Gateway
from tests.lab.listener import echo, read_head
from tests.lab.process import memory_kib
from tests.story.zones import ZONES

# A server that no story reaches by interception: what the proxy has just had a
# connection of, the kernel does not forward for a while.
OUT = ("203.0.113.9", 9126)
POLICY = (
    ZONES
    + f"""
proxy {{ listen 10.0.0.1:3128 for lan }}
list bad = addresses "bad.netset" refresh 1s
list ads = domains   "ads.hosts"  refresh 1s
reject lan -> bad as "bad"
reject lan -> ads as "ads"
allow  lan -> wan
test "the gateway's own site stays open" {{
    lan 10.0.0.4 -> 203.0.113.90 tcp 80  allow
}}
"""
)
HARMLESS = "192.0.2.1\n"
BOTH = {"bad": "bad.netset", "ads": "ads.hosts"}


def put(path: Path, text: str, age: float = 60.0) -> None:
    """In one step, as one who means well writes a file; it changed before."""
    new = path.with_suffix(".new")
    new.write_text(text)
    then = new.stat().st_mtime - age
    os.utime(new, (then, then))
    new.rename(path)


@pytest.fixture
def gateway(gateway_lab) -> Iterator[Gateway]:
    gateway = Gateway(gateway_lab, ZONES + "drop any -> any\n")
    put(gateway.dir / BOTH["bad"], HARMLESS)
    put(gateway.dir / BOTH["ads"], "ads.example.net\n")
    gateway.policy = gateway.policy_file(POLICY)
    with gateway, gateway_lab.out.serve(OUT[1], echo):
        yield gateway


def connects(gateway: Gateway) -> bool:
    try:
        gateway.lab.lan.connect(*OUT, timeout=0.5).close()
    except OSError:
        return False
    return True


def status_of(gateway: Gateway, name: str = "www.example.com") -> int:
    return gateway.lab.lan.curl(f"http://{name}/", *PROXY).status


def lists(gateway: Gateway) -> dict[str, dict]:
    done = gateway.command("status", "--json")
    assert done.returncode == GOOD, done.stderr
    return {one["name"]: one for one in json.loads(done.stdout)["lists"]}


def generation(gateway: Gateway) -> int:
    return json.loads(gateway.command("status", "--json").stdout)["generation"]


def until_problem(gateway: Gateway, name: str, words: str) -> None:
    def says() -> bool:
        return words in (lists(gateway)[name]["problem"] or "")

    wait.until(f"{words!r} of {name}", says)


def tells(gateway: Gateway, words: str) -> bool:
    events = gateway.journal.events(kind="list")
    return any((event.reason or "").startswith(words) for event in events)


def test_a_list_of_addresses_is_followed_by_the_kernel(gateway: Gateway) -> None:
    assert connects(gateway)
    put(gateway.dir / BOTH["bad"], "203.0.113.9\n192.0.2.0/24\n")
    wait.until("the new list", lambda: not connects(gateway))
    entry = lists(gateway)["bad"]
    assert (entry["entries"], entry["problem"], entry["refresh"]) == (2, None, 1)
    told = "list 'bad' was read anew: 2 entries"
    assert told in gateway.err
    # A connection that was just being tried may have been ended by it: "; 1 flow".
    wait.until("its event", lambda: tells(gateway, told))
    text = gateway.command("status").stdout
    assert f"bad, {gateway.dir}/bad.netset, read {entry['read']}" in text
    put(gateway.dir / BOTH["bad"], HARMLESS)
    wait.until("the old list again", lambda: connects(gateway))


def test_a_list_of_names_is_followed_by_the_proxy(gateway: Gateway) -> None:
    assert (status_of(gateway), status_of(gateway, "ads.example.net")) == (200, 403)
    put(gateway.dir / BOTH["ads"], "0.0.0.0 www.example.com\n")
    wait.until("the new list", lambda: status_of(gateway) == 403)
    assert status_of(gateway, "ads.example.net") == 200


def missing(path: Path) -> None:
    path.unlink()


def broken(path: Path) -> None:
    put(path, "<html>\n<body>not found</body>\n")


def empty(path: Path) -> None:
    put(path, "")


def cut(path: Path) -> None:
    put(path, "203.0.113.9\n198.51.1")


def huge(path: Path) -> None:
    """A hole: it is refused by its size, unread."""
    with path.open("r+b") as file:
        file.truncate((512 << 20) + 1)
    os.utime(path, (1, 1))


@pytest.mark.parametrize(
    "spoil, words",
    [
        (missing, "there is no file"),
        (broken, "nothing in"),
        (empty, "has no byte"),
        (cut, "was it cut off?"),
        (huge, "it is larger than 512 MiB"),
    ],
)
def test_a_bad_file_keeps_the_old_list(
    gateway: Gateway, spoil: Callable[[Path], None], words: str
) -> None:
    """It is said once, and the other list goes on."""
    before = lists(gateway)["bad"]
    spoil(gateway.dir / BOTH["bad"])
    until_problem(gateway, "bad", words)
    put(gateway.dir / BOTH["ads"], "www.example.com\n")
    wait.until("the other list", lambda: status_of(gateway) == 403)
    now = lists(gateway)["bad"]
    assert (now["entries"], now["read"]) == (before["entries"], before["read"])
    assert connects(gateway)
    assert gateway.err.count("list 'bad'") == 1, gateway.err
    assert f"{now['problem']}; the old list stays" in gateway.err
    assert f"{now['problem']}; the old list stays" in gateway.command("status").stdout
    put(gateway.dir / BOTH["bad"], "203.0.113.9\n")
    wait.until("a sound file", lambda: not connects(gateway))
    assert lists(gateway)["bad"]["problem"] is None


def test_a_file_that_is_being_written(gateway: Gateway) -> None:
    """It is taken when it rests, and what it was until then is not read."""
    path = gateway.dir / BOTH["bad"]
    put(path, "203.0.113.9\n", age=0.0)

    def said() -> bool:
        os.utime(path)
        return "bad.netset is still being written" in gateway.err

    wait.until("it is seen", said)
    assert connects(gateway)
    wait.until("it rests", lambda: not connects(gateway))
    assert gateway.err.count("still being written") == 1


def test_the_policys_tests_must_pass_with_it(gateway: Gateway) -> None:
    put(gateway.dir / BOTH["bad"], "203.0.113.0/24\n")
    until_problem(gateway, "bad", 'test "the gateway\'s own site stays open" fails')
    assert connects(gateway)


def test_an_edited_policy_waits_for_its_apply(gateway: Gateway) -> None:
    gateway.policy.write_text(ZONES + "reject lan -> any\nnonsense\n")
    put(gateway.dir / BOTH["bad"], "192.0.2.2\n192.0.2.3\n")
    wait.until("the list", lambda: lists(gateway)["bad"]["entries"] == 2)
    assert connects(gateway) and status_of(gateway) == 200
    assert "nonsense" not in gateway.err
    gateway.policy.write_text(ZONES + "reject lan -> any\n")
    assert gateway.command("apply", gateway.policy).returncode == GOOD
    assert not connects(gateway) and lists(gateway) == {}


def counted(gateway: Gateway) -> int:
    rules = json.loads(gateway.command("status", "--json").stdout)["rules"]
    [allow] = [rule for rule in rules if rule["text"].startswith("allow")]
    return allow["packets"]


def test_what_was_counted_stays(gateway: Gateway) -> None:
    """For the rules are the same; an apply begins anew."""
    for _ in range(3):
        assert connects(gateway)
    assert counted(gateway) == 3
    put(gateway.dir / BOTH["bad"], "192.0.2.2\n192.0.2.3\n")
    wait.until("the list", lambda: lists(gateway)["bad"]["entries"] == 2)
    assert counted(gateway) == 3
    assert connects(gateway) and counted(gateway) == 4
    assert gateway.command("apply", gateway.policy).returncode == GOOD
    assert counted(gateway) == 0


def test_an_unchanged_file_changes_nothing(gateway: Gateway) -> None:
    """Not even when it is looked at: the generation tells."""
    before = generation(gateway)
    put(gateway.dir / BOTH["ads"], "ads.example.com\n")
    wait.until("one list", lambda: generation(gateway) == before + 1)
    put(gateway.dir / BOTH["ads"], "ads.example.org\n")
    wait.until("the same one", lambda: generation(gateway) == before + 2)
    assert lists(gateway)["bad"]["entries"] == 1
    assert gateway.err.count("list 'bad'") == 0


def kib(gateway: Gateway, program: str) -> int:
    [pid] = gateway.pids(program)
    return memory_kib(pid)


class Asking(threading.Thread):
    """Requests one after the other; `failed` has each that was not answered."""

    def __init__(self, gateway: Gateway):
        super().__init__(daemon=True)
        self.done = 0
        self.failed: list[int] = []
        self._gateway = gateway
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.is_set():
            if (status := status_of(self._gateway)) != 200:
                self.failed.append(status)
            self.done += 1

    def stop(self) -> None:
        self._enough.set()
        self.join(10)


def tunnel(gateway: Gateway) -> socket.socket:
    sock = gateway.lab.lan.connect("10.0.0.1", 3128, timeout=5)
    sock.sendall(b"CONNECT out.example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b" 200 " in read_head(sock).split(b"\r\n")[0]
    return sock


def echoes(sock: socket.socket, words: bytes) -> bool:
    sock.sendall(words)
    got = b""
    while len(got) < len(words) and (more := sock.recv(len(words))):
        got += more
    return got == words


def big_list(count: int) -> str:
    hosts = itertools.islice(itertools.product(range(256), repeat=2), count)
    return "".join(f"198.18.{a}.{b}\n" for a, b in hosts)


def test_ten_refreshes_under_load(gateway: Gateway) -> None:
    """No request fails, no tunnel and no flow breaks, and nothing piles up."""
    lab = gateway.lab
    programs = ("gatehoused", "gatehouse-proxy")
    warm = dict.fromkeys(programs, 0)
    asking = Asking(gateway)
    first = generation(gateway)
    with lab.out.serve(443, echo), tunnel(gateway) as through_proxy:
        with lab.lan.connect(*OUT, timeout=5) as through_kernel:
            asking.start()
            for nth in range(1, 11):
                put(gateway.dir / BOTH["bad"], big_list(20_000 + nth))
                wait.until("it", lambda n=nth: generation(gateway) >= first + n, 20)
                words = b"%d" % nth * 1000
                assert echoes(through_proxy, words) and echoes(through_kernel, words)
                if nth == 5:
                    warm = {p: kib(gateway, p) for p in programs}
            asking.stop()
    assert lists(gateway)["bad"]["entries"] == 20_010
    assert asking.failed == [] and asking.done > 10
    for program, before in warm.items():
        now = kib(gateway, program)
        assert SANITIZED or now < before + 2048, (program, before, now)
