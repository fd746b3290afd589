"""What is one hospital's is neither shown to another nor changed by it, through whatever door."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from types import FunctionType
from typing import Any

import pytest
from sqlalchemy import Engine, event

from app.base.database import Base
from app.base.site import Site
from app.base.work import DOORS, Door, begin
from app.kernel.actor import ROLES, Actor, Role
from app.kernel.errors import CmeError, ForbiddenError
from tests.house.doorbook import BOOK, Case
from tests.house.estate import STRANGERS, TELLTALES, Estate, hashes
from tests.house.trees import ROOT, sources
from tests.support.cast import HOSPITAL, Cast

# A door nobody imports is a door nobody asks.
for _source in sources():
    if _source.path.name not in {"__main__.py", "__init__.py"}:
        import_module(_source.name)


class _UndoneError(Exception):
    """Ends a work whose outcome nobody wants."""


def doors() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function that is marked as a door, with the name under which the house knows it."""
    for name, module in sorted(sys.modules.items()):
        if not name.startswith("app."):
            continue
        for one in vars(module).values():
            if isinstance(one, FunctionType) and one.__module__ == name:
                door = f"{name.split('.')[1]}.{one.__name__}"
                if door in DOORS and hasattr(one, "__wrapped__"):
                    yield door, one


def ours() -> dict[str, Door]:
    """The doors of the product; a test may have made some of its own."""
    contexts = {path.name for path in (ROOT / "app").iterdir()}
    return {name: door for name, door in DOORS.items() if name.split(".")[0] in contexts}


def test_every_door_is_in_the_book() -> None:
    assert set(BOOK) == set(ours())


def test_every_door_has_a_name_of_its_own() -> None:
    assert sorted(name for name, _ in doors()) == sorted(ours())


@pytest.mark.parametrize("role", Role)
def test_a_role_without_the_permission_is_refused_before_anything_happens(
    site: Site, cast: Cast, role: Role
) -> None:
    closed = [one for name, one in doors() if DOORS[name].permission not in ROLES[role]]
    said: list[str] = []

    def hear(*facts: Any) -> None:
        said.append(facts[2])

    with begin(site, cast.actor(role, HOSPITAL)) as work:
        event.listen(site.engine, "before_cursor_execute", hear)
        for door in closed:
            with pytest.raises(ForbiddenError) as refused:
                door(work)
            assert refused.value.code == "base.work.forbidden"
        event.remove(site.engine, "before_cursor_execute", hear)

    assert said == []
    assert len(closed) == sum(door.permission not in ROLES[role] for door in ours().values())


def test_whose_it_is_gets_what_the_book_asks_for(estate: Estate) -> None:
    """A case that nobody could pass would prove nothing about strangers."""
    unanswered = []
    for name, case in cases():
        answer = None
        try:
            with suppress(_UndoneError), begin(estate.site, case.whose(estate.cast)) as work:
                answer = case.ask(work, estate)
                raise _UndoneError
        except CmeError as refusal:
            unanswered.append((name, refusal.code, [row.code for row in refusal.rows]))
        else:
            if not DOORS[name].writes and not case.common and case.silent(answer):
                unanswered.append((name, "silent", []))

    assert unanswered == []


@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_neither_sees_nor_changes_what_is_not_theirs(
    estate: Estate, owner: Engine, who: str
) -> None:
    stranger = STRANGERS[who](estate.cast)
    before = hashes(owner, estate.place, but=stranger.place)
    breaches = []

    for door, case in cases():
        breaches += [(door, breach) for breach in shown(estate, stranger, case)]
        after = hashes(owner, estate.place, but=stranger.place)
        for table in after:
            public = "path" not in Base.metadata.tables[table].columns
            if after[table] != before[table] and not (public and case.common):
                breaches.append((door, f"changed {table}"))
        before = after

    assert breaches == []


def cases() -> Iterator[tuple[str, Case]]:
    return ((name, case) for name, several in sorted(BOOK.items()) for case in several)


def asked(estate: Estate, actor: Actor, case: Case) -> Any:
    with begin(estate.site, actor) as work:
        return case.ask(work, estate)


def shown(estate: Estate, actor: Actor, case: Case) -> Iterator[str]:
    """What an answer, or a refusal, lets a stranger see."""
    try:
        answer = asked(estate, actor, case)
    except CmeError as refusal:
        told = repr((refusal.facts, refusal.rows))
    else:
        told = repr(answer)
        if not case.common and not case.silent(answer) and answer is not None:
            yield f"answered {told[:200]}"
        if answer is None and not case.common:
            yield "done"
    yield from (f"told {word}" for word in TELLTALES if word in told)
