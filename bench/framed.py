# SPDX-License-Identifier: GPL-2.0-or-later
"""The proxies that speak HTTP/2 with their clients, for the workload http2: by
prior knowledge and inside TLS, uncached and from the cache.

As in peers.py, but that nginx is told its one server, for it keeps connections
to no other; H2O knows no other at all, and has no cache.
"""

from bench import caching, peers
from bench.peers import GATEHOUSE, HAPROXY, NGINX, POLICY, Peer

CLIENTS, STREAMS = 8, 32
PLAIN, TLS, PLAIN_HIT, TLS_HIT = "h2", "h2 by TLS", "h2 hit", "h2 hit by TLS"

NGINX_KEEPS = NGINX.replace("    server {", """    upstream there {
        server 203.0.113.80:@ORIGIN@;
        keepalive 300;
        keepalive_requests 100000000;
    }
    server {""").replace("proxy_pass http://$http_host$request_uri;", """proxy_pass http://there;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";""")  # fmt: skip

H2O = """
num-threads: 1
max-connections: 4096
error-log: /dev/null
http2-reprioritize-blocking-assets: OFF
listen:
  host: 10.0.0.1
  port: @PORT@
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://203.0.113.80:@ORIGIN@/
        proxy.preserve-host: ON
        proxy.timeout.keepalive: 60000
"""

# What makes a listener of each speak TLS.
BY_TLS = {
    GATEHOUSE: ("listen 10.0.0.1:3128 for lan",
                'listen tls 10.0.0.1:3128 for lan certificate "@PEM@"'),
    "haproxy": ("proto h2", "ssl crt @PEM@ alpn h2"),
    "nginx": ("http2;", "ssl http2; ssl_certificate @PEM@; ssl_certificate_key @PEM@;"),
    "h2o": ("port: @PORT@", """port: @PORT@
  ssl:
    certificate-file: @PEM@
    key-file: @PEM@
    ocsp-update-interval: 0"""),
}  # fmt: skip


def _of_haproxy(config: str) -> str:
    return config.replace("bind 10.0.0.1:@PORT@", "bind 10.0.0.1:@PORT@ proto h2")


def _of_nginx(config: str) -> str:
    return config.replace("backlog=4096;", "backlog=4096 http2;")


ARGV = {peer.name: peer.argv for peer in peers.PEERS} | {"h2o": ("h2o", "-c", "@FILE@")}
PACKAGES = {peer.name: peer.package for peer in peers.PEERS} | {"h2o": "h2o"}
CONFIGS = {
    (GATEHOUSE, False): POLICY,
    (GATEHOUSE, True): caching.POLICY,
    ("haproxy", False): _of_haproxy(HAPROXY),
    ("haproxy", True): _of_haproxy(caching.HAPROXY),
    ("nginx", False): _of_nginx(NGINX_KEEPS),
    ("nginx", True): _of_nginx(caching.NGINX),
    ("h2o", False): H2O,
}


def _peer(name: str, config: str, work: str) -> Peer:
    return Peer(name, frozenset({work}), PACKAGES[name], config, ARGV[name])


def _both_ways(name: str, has_cache: bool) -> list[Peer]:
    config = CONFIGS[name, has_cache]
    secret = config.replace(*BY_TLS[name])
    assert secret != config, name
    return [
        _peer(name, config, PLAIN_HIT if has_cache else PLAIN),
        _peer(name, secret, TLS_HIT if has_cache else TLS),
    ]


PEERS = [peer for key in CONFIGS for peer in _both_ways(*key)]
