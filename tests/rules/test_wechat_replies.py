"""Replies: the words arrive whole, as words, with the one who asked, and short enough."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wechat import replies
from wechat.messages import Text, members_of

ASKED = Text(account="gh_1", openid="o_liwen", key=b"k", sent_s=7, content="学分")


def said(content: str) -> str:
    return str(members_of(replies.text(ASKED, content, 1714036504))["Content"])


def test_a_reply_goes_back_to_who_asked_from_the_account_that_was_asked() -> None:
    assert members_of(replies.text(ASKED, "还差 3.5 分。", 1714036504)) == {
        "ToUserName": "o_liwen",
        "FromUserName": "gh_1",
        "CreateTime": "1714036504",
        "MsgType": "text",
        "Content": "还差 3.5 分。",
    }


@pytest.mark.parametrize(
    "content",
    [
        "a]]></Content><MsgType>evil</MsgType><Content><![CDATA[b",
        "]]>",
        "]]]]>>",
        "<b>&amp;</b>",
        "&lol;",
        "{openid}",
    ],
)
def test_words_stay_words_whatever_stands_in_a_name_or_title(content: str) -> None:
    assert said(content) == content


@pytest.mark.parametrize(("given_words", "shown"), [("a\x00b\x0b", "ab"), ("a\ud800b\ufffe", "ab")])
def test_what_xml_cannot_carry_is_left_out(given_words: str, shown: str) -> None:
    assert said(given_words) == shown


@pytest.mark.parametrize("content", ["", "  \n", "\x00"])
def test_a_reply_without_words_is_the_bare_success(content: str) -> None:
    assert replies.text(ASKED, content, 0) == b"success"


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ("a" * 2048, "a" * 2048),
        ("a" * 2049, "a" * 2045 + "…"),
        ("学" * 682 + "ab", "学" * 682 + "ab"),
        ("学" * 683, "学" * 681 + "…"),
        ("a" + "😀" * 600, "a" + "😀" * 511 + "…"),
    ],
)
def test_words_too_long_for_the_platform_are_cut_between_characters(
    content: str, kept: str
) -> None:
    assert said(content) == kept


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=3_000))
def test_a_cut_keeps_a_beginning_and_never_exceeds_the_limit(content: str) -> None:
    content = content.encode(errors="ignore").decode()

    kept = replies.cut(content)

    assert len(kept.encode()) <= 2048
    assert kept == content or content.startswith(kept.removesuffix("…"))
