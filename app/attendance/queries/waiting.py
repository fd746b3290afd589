"""Questions about records that wait for a person or a card to become known."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    LargeBinary,
    Select,
    Text,
    and_,
    any_,
    literal,
    or_,
    select,
    true,
    tuple_,
)

from app.attendance.queries import lookups
from app.attendance.tables import PackageRow, QuarantineRow, SwipeRow, UploadRow
from app.attendance.terms import Hold, SwipeId
from app.base.trail import OutboxMessage
from app.base.work import Work

# Settled at a time; the rest follow in the same work.
_PAGE = 10_000
_CHANGED = "cards.changed"

_KEY = (QuarantineRow.device_id, QuarantineRow.epoch, QuarantineRow.seq)
# For a card, or for its time alone, which comes after the card.
_WAITS = and_(
    QuarantineRow.resolved_at.is_(None),
    or_(
        QuarantineRow.hold.in_((Hold.UNKNOWN_CARD, Hold.REVOKED_CARD)),
        QuarantineRow.hold == QuarantineRow.clock_hold,
    ),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """待核的一条 — a record that waits, with all that was read of who swiped."""

    device_id: int
    epoch: int
    seq: int
    package_id: str | None
    batch_id: int
    at: datetime
    path: str
    hold: Hold
    clock_hold: Hold | None
    repeat: bool
    person_no: str | None
    card_no: str | None
    uid_h: bytes | None


@dataclass(frozen=True, slots=True)
class Salted:
    """活动包的盐 — by which the records of a package name cards, and those it named itself."""

    package_id: str
    salt: bytes
    chips: bytes


@dataclass(frozen=True, slots=True)
class Named:
    """变动的号 — the people, cards and chips that changed, as records name them."""

    numbers: Collection[str]
    cards: Collection[str]
    chips: Collection[bytes]


def batches_with(work: Work, named: Named) -> set[int]:
    """The batches in which records wait that name one of these."""
    found = _known(_held().where(_names(named))).subquery()
    batches = work.session.scalars(select(found.c.batch_id).distinct())
    return {batch_id for batch_id in batches if batch_id is not None}


def pages(work: Work, named: Named, batch_ids: Collection[int]) -> Iterator[list[Waiting]]:
    """The records of these batches that wait and name one of these, page by page."""
    held = _held().where(_names(named)).order_by(*_KEY).limit(_PAGE)
    after: ColumnElement[bool] = true()
    while rows := work.session.execute(_known(held.where(after))).all():
        page = [_waiting(*row) for row in rows if row.batch_id in batch_ids]
        if page:
            yield page
        last = max((row.device_id, row.epoch, row.seq) for row in rows)
        after = tuple_(*_KEY) > tuple_(*map(literal, last))


def one(work: Work, swipe: SwipeId) -> Waiting | None:
    """That record, if it waits for its person."""
    held = _held().where(
        QuarantineRow.device_id == swipe.device_id,
        QuarantineRow.epoch == swipe.epoch,
        QuarantineRow.seq == swipe.seq,
    )
    row = work.session.execute(_known(held)).one_or_none()
    return None if row is None else _waiting(*row)


def salts(work: Work) -> list[Salted]:
    """The packages of which records with a chip wait."""
    asked = (
        select(PackageRow.id, PackageRow.salt, PackageRow.chips)
        .join(
            UploadRow,
            and_(
                UploadRow.package_id == PackageRow.id, UploadRow.device_id == PackageRow.device_id
            ),
        )
        .join(QuarantineRow, QuarantineRow.upload_id == UploadRow.id)
        .where(QuarantineRow.uid_h.is_not(None), _WAITS)
        .distinct()
    )
    return [Salted(*row) for row in work.session.execute(asked)]


def card_of_chip(packages: Collection[Salted]) -> dict[tuple[str | None, bytes], int]:
    """The ids of the cards that these packages name, by package and salted hash."""
    return {
        (package.package_id, uid_h): card
        for package in packages
        for uid_h, card in lookups.CHIP.iter_unpack(package.chips)
    }


def changes_under_way(work: Work) -> tuple[set[int], set[int]]:
    """The cards and the people that changed and whose records were not settled yet."""
    bodies = work.session.scalars(
        select(OutboxMessage.body).where(
            OutboxMessage.topic == _CHANGED, OutboxMessage.done_at.is_(None)
        )
    ).all()
    cards = {card for body in bodies for card in body["card_ids"]}
    return cards, {person for body in bodies for person in body["person_ids"]}


def _names(named: Named) -> ColumnElement[bool]:
    return or_(
        QuarantineRow.person_no == any_(literal(list(named.numbers), ARRAY(Text))),
        QuarantineRow.card_no == any_(literal(list(named.cards), ARRAY(Text))),
        QuarantineRow.uid_h == any_(literal(list(named.chips), ARRAY(LargeBinary))),
    )


def _held() -> Select[*tuple[Any, ...]]:
    return select(QuarantineRow).where(_WAITS)


def _known(held: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """All that is known of held records.

    Their swipes are found one by one: the `offset` keeps the planner from another way, which with
    statistics that are a minute old is all swipes.
    """
    one = held.subquery()
    record = (
        select(UploadRow.package_id, SwipeRow.batch_id, SwipeRow.at)
        .join(UploadRow, UploadRow.id == SwipeRow.upload_id)
        .where(
            SwipeRow.device_id == one.c.device_id,
            SwipeRow.epoch == one.c.epoch,
            SwipeRow.seq == one.c.seq,
        )
        .offset(0)
        .lateral()
    )
    columns = (
        *(one.c.device_id, one.c.epoch, one.c.seq, *record.c, one.c.path, one.c.hold),
        *(one.c.clock_hold, one.c.repeat, one.c.person_no, one.c.card_no, one.c.uid_h),
    )
    return select(*columns).join(record, true())


def _waiting(
    device_id: int, epoch: int, seq: int, package_id: str | None, batch_id: int, at: datetime,
    path: str, hold: str, clock_hold: str | None, *rest: Any,
) -> Waiting:  # fmt: skip
    clock = None if clock_hold is None else Hold(clock_hold)
    return Waiting(device_id, epoch, seq, package_id, batch_id, at, path, Hold(hold), clock, *rest)
