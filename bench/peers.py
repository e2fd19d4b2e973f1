# SPDX-License-Identifier: GPL-2.0-or-later
"""The proxies that are measured, one after the other, in the gateway.

A peer is a row of PEERS: a program of Debian's, its configuration, and the
kinds of work it can do.  Each runs with one worker on one core, caches and
access logs off, behind the packet filter FILTER, for Gatehouse has its own.
"""

import contextlib
import os
import resource
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from bench import field
from bench.field import MEASURED_CORE, ORIGIN_PORT, PROGRAMS, PROXY_PORT, Field
from tests.lab import gateway, wait
from tests.lab.process import Process

READY_S = 10.0
END_S = 0.5  # Squid wants two seconds for nothing

# Kept connections of the workload `idle`; and what the peers are told they may
# have.  More descriptors than are permitted they would not start with, and some
# reckon with two for each.
IDLE_CLIENTS = int(os.environ.get("IDLE", "2000"))
_, PERMITTED = resource.getrlimit(resource.RLIMIT_NOFILE)
MANY = min(IDLE_CLIENTS + 6000, PERMITTED * 4 // 10)

# The kinds of work (bench/load.c), from a peer's point of view.
KEEP, GET, CONNECT, BULK, IDLE = "keep", "get", "connect", "bulk", "idle"
ALL = frozenset({KEEP, GET, CONNECT, BULK, IDLE})
WITHOUT_CONNECT = frozenset({KEEP, GET, IDLE})

GATEHOUSE, LIMIT = "gatehouse", "limit: relay"

POLICY = f"""
zone lan = int0 10.0.0.0/24
zone wan = ext0
proxy {{
    listen 10.0.0.1:{PROXY_PORT} for lan
}}
allow lan -> wan tcp {ORIGIN_PORT}
drop any -> any
"""

FILTER = f"""
table inet office {{
    chain input {{
        type filter hook input priority 0; policy drop;
        ct state established,related accept
        iif lo accept
        iifname int0 tcp dport {PROXY_PORT} accept
    }}
    chain forward {{
        type filter hook forward priority 0; policy drop;
        ct state established,related accept
    }}
}}
"""

SQUID = """
http_port 10.0.0.1:@PORT@
acl Safe port @ORIGIN@
http_access allow Safe
http_access deny all
cache deny all
cache_mem 0 MB
memory_pools on
access_log none
cache_log stdio:@DIR@/cache.log
cache_store_log none
pid_filename none
coredump_dir @DIR@
dns_nameservers 127.0.0.1
icon_directory /usr/share/squid/icons
shutdown_lifetime 0 seconds
max_filedescriptors @MANY@
pinger_enable off
client_db off
eui_lookup off
netdb_filename none
visible_hostname gateway.example.com
client_idle_pconn_timeout 5 minutes
client_lifetime 1 hour
server_persistent_connections on
"""

HAPROXY = """
global
    nbthread 1
    maxconn @MANY@
defaults
    mode http
    timeout connect 5s
    timeout client 5m
    timeout server 5m
    timeout http-keep-alive 5m
    http-reuse always
frontend forward
    bind 10.0.0.1:@PORT@
    http-request deny unless { url_port @ORIGIN@ }
    default_backend there
backend there
    http-request set-dst url_ip
    http-request set-dst-port url_port
    server there 0.0.0.0:0
"""

HAPROXY_TCP = """
global
    nbthread 1
    maxconn 4000
    tune.pipesize 1048576
defaults
    mode tcp
    option splice-request
    option splice-response
    timeout connect 5s
    timeout client 5m
    timeout server 5m
listen relay
    bind 10.0.0.1:@PORT@
    server there 203.0.113.80:@ORIGIN@
"""

NGINX = """
daemon off;
user root;
worker_processes 1;
worker_rlimit_nofile @MANY@;
pid @DIR@/pid;
error_log stderr error;
events { worker_connections @MANY@; }
http {
    access_log off;
    keepalive_requests 100000000;
    keepalive_timeout 5m;
    client_body_temp_path @DIR@/body;
    proxy_temp_path @DIR@/proxy;
    fastcgi_temp_path @DIR@/fastcgi;
    uwsgi_temp_path @DIR@/uwsgi;
    scgi_temp_path @DIR@/scgi;
    server {
        listen 10.0.0.1:@PORT@ backlog=4096;
        location / {
            proxy_pass http://$http_host$request_uri;
            proxy_http_version 1.1;
        }
    }
}
"""

TINYPROXY = """
Port @PORT@
Listen 10.0.0.1
Timeout 300
MaxClients 1000
LogLevel Critical
LogFile "@DIR@/log"
ConnectPort @ORIGIN@
Allow 10.0.0.0/24
"""


@dataclass(frozen=True)
class Peer:
    """`argv` may name @FILE@, the written `config`; it stays in the foreground.
    Without `argv` it is Gatehouse, and `config` its policy."""

    name: str
    works: frozenset[str]
    package: str = ""
    config: str = ""
    argv: tuple[str, ...] = ()
    is_raw: bool = False  # leads to the origin by itself, knows no CONNECT
    cores: tuple[int, ...] = (MEASURED_CORE,)
    files: tuple[tuple[str, str], ...] = ()  # beside `config`: name and text


RELAY = (f"{PROGRAMS}/bench-relay", "10.0.0.1", "@PORT@", "203.0.113.80", "@ORIGIN@")

PEERS = [
    Peer(GATEHOUSE, ALL, config=POLICY),
    Peer("haproxy", WITHOUT_CONNECT, "haproxy", HAPROXY,
         ("haproxy", "-db", "-f", "@FILE@")),
    Peer("haproxy (tcp)", frozenset({BULK}), "haproxy", HAPROXY_TCP,
         ("haproxy", "-db", "-f", "@FILE@"), is_raw=True),
    Peer("nginx", WITHOUT_CONNECT, "nginx-light", NGINX,
         ("nginx", "-p", "@DIR@", "-e", "stderr", "-c", "@FILE@")),
    Peer("squid", ALL, "squid-openssl", SQUID, ("squid", "-N", "-f", "@FILE@")),
    Peer("tinyproxy", frozenset({KEEP, GET, CONNECT, BULK}), "tinyproxy", TINYPROXY,
         ("tinyproxy", "-d", "-c", "@FILE@")),
    Peer(LIMIT, ALL - {IDLE}, argv=RELAY),
]  # fmt: skip


class Missing(Exception):
    """A peer that cannot be measured here, and why."""


@contextlib.contextmanager
def running(peer: Peer, ground: Field) -> Iterator[Process | None]:
    """The peer, accepting connections; ended with the block."""
    if not peer.argv:
        with _gatehouse(peer, ground):
            yield None
        return
    if not shutil.which(peer.argv[0]):
        raise Missing(f"not installed: apt-get install {peer.package}")
    ground.guard(FILTER)
    process = field.spawn(ground.gw, MEASURED_CORE, *_written(peer, ground))
    try:
        _await_listening(peer, ground, process)
        yield process
    finally:
        process.stop(END_S)
        ground.gw.processes.remove(process)
        ground.unguard()


@contextlib.contextmanager
def _gatehouse(peer: Peer, ground: Field) -> Iterator[None]:
    words = {"@DIR@": str(ground.dir), "@PEM@": str(ground.pem)}
    home = gateway.Gateway(ground, _filled(peer.config, words))
    try:
        with field.on_core(*peer.cores):
            home.start()
        ground.forget_flows_soon()
        yield
    except gateway.GatewayError as error:
        raise Missing(" ".join(str(error).split())) from None
    finally:
        home.stop()


def _written(peer: Peer, ground: Field) -> list[str]:
    dir = ground.gw.stem(peer.name.split()[0])
    dir.mkdir()
    dir.chmod(0o777)  # squid becomes another user
    words = {
        "@DIR@": str(dir),
        "@COUNTS@": str(dir / "counts"),
        "@FILE@": str(dir / "conf"),
        "@PEM@": str(ground.pem),
        "@AUTHORITY@": str(ground.dir / "authority.pem"),
        "@PORT@": str(PROXY_PORT),
        "@ORIGIN@": str(ORIGIN_PORT),
        "@MANY@": str(MANY),
    }
    for name, text in (("conf", peer.config), *peer.files):
        (dir / name).write_text(_filled(text, words))
    return [_filled(word, words) for word in peer.argv]


def _filled(text: str, words: dict[str, str]) -> str:
    for place, word in words.items():
        text = text.replace(place, word)
    return text


def _await_listening(peer: Peer, ground: Field, process: Process) -> None:
    def is_listening() -> bool:
        if process.status() is not None:
            raise Missing(f"ended at once: {' '.join(process.err.split())}")
        with contextlib.suppress(OSError):
            ground.lan.connect("10.0.0.1", PROXY_PORT, timeout=0.5).close()
            return True
        return False

    wait.until(f"{peer.name} to listen", is_listening, READY_S)

