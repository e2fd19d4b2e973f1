# SPDX-License-Identifier: GPL-2.0-or-later
"""A web server of the lab: nginx, which knows what it was asked.

Every path answers with a page of lines `key: value` that tells which host
answered and how the request looked when it arrived.  `/files/` holds files,
and PUT writes there.
"""

import json
import socket
from pathlib import Path

from tests.lab import wait
from tests.lab.certificate import Certificate
from tests.lab.host import Host

# What the page and the log tell: our word, nginx's variable.
TOLD = {
    "name": "host",  # as asked for, in lower case
    "method": "request_method",
    "target": "request_uri",
    "version": "server_protocol",
    "scheme": "scheme",
    "server_name": "ssl_server_name",
    "peer": "remote_addr",
    "peer_port": "remote_port",
    "connection": "connection",  # a number; the same one: kept alive
    "host_field": "http_host",
    "agent": "http_user_agent",
    "via": "http_via",
    "forwarded_for": "http_x_forwarded_for",
    "connection_field": "http_connection",
    "proxy_connection": "http_proxy_connection",
    "proxy_authorization": "http_proxy_authorization",
}

# One process: nothing is left when it is killed, and nothing to switch user.
CONFIG = """
daemon off; master_process off; pid {dir}/nginx.pid;
error_log {dir}/error.log info;
events {{ worker_connections 512; }}
http {{
    log_format request escape=json '{{{log}}}';
    access_log {dir}/requests.jsonl request;
    client_body_temp_path {dir}/tmp; proxy_temp_path {dir}/tmp;
    fastcgi_temp_path {dir}/tmp; uwsgi_temp_path {dir}/tmp;
    scgi_temp_path {dir}/tmp;
    client_max_body_size 0;
    default_type text/plain;
    server {{
        listen 80; listen [::]:80; listen 443 ssl; listen [::]:443 ssl;
        listen 8443 ssl http2; listen [::]:8443 ssl http2;
        ssl_certificate {chain}; ssl_certificate_key {key};
        location / {{ return 200 "{page}"; }}
        location /files/ {{ root {dir}; dav_methods PUT; }}
        location = /moved {{ return 302 /elsewhere; }}
        location = /missing {{ return 404 "there is no such page\\n"; }}
    }}
}}
"""


class Web:
    """nginx on one host, on port 80 and 443, and 8443 with HTTP/2, for every name."""

    def __init__(self, host: Host, certificate: Certificate):
        self.host = host
        self.dir = host.dir / "web"
        self.files = self.dir / "files"
        self._log = self.dir / "requests.jsonl"
        self._certificate = certificate

    def start(self) -> None:
        """Returns at once; `await_ready` waits."""
        for dir in (self.dir, self.files, self.dir / "tmp"):
            dir.mkdir()
        config = self.dir / "nginx.conf"
        config.write_text(self._config())
        argv = ["nginx", "-e", self.dir / "error.log", "-p", self.dir, "-c", config]
        self._process = self.host.spawn(argv)

    def _config(self) -> str:
        page = [f"server: {self.host.name}"]
        page += [f"{word}: ${variable}" for word, variable in TOLD.items()]
        log = [f'"{word}":"${variable}"' for word, variable in TOLD.items()]
        return CONFIG.format(
            dir=self.dir,
            page="\\n".join(page) + "\\n",
            log=",".join(log + ['"status":$status', '"bytes_in":$request_length']),
            chain=self._certificate.chain,
            key=self._certificate.key,
        )

    def await_ready(self) -> None:
        wait.until(f"nginx on {self.host.name}", self._answers_or_died)
        if self._process.status() is not None:
            raise RuntimeError(f"nginx on {self.host.name}: {self._process.err}")

    def _answers_or_died(self) -> bool:
        if self._process.status() is not None:
            return True
        try:
            self.host.connect("127.0.0.1", 443).close()
        except (ConnectionError, socket.timeout):
            return False
        return True

    def file(self, name: str, content: bytes) -> Path:
        """Have the content under /files/NAME."""
        path = self.files / name
        path.write_bytes(content)
        return path

    def hole(self, name: str, size: int) -> None:
        """Have that many zeros under /files/NAME; they take no room."""
        with open(self.files / name, "wb") as file:
            file.truncate(size)

    def requests(self, **wanted: str) -> list[dict]:
        """Every request since the start, oldest first, in the words of TOLD.

        Only those whose words are as wanted: `requests(name="www.example.com")`.
        """
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        every = [json.loads(line) for line in lines]
        return [r for r in every if all(r[k] == v for k, v in wanted.items())]

    def await_request(self, timeout: float = 2.0, **wanted: str) -> dict:
        """The last such request; nginx writes it once it has answered."""
        found = wait.until(
            f"a request {wanted}", lambda: self.requests(**wanted), timeout
        )
        return found[-1]
