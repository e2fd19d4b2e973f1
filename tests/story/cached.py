# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of the proxy and an origin behind it, for stories of the cache."""

import itertools
from dataclasses import dataclass

from tests.lab.gateway import Gateway
from tests.lab.host import Host
from tests.lab.origin import Asked, Origin, Reply

URL = "http://out.example.com:8000"
FRESH = {"Cache-Control": "max-age=3600"}
STALE = {"Cache-Control": "max-age=10", "Age": "20", "ETag": '"one"'}

PATHS = (f"/{n}" for n in itertools.count())


@dataclass
class Got:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def hit(self) -> bool:
        return "; hit" in self.headers.get("cache-status", "")

    @property
    def forwarded(self) -> str:
        """Why it was: the word of `fwd`."""
        parts = self.headers["cache-status"].split("; ")
        return next(p[4:] for p in parts if p.startswith("fwd="))


class Site:
    """A client of the proxy, and the origin behind it."""

    def __init__(self, gateway: Gateway, origin: Origin):
        self.gateway = gateway
        self.lab = gateway.lab
        self.origin = origin

    def page(self, *replies: Reply) -> str:
        """A new path that is answered so."""
        path = next(PATHS)
        self.origin.answers[path] = list(replies)
        return path

    def get(
        self, path: str, method: str = "GET", by: Host | None = None, **headers: str
    ) -> Got:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        conn = (by or self.lab.lan).http("10.0.0.1", 3128)
        conn.request(method, URL + path, headers=fields)
        answer = conn.getresponse()
        got = Got(
            answer.status,
            {name.lower(): value for name, value in answer.getheaders()},
            answer.read(),
        )
        conn.close()
        return got

    def asked(self, path: str) -> list[Asked]:
        return self.origin.asked_for(path)
