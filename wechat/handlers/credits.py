"""学分 — what a person has in a year, what is missing, and where the rest stands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from app.base import words
from app.base.work import Work, passes
from app.credits import queries as credits
from app.kernel.credit import Credit
from app.kernel.span import local_date
from app.people.terms import PersonNo
from app.standards.terms import CmeYear, Result, Standing
from wechat import links
from wechat.handlers.bound import as_person
from wechat.replies import say
from wechat.router import Ask

_TITLE = 16
# Years that can be told apart from a slip of the finger.
_FIRST_YEAR, _LAST_YEAR = 1990, 2999


@passes("credits.position_of")
@as_person
def answer(work: Work, ask: Ask, person_no: PersonNo) -> str:
    """学分、学分 2013 — the person's own year, the present one where none is named."""
    today = local_date(work.now)
    year = int(ask.rest) if ask.rest else None
    if year is not None and not _FIRST_YEAR <= year <= _LAST_YEAR:
        return say("credits.no_such_year", year=ask.rest, example=today.year)
    found = credits.position_of(work, person_no, year)
    said = told(found.year, found.standing, today)
    if today < found.year.first_on:
        return said
    url = links.page(ask, f"credits/{found.year.number}", work)
    return _joined(said, say("credits.link", url=url))


def told(year: CmeYear, standing: Standing, today: date) -> str:
    """The year in words: what is missing, and what is there."""
    if today < year.first_on:
        return say("credits.not_begun", year=year.number)
    if not standing.have.total:
        code = "credits.none_yet" if year.holds(today) else "credits.none"
        head = say(code, year=year.number)
        return _joined(head, _need(standing), _left(year, standing, today))
    return _joined(_head(year, standing), _left(year, standing, today), _have(standing))


def shown(amount: Credit | Decimal) -> str:
    """An amount as people write it: 3.5, 20."""
    exact = amount.amount if isinstance(amount, Credit) else amount
    return f"{exact.normalize():f}"


def classed(name: str) -> str:
    """学分类别 — as people write it; a class of a pack that has no other name stands as it is."""
    return words.book("replies").get(f"class.{name}", name)


def titled(title: str) -> str:
    """A title short enough for one line of a chat."""
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}\u2026"


def _head(year: CmeYear, standing: Standing) -> str:
    have = shown(standing.have.total)
    match standing.result:
        case Result.NOT_COUNTED:
            return say("credits.not_counted", year=year.number, have=have)
        case Result.MET:
            return say("credits.met", year=year.number, have=have)
        case Result.SHORT:
            missing = standing.missing
            parts = [
                say("credits.gap_class", name=classed(name), gap=shown(gap))
                for name, gap in standing.gap.by_class
                if gap
            ]
            if not parts:
                return say("credits.gap", year=year.number, gap=shown(missing))
            return say(
                "credits.gap_by_class",
                year=year.number,
                gap=shown(missing),
                classes=say("credits.comma").join(parts),
            )


def _left(year: CmeYear, standing: Standing, today: date) -> str:
    if standing.result is not Result.SHORT or not year.holds(today):
        return ""
    last = year.last_on
    return say("credits.left", month=last.month, day=last.day, days=(last - today).days)


def _need(standing: Standing) -> str:
    if standing.result is Result.NOT_COUNTED:
        return ""
    return say("credits.need", need=shown(standing.need.total))


def _have(standing: Standing) -> str:
    need, have = standing.need, standing.have
    parts = [_beside(classed(name), amount, need.of(name)) for name, amount in have.by_class]
    if have.hours is not None and need.hours is not None:
        parts.append(_beside(say("credits.hours"), have.hours, need.hours))
    total = _beside(say("credits.total"), have.total, need.total)
    return say("credits.comma").join((total, *parts))


def _beside(name: str, have: Credit, need: Credit) -> str:
    """What is there beside what is asked, where anything is."""
    code = "credits.of_need" if need else "credits.of_none"
    return say(code, name=name, have=shown(have), need=shown(need))


def _joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
