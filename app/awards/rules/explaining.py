"""说明 — why a person has credit of a batch or has none, check by check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from app.awards.rules import swipes as taps
from app.awards.rules.judging import judge
from app.awards.terms import (
    COUNTED_WORKING_DAYS,
    USUAL_WORKING_DAYS,
    Brief,
    Check,
    CheckName,
    Explanation,
    Facts,
    Progress,
    Reason,
    Situation,
    Stage,
    Strategy,
    Verdict,
    Why,
    Window,
)
from app.credits.terms import Part

_STAGE_CODES = {Stage.IN_REVIEW: Why.AWARD_IN_REVIEW, Stage.RETURNED: Why.AWARD_RETURNED}


def explain(
    brief: Brief,
    person_id: int,
    swipes: Iterable[int],
    situation: Situation,
    *,
    verdict: Verdict | None,
    progress: Progress,
    recorded: bool,
    card_known: bool = True,
) -> Explanation:
    """The explanation of a person's award: that of the verdict where the run in force has one, else
    of what a run by this brief would say.

    `recorded` says whether any record of the batch names the person. Who has none is told NO_SWIPE
    and not that the award is still to come. It never contradicts the verdict: what the checks say
    about attendance is read off its reasons.
    """
    ordered = sorted(swipes)
    judged = verdict or judge(brief, person_id, ordered, situation)
    ahead = _ahead(judged, progress, recorded=recorded, stands=verdict is not None)
    given = judged.granted and not ahead
    remarks = judged.reasons if verdict or not judged.granted else ()
    reasons = (*ahead, *remarks)
    case = _Case(
        brief, judged, ordered, len(ordered) + len(situation.uncounted), card_known or recorded
    )
    checks = (*case.checks(), *_progress_checks(ahead, stands=verdict is not None))
    return Explanation(given, checks, reasons, _next_step(given, reasons))


def _ahead(
    judged: Verdict, progress: Progress, *, recorded: bool, stands: bool
) -> tuple[Reason, ...]:
    """What still lies between the verdict and the credit."""
    if stands:
        why = _STAGE_CODES.get(progress.stage)
        if why is None or not judged.granted:
            return ()
        return (Reason(why, facts=(("remark", progress.remark),)),)
    if not recorded and judged.part is Part.ATTENDEE:
        return ()
    if progress.stage is not Stage.NOT_RUN:
        state = "late"
    else:
        state = "good" if judged.granted else "lacking"
    facts: Facts = (
        ("state", state),
        ("days", progress.working_days),
        ("usual", USUAL_WORKING_DAYS),
        ("net", judged.net),
    )
    return (Reason(Why.NOT_AWARDED_YET, facts=facts),)


def _progress_checks(ahead: tuple[Reason, ...], *, stands: bool) -> Iterator[Check]:
    reason = ahead[0] if ahead else None
    yield Check(CheckName.AWARDED, stands, reason=None if stands else reason)
    if stands and reason:
        yield Check(CheckName.REVIEWED, False, reason=reason)


def _next_step(given: bool, reasons: tuple[Reason, ...]) -> str:
    if given:
        return "GRANTED"
    first = reasons[0]
    facts = dict(first.facts)
    if first.why is not Why.NOT_AWARDED_YET:
        return first.why
    if facts["state"] == "late":
        return f"{first.why}.late"
    days = int(facts["days"])
    if days > COUNTED_WORKING_DAYS:
        return f"{first.why}.forgotten"
    return f"{first.why}.{'overdue' if days > int(facts['usual']) else 'wait'}"


@dataclass(frozen=True, slots=True)
class _Case:
    brief: Brief
    verdict: Verdict
    swipes: Sequence[int]
    record_count: int
    card_known: bool

    def checks(self) -> Iterator[Check]:
        if self.verdict.part is Part.LECTURER:
            yield self._check(CheckName.PERSON_STATUS, Why.PERSON_STATUS)
            return
        yield self._check(CheckName.CARD_KNOWN, Why.CARD_REVOKED, also=self.card_known)
        found: Facts = (("count", self.record_count),)
        yield self._check(CheckName.RECORD_FOUND, Why.NO_SWIPE, facts=found)
        yield self._check(CheckName.CLOCK, Why.CLOCK_SKEW)
        yield self._check(CheckName.PERSON_STATUS, Why.PERSON_STATUS)
        yield self._check(CheckName.UNIT, Why.OTHER_UNIT)
        yield self._check(CheckName.LECTURER, Why.LECTURER_ALREADY)
        if self.brief.strategy is Strategy.LISTED or self._denied:
            yield self._check(CheckName.LISTED, Why.MANUAL_DENIED)
        period: Facts = (("start", self.brief.start), ("end", self.brief.end))
        yield self._check(CheckName.IN_PERIOD, Why.OUT_OF_PERIOD, also=self._attended, facts=period)
        yield from self._attendance()
        yield self._check(CheckName.OVERLAP, Why.OVERLAP)

    def _attendance(self) -> Iterator[Check]:
        match self.brief.strategy:
            case Strategy.WINDOWS | Strategy.ALL_COURSES:
                yield from (self._window(window) for window in self.brief.windows)
            case Strategy.ANY_COURSE | Strategy.PRORATA_HOURS:
                absent = len(taps.missed(self.swipes, self.brief.windows))
                courses: Facts = (
                    ("count", len(self.brief.windows) - absent),
                    ("whole", len(self.brief.windows)),
                )
                yield self._attended_check(CheckName.COURSES, Why.WINDOW_MISSING, courses)
            case Strategy.MIN_SWIPES:
                need: Facts = (("need", self.brief.min_swipes),)
                yield self._attended_check(CheckName.SWIPES, Why.TOO_FEW_SWIPES, need)
            case Strategy.DURATION_RATIO:
                required: Facts = (("required", self.brief.required),)
                yield self._attended_check(CheckName.DURATION, Why.SHORT_DURATION, required)
            case Strategy.ANY | Strategy.LISTED:
                return
            case never:
                assert_never(never)

    @property
    def _attended(self) -> bool:
        """Whether the verdict found a swipe in the period, so that the strategy was looked at."""
        if self.verdict.granted:
            return True
        none = any(r.why in {Why.NO_SWIPE, Why.OUT_OF_PERIOD} for r in self.verdict.reasons)
        return bool(self.swipes) and not none

    @property
    def _denied(self) -> bool:
        """Whether the host gives this person nothing, by whatever strategy."""
        return any(reason.why is Why.MANUAL_DENIED for reason in self.verdict.reasons)

    def _window(self, window: Window) -> Check:
        ends: Facts = (("start", window.start), ("end", window.end))
        reason = next(
            (
                reason
                for reason in self.verdict.reasons
                if reason.why is Why.WINDOW_MISSING
                and (reason.window, reason.facts) == (window.label, ends)
            ),
            None,
        )
        at = taps.hit(self.swipes, window.start, window.end)
        facts = ends if at is None else (*ends, ("at", at))
        passed = self._attended and reason is None
        return Check(CheckName.WINDOW, passed, window.label, reason, facts)

    def _attended_check(self, name: CheckName, why: Why, facts: Facts) -> Check:
        return self._check(name, why, also=self._attended, facts=facts)

    def _check(self, name: CheckName, why: Why, *, also: bool = True, facts: Facts = ()) -> Check:
        # Beside a granted verdict a reason only remarks or reduces.
        reasons = () if self.verdict.granted else self.verdict.reasons
        reason = next((reason for reason in reasons if reason.why is why), None)
        return Check(name, also and reason is None, None, reason, facts)
