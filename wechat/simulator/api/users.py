"""用户 — who follows, and tags."""

from __future__ import annotations

from wechat.simulator.errors import RefusedError
from wechat.simulator.gate import Call, Gate
from wechat.simulator.powers import Power
from wechat.simulator.world import Account, Json, User

_PAGE = 10_000
_MOST_ASKED, _MOST_TAGGED = 100, 50
_MOST_TAGS, _MOST_TAGS_OF_ONE = 100, 20
_TAG_BYTES = 30
_FIRST_TAG = 100
_SYSTEM_TAGS = {0, 1, 2}


def register(gate: Gate) -> None:
    """The addresses of this module."""
    at, power = gate.at, Power.USERS
    at("GET", "/cgi-bin/user/info", power=power, quota=5_000_000)(_info)
    at("POST", "/cgi-bin/user/info/batchget", power=power, quota=5_000_000)(_several)
    at("GET", "/cgi-bin/user/get", power=power, quota=500)(_followers)
    at("POST", "/cgi-bin/user/info/updateremark", power=power, quota=10_000)(_remark)
    at("POST", "/cgi-bin/tags/create", power=power, quota=1_000)(_create)
    at("GET", "/cgi-bin/tags/get", power=power, quota=1_000)(_tags)
    at("POST", "/cgi-bin/tags/update", power=power, quota=1_000)(_rename)
    at("POST", "/cgi-bin/tags/delete", power=power, quota=1_000)(_delete)
    at("POST", "/cgi-bin/tags/getidlist", power=power, quota=1_000_000)(_tags_of)
    at("POST", "/cgi-bin/user/tag/get", power=power, quota=10_000)(_tagged)
    at("POST", "/cgi-bin/tags/members/batchtagging", power=power, quota=1_000_000)(_tag)
    at("POST", "/cgi-bin/tags/members/batchuntagging", power=power, quota=1_000_000)(_untag)


def _told(account: Account, user: User) -> Json:
    """Without name and picture, which the platform gives nobody any more."""
    union = {"unionid": user.unionid} if account.filed.open_platform else {}
    if not user.subscribed:
        return {"subscribe": 0, "openid": user.openid, **union}
    by_text = isinstance(user.scene, str)
    return {
        "subscribe": 1, "openid": user.openid, "nickname": "", "sex": 0, "language": "",
        "city": "", "province": "", "country": "", "headimgurl": "",
        "subscribe_time": int(user.subscribe_at), **union, "remark": user.remark, "groupid": 0,
        "tagid_list": list(user.tags), "subscribe_scene": user.subscribe_scene,
        "qr_scene": 0 if by_text else user.scene, "qr_scene_str": user.scene if by_text else "",
    }  # fmt: skip


def _info(call: Call) -> Json:
    return _told(call.account, call.world.user_of(call.account, call.args.get("openid")))


def _several(call: Call) -> Json:
    asked = call.body.get("user_list")
    if not isinstance(asked, list) or not 1 <= len(asked) <= _MOST_ASKED:
        raise RefusedError(40032)
    users = [
        call.world.user_of(call.account, one.get("openid") if isinstance(one, dict) else None)
        for one in asked
    ]
    return {"user_info_list": [_told(call.account, user) for user in users]}


def _paged(openids: list[str], after: str) -> Json:
    if after and after not in openids:
        raise RefusedError(40003)
    start = openids.index(after) + 1 if after else 0
    page = openids[start : start + _PAGE]
    answer: Json = {"count": len(page)}
    if page:
        answer |= {"data": {"openid": page}}
    return answer | {"next_openid": page[-1] if page else ""}


def _followers(call: Call) -> Json:
    openids = [one.openid for one in call.world.of_account(call.account.appid) if one.subscribed]
    return {"total": len(openids)} | _paged(openids, call.args.get("next_openid", ""))


def _remark(call: Call) -> Json:
    remark = call.body.get("remark")
    if not isinstance(remark, str) or len(remark) >= _TAG_BYTES:
        raise RefusedError(40035)
    call.world.user_of(call.account, call.body.get("openid")).remark = remark
    return {"errcode": 0, "errmsg": "ok"}


# ------------------------------------------------------------------ tags


def _name(call: Call) -> str:
    tag = call.body.get("tag")
    name = tag.get("name") if isinstance(tag, dict) else None
    if not isinstance(name, str) or not name.strip() or name in call.account.tags.values():
        raise RefusedError(45157)
    if len(name.encode()) > _TAG_BYTES:
        raise RefusedError(45158)
    return name


def _number(account: Account, given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise RefusedError(45159)
    if given in _SYSTEM_TAGS:
        raise RefusedError(45058)
    if given not in account.tags:
        raise RefusedError(45159)
    return given


def _create(call: Call) -> Json:
    account, name = call.account, _name(call)
    if len(account.tags) >= _MOST_TAGS:
        raise RefusedError(45056)
    number = max(account.tags, default=_FIRST_TAG - 1) + 1
    account.tags[number] = name
    return {"tag": {"id": number, "name": name}}


def _tags(call: Call) -> Json:
    users = list(call.world.of_account(call.account.appid))
    return {
        "tags": [
            {"id": number, "name": name, "count": sum(number in user.tags for user in users)}
            for number, name in call.account.tags.items()
        ]
    }


def _rename(call: Call) -> Json:
    tag = call.body.get("tag")
    number = _number(call.account, tag.get("id") if isinstance(tag, dict) else None)
    call.account.tags[number] = _name(call)
    return {"errcode": 0, "errmsg": "ok"}


def _delete(call: Call) -> Json:
    tag = call.body.get("tag")
    number = _number(call.account, tag.get("id") if isinstance(tag, dict) else None)
    del call.account.tags[number]
    for user in call.world.of_account(call.account.appid):
        user.tags = [one for one in user.tags if one != number]
    call.world.touch()
    return {"errcode": 0, "errmsg": "ok"}


def _tags_of(call: Call) -> Json:
    return {"tagid_list": list(call.world.user_of(call.account, call.body.get("openid")).tags)}


def _tagged(call: Call) -> Json:
    number = _number(call.account, call.body.get("tagid"))
    users = call.world.of_account(call.account.appid)
    openids = [one.openid for one in users if number in one.tags]
    return _paged(openids, str(call.body.get("next_openid") or ""))


def _meant(call: Call) -> tuple[int, list[User]]:
    number = _number(call.account, call.body.get("tagid"))
    openids = call.body.get("openid_list")
    if not isinstance(openids, list) or not 1 <= len(openids) <= _MOST_TAGGED:
        raise RefusedError(40032)
    for openid in openids:
        user = call.world.users.get(openid) if isinstance(openid, str) else None
        if user is not None and user.appid != call.account.appid:
            raise RefusedError(49003)
    return number, [call.world.user_of(call.account, openid) for openid in openids]


def _tag(call: Call) -> Json:
    number, users = _meant(call)
    if any(not user.subscribed for user in users):
        raise RefusedError(40003)
    if any(len({*user.tags, number}) > _MOST_TAGS_OF_ONE for user in users):
        raise RefusedError(45059)
    for user in users:
        if number not in user.tags:
            user.tags.append(number)
    call.world.touch()
    return {"errcode": 0, "errmsg": "ok"}


def _untag(call: Call) -> Json:
    number, users = _meant(call)
    for user in users:
        user.tags = [one for one in user.tags if one != number]
    call.world.touch()
    return {"errcode": 0, "errmsg": "ok"}
