"""The callback door of the official accounts, through HTTP, as the platform knocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Timer

import pytest
from sqlalchemy import Engine, create_engine, text

from app.accounts import commands, queries, steps
from app.accounts.queries.binding import binding_state
from app.accounts.terms import Mode, Turn
from app.base.site import Site
from app.base.work import begin
from app.kernel.secret import Secret
from app.standards import commands as standards
from tests.conftest import Clock
from tests.support.binding import slip_of
from tests.support.caller import Caller, Sent
from tests.support.cast import HE_MIN, OPERATOR, STRANGER, ZHENG_HAI, Cast
from tests.support.wechat_client import ACCOUNTS, CITY_OFFICE, SERVICE, Official, keys_of
from wechat import answering, callback, security
from wechat.messages import EventKind, members_of, message_of
from wechat.security import LARGEST_BODY

UNCLEAR = "没看懂。你可以回复：学分、为什么、密码。"


@pytest.fixture
def bound(site: Site, cast: Cast, official: Official) -> Official:
    """何敏 and the stranger ask on the service account, 郑海 on the city's."""
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
    official.bind(SERVICE, "o_he_min", HE_MIN)
    official.bind(SERVICE, "o_stranger", STRANGER)
    official.bind(CITY_OFFICE, "o_zheng_hai", ZHENG_HAI)
    return official


def key_of(sent: Sent) -> bytes:
    return message_of(members_of(sent.xml)).key


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_the_platform_may_verify_the_address(official: Official, slug: str) -> None:
    assert official.caller(slug).verify()


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_who_does_not_know_the_token_gets_no_echo(official: Official, slug: str) -> None:
    forged = replace(keys_of(ACCOUNTS[slug]), token="guess")

    query = Caller(keys=forged, http=official.http(slug)).sealed(Sent("o", b""))[0]

    assert official.http(slug)("GET", {**query, "echostr": "1"}, None) == (403, b"")


def test_an_unknown_account_is_not_there(official: Official) -> None:
    assert official.http("nobody")("GET", {}, None)[0] == 404
    assert official.http("nobody")("POST", {}, b"<xml/>")[0] == 404


@pytest.mark.parametrize("slug", ACCOUNTS)
@pytest.mark.parametrize("asked", ["学分", "学分 2013", "为什么", "为什么 心血管"])
def test_who_is_not_bound_is_told_how_to_be(official: Official, slug: str, asked: str) -> None:
    words = official.caller(slug).say("o_new", asked).words

    assert words is not None
    assert words.startswith("你的微信还没有绑定。")
    assert f"/m/{slug}/" in words


@pytest.mark.parametrize("slug", ACCOUNTS)
@pytest.mark.parametrize("said", ["你好", "学分证书", "]]><x/>", "", "x" * 5_000])
def test_anything_else_gets_the_menu(official: Official, slug: str, said: str) -> None:
    words = official.caller(slug).say("o_new", said).words

    assert words is not None
    assert words.startswith(UNCLEAR)


def test_a_new_follower_is_welcomed_and_one_who_leaves_is_let_go(official: Official) -> None:
    caller = official.service

    welcome = caller.send(caller.event("o_new", EventKind.SUBSCRIBE)).words
    farewell = caller.send(caller.event("o_new", EventKind.UNSUBSCRIBE))

    assert welcome is not None
    assert welcome.startswith("你好，这里可以查学分")
    assert (farewell.status, farewell.body) == (200, b"success")


def test_a_person_hears_of_their_own_year(bound: Official) -> None:
    assert bound.service.say("o_he_min", "学分").words == (
        "2013 年度还没有学分。第一次刷卡授分后，这里会出现。\n"
        "要求 25 分。\n"
        "离 12 月 31 日还有 220 天。\n"
        f'<a href="http://127.0.0.1:1/m/{SERVICE}/credits/2013">看每一条从哪里来</a>'
    )
    said = bound.city.say("o_zheng_hai", "学分 2012 年").words
    assert said is not None
    assert said.startswith("2012 年度没有学分记录。\n要求 25 分。\n")
    # The platform does not tell this account whose browser comes: a ticket does.
    assert f"/m/{CITY_OFFICE}/go/" in said


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("学分 99999", "没有 99999 年度。请写四位数的年份，例如：学分 2013。"),
        ("学分 0", "没有 0 年度。请写四位数的年份，例如：学分 2013。"),
        ("学分 2014", "2014 年度还没有开始。"),
    ],
)
def test_a_year_that_cannot_be_looked_up_is_said(
    bound: Official, asked: str, answered: str
) -> None:
    assert bound.service.say("o_he_min", asked).words == answered


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ("密码", "account"), ("忘记密码了", "account"), ("绑定", "bind"), ("卡丢了", "lost"),
        ("标准", "standards"), ("通知", "notices"), ("常见问题", "faq"), ("人工", "help"),
        ("rengong", "help"), ("蜜码", "account"),
    ],
)  # fmt: skip
def test_what_a_page_answers_is_shown_the_way_to(bound: Official, asked: str, page: str) -> None:
    words = bound.service.say("o_he_min", asked).words

    assert words is not None
    assert f'/m/{SERVICE}/{page}"' in words
    assert len(re.sub("<[^>]*>", "", words)) <= 60


@pytest.mark.parametrize("event_key", ["card.abc_DEF-9", "qrscene_card.abc_DEF-9"])
def test_a_code_of_ours_leads_to_its_page(official: Official, event_key: str) -> None:
    kind = EventKind.SUBSCRIBE if event_key.startswith("qr") else EventKind.SCAN

    words = official.service.send(official.service.event("o_new", kind, event_key)).words

    assert words is not None
    assert f'/m/{SERVICE}/bind/card/abc_DEF-9"' in words


@pytest.mark.parametrize("event_key", ["", "7", "card.", "other.abc", 'card."><x'])
def test_a_code_of_others_says_nothing(official: Official, event_key: str) -> None:
    shown = official.service.send(official.service.event("o_new", EventKind.SCAN, event_key))

    assert (shown.status, shown.body) == (200, b"success")


def test_a_person_without_records_is_told_so(bound: Official) -> None:
    words = bound.service.say("o_he_min", "为什么").words

    assert words is not None
    assert words.startswith("还没有你的刷卡记录。")


def test_a_project_that_nobody_knows_is_named_as_it_was_asked(bound: Official) -> None:
    words = bound.service.say("o_he_min", "为什么 火星急救").words

    assert words is not None
    assert words.startswith("没有找到“火星急救”。")


def test_a_binding_of_one_account_is_none_of_another(bound: Official) -> None:
    words = bound.city.say("o_he_min", "学分").words

    assert words is not None
    assert words.startswith("你的微信还没有绑定。")


def test_who_asks_is_the_sender_of_the_sealed_body_and_not_of_the_address(bound: Official) -> None:
    honest = bound.http(SERVICE)

    def lying(method: str, query: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        return honest(method, {**query, "openid": "o_he_min"}, body)

    words = replace(bound.service, http=lying).say("o_new", "学分").words

    assert words is not None
    assert words.startswith("你的微信还没有绑定。")


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_a_resend_gets_the_stored_reply_and_has_no_effect(
    official: Official, slug: str, count: Callable[..., int], clock: Clock
) -> None:
    caller = official.caller(slug)
    sent = caller.text("o_new", "学分")
    first = caller.send(sent)

    clock.advance(seconds=5)
    again = [caller.send(sent) for _ in range(3)]

    assert {shown.body for shown in again} == {first.body}
    assert count("callback") == 1


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_what_is_the_same_for_everybody_is_made_anew_and_is_the_same(
    official: Official, slug: str, count: Callable[..., int], clock: Clock
) -> None:
    caller = official.caller(slug)
    sent = caller.text("o_new", "今天天气不错")
    first = caller.send(sent)

    clock.advance(seconds=5)
    again = [caller.send(sent) for _ in range(2)]

    assert first.words is not None
    assert first.words.startswith(UNCLEAR)
    assert {shown.body for shown in again} == {first.body}
    assert count("callback") == 0


def test_the_same_bytes_get_the_same_bytes(official: Official) -> None:
    caller = official.service
    query, body = caller.sealed(caller.text("o_new", "学分"))

    replies = {caller.http("POST", query, body) for _ in range(3)}

    assert len(replies) == 1


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_three_deliveries_at_once_are_one_message(
    bound: Official, slug: str, count: Callable[..., int]
) -> None:
    callers = [bound.caller(slug) for _ in range(3)]
    sent = callers[0].text("o_he_min", "学分")

    with ThreadPoolExecutor(3) as pool:
        shown = list(pool.map(lambda caller: caller.send(sent), callers))

    assert len({one.body for one in shown}) == 1
    assert count("callback") == 1


def test_two_people_never_share_a_reply(bound: Official) -> None:
    caller = bound.city
    mine = caller.text("o_zheng_hai", "学分")
    theirs = Sent("o_new", mine.xml.replace(b"o_zheng_hai", b"o_new"))
    caller.send(mine)

    words = caller.send(theirs).words

    assert words is not None
    assert words.startswith("你的微信还没有绑定。")


def test_a_resend_waits_for_the_first_delivery(site: Site, official: Official) -> None:
    caller = official.city
    sent = caller.text("o_new", "学分")
    assert steps.claim_callback(site, CITY_OFFICE, key_of(sent)).turn is Turn.FIRST
    late = Timer(0.3, steps.store_reply, (site, CITY_OFFICE, key_of(sent), b"success"))
    late.start()

    shown = caller.send(sent)

    late.join()
    assert (shown.status, shown.body) == (200, b"success")


def test_a_resend_that_waited_long_enough_asks_the_platform_to_stop(
    site: Site, official: Official, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback, "PATIENCE_S", 0.2)
    caller = official.service
    sent = caller.text("o_new", "学分")
    steps.claim_callback(site, SERVICE, key_of(sent))

    shown = caller.send(sent)

    assert (shown.status, shown.body) == (200, b"success")


def test_a_message_whose_first_delivery_died_is_answered_by_a_resend(
    site: Site, official: Official, clock: Clock
) -> None:
    caller = official.service
    sent = caller.text("o_new", "学分")
    steps.claim_callback(site, SERVICE, key_of(sent))

    clock.advance(seconds=6)

    words = caller.send(sent).words
    assert words is not None
    assert words.startswith("你的微信还没有绑定。")


def test_a_fault_of_ours_is_told_with_a_number(site: Site, official: Official) -> None:
    caller = official.service
    caller.verify()  # the account is known now, as it is in a running process
    nowhere = create_engine("postgresql+psycopg://nobody@/none?host=/nowhere", pool_timeout=1)
    broken = Official(replace(site, engine=nowhere)).service

    words = broken.say("o_new", "学分").words

    assert words is not None
    assert words.startswith("现在查不到，是我们的问题，正在处理。刷卡记录不会丢。编号 ")


def test_an_answer_that_takes_too_long_is_not_waited_for(
    bound: Official, owner: Engine, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "IN_TIME_S", 0.3)
    with begin(site, OPERATOR) as work:  # it can say nothing of its own accord
        commands.put_official_account(work, replace(ACCOUNTS[CITY_OFFICE], verified=False))
    caller = bound.city
    sent = caller.text("o_zheng_hai", "学分")

    with owner.begin() as connection:
        connection.execute(text("lock table person in access exclusive mode"))
        first = caller.send(sent)

    assert first.words == "查得有点慢，请过一会儿再问一次。"
    assert caller.send(sent).body == first.body
    again = caller.say("o_zheng_hai", "学分").words
    assert again is not None
    assert again.startswith("2013 年度")


def test_an_answer_that_took_too_long_is_sent_by_a_job(
    bound: Official, owner: Engine, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "IN_TIME_S", 0.3)
    caller = bound.service
    sent = caller.text("o_he_min", "学分 2012")

    with owner.begin() as connection:
        connection.execute(text("lock table person in access exclusive mode"))
        first = caller.send(sent)

    assert (first.status, first.body) == (200, b"success")
    assert caller.send(sent).body == b"success"
    with owner.connect() as connection:
        told = (
            connection.execute(
                text("select body from outbox_message where topic = 'wechat.answer'")
            )
            .scalars()
            .all()
        )
    assert [one["content"] for one in told] == ["学分 2012"]
    later = answering.message_in(told[0])
    account = queries.official_account(site, SERVICE)
    assert account is not None
    found = answering.found_for(account, later)
    assert found is not None
    assert answering.answer_to(site, account, later, found).startswith("2012 年度没有学分记录。")


FORGERIES: dict[str, Callable[[Caller], Caller]] = {
    "token": lambda caller: replace(caller, keys=replace(caller.keys, token="guess")),
    "app id": lambda caller: replace(caller, keys=replace(caller.keys, appid="wx-other")),
    "mode": lambda caller: replace(caller, keys=replace(caller.keys, mode=Mode.PLAIN)),
    "stale": lambda caller: replace(caller, clock=lambda: caller.clock() - 301),
    "early": lambda caller: replace(caller, clock=lambda: caller.clock() + 301),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_is_forged_is_refused_without_a_word_and_without_effect(
    bound: Official, name: str, count: Callable[..., int]
) -> None:
    forger = FORGERIES[name](bound.service)

    shown = forger.say("o_he_min", "学分")

    assert (shown.status, shown.body) == (403, b"")
    assert count("callback") == 0


def test_what_another_message_key_sealed_is_400_and_without_effect(
    bound: Official, count: Callable[..., int]
) -> None:
    caller = bound.service
    other = security.Keys.of(
        appid=caller.keys.appid,
        mode=Mode.SAFE,
        token=Secret(caller.keys.token),
        aes_key=Secret("A" * 43),
    )

    shown = replace(caller, keys=other).say("o_he_min", "学分")

    assert (shown.status, shown.body) == (400, b"")
    assert count("callback") == 0


@pytest.mark.parametrize("slug", ACCOUNTS)
@pytest.mark.parametrize(
    "inner",
    [
        b"",
        b"hello",
        b'{"MsgType": "text"}',
        b"<xml><a></xml>",
        b"<!DOCTYPE xml><xml></xml>",
        b"\xff",
    ],
)
def test_what_is_rightly_signed_and_no_message_is_400(
    official: Official, slug: str, inner: bytes, count: Callable[..., int]
) -> None:
    shown = official.caller(slug).send(Sent("o_new", inner))

    assert shown.status == 400
    assert count("callback") == 0


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_a_body_over_64_kib_is_400_and_one_of_a_megabyte_too(official: Official, slug: str) -> None:
    caller = official.caller(slug)

    for size in (LARGEST_BODY + 1, 1_000_000):
        shown = caller.send(caller.text("o_new", "x" * size))

        assert shown.status == 400


def test_a_forged_body_of_a_megabyte_is_403(official: Official) -> None:
    forger = FORGERIES["token"](official.service)

    assert forger.say("o_new", "x" * 1_000_000).status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_no_other_method_is_heard(official: Official, method: str) -> None:
    assert official.http(SERVICE)(method, {}, b"")[0] == 405


def test_a_callback_of_a_moment_ago_still_counts(official: Official, clock: Clock) -> None:
    caller = official.service
    query, body = caller.sealed(caller.text("o_new", "你好"))

    clock.now += timedelta(seconds=300)
    assert caller.http("POST", query, body)[0] == 200
    clock.now += timedelta(seconds=1)
    assert caller.http("POST", query, body) == (403, b"")


# ------------------------------------------------------------------ binding in the chat


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_the_code_of_a_slip_binds_in_the_chat(official: Official, cast: Cast, slug: str) -> None:
    code = slip_of(official.site, HE_MIN).reveal()
    caller = official.caller(slug)

    told = caller.say("o_new", f"绑定 {code[:4]}-{code[4:8].lower()} {code[8:]}").words
    again = caller.say("o_other", f"绑定{code}").words

    assert told == "绑定成功。现在可以回复：学分、为什么、密码。"
    assert queries.binding_of(official.site, slug, "o_new").person_no == HE_MIN
    assert again is not None
    assert again.startswith(
        "没有绑定成功。请换一种证明，或请科教科帮你确认。今天还能试 4 次。\n<a "
    )
    assert "看别的办法" in again
    assert queries.binding_of(official.site, slug, "o_other") is None


def test_a_resent_code_is_one_try(official: Official, cast: Cast) -> None:
    caller = official.city
    sent = caller.text("o_new", "绑定 ABCD-EFGH-JKMN")

    said = [caller.send(sent).words for _ in range(3)]

    assert len(set(said)) == 1
    assert binding_state(official.site, CITY_OFFICE, "o_new").tries_left == 4


def test_who_was_bound_elsewhere_waits_a_day(official: Official, cast: Cast) -> None:
    official.bind(CITY_OFFICE, "o_old", HE_MIN)
    code = slip_of(official.site, HE_MIN).reveal()

    told = official.city.say("o_new", f"绑定 {code}").words

    assert told == "已经证明是你。原来的微信会先收到通知，5 月 26 日 09:00 起换绑到这个微信。"
    assert official.city.say("o_new", "学分").words == told


@pytest.mark.parametrize("said", ["绑定", "绑定 我的卡", "绑定 123"])
def test_what_can_be_no_code_costs_no_try(official: Official, cast: Cast, said: str) -> None:
    told = official.city.say("o_new", said).words

    assert told is not None
    assert told.startswith("你的微信还没有绑定。有激活条，直接回复：绑定 激活码。")
    assert binding_state(official.site, CITY_OFFICE, "o_new").tries_left == 5


def test_a_bound_follower_who_comes_back_is_known(official: Official, cast: Cast) -> None:
    official.bind(SERVICE, "o_he_min", HE_MIN)
    caller = official.service

    assert caller.send(caller.event("o_he_min", EventKind.SUBSCRIBE)).words == (
        "你好，又见面了。你已经绑定过，可以直接回复：学分、为什么、密码。"
    )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("卡丢了", "卡丢了，马上找本院科教科挂失"), ("密码", "你的用户名在"),
        ("绑定", "你已经绑定，绑定记录在"),
    ],
)  # fmt: skip
def test_where_pages_only_show_the_chat_says_who_does_the_rest(
    bound: Official, asked: str, told: str
) -> None:
    words = bound.city.say("o_zheng_hai", asked).words

    assert words is not None
    assert words.startswith(told)
    assert "找本院科教科" in words


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_who_is_bound_keeps_their_place_by_a_word(
    official: Official, cast: Cast, slug: str
) -> None:
    official.bind(slug, "o_old", HE_MIN)
    caller = official.caller(slug)
    caller.say("o_new", f"绑定 {slip_of(official.site, HE_MIN).reveal()}")

    told = caller.say("o_old", "不是我").words
    again = caller.say("o_old", "不是我").words

    assert told == "好，那个微信绑不了你的账号。"
    assert again == "没有别的微信等着换绑你的账号，不用担心。"
    assert binding_state(official.site, slug, "o_new").pending_until is None
    assert queries.binding_of(official.site, slug, "o_old").person_no == HE_MIN


def test_a_word_of_somebody_else_keeps_nobody_from_a_place(official: Official, cast: Cast) -> None:
    official.bind(SERVICE, "o_old", HE_MIN)
    official.bind(SERVICE, "o_other", ZHENG_HAI)
    official.service.say("o_new", f"绑定 {slip_of(official.site, HE_MIN).reveal()}")

    told = official.service.say("o_other", "不是我").words

    assert told == "没有别的微信等着换绑你的账号，不用担心。"
    assert binding_state(official.site, SERVICE, "o_new").pending_until is not None
