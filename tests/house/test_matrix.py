"""权限矩阵 — every address of the console, as every role, and as the admin of another hospital."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from werkzeug.routing import Rule

from app.base.work import DOORS
from app.kernel.actor import ROLES, Permission, Role
from app.web.console import frame
from tests.house.estate import OWN_NO, Estate
from tests.support.cast import (
    CARDIOLOGY,
    CITY_BUREAU,
    COUNTY_BUREAU,
    HE_MIN,
    HOSPITAL,
    STRANGER_HOSPITAL,
    ZHOU_LAN,
)
from tests.support.office import Desk, Office

SEATS = {
    Role.CITY_OFFICE: CITY_BUREAU,
    Role.HOSPITAL_ADMIN: HOSPITAL,
    Role.DEPARTMENT_SECRETARY: CARDIOLOGY,
    Role.AUDITOR: HOSPITAL,
    Role.COUNTY_BUREAU: COUNTY_BUREAU,
}
# One's own session and password, and what waits for one: for everybody who came in, and over for
# who tries them all.
OWN = {
    "console.home", "console.out", "console.end", "console.choose", "console.renew", "console.drop",
    "console.security", "console.sessions",
    "reading.page",  # an empty form; what is read through it asks for more
}  # fmt: skip
# What nobody can say wrong, so that a form is refused for the asker and not for its words.
FILLED = {"reason": "核对无误", "act": "refuse", "name": "某人", "unit": HOSPITAL, "kind": "new"}


def addresses(desk: Desk, estate: Estate) -> Iterator[tuple[Rule, str, str]]:
    """Every address of the console by each of its methods, for something of the first hospital."""
    app = desk.web.application
    named: dict[str, object] = {
        "no": OWN_NO, "project_no": OWN_NO, "batch": 1, "batch_no": 1, "person_no": HE_MIN,
        "run_id": estate.run_id, "number": estate.card_batch_id, "key": estate.batch_id,
        "code": CARDIOLOGY, "transfer": estate.transfer_id, "other": ZHOU_LAN,
        "filing_id": estate.filing_id,
        "attachment_id": estate.attachment_id,
    }  # fmt: skip
    imported = {
        "imports": estate.imported_id, "card_imports": estate.imported_cards_id,
        "courses": estate.imported_courses_id, "edits": estate.made_edits_id,
        "project_imports": estate.imported_list_id,
    }  # fmt: skip
    adapter = app.url_map.bind("")
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if not str(rule).startswith("/console") or rule.endpoint in OWN:
            continue
        facts = {name: named[name] for name in rule.arguments}
        if rule.endpoint.startswith(("people.", "transfers.", "merging.")):
            facts |= {"no": HE_MIN} if "no" in rule.arguments else {}
        if "number" in rule.arguments and rule.endpoint.partition(".")[0] in imported:
            facts["number"] = imported[rule.endpoint.partition(".")[0]]
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            yield rule, method, adapter.build(rule.endpoint, facts, method)


def asked(desk: Desk, method: str, address: str) -> int:
    answer = desk.get(address) if method == "GET" else desk.send(address, **FILLED)
    return answer.status_code


def needed(desk: Desk, rule: Rule) -> set[Permission]:
    """What one must be allowed for what the address does, beside being known at its top."""
    doors = desk.web.application.view_functions[rule.endpoint].__doors__  # type: ignore[attr-defined]
    own = Counter(doors) - Counter(frame.DOORS)
    return {DOORS[door].permission for door in own}


def acts(owner: Engine, name: str) -> int:
    with owner.connect() as connection:
        asked = text("select count(*) from audit_entry where actor = :name")
        return int(connection.execute(asked, {"name": name}).scalar_one())


@pytest.mark.parametrize("role", SEATS)
def test_each_role_gets_where_it_may_and_changes_nothing_where_it_may_not(
    estate: Estate, office: Office, owner: Engine, role: Role
) -> None:
    desk = office.desk(role, SEATS[role])
    may = ROLES[role]
    breaches = []
    for rule, method, address in addresses(desk, estate):
        wanted, before = needed(desk, rule), acts(owner, desk.login.name)
        status = asked(desk, method, address)
        # A form may be refused for its words before anybody asks who sent it.
        shut = status in ({403, 404} if method == "GET" else {403, 404, 422})
        changed = acts(owner, desk.login.name) != before
        if status >= 500 or (wanted <= may and status == 403):
            breaches.append((method, str(rule), status, "refused"))
        if not wanted & may and not shut:
            breaches.append((method, str(rule), status, "open"))
        if not wanted <= may and changed:
            breaches.append((method, str(rule), status, "changed"))

    assert breaches == []


@pytest.mark.parametrize("role", [Role.HOSPITAL_ADMIN, Role.OPERATOR])
def test_what_is_another_hospitals_is_not_there(estate: Estate, office: Office, role: Role) -> None:
    unit = STRANGER_HOSPITAL if role is Role.HOSPITAL_ADMIN else COUNTY_BUREAU
    desk = office.desk(role, unit, "外院的人")

    said = {
        (method, str(rule)): asked(desk, method, address)
        for rule, method, address in addresses(desk, estate)
        if rule.arguments
    }

    assert {one: status for one, status in said.items() if status != 404} == {}
