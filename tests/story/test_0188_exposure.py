# SPDX-License-Identifier: GPL-2.0-or-later
"""What systemd-analyze would say of the proxy if that were a service of its own:
each line of such a unit is read off the living process, or off the list that is
its filter.  Of the true service: tests/test_package.py."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.lab.gateway import PROGRAM, ROOT, Gateway

PROXY_MAX = 2.0
CALLS = (ROOT / "src" / "daemon" / "proxy_calls.c").read_text()

pytestmark = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="apt-get install systemd"
)


def exposure(unit: Path) -> float:
    argv = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)]
    done = subprocess.run(argv, text=True, capture_output=True, timeout=60)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])


def facts(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def allowed_calls() -> list[str]:
    return sorted(set(re.findall(r"\bCALL(?:_\d)?\((\w+)", CALLS)) | {"socket", "setsockopt"})


def families() -> list[str]:
    return re.findall(r"^\tSOCKETS\((AF_\w+)\)", CALLS, re.M)


def test_the_proxy(gateway: Gateway, tmp_path: Path) -> None:
    if "asan" in str(PROGRAM) or "tsan" in str(PROGRAM):
        pytest.skip("a sanitizer does not work in the sandbox")
    [pid] = gateway.pids("gatehouse-proxy")
    status = facts(pid)
    assert status["Uid"].split()[0] != "0" and status["Groups"].strip() == ""
    caps = [status[f"Cap{which}"] for which in ("Inh", "Prm", "Eff", "Bnd", "Amb")]
    assert {int(cap, 16) for cap in caps} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    calls = allowed_calls()
    assert len(calls) > 60 and families() == ["AF_INET", "AF_INET6"]
    # No namespace, no memory that becomes code, no file's mode, no real time, no
    # personality, no key: by the list.
    forbidden = {"unshare", "setns", "chmod", "fchmod", "sched_setscheduler"}
    forbidden |= {"personality", "keyctl", "add_key", "mount", "ptrace", "shmget"}
    assert not forbidden & set(calls)
    assert "BITS(2, PROT_EXEC, 0)" in CALLS and "CLONE_NEWUSER" in CALLS
    unit = tmp_path / "gatehouse-proxy.service"
    # Of files it can name none but below the cache's folder (Landlock; tried in
    # test_0180_sandbox.py): no /proc, /sys, /dev, /home or /tmp.
    unit.write_text(f"""[Service]
ExecStart=/usr/libexec/gatehouse-proxy
User=gatehouse
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
SystemCallFilter={" ".join(calls)}
SystemCallArchitectures=native
RestrictAddressFamilies={" ".join(families())}
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
RemoveIPC=yes
UMask=0077
NotifyAccess=none
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateMounts=yes
PrivateTmp=yes
""")
    found = exposure(unit)
    print(f"the proxy: {found}")
    assert found <= PROXY_MAX
