"""The routes: who answers what, on which account."""

from __future__ import annotations

import pytest

from app.base.words import book
from wechat.messages import Event, EventKind, Message, Text, Unknown
from wechat.router import Ask, Found, Route, Router, Takes


def silent(ask: Ask) -> str:
    return ask.rest


CREDITS = Route(key="credits", answer=silent, takes=Takes.YEAR)
WHY = Route(key="why", answer=silent, takes=Takes.WORDS)
GREETING = Route(key="greeting", answer=silent, event=EventKind.SUBSCRIBE)
MENU = Route(key="menu", answer=silent)
ROUTER = Router((CREDITS, WHY, GREETING), fallback=MENU, keywords=book("keywords"))


def text(content: str) -> Message:
    return Text(account="gh_1", openid="o_1", key=b"k", sent_s=7, content=content)


def event(kind: EventKind, event_key: str = "") -> Message:
    return Event(account="gh_1", openid="o_1", key=b"k", sent_s=7, kind=kind, event_key=event_key)


def unknown(kind: str, *, is_event: bool) -> Message:
    return Unknown(
        account="gh_1", openid="o_1", key=b"k", sent_s=7, kind=kind, is_event=is_event, members={}
    )


@pytest.mark.parametrize(
    ("content", "route", "rest"),
    [
        ("学分", CREDITS, ""),
        ("学分。", CREDITS, ""),
        ("我的学分", CREDITS, ""),
        ("学分 2013", CREDITS, "2013"),
        ("学分2013", CREDITS, "2013"),
        ("学分：２０１３", CREDITS, "2013"),
        ("学分 2013年", CREDITS, "2013"),
        ("学分 2013 年度", CREDITS, "2013"),
        ("学分 99999", CREDITS, "99999"),
        ("我的学分是多少？", CREDITS, ""),
        ("今年学分够不够呢", CREDITS, ""),
        ("怎么没有学分啊", WHY, ""),
        ("学分证书", MENU, "学分证书"),
        ("学分 上一年", MENU, "学分 上一年"),
        ("学分 -2013", MENU, "学分 -2013"),
        ("为什么", WHY, ""),
        ("为什么？", WHY, ""),
        ("为啥没分", WHY, ""),
        ("为什么没有学分", WHY, ""),
        ("为什么 2013-03-01-007(国)", WHY, "2013-03-01-007(国)"),
        ("为什么2013－03－01－007（国）", WHY, "2013-03-01-007(国)"),
        ("为什么《心血管 急症》", WHY, "心血管 急症"),
        ("为什么没有学分：心血管", WHY, "心血管"),
        ("你好", MENU, "你好"),
        ("2013", MENU, "2013"),
        ("我想问为什么", WHY, ""),
        ("请问怎么查学分？", CREDITS, ""),
        ("你好，学分 2013", CREDITS, "2013"),
        ("学份2013", CREDITS, "2013"),
        ("xuefen 2013", CREDITS, "2013"),
        ("为神魔 心血管", MENU, "为神魔 心血管"),
        ("为神么 心血管", WHY, "心血管"),
        ("怎么没有学分", WHY, ""),
        ("我", MENU, "我"),
        ("", MENU, ""),
    ],
)
def test_a_text_finds_its_route(content: str, route: Route, rest: str) -> None:
    assert ROUTER.find("service", text(content)) == Found(route, rest)


def test_a_new_follower_is_greeted() -> None:
    assert ROUTER.find("service", event(EventKind.SUBSCRIBE, "qrscene_1")) == Found(GREETING, "")


def test_a_menu_key_is_as_good_as_its_words() -> None:
    assert ROUTER.find("service", event(EventKind.CLICK, "why")) == Found(WHY, "")


def test_a_menu_key_that_nobody_knows_gets_the_menu() -> None:
    assert ROUTER.find("service", event(EventKind.CLICK, "gone")) == Found(MENU, "")


@pytest.mark.parametrize("kind", [EventKind.UNSUBSCRIBE, EventKind.VIEW, EventKind.SCAN])
def test_an_event_that_asks_nothing_gets_silence(kind: EventKind) -> None:
    assert ROUTER.find("service", event(kind)) is None


def test_a_picture_gets_the_menu_and_a_new_event_gets_silence() -> None:
    assert ROUTER.find("service", unknown("image", is_event=False)) == Found(MENU, "")
    assert ROUTER.find("service", unknown("PUBLISHJOBFINISH", is_event=True)) is None


def test_a_route_of_one_kind_of_account_is_not_open_on_another() -> None:
    only = Route(key="why", answer=silent, takes=Takes.WORDS, kinds=frozenset({"service"}))
    router = Router((only,), fallback=MENU, keywords=book("keywords"))

    assert router.find("service", text("为什么")) == Found(only, "")
    assert router.find("subscription", text("为什么")) == Found(MENU, "为什么")
    assert router.find("subscription", event(EventKind.CLICK, "why")) == Found(MENU, "")


def test_a_route_of_higher_priority_is_tried_first() -> None:
    general = Route(key="why", answer=silent, takes=Takes.WORDS)
    special = Route(key="special", answer=silent, takes=Takes.WORDS, priority=1)
    words = {**book("keywords"), "why": "为什么没有", "special": "为什么"}
    router = Router((general, special), fallback=MENU, keywords=words)

    assert router.find("service", text("为什么没有")) == Found(special, "没有")
