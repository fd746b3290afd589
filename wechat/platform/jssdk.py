"""JS-SDK 签名 — what a page shows WeChat's browser to be let use its functions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import urldefrag

from app.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class PageProof:
    """页面签名 — the arguments of `wx.config` for one page."""

    appid: str
    timestamp: int
    nonce: str
    signature: str


def page_proof(appid: str, ticket: Secret, *, nonce: str, timestamp: int, url: str) -> PageProof:
    """The proof of the page at that address, which counts without its fragment."""
    return PageProof(
        appid, timestamp, nonce, signature(ticket, nonce=nonce, timestamp=timestamp, url=url)
    )


def signature(ticket: Secret, *, nonce: str, timestamp: int, url: str) -> str:
    """SHA-1 of the four parts in the platform's order and spelling, as hex."""
    signed = (
        f"jsapi_ticket={ticket.reveal()}&noncestr={nonce}&timestamp={timestamp}"
        f"&url={urldefrag(url).url}"
    )
    return hashlib.sha1(signed.encode()).hexdigest()  # noqa: S324  the platform's choice
