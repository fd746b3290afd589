"""The account of tests/faults sees what it is there to see: whatever is spoilt by hand is named."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, text

from app.awards import commands as awards
from app.awards.terms import Options
from app.base import outbox
from app.base.site import Site
from app.base.work import begin
from app.kernel.span import in_ms
from device.mbox.machine import Card, Machine, Memory
from device.mbox.machine.wire import Send
from tests.faults import proof
from tests.faults.crowd import Crowd, Training, equipped, gathered
from tests.support.cast import OPERATOR

_LAST_RECORD = "seq = 10"
_LAST_UPLOAD = "id = (select max(id) from upload)"
_LAST_RUN = "(select max(id) from award_run)"
_COPIED = """create temp table copied on commit drop as
  select * from credit_entry where reverses is null order by id limit 1;
  update copied set id = (select max(id) + 1 from credit_entry)"""
_PASTED = "insert into credit_entry select * from copied"

# What is done to the database by its owner, and what the account then says of it.
SPOILT = {
    "a record is gone": (
        f"delete from swipe where {_LAST_RECORD}",
        "lost: record ('MBX-1', 1, 10)",
    ),
    "a file is gone": (
        f"delete from upload where {_LAST_UPLOAD}",
        "lost: file",
    ),
    "a person's credit is gone": (
        f"""delete from credit_entry where run_id = {_LAST_RUN}
              and person_id = (select id from person where person_no = '991000002')""",
        "lost: 2013-03-01-001(国): 991000002 has no credit",
    ),
    "a record is there again": (
        f"""create temp table copied on commit drop as select * from swipe where {_LAST_RECORD};
            update copied set seq = seq + 1;
            insert into swipe select * from copied""",
        "doubled: record ('MBX-1', 1, 11), tapped by nobody",
    ),
    "credit is there again": (
        f"{_COPIED}, run_id = run_id + 1000; {_PASTED}",
        "doubled: credit twice",
    ),
    "credit for who did not come": (
        f"""{_COPIED}, person_id = (select id from person where person_no = '991000000');
            {_PASTED}""",
        "doubled: 2013-03-01-001(国): 991000000 has credit",
    ),
    "a reversal undoes half": (
        "update credit_entry set net = net / 2 where reverses is not null",
        "torn: a reversal that does not undo its entry",
    ),
    "a hash is another": (
        f"update swipe set h = sha256('other') where {_LAST_RECORD}",
        "torn: record ('MBX-1', 1, 10) with another hash",
    ),
    "a file's bytes are another's": (
        f"""update upload_part set body =
              (select body from upload_part order by upload_id limit 1)
            where upload_{_LAST_UPLOAD}""",
        "torn: the stored bytes of upload",
    ),
    "a file is half in": (
        f"update upload set record_count = record_count - 1 where {_LAST_UPLOAD}",
        "torn: half an upload",
    ),
    "a record waits and nobody knows": (
        f"update swipe set state = 'quarantined' where {_LAST_RECORD}",
        "torn: a record waits without its quarantine, or the other way about",
    ),
    "a verdict is gone": (
        f"delete from award_verdict where not granted and run_id = {_LAST_RUN}",
        "torn: a run and its verdicts",
    ),
    "a run's credit is gone": (
        f"delete from credit_entry where run_id = {_LAST_RUN}",
        "torn: a verdict in force without its credit",
    ),
    "credit stays of a run that is no more": (
        f"update award_run set state = 'undone' where id = {_LAST_RUN}",
        "torn: credit without a verdict in force",
    ),
    "credit comes from nowhere": (
        "update credit_entry set edition_id = 0 where reverses is null",
        "torn: an entry without its cause",
    ),
    "the trail lacks a run": (
        "delete from audit_entry where action = 'awards.ask'",
        "torn: a run without its trail",
    ),
    "a message is left": (
        "update outbox_message set done_at = null where topic = 'awards.run'",
        "torn: message not done",
    ),
    "a message was refused": (
        "update outbox_message set error = '没有这个批次' where topic = 'awards.run'",
        "torn: message not done",
    ),
    "a year's sum is another": (
        "update person_year set total = total + 1",
        "torn: 2 person-years differ from their entries",
    ),
    "amounts are others": (
        f"update credit_entry set net = net + 1 where run_id = {_LAST_RUN}",
        "torn: 2013-03-01-001(国): 991000001 has 6.00, not 5.0",
    ),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A crowd whose taps came in and were awarded, and what its terminal knows of them."""

    crowd: Crowd
    told: proof.Told


@pytest.fixture
def scene(site: Site, door: Send) -> Scene:
    """Of three people the first leaves both trainings early; one run is undone and asked anew."""
    crowd = gathered(site, people=3, trainings=2)
    machine = Machine(Memory(device_sn="MBX-1"), clock=lambda: in_ms(site.clock()))
    machine.send = door
    equipped(site, machine, crowd)
    for training in crowd.trainings:
        for window, comers in ((training.opens, crowd.people), (training.closes, crowd.people[1:])):
            for card in comers:
                machine.tap(Card(card_no=card), at=window.start, activity_id=training.activity)
        machine.upload()
    undone, _ = [awarded(site, training) for training in crowd.trainings]
    with begin(site, OPERATOR) as work:
        awards.undo(work, undone, "asked for the wrong day")
    awarded(site, crowd.trainings[0])
    return Scene(crowd, proof.told_by([machine]))


def awarded(site: Site, training: Training) -> int:
    """The run, which is done."""
    with begin(site, OPERATOR) as work:
        run_id = awards.ask(work, training.no, 1, Options())
    for message in work.messages:
        outbox.deliver(site, message.id)
    return run_id


def lines_of(site: Site, owner: Engine, crowd: Crowd, told: proof.Told) -> list[str]:
    """All that the account finds."""
    both = proof.account(owner, told), proof.recomputed(site, owner, told, crowd)
    return [
        f"{kind}: {one}"
        for found in both
        for kind, ones in (("lost", found.lost), ("doubled", found.doubled), ("torn", found.torn))
        for one in ones
    ]


def test_what_is_whole_is_found_whole(scene: Scene, site: Site, owner: Engine) -> None:
    assert lines_of(site, owner, scene.crowd, scene.told) == []
    assert len(scene.told.records) == 10


@pytest.mark.parametrize(("statements", "finding"), SPOILT.values(), ids=SPOILT)
def test_what_is_spoilt_is_found(
    scene: Scene, site: Site, owner: Engine, statements: str, finding: str
) -> None:
    with owner.begin() as connection:
        for statement in statements.split(";"):
            done = connection.execute(text(statement))
    assert done.rowcount > 0

    lines = lines_of(site, owner, scene.crowd, scene.told)

    assert any(line.startswith(finding) for line in lines), lines
