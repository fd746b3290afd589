"""手机页的话 — values into what a page says, without a page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.awards.queries import Activity, Told, Trace
from app.awards.rules import explain, judge, resolve
from app.awards.terms import (
    Cause,
    Explanation,
    Plan,
    Progress,
    Reason,
    Situation,
    Stage,
    Strategy,
    Uncounted,
    Verdict,
    Why,
)
from app.base import words
from app.credits.queries import Account, Story
from app.credits.terms import Entry, Part, Source
from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.place import Place
from app.kernel.span import SHANGHAI, Span, at_ms, local
from app.org.terms import UnitId
from app.people.terms import Person, PersonId, PersonNo, Status
from app.projects.terms import (
    Batch,
    BatchId,
    CourseKind,
    CreditClass,
    Level,
    Project,
    ProjectId,
    ProjectState,
)
from app.speech import reasons, saying, why
from app.standards import rules
from tests.rules.packs import PACKS
from tests.support.occasions import DAY, at, brief, occasion
from wechat.phone.views import credits, entry
from wechat.phone.views import rules as standards

TODAY = date(2013, 5, 25)
PERSON = Person(
    PersonId(7), PersonNo("990100001"), "何敏", Place("1.2.p7."), UnitId(1), None, "护师", None,
    Status.NORMAL,
)  # fmt: skip
PROJECT = Project(
    id=ProjectId(1), no="2013-03-01-007(国)", name="心力衰竭诊疗新进展", level=Level.NATIONAL,
    promoted=False, credit_class=CreditClass.I, course_kind=CourseKind.PROFESSIONAL,
    unit_id=UnitId(1), unit_name="颍川市第一人民医院", place=Place("1."), year=2013,
    credits=Credit.of("5"), hours=None, cap=None, state=ProjectState.HELD,
)  # fmt: skip
BATCH = Batch(
    id=BatchId(1), project=PROJECT, no=1,
    span=Span(local("2013-05-18T08:00"), local("2013-05-18T18:00")), venue="三楼会议室",
    unit_only=False, limit_persons=None, plan={}, sessions=(), lecturers=(),
)  # fmt: skip


def headline(explanation: Explanation, gross: int = 500, net: int = 0) -> str:
    said = reasons.headline(explanation, gross=gross, net=net)
    return "".join(piece.text for phrase in said for piece in phrase)


def refused(reason: Reason) -> Explanation:
    return Explanation(False, (), (reason,), str(reason.why))


@pytest.mark.parametrize("why_", [
    one for one in Why
    if one not in {Why.CAP_PROJECT, Why.CAP_YEAR, Why.NOT_AWARDED_YET}
])  # fmt: skip
def test_every_reason_has_a_headline_and_a_short_form(why_: Why) -> None:
    facts: tuple[tuple[str, Any], ...] = (
        ("start", at("17:00")), ("end", at("18:00")), ("count", 1), ("need", 2),
    )  # fmt: skip
    reason = Reason(why_, "下午签退", at("16:52"), 480, facts)
    if why_ is Why.SHORT_DURATION:
        reason = Reason(why_, None, None, 480, (("required", 1), ("whole", 1), ("ratio", "0.8")))

    said = headline(refused(reason))

    assert said.endswith("。")
    assert "{" not in said
    assert "*" not in said
    assert "|" not in said


@pytest.mark.parametrize(
    ("tap", "said"),
    [
        ("16:52", "下午签退早了 8 分钟，所以没有学分。"),
        ("16:59:59", "下午签退早了 1 分钟，所以没有学分。"),
        ("18:00", "下午签退晚了 1 分钟，所以没有学分。"),
        ("20:30", "下午签退晚了 2 小时 30 分钟，所以没有学分。"),
        ("15:00", "下午签退早了 2 小时，所以没有学分。"),
    ],
)
def test_the_headline_counts_as_people_do(tap: str, said: str) -> None:
    by = brief(Strategy.WINDOWS, *DAY[:2], end="23:00")

    verdict = judge(by, 7, [at("08:00"), at(tap)])

    assert headline(refused(verdict.reasons[0])) == said


@pytest.mark.parametrize(
    ("net", "reason", "said"),
    [
        (500, (), "你在这个期次已得 5 分。"),
        (150, (Reason(Why.CAP_YEAR),), "已得 1.5 分，原来 5 分，到了上限。"),
        (0, (Reason(Why.CAP_PROJECT),), "这次不再计分，上限已满。"),
        (250, (Reason(Why.WINDOW_MISSING, "c1"),), "你在这个期次已得 2.5 分。"),
    ],
)
def test_what_was_given_says_whether_a_limit_cut_it(
    net: int, reason: tuple[Reason, ...], said: str
) -> None:
    assert headline(Explanation(True, (), reason, "GRANTED"), net=net) == said


@pytest.mark.parametrize("state", ["good", "lacking", "late"])
def test_what_is_still_to_come_is_no_refusal(state: str) -> None:
    facts = (("state", state), ("days", 5), ("usual", 3), ("net", 200))

    assert headline(refused(Reason(Why.NOT_AWARDED_YET, facts=facts)))


# ------------------------------------------------------------------ the time line


def traced(
    *taps: str,
    strategy: Strategy = Strategy.WINDOWS,
    stage: Stage = Stage.AWARDED,
    waiting: tuple[Uncounted, ...] = (),
) -> Trace:
    """何敏's day, as judged."""
    by = resolve(Plan(strategy), occasion(*DAY[:2], end="23:00"))
    swipes = tuple(sorted(at(tap) for tap in taps))
    situation = Situation(uncounted=waiting)
    verdict = judge(by, 7, swipes, situation) if stage is Stage.AWARDED else None
    explanation = explain(
        by, 7, swipes, situation, verdict=verdict, progress=Progress(stage, 5), recorded=True
    )
    told = Told(PERSON, BATCH, explanation, Credit.cents(verdict.net) if verdict else NO_CREDIT)
    awarded = local("2013-05-20T09:00") if stage is Stage.AWARDED else None
    return Trace(told, by, by.windows or (), swipes, waiting, awarded, 500, "办法", 1)


def line(trace: Trace) -> list[tuple[str, str]]:
    [day] = why.page(trace, TODAY).days
    return [(str(point.mark), point.label or point.start) for point in day.points]


def test_a_swipe_before_a_window_stands_before_it_with_what_lies_between() -> None:
    assert line(traced("07:52", "12:06", "16:52")) == [
        ("hit", "上午签到"), ("tap", "12:06"), ("near", "16:52"), ("hole", "8 分钟"),
        ("miss", "下午签退"),
    ]  # fmt: skip


def test_a_swipe_after_a_window_stands_after_it() -> None:
    assert line(traced("07:52", "18:00")) == [
        ("hit", "上午签到"), ("miss", "下午签退"), ("hole", "1 分钟"), ("near", "18:00"),
    ]  # fmt: skip


def test_one_swipe_may_be_the_nearest_of_two_windows() -> None:
    marks = line(traced("12:00"))

    assert marks == [
        ("miss", "上午签到"), ("hole", "3 小时 30 分钟"), ("near", "12:00"),
        ("hole", "5 小时"), ("miss", "下午签退"),
    ]  # fmt: skip


def test_windows_that_the_plan_does_not_ask_for_are_no_misses() -> None:
    trace = replace(
        traced("12:00", strategy=Strategy.ANY), windows=resolve(
            Plan(Strategy.WINDOWS), occasion(*DAY[:2])
        ).windows
    )  # fmt: skip

    assert line(trace) == [("span", "上午签到"), ("tap", "12:00"), ("span", "下午签退")]


def test_a_swipe_that_waits_is_shown_as_one_that_does_not_count_yet() -> None:
    trace = traced("07:52", waiting=(Uncounted(Cause.CLOCK_SKEW, at("17:10")),))

    assert ("held", "17:10") in line(trace)
    assert why.page(trace, TODAY).count == 2


def test_times_are_told_to_the_minute_and_to_the_second_where_that_is_what_lacks() -> None:
    [day] = why.page(traced("07:52:10", "12:06:30", "18:00:05"), TODAY).days
    points = {str(point.mark): point for point in day.points}

    assert points["hit"].taps == ("07:52",)
    assert (points["tap"].start, points["tap"].exact) == ("12:06", "")
    assert (points["near"].start, points["near"].exact) == ("18:00", "18:00:05")


def test_without_windows_a_swipe_is_in_no_wrong_place() -> None:
    trace = replace(traced("07:52", strategy=Strategy.ANY), windows=())

    assert line(trace) == [("swipe", "07:52")]


def test_days_are_apart() -> None:
    by = resolve(Plan(Strategy.MIN_SWIPES), occasion(*DAY[:2], end="23:00", last_day=19))
    trace = replace(traced("07:52", "17:30"), brief=by, swipes=(at("07:52"), at("09:00", 19)))

    assert [day.title for day in why.page(trace, TODAY).days] == [
        "5 月 18 日（周六）", "5 月 19 日（周日）",
    ]  # fmt: skip


@pytest.mark.parametrize("strategy", Strategy)
def test_every_strategy_says_its_rule(strategy: Strategy) -> None:
    by = replace(resolve(Plan(Strategy.ANY), occasion(*DAY)), strategy=strategy)

    rule = why._rule(by)

    assert rule
    assert "{" not in rule


def test_what_is_awaited_is_no_cross() -> None:
    page = why.page(traced("07:52", "17:30", stage=Stage.NOT_RUN), TODAY)

    assert page.pending
    assert {one.tone for one in page.checks} == {why.Tone.GOOD, why.Tone.WAIT}
    assert [one.title for one in page.checks if one.tone is why.Tone.WAIT] == ["授分"]


def test_a_window_is_checked_in_figures() -> None:
    page = why.page(traced("07:52", "16:52"), TODAY)

    found = {one.title: one for one in page.checks}
    assert found["上午签到 07:30–08:30"].detail == "你在 07:52 刷卡"
    assert found["下午签退 17:00–18:00"].tone is why.Tone.BAD


def activity(verdict: Verdict | None = None, expected: Verdict | None = None) -> Activity:
    return Activity(BATCH, 2, (at("07:52"), at("17:30")), verdict, expected, 5)


@pytest.mark.parametrize(
    ("verdict", "said", "tone"),
    [
        (None, "举办单位还没有授分，已过 5 个工作日", why.Tone.WAIT),
        (Verdict(7, Part.ATTENDEE, True, 500, None, 500), "已得 5 分", why.Tone.GOOD),
        (
            Verdict(7, Part.ATTENDEE, True, 500, 1000, 150, (Reason(Why.CAP_YEAR),)),
            "已得 1.5 分，到了上限", why.Tone.GOOD,
        ),
        (
            Verdict(7, Part.ATTENDEE, False, 0, None, 0, (Reason(Why.NO_SWIPE),)),
            "没有可以计的刷卡", why.Tone.BAD,
        ),
    ],
)  # fmt: skip
def test_a_line_of_the_list_says_what_came_of_it(
    verdict: Verdict | None, said: str, tone: why.Tone
) -> None:
    row = why.row(activity(verdict), TODAY)

    assert (row.said, row.tone, row.on) == (said, tone, "5 月 18 日（周六）")
    assert why.row(activity(verdict), date(2026, 1, 1)).on == "2013 年 5 月 18 日"


# ------------------------------------------------------------------ a year


def account(pack_id: str, year: int, status: str = "normal", **have: str) -> Account:
    """A year in which a person has so much, by class (`I`, `II`) or without one (`none`)."""
    pack = PACKS[pack_id]
    by_class = {
        None if name == "none" else name: Credit.of(amount) for name, amount in have.items()
    }
    held = rules.held(pack, by_class, Credit.of("30") if pack.counts_hours else None)
    need = rules.requirement_of(pack, status=status)
    standing = rules.standing(need, held, status)
    return Account(PERSON, rules.year_numbered(pack, year), pack, standing, ())


def given(n: int, amount: str, item: str, class_: str | None = None, **more: Any) -> Entry:
    facts: dict[str, Any] = {
        "id": n, "year": 2013, "on": date(2013, 5, 18), "project_no": "2013-1", "title": f"第{n}项",
        "host": "医院", "batch_no": 1, "source": Source.SWIPE, "part": Part.ATTENDEE,
        "credit_class": class_, "item": item, "gross": Credit.of(amount), "cap": None,
        "net": Credit.of(amount), "edition_id": 1, "reverses": None, "reason": None,
        "entered_at": local("2013-05-20T09:00"),
    }  # fmt: skip
    return Entry(**facts | more)


def test_a_year_that_is_met_asks_for_nothing() -> None:
    page = credits.page(account("cn-2024", 2026, none="26"), [], [], date(2026, 11, 16))

    assert (page.result, page.missing, page.have) == ("met", "0", "26")
    assert (page.ways, page.study_hours) == ((), "")
    assert page.meters[0].got_to == "100.0%"
    assert page.meters[0].met


def test_what_waits_fills_the_bar_but_never_beyond_it() -> None:
    waiting = activity(expected=Verdict(7, Part.ATTENDEE, True, 1200, None, 1200))

    page = credits.page(account("cn-2024", 2026, none="21.5"), [], [waiting], date(2026, 11, 16))

    [meter] = page.meters
    assert (meter.got_to, meter.waits_for) == ("86.0%", "14.0%")
    assert (page.missing, page.missing_after, page.waiting_credit) == ("3.5", "", "12")


def test_classes_do_not_fill_each_other() -> None:
    waiting = activity(expected=Verdict(7, Part.ATTENDEE, True, 1000, None, 1000))

    page = credits.page(account("cn-2006", 2013, I="3", II="13.5"), [], [waiting], TODAY)

    assert page.gaps == (("Ⅰ类", "2"), ("Ⅱ类", "1.5"))
    assert page.missing == "8.5"
    # Ten of class I make up the total and class I, and leave class II as it is.
    assert page.missing_after == "1.5"
    assert [meter.name for meter in page.meters] == ["Ⅰ类", "Ⅱ类"]
    assert page.ways[0] == ("Ⅰ类", ("国家级继续医学教育项目", "省级继续医学教育项目"))


def test_what_attendance_does_not_earn_is_pending_without_credit() -> None:
    lacking = activity(expected=Verdict(7, Part.ATTENDEE, False, 0, None, 0, (Reason(Why.EXAM),)))
    unread = activity(expected=None)

    page = credits.page(account("cn-2006", 2013), [], [lacking, unread], TODAY)

    assert [one.credit for one in page.waiting] == ["", ""]
    assert page.waiting_credit == "0"


def test_credit_stands_by_class_and_item_the_largest_first() -> None:
    entries = [
        given(1, "0.5", "INHOUSE", "II"), given(2, "5", "PRJ-NAT", "I"),
        given(3, "2", "SELF-REV", "II"), given(4, "0.5", "INHOUSE", "II"),
    ]  # fmt: skip

    page = credits.page(account("cn-2006", 2013, I="5", II="3"), entries, [], TODAY)

    told = [(group.name, group.credit, [(kind.title, kind.credit, kind.limit, kind.left)
            for kind in group.kinds]) for group in page.groups]  # fmt: skip
    assert told == [
        ("Ⅰ类", "5.0", [("国家级继续医学教育项目", "5.0", "", "")]),
        ("Ⅱ类", "3.0", [
            ("自学并写出综述", "2.0", "5", "3"),
            ("单位组织的学术讲座、操作示教、手术示范、新技术推广", "1.0", "10", "9"),
        ]),
    ]  # fmt: skip
    assert page.count == 4


def test_an_item_that_no_pack_has_any_more_is_named_by_the_activity() -> None:
    page = credits.page(account("cn-2024", 2026, none="1"), [given(1, "1", "GONE")], [], TODAY)

    assert [(group.name, group.kinds[0].title) for group in page.groups] == [("非项目类", "第1项")]


def test_what_was_taken_back_counts_nowhere() -> None:
    back = given(2, "-5", "PRJ-NAT", "I", reverses=1, reason="名单有误")

    page = credits.page(account("cn-2006", 2013), [back, given(1, "5", "PRJ-NAT", "I")], [], TODAY)

    assert (page.count, page.groups, page.empty) == (0, (), True)
    assert [one.id for one in page.taken_back] == [1]


def test_the_story_of_a_credit_that_a_later_award_changed() -> None:
    first = given(1, "5", "PRJ-NAT", "I")
    back = given(2, "-5", "PRJ-NAT", "I", reverses=1, reason="replaced by run 9")
    again = given(3, "2", "PRJ-NAT", "I", gross=Credit.of("5"), cap=Credit.of("10"))
    pack = PACKS["cn-2006"]

    old = entry.page(Story(first, (first, back, again), pack))
    of_reversal = entry.page(Story(back, (first, back, again), pack))
    new = entry.page(Story(again, (first, back, again), pack))

    assert (old.in_force, old.counts, old.current_id) == (False, "2", 3)
    assert of_reversal == old
    assert (new.in_force, new.net, new.cap) == (True, "2", "10")
    assert new.document == "全继委发〔2006〕11号"
    assert [(step.turn, step.credit, step.reason) for step in new.steps] == [
        ("given", "5", ""), ("taken_back", "5", ""), ("given", "2", ""),
    ]  # fmt: skip


# ------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("amount", "sentence", "column"),
    [("3.50", "3.5", "3.5"), ("20", "20", "20.0"), ("1.43", "1.43", "1.43"), ("0", "0", "0.0")],
)
def test_amounts_are_written_as_people_read_them(amount: str, sentence: str, column: str) -> None:
    credit = Credit.of(amount)

    assert (saying.amount(credit), saying.figure(credit)) == (sentence, column)
    assert saying.amount(Decimal("37.50")) == "37.5"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "1 分钟"), (480, "8 分钟"), (7199, "2 小时"), (7201, "2 小时 1 分钟"), (172_800, "2 天")],
)
def test_gaps_are_rounded_up_to_the_minute(seconds: int, said: str) -> None:
    assert saying.gap(seconds) == said


def test_a_window_until_midnight_ends_with_its_day() -> None:
    assert saying.until(at("00:00", 19)) == "24:00"
    assert saying.clock(at("08:30:12")) == "08:30:12"
    assert at_ms(at("08:30")).astimezone(SHANGHAI).hour == 8


@pytest.mark.parametrize("pack_id", PACKS)
def test_every_pack_can_be_told_in_words(pack_id: str) -> None:
    page = standards.page(PACKS[pack_id])

    rows = [row for _, rows in page.groups for row in rows]
    assert len(rows) == len(PACKS[pack_id].items)
    assert page.needs
    assert not [said for row in rows for said in row.said if "{" in said or "None" in said]


def test_sentences_with_marks_are_closed() -> None:
    book = words.book("phone")

    assert [code for code, said in book.items() if said.count("*") % 2] == []
