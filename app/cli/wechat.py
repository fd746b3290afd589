"""微信 — the operator's verbs about official accounts and who is bound to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.accounts import commands as accounts
from app.accounts import queries, rules
from app.accounts.commands import requests as answering
from app.accounts.commands import slips as printing
from app.accounts.queries import proofs
from app.accounts.terms import AccountKind, MenuState, Mode
from app.accounts.terms.proofs import Waits
from app.cli import slips as filing
from app.cli.desk import REFUSED, Desk, Told, help_of, verb
from app.kernel.span import shown
from app.org import queries as org
from app.speech import slips as sheets


@click.group("wechat", help=help_of("wechat"))
def group() -> None:
    """Verbs about WeChat."""


@group.group("account", help=help_of("account"))
def account() -> None:
    """Verbs about official accounts."""


@verb(account, "add", "accounts.put_official_account")
@click.argument("slug")
@click.option(
    "--kind",
    type=click.Choice([one.value for one in AccountKind]),
    required=True,
    help=help_of("account.add.kind"),
)
@click.option("--name", required=True, help=help_of("account.add.name"))
@click.option("--appid", required=True, help=help_of("account.add.appid"))
@click.option("--secret", required=True, help=help_of("account.add.secret"))
@click.option("--token", required=True, help=help_of("account.add.token"))
@click.option("--aes-key", help=help_of("account.add.aes_key"))
@click.option(
    "--mode", type=click.Choice([one.value for one in Mode]), help=help_of("account.add.mode")
)
@click.option("--verified/--unverified", default=None, help=help_of("account.add.verified"))
@click.option("--notice", metavar="'ID FIELD FIELD'", help=help_of("account.add.notice"))
def add(
    desk: Desk,
    slug: str,
    *,
    kind: str,
    name: str,
    appid: str,
    secret: str,
    token: str,
    aes_key: str | None,
    mode: str | None,
    verified: bool | None,
    notice: str | None,
) -> Told:
    described = rules.official_account(
        slug,
        kind=AccountKind(kind),
        name=name,
        appid=appid,
        secret=secret,
        token=token,
        aes_key=aes_key,
        mode=None if mode is None else Mode(mode),
        production=desk.site.config.production,
        verified=verified,
        notice=notice,
    )
    with desk.work() as work:
        put = accounts.put_official_account(work, described)
    answer = {"slug": described.slug, "mode": described.mode, "outcome": put}
    return Told(answer, f"account.add.{put}")


@group.group("menu", help=help_of("menu"))
def menu() -> None:
    """Verbs about menus."""


@verb(menu, "sync", "accounts.sync_menu", "accounts.menu_state")
@click.argument("slug")
@click.option("--dry-run", is_flag=True, help=help_of("menu.sync.dry_run"))
def sync(desk: Desk, slug: str, *, dry_run: bool) -> Told:
    with desk.work() as work:
        accounts.sync_menu(work, slug, trial=dry_run)
        asked_at = work.now
    with desk.work() as work:
        state = queries.menu_state(work, slug, asked_at)
    answer = {"slug": slug, "trial": state.trial, "steps": list(state.steps), "error": state.error}
    if state.error is not None:
        desk.code = REFUSED
    facts = answer | {"count": len(state.steps)}
    return Told(answer, f"menu.sync.{_outcome(state)}", facts)


def _outcome(state: MenuState) -> str:
    if state.error is not None:
        return "failed"
    if not state.steps:
        return "same"
    return "trial" if state.trial else "done"


@verb(group, "bind", "accounts.bind")
@click.argument("slug")
@click.option("--openid", required=True, help=help_of("wechat.bind.openid"))
@click.option("--person", required=True, metavar="PERSON_NO", help=help_of("wechat.bind.person"))
def bind(desk: Desk, slug: str, *, openid: str, person: str) -> dict[str, Any]:
    with desk.work() as work:
        accounts.bind(work, slug, openid, person)
    return {"bound": True}


@verb(group, "slips", "accounts.issue_slips")
@click.option("--department", required=True, metavar="CODE", help=help_of("wechat.slips.unit"))
@click.option("--person", metavar="PERSON_NO", help=help_of("wechat.slips.person"))
@click.option("--out", type=click.Path(path_type=Path), help=help_of("wechat.slips.out"))
def slips(desk: Desk, *, department: str, person: str | None, out: Path | None) -> Told:
    """Without a file the codes are in the answer, which then is the only place where they are."""
    with desk.work() as work:
        made = printing.issue_slips(work, department, person_no=person)
        if out is not None:
            filing.write(out, org.unit_by_code(work, department).name, made)
    answer: dict[str, Any] = {"slips": len(made)}
    if out is not None:
        return Told(answer | {"file": str(out)}, "wechat.slips.file")
    answer["codes"] = [
        {
            "person_no": slip.person_no,
            "name": slip.name,
            "code": slip.code.reveal(),
            "expires_at": shown(slip.expires_at),
        }
        for slip in made
    ]
    return Told(answer, "wechat.slips", {"sheet": sheets.as_text(made)})


@verb(group, "requests", "accounts.requests")
def requests(desk: Desk) -> dict[str, Any]:
    with desk.work() as work:
        found = proofs.requests(work)
    return {
        "requests": [
            {
                "id": one.id,
                "account": one.slug,
                "name": one.name,
                "department": one.department,
                "note": one.note,
                "asked_at": shown(one.asked_at),
                "likely": [person.no for person in one.likely],
            }
            for one in found
        ]
    }


@verb(group, "approve", "accounts.approve_request")
@click.argument("request_id", type=int, metavar="ID")
@click.option("--person", required=True, metavar="PERSON_NO", help=help_of("wechat.bind.person"))
@click.option("--reason", default="", help=help_of("wechat.approve.reason"))
def approve(desk: Desk, request_id: int, *, person: str, reason: str) -> Told:
    with desk.work() as work:
        outcome = answering.approve_request(work, request_id, person, reason)
    if isinstance(outcome, Waits):
        until = shown(outcome.until)
        return Told({"bound": False, "pending_until": until}, "wechat.approve.later")
    return Told({"bound": True}, "wechat.approve.now")


@verb(group, "refuse", "accounts.refuse_request")
@click.argument("request_id", type=int, metavar="ID")
@click.option("--reason", required=True, help=help_of("wechat.refuse.reason"))
def refuse(desk: Desk, request_id: int, *, reason: str) -> dict[str, Any]:
    with desk.work() as work:
        answering.refuse_request(work, request_id, reason)
    return {"refused": True}
