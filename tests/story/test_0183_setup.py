# SPDX-License-Identifier: GPL-2.0-or-later
"""A first policy by a few questions: in force, it locks nobody out.

The one who answers sits at a terminal and is connected by ssh, of which the
program knows the address only; a listener stands for sshd.
"""

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from tests.lab.gateway import GOOD, PROGRAM, WRONG_WORLD, Gateway
from tests.lab.host import Host, entering
from tests.lab.lab import Lab
from tests.lab.listener import echo

SSH = 22
QUESTION = re.compile(r"\[[^\]]*\] $")


@pytest.fixture(scope="module")
def gw(gateway_lab: Lab) -> Host:
    """The gateway of the lab, where something listens on port 22."""
    sshd = gateway_lab.gw.serve(SSH, echo)
    yield gateway_lab.gw
    sshd.close()
    gateway_lab.gw.listeners.remove(sshd)


def session(client: Host, server: str) -> dict[str, str]:
    """What sshd tells those who come by it."""
    return client.env | {"SSH_CONNECTION": f"{client.ip4} 50000 {server} {SSH}"}


def argv(host: Host, *options: str | Path) -> list[str]:
    return entering(host.namespace, host.etc, [str(a) for a in (PROGRAM, "setup", *options)])


def answer(host: Host, env: dict[str, str], file: Path, *answers: str) -> str:
    """Types each answer when it is asked for; all that stood on the terminal."""
    ours, theirs = pty.openpty()
    command = argv(host, "-o", file)
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as asked:
        os.close(theirs)
        seen, given = "", 0
        while True:
            try:
                piece = os.read(ours, 4096).decode()
            except OSError:  # the other end is closed
                break
            seen += piece
            if QUESTION.search(seen) and given < len(answers):
                os.write(ours, (answers[given] + "\n").encode())
                given += 1
        os.close(ours)
    assert asked.returncode == GOOD and given == len(answers), seen
    return seen


def comes_in(client: Host, address: str, port: int = SSH) -> bool:
    try:
        with client.connect(address, port, timeout=0.5) as sock:
            sock.sendall(b"?")
            return sock.recv(1) == b"?"
    except OSError:
        return False


def check(file: Path) -> str:
    done = subprocess.run([PROGRAM, "check", file], capture_output=True, text=True)
    assert done.returncode == GOOD, done.stderr
    return done.stdout


def test_a_gateway_by_answers(gateway_lab: Lab, gw: Host, tmp_path: Path) -> None:
    """It is told that strangers may not, and asked nonsense in between."""
    file = tmp_path / "first.policy"
    env = session(gateway_lab.lan, "10.0.0.1")
    seen = answer(gw, env, file, "nine", "2", "eth9", "ext0", "203.0.113.9", "tcp 22")
    assert seen.count("] ") == 6 and "one of: " in seen and "from where you are" in seen
    assert "1 passed, 0 failed" in check(file)
    with gateway_lab.lan.connect("10.0.0.1", SSH) as typing, Gateway(gateway_lab, file):
        typing.sendall(b"!")
        assert typing.recv(1) == b"!", "the session goes on"
        assert comes_in(gateway_lab.lan, "10.0.0.1"), "and so does a new one"
        assert comes_in(gateway_lab.out, "203.0.113.1"), "the other administrator"
        assert not comes_in(gateway_lab.web, "203.0.113.1"), "a stranger"
        assert gateway_lab.lan.curl("http://www.example.com/").status == 200, "out, masqueraded"
        assert not comes_in(gateway_lab.out, gateway_lab.mail.ip4, 2525), "nobody comes in"


def test_a_proxy_as_proposed(gateway_lab: Lab, gw: Host, tmp_path: Path) -> None:
    """Enter is the answer to everything else."""
    file = tmp_path / "first.policy"
    answer(gw, session(gateway_lab.out, "203.0.113.1"), file, "3", "", "", "", "")
    check(file)
    with Gateway(gateway_lab, file):
        assert comes_in(gateway_lab.out, "203.0.113.1")
        assert not comes_in(gateway_lab.web, "203.0.113.1")
        assert gateway_lab.lan.curl("http://www.example.com/").status == 200
        proxied = gateway_lab.lan.curl("http://www.example.com/", "--proxy", "http://10.0.0.1:3128")
        assert proxied.status == 200


def test_a_machine_alone_as_proposed(gateway_lab: Lab, tmp_path: Path) -> None:
    """The printer serves its jobs; nobody is asked, and no file is lost."""
    file = tmp_path / "first.policy"
    printer, lan = gateway_lab.printer, gateway_lab.lan
    with printer.serve(SSH, echo):
        command = argv(printer, "--yes", "-o", file)
        done = subprocess.run(command, env=session(lan, printer.ip4), capture_output=True, text=True)
        assert done.returncode == GOOD, done.stderr
        check(file)
        assert re.search(r"^allow +net -> self tcp 9100", file.read_text(), re.MULTILINE)
        assert "name admins = 10.0.0.0/24\n" in file.read_text()
        again = subprocess.run(command, env=printer.env, capture_output=True, text=True)
        assert again.returncode == WRONG_WORLD and "it is there already" in again.stderr


def proposed(host: Host, env: dict[str, str], file: Path) -> str:
    """What is written where everything is as proposed; it needs no warning."""
    command = argv(host, "--yes", "-o", file)
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == GOOD, done.stderr
    checked = entering(host.namespace, host.etc, [str(PROGRAM), "check", str(file)])
    said = subprocess.run(checked, capture_output=True, text=True)
    assert said.returncode == GOOD and "warning" not in said.stdout + said.stderr
    return file.read_text()


def test_ssh_is_for_where_one_is(gateway_lab: Lab, gw: Host, tmp_path: Path) -> None:
    """The inside of a gateway; from outside, no more than who sits there."""
    lab = gateway_lab
    inside = re.search(
        r"^name admins = (.*)$", proposed(gw, gw.env, tmp_path / "console"), re.M
    )[1]
    assert "10.0.0.0/24" in inside and "203.0.113" not in inside
    near = proposed(gw, session(lab.lan, "10.0.0.1"), tmp_path / "near")
    assert f"\nname admins = {inside}\n" in near
    far = proposed(gw, session(lab.web, "203.0.113.1"), tmp_path / "far")
    assert f"\nname admins = {inside}, {lab.web.ip4}\n" in far


@pytest.fixture
def containers(gateway_lab: Lab) -> Host:
    """The printer, which forwards for its containers as Docker makes it do."""
    host = gateway_lab.printer
    bridges = {"docker0": "172.17.0.1/16", "br-0123456789ab": "172.18.0.1/16"}
    for bridge, address in bridges.items():
        host.run(["ip", "link", "add", bridge, "type", "bridge"])
        host.run(["ip", "address", "add", address, "dev", bridge])
    host.sysctl("net.ipv4.ip_forward", "1")
    yield host
    host.sysctl("net.ipv4.ip_forward", "0")
    for bridge in bridges:
        host.run(["ip", "link", "delete", bridge])


def test_a_machine_with_containers_is_no_gateway(containers: Host, tmp_path: Path) -> None:
    text = proposed(containers, containers.env, tmp_path / "first.policy")
    zone = r"^zone inner = docker0 +br-0123456789ab +172\.17\.0\.0/16 +172\.18\.0\.0/16$"
    assert re.search(zone, text, re.MULTILINE), text
    assert re.search(r"^allow +inner -> any", text, re.MULTILINE)
    assert "masquerade" not in text and "zone lan" not in text


@pytest.fixture
def crowded(gateway_lab: Lab, gw: Host) -> Host:
    """The gateway, with a second port into a network that it is in, containers
    in a larger one, and a name that somebody made up."""
    added = {"wlan7": "10.0.0.9/24", "int7": "172.16.0.1/12", "docker0": "172.17.0.1/16", "x;allow": "10.9.0.1/24"}
    for name, address in added.items():
        gw.run(["ip", "link", "add", name, "type", "bridge"])
        gw.run(["ip", "address", "add", address, "dev", name])
    yield gw
    for name in added:
        gw.run(["ip", "link", "delete", name])


@pytest.mark.parametrize("kind", ["2", "3"])
def test_networks_that_two_interfaces_have(crowded: Host, kind: str, tmp_path: Path) -> None:
    """An address lives in one zone: so they are one; a name is a name or it is left out."""
    file = tmp_path / "first.policy"
    done = subprocess.run(
        argv(crowded, "-o", file), input=f"{kind}\next0\n", text=True, env=crowded.env, capture_output=True
    )
    assert done.returncode == GOOD, done.stderr
    assert "no policy can name the interface 'x;allow'" in done.stderr
    check(file)
    zones = re.findall(r"^zone \S+ +=(.*)$", file.read_text(), re.MULTILINE)
    assert any("int0" in zone and "wlan7" in zone for zone in zones), zones
    assert any("int7" in zone and "docker0" in zone for zone in zones), zones
    assert not any("x;allow" in zone for zone in zones)


def test_a_machine_that_reaches_little(gateway_lab: Lab, gw: Host, tmp_path: Path) -> None:
    """Answers may come by a pipe; when they end, the rest is as proposed."""
    file = tmp_path / "first.policy"
    done = subprocess.run(
        argv(gw, "-o", file), input="4\n\nnone\n203.0.113.80\n", text=True,
        env=session(gateway_lab.lan, "10.0.0.1"), capture_output=True,
    )
    assert done.returncode == GOOD, done.stderr
    check(file)
    flow = "self -> {} tcp 443"
    for address, verdict in (("203.0.113.80", "allow"), ("203.0.113.66", "reject")):
        explained = subprocess.run([PROGRAM, "explain", file, flow.format(address)], capture_output=True, text=True)
        assert explained.stdout.startswith(verdict), explained.stdout


def test_an_interface_that_no_zone_has(gw: Host, tmp_path: Path) -> None:
    """Whoever came by it would be locked out, and hears of it before."""
    file = tmp_path / "half.policy"
    file.write_text("zone lan = int0 10.0.0.0/24\nzone wan = ext0\nallow lan -> wan\n")
    command = entering(gw.namespace, gw.etc, [str(PROGRAM), "check", str(file)])
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == GOOD
    assert said.stderr.count("is in no zone") == 1, said.stderr
    assert "the interface int1 of this host is in no zone: nothing passes by it" in said.stderr


def test_an_address_that_the_gateway_lacks(gateway_lab: Lab, gw: Host, tmp_path: Path) -> None:
    """Checked where it is to run, a policy is told that it could not."""
    file = tmp_path / "listen.policy"
    file.write_text(
        "zone lan = int0 10.0.0.0/24\nzone wan = ext0\nmasquerade lan -> wan\n"
        "proxy {\n listen 10.0.0.1:3128 for lan\n listen 10.0.0.77:3128 for lan\n}\n"
        "allow lan -> wan\n"
    )
    command = entering(gw.namespace, gw.etc, [str(PROGRAM), "check", str(file)])
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == GOOD
    assert said.stderr.count("this host has no address") == 1
    assert "listen.policy:6:9: warning: this host has no address 10.0.0.77" in said.stderr
