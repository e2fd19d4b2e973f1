# SPDX-License-Identifier: GPL-2.0-or-later
"""A service is never without a policy: the last good one, or nothing passes.

The service is started, its machine boots again (the rules are gone, the state is
not), and what it finds then is broken in one way or another.
"""

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import wait
from tests.lab.gateway import GOOD, NO, Gateway, GatewayError
from tests.lab.lab import Lab
from tests.lab.service import Service
from tests.story.zones import ZONES

# Web passes and ssh does not: so the last good one is told from an open host.
LISTED = (
    ZONES
    + 'list bad = addresses "bad.netset" refresh 1s\n'
    + "drop lan -> bad\n"
    + "allow lan -> wan tcp 80 log\n"
)
BROKEN = ZONES + "alow lan -> any\n"
OPEN = ZONES + "allow any -> any\n"


@pytest.fixture
def service(own_lab: Lab) -> Iterator[Service]:
    service = Service(own_lab, LISTED)
    (service.dir / "bad.netset").write_text("203.0.113.66\n")
    with service:
        yield service


def passes(lab: Lab, address: str = "", port: int = 80) -> bool:
    try:
        lab.lan.connect(address or lab.web.ip4, port, timeout=0.5).close()
    except OSError:
        return False
    return True


def is_judged_by_last_good(lab: Lab) -> bool:
    return (
        passes(lab)
        and not passes(lab, lab.web.ip4, 443)
        and not passes(lab, lab.bad.ip4)
    )


def status(gateway: Gateway) -> dict:
    return json.loads(gateway.command("status", "--json").stdout)


def fallback(gateway: Gateway) -> dict:
    return status(gateway)["fallback"]


def told(gateway: Gateway) -> list[str]:
    """The reasons of all events, as the journal has them."""
    lines = (gateway.runtime / "events.jsonl").read_text().splitlines()
    return [json.loads(line)["reason"] or "" for line in lines]


def index(service: Service) -> Path:
    return service.state / "policy"


def assert_last_good(service: Service, because: str) -> None:
    assert is_judged_by_last_good(service.lab)
    found = fallback(service)
    assert found["kind"] == "last good"
    assert because in found["because"]
    words = f"{found['words']}, because {found['because']}"
    assert found["words"].startswith("the last good policy of 20")
    assert words in service.err
    assert words[:200] in [reason[:200] for reason in told(service)]
    assert words in service.command("status").stdout.splitlines()[0]


def assert_closed(service: Service, because: str) -> None:
    lab = service.lab
    assert not passes(lab) and not passes(lab, "10.0.0.1", 22)
    assert fallback(service)["kind"] == "closed"
    assert "all is blocked" in service.err and because in service.err
    assert status(service)["last_good"]["since"] is None


def test_a_broken_policy_at_boot(service: Service) -> None:
    assert is_judged_by_last_good(service.lab)
    assert fallback(service) is None
    since = status(service)["last_good"]["since"]
    service.reboot(BROKEN)
    assert_last_good(service, "found 'alow'")
    assert since in service.err
    # What is broken is said whole, as ever.
    assert f"{service.policy.name}:" in service.err and "alow" in service.err
    # It stays so when it is read again, until it is good.
    service.signal(signal.SIGHUP)
    wait.until("a refusal", lambda: "the old one stays" in service.err)
    assert fallback(service)["kind"] == "last good"
    service.policy.write_text(OPEN)
    service.signal(signal.SIGHUP)
    wait.until("the new one", lambda: passes(service.lab, service.lab.bad.ip4))
    assert fallback(service) is None


def test_a_policy_whose_test_fails_at_boot(service: Service) -> None:
    shut = "lan 10.0.0.4 -> 203.0.113.80 tcp 22 drop"
    service.reboot(OPEN + f'test "shut" {{\n    {shut}\n}}\n')
    assert_last_good(service, "shut")


def test_a_policy_that_is_not_there_at_boot(service: Service) -> None:
    service.reboot(service.dir / "no.policy")
    assert_last_good(service, "No such file")


def test_a_list_that_is_not_there_at_boot(service: Service) -> None:
    (service.dir / "bad.netset").unlink()
    service.reboot()
    assert_last_good(service, "bad.netset")
    # The list lives on from what was kept, and follows its file again.
    wait.until("it to be missed", lambda: status(service)["lists"][0]["problem"])
    new = service.dir / "new"
    new.write_text(f"{service.lab.web.ip4}\n")
    new.rename(service.dir / "bad.netset")
    wait.until("it to be back", lambda: not passes(service.lab), 15)
    # And that is the last good one from now on.
    (service.dir / "bad.netset").unlink()
    service.reboot()
    assert not passes(service.lab)
    assert fallback(service)["kind"] == "last good"


def test_what_was_applied_by_hand_is_kept(service: Service) -> None:
    """Whatever its file was called."""
    other = service.policy_file(ZONES + "allow lan -> wan tcp 443\n")
    assert service.apply(other).returncode == GOOD
    other.unlink()
    service.reboot(BROKEN)
    assert fallback(service)["kind"] == "last good"
    assert not passes(service.lab)
    assert passes(service.lab, service.lab.web.ip4, 443)
    # A policy that is refused takes its place neither by hand.
    assert service.apply(BROKEN).returncode == NO
    assert fallback(service)["kind"] == "last good"


def test_nothing_was_kept(own_lab: Lab) -> None:
    with Service(own_lab, BROKEN) as service:
        assert_closed(service, "found 'alow'")
        # Whoever is at the console gets it going.
        assert service.apply(OPEN).returncode == GOOD
        assert passes(own_lab) and fallback(service) is None
        service.reboot(BROKEN)
        assert passes(own_lab)


def test_what_was_kept_is_torn(service: Service) -> None:
    text = index(service).read_text()
    kept = [service.state / line.split()[1] for line in text.splitlines()[3:-1]]
    assert len(kept) == 2
    for file in (index(service), *kept):
        whole = file.read_bytes()
        file.write_bytes(whole[:-1])
        service.reboot(BROKEN)
        assert_closed(service, "found 'alow'")
        assert "is torn, or was edited" in service.err
        file.write_bytes(whole)
    service.reboot()
    assert_last_good(service, "found 'alow'")


def test_what_was_kept_was_edited(service: Service) -> None:
    for file in service.state.iterdir():
        file.write_text(file.read_text().replace("lan -> wan", "any -> any"))
    service.reboot(BROKEN)
    assert_closed(service, "found 'alow'")


def test_only_root_can_read_it(service: Service) -> None:
    assert service.state.stat().st_mode & 0o777 == 0o700
    for file in service.state.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_list_is_written_once(service: Service) -> None:
    [kept] = [f for f in service.state.iterdir() if f.read_text() == "203.0.113.66\n"]
    before = kept.stat().st_ino
    assert service.apply(service.policy.read_text() + "# again\n").returncode == GOOD
    assert kept.stat().st_ino == before
    # Two policies, each with its entry in the history, one list; and the index.
    assert len(list(service.state.iterdir())) == 6


def test_a_folder_that_cannot_be_used(own_lab: Lab) -> None:
    """The policy is in force all the same, and status tells."""
    service = Service(own_lab, OPEN)
    service.state.write_text("no folder\n")
    with service:
        assert passes(own_lab)
        assert "Not a directory" in status(service)["last_good"]["problem"]
        assert "no last good policy is kept" in service.err
        assert "Not a directory" in service.command("status").stdout.splitlines()[0]


def test_rules_that_stand_before_the_gateway_does(own_lab: Lab) -> None:
    service = Service(own_lab, OPEN)
    assert passes(own_lab), "a host without rules"
    assert service.run_daemon("--close") == (0, "")
    assert not passes(own_lab) and not passes(own_lab, "10.0.0.1", 22)
    with service:
        assert passes(own_lab)
    # What a gateway has left is better, and stays.
    assert service.run_daemon("--close") == (0, "")
    assert passes(own_lab)


def test_neighbours_are_found_while_all_is_blocked(own_lab: Lab) -> None:
    service = Service(own_lab, BROKEN)

    def is_neighbour() -> bool:
        assert not passes(own_lab, "2001:db8:1::1")
        done = own_lab.lan.run(["ip", "neigh", "show", "2001:db8:1::1"])
        return "lladdr" in done.stdout

    def forget() -> None:
        own_lab.lan.run(["ip", "neigh", "flush", "all"])

    service.run_daemon("--close")
    forget()
    assert is_neighbour()
    with service:
        forget()
        assert is_neighbour()
        assert fallback(service)["kind"] == "closed"


def test_the_addresses_come_later(own_lab: Lab) -> None:
    """At boot: neither the interface's addresses nor those of listeners."""
    gw = own_lab.gw
    text = ZONES + "proxy { listen 10.0.0.77:3128 for lan }\nallow lan -> wan web\n"
    with Service(own_lab, text) as service:
        assert fallback(service) is None
        assert "no interface of this host has the address" in service.err
        url = "http://www.example.com/"
        gw.run(["ip", "address", "add", "10.0.0.77/24", "dev", "int0"], check=True)
        answer = own_lab.lan.curl(url, "-x", "http://10.0.0.77:3128")
        assert answer.status == 200
        # Later it is a mistake, and is refused.
        done = service.apply(text.replace("10.0.0.77", "10.0.0.78"))
        assert done.returncode != GOOD and "cannot listen" in done.stderr
    gw.run(["ip", "address", "del", "10.0.0.77/24", "dev", "int0"], check=True)


def test_in_the_foreground_only_if_asked(own_lab: Lab) -> None:
    with Gateway(own_lab, OPEN) as gateway:
        assert status(gateway)["last_good"] is None
    with pytest.raises(GatewayError) as refused:
        Gateway(own_lab, BROKEN).__enter__()
    assert refused.value.status == NO
    state = ("--state", str(own_lab.dir / "asked"))
    with Gateway(own_lab, OPEN, *state) as gateway:
        assert status(gateway)["last_good"]["problem"] is None
    with Gateway(own_lab, BROKEN, *state) as gateway:
        assert passes(own_lab)
        assert fallback(gateway)["kind"] == "last good"


def test_the_daemon_cannot_start(service: Service) -> None:
    """Then no policy can be in force, and what stood before stays."""
    service.stop()
    service.remove()
    service.options = ("--user", "nobody-of-that-name")
    assert service.run_daemon("--close")[0] == 0
    with pytest.raises(GatewayError):
        service.start()
    assert not passes(service.lab)
    service.options = ()
    service.start()
    assert passes(service.lab)


def test_it_is_killed_and_comes_back(service: Service) -> None:
    """The rules stand meanwhile; then the last good one, though nothing booted."""
    service.kill("gatehoused")
    service.wait(5)
    assert is_judged_by_last_good(service.lab)
    service.policy.write_text(BROKEN)
    service.start()
    assert_last_good(service, "found 'alow'")


def test_name_servers_come_later(own_lab: Lab) -> None:
    """As DHCP tells of them, when the network is up."""
    conf = own_lab.gw.etc / "resolv.conf"
    whole = conf.read_text()
    conf.write_text("nameserver 203.0.113.99\n")
    text = ZONES + "proxy { listen 10.0.0.1:3128 for lan }\nallow lan -> wan web\n"
    url, by = "http://www.example.com/", ("-x", "http://10.0.0.1:3128")
    with Service(own_lab, text):
        assert own_lab.lan.curl(url, *by, timeout=10).status in (502, 504)
        conf.write_text(whole)
        wait.until("names", lambda: own_lab.lan.curl(url, *by).status == 200, 15)


def test_who_waits_is_moved_to_other_name_servers(own_lab: Lab) -> None:
    """A question that the old ones have not answered is the new ones' then."""
    conf = own_lab.gw.etc / "resolv.conf"
    whole = conf.read_text()
    text = ZONES + "proxy { listen 10.0.0.1:3128 for lan }\nallow lan -> wan web\n"
    by = ("-x", "http://10.0.0.1:3128")
    waiting: list[int] = []

    def wait_for(name: str) -> None:
        waiting.append(own_lab.lan.curl(f"http://{name}/", *by, timeout=10).status)

    def is_known(name: str) -> bool:
        return own_lab.lan.curl(f"http://{name}/", *by, timeout=0.5).status == 200

    with own_lab.out.udp(timeout=5) as silent, Service(own_lab, text):
        silent.bind((own_lab.out.ip4, 53))
        conf.write_text(f"nameserver {own_lab.out.ip4}\n")
        # Until it is the silent one that is asked.
        wait.until("silence", lambda: not is_known("shop.example.com"), 10)
        waiter = threading.Thread(target=wait_for, args=["www.example.com"])
        waiter.start()
        while b"\x03www" not in silent.recv(512):
            continue
        conf.write_text(whole)
        wait.until("names", lambda: is_known("shop.example.com"), 10)
        waiter.join()
    assert waiting == [200]
