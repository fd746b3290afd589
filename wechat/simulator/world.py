"""世界 — everything the platform knows, in memory, behind one lock."""

from __future__ import annotations

import secrets
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from wechat.simulator.clock import Clock
from wechat.simulator.errors import RefusedError
from wechat.simulator.faults import Faults
from wechat.simulator.filed import AccountFiled, TemplateFiled, UserFiled
from wechat.simulator.timers import Timers

Json: TypeAlias = dict[str, Any]

_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_REQUESTS_KEPT = 5_000
_ENTRIES_KEPT = 1_000
_DELIVERIES_KEPT = 500
_CODE_S = 300


@dataclass(slots=True)
class Grant:
    """凭证 — an access token or a ticket; `openid` and `scope` where it is one person's."""

    value: str
    until: float
    openid: str = ""
    scope: str = ""


class CodeKind(StrEnum):
    """一次性代码 — where it comes from."""

    OAUTH = "oauth"
    LOGIN = "login"
    PHONE = "phone"


@dataclass(slots=True, kw_only=True)
class Code:
    """一次性代码 — good once, for five minutes, for one account."""

    value: str
    kind: CodeKind
    appid: str
    openid: str
    until: float
    scope: str = ""
    used: bool = False


@dataclass(slots=True)
class Window:
    """客服消息窗口 — until when, and how many messages are left in it."""

    until: float
    left: int


@dataclass(slots=True)
class Menu:
    """菜单 — its buttons; a conditional one has a rule."""

    menuid: int
    buttons: list[Json]
    rule: Json | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """二维码 — what its picture stands for. `until` is None for one that lasts."""

    ticket: str
    url: str
    value: int | str
    until: float | None


@dataclass(slots=True)
class Entry:
    """聊天里的一条 — what a person said or sees. `at` is the platform's time."""

    number: int
    at: float
    kind: str
    body: Json
    mine: bool = False


@dataclass(slots=True, kw_only=True)
class User:
    """微信用户 — one person on one account."""

    openid: str
    filed: UserFiled
    subscribed: bool
    tags: list[int]
    permits: dict[str, int | Literal["long"]]
    remark: str = ""
    subscribe_at: float = 0.0
    subscribe_scene: str = "ADD_SCENE_SEARCH"
    scene: int | str = 0
    windows: dict[str, Window] = field(default_factory=dict)
    chat: deque[Entry] = field(default_factory=lambda: deque(maxlen=_ENTRIES_KEPT))

    @property
    def appid(self) -> str:
        return self.filed.appid

    @property
    def unionid(self) -> str:
        """Who it is across accounts."""
        return self.filed.unionid or f"union-{self.openid}"


@dataclass(slots=True, kw_only=True)
class Account:
    """公众平台账号 — as it is filed, and what came of it."""

    appid: str
    filed: AccountFiled
    secret: str
    token: Grant | None = None
    tokens: dict[str, Grant] = field(default_factory=dict)
    stable: Grant | None = None
    forced_at: float = -1e9
    jsapi: Grant | None = None
    tags: dict[int, str] = field(default_factory=dict)
    menu: Menu | None = None
    conditional: list[Menu] = field(default_factory=list)
    templates: dict[str, TemplateFiled] = field(default_factory=dict)
    scenes: dict[str, Scene] = field(default_factory=dict)
    lasting: int = 0
    calls: Counter[tuple[str, int]] = field(default_factory=Counter)
    clears: Counter[tuple[int, int]] = field(default_factory=Counter)
    client_ids: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)
    media: dict[str, bytes] = field(default_factory=dict)
    phone_quota: int | None = None

    @property
    def username(self) -> str:
        """原始 ID."""
        return self.filed.username or f"gh_{self.appid}"

    @property
    def name(self) -> str:
        return self.filed.name or self.appid


@dataclass(frozen=True, slots=True)
class Asked:
    """一次调用 — a request of the product, and what it got."""

    number: int
    method: str
    path: str
    query: dict[str, str]
    body: Any
    at: float
    status: int
    answer: Any
    appid: str
    ms: float

    def told(self) -> Json:
        return {name: getattr(self, name) for name in self.__slots__}


class World:
    """世界 — accounts, people, codes, and what was asked and sent; hold `lock` to touch it."""

    def __init__(self, wall: Callable[[], float] | None = None, *, web: str = "") -> None:
        self.lock = threading.RLock()
        self.clock = Clock(wall)
        self.web = web.rstrip("/")
        self.url = ""
        self.timers = Timers()
        self.version = self._number = 0
        self.reset()

    def reset(self) -> None:
        """清空重来 — nobody is known any more, and the clock is the wall's."""
        self.timers.stop()
        with self.lock:
            self.accounts: dict[str, Account] = {}
            self.users: dict[str, User] = {}
            self.codes: dict[str, Code] = {}
            self.grants: dict[str, Grant] = {}
            self.speed = 1.0
            self.restart()

    def restart(self) -> None:
        """从头再来 — chats, deliveries, faults and skipped time go; accounts and people stay."""
        with self.lock:
            self.clock.reset()
            self.sessions: Counter[tuple[str, int]] = Counter()
            self.asked: deque[Asked] = deque(maxlen=_REQUESTS_KEPT)
            self.deliveries: deque[Any] = deque(maxlen=_DELIVERIES_KEPT)
            self.faults = Faults()
            self.overlap = False
            self.duplicate = 0
            self.reorder = False
            self.held: list[Any] = []
            for user in self.users.values():
                user.chat.clear()
                user.windows.clear()
            self.touch()

    def next_number(self) -> int:
        """A number that grows, by which later things are known to be later."""
        self._number += 1
        self.version = self._number
        return self._number

    def begin_at(self, number: int) -> None:
        """Numbers go on from there."""
        self._number = self.version = max(self._number, number)

    def touch(self) -> None:
        """Something changed that the phone page shows."""
        self.next_number()

    # -------------------------------------------------------------- accounts and people

    def put_account(self, appid: str, filed: AccountFiled) -> Account:
        """The account stands as filed; what came of it so far stays."""
        account = self.accounts.get(appid)
        if account is None:
            account = Account(appid=appid, filed=filed, secret=filed.secret)
            self.accounts[appid] = account
        account.filed, account.secret = filed, filed.secret
        account.templates |= {one.template_id: one for one in filed.templates}
        self.touch()
        return account

    def put_user(self, openid: str, filed: UserFiled) -> User:
        """The person stands as filed; what they did meanwhile stays, where nothing else is said."""
        user, said = self.users.get(openid), filed.model_fields_set
        if user is None:
            user = User(openid=openid, filed=filed, subscribed=False, tags=[], permits={})
            self.users[openid] = user
            said = set(UserFiled.model_fields)
        user.filed = filed
        if "subscribed" in said:
            user.subscribe_at = user.subscribe_at if user.subscribed else self.clock()
            user.subscribed = filed.subscribed
        if "tags" in said:
            user.tags = list(filed.tags)
        if "permits" in said:
            user.permits = dict(filed.permits)
        self.touch()
        return user

    def of_account(self, appid: str) -> Iterator[User]:
        """The people who are known on that account."""
        return (user for user in self.users.values() if user.appid == appid)

    def user_of(self, account: Account, openid: object) -> User:
        """The person of that openid on that account. RefusedError 40003 for no such."""
        user = self.users.get(openid) if isinstance(openid, str) else None
        if user is None or user.appid != account.appid:
            raise RefusedError(40003)
        return user

    def person_on(self, holder: User, appid: str) -> User:
        """本人 — the same person on another account; not a follower there, if not known before."""
        if holder.appid == appid:
            return holder
        for user in self.of_account(appid):
            if user.unionid == holder.unionid:
                return user
        filed = holder.filed.model_copy(
            update={"appid": appid, "unionid": holder.unionid, "subscribed": False, "tags": (),
                    "permits": {}}
        )  # fmt: skip
        return self.put_user(f"o{random_text(27)}", filed)

    # -------------------------------------------------------------- codes

    def issue(self, user: User, kind: CodeKind, *, scope: str = "") -> str:
        """A code of that person on their account."""
        code = Code(
            value=random_text(32), kind=kind, appid=user.appid, openid=user.openid,
            until=self.clock() + _CODE_S, scope=scope,
        )  # fmt: skip
        self.codes[code.value] = code
        return code.value

    def redeem(self, account: Account, value: object, kind: CodeKind) -> Code:
        """The code, used up. RefusedError 40029 unknown, 40163 used, 42003 too old."""
        code = self.codes.get(value) if isinstance(value, str) else None
        if code is None or (code.kind, code.appid) != (kind, account.appid):
            raise RefusedError(40029)
        if code.used:
            raise RefusedError(40163)
        if code.until <= self.clock():
            raise RefusedError(42003)
        code.used = True
        return code

    # -------------------------------------------------------------- chat and windows

    def add(self, user: User, kind: str, body: Json, *, mine: bool = False) -> Entry:
        """One more line in the person's chat."""
        entry = Entry(self.next_number(), self.clock(), kind, body, mine)
        user.chat.append(entry)
        return entry

    def open_window(self, user: User, kind: str, *, seconds: float, count: int) -> None:
        """The account may send the person so many messages from now; a like window begins anew."""
        user.windows[kind] = Window(self.clock() + seconds, count)

    def spend_window(self, user: User) -> None:
        """One message of a window. RefusedError 45015 where none is open, 45047 where used up."""
        now = self.clock()
        open_now = [one for one in user.windows.values() if one.until > now]
        if not open_now:
            raise RefusedError(45015)
        for window in sorted(open_now, key=lambda one: one.until):
            if window.left:
                window.left -= 1
                return
        raise RefusedError(45047)


def random_text(length: int) -> str:
    """Letters and digits that nobody can foresee."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
