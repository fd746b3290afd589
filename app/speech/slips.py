"""激活条的纸 — slips to print and cut, and as plain text; whoever holds a code is who it is for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from app.accounts.terms.proofs import Slip
from app.base import paper, words
from app.kernel.span import SHANGHAI

_say = partial(words.sentence, "paper")
_ACROSS, _DOWN = 2, 6
_MARGIN, _TOP = 12.0, 16.0
_WIDE = (paper.WIDTH - 2 * _MARGIN) / _ACROSS
_HIGH = (paper.HEIGHT - _TOP - _MARGIN) / _DOWN
_INSIDE, _LEADING = 5.0, 4.4
_SMALL, _NAMED, _CODE = 8.5, 12.0, 19.0


def as_pdf(unit: str, slips: Sequence[Slip]) -> bytes:
    """The sheets, on A4: twelve slips on each, to be cut along the lines."""
    title = _say("slip.title", {"unit": unit, "count": len(slips)})
    each = _ACROSS * _DOWN
    pages = [slips[at : at + each] for at in range(0, len(slips), each)] or [()]
    return paper.printed(title, (_page(title, page) for page in pages))


def as_text(slips: Sequence[Slip]) -> str:
    """The slips as plain text."""
    return "".join(_say("slip.plain", _facts(slip)) + "\n" for slip in slips)


def _page(title: str, slips: Sequence[Slip]) -> list[paper.Mark]:
    marks: list[paper.Mark] = [paper.Text(_MARGIN, _TOP - 5, title, _SMALL)]
    for at, slip in enumerate(slips):
        down, across = divmod(at, _ACROSS)
        marks += _slip(_MARGIN + across * _WIDE, _TOP + down * _HIGH, slip)
    return marks


def _slip(x: float, y: float, slip: Slip) -> list[paper.Mark]:
    """One slip, with the lines to cut along around it."""
    facts, left, room = _facts(slip), x + _INSIDE, _WIDE - 2 * _INSIDE
    number = _say("slip.number", facts)
    beside = left + room - paper.width_of(number, _SMALL)
    name = paper.fitted(slip.name, _NAMED, beside - left - _INSIDE)
    small = [
        line for code in ("slip.how", "slip.until")
        for line in paper.wrapped(_say(code, facts), _SMALL, room)
    ]  # fmt: skip
    return [
        *(paper.Line(x, edge, x + _WIDE, edge, dashed=True) for edge in (y, y + _HIGH)),
        *(paper.Line(edge, y, edge, y + _HIGH, dashed=True) for edge in (x, x + _WIDE)),
        paper.Text(left, y + 8, name, _NAMED, bold=True),
        paper.Text(beside, y + 8, number, _SMALL),
        paper.Text(left, y + 18, slip.code.reveal(), _CODE),
        *(paper.Text(left, y + 25 + n * _LEADING, line, _SMALL) for n, line in enumerate(small)),
    ]


def _facts(slip: Slip) -> dict[str, object]:
    there = slip.expires_at.astimezone(SHANGHAI)
    return {
        "name": slip.name, "person_no": slip.person_no, "code": slip.code.reveal(),
        "expires_at": f"{there:%Y-%m-%d %H:%M}",
    }  # fmt: skip
