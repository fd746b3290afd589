"""Questions about records that wait for a person or a card to become known."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    LargeBinary,
    Select,
    Text,
    and_,
    any_,
    literal,
    or_,
    select,
    tuple_,
)

from app.attendance.queries import lookups
from app.attendance.tables import PackageRow, QuarantineRow, SwipeRow, UploadRow
from app.attendance.terms import Hold, SwipeId, SwipeState
from app.base.trail import OutboxMessage
from app.base.work import Work

# Settled at a time; the rest follow in the same work.
_PAGE = 10_000
_CHANGED = "cards.changed"

FOR_CARDS = (Hold.UNKNOWN_CARD, Hold.REVOKED_CARD)

_KEY = (SwipeRow.device_id, SwipeRow.epoch, SwipeRow.seq)
_WAITS = and_(
    SwipeRow.state == SwipeState.QUARANTINED,
    SwipeRow.hold.in_(FOR_CARDS),
    QuarantineRow.resolved_at.is_(None),
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
    hold: Hold
    clock_hold: Hold | None
    result: str
    person_no: str | None
    card_no: str | None
    uid_h: bytes | None


@dataclass(frozen=True, slots=True)
class Salted:
    """活动包的盐 — by which the records of a package name cards, and those it named itself."""

    package_id: str
    salt: bytes
    chips: bytes


def pages(
    work: Work,
    *,
    numbers: Collection[str],
    cards: Collection[str],
    chips: Collection[bytes],
    batches: Collection[int] | None,
) -> Iterator[list[Waiting]]:
    """The records that wait and name one of these people, cards or chips, page by page."""
    named = or_(
        QuarantineRow.person_no == any_(literal(list(numbers), ARRAY(Text))),
        QuarantineRow.card_no == any_(literal(list(cards), ARRAY(Text))),
        QuarantineRow.uid_h == any_(literal(list(chips), ARRAY(LargeBinary))),
    )
    asked = _select().where(named, SwipeRow.batch_id.is_not(None)).order_by(*_KEY).limit(_PAGE)
    if batches is not None:
        asked = asked.where(SwipeRow.batch_id == any_(literal(list(batches), ARRAY(BigInteger))))
    after: ColumnElement[bool] | None = None
    while True:
        rows = work.session.execute(asked if after is None else asked.where(after)).all()
        if not rows:
            return
        yield [_waiting(*row) for row in rows]
        last = rows[-1]
        after = tuple_(*_KEY) > tuple_(*map(literal, last[:3]))


def one(work: Work, swipe: SwipeId) -> Waiting | None:
    """That record, if it waits for its person."""
    row = work.session.execute(
        _select().where(
            SwipeRow.device_id == swipe.device_id,
            SwipeRow.epoch == swipe.epoch,
            SwipeRow.seq == swipe.seq,
        )
    ).one_or_none()
    return None if row is None else _waiting(*row)


def salts(work: Work) -> list[Salted]:
    """The packages of which records with a chip that nobody knows wait."""
    asked = (
        select(PackageRow.id, PackageRow.salt, PackageRow.chips)
        .join(
            UploadRow,
            and_(
                UploadRow.package_id == PackageRow.id, UploadRow.device_id == PackageRow.device_id
            ),
        )
        .join(QuarantineRow, QuarantineRow.upload_id == UploadRow.id)
        .where(
            QuarantineRow.resolved_at.is_(None),
            QuarantineRow.uid_h.is_not(None),
            QuarantineRow.hold.in_(FOR_CARDS),
        )
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


def _select() -> Select[*tuple[Any, ...]]:
    return (
        select(
            *_KEY,
            UploadRow.package_id,
            SwipeRow.batch_id,
            SwipeRow.at,
            SwipeRow.hold,
            QuarantineRow.clock_hold,
            QuarantineRow.result,
            QuarantineRow.person_no,
            QuarantineRow.card_no,
            QuarantineRow.uid_h,
        )
        .join(
            QuarantineRow,
            and_(
                QuarantineRow.device_id == SwipeRow.device_id,
                QuarantineRow.epoch == SwipeRow.epoch,
                QuarantineRow.seq == SwipeRow.seq,
            ),
        )
        .join(UploadRow, UploadRow.id == SwipeRow.upload_id)
        .where(_WAITS)
    )


def _waiting(
    device_id: int, epoch: int, seq: int, package_id: str | None, batch_id: int, at: datetime,
    hold: str, clock_hold: str | None, *rest: Any,
) -> Waiting:  # fmt: skip
    clock = None if clock_hold is None else Hold(clock_hold)
    return Waiting(device_id, epoch, seq, package_id, batch_id, at, Hold(hold), clock, *rest)
