"""Files that are imported: what is read, and what is refused before any cell is judged."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.base import words
from app.kernel.errors import CmeError, InvalidError
from app.kernel.sheet import Columns, Line, Reading, Sheet, read_csv

COLUMNS = Columns(required=("code", "name"), optional=("phone",))
SIGNS = st.characters(exclude_categories=["Cs"], max_codepoint=0x3FFFF)
CELLS = st.text(SIGNS, max_size=9)


def rows_of(content: bytes) -> list[tuple[int, dict[str, str]]]:
    return [(line.row, dict(line.cells)) for line in read_csv(content, COLUMNS).lines]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_utf8_is_read_with_or_without_a_mark_and_with_either_line_end(
    mark: bytes, end: str
) -> None:
    content = mark + end.join(["code,name", "A,何敏", ""]).encode()

    assert rows_of(content) == [(2, {"code": "A", "name": "何敏"})]


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    content = 'name,code\n"何\n敏",A\n\n,\n周岚,B\n'.encode()

    assert [row for row, _ in rows_of(content)] == [2, 5]


def test_blanks_around_a_cell_are_no_part_of_it() -> None:
    assert rows_of("code , name\n A ,\u3000何敏\xa0\n".encode()) == [
        (2, {"code": "A", "name": "何敏"})
    ]


def test_a_column_the_file_lacks_is_told_from_an_empty_cell() -> None:
    line = read_csv(b"code,name\nA,B\n", COLUMNS).lines[0]

    assert (line.has("phone"), line["phone"]) == (False, "")
    assert line.has("name")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "文件是空的。第 1 行要写列名：code,name,phone。", id="no bytes"),
        pytest.param(b"\n\n", "文件是空的。第 1 行要写列名：code,name,phone。", id="blank lines"),
        pytest.param(
            b"code,name\n", "文件只有列名，没有数据。请从第 2 行起填写。", id="only a header"
        ),
        pytest.param(
            b"code,name\n,\n", "文件只有列名，没有数据。请从第 2 行起填写。", id="only empty rows"
        ),
        pytest.param(
            b"code,name,nickname\nA,B,C\n",
            "不认识列名“nickname”。可以用的列：code,name,phone。请改名，或删掉这一列。",
            id="unknown column",
        ),
        pytest.param(
            b"name,phone\nB,C\n", "缺少必需的列：code。请补上后再导入。", id="missing column"
        ),
        pytest.param(
            b"code,name,code\nA,B,C\n",
            "列名“code”出现了两次。请删掉多余的一列。",
            id="repeated column",
        ),
        pytest.param(
            b"code,name,\nA,B,\n",
            "第 1 行的第 3 列没有列名。请补上列名，或删掉这一列。",
            id="nameless column",
        ),
        pytest.param(
            b"code\tname\nA\tB\n",
            "第 1 行只读出一列，列之间要用英文逗号分隔。应有的列：code,name,phone。",
            id="tabs",
        ),
        pytest.param(
            "code,name\nA,阿\nB,何敏\n".encode("gbk"),
            "文件不是 UTF-8 编码，像是 GBK（第 2 行起）。"
            "请在 Excel 里另存为“CSV UTF-8（逗号分隔）”，再导入。",
            id="GBK",
        ),
        pytest.param(
            "code,name\nA,颍川\n".encode("gbk"),
            "文件不是 UTF-8 编码，像是 GBK（第 2 行起）。"
            "请在 Excel 里另存为“CSV UTF-8（逗号分隔）”，再导入。",
            id="GBK that is UTF-8 by chance",
        ),
        pytest.param(
            "code,name\nA,何敏\n".encode("utf-16"),
            "文件是 UTF-16 编码（Excel 的“Unicode 文本”）。"
            "请另存为“CSV UTF-8（逗号分隔）”，再导入。",
            id="UTF-16",
        ),
        pytest.param(
            b"code,name\nA,B\nC,\xff\xff\n",
            "第 3 行有不是 UTF-8 的字节，文件可能在传送中损坏。请重新导出为“CSV UTF-8”。",
            id="broken bytes",
        ),
        pytest.param(
            b"PK\x03\x04rest",
            "这是 Excel 工作簿，不是 CSV。请在 Excel 里另存为“CSV UTF-8（逗号分隔）”，再导入。",
            id="workbook",
        ),
        pytest.param(
            b'code,name\nA,B\n"C,D\nE,F\n',
            "第 3 行的双引号不成对，后面的内容读不下去。请检查这一行；格子里的双引号要写成两个。",
            id="open quote",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_remedy(content: bytes, sentence: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read_csv(content, COLUMNS)

    assert words.of_error(refused.value) == sentence


@pytest.mark.parametrize("cells", ["A", "A,B,C,D"], ids=["too few", "too many"])
def test_a_row_that_does_not_fit_the_header_is_named_and_the_others_are_read(cells: str) -> None:
    sheet = read_csv(f"code,name\n{cells}\nB,C\n".encode(), COLUMNS)

    found = len(cells.split(","))
    assert [line.row for line in sheet.lines] == [3]
    [told] = map(words.of_row, sheet.faults)
    assert told == (
        f"第 2 行有 {found} 格，第 1 行有 2 列，对不上。请检查是否多了或少了逗号；"
        "格子里有逗号时，要用双引号括起来。"
    )


def test_all_wrong_cells_are_told_together_by_row_and_column() -> None:
    line = Line(3, {"name": "", "code": "A B"})
    sheet = Sheet(("code", "name"), (line,), (Line(2, {}).wrong("", "imports.row.ragged"),))
    reading = Reading(line)
    reading.text("name", 9, must=True)
    reading.code("code")

    with pytest.raises(InvalidError) as refused:
        sheet.refuse_faults(reading.faults)

    assert [(fault.row, fault.column) for fault in refused.value.rows] == [
        (2, ""), (3, "code"), (3, "name")
    ]  # fmt: skip


def test_an_endless_cell_is_not_repeated_to_the_reader() -> None:
    fault = Line(2, {"name": "长" * 100_000}).wrong("name", "imports.cell.too_long")

    assert fault.value == "长" * 64 + "..."


@given(st.lists(st.tuples(CELLS, CELLS, CELLS)))
def test_every_cell_that_a_spreadsheet_writes_is_read_back(rows: list[tuple[str, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("code", "name", "phone"), ("A", "B", "C"), *rows])

    read = rows_of(text.getvalue().encode())

    written = [[cell.strip() for cell in row] for row in rows]
    assert [list(cells.values()) for _, cells in read[1:]] == [row for row in written if any(row)]


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda rest: b"code,name\n" + rest))
@example(b"code,name\n\x00,\x00\n")
@example(b'code,name\n"' + b"x" * 200_000)
def test_garbage_is_read_or_refused_and_nothing_else(content: bytes) -> None:
    try:
        sheet: Sheet | None = read_csv(content, COLUMNS)
        said = ""
    except CmeError as refusal:
        sheet, said = None, words.of_error(refusal)

    assert said or (sheet and (sheet.lines or sheet.faults))
