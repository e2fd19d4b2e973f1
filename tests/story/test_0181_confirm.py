# SPDX-License-Identifier: GPL-2.0-or-later
"""A policy that goes again unless it is confirmed, and those that were in force.

Whatever ends the time in between (the clock, a command, a signal, the machine),
the policy before comes back; what was confirmed stays.
"""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, NO, WRONG_CALL, WRONG_WORLD, Gateway
from tests.lab.lab import Lab
from tests.lab.listener import echo
from tests.lab.service import Service
from tests.story.zones import ZONES

OLD = ZONES + "allow lan -> wan tcp 80 log\n"
NEW = ZONES + "allow lan -> wan tcp 443 log\n"
BOTH = ZONES + "allow lan -> wan tcp { 80, 443 } log\n"
LONG = "300s"


@pytest.fixture
def service(own_lab: Lab) -> Iterator[Service]:
    with Service(own_lab, OLD) as service:
        yield service


def passes(lab: Lab, port: int) -> bool:
    try:
        lab.lan.connect(lab.web.ip4, port, timeout=0.5).close()
    except OSError:
        return False
    return True


def is_old(gateway: Gateway) -> bool:
    return passes(gateway.lab, 80) and not passes(gateway.lab, 443)


def is_new(gateway: Gateway) -> bool:
    return passes(gateway.lab, 443) and not passes(gateway.lab, 80)


def status(gateway: Gateway) -> dict:
    return json.loads(gateway.command("status", "--json").stdout)


def history(gateway: Gateway) -> list[dict]:
    done = gateway.command("history", "--json")
    assert done.returncode == GOOD, done.stderr
    return json.loads(done.stdout)["policies"]


def states(gateway: Gateway) -> dict[int, str]:
    return {one["id"]: one["state"] for one in history(gateway)}


def told(gateway: Gateway, words: str) -> bool:
    lines = (gateway.runtime / "events.jsonl").read_text().splitlines()
    return any(words in (json.loads(line)["reason"] or "") for line in lines)


def try_out(gateway: Gateway, policy: str | Path, within: str = LONG) -> Path:
    path = gateway.policy_file(policy)
    done = gateway.command("apply", "--confirm", within, path)
    assert done.returncode == GOOD, done.stderr
    assert f"comes within {within}" in done.stdout
    return path


def edited(service: Service) -> None:
    """The file of the start says the new policy, which is tried out."""
    service.policy.write_text(NEW)
    try_out(service, service.policy)
    assert is_new(service)


def test_the_time_is_over(service: Service) -> None:
    try_out(service, NEW, "4s")
    assert is_new(service)
    waits = status(service)["confirmation"]
    assert 0 < waits["seconds"] <= 4 and waits["id"] == 2
    assert waits["back_to"] == str(service.policy)
    first = service.command("status").stdout.splitlines()[0]
    assert "waits for 'gatehouse confirm'" in first
    assert states(service) == {1: "in force", 2: "waiting"}
    wait.until("the old one", lambda: status(service)["confirmation"] is None, 10)
    assert is_old(service)
    assert states(service) == {1: "in force", 2: "rolled back"}
    assert "policy 2" in service.err and "was not confirmed in time" in service.err
    assert told(service, "was not confirmed in time")


def test_it_is_confirmed(service: Service) -> None:
    try_out(service, NEW, "2s")
    done = service.command("confirm")
    assert done.returncode == GOOD and "policy 2" in done.stdout
    assert told(service, "is confirmed")
    assert states(service) == {1: "past", 2: "in force"}
    assert status(service)["confirmation"] is None
    done = service.command("confirm")
    assert done.returncode == NO and "no policy waits" in done.stderr
    # It is what a start falls back to.
    service.reboot(ZONES + "alow\n")
    assert is_new(service)


@pytest.mark.parametrize("options", [(), ("--state", "asked")])
def test_in_the_foreground(own_lab: Lab, options: tuple[str, ...]) -> None:
    """Without a folder as well, as long as it lives."""
    options = options and (options[0], str(own_lab.dir / options[1]))
    with Gateway(own_lab, OLD, *options) as gateway:
        try_out(gateway, NEW, "2s")
        assert is_new(gateway)
        wait.until("the old one", lambda: status(gateway)["confirmation"] is None, 10)
        assert is_old(gateway)
        try_out(gateway, NEW)
        assert gateway.command("rollback").returncode == GOOD
        assert is_old(gateway)
        try_out(gateway, NEW)
        assert gateway.command("confirm").returncode == GOOD
        assert is_new(gateway)
        done = gateway.command("history")
        assert (done.returncode == GOOD) == bool(options)
        assert options or "run --state DIR" in done.stderr


def test_the_daemon_is_killed(service: Service) -> None:
    """The rules of the one that waits stand until it is started again."""
    edited(service)
    service.kill("gatehoused")
    service.wait(5)
    assert is_new(service)
    service.start()
    assert is_old(service)
    assert "was not confirmed before the end" in service.err
    assert told(service, "was not confirmed before the end")
    fallback = status(service)["fallback"]
    assert fallback["kind"] == "last good"
    assert states(service) == {1: "in force", 2: "rolled back"}
    # And again: its file still says what was never confirmed.
    service.kill("gatehoused")
    service.wait(5)
    service.start()
    assert is_old(service)
    assert "which was rolled back at" in status(service)["fallback"]["because"]
    # Until somebody says that it is meant.
    assert service.apply(service.policy).returncode == GOOD
    assert is_new(service) and status(service)["fallback"] is None
    service.reboot()
    assert is_new(service) and status(service)["fallback"] is None


def test_it_is_killed_in_the_foreground(own_lab: Lab) -> None:
    """Nothing is kept without --state, but for what waits."""
    with Gateway(own_lab, OLD) as gateway:
        folder = gateway.runtime / "unconfirmed"
        for verb in ("confirm", "rollback"):
            try_out(gateway, NEW)
            assert folder.stat().st_mode & 0o777 == 0o700
            assert gateway.command(verb).returncode == GOOD
            assert not folder.exists()
            assert gateway.apply(gateway.policy).returncode == GOOD
        # The file of the start is the one that is tried out.
        gateway.policy.write_text(NEW)
        try_out(gateway, gateway.policy)
        kill(gateway)
        assert is_new(gateway) and folder.exists()
        gateway.start()
        assert is_old(gateway)
        assert "was not confirmed before the end" in gateway.err
        assert status(gateway)["fallback"]["kind"] == "last good"
        assert status(gateway)["last_good"] is None
        assert not folder.exists()
        # Whoever starts it with that file once more means it.
        kill(gateway)
        gateway.start()
        assert is_new(gateway) and status(gateway)["fallback"] is None


def test_what_waits_is_torn_in_the_foreground(own_lab: Lab) -> None:
    with Gateway(own_lab, OLD) as gateway:
        try_out(gateway, NEW)
        kill(gateway)
        index = gateway.runtime / "unconfirmed" / "policy"
        index.write_bytes(index.read_bytes()[:-1])
        gateway.start()
        assert not passes(own_lab, 80) and not passes(own_lab, 443)
        assert status(gateway)["fallback"]["kind"] == "closed"


def kill(gateway: Gateway) -> None:
    pids = gateway.pids("gatehouse") + gateway.pids("gatehoused")
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    gateway.wait(5)


def test_the_machine_boots_again(service: Service) -> None:
    edited(service)
    service.kill("gatehoused")
    service.wait(5)
    service.remove()
    service.start()
    assert is_old(service)
    # Another policy in that file is one that nobody took back.
    service.reboot(BOTH)
    assert passes(service.lab, 80) and passes(service.lab, 443)
    assert status(service)["fallback"] is None


def test_the_service_ends(service: Service) -> None:
    """Its rules stay: not those that nobody has confirmed."""
    edited(service)
    service.stop()
    assert is_old(service)
    service.start()
    assert is_old(service)


def test_a_second_one_is_refused(service: Service) -> None:
    try_out(service, NEW)
    for options in ((), ("--confirm", "60s")):
        done = service.command("apply", *options, service.policy_file(BOTH))
        assert done.returncode == NO
        assert "waits to be confirmed" in done.stderr
        assert "gatehouse rollback" in done.stderr
    service.signal(signal.SIGHUP)
    wait.until("a refusal", lambda: "the old one stays" in service.err)
    assert is_new(service)
    done = service.command("rollback", "1")
    assert done.returncode == NO and "waits to be confirmed" in done.stderr
    assert service.command("rollback").returncode == GOOD
    assert is_old(service)


def test_what_is_refused_does_not_wait(service: Service) -> None:
    done = service.command("apply", "--confirm", "60s", service.policy_file("alow\n"))
    assert done.returncode == NO
    with service.lab.gw.serve(3128, echo):
        listening = ZONES + "proxy { listen 10.0.0.1:3128 for lan }\n"
        path = service.policy_file(listening)
        done = service.command("apply", "--confirm", "60s", path)
    assert done.returncode == WRONG_WORLD, done.stderr
    assert status(service)["confirmation"] is None
    assert states(service) == {1: "in force"} and is_old(service)


@pytest.mark.parametrize("time", ["0s", "2d", "soon", "-5s"])
def test_a_time_that_is_none(service: Service, time: str) -> None:
    done = service.command("apply", f"--confirm={time}", service.policy)
    assert done.returncode == WRONG_CALL and "no time to confirm" in done.stderr


def test_living_flows_are_judged_again(service: Service) -> None:
    """What only the new one allows ends with it; what both allow lives on."""
    lab = service.lab
    with lab.out.serve(443, echo), lab.out.serve(80, echo):
        with lab.lan.connect("203.0.113.9", 80, timeout=5) as kept:
            try_out(service, BOTH)
            with lab.lan.connect("203.0.113.9", 443, timeout=5) as ended:
                for sock in (kept, ended):
                    sock.sendall(b"hello")
                    assert sock.recv(5) == b"hello"
                assert service.command("rollback").returncode == GOOD
                ended.settimeout(5)
                with pytest.raises(OSError):
                    ended.sendall(b"again")
                    assert ended.recv(5) == b"again"
            kept.sendall(b"again")
            assert kept.recv(5) == b"again"


def test_it_cannot_come_back_yet(own_lab: Lab) -> None:
    """Another program has taken the port: it is tried until it is free."""
    text = ZONES + "proxy { listen 10.0.0.1:3128 for lan }\nallow lan -> wan tcp 80\n"
    with Service(own_lab, text) as service:
        try_out(service, NEW, "1s")
        with own_lab.gw.serve(3128, echo):
            wait.until("trouble", lambda: "cannot come back" in service.err, 10)
            assert status(service)["confirmation"]["seconds"] == 0
            assert is_new(service)
        wait.until("it", lambda: status(service)["confirmation"] is None, 15)
        assert is_old(service)


def test_it_cannot_be_written(service: Service) -> None:
    """Then it cannot be promised that the old one comes back."""
    (service.state / "new").mkdir()
    path = service.policy_file(NEW)
    done = service.command("apply", "--confirm", "60s", path)
    assert done.returncode == WRONG_WORLD, done.stderr
    assert "cannot be promised" in done.stderr and "nothing has" in done.stderr
    assert is_old(service) and states(service) == {1: "in force"}
    assert not (service.state / "policy.2").exists()
    # One that cannot be kept is not confirmed.
    (service.state / "new").rmdir()
    try_out(service, path)
    (service.state / "new").mkdir()
    done = service.command("confirm")
    assert done.returncode == WRONG_WORLD and "waits still" in done.stderr
    assert status(service)["confirmation"] is not None
    (service.state / "new").rmdir()
    assert service.command("confirm").returncode == GOOD
    assert is_new(service)


# By ssh.

SHUT = ZONES + "allow lan -> wan tcp 80\n"
ADMIN = ZONES + "allow lan -> self tcp 22\nallow lan -> wan tcp 80\n"


def test_it_would_cut_the_administrator_off(own_lab: Lab) -> None:
    with Service(own_lab, ADMIN) as service, own_lab.gw.serve(22, echo):
        with own_lab.lan.connect("10.0.0.1", 22, timeout=5) as ssh:
            client, port = ssh.getsockname()
            env = ["env", f"SSH_CONNECTION={client} {port} 10.0.0.1 22"]

            def apply(*options: str) -> tuple[int, str]:
                argv = [*env, *service.program_argv("apply"), *options]
                done = own_lab.gw.run([*argv, service.policy_file(SHUT)])
                return done.returncode, done.stderr

            code, words = apply()
            assert code == NO and f"from {client}:{port}" in words
            assert "--confirm" in words and "--force" in words
            assert lives(ssh)
            # What ends nothing of ours needs no word.
            argv = [*env, *service.program_argv("apply"), service.policy]
            assert own_lab.gw.run(argv).returncode == GOOD
            code, words = apply("--confirm", LONG)
            assert code == GOOD and f"from {client}:{port}" in words
            assert not lives(ssh)
            assert service.command("rollback").returncode == GOOD
        assert apply("--force")[0] == GOOD


def test_nor_does_the_first_policy(own_lab: Lab) -> None:
    """When nobody follows connections yet; and `run` is what people try first."""
    gateway = Gateway(own_lab, SHUT)
    with own_lab.gw.serve(22, echo), own_lab.lan.connect("10.0.0.1", 22, timeout=5) as ssh:
        client, port = ssh.getsockname()
        env = ["env", f"SSH_CONNECTION={client} {port} 10.0.0.1 22"]
        done = own_lab.gw.run([*env, *gateway.argv()])
        assert done.returncode == WRONG_WORLD, done
        assert f"from {client}:{port}" in done.stderr and "--force" in done.stderr
        assert "--confirm" not in done.stderr and lives(ssh)
        assert gateway.table() == ""
        # What lets it be, and what is meant.
        gateway.policy = gateway.policy_file(ADMIN)
        for options in ([], ["--force"]):
            argv = [*gateway.argv()[:2], *options, *gateway.argv()[2:]]
            process = own_lab.gw.spawn([*env, *argv], dies_by="TERM")
            assert process.wait_line("ready", 10), process.err
            assert lives(ssh) == (not options)
            assert process.stop() == GOOD
            gateway.policy = gateway.policy_file(SHUT)


def lives(sock: socket.socket) -> bool:
    sock.settimeout(2)
    try:
        sock.sendall(b"?")
        return sock.recv(1) == b"?"
    except OSError:
        return False


# Those that were in force.


def test_the_history(service: Service) -> None:
    path = service.policy_file(NEW)
    argv = ["env", "SUDO_USER=alice", *service.program_argv("apply")]
    done = service.lab.gw.run([*argv, "--as", "opens the shop", path])
    assert done.returncode == GOOD, done.stderr
    new, old = history(service)
    assert (new["id"], new["name"], new["who"]) == (2, "opens the shop", "alice")
    assert new["state"] == "in force" and new["ended"] is None
    assert new["rules"] == 2 and new["policy"] == str(path)
    assert old["state"] == "past" and old["ended"] >= old["began"]
    words = service.command("history").stdout
    assert "opens the shop" in words and "alice" in words
    # The same files are the same policy.
    assert service.apply(service.policy).returncode == GOOD
    assert states(service) == {1: "in force", 2: "past"}
    # As it was then, whatever the file says by now.
    path.write_text(BOTH)
    done = service.command("rollback", "2")
    assert done.returncode == GOOD and "policy 2" in done.stdout
    assert is_new(service)
    assert states(service) == {1: "rolled back", 2: "in force"}
    service.reboot(ZONES + "alow\n")
    assert is_new(service)
    for words, status_ in (("2", NO), ("77", NO), ("two", WRONG_CALL)):
        assert service.command("rollback", words).returncode == status_


def test_rollback_goes_to_the_one_before(service: Service) -> None:
    done = service.command("rollback")
    assert done.returncode == NO and "no policy of before" in done.stderr
    assert service.apply(BOTH).returncode == GOOD
    assert service.apply(NEW).returncode == GOOD
    assert service.command("rollback").returncode == GOOD
    assert passes(service.lab, 80) and passes(service.lab, 443)
    # Not forth again to what was taken back, but on.
    assert service.command("rollback").returncode == GOOD
    assert is_old(service)


def test_two_are_compared(service: Service) -> None:
    assert service.apply(NEW).returncode == GOOD
    done = service.command("history", "diff", "1", "2")
    assert done.returncode == NO, done.stderr
    assert "what changes" in done.stdout and "443" in done.stdout
    assert "+allow lan -> wan tcp 443 log\n" in done.stdout
    assert "zone lan" not in done.stdout.split("\n\n")[0]
    done = service.command("history", "--json", "diff", "1", "2")
    found = json.loads(done.stdout)
    assert found["unknown"] is None and len(found["changes"]) == 2
    assert "allow lan -> wan tcp 443 log" in found["text"]
    same = json.loads(service.command("history", "--json", "diff", "1", "1").stdout)
    assert same == {"changes": [], "unknown": None, "text": ""}
    done = service.command("history", "diff", "1", "9")
    assert done.returncode == NO and "no policy 9 is kept" in done.stderr
    shown = service.command("show", "policy", "1").stdout
    assert OLD in shown and str(service.policy) in shown
    [file] = json.loads(service.command("show", "--json", "policy", "1").stdout)
    assert file["text"] == OLD


def test_the_oldest_are_let_go(service: Service) -> None:
    for n in range(14):
        assert service.apply(f"{BOTH}# {n}\n").returncode == GOOD
    kept = states(service)
    assert sorted(kept) == list(range(5, 16))
    assert kept[15] == "in force"
    # One folder: the last good one and eleven, each file once.
    names = {file.name for file in service.state.iterdir()}
    assert {f"policy.{n}" for n in kept} < names
    assert len(names) <= 1 + 11 + 12
    assert service.command("rollback", "5").returncode == GOOD
    # The one of the start is a new one by now, and the oldest makes room.
    service.reboot()
    assert sorted(states(service)) == [5, *range(7, 17)]


def test_a_list_that_changes_is_no_other_policy(service: Service) -> None:
    bad = service.dir / "bad.netset"
    bad.write_text("203.0.113.66\n")
    text = ZONES + 'list bad = addresses "bad.netset" refresh 1s\ndrop lan -> bad\n'
    assert service.apply(text + "allow lan -> wan tcp 80\n").returncode == GOOD
    new = service.dir / "new"
    new.write_text(f"{service.lab.web.ip4}\n")
    new.rename(bad)
    wait.until("the list", lambda: not passes(service.lab, 80), 15)
    assert states(service) == {1: "past", 2: "in force"}
    # It does not make what waits the last good one.
    assert service.command("rollback", "1").returncode == GOOD
    service.reboot(ZONES + "alow\n")
    assert is_old(service)


@pytest.mark.parametrize("torn", ["empty", "half", "last byte", "edited", "a folder"])
def test_what_was_torn_is_forgotten(service: Service, torn: str) -> None:
    assert service.apply(NEW).returncode == GOOD
    entry = service.state / "policy.1"
    whole = entry.read_bytes()
    damaged = {
        "empty": b"",
        "half": whole[: len(whole) // 2],
        "last byte": whole[:-1],
        "edited": whole.replace(b"rules 2", b"rules 3"),
    }
    service.stop()
    if torn == "a folder":
        entry.unlink()
        entry.mkdir()
    else:
        entry.write_bytes(damaged[torn])
    service.start()
    # Its id does not come back.
    assert states(service) == {2: "past", 3: "in force"}
    assert is_old(service) and status(service)["fallback"] is None


def test_files_that_were_edited_do_not_come_back(service: Service) -> None:
    assert service.apply(NEW).returncode == GOOD
    [kept] = [f for f in service.state.iterdir() if f.read_text() == OLD]
    kept.write_text(BOTH)
    done = service.command("rollback", "1")
    assert done.returncode == WRONG_WORLD and "or were edited" in done.stderr
    assert is_new(service) and states(service)[2] == "in force"
    assert service.command("show", "policy", "1").returncode == NO
