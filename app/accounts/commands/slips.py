"""激活条 — printed for a department, one code for each of its people."""

from __future__ import annotations

import secrets

from app.accounts.queries.proofs import bound_among, slip_hash
from app.accounts.rules.proofs import SIGNS, SLIP_LENGTH, SLIP_LIFE, written_slip
from app.accounts.steps.binding import void_slips
from app.accounts.tables.binding import SlipRow
from app.accounts.terms.proofs import Slip
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.secret import Secret
from app.org import queries as org
from app.org.terms import UnitKind
from app.people import queries as people

_MOST = 1_000


@command(Permission.ACCOUNTS_BIND)
def issue_slips(
    work: Work, department_code: str, *, person_no: str | None = None
) -> tuple[Slip, ...]:
    """激活条 — a new code for everybody of the department who is not bound, by name.

    `person_no` asks for one of them, bound or not. Older unused slips of these people are void.
    Of a unit that is no department, those who are in none. InvalidError for too many at once.
    """
    unit = org.units_by_code(work, [department_code]).get(department_code)
    if unit is None:
        raise NotFoundError("org.unit.unknown", unit=department_code)
    found = people.roster(work, unit.place)
    if unit.kind is not UnitKind.DEPARTMENT:
        found = tuple(one for one in found if one.unit_id == unit.id and not one.department_id)
    if person_no is not None:
        found = tuple(one for one in found if one.no == person_no)
        if not found:
            raise NotFoundError("people.person.unknown", person_no=person_no)
    else:
        bound = bound_among(work, [one.no for one in found])
        found = tuple(one for one in found if one.no not in bound)
    if len(found) > _MOST:
        raise InvalidError("accounts.slip.too_many", count=len(found), most=_MOST)
    void_slips(work, [one.id for one in found])
    expires_at = work.now + SLIP_LIFE
    slips = []
    for key, person in zip(work.fresh_ids(SlipRow, len(found)), found, strict=True):
        code = "".join(secrets.choice(SIGNS) for _ in range(SLIP_LENGTH))
        work.session.add(
            SlipRow(
                id=key, path=person.place.path, person_id=person.id, person_no=person.no,
                code_hash=slip_hash(work.site.vault, Secret(code)), made_at=work.now,
                expires_at=expires_at,
            )
        )  # fmt: skip
        slips.append(Slip(person.no, person.name, Secret(written_slip(code)), expires_at))
    return tuple(slips)
