"""The projects of the console: what is listed, one project, and what each batch waits for."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from sqlalchemy import event

from app.base.site import Site
from app.base.work import begin
from app.filing import commands as filing
from app.standards import commands as standards
from tests.support import applying
from tests.support.cast import COUNTY_HOSPITAL, HE_MIN, OPERATOR, STRANGER_HOSPITAL, Cast
from tests.support.filing import NO, batch, filed, lecturer, project
from tests.support.office import Desk, Office
from tests.support.terminal import MakeTerminal

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


def test_a_host_registers_before_it_begins_and_not_after(office: Office, site: Site) -> None:
    to_come = batch(
        starts_at="2013-09-14T08:00", ends_at="2013-09-14T17:00", sessions=[], plan=None
    )
    filed(site, OPERATOR, project(), project("L2013-1", batches=[to_come]))
    desk = office.desk()

    late = desk.send(f"/console/projects/{NO}/register")
    done = desk.send("/console/projects/L2013-1/register")
    page = desk.get("/console/projects/L2013-1").text
    again = desk.send("/console/projects/L2013-1/register")

    assert (late.status_code, done.status_code, again.status_code) == (409, 303, 409)
    assert "已登记开班。" in page
    assert "开班登记</button>" not in page


def test_a_package_is_carried_to_a_terminal(
    office: Office, site: Site, make_terminal: MakeTerminal
) -> None:
    filed(site, OPERATOR, project())
    make_terminal("MBX-00017")
    desk = office.desk()
    assert "MBX-00017" in desk.get(f"/console/projects/{NO}").text

    got = desk.send(f"/console/projects/{NO}/package", sn="MBX-00017", batch="1")

    assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''MBX-00017-1.pkg"
    assert got.data
    assert desk.send(f"/console/projects/{NO}/package", sn="MBX-9", batch="1").status_code == 404


def test_the_archive_holds_everything_and_can_be_checked(
    office: Office, cast: Cast, site: Site
) -> None:
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
    filing_id = applying.drafted(site, cast.hospital_admin)
    applying.attached(site, cast.hospital_admin, filing_id)
    applying.handed_in(site, cast.hospital_admin, filing_id)
    with begin(site, cast.city_office) as work:
        filing.announce(work, filing_id, "L2013-1", seen=3)

    got = office.desk().get("/console/projects/L2013-1/archive")
    pack = zipfile.ZipFile(io.BytesIO(got.data))
    manifest = json.loads(pack.read("清单.json"))

    assert pack.testzip() is None
    sums = dict(line.split("  ")[::-1] for line in pack.read("SHA256SUMS").decode().splitlines())
    named = {one["path"]: one["sha256"] for one in manifest["files"]}
    assert sums == named
    assert all(
        hashlib.sha256(pack.read(name)).hexdigest() == digest for name, digest in sums.items()
    )
    assert {"项目.json", "申报书.json", "办理经过.csv", "第1期/考勤记录.csv"} <= sums.keys()
    assert applying.PDF in {pack.read(name) for name in sums if name.startswith("材料/")}
    assert applying.LEADER_ID not in pack.read("申报书.json").decode()
    assert office.desk(unit=STRANGER_HOSPITAL, name="外院").get(
        "/console/projects/L2013-1/archive").status_code == 404  # fmt: skip
