"""导出 — a list of people leaves the house: who took it stays in the log."""

from __future__ import annotations

from app.accounts.terms import ListKind
from app.base.work import Work, command
from app.kernel.actor import Permission

LIST = "list"


@command(Permission.PEOPLE_READ)
def export(work: Work, kind: ListKind, count: int, about: str = "") -> None:
    """导出名单 — so many lines of that kind were taken away, about that project or day."""
    facts = {"list": kind, "count": count, "about": about}
    told = {name: fact for name, fact in facts.items() if fact != ""}
    work.note(LIST, kind, work.actor.place, kind="take", **told)
