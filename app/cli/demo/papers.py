"""纸面材料 — a photo and the papers of a filing, drawn by program: nobody's face, nobody's seal."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw

from app.base import documents, words
from app.base.documents import Document
from app.base.pictures import HEIGHT, WIDTH, Portrait
from app.filing.terms import FileKind

_GROUND, _GREY, _INK = (214, 228, 240), (150, 160, 172), (60, 70, 84)


@cache
def portrait() -> Portrait:
    """A grey head and shoulders."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), _GROUND)
    draw = ImageDraw.Draw(picture)
    middle = WIDTH // 2
    draw.ellipse((middle - 62, 90, middle + 62, 240), fill=_GREY)
    draw.rounded_rectangle((middle - 118, 268, middle + 118, HEIGHT + 60), 90, fill=_GREY)
    return Portrait(_bytes(picture, "JPEG"))


def of_filing(name: str) -> tuple[tuple[FileKind, Document], ...]:
    """A pledge as a PDF, and a certificate as a picture."""
    book = words.book("demo")
    return (
        (FileKind.PLEDGE, documents.document(f"{book['papers.pledge']}.pdf", _page(name))),
        (FileKind.TITLE, Document(f"{book['papers.title']}.png", "image/png", _certificate())),
    )


def _page(name: str) -> bytes:
    """A PDF of one page in a font that every reader has; its Chinese stands in its title only."""
    text = b"BT /F1 20 Tf 90 700 Td (Pledge - drawn by program, of no force) Tj ET"
    title = b"<feff" + name.encode("utf-16-be").hex().encode() + b">"
    parts = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
        b"<< /Title %b >>" % title,
    )
    made, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, part)
    lines = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(parts) + 1
    return made + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (size, lines, size, len(made))
    )


@cache
def _certificate() -> bytes:
    """A page with a frame, lines and a round stamp, and not a word on it."""
    picture = Image.new("RGB", (700, 480), (252, 250, 244))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((24, 24, 676, 456), outline=(176, 40, 40), width=4)
    draw.rectangle((60, 90, 200, 270), fill=_GROUND, outline=_GREY)
    for turn in range(6):
        draw.line(
            (240, 110 + 34 * turn, 600 - 40 * (turn % 3), 110 + 34 * turn), fill=_INK, width=3
        )
    draw.ellipse((470, 310, 590, 430), outline=(200, 40, 40), width=5)
    return _bytes(picture, "PNG")


def _bytes(picture: Image.Image, kind: str) -> bytes:
    out = BytesIO()
    picture.save(out, kind)
    return out.getvalue()
