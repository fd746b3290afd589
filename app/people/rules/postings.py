"""任职经历 — what a move makes of the stretches in which somebody stood somewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from app.people.terms import ALWAYS, Posting, PostingAct

Home = tuple[int, int | None]
# 职称, 职务 — as they are when a stretch ends.
Rank = tuple[str, str]


def present(told: tuple[Posting, ...]) -> Posting | None:
    """The stretch that lasts."""
    return next((one for one in told if one.until_on is None), None)


def moved(
    told: tuple[Posting, ...], home: Home, *, was: Home, rank: Rank, day: date, act: PostingAct
) -> tuple[Posting, ...]:
    """The stretches once somebody who stood there stands here from that day on.

    Where nothing is told yet, they stood there since nobody knows when. In which department of one
    unit somebody stood for no whole day they did not stand: the day's last word holds.
    """
    now = present(told)
    if now is None:
        now = Posting(*was, ALWAYS, PostingAct.BEFORE)
        told = (*told, now)
    if now.home == home:
        return told
    others = tuple(one for one in told if one is not now)
    if now.from_on >= day and now.unit_id == home[0]:
        before = _before(others, now)
        if before is not None and before.home == home:
            return _reopened(others, before)
        stands = replace(now, unit_id=home[0], department_id=home[1])
        if before is None:
            return (*others, stands)
        past = tuple(replace(one, ended=act) if one is before else one for one in others)
        return (*past, replace(stands, began=act))
    return (*others, _ended(now, rank, day, act), Posting(*home, day, act))


def taken_back(
    told: tuple[Posting, ...], home: Home, *, was: Home, rank: Rank, day: date
) -> tuple[Posting, ...]:
    """The stretches once an import is taken back: what it said was never so, so it is not told."""
    now = present(told)
    if now is not None and now.began in {PostingAct.IMPORT, PostingAct.EDITS}:
        others = tuple(one for one in told if one is not now)
        before = _before(others, now)
        if before is not None and before.home == home:
            return _reopened(others, before)
    return moved(told, home, was=was, rank=rank, day=day, act=PostingAct.UNDO)


def joined(
    told: tuple[Posting, ...], others: tuple[Posting, ...], *, rank: Rank, day: date
) -> tuple[Posting, ...]:
    """The stretches of two records of one person; the other's present one ends, or is the same."""
    now, theirs = present(told), present(others)
    past = tuple(one for one in others if one is not theirs)
    if theirs is None:
        return (*told, *past)
    if now is None or now.home != theirs.home:
        return (*told, *past, _ended(theirs, rank, day, PostingAct.MERGE))
    earlier = min(now, theirs, key=lambda one: one.from_on)
    same = replace(now, from_on=earlier.from_on, began=earlier.began)
    return (*(same if one is now else one for one in told), *past)


def _before(others: tuple[Posting, ...], now: Posting) -> Posting | None:
    """The stretch that ended because this one began."""
    ended = [one for one in others if one.until_on == now.from_on and one.ended is now.began]
    return ended[-1] if ended else None


def _reopened(others: tuple[Posting, ...], before: Posting) -> tuple[Posting, ...]:
    lasting = replace(before, until_on=None, ended=None, title="", post="")
    return tuple(lasting if one is before else one for one in others)


def _ended(one: Posting, rank: Rank, day: date, act: PostingAct) -> Posting:
    return replace(one, until_on=day, ended=act, title=rank[0], post=rank[1])
