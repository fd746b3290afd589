"""申报书: what a form says, whatever was typed; what changed, what is copied, what comes next."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.base import words
from app.filing import rules
from app.filing.terms import Typed
from app.kernel.secret import Secret
from tests.support.applying import BATCH, COURSE, PROJECT, typed

TODAY = date(2013, 5, 25)
ODD = (
    "", " ", "0", "-1", "1e9", "٢٠١٣", "９", "0001-01-01T00:00+14:00", "9999-12-31T23:59",
    "2013-02-30", "2013-W01-1", "\x00", "=1+1", "national", "7", "2013-05-18T08:00",
)  # fmt: skip


def row(names: Any) -> some.SearchStrategy[dict[str, str]]:
    said = some.sampled_from(ODD) | some.text(max_size=12)
    return some.fixed_dictionaries({}, optional=dict.fromkeys(names, said))


@given(
    row(rules.FIELDS), some.lists(row(rules.BATCH), max_size=7),
    some.lists(row(rules.COURSE), max_size=3), row(rules.SECRETS),
)  # fmt: skip
def test_whatever_is_typed_is_said_to_be_right_or_wrong(
    fields: Any, batches: Any, courses: Any, secrets: Any
) -> None:
    told = Typed(
        PROJECT | fields, tuple(BATCH | one for one in batches),
        tuple(COURSE | one for one in courses), {n: Secret(one) for n, one in secrets.items()},
    )  # fmt: skip

    form, faults = rules.read(told, TODAY)

    assert (form is None) == bool(faults)
    for fault in faults:
        facts = {"label": "", "value": fault.value, **dict(fault.facts)}
        assert words.sentence("errors", fault.code, facts)


def test_a_form_that_is_right_becomes_the_project_it_describes() -> None:
    form, faults = rules.read(typed(), TODAY)
    assert form is not None, faults

    made = rules.published(
        form, number="L2013-1", unit_code="H1", credit_class="II", labels=("签到", "签退")
    )

    [batch] = made.batches
    assert (made.name, str(made.credits), made.hours) == (PROJECT["name"], "1.00", 6)
    assert [one.label for one in batch.sessions] == ["签到", "签退"]
    assert [one.course for one in batch.lecturers] == [COURSE["topic"]]


@pytest.mark.parametrize(
    ("taken", "number"),
    [
        ((), "2013-03-01-001(市)"),
        (("2013-03-01-009(国)", "2013-03-01-010", "2013-03-02-044(市)"), "2013-03-01-011(市)"),
        (("2013-03-01-999(市)",), "2013-03-01-1000(市)"),
    ],
)
def test_the_next_number_comes_after_all_that_were_given(
    taken: tuple[str, ...], number: str
) -> None:
    assert rules.next_number(2013, "03-01", "(市)", taken) == number


def test_a_copy_comes_a_year_later_on_the_same_day_of_the_week() -> None:
    again = rules.copied(typed(), date(2014, 2, 1))

    assert again.batches[0]["starts_at"] == "2014-09-13T08:00"
    assert again.fields["year"] == "2014"
    assert again.fields["name"] == PROJECT["name"]


def test_what_changed_is_told_field_by_field() -> None:
    before, after = typed().body, typed(name="新名", courses=()).body

    told = {one.field: (one.before, one.after) for one in rules.changes(before, after)}

    assert told["name"] == (PROJECT["name"], "新名")
    assert told["c0.topic"] == (COURSE["topic"], "")
    assert "level" not in told
