"""What a person may see and do of their own: activities, entries, cards, what is kept of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.awards import commands as awards
from app.awards import queries as judged
from app.awards.terms import Options, Why
from app.base import outbox
from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.cards import queries as held_cards
from app.cards.terms import CardState
from app.credits import queries as credits
from app.kernel.errors import ForbiddenError, NotFoundError
from app.kernel.span import Span, local
from app.people import queries as people
from app.standards import commands as standards
from device.mbox.machine import Machine
from tests.conftest import Clock
from tests.support.cast import (
    CAO_JING,
    HE_MIN,
    OPERATOR,
    SHAN_XIAO,
    XIE_FANG,
    ZHOU_LAN,
    Cast,
)
from tests.support.filing import NO
from tests.support.terminal import at, held

SECOND_DAY = "2013-05-19"
Count = Callable[..., int]


@pytest.fixture
def held_batch(site: Site, terminal: Machine) -> Machine:
    """何敏 stays both days, 曹静 leaves eight minutes early; nobody has awarded yet."""
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    terminal.tap(held(CAO_JING), at=at("08:10:00"))
    terminal.tap(held(CAO_JING), at=at("16:22:00", SECOND_DAY))
    terminal.tap(held(HE_MIN), at=at("17:31:40", SECOND_DAY))
    [answer] = terminal.upload()
    assert answer.status == 200
    return terminal


def awarded(site: Site) -> int:
    with begin(site, OPERATOR) as work:
        run_id = awards.ask(work, NO, 1, Options())
    for message in work.messages:
        outbox.deliver(site, message.id)
    return run_id


def activities(site: Site, cast: Cast, no: str, span: Span | None = None) -> list[judged.Activity]:
    with begin(site, cast.self(no)) as work:
        return list(judged.activities_of(work, no, span))


def test_an_activity_without_an_award_says_what_attendance_alone_would_give(
    site: Site, cast: Cast, held_batch: Machine
) -> None:
    [stayed] = activities(site, cast, HE_MIN)
    [left] = activities(site, cast, CAO_JING)

    assert (stayed.records, len(stayed.swipes), stayed.verdict) == (2, 2, None)
    assert stayed.expected is not None
    assert (stayed.expected.granted, stayed.expected.gross) == (True, 500)
    assert stayed.working_days == 5
    assert left.expected is not None
    assert [reason.why for reason in left.expected.reasons] == [Why.WINDOW_MISSING]
    assert activities(site, cast, ZHOU_LAN) == []


def test_an_award_takes_the_place_of_what_was_expected_until_it_is_undone(
    site: Site, cast: Cast, held_batch: Machine
) -> None:
    run_id = awarded(site)
    [stayed] = activities(site, cast, HE_MIN)
    [left] = activities(site, cast, CAO_JING)
    with begin(site, OPERATOR) as work:
        awards.undo(work, run_id, "名单有误")
    [again] = activities(site, cast, HE_MIN)

    assert stayed.verdict is not None
    assert (stayed.verdict.net, stayed.expected) == (500, None)
    assert left.verdict is not None
    assert not left.verdict.granted
    assert again.verdict is None
    assert again.expected is not None


def test_the_activities_of_a_year_are_those_that_end_in_it(
    site: Site, cast: Cast, clock: Clock, held_batch: Machine
) -> None:
    year = Span(local("2013-01-01"), local("2014-01-01"))
    before = Span(local("2012-01-01"), local("2013-01-01"))

    clock.advance(days=400)

    assert [one.batch.no for one in activities(site, cast, HE_MIN, year)] == [1]
    assert activities(site, cast, HE_MIN, before) == []
    # Not awarded for more than a year: only its own year tells of it.
    assert activities(site, cast, HE_MIN) == []
    awarded(site)
    assert [one.batch.no for one in activities(site, cast, HE_MIN)] == [1]


def test_a_trace_shows_the_swipes_against_the_windows(
    site: Site, cast: Cast, held_batch: Machine
) -> None:
    with begin(site, cast.self(CAO_JING)) as work:
        before = judged.trace(work, CAO_JING, NO, 1)
    awarded(site)
    with begin(site, cast.self(CAO_JING)) as work:
        trace = judged.trace(work, CAO_JING, NO, 1)

    assert before.awarded_at is None
    assert trace.awarded_at == site.clock()
    assert [window.label for window in trace.windows] == ["签到 s1", "签到 s2"]
    assert len(trace.swipes) == 2
    [reason] = trace.told.explanation.reasons
    assert reason.nearest == trace.swipes[1]
    assert (trace.standard, trace.edition) == ("继续医学教育学分授予与管理办法", 1)


def test_the_story_of_an_entry_has_its_reversal_and_what_came_after(
    site: Site, cast: Cast, held_batch: Machine
) -> None:
    first = awarded(site)
    with begin(site, OPERATOR) as work:
        awards.undo(work, first, "名单有误")
    awarded(site)

    with begin(site, cast.self(HE_MIN)) as work:
        newest = credits.entries_of(work, HE_MIN, 2013)
        told = credits.story_of(work, HE_MIN, newest[-1].id)
        years = credits.years_of(work, HE_MIN)

    story = told.entries
    assert (told.asked, told.pack.id) == (story[0], "cn-2006")
    assert [str(one.net) for one in story] == ["5.00", "-5.00", "5.00"]
    assert [one.reverses for one in story] == [None, story[0].id, None]
    assert story[1].reason == "名单有误"
    assert [one.id for one in newest] == [one.id for one in reversed(story)]
    assert (story[0].title, story[0].host, story[0].batch_no) == (
        "心力衰竭诊疗新进展", "颍川市第一人民医院", 1,
    )  # fmt: skip
    assert years == (2013,)


def test_an_entry_of_another_is_not_there(site: Site, cast: Cast, held_batch: Machine) -> None:
    awarded(site)
    with begin(site, cast.self(HE_MIN)) as work:
        [entry] = credits.entries_of(work, HE_MIN, 2013)

    with begin(site, cast.self(CAO_JING)) as work:
        assert credits.entries_of(work, CAO_JING, 2013) == ()
        with pytest.raises(NotFoundError) as refused:
            credits.story_of(work, CAO_JING, entry.id)

    assert refused.value.code == "credits.entry.unknown"


def test_a_person_reports_their_card_lost_and_cannot_take_it_back(site: Site, cast: Cast) -> None:
    with begin(site, cast.self(HE_MIN)) as work:
        [card] = held_cards.own_cards(work, HE_MIN)
        lost = cards.report_lost(work, card.no)
        again = cards.report_lost(work, card.no)

    assert (card.state, lost.state, lost.since) == (
        CardState.ACTIVE, CardState.LOST, site.clock(),
    )  # fmt: skip
    assert again.state is CardState.LOST
    assert [message.topic for message in work.messages] == ["cards.changed"]
    with begin(site, cast.self(HE_MIN)) as work, pytest.raises(ForbiddenError):
        cards.set_state(work, card.no, CardState.ACTIVE)


def test_a_card_that_was_revoked_does_not_become_lost(site: Site, cast: Cast) -> None:
    with begin(site, OPERATOR) as work:
        cards.set_state(work, HE_MIN, CardState.REVOKED)

    with begin(site, cast.self(HE_MIN)) as work:
        assert cards.report_lost(work, HE_MIN).state is CardState.REVOKED
    assert work.messages == []


def test_nobody_reports_the_card_of_another(site: Site, cast: Cast, count: Count) -> None:
    with begin(site, cast.self(SHAN_XIAO)) as work, pytest.raises(NotFoundError):
        cards.report_lost(work, HE_MIN)

    assert count("card", "state = 'lost'") == 0


def test_a_person_sees_what_is_kept_of_them_and_where_they_work(site: Site, cast: Cast) -> None:
    with begin(site, cast.self(HE_MIN)) as work:
        staff, kept = people.staff_of(work, HE_MIN), people.kept_of(work, HE_MIN)
        with pytest.raises(NotFoundError):
            people.kept_of(work, ZHOU_LAN)
        with pytest.raises(NotFoundError):
            people.staff_of(work, ZHOU_LAN)
    with begin(site, cast.self(XIE_FANG)) as work:
        alone = people.staff_of(work, XIE_FANG)

    assert (staff.unit, staff.department) == ("颍川市第一人民医院", "心内科")
    assert kept.profile.phone.masked(3, 4) == "139****0001"
    assert (alone.unit, alone.department) == ("青禾县人民医院", "")


def test_who_works_in_the_console_has_other_doors_to_people(site: Site, cast: Cast) -> None:
    with begin(site, cast.hospital_admin) as work:
        with pytest.raises(ForbiddenError):
            people.kept_of(work, HE_MIN)
        with pytest.raises(ForbiddenError):
            held_cards.own_cards(work, HE_MIN)
