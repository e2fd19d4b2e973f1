# SPDX-License-Identifier: GPL-2.0-or-later
"""One policy of small_policy.py in force, and packets sent through it.

Of each packet the kernel must do what the policy says: deliver it, where and as
what; refuse it; hand it to the proxy; or nothing.  The counters must have moved
as often, and the packet log must have the same records, each of its packet.
What was delivered is answered, and the answer must come home; then the client
goes on, and must be heard where it was before: by the proxy, if it was handed
over, and then nothing may come out.  None of that moves a counter or is logged again.
"""

from collections import Counter
from dataclasses import replace

from tests.lab import small_policy
from tests.lab.frames import PORTED, Packet, Seen
from tests.lab.small_policy import Expected, Policy, Reading
from tests.lab.wires import Wires

# The kernel speaks for itself now and then, of what conntrack does not know.
UNCERTAIN = {"invalid"}
FATES = ("delivered", "arrived", "handed", "refused", "nothing")


class Round:
    def __init__(self, gate: Wires, policy: Policy, packets: list[tuple[str, Packet]]):
        self.gate = gate
        self.policy = policy
        self.packets = packets
        self.expected = small_policy.expected_of_all(policy, packets)
        self.lost: list[tuple[int, Expected]] = []  # what followed, and is not let on
        self.wrong: list[str] = []

    def run(self) -> None:
        self.gate.log.read()  # what came before
        refused_at_once = self._send()
        seen = self.gate.seen()
        self._answer(seen)
        self._go_on(seen)
        counters, self.sets = self.gate.tallies()
        fates = self._fates(seen, refused_at_once)
        for (link, packet), expected, fate in zip(self.packets, self.expected, fates):
            if not self._agrees(link, expected, fate):
                self.wrong.append(f"{link or 'self'} {packet}\n  {expected}\n  {fate}")
        self._compare_counters(counters)
        self._compare_records()

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
        return [
            self._fate(packet, delivered, told | refused, resets)
            for _, packet in self.packets
        ]

    def _fate(self, packet, delivered, told, resets) -> object:
        arrived = "pinged" if packet.protocol == "icmp" else "arrived"
        if packet.sport and packet.sport in self.sets["handed"]:
            return "handed"
        if packet.sport and packet.sport in self.sets[arrived]:
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

    def _compare_counters(self, found: dict[str, int]) -> None:
        every = [*self.expected, *(e for _, e in self.lost)]
        wanted = Counter(name for e in every for name in e.counters)
        for name in sorted(wanted.keys() | found.keys()):
            if name not in UNCERTAIN and wanted[name] != found.get(name, 0):
                told = f"{wanted[name]} packets, the kernel {found.get(name, 0)}"
                self.wrong.append(f"counter {name}: the policy says {told}")

    def _compare_records(self) -> None:
        first = [(packet.number, e) for (_, packet), e in zip(self.packets, self.expected)]
        every = [*first, *self.lost]
        wanted = Counter((number, record) for number, e in every for record in e.records)
        found = Counter(self.gate.log.read())
        for record in wanted - found:
            self.wrong.append(f"log: {record} is missing")
        for record in found - wanted:
            self.wrong.append(f"log: {record} is more than the policy says")

    def _answer(self, seen: list[tuple[str, Seen]]) -> None:
        """Each flow that was delivered is answered, and must hear it, unless it
        came from where no route leads back."""
        waiting = []
        for link, one, packet in self._delivered(seen, from_gateway=True):
            self.gate.send(link, answer_to(packet, one))  # a counter would tell
        for link, one, packet in self._delivered(seen):
            self.gate.send(link, answer_to(packet, one))
            if self.policy.is_astray(packet.source):
                self.lost.append((packet.number, Expected("nothing", ["misrouted"])))
            else:
                waiting.append(packet)
        self.gate.wait_passed()
        heard = {
            (link, s.number, s.source, s.destination, s.sport, s.dport)
            for link, s in self.gate.seen()
        }
        for packet in waiting:
            home, ends = small_policy.link_of(packet.source), packet.answer()
            ports = ends.sport, ends.dport
            ports = ports if packet.protocol in PORTED else (0, 0)
            answer = (home, packet.number, ends.source, ends.destination, *ports)
            if answer not in heard:
                self.wrong.append(f"no answer came home to {packet}")

    def _delivered(
        self, seen: list[tuple[str, Seen]], from_gateway: bool = False
    ) -> list[tuple[str, Seen, Packet]]:
        """With the packet as it was sent, of those that came by a wire, or of
        those of the gateway itself."""
        sent = {
            packet.number: packet
            for link, packet in self.packets
            if bool(link) != from_gateway and not packet.is_invalid  # it begins no flow
        }
        return [
            (link, one, sent[one.number])
            for link, one in seen
            if is_delivery(one) and one.number in sent
        ]

    def _go_on(self, seen: list[tuple[str, Seen]]) -> None:
        links = {packet.number: link for link, packet in self.packets}
        wanted = set()
        for link, one, packet in self._delivered(seen):
            if packet.protocol == "sctp":  # goes on by what the other side has said
                continue
            wanted.add((link, replace(one, sequence=0)))
            self.gate.send(links[packet.number], packet.next())
        begun = self._go_on_with_proxy(seen)
        self.gate.wait_passed()
        for one in begun ^ self.gate.taken():
            verb = "does not get" if one in begun else "gets"
            self.wrong.append(f"the proxy {verb} {one}")
        found = {(link, s) for link, s in self.gate.seen() if is_delivery(s)}
        for one in wanted ^ found:
            verb = "does not come out" if one in wanted else "comes out"
            self.wrong.append(f"of a flow that goes on {one} {verb}")

    def _go_on_with_proxy(self, seen: list[tuple[str, Seen]]) -> set:
        """The connections that the kernel has accepted for it."""
        accepted = {(s.source, s.dport): s for _, s in seen if s.sequence}
        begun = set()
        for link, packet in self.packets:
            said = accepted.get((packet.destination, packet.sport))
            if not said or packet.protocol != "tcp" or packet.is_invalid or not link:
                continue
            self.gate.send(link, packet.next(said.sequence))
            if lost := Reading(self.policy, packet, link).expected_next():
                self.lost.append((packet.number, lost))
                continue
            begun.add((packet.source, packet.sport, packet.destination, packet.dport))
        return begun


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
