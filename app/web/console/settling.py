"""待核刷卡 — records that count for nothing until somebody says what they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.attendance import commands as attendance
from app.attendance.queries import guessing, records
from app.attendance.terms import Hold, Record, SwipeId, SwipeState
from app.base import words
from app.base.work import Work, passes
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.projects import queries as projects
from app.web.console import frame
from app.web.sessions import Guest, entered

blueprint = frame.screens("settling", "/records")

_LONGEST = 200
_DIGITS = 9
_MOST = 500  # records that one form decides
_DOUBTED = (Hold.UNKNOWN_CARD, Hold.CARD_MISMATCH, Hold.REVOKED_CARD)


@dataclass(frozen=True, slots=True)
class Heap:
    """待核的一堆 — records of one card, or of one person for one cause: one decision."""

    hold: Hold
    name: str
    person_no: str
    tail: str
    records: tuple[Record, ...]

    @property
    def ids(self) -> str:
        """As the form carries them."""
        return ",".join(str(one.id) for one in self.records)

    @property
    def doubted(self) -> bool:
        """Whether it can be attached to a person."""
        return self.hold in _DOUBTED

    @property
    def acceptable(self) -> bool:
        """Whether it can count as it is."""
        return self.hold not in {Hold.UNKNOWN_CARD, Hold.UNKNOWN_ACTIVITY, Hold.SEQ_GAP}


@blueprint.get("")
@passes("attendance.strays", *frame.DOORS)
@entered(Stage.OPEN)
def strays(guest: Guest) -> ResponseReturnValue:
    """The records that belong to no batch."""
    return _strays(guest)


@blueprint.post("")
@passes("attendance.claim", "attendance.discard", "attendance.strays", *frame.DOORS)
@entered(Stage.OPEN)
def claim(guest: Guest) -> ResponseReturnValue:
    """Some of them belong to a batch, or to none for good: all or none of them."""
    given = request.form
    act, ids = given.get("act", ""), given.get("ids", "")
    chosen, reason = _chosen(ids), given.get("reason", "")[:_LONGEST]
    try:
        no, number = ("", 0) if act == "discard" else _batch_said()
        with frame.working(guest) as work:
            for swipe in chosen:
                if act == "discard":
                    attendance.discard(work, swipe, reason)
                else:
                    attendance.claim(work, swipe, no, number, reason)
    except (ConflictError, InvalidError, NotFoundError) as refused:
        return _strays(guest, words.of_error(refused), refused.http_status, ids)
    code = "discard" if act == "discard" else "claim"
    frame.tell(f"records.{code}", {"count": len(chosen), "batch": number})
    return redirect(url_for("settling.strays"), 303)


@blueprint.get("/<path:no>/<int:batch>")
@passes("attendance.records_of", "attendance.guesses", "projects.batch_of", *frame.DOORS)
@entered(Stage.OPEN)
def page(guest: Guest, no: str, batch: int) -> ResponseReturnValue:
    """The records of a batch that wait."""
    return _page(guest, no, batch)


@blueprint.post("/<path:no>/<int:batch>")
@passes(
    "attendance.attach", "attendance.accept", "attendance.discard", "attendance.records_of",
    "attendance.guesses", "projects.batch_of", *frame.DOORS,
)  # fmt: skip
@entered(Stage.OPEN)
def settle(guest: Guest, no: str, batch: int) -> ResponseReturnValue:
    """Some records are decided alike, all or none of them."""
    given = request.form
    act, ids = given.get("act", ""), given.get("ids", "")
    chosen = _chosen(ids)
    person_no = (given.get("person_no", "") or given.get("likely", ""))[:_LONGEST].strip()
    reason = given.get("reason", "")[:_LONGEST]
    try:
        with frame.working(guest) as work:
            for swipe in chosen:
                _settle(work, act, swipe, person_no, reason)
    except (ConflictError, InvalidError, NotFoundError) as refused:
        return _page(guest, no, batch, words.of_error(refused), refused.http_status, ids)
    frame.tell(f"records.{act}", {"count": len(chosen), "person_no": person_no})
    return redirect(url_for("settling.page", no=no, batch=batch), 303)


def _batch_said() -> tuple[str, int]:
    """Which batch was chosen, or typed as the number of its project, a stroke and its own."""
    said = request.form.get("batch", "") or request.form.get("other", "")
    no, _, number = said[:_LONGEST].strip().rpartition("/")
    if not no or not (number.isascii() and number.isdecimal() and len(number) < _DIGITS):
        raise InvalidError("attendance.claim.nowhere")
    return no, int(number)


def _chosen(ids: str) -> list[SwipeId]:
    try:
        return [SwipeId.parse(one) for one in ids.split(",")[:_MOST]]
    except (TypeError, ValueError):
        raise NotFoundError("attendance.record.unknown", record=ids[:_LONGEST]) from None


def _settle(work: Work, act: str, swipe: SwipeId, person_no: str, reason: str) -> None:
    match act:
        case "attach":
            attendance.attach(work, swipe, person_no, reason)
        case "accept":
            attendance.accept(work, swipe, reason)
        case "discard":
            attendance.discard(work, swipe, reason)
        case _:
            raise NotFoundError("attendance.record.unknown", record=str(swipe))


def _page(
    guest: Guest, no: str, batch: int, refusal: str = "", status: int = 200, refused: str = ""
) -> ResponseReturnValue:
    with frame.working(guest) as work:
        found = projects.batch_of(work, no, batch)
        waiting = records.records_of(work, no, batch, SwipeState.QUARANTINED)
        unknown = any(one.reason is Hold.UNKNOWN_CARD for one in waiting)
        guesses = guessing.guesses(work, no, batch) if unknown else ()
    given = {name: request.form.get(name, "")[:_LONGEST]
             for name in ("person_no", "likely", "reason")}  # fmt: skip
    return frame.page(
        guest, "console/records.html", status, batch=found, heaps=_heaps(waiting),
        refusal=refusal, refused=refused, given=given, guesses=guesses,
        word=words.book("console").get,
        count=len(waiting), settles=Permission.SWIPES_RESOLVE in guest.actor.permissions,
    )  # fmt: skip


def _strays(
    guest: Guest, refusal: str = "", status: int = 200, refused: str = ""
) -> ResponseReturnValue:
    with frame.working(guest) as work:
        found = guessing.strays(work)
    given = {name: request.form.get(name, "")[:_LONGEST] for name in ("batch", "other", "reason")}
    heaps = [(one, ",".join(map(str, one.records[:_MOST]))) for one in found]
    return frame.page(
        guest, "console/strays.html", status, heaps=heaps, refusal=refusal, refused=refused,
        given=given, most=_MOST, count=sum(len(one.records) for one in found),
        settles=Permission.SWIPES_RESOLVE in guest.actor.permissions,
    )  # fmt: skip


def _heaps(waiting: Iterable[Record]) -> list[Heap]:
    """The records that belong together, the most numerous first."""
    found: dict[tuple[Hold, str], list[Record]] = {}
    for one in waiting:
        hold = one.reason or Hold.UNKNOWN_CARD
        whose = one.card_no if hold is Hold.UNKNOWN_CARD else one.person_no
        found.setdefault((hold, whose or str(one.id)), []).append(one)
    heaps = [
        Heap(hold, some[0].name or "", some[0].person_no or "", (some[0].card_no or "")[-4:],
             tuple(some))
        for (hold, _), some in found.items()
    ]  # fmt: skip
    return sorted(heaps, key=lambda heap: (-len(heap.records), heap.ids))
