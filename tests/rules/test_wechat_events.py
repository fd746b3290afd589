"""Events that no follower sends, as the platform words them."""

from __future__ import annotations

import pytest

from app.accounts.terms import FollowerAct
from wechat.events import (
    MassFinished,
    NoticeAnswer,
    NoticesAnswered,
    NoticeSent,
    NoticesSent,
    PlatformEvent,
    PublishFinished,
    TemplateFinished,
    act_of,
    event_of,
)
from wechat.messages import Message, Unknown, members_of, message_of

HEAD = "<ToUserName>gh_1</ToUserName><FromUserName>o-1</FromUserName><CreateTime>1</CreateTime>"


def message(inner: str) -> Message:
    return message_of(members_of(f"<xml>{HEAD}{inner}</xml>".encode()))


def event(name: str, inner: str = "") -> PlatformEvent | None:
    found = message(f"<MsgType>event</MsgType><Event>{name}</Event>{inner}")
    assert isinstance(found, Unknown)
    return event_of(found)


def listed(template: str, status: str) -> str:
    return (
        f"<List><TemplateId>{template}</TemplateId><SubscribeStatusString>{status}"
        "</SubscribeStatusString><PopupScene>1</PopupScene></List>"
    )


@pytest.mark.parametrize("status", ["success", "failed:user block", "failed: system failed"])
def test_a_template_message_arrives_or_not(status: str) -> None:
    told = event("TEMPLATESENDJOBFINISH", f"<MsgID>200163836</MsgID><Status>{status}</Status>")

    assert told == TemplateFinished("200163836", status == "success", status)


def test_a_mass_message_counts() -> None:
    told = event(
        "MASSSENDJOBFINISH",
        "<MsgID>1000001625</MsgID><Status>err(30003)</Status><TotalCount>100</TotalCount>"
        "<FilterCount>80</FilterCount><SentCount>75</SentCount><ErrorCount>5</ErrorCount>",
    )

    assert told == MassFinished(
        "1000001625", False, "err(30003)", total=100, filtered=80, sent=75, failed=5
    )


def test_an_article_is_published() -> None:
    told = event(
        "PUBLISHJOBFINISH",
        "<PublishEventInfo><publish_id>2247503051</publish_id><publish_status>0</publish_status>"
        "<article_id>b5O2</article_id></PublishEventInfo>",
    )

    assert told == PublishFinished("2247503051", 0, "b5O2")


@pytest.mark.parametrize("name", ["subscribe_msg_popup_event", "subscribe_msg_change_event"])
@pytest.mark.parametrize("member", ["SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent"])
def test_answers_are_a_list_also_when_there_is_one(name: str, member: str) -> None:
    one = event(name, f"<{member}>{listed('T1', 'accept')}</{member}>")
    two = event(name, f"<{member}>{listed('T1', 'accept')}{listed('T2', 'reject')}</{member}>")

    assert one == NoticesAnswered((NoticeAnswer("T1", True),))
    assert two == NoticesAnswered((NoticeAnswer("T1", True), NoticeAnswer("T2", False)))


def test_a_notice_arrives() -> None:
    told = event(
        "subscribe_msg_sent_event",
        "<SubscribeMsgSentEvent><List><TemplateId>T1</TemplateId><MsgID>17</MsgID>"
        "<ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List></SubscribeMsgSentEvent>",
    )

    assert told == NoticesSent((NoticeSent("T1", "17", True, "success"),))


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("TEMPLATESENDJOBFINISH", "<Status><a>1</a></Status>"),
        ("MASSSENDJOBFINISH", "<TotalCount>many</TotalCount><SentCount>-1</SentCount>"),
        ("PUBLISHJOBFINISH", "<PublishEventInfo>x</PublishEventInfo>"),
        ("subscribe_msg_popup_event", "<SubscribeMsgPopupEvent>x</SubscribeMsgPopupEvent>"),
        ("subscribe_msg_change_event", "<SubscribeMsgPopupEvent><List/></SubscribeMsgPopupEvent>"),
        ("subscribe_msg_sent_event", ""),
    ],
)  # fmt: skip
def test_odd_members_make_an_event_that_says_little(name: str, inner: str) -> None:
    assert event(name, inner) is not None


def test_an_event_of_tomorrow_is_none_of_ours() -> None:
    assert event("brand_new_event") is None


@pytest.mark.parametrize(
    ("inner", "act"),
    [
        ("<MsgType>text</MsgType><Content>x</Content><MsgId>1</MsgId>", FollowerAct.SPEAK),
        ("<MsgType>image</MsgType><MsgId>1</MsgId>", FollowerAct.SPEAK),
        ("<MsgType>event</MsgType><Event>subscribe</Event>", FollowerAct.FOLLOW),
        ("<MsgType>event</MsgType><Event>unsubscribe</Event>", FollowerAct.LEAVE),
        ("<MsgType>event</MsgType><Event>CLICK</Event><EventKey>x</EventKey>", FollowerAct.TOUCH),
        ("<MsgType>event</MsgType><Event>SCAN</Event><EventKey>x</EventKey>", FollowerAct.TOUCH),
        ("<MsgType>event</MsgType><Event>VIEW</Event><EventKey>x</EventKey>", None),
        ("<MsgType>event</MsgType><Event>TEMPLATESENDJOBFINISH</Event>", None),
    ],
)
def test_what_lets_us_speak(inner: str, act: FollowerAct | None) -> None:
    assert act_of(message(inner)) is act
