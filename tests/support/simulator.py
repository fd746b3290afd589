"""微信模拟器 — a WeChat for tests, on a port of its own, its wall clock that of the test.

simulator                           a running one, empty
simulator.url                       where it answers: wechat_api and wechat_open of the product
simulator.put(account, callback)    file an account as the product filed it; more facts by name
simulator.user(account, openid)     file a person on it; more facts by name
simulator.do(openid, "say", text=…) let the person do something; the delivery that came of it
simulator.sent(openid)              what reached the person
simulator.requests("/template/")    what the product asked
simulator.fault(path=…, do={…})     let something go wrong
simulator.advance(7200)             put the platform's clock forward, that of the test stays
product(site)                       the product on a port, for callbacks: its address
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.serving import make_server

from app.accounts.terms import OfficialAccount
from app.base.site import Site
from tests.conftest import Clock
from tests.support.serving import app_of
from wechat.simulator.server import Server
from wechat.simulator.world import World

Product = Callable[[Site], str]


@dataclass(frozen=True, slots=True)
class Simulator:
    """A simulator as tests move it: by HTTP, as everybody does."""

    url: str

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Any call at all."""
        raw = body if isinstance(body, bytes) else None
        if raw is None and body is not None:
            raw = json.dumps(body, ensure_ascii=False).encode()
        connection = http.client.HTTPConnection(str(urlsplit(self.url).netloc), timeout=30)
        try:
            connection.request(method, path, raw, headers)
            answer = connection.getresponse()
            return Answer(answer.status, tuple(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def control(self, method: str, path: str, body: object = None) -> Any:
        """A call of the control side, which must not be refused."""
        answer = self.call(method, f"/_sim{path}", body)
        assert answer.status == 200, answer
        return answer.said

    def put(self, account: OfficialAccount, callback_url: str = "", **facts: object) -> None:
        """The account as it is filed with the product; a callback domain of this machine."""
        filed = {
            "secret": account.secret.reveal(),
            "kind": account.kind,
            "name": account.name,
            "token": account.token.reveal(),
            "aes_key": account.aes_key.reveal() if account.aes_key else None,
            "mode": account.mode,
            "callback_url": callback_url,
            "oauth_domain": "127.0.0.1",
        }
        self.control("PUT", f"/accounts/{account.appid}", filed | facts)

    def user(self, account: OfficialAccount, openid: str, **facts: object) -> None:
        """A person on that account, a follower where nothing else is said."""
        self.control("PUT", f"/users/{openid}", {"appid": account.appid, **facts})

    def do(self, openid: str, act: str, **facts: object) -> Any:
        """What came of it: `deliveries`, and what the person was `shown`."""
        return self.control("POST", f"/users/{openid}/{act}", facts)

    def sent(self, openid: str) -> list[Any]:
        """All that reached the person, in order."""
        found: list[Any] = self.control("GET", f"/sent?openid={openid}")
        return found

    def requests(self, pattern: str = "") -> list[Any]:
        """What was asked of the platform at paths like that."""
        found: list[Any] = self.control("GET", f"/requests?path={pattern}")
        return found

    def fault(self, **facts: object) -> None:
        """Let something go wrong from now on, once if nothing else is said."""
        self.control("POST", "/faults", [facts])

    def mend(self) -> None:
        """Let nothing go wrong any more."""
        self.control("DELETE", "/faults")

    def options(self, **facts: object) -> None:
        """How messages are sent to the product: speed, overlap, duplicate, reorder."""
        self.control("POST", "/options", facts)

    def advance(self, seconds: float) -> None:
        """Put the platform's clock forward."""
        self.control("POST", "/clock", {"advance": seconds})

    def settle(self) -> None:
        """Wait until the events that follow messages have been sent."""
        self.control("POST", "/settle")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """By name; of several alike the last."""
        return dict(self.fields)

    def headers_all(self, name: str) -> list[str]:
        """Every one of that name."""
        return [value for one, value in self.fields if one == name]

    @property
    def said(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def simulator(clock: Clock) -> Iterator[Simulator]:
    server = Server(World(lambda: clock().timestamp()))
    server.start()
    yield Simulator(server.url)
    server.stop()


@pytest.fixture
def product() -> Iterator[Product]:
    """The product's web on a port, so that others can call it."""
    running = []

    def start(site: Site) -> str:
        server = make_server("127.0.0.1", 0, app_of(site), threaded=True)
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()
