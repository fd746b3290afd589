"""手机 — the page in the browser on which one is any person on any account."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
)
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict
from werkzeug.exceptions import NotFound

from wechat.simulator import mishaps, telling
from wechat.simulator.filed import UserFiled
from wechat.simulator.world import User, World, random_text

COOKIE = "wechat_simulator_holder"
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

blueprint = Blueprint("phone", __name__)


class _Switch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    label: str
    on: bool


class _Newcomer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    appid: str
    name: str
    phone: str = ""


@blueprint.get("/")
def page() -> str:
    """手机页."""
    return render_template("phone.html")


@blueprint.get("/_sim/phone")
def state() -> ResponseReturnValue:
    """What the page shows of one person; 204 where it is what the page has already."""
    world = _world()
    with world.lock:
        version = request.args.get("version")
        user = _meant(world)
        if version == telling.version(world):
            return Response(status=204)
        return jsonify(telling.state(world, user, request.args.get("appid", "")))


@blueprint.post("/_sim/phone/restart")
def restart() -> ResponseReturnValue:
    """清空重来 — chats, deliveries, faults and skipped time go; accounts and people stay."""
    world = _world()
    world.restart()
    return jsonify(restarted=True)


@blueprint.post("/_sim/phone/fault")
def switch() -> ResponseReturnValue:
    """出点故障."""
    world, told = _world(), _Switch.model_validate_json(request.get_data())
    with world.lock:
        mishaps.switch(world, _meant(world), told.label, on=told.on)
    return jsonify(told.model_dump())


@blueprint.post("/_sim/phone/newcomer")
def newcomer() -> ResponseReturnValue:
    """新增一个人 — who does not follow yet."""
    world, told = _world(), _Newcomer.model_validate_json(request.get_data())
    openid = f"o{random_text(27)}"
    with world.lock:
        if told.appid not in world.accounts:
            abort(404)
        filed = UserFiled(appid=told.appid, name=told.name, phone=told.phone, subscribed=False)
        world.put_user(openid, filed)
    return jsonify(openid=openid)


@blueprint.get("/_sim/phone/raw/<kind>/<int:number>")
@blueprint.get("/_sim/phone/raw/<kind>/<int:number>/<int:attempt>")
def raw(kind: str, number: int, attempt: int = 0) -> ResponseReturnValue:
    """看原文 — one attempt, or one call, as it went over the wire."""
    world = _world()
    with world.lock:
        asked = [one for one in world.asked if kind == "request" and one.number == number]
        if asked:
            return jsonify(asked[0].told())
        sent = [one for one in world.deliveries if kind == "delivery" and one.number == number]
        if not sent or not 1 <= attempt <= len(sent[0].attempts):
            raise NotFound
        told = sent[0].told()
        return jsonify(message=told["message"], **told["deliveries"][attempt - 1])


@blueprint.get("/open")
def open_page() -> ResponseReturnValue:
    """打开网页 — as that person; what the browser kept for another one is thrown away."""
    world, url = _world(), request.args.get("url", "")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        abort(400)
    with world.lock:
        user = world.users.get(request.args.get("openid", ""))
        if user is None:
            abort(404)
        answer = make_response(redirect(url))
        _hand_over(world, user, answer)
    return answer


def _hand_over(world: World, user: User, answer: Response) -> None:
    """The phone is this person's now. Cookies do not know ports: those of the product are here."""
    before = world.users.get(request.cookies.get(COOKIE, ""))
    if before is not None and before.unionid != user.unionid:
        for account in world.accounts.values():
            for cookie in account.filed.cookies:
                answer.delete_cookie(cookie.name, path=cookie.path)
    answer.set_cookie(COOKIE, user.openid, httponly=True, samesite="Lax")


def holder(world: World) -> User | None:
    """Who holds the phone in this browser; the address may name another, for tests."""
    named = request.headers.get("X-Sim-Openid") or request.args.get("sim_openid")
    return world.users.get(named or request.cookies.get(COOKIE, ""))


def guarded(response: Response) -> Response:
    """Nothing of ours runs but our own files, and nobody shows us in a frame."""
    response.headers["Content-Security-Policy"] = _CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


def _meant(world: World) -> User | None:
    """The person the page is about: named, else who holds the phone, else the first."""
    named = request.args.get("openid") or request.cookies.get(COOKIE, "")
    user, appid = world.users.get(named), request.args.get("appid")
    if user is not None and appid and user.appid != appid and appid in world.accounts:
        return world.person_on(user, appid)
    if user is not None:
        return user
    return next(
        (one for one in world.users.values() if not appid or one.appid == appid), None
    )  # fmt: skip


def _world() -> World:
    found: World = current_app.extensions["world"]
    return found
