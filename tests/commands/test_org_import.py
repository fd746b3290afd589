"""Units from files: what comes to stand, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from app.base import words
from app.base.site import Site
from app.base.work import begin
from app.kernel.actor import Actor
from app.kernel.errors import ForbiddenError, InvalidError, NotFoundError
from app.kernel.sheet import Imported
from app.org import commands, queries
from app.org.terms import Grade, Unit, UnitKind
from tests.support.cast import (
    CARDIOLOGY,
    HE_MIN,
    HOSPITAL,
    OPERATOR,
    STRANGER_HOSPITAL,
    UNITS,
    Cast,
    units_sheet,
)

HEADER = "code,parent_code,kind,name,order,grade\n"


def take_in(site: Site, lines: str, actor: Actor = OPERATOR) -> Imported:
    with begin(site, actor) as work:
        return commands.import_units(work, units_sheet(HEADER + lines))


def refused(site: Site, lines: str, actor: Actor = OPERATOR) -> list[tuple[int, str, str]]:
    """Row, column and sentence of every wrong cell."""
    with pytest.raises(InvalidError) as error:
        take_in(site, lines, actor)
    return [(row.row, row.column, words.of_row(row)) for row in error.value.rows]


def unit(site: Site, code: str) -> Unit:
    with begin(site, OPERATOR) as work:
        return queries.unit_by_code(work, code)


def test_units_stand_under_their_parents(cast: Cast) -> None:
    city, hospital, department = map(cast.unit, ("9901", HOSPITAL, CARDIOLOGY))

    assert department.place.path == f"{hospital.place.path}{department.id}."
    assert hospital.place.path == f"{city.place.path}{hospital.id}."
    assert (hospital.kind, hospital.grade) == (UnitKind.HOSPITAL, Grade.TERTIARY)


def test_children_may_stand_before_their_parents_in_the_file(site: Site) -> None:
    lines = "D,H,department,丁,1,\nH,C,hospital,丙,1,\nC,P,city,乙,1,\nP,,province,甲,1,\n"

    assert take_in(site, lines) == Imported(added=4, changed=0, same=0)

    assert unit(site, "P").place.holds(unit(site, "D").place)


def test_the_same_file_again_changes_nothing(site: Site, cast: Cast, count: Callable) -> None:
    before = count("audit_entry")

    result = take_in(site, UNITS.split("\n", 1)[1])

    assert result == Imported(added=0, changed=0, same=15)
    assert count("audit_entry") == before


def test_name_order_and_grade_may_change(site: Site, cast: Cast) -> None:
    result = take_in(site, "H1,9901,hospital,颍川市中心医院,9,secondary\n9901,99,city,颍川市,1,\n")

    assert result == Imported(added=0, changed=1, same=1)
    assert unit(site, "H1").name == "颍川市中心医院"
    assert unit(site, "H1").grade is Grade.SECONDARY


def test_a_column_the_file_lacks_leaves_what_stands(site: Site, cast: Cast) -> None:
    with begin(site, OPERATOR) as work:
        commands.import_units(work, units_sheet("code,kind,name\nH1,hospital,新名\n"))

    assert unit(site, "H1").name == "新名"
    assert unit(site, "H1").grade is Grade.TERTIARY


def test_every_change_is_on_the_trail(site: Site, cast: Cast, owner: Engine) -> None:
    take_in(site, "H1,9901,hospital,新名,2,tertiary\n", cast.city_office)

    with owner.connect() as connection:
        last = connection.execute(
            text("select actor, action, change->'name' from audit_entry order by id desc limit 1")
        ).one()
    old_and_new = ["颍川市第一人民医院", "新名"]
    assert tuple(last) == (cast.city_office.name, "org.import_units", old_and_new)


WRONG = [
    pytest.param(
        "X1,9901,clinic,某所,1,\n", "kind",
        "第 2 行，kind 列：“clinic”不能用。"
        "只能填：province, city, county, bureau, hospital, department。",
        id="no such kind",
    ),
    pytest.param(
        "X1,9901,hospital,,1,\n", "name", "第 2 行，name 列：不能空着，请填上。", id="no name"
    ),
    pytest.param(
        f"{'X' * 33},9901,hospital,某院,1,\n", "code",
        "第 2 行，code 列：有 33 个字符，最多 32 个。请改短。", id="code too long",
    ),
    pytest.param(
        "X 1,9901,hospital,某院,1,\n", "code",
        "第 2 行，code 列：“X 1”中间有空格。请去掉空格。", id="blank in code",
    ),
    pytest.param(
        "X1,9901,hospital,某\t院,1,\n", "name",
        "第 2 行，name 列：里面有看不见的字符（换行、制表符等）。请把这一格清空，重新手工输入。",
        id="control character",
    ),
    pytest.param(
        "X1,9901,hospital,某院,-1,\n", "order",
        "第 2 行，order 列：“-1”不是 0 到 999999 的整数。请改成整数。", id="order below zero",
    ),
    pytest.param(
        "X1,9901,hospital,某院,1.5,\n", "order",
        "第 2 行，order 列：“1.5”不是 0 到 999999 的整数。请改成整数。", id="order not whole",
    ),
    pytest.param(
        "X1,9901,county,某县,1,tertiary\n", "grade",
        "第 2 行，只有医疗机构（hospital）才填级别。请把 grade 这一格清空。",
        id="grade of a county",
    ),
    pytest.param(
        "X1,9901,hospital,某院,1,best\n", "grade",
        "第 2 行，grade 列：“best”不能用。"
        "只能填：provincial, tertiary, secondary, primary, township。",
        id="no such grade",
    ),
    pytest.param(
        "X1,,hospital,某院,1,\n", "parent_code",
        "第 2 行，hospital 要有上级，上级可以是：province, city, county, bureau。"
        "请在 parent_code 填上级的代码。",
        id="no parent",
    ),
    pytest.param(
        "X1,7777,hospital,某院,1,\n", "parent_code",
        "第 2 行，上级 7777 不在这个文件里，也不在你的管辖范围内。请核对代码，或先导入上级。",
        id="unknown parent",
    ),
    pytest.param(
        "X1,H1,county,某县,1,\n", "parent_code",
        "第 2 行，county 的上级只能是 province, city，"
        "而 H1 是 hospital。请改 parent_code 或 kind。",
        id="county under a hospital",
    ),
    pytest.param(
        "X1,9901-B,department,某科,1,\n", "parent_code",
        "第 2 行，department 的上级只能是 hospital, department，而 9901-B 是 bureau。"
        "请改 parent_code 或 kind。",
        id="department under a bureau",
    ),
    pytest.param(
        "X1,99,province,某省,1,\n", "parent_code",
        "第 2 行，province 是最高一级，不能有上级。请把 parent_code 这一格清空。",
        id="province under a province",
    ),
    pytest.param(
        "X1,X1,department,某科,1,\n", "parent_code",
        "第 2 行，机构 X1 的上级绕了一圈又回到它自己。请改其中一个的 parent_code。",
        id="its own parent",
    ),
    pytest.param(
        "H1,9902,hospital,颍川市第一人民医院,2,tertiary\n", "parent_code",
        "第 2 行，机构 H1 现在的上级是 9901，导入不能换上级（表里写的是“9902”），"
        "因为人员和学分都跟着机构走。请把 parent_code 改回 9901。",
        id="another parent",
    ),
    pytest.param(
        "H1,9901,bureau,颍川市第一人民医院,2,\n", "kind",
        "第 2 行，机构 H1 的类别是 hospital，导入不能把它改成 bureau。"
        "类别定下后不变；如果它真是另一个机构，请用新的代码。",
        id="another kind",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "column", "sentence"), WRONG)
def test_a_wrong_cell_is_named_with_its_rule_and_remedy(
    site: Site, cast: Cast, count: Callable, lines: str, column: str, sentence: str
) -> None:
    wrong = refused(site, f"{lines}X9,9901,hospital,好院,1,\n")

    assert wrong == [(2, column, sentence)]
    assert count("unit") == 15


def test_a_code_stands_once_in_a_file(site: Site, cast: Cast) -> None:
    lines = "X1,9901,hospital,甲院,1,\nX1,9901,hospital,乙院,1,\n"

    assert refused(site, lines) == [
        (3, "code", "第 3 行，机构代码 X1 在第 2 行已经有了。一个机构只写一行，请删掉一行。")
    ]


def test_a_circle_of_departments_is_refused_at_each_of_its_units(site: Site, cast: Cast) -> None:
    lines = "A,B,department,甲,1,\nB,A,department,乙,1,\nC,B,department,丙,1,\n"

    wrong = refused(site, lines)

    assert [(row, column) for row, column, _ in wrong][:2] == [
        (2, "parent_code"),
        (3, "parent_code"),
    ]


def test_a_chain_of_departments_without_end_is_refused(site: Site, cast: Cast) -> None:
    lines = "".join(f"X{n},{f'X{n - 1}' if n else 'H1'},department,科,1,\n" for n in range(3000))

    wrong = refused(site, lines)

    assert len(wrong) > 2900
    assert "超过了 10 层" in wrong[-1][2]


def test_a_line_without_a_code_makes_no_other_line_wrong(site: Site) -> None:
    lines = (
        "X,,province,某省,1,\nXC,X,city,某市,1,\n,XC,hospital,无码院,1,\nXH,XC,hospital,某院,1,\n"
    )

    assert refused(site, lines) == [(4, "code", "第 4 行，code 列：不能空着，请填上。")]


def test_a_city_or_a_county_may_stand_alone_and_a_hospital_under_its_bureau(
    site: Site, count: Callable
) -> None:
    lines = (
        "XC,,city,某市,1,\nXB,XC,bureau,某市卫健委,1,\nXH,XB,hospital,某院,1,tertiary\n"
        "XK,,county,某县,1,\nXP,,province,某省,1,\nXD,XP,county,省直管县,1,\n"
    )

    assert take_in(site, lines) == Imported(added=6, changed=0, same=0)
    assert count("unit") == 6


def test_all_errors_of_a_file_are_told_at_once(site: Site, cast: Cast) -> None:
    lines = "X1,7777,clinic,,x,\nX2,H1,hospital,好院,1,\n"

    assert [(row, column) for row, column, _ in refused(site, lines)] == [
        (2, "kind"), (2, "name"), (2, "order"), (3, "parent_code")
    ]  # fmt: skip


def test_a_hospital_makes_its_own_departments(site: Site, cast: Cast) -> None:
    assert take_in(site, "H1-3,H1,department,儿科,3,\n", cast.hospital_admin).added == 1

    assert cast.unit(HOSPITAL).place.holds(unit(site, "H1-3").place)


def test_a_hospital_makes_no_department_of_another(site: Site, cast: Cast) -> None:
    wrong = refused(site, "H9-2,H9,department,儿科,3,\n", cast.hospital_admin)

    assert wrong == [
        (
            2,
            "parent_code",
            "第 2 行，上级 H9 不在这个文件里，也不在你的管辖范围内。请核对代码，或先导入上级。",
        )
    ]


def test_a_code_in_use_elsewhere_is_refused_without_telling_where(site: Site, cast: Cast) -> None:
    wrong = refused(site, "H9-1,H1,department,儿科,3,\n", cast.hospital_admin)

    assert wrong == [
        (2, "code", "第 2 行，机构代码 H9-1 已被你管辖范围以外的机构使用。请换一个代码。")
    ]


def test_a_hospital_does_not_raise_its_own_grade(site: Site, cast: Cast) -> None:
    line = "H2,990101,hospital,青禾县人民医院,1,tertiary\n"

    [(row, column, sentence)] = refused(site, line, cast.county_hospital_admin)

    assert (row, column) == (2, "code")
    assert sentence == (
        "第 2 行，H2 是你自己所在的机构，名称、顺序和级别要由上级来改。请删掉这一行，或请上级导入。"
    )
    assert take_in(site, line, cast.county_bureau).changed == 1


def test_only_the_platform_founds_a_province(site: Site, cast: Cast) -> None:
    assert refused(site, "98,,province,别省,1,\n", cast.city_office) == [
        (2, "kind", "第 2 行，省一级机构只能由平台运维建立。请删掉这一行。")
    ]


def test_who_lacks_the_right_imports_nothing(site: Site, cast: Cast) -> None:
    with pytest.raises(ForbiddenError):
        take_in(site, "H1-3,H1,department,儿科,3,\n", cast.secretary)


def test_a_unit_out_of_sight_is_unknown(site: Site, cast: Cast) -> None:
    with begin(site, cast.hospital_admin) as work:
        assert queries.unit_by_code(work, CARDIOLOGY) == cast.unit(CARDIOLOGY)
        with pytest.raises(NotFoundError):
            queries.unit_by_code(work, STRANGER_HOSPITAL)
        with pytest.raises(NotFoundError):
            queries.unit_by_code(work, "H1\0")


def test_units_are_found_by_code_and_by_id_within_sight(site: Site, cast: Cast) -> None:
    ids = [unit.id for unit in cast.units.values()]

    with begin(site, cast.hospital_admin) as work:
        by_code = queries.units_by_code(work, list(cast.units))
        by_id = queries.units_of(work, ids)

    assert set(by_code) == {"H1", "H1-1", "H1-2"}
    assert by_id == {unit.id: unit for unit in by_code.values()}


def test_a_person_acts_nowhere_in_the_tree(site: Site, cast: Cast) -> None:
    with begin(site, cast.self(HE_MIN)) as work, pytest.raises(ForbiddenError):
        queries.unit_by_code(work, HOSPITAL)
