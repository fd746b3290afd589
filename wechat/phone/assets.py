"""静态文件 — style sheets under addresses that name their content, so they may be kept for ever."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Response, abort, request, url_for

from wechat.phone.blueprint import blueprint

_FOLDER = Path(__file__).resolve().parent / "static"
_KINDS = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_YEAR_S = 31_536_000
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Asset:
    """静态文件 — one file, as it is and packed, and the beginning of its SHA-256."""

    digest: str
    kind: str
    whole: bytes
    packed: bytes


@cache
def assets() -> dict[str, Asset]:
    """Every file that a page may load, by its path under `static`."""
    return {
        path.relative_to(_FOLDER).as_posix(): _asset(path)
        for path in sorted(_FOLDER.rglob("*"))
        if path.suffix in _KINDS
    }


def address(name: str) -> str:
    """Where a page loads the file from."""
    return url_for("phone.asset", digest=assets()[name].digest, name=name)


# A slug begins with a letter or a digit, so no account can stand in this place.
@blueprint.get("/-/<digest>/<path:name>")
def asset(digest: str, name: str) -> Response:
    """One file; under another digest it is not there, for a browser would keep the wrong one."""
    found = assets().get(name)
    if found is None or found.digest != digest:
        abort(404)
    packed = request.accept_encodings["gzip"] > 0
    answer = Response(found.packed if packed else found.whole, content_type=found.kind)
    answer.headers["Cache-Control"] = f"public, max-age={_YEAR_S}, immutable"
    answer.headers["Vary"] = "Accept-Encoding"
    if packed:
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _asset(path: Path) -> Asset:
    whole = path.read_bytes()
    digest = hashlib.sha256(whole).hexdigest()[:_DIGITS]
    return Asset(digest, _KINDS[path.suffix], whole, gzip.compress(whole, mtime=0))
