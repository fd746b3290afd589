"""Records that wait: settled when a card is known, resolved by a person, within their scope."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.attendance import commands as attendance
from app.attendance.queries import records, waiting
from app.attendance.steps import settle
from app.attendance.terms import Hold, Record, SwipeId, SwipeState
from app.base import outbox
from app.base.site import Site
from app.base.work import Door, begin
from app.cards import commands as cards
from app.kernel.actor import Actor, Permission
from app.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from device.mbox.machine import Card, Machine
from tests.support.cast import (
    CAO_JING,
    HE_MIN,
    OPERATOR,
    SHAN_XIAO,
    STRANGER,
    XIE_FANG,
    ZHENG_HAI,
    Cast,
    Spoken,
    csv_of,
    people_sheet,
    roster_csv,
)
from tests.support.filing import NO, filed, project
from tests.support.terminal import MakeTerminal, at, held, package

Cli = Callable[..., Spoken]

NEW_CARD = "0012345678"
NEW_CHIP = "04AABBCC112233"


def listed(site: Site, actor: Actor = OPERATOR, **wanted: Any) -> tuple[Record, ...]:
    with begin(site, actor) as work:
        return records.records_of(work, NO, 1, **wanted)


def one_of(site: Site) -> Record:
    [record] = listed(site)
    return record


def give_card(site: Site, no: str, card_no: str, uid: str = "") -> list[int]:
    """Let a person have that card from now on, by the import an operator would use."""
    rows = roster_csv().splitlines()
    columns = rows[0].split(",")
    [line] = [row.split(",") for row in rows[1:] if row.startswith(no)]
    cells = dict(zip(columns, line, strict=True)) | {"card_no": card_no, "card_uid": uid}
    with begin(site, OPERATOR) as work:
        cards.import_people(work, people_sheet(csv_of(columns, [cells[one] for one in columns])))
    return [message.id for message in work.messages]


def deliver(site: Site, messages: list[int]) -> None:
    for message in messages:
        assert outbox.deliver(site, message)


# ------------------------------------------------------------------ settled by a card


@pytest.mark.parametrize("card", [Card(card_no=NEW_CARD), Card(uid=bytes.fromhex(NEW_CHIP))])
def test_registering_a_card_settles_what_waited_for_it(
    card: Card, terminal: Machine, site: Site
) -> None:
    terminal.tap(card, at=at("08:00:00"))
    terminal.tap(card, at=at("08:00:30"))
    terminal.tap(Card(card_no="9"), at=at("08:00:40"))
    terminal.upload()

    deliver(site, give_card(site, XIE_FANG, NEW_CARD, NEW_CHIP))

    first, second, third = listed(site)
    assert (first.state, first.person_no, first.name) == (SwipeState.ACCEPTED, XIE_FANG, "解芳")
    assert (first.resolution, first.resolved_by) == ("settled", "robot:cards.changed")
    assert second.state is SwipeState.DUPLICATE
    assert (third.state, third.reason) == (SwipeState.QUARANTINED, Hold.UNKNOWN_CARD)


def test_a_person_who_comes_later_settles_records_that_named_their_number(
    terminal: Machine, site: Site, cli: Cli, tmp_path: Any
) -> None:
    terminal.tap(Card(person_no="990109999"), at=at("08:00:00"))
    terminal.upload()
    rows = roster_csv().splitlines()
    columns = rows[0].split(",")
    line = dict(zip(columns, rows[1].split(","), strict=True)) | {
        "person_no": "990109999", "id_type": "other", "id_number": "T-1", "card_no": "",
        "card_uid": "", "phone": "",
    }  # fmt: skip
    file = tmp_path / "people.csv"
    file.write_text(csv_of(columns, [line[one] for one in columns]))

    spoken = cli("people", "import", file, "--json")

    assert spoken.code == 0, spoken.out
    assert (one_of(site).state, one_of(site).person_no) == (SwipeState.ACCEPTED, "990109999")


def test_a_settled_record_may_still_wait_for_its_time(
    terminal: Machine, site: Site, cli: Cli
) -> None:
    terminal.set_clock(timedelta(hours=8))
    terminal.synchronise()
    terminal.tap(Card(card_no=NEW_CARD), at=at("16:00:00"))
    terminal.upload()
    assert one_of(site).reason is Hold.UNKNOWN_CARD

    deliver(site, give_card(site, XIE_FANG, NEW_CARD))

    waiting = one_of(site)
    assert (waiting.state, waiting.reason) == (SwipeState.QUARANTINED, Hold.CLOCK_SKEW)
    assert (waiting.person_no, waiting.at, waiting.corrected_at) == (
        XIE_FANG, at("08:00:00"), at("08:00:00")
    )  # fmt: skip
    done = cli(
        "attendance", "resolve", waiting.id, "--accept", "--reason", "时钟错八小时", "--json"
    )
    assert (done.json["state"], done.json["at"]) == ("accepted", "2013-05-18T08:00:00+08:00")


def test_a_card_registered_as_lost_settles_to_revoked(
    terminal: Machine, site: Site, cli: Cli
) -> None:
    terminal.tap(Card(card_no=NEW_CARD), at=at("08:00:00"))
    terminal.upload()
    give_card(site, XIE_FANG, NEW_CARD)
    cli("card", "set", NEW_CARD, "--state", "lost", "--since", "2013-05-18T07:00:00")

    revoked = one_of(site)
    assert (revoked.reason, revoked.person_no) == (Hold.REVOKED_CARD, XIE_FANG)

    cli("card", "set", NEW_CARD, "--state", "active")

    assert one_of(site).state is SwipeState.ACCEPTED


def test_an_award_settles_what_is_on_its_way(terminal: Machine, site: Site) -> None:
    terminal.tap(Card(card_no=NEW_CARD), at=at("08:00:00"))
    terminal.upload()
    messages = give_card(site, XIE_FANG, NEW_CARD)
    batch_id = batch_of(site)

    assert settled(site, [batch_id + 1]) == 0
    assert settled(site, [batch_id]) == 1

    assert one_of(site).state is SwipeState.ACCEPTED
    deliver(site, messages)
    assert settled(site, [batch_id]) == 0


def settled(site: Site, batch_ids: list[int]) -> int:
    """As an award does it, whose door reaches."""
    with begin(site, OPERATOR) as work:
        work.door = Door(Permission.AWARDS_RUN, reaches=True, writes=True)
        with work.reaching():
            return settle(work, batch_ids)


def batch_of(site: Site) -> int:
    with begin(site, OPERATOR) as work:
        return int(work.session.execute(text("select id from batch")).scalar_one())


def test_many_records_are_settled_page_by_page(
    terminal: Machine, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_PAGE", 3)
    for place in range(10):
        terminal.tap(Card(card_no=NEW_CARD), at=at(f"08:{2 * place:02}:00"))
    terminal.upload()

    deliver(site, give_card(site, XIE_FANG, NEW_CARD))

    assert {one.state for one in listed(site)} == {SwipeState.ACCEPTED}


# ------------------------------------------------------------------ resolved by a person


@pytest.fixture
def unknown(terminal: Machine, site: Site) -> Record:
    """A record of a card that nobody knows."""
    terminal.tap(Card(card_no=NEW_CARD), at=at("08:00:00"))
    terminal.upload()
    return one_of(site)


def test_a_record_is_attached_to_a_person_of_any_unit_with_a_reason(
    unknown: Record, site: Site, cast: Cast, count: Callable[..., int]
) -> None:
    with begin(site, cast.hospital_admin) as work:
        done = attendance.attach(work, unknown.id, STRANGER, "本人到场")

    assert (done.state, done.person_no, done.name) == (SwipeState.ACCEPTED, STRANGER, "秦望")
    assert (done.resolution, done.resolved_reason) == ("attached", "本人到场")
    assert count("audit_entry", "action = 'attendance.attach' and table_name = 'swipe'") == 1


def test_what_is_resolved_is_not_resolved_again(unknown: Record, site: Site) -> None:
    with begin(site, OPERATOR) as work:
        attendance.discard(work, unknown.id, "试刷")

    for act in (attendance.accept, attendance.discard):
        with pytest.raises(ConflictError) as refused, begin(site, OPERATOR) as work:
            act(work, unknown.id, "x")
        assert refused.value.code == "attendance.record.not_waiting"
    assert one_of(site).state is SwipeState.DISCARDED


def test_what_answers_call_rejected_is_listed_as_what_was_discarded(
    unknown: Record, terminal: Machine, site: Site, cli: Cli
) -> None:
    asked = ("attendance", "list", "--project", NO, "--batch", 1, "--state", "rejected")
    nothing = cli(*asked)
    assert nothing.code == 0
    assert nothing.out.strip() == (
        "这里没有作废的记录。整份不收的考勤文件不留记录："
        "把同一份文件再交一次，答复会写明第几行错在哪里。"
    )
    assert cli(*asked, "--json").json == {"records": []}
    with begin(site, OPERATOR) as work:
        attendance.discard(work, unknown.id, "试刷")

    [found] = cli(*asked, "--json").json["records"]

    assert (found["id"], found["state"]) == (str(unknown.id), "discarded")
    assert str(unknown.id) in cli(*asked).out


def test_a_discarded_record_shows_as_rejected_in_the_answer(
    unknown: Record, terminal: Machine, site: Site
) -> None:
    with begin(site, OPERATOR) as work:
        attendance.discard(work, unknown.id, "试刷")

    [batch] = terminal.memory.batches
    said = terminal.call("GET", f"/device/v1/records/{batch.batch_id}").said

    assert (said["quarantined"], said["rejected"]) == (0, 1)
    assert said["results"][0]["reason"] == "discarded"


def test_a_record_without_a_person_cannot_be_accepted(unknown: Record, site: Site) -> None:
    with pytest.raises(ConflictError) as refused, begin(site, OPERATOR) as work:
        attendance.accept(work, unknown.id, "x")

    assert refused.value.code == "attendance.record.no_person"


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_needed(reason: str, unknown: Record, site: Site) -> None:
    with pytest.raises(InvalidError), begin(site, OPERATOR) as work:
        attendance.discard(work, unknown.id, reason)


def test_a_person_nobody_knows_is_not_attached(unknown: Record, site: Site) -> None:
    with pytest.raises(NotFoundError), begin(site, OPERATOR) as work:
        attendance.attach(work, unknown.id, "000000000", "x")
    assert one_of(site).state is SwipeState.QUARANTINED


def test_an_attached_record_within_a_minute_of_another_is_a_repeat(
    terminal: Machine, site: Site
) -> None:
    terminal.tap(held(HE_MIN), at=at("08:00:00"))
    terminal.tap(Card(card_no=NEW_CARD), at=at("08:00:30"))
    terminal.upload()

    with begin(site, OPERATOR) as work:
        done = attendance.attach(work, listed(site)[1].id, HE_MIN, "新卡")

    assert done.state is SwipeState.DUPLICATE


def test_a_doubtful_card_is_accepted_for_its_person(
    terminal: Machine, site: Site, cli: Cli
) -> None:
    cli("card", "set", HE_MIN, "--state", "lost", "--since", "2013-05-18T07:00:00")
    terminal.tap(Card(card_no=HE_MIN), at=at("08:00:00"))
    terminal.upload()
    assert one_of(site).reason is Hold.REVOKED_CARD

    with begin(site, OPERATOR) as work:
        done = attendance.accept(work, one_of(site).id, "本人持旧卡")

    assert (done.state, done.person_no) == (SwipeState.ACCEPTED, HE_MIN)


def test_an_unsynced_record_is_accepted_at_the_time_that_is_given(
    terminal: Machine, site: Site, cli: Cli
) -> None:
    terminal.tap(held(HE_MIN), at=at("20:00:00", "1970-01-01"))
    terminal.send_batch(terminal.export(with_anchors=False))
    record = one_of(site)
    assert record.reason is Hold.UNSYNCED

    done = cli(
        "attendance", "resolve", record.id, "--accept", "--at", "2013-05-18T08:01:00",
        "--reason", "签到表为证", "--json",
    )  # fmt: skip

    assert (done.json["state"], done.json["at"]) == ("accepted", "2013-05-18T08:01:00+08:00")
    assert done.json["at_dev"] == "1970-01-01T20:00:00+08:00"


def test_a_time_that_waits_is_not_a_person_that_waits(terminal: Machine, site: Site) -> None:
    terminal.tap(held(HE_MIN), at=at("20:00:00", "1970-01-01"))
    terminal.send_batch(terminal.export(with_anchors=False))

    with pytest.raises(ConflictError) as refused, begin(site, OPERATOR) as work:
        attendance.attach(work, one_of(site).id, CAO_JING, "x")

    assert refused.value.code == "attendance.record.person_known"


# ------------------------------------------------------------------ records without a batch


def test_a_record_of_an_unknown_activity_is_claimed_for_a_batch_and_judged(
    terminal: Machine, cli: Cli, site: Site
) -> None:
    terminal.tap(held(HE_MIN), at=at("08:00:00"), activity_id="A-77")
    terminal.tap(Card(card_no=NEW_CARD), at=at("08:05:00"), activity_id="A-77")
    terminal.upload()
    assert listed(site) == ()
    found = cli("attendance", "list", "--device", "MBX-00017", "--json").json["records"]
    assert [one["reason"] for one in found] == ["unknown_activity"] * 2
    refused = cli("attendance", "resolve", found[0]["id"], "--accept", "--reason", "x", "--json")
    assert refused.json["error"]["code"] == "attendance.record.no_activity"

    done = [
        cli(
            "attendance", "resolve", one["id"], "--project", NO, "--batch", 1, "--reason", "换机",
            "--json",
        ).json
        for one in found
    ]  # fmt: skip

    assert [(one["state"], one["reason"]) for one in done] == [
        ("accepted", "unknown_card"), ("quarantined", "unknown_card")
    ]  # fmt: skip
    assert [one.person_no for one in listed(site)] == [HE_MIN, None]


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("list", "--project", NO),
        ("list", "--project", NO, "--batch", 1, "--device", "x"),
        ("resolve", "1-1-1", "--reason", "x"),
        ("resolve", "1-1-1", "--reason", "x", "--accept", "--discard"),
        ("resolve", "1-1-1", "--reason", "x", "--discard", "--at", "2013-05-18T08:00"),
        ("resolve", "1-1", "--reason", "x", "--accept"),
        ("resolve", "1-1-1-1", "--reason", "x", "--accept"),
        ("resolve", "a-b-c", "--reason", "x", "--accept"),
        ("resolve", "9-9-99999999999999999999", "--reason", "x", "--accept"),
        ("resolve", "9-9-9", "--reason", "x", "--accept"),
        ("resolve", "9-9-9", "--accept"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    words: tuple[object, ...], cli: Cli, cast: Cast
) -> None:
    spoken = cli("attendance", *words, "--json")

    assert spoken.code == 2
    assert spoken.json["error"]["message"]
    assert spoken.err


# ------------------------------------------------------------------ scope


def test_another_hospital_sees_and_resolves_nothing(
    unknown: Record, site: Site, cast: Cast
) -> None:
    with pytest.raises(NotFoundError):
        listed(site, cast.stranger)
    for act in (attendance.accept, attendance.discard):
        with pytest.raises(NotFoundError), begin(site, cast.stranger) as work:
            act(work, unknown.id, "x")
    with pytest.raises(NotFoundError), begin(site, cast.stranger) as work:
        attendance.attach(work, unknown.id, STRANGER, "x")
    with begin(site, cast.stranger) as work:
        assert records.unassigned(work, "MBX-00017") == ()
    with pytest.raises(NotFoundError), begin(site, cast.stranger) as work:
        attendance.make_package(work, "MBX-00017", NO, 1)
    with pytest.raises(NotFoundError), begin(site, cast.stranger) as work:
        attendance.revoke(work, "MBX-00017", "x")


def test_who_may_look_may_not_resolve(unknown: Record, site: Site, cast: Cast) -> None:
    assert len(listed(site, cast.auditor)) == 1

    with pytest.raises(ForbiddenError), begin(site, cast.auditor) as work:
        attendance.discard(work, unknown.id, "x")
    reader = cast.self(HE_MIN)
    with pytest.raises(ForbiddenError), begin(site, reader) as work:
        records.records_of(work, NO, 1)


def test_the_host_reads_names_of_guests_and_nothing_more(
    terminal: Machine, site: Site, cast: Cast
) -> None:
    terminal.tap(Card(card_no=ZHENG_HAI), at=at("08:00:00"))
    terminal.upload()

    [record] = listed(site, cast.hospital_admin)

    assert (record.person_no, record.name) == (ZHENG_HAI, "郑海")


def test_records_follow_the_batch_to_its_host(
    make_terminal: MakeTerminal, site: Site, cast: Cast, owner: Engine
) -> None:
    filed(site, OPERATOR, project())
    lent = make_terminal("MBX-00044", "H2")
    package(site, lent)
    lent.tap(Card(card_no=SHAN_XIAO), at=at("08:00:00"))

    [answer] = lent.upload()

    assert answer.said["accepted"] == 1
    assert len(listed(site, cast.hospital_admin)) == 1
    with owner.connect() as connection:
        path = connection.execute(text("select path from swipe")).scalar_one()
        device = connection.execute(text("select path from upload")).scalar_one()
    assert path == cast.unit("H1").place.path
    assert device == cast.unit("H2").place.path


def test_a_record_is_named_by_machine_epoch_and_number(unknown: Record) -> None:
    assert SwipeId.parse(str(unknown.id)) == unknown.id
    assert (unknown.id.epoch, unknown.id.seq) == (1, 1)
