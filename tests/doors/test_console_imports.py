"""Rosters taken in by the console: crooked, wrong, hostile, and taken back."""

from __future__ import annotations

import io
import re
from datetime import date

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse, encode_multipart

from app.base.work import begin
from app.cards import commands
from app.kernel import tidy
from app.kernel.actor import Role
from app.kernel.table import pasted as pasted_table
from app.org import queries as units
from app.people import queries as people_queries
from app.people.rules.roster import FORM
from app.people.terms import ImportKind
from app.standards import commands as standards
from app.web.console import imports
from tests.conftest import Clock
from tests.support.cast import HE_MIN, OPERATOR, STRANGER_HOSPITAL, Cast, id_number
from tests.support.office import Desk, Office

IMPORT = "/console/import/people"
HEAD = ("编号", "姓名", "身份证号", "科室", "职称", "手机")
LI = ("880001", "李雯", id_number(date(1985, 5, 5), 2), "心内科", "主管护师", "13900000021")


@pytest.fixture
def desk(office: Office) -> Desk:
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    return desk


def book(*rows: tuple[object, ...], title: str = "Sheet") -> bytes:
    made = Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def sent(desk: Desk, content: bytes, name: str = "花名册.xlsx") -> TestResponse:
    return desk.send(IMPORT, files={"file": (io.BytesIO(content), name)})


def pasted(desk: Desk, *rows: tuple[str, ...]) -> TestResponse:
    return desk.send(IMPORT, pasted="\n".join("\t".join(row) for row in rows))


def said(page: str) -> str:
    return re.sub(r"<[^>]+>|\s+", "", page)


def people(owner: Engine) -> int:
    with owner.connect() as connection:
        return int(connection.execute(text("select count(*) from person")).scalar_one())


def test_a_workbook_is_checked_imported_and_taken_back(desk: Desk, owner: Engine) -> None:
    before = people(owner)
    wrong = ("880002", "郑海涛", "110101199001011234", "心血管内科", "主管护土", "1390000")

    checked = sent(desk, book(HEAD, LI, wrong))
    address = checked.location
    page = desk.get(address).text
    assert "检查完了：1 行可以导入，1 行有错误" in page
    assert "导入 1 行，跳过 1 行" in page
    assert people(owner) == before

    assert desk.send(address).status_code == 303
    page = desk.get(address).text
    assert "已导入 1 行。24 小时内可以整批撤回" in page
    assert people(owner) == before + 1
    assert "李雯" in desk.get("/console/people?q=liwen").text

    desk.send(f"{address}/undo")
    assert "已整批撤回" in desk.get(address).text
    assert people(owner) == before


def test_what_an_import_changed_of_people_stands_as_before_once_it_is_taken_back(
    desk: Desk, owner: Engine
) -> None:
    stands = text("select name, title, phone_index, path, department_id, status from person p"
                  " where person_no = :no")  # fmt: skip
    with owner.connect() as connection:
        before = connection.execute(stands, {"no": HE_MIN}).one()
    line = (
        HE_MIN,
        "何敏",
        id_number(date(1980, 3, 14), 2),
        "护理部",
        "副主任护师",
        "13900000077",
        "C-2",
    )

    address = sent(desk, book((*HEAD, "卡号"), line)).location
    assert "要改的" in desk.get(f"{address}?show=changed").text
    desk.send(address)
    with owner.connect() as connection:
        assert connection.execute(stands, {"no": HE_MIN}).one() != before
    desk.send(f"{address}/undo")

    with owner.connect() as connection:
        assert connection.execute(stands, {"no": HE_MIN}).one() == before
        cards = connection.execute(
            text("select card_no, state from card where path like '%' || :leaf"),
            {"leaf": before.path.split(".")[-2] + "."},
        ).all()
    assert cards == [(HE_MIN, "active")]


def test_who_was_changed_since_stays_when_an_import_is_taken_back(desk: Desk) -> None:
    address = sent(desk, book(HEAD, LI)).location
    desk.send(address)
    file = desk.get("/console/people/880001").text
    mark = re.search(r'name="seen" value="(\w+)"', file)
    assert mark is not None
    desk.send("/console/people/880001/status", status="maternity", since="2013-03-01", seen=mark[1])

    desk.send(f"{address}/undo")

    assert "有 1 人导入以后又改过" in desk.get(address).text
    assert desk.get("/console/people/880001").status_code == 200


def test_the_same_file_a_second_time_changes_nothing(desk: Desk) -> None:
    content = book(HEAD, LI)
    desk.send(sent(desk, content).location)

    page = desk.get(sent(desk, content).location).text

    assert "新增 0 人，更新 0 人，1 人没有变化" in page


def test_a_double_click_imports_once(desk: Desk) -> None:
    address = sent(desk, book(HEAD, LI)).location
    desk.send(address)

    again = desk.send(address)

    assert again.status_code == 409
    assert "你的操作没有执行" in again.text


def test_columns_may_stand_anywhere_under_a_title_with_others_between(desk: Desk) -> None:
    page = desk.get(
        sent(desk, book(
            ("2026 年花名册",), (),
            ("序号", "联系电话", "姓 名*", "部门", "备注", "身份证号码（18位）", "工号"),
            (1, 13900000021, " 李 雯 ", "心内科", "x", LI[2].lower(), 880001),
        )).location
    ).text  # fmt: skip

    assert "1 行可以导入" in page
    assert "没有读这些列：序号、备注" in page


def test_what_is_left_out_stands_as_it_is(desk: Desk, owner: Engine) -> None:
    mark = re.search(r'name="seen" value="(\w+)"', desk.get(f"/console/people/{HE_MIN}").text)
    assert mark is not None
    desk.send(
        f"/console/people/{HE_MIN}/status", status="maternity", since="2013-03-01", seen=mark[1]
    )
    line = (HE_MIN, "何敏", id_number(date(1980, 3, 14), 2), "", "主任护师", "")

    desk.send(sent(desk, book(HEAD, line)).location)

    page = desk.get(f"/console/people/{HE_MIN}").text
    assert "主任护师，产假" in page
    assert "139****0001" in page


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "no number": ({"编号": ""}, "不能空着"),
    "no name": ({"姓名": ""}, "不能空着"),
    "no identity": ({"身份证号": ""}, "不能空着"),
    "identity as a number": ({"身份证号": 110101199001011234}, "Excel把号码变成了数字"),
    "identity ending in zeros": ({"身份证号": "110101198001010000"}, "末3位都是0"),
    "identity in scientific": ({"身份证号": "1.10101E+17"}, "科学计数"),
    "identity too short": ({"身份证号": "11010119900101123"}, "有17位"),
    "identity with letters": ({"身份证号": "1101O1199001011234"}, "只能是数字"),
    "identity of no day": ({"身份证号": "110101199102301524"}, "出生日期不存在"),
    "identity of the future": ({"身份证号": "110101299001011234"}, "还没有到"),
    "identity with a wrong check": ({"身份证号": LI[2][:-1] + ("1" if LI[2][-1] != "1" else "2")},
                                    "校验不对"),
    "identity of another": ({"身份证号": id_number(date(1980, 3, 14), 2)}, "已属于何敏"),
    "identity elsewhere": ({"身份证号": id_number(date(1970, 10, 10), 7)}, "管辖范围以外"),
    "number elsewhere": ({"编号": "990200001"}, "管辖范围以外"),
    "somebody else's number": ({"编号": HE_MIN}, "像是另一个人"),
    "a name with digits": ({"姓名": "李雯2"}, "姓名里有数字"),
    "a name too long": ({"姓名": "李" * 65}, "最多64个"),
    "no such department": ({"科室": "宇航科研究所"}, "没有这个名字或代码"),
    "a department nearly right": ({"科室": "心内料"}, "有“心内科”"),
    "a title nearly right": ({"职称": "主管护土"}, "应为“主管护师”"),
    "a phone in scientific": ({"手机": "1.39E+10"}, "科学计数"),
    "a phone that cannot be": ({"手机": "12345678901"}, "电话"),
    "a phone as a fraction": ({"手机": 1390000002.5}, "小数或科学计数"),
    "a phone that became a day": ({"手机": date(2026, 1, 3)}, "变成了日期"),
    "an error of a formula": ({"职称": "#N/A"}, "公式出了错"),
    "no such sex": ({"性别": "不详"}, "没有这个选项"),
    "no such status": ({"状态": "借调"}, "没有这个选项"),
    "no such level": ({"职称级别": "特级"}, "没有这个选项"),
    "no such document": ({"证件类型": "学生证"}, "没有这个选项"),
    "a year of two digits": ({"出生日期": "85-5-5"}, "年份只有两位"),
    "an American day": ({"出生日期": "5/5/85"}, "年份只有两位"),
    "a month alone": ({"出生日期": "1985.05"}, "只有年和月"),
    "words for a day": ({"出生日期": "八五年五月"}, "这不是日期"),
    "no such day": ({"状态从哪天起": "2026-02-30"}, "不存在"),
    "born tomorrow": ({"证件类型": "护照", "身份证号": "E1", "出生日期": "2099-01-01"}, "还没有到"),
    "a card of another": ({"卡号": HE_MIN}, "一张卡只属于一个人"),
    "a chip that cannot be": ({"卡号": "C1", "芯片号": "04A1B2"}, "十六进制"),
    "a chip without a card": ({"芯片号": "04A1B2C3"}, "没有填卡号"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_every_kind_of_mistake_is_named_with_row_column_and_remedy(desk: Desk, name: str) -> None:
    other, expected = WRONG[name]
    line = dict(zip(HEAD, LI, strict=True)) | other

    page = desk.get(sent(desk, book(tuple(line), tuple(line.values()))).location).text

    assert "0 行可以导入，1 行有错误" in page
    assert expected in said(page)
    cells = re.findall(r'<tr><td class="r">2</td><td class="nw">([^<]+)</td>', page)
    assert cells[0] in {*other, "姓名", "编号", "卡号"}


MENDED: dict[str, dict[str, object]] = {
    "full-width digits": {"手机": "１３９００００００２１"},
    "blanks around": {"姓名": "　李雯 "},
    "blanks within": {"身份证号": f"{LI[2][:6]} {LI[2][6:14]} {LI[2][14:]}"},
    "signs nobody sees": {"编号": "880001\u200b"},
    "a quote before": {"身份证号": f"'{LI[2]}"},
    "a number as a number": {"编号": 880001, "手机": 13900000021},
    "a day with dots": {"出生日期": "1985.5.5"},
    "a day in Chinese": {"出生日期": "1985年5月5日"},
    "a day without signs": {"出生日期": "19850505"},
    "a day of Excel": {"出生日期": date(1985, 5, 5)},
    "a day as Excel counts": {"出生日期": 31172},
    "other words": {"状态": "在职", "性别": "女性"},
    "a code for a name": {"科室": "H1-1"},
}  # fmt: skip


@pytest.mark.parametrize("name", MENDED)
def test_what_is_plain_enough_is_mended(desk: Desk, name: str) -> None:
    line = dict(zip(HEAD, LI, strict=True)) | MENDED[name]

    page = desk.get(sent(desk, book(tuple(line), tuple(line.values()))).location).text

    assert "1 行可以导入" in page
    assert "行有错误</h1>" not in page


def test_the_error_workbook_is_their_own_with_reasons_and_red_cells(desk: Desk) -> None:
    wrong = ("880002", '=HYPERLINK("http://x","y")', LI[2], "心内料", "护师", "")
    address = sent(desk, book(("花名册",), (*HEAD, "备注"), (*LI, "好"), (*wrong, "留着"))).location

    answer = desk.get(f"{address}/errors")

    sheet = load_workbook(io.BytesIO(answer.data)).active
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[1]][-1] == "错误原因"
    assert rows[2][3].fill.fgColor.rgb.endswith("F8D7D4")
    assert rows[2][7].value.startswith("原表第 4 行，")
    assert "有“心内科”" in rows[2][7].value
    assert rows[2][6].value == "留着"
    assert {cell.data_type for cell in rows[2] if cell.value} == {"s"}


def test_pasted_cells_go_through_the_same_check(desk: Desk) -> None:
    page = desk.get(pasted(desk, HEAD, LI).location).text

    assert "检查完了：1 行可以导入" in page


def test_a_text_file_of_an_old_excel_is_read(desk: Desk) -> None:
    content = "\n".join(",".join(row) for row in (HEAD, LI)).encode("gb18030")

    assert "1 行可以导入" in desk.get(sent(desk, content, "a.csv").location).text


def test_too_many_pasted_rows_are_refused_and_kept(desk: Desk) -> None:
    """As a browser sends them from a form with a file: more than half a megabyte."""
    rows = "\n".join("\t".join(row) for row in (HEAD, *[(*LI, "备注" * 200)] * 501))
    typed = {"form_token": desk.session.csrf, "pasted": rows}
    boundary, body = encode_multipart(typed)
    kind = f"multipart/form-data; boundary={boundary}"
    answer = desk.web.post(IMPORT, data=body, content_type=kind)

    assert answer.status_code == 422
    assert "一次最多 500 行" in said(answer.text).replace("最多500行", "最多 500 行")
    assert "李雯" in answer.text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "还没有选文件"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "旧版Excel"),
        (b"PK\x03\x04 nothing", "打不开"),
        (b"\x80\x81\xff\xff", "不是文字"),
        ("编号,姓名,身份证号\n".encode(), "没有数据"),
    ],
)
def test_what_is_no_roster_is_refused_with_a_remedy(
    desk: Desk, content: bytes, expected: str
) -> None:
    name = "" if not content else "花名册.xlsx"

    answer = desk.send(IMPORT, files={"file": (io.BytesIO(content), name)})

    assert answer.status_code == 422
    assert expected in said(answer.text)


def test_the_template_is_taken_in_again_without_its_sample(desk: Desk) -> None:
    made = load_workbook(io.BytesIO(desk.get(f"{IMPORT}/template").data))
    sheet = made["人员"]
    header = [cell.value for cell in sheet[1]]
    assert sheet.cell(3, header.index("身份证号") + 1).number_format == "@"
    assert len(sheet.data_validations.dataValidation) >= 5
    assert made["说明"].cell(1, 1).value == "编号"
    for name, value in zip(HEAD, LI, strict=True):
        sheet.cell(3, header.index(name) + 1).value = value
    out = io.BytesIO()
    made.save(out)

    page = desk.get(sent(desk, out.getvalue()).location).text

    assert "检查完了：1 行可以导入" in page


def test_an_import_of_another_hospital_is_not_there(desk: Desk, office: Office) -> None:
    address = sent(desk, book(HEAD, LI)).location
    stranger = office.desk(unit=STRANGER_HOSPITAL, name="秦")

    assert stranger.get(address).status_code == 404
    assert stranger.get(f"{address}/errors").status_code == 404
    assert stranger.send(address).status_code == 404
    assert stranger.send(f"{address}/undo").status_code == 404


def test_who_may_only_read_imports_nothing(desk: Desk, office: Office) -> None:
    auditor = office.desk(Role.AUDITOR)

    assert sent(auditor, book(HEAD, LI)).status_code == 403
    assert auditor.get(IMPORT).status_code == 403


def test_a_unit_is_named_where_there_are_several(desk: Desk, office: Office) -> None:
    city = office.desk(Role.CITY_OFFICE, "9901-B")

    asked = sent(city, book(HEAD, LI)).location
    assert "缺少必需的列：单位" in said(city.get(asked).text)
    answer = sent(city, book((*HEAD, "单位"), (*LI, "颍川市第一人民医院")))
    assert "1 行可以导入" in city.get(answer.location).text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("甲,乙\n1,2\n", "没有找到列名"),
        ("编号,姓名,科室\n1,2,3\n", "缺少必需的列：身份证号"),
        ("编号,姓名,姓名,身份证号\n1,2,3,4\n", "出现了两次"),
    ],
)
def test_where_the_columns_are_not_clear_the_page_asks_which_is_which(
    desk: Desk, content: str, expected: str
) -> None:
    address = sent(desk, content.encode(), "a.csv").location

    assert address.endswith("/columns")
    assert expected in said(desk.get(address).text)


def test_which_column_is_which_is_said_and_kept_with_the_file(desk: Desk, office: Office) -> None:
    rows = (("名册",), ("员工", "叫什么", "证号码", "在哪", "称呼"), (*LI[:3], "心内科", "护师"))
    address = sent(desk, book(*rows)).location
    number = address.split("/")[-2]

    page = desk.get(f"{address}?header=2").text
    assert "“证号码”是什么" in page
    assert LI[2] in page
    short = desk.send(address, header="2", c0="person_no", c1="name", c3="department_code")
    assert short.status_code == 422
    assert "缺少必需的列：身份证号" in said(short.text)
    assert '<option value="name" selected>' in short.text
    twice = desk.send(address, header="2", c0="name", c1="name", c2="id_number")
    assert "出现了两次" in said(twice.text)

    chosen = {"c0": "person_no", "c1": "name", "c2": "id_number", "c3": "department_code"}
    answer = desk.send(address, header="2", **chosen)
    page = desk.get(answer.location).text
    assert "检查完了：1 行可以导入" in page
    assert "没有读这些列：称呼" in page
    assert '<option value="id_number" selected>' in desk.get(address).text
    desk.send(f"{IMPORT}/{number}")
    assert "李雯" in desk.get("/console/people?q=liwen").text
    assert desk.get(address).status_code == 302
    stranger = office.desk(unit=STRANGER_HOSPITAL, name="秦")
    assert stranger.get(address).status_code == 404
    assert stranger.send(address).status_code == 404


def test_what_a_file_held_is_forgotten_after_a_day(
    desk: Desk, cast: Cast, clock: Clock, owner: Engine
) -> None:
    desk.send(sent(desk, book(HEAD, LI)).location)
    sent(desk, book(HEAD, LI))
    clock.advance(hours=25)

    with begin(desk.site, cast.hospital_admin) as work:
        table = pasted_table("\n".join("\t".join(row) for row in (HEAD, LI)), "新的")
        tidied = tidy.tidy(table, FORM, imports.spelling(FORM, units.tree(work)))
        commands.check_roster(work, table, tidied)

    with owner.connect() as connection:
        kept = connection.execute(text("select name, state, body is null from people_import"))
        forgotten = ("花名册.xlsx", "done", True)
        assert sorted(map(tuple, kept)) == [("新的", "checked", False), forgotten]
    with begin(desk.site, cast.hospital_admin) as work:
        [old] = people_queries.imports(work, ImportKind.PEOPLE)
        assert people_queries.import_of(work, ImportKind.PEOPLE, old.id).body == {}
