"""What proves who a follower is, and what does not: phone, card, slip, a person who knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import Engine, text

from app.accounts import queries
from app.accounts.commands import proving as accounts
from app.accounts.commands import requests, slips
from app.accounts.queries import binding as bindings
from app.accounts.queries import proofs as desk
from app.accounts.rules.proofs import SIGNS, typed_slip, written_slip
from app.accounts.terms.proofs import Bound, NameNeeded, NotBound, Outcome
from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.cards.terms import CardState
from app.kernel.errors import CmeError, ConflictError, ForbiddenError, InvalidError, NotFoundError
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
    ticket_of,
    told,
)
from tests.support.cast import (
    CARDIOLOGY,
    COUNTY_HOSPITAL,
    HE_MIN,
    HOSPITAL,
    NURSING,
    OPERATOR,
    PEOPLE,
    SHAN_XIAO,
    STRANGER,
    UIDS,
    XIE_FANG,
    ZHENG_HAI,
    ZHOU_LAN,
    Cast,
    id_number,
)
from tests.support.wechat_client import CITY_OFFICE, SERVICE, Official

NEW = "o-new"

pytestmark = pytest.mark.usefixtures("cast", "official")


def bound(site: Site, openid: str = NEW, slug: str = SERVICE) -> str | None:
    found = queries.binding_of(site, slug, openid)
    return found and found.person_no


def how(owner: Engine, openid: str = NEW) -> str:
    with owner.connect() as connection:
        asked = text("select how from binding where openid = :o and ended_at is null")
        return str(connection.execute(asked, {"o": openid}).scalar_one())


# ------------------------------------------------------------------ T-BIND-1


def knowledge(no: str) -> dict[str, str]:
    """All that a colleague may know of somebody; the number stands on the card."""
    number, name, born, order, _, department, *_ = next(one for one in PEOPLE if one[0] == no)
    return {
        "name": name,
        "number": number,
        "tail of identity": id_number(born, order)[-6:],
        "phone": PHONES[no],
        "department": department,
    }


FACTS = knowledge(HE_MIN)
SUBSETS = list(chain.from_iterable(combinations(FACTS, size) for size in range(len(FACTS) + 1)))


def tries(site: Site, known: list[str]) -> Iterator[Callable[[], Outcome]]:
    """Whatever can be sent to every door by who knows this, and holds nothing in the hand."""
    name = next((one for one in known if one == FACTS["name"]), "")
    number = next((one for one in known if one == FACTS["number"]), "")
    yield lambda: by_phone(site, NEW, None, name=name)
    for words in dict.fromkeys(("".join(known), "-".join(known), *known[:1])):
        code = Secret(words)
        yield lambda code=code: by_slip(site, NEW, code, no=number)
        yield lambda code=code: by_card(site, NEW, code)


def test_t_bind_1_no_subset_of_what_a_colleague_knows_binds(
    site: Site, clock: Clock, count: Callable[..., int]
) -> None:
    slip_of(site, HE_MIN)
    outcomes = set()

    for subset in SUBSETS:
        known = [FACTS[fact] for fact in subset]
        for attempt in tries(site, known):
            # Each on a day of its own: none is refused for having tried too often.
            clock.advance(days=1)
            outcomes.add(attempt())
        with pytest.raises(NotFoundError):
            by_phone(site, NEW, FACTS["phone"], ticket=Secret("".join(known)))

    assert len(SUBSETS) == 2 ** len(FACTS)
    assert outcomes == {NotBound(4)}
    assert bound(site) is None
    assert count("binding") == count("binding_claim") == 0


def test_t_bind_1_all_that_is_known_only_asks_a_person(site: Site) -> None:
    with follower(site, NEW)() as work:
        requests.ask_human(
            work, SERVICE, NEW, FACTS["name"], FACTS["department"], " ".join(FACTS.values())
        )

    state = bindings.binding_state(site, SERVICE, NEW)
    assert (state.binding, state.asked) == (None, True)


# ------------------------------------------------------------------ phone


def test_a_phone_that_hr_filed_binds(site: Site, owner: Engine) -> None:
    assert by_phone(site, NEW, PHONES[HE_MIN]) == Bound()

    assert bound(site) == HE_MIN
    assert how(owner) == "phone"


@pytest.mark.parametrize("number", ["+8613900000001", "0086-13900000001", "8613900000001"])
def test_a_country_code_is_no_other_number(site: Site, number: str) -> None:
    outcome = by_phone(site, NEW, number)

    # Without a sign before it nobody knows where the country ends.
    assert isinstance(outcome, Bound) is not number.startswith("86")


@pytest.mark.parametrize("number", ["13900000002", "", "x", "1390000000", None])
def test_another_phone_binds_nobody(site: Site, number: str | None) -> None:
    assert by_phone(site, NEW, number) == NotBound(4)
    assert bound(site) is None


def test_a_ticket_is_good_once_and_for_ten_minutes(site: Site, clock: Clock) -> None:
    used, late = ticket_of(site, NEW), ticket_of(site, "o-late")
    by_phone(site, NEW, None, ticket=used)

    clock.advance(minutes=9, seconds=59)
    assert desk.ticket_holder(site, late) == (SERVICE, "o-late")
    clock.advance(seconds=1)

    assert desk.ticket_holder(site, late) is None
    for ticket in (used, late, Secret("unknown")):
        with pytest.raises(NotFoundError) as refused:
            by_phone(site, NEW, PHONES[HE_MIN], ticket=ticket)
        assert refused.value.code == "accounts.bind.ticket"


def test_a_ticket_binds_the_openid_it_was_given_to(site: Site) -> None:
    """Whoever carries it: the mini-program's own openid is another one."""
    ticket = ticket_of(site, NEW)

    by_phone(site, "o-somebody-else", PHONES[HE_MIN], ticket=ticket)

    assert (bound(site), bound(site, "o-somebody-else")) == (HE_MIN, None)


def test_t_bind_7_a_code_of_the_phone_component_counts_once_with_us_as_well(site: Site) -> None:
    code = Secret("phone-code-1")

    assert by_phone(site, NEW, PHONES[HE_MIN], code=code) == Bound()
    assert by_phone(site, "o-thief", PHONES[ZHENG_HAI], code=code) == NotBound(4)
    assert bound(site, "o-thief") is None


def test_a_number_of_several_people_needs_a_name_as_well(site: Site) -> None:
    restated(site, ZHOU_LAN, phone=PHONES[HE_MIN])
    ticket = ticket_of(site, NEW)

    asked = by_phone(site, NEW, PHONES[HE_MIN], ticket=ticket)
    wrong = by_phone(site, "o-other", PHONES[HE_MIN], name="单晓")
    right = by_phone(site, NEW, PHONES[HE_MIN], ticket=ticket, name=" 周 岚 ")

    assert asked == NameNeeded()
    assert wrong == NotBound(4)
    assert right == Bound()
    assert bound(site) == ZHOU_LAN
    assert bindings.binding_state(site, SERVICE, NEW).tries_left == 5


def test_a_name_beside_a_number_of_ones_own_must_be_ones_own(site: Site) -> None:
    assert by_phone(site, NEW, PHONES[HE_MIN], name="周岚") == NotBound(4)
    assert by_phone(site, NEW, PHONES[HE_MIN], name="何敏") == Bound()


def test_a_phone_proven_again_is_remembered_with_the_binding(
    site: Site, clock: Clock, owner: Engine
) -> None:
    by_slip(site, NEW, slip_of(site, HE_MIN))
    clock.advance(days=2)

    assert by_phone(site, NEW, PHONES[HE_MIN]) == Bound()

    with owner.connect() as connection:
        row = connection.execute(text("select how, bound_at, phone_proven_at from binding")).one()
    assert (row.how, row.phone_proven_at) == ("slip", clock())
    assert row.bound_at < clock()


# ------------------------------------------------------------------ card


def test_a_card_at_a_reader_binds_whom_it_belongs_to(site: Site, owner: Engine) -> None:
    assert by_card(site, NEW, picture_of(site, HE_MIN)) == Bound()

    assert bound(site) == HE_MIN
    assert how(owner) == "card"


def test_a_picture_is_good_once_and_for_sixty_seconds(site: Site, clock: Clock) -> None:
    first, second, third = (picture_of(site, no) for no in (HE_MIN, ZHOU_LAN, SHAN_XIAO))

    assert by_card(site, NEW, first) == Bound()
    assert by_card(site, "o-behind", first) == NotBound(4)
    clock.advance(seconds=59)
    assert by_card(site, "o-zhou", second) == Bound()
    clock.advance(seconds=1)
    assert by_card(site, "o-late", third) == NotBound(4)


def test_a_card_that_is_not_in_use_shows_nothing(site: Site, cast: Cast) -> None:
    with begin(site, OPERATOR) as work:
        cards.set_state(work, HE_MIN, CardState.LOST)
    said = []

    for actor, uid in (
        (cast.hospital_admin, UIDS[HE_MIN]),  # lost
        (cast.hospital_admin, UIDS[STRANGER]),  # out of sight
        (cast.hospital_admin, "04FFFFFFFFFFFF"),  # nobody's
    ):
        with pytest.raises(NotFoundError) as refused, begin(site, actor) as work:
            cards.show_proof(work, uid=Secret(uid))
        said.append((refused.value.code, refused.value.facts))

    assert said == [("cards.proof.refused", {})] * 3


def test_the_number_of_a_card_is_enough_only_for_who_may_bind_people(
    site: Site, cast: Cast
) -> None:
    terminal = cast.actor(OPERATOR.role.DEVICE, HOSPITAL)
    with begin(site, cast.hospital_admin) as work:
        assert cards.show_proof(work, card_no=HE_MIN).url

    with pytest.raises(ForbiddenError), begin(site, terminal) as work:
        cards.show_proof(work, card_no=HE_MIN)


def test_the_picture_leads_to_the_account_that_can_prove_who_opens_it(
    site: Site, cast: Cast
) -> None:
    with begin(site, cast.hospital_admin) as work:
        shown = cards.show_proof(work, uid=Secret(UIDS[HE_MIN])).url.reveal()
        named = cards.show_proof(work, uid=Secret(UIDS[HE_MIN]), slug=CITY_OFFICE).url.reveal()

    assert shown.startswith(f"http://127.0.0.1:1/m/{SERVICE}/bind/card/")
    assert named.startswith(f"http://127.0.0.1:1/m/{CITY_OFFICE}/bind/card/")
    with pytest.raises(NotFoundError), begin(site, cast.hospital_admin) as work:
        cards.show_proof(work, uid=Secret(UIDS[HE_MIN]), slug="nowhere")


# ------------------------------------------------------------------ slip


def test_a_slip_binds_whom_it_was_printed_for(site: Site, owner: Engine) -> None:
    assert by_slip(site, NEW, slip_of(site, XIE_FANG)) == Bound()

    assert bound(site) == XIE_FANG
    assert how(owner) == "slip"


def test_a_slip_is_good_once_and_for_fourteen_days(site: Site, clock: Clock) -> None:
    first, second = slip_of(site, HE_MIN), slip_of(site, ZHOU_LAN)

    assert by_slip(site, NEW, first) == Bound()
    assert by_slip(site, "o-behind", first) == NotBound(4)
    clock.advance(days=14, seconds=-1)
    late = slip_of(site, SHAN_XIAO)
    assert by_slip(site, "o-zhou", second) == Bound()
    clock.advance(days=14)
    assert by_slip(site, "o-shan", late) == NotBound(4)


@given(some.text(alphabet=SIGNS, min_size=12, max_size=12), some.data())
def test_a_code_is_read_however_it_is_typed(code: str, data: some.DataObject) -> None:
    likeness = {"0": "0Oo０", "1": "1IiLl１"}
    typed = "".join(
        data.draw(some.sampled_from(likeness.get(sign, sign + sign.lower())))
        + data.draw(some.sampled_from(["", " ", "-", "－", "\u3000", "—"]))
        for sign in code
    )

    assert typed_slip(typed) == code
    assert typed_slip(written_slip(code)) == code


@given(some.text(max_size=30))
def test_whatever_else_is_typed_is_no_code(text: str) -> None:
    read = typed_slip(text)

    assert read == "" or (len(read) == 12 and set(read) <= set(SIGNS))


def test_a_code_that_is_none_finds_no_slip_of_anybody(site: Site) -> None:
    slip_of(site, HE_MIN)

    for typed in ("", "0", "U" * 12, "0" * 12, "%" * 12, "何敏"):
        assert isinstance(by_slip(site, f"o-{typed!a}"[:60].replace(" ", ""), Secret(typed)),
                          NotBound)  # fmt: skip


def test_a_number_beside_the_code_must_be_the_slips_own(site: Site) -> None:
    code = slip_of(site, HE_MIN)

    assert by_slip(site, NEW, code, no=ZHOU_LAN) == NotBound(4)
    assert by_slip(site, NEW, code, no=HE_MIN) == Bound()


def test_a_department_gets_a_slip_for_each_of_its_people_who_is_not_bound(
    site: Site, cast: Cast
) -> None:
    by_slip(site, NEW, slip_of(site, ZHOU_LAN))

    with begin(site, cast.hospital_admin) as work:
        cardiology = slips.issue_slips(work, CARDIOLOGY)
        nursing = slips.issue_slips(work, NURSING)
        nowhere = slips.issue_slips(work, HOSPITAL)

    assert [one.person_no for one in cardiology] == [HE_MIN]
    assert len(nursing) == 2
    assert nowhere == ()
    codes = {typed_slip(one.code.reveal()) for one in (*cardiology, *nursing)}
    assert len(codes) == 3
    assert "" not in codes


def test_a_new_slip_makes_the_older_one_void(site: Site) -> None:
    older, newer = slip_of(site, HE_MIN), slip_of(site, HE_MIN)

    assert by_slip(site, NEW, older) == NotBound(4)
    assert by_slip(site, NEW, newer) == Bound()


def test_slips_are_printed_for_ones_own_hospital_only(site: Site, cast: Cast) -> None:
    for actor, no in ((cast.hospital_admin, ZHENG_HAI), (cast.stranger, HE_MIN)):
        with pytest.raises(NotFoundError):
            slip_of(site, no, actor)
    with pytest.raises(ForbiddenError):
        slip_of(site, HE_MIN, cast.secretary)
    with begin(site, cast.county_hospital_admin) as work:
        assert [one.person_no for one in slips.issue_slips(work, COUNTY_HOSPITAL)] == [XIE_FANG]


def test_no_code_token_or_ticket_is_stored_in_clear(site: Site, owner: Engine) -> None:
    code, token, ticket = slip_of(site, HE_MIN), picture_of(site, ZHOU_LAN), ticket_of(site, NEW)
    by_slip(site, NEW, code)

    with owner.connect() as connection:
        kept = "".join(
            str(row)
            for table in (
                "activation_slip", "card_proof", "phone_proof", "audit_entry", "outbox_message",
                "binding", "binding_try",
            )
            for row in connection.execute(text(f"select t::text from {table} t")).scalars()
        )  # fmt: skip
    bare = typed_slip(code.reveal())
    for secret in (code.reveal(), bare, token.reveal(), ticket.reveal()):
        assert secret not in kept
        assert secret.encode().hex() not in kept


# ------------------------------------------------------------------ a person who knows them


def ask(site: Site, name: str, department: str, openid: str = NEW) -> int:
    with follower(site, openid)() as work:
        return requests.ask_human(work, SERVICE, openid, name, department, "手机换了")


def listed(site: Site, cast: Cast) -> dict[str, list[str]]:
    """Who sees which requests, by the asker's name."""
    seen = {}
    for actor in (cast.hospital_admin, cast.county_hospital_admin, cast.stranger, OPERATOR):
        with begin(site, actor) as work:
            seen[actor.name] = [one.name for one in desk.requests(work)]
    return seen


def test_an_administrator_says_who_the_follower_is(
    site: Site, cast: Cast, owner: Engine, official: Official
) -> None:
    number = ask(site, "何敏", "心内科")
    state = bindings.binding_state(site, SERVICE, NEW)

    with begin(site, cast.hospital_admin) as work:
        [request] = desk.requests(work)
        outcome = requests.approve_request(work, number, HE_MIN)

    assert state.asked
    assert state.binding is None
    assert (request.id, request.name, request.note) == (number, "何敏", "手机换了")
    assert [(one.no, one.where, one.bound) for one in request.likely] == [(HE_MIN, "心内科", False)]
    assert outcome == Bound()
    assert (bound(site), how(owner)) == (HE_MIN, "human")
    assert told(owner) == [(SERVICE, NEW, "request_approved")]
    assert not bindings.binding_state(site, SERVICE, NEW).asked


def test_a_request_is_seen_by_the_hospital_that_is_meant(site: Site, cast: Cast) -> None:
    ask(site, "何敏", "心内科护士站", "o-1")
    ask(site, "郑海", "内科", "o-2")
    ask(site, "不认识", "心内科", "o-3")

    assert listed(site, cast) == {
        "hospital_admin@H1": ["何敏"],
        "hospital_admin@H2": ["郑海"],
        "hospital_admin@H9": [],
        "tests": ["何敏", "郑海", "不认识"],
    }


def test_of_namesakes_the_words_about_the_department_decide(site: Site, cast: Cast) -> None:
    restated(site, ZHENG_HAI, name="何敏")

    ask(site, "何敏", "青禾县人民医院", "o-1")
    ask(site, "何敏", "我也说不清", "o-2")

    seen = listed(site, cast)
    assert (seen["hospital_admin@H1"], seen["hospital_admin@H2"]) == ([], ["何敏"])
    assert seen["tests"] == ["何敏", "何敏"]


def test_an_administrator_answers_neither_for_others_nor_with_others(
    site: Site, cast: Cast
) -> None:
    number = ask(site, "何敏", "心内科")

    for actor, person in ((cast.stranger, HE_MIN), (cast.hospital_admin, STRANGER)):
        with pytest.raises(NotFoundError), begin(site, actor) as work:
            requests.approve_request(work, number, person)
        with pytest.raises(NotFoundError), begin(site, cast.stranger) as work:
            requests.refuse_request(work, number, "不是我们的人")
    with pytest.raises(ForbiddenError), begin(site, cast.secretary) as work:
        requests.approve_request(work, number, HE_MIN)
    assert bound(site) is None


def test_a_refusal_is_told_and_its_reason_kept(site: Site, cast: Cast, owner: Engine) -> None:
    number = ask(site, "何敏", "心内科")

    with pytest.raises(InvalidError), begin(site, cast.hospital_admin) as work:
        requests.refuse_request(work, number, "  ")
    with begin(site, cast.hospital_admin) as work:
        requests.refuse_request(work, number, "电话里说不是她")

    assert told(owner) == [(SERVICE, NEW, "request_refused")]
    assert bound(site) is None
    with pytest.raises(NotFoundError), begin(site, cast.hospital_admin) as work:
        requests.approve_request(work, number, HE_MIN)
    with owner.connect() as connection:
        reason = connection.execute(text("select reason from binding_request")).scalar_one()
    assert reason == "电话里说不是她"


def test_a_newer_request_takes_the_place_of_the_older(
    site: Site, count: Callable[..., int]
) -> None:
    first = ask(site, "何敏", "心内科")
    second = ask(site, "何敏", "心内科二病区")

    assert first == second
    assert count("binding_request") == 1


def test_who_asks_too_often_is_asked_to_wait(site: Site, clock: Clock) -> None:
    for _ in range(5):
        ask(site, "何敏", "心内科")

    with pytest.raises(ConflictError) as refused:
        ask(site, "何敏", "心内科")
    clock.advance(days=1)

    assert refused.value.code == "accounts.request.enough"
    assert ask(site, "何敏", "心内科")


@pytest.mark.parametrize(
    ("name", "department"),
    [
        ("", "心内科"),
        ("何敏", " "),
        ("何" * 41, "心内科"),
        ("何敏", "科" * 61),
        ("何\u0007敏", "科"),
    ],
)
def test_words_that_are_none_are_refused(site: Site, name: str, department: str) -> None:
    with pytest.raises(InvalidError):
        ask(site, name, department)


def test_only_who_is_in_wechat_proves_anything(site: Site, cast: Cast) -> None:
    for actor in (cast.hospital_admin, cast.secretary, cast.auditor, cast.robot("9901")):
        with pytest.raises(ForbiddenError), begin(site, actor) as work:
            accounts.offer_phone_proof(work, SERVICE, NEW)


def test_an_account_that_is_none_offers_nothing(site: Site) -> None:
    for slug in ("nowhere", "\x00"):
        with pytest.raises(CmeError):
            ticket_of(site, NEW, slug)
        with pytest.raises(CmeError):
            by_slip(site, NEW, Secret("0" * 12), slug)
