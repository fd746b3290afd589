"""Ten thousand bodies that somebody tampered with, at the door: no fault, no effect."""

from __future__ import annotations

import random

import pytest

from tests.support.wechat_client import ACCOUNTS, Official

_BODIES = 5_000
_PARTS = (
    b"<xml>", b"</xml>", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;", b"<![CDATA[", b"]]>", b"\0",
    b"\xff\xfe", b"{}", b'{"MsgType":"text"}', b"<Encrypt>", b"</Encrypt>", b"<a>" * 40, b"&#0;",
    b"<MsgType>text</MsgType>", b"<?xml version='1.0' encoding='utf-16'?>", "学".encode(),
)  # fmt: skip


def tampered(body: bytes, chance: random.Random) -> bytes:
    """The body with a few bytes changed, cut, doubled or put in."""
    changed = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(5):
            case 0 if at < len(changed):
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                del changed[at : at + chance.randint(1, 40)]
            case 2:
                changed[at:at] = chance.choice(_PARTS)
            case 3:
                changed[at:at] = changed[at : at + chance.randint(1, 200)]
            case _:
                del changed[at:]
    return bytes(changed)


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_no_body_that_was_tampered_with_breaks_the_door(official: Official, slug: str) -> None:
    chance = random.Random(random.random())
    caller = official.caller(slug)
    statuses = set()

    for _ in range(_BODIES):
        query, body = caller.sealed(caller.text("o_new", "学分"))
        status, said = caller.http("POST", query, tampered(body, chance))
        statuses.add(status)
        assert status == 200 or said == b""

    # What the seal does not cover may still be a message, and is answered as one.
    assert statuses <= {200, 400, 403}
    assert 400 in statuses or 403 in statuses
