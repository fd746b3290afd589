"""手机 — the page in the browser on which one is any person on any account."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, request

from wechat.simulator.world import User, World

COOKIE = "wechat_simulator_holder"
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

blueprint = Blueprint("phone", __name__)


@cache
def words(section: str) -> dict[str, Any]:
    """The words that people read, by section."""
    book = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    found: dict[str, Any] = book[section]
    return found


@blueprint.get("/")
def page() -> str:
    """手机页."""
    return render_template("phone.html")


def holder(world: World) -> User | None:
    """Who holds the phone in this browser; the address may name another, for tests."""
    named = request.headers.get("X-Sim-Openid") or request.args.get("sim_openid")
    return world.users.get(named or request.cookies.get(COOKIE, ""))


def guarded(response: Response) -> Response:
    """Nothing of ours runs but our own files, and nobody shows us in a frame."""
    response.headers["Content-Security-Policy"] = _CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
