"""What must be true when everything has settled: nothing lost, nothing doubled, nothing torn.

`told_by(machines)` is what the terminals know, from their own memory; `account(...)` compares the
database with it, and with itself. Every finding is one line for a person.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

import orjson
from sqlalchemy import Connection, Engine, text

from app.awards import queries as awards
from app.awards.terms import Options
from app.base.site import Site
from app.base.work import begin
from app.credits import queries as credits
from app.kernel.span import local
from device.mbox.machine import Machine
from tests.faults.crowd import CREDITS, Crowd, Training
from tests.support.cast import OPERATOR

# A record's key for ever: terminal, epoch, number.
Key = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Told:
    """What the terminals know: every record's hash, every file, and who held up which card when."""

    records: Mapping[Key, bytes]
    files: frozenset[tuple[str, str]]
    taps: tuple[tuple[str, str, str], ...]  # activity, card, what the terminal's clock showed


@dataclass(slots=True)
class Findings:
    """What is not as it must be."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)

    @property
    def none(self) -> bool:
        return not (self.lost or self.doubled or self.torn)

    @property
    def counts(self) -> str:
        return f"lost {len(self.lost)}, doubled {len(self.doubled)}, torn {len(self.torn)}"


def told_by(machines: Iterable[Machine]) -> Told:
    """What these terminals know of what happened in front of them."""
    records: dict[Key, bytes] = {}
    files, taps = set(), []
    for machine in machines:
        memory = machine.memory
        for line in memory.lines:
            record = orjson.loads(line)
            key = (memory.device_sn, memory.epoch, record["seq"])
            records[key] = bytes.fromhex(record["h"])
            taps.append((record["activity_id"], record["card_no"], record["at_dev"]))
        files |= {(memory.device_sn, one.batch_id) for one in memory.batches}
    return Told(records, frozenset(files), tuple(taps))


def account(owner: Engine, told: Told) -> Findings:
    """Compare the database with what the terminals know, and with itself."""
    found = Findings()
    with owner.connect() as connection:
        _records(connection, told, found)
        _files(connection, told, found)
        _bytes_of_files(connection, found)
        for sql, say in _MUST_BE_EMPTY["doubled"]:
            found.doubled += _said(connection, sql, say)
        for sql, say in _MUST_BE_EMPTY["torn"]:
            found.torn += _said(connection, sql, say)
    return found


def recomputed(site: Site, owner: Engine, told: Told, crowd: Crowd) -> Findings:
    """Compare the ledger with the taps themselves, and with a fresh judgement of the stored ones.

    Whoever tapped in both windows of a training has its credits, and nobody else has any.
    """
    found = Findings()
    with begin(site, OPERATOR) as work:
        if unequal := credits.unequal_tallies(work):
            found.torn.append(f"{unequal} person-years differ from their entries")
    ledger = _ledger(owner)
    for training in crowd.trainings:
        due = dict.fromkeys(_present(told, training, crowd), Decimal(CREDITS))
        held = ledger[training.batch_id]
        found.lost += [f"{training.no}: {one} has no credit" for one in due.keys() - held.keys()]
        found.doubled += [f"{training.no}: {one} has credit" for one in held.keys() - due.keys()]
        found.torn += [
            f"{training.no}: {one} has {held[one]}, not {due[one]}"
            for one in due.keys() & held.keys()
            if due[one] != held[one]
        ]
        with begin(site, OPERATOR) as work:
            judged = awards.preview(work, training.no, 1, Options())
            again = sum(one.net for one in judged.every())
        if again != sum(held.values()) * 100:
            found.torn.append(f"{training.no}: judged anew {again}, held {sum(held.values())}")
    return found


def _present(told: Told, training: Training, crowd: Crowd) -> set[str]:
    seen: dict[str, set[str]] = defaultdict(set)
    for activity, card, shown in told.taps:
        if activity == training.activity:
            moment = local(shown)
            for name, window in (("in", training.opens), ("out", training.closes)):
                if window.holds(moment):
                    seen[card].add(name)
    return {card for card, windows in seen.items() if len(windows) == 2} & set(crowd.people)


def _ledger(owner: Engine) -> dict[int, dict[str, Decimal]]:
    """Credit by batch and person, as the sums of all entries."""
    held: dict[int, dict[str, Decimal]] = defaultdict(dict)
    sums = """
    select e.batch_id, p.person_no, sum(e.net) from credit_entry e
    join person p on p.id = e.person_id group by 1, 2 having sum(e.net) <> 0"""
    with owner.connect() as connection:
        for batch_id, person_no, net in connection.execute(text(sums)):
            held[batch_id][person_no] = net
    return held


def _records(connection: Connection, told: Told, found: Findings) -> None:
    rows = connection.execute(
        text("select d.sn, s.epoch, s.seq, s.h from swipe s join device d on d.id = s.device_id")
    )
    stored = {(sn, epoch, seq): bytes(h) for sn, epoch, seq, h in rows}
    found.lost += [f"record {key}" for key in told.records.keys() - stored.keys()]
    found.doubled += [
        f"record {key}, tapped by nobody" for key in stored.keys() - told.records.keys()
    ]
    found.torn += [
        f"record {key} with another hash"
        for key in stored.keys() & told.records.keys()
        if stored[key] != told.records[key]
    ]


def _files(connection: Connection, told: Told, found: Findings) -> None:
    rows = connection.execute(
        text("select d.sn, u.batch_ulid from upload u join device d on d.id = u.device_id")
    )
    stored = Counter(tuple(row) for row in rows)
    found.lost += [f"file {one}" for one in told.files - stored.keys()]
    found.doubled += [f"file {one}, {times} times" for one, times in stored.items() if times > 1]
    found.doubled += [f"file {one}, sent by nobody" for one in stored.keys() - told.files]


def _bytes_of_files(connection: Connection, found: Findings) -> None:
    """Every file is there to its last byte, as it came."""
    parts = connection.execution_options(stream_results=True, max_row_buffer=16).execute(
        text("select u.id, u.sha256, p.body from upload u join upload_part p on p.upload_id = u.id "
             "order by u.id, p.no")
    )  # fmt: skip
    for (upload, sha256), bodies in groupby(parts, key=lambda row: (row.id, bytes(row.sha256))):
        whole = hashlib.sha256()
        for row in bodies:
            whole.update(zlib.decompress(row.body))
        if whole.digest() != sha256:
            found.torn.append(f"the stored bytes of upload {upload}")


def _said(connection: Connection, sql: str, say: str) -> list[str]:
    return [f"{say}: {tuple(row)}" for row in connection.execute(text(sql))]


_ACTIVE = """
active as (
  select e.* from credit_entry e where e.reverses is null
    and not exists (select from credit_entry r where r.reverses = e.id)
), due as (
  select r.batch_id, v.person_id, v.part, v.gross, v.cap, v.net, v.hours, r.edition_id
  from award_run r join award_verdict v on v.run_id = r.id
  where r.state = 'done' and v.granted
)"""
_COLUMNS = "batch_id, person_id, part, gross, cap, net, hours, edition_id"

_MUST_BE_EMPTY: dict[str, list[tuple[str, str]]] = {
    "doubled": [
        (
            (
                f"with {_ACTIVE} select batch_id, person_id, part, count(*) from active"
                " group by 1, 2, 3 having count(*) > 1"
            ),
            "credit twice",
        ),
        (
            (
                "select reverses, count(*) from credit_entry where reverses is not null"
                " group by 1 having count(*) > 1"
            ),
            "taken back twice",
        ),
        (
            "select batch_id from award_run where state = 'done' group by 1 having count(*) > 1",
            "two runs in force",
        ),
    ],
    "torn": [
        (
            (
                "select id, topic, attempts, error from outbox_message"
                " where done_at is null or error is not null"
            ),
            "message not done",
        ),
        (
            """
            select u.id, state, fault, waiting, record_count, own, others
            from upload u
            left join (
              select upload_id as id, count(*) as own from swipe group by 1
            ) stored on stored.id = u.id,
            lateral (
              select count(*) as others from swipe s where s.device_id = u.device_id
                and s.epoch = u.epoch and s.seq between u.first_seq and u.last_seq
                and s.upload_id <> u.id
            ) elsewhere
            where state <> 'done' or fault is not null or waiting or conflict
              or record_count <> last_seq - first_seq + 1
              or coalesce(own, 0) + others <> record_count
            """,
            "half an upload",
        ),
        (
            """
            select s.device_id, s.epoch, s.seq, s.state, q.hold from swipe s
            full join quarantine q using (device_id, epoch, seq)
            where s.seq is null or (s.state = 'quarantined') is distinct from
              (q.seq is not null and q.resolved_at is null)
            """,
            "a record waits without its quarantine, or the other way about",
        ),
        (
            """
            select r.id, r.state, r.granted_count, r.refused_count,
              count(*) filter (where v.granted), count(*) filter (where not v.granted)
            from award_run r left join award_verdict v on v.run_id = r.id
            group by r.id having r.state not in ('done', 'replaced', 'undone')
              or r.granted_count <> count(*) filter (where v.granted)
              or r.refused_count <> count(*) filter (where not v.granted)
            """,
            "a run and its verdicts",
        ),
        (
            f"with {_ACTIVE} (select {_COLUMNS} from active except all select {_COLUMNS} from due)",
            "credit without a verdict in force",
        ),
        (
            f"with {_ACTIVE} (select {_COLUMNS} from due except all select {_COLUMNS} from active)",
            "a verdict in force without its credit",
        ),
        (
            """
            select r.id from credit_entry r left join credit_entry e on e.id = r.reverses
            where r.reverses is not null and (e.id is null or e.reverses is not null
              or (e.person_id, e.year, e.part, -e.gross, -e.net, -e.hours)
                 is distinct from (r.person_id, r.year, r.part, r.gross, r.net, r.hours))
            """,
            "a reversal that does not undo its entry",
        ),
        (
            """
            select e.id from credit_entry e left join award_run r on r.id = e.run_id
            left join standard_edition s on s.id = e.edition_id
            where r.id is null or s.id is null or e.entered_by = ''
            """,
            "an entry without its cause",
        ),
        (
            """
            select r.id, r.state,
              array_agg(a.change ->> 'kind' || coalesce(a.change #>> '{state,1}', ''))
            from award_run r left join audit_entry a
              on a.table_name = 'award_run' and a.row_id = r.id::text
            group by r.id, r.state
            having count(*) filter (where a.action = 'awards.ask') <> 1
              or count(*) filter (where a.action = 'awards.carry_out'
                   and a.change #>> '{state,1}' = 'done') <> 1
              or (r.state <> 'done'
                and count(*) filter (where a.change #>> '{state,1}' = r.state) <> 1)
            """,
            "a run without its trail",
        ),
    ],
}
