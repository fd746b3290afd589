"""框架 — what stands around every page of the console: who acts, where to go, what is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from flask import (
    Blueprint,
    Response,
    flash,
    get_flashed_messages,
    make_response,
    redirect,
    render_template,
    request,
)
from flask.typing import ResponseReturnValue

from app.accounts import queries as desk
from app.accounts.terms import Badge
from app.base import words
from app.base.work import Work, begin
from app.kernel.actor import Permission, Role
from app.kernel.span import SHANGHAI
from app.web import headers
from app.web.console import trails, waiting
from app.web.sessions import Guest

# What `base.documents` makes anew of what others send in.
PICTURES = frozenset({"image/jpeg", "image/png"})
# Every page of the console asks who is looking, for its top, and what waits, for its menu.
DOORS = ("accounts.badge_of", *waiting.DOORS)


@dataclass(frozen=True, slots=True)
class Item:
    """菜单项 — where it leads, and what one must be allowed for it to be of use."""

    endpoint: str
    needs: Permission
    # Screens that one comes to from there.
    also: tuple[str, ...] = ()

    @property
    def blueprint(self) -> str:
        """The screens behind it."""
        return self.endpoint.partition(".")[0]

    @property
    def screens(self) -> tuple[str, ...]:
        """On each of these it is the present one."""
        return self.blueprint, *self.also

    @property
    def label(self) -> str:
        """As people call it."""
        return words.book("console")[f"menu.{self.blueprint}"]


@dataclass(frozen=True, slots=True)
class Section:
    """菜单组 — items under one heading, or under none."""

    name: str
    items: Sequence[Item]

    @property
    def title(self) -> str:
        """The heading."""
        return words.book("console")[f"menu.{self.name}"] if self.name else ""


P = Permission
MENU: Sequence[Section] = (
    Section("", (Item("console.home", P.PEOPLE_READ),)),
    Section("of_people", (
        Item("people.index", P.PEOPLE_READ, ("merging", "imports", "edits")),
        Item("departments.index", P.ORG_IMPORT),
        Item("transfers.shelf", P.PEOPLE_TRANSFER),
        Item("cards.shelf", P.CARDS_CHANGE, ("reading", "card_imports")),
        Item("bindings.page", P.ACCOUNTS_BIND),
    )),
    Section("project", (
        Item("filings.shelf", P.PROJECTS_READ),
        Item("projects.shelf", P.PROJECTS_READ, (
            "analysis", "awarding", "clocks", "settling", "project_imports",
        )),
    )),
    Section("of_credit", (Item("courses.start", P.CREDITS_ENTER),)),
    Section("other", (
        Item("tasks.page", P.PEOPLE_READ), Item("administrators.page", P.ACCOUNTS_GRANT),
        Item("logbook.page", P.AUDIT_READ),
    )),
)  # fmt: skip


def screens(name: str, path: str) -> Blueprint:
    """A blueprint for the pages below /console/<path>, with the console's headers."""
    made = Blueprint(name, __name__, url_prefix=f"/console{path}")
    made.after_request(headers.console)
    return made


@contextmanager
def working(guest: Guest) -> Iterator[Work]:
    """A work in the name of who is looking, in the capacity they chose."""
    with begin(guest.site, guest.actor) as work:
        yield work


def page(guest: Guest, template: str, status: int = 200, **shown: object) -> Response:
    """A page of the console: the template, with who is looking around it."""
    with working(guest) as work:
        badge = desk.badge_of(work, guest.session.name)
        waits = waiting.badges(waiting.todos(work))
    made = render_template(
        template, session=guest.session, badge=badge, menu=menu_of(guest), told=told(),
        acting=_acting(guest, badge), at=here, who=trails.who, badges=waits,
        role=lambda one: words.book("roles")[one],
        may=lambda one: one in guest.actor.permissions, help=_help(), **shown,
    )  # fmt: skip
    return make_response(made, status)


def _help() -> list[str]:
    """帮助 — what a newcomer to the present page wants to know, by paragraphs."""
    said = words.book("help").get(request.endpoint or "", "")
    return said.split("|") if said else []


def here(moment: datetime) -> datetime:
    """A moment by the clocks of whoever looks."""
    return moment.astimezone(SHANGHAI)


def download(content: bytes | Iterator[bytes], name: str, kind: str) -> Response:
    """A file that the browser keeps under that name; no other way do servers send Chinese ones."""
    answer = Response(content, content_type=kind)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


def look(content: bytes, name: str, kind: str) -> Response:
    """The same, but a picture is shown: we made it anew, so that it is dots and nothing else.

    Whatever else came from others is only to be kept. A PDF stays as it came, and what draws one in
    a browser would follow its links and forms on our behalf; told to be in a sandbox, it draws
    nothing.
    """
    answer = download(content, name, kind)
    if kind in PICTURES:
        answer.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(name)}"
        headers.looked_at(answer)
    return answer


def menu_of(guest: Guest) -> tuple[Section, ...]:
    """The part of the menu that is of use to who is looking; nothing for one's own person alone."""
    if guest.actor.role is Role.PERSON:
        return ()
    may = guest.actor.permissions
    found = ((one.name, [item for item in one.items if item.needs in may]) for one in MENU)
    return tuple(Section(name, items) for name, items in found if items)


def _acting(guest: Guest, badge: Badge) -> str:
    """As what one acts now, and where; until one of several is chosen, as the first."""
    now = guest.session.chosen or next(iter(guest.session.login.grants), None)
    held = next((one for one in badge.capacities if one.grant == now), None)
    return "" if held is None else f"{held.where}·{words.book('roles')[held.grant.role]}"


def tell(code: str, facts: Mapping[str, object] | None = None) -> None:
    """Say on the next page what was done: the sentence of that code in words/console.toml."""
    say(words.sentence("console", code, facts or {}))


def done(address: str, code: str, facts: Mapping[str, object] | None = None) -> ResponseReturnValue:
    """On to the page of that address, which says what was done, by code as `tell`."""
    tell(code, facts)
    return redirect(address, 303)


def say(sentence: str) -> None:
    """Say on the next page why something was not done."""
    flash(sentence)


def told() -> list[str]:
    """What was done, said once."""
    return [str(one) for one in get_flashed_messages()]
