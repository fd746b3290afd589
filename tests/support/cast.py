"""演员表 — the fixed cast: a fictional city and a stranger one, made by the product's own commands.

Ask for the fixture `cast`; the database then holds these units and people, and nothing else:

    99  某省 province
      9901  颍川市 city                       9901-B  its bureau (继教办)
        H1  颍川市第一人民医院 tertiary         H1-1 心内科, H1-2 护理部
        990101  青禾县 county                 990101-B  its bureau
          H2  青禾县人民医院 secondary          H2-1 内科, H2-2 急诊科
        990102  白榆县 county, without a hospital
      9902  云泽市 the stranger city
        H9  云泽市中医院 tertiary              H9-1 针灸科

    cast.unit("H1")            -> org.terms.Unit
    cast.person(HE_MIN)        -> people.terms.Person; `cast.people` holds all by number
    cast.actor(Role.X, "H1")   -> Actor of that role over the realm of that unit
    cast.operator, .city_office, .county_bureau, .hospital_admin (H1), .county_hospital_admin (H2),
    .secretary (H1-1), .auditor (city), .stranger (admin of H9)      -> Actor
    cast.self(HE_MIN)          -> Actor of the person's own place, by WeChat
    cast.robot("9901")         -> Actor of a job at that unit's place

    units_sheet(text), people_sheet(text)
                               -> Sheet of a CSV text, for `import_units` and `import_people`
    csv_of(columns, row, ...)  -> the CSV text of these rows
    id_number(born, order)     -> an ID card number of region 999999 (order odd: male, even: female)
    cli("org", "import", path) -> Spoken(code, out, err), through `desk.run` with the test's site;
                                  Spoken.json is the document under --json

Who is who: `PEOPLE` below. Everybody of it has the status normal and, but for XIE_FANG, an active
card whose number is the person's number and whose UID is `UIDS[number]`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.cards import rules as cards_rules
from app.cli import desk, verbs
from app.kernel.actor import Actor, Role, Via
from app.kernel.place import Place
from app.kernel.sheet import Sheet, read_csv
from app.org import commands as org
from app.org import queries as org_queries
from app.org import rules as org_rules
from app.org.terms import Unit
from app.people import queries as people
from app.people.rules.identity import check_sign
from app.people.terms import Person

PROVINCE, CITY, STRANGER_CITY = "99", "9901", "9902"
CITY_BUREAU, COUNTY_BUREAU = "9901-B", "990101-B"
COUNTY, EMPTY_COUNTY = "990101", "990102"
HOSPITAL, COUNTY_HOSPITAL, STRANGER_HOSPITAL = "H1", "H2", "H9"
CARDIOLOGY, NURSING = "H1-1", "H1-2"
MEDICINE, EMERGENCY = "H2-1", "H2-2"
ACUPUNCTURE = "H9-1"

HE_MIN = "990100001"  # 何敏, nurse in charge, cardiology of H1, middle
ZHOU_LAN = "990100002"  # 周岚, physician, cardiology of H1, vice senior
SHAN_XIAO = "990100003"  # 单晓, nurse, nursing of H1, junior
CAO_JING = "990100004"  # 曹静, nurse, nursing of H1, junior
ZHENG_HAI = "990110001"  # 郑海, physician, medicine of H2, middle
TIAN_HUI = "990110002"  # 田慧, nurse, emergency of H2, junior
XIE_FANG = "990110003"  # 解芳, pharmacist of H2 without a department and without a card, senior
LU_YAO = "990190001"  # 陆遥, the county bureau's own clerk
STRANGER = "990200001"  # 秦望, of the stranger hospital

UNITS = """code,parent_code,kind,name,order,grade
99,,province,某省,1,
9901,99,city,颍川市,1,
9901-B,9901,bureau,颍川市卫生局,1,
H1,9901,hospital,颍川市第一人民医院,2,tertiary
H1-1,H1,department,心内科,1,
H1-2,H1,department,护理部,2,
990101,9901,county,青禾县,3,
990101-B,990101,bureau,青禾县卫生局,1,
H2,990101,hospital,青禾县人民医院,2,secondary
H2-1,H2,department,内科,1,
H2-2,H2,department,急诊科,2,
990102,9901,county,白榆县,4,
9902,99,city,云泽市,2,
H9,9902,hospital,云泽市中医院,1,tertiary
H9-1,H9,department,针灸科,1,
"""

# number, name, born, order (odd: male), unit, department, title, level, phone
PEOPLE: tuple[tuple[str, str, date, int, str, str, str, str, str], ...] = (
    (HE_MIN, "何敏", date(1980, 3, 14), 2, "H1", "H1-1", "主管护师", "middle", "13900000001"),
    (ZHOU_LAN, "周岚", date(1972, 11, 2), 1, "H1", "H1-1", "副主任医师", "vice_senior", ""),
    (SHAN_XIAO, "单晓", date(1990, 6, 30), 4, "H1", "H1-2", "护师", "junior", "13900000003"),
    (CAO_JING, "曹静", date(1988, 1, 9), 6, "H1", "H1-2", "护士", "junior", ""),
    (ZHENG_HAI, "郑海", date(1979, 8, 21), 3, "H2", "H2-1", "主治医师", "middle", "13900000005"),
    (TIAN_HUI, "田慧", date(1991, 12, 5), 8, "H2", "H2-2", "护士", "junior", "13900000006"),
    (XIE_FANG, "解芳", date(1965, 4, 17), 10, "H2", "", "主任药师", "senior", ""),
    (LU_YAO, "陆遥", date(1975, 2, 28), 5, "990101-B", "", "", "", "0999-2123456"),
    (STRANGER, "秦望", date(1970, 10, 10), 7, "H9", "H9-1", "主任医师", "senior", "13900000009"),
)
UIDS = {person[0]: f"04A1B2{order:02X}C3D480" for order, person in enumerate(PEOPLE, start=1)}


@dataclass(frozen=True, slots=True)
class Cast:
    """The units and people as they stand once the cast is made."""

    units: dict[str, Unit]
    people: dict[str, Person]

    def unit(self, code: str) -> Unit:
        return self.units[code]

    def person(self, no: str) -> Person:
        return self.people[no]

    def actor(self, role: Role, code: str, via: Via = Via.CONSOLE) -> Actor:
        return Actor(f"{role}@{code}", via, self.units[code].realm, role)

    def self(self, no: str) -> Actor:
        return Actor(no, Via.WECHAT, self.people[no].place, Role.PERSON)

    def robot(self, code: str) -> Actor:
        return Actor("robot:tests", Via.JOB, self.units[code].place, Role.ROBOT)

    @property
    def operator(self) -> Actor:
        return OPERATOR

    @property
    def city_office(self) -> Actor:
        return self.actor(Role.CITY_OFFICE, CITY_BUREAU)

    @property
    def county_bureau(self) -> Actor:
        return self.actor(Role.COUNTY_BUREAU, COUNTY_BUREAU)

    @property
    def hospital_admin(self) -> Actor:
        return self.actor(Role.HOSPITAL_ADMIN, HOSPITAL)

    @property
    def county_hospital_admin(self) -> Actor:
        return self.actor(Role.HOSPITAL_ADMIN, COUNTY_HOSPITAL)

    @property
    def secretary(self) -> Actor:
        return self.actor(Role.DEPARTMENT_SECRETARY, CARDIOLOGY)

    @property
    def auditor(self) -> Actor:
        return self.actor(Role.AUDITOR, CITY)

    @property
    def stranger(self) -> Actor:
        return self.actor(Role.HOSPITAL_ADMIN, STRANGER_HOSPITAL)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a verb answered: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


OPERATOR = Actor("tests", Via.CLI, Place.root(), Role.OPERATOR)


def id_number(born: date, order: int) -> str:
    """An ID card number of the unassigned region 999999, its check digit right."""
    first_17 = f"999999{born:%Y%m%d}{order:03d}"
    return first_17 + check_sign(first_17)


def units_sheet(text: str) -> Sheet:
    """The sheet of a CSV text of units."""
    return read_csv(text.encode(), org_rules.COLUMNS)


def people_sheet(text: str) -> Sheet:
    """The sheet of a CSV text of people."""
    return read_csv(text.encode(), cards_rules.COLUMNS)


def csv_of(columns: Sequence[str], *rows: Sequence[str]) -> str:
    """The CSV text with these columns and rows."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()


def roster_csv() -> str:
    """The file of people from which the cast is made."""
    columns = tuple(cards_rules.COLUMNS)
    return csv_of(
        columns, *([cells[column] for column in columns] for cells in map(_cells, PEOPLE))
    )


def _cells(person: tuple[str, str, date, int, str, str, str, str, str]) -> dict[str, str]:
    no, name, born, order, unit, department, title, level, phone = person
    cells = dict.fromkeys(cards_rules.COLUMNS, "") | {
        "person_no": no, "name": name, "id_type": "id_card", "id_number": id_number(born, order),
        "unit_code": unit, "department_code": department, "title": title, "title_level": level,
        "phone": phone, "status": "normal",
    }  # fmt: skip
    return cells if no == XIE_FANG else cells | {"card_no": no, "card_uid": UIDS[no]}


@pytest.fixture
def cast(site: Site) -> Cast:
    """The cast, made by the commands an operator would use."""
    with begin(site, OPERATOR) as work:
        org.import_units(work, units_sheet(UNITS))
    with begin(site, OPERATOR) as work:
        cards.import_people(work, people_sheet(roster_csv()))
    codes = [line.split(",")[0] for line in UNITS.splitlines()[1:]]
    with begin(site, OPERATOR) as work:
        units = org_queries.units_by_code(work, codes)
        return Cast(units, dict(people.people_by_no(work, [person[0] for person in PEOPLE])))


@pytest.fixture
def cli(site: Site) -> Callable[..., Spoken]:
    """Run an operator's verb in this process, on the test's own site."""

    def run(*words: object) -> Spoken:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = desk.run([str(word) for word in words], lambda: site, verbs.root)
        return Spoken(code, out.getvalue(), err.getvalue())

    return run
