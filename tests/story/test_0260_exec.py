# SPDX-License-Identifier: GPL-2.0-or-later
"""A sandbox for one command: what it runs reaches the names that a policy
allows, by any protocol and without knowing of it, and nothing else; and the
caller has the command's own exit status, signals and terminal."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.lab import packages, wait
from tests.lab.gateway import NO, PROGRAM, WRONG_CALL, WRONG_WORLD
from tests.lab.lab import Lab
from tests.lab.sandbox import NOBODY, Sandbox
from tests.lab.terminal import Terminal

NAME, FILES = "www.example.com", "http://www.example.com/files"
WEB = f"allow sandbox -> {NAME}, *.packages.example web\n"
USER = 65534
CURL = ["curl", "-sS", "-m", "5"]
GREETING = b"220 the server speaks first\r\n"


@pytest.fixture(scope="module")
def sandbox(gateway_lab: Lab) -> Sandbox:
    return Sandbox(gateway_lab.out)


def needs_program(*names: str) -> None:
    for name in names:
        if not shutil.which(name, path="/usr/bin:/usr/sbin:/bin"):
            pytest.skip(f"{name} is not installed: scripts/setup test")


# Names, whatever asks for them.


def test_http_by_its_name(sandbox: Sandbox) -> None:
    done = sandbox.run(WEB, [*CURL, f"http://{NAME}/x"])
    assert (done.status, done.err) == (0, "")
    assert f"name: {NAME}\n" in done.out and "target: /x\n" in done.out
    [event] = done.events
    assert (event["name"], event["verdict"], event["rule"]["line"]) == (NAME, "allow", 1)
    assert event["zone"]["from"] == "sandbox" and event["kind"] == "request"


def test_https_by_its_name(sandbox: Sandbox) -> None:
    done = sandbox.run(WEB, [*CURL, "-k", "https://eu.packages.example/pool"])
    assert (done.status, done.err) == (0, "")
    assert "server_name: eu.packages.example\n" in done.out


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_both_families_lead_to_a_name_of_one(sandbox: Sandbox, family: str) -> None:
    """An alias has an address in both, wherever the name itself has one."""
    policy = "allow sandbox -> v4only.example.com, v6only.example.com http\n"
    for name in "v4only.example.com", "v6only.example.com":
        done = sandbox.run(policy, [*CURL, family, f"http://{name}/"])
        assert (done.status, done.err) == (0, ""), done.err
        assert f"name: {name}\n" in done.out


def test_what_no_rule_names_does_not_exist(sandbox: Sandbox, gateway_lab: Lab) -> None:
    done = sandbox.run(WEB, [*CURL, "http://unnamed.example.net/"])
    assert done.status == 6  # of curl: the name could not be resolved
    assert "gatehouse: refused: unnamed.example.net: no rule allows it\n" in done.err
    assert {(e["kind"], e["name"]) for e in done.of("reject")} == {
        ("dns", "unnamed.example.net")
    }
    assert not gateway_lab.names.was_asked("unnamed.example.net")
    quiet = sandbox.run(WEB, [*CURL, "http://unnamed.example.net/"], "--quiet")
    assert "gatehouse" not in quiet.err


def test_a_name_that_does_not_exist(sandbox: Sandbox) -> None:
    done = sandbox.run(WEB, [*CURL, "http://none.packages.example/"])
    assert done.status == 6 and done.events == []


def test_what_is_refused_by_its_port(sandbox: Sandbox) -> None:
    code = f"import socket; socket.create_connection(('{NAME}', 22), 5).recv(1)"
    done = sandbox.python(WEB, code)
    assert "ConnectionResetError" in done.err or "TimeoutError" not in done.err
    assert f"gatehouse: refused: {NAME} tcp 22: no rule allows it\n" in done.err


def test_who_is_refused_is_told_why(sandbox: Sandbox) -> None:
    policy = f"reject sandbox -> {NAME} path /private\nallow sandbox -> {NAME} http\n"
    policy = policy.replace("/private", '"/private/*"')
    done = sandbox.run(policy, [*CURL, "-i", f"http://{NAME}/private/x"])
    assert done.out.startswith("HTTP/1.1 403 ") and "line 1" in done.out
    assert f"gatehouse: refused: GET {NAME} tcp 80: line 1\n" in done.err
    tls = sandbox.run(
        f"allow sandbox -> {NAME} tcp 444\nreject sandbox -> {NAME}\n",
        [*CURL, "-k", f"https://{NAME}/"],
    )
    assert tls.status == 35 and "alert" in tls.err  # of curl: no TLS connection


def test_a_server_that_speaks_first(sandbox: Sandbox, gateway_lab: Lab) -> None:
    """Nothing that the client says tells a name; the address it dials does."""
    port = 2526
    with gateway_lab.web.serve(port, lambda conn: conn.sendall(GREETING)):
        code = (
            "import socket, time; began = time.monotonic()\n"
            f"conn = socket.create_connection(('{NAME}', {port}), 5)\n"
            "print(conn.recv(100), time.monotonic() - began < 2)"
        )
        done = sandbox.python(f"allow sandbox -> {NAME} tcp {port}\n", code)
    assert done.out == f"{GREETING} True\n", done.err
    [event] = done.events
    assert (event["name"], event["port"]) == (NAME, port)


def test_an_address_that_the_policy_has(sandbox: Sandbox, gateway_lab: Lab) -> None:
    policy = "allow sandbox -> 203.0.113.80, 2001:db8:f::80 http\n"
    urls = [f"http://{gateway_lab.web.ip4}/", f"http://[{gateway_lab.web.ip6}]/"]
    done = sandbox.run(policy, [*CURL, *urls])
    assert done.status == 0 and done.out.count("server: web\n") == 2
    other = sandbox.run(policy, [*CURL, "-i", "http://203.0.113.66/"])
    assert other.out.startswith("HTTP/1.1 403 ")


def test_a_name_does_not_open_the_host_itself(sandbox: Sandbox) -> None:
    """`out.example.com` is where the command runs; what is there takes a rule."""
    with sandbox.host.serve(8085, lambda conn: conn.sendall(b"HTTP/1.0 200 \r\n\r\nin")):
        url = "http://out.example.com:8085/"
        named = sandbox.run("allow sandbox -> out.example.com\n", [*CURL, "-i", url])
        own = sandbox.run("allow sandbox -> self tcp 8085\n", [*CURL, url])
    assert named.out.startswith("HTTP/1.1 403 ")
    assert own.out == "in", own.err


# Whoever says two names.


def ask_with_host(sandbox: Sandbox, host: str):
    return sandbox.run(WEB, [*CURL, "-i", "-H", f"Host: {host}", f"http://{NAME}/"])


def test_another_host_in_the_request(sandbox: Sandbox) -> None:
    """Also one that is allowed: it was not the one that was dialled."""
    for host in "shop.example.com", "eu.packages.example", "203.0.113.80":
        done = ask_with_host(sandbox, host)
        assert done.out.startswith("HTTP/1.1 421 "), done.out
        [event] = done.events
        assert event["reason"] == "it names another server than it has dialled"
    assert ask_with_host(sandbox, NAME.upper()).out.startswith("HTTP/1.1 200 ")


def test_another_name_in_the_hello(sandbox: Sandbox) -> None:
    code = (
        "import socket, ssl\n"
        "context = ssl._create_unverified_context()\n"
        f"conn = socket.create_connection(('{NAME}', 443), 5)\n"
        "context.wrap_socket(conn, server_hostname='eu.packages.example')"
    )
    done = sandbox.python(WEB, code)
    assert "SSL" in done.err or "ConnectionResetError" in done.err
    assert "it names another server than it has dialled\n" in done.err
    assert [event["verdict"] for event in done.events] == ["reject"]


# Programs.


def test_git_over_ssh(sandbox: Sandbox, gateway_lab: Lab) -> None:
    needs_program("git", "ssh", "sshd")
    folder, host, port = sandbox.folder, gateway_lab.web, 2222
    for key in "host", "user":
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / f"key-{key}"]
        subprocess.run(argv, check=True)
    os.chown(folder / "key-user", USER, USER)
    (folder / "authorized").write_text((folder / "key-user.pub").read_text())
    bare = folder / "project.git"
    author = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    work = folder / "work"
    subprocess.run(["git", "init", "-q", "-b", "main", work], check=True)
    commit = ["git", "-C", work, *author, "commit", "-q", "--allow-empty", "-m", "one"]
    subprocess.run(commit, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", work, bare], check=True)
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nHostKey {folder}/key-host\nStrictModes no\nUsePAM no\n"
        f"AuthorizedKeysFile {folder}/authorized\nPidFile none\nPermitRootLogin yes\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    server = host.spawn(["/usr/sbin/sshd", "-D", "-e", "-f", config])
    wait.until("sshd", lambda: "listening" in server.err)
    ssh = (
        f"ssh -F /dev/null -i {folder}/key-user -o UserKnownHostsFile=/dev/null"
        " -o StrictHostKeyChecking=no -o LogLevel=ERROR"
    )
    url = f"ssh://root@{NAME}:{port}{bare}"
    argv = ["env", f"GIT_SSH_COMMAND={ssh}", "git", "clone", "-q", url]
    done = sandbox.run(
        f"allow sandbox -> {NAME} tcp {port}\n", [*argv, folder / "clone"]
    )
    assert done.status == 0, done.err
    assert (folder / "clone" / ".git").is_dir()
    other = sandbox.run(f"allow sandbox -> {NAME} tcp 22\n", [*argv, folder / "none"])
    assert other.status == 128 and f"refused: {NAME} tcp {port}" in other.err


def test_pip_from_a_mirror(sandbox: Sandbox, gateway_lab: Lab) -> None:
    if subprocess.run(["/usr/bin/python3", "-m", "pip", "-V"], capture_output=True).returncode:
        pytest.skip("pip is not installed: scripts/setup test")
    place = gateway_lab.pages.files / "simple" / "hello"
    place.mkdir(parents=True)
    wheel = packages.wheel(place, "hello").name
    (place / "index.html").write_text(f'<a href="{wheel}">{wheel}</a>')
    target = sandbox.folder / "packages"
    argv = ["/usr/bin/python3", "-m", "pip", "install", "-q", "--no-cache-dir"]
    argv += ["--disable-pip-version-check", "--target", target]
    argv += ["--index-url", f"{FILES}/simple/", "--trusted-host", NAME, "hello"]
    policy = f'allow sandbox -> {NAME} http path "/files/simple/*"\n'
    done = sandbox.run(policy, argv)
    assert done.status == 0, done.err
    assert (target / "hello.py").exists()


def test_npm_from_a_mirror(sandbox: Sandbox, gateway_lab: Lab) -> None:
    needs_program("npm")
    packages.node_module(gateway_lab.pages.files / "npm", f"{FILES}/npm", "hello")
    target = sandbox.folder / "node"
    target.mkdir()
    target.chmod(0o777)
    argv = ["env", f"HOME={target}", "npm", "install", "--registry", f"{FILES}/npm"]
    argv += ["--no-audit", "--no-fund", "--no-update-notifier", "--prefix", target, "hello"]
    done = sandbox.run(f"allow sandbox -> {NAME} http\n", argv)
    assert done.status == 0, done.err
    assert (target / "node_modules" / "hello" / "package.json").exists()


def test_node_fetches(sandbox: Sandbox) -> None:
    needs_program("node")
    code = f"fetch('http://{NAME}/n').then(a => a.text()).then(console.log)"
    done = sandbox.run(WEB, ["node", "-e", code])
    assert done.status == 0 and "target: /n\n" in done.out, done.err


def test_the_cache_serves_it_too(sandbox: Sandbox, gateway_lab: Lab) -> None:
    """As in any policy: what it has is only asked whether it still stands."""
    (gateway_lab.pages.files / "kept").write_text("kept" * 100)
    policy = "proxy { cache memory 64M }\n" + WEB
    done = sandbox.run(policy, [*CURL, "-D", "-", *[f"{FILES}/kept"] * 2])
    assert done.status == 0 and "fwd=stale; stored" in done.out, done.out


# The sandbox itself.


def test_its_own_servers_are_its_own(sandbox: Sandbox) -> None:
    """Programs of a build speak to each other over loopback."""
    code = (
        "import socket\n"
        "for family, address in ((socket.AF_INET, '127.0.0.1'),"
        " (socket.AF_INET6, '::1'), (socket.AF_INET, '198.18.0.1')):\n"
        "    server = socket.create_server((address, 0), family=family)\n"
        "    client = socket.create_connection(server.getsockname()[:2], 5)\n"
        "    server.accept()[0].send(b'own')\n"
        "    print(client.recv(3))\n"
        "print(socket.gethostbyname('localhost'))"
    )
    done = sandbox.python(WEB, code)
    assert done.out == "b'own'\n" * 3 + "127.0.0.1\n", done.err
    assert done.events == []


ASK = """
import json, socket, struct, sys
def ask(name, kind, tcp=False, message=None, wait=5):
    labels = b"".join(bytes([len(l)]) + l.encode() for l in name.split("."))
    message = message or struct.pack("!6H", 7, 256, 1, 0, 0, 1) + labels + b"\\0" + \\
        struct.pack("!2H", kind, 1) + b"\\0" + struct.pack("!2HIH", 41, 1232, 0, 0)
    sock = socket.socket(type=socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
    sock.settimeout(wait)
    sock.connect(("192.0.2.53", 53))
    sock.send((struct.pack("!H", len(message)) if tcp else b"") + message)
    try:
        answer = sock.recv(2000)[2 if tcp else 0:]
    except TimeoutError:
        return None
    head = struct.unpack("!6H", answer[:12])
    return [head[0], head[1] & 15, head[3], answer.hex()]
"""


def ask_dns(sandbox: Sandbox, policy: str, *questions: str) -> list:
    asked = ", ".join(f"ask({question})" for question in questions)
    done = sandbox.python(policy, f"{ASK}\nprint(json.dumps([{asked}]))", "--quiet")
    assert done.status == 0, done.err
    return json.loads(done.out)


def test_questions_of_every_kind(sandbox: Sandbox) -> None:
    """To any name server, by UDP and TCP: one that is not there at all."""
    name, other = f"'{NAME}'", "'shop.example.com'"
    four, six, tcp, mail, refused, back = ask_dns(
        sandbox,
        WEB,
        f"{name}, 1",
        f"{name}, 28",
        f"{name}, 1, True",
        f"{name}, 15",
        f"{other}, 1",
        "'0.1.18.198.in-addr.arpa', 12",
    )
    assert four[:3] == [7, 0, 1] and "c6120100" in four[3]  # 198.18.1.0
    assert six[:3] == [7, 0, 1] and "fd676174" in six[3]
    assert tcp[:3] == four[:3]
    assert mail[:3] == [7, 0, 0]
    assert refused[:3] == [7, 3, 0] and "000f" in refused[3]
    assert b"no rule allows it" in bytes.fromhex(refused[3])
    assert back[:3] == [7, 0, 1] and b"\3www\7example\3com\0" in bytes.fromhex(back[3])[40:]


def test_malformed_questions(sandbox: Sandbox) -> None:
    """A loop of pointers, a name that ends too late, two questions, an answer:
    a code, or nothing; and the next one is answered."""
    head = "struct.pack('!6H', 7, 256, 1, 0, 0, 0)"
    loop, late, two, answer, short, good = ask_dns(
        sandbox,
        WEB,
        f"'', 1, message={head} + b'\\xc0\\x0c\\0\\1\\0\\1'",
        f"'', 1, message={head} + b'\\x3fwww'",
        "'', 1, message=struct.pack('!6H', 7, 256, 2, 0, 0, 0) + b'\\1a\\0\\0\\1\\0\\1' * 2",
        "'', 1, message=struct.pack('!6H', 7, 0x8180, 1, 0, 0, 0) + b'\\1a\\0\\0\\1\\0\\1', wait=0.3",
        "'', 1, message=b'\\0\\7\\1', wait=0.3",
        f"'{NAME}', 1",
    )
    assert [loop[1], late[1], two[1]] == [1, 1, 1]
    assert answer is None and short is None
    assert good[:3] == [7, 0, 1]


def test_a_name_that_is_dropped_has_no_answer(sandbox: Sandbox) -> None:
    policy = "drop sandbox -> shop.example.com\nallow sandbox -> any http\n"
    [silent, told] = ask_dns(sandbox, policy, "'shop.example.com', 1, wait=0.3", f"'{NAME}', 1")
    assert silent is None and told[:3] == [7, 0, 1]


def test_sockets_of_files_and_descriptors_by_option(sandbox: Sandbox) -> None:
    code = "import socket, os; socket.socket(socket.AF_UNIX); print(os.read(9, 4))"
    call = sandbox.argv(WEB, ["/usr/bin/python3", "-c", code], "--unix", "--keep-fd", "9")
    done = sandbox.host.run(["bash", "-c", 'exec 9<<<"kept"; exec "$@"', "bash", *call])
    assert done.stdout == "b'kept'\n", done.stderr


# The command and its caller.


@pytest.mark.parametrize(
    "argv, status",
    [
        (["true"], 0),
        (["sh", "-c", "exit 41"], 41),
        (["sh", "-c", "kill -KILL $$"], 137),
        (["sh", "-c", "kill -TERM $$"], 143),
        (["/no/such/program"], 127),
        (["/etc/passwd"], 126),
    ],
)
def test_its_exit_status(sandbox: Sandbox, argv: list[str], status: int) -> None:
    assert sandbox.run(WEB, argv).status == status


def test_input_and_output_are_the_caller_s(sandbox: Sandbox) -> None:
    done = sandbox.run(WEB, ["sh", "-c", "cat; echo said >&2"], input="given\n")
    assert (done.out, done.err) == ("given\n", "said\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_signals_are_the_command_s(sandbox: Sandbox, number: signal.Signals) -> None:
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo caught {name}; exit 9' {name}; echo ready; while :; do sleep 0.05; done"
    process = sandbox.host.spawn(sandbox.argv(WEB, ["sh", "-c", script]))
    process.wait_line("ready", 10)
    os.kill(process.pid, number)
    assert process.wait(10) == 9
    assert f"caught {name}\n" in process.out


def alive(mark: str) -> bool:
    return subprocess.run(["pgrep", "-f", mark], capture_output=True).returncode == 0


def test_who_has_himself_traced_goes_on(sandbox: Sandbox) -> None:
    """Its parent is ours, who did not ask for that; no signal of it is the caller's."""
    code = "import ctypes, os, signal\nctypes.CDLL(None).ptrace(0, 0, 0, 0)\n"
    code += "signal.signal(signal.SIGUSR1, lambda *_: print('caught', flush=True))\n"
    code += "os.kill(os.getpid(), signal.SIGUSR1)\nos.execlp('echo', 'echo', 'on')"
    done = sandbox.python(WEB, code)
    assert (done.status, done.out) == (0, "caught\non\n"), done.err


def test_nothing_is_left_behind(sandbox: Sandbox) -> None:
    """Neither by a command that ends, nor when the caller is killed."""
    script = "setsid sleep 4711.1 & echo ready; {}"
    done = sandbox.run(WEB, ["sh", "-c", script.format("exit 0")])
    assert done.status == 0 and not alive("sleep 4711.1")
    process = sandbox.host.spawn(sandbox.argv(WEB, ["sh", "-c", script.format("wait")]))
    process.wait_line("ready", 10)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    wait.until("the end of all", lambda: not alive("sleep 4711.1"))


def test_the_jobs_of_a_terminal(sandbox: Sandbox) -> None:
    """Ctrl-Z stops the command and its caller, `fg` goes on, Ctrl-C ends it."""
    pytest.importorskip("pyte")
    call = " ".join(f"'{word}'" for word in sandbox.argv(WEB, ["sh", "-c", "echo up; cat"]))
    with Terminal(sandbox.host, ["bash", "--norc", "-i"], PS1="ready> ") as terminal:
        terminal.wait("ready>")
        terminal.press(f"clear; {call}\n")
        terminal.wait("up\n")
        terminal.press("one\n")
        terminal.wait("one\none")
        terminal.press("\x1a")
        terminal.wait("Stopped")
        terminal.wait("ready>")  # before it, what is typed may be lost
        terminal.press("clear; echo again; fg\n")
        terminal.wait("again\n'setpriv'")
        terminal.press("two\n")
        terminal.wait("two\ntwo")
        terminal.press("\x03")
        terminal.wait("ready>")  # before it, what is typed may be cat's
        terminal.press("echo status=$?\n")
        terminal.wait("status=130")


def test_the_size_of_the_terminal(sandbox: Sandbox) -> None:
    pytest.importorskip("pyte")
    script = "trap 'stty size; exit 0' WINCH; stty size; while :; do sleep 0.05; done"
    call = sandbox.argv(WEB, ["bash", "-c", script])
    with Terminal(sandbox.host, call, rows=24, columns=80) as terminal:
        terminal.wait("24 80")
        terminal.resize(30, 90)
        terminal.wait("30 90")


# What it says at the end.


def test_the_summary(sandbox: Sandbox) -> None:
    script = f"curl -s http://{NAME}/; curl -s http://{NAME}/; curl -s http://shop.example.com/"
    done = sandbox.run(WEB, ["sh", "-c", script], "--summary", "--quiet")
    lines = [line.split() for line in done.err.splitlines()]
    assert lines[0] == ["reached:", "1"]
    assert lines[1] == ["place", "port", "times", "bytes"]
    assert lines[2][:4] == [NAME, "tcp", "80", "2"]
    assert lines[3] == ["refused:", "1"]
    assert lines[4] == ["place", "port", "times", "why"]
    assert lines[5][0] == "shop.example.com" and "no rule allows it" in done.err
    assert lines[6][0] == "bytes:"


def test_what_nothing_answers_is_not_reached(sandbox: Sandbox) -> None:
    learned = sandbox.folder / "unanswered.policy"
    script = f"curl -s http://{NAME}:99/; curl -sk https://{NAME}:99/; true"
    options = "--summary", "--learn", str(learned)
    done = sandbox.run(None, ["sh", "-c", script], *options)
    assert "reached: 0, nothing\nallowed, but nothing answered: 1\n" in done.err
    assert "the server refuses the connection\n" in done.err
    assert learned.read_text().splitlines()[1:] == [f"# allow sandbox -> {NAME} tcp 99"]


def without_rule(policy: str, number: int) -> str:
    rules = policy.splitlines()
    return "\n".join(rules[:number] + rules[number + 1 :]) + "\n"


def test_what_it_needs_is_learned(sandbox: Sandbox) -> None:
    """The policy allows the same again, and not one of its rules can go."""
    learned = sandbox.folder / "learned.policy"
    urls = [f"http://{NAME}/", "http://shop.example.com/", "http://203.0.113.66/"]
    urls += ["https://shop.example.com/", "https://eu.packages.example/"]
    script = "set -e; " + "; ".join(f"curl -sSkf -o /dev/null {url}" for url in urls)
    first = sandbox.run(None, ["sh", "-c", script], "--learn", str(learned))
    assert first.status == 0, first.err
    policy = learned.read_text()
    assert policy.splitlines() == [
        "allow sandbox -> eu.packages.example tcp 443",
        f"allow sandbox -> 203.0.113.66, {NAME} tcp 80",
        "allow sandbox -> shop.example.com { tcp 80, tcp 443 }",
    ]
    again = sandbox.run(policy, ["sh", "-c", script])
    assert (again.status, again.err) == (0, "")
    assert not again.of("reject")
    for number in range(len(policy.splitlines())):
        less = without_rule(policy, number)
        assert sandbox.run(less, ["sh", "-c", script], "--quiet").status != 0, less


def test_what_was_refused_is_learned_too(sandbox: Sandbox) -> None:
    """Of a name that was never dialled no port is known."""
    learned = sandbox.folder / "refused.policy"
    script = f"curl -s http://{NAME}:8086/; curl -s http://shop.example.com/; true"
    sandbox.run(WEB, ["sh", "-c", script], "--learn", str(learned), "--quiet")
    assert learned.read_text().splitlines() == [
        f"allow sandbox -> {NAME} tcp 8086",
        "# Refused by its name, before a port was known: say which.",
        "# allow sandbox -> shop.example.com",
    ]


def test_a_name_that_is_a_word_is_learned_as_a_name(sandbox: Sandbox) -> None:
    """Else a command would have its next policy allow what it likes."""
    code = "import socket\nfor name in 'any', 'self', 'sandbox', 'log', 'tcp', 'web', 'x_y':\n"
    code += "    try: socket.getaddrinfo(name, 80)\n    except OSError: pass"
    learned = sandbox.folder / "words.policy"
    sandbox.python(WEB, code, "--learn", str(learned), "--quiet")
    lines = [line.removeprefix("# ") for line in learned.read_text().splitlines()[1:]]
    names = "any.", "log.", "sandbox.", "self.", "tcp.", "web.", "x_y."
    assert sorted(lines) == [f"allow sandbox -> {name}" for name in names]
    policy = "".join(f"{line}\n" for line in lines)
    done = sandbox.run(policy, [*CURL, f"http://{NAME}/"])
    assert "no rule allows it" in done.err and done.status == 6


def test_a_policy_that_is_there_stays(sandbox: Sandbox) -> None:
    """And the command does not run for nothing."""
    kept, fresh = sandbox.folder / "kept.policy", sandbox.folder / "fresh.policy"
    kept.write_text(WEB)
    kept.chmod(0o666)
    ran = sandbox.folder / "ran"
    done = sandbox.run(WEB, ["touch", ran], "--learn", str(kept))
    assert done.status == WRONG_WORLD and "it is there already, and stays" in done.err
    assert kept.read_text() == WEB and not ran.exists()
    kept.write_text("")  # as mktemp makes it
    assert sandbox.run(WEB, ["true"], "--learn", str(kept)).status == 0
    done = sandbox.run("allow sandbox -> www example\n", ["true"], "--learn", str(fresh))
    assert done.status == NO and not fresh.exists()


def test_several_allow_add_up(sandbox: Sandbox) -> None:
    urls = [f"http://{NAME}/", "http://shop.example.com/"]
    allow = ["--allow", NAME, "--allow", "shop.example.com"]
    done = sandbox.run(None, [*CURL, "-f", *urls], *allow)
    assert (done.status, done.err) == (0, "")
    assert done.out.count("target: /\n") == 2


def test_it_starts_at_once(sandbox: Sandbox) -> None:
    """A loose bound, on a busy machine; bench/README.md has the figures."""
    call = sandbox.argv(WEB, ["true"])
    took = []
    for _ in range(5):
        began = time.monotonic()
        assert subprocess.run(call, env=sandbox.host.env).returncode == 0
        took.append(time.monotonic() - began)
    assert min(took) < 0.5, took


# What is wrong with it.


def call(*argv: str) -> subprocess.CompletedProcess[str]:
    command = [*NOBODY, str(PROGRAM), "exec", *argv]
    return subprocess.run(command, text=True, capture_output=True, timeout=20)


@pytest.mark.parametrize(
    "argv, words",
    [
        (["x.policy", "true"], "put -- before the command"),
        (["--allow", "a.example", "curl", "-s", "b"], "put -- before the command"),
        (["--allow", "a.example", "curl", "--json=1"], "put -- before the command"),
        (["-s", "--allow", "a.example", "--", "true"], "there is no option -s\n"),
        (["--", "true"], "what is allowed says a policy, or --allow"),
        (["a", "b", "--", "true"], "one policy, and behind -- the command"),
        (["--allow", "a.example", "x", "--", "true"], "not both"),
        (["--keep-fd", "x", "--allow", "a.example", "--", "true"], "usage:"),
    ],
)
def test_a_wrong_call(argv: list[str], words: str) -> None:
    done = call(*argv)
    assert done.returncode == WRONG_CALL and words in done.stderr, done.stderr


def test_a_policy_that_is_refused(sandbox: Sandbox) -> None:
    done = sandbox.run("allow sandbox -> www example\n", ["true"])
    assert done.status == NO and ":1:" in done.err
    silent = sandbox.run("zone lan = int0 10.0.0.0/24\nallow lan -> any\n", ["true"])
    assert silent.status == NO and "no rule is for 'sandbox'" in silent.err
    gateway = "zone lan = int0 10.0.0.0/24\nzone wan = ext0\nallow lan -> wan\n"
    silent = sandbox.run(gateway, ["true"])
    assert silent.status == NO and "no rule is for 'sandbox'" in silent.err
    named = call("--allow", "www example", "--", "true")
    assert named.returncode == NO and "--allow:1:" in named.stderr


def test_a_host_without_namespaces_says_so(sandbox: Sandbox) -> None:
    """In a user namespace whose own bound of them is none."""
    script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    call = [str(PROGRAM), "exec", "--allow", NAME, "--", "true"]
    done = sandbox.host.run(["unshare", "-Ur", "sh", "-c", script, "sh", *call])
    assert done.returncode == WRONG_WORLD
    assert "sysctl user.max_user_namespaces is 0" in done.stderr


def test_a_sandbox_in_a_sandbox_says_why_not(sandbox: Sandbox) -> None:
    inner = [str(PROGRAM), "exec", "--allow", NAME, "--", "true"]
    done = sandbox.run(WEB, inner)
    assert done.status == WRONG_WORLD
    assert "a filter of system calls forbids user namespaces" in done.err


def test_a_container_that_hides_parts_of_proc(sandbox: Sandbox) -> None:
    """The kernel shows no other one then; the host's stays, and is of no use."""
    hide = 'mount -t tmpfs none /proc/fs && exec "$@"'
    code = (
        "import os, signal\n"
        f"print(os.path.exists('/proc/{os.getpid()}'))\n"
        f"os.kill({os.getpid()}, signal.SIGTERM)"
    )
    call = sandbox.argv(WEB, ["/usr/bin/python3", "-c", code])
    done = sandbox.host.run(["unshare", "-m", "sh", "-c", hide, "sh", *call])
    assert "True" in done.stdout and "ProcessLookupError" in done.stderr
    curl = sandbox.argv(WEB, [*CURL, f"http://{NAME}/"])
    done = sandbox.host.run(["unshare", "-m", "sh", "-c", hide, "sh", *curl])
    assert done.returncode == 0, done.stderr


def test_without_its_proxy_the_command_ends(sandbox: Sandbox) -> None:
    argv = sandbox.argv(WEB, ["sh", "-c", f"curl -s http://{NAME}/; echo ready; sleep 60"])
    process = sandbox.host.spawn(argv)
    process.wait_line("ready", 10)
    found = subprocess.run(
        ["pgrep", "-P", str(process.pid), "gatehouse-proxy"], capture_output=True
    )
    os.kill(int(found.stdout), signal.SIGKILL)
    assert process.wait(10) == WRONG_WORLD
    assert "gatehouse-proxy has ended (signal 9 (Killed))" in process.err


def test_a_gateway_takes_no_such_policy(sandbox: Sandbox) -> None:
    path = sandbox.folder / "gateway.policy"
    path.write_text(WEB)
    argv = [str(PROGRAM), "run", "--runtime", str(sandbox.folder / "runtime"), str(path)]
    done = sandbox.host.run(argv)
    assert done.returncode == NO and "gatehouse exec" in done.stderr, done.stderr
