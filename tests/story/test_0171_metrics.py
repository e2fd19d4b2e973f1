# SPDX-License-Identifier: GPL-2.0-or-later
"""What the gateway has counted, as text that Prometheus reads: whole, documented,
true, without anybody's name in it, and fast with ten thousand rules."""

import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.lab import wait
from tests.lab.flows import PROXY
from tests.lab.gateway import GOOD, ROOT, SANITIZED, Gateway
from tests.lab.lab import Lab
from tests.lab.listener import read_head
from tests.story.zones import ZONES

POLICY = (
    ZONES
    + """
proxy {
    listen 10.0.0.1:3128 for lan
}

allow lan -> wan web  as "the web"
"""
)
SAMPLE = re.compile(r"(\w+)(\{.*\})? (-?[0-9.]+)")
CLIENT, NAME = "10.0.0.4", "www.example.com"


def metrics(gateway: Gateway) -> str:
    done = gateway.command("status", "--metrics")
    assert done.returncode == GOOD, done.stderr
    return done.stdout


def samples(text: str) -> dict[str, float]:
    """By name and labels; each once."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        key = match[1] + (match[2] or "")
        assert key not in found
        found[key] = float(match[3])
    return found


def types(text: str) -> dict[str, str]:
    """By the name that samples have."""
    rows = re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M)
    return {name + "_total" * (kind == "counter"): kind for name, kind in rows}


def buckets(text: str, name: str) -> dict[float, float]:
    found = re.findall(rf'^gatehouse_{name}_bucket{{le="([^"]+)"}} (\d+)$', text, re.M)
    return {float(bound): float(count) for bound, count in found}


def documented() -> dict[str, str]:
    text = (ROOT / "docs" / "metrics.md").read_text()
    return dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.M))


def as_prometheus_text(text: str) -> str:
    """In the older format a counter's family has the name of its samples, and
    promtool reads no other."""
    for name in re.findall(r"^# TYPE (\w+) counter$", text, re.M):
        text = re.sub(rf"^(# (?:TYPE|HELP) {name}) ", r"\1_total ", text, flags=re.M)
    return text


def test_what_is_counted_is_said(own_lab: Lab) -> None:
    """And of whom and what was asked for, nothing."""
    with Gateway(own_lab, POLICY) as gateway:
        before = samples(metrics(gateway))
        assert own_lab.lan.curl(f"http://{NAME}/", *PROXY).status == 200
        text = metrics(gateway)
        after = samples(text)
        status = json.loads(gateway.command("status", "--json").stdout)
    key = "gatehouse_proxy_requests_total"
    assert after[key] == before[key] + 1 == status["counters"]["requests"]
    assert after["gatehouse_proxy_up"] == 1
    for process in ("gatehoused", "gatehouse-proxy"):
        of = f'{{process="{process}"}}'
        assert after["gatehouse_process_resident_memory_bytes" + of] > 1 << 20
        started = after["gatehouse_process_start_time_seconds" + of]
        assert abs(time.time() - started) < 120
    assert after['gatehouse_process_open_fds{process="gatehoused"}'] > 3
    assert 'from="lan",to="wan",name="the web",enforcer="firewall"' in text
    key = 'gatehouse_proxy_decisions_total{phase="name",verdict="allow"}'
    assert after[key] == before[key] + 1
    assert 'name="the web",enforcer="firewall",verdict="allow"} ' in text
    assert CLIENT not in text and NAME not in text


def test_the_text_is_whole_and_documented(own_lab: Lab) -> None:
    with Gateway(own_lab, POLICY) as gateway:
        text = metrics(gateway)
    assert text.endswith("\n# EOF\n") and text.count("# EOF") == 1
    assert types(text) == documented()
    for name, unit in re.findall(r"^# UNIT (\w+) (\w+)$", text, re.M):
        assert name.endswith("_" + unit)


def test_how_long_it_took(own_lab: Lab) -> None:
    """By the origin's patience: what is slow is in the buckets of what is slow."""
    name, slow = "proxy_request_duration_seconds", 0.3

    def answer(conn: socket.socket) -> None:
        read_head(conn)
        time.sleep(slow)
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with Gateway(own_lab, POLICY) as gateway, own_lab.out.serve(443, answer):
        assert own_lab.lan.curl(f"http://{NAME}/", *PROXY).status == 200
        assert own_lab.lan.curl("http://out.example.com:443/", *PROXY).status == 200
        text = metrics(gateway)
    found = buckets(text, name)
    assert list(found) == sorted(found) and len(found) == 22
    assert list(found.values()) == sorted(found.values())
    assert found[0.25] == 1 and found[float("inf")] == 2
    after = samples(text)
    assert after[f"gatehouse_{name}_count"] == 2
    assert slow <= after[f"gatehouse_{name}_sum"] < slow + 5
    assert after["gatehouse_upstream_connect_duration_seconds_count"] == 2
    assert after["gatehouse_dns_duration_seconds_count"] == 2


def test_promtool_finds_nothing(own_lab: Lab) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (scripts/setup test)")
    with Gateway(own_lab, POLICY) as gateway:
        text = metrics(gateway)
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=as_prometheus_text(text),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def cpu_seconds(gateway: Gateway) -> float:
    key = 'gatehouse_process_cpu_seconds_total{process="gatehoused"}'
    return samples(metrics(gateway))[key]


def test_ten_thousand_rules(own_lab: Lab) -> None:
    """A scrape is under 50 ms of the daemon's time; the tick of its clock is
    10 ms, so twenty are measured."""
    rules = "".join(
        f"allow lan -> 198.51.{n // 250}.{n % 250} tcp {n % 60000 + 1}\n"
        for n in range(10_000)
    )
    with Gateway(own_lab, ZONES + rules) as gateway:
        before = cpu_seconds(gateway)
        began = time.monotonic()
        for _ in range(20):
            text = metrics(gateway)
        wall = (time.monotonic() - began) / 20
        spent = (cpu_seconds(gateway) - before) / 21
    print(f"a scrape: {spent * 1000:.1f} ms CPU, {wall * 1000:.1f} ms wall")
    assert samples(text)["gatehouse_rules"] >= 10_000
    assert text.count("gatehouse_rule_packets_total{") == 10_000
    assert SANITIZED or spent < 0.05


class Scraped:
    """`with Scraped(gateway, dir)`: a Prometheus that reads it every second."""

    def __init__(self, gateway: Gateway, folder: Path):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = metrics(gateway).encode()
                kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.at = f"127.0.0.1:{free.getsockname()[1]}"

    def __enter__(self) -> "Scraped":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        config = self.folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: gatehouse\n"
            "    static_configs:\n"
            f"      - targets: ['127.0.0.1:{self.server.server_port}']\n"
        )
        self.process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={self.folder / 'tsdb'}",
                f"--web.listen-address={self.at}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        self.server.shutdown()
        self.server.server_close()

    def ask(self, expression: str) -> list:
        """Raises HTTPError, of status 400, on one that is not valid."""
        words = urllib.parse.urlencode({"query": expression})
        url = f"http://{self.at}/api/v1/query?{words}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            if error.code != 503:  # it has not begun yet
                raise
        except OSError:
            pass  # it does not listen yet
        return []


def expressions() -> list[str]:
    path = ROOT / "share" / "grafana" / "gatehouse.json"
    panels = json.loads(path.read_text())["panels"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    return [one.replace("$__rate_interval", "30s") for one in found]


def test_a_real_prometheus_fills_the_dashboard(own_lab: Lab, tmp_path: Path) -> None:
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed (scripts/setup test)")
    with Gateway(own_lab, POLICY) as gateway, Scraped(gateway, tmp_path) as scraped:
        for one in expressions():
            wait.until(one, lambda one=one: scraped.ask(one), 30)
        kinds = scraped.ask('gatehouse_rule_packets_total{name="the web"}')
        assert kinds[0]["metric"]["verdict"] == "allow"
