# SPDX-License-Identifier: GPL-2.0-or-later
"""The script by which browsers know the proxy (`show pac`), run in Node.js and,
where it is, in the parser that other programs use, against `explain`."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.lab import certificate
from tests.lab.gateway import GOOD, NO, PROGRAM, WRONG_CALL

POLICY = """
zone lan = int0 10.0.0.0/24 2001:db8:1::/64
zone dmz = int2 10.0.5.0/24
zone wan = ext0
list ads   = domains "ads.hosts"
list many  = domains "many.hosts"
name banks = { .bank.example, www.pay.example }
hours open = mon-fri 08:00-18:00
service web = { tcp 80, tcp 443 }

proxy {
    listen 10.0.0.1:3128 for lan
    listen [2001:db8:1::1]:3128 for lan
    listen 10.0.5.1:3128 for dmz
    intercept web for lan
}

reject lan -> ads
allow lan -> 10.0.5.80 tcp 80 direct
allow lan -> dmz tcp 80
allow lan -> dmz tcp 8000-8099 direct
allow lan -> banks except slow.bank.example tcp 443 direct
allow lan -> many web direct
allow 10.0.0.25 -> 198.51.100.0/24 tcp 443 direct
allow lan -> 192.0.2.0/24 web direct during open
allow lan -> __proto__.example web direct
allow lan -> post.example web method POST direct
allow lan -> *.under.example web direct
allow lan -> 203.0.113.0/24, 2001:db8:f::/48 udp 443 direct
allow lan -> 203.0.113.80, 2001:db8:f::80 direct
allow lan -> wan web
"""
BOTH = "PROXY 10.0.0.1:3128; PROXY [2001:db8:1::1]:3128"

# What lives in the zone, or nowhere; all others have a rule to answer for.
AT_HOME = (
    "http://10.0.0.9/",
    "https://10.0.0.255:8443/x",
    "http://[2001:db8:1::77]/",
    "http://[2001:DB8:1:0:0:0:0:77]:80/",
    "http://127.0.0.1:8080/",
    "http://[::1]/",
    "http://localhost/",
    "http://a.LOCALHOST:1/",
    "http://169.254.1.1/",
    "http://[fe80::1]/",
)
DIRECT = (
    "http://10.0.5.80/",
    "ws://10.0.5.80/chat",
    "http://10.0.5.7:8000/",
    "http://[::ffff:10.0.5.7]:8099/",
    "https://bank.example/",
    "https://WWW.bank.example./",
    "https://a.b.bank.example/x?y=1",
    "https://user:pass@www.pay.example/",
    "wss://www.pay.example/",
    "https://__proto__.example/",
    "https://a.under.example/",
    "http://203.0.113.80:9999/",
    "https://[2001:db8:f::80]/",
)
PROXIED = (
    "http://www.example.com/",
    "https://10.0.5.80/",
    "http://10.0.5.81/",
    "http://10.0.5.7:8100/",
    "http://10.0.5.7:7999/",
    "http://bank.example/",
    "https://bank.example:444/",
    "https://slow.bank.example/",
    "https://notbank.example/",
    "https://bank.example.com/",
    "https://pay.example/",
    "https://x.www.pay.example/",
    "https://198.51.100.7/",
    "https://192.0.2.7/",
    "https://toString/",
    "https://hasownproperty/",
    "https://post.example/",
    "https://under.example/",
    "https://203.0.113.81/",
    "https://[2001:db8:f::81]/",
    "https://[2001:db8:2::77]/",
    "http://10.0.0.9.example/",
    "http://10.0.0/",
    "http://10.0.0.256/",
    "http://ads.example/",
    "ftp://10.0.5.80/",
    "http://localhost.example/",
    "https://bank.example@www.example.com/",
    "nonsense",
    "https://[::ffff:1:2:3:4:5:6:7:8]/",
)

RUN = """
const fs = require("fs");
const urls = JSON.parse(fs.readFileSync(0, "utf8"));
eval(fs.readFileSync(process.argv[1], "utf8") +
  ";globalThis.find = FindProxyForURL;");
console.log(JSON.stringify(urls.map(([url, host]) => find(url, host))));
"""


def gatehouse(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAM), *map(str, argv)]
    return subprocess.run(command, text=True, capture_output=True, timeout=30)


def host_of(url: str) -> str:
    """As browsers hand it over: without user and port, IPv6 in brackets."""
    authority = re.sub(r"^[a-z]+://", "", url).split("/")[0].rsplit("@")[-1]
    return re.sub(r":\d+$", "", authority)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pac")
    (folder / "ads.hosts").write_text("ads.example\n")
    (folder / "many.hosts").write_text("".join(f"h{i}.many.example\n" for i in range(5000)))
    (folder / "office.policy").write_text(POLICY.replace("allow lan -> many web direct\n", ""))
    (folder / "large.policy").write_text(POLICY)
    return folder


def script(policy: Path, *words: str) -> str:
    done = gatehouse("show", "pac", policy, *words)
    assert (done.returncode, done.stderr) == (GOOD, "")
    return done.stdout


def ask(pac: str, urls: tuple[str, ...], tmp_path: Path) -> list[str]:
    if not shutil.which("node"):
        pytest.skip("apt-get install nodejs")
    path = tmp_path / "proxy.pac"
    path.write_text(pac)
    asked = json.dumps([[url, host_of(url)] for url in urls])
    done = subprocess.run(
        ["node", "-e", RUN, path], input=asked, text=True, capture_output=True, check=True
    )
    return json.loads(done.stdout)


def test_what_goes_which_way(office: Path, tmp_path: Path) -> None:
    pac = script(office / "office.policy", "for", "lan")
    urls = AT_HOME + DIRECT + PROXIED
    told = dict(zip(urls, ask(pac, urls, tmp_path)))
    wanted = dict.fromkeys(AT_HOME + DIRECT, "DIRECT") | dict.fromkeys(PROXIED, BOTH)
    assert told == wanted


@pytest.mark.parametrize("url", DIRECT)
def test_what_goes_directly_may(office: Path, url: str) -> None:
    """And a rule says so, which is the one that decides."""
    plain = re.sub(r"^ws", "http", url).replace("user:pass@", "").replace("./", "/")
    policy = office / "office.policy"
    done = gatehouse("explain", "--json", policy, f"lan 10.0.0.4 -> {plain}")
    answer = json.loads(done.stdout)
    assert answer["verdict"] == "allow", done.stdout
    rule = policy.read_text().splitlines()[answer["rule"]["line"] - 1]
    assert rule.endswith(" direct"), rule


def test_a_listener_that_speaks_tls_comes_first(office: Path, tmp_path: Path) -> None:
    certificate.make(office, ["proxy.example.com", "10.0.0.1"])
    secure = '    listen tls 10.0.0.1:3129 for lan certificate "server.pem" key "server.key"\n'
    before = "    intercept web"
    policy = office / "secure.policy"
    policy.write_text((office / "office.policy").read_text().replace(before, secure + before))
    done = gatehouse("show", "pac", policy, "for", "lan")
    assert done.returncode == GOOD, done.stderr
    told = ask(done.stdout, ("http://www.example.com/",), tmp_path)
    assert told == ["HTTPS 10.0.0.1:3129; " + BOTH]


def test_of_a_long_list_the_proxy_decides(office: Path, tmp_path: Path) -> None:
    """Of itself alone: whatever it would say, others say the same."""
    pac = script(office / "large.policy", "for", "lan")
    assert len(pac) < 20000
    urls = ("https://bank.example/", "https://h1.many.example/", "https://a.under.example/")
    assert ask(pac, urls, tmp_path) == ["DIRECT", BOTH, "DIRECT"]


def test_another_zone_another_way(office: Path, tmp_path: Path) -> None:
    pac = script(office / "office.policy", "for", "dmz")
    urls = ("http://10.0.5.9/", "http://10.0.0.9/", "https://bank.example/")
    proxy = "PROXY 10.0.5.1:3128"
    assert ask(pac, urls, tmp_path) == ["DIRECT", proxy, proxy]


def test_a_listener_that_speaks_tls(office: Path, tmp_path: Path) -> None:
    key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=gate"
    files = f"-keyout {office}/gate.pem -out {office}/chain.pem"
    subprocess.run(
        f"openssl req -x509 {key} {files}".split(), check=True, capture_output=True
    )
    (office / "gate.pem").chmod(0o600)
    policy = office / "secure.policy"
    policy.write_text(
        POLICY.replace(
            "listen 10.0.5.1:3128 for dmz",
            'listen tls 10.0.5.1:3129 for dmz certificate "chain.pem" key "gate.pem"',
        )
    )
    pac = script(policy, "for", "dmz")
    assert ask(pac, ["https://bank.example/"], tmp_path) == ["HTTPS 10.0.5.1:3129"]


def test_in_the_parser_of_others(office: Path) -> None:
    pacparser = pytest.importorskip("pacparser", reason="apt-get install python3-pacparser")
    pacparser.init()
    pacparser.parse_pac_string(script(office / "office.policy", "for", "lan"))
    try:
        urls = [url for url in AT_HOME + DIRECT + PROXIED if "://" in url]
        told = {url: pacparser.find_proxy(url, host_of(url)) for url in urls}
    finally:
        pacparser.cleanup()
    assert {url for url in urls if told[url] == "DIRECT"} == set(AT_HOME + DIRECT)


@pytest.mark.parametrize(
    "words, status, said",
    [
        (["for", "wan"], NO, "no listener of the proxy is for this zone"),
        (["for", "nowhere"], NO, "the policy has no zone 'nowhere'"),
        ([], NO, "say for which zone"),
        (["of", "lan"], WRONG_CALL, "show pac takes FILE [for ZONE]"),
        (["for"], WRONG_CALL, "show pac takes FILE [for ZONE]"),
    ],
)
def test_calls_that_are_wrong(office: Path, words: list[str], status: int, said: str) -> None:
    done = gatehouse("show", "pac", office / "office.policy", *words)
    assert done.returncode == status and said in done.stderr and done.stdout == ""
