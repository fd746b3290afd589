"""花名册 — what a file of people may say."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import fields
from datetime import date

from app.kernel.errors import RowError
from app.kernel.secret import Secret
from app.kernel.sheet import Columns, Line, Reading, Sheet, repeated
from app.kernel.tidy import Form, Holds
from app.org.terms import Unit, UnitKind
from app.people.rules import history, identity
from app.people.terms import (
    ALWAYS,
    Holder,
    IdType,
    KnownPerson,
    PersonDraft,
    PersonPlan,
    Profile,
    Sex,
    Status,
    TitleLevel,
)

COLUMNS = Columns(
    required=("person_no", "name", "id_type", "id_number", "unit_code", "status"),
    optional=(
        "sex", "birth_date", "department_code", "title", "title_level", "post", "education",
        "specialty", "phone", "status_from",
    ),
)  # fmt: skip
FORM = Form(
    {
        "person_no": Holds.CODE, "name": Holds.NAME, "id_type": Holds.WORD,
        "id_number": Holds.CODE, "unit_code": Holds.PLACE, "department_code": Holds.PLACE,
        "title": Holds.TITLE, "title_level": Holds.WORD, "post": Holds.TEXT,
        "education": Holds.TEXT, "specialty": Holds.TEXT, "phone": Holds.CODE,
        "sex": Holds.WORD, "birth_date": Holds.DAY, "status": Holds.WORD,
        "status_from": Holds.DAY, "card_no": Holds.CODE, "card_uid": Holds.CODE,
    },
    must=(("person_no",), ("name",), ("id_number",)),
)  # fmt: skip
TEXT_LENGTH = 64
ID_LENGTH = 20
PHONE_LENGTH = 20

# Regions have their bureaus for that.
_EMPLOYERS = frozenset({UnitKind.HOSPITAL, UnitKind.BUREAU})
# The column of each part of a profile whose name differs.
_COLUMN_OF = {"birth_on": "birth_date"}
# An ID card tells these, whether the file has the columns or not.
_TOLD = frozenset({"sex", "birth_on"})


def read(sheet: Sheet, today: date) -> tuple[tuple[PersonDraft, ...], tuple[RowError, ...]]:
    """What the lines say, and which cells say nothing that can stand."""
    drafts, faults = [], []
    for line in sheet.lines:
        reading = Reading(line)
        drafts.append(_draft(reading, today))
        faults += reading.faults
    numbers = [(draft.line, draft.no) for draft in drafts]
    faults += repeated(numbers, "person_no", "people.import.no_repeated")
    identities = [(draft.line, draft.identity.reveal()) for draft in drafts]
    faults += repeated(identities, "id_number", "people.import.id_repeated")
    return tuple(drafts), tuple(faults)


def settled(sheet: Sheet, known: Mapping[str, KnownPerson]) -> Sheet:
    """The sheet with what its lines leave out: as it stands of who is known, the usual of others.

    A cell that could not be read is a fault, and stays empty.
    """
    wrong = {(fault.row, fault.column) for fault in sheet.faults}
    lines = tuple(_settled(line, known.get(line["person_no"]), wrong) for line in sheet.lines)
    columns = (*sheet.columns, *(name for name in lines[0].cells if name not in sheet.columns))
    return Sheet(columns, lines, sheet.faults)


def _settled(line: Line, known: KnownPerson | None, wrong: Container[tuple[int, str]]) -> Line:
    cells = dict(line.cells)
    if not cells.get("id_type") and (line.row, "id_type") not in wrong:
        cells["id_type"] = known.profile.id_type if known else IdType.ID_CARD
    if not cells.get("status") and (line.row, "status") not in wrong:
        since, status = known.history[-1] if known and known.history else (ALWAYS, Status.NORMAL)
        cells["status"] = status
        if not cells.get("status_from") and (line.row, "status_from") not in wrong:
            cells["status_from"] = "" if since == ALWAYS else since.isoformat()
    if not cells.get("phone"):
        # An empty cell is no reason to forget how somebody can be reached.
        cells.pop("phone", None)
    return Line(line.row, cells)


def judge_unit(draft: PersonDraft, units: Mapping[str, Unit]) -> Iterator[RowError]:
    """What is wrong with the unit and the department of a line, among the units in sight."""
    line = draft.line
    unit, department = units.get(draft.unit_code), units.get(draft.department_code)
    if draft.unit_code and unit is None:
        yield line.wrong("unit_code", "people.import.unit_unknown")
    elif unit is not None and unit.kind is UnitKind.DEPARTMENT:
        yield line.wrong("unit_code", "people.import.unit_is_department", unit=unit.name)
    elif unit is not None and unit.kind not in _EMPLOYERS:
        yield line.wrong("unit_code", "people.import.unit_is_region", unit=unit.name)
    if not draft.department_code:
        return
    if department is None:
        yield line.wrong("department_code", "people.import.department_unknown")
    elif department.kind is not UnitKind.DEPARTMENT:
        yield line.wrong(
            "department_code", "people.import.not_a_department", department=department.name
        )
    elif unit is not None and unit.kind in _EMPLOYERS and not _keeps(unit, department):
        yield line.wrong(
            "department_code",
            "people.import.department_elsewhere",
            department=department.name,
            unit=unit.name,
        )


def _keeps(unit: Unit, department: Unit) -> bool:
    """Whether people of this unit may stand in this department.

    A bureau holds its hospitals' departments, which yet are not its own.
    """
    return unit.kind is UnitKind.HOSPITAL and unit.place.holds(department.place)


def judge_person(
    draft: PersonDraft,
    index: bytes,
    known: KnownPerson | None,
    units: Mapping[str, Unit],
    holders: Mapping[str | bytes, Holder],
) -> Iterator[RowError]:
    """What keeps a line from being this person: the number or the identity of somebody else.

    `index` is the look-up hash of the line's identity; `holders` knows people of the whole
    platform by number and by such hashes.
    """
    line, unit = draft.line, units.get(draft.unit_code)
    if known is not None and known.merged_into is not None:
        yield line.wrong("person_no", "people.import.merged")
    if known is None and draft.no in holders:
        yield line.wrong("person_no", "people.import.no_elsewhere")
    elif known is not None and unit is not None and known.unit_id != unit.id:
        yield line.wrong("unit_code", "people.import.unit_fixed", person=known.profile.name)
    holder = holders.get(index) if draft.identity else None
    if holder is not None and holder.no != draft.no:
        if holder.in_sight:
            yield line.wrong(
                "id_number", "people.import.id_taken", person=holder.name, person_no=holder.no
            )
        else:
            yield line.wrong("id_number", "people.import.id_elsewhere")
    elif (
        known is not None
        and (draft.identity and index != known.identity_index)
        and (draft.profile.name and draft.profile.name != known.profile.name)
    ):
        yield line.wrong("person_no", "people.import.somebody_else", person=known.profile.name)


def plan(
    draft: PersonDraft,
    known: KnownPerson | None,
    units: Mapping[str, Unit],
    departments: Mapping[int, Unit],
) -> PersonPlan:
    """What will stand of the person of a faultless line; `departments` holds the known people's."""
    unit, department = units[draft.unit_code], units.get(draft.department_code)
    if known is None:
        told = history.restated((), draft.status, draft.status_from)
        return PersonPlan(draft, draft.profile, unit, department, told, None, ())
    if not draft.line.has("department_code") and known.department_id is not None:
        department = departments[known.department_id]
    profile = _kept(draft, known.profile)
    told = history.restated(known.history, draft.status, draft.status_from)
    columns = [
        _COLUMN_OF.get(part.name, part.name)
        for part in fields(Profile)
        if getattr(profile, part.name) != getattr(known.profile, part.name)
    ]
    if (department.id if department else None) != known.department_id:
        columns.append("department_code")
    if told != known.history:
        columns.append("status")
    return PersonPlan(draft, profile, unit, department, told, known, tuple(columns))


def _kept(draft: PersonDraft, standing: Profile) -> Profile:
    """The line's profile; of the parts for which the file has no column, what stands."""
    told = _TOLD if draft.profile.id_type is IdType.ID_CARD else frozenset()
    said = {
        part.name: getattr(
            draft.profile
            if part.name in told or draft.line.has(_COLUMN_OF.get(part.name, part.name))
            else standing,
            part.name,
        )
        for part in fields(Profile)
    }
    return Profile(**said)


def _draft(reading: Reading, today: date) -> PersonDraft:
    no = reading.code("person_no", must=True)
    name = _name(reading)
    id_type = reading.word("id_type", IdType, must=True)
    number, card = _id_number(reading, id_type, today)
    sex, birth_on = _told(reading, card, today)
    return PersonDraft(
        line=reading.line,
        no=no,
        profile=Profile(
            name=name,
            id_type=id_type or IdType.OTHER,
            id_number=Secret(number),
            sex=sex,
            birth_on=birth_on,
            title=reading.text("title", TEXT_LENGTH),
            title_level=reading.word("title_level", TitleLevel),
            post=reading.text("post", TEXT_LENGTH),
            education=reading.text("education", TEXT_LENGTH),
            specialty=reading.text("specialty", TEXT_LENGTH),
            phone=_phone(reading),
        ),
        identity=Secret(card.number if card else number),
        unit_code=reading.code("unit_code", must=True),
        department_code=reading.code("department_code"),
        status=reading.word("status", Status, must=True) or Status.NORMAL,
        status_from=reading.day("status_from") or ALWAYS,
        notes=tuple(reading.notes),
    )


def _name(reading: Reading) -> str:
    name = reading.text("name", TEXT_LENGTH, must=True)
    bare = "".join(name.split())
    # Rosters pad names of two characters with blanks; names in Latin letters need theirs.
    return " ".join(name.split()) if any(sign.isascii() for sign in bare) else bare


def _id_number(
    reading: Reading, id_type: IdType | None, today: date
) -> tuple[str, identity.IdCard | None]:
    column = "id_number"
    number = reading.plain(column, ID_LENGTH, must=True).upper()
    if id_type is not IdType.ID_CARD or not number:
        return number, None
    card = identity.id_card(number, today)
    if isinstance(card, identity.Refusal):
        reading.refuse(column, card.code, length=len(number))
        return "", None
    return number, card


def _told(
    reading: Reading, card: identity.IdCard | None, today: date
) -> tuple[Sex | None, date | None]:
    sex, birth_on = reading.word("sex", Sex), reading.day("birth_date")
    if birth_on is not None and birth_on > today:
        reading.refuse("birth_date", "people.import.unborn")
        birth_on = None
    if card is None:
        return sex, birth_on
    if sex not in {None, card.sex}:
        reading.note("sex", "people.import.sex_differs", told=card.sex)
    if birth_on not in {None, card.birth_on}:
        reading.note("birth_date", "people.import.birthday_differs", told=card.birth_on)
    return card.sex, card.birth_on


def _phone(reading: Reading) -> Secret:
    number = reading.plain("phone", PHONE_LENGTH)
    if not number:
        return Secret("")
    phone = identity.phone(number)
    if isinstance(phone, identity.Refusal):
        reading.refuse("phone", phone.code)
        return Secret("")
    return Secret(phone)
