"""两步验证 — asked of everybody who may do something to others, and used up by the asking."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import Engine, text

from app.accounts import commands, queries, steps
from app.accounts.terms import Login, SignedIn, Stage
from app.base.work import begin
from app.kernel.actor import Role
from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.kernel.secret import Secret
from tests.conftest import Clock
from tests.support.cast import (
    CARDIOLOGY,
    CITY,
    CITY_BUREAU,
    COUNTY_BUREAU,
    HE_MIN,
    HOSPITAL,
    OPERATOR,
)
from tests.support.entrance import ADMIN, PC, Entrance

SEATS = {
    Role.OPERATOR: CITY, Role.CITY_OFFICE: CITY_BUREAU, Role.COUNTY_BUREAU: COUNTY_BUREAU,
    Role.HOSPITAL_ADMIN: HOSPITAL, Role.DEPARTMENT_SECRETARY: CARDIOLOGY, Role.AUDITOR: CITY,
}  # fmt: skip


def prove(entrance: Entrance, login: Login, signed: SignedIn, typed: str) -> SignedIn | None:
    session = entrance.session(signed)
    with begin(entrance.site, entrance.actor(login)) as work:
        return commands.prove_second(work, login.name, session.id, typed, PC)


@pytest.fixture
def login(entrance: Entrance) -> Login:
    return entrance.admin()


def test_the_reckoning_is_that_of_the_standard() -> None:
    """RFC 6238, appendix B, cut to six digits."""
    totp = TOTP(b"12345678901234567890", 6, SHA1(), 30)  # noqa: S303  # what authenticators know

    known = {59: b"287082", 1111111109: b"081804", 1234567890: b"005924", 20000000000: b"353130"}
    assert {at: totp.generate(at) for at in known} == known


@pytest.mark.parametrize("role", SEATS)
def test_every_role_of_the_console_is_asked_to_set_it_up_at_the_first_sign_in(
    entrance: Entrance, role: Role
) -> None:
    login = entrance.admin(role=role, unit=SEATS[role])

    session = entrance.session(entrance.enter(login.name))

    assert (session.stage, session.strong) == (Stage.ENROL, False)


def test_a_person_is_not_asked_for_it(entrance: Entrance) -> None:
    entrance.claim()

    assert entrance.enter(HE_MIN).stage is Stage.OPEN


def test_once_set_up_it_is_asked_for_at_each_sign_in(
    entrance: Entrance, login: Login, clock: Clock
) -> None:
    first, _ = entrance.enrol(login)
    clock.advance(seconds=30)
    again = entrance.enter(ADMIN)

    strong = prove(entrance, login, again, entrance.number(login))

    assert entrance.session(first).stage is Stage.OPEN
    assert again.stage is Stage.SECOND
    assert strong is not None
    assert entrance.session(strong).strong
    assert entrance.session(strong).stage is Stage.OPEN


def test_the_session_gets_a_new_cookie_by_it(
    entrance: Entrance, login: Login, clock: Clock
) -> None:
    entrance.enrol(login)
    clock.advance(seconds=30)
    weak = entrance.enter(ADMIN)

    prove(entrance, login, weak, entrance.number(login))

    assert queries.console_session(entrance.site, weak.session) is None


def test_no_number_is_taken_twice(entrance: Entrance, login: Login, clock: Clock) -> None:
    entrance.enrol(login)
    used = entrance.number(login)
    assert prove(entrance, login, entrance.enter(ADMIN), used) is None
    clock.advance(seconds=30)
    number = entrance.number(login)

    assert prove(entrance, login, entrance.enter(ADMIN), number) is not None
    assert prove(entrance, login, entrance.enter(ADMIN), number) is None
    assert prove(entrance, login, entrance.enter(ADMIN), used) is None


def test_of_many_who_use_one_number_at_once_one_comes_in(
    entrance: Entrance, login: Login, clock: Clock
) -> None:
    entrance.enrol(login)
    clock.advance(seconds=30)
    number = entrance.number(login)
    browsers = [entrance.enter(ADMIN) for _ in range(8)]
    ready = threading.Barrier(8)

    def run(signed: SignedIn) -> bool:
        ready.wait()
        return prove(entrance, login, signed, number) is not None

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, browsers)).count(True) == 1


@pytest.mark.parametrize(("steps_on", "taken"), [(-2, False), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(
    entrance: Entrance, login: Login, clock: Clock, steps_on: int, *, taken: bool
) -> None:
    entrance.enrol(login)
    clock.advance(minutes=5)

    came = prove(entrance, login, entrance.enter(ADMIN), entrance.number(login, steps_on))

    assert (came is not None) is taken


@pytest.mark.parametrize(
    "typed", ["", "000000", "12345", "1234567", "abcdef", "１２３４５６", "\x00"]
)
def test_what_is_no_number_is_refused(entrance: Entrance, login: Login, typed: str) -> None:
    entrance.enrol(login)

    assert prove(entrance, login, entrance.enter(ADMIN), typed) is None


def test_five_wrong_ones_are_enough(entrance: Entrance, login: Login, clock: Clock) -> None:
    entrance.enrol(login)
    for _ in range(5):
        assert steps.try_second(entrance.site, login) == 0
        clock.advance(seconds=10)

    assert steps.try_second(entrance.site, login) > 0
    clock.advance(minutes=30)
    assert steps.try_second(entrance.site, login) == 0


class TestRecoveryCodes:
    def test_each_of_ten_stands_in_once(self, entrance: Entrance, login: Login) -> None:
        _, codes = entrance.enrol(login)

        assert len(set(codes)) == 10
        code = codes[3].reveal().lower()
        typed = f"{code[:5]} {code[5:]}"
        assert prove(entrance, login, entrance.enter(ADMIN), typed) is not None
        assert prove(entrance, login, entrance.enter(ADMIN), typed) is None
        assert prove(entrance, login, entrance.enter(ADMIN), codes[9].reveal()) is not None

    def test_those_of_one_are_none_of_another(self, entrance: Entrance, login: Login) -> None:
        _, codes = entrance.enrol(login)
        other = entrance.admin("李审", role=Role.AUDITOR, unit=CITY)
        entrance.enrol(other)

        assert prove(entrance, other, entrance.enter("李审"), codes[0].reveal()) is None

    def test_they_and_the_key_stand_nowhere(
        self, entrance: Entrance, login: Login, owner: Engine
    ) -> None:
        entrance.enter(ADMIN)
        with begin(entrance.site, entrance.actor(login)) as work:
            key = commands.begin_totp(work, ADMIN).key.reveal()
        _, codes = entrance.enrol(login)

        with owner.connect() as connection:
            stored = connection.execute(
                text(
                    "select (select string_agg(l::text, '') from login l)"
                    " || (select string_agg(r::text, '') from recovery_code r)"
                    " || (select string_agg(a::text, '') from audit_entry a)"
                )
            ).scalar_one()
        for secret in (key, *(code.reveal() for code in codes)):
            assert secret not in stored
            assert secret.encode().hex() not in stored


class TestSettingUp:
    def test_a_wrong_number_sets_nothing_up(self, entrance: Entrance, login: Login) -> None:
        session = entrance.session(entrance.enter(ADMIN))
        with begin(entrance.site, entrance.actor(login)) as work:
            commands.begin_totp(work, ADMIN)

        with pytest.raises(InvalidError), begin(entrance.site, entrance.actor(login)) as work:
            commands.confirm_totp(work, ADMIN, session.id, "000000", PC)

        assert entrance.enter(ADMIN).stage is Stage.ENROL

    def test_the_key_stays_the_same_until_it_is_proven(
        self, entrance: Entrance, login: Login
    ) -> None:
        keys = set()
        for _ in range(2):
            with begin(entrance.site, entrance.actor(login)) as work:
                enrolling = commands.begin_totp(work, ADMIN)
                keys.add(enrolling.key)

        assert len(keys) == 1
        assert enrolling.uri.reveal().startswith("otpauth://totp/Kejiao:")

    def test_once_set_up_the_key_is_not_shown_again(self, entrance: Entrance, login: Login) -> None:
        entrance.enrol(login)

        with pytest.raises(ConflictError), begin(entrance.site, entrance.actor(login)) as work:
            commands.begin_totp(work, ADMIN)

    def test_who_changes_the_phone_proves_the_old_one_and_sets_up_the_new(
        self, entrance: Entrance, login: Login, clock: Clock
    ) -> None:
        strong, codes = entrance.enrol(login)
        session = entrance.session(strong)
        clock.advance(seconds=30)

        with pytest.raises(InvalidError), begin(entrance.site, entrance.actor(login)) as work:
            commands.drop_totp(work, ADMIN, session.id, "000000", PC)
        with begin(entrance.site, entrance.actor(login)) as work:
            dropped = commands.drop_totp(work, ADMIN, session.id, entrance.number(login), PC)

        assert dropped.stage is Stage.ENROL
        clock.advance(seconds=30)
        entrance.enrol(login)
        again = entrance.enter(ADMIN)
        assert prove(entrance, login, again, codes[0].reveal()) is None

    def test_the_platform_takes_it_away_for_a_reason(
        self, entrance: Entrance, login: Login
    ) -> None:
        strong, _ = entrance.enrol(login)

        with begin(entrance.site, OPERATOR) as work:
            commands.forget_totp(work, ADMIN, reason="手机和恢复码都丢了，已视频核对")

        assert queries.console_session(entrance.site, strong.session) is None
        assert entrance.enter(ADMIN).stage is Stage.ENROL

    def test_a_hospital_does_not_take_an_administrators_away(
        self, entrance: Entrance, login: Login
    ) -> None:
        with (
            pytest.raises(NotFoundError),
            begin(entrance.site, entrance.cast.hospital_admin) as work,
        ):
            commands.forget_totp(work, ADMIN, reason="想换")


def test_a_session_that_was_not_asked_cannot_be_made_strong(
    entrance: Entrance, login: Login, clock: Clock
) -> None:
    entrance.claim()
    mine = entrance.session(entrance.enter(HE_MIN))
    entrance.enrol(login)
    clock.advance(seconds=30)
    number = entrance.number(login)

    with pytest.raises(NotFoundError), begin(entrance.site, entrance.actor(login)) as work:
        commands.prove_second(work, ADMIN, mine.id, number, PC)


def test_an_unfinished_session_lives_ten_minutes(
    entrance: Entrance, login: Login, clock: Clock
) -> None:
    signed = entrance.enter(ADMIN)

    clock.advance(minutes=10)

    assert queries.console_session(entrance.site, signed.session) is None
    assert queries.console_session(entrance.site, Secret("")) is None
