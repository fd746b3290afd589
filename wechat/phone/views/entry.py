"""一条学分 — what it is for, how its amount came about, and what became of it since."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.credits.queries import Story
from app.credits.terms import Entry
from app.kernel.credit import NO_CREDIT, Credit
from app.speech.saying import amount, classed, dated, full_moment, say
from app.standards.terms import Confidence, Item, Pack


class Turn(StrEnum):
    """What an entry of the story did."""

    GIVEN = "given"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the story, in its order."""

    turn: Turn
    at: str
    credit: str
    # As whoever did it wrote it; empty where the run after it is the reason.
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """一条学分 — all that the page says of it."""

    title: str
    project_no: str
    batch_no: int | None
    host: str
    on: str
    year: int
    source: str
    credit_class: str
    lecturer: bool
    item: str
    gross: str
    cap: str
    net: str
    # What counts of the occasion today; empty where all was taken back.
    counts: str
    in_force: bool
    current_id: int | None
    steps: tuple[Step, ...]
    standard: str
    edition: int
    document: str


def page(told: Story) -> Page:
    """The page of one entry; of a reversal, that of the entry it takes back."""
    story, pack, asked = told.entries, told.pack, told.asked
    shown = next((one for one in story if one.id == asked.reverses), asked)
    reversed_ids = {one.reverses for one in story}
    standing = [one for one in story if one.reverses is None and one.id not in reversed_ids]
    net = sum((one.net for one in standing), NO_CREDIT)
    item = next((one for one in pack.items if one.code == shown.item), None)
    return Page(
        title=shown.title,
        project_no=shown.project_no,
        batch_no=shown.batch_no,
        host=shown.host,
        on=dated(shown.on),
        year=shown.year,
        source=say(f"source.{shown.source}", {}),
        credit_class=classed(shown.credit_class) if shown.credit_class else "",
        lecturer=shown.part == "lecturer",
        item="" if item is None else item.title,
        gross=amount(shown.gross),
        cap="" if shown.cap is None else amount(shown.cap),
        net=amount(shown.net),
        counts=amount(net) if standing else "",
        in_force=shown.id not in reversed_ids,
        current_id=next((one.id for one in standing if one.id != shown.id), None),
        steps=tuple(map(_step, story)),
        standard=pack.title,
        edition=pack.edition,
        document=_document(pack, item),
    )


def _document(pack: Pack, item: Item | None) -> str:
    """The document that the row of the standard is from; the pack's, where that is not certain."""
    if item is None or item.origin.source is None:
        return pack.source
    if item.origin.confidence is not Confidence.VERIFIED:
        return pack.source
    # What follows are remarks for whoever keeps the pack.
    return item.origin.source.partition("\uff1b")[0]


def _step(entry: Entry) -> Step:
    taken = entry.reverses is not None
    return Step(
        turn=Turn.TAKEN_BACK if taken else Turn.GIVEN,
        at=full_moment(entry.entered_at),
        credit=amount(Credit(abs(entry.net.amount))),
        reason=_reason(entry) if taken else "",
    )


def _reason(entry: Entry) -> str:
    """What a person wrote; that a later run took its place, the next step says by itself."""
    said = entry.reason or ""
    return "" if said.startswith("replaced by run ") else said
