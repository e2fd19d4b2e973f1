# SPDX-License-Identifier: GPL-2.0-or-later
"""Gatehouse as systemd starts it: `gatehoused`, whose rules stay at its end."""

import socket
from pathlib import Path

from tests.lab import wait
from tests.lab.gateway import PROGRAM, READY_S, Gateway, GatewayError
from tests.lab.lab import Lab

DAEMON = PROGRAM.with_name("gatehoused")


class Service(Gateway):
    """`with Service(lab, policy) as gateway:`; it may be started again, and finds
    what it left: its state, and the rules in the kernel."""

    def __init__(self, lab: Lab, policy: Path | str, *options: str):
        super().__init__(lab, policy, *options)
        self.state = lab.dir / f"{self.runtime.name}-state"
        self._notify = lab.dir / f"{self.runtime.name}-notify"

    def argv(self) -> list[str | Path]:
        options = ["--runtime", self.runtime, "--state", self.state, *self.options]
        return ["env", f"NOTIFY_SOCKET={self._notify}", DAEMON, *options, self.policy]

    def start(self) -> "Service":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            self._notify.unlink(missing_ok=True)
            notify.bind(str(self._notify))
            notify.setblocking(False)
            self._process = self.lab.gw.spawn(self.argv(), dies_by="TERM")
            wait.until("ready", lambda: self._is_ready(notify), READY_S)
        return self

    def _is_ready(self, notify: socket.socket) -> bool:
        try:
            return b"READY=1" in notify.recv(64).splitlines()
        except BlockingIOError:
            pass
        if not self.is_running():
            status = self.wait(READY_S)
            raise GatewayError(f"ended with status {status}\n{self.err}", status)
        return False

    def reboot(self, policy: Path | str | None = None) -> "Service":
        """The machine: rules and runtime folder are gone, the state is not."""
        self.stop()
        self.remove()
        if policy is not None:
            self.policy = self.policy_file(policy)
        return self.start()

    def run_daemon(self, *options: str) -> tuple[int, str]:
        """Its exit status and what it says."""
        done = self.lab.gw.run([DAEMON, *options])
        return done.returncode, done.stderr

    def remove(self) -> None:
        status, words = self.run_daemon("--remove")
        if status:
            raise GatewayError(words, status)
