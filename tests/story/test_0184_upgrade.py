# SPDX-License-Identifier: GPL-2.0-or-later
"""A new gatehoused takes over: nobody is refused, and what had begun ends well.

All the while requests are asked on new connections, and a flow that no policy
allows is tried."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.lab import http2, wait
from tests.lab.gateway import GOOD, NO, PROGRAM, SANITIZED, WRONG_WORLD, Gateway
from tests.lab.host import Host
from tests.lab.http2 import Http2, request
from tests.lab.lab import Lab
from tests.lab.listener import echo, read_head
from tests.lab.origin import Origin, Reply
from tests.lab.tunnel import Secured, Tunnel
from tests.story.cached import FRESH, URL, Site
from tests.story.test_0182_thousand_applies import Repeated, is_refused
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    intercept tcp 8000 for guest
    cache memory 64M, disk "FOLDER" 256M
}
allow lan, guest -> wan tcp 80, tcp 8000, tcp 5000
"""
)
LARGE = bytes(range(256)) * 20_000


@pytest.fixture
def origin(gateway_lab: Lab) -> Iterator[Origin]:
    origin = Origin()
    with gateway_lab.out.serve(8000, origin.handle):
        yield origin


@pytest.fixture
def site(gateway_lab: Lab, origin: Origin) -> Iterator[Site]:
    policy = POLICY.replace("FOLDER", str(gateway_lab.gw.stem("cache")))
    with Gateway(gateway_lab, policy) as gateway, contextlib.ExitStack() as stack:
        stack.callback(end_all, gateway)
        yield Site(gateway, origin)


def end_all(gateway: Gateway) -> None:
    """Who took over is nobody's child here."""
    gateway.command("stop")
    wait.until("all to end", lambda: not daemons(gateway), 15)


def daemons(gateway: Gateway) -> list[int]:
    return gateway.pids("gatehoused")


def upgrade(gateway: Gateway) -> int:
    """Who runs then."""
    done = gateway.command("upgrade")
    assert (done.returncode, done.stderr) == (GOOD, "")
    assert "finishes what its proxy had begun" in done.stdout
    return json.loads(gateway.command("status", "--json").stdout)["pid"]


@contextlib.contextmanager
def tunnel(site: Site) -> Iterator[socket.socket]:
    with (
        site.lab.out.serve(5000, echo),
        site.lab.lan.connect("10.0.0.1", 3128, timeout=10) as sock,
    ):
        sock.sendall(b"CONNECT out.example.com:5000 HTTP/1.1\r\nHost: out.example.com\r\n\r\n")
        assert b" 200 " in read_head(sock)
        assert passes(sock)
        yield sock


def passes(sock: socket.socket) -> bool:
    sock.sendall(b"there")
    return sock.recv(5, socket.MSG_WAITALL) == b"there"


def has_ended(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def test_nobody_is_refused(site: Site) -> None:
    gateway, lab = site.gateway, site.lab
    kept = site.page(Reply(headers=FRESH, body=b"kept"))
    site.get(kept)
    half = threading.Event()
    slow = site.page(Reply(body=LARGE, half_way=half))
    [before] = daemons(gateway)
    answers = [downloading(lab.lan, "10.0.0.1", 3128, slow)]
    answers += [downloading(lab.guest, "203.0.113.9", 8000, slow)]
    with (
        tunnel(site) as sock,
        lab.out.serve(22, echo),
        Repeated(lambda _: ask(site, kept)) as requests,
        Repeated(is_refused(lab)) as forbidden,
    ):
        wait.until("it to run", lambda: requests.count > 5)
        after = upgrade(gateway)
        count = requests.count
        wait.until("it to go on", lambda: requests.count > count + 20)
        assert set(daemons(gateway)) == {before, after}
        assert passes(sock)
        half.set()
        assert [answer.read() == LARGE for answer in answers] == [True, True]
    assert requests.failures == [] and forbidden.failures == []
    assert forbidden.count > 0
    assert len(site.asked(kept)) == 1  # the disk is the new one's
    wait.until("the old one to end", lambda: daemons(gateway) == [after], 15)
    assert gateway.table() != ""


def downloading(host: Host, address: str, port: int, path: str) -> HTTPResponse:
    conn = host.http(address, port)
    conn.request("GET", f"http://out.example.com:8000{path}")
    return conn.getresponse()


def ask(site: Site, path: str) -> str | None:
    got = site.get(path)
    return None if (got.status, got.body) == (200, b"kept") else repr(got)


INSIDE = ZONES + """
proxy { listen 10.0.0.1:3128 for lan; ca "ca.pem" }
allow lan -> wan https path "/never" inspect
reject lan -> any
"""


def test_a_connection_inside_a_stream(gateway_lab: Lab) -> None:
    """TLS that was opened there: it is told to go elsewhere, as its own is."""
    gateway = Gateway(gateway_lab, INSIDE)
    make = [PROGRAM, "ca", "create", gateway.dir / "ca.pem"]
    subprocess.run(make, check=True, capture_output=True)
    context = ssl.create_default_context(cafile=str(gateway.dir / "ca.pem"))
    context.set_alpn_protocols(["h2"])
    name = "www.example.com"
    with gateway, contextlib.ExitStack() as stack:
        stack.callback(end_all, gateway)
        sock = stack.enter_context(gateway_lab.lan.connect("10.0.0.1", 3128, timeout=10))
        proxy = Http2(sock)
        inside = Http2(Secured(Tunnel(proxy, name + ":443"), context, name))
        assert inside.get(f"https://{name}/x").status == 403
        upgrade(gateway)
        inside.until(lambda: inside.goaway is not None)
        assert inside.goaway == http2.NO_ERROR
        assert inside.get(f"https://{name}/y").status == 403  # it was on its way


def test_a_connection_of_http2(site: Site) -> None:
    """What it has asked for it gets; then it is told to go, and where to begin anew."""
    go_on = threading.Event()
    path = site.page(Reply(before=go_on))
    with Http2(site.lab.lan.connect("10.0.0.1", 3128, timeout=15)) as client:
        stream = client.ask(request(URL + path, more=[("authorization", "x")]))
        wait.until("it to be asked", lambda: site.asked(path))
        upgrade(site.gateway)
        client.until(lambda: client.goaway is not None)
        assert client.goaway == http2.NO_ERROR
        late = client.get(URL + site.page(Reply()))
        assert late.status == 200
        go_on.set()
        client.until(lambda: client.answer(stream).over)
        assert client.answer(stream).status == 200
        client.until_over(15)
        assert client.goaway == http2.NO_ERROR and client.goaway_last >= stream


def test_once_more(site: Site) -> None:
    first = upgrade(site.gateway)
    second = upgrade(site.gateway)
    assert first != second
    wait.until("one to be left", lambda: daemons(site.gateway) == [second], 15)


def test_the_state_is_the_new_ones(gateway_lab: Lab, origin: Origin, tmp_path: Path) -> None:
    """Also while the old one has something to finish: last good policy, history."""
    policy = POLICY.replace(', disk "FOLDER" 256M', "")
    with (
        Gateway(gateway_lab, policy, "--state", str(tmp_path / "state")) as gateway,
        contextlib.ExitStack() as stack,
    ):
        stack.callback(end_all, gateway)
        with tunnel(Site(gateway, origin)):
            [before] = daemons(gateway)
            after = upgrade(gateway)
            assert set(daemons(gateway)) == {before, after}
            assert SANITIZED or "attention" not in gateway.command("status").stdout
            another = gateway.policy_file(policy + "# another\n")
            assert gateway.command("apply", "--as", "another", another).returncode == GOOD
            assert "another" in gateway.command("history").stdout


def test_another_policy_ends_what_the_old_one_does(site: Site) -> None:
    with tunnel(site) as sock:
        after = upgrade(site.gateway)
        assert site.gateway.apply(site.gateway.policy).returncode == GOOD
        assert passes(sock)  # it is the same, to the letter
        text = site.gateway.policy.read_text()
        assert site.gateway.apply(text + "# another\n").returncode == GOOD
        assert has_ended(sock)
        wait.until("it to end", lambda: daemons(site.gateway) == [after])


@pytest.mark.parametrize("balanced", [False, True])
def test_a_ban_where_balancers_speak_for_others(site: Site, balanced: bool) -> None:
    """The proxy of before hears of no ban; the kernel sees all but those."""
    if balanced:
        text = site.gateway.policy.read_text()
        site.gateway.policy.write_text(
            text.replace("3128 for lan", "3128 for lan behind 10.0.0.200")
        )
        assert site.gateway.apply(site.gateway.policy).returncode == GOOD
    with tunnel(site) as sock:
        upgrade(site.gateway)
        assert passes(sock)
        assert site.gateway.command("ban", "198.51.100.7", "for", "1m").returncode == GOOD
        assert has_ended(sock) if balanced else passes(sock)
    assert site.gateway.command("unban", "198.51.100.7").returncode == GOOD


def test_it_ends_with_who_took_over(site: Site) -> None:
    with tunnel(site) as sock:
        upgrade(site.gateway)
        assert site.gateway.command("stop").returncode == GOOD
        assert has_ended(sock)


def test_a_policy_that_is_refused_now(site: Site) -> None:
    """Who runs goes on, and has not been asked to hand over."""
    [before] = daemons(site.gateway)
    text = site.gateway.policy.read_text()
    site.gateway.policy.write_text(text + "allow nowhere -> lan\n")
    done = site.gateway.command("upgrade")
    assert done.returncode == NO
    assert "nowhere" in done.stderr
    assert daemons(site.gateway) == [before]
    site.gateway.policy.write_text(text)
    assert site.get(site.page(Reply(body=b"x"))).body == b"x"


def test_what_its_caller_has_is_not_the_new_ones(site: Site, tmp_path: Path) -> None:
    """Its limits, its umask and its open files: a lock that is held is free again
    when he has ended."""
    lock = tmp_path / "lock"
    odd = f'exec 9>{lock}; flock 9; umask 077; ulimit -S -f 100 -n 100; exec "$@"'
    before = standing_of(daemons(site.gateway)[0])
    argv = [*site.gateway.program_argv("upgrade")]
    done = site.gateway.lab.gw.run(["nice", "-n", "5", "bash", "-c", odd, "bash", *argv])
    assert done.returncode == GOOD, done
    status = json.loads(site.gateway.command("status", "--json").stdout)
    assert standing_of(status["pid"]) == before
    assert site.gateway.lab.gw.run(["flock", "-n", lock, "true"]).returncode == 0


def standing_of(pid: int) -> tuple[str, ...]:
    """What the kernel says of a process, whatever it runs."""
    files = [Path(f"/proc/{pid}/{name}").read_text() for name in ("limits", "status", "stat")]
    umask = re.search(r"^Umask:.*$", files[1], re.MULTILINE).group()
    return files[0], umask, files[2].rpartition(")")[2].split()[16]


def program(folder: Path, script: str) -> Path:
    """A gatehouse whose gatehoused is this."""
    shutil.copy(PROGRAM, folder / "gatehouse")
    (folder / "gatehoused").write_text(f"#!/bin/bash\n{script}\n")
    (folder / "gatehoused").chmod(0o755)
    return folder / "gatehouse"


def upgrade_to(site: Site, folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    argv = [program(folder, script), "upgrade", "--runtime", site.gateway.runtime]
    return site.gateway.lab.gw.run(argv)


def test_a_program_that_does_not_run(site: Site, tmp_path: Path) -> None:
    """For want of a library, say. Who runs is not asked to hand over."""
    [before] = daemons(site.gateway)
    done = upgrade_to(site, tmp_path, "exit 127")
    assert done.returncode == WRONG_WORLD and "does not run" in done.stderr
    assert daemons(site.gateway) == [before]
    assert site.get(site.page(Reply(body=b"x"))).body == b"x"


def test_who_takes_over_ends_before_he_is_ready(gateway_lab: Lab, tmp_path: Path) -> None:
    """Who made way says so by his status, by which systemd starts the service."""
    gateway = Gateway(gateway_lab, ZONES + "drop any -> any\n")
    gateway.start()
    done = upgrade_to(Site(gateway, Origin()), tmp_path, '[ "$1" = --version ] || exit 3')
    assert done.returncode == WRONG_WORLD and "has ended" in done.stderr
    assert gateway.wait(10) == WRONG_WORLD
    assert "no gateway runs, and the rules stand" in gateway.err
    assert "gatehouse" in gateway.table()
    assert gateway.command("stop").returncode == GOOD


def test_who_made_way_waits_until_the_other_is_ready(gateway_lab: Lab, tmp_path: Path) -> None:
    """However little he has to do: systemd takes the end of the one that it knows
    for the end of all, unless another one has said that he is it now."""
    go, real = tmp_path / "go", PROGRAM.with_name("gatehoused")
    gateway = Gateway(gateway_lab, ZONES + "drop any -> any\n")
    gateway.start()
    late = f'[ "$1" = --version ] || while [ ! -e {go} ]; do sleep 0.01; done; exec {real} "$@"'
    argv = [program(tmp_path, late), "upgrade", "--runtime", gateway.runtime]
    upgrading = gateway_lab.gw.spawn(argv)
    control = gateway.runtime / "control"
    wait.until("him to make way", lambda: not control.exists())
    gateway.signal(signal.SIGHUP)  # systemctl reload: for the other one
    with pytest.raises(subprocess.TimeoutExpired):
        gateway.wait(0.5)
    go.touch()
    assert upgrading.wait(10) == GOOD and gateway.wait(10) == GOOD
    end_all(gateway)


def test_one_that_is_to_be_confirmed(site: Site) -> None:
    text = site.gateway.policy_file(site.gateway.policy.read_text() + "# other\n")
    assert site.gateway.command("apply", "--confirm", "60s", text).returncode == GOOD
    done = site.gateway.command("upgrade")
    assert done.returncode != GOOD
    assert "is to be confirmed first" in done.stderr
    assert site.gateway.command("confirm").returncode == GOOD


LISTENS = """
import os, socket, sys
sock = socket.create_server(("10.0.0.1", 3128))
os.dup2(sock.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
print(os.fstat(3).st_ino, flush=True)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_sockets_of_another_program(gateway_lab: Lab) -> None:
    policy = POLICY.replace(', disk "FOLDER" 256M', "")
    gateway = Gateway(gateway_lab, policy)
    argv = ["/usr/bin/python3", "-c", LISTENS, *map(str, gateway.argv())]
    process = gateway_lab.gw.spawn(argv, dies_by="TERM")
    try:
        assert process.wait_line("ready", 10)
        inode = process.out.splitlines()[0]
        [pid] = daemons(gateway)
        links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
        assert f"socket:[{inode}]" in links
    finally:
        process.stop()


def test_nobody_runs(gateway_lab: Lab) -> None:
    done = gateway_lab.gw.run([PROGRAM, "upgrade", "--runtime", "/nowhere"])
    assert done.returncode == 3
    assert "no gateway runs" in done.stderr
