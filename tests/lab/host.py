# SPDX-License-Identifier: GPL-2.0-or-later
"""A host of the lab: run programs in it, or be it with a socket."""

import itertools
import os
import socket
import subprocess
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

from tests.lab import curl, namespace
from tests.lab.listener import Listener, UdpEcho
from tests.lab.process import Process

# Each client gets ports of its own, so that its flow can be found in a log
# even where the client was never answered.  Below the ephemeral range.
PORTS = range(20000, 32000)
PORTS_A_CLIENT = 10


def entering(name: str, etc: Path, argv: list[str], dies_by="KILL") -> list[str]:
    """The command that runs `argv` in a namespace, with the lab's names.

    `ip netns exec` gives it a mount namespace of its own, in which what is in
    `etc` is laid over what the machine has there.  It ends when the thread that
    started it ends, even if that was killed.
    """
    lay = "".join(f"mount --bind {etc}/{f} /etc/{f} && " for f in _laid(etc))
    script = f'{lay}exec setpriv --pdeathsig {dies_by} -- "$@"'
    return ["ip", "netns", "exec", name, "sh", "-c", script, argv[0], *argv]


def _laid(etc: Path) -> list[Path]:
    """One can only be laid over another: each file that this machine has too,
    and as a whole each folder with one that it has not."""
    files = [f.relative_to(etc) for f in sorted(etc.rglob("*")) if f.is_file()]
    new = {f.parent for f in files if not Path("/etc", f).exists()} - {Path()}
    whole = sorted(f for f in new if Path("/etc", f).is_dir())
    known = [f for f in files if Path("/etc", f).exists()]
    return [*whole, *(f for f in known if f.parent not in whole)]


class Host:
    """One namespace with its addresses, and what runs there."""

    def __init__(
        self, name: str, namespace: str, ip4: str, ip6: str, dir: Path, env: dict
    ):
        self.name = name
        self.namespace = namespace
        self.ip4 = ip4
        self.ip6 = ip6
        self.dir = dir
        self.env = env
        self.processes: list[Process] = []
        self.listeners: list[Listener | UdpEcho] = []
        self._ports = itertools.cycle(range(PORTS.start, PORTS.stop, PORTS_A_CLIENT))
        self._number = itertools.count(1)
        dir.mkdir()

    def ports(self) -> range:
        """Client ports that no other client of this host has just had."""
        first = next(self._ports)
        return range(first, first + PORTS_A_CLIENT)

    def stem(self, word: str) -> Path:
        """A new name for files about one thing that happens here."""
        return self.dir / f"{next(self._number):04}-{word}"

    # Programs.

    def run(
        self,
        argv: list[str],
        timeout: float = 10,
        check: bool = False,
        input: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; with `check` a failure tells its words."""
        command = entering(self.namespace, self.etc, [str(a) for a in argv])
        done = subprocess.run(
            command,
            input=input,
            text=True,
            errors="replace",
            capture_output=True,
            env=self.env,
            timeout=timeout,
        )
        if check and done.returncode:
            raise RuntimeError(f"{self.name}: {argv}: {done.stderr or done.stdout}")
        return done

    def spawn(self, argv: list[str], dies_by="KILL") -> Process:
        """Start a program that runs on; the lab ends it."""
        argv = [str(a) for a in argv]
        command = entering(self.namespace, self.etc, argv, dies_by)
        process = Process(command, self.stem(Path(argv[0]).name), self.env)
        self.processes.append(process)
        return process

    def curl(self, url: str, *more: str, timeout: float = 5) -> curl.Answer:
        """Ask for a URL.  Never raises because of an answer: it is returned."""
        stem, ports = self.stem("curl"), self.ports()
        argv = curl.options(stem, ports, timeout) + [*more, url]
        done = self.run(argv, timeout + 5)
        return curl.read(stem, ports, done.returncode, done.stdout, done.stderr)

    @property
    def etc(self) -> Path:
        return self.dir.parent / "etc"

    # Sockets, in this process.

    def open_socket(self, family: int, kind: int) -> socket.socket:
        return namespace.inside(self.namespace, lambda: socket.socket(family, kind))

    def connect(
        self,
        address: str,
        port: int,
        timeout: float = 2.0,
        source: tuple[str, int] | None = None,
    ) -> socket.socket:
        """A TCP connection of this host; OSError when it is not to be had."""
        sock = self.open_socket(family_of(address), socket.SOCK_STREAM)
        try:
            if source:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(source)
            sock.settimeout(timeout)
            sock.connect((address, port))
        except ConnectionRefusedError as error:
            words = f"by {address}:{port} to {sock.getsockname()[0]}; "
            sock.close()
            words += namespace.listening(namespace.beside(self.namespace, "gw"))
            raise ConnectionRefusedError(error.errno, words) from None
        except BaseException:
            sock.close()
            raise
        return sock

    def http(self, address: str, port: int, timeout=5.0) -> HTTPConnection:
        """An HTTP/1.1 connection; kept alive, and never opened a second time."""
        client = HTTPConnection(address, port)
        client.auto_open = 0
        client.sock = self.connect(address, port, timeout)
        return client

    def udp(self, family: int = socket.AF_INET, timeout=2.0) -> socket.socket:
        sock = self.open_socket(family, socket.SOCK_DGRAM)
        sock.settimeout(timeout)
        return sock

    def serve(
        self, port: int, handle: Callable[[socket.socket], None], address="::"
    ) -> Listener:
        """Answer TCP connections with `handle`, each in a thread."""
        sock = self.open_socket(family_of(address), socket.SOCK_STREAM)
        listener = Listener(sock, address, port, handle)
        self.listeners.append(listener)
        return listener

    def serve_udp_echo(self, port: int) -> UdpEcho:
        echo = UdpEcho(self.open_socket(socket.AF_INET6, socket.SOCK_DGRAM), port)
        self.listeners.append(echo)
        return echo

    # The kernel.

    def sysctl(self, name: str, value: str) -> None:
        path = Path("/proc/sys", name.replace(".", "/"))
        namespace.inside(self.namespace, lambda: path.write_text(value))

    def stop(self) -> None:
        """End all that was started here, the last first."""
        for listener in self.listeners:
            listener.close()
        for process in reversed(self.processes):
            process.ask_to_end()
        for process in reversed(self.processes):
            process.stop()
        self.listeners.clear()
        self.processes.clear()


def family_of(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def environment(prefix: str, authority: Path) -> dict[str, str]:
    """The machine's, without its proxies, with the lab's mark and authority."""
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return env | {namespace.MARK: prefix, "CURL_CA_BUNDLE": str(authority)}
