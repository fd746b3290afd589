"""Claims as others write them down (`standards assess`), turned into values or refused row by row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NoReturn

from app.kernel.credit import Credit
from app.kernel.errors import InvalidError, RowError
from app.standards.rules.assessing import assess
from app.standards.rules.reading import shown
from app.standards.terms import Assessment, Claim, ClaimRole, ItemCode, Pack, PackId, Used

FIELDS = (
    *("pack", "item", "role", "quantity", "tier", "rank"),
    *("used_project", "used_year", "used_class"),
)
LARGEST_RANK = 9999
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_RANK = re.compile(r"[0-9]{1,4}")


def assess_all(claims: object, packs: Mapping[str, Pack]) -> tuple[Assessment, ...]:
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
            claim = claim_of(raw)
            judged.append(assess(claim, _pack_named(packs, claim.pack)))
        except InvalidError as fault:
            wrong.append(_row_error(row, fault))
    if wrong:
        raise InvalidError("standards.claim.refused", rows=wrong, count=len(wrong))
    return tuple(judged)


def claim_of(raw: object) -> Claim:
    """The claim an object writes down; only `pack` and `item` must be there, null is left out.

    InvalidError `standards.claim.*` with `field` and `value` for what is unknown, negative, not a
    plain decimal number, or out of bounds.
    """
    if not isinstance(raw, Mapping):
        raise InvalidError("standards.claim.not_object", field="", value=shown(raw))
    for name in raw:
        if name not in FIELDS:
            known = ", ".join(FIELDS)
            raise InvalidError(
                "standards.claim.unknown_field", field=shown(name), value=shown(raw[name]), known=known
            )
    fields = {name: value for name, value in raw.items() if value is not None and value != ""}
    role = _text(fields, "role") or ClaimRole.ATTENDEE
    if role not in tuple(ClaimRole):
        raise InvalidError(
            "standards.claim.no_role", field="role", value=shown(role), known=", ".join(ClaimRole)
        )
    return Claim(
        pack=PackId(_required(fields, "pack")),
        item=ItemCode(_required(fields, "item")),
        role=ClaimRole(role),
        quantity=_number(fields, "quantity"),
        tier=_text(fields, "tier"),
        rank=_rank(fields),
        used=Used(
            _credit(fields, "used_project"),
            _credit(fields, "used_year"),
            _credit(fields, "used_class"),
        ),
    )


def _pack_named(packs: Mapping[str, Pack], name: str) -> Pack:
    if name not in packs:
        known = ", ".join(sorted(packs))
        raise InvalidError("standards.claim.no_pack", field="pack", value=shown(name), known=known)
    return packs[name]


def _row_error(row: int, fault: InvalidError) -> RowError:
    facts = dict(fault.facts)
    column, value = str(facts.pop("field")), str(facts.pop("value"))
    return RowError(row, column, value, fault.code, tuple(facts.items()))


def _required(fields: Mapping[str, object], name: str) -> str:
    if (text := _text(fields, name)) is None:
        raise InvalidError("standards.claim.missing", field=name, value="")
    return text


def _text(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    raise InvalidError("standards.claim.not_text", field=name, value=shown(value))


def _number(fields: Mapping[str, object], name: str) -> Decimal | None:
    value = fields.get(name)
    if value is None:
        return None
    # A float has lost its exact value before we see it; the door reads fractions as Decimal.
    if isinstance(value, bool | float) or not isinstance(value, str | int | Decimal):
        _refuse_number(name, value)
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if not _NUMBER.fullmatch(text):
        _refuse_number(name, value)
    return Decimal(text)


def _credit(fields: Mapping[str, object], name: str) -> Credit:
    number = _number(fields, name) or Decimal()
    if number.normalize() != number.quantize(Decimal("0.01")) or number >= 100_000:
        _refuse_number(name, fields[name])
    return Credit.of(number)


def _rank(fields: Mapping[str, object]) -> int:
    value = fields.get("rank", 1)
    whole = isinstance(value, str | int) and not isinstance(value, bool)
    if not whole or not _RANK.fullmatch(str(value)) or not int(str(value)):
        raise InvalidError(
            "standards.claim.not_rank", field="rank", value=shown(value), limit=LARGEST_RANK
        )
    return int(str(value))


def _refuse_number(name: str, value: object) -> NoReturn:
    text = str(value) if isinstance(value, Decimal | float) else shown(value)
    raise InvalidError("standards.claim.not_number", field=name, value=text)
