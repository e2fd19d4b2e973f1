# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that people use, through TLS that is opened: each by each way in which
it reaches the proxy, as far as it knows that way.

    intercepted   it knows of no proxy
    explicit      a proxy, in the clear
    secure        a proxy that is reached by TLS: TLS in TLS
"""

import contextlib
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import certificate, packages
from tests.lab.gateway import PROGRAM, Gateway
from tests.lab.host import Host
from tests.lab.journal import Journal
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
    listen tls 10.0.0.1:3129 for lan certificate "server.pem" key "server.key"
    intercept https for lan
    ca "ca.pem"
}

reject lan -> any https path "*/refused*"    log as "refused"
allow  lan -> any https inspect              log as "inside"
allow  lan -> any tcp 3129
allow  lan -> wan udp 53
reject any -> any                            log as "rest"
"""
)

SITE = "https://www.example.com"
FILES = SITE + "/files"
# The proxy is known by a name that its certificate has.
WAYS = {
    "intercepted": "",
    "explicit": "http://10.0.0.1:3128",
    "secure": "https://self.example.com:3129",
}
every_way = pytest.mark.parametrize("proxy", WAYS.values(), ids=WAYS.keys())


@pytest.fixture(scope="module")
def gateway(gateway_lab) -> Iterator[Gateway]:
    trusted = gateway_lab.dir / "etc" / "ssl" / "certs" / "ca-certificates.crt"
    trusted.parent.mkdir(parents=True)
    shutil.copy(gateway_lab.dir / "authority.pem", trusted)
    gateway = Gateway(gateway_lab, POLICY)
    # The script by which browsers find it has its address.
    made = certificate.make(gateway.dir, ["self.example.com", "10.0.0.1"])
    made.key.chmod(0o600)
    make = [PROGRAM, "ca", "create", gateway.dir / "ca.pem"]
    subprocess.run(make, check=True, capture_output=True)
    export = [PROGRAM, "ca", "export", gateway.dir / "ca.pem"]
    ours = subprocess.run(export, check=True, capture_output=True).stdout
    (gateway.dir / "ours.crt").write_bytes(ours)
    (gateway.dir / "trusted.crt").write_bytes(ours + made.authority.read_bytes())
    try:
        with gateway:
            yield gateway
    finally:
        shutil.rmtree(gateway_lab.dir / "etc" / "ssl")


@pytest.fixture
def trusted(gateway: Gateway) -> Path:
    """The gateway's CA, and whoever has signed for its listener."""
    return gateway.dir / "trusted.crt"


@pytest.fixture
def lan(gateway: Gateway) -> Host:
    return gateway.lab.lan


def need(program: str, package: str = "") -> None:
    if not shutil.which(program):
        pytest.skip(f"apt-get install {package or program}")


def run(host: Host, argv: list, timeout: float = 30, **env: object) -> subprocess.CompletedProcess:
    words = [f"{name}={value}" for name, value in env.items()]
    return host.run(["env", *words, *argv], timeout=timeout)


def was_inside(journal: Journal, url: str, rule: str = "inside") -> None:
    journal.wait(rule_name=rule, url=url)


def by_environment(proxy: str) -> dict[str, str]:
    return {"https_proxy": proxy} if proxy else {}


# curl, and what is made of its library.


@every_way
@pytest.mark.parametrize("version", ["1.1", "2"])
def test_curl(journal: Journal, lan: Host, trusted: Path, proxy: str, version: str) -> None:
    argv = ["--cacert", str(trusted), "--proxy-cacert", str(trusted), f"--http{version}"]
    argv += ["--proxy", proxy] if proxy else []
    good, refused = lan.curl(FILES + "/x", *argv), lan.curl(SITE + "/refused", *argv)
    assert (good.exit, good.status) == (0, 404), good.error
    assert (refused.status, refused.info["http_version"]) == (403, version)
    was_inside(journal, SITE + "/refused", "refused")


@every_way
def test_git(gateway: Gateway, journal: Journal, lan: Host, trusted: Path, tmp_path: Path, proxy) -> None:
    """A clone, and what git says of a refusal."""
    need("git")
    repository = gateway.lab.pages.files / "story.git"
    if not repository.exists():
        make_repository(repository, tmp_path)
    env = {"GIT_SSL_CAINFO": trusted, "GIT_PROXY_SSL_CAINFO": trusted}
    env |= {"GIT_CONFIG_NOSYSTEM": 1, "HOME": tmp_path} | by_environment(proxy)
    done = run(lan, ["git", "clone", "-q", FILES + "/story.git", tmp_path / "copy"], **env)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copy" / "hello").read_text() == "hello\n"
    was_inside(journal, FILES + "/story.git/HEAD")
    done = run(lan, ["git", "ls-remote", FILES + "/refused.git"], **env)
    assert done.returncode != 0 and "403" in done.stderr


def make_repository(bare: Path, scratch: Path) -> None:
    tree = scratch / "tree"
    tree.mkdir()
    (tree / "hello").write_text("hello\n")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for argv in (
        [*git, "init", "-q", tree],
        [*git, "-C", tree, "add", "hello"],
        [*git, "-C", tree, "commit", "-q", "-m", "hello"],
        [*git, "clone", "-q", "--bare", tree, bare],
        [*git, "--git-dir", bare, "update-server-info"],
    ):
        subprocess.run(argv, check=True, capture_output=True)


# Those who fetch packages.


@every_way
def test_apt(gateway: Gateway, journal: Journal, lan: Host, trusted: Path, tmp_path: Path, proxy) -> None:
    """From a repository of the lab's; the proxy's certificate is in the same file."""
    need("apt-get", "apt")
    repository = gateway.lab.pages.files / "apt"
    repository.mkdir(exist_ok=True)
    (repository / "Packages.gz").write_bytes(gzip.compress(PACKAGES.encode()))
    for folder in ("lists/partial", "archives/partial", "empty"):
        (tmp_path / folder).mkdir(parents=True)
    sources = tmp_path / "sources.list"
    sources.write_text(f"deb [trusted=yes] {FILES}/apt ./\n")
    options = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": tmp_path / "empty",
        "Dir::Etc::Parts": tmp_path / "empty",
        "Dir::State": tmp_path,
        "Dir::State::Lists": tmp_path / "lists",
        "Dir::Cache": tmp_path,
        "APT::Sandbox::User": "root",
        "APT::Architecture": "amd64",
        "Acquire::Languages": "none",
        "Acquire::https::CAInfo": trusted,
        "Acquire::https::Proxy": proxy or "DIRECT",
        "Acquire::Retries": 0,
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    done = run(lan, ["apt-get", *words, "update"], APT_CONFIG="/dev/null")
    assert done.returncode == 0 and "E:" not in done.stderr, done.stdout + done.stderr
    done = run(lan, ["apt-cache", *words, "show", "hello-lab"], APT_CONFIG="/dev/null")
    assert "Package: hello-lab" in done.stdout
    was_inside(journal, FILES + "/apt/./Packages.gz")


PACKAGES = """Package: hello-lab
Version: 1.0
Architecture: all
Maintainer: Lab <lab@example.com>
Filename: ./hello-lab_1.0_all.deb
Size: 1
SHA256: 4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865
Description: what a repository of the lab has
"""


@every_way
def test_npm(gateway: Gateway, journal: Journal, lan: Host, trusted: Path, tmp_path: Path, proxy) -> None:
    """A package is installed from a registry of the lab's."""
    need("npm")
    packages.node_module(gateway.lab.pages.files / "npm", FILES + "/npm", "hello-lab")
    (tmp_path / "package.json").write_text('{"name": "x", "version": "1.0.0"}')
    argv = ["npm", "install", "--prefix", tmp_path, "--registry", FILES + "/npm/"]
    argv += ["--cafile", trusted, "--no-audit", "--no-fund", "--no-update-notifier"]
    argv += ["--fetch-retries", 0, *(["--https-proxy", proxy] if proxy else ["--noproxy", "*"])]
    # What npm makes of `cafile` holds for servers, and not for a proxy.
    env = {"HOME": tmp_path, "NODE_EXTRA_CA_CERTS": trusted, "npm_config_cache": tmp_path / "cache"}
    done = run(lan, [*argv, "hello-lab"], **env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "node_modules" / "hello-lab" / "index.js").exists()
    was_inside(journal, FILES + "/npm/hello-lab.tgz")


@every_way
def test_pip(gateway: Gateway, journal: Journal, lan: Host, trusted: Path, tmp_path: Path, proxy) -> None:
    probe = [sys.executable, "-m", "pip", "--version"]
    if subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("apt-get install python3-pip")
    wheel = packages.wheel(gateway.lab.pages.files, "hello-lab").name
    url = f"{FILES}/{wheel}"
    argv = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-cache-dir"]
    argv += ["--disable-pip-version-check", "--retries", 0, "--dest", tmp_path]
    argv += [*(["--proxy", proxy] if proxy else []), url]
    # Its library takes this word before the option `--cert`, and before others.
    env = {"REQUESTS_CA_BUNDLE": trusted, "HOME": tmp_path, "PIP_CONFIG_FILE": "/dev/null"}
    done = run(lan, argv, **env)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / wheel).exists()
    was_inside(journal, url)


# Programs that are written in a moment.

URLLIB = """
import ssl, sys, urllib.error, urllib.request
context = ssl.create_default_context(cafile=sys.argv[1])
print(urllib.request.urlopen(sys.argv[2] + "/py", context=context).status)
try:
    urllib.request.urlopen(sys.argv[2] + "/refused", context=context)
except urllib.error.HTTPError as error:
    print(error.code)
"""


@pytest.mark.parametrize("way", ["intercepted", "explicit"])
def test_urllib(journal: Journal, lan: Host, trusted: Path, way: str) -> None:
    """Of Python; of proxies that are reached by TLS it knows nothing."""
    argv = [sys.executable, "-c", URLLIB, trusted, SITE]
    done = run(lan, argv, **by_environment(WAYS[way]))
    assert done.stdout.split() == ["200", "403"], done.stderr
    was_inside(journal, SITE + "/py")


FETCH = """
fetch(process.argv[1] + "/node").then((a) => console.log(a.status))
    .then(() => fetch(process.argv[1] + "/refused")).then((a) => console.log(a.status));
"""

# A CONNECT, TLS in it, and a request in that.
CONNECT = """
const { connect } = require("tls");
const proxy = new URL(process.argv[2]);
const { request } = require(proxy.protocol === "https:" ? "https" : "http");
const host = new URL(process.argv[1]).hostname;
async function get(path) {
    const ask = request({ host: proxy.hostname, port: proxy.port, method: "CONNECT",
        path: host + ":443", agent: false });
    ask.end();
    const socket = await new Promise((done, fail) =>
        ask.on("connect", (answer, socket) => done(socket)).on("error", fail));
    const inside = connect({ socket, servername: host });
    const options = { createConnection: () => inside, host, path, agent: false };
    return new Promise((done, fail) => require("https").get(options,
        (answer) => { answer.destroy(); inside.destroy(); done(answer.statusCode); }).on("error", fail));
}
get("/node").then(console.log).then(() => get("/refused")).then(console.log);
"""


@every_way
def test_node(journal: Journal, lan: Host, trusted: Path, proxy: str) -> None:
    """`fetch` where it need not know of a proxy; else what it is made of."""
    need("node", "nodejs")
    argv = ["node", "-e", CONNECT if proxy else FETCH, "--", SITE, *([proxy] if proxy else [])]
    done = run(lan, argv, NODE_EXTRA_CA_CERTS=trusted)
    assert done.stdout.split() == ["200", "403"], done.stderr
    was_inside(journal, SITE + "/node")


# Browsers: by the script that the gateway gives them, which leads to the listener
# that speaks TLS; by the explicit proxy see test_0220_inspect.py.


DIRECT = 'data:application/x-ns-proxy-autoconfig,function FindProxyForURL() { return "DIRECT"; }'
GIVEN = "http://10.0.0.1:3128/proxy.pac"
far_ways = pytest.mark.parametrize("pac", [DIRECT, GIVEN], ids=["intercepted", "secure"])


def shakes(gateway: Gateway) -> int:
    """With the listener that speaks TLS."""
    counters = json.loads(gateway.command("status", "--json").stdout)["counters"]
    return counters["tls_handshakes"] + counters["tls_resumed"]


def make_store(store: Path, gateway: Gateway) -> None:
    need("certutil", "libnss3-tools")
    store.mkdir(parents=True)
    certutil = ["certutil", "-d", f"sql:{store}"]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True, capture_output=True)
    for name in ("ours.crt", "authority.pem"):
        add = [*certutil, "-A", "-t", "C,,", "-n", name, "-i", gateway.dir / name]
        subprocess.run(add, check=True, capture_output=True)


@far_ways
def test_chromium(gateway: Gateway, journal: Journal, lan: Host, tmp_path: Path, pac: str) -> None:
    """A page, and the one that says why not."""
    before = shakes(gateway)
    need("chromium")
    make_store(tmp_path / ".pki" / "nssdb", gateway)
    argv = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    argv += ["--disable-background-networking", "--disable-component-update", "--dump-dom"]
    argv += [f"--proxy-pac-url={pac}"]
    argv += [f"--user-data-dir={tmp_path}/profile", "--virtual-time-budget=2000"]
    done = run(lan, [*argv, SITE + "/chromium"], timeout=60, HOME=tmp_path)
    assert "name: www.example.com" in done.stdout, done.stderr[-2000:]
    done = run(lan, [*argv, SITE + "/refused/chromium"], timeout=60, HOME=tmp_path)
    assert "403 Forbidden" in done.stdout, done.stderr[-2000:]
    was_inside(journal, SITE + "/chromium")
    assert (shakes(gateway) > before) == (pac == GIVEN)


USER_JS = {
    "network.proxy.type": 2,
    "network.dns.disableIPv6": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "app.normandy.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "extensions.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
}


@far_ways
def test_firefox(gateway: Gateway, journal: Journal, lan: Host, tmp_path: Path, pac: str) -> None:
    """It draws the page; what it was told is in the journal."""
    before = shakes(gateway)
    need("firefox-esr")
    profile, shot = tmp_path / "profile", tmp_path / "shot.png"
    make_store(profile, gateway)
    url = SITE + "/refused/firefox"
    settings = USER_JS | {"network.proxy.autoconfig_url": pac}
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in settings.items()]
    (profile / "user.js").write_text("".join(lines))
    argv = ["firefox-esr", "--headless", "--no-remote", "--profile", profile]
    argv += ["--window-size", "900,600", "--screenshot", shot, url]
    done = run(lan, argv, timeout=90, HOME=tmp_path, MOZ_DISABLE_AUTO_SAFE_MODE=1)
    assert shot.exists(), done.stderr[-2000:]
    was_inside(journal, url, "refused")
    assert (shakes(gateway) > before) == (pac == GIVEN)
    with contextlib.suppress(KeyError):
        shutil.copy(shot, os.environ["INSPECT_SHOT"])
