"""How often the platform is asked for a token: ours, and wechatpy as it comes, at one simulator.

Cold: two processes of eight threads start at once without a token. Refused: the platform answers
40001 to every call for ten minutes, one call each fifteen seconds. The library alone is given one
process of eight threads, and one refused call: it does not come back from it otherwise.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from app.accounts import commands as accounts
from app.base.site import Site, wall_clock
from app.base.work import begin
from app.config import ROOT, WECHAT_API
from tests.load.ground import OPERATOR, Ground, ground
from tests.support.simulator import Simulator
from tests.support.wechat_client import ACCOUNTS, SERVICE
from wechat.platform import oa
from wechat.platform.client import Patience, Platform
from wechat.platform.errors import PlatformError
from wechat.simulator.server import Server
from wechat.simulator.world import World

_ACCOUNT = ACCOUNTS[SERVICE]
_INFO = "/user/info"
_EVERY_S, _CALLS = 15, 40


def main(argv: list[str]) -> None:
    """Play both, and print how many tokens each asked for."""
    argparse.ArgumentParser(prog="python -m tests.load token").parse_args(argv)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with ground() as on:
        clock = _Clock()
        server = Server(World(lambda: clock().timestamp()))
        server.start()
        try:
            simulator = Simulator(server.url)
            _play(on, clock, simulator)
        finally:
            server.stop()


class _Clock:
    """Begins now, and goes on by hand."""

    def __init__(self) -> None:
        self.now = wall_clock()

    def __call__(self) -> datetime:
        return self.now


def _play(on: Ground, clock: _Clock, simulator: Simulator) -> None:
    site = _filed(on, clock, simulator)
    _cold(site, simulator)
    _refused(on, clock, simulator, site)
    _library(simulator)


def _filed(on: Ground, clock: _Clock, simulator: Simulator) -> Site:
    config = replace(on.site.config, wechat_api=simulator.url, wechat_open=simulator.url)
    site = replace(on.site, config=config, clock=clock)
    with begin(site, OPERATOR) as work:
        accounts.put_official_account(work, _ACCOUNT)
    _empty(simulator)
    return site


def _empty(simulator: Simulator) -> None:
    simulator.control("POST", "/reset")
    simulator.put(_ACCOUNT)
    simulator.user(_ACCOUNT, "o-1")


def _asked(simulator: Simulator) -> tuple[int, int]:
    """Tokens asked for, and calls."""
    fetches = simulator.requests("/(stable_)?token$")
    return len(fetches), len(simulator.requests(_INFO))


def _cold(site: Site, simulator: Simulator) -> None:
    simulator.fault(path="stable_token", times=0, do={"delay": 0.3})
    told = {"database_url": site.config.database_url.reveal(), "wechat_api": simulator.url}
    command = [sys.executable, "-m", "tests.support.racer", json.dumps(told)]
    racing = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) for _ in range(2)]
    said = [json.loads(one.communicate(timeout=120)[0]) for one in racing]
    done = sum(one["done"] for one in said)
    errors = [error for one in said for error in one["errors"]]
    fetches, calls = _asked(simulator)
    print(f"cold, 2 processes x 8 threads: {fetches} fetch, {calls} calls, {done} done, {errors=}")


def _refused(on: Ground, clock: _Clock, simulator: Simulator, site: Site) -> None:
    with begin(site, OPERATOR) as work:
        accounts.put_official_account(work, _ACCOUNT)
    _empty(simulator)
    simulator.fault(path=_INFO, times=0, do={"errcode": 40001})
    clock.now = wall_clock()
    for _ in range(_CALLS):
        with suppress(PlatformError):
            oa.user_info(Platform(site, _ACCOUNT, patience=Patience(pause_s=0.01)), "o-1")
        clock.now += timedelta(seconds=_EVERY_S)
    fetches, calls = _asked(simulator)
    minutes = _CALLS * _EVERY_S // 60
    print(f"40001 for ever, {_CALLS} calls in {minutes} min: {fetches} fetches, {calls} calls out")


# ------------------------------------------------------------------ the library as it comes


class _There(HTTPAdapter):
    """The library names its addresses in full; they are turned to the simulator."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        request.url = (request.url or "").replace(WECHAT_API, self._base)
        return super().send(request, *args, **kwargs)


def _library(simulator: Simulator) -> None:
    _empty(simulator)
    simulator.fault(path="/token", times=0, do={"delay": 0.3})
    client = _client(simulator)
    start = threading.Barrier(8)

    def call() -> None:
        start.wait()
        with suppress(WeChatClientException, RecursionError):
            client.user.get("o-1")

    threads = [threading.Thread(target=call) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    fetches, calls = _asked(simulator)
    print(f"wechatpy alone, cold, 1 process x 8 threads: {fetches} fetches, {calls} calls")

    _empty(simulator)
    simulator.fault(path=_INFO, times=0, do={"errcode": 40001})
    with suppress(WeChatClientException, RecursionError):
        _client(simulator).user.get("o-1")
    fetches, calls = _asked(simulator)
    print(f"wechatpy alone, 40001 for ever, one call: {fetches} fetches, {calls} calls out")


def _client(simulator: Simulator) -> Any:
    client = WeChatClient(_ACCOUNT.appid, _ACCOUNT.secret.reveal())
    client._http.mount("https://", _There(simulator.url))
    return client
