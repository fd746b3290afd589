"""返回码 — how the platform refuses, in its own words."""

from __future__ import annotations

import secrets
from typing import Any

# The words before "rid:" as the platform gives them.
WORDS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    40026: "invalid sub button key size",
    40027: "invalid sub button url size",
    40029: "invalid code",
    40032: "invalid openid list size",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40035: "invalid args",
    40037: "invalid template_id",
    40052: "invalid action name",
    40053: "invalid action info",
    40055: "invalid button url domain",
    40066: "invalid url",
    40125: "invalid appsecret",
    40132: "invalid username",
    40163: "code been used",
    40164: "invalid ip, not in whitelist",
    40165: "invalid weapp pagepath",
    40169: "invalid length for scene, or the data is not json string",
    40212: "invalid query",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41005: "media data missing",
    41008: "missing code",
    41030: "invalid page",
    42001: "access_token expired",
    42003: "code expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43019: "require remove blacklist",
    43101: "user refuse to accept the msg",
    44002: "empty post data",
    44004: "empty content",
    45002: "content size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45026: "template num exceeds limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45056: "create too many tags",
    45058: "can't modify sys tag",
    45059: "can not tag an openid over 20 times",
    45065: "clientmsgid exist",
    45157: "invalid tag name",
    45158: "tag name too long",
    45159: "invalid tagid",
    46003: "menu no exist",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    48002: "user block receive message",
    48006: "forbid to clear quota because of reaching the limit",
    49003: "not match openid with appid",
    50002: "user limited",
    65301: "menuid not existed",
    65303: "there is no selfmenu, please create selfmenu first",
    65304: "match rule empty",
    65316: "over max url domains",
    65320: "unsupported matchrule",
    1400001: "no phone number quota left",
}


class RefusedError(Exception):
    """拒绝 — the platform's refusal: a code, and sometimes which part of the request it means."""

    def __init__(self, errcode: int, about: str = "", **more: Any) -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.about = about
        self.more = more

    def told(self) -> dict[str, Any]:
        """The answer as JSON; every one ends in a number for asking the platform about it."""
        words = " ".join(filter(None, (WORDS.get(self.errcode, "error"), self.about)))
        return {"errcode": self.errcode, "errmsg": f"{words} rid: {rid()}", **self.more}


def rid() -> str:
    """请求编号 — three times eight hexadecimal digits."""
    return "-".join(secrets.token_hex(4) for _ in range(3))
