"""两家医院 — two hospitals that have something of everything, and the strangers to the first.

Ask for the fixture `estate`. H1 and H2 each have a project with a batch and a lecturer, a terminal
with a package, swipes (one of them waiting), an award in force, and a person on leave. H1 also has
what can still be decided: a run and a file that are queued, records that wait for each kind of
decision, an unused enrolment code, an unused invitation, a bound nurse.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Engine, text

from app.accounts import commands as accounts
from app.accounts import queries as desk
from app.accounts.commands import requests
from app.accounts.terms import Invitation
from app.attendance import commands as attendance
from app.attendance.queries import clocks, devices
from app.attendance.terms import Device, DeviceKind, SwipeId
from app.attendance.terms.drivers import Sent
from app.awards import commands as awards
from app.awards.terms import Options
from app.base import outbox, progress
from app.base.database import Base
from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.cards.rules import FORM as CARD_FORM
from app.cards.terms import CardState
from app.credits import commands as ledger
from app.credits.rules import FORM as COURSE_FORM
from app.filing import commands as applications
from app.filing import queries as asked
from app.filing.rules import altering
from app.filing.rules.lists import FORM as LIST_FORM
from app.kernel import tidy
from app.kernel.actor import Actor, Role, Via
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.kernel.table import Table, pasted
from app.making import commands as making
from app.making.terms import Kind
from app.merging import commands as merging
from app.org.terms import Branch, UnitId, UnitKind
from app.people.rules.roster import FORM
from app.projects import queries as projects
from app.standards import commands as standards
from app.transfers import commands as transfers
from app.transfers.terms import SILENCE
from app.web.console import imports
from device.mbox.machine import Card, Machine
from device.mbox.terms import NO_HASH
from device.mbox.writing import batch as written
from tests.house.entering import Entered, entered
from tests.support import applying, batches, entrance, filing, terminal
from tests.support.binding import by_slip, follower, slip_of
from tests.support.cast import (
    CAO_JING,
    CITY_BUREAU,
    COUNTY_HOSPITAL,
    HE_MIN,
    HOSPITAL,
    MEDICINE,
    NURSING,
    OPERATOR,
    PEOPLE,
    SHAN_XIAO,
    STRANGER,
    TIAN_HUI,
    XIE_FANG,
    ZHENG_HAI,
    ZHOU_LAN,
    Cast,
    csv_of,
    id_number,
    people_sheet,
)
from tests.support.paper import photographed
from tests.support.terminal import MakeTerminal, at, held
from tests.support.wechat_client import SERVICE, Official

OWN_NO, OTHER_NO = filing.NO, "2013-03-01-008(国)"
AWARDED_NO, REPORTED_NO = "2013-03-01-010(国)", "2013-03-01-011(国)"
UNHELD_NO = "2013-03-01-012(国)"
# The second batch of what is to be held, and another day for the first.
_LATER = {"starts_at": "2013-11-16T08:00", "ends_at": "2013-11-16T17:00"}
SOON = {"starts_at": "2013-09-15T08:00", "ends_at": "2013-09-15T17:00", "venue": "门诊楼三楼会议室"}
_OTHER_UNHELD_NO = "2013-03-01-013(国)"
OWN_SN, OTHER_SN, QUEUED_SN, WAITING_SN = "MBX-00017", "MBX-00018", "MBX-00019", "MBX-00020"
OPENID = entrance.OPENID
# Names of the first hospital's things, which no answer to a stranger may hold.
TELLTALES = ("何敏'", "曹静", "单晓", "心血管病房")
# A regional pack that the first hospital goes by.
PACK = "henan-hospital-activity"

_SECRETARY = Role.DEPARTMENT_SECRETARY


@dataclass(frozen=True)
class Estate:
    """What the first hospital has, by the ids under which a stranger could ask for it."""

    site: Site
    cast: Cast
    device: Device
    machine: Machine
    other: Machine
    package_id: str
    upload_id: int
    queued_upload_id: int
    batch_ulid: str
    # Records that wait: for a person, for a decision, for their activity.
    nameless: SwipeId
    doubtful: SwipeId
    stray: SwipeId
    run_id: int
    queued_run_id: int
    batch_id: int
    given_up_id: int
    card_id: int
    # Cards that are asked for: a draft with one who could be handed in, and a batch handed in.
    card_batch_id: int
    submitted_batch_id: int
    checked_id: int
    imported_id: int
    # A project that is filed: a draft, one before the unit, one before the bureau.
    filing_id: int
    handed_filing_id: int
    sent_filing_id: int
    attachment_id: int
    transfer_id: int
    checked_edits_id: int
    made_edits_id: int
    checked_cards_id: int
    imported_cards_id: int
    checked_courses_id: int
    imported_courses_id: int
    checked_list_id: int
    imported_list_id: int
    # A batch that is to be held later, if the bureau agrees.
    alteration_id: int
    entry_id: int
    enrol_code: Secret
    invitation: Invitation
    # What the invited one holds.
    grant_id: int
    token: Secret
    last_file: bytes
    unsent_id: str
    entered: Entered

    @property
    def place(self) -> Place:
        return self.cast.unit(HOSPITAL).place

    @property
    def other_place(self) -> Place:
        return self.cast.unit(COUNTY_HOSPITAL).place

    def unsent(self) -> Sent:
        """A good file of the first hospital's terminal that nobody sent yet."""
        return Sent.weighed(lambda: [self.last_file])


def _terminal(cast: Cast) -> Actor:
    return Actor(f"device:{OTHER_SN}", Via.DEVICE, cast.unit(COUNTY_HOSPITAL).place, Role.DEVICE)


# Everybody who has no business with the first hospital's cardiology. The last three may do
# everything, but elsewhere: there the place alone must hold.
STRANGERS: dict[str, Callable[[Cast], Actor]] = {
    "the admin of a hospital of another city": lambda cast: cast.stranger,
    "the admin of a hospital of a county": lambda cast: cast.county_hospital_admin,
    "the bureau of a county": lambda cast: cast.county_bureau,
    "the secretary of a department elsewhere": lambda cast: cast.actor(_SECRETARY, MEDICINE),
    "the secretary of the next department": lambda cast: cast.actor(_SECRETARY, NURSING),
    "a person of another city": lambda cast: cast.self(STRANGER),
    "a colleague of the same department": lambda cast: cast.self(ZHOU_LAN),
    "a terminal elsewhere": _terminal,
    "a job elsewhere": lambda cast: cast.robot(COUNTY_HOSPITAL),
    "an operator of another hospital": lambda cast: cast.actor(Role.OPERATOR, COUNTY_HOSPITAL),
    "an operator of the next department": lambda cast: cast.actor(Role.OPERATOR, NURSING),
    "an operator who is a colleague": lambda cast: replace(cast.self(ZHOU_LAN), role=Role.OPERATOR),
}


def founded(site: Site, cast: Cast, official: Official, make_terminal: MakeTerminal) -> Estate:
    """Let both hospitals have all that, by the commands of those who would."""
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
    _on_leave(site, SHAN_XIAO, TIAN_HUI)
    own = filing.project(OWN_NO, unit_code=HOSPITAL, batches=_batches("心血管病房", ZHOU_LAN))
    theirs = filing.project(
        OTHER_NO, unit_code=COUNTY_HOSPITAL, name="小儿发热门诊进展",
        batches=_batches("内科示教室", XIE_FANG),
    )  # fmt: skip
    filing.filed(site, OPERATOR, own, theirs)
    machine = _equipped(site, make_terminal(OWN_SN, HOSPITAL), OWN_NO)
    other = _equipped(site, make_terminal(OTHER_SN, COUNTY_HOSPITAL), OTHER_NO)
    with begin(site, OPERATOR) as work:
        cards.set_state(work, SHAN_XIAO, CardState.LOST, at("07:00:00"))
    photographed(site, HE_MIN, CAO_JING, ZHENG_HAI)
    _swiped(machine, HE_MIN, CAO_JING, SHAN_XIAO)
    _swiped(other, ZHENG_HAI, TIAN_HUI, TIAN_HUI)
    run_id = _awarded(site, OWN_NO)
    _awarded(site, OTHER_NO)
    for sn, no in ((OWN_SN, OWN_NO), (OTHER_SN, OTHER_NO)):
        _repaired(site, sn, no)
    with begin(site, OPERATOR) as work:
        awards.deny(work, OWN_NO, 1, CAO_JING, "代人刷卡")
        awards.deny(work, OTHER_NO, 1, TIAN_HUI, "代人刷卡")
    _reported(site)
    people_in = entered(site, cast, official)
    _contested(site)
    _stopped(site, cast)
    _told_apart(site, cast)
    queued_upload_id = _queued(site)
    machine.tap(held(CAO_JING), at=at("17:40:00", "2013-05-19"))
    with begin(site, OPERATOR) as work:
        link = accounts.invite(work, role=Role.HOSPITAL_ADMIN, unit_code=HOSPITAL, name="新管理员")
        code = attendance.register(work, WAITING_SN, HOSPITAL, DeviceKind.MBOX).enrol_code
        queued_run_id = awards.ask(work, OWN_NO, 2, Options())
        batch_id = projects.batch_of(work, OWN_NO, 1).id
        standards.use(work, HOSPITAL, PACK)
        device = devices.caller(work, OWN_SN)
        [package] = devices.packages_after(work, device.id, 0)
    token = Secret(link.url.reveal().rpartition("/")[2])
    invitation = desk.invitation(site, token)
    assert invitation is not None
    assert code is not None
    [batch] = machine.memory.batches
    unsent = machine.export()
    found = _ids(site, device)
    return Estate(
        site, cast, device, machine, other, package.id, found["upload"], queued_upload_id,
        batch.batch_id, found["unknown_card"], found["revoked_card"], found["unknown_activity"],
        run_id, queued_run_id, batch_id, _given_up(site, cast.unit(HOSPITAL).place),
        found["card"], *_asked_for(site), *_rosters(site, cast), *_filed(site, cast),
        _leaving(site, cast), *_edits(site, cast), *_lists(site, cast), *_courses(site, cast),
        *_project_lists(site, cast), _altered(site, cast),
        found["entry"], code, invitation,
        _granted(site, invitation), token, unsent.data, unsent.batch_id, people_in,
    )  # fmt: skip


def _stopped(site: Site, cast: Cast) -> None:
    """Of each hospital a job that is to end as soon as it begins."""
    for number, actor in enumerate((cast.hospital_admin, cast.county_hospital_admin)):
        with begin(site, actor) as work:
            progress.ask_stop(work, "tests", number, actor.place)


def _told_apart(site: Site, cast: Cast) -> None:
    """Of each hospital two people of whom it was said that they are two."""
    for actor, one, two in (
        (cast.hospital_admin, HE_MIN, ZHOU_LAN),
        (cast.county_hospital_admin, ZHENG_HAI, TIAN_HUI),
    ):
        with begin(site, actor) as work:
            merging.keep_apart(work, one, two)


def _reported(site: Site) -> None:
    """Of three more projects of the first hospital one is awarded, one before the bureau."""
    to_come = filing.batch(
        starts_at="2013-09-14T08:00", ends_at="2013-09-14T17:00", sessions=[], plan=None
    )
    batches = [to_come, to_come | _LATER | {"batch": 2}]
    filing.filed(
        site, OPERATOR, filing.project(UNHELD_NO, batches=batches),
        filing.project(_OTHER_UNHELD_NO, unit_code=COUNTY_HOSPITAL, batches=batches),
    )  # fmt: skip
    for no in (AWARDED_NO, REPORTED_NO):
        filing.filed(site, OPERATOR, filing.project(no))
        _awarded(site, no)
    with begin(site, OPERATOR) as work:
        awards.report(work, REPORTED_NO)


def _altered(site: Site, cast: Cast) -> int:
    """Of what is to be held the second batch is to be in another place; one at each hospital."""
    for actor, no in (
        (cast.county_hospital_admin, _OTHER_UNHELD_NO), (cast.hospital_admin, UNHELD_NO),
    ):  # fmt: skip
        with begin(site, actor) as work:
            seen = altering.mark_of(asked.footing_of(work, no, 2).now)
            elsewhere = _LATER | {"venue": "市会展中心"}
            applications.alter(work, no, 2, elsewhere, near=False, reason="停电", seen=seen)
            found = asked.alterations_of(work, no)
    return found[0].id


def _filed(site: Site, cast: Cast) -> tuple[int, int, int, int]:
    """Of the first hospital three filings, of the second one; each with a file."""
    made: list[int] = []
    files: list[int] = []
    for actor, steps in (
        (cast.hospital_admin, ()),
        (cast.secretary, ("file",)),
        (cast.hospital_admin, ("file",)),
        (cast.county_hospital_admin, ()),
    ):
        leader = id_number(date(1970, 1, 1), len(made))
        form = applying.typed(leader_id=leader, name=f"{actor.name}的培训班")
        made.append(applying.drafted(site, actor, form))
        files.append(applying.attached(site, actor, made[-1]))
        if steps:
            applying.handed_in(site, actor, made[-1])
    return made[0], made[1], made[2], files[0]


def _granted(site: Site, invitation: Invitation) -> int:
    [grant] = desk.login_of(site, invitation.login_id).grants
    assert grant.id is not None
    return grant.id


def _asked_for(site: Site) -> tuple[int, int]:
    """Of the first hospital a batch of cards that is still written, and one that was handed in."""
    made = []
    for unit, no in ((HOSPITAL, ZHOU_LAN), (HOSPITAL, CAO_JING), (COUNTY_HOSPITAL, ZHENG_HAI)):
        with begin(site, OPERATOR) as work:
            made.append(making.open_batch(work, unit, Kind.EXCHANGE))
            making.add(work, made[-1], [no])
    with begin(site, OPERATOR) as work:
        making.hand_in(work, made[1])
    return made[0], made[1]


def roster(unit: str, order: int = 2) -> tuple[Table, tidy.Tidied]:
    """A file of one new person of that hospital, as the page of the console reads it."""
    number = id_number(date(1985, 5, 5), order)
    table = pasted(
        f"编号,姓名,身份证号,单位\n88{unit[1:]}{order:03},李雯,{number},{unit}", "花名册"
    )
    return table, tidy.tidy(table, FORM, imports.spelling(FORM, [_hospital(unit)]))


def _hospital(unit: str) -> Branch:
    return Branch(UnitId(1), unit, UnitKind.HOSPITAL, "医院", Place("1."), None, 1, closed=False)


def _rosters(site: Site, cast: Cast) -> tuple[int, int]:
    """Of the first hospital a file that was checked, and one that was imported; one elsewhere."""
    made = []
    for actor, unit in (
        (cast.hospital_admin, HOSPITAL),
        (cast.hospital_admin, HOSPITAL),
        (cast.county_hospital_admin, COUNTY_HOSPITAL),
    ):
        with begin(site, actor) as work:
            # The second hospital's person is another: nothing is imported there.
            made.append(cards.check_roster(work, *roster(unit)))
    with begin(site, cast.hospital_admin) as work:
        cards.import_checked(work, made[1])
    return made[0], made[1]


def _leaving(site: Site, cast: Cast) -> int:
    """The city's bureau asked for one of the first hospital, which has been silent since."""
    before = replace(site, clock=lambda: site.clock() - SILENCE)
    with begin(before, cast.city_office) as work:
        return transfers.ask_in(work, CITY_BUREAU, HE_MIN, "何敏")


def _edits(site: Site, cast: Cast) -> tuple[int, int]:
    """Of the first hospital a title for many that was checked, and one that was made."""
    made = []
    for title in ("主管护师", "护师"):
        with begin(site, cast.hospital_admin) as work:
            made.append(cards.check_edits(work, [SHAN_XIAO], {"title": title}, "批量改职称"))
            if len(made) == 1:
                cards.take_edits(work, made[0])
    return made[1], made[0]


def card_list(no: str) -> tuple[Table, tidy.Tidied]:
    """A file of another card of that person, as the page of the console reads it."""
    table = pasted(f"编号,卡号\n{no},77{no}", "卡号表")
    return table, tidy.tidy(table, CARD_FORM, imports.spelling(CARD_FORM, []))


def _lists(site: Site, cast: Cast) -> tuple[int, int]:
    """Of the first hospital a list of cards that was checked, and one that was imported."""
    made = []
    for _ in range(2):
        with begin(site, cast.hospital_admin) as work:
            made.append(cards.check_cards(work, *card_list(SHAN_XIAO)))
    with begin(site, cast.hospital_admin) as work:
        cards.take_cards(work, made[1])
    return made[0], made[1]


def course_list(no: str) -> tuple[Table, tidy.Tidied]:
    """A file of a course that this person took, as the page of the console reads it."""
    table = pasted(f"编号,年度,课程,学分\n{no},2013,职业道德,5", "公需课")
    return table, tidy.tidy(table, COURSE_FORM, imports.spelling(COURSE_FORM, []))


def _courses(site: Site, cast: Cast) -> tuple[int, int]:
    """Of the first hospital a list that was checked and one that is credit; one elsewhere."""
    made = []
    for actor, no in (
        (cast.hospital_admin, HE_MIN),
        (cast.hospital_admin, HE_MIN),
        (cast.county_hospital_admin, ZHENG_HAI),
    ):
        with begin(site, actor) as work:
            made.append(ledger.check_courses(work, *course_list(no)))
    for actor, number in ((cast.hospital_admin, made[1]), (cast.county_hospital_admin, made[2])):
        with begin(site, actor) as work:
            ledger.take_courses(work, number)
    return made[0], made[1]


def project_list(no: str, unit: str = HOSPITAL) -> tuple[Table, tidy.Tidied]:
    """A file of one batch of a project, as the page of the console reads it."""
    table = pasted(
        "项目编号,项目名称,级别,年度,学分,学时,开始,结束,地点,单位\n"
        f"{no},护理查房,市级,2013,5,30,2013-09-14 08:00,2013-09-14 17:00,三楼,{unit}",
        "项目表",
    )
    return table, tidy.tidy(table, LIST_FORM, imports.spelling(LIST_FORM, [_hospital(unit)]))


def _project_lists(site: Site, cast: Cast) -> tuple[int, int]:
    """Of the first hospital a list that was checked and one that stands; one elsewhere."""
    made = []
    for actor, no, unit in (
        (cast.hospital_admin, "L2013-51", HOSPITAL),
        (cast.hospital_admin, "L2013-52", HOSPITAL),
        (cast.county_hospital_admin, "L2013-53", COUNTY_HOSPITAL),
    ):
        with begin(site, actor) as work:
            made.append(applications.check_list(work, *project_list(no, unit)))
    for actor, number in ((cast.hospital_admin, made[1]), (cast.county_hospital_admin, made[2])):
        with begin(site, actor) as work:
            applications.take_list(work, number)
    return made[0], made[1]


def _contested(site: Site) -> None:
    """Another phone waits to take the bound nurse's place, and a third asks who it is."""
    by_slip(site, "o-he-min-new", slip_of(site, HE_MIN))
    with follower(site, "o-he-min-third")() as work:
        requests.ask_human(work, SERVICE, "o-he-min-third", "何敏", "心内科")


def _on_leave(site: Site, *nos: str) -> None:
    columns = ("person_no", "name", "id_type", "id_number", "unit_code", "status", "status_from")
    rows = [
        (no, name, "id_card", id_number(born, order), unit, "maternity", "2013-01-01")
        for no, name, born, order, unit, *_ in PEOPLE
        if no in nos
    ]
    with begin(site, OPERATOR) as work:
        cards.import_people(work, people_sheet(csv_of(columns, *rows)))


def _batches(venue: str, lecturer: str) -> list[dict[str, Any]]:
    held = filing.batch(1, venue=venue, lecturers=[filing.lecturer(lecturer)])
    return [held, filing.batch(2, venue=venue)]


def _equipped(site: Site, machine: Machine, project_no: str) -> Machine:
    """The machine has its package and told how it is."""
    terminal.package(site, machine, project_no)
    machine.heartbeat()
    return machine


def _swiped(machine: Machine, present: str, left: str, lost: str) -> None:
    """One who stays, one who leaves, one whose card is lost, a card and an activity of nobody."""
    machine.tap(held(present), at=at("08:02:11"))
    machine.tap(held(left), at=at("08:03:00"))
    machine.tap(held(lost), at=at("08:04:00"))
    machine.tap(Card(uid=bytes.fromhex("04FFFFFFFFFFFF")), at=at("08:05:00"))
    machine.tap(held(present), at=at("08:06:30"), activity_id="A-77")
    machine.tap(held(present), at=at("17:31:40", "2013-05-19"))
    [answer] = machine.upload()
    assert answer.status == 200


def _awarded(site: Site, no: str) -> int:
    with begin(site, OPERATOR) as work:
        run_id = awards.ask(work, no, 1, Options())
    for message in work.messages:
        outbox.deliver(site, message.id)
    return run_id


def _repaired(site: Site, sn: str, no: str) -> None:
    """A terminal's clock was thought to be wrong, and was right."""
    with begin(site, OPERATOR) as work:
        count = clocks.crooked(work, no, 1, sn).swipes
        made = attendance.repair_clock(work, no, 1, sn, 5, "看错了", swipes=count)
        attendance.undo_clock_repair(work, no, 1, made)


def _given_up(site: Site, place: Place) -> int:
    """Work in the background that was tried too often."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    ill = replace(site, handlers={"house.sweep": broken})
    with begin(site, OPERATOR) as work:
        work.tell("house.sweep", place=place)
    [message] = work.messages
    for _ in range(outbox.FAULTS):
        with suppress(ZeroDivisionError):
            outbox.deliver(ill, message.id)
    return message.id


def _queued(site: Site) -> int:
    """A file so large that a worker is to take it in, and none does."""
    with begin(site, OPERATOR) as work:
        code = attendance.register(work, QUEUED_SN, HOSPITAL, DeviceKind.MBOX).enrol_code
        assert code is not None
        key = attendance.enrol(work, QUEUED_SN, code).key
    head = batches.header(12_000, device_sn=QUEUED_SN, package_id=None, prev_hash=NO_HASH)
    data = written(head, batches.records(12_000), bytes.fromhex(key.reveal()))
    with begin(site, OPERATOR) as work:
        answer = attendance.upload(work, Sent.weighed(lambda: [data]))
    assert answer.state == "queued"
    return int(answer.upload_id)


def _ids(site: Site, device: Device) -> dict[str, Any]:
    """The first hospital's things that have no name of their own."""
    with begin(site, OPERATOR) as work:
        rows = work.session.execute(
            text(
                "select hold, epoch, seq, upload_id from swipe where device_id = :d and hold <> ''"
            ),
            {"d": device.id},
        ).all()
        card = work.session.execute(
            text("select id from card where card_no = :no"), {"no": HE_MIN}
        ).scalar_one()
        entry = work.session.execute(
            text("select e.id from credit_entry e join person p on p.id = e.person_id"
                 " where p.person_no = :no"),
            {"no": HE_MIN},
        ).scalar_one()  # fmt: skip
    found = {row.hold: SwipeId(device.id, row.epoch, row.seq) for row in rows}
    return found | {"upload": rows[0].upload_id, "card": card, "entry": entry}


def hashes(owner: Engine, place: Place, *, but: Place) -> dict[str, tuple[int, str]]:
    """Of every table: how many rows stand at or under a place but not another, and their hash.

    Of a table without a path all rows count, for they are everybody's.
    """
    names = ("low", "high", "other_low", "other_high")
    bounds = dict(zip(names, (*place.bounds, *but.bounds), strict=True))
    asked = " union all ".join(_hash_of(table) for table in Base.metadata.tables)
    with owner.connect() as connection:
        rows = connection.execute(text(asked), bounds)
        return {name: (number, digest) for name, number, digest in rows}


def _hash_of(table: str) -> str:
    where = ""
    if "path" in Base.metadata.tables[table].columns:
        where = (
            "where path >= :low and path < :high"
            " and not (path >= :other_low and path < :other_high)"
        )
    return (
        f"select '{table}', count(*),"
        " coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '')"
        f" from {table} t {where}"
    )
