# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration: real flows through the office's gateway, in one table.

    python3 -m tests.lab.demo [--once]      what `make run` calls, as root

What happened is measured at the client.  Who decided, when and by which rule
is what the gateway itself has logged of that flow; where the policy does not
log it, what `gatehouse explain` says, marked with a star.
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.lab import needs
from tests.lab.flows import FLOWS, Flow, Outcome
from tests.lab.gateway import GOOD, NO, PROGRAM, WRONG_WORLD
from tests.lab.gateway import Gateway, GatewayError
from tests.lab.journal import Event, Journal
from tests.lab.lab import Lab
from tests.lab.namespace import NamespaceError

LOGGED_S = 1.0  # an event comes this late at most
COLUMNS = {
    "flow": 26, "expected": 8, "happened": 8, "decided": 8, "phase": 7, "rule": 13
}  # fmt: skip
GREEN, RED, DIM, PLAIN = "\033[32m", "\033[31m", "\033[2m", ""


@dataclass(frozen=True)
class Row:
    """One flow, what was expected of it and what became of it."""

    flow: Flow
    happened: str
    enforcer: str
    phase: str
    rule: str
    explained: bool  # not logged, but told by `explain`

    @property
    def is_good(self) -> bool:
        """The right end is not enough: the right rule must have led there."""
        met = (self.happened, self.enforcer, self.rule)
        return met == (self.flow.expected, self.flow.enforcer, self.flow.rule)

    def cells(self) -> list[tuple[str, str]]:
        """The words of each column, and their colour."""
        flow, rule = self.flow, self.rule + ("*" if self.explained else "")
        return [
            (flow.words, PLAIN),
            (flow.expected, PLAIN),
            (self.happened, GREEN if self.happened == flow.expected else RED),
            (self.enforcer, PLAIN if self.enforcer == flow.enforcer else RED),
            (self.phase, PLAIN),
            (rule, PLAIN if self.rule == flow.rule else RED),
        ]


def observe(gateway: Gateway, flow: Flow) -> Row:
    journal = gateway.journal.from_here()
    outcome = flow.send(gateway.lab)
    event = decision(journal, outcome)
    if event:
        rule = event.rule_name or line_of(event.rule_line) or event.reason or "-"
        who, phase = event.enforcer or "-", event.phase or "-"
        return Row(flow, outcome.happened, who, phase, rule, explained=False)
    return explain(gateway, flow, outcome)


def decision(journal: Journal, outcome: Outcome) -> Event | None:
    """The last that the gateway says of the client's flow, if it says anything."""
    if not outcome.ports:
        return None
    client = {outcome.client.ip4, outcome.client.ip6}
    try:
        return journal.wait(LOGGED_S, source=client, source_port=outcome.ports)
    except TimeoutError:
        return None


def explain(gateway: Gateway, flow: Flow, outcome: Outcome) -> Row:
    said = gateway.explain(flow.explain_as)
    rule = said["rule"] or {}
    name = rule.get("name") or line_of(rule.get("line")) or "-"
    who, phase = said["enforcer"] or "-", said["phase"] or "-"
    return Row(flow, outcome.happened, who, phase, name, explained=True)


def line_of(line: int | None) -> str:
    return f"line {line}" if line else ""


# What is shown.


def paint(text: str, colour: str) -> str:
    plain = not colour or not sys.stdout.isatty() or "NO_COLOR" in os.environ
    return text if plain else f"{colour}{text}\033[0m"


def show_head() -> None:
    head = [word.ljust(width) for word, width in COLUMNS.items()]
    print("  ".join(head).rstrip())
    print(paint("  ".join("-" * width for width in COLUMNS.values()), DIM))


def show(row: Row) -> None:
    cells = zip(row.cells(), COLUMNS.values())
    words = [paint(text.ljust(width), colour) for (text, colour), width in cells]
    print("  ".join(words).rstrip(), flush=True)
    if not row.is_good:
        flow = row.flow
        meant = f"  ^ expected: {flow.expected}, by the {flow.enforcer}: {flow.rule}"
        print(paint(meant, RED))


def show_end(rows: list[Row], seconds: float) -> None:
    good = sum(row.is_good for row in rows)
    if any(row.explained for row in rows):
        print(paint("* not logged by the policy: what `gatehouse explain` says", DIM))
    verdict = paint(f"{good} of {len(rows)}", GREEN if good == len(rows) else RED)
    print(f"\n{verdict} flows went as expected, in {seconds:.1f} s.")


LOOK = """
The office stays up until Ctrl-C.  In another terminal, as root:

  {enter} lan curl http://www.example.com/
  {enter} guest curl https://ads.example.net/
                              (hosts: {hosts})
  ip netns exec {prefix}-gw nft list table inet gatehouse
  {program} log -f --runtime {runtime}
  {program} status --runtime {runtime}
  {program} explain {policy} \\
      'lan 10.0.0.4 -> https://ads.example.net/'

The policy is {policy}; edit it, then:

  ip netns exec {prefix}-gw {program} apply --runtime {runtime} {policy}
"""


def show_how_to_look(gateway: Gateway) -> None:
    print(
        LOOK.format(
            enter="python3 -m tests.lab.enter",
            hosts=" ".join(gateway.lab.hosts),
            prefix=gateway.lab.prefix,
            program=short(PROGRAM),
            runtime=gateway.runtime,
            policy=short(gateway.policy),
        ),
        flush=True,
    )


def short(path: Path) -> Path:
    """As seen from here, where that is nearer."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


# The course of it.


def demonstrate(once: bool) -> int:
    with Lab() as lab:
        if lacking := needs.missing_for_gateway(lab.gw):
            raise GatewayError(lacking)
        with Gateway(lab) as gateway:
            status = send_all(gateway)
            if not once:
                stay(gateway)
    return status


def send_all(gateway: Gateway) -> int:
    start = time.monotonic()
    show_head()
    rows = []
    for flow in FLOWS:
        rows.append(observe(gateway, flow))
        show(rows[-1])
    show_end(rows, time.monotonic() - start)
    return GOOD if all(row.is_good for row in rows) else NO


def stay(gateway: Gateway) -> None:
    """Until Ctrl-C; or until the gateway ends, which it should not."""
    try:
        show_how_to_look(gateway)
        gateway.wait()
    except KeyboardInterrupt:
        print("\nClosing the office.")
        return
    raise GatewayError(f"the gateway has ended\n{gateway.err}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make run", description="the demonstration")
    parser.add_argument("--once", action="store_true", help="end after the table")
    once = parser.parse_args().once
    if os.geteuid() != 0:
        return fail("make run needs root: sudo make run")
    if lacking := needs.missing_for_lab():
        return fail(lacking)
    if not PROGRAM.exists():
        return fail(f"{short(PROGRAM)} is not built: make")
    try:
        return demonstrate(once)
    except (GatewayError, NamespaceError, OSError, RuntimeError) as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return 130


def fail(words: str) -> int:
    print(words, file=sys.stderr)
    return WRONG_WORLD


if __name__ == "__main__":
    sys.exit(main())
