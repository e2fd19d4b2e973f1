# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways out of a sandbox: what a program tries that is to reach two names and
nothing else.  Each row of ESCAPES is tried in one run, by tests/lab/escapes.py,
and nothing of it may be `done`."""

import json
import os
import shutil
import socket
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lab import escapes
from tests.lab.lab import Lab
from tests.lab.sandbox import Sandbox

# Somebody else may do all: a program is not to pass for him.
POLICY = """
zone lan = int0 10.0.0.0/24
allow lan -> any
allow sandbox -> www.example.com, eu.packages.example web
"""

NO_FAMILY, NO_PROTOCOL, NO_RIGHT = "EAFNOSUPPORT", "EPROTONOSUPPORT", "EPERM"
NONE_THERE, NO_CALL, HIDDEN = "ESRCH", "ENOSYS", "EACCES"
REFUSED, CUT = "ECONNREFUSED", "ECONNRESET"
ENDED = ""
FOR_ROOT = {"a_program_of_root": "uid 0", "a_tunnel_device": NO_RIGHT}
TUN = "/dev/net/tun"  # some machines have it for root alone
ESCAPES = {
    "raw_ip": NO_RIGHT,
    "raw_icmp": NO_RIGHT,
    "ping_socket": NO_PROTOCOL,
    "packets": NO_FAMILY,
    "vsock": NO_FAMILY,
    "sctp": NO_PROTOCOL,
    "sctp_messages": NO_RIGHT,
    "dccp": NO_RIGHT,
    "udp_lite": NO_PROTOCOL,
    "ciphers_of_the_kernel": NO_FAMILY,
    "family_in_the_upper_half": NO_FAMILY,
    "unix_of_a_path": NO_FAMILY,
    "unix_of_no_path": NO_FAMILY,
    "unix_datagram_of_a_pair": NO_PROTOCOL,
    "unix_raw_of_a_pair": NO_PROTOCOL,
    "a_pair_of_another_family": NO_FAMILY,
    "tipc": NO_FAMILY,
    "unix_stream_of_a_pair_elsewhere": "EISCONN",
    "nftables": NO_PROTOCOL,
    "io_uring": NO_CALL,
    "another_user_namespace": NO_RIGHT,
    "another_network": NO_RIGHT,
    "a_child_in_another_network": NO_RIGHT,
    "a_child_by_clone3": NO_CALL,
    "the_keeper_s_network": HIDDEN,
    "a_network_with_a_name": NO_RIGHT,
    "the_network_of_a_socket": NO_RIGHT,
    "another_mount": NO_RIGHT,
    "another_mount_by_the_new_calls": NO_RIGHT,
    "a_copy_of_a_mount": NO_RIGHT,
    "what_lies_below_proc": NO_RIGHT,
    "another_root": NO_RIGHT,
    "a_file_by_its_handle": NO_RIGHT,
    "calls_of_x32": ENDED,
    "calls_of_32_bits": ENDED,
    "a_signal_to_the_proxy": NONE_THERE,
    "the_host_s_processes_in_proc": "ENOENT",
    "ptrace_of_the_host": NONE_THERE,
    "memory_of_the_host": NONE_THERE,
    "memory_of_the_keeper": HIDDEN,
    "ptrace_of_the_keeper": NO_RIGHT,
    "descriptors_of_the_keeper": HIDDEN,
    "a_descriptor_by_a_process_descriptor": NO_RIGHT,
    "a_descriptor_that_was_open": "EBADF",
    "words_for_the_terminal": NO_RIGHT,
    "words_for_the_console": NO_RIGHT,
    "what_the_kernel_counts": NO_RIGHT,
    "a_key_that_the_host_resolves": NO_RIGHT,
    "programs_for_the_kernel": NO_RIGHT,
    "a_program_of_root": "uid 65534",
    "take_the_interface_down": NO_RIGHT,
    "give_it_an_address": NO_RIGHT,
    "another_route": NO_RIGHT,
    "a_tunnel_device": NO_RIGHT if os.stat(TUN).st_mode & stat.S_IWOTH else HIDDEN,
    "udp": REFUSED,
    "udp_over_ipv6": REFUSED,
    "an_address_of_ipv4": HIDDEN,
    "an_address_of_ipv6": HIDDEN,
    "an_address_of_ipv4_in_ipv6": HIDDEN,
    "by_several_paths": HIDDEN,
    "a_route_of_its_own": NO_RIGHT,
    "a_mark_for_the_routes": NO_RIGHT,
    "the_words_of_a_cloud": HIDDEN,
    "no_address": REFUSED,
    "another_source": HIDDEN,
    "the_proxy_s_own_listener": CUT,
    "loopback_of_the_host": REFUSED,
    "the_host_by_its_address": HIDDEN,
    "an_alias_of_nobody": CUT,
    "an_alias_behind_all": HIDDEN,
    "fast_open": HIDDEN,
    "words_in_names": "Name or service not known",
}


def listen_outside(folder: Path, stack: ExitStack) -> tuple[dict, list[str]]:
    """Sockets of the host that a program inside would like to reach; and who has."""
    reached: list[str] = []
    places = {"unix": folder / "unix", "unix_datagrams": folder / "datagrams"}
    stream = stack.enter_context(socket.socket(socket.AF_UNIX))
    stream.bind(str(places["unix"]))
    stream.listen()
    datagrams = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    datagrams.bind(str(places["unix_datagrams"]))
    abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
    name = f"gatehouse-{os.getpid()}"
    abstract.bind("\0" + name)
    abstract.listen()
    for path in places.values():
        path.chmod(0o777)
    for word, one in {"path": stream, "abstract": abstract, "pair": datagrams}.items():
        one.setblocking(False)
        stack.callback(lambda word=word, one=one: note(word, one, reached))
    return {word: str(path) for word, path in places.items()} | {"abstract": name}, reached


def note(word: str, listener: socket.socket, reached: list[str]) -> None:
    try:
        listener.recv(1) if listener.type == socket.SOCK_DGRAM else listener.accept()
    except BlockingIOError:
        return
    reached.append(word)


def setuid_program(folder: Path) -> str:
    program = folder / "id"
    shutil.copy("/usr/bin/id", program)
    program.chmod(0o755 | stat.S_ISUID)
    return str(program)


def try_all(sandbox: Sandbox) -> dict:
    """What came of each attempt, and who was reached outside."""
    folder, host = sandbox.folder, sandbox.host
    with ExitStack() as stack:
        here, reached = listen_outside(folder, stack)
        served = host.open_socket(socket.AF_INET, socket.SOCK_STREAM)
        stack.enter_context(served)
        served.bind(("0.0.0.0", 0))
        served.listen()
        served.setblocking(False)
        stack.callback(lambda: note("loopback", served, reached))
        here |= {
            "host_pid": os.getpid(),
            "netns": f"/run/netns/{host.namespace}",
            "setuid": setuid_program(folder),
            "loopback": served.getsockname()[1],
            "own": host.ip4,
            "descriptor": 9,
        }
        script = folder / "escapes.py"
        shutil.copy(escapes.__file__, script)
        argv = ["/usr/bin/python3", str(script), json.dumps(here)]
        call = sandbox.argv(POLICY, argv, "--quiet")
        # A connection of the caller's, which the command is not to have.
        shell = ["bash", "-c", 'exec 9<>/dev/tcp/203.0.113.80/80 && exec "$@"', "bash"]
        done = host.run([*shell, *call], timeout=60)
    assert done.returncode == 0, done.stderr
    return {"attempts": json.loads(done.stdout), "reached": reached}


@pytest.fixture(scope="module")
def outcome(gateway_lab: Lab) -> dict:
    return try_all(Sandbox(gateway_lab.out))


@pytest.mark.parametrize("attempt", ESCAPES)
def test_no_way_out(outcome: dict, attempt: str) -> None:
    assert outcome["attempts"][attempt] == ESCAPES[attempt]


def test_each_attempt_has_a_row(outcome: dict) -> None:
    assert set(outcome["attempts"]) == set(ESCAPES)


def test_nothing_of_it_was_seen_outside(outcome: dict, gateway_lab: Lab) -> None:
    assert outcome["reached"] == []
    assert not gateway_lab.names.was_asked("c2VjcmV0.tunnel.example.com")


def test_nor_for_root(gateway_lab: Lab) -> None:
    """Who has no capability although he is root; but he is who he is."""
    outcome = try_all(Sandbox(gateway_lab.out, user=[]))
    assert outcome["attempts"] == ESCAPES | FOR_ROOT
    assert outcome["reached"] == []


def test_the_kernel_s_files_for_root(gateway_lab: Lab) -> None:
    """They are his, and to write what is one's own takes no capability."""
    paths = ["/proc/sys/kernel/core_pattern", "/proc/sys/net/ipv4/ip_forward"]
    paths += ["/proc/sysrq-trigger", "/sys/kernel/mm/ksm/run", "/sys/kernel/uevent_helper"]
    there = [path for path in paths if os.path.exists(path)]
    code = (
        "import os\n"
        f"for path in {there}:\n"
        "    try: os.open(path, os.O_WRONLY)\n"
        "    except OSError as error: print(error.errno)\n"
        "    else: print('open', path)"
    )
    done = Sandbox(gateway_lab.out, user=[]).python(POLICY, code)
    assert done.out.splitlines() == ["30"] * len(there), done.err  # EROFS


# A connection that the command has as its standard input is led elsewhere: it is
# one of the host's network, whoever has it.
ELSEWHERE = """
import ctypes, socket
one, libc = socket.socket(fileno=0), ctypes.CDLL(None)
libc.connect(0, bytes(16), 16)  # of no family: it is disconnected
one.settimeout(3)
one.connect(("203.0.113.80", 80))
print("out", flush=True)
"""


@pytest.mark.parametrize("options, status", [([], 3), (["--keep-fd", "0"], 0)])
def test_a_connection_of_the_host_is_not_inherited(gateway_lab: Lab, options, status) -> None:
    """Unless the caller says so, who then knows what he gives."""
    host, sandbox = gateway_lab.out, Sandbox(gateway_lab.out)
    call = sandbox.argv(POLICY, ["/usr/bin/python3", "-c", ELSEWHERE], "--quiet", *options)
    shell = ["bash", "-c", 'exec 0<>/dev/tcp/203.0.113.80/80 && exec "$@"', "bash"]
    done = host.run([*shell, *call], timeout=30)
    assert done.returncode == status, done.stderr
    assert ("out\n" == done.stdout) == bool(options)
    assert options or "descriptor 0 is a socket of the host" in done.stderr


GIVE_A_PAIR = """
import socket, subprocess, sys
ours, theirs = socket.socketpair(socket.AF_UNIX, getattr(socket, sys.argv[1]))
done = subprocess.run(sys.argv[2:], stdout=theirs)
theirs.close()
print(done.returncode, ours.recv(100) if done.returncode == 0 else "")
"""


@pytest.mark.parametrize("kind, said", [("SOCK_STREAM", "0 b'hello\\n'"), ("SOCK_DGRAM", "3")])
def test_a_pair_of_the_caller_s(gateway_lab: Lab, kind: str, said: str) -> None:
    """What node, sshd and systemd give; and one that would send to anybody."""
    sandbox = Sandbox(gateway_lab.out)
    call = sandbox.argv(POLICY, ["echo", "hello"], "--quiet")
    done = sandbox.host.run(["/usr/bin/python3", "-c", GIVE_A_PAIR, kind, *call])
    assert done.stdout.strip() == said, done.stderr
