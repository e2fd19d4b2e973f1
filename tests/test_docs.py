# SPDX-License-Identifier: GPL-2.0-or-later
"""The documents say what is true.

In the Markdown of this repository a fence's word says what is done with it:

    policy         is checked, and must be good.  If its first line is a comment
                   `# NAME.policy: ...` it is whole, and the document's other
                   examples may ask it; else what it lacks is put before it
    policy-wrong   is checked as well, and has just the errors that its comments
                   `# error: MESSAGE` say, each in its line
    console        `$ gatehouse check|explain|show ...` is run, and its output
                   compared.  What has the prompt `#` is root's and not run
                   (that of docs/manual.md is, by tests/story/test_0190_manual.py)

In messages and output `...` stands for any words, alone in its line for any
lines.
"""

import json
import math
import os
import re
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.lab.flows import FLOWS

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / os.environ.get("BUILD", "build") / "gatehouse"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
POLICY_MD = ROOT / "docs" / "policy.md"
OPERATING_MD = ROOT / "docs" / "operating.md"
EVENTS_MD = ROOT / "docs" / "events.md"
GOOD, NO = 0, 1

# What fragments lean on; a fragment that defines one of these does without.
PREAMBLE = {
    "zone lan": "zone lan = int0 10.0.0.0/24 2001:db8:1::/64",
    "zone guest": "zone guest = int1 10.0.9.0/24",
    "zone wan": "zone wan = ext0",
    "name printers": "name printers = 10.0.0.200",
    "proxy": "proxy { listen 10.0.0.1:3128 for lan; intercept web for lan, guest }",
}
FENCE = re.compile(r"^```([\w-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WHOLE = re.compile(r"# (\S+\.policy)\b")
ERROR = re.compile(r"# error: (.*)$")
PURE = ("check", "explain", "show")  # commands that change nothing


@dataclass(frozen=True)
class Block:
    """One fenced block of a document."""

    document: Path
    line: int
    word: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def blocks_of(document: Path) -> list[Block]:
    text = document.read_text()
    return [
        Block(document, text.count("\n", 0, m.start()) + 1, m[1], m[2])
        for m in FENCE.finditer(text)
    ]


def blocks(*words: str) -> list[Block]:
    return [b for d in DOCUMENTS for b in blocks_of(d) if b.word in words]


def completed(block: Block) -> tuple[str, int]:
    """The policy with what it lacks, and how many lines were put before it."""
    if WHOLE.match(block.text):
        return block.text, 0
    has_zones = re.search(r"^zone ", block.text, re.MULTILINE)
    before = [
        text
        for head, text in PREAMBLE.items()
        if not re.search(rf"^{head}\b", block.text, re.MULTILINE)
        and not (has_zones and head != "name printers")
    ]
    return "\n".join([*before, block.text]), len(before)


@cache
def certificate() -> tuple[bytes, bytes]:
    """Of a proxy, and its key."""
    with tempfile.TemporaryDirectory() as name:
        key, pem = Path(name, "key"), Path(name, "pem")
        call = "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 60"
        call += f" -subj /CN=proxy.example.com -keyout {key} -out {pem}"
        subprocess.run(call.split(), check=True, capture_output=True)
        return pem.read_bytes(), key.read_bytes()


@cache
def ca() -> bytes:
    """A CA, made once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ca.pem")
        subprocess.run([PROGRAM, "ca", "create", path], check=True, capture_output=True)
        return path.read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As it looks to the examples: the repository's lists and policies in it."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "lists").symlink_to(ROOT / "examples" / "lists")
    (tmp_path / "build").symlink_to(PROGRAM.parent)
    pem, key = certificate()
    (tmp_path / "proxy.pem").write_bytes(pem)
    (tmp_path / "staff-ca.pem").write_bytes(pem)
    (tmp_path / "proxy.key").write_bytes(key)
    (tmp_path / "proxy.key").chmod(0o600)
    (tmp_path / "ca.pem").write_bytes(ca())
    (tmp_path / "ca.pem").chmod(0o600)
    return tmp_path


def check(folder: Path, text: str) -> tuple[int, dict]:
    (folder / "fragment.policy").write_text(text)
    argv = [PROGRAM, "check", "--json", "fragment.policy"]
    done = subprocess.run(argv, cwd=folder, text=True, capture_output=True)
    return done.returncode, json.loads(done.stdout)


# What is written as policy is policy.


def pattern_of(line: str) -> str:
    """A line of the document; `...` in it stands for any words."""
    return ".*".join(map(re.escape, line.split("...")))


@pytest.mark.parametrize("block", blocks("policy"), ids=str)
def test_examples_are_good(block: Block, folder: Path) -> None:
    status, said = check(folder, completed(block)[0])
    assert said["errors"] == [] and status == GOOD


@pytest.mark.parametrize("block", blocks("policy-wrong"), ids=str)
def test_wrong_examples_have_the_errors_they_name(block: Block, folder: Path) -> None:
    text, before = completed(block)
    named = [
        (number + before, found[1])
        for number, line in enumerate(block.text.splitlines(), 1)
        if (found := ERROR.search(line))
    ]
    status, said = check(folder, text)
    errors = [(error["line"], error["message"]) for error in said["errors"]]
    assert [line for line, _ in errors] == [line for line, _ in named], errors
    for (_, message), (_, expected) in zip(errors, named):
        assert re.fullmatch(pattern_of(expected), message), message
    assert named and status == NO


def test_the_manual_page_s_example_is_good(folder: Path) -> None:
    page = (ROOT / "share" / "man" / "gatehouse.policy.5").read_text()
    example = re.search(r"^\.Bd -literal\n(.*?)^\.Ed", page, re.M | re.S)[1]
    status, said = check(folder, example)
    assert said["errors"] == [] and status == GOOD


# What is written as output is output.


def dialogue(block: Block) -> list[tuple[str, list[str]]]:
    """Commands of ordinary users, each with the lines that follow it."""
    said: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            said.append((line[2:], []))
        elif said:
            said[-1][1].append(line)
    return said


def matches(expected: list[str], found: str) -> bool:
    """Blank lines at the end do not count."""
    lines = [
        r"(?:.*\n)*" if line == "..." else pattern_of(line) + r"\n" for line in expected
    ]
    return re.fullmatch("".join(lines), found.rstrip("\n") + "\n") is not None


@pytest.mark.parametrize("block", blocks("console"), ids=str)
def test_output_is_what_is_printed(block: Block, folder: Path) -> None:
    for other in blocks_of(block.document):
        if other.word == "policy" and (name := WHOLE.match(other.text)):
            (folder / name[1]).write_text(other.text)
    for command, lines in dialogue(block):
        argv = shlex.split(command)
        if Path(argv[0]).name != "gatehouse" or argv[1] not in PURE:
            continue
        # A check's warnings belong to it; `show` may miss the proxy's user.
        err = subprocess.STDOUT if argv[1] == "check" else subprocess.PIPE
        done = subprocess.run(
            [PROGRAM, *argv[1:]],
            cwd=folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=err,
        )
        while lines and not lines[-1]:
            lines.pop()
        assert matches(lines, done.stdout), f"{command}\n{done.stdout}"


def test_something_is_compared() -> None:
    """Were the fences renamed, all of the above would pass for want of any."""
    counts = {w: len(blocks(w)) for w in ("policy", "policy-wrong", "console")}
    assert all(count >= 5 for count in counts.values()), counts


def test_the_readme_s_policy_is_the_example() -> None:
    office = (ROOT / "examples" / "office.policy").read_text().splitlines()
    lines = {" ".join(line.split()) for line in office}
    [block] = [b for b in blocks("policy") if b.document.name == "README.md"]
    excerpt = [" ".join(line.split()) for line in block.text.splitlines()]
    assert [line for line in excerpt if line not in lines] == []


def test_the_readme_s_table_is_the_demonstration() -> None:
    """Its phases are the running gateway's; the rest is what is expected."""
    rows = {flow.words: flow for flow in FLOWS}
    [table] = [b.text for b in blocks("text") if b.text.startswith("flow ")]
    head, rule, *lines = table.splitlines()
    assert head.split("  ")[0] == "flow" and set(rule) == {"-", " "}
    for line in lines[:-1]:
        words, expected, happened, who, _, rule = re.split(r"  +", line)
        flow = rows[words]
        named = (flow.expected, flow.expected, flow.enforcer, flow.rule)
        assert (expected, happened, who, rule) == named
    assert len(lines) > 5 and lines[-1] == "..."


# Commands, words and numbers are those of the program.


@cache
def known_commands() -> set[str]:
    done = subprocess.run([PROGRAM, "--help"], text=True, capture_output=True)
    return set(re.findall(r"^  ([a-z]+) {2,}\S", done.stdout, re.MULTILINE))


def code_of(document: Path) -> list[str]:
    """All that is set as code: fences, and `this` in the text."""
    text = document.read_text()
    fences = [block.text for block in blocks_of(document)]
    return fences + re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_commands_exist(document: Path) -> None:
    code = "\n".join(code_of(document))
    named = set(re.findall(r"(?:^|[\s'/])gatehouse ([a-z]+)", code, re.MULTILINE))
    assert named <= known_commands(), named - known_commands()


def test_the_manual_has_every_statement() -> None:
    """Of the parser's table."""
    parser = (ROOT / "src" / "policy" / "parse.c").read_text()
    table = parser.split("} statements[] = {", 1)[1].split("};", 1)[0]
    statements = re.findall(r'\{ "(\w+)",', table)
    assert len(statements) >= 20
    grammar = next(b.text for b in blocks_of(POLICY_MD) if b.word == "ebnf")
    page = (ROOT / "share" / "man" / "gatehouse.policy.5").read_text()
    for word in statements:
        assert f'"{word}"' in grammar, word
        assert re.search(rf"^\.It Cm .*\b{word}\b", page, re.MULTILINE), word


def sources(folder: str) -> str:
    parts = (ROOT / "src" / folder).glob("*.[ch]")
    return "\n".join(path.read_text() for path in sorted(parts))


def words_that_are_read() -> set[str]:
    """Wherever the parser and the reader of flows look for a word."""
    parser = (ROOT / "src" / "policy").glob("parse*.c")
    others = ("reader.c", "resolve_case.c", "flow_text.c", "flow_facts.c")
    files = [*parser, *(ROOT / "src" / "policy" / name for name in others)]
    code = "".join(path.read_text() for path in sorted(files))
    looked_for = re.findall(r'reader_at_word\([\w>-]+,\s*"([a-z]+)"', code)
    rows = re.findall(r'\{ "([a-z]+)", (?:parse|read)_\w+', code)
    return set(looked_for) | set(rows)


def test_the_grammar_has_every_word_that_is_read() -> None:
    grammar = next(b.text for b in blocks_of(POLICY_MD) if b.word == "ebnf")
    words = words_that_are_read()
    assert {"hours", "except", "burst", "source", "header", "explicit"} <= words
    # `self` is one of the words that a `word` of the grammar may be.
    assert [w for w in sorted(words) if f'"{w}"' not in grammar] == ["self"]


def test_the_grammar_has_every_reserved_word() -> None:
    """But for those that the manual says are kept for later."""
    grammar = next(b.text for b in blocks_of(POLICY_MD) if b.word == "ebnf")
    code = (ROOT / "src" / "policy" / "words.c").read_text()
    table = re.search(r"reserved\[\] = \{(.*?)\}", code, re.DOTALL)[1]
    reserved = re.findall(r'"([a-z]+)"', table)
    text = " ".join(POLICY_MD.read_text().split())
    later = re.search(r"nor can ([^.;]*?), which (?:is|are) kept for later versions", text)
    kept = set(re.findall(r"`([a-z]+)`", later[1])) if later else set()
    assert len(reserved) > 30 and kept.isdisjoint(words_that_are_read())
    spelt = set(re.findall(r'"([a-z]+)"', grammar))
    # `any` and `self` are words for what a `word` of the grammar may name.
    assert set(reserved) - spelt == kept | {"any", "self"}


def rule_items() -> list[str]:
    code = (ROOT / "src" / "policy" / "parse_rule_item.c").read_text()
    table = re.search(r"\} rule_items\[\] = \{\n(.*?)^\};", code, re.M | re.S)[1]
    return re.findall(r'\{ "([a-z]+)"', table)


def facts() -> list[str]:
    code = (ROOT / "src" / "policy" / "flow_facts.c").read_text()
    return re.findall(r'\{ "([a-z]+)", read_fact_', code)


def test_the_manual_teaches_every_item_of_rules_and_flows() -> None:
    """Not in the grammar alone: in the text, and in the manual page."""
    text = FENCE.sub("", POLICY_MD.read_text())
    page = (ROOT / "share" / "man" / "gatehouse.policy.5").read_text()
    assert len(rule_items()) >= 12 and len(facts()) >= 7
    for word in rule_items():
        assert re.search(rf"^(?:- |\| )`{word}\b", text, re.MULTILINE), word
        assert re.search(rf"^\.It Cm {word}\b", page, re.MULTILINE), word
    for word in facts():
        assert re.search(rf"^ *\| `{word}\b", text, re.MULTILINE), word
        assert re.search(rf"^\.Op Cm {word}\b", page, re.MULTILINE), word


def test_the_manual_has_the_letters_of_days_and_rates() -> None:
    hours = (ROOT / "src" / "policy" / "hours.c").read_text()
    days = re.findall(r'"([a-z]{3})"', hours.split("days[]", 1)[1].split(";", 1)[0])
    code = (ROOT / "src" / "policy" / "resolve_limit.c").read_text()
    units = re.findall(r"\{ '([a-z])', \d+ \}", code)
    assert len(days) == 7 and len(units) == 4
    text = POLICY_MD.read_text()
    taught = [f"`{day}`" for day in days] + [f"(`{unit}`)" for unit in units]
    assert [word for word in taught if word not in text] == []


def test_errors_name_sections_that_exist() -> None:
    """tests/test_golden.py looks at what each error says."""
    named = re.findall(r'"(docs/\w+\.md)#([\w-]+)"', sources("policy"))
    assert len(named) >= 12
    for document, anchor in named:
        assert anchor in anchors(ROOT / document), anchor


def test_the_manual_has_the_keys_of_a_finding(folder: Path) -> None:
    _, said = check(folder, "name unused = 10.0.0.1\nallow any -> any\n")
    [warning] = said["warnings"]
    _, said = check(folder, "xyzzy\n")
    [error] = said["errors"]
    text = POLICY_MD.read_text().split("## What check says", 1)[1]
    keys = set(said) | set(error) | set(warning)
    assert {"see", "hint", "by"} <= keys
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_the_grammar_has_no_words_of_its_own() -> None:
    grammar = next(b.text for b in blocks_of(POLICY_MD) if b.word == "ebnf")
    code = sources("policy")
    for word in set(re.findall(r'"([a-z]+)"', grammar)):
        assert re.search(rf'"{word}"|ROW\(\w+, {word}\b', code), word


def test_the_manual_has_every_service_and_kind() -> None:
    builtin = (ROOT / "share" / "builtin.policy").read_text()
    words = (ROOT / "src" / "policy" / "words.h").read_text()
    names = re.findall(r"^service (\S+)", builtin, re.MULTILINE)
    names += re.findall(r'^\tROW\("([a-z0-9-]+)", *-?\d', words, re.MULTILINE)
    names += re.findall(r"^\tROW\(\w+, (\w+), \d+,", words, re.MULTILINE)
    assert len(names) > 30
    text = POLICY_MD.read_text()
    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_manual_has_the_limits() -> None:
    limits = (ROOT / "src" / "policy" / "limits.h").read_text()
    limits += (ROOT / "src" / "policy" / "include.h").read_text()
    rows = dict(re.findall(r"^\| ([^|]+) \| (\d+) \|$", POLICY_MD.read_text(), re.M))
    # Of the files in files the first is none of the included ones.
    depth = re.search(r"#define INCLUDE_DEPTH_MAX (\d+)", limits)[1]
    inside = rows["files that include files, one in the other"]
    assert int(inside) == int(depth) - 1
    for name, row in {
        "INCLUDE_FILES_MAX": "files of a policy",
        "POLICY_ZONES_MAX": "zones",
        "POLICY_RULES_MAX": "rules",
        "POLICY_ZONE_NAME_MAX": "letters of a zone's name",
        "POLICY_NAME_MAX": "letters of the name of a name, list, service, hours or parent",
        "POLICY_RULE_NAME_MAX": "characters of a rule's name",
        "POLICY_INTERFACE_MAX": "letters of an interface",
        "POLICY_SERVICE_ITEMS_MAX": "protocols and ports of a service",
        "POLICY_PARENT_SERVERS_MAX": "servers of a parent",
        "POLICY_SHIFTED_PORTS_MAX": "ports that one `publish` moves",
        "POLICY_RATE_MAX": "flows of a rate, a burst, or connections",
        "POLICY_BANDWIDTHS_MAX": "rules with a bandwidth",
        "POLICY_FILE_BYTES_MAX": "MiB of a policy file",
        "POLICY_LIST_BYTES_MAX": "MiB of a list file",
        "POLICY_USERS_MAX": "users",
        "POLICY_USERS_BYTES_MAX": "MiB of a file of users",
        "POLICY_CERTIFICATES_MAX": "certificates of a listener",
        "POLICY_CERTIFICATE_BYTES_MAX": "MiB of a certificate's file",
        "POLICY_CA_BYTES_MAX": "MiB of the CA's file",
    }.items():
        value = re.search(rf"#define {name} +(?:\(\(size_t\))?(\d+)", limits)[1]
        assert rows[row] == value, name


def test_the_manual_has_every_kind_of_warning() -> None:
    code = sources("policy") + sources("daemon")
    kinds = set(re.findall(r'report_warning\(\s*[\w>-]+,\s*"([a-z-]+)"', code))
    assert "unused" in kinds and "interface" in kinds
    text = POLICY_MD.read_text()
    assert [kind for kind in kinds if f"| `{kind}` |" not in text] == []


# Messages that are explained are messages.


def explained() -> list[str]:
    """The words in front of each explanation: **`MESSAGE`**."""
    found = re.findall(r"^\*\*`(.+?)`\*\*", OPERATING_MD.read_text(), re.MULTILINE)
    return found


@cache
def all_texts() -> str:
    """Every string of the daemons, those that are cut over lines in one piece."""
    parts = ("cli", "daemon", "firewall", "policy", "console")
    return re.sub(r'"\s*"', "", "\n".join(sources(part) for part in parts))


@pytest.mark.parametrize("message", explained())
def test_explained_messages_exist(message: str) -> None:
    """Words in capitals stand for what differs from case to case."""
    pieces = re.split(r"\b[A-Z]{2,}(?:[:/][A-Z]+)*\b|\.\.\.", message)
    pieces = [piece.strip(" ():,") for piece in pieces]
    assert any(len(piece) > 8 for piece in pieces)
    for piece in pieces:
        assert piece in all_texts(), piece


def test_messages_are_explained() -> None:
    assert len(explained()) >= 10


def test_the_kernel_s_features_are_listed() -> None:
    code = (ROOT / "src" / "firewall" / "kernel.c").read_text()
    rows = re.findall(r"^\| ([^|]+) \| (.*) \|$", OPERATING_MD.read_text(), re.M)
    modules = {name: set(re.findall(r"`(\w+)`", cell)) for name, cell in rows}
    features = re.findall(r'\.name = "([^"]+)",.*?\.cure = "(.*?)\bkernel', code, re.S)
    assert len(features) > 10
    for name, cure in features:
        loaded = set(re.findall(r"\bn(?:ft?|fnetlink)_\w+", cure)) or {"nf_tables"}
        assert modules[name] == loaded, name


def test_the_kernel_s_counters_are_listed() -> None:
    """All but the rules', which have their lines."""
    code = (ROOT / "src" / "firewall").glob("compile*.c")
    text = "\n".join(path.read_text() for path in code)
    counted = set(re.findall(r'counter name \\"([a-z.]+)\\"', text))
    manual = OPERATING_MD.read_text()
    table = manual.split("| counter | packets that |\n", 1)[1].split("\n\n", 1)[0]
    assert "spoofed" in counted
    assert set(re.findall(r"^\| `([a-z.]+)` \|", table, re.MULTILINE)) == counted


def test_the_proxy_s_counters_are_listed() -> None:
    header = (ROOT / "src" / "event" / "counter.h").read_text()
    counted = re.findall(r"^\tROW\([A-Z_]+, (\w+),", header, re.MULTILINE)
    manual = OPERATING_MD.read_text()
    table = manual.split("| counter | counts |\n", 1)[1].split("\n\n", 1)[0]
    assert len(counted) > 15
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == counted


def test_the_reasons_of_events_are_listed() -> None:
    words = (ROOT / "src" / "policy" / "words.h").read_text()
    reasons = re.findall(r'^\tROW\(\w+, "[a-z]+",[\s\\]*"([^"]+)"\)', words, re.MULTILINE)
    header = (ROOT / "src" / "proxy" / "failure.h").read_text()
    [limited] = re.findall(r'ROW\(LIMITED, 429, "([^"]+)"\)', header)
    ends = [ROOT / "src" / p for p in ("firewall/flow_log.c", "daemon/flows.c")]
    text = "\n".join(path.read_text() for path in ends)
    of_flows = re.findall(r'^#define REASON_\w+ +"([^"]+)"', text, re.MULTILINE)
    table = EVENTS_MD.read_text().split("| reason |", 1)[1].split("\n\n", 1)[0]
    listed = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(reasons) >= 4 and listed == [*reasons, limited, *of_flows]


def test_events_have_the_keys_that_are_listed() -> None:
    events = EVENTS_MD.read_text()
    keys = events.split("## The keys", 1)[1].split("\n## ", 1)[0]
    cells = re.findall(r"^\| (`[a-z_.`, ]+`) \|", keys, re.MULTILINE)
    listed = [key for cell in cells for key in re.findall(r"`([a-z_.]+)`", cell)]
    shown = [json.loads(b.text) for b in blocks_of(EVENTS_MD) if b.word == "json"]
    assert len(listed) > 20 and len(shown) == 3
    for event in shown:
        assert list(event) == [key for key in listed if "." not in key]
        for key in listed:
            outer, _, inner = key.partition(".")
            assert not inner or event[outer] is None or inner in event[outer]


def test_the_proxy_s_failures_are_listed() -> None:
    header = (ROOT / "src" / "proxy" / "failure.h").read_text()
    rows = re.findall(r'ROW\(\w+, (\d+),[\s\\]*"([^"]+)"\)', header)
    manual = OPERATING_MD.read_text()
    listed = re.findall(r"^\| (\d+) \| (.+) \|$", manual, re.MULTILINE)
    assert len(rows) > 20 and listed == rows


def test_the_proxy_s_waits_are_listed() -> None:
    limits = (ROOT / "src" / "proxy" / "limits.h").read_text()
    found = re.findall(r"PROXY_(\w+)_TIMEOUT +\(([\d *]+) \* CLOCK_SECOND\)", limits)
    seconds = {name: math.prod(map(int, n.split("*"))) for name, n in found}
    table = OPERATING_MD.read_text().split("| what | seconds |\n", 1)[1]
    rows = re.findall(r"^\| .* \| (\d+) \|$", table.split("\n\n", 1)[0], re.MULTILINE)
    order = (
        "PREFACE GREETING HANDSHAKE HEAD KEEP DIAL PARENT PARENT_ANSWER ANSWER STALL TUNNEL"
        " DATAGRAM POOL PONG"
    ).split()
    assert sorted(order) == sorted(seconds)
    assert [int(row) for row in rows] == [seconds[name] for name in order]


# Links lead somewhere.


def anchors(document: Path) -> set[str]:
    text = FENCE.sub("", document.read_text())
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head).lower().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = FENCE.sub("", document.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        to = document.parent / path if path else document
        assert to.exists(), target
        assert not anchor or anchor in anchors(to), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_files_that_are_named_exist(document: Path) -> None:
    """`src/policy/parse.c` and the like, from the root or from src/."""
    named = re.findall(
        r"`((?:src|docs|tests|share|scripts|examples|bench|policy|firewall|proxy"
        r"|daemon|console|event|http|net|base|cli)/[\w./-]+\.(?:c|h|md|py|policy))`",
        document.read_text(),
    )
    lost = [
        name
        for name in named
        if not re.search("PART|FILE", name)
        and not (ROOT / name).exists()
        and not (ROOT / "src" / name).exists()
    ]
    assert not lost, lost
