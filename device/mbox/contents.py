"""What an activity package tells a machine, and how each part stands as JSON (活动包内容)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.kernel.span import at_ms, in_ms, in_utc
from device.mbox.lines import Members
from device.mbox.terms import PACKAGE_FORMAT, ULID, VERSION
from device.mbox.writing import moment_text

ALGORITHM = "HMAC-SHA256"
ZONE = "Asia/Shanghai"
MAX_NAME = 300  # characters of a name that is shown

_SALT = re.compile("(?:[0-9a-f]{2}){16,64}")
_KINDS = frozenset({"start", "end", "course"})


@dataclass(frozen=True, slots=True)
class Session:
    """场次 — a window in which cards are swiped; `kind` is start, end or course."""

    session_id: str
    label: str
    kind: str
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Activity:
    """活动 — one batch of a project as a machine knows it; `unit` and `venue` are to be shown."""

    activity_id: str
    project_no: str
    project_name: str
    batch_no: int
    unit: str
    venue: str | None
    starts_at: datetime
    ends_at: datetime
    credit_level: str
    sessions: tuple[Session, ...]
    min_swipes: int | None = None
    suppress_seconds: int = 60
    allow_unlisted: bool = True


@dataclass(frozen=True, slots=True)
class Listed:
    """名册人员 — somebody the machine may greet by name; `photo` names one of the package's."""

    person_no: str
    name: str
    unit: str
    dept: str | None = None
    title: str | None = None
    card_no: str | None = None
    uid_h: bytes | None = None
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class Revoked:
    """停用的卡 — a card that no longer counts, and from when."""

    card_no: str | None
    uid_h: bytes | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Manifest:
    """活动包清单 — for which machine the package is, until when, and the salt of its UID hashes."""

    package_id: str
    package_seq: int
    device_sn: str
    generated_at: datetime
    valid_from: datetime
    valid_until: datetime
    salt: bytes
    key_id: str


@dataclass(frozen=True, slots=True)
class Package:
    """活动包 — everything a machine needs for its activities; photos by their SHA-256 in hex."""

    manifest: Manifest
    activities: tuple[Activity, ...]
    roster: tuple[Listed, ...]
    revoked: tuple[Revoked, ...]
    photos: Mapping[str, bytes]

    @property
    def file_name(self) -> str:
        """The name the page gives the file of this package."""
        return f"mbx-{self.manifest.device_sn}-{self.manifest.package_seq}.mbxpkg"


def manifest_members(
    manifest: Manifest, *, counts: Mapping[str, int], files: list[dict[str, object]]
) -> dict[str, object]:
    """The manifest as it stands in manifest.json."""
    return {
        "format": PACKAGE_FORMAT,
        "version": VERSION,
        "package_id": manifest.package_id,
        "package_seq": manifest.package_seq,
        "device_sn": manifest.device_sn,
        "generated_at": in_utc(manifest.generated_at),
        "valid_from": _in_beijing(manifest.valid_from),
        "valid_until": _in_beijing(manifest.valid_until),
        "tz": ZONE,
        "salt": manifest.salt.hex(),
        "counts": counts,
        "files": files,
        "key_id": manifest.key_id,
        "alg": ALGORITHM,
    }


def manifest_of(members: Members) -> Manifest:
    """The manifest that manifest.json holds. Raises FaultyLineError."""
    members.exactly("format", PACKAGE_FORMAT)
    members.exactly("version", VERSION)
    members.exactly("alg", ALGORITHM)
    members.exactly("tz", ZONE)
    return Manifest(
        package_id=members.shaped("package_id", ULID),
        package_seq=members.integer("package_seq", 1),
        device_sn=members.text("device_sn"),
        generated_at=at_ms(members.moment("generated_at")),
        valid_from=at_ms(members.moment("valid_from")),
        valid_until=at_ms(members.moment("valid_until")),
        salt=bytes.fromhex(members.shaped("salt", _SALT)),
        key_id=members.text("key_id"),
    )


def activity_members(activity: Activity) -> dict[str, object]:
    """An activity as it stands in activity.json."""
    return {
        "activity_id": activity.activity_id,
        "project_no": activity.project_no,
        "project_name": activity.project_name,
        "batch_no": activity.batch_no,
        "unit": activity.unit,
        "venue": activity.venue,
        "starts_at": _in_beijing(activity.starts_at),
        "ends_at": _in_beijing(activity.ends_at),
        "credit_level": activity.credit_level,
        "sessions": [
            {
                "session_id": session.session_id,
                "label": session.label,
                "kind": session.kind,
                "opens_at": _in_beijing(session.opens_at),
                "closes_at": _in_beijing(session.closes_at),
            }
            for session in activity.sessions
        ],
        "min_swipes": activity.min_swipes,
        "suppress_seconds": activity.suppress_seconds,
        "allow_unlisted": activity.allow_unlisted,
    }


def activity_of(members: Members) -> Activity:
    """The activity that an object of activity.json holds. Raises FaultyLineError."""
    return Activity(
        activity_id=members.text("activity_id"),
        project_no=members.text("project_no", MAX_NAME),
        project_name=members.text("project_name", MAX_NAME),
        batch_no=members.integer("batch_no", 0),
        unit=members.text("unit", MAX_NAME),
        venue=members.number("venue", MAX_NAME),
        starts_at=at_ms(members.moment("starts_at")),
        ends_at=at_ms(members.moment("ends_at")),
        credit_level=members.text("credit_level"),
        sessions=tuple(_session_of(session) for session in members.objects("sessions")),
        min_swipes=None if members.is_null("min_swipes") else members.integer("min_swipes", 0),
        suppress_seconds=members.integer("suppress_seconds", 0),
        allow_unlisted=members.flag("allow_unlisted"),
    )


def _session_of(members: Members) -> Session:
    return Session(
        session_id=members.text("session_id"),
        label=members.text("label", MAX_NAME),
        kind=members.one_of("kind", _KINDS),
        opens_at=at_ms(members.moment("opens_at")),
        closes_at=at_ms(members.moment("closes_at")),
    )


def listed_members(person: Listed) -> dict[str, object]:
    """A person as a line of roster.ndjson."""
    return {
        "person_no": person.person_no,
        "name": person.name,
        "unit": person.unit,
        "dept": person.dept,
        "title": person.title,
        "card_no": person.card_no,
        "uid_h": person.uid_h.hex() if person.uid_h is not None else None,
        "photo": person.photo,
    }


def listed_of(members: Members) -> Listed:
    """The person that a line of roster.ndjson holds. Raises FaultyLineError."""
    return Listed(
        person_no=members.text("person_no"),
        name=members.text("name", MAX_NAME),
        unit=members.text("unit", MAX_NAME),
        dept=members.number("dept", MAX_NAME),
        title=members.number("title", MAX_NAME),
        card_no=members.number("card_no"),
        uid_h=members.uid_hash("uid_h"),
        photo=None if members.is_null("photo") else members.hash("photo").hex(),
    )


def revoked_members(card: Revoked) -> dict[str, object]:
    """A card as a line of revoked.ndjson."""
    return {
        "card_no": card.card_no,
        "uid_h": card.uid_h.hex() if card.uid_h is not None else None,
        "since": _in_beijing(card.since),
    }


def revoked_of(members: Members) -> Revoked:
    """The card that a line of revoked.ndjson holds. Raises FaultyLineError."""
    return Revoked(
        card_no=members.number("card_no"),
        uid_h=members.uid_hash("uid_h"),
        since=at_ms(members.moment("since")),
    )


def _in_beijing(moment: datetime) -> str:
    return moment_text(in_ms(moment))
