"""照片 — a person gets one, another, or none any more."""

from __future__ import annotations

import hashlib

from app.base.pictures import Portrait
from app.base.work import Work
from app.kernel.errors import NotFoundError
from app.people import queries
from app.people.tables import PhotoRow
from app.people.terms import KnownPerson

_MARK = 16


def put_photo(work: Work, no: str, portrait: Portrait) -> None:
    """This is the person's photo. NotFoundError for somebody out of sight."""
    person = _locked(work, no)
    mark = hashlib.sha256(portrait.jpeg).hexdigest()[:_MARK]
    row = work.session.get(PhotoRow, person.id)
    if row is None:
        row = PhotoRow(person_id=person.id, path=person.place.path)
        work.session.add(row)
    row.picture, row.mark, row.taken_at = portrait.jpeg, mark, work.now


def remove_photo(work: Work, no: str) -> None:
    """The person has no photo any more; who had none has none. NotFoundError out of sight."""
    row = work.session.get(PhotoRow, _locked(work, no).id)
    if row is not None:
        work.session.delete(row)


def _locked(work: Work, no: str) -> KnownPerson:
    found = queries.known(work, [no], lock=True) if no.isprintable() else {}
    if no not in found:
        raise NotFoundError("people.person.unknown", person_no=no)
    return found[no]
