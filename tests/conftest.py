# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests share: one lab for all stories, a gateway for each file.

A story that asks for `gateway` gets one that runs the policy of its file (the
text POLICY there, or else examples/office.policy).  It is shared by the
stories of the file, which therefore leave it as they found it.  A story that
breaks something asks for `start_gateway`, and has a lab of its own to break.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from signal import SIGINT, default_int_handler, signal

import pytest

from tests.lab import conntrack, needs
from tests.lab.gateway import OFFICE, PROGRAM, Gateway
from tests.lab.journal import Journal
from tests.lab.lab import Lab


def pytest_terminal_summary(terminalreporter) -> None:
    """Say in the closing lines what was skipped, and why: one line a reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, count in Counter(report.longrepr[2] for report in skipped).items():
        terminalreporter.write_line(f"{count} not run. {reason}")


def pytest_configure() -> None:
    """Programs end by SIGINT, also if a shell started all this with `&`."""
    signal(SIGINT, default_int_handler)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    if lacking := needs.missing_for_lab():
        pytest.skip(lacking)
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="session")
def able_lab(lab: Lab) -> Lab:
    """The lab, where the kernel has what Gatehouse needs."""
    if lacking := needs.missing_for_gateway(lab.gw):
        pytest.skip(lacking)
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM} is not built: make")
    return lab


@pytest.fixture(scope="module")
def gateway_lab(able_lab: Lab) -> Lab:
    """The same, without the flows of other files: they would be listed, ended and
    counted here, and what was masqueraded under a policy of theirs has a port from
    which the gateway can ask nothing."""
    conntrack.forget(able_lab.gw)
    return able_lab


@pytest.fixture(scope="module")
def gateway(request: pytest.FixtureRequest, gateway_lab: Lab) -> Iterator[Gateway]:
    policy = getattr(request.module, "POLICY", OFFICE)
    with Gateway(gateway_lab, policy) as gateway:
        yield gateway


@pytest.fixture
def own_lab(gateway_lab: Lab) -> Iterator[Lab]:
    """A second lab, for this story alone."""
    with Lab() as lab:
        yield lab


@pytest.fixture
def start_gateway(own_lab: Lab) -> Iterator[Callable[..., Gateway]]:
    """`start_gateway(policy)` in `own_lab`; it ends with the story."""
    with ExitStack() as stack:
        yield lambda policy=OFFICE: stack.enter_context(Gateway(own_lab, policy))


@pytest.fixture
def journal(gateway: Gateway) -> Journal:
    """The events of this story."""
    return gateway.journal.from_here()
