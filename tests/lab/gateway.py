# SPDX-License-Identifier: GPL-2.0-or-later
"""Gatehouse, running in the lab's gateway."""

import itertools
import json
import os
import re
import signal
import subprocess
from pathlib import Path

from tests.lab import namespace
from tests.lab.journal import Journal
from tests.lab.lab import Lab
from tests.lab.process import Process, memory_kib

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("BUILD", "build") / "gatehouse"
# Such a program is slow, keeps what was freed for a while and reserves terabytes;
# what it has lost it tells at its end.
SANITIZED = "san" in PROGRAM.parent.name
OFFICE = ROOT / "examples" / "office.policy"
READY_S = 10.0

# Exit statuses of every command.
GOOD, NO, WRONG_CALL, WRONG_WORLD = 0, 1, 2, 3

# What sanitizers say, `must` and the C library on the way to abort(), and a
# daemon that lacks a system call in its list (src/daemon/proxy_calls.c).
MISHAP = re.compile(
    r"(ERROR|WARNING): \w+Sanitizer|runtime error:|must hold:|\*\*\* .* detected"
    r"|gatehouse-proxy ended by (?!signal 9 )|the system call \w+ was refused"
)

_count = itertools.count(1)


class GatewayError(Exception):
    """It did not come up: its own words, and its exit status if it ended."""

    def __init__(self, words: str, status: int | None = None):
        super().__init__(words)
        self.status = status


class Gateway:
    """`with Gateway(lab, policy) as gateway:` runs it from `ready` to the end.

    The policy is a file, or the text of one; `options` are those of `run`.
    """

    def __init__(self, lab: Lab, policy: Path | str = OFFICE, *options: str):
        self.lab = lab
        self.options = options
        self.runtime = lab.dir / f"gateway-{next(_count)}"
        self.dir = lab.gw.stem("policies")
        self.dir.mkdir()
        self.policy = self.policy_file(policy)
        self.journal = Journal(self.runtime / "events.jsonl")
        self._process: Process | None = None

    def __enter__(self) -> "Gateway":
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, kind: type | None, *_: object) -> None:
        status = self.stop()
        if kind is None:
            self.check_health(status)

    def check_health(self, status: int | None) -> None:
        """No daemon died of itself, nor did a sanitizer complain: a story that
        went well in spite of that has not gone well."""
        check_words(self.err, status)
        if status not in (None, GOOD, -signal.SIGKILL):
            raise GatewayError(f"ended with status {status}\n{self.err}", status)

    def policy_file(self, policy: Path | str) -> Path:
        """A text becomes a file, in a directory where lists of its can be."""
        if isinstance(policy, Path):
            return policy
        path = self.dir / f"{next(_count)}.policy"
        path.write_text(policy)
        return path

    def argv(self) -> list[str | Path]:
        options = [*self.options, "--runtime", self.runtime]
        return [PROGRAM, "run", *options, self.policy]

    def start(self) -> "Gateway":
        self._process = self.lab.gw.spawn(self.argv(), dies_by="TERM")
        try:
            if self._process.wait_line("ready", READY_S):
                return self
        except TimeoutError as error:
            raise GatewayError(f"{error}\n{self.err}") from None
        status = self._process.wait(READY_S)
        words = f"ended with status {status} before `ready`\n{self.err}"
        raise GatewayError(words, status)

    def stop(self) -> int | None:
        """The exit status; None if it never started."""
        return self._process.stop() if self._process else None

    def wait(self, timeout: float | None = None) -> int | None:
        """Until it ends of itself; its exit status."""
        return self._process.wait(timeout) if self._process else None

    @property
    def err(self) -> str:
        """All that it has said on standard error."""
        return self._process.err if self._process else ""

    def signal(self, number: int) -> None:
        self._process.signal(number)

    def is_running(self) -> bool:
        return self._process is not None and self._process.status() is None

    # Its processes.

    def proxy_peak(self) -> int:
        """The most memory that the proxy has had, in bytes; 0 if sanitized, for
        a sanitizer keeps what is freed."""
        if SANITIZED:
            return 0
        [pid] = self.pids("gatehouse-proxy")
        return memory_kib(pid, "VmHWM") << 10

    def pids(self, program: str) -> list[int]:
        """Those in the gateway that run `gatehouse`, `gatehoused`, ..."""
        every = namespace.processes(self.lab.gw.namespace)
        return [pid for pid in every if _is(pid, program)]

    def first(self, program: str) -> int:
        """The one that is not another one's child: such as speaks nftables for
        `gatehoused` bears its name, and may go at any time."""
        living = self.pids(program)
        [pid] = [pid for pid in living if _parent(pid) not in (None, *living)]
        return pid

    def kill(self, program: str) -> list[int]:
        """End its processes of that name as a crash would; the killed ones."""
        killed = self.pids(program)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        return killed

    # Its commands.

    def command(self, verb: str, *args: str | Path) -> subprocess.CompletedProcess[str]:
        """Ask the running gateway: `gateway.command("status", "--json")`."""
        done = self.lab.gw.run([*self.program_argv(verb), *args])
        check_words(done.stderr, done.returncode)
        return done

    def program_argv(self, verb: str) -> list[str | Path]:
        """The beginning of such a command."""
        return [PROGRAM, verb, "--runtime", self.runtime]

    def apply(self, policy: Path | str) -> subprocess.CompletedProcess[str]:
        return self.command("apply", self.policy_file(policy))

    def explain(self, flow: str) -> dict:
        """What the policy says of a flow; nothing is sent."""
        done = gatehouse("explain", "--json", self.policy, flow)
        if done.returncode != GOOD:
            raise GatewayError(f"explain '{flow}': {done.stderr}")
        return json.loads(done.stdout)

    # What the kernel has.

    def table(self) -> str:
        """The table `inet gatehouse` as nft prints it; empty if there is none."""
        done = self.lab.gw.run(["nft", "list", "table", "inet", "gatehouse"])
        return done.stdout if done.returncode == 0 else ""

    def routing(self) -> list[str]:
        """Every routing rule and route, of both families and all tables."""
        questions = (["rule"], ["route", "show", "table", "all"])
        words = []
        for family in ("-4", "-6"):
            for question in questions:
                done = self.lab.gw.run(["ip", family, *question], check=True)
                words += [f"{family} {line}" for line in done.stdout.splitlines()]
        return sorted(words)


def gatehouse(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    """A command that needs no gateway, where the tests run."""
    command = [str(PROGRAM), *map(str, argv)]
    done = subprocess.run(command, text=True, capture_output=True, timeout=30)
    check_words(done.stderr, done.returncode)
    return done


def check_words(err: str, status: int | None) -> None:
    """What was said on standard error tells of no mishap.  A report ends a
    program with 1, which of a command may well be what a story expects."""
    if found := MISHAP.search(err):
        raise GatewayError(err[found.start() :][:8000], status)


def _is(pid: int, program: str) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == program
    except (FileNotFoundError, ProcessLookupError):
        return False


def _parent(pid: int) -> int | None:
    """None: it has gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat.rpartition(")")[2].split()[1])
