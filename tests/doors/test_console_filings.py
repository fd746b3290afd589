"""申报: a project is written, filed, looked at by its unit and by the bureau, and announced."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.base.site import Site
from app.base.work import Work, begin
from app.filing import commands as filing
from app.kernel.actor import Actor, Role
from app.kernel.errors import ConflictError
from app.standards import commands as standards
from tests.conftest import Clock
from tests.support import applying
from tests.support.cast import (
    CARDIOLOGY,
    CITY_BUREAU,
    COUNTY_HOSPITAL,
    HE_MIN,
    OPERATOR,
    STRANGER_HOSPITAL,
    Cast,
)
from tests.support.office import Desk, Office

LIST = "/console/filings/"


@pytest.fixture
def desk(office: Office, site: Site) -> Desk:
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
    return office.desk()


def opened(desk: Desk) -> str:
    answer = desk.send(LIST)
    assert answer.status_code == 303
    return answer.location.removesuffix("/edit")


def seen(desk: Desk, address: str) -> str:
    """The version that the page shows."""
    found = re.search(r'name="seen" value="(\d+)"', desk.get(address).text)
    assert found is not None
    return found[1]


def filed(desk: Desk, **changed: str) -> str:
    """A project that was filed."""
    address = opened(desk)
    form = f"{address}/edit"
    answer = desk.send(form, act="file", seen=seen(desk, form), **applying.fields(**changed))
    assert answer.status_code == 303, answer.text
    return address


def decided(desk: Desk, address: str, whose: str, **fields: str) -> str:
    answer = desk.send(f"{address}/{whose}", seen=seen(desk, address), **fields)
    assert answer.status_code == 303, answer.text
    return desk.get(address).text


def test_a_project_is_filed_reviewed_and_announced(office: Office, desk: Desk) -> None:
    address = filed(desk)
    bureau = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    assert "份项目申报待审" in bureau.get("/console/").text
    assert "心力衰竭规范诊疗培训班" in bureau.get(f"{LIST}?state=bureau_review").text

    page = bureau.get(address).text
    assert 'value="2013-03-01-001(市)"' in page
    assert applying.LEADER_ID not in page
    said = decided(bureau, address, "bureau", act="announce", number="2013-03-01-001(市)")

    assert "已公布，编号 2013-03-01-001(市)。" in said
    project = desk.get("/console/projects/2013-03-01-001(市)").text
    for one in ("心力衰竭规范诊疗培训班", "已公布", "门诊楼三楼会议室", "签退", "周岚"):
        assert one in project
    assert "心力衰竭规范诊疗培训班" in desk.get("/console/projects/").text


def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(desk: Desk) -> None:
    form = f"{opened(desk)}/edit"

    answer = desk.send(
        form, act="file", seen=seen(desk, form),
        **applying.fields(
            name="", credits="9", b0__ends_at="2013-09-14T07:00", leader_id="110101199003070000",
            c0__lecturer="别人", remark="备好了",
        ),
    )  # fmt: skip
    again = desk.get(form).text

    assert answer.status_code == 422
    for said in (
        "请填项目名称。", "结束时间要晚于开始时间。", "身份证号末几位都是 0",
    ):  # fmt: skip
        assert said in answer.text
    for page in (answer.text, again):
        for kept in ('value="9"', 'value="2013-09-14T07:00"', 'value="别人"', 'value="备好了"'):
            assert kept in page
        assert "110101199003070000" not in page
        assert "现在是 110*************00" in page


BROKEN: tuple[tuple[dict[str, str], str], ...] = (
    ({"credits": "9"}, "最多"),
    ({"c0__person_no": HE_MIN}, "登记的是另一个姓名"),
    ({"c0__person_no": "999999999"}, "没有这个人员编号"),
    ({"c0__on": "2013-09-16"}, "2013-09-16 不在里面"),
    ({"c0__batch": "2"}, "没有第 2 期"),
    ({"name": "长" * 76}, "最多 75 个字，现在有 76 个"),
    ({"leader_phone": "123"}, "8 到 11 位"),
)


def test_a_form_that_breaks_a_rule_is_not_filed(desk: Desk) -> None:
    form = f"{opened(desk)}/edit"
    said = []

    for changed, why in BROKEN:
        sent = applying.fields(**changed)
        answer = desk.send(form, act="file", seen=seen(desk, form), **sent)
        said.append((answer.status_code, why in answer.text))

    assert said == [(422, True)] * len(BROKEN)


def test_rows_come_and_go_without_a_script(desk: Desk) -> None:
    form = f"{opened(desk)}/edit"

    sent = desk.send(form, act="add_batch", seen=seen(desk, form), **applying.fields())
    desk.send(form, act="add_course", seen=seen(desk, form), **applying.fields(
        b1__venue="二楼", b1__starts_at="", b1__ends_at=""))  # fmt: skip
    page = desk.get(form).text
    dropped = desk.send(form, act="drop_course.0", seen=seen(desk, form), **applying.fields(
        c1__key="2", c1__topic="第二门"))  # fmt: skip

    assert sent.location.endswith("#b1")
    assert "第 2 期" in page
    assert "第 2 门" in page
    assert 'value="二楼"' in page
    assert dropped.location.endswith("#courses")
    left = desk.get(form).text
    assert "第二门" in left
    assert "心衰的药物治疗" not in left


def test_a_secretary_hands_in_and_the_office_agrees_or_gives_back(
    office: Office, desk: Desk
) -> None:
    secretary = office.desk(Role.DEPARTMENT_SECRETARY, CARDIOLOGY)
    address = filed(secretary)
    assert "等科教科审核" in desk.get("/console/").text

    back = decided(desk, address, "unit", act="refuse", remark="缺承诺书")
    mended = f"{address}/edit"
    assert "缺承诺书" in secretary.get(mended).text
    secretary.send(
        mended, act="file", seen=seen(secretary, mended), **applying.fields(name="改过的名称")
    )
    shown = desk.get(address).text
    said = decided(desk, address, "unit", act="agree")

    assert "已退回" in back
    assert "退回以后改了什么" in shown
    assert "改过的名称" in shown
    assert "卫健委审核" in said
    assert secretary.send(f"{address}/unit", act="agree", seen="9").status_code == 403


def test_of_two_who_decide_at_once_the_second_is_told(office: Office, desk: Desk) -> None:
    address = filed(desk)
    bureau = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    version = seen(bureau, address)
    decided(bureau, address, "bureau", act="announce", number="L2013-7")

    again = bureau.send(f"{address}/bureau", act="announce", number="L2013-8", seen=version)

    assert again.status_code == 409
    assert "你的操作没有执行" in again.text


NUMBERS = (
    ("", 422, "请填项目编号"),
    ("心衰一期", 422, "不像项目编号"),
    ("2012-03-01-001", 422, "不是这个项目的 2013 年度"),
    ("L2013-TAKEN", 409, "已经给了别的项目"),
)


def test_a_number_must_be_one_and_nobody_elses(office: Office, desk: Desk) -> None:
    bureau = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    decided(bureau, filed(desk), "bureau", act="announce", number="L2013-TAKEN")
    address = filed(desk)
    version, told = seen(bureau, address), []

    for number, status, said in NUMBERS:
        answer = bureau.send(f"{address}/bureau", act="announce", number=number, seen=version)
        told.append((answer.status_code == status, said in answer.text))
        assert 'id="number-e"' in answer.text

    assert told == [(True, True)] * len(NUMBERS)


def test_a_leader_has_two_projects_a_year_wherever_they_are_filed(
    office: Office, desk: Desk
) -> None:
    elsewhere = office.desk(unit=COUNTY_HOSPITAL, name="县医院的人")
    filed(elsewhere)
    filed(desk)

    form = f"{opened(desk)}/edit"
    answer = desk.send(form, act="file", seen=seen(desk, form), **applying.fields())

    assert answer.status_code == 422
    assert "2013 年度已经申报了 2 个项目" in answer.text


def test_a_filing_of_another_hospital_is_not_there(office: Office, desk: Desk) -> None:
    address = filed(desk)
    stranger = office.desk(unit=STRANGER_HOSPITAL, name="外院的人")

    assert stranger.get(address).status_code == 404
    assert stranger.send(f"{address}/edit", act="save", seen="1").status_code == 404
    assert "心力衰竭" not in stranger.get(LIST).text


def test_who_filed_takes_it_back_while_nobody_decided(office: Office, desk: Desk) -> None:
    address = filed(desk)
    bureau = office.desk(Role.CITY_OFFICE, CITY_BUREAU)

    others = bureau.send(address, seen=seen(bureau, address))
    taken = desk.send(address, seen=seen(desk, address))

    assert others.status_code == 409
    assert "请退回并写明原因" in others.text
    assert taken.status_code == 303
    assert "继续填写" in desk.get(address).text


def test_last_years_project_is_a_new_draft(office: Office, desk: Desk, clock: Clock) -> None:
    address = filed(desk)
    bureau = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    decided(bureau, address, "bureau", act="announce", number="2013-03-01-001(市)")
    clock.advance(days=300)
    desk = office.desk(name="新来的人")

    made = desk.send("/console/filings/copy", no="2013-03-01-001(市)")
    form = desk.get(made.location).text

    for kept in (
        'value="心力衰竭规范诊疗培训班"', 'value="2014-09-13T08:00"',
        '<option value="2014" selected>',
        'value="心衰的药物治疗"', "现在是 999",
    ):  # fmt: skip
        assert kept in form


def test_two_clicks_make_one_draft_and_a_draft_is_thrown_away(desk: Desk) -> None:
    first, second = opened(desk), opened(desk)
    form = f"{first}/edit"
    desk.send(form, act="save", seen="1", files={"file.other": (io.BytesIO(applying.PDF), "a.pdf")})

    answer = desk.send(form, act="discard", seen=seen(desk, form))

    assert first == second
    assert answer.location == LIST
    assert desk.get(first).status_code == 404


def test_two_bureaus_give_one_number_once(desk: Desk, office: Office, cast: Cast) -> None:
    made = [int(filed(desk).rpartition("/")[2]) for _ in range(2)]
    with ThreadPoolExecutor(1) as other, begin(desk.site, cast.city_office) as work:
        filing.announce(work, made[0], "L2013-1", seen=3)
        late = other.submit(announced, desk.site, cast.operator, made[1])
        # Should it come later, it is refused in the same words.
        any(waits(work) for _ in range(2_000))

    assert late.result() == "filing.number.taken"


def waits(work: Work) -> bool:
    """Whether somebody waits for what a work has changed."""
    asked = text("select count(*) from pg_locks where not granted")
    return bool(work.session.execute(asked).scalar_one())


def announced(site: Site, actor: Actor, filing_id: int) -> str:
    try:
        with begin(site, actor) as work:
            filing.announce(work, filing_id, "L2013-1", seen=3)
    except ConflictError as refused:
        return refused.code
    return ""
