"""A refusal tells nothing: not who exists, not what was wrong; and it cannot be asked for long."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from app.accounts import queries
from app.accounts.commands import proving as accounts
from app.accounts.queries import binding as bindings
from app.accounts.terms.proofs import Bound, NotBound, SlipEvidence
from app.base import words
from app.base.site import Site
from app.kernel.secret import Secret
from tests.conftest import Clock
from tests.support.binding import (
    PHONES,
    by_card,
    by_phone,
    by_slip,
    follower,
    picture_of,
    restated,
    slip_of,
    told,
)
from tests.support.cast import CAO_JING, HE_MIN, SHAN_XIAO, ZHENG_HAI, ZHOU_LAN
from tests.support.wechat_client import SERVICE, Official
from wechat import proving

pytestmark = pytest.mark.usefixtures("cast", "official")

NONE = Secret("0000-0000-0000")


def left(site: Site, openid: str) -> int:
    return bindings.binding_state(site, SERVICE, openid).tries_left


# ------------------------------------------------------------------ T-BIND-2


Cause = Callable[[str], object]


@pytest.fixture
def causes(site: Site, official: Official, clock: Clock) -> dict[str, Cause]:
    """A refusal for each cause, by an openid that has not tried yet."""
    used = slip_of(site, HE_MIN)
    by_slip(site, "o-he-min", used)
    theirs = slip_of(site, ZHOU_LAN)
    locked = slip_of(site, CAO_JING)
    for number in range(5):
        by_slip(site, f"o-thief-{number}", NONE, no=CAO_JING)
    early = slip_of(site, SHAN_XIAO)

    def taken(openid: str) -> object:
        """The openid is somebody else's already."""
        official.bind(SERVICE, openid, ZHENG_HAI)
        return by_slip(site, openid, theirs)

    return {
        "no such person": lambda openid: by_slip(site, openid, NONE, no="999999999"),
        "no such slip": lambda openid: by_slip(site, openid, NONE),
        "used": lambda openid: by_slip(site, openid, used),
        "another's": lambda openid: by_slip(site, openid, early, no=ZHOU_LAN),
        "bound already": taken,
        "locked": lambda openid: by_slip(site, openid, locked),
        "no such phone": lambda openid: by_phone(site, openid, "13900009999"),
        "no phone at all": lambda openid: by_phone(site, openid, None),
        "no such picture": lambda openid: by_card(site, openid, Secret("x" * 22)),
    }


def test_t_bind_2_every_cause_is_answered_in_the_same_bytes(causes: dict[str, Cause]) -> None:
    said = {}
    for number, (name, refused) in enumerate(causes.items()):
        outcome = refused(f"o-{number}")
        assert isinstance(outcome, NotBound), name
        sentence = words.sentence("errors", proving.REFUSED, {"left": outcome.left})
        said[name] = (repr(outcome).encode(), sentence.encode())

    assert len(set(said.values())) == 1
    assert next(iter(said.values()))[1].decode() == (
        "没有绑定成功。请换一种证明，或请科教科帮你确认。今天还能试 4 次。"
    )


@pytest.mark.weighty
def test_t_bind_2_every_cause_takes_the_same_time(
    site: Site, official: Official, clock: Clock
) -> None:
    """The median of 200 of each, in turn; what differs is less than anybody can hear."""
    real = slip_of(site, HE_MIN)
    official.bind(SERVICE, "o-taken", ZHENG_HAI)
    for number in range(5):
        by_slip(site, f"o-thief-{number}", NONE, no=CAO_JING)
    locked = slip_of(site, CAO_JING)
    asked: dict[str, tuple[str, Secret, str]] = {
        "no such person": ("o-1", NONE, "999999999"),
        "wrong proof": ("o-2", real, ZHOU_LAN),
        "bound already": ("o-taken", real, ""),
        "locked": ("o-3", locked, ""),
    }
    spent: dict[str, list[float]] = {name: [] for name in asked}

    for _ in range(200):
        # Nobody but the locked one may be locked: the counts of this round are taken back.
        for name, (openid, code, no) in asked.items():
            begun = time.process_time()
            outcome = by_slip(site, openid, code, no=no)
            spent[name].append(time.process_time() - begun)
            assert isinstance(outcome, NotBound)
        with site.engine.begin() as connection:
            connection.execute(
                text("delete from binding_try where scope = 'openid' or key <> :k"),
                {"k": str(_person(site, CAO_JING))},
            )

    medians = [statistics.median(times) for times in spent.values()]
    assert max(medians) - min(medians) < 0.020


def _person(site: Site, no: str) -> int:
    with site.engine.begin() as connection:
        connection.execute(text("select set_config('app.lo', '', true)"))
        connection.execute(text("select set_config('app.hi', '~', true)"))
        asked = text("select id from person where person_no = :no")
        return int(connection.execute(asked, {"no": no}).scalar_one())


# ------------------------------------------------------------------ T-BIND-3


def test_t_bind_3_the_sixth_try_of_an_openid_is_refused_even_if_it_is_right(
    site: Site, clock: Clock
) -> None:
    code = slip_of(site, HE_MIN)

    wrong = [by_slip(site, "o-new", NONE) for _ in range(5)]
    sixth = by_slip(site, "o-new", code)
    clock.advance(days=1)
    tomorrow = by_slip(site, "o-new", code)

    assert wrong == [NotBound(4), NotBound(3), NotBound(2), NotBound(1), NotBound(0)]
    assert sixth == NotBound(0)
    assert tomorrow == Bound()


def test_t_bind_3_the_sixth_try_at_a_person_is_refused_over_two_openids(site: Site) -> None:
    code = slip_of(site, HE_MIN)

    for openid, times in (("o-1", 3), ("o-2", 2)):
        for _ in range(times):
            assert isinstance(by_slip(site, openid, NONE, no=HE_MIN), NotBound)
    sixth = by_slip(site, "o-3", code)

    assert sixth == NotBound(4)
    assert queries.binding_of(site, SERVICE, "o-3") is None
    assert by_slip(site, "o-4", slip_of(site, ZHOU_LAN)) == Bound()


def test_t_bind_3_tries_count_together_whatever_is_tried(site: Site) -> None:
    for _ in range(3):
        by_slip(site, "o-1", NONE, no=HE_MIN)
    by_phone(site, "o-2", PHONES[HE_MIN], name="单晓")
    by_phone(site, "o-2", PHONES[HE_MIN], name="曹静")

    sixth = by_card(site, "o-3", picture_of(site, HE_MIN))

    assert sixth == NotBound(4)


def test_the_day_is_one_of_beijing(site: Site, clock: Clock) -> None:
    clock.set(clock.now.replace(hour=15, minute=59))
    for _ in range(5):
        by_slip(site, "o-new", NONE)
    assert left(site, "o-new") == 0

    clock.advance(minutes=1)

    assert left(site, "o-new") == 5


def test_a_right_proof_is_no_try(site: Site) -> None:
    by_slip(site, "o-new", NONE)
    by_slip(site, "o-new", slip_of(site, HE_MIN))

    assert left(site, "o-new") == 4


def test_what_was_counted_stays_counted_when_the_judging_fails(
    site: Site, count: Callable[..., int]
) -> None:
    """The count is committed before anything is judged, in a work of its own."""
    with follower(site, "o-new")() as work:
        evidence = SlipEvidence(slip_of(site, HE_MIN))
        tried = accounts.attempt(work, SERVICE, "o-new", evidence)

    def broken() -> None:
        with follower(site, "o-new")() as work:
            accounts.prove(work, tried)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()

    assert left(site, "o-new") == 4
    assert count("binding") == 0
    assert count("activation_slip", "used_at is null") == 1


def test_tries_of_one_account_are_not_those_of_another(site: Site) -> None:
    by_slip(site, "o-new", NONE)

    assert bindings.binding_state(site, "city-office", "o-new").tries_left == 5


def test_a_refusal_leaves_a_line_in_the_trail_and_tells_nobody(site: Site, owner: Engine) -> None:
    by_slip(site, "o-new", NONE, no=HE_MIN)

    with owner.connect() as connection:
        lines = connection.execute(
            text("select row_id, change from audit_entry where action = 'accounts.prove'")
        ).all()
    assert [(row, change["kind"], change["how"]) for row, change in lines] == [
        ("yingchuan/o-new", "refused", "slip")
    ]
    assert told(owner) == []


def test_a_cancelled_person_proves_nothing(site: Site, clock: Clock) -> None:
    token, code = picture_of(site, HE_MIN), slip_of(site, HE_MIN)
    restated(site, HE_MIN, status="cancelled")

    refused = [
        by_card(site, "o-1", token),
        by_slip(site, "o-2", code),
        by_phone(site, "o-3", PHONES[HE_MIN]),
    ]

    assert refused == [NotBound(4)] * 3
