"""登记 — what the control side tells the simulator, parsed once."""

from __future__ import annotations

import base64
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_KEY_BYTES = 32


class Kind(StrEnum):
    """账号类型."""

    SERVICE = "service"
    SUBSCRIPTION = "subscription"
    MINI = "mini"


class Mode(StrEnum):
    """消息加解密方式."""

    PLAIN = "plain"
    COMPAT = "compat"
    SAFE = "safe"


class _Filed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TemplateFiled(_Filed):
    """模板 — its id, title, and a content with members like `{{thing1.DATA}}`."""

    template_id: str
    title: str
    content: str


class CookieFiled(_Filed):
    """A cookie of the product that lives in WeChat's browser, so in one person's hands only."""

    name: str
    path: str = "/"


class AccountFiled(_Filed):
    """公众平台账号 — as an operator of the platform sees it.

    `phone_url` is where 打开手机页 leads; `phone_proof_url` takes what the mini-program sends.
    """

    secret: str
    kind: Kind
    verified: bool = True
    name: str = ""
    username: str = ""
    token: str = ""
    aes_key: str | None = None
    mode: Mode = Mode.PLAIN
    format: Literal["xml", "json"] = "xml"
    callback_url: str = ""
    oauth_domain: str = ""
    ip_whitelist: tuple[str, ...] | None = None
    quotas: dict[str, int] = Field(default_factory=dict)
    templates: tuple[TemplateFiled, ...] = ()
    open_platform: bool = False
    phone_url: str = ""
    phone_proof_url: str = ""
    cookies: tuple[CookieFiled, ...] = ()

    def model_post_init(self, _: Any, /) -> None:
        """ValueError for what the platform would not take."""
        if self.mode is not Mode.PLAIN and self.aes_key is None:
            raise ValueError("compat and safe mode need an aes_key")
        if self.aes_key is not None and len(base64.b64decode(f"{self.aes_key}=")) != _KEY_BYTES:
            raise ValueError("an aes_key is base64 of 32 bytes, 43 characters")
        if self.format == "json" and self.kind is not Kind.MINI:
            raise ValueError("only a mini-program may have JSON")


class UserFiled(_Filed):
    """微信用户 — one person on one account. `permits` counts 订阅通知 by template, or is "long"."""

    appid: str
    name: str = ""
    about: str = ""
    unionid: str = ""
    subscribed: bool = True
    blocked: bool = False
    refuses: bool = False
    risk: bool = False
    tags: tuple[int, ...] = ()
    phone: str = ""
    permits: dict[str, int | Literal["long"]] = Field(default_factory=dict)


class ClockFiled(_Filed):
    """拨快时间 — by seconds, or to the next midnight."""

    advance: float = Field(default=0.0, ge=0)
    to_midnight: bool = False


class FaultFiled(_Filed):
    """故障 — which calls of ours it meets: after so many, so many times (0 is always).

    `path` is searched in the path of an API call; `callback` in the MsgType or Event of what is
    sent to us. `label` names it, so that it can be taken away again.
    """

    path: str = ""
    callback: str | None = None
    appid: str = ""
    after: int = Field(default=0, ge=0)
    times: int = Field(default=1, ge=0)
    label: str = ""
    do: dict[str, Any]

    def model_post_init(self, _: Any, /) -> None:
        """ValueError for a mishap that nobody knows."""
        known = _MISHAPS if self.callback is not None else _FAULTS
        if not self.do or set(self.do) - known:
            raise ValueError(f"do is made of {', '.join(sorted(known))}")


_FAULTS = {"errcode", "errmsg", "status", "body", "delay", "hang", "reset", "html", "truncate"}
_MISHAPS = {"late", "cut", "lost", "overlap", "duplicate"}


class OptionsFiled(_Filed):
    """投递方式 — how messages are sent to us; what is left out stays as it is."""

    speed: float | None = Field(default=None, gt=0)
    overlap: bool | None = None
    duplicate: int | None = Field(default=None, ge=0, le=5)
    reorder: bool | None = None
