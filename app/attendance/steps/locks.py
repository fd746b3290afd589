"""锁 — who waits for whom: files of one device, and files against changes of cards."""

from __future__ import annotations

from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.base.work import Work

# The first of the two numbers of an advisory lock; nothing else in the product uses these.
_DEVICE, _CARDS = 4_201_960, 4_201_961

_LOCK = text("select pg_advisory_xact_lock(:kind, :number)")
_SHARE = text("select pg_advisory_xact_lock_shared(:kind, :number)")
_PATIENCE = text("set local lock_timeout = '3s'")
_NO_HURRY = text("set local lock_timeout to default")


def one_file_of(work: Work, device_id: int | None) -> None:
    """Take in no other file of the device, and settle no change of cards, until this work ends.

    A file may look a card up just before it is registered: the settling of that change then waits
    for the file, and finds its record.
    """
    if device_id is not None:
        work.session.execute(_LOCK, {"kind": _DEVICE, "number": device_id})
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


def no_file_under_way(work: Work) -> None:
    """Wait until every file is in that may have looked cards up before now."""
    work.session.execute(_LOCK, {"kind": _CARDS, "number": 0})
