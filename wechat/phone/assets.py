"""静态文件 — what a page of the phone loads, under addresses that name its content."""

from __future__ import annotations

from pathlib import Path

from flask import Response, abort, request, url_for

from app.base.assets import assets, handed
from wechat.phone.blueprint import blueprint

_FOLDER = Path(__file__).resolve().parent / "static"


def address(name: str) -> str:
    """Where a page loads the file from."""
    return url_for("phone.asset", digest=assets(_FOLDER)[name].digest, name=name)


# A slug begins with a letter or a digit, so no account can stand in this place.
@blueprint.get("/-/<digest>/<path:name>")
def asset(digest: str, name: str) -> Response:
    """One file; under another digest it is not there, for a browser would keep the wrong one."""
    found = assets(_FOLDER).get(name)
    if found is None or found.digest != digest:
        abort(404)
    said, headers = handed(found, packed=request.accept_encodings["gzip"] > 0)
    return Response(said, headers=headers)
