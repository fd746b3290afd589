"""门册 — how each door is asked for something of the first hospital, by whoever should not have it.

A door that is not in the book fails the tests: whoever makes one says here what it may show or
change, and to whom. A thing is either somebody's (a stranger is refused, or gets nothing), or
common: it belongs to no hospital, and `common` says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from app.accounts import commands as accounts
from app.accounts import queries as desk
from app.accounts.terms import DeliveryState
from app.attendance import commands as attendance
from app.attendance.queries import devices, records, uploads
from app.attendance.terms import Answer, DeviceKind
from app.awards import commands as awards
from app.awards import queries as judged
from app.awards.terms import Options
from app.base import outbox
from app.base.work import Work
from app.cards import commands as cards
from app.cards import queries as held
from app.cards.terms import CardState
from app.cli import filing as files
from app.credits import commands as ledger
from app.credits import queries as credits
from app.kernel.actor import Role
from app.kernel.secret import Secret
from app.org import commands as org
from app.org import queries as units
from app.people import queries as people
from app.projects import commands as filing
from app.projects import queries as projects
from app.standards import commands as standards
from app.standards import queries as editions
from tests.house.estate import OPENID, OWN_NO, OWN_SN, PACK, WAITING_SN, Estate
from tests.support import filing as filed
from tests.support.cast import (
    ACUPUNCTURE,
    CARDIOLOGY,
    HE_MIN,
    HOSPITAL,
    PEOPLE,
    STRANGER,
    UIDS,
    csv_of,
    id_number,
    people_sheet,
    units_sheet,
)
from tests.support.wechat_client import ACCOUNTS, SERVICE

Ask: TypeAlias = Callable[[Work, Estate], Any]

WHY = "核对无误"
PASSWORD = "Kite-7-rivers-run"

_UPKEEP = "removes only what has served its time, of whomever"
_RULES = "everybody is judged by the same standards"
_PLATFORM = "an official account serves a whole city"


@dataclass(frozen=True)
class Case:
    """One way to ask a door: for what, whose it is, and which answer tells a stranger nothing."""

    ask: Ask
    common: str = ""
    silent: Callable[[Any], bool] = lambda answer: not answer


def _nothing_counted(answer: Answer) -> bool:
    """The file was kept at the sender's own place, as one of a terminal that is nobody's."""
    return answer.accepted == answer.duplicate == answer.quarantined == 0


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


def _menu_state(work: Work, _: Estate) -> object:
    accounts.put_menu_state(work, SERVICE, trial=True, steps=(), error=None)
    return desk.menu_state(work, SERVICE)


def _units(*lines: str) -> Ask:
    head = "code,parent_code,kind,name,order,grade"
    return lambda work, _: org.import_units(work, units_sheet("\n".join((head, *lines, ""))))


def _renamed(work: Work, _: Estate) -> object:
    read, unread = files.read(filed.text_of(filed.project(OWN_NO, name="改名")))
    return filing.import_projects(work, read, unread=unread)


BOOK: dict[str, tuple[Case, ...]] = {
    "accounts.activate": (Case(lambda w, e: accounts.activate(w, e.token, Secret(PASSWORD))),),
    "accounts.alarms": (Case(lambda w, _: desk.alarms(w), _PLATFORM),),
    "accounts.bind": (
        Case(lambda w, _: accounts.bind(w, SERVICE, "o-other", HE_MIN)),
        Case(lambda w, _: accounts.bind(w, SERVICE, OPENID, STRANGER)),
    ),
    "accounts.invite": (
        Case(lambda w, _: accounts.invite(
            w, role=Role.DEPARTMENT_SECRETARY, unit_code=CARDIOLOGY, name="混入")),
        Case(lambda w, _: accounts.invite(
            w, role=Role.DEPARTMENT_SECRETARY, unit_code=ACUPUNCTURE, name="新管理员")),
    ),
    "accounts.invited_to": (Case(lambda w, e: desk.invited_to(w, e.invitation)),),
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
    "accounts.put_tags": (
        Case(lambda w, _: accounts.put_tags(w, SERVICE, [OPENID], [101]), _PLATFORM),
    ),
    "accounts.sealed": (Case(lambda w, _: desk.sealed(w), _PLATFORM),),
    "accounts.speaking_plainly": (Case(lambda w, _: desk.speaking_plainly(w), _PLATFORM),),
    "accounts.sweep": (Case(lambda w, _: accounts.sweep(w), _UPKEEP),),
    "accounts.sync_menu": (
        Case(lambda w, _: accounts.sync_menu(w, SERVICE, trial=True), _PLATFORM),
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
    "attendance.discard": (Case(lambda w, e: attendance.discard(w, e.nameless, WHY)),),
    "attendance.enrol": (Case(lambda w, e: attendance.enrol(w, WAITING_SN, e.enrol_code)),),
    "attendance.forget_nonces": (Case(lambda w, _: attendance.forget_nonces(w), _UPKEEP),),
    "attendance.hear": (Case(lambda w, e: attendance.hear(w, e.device, {"battery": 1}, None)),),
    "attendance.make_package": (
        Case(lambda w, _: attendance.make_package(w, OWN_SN, OWN_NO, 1)),
    ),
    "attendance.package_body": (
        Case(lambda w, e: devices.package_body(w, e.device.id, e.package_id)),
    ),
    "attendance.packages_after": (Case(lambda w, e: devices.packages_after(w, e.device.id, 0)),),
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
    "awards.activities_of": (Case(lambda w, _: judged.activities_of(w, HE_MIN)),),
    "awards.ask": (Case(lambda w, _: awards.ask(w, OWN_NO, 1, Options())),),
    "awards.carry_out": (Case(lambda w, e: awards.carry_out(w, e.queued_run_id)),),
    "awards.explain": (Case(lambda w, _: judged.explain(w, HE_MIN, OWN_NO, 1)),),
    "awards.find_told": (Case(lambda w, _: judged.find_told(w, HE_MIN, OWN_NO)),),
    "awards.give_up": (Case(lambda w, e: awards.give_up(w, e.queued_run_id)),),
    "awards.latest_told": (Case(lambda w, _: judged.latest_told(w, HE_MIN)),),
    "awards.preview": (Case(lambda w, _: judged.preview(w, OWN_NO, 1, Options())),),
    "awards.run_of": (Case(lambda w, e: judged.run_of(w, e.run_id)),),
    "awards.trace": (Case(lambda w, _: judged.trace(w, HE_MIN, OWN_NO, 1)),),
    "awards.undo": (Case(lambda w, e: awards.undo(w, e.run_id, WHY)),),
    "awards.verdicts_of": (Case(lambda w, e: judged.verdicts_of(w, e.run_id)),),
    "base.given_up": (Case(lambda w, _: outbox.given_up(w)),),
    "base.retry": (
        Case(lambda w, e: outbox.retry(w, [e.given_up_id])),
        Case(lambda w, _: outbox.retry(w)),
    ),
    "base.sweep": (Case(lambda w, _: outbox.sweep(w), _UPKEEP),),
    "cards.import_people": (Case(_imposter),),
    "cards.own_cards": (Case(lambda w, _: held.own_cards(w, HE_MIN)),),
    "cards.report_lost": (Case(lambda w, _: cards.report_lost(w, HE_MIN)),),
    "cards.set_state": (Case(lambda w, _: cards.set_state(w, HE_MIN, CardState.LOST)),),
    "credits.account_of": (Case(lambda w, _: credits.account_of(w, HE_MIN, 2013)),),
    "credits.entries_of": (Case(lambda w, _: credits.entries_of(w, HE_MIN, 2013)),),
    "credits.reconcile": (
        Case(lambda w, _: ledger.reconcile(w), "counts, within sight, what does not add up"),
    ),
    "credits.story_of": (Case(lambda w, e: credits.story_of(w, HE_MIN, e.entry_id)),),
    "credits.years_of": (Case(lambda w, _: credits.years_of(w, HE_MIN)),),
    "org.import_units": (
        Case(_units("H1,9901,hospital,改名,2,tertiary")),
        Case(_units("H1-9,H1,department,混入,9,")),
    ),
    "org.unit_by_code": (Case(lambda w, _: units.unit_by_code(w, HOSPITAL)),),
    "people.kept_of": (Case(lambda w, _: people.kept_of(w, HE_MIN)),),
    "people.person_by_no": (Case(lambda w, _: people.person_by_no(w, HE_MIN)),),
    "people.staff_of": (Case(lambda w, _: people.staff_of(w, HE_MIN)),),
    "projects.batch_of": (Case(lambda w, _: projects.batch_of(w, OWN_NO, 1)),),
    "projects.import_projects": (Case(_renamed),),
    "standards.editions": (Case(lambda w, _: editions.editions(w), _RULES),),
    "standards.load": (Case(lambda w, _: standards.load(w, []), _RULES),),
    "standards.load_shipped": (Case(lambda w, _: standards.load_shipped(w), _RULES),),
    "standards.packs": (Case(lambda w, _: editions.packs(w), _RULES),),
    "standards.stop_using": (Case(lambda w, _: standards.stop_using(w, HOSPITAL, PACK)),),
    "standards.use": (Case(lambda w, _: standards.use(w, HOSPITAL, "cn-2024")),),
    "standards.uses": (Case(lambda w, _: editions.uses(w), _RULES),),
}  # fmt: skip
