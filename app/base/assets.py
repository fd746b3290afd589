"""静态文件 — style sheets, scripts and pictures under addresses that name their content.

So a browser keeps them for ever, and asks for a changed one at once. Answers are packed; nothing
secret stands in them, which is why they may be and pages are not.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
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
def assets(folder: Path) -> dict[str, Asset]:
    """Every file that a page may load, by its path under the folder."""
    return {
        path.relative_to(folder).as_posix(): _asset(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in _KINDS
    }


def handed(found: Asset, *, packed: bool) -> tuple[bytes, dict[str, str]]:
    """The file and its headers, to be kept for ever by whoever asked for it by its digest."""
    headers = {
        "Content-Type": found.kind,
        "Cache-Control": f"public, max-age={_YEAR_S}, immutable",
        "Vary": "Accept-Encoding",
    }
    if packed:
        return found.packed, headers | {"Content-Encoding": "gzip"}
    return found.whole, headers


def _asset(path: Path) -> Asset:
    whole = path.read_bytes()
    digest = hashlib.sha256(whole).hexdigest()[:_DIGITS]
    return Asset(digest, _KINDS[path.suffix], whole, gzip.compress(whole, mtime=0))
