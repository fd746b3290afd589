"""Questions about terminals and their packages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, or_, select

from app.attendance.rules import Offset
from app.attendance.tables import DeviceHealthRow, DeviceRow, PackageRow
from app.attendance.terms import Device, DeviceId, DeviceKind, DeviceState, Package
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import ForbiddenError, NotFoundError
from app.kernel.place import Place
from app.kernel.span import in_ms
from app.org.terms import UnitId

KEY = "attendance.device.key"
MOST_LISTED = 200


def device_of(work: Work, sn: str) -> Device | None:
    """The terminal of that serial within sight, its key opened; None where there is none."""
    row = work.session.scalar(select(DeviceRow).where(DeviceRow.sn == sn))
    return None if row is None else opened(work, row)


@query(Permission.DEVICES_MANAGE)
def enrolled(work: Work) -> tuple[Device, ...]:
    """可用的考勤机 — the terminals within sight that can be given a package, by their serials."""
    asked = (
        select(DeviceRow)
        .where(DeviceRow.state == DeviceState.ENROLLED)
        .order_by(DeviceRow.sn)
        .limit(MOST_LISTED)
    )
    return tuple(opened(work, row) for row in work.session.scalars(asked))


def carriers(work: Work, batch_ids: Collection[int]) -> dict[int, dict[str, datetime]]:
    """Which terminals within sight were given a package of each batch, and when the last."""
    found: dict[int, dict[str, datetime]] = {key: {} for key in batch_ids}
    if not found:
        return found
    asked = (
        select(PackageRow.batch_ids, DeviceRow.sn, func.max(PackageRow.made_at))
        .join(DeviceRow, DeviceRow.id == PackageRow.device_id)
        .where(or_(*(PackageRow.batch_ids.contains([key]) for key in found)))
        .group_by(PackageRow.batch_ids, DeviceRow.sn)
        .order_by(DeviceRow.sn)
    )
    for carried, sn, made_at in work.session.execute(asked):
        for key in found.keys() & set(carried):
            found[key][sn] = max(made_at, found[key].get(sn, made_at))
    return found


def device_by_id(work: Work, device_id: int) -> Device | None:
    """The terminal of that id within sight."""
    row = work.session.get(DeviceRow, device_id, populate_existing=True)
    return None if row is None else opened(work, row)


@query(Permission.DEVICES_EXCHANGE)
def caller(work: Work, sn: str) -> Device:
    """The terminal that says it calls. ForbiddenError where it is not ours, or may not."""
    device = device_of(work, sn) if sn.isprintable() else None
    if device is None or device.state is not DeviceState.ENROLLED or device.key is None:
        raise ForbiddenError("attendance.device.refused", sn=sn)
    return device


def own(work: Work, device: Device) -> None:
    """Refuse a terminal that does not stand where the work is done. ForbiddenError as above."""
    if not work.actor.place.holds(device.place):
        raise ForbiddenError("attendance.device.refused", sn=device.sn)


@query(Permission.DEVICES_EXCHANGE)
def packages_after(work: Work, device_id: DeviceId, seq: int) -> tuple[Package, ...]:
    """A terminal's packages with a number above this one, in their order."""
    asked = (
        select(
            PackageRow.id, PackageRow.seq, PackageRow.made_at, PackageRow.sha256, PackageRow.size
        )
        .where(PackageRow.device_id == device_id, PackageRow.seq > seq)
        .order_by(PackageRow.seq)
    )
    return tuple(
        Package(package_id, device_id, number, made_at, sha256, size)
        for package_id, number, made_at, sha256, size in work.session.execute(asked)
    )


@query(Permission.DEVICES_EXCHANGE)
def package_body(work: Work, device_id: DeviceId, package_id: str) -> tuple[bytes, bytes]:
    """SHA-256 and bytes of one of a terminal's packages. NotFoundError for another terminal's."""
    row = work.session.execute(
        select(PackageRow.sha256, PackageRow.body).where(
            PackageRow.id == package_id, PackageRow.device_id == device_id
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError("attendance.package.unknown", package=package_id)
    return bytes(row.sha256), bytes(row.body)


def offset_of(work: Work, device_id: int) -> Offset | None:
    """How far the terminal's clock was off when it was last measured; None if it never was."""
    row = work.session.get(DeviceHealthRow, device_id, populate_existing=True)
    if row is None or row.offset_ms is None or row.offset_at is None:
        return None
    return Offset(row.offset_ms, in_ms(row.offset_at))


def opened(work: Work, row: DeviceRow) -> Device:
    """A stored terminal as a value."""
    return Device(
        DeviceId(row.id),
        row.sn,
        DeviceKind(row.kind),
        DeviceState(row.state),
        UnitId(row.unit_id),
        Place(row.path),
        None if row.key is None else work.site.vault.open(row.key, KEY),
        row.key_id,
    )
