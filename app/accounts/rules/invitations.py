"""邀请 — who may give which role, and where it is held."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from datetime import timedelta

from app.kernel.actor import Role
from app.kernel.errors import ConflictError, ForbiddenError, InvalidError
from app.org.terms import UnitKind

LINK_LIFE = timedelta(days=7)


# Role → the kinds of unit at which it is held. A role that is not here has no place at a console.
SEATS: Mapping[Role, frozenset[UnitKind]] = {
    Role.OPERATOR: frozenset(UnitKind) - {UnitKind.HOSPITAL, UnitKind.DEPARTMENT},
    Role.CITY_OFFICE: frozenset({UnitKind.CITY, UnitKind.BUREAU}),
    Role.COUNTY_BUREAU: frozenset({UnitKind.COUNTY, UnitKind.BUREAU}),
    Role.HOSPITAL_ADMIN: frozenset({UnitKind.HOSPITAL}),
    Role.DEPARTMENT_SECRETARY: frozenset({UnitKind.DEPARTMENT}),
    Role.AUDITOR: frozenset(UnitKind) - {UnitKind.DEPARTMENT},
}


# Nobody gives a role above their own, and none but the operator makes auditors of others' acts.
MAY_INVITE: Mapping[Role, frozenset[Role]] = {
    Role.OPERATOR: frozenset(SEATS),
    Role.CITY_OFFICE: frozenset(
        {Role.COUNTY_BUREAU, Role.HOSPITAL_ADMIN, Role.DEPARTMENT_SECRETARY}
    ),
    Role.COUNTY_BUREAU: frozenset({Role.HOSPITAL_ADMIN, Role.DEPARTMENT_SECRETARY}),
    Role.HOSPITAL_ADMIN: frozenset({Role.DEPARTMENT_SECRETARY}),
}


_LONGEST_NAME = 40


def login_name(text: str) -> str:
    """登录名 as it is kept: half-width, single spaces. InvalidError for none, or one too long."""
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if not (0 < len(name) <= _LONGEST_NAME and name.isprintable()):
        raise InvalidError("accounts.link.name", most=_LONGEST_NAME)
    if name.replace(" ", "").replace("-", "").isdecimal():
        # Numbers are the user names of those who have a card.
        raise InvalidError("accounts.link.name_number")
    return name


def judge_invitation(inviter: Role, role: Role, kind: UnitKind) -> None:
    """Refuse a role that the inviter may not give, or that is not held at such a unit."""
    if role not in MAY_INVITE.get(inviter, frozenset()):
        raise ForbiddenError("accounts.link.role_above", role=role)
    if kind not in SEATS[role]:
        kinds = ", ".join(sorted(SEATS[role]))
        raise InvalidError("accounts.link.seat", role=role, kind=kind, kinds=kinds)


def judge_separation(role: Role, held: Collection[Role]) -> None:
    """三权分立 — who audits holds no other role, under the same log-in (MLPS 8.1.4.2 d)."""
    others = set(held) - {role}
    if others and Role.AUDITOR in {role, *others}:
        raise ConflictError("accounts.link.auditor_alone")
