"""One transaction, one actor, one trail: what every command can rely on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text, update
from sqlalchemy.exc import DBAPIError

from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.cards.tables import CardRow
from app.cards.terms import CardState
from app.kernel.errors import ForbiddenError
from tests.support.cast import CAO_JING, HE_MIN, OPERATOR, Cast

pytestmark = pytest.mark.usefixtures("cast")


def trail(owner: Engine) -> list[tuple[object, ...]]:
    """The newest entries about cards, newest first."""
    sql = """
    select action, actor, via, path, change from audit_entry
    where table_name = 'card' and change->>'kind' = 'edit' order by id desc
    """
    with owner.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def test_a_change_leaves_its_trail_and_its_messages_in_the_same_transaction(
    site: Site, owner: Engine, cast: Cast, count: Callable[..., int]
) -> None:
    before = count("outbox_message")

    with begin(site, OPERATOR) as work:
        cards.set_state(work, HE_MIN, CardState.LOST)

    [entry] = trail(owner)
    assert entry[:4] == ("cards.set_state", "tests", "cli", cast.person(HE_MIN).place.path)
    assert entry[4]["state"] == ["active", "lost"]  # type: ignore[index]
    assert count("outbox_message") == before + 1


def test_whoever_fails_half_way_leaves_no_trace(
    site: Site, owner: Engine, count: Callable[..., int]
) -> None:
    before = count("outbox_message")

    def lose_and_fail() -> None:
        with begin(site, OPERATOR) as work:
            cards.set_state(work, HE_MIN, CardState.LOST)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lose_and_fail()

    assert trail(owner) == []
    assert count("card", "state = 'lost'") == 0
    assert count("outbox_message") == before


def test_a_row_changed_outside_a_command_is_refused(site: Site) -> None:
    with (
        pytest.raises(AssertionError, match="outside a command"),
        begin(site, OPERATOR) as work,
    ):
        work.session.query(CardRow).filter_by(card_no=HE_MIN).one().state = CardState.LOST


def test_a_change_in_bulk_that_would_leave_no_trail_is_refused(site: Site) -> None:
    with pytest.raises(AssertionError, match="no trail"), begin(site, OPERATOR) as work:
        work.session.execute(update(CardRow).values(state=CardState.LOST))


def test_the_database_itself_refuses_a_change_without_an_action(site: Site) -> None:
    with pytest.raises(DBAPIError, match="outside a command"), begin(site, OPERATOR) as work:
        work.session.connection().execute(text("update card set state = 'lost'"))


def test_who_lacks_the_permission_is_refused_before_the_body_runs(
    site: Site, cast: Cast, count: Callable[..., int]
) -> None:
    with pytest.raises(ForbiddenError) as refused, begin(site, cast.secretary) as work:
        cards.set_state(work, HE_MIN, CardState.LOST)

    assert refused.value.code == "base.work.forbidden"
    assert count("card", "state = 'lost'") == 0


def test_the_trail_tells_of_sealed_values_only_how_long_they_are(site: Site, owner: Engine) -> None:
    with owner.connect() as connection:
        added = connection.execute(
            text("select change from audit_entry where table_name = 'person' limit 1")
        ).scalar_one()

    assert added["id_number"].startswith("<")
    assert added["id_number"].endswith(" bytes>")


def test_two_who_change_one_card_leave_two_entries_in_order(site: Site, owner: Engine) -> None:
    for state in (CardState.LOST, CardState.REVOKED):
        with begin(site, OPERATOR) as work:
            cards.set_state(work, CAO_JING, state)

    states = [entry[4]["state"] for entry in trail(owner)]  # type: ignore[index]
    assert states == [["lost", "revoked"], ["active", "lost"]]
