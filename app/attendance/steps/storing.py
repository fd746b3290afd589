"""入库 — swipes into their tables in sets: COPY into a temporary table, then INSERT … SELECT.

COPY straight into a table under row security is refused by PostgreSQL; this way also joins the new
rows with those that stand.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from app.attendance.queries.lookups import Connection
from app.attendance.rules import HOLDS, Decided, Facts, Occasion
from app.attendance.terms import Hold, SwipeState
from app.attendance.terms.drivers import Taps

_FATES: list[tuple[SwipeState, Hold | None]] = [
    (SwipeState.ACCEPTED, None),
    (SwipeState.DUPLICATE, None),
    *((SwipeState.QUARANTINED, hold) for hold in HOLDS),
]
_STATES = [state.value for state, _ in _FATES]
_REASONS = [hold and hold.value for _, hold in _FATES]

# One row of COPY's binary format: the count of fields, then each field after its length.
_ROW = struct.Struct(">h iq ih iq iq iq iq i32s ih ih".replace(" ", ""))
_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
# PostgreSQL counts microseconds from 2000-01-01.
_EPOCH_MS = 946_684_800_000

_TABLES = """
create temporary table if not exists incoming (
  seq bigint, occasion smallint, person_id bigint, card_id bigint, at_dev timestamptz,
  at timestamptz, h bytea, fate smallint, direction smallint
) on commit drop;
create temporary table if not exists incoming_held (
  seq bigint, hold text, clock_hold text, activity_id text, repeat boolean, person_no text,
  card_no text, uid_h bytea, corrected_at timestamptz
) on commit drop"""

_ADD = """
insert into swipe (device_id, epoch, seq, upload_id, path, batch_id, person_id, card_id, at_dev,
  at, h, state, hold, direction)
select %(device)s, %(epoch)s, seq, %(upload)s,
  coalesce((%(paths)s::text[])[occasion], %(path)s), (%(batches)s::bigint[])[occasion],
  nullif(person_id, 0), nullif(card_id, 0), at_dev, at, h, (%(states)s::text[])[fate],
  (%(reasons)s::text[])[fate], direction
from incoming"""
_UNLESS_HERE = " on conflict (device_id, epoch, seq) do nothing"

# The stretch of numbers is said twice, here and below, so that the planner takes a stretch of the
# key and not all swipes of the device.
_FORK = """
select min(i.seq) from incoming i
join swipe s on s.device_id = %(device)s and s.epoch = %(epoch)s and s.seq = i.seq
  and s.seq between (select min(seq) from incoming) and (select max(seq) from incoming)
where s.h <> i.h"""

_HOLD = """
insert into quarantine (device_id, epoch, seq, upload_id, path, hold, clock_hold, activity_id,
  repeat, person_no, card_no, uid_h, corrected_at)
select s.device_id, s.epoch, s.seq, s.upload_id, s.path, i.hold, i.clock_hold, i.activity_id,
  i.repeat, i.person_no, i.card_no, i.uid_h, i.corrected_at
from incoming_held i
join swipe s on s.device_id = %(device)s and s.epoch = %(epoch)s and s.seq = i.seq
  and s.seq between (select min(seq) from incoming_held) and (select max(seq) from incoming_held)
where s.upload_id = %(upload)s and s.state = 'quarantined'
on conflict (device_id, epoch, seq) do nothing"""

_FORGET_HELD = """
delete from quarantine where device_id = %(device)s and epoch = %(epoch)s
  and seq between %(first)s and %(last)s and upload_id = %(upload)s
  and hold = 'seq_gap' and resolved_at is null"""
_FORGET = """
delete from swipe where device_id = %(device)s and epoch = %(epoch)s
  and seq between %(first)s and %(last)s and upload_id = %(upload)s
  and hold = 'seq_gap' and state = 'quarantined'"""


@dataclass(frozen=True, slots=True)
class Target:
    """去处 — which file the rows are of; `overlapping` where some of its keys are here."""

    device_id: int
    epoch: int
    upload_id: int
    path: str
    overlapping: bool


class ForkError(Exception):
    """A record whose key is here with another hash."""

    def __init__(self, seq: int) -> None:
        super().__init__(seq)
        self.seq = seq


def prepare(connection: Connection) -> None:
    """Make the temporary tables of this transaction."""
    connection.execute(_TABLES)


def add(
    connection: Connection, target: Target, rows: Sequence[bytes], held: Sequence[tuple[Any, ...]],
    occasions: Sequence[Occasion | None],
) -> None:  # fmt: skip
    """Store some records. ForkError where one has another hash than the record of its key."""
    with connection.cursor() as cursor:
        cursor.execute("truncate incoming")
        with cursor.copy("copy incoming from stdin with (format binary)") as copy:
            copy.write(b"".join((_HEAD, *rows, _END)))
        known = [one for one in occasions if one is not None]
        facts = {
            "device": target.device_id, "epoch": target.epoch, "upload": target.upload_id,
            "path": target.path, "paths": [one.path for one in known],
            "batches": [one.batch_id for one in known], "states": _STATES, "reasons": _REASONS,
        }  # fmt: skip
        if target.overlapping:
            forked = cursor.execute(_FORK, facts).fetchone()
            if forked is not None and forked[0] is not None:
                raise ForkError(forked[0])
        cursor.execute(_ADD + _UNLESS_HERE if target.overlapping else _ADD, facts)
        if held:
            cursor.execute("truncate incoming_held")
            with cursor.copy("copy incoming_held from stdin") as copy:
                for row in held:
                    copy.write_row(row)
            cursor.execute(_HOLD, facts)


def forget_waiting(
    connection: Connection, device_id: int, epoch: int, first: int, last: int, upload_id: int
) -> None:
    """Remove the records of a file that wait for the part before it, resolved ones excepted."""
    facts = {
        "device": device_id, "epoch": epoch, "first": first, "last": last, "upload": upload_id
    }  # fmt: skip
    connection.execute(_FORGET_HELD, facts)
    connection.execute(_FORGET, facts)


def packed(taps: Taps, facts: Facts, decided: Decided) -> bytes:
    """The records as rows of COPY's binary format, without its head and end."""
    shown = [(ms - _EPOCH_MS) * 1000 for ms in taps.shown_ms]
    # A clock that is right shows the judged time itself.
    at = shown
    if decided.at is not taps.shown_ms:
        at = [(ms - _EPOCH_MS) * 1000 for ms in decided.at]
    small, wide = repeat(2), repeat(8)
    rows = map(
        _ROW.pack,
        *(repeat(9), wide, taps.seq, small, facts.occasions, wide, decided.people),
        *(wide, facts.made_with, wide, shown, wide, at),
        *(repeat(32), taps.h, small, decided.fates, small, taps.direction),
    )
    return b"".join(rows)
