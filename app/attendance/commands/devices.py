"""考勤机 — registering, enrolling, revoking, and hearing from terminals."""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime, timedelta

from psycopg.errors import UniqueViolation
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from app.attendance.queries.devices import KEY, own
from app.attendance.tables import DeviceHealthRow, DeviceRow, NonceRow
from app.attendance.terms import (
    Device,
    DeviceKind,
    DeviceState,
    Enrolled,
    Registered,
)
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from app.kernel.secret import Secret
from app.org import queries as org

# trust.md R-07: one use, short-lived, at least 60 bits; 16 of Crockford's digits are 80.
CODE_LIFE = timedelta(days=14)
# devices.md 3.6 (c): a request's time may be so far off, either way; nonces are kept longer.
TIME_WINDOW = timedelta(minutes=5)
_NONCE_LIFE = 3 * TIME_WINDOW

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALIKE = str.maketrans("OIL", "011", "- ")
_CODE = "attendance.device.enrol_code"
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@command(Permission.DEVICES_MANAGE)
def register(work: Work, sn: str, unit_code: str, kind: DeviceKind) -> Registered:
    """登记考勤机 — the terminal stands at the unit and has a fresh one-time code.

    Approves a serial that waits. A terminal that had a key keeps it until the new code is used,
    unless the key was revoked. InvalidError for a serial that could not be written in a header;
    ConflictError for one that stands at a unit out of sight.
    """
    if not _SERIAL.fullmatch(sn):
        raise InvalidError("attendance.device.serial", sn=sn)
    unit = org.unit_by_code(work, unit_code)
    row = _locked(work, sn)
    if row is None:
        row = DeviceRow(
            id=work.fresh_ids(DeviceRow, 1)[0], sn=sn, kind=kind.value, package_seq=0,
            state=DeviceState.REGISTERED.value, unit_id=unit.id, path=unit.place.path,
        )  # fmt: skip
        work.session.add(row)
    elif row.kind != kind:
        raise ConflictError("attendance.device.other_kind", sn=sn, kind=row.kind)
    row.unit_id, row.path = unit.id, unit.place.path
    row.revoked_reason = None
    if row.state != DeviceState.ENROLLED:
        row.state = DeviceState.REGISTERED
    code = None
    if kind is DeviceKind.MBOX:
        signs = "".join(secrets.choice(_CROCKFORD) for _ in range(16))
        row.enrol_code_index = work.site.vault.index(Secret(signs), _CODE)
        row.enrol_expires_at = work.now + CODE_LIFE
        code = Secret("-".join(signs[at : at + 4] for at in range(0, 16, 4)))
    _flush(work, sn)
    return Registered(sn, code)


@command(Permission.DEVICES_EXCHANGE)
def enrol(work: Work, sn: str, code: Secret) -> Enrolled:
    """领取密钥 — the terminal has a new key, told this once, and its code is used up.

    ForbiddenError, the same for an unknown terminal and a wrong, used or expired code.
    """
    row = _locked(work, sn) if sn.isprintable() else None
    typed = Secret(code.reveal().upper().translate(_ALIKE))
    index = work.site.vault.index(typed, _CODE)
    waiting = row.enrol_code_index if row else None
    right = hmac.compare_digest(index, bytes(waiting) if waiting else bytes(32))
    if (
        row is None or not right or row.state == DeviceState.REVOKED
        or row.enrol_expires_at is None or row.enrol_expires_at <= work.now
    ):  # fmt: skip
        raise ForbiddenError("attendance.enrol.refused", sn=sn)
    key = Secret(secrets.token_hex(32))
    row.key = work.site.vault.seal(key, KEY)
    row.key_id = f"k{int((row.key_id or 'k0')[1:]) + 1}"
    row.state = DeviceState.ENROLLED
    row.enrol_code_index = row.enrol_expires_at = None
    return Enrolled(row.key_id, key)


@command(Permission.DEVICES_MANAGE)
def revoke(work: Work, sn: str, reason: str) -> None:
    """停用考勤机 — its key and its code count no more; what it sends from now on is refused.

    The key is kept for files that came before and wait to be taken in.
    """
    row = _locked(work, sn)
    if row is None:
        raise NotFoundError("attendance.device.unknown", sn=sn)
    if not reason.strip():
        raise InvalidError("attendance.reason.missing")
    if row.state == DeviceState.REVOKED:
        raise ConflictError("attendance.device.revoked_already", sn=sn)
    row.state, row.revoked_reason = DeviceState.REVOKED, reason
    row.enrol_code_index = row.enrol_expires_at = None


@command(Permission.DEVICES_EXCHANGE)
def spend_nonce(work: Work, device: Device, nonce: str) -> bool:
    """A signed request is taken now and never again; False where it was taken before."""
    own(work, device)
    fresh = insert(NonceRow).values(device_id=device.id, nonce=nonce, at=work.now)
    spent = work.session.execute(fresh.on_conflict_do_nothing().returning(NonceRow.nonce))
    return spent.one_or_none() is not None


@command(Permission.SYSTEM_OPERATE)
def forget_nonces(work: Work) -> int:
    """Nonces of requests that could no longer be repeated are gone; how many."""
    old = delete(NonceRow).where(NonceRow.at < work.now - _NONCE_LIFE)
    return len(work.session.execute(old.returning(NonceRow.nonce)).all())


@command(Permission.DEVICES_EXCHANGE)
def hear(work: Work, device: Device, said: dict[str, object], shown_at: datetime | None) -> None:
    """心跳 — what the terminal said of itself is known; its clock's offset too, if it told it."""
    own(work, device)
    facts: dict[str, object] = {"path": device.place.path, "seen_at": work.now, "said": said}
    if shown_at is not None:
        offset = (work.now - shown_at) // timedelta(milliseconds=1)
        facts |= {"offset_ms": offset, "offset_at": work.now}
    row = insert(DeviceHealthRow).values(device_id=device.id, **facts)
    work.session.execute(row.on_conflict_do_update(index_elements=["device_id"], set_=facts))


def _flush(work: Work, sn: str) -> None:
    """ConflictError where the serial stands out of sight, or was registered at this moment."""
    try:
        work.session.flush()
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise ConflictError("attendance.device.elsewhere", sn=sn) from error


def _locked(work: Work, sn: str) -> DeviceRow | None:
    return work.session.scalar(select(DeviceRow).where(DeviceRow.sn == sn).with_for_update())
