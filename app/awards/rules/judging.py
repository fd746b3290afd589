"""授分判定 — people's swipes and situations against a brief, a verdict for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from app.awards.rules import swipes as taps
from app.awards.rules.amounts import earned, granted, untouched
from app.awards.rules.attendance import absences, meets, shortfalls
from app.awards.terms import (
    NOTHING_KNOWN,
    Brief,
    Crowd,
    Fact,
    Outcome,
    Reason,
    Situation,
    Strategy,
    Verdict,
    Why,
)
from app.credits.terms import Part


def judge(
    brief: Brief,
    person_id: int,
    swipes: Iterable[int],
    situation: Situation = NOTHING_KNOWN,
) -> Verdict:
    """判定学员 — the verdict for one person whom a record of the batch names.

    `swipes` are the instants of their counted records, in any order. A record that is not counted
    refuses nothing by itself; it is named where something else does, or where nothing is left.
    """
    ordered = sorted(swipes)
    barred = _barred(brief, person_id, situation)
    lacking = shortfalls(brief, ordered) if ordered else ()
    clashes = _clash(ordered, situation)
    if barred or lacking or clashes or not ordered:
        waiting = _waiting(situation)
        if not (ordered or waiting):
            waiting = (Reason(Why.NO_SWIPE),)
        return _refused(person_id, Part.ATTENDEE, (*barred, *waiting, *lacking, *clashes))
    return granted(
        person_id,
        Part.ATTENDEE,
        earned(brief, ordered),
        limits=brief.limits,
        situation=situation,
        remarks=absences(brief, ordered) if brief.strategy is Strategy.PRORATA_HOURS else (),
    )


def judge_lecturer(
    brief: Brief, person_id: int, gross: int, situation: Situation = NOTHING_KNOWN
) -> Verdict:
    """判定主讲人 — the verdict for one lecturer, swiped or not; gross is the hours by the rate."""
    if situation.cancelled:
        return _refused(person_id, Part.LECTURER, (Reason(Why.PERSON_STATUS),))
    limits = brief.lecturer_limits
    return granted(person_id, Part.LECTURER, gross, limits=limits, situation=situation)


def judge_all(
    brief: Brief,
    crowd: Crowd,
    situations: Mapping[int, Situation] | None = None,
    lecturers: Mapping[int, int] | None = None,
) -> tuple[Verdict, ...]:
    """Every verdict of a batch: the crowd in its order, then the lecturers in theirs.

    The crowd has each person once, with empty swipes where no record of theirs is counted.
    """
    known = situations or {}
    attendees = [judge(brief, one, swipes, known.get(one, NOTHING_KNOWN)) for one, swipes in crowd]
    speakers = [
        judge_lecturer(brief, one, gross, known.get(one, NOTHING_KNOWN))
        for one, gross in (lecturers or {}).items()
    ]
    return (*attendees, *speakers)


def sift(
    brief: Brief, crowd: Crowd, situations: Mapping[int, Situation]
) -> tuple[list[int], list[Verdict]]:
    """The same verdicts for a large crowd: first the ids of those who get the full credits and of
    whom there is nothing to say, then the verdicts of all others, both in the crowd's order.

    Here each person's swipes must ascend. `situations` need hold only those of whom something is
    known; whoever is not in it is judged by swipes alone.
    """
    plain, rest = [], []
    met = meets(brief)
    listed = brief.listed if brief.strategy is Strategy.LISTED else None
    whole = untouched(brief.limits, brief.credits)
    for person_id, swipes in crowd:
        situation = situations.get(person_id)
        if situation is None and whole and met(swipes) and (listed is None or person_id in listed):
            plain.append(person_id)
        else:
            rest.append(judge(brief, person_id, swipes, situation or NOTHING_KNOWN))
    return plain, rest


def barred(swipes: Sequence[int], situation: Situation) -> bool:
    """Whether a person with these swipes is refused whatever the plan asks of swipes."""
    whole = situation.cancelled or situation.other_unit or situation.lecturing
    whole = whole or bool(situation.denied)
    return whole or bool(_clash(swipes, situation))


def outcome_of(
    plain: int,
    verdicts: Iterable[Verdict],
    unknown_cards: int = 0,
    limit_persons: int | None = None,
) -> Outcome:
    """授分结果 — a run in figures: each code by how many verdicts carry it.

    `plain` are those that `sift` granted without a verdict; `unknown_cards` are the batch's
    unresolved ones. Lecturers do not fill the places of the batch.
    """
    codes: Counter[Why] = Counter()
    attendees, given, refused = plain, plain, 0
    for verdict in verdicts:
        if verdict.granted:
            given += 1
            attendees += verdict.part is Part.ATTENDEE
        else:
            refused += 1
        codes.update({reason.why for reason in verdict.reasons})
    if unknown_cards:
        codes[Why.CARD_UNKNOWN] = unknown_cards
    over = 0 if limit_persons is None else max(0, attendees - limit_persons)
    return Outcome(given, refused, tuple((why, codes[why]) for why in Why if why in codes), over)


def _barred(brief: Brief, person_id: int, situation: Situation) -> tuple[Reason, ...]:
    reasons = []
    if situation.cancelled:
        reasons.append(Reason(Why.PERSON_STATUS))
    if situation.other_unit:
        reasons.append(Reason(Why.OTHER_UNIT, facts=(("unit", brief.unit),)))
    if situation.lecturing:
        reasons.append(Reason(Why.LECTURER_ALREADY))
    if situation.denied:
        reasons.append(Reason(Why.MANUAL_DENIED, facts=(("reason", situation.denied),)))
    elif brief.strategy is Strategy.LISTED and person_id not in brief.listed:
        reasons.append(Reason(Why.MANUAL_DENIED))
    return tuple(reasons)


def _waiting(situation: Situation) -> tuple[Reason, ...]:
    first: dict[Why, Reason] = {}
    for record in sorted(situation.uncounted, key=lambda record: record.at):
        facts: list[tuple[str, Fact]] = [("cause", record.cause), ("at", record.at)]
        if record.skew is not None:
            facts.append(("skew", record.skew))
        first.setdefault(record.cause.why, Reason(record.cause.why, facts=tuple(facts)))
    return tuple(first[why] for why in (Why.CARD_REVOKED, Why.CLOCK_SKEW) if why in first)


def _clash(swipes: Sequence[int], situation: Situation) -> tuple[Reason, ...]:
    if not situation.held:
        return ()
    here = taps.stretches(swipes)
    for held in situation.held:
        if any(taps.share_time(stretch, held) for stretch in here):
            return (Reason(Why.OVERLAP, facts=(("project", held.project),)),)
    return ()


def _refused(person_id: int, part: Part, reasons: tuple[Reason, ...]) -> Verdict:
    return Verdict(person_id, part, False, 0, None, 0, reasons)
