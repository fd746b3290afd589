"""材料: what is sent in with a filing is looked at by its content, kept, and given out to keep."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile

import pytest
from PIL import Image

from app.base import documents
from app.kernel.errors import InvalidError
from tests.support import applying
from tests.support.applying import PDF
from tests.support.cast import STRANGER_HOSPITAL
from tests.support.office import Office


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **told: object) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "white").save(made, kind, **told)
    return made.getvalue()


def archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as some:
        some.writestr("a.html", "<script>")
    return made.getvalue()


HOSTILE = {
    "a program that is called a PDF": ("承诺书.pdf", b"MZ\x90\x00", "kind"),
    "a workbook": ("承诺书.pdf", archive(), "kind"),
    "a drawing with a script": ("章.png", b"<svg xmlns='x'><script/></svg>", "kind"),
    "a moving picture": ("章.png", picture("GIF"), "kind"),
    "nothing": ("空.pdf", b"", "nothing"),
    "half a PDF": ("半.pdf", PDF[:40], "broken"),
    "a PDF that begins elsewhere": ("a.pdf", b"\n" + PDF, "kind"),
    "a PDF that is an archive": ("a.pdf", PDF + archive(), "two_in_one"),
    "a PDF within an archive": ("a.pdf", PDF[:9] + archive() + PDF[9:], "two_in_one"),
    "a PDF that is a page": ("a.pdf", PDF[:9] + b"<script>1</script>" + PDF[9:], "two_in_one"),
    "a PDF that runs": ("a.pdf", PDF.replace(b"/Catalog", b"/JavaScript"), "active"),
    "a PDF that hides that it runs": (
        "a.pdf", PDF.replace(b"/Catalog", b"/J#61va#53cript"), "active"),
    "too large a file": ("a.pdf", b"%PDF-1.4" + bytes(documents.LARGEST), "too_large"),
    "a picture cut short": ("a.png", picture("PNG")[:60], "broken"),
    "more dots than anybody scans": ("a.png", picture("PNG", (7000, 6000)), "bomb"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_what_it_says_is_not_taken(name: str) -> None:
    called, content, why = HOSTILE[name]

    with pytest.raises(InvalidError) as refused:
        documents.document(called, content)

    assert refused.value.code == f"base.document.{why}"


def test_a_picture_is_made_anew_and_a_name_loses_its_path() -> None:
    hidden = picture("JPEG", comment=b"<?php evil ?>") + archive()

    kept = documents.document("../../etc/职称 证明.php", hidden)

    assert (kept.name, kept.media_type) == ("职称 证明.jpg", "image/jpeg")
    assert b"php" not in kept.content
    assert b"PK" not in kept.content
    assert documents.document("C:\\x\\..\\a\x00b.exe", PDF).name == "ab.pdf"


def test_a_file_is_kept_though_another_field_is_wrong_and_is_given_out_only_to_keep(
    office: Office,
) -> None:
    desk = office.desk()
    address = desk.send("/console/filings/").location
    page = address.removesuffix("/edit")

    answer = desk.send(
        address, act="file", seen="1", **applying.fields(name=""),
        files={
            "file.pledge": (io.BytesIO(PDF), "承诺书.pdf"),
            "file.title": (io.BytesIO(b"MZ"), "职称.pdf"),
            "file.licence": (io.BytesIO(picture("PNG")), "许可证.png"),
        },
    )  # fmt: skip
    form = desk.get(address).text
    links = {name: number for number, name in re.findall(r'/files/(\d+)"[^>]*>([^<]+)<', form)}
    link = links["承诺书.pdf"]
    got = desk.get(f"{page}/files/{link}")
    # A picture that we made is shown, alone in an origin of its own; a PDF never is.
    shown = desk.get(f"{page}/files/{links['许可证.png']}?look=1")
    never = desk.get(f"{page}/files/{link}?look=1")
    stranger = office.desk(unit=STRANGER_HOSPITAL, name="外院的人")

    assert answer.status_code == 422
    assert "“职称.pdf”不是 PDF、PNG 或 JPG" in answer.text
    assert "承诺书.pdf" in form
    assert 'value="1"' in form
    assert hashlib.sha256(got.data).digest() == hashlib.sha256(PDF).digest()
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.content_type == "application/pdf"
    assert never.headers["Content-Disposition"].startswith("attachment")
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert f"/files/{links['许可证.png']}?look=1" in desk.get(page).text
    assert stranger.get(f"{page}/files/{link}").status_code == 404
    desk.send(address, act=f"drop_file.{link}", seen="2", **applying.fields())
    assert "承诺书.pdf" not in desk.get(address).text.split("办理经过")[0]
    assert desk.get(f"{page}/files/{link}").status_code == 404
