"""微信 — the operator's verbs about official accounts and who is bound to them."""

from __future__ import annotations

from typing import Any

import click

from app.accounts import commands as accounts
from app.accounts import rules
from app.accounts.terms import AccountKind, Mode
from app.cli.desk import Desk, Told, help_of, verb


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
    )
    with desk.work() as work:
        put = accounts.put_official_account(work, described)
    answer = {"slug": described.slug, "mode": described.mode, "outcome": put}
    return Told(answer, f"account.add.{put}")


@verb(group, "bind", "accounts.bind")
@click.argument("slug")
@click.option("--openid", required=True, help=help_of("wechat.bind.openid"))
@click.option("--person", required=True, metavar="PERSON_NO", help=help_of("wechat.bind.person"))
def bind(desk: Desk, slug: str, *, openid: str, person: str) -> dict[str, Any]:
    with desk.work() as work:
        accounts.bind(work, slug, openid, person)
    return {"bound": True}
