"""公需课 — what a list of courses may say, and what a course is worth by a standard."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

from app.credits.terms import Course, CourseDraft, Worth
from app.kernel.credit import Credit
from app.kernel.errors import RowError
from app.kernel.secret import Secret
from app.kernel.sheet import Line, Reading, Sheet
from app.kernel.tidy import Form, Holds
from app.people.rules import identity
from app.people.terms import Holder
from app.standards import rules
from app.standards.terms import ClaimRole, CmeYear, Pack, Used

FORM = Form(
    {
        "person_no": Holds.CODE, "id_number": Holds.CODE, "name": Holds.NAME,
        "course_year": Holds.AMOUNT, "course": Holds.TEXT, "course_hours": Holds.AMOUNT,
        "course_credits": Holds.AMOUNT, "issuer": Holds.TEXT, "taken_on": Holds.DAY,
    },
    must=(("person_no", "id_number"), ("course",), ("course_year",), ("course_credits",)),
)  # fmt: skip
# The item of a pack that speaks of such courses; where a pack has none, its last class counts them:
# they fill no class that asks for activities of another kind.
PUBLIC = "PUBLIC"
# domain.md 2.2, manual credit
MOST_CREDITS, MOST_HOURS, TEXT_LENGTH, ISSUER_LENGTH = Decimal(99), Decimal(150), 300, 100
_ID_LENGTH = 20


def read(sheet: Sheet, today: date) -> tuple[tuple[CourseDraft, ...], tuple[RowError, ...]]:
    """What the lines say of courses, and which cells say nothing that can stand."""
    drafts, faults = [], []
    for line in sheet.lines:
        reading = Reading(line)
        drafts.append(_draft(reading, today))
        faults += reading.faults
    return tuple(drafts), tuple(faults)


def key_of(course: str) -> str:
    """By which a course is the same as another: its name without blanks and wide signs."""
    return "".join(unicodedata.normalize("NFKC", course).split()).casefold()


def same_course(one: Course) -> tuple[object, ...]:
    """What two entries of one course have in common where they say the same of it."""
    return (
        one.person_id, one.year, key_of(one.course), one.issuer, one.on, one.gross, one.net,
        one.hours,
    )  # fmt: skip


def day_fault(draft: CourseDraft, year: CmeYear, today: date) -> Iterator[RowError]:
    """What keeps a course from having been taken in that year."""
    if draft.taken_on is not None and not year.holds(draft.taken_on):
        yield draft.line.wrong(
            "taken_on", "credits.import.day_outside", first=year.first_on, last=year.last_on,
            year=year.number,
        )  # fmt: skip
    elif draft.taken_on is not None and draft.taken_on > today:
        yield draft.line.wrong("taken_on", "credits.import.day_ahead")
    elif year.first_on > today:
        yield draft.line.wrong("course_year", "credits.import.year_ahead")


def holder_fault(draft: CourseDraft, by_no: Holder | None, by_id: Holder | None) -> RowError | None:
    """What keeps a line from being one person's, whom number or identity name; within sight."""
    line = draft.line
    if draft.person_no and by_no is None:
        return line.wrong("person_no", "credits.import.person_unknown")
    if draft.identity and by_id is None:
        return line.wrong("id_number", "credits.import.identity_unknown")
    if by_no is not None and by_id is not None and by_no.no != by_id.no:
        return line.wrong("id_number", "credits.import.two_people", person=by_no.name)
    holder = by_no or by_id
    if holder is None or not draft.name or draft.name == "".join(holder.name.split()):
        return None
    return line.wrong("name", "credits.import.other_name", person=holder.name)


def new_columns(known: Course, draft: CourseDraft, given: Worth) -> tuple[str, ...]:
    """The columns in which a line says something else of a course than what stands."""
    told = {
        "course_credits": (known.gross, known.net) != (given.gross, given.net),
        "course_hours": draft.periods is not None and known.hours != given.hours,
        "taken_on": draft.taken_on is not None and known.on != draft.taken_on,
        "issuer": bool(draft.issuer) and known.issuer != draft.issuer,
    }
    return tuple(name for name, new in told.items() if new)


def worth(pack: Pack, draft: CourseDraft, used: Credit) -> Worth:
    """What a course gives under a pack, beside what such courses gave in the year already."""
    gross = Credit(draft.credits)
    hours = rules.hours_for(pack, gross) if draft.periods is None else _hours(pack, draft.periods)
    item = next((item for item in pack.items if item.code == PUBLIC), None)
    if item is None:
        of_class = pack.classes[-1] if pack.classes else None
        return Worth(PUBLIC, of_class, gross, None, gross, hours)
    limits = rules.limits_of(pack, item, ClaimRole.ATTENDEE)
    after = rules.limited(gross, limits, Used(year=used))
    return Worth(PUBLIC, item.credit_class, gross, after.cap, after.net, hours)


def _hours(pack: Pack, periods: Decimal) -> Decimal:
    """小时 — so many periods (学时) of the pack's length."""
    return rules.to_the_hundredth(
        Fraction(periods) * pack.study_time.period_minutes / 60
    ).amount  # fmt: skip


def _draft(reading: Reading, today: date) -> CourseDraft:
    no, number = reading.code("person_no"), _identity(reading, today)
    if not reading.line["person_no"] and not reading.line["id_number"]:
        reading.refuse("person_no", "credits.import.nobody")
    year = _amount(reading, "course_year", Decimal(2999), must=True)
    if year is not None and (year != int(year) or year < 1990):  # noqa: PLR2004  as projects have it
        reading.refuse("course_year", "credits.import.year")
        year = None
    credits = _amount(reading, "course_credits", MOST_CREDITS, must=True)
    return CourseDraft(
        line=reading.line,
        person_no=no,
        identity=number,
        name="".join(reading.line["name"].split()),
        year=int(year or 0),
        course=reading.text("course", TEXT_LENGTH, must=True),
        periods=_amount(reading, "course_hours", MOST_HOURS),
        credits=credits or Decimal(),
        issuer=reading.text("issuer", ISSUER_LENGTH),
        taken_on=reading.day("taken_on"),
    )


def _identity(reading: Reading, today: date) -> Secret:
    number = reading.plain("id_number", _ID_LENGTH).upper()
    card = identity.id_card(number, today)
    if isinstance(card, identity.IdCard):
        return Secret(card.number)
    # A number that begins like a card's and is none was written wrong; others have other papers.
    if number[:6].isdecimal() and number and not reading.line["person_no"]:
        reading.refuse("id_number", card.code, length=len(number))
        return Secret("")
    return Secret(number)


def _amount(
    reading: Reading, column: str, most: Decimal, *, must: bool = False
) -> Decimal | None:  # fmt: skip
    text = reading.plain(column, 16, must=must)
    if not text:
        return None
    amount = Decimal(text)
    if not 0 < amount <= most:
        reading.refuse(column, "credits.import.amount", most=most)
        return None
    return amount


def repeated(drafts: Mapping[tuple[int, int, str], list[Line]]) -> Iterator[RowError]:
    """A fault for every line that tells once more of one person's course of a year."""
    for lines in drafts.values():
        for line in lines[1:]:
            yield line.wrong("course", "credits.import.twice", other=lines[0].row)
