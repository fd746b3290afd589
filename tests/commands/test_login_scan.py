"""扫码登录 — a number matched on the phone signs in the computer that shows it, and no other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from app.accounts import commands, queries, steps
from app.accounts.rules.scans import told_apart
from app.accounts.terms import Offer, Scan, ScanState, SignedIn, Stage, System, Way
from app.base.work import begin
from app.kernel.errors import ConflictError, NotFoundError
from app.kernel.secret import Secret
from tests.conftest import Clock
from tests.support.cast import HE_MIN, SHAN_XIAO
from tests.support.entrance import EDGE, OPENID, PC, Entrance
from tests.support.wechat_client import CITY_OFFICE, SERVICE

BROWSER = Secret("a browser's cookie")


def offered(entrance: Entrance, browser: Secret = BROWSER) -> Offer:
    offer = steps.offer_scan(entrance.site, SERVICE, browser, agent=EDGE, address=PC.address)
    assert isinstance(offer, Offer)
    return offer


def read(entrance: Entrance, offer: Offer, openid: str = OPENID) -> Scan | None:
    return steps.scan_of(entrance.site, SERVICE, openid, offer.token)


def confirm(
    entrance: Entrance,
    offer: Offer,
    number: int | None = None,
    no: str = HE_MIN,
    openid: str = OPENID,
    slug: str = SERVICE,
) -> bool:
    chosen = offer.number if number is None else number
    with begin(entrance.site, entrance.cast.self(no)) as work:
        return commands.confirm_scan(
            work, no, offer.token, chosen, card_no=no, slug=slug, openid=openid
        )


def state(entrance: Entrance, browser: Secret = BROWSER) -> ScanState | None:
    standing = steps.scan_standing(entrance.site, browser)
    return None if standing is None else standing.state


def take(entrance: Entrance, browser: Secret = BROWSER) -> SignedIn:
    standing = steps.scan_standing(entrance.site, browser)
    assert standing is not None
    assert standing.login_id is not None
    login = queries.login_of(entrance.site, standing.login_id)
    with begin(entrance.site, entrance.actor(login)) as work:
        return commands.sign_in_by_scan(work, login.name, browser, PC)


def test_the_right_number_signs_the_computer_in_without_a_password(entrance: Entrance) -> None:
    entrance.bind()
    offer = offered(entrance)
    assert state(entrance) is ScanState.WAITING
    assert read(entrance, offer) is not None
    assert state(entrance) is ScanState.SEEN

    assert confirm(entrance, offer)
    assert state(entrance) is ScanState.CONFIRMED
    session = entrance.session(take(entrance))

    assert (session.name, session.stage, session.way) == (HE_MIN, Stage.OPEN, Way.SCAN)
    assert session.strong
    assert not session.login.claimed
    assert state(entrance) is ScanState.OVER


def test_the_phone_reads_three_numbers_and_which_computer_it_is(entrance: Entrance) -> None:
    entrance.bind()
    offer = offered(entrance)

    scan = read(entrance, offer)

    assert scan is not None
    assert len(set(scan.numbers)) == 3
    assert offer.number in scan.numbers
    assert told_apart(scan.numbers)
    assert (scan.device.system, scan.address) == (System.WINDOWS, PC.address)


def test_where_the_right_number_stands_tells_nothing(entrance: Entrance) -> None:
    entrance.bind()
    places = set()
    for _ in range(40):
        offer = offered(entrance)
        scan = read(entrance, offer)
        assert scan is not None
        places.add(scan.numbers.index(offer.number))

    assert places == {0, 1, 2}


def test_a_wrong_number_voids_the_picture(entrance: Entrance) -> None:
    entrance.bind()
    offer = offered(entrance)
    scan = read(entrance, offer)
    assert scan is not None
    wrong = next(number for number in scan.numbers if number != offer.number)

    assert not confirm(entrance, offer, wrong)

    assert state(entrance) is ScanState.OVER
    with pytest.raises(NotFoundError):
        confirm(entrance, offer)


def test_who_cancels_has_done_nothing(entrance: Entrance) -> None:
    entrance.bind()
    offer = offered(entrance)
    read(entrance, offer)

    with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
        commands.cancel_scan(work, HE_MIN, offer.token, slug=SERVICE, openid=OPENID)

    assert state(entrance) is ScanState.OVER
    with pytest.raises(NotFoundError):
        confirm(entrance, offer)


class TestOldAndRelayedPictures:
    def test_a_picture_lives_sixty_seconds(self, entrance: Entrance, clock: Clock) -> None:
        entrance.bind()
        offer = offered(entrance)

        clock.advance(seconds=60)

        assert read(entrance, offer) is None
        assert state(entrance) is ScanState.OVER

    def test_who_read_it_in_time_has_a_minute_to_choose(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        entrance.bind()
        offer = offered(entrance)
        clock.advance(seconds=59)
        assert read(entrance, offer) is not None
        clock.advance(seconds=59)
        assert read(entrance, offer) is not None
        assert confirm(entrance, offer)

        late = offered(entrance)
        read(entrance, late)
        clock.advance(seconds=60)
        with pytest.raises(NotFoundError):
            confirm(entrance, late)

    def test_one_that_is_confirmed_and_not_taken_is_over_too(
        self, entrance: Entrance, clock: Clock
    ) -> None:
        entrance.bind()
        offer = offered(entrance)
        read(entrance, offer)
        confirm(entrance, offer)
        login_id = steps.scan_standing(entrance.site, BROWSER)
        assert login_id is not None
        assert login_id.login_id is not None
        login = queries.login_of(entrance.site, login_id.login_id)
        clock.advance(seconds=60)

        with (
            pytest.raises(ConflictError),
            begin(entrance.site, entrance.actor(login)) as work,
        ):
            commands.sign_in_by_scan(work, HE_MIN, BROWSER, PC)

    def test_a_newer_picture_of_the_browser_ends_the_older(self, entrance: Entrance) -> None:
        entrance.bind()
        old = offered(entrance)
        offered(entrance)

        assert read(entrance, old) is None

    def test_who_reads_it_first_has_it(self, entrance: Entrance) -> None:
        entrance.bind()
        entrance.bind(SHAN_XIAO, "o-shan-xiao")
        offer = offered(entrance)
        assert read(entrance, offer) is not None

        assert read(entrance, offer, "o-shan-xiao") is None
        with pytest.raises(NotFoundError):
            confirm(entrance, offer, no=SHAN_XIAO, openid="o-shan-xiao")
        assert confirm(entrance, offer)

    def test_one_nobody_read_cannot_be_confirmed(self, entrance: Entrance) -> None:
        entrance.bind()

        with pytest.raises(NotFoundError):
            confirm(entrance, offered(entrance))

    def test_another_browser_gets_nothing_of_it(self, entrance: Entrance) -> None:
        entrance.bind()
        offer = offered(entrance)
        other = Secret("another browser")
        offered(entrance, other)
        read(entrance, offer)
        confirm(entrance, offer)
        standing = steps.scan_standing(entrance.site, BROWSER)
        assert standing is not None
        assert standing.login_id is not None
        login = queries.login_of(entrance.site, standing.login_id)

        assert state(entrance, other) is ScanState.WAITING
        for browser in (other, offer.token, Secret("none"), Secret("")):
            with (
                pytest.raises(ConflictError),
                begin(entrance.site, entrance.actor(login)) as work,
            ):
                commands.sign_in_by_scan(work, HE_MIN, browser, PC)

    def test_it_is_read_on_its_own_account_only(self, entrance: Entrance) -> None:
        entrance.bind()
        offer = offered(entrance)

        assert steps.scan_of(entrance.site, CITY_OFFICE, OPENID, offer.token) is None
        read(entrance, offer)
        with pytest.raises(NotFoundError):
            confirm(entrance, offer, slug=CITY_OFFICE)

    def test_it_is_not_confirmed_in_anothers_name(self, entrance: Entrance) -> None:
        entrance.bind()
        entrance.bind(SHAN_XIAO, "o-shan-xiao")
        offer = offered(entrance)
        read(entrance, offer)

        with pytest.raises(NotFoundError):
            confirm(entrance, offer, no=SHAN_XIAO)


def test_of_twenty_who_take_one_picture_at_once_one_comes_in(entrance: Entrance) -> None:
    entrance.bind()
    offer = offered(entrance)
    read(entrance, offer)
    confirm(entrance, offer)
    standing = steps.scan_standing(entrance.site, BROWSER)
    assert standing is not None
    assert standing.login_id is not None
    login = queries.login_of(entrance.site, standing.login_id)
    ready = threading.Barrier(20)

    def run(_: int) -> bool:
        ready.wait()
        try:
            with begin(entrance.site, entrance.actor(login)) as work:
                commands.sign_in_by_scan(work, HE_MIN, BROWSER, PC)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(run, range(20))).count(True) == 1


def test_who_is_frozen_does_not_come_in_by_scan(entrance: Entrance) -> None:
    entrance.bind()
    offer = offered(entrance)
    read(entrance, offer)
    confirm(entrance, offer)
    with begin(entrance.site, entrance.cast.hospital_admin) as work:
        commands.freeze_login(work, HE_MIN, reason="遗失手机")

    with pytest.raises(ConflictError):
        take(entrance)
    with pytest.raises(ConflictError) as refused:
        confirm(entrance, offered(entrance))
    assert refused.value.code == "accounts.login.frozen"


def test_it_works_while_others_have_shut_the_password_out(entrance: Entrance, clock: Clock) -> None:
    entrance.bind()
    for network in range(55):
        entrance.type(HE_MIN, "Wrong-9-waters-run", f"10.1.{network}.1")
        clock.advance(seconds=1)
    offer = offered(entrance)
    read(entrance, offer)
    confirm(entrance, offer)

    assert entrance.session(take(entrance)).name == HE_MIN


def test_tokens_and_browsers_stand_nowhere(entrance: Entrance, owner: Engine) -> None:
    offer = offered(entrance)

    with owner.connect() as connection:
        stored = connection.execute(text("select s::text from scan s")).scalar_one()
    for secret in (offer.token.reveal(), BROWSER.reveal()):
        assert secret not in stored
        assert secret.encode().hex() not in stored


@pytest.mark.parametrize(
    ("numbers", "apart"),
    [((17, 64, 82), True), ((17, 71, 82), False), ((17, 18, 82), False), ((17, 27, 64), False),
     ((33, 44, 55), True)],
)  # fmt: skip
def test_numbers_are_told_apart_by_a_hasty_eye(numbers: tuple[int, ...], *, apart: bool) -> None:
    assert told_apart(numbers) is apart
