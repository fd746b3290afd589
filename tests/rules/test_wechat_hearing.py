"""What is typed wrong, by sound or in letters, is heard as what was meant."""

from __future__ import annotations

import pytest

from wechat.hearing import heard


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("学份", "学分"), ("雪芬", "学分"), ("xuefen", "学分"), ("XueFen", "学分"),
        ("xue fen", "学分"), ("学fen", "学分"), ("蜜码", "密码"), ("为神么", "为什么"),
        ("weisenme", "为什么"), ("weishenme", "为什么"), ("标准", "飙准"), ("邦定", "绑定"),
    ],
)  # fmt: skip
def test_what_sounds_alike_is_heard_alike(typed: str, meant: str) -> None:
    assert heard(typed).sound == heard(meant).sound


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("学份 2013", " 2013"),
        ("xuefen2013", "2013"),
        ("雪芬", ""),
        ("学费", None),
        ("xuefenx", None),
    ],
)
def test_what_follows_a_sound_is_found_in_the_text(text: str, rest: str | None) -> None:
    end = heard(text).end_of(heard("学分"))

    assert (None if end is None else text[end:]) == rest
