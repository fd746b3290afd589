"""微信平台 — the simulator as the demo uses it: what it is told of the city, and who asks there.

Its accounts and people are filed at every run. What they did with their phones stays theirs.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from app.accounts.terms import AccountKind, OfficialAccount
from app.base import cookies
from app.kernel.errors import UnavailableError

# Three deliveries of five seconds, and what lies between them.
_PATIENCE_S = 30.0
_START_S = 30.0
_LOOK_S = 0.05
_OK = 200


@dataclass(frozen=True, slots=True)
class Simulator:
    """微信模拟器 — where it answers, and where it finds the product."""

    url: str
    web: str

    def wait(self) -> None:
        """Wait until it answers. UnavailableError where it does not in time."""
        until = time.monotonic() + _START_S
        while True:
            try:
                self._call("GET", "/_sim/clock")
            except OSError:
                if time.monotonic() > until:
                    raise UnavailableError("demo.simulator.silent", url=self.url) from None
                time.sleep(_LOOK_S)
            else:
                return

    def file(self, account: OfficialAccount, title: str, content: str) -> None:
        """Let it know the account, whose notice template has that title and content."""
        notice = account.notice
        template = (
            {"template_id": notice.id, "title": title, "content": content} if notice else None
        )
        phone = f"{self.web}/m/{account.slug}/" if account.kind is not AccountKind.MINI else ""
        self._tell(
            "PUT",
            f"/_sim/accounts/{quote(account.appid)}",
            {
                "secret": account.secret.reveal(),
                "kind": account.kind,
                "verified": account.verified,
                "name": account.name,
                "token": account.token.reveal(),
                "aes_key": account.aes_key.reveal() if account.aes_key else None,
                "mode": account.mode,
                "callback_url": f"{self.web}/wechat/{account.slug}",
                "oauth_domain": str(urlsplit(self.web).hostname),
                "phone_url": phone,
                "phone_proof_url": f"{self.web}/api/mini/v1/bind/phone",
                "templates": [template] if template else [],
                "cookies": [{"name": f"{cookies.PHONE}_{account.slug}"}],
            },
        )

    def known(self) -> frozenset[str]:
        """The openids of everybody it knows, on whatever account."""
        return frozenset(one["openid"] for one in self._call("GET", "/_sim/users"))

    def meet(self, openid: str, facts: Mapping[str, Any]) -> None:
        """Let it know a person. What is not said stays as it is."""
        self._tell("PUT", f"/_sim/users/{quote(openid)}", facts)

    def say(self, openid: str, text: str) -> str | None:
        """What the person sees who says this; empty for silence, None for a fault of ours."""
        path = f"/_sim/users/{quote(openid)}"
        [user] = [one for one in self._call("GET", "/_sim/users") if one["openid"] == openid]
        if not user["subscribed"]:
            self._tell("POST", f"{path}/subscribe", {})
        shown = self._tell("POST", f"{path}/say", {"text": text})["shown"]
        if not shown:
            return ""
        words: str | None = shown[0].get("content")
        return words

    def _tell(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        return self._call(method, path, json.dumps(body, ensure_ascii=False).encode())

    def _call(self, method: str, path: str, body: bytes | None = None) -> Any:
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=_PATIENCE_S
        )
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
        except http.client.HTTPException as error:
            raise UnavailableError("demo.simulator.silent", url=self.url) from error
        finally:
            connection.close()
        if answer.status != _OK:
            raise UnavailableError("demo.simulator.refused", path=path, said=said.decode())
        return json.loads(said)
