"""The platform's seal: what is proven is opened, everything else is one of two verdicts."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.accounts.terms import Mode
from app.kernel.secret import Secret
from tests.support.caller import Caller
from wechat import security
from wechat.messages import RefusedError, Text, UnreadableError, message_of
from wechat.security import ForgedError, Keys, Query

NOW = 1714036504
TOKEN = "a token of the tests"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APPID = "wx1234567890abcdef"
# The example in the platform's own documentation (wechat.md 1.1).
DOCUMENTED = Query(
    signature="f464b24fc39322e44b38aa78f5edd27bd1441696", timestamp=str(NOW), nonce="1514711492"
)


@cache
def keys(
    mode: Mode = Mode.SAFE, *, token: str = TOKEN, appid: str = APPID, aes_key: str = AES_KEY
) -> Keys:
    return Keys.of(appid=appid, mode=mode, token=Secret(token), aes_key=Secret(aes_key))


def delivery(
    by: Keys, content: str = "学分", *, xml: bytes | None = None, at: float = NOW
) -> tuple[Query, bytes]:
    """One delivery as the platform would send it if it held these keys."""
    caller = Caller(keys=by, http=lambda *_: (500, b""), clock=lambda: at)
    sent = caller.text("o_liwen", content)
    query, body = caller.sealed(sent if xml is None else replace(sent, xml=xml))
    return query_of(query), body


def query_of(parts: Mapping[str, str]) -> Query:
    names = ("signature", "timestamp", "nonce", "msg_signature")
    return Query(**{name: parts.get(name, "") for name in names})


def words(by: Keys, query: Query, body: bytes, now: int = NOW) -> str:
    message = message_of(security.opened(by, query, body, now).members)
    assert isinstance(message, Text)
    return message.content


def test_the_documented_example_is_rightly_signed() -> None:
    documented = keys(Mode.PLAIN, token="AAAAA")

    assert (
        security.echo(documented, DOCUMENTED, "4375120948345356249", NOW) == "4375120948345356249"
    )


@pytest.mark.parametrize("name", ["signature", "timestamp", "nonce"])
@pytest.mark.parametrize("value", ["", "0", "1714036505", "f" * 40, "签名", "\udc80"])
def test_the_documented_example_with_one_part_changed_is_forged(name: str, value: str) -> None:
    changed = replace(DOCUMENTED, **{name: value})

    with pytest.raises(ForgedError):
        security.prove(keys(Mode.PLAIN, token="AAAAA"), changed, NOW)


@pytest.mark.parametrize(
    ("late", "taken"), [(300, True), (301, False), (-300, True), (-301, False)]
)
def test_a_callback_counts_for_five_minutes_before_and_after(late: int, taken: bool) -> None:
    query, body = delivery(keys())

    if taken:
        assert words(keys(), query, body, NOW + late) == "学分"
    else:
        with pytest.raises(ForgedError):
            security.opened(keys(), query, body, NOW + late)


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "now",
        "1714036504.0",
        " 1714036504",
        "+1714036504",
        "-1",
        "１７１４０３６５０４",
        "9" * 40,
    ],
)
def test_a_rightly_signed_timestamp_that_is_no_number_is_forged(timestamp: str) -> None:
    signature = security.signature_of(TOKEN, timestamp, "n")

    with pytest.raises(ForgedError):
        security.prove(keys(), Query(signature=signature, timestamp=timestamp, nonce="n"), NOW)


@pytest.mark.parametrize(
    "echostr", ["", "<script>alert(1)</script>", "a b", "a\nb", "a" * 257, "回声"]
)
def test_an_echo_that_could_be_more_than_an_echo_is_unreadable(echostr: str) -> None:
    with pytest.raises(UnreadableError):
        security.echo(keys(Mode.PLAIN, token="AAAAA"), DOCUMENTED, echostr, NOW)


@pytest.mark.parametrize("mode", Mode)
def test_a_message_of_the_platform_is_read_in_every_mode(mode: Mode) -> None:
    query, body = delivery(keys(mode), "为什么 ]]> <b>&amp; 😀")

    assert words(keys(mode), query, body) == "为什么 ]]> <b>&amp; 😀"


WRONG = {
    "token": {"token": "another token"},
    "appid": {"appid": "wx0000000000000000"},
    "aes_key": {"aes_key": AES_KEY[::-1]},
}
SIGNATURES = ("signature", "msg_signature")


@pytest.mark.parametrize(
    "faults",
    [
        chosen
        for count in range(1, 6)
        for chosen in itertools.combinations([*WRONG, *SIGNATURES], count)
    ],
    ids="+".join,
)
def test_any_wrong_secret_or_signature_is_refused(faults: tuple[str, ...]) -> None:
    others: dict[str, str] = {}
    for fault in faults:
        others |= WRONG.get(fault, {})
    query, body = delivery(keys(**others))
    for name in SIGNATURES:
        if name in faults:
            query = replace(query, **{name: security.signature_of("guess", name)})

    # Under another message key all signatures may be right: then it is merely unreadable.
    rightly_signed = not {"token", *SIGNATURES} & set(faults)
    unreadable = rightly_signed and "aes_key" in faults
    with pytest.raises(UnreadableError if unreadable else ForgedError):
        security.opened(keys(), query, body, NOW)


@pytest.mark.parametrize("missing", SIGNATURES)
def test_a_sealed_message_without_one_of_its_signatures_is_forged(missing: str) -> None:
    query, body = delivery(keys())

    with pytest.raises(ForgedError):
        security.opened(keys(), replace(query, **{missing: ""}), body, NOW)


@pytest.mark.parametrize("body", [None, b"", b"not xml", b'{"Encrypt": "x"}', b"<xml/>"])
def test_safe_mode_takes_nothing_that_its_signature_does_not_cover(body: bytes | None) -> None:
    query, plain = delivery(keys(Mode.PLAIN))

    with pytest.raises(ForgedError):
        security.opened(keys(Mode.SAFE), query, plain if body is None else body, NOW)


def test_compat_mode_takes_plain_text_too() -> None:
    query, body = delivery(keys(Mode.PLAIN))

    proven = security.opened(keys(Mode.COMPAT), query, body, NOW)

    assert (proven.members["Content"], proven.sealed) == ("学分", False)


def test_in_compat_mode_the_encrypted_part_wins_over_the_plain_one_beside_it() -> None:
    query, body = delivery(keys(Mode.COMPAT))
    altered = body.replace("<![CDATA[学分]]>".encode(), "<![CDATA[为什么]]>".encode())

    assert altered != body
    assert words(keys(Mode.COMPAT), query, altered) == "学分"


def test_in_compat_mode_an_encrypted_part_without_its_signature_is_forged() -> None:
    query, body = delivery(keys(Mode.COMPAT))

    with pytest.raises(ForgedError):
        security.opened(keys(Mode.COMPAT), replace(query, msg_signature=""), body, NOW)


@pytest.mark.parametrize("mode", Mode)
def test_a_body_over_64_kib_is_unreadable_when_signed_and_forged_when_not(mode: Mode) -> None:
    query, body = delivery(keys(mode), "学" * 40_000)
    assert len(body) > security.LARGEST_BODY

    with pytest.raises(UnreadableError):
        security.opened(keys(mode), query, body, NOW)
    with pytest.raises(ForgedError):
        security.opened(keys(mode), replace(query, signature="0" * 40), body, NOW)


@pytest.mark.parametrize(
    "sealed", ["", "!!!!", "AAAA", "A" * 43 + "=", "QUJD\nQUJD", "学分", "A" * 41]
)
def test_a_cipher_that_is_none_is_unreadable_or_forged(sealed: str) -> None:
    query, _ = delivery(keys())
    signed = security.signature_of(TOKEN, query.timestamp, query.nonce, sealed)
    body = f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()

    with pytest.raises(RefusedError):
        security.opened(keys(), replace(query, msg_signature=signed), body, NOW)


@pytest.mark.parametrize("inner", [b"", b"not xml", b"\xff\xfe", b'{"MsgType":"text"}', b"<a/>"])
def test_a_sealed_text_that_is_no_xml_is_unreadable(inner: bytes) -> None:
    query, body = delivery(keys(), xml=inner)

    with pytest.raises(UnreadableError):
        security.opened(keys(), query, body, NOW)


def sealed_raw(plain: bytes) -> str:
    """Whole blocks under the right key, with nothing of the platform's form added."""
    cipher = keys().cipher
    assert cipher is not None
    return base64.b64encode(cipher.encryptor().update(plain)).decode()


def content(length: int, text: bytes = b"<xml/>") -> bytes:
    return b"n" * 16 + length.to_bytes(4, "big") + text + APPID.encode()


def test_padding_to_32_bytes_is_taken_off() -> None:
    assert security.decrypted(keys(), sealed_raw(content(6) + b"\x14" * 20)) == b"<xml/>"


@pytest.mark.parametrize(
    "padding", [b"\x00" * 20, b"\x13" + b"\x14" * 19, b"\x14" * 19 + b"\x15", b"\x34" * 52]
)
def test_padding_that_the_platform_never_makes_is_unreadable(padding: bytes) -> None:
    with pytest.raises(UnreadableError):
        security.decrypted(keys(), sealed_raw(content(6) + padding))


@pytest.mark.parametrize("length", [0, 5, 7, 24])
def test_a_length_that_does_not_end_before_the_app_id_is_forged(length: int) -> None:
    with pytest.raises(ForgedError):
        security.decrypted(keys(), sealed_raw(content(length) + b"\x14" * 20))


@pytest.mark.parametrize("length", [25, 44, 4_294_967_295])
def test_a_length_beyond_the_text_is_unreadable(length: int) -> None:
    with pytest.raises(UnreadableError):
        security.decrypted(keys(), sealed_raw(content(length) + b"\x14" * 20))


@pytest.mark.parametrize(
    ("appid", "token", "aes_key", "mode"),
    [
        ("", TOKEN, AES_KEY, Mode.SAFE),
        (APPID, "", AES_KEY, Mode.PLAIN),
        (APPID, TOKEN, None, Mode.SAFE),
        (APPID, TOKEN, None, Mode.COMPAT),
        (APPID, TOKEN, AES_KEY[:-1], Mode.SAFE),
        (APPID, TOKEN, AES_KEY + "=", Mode.SAFE),
    ],
)
def test_keys_that_cannot_work_are_refused_when_they_are_made(
    appid: str, token: str, aes_key: str | None, mode: Mode
) -> None:
    with pytest.raises(ValueError, match=r"an? "):
        Keys.of(
            appid=appid,
            mode=mode,
            token=Secret(token),
            aes_key=Secret(aes_key) if aes_key else None,
        )


def test_keys_hide_themselves() -> None:
    assert TOKEN not in repr(keys())


def test_a_reply_hides_what_it_says_and_is_the_same_for_one_message_only() -> None:
    first, again, other = (
        security.sealed_reply(keys(), b"<xml>said</xml>", 7, key) for key in (b"a", b"a", b"b")
    )

    assert first == again
    assert first != other
    assert b"said" not in first


@settings(max_examples=2_500, deadline=None)
@given(st.binary(max_size=300))
@example(b"\x00")
@example(b"\xef\xbb\xbf<xml></xml>")
@example(b'<?xml version="1.0" encoding="utf-16"?><xml/>')
@example(b'<?xml version="1.1"?><xml/>')
def test_any_bytes_as_a_body_end_in_members_or_in_a_verdict(body: bytes) -> None:
    for mode in Mode:
        query, _ = delivery(keys(mode))
        with suppress(RefusedError):
            security.opened(keys(mode), query, body, NOW)


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "put", "double", "swap"]),
        st.integers(0, 4_000),
        st.binary(max_size=12),
    ),
    min_size=1,
    max_size=4,
)


def edited(body: bytes, edits: list[tuple[str, int, bytes]]) -> bytes:
    for kind, place, new in edits:
        at = place % (len(body) + 1)
        match kind:
            case "flip":
                body = (
                    body[:at]
                    + bytes(byte ^ 1 << place % 8 for byte in body[at : at + 1])
                    + body[at + 1 :]
                )
            case "cut":
                body = body[:at]
            case "put":
                body = body[:at] + new + body[at:]
            case "double":
                body += body[at:]
            case _:
                body = body[at:] + body[:at]
    return body


@settings(max_examples=2_500, deadline=None)
@given(EDITS, st.sampled_from(list(Mode)))
def test_a_changed_body_is_never_taken_for_another_message_where_the_seal_covers_it(
    edits: list[tuple[str, int, bytes]], mode: Mode
) -> None:
    query, body = delivery(keys(mode))

    with suppress(RefusedError):
        message = message_of(security.opened(keys(mode), query, edited(body, edits), NOW).members)
        if mode is Mode.SAFE:
            assert isinstance(message, Text)
            assert (message.openid, message.content) == ("o_liwen", "学分")


@settings(max_examples=2_500, deadline=None)
@given(EDITS)
def test_a_changed_text_under_a_right_seal_ends_in_a_message_or_in_a_verdict(
    edits: list[tuple[str, int, bytes]],
) -> None:
    _, plain = delivery(keys(Mode.PLAIN))
    query, body = delivery(keys(), xml=edited(plain, edits))

    with suppress(UnreadableError):
        message_of(security.opened(keys(), query, body, NOW).members)


@settings(max_examples=1_000, deadline=None)
@given(
    st.builds(
        Query, signature=st.text(), timestamp=st.text(), nonce=st.text(), msg_signature=st.text()
    )
)
def test_any_address_but_a_signed_one_is_forged(query: Query) -> None:
    with pytest.raises(ForgedError):
        security.opened(keys(), query, b"<xml/>", NOW)


HOSTILE = {
    "a megabyte": b"<xml>" + b"a" * 1_000_000 + b"</xml>",
    "a megabyte of levels": b"<xml>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</xml>",
    "levels within the size": b"<xml>" + b"<a>" * 9_000 + b"</a>" * 9_000 + b"</xml>",
    "repeats within the size": b"<xml><a>" + b"<item/>" * 9_000 + b"</a></xml>",
    "attributes": b"<xml " + b" ".join(b'a%d="1"' % n for n in range(6_000)) + b"/>",
    "laughs": b"<!DOCTYPE xml [<!ENTITY a 'ha'>"
    + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 9) for n in range(9))
    + b"]><xml><MsgType>&j;</MsgType></xml>",
    "a file": b"<!DOCTYPE xml [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><xml><MsgType>&a;</MsgType></xml>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_body_made_to_cost_us_time_is_unreadable(name: str) -> None:
    query, _ = delivery(keys(Mode.PLAIN))

    with pytest.raises(UnreadableError):
        message_of(security.opened(keys(Mode.PLAIN), query, HOSTILE[name], NOW).members)
