"""Reasons: who is barred, what is named, in which order, and overlap."""

from __future__ import annotations

from app.awards import rules
from app.awards.terms import (
    Cause,
    Outcome,
    Situation,
    Strategy,
    Stretch,
    Uncounted,
    Why,
)
from app.credits.terms import Part
from tests.support.occasions import DAY, at, brief, codes, judged, slot, texts

BOTH = brief(Strategy.WINDOWS, *DAY, windows=("s1", "s2"), unit="青石县医院")
ANY = brief(Strategy.ANY)
LOST = Uncounted(Cause.LOST, at("09:00"))
SKEWED = Uncounted(Cause.CLOCK_SKEW, at("09:30"), skew=8 * 3600)


def test_a_cancelled_person_is_refused() -> None:
    assert codes(judged(BOTH, "08:00", "17:30", situation=Situation(cancelled=True))) == [
        "PERSON_STATUS"
    ]


def test_a_unit_only_batch_refuses_others_and_names_the_unit() -> None:
    verdict = judged(BOTH, "08:00", "17:30", situation=Situation(other_unit=True))

    assert codes(verdict) == ["OTHER_UNIT"]
    assert "只给青石县医院的人员" in texts(verdict)[0]


def test_a_lecturer_of_the_batch_gets_nothing_as_attendee() -> None:
    assert codes(judged(BOTH, "08:00", "17:30", situation=Situation(lecturing=True))) == [
        "LECTURER_ALREADY"
    ]


def test_a_refused_verdict_has_neither_gross_nor_net() -> None:
    verdict = judged(BOTH, "08:00")

    assert (verdict.granted, verdict.gross, verdict.cap, verdict.net) == (False, 0, None, 0)


def test_all_that_fail_stand_in_the_fixed_order() -> None:
    everything = Situation(
        cancelled=True,
        other_unit=True,
        lecturing=True,
        uncounted=(SKEWED, LOST),
        held=(Stretch(at("11:00"), at("13:00"), "急救新技术"),),
    )
    listed_else = brief(Strategy.LISTED)

    verdict = judged(BOTH, "12:00", situation=everything)
    denied = judged(listed_else, "12:00", situation=everything)

    assert codes(verdict) == [
        "PERSON_STATUS",
        "OTHER_UNIT",
        "LECTURER_ALREADY",
        "CARD_REVOKED",
        "CLOCK_SKEW",
        "WINDOW_MISSING",
        "WINDOW_MISSING",
        "OVERLAP",
    ]
    assert codes(denied)[3:] == ["MANUAL_DENIED", "CARD_REVOKED", "CLOCK_SKEW", "OVERLAP"]


def test_without_any_counted_swipe_the_reason_is_no_swipe() -> None:
    assert codes(judged(BOTH)) == ["NO_SWIPE"]


def test_no_swipe_is_silent_where_a_card_that_no_longer_counts_stands() -> None:
    assert codes(judged(BOTH, situation=Situation(uncounted=(LOST,)))) == ["CARD_REVOKED"]


def test_no_swipe_is_silent_where_a_record_waits_for_its_clock() -> None:
    assert codes(judged(BOTH, situation=Situation(uncounted=(SKEWED,)))) == ["CLOCK_SKEW"]


def test_a_record_that_is_not_counted_stands_beside_the_window_it_might_have_filled() -> None:
    verdict = judged(BOTH, "08:00", situation=Situation(uncounted=(LOST,)))

    assert codes(verdict) == ["CARD_REVOKED", "WINDOW_MISSING"]


def test_a_granted_verdict_does_not_mention_records_that_are_not_counted() -> None:
    verdict = judged(BOTH, "08:00", "17:30", situation=Situation(uncounted=(LOST, SKEWED)))

    assert verdict.granted
    assert verdict.reasons == ()


def test_several_records_that_are_not_counted_give_each_code_once_the_earliest_named() -> None:
    records = (Uncounted(Cause.REPLACED, at("10:00")), LOST, SKEWED, SKEWED)

    verdict = judged(ANY, situation=Situation(uncounted=records))

    assert codes(verdict) == ["CARD_REVOKED", "CLOCK_SKEW"]
    assert texts(verdict)[0].startswith("你 5 月 18 日 09:00 刷的卡当时已经挂失")
    assert texts(verdict)[1].startswith("考勤机的时钟差了 480 分钟（约 8 小时）")


def test_unsynced_and_future_records_are_clock_skew() -> None:
    for cause in (Cause.UNSYNCED, Cause.FUTURE_TIME):
        records = (Uncounted(cause, at("10:00")),)
        assert codes(judged(ANY, situation=Situation(uncounted=records))) == ["CLOCK_SKEW"]


def test_lost_revoked_and_replaced_cards_are_card_revoked() -> None:
    for cause in (Cause.LOST, Cause.REVOKED, Cause.REPLACED):
        records = (Uncounted(cause, at("10:00")),)
        assert codes(judged(ANY, situation=Situation(uncounted=records))) == ["CARD_REVOKED"]


def test_out_of_period_stands_in_place_of_the_windows() -> None:
    for strategy in Strategy:
        lacking = judged(brief(strategy, *DAY, listed=(7,)), "03:00", "23:00")
        assert codes(lacking) == ["OUT_OF_PERIOD"]


def _held(start: str, end: str) -> Situation:
    return Situation(held=(Stretch(at(start), at(end), "急救新技术"),))


def test_presence_in_a_batch_already_granted_at_the_same_time_refuses() -> None:
    verdict = judged(ANY, "09:00", "11:00", situation=_held("10:00", "12:00"))

    assert codes(verdict) == ["OVERLAP"]
    assert "“急救新技术”" in texts(verdict)[0]


def test_stretches_that_merely_touch_do_not_overlap() -> None:
    assert judged(ANY, "09:00", "10:00", situation=_held("10:00", "12:00")).granted
    assert judged(ANY, "12:00", "13:00", situation=_held("10:00", "12:00")).granted


def test_a_lone_swipe_within_another_stretch_overlaps_and_at_its_edge_does_not() -> None:
    assert codes(judged(ANY, "11:00", situation=_held("10:00", "12:00"))) == ["OVERLAP"]
    assert judged(ANY, "12:00", situation=_held("10:00", "12:00")).granted
    assert codes(judged(ANY, "09:00", "12:00", situation=_held("11:00", "11:00"))) == ["OVERLAP"]


def test_a_stretch_runs_from_the_first_to_the_last_swipe_of_the_day() -> None:
    found = [at("12:00"), at("09:00"), at("10:00"), at("08:00", 19)]

    assert rules.stretches(found, "急救新技术") == (
        Stretch(at("09:00"), at("12:00"), "急救新技术"),
        Stretch(at("08:00", 19), at("08:00", 19), "急救新技术"),
    )


def test_a_stretch_ends_with_its_day() -> None:
    two_days = brief(Strategy.ANY, last_day=19)
    evening = Situation(held=(Stretch(at("20:00"), at("21:00")),))

    verdict = rules.judge(two_days, 7, [at("09:00"), at("09:00", 19)], evening)

    assert verdict.granted


def test_swipes_outside_the_period_belong_to_the_stretch() -> None:
    assert codes(judged(ANY, "07:00", "09:00", situation=_held("07:30", "07:45"))) == ["OVERLAP"]


def test_a_lecturer_has_a_verdict_without_any_swipe() -> None:
    verdict = rules.judge_lecturer(BOTH, 9, 400)

    assert (verdict.part, verdict.granted, verdict.net) == (Part.LECTURER, True, 400)


def test_a_cancelled_lecturer_is_refused_and_one_of_another_unit_is_not() -> None:
    assert codes(rules.judge_lecturer(BOTH, 9, 400, Situation(cancelled=True))) == ["PERSON_STATUS"]
    assert rules.judge_lecturer(BOTH, 9, 400, Situation(other_unit=True)).granted


def test_judging_all_gives_each_attendee_and_each_lecturer_one_verdict() -> None:
    crowd = [(1, (at("08:00"), at("17:30"))), (2, (at("08:00"),)), (3, ())]
    situations = {1: Situation(lecturing=True)}

    verdicts = rules.judge_all(BOTH, crowd, situations, {1: 400, 9: 200})

    assert [(v.person_id, v.part.value, v.granted) for v in verdicts] == [
        (1, "attendee", False),
        (2, "attendee", False),
        (3, "attendee", False),
        (1, "lecturer", True),
        (9, "lecturer", True),
    ]


def test_the_outcome_counts_verdicts_by_code_and_unknown_cards_beside_them() -> None:
    crowd = [(1, (at("12:00"),)), (2, (at("08:00"),)), (3, (at("08:00"), at("17:30")))]
    verdicts = rules.judge_all(BOTH, crowd, lecturers={8: 400, 9: 400})

    outcome = rules.outcome_of(10, verdicts, unknown_cards=5, limit_persons=8)

    counts = ((Why.WINDOW_MISSING, 2), (Why.CARD_UNKNOWN, 5))
    assert outcome == Outcome(granted=13, refused=2, reasons=counts, over_limit=3)


def test_fewer_people_than_the_limit_are_nothing_over_it() -> None:
    assert rules.outcome_of(10, (), limit_persons=20).over_limit == 0
    assert rules.outcome_of(10, ()) == Outcome(granted=10, refused=0, reasons=(), over_limit=0)


def test_a_window_is_named_by_its_label_and_by_its_key_where_it_has_none() -> None:
    bare = brief(Strategy.WINDOWS, slot("s9", "17:00", "18:00"))

    assert judged(bare, "09:00").reasons[0].window == "s9"
