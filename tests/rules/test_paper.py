"""Pages to print: every letter is in the file, and what cannot be printed is seen to be missing."""

from __future__ import annotations

from datetime import UTC, datetime

from app.accounts.terms.proofs import Slip
from app.base import paper
from app.kernel.secret import Secret
from app.people.terms import PersonNo
from app.speech import slips
from tests.support.paper import printed

UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
# Letters of names from 通用规范汉字表; the second three lie beyond the first 65,536 of Unicode.
RARE, FAR = "㛃䶮喆", "𬭚𤩽𬬻"


def test_rare_letters_of_names_are_in_the_file_and_others_are_seen_to_be_missing() -> None:
    pages = [[paper.Text(10, 20, f"{RARE}{FAR}𠮷", 12, bold=True)]]

    content = paper.printed("名单", pages)

    found = printed(content)
    assert (found[:3], len(found), found[6:]) == (RARE, 7, "〓")
    assert paper.lacking(f"{RARE}{FAR}𠮷") == "𠮷"
    assert b"FontFile2" in content
    assert content == paper.printed("名单", pages)


def test_a_text_is_broken_where_it_is_too_wide_and_no_line_begins_with_a_stop() -> None:
    lines = paper.wrapped("大小写和横线不用管。用完撕掉。", 10, 32)

    assert "".join(lines) == "大小写和横线不用管。用完撕掉。"
    assert all(paper.width_of(line.rstrip("。"), 10) <= 32 for line in lines)
    assert not any(line.startswith("。") for line in lines)
    assert paper.fitted("颍川市第一人民医院", 10, 20) == "颍川市第…"


def test_a_page_has_twelve_slips_and_a_name_can_be_no_markup() -> None:
    made = [Slip(PersonNo(f"{n:03}"), "<b>$name", Secret("ABCD-EFGH-2345"), UNTIL)
            for n in range(13)]  # fmt: skip

    sheet = printed(slips.as_pdf("心内科", made))

    assert sheet.count("ABCD-EFGH-2345") == 13
    assert sheet.count("<b>$name") == 13
    assert sheet.count("激活条：心内科，13 人") == 2
