"""绑定 — whose openid an openid is."""

from __future__ import annotations

from dataclasses import dataclass

from app.kernel.place import Place
from app.people.terms import PersonId, PersonNo


@dataclass(frozen=True, slots=True)
class Binding:
    """绑定 — whose openid this is."""

    person_id: PersonId
    person_no: PersonNo
    place: Place
