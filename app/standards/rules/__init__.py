"""Judging credit by a standard: reading packs, assessing claims, and what a year asks."""

from app.standards.rules.assessing import (
    assess,
    draws_on_year,
    item_named,
    item_of,
    lecturer_gross,
    limited,
    limits_of,
    rounded,
    rounding_of,
    to_the_hundredth,
)
from app.standards.rules.claims import assess_all, claim_of, listed
from app.standards.rules.layers import digest_of
from app.standards.rules.packing import pack_of, read_pack
from app.standards.rules.reading import parsed
from app.standards.rules.requirement import (
    additions_of,
    day_within,
    held,
    hours_for,
    in_force,
    periods_of,
    requirement_of,
    standing,
    valid_on,
    year_numbered,
    year_of,
)

__all__ = [
    "additions_of",
    "assess",
    "assess_all",
    "claim_of",
    "day_within",
    "digest_of",
    "draws_on_year",
    "held",
    "hours_for",
    "in_force",
    "item_named",
    "item_of",
    "lecturer_gross",
    "limited",
    "limits_of",
    "listed",
    "pack_of",
    "parsed",
    "periods_of",
    "read_pack",
    "requirement_of",
    "rounded",
    "rounding_of",
    "standing",
    "to_the_hundredth",
    "valid_on",
    "year_numbered",
    "year_of",
]
