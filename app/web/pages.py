"""Pages and addresses for everybody: health, version."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

blueprint = Blueprint("pages", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process lives; nothing else is asked."""
    return {"ok": True}
