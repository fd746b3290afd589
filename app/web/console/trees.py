"""机构树 — the units beside a list: open along the way to the chosen one, each with its people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.kernel.errors import NotFoundError
from app.org.terms import Branch, UnitId, UnitKind
from app.people.terms import HeadCount


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the tree: the unit, how deep it stands, how many people are at or under it."""

    branch: Branch
    depth: int
    count: int


def chosen(tree: Sequence[Branch], code: str) -> Branch | None:
    """The unit of that code; without one the top, if there is one. NotFoundError out of sight."""
    if code:
        for branch in tree:
            if branch.code == code:
                return branch
        raise NotFoundError("org.unit.unknown", unit=code)
    tops = _tops(tree)
    return tops[0] if len(tops) == 1 else None


def opened(
    tree: Sequence[Branch], at: Branch | None, heads: Iterable[HeadCount]
) -> tuple[Node, ...]:
    """The top of the tree and what stands under each unit on the way to the chosen one."""
    below: dict[int | None, list[Branch]] = {}
    for branch in tree:
        below.setdefault(branch.parent_id, []).append(branch)
    counts = _counts(tree, heads)
    made: list[Node] = []

    def show(branch: Branch, depth: int) -> None:
        if branch.closed and not counts[branch.id]:
            return
        made.append(Node(branch, depth, counts[branch.id]))
        if depth == 0 or (at is not None and branch.place.holds(at.place)):
            for one in below.get(branch.id, ()):
                show(one, depth + 1)

    for top in _tops(tree):
        show(top, 0)
    return tuple(made)


def under(tree: Sequence[Branch], top: Branch, heads: Iterable[HeadCount]) -> tuple[Node, ...]:
    """Everything open under one unit, each below its parent."""
    below: dict[int | None, list[Branch]] = {}
    for branch in tree:
        if not branch.closed:
            below.setdefault(branch.parent_id, []).append(branch)
    counts = _counts(tree, heads)
    made: list[Node] = []

    def show(parent: Branch, depth: int) -> None:
        for one in below.get(parent.id, ()):
            made.append(Node(one, depth, counts[one.id]))
            show(one, depth + 1)

    show(top, 0)
    return tuple(made)


def employer(tree: Sequence[Branch], at: Branch | None) -> Branch | None:
    """The unit nearest above a department that is none itself."""
    known = {branch.id: branch for branch in tree}
    while at is not None and at.kind is UnitKind.DEPARTMENT:
        at = known.get(at.parent_id) if at.parent_id is not None else None
    return at


def _tops(tree: Sequence[Branch]) -> list[Branch]:
    """What has no parent within sight."""
    known = {branch.id for branch in tree}
    return [branch for branch in tree if branch.parent_id not in known]


def _counts(tree: Sequence[Branch], heads: Iterable[HeadCount]) -> dict[int, int]:
    """People at or under each unit: each unit's own are counted into everything above it."""
    parents: dict[int, UnitId | None] = {branch.id: branch.parent_id for branch in tree}
    counts: dict[int, int] = {branch.id: 0 for branch in tree}
    for head in heads:
        at: int | None = head.unit_id
        if head.department_id in counts:
            at = head.department_id
        while at in counts:
            counts[at] += head.count
            at = parents[at]
    return counts
