# SPDX-License-Identifier: GPL-2.0-or-later
"""The proxies with a cache, for the workloads hits and compress.

What is kept is in memory, or in files that the kernel has in memory; one worker
on one core, as in peers.py.  The limit is a server that has the answer.
"""

from bench import peers
from bench.peers import GATEHOUSE, PROGRAMS, Peer

HIT, COMPRESS = "hit", "compress"
LIMIT = "limit: server"
LEVEL = 5  # of gzip, for all

POLICY = peers.POLICY.replace("for lan\n}", """for lan
    cache memory 512M
}""")  # fmt: skip
POLICY_CODING = POLICY.replace("512M\n", f"512M\n    compress gzip {LEVEL}\n")

HAPROXY = peers.HAPROXY.replace("frontend forward", """cache kept
    total-max-size 512
    max-object-size 2000000
    max-age 3600
frontend forward""").replace("    default_backend", """    http-request cache-use kept
    http-response cache-store kept
    default_backend""")  # fmt: skip

CACHE_OF_NGINX = """
    sendfile on;
    tcp_nopush on;
    proxy_cache_path @DIR@/cache keys_zone=kept:10m max_size=512m;
    proxy_cache kept;
    proxy_cache_key $http_host$request_uri;
    server {"""
NGINX = peers.NGINX.replace("\n    server {", CACHE_OF_NGINX)
NGINX_CODING = NGINX.replace("\n    server {", f"""
    gzip on;
    gzip_comp_level {LEVEL};
    gzip_proxied any;
    server {{""")  # fmt: skip

SQUID = peers.SQUID.replace("cache deny all\ncache_mem 0 MB\n", """
cache_mem 512 MB
maximum_object_size_in_memory 2 MB
""")  # fmt: skip

VARNISH = """
vcl 4.1;
backend there { .host = "203.0.113.80"; .port = "@ORIGIN@"; }
"""

TRAFFIC_SERVER = """
CONFIG proxy.config.admin.user_id STRING #-1
CONFIG proxy.config.exec_thread.autoconfig INT 0
CONFIG proxy.config.exec_thread.limit INT 1
CONFIG proxy.config.accept_threads INT 0
CONFIG proxy.config.task_threads INT 1
CONFIG proxy.config.http.server_ports STRING 10.0.0.1:@PORT@
CONFIG proxy.config.url_remap.remap_required INT 0
CONFIG proxy.config.reverse_proxy.enabled INT 0
CONFIG proxy.config.log.logging_enabled INT 0
CONFIG proxy.config.cache.ram_cache.size INT 536870912
CONFIG proxy.config.http.cache.required_headers INT 0
"""
IP_ALLOW = """
ip_allow:
  - apply: in
    ip_addrs: 10.0.0.0/24
    action: allow
    methods: ALL
"""
RUN_ROOT = "\n".join(
    [f"{name}: @DIR@" for name in ("prefix", "sysconfdir", "localstatedir",
                                   "runtimedir", "logdir", "cachedir")]
    + ["exec_prefix: /usr", "bindir: /usr/bin", "sbindir: /usr/sbin",
       "datadir: /usr/share/trafficserver", "includedir: /usr/include",
       "libdir: /usr/lib/trafficserver",
       "libexecdir: /usr/lib/trafficserver/modules", ""]
)  # fmt: skip

PEERS = [
    Peer(GATEHOUSE, frozenset({HIT}), config=POLICY),
    Peer("haproxy", frozenset({HIT}), "haproxy", HAPROXY,
         ("haproxy", "-db", "-f", "@FILE@")),
    Peer("nginx", frozenset({HIT}), "nginx-light", NGINX,
         ("nginx", "-p", "@DIR@", "-e", "stderr", "-c", "@FILE@")),
    Peer("squid", frozenset({HIT}), "squid-openssl", SQUID, ("squid", "-N", "-f", "@FILE@")),
    Peer("varnish", frozenset({HIT}), "varnish", VARNISH,
         ("varnishd", "-F", "-a", "10.0.0.1:@PORT@", "-f", "@FILE@", "-n", "@DIR@/run",
          "-s", "malloc,512m", "-p", "thread_pools=1")),
    Peer("trafficserver", frozenset({HIT}), "trafficserver",
         argv=("traffic_server", "--run-root=@DIR@"),
         files=(("records.config", TRAFFIC_SERVER), ("storage.config", "@DIR@ 256M\n"),
                ("ip_allow.yaml", IP_ALLOW), ("runroot.yaml", RUN_ROOT))),
    Peer(LIMIT, frozenset({HIT}),
         argv=(f"{PROGRAMS}/bench-origin", "@COUNTS@", "10.0.0.1", "@PORT@")),
]  # fmt: skip

CODERS = [
    Peer(GATEHOUSE, frozenset({COMPRESS}), config=POLICY_CODING),
    Peer("nginx", frozenset({COMPRESS}), "nginx-light", NGINX_CODING,
         ("nginx", "-p", "@DIR@", "-e", "stderr", "-c", "@FILE@")),
]  # fmt: skip
