"""What we say unasked: by which way, how often, and never twice, at the simulator."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.accounts import commands, queries, steps
from app.accounts.terms import FollowerAct, FollowerState, NoticeTemplate
from app.base import outbox
from app.base.work import begin
from tests.conftest import Clock
from tests.support.cast import OPERATOR
from tests.support.platforms import TEMPLATE, Met
from tests.support.simulator import Product
from tests.support.wechat_client import ACCOUNTS, CITY_OFFICE, SERVICE
from wechat import sender

CODE = "request_approved"
SAID = "科教科已经确认，绑定好了。"
CUSTOM, BY_TEMPLATE = "/custom/send", "/template/send"

Fate = Callable[[], tuple[str, str | None, str | None]]


@pytest.fixture
def noticed(met: Met) -> Met:
    """The service account has a template to speak first with."""
    notice = NoticeTemplate("TM-notice", "thing2", "time3")
    with begin(met.site, OPERATOR) as work:
        commands.put_official_account(work, replace(ACCOUNTS[SERVICE], notice=notice))
    return met


@pytest.fixture
def fate(owner: Engine) -> Fate:
    """State, channel and reason of the only delivery."""

    def ask() -> tuple[str, str | None, str | None]:
        with owner.connect() as connection:
            row = connection.execute(
                text("select state, channel, reason from wechat_delivery")
            ).one()
            return row.state, row.channel, row.reason

    return ask


def left(met: Met, openid: str = "o-1", slug: str = SERVICE, **facts: Any) -> int:
    """A message that a command left; its number."""
    with begin(met.site, OPERATOR) as work:
        work.tell("wechat.tell", slug=slug, openid=openid, code=CODE, facts=facts)
    [message] = work.messages
    return message.id


def told(met: Met, openid: str = "o-1", slug: str = SERVICE) -> int:
    """A message that was left and done."""
    number = left(met, openid, slug)
    assert outbox.deliver(met.site, number)
    return number


def heard(met: Met, act: FollowerAct, openid: str = "o-1") -> None:
    """The follower did this, and both sides know."""
    steps.heard(met.site, SERVICE, openid, act)
    acts = {FollowerAct.SPEAK: ("say", {"text": "x"}), FollowerAct.TOUCH: ("click", {"key": "x"})}
    if act in acts:
        name, what = acts[act]
        met.simulator.do(openid, name, **what)


def shown(met: Met) -> list[str]:
    return [one["kind"] for one in met.simulator.sent("o-1") if one["kind"] != "fault"]


def texts(met: Met, openid: str = "o-1") -> list[str]:
    return [one["content"] for one in met.simulator.sent(openid) if one["kind"] == "custom"]


class TestWays:
    def test_who_spoke_to_us_is_told_in_the_chat_with_a_link(self, met: Met, fate: Fate) -> None:
        heard(met, FollowerAct.SPEAK)

        told(met)

        [said] = texts(met)
        assert said.startswith(SAID)
        assert f'href="{met.site.config.public_url}/m/yingchuan/credits"' in said
        assert fate() == ("sent", "custom", None)

    def test_who_did_not_is_told_by_template_under_the_messages_number(
        self, noticed: Met, fate: Fate
    ) -> None:
        number = told(noticed)

        [shown] = noticed.simulator.sent("o-1")
        members = {one["name"]: one["value"] for one in shown["members"]}
        assert shown["client_msg_id"] == str(number)
        assert shown["url"].endswith("/m/yingchuan/credits")
        assert SAID.rstrip("。") in members.values()
        assert "2013-05-25 09:00" in members.values()
        assert fate() == ("sent", "template", None)

    def test_without_a_way_nothing_is_sent_and_why_is_kept(self, met: Met, fate: Fate) -> None:
        told(met)

        assert met.simulator.requests() == []
        assert fate() == ("ended", None, "no_way")

    def test_an_account_that_may_not_speak_first_does_not(self, met: Met, fate: Fate) -> None:
        city = replace(ACCOUNTS[CITY_OFFICE], verified=False)
        with begin(met.site, OPERATOR) as work:
            commands.put_official_account(work, city)
        steps.heard(met.site, CITY_OFFICE, "o-1", FollowerAct.SPEAK)

        told(met, slug=CITY_OFFICE)

        assert met.simulator.requests() == []
        assert fate() == ("ended", None, "no_way")

    def test_five_messages_after_a_message_then_the_template(
        self, noticed: Met, clock: Clock
    ) -> None:
        heard(noticed, FollowerAct.SPEAK)
        for _ in range(7):
            told(noticed)

        assert len(texts(noticed)) == 5
        assert noticed.asked(CUSTOM) == 5
        assert noticed.asked(BY_TEMPLATE) == 2

    def test_three_within_a_minute_of_a_touch(self, noticed: Met, clock: Clock) -> None:
        heard(noticed, FollowerAct.TOUCH)
        for _ in range(4):
            told(noticed)
        assert noticed.asked(CUSTOM) == 3

        heard(noticed, FollowerAct.TOUCH)
        clock.advance(seconds=61)
        told(noticed)

        assert noticed.asked(CUSTOM) == 3

    def test_after_two_days_the_window_is_shut(self, noticed: Met, clock: Clock) -> None:
        heard(noticed, FollowerAct.SPEAK)
        clock.advance(hours=48, seconds=1)

        told(noticed)

        assert (noticed.asked(CUSTOM), noticed.asked(BY_TEMPLATE)) == (0, 1)

    @pytest.mark.parametrize("errcode", [45015, 45047, 48001, 45009])
    def test_where_the_platform_counts_otherwise_it_is_the_template(
        self, noticed: Met, errcode: int, fate: Fate
    ) -> None:
        heard(noticed, FollowerAct.SPEAK)
        noticed.simulator.fault(path=CUSTOM, do={"errcode": errcode})

        told(noticed)

        assert fate() == ("sent", "template", None)

    def test_a_late_answer_goes_to_the_chat_or_nowhere(self, noticed: Met) -> None:
        silent = sender.send_text(noticed.site, SERVICE, "o-1", "还差 3.5 分", 901)
        heard(noticed, FollowerAct.SPEAK)
        said = sender.send_text(noticed.site, SERVICE, "o-1", "还差 3.5 分", 902)

        assert (silent.state, said.state) == ("ended", "sent")
        assert texts(noticed) == ["还差 3.5 分"]


class TestFollowers:
    def test_who_left_is_sent_nothing_and_stays_bound(self, met: Met, fate: Fate) -> None:
        heard(met, FollowerAct.SPEAK)
        heard(met, FollowerAct.LEAVE)

        told(met)

        assert met.simulator.requests() == []
        assert fate() == ("ended", None, "left")

    @pytest.mark.parametrize(
        ("facts", "state"),
        [
            ({"subscribed": False}, FollowerState.LEFT),
            ({"blocked": True}, FollowerState.REFUSES),
            ({"refuses": True}, FollowerState.REFUSES),
        ],
    )
    def test_what_the_platform_says_of_a_follower_is_remembered(
        self, met: Met, facts: dict[str, bool], state: FollowerState
    ) -> None:
        heard(met, FollowerAct.SPEAK)
        met.simulator.user(met.account, "o-1", **facts)

        told(met)
        told(met)

        known = queries.follower(met.site, SERVICE, "o-1")
        assert known is not None
        assert known.state is state
        assert met.asked(CUSTOM) == 1

    def test_an_openid_that_the_platform_does_not_know_is_marked(self, met: Met) -> None:
        steps.heard(met.site, SERVICE, "o-nobody", FollowerAct.SPEAK)

        told(met, "o-nobody")

        known = queries.follower(met.site, SERVICE, "o-nobody")
        assert known is not None
        assert known.state is FollowerState.UNKNOWN

    def test_who_comes_back_is_spoken_to_again(self, met: Met) -> None:
        for act in (FollowerAct.SPEAK, FollowerAct.LEAVE, FollowerAct.FOLLOW):
            steps.heard(met.site, SERVICE, "o-1", act)

        known = queries.follower(met.site, SERVICE, "o-1")

        assert known is not None
        assert known.state is FollowerState.FOLLOWS
        assert steps.spend_leave(met.site, SERVICE, "o-1")


class TestOnce:
    @pytest.mark.parametrize("do", [{"truncate": True}, {"reset": True}, {"html": True}], ids=str)
    def test_a_message_of_the_chat_in_doubt_is_never_sent_again(
        self, noticed: Met, fate: Fate, do: dict[str, object]
    ) -> None:
        heard(noticed, FollowerAct.SPEAK)
        noticed.simulator.fault(path=CUSTOM, do=do)

        told(noticed)

        assert noticed.asked(CUSTOM) == 1
        assert noticed.asked(BY_TEMPLATE) == 0
        assert fate() == ("unknown", "custom", "no_answer")

    def test_a_template_in_doubt_is_sent_again_and_shown_once(
        self, noticed: Met, clock: Clock, fate: Fate
    ) -> None:
        noticed.simulator.fault(path=BY_TEMPLATE, times=3, do={"truncate": True})
        number = left(noticed)
        with pytest.raises(sender.SilentError):
            outbox.deliver(noticed.site, number)
        clock.advance(seconds=2)

        assert outbox.deliver(noticed.site, number)

        assert noticed.asked(BY_TEMPLATE) == 4
        assert len(shown(noticed)) == 1
        assert fate() == ("sent", "template", None)

    def test_after_ten_minutes_the_platform_would_not_know_it_again(
        self, noticed: Met, clock: Clock, fate: Fate
    ) -> None:
        noticed.simulator.fault(path=BY_TEMPLATE, times=3, do={"truncate": True})
        number = left(noticed)
        with pytest.raises(sender.SilentError):
            outbox.deliver(noticed.site, number)
        clock.advance(minutes=10)

        assert outbox.deliver(noticed.site, number)

        assert noticed.asked(BY_TEMPLATE) == 3
        assert fate() == ("unknown", "template", "no_answer")

    @pytest.mark.parametrize("way", ["custom", "template"])
    def test_a_process_that_dies_after_the_call_tells_nobody_twice(
        self, noticed: Met, way: str
    ) -> None:
        if way == "custom":
            heard(noticed, FollowerAct.SPEAK)
        number = left(noticed)
        dying = replace(noticed.site, handlers={"wechat.tell": _dying})
        with suppress(KeyboardInterrupt):
            outbox.deliver(dying, number)

        assert outbox.deliver(noticed.site, number)

        assert len(shown(noticed)) == 1

    def test_where_nothing_was_sent_another_way_is_free(
        self, noticed: Met, clock: Clock, fate: Fate
    ) -> None:
        """The secret is wrong for a while: the chat was chosen, and never called."""
        heard(noticed, FollowerAct.SPEAK)
        noticed.simulator.fault(path="stable_token", do={"errcode": 40125})
        number = left(noticed)
        assert not outbox.deliver(noticed.site, number)
        assert queries.delivered(noticed.site, number) == "sending"
        clock.advance(minutes=10)

        assert outbox.deliver(noticed.site, number)

        assert fate() == ("sent", "custom", None)
        assert len(shown(noticed)) == 1


def _dying(work: Any, body: Any) -> None:
    sender.tell(
        work.site, work.message_id, body["slug"], body["openid"], body["code"], body["facts"]
    )
    raise KeyboardInterrupt


class TestLater:
    def test_a_quota_that_is_used_up_is_waited_for(
        self, noticed: Met, clock: Clock, owner: Engine
    ) -> None:
        noticed.simulator.fault(path=BY_TEMPLATE, do={"errcode": 45009})
        number = left(noticed)
        assert not outbox.deliver(noticed.site, number)
        with owner.connect() as connection:
            due, faults = connection.execute(
                text("select due_at, faults from outbox_message where id = :id"), {"id": number}
            ).one()
        assert (due - clock.now, faults) == (timedelta(hours=15), 0)

        clock.set(due)
        assert outbox.deliver(noticed.site, number)

        assert noticed.asked(BY_TEMPLATE) == 2

    def test_what_is_a_day_old_is_no_news(self, noticed: Met, clock: Clock, fate: Fate) -> None:
        noticed.simulator.fault(path=BY_TEMPLATE, do={"errcode": 45009})
        number = left(noticed)
        outbox.deliver(noticed.site, number)
        clock.advance(hours=25)

        assert outbox.deliver(noticed.site, number)

        assert noticed.asked(BY_TEMPLATE) == 1
        assert fate() == ("ended", None, "too_late")

    def test_a_wrong_template_is_not_tried_again(self, met: Met, fate: Fate) -> None:
        notice = NoticeTemplate("TM-gone", "thing2", "time3")
        with begin(met.site, OPERATOR) as work:
            commands.put_official_account(work, replace(ACCOUNTS[SERVICE], notice=notice))

        told(met)

        assert met.asked(BY_TEMPLATE) == 1
        assert fate() == ("ended", None, "refused 40037")


class TestEvents:
    def test_the_platforms_word_closes_the_delivery(
        self, noticed: Met, product: Product, fate: Fate
    ) -> None:
        listening(noticed, product)
        told(noticed)

        noticed.simulator.settle()

        assert fate() == ("confirmed", "template", "success")

    def test_a_message_that_did_not_arrive_is_known(
        self, noticed: Met, product: Product, fate: Fate
    ) -> None:
        listening(noticed, product)
        noticed.simulator.user(noticed.account, "o-1", blocked=True)
        told(noticed)

        noticed.simulator.settle()

        assert fate() == ("failed", "template", "failed:user block")

    def test_what_followers_do_is_heard_at_the_door(self, met: Met, product: Product) -> None:
        listening(met, product)
        states = []
        for act, facts in (
            ("say", {"text": "学分"}), ("unsubscribe", {}), ("subscribe", {}),
            ("click", {"key": "credits"}),
        ):  # fmt: skip
            met.simulator.do("o-1", act, **facts)
            states.append(queries.follower(met.site, SERVICE, "o-1"))

        assert [one and one.state for one in states] == ["follows", "left", "follows", "follows"]
        assert [one and one.heard_at for one in states] == [met.site.clock()] * 4
        assert states[2] is not None
        assert states[2].acted_at == met.site.clock()


def listening(met: Met, product: Product) -> None:
    """The simulator sends what followers do to the product."""
    url = product(met.site)
    met.simulator.put(met.account, f"{url}/wechat/{SERVICE}", templates=[TEMPLATE])
