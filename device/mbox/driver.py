"""MBOX900 as a driver: its files and packages in the words of attendance (设备驱动)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from app.attendance.terms import Fault
from app.attendance.terms.drivers import FileHeader, FileOutcome, PackageContents, Taps
from app.projects.terms import Batch, Session
from device.mbox import package
from device.mbox.clock import Correction
from device.mbox.codec import Reading, peek
from device.mbox.contents import Activity, Listed, Manifest, Revoked
from device.mbox.contents import Session as Window
from device.mbox.terms import Chunk, Header

_DIRECTIONS = {"none": 0, "in": 1, "out": 2}


class MboxDriver:
    """MBOX900 驱动."""

    def identify(self, start: bytes) -> FileHeader | None:
        """The header a file begins with; None where it is malformed."""
        header = peek(start)
        return None if header is None else _header(header)

    def ingest(
        self, blocks: Iterable[bytes], key_of: Callable[[FileHeader], bytes | None]
    ) -> MboxIngest:
        """Read a file; `key_of` gives the key of the header's device, None where it is not ours."""
        return MboxIngest(blocks, key_of)

    def pack(self, contents: PackageContents, key: bytes) -> bytes:
        """The bytes of a package. InvalidError where it would be too large for a machine."""
        manifest = Manifest(
            package_id=contents.package_id,
            package_seq=contents.seq,
            device_sn=contents.device_sn,
            generated_at=contents.made_at,
            valid_from=contents.made_at,
            valid_until=contents.valid_until,
            salt=contents.salt,
            key_id=contents.key_id,
        )
        roster = [
            Listed(
                person_no=one.person_no,
                name=one.name,
                unit=one.unit,
                dept=one.department or None,
                title=one.title or None,
                card_no=one.card_no,
                uid_h=self._hashed(contents.salt, one.uid.reveal() if one.uid else None),
            )
            for one in contents.roster
        ]
        revoked = [
            Revoked(
                card_no=card.card_no,
                uid_h=self._hashed(contents.salt, card.uid.reveal() if card.uid else None),
                since=card.since,
            )
            for card in contents.revoked
        ]
        activity = _activity(contents.batch, contents.activity_id, contents.suppress_seconds)
        return package.build(
            manifest, activities=[activity], roster=roster, revoked=revoked, key=key
        )

    def uid_hash(self, salt: bytes, uid: bytes) -> bytes:
        """The salted hash by which a package and its records name a card's chip."""
        return package.uid_hash(salt, uid)

    def _hashed(self, salt: bytes, uid_hex: str | None) -> bytes | None:
        return None if uid_hex is None else self.uid_hash(salt, bytes.fromhex(uid_hex))


class MboxIngest:
    """读件 — a file being read, its records' times corrected by the anchors of its header."""

    def __init__(
        self, blocks: Iterable[bytes], key_of: Callable[[FileHeader], bytes | None]
    ) -> None:
        self._reading = Reading(blocks, lambda header: key_of(_header(header)))

    def __iter__(self) -> Iterator[Taps]:
        correction: Correction | None = None
        for chunk in self._reading:
            if correction is None and self._reading.header is not None:
                correction = Correction(self._reading.header.anchors)
            yield _taps(chunk, correction or Correction(()))

    @property
    def outcome(self) -> FileOutcome:
        """What the file turned out to be, once its last block was read."""
        found = self._reading.outcome
        return FileOutcome(
            fault=None if found.fault is None else Fault(found.fault.value),
            line=found.line,
            seq=found.seq,
            cause=None if found.cause is None else found.cause.value,
            member=found.member,
            records=found.records,
        )


def _taps(chunk: Chunk, correction: Correction) -> Taps:
    return Taps(
        seq=chunk.seq,
        activity_id=chunk.activity_id,
        person_no=chunk.person_no,
        card_no=chunk.card_no,
        uid_h=chunk.uid_h,
        shown_ms=chunk.at_ms,
        true_ms=correction.true_column(chunk.boot, chunk.mono_ms),
        direction=list(map(_DIRECTIONS.__getitem__, chunk.dir)),
        result=chunk.res,
        h=chunk.h,
    )


def _header(header: Header) -> FileHeader:
    return FileHeader(
        device_sn=header.device_sn,
        batch_ulid=header.batch_id,
        package_id=header.package_id,
        epoch=header.epoch,
        first_seq=header.first_seq,
        last_seq=header.last_seq,
        prev_hash=header.prev_hash,
    )


def _activity(batch: Batch, activity_id: str, suppress_seconds: int) -> Activity:
    return Activity(
        activity_id=activity_id,
        project_no=batch.project.no,
        project_name=batch.project.name,
        batch_no=batch.no,
        unit=batch.project.unit_name,
        venue=batch.venue or None,
        starts_at=batch.span.start,
        ends_at=batch.span.end,
        credit_level=batch.project.level.value,
        sessions=tuple(map(_window, batch.sessions)),
        min_swipes=batch.plan.get("min_swipes"),
        suppress_seconds=suppress_seconds,
    )


def _window(session: Session) -> Window:
    return Window(
        session_id=session.key,
        label=session.label,
        kind=session.kind.value,
        opens_at=session.span.start,
        closes_at=session.span.end,
    )
