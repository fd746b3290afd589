"""Activity packages: signed ZIPs that tell a machine whom to expect (活动包)."""

from __future__ import annotations

import hashlib
import hmac
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO

import orjson

from app.kernel.errors import InvalidError
from device.mbox.contents import (
    MAX_NAME,
    Activity,
    Listed,
    Manifest,
    Package,
    Revoked,
    activity_members,
    activity_of,
    listed_members,
    listed_of,
    manifest_members,
    manifest_of,
    revoked_members,
    revoked_of,
)
from device.mbox.lines import FaultyLineError, Members, members_of
from device.mbox.terms import Cause

MAX_UNPACKED = 64 * 2**20
MAX_PHOTO = 30 * 1024
MAX_FILES = 20_000  # more than photos of any use fit into MAX_UNPACKED

# What does not compress grows by the names and sizes of its entries.
_MAX_PACKED = MAX_UNPACKED + 300 * MAX_FILES

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
ACTIVITY = "activity.json"
ROSTER = "roster.ndjson"
REVOKED = "revoked.ndjson"

_NAMES = frozenset({MANIFEST, SIGNATURE, ACTIVITY, ROSTER, REVOKED})
_PHOTO = re.compile(r"photos/([0-9a-f]{64})\.jpg")
# A package of the same content is the same bytes, so its entries have no times of their own.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = stat.S_IFREG | 0o600
_ENTRY = b"PK\x01\x02"  # begins each entry of an archive's directory
_ENCRYPTED = 1
# What the standard library raises on broken archives.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def uid_hash(salt: bytes, uid: bytes) -> bytes:
    """How a package names a card: the first 16 bytes of HMAC-SHA256 under its salt."""
    return hmac.digest(salt, uid, "sha256")[:16]


def build(
    manifest: Manifest,
    *,
    activities: Iterable[Activity],
    roster: Iterable[Listed],
    revoked: Iterable[Revoked],
    photos: Iterable[bytes] = (),
    key: bytes,
) -> bytes:
    """The package's bytes, the same for the same content.

    InvalidError where a photo is over 30 KiB or the whole is over 64 MiB unpacked.
    """
    tasks = [activity_members(activity) for activity in activities]
    people = [listed_members(person) for person in roster]
    cards = [revoked_members(card) for card in revoked]
    pictures = {hashlib.sha256(photo).hexdigest(): photo for photo in photos}
    if any(len(photo) > MAX_PHOTO for photo in pictures.values()):
        raise InvalidError("device.package.photo_too_large", limit=MAX_PHOTO // 1024)
    files = [
        (ACTIVITY, orjson.dumps(tasks), len(tasks)),
        (ROSTER, _lines(people), len(people)),
        (REVOKED, _lines(cards), len(cards)),
        *((f"photos/{name}.jpg", photo, 0) for name, photo in sorted(pictures.items())),
    ]
    counts = {
        "activities": len(tasks),
        "roster": len(people),
        "revoked": len(cards),
        "photos": len(pictures),
    }
    listed: list[dict[str, object]] = [
        {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "rows": rows}
        for name, data, rows in files
    ]
    told = orjson.dumps(manifest_members(manifest, counts=counts, files=listed))
    signature = hmac.digest(key, told, "sha256").hex().encode()
    entries = [(MANIFEST, told), (SIGNATURE, signature)]
    entries += [(name, data) for name, data, _ in files]
    if sum(len(data) for _, data in entries) > MAX_UNPACKED or len(entries) > MAX_FILES:
        raise InvalidError("device.package.too_large", limit=MAX_UNPACKED // 2**20)
    return _zipped(entries)


def read(data: bytes, key: bytes) -> Package:
    """What a package holds, once its signature, sizes, hashes and shapes are proven right.

    InvalidError `device.package.<cause>` for anything else; never unpacks more than 64 MiB.
    """
    files = _unzipped(data)
    told, signature = files.pop(MANIFEST), files.pop(SIGNATURE)
    if not hmac.compare_digest(hmac.digest(key, told, "sha256").hex().encode(), signature):
        raise InvalidError("device.package.bad_signature")
    with _speaking_of(MANIFEST):
        (members,) = _document(told, list_of=False)
        manifest = manifest_of(members)
        rows = _proven(files, members.objects("files"))
    with _speaking_of(ACTIVITY):
        activities = tuple(map(activity_of, _document(files[ACTIVITY], list_of=True)))
    with _speaking_of(ROSTER):
        roster = tuple(map(listed_of, _objects(files[ROSTER])))
    with _speaking_of(REVOKED):
        revoked = tuple(map(revoked_of, _objects(files[REVOKED])))
    for name, found in ((ACTIVITY, activities), (ROSTER, roster), (REVOKED, revoked)):
        if len(found) != rows[name]:
            raise InvalidError("device.package.altered", file=name)
    photos = {photo[1]: files[name] for name in files if (photo := _PHOTO.fullmatch(name))}
    return Package(manifest, activities, roster, revoked, photos)


def _zipped(entries: Iterable[tuple[str, bytes]]) -> bytes:
    whole = BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, data in entries:
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.create_system = 3  # Unix, wherever it is made
            entry.external_attr = _PLAIN_FILE << 16
            packed = not name.startswith("photos/")
            entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            archive.writestr(entry, data)
    return whole.getvalue()


def _unzipped(data: bytes) -> dict[str, bytes]:
    """The archive's files, when they are few, small, plain, of known names, and complete."""
    if len(data) > _MAX_PACKED or data.count(_ENTRY) > MAX_FILES:
        raise InvalidError("device.package.too_large", limit=MAX_UNPACKED // 2**20)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            _fit(entries)
            files = {entry.filename: archive.read(entry) for entry in entries}
    except _BROKEN:
        raise InvalidError("device.package.not_zip") from None
    for name in sorted(_NAMES):
        if name not in files:
            raise InvalidError("device.package.missing", file=name)
    return files


def _fit(entries: Sequence[zipfile.ZipInfo]) -> None:
    """Refuses what the page refuses, before a byte is unpacked."""
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise InvalidError("device.package.too_large", limit=MAX_UNPACKED // 2**20)
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        kind = stat.S_IFMT(entry.external_attr >> 16)
        packed = entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
        # The few names there are leave no room for "..", absolute paths, folders or other letters.
        known = name in _NAMES or _PHOTO.fullmatch(name)
        if not known or kind not in {0, stat.S_IFREG} or packed or entry.flag_bits & _ENCRYPTED:
            raise InvalidError("device.package.foreign_file", file=repr(name)[1:-1])
        if name in seen:
            raise InvalidError("device.package.twice", file=name)
        if name.startswith("photos/") and entry.file_size > MAX_PHOTO:
            raise InvalidError("device.package.photo_too_large", limit=MAX_PHOTO // 1024)
        seen.add(name)


def _proven(files: Mapping[str, bytes], told: Iterable[Members]) -> dict[str, int]:
    """The rows of each file, when the manifest names exactly these files with these bytes."""
    rows: dict[str, int] = {}
    for members in told:
        name = members.text("name", MAX_NAME)
        data = files.get(name, b"")
        right = members.integer("size", 0) == len(data)
        right &= members.hash("sha256") == hashlib.sha256(data).digest()
        if name not in files or name in rows or not right:
            raise InvalidError("device.package.altered", file=name)
        rows[name] = members.integer("rows", 0)
    for name in files:
        if name not in rows:
            raise InvalidError("device.package.altered", file=name)
    return rows


def _lines(rows: Iterable[dict[str, object]]) -> bytes:
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def _document(data: bytes, *, list_of: bool) -> list[Members]:
    """The one object of a JSON file, or its list of objects; longer than a line may be."""
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise FaultyLineError(Cause.UNREADABLE) from None
    return Members({"": found if list_of else [found]}).objects("")


def _objects(data: bytes) -> Iterator[Members]:
    """The objects of an NDJSON file; its last line may lack its LF."""
    return map(members_of, data.removesuffix(b"\n").split(b"\n") if data else [])


@contextmanager
def _speaking_of(name: str) -> Iterator[None]:
    try:
        yield
    except FaultyLineError as why:
        raise InvalidError("device.package.malformed", file=name, member=why.member) from None
