"""Questions about uploads: what became of a file, as it stands now."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select

from app.attendance.queries.standing import GOOD
from app.attendance.tables import QuarantineRow, SwipeRow, UploadRow
from app.attendance.terms import (
    MOST_RESULTS,
    Answer,
    DeviceId,
    RecordResult,
    SwipeState,
    UploadId,
    UploadState,
)
from app.base import words
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, NotFoundError

_REPEAT = "same_key"
_SUPPRESSED = "suppressed"
_REJECTED = "rejected"


@query(Permission.SWIPES_UPLOAD, reaches=True)
def answer_to(
    work: Work, device_id: DeviceId, batch_ulid: str, upload_id: int | None = None
) -> Answer:
    """上传答复 — of a device's batch; of that very file where its upload is named.

    Among files of one batch id the good one speaks. NotFoundError where there is none;
    ConflictError where the named one came under the batch id of another good one.
    """
    asked = select(UploadRow).where(
        UploadRow.device_id == device_id, UploadRow.batch_ulid == batch_ulid
    )
    if upload_id is not None:
        asked = asked.where(UploadRow.id == upload_id)
    row = work.session.scalar(asked.order_by(GOOD.desc(), UploadRow.id.desc()).limit(1))
    if row is None:
        raise NotFoundError("attendance.upload.unknown", batch=batch_ulid)
    with work.reaching():
        return answer_of(work, row)


@query(Permission.SWIPES_UPLOAD, reaches=True)
def answer_about(work: Work, upload_id: UploadId) -> Answer:
    """上传答复 — of one file within sight. ConflictError where its batch id was another's."""
    row = work.session.get(UploadRow, upload_id, populate_existing=True)
    if row is None:
        raise NotFoundError("attendance.upload.unknown", batch=upload_id)
    with work.reaching():
        return answer_of(work, row)


def answer_of(work: Work, row: UploadRow) -> Answer:
    """What became of a file, as it stands now; the caller reaches, since batches lie anywhere."""
    if row.conflict:
        raise ConflictError("attendance.upload.batch_taken", batch=row.batch_ulid)
    counts: Counter[str] = Counter()
    results: tuple[RecordResult, ...] = ()
    if row.fault is not None:
        counts[_REJECTED] = max(row.record_count, 1)
        results = (_faulty(row),)
    elif row.state == UploadState.DONE and _all_counted(work, row):
        counts[SwipeState.ACCEPTED] = row.record_count
    elif row.state == UploadState.DONE:
        counts, results = _counted(work, row), _not_accepted(work, row)
    return Answer(
        upload_id=UploadId(row.id),
        batch_ulid=row.batch_ulid,
        state=UploadState(row.state),
        accepted=counts[SwipeState.ACCEPTED],
        duplicate=counts[SwipeState.DUPLICATE],
        quarantined=counts[SwipeState.QUARANTINED],
        rejected=counts[_REJECTED] + counts[SwipeState.DISCARDED],
        results=results,
        next_seq=_next_seq(work, row),
        server_time=work.now,
    )


def _all_counted(work: Work, row: UploadRow) -> bool:
    if row.accepted_count != row.record_count:
        return False
    held = exists().where(
        QuarantineRow.device_id == row.device_id,
        QuarantineRow.epoch == row.epoch,
        QuarantineRow.seq.between(row.first_seq, row.last_seq),
    )
    return not work.session.scalar(select(held))


def _counted(work: Work, row: UploadRow) -> Counter[str]:
    own = SwipeRow.upload_id == row.id
    state = case((own, SwipeRow.state), else_=literal(SwipeState.DUPLICATE.value))
    asked = select(state, func.count()).where(_keys_of(row)).group_by(state)
    return Counter(dict(work.session.execute(asked).all()))


def _not_accepted(work: Work, row: UploadRow) -> tuple[RecordResult, ...]:
    asked = (
        select(SwipeRow.seq, SwipeRow.state, SwipeRow.hold, SwipeRow.upload_id)
        .where(
            _keys_of(row),
            or_(SwipeRow.state != SwipeState.ACCEPTED, SwipeRow.upload_id != row.id),
        )
        .order_by(SwipeRow.seq)
        .limit(MOST_RESULTS)
    )
    return tuple(
        _result(seq, SwipeState(state) if upload == row.id else None, hold)
        for seq, state, hold, upload in work.session.execute(asked)
    )


def _keys_of(row: UploadRow) -> ColumnElement[bool]:
    return and_(
        SwipeRow.device_id == row.device_id,
        SwipeRow.epoch == row.epoch,
        SwipeRow.seq.between(row.first_seq, row.last_seq),
    )


def _result(seq: int, state: SwipeState | None, hold: str | None) -> RecordResult:
    """A record that was not accepted; no state where its key was here before the file came."""
    status, reason = SwipeState.DUPLICATE.value, _REPEAT
    if state is SwipeState.DUPLICATE:
        reason = _SUPPRESSED
    elif state is SwipeState.QUARANTINED:
        status, reason = state.value, hold or ""
    elif state is SwipeState.DISCARDED:
        status, reason = _REJECTED, state.value
    message = words.sentence("attendance", f"reason.{reason}", {})
    return RecordResult(seq, status, reason, None, message)


def _faulty(row: UploadRow) -> RecordResult:
    """The first faulty line of a bad file."""
    where = row.faulty or {}
    cause = ""
    if where.get("cause"):
        cause = words.sentence("attendance", f"cause.{where['cause']}", {"member": where["member"]})
    facts = {"line": where.get("line"), "cause": cause}
    message = words.sentence("attendance", f"fault.{row.fault}", facts)
    return RecordResult(where.get("seq"), _REJECTED, row.fault or "", where.get("line"), message)


def _next_seq(work: Work, row: UploadRow) -> int | None:
    """The first number of the file's epoch that is not stored without a gap."""
    if row.device_id is None or row.epoch is None:
        return None
    ranges = select(UploadRow.first_seq, UploadRow.last_seq).where(
        GOOD, UploadRow.device_id == row.device_id, UploadRow.epoch == row.epoch
    )
    following = 1
    for first, last in work.session.execute(ranges.order_by(UploadRow.first_seq)):
        if first is None or last is None or first > following:
            break
        following = max(following, last + 1)
    return following
