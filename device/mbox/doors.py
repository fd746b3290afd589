"""MBOX900 的网上接口 — enrolment, packages, records and heartbeats over HTTP (devices.md 3.6 c)."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from datetime import datetime
from io import BytesIO
from itertools import islice
from typing import Any

import orjson
import psycopg
import structlog
from flask import Blueprint, current_app, request, send_file
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.attendance import commands as attendance
from app.attendance.queries import devices, uploads
from app.attendance.terms import Answer, UploadState
from app.attendance.terms.drivers import Sent
from app.base import words
from app.base.site import Site
from app.base.work import begin, passes
from app.cards import commands as cards
from app.kernel.actor import Actor, Role, Via
from app.kernel.errors import CmeError, InvalidError, NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.kernel.span import in_ms, in_utc
from device.mbox.exchange import (
    MAX_SENT,
    MAX_WORDS,
    MalformedError,
    Proven,
    TooLargeError,
    proven,
    unpacked,
)
from device.mbox.lines import moment_ms
from device.mbox.terms import ULID

_SEQ = re.compile("[0-9]{1,18}")
_MOST_WORDS, _LONGEST_WORD = 24, 64

log = structlog.get_logger(__name__)
blueprint = Blueprint("mbox", __name__, url_prefix="/device/v1")


class EnrolRequest(BaseModel):
    """领密钥请求."""

    model_config = ConfigDict(strict=True)

    device_sn: str = Field(min_length=1, max_length=64)
    code: str = Field(min_length=1, max_length=64)


class ProofRequest(BaseModel):
    """刷卡凭证请求 — the chip's number as the reader gives it, and on which account to bind."""

    model_config = ConfigDict(strict=True, extra="forbid")

    uid: str = Field(pattern=r"^([0-9A-Fa-f]{8}|[0-9A-Fa-f]{14}|[0-9A-Fa-f]{20})$")
    account: str | None = Field(default=None, max_length=32)


@blueprint.get("/time")
def server_time() -> ResponseReturnValue:
    """对时 — open to all: a machine must know the time before it can sign."""
    return _times(_site().clock())


@blueprint.post("/enrol")
@passes("attendance.enrol")
def enrol() -> ResponseReturnValue:
    """领密钥 — a machine trades its one-time code for a key."""
    request.max_content_length = None
    body = request.stream.read(MAX_WORDS + 1)
    if len(body) > MAX_WORDS:
        raise TooLargeError("device.request.too_large", limit="64 KB")
    try:
        asked = EnrolRequest.model_validate_json(body)
    except ValidationError:
        raise MalformedError("device.request.enrol") from None
    stranger = Actor(f"device:{asked.device_sn}", Via.DEVICE, Place.root(), Role.DEVICE)
    with begin(_site(), stranger) as work:
        enrolled = attendance.enrol(work, asked.device_sn, Secret(asked.code))
    return {"key_id": enrolled.key_id, "key": enrolled.key.reveal()}


@blueprint.get("/packages")
@passes("attendance.caller", "attendance.spend_nonce", "attendance.packages_after")
def packages() -> ResponseReturnValue:
    """活动包目录 — the machine's packages after a number."""
    after = request.args.get("after", "0")
    with _caller() as caller:
        if not _SEQ.fullmatch(after):
            raise MalformedError("device.request.after", after=after)
        with begin(_site(), caller.actor) as work:
            found = devices.packages_after(work, caller.device.id, int(after))
    listed = [
        {"package_id": one.id, "package_seq": one.seq, "size": one.size, "sha256": one.sha256.hex()}
        for one in found
    ]
    return {"packages": listed}


@blueprint.get("/packages/<package_id>")
@passes("attendance.caller", "attendance.spend_nonce", "attendance.package_body")
def package(package_id: str) -> ResponseReturnValue:
    """活动包 — the bytes of one, or a range of them."""
    with _caller() as caller, begin(_site(), caller.actor) as work:
        _must_be_ulid(package_id)
        sha256, body = devices.package_body(work, caller.device.id, package_id)
    return send_file(BytesIO(body), mimetype="application/zip", etag=sha256.hex(), conditional=True)


@blueprint.post("/packages/<package_id>/ack")
@passes("attendance.caller", "attendance.spend_nonce", "attendance.acknowledge")
def acknowledge(package_id: str) -> ResponseReturnValue:
    """活动包已收到."""
    with _caller() as caller, begin(_site(), caller.actor) as work:
        _must_be_ulid(package_id)
        attendance.acknowledge(work, caller.device.id, package_id)
    return {"package_id": package_id}


@blueprint.post("/records")
@passes("attendance.caller", "attendance.spend_nonce", "attendance.upload")
def records() -> ResponseReturnValue:
    """上传刷卡记录."""
    with _caller(MAX_SENT) as caller:
        key = request.headers.get("Idempotency-Key", "")
        if not ULID.fullmatch(key):
            raise MalformedError("device.request.idempotency_key", key=key)
        sent = Sent.weighed(unpacked(caller.body, request.headers.get("Content-Encoding", "")))
        with begin(_site(), caller.actor) as work:
            answer = attendance.upload(work, sent, caller=caller.device, key=key)
    return _spoken(answer)


@blueprint.get("/records/<batch_id>")
@passes("attendance.caller", "attendance.spend_nonce", "attendance.answer_to")
def answer_to(batch_id: str) -> ResponseReturnValue:
    """批次答复 — as it stands now; `upload` names one file among those of the batch id."""
    named = request.args.get("upload", "0")
    with _caller() as caller, begin(_site(), caller.actor) as work:
        if not ULID.fullmatch(batch_id) or not _SEQ.fullmatch(named):
            raise NotFoundError("attendance.upload.unknown", batch=batch_id)
        answer = uploads.answer_to(work, caller.device.id, batch_id, int(named) or None)
    return answer.plain()


@blueprint.post("/heartbeat")
@passes("attendance.caller", "attendance.spend_nonce", "attendance.hear")
def heartbeat() -> ResponseReturnValue:
    """心跳 — battery, free memory, unsent records, newest package, and the machine's clock."""
    with _caller() as caller:
        said = _object(caller.body.read())
        with begin(_site(), caller.actor) as work:
            attendance.hear(work, caller.device, said, _shown_at(said.get("device_time")))
            return _times(work.now)


@blueprint.post("/proof")
@passes("attendance.caller", "attendance.spend_nonce", "cards.show_proof")
def proof() -> ResponseReturnValue:
    """刷卡凭证 — the address to show as a picture, for the card that is at the reader now."""
    with _caller() as caller:
        asked = _card_of(caller.body.read())
        with begin(_site(), caller.actor) as work:
            shown = cards.show_proof(work, uid=Secret(asked.uid.upper()), slug=asked.account)
            life_s = int((shown.expires_at - work.now).total_seconds())
    return {"url": shown.url.reveal(), "expires_in_s": life_s}


@blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def nothing_here(rest: str) -> ResponseReturnValue:
    """What is none of our addresses, or not by that method."""
    raise NotFoundError("device.request.nothing_here", path=f"/device/v1/{rest}")


@blueprint.errorhandler(CmeError)
def refuse(error: CmeError) -> ResponseReturnValue:
    """A refusal, in the machine's language and in a person's."""
    status = 400 if isinstance(error, InvalidError) else error.http_status
    log.info("mbox.refused", status=status, code=error.code, path=request.path)
    return {"error": {"code": error.code, "message": words.of_error(error)}}, status


@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(InterfaceError)
@blueprint.errorhandler(PoolTimeoutError)
@blueprint.errorhandler(psycopg.OperationalError)
@blueprint.errorhandler(psycopg.InterfaceError)
def wait(error: Exception) -> ResponseReturnValue:
    """The database is away or busy: nothing was stored, and the machine sends it again."""
    log.warning("mbox.database_away", fault=type(error).__name__)
    code = "device.server.busy"
    said = {"error": {"code": code, "message": words.sentence("errors", code, {})}}
    return said, 503, {"Retry-After": "5"}


def _must_be_ulid(package_id: str) -> None:
    if not ULID.fullmatch(package_id):
        raise NotFoundError("attendance.package.unknown", package=package_id)


def _site() -> Site:
    site: Site = current_app.extensions["site"]
    return site


def _caller(limit: int = MAX_WORDS) -> AbstractContextManager[Proven]:
    request.max_content_length = None
    return proven(
        _site(),
        headers=dict(request.headers),
        method=request.method,
        path=_path(),
        stream=request.stream,
        limit=limit,
    )


def _path() -> str:
    """The path with its query as it was sent, before anything was decoded."""
    raw: str = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or ""
    if not raw.startswith("/"):  # the absolute form, or a server that does not tell
        query = request.query_string.decode("latin-1")
        return request.path + (f"?{query}" if query else "")
    return raw


def _spoken(answer: Answer) -> ResponseReturnValue:
    return answer.plain(), 202 if answer.state is UploadState.QUEUED else 200


def _times(now: datetime) -> dict[str, Any]:
    return {"server_time": in_utc(now), "server_ms": in_ms(now)}


def _card_of(body: bytes) -> ProofRequest:
    try:
        return ProofRequest.model_validate_json(body)
    except ValidationError:
        raise MalformedError("device.request.proof") from None


def _object(body: bytes) -> dict[str, object]:
    """What a heartbeat says, in few plain words: numbers and short texts, some dozen at most."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        raise MalformedError("device.request.no_object")
    plain = {name: value for name, value in said.items() if _is_plain(name) and _is_plain(value)}
    return dict(islice(plain.items(), _MOST_WORDS))


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_WORD and value.isprintable()
    return isinstance(value, int | float)


def _shown_at(text: object) -> datetime | None:
    """What the machine's clock shows, None where it does not say so in a way we can read."""
    try:
        moment_ms(text if isinstance(text, str) else "")
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
