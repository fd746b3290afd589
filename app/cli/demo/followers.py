"""微信里的人 — the accounts of the demo city, who follows them, and who is bound."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from app.accounts import commands as accounts
from app.accounts import queries, rules
from app.accounts.queries.binding import binding_history
from app.accounts.terms import AccountKind, Mode, OfficialAccount
from app.base.work import Work
from app.cli.demo import materials
from app.cli.demo.platform import Simulator
from app.cli.desk import Desk
from app.kernel.errors import NotFoundError

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def settle(desk: Desk, simulator: Simulator | None) -> None:
    """The accounts stand, the platform knows them and their people, and who is to be is bound.

    What stands already stays. Binding comes last: it may have something to tell the platform.
    """
    for told in _told()["accounts"]:
        if queries.official_account(desk.site, told["slug"]) is None:
            with desk.work() as work:
                accounts.put_official_account(work, _made(desk, told))
    if simulator is not None:
        _introduce(desk, simulator)
    for slug, openid, person_no in _bound():
        with desk.work(deliver=simulator is not None) as work:
            if not _was_bound(work, slug, person_no):
                accounts.bind(work, slug, openid, person_no)
    if simulator is not None:
        _hang_menus(desk)


def all_bound(desk: Desk) -> bool:
    """Whether everybody was bound once; who is not any more has chosen so."""
    with desk.work() as work:
        return all(_was_bound(work, slug, person_no) for slug, _, person_no in _bound())


def person_of(openid: str) -> str | None:
    """The name of the bound person whose openid it is; None for everybody else."""
    for person in _told()["people"]:
        if person["openid"] == openid and person.get("bound"):
            return str(person["name"])
    return None


def openid_on(place: int, openid: str, slug: str) -> str:
    """The person's openid on an account; on the first one, the city's, it is as it is told."""
    return openid if place == 0 else f"{openid}-{slug}"


def _was_bound(work: Work, slug: str, person_no: str) -> bool:
    try:
        return any(past.slug == slug for past in binding_history(work, person_no))
    except NotFoundError:
        return False


def _introduce(desk: Desk, simulator: Simulator) -> None:
    """What people did with their phones before stays theirs: whether they follow, above all."""
    simulator.wait()
    known, template = simulator.known(), _told()["template"]
    for place, told in enumerate(_told()["accounts"]):
        account = queries.official_account(desk.site, told["slug"])
        if account is None:
            continue
        simulator.file(account, template["title"], template["content"].strip())
        for person in _told()["people"]:
            openid = openid_on(place, person["openid"], account.slug)
            facts = {
                "appid": account.appid, "name": person["name"], "about": person.get("about", ""),
                "phone": person["phone"], "unionid": person["openid"],
            }  # fmt: skip
            if openid not in known:
                facts["subscribed"] = person.get("follows", True)
            simulator.meet(openid, facts)


def _hang_menus(desk: Desk) -> None:
    """The menus below each chat, and the tag of the bound, who see another."""
    for told in _told()["accounts"]:
        if told["kind"] != AccountKind.MINI:
            with desk.work() as work:
                accounts.sync_menu(work, told["slug"], trial=False)


def _made(desk: Desk, told: Mapping[str, Any]) -> OfficialAccount:
    """An account with secrets of its own."""
    return rules.official_account(
        told["slug"],
        kind=AccountKind(told["kind"]),
        name=told["name"],
        appid=told["appid"],
        secret=secrets.token_hex(16),
        token=secrets.token_hex(12),
        aes_key="".join(secrets.choice(_LETTERS) for _ in range(42)) + "A",
        mode=Mode(told["mode"]),
        production=desk.site.config.production,
        verified=True,
        notice=told.get("notice"),
    )


def _bound() -> list[tuple[str, str, str]]:
    slug = _told()["accounts"][0]["slug"]
    return [
        (slug, person["openid"], person["person"])
        for person in _told()["people"]
        if person.get("bound")
    ]


def _told() -> Mapping[str, Any]:
    return materials.tables("wechat")
