"""内容 — media, drafts, publishing and mass messages: only as far as later work needs it."""

from __future__ import annotations

from wechat.simulator.errors import RefusedError
from wechat.simulator.gate import Call, Gate
from wechat.simulator.world import Json, random_text

_KINDS = {"image", "voice", "video", "thumb"}


def register(gate: Gate) -> None:
    """The addresses of this module."""
    gate.at("POST", "/cgi-bin/media/upload", quota=100_000, form=True)(_upload)


def _upload(call: Call) -> Json:
    kind, media = call.args.get("type"), call.files.get("media")
    if kind not in _KINDS:
        raise RefusedError(40004)
    if not media:
        raise RefusedError(41005)
    number = random_text(64)
    call.account.media[number] = media
    return {"type": kind, "media_id": number, "created_at": int(call.world.clock())}
