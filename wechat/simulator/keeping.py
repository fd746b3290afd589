"""留存 — what a platform must not forget when its program starts again, in one file.

Accounts with their tags, menus, templates and codes; people with what they follow and have read.
Counts, windows, faults and the clock begin anew.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from wechat.simulator.filed import AccountFiled, TemplateFiled, UserFiled
from wechat.simulator.world import Account, Entry, Grant, Menu, Scene, User, World

_EVERY_S = 1.0
_ENTRIES = 200


@dataclass(frozen=True, slots=True)
class _Account:
    appid: str
    filed: AccountFiled
    secret: str
    tokens: dict[str, Grant]
    stable: Grant | None
    tags: dict[int, str]
    menu: Menu | None
    conditional: list[Menu]
    templates: dict[str, TemplateFiled]
    scenes: dict[str, Scene]
    lasting: int


@dataclass(frozen=True, slots=True)
class _User:
    openid: str
    filed: UserFiled
    subscribed: bool
    tags: list[int]
    permits: dict[str, Any]
    remark: str
    subscribe_at: float
    subscribe_scene: str
    scene: int | str
    chat: list[Entry]


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int
    accounts: list[_Account]
    users: list[_User]


_AS_FILE = TypeAdapter(_Kept)


class Keeper:
    """Writes the world to a file soon after it changes, whole or not at all."""

    def __init__(self, world: World, path: Path) -> None:
        self._world = world
        self._path = path
        self._written = -1
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Take up what the file holds, and keep it up to date from now on."""
        if self._path.exists():
            load(self._world, self._path.read_bytes())
        self._thread.start()

    def stop(self) -> None:
        """Write for the last time."""
        self._ended.set()
        self._thread.join()
        self._write()

    def _run(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self._write()

    def _write(self) -> None:
        with self._world.lock:
            version = self._world.version
            if version == self._written:
                return
            told = dump(self._world)
        new = self._path.with_name(f".{self._path.name}.new")
        # Secrets of accounts are in it.
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(told)
        new.replace(self._path)
        self._written = version


def dump(world: World) -> bytes:
    """The world as a file. Hold its lock."""
    accounts = [_as(_Account, one) for one in world.accounts.values()]
    users = [
        _as(_User, one, chat=list(one.chat)[-_ENTRIES:]) for one in world.users.values()
    ]  # fmt: skip
    return _AS_FILE.dump_json(_Kept(world.version, accounts, users))


def load(world: World, told: bytes) -> bool:
    """Take up the file; False, and nothing is taken up, where it is none of ours."""
    try:
        kept = _AS_FILE.validate_json(told)
    except ValidationError:
        return False
    with world.lock:
        world.begin_at(kept.number)
        for account in kept.accounts:
            world.accounts[account.appid] = _filled(Account, account)
        for user in kept.users:
            world.users[user.openid] = _filled(User, user, chat=deque(user.chat, maxlen=1_000))
    return True


def _as(kind: type[Any], value: Any, **more: Any) -> Any:
    names = kind.__dataclass_fields__
    return kind(**({name: getattr(value, name) for name in names} | more))


def _filled(kind: type[Any], kept: Any, **more: Any) -> Any:
    names = kept.__dataclass_fields__
    return kind(**({name: getattr(kept, name) for name in names} | more))
