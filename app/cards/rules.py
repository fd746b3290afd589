"""What a file may say of cards, and when a card's state may change."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from app.cards.terms import Card, CardChange, CardDraft, CardState, HeldCard
from app.kernel.errors import RowError
from app.kernel.secret import Secret
from app.kernel.sheet import Columns, Reading, Sheet, repeated
from app.kernel.tidy import Form, Holds
from app.people.rules import roster
from app.people.terms import KnownPerson, PersonId

COLUMNS = Columns(roster.COLUMNS.required, (*roster.COLUMNS.optional, "card_no", "card_uid"))
# A list of cards: whose each is.
FORM = Form(
    {
        "person_no": Holds.CODE, "name": Holds.NAME, "card_no": Holds.CODE, "card_uid": Holds.CODE,
    },
    must=(("person_no",), ("card_no",)),
)  # fmt: skip
# A little ahead of our clock is another clock's honest now; more is a slip of the pen.
AHEAD = timedelta(minutes=10)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

# ISO/IEC 14443-3: UIDs of one, two or three parts.
LONGEST_NO = 32
_DECIMALS, _FOUR_BYTES = 11, 2**32 - 1
_UID = re.compile(r"[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20}")


def card_no(text: str) -> str:
    """卡号 as it is kept; what cannot be one becomes empty."""
    bare = "".join(unicodedata.normalize("NFKC", text).split())
    return bare if bare.isprintable() and len(bare) <= LONGEST_NO else ""


def uid(text: Secret) -> Secret | None:
    """芯片号 as it is kept, upper-case hex, empty for none; None for what cannot be one."""
    bare = "".join(text.reveal().split()).upper()
    return Secret(bare) if not bare or _UID.fullmatch(bare) else None


def uids_read(text: str) -> tuple[Secret, ...]:
    """芯片号 that a reader may have meant by what it typed: in hex, or a number of four bytes.

    Readers that pose as keyboards write the four bytes as one number, some from behind.
    """
    bare = "".join(unicodedata.normalize("NFKC", text).replace(":", "").split()).upper()
    if _UID.fullmatch(bare):
        return (Secret(bare),)
    if not (bare.isascii() and bare.isdecimal()) or int(bare[:_DECIMALS]) > _FOUR_BYTES:
        return ()
    found = int(bare[:_DECIMALS]).to_bytes(4)
    return tuple(Secret(one.hex().upper()) for one in (found, found[::-1]))


def read(sheet: Sheet, nos: Sequence[str]) -> tuple[tuple[CardDraft, ...], tuple[RowError, ...]]:
    """What the lines say of the cards of these people, and which cells say nothing right."""
    drafts, faults = [], []
    for line, person_no in zip(sheet.lines, nos, strict=True):
        reading = Reading(line)
        uid = reading.code("card_uid").upper()
        if uid and not _UID.fullmatch(uid):
            reading.refuse("card_uid", "cards.import.uid_form", length=len(uid))
            uid = ""
        no = reading.code("card_no")
        if uid and not line["card_no"]:
            reading.refuse("card_no", "cards.import.uid_alone")
        drafts.append(CardDraft(line, person_no, no, Secret(uid)))
        faults += reading.faults
    numbers = [(draft.line, draft.no) for draft in drafts]
    faults += repeated(numbers, "card_no", "cards.import.card_repeated")
    uids = [(draft.line, draft.uid.reveal()) for draft in drafts]
    faults += repeated(uids, "card_uid", "cards.import.uid_repeated")
    return tuple(drafts), tuple(faults)


def holder_faults(sheet: Sheet, known: Mapping[str, KnownPerson]) -> Iterator[RowError]:
    """What keeps a list of cards from saying whose they are."""
    numbers = [(line, line["person_no"]) for line in sheet.lines]
    yield from repeated(numbers, "person_no", "people.import.no_repeated")
    for line in sheet.lines:
        person = known.get(line["person_no"])
        if not line["person_no"]:
            yield line.wrong("person_no", "imports.cell.required")
        elif person is None:
            yield line.wrong("person_no", "cards.import.holder_unknown")
        elif line["name"] and "".join(line["name"].split()) != "".join(person.profile.name.split()):
            yield line.wrong("name", "cards.import.holder_other", person=person.profile.name)
        if not line["card_no"]:
            yield line.wrong("card_no", "imports.cell.required")


def judge(
    draft: CardDraft,
    person_id: PersonId | None,
    numbered: Mapping[str, HeldCard],
    chips: Mapping[Secret, tuple[HeldCard, ...]],
) -> Iterator[RowError]:
    """What keeps a card from being this person's: its number or its chip is somebody else's.

    `numbered` and `chips` know the cards of the whole platform by number and by UID.
    """
    held = numbered.get(draft.no)
    if held is not None and held.card.person_id != person_id:
        if held.in_sight:
            yield draft.line.wrong("card_no", "cards.import.card_taken", person_no=held.person_no)
        else:
            yield draft.line.wrong("card_no", "cards.import.card_elsewhere")
    for other in chips.get(draft.uid, ()):
        if other.card.state is CardState.ACTIVE and other.card.person_id != person_id:
            if other.in_sight:
                yield draft.line.wrong(
                    "card_uid",
                    "cards.import.uid_taken",
                    card_no=other.card.no,
                    person_no=other.person_no,
                )
            else:
                yield draft.line.wrong("card_uid", "cards.import.uid_elsewhere")


def change(draft: CardDraft, numbered: Mapping[str, HeldCard]) -> CardChange | None:
    """What a faultless line brings that is new; a card known to the person keeps its state."""
    if not draft.no:
        return None
    held = numbered.get(draft.no)
    if held is None:
        return CardChange.REGISTERED
    return CardChange.READ if draft.uid and draft.uid != held.card.uid else None


def may_hold_since(since: datetime, now: datetime) -> bool:
    """Whether a state can be said to hold from that moment on."""
    return EARLIEST <= since <= now + AHEAD


def since_of(card: Card, state: CardState, since: datetime | None, now: datetime) -> datetime:
    """From when the state holds; said again without a moment, it holds since it did.

    A card that counts no more does not begin to count by getting another such state.
    """
    if since is not None:
        return since
    if state is card.state:
        return card.since
    return now if CardState.ACTIVE in {state, card.state} else min(card.since, now)
