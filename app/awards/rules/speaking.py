"""话 — reasons, checks and next steps said to the one person they are about.

The sentences stand in words/reasons.toml; `say` finds one by its code and fills in the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from app.awards.terms import COUNTED_WORKING_DAYS, Cause, Check, Fact, Facts, Reason, Why
from app.kernel.credit import Credit
from app.kernel.span import SHANGHAI, at_ms, shown, whole_minutes

Say = Callable[[str, Mapping[str, object]], str]

_AMOUNTS = frozenset({"limit", "used", "net"})
_MINUTES_FROM = 120  # up to two hours minutes say it best; beyond, hours or days stand beside them
_DAYS_FROM = 2 * 24 * 60
_WORKING_DAYS_A_YEAR = 250
_YEARS_FROM = 24  # months; below, they say it better than years


def told(reason: Reason, say: Say) -> dict[str, object]:
    """The reason as interfaces carry it: code, window, nearest, missed_by_s, text."""
    nearest = None if reason.nearest is None else shown(at_ms(reason.nearest))
    return {
        "code": reason.why.value,
        "window": reason.window,
        "nearest": nearest,
        "missed_by_s": reason.missed_by,
        "text": sentence(reason, say),
    }


def sentence(reason: Reason, say: Say) -> str:
    """原因 — the reason as one or two sentences: the rule, the figure, the way on."""
    match reason.why:
        case Why.WINDOW_MISSING | Why.OUT_OF_PERIOD:
            return _missed(reason, say)
        case Why.SHORT_DURATION:
            return _short(reason, say)
        case Why.CARD_REVOKED | Why.CLOCK_SKEW:
            return _waiting(reason, say)
        case Why.NOT_AWARDED_YET:
            return _not_awarded(reason, say)
        case _:
            return say(f"{reason.why}{_variant(reason)}", _plain(reason.facts))


def detail(check: Check, say: Say) -> str:
    """核对 — what was found, or the reason why the check failed."""
    if check.reason is not None:
        return sentence(check.reason, say)
    facts = dict(check.facts)
    said = {"window": check.window, **_plain(check.facts)}
    state = "passed" if check.passed else "failed"
    if "start" in facts:
        start = int(facts["start"])
        said |= _span(start, int(facts["end"]), say)
        if "at" in facts:
            said["at"] = _moment(int(facts["at"]), say, beside=start)
        elif check.passed and check.window is not None:
            # The verdict stands although the swipe it saw was discarded since.
            state = "stands"
    if "required" in facts:
        said["required"] = _minutes(facts["required"])
    return say(f"check.{check.name}.{state}", said)


def next_step(code: str, say: Say) -> str:
    """下一步 — what to do now."""
    return say(f"next_step.{code}", {})


def waited(working_days: int, say: Say) -> str:
    """已过多久 — so many working days; beyond sixty, months or years."""
    if working_days <= COUNTED_WORKING_DAYS:
        return say("waited.days", {"days": working_days})
    months = round(working_days / _WORKING_DAYS_A_YEAR * 12)
    if months < _YEARS_FROM:
        return say("waited.months", {"months": months})
    return say("waited.years", {"years": round(working_days / _WORKING_DAYS_A_YEAR)})


def _variant(reason: Reason) -> str:
    facts = dict(reason.facts)
    match reason.why:
        case Why.CAP_PROJECT | Why.CAP_YEAR:
            return ".part" if facts["net"] else ".full"
        case Why.OTHER_UNIT | Why.OVERLAP | Why.AWARD_RETURNED:
            return "" if all(facts.values()) else ".unnamed"
        case Why.MANUAL_DENIED:
            return ".reasoned" if facts else ""
        case _:
            return ""


def _missed(reason: Reason, say: Say) -> str:
    facts = dict(reason.facts)
    start, end = int(facts["start"]), int(facts["end"])
    nearest, missed_by = reason.nearest, reason.missed_by
    if nearest is None or missed_by is None:
        raise ValueError(reason)
    # The date is left out only where swipe and window lie on one day, so that it says nothing.
    dated = reason.why is Why.OUT_OF_PERIOD or {_day(nearest)} != {_day(start), _day(end - 1)}
    near = _dated(nearest, say, beside=start) if dated else _clock(nearest)
    said = {
        "window": reason.window,
        **_span(start, end, say, dated=dated),
        "nearest": near,
        "gap": _gap(whole_minutes(missed_by), say),
    }
    return say(f"{reason.why}.{'early' if nearest < start else 'late'}", said)


def _short(reason: Reason, say: Say) -> str:
    facts = dict(reason.facts)
    required, lacking = _minutes(facts["required"]), whole_minutes(reason.missed_by or 0)
    said = {
        "required": required,
        # What was there and what lacks add up to what is asked, though each is rounded.
        "present": max(0, required - lacking),
        "whole": _minutes(facts["whole"]),
        "percent": f"{(Decimal(facts['ratio']) * 100).normalize():f}",
        "lacking": lacking,
    }
    return say(reason.why, said)


def _waiting(reason: Reason, say: Say) -> str:
    facts = dict(reason.facts)
    variant = str(facts["cause"])
    said: dict[str, object] = {"at": _dated(int(facts["at"]), say)}
    if "skew" in facts:
        said["gap"] = _gap(whole_minutes(abs(int(facts["skew"]))), say)
    elif variant == Cause.CLOCK_SKEW:
        variant = "unmeasured"
    return say(f"{reason.why}.{variant}", said)


def _not_awarded(reason: Reason, say: Say) -> str:
    facts = dict(reason.facts)
    days = int(facts["days"])
    variant = str(facts["state"])
    if days > COUNTED_WORKING_DAYS and variant != "late":
        variant = f"{variant}.long"
    return say(f"{reason.why}.{variant}", _plain(reason.facts) | {"waited": waited(days, say)})


def _plain(facts: Facts) -> dict[str, object]:
    return {key: _amount(value) if key in _AMOUNTS else value for key, value in facts}


def _amount(hundredths: Fact) -> str:
    return str(Credit.cents(int(hundredths))).rstrip("0").rstrip(".")


def _minutes(ms: Fact) -> int:
    return whole_minutes(-(-int(ms) // 1000))


def _gap(minutes: int, say: Say) -> str:
    if minutes < _MINUTES_FROM:
        return say("gap.minutes", {"minutes": minutes})
    if minutes < _DAYS_FROM:
        return say("gap.hours", {"minutes": minutes, "hours": round(minutes / 60)})
    return say("gap.days", {"minutes": minutes, "days": round(minutes / (24 * 60))})


def _span(start: int, end: int, say: Say, *, dated: bool = False) -> dict[str, str]:
    """Both ends of a span; on one day the date stands once, or not at all."""
    first = _dated(start, say) if dated else _clock(start)
    # A span until midnight ends with its last day.
    last = "24:00" if end == _midnight_after(end - 1) else _clock(end)
    if _day(start) == _day(end - 1):
        return {"start": first, "end": last}
    return {"start": _dated(start, say), "end": _dated(end - 1, say, beside=start, clock=last)}


def _moment(ms: int, say: Say, *, beside: int) -> str:
    """The clock time, dated where it is another day than the moment beside it."""
    return _clock(ms) if _day(ms) == _day(beside) else _dated(ms, say, beside=beside)


def _dated(ms: int, say: Say, *, beside: int | None = None, clock: str | None = None) -> str:
    at = _local(ms)
    other_year = beside is not None and _local(beside).year != at.year
    facts = {"year": at.year, "month": at.month, "day": at.day, "clock": clock or _clock(ms)}
    return say("moment.year" if other_year else "moment.day", facts)


def _clock(ms: int) -> str:
    """The clock time, with seconds where there are any: 08:30:12 lies not before 08:30."""
    at = _local(ms)
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"


def _midnight_after(ms: int) -> int:
    at = _local(ms)
    passed = ((at.hour * 60 + at.minute) * 60 + at.second) * 1000 + ms % 1000
    return ms - passed + 24 * 3600 * 1000


def _day(ms: int) -> date:
    return _local(ms).date()


def _local(ms: int) -> datetime:
    return at_ms(ms).astimezone(SHANGHAI)
