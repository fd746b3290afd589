"""纸 — pages to print as PDF, with the letters they need put into them.

A reader of PDF need have no Chinese font, nor the machine that writes it: Noto Sans SC comes with a
package, has every letter of 通用规范汉字表 (8105, the rare ones of names among them) and 30,000 in
all. Its outlines are of the kind that reportlab does not read, so the letters of a document are
made into a small font of the other kind. A letter that it lacks is printed as 〓.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TypeAlias
from unicodedata import category

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from pylopdf_fonts_zh_cn import sans_path
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont as PrintedFont
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = 210.0, 297.0  # A4, mm
_POINT = 0.3528  # mm
_LACKING = "\u3013"
_CLOSING = {"Pe", "Pf", "Po"}
_NAME = "kejiao"
_BROADER = 0.012  # of the size, the stroke that makes letters bold
_DASH = (2, 2)
_NEAR, _NOBODYS = 0xFFFF, 0xE000
_MARK = 1.5  # error allowed in units of the font, a thousandth of its size
# The library keeps fonts by name for the whole process.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Text:
    """字 — a line of text from a place rightwards.

    Lengths are millimetres from the upper left, sizes are points.
    """

    x: float
    y: float
    text: str
    size: float = 10
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """线 — from one place to another; dashed where one cuts."""

    x: float
    y: float
    x2: float
    y2: float
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """图 — a JPEG or PNG, as large as it is asked for."""

    x: float
    y: float
    width: float
    height: float
    content: bytes


Mark: TypeAlias = Text | Line | Picture


def printed(title: str, pages: Iterable[Sequence[Mark]]) -> bytes:
    """The pages as a PDF; the same for the same pages."""
    pages = tuple(pages)
    texts = (mark.text for page in pages for mark in page if isinstance(mark, Text))
    made = BytesIO()
    letters = _standing("".join(texts))
    with _ONE_AT_A_TIME:
        font = PrintedFont(_NAME, BytesIO(_font(letters)))
        pdfmetrics.registerFont(font)
        try:
            canvas = Canvas(made, pagesize=(WIDTH * mm, HEIGHT * mm), invariant=1, lang="zh-CN")
            canvas.setTitle(title)
            for page in pages:
                for mark in page:
                    canvas.saveState()
                    _draw(canvas, mark, letters)
                    canvas.restoreState()
                canvas.showPage()
            canvas.save()
        finally:
            font.unregister()
    return made.getvalue()


def lacking(text: str) -> str:
    """The letters among these that cannot be printed, each once."""
    return "".join(dict.fromkeys(one for one in text if ord(one) not in _source().names))


def width_of(text: str, size: float) -> float:
    """How wide a line of text is, in mm."""
    source = _source()
    return sum(source.width(one) for one in text) * size * _POINT


def wrapped(text: str, size: float, width: float) -> tuple[str, ...]:
    """The text in lines that are no wider than that, but for a sign that may not begin a line."""
    lines, line = [], ""
    for one in text:
        if line and category(one) not in _CLOSING and width_of(line + one, size) > width:
            lines.append(line)
            line = ""
        line += one
    return (*lines, line) if line else tuple(lines)


def fitted(text: str, size: float, width: float) -> str:
    """The text, cut where it is too wide."""
    first, *rest = wrapped(text, size, width) or ("",)
    return f"{first[:-1]}…" if rest else first


@dataclass(frozen=True, slots=True)
class _Source:
    """The font as it comes: which letters it has."""

    font: TTFont
    names: Mapping[int, str]

    def width(self, letter: str) -> float:
        """The width of a letter, in parts of the size."""
        name = self.names.get(ord(letter)) or self.names[ord(_LACKING)]
        return float(self.font["hmtx"][name][0]) / float(self.font["head"].unitsPerEm)


@cache
def _source() -> _Source:
    font = TTFont(sans_path(), lazy=True)
    return _Source(font, font.getBestCmap())


def _standing(text: str) -> dict[int, str]:
    """Which letter is printed for each of these: itself, or the sign for one that is lacking.

    The library writes letters beyond the first 65,536 of Unicode so that readers cannot search any
    text beside them. Here each of these gets a number that is nobody's.
    """
    known = _source().names
    codes = sorted({ord(one) for one in text})
    far = (code for code in codes if code in known and code > _NEAR)
    numbers = {code: chr(number) for number, code in enumerate(far, start=_NOBODYS)}
    return {code: numbers.get(code, chr(code) if code in known else _LACKING) for code in codes}


def _font(letters: Mapping[int, str]) -> bytes:
    """A font of these letters alone, with quadratic outlines."""
    source = _source()
    chosen = {ord(letter): source.names.get(code) for code, letter in letters.items()}
    chosen |= {ord(letter): None for letter in (_LACKING, " ")}
    codes = {code: name or source.names[code] for code, name in sorted(chosen.items())}
    names = list(dict.fromkeys(codes.values()))
    outlines, widths = source.font.getGlyphSet(), source.font["hmtx"]
    drawn, metrics = {}, {}
    for name in (".notdef", *names):
        pen = TTGlyphPen(None)
        outlines[name].draw(Cu2QuPen(pen, _MARK, reverse_direction=True))
        drawn[name] = pen.glyph()
        metrics[name] = (widths[name][0], 0)
    units, head = source.font["head"].unitsPerEm, source.font["hhea"]
    made = FontBuilder(units, isTTF=True)
    made.setupGlyphOrder([".notdef", *names])
    made.setupCharacterMap(codes)
    made.setupGlyf(drawn)
    bounds = made.font["glyf"]
    made.setupHorizontalMetrics(
        {name: (wide, getattr(bounds[name], "xMin", 0)) for name, (wide, _) in metrics.items()}
    )
    made.setupHorizontalHeader(ascent=head.ascent, descent=head.descent)
    made.setupNameTable({"familyName": _NAME, "styleName": "Regular", "psName": _NAME})
    made.setupOS2(sTypoAscender=head.ascent, sTypoDescender=head.descent)
    made.setupPost()
    file = BytesIO()
    made.save(file)
    return file.getvalue()


def _draw(canvas: Canvas, mark: Mark, letters: Mapping[int, str]) -> None:
    match mark:
        case Text():
            line = canvas.beginText(mark.x * mm, (HEIGHT - mark.y) * mm)
            line.setFont(_NAME, mark.size)
            line.setTextRenderMode(2 if mark.bold else 0)
            canvas.setLineWidth(mark.size * _BROADER)
            line.textOut(mark.text.translate(letters))
            canvas.drawText(line)
        case Line():
            canvas.setLineWidth(0.5)
            canvas.setDash(*(_DASH if mark.dashed else ()))
            canvas.line(
                mark.x * mm, (HEIGHT - mark.y) * mm, mark.x2 * mm, (HEIGHT - mark.y2) * mm
            )  # fmt: skip
        case Picture():
            canvas.drawImage(
                ImageReader(BytesIO(mark.content)), mark.x * mm,
                (HEIGHT - mark.y - mark.height) * mm, mark.width * mm, mark.height * mm,
            )  # fmt: skip
