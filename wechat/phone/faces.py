"""页面 — how a page is put on: the template, who looks at it, and the pages for mistakes."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NoReturn

import structlog
from flask import Response, abort, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from app.accounts import queries as accounts
from app.base import cookies, words
from app.kernel.errors import CmeError, NotFoundError
from wechat.phone import assets
from wechat.phone.blueprint import blueprint, site_of

if TYPE_CHECKING:
    from wechat.phone.entering import Visit

_SIZE = "kejiao_size"
_SIZES = frozenset({"large", "normal"})
_YEAR_S = 31_536_000
_RETRY_S = 5

log = structlog.get_logger(__name__)


def remember(visit: Visit) -> None:
    """Keep who is looking for the rest of the request: every page shows their own account."""
    g.visit = visit


def show(template: str, status: int = 200, **facts: Any) -> Response:
    """The page of that template."""
    visit: Visit | None = g.get("visit")
    slug = visit.slug if visit else (request.view_args or {}).get("slug", "")
    answer = make_response(
        render_template(
            f"phone/{template}.html",
            visit=visit,
            slug=slug,
            large=request.cookies.get(_SIZE) == "large",
            asset=assets.address,
            **facts,
        )
    )
    answer.status_code = status
    return answer


def refuse(why: str, status: int, **facts: Any) -> Response:
    """The page for a mistake, whoever made it: what happened, and the way on."""
    return show("refused", status, why=why, **facts)


def nowhere() -> NoReturn:
    """There is no such page."""
    abort(404)


@blueprint.before_request
def resize() -> BaseResponse | None:
    """大字版 — kept in a cookie; the link is the page itself with `size`, so it leads nowhere."""
    wanted = request.args.get("size")
    if wanted not in _SIZES or request.method != "GET":
        return None
    answer = redirect(request.path)
    answer.set_cookie(_SIZE, wanted, max_age=_YEAR_S, **cookies.flags(site_of().config))
    return answer


@blueprint.after_request
def dress(answer: Response) -> Response:
    """What every page of the phone says of itself."""
    if answer.mimetype == "text/html":
        answer.headers.setdefault("Content-Language", "zh-CN")
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer


# Last of all addresses here: what no page took.
@blueprint.route("/", defaults={"rest": ""})
@blueprint.route("/<path:rest>")
def nothing_here(rest: str) -> ResponseReturnValue:
    """No such page; of an account that is there, the way back."""
    slug = rest.partition("/")[0]
    known = accounts.official_account(site_of(), slug) is not None
    return refuse("nowhere", 404, back=slug if known else "")


@blueprint.errorhandler(CmeError)
def refused(error: CmeError) -> ResponseReturnValue:
    """A refusal in its own words."""
    if isinstance(error, NotFoundError):
        return refuse("nowhere", 404)
    return refuse("said", error.http_status, said=words.of_error(error))


@blueprint.errorhandler(HTTPException)
def declined(error: HTTPException) -> ResponseReturnValue:
    """What never reached a page."""
    status = error.code or 500
    answer = refuse("nowhere" if status == NotFoundError.http_status else "declined", status)
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            answer.headers[name] = value
    return answer


@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(PoolTimeoutError)
def away(error: Exception) -> ResponseReturnValue:
    """The database does not answer."""
    return _ours(error, 503)


@blueprint.errorhandler(Exception)
def broken(error: Exception) -> ResponseReturnValue:
    """Our fault: the person gets a number by which the log tells what happened."""
    return _ours(error, 500)


def _ours(error: Exception, status: int) -> Response:
    reference = secrets.token_hex(3).upper()
    log.error("phone.failed", reference=reference, endpoint=request.endpoint, exc_info=error)
    g.pop("visit", None)
    answer = refuse("ours", status, reference=reference)
    if status == 503:  # noqa: PLR2004  as HTTP has it
        answer.headers["Retry-After"] = str(_RETRY_S)
    return answer
