"""锁 — who waits for whom: files of one device, files against cards that change, against awards."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.base.work import Work

# The first of the two numbers of an advisory lock; nothing else in the product uses these.
_DEVICE, _CARDS, _BATCH = 4_201_960, 4_201_961, 4_201_962

_LOCK = text("select pg_advisory_xact_lock(:kind, :number)")
_SHARE = text("select pg_advisory_xact_lock_shared(:kind, :number)")
_TRY = text("select pg_try_advisory_xact_lock(:kind, :number)")
_PATIENCE = text("set local lock_timeout = '3s'")
_NO_HURRY = text("set local lock_timeout to default")


def one_file_of(work: Work, device_id: int | None) -> None:
    """Take in no other file of the device, and settle no change of cards, until this work ends."""
    if device_id is not None:
        work.session.execute(_LOCK, {"kind": _DEVICE, "number": device_id})
    cards_as_known(work)


def cards_as_known(work: Work) -> None:
    """Settle no change of cards until this work ends.

    It may look a card up just before that is registered or reported lost: the settling of the
    change then waits for this work, and finds its records.
    """
    work.session.execute(_SHARE, {"kind": _CARDS, "number": 0})


def one_file_soon(work: Work, device_id: int | None) -> bool:
    """The same, if that is possible within three seconds."""
    try:
        with work.session.begin_nested():
            work.session.execute(_PATIENCE)
            one_file_of(work, device_id)
            work.session.execute(_NO_HURRY)
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        return False
    return True


def cards_may_change(work: Work) -> None:
    """Wait until all records are in for which cards may have been looked up before now."""
    work.session.execute(_LOCK, {"kind": _CARDS, "number": 0})


def records_may_change(work: Work, batch_ids: Iterable[int]) -> None:
    """Let no award judge these batches until this work ends; one that judges now is waited for."""
    for batch_id in sorted(set(batch_ids)):
        work.session.execute(_SHARE, {"kind": _BATCH, "number": _small(batch_id)})


def records_as_they_are(work: Work, batch_id: int) -> bool:
    """Change no record of the batch until this work ends, so that it sees all of a file or nothing.

    False where some are being changed. Whoever judges does not stand in line for this: files that
    come in would have to stand behind.
    """
    asked = {"kind": _BATCH, "number": _small(batch_id)}
    return bool(work.session.execute(_TRY, asked).scalar_one())


def _small(batch_id: int) -> int:
    """An id as the lock takes it; two that meet wait for each other in vain, and that is all."""
    return batch_id % 2**31
