"""造城 — the demo city made by the commands an operator would use; whatever stands already stays.

Each step asks the database whether it is done, so that one that was interrupted goes on.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from app.cards import commands as cards
from app.cards import rules as card_rules
from app.cards.terms import CardState
from app.cli import filing
from app.cli.demo import followers, materials, programme, roster, terminals
from app.cli.demo.calendar import Calendar, moment
from app.cli.demo.platform import Simulator
from app.cli.demo.roster import Staff
from app.cli.demo.telling import tell
from app.cli.desk import Desk
from app.kernel.sheet import read_csv
from app.kernel.span import local, local_date
from app.org import commands as org
from app.org import queries as units
from app.org import rules as org_rules
from app.projects import commands as projects
from app.standards import commands as standards

CITY = "9901"
_REGIONAL_PACK = "henan-hospital-activity"
_NOON = "12:00"


class Stands(StrEnum):
    """What the database holds."""

    NOTHING = "nothing"
    BEGUN = "begun"
    CITY = "city"
    OTHERS = "others"  # units that are not of the demo: nothing is made up beside them


def stands(desk: Desk) -> Stands:
    """What the database holds; the last thing that seeding makes tells that all is there."""
    province = materials.rows("units")[0]
    with desk.work() as work:
        found = units.units_by_code(work, [province["code"]]).get(province["code"])
        if found is None:
            return Stands.NOTHING if units.is_empty(work) else Stands.OTHERS
    if found.name != province["name"]:
        return Stands.OTHERS
    return Stands.CITY if followers.all_bound(desk) else Stands.BEGUN


def seed(desk: Desk, folder: Path, simulator: Simulator | None) -> None:
    """Make the city; the files it is made from, and those of its terminals, lie in the folder."""
    calendar = Calendar(local_date(desk.site.clock()))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with desk.work() as work:
        standards.load_shipped(work)
        made = org.import_units(work, read_csv(_kept(folder, "units.csv"), org_rules.COLUMNS))
        standards.use(work, CITY, _REGIONAL_PACK)
    tell("seed.units", count=made.added + made.same)

    staff = roster.staff(calendar)
    sheet = read_csv(_kept(folder, "people.csv", staff.csv()), card_rules.COLUMNS)
    tell("seed.people_begun", count=len(staff.rows))
    with desk.work() as work:
        cards.import_people(work, sheet)
    filed, unread = filing.read(_kept(folder, "projects.json", programme.file_of(calendar)))
    with desk.work() as work:
        done = projects.import_projects(work, filed, unread=unread)
    tell("seed.projects", projects=done.projects, batches=done.batches)
    _lose_cards(desk, staff, calendar)

    terminals.live_through_the_past(desk, folder, staff, calendar)
    terminals.award_the_past(desk, calendar)
    followers.settle(desk, simulator)


def _kept(folder: Path, name: str, content: bytes | None = None) -> bytes:
    """The file as it is imported, left where a person can look at it."""
    content = materials.content(name) if content is None else content
    (folder / name).write_bytes(content)
    return content


def _lose_cards(desk: Desk, staff: Staff, calendar: Calendar) -> None:
    for lost in materials.tables("main_job")["cards"]:
        text = lost["since"]
        since = moment(calendar.day(text), _NOON) if text.startswith("@") else local(text)
        with desk.work() as work:
            card_no = staff.by_no[lost["person"]]["card_no"]
            cards.set_state(work, card_no, CardState(lost["state"]), since)
