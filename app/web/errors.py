"""拒绝的话 — every error of the web, spoken in one place.

People get a page, programs get JSON, machines whose protocol has no room for words a bare status.
"""

from __future__ import annotations

import secrets

import structlog
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from app.base import words
from app.kernel.errors import CmeError, UnavailableError

# Terminals and the platform read a status, and show people whatever else comes.
_BARE = ("/wechat/", "/iclock/")
_JSON = ("/api/", "/device/", "/openapi", "/healthz", "/readyz", "/version", "/metrics")
_RETRY_S = 5

log = structlog.get_logger(__name__)


def speak(flask: Flask) -> None:
    """Let the application answer every error in words; a blueprint's own handlers come first."""
    flask.register_error_handler(CmeError, _refused)
    flask.register_error_handler(HTTPException, _declined)
    for away in (OperationalError, PoolTimeoutError):
        flask.register_error_handler(away, _away)
    flask.register_error_handler(Exception, _broken)


def _refused(error: CmeError) -> ResponseReturnValue:
    rows = [
        {"row": row.row, "column": row.column, "value": row.value, "message": words.of_row(row)}
        for row in error.rows
    ]
    return _answer(error.http_status, error.code, words.of_error(error), rows=rows)


def _declined(error: HTTPException) -> ResponseReturnValue:
    """What never reached a door: no such address, a wrong method, too much at once."""
    if error.response is not None:
        return error.response
    status = error.code or 500
    code = f"web.http.{status}"
    if code not in words.book("errors"):
        code = "web.http.other"
    answer = _answer(status, code, words.sentence("errors", code, {"status": status}))
    # 405 names what is allowed, 429 when to come again.
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            answer.headers[name] = value
    return answer


def _away(error: Exception) -> ResponseReturnValue:
    log.error("web.database_away", cause=type(error).__name__)
    return _refused(UnavailableError("web.database.away"))


def _broken(error: Exception) -> ResponseReturnValue:
    """Our fault: the person gets a number by which the log tells what happened."""
    reference = secrets.token_hex(3).upper()
    log.error("web.failed", reference=reference, endpoint=request.endpoint, exc_info=error)
    facts = {"reference": reference}
    return _answer(500, "web.http.500", words.sentence("errors", "web.http.500", facts))


def _answer(
    status: int, code: str, message: str, *, rows: list[dict[str, object]] | None = None
) -> Response:
    if request.path.startswith(_BARE):
        return Response(status=status)
    if request.path.startswith(_JSON):
        error = {"code": code, "message": message, "rows": rows or []}
        answer = jsonify(error=error)
    else:
        answer = make_response(render_template("error.html", message=message, status=status))
    answer.status_code = status
    if status == UnavailableError.http_status:
        answer.headers["Retry-After"] = str(_RETRY_S)
    answer.headers["Cache-Control"] = "no-store"
    return answer
