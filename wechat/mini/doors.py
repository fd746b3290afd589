"""小程序接口 — `/api/mini/v1`: a phone number that the platform proves, for a ticket of ours."""

from __future__ import annotations

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.accounts import queries as desk
from app.accounts.queries import binding as accounts
from app.accounts.queries import proofs
from app.accounts.terms import OfficialAccount
from app.accounts.terms.proofs import Bound, NameNeeded, NotBound, PhoneEvidence, Waits
from app.base.site import Site
from app.base.work import passes
from app.kernel.errors import InvalidError, NotFoundError, UnavailableError
from app.kernel.secret import Secret
from app.kernel.span import shown
from wechat import proving
from wechat.platform.errors import BadCodeError
from wechat.platform.mini import phone_by_code, user_by_code

_LONGEST = 4 * 1024

blueprint = Blueprint("mini", __name__, url_prefix="/api/mini/v1")


class PhoneRequest(BaseModel):
    """手机号验证请求 — nothing besides: whose openid it is, the ticket says."""

    model_config = ConfigDict(strict=True, extra="forbid")

    ticket: str = Field(min_length=1, max_length=128)
    js_code: str = Field(min_length=1, max_length=512)
    phone_code: str = Field(min_length=1, max_length=512)
    # Where several people share the number.
    name: str = Field(default="", max_length=40)
    # Which mini-program, where there are several.
    program: str = Field(default="", max_length=32)


@blueprint.post("/bind/phone")
@passes(*proving.PHONE_DOORS)
def bind_by_phone() -> ResponseReturnValue:
    """手机号绑定 — the openid of the ticket is bound to whom HR filed under this phone.

    1. A ticket that is no good asks nothing of the platform.
    2. The platform says who opened the mini-program and which phone they showed, once each.
    3. What it does not say good of counts as a wrong proof, and is answered like every other.
    """
    site, asked = _site(), _asked()
    ticket = Secret(asked.ticket)
    holder = proofs.ticket_holder(site, ticket)
    if holder is None:
        raise NotFoundError("accounts.bind.ticket")
    # Who may not try any more today does not spend the platform's patience either.
    may_try = accounts.binding_state(site, *holder).tries_left > 0
    phone = _shown(site, asked) if may_try else None
    evidence = PhoneEvidence(ticket, phone, Secret(asked.phone_code), asked.name)
    outcome = proving.prove_by_phone(proving.as_stranger(site, holder[1]), evidence)
    match outcome:
        case Bound():
            return {"state": "bound"}
        case Waits(until=until):
            return {"state": "pending", "until": shown(until)}
        case NameNeeded():
            return {"state": "name_needed"}
        case NotBound(left=left):
            raise InvalidError(proving.REFUSED, left=left)


def _asked() -> PhoneRequest:
    request.max_content_length = _LONGEST
    try:
        return PhoneRequest.model_validate_json(request.get_data())
    except ValidationError:
        raise InvalidError("wechat.mini.request") from None


def _shown(site: Site, asked: PhoneRequest) -> Secret | None:
    """The number that the platform proves; None where it says that a code is no good."""
    program = _program(site, asked.program)
    try:
        user_by_code(site, program, asked.js_code)
        return phone_by_code(site, program, asked.phone_code).number
    except BadCodeError:
        return None


def _program(site: Site, named: str) -> OfficialAccount:
    """The mini-program that asks: the one there is, or the one it says it is."""
    known = proofs.mini_programs(site)
    slug = named or (known[0] if len(known) == 1 else "")
    account = desk.official_account(site, slug) if slug in known else None
    if account is None:
        raise UnavailableError("wechat.mini.none")
    return account


def _site() -> Site:
    site: Site = current_app.extensions["site"]
    return site
