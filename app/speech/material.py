"""制卡资料 — a batch on paper, and as what goes to who makes the cards."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import datetime
from functools import partial

from app.base import paper, words, workbooks
from app.kernel.span import SHANGHAI
from app.making.terms import CardOrder, Material

_say = partial(words.sentence, "paper")
_ACROSS, _DOWN = 2, 5
_MARGIN, _TOP = 12.0, 18.0
_WIDE = (paper.WIDTH - 2 * _MARGIN) / _ACROSS
_HIGH = (paper.HEIGHT - _TOP - _MARGIN) / _DOWN
# 25 x 35 mm, as large as on the card (domain.md 2.8).
_PHOTO_WIDE, _PHOTO_HIGH = 25.0, 35.0
_INSIDE, _LEADING, _SMALL, _NAMED = 5.0, 5.2, 9.0, 14.0
_COLUMNS = ("batch", "kind", "person_no", "name", "unit", "department", "old_no", "photo")
_YEAR = 1980  # the first that a zip knows; the same material makes the same parts


def sheet(material: Material) -> bytes:
    """The people of the batch with their photos, ten on a page, with room for who fetched it."""
    batch, orders = material.batch, material.orders
    title = _say("sheet.title", _of_batch(material))
    each = _ACROSS * _DOWN
    pages = []
    for first in range(0, len(orders), each):
        facts = {"page": first // each + 1, "pages": -(-len(orders) // each)}
        marks: list[paper.Mark] = [
            paper.Text(_MARGIN, _TOP - 6, title, 10, bold=True),
            paper.Text(paper.WIDTH - _MARGIN - 22, _TOP - 6, _say("sheet.page", facts), _SMALL),
        ]
        for at, order in enumerate(orders[first : first + each]):
            down, across = divmod(at, _ACROSS)
            photo = material.photos.get(order.person_id)
            marks += _person(
                _MARGIN + across * _WIDE, _TOP + down * _HIGH, first + at + 1,
                order, batch.unit_name, photo,
            )  # fmt: skip
        pages.append(marks)
    return paper.printed(title, pages)


def archive(material: Material, now: datetime, by: str) -> bytes:
    """A zip: the list as a workbook, the sheet, the photos by number, and a manifest of hashes."""
    parts = {"list.xlsx": _workbook(material), "sheet.pdf": sheet(material)}
    for order in material.orders:
        if order.person_id in material.photos:
            parts[_photo(order)] = material.photos[order.person_id]
    told = {
        **_of_batch(material), "made_at": now.astimezone(SHANGHAI).isoformat(), "made_by": by,
        "files": [
            {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in parts.items()
        ],
    }  # fmt: skip
    parts["manifest.json"] = json.dumps(told, ensure_ascii=False, indent=1).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(zipfile.ZipInfo(name, (_YEAR, 1, 1, 0, 0, 0)), content)
    return made.getvalue()


def _person(
    x: float, y: float, number: int, order: CardOrder, unit: str, photo: bytes | None
) -> list[paper.Mark]:
    corners = ((x, y, x + _WIDE, y), (x, y + _HIGH, x + _WIDE, y + _HIGH),
               (x, y, x, y + _HIGH), (x + _WIDE, y, x + _WIDE, y + _HIGH))  # fmt: skip
    marks: list[paper.Mark] = [paper.Line(*ends) for ends in corners]
    if photo is not None:
        top, left = y + _INSIDE, x + _INSIDE
        marks.append(paper.Picture(left, top, _PHOTO_WIDE, _PHOTO_HIGH, photo))
    left = x + 2 * _INSIDE + _PHOTO_WIDE
    room = x + _WIDE - left - 3
    marks.append(
        paper.Text(left, y + 10, paper.fitted(order.name, _NAMED, room), _NAMED, bold=True)
    )
    facts = {"person_no": order.person_no, "number": number, "old_no": order.old_no,
             "where": order.where}  # fmt: skip
    codes = ["number", "where", "old_no"] if order.where else ["number", "old_no"]
    lines = [_say(f"sheet.{code}", facts) for code in codes if code != "old_no" or order.old_no]
    lines[1:1] = paper.wrapped(unit, _SMALL, room)[:2]
    marks += [
        paper.Text(left, y + 17 + n * _LEADING, paper.fitted(line, _SMALL, room), _SMALL)
        for n, line in enumerate(lines)
    ]
    given = {"new_no": order.new_no, "received_by": order.received_by}
    signed = _say("sheet.signed" if order.new_no else "sheet.to_sign", given)
    marks.append(
        paper.Text(x + _INSIDE, y + _HIGH - 5, paper.fitted(signed, _SMALL, _WIDE - 8), _SMALL)
    )
    return marks


def _workbook(material: Material) -> bytes:
    facts = _of_batch(material)
    rows = [[words.book("paper")[f"list.{name}"] for name in _COLUMNS]]
    rows += [
        [
            str(facts["batch"]), str(facts["kind"]), order.person_no, order.name,
            str(facts["unit"]), order.where, order.old_no,
            _photo(order) if order.person_id in material.photos else "",
        ]
        for order in material.orders
    ]  # fmt: skip
    return workbooks.listed(rows, words.book("paper")["list.title"])


def _photo(order: CardOrder) -> str:
    return f"photos/{order.person_no}.jpg"


def _of_batch(material: Material) -> dict[str, object]:
    batch = material.batch
    return {
        "batch": batch.id, "kind": words.book("console")[f"cards.{batch.kind}"],
        "unit": batch.unit_name, "count": batch.asked,
    }  # fmt: skip
