"""用户名与密码、绑定 — what a person does for themselves on the phone, through HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from app.accounts import queries, steps
from app.accounts.commands import slips
from app.accounts.steps.binding import offer_card_proof
from app.accounts.terms import ScanState
from app.base.site import Site
from app.base.work import begin
from app.kernel.secret import Secret
from app.people import queries as people
from tests.conftest import Clock
from tests.support.cast import CARDIOLOGY, HE_MIN, OPERATOR, ZHOU_LAN, Cast
from tests.support.entrance import EDGE, Entrance
from tests.support.phones import OpenPhone, Phone
from tests.support.wechat_client import SERVICE

OPENID = "o-he-min"
Count = Callable[..., int]


@pytest.fixture
def he_min(cast: Cast, phone: OpenPhone, clock: Clock) -> Phone:
    """何敏, whose WeChat is bound since more than a month."""
    phone(OPENID, HE_MIN)
    clock.advance(days=31)
    return phone(OPENID)


def words(page: str) -> str:
    return "".join(re.sub(r"<[^>]+>", "", page.partition("<main")[2]).split())


# ------------------------------------------------------------------ one-time code


def shown_code(page: str) -> str:
    [code] = re.findall(r'<p class="code"><span>(\w{5})</span><span>(\w{5})</span>', page)
    return "".join(code)


def test_the_user_name_is_the_card_and_no_password_is_anywhere(he_min: Phone) -> None:
    said = words(he_min.get("account").text)

    assert f"你的用户名（一卡通号）{HE_MIN}" in said
    assert "还没有登录过" in said
    assert "系统里没有存你的密码原文" in said


def test_a_code_is_shown_once_and_opens_the_computer(
    he_min: Phone, entrance: Entrance, owner: Engine
) -> None:
    page = he_min.post("account/reset").text
    code = shown_code(page)
    asked_again = he_min.get("account/reset").text

    assert "今天还能再要 2 次" in page
    assert code not in asked_again
    assert code not in he_min.get("account").text
    assert entrance.use(HE_MIN, code) is not None
    with owner.connect() as connection:
        for table in ("outbox_message", "audit_entry", "phone_session"):
            rows = connection.execute(text(f"select t::text from {table} t")).scalars()
            assert not [row for row in rows if code in row]


def test_more_codes_than_a_day_has_are_refused(he_min: Phone) -> None:
    pages = [he_min.post("account/reset") for _ in range(4)]

    assert [page.status_code for page in pages] == [200, 200, 200, 409]
    assert "次数用完了" in pages[3].text
    assert "次数用完了" in he_min.get("account/reset").text


def test_a_young_binding_must_prove_more(cast: Cast, phone: OpenPhone, count: Count) -> None:
    fresh = phone(OPENID, HE_MIN)

    answer = fresh.post("account/reset")

    assert answer.status_code == 409
    assert "再证明一次是你本人" in answer.text
    assert f'href="/m/{SERVICE}/bind/phone"' in answer.text
    assert count("reset_code") == 0


# ------------------------------------------------------------------ the computer's picture


@pytest.fixture
def picture(site: Site, he_min: Phone) -> tuple[str, int, Secret]:
    """The token and number of a picture on a computer's screen, and its browser."""
    browser = Secret("a browser of the tests")
    offer = steps.offer_scan(site, SERVICE, browser, agent=EDGE, address="10.16.3.88")
    assert not isinstance(offer, int)
    return offer.token.reveal(), offer.number, browser


def test_the_right_number_signs_the_computer_in(
    site: Site, he_min: Phone, picture: tuple[str, int, Secret]
) -> None:
    token, number, browser = picture
    page = he_min.get(f"scan/{token}").text
    offered = re.findall(r'name="number" value="(\d+)"', page)

    answer = he_min.post(f"scan/{token}", number=str(number))

    assert len(offered) == 3
    assert str(number) in offered
    assert "Windows 电脑，Edge 浏览器" in page
    assert "10.16.3.88" in page
    assert "已登录那台电脑" in answer.text
    standing = steps.scan_standing(site, browser)
    assert standing is not None
    assert standing.state is ScanState.CONFIRMED


@pytest.mark.parametrize("what", ["wrong", "cancel"])
def test_a_wrong_number_or_a_no_voids_the_picture(
    site: Site, he_min: Phone, picture: tuple[str, int, Secret], what: str
) -> None:
    token, number, browser = picture
    offered = re.findall(r'name="number" value="(\d+)"', he_min.get(f"scan/{token}").text)
    wrong = next(one for one in offered if one != str(number))

    answer = he_min.post(f"scan/{token}", number=wrong if what == "wrong" else "")
    again = he_min.post(f"scan/{token}", number=str(number))

    assert ("数字不对" if what == "wrong" else "已取消") in answer.text
    assert again.status_code == 410
    standing = steps.scan_standing(site, browser)
    assert standing is not None
    assert standing.state is ScanState.OVER


def test_a_picture_is_good_for_a_minute_and_for_who_read_it_first(
    he_min: Phone, phone: OpenPhone, picture: tuple[str, int, Secret], clock: Clock
) -> None:
    token, number, _ = picture
    zhou_lan = phone("o-zhou-lan", ZHOU_LAN)
    he_min.get(f"scan/{token}")

    assert zhou_lan.get(f"scan/{token}").status_code == 410
    assert zhou_lan.post(f"scan/{token}", number=str(number)).status_code == 410
    clock.advance(seconds=61)
    assert he_min.get(f"scan/{token}").status_code == 410
    assert "这个二维码不能用了" in he_min.get("scan/unknown").text


# ------------------------------------------------------------------ devices, freezing


def test_devices_are_seen_and_ended(
    site: Site, he_min: Phone, phone: OpenPhone, entrance: Entrance
) -> None:
    other = phone(OPENID)
    signed = entrance.use(HE_MIN, shown_code(he_min.post("account/reset").text))
    assert signed is not None

    page = he_min.get("sessions").text
    keys = re.findall(r'name="which" value="((?:console|phone)-\d+)"', page)
    he_min.post("sessions", which=next(one for one in keys if one.startswith("console")))
    after = he_min.get("sessions").text
    he_min.post("sessions", which="all-")

    assert "Windows 电脑，Edge 浏览器" in page
    assert "就是这台" in page
    assert "Windows 电脑" not in after
    assert queries.console_session(site, signed.session) is None
    assert queries.phone_session(site, other.token) is None
    assert queries.phone_session(site, he_min.token) is not None


@pytest.mark.parametrize("which", ["", "console-", "phone-x", "console-999999", "x-1", "phone--1"])
def test_what_is_no_session_of_ones_own_ends_nothing(
    site: Site, he_min: Phone, phone: OpenPhone, which: str
) -> None:
    other = phone("o-zhou-lan", ZHOU_LAN)

    assert he_min.post("sessions", which=which).status_code == 302
    session = queries.phone_session(site, other.token)
    assert session is not None
    he_min.post("sessions", which=f"phone-{session.id}")

    assert queries.phone_session(site, other.token) is not None


def freeze_token(site: Site, owner: Engine) -> str:
    """The link that was told to who is bound, after a new password."""
    with owner.connect() as connection:
        bodies = connection.execute(
            text("select body::text from outbox_message where topic = 'wechat.tell'")
        ).scalars()
        [number] = {one for body in bodies for one in re.findall(r'"freeze_no": "([\w-]+)"', body)}
    return queries.freeze_token(site, str(number)).reveal()


def test_the_owner_freezes_at_one_tap(
    site: Site, he_min: Phone, phone: OpenPhone, entrance: Entrance, owner: Engine
) -> None:
    used = entrance.use(HE_MIN, shown_code(he_min.post("account/reset").text))
    assert used is not None
    signed = entrance.renew(used)
    token = freeze_token(site, owner)
    stranger = phone("o-zhou-lan", ZHOU_LAN)
    he_min = phone(OPENID)  # a new password ends all other sessions

    assert stranger.get(f"freeze/{token}").status_code == 410
    assert stranger.post(f"freeze/{token}").status_code == 410
    assert "不是你改的密码，就冻结账号" in he_min.get(f"freeze/{token}").text
    assert queries.console_session(site, signed.session) is not None
    frozen = he_min.post(f"freeze/{token}")

    assert "账号已经冻结" in frozen.text
    assert f'<dd class="num">{HE_MIN}</dd>' in frozen.text  # what to tell who unfreezes it
    assert "回到我的学分" in frozen.text
    assert queries.console_session(site, signed.session) is None
    again = phone(OPENID)
    assert again.get(f"freeze/{token}").status_code == 410
    assert "账号已经冻结" in again.get("account").text


# ------------------------------------------------------------------ binding


def slip_of(site: Site, no: str) -> str:
    with begin(site, OPERATOR) as work:
        [slip] = slips.issue_slips(work, CARDIOLOGY, person_no=no)
    return slip.code.reveal()


def card_of(site: Site, no: str) -> str:
    with begin(site, OPERATOR) as work:
        token, _ = offer_card_proof(work, people.within_sight(work, no))
    return token.reveal()


def test_a_slip_binds_however_it_is_typed(site: Site, cast: Cast, phone: OpenPhone) -> None:
    follower = phone("o-new")
    code = slip_of(site, HE_MIN)

    answer = follower.post("bind/slip", code=code.lower().replace("-", " "))

    assert answer.location == f"/m/{SERVICE}/bind"
    assert "这个微信已经绑定何敏" in words(follower.get("bind").text)


def test_a_card_binds_by_one_tap_and_not_by_reading(
    site: Site, cast: Cast, phone: OpenPhone, count: Count
) -> None:
    follower = phone("o-new")
    token = card_of(site, HE_MIN)

    page = follower.get(f"bind/card/{token}")
    before = count("binding")
    answer = follower.post(f"bind/card/{token}")

    assert "把刚刷的这张卡绑定到这个微信" in page.text
    assert before == 0
    assert answer.status_code == 302
    assert count("binding", "ended_at is null") == 1


def test_every_refusal_looks_the_same(site: Site, cast: Cast, phone: OpenPhone) -> None:
    used = slip_of(site, HE_MIN)
    phone("o-first").post("bind/slip", code=used)
    dead = slip_of(site, ZHOU_LAN)
    slip_of(site, ZHOU_LAN)
    taken = phone("o-taken", ZHOU_LAN)
    tries = {
        "used": (phone("o-1"), {"code": used}),
        "void": (phone("o-2"), {"code": dead}),
        "unknown": (phone("o-3"), {"code": "0000-0000-0000"}),
        "nonsense": (phone("o-4"), {"code": "x"}),
        "empty": (phone("o-5"), {"code": ""}),
        "bound already": (taken, {"code": slip_of(site, HE_MIN)}),
    }

    said = {why: one.post("bind/slip", **form) for why, (one, form) in tries.items()}

    assert {answer.status_code for answer in said.values()} == {422}
    assert len({words(answer.text) for answer in said.values()}) == 2  # bound people have a menu
    assert len({answer.text for why, answer in said.items() if why != "bound already"}) == 1
    assert all("没有绑定成功" in answer.text for answer in said.values())
    assert "今天还能试 4 次" in said["unknown"].text


def test_the_sixth_try_of_a_day_is_as_wrong_as_the_others(
    site: Site, cast: Cast, phone: OpenPhone, count: Count
) -> None:
    follower = phone("o-new")
    for _ in range(5):
        follower.post("bind/slip", code="0000-0000-0000")

    answer = follower.post("bind/slip", code=slip_of(site, HE_MIN))

    assert answer.status_code == 422
    assert "今天的次数用完了" in answer.text
    assert "今天的次数用完了" in follower.get("bind").text
    assert count("binding") == 0


def test_a_second_wechat_waits_a_day_and_the_first_may_say_no(
    site: Site, he_min: Phone, phone: OpenPhone
) -> None:
    second = phone("o-second")

    answer = second.post("bind/slip", code=slip_of(site, HE_MIN))
    told = he_min.get("account").text
    refused = he_min.post("bindings/claim", act="refuse")

    assert "2013 年 6 月 26 日 09:00 生效" in answer.text
    assert "有人要把你的账号换到另一个微信" in told
    assert "已拒绝" in refused.text
    assert "先证明你是本人" in second.get("bind").text
    assert he_min.post("bindings/claim", act="refuse").status_code == 409


def test_the_first_wechat_may_let_go_at_once(site: Site, he_min: Phone, phone: OpenPhone) -> None:
    second = phone("o-second")
    second.post("bind/slip", code=slip_of(site, HE_MIN))

    answer = he_min.post("bindings/claim", act="confirm")

    assert "已换到新的微信" in answer.text
    assert "这个微信已经绑定何敏" in words(second.get("bind").text)
    assert he_min.get().location == f"/m/{SERVICE}/bind"


def test_a_human_is_asked_in_the_same_words_whoever_is_named(
    cast: Cast, phone: OpenPhone, count: Count
) -> None:
    known, unknown = phone("o-1"), phone("o-2")

    one = known.post("bind/ask", name="何敏", department="颍川市第一人民医院心内科", note="")
    two = unknown.post("bind/ask", name="没有人", department="没有的医院", note="急")
    empty = phone("o-3").post("bind/ask", name="", department="心内科", note="")

    assert one.text == two.text
    assert "已经请科教科确认" in one.text
    assert "已经请科教科确认" in known.get("bind").text
    assert empty.status_code == 422
    assert 'value="心内科"' in empty.text
    assert count("binding_request") == 2


def test_unbinding_keeps_the_record(he_min: Phone, count: Count) -> None:
    before = he_min.get("bindings").text
    answer = he_min.post("bindings")

    assert "平台运维登记" in before
    assert "就是这个微信" in before
    assert "已解除绑定" in answer.text
    assert count("binding", "ended_at is not null") == 1
    assert he_min.get().location == f"/m/{SERVICE}/bind"


def test_without_a_mini_program_a_phone_is_no_way(cast: Cast, phone: OpenPhone) -> None:
    follower = phone("o-new")

    assert "用手机号" not in follower.get("bind").text
    assert "手机号验证现在用不了" in follower.get("bind/phone").text


def test_a_binding_page_takes_what_people_type(cast: Cast, phone: OpenPhone) -> None:
    follower = phone("o-new")

    for typed in ("'", "\x00", "😀" * 60, "<script>", "９" * 40, "%"):
        assert follower.post("bind/slip", code=typed).status_code == 422
        answer = follower.post("bind/ask", name=typed, department=typed, note=typed)
        assert answer.status_code in {200, 409, 422}
        assert "<script>" not in answer.text
