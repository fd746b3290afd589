"""What a person reads in WeChat: the figure first, then what is there, then where it comes from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from app.awards import rules
from app.awards.queries import Told
from app.awards.terms import Brief, Progress, Situation, Stage, Strategy
from app.base.work import DOORS
from app.kernel.credit import Credit
from app.kernel.place import Place
from app.kernel.span import Span, local
from app.org.terms import UnitId
from app.people.terms import Person, PersonId, PersonNo, Status
from app.projects.terms import (
    Batch,
    BatchId,
    CourseKind,
    Level,
    Project,
    ProjectId,
    ProjectState,
)
from app.standards.rules import standing
from app.standards.terms import CmeYear, Figures, Standing
from tests.support.occasions import SIGN_IN, SIGN_OUT, at, brief
from wechat.handlers import why
from wechat.handlers.credits import shown, titled, told
from wechat.routes import ROUTER

Y2024 = CmeYear(2024, date(2024, 1, 1), date(2024, 12, 31))
Y2026 = CmeYear(2026, date(2026, 1, 1), date(2026, 12, 31))
TODAY = date(2026, 11, 16)


def old_rule(
    total: str, class_1: str, class_2: str, *, need_1: str = "10", status: str = "normal"
) -> Standing:
    need = Figures(Credit.of(25), (("I", Credit.of(need_1)), ("II", Credit.of(15))))
    have = Figures(Credit.of(total), (("I", Credit.of(class_1)), ("II", Credit.of(class_2))))
    return standing(need, have, status)


def new_rule(total: str, hours: str, *, status: str = "normal") -> Standing:
    need = Figures(Credit.of(25), hours=Credit.of(90))
    return standing(need, Figures(Credit.of(total), hours=Credit.of(hours)), status)


def test_a_gap_under_the_old_rule_is_said_by_class() -> None:
    said = told(Y2024, old_rule("21.5", "8", "13.5"), TODAY)

    assert said == (
        "2024 年度还差 3.5 分，其中Ⅰ类 2 分，Ⅱ类 1.5 分。\n已得 21.5/25，Ⅰ类 8/10，Ⅱ类 13.5/15"
    )


def test_enough_in_total_and_too_little_of_a_class_is_still_a_gap() -> None:
    said = told(Y2024, old_rule("30", "8", "22"), TODAY)

    assert said.startswith("2024 年度还差 2 分，其中Ⅰ类 2 分。\n已得 30/25，Ⅰ类 8/10，Ⅱ类 22/15")


def test_a_gap_of_the_present_year_comes_with_the_days_that_are_left() -> None:
    said = told(Y2026, new_rule("21.5", "77.4"), TODAY)

    assert said == (
        "2026 年度还差 3.5 分。\n离 12 月 31 日还有 45 天。\n已得 21.5/25，学时 77.4/90"
    )


def test_a_year_that_is_met_asks_nothing_more() -> None:
    said = told(Y2026, new_rule("26", "91"), TODAY)

    assert said.startswith("2026 年度已达标，共 26 分。不用再做什么。\n已得 26/25，学时 91/90")


def test_a_year_that_does_not_count_says_so_and_names_no_gap() -> None:
    standing_ = standing(Figures(Credit.of(0)), Figures(Credit.of("3.5")), "not_counted")

    said = told(Y2026, standing_, TODAY)

    assert said.startswith("2026 年度不计达标，已得 3.5 分。\n已得 3.5")
    assert "还差" not in said


@pytest.mark.parametrize(
    ("year", "today", "said"),
    [
        (
            Y2026,
            TODAY,
            (
                "2026 年度还没有学分。第一次刷卡授分后，这里会出现。\n"
                "要求 25 分。\n"
                "离 12 月 31 日还有 45 天。"
            ),
        ),
        (Y2024, TODAY, "2024 年度没有学分记录。\n要求 25 分。"),
        (Y2026, date(2025, 12, 31), "2026 年度还没有开始。"),
    ],
)
def test_a_year_without_credit_is_told_by_where_it_lies(
    year: CmeYear, today: date, said: str
) -> None:
    assert told(year, new_rule("0", "0"), today) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [("0", "0"), ("3.50", "3.5"), ("20.00", "20"), ("0.05", "0.05"), ("100", "100")],
)
def test_an_amount_is_written_as_people_write_it(amount: str, said: str) -> None:
    assert shown(Credit.of(amount)) == shown(Decimal(amount)) == said


def test_a_long_title_is_cut_for_one_line() -> None:
    assert titled("一二三四五六七八九十一二三四五六") == "一二三四五六七八九十一二三四五六"
    assert titled("一二三四五六七八九十一二三四五六七") == "一二三四五六七八九十一二三四五…"


def test_every_way_to_ask_names_its_doors_or_is_open_to_everybody() -> None:
    named = {route.key: getattr(route.answer, "__doors__", ()) for route in ROUTER.routes}

    assert {key for key, doors in named.items() if not doors} == {
        "account", "lost", "standards", "notices", "faq", "help", "greeting", "scanned",
        "menu",
    }  # fmt: skip
    assert {door for doors in named.values() for door in doors} <= set(DOORS)


def batch(number: str = "2013-03-01-007(国)", name: str = "心血管急症护理规范化培训") -> Batch:
    project = Project(
        id=ProjectId(1), no=number, name=name, level=Level.NATIONAL, promoted=False,
        credit_class=None, course_kind=CourseKind.PROFESSIONAL, unit_id=UnitId(1),
        unit_name="颍川市第一人民医院", place=Place("1."), year=2013, credits=Credit.of(5),
        hours=None, cap=None, state=ProjectState.HELD,
    )  # fmt: skip
    return Batch(
        id=BatchId(1), project=project, no=1,
        span=Span(local("2013-05-18T08:00"), local("2013-05-18T18:00")), venue="", unit_only=False,
        limit_persons=None, plan={}, sessions=(), lecturers=(),
    )  # fmt: skip


TWO_WINDOWS = brief(Strategy.WINDOWS, SIGN_IN, SIGN_OUT)


def asked(by: Brief, *clocks: str, stage: Stage) -> str:
    """What 何敏 hears of the batch, having swiped at these clock times."""
    swipes = [at(clock) for clock in clocks]
    verdict = rules.judge(by, 7, swipes, Situation()) if stage is Stage.AWARDED else None
    explanation = rules.explain(
        by,
        7,
        swipes,
        Situation(),
        verdict=verdict,
        progress=Progress(stage, working_days=5),
        recorded=bool(swipes),
    )
    person = Person(
        PersonId(7), PersonNo("990100001"), "何敏", Place("1.p7."), UnitId(1), None, "", None,
        Status.NORMAL,
    )  # fmt: skip
    net = Credit.cents(verdict.net if verdict else 0)
    return why.told(Told(person, batch(), explanation, net))


def test_a_refusal_says_the_window_the_swipe_and_the_minutes_and_the_way_on() -> None:
    said = asked(TWO_WINDOWS, "07:52", "16:52", stage=Stage.AWARDED).splitlines()

    assert said == [
        "2013 年 5 月 18 日“心血管急症护理规范化培训”没有得分。",
        "下午签退要在 17:00 到 18:00 之间刷卡。你最近的一次是 16:52，早了 8 分钟。",
        "如果你一直在场，请带上座位表或照片找举办单位核对。",
    ]


def test_credit_that_was_given_is_said_first() -> None:
    said = asked(TWO_WINDOWS, "07:52", "17:10", stage=Stage.AWARDED)

    assert said.startswith("2013 年 5 月 18 日“心血管急症护理规范化培训”已得 5 分。\n")


def test_credit_that_may_still_come_is_not_called_refused() -> None:
    said = asked(TWO_WINDOWS, "07:52", "17:10", stage=Stage.NOT_RUN)

    assert said.startswith(
        "2013 年 5 月 18 日“心血管急症护理规范化培训”还没有得分。\n你的刷卡没有问题"
    )


def test_several_projects_are_listed_by_number_each_once() -> None:
    found = [batch(f"2013-03-01-00{n}(国)", f"护理培训{n}") for n in (1, 1, 2, 3, 4, 5, 6)]

    said = why.which(found).splitlines()

    assert said == [
        "有 6 个项目对得上。请回复“为什么”加上其中一个编号：",
        *(f"2013-03-01-00{n}(国) 护理培训{n}" for n in (1, 2, 3, 4, 5)),
    ]
