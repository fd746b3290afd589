"""所见 — a mark of how a person stood when somebody saw them, to tell whether another was first."""

from __future__ import annotations

import hashlib

from app.people.terms import KnownPerson


def mark_of(person: KnownPerson) -> str:
    """The mark of all that can be changed of a person; the same as long as nothing of it is."""
    profile = person.profile
    told = (
        profile.name, profile.title, profile.title_level, profile.post, profile.education,
        profile.specialty, profile.phone.reveal(), person.department_id, person.unit_id,
        person.history, person.merged_into,
    )  # fmt: skip
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
