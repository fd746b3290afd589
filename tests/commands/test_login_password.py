"""Signing in by password: who gets in, who waits, and what nobody learns from it."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from app.accounts import commands, queries
from app.accounts.terms import Stage, Way
from app.base.work import begin
from app.kernel.actor import Role
from app.kernel.errors import InvalidError
from app.kernel.secret import Secret
from tests.conftest import Clock
from tests.support.cast import HE_MIN, PEOPLE, SHAN_XIAO, ZHOU_LAN, id_number
from tests.support.entrance import ADMIN, PASSWORD, PC, Entrance

WRONG = "Wrong-9-waters-run"
FAR = "203.0.113.7"


def test_a_person_signs_in_by_card_or_number_however_they_space_it(entrance: Entrance) -> None:
    entrance.claim()

    for typed in (HE_MIN, "990 100 001", " ９９０１００００１ ", "990-100-001"):
        tried = entrance.type(typed)
        assert tried.login is not None
        assert (tried.login.name, tried.login.user_name) == (HE_MIN, HE_MIN)


def test_who_signs_in_has_a_session_of_their_own_capacity(entrance: Entrance) -> None:
    entrance.claim()

    session = entrance.session(entrance.enter(HE_MIN))

    assert (session.stage, session.way, session.strong) == (Stage.OPEN, Way.PASSWORD, False)
    assert session.chosen is not None
    assert session.chosen.role is Role.PERSON
    assert session.chosen.place == entrance.cast.person(HE_MIN).place


def test_the_trail_says_who_came_in_and_from_where(entrance: Entrance, owner: Engine) -> None:
    entrance.claim()
    entrance.enter(HE_MIN)

    with owner.connect() as connection:
        asked = text(
            "select actor, action, change from audit_entry where action = 'accounts.sign_in'"
        )
        [entry] = connection.execute(asked).all()
    assert (entry.actor, entry.change["address"]) == (HE_MIN, PC.address)


class TestLockOut:
    def test_five_wrong_ones_shut_the_name_out_from_there_for_half_an_hour(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        entrance.claim()
        for _ in range(5):
            assert entrance.type(HE_MIN, WRONG).wait_s == 0
            clock.advance(seconds=10)

        held = entrance.type(HE_MIN)
        clock.advance(minutes=30)
        after = entrance.type(HE_MIN)

        assert (held.login, held.wait_s) == (None, 30 * 60 - 50)
        assert after.login is not None

    def test_each_wrong_one_after_the_second_is_answered_later(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        entrance.claim()
        waits = []
        for _ in range(4):
            assert entrance.type(HE_MIN, WRONG).wait_s == 0
            wait = entrance.type(HE_MIN, WRONG).wait_s if len(waits) >= 2 else 0
            waits.append(wait)
            clock.advance(seconds=wait)

        assert waits == [0, 0, 2, 4]

    def test_it_is_no_weapon_against_who_sits_elsewhere(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        entrance.claim()
        for _ in range(30):
            entrance.type(HE_MIN, WRONG, FAR)
            clock.advance(seconds=10)

        assert entrance.type(HE_MIN, address=FAR).wait_s > 0
        assert entrance.type(HE_MIN).login is not None

    def test_it_is_no_weapon_against_a_browser_they_came_from_before(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        known = entrance.claim().device
        for network in range(60):
            entrance.type(HE_MIN, WRONG, f"10.1.{network}.1")
            clock.advance(seconds=10)
        for _ in range(6):
            entrance.type(HE_MIN, WRONG)
            clock.advance(seconds=10)

        assert entrance.type(HE_MIN, address="10.9.9.9").wait_s > 0
        assert entrance.type(HE_MIN, device=Secret("strange")).wait_s > 0
        assert entrance.type(HE_MIN, device=known).login is not None

    def test_a_browser_known_to_one_is_not_known_to_another(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        known = entrance.claim().device
        entrance.claim(SHAN_XIAO, "o-shan-xiao")
        for _ in range(5):
            entrance.type(SHAN_XIAO, WRONG)
            clock.advance(seconds=10)

        assert entrance.type(SHAN_XIAO, device=known).wait_s > 0

    def test_a_known_browser_is_counted_too(self, entrance: Entrance, clock: Clock) -> None:
        known = entrance.claim().device
        for _ in range(5):
            entrance.type(HE_MIN, WRONG, device=known)
            clock.advance(seconds=10)

        assert entrance.type(HE_MIN, device=known).wait_s > 0

    def test_a_name_as_a_whole_is_shut_after_fifty_a_day(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        entrance.claim()
        for network in range(50):
            assert entrance.type(HE_MIN, WRONG, f"10.1.{network}.1").wait_s == 0
            clock.advance(seconds=1)

        assert entrance.type(HE_MIN, address="10.9.9.9").wait_s > 3600
        clock.advance(days=1)
        assert entrance.type(HE_MIN, address="10.9.9.9").login is not None

    def test_one_address_tries_twenty_in_an_hour_whoever_it_tries(self, entrance: Entrance) -> None:
        for number in range(20):
            assert entrance.type(f"99010{number:04d}", WRONG, FAR).wait_s == 0

        assert entrance.type("990109999", WRONG, FAR).wait_s > 0
        assert entrance.type("990109999", WRONG).wait_s == 0

    def test_who_is_right_takes_their_tries_back(self, entrance: Entrance, clock: Clock) -> None:
        entrance.claim()

        for _ in range(30):
            assert entrance.type(HE_MIN, WRONG).wait_s == 0
            assert entrance.type(HE_MIN).login is not None
            clock.advance(minutes=4)

    def test_ones_own_right_password_buys_no_guesses_at_others(self, entrance: Entrance) -> None:
        entrance.claim()
        wrong = 0
        while entrance.type(f"99010{wrong:04d}", WRONG).wait_s == 0:
            wrong += 1
            entrance.type(HE_MIN)

        assert wrong == 20


class TestEnumeration:
    def answers(self, entrance: Entrance, name: str, password: str = WRONG) -> tuple[object, int]:
        tried = entrance.type(name, password, f"10.2.{self.address}.1")
        self.address += 1
        return tried.login, tried.wait_s

    address = 0

    def test_unknown_unclaimed_frozen_and_wrong_are_one_answer(self, entrance: Entrance) -> None:
        entrance.claim()
        entrance.claim(SHAN_XIAO, "o-shan-xiao")
        entrance.bind(ZHOU_LAN, "o-zhou-lan")
        entrance.ask(ZHOU_LAN, "o-zhou-lan")  # there is a log-in now, and no password
        with begin(entrance.site, entrance.cast.hospital_admin) as work:
            commands.freeze_login(work, SHAN_XIAO, reason="遗失手机")

        assert {
            self.answers(entrance, "990199999"),
            self.answers(entrance, HE_MIN),
            self.answers(entrance, ZHOU_LAN),
            self.answers(entrance, SHAN_XIAO, PASSWORD),
            self.answers(entrance, SHAN_XIAO),
            self.answers(entrance, ""),
            self.answers(entrance, "\x00"),
            self.answers(entrance, "x" * 10_000),
        } == {(None, 0)}

    def test_a_name_nobody_has_is_shut_out_like_any_other(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        entrance.claim()
        waits: dict[str, list[int]] = {HE_MIN: [], "990199999": []}
        for _ in range(7):
            for name, told in waits.items():
                told.append(
                    entrance.type(name, WRONG, FAR if name == HE_MIN else PC.address).wait_s
                )
            clock.advance(seconds=10)

        assert waits[HE_MIN] == waits["990199999"]

    @pytest.mark.weighty
    def test_it_takes_as_long_for_a_name_nobody_has(self, entrance: Entrance, clock: Clock) -> None:
        entrance.claim()
        took: dict[str, list[float]] = {HE_MIN: [], "990199999": [], "": []}
        for turn in range(15):
            for number, (name, times) in enumerate(took.items()):
                begun = time.process_time()
                entrance.type(name, WRONG, f"10.{number}.{turn}.1")
                times.append(time.process_time() - begun)
            clock.advance(minutes=31)
        medians = [statistics.median(times) for times in took.values()]

        assert max(medians) - min(medians) < 0.020


class TestProfiles:
    @pytest.mark.parametrize("profile", ["default", "asvs"])
    def test_a_password_does_not_age_by_itself(
        self, entrance: Entrance, clock: Clock, profile: str
    ) -> None:
        entrance = with_profile(entrance, profile)
        entrance.claim(password="Kite-7-rivers-and-more")
        clock.advance(days=400)

        tried = entrance.type(HE_MIN, "Kite-7-rivers-and-more")
        assert tried.login is not None
        assert not tried.stale

    def test_under_mlps3_it_is_to_be_changed_after_ninety_days(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        entrance = with_profile(entrance, "mlps3")
        entrance.claim()
        clock.advance(days=90)

        signed = entrance.enter(HE_MIN)
        with pytest.raises(InvalidError) as refused:
            entrance.renew(signed)
        renewed = entrance.renew(signed, "Another-9-kite-run")

        assert entrance.session(renewed).stage is Stage.OPEN
        assert signed.stage is Stage.RENEW
        assert [row.code for row in refused.value.rows] == ["accounts.password.used_of"]
        assert not entrance.type(HE_MIN, "Another-9-kite-run").stale

    def test_under_mlps3_none_of_the_last_five_comes_again(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        entrance = with_profile(entrance, "mlps3")
        entrance.claim(password="Kite-0-rivers-run")
        for number in range(1, 6):
            clock.advance(days=90)
            signed = entrance.enter(HE_MIN, f"Kite-{number - 1}-rivers-run")
            entrance.renew(signed, f"Kite-{number}-rivers-run")
        clock.advance(days=90)
        signed = entrance.enter(HE_MIN, "Kite-5-rivers-run")

        for number in range(1, 6):
            with pytest.raises(InvalidError):
                entrance.renew(signed, f"Kite-{number}-rivers-run")
        assert entrance.renew(signed, "Kite-0-rivers-run").stage is Stage.OPEN


def with_profile(entrance: Entrance, profile: str) -> Entrance:
    config = replace(entrance.site.config, password_profile=profile)
    return replace(entrance, site=replace(entrance.site, config=config))


@pytest.mark.parametrize(
    "password",
    [
        f"Aa-{HE_MIN}", f"Aa-{HE_MIN[-6:]}-river", "Aa-13900000001", "River-000001-x",
        f"Aa-{id_number(PEOPLE[0][2], 2)}", f"Riv-{id_number(PEOPLE[0][2], 2)[-8:]}",
        f"Riv-{id_number(PEOPLE[0][2], 2)[-6:].upper()}",
    ],
)  # fmt: skip
def test_what_others_know_of_a_person_is_no_password(entrance: Entrance, password: str) -> None:
    entrance.bind()
    used = entrance.use(HE_MIN, entrance.ask().code.reveal())
    assert used is not None

    with pytest.raises(InvalidError) as refused:
        entrance.renew(used, password)

    assert "accounts.password.has_number" in {row.code for row in refused.value.rows}


class TestAdministrators:
    def test_a_name_of_digits_is_a_cards_and_no_administrators(self, entrance: Entrance) -> None:
        with pytest.raises(InvalidError) as refused:
            entrance.admin("990 100 001")

        assert refused.value.code == "accounts.link.name_number"

    def test_who_was_never_claimed_cannot_come_in(self, entrance: Entrance) -> None:
        entrance.admin(password=None)

        assert entrance.type(ADMIN, "").login is None
        assert entrance.type(ADMIN).login is None

    def test_a_fresh_link_ends_the_sessions_of_the_old_password(self, entrance: Entrance) -> None:
        login = entrance.admin()
        signed, _ = entrance.enrol(login)

        entrance.admin(password="Another-9-kite-run")

        assert queries.console_session(entrance.site, signed.session) is None
