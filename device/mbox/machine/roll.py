"""What a machine believes of a card, by the package it has (机器判断)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.kernel.span import Span
from device.mbox.contents import Activity, Listed, Package
from device.mbox.package import uid_hash
from device.mbox.terms import Result, Source


@dataclass(frozen=True, slots=True)
class Card:
    """出示的卡 — what the reader got to see: a UID, the number on a card, or one typed in."""

    uid: bytes | None = None
    card_no: str | None = None
    person_no: str | None = None

    @property
    def source(self) -> Source:
        """How the person is recognised."""
        return Source.KEY if self.uid is None and self.card_no is None else Source.CARD


@dataclass(frozen=True, slots=True)
class Belief:
    """机器判断 — what goes into the record of one swipe."""

    person: Listed | None
    person_no: str | None
    card_no: str | None
    uid_h: bytes | None
    res: Result


class Roll:
    """名册 — a package's people and revoked cards, found by what a reader sees."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self._by_person = {person.person_no: person for person in package.roster}
        self._by_card = {person.card_no: person for person in package.roster if person.card_no}
        self._by_uid = {person.uid_h: person for person in package.roster if person.uid_h}
        self._gone_cards = {card.card_no: card for card in package.revoked if card.card_no}
        self._gone_uids = {card.uid_h: card for card in package.revoked if card.uid_h}

    def judge(self, card: Card, now: datetime) -> Belief:
        """What the machine believes, short of telling a repeat; `now` is what its clock shows."""
        salt = self.package.manifest.salt
        uid_h = uid_hash(salt, card.uid) if card.uid is not None else None
        gone = self._gone_uids.get(uid_h or b"") or self._gone_cards.get(card.card_no or "")
        if gone and gone.since <= now:
            card_no = card.card_no or gone.card_no
            return Belief(None, card.person_no, card_no, uid_h, Result.REVOKED_CARD)
        person = (
            self._by_uid.get(uid_h or b"")
            or self._by_card.get(card.card_no or "")
            or self._by_person.get(card.person_no or "")
        )
        if person:
            card_no = card.card_no or (person.card_no if uid_h else None)
            return Belief(person, person.person_no, card_no, uid_h, Result.OK)
        typed = card.source is Source.KEY
        res = Result.NOT_LISTED if typed else Result.UNKNOWN_CARD
        return Belief(None, card.person_no, card.card_no, uid_h, res)


def on_now(activity: Activity, now: datetime) -> bool:
    """Whether the activity's period, widened by its sessions, holds the moment."""
    whole = Span(activity.starts_at, activity.ends_at)
    for session in activity.sessions:
        whole = whole.joined(Span(session.opens_at, session.closes_at))
    return whole.holds(now)


def session_now(activity: Activity, now: datetime) -> str | None:
    """The id of the session that is open, None between sessions."""
    for session in activity.sessions:
        if Span(session.opens_at, session.closes_at).holds(now):
            return session.session_id
    return None
