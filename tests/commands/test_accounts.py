"""The front desk on a real database: official accounts, bindings, invitations, first passwords."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.accounts import commands, queries, rules
from app.accounts.terms import AccountKind, Link, Mode, OfficialAccount, Put
from app.base import passwords
from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.kernel.actor import Actor, Role, Via
from app.kernel.errors import (
    CmeError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from app.kernel.secret import Secret
from tests.conftest import Clock
from tests.support.cast import (
    CARDIOLOGY,
    CITY,
    CITY_BUREAU,
    COUNTY_BUREAU,
    COUNTY_HOSPITAL,
    HE_MIN,
    HOSPITAL,
    NURSING,
    OPERATOR,
    STRANGER,
    STRANGER_HOSPITAL,
    ZHOU_LAN,
    Cast,
    csv_of,
    people_sheet,
    roster_csv,
)

ACCOUNT = OfficialAccount(
    slug="city",
    kind=AccountKind.SERVICE,
    name="颍川继教",
    appid="wx1234567890abcdef",
    secret=Secret("the app's own secret"),
    token=Secret("kejiao2026"),
    aes_key=Secret("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"),
    mode=Mode.SAFE,
)
GOOD = Secret("Kite-7-river")


def put(site: Site, **changes: Any) -> Put:
    with begin(site, OPERATOR) as work:
        return commands.put_official_account(work, replace(ACCOUNT, **changes))


def bind(site: Site, actor: Actor, openid: str, person_no: str, slug: str = "city") -> None:
    with begin(site, actor) as work:
        commands.bind(work, slug, openid, person_no)


def bound(site: Site, openid: str, slug: str = "city") -> str | None:
    binding = queries.binding_of(site, slug, openid)
    return binding and binding.person_no


def invite(site: Site, actor: Actor, role: Role, unit: str, name: str = "王芳") -> Link:
    with begin(site, actor) as work:
        return commands.invite(work, role=role, unit_code=unit, name=name)


def token_of(link: Link) -> Secret:
    return Secret(link.url.reveal().rpartition("/")[2])


def activate(site: Site, token: Secret, password: Secret = GOOD) -> None:
    invitation = queries.invitation(site, token)
    if invitation is None:
        raise NotFoundError("accounts.link.gone")
    actor = Actor(invitation.name, Via.CONSOLE, invitation.place, invitation.role)
    with begin(site, actor) as work:
        commands.activate(work, token, password)


def password_of(owner: Engine, name: str) -> bytes | None:
    with owner.connect() as connection:
        asked = text("select password_hash from login where name = :name")
        return connection.execute(asked, {"name": name}).scalar_one()


class TestOfficialAccounts:
    def test_an_account_is_read_back_with_its_secrets_and_stored_without(
        self, site: Site, owner: Engine
    ) -> None:
        assert put(site) is Put.ADDED

        assert queries.official_account(site, "city") == ACCOUNT
        with owner.connect() as connection:
            stored = connection.execute(text("select a::text from official_account a")).scalar_one()
            trail = connection.execute(
                text("select change::text from audit_entry where table_name = 'official_account'")
            ).scalar_one()
        for secret in (ACCOUNT.secret, ACCOUNT.token, ACCOUNT.aes_key):
            assert secret is not None
            assert secret.reveal() not in stored + trail
            assert secret.reveal().encode().hex() not in stored + trail

    def test_adding_again_changes_and_says_so(self, site: Site) -> None:
        put(site)

        assert put(site) is Put.SAME
        assert put(site, name="新名称", token=Secret("another")) is Put.CHANGED

        found = queries.official_account(site, "city")
        assert found == replace(ACCOUNT, name="新名称", token=Secret("another"))

    def test_the_same_account_again_leaves_no_trail(
        self, site: Site, count: Callable[..., int]
    ) -> None:
        put(site)
        before = count("audit_entry")

        put(site)

        assert count("audit_entry") == before

    def test_two_accounts_never_share_an_appid(self, site: Site) -> None:
        put(site)

        with pytest.raises(ConflictError) as clash:
            put(site, slug="vendor")

        assert clash.value.facts == {"appid": ACCOUNT.appid, "slug": "city"}

    def test_a_secret_moved_to_another_account_does_not_open(
        self, site: Site, owner: Engine
    ) -> None:
        put(site)
        put(site, slug="vendor", appid="wx2")
        with owner.begin() as connection:
            connection.execute(
                text(
                    "update official_account set token = (select token from official_account"
                    " where slug = 'city') where slug = 'vendor'"
                )
            )
        site = replace(site, vault=type(site.vault)({"k1": b"k" * 32}, b"i" * 32))

        with pytest.raises(InvalidError):
            queries.official_account(site, "vendor")

    def test_what_another_process_changed_is_seen_after_half_a_minute(
        self, site: Site, clock: Clock, owner: Engine
    ) -> None:
        put(site)
        queries.official_account(site, "city")
        with owner.begin() as connection:
            connection.execute(text("update official_account set name = '改名'"))

        def name() -> str | None:
            found = queries.official_account(site, "city")
            return found and found.name

        assert name() == "颍川继教"
        clock.advance(seconds=29)
        assert name() == "颍川继教"
        clock.advance(seconds=1)
        assert name() == "改名"

    def test_a_clock_that_was_set_back_does_not_keep_an_old_account(
        self, site: Site, clock: Clock, owner: Engine
    ) -> None:
        put(site)
        queries.official_account(site, "city")
        with owner.begin() as connection:
            connection.execute(text("update official_account set name = '改名'"))
        clock.advance(hours=-8)

        found = queries.official_account(site, "city")

        assert found is not None
        assert found.name == "改名"

    @pytest.mark.parametrize("slug", ["nobody", "", "a\x00b", "city'--", "\ud800"])
    def test_an_unknown_account_is_nobody(self, site: Site, slug: str) -> None:
        put(site)

        assert queries.official_account(site, slug) is None

    def test_only_the_operator_puts_accounts_down(self, site: Site, cast: Cast) -> None:
        with pytest.raises(ForbiddenError), begin(site, cast.city_office) as work:
            commands.put_official_account(work, ACCOUNT)

    def test_the_operator_sees_which_accounts_speak_plainly(self, site: Site) -> None:
        put(site)
        put(site, slug="vendor", appid="wx2", aes_key=None, mode=Mode.PLAIN)

        with begin(site, OPERATOR) as work:
            assert queries.speaking_plainly(work) == ("vendor",)


@pytest.fixture
def bindable(site: Site, cast: Cast) -> Cast:
    put(site)
    put(site, slug="vendor", appid="wx2")
    return cast


class TestBindings:
    def test_a_bound_openid_is_that_persons(self, site: Site, bindable: Cast) -> None:
        bind(site, OPERATOR, "openid-1", HE_MIN)

        binding = queries.binding_of(site, "city", "openid-1")

        assert binding is not None
        assert binding.person_id == bindable.person(HE_MIN).id
        assert binding.place == bindable.person(HE_MIN).place
        assert bound(site, "openid-1", "vendor") is None
        assert bound(site, "openid-2") is None

    def test_the_same_pair_again_is_no_change(
        self, site: Site, bindable: Cast, count: Callable[..., int]
    ) -> None:
        bind(site, OPERATOR, "openid-1", HE_MIN)
        before = count("audit_entry")

        bind(site, OPERATOR, "openid-1", HE_MIN)

        assert (count("binding"), count("audit_entry")) == (1, before)

    def test_a_person_moves_to_a_new_openid_and_the_old_one_stays_on_record(
        self, site: Site, bindable: Cast, count: Callable[..., int]
    ) -> None:
        bind(site, OPERATOR, "old", HE_MIN)

        bind(site, OPERATOR, "new", HE_MIN)

        assert (bound(site, "old"), bound(site, "new")) == (None, HE_MIN)
        assert count("binding", "openid = 'old' and ended_at is not null") == 1
        assert count("audit_entry", "table_name = 'binding' and change->>'kind' = 'edit'") == 1

    def test_an_openid_and_a_person_that_were_bound_to_others_are_joined(
        self, site: Site, bindable: Cast, count: Callable[..., int]
    ) -> None:
        bind(site, OPERATOR, "one", HE_MIN)
        bind(site, OPERATOR, "two", ZHOU_LAN)

        bind(site, OPERATOR, "one", ZHOU_LAN)

        assert (bound(site, "one"), bound(site, "two")) == (ZHOU_LAN, None)
        assert count("binding", "ended_at is null") == 1

    def test_a_person_is_bound_on_each_account_by_itself(self, site: Site, bindable: Cast) -> None:
        bind(site, OPERATOR, "one", HE_MIN)
        bind(site, OPERATOR, "two", HE_MIN, slug="vendor")

        assert (bound(site, "one"), bound(site, "two", "vendor")) == (HE_MIN, HE_MIN)

    def test_a_hospital_binds_its_own_people_only(self, site: Site, bindable: Cast) -> None:
        bind(site, bindable.hospital_admin, "one", HE_MIN)

        with pytest.raises(NotFoundError):
            bind(site, bindable.hospital_admin, "two", STRANGER)
        assert bound(site, "two") is None

    def test_a_hospital_cannot_take_an_openid_from_anothers_person(
        self, site: Site, bindable: Cast
    ) -> None:
        bind(site, OPERATOR, "one", STRANGER)

        with pytest.raises(ConflictError) as refused:
            bind(site, bindable.hospital_admin, "one", HE_MIN)

        assert refused.value.code == "accounts.bind.taken"
        assert bound(site, "one") == STRANGER

    @pytest.mark.parametrize(
        ("slug", "openid", "person_no", "kind"),
        [
            ("nobody", "one", HE_MIN, NotFoundError),
            ("city", "one", "404", NotFoundError),
            ("city", "", HE_MIN, InvalidError),
            ("city", "a b", HE_MIN, InvalidError),
            ("city", "微信", HE_MIN, InvalidError),
            ("city", "o" * 65, HE_MIN, InvalidError),
        ],
    )
    def test_what_is_not_there_cannot_be_bound(
        self,
        site: Site,
        bindable: Cast,
        slug: str,
        openid: str,
        person_no: str,
        kind: type[CmeError],
    ) -> None:
        with pytest.raises(kind):
            bind(site, OPERATOR, openid, person_no, slug)

    @pytest.mark.parametrize("role", [Role.CITY_OFFICE, Role.COUNTY_BUREAU, Role.AUDITOR])
    def test_who_has_not_the_right_binds_nobody(
        self, site: Site, bindable: Cast, role: Role
    ) -> None:
        with pytest.raises(ForbiddenError):
            bind(site, bindable.actor(role, CITY), "one", HE_MIN)

    def test_of_many_who_bind_one_person_at_once_one_stays(
        self, site: Site, bindable: Cast, count: Callable[..., int]
    ) -> None:
        ready = threading.Barrier(6)

        def run(number: int) -> str:
            ready.wait()
            try:
                bind(site, OPERATOR, f"openid-{number}", HE_MIN)
            except ConflictError as clash:
                return clash.code
            return "bound"

        with ThreadPoolExecutor(6) as pool:
            ended = list(pool.map(run, range(6)))

        assert "bound" in ended
        assert set(ended) <= {"bound", "accounts.bind.meanwhile"}
        assert count("binding", "ended_at is null") == 1


class TestInvitations:
    def test_a_link_makes_a_log_in_without_a_password_at_the_units_realm(
        self, site: Site, cast: Cast, owner: Engine, clock: Clock
    ) -> None:
        link = invite(site, OPERATOR, Role.CITY_OFFICE, CITY_BUREAU)

        invitation = queries.invitation(site, token_of(link))

        assert link.url.reveal().startswith("http://127.0.0.1:1/activate/")
        assert link.expires_at == clock() + timedelta(days=7)
        assert invitation is not None
        assert (invitation.name, invitation.role) == ("王芳", Role.CITY_OFFICE)
        assert invitation.place == cast.unit(CITY).place
        assert password_of(owner, "王芳") is None

    def test_the_token_is_long_and_stands_nowhere(
        self, site: Site, cast: Cast, owner: Engine
    ) -> None:
        token = token_of(invite(site, OPERATOR, Role.AUDITOR, CITY)).reveal()

        with owner.connect() as connection:
            kept = connection.execute(
                text("select (select string_agg(l::text, '') from link l)"
                     " || (select string_agg(a::text, '') from audit_entry a)")
            ).scalar_one()  # fmt: skip
        assert len(token) * 6 >= 128
        assert token not in kept
        assert token.encode().hex() not in kept

    def test_a_used_link_sets_the_password_once(
        self, site: Site, cast: Cast, owner: Engine
    ) -> None:
        token = token_of(invite(site, OPERATOR, Role.HOSPITAL_ADMIN, HOSPITAL))

        activate(site, token)

        stored = password_of(owner, "王芳")
        assert stored is not None
        assert passwords.matches(site.vault, stored, GOOD)
        assert queries.invitation(site, token) is None
        with pytest.raises(NotFoundError):
            activate(site, token, Secret("Another-9-kite"))
        assert password_of(owner, "王芳") == stored

    def test_the_trail_names_who_set_a_password_and_not_the_password(
        self, site: Site, cast: Cast, owner: Engine
    ) -> None:
        activate(site, token_of(invite(site, OPERATOR, Role.HOSPITAL_ADMIN, HOSPITAL)))

        with owner.connect() as connection:
            [entry] = connection.execute(
                text("select actor, role, via, change from audit_entry"
                     " where action = 'accounts.activate' and table_name = 'login'")
            ).all()  # fmt: skip
        assert entry[:3] == ("王芳", "hospital_admin", "console")
        assert entry[3]["password_hash"][1].endswith("bytes>")

    def test_a_link_dies_after_seven_days(self, site: Site, cast: Cast, clock: Clock) -> None:
        token = token_of(invite(site, OPERATOR, Role.AUDITOR, CITY))

        clock.advance(days=7, seconds=-1)
        assert queries.invitation(site, token) is not None
        clock.advance(seconds=1)
        assert queries.invitation(site, token) is None

    def test_a_link_that_dies_while_its_page_is_open_sets_nothing(
        self, site: Site, cast: Cast, clock: Clock, owner: Engine
    ) -> None:
        token = token_of(invite(site, OPERATOR, Role.AUDITOR, CITY))
        clock.advance(days=8)

        with pytest.raises(NotFoundError), begin(site, cast.auditor) as work:
            commands.activate(work, token, GOOD)
        assert password_of(owner, "王芳") is None

    def test_a_second_link_for_the_name_kills_the_first(self, site: Site, cast: Cast) -> None:
        first = token_of(invite(site, OPERATOR, Role.HOSPITAL_ADMIN, HOSPITAL))
        second = token_of(invite(site, OPERATOR, Role.HOSPITAL_ADMIN, HOSPITAL, " 王芳 "))

        assert queries.invitation(site, first) is None
        assert queries.invitation(site, second) is not None

    def test_a_link_for_an_old_log_in_sets_a_new_password_and_not_the_old_one(
        self, site: Site, cast: Cast, owner: Engine
    ) -> None:
        activate(site, token_of(invite(site, OPERATOR, Role.HOSPITAL_ADMIN, HOSPITAL)))
        again = token_of(invite(site, OPERATOR, Role.HOSPITAL_ADMIN, HOSPITAL))

        with pytest.raises(InvalidError) as refused:
            activate(site, again, GOOD)
        activate(site, again, Secret("Another-9-kite"))

        assert [row.code for row in refused.value.rows] == ["accounts.password.used"]
        stored = password_of(owner, "王芳")
        assert stored is not None
        assert passwords.matches(site.vault, stored, Secret("Another-9-kite"))

    def test_a_weak_password_is_refused_and_the_link_lives_on(
        self, site: Site, cast: Cast, owner: Engine
    ) -> None:
        token = token_of(invite(site, OPERATOR, Role.HOSPITAL_ADMIN, HOSPITAL))

        with pytest.raises(InvalidError) as refused:
            activate(site, token, Secret("wangfang1"))

        codes = {row.code.removeprefix("accounts.password.") for row in refused.value.rows}
        assert codes == {"short", "plain", "has_name"}
        assert all(row.value == "" for row in refused.value.rows)
        assert password_of(owner, "王芳") is None
        assert queries.invitation(site, token) is not None

    def test_a_name_may_hold_roles_at_two_places(
        self, site: Site, cast: Cast, count: Callable[..., int]
    ) -> None:
        invite(site, OPERATOR, Role.HOSPITAL_ADMIN, HOSPITAL)
        invite(site, OPERATOR, Role.HOSPITAL_ADMIN, COUNTY_HOSPITAL)
        invite(site, OPERATOR, Role.HOSPITAL_ADMIN, COUNTY_HOSPITAL)

        assert (count("login"), count("grant_held")) == (1, 2)

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ((Role.AUDITOR, CITY), (Role.CITY_OFFICE, CITY_BUREAU)),
            ((Role.CITY_OFFICE, CITY_BUREAU), (Role.AUDITOR, CITY)),
        ],
    )
    def test_who_audits_holds_nothing_else(
        self, site: Site, cast: Cast, first: tuple[Role, str], second: tuple[Role, str]
    ) -> None:
        invite(site, OPERATOR, *first)

        with pytest.raises(ConflictError) as refused:
            invite(site, OPERATOR, *second)

        assert refused.value.code == "accounts.link.auditor_alone"

    @pytest.mark.parametrize(
        ("inviter", "role", "unit", "kind"),
        [
            ("county_bureau", Role.CITY_OFFICE, CITY_BUREAU, CmeError),
            ("county_bureau", Role.COUNTY_BUREAU, COUNTY_BUREAU, ForbiddenError),
            ("county_bureau", Role.HOSPITAL_ADMIN, HOSPITAL, NotFoundError),
            ("hospital_admin", Role.HOSPITAL_ADMIN, HOSPITAL, ForbiddenError),
            ("hospital_admin", Role.DEPARTMENT_SECRETARY, "H9-1", NotFoundError),
            ("secretary", Role.DEPARTMENT_SECRETARY, CARDIOLOGY, ForbiddenError),
            ("auditor", Role.AUDITOR, CITY, ForbiddenError),
            ("city_office", Role.HOSPITAL_ADMIN, STRANGER_HOSPITAL, NotFoundError),
            ("city_office", Role.OPERATOR, CITY, ForbiddenError),
        ],
    )
    def test_nobody_invites_beyond_their_own(
        self, site: Site, cast: Cast, inviter: str, role: Role, unit: str, kind: type[CmeError]
    ) -> None:
        with pytest.raises(kind):
            invite(site, getattr(cast, inviter), role, unit)

    def test_a_county_office_invites_its_hospital(self, site: Site, cast: Cast) -> None:
        link = invite(site, cast.county_bureau, Role.HOSPITAL_ADMIN, COUNTY_HOSPITAL)

        invitation = queries.invitation(site, token_of(link))

        assert invitation is not None
        assert invitation.place == cast.unit(COUNTY_HOSPITAL).place

    def test_a_link_is_no_way_to_take_over_anothers_log_in(self, site: Site, cast: Cast) -> None:
        activate(site, token_of(invite(site, OPERATOR, Role.CITY_OFFICE, CITY_BUREAU)))

        with pytest.raises(ConflictError) as refused:
            invite(site, cast.hospital_admin, Role.DEPARTMENT_SECRETARY, CARDIOLOGY)

        assert refused.value.code == "accounts.link.name_taken"

    @pytest.mark.parametrize("name", ["", "  ", "王\x00芳", "长" * 41])
    def test_a_name_nobody_can_type_is_refused(self, site: Site, cast: Cast, name: str) -> None:
        with pytest.raises(InvalidError):
            invite(site, OPERATOR, Role.AUDITOR, CITY, name)

    @pytest.mark.parametrize("token", ["", "x", "\ud800", "a\x00", "a" * 10_000])
    def test_an_unknown_token_is_no_invitation(self, site: Site, token: str) -> None:
        assert queries.invitation(site, Secret(token)) is None

    def test_of_many_who_use_one_link_at_once_one_sets_the_password(
        self, site: Site, cast: Cast, owner: Engine
    ) -> None:
        token = token_of(invite(site, OPERATOR, Role.AUDITOR, CITY))
        ready = threading.Barrier(5)

        def run(number: int) -> bool:
            ready.wait()
            try:
                activate(site, token, Secret(f"Kite-{number}-river"))
            except NotFoundError:
                return False
            return True

        with ThreadPoolExecutor(5) as pool:
            ended = list(pool.map(run, range(5)))

        assert ended.count(True) == 1
        stored = password_of(owner, "王芳")
        assert stored is not None
        winner = Secret(f"Kite-{ended.index(True)}-river")
        assert passwords.matches(site.vault, stored, winner)


def test_the_life_of_a_link_is_a_week() -> None:
    assert timedelta(days=7) == rules.LINK_LIFE


def test_a_binding_follows_its_person(site: Site, bindable: Cast) -> None:
    bind(site, OPERATOR, "one", HE_MIN)
    roster = csv.DictReader(io.StringIO(roster_csv()))
    [row] = [one for one in roster if one["person_no"] == HE_MIN]
    row["department_code"] = NURSING

    with begin(site, OPERATOR) as work:
        cards.import_people(work, people_sheet(csv_of([*row], [*row.values()])))

    binding = queries.binding_of(site, "city", "one")
    assert binding is not None
    home = bindable.unit(NURSING).place
    assert binding.place == home.person(bindable.person(HE_MIN).id)
