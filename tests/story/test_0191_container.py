# SPDX-License-Identifier: GPL-2.0-or-later
"""As in a container of share/oci/Containerfile: what that starts, with no more
capabilities than docs/operating.md gives it, and /proc/sys not to be written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import recipe
from tests.lab.lab import Lab
from tests.lab.service import DAEMON, Service
from tests.story.zones import ZONES

POLICY = ZONES + (
    "proxy { intercept web for lan, guest }\n"
    "reject lan, guest -> ads.example.net\n"
    "allow lan, guest -> wan\n"
)
COUNTING = ("nf_conntrack_acct", "nf_conntrack_timestamp")
NOT_KNOWN = "bytes and age of flows are not known"
READ_ONLY = (
    "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys"
    ' && exec "$@"'
)


class Contained(Service):
    """The container's command, with the folders of the lab."""

    def argv(self) -> list[str | Path]:
        env, notify, daemon, *options = super().argv()
        assert daemon == DAEMON
        call = recipe.call()
        entry = call[: call.index("gatehoused") + 1]
        bounds = ",".join(["-all", *("+" + name for name in recipe.capabilities())])
        confined = ["setpriv", f"--bounding-set={bounds}", "--inh-caps=-all"]
        path = f"PATH={DAEMON.parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        within = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh"]
        return [env, notify, path, *within, *confined, "--no-new-privs", *entry, *options]


def set_counting(lab: Lab, value: str) -> None:
    for name in COUNTING:
        lab.gw.sysctl(f"net.netfilter.{name}", value)


@pytest.fixture
def contained(own_lab: Lab) -> Iterator[Contained]:
    set_counting(own_lab, "1")
    with Contained(own_lab, POLICY) as service:
        yield service
    service.remove()


def test_it_decides(contained: Contained) -> None:
    lan = contained.lab.lan
    assert lan.curl("http://www.example.com/").status == 200
    assert lan.curl("http://ads.example.net/").status == 403
    assert contained.err == ""


def test_its_rules_outlive_it(contained: Contained) -> None:
    contained.stop()
    assert "chain" in contained.table()


def test_it_says_what_is_not_counted(own_lab: Lab) -> None:
    set_counting(own_lab, "0")
    with Contained(own_lab, POLICY) as service:
        assert NOT_KNOWN in service.err
    service.remove()
