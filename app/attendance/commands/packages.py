"""活动包 — making packages for terminals, and hearing that they came through."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from ulid import ULID

from app.attendance.queries import devices, lookups
from app.attendance.steps.drivers import driver_of
from app.attendance.tables import DeviceRow, PackageRow
from app.attendance.terms import SUPPRESS_SECONDS, Device, DeviceId, DeviceState, Package
from app.attendance.terms.drivers import Driver, PackageContents, RevokedCard, RosterPerson
from app.base.work import Work, command
from app.cards import queries as cards
from app.cards.terms import Card, CardState
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, NotFoundError
from app.kernel.span import local_date
from app.org import queries as org
from app.people import queries as people
from app.people.terms import Person, Status
from app.projects import queries as projects
from app.projects.terms import Batch

# A package outlives its batch so long, for swipes that are uploaded late.
_GRACE = timedelta(days=30)
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Crowd:
    """名单 — who and which cards go into a package; `chips` are the cards with a UID."""

    roster: tuple[RosterPerson, ...]
    revoked: tuple[RevokedCard, ...]
    chips: tuple[Card, ...]


@command(Permission.DEVICES_MANAGE, reaches=True)
def make_package(work: Work, sn: str, project_no: str, batch_no: int) -> tuple[Package, bytes]:
    """制作活动包 — the terminal's next package carries the batch; it and its bytes.

    Its people are those of the terminal's unit and of the batch's unit, and the lecturers, without
    who is cancelled. Reaches, once terminal and batch are found in sight, because a lecturer may
    come from anywhere. ConflictError where the terminal has no key to prove a package by.
    """
    device = devices.device_of(work, sn)
    if device is None:
        raise NotFoundError("attendance.device.unknown", sn=sn)
    batch = projects.batch_of(work, project_no, batch_no)
    if device.state is not DeviceState.ENROLLED or device.key is None or device.key_id is None:
        raise ConflictError("attendance.package.not_enrolled", sn=sn)
    row = work.session.get_one(DeviceRow, device.id, with_for_update=True, populate_existing=True)
    row.package_seq += 1
    driver = driver_of(work, device.kind)
    with work.reaching():
        crowd = _crowd(work, device, batch)
    contents = PackageContents(
        package_id=str(ULID.from_datetime(work.now)),
        seq=row.package_seq,
        device_sn=device.sn,
        key_id=device.key_id,
        made_at=work.now,
        valid_until=max(batch.span.end, work.now) + _GRACE,
        salt=secrets.token_bytes(_SALT_BYTES),
        batch=batch,
        activity_id=lookups.activity_id_of(batch.id),
        suppress_seconds=SUPPRESS_SECONDS,
        roster=crowd.roster,
        revoked=crowd.revoked,
    )
    body = driver.pack(contents, bytes.fromhex(device.key.reveal()))
    return _store(work, device, contents, body, _chips(driver, contents.salt, crowd.chips)), body


@command(Permission.DEVICES_EXCHANGE)
def acknowledge(work: Work, device_id: DeviceId, package_id: str) -> None:
    """The terminal has the package; when it said so first is known."""
    row = work.session.scalar(
        select(PackageRow)
        .where(PackageRow.id == package_id, PackageRow.device_id == device_id)
        .with_for_update()
    )
    if row is None:
        raise NotFoundError("attendance.package.unknown", package=package_id)
    if row.acked_at is None:
        row.acked_at = work.now


def _store(
    work: Work, device: Device, contents: PackageContents, body: bytes, chips: bytes
) -> Package:
    package = Package(
        contents.package_id, device.id, contents.seq, contents.made_at,
        hashlib.sha256(body).digest(), len(body), len(contents.roster),
    )  # fmt: skip
    work.session.add(
        PackageRow(
            id=package.id, device_id=device.id, seq=package.seq, path=device.place.path,
            made_at=package.made_at, batch_ids=[contents.batch.id], salt=contents.salt,
            chips=chips, sha256=package.sha256, size=package.size, body=body,
        )
    )  # fmt: skip
    work.note(
        "device_package", package.id, device.place,
        seq=package.seq, batch_id=contents.batch.id, roster=package.roster_count,
    )  # fmt: skip
    return package


def _crowd(work: Work, device: Device, batch: Batch) -> _Crowd:
    present = {
        person.id: person
        for place in (device.place, batch.project.place)
        for person in people.roster(work, place)
    }
    lecturers = {one.person_id for one in batch.lecturers} - present.keys()
    status = people.status_on(work, lecturers, local_date(work.now))
    present |= {
        person.id: person
        for person in people.people_of(work, lecturers).values()
        if status[person.id] is not Status.CANCELLED
    }
    held = cards.cards_of_people(work, present, with_uid=True)
    revoked = [
        card for several in held.values() for card in several if card.state is not CardState.ACTIVE
    ]
    return _Crowd(
        tuple(_listed(work, present.values(), held)),
        tuple(RevokedCard(card.no, card.uid, card.since) for card in revoked),
        tuple(card for several in held.values() for card in several if card.uid),
    )


def _listed(
    work: Work, present: Iterable[Person], held: dict[int, tuple[Card, ...]]
) -> list[RosterPerson]:
    everyone = list(present)
    ids = {one.unit_id for one in everyone} | {
        one.department_id for one in everyone if one.department_id is not None
    }
    names = {unit.id: unit.name for unit in org.units_of(work, ids).values()}
    active = {
        person: card
        for person, several in held.items()
        for card in several
        if card.state is CardState.ACTIVE
    }
    return [
        RosterPerson(
            one.no,
            one.name,
            names.get(one.unit_id, ""),
            names.get(one.department_id, "") if one.department_id is not None else "",
            one.title,
            card.no if (card := active.get(one.id)) else None,
            card.uid if card else None,
        )
        for one in everyone
    ]


def _chips(driver: Driver, salt: bytes, chips: Iterable[Card]) -> bytes:
    """The cards of a package by the salted hashes of their UIDs, as its row keeps them."""
    return b"".join(
        lookups.CHIP.pack(driver.uid_hash(salt, bytes.fromhex(card.uid.reveal())), card.id)
        for card in chips
        if card.uid is not None
    )
