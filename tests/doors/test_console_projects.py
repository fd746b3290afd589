"""The projects of the console: what is listed, one project, and what each batch waits for."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from app.base.site import Site
from tests.support.cast import COUNTY_HOSPITAL, HE_MIN, OPERATOR, STRANGER_HOSPITAL
from tests.support.filing import NO, batch, filed, lecturer, project
from tests.support.office import Desk, Office

OTHER = "2013-03-01-008(国)"
STRANGE = "2013-03-01-009(国)"


@pytest.fixture
def desk(office: Office, site: Site) -> Desk:
    filed(
        site, OPERATOR,
        project(batches=[batch(lecturers=[lecturer(HE_MIN)]), batch(2)]),
        project(OTHER, name="卒中的早期识别", unit_code=COUNTY_HOSPITAL, level="city"),
        project(STRANGE, name="针灸在疼痛科的应用", unit_code=STRANGER_HOSPITAL),
    )  # fmt: skip
    return office.desk()


def test_a_hospital_sees_its_own_projects_and_nobody_elses(desk: Desk) -> None:
    page = desk.get("/console/projects/").text

    assert "心力衰竭诊疗新进展" in page
    assert "共 1 个项目" in page
    assert "卒中" not in page
    assert "针灸" not in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("words=心力", 1), ("words=2013-03", 1), ("words=高血压", 0), ("year=2013", 1),
        ("year=2012", 0), ("level=national", 1), ("level=city", 0), ("state=announced", 1),
        ("state=closed", 0), ("level=nonsense&year=x&page=99999999", 1),
    ],
)  # fmt: skip
def test_the_address_narrows_the_list(desk: Desk, asked: str, found: int) -> None:
    page = desk.get(f"/console/projects/?{asked}").text

    assert f"共 {found} 个项目" in page
    assert ("没有符合条件的项目" in page) == (found == 0)


def test_a_project_shows_its_batches_sessions_and_lecturers(desk: Desk) -> None:
    page = desk.get(f"/console/projects/{NO}").text

    for said in ("第 1 期", "第 2 期", "签到 s1", "何敏", "心衰的药物治疗", "上传考勤记录"):
        assert said in page


@pytest.mark.parametrize("no", [OTHER, STRANGE, "nothing-of-this"])
def test_a_project_of_another_unit_is_not_there(desk: Desk, no: str) -> None:
    assert desk.get(f"/console/projects/{no}").status_code == 404


def test_the_list_costs_the_same_however_long_it_is(desk: Desk, site: Site) -> None:
    def statements() -> int:
        seen: list[Any] = []

        def note(*facts: Any) -> None:
            seen.append(facts[2])

        event.listen(site.engine, "before_cursor_execute", note)
        desk.get("/console/projects/")
        event.remove(site.engine, "before_cursor_execute", note)
        return len(seen)

    few = statements()
    filed(site, OPERATOR, *(project(f"2013-03-01-1{n:02}(国)") for n in range(18)))

    assert statements() == few
