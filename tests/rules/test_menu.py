"""Menus: from words to the platform's JSON, within its limits, and what differs there."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base import words
from app.kernel.errors import InvalidError
from tests.house.trees import ROOT
from wechat import menu
from wechat.menu import AddTagged, CreateDefault, RemoveTagged, Wanted, difference
from wechat.routes import ROUTER

PAGES = "https://kejiao.example/m/yingchuan/"
OURS = ("service", "service_bound", "subscription")


def ours(name: str) -> menu.Buttons:
    return menu.buttons_of(words.book("menus"), name, PAGES)


def leaves(buttons: menu.Buttons) -> list[dict[str, Any]]:
    return [leaf for one in buttons for leaf in one.get("sub_button", [one])]


@pytest.mark.parametrize("name", OURS)
def test_our_menus_are_within_the_platforms_limits(name: str) -> None:
    buttons = ours(name)

    assert len(buttons) <= 3
    for one in buttons:
        assert len(one["name"].encode()) <= 16
        assert len(one["name"]) <= 4  # 四个汉字以内才显示得全
        assert len(one.get("sub_button", [])) <= 5
    assert all(len(leaf["name"].encode()) <= 60 for leaf in leaves(buttons))


@pytest.mark.parametrize("name", OURS)
def test_every_key_of_a_menu_is_a_route(name: str) -> None:
    keys = {leaf["key"] for leaf in leaves(ours(name)) if leaf["type"] == "click"}

    assert keys <= {route.key for route in ROUTER.routes}


@pytest.mark.parametrize("name", OURS)
def test_every_page_of_a_menu_is_one_of_the_accounts(name: str) -> None:
    pages = {leaf["url"] for leaf in leaves(ours(name)) if leaf["type"] == "view"}

    assert all(url.startswith(PAGES) and url != PAGES for url in pages)


def test_an_account_that_may_not_ask_who_comes_has_keys_only() -> None:
    assert {leaf["type"] for leaf in leaves(ours("subscription"))} == {"click"}


def test_who_is_bound_is_not_offered_to_be_bound() -> None:
    offered = {leaf["name"] for leaf in leaves(ours("service"))}
    to_bound = {leaf["name"] for leaf in leaves(ours("service_bound"))}

    assert "绑定" in offered - to_bound
    assert "为什么没有得分" in to_bound - offered


@pytest.mark.parametrize(
    ("book", "cause"),
    [
        ({}, "count"),
        ({f"m.{n}.{x}": "x" for n in range(4) for x in ("name", "key")}, "count"),
        ({"m.1.name": "x"} | {f"m.1.{n}.{x}": "x" for n in range(6) for x in ("name", "key")},
         "count"),
        ({"m.1.name": "六个汉字太长", "m.1.key": "x"}, "long"),
        ({"m.1.name": "x", "m.1.1.name": "长" * 21, "m.1.1.key": "x"}, "long"),
        ({"m.1.name": "x", "m.1.key": "k" * 129}, "long"),
        ({"m.1.name": "x", "m.1.page": "p" * 1024}, "long"),
    ],
)  # fmt: skip
def test_a_menu_that_the_platform_would_refuse_is_refused_here(
    book: dict[str, str], cause: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        menu.buttons_of(book, "m", PAGES)

    assert refused.value.code == f"wechat.menu.{cause}"
    assert words.of_error(refused.value)


def standing(buttons: menu.Buttons | None, *conditional: tuple[str, Any, str]) -> dict[str, Any]:
    """What the platform answers, with what it adds."""
    told: dict[str, Any] = {}
    if buttons is not None:
        kept = copy.deepcopy(buttons)
        for one in kept:
            one.setdefault("sub_button", [])
        told["menu"] = {"button": kept, "menuid": 208396938}
    if conditional:
        told["conditionalmenu"] = [
            {"button": one, "matchrule": {"tag_id": tag, "client_platform_type": ""}, "menuid": at}
            for tag, one, at in conditional
        ]
    return told


A, B = ours("service"), ours("service_bound")
WANTED = Wanted(A, B, 101)


@pytest.mark.parametrize(
    ("there", "steps"),
    [
        (standing(None), (CreateDefault(A), AddTagged(B, 101))),
        (standing(A), (AddTagged(B, 101),)),
        (standing(A, ("101", B, "7")), ()),
        (standing(B, ("101", B, "7")), (CreateDefault(A),)),
        (standing(A, ("101", A, "7")), (AddTagged(B, 101), RemoveTagged("7"))),
        (standing(A, ("102", B, "7")), (AddTagged(B, 101), RemoveTagged("7"))),
        (standing(A, ("101", B, "7"), ("101", B, "8")), (RemoveTagged("8"),)),
        (standing(A, ("101", B, "7"), ("5", A, "8")), (RemoveTagged("8"),)),
    ],
)
def test_only_what_differs_is_done_in_the_order_the_platform_needs(
    there: dict[str, Any], steps: tuple[menu.Step, ...]
) -> None:
    assert difference(WANTED, there) == steps


def test_an_account_without_tags_loses_its_conditional_menus() -> None:
    assert difference(Wanted(A), standing(A, ("101", B, "7"))) == (RemoveTagged("7"),)


def test_before_the_tag_is_there_its_menu_is_still_to_be_added() -> None:
    assert difference(Wanted(A, B, None), standing(A)) == (AddTagged(B, None),)


_ODD = st.sampled_from([None, True, 7, "x", [], {}, [None], [{}], {"button": 7}])
_MENU = st.fixed_dictionaries({}, optional={
    "button": _ODD, "menuid": _ODD, "name": _ODD,
    "matchrule": _ODD | st.fixed_dictionaries({"tag_id": _ODD}),
})  # fmt: skip


@given(menu_there=_ODD | _MENU, others=_ODD | st.lists(_ODD | _MENU, max_size=3))
def test_whatever_the_platform_answers_ends_in_steps(menu_there: Any, others: Any) -> None:
    answer = {"menu": menu_there, "conditionalmenu": others}

    for step in difference(WANTED, answer):
        assert menu.told(step)["step"] in {"create", "add", "remove"}


def test_the_words_of_menus_are_read_in_order_of_number() -> None:
    book = {f"m.{n}.{x}": f"{n}" for n in ("10", "9", "2") for x in ("name", "key")}

    assert [one["name"] for one in menu.buttons_of(book, "m", PAGES)] == ["2", "9", "10"]
    assert (ROOT / "app" / "words" / "menus.toml").exists()
