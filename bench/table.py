# SPDX-License-Identifier: GPL-2.0-or-later
"""One table of a case: medians, the cheapest first, Gatehouse on top and the
limit below, and how many times the cost of either each candidate has."""

import textwrap
from dataclasses import dataclass
from statistics import median

from bench.sample import Results, Sample
from bench.window import OTHERS_MAX

WIDTH = 80
COLUMNS = (13, 10, 13, 9, 10, 11, 7)


@dataclass(frozen=True)
class Heading:
    title: str
    cost: str  # its unit
    rate: str = ""
    first: str = "gatehouse"
    last: str = "limit"  # how the limit's name begins


def lines(heading: Heading, results: Results) -> list[str]:
    found = results.of(heading.title)
    costs = {name: median(s.cost for s in found[name]) for name in found}
    limit = next((n for n in costs if n.startswith(heading.last)), "")
    head = ["", heading.cost, "least-most", "with load", heading.rate]
    shown = [heading.title, _line([*head, "x " + heading.first, "x " + heading.last])]
    for name in sorted(costs, key=lambda n: (n == limit, n != heading.first, costs[n])):
        ratios = [_ratio(costs[name], costs.get(to)) for to in (heading.first, limit)]
        shown.append(_line([name, *_cells(found[name]), *ratios]))
    return shown


def closing(results: Results) -> list[str]:
    """Who is not in the tables, and what to think of those who are."""
    said = [f"not measured: {n}: {why}" for n, why in results.missing.items()]
    said += [f"note: {note}" for note in results.notes]
    said += [f"fault: {fault}" for fault in results.faults]
    said += _disturbed([s.others for s in results.samples if s.others is not None])
    return [line for text in said for line in _wrapped(text)]


def _disturbed(others: list[float]) -> list[str]:
    loud = sum(other > OTHERS_MAX for other in others)
    if not loud:
        return []
    return [f"note: in {loud} of {len(others)} windows others had a core's"
            f" {OTHERS_MAX:.0%} or more, up to {max(others):.0%}"]


def _wrapped(text: str) -> list[str]:
    text = textwrap.shorten(text, 240, placeholder=" ...")
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ")


def _cells(samples: list[Sample]) -> list[str]:
    costs = [s.cost for s in samples]
    of_all = [s.cost_of_all for s in samples if s.cost_of_all is not None]
    rates = [s.rate for s in samples if s.rate is not None]
    return [
        figure(median(costs)),
        f"{figure(min(costs))}-{figure(max(costs))}",
        figure(median(of_all)) if of_all else "",
        figure(median(rates)) if rates else "",
    ]


def _ratio(cost: float, to: float | None) -> str:
    return f"{cost / to:.2f}" if to else "-"


def _line(cells: list[str]) -> str:
    name, *rest = zip(cells, COLUMNS)
    padded = [name[0].ljust(name[1])] + [cell.rjust(width) for cell, width in rest]
    return " ".join(padded).rstrip()


def figure(value: float) -> str:
    """Three figures that mean something."""
    for least, form in ((100, ",.0f"), (10, ".1f"), (1, ".2f")):
        if value >= least:
            return format(value, form)
    return format(value, ".3f")
