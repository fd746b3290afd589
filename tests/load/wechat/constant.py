"""A constant in safe mode: our door against WeRoBot's Flask view, under the same server.

Interleaved rounds of the same sealed messages; what compares is the server's CPU a request.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

from app.accounts import commands as accounts
from app.accounts.terms import AccountKind, Mode, OfficialAccount
from app.base.work import begin
from app.config import ROOT, state_folder
from app.kernel.secret import Secret
from tests.load.ground import OPERATOR, ground
from tests.load.wechat import driving
from tests.load.wechat.credits import AES_KEY, environment, sealed
from wechat.replies import say

_ROUNDS = 5
_LIST = ROOT / "requirements-bench.txt"


def measure(messages: int) -> None:
    """Print the CPU a request of both, and their ratio."""
    python = _peers_python()
    bodies = sealed(messages, lambda n: (f"o{n}", "今天天气不错"))
    said = {"PEER_TOKEN": "load", "PEER_APPID": "wxload", "PEER_AES_KEY": AES_KEY}
    peers = os.environ | said | {"PEER_SAID": say("menu.unclear")}
    with ground() as on:
        with begin(on.site, OPERATOR) as work:
            accounts.put_official_account(work, ACCOUNT)
        ours, theirs = driving.free_port(), driving.free_port()
        with (
            driving.gunicorn("app.main:create_app()", ours, environment(on, ours)) as our_pid,
            driving.gunicorn(
                "tests.load.peer:application", theirs, peers, python=str(python)
            ) as their_pid,
        ):
            servers = {"ours": (ours, our_pid), "WeRoBot": (theirs, their_pid)}
            spent: dict[str, list[float]] = {name: [] for name in servers}
            for round_no in range(_ROUNDS + 1):
                for name, (port, pid) in servers.items():
                    before = driving.cpu_s(pid)
                    told = driving.closed(port, bodies)
                    if round_no:  # the first one warms
                        spent[name].append((driving.cpu_s(pid) - before) / len(told.took) * 1e6)
    for name, figures in spent.items():
        shown = ", ".join(f"{one:,.0f}" for one in figures)
        print(f"{name}: {statistics.median(figures):,.0f} µs of CPU a request ({shown})")
    ratio = statistics.median(spent["ours"]) / statistics.median(spent["WeRoBot"])
    print(f"ours / WeRoBot: {ratio:.2f}", flush=True)


ACCOUNT = OfficialAccount(
    slug="city", kind=AccountKind.SUBSCRIPTION, name="load", appid="wxload",
    secret=Secret("s" * 32), token=Secret("load"), aes_key=Secret(AES_KEY), mode=Mode.SAFE,
)  # fmt: skip


def _peers_python() -> Path:
    """The Python of the peer's own environment; no line of the product imports the peer."""
    home = state_folder() / "peer"
    python = home / "bin" / "python"
    stamp = home / "stamp"
    if not stamp.exists() or stamp.read_text() != _LIST.read_text():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "--require-hashes", "-r", _LIST], check=True
        )
        stamp.write_text(_LIST.read_text())
    return python
