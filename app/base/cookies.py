"""小甜饼 — the names and flags under which a browser keeps what proves who it is.

Over HTTPS the names begin with `__Host-`: the browser then takes such a cookie from this very host
alone, over HTTPS, for all its paths, so no neighbour under the same domain can plant one.
"""

from __future__ import annotations

from typing import TypedDict

from app.config import Config

PHONE, CONSOLE, DEVICE = "kejiao_phone", "kejiao_console", "kejiao_device"
SCAN = "kejiao_scan"
_TOLD = "kejiao_told"


class Flags(TypedDict):
    """How a cookie is set: unseen by scripts, not sent with other sites' forms, for every path."""

    path: str
    httponly: bool
    samesite: str
    secure: bool


def name_of(config: Config, name: str) -> str:
    """The name of one of our cookies, as this site's address allows."""
    return f"__Host-{name}" if config.https else name


def flags(config: Config) -> Flags:
    """The flags of every cookie of ours."""
    return Flags(path="/", httponly=True, samesite="Lax", secure=config.https)


def told_once(config: Config) -> dict[str, object]:
    """Settings of the library for the cookie that carries a sentence to the next page."""
    return {
        "SESSION_COOKIE_NAME": name_of(config, _TOLD), "SESSION_COOKIE_SECURE": config.https,
        "SESSION_COOKIE_HTTPONLY": True, "SESSION_COOKIE_SAMESITE": "Lax",
    }  # fmt: skip
