"""The session of the console: how long it lives, who ends it, and in which capacity it acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from app.accounts import commands, queries, steps
from app.accounts.rules.sessions import CONSOLE
from app.accounts.terms import GrantId, OwnSession, Screen, SessionId, Stage, Visitor
from app.base.work import begin
from app.kernel.actor import Role
from app.kernel.errors import NotFoundError
from app.kernel.secret import Secret
from tests.conftest import Clock
from tests.support.cast import COUNTY_HOSPITAL, HE_MIN, OPERATOR, SHAN_XIAO
from tests.support.entrance import ADMIN, EDGE, OPENID, PC, Entrance
from tests.support.wechat_client import SERVICE


def own(entrance: Entrance, no: str = HE_MIN) -> tuple[OwnSession, ...]:
    with begin(entrance.site, entrance.cast.self(no)) as work:
        return queries.own_sessions(work, no)


class TestLife:
    def test_one_nobody_uses_runs_out_after_half_an_hour(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        signed = entrance.claim()

        clock.advance(minutes=30, seconds=-1)
        assert queries.console_session(entrance.site, signed.session) is not None
        clock.advance(minutes=30)
        assert queries.console_session(entrance.site, signed.session) is None

    def test_one_in_use_ends_after_twelve_hours(self, entrance: Entrance, clock: Clock) -> None:
        signed, began = entrance.claim(), clock.now

        while queries.console_session(entrance.site, signed.session) is not None:
            last = clock.now
            clock.advance(minutes=29)

        assert CONSOLE.whole - CONSOLE.idle <= last - began < CONSOLE.whole

    def test_the_browsers_older_session_ends_with_the_new_one(self, entrance: Entrance) -> None:
        """No session that was there before the log-in is there after it (T-4)."""
        old = entrance.claim()

        new = entrance.enter(HE_MIN, visitor=replace(PC, session=old.session))

        assert queries.console_session(entrance.site, old.session) is None
        assert new.session != old.session
        assert entrance.session(new).stage is Stage.OPEN

    def test_a_cookie_that_somebody_planted_is_nobodys_afterwards(self, entrance: Entrance) -> None:
        entrance.claim()
        planted = Secret("planted by somebody else")

        signed = entrance.enter(HE_MIN, visitor=replace(PC, session=planted))

        assert queries.console_session(entrance.site, planted) is None
        assert signed.session != planted

    def test_frozen_it_is_over_at_once(self, entrance: Entrance) -> None:
        signed = entrance.claim()

        with begin(entrance.site, entrance.cast.hospital_admin) as work:
            commands.freeze_login(work, HE_MIN, reason="遗失手机")

        assert queries.console_session(entrance.site, signed.session) is None

    @pytest.mark.parametrize("token", ["", "x", "\ud800", "a\x00", "a" * 10_000])
    def test_an_unknown_cookie_is_no_session(self, entrance: Entrance, token: str) -> None:
        entrance.claim()

        assert queries.console_session(entrance.site, Secret(token)) is None

    def test_cookies_stand_nowhere(self, entrance: Entrance, owner: Engine) -> None:
        signed = entrance.claim()
        csrf = entrance.session(signed).csrf

        with owner.connect() as connection:
            stored = connection.execute(
                text(
                    "select (select string_agg(s::text, '') from console_session s)"
                    " || (select string_agg(k::text, '') from known_device k)"
                    " || (select string_agg(a::text, '') from audit_entry a)"
                )
            ).scalar_one()
        for secret in (signed.session.reveal(), signed.device.reveal(), csrf):
            assert secret not in stored
            assert secret.encode().hex() not in stored


class TestCapacities:
    def test_a_person_is_themselves_where_they_work(self, entrance: Entrance) -> None:
        entrance.claim()
        session = entrance.session(entrance.enter(HE_MIN))

        with begin(entrance.site, entrance.actor(session.login)) as work:
            badge = queries.badge_of(work, HE_MIN)

        assert badge.name == "何敏"
        assert [(one.grant.role, one.where) for one in badge.capacities] == [
            (Role.PERSON, "颍川市第一人民医院")
        ]

    def test_who_governs_two_places_chooses_and_gets_a_new_cookie(self, entrance: Entrance) -> None:
        entrance.admin()
        login = entrance.admin(unit=COUNTY_HOSPITAL, password=None)
        strong, _ = entrance.enrol(login)
        session = entrance.session(strong)
        assert session.chosen is None
        second = login.grants[1]
        assert second.id is not None

        with begin(entrance.site, entrance.actor(login)) as work:
            badge = queries.badge_of(work, ADMIN)
            chosen = commands.choose(work, ADMIN, session.id, second.id, PC)

        after = entrance.session(chosen)
        assert {one.where for one in badge.capacities} == {"颍川市第一人民医院", "青禾县人民医院"}
        assert after.chosen == second
        assert after.strong
        assert queries.console_session(entrance.site, strong.session) is None

    def test_nobody_acts_in_anothers_capacity(self, entrance: Entrance) -> None:
        login = entrance.admin()
        other = entrance.admin("李管", unit=COUNTY_HOSPITAL)
        strong, _ = entrance.enrol(login)
        session = entrance.session(strong)

        for grant in (other.grants[0].id, GrantId(0), GrantId(2**62)):
            assert grant is not None
            with pytest.raises(NotFoundError), begin(entrance.site, entrance.actor(login)) as work:
                commands.choose(work, ADMIN, session.id, grant, PC)

    def test_choosing_makes_no_session_older_than_twelve_hours(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        login = entrance.admin()
        signed, _ = entrance.enrol(login)
        began, grant = clock.now, login.grants[0].id
        assert grant is not None

        while (session := queries.console_session(entrance.site, signed.session)) is not None:
            with begin(entrance.site, entrance.actor(login)) as work:
                signed = commands.choose(work, ADMIN, session.id, grant, PC)
            last = clock.now
            clock.advance(minutes=29)

        assert last - began < CONSOLE.whole


class TestOwnSessions:
    def test_everyone_sees_their_own_with_the_devices_they_know(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        entrance.claim(SHAN_XIAO, "o-shan-xiao")
        entrance.claim()
        clock.advance(minutes=5)
        steps.open_phone_session(
            entrance.site, SERVICE, OPENID, agent="Android MicroMessenger", address="10.0.0.9"
        )

        listed = own(entrance)

        assert [(one.screen, one.device.system, one.address) for one in listed] == [
            (Screen.PHONE, "android", "10.0.0.9"),
            (Screen.CONSOLE, "windows", PC.address),
        ]

    def test_one_is_ended_and_the_others_live(self, entrance: Entrance) -> None:
        entrance.claim()
        first, second = entrance.enter(HE_MIN), entrance.enter(HE_MIN)
        gone = entrance.session(first).id

        with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
            commands.end_own_session(work, HE_MIN, Screen.CONSOLE, gone)

        assert queries.console_session(entrance.site, first.session) is None
        assert queries.console_session(entrance.site, second.session) is not None

    def test_a_phone_is_ended_from_the_computer(self, entrance: Entrance) -> None:
        entrance.claim()
        phone = steps.open_phone_session(
            entrance.site, SERVICE, OPENID, agent="iPhone", address="10.0.0.9"
        )
        session = queries.phone_session(entrance.site, phone)
        assert session is not None

        with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
            commands.end_own_session(work, HE_MIN, Screen.PHONE, session.id)

        assert queries.phone_session(entrance.site, phone) is None

    def test_all_but_the_one_at_hand_are_ended(self, entrance: Entrance) -> None:
        entrance.claim()
        for number in range(3):
            entrance.enter(HE_MIN, visitor=Visitor(EDGE, f"10.0.0.{number}"))
        steps.open_phone_session(entrance.site, SERVICE, OPENID, agent="iPhone", address="10.0.0.9")
        here = entrance.session(entrance.enter(HE_MIN))

        with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
            count = commands.end_own_sessions(work, HE_MIN, but=(Screen.CONSOLE, here.id))

        assert count == 5
        assert [one.id for one in own(entrance)] == [here.id]

    def test_anothers_cannot_be_ended(self, entrance: Entrance) -> None:
        signed = entrance.claim()
        entrance.claim(SHAN_XIAO, "o-shan-xiao")
        signed = entrance.enter(HE_MIN)
        mine = entrance.session(signed).id

        for key in (mine, SessionId(2**62)):
            with (
                pytest.raises(NotFoundError),
                begin(entrance.site, entrance.cast.self(SHAN_XIAO)) as work,
            ):
                commands.end_own_session(work, SHAN_XIAO, Screen.CONSOLE, key)

        assert queries.console_session(entrance.site, signed.session) is not None

    def test_who_has_no_log_in_yet_sees_their_phone(self, entrance: Entrance) -> None:
        entrance.bind()
        steps.open_phone_session(entrance.site, SERVICE, OPENID, agent="iPhone", address="10.0.0.9")

        assert [one.screen for one in own(entrance)] == [Screen.PHONE]


def test_what_is_over_is_swept_after_its_time(
    entrance: Entrance, clock: Clock, count: Callable[..., int]
) -> None:
    entrance.claim()
    steps.offer_scan(entrance.site, SERVICE, Secret("b"), agent=EDGE, address="10.0.0.1")
    steps.issue_ticket(entrance.site, SERVICE, OPENID, f"/m/{SERVICE}/")
    steps.open_phone_session(entrance.site, SERVICE, OPENID, agent="x", address="10.0.0.1")
    tables = ("console_session", "scan", "phone_ticket", "freeze_link", "attempt", "known_device")
    assert all(count(table) for table in tables)

    with begin(entrance.site, OPERATOR) as work:
        assert commands.sweep_sessions(work) == 0
    clock.advance(days=200)
    with begin(entrance.site, OPERATOR) as work:
        commands.sweep_sessions(work)

    assert {table: count(table) for table in (*tables, "phone_session")} == dict.fromkeys(
        (*tables, "phone_session"), 0
    )
