"""表单 — proof that a form was filled in on the page we gave out, not on another site's.

The page's cookie goes with requests from our own pages only (SameSite=Strict); its form carries a
keyed hash of cookie and address, which no other site can make or read.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from flask import Response, request

from app.base.site import Site

COOKIE = "kejiao_form"
FIELD = "form_token"
_COOKIE_BYTES = 16
_LIFE_S = 3600


def issued(site: Site) -> tuple[str, str]:
    """The cookie and the token for a form of the present address."""
    cookie = request.cookies.get(COOKIE) or secrets.token_urlsafe(_COOKIE_BYTES)
    return cookie, _token(site, cookie)


def keep(site: Site, answer: Response, cookie: str) -> Response:
    """The answer, with the cookie that the form's token belongs to."""
    answer.set_cookie(
        COOKIE, cookie, max_age=_LIFE_S, path=request.path, httponly=True, samesite="Strict",
        secure=site.config.public_url.startswith("https://"),
    )  # fmt: skip
    return answer


def ours(site: Site) -> bool:
    """Whether what was sent comes from a form that we gave out."""
    cookie, token = request.cookies.get(COOKIE, ""), request.form.get(FIELD, "")
    right = _token(site, cookie)
    return bool(cookie) and hmac.compare_digest(right.encode(), token.encode(errors="replace"))


def _token(site: Site, cookie: str) -> str:
    message = f"form\0{request.path}\0{cookie}".encode(errors="replace")
    return hmac.new(site.config.secret.reveal().encode(), message, hashlib.sha256).hexdigest()
