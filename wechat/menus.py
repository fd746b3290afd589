"""菜单同步与标签 — the platform's menus and tags made what they should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.accounts.terms import OfficialAccount
from app.base.site import Site
from app.base.words import book
from app.kernel.errors import CmeError, InvalidError
from wechat import menu
from wechat.capabilities import Capability, may
from wechat.menu import AddTagged, CreateDefault, RemoveTagged, Step, Wanted
from wechat.platform import oa
from wechat.platform.client import Platform
from wechat.platform.errors import (
    NotFollowingError,
    PlatformError,
    RejectedError,
    WrongOpenidError,
)
from wechat.platform.oa import Tag

# 标签接口一次最多 50 个 openid。
TAGGED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Synced:
    """同步结果 — the steps in order, how many were done, the tag, and what ended it early."""

    steps: tuple[Step, ...]
    done: int
    tag: Tag | None
    error: CmeError | None = None

    @property
    def told(self) -> Sequence[Mapping[str, Any]]:
        """The steps as an operator reads them."""
        return [
            {**menu.told(step), "done": place < self.done} for place, step in enumerate(self.steps)
        ]


def synchronise(site: Site, account: OfficialAccount, *, trial: bool) -> Synced:
    """The account's menus on the platform are ours afterwards; on trial they are only compared."""
    platform = Platform(site, account)
    try:
        tag = _tag(platform, trial=trial)
        number = None if tag is None else tag.number
        steps = menu.difference(_wanted(site, account, number), oa.menus(platform))
    except (PlatformError, InvalidError) as error:
        return Synced((), 0, None, error)
    for place, step in enumerate(() if trial else steps):
        try:
            _do(platform, step)
        except PlatformError as error:
            return Synced(steps, place, tag, error)
    return Synced(steps, 0 if trial else len(steps), tag)


def put_on(site: Site, account: OfficialAccount, tag: int, openids: Sequence[str]) -> Sequence[str]:
    """Those of the followers who carry the tag now: one that is none spoils it for no other.

    PlatformError where the platform will not at all.
    """
    platform = Platform(site, account)
    done: list[str] = []
    for first in range(0, len(openids), TAGGED_AT_ONCE):
        some = openids[first : first + TAGGED_AT_ONCE]
        try:
            oa.put_on_tag(platform, tag, some)
        except (WrongOpenidError, NotFollowingError, RejectedError):
            some = [one for one in some if _follows(platform, tag, one)]
        done += some
    return done


def _follows(platform: Platform, tag: int, openid: str) -> bool:
    """Put the tag on one follower; False for an openid that the platform does not take."""
    try:
        oa.put_on_tag(platform, tag, [openid])
    except (WrongOpenidError, NotFollowingError, RejectedError):
        return False
    return True


def take_off(site: Site, account: OfficialAccount, tag: int, openid: str) -> None:
    """The follower carries the tag no more. PlatformError where the platform will not."""
    try:
        oa.take_off_tag(Platform(site, account), tag, openid)
    except (WrongOpenidError, NotFollowingError):
        return  # who is no follower carries none


def by_tag(account: OfficialAccount) -> bool:
    """Whether the account shows another menu to whom it has tagged."""
    needed = (Capability.CONDITIONAL_MENU, Capability.TAGS, Capability.OAUTH)
    return all(may(account, one) for one in needed)


def _wanted(site: Site, account: OfficialAccount, tag: int | None) -> Wanted:
    words, pages = book("menus"), f"{site.config.public_url}/m/{account.slug}/"
    default = menu.buttons_of(words, account.kind, pages)
    if not by_tag(account):
        return Wanted(default)
    return Wanted(default, menu.buttons_of(words, f"{account.kind}_bound", pages), tag)


def _tag(platform: Platform, *, trial: bool) -> Tag | None:
    """The tag of the bound; on trial it is not made where it is missing."""
    if not by_tag(platform.account):
        return None
    name = book("menus")["tag.bound"]
    if not trial:
        return oa.tag_named(platform, name)
    number = oa.existing_tag(platform, name)
    return None if number is None else Tag(number, is_new=False)


def _do(platform: Platform, step: Step) -> None:
    match step:
        case CreateDefault(buttons):
            oa.create_menu(platform, buttons)
        case AddTagged(buttons, tag):
            if tag is None:
                raise AssertionError("a tag is made before its menu")
            oa.add_conditional_menu(platform, buttons, tag)
        case RemoveTagged(menuid):
            oa.remove_conditional_menu(platform, menuid)
