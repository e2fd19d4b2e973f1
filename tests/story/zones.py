# SPDX-License-Identifier: GPL-2.0-or-later
"""The beginning of a story's policy: the lab's zones; and where a rule stands."""

ZONES = """
zone lan   = int0  10.0.0.0/24  2001:db8:1::/64
zone guest = int1  10.0.9.0/24  2001:db8:9::/64
zone wan   = ext0
"""


def line_of(policy: str, words: str) -> int:
    """The number of the one line that has these words."""
    [number] = [n for n, l in enumerate(policy.splitlines(), 1) if words in l]
    return number
