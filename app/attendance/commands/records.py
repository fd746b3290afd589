"""核实 — records that wait are attached, accepted or discarded, by a person with a reason."""

from __future__ import annotations

from datetime import datetime

from app.attendance.queries import lookups
from app.attendance.queries.records import record_of
from app.attendance.rules import repeats_any
from app.attendance.steps import intake, locks, settling
from app.attendance.tables import QuarantineRow, SwipeRow, UploadRow
from app.attendance.terms import Hold, Record, Resolution, SwipeId, SwipeState
from app.base.work import Work, command
from app.cards import queries as cards
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.kernel.place import Place
from app.kernel.span import in_ms
from app.people import queries as people
from app.projects import queries as projects
from app.projects import steps as life

_OF_PERSON = (Hold.UNKNOWN_CARD, Hold.CARD_MISMATCH, Hold.REVOKED_CARD)


@command(Permission.SWIPES_RESOLVE, reaches=True)
def attach(work: Work, swipe: SwipeId, person_no: str, reason: str) -> Record:
    """认领到人 — a record whose person was in doubt is that person's; its time may still be.

    Reaches, once the record is found in sight, because people of any unit may have swiped.
    """
    row, held = _waiting(work, swipe, reason)
    if row.hold not in _OF_PERSON:
        raise ConflictError(
            f"attendance.record.{_WHY_NOT[Hold(row.hold or '')]}", record=str(swipe)
        )
    with work.reaching():
        row.person_id = people.within_sight(work, person_no).id
        if held.clock_hold is not None:
            row.hold = held.hold = held.clock_hold
            # Whose it is stands from now on, whatever becomes of the card.
            held.clock_hold = None
        else:
            _count(work, row, held, Resolution.ATTACHED, reason)
        return _told(work, swipe, row, "attach", reason, person_no=person_no)


@command(Permission.SWIPES_RESOLVE, reaches=True)
def accept(work: Work, swipe: SwipeId, reason: str, at: datetime | None = None) -> Record:
    """核实有效 — a record counts, at its judged time or at the one given.

    For a record that waits for a missing part: that part will never come, and the whole file is
    judged by itself. Reaches for the names and batches in it.
    """
    row, held = _waiting(work, swipe, reason)
    if row.hold == Hold.SEQ_GAP:
        with work.reaching():
            intake.take_in_stored(work, row.upload_id, alone=True)
        work.session.expire_all()
    elif row.hold in {Hold.UNKNOWN_ACTIVITY, Hold.UNKNOWN_CARD}:
        cause = "no_activity" if row.hold == Hold.UNKNOWN_ACTIVITY else "no_person"
        raise ConflictError(f"attendance.record.{cause}", record=str(swipe))
    else:
        row.at = at or row.at
        with work.reaching():
            _count(work, row, held, Resolution.ACCEPTED, reason)
    with work.reaching():
        return _told(work, swipe, row, "accept", reason)


@command(Permission.SWIPES_RESOLVE, reaches=True)
def claim(work: Work, swipe: SwipeId, project_no: str, batch_no: int, reason: str) -> Record:
    """认领到期次 — a record of an unknown activity belongs to a batch, and is judged for it.

    Reaches, once both are found in sight, for the person and the card.
    """
    locks.cards_as_known(work)
    row, held = _waiting(work, swipe, reason)
    if row.hold != Hold.UNKNOWN_ACTIVITY:
        raise ConflictError("attendance.record.batch_known", record=str(swipe))
    batch = projects.batch_of(work, project_no, batch_no)
    if not life.hold(work, [batch.id]):
        raise NotFoundError("projects.batch.unknown", project_no=project_no, batch=batch_no)
    with work.reaching():
        row.batch_id, row.path = batch.id, batch.project.place.path
        held.path = row.path
        upload = work.session.get_one(
            UploadRow, row.upload_id, with_for_update=True, populate_existing=True
        )
        upload.batch_ids = [*upload.batch_ids, batch.id]
        row.hold = held.hold = Hold.UNKNOWN_CARD
        work.session.flush()
        settling.settle_one(work, swipe)
        work.session.expire_all()
        return _told(work, swipe, row, "claim", reason, project_no=project_no, batch=str(batch_no))


@command(Permission.SWIPES_RESOLVE, reaches=True)
def discard(work: Work, swipe: SwipeId, reason: str) -> Record:
    """核实作废 — a record counts for nothing, for good. Reaches for the name."""
    row, held = _waiting(work, swipe, reason)
    row.state = SwipeState.DISCARDED
    _resolve(work, held, Resolution.DISCARDED, reason)
    with work.reaching():
        return _told(work, swipe, row, "discard", reason)


@command(Permission.SWIPES_RESOLVE, reaches=True)
def settle_cards(work: Work, card_ids: list[int], person_ids: list[int]) -> int:
    """卡片变动后了结 — records of these cards and people are judged again; how many changed.

    Those that waited for them, and those that counted though their card, as is known now, did not.
    Waits until every file is in that may have looked these up before they changed. Reaches, once
    cards and people are found in sight, because they may have swiped anywhere.
    """
    locks.cards_may_change(work)
    changed = cards.cards_of(work, card_ids, with_uid=True).values()
    known = people.people_of(work, person_ids).values()
    with work.reaching():
        return settling.settle_cards(work, changed, known)


# Why a person cannot be attached to a record that waits for something else.
_WHY_NOT = {
    Hold.SEQ_GAP: "gap_open",
    Hold.UNSIGNED_FILE: "person_known",
    Hold.DEVICE_PENDING: "person_known",
    Hold.UNKNOWN_ACTIVITY: "no_activity",
    Hold.CLOCK_SKEW: "person_known",
    Hold.FUTURE_TIME: "person_known",
    Hold.UNSYNCED: "person_known",
}


def _waiting(work: Work, swipe: SwipeId, reason: str) -> tuple[SwipeRow, QuarantineRow]:
    """The record, locked, once it is known to be in sight and to wait."""
    if not reason.strip():
        raise InvalidError("attendance.reason.missing")
    key = (swipe.device_id, swipe.epoch, swipe.seq)
    seen = work.session.get(SwipeRow, key, populate_existing=True)
    if seen is not None and seen.hold == Hold.SEQ_GAP:
        # Before the record itself, as an intake does that may be taking its file in again.
        locks.one_file_of(work, swipe.device_id)
    elif seen is not None and seen.batch_id is not None:
        # Before the record itself, as an award does that may be settling it.
        locks.records_may_change(work, [seen.batch_id])
    row = work.session.get(SwipeRow, key, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFoundError("attendance.record.unknown", record=str(swipe))
    held = work.session.get(QuarantineRow, key, with_for_update=True, populate_existing=True)
    if row.state != SwipeState.QUARANTINED or held is None:
        raise ConflictError("attendance.record.not_waiting", record=str(swipe))
    return row, held


def _count(
    work: Work, row: SwipeRow, held: QuarantineRow, resolution: Resolution, reason: str
) -> None:
    """The record is accepted, or a repeat of one that is."""
    at, batch_id = in_ms(row.at), row.batch_id or 0
    occasion = settling.occasions_of(work, [batch_id]).get(batch_id)
    repeats = held.repeat
    if occasion and row.person_id is not None:
        connection = lookups.connection_of(work)
        counted = lookups.counted(
            connection, batch_id, 0, [row.person_id], at - occasion.suppress, at
        )
        repeats |= repeats_any(occasion, at, counted.get(row.person_id, ()))
    row.state = SwipeState.DUPLICATE if repeats else SwipeState.ACCEPTED
    _resolve(work, held, resolution, reason)


def _resolve(work: Work, held: QuarantineRow, resolution: Resolution, reason: str) -> None:
    held.resolved_at, held.resolved_by = work.now, work.actor.name
    held.resolution, held.resolved_reason = resolution.value, reason


def _told(
    work: Work, swipe: SwipeId, row: SwipeRow, kind: str, reason: str, **facts: str
) -> Record:
    work.session.flush()
    work.note("swipe", swipe, Place(row.path), kind=kind, reason=reason, **facts)
    return record_of(work, swipe)
