"""纸 — what a reader of PDF finds on a page that we print, and photos of people for it."""

from __future__ import annotations

from io import BytesIO

from PIL import Image
from pypdf import PdfReader

from app.base.pictures import Portrait
from app.base.site import Site
from app.base.work import begin
from app.people import commands as staff
from tests.support.cast import OPERATOR


def printed(content: bytes) -> str:
    """The text of all pages."""
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def portrait() -> Portrait:
    """A small one, as our own darkroom could have made it."""
    out = BytesIO()
    Image.new("RGB", (25, 35), "navy").save(out, "JPEG")
    return Portrait(out.getvalue())


def photographed(site: Site, *nos: str) -> None:
    """These people have photos."""
    with begin(site, OPERATOR) as work:
        for no in nos:
            staff.put_photo(work, no, portrait())
