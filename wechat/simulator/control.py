"""控制 — `/_sim`: how tests, the product's demo and the phone page move the simulator."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Literal, TypeAlias

from flask import Blueprint, Response, current_app, jsonify, request
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from wechat.simulator import actions, pushing
from wechat.simulator.errors import RefusedError
from wechat.simulator.filed import (
    AccountFiled,
    ClockFiled,
    FaultFiled,
    OptionsFiled,
    UserFiled,
)
from wechat.simulator.pushing import Delivery
from wechat.simulator.world import Account, CodeKind, Json, User, World

Answered: TypeAlias = tuple[Response, int] | Response

blueprint = Blueprint("control", __name__, url_prefix="/_sim")


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str | None = None
    image: bool = False


class _Key(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: str


class _Url(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str


class _Scene(BaseModel):
    model_config = ConfigDict(extra="forbid")

    scene: str | int | None = None


class _Raw(BaseModel):
    model_config = ConfigDict(extra="forbid")

    xml: str


class MissingError(Exception):
    """No such account or person here."""


def world() -> World:
    """The one world of this program."""
    found: World = current_app.extensions["world"]
    return found


@blueprint.errorhandler(ValidationError)
def _unreadable(error: ValidationError) -> Answered:
    causes = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return jsonify(error=causes), 400


@blueprint.errorhandler(MissingError)
def _missing(error: MissingError) -> Answered:
    return jsonify(error=str(error)), 404


@blueprint.errorhandler(RefusedError)
def _refused(error: RefusedError) -> Answered:
    return jsonify(error.told()), 409


# ------------------------------------------------------------------ the world


@blueprint.post("/reset")
def reset() -> Answered:
    """清空重来."""
    world().reset()
    return jsonify(reset=True)


@blueprint.get("/accounts")
def accounts() -> Answered:
    """All accounts, without their secrets."""
    with world().lock:
        return jsonify([told_account(one) for one in world().accounts.values()])


@blueprint.put("/accounts/<appid>")
def put_account(appid: str) -> Answered:
    """登记账号."""
    filed = AccountFiled.model_validate_json(request.get_data())
    with world().lock:
        return jsonify(told_account(world().put_account(appid, filed)))


@blueprint.route("/accounts/<appid>/verify", methods=["GET", "POST"])
def verify(appid: str) -> Answered:
    """接入验证."""
    return jsonify(pushing.verified(world(), _account(appid)))


@blueprint.post("/accounts/<appid>/phone-quota")
def phone_quota(appid: str) -> Answered:
    """手机号次数 — how many more numbers the component gives; null for no end."""
    left = TypeAdapter(int | None).validate_json(request.get_data())
    _account(appid).phone_quota = left
    return jsonify(left=left)


@blueprint.post("/secret/rotate")
def rotate() -> Answered:
    """重置 AppSecret — the tokens of the old one live on, as they do."""
    account = _account(_Key.model_validate_json(request.get_data()).key)
    account.secret = secrets.token_hex(16)
    return jsonify(secret=account.secret)


@blueprint.get("/users")
def users() -> Answered:
    """The people of an account, or all."""
    appid = request.args.get("appid")
    with world().lock:
        found = [one for one in world().users.values() if appid in (None, one.appid)]
        return jsonify([told_user(one) for one in found])


@blueprint.put("/users/<openid>")
def put_user(openid: str) -> Answered:
    """登记微信用户."""
    filed = UserFiled.model_validate_json(request.get_data())
    _account(filed.appid)
    with world().lock:
        return jsonify(told_user(world().put_user(openid, filed)))


@blueprint.route("/clock", methods=["GET", "POST"])
def clock() -> Answered:
    """模拟时间 — look at it, or put it forward."""
    if request.method == "POST":
        told = ClockFiled.model_validate_json(request.get_data())
        with world().lock:
            world().clock.advance(told.advance)
            if told.to_midnight:
                world().clock.to_midnight()
            world().touch()
    return jsonify(now=world().clock(), ahead=world().clock.ahead)


@blueprint.route("/faults", methods=["GET", "POST", "DELETE"])
def faults() -> Answered:
    """故障 — those that stand; POST adds, DELETE takes away all, or that of a label."""
    with world().lock:
        if request.method == "POST":
            for one in TypeAdapter(list[FaultFiled]).validate_json(request.get_data()):
                world().faults.add(one)
        if request.method == "DELETE":
            world().faults.remove(request.args.get("label"))
        world().touch()
        return jsonify(world().faults.told())


@blueprint.post("/options")
def options() -> Answered:
    """投递方式."""
    told = OptionsFiled.model_validate_json(request.get_data())
    with world().lock:
        for name, value in told.model_dump(exclude_none=True).items():
            setattr(world(), name, value)
        world().touch()
        names = OptionsFiled.model_fields
        return jsonify({name: getattr(world(), name) for name in names})


@blueprint.post("/settle")
def settle() -> Answered:
    """Wait until all events that were to follow have been sent."""
    world().timers.settle()
    return jsonify(settled=True)


@blueprint.get("/requests")
def requests() -> Answered:
    """What the product asked of the platform; `path` is a pattern."""
    pattern = re.compile(request.args.get("path", ""))
    with world().lock:
        return jsonify([one.told() for one in world().asked if pattern.search(one.path)])


@blueprint.get("/sent")
def sent() -> Answered:
    """All that reached a person, in order."""
    with world().lock:
        user = _user(request.args.get("openid", ""))
        return jsonify([
            {"number": one.number, "at": one.at, "kind": one.kind, **one.body}
            for one in user.chat if not one.mine
        ])  # fmt: skip


@blueprint.get("/deliveries")
def deliveries() -> Answered:
    """What was sent to the product, with its attempts."""
    openid = request.args.get("openid")
    with world().lock:
        found = [one for one in world().deliveries if openid in (None, one.openid)]
        return jsonify([one.told() for one in found])


# ------------------------------------------------------------------ what people do


@blueprint.post("/users/<openid>/<act>")
def do(openid: str, act: str) -> Answered:
    """A person does something; the answer is how it was delivered, and what they then saw."""
    doing = _ACTS.get(act)
    if doing is None:
        raise MissingError(act)
    return jsonify(doing(_user(openid), request.get_data() or b"{}").told())


def _say(user: User, raw: bytes) -> Delivery:
    said = _Said.model_validate_json(raw)
    if said.image:
        return actions.send_picture(world(), user)
    return actions.say(world(), user, said.text or "")


def _scan(user: User, raw: bytes) -> Delivery:
    return actions.scan(world(), user, str(_Scene.model_validate_json(raw).scene))


def _subscribe(user: User, raw: bytes) -> Delivery:
    scene = _Scene.model_validate_json(raw).scene
    return actions.subscribe(world(), user, None if scene is None else str(scene))


def _popup(user: User, raw: bytes) -> Delivery:
    answers = TypeAdapter(dict[str, Literal["accept", "reject"]]).validate_json(raw)
    return actions.answer_popup(world(), user, answers)


_ACTS: dict[str, Callable[[User, bytes], Delivery]] = {
    "say": _say,
    "click": lambda user, raw: actions.click(world(), user, _Key.model_validate_json(raw).key),
    "view": lambda user, raw: actions.view(world(), user, _Url.model_validate_json(raw).url),
    "scan": _scan,
    "subscribe": _subscribe,
    "unsubscribe": lambda user, _: actions.unsubscribe(world(), user),
    "popup": _popup,
    "raw": lambda user, raw: actions.send_raw(world(), user, _Raw.model_validate_json(raw).xml),
}


@blueprint.post("/users/<openid>/codes")
def codes(openid: str) -> Answered:
    """小程序里 — a code of wx.login, and one of the phone component, both of this person."""
    user = _user(openid)
    if world().accounts[user.appid].filed.kind != "mini":
        raise RefusedError(40013)
    with world().lock:
        return jsonify(
            js_code=world().issue(user, CodeKind.LOGIN),
            phone_code=world().issue(user, CodeKind.PHONE),
        )


# ------------------------------------------------------------------ telling


def told_account(account: Account) -> Json:
    """An account without its secrets."""
    filed = account.filed
    return {
        "appid": account.appid, "name": account.name, "kind": filed.kind,
        "verified": filed.verified, "mode": filed.mode, "username": account.username,
        "phone_url": filed.phone_url, "callback_url": filed.callback_url,
        "templates": [one.model_dump() for one in account.templates.values()],
        "tags": account.tags, "phone_quota": account.phone_quota,
    }  # fmt: skip


def told_user(user: User) -> Json:
    """A person as the page shows them."""
    filed = user.filed
    return {
        "openid": user.openid, "appid": user.appid, "name": filed.name or user.openid,
        "about": filed.about, "unionid": user.unionid, "subscribed": user.subscribed,
        "blocked": filed.blocked, "refuses": filed.refuses, "tags": user.tags,
        "phone": filed.phone, "permits": user.permits,
    }  # fmt: skip


def _account(appid: str) -> Account:
    account = world().accounts.get(appid)
    if account is None:
        raise MissingError(f"no account {appid}")
    return account


def _user(openid: str) -> User:
    user = world().users.get(openid)
    if user is None:
        raise MissingError(f"no user {openid}")
    return user
