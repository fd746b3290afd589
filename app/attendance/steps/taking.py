"""过一遍文件 — one pass over one stored file: read, resolve, judge and store, three at a time."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from app.attendance.queries import devices, lookups
from app.attendance.queries.lookups import Connection
from app.attendance.queries.standing import Standing
from app.attendance.rules import ACCEPTED, SUPPRESSED, Decided, Judging, Occasion, occasion_of
from app.attendance.steps import locks, storing
from app.attendance.steps.lane import Lane
from app.attendance.steps.resolving import Asked, Resolver
from app.attendance.tables import PackageRow, UploadRow
from app.attendance.terms import SUPPRESS_SECONDS, Device, Fault, UploadState
from app.attendance.terms.drivers import Driver, FileHeader, FileOutcome, Taps
from app.base.work import Work
from app.kernel.span import at_ms, in_ms
from app.projects import queries as projects
from app.projects import steps as life
from app.projects.terms import Batch

# Parts fetched at a time; about as many records as are stored at a time.
_GROUP = 4
_ROWS_A_STORE = 12_000
_PARTS = "select body from upload_part where upload_id = %s and no >= %s and no < %s order by no"


class Taking:
    """One pass over one file; afterwards `accepted`, `batch_ids` and `broken_at` say what it met.

    `broken_at` is the number of the record with which the file leaves the chain that is stored,
    None where it does not.
    """

    def __init__(
        self, work: Work, connection: Connection, row: UploadRow, device: Device | None,
        driver: Driver, standing: Standing | None,
    ) -> None:  # fmt: skip
        self._work = work
        self._connection = connection
        self._row = row
        self._device = device
        self._driver = driver
        self._standing = standing
        # A file that was proven when it came is not proven again: its device may have another key.
        self._proven = row.state == UploadState.DONE
        self._carried: set[int] | None = None
        self.accepted = 0
        self.batch_ids: list[int] = []
        self.broken_at = row.first_seq if standing and standing.broken else None

    def run(self) -> FileOutcome:
        """Read the file to its end, storing its records as long as nothing is wrong with it."""
        standing, device = self._standing, self._device
        with Lane(self._connection) as lane:
            ingest = self._driver.ingest(_blocks(lane, self._row.id), self._key_of)
            records = iter(ingest)
            if device and standing and not standing.broken:
                self._store_all(lane, records, device, standing)
            for _ in records:
                pass
            outcome = ingest.outcome
        if self._proven and outcome.fault is Fault.BAD_SIGNATURE:
            return replace(outcome, fault=None)
        return outcome

    def _key_of(self, header: FileHeader) -> bytes | None:
        device = self._device
        if device is None or device.key is None or header.device_sn != device.sn:
            return None
        return bytes.fromhex(device.key.reveal())

    def _store_all(
        self, lane: Lane, records: Iterator[Taps], device: Device, standing: Standing
    ) -> None:
        """Judge some records while the next are resolved and the last are stored."""
        row = self._row
        offset = lane.ask(lambda _: devices.offset_of(self._work, device.id)).result()
        judging = Judging(in_ms(row.received_at), offset, standing.gap)
        target = storing.Target(
            device.id, row.epoch or 0, row.id, row.path, overlapping=standing.overlapping
        )
        resolver = Resolver(
            lane, row.id, judging.occasions,
            card_of_chip=lane.ask(self._card_of_chip, device).result(),
            occasions_of=lambda connection, ids: self._occasions_of(connection, device, ids),
        )  # fmt: skip
        lane.store(storing.prepare)

        def store(group: Sequence[Taps], asked: Asked) -> None:
            rows: list[bytes] = []
            held: list[tuple[Any, ...]] = []
            for taps, facts in resolver.facts(group, asked):
                decided = judging.decide(taps, facts)
                self.accepted += decided.fates.count(ACCEPTED)
                rows.append(storing.packed(taps, facts, decided))
                held += _held_rows(taps, decided)
            lane.store(storing.add, target, rows, held, tuple(judging.occasions))

        try:
            waiting: tuple[Sequence[Taps], Asked] | None = None
            for group in _grouped(records):
                following = (group, resolver.ask(group))
                if waiting:
                    store(*waiting)
                waiting = following
            if waiting:
                store(*waiting)
            lane.finish()
            self.batch_ids = [one.batch_id for one in judging.occasions if one is not None]
        except storing.ForkError as fork:
            self.broken_at = fork.seq

    def _card_of_chip(self, _: Connection, device: Device) -> dict[bytes, int]:
        """The card behind each salted UID hash of the file's package, if it is the device's."""
        chips = self._work.session.scalar(
            select(PackageRow.chips).where(
                PackageRow.id == self._row.package_id, PackageRow.device_id == device.id
            )
        )
        return dict(lookups.CHIP.iter_unpack(chips or b""))

    def _occasions_of(
        self, connection: Connection, device: Device, activities: Collection[str]
    ) -> dict[str, Occasion]:
        """The batches of those activities that the device may speak of.

        Those a package of the device carried; and those held by a unit that stands over or under
        the device's, because a terminal may be lent within a house before it gets their package.
        """
        named = {one: number for one in activities if (number := lookups.batch_id_of(one))}
        if not named:
            return {}
        if self._carried is None:
            self._carried = lookups.carried_batches(connection, device.id)
        carried = self._carried
        known = projects.batches_of(self._work, set(named.values()))
        locks.records_may_change(self._work, known)
        # One that is being taken back at this moment is none; the others stay.
        batches = projects.batches_of(self._work, life.hold(self._work, known))

        def lawful(batch: Batch) -> bool:
            place = batch.project.place
            return batch.id in carried or place.holds(device.place) or device.place.holds(place)

        return {
            activity: occasion_of(batch, SUPPRESS_SECONDS)
            for activity, batch_id in named.items()
            if (batch := batches.get(batch_id)) and lawful(batch)
        }


def _blocks(lane: Lane, upload_id: int) -> Iterator[bytes]:
    """The bytes of a stored file, its next parts being fetched while these are read."""
    no = 0
    ahead = lane.ask(_parts, upload_id, no)
    while group := ahead.result():
        no += _GROUP
        ahead = lane.ask(_parts, upload_id, no)
        for body in group:
            yield zlib.decompress(body)


def _parts(connection: Connection, upload_id: int, no: int) -> list[bytes]:
    found = connection.execute(_PARTS, [upload_id, no, no + _GROUP], binary=True)
    return [body for (body,) in found]


def _grouped(records: Iterator[Taps]) -> Iterator[list[Taps]]:
    """The same records in groups large enough to be stored at once."""
    held: list[Taps] = []
    size = 0
    for taps in records:
        held.append(taps)
        size += len(taps)
        if size >= _ROWS_A_STORE:
            yield held
            held, size = [], 0
    if held:
        yield held


def _held_rows(taps: Taps, decided: Decided) -> list[tuple[Any, ...]]:
    """What the quarantine keeps of the records that wait."""
    return [
        (
            taps.seq[place], held.hold.value, held.clock_hold and held.clock_hold.value,
            taps.activity_id[place], taps.result[place] == SUPPRESSED, taps.person_no[place],
            taps.card_no[place], taps.uid_h[place],
            None if held.corrected is None else at_ms(held.corrected),
        )
        for held in decided.held
        for place in (held.place,)
    ]  # fmt: skip
