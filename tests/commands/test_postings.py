"""任职经历 — every way by which somebody comes to stand elsewhere is told of them."""

from __future__ import annotations

from sqlalchemy import Engine, event, text

from app.accounts.commands import staffing
from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.kernel.actor import Actor
from app.kernel.secret import Secret
from app.merging import commands as merging
from app.people import commands as people
from app.people import queries
from app.people.terms import Amendment, Served
from app.transfers import commands as transfers
from tests.conftest import Clock
from tests.support.cast import (
    CAO_JING,
    CARDIOLOGY,
    COUNTY_HOSPITAL,
    EMERGENCY,
    HE_MIN,
    NURSING,
    SHAN_XIAO,
    TIAN_HUI,
    ZHOU_LAN,
    Cast,
)

ONE, TWO = "颍川市第一人民医院", "青禾县人民医院"


def told(site: Site, actor: Actor, no: str) -> list[tuple[str, str, str, str]]:
    """Where they stood, latest first: department, since and until which day, by what."""
    with begin(site, actor) as work:
        served = queries.postings_of(work, no)
    return list(map(_said, served))


def _said(one: Served) -> tuple[str, str, str, str]:
    it = one.posting
    since = f"{it.from_on:%m-%d}"
    until = f"{it.until_on:%m-%d}" if it.until_on else ""
    return one.department or one.unit, since, until, it.began


def mark(site: Site, actor: Actor, no: str) -> str:
    with begin(site, actor) as work:
        return queries.file_of(work, no).mark


def test_somebody_is_followed_through_departments_units_and_a_merge(
    site: Site, cast: Cast, clock: Clock, owner: Engine
) -> None:
    admin, county = cast.hospital_admin, cast.county_hospital_admin
    [(_, first, _, _)] = told(site, admin, HE_MIN)
    clock.advance(days=1)
    said = Amendment(
        name="何敏", department_code=NURSING, title="主任护师", title_level=None, post="",
        education="", specialty="", phone=Secret(""),
    )  # fmt: skip
    with begin(site, admin) as work:
        staffing.amend_person(work, HE_MIN, said, seen=mark(site, admin, HE_MIN))
    moved = f"{clock.now:%m-%d}"
    clock.advance(days=1)
    with begin(site, admin) as work:
        changed = cards.check_edits(
            work, [HE_MIN, CAO_JING], {"department_code": CARDIOLOGY}, "two of them"
        )
        cards.take_edits(work, changed)
    edited = f"{clock.now:%m-%d}"
    assert told(site, admin, HE_MIN) == [
        ("心内科", edited, "", "edits"),
        ("护理部", moved, edited, "form"),
        ("心内科", first, moved, "import"),
    ]
    clock.advance(hours=23)
    with begin(site, admin) as work:
        cards.undo_edits(work, changed)
    assert told(site, admin, HE_MIN) == [
        ("护理部", moved, "", "form"),
        ("心内科", first, moved, "import"),
    ]
    assert told(site, admin, CAO_JING) == [("护理部", first, "", "import")]
    with begin(site, admin) as work:
        people.merge_departments(work, NURSING, CARDIOLOGY, count=3)
    merged = f"{clock.now:%m-%d}"
    assert told(site, admin, SHAN_XIAO) == [
        ("心内科", merged, "", "department"),
        ("护理部", first, merged, "import"),
    ]

    clock.advance(days=1)
    with begin(site, admin) as work:
        key = transfers.ask_out(work, HE_MIN, COUNTY_HOSPITAL)
    with begin(site, county) as work:
        transfers.confirm(work, key, EMERGENCY)
    left = f"{clock.now:%m-%d}"
    served = told(site, county, HE_MIN)
    assert served[:2] == [("急诊科", left, "", "transfer"), ("心内科", merged, left, "department")]
    with begin(site, county) as work:
        then = queries.postings_of(work, HE_MIN)[-1]
    assert (then.unit, then.posting.title) == (ONE, "主管护师")
    with begin(site, admin) as work:
        assert not work.session.scalars(
            text("select id from person_posting where person_id = :id"),
            {"id": cast.person(HE_MIN).id},
        ).all()

    pair = (mark(site, county, HE_MIN), mark(site, county, TIAN_HUI))
    with begin(site, county) as work:
        merging.merge(work, HE_MIN, TIAN_HUI, seen=pair)
    assert told(site, county, TIAN_HUI) == []
    # Both stood in the same department: the longer stretch holds.
    assert told(site, county, HE_MIN) == [("急诊科", first, "", "import"), *served[1:]]


def test_of_many_who_move_no_more_is_asked_than_of_one(
    site: Site, cast: Cast, clock: Clock
) -> None:
    clock.advance(days=1)
    asked: list[str] = []

    def heard(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    def questions(*nos: str) -> tuple[int, int]:
        asked.clear()
        with begin(site, cast.hospital_admin) as work:
            number = cards.check_edits(work, nos, {"department_code": NURSING}, "edits")
            cards.take_edits(work, number)
        done = len(asked)
        with begin(site, cast.hospital_admin) as work:
            cards.undo_edits(work, number)
        return done, len(asked)

    event.listen(site.engine, "before_cursor_execute", heard)
    try:
        assert questions(HE_MIN) == questions(HE_MIN, ZHOU_LAN)
    finally:
        event.remove(site.engine, "before_cursor_execute", heard)
