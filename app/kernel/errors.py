"""The reasons for which a request cannot go on; each code is stable for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class RowError:
    """行错误 — one wrong cell of an import: which row and column, what stood there, and the rule.

    `row` counts as a spreadsheet does (header 1, first data row 2). `code` names the sentence in
    `words/errors.toml`; `facts` fill it.
    """

    row: int
    column: str
    value: str
    code: str
    facts: tuple[tuple[str, object], ...] = ()


class CmeError(Exception):
    """Base of every error we raise on purpose: a code, and the facts its sentence needs."""

    http_status: ClassVar[int] = 500

    def __init__(self, code: str, *, rows: Sequence[RowError] = (), **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.rows = tuple(rows)
        self.facts = facts


class NotFoundError(CmeError):
    """Nothing of that name within the actor's sight."""

    http_status = 404


class ForbiddenError(CmeError):
    """In sight, but not for this actor."""

    http_status = 403


class InvalidError(CmeError):
    """What was given breaks a rule; the sentence says which and what to do."""

    http_status = 422


class ConflictError(CmeError):
    """What was asked no longer fits the state of things."""

    http_status = 409


class UnavailableError(CmeError):
    """A part we stand on does not answer; trying again later is right."""

    http_status = 503
