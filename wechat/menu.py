"""菜单 — from the words of menus.toml to the platform's JSON, and what must change there.

Nothing here asks anybody: what stands on the platform comes in, what is to be done comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from app.kernel.errors import InvalidError

Buttons: TypeAlias = "list[dict[str, Any]]"

MOST, MOST_BELOW = 3, 5
_NAME_BYTES, _NAME_BYTES_BELOW = 16, 60
_KEY_BYTES, _URL_BYTES = 128, 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """想要的菜单 — the default one, and the one for who carries the tag, where there is one."""

    default: Buttons
    tagged: Buttons | None = None
    tag: int | None = None


@dataclass(frozen=True, slots=True)
class CreateDefault:
    """换默认菜单."""

    buttons: Buttons


@dataclass(frozen=True, slots=True)
class AddTagged:
    """加个性化菜单 — `tag` is None where the tag is still to be made."""

    buttons: Buttons
    tag: int | None


@dataclass(frozen=True, slots=True)
class RemoveTagged:
    """删个性化菜单."""

    menuid: str


Step: TypeAlias = CreateDefault | AddTagged | RemoveTagged


def buttons_of(words: Mapping[str, str], menu: str, pages: str) -> Buttons:
    """The menu of that name as the platform takes it; `pages` stands before every page.

    `words` is menus.toml as flat names: `service.3.1.page`. InvalidError where a name, key or
    address is longer than the platform takes, or there are too many.
    """
    top = [
        _button(words, f"{menu}.{place}", pages)
        for place in _places(words, menu)
    ]  # fmt: skip
    if not 1 <= len(top) <= MOST:
        raise InvalidError("wechat.menu.count", menu=menu, count=len(top), most=MOST)
    return top


def difference(wanted: Wanted, standing: Mapping[str, Any]) -> tuple[Step, ...]:
    """What makes the platform's menus the wanted ones, in the order in which it must be done.

    `standing` is the platform's own answer. The default menu must stand before any other is added;
    a conditional menu cannot be changed, so it goes once the new one is there.
    """
    steps: list[Step] = []
    menu = standing.get("menu")
    if not isinstance(menu, Mapping) or _bare(menu.get("button")) != _bare(wanted.default):
        steps.append(CreateDefault(wanted.default))
    kept = False
    removed: list[Step] = []
    for one in _conditional(standing):
        rule = one.get("matchrule")
        mine = isinstance(rule, Mapping) and _tag(rule) == wanted.tag is not None
        if mine and not kept and _bare(one.get("button")) == _bare(wanted.tagged):
            kept = True
        else:
            removed.append(RemoveTagged(str(one.get("menuid", ""))))
    if wanted.tagged is not None and not kept:
        steps.append(AddTagged(wanted.tagged, wanted.tag))
    return (*steps, *removed)


def told(step: Step) -> dict[str, Any]:
    """A step as an operator reads it."""
    match step:
        case CreateDefault(buttons):
            return {"step": "create", "menu": _names(buttons)}
        case AddTagged(buttons, tag):
            return {"step": "add", "tag": tag, "menu": _names(buttons)}
        case RemoveTagged(menuid):
            return {"step": "remove", "menuid": menuid}


def _places(words: Mapping[str, str], at: str) -> list[str]:
    """The numbers that stand directly below a name, in order."""
    below = {name[len(at) + 1 :].split(".")[0] for name in words if name.startswith(f"{at}.")}
    return sorted((place for place in below if place.isdigit()), key=int)


def _button(words: Mapping[str, str], at: str, pages: str) -> dict[str, Any]:
    name = _short(words[f"{at}.name"], _NAME_BYTES, at)
    below = [f"{at}.{place}" for place in _places(words, at)]
    if not below:
        return {"name": name, **_act(words, at, pages)}
    if len(below) > MOST_BELOW:
        raise InvalidError("wechat.menu.count", menu=at, count=len(below), most=MOST_BELOW)
    return {
        "name": name,
        "sub_button": [
            {
                "name": _short(words[f"{one}.name"], _NAME_BYTES_BELOW, one),
                **_act(words, one, pages),
            }
            for one in below
        ],
    }


def _act(words: Mapping[str, str], at: str, pages: str) -> dict[str, Any]:
    if key := words.get(f"{at}.key"):
        return {"type": "click", "key": _short(key, _KEY_BYTES, at)}
    return {"type": "view", "url": _short(f"{pages}{words[f'{at}.page']}", _URL_BYTES, at)}


def _short(text: str, most: int, at: str) -> str:
    if len(text.encode()) > most:
        raise InvalidError("wechat.menu.long", menu=at, text=text, most=most)
    return text


def _conditional(standing: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = standing.get("conditionalmenu")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _tag(rule: Mapping[str, Any]) -> int | None:
    given = str(rule.get("tag_id") or rule.get("group_id") or "")
    return int(given) if given.isascii() and given.isdigit() else None


def _bare(buttons: object) -> object:
    """Buttons without what the platform adds: empty lists and names, and an order of its own."""
    if isinstance(buttons, list):
        return [_bare(one) for one in buttons]
    if isinstance(buttons, Mapping):
        return {
            name: _bare(value) for name, value in buttons.items() if value not in ([], "", None)
        }
    return buttons


def _names(buttons: Buttons) -> list[Any]:
    return [
        {one["name"]: [below["name"] for below in one["sub_button"]]}
        if "sub_button" in one
        else one["name"]
        for one in buttons
    ]
