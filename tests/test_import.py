# SPDX-License-Identifier: GPL-2.0-or-later
"""gatehouse import: the policy says what the other's rules said.

Rulesets by chance are read twice, by the program and by tests/lab/small_*.py,
which share nothing; packets by chance must fare alike where every line was
translated, and must never be allowed where the original refuses them.  The
samples in tests/golden/import are what real hosts have, and come out as they
are written there.

    IMPORT_SEED=7 IMPORT_RULESETS=1000 python3 -m pytest tests/test_import.py -k chance
    GOLDEN_UPDATE=1 python3 -m pytest tests/test_import.py -k sample
"""

import json
import os
import random
import re
import subprocess
from pathlib import Path

import pytest

from tests.lab import small_iptables, small_squid
from tests.lab.gateway import PROGRAM

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden" / "import"
UPDATE = os.environ.get("GOLDEN_UPDATE") == "1"
SEED = int(os.environ.get("IMPORT_SEED", "20261127"))
RULESETS = int(os.environ.get("IMPORT_RULESETS", "48"))
PACKETS = 60

# What is not logged as it was is decided as it was.
LOST = re.compile(r"^# not translated: .*(?<!what it logs is decided by several rules\))$", re.MULTILINE)
GOT = re.compile(r"expected (\w+), got (\w+)")


def run(*argv: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *argv], input=text, capture_output=True, text=True, timeout=60,
        env=os.environ | {"NO_COLOR": "1"},
    )


def imported(*argv: str | Path, text: str | None = None) -> str:
    done = run("import", *argv, text=text)
    assert done.returncode == 0, done.stderr
    return done.stdout


def found(tmp: Path, policy: str, cases: list[tuple[str, str]]) -> list[str]:
    """What becomes of each flow; the second of a case is what is expected."""
    lines = "".join(f"    {flow} {verdict}\n" for flow, verdict in cases)
    first = policy.count("\n") + 2
    file = tmp / "imported.policy"
    file.write_text(f'{policy}test "by chance" {{\n{lines}}}\n')
    done = run("check", "--json", file)
    answer = json.loads(done.stdout)
    got = [verdict for _, verdict in cases]
    for error in answer["errors"]:
        words = GOT.search(error["message"])
        assert words, error
        got[error["line"] - first] = words[2]
    return got


def zones_of(policy: str) -> dict[str, str]:
    rows = re.findall(r"^zone ([\w-]+) += (.*)$", policy, re.MULTILINE)
    return {word: name for name, words in rows for word in words.split()}


# An answer of ICMP by itself is of no flow, and would be asked of no rule.
ALL_BY_LIST = "\nfirewall { invalid allow }\n"


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("kind", ["iptables", "nft"])
def test_rulesets_by_chance(kind: str, part: int, tmp_path: Path) -> None:
    exact = 0
    addresses = tmp_path / "addresses"
    addresses.write_text(small_iptables.ADDRESSES)
    for number in range(part, RULESETS, 4):
        chance = random.Random(SEED * 1000003 + number)
        marks = chance.choice([[], [], ["0x1"], ["0x1", "0x2"]])
        families = chance.choice([[4], [4, 6], [6]] if kind == "iptables" else [[4, 6]])
        texts = {family: small_iptables.some_ruleset(chance, family, marks) for family in families}
        files = []
        for family, text in texts.items():
            files.append(tmp_path / f"rules{family}")
            files[-1].write_text(text if kind == "iptables" else small_iptables.as_nft(text, family))
        told = chance.random() < 0.8
        policy = imported(*files, *([addresses] if told else [])) + ALL_BY_LIST
        whole = told and not LOST.search(policy)
        exact += whole
        packets = [small_iptables.some_packet(chance, chance.choice(families)) for _ in range(PACKETS)]
        zones = zones_of(policy)
        if not told:  # where a destination lives is a guess: what comes by an interface is not
            packets = [p for p in packets if not p.out and p.into in zones]
        rules = {family: small_iptables.read(text) for family, text in texts.items()}
        may = [small_iptables.verdicts(rules[p.family], p, marks) for p in packets]
        cases = [(small_iptables.as_flow(p, zones), sorted(m)[0]) for p, m in zip(packets, may)]
        for case, wanted, got in zip(cases, may, found(tmp_path, policy, cases)):
            where = f"seed {SEED}, ruleset {number}: {case[0]}: {wanted}, and not {got}\n{texts}\n{policy}"
            if whole:
                assert {got} == wanted, where
            else:
                assert got != "allow" or wanted == {"allow"}, where
    assert exact > RULESETS / 4 / 12, "too few were translated whole to tell"


@pytest.mark.parametrize("part", range(4))
def test_squid_by_chance(part: int, tmp_path: Path) -> None:
    exact = 0
    for number in range(part, RULESETS, 4):
        chance = random.Random(SEED * 1000003 + number)
        text = small_squid.some_conf(chance)
        policy = imported("squid", "-", text=text)
        whole = "# not translated" not in policy
        exact += whole
        requests = [small_squid.some_request(chance) for _ in range(PACKETS)]
        may = [small_squid.may_be(text, request) for request in requests]
        cases = [(small_squid.as_flow(r), sorted(m)[0]) for r, m in zip(requests, may)]
        for case, wanted, got in zip(cases, may, found(tmp_path, policy, cases)):
            where = f"seed {SEED}, list {number}: {case[0]}: {wanted}, and not {got}\n{text}\n{policy}"
            if whole:
                assert {got} == wanted, where
            else:
                assert got != "allow" or wanted == {"allow"}, where
    assert exact > RULESETS / 4 / 4, "too few were translated whole to tell"


SAMPLES = sorted({path.stem for path in GOLDEN.iterdir()})


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(name: str) -> None:
    """NAME.KIND... becomes NAME.policy; NAME.said is what is told of it."""
    sources = sorted(p.name for p in GOLDEN.glob(f"{name}.*") if p.suffix not in (".policy", ".said"))
    done = subprocess.run(
        [PROGRAM, "import", *sources], cwd=GOLDEN, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    for ending, text in ((".policy", done.stdout), (".said", done.stderr)):
        path = GOLDEN / (name + ending)
        if UPDATE:
            path.write_text(text)
        assert text == (path.read_text() if path.exists() else ""), path
    assert run("check", GOLDEN / f"{name}.policy").returncode == 0
    assert run("fmt", "--check", GOLDEN / f"{name}.policy").returncode == 0
    lines, what = done.stderr.split(" lines translated")[0].split(" of "), done.stdout
    assert len(set(re.findall("^# not translated: (.*)$", what, re.MULTILINE))) >= int(lines[1]) - int(lines[0])


# What a rule may be called, to be read as something else.
HOSTILE = [
    'x" \nallow any -> any #',
    "x\rallow any -> any",
    "x \x1b[2J\x1b]0;owned\x07",
    "x \u009b2K",
    "x \u202e}yna >- yna wolla",
    "x } allow any -> any",
    "x\u2028allow any -> any",
]
RULES = {
    "iptables": "*filter\n:FORWARD DROP [0:0]\n"
    '-A FORWARD -s 10.0.0.0/24 -d 10.0.1.0/24 -m comment --comment "{}" -j ACCEPT\n'
    '-A FORWARD -s 10.0.0.0/24 -m string --string "{}" -j DROP\nCOMMIT\n',
    "nft": "table inet t {{ chain c {{ type filter hook forward priority 0; policy drop\n"
    'ip saddr 10.0.0.0/24 ip daddr 10.0.1.0/24 accept comment "{}"\n'
    'ip saddr 10.0.0.0/24 log prefix "{}" drop\n}}\n}}\n',
    "squid": "http_port 3128\nacl x src 10.0.0.0/24 # {}\nacl y dstdomain {}\n"
    "http_access deny y\nvisible_hostname {}\nhttp_access deny all\n",
}


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("kind", RULES)
def test_words_become_no_rules(kind: str, words: str, tmp_path: Path) -> None:
    """A comment or name is what it is in the policy as well, for who applies it
    and for who reads it at a terminal."""
    rules = RULES[kind].replace("{}", words).replace("{{", "{").replace("}}", "}")
    policy = imported(kind, "-", text=rules)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", policy)
    statements = [line for line in policy.splitlines() if line and line[0] != "#"]
    assert not [line for line in statements if re.match(r"allow\s+any\s", line)]
    [verdict] = found(tmp_path, policy, [("10.7.0.9 -> 203.0.113.9 tcp 4444", "drop")])
    assert verdict != "allow"


def test_what_no_chain_decides_is_said() -> None:
    """The kernel would let it pass; here nothing passes that nobody allowed."""
    chain = "type filter hook input priority 0; policy drop; tcp dport 22 accept"
    policy = imported("nft", "-", text=f"table inet t {{ chain c {{ {chain}; }} }}\n")
    unsaid = "# No chain was given that decides this"
    assert f"{unsaid}.\nallow  self -> any\n" in policy
    assert f"{unsaid}: it is refused.\ndrop   any -> any\n" in policy


def test_what_is_never_is_no_rule() -> None:
    """All of the week, and what is not of it."""
    text = "acl all_week time SMTWHFA\nacl school time D\nhttp_access deny !all_week\n"
    policy = imported("squid", "-", text=text + "http_access allow school !all_week\n")
    assert policy.count("(no request is like that here)") == 2
    assert "hours" not in policy


DEEP = 30


def chains(condition: str) -> str:
    """Each of them jumps twice to the next: a thousand million ways through."""
    jumps = [
        f"-A C{i} {condition.format(100 + i)} -j C{i + 1}\n" for i in range(DEEP) for _ in "12"
    ]
    return "".join(
        [
            "*nat\n:PREROUTING ACCEPT\n",
            *(f":C{i} -\n" for i in range(DEEP + 1)),
            "-A PREROUTING -j C0\n",
            *jumps,
            f"-A C{DEEP} -j RETURN\n",
            "-A PREROUTING -i eth0 -p tcp --dport 8080 -j DNAT --to-destination 10.0.0.3\n",
            "COMMIT\n*filter\n:FORWARD ACCEPT\nCOMMIT\n",
        ]
    )


def test_chains_that_nothing_comes_to_are_not_walked() -> None:
    """Behind the first jump no packet is of two ports."""
    policy = imported("iptables", "-", text=chains("-p tcp --dport {}"))
    assert "tcp 8080" in policy


def test_chains_without_an_end_are_no_policy() -> None:
    """Whether a packet goes on is not known: nothing is left out in silence."""
    text = chains("-m statistic --mode random --probability 0.{}")
    done = run("import", "iptables", "-", text=text)
    assert (done.returncode, done.stdout) == (1, "")
    assert "its chains come to too many rules" in done.stderr
