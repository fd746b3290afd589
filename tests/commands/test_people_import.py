"""People from files: what comes to stand, and every kind of cell that is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from operator import attrgetter

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text

from app.base import words
from app.base.site import Site
from app.base.work import begin
from app.cards import commands
from app.cards import rules as cards_rules
from app.kernel.actor import Actor
from app.kernel.errors import CmeError, ConflictError, ForbiddenError, InvalidError
from app.kernel.secret import Secret
from app.kernel.sheet import Imported
from app.people import queries
from app.people.terms import ID_NUMBER, PHONE, Enrolment, Fate, Person, Status
from tests.support.cast import (
    CAO_JING,
    CARDIOLOGY,
    CITY_BUREAU,
    HE_MIN,
    HOSPITAL,
    LU_YAO,
    NURSING,
    OPERATOR,
    SHAN_XIAO,
    STRANGER,
    UIDS,
    XIE_FANG,
    ZHENG_HAI,
    ZHOU_LAN,
    Cast,
    csv_of,
    id_number,
    people_sheet,
    roster_csv,
)

BORN = date(1985, 7, 1)
NUMBER = id_number(BORN, 12)  # a woman's
NEW = {
    "person_no": "990100099",
    "name": "吴迪",
    "id_type": "id_card",
    "id_number": NUMBER,
    "unit_code": HOSPITAL,
    "department_code": CARDIOLOGY,
    "status": "normal",
}
HE = {
    "person_no": HE_MIN,
    "name": "何敏",
    "id_type": "id_card",
    "id_number": id_number(date(1980, 3, 14), 2),
    "unit_code": HOSPITAL,
    "status": "normal",
}


def csv_text(*rows: dict[str, str]) -> str:
    """A file with just the columns that a row of it fills."""
    columns = [column for column in cards_rules.COLUMNS if any(column in row for row in rows)]
    return csv_of(columns, *([row.get(column, "") for column in columns] for row in rows))


def take_in(
    site: Site, *rows: dict[str, str], actor: Actor = OPERATOR, dry_run: bool = False
) -> Enrolment:
    with begin(site, actor) as work:
        return commands.import_people(work, people_sheet(csv_text(*rows)), dry_run=dry_run)


def refused(
    site: Site, *rows: dict[str, str], actor: Actor = OPERATOR
) -> list[tuple[int, str, str]]:
    """Row, column and sentence of every wrong cell."""
    with pytest.raises(InvalidError) as error:
        take_in(site, *rows, actor=actor)
    return [(row.row, row.column, words.of_row(row)) for row in error.value.rows]


def person(site: Site, no: str) -> Person:
    with begin(site, OPERATOR) as work:
        return queries.person_by_no(work, no)


def status_of(site: Site, no: str, day: date) -> Status:
    with begin(site, OPERATOR) as work:
        person_id = queries.person_by_no(work, no).id
        return queries.status_on(work, [person_id], day)[person_id]


def columns_of(owner: Engine, no: str, columns: str) -> tuple[object, ...]:
    """Columns of a person's row as they are stored."""
    with owner.connect() as connection:
        row = connection.execute(text(f"select {columns} from person where person_no = '{no}'"))
        return tuple(row.one())


def test_a_person_stands_under_their_department_or_else_their_unit(cast: Cast) -> None:
    he, xie = cast.person(HE_MIN), cast.person(XIE_FANG)

    assert he.place == cast.unit(CARDIOLOGY).place.person(he.id)
    assert xie.place == cast.unit("H2").place.person(xie.id)
    assert (he.name, he.title, he.title_level) == ("何敏", "主管护师", "middle")


def test_the_same_file_again_changes_nothing(site: Site, cast: Cast, count: Callable) -> None:
    before = count("audit_entry"), count("outbox_message")

    with begin(site, OPERATOR) as work:
        result = commands.import_people(work, people_sheet(roster_csv()))

    assert result.counts == Imported(added=0, changed=0, same=9)
    assert (count("audit_entry"), count("outbox_message")) == before


def test_numbers_of_identity_and_phones_are_sealed_and_found_by_hash(
    site: Site, cast: Cast, owner: Engine
) -> None:
    take_in(site, NEW | {"phone": "+8613912345678"})

    number, index, phone, phone_index = columns_of(
        owner, "990100099", "id_number, id_number_index, phone, phone_index"
    )

    vault = site.vault
    assert vault.open(number, ID_NUMBER) == Secret(NUMBER)
    assert index == vault.index(Secret(NUMBER), ID_NUMBER)
    assert vault.open(phone, PHONE) == Secret("13912345678")
    assert phone_index == vault.index(Secret("13912345678"), PHONE)


def test_no_number_of_identity_stands_in_clear_anywhere(
    site: Site, cast: Cast, owner: Engine
) -> None:
    take_in(site, NEW | {"phone": "13912345678"})
    take_in(site, NEW | {"phone": "13912345679", "name": "吴笛"})

    with owner.connect() as connection:
        for table in ("person", "audit_entry", "outbox_message", "card", "person_status"):
            whole = connection.execute(text(f"select string_agg(t::text, '') from {table} t"))
            stored = whole.scalar_one() or ""
            assert NUMBER not in stored
            assert NUMBER.encode().hex() not in stored
            assert "1391234567" not in stored


def test_sex_and_birthday_are_told_by_the_id_card(site: Site, cast: Cast, owner: Engine) -> None:
    take_in(site, NEW)

    assert columns_of(owner, "990100099", "sex, birth_on") == ("female", BORN)


def test_where_a_cell_differs_from_the_id_card_the_card_stands_and_it_is_told(
    site: Site, cast: Cast, owner: Engine
) -> None:
    differing = NEW | {"sex": "male", "birth_date": "1985-07-02"}

    trial = take_in(site, differing, dry_run=True)
    take_in(site, differing)

    assert [words.of_row(note) for note in trial.rows[0].notes] == [
        "第 2 行，性别 male 与身份证号不符，按身份证号记为 female。请核对证件原件。",
        "第 2 行，出生日期 1985-07-02 与身份证号不符，按身份证号记为 1985-07-01。请核对证件原件。",
    ]
    assert columns_of(owner, "990100099", "sex, birth_on") == ("female", BORN)
    assert take_in(site, differing).counts == Imported(added=0, changed=0, same=1)


def test_names_sort_by_their_reading_also_where_a_surname_has_its_own(
    cast: Cast, owner: Engine
) -> None:
    assert columns_of(owner, SHAN_XIAO, "name_key") == ("shan xiao",)
    assert columns_of(owner, XIE_FANG, "name_key") == ("xie fang",)
    assert columns_of(owner, HE_MIN, "name_key") == ("he min",)


def test_what_a_careful_clerk_would_mend_is_mended(site: Site, cast: Cast, owner: Engine) -> None:
    take_in(
        site,
        NEW
        | {
            "name": "吴\u3000迪",
            "id_number": id_number(date(1985, 7, 1), 14).replace("X", "x"),
            "person_no": "９９０１０００９９",
            "title": "  护师 ",
        },
        NEW | {"person_no": "F1", "name": "Ann  Lee", "id_type": "other", "id_number": "ab-１２"},
    )

    assert columns_of(owner, "990100099", "name, title") == ("吴迪", "护师")
    assert person(site, "F1").name == "Ann Lee"
    sealed = columns_of(owner, "F1", "id_number")[0]
    assert site.vault.open(sealed, ID_NUMBER) == Secret("AB-12")


def test_a_changed_row_is_counted_and_its_old_value_kept_on_the_trail(
    site: Site, cast: Cast, owner: Engine
) -> None:
    result = take_in(site, HE | {"title": "副主任护师", "title_level": "vice_senior"})

    assert result.counts == Imported(added=0, changed=1, same=0)
    assert result.rows[0].columns == ("title", "title_level")
    with owner.connect() as connection:
        change = connection.execute(
            text("select change from audit_entry where table_name = 'person' order by id desc")
        ).scalars()
        assert next(change)["title"] == ["主管护师", "副主任护师"]


def test_a_column_the_file_lacks_leaves_what_stands_and_an_empty_cell_clears_it(
    site: Site, cast: Cast, owner: Engine
) -> None:
    assert take_in(site, HE).counts.same == 1
    assert person(site, HE_MIN).place == cast.person(HE_MIN).place

    assert take_in(site, HE | {"title": "", "phone": ""}).counts.changed == 1
    assert columns_of(owner, HE_MIN, "title, phone, phone_index") == ("", None, None)


def test_a_new_department_moves_every_row_about_the_person(
    site: Site, cast: Cast, owner: Engine
) -> None:
    take_in(site, HE | {"status": "maternity", "status_from": "2013-06-01"})

    take_in(
        site, HE | {"department_code": NURSING, "status": "maternity", "status_from": "2013-06-01"}
    )

    moved = cast.unit(NURSING).place.person(cast.person(HE_MIN).id)
    assert person(site, HE_MIN).place == moved
    with owner.connect() as connection:
        for table in ("card", "person_status"):
            paths = connection.execute(
                text(f"select path from {table} where person_id = {cast.person(HE_MIN).id}")
            )
            assert paths.scalars().all() == [moved.path]


def test_an_old_id_card_and_its_successor_are_one_identity(site: Site, cast: Cast) -> None:
    number = HE["id_number"]
    old = number[:6] + number[8:17]

    assert take_in(site, HE | {"id_number": old}).rows[0].columns == ("id_number",)
    assert refused(site, NEW | {"id_number": number})[0][:2] == (2, "id_number")


def test_a_status_holds_from_its_day_and_before_it_the_person_was_normal(
    site: Site, cast: Cast
) -> None:
    take_in(site, HE | {"status": "cancelled", "status_from": "2013-05-19"})

    assert status_of(site, HE_MIN, date(2013, 5, 18)) is Status.NORMAL
    assert status_of(site, HE_MIN, date(2013, 5, 19)) is Status.CANCELLED


def test_a_status_without_a_day_always_held(site: Site, cast: Cast) -> None:
    take_in(site, HE | {"status": "not_counted"})

    assert status_of(site, HE_MIN, date(1999, 1, 1)) is Status.NOT_COUNTED


def test_statuses_follow_each_other(site: Site, cast: Cast) -> None:
    take_in(site, HE | {"status": "maternity", "status_from": "2013-03-01"})
    take_in(site, HE | {"status": "normal", "status_from": "2013-09-01"})

    days = [date(2013, 2, 28), date(2013, 3, 1), date(2013, 8, 31), date(2013, 9, 1)]
    assert [status_of(site, HE_MIN, day) for day in days] == [
        Status.NORMAL, Status.MATERNITY, Status.MATERNITY, Status.NORMAL
    ]  # fmt: skip
    assert person(site, HE_MIN).status is Status.NORMAL


def test_a_roster_is_everyone_at_a_place_but_those_cancelled_today(site: Site, cast: Cast) -> None:
    take_in(site, HE | {"status": "cancelled", "status_from": "2013-05-25"})
    cao = HE | {"person_no": CAO_JING, "name": "曹静", "id_number": id_number(date(1988, 1, 9), 6)}
    take_in(site, cao | {"status": "cancelled", "status_from": "2013-05-26"})

    with begin(site, OPERATOR) as work:
        people = queries.roster(work, cast.unit(HOSPITAL).place)

    assert [one.no for one in people] == [CAO_JING, SHAN_XIAO, ZHOU_LAN]


EXCEL = "像是 Excel 把号码变成了数字"
RULES = [
    pytest.param({"person_no": ""}, "person_no", "第 2 行，person_no 列：不能空着，请填上。"),
    pytest.param({"person_no": "9" * 33}, "person_no",
                 "第 2 行，person_no 列：有 33 个字符，最多 32 个。请改短。"),
    pytest.param({"person_no": "99 01"}, "person_no",
                 "第 2 行，person_no 列：“99 01”中间有空格。请去掉空格。"),
    pytest.param({"person_no": "9.901E+08"}, "person_no",
                 f"第 2 行，person_no 列：“9.901E+08”是科学计数，{EXCEL}。"
                 "请把这一列设为“文本”，从原表重新粘贴。"),
    pytest.param({"name": ""}, "name", "第 2 行，name 列：不能空着，请填上。"),
    pytest.param({"name": "吴\x00迪"}, "name",
                 "第 2 行，name 列：里面有看不见的字符（换行、制表符等）。"
                 "请把这一格清空，重新手工输入。"),
    pytest.param({"name": "吴\u200b迪"}, "name",
                 "第 2 行，name 列：里面有看不见的字符（换行、制表符等）。"
                 "请把这一格清空，重新手工输入。"),
    pytest.param({"name": "吴" * 65}, "name",
                 "第 2 行，name 列：有 65 个字符，最多 64 个。请改短。"),
    pytest.param({"id_type": "passport"}, "id_type",
                 "第 2 行，id_type 列：“passport”不能用。只能填：id_card, residence_permit, "
                 "hk_macau_permit, taiwan_permit, other。"),
    pytest.param({"id_number": ""}, "id_number", "第 2 行，id_number 列：不能空着，请填上。"),
    pytest.param({"id_number": NUMBER[:17]}, "id_number",
                 "第 2 行，身份证号有 17 位，应当是 18 位（老证 15 位）。请对照证件原件补齐。"),
    pytest.param({"id_number": "O" + NUMBER[1:]}, "id_number",
                 "第 2 行，身份证号只能是数字，最后一位可以是 X。请对照证件原件修改。"),
    pytest.param({"id_number": "999999198502300020"}, "id_number",
                 "第 2 行，身份证号里的出生日期不存在。请核对证件原件。"),
    pytest.param({"id_number": id_number(date(2013, 5, 26), 2)}, "id_number",
                 "第 2 行，身份证号里的出生日期还没有到。请核对证件原件。"),
    pytest.param({"id_number": NUMBER[:14] + "1000"}, "id_number",
                 f"第 2 行，身份证号末 3 位都是 0，{EXCEL}，只留下前 15 位。"
                 "请把这一列设为“文本”，从原表重新粘贴。"),
    pytest.param({"id_number": NUMBER[:9] + "3" + NUMBER[10:]}, "id_number",
                 "第 2 行，身份证号最后一位校验不对，有一位写错了。请对照证件原件逐位核对。"),
    pytest.param({"id_number": "9.99999E+17"}, "id_number",
                 f"第 2 行，id_number 列：“9.99999E+17”是科学计数，{EXCEL}。"
                 "请把这一列设为“文本”，从原表重新粘贴。"),
    pytest.param({"id_type": "other", "id_number": "A" * 21}, "id_number",
                 "第 2 行，id_number 列：有 21 个字符，最多 20 个。请改短。"),
    pytest.param({"sex": "女"}, "sex", "第 2 行，sex 列：“女”不能用。只能填：male, female。"),
    pytest.param({"birth_date": "1985/7/1"}, "birth_date",
                 "第 2 行，birth_date 列：“1985/7/1”不是 YYYY-MM-DD 的日期。"
                 "请写成 2013-05-18 这样。"),
    pytest.param({"birth_date": "1985-02-30"}, "birth_date",
                 "第 2 行，birth_date 列：“1985-02-30”这一天不存在。请核对年月日。"),
    pytest.param({"birth_date": "1085-07-01"}, "birth_date",
                 "第 2 行，birth_date 列：“1085-07-01”早于 1900 年。请核对年份。"),
    pytest.param({"id_type": "other", "birth_date": "2031-07-01"}, "birth_date",
                 "第 2 行，出生日期 2031-07-01 还没有到。请核对年份。"),
    pytest.param({"unit_code": ""}, "unit_code", "第 2 行，unit_code 列：不能空着，请填上。"),
    pytest.param({"unit_code": "H7", "department_code": ""}, "unit_code",
                 "第 2 行，没有代码是“H7”的机构，或者它不在你的管辖范围内。"
                 "请核对代码，或先导入机构。"),
    pytest.param({"unit_code": CARDIOLOGY}, "unit_code",
                 "第 2 行，H1-1（心内科）是科室。unit_code 填单位的代码，"
                 "科室代码填在 department_code。"),
    pytest.param({"department_code": "H1-7"}, "department_code",
                 "第 2 行，没有代码是“H1-7”的科室，或者它不在你的管辖范围内。"
                 "请核对代码，或先导入科室。"),
    pytest.param({"department_code": "H2-1"}, "department_code",
                 "第 2 行，H2-1（内科）不是 颍川市第一人民医院 的科室。"
                 "请改 department_code 或 unit_code。"),
    pytest.param({"unit_code": "9901"}, "unit_code",
                 "第 2 行，9901（颍川市）是行政区划，不是用人单位。unit_code 填医院的代码；"
                 "卫生行政部门的人，填该部门（bureau）的代码，没有就先导入。"),
    pytest.param({"unit_code": "990101", "department_code": ""}, "unit_code",
                 "第 2 行，990101（青禾县）是行政区划，不是用人单位。unit_code 填医院的代码；"
                 "卫生行政部门的人，填该部门（bureau）的代码，没有就先导入。"),
    pytest.param({"unit_code": "9901-B"}, "department_code",
                 "第 2 行，H1-1（心内科）不是 颍川市卫生局 的科室。"
                 "请改 department_code 或 unit_code。"),
    pytest.param({"department_code": "H2"}, "department_code",
                 "第 2 行，H2（青禾县人民医院）不是科室。"
                 "请在 department_code 填科室的代码，没有科室就空着。"),
    pytest.param({"title": "师" * 65}, "title",
                 "第 2 行，title 列：有 65 个字符，最多 64 个。请改短。"),
    pytest.param({"title_level": "中级"}, "title_level",
                 "第 2 行，title_level 列：“中级”不能用。"
                 "只能填：junior, middle, vice_senior, senior。"),
    pytest.param({"phone": "12900000001"}, "phone",
                 "第 2 行，电话“12900000001”不对：手机是 1 开头的 11 位数字，"
                 "座机写成 0395-2123456 这样。请核对。"),
    pytest.param({"phone": "1.38E+10"}, "phone",
                 f"第 2 行，phone 列：“1.38E+10”是科学计数，{EXCEL}。"
                 "请把这一列设为“文本”，从原表重新粘贴。"),
    pytest.param({"status": ""}, "status", "第 2 行，status 列：不能空着，请填上。"),
    pytest.param({"status": "产假"}, "status",
                 "第 2 行，status 列：“产假”不能用。"
                 "只能填：normal, maternity, leave_6m, not_counted, cancelled。"),
    pytest.param({"status_from": "2013-5-1"}, "status_from",
                 "第 2 行，status_from 列：“2013-5-1”不是 YYYY-MM-DD 的日期。"
                 "请写成 2013-05-18 这样。"),
    pytest.param({"card_no": "", "card_uid": "04A1B2C3"}, "card_no",
                 "第 2 行，填了芯片号，没有填卡号。请补上 card_no。"),
    pytest.param({"card_no": "C1", "card_uid": "04A1B2C"}, "card_uid",
                 "第 2 行，芯片号有 7 个字符，应当是 8、14 或 20 位十六进制数（0-9、A-F）。"
                 "请用读卡器重新读取，并把这一列设为“文本”。"),
    pytest.param({"card_no": "C1", "card_uid": "04A1B2CG"}, "card_uid",
                 "第 2 行，芯片号有 8 个字符，应当是 8、14 或 20 位十六进制数（0-9、A-F）。"
                 "请用读卡器重新读取，并把这一列设为“文本”。"),
    pytest.param({"card_no": HE_MIN}, "card_no",
                 "第 2 行，卡号 990100001 属于人员编号 990100001。"
                 "一张卡只属于一个人，请核对卡面。"),
    pytest.param({"card_no": "C1", "card_uid": UIDS[HE_MIN].lower()}, "card_uid",
                 "第 2 行，这个芯片号已在卡 990100001（人员编号 990100001）里。"
                 "请用读卡器重新读取；旧卡不用了，先把它注销。"),
    pytest.param({"id_number": HE["id_number"]}, "id_number",
                 "第 2 行，这个证件号码已属于 何敏（人员编号 990100001）。一个证件只对应一个人："
                 "是同一个人，就改用编号 990100001；不是，请核对证件原件。"),
    pytest.param({"person_no": HE_MIN}, "person_no",
                 "第 2 行，人员编号 990100001 现在是 何敏，表里的姓名和证件号码都不同，"
                 "像是另一个人。编号不能转给别人，请给新人用新的编号。"),
    pytest.param(HE | {"unit_code": "H2", "department_code": ""}, "unit_code",
                 "第 2 行，何敏 现在不属于 H2，导入不能换单位。"
                 "请走转单位，由原单位调出、新单位调入。"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "column", "sentence"),
    RULES,
    ids=[
        f"{column} {cells.get(column, '')[:12]}"
        for cells, column, _ in map(attrgetter("values"), RULES)
    ],
)
def test_a_wrong_cell_is_named_with_its_rule_and_remedy(
    site: Site, cast: Cast, count: Callable, cells: dict[str, str], column: str, sentence: str
) -> None:
    good = NEW | {"person_no": "990100098", "id_number": id_number(BORN, 16)}

    wrong = refused(site, NEW | cells, good)

    assert wrong == [(2, column, sentence)]
    assert count("person") == 9


def test_a_wrong_value_is_given_back_as_it_stands_in_the_file(site: Site, cast: Cast) -> None:
    with pytest.raises(InvalidError) as error:
        take_in(site, NEW | {"id_number": "9.99999E+17", "title_level": "中级"})

    assert [row.value for row in error.value.rows] == ["9.99999E+17", "中级"]


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("person_no", NEW["person_no"],
         "第 3 行，人员编号 990100099 在第 2 行已经有了。一人只写一行，请删掉一行。"),
        ("id_number", NUMBER, "第 3 行，证件号码与第 2 行相同。一个证件只对应一个人，请保留一行。"),
        ("card_no", "C1", "第 3 行，卡号 C1 在第 2 行已经有了。一张卡只属于一个人，请核对卡面。"),
        ("card_uid", "04A1B2C3",
         "第 3 行，芯片号与第 2 行相同。一个芯片只在一张卡里，请用读卡器重新读取。"),
    ],
)  # fmt: skip
def test_what_names_one_person_or_card_stands_once_in_a_file(
    site: Site, cast: Cast, column: str, value: str, sentence: str
) -> None:
    first = NEW | {"card_no": "C1", "card_uid": "04A1B2C3"}
    second = {
        "person_no": "990100098",
        "id_number": id_number(BORN, 16),
        "card_no": "C2",
        "card_uid": "04A1B2C4",
    }

    assert refused(site, first, NEW | second | {column: value}) == [(3, column, sentence)]


def test_all_errors_of_a_file_are_told_at_once_and_nothing_is_stored(
    site: Site, cast: Cast, count: Callable
) -> None:
    first = {"phone": "x", "unit_code": "H7", "title_level": "?", "card_no": HE_MIN}

    wrong = refused(
        site,
        NEW | first | {"department_code": ""},
        NEW | {"person_no": "1", "id_number": HE["id_number"], "status": ""},
        NEW | {"person_no": "2", "id_number": id_number(BORN, 18)},
    )

    assert [(row, column) for row, column, _ in wrong] == [
        (2, "unit_code"), (2, "title_level"), (2, "phone"), (2, "card_no"),
        (3, "id_number"), (3, "status"),
    ]  # fmt: skip
    assert (count("person"), count("card")) == (9, 8)


def test_ten_thousand_wrong_rows_are_all_named(site: Site, cast: Cast) -> None:
    rows = [NEW | {"person_no": f"N{n}", "id_number": "1"} for n in range(10_000)]

    assert len(refused(site, *rows)) == 10_000


def test_a_hospital_takes_in_its_own_people(site: Site, cast: Cast) -> None:
    assert take_in(site, NEW, actor=cast.hospital_admin).counts.added == 1


def test_a_hospital_takes_in_nobody_elsewhere(site: Site, cast: Cast) -> None:
    elsewhere = NEW | {"unit_code": "H9", "department_code": "H9-1"}

    wrong = refused(site, elsewhere, actor=cast.hospital_admin)

    assert [(row, column) for row, column, _ in wrong] == [(2, "unit_code"), (2, "department_code")]
    assert wrong[0][2].startswith("第 2 行，没有代码是“H9”的机构，或者它不在你的管辖范围内。")


def test_a_stranger_is_refused_without_being_named(site: Site, cast: Cast) -> None:
    held = {
        "id_number": id_number(date(1970, 10, 10), 7),
        "card_no": STRANGER,
        "card_uid": UIDS[STRANGER],
    }

    wrong = refused(site, NEW | held, actor=cast.hospital_admin)

    identity, card, chip = [sentence for _, _, sentence in wrong]
    assert identity == (
        "第 2 行，这个证件号码已登记在你管辖范围以外的单位。不能再建一个人：如果这个人调来了，"
        "请走转单位，由原单位调出、你单位调入；否则请核对证件原件。"
    )
    assert card == f"第 2 行，卡号 {STRANGER} 属于你管辖范围以外的一个人。请核对卡面。"
    assert chip == "第 2 行，这个芯片号已在你管辖范围以外的一张卡里。请用读卡器重新读取。"


def test_a_strangers_number_is_refused_without_being_named(site: Site, cast: Cast) -> None:
    wrong = refused(site, NEW | {"person_no": STRANGER}, actor=cast.hospital_admin)

    [(row, column, sentence)] = wrong
    assert (row, column) == (2, "person_no")
    assert sentence == (
        f"第 2 行，人员编号 {STRANGER} 属于你管辖范围以外的一个人。请核对编号；"
        "如果这个人调来了，请走转单位，由原单位调出、你单位调入。"
    )


def test_who_lacks_the_right_imports_nobody(site: Site, cast: Cast) -> None:
    with pytest.raises(ForbiddenError):
        take_in(site, NEW, actor=cast.secretary)


def test_people_out_of_sight_are_not_found(site: Site, cast: Cast) -> None:
    everyone = list(cast.people)
    ids = [one.id for one in cast.people.values()]

    with begin(site, cast.hospital_admin) as work:
        by_no = queries.people_by_no(work, everyone)
        by_id = queries.people_of(work, ids)
        listed = queries.roster(work, cast.unit("99").place)
        with pytest.raises(CmeError) as unknown:
            queries.person_by_no(work, STRANGER)

    own = {HE_MIN, ZHOU_LAN, SHAN_XIAO, CAO_JING}
    assert set(by_no) == {one.no for one in by_id.values()} == {one.no for one in listed} == own
    assert unknown.value.code == "people.person.unknown"


def test_a_county_sees_its_people_and_its_hospitals_people(site: Site, cast: Cast) -> None:
    with begin(site, cast.county_bureau) as work:
        listed = queries.roster(work, cast.county_bureau.place)

    assert {one.no for one in listed} == {ZHENG_HAI, XIE_FANG, LU_YAO, "990110002"}


def test_a_trial_tells_each_rows_fate_and_stores_nothing(
    site: Site, cast: Cast, count: Callable
) -> None:
    rows = (NEW | {"card_no": "C9"}, HE | {"title": "护士长"}, HE | {"person_no": XIE_FANG})
    xie = rows[2] | {
        "name": "解芳",
        "id_number": id_number(date(1965, 4, 17), 10),
        "unit_code": "H2",
    }
    before = count("audit_entry"), count("outbox_message")

    trial = take_in(site, rows[0], rows[1] | {"department_code": CARDIOLOGY, "card_no": "C8"},
                    xie | {"title": "主任药师"}, dry_run=True)  # fmt: skip

    assert [(row.row, row.no, row.name, row.fate, row.columns) for row in trial.rows] == [
        (2, "990100099", "吴迪", Fate.ADDED, ()),
        (3, HE_MIN, "何敏", Fate.CHANGED, ("title", "card_no")),
        (4, XIE_FANG, "解芳", Fate.SAME, ()),
    ]
    assert trial.counts == Imported(added=1, changed=1, same=1)
    assert (count("audit_entry"), count("outbox_message")) == before


def test_of_two_imports_of_one_identity_at_once_one_is_refused(site: Site, cast: Cast) -> None:
    barrier, outcomes = threading.Barrier(2), []

    def run(no: str) -> None:
        barrier.wait()
        try:
            outcomes.append(take_in(site, NEW | {"person_no": no}).counts.added)
        except (ConflictError, InvalidError) as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=run, args=(no,)) for no in ("T1", "T2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count(1) == 1
    assert {"people.import.raced", "imports.file.wrong_cells"} & set(outcomes)
    assert len(outcomes) == 2


def test_a_longer_file_asks_no_more_questions(site: Site, cast: Cast) -> None:
    def questions(rows: int, first: int) -> int:
        asked = 0

        def heard(*_: object) -> None:
            nonlocal asked
            asked += 1

        people = [
            NEW | {"person_no": f"Q{n}", "id_number": id_number(BORN, n), "card_no": f"Q{n}"}
            for n in range(first, first + rows)
        ]
        event.listen(site.engine, "before_cursor_execute", heard)
        try:
            take_in(site, *people)
        finally:
            event.remove(site.engine, "before_cursor_execute", heard)
        return asked

    assert questions(2, 100) == questions(200, 200)


COLUMNS = tuple(cards_rules.COLUMNS)
CELL = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(
        [*NEW.values(), *HE.values(), "male", "2013-05-18", "1E+9", "04A1B2C3", "x" * 99]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), CELL), min_size=1, max_size=5))
@example(
    [{"person_no": "\x00", "name": "\ufeff", "id_number": "٣" * 18, "status_from": "٢٠١٣-٠٥-١٨"}]
)
def test_garbage_is_taken_in_or_refused_and_nothing_else(
    site: Site, cast: Cast, rows: list[dict[str, str]]
) -> None:
    columns = [column for column in COLUMNS if any(column in row for row in [NEW, *rows])]
    body = csv_of(columns, *([(NEW | row).get(column, "") for column in columns] for row in rows))

    try:
        with begin(site, OPERATOR) as work:
            counts = commands.import_people(work, people_sheet(body)).counts
        said = ""
    except CmeError as refusal:
        said = words.of_error(refusal) + "".join(map(words.of_row, refusal.rows))
        counts = None

    assert said or counts


def test_a_bureau_employs_people_as_a_hospital_does(site: Site, cast: Cast) -> None:
    take_in(site, NEW | {"unit_code": CITY_BUREAU, "department_code": ""})

    with begin(site, OPERATOR) as work:
        [person] = queries.people_by_no(work, [NEW["person_no"]]).values()
    assert person.unit_id == cast.unit(CITY_BUREAU).id
