"""平台返回码 — what each refusal of the platform means for us, as a table.

The numbers are the platform's (wechat.md 1.7); what we do about each is ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from app.kernel.errors import CmeError

_RID = re.compile(r"rid: ?([0-9A-Za-z-]{1,64})", re.ASCII)
_LONGEST_SAID = 300


class Action(StrEnum):
    """处置 — what is done about an answer of the platform."""

    RETRY = "retry"  # 忙：等一等再试，最多三次
    REFRESH = "refresh"  # 凭证失效：换一次，再试一次
    BREAK_BINDING = "break_binding"  # openid 不对：记下，不再试
    STOP = "stop"  # 账号设置不对：整个账号停下，告警
    RESTART_LOGIN = "restart_login"  # 登录代码无效或用过：重新登录
    REJECT = "reject"  # 请求本身不对：不再试，告诉管理员
    NOT_FOLLOWING = "not_following"  # 没有关注
    OPTED_OUT = "opted_out"  # 拒收
    NO_PERMIT = "no_permit"  # 没有订阅次数了
    PARK = "park"  # 当天次数用完：停到第二天零点
    PAUSE = "pause"  # 太快：停一分钟
    FALL_BACK = "fall_back"  # 客服消息的时间或条数已过：换一种方式
    ALREADY_SENT = "already_sent"  # 已经发过：当作成功
    CAPABILITY_OFF = "capability_off"  # 没有这个接口的权限
    ALARM = "alarm"  # 账号被限制：停下，告警
    REVIEW = "review"  # 内容有风险：人来看


def _rows(table: Mapping[Action, tuple[int, ...]]) -> dict[int, Action]:
    return {code: action for action, codes in table.items() for code in codes}


ACTIONS: Mapping[int, Action] = _rows({
    Action.RETRY: (-1,),
    Action.REFRESH: (40001, 40014, 42001),
    Action.BREAK_BINDING: (40003, 46004),
    Action.STOP: (40013, 40125, 40164, 40243),
    Action.RESTART_LOGIN: (40029, 40163, 42003, 41008, 40226),
    Action.REJECT: (40037, 47003, 41030, 40165),
    Action.NOT_FOLLOWING: (43004,),
    Action.OPTED_OUT: (43019, 48002),
    Action.NO_PERMIT: (43101,),
    Action.PARK: (45009,),
    Action.PAUSE: (45011,),
    Action.FALL_BACK: (45015, 45047),
    Action.ALREADY_SENT: (45065, 45066),
    Action.CAPABILITY_OFF: (48001, 50001),
    Action.ALARM: (50002,),
    Action.REVIEW: (87014,),
})  # fmt: skip


class PlatformError(CmeError):
    """平台没有办成 — a call of the platform that did not do what it was for.

    `errcode` is None where no answer came that could be read. `again_at` says when a call may go
    again, where that is known.
    """

    http_status: ClassVar[int] = 503
    action: ClassVar[Action] = Action.REJECT
    words: ClassVar[str] = "wechat.platform.refused"

    def __init__(self, api: str, errcode: int | None = None, said: str = "", **facts: Any) -> None:
        self.api = api
        self.errcode = errcode
        self.said = said[:_LONGEST_SAID]
        self.again_at: datetime | None = facts.pop("again_at", None)
        super().__init__(
            self.words, api=api, errcode="" if errcode is None else errcode, said=self.said, **facts
        )

    @property
    def rid(self) -> str:
        """The number under which the platform keeps the request; empty where it gave none."""
        found = _RID.search(self.said)
        return found[1] if found else ""

    def __str__(self) -> str:
        return f"{self.api}: {self.errcode} {self.said}".rstrip()


class TransportError(PlatformError):
    """没有答复 — nothing that could be read came back: 5xx, HTML, a cut or silent line."""

    action = Action.RETRY
    words = "wechat.platform.silent"


class NotSentError(TransportError):
    """没有送出 — no connection came about, so the platform knows nothing of the call."""


class BusyError(PlatformError):
    """平台忙 — it said so itself, -1."""

    action = Action.RETRY
    words = "wechat.platform.silent"


class UnknownOutcomeError(PlatformError):
    """不知道结果 — the call may have been done, and doing it again could do it twice."""

    words = "wechat.platform.silent"


class TokenError(PlatformError):
    """凭证失效."""

    action = Action.REFRESH
    words = "wechat.platform.token"


class BlockedError(TokenError):
    """凭证暂停申请 — asked for too often of late, or the platform is left in peace."""


class WrongOpenidError(PlatformError):
    """Openid 不对."""

    action = Action.BREAK_BINDING


class StoppedError(PlatformError):
    """账号停下 — app id, secret or address list is wrong on one of the two sides."""

    action = Action.STOP
    words = "wechat.platform.stopped"


class BadCodeError(PlatformError):
    """登录代码无效 — used, too old, or never given out; the log-in starts again."""

    http_status = 400
    action = Action.RESTART_LOGIN
    words = "wechat.platform.code"


class RejectedError(PlatformError):
    """请求不对 — and no code of the table says more; trying again changes nothing."""


class NotFollowingError(PlatformError):
    """没有关注."""

    action = Action.NOT_FOLLOWING


class OptedOutError(PlatformError):
    """拒收."""

    action = Action.OPTED_OUT


class NoPermitError(PlatformError):
    """没有订阅次数."""

    action = Action.NO_PERMIT


class QuotaError(PlatformError):
    """次数用完 — for today, or for this minute; `again_at` says until when."""

    action = Action.PARK
    words = "wechat.platform.quota"


class TooFastError(QuotaError):
    """太快 — the platform said so, or our own pace did, to be sooner."""

    action = Action.PAUSE


class WindowClosedError(PlatformError):
    """客服消息窗口已关."""

    action = Action.FALL_BACK


class AlreadySentError(PlatformError):
    """已经发过."""

    action = Action.ALREADY_SENT


class NoCapabilityError(PlatformError):
    """没有接口权限 — the account's kind does not have it, or the platform took it away."""

    action = Action.CAPABILITY_OFF
    words = "wechat.platform.capability"


class LimitedError(StoppedError):
    """账号被限制."""

    action = Action.ALARM


class RiskyError(PlatformError):
    """内容有风险."""

    action = Action.REVIEW


_CLASSES: Mapping[Action, type[PlatformError]] = {
    kind.action: kind
    for kind in (
        BusyError, TokenError, WrongOpenidError, StoppedError, BadCodeError, RejectedError,
        NotFollowingError, OptedOutError, NoPermitError, QuotaError, TooFastError,
        WindowClosedError, AlreadySentError, NoCapabilityError, LimitedError, RiskyError,
    )
}  # fmt: skip


def error_of(
    api: str, errcode: int, said: str = "", again_at: datetime | None = None
) -> PlatformError:
    """The error that a return code stands for; a code that nobody knows is a rejection."""
    kind = _CLASSES[ACTIONS.get(errcode, Action.REJECT)]
    return kind(api, errcode, said, again_at=again_at)
