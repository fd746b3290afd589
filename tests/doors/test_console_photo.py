"""Photos of people: made anew, shown to whoever may look, hostile pictures refused."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from app.base.pictures import HEIGHT, KEPT, LARGEST, WIDTH, portrait
from app.base.work import begin
from app.kernel.errors import InvalidError
from app.standards import commands as standards
from tests.support.cast import HE_MIN, OPERATOR, STRANGER_HOSPITAL
from tests.support.office import Desk, Office

PERSON = f"/console/people/{HE_MIN}"
HIDDEN = b"<script>alert(1)</script>PK\x03\x04 a secret place"
_TURNED, _GPS = 0x0112, 0x8825


@pytest.fixture
def desk(office: Office) -> Desk:
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    return desk


def picture(kind: str, size: tuple[int, int] = (480, 640), mode: str = "RGB") -> bytes:
    """A noisy face, red above and blue below, such that one sees which side is up."""
    made = Image.effect_noise(size, 40).convert("RGB")
    made.paste((200, 20, 20), (0, 0, size[0], size[1] // 3))
    made.paste((20, 20, 200), (0, size[1] // 2, *size))
    out = io.BytesIO()
    made.convert(mode).save(out, kind)
    return out.getvalue()


def turned() -> bytes:
    """A picture of a telephone: lying on its side, with a place in it, and more after its end."""
    exif = Image.Exif()
    exif[_TURNED] = 6
    exif[_GPS] = {1: "N", 2: (33.0, 34.0, 35.0)}
    out = io.BytesIO()
    upright = Image.open(io.BytesIO(picture("PNG")))
    upright.transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", exif=exif, comment=HIDDEN)
    return out.getvalue() + HIDDEN


def png(width: int, height: int, *more: tuple[bytes, bytes]) -> bytes:
    """A picture that says of itself that it is so large, and holds next to nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), *more, (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def sent(desk: Desk, content: bytes, name: str = "photo.jpg") -> TestResponse:
    return desk.send(f"{PERSON}/photo", files={"photo": (io.BytesIO(content), name)})


def test_a_photo_is_made_anew_shown_replaced_and_removed(desk: Desk, owner: Engine) -> None:
    assert "没有照片" in desk.get(PERSON).text
    assert desk.get(f"{PERSON}/photo").status_code == 404

    assert sent(desk, turned()).status_code == 303

    page = desk.get(PERSON).text
    assert "照片已经换好。" in page
    assert f'src="{PERSON}/photo?v=' in page
    answer = desk.get(f"{PERSON}/photo")
    assert (answer.mimetype, answer.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(answer.data) <= KEPT
    shown = Image.open(io.BytesIO(answer.data))
    assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (WIDTH, HEIGHT), {})
    assert b"script" not in answer.data
    assert b"secret" not in answer.data
    red, _, blue = shown.getpixel((WIDTH // 2, 10))
    assert red > blue

    assert sent(desk, picture("GIF", mode="P")).status_code == 303
    assert sent(desk, picture("PNG", (900, 500), "RGBA")).status_code == 303
    assert desk.get(f"{PERSON}/photo").data != answer.data
    desk.send(f"{PERSON}/photo/remove")
    page = desk.get(PERSON).text
    assert "没有照片" in page
    assert "删除照片" in page
    with owner.connect() as connection:
        assert connection.execute(text("select count(*) from person_photo")).scalar_one() == 0


BOMB = png(30_000, 30_000)
TEXT_BOMB = png(300, 400, (b"zTXt", b"x\0\0" + zlib.compress(b"a" * 80_000_000)))
HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "还没有选照片"),
    "a drawing that runs": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "格式不能用"),
    "a page": (b"<!doctype html><script>alert(1)</script>", "格式不能用"),
    "a picture of another kind": (picture("TIFF", (60, 80)), "格式不能用"),
    "a program that calls itself a picture": (b"GIF89a=1;alert(1)//" + HIDDEN, "打不开"),
    "half a picture": (picture("JPEG")[:9000], "打不开"),
    "more dots than a wall has": (BOMB, "像素太多"),
    "a text that swells": (TEXT_BOMB, "打不开"),
    "a stamp": (picture("PNG", (120, 160)), "太小"),
}  # fmt: skip


def test_what_is_no_photo_is_refused_with_a_remedy(desk: Desk, owner: Engine) -> None:
    for name, (content, expected) in HOSTILE.items():
        answer = sent(desk, content)

        assert (answer.status_code, expected in answer.text) == (422, True), name
    with owner.connect() as connection:
        assert connection.execute(text("select count(*) from person_photo")).scalar_one() == 0


def test_more_than_a_megabyte_is_not_even_looked_at() -> None:
    with pytest.raises(InvalidError, match="too_large"):
        portrait(b"\xff\xd8\xff" + b"\0" * LARGEST)


def test_a_photo_of_another_hospitals_person_is_not_there(desk: Desk, office: Office) -> None:
    sent(desk, picture("BMP", (210, 294)))
    stranger = office.desk(unit=STRANGER_HOSPITAL, name="秦")

    assert desk.get(f"{PERSON}/photo").status_code == 200
    assert stranger.get(f"{PERSON}/photo").status_code == 404
    assert sent(stranger, picture("JPEG")).status_code == 404
    assert stranger.send(f"{PERSON}/photo/remove").status_code == 404
