"""The demo city holds everything that can become of a record, and every reason of an award."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from app.awards import commands as awards
from app.awards import queries as runs
from app.awards.terms import Why
from app.base.database import Base
from app.base.site import Site
from app.base.vault import Vault
from app.base.work import begin
from app.cli import desk, verbs
from app.cli.demo import awarding, desks, roster, seeding
from app.cli.demo.calendar import Calendar
from app.cli.demo.seeding import Stands
from app.cli.desk import Desk
from app.config import Config
from app.filing import queries as filings
from app.filing.terms import Sought as SoughtFilings
from app.kernel.actor import Actor, Role, Via
from app.merging import queries as merging
from app.org import queries as org
from app.people.rules.identity import check_sign
from app.projects import queries as projects
from app.projects.terms import ProjectState
from app.transfers import queries as transfers
from app.transfers.terms import Show, State
from app.web.console import waiting
from device.drivers import DRIVERS
from jobs.queues import HANDLERS
from tests.conftest import Clock
from tests.support.cast import Spoken
from tests.support.serving import app_of

TODAY = datetime(2026, 11, 16, 1, 20, tzinfo=UTC)
# These come with the work that brings their input, or belong to a question, not to an award.
NO_INPUT_YET = {Why.NOT_REGISTERED, Why.EXAM, Why.EVALUATION, Why.RANGE}
NO_INPUT_YET |= {Why.AWARD_IN_REVIEW, Why.AWARD_RETURNED}
NURSE = "103004217"

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True, slots=True)
class City:
    """The seeded city: where its files lie, and the operator's command line."""

    site: Site
    folder: Path

    def say(self, *words: object) -> Spoken:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = desk.run([*map(str, words), "--json"], lambda: self.site, verbs.root)
        return Spoken(code, out.getvalue(), err.getvalue())

    @property
    def batches(self) -> list[tuple[str, int]]:
        filed = json.loads((self.folder / "projects.json").read_text())
        return [(one["project_no"], batch["batch"]) for one in filed for batch in one["batches"]]

    def records(self) -> list[dict[str, Any]]:
        of_batches = [
            self.say("attendance", "list", "--project", project, "--batch", batch).json["records"]
            for project, batch in self.batches
        ]
        stray = self.say("attendance", "list", "--device", "MBX-90002").json["records"]
        return [record for several in (*of_batches, stray) for record in several]

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def city(
    _engine: Engine, config: Config, owner: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[City]:
    """One city for all these tests, which only ask; it is gone afterwards."""
    state = tmp_path_factory.mktemp("state")
    site = Site(
        config=config, engine=_engine, vault=Vault({"k1": b"k" * 32}, b"i" * 32),
        handlers=HANDLERS, drivers=DRIVERS, clock=Clock(TODAY),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEJIAO_STATE", str(state))
        made = City(site, state / "demo")
        seeded = made.say("demo", "seed")
        assert (seeded.code, seeded.json) == (0, {"seeded": True}), seeded.err
        yield made
    with owner.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())


def test_it_has_the_units_and_people_that_were_asked_for(city: City) -> None:
    kinds = Counter(row["kind"] for row in city.rows("units.csv"))
    people = city.rows("people.csv")

    assert (kinds["city"], kinds["county"], kinds["hospital"], kinds["department"]) == (1, 3, 6, 40)
    assert kinds["bureau"] == 4
    assert len({row["grade"] for row in city.rows("units.csv") if row["grade"]}) == 5
    assert len(people) == 2000
    assert {row["status"] for row in people} == {
        "normal", "maternity", "leave_6m", "not_counted", "cancelled",
    }  # fmt: skip
    # What the files say is what stands: importing them again changes nothing.
    again = city.say("people", "import", city.folder / "people.csv", "--dry-run").json
    assert (again["added"], again["changed"], again["same"]) == (0, 0, 2000)


def test_nobody_has_a_number_that_could_be_anybodys(city: City) -> None:
    people = city.rows("people.csv")
    numbers = [row["id_number"] for row in people]

    assert all(number.startswith("999999") for number in numbers)
    assert all(check_sign(number[:17]) == number[17] for number in numbers)
    assert len(set(numbers)) == len({row["card_uid"] for row in people}) == 2000


def test_it_has_projects_of_every_level_kind_and_plan(city: City) -> None:
    filed = json.loads((city.folder / "projects.json").read_text())
    plans = {batch["plan"]["strategy"] for one in filed for batch in one["batches"]}

    assert {one["level"] for one in filed} == {"national", "provincial", "city", "hospital"}
    assert {one["medical_type"] for one in filed} == {"western", "tcm", "cdc"}
    assert {one.get("credit_class") for one in filed} == {"I", "II", None}
    assert any(one.get("promoted") for one in filed)
    assert {one["year"] for one in filed} >= {2013, 2024, 2025, 2026}
    assert plans == {
        "windows", "any", "any_course", "all_courses", "prorata_hours", "min_swipes", "listed",
        "duration_ratio",
    }  # fmt: skip
    editions = city.say("standards", "list").json["uses"]
    assert editions == [{"unit": "9901", "pack": "henan-hospital-activity"}]


def test_every_fate_of_a_record_that_was_taken_occurs(city: City) -> None:
    records = city.records()

    assert {record["state"] for record in records} == {"accepted", "duplicate", "quarantined"}
    assert {record["reason"] for record in records if record["state"] == "quarantined"} == {
        "unknown_card", "revoked_card", "unknown_activity", "future_time", "clock_skew", "seq_gap",
        "card_mismatch", "unsynced",
    }  # fmt: skip


def test_a_clock_that_was_a_little_off_is_set_right_and_both_times_are_kept(city: City) -> None:
    off = {
        datetime.fromisoformat(record["at"]) - datetime.fromisoformat(record["at_dev"])
        for record in city.records()
        if record["state"] == "accepted"
    }

    assert off == {timedelta(0), timedelta(minutes=-5)}


def test_every_way_of_refusing_a_file_occurs_and_says_the_same_again(city: City) -> None:
    files = sorted(city.folder.glob("*/*.mbxrec"))
    answers = city.say("device", "upload", *files).json
    reasons = Counter(
        (result["status"], result["reason"]) for answer in answers for result in answer["results"]
    )

    assert {answer["http_status"] for answer in answers} == {200}
    assert {reason for status, reason in reasons if status == "rejected"} == {
        "malformed", "hash_broken", "bad_signature", "wrong_device",
    }  # fmt: skip
    assert {reason for status, reason in reasons if status == "duplicate"} == {
        "same_key", "suppressed",
    }  # fmt: skip


def test_a_gap_that_was_filled_is_closed_and_one_that_was_not_stays(city: City) -> None:
    def gaps(project: str) -> int:
        listed = city.say("attendance", "list", "--project", project, "--batch", 1).json["records"]
        return sum(record["reason"] == "seq_gap" for record in listed)

    # Of both holdings the last of three files came before the second, which came late, or never.
    assert gaps("2013-03-01-007(国)") == 0
    assert gaps("2024-12-01-066(省)") == 9


def test_every_reason_of_an_award_occurs(city: City) -> None:
    found: set[str] = set()
    for project, batch in city.batches:
        found |= set(
            city.say("award", "preview", "--project", project, "--batch", batch).json["reasons"]
        )
    for project in ("2026-10-01-217(市)", "2013-ZY-015"):
        told = city.say("credits", "explain", NURSE, "--project", project).json
        found |= {reason["code"] for reason in told["reasons"]}

    assert found == {why.value for why in Why if why not in NO_INPUT_YET}


def test_a_member_of_staff_has_credit_in_both_regimes(city: City) -> None:
    old = city.say("credits", "show", NURSE, "--year", 2013).json
    new = city.say("credits", "show", NURSE, "--year", 2026).json

    assert (old["have"]["I"], old["have"]["II"], old["gap"]["II"]) == ("15.00", "3.00", "12.00")
    assert (old["result"], len(old["lines"])) == ("short", 5)
    assert set(new["need"]) == {"total", "hours"}
    assert new["have"]["total"] == "8.00"


def test_a_city_that_stands_is_not_made_again(city: City) -> None:
    assert seeding.stands(Desk(lambda: city.site)) is Stands.CITY
    assert city.say("demo", "seed").json == {"seeded": False}


def test_what_somebody_reported_since_is_told_as_it_stands(city: City) -> None:
    own, no = Desk(lambda: city.site), "2013-ZY-015"
    with own.work() as work:
        awards.report(work, no)

    told = awarding.award(own, no, 1, here=True)

    with own.work() as work:
        awards.send_back(work, no, "再看一遍")
        batch = projects.batch_of(work, no, 1)
        run = runs.standings_of(work, [batch.id])[batch.id]
    assert (told.run_id, told.granted) == (run.run_id, run.granted)


WHO = (
    (Role.HOSPITAL_ADMIN, "Y1"), (Role.DEPARTMENT_SECRETARY, "Y1-01"), (Role.CITY_OFFICE, "9901"),
)  # fmt: skip


def todos(city: City, role: Role, unit: str) -> dict[str, int]:
    """What waits for whoever holds that role there."""
    with Desk(lambda: city.site).work() as work:
        place = org.units_by_code(work, [unit])[unit].place
    actor = Actor("周建国", Via.CONSOLE, place, role)
    with app_of(city.site).test_request_context(), begin(city.site, actor) as work:
        return {one.code: one.count for one in waiting.todos(work)}


def test_something_waits_on_every_desk_and_is_not_laid_there_twice(city: City) -> None:
    own = Desk(lambda: city.site)

    desks.furnish(own)
    laid = [todos(city, *who) for who in WHO]
    desks.furnish(own)

    assert laid == [todos(city, *who) for who in WHO]
    admin, secretary, office = laid
    assert {"cards", "filing_unit", "filing_returned", "transfers"} <= admin.keys()
    assert secretary["filing_returned"] == 1
    assert {"filing_bureau", "alterations"} <= office.keys()
    with own.work() as work:
        assert {one.state for one in filings.shelf(work, SoughtFilings()).filings} == {
            ProjectState.DRAFT, ProjectState.UNIT_REVIEW, ProjectState.BUREAU_REVIEW,
            ProjectState.ANNOUNCED,
        }  # fmt: skip
        assert {one.state for one in transfers.shelf(work, Show.ENDED).transfers} == {
            State.REFUSED, State.DONE,
        }  # fmt: skip
        assert "董建军" in {one.first.name for one in merging.pairs(work)}


def test_people_are_the_same_on_whatever_day_the_city_is_made() -> None:
    def lasting(day: date) -> list[tuple[str, ...]]:
        names = ("person_no", "name", "id_number", "card_uid", "title", "status", "department_code")
        return [tuple(row[name] for name in names) for row in roster.staff(Calendar(day)).rows]

    assert lasting(date(2026, 11, 16)) == lasting(date(2031, 1, 2))


@pytest.mark.parametrize(
    ("today", "saturday"),
    [(date(2026, 11, 16), date(2026, 11, 14)), (date(2026, 11, 14), date(2026, 11, 7)),
     (date(2026, 11, 15), date(2026, 11, 14))],
)  # fmt: skip
def test_what_is_recent_was_on_a_saturday_that_is_over(today: date, saturday: date) -> None:
    assert Calendar(today).day("@1") == saturday
    assert Calendar(today).day("@3") == saturday - timedelta(weeks=2)
