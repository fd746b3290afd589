"""Claims as others write them (`standards assess`), turned into values or refused one by one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from app.kernel.credit import CENT, NO_CREDIT, Credit
from app.kernel.errors import InvalidError, RowError
from app.standards.rules.assessing import LARGEST, assess
from app.standards.rules.reading import shown
from app.standards.terms import Assessment, Claim, ClaimRole, ItemCode, Pack, PackId, Used

FIELDS = (
    *("pack", "item", "role", "quantity", "tier", "rank"),
    *("used_project", "used_year", "used_class"),
)
LARGEST_RANK = 9999
_DIGITS = 9
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_RANK = re.compile(r"0{0,3}[1-9][0-9]{0,3}")


def assess_all(claims: object, packs: Mapping[PackId, Pack]) -> tuple[Assessment, ...]:
    """The worth of each claim of a list, in order.

    InvalidError `standards.claim.refused` names every claim that cannot be judged by its place in
    the list (`row`, the first is 1), field and value; no claim is judged then.
    """
    if not isinstance(claims, list | tuple):
        raise InvalidError("standards.claim.not_list", value=shown(claims))
    judged: list[Assessment] = []
    wrong: list[RowError] = []
    for row, raw in enumerate(claims, start=1):
        try:
            claim = claim_of(raw, row)
            judged.append(assess(claim, _pack_named(packs, claim)))
        except InvalidError as fault:
            wrong.append(_row_error(fault))
    if wrong:
        raise InvalidError("standards.claim.refused", rows=wrong, count=len(wrong))
    return tuple(judged)


def listed(text: bytes) -> list[object]:
    """The list that a file of claims holds, with fractions exact.

    InvalidError for what is not JSON, not a list, or says one thing twice.
    """
    try:
        found = json.loads(text, parse_float=Decimal, object_pairs_hook=_without_repeats)
    except (ValueError, ArithmeticError, RecursionError) as fault:
        raise InvalidError("standards.claim.unreadable", detail=str(fault)[:120]) from fault
    if not isinstance(found, list):
        raise InvalidError("standards.claim.not_list", value=shown(found))
    return found


def claim_of(raw: object, row: int = 1) -> Claim:
    """The claim an object writes down; only `pack` and `item` must be there, null is left out.

    InvalidError `standards.claim.*` with `row`, `column` and `value` for what is unknown,
    negative, not a plain decimal number, or out of bounds.
    """
    if not isinstance(raw, Mapping):
        _refuse("standards.claim.not_object", row, "", raw)
    for name in raw:
        if name not in FIELDS:
            _refuse("standards.claim.unknown_field", row, name, raw[name], known=", ".join(FIELDS))
    slip = _Slip(row, {name: value for name, value in raw.items() if value not in (None, "")})
    used = Used(slip.credit("used_project"), slip.credit("used_year"), slip.credit("used_class"))
    return Claim(
        pack=PackId(slip.required("pack")),
        item=ItemCode(slip.required("item")),
        role=slip.role(),
        quantity=slip.number("quantity"),
        tier=slip.text("tier"),
        rank=slip.rank(),
        used=used,
        row=row,
    )


@dataclass(frozen=True, slots=True)
class _Slip:
    """One claim as written, and its place in the list."""

    row: int
    fields: Mapping[str, object]

    def required(self, name: str) -> str:
        if (text := self.text(name)) is None:
            _refuse("standards.claim.missing", self.row, name, "")
        return text

    def text(self, name: str) -> str | None:
        value = self.fields.get(name)
        if value is not None and not isinstance(value, str):
            _refuse("standards.claim.not_text", self.row, name, value)
        return value

    def role(self) -> ClaimRole:
        role = self.text("role")
        if role is None:
            return ClaimRole.ATTENDEE
        if role not in tuple(ClaimRole):
            _refuse("standards.claim.no_role", self.row, "role", role, known=", ".join(ClaimRole))
        return ClaimRole(role)

    def number(self, name: str) -> Decimal | None:
        value = self.fields.get(name)
        if value is None:
            return None
        # A float has lost its exact value before we see it; the door reads fractions as Decimal.
        if isinstance(value, bool | float) or not isinstance(value, str | int | Decimal):
            _refuse("standards.claim.not_number", self.row, name, value)
        # Bounds first: the plain text of 1E+999999999 or 1E-999999999 would fill the memory.
        if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= _DIGITS:
            value = f"{value:f}"
        if isinstance(value, int) and 0 <= value < 10**_DIGITS:
            value = str(value)
        if not isinstance(value, str):
            _refuse("standards.claim.not_number", self.row, name, value)
        if not _NUMBER.fullmatch(value):
            _refuse("standards.claim.not_number", self.row, name, value)
        return Decimal(value)

    def credit(self, name: str) -> Credit:
        number = self.number(name)
        if number is None:
            return NO_CREDIT
        if number != number.quantize(CENT) or number > LARGEST.amount:
            _refuse("standards.claim.not_number", self.row, name, self.fields[name])
        return Credit.of(number)

    def rank(self) -> int:
        value = self.fields.get("rank", 1)
        if isinstance(value, int) and not isinstance(value, bool) and value <= LARGEST_RANK:
            value = str(value)
        if not isinstance(value, str) or not _RANK.fullmatch(value):
            _refuse("standards.claim.not_rank", self.row, "rank", value, limit=LARGEST_RANK)
        return int(value)


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise InvalidError("standards.claim.key_twice", keys=", ".join(name for name, _ in pairs))
    return members


def _pack_named(packs: Mapping[PackId, Pack], claim: Claim) -> Pack:
    if claim.pack not in packs:
        known = ", ".join(sorted(packs))
        _refuse("standards.claim.no_pack", claim.row, "pack", claim.pack, known=known)
    return packs[claim.pack]


def _refuse(code: str, row: int, column: object, value: object, **facts: object) -> NoReturn:
    raise InvalidError(code, rows=(), row=row, column=shown(column), value=shown(value), **facts)


def _row_error(fault: InvalidError) -> RowError:
    facts = dict(fault.facts)
    row, column, value = facts.pop("row"), facts.pop("column"), facts.pop("value")
    return RowError(int(str(row)), str(column), str(value), fault.code, tuple(facts.items()))
