"""纸 — what a reader of PDF finds on a page that we print."""

from __future__ import annotations

from io import BytesIO

from pypdf import PdfReader


def printed(content: bytes) -> str:
    """The text of all pages."""
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
