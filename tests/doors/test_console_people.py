"""The list of people in the console."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, event, text

from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.kernel.actor import Role
from app.people.queries import PAGE
from app.standards import commands as standards
from tests.support.cast import (
    CAO_JING,
    CARDIOLOGY,
    CITY_BUREAU,
    HE_MIN,
    HOSPITAL,
    NURSING,
    OPERATOR,
    SHAN_XIAO,
    Cast,
    csv_of,
    id_number,
    people_sheet,
)
from tests.support.office import Desk, Office

COLUMNS = ("person_no", "name", "id_type", "id_number", "unit_code", "department_code", "status")


@pytest.fixture
def desk(office: Office, site: Site) -> Desk:
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
    return office.desk()


def enrol(site: Site, count: int, name: str = "丁一") -> None:
    """So many more people of the first hospital's nursing department."""

    lines = [
        (
            f"99050{n:04}", name, "id_card",
            id_number(date(1990, 1, 1) + timedelta(days=n // 400), 100 + 2 * (n % 400)),
            HOSPITAL, NURSING, "normal",
        )
        for n in range(count)
    ]  # fmt: skip
    with begin(site, OPERATOR) as work:
        cards.import_people(work, people_sheet(csv_of(COLUMNS, *lines)))


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        self.inside = self.inside or tag == "td"
        if tag == "td":
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "td"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data.strip()


def listed(page: str) -> list[list[str]]:
    """The cells of every row of the table."""
    parser = _Cells()
    parser.feed(page)
    # Before the name stands a box to choose the person by, for whoever may change them.
    return [row[not row[0] :] for row in parser.rows if row]


def names(page: str) -> list[str]:
    return [row[0] for row in listed(page)]


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    seen: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_hospital_sees_its_own_people_by_name_with_where_they_stand(desk: Desk) -> None:
    page = desk.get("/console/people").text

    assert names(page) == ["曹静", "何敏", "单晓", "周岚"]
    assert listed(page)[1] == [
        "何敏", HE_MIN, "心内科", "主管护师", "正常", "0.0 / 25", "25", "未绑定"
    ]  # fmt: skip
    assert "秦望" not in page
    assert "颍川市第一人民医院 4 人，第 1 至 4 人" in page


def test_the_tree_says_how_many_stand_in_each_department(desk: Desk) -> None:
    page = desk.get("/console/people").text

    assert "颍川市第一人民医院<span>4</span>" in page
    assert "心内科<span>2</span>" in page
    assert "护理部<span>2</span>" in page
    assert "针灸科" not in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("q=何", ["何敏"]),
        ("q=hemin", ["何敏"]),
        ("q=he min", ["何敏"]),
        ("q=HM", ["何敏"]),
        ("q=shan", ["单晓"]),
        ("q=990100002", ["周岚"]),
        ("q=99010", ["曹静", "何敏", "单晓", "周岚"]),
        ("unit=H1-1", ["何敏", "周岚"]),
        ("level=middle", ["何敏"]),
        ("status=maternity", []),
        ("q=%25", []),
        ("q=_", []),
        ("q=秦望", []),
        ("q=%00", ["曹静", "何敏", "单晓", "周岚"]),
        ("after=99999999999", ["曹静", "何敏", "单晓", "周岚"]),
        ("before=-1&after=x&status=nobody&level=;", ["曹静", "何敏", "单晓", "周岚"]),
    ],
)
def test_people_are_found_by_what_is_typed_and_chosen(
    desk: Desk, asked: str, found: list[str]
) -> None:
    answer = desk.get(f"/console/people?{asked}", follow_redirects=True)

    assert answer.status_code == 200
    assert names(answer.text) == found


def test_a_whole_id_number_finds_its_person(desk: Desk) -> None:

    number = id_number(date(1980, 3, 14), 2)

    assert names(desk.get(f"/console/people?q={number}").text) == ["何敏"]


def test_the_last_four_of_an_id_number_find_who_has_them_within_sight(desk: Desk) -> None:
    he, stranger = id_number(date(1980, 3, 14), 2), id_number(date(1970, 10, 10), 7)

    assert "何敏" in names(desk.get(f"/console/people?q={he[-4:].lower()}").text)
    assert names(desk.get(f"/console/people?q={stranger[-4:]}&unit=H1-1").text) == []
    assert names(desk.get(f"/console/people?q={he[-4:]}&unit=H1-2").text) == []


def test_where_nobody_is_found_the_page_says_what_to_leave_out(desk: Desk) -> None:
    page = desk.get("/console/people?q=何敏&status=maternity").text

    assert "没有符合条件的人。" in page
    assert "去掉“产假”再查，有" in page
    assert "1 人</a>" in page


def test_another_hospitals_department_is_not_there(desk: Desk) -> None:
    assert desk.get("/console/people?unit=H9-1").status_code == 404


def test_a_secretary_sees_the_own_department_alone(desk: Desk, office: Office) -> None:
    page = office.desk(Role.DEPARTMENT_SECRETARY, CARDIOLOGY).get("/console/people").text

    assert names(page) == ["何敏", "周岚"]


def test_the_city_sees_everybodys_unit(desk: Desk, office: Office) -> None:
    page = office.desk(Role.CITY_OFFICE, CITY_BUREAU).get("/console/people").text

    assert names(page) == ["曹静", "何敏", "陆遥", "单晓", "田慧", "解芳", "郑海", "周岚"]
    assert "秦望" not in page


def test_a_list_is_leafed_through_forth_and_back(desk: Desk) -> None:
    enrol(desk.site, PAGE + 20)

    first = desk.get("/console/people").text
    assert len(names(first)) == PAGE
    assert f"74 人，第 1 至 {PAGE} 人" in first
    assert "上一页" not in first
    after = first.split("after=")[1].split('"')[0].split("&")[0]
    second = desk.get(f"/console/people?after={after}").text
    assert sorted(names(first) + names(second)) == sorted([*names(first), *names(second)])
    assert len(names(second)) == 24
    assert "第 51 至 74 人" in second
    assert "下一页" not in second
    before = second.split("before=")[1].split('"')[0].split("&")[0]
    again = desk.get(f"/console/people?before={before}").text
    assert names(again) == names(first)


def test_the_list_asks_as_many_questions_for_many_people_as_for_few(desk: Desk) -> None:
    desk.get("/console/people")  # standards are read once and kept
    with counted(desk.site.engine) as few:
        desk.get("/console/people")
    enrol(desk.site, 120)

    with counted(desk.site.engine) as many:
        desk.get("/console/people")

    assert len(many) == len(few)


def test_the_search_in_the_frame_leads_to_the_list(desk: Desk, cast: Cast) -> None:
    page = desk.get("/console/").text

    assert 'action="/console/people"' in page
    assert ">人员</a>" in page


def test_the_list_is_sifted_by_who_has_the_years_credit(desk: Desk) -> None:
    course = (
        "编号\t年度\t课程\t学分\n"
        f"{CAO_JING}\t2013\t公需课\t20\n{HE_MIN}\t2013\t公需课\t30\n"
        f"{SHAN_XIAO}\t2013\t公需课\t24.99"
    )
    desk.send(desk.send("/console/import/courses", pasted=course).location)
    with desk.site.engine.connect() as connection, connection.begin():
        for setting in ("app.lo', ''", "app.hi', '~'"):
            connection.execute(text(f"select set_config('{setting}, true)"))
        # Five of them of the first class for one; of no class for another.
        moved = "update person_year y set class_1 = :one, class_2 = :two from person p"
        moved += " where p.id = y.person_id and p.person_no = :no"
        connection.execute(text(moved), {"no": HE_MIN, "one": 5, "two": 25})
        connection.execute(text(moved), {"no": CAO_JING, "one": 0, "two": 15})
    mark = desk.get(f"/console/people/{SHAN_XIAO}").text.split('name="seen" value="')[1][:16]
    desk.send(
        f"/console/people/{SHAN_XIAO}/status", status="not_counted", since="2013-01-01", seen=mark
    )

    assert names(desk.get("/console/people?result=met").text) == ["何敏"]
    assert names(desk.get("/console/people?result=short").text) == ["曹静", "周岚"]
    assert "1 人达标，共 3 人" in re.sub("<[^>]+>", "", desk.get("/console/").text)
    assert names(desk.get("/console/people?result=not_counted").text) == ["单晓"]
    assert names(desk.get("/console/people?result=short&unit=H1-1").text) == ["周岚"]
    assert names(desk.get("/console/people?result=all").text) == ["曹静", "何敏", "单晓", "周岚"]
    assert "去掉“达标”再查" in desk.get("/console/people?result=met&q=曹静").text


def test_without_a_standard_the_list_is_there_and_says_what_is_missing(office: Office) -> None:
    desk = office.desk()

    page = desk.get("/console/people?result=short")

    assert page.status_code == 200
    assert listed(page.text)[1] == ["何敏", HE_MIN, "心内科", "主管护师", "正常", "未绑定"]
    assert "还没有装学分标准" in page.text
    assert "还没有装学分标准" in desk.get(f"/console/people/{HE_MIN}").text
    assert desk.get("/console/people/export?as=csv").status_code == 200


def test_the_list_is_exported_as_it_is_sifted(desk: Desk) -> None:
    sheet = load_workbook(io.BytesIO(desk.get("/console/people/export?unit=H1-1").data)).active
    plain = desk.get("/console/people/export?as=csv").data.decode("utf-8-sig").splitlines()

    told = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert told[0][:3] == ["编号", "姓名", "科室"]
    assert told[1] == [
        HE_MIN, "何敏", "心内科", "主管护师", "中级", "正常", HE_MIN, "2013", "0.0", "25", "25",
        "未达标", "未绑定",
    ]  # fmt: skip
    assert [row[1] for row in told[1:]] == ["何敏", "周岚"]
    assert len(plain) == 5
    assert "秦望" not in "".join(plain)


def test_no_name_becomes_a_formula_in_an_export(desk: Desk) -> None:
    enrol(desk.site, 1, "=1+cmd")

    plain = desk.get("/console/people/export?as=csv&q=9905").data.decode("utf-8-sig")
    sheet = load_workbook(io.BytesIO(desk.get("/console/people/export?q=9905").data)).active

    assert "'=1+cmd" in plain
    assert sheet["B2"].data_type == "s"


def test_the_export_asks_as_many_questions_for_many_people_as_for_few(desk: Desk) -> None:
    desk.get("/console/people")
    with counted(desk.site.engine) as few:
        desk.get("/console/people/export?as=csv")
    enrol(desk.site, 120)

    with counted(desk.site.engine) as many:
        desk.get("/console/people/export?as=csv")

    assert len(many) == len(few)
