"""Workbooks of others: what they hold is read, and what is hostile is refused at little cost."""

from __future__ import annotations

import io
import resource
import zipfile
from collections.abc import Callable
from datetime import date

import pytest
from openpyxl import Workbook

from app.base import workbooks
from app.kernel.errors import InvalidError
from app.kernel.table import CellKind, csv_of, plain

SHEET = "xl/worksheets/sheet1.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
# Seconds of the processor, of this process and the child together.
MOST = 2.0


def book(*rows: tuple[object, ...]) -> bytes:
    made = Workbook()
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def changed(**parts: bytes | Callable[[bytes], bytes]) -> bytes:
    """A good workbook with other parts in it; `__` in a name is its point, `_` a slash."""
    out = io.BytesIO()
    given = {name.replace("__", ".").replace("_", "/"): part for name, part in parts.items()}
    with (
        zipfile.ZipFile(io.BytesIO(book(("编号", "姓名"), ("1", "李雯")))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in [*old.namelist(), *(set(given) - set(old.namelist()))]:
            part = given.get(name, old.read(name) if name in old.namelist() else b"")
            new.writestr(name, part(old.read(name)) if callable(part) else part)
    return out.getvalue()


def refusal(content: bytes) -> str:
    with pytest.raises(InvalidError) as refused:
        workbooks.read_workbook(content, "a.xlsx")
    return refused.value.code.rpartition(".")[2]


def spent() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def rows(inner: str) -> Callable[[bytes], bytes]:
    return lambda _: (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="A1:XFD1048576"/><sheetData>{inner}</sheetData></worksheet>'
    ).encode()


ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(
        b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
    )
    + b"]><worksheet>&j;</worksheet>"
)  # fmt: skip


def _sixty(n: int) -> str:
    return "".join(f"<c><v>{(n * 60 + m) * 7919 % 999983}</v></c>" for m in range(60))


def _zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, part in parts.items():
            new.writestr(name, part)
    return out.getvalue()


def _repeated() -> bytes:
    """A small file that holds one long text, in every cell of its sheet."""
    cells = "".join(
        f'<row r="{n}">' + "<c t='s'><v>0</v></c>" * 20 + "</row>" for n in range(1, 1500)
    )
    named = b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.'
    named += b'openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts = _parts()
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", named)
    parts[SHEET] = rows(cells)(b"")
    long = f'<sst xmlns="{space}"><si><t>{"汉" * 500}</t></si></sst>'
    return _zipped(parts | {"xl/sharedStrings.xml": long.encode()})


def _macro_types() -> bytes:
    parts = _parts()
    types = parts["[Content_Types].xml"]
    parts["[Content_Types].xml"] = types.replace(b"sheet.main+xml", b"sheet.macroEnabled.main+xml")
    return _zipped(parts)


def _elsewhere() -> bytes:
    parts = _parts()
    found = parts[RELATIONS].replace(f"/{SHEET}".encode(), b"../../../etc/passwd")
    return _zipped(parts | {RELATIONS: found})


def _parts() -> dict[str, bytes]:
    old = zipfile.ZipFile(io.BytesIO(book(("a",))))
    return {name: old.read(name) for name in old.namelist()}


def _lying() -> bytes:
    """A workbook whose list of parts says that a large one is small."""
    content = bytearray(changed(xl_worksheets_sheet1__xml=b"<a>" + b" " * (5 << 20)))
    large = ((5 << 20) + 3).to_bytes(4, "little")
    at = content.find(large)
    while at >= 0:
        content[at : at + 4] = (100).to_bytes(4, "little")
        at = content.find(large, at + 4)
    return bytes(content)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a sheet of a gigabyte": (
        lambda: changed(xl_worksheets_sheet1__xml=b"<" + b" " * (150 << 20)), "bomb"),
    "a part of zeros": (lambda: changed(xl_media_a__png=b"\0" * (60 << 20)), "bomb"),
    "a thousand parts": (lambda: changed(**{f"xl_p{n}__xml": b"x" for n in range(600)}), "bomb"),
    "entities within entities": (lambda: changed(xl_worksheets_sheet1__xml=ENTITIES), "bomb"),
    "an entity of a file": (
        lambda: changed(xl_workbook__xml=b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
        "bomb"),
    "an entity in wide signs": (
        lambda: changed(xl_worksheets_sheet1__xml=ENTITIES.decode().encode("utf-16")), "bomb"),
    "an entity in what is shared": (lambda: changed(xl_sharedStrings__xml=ENTITIES), "bomb"),
    "a cell in the last row": (
        lambda: changed(xl_worksheets_sheet1__xml=rows('<row r="1048576"><c r="A1048576"/></row>')),
        "too_many_cells"),
    "cells in the last column": (
        lambda: changed(xl_worksheets_sheet1__xml=rows("".join(
            f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 2000)))),
        "too_many_cells"),
    "too many cells": (
        lambda: changed(xl_worksheets_sheet1__xml=rows("".join(
            f'<row r="{n}">{_sixty(n)}</row>' for n in range(1, 3500)))),
        "too_many_cells"),
    "macros": (lambda: changed(xl_vbaProject__bin=b"x"), "macros"),
    "macros said to be there": (_macro_types, "macros"),
    "what is no workbook": (lambda: _zipped({"a.txt": b"x"}), "broken"),
    "half a workbook": (lambda: book(("a",))[:900], "broken"),
    "broken signs": (lambda: changed(xl_worksheets_sheet1__xml=b"<worksheet><sheetData><row"),
                     "broken"),
    "nothing in it": (book, "no_cells"),
    "more than may be sent": (lambda: b"PK" + b"\0" * (11 << 20), "too_large"),
    "a part larger than it says": (_lying, "broken"),
    "one long text in every cell": (_repeated, "bomb"),
    "a column that no sheet has": (
        lambda: changed(xl_worksheets_sheet1__xml=rows('<row r="1"><c r="ZZZZZZ1"/></row>')),
        "broken"),
    "a number that is none": (
        lambda: changed(xl_worksheets_sheet1__xml=rows("<row><c><v>NaN</v></c></row>")),
        "broken"),
    "a sheet that is elsewhere": (_elsewhere, "no_cells"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused_at_little_cost(name: str) -> None:
    make, expected = HOSTILE[name]
    content = make()
    before = spent()

    said = refusal(content)

    assert said == expected
    assert spent() - before < MOST


def test_what_a_workbook_brings_beside_its_cells_is_left_alone() -> None:
    """A formula that would start a program, a link to another file, cells made one."""
    cells = '<row r="1"><c t="str"><f>cmd|\' /C calc\'!A0</f><v>姓名</v></c>'
    cells += "<c><f>[1]Sheet1!A1</f><v>5</v></c><c><f>1+1</f></c></row>"
    joined = '</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    sheet = rows(cells)(b"").replace(b"</sheetData>", joined.encode())
    content = changed(xl_worksheets_sheet1__xml=sheet, xl_externalLinks_externalLink1__xml=b"<x/>")

    table = workbooks.read_workbook(content, "a.xlsx")

    assert [[cell.text for cell in cells] for _, cells in table.rows] == [["姓名", "5"]]


def test_cells_come_as_what_a_spreadsheet_keeps_them() -> None:
    content = book(("a", 103004118, 1.5, date(2026, 1, 3), None, "=1+1"), (), ("b",))

    table = workbooks.read_workbook(content, "a.xlsx")

    first, last = table.rows
    assert [(cell.text, cell.kind) for cell in first[1]] == [
        ("a", CellKind.TEXT), ("103004118", CellKind.NUMBER), ("1.5", CellKind.NUMBER),
        ("2026-01-03", CellKind.DAY),
    ]  # fmt: skip
    assert last == (3, (type(first[1][0])("b"),))


@pytest.mark.parametrize(
    "sign", [*"=+-@|", "\t=", "\r", " =", "\u00a0=", "\u3000+", "＝", "＋", "－", "＠"]
)
def test_nothing_that_is_exported_is_a_formula(sign: str) -> None:
    value = f"{sign}cmd|' /C calc'!A0"

    assert plain(value).startswith("'")
    assert csv_of([["甲"], [value]]).decode("utf-8-sig").splitlines()[1].lstrip('"').startswith("'")
    listed = zipfile.ZipFile(io.BytesIO(workbooks.listed([["甲"], [value]], "单")))
    assert b"<f>" not in listed.read(SHEET)


def test_what_is_harmless_is_exported_as_it_is() -> None:
    assert [plain(one) for one in ("李雯", "103004118", "", "a=b")] == [
        "李雯",
        "103004118",
        "",
        "a=b",
    ]
