"""假平台 — a server that answers as no platform should, and counts who comes.

met             -> Met: the test's site at the simulator, with its accounts filed on both sides
rogue(respond)  -> Rogue, running: `respond(connection)` gets each accepted socket
.url, .seen     where it is; the first line of every request it read
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from app.accounts.terms import OfficialAccount
from app.base.site import Site
from tests.support.simulator import Simulator
from tests.support.wechat_client import ACCOUNTS, SERVICE, Official
from wechat.platform.client import Patience, Platform

Respond = Callable[[socket.socket], None]
Rogues = Callable[[Respond], "Rogue"]


class Rogue:
    """One listening socket; each caller is handed to `respond` after its request was read."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.seen: list[str] = []
        self.connections = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._socket.close()
        for connection in self._open:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        try:
            said = connection.recv(65_536)
            self.seen.append(said.split(b"\r\n")[0].decode(errors="replace"))
            self._respond(connection)
        except OSError:
            return


def http(body: bytes, *, status: str = "200 OK", head: str = "") -> bytes:
    """A whole answer that ends the connection."""
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{head}\r\n"
    ).encode() + body


@pytest.fixture
def rogue() -> Iterator[Rogues]:
    running: list[Rogue] = []

    def start(respond: Respond) -> Rogue:
        running.append(Rogue(respond))
        return running[-1]

    yield start
    for one in running:
        one.stop()


# Short waits: what is waited for in these tests never comes.
SOON = Patience(connect_s=0.5, read_s=0.4, tries=3, pause_s=0.01)


@dataclass(frozen=True)
class Met:
    """The test's site at the simulator, and the service account that is filed on both sides."""

    site: Site
    simulator: Simulator

    @property
    def account(self) -> OfficialAccount:
        return ACCOUNTS[SERVICE]

    def platform(self, account: OfficialAccount | None = None) -> Platform:
        return Platform(self.site, account or self.account, patience=SOON)

    def again(self) -> Met:
        """The same product as another process sees it: nothing is remembered."""
        return Met(replace(self.site), self.simulator)

    def at(self, url: str) -> Met:
        """The same product, at another platform."""
        return Met(at_platform(self.site, url), self.simulator)

    def asked(self, path: str) -> int:
        """How often the platform was asked for that."""
        return len(self.simulator.requests(path))

    @property
    def fetches(self) -> int:
        """How often we asked for a token; another owner's forcing one does not count."""
        asked = self.simulator.requests("/stable_token")
        return sum(not one["body"]["force_refresh"] for one in asked)


def at_platform(site: Site, url: str) -> Site:
    """The site with the platform at that address."""
    return replace(site, config=replace(site.config, wechat_api=url, wechat_open=url))


@pytest.fixture
def met(official: Official, simulator: Simulator) -> Met:
    """Both accounts filed with product and simulator, a follower `o-1` on the service account."""
    for account in ACCOUNTS.values():
        simulator.put(account, templates=[TEMPLATE], verified=account.verified)
    simulator.user(ACCOUNTS[SERVICE], "o-1", name="何敏")
    return Met(at_platform(official.site, simulator.url), simulator)


TEMPLATE = {
    "template_id": "TM-notice",
    "title": "账号变动提醒",
    "content": "内容：{{thing2.DATA}}\n时间：{{time3.DATA}}",
}
