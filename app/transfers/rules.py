"""转单位规则 — who may do what about a transfer, by where they stand and what time it is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from app.accounts.rules.logins import Limit
from app.kernel.place import Place
from app.org.terms import Unit
from app.transfers.terms import Act, Case, Side, State

# Numbers follow each other: who guesses names to them is held up.
GUESSES = Limit("transfer.guess", 20, timedelta(hours=1))
LONGEST_REASON = 200


def as_of(case: Case, now: datetime) -> Case:
    """The case at a moment: what both units did not agree to in time is over.

    Once both have agreed nothing runs out: it waits for the platform alone.
    """
    late = not (case.left and case.joined) and now >= case.expires_at
    return replace(case, state=State.EXPIRED) if case.state is State.OPEN and late else case


def sides_of(place: Place, source: Unit, target: Unit) -> frozenset[Side]:
    """Who stands there, to a transfer between these units.

    A unit's own administrator, or who is above it alone, speaks for it; who is above both is not
    one of the two.
    """
    found = set()
    above_source, above_target = place.holds(source.place), place.holds(target.place)
    if place == source.realm or (above_source and not above_target):
        found.add(Side.OUT)
    if place == target.realm or (above_target and not above_source):
        found.add(Side.IN)
    if above_source and above_target:
        found.add(Side.ABOVE)
    return frozenset(found)


def acts_of(case: Case, sides: Collection[Side], now: datetime, *, governs: bool) -> frozenset[Act]:
    """What these sides may do about an open transfer; nothing about one that is over.

    `governs` tells the operator of the platform, without whom nobody crosses from city to city.
    """
    if as_of(case, now).state is not State.OPEN:
        return frozenset()
    units = {Side.OUT, Side.IN} & set(sides)
    agreed = {Side.OUT: case.left, Side.IN: case.joined}
    found = set()
    if any(not agreed[side] for side in units):
        found.add(Act.CONFIRM)
    if case.started_by in sides:
        found.add(Act.WITHDRAW)
    elif units:
        found.add(Act.REFUSE)
    heard = case.left or now >= case.silent_at
    if Side.ABOVE in sides and case.joined and heard and (governs or not case.across):
        found.add(Act.COMPLETE)
    return frozenset(found)


def is_hidden(case: Case, sides: Collection[Side]) -> bool:
    """Whether where the person comes from is not told: the unit that asked guessed a number."""
    asked = set(sides) == {Side.IN} and case.started_by is Side.IN
    return asked and not case.left and case.state is not State.DONE


def same_city(source: Place, target: Place, cities: Collection[int]) -> bool:
    """Whether both stand in one of these cities."""
    common = set(source.path.split(".")) & set(target.path.split("."))
    return any(str(city) in common for city in cities)
