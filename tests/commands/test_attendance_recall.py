"""A card's loss is the same loss whenever it is reported: before the swipes came in, or after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from app.attendance import commands as attendance
from app.attendance.queries import records
from app.attendance.terms import Hold, Record, SwipeState
from app.awards import queries as awards
from app.awards.terms import Options
from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.cards.terms import CardState
from app.kernel.actor import Actor
from app.standards import commands as standards
from device.mbox.machine import Card, Machine
from tests.commands.test_attendance_waiting import NEW_CARD, NEW_CHIP, deliver, give_card
from tests.conftest import Clock
from tests.support.cast import CAO_JING, HE_MIN, OPERATOR, UIDS, XIE_FANG, ZHENG_HAI, ZHOU_LAN, Cast
from tests.support.filing import NO, batch, filed, project
from tests.support.terminal import MakeTerminal, at, held, package

SWIPE = at("08:02:11")
LOST, ACTIVE = CardState.LOST, CardState.ACTIVE
A, D, Q = SwipeState.ACCEPTED, SwipeState.DUPLICATE, SwipeState.QUARANTINED
CARDS = {
    "chip": held(HE_MIN),
    "number": Card(card_no=HE_MIN),
    "person and number": Card(person_no=HE_MIN, card_no=HE_MIN),
    "all": Card(person_no=HE_MIN, card_no=HE_MIN, uid=bytes.fromhex(UIDS[HE_MIN])),
}


@pytest.fixture(autouse=True)
def _standards(site: Site) -> None:
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)


def report(
    site: Site, state: CardState = LOST, since: datetime | None = None, no: str = HE_MIN
) -> None:
    """Set a card's state, and let the robot do what follows."""
    with begin(site, OPERATOR) as work:
        cards.set_state(work, no, state, since)
    deliver(site, [message.id for message in work.messages])


def listed(site: Site, actor: Actor = OPERATOR) -> tuple[Record, ...]:
    with begin(site, actor) as work:
        return records.records_of(work, NO, 1)


def fates(site: Site) -> list[tuple[SwipeState, Hold | None]]:
    return [(one.state, one.reason if one.state is Q else None) for one in listed(site)]


def previewed(site: Site) -> dict[str, int]:
    """How many a run would grant now, and why not."""
    with begin(site, OPERATOR) as work:
        outcome = awards.preview(work, NO, 1, Options(strategy="any")).outcome
    return {"granted": outcome.granted} | {why.value: count for why, count in outcome.reasons}


# ------------------------------------------------------------------ both orders


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
@pytest.mark.parametrize("reported", ["before the upload", "after it", "after an earlier guess"])
@pytest.mark.parametrize(
    ("since", "fate", "outcome"),
    [
        (SWIPE - timedelta(days=30), (Q, Hold.REVOKED_CARD), {"granted": 0, "CARD_REVOKED": 1}),
        (SWIPE, (Q, Hold.REVOKED_CARD), {"granted": 0, "CARD_REVOKED": 1}),
        (SWIPE + timedelta(milliseconds=1), (A, None), {"granted": 1}),
    ],
)
def test_a_loss_is_judged_alike_whenever_it_is_reported(
    since: datetime, fate: object, outcome: dict[str, int], reported: str, card: Card,
    terminal: Machine, site: Site,
) -> None:  # fmt: skip
    terminal.tap(card, at=SWIPE)
    if reported == "before the upload":
        report(site, LOST, since)
        terminal.upload()
    else:
        terminal.upload()
        if reported == "after an earlier guess":
            report(site, LOST, SWIPE - timedelta(hours=1))
        report(site, LOST, since)

    assert fates(site) == [fate]
    assert previewed(site) == outcome
    [one] = listed(site)
    assert one.person_no == HE_MIN


def test_a_card_that_is_found_counts_again_and_a_repeat_stays_one(
    terminal: Machine, site: Site
) -> None:
    for clock in ("08:02:11", "08:02:40", "08:10:00"):
        terminal.tap(held(HE_MIN), at=at(clock))
    terminal.upload()
    before = fates(site)
    assert [state for state, _ in before] == [A, D, A]

    report(site, LOST, at("08:00:00"))
    assert fates(site) == [(Q, Hold.REVOKED_CARD)] * 3
    report(site, ACTIVE)

    assert fates(site) == before
    assert previewed(site) == {"granted": 1}
    report(site, LOST, at("08:05:00"))
    assert fates(site) == [(A, None), (D, None), (Q, Hold.REVOKED_CARD)]


def test_only_swipes_of_that_card_since_that_moment_wait_again(
    terminal: Machine, site: Site, clock: Clock
) -> None:
    deliver(site, give_card(site, XIE_FANG, NEW_CARD))
    for card, clock_time in (
        (held(HE_MIN), "08:00:00"),
        (Card(person_no=HE_MIN), "08:05:00"),
        (held(ZHOU_LAN), "08:10:00"),
        (Card(card_no=NEW_CARD), "08:15:00"),
        (held(HE_MIN), "08:20:00"),
    ):
        terminal.tap(card, at=at(clock_time))
    terminal.upload()

    report(site, LOST, at("08:10:00"))

    assert [state for state, _ in fates(site)] == [A, A, A, A, Q]


def test_the_new_card_counts_while_the_lost_one_does_not(terminal: Machine, site: Site) -> None:
    terminal.tap(held(HE_MIN), at=at("08:00:00"))
    terminal.upload()
    deliver(site, give_card(site, HE_MIN, NEW_CARD, NEW_CHIP))
    terminal.tap(Card(card_no=NEW_CARD), at=at("08:10:00"))
    terminal.upload()

    report(site, LOST, at("07:00:00"))

    assert [state for state, _ in fates(site)] == [Q, A]
    assert previewed(site) == {"granted": 1}


def test_a_chip_that_two_cards_carry_is_the_card_of_its_package(
    terminal: Machine, site: Site
) -> None:
    terminal.tap(Card(uid=bytes.fromhex(UIDS[HE_MIN])), at=at("08:00:00"))
    terminal.upload()
    deliver(site, give_card(site, HE_MIN, NEW_CARD, UIDS[HE_MIN]))

    report(site, LOST, at("07:00:00"), no=NEW_CARD)
    assert fates(site) == [(A, None)]
    report(site, LOST, at("07:00:00"))

    assert fates(site) == [(Q, Hold.REVOKED_CARD)]


def test_a_swipe_far_outside_its_batch_is_found_as_well(terminal: Machine, site: Site) -> None:
    terminal.tap(held(HE_MIN), at=at("08:00:00", "2013-03-01"))
    terminal.tap(held(HE_MIN), at=at("08:00:00", "2013-05-24"))
    terminal.upload()

    report(site, LOST, at("00:00:00", "2013-02-01"))

    assert fates(site) == [(Q, Hold.REVOKED_CARD)] * 2


def test_swipes_of_many_batches_and_terminals_wait_again(
    site: Site, make_terminal: MakeTerminal, count: Callable[..., int]
) -> None:
    days = [
        batch(n, starts_at=f"2013-05-{17 + n}T08:00", ends_at=f"2013-05-{17 + n}T18:00",
              sessions=[], plan={"strategy": "any"})
        for n in (1, 2, 3)
    ]  # fmt: skip
    filed(site, OPERATOR, project(batches=days))
    for n in (1, 2, 3):
        machine = make_terminal(f"MBX-{n}")
        package(site, machine, NO, n)
        machine.tap(held(HE_MIN), at=at("09:00:00", f"2013-05-{17 + n}"))
        machine.tap(held(ZHOU_LAN), at=at("09:10:00", f"2013-05-{17 + n}"))
        machine.upload()

    report(site, LOST, at("00:00:00", "2013-05-19"))

    assert count("swipe", "state = 'accepted'") == 4
    assert count("quarantine", "hold = 'revoked_card' and resolved_at is null") == 2


def test_a_guests_swipe_waits_at_the_host_and_the_host_may_see_it(
    terminal: Machine, site: Site, cast: Cast
) -> None:
    terminal.tap(Card(card_no=ZHENG_HAI), at=at("08:00:00"))
    terminal.upload()

    with begin(site, cast.actor(cast.county_hospital_admin.role, "H2")) as work:
        cards.set_state(work, ZHENG_HAI, LOST, at("07:00:00"))
    deliver(site, [message.id for message in work.messages])

    [one] = listed(site, cast.hospital_admin)
    assert (one.state, one.reason, one.person_no) == (Q, Hold.REVOKED_CARD, ZHENG_HAI)


# ------------------------------------------------------------------ what waits for its time


def test_a_loss_goes_before_a_clock_that_is_wrong(terminal: Machine, site: Site) -> None:
    terminal.set_clock(timedelta(hours=8))
    terminal.synchronise()
    terminal.tap(held(HE_MIN), at=at("16:00:00"))
    terminal.upload()
    assert fates(site) == [(Q, Hold.CLOCK_SKEW)]

    report(site, LOST, at("07:00:00"))
    assert fates(site) == [(Q, Hold.REVOKED_CARD)]
    report(site, LOST, at("09:00:00"))

    assert fates(site) == [(Q, Hold.CLOCK_SKEW)]
    [one] = listed(site)
    with begin(site, OPERATOR) as work:
        attendance.accept(work, one.id, "时钟错八小时")
    assert fates(site) == [(A, None)]


def test_whose_a_record_is_stands_once_a_person_said_so(terminal: Machine, site: Site) -> None:
    terminal.set_clock(timedelta(hours=8))
    terminal.synchronise()
    terminal.tap(Card(card_no=NEW_CARD), at=at("16:00:00"))
    terminal.upload()
    [one] = listed(site)
    with begin(site, OPERATOR) as work:
        attendance.attach(work, one.id, CAO_JING, "借卡")

    deliver(site, give_card(site, XIE_FANG, NEW_CARD))
    report(site, LOST, at("07:00:00"), no=NEW_CARD)

    [one] = listed(site)
    assert (one.state, one.reason, one.person_no) == (Q, Hold.CLOCK_SKEW, CAO_JING)


# ------------------------------------------------------------------ what a person decided


@pytest.mark.parametrize("act", ["accept", "attach", "discard"])
def test_what_a_person_resolved_stands(act: str, terminal: Machine, site: Site) -> None:
    report(site, LOST, at("07:00:00"))
    terminal.tap(held(HE_MIN), at=at("08:00:00"))
    terminal.upload()
    [one] = listed(site)
    with begin(site, OPERATOR) as work:
        match act:
            case "accept":
                attendance.accept(work, one.id, "本人持旧卡")
            case "attach":
                attendance.attach(work, one.id, HE_MIN, "本人持旧卡")
            case _:
                attendance.discard(work, one.id, "代刷")
    decided = listed(site)

    report(site, ACTIVE)
    report(site, LOST, at("06:00:00"))

    assert listed(site) == decided


def test_a_record_that_waits_again_is_resolved_by_a_person_like_any_other(
    terminal: Machine, site: Site
) -> None:
    terminal.tap(held(HE_MIN), at=at("08:00:00"))
    terminal.upload()
    report(site, LOST, at("07:00:00"))

    with begin(site, OPERATOR) as work:
        done = attendance.accept(work, listed(site)[0].id, "挂失时间报错了")
    report(site, LOST, at("06:00:00"))

    assert (done.state, done.card_no, done.resolution) == (A, HE_MIN, "accepted")
    assert listed(site) == (done,)


def test_a_record_claimed_for_a_batch_waits_again_like_any_other(
    terminal: Machine, site: Site
) -> None:
    terminal.tap(held(HE_MIN), at=at("08:00:00"), activity_id="A-77")
    terminal.upload()
    with begin(site, OPERATOR) as work:
        [one] = records.unassigned(work, terminal.memory.device_sn)
        attendance.claim(work, one.id, NO, 1, "换机")
    assert fates(site) == [(A, None)]

    report(site, LOST, at("07:00:00"))

    assert fates(site) == [(Q, Hold.REVOKED_CARD)]


# ------------------------------------------------------------------ what is told of it


def test_the_trail_names_the_swipes_that_wait_again_and_count_again(
    terminal: Machine, site: Site, owner: Engine, cast: Cast
) -> None:
    for clock in ("08:00:00", "08:10:00"):
        terminal.tap(held(HE_MIN), at=at(clock))
    terminal.upload()

    report(site, LOST, at("08:05:00"))
    report(site, ACTIVE)

    with owner.connect() as connection:
        trail = connection.execute(
            text("select actor, path, change from audit_entry where table_name = 'batch' "
                 "and change->>'kind' in ('recall', 'settle') order by id")
        ).all()  # fmt: skip
    ids = [str(one.id) for one in listed(site)]
    assert [(one.actor, one.path) for one in trail] == [
        ("robot:cards.changed", cast.unit("H1").place.path)
    ] * 2
    assert trail[0].change["swipes"] == ids[1:]
    assert trail[1].change["swipes"] == 1


def test_the_answer_about_the_file_shows_what_waits_again(terminal: Machine, site: Site) -> None:
    terminal.tap(held(HE_MIN), at=at("08:00:00"))
    terminal.tap(held(ZHOU_LAN), at=at("08:01:00"))
    [answer] = terminal.upload()
    assert answer.said["accepted"] == 2

    report(site, LOST, at("07:00:00"))

    [made] = terminal.memory.batches
    said = terminal.call("GET", f"/device/v1/records/{made.batch_id}").said
    assert (said["accepted"], said["quarantined"]) == (1, 1)
    assert [(one["seq"], one["reason"]) for one in said["results"]] == [(1, "revoked_card")]
    report(site, ACTIVE)
    assert terminal.call("GET", f"/device/v1/records/{made.batch_id}").said["accepted"] == 2
