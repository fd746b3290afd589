"""接口 — how each interface of the platform is to be called: safe to repeat, how fast, for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wechat.capabilities import Capability


class Proof(StrEnum):
    """凭什么 — what a call shows of the account."""

    TOKEN = "token"  # noqa: S105  a word, not one of them
    SECRET = "secret"  # noqa: S105
    BODY = "body"  # the caller puts it into the body


@dataclass(frozen=True, slots=True)
class Api:
    """接口 — one address of the platform, without host.

    `repeatable`: doing it twice does no more than once. `a_minute` is half of what the platform
    allows, or what we never need to exceed.
    """

    path: str
    repeatable: bool = True
    needs: Capability | None = None
    a_minute: int = 3_000
    proof: Proof = Proof.TOKEN


STABLE_TOKEN = Api("cgi-bin/stable_token", proof=Proof.BODY)
JSAPI_TICKET = Api("cgi-bin/ticket/getticket")
OAUTH_CODE = Api("sns/oauth2/access_token", needs=Capability.OAUTH, proof=Proof.SECRET)
MINI_CODE = Api("sns/jscode2session", proof=Proof.SECRET)
PHONE = Api("wxa/business/getuserphonenumber", needs=Capability.PHONE)
MENU_CREATE = Api("cgi-bin/menu/create", needs=Capability.MENU, a_minute=60)
MENU_GET = Api("cgi-bin/menu/get", needs=Capability.MENU)
MENU_DELETE = Api("cgi-bin/menu/delete", needs=Capability.MENU, a_minute=60)
MENU_ADD = Api("cgi-bin/menu/addconditional", repeatable=False, needs=Capability.CONDITIONAL_MENU)
MENU_REMOVE = Api("cgi-bin/menu/delconditional", needs=Capability.CONDITIONAL_MENU)
QR_CREATE = Api("cgi-bin/qrcode/create", needs=Capability.QR)
TAGS_GET = Api("cgi-bin/tags/get", needs=Capability.TAGS)
TAGS_CREATE = Api("cgi-bin/tags/create", needs=Capability.TAGS, a_minute=60)
TAGS_PUT_ON = Api("cgi-bin/tags/members/batchtagging", needs=Capability.TAGS)
TAGS_TAKE_OFF = Api("cgi-bin/tags/members/batchuntagging", needs=Capability.TAGS)
USER_INFO = Api("cgi-bin/user/info")
CUSTOM_SEND = Api("cgi-bin/message/custom/send", repeatable=False, needs=Capability.CUSTOM_MESSAGE)
# Repeatable only under a client_msg_id: the client looks at the body.
TEMPLATE_SEND = Api("cgi-bin/message/template/send", repeatable=False, needs=Capability.TEMPLATE)

APIS: Mapping[str, Api] = {
    one.path: one
    for one in (
        STABLE_TOKEN, JSAPI_TICKET, OAUTH_CODE, MINI_CODE, PHONE, MENU_CREATE, MENU_GET,
        MENU_DELETE, MENU_ADD, MENU_REMOVE, QR_CREATE, TAGS_GET, TAGS_CREATE, TAGS_PUT_ON,
        TAGS_TAKE_OFF, USER_INFO, CUSTOM_SEND, TEMPLATE_SEND,
    )
}  # fmt: skip

IDEMPOTENCY_KEY = "client_msg_id"


def api_at(path: str, method: str) -> Api:
    """The interface at a path; one that stands in no table is not repeated unless it only reads."""
    return APIS.get(path) or Api(path, repeatable=method.upper() == "GET")
