"""The simulator is as strict as the platform: what it refuses, and by which code."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from app.accounts.terms import AccountKind, Mode
from tests.support.simulator import Simulator
from tests.support.wechat_client import ACCOUNTS, CITY_OFFICE, SERVICE, account

ACCOUNT = ACCOUNTS[SERVICE]
MINI = account("mini", AccountKind.MINI, Mode.PLAIN)
HE_MIN, ZHENG_HAI = "o_he_min", "o_zheng_hai"
NOTICE = {
    "template_id": "T1",
    "title": "学分提醒",
    "content": "内容：{{thing2.DATA}}\n时间：{{time3.DATA}}",
}
DATA = {"thing2": {"value": "急诊急救规范化培训班"}, "time3": {"value": "2013-05-18 17:30"}}
BUTTON = {"name": "学分", "type": "click", "key": "credits"}

Call = Callable[..., Any]


@pytest.fixture
def platform(simulator: Simulator) -> Simulator:
    """Three accounts, and a person on each."""
    simulator.put(ACCOUNT, templates=[NOTICE])
    simulator.put(ACCOUNTS[CITY_OFFICE])
    simulator.put(MINI)
    simulator.user(ACCOUNT, HE_MIN, name="何敏", unionid="he", phone="13900000001")
    simulator.user(ACCOUNTS[CITY_OFFICE], ZHENG_HAI)
    simulator.user(MINI, "m_he_min", unionid="he", phone="13900000001")
    return simulator


def filed(slug: str) -> Any:
    return MINI if slug == "mini" else ACCOUNTS[slug]


def token_of(platform: Simulator, slug: str = SERVICE, **facts: object) -> Any:
    asked = {
        "grant_type": "client_credential",
        "appid": filed(slug).appid,
        "secret": filed(slug).secret.reveal(),
        **facts,
    }
    return platform.call("POST", "/cgi-bin/stable_token", asked).said


@pytest.fixture
def call(platform: Simulator) -> Call:
    """A call with the account's token: what the platform said."""

    def ask(path: str, body: object = None, slug: str = SERVICE, **query: str) -> Any:
        query = {"access_token": token_of(platform, slug)["access_token"], **query}
        method = "GET" if body is None else "POST"
        return platform.call(method, f"{path}?{urlencode(query)}", body).said

    return ask


def code_of(said: Mapping[str, Any]) -> int:
    return int(said.get("errcode", 0))


# ------------------------------------------------------------------ tokens


def test_a_stable_token_stays_the_same_until_shortly_before_its_end(platform: Simulator) -> None:
    first = token_of(platform)
    platform.advance(7200 - 301)
    second = token_of(platform)
    platform.advance(1)
    third = token_of(platform)

    assert second == {"access_token": first["access_token"], "expires_in": 301}
    assert third["access_token"] != first["access_token"]
    assert third["expires_in"] == 7200


def test_both_tokens_are_good_in_the_last_minutes_of_the_older(platform: Simulator) -> None:
    first = token_of(platform)["access_token"]
    platform.advance(7200 - 299)
    second = token_of(platform)["access_token"]

    def told(token: str) -> Any:
        return platform.call("GET", f"/cgi-bin/getcallbackip?access_token={token}").said

    assert (code_of(told(first)), code_of(told(second))) == (0, 0)
    platform.advance(300)
    assert (code_of(told(first)), code_of(told(second))) == (42001, 0)


def test_a_forced_token_ends_the_one_before_and_not_twice_in_half_a_minute(
    platform: Simulator,
) -> None:
    first = token_of(platform)["access_token"]
    forced = token_of(platform, force_refresh=True)["access_token"]
    again = token_of(platform, force_refresh=True)["access_token"]

    told = platform.call("GET", f"/cgi-bin/getcallbackip?access_token={first}").said
    assert forced != first
    assert again == forced
    assert told["errcode"] == 40001
    assert told["errmsg"].startswith(
        "invalid credential, access_token is invalid or not latest rid: "
    )


def test_a_token_is_forced_twenty_times_a_day(platform: Simulator) -> None:
    codes = []
    for _ in range(21):
        codes.append(code_of(token_of(platform, force_refresh=True)))
        platform.advance(30)

    assert codes == [0] * 20 + [45009]


def test_a_plain_token_ends_the_one_before_after_five_minutes_and_leaves_the_stable_one(
    platform: Simulator,
) -> None:
    query = urlencode(
        {
            "grant_type": "client_credential",
            "appid": ACCOUNT.appid,
            "secret": ACCOUNT.secret.reveal(),
        }
    )
    stable = token_of(platform)["access_token"]
    first = platform.call("GET", f"/cgi-bin/token?{query}").said["access_token"]
    platform.call("GET", f"/cgi-bin/token?{query}")

    def code(token: str) -> int:
        said = platform.call("GET", f"/cgi-bin/getcallbackip?access_token={token}").said
        return code_of(said)

    assert code(first) == 0
    platform.advance(300)
    assert (code(first), code(stable)) == (42001, 0)


@pytest.mark.parametrize(
    ("facts", "errcode"),
    [
        ({"secret": "guess"}, 40125),
        ({"appid": "wx-nobody"}, 40013),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"grant_type": "password"}, 40002),
        ({"force_refresh": "yes"}, 47001),
    ],
)
def test_who_asks_for_a_token_shows_the_right_credentials(
    platform: Simulator, facts: dict[str, object], errcode: int
) -> None:
    assert token_of(platform, **facts)["errcode"] == errcode


def test_an_address_that_is_not_listed_gets_no_token(platform: Simulator) -> None:
    platform.put(ACCOUNT, ip_whitelist=["10.0.0.1"])

    assert token_of(platform)["errcode"] == 40164


def test_a_rotated_secret_is_the_only_one(platform: Simulator) -> None:
    told = platform.control("POST", "/secret/rotate", {"key": ACCOUNT.appid})

    assert token_of(platform)["errcode"] == 40125
    assert "access_token" in token_of(platform, secret=told["secret"])


def test_a_ticket_is_the_same_for_two_hours(platform: Simulator, call: Call) -> None:
    first = call("/cgi-bin/ticket/getticket", type="jsapi")
    platform.advance(7199)
    second = call("/cgi-bin/ticket/getticket", type="jsapi")
    platform.advance(1)
    third = call("/cgi-bin/ticket/getticket", type="jsapi")

    assert (second["ticket"], second["expires_in"]) == (first["ticket"], 1)
    assert third["ticket"] != first["ticket"]
    assert call("/cgi-bin/ticket/getticket", type="other")["errcode"] == 40035


# ------------------------------------------------------------------ every call


def test_a_call_without_a_token_or_with_another_is_refused(platform: Simulator) -> None:
    path = "/cgi-bin/menu/get"

    assert platform.call("GET", path).said["errcode"] == 41001
    assert platform.call("GET", f"{path}?access_token=guess").said["errcode"] == 40001


@pytest.mark.parametrize(
    ("method", "path", "errcode"),
    [
        ("POST", "/cgi-bin/menu/get", 43001),
        ("GET", "/cgi-bin/menu/create", 43002),
        ("GET", "/cgi-bin/stable_token", 43002),
        ("GET", "/cgi-bin/nothing", 40066),
    ],
)
def test_a_call_goes_by_its_method_to_what_is_there(
    platform: Simulator, method: str, path: str, errcode: int
) -> None:
    token = token_of(platform)["access_token"]

    assert platform.call(method, f"{path}?access_token={token}", b"{}").said["errcode"] == errcode


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (b"", 44002),
        (b"touser=o", 47001),
        (b"[]", 47001),
        ('{"touser": "何敏"}'.encode("gbk"), 47001),
        (b'{"number": NaN}', 47001),
    ],
)
def test_a_body_is_a_json_object_in_utf_8(call: Call, body: bytes, errcode: int) -> None:
    assert call("/cgi-bin/message/custom/send", body)["errcode"] == errcode


def test_a_menu_in_escapes_is_another_charset(call: Call) -> None:
    raw = json.dumps({"button": [BUTTON]}).encode()

    assert call("/cgi-bin/menu/create", raw)["errcode"] == 40033


NEEDS_RIGHTS: list[tuple[str, object]] = [
    ("/cgi-bin/message/template/send", {}),
    ("/cgi-bin/message/subscribe/bizsend", {}),
    ("/cgi-bin/qrcode/create", {}),
]
NEEDS_VERIFICATION: list[tuple[str, object]] = [
    *NEEDS_RIGHTS,
    ("/cgi-bin/message/custom/send", {}),
    ("/cgi-bin/menu/addconditional", {}),
    ("/cgi-bin/tags/get", None),
    ("/cgi-bin/user/info", None),
]


@pytest.mark.parametrize(("path", "body"), NEEDS_RIGHTS)
def test_a_subscription_account_may_not_what_only_service_accounts_may(
    call: Call, path: str, body: object
) -> None:
    assert call(path, body, slug=CITY_OFFICE)["errcode"] == 48001


@pytest.mark.parametrize(("path", "body"), NEEDS_VERIFICATION)
def test_an_unverified_account_may_little(
    platform: Simulator, call: Call, path: str, body: object
) -> None:
    platform.put(ACCOUNT, verified=False)

    assert call(path, body)["errcode"] == 48001
    assert call("/cgi-bin/menu/create", {"button": [BUTTON]})["errcode"] == 0


def test_an_unverified_subscription_account_has_no_menu(platform: Simulator, call: Call) -> None:
    platform.put(ACCOUNTS[CITY_OFFICE], verified=False)

    assert call("/cgi-bin/menu/create", {"button": [BUTTON]}, slug=CITY_OFFICE)["errcode"] == 48001


def test_a_quota_is_used_up_until_midnight_in_beijing_or_until_it_is_cleared(
    platform: Simulator, call: Call
) -> None:
    platform.put(ACCOUNT, quotas={"/cgi-bin/menu/get": 1})

    assert code_of(call("/cgi-bin/menu/get")) == 46003
    assert code_of(call("/cgi-bin/menu/get")) == 45009
    left = call("/cgi-bin/openapi/quota/get", {"cgi_path": "/cgi-bin/menu/get"})["quota"]
    assert left == {"daily_limit": 1, "used": 1, "remain": 0}
    platform.control("POST", "/clock", {"to_midnight": True})
    assert code_of(call("/cgi-bin/menu/get")) == 46003
    assert code_of(call("/cgi-bin/menu/get")) == 45009
    assert code_of(call("/cgi-bin/clear_quota", {"appid": ACCOUNT.appid})) == 0
    assert code_of(call("/cgi-bin/menu/get")) == 46003


def test_a_quota_is_cleared_ten_times_a_month(call: Call) -> None:
    codes = [code_of(call("/cgi-bin/clear_quota", {"appid": ACCOUNT.appid})) for _ in range(11)]

    assert codes == [0] * 10 + [48006]


# ------------------------------------------------------------------ customer service


def text(openid: str = HE_MIN, content: str = "好") -> dict[str, object]:
    return {"touser": openid, "msgtype": "text", "text": {"content": content}}


SEND = "/cgi-bin/message/custom/send"


def test_who_said_nothing_is_told_nothing(call: Call) -> None:
    assert call(SEND, text())["errcode"] == 45015


def test_a_message_allows_five_within_two_days(platform: Simulator, call: Call) -> None:
    platform.do(HE_MIN, "say", text="学分")

    assert [code_of(call(SEND, text())) for _ in range(6)] == [0] * 5 + [45047]
    platform.do(HE_MIN, "say", text="学分")
    assert code_of(call(SEND, text())) == 0
    platform.advance(48 * 3600)
    assert code_of(call(SEND, text())) == 45015


@pytest.mark.parametrize("act", ["click", "scan", "subscribe"])
def test_a_tap_a_scan_and_a_follow_allow_three_within_a_minute(
    platform: Simulator, call: Call, act: str
) -> None:
    facts: dict[str, object] = {"click": {"key": "credits"}, "scan": {"scene": "7"}}.get(act, {})
    scene = {"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 7}}}
    call("/cgi-bin/qrcode/create", scene)
    platform.do(HE_MIN, act, **facts)

    assert [code_of(call(SEND, text())) for _ in range(4)] == [0] * 3 + [45047]
    platform.advance(60)
    assert code_of(call(SEND, text())) == 45015


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (text("o_nobody"), 40003),
        (text(ZHENG_HAI), 40003),
        (text(content=""), 44004),
        (text(content="字" * 683), 45002),
        ({"touser": HE_MIN, "msgtype": "smoke"}, 40008),
        ({"touser": HE_MIN, "msgtype": "text"}, 44004),
        ({"touser": HE_MIN, "msgtype": "image", "image": {"media_id": "x"}}, 40007),
    ],
)
def test_a_message_is_for_somebody_and_says_something_of_2048_bytes(
    platform: Simulator, call: Call, body: object, errcode: int
) -> None:
    platform.do(HE_MIN, "say", text="学分")

    assert call(SEND, body)["errcode"] == errcode
    assert [one for one in platform.sent(HE_MIN) if one["kind"] == "custom"] == []
    assert code_of(call(SEND, text(content="字" * 682))) == 0


@pytest.mark.parametrize(
    ("facts", "errcode"),
    [({"subscribed": False}, 43004), ({"blocked": True}, 43019), ({"refuses": True}, 48002)],
)
def test_who_left_is_blocked_or_refuses_hears_nothing(
    platform: Simulator, call: Call, facts: dict[str, object], errcode: int
) -> None:
    platform.do(HE_MIN, "say", text="学分")
    platform.user(ACCOUNT, HE_MIN, **facts)

    assert call(SEND, text())["errcode"] == errcode


# ------------------------------------------------------------------ template messages


TEMPLATE = "/cgi-bin/message/template/send"


def notice(**facts: object) -> dict[str, object]:
    return {"touser": HE_MIN, "template_id": "T1", "data": DATA, **facts}


def test_a_template_message_reaches_its_follower(platform: Simulator, call: Call) -> None:
    told = call(TEMPLATE, notice(url="https://kejiao.example/m/x"))

    [sent] = platform.sent(HE_MIN)
    assert told["msgid"] == sent["msgid"]
    assert sent["members"] == [
        {"name": "thing2", "value": "急诊急救规范化培训班"},
        {"name": "time3", "value": "2013-05-18 17:30"},
    ]


@pytest.mark.parametrize(
    ("facts", "errcode", "about"),
    [
        ({"template_id": "T9"}, 40037, ""),
        ({"touser": "o_nobody"}, 40003, ""),
        ({"data": {}}, 47003, "data.thing2.value is empty"),
        ({"data": {**DATA, "thing2": {"value": "长" * 21}}}, 47003, "data.thing2.value invalid"),
        ({"data": {**DATA, "time3": {"value": "明天"}}}, 47003, "data.time3.value invalid"),
        ({"data": {**DATA, "thing2": {"value": ""}}}, 47003, "data.thing2.value is empty"),
        ({"data": {**DATA, "thing9": {"value": "好"}}}, 47003, "data.thing9 is not in the"),
        ({"url": "javascript:alert(1)"}, 40035, "url"),
    ],
)
def test_a_template_message_fits_its_template(
    platform: Simulator, call: Call, facts: dict[str, object], errcode: int, about: str
) -> None:
    told = call(TEMPLATE, notice(**facts))

    assert told["errcode"] == errcode
    assert about in told["errmsg"]
    assert platform.sent(HE_MIN) == []


def test_what_the_platform_filters_is_no_fault(call: Call) -> None:
    data = {**DATA, "first": {"value": "你好"}, "remark": {"value": "再见"}}

    assert call(TEMPLATE, notice(data=data))["errcode"] == 0


def test_who_does_not_follow_gets_no_template_message(platform: Simulator, call: Call) -> None:
    platform.do(HE_MIN, "unsubscribe")

    assert call(TEMPLATE, notice())["errcode"] == 43004


def test_a_message_of_one_client_number_goes_once_in_ten_minutes(
    platform: Simulator, call: Call
) -> None:
    first = call(TEMPLATE, notice(client_msg_id="77"))
    again = call(TEMPLATE, notice(client_msg_id="77"))
    other = call(TEMPLATE, notice(client_msg_id="78"))
    platform.advance(600)
    late = call(TEMPLATE, notice(client_msg_id="77"))

    assert again == first
    assert len({first["msgid"], other["msgid"], late["msgid"]}) == 3
    assert len(platform.sent(HE_MIN)) == 3


def test_a_notice_uses_up_a_permit(platform: Simulator, call: Call) -> None:
    path = "/cgi-bin/message/subscribe/bizsend"
    before = call(path, notice())
    platform.do(HE_MIN, "popup", T1="accept")
    sent = call(path, notice())
    after = call(path, notice())

    assert (before["errcode"], after["errcode"]) == (43101, 43101)
    assert sent == {"errcode": 0, "errmsg": "ok"}


def test_a_template_of_the_library_can_be_added_and_removed(call: Call) -> None:
    added = call(
        "/cgi-bin/template/api_add_template",
        {"template_id_short": "TM00015", "keyword_name_list": ["活动", "结果"]},
    )["template_id"]
    listed = call("/cgi-bin/template/get_all_private_template")["template_list"]
    gone = call("/cgi-bin/template/del_private_template", {"template_id": added})

    assert {one["template_id"] for one in listed} == {"T1", added}
    assert gone["errcode"] == 0
    assert call(TEMPLATE, notice(template_id=added))["errcode"] == 40037


# ------------------------------------------------------------------ menus


def leaf(**facts: object) -> dict[str, object]:
    return {**BUTTON, **facts}


@pytest.mark.parametrize(
    ("buttons", "errcode"),
    [
        ([], 40016),
        ([leaf()] * 4, 40016),
        ([leaf(name="")], 40018),
        ([leaf(name="六个汉字太长")], 40018),
        ([leaf(type="smoke")], 40017),
        ([leaf(key="")], 40019),
        ([leaf(key="k" * 129)], 40019),
        ([leaf(type="view", url="")], 40020),
        ([leaf(type="view", url="https://a/" + "u" * 1024)], 40020),
        ([leaf(type="view", url="ftp://a/")], 40055),
        ([{"name": "办", "sub_button": [leaf()] * 6}], 40023),
        ([{"name": "办", "sub_button": [leaf(name="字" * 21)]}], 40025),
        ([{"name": "办", "sub_button": [leaf(type="smoke")]}], 40024),
        ([{"name": "办", "sub_button": [leaf(key="")]}], 40026),
        ([{"name": "办", "sub_button": [{"name": "三", "sub_button": [leaf()]}]}], 40023),
        ([{"name": "办", "sub_button": [
            leaf(type="view", url=f"https://{host}.example/") for host in "abcd"
        ]}], 65316),
    ],
)  # fmt: skip
def test_a_menu_has_three_times_five_short_buttons(
    call: Call, buttons: list[object], errcode: int
) -> None:
    assert call("/cgi-bin/menu/create", {"button": buttons})["errcode"] == errcode
    assert call("/cgi-bin/menu/get")["errcode"] == 46003


@pytest.mark.parametrize(
    ("rule", "errcode"),
    [
        ({}, 65304),
        ({"tag_id": ""}, 65304),
        ({"sex": "2"}, 65320),
        ({"country": "中国", "tag_id": "100"}, 65320),
        ({"language": "zh_CN"}, 65320),
        ({"tag_id": "999"}, 45159),
    ],
)
def test_a_conditional_menu_goes_by_a_tag_alone(
    call: Call, rule: dict[str, str], errcode: int
) -> None:
    call("/cgi-bin/menu/create", {"button": [BUTTON]})
    call("/cgi-bin/tags/create", {"tag": {"name": "已绑定"}})

    told = call("/cgi-bin/menu/addconditional", {"button": [BUTTON], "matchrule": rule})

    assert told["errcode"] == errcode


def test_a_conditional_menu_needs_a_default_one_and_goes_with_it(
    platform: Simulator, call: Call
) -> None:
    tag = call("/cgi-bin/tags/create", {"tag": {"name": "已绑定"}})["tag"]["id"]
    asked = {"button": [leaf(name="我的")], "matchrule": {"tag_id": str(tag)}}
    early = call("/cgi-bin/menu/addconditional", asked)
    call("/cgi-bin/menu/create", {"button": [BUTTON]})
    menuid = call("/cgi-bin/menu/addconditional", asked)["menuid"]

    def seen() -> str:
        return str(call("/cgi-bin/menu/trymatch", {"user_id": HE_MIN})["button"][0]["name"])

    assert early["errcode"] == 65303
    assert seen() == "学分"
    call("/cgi-bin/tags/members/batchtagging", {"openid_list": [HE_MIN], "tagid": tag})
    assert seen() == "我的"
    assert call("/cgi-bin/menu/get")["conditionalmenu"][0]["menuid"] == int(menuid)
    assert call("/cgi-bin/menu/delconditional", {"menuid": "1"})["errcode"] == 65301
    assert call("/cgi-bin/menu/delconditional", {"menuid": menuid})["errcode"] == 0
    assert seen() == "学分"
    call("/cgi-bin/menu/addconditional", asked)
    call("/cgi-bin/menu/delete")
    assert call("/cgi-bin/menu/get")["errcode"] == 46003


# ------------------------------------------------------------------ codes with a scene


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"action_name": "QR"}, 40052),
        ({"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 0}}}, 40053),
        ({"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": "7"}}}, 40053),
        ({"action_name": "QR_LIMIT_SCENE", "action_info": {"scene": {"scene_id": 100_001}}}, 40053),
        ({"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": ""}}}, 40053),
        ({"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "s" * 65}}}, 40053),
        ({"action_name": "QR_STR_SCENE", "action_info": {}}, 40053),
    ],
)
def test_a_code_has_a_scene_of_its_kind(call: Call, body: object, errcode: int) -> None:
    assert call("/cgi-bin/qrcode/create", body)["errcode"] == errcode


def test_a_code_of_a_while_ends_and_its_picture_too(platform: Simulator, call: Call) -> None:
    scene = {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "card-7"}}}
    long = call("/cgi-bin/qrcode/create", {**scene, "expire_seconds": 9_999_999})
    code = call("/cgi-bin/qrcode/create", {**scene, "expire_seconds": 60})
    picture = f"/cgi-bin/showqrcode?{urlencode({'ticket': code['ticket']})}"

    assert long["expire_seconds"] == 2_592_000
    assert platform.call("GET", picture).body.startswith(b"\x89PNG")
    seen = platform.do(HE_MIN, "scan", scene=code["url"])["members"]
    assert (seen["Event"], seen["EventKey"]) == ("SCAN", "card-7")
    platform.advance(60)
    assert platform.call("GET", picture).status == 404
    scan = json.dumps({"scene": code["url"]}).encode()
    assert platform.call("POST", f"/_sim/users/{HE_MIN}/scan", scan).status == 409


def test_who_scans_and_does_not_follow_follows_by_it(platform: Simulator, call: Call) -> None:
    scene = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "hall"}}}
    code = call("/cgi-bin/qrcode/create", scene)
    platform.user(ACCOUNT, "o_new", subscribed=False)

    seen = platform.do("o_new", "scan", scene=code["url"])["members"]
    told = call("/cgi-bin/user/info", openid="o_new")

    assert (seen["Event"], seen["EventKey"]) == ("subscribe", "qrscene_hall")
    assert (told["subscribe"], told["subscribe_scene"], told["qr_scene_str"]) == (
        1, "ADD_SCENE_QR_CODE", "hall",
    )  # fmt: skip


# ------------------------------------------------------------------ people and tags


def test_of_a_follower_no_name_is_told_and_of_others_nothing(
    platform: Simulator, call: Call
) -> None:
    told = call("/cgi-bin/user/info", openid=HE_MIN)
    platform.do(HE_MIN, "unsubscribe")

    assert (told["subscribe"], told["nickname"], "unionid" in told) == (1, "", False)
    assert call("/cgi-bin/user/info", openid=HE_MIN) == {"subscribe": 0, "openid": HE_MIN}
    assert call("/cgi-bin/user/info", openid=ZHENG_HAI)["errcode"] == 40003


def test_a_unionid_is_told_where_the_accounts_belong_together(
    platform: Simulator, call: Call
) -> None:
    platform.put(ACCOUNT, open_platform=True)

    assert call("/cgi-bin/user/info", openid=HE_MIN)["unionid"] == "he"


@pytest.mark.parametrize(
    ("path", "body", "errcode"),
    [
        ("create", {"tag": {"name": "已绑定"}}, 45157),
        ("create", {"tag": {"name": " "}}, 45157),
        ("create", {"tag": {"name": "字" * 11}}, 45158),
        ("delete", {"tag": {"id": 2}}, 45058),
        ("delete", {"tag": {"id": 999}}, 45159),
        ("members/batchtagging", {"tagid": 999, "openid_list": [HE_MIN]}, 45159),
        ("members/batchtagging", {"tagid": 100, "openid_list": []}, 40032),
        ("members/batchtagging", {"tagid": 100, "openid_list": [HE_MIN] * 51}, 40032),
        ("members/batchtagging", {"tagid": 100, "openid_list": [ZHENG_HAI]}, 49003),
        ("members/batchtagging", {"tagid": 100, "openid_list": ["o_nobody"]}, 40003),
    ],
)
def test_a_tag_has_a_name_and_goes_on_followers(
    call: Call, path: str, body: object, errcode: int
) -> None:
    assert call("/cgi-bin/tags/create", {"tag": {"name": "已绑定"}})["tag"]["id"] == 100

    assert call(f"/cgi-bin/tags/{path}", body)["errcode"] == errcode


def test_a_follower_carries_twenty_tags_and_loses_them_by_leaving(
    platform: Simulator, call: Call
) -> None:
    tags = [call("/cgi-bin/tags/create", {"tag": {"name": str(n)}})["tag"]["id"] for n in range(21)]
    codes = [
        code_of(call("/cgi-bin/tags/members/batchtagging", {"openid_list": [HE_MIN], "tagid": tag}))
        for tag in tags
    ]

    assert codes == [0] * 20 + [45059]
    platform.do(HE_MIN, "unsubscribe")
    assert call("/cgi-bin/tags/getidlist", {"openid": HE_MIN})["tagid_list"] == []


# ------------------------------------------------------------------ OAuth


def asked(**facts: str) -> dict[str, str]:
    usual = {
        "appid": ACCOUNT.appid, "redirect_uri": "http://127.0.0.1:8000/m/yingchuan/in",
        "response_type": "code", "scope": "snsapi_base", "state": "abc123",
    }  # fmt: skip
    return usual | facts


def authorized(platform: Simulator, given: dict[str, str], openid: str = HE_MIN) -> Any:
    headers = {"X-Sim-Openid": openid} if openid else {}
    return platform.call("GET", f"/connect/oauth2/authorize?{urlencode(given)}", **headers)


def redeemed(platform: Simulator, code: str, **facts: str) -> Any:
    query = {
        "appid": ACCOUNT.appid, "secret": ACCOUNT.secret.reveal(), "code": code,
        "grant_type": "authorization_code", **facts,
    }  # fmt: skip
    return platform.call("GET", f"/sns/oauth2/access_token?{urlencode(query)}").said


def code_in(answer: Any) -> str:
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def test_whoever_holds_the_phone_comes_back_with_a_code_of_their_own(platform: Simulator) -> None:
    answer = authorized(platform, asked(redirect_uri="http://127.0.0.1:8000/m/x/in?to=why#top"))

    address = urlsplit(answer.headers["Location"])
    query = parse_qs(address.query)
    assert (answer.status, address.path, address.fragment) == (302, "/m/x/in", "")
    assert (query["to"], query["state"]) == (["why"], ["abc123"])
    told = redeemed(platform, query["code"][0])
    assert (told["openid"], told["scope"], told["expires_in"]) == (HE_MIN, "snsapi_base", 7200)
    assert "errcode" not in told


@pytest.mark.parametrize(
    ("facts", "about"),
    [
        ({"appid": "wx-nobody"}, "appid"),
        ({"redirect_uri": "http://evil.example/m/x/in"}, "10003"),
        ({"redirect_uri": "http://127.0.0.1.evil.example/"}, "10003"),
        ({"redirect_uri": "/m/x/in"}, "10003"),
        ({"response_type": "token"}, "response_type"),
        ({"scope": "snsapi_login"}, "10005"),
        ({"state": "a.b"}, "state"),
        ({"state": "a" * 129}, "state"),
    ],
)
def test_a_wrong_request_is_a_page_for_the_person_and_no_redirect(
    platform: Simulator, facts: dict[str, str], about: str
) -> None:
    answer = authorized(platform, asked(**facts))

    assert answer.status == 400
    assert about in answer.body.decode()


def test_the_parameters_stand_in_the_order_of_the_documentation(platform: Simulator) -> None:
    answer = authorized(platform, dict(reversed(asked().items())))

    assert answer.status == 400
    assert "参数顺序" in answer.body.decode()


@pytest.mark.parametrize("slug", [CITY_OFFICE, "mini"])
def test_only_a_service_account_may_ask_who_it_is(platform: Simulator, slug: str) -> None:
    answer = authorized(platform, asked(appid=filed(slug).appid))

    assert answer.status == 400
    assert "网页授权" in answer.body.decode()


def test_without_a_phone_the_page_asks_for_wechat(platform: Simulator) -> None:
    answer = authorized(platform, asked(), openid="")

    assert answer.status == 403
    assert "请在微信客户端打开链接" in answer.body.decode()


def test_a_code_is_good_once_for_five_minutes_for_its_account(platform: Simulator) -> None:
    code = code_in(authorized(platform, asked()))
    late = code_in(authorized(platform, asked()))

    assert redeemed(platform, "guess")["errcode"] == 40029
    assert redeemed(platform, code, grant_type="x")["errcode"] == 40002
    assert redeemed(platform, code, secret="x")["errcode"] == 40125
    other = ACCOUNTS[CITY_OFFICE]
    assert (
        redeemed(platform, code, appid=other.appid, secret=other.secret.reveal())["errcode"]
        == 48001
    )
    assert redeemed(platform, code)["openid"] == HE_MIN
    assert redeemed(platform, code)["errcode"] == 40163
    platform.advance(300)
    assert redeemed(platform, late)["errcode"] == 42003


def test_a_base_authorization_tells_no_name(platform: Simulator) -> None:
    told = redeemed(platform, code_in(authorized(platform, asked())))
    query = urlencode({"access_token": told["access_token"], "openid": told["openid"]})

    assert platform.call("GET", f"/sns/userinfo?{query}").said["errcode"] == 48001
    assert platform.call("GET", f"/sns/auth?{query}").said["errcode"] == 0


def test_somebody_who_never_followed_has_an_openid_too(platform: Simulator) -> None:
    platform.user(MINI, "m_new", unionid="new")

    told = redeemed(platform, code_in(authorized(platform, asked(), openid="m_new")))

    assert told["openid"] not in {"m_new", HE_MIN}
    again = redeemed(platform, code_in(authorized(platform, asked(), openid="m_new")))
    assert again["openid"] == told["openid"]


# ------------------------------------------------------------------ the mini-program


def session(platform: Simulator, code: str, **facts: str) -> Any:
    query = {
        "appid": MINI.appid, "secret": MINI.secret.reveal(), "js_code": code,
        "grant_type": "authorization_code", **facts,
    }  # fmt: skip
    return platform.call("GET", f"/sns/jscode2session?{urlencode(query)}").said


def test_a_log_in_code_is_good_once_and_its_answer_has_no_errcode(platform: Simulator) -> None:
    code = platform.do("m_he_min", "codes")["js_code"]
    phone = platform.do("m_he_min", "codes")["phone_code"]

    told = session(platform, code)

    assert set(told) == {"openid", "session_key"}
    assert told["openid"] == "m_he_min"
    assert session(platform, code)["errcode"] == 40163
    assert session(platform, "guess")["errcode"] == 40029
    assert session(platform, phone)["errcode"] == 40029


def test_a_log_in_of_a_risky_person_or_too_many_is_refused(platform: Simulator) -> None:
    def told() -> Any:
        return session(platform, platform.do("m_he_min", "codes")["js_code"])

    codes = [code_of(told()) for _ in range(101)]
    platform.user(MINI, "m_he_min", risk=True, phone="13900000001")
    platform.advance(60)

    assert codes == [0] * 100 + [45011]
    assert code_of(told()) == 40226


def test_a_number_is_told_once_for_its_code_and_under_the_right_appid(
    platform: Simulator, call: Call
) -> None:
    path = "/wxa/business/getuserphonenumber"
    codes = platform.do("m_he_min", "codes")

    told = call(path, {"code": codes["phone_code"]}, slug="mini")

    assert told["phone_info"]["purePhoneNumber"] == "13900000001"
    assert told["phone_info"]["watermark"]["appid"] == MINI.appid
    assert call(path, {"code": codes["phone_code"]}, slug="mini")["errcode"] == 40029
    assert call(path, {"code": codes["js_code"]}, slug="mini")["errcode"] == 40029
    assert call(path, {"code": platform.do("m_he_min", "codes")["phone_code"]})["errcode"] == 48001


def test_numbers_end_where_none_are_left(platform: Simulator, call: Call) -> None:
    platform.control("POST", f"/accounts/{MINI.appid}/phone-quota", 0)

    code = platform.do("m_he_min", "codes")["phone_code"]

    said = call("/wxa/business/getuserphonenumber", {"code": code}, slug="mini")
    assert said["errcode"] == 1400001


def test_words_that_are_risky_are_called_so(call: Call) -> None:
    asked = {"version": 2, "openid": "m_he_min", "scene": 1, "content": "SIM_RISKY"}
    path = "/wxa/msg_sec_check"

    assert call(path, asked, slug="mini")["result"]["suggest"] == "risky"
    assert call(path, {**asked, "content": "好"}, slug="mini")["result"]["suggest"] == "pass"
    assert call(path, {**asked, "version": 1}, slug="mini")["errcode"] == 40035


# ------------------------------------------------------------------ faults


def test_a_fault_strikes_after_so_many_and_so_often(platform: Simulator, call: Call) -> None:
    platform.fault(path="^/cgi-bin/menu/", after=1, times=2, do={"errcode": -1})

    codes = [code_of(call("/cgi-bin/menu/get")) for _ in range(4)]

    assert codes == [46003, -1, -1, 46003]


def test_an_answer_may_be_a_page_cut_or_none_at_all(platform: Simulator) -> None:
    path = "/cgi-bin/token"
    platform.fault(path=path, do={"html": True})
    platform.fault(path=path, after=1, do={"status": 502, "body": "bad gateway"})
    platform.fault(path=path, after=2, do={"reset": True})

    page = platform.call("GET", path)
    bad = platform.call("GET", path)

    assert page.headers["Content-Type"].startswith("text/html")
    assert (bad.status, bad.body) == (502, b"bad gateway")
    with pytest.raises(ConnectionError):
        platform.call("GET", path)
    assert [one["status"] for one in platform.requests(path)] == [200, 502, 504]


def test_an_answer_may_end_in_the_middle(platform: Simulator) -> None:
    platform.fault(path="/cgi-bin/token", do={"truncate": True})

    with pytest.raises(Exception, match="IncompleteRead"):
        platform.call("GET", "/cgi-bin/token")


def test_an_unknown_fault_is_none(platform: Simulator) -> None:
    told = platform.call("POST", "/_sim/faults", [{"path": "/", "do": {"explode": True}}])

    assert told.status == 400


def test_a_page_of_elsewhere_moves_nothing(platform: Simulator) -> None:
    foreign = {"Origin": "http://evil.example"}

    assert platform.call("POST", "/_sim/reset", **foreign).status == 403
    assert platform.call("GET", "/_sim/users", Host="evil.example").status == 403
    assert platform.control("GET", "/users")


def test_a_reset_world_is_empty_and_keeps_the_time(platform: Simulator) -> None:
    platform.advance(100)

    platform.control("POST", "/reset")

    assert platform.control("GET", "/users") == []
    assert platform.control("GET", "/clock")["ahead"] == 0
