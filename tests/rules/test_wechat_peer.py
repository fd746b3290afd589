"""wechatpy as the peer: what one side seals, signs or writes, the other reads."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.accounts.terms import Mode
from app.kernel.secret import Secret
from wechat import replies, security
from wechat.messages import EventKind, members_of, message_of
from wechat.security import Keys, Query

with warnings.catch_warnings():
    # The library, last published in 2021, warns about itself.
    warnings.simplefilter("ignore")
    from wechatpy import parse_message
    from wechatpy.crypto import WeChatCrypto
    from wechatpy.utils import check_signature

NOW = 1714036504
TOKEN, AES_KEY, APPID = "AAAAA", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx1234567890abcdef"
KEYS = Keys.of(appid=APPID, mode=Mode.SAFE, token=Secret(TOKEN), aes_key=Secret(AES_KEY))
PEER = WeChatCrypto(TOKEN, AES_KEY, APPID)
# What XML can carry, with the ends of its ranges; a reader may fold other line ends into "\n".
SPOKEN = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"
    ),
    min_size=1,
    max_size=600,
)


def message(content: str) -> str:
    return (
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o_liwen</FromUserName>"
        f"<CreateTime>{NOW}</CreateTime><MsgType>text</MsgType>"
        f"<Content>{replies.cdata(content)}</Content><MsgId>1234567890123456</MsgId></xml>"
    )


def test_the_peer_agrees_with_our_signature() -> None:
    check_signature(TOKEN, security.signature_of(TOKEN, str(NOW), "n"), str(NOW), "n")


@settings(max_examples=300, deadline=None)
@given(SPOKEN)
def test_what_the_peer_seals_we_open(content: str) -> None:
    body = PEER.encrypt_message(message(content), "1514711492", str(NOW))
    outer = members_of(body.encode())
    query = Query(
        signature=security.signature_of(TOKEN, str(NOW), "1514711492"),
        timestamp=str(NOW),
        nonce="1514711492",
        msg_signature=str(outer["MsgSignature"]),
    )

    proven = security.opened(KEYS, query, body.encode(), NOW)

    assert (proven.members["Content"], proven.sealed) == (content, True)


@settings(max_examples=300, deadline=None)
@given(SPOKEN)
def test_what_we_seal_the_peer_opens_and_reads_as_it_was_said(content: str) -> None:
    asked = message_of(members_of(message("学分").encode()))

    sealed = security.sealed_reply(KEYS, replies.text(asked, content, NOW), NOW, asked.key).decode()

    outer = members_of(sealed.encode())
    opened = PEER.decrypt_message(sealed, outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"])
    read = parse_message(opened) if content.strip() else None
    said = (read.target, read.source, read.type, read.content) if read else opened
    expected = ("o_liwen", "gh_1", "text", replies.cut(content.strip()))
    assert said == (expected if read else "success")


@pytest.mark.parametrize(
    ("event", "event_key", "kind"),
    [
        ("subscribe", "", EventKind.SUBSCRIBE),
        ("subscribe", "qrscene_7", EventKind.SUBSCRIBE),
        ("unsubscribe", "", EventKind.UNSUBSCRIBE),
        ("SCAN", "7", EventKind.SCAN),
        ("CLICK", "credits", EventKind.CLICK),
        ("VIEW", "https://example.invalid/", EventKind.VIEW),
    ],
)
def test_both_read_the_same_event(event: str, event_key: str, kind: EventKind) -> None:
    xml = (
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o_liwen</FromUserName>"
        f"<CreateTime>{NOW}</CreateTime><MsgType>event</MsgType><Event>{event}</Event>"
        f"<EventKey>{event_key}</EventKey><Ticket>t</Ticket></xml>"
    )

    ours, theirs = message_of(members_of(xml.encode())), parse_message(xml)

    assert (ours.openid, ours.kind) == (theirs.source, kind)  # type: ignore[union-attr]
    assert theirs.event.removesuffix("_scan") == event.lower()
