"""Messages: read strictly, known again when they are sent again, understood as they were meant."""

from __future__ import annotations

import itertools
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wechat.messages import (
    Event,
    EventKind,
    Message,
    Text,
    Unknown,
    UnreadableError,
    members_of,
    message_of,
    plain,
)

HEAD = "<ToUserName>gh_1</ToUserName><FromUserName>o_1</FromUserName><CreateTime>1</CreateTime>"
TEXT = HEAD + "<MsgType>text</MsgType><Content>学分</Content><MsgId>9</MsgId>"
CLICK = HEAD + "<MsgType>event</MsgType><Event>CLICK</Event><EventKey>credits</EventKey>"


def read(inner: str) -> Message:
    return message_of(members_of(f"<xml>{inner}</xml>".encode()))


def test_a_text_is_read_with_who_sent_it_to_whom() -> None:
    message = read(TEXT)

    assert isinstance(message, Text)
    assert (message.account, message.openid, message.content) == ("gh_1", "o_1", "学分")


def test_an_event_is_read_with_its_key() -> None:
    message = read(CLICK)

    assert isinstance(message, Event)
    assert (message.kind, message.event_key) == (EventKind.CLICK, "credits")


@pytest.mark.parametrize(
    ("inner", "kind", "is_event"),
    [
        (
            "<MsgType>image</MsgType><PicUrl>http://p.invalid</PicUrl><MsgId>9</MsgId>",
            "image",
            False,
        ),
        ("<MsgType>event</MsgType><Event>PUBLISHJOBFINISH</Event>", "PUBLISHJOBFINISH", True),
    ],
)
def test_what_we_have_no_word_for_keeps_all_its_members(
    inner: str, kind: str, is_event: bool
) -> None:
    message = read(HEAD + inner)

    assert isinstance(message, Unknown)
    assert (message.kind, message.is_event) == (kind, is_event)
    assert message.members == members_of(f"<xml>{HEAD}{inner}</xml>".encode())


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_list_is_a_tuple_however_many_it_holds(count: int) -> None:
    item = "<List><TemplateId>t</TemplateId><PopupScene>2</PopupScene></List>"

    members = members_of(
        f"<xml><SubscribeMsgPopupEvent>{item * count}</SubscribeMsgPopupEvent></xml>".encode()
    )

    inside = {"TemplateId": "t", "PopupScene": "2"}
    assert members == {"SubscribeMsgPopupEvent": {"List": (inside,) * count}}


def test_names_repeated_below_the_root_are_gathered() -> None:
    assert members_of(b"<xml><a><b>1</b><c/><b>2</b><b>3</b></a></xml>") == {
        "a": {"b": ("1", "2", "3"), "c": ""}
    }


def test_white_space_between_members_is_nothing() -> None:
    assert members_of(b"\n<xml>\n <a> 1 </a>\n <b>\n  <c>2</c>\n </b>\n</xml>\n") == {
        "a": " 1 ",
        "b": {"c": "2"},
    }


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "学分",
        '{"MsgType": "text"}',
        "<xml>",
        "<xml></xml><xml></xml>",
        "<foo></foo>",
        "<XML></XML>",
        "<xml><a>1</a><a>2</a></xml>",
        "<xml>1<a>2</a></xml>",
        "<xml><a>2</a>1</xml>",
        "<xml><a>1<b>2</b></a></xml>",
        "<xml><a><b>2</b>1</a></xml>",
        "<xml>1</xml>",
        "<xml><a>&b;</a></xml>",
        "<xml><a>&#0;</a></xml>",
        "<xml><a>\x01</a></xml>",
        "<!DOCTYPE xml><xml></xml>",
        '<!DOCTYPE xml [<!ENTITY b "c">]><xml><a>&b;</a></xml>',
        '<!DOCTYPE xml SYSTEM "http://h.invalid/x.dtd"><xml></xml>',
        "<xml><?php echo 1 ?></xml>",
        "<xml>" + "<a>" * 8 + "</a>" * 8 + "</xml>",
        "<xml><a>" + "<b/>" * 300 + "</a></xml>",
    ],
)
def test_what_is_no_message_is_unreadable(xml: str) -> None:
    with pytest.raises(UnreadableError):
        members_of(xml.encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"])
def test_one_encoding_is_read_whatever_the_document_claims(encoding: str) -> None:
    claim = f'<?xml version="1.0" encoding="{encoding}"?>'
    xml = f"{claim}<xml><a>学分</a></xml>"

    assert members_of(xml.encode()) == {"a": "学分"}
    with pytest.raises(UnreadableError):
        members_of(xml.encode(encoding))


@pytest.mark.parametrize(
    "change",
    [
        ("<MsgType>text</MsgType>", ""),
        ("<MsgType>text</MsgType>", "<MsgType></MsgType>"),
        ("<MsgType>text</MsgType>", "<MsgType><a>text</a></MsgType>"),
        ("<MsgType>text</MsgType>", "<MsgType>event</MsgType>"),
        ("<ToUserName>gh_1</ToUserName>", ""),
        ("<FromUserName>o_1</FromUserName>", ""),
        ("<FromUserName>o_1</FromUserName>", "<FromUserName>李雯</FromUserName>"),
        ("<FromUserName>o_1</FromUserName>", f"<FromUserName>{'o' * 65}</FromUserName>"),
        ("<Content>学分</Content>", ""),
        ("<Content>学分</Content>", "<Content><a>学分</a></Content>"),
        ("<MsgId>9</MsgId>", ""),
        ("<MsgId>9</MsgId>", "<MsgId>nine</MsgId>"),
        ("<MsgId>9</MsgId>", "<MsgId>-9</MsgId>"),
    ],
    ids=" → ".join,
)
def test_a_text_without_one_of_its_parts_is_unreadable(change: tuple[str, str]) -> None:
    with pytest.raises(UnreadableError):
        read(TEXT.replace(*change))


@pytest.mark.parametrize(
    "change",
    [
        ("<CreateTime>1</CreateTime>", ""),
        ("<Event>CLICK</Event>", ""),
        ("<EventKey>credits</EventKey>", "<EventKey><a>credits</a></EventKey>"),
    ],
    ids=" → ".join,
)
def test_an_event_without_one_of_its_parts_is_unreadable(change: tuple[str, str]) -> None:
    with pytest.raises(UnreadableError):
        read(CLICK.replace(*change))


def test_a_message_sent_again_has_the_same_key() -> None:
    assert read(TEXT).key == read(TEXT.replace("学分", "学分 ")).key


def test_messages_that_differ_have_different_keys() -> None:
    job = HEAD + "<MsgType>event</MsgType><Event>JOB</Event>"
    inners = [
        TEXT,
        TEXT.replace(">9<", ">10<"),
        TEXT.replace("o_1", "o_2"),
        CLICK,
        CLICK.replace("o_1", "o_2"),
        CLICK.replace(">1<", ">2<"),
        CLICK.replace("CLICK", "VIEW"),
        CLICK.replace("credits", "why"),
        job + "<MsgID>1</MsgID>",
        job + "<MsgID>2</MsgID>",
    ]

    keys = [read(inner).key for inner in inners]

    assert len(set(keys)) == len(inners)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("ab|-", max_size=3), min_size=4, max_size=4, unique=True))
def test_parts_of_an_event_are_never_taken_for_one_another(parts: list[str]) -> None:
    """Moving a part from one member to the next makes another event."""
    messages = {
        read(
            HEAD + f"<MsgType>event</MsgType><Event>e{name}</Event>"
            f"<EventKey>{event_key}</EventKey><MsgID>{number}</MsgID>"
        ).key
        for name, event_key, number in itertools.permutations(parts, 3)
    }

    assert len(messages) == len(list(itertools.permutations(parts, 3)))


def test_a_message_cannot_be_changed_after_it_was_read() -> None:
    with pytest.raises(AttributeError):
        read(TEXT).openid = "o_2"  # type: ignore[misc]
    assert set(asdict(read(TEXT))) == {"account", "openid", "key", "sent_s", "content"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("学分", "学分"),
        ("  学分\n", "学分"),
        ("学分。", "学分"),
        ("学分？", "学分"),
        ("“学分”", "学分"),
        ("【学分】！", "学分"),
        ("学分　２０１３", "学分 2013"),
        ("学分 \t 2013", "学分 2013"),
        ("学\u200b分\ufeff", "学分"),
        ("为什么 2013－03－01－007（国）", "为什么 2013-03-01-007(国)"),
        ("为什么《心血管急症护理》", "为什么《心血管急症护理"),
        ("？！。", ""),
        ("", ""),
    ],
)
def test_a_text_is_taken_as_it_was_meant(typed: str, meant: str) -> None:
    assert plain(typed) == meant


@settings(max_examples=1_000, deadline=None)
@given(st.text(max_size=400))
def test_a_meaning_means_itself(typed: str) -> None:
    assert plain(plain(typed)) == plain(typed)
