# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket is root's: whoever else is on the machine, the proxy's own
user too, reaches it in no way, from the first moment that it is there."""

import errno
import os
import pwd
import socket
import stat
import sys
import threading
from collections.abc import Callable

import pytest

from tests.lab.gateway import GOOD, WRONG_WORLD, Gateway, GatewayError
from tests.lab.lab import Lab

OTHERS = {"nobody": 65534, "the proxy's user": pwd.getpwnam("gatehouse").pw_uid}


def as_user(uid: int, act: Callable[[], int]) -> int:
    """What it gives, in a process of that user's without any privilege."""
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        os._exit(act())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def try_connect(path: str) -> int:
    """0, or the errno."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_UNIX, kind) as one:
                rc = one.connect_ex(path)
                if rc not in (errno.EACCES, errno.EPROTOTYPE):
                    return rc or 255
    return errno.EACCES


@pytest.mark.parametrize("who", OTHERS)
def test_nobody_else_connects(gateway: Gateway, who: str) -> None:
    path = str(gateway.runtime / "control")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.stat(path).st_uid == 0
    # The folder can be entered, so that it is the socket that refuses.
    assert as_user(OTHERS[who], lambda: 0 if os.path.exists(path) else 1) == 0
    assert as_user(OTHERS[who], lambda: try_connect(path)) == errno.EACCES
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        assert one.connect_ex(path) in (0, errno.EPROTOTYPE)


@pytest.mark.parametrize("who", OTHERS)
@pytest.mark.parametrize("words", [["status"], ["stop"], ["ban", "192.0.2.7"], ["confirm"], ["upgrade"]])
def test_its_commands_say_so(gateway: Gateway, who: str, words: list[str]) -> None:
    uid = str(OTHERS[who])
    dropped = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"]
    done = gateway.lab.gw.run([*dropped, *gateway.program_argv(words[0]), *words[1:]])
    assert done.returncode == WRONG_WORLD and "it takes root" in done.stderr, done
    assert gateway.command("status").returncode == GOOD


def try_open(path: str) -> int:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError as error:
        return error.errno
    return 0


@pytest.mark.parametrize("who", OTHERS)
def test_nobody_else_holds_its_lock(own_lab: Lab, who: str) -> None:
    """Whoever can open the lock, to read only, can have it as soon as the gateway
    ends, and then none starts any more. One of an older version was open."""
    gateway = Gateway(own_lab, "drop any -> any\n")
    lock = gateway.runtime / "lock"
    gateway.runtime.mkdir()
    lock.touch(mode=0o644)
    with gateway:
        assert as_user(OTHERS[who], lambda: try_open(str(lock))) == errno.EACCES


BIND = """
import socket, sys
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    with socket.socket(family) as one:
        try:
            one.bind((address, 26472))
            sys.exit("bound")
        except PermissionError:
            pass
"""


def test_its_ports_are_nobody_else_s(own_lab: Lab) -> None:
    """Where the host's ports are root's, nobody takes one while no gateway runs,
    to keep the next one from its policy."""
    own_lab.gw.sysctl("net.ipv4.ip_unprivileged_port_start", "26473")
    dropped = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    done = own_lab.gw.run([*dropped, sys.executable, "-c", BIND])
    assert done.returncode == 0, done.stderr
    with Gateway(own_lab) as gateway:
        assert gateway.command("status").returncode == GOOD


@pytest.mark.parametrize("mode, owner", [(0o1777, 0), (0o775, 0), (0o755, 65534)])
def test_a_folder_that_others_can_write_in(own_lab: Lab, mode: int, owner: int) -> None:
    """They would make files in it that are believed: bans, names, the socket."""
    gateway = Gateway(own_lab, "drop any -> any\n")
    gateway.runtime.mkdir()
    os.chmod(gateway.runtime, mode)
    os.chown(gateway.runtime, owner, owner)
    with pytest.raises(GatewayError) as told, gateway:
        pass
    assert told.value.status == WRONG_WORLD
    assert f"others can write in the runtime folder {gateway.runtime}" in str(told.value)


@pytest.mark.parametrize("who", OTHERS)
def test_nothing_beside_it_can_be_changed(gateway: Gateway, who: str) -> None:
    """No file of the runtime folder is another's to write, and none is made."""
    folder = gateway.runtime

    def write() -> int:
        for path in folder.rglob("*"):
            if not path.is_dir() and os.access(path, os.W_OK):
                return 1
        try:
            (folder / "mine").write_text("")
        except PermissionError:
            return 0
        return 2

    assert as_user(OTHERS[who], write) == 0


def test_from_the_first_moment(start_gateway: Callable[..., Gateway], own_lab) -> None:
    """Somebody who tries without end while the gateway starts gets no connection."""
    with watching(own_lab.dir) as tries:
        start_gateway("zone lan = int0 10.0.0.0/24\ndrop any -> any\n")
    assert tries and set(tries) <= {errno.EACCES, errno.ENOENT}
    assert errno.EACCES in tries


class watching:
    """Tries to connect to every control socket below a folder, as nobody."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.tries: list[int] = []

    def __enter__(self) -> list[int]:
        self.read, write = os.pipe()
        self.end, end = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(end)
            os.close(self.read)
            self._try_on(write)
        os.close(write)
        os.close(self.end)
        self.end = end
        self.thread = threading.Thread(target=self._gather)
        self.thread.start()
        return self.tries

    def _try_on(self, write: int) -> None:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        os.set_blocking(self.end, False)
        seen, ended = set(), False
        while not ended:
            ended = self._has_ended()  # and once more after that
            for path in self.folder.glob("gateway-*/control"):
                rc = try_connect(str(path))
                if rc not in seen:
                    os.write(write, bytes([rc]))
                    seen.add(rc)
        os._exit(0)

    def _has_ended(self) -> bool:
        try:
            return os.read(self.end, 1) == b""
        except BlockingIOError:
            return False

    def _gather(self) -> None:
        while byte := os.read(self.read, 1):
            self.tries.append(byte[0])

    def __exit__(self, *_: object) -> None:
        os.close(self.end)
        os.waitpid(self.pid, 0)
        self.thread.join()
        os.close(self.read)
