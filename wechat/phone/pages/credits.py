"""我的学分 — a year, and one credit of it."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from app.awards import queries as awards
from app.base.work import passes
from app.credits import queries as credits
from app.kernel.errors import InvalidError
from app.kernel.span import local_date
from app.people import queries as people
from app.speech.saying import moment
from wechat.phone import faces
from wechat.phone.blueprint import blueprint
from wechat.phone.entering import Visit, bound
from wechat.phone.views import credits as views
from wechat.phone.views import entry as stories

# The present year and those before it are always offered; older ones where there is credit.
_OFFERED = 3

_YEAR_DOORS = (
    "credits.position_of", "credits.entries_of", "credits.years_of", "awards.activities_of",
    "people.staff_of",
)  # fmt: skip


@blueprint.get("/<slug>/")
@passes(*_YEAR_DOORS)
@bound
def home(visit: Visit) -> ResponseReturnValue:
    """The present year."""
    return _year(visit, None)


@blueprint.get("/<slug>/credits")
@passes(*_YEAR_DOORS)
@bound
def present(visit: Visit) -> ResponseReturnValue:
    """The present year, by its longer address."""
    return _year(visit, None)


@blueprint.get("/<slug>/credits/<int:year>")
@passes(*_YEAR_DOORS)
@bound
def year(visit: Visit, year: int) -> ResponseReturnValue:
    """A year of credit."""
    return _year(visit, year)


@blueprint.get("/<slug>/credit/<int:entry>")
@passes("credits.story_of", "people.staff_of")
@bound
def credit(visit: Visit, entry: int) -> ResponseReturnValue:
    """One credit: for what, how much, by which rule, and whether it was taken back."""
    with visit.work() as work:
        staff = people.staff_of(work, visit.person_no)
        page = stories.page(credits.story_of(work, visit.person_no, entry))
    return faces.show("credit", page=page, staff=staff)


def _year(visit: Visit, number: int | None) -> ResponseReturnValue:
    with visit.work() as work:
        staff = people.staff_of(work, visit.person_no)
        today = local_date(work.now)
        with_credit = credits.years_of(work, visit.person_no)
        try:
            found = credits.position_of(work, visit.person_no, number)
        except InvalidError:
            return _no_year(_years(today.year, with_credit))
        years = _years(today.year, with_credit)
        if found.year.first_on > today:
            return _no_year(years)
        entries = credits.entries_of(work, visit.person_no, found.year.number)
        activities = awards.activities_of(work, visit.person_no, found.year.span)
        now = moment(work.now)
    page = views.page(found, entries, activities, today)
    years = tuple(sorted({*years, page.year}, reverse=True))
    return faces.show("credits", page=page, staff=staff, years=years, now=now)


def _no_year(years: tuple[int, ...]) -> ResponseReturnValue:
    return faces.refuse("no_year", 404, years=years)


def _years(this: int, with_credit: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({*with_credit, *range(this - _OFFERED + 1, this + 1)}, reverse=True))
