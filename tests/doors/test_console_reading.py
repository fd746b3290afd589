"""读卡 at a desk: whose card it is, however its number came, and what is done with it at once."""

from __future__ import annotations

import pytest

from app.kernel.actor import Role
from tests.support.cast import HE_MIN, STRANGER_HOSPITAL, UIDS
from tests.support.office import Desk, Office

PAGE = "/console/cards/read"
CHIP = UIDS[HE_MIN]


@pytest.fixture
def desk(office: Office) -> Desk:
    return office.desk()


def test_a_card_is_read_by_number_or_chip_and_reported_lost_and_found(
    desk: Desk, office: Office
) -> None:
    page = desk.get(PAGE)
    stranger = office.desk(Role.HOSPITAL_ADMIN, STRANGER_HOSPITAL, "外院管理员")

    # No other page may ask the program beside the reader.
    assert "connect-src 'self' http://127.0.0.1:18964;" in page.headers["Content-Security-Policy"]
    assert "127.0.0.1" not in desk.get("/console/cards").headers["Content-Security-Policy"]
    for seen in (HE_MIN, CHIP, CHIP.lower(), f" {CHIP[:4]} {CHIP[4:]} "):
        assert "挂失这张卡" in desk.send(PAGE, seen=seen).text, seen
        assert stranger.send(PAGE, seen=seen).status_code == 404, seen
    unknown = desk.send(PAGE, seen="00000000")
    assert (unknown.status_code, "没有登记过这张卡" in unknown.text) == (404, True)
    assert desk.send(f"{PAGE}/state", card_no=HE_MIN, state="lost").status_code == 303
    assert f"卡 {HE_MIN} 现在是：挂失" in desk.get(PAGE).text
    assert "找到了，解除挂失" in desk.send(PAGE, seen=CHIP).text
    assert stranger.send(f"{PAGE}/state", card_no=HE_MIN, state="active").status_code == 404
    desk.send(f"{PAGE}/state", card_no=HE_MIN, state="active")
    assert "挂失这张卡" in desk.send(PAGE, seen=CHIP).text
