"""照片 — the photos of people, and who has one."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import BigInteger, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.people.queries.persons import within_sight
from app.people.tables import PhotoRow
from app.people.terms import Photo


@query(Permission.PEOPLE_READ)
def photo_of(work: Work, no: str) -> Photo:
    """照片 — of the person of that number within sight. NotFoundError where there is none."""
    person = within_sight(work, no)
    found = photos_of(work, [person.id])
    if person.id not in found:
        raise NotFoundError("people.photo.none", person=person.name)
    return found[person.id]


@query(Permission.PEOPLE_READ)
def photos_of(work: Work, ids: Collection[int]) -> dict[int, Photo]:
    """照片 — of those of these people within sight who have one, by id."""
    asked = select(PhotoRow).where(
        PhotoRow.person_id == any_(literal(list(ids), ARRAY(BigInteger)))
    )
    return {
        row.person_id: Photo(row.picture, row.mark, row.taken_at)
        for row in work.session.scalars(asked)
    }


@query(Permission.PEOPLE_READ)
def photo_marks(work: Work, ids: Collection[int]) -> dict[int, str]:
    """有照片的人 — the marks of their photos, by id, without the photos."""
    of_them = PhotoRow.person_id == any_(literal(list(ids), ARRAY(BigInteger)))
    rows = work.session.execute(select(PhotoRow.person_id, PhotoRow.mark).where(of_them))
    return {row.person_id: row.mark for row in rows}
