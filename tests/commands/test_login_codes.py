"""查询用户名密码 — T-PW-1 to 6 of trust.md 2.2: the one-time code, and the password it leads to."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog
from sqlalchemy import Engine, text

from app.accounts import commands, queries, steps
from app.accounts.rules.codes import SIGNS
from app.accounts.terms import AccountCard, Stage, Visitor, Way
from app.base import logs, passwords
from app.base.database import Base
from app.base.site import Site
from app.base.work import begin
from app.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from app.kernel.secret import Secret
from tests.conftest import Clock
from tests.support.cast import HE_MIN, OPERATOR, PEOPLE, SHAN_XIAO, ZHENG_HAI, id_number
from tests.support.entrance import EDGE, OPENID, PASSWORD, PC, Entrance
from tests.support.serving import app_of
from tests.support.wechat_client import SERVICE

PHONE = "MicroMessenger"
NONE = Secret("0000000000")


def told(owner: Engine) -> list[dict[str, object]]:
    with owner.connect() as connection:
        asked = text("select body from outbox_message where topic = 'wechat.tell' order by id")
        return list(connection.execute(asked).scalars())


# ------------------------------------------------------------------ T-PW-1


def test_t_pw_1_no_password_and_no_code_is_anywhere_in_clear(
    entrance: Entrance, owner: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure()
    entrance.bind()
    code = entrance.ask().code.reveal()
    web = app_of(entrance.site).test_client()
    answers = [web.get("/login/code").text]
    for typed in ("0000000000", code):
        token = re.search(r'name="form_token" value="([^"]+)"', answers[0])
        assert token
        sent = {"form_token": token[1], "name": HE_MIN, "code": typed}
        answers.append(web.post("/login/code", data=sent).text)
    answers.append(web.get("/login/password").text)
    token = re.search(r'name="form_token" value="([^"]+)"', answers[-1])
    assert token
    sent = {"form_token": token[1], "password": PASSWORD, "again": PASSWORD}
    answers.append(web.post("/login/password", data=sent).text)
    cookie = web.get_cookie("kejiao_console")
    assert cookie
    secrets = {"code": code, "password": PASSWORD, "session": cookie.value}
    structlog.reset_defaults()

    said = "\n".join([*answers, capsys.readouterr().err, *map(str, everything(owner))]).lower()

    assert "已经登录" in answers[-1]
    for what, secret in secrets.items():
        assert secret.lower() not in said, what
        assert secret.encode().hex() not in said, what


def everything(owner: Engine) -> Iterator[object]:
    """Every row of the database, the outbox and the trail among them."""
    with owner.connect() as connection:
        for table in Base.metadata.sorted_tables:
            yield from connection.execute(text(f"select t::text from {table.name} t")).scalars()


# ------------------------------------------------------------------ T-PW-2


def test_a_code_is_ten_signs_that_nobody_mistakes(entrance: Entrance) -> None:
    entrance.bind()
    code = entrance.ask()

    assert len(code.code.reveal()) == 10
    assert set(code.code.reveal()) <= set(SIGNS)
    assert (code.user_name, code.left_today) == (HE_MIN, 2)


def test_t_pw_2_a_right_code_leads_to_a_new_password_and_nowhere_else(
    entrance: Entrance,
) -> None:
    entrance.bind()

    signed = entrance.use(HE_MIN, entrance.ask().code.reveal())

    assert signed is not None
    session = entrance.session(signed)
    assert (session.stage, session.way) == (Stage.RENEW, Way.CODE)


@pytest.mark.parametrize(
    "how",
    [
        str.lower,
        lambda code: f" {code[:5]} - {code[5:]} ",
        lambda code: code.replace("0", "o").replace("1", "L"),
    ],
)
def test_a_code_is_typed_as_people_type(entrance: Entrance, how: Callable[[str], str]) -> None:
    entrance.bind()

    assert entrance.use(HE_MIN, how(entrance.ask().code.reveal())) is not None


def test_t_pw_2_a_code_is_used_once(entrance: Entrance) -> None:
    entrance.bind()
    code = entrance.ask().code.reveal()

    assert entrance.use(HE_MIN, code) is not None
    assert entrance.use(HE_MIN, code) is None


def test_t_pw_2_a_code_dies_after_ten_minutes(entrance: Entrance, clock: Clock) -> None:
    entrance.bind()
    first = entrance.ask().code.reveal()

    clock.advance(minutes=10)
    assert entrance.use(HE_MIN, first) is None
    second = entrance.ask().code.reveal()
    clock.advance(minutes=10, seconds=-1)
    assert entrance.use(HE_MIN, second) is not None


def test_t_pw_2_five_wrong_ones_void_the_right_one(entrance: Entrance) -> None:
    entrance.bind()
    code = entrance.ask().code.reveal()
    for _ in range(5):
        assert entrance.use(HE_MIN, "0000000000") is None

    assert entrance.use(HE_MIN, code) is None


def test_four_wrong_ones_do_not(entrance: Entrance) -> None:
    entrance.bind()
    code = entrance.ask().code.reveal()
    for _ in range(4):
        assert entrance.use(HE_MIN, "0000000000") is None

    assert entrance.use(HE_MIN, code) is not None


def test_t_pw_2_a_code_of_one_person_is_none_of_another(entrance: Entrance) -> None:
    entrance.bind()
    entrance.bind(SHAN_XIAO, "o-shan-xiao")
    mine, theirs = entrance.ask(), entrance.ask(SHAN_XIAO, "o-shan-xiao")

    assert entrance.use(SHAN_XIAO, mine.code.reveal()) is None
    assert entrance.use(HE_MIN, theirs.code.reveal()) is None
    assert entrance.use(HE_MIN, mine.code.reveal()) is not None


def test_t_pw_2_a_code_is_for_no_other_purpose(entrance: Entrance) -> None:
    entrance.claim()
    code = entrance.ask().code

    assert entrance.type(HE_MIN, code.reveal()).login is None
    assert queries.console_session(entrance.site, code) is None
    session = entrance.session(entrance.enter(HE_MIN))
    with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
        commands.begin_totp(work, HE_MIN)
    with (
        pytest.raises(InvalidError),
        begin(entrance.site, entrance.cast.self(HE_MIN)) as work,
    ):
        commands.confirm_totp(work, HE_MIN, session.id, code.reveal(), PC)


def test_a_newer_code_ends_the_older(entrance: Entrance) -> None:
    entrance.bind()
    first, second = entrance.ask(), entrance.ask()

    assert entrance.use(HE_MIN, first.code.reveal()) is None
    assert entrance.use(HE_MIN, second.code.reveal()) is not None


def test_three_codes_a_day_and_no_more(entrance: Entrance, clock: Clock) -> None:
    entrance.bind()
    left = [entrance.ask().left_today for _ in range(3)]

    with pytest.raises(ConflictError) as refused:
        entrance.ask()
    clock.advance(days=1)

    assert left == [2, 1, 0]
    assert refused.value.code == "accounts.code.enough"
    assert entrance.ask().left_today == 2


def test_ten_tries_an_hour_from_one_address(entrance: Entrance, clock: Clock) -> None:
    entrance.bind()
    for number in range(10):
        assert steps.try_code(entrance.site, f"99010{number}", NONE, address="10.0.0.1").wait_s == 0

    assert steps.try_code(entrance.site, HE_MIN, NONE, address="10.0.0.1").wait_s > 0
    assert steps.try_code(entrance.site, HE_MIN, NONE, address="10.0.0.2").wait_s == 0
    clock.advance(hours=1)
    assert steps.try_code(entrance.site, HE_MIN, NONE, address="10.0.0.1").wait_s == 0


# ------------------------------------------------------------------ T-PW-3


def test_t_pw_3_nobody_of_an_import_comes_in_with_what_is_on_their_card(
    entrance: Entrance, clock: Clock
) -> None:
    for no, _, born, order, *_, phone in PEOPLE:
        number = id_number(born, order)
        known = [no, number, number[-6:], number[-8:], phone, phone[-6:], "123456", "000000", ""]
        for guess in known:
            assert entrance.type(no, guess).login is None
            clock.advance(minutes=31)


def test_t_pw_3_who_was_only_bound_has_no_password_either(entrance: Entrance) -> None:
    entrance.bind()
    entrance.ask()

    assert entrance.type(HE_MIN, HE_MIN).login is None


def test_weak_passwords_of_before_are_found_and_are_no_more(
    entrance: Entrance, owner: Engine
) -> None:
    entrance.claim()
    entrance.claim(SHAN_XIAO, "o-shan-xiao")
    entrance.claim(ZHENG_HAI, "o-zheng-hai")
    strong = entrance.enter(ZHENG_HAI)
    set_by_hand(owner, entrance, HE_MIN, HE_MIN[-6:])
    set_by_hand(owner, entrance, SHAN_XIAO, "13900000003")
    weak = entrance.enter(HE_MIN, HE_MIN[-6:])

    with begin(entrance.site, OPERATOR) as work:
        found = commands.audit_weak(work)

    assert set(found) == {HE_MIN, SHAN_XIAO}
    assert entrance.type(HE_MIN, HE_MIN[-6:]).login is None
    assert queries.console_session(entrance.site, weak.session) is None
    assert queries.console_session(entrance.site, strong.session) is not None


def set_by_hand(owner: Engine, entrance: Entrance, no: str, password: str) -> None:
    """As an older release, or somebody at the database, would have left it."""
    hashed = passwords.hashed(entrance.site.vault, Secret(password))
    with owner.begin() as connection:
        connection.execute(
            text("update login set password_hash = :hash where name = :no"),
            {"hash": hashed, "no": no},
        )


# ------------------------------------------------------------------ T-PW-4


def test_t_pw_4_a_new_password_ends_the_sessions_of_all_browsers(entrance: Entrance) -> None:
    entrance.claim()
    three = [entrance.enter(HE_MIN, visitor=Visitor(f"{EDGE} {n}", "10.1.1.1")) for n in range(3)]
    phone = steps.open_phone_session(
        entrance.site, SERVICE, OPENID, agent=PHONE, address="10.1.1.2"
    )
    used = entrance.use(HE_MIN, entrance.ask().code.reveal())
    assert used is not None

    renewed = entrance.renew(used, "Another-9-kite-run")

    for old in (*three, used):
        assert queries.console_session(entrance.site, old.session) is None
    assert queries.phone_session(entrance.site, phone) is None
    assert entrance.session(renewed).stage is Stage.OPEN
    assert entrance.type(HE_MIN, PASSWORD).login is None
    assert entrance.type(HE_MIN, "Another-9-kite-run").login is not None


def test_a_new_password_ends_nobody_elses_session(entrance: Entrance) -> None:
    entrance.claim(SHAN_XIAO, "o-shan-xiao")
    entrance.bind()
    other = entrance.enter(SHAN_XIAO)
    used = entrance.use(HE_MIN, entrance.ask().code.reveal())
    assert used is not None

    entrance.renew(used)

    assert entrance.session(other).name == SHAN_XIAO


# ------------------------------------------------------------------ T-PW-5


def test_t_pw_5_everybody_bound_is_told_in_the_same_transaction(
    entrance: Entrance, owner: Engine
) -> None:
    entrance.bind()
    entrance.official.bind("city-office", "o-elsewhere", HE_MIN)
    entrance.clock.advance(days=31)
    used = entrance.use(HE_MIN, entrance.ask().code.reveal())
    assert used is not None
    before = len(told(owner))
    with pytest.raises(InvalidError):
        entrance.renew(used, "weak")
    assert len(told(owner)) == before

    entrance.renew(used)

    bodies = told(owner)[before:]
    assert {(body["slug"], body["openid"]) for body in bodies} == {
        (SERVICE, OPENID), ("city-office", "o-elsewhere"),
    }  # fmt: skip
    assert {body["code"] for body in bodies} == {"password_reset"}
    with owner.connect() as connection:
        moments = connection.execute(
            text(
                "select xmin from outbox_message where topic = 'wechat.tell'"
                " union select xmin from audit_entry where action = 'accounts.set_password'"
                " union select xmin from login where name = :no"
            ),
            {"no": HE_MIN},
        ).all()
    assert len(moments) == 1 + (before > 0)


def link_no(owner: Engine) -> str:
    """The number of the link in the last message."""
    facts = told(owner)[-1]["facts"]
    assert isinstance(facts, dict)
    return str(facts["freeze_no"])


def freezing(site: Site, owner: Engine) -> Secret:
    """The token of the link in the last message."""
    return queries.freeze_token(site, link_no(owner))


class TestFreezing:
    def test_what_waits_to_be_sent_opens_nothing(self, entrance: Entrance, owner: Engine) -> None:
        entrance.claim()
        stored = Secret(link_no(owner))

        assert queries.freezing(entrance.site, stored) is None
        with (
            pytest.raises(NotFoundError),
            begin(entrance.site, entrance.cast.self(HE_MIN)) as work,
        ):
            commands.freeze(work, stored)

    def test_the_link_of_the_message_stops_everything(
        self, entrance: Entrance, owner: Engine
    ) -> None:
        signed = entrance.claim()
        token = freezing(entrance.site, owner)
        link = queries.freezing(entrance.site, token)
        assert link is not None
        assert (link.person_no, link.place) == (HE_MIN, entrance.cast.person(HE_MIN).place)

        with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
            commands.freeze(work, token)

        assert queries.console_session(entrance.site, signed.session) is None
        assert entrance.type(HE_MIN).login is None
        assert queries.freezing(entrance.site, token) is None
        with pytest.raises(ConflictError) as refused:
            entrance.ask()
        assert refused.value.code == "accounts.login.frozen"

    def test_a_code_that_is_out_dies_with_it(self, entrance: Entrance, owner: Engine) -> None:
        entrance.claim()
        code = entrance.ask().code.reveal()
        with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
            commands.freeze(work, freezing(entrance.site, owner))

        assert entrance.use(HE_MIN, code) is None

    @pytest.mark.parametrize("days", [7, 8])
    def test_the_link_dies_after_a_week(
        self, entrance: Entrance, owner: Engine, clock: Clock, days: int
    ) -> None:
        entrance.claim()
        token = freezing(entrance.site, owner)
        clock.advance(days=days)

        assert queries.freezing(entrance.site, token) is None
        with (
            pytest.raises(NotFoundError),
            begin(entrance.site, entrance.cast.self(HE_MIN)) as work,
        ):
            commands.freeze(work, token)

    def test_unfrozen_by_an_administrator_it_needs_a_new_password(
        self, entrance: Entrance, owner: Engine
    ) -> None:
        entrance.claim()
        with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
            commands.freeze(work, freezing(entrance.site, owner))

        with begin(entrance.site, entrance.cast.hospital_admin) as work:
            commands.unfreeze_login(work, HE_MIN, reason="本人到场，核对了身份证件")

        assert entrance.type(HE_MIN).login is None
        used = entrance.use(HE_MIN, entrance.ask().code.reveal())
        assert used is not None
        assert entrance.renew(used, "Another-9-kite-run").stage is Stage.OPEN

    def test_its_owner_lets_it_go_on_by_proving_the_phone(
        self, entrance: Entrance, owner: Engine
    ) -> None:
        entrance.claim()
        with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
            commands.freeze(work, freezing(entrance.site, owner))

        def unfreeze() -> None:
            with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
                commands.unfreeze(work, HE_MIN, slug=SERVICE, openid=OPENID)

        with pytest.raises(ForbiddenError) as refused:
            unfreeze()
        prove_phone(owner, entrance)
        unfreeze()

        assert refused.value.code == "accounts.code.proof_first"
        assert entrance.use(HE_MIN, entrance.ask().code.reveal()) is not None


# ------------------------------------------------------------------ T-PW-6


def test_t_pw_6_of_twenty_who_use_one_code_at_once_one_comes_in(entrance: Entrance) -> None:
    entrance.bind()
    code = entrance.ask().code.reveal()
    ready = threading.Barrier(20)

    def run(number: int) -> bool:
        ready.wait()
        return entrance.use(HE_MIN, code, Visitor(EDGE, f"10.3.{number}.1")) is not None

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(run, range(20))).count(True) == 1


# ------------------------------------------------------------------ more proof


def prove_phone(owner: Engine, entrance: Entrance) -> None:
    """What the phone component leaves behind, once the platform has said the number."""
    with owner.begin() as connection:
        connection.execute(
            text("update binding set phone_proven_at = :now where ended_at is null"),
            {"now": entrance.clock()},
        )


class TestMoreProof:
    def test_a_young_binding_is_too_little(self, entrance: Entrance, owner: Engine) -> None:
        entrance.bind(days=6)

        with pytest.raises(ForbiddenError) as refused:
            entrance.ask()
        prove_phone(owner, entrance)

        assert refused.value.code == "accounts.code.proof_first"
        assert entrance.ask().left_today == 2

    def test_a_phone_proven_long_ago_is_too_little(
        self, entrance: Entrance, owner: Engine, clock: Clock
    ) -> None:
        entrance.bind(days=6)
        prove_phone(owner, entrance)
        clock.advance(minutes=10)

        with pytest.raises(ForbiddenError):
            entrance.ask()

    def test_after_a_week_a_first_binding_is_enough(self, entrance: Entrance) -> None:
        entrance.bind(days=7)

        assert entrance.ask().left_today == 2

    def test_a_binding_that_came_after_another_is_too_little_for_a_month(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        entrance.bind(openid="o-before", days=40)
        entrance.bind(days=29)

        with pytest.raises(ForbiddenError):
            entrance.ask()
        clock.advance(days=1)
        assert entrance.ask().left_today == 2

    def test_the_authenticator_is_proof_too(self, entrance: Entrance, clock: Clock) -> None:
        entrance.claim()
        login = entrance.session(entrance.enter(HE_MIN)).login
        entrance.enrol(login)
        entrance.bind(openid="o-new-phone", days=1)
        clock.advance(seconds=60)

        with pytest.raises(ForbiddenError):
            entrance.ask(openid="o-new-phone", number="000000")
        assert entrance.ask(openid="o-new-phone", number=entrance.number(login)).left_today == 2

    def test_anothers_openid_gets_nothing(self, entrance: Entrance) -> None:
        entrance.bind()
        entrance.bind(SHAN_XIAO, "o-shan-xiao")

        for openid in ("o-shan-xiao", "o-nobody"):
            with pytest.raises(NotFoundError):
                entrance.ask(openid=openid)


class TestAskedByAnAdministrator:
    def ask(self, entrance: Entrance, *, present: bool = False, reason: str = "忘了密码") -> str:
        with begin(entrance.site, entrance.cast.hospital_admin) as work:
            made = commands.reset_code(work, HE_MIN, card_no=HE_MIN, reason=reason, present=present)
        return made.code.reveal()

    def test_it_opens_nothing_until_its_owner_agrees_on_their_phone(
        self, entrance: Entrance, owner: Engine
    ) -> None:
        entrance.bind()
        code = self.ask(entrance)
        before = entrance.use(HE_MIN, code)

        with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
            card = queries.account_card_of(work, HE_MIN, HE_MIN)
            commands.agree_code(work, HE_MIN)

        assert before is None
        assert card.code_waits
        assert told(owner)[-1]["code"] == "code_waits"
        assert entrance.use(HE_MIN, code) is not None

    def test_in_front_of_the_administrator_it_works_at_once(
        self, entrance: Entrance, owner: Engine
    ) -> None:
        code = self.ask(entrance, present=True, reason="本人到场")

        assert entrance.use(HE_MIN, code) is not None
        with owner.connect() as connection:
            asked = text(
                "select change ->> 'reason' from audit_entry"
                " where action = 'accounts.reset_code' and table_name = 'reset_code'"
            )
            assert connection.execute(asked).scalar_one() == "本人到场"

    def test_where_nobody_could_agree_there_is_none(self, entrance: Entrance) -> None:
        with pytest.raises(ConflictError) as refused:
            self.ask(entrance)

        assert refused.value.code == "accounts.code.nobody_to_agree"

    def test_without_a_reason_there_is_none(self, entrance: Entrance) -> None:
        with pytest.raises(InvalidError):
            self.ask(entrance, present=True, reason="  ")

    def test_it_takes_none_of_its_owners_three(self, entrance: Entrance) -> None:
        entrance.bind()
        self.ask(entrance)

        assert [entrance.ask().left_today for _ in range(3)] == [2, 1, 0]


class TestAccountCard:
    def card(self, entrance: Entrance, card_no: str | None = HE_MIN) -> AccountCard:
        with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
            return queries.account_card_of(work, HE_MIN, card_no)

    def test_who_never_signed_in_reads_their_user_name(self, entrance: Entrance) -> None:
        assert self.card(entrance) == AccountCard(HE_MIN, False, False, None, 3, False)
        assert self.card(entrance, None).user_name == HE_MIN

    def test_who_did_reads_when_and_where_from(self, entrance: Entrance) -> None:
        entrance.claim()
        card = self.card(entrance)

        assert card.claimed
        assert card.codes_left == 2
        assert card.last is not None
        assert (card.last.at, card.last.address) == (entrance.clock(), PC.address)

    def test_the_user_name_is_the_number_of_the_card(self, entrance: Entrance) -> None:
        entrance.bind()
        with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
            code = commands.ask_code(work, HE_MIN, card_no="103004217", slug=SERVICE, openid=OPENID)

        assert code.user_name == "103004217"
        assert self.card(entrance, "103004217").user_name == "103004217"
        used = entrance.use("103 004 217", code.code.reveal())
        assert used is not None
        assert entrance.session(used).name == HE_MIN

    def test_a_card_that_another_gets_is_theirs_to_sign_in_with(
        self, entrance: Entrance, count: Callable[..., int]
    ) -> None:
        entrance.claim()
        entrance.bind(SHAN_XIAO, "o-shan-xiao")
        with begin(entrance.site, entrance.cast.self(SHAN_XIAO)) as work:
            commands.ask_code(work, SHAN_XIAO, card_no=HE_MIN, slug=SERVICE, openid="o-shan-xiao")

        assert count("login", f"card_no = '{HE_MIN}'") == 1


def test_the_log_of_a_test_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing above would prove anything if the log were not caught."""
    logs.configure()
    structlog.get_logger("tests").warning("canary", what=io.StringIO("x").read())
    structlog.reset_defaults()

    assert "canary" in capsys.readouterr().err
