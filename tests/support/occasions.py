"""A training of two days and one of a day, in the figures of the award engine."""

from __future__ import annotations

from functools import partial
from typing import Any

from app.awards import rules
from app.awards.terms import Brief, Occasion, Plan, Situation, Slot, Strategy, Verdict
from app.base import words
from app.kernel.span import in_ms, local

SAY = partial(words.sentence, "reasons")
MINUTE = 60_000
HOUR = 60 * MINUTE


def at(clock: str, day: int = 18) -> int:
    """Beijing's clock on a day of May 2013, e.g. `at("08:30:00")`."""
    return in_ms(local(f"2013-05-{day:02}T{clock}"))


def slot(
    key: str,
    opens: str,
    closes: str,
    *,
    label: str = "",
    course: bool = False,
    hours: int | None = None,
    day: int = 18,
) -> Slot:
    return Slot(key, label or key, course, at(opens, day), at(closes, day), hours)


SIGN_IN = slot("s1", "07:30", "08:30", label="上午签到")
SIGN_OUT = slot("s2", "17:00", "18:00", label="下午签退")
MORNING = slot("c1", "08:30", "11:30", label="上午课", course=True, hours=300)
AFTERNOON = slot("c2", "14:00", "17:00", label="下午课", course=True, hours=300)
EVENING = slot("c3", "19:00", "20:30", label="晚课", course=True, hours=150)
DAY = (SIGN_IN, SIGN_OUT, MORNING, AFTERNOON)


def occasion(*slots: Slot, start: str = "08:00", end: str = "18:00", **facts: Any) -> Occasion:
    """A batch on 18 May 2013, 5.00 credits where nothing else is said."""
    facts = {"credits": 500, "last_day": 18, **facts}
    last_day = facts.pop("last_day")
    return Occasion(start=at(start), end=at(end, last_day), slots=slots, **facts)


def brief(
    strategy: Strategy,
    *slots: Slot,
    windows: tuple[Any, ...] = (),
    min_swipes: int | None = None,
    ratio: Any = None,
    listed: tuple[int, ...] = (),
    **facts: Any,
) -> Brief:
    plan = Plan(strategy, windows, min_swipes, ratio)
    return rules.resolve(plan, occasion(*slots, **facts), listed)


def judged(by: Brief, *clocks: str, situation: Situation | None = None) -> Verdict:
    """The verdict on person 7, who swiped at these clock times of the day."""
    return rules.judge(by, 7, [at(clock) for clock in clocks], situation or Situation())


def codes(verdict: Verdict) -> list[str]:
    return [reason.why.value for reason in verdict.reasons]


def texts(verdict: Verdict) -> list[str]:
    return [rules.sentence(reason, SAY) for reason in verdict.reasons]
