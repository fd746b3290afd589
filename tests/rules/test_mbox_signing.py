"""How a request is signed (devices.md 3.6 c)."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from device.mbox.signing import Signed, headers

KEY = bytes(range(32))
BODY = b"\x1f\x8b packed"
PATH = "/device/v1/packages?after=3"


def signed(**changes: str) -> dict[str, str]:
    """Good headers, some of them changed."""
    good = headers(
        KEY,
        device_sn="MBX-00017",
        method="GET",
        path=PATH,
        body=BODY,
        time=1368871500,
        nonce="0123456789abcdef",
    )
    return good | changes


def test_the_signature_is_made_as_the_page_says() -> None:
    text = f"GET\n{PATH}\n{hashlib.sha256(BODY).hexdigest()}\n1368871500\n0123456789abcdef"

    assert signed() == {
        "X-Mbx-Device": "MBX-00017",
        "X-Mbx-Time": "1368871500",
        "X-Mbx-Nonce": "0123456789abcdef",
        "X-Mbx-Signature": hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest(),
    }


def test_what_a_machine_signed_holds_and_nothing_else() -> None:
    found = Signed.of(signed())
    digest = hashlib.sha256(BODY).hexdigest()

    assert found is not None
    assert found.holds(KEY, method="GET", path=PATH, body_sha256=digest)
    assert not found.holds(bytes(32), method="GET", path=PATH, body_sha256=digest)
    assert not found.holds(KEY, method="POST", path=PATH, body_sha256=digest)
    assert not found.holds(KEY, method="GET", path=PATH + "0", body_sha256=digest)
    assert not found.holds(KEY, method="GET", path=PATH, body_sha256="0" * 64)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Mbx-Device", ""),
        ("X-Mbx-Device", "机器"),
        ("X-Mbx-Device", "M" * 65),
        ("X-Mbx-Time", "1368871500.0"),
        ("X-Mbx-Time", "-1"),
        ("X-Mbx-Time", "0368871500"),
        ("X-Mbx-Time", "１３６８８７１５００"),
        ("X-Mbx-Time", "9" * 13),
        ("X-Mbx-Nonce", "n" * 15),
        ("X-Mbx-Nonce", "n" * 65),
        ("X-Mbx-Nonce", "n n" * 6),
        ("X-Mbx-Signature", "A" * 64),
        ("X-Mbx-Signature", "a" * 63),
        ("X-Mbx-Signature", "a" * 64 + "\n"),
    ],
)
def test_a_malformed_header_is_no_signature(name: str, value: str) -> None:
    assert Signed.of(signed(**{name: value})) is None


@pytest.mark.parametrize("name", sorted(signed()))
def test_a_missing_header_is_no_signature(name: str) -> None:
    found = signed()
    del found[name]

    assert Signed.of(found) is None


@pytest.mark.parametrize(
    ("off_s", "fresh"), [(-300, True), (300, True), (-301, False), (301, False)]
)
def test_a_request_is_fresh_for_five_minutes_either_way(off_s: int, fresh: bool) -> None:
    found = Signed.of(signed())

    assert found is not None
    assert found.fresh(1368871500 + off_s) is fresh
