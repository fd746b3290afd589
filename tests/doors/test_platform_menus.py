"""Menus and tags at the simulator: synchronised by what differs, and put on who is bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.accounts import commands, queries, steps
from app.accounts.terms import AccountKind, FollowerAct
from app.base import outbox
from app.base.site import Site
from app.base.work import Work, begin
from app.cli import desk, verbs
from app.kernel.errors import InvalidError, UnavailableError
from tests.conftest import Clock
from tests.support.cast import CAO_JING, HE_MIN, OPERATOR, Cast
from tests.support.platforms import Met
from tests.support.wechat_client import ACCOUNTS, CITY_OFFICE, SERVICE, Official

CREATE, ADD, REMOVE = "/menu/create", "/menu/addconditional", "/menu/delconditional"
TAGGED, UNTAGGED = "/members/batchtagging", "/members/batchuntagging"


def synced(met: Met, slug: str = SERVICE, *, trial: bool = False) -> Any:
    deliver(met.site, lambda work: commands.sync_menu(work, slug, trial=trial))
    with begin(met.site, OPERATOR) as work:
        return queries.menu_state(work, slug)


def deliver(site: Site, act: Callable[[Work], object]) -> None:
    """A command, and what it left to be done."""
    with begin(site, OPERATOR) as work:
        act(work)
    for message in work.messages:
        outbox.deliver(site, message.id)


def bound(met: Met, openid: str, person_no: str) -> None:
    """The operator's command, and the tag that follows from it."""
    deliver(met.site, lambda work: commands.bind(work, SERVICE, openid, person_no))
    deliver(met.site, lambda work: steps.retag(work, SERVICE, openid))


def tags_of(met: Met, openid: str) -> list[int]:
    [found] = [one for one in met.simulator.control("GET", "/users") if one["openid"] == openid]
    return list(found["tags"])


def menu_seen(met: Met, openid: str) -> list[str]:
    token = met.platform().tokens.access().reveal()
    path = f"/cgi-bin/menu/trymatch?access_token={token}"
    answer = met.simulator.call("POST", path, {"user_id": openid})
    return [below["name"] for one in answer.said["button"] for below in one.get("sub_button", [])]


class TestSynchronising:
    def test_the_first_time_everything_is_made_and_then_nothing(self, met: Met) -> None:
        first = synced(met)
        again = synced(met)

        assert [step["step"] for step in first.steps] == ["create", "add"]
        assert all(step["done"] for step in first.steps)
        assert (again.steps, again.error) == ((), None)
        assert (met.asked(CREATE), met.asked(ADD)) == (1, 1)

    def test_on_trial_nothing_is_changed(self, met: Met) -> None:
        tried = synced(met, trial=True)

        assert [step["step"] for step in tried.steps] == ["create", "add"]
        assert not any(step["done"] for step in tried.steps)
        assert (met.asked(CREATE), met.asked(ADD), met.asked("/tags/create")) == (0, 0, 0)

    def test_what_somebody_changed_by_hand_is_put_right(self, met: Met) -> None:
        synced(met)
        body = {"button": [{"type": "click", "name": "别的", "key": "x"}]}
        met.platform().post("cgi-bin/menu/create", body)

        assert [step["step"] for step in synced(met).steps] == ["create"]
        assert synced(met).steps == ()

    def test_an_account_without_web_log_in_has_one_menu_of_keys(self, met: Met) -> None:
        city = replace(ACCOUNTS[CITY_OFFICE], verified=True)
        met.simulator.put(city)
        with begin(met.site, OPERATOR) as work:
            commands.put_official_account(work, city)

        state = synced(met, CITY_OFFICE)

        assert [step["step"] for step in state.steps] == ["create"]
        assert synced(met, CITY_OFFICE).steps == ()

    def test_an_account_that_may_have_no_menu_is_told_so(self, met: Met) -> None:
        with begin(met.site, OPERATOR) as work:
            commands.put_official_account(work, replace(ACCOUNTS[CITY_OFFICE], verified=False))

        state = synced(met, CITY_OFFICE)

        assert state.steps == ()
        assert "接口权限" in state.error
        assert met.simulator.requests() == []

    def test_where_it_stops_half_way_it_goes_on_from_there(self, met: Met) -> None:
        met.simulator.fault(path=ADD, do={"errcode": 45009})
        stopped = synced(met)
        met.simulator.mend()
        with begin(met.site, OPERATOR) as work:
            commands.put_official_account(work, ACCOUNTS[SERVICE])

        assert [step["done"] for step in stopped.steps] == [True, False]
        assert stopped.error
        assert [step["step"] for step in synced(met).steps] == ["add"]

    def test_the_verb_says_what_it_did(self, met: Met, capsys: pytest.CaptureFixture[str]) -> None:
        def say(*words: str) -> str:
            desk.run(["wechat", "menu", "sync", SERVICE, *words], lambda: met.site, verbs.root)
            return capsys.readouterr().out

        assert "2 处不同" in say("--dry-run")
        assert "改了 2 处" in say()
        assert "没有改动" in say()
        assert '"steps": []' in say("--json")

    def test_the_verb_refuses_what_is_not_there(
        self, met: Met, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = desk.run(
            ["wechat", "menu", "sync", "nobody", "--json"], lambda: met.site, verbs.root
        )

        assert code == 2
        assert "accounts.official.unknown" in capsys.readouterr().out

    def test_a_mini_program_has_no_menu(self, met: Met) -> None:
        with begin(met.site, OPERATOR) as work:
            city = replace(ACCOUNTS[CITY_OFFICE], kind=AccountKind.MINI)
            commands.put_official_account(work, city)

        with pytest.raises(InvalidError), begin(met.site, OPERATOR) as work:
            commands.sync_menu(work, CITY_OFFICE, trial=False)

    def test_one_that_waits_is_not_told_as_done(self, met: Met, clock: Clock) -> None:
        synced(met)
        clock.advance(minutes=1)
        with begin(met.site, OPERATOR) as work:
            commands.sync_menu(work, SERVICE, trial=False)

        with pytest.raises(UnavailableError), begin(met.site, OPERATOR) as work:
            queries.menu_state(work, SERVICE, work.now)


class TestTags:
    def test_who_is_bound_sees_another_menu(self, met: Met, cast: Cast) -> None:
        met.simulator.user(met.account, "o-2")
        synced(met)

        bound(met, "o-1", HE_MIN)

        assert "为什么没有得分" in menu_seen(met, "o-1")
        assert "绑定" in menu_seen(met, "o-2")

    def test_who_was_bound_before_the_menu_is_tagged_with_it(self, met: Met, cast: Cast) -> None:
        bound(met, "o-1", HE_MIN)
        assert met.asked(TAGGED) == 0

        synced(met)

        assert tags_of(met, "o-1")
        assert met.asked(TAGGED) == 1

    def test_who_loses_the_account_loses_the_tag(
        self, met: Met, cast: Cast, official: Official
    ) -> None:
        met.simulator.user(met.account, "o-2")
        synced(met)
        bound(met, "o-1", HE_MIN)

        # o-1's person is given to o-2, which ends o-1's binding.
        official.bind(SERVICE, "o-2", HE_MIN)
        if queries.binding_of(met.site, SERVICE, "o-1") is not None:
            official.bind(SERVICE, "o-1", CAO_JING)
        for openid in ("o-1", "o-2"):
            deliver(met.site, lambda work, one=openid: steps.retag(work, SERVICE, one))

        for openid in ("o-1", "o-2"):
            is_bound = queries.binding_of(met.site, SERVICE, openid) is not None
            assert bool(tags_of(met, openid)) is is_bound

    def test_a_tag_that_is_right_costs_no_call(self, met: Met, cast: Cast) -> None:
        synced(met)
        bound(met, "o-1", HE_MIN)
        for _ in range(3):
            deliver(met.site, lambda work: steps.retag(work, SERVICE, "o-1"))

        assert (met.asked(TAGGED), met.asked(UNTAGGED)) == (1, 0)

    def test_who_comes_back_gets_the_tag_back(self, met: Met, cast: Cast, clock: Clock) -> None:
        synced(met)
        bound(met, "o-1", HE_MIN)
        steps.heard(met.site, SERVICE, "o-1", FollowerAct.LEAVE)
        met.simulator.user(met.account, "o-1", tags=[])

        steps.heard(met.site, SERVICE, "o-1", FollowerAct.FOLLOW)
        while outbox.deliver_next(met.site):
            clock.advance(seconds=2)

        assert tags_of(met, "o-1")

    def test_a_platform_that_is_silent_is_asked_again_later(
        self, met: Met, cast: Cast, clock: Clock
    ) -> None:
        synced(met)
        met.simulator.fault(path=TAGGED, do={"errcode": 45011})
        bound(met, "o-1", HE_MIN)
        assert not tags_of(met, "o-1")

        clock.advance(minutes=1)
        while outbox.deliver_next(met.site):
            pass

        assert tags_of(met, "o-1")

    def test_an_openid_that_is_none_spoils_the_tag_for_nobody(self, met: Met, cast: Cast) -> None:
        bound(met, "o-nobody", CAO_JING)
        bound(met, "o-1", HE_MIN)

        state = synced(met)

        assert state.error is None
        assert tags_of(met, "o-1")
        assert met.asked(TAGGED) == 3

    def test_a_tag_that_was_taken_from_the_platform_is_made_and_put_on_again(
        self, met: Met, cast: Cast
    ) -> None:
        synced(met)
        bound(met, "o-1", HE_MIN)
        met.simulator.control("POST", "/reset")
        met.simulator.put(met.account)
        met.simulator.user(met.account, "o-1")

        synced(met)

        assert tags_of(met, "o-1")
