"""Cards: whose they are, which one counts, and from when one no longer does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from app.base import words
from app.base.site import Site
from app.base.work import begin
from app.cards import commands, queries
from app.cards.terms import UID, Card, CardState
from app.kernel.actor import Actor
from app.kernel.errors import CmeError, ConflictError, ForbiddenError, InvalidError, NotFoundError
from app.kernel.secret import Secret
from tests.commands.test_people_import import HE, NEW, take_in
from tests.conftest import NOW, Clock
from tests.support.cast import HE_MIN, OPERATOR, STRANGER, UIDS, XIE_FANG, ZHOU_LAN, Cast, id_number

S = CardState
EARLIER = datetime(2013, 5, 18, 0, 30, tzinfo=UTC)


def cards(site: Site, *nos: str, actor: Actor = OPERATOR) -> dict[str, Card]:
    with begin(site, actor) as work:
        return queries.cards_by_no(work, nos, with_uid=True)


def set_state(
    site: Site, no: str, state: CardState, since: datetime | None = None, actor: Actor = OPERATOR
) -> Card:
    with begin(site, actor) as work:
        return commands.set_state(work, no, state, since)


def told(owner: Engine) -> list[dict[str, object]]:
    """The bodies of the messages about cards, oldest first."""
    with owner.connect() as connection:
        asked = "select body from outbox_message where topic = 'cards.changed' and path = ''"
        return list(connection.execute(text(f"{asked} order by id")).scalars())


def test_a_card_belongs_to_its_person_and_stands_at_their_place(
    site: Site, cast: Cast, owner: Engine
) -> None:
    card = cards(site, HE_MIN)[HE_MIN]

    assert (card.person_id, card.state, card.since) == (cast.person(HE_MIN).id, S.ACTIVE, NOW)
    with owner.connect() as connection:
        asked = text(f"select path, uid, uid_index from card where card_no = '{HE_MIN}'")
        path, uid, index = connection.execute(asked).one()
    assert path == cast.person(HE_MIN).place.path
    assert site.vault.open(uid, UID) == card.uid == Secret(UIDS[HE_MIN])
    assert index == site.vault.index(Secret(UIDS[HE_MIN]), UID)


def test_a_new_card_takes_the_place_of_the_old_one_from_now_on(
    site: Site, cast: Cast, clock: Clock
) -> None:
    clock.advance(days=1)

    result = take_in(site, HE | {"card_no": "C2", "card_uid": "04AABBCC"})

    both = cards(site, HE_MIN, "C2")
    assert result.rows[0].columns == ("card_no",)
    assert (both["C2"].state, both[HE_MIN].state) == (S.ACTIVE, S.REPLACED)
    assert both[HE_MIN].since == clock.now
    assert both[HE_MIN].counts_at(clock.now - timedelta(seconds=1))
    assert not both[HE_MIN].counts_at(clock.now)


def test_the_chip_of_a_replaced_card_may_stand_in_its_successor(site: Site, cast: Cast) -> None:
    take_in(site, HE | {"card_no": "C2", "card_uid": UIDS[HE_MIN]})

    with begin(site, OPERATOR) as work:
        found = queries.cards_by_uid(work, [Secret(UIDS[HE_MIN]), Secret("00000000")])
    assert [(card.no, card.state) for card in found[Secret(UIDS[HE_MIN])]] == [
        (HE_MIN, S.REPLACED),
        ("C2", S.ACTIVE),
    ]
    assert len(found) == 1


def test_an_old_file_does_not_bring_a_lost_card_back(site: Site, cast: Cast) -> None:
    set_state(site, HE_MIN, S.LOST)

    assert take_in(site, HE | {"card_no": HE_MIN}).counts.same == 1

    assert cards(site, HE_MIN)[HE_MIN].state is S.LOST


def test_a_known_card_may_get_its_chip_read_anew_and_keeps_it_where_a_file_says_nothing(
    site: Site, cast: Cast
) -> None:
    read = take_in(site, HE | {"card_no": HE_MIN, "card_uid": "04aabbcc"})
    silent = take_in(site, HE | {"card_no": HE_MIN, "card_uid": ""})

    assert read.rows[0].columns == ("card_uid",)
    assert silent.counts.same == 1
    assert cards(site, HE_MIN)[HE_MIN].uid == Secret("04AABBCC")


def test_a_person_without_a_card_gets_one_by_a_later_file(site: Site, cast: Cast) -> None:
    with begin(site, OPERATOR) as work:
        assert queries.cards_of_people(work, [cast.person(XIE_FANG).id]) == {}

    take_in(
        site,
        HE
        | {"person_no": XIE_FANG, "name": "解芳", "unit_code": "H2", "card_no": "C3"}
        | {"id_number": id_number(date(1965, 4, 17), 10)},
    )

    with begin(site, OPERATOR) as work:
        [card] = queries.cards_of_people(work, [cast.person(XIE_FANG).id])[cast.person(XIE_FANG).id]
    assert (card.no, card.uid) == ("C3", None)


def test_what_may_wait_for_a_card_or_a_person_is_told(
    site: Site, cast: Cast, owner: Engine
) -> None:
    before = len(told(owner))

    take_in(site, NEW, HE | {"card_no": "C2", "department_code": "H1-1"})

    with begin(site, OPERATOR) as work:
        known = queries.cards_by_no(work, [HE_MIN, "C2"])
    [message] = told(owner)[before:]
    assert sorted(message["card_ids"]) == sorted([known[HE_MIN].id, known["C2"].id])
    assert len(message["person_ids"]) == 1


def test_of_one_chip_only_one_person_has_an_active_card(site: Site, cast: Cast) -> None:
    set_state(site, ZHOU_LAN, S.LOST)

    assert take_in(site, HE | {"card_no": "C2", "card_uid": UIDS[ZHOU_LAN]}).counts.changed == 1


def test_a_lost_card_counts_until_it_was_lost(site: Site, cast: Cast) -> None:
    card = set_state(site, HE_MIN, S.LOST, EARLIER)

    assert (card.state, card.since) == (S.LOST, EARLIER)
    assert card.counts_at(EARLIER - timedelta(microseconds=1))
    assert not card.counts_at(EARLIER)


@pytest.mark.parametrize("state", [S.LOST, S.REVOKED, S.REPLACED])
def test_a_state_holds_from_now_on_where_no_time_is_given(
    site: Site, cast: Cast, clock: Clock, state: CardState
) -> None:
    clock.advance(hours=1)

    assert set_state(site, HE_MIN, state).since == clock.now
    assert cards(site, HE_MIN)[HE_MIN].state is state


def test_saying_again_that_a_card_is_lost_does_not_move_the_loss(
    site: Site, cast: Cast, clock: Clock
) -> None:
    set_state(site, HE_MIN, S.LOST, EARLIER)
    clock.advance(days=3)

    assert set_state(site, HE_MIN, S.LOST).since == EARLIER


def test_a_lost_card_that_is_written_off_does_not_count_in_between(
    site: Site, cast: Cast, clock: Clock
) -> None:
    set_state(site, HE_MIN, S.LOST, EARLIER)
    clock.advance(days=3)

    revoked = set_state(site, HE_MIN, S.REVOKED)

    assert (revoked.state, revoked.since) == (S.REVOKED, EARLIER)
    assert set_state(site, HE_MIN, S.REPLACED, NOW).since == NOW


def test_a_loss_that_is_still_to_come_does_not_put_off_a_revocation(site: Site, cast: Cast) -> None:
    set_state(site, HE_MIN, S.LOST, NOW + timedelta(minutes=10))

    assert set_state(site, HE_MIN, S.REVOKED).since == NOW


def test_a_found_card_is_active_again(site: Site, cast: Cast) -> None:
    set_state(site, HE_MIN, S.LOST, EARLIER)

    assert set_state(site, HE_MIN, S.ACTIVE).counts_at(EARLIER)


def test_a_person_has_one_active_card(site: Site, cast: Cast) -> None:
    take_in(site, HE | {"card_no": "C2"})

    with pytest.raises(ConflictError) as refused:
        set_state(site, HE_MIN, S.ACTIVE)

    assert words.of_error(refused.value) == (
        f"卡 {HE_MIN} 的持有人已有在用的卡 C2，一人只能有一张在用的卡。请先把 C2 挂失或注销。"
    )
    assert set_state(site, "C2", S.ACTIVE).state is S.ACTIVE


def test_a_terminals_clock_may_be_ten_minutes_ahead_and_no_more(site: Site, cast: Cast) -> None:
    assert set_state(site, HE_MIN, S.LOST, NOW + timedelta(minutes=10)).state is S.LOST

    with pytest.raises(InvalidError) as refused:
        set_state(site, HE_MIN, S.LOST, NOW + timedelta(minutes=10, seconds=1))
    assert words.of_error(refused.value) == (
        "时间 2013-05-25T09:10:01+08:00 不能用：最早到 1990 年，"
        "最晚只能比现在（2013-05-25T09:00:00+08:00）晚 10 分钟。请核对日期。"
    )


@pytest.mark.parametrize("no", ["nobody's", "", "\0", "\ud800"])
def test_an_unknown_card_is_not_found(site: Site, cast: Cast, no: str) -> None:
    with pytest.raises(NotFoundError):
        set_state(site, no, S.LOST)


def test_a_changed_card_is_told_to_who_keeps_waiting_records(
    site: Site, cast: Cast, owner: Engine
) -> None:
    set_state(site, HE_MIN, S.LOST)

    assert told(owner)[-1] == {"card_ids": [cards(site, HE_MIN)[HE_MIN].id], "person_ids": []}


def test_the_trail_knows_who_reported_a_card_and_holds_no_chip(
    site: Site, cast: Cast, owner: Engine
) -> None:
    set_state(site, HE_MIN, S.LOST, actor=cast.hospital_admin)

    with owner.connect() as connection:
        entry = connection.execute(
            text("select actor, action, change from audit_entry order by id desc limit 1")
        ).one()
        everything = connection.execute(text("select string_agg(t::text, '') from audit_entry t"))
        assert UIDS[HE_MIN] not in everything.scalar_one()
    assert (entry.actor, entry.action) == (cast.hospital_admin.name, "cards.set_state")
    assert entry.change["state"] == ["active", "lost"]


def test_a_hospital_sees_and_changes_its_own_cards_only(
    site: Site, cast: Cast, count: Callable
) -> None:
    admin = cast.hospital_admin

    assert set(cards(site, HE_MIN, STRANGER, actor=admin)) == {HE_MIN}
    assert set_state(site, HE_MIN, S.LOST, actor=admin).state is S.LOST
    with pytest.raises(NotFoundError):
        set_state(site, STRANGER, S.LOST, actor=admin)
    assert count("card", f"card_no = '{STRANGER}' and state = 'active'") == 1


def test_cards_out_of_sight_are_in_no_list(site: Site, cast: Cast) -> None:
    ids = [person.id for person in cast.people.values()]

    with begin(site, cast.hospital_admin) as work:
        by_person = queries.cards_of_people(work, ids)
        by_uid = queries.cards_by_uid(work, [Secret(UIDS[STRANGER]), Secret(UIDS[HE_MIN])])
        by_id = queries.cards_of(work, range(1, 10_000))

    assert cast.person(STRANGER).id not in by_person
    assert set(by_uid) == {Secret(UIDS[HE_MIN])}
    assert len(by_person) == 4
    assert {card.person_id for card in by_id.values()} <= set(by_person)


def test_uids_are_opened_only_where_asked_for(site: Site, cast: Cast) -> None:
    with begin(site, OPERATOR) as work:
        shut = queries.cards_of_people(work, [cast.person(HE_MIN).id])
        opened = queries.cards_of_people(work, [cast.person(HE_MIN).id], with_uid=True)

    assert [card.uid for cards in shut.values() for card in cards] == [None]
    assert [card.uid for cards in opened.values() for card in cards] == [Secret(UIDS[HE_MIN])]


def test_who_lacks_the_right_changes_no_card(site: Site, cast: Cast) -> None:
    for actor in (cast.secretary, cast.auditor, cast.self(HE_MIN), cast.robot("9901")):
        with pytest.raises(ForbiddenError):
            set_state(site, HE_MIN, S.LOST, actor=actor)


def test_a_card_of_a_stranger_cannot_be_taken(site: Site, cast: Cast) -> None:
    with pytest.raises(CmeError):
        take_in(site, HE | {"card_no": STRANGER}, actor=cast.hospital_admin)

    assert cards(site, STRANGER)[STRANGER].person_id == cast.person(STRANGER).id
