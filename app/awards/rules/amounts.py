"""授分金额 — what a granted verdict is worth: gross, the limits, net."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.awards.rules.attendance import attended_hours
from app.awards.terms import (
    Brief,
    Facts,
    Limits,
    Reason,
    Situation,
    Strategy,
    Verdict,
    Why,
)
from app.credits.terms import Part


def tighter(*limits: int | None) -> int | None:
    """The smallest of the limits that exist, e.g. the project's own and the standard's."""
    return min((limit for limit in limits if limit is not None), default=None)


def earned(brief: Brief, swipes: Sequence[int]) -> int:
    """The gross credit of swipes that meet the plan.

    The standard's rounding applies only to what came from a division; who attended every course
    gets the announced credits as they are, and nobody more, however it rounds.
    """
    if brief.strategy is not Strategy.PRORATA_HOURS:
        return brief.credits
    hours = attended_hours(brief, swipes)
    if hours == brief.whole_hours:
        return brief.credits
    gross = (2 * brief.credits * hours + brief.whole_hours) // (2 * brief.whole_hours)
    return min(brief.credits, brief.rounding(gross)) if brief.rounding else gross


def untouched(limits: Limits, amount: int) -> bool:
    """Whether the limits leave the amount whole for a person who has used nothing yet."""
    return all(limit is None or amount <= limit for limit in (limits.project, limits.year))


def granted(
    person_id: int,
    part: Part,
    gross: int,
    *,
    limits: Limits,
    situation: Situation,
    remarks: Iterable[Reason] = (),
) -> Verdict:
    """A granted verdict: net is what the limits leave; the cap is the limit that leaves least."""
    remainders = [
        (max(0, limit - used), why, limit)
        for why, limit, used in (
            (Why.CAP_PROJECT, limits.project, situation.used_project),
            (Why.CAP_YEAR, limits.year, situation.used_year),
        )
        if limit is not None
    ]
    # The first of equals is the project's.
    left, why, limit = min(remainders, key=lambda r: r[0], default=(gross, Why.CAP_PROJECT, 0))
    if left >= gross:
        return Verdict(person_id, part, True, gross, None, gross, tuple(remarks))
    facts: Facts = (("limit", limit), ("used", limit - left), ("net", left))
    reasons = (*remarks, Reason(why, facts=facts))
    return Verdict(person_id, part, True, gross, limit, left, reasons)
