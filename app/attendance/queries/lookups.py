"""对照 — what intake asks for thousands of records at once.

Straight through psycopg, in lists of plain values: a value object a row would cost more than all
the rest of the intake. Called while the work reaches, since people of any unit may swipe.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeAlias

import psycopg

from app.attendance.rules import Holder
from app.base.work import Work, driver_connection
from app.kernel.span import at_ms
from app.projects.terms import BatchId

Connection: TypeAlias = psycopg.Connection[Any]

# One card of a package: the salted hash of its UID, and its id.
CHIP = struct.Struct(">16sq")

_ACTIVITY = re.compile("B([1-9][0-9]{0,17})")

_PEOPLE = "select person_no, id from person where person_no = any(%s)"
_CARDS = """
select card_no, id, person_id,
  case when state <> 'active' then (extract(epoch from since) * 1000)::bigint end
from card where card_no = any(%s)"""
_HOLDERS = """
select id, person_id,
  case when state <> 'active' then (extract(epoch from since) * 1000)::bigint end
from card where id = any(%s)"""
# Person by person, each by the index: with statistics that are a minute old the planner would read
# the whole batch and look each record up among the people. The `offset` keeps it from that.
_COUNTED = """
select asked.person, (extract(epoch from counted.at) * 1000)::bigint
from unnest(%s::bigint[]) as asked (person)
cross join lateral (
  select at from swipe
  where batch_id = %s and person_id = asked.person and at > %s and at <= %s
    and state = 'accepted' and upload_id <> %s
  order by at offset 0
) counted"""
_OTHERS = """
select exists (
  select from swipe where batch_id = %s and state = 'accepted' and upload_id <> %s
)"""
_CARRIED = """
select distinct (jsonb_array_elements_text(batch_ids))::bigint from device_package
where device_id = %s"""
_BROUGHT = """
select distinct (jsonb_array_elements_text(batch_ids))::bigint from upload
where received_at >= %s"""


def connection_of(work: Work) -> Connection:
    """The work's own connection, for sets and an intake's lane; what is pending is sent."""
    work.session.flush()
    return driver_connection(work)


def activity_id_of(batch_id: int) -> str:
    """The name under which packages carry a batch."""
    return f"B{batch_id}"


def batch_id_of(activity_id: str) -> BatchId | None:
    """The batch that an activity's name stands for; None where it cannot be one of ours."""
    found = _ACTIVITY.fullmatch(activity_id)
    return BatchId(int(found[1])) if found else None


def people(connection: Connection, numbers: Collection[str]) -> dict[str, int]:
    """The ids of these person numbers."""
    return dict(connection.execute(_PEOPLE, [list(numbers)]).fetchall())


def cards(connection: Connection, numbers: Collection[str]) -> dict[str, tuple[int, Holder]]:
    """The ids of the cards of these numbers, whose they are, and from when they count no more."""
    rows = connection.execute(_CARDS, [list(numbers)]).fetchall()
    return {
        number: (card, person if gone is None else (person, gone))
        for number, card, person, gone in rows
    }


def holders(connection: Connection, ids: Collection[int]) -> dict[int, Holder]:
    """Whose the cards of these ids are, and from when they count no more."""
    rows = connection.execute(_HOLDERS, [list(ids)]).fetchall()
    return {card: person if gone is None else (person, gone) for card, person, gone in rows}


def counted_elsewhere(connection: Connection, batch_id: int, upload_id: int) -> bool:
    """Whether other files have counted swipes in the batch."""
    row = connection.execute(_OTHERS, [batch_id, upload_id]).fetchone()
    return row is not None and bool(row[0])


def counted(
    connection: Connection, batch_id: int, upload_id: int, persons: Collection[int],
    after: int, until: int,
) -> dict[int, list[int]]:  # fmt: skip
    """The counted swipes of these people in other files of the batch, in (after, until] ms."""
    found: dict[int, list[int]] = {}
    asked = [list(persons), batch_id, at_ms(after), at_ms(until), upload_id]
    for person, at in connection.execute(_COUNTED, asked):
        found.setdefault(person, []).append(at)
    return found


def carried_batches(connection: Connection, device_id: int) -> set[int]:
    """The batches that any package of the device carried."""
    return {row[0] for row in connection.execute(_CARRIED, [device_id])}


def brought_batches(connection: Connection, since: datetime) -> list[int]:
    """The batches of which files that came since then have records."""
    return [row[0] for row in connection.execute(_BROUGHT, [since])]
