"""What becomes of a binding: another phone, a no from the old one, an end; and who is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from app.accounts import queries
from app.accounts.commands import binding as accounts
from app.accounts.commands import requests
from app.accounts.queries import binding as bindings
from app.accounts.steps import telling
from app.accounts.terms.binding import BindingEnd, How
from app.accounts.terms.proofs import Bound, NotBound, Outcome, Waits
from app.base.site import Site
from app.base.work import begin
from app.kernel.actor import Actor, Role, Via
from app.kernel.errors import ConflictError, NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret
from jobs import schedule
from jobs.queues import HANDLERS
from tests.conftest import Clock
from tests.support.binding import (
    PHONES,
    by_card,
    by_phone,
    by_slip,
    follower,
    picture_of,
    restated,
    slip_of,
    told,
)
from tests.support.cast import HE_MIN, OPERATOR, SHAN_XIAO, ZHENG_HAI, ZHOU_LAN, Cast
from tests.support.wechat_client import CITY_OFFICE, SERVICE, Official

OLD, NEW = "o-old", "o-new"
ROBOT = Actor("robot:tests", Via.JOB, Place.root(), Role.ROBOT)

pytestmark = pytest.mark.usefixtures("cast", "official")


def bound(site: Site, openid: str, slug: str = SERVICE) -> str | None:
    found = queries.binding_of(site, slug, openid)
    return found and found.person_no


def settle(site: Site) -> None:
    with begin(site, ROBOT) as work:
        HANDLERS["accounts.settle"](work, {})


@pytest.fixture
def old(site: Site, official: Official) -> str:
    """An openid that has been He Min's for long."""
    official.bind(SERVICE, OLD, HE_MIN)
    return OLD


# ------------------------------------------------------------------ T-BIND-4


def test_t_bind_4_another_phone_waits_a_day_and_the_old_one_is_told_at_once(
    site: Site, old: str, clock: Clock, owner: Engine
) -> None:
    outcome = by_phone(site, NEW, PHONES[HE_MIN])
    at_once = told(owner)
    clock.advance(hours=23, minutes=59, seconds=59)
    settle(site)
    before = bound(site, OLD), bound(site, NEW)
    clock.advance(seconds=1)
    settle(site)

    assert outcome == Waits(clock())
    assert at_once == [(SERVICE, OLD, "binding_contested")]
    assert before == (HE_MIN, None)
    assert (bound(site, OLD), bound(site, NEW)) == (None, HE_MIN)
    assert told(owner)[1:] == [
        (SERVICE, OLD, "binding_replaced"),
        (SERVICE, NEW, "claim_effective"),
    ]


def test_t_bind_4_both_phones_see_that_it_waits(site: Site, old: str, clock: Clock) -> None:
    by_slip(site, NEW, slip_of(site, HE_MIN))

    mine, theirs = (bindings.binding_state(site, SERVICE, one) for one in (NEW, OLD))

    until = clock() + timedelta(hours=24)
    assert (mine.binding, mine.pending_until, mine.contested_until) == (None, until, None)
    assert theirs.binding is not None
    assert (theirs.pending_until, theirs.contested_until) == (None, until)


def test_t_bind_4_the_schedule_lets_it_take_effect(site: Site, old: str, clock: Clock) -> None:
    by_slip(site, NEW, slip_of(site, HE_MIN))
    schedule.tell_due(site)
    clock.advance(hours=24)

    assert "accounts.settle" in schedule.tell_due(site)
    settle(site)

    assert bound(site, NEW) == HE_MIN


def test_the_old_phone_may_say_yes_at_once(site: Site, old: str, cast: Cast, owner: Engine) -> None:
    by_card(site, NEW, picture_of(site, HE_MIN))

    with begin(site, cast.self(HE_MIN)) as work:
        accounts.confirm_claim(work, SERVICE, OLD)

    assert (bound(site, OLD), bound(site, NEW)) == (None, HE_MIN)
    assert bindings.binding_state(site, SERVICE, NEW).pending_until is None
    assert [code for *_, code in told(owner)] == [
        "binding_contested", "binding_replaced", "claim_effective",
    ]  # fmt: skip


def test_the_old_phone_may_say_that_it_is_not_them(
    site: Site, old: str, cast: Cast, clock: Clock, owner: Engine
) -> None:
    by_card(site, NEW, picture_of(site, HE_MIN))

    with begin(site, cast.self(HE_MIN)) as work:
        accounts.refuse_claim(work, SERVICE, OLD)
    clock.advance(days=2)
    settle(site)

    assert (bound(site, OLD), bound(site, NEW)) == (HE_MIN, None)
    assert (SERVICE, NEW, "claim_refused") in told(owner)
    with pytest.raises(NotFoundError), begin(site, cast.self(HE_MIN)) as work:
        accounts.confirm_claim(work, SERVICE, OLD)


def test_only_the_old_phone_answers(site: Site, old: str, cast: Cast) -> None:
    by_card(site, NEW, picture_of(site, HE_MIN))

    for actor in (cast.self(ZHOU_LAN), cast.self(ZHENG_HAI), cast.hospital_admin, cast.stranger):
        for answer in (accounts.confirm_claim, accounts.refuse_claim, accounts.unbind):
            with pytest.raises(NotFoundError), begin(site, actor) as work:
                answer(work, SERVICE, OLD)
    for openid in (NEW, "o-nobody"):
        with pytest.raises(NotFoundError), follower(site, openid)() as work:
            accounts.confirm_claim(work, SERVICE, openid)
    assert bound(site, OLD) == HE_MIN


def test_a_second_claim_is_refused_and_the_first_goes_on(site: Site, old: str) -> None:
    """Where two openids both prove to be somebody, a human must look."""
    first = by_slip(site, NEW, slip_of(site, HE_MIN))
    second = by_phone(site, "o-third", PHONES[HE_MIN])
    again = by_phone(site, NEW, PHONES[HE_MIN])

    assert isinstance(first, Waits)
    assert second == NotBound(4)
    assert again == first


def test_an_administrator_with_a_reason_need_not_wait(
    site: Site, old: str, cast: Cast, owner: Engine
) -> None:
    for openid in (NEW, "o-third"):
        with follower(site, openid)() as work:
            number = requests.ask_human(work, SERVICE, openid, "何敏", "心内科", "旧手机丢了")
        with begin(site, cast.hospital_admin) as work:
            reason = "" if openid == NEW else "本人带身份证到科教科"
            outcome = requests.approve_request(work, number, HE_MIN, reason)
        assert isinstance(outcome, Waits if openid == NEW else Bound)

    assert [bound(site, one) for one in (OLD, NEW, "o-third")] == [None, None, HE_MIN]
    assert bindings.binding_state(site, SERVICE, NEW).pending_until is None
    with owner.connect() as connection:
        kept = connection.execute(
            text("select reason from binding_request order by id")
        ).scalars().all()  # fmt: skip
    assert kept == [None, "本人带身份证到科教科"]
    assert (SERVICE, OLD, "binding_replaced") in told(owner)


def test_where_an_openid_waits_an_administrator_needs_a_reason(
    site: Site, old: str, cast: Cast
) -> None:
    by_slip(site, NEW, slip_of(site, HE_MIN))
    with follower(site, "o-third")() as work:
        number = requests.ask_human(work, SERVICE, "o-third", "何敏", "心内科")

    with pytest.raises(ConflictError) as refused, begin(site, cast.hospital_admin) as work:
        requests.approve_request(work, number, HE_MIN)

    assert refused.value.code == "accounts.request.taken"


def test_an_openid_that_is_somebody_elses_is_refused(site: Site, old: str) -> None:
    assert by_slip(site, OLD, slip_of(site, ZHOU_LAN)) == NotBound(4)
    assert bound(site, OLD) == HE_MIN


def test_what_became_somebody_elses_meanwhile_takes_no_effect(
    site: Site, old: str, official: Official, clock: Clock
) -> None:
    by_slip(site, NEW, slip_of(site, HE_MIN))
    official.bind(SERVICE, NEW, ZHOU_LAN)
    clock.advance(days=1)
    settle(site)

    assert (bound(site, OLD), bound(site, NEW)) == (HE_MIN, ZHOU_LAN)
    assert bindings.binding_state(site, SERVICE, NEW).pending_until is None


def test_where_the_old_phone_lets_go_the_new_one_proves_itself_anew_and_is_bound(
    site: Site, old: str, cast: Cast
) -> None:
    by_phone(site, NEW, PHONES[HE_MIN])
    with begin(site, cast.self(HE_MIN)) as work:
        accounts.unbind(work, SERVICE, OLD)

    assert by_phone(site, NEW, PHONES[HE_MIN]) == Bound()
    assert bound(site, NEW) == HE_MIN


def test_several_wait_and_take_effect_together(
    site: Site, official: Official, clock: Clock, owner: Engine
) -> None:
    for no in (HE_MIN, ZHOU_LAN, SHAN_XIAO):
        official.bind(SERVICE, f"o-{no}", no)
        assert isinstance(by_slip(site, f"o-new-{no}", slip_of(site, no)), Waits)
    clock.advance(days=1)

    settle(site)
    settle(site)

    for no in (HE_MIN, ZHOU_LAN, SHAN_XIAO):
        assert (bound(site, f"o-{no}"), bound(site, f"o-new-{no}")) == (None, no)
    assert len(told(owner)) == 9


# ------------------------------------------------------------------ two accounts, two phones


def test_on_another_account_the_person_is_bound_at_once_and_the_first_is_told(
    site: Site, old: str, owner: Engine
) -> None:
    assert by_slip(site, "c-new", slip_of(site, HE_MIN), slug=CITY_OFFICE) == Bound()

    assert (bound(site, OLD), bound(site, "c-new", CITY_OFFICE)) == (HE_MIN, HE_MIN)
    assert told(owner) == [(SERVICE, OLD, "binding_added")]


def test_the_operators_binding_is_told_to_whom_it_replaces(
    site: Site, old: str, official: Official, owner: Engine
) -> None:
    official.bind(SERVICE, NEW, HE_MIN)

    assert (bound(site, OLD), bound(site, NEW)) == (None, HE_MIN)
    assert told(owner) == [(SERVICE, OLD, "binding_replaced")]


# ------------------------------------------------------------------ ends


def test_a_person_lets_go_of_their_own_openid(
    site: Site, old: str, cast: Cast, owner: Engine
) -> None:
    by_slip(site, "c-new", slip_of(site, HE_MIN), slug=CITY_OFFICE)

    with begin(site, cast.self(HE_MIN)) as work:
        accounts.unbind(work, SERVICE, OLD)

    assert (bound(site, OLD), bound(site, "c-new", CITY_OFFICE)) == (None, HE_MIN)
    assert told(owner)[1:] == [(CITY_OFFICE, "c-new", "binding_ended")]


def test_whoever_is_cancelled_is_bound_no_more(
    site: Site, old: str, owner: Engine, count: Callable[..., int]
) -> None:
    by_slip(site, NEW, slip_of(site, HE_MIN))
    slip_of(site, HE_MIN)

    restated(site, HE_MIN, status="cancelled")

    assert bound(site, OLD) is None
    assert bindings.binding_state(site, SERVICE, NEW).pending_until is None
    assert (SERVICE, OLD, "binding_cancelled") in told(owner)
    assert count("binding", "ended_as = 'cancelled'") == 1


def test_whoever_is_cancelled_from_a_later_day_is_bound_until_then(
    site: Site, old: str, clock: Clock
) -> None:
    restated(site, HE_MIN, status="cancelled", status_from="2013-05-27")
    recheck = HANDLERS["accounts.recheck"]

    for day, expected in (("2013-05-26", HE_MIN), ("2013-05-27", None)):
        clock.set(clock.now.fromisoformat(f"{day}T00:00:01+08:00"))
        with begin(site, ROBOT) as work:
            recheck(work, {})
        assert bound(site, OLD) == expected


def test_a_claim_of_a_person_who_is_cancelled_takes_no_effect(
    site: Site, old: str, clock: Clock
) -> None:
    by_slip(site, NEW, slip_of(site, HE_MIN))
    restated(site, HE_MIN, status="cancelled", status_from="2013-05-26")
    clock.advance(days=1)

    settle(site)

    assert bound(site, NEW) is None


def test_a_change_of_department_leaves_the_binding_and_moves_it(
    site: Site, old: str, cast: Cast
) -> None:
    by_slip(site, NEW, slip_of(site, HE_MIN))

    restated(site, HE_MIN, department_code="H1-2")

    found = queries.binding_of(site, SERVICE, OLD)
    assert found is not None
    assert cast.unit("H1-2").place.holds(found.place)
    with begin(site, Actor(HE_MIN, Via.WECHAT, found.place, Role.PERSON)) as work:
        accounts.confirm_claim(work, SERVICE, OLD)
    moved = queries.binding_of(site, SERVICE, NEW)
    assert moved is not None
    assert moved.place == found.place


def test_what_is_spent_is_removed_in_time(
    site: Site, clock: Clock, count: Callable[..., int]
) -> None:
    by_slip(site, NEW, slip_of(site, HE_MIN))
    by_card(site, "o-2", picture_of(site, ZHOU_LAN))
    by_phone(site, "o-3", None)
    clock.advance(days=60)

    with begin(site, ROBOT) as work:
        HANDLERS["accounts.recheck"](work, {})

    tables = ("activation_slip", "card_proof", "phone_proof", "binding_try")
    assert [count(table) for table in tables] == [0, 0, 0, 0]
    assert count("binding", "ended_at is null") == 2


# ------------------------------------------------------------------ history


def test_a_person_sees_who_was_bound_when_how_and_where(
    site: Site, old: str, cast: Cast, clock: Clock
) -> None:
    first = clock()
    clock.advance(days=30)
    by_slip(site, NEW, slip_of(site, HE_MIN))
    clock.advance(days=1)
    settle(site)
    by_card(site, "c-new", picture_of(site, HE_MIN), slug=CITY_OFFICE)
    clock.advance(days=1)
    with begin(site, cast.self(HE_MIN)) as work:
        accounts.unbind(work, CITY_OFFICE, "c-new")
        history = bindings.binding_history(work, HE_MIN)

    assert [(one.openid, one.how, one.ended_as) for one in history] == [
        ("c-new", How.CARD, BindingEnd.UNBOUND),
        (NEW, How.SLIP, None),
        (OLD, How.OPERATOR, BindingEnd.REPLACED),
    ]
    assert [one.account_name for one in history] == ["账号 city-office", *["账号 yingchuan"] * 2]
    assert history[2].bound_at == first
    assert history[2].ended_at == history[1].bound_at


def test_nobody_sees_the_history_of_another(site: Site, old: str, cast: Cast) -> None:
    for actor in (cast.self(ZHOU_LAN), cast.hospital_admin, cast.stranger):
        with pytest.raises(NotFoundError), begin(site, actor) as work:
            bindings.binding_history(work, HE_MIN)


def test_the_trail_says_who_bound_and_how(site: Site, owner: Engine, cast: Cast) -> None:
    by_slip(site, NEW, slip_of(site, HE_MIN))
    with begin(site, cast.self(HE_MIN)) as work:
        accounts.unbind(work, SERVICE, NEW)

    with owner.connect() as connection:
        lines = connection.execute(
            text("select actor, action, change from audit_entry where table_name = 'binding'"
                 " order by id")
        ).all()  # fmt: skip
    assert [(actor, action) for actor, action, _ in lines] == [
        (NEW, "accounts.prove"),
        (HE_MIN, "accounts.unbind"),
    ]
    assert (lines[0].change["how"], lines[0].change["person_no"]) == ("slip", HE_MIN)
    assert lines[1].change["ended_as"] == [None, "unbound"]


def test_a_word_to_a_person_goes_to_everyone_bound_to_them(
    site: Site, old: str, cast: Cast, owner: Engine, official: Official
) -> None:
    official.bind(CITY_OFFICE, "c-he-min", HE_MIN)
    official.bind(SERVICE, "o-zhou", ZHOU_LAN)
    before = len(told(owner))

    with begin(site, OPERATOR) as work:
        telling.tell_person(work, cast.person(HE_MIN).id, "password_reset", clock="09:00")
        telling.tell_openid(work, SERVICE, "o-nobody", "request_refused")

    assert told(owner)[before:] == [
        (SERVICE, OLD, "password_reset"),
        (CITY_OFFICE, "c-he-min", "password_reset"),
        (SERVICE, "o-nobody", "request_refused"),
    ]
    with owner.connect() as connection:
        [body] = connection.execute(
            text("select body from outbox_message where body->>'openid' = 'c-he-min'"
                 " and body->>'code' = 'password_reset'")
        ).scalars()  # fmt: skip
    assert body["facts"] == {"clock": "09:00"}


# ------------------------------------------------------------------ T-BIND-5


def at_once(*acts: Callable[[], Outcome]) -> list[Outcome]:
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], Outcome]) -> Outcome:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_t_bind_5_of_two_who_prove_to_be_one_person_at_once_one_is_bound(
    site: Site, count: Callable[..., int], clock: Clock
) -> None:
    ended = []

    for number in range(50):
        # Who is second counts as refused, and five such a day would be enough.
        clock.advance(days=1)
        code, token = slip_of(site, HE_MIN), picture_of(site, HE_MIN)
        one, other = f"o-{number}-slip", f"o-{number}-card"
        ended += at_once(
            lambda code=code, one=one: by_slip(site, one, code),  # type: ignore[misc]
            lambda token=token, other=other: by_card(site, other, token),  # type: ignore[misc]
        )
        assert count("binding", "ended_at is null") == 1
        winner = one if bound(site, one) else other
        assert count("binding_claim", "ended_at is null") <= 1
        with begin(site, OPERATOR) as work:
            accounts.unbind(work, SERVICE, winner)
            work.session.execute(text("select set_config('app.action', 'tests', true)"))
            work.session.execute(text("delete from binding_claim"))

    assert sum(isinstance(one, Bound) for one in ended) == 50
    assert {type(one) for one in ended} <= {Bound, Waits, NotBound}


def test_t_bind_5_of_many_who_use_one_slip_at_once_one_is_bound(
    site: Site, count: Callable[..., int]
) -> None:
    code = slip_of(site, HE_MIN)
    acts = [lambda n=n: by_slip(site, f"o-{n}", code) for n in range(5)]

    ended = at_once(*acts)  # type: ignore[arg-type]

    assert sum(isinstance(one, Bound) for one in ended) == 1
    assert sum(isinstance(one, NotBound) for one in ended) == 4
    assert count("binding") == 1


def test_many_wrong_tries_at_once_count_as_many(site: Site) -> None:
    wrong = Secret("0" * 12)
    acts = [lambda: by_slip(site, NEW, wrong)] * 5

    ended = at_once(*acts)

    assert sorted(one.left for one in ended if isinstance(one, NotBound)) == [0, 1, 2, 3, 4]
    assert by_slip(site, NEW, slip_of(site, HE_MIN)) == NotBound(0)


def test_two_who_settle_at_once_settle_once(
    site: Site, old: str, clock: Clock, count: Callable[..., int], owner: Engine
) -> None:
    by_slip(site, NEW, slip_of(site, HE_MIN))
    clock.advance(days=1)
    barrier = threading.Barrier(3)

    def run(_: int) -> None:
        barrier.wait()
        settle(site)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, range(3)))

    assert bound(site, NEW) == HE_MIN
    assert count("binding") == 2
    assert [code for *_, code in told(owner)].count("claim_effective") == 1
