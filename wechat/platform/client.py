"""平台客户端 — the one module that holds wechatpy, and makes of it something that can be relied on.

The library's own client asks for a new token without end when one is refused, lets every thread
ask at once, waits for ever, and takes any page for an answer (wechat.md 3.4). Here its `_request`
is ours: one refresh, bounded repeats of what may be repeated, a limit on every wait, and no other
host than the platform's, whatever address the library or an answer names.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import structlog
import urllib3
from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as NoConnectionError
from requests.exceptions import ConnectTimeout
from wechatpy import WeChatClient

from app.accounts.terms import OfficialAccount
from app.base.site import Site
from app.config import WECHAT_API
from wechat.capabilities import may
from wechat.platform import apis, limits
from wechat.platform.apis import Api, Proof
from wechat.platform.errors import (
    AlreadySentError,
    BusyError,
    NoCapabilityError,
    NotSentError,
    PlatformError,
    TokenError,
    TransportError,
    UnknownOutcomeError,
    error_of,
)
from wechat.platform.tokens import Tokens

Reply: TypeAlias = Mapping[str, Any]

_LARGEST_REPLY = 1 << 20
_PIECE = 1 << 16

log = structlog.get_logger(__name__)

# At this level the library's library writes down every address, and tokens stand in addresses.
logging.getLogger("urllib3").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Patience:
    """耐心 — how long to wait for the platform, how often to try, how long to pause between."""

    connect_s: float = 3.05
    read_s: float = 8.0
    tries: int = 3
    pause_s: float = 0.4


PATIENCE = Patience()


class Platform:
    """平台 — the platform as one account may call it; errors of it are PlatformErrors."""

    def __init__(
        self, site: Site, account: OfficialAccount, *, patience: Patience = PATIENCE
    ) -> None:
        self.site = site
        self.account = account
        self._client = _client_of(site, account, patience)

    def get(self, path: str, **params: str) -> Reply:
        """The answer to a question."""
        return self._client.call("GET", path, params, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Reply:
        """The answer to a request with a JSON body.

        UnknownOutcomeError where no answer came to one that must not be done twice.
        """
        return self._client.call("POST", path, {}, body)

    @property
    def tokens(self) -> Tokens:
        """What the platform lends the account."""
        return self._client.tokens

    @property
    def library(self) -> Any:
        """Wechatpy's own client with its groups (`menu`, `user`, …), which calls as we do."""
        return self._client


@dataclass(frozen=True, slots=True)
class _Asked:
    """One call, before it has a token."""

    api: Api
    method: str
    params: Mapping[str, Any]
    body: bytes | None
    files: Any
    repeatable: bool


class _Client(WeChatClient):  # type: ignore[misc]  # the library has no types
    """Wechatpy's client with our `_request`; tokens come from PostgreSQL."""

    def __init__(self, site: Site, account: OfficialAccount, patience: Patience) -> None:
        super().__init__(account.appid, account.secret.reveal(), auto_retry=False)
        self.site = site
        self._account = account
        self._patience = patience
        self._http = _session(site.config.wechat_api)
        self.tokens = Tokens(site, account, self._plainly)

    @property
    def access_token(self) -> str:
        """What the library adds to a call by itself; before we are made, there is none."""
        return self.tokens.access().reveal()

    def call(
        self, method: str, path: str, params: Mapping[str, Any], body: Mapping[str, Any] | None
    ) -> Reply:
        """One call of the platform by path."""
        reply: Reply = self._request(method, f"{WECHAT_API}/{path}", params=params, data=body)
        return reply

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        """Ask the platform as the library would; what the library's caller wants made of it."""
        asked = self._asked(method, url_or_endpoint, kwargs)
        if asked.api.needs is not None and not may(self._account, asked.api.needs):
            raise NoCapabilityError(asked.api.path)
        limits.pass_gate(self.site, self._account.slug, asked.api)
        try:
            reply = self._patiently(asked)
        except AlreadySentError as known:
            return {"errcode": known.errcode, "errmsg": known.said}
        except PlatformError as error:
            limits.shut_for(self.site, self._account.slug, error)
            log.warning(
                "wechat.platform.failed",
                slug=self._account.slug, api=error.api, errcode=error.errcode, rid=error.rid,
                said=error.said, kind=type(error).__name__,
            )  # fmt: skip
            raise
        finish: Callable[[Reply], Any] | None = kwargs.get("result_processor")
        return finish(reply) if finish else reply

    def _asked(self, method: str, address: str, kwargs: Mapping[str, Any]) -> _Asked:
        if not address.startswith(("http://", "https://")):
            address = f"{kwargs.get('api_base_url', self.API_BASE_URL)}{address}"
        parts = urlsplit(address)
        if parts.hostname != urlsplit(WECHAT_API).hostname:
            raise _ElsewhereError(address)
        api = apis.api_at(parts.path.strip("/"), method)
        data = kwargs.get("data")
        keyed = isinstance(data, Mapping) and bool(data.get(apis.IDEMPOTENCY_KEY))
        body = data
        if isinstance(data, Mapping):
            # The platform refuses Chinese that is escaped (wechat.md 5).
            body = json.dumps(data, ensure_ascii=False).encode()
        return _Asked(
            api=api, method=method.upper(), params=dict(kwargs.get("params") or {}), body=body,
            files=kwargs.get("files"), repeatable=api.repeatable or keyed,
        )  # fmt: skip

    def _patiently(self, asked: _Asked) -> Reply:
        """Try again after a pause where that can do no harm and may do good."""
        for left in reversed(range(self._patience.tries)):
            try:
                return self._with_proof(asked)
            except NotSentError:
                if not left:
                    raise
            except (TransportError, BusyError) as silence:
                if not asked.repeatable:
                    raise UnknownOutcomeError(silence.api, silence.errcode, silence.said) from None
                if not left:
                    raise
            done = self._patience.tries - left
            time.sleep(self._patience.pause_s * 2 ** (done - 1) * random.uniform(0.5, 1.0))  # noqa: S311
        raise AssertionError("the last try returns or raises")

    def _with_proof(self, asked: _Asked) -> Reply:
        """Call with what shows who we are; a refused token is renewed once, and never again."""
        match asked.api.proof:
            case Proof.BODY:
                return self._once(asked, {})
            case Proof.SECRET:
                secret = self._account.secret.reveal()
                return self._once(asked, {"appid": self._account.appid, "secret": secret})
            case Proof.TOKEN:
                token = self.tokens.access()
                try:
                    return self._once(asked, {"access_token": token.reveal()})
                except TokenError as refused:
                    fresh = self.tokens.access(instead_of=token)
                    if fresh == token:
                        raise refused from None
                    return self._once(asked, {"access_token": fresh.reveal()})

    def _plainly(self, api: Api, body: Mapping[str, Any], token: str | None) -> Reply:
        """One call for `Tokens`, which stands below all this: no repeats, no renewal."""
        raw = json.dumps(body, ensure_ascii=False).encode() if body else None
        asked = _Asked(api, "POST" if body else "GET", {}, raw, None, repeatable=True)
        params = {"type": "jsapi"} if api is apis.JSAPI_TICKET else {}
        return self._once(asked, params | ({"access_token": token} if token else {}))

    def _once(self, asked: _Asked, proof: Mapping[str, str]) -> Reply:
        """One call over the wire. No error of the wire keeps the address, which holds secrets."""
        path = asked.api.path
        try:
            with self._http.request(
                asked.method,
                f"{WECHAT_API}/{path}",
                params={**asked.params, **proof},
                data=asked.body,
                files=asked.files,
                headers={} if asked.files else {"Content-Type": "application/json"},
                timeout=(self._patience.connect_s, self._patience.read_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                said = self._read(path, response)
        except ConnectTimeout as fault:
            raise NotSentError(path, said=type(fault).__name__) from None
        except NoConnectionError as fault:
            kind = NotSentError if _never_connected(fault) else TransportError
            raise kind(path, said=type(fault).__name__) from None
        except (RequestException, urllib3.exceptions.HTTPError, OSError) as fault:
            raise TransportError(path, said=type(fault).__name__) from None
        if response.status_code != HTTPStatus.OK:
            raise TransportError(path, said=f"HTTP {response.status_code}")
        return _answer(path, said)

    def _read(self, path: str, response: Response) -> bytes:
        """The body, as far as it comes in time: a drop a second is no answer."""
        until = time.monotonic() + self._patience.read_s
        body = bytearray()
        while piece := response.raw.read1(_PIECE, decode_content=True):
            body += piece
            if len(body) > _LARGEST_REPLY or time.monotonic() > until:
                raise TransportError(path, said="too long")
        return bytes(body)


class _ElsewhereError(AssertionError):
    """An address that is not the platform's; only a mistake of ours leads here."""


class _OnlyThere(HTTPAdapter):
    """Takes every call to the one address that is configured, whatever its own names."""

    def __init__(self, base: str) -> None:
        super().__init__(max_retries=0)
        self._base = urlsplit(base)

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        asked = urlsplit(request.url or "")
        if asked.hostname != urlsplit(WECHAT_API).hostname:
            raise _ElsewhereError(asked.hostname)
        base = self._base
        request.url = urlunsplit(
            (base.scheme, base.netloc, f"{base.path}{asked.path}", asked.query, "")
        )
        return super().send(request, *args, **kwargs)


def _session(base: str) -> Session:
    session = Session()
    # No proxy, no .netrc: nobody but the platform is told a token.
    session.trust_env = False
    session.max_redirects = 0
    for scheme in ("https://", "http://"):
        session.mount(scheme, _OnlyThere(base))
    return session


def _never_connected(fault: NoConnectionError) -> bool:
    """Whether the line broke before anything was said."""
    cause = fault.args[0] if fault.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _answer(path: str, said: bytes) -> Reply:
    """The platform's JSON. TransportError for what is none; what it refuses, by its code."""
    try:
        reply = json.loads(said.decode(errors="replace"), strict=False)
        errcode = int(reply.get("errcode") or 0) if isinstance(reply, dict) else 0
    except (ValueError, TypeError, RecursionError):
        raise TransportError(path, said="no JSON") from None
    if not isinstance(reply, dict):
        raise TransportError(path, said="no JSON object")
    if errcode:
        raise error_of(path, errcode, str(reply.get("errmsg", "")))
    return reply


# A client holds connections and an opened secret; a process serves a handful of accounts.
_clients: OrderedDict[tuple[int, str, Patience], tuple[OfficialAccount, _Client]] = OrderedDict()
_MOST_CLIENTS = 32
_making = threading.Lock()


def _client_of(site: Site, account: OfficialAccount, patience: Patience) -> _Client:
    """One client for an account in a process: its connections live on, its settings are fresh."""
    key = (id(site), account.slug, patience)
    with _making:
        made_for, client = _clients.pop(key, (None, None))
        if client is None or made_for != account or client.site is not site:
            client = _Client(site, account, patience)
        _clients[key] = (account, client)
        while len(_clients) > _MOST_CLIENTS:
            _clients.popitem(last=False)
        return client
