# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel does what the policy says: random policies, random packets.

Each round compiles a policy, puts it in force at the gateway of wires.py and
sends packets from every side to every side.  What becomes of each (delivered
where and as what, refused, handed to the proxy, nothing) and how often each
rule's counter moved is compared with small_policy.py, which reads the policy a
second time and shares nothing with the compiler.  Of what was delivered the
answer is sent back as well: it must come home.

    KERNEL_POLICIES=1000    more rounds than in a hurry
    KERNEL_SEED=4711        the seed of the first round; others follow
"""

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab import small_chance, small_policy, wires
from tests.lab.frames import Packet, Seen
from tests.lab.gateway import PROGRAM
from tests.lab.small_conditions import Passed
from tests.lab.small_policy import Expected, Policy, Reading
from tests.lab.wires import Wires

ROUNDS = int(os.environ.get("KERNEL_POLICIES", "20"))
PACKETS = 100
# The kernel speaks for itself now and then, of what conntrack does not know.
UNCERTAIN = {"invalid"}
FATES = ("delivered", "arrived", "handed", "refused", "nothing")


class Round:
    def __init__(self, gate: Wires, policy: Policy, packets: list[tuple[str, Packet]]):
        self.gate = gate
        self.policy = policy
        self.packets = packets
        self.expected = small_policy.expected_of_all(policy, packets)
        self.wrong: list[str] = []

    def run(self) -> None:
        refused_at_once = self._send()
        frames_seen = self.gate.seen()
        fates = self._fates(frames_seen, refused_at_once)
        for (link, packet), expected, fate in zip(self.packets, self.expected, fates):
            if not self._agrees(link, expected, fate):
                self.wrong.append(f"{link or 'self'} {packet}\n  {expected}\n  {fate}")
        self._compare_counters()
        self._answer(frames_seen)

    def _send(self) -> set[int]:
        refused = set()
        for link, packet in self.packets:
            if link:
                self.gate.send(link, packet)
            elif not self.gate.send_from_gateway(packet):
                refused.add(packet.number)
        self.gate.wait_passed()
        return refused

    def _fates(self, seen: list[tuple[str, Seen]], refused: set[int]) -> list[object]:
        delivered = {s.number: (link, s) for link, s in seen if is_delivery(s)}
        told = {s.number for _, s in seen if s.is_prohibited}
        resets = {(s.source, s.dport) for _, s in seen if s.is_reset}
        names = ("arrived", "handed", "pinged")
        sets = {name: self.gate.arrived(name) for name in names}
        return [
            self._fate(packet, delivered, told | refused, resets, sets)
            for _, packet in self.packets
        ]

    def _fate(self, packet, delivered, told, resets, sets) -> object:
        arrived = "pinged" if packet.protocol == "icmp" else "arrived"
        if packet.sport and packet.sport in sets["handed"]:
            return "handed"
        if packet.sport and packet.sport in sets[arrived]:
            return "arrived"
        if packet.number in delivered:
            return delivered[packet.number]
        if packet.protocol == "tcp":  # a reset, and nothing else
            is_reset = (packet.destination, packet.sport) in resets
            return "refused" if is_reset else "nothing"
        return "refused" if packet.number in told else "nothing"

    def _agrees(self, link: str, expected: Expected, fate: object) -> bool:
        if expected.fate == "delivered":
            return isinstance(fate, tuple) and is_as_expected(expected, *fate)
        if not link:  # of its own packets the sender hears the same either way
            return fate in ("refused", "nothing")
        return fate == expected.fate

    def _compare_counters(self) -> None:
        wanted = Counter(name for e in self.expected for name in e.counters)
        found = self.gate.counters()
        for name in sorted(wanted.keys() | found.keys()):
            if name not in UNCERTAIN and wanted[name] != found.get(name, 0):
                told = f"{wanted[name]} packets, the kernel {found.get(name, 0)}"
                self.wrong.append(f"counter {name}: the policy says {told}")

    def _answer(self, seen: list[tuple[str, Seen]]) -> None:
        """Each flow that was delivered is answered, and must hear it."""
        by_number = {p.number: (link, p) for link, p in self.packets}
        waiting = {}
        for link, one in seen:
            if not is_delivery(one) or not by_number[one.number][0]:
                continue
            packet = by_number[one.number][1]
            waiting[one.number] = packet
            self.gate.send(link, answer_to(packet, one))
        self.gate.wait_passed()
        heard = {
            (link, s.number, s.source, s.destination) for link, s in self.gate.seen()
        }
        for number, packet in waiting.items():
            home = small_policy.link_of(packet.source)
            if (home, number, packet.destination, packet.source) not in heard:
                self.wrong.append(f"no answer came home to {packet}")


def is_delivery(seen: Seen) -> bool:
    return seen.number is not None and not seen.is_error and not seen.is_answer


def is_as_expected(expected: Expected, link: str, seen: Seen) -> bool:
    return (link, seen.source, seen.destination, seen.dport) == (
        expected.link,
        expected.source,
        expected.destination,
        expected.dport,
    )


def answer_to(packet: Packet, seen: Seen) -> Packet:
    """By whoever got it: to the address that it seems to come from."""
    as_seen = Packet(
        packet.number,
        seen.source,
        seen.destination,
        packet.protocol,
        sport=packet.sport if packet.protocol == "icmp" else seen.sport,
        dport=seen.dport,
        kind=packet.kind,
    )
    return as_seen.answer()


def test_random_policies(gate: Wires, compiled: Callable[..., str]) -> None:
    seed = int(os.environ.get("KERNEL_SEED", random.SystemRandom().randrange(1 << 30)))
    print(f"KERNEL_SEED={seed} KERNEL_POLICIES={ROUNDS}")
    fates: Counter[str] = Counter()
    maps = 0
    for number in range(ROUNDS):
        chance = random.Random(seed + number)
        policy = small_chance.random_policy(chance)
        ruleset = wires.fill_own(compiled(policy.text(), policy.clock.zone), policy.own())
        packets = small_chance.random_packets(chance, policy, PACKETS)
        this = Round(gate, policy, packets)
        gate.begin(ruleset, policy.listening)
        this.run()
        gate.end()
        maps += "\tmap shape." in ruleset
        fates.update(e.fate for e in this.expected)
        again = f"KERNEL_SEED={seed + number} KERNEL_POLICIES=1"
        if this.wrong:
            pytest.fail("\n".join([again, policy.text(), *this.wrong]))
    print(f"{ROUNDS} policies, {sum(fates.values())} packets: {dict(fates)}")
    print(f"{maps} of them long enough for maps")
    if ROUNDS >= 200:  # fewer may well have been short by chance
        assert maps > ROUNDS / 10, "lists that are too short"
        assert min(fates[f] for f in FATES) > 0, f"a world that is too small: {fates}"


def explained(
    gate: Wires, file: Path, link: str, policy: Policy, packet: Packet
) -> dict:
    """What `explain` says of it on the gateway, which knows its addresses."""
    zones = [zone for zone in policy.zones if small_policy.LINK[zone] == link]
    home = policy.home(packet.source)
    zone = home if home in zones else zones[0]
    what = packet.kind or packet.dport or ""
    flow = f"{zone} {packet.source} -> {packet.destination} {packet.protocol} {what}"
    flow += f" at {policy.clock}"
    done = gate.run([str(PROGRAM), "explain", "--json", str(file), flow])
    assert done.returncode in (0, 1), f"{flow}\n{done.stderr}"
    return json.loads(done.stdout)


def can_be_written(reading: Reading) -> bool:
    """A flow names its zone; and `explain` knows the zone of one of the
    gateway's addresses by the zones' prefixes, not by its interface."""
    policy, destination = reading.policy, reading.packet.destination
    if reading.source_zone == small_policy.NOWHERE:
        return False
    return not policy.is_own(destination) or policy.own_zone(
        destination
    ) == policy.home(destination)


def agrees_with(reading: Reading, said: dict) -> bool:
    line = said["rule"] and said["rule"]["line"]
    if reading.source_zone == "":
        return (said["verdict"], line) == ("drop", None)
    way = reading.way()
    rule, _ = reading.decide(way)
    if rule is not None:
        wanted = (rule.verdict, rule.line or None)
        return said["phase"] == "packet" and (said["verdict"], line) == wanted
    if way == "uncarried":
        return (said["verdict"], line) == ("reject", None)
    return said["verdict"] == "undecided" or said["phase"] != "packet"


def test_explain_says_the_same(gate: Wires, tmp_path: Path) -> None:
    """The words for people are those of the kernel."""
    seed = int(os.environ.get("KERNEL_SEED", random.SystemRandom().randrange(1 << 30)))
    file = tmp_path / "random.policy"
    for number in range(ROUNDS):
        chance = random.Random(seed + number)
        policy = small_chance.random_policy(chance)
        file.write_text(policy.text())
        for link, packet in small_chance.random_packets(chance, policy, 10):
            reading = Reading(policy, packet, link)
            if not link or not can_be_written(reading):
                continue
            said = explained(gate, file, link, policy, packet)
            if not agrees_with(reading, said):
                again = f"KERNEL_SEED={seed + number} KERNEL_POLICIES=1"
                words = [again, file.read_text(), f"{link} {packet}", str(said)]
                pytest.fail("\n".join([*words, str(reading.expected(Passed()))]))
