"""材料 — files that others send in as proof: looked at by what is in them, never by their name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from app.base import apart, copyist
from app.kernel.errors import InvalidError

LARGEST = 15 * 1024 * 1024

_PDF = re.compile(rb"%PDF-[12]\.[0-9]", re.ASCII)
_END, _TAIL = b"%%EOF", 1024
# A file that is a PDF and something else besides: an archive, a page, a program's files.
_ARCHIVE_END, _ARCHIVE_ROOM = b"PK\x05\x06", 66_000
_PAGE = re.compile(rb"<\s*(script|html|svg|!doctype|\?php)", re.IGNORECASE)
# What makes a PDF do something when it is opened.
_ACTIVE = re.compile(rb"/(JavaScript|Launch|EmbeddedFile|RichMedia)\b")
# Any letter of such a word may be written by its number.
_NUMBERED = re.compile(rb"#([0-9A-Fa-f]{2})")
_PICTURES = {b"\xff\xd8\xff": ("image/jpeg", "jpg"), b"\x89PNG\r\n\x1a\n": ("image/png", "png")}
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Document:
    """材料 — what may be kept: a name without a path, the type that it is, and its bytes."""

    name: str
    media_type: str
    content: bytes


def document(name: str, content: bytes) -> Document:
    """A file of others as it may be kept. InvalidError for what is not what we take.

    A PDF stays as it is, and must be one from its first byte to its last. A picture is made anew
    in a process of its own, so that nothing but its dots is kept.
    """
    if not content:
        raise InvalidError("base.document.nothing", name=_plain(name, ""))
    if len(content) > LARGEST:
        limit = LARGEST // 1024 // 1024
        raise InvalidError("base.document.too_large", name=_plain(name, ""), limit=limit)
    if content.startswith(b"%PDF-"):
        if code := _objection(content):
            raise InvalidError(f"base.document.{code}", name=_plain(name, ""))
        return Document(_plain(name, "pdf"), "application/pdf", content)
    for beginning, (media_type, ending) in _PICTURES.items():
        if content.startswith(beginning):
            return Document(_plain(name, ending), media_type, _copied(name, content, ending))
    raise InvalidError("base.document.kind", name=_plain(name, ""))


def _objection(content: bytes) -> str:
    """Why a PDF is not taken; nothing where it is."""
    end = content.rfind(_END)
    if not _PDF.match(content) or end < max(0, len(content) - _TAIL):
        return "broken"
    if content[end + len(_END) :].strip(b"\r\n\t \0") or _PAGE.search(content[:_TAIL]):
        return "two_in_one"
    if _ARCHIVE_END in content[-_ARCHIVE_ROOM:]:
        return "two_in_one"
    spelt = _NUMBERED.sub(lambda found: bytes.fromhex(found[1].decode()), content)
    return "active" if _ACTIVE.search(spelt) else ""


def _copied(name: str, content: bytes, ending: str) -> bytes:
    code, made = apart.run(
        copyist.__file__, ending, LARGEST,
        given=content, seconds=copyist.SECONDS, most=LARGEST,
    )  # fmt: skip
    if code:
        said = copyist.REFUSALS.get(code, "base.document.bomb")
        raise InvalidError(said, name=_plain(name, ""))
    return made


def _plain(name: str, ending: str) -> str:
    """The last part of a name, without what no store or page can hold; its ending is the type's."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(one for one in last if one.isprintable() and one not in '<>:"|?*').strip(" .")
    if not ending:
        return shown[:_LONGEST_NAME]
    stem = shown.rpartition(".")[0] if "." in shown else shown
    return f"{stem[:_LONGEST_NAME] or 'file'}.{ending}"
