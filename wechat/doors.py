"""回调的门 — where the platform knocks: `/wechat/<slug>`.

Flask has the address, and answers whatever is unusual. What comes a hundred times a second, a
message, is taken before Flask: its share of such a request is larger than ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import structlog
from flask import Blueprint, Response, current_app, request

from app.accounts import queries as accounts
from app.base.site import Site
from app.base.work import passes
from wechat import callback
from wechat.messages import RefusedError
from wechat.routes import ROUTER
from wechat.security import LARGEST_BODY, Query

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Flask

_ADDRESS = "/wechat/"
_RULE = f"{_ADDRESS}<slug>"

log = structlog.get_logger(__name__)
blueprint = Blueprint("wechat", __name__)


@blueprint.route(_RULE, methods=["GET", "POST"])
@passes(*ROUTER.doors)
def knock(slug: str) -> Response:
    """What the platform asks of us: to prove who we are (GET), or to answer a message (POST)."""
    # One byte past the limit tells a body that is too large; the rest is never read.
    request.max_content_length = None
    body = request.stream.read(LARGEST_BODY + 1) if request.method == "POST" else None
    site: Site = current_app.extensions["site"]
    status, said = _answer(site, slug, request.args, body)
    return Response(said, status=status, headers=_headers(said))


class BeforeFlask:
    """先于 Flask — a WSGI application that answers messages and hands all else on.

    `told` counts: it is told the rule, the method, the status and the seconds of each answer.
    """

    def __init__(self, flask: Flask, *, told: Callable[[str, str, int, float], None]) -> None:
        self._flask: WSGIApplication = flask.wsgi_app
        self._extensions = flask.extensions
        self._told = told

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        slug = path.removeprefix(_ADDRESS)
        length = environ.get("CONTENT_LENGTH") or ""
        usual = slug != path and slug.isascii() and "/" not in slug and length.isdigit()
        if not usual or environ["REQUEST_METHOD"] != "POST" or int(length) > LARGEST_BODY:
            return self._flask(environ, start_response)
        begun = time.perf_counter()
        query: dict[str, str] = {}
        for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
            query.setdefault(name, value)
        try:
            body = environ["wsgi.input"].read(int(length))
            status, said = _answer(self._extensions["site"], slug, query, body)
        except Exception:  # an outermost door: the platform sends again
            log.exception("wechat.knock.failed", slug=slug)
            status, said = HTTPStatus.SERVICE_UNAVAILABLE, b""
        self._told(_RULE, "POST", status, time.perf_counter() - begun)
        headers = _headers(said) | {"Content-Length": str(len(said))}
        start_response(f"{status.value} {status.phrase}", list(headers.items()))
        return (said,)


def _answer(
    site: Site, slug: str, query: Mapping[str, str], body: bytes | None
) -> tuple[HTTPStatus, bytes]:
    account = accounts.official_account(site, slug)
    if account is None:
        return HTTPStatus.NOT_FOUND, b""
    signed = Query(
        signature=query.get("signature", ""),
        timestamp=query.get("timestamp", ""),
        nonce=query.get("nonce", ""),
        msg_signature=query.get("msg_signature", ""),
    )
    try:
        if body is None:
            said = callback.echo(site, account, signed, query.get("echostr", ""))
        else:
            said = callback.reply_to(site, account, signed, body)
    except RefusedError as refused:
        return HTTPStatus(refused.status), b""
    return HTTPStatus.OK, said


def _headers(said: bytes) -> dict[str, str]:
    kind = "text/xml" if said.startswith(b"<xml>") else "text/plain"
    return {"Content-Type": f"{kind}; charset=utf-8", "X-Content-Type-Options": "nosniff"}
