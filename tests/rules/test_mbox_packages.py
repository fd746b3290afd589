"""What the page says of activity packages (devices.md 3.6 a)."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import stat
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import InvalidError
from app.kernel.span import SHANGHAI
from device.mbox.contents import Activity, Listed, Manifest, Package, Revoked, Session
from device.mbox.package import MAX_PHOTO, MAX_UNPACKED, build, read, uid_hash

KEY = bytes(range(32))
SALT = bytes(range(16))
PHOTO = b"\xff\xd8 an invented face \xff\xd9"
DAY = datetime(2013, 5, 18, 8, 0, tzinfo=SHANGHAI)
MANIFEST = Manifest(
    package_id="01HW0000000000000000000001",
    package_seq=7,
    device_sn="MBX-00017",
    generated_at=datetime(2013, 5, 17, 9, 30, tzinfo=UTC),
    valid_from=DAY - timedelta(days=1),
    valid_until=DAY + timedelta(days=2),
    salt=SALT,
    key_id="k1",
)
ACTIVITY = Activity(
    activity_id="A-77",
    project_no="2013-03-01-007(国)",
    project_name="心血管急症处理",
    batch_no=1,
    unit="云河市第一人民医院",
    venue="门诊楼五楼",
    starts_at=DAY,
    ends_at=DAY + timedelta(hours=10),
    credit_level="national",
    sessions=(
        Session("s1", "第一天签到", "start", DAY - timedelta(minutes=30), DAY),
        Session("s2", "第一天签退", "end", DAY + timedelta(hours=9), DAY + timedelta(hours=10)),
    ),
    min_swipes=2,
)
LISTED = Listed(
    person_no="162700123",
    name="甲乙丙",
    unit="云河市第一人民医院",
    dept="心内科",
    title="主治医师",
    card_no="0012345678",
    uid_h=uid_hash(SALT, bytes.fromhex("04a1b2c3")),
    photo=hashlib.sha256(PHOTO).hexdigest(),
)
BARE = Listed(person_no="162700124", name="丁", unit="云河市第一人民医院")
CARD = Revoked("0011111111", uid_hash(SALT, b"\x01\x02\x03\x04"), DAY - timedelta(days=3))


def built(**changes: Any) -> bytes:
    """The package of the example, parts of it changed."""
    parts: dict[str, Any] = {
        "manifest": MANIFEST,
        "activities": [ACTIVITY],
        "roster": [LISTED, BARE],
        "revoked": [CARD],
        "photos": [PHOTO],
        "key": KEY,
    }
    return build(**parts | changes)


def unzipped(data: bytes) -> dict[str, bytes]:
    """The files of a package."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these files."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return whole.getvalue()


def signed(found: dict[str, bytes], **changes: Any) -> bytes:
    """An archive of these files whose manifest tells the truth about them and is rightly signed."""
    manifest = json.loads(found["manifest.json"]) | changes
    if "files" not in changes:
        manifest["files"] = [
            {
                "name": name,
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "rows": len(json.loads(data)) if name == "activity.json" else data.count(b"\n"),
            }
            for name, data in found.items()
            if not name.startswith("manifest")
        ]
    told = json.dumps(manifest).encode()
    signature = hmac.new(KEY, told, hashlib.sha256).hexdigest().encode()
    return zipped(found | {"manifest.json": told, "manifest.sig": signature})


def refusal(data: bytes, key: bytes = KEY) -> str:
    """The code with which a package is refused."""
    with pytest.raises(InvalidError) as caught:
        read(data, key)
    return caught.value.code


def test_a_package_is_read_as_it_was_built() -> None:
    package = read(built(), KEY)

    assert package == Package(
        manifest=MANIFEST,
        activities=(ACTIVITY,),
        roster=(LISTED, BARE),
        revoked=(CARD,),
        photos={hashlib.sha256(PHOTO).hexdigest(): PHOTO},
    )
    assert package.file_name == "mbx-MBX-00017-7.mbxpkg"


def test_a_package_without_anybody_is_a_package() -> None:
    package = read(built(activities=[], roster=[], revoked=[], photos=[]), KEY)

    assert (package.activities, package.roster, package.revoked, package.photos) == ((), (), (), {})


def test_the_files_stand_as_the_page_says() -> None:
    files = unzipped(built())

    manifest = json.loads(files["manifest.json"])
    assert set(files) == {"manifest.json", "manifest.sig", "activity.json", "roster.ndjson"} | {
        "revoked.ndjson",
        f"photos/{hashlib.sha256(PHOTO).hexdigest()}.jpg",
    }
    assert {name: manifest[name] for name in manifest if name not in {"files", "counts"}} == {
        "format": "mbx-activity",
        "version": 1,
        "package_id": "01HW0000000000000000000001",
        "package_seq": 7,
        "device_sn": "MBX-00017",
        "generated_at": "2013-05-17T09:30:00.000Z",
        "valid_from": "2013-05-17T08:00:00+08:00",
        "valid_until": "2013-05-20T08:00:00+08:00",
        "tz": "Asia/Shanghai",
        "salt": SALT.hex(),
        "key_id": "k1",
        "alg": "HMAC-SHA256",
    }
    assert manifest["counts"] == {"activities": 1, "roster": 2, "revoked": 1, "photos": 1}
    assert {entry["name"]: entry["rows"] for entry in manifest["files"]} | {} == {
        "activity.json": 1,
        "roster.ndjson": 2,
        "revoked.ndjson": 1,
        f"photos/{hashlib.sha256(PHOTO).hexdigest()}.jpg": 0,
    }
    signature = hmac.new(KEY, files["manifest.json"], hashlib.sha256).hexdigest()
    assert files["manifest.sig"] == signature.encode()
    assert json.loads(files["roster.ndjson"].splitlines()[1])["uid_h"] is None
    assert json.loads(files["revoked.ndjson"])["since"] == "2013-05-15T08:00:00+08:00"
    assert json.loads(files["activity.json"])[0]["sessions"][0] == {
        "session_id": "s1",
        "label": "第一天签到",
        "kind": "start",
        "opens_at": "2013-05-18T07:30:00+08:00",
        "closes_at": "2013-05-18T08:00:00+08:00",
    }


def test_the_same_content_is_the_same_bytes() -> None:
    assert built() == built(photos=iter([PHOTO, PHOTO]))


def test_the_hash_of_a_card_changes_with_the_salt_and_is_16_bytes() -> None:
    uid = bytes.fromhex("04a1b2c3d4e5f6")

    assert uid_hash(SALT, uid) == hmac.new(SALT, uid, hashlib.sha256).digest()[:16]
    assert uid_hash(bytes(16), uid) != uid_hash(SALT, uid)


def test_no_package_is_built_that_could_not_be_read() -> None:
    with pytest.raises(InvalidError, match="photo_too_large"):
        built(photos=[b"x" * (MAX_PHOTO + 1)])
    with pytest.raises(InvalidError, match="too_large"):
        built(photos=[bytes([n % 256, n // 256]) * (MAX_PHOTO // 2) for n in range(2300)])


def test_a_photo_of_30_kib_goes_in() -> None:
    assert len(read(built(photos=[b"x" * MAX_PHOTO]), KEY).photos) == 1


def test_another_key_reads_nothing() -> None:
    assert refusal(built(), bytes(32)) == "device.package.bad_signature"


@pytest.mark.parametrize("name", sorted(unzipped(built())))
def test_a_file_that_was_changed_or_taken_out_is_seen(name: str) -> None:
    files = unzipped(built())

    changed = refusal(zipped(files | {name: files[name].replace(b"1", b"2") + b" "}))
    missing = refusal(zipped({other: files[other] for other in files if other != name}))

    assert changed == "device.package." + (
        "bad_signature" if name.startswith("manifest") else "altered"
    )
    assert missing == "device.package." + ("altered" if name.startswith("photos") else "missing")


def test_a_file_that_the_manifest_does_not_name_is_seen() -> None:
    files = unzipped(built())

    assert refusal(zipped(files | {f"photos/{'0' * 64}.jpg": b""})) == "device.package.altered"


@pytest.mark.parametrize(
    "name",
    [
        "../manifest.json",
        "/etc/passwd",
        "photos/../x.jpg",
        "photos/",
        "photos\\a.jpg",
        f"photos/{'A' * 64}.jpg",
        f"photos/{'a' * 64}.jpg.exe",
        "C:/x",
        "readme.txt",
        "名册.json",
    ],
)
def test_a_file_of_another_name_is_refused(name: str) -> None:
    assert refusal(signed(unzipped(built()) | {name: b""})) == "device.package.foreign_file"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO])
def test_what_is_not_a_plain_file_is_refused(kind: int) -> None:
    whole = io.BytesIO(built(photos=[]))
    with zipfile.ZipFile(whole, "a") as archive:
        link = zipfile.ZipInfo(f"photos/{'a' * 64}.jpg")
        link.external_attr = (kind | 0o777) << 16
        archive.writestr(link, "/etc/passwd")

    assert refusal(whole.getvalue()) == "device.package.foreign_file"


def test_other_ways_to_compress_are_refused() -> None:
    files = unzipped(built())

    assert refusal(zipped(files, zipfile.ZIP_LZMA)) == "device.package.foreign_file"
    assert read(zipped(files, zipfile.ZIP_STORED), KEY).manifest == MANIFEST


def test_a_file_that_is_there_twice_is_refused() -> None:
    whole = io.BytesIO(built())
    with zipfile.ZipFile(whole, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("roster.ndjson", b"")

    assert refusal(whole.getvalue()) == "device.package.twice"


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    files = unzipped(built())

    assert refusal(zipped(files | {"roster.ndjson": bytes(MAX_UNPACKED)})) == (
        "device.package.too_large"
    )
    assert refusal(zipped(files | {f"photos/{'a' * 64}.jpg": bytes(MAX_PHOTO + 1)})) == (
        "device.package.photo_too_large"
    )
    assert refusal(bytes(MAX_UNPACKED + 2**23)) == "device.package.too_large"
    assert refusal(b"PK\x01\x02" * 20_001) == "device.package.too_large"


def test_a_size_that_is_not_true_does_not_open_the_door() -> None:
    whole = bytearray(zipped(unzipped(built()) | {"roster.ndjson": bytes(10**6)}))
    place = whole.rfind(b"PK\x01\x02", 0, whole.rfind(b"roster.ndjson"))
    whole[place + 24 : place + 28] = (5).to_bytes(4, "little")

    assert refusal(bytes(whole)) == "device.package.not_zip"


@pytest.mark.parametrize("change", [{"format": "mbx-records"}, {"version": 2}, {"salt": "00" * 15}])
@pytest.mark.parametrize("and_also", [{}, {"alg": "none"}, {"tz": "UTC"}, {"package_seq": 0}])
def test_a_manifest_of_another_shape_is_refused(
    change: dict[str, object], and_also: dict[str, object]
) -> None:
    assert refusal(signed(unzipped(built()), **change | and_also)) == "device.package.malformed"


@pytest.mark.parametrize("change", [{"alg": "none"}, {"tz": "UTC"}, {"package_seq": 0}])
def test_a_manifest_with_one_wrong_member_is_refused(change: dict[str, object]) -> None:
    assert refusal(signed(unzipped(built()), **change)) == "device.package.malformed"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("activity.json", b"[1]"),
        ("activity.json", json.dumps([{"activity_id": "A"}]).encode()),
        ("roster.ndjson", b'{"person_no":"1"}\n'),
        ("roster.ndjson", b"\n"),
        ("roster.ndjson", b"not json\n"),
        ("revoked.ndjson", b'{"card_no":"1","uid_h":"AB","since":"2013-05-18T00:00:00Z"}\n'),
        ("revoked.ndjson", b'{"card_no":"1","uid_h":null,"since":"yesterday"}\n'),
    ],
)
def test_a_file_of_another_shape_is_refused_by_name(name: str, data: bytes) -> None:
    with pytest.raises(InvalidError) as caught:
        read(signed(unzipped(built()) | {name: data}), KEY)

    assert caught.value.code == "device.package.malformed"
    assert caught.value.facts["file"] == name


def test_a_count_that_is_not_that_of_the_rows_is_refused() -> None:
    files = unzipped(built())
    told = json.loads(files["manifest.json"])["files"]
    told[1]["rows"] = 3

    assert refusal(signed(files, files=told)) == "device.package.altered"


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    assert refusal(data) == "device.package.not_zip"


EXAMPLE = built()


@given(st.lists(st.tuples(st.integers(0, 2**30), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_package_with_any_bytes_thrown_in_is_the_same_or_refused(
    throws: list[tuple[int, int]],
) -> None:
    data = bytearray(EXAMPLE)
    for place, byte in throws:
        data[place % len(data)] = byte

    try:
        package = read(bytes(data), KEY)
    except InvalidError:
        package = None

    # A ZIP has bytes that mean nothing, such as the times of its entries.
    assert package is None or package == read(EXAMPLE, KEY)


@given(st.integers(0, len(EXAMPLE) - 1))
def test_a_package_cut_anywhere_is_refused(length: int) -> None:
    assert refusal(EXAMPLE[:length]) == "device.package.not_zip"


def test_another_zone_of_the_same_instant_builds_the_same_bytes() -> None:
    manifest = replace(MANIFEST, valid_from=MANIFEST.valid_from.astimezone(UTC))

    assert built(manifest=manifest) == EXAMPLE
