"""响应头 — what every answer tells the browser to refuse on our behalf (trust.md 0.13)."""

from __future__ import annotations

from flask import Flask, Response

# Our own style sheet, pictures and forms; no script, no inline style, no frame, nothing of others.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# The console has a few scripts of its own, and a style sheet that holds small pictures in itself.
_CONSOLE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# The program beside the reader of the computer one sits at; it listens on the loopback alone.
READER = "http://127.0.0.1:18964"
_BESIDE_READER = _CONSOLE.replace("connect-src 'self'", f"connect-src 'self' {READER}")
# A picture that came from others, opened by itself: it is dots, and may do nothing at all.
_LOOKED_AT = "default-src 'none'; sandbox"
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_YEAR_S = 31_536_000


def console(answer: Response) -> Response:
    """What a page of the console may load: still nothing of others, and nothing inline."""
    answer.headers.setdefault("Content-Security-Policy", _CONSOLE)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def looked_at(answer: Response) -> Response:
    """What a picture may load that came from others: nothing, in an origin of its own."""
    answer.headers["Content-Security-Policy"] = _LOOKED_AT
    answer.headers["Cache-Control"] = "no-store"
    return answer


def beside_reader(answer: Response) -> Response:
    """The same for the page that asks for the card on the reader of this computer."""
    console(answer).headers["Content-Security-Policy"] = _BESIDE_READER
    return answer


def guard(flask: Flask, *, https: bool) -> None:
    """Add the headers to every answer that does not say otherwise itself."""

    def add(answer: Response) -> Response:
        for name, value in _ALWAYS.items():
            answer.headers.setdefault(name, value)
        if answer.mimetype == "text/html":
            answer.headers.setdefault("Content-Security-Policy", _POLICY)
            answer.headers.setdefault("Cache-Control", "no-store")
        if https:
            answer.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_S}")
        return answer

    flask.after_request(add)
