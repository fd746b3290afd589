"""人员 — the list of a hospital of 40,000, and a roster of 10,000 rows checked and stored."""

from __future__ import annotations

import gzip
import io
import re
import time
from collections.abc import Callable
from datetime import date, timedelta
from statistics import median

from openpyxl import Workbook
from sqlalchemy import text

from tests.load.ground import Ground, ground, populate
from tests.load.whatif import desk_of
from tests.support.cast import id_number
from tests.support.office import Desk

PEOPLE, ROWS = 40_000, 10_000
_ROUNDS = 5
_LIST = "/console/people"
_ONE_HOSPITAL = text("""
update person set unit_id = 10, path = '1.2.10.p' || id || '.', title_level = 'middle',
  name = chr((19968 + id % 20000)::int) || chr((20000 + id * 7 % 20000)::int),
  name_key = chr((97 + id % 26)::int) || 'ang ' || chr((97 + id * 7 % 26)::int) || 'i' || id % 97
""")
_ASKED = {
    "first page": "",
    "a name": "?q=%E4%B8%AD",
    "pinyin": "?q=wang",
    "initials": "?q=wl",
    "a level": "?level=middle",
    "nobody": "?q=%E4%B8%AD&status=maternity",
}


def measure() -> None:
    """Open the list and sift it, then take in a roster, and print what it took."""
    with ground() as on:
        desk = _hospital(on)
        for name, asked in _ASKED.items():
            took = [_timed(lambda asked=asked: _get(desk, asked)) for _ in range(_ROUNDS)]
            print(
                f"list of {PEOPLE:,}, {name}: {median(one[0] for one in took) * 1000:.0f} ms (goal:"
                f" under {1000 if not asked else 300} ms), {_weight(desk, took[-1][1]) / 1024:.0f}"
                " KB packed with all it loads (goal: under 300)"
            )
        checked, address = _timed(lambda: _checked(desk, _roster()))
        stored, _ = _timed(lambda: _stored(desk, address))
        print(f"{ROWS:,} rows: read and checked in {checked:.1f} s (goal: under 10 s)")
        print(f"{ROWS:,} rows: stored in {stored:.1f} s (goal: under 20 s)")


def _hospital(on: Ground) -> Desk:
    """The administrator of a hospital of so many people."""
    populate(on.owner, PEOPLE)
    with on.owner.begin() as connection:
        connection.execute(_ONE_HOSPITAL)
        # They were given their ids; new ones come after.
        connection.execute(text("select setval(pg_get_serial_sequence('person', 'id'), :n)"),
                           {"n": PEOPLE})  # fmt: skip
    with on.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum full analyze person"))
    return desk_of(on.site)


def _roster() -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(
        ["编号", "姓名", "身份证号", "职称", "性别", "手机", "学历", "专业", "状态", "备注"]
    )
    first = date(1960, 1, 1)
    for n in range(ROWS):
        number = id_number(first + timedelta(days=n), 100 + n % 800)
        line = [
            f"R{n:06}",
            "李雯",
            number,
            "主管护师",
            "",
            f"139{n:08}",
            "本科",
            "护理学",
            "正常",
            "x",
        ]
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _checked(desk: Desk, content: bytes) -> str:
    file = (io.BytesIO(content), "花名册.xlsx")
    answer = desk.send("/console/import/people", files={"file": file})
    assert answer.status_code == 303, answer.text
    page = desk.get(answer.location).text
    assert f"{ROWS} 行可以导入" in page, page
    return str(answer.location)


def _stored(desk: Desk, address: str) -> str:
    answer = desk.send(address)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def _get(desk: Desk, asked: str) -> str:
    answer = desk.get(f"{_LIST}{asked}")
    assert answer.status_code == 200, answer.status_code
    return answer.text


def _weight(desk: Desk, page: str) -> int:
    """What a browser that was never here loads for the page, packed."""
    packed = {"Accept-Encoding": "gzip"}
    loaded = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    parts = [desk.get(address, headers=packed).get_data() for address in loaded]
    return len(gzip.compress(page.encode())) + sum(map(len, parts))


def _timed(act: Callable[[], str]) -> tuple[float, str]:
    began = time.perf_counter()
    answer = act()
    return time.perf_counter() - began, answer
