"""小程序 — the simulator plays the one page that matters: the phone-number component.

It takes a code of log-in and one of the component from the platform, and hands both to the product
with the ticket that the page was opened with. It never sees what the product does with them.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue

from wechat.simulator.book import say, section
from wechat.simulator.filed import Kind
from wechat.simulator.phone import holder
from wechat.simulator.world import Account, CodeKind, User, World

_PATIENCE_S = 10.0
_LARGEST = 100_000
_OK = 200

blueprint = Blueprint("mini", __name__)


@dataclass(frozen=True, slots=True)
class Told:
    """产品答复 — whether it went well, and what it says."""

    good: bool
    words: str
    status: str = ""
    asks_name: bool = False


@blueprint.get("/mini/<appid>")
@blueprint.get("/mini/<appid>/<path:_path>")
def page(appid: str, _path: str = "") -> ResponseReturnValue:
    """手机号组件 — the page asks for the number of whoever holds the phone."""
    world = _world()
    with world.lock:
        account, user = _both(world, appid)
        return _shown(account, user)


@blueprint.post("/mini/<appid>")
@blueprint.post("/mini/<appid>/<path:_path>")
def allow(appid: str, _path: str = "") -> ResponseReturnValue:
    """允许, or not — the codes go to the product together with the ticket."""
    world = _world()
    with world.lock:
        account, user = _both(world, appid)
        if account is None or user is None or not user.filed.phone:
            return _shown(account, user)
        if "allow" not in request.form:
            return _shown(account, user, Told(good=False, words=say("mini", "refused")))
        codes = {
            "js_code": world.issue(user, CodeKind.LOGIN),
            "phone_code": world.issue(user, CodeKind.PHONE),
        }
        url = account.filed.phone_proof_url
    given = {"ticket": request.args.get("ticket", ""), **codes}
    if name := request.form.get("name", "").strip():
        given["name"] = name
    told = _handed(url, given)
    return _shown(account, user, told)


def _shown(
    account: Account | None, user: User | None, told: Told | None = None
) -> ResponseReturnValue:  # fmt: skip
    words = ""
    if account is None or user is None:
        words = say("mini", "nobody")
    elif not user.filed.phone:
        words = say("mini", "no_phone", name=user.filed.name or user.openid)
    name = account.name if account else ""
    masked = "" if user is None else f"{user.filed.phone[:3]}****{user.filed.phone[-4:]}"
    page = render_template(
        "mini.html", name=name, words=words, told=told, number=masked,
        asks=say("mini", "asks", name=name), person=user.filed.name if user else "",
    )  # fmt: skip
    return page, _OK if account else 404


def _handed(url: str, codes: dict[str, str]) -> Told:
    address = urlsplit(url)
    if not address.hostname:
        return Told(good=False, words=say("mini", "nowhere"))
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=_PATIENCE_S)
    try:
        headers = {"Content-Type": "application/json", "User-Agent": "MicroMessenger simulator"}
        connection.request("POST", address.path, json.dumps(codes), headers)
        answer = connection.getresponse()
        raw = answer.read(_LARGEST).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return Told(good=False, words=say("mini", "silent", cause=type(error).__name__))
    finally:
        connection.close()
    status = say("mini", "answered", status=answer.status)
    return _read(raw, good=answer.status == _OK, status=status)


def _read(raw: str, *, good: bool, status: str) -> Told:
    """The answer as the mini-program would word it; as it is where it says nothing we know."""
    try:
        said = json.loads(raw)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return Told(good=good, words=raw, status=status)
    state, error = said.get("state"), said.get("error")
    if state in section("mini"):
        words = say("mini", state, until=said.get("until"))
        needed = state == "name_needed"
        return Told(good=good and not needed, words=words, status=status, asks_name=needed)
    spoken = error.get("message") if isinstance(error, dict) else said.get("message")
    return Told(good=good, words=str(spoken or raw), status=status)


def _both(world: World, appid: str) -> tuple[Account | None, User | None]:
    account, person = world.accounts.get(appid), holder(world)
    if account is None or account.filed.kind is not Kind.MINI:
        return None, None
    return account, None if person is None else world.person_on(person, appid)


def _world() -> World:
    found: World = current_app.extensions["world"]
    return found
