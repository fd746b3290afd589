"""转单位 on the phone — a person asks, both units agree, and the phone goes along."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import Engine, text

from app.base.site import Site
from app.base.work import begin
from app.standards import commands as standards
from app.transfers import commands as transfers
from jobs.queues import HANDLERS
from tests.conftest import Clock
from tests.support.cast import (
    CITY_BUREAU,
    COUNTY_HOSPITAL,
    EMERGENCY,
    HE_MIN,
    HOSPITAL,
    OPERATOR,
    ZHOU_LAN,
    Cast,
)
from tests.support.phones import OpenPhone
from tests.support.wechat_client import CITY_OFFICE

OPENID = "o-he-min"
Count = Callable[..., int]


def told(owner: Engine) -> list[str]:
    """What was told by WeChat, in order."""
    asked = text("select body ->> 'code' from outbox_message where topic = 'wechat.tell'"
                 " and body ->> 'code' like 'transfer%' order by id")  # fmt: skip
    with owner.connect() as connection:
        return list(connection.scalars(asked))


def number(page: str) -> int:
    found = re.search(r'name="withdraw" value="(\d+)"', page)
    assert found is not None
    return int(found[1])


def test_a_person_asks_and_goes_along_with_phone_and_all(
    cast: Cast, phone: OpenPhone, site: Site, owner: Engine
) -> None:
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
    he_min = phone(OPENID, HE_MIN)
    assert "没有找到“不存在”" in he_min.get("transfer?q=不存在").text
    assert f'value="{COUNTY_HOSPITAL}"' in he_min.get("transfer?q=青禾").text

    assert he_min.post("transfer", unit=HOSPITAL).status_code == 422
    assert he_min.post("transfer", unit=COUNTY_HOSPITAL).status_code == 303
    assert he_min.post("transfer", unit=COUNTY_HOSPITAL).status_code == 409
    page = he_min.get("transfer").text
    assert "等两家单位同意" in page
    he_min.post("transfer", withdraw=str(number(page)))
    assert "已撤回" in he_min.get("transfer").text
    he_min.post("transfer", unit=COUNTY_HOSPITAL)
    key = number(he_min.get("transfer").text)
    with begin(site, cast.county_hospital_admin) as work:
        transfers.confirm(work, key, EMERGENCY)
    assert "等你现在的单位同意" in he_min.get("transfer").text
    with begin(site, cast.hospital_admin) as work:
        transfers.confirm(work, key)

    assert "青禾县人民医院" in he_min.get("data").text
    assert "急诊科" in he_min.get("data").text
    assert he_min.get("").status_code == 200
    assert told(owner) == ["transfer_done"]


def test_what_others_asked_for_is_shown_to_the_person_and_ends_by_itself(
    cast: Cast, phone: OpenPhone, site: Site, owner: Engine, clock: Clock
) -> None:
    he_min, zhou_lan = phone(OPENID, HE_MIN), phone("o-zhou-lan", ZHOU_LAN)
    with begin(site, cast.city_office) as work:
        key = transfers.ask_in(work, CITY_BUREAU, HE_MIN, "何敏")
    assert "转到颍川市卫生局" in he_min.get("transfer").text
    assert 'name="withdraw"' not in he_min.get("transfer").text
    assert he_min.post("transfer", withdraw=str(key)).status_code == 409
    assert zhou_lan.post("transfer", withdraw=str(key)).status_code == 404
    light = phone(OPENID, HE_MIN, slug=CITY_OFFICE, light=True)
    assert light.post("transfer", unit=COUNTY_HOSPITAL).status_code == 403

    clock.advance(days=29, hours=23)
    with begin(site, cast.robot("99")) as work:
        HANDLERS["transfers.expire"](work, {})
    assert told(owner) == ["transfer_in"]
    clock.advance(hours=1)
    for _ in range(2):
        with begin(site, cast.robot("99")) as work:
            HANDLERS["transfers.expire"](work, {})

    assert told(owner) == ["transfer_in", "transfer_expired", "transfer_expired"]
    assert "到期作废" in phone(OPENID).get("transfer").text
