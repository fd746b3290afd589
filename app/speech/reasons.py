"""原因 — a verdict in a line of a list, and in the one sentence that a page begins with."""

from __future__ import annotations

from app.awards.queries import Activity
from app.awards.terms import Explanation, Reason, Why
from app.kernel.span import whole_minutes
from app.speech.saying import Phrase, cents, gap, missed, phrases, say, waited

_CAPS = frozenset({Why.CAP_PROJECT, Why.CAP_YEAR})


def short(activity: Activity) -> str:
    """What came of an activity, as half a sentence."""
    verdict = activity.verdict
    if verdict is None:
        return say("short.NOT_AWARDED_YET", {"waited": waited(activity.working_days)})
    if verdict.granted:
        return say(f"short.{_granted(verdict.net, verdict.reasons)}", {"net": cents(verdict.net)})
    first = verdict.reasons[0]
    return say(f"short.{_code(first)}", _facts(first))


def headline(explanation: Explanation, *, gross: int, net: int) -> tuple[Phrase, ...]:
    """为什么 — the answer in one sentence: what was given, or the first thing that lacks."""
    if explanation.granted:
        code = _granted(net, explanation.reasons)
        return phrases(f"verdict.{code}", net=cents(net), gross=cents(gross))
    first = explanation.reasons[0]
    code = _code(first)
    if first.why is Why.NOT_AWARDED_YET:
        code = f"{code}.{dict(first.facts)['state']}"
    return phrases(f"verdict.{code}", **_facts(first))


def _code(reason: Reason) -> str:
    """The reason's code; a host's own words make it another sentence."""
    reasoned = reason.why is Why.MANUAL_DENIED and reason.facts
    return f"{reason.why}.reasoned" if reasoned else str(reason.why)


def _granted(net: int, reasons: tuple[Reason, ...]) -> str:
    if not any(reason.why in _CAPS for reason in reasons):
        return "granted"
    return "capped" if net else "full"


def _facts(reason: Reason) -> dict[str, object]:
    facts: dict[str, object] = dict(reason.facts)
    if reason.nearest is not None and reason.missed_by is not None and "start" in facts:
        start = int(dict(reason.facts)["start"])
        facts |= {"way": missed(reason.nearest, start), "far": gap(reason.missed_by)}
    elif reason.missed_by is not None:
        facts["lacking"] = whole_minutes(reason.missed_by)
    return facts | {"window": reason.window}
