"""门册 — how each door is asked for something of the first hospital, by whoever should not have it.

A door that is not in the book fails the tests: whoever makes one says here what it may show or
change, and to whom. A thing is either somebody's (a stranger is refused, or gets nothing), or
common: it belongs to no hospital, and `common` says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from sqlalchemy import text

from app.accounts import commands as accounts
from app.accounts import queries as desk
from app.accounts.commands import binding, exporting, proving, slips, staffing
from app.accounts.commands import requests as answering
from app.accounts.queries import binding as bindings
from app.accounts.queries import proofs
from app.accounts.terms import CodeId, DeliveryState, GrantId, ListKind, Screen
from app.accounts.terms.proofs import Attempt, PhoneEvidence, SlipEvidence
from app.attendance import commands as attendance
from app.attendance.queries import clocks, devices, guessing, histogram, records, uploads
from app.attendance.terms import Answer, DeviceKind
from app.awards import commands as awards
from app.awards import queries as judged
from app.awards.terms import Options
from app.base import outbox
from app.base.pictures import Portrait
from app.base.work import Work, begin
from app.cards import commands as cards
from app.cards import queries as held
from app.cards.terms import CardState
from app.cli import filing as files
from app.credits import commands as ledger
from app.credits import queries as credits
from app.filing import commands as applying
from app.filing import queries as applied
from app.filing.rules import altering
from app.filing.terms import FileKind
from app.filing.terms import Sought as SoughtFiling
from app.kernel.actor import Actor, Role
from app.kernel.secret import Secret
from app.making import commands as making
from app.making import queries as asked_cards
from app.making.terms import Form, Kind
from app.merging import commands as merging
from app.merging import queries as pairing
from app.org import commands as org
from app.org import queries as units
from app.org.terms import Unit
from app.people import commands as staff
from app.people import queries as people
from app.people.terms import Amendment, ImportKind, Search, Status
from app.projects import commands as filing
from app.projects import queries as projects
from app.projects.terms import Sought
from app.standards import commands as standards
from app.standards import queries as editions
from app.standards.terms import Result
from app.transfers import commands as leaving
from app.transfers import queries as transfers
from app.transfers.terms import Show
from tests.house.entering import BROWSER
from tests.house.estate import (
    AWARDED_NO,
    OPENID,
    OWN_NO,
    OWN_SN,
    PACK,
    REPORTED_NO,
    SOON,
    UNHELD_NO,
    WAITING_SN,
    Estate,
    card_list,
    course_list,
    project_list,
    roster,
)
from tests.support import applying as applications
from tests.support import filing as filed
from tests.support.cast import (
    ACUPUNCTURE,
    CAO_JING,
    CARDIOLOGY,
    COUNTY_HOSPITAL,
    HE_MIN,
    HOSPITAL,
    NURSING,
    OPERATOR,
    PEOPLE,
    STRANGER,
    STRANGER_HOSPITAL,
    UIDS,
    ZHENG_HAI,
    ZHOU_LAN,
    Cast,
    csv_of,
    id_number,
    people_sheet,
    units_sheet,
)
from tests.support.entrance import PC
from tests.support.wechat_client import ACCOUNTS, SERVICE

Ask: TypeAlias = Callable[[Work, Estate], Any]

WHY = "核对无误"
AMENDED = Amendment(
    name="改名", department_code=CARDIOLOGY, title="", title_level=None, post="", education="",
    specialty="", phone=Secret(""),
)  # fmt: skip
WRONG = SlipEvidence(Secret("0" * 12))
PASSWORD = "Kite-7-rivers-run"

_UPKEEP = "removes only what has served its time, of whomever"
_GUESSED = "tries what everybody would, at those within sight"
_PROOF = "whoever holds a proof is who it proves, and these prove nobody"
_RULES = "everybody is judged by the same standards"
_PLATFORM = "an official account serves a whole city"


EVER = desk.Looked(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Case:
    """One way to ask a door: for what, whose it is, and which answer tells a stranger nothing."""

    ask: Ask
    common: str = ""
    silent: Callable[[Any], bool] = lambda answer: not answer
    # Who gets it, where the operator of the platform is not one of those whose turn it is.
    whose: Callable[[Cast], Actor] = lambda cast: cast.operator


def _hospital(cast: Cast) -> Actor:
    return cast.hospital_admin


def _nothing_counted(answer: Answer) -> bool:
    """The file was kept at the sender's own place, as one of a terminal that is nobody's."""
    return answer.accepted == answer.duplicate == answer.quarantined == 0


def _altered(work: Work, _: Estate) -> Any:
    seen = altering.mark_of(applied.footing_of(work, UNHELD_NO, 1).now)
    return applying.alter(work, UNHELD_NO, 1, SOON, near=True, seen=seen)


def _handed_in(work: Work, estate: Estate) -> None:
    making.withdraw(work, estate.card_batch_id, ZHOU_LAN)
    making.add(work, estate.card_batch_id, [HE_MIN])
    making.hand_in(work, estate.card_batch_id)


def _repaired(work: Work, _: Estate) -> int:
    count = clocks.crooked(work, OWN_NO, 1, OWN_SN).swipes
    return attendance.repair_clock(work, OWN_NO, 1, OWN_SN, 60, WHY, swipes=count)


def _cancelled(work: Work, _: Estate) -> None:
    awards.cancel(work, awards.ask(work, OWN_NO, 1, Options()))


def _guessed(work: Work, _: Estate) -> object:
    """Who may have swiped with the unknown card, since their own is lost."""
    cards.set_state(work, ZHOU_LAN, CardState.LOST)
    return guessing.guesses(work, OWN_NO, 1)


def _imposter(work: Work, _: Estate) -> object:
    """Another name under the number, the identity and the card of a nurse."""
    columns = (
        "person_no", "name", "id_type", "id_number", "unit_code", "department_code", "status",
        "card_no", "card_uid",
    )  # fmt: skip
    born = next(born for no, _, born, *_ in PEOPLE if no == HE_MIN)
    line = (
        HE_MIN, "何敏敏", "id_card", id_number(born, 2), HOSPITAL, CARDIOLOGY, "cancelled", HE_MIN,
        UIDS[HE_MIN],
    )  # fmt: skip
    return cards.import_people(work, people_sheet(csv_of(columns, line)))


def _mark(estate: Estate) -> str:
    """How the nurse stands, for who saw it."""
    with begin(estate.site, OPERATOR) as work:
        return people.file_of(work, HE_MIN).mark


def _marks(estate: Estate) -> tuple[str, str]:
    """How two of a department stand, for who saw them."""
    with begin(estate.site, OPERATOR) as work:
        return people.file_of(work, HE_MIN).mark, people.file_of(work, ZHOU_LAN).mark


def _nurse(estate: Estate) -> list[int]:
    return [estate.cast.person(HE_MIN).id]


def _cardiology(estate: Estate) -> Unit:
    return estate.cast.unit(CARDIOLOGY)


def _menu_state(work: Work, _: Estate) -> object:
    accounts.put_menu_state(work, SERVICE, trial=True, steps=(), error=None)
    return desk.menu_state(work, SERVICE)


def _units(*lines: str) -> Ask:
    head = "code,parent_code,kind,name,order,grade"
    return lambda work, _: org.import_units(work, units_sheet("\n".join((head, *lines, ""))))


def _renamed(work: Work, _: Estate) -> object:
    read, unread = files.read(filed.text_of(filed.project(OWN_NO, name="改名")))
    return filing.import_projects(work, read, unread=unread)


def _scanned_in(work: Work, estate: Estate) -> object:
    """The picture is confirmed on the phone, in the same work, and taken."""
    entered = estate.entered
    accounts.confirm_scan(
        work, HE_MIN, entered.offer.token, entered.offer.number, card_no=HE_MIN, slug=SERVICE,
        openid=OPENID,
    )  # fmt: skip
    return accounts.sign_in_by_scan(work, HE_MIN, BROWSER, PC)


def _by_code(work: Work, _: Estate) -> object:
    """The code was agreed to: whoever has it must still be its owner."""
    work.session.execute(text("select set_config('app.action', 'tests', true)"))
    agree = text("update reset_code set agreed_at = :now where agreed_at is null returning id")
    code_id = work.session.execute(agree, {"now": work.now}).scalar_one()
    return accounts.use_code(work, HE_MIN, CodeId(code_id), PC)


def _thawed(work: Work, estate: Estate) -> object:
    """The phone was proven a moment ago: the place alone must hold others off."""
    work.session.execute(text("select set_config('app.action', 'tests', true)"))
    work.session.execute(text("update binding set phone_proven_at = :now"), {"now": work.now})
    return accounts.unfreeze(work, HE_MIN, slug=SERVICE, openid=OPENID)


def _request(work: Work) -> int:
    """The one request there is, which asks who 何敏 is."""
    return int(work.session.scalar(text("select id from binding_request")) or 0)


def _offered(work: Work) -> PhoneEvidence:
    ticket = proving.offer_phone_proof(work, SERVICE, "o-nobody")
    return PhoneEvidence(ticket, None, Secret("code"))


BOOK: dict[str, tuple[Case, ...]] = {
    "accounts.activate": (Case(lambda w, e: accounts.activate(w, e.token, Secret(PASSWORD))),),
    "accounts.approve_request": (
        Case(lambda w, _: answering.approve_request(w, _request(w), HE_MIN, WHY)),
    ),
    "accounts.ask_human": (
        Case(
            lambda w, _: answering.ask_human(w, SERVICE, "o-nobody", "没有这个人", "某科"),
            "whoever is in WeChat may ask, and is told nothing",
        ),
    ),
    "accounts.attempt": (
        Case(lambda w, _: proving.attempt(w, SERVICE, "o-nobody", WRONG), _PROOF),
    ),
    "accounts.attempt_by_phone": (
        Case(lambda w, _: proving.attempt_by_phone(w, _offered(w)), _PROOF),
    ),
    "accounts.binding_history": (Case(lambda w, _: bindings.binding_history(w, HE_MIN)),),
    "accounts.amend_person": (
        Case(lambda w, e: staffing.amend_person(w, HE_MIN, AMENDED, seen=_mark(e))),
    ),
    "accounts.put_status": (
        Case(lambda w, e: staffing.put_status(
            w, HE_MIN, Status.CANCELLED, date(2013, 5, 18), seen=_mark(e))),
    ),
    "accounts.logbook": (
        Case(lambda w, _: [
            one for one in desk.logbook(w, EVER, most=10_000).entries
            if one.person is not None and one.person.no == HE_MIN
        ]),
    ),
    "accounts.export": (
        Case(lambda w, _: exporting.export(w, ListKind.PEOPLE, 1), "a line of one's own log"),
    ),
    "accounts.unmask": (Case(lambda w, _: staffing.unmask(w, HE_MIN, "核对")),),
    "accounts.bindings_of": (Case(lambda w, _: bindings.bindings_of(w, HE_MIN)),),
    "accounts.bound_people": (Case(lambda w, e: bindings.bound_people(w, _nurse(e))),),
    "accounts.confirm_claim": (Case(lambda w, _: binding.confirm_claim(w, SERVICE, OPENID)),),
    "accounts.issue_slips": (Case(lambda w, _: slips.issue_slips(w, CARDIOLOGY)),),
    "accounts.offer_phone_proof": (
        Case(lambda w, _: proving.offer_phone_proof(w, SERVICE, "o-nobody"), _PROOF),
    ),
    "accounts.prove": (
        Case(
            lambda w, _: proving.prove(w, Attempt(SERVICE, "o-nobody", WRONG, (), True, 4)), _PROOF
        ),
    ),
    "accounts.recheck_bindings": (Case(lambda w, _: binding.recheck_bindings(w), _UPKEEP),),
    "accounts.refuse_claim": (Case(lambda w, _: binding.refuse_claim(w, SERVICE, OPENID)),),
    "accounts.refuse_request": (
        Case(lambda w, _: answering.refuse_request(w, _request(w), WHY)),
    ),
    "accounts.requests": (Case(lambda w, _: proofs.requests(w)),),
    "accounts.unbound": (Case(lambda w, _: proofs.unbound(w), "counts, within sight"),),
    "accounts.settle_claims": (Case(lambda w, _: binding.settle_claims(w)),),
    "accounts.unbind": (Case(lambda w, _: binding.unbind(w, SERVICE, OPENID)),),
    "accounts.account_card_of": (
        Case(lambda w, _: desk.account_card_of(w, HE_MIN, HE_MIN)),
    ),
    "accounts.agree_code": (Case(lambda w, _: accounts.agree_code(w, HE_MIN)),),
    "accounts.ask_code": (
        Case(lambda w, _: accounts.ask_code(
            w, HE_MIN, card_no=HE_MIN, slug=SERVICE, openid=OPENID)),
    ),
    "accounts.audit_weak": (Case(lambda w, _: accounts.audit_weak(w), _GUESSED),),
    "accounts.badge_of": (
        Case(lambda w, _: desk.badge_of(w, HE_MIN)),
        Case(lambda w, e: desk.badge_of(w, e.entered.admin.name)),
    ),
    "accounts.begin_renewal": (
        Case(lambda w, e: accounts.begin_renewal(w, HE_MIN, e.entered.nurse.id, PC)),
    ),
    "accounts.begin_totp": (Case(lambda w, _: accounts.begin_totp(w, HE_MIN)),),
    "accounts.alarms": (Case(lambda w, _: desk.alarms(w), _PLATFORM),),
    "accounts.bind": (
        Case(lambda w, _: accounts.bind(w, SERVICE, "o-other", HE_MIN)),
        Case(lambda w, _: accounts.bind(w, SERVICE, OPENID, STRANGER)),
    ),
    "accounts.cancel_scan": (
        Case(lambda w, e: accounts.cancel_scan(
            w, HE_MIN, e.entered.offer.token, slug=SERVICE, openid=OPENID)),
    ),
    "accounts.choose": (
        Case(lambda w, e: accounts.choose(
            w, e.entered.admin.name, e.entered.admin.id,
            e.entered.admin.login.grants[0].id or GrantId(0), PC)),
    ),
    "accounts.confirm_scan": (
        Case(lambda w, e: accounts.confirm_scan(
            w, HE_MIN, e.entered.offer.token, e.entered.offer.number, card_no=HE_MIN,
            slug=SERVICE, openid=OPENID)),
    ),
    "accounts.confirm_totp": (
        Case(lambda w, e: accounts.confirm_totp(
            w, HE_MIN, e.entered.nurse.id, e.entered.first_number(w), PC)),
    ),
    "accounts.drop_totp": (
        Case(lambda w, e: accounts.drop_totp(
            w, e.entered.admin.name, e.entered.admin.id, e.entered.next_number(), PC)),
    ),
    "accounts.end_own_session": (
        Case(lambda w, e: accounts.end_own_session(
            w, HE_MIN, Screen.CONSOLE, e.entered.nurse.id)),
    ),
    "accounts.end_own_sessions": (
        Case(lambda w, _: accounts.end_own_sessions(w, HE_MIN)),
        Case(lambda w, e: accounts.end_own_sessions(w, e.entered.admin.name)),
    ),
    "accounts.forget_totp": (
        Case(lambda w, e: accounts.forget_totp(w, e.entered.admin.name, reason=WHY)),
    ),
    "accounts.freeze": (Case(lambda w, e: accounts.freeze(w, e.entered.freezing)),),
    "accounts.freeze_login": (
        Case(lambda w, _: accounts.freeze_login(w, HE_MIN, reason=WHY)),
        Case(lambda w, e: accounts.freeze_login(w, e.entered.admin.name, reason=WHY)),
    ),
    "accounts.keepers": (Case(lambda w, _: desk.keepers(w), "grants, within sight"),),
    "accounts.end_grant": (
        Case(lambda w, e: accounts.end_grant(w, e.grant_id, reason=WHY)),
    ),
    "accounts.invite": (
        Case(lambda w, _: accounts.invite(
            w, role=Role.DEPARTMENT_SECRETARY, unit_code=CARDIOLOGY, name="混入")),
        Case(lambda w, _: accounts.invite(
            w, role=Role.DEPARTMENT_SECRETARY, unit_code=ACUPUNCTURE, name="新管理员")),
    ),
    "accounts.invited_to": (Case(lambda w, e: desk.invited_to(w, e.invitation)),),
    "accounts.own_sessions": (
        Case(lambda w, _: desk.own_sessions(w, HE_MIN)),
        Case(lambda w, e: desk.own_sessions(w, e.entered.admin.name)),
    ),
    "accounts.prove_second": (
        Case(lambda w, e: accounts.prove_second(
            w, e.entered.asked.name, e.entered.asked.id, "000000", PC)),
    ),
    "accounts.menu_state": (Case(_menu_state, _PLATFORM),),
    "accounts.put_bound_tag": (
        Case(lambda w, _: accounts.put_bound_tag(w, SERVICE, 101), _PLATFORM),
    ),
    "accounts.put_delivery": (
        Case(
            lambda w, _: accounts.put_delivery(
                w, 1, DeliveryState.ENDED, platform_id=None, reason=None
            ),
            _PLATFORM,
        ),
    ),
    "accounts.put_menu_state": (
        Case(
            lambda w, _: accounts.put_menu_state(w, SERVICE, trial=True, steps=(), error=None),
            _PLATFORM,
        ),
    ),
    "accounts.put_official_account": (
        Case(lambda w, _: accounts.put_official_account(w, ACCOUNTS[SERVICE]), _PLATFORM),
    ),
    "accounts.reset_code": (
        Case(lambda w, _: accounts.reset_code(
            w, HE_MIN, card_no=HE_MIN, reason=WHY, present=True)),
    ),
    "accounts.put_tags": (
        Case(lambda w, _: accounts.put_tags(w, SERVICE, [OPENID], [101]), _PLATFORM),
    ),
    "accounts.sealed": (Case(lambda w, _: desk.sealed(w), _PLATFORM),),
    "accounts.set_password": (
        Case(lambda w, e: accounts.set_password(
            w, HE_MIN, e.entered.renewing.id, Secret("Another-9-kite-run"), PC)),
    ),
    "accounts.sign_in": (
        Case(lambda w, _: accounts.sign_in(w, HE_MIN, PC)),
        Case(lambda w, e: accounts.sign_in(w, e.entered.admin.name, PC)),
    ),
    "accounts.sign_in_by_scan": (Case(_scanned_in),),
    "accounts.speaking_plainly": (Case(lambda w, _: desk.speaking_plainly(w), _PLATFORM),),
    "accounts.sweep": (Case(lambda w, _: accounts.sweep(w), _UPKEEP),),
    "accounts.sync_menu": (
        Case(lambda w, _: accounts.sync_menu(w, SERVICE, trial=True), _PLATFORM),
    ),
    "accounts.sweep_sessions": (Case(lambda w, _: accounts.sweep_sessions(w), _UPKEEP),),
    "accounts.unfreeze": (Case(_thawed),),
    "accounts.unfreeze_login": (
        Case(lambda w, _: accounts.unfreeze_login(w, HE_MIN, reason=WHY)),
    ),
    "accounts.use_code": (
        Case(_by_code),
    ),
    "attendance.accept": (Case(lambda w, e: attendance.accept(w, e.doubtful, WHY)),),
    "attendance.acknowledge": (
        Case(lambda w, e: attendance.acknowledge(w, e.device.id, e.package_id)),
    ),
    "attendance.answer_about": (Case(lambda w, e: uploads.answer_about(w, e.upload_id)),),
    "attendance.answer_to": (
        Case(lambda w, e: uploads.answer_to(w, e.device.id, e.batch_ulid)),
        Case(lambda w, e: uploads.answer_to(w, e.device.id, e.batch_ulid, e.upload_id)),
    ),
    "attendance.attach": (Case(lambda w, e: attendance.attach(w, e.nameless, HE_MIN, WHY)),),
    "attendance.caller": (Case(lambda w, _: devices.caller(w, OWN_SN)),),
    "attendance.claim": (Case(lambda w, e: attendance.claim(w, e.stray, OWN_NO, 1, WHY)),),
    "attendance.clock_repairs": (
        Case(lambda w, e: _repaired(w, e) and clocks.clock_repairs(w, OWN_NO, 1)),
    ),
    "attendance.if_moved": (
        Case(lambda w, _: clocks.if_moved(w, OWN_NO, 1, OWN_SN, 1)),
    ),
    "attendance.crooked": (Case(lambda w, _: clocks.crooked(w, OWN_NO, 1, OWN_SN)),),
    "attendance.repair_clock": (Case(_repaired),),
    "attendance.undo_clock_repair": (
        Case(lambda w, e: attendance.undo_clock_repair(w, OWN_NO, 1, _repaired(w, e))),
    ),
    "attendance.strays": (Case(lambda w, _: guessing.strays(w), "records, within sight"),),
    "attendance.guesses": (Case(_guessed),),
    "attendance.discard": (Case(lambda w, e: attendance.discard(w, e.nameless, WHY)),),
    "attendance.enrol": (Case(lambda w, e: attendance.enrol(w, WAITING_SN, e.enrol_code)),),
    "attendance.forget_nonces": (Case(lambda w, _: attendance.forget_nonces(w), _UPKEEP),),
    "attendance.hear": (Case(lambda w, e: attendance.hear(w, e.device, {"battery": 1}, None)),),
    "attendance.enrolled": (
        Case(
            lambda w, _: devices.enrolled(w),
            silent=lambda found: OWN_SN not in {one.sn for one in found},
        ),
    ),
    "attendance.make_package": (
        Case(lambda w, _: attendance.make_package(w, OWN_SN, OWN_NO, 1)),
    ),
    "attendance.package_body": (
        Case(lambda w, e: devices.package_body(w, e.device.id, e.package_id)),
    ),
    "attendance.packages_after": (Case(lambda w, e: devices.packages_after(w, e.device.id, 0)),),
    "attendance.minutes_of": (Case(lambda w, _: histogram.minutes_of(w, OWN_NO, 1)),),
    "attendance.records_of": (Case(lambda w, _: records.records_of(w, OWN_NO, 1)),),
    "attendance.register": (
        Case(lambda w, _: attendance.register(w, OWN_SN, HOSPITAL, DeviceKind.MBOX)),
        Case(lambda w, _: attendance.register(w, OWN_SN, ACUPUNCTURE, DeviceKind.MBOX)),
    ),
    "attendance.revoke": (Case(lambda w, _: attendance.revoke(w, OWN_SN, WHY)),),
    "attendance.settle_cards": (
        Case(lambda w, e: attendance.settle_cards(w, [e.card_id], [e.cast.person(HE_MIN).id])),
    ),
    "attendance.spend_nonce": (Case(lambda w, e: attendance.spend_nonce(w, e.device, "n" * 16)),),
    "attendance.take_in": (Case(lambda w, e: attendance.take_in(w, e.queued_upload_id)),),
    "attendance.unassigned": (Case(lambda w, _: records.unassigned(w, OWN_SN)),),
    "attendance.upload": (
        Case(lambda w, e: attendance.upload(w, e.unsent()), silent=_nothing_counted),
        Case(lambda w, e: attendance.upload(w, e.unsent(), caller=e.device)),
    ),
    "awards.trail_of_run": (Case(lambda w, e: judged.trail_of_run(w, e.run_id)),),
    "awards.trail_of_batch": (Case(lambda w, _: judged.trail_of_batch(w, OWN_NO, 1)),),
    "making.trail_of": (Case(lambda w, e: asked_cards.trail_of(w, e.card_batch_id)),),
    "org.trail_of": (Case(lambda w, _: units.trail_of(w, HOSPITAL, 50)),),
    "awards.cancel": (Case(_cancelled),),
    "awards.own_runs": (Case(lambda w, _: judged.own_runs(w), "one's own alone"),),
    "people.own_imports": (Case(lambda w, _: people.own_imports(w), "one's own alone"),),
    "awards.activities_of": (Case(lambda w, _: judged.activities_of(w, HE_MIN)),),
    "awards.allow": (Case(lambda w, _: awards.allow(w, OWN_NO, 1, CAO_JING)),),
    "awards.approve": (
        # The operator awarded it, and somebody else is to look at that.
        Case(lambda w, _: awards.approve(w, REPORTED_NO), whose=lambda cast: cast.city_office),
    ),
    "awards.ask": (Case(lambda w, _: awards.ask(w, OWN_NO, 1, Options())),),
    "awards.carry_out": (Case(lambda w, e: awards.carry_out(w, e.queued_run_id)),),
    "awards.due": (Case(lambda w, _: judged.due(w), "counts, within sight"),),
    "awards.due_below": (Case(lambda w, _: judged.due_below(w), "counts, within sight"),),
    "awards.running": (Case(lambda w, _: judged.running(w), "a count, within sight"),),
    "awards.reviewing": (
        Case(lambda w, _: judged.reviewing(w), silent=lambda one: not one.count),
    ),
    "attendance.stray_count": (
        Case(lambda w, _: guessing.stray_count(w), "a count, within sight"),
    ),
    "awards.denial_of": (Case(lambda w, _: judged.denial_of(w, OWN_NO, 1, CAO_JING)),),
    "awards.deny": (Case(lambda w, _: awards.deny(w, OWN_NO, 1, HE_MIN, WHY)),),
    "awards.explain": (Case(lambda w, _: judged.explain(w, HE_MIN, OWN_NO, 1)),),
    "awards.find_told": (Case(lambda w, _: judged.find_told(w, HE_MIN, OWN_NO)),),
    "awards.give_up": (Case(lambda w, e: awards.give_up(w, e.queued_run_id)),),
    "awards.latest_told": (Case(lambda w, _: judged.latest_told(w, HE_MIN)),),
    "awards.preview": (Case(lambda w, _: judged.preview(w, OWN_NO, 1, Options())),),
    "awards.report": (Case(lambda w, _: awards.report(w, AWARDED_NO)),),
    "awards.run_file": (Case(lambda w, e: judged.run_file(w, e.run_id, judged.Sieve())),),
    "awards.run_of": (Case(lambda w, e: judged.run_of(w, e.run_id)),),
    "awards.send_back": (Case(lambda w, _: awards.send_back(w, REPORTED_NO, WHY)),),
    "awards.standings_of": (
        Case(
            lambda w, e: judged.standings_of(w, [e.batch_id]),
            silent=lambda found: not any(one.recorded or one.run_id for one in found.values()),
        ),
    ),
    "awards.trace": (Case(lambda w, _: judged.trace(w, HE_MIN, OWN_NO, 1)),),
    "awards.trace_here": (Case(lambda w, _: judged.trace_here(w, OWN_NO, 1, HE_MIN)),),
    "awards.trial": (
        Case(lambda w, _: judged.trial(w, OWN_NO, 1, Options(), judged.Sieve())),
    ),
    "awards.undo": (Case(lambda w, e: awards.undo(w, e.run_id, WHY)),),
    "awards.weigh": (Case(lambda w, _: judged.weigh(w, OWN_NO, 1, Options())),),
    "awards.verdicts_of": (Case(lambda w, e: judged.verdicts_of(w, e.run_id)),),
    "filing.agree": (Case(lambda w, e: applying.agree(w, e.handed_filing_id, seen=3)),),
    "filing.alter": (Case(_altered, whose=lambda cast: cast.hospital_admin),),
    "filing.alterations_of": (
        Case(lambda w, _: applied.alterations_of(w, UNHELD_NO), silent=lambda found: not found),
    ),
    "filing.footing_of": (Case(lambda w, _: applied.footing_of(w, UNHELD_NO, 1)),),
    "filing.grant_alteration": (
        Case(lambda w, e: applying.grant_alteration(w, e.alteration_id)),
    ),
    "filing.prospect": (
        Case(lambda w, _: applied.prospect(w, UNHELD_NO, 1, SOON, near=True)),
    ),
    "filing.refuse_alteration": (
        Case(lambda w, e: applying.refuse_alteration(w, e.alteration_id, WHY)),
    ),
    "filing.withdraw_alteration": (
        Case(
            lambda w, e: applying.withdraw_alteration(w, e.alteration_id),
            whose=lambda cast: cast.hospital_admin,
        ),
    ),
    "filing.attach": (
        Case(lambda w, e: applying.attach(
            w, e.filing_id, FileKind.OTHER, applications.paper("附页.pdf"))),
    ),
    "filing.attachment_of": (
        Case(lambda w, e: applied.attachment_of(w, e.filing_id, e.attachment_id)),
    ),
    "filing.copy_project": (Case(lambda w, _: applying.copy_project(w, OWN_NO)),),
    "filing.recall": (
        Case(
            lambda w, e: applying.recall(w, e.sent_filing_id, seen=3),
            whose=lambda cast: cast.hospital_admin,
        ),
    ),
    "filing.folder_of_project": (
        Case(lambda w, _: applied.folder_of_project(w, OWN_NO), silent=lambda _: False),
    ),
    "filing.detach": (Case(lambda w, e: applying.detach(w, e.filing_id, e.attachment_id)),),
    "filing.announce": (
        Case(lambda w, e: applying.announce(w, e.sent_filing_id, "L2013-1", seen=3)),
    ),
    "filing.discard": (Case(lambda w, e: applying.discard(w, e.filing_id, seen=2)),),
    "filing.file": (Case(lambda w, e: applying.file(w, e.filing_id, seen=2)),),
    "filing.check_list": (
        Case(
            lambda w, _: applying.check_list(w, *project_list("L2013-54")),
            "checks what was brought; what is kept of it stands at the actor's own place",
        ),
    ),
    "filing.take_list": (Case(lambda w, e: applying.take_list(w, e.checked_list_id)),),
    "filing.undo_list": (Case(lambda w, e: applying.undo_list(w, e.imported_list_id)),),
    "filing.folder_of": (Case(lambda w, e: applied.folder_of(w, e.filing_id)),),
    "filing.open_draft": (Case(lambda w, _: applying.open_draft(w, HOSPITAL)),),
    "filing.refuse": (Case(lambda w, e: applying.refuse(w, e.handed_filing_id, WHY, seen=3)),),
    "filing.save": (
        Case(lambda w, e: applying.save(w, e.filing_id, applications.typed(), seen=2)),
    ),
    "filing.send_back": (Case(lambda w, e: applying.send_back(w, e.sent_filing_id, WHY, seen=3)),),
    "filing.shelf": (
        Case(
            lambda w, _: applied.shelf(w, SoughtFiling(words="@H1")),
            silent=lambda found: not found.filings,
        ),
    ),
    "filing.waiting": (Case(lambda w, _: applied.waiting(w), "counts, within sight"),),
    "making.open_batch": (Case(lambda w, _: making.open_batch(w, HOSPITAL, Kind.NEW)),),
    "making.add": (Case(lambda w, e: making.add(w, e.card_batch_id, [HE_MIN])),),
    "making.withdraw": (Case(lambda w, e: making.withdraw(w, e.card_batch_id, ZHOU_LAN)),),
    "making.hand_in": (Case(_handed_in),),
    "making.take_material": (
        Case(lambda w, e: making.take_material(w, e.submitted_batch_id, Form.SHEET)),
    ),
    "making.make": (Case(lambda w, e: making.make(w, e.submitted_batch_id)),),
    "making.hand_out": (
        Case(
            lambda w, e: making.hand_out(
                w, e.submitted_batch_id, CAO_JING, "880001", "曹静", Secret("")
            )
        ),
    ),
    "making.own_materials": (Case(lambda w, _: asked_cards.own_materials(w), "one's own alone"),),
    "making.batches": (Case(lambda w, _: asked_cards.batches(w), "batches, within sight"),),
    "making.late": (Case(lambda w, _: asked_cards.late(w), "batches that are late, within sight"),),
    "making.batch_of": (Case(lambda w, e: asked_cards.batch_of(w, e.card_batch_id)),),
    "base.given_up": (Case(lambda w, _: outbox.given_up(w)),),
    "base.retry": (
        Case(lambda w, e: outbox.retry(w, [e.given_up_id])),
        Case(lambda w, _: outbox.retry(w)),
    ),
    "base.sweep": (Case(lambda w, _: outbox.sweep(w), _UPKEEP),),
    "cards.import_people": (Case(_imposter),),
    "cards.active_numbers": (Case(lambda w, e: held.active_numbers(w, _nurse(e))),),
    "cards.check_roster": (
        Case(
            lambda w, _: cards.check_roster(w, *roster(HOSPITAL)),
            "checks what was brought; what is kept of it stands at the actor's own place",
        ),
    ),
    "cards.import_checked": (Case(lambda w, e: cards.import_checked(w, e.checked_id)),),
    "cards.undo_import": (Case(lambda w, e: cards.undo_import(w, e.imported_id)),),
    "cards.enrol": (
        Case(lambda w, _: cards.enrol(w, roster(HOSPITAL, 4)[1])),
    ),
    "cards.check_edits": (
        Case(lambda w, _: cards.check_edits(w, [HE_MIN], {"title": "护师"}, WHY)),
    ),
    "cards.take_edits": (Case(lambda w, e: cards.take_edits(w, e.checked_edits_id)),),
    "cards.undo_edits": (Case(lambda w, e: cards.undo_edits(w, e.made_edits_id)),),
    "cards.check_cards": (
        Case(
            lambda w, _: cards.check_cards(w, *card_list(HE_MIN)),
            "checks what was brought; what is kept of it stands at the actor's own place",
        ),
    ),
    "cards.import_cards": (
        Case(lambda w, _: cards.import_cards(w, card_list(HE_MIN)[1].sheet)),
    ),
    "cards.take_cards": (Case(lambda w, e: cards.take_cards(w, e.checked_cards_id)),),
    "cards.undo_cards": (Case(lambda w, e: cards.undo_cards(w, e.imported_cards_id)),),
    "cards.card_read": (
        Case(lambda w, _: held.card_read(w, Secret(HE_MIN))),
        Case(lambda w, _: held.card_read(w, Secret(UIDS[HE_MIN]))),
    ),
    "cards.held_by": (Case(lambda w, _: held.held_by(w, HE_MIN)),),
    "cards.holders_of_number": (Case(lambda w, _: held.holders_of_number(w, HE_MIN)),),
    "cards.register": (
        Case(lambda w, _: [one for one in held.register(w) if one.person_no == HE_MIN]),
    ),
    "cards.own_cards": (Case(lambda w, _: held.own_cards(w, HE_MIN)),),
    "cards.report_lost": (Case(lambda w, _: cards.report_lost(w, HE_MIN)),),
    "cards.show_proof": (
        Case(lambda w, _: cards.show_proof(w, uid=Secret(UIDS[HE_MIN]))),
        Case(lambda w, _: cards.show_proof(w, card_no=HE_MIN)),
    ),
    "cards.set_state": (Case(lambda w, _: cards.set_state(w, HE_MIN, CardState.LOST)),),
    "credits.positions_of": (Case(lambda w, e: credits.positions_of(w, _nurse(e))),),
    "credits.position_of": (Case(lambda w, _: credits.position_of(w, HE_MIN, 2013)),),
    "credits.account_of": (Case(lambda w, _: credits.account_of(w, HE_MIN, 2013)),),
    "credits.entries_of": (Case(lambda w, _: credits.entries_of(w, HE_MIN, 2013)),),
    "credits.check_courses": (
        Case(
            lambda w, _: ledger.check_courses(w, *course_list(STRANGER)),
            "checks what was brought; what is kept of it stands at the actor's own place",
        ),
    ),
    "credits.course_register": (
        Case(lambda w, _: credits.course_register(w), "public courses, within sight"),
    ),
    "credits.courses_of": (Case(lambda w, _: credits.courses_of(w, HE_MIN, 2013)),),
    "credits.take_courses": (Case(lambda w, e: ledger.take_courses(w, e.checked_courses_id)),),
    "credits.undo_courses": (Case(lambda w, e: ledger.undo_courses(w, e.imported_courses_id)),),
    "credits.reconcile": (
        Case(lambda w, _: ledger.reconcile(w), "counts, within sight, what does not add up"),
    ),
    "credits.story_of": (Case(lambda w, e: credits.story_of(w, HE_MIN, e.entry_id)),),
    "credits.how_many_stand": (
        Case(lambda w, _: credits.how_many_stand(w), "counts, within sight, who stands how"),
    ),
    "credits.who_stands": (
        Case(lambda w, e: credits.who_stands(w, e.cast.person(HE_MIN).place, Result.SHORT)),
    ),
    "credits.years_of": (Case(lambda w, _: credits.years_of(w, HE_MIN)),),
    "org.import_units": (
        Case(_units("H1,9901,hospital,改名,2,tertiary")),
        Case(_units("H1-9,H1,department,混入,9,")),
    ),
    "org.employers": (Case(lambda w, _: units.employers(w), "units, within sight"),),
    "org.unit_by_code": (Case(lambda w, _: units.unit_by_code(w, HOSPITAL)),),
    "org.create_department": (
        Case(lambda w, _: org.create_department(w, HOSPITAL, "新科室")),
        Case(lambda w, _: org.create_department(w, CARDIOLOGY, "新科室")),
    ),
    "org.rename_department": (
        Case(lambda w, _: org.rename_department(w, CARDIOLOGY, "改名", seen="心内科")),
    ),
    "org.place_department": (Case(lambda w, _: org.place_department(w, CARDIOLOGY, "")),),
    "people.close_department": (
        Case(lambda w, _: staff.close_department(w, org.create_department(w, HOSPITAL, "空"))),
    ),
    "people.merge_departments": (
        Case(lambda w, _: staff.merge_departments(w, CARDIOLOGY, NURSING, count=2)),
    ),
    "org.tree": (
        Case(lambda w, e: [one for one in units.tree(w) if one.id == _cardiology(e).id]),
    ),
    "people.next_number": (Case(lambda w, _: people.next_number(w), "a number, within sight"),),
    "people.photo_marks": (Case(lambda w, e: people.photo_marks(w, _nurse(e))),),
    "people.photo_of": (Case(lambda w, _: people.photo_of(w, HE_MIN)),),
    "people.photos_of": (Case(lambda w, e: people.photos_of(w, _nurse(e))),),
    "people.put_photo": (Case(lambda w, _: staff.put_photo(w, HE_MIN, Portrait(b"jpeg"))),),
    "people.remove_photo": (Case(lambda w, _: staff.remove_photo(w, HE_MIN)),),
    "people.import_of": (
        Case(lambda w, e: people.import_of(w, ImportKind.PEOPLE, e.imported_id)),
    ),
    "people.imports": (Case(lambda w, _: people.imports(w, ImportKind.PEOPLE)),),
    "people.keep_table": (
        Case(
            lambda w, _: staff.keep_table(w, ImportKind.PEOPLE, roster(HOSPITAL)[0], WHY),
            "keeps what was brought, at the actor's own place",
        ),
    ),
    "people.everyone": (Case(lambda w, _: people.everyone(w, Search(text=HE_MIN))),),
    "people.file_of": (Case(lambda w, _: people.file_of(w, HE_MIN)),),
    "people.trail_of": (Case(lambda w, _: people.trail_of(w, HE_MIN)),),
    "people.nos_of": (Case(lambda w, _: people.nos_of(w, Search(text=HE_MIN))),),
    "people.postings_of": (Case(lambda w, _: people.postings_of(w, HE_MIN)),),
    "people.head_count_at": (
        Case(lambda w, e: people.head_count_at(w, e.cast.person(HE_MIN).place)),
    ),
    "people.head_counts": (Case(lambda w, _: people.head_counts(w), "counts, within sight"),),
    "people.kept_of": (Case(lambda w, _: people.kept_of(w, HE_MIN)),),
    "people.listing": (Case(lambda w, _: people.listing(w, Search(text=HE_MIN)).people),),
    "people.person_by_no": (Case(lambda w, _: people.person_by_no(w, HE_MIN)),),
    "people.staff_of": (Case(lambda w, _: people.staff_of(w, HE_MIN)),),
    "projects.batch_of": (Case(lambda w, _: projects.batch_of(w, OWN_NO, 1)),),
    "projects.dossier_of": (Case(lambda w, _: projects.dossier_of(w, OWN_NO)),),
    "projects.import_projects": (Case(_renamed),),
    "projects.moves_of": (Case(lambda w, _: projects.moves_of(w, OWN_NO)),),
    "projects.listed": (
        Case(
            lambda w, _: projects.listed(w, Sought(words=OWN_NO)), silent=lambda found: not found
        ),
    ),
    "projects.register": (Case(lambda w, _: filing.register(w, UNHELD_NO)),),
    "projects.shelf": (
        Case(
            lambda w, _: projects.shelf(w, Sought(words=OWN_NO)),
            silent=lambda found: not found.projects,
        ),
    ),
    "standards.editions": (Case(lambda w, _: editions.editions(w), _RULES),),
    "standards.in_use": (Case(lambda w, _: editions.in_use(w), _RULES),),
    "standards.load": (Case(lambda w, _: standards.load(w, []), _RULES),),
    "standards.load_shipped": (Case(lambda w, _: standards.load_shipped(w), _RULES),),
    "standards.packs": (Case(lambda w, _: editions.packs(w), _RULES),),
    "standards.stop_using": (Case(lambda w, _: standards.stop_using(w, HOSPITAL, PACK)),),
    "standards.use": (Case(lambda w, _: standards.use(w, HOSPITAL, "cn-2024")),),
    "standards.uses": (Case(lambda w, _: editions.uses(w), _RULES),),
    "merging.merge": (Case(lambda w, e: merging.merge(w, HE_MIN, ZHOU_LAN, seen=_marks(e))),),
    "merging.apart_pairs": (Case(lambda w, _: pairing.apart_pairs(w), "pairs, within sight"),),
    "merging.keep_apart": (Case(lambda w, _: merging.keep_apart(w, HE_MIN, ZHOU_LAN)),),
    "merging.propose_again": (Case(lambda w, _: merging.propose_again(w, HE_MIN, ZHOU_LAN)),),
    "merging.pair_of": (Case(lambda w, _: pairing.pair_of(w, HE_MIN, ZHOU_LAN)),),
    "merging.pairs": (Case(lambda w, _: pairing.pairs(w), "pairs, within sight"),),
    "transfers.ask_in": (
        # Nobody asks in the first hospital's name; for one of its people anybody may ask.
        Case(lambda w, _: leaving.ask_in(w, HOSPITAL, ZHENG_HAI, "郑海"), whose=_hospital),
    ),
    "transfers.ask_out": (
        Case(lambda w, _: leaving.ask_out(w, CAO_JING, STRANGER_HOSPITAL), whose=_hospital),
    ),
    "transfers.ask_own": (Case(lambda w, _: leaving.ask_own(w, HE_MIN, COUNTY_HOSPITAL)),),
    "transfers.complete": (Case(lambda w, e: leaving.complete(w, e.transfer_id, WHY)),),
    "transfers.confirm": (
        Case(lambda w, e: leaving.confirm(w, e.transfer_id), whose=_hospital),
    ),
    "transfers.destinations": (
        Case(lambda w, _: transfers.destinations(w, "颍川"), "names of units are no secret"),
    ),
    "transfers.expire": (Case(lambda w, _: leaving.expire(w), _UPKEEP),),
    "transfers.own": (Case(lambda w, _: transfers.own(w, HE_MIN)),),
    "transfers.own_destinations": (
        Case(lambda w, _: transfers.own_destinations(w, "颍川"), "names of units are no secret"),
    ),
    "transfers.refuse": (
        Case(lambda w, e: leaving.refuse(w, e.transfer_id, WHY), whose=_hospital),
    ),
    "transfers.shelf": (
        Case(
            lambda w, _: transfers.shelf(w, Show.OPEN),
            silent=lambda found: not found.transfers and not found.waiting,
        ),
    ),
    "transfers.transfer_of": (Case(lambda w, e: transfers.transfer_of(w, e.transfer_id)),),
    "transfers.transfers_of": (Case(lambda w, _: transfers.transfers_of(w, HE_MIN)),),
    "transfers.waiting": (Case(lambda w, _: transfers.waiting(w), "counts, within sight"),),
    "transfers.withdraw": (
        Case(
            lambda w, e: leaving.withdraw(w, e.transfer_id), whose=lambda cast: cast.city_office
        ),
    ),
    "transfers.withdraw_own": (
        Case(lambda w, _: leaving.withdraw_own(
            w, HE_MIN, leaving.ask_own(w, HE_MIN, COUNTY_HOSPITAL))),
    ),
}  # fmt: skip
