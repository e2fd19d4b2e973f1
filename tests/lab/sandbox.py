# SPDX-License-Identifier: GPL-2.0-or-later
"""`gatehouse exec` on a host of the lab, by somebody who is not root."""

import json
import subprocess
from dataclasses import dataclass, field

from tests.lab.gateway import PROGRAM, check_words
from tests.lab.host import Host

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]


@dataclass(frozen=True)
class Done:
    """How it went; `events` are those of this run."""

    status: int
    out: str
    err: str
    events: list[dict] = field(default_factory=list)

    def of(self, verdict: str) -> list[dict]:
        return [event for event in self.events if event["verdict"] == verdict]


class Sandbox:
    """Commands on `host`, under the policies that they come with."""

    def __init__(self, host: Host, user=NOBODY):
        self.host = host
        self.user = user  # what makes of root whoever calls
        self.folder = host.stem("sandbox")  # that nobody may write in
        self.folder.mkdir()
        self.folder.chmod(0o777)

    def argv(self, policy: str | None, argv: list[str], *options: str) -> list[str]:
        """The call, and the policy in a file that it names."""
        command = [*self.user, str(PROGRAM), "exec", *options]
        if policy is not None:
            path = self.host.stem("policy")
            path.write_text(policy)
            command.append(str(path))
        return [*command, "--", *map(str, argv)]

    def run(
        self, policy: str | None, argv: list[str], *options: str, timeout=30, input=None
    ) -> Done:
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        options = ("--log", str(log), *options)
        call = self.argv(policy, argv, *options)
        done = self.host.run(call, timeout=timeout, input=input)
        check_words(done.stderr, done.returncode)
        events = []
        if log.exists():
            events = [json.loads(line) for line in log.read_text().splitlines()]
        return Done(done.returncode, done.stdout, done.stderr, events)

    def python(self, policy: str | None, code: str, *options: str, **more) -> Done:
        return self.run(policy, ["/usr/bin/python3", "-c", code], *options, **more)
