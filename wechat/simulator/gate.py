"""接口入口 — what every call passes before its answer: method, token, right, quota, body."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from wechat.simulator.errors import RefusedError
from wechat.simulator.powers import Power, may
from wechat.simulator.world import Account, Json, World

Answer: TypeAlias = Callable[["Call"], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """一次调用 — whose account calls with which arguments; `account` is None before the token."""

    world: World
    args: Mapping[str, str]
    body: Json
    files: Mapping[str, bytes] = field(default_factory=dict)
    known: Account | None = None
    address: str = ""

    @property
    def account(self) -> Account:
        """The account of the token."""
        if self.known is None:
            raise RefusedError(41001)
        return self.known


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """接口 — one address of the platform, and how it is answered.

    `quota` is calls a day; `raw_utf8` refuses text written as backslash-u; `plain` answers are sent
    as text, as those under /sns are.
    """

    method: str
    path: str
    answer: Answer
    power: Power = Power.ANYBODY
    quota: int | None = None
    token: bool = True
    raw_utf8: bool = False
    form: bool = False

    @property
    def plain(self) -> bool:
        """Whether the answer is sent as text."""
        return self.path.startswith("/sns/")


class Gate:
    """入口 — the endpoints by path."""

    def __init__(self) -> None:
        self.endpoints: dict[str, Endpoint] = {}

    def at(
        self,
        method: str,
        path: str,
        *,
        power: Power = Power.ANYBODY,
        quota: int | None = None,
        token: bool = True,
        raw_utf8: bool = False,
        form: bool = False,
    ) -> Callable[[Answer], Answer]:
        """Let the function answer that address."""

        def put(answer: Answer) -> Answer:
            self.endpoints[path] = Endpoint(
                method=method, path=path, answer=answer, power=power, quota=quota, token=token,
                raw_utf8=raw_utf8, form=form,
            )  # fmt: skip
            return answer

        return put

    def answer(
        self, world: World, method: str, path: str, args: Mapping[str, str], raw: bytes,
        files: Mapping[str, bytes], address: str,
    ) -> Json:  # fmt: skip
        """The answer of the platform. RefusedError where it refuses; hold the world's lock."""
        endpoint = self.endpoints.get(path)
        if endpoint is None:
            raise RefusedError(40066)
        if method != endpoint.method:
            raise RefusedError(43001 if endpoint.method == "GET" else 43002)
        account = self.account_of(world, args) if endpoint.token else None
        if account is not None:
            _admit(account, address)
            if not may(account, endpoint.power):
                raise RefusedError(48001)
            spend(world, account, endpoint)
        body = _body(raw, endpoint) if endpoint.method == "POST" and not endpoint.form else {}
        return endpoint.answer(
            Call(world=world, args=args, body=body, files=files, known=account, address=address)
        )

    def account_of(self, world: World, args: Mapping[str, str]) -> Account:
        """Whose token it is. RefusedError 41001 without one, 40001 for no such, 42001 too old."""
        token = args.get("access_token")
        if not token:
            raise RefusedError(41001)
        for account in world.accounts.values():
            grant = account.tokens.get(token)
            if grant is not None:
                if grant.until <= world.clock():
                    raise RefusedError(42001)
                return account
        raise RefusedError(40001)


def spend(world: World, account: Account, endpoint: Endpoint) -> None:
    """One more call of today. RefusedError 45009 where none is left."""
    most = account.filed.quotas.get(endpoint.path, endpoint.quota)
    today = (endpoint.path, world.clock.day)
    if most is not None and account.calls[today] >= most:
        raise RefusedError(45009)
    account.calls[today] += 1


def by_secret(call: Call, given: Mapping[str, object]) -> Account:
    """The account that shows app id and secret. RefusedError 41002, 41004, 40013, 40125, 40164."""
    appid, secret = given.get("appid"), given.get("secret")
    if not appid:
        raise RefusedError(41002)
    if not secret:
        raise RefusedError(41004)
    account = call.world.accounts.get(appid) if isinstance(appid, str) else None
    if account is None:
        raise RefusedError(40013)
    if secret != account.secret:
        raise RefusedError(40125)
    _admit(account, call.address)
    return account


def _admit(account: Account, address: str) -> None:
    listed = account.filed.ip_whitelist
    if listed is not None and address not in listed:
        raise RefusedError(40164, address)


def _body(raw: bytes, endpoint: Endpoint) -> Json:
    if not raw:
        raise RefusedError(44002)
    try:
        body = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RefusedError(47001) from None
    if not isinstance(body, dict):
        raise RefusedError(47001)
    if endpoint.raw_utf8 and b"\\u" in raw:
        raise RefusedError(40033)
    return body


def _no_constant(name: str) -> None:
    raise ValueError(name)
