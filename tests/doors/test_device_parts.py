"""Files that belong together: parts in any order, missing parts, forks, repeats at one instant."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from app.attendance import commands as attendance
from app.attendance.steps import intake
from app.attendance.terms import DeviceKind
from app.base import outbox
from app.base.database import Base
from app.base.site import Site
from app.base.work import begin
from device.mbox.codec import peek
from device.mbox.machine import Batch, Card, Machine, Memory, Response
from tests.support.cast import CAO_JING, HE_MIN, OPERATOR, SHAN_XIAO, Spoken
from tests.support.terminal import at, held

Cli = Callable[..., Spoken]
Row = tuple[Any, ...]


@pytest.fixture
def swipes(owner: Engine) -> Callable[[], list[Row]]:
    """All swipes as stored, but for the upload that brought them."""

    def ask() -> list[Row]:
        asked = text(
            "select epoch, seq, person_id, batch_id, at_dev, at, h, state, hold, direction, path "
            "from swipe order by device_id, epoch, seq"
        )
        with owner.connect() as connection:
            return [tuple(row) for row in connection.execute(asked)]

    return ask


Swipes = Callable[[], list[Row]]


def tapped(machine: Machine, count: int) -> None:
    """So many taps of three people, half a minute apart, some of them repeats and unknown."""
    for place in range(count):
        cards = (held(HE_MIN), held(HE_MIN), held(CAO_JING), Card(uid=b"\x01\x02\x03\x04"))
        machine.tap(cards[place % 4], at=at("08:00:00") + timedelta(seconds=20 * place))


def parts(machine: Machine, *ends: int) -> list[Batch]:
    """Its records in files that end at these numbers."""
    return [
        machine.export(first_seq=first + 1, last_seq=last) for first, last in pairwise((0, *ends))
    ]


def sent(machine: Machine, batches: Iterable[Batch]) -> list[Response]:
    return [machine.send_batch(batch) for batch in batches]


def sums(answer: Response) -> tuple[int, int, int, int]:
    said = answer.said
    assert answer.status == 200, said
    return said["accepted"], said["duplicate"], said["quarantined"], said["rejected"]


def emptied(owner: Engine) -> None:
    """Forget all that was uploaded."""
    with owner.begin() as connection:
        for table in ("swipe", "quarantine", "upload_part", "upload", "outbox_message"):
            connection.execute(Base.metadata.tables[table].delete())


def test_a_part_whose_predecessor_is_missing_waits_and_is_judged_when_it_comes(
    terminal: Machine, swipes: Swipes
) -> None:
    tapped(terminal, 12)
    first, second, third = parts(terminal, 4, 8, 12)
    sent(terminal, [first])

    early = terminal.send_batch(third)

    assert sums(early) == (0, 0, 4, 0)
    assert {one["reason"] for one in early.said["results"]} == {"seq_gap"}
    assert early.said["next_seq"] == 5
    named = {row[2] for row in swipes() if row[8] == "seq_gap"}
    assert len(named) == 3  # two people and nobody

    late = terminal.send_batch(second)

    assert late.said["next_seq"] == 13
    assert all(row[8] != "seq_gap" for row in swipes())
    again = terminal.send_batch(third)
    assert sums(again)[2] == 1  # the unknown card alone
    assert again.said["next_seq"] == 13


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_parts_in_any_order_end_as_in_order(
    data: st.DataObject, terminal: Machine, swipes: Swipes, owner: Engine
) -> None:
    if not terminal.last_seq:
        tapped(terminal, 40)
    cuts = data.draw(st.sets(st.integers(1, 39), min_size=0, max_size=4), label="cuts")
    batches = parts(terminal, *sorted(cuts), 40)
    emptied(owner)
    sent(terminal, batches)
    in_order = swipes()
    emptied(owner)
    order = data.draw(st.permutations(batches), label="order")
    order += data.draw(st.lists(st.sampled_from(batches), max_size=3), label="sent again")

    answers = sent(terminal, order)

    assert swipes() == in_order
    assert len(in_order) == 40
    assert answers[-1].said["next_seq"] == 41
    total = [sum(sums(answer)) for answer in answers]
    sizes = [header.last_seq - header.first_seq + 1 for header in map(_header, order)]
    assert total == sizes


def _header(batch: Batch) -> Any:
    return peek(batch.data)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_parts_that_overlap_store_every_record_once(
    data: st.DataObject, terminal: Machine, swipes: Swipes, owner: Engine
) -> None:
    if not terminal.last_seq:
        tapped(terminal, 24)
    emptied(owner)
    sent(terminal, parts(terminal, 24))
    whole = swipes()
    emptied(owner)
    spans = data.draw(
        st.lists(st.tuples(st.integers(1, 24), st.integers(1, 24)), max_size=5), label="spans"
    )
    spans = [(min(span), max(span)) for span in spans]
    batches = [terminal.export(first_seq=first, last_seq=last) for first, last in spans]
    batches += parts(terminal, 12, 24)

    sent(terminal, data.draw(st.permutations(batches), label="order"))

    assert [(row[1], row[6]) for row in swipes()] == [(row[1], row[6]) for row in whole]
    assert all(row[8] != "seq_gap" for row in swipes())


def test_a_waiting_part_that_does_not_join_is_rejected_when_the_missing_one_comes(
    terminal: Machine, swipes: Swipes, count: Callable[..., int]
) -> None:
    tapped(terminal, 4)
    [first] = parts(terminal, 4)
    terminal.tap(held(SHAN_XIAO), at=at("09:00:00"))
    terminal.tap(held(SHAN_XIAO), at=at("09:05:00"))
    stray = terminal.export(first_seq=6, last_seq=6)
    terminal.rewind(4)
    terminal.tap(held(CAO_JING), at=at("09:00:00"))
    fifth = terminal.export(first_seq=5, last_seq=5)
    sent(terminal, [first])
    assert sums(terminal.send_batch(stray)) == (0, 0, 1, 0)

    sent(terminal, [fifth])

    fate = terminal.call("GET", f"/device/v1/records/{stray.batch_id}")
    assert sums(fate) == (0, 0, 0, 1)
    [result] = fate.said["results"]
    assert (result["seq"], result["reason"]) == (6, "hash_broken")
    assert [row[1] for row in swipes()] == [1, 2, 3, 4, 5]
    assert count("quarantine", "seq = 6") == 0


def test_a_fork_is_rejected_alarmed_and_overwrites_nothing(
    terminal: Machine, swipes: Swipes, count: Callable[..., int]
) -> None:
    tapped(terminal, 6)
    sent(terminal, parts(terminal, 6))
    before = swipes()
    terminal.rewind(3)
    terminal.tap(held(SHAN_XIAO), at=at("08:30:00"))
    terminal.tap(held(SHAN_XIAO), at=at("08:40:00"))

    whole = terminal.send_batch(terminal.export(first_seq=1, last_seq=5))
    tail = terminal.send_batch(terminal.export(first_seq=5, last_seq=5))

    assert sums(whole) == (0, 0, 0, 5)
    assert (whole.said["results"][0]["seq"], whole.said["results"][0]["line"]) == (4, 5)
    assert (tail.said["results"][0]["seq"], tail.said["results"][0]["reason"]) == (5, "hash_broken")
    assert whole.said["results"][0]["reason"] == "hash_broken"
    assert swipes() == before
    assert count("audit_entry", "change ->> 'alarm' = 'fork'") == 2


def test_the_same_records_in_another_file_are_duplicates(terminal: Machine) -> None:
    tapped(terminal, 4)
    first, whole = terminal.export(last_seq=2), terminal.export(first_seq=1, last_seq=4)
    sent(terminal, [first])

    answer = terminal.send_batch(whole)

    assert answer.said["accepted"] + answer.said["quarantined"] == 2
    assert [(one["seq"], one["status"], one["reason"]) for one in answer.said["results"]][:2] == [
        (1, "duplicate", "same_key"),
        (2, "duplicate", "same_key"),
    ]


def test_a_first_part_that_starts_from_nothing_has_no_hash_before_it(terminal: Machine) -> None:
    tapped(terminal, 2)
    terminal.clear()
    terminal.tap(held(HE_MIN), at=at("09:00:00"))

    answer = terminal.send_batch(terminal.export())

    assert sums(answer) == (1, 0, 0, 0)
    assert answer.said["next_seq"] == 2


# ------------------------------------------------------------------ gaps that stay


def test_a_gap_that_will_never_be_filled_is_accepted_with_all_that_follows(
    terminal: Machine, cli: Cli, swipes: Swipes
) -> None:
    tapped(terminal, 12)
    _, second, third = parts(terminal, 4, 8, 12)
    sent(terminal, [third, second])
    device = terminal_id(swipes, cli)

    spoken = cli(
        "attendance", "resolve", f"{device}-1-6", "--accept", "--reason", "机器损坏", "--json"
    )

    assert spoken.code == 0, spoken.out
    assert spoken.json["state"] in {"accepted", "duplicate"}
    assert all(row[8] != "seq_gap" for row in swipes())
    assert sums(terminal.send_batch(third)) != (0, 0, 4, 0)
    assert terminal.send_batch(third).said["next_seq"] == 1


def terminal_id(swipes: Swipes, cli: Cli) -> int:
    listed = cli(
        "attendance", "list", "--project", "2013-03-01-007(国)", "--batch", 1, "--json"
    ).json
    return int(listed["records"][0]["id"].split("-")[0])


def test_a_record_discarded_behind_a_gap_stays_discarded_when_the_gap_is_filled(
    terminal: Machine, cli: Cli, swipes: Swipes
) -> None:
    tapped(terminal, 8)
    first, second = parts(terminal, 4, 8)
    sent(terminal, [second])
    device = terminal_id(swipes, cli)
    person = cli(
        "attendance", "resolve", f"{device}-1-5", "--person", HE_MIN, "--reason", "x", "--json"
    )
    assert (person.code, person.json["error"]["code"]) == (2, "attendance.record.gap_open")
    assert cli("attendance", "resolve", f"{device}-1-5", "--discard", "--reason", "试刷").code == 0

    sent(terminal, [first])

    assert [row[7] for row in swipes()].count("discarded") == 1
    again = terminal.send_batch(second)
    assert again.said["results"][0] | {"message": ""} == {
        "seq": 5, "status": "rejected", "reason": "discarded", "line": None, "message": ""
    }  # fmt: skip
    assert sum(sums(again)) == 4


# ------------------------------------------------------------------ at one instant


def test_the_same_file_at_one_instant_is_taken_in_once(
    terminal: Machine, site: Site, count: Callable[..., int]
) -> None:
    for round_no in range(20):
        terminal.tap(held(HE_MIN), at=at("08:00:00") + timedelta(minutes=2 * round_no))
        batch = terminal.export()

        answers = at_once(partial(twin(terminal, site).send_batch, batch), 2)

        assert [answer.status for answer in answers] == [200, 200]
        assert answers[0].said == answers[1].said
        assert sums(answers[0]) == (1, 0, 0, 0)
    assert count("upload") == count("swipe") == 20


def test_parts_at_one_instant_all_come_in(
    terminal: Machine, site: Site, swipes: Swipes, owner: Engine
) -> None:
    tapped(terminal, 20)
    batches = parts(terminal, 5, 10, 15, 20)
    sent(terminal, batches)
    in_order = swipes()

    for _ in range(5):
        emptied(owner)
        left = list(batches)
        lock = threading.Lock()

        def send(left: list[Batch] = left, lock: threading.Lock = lock) -> Response:
            with lock:
                batch = left.pop()
            return twin(terminal, site).send_batch(batch)

        answers = at_once(send, len(batches))

        assert {answer.status for answer in answers} == {200}
        assert swipes() == in_order


def twin(machine: Machine, site: Site) -> Machine:
    """The same machine once more, for a thread of its own."""
    memory = Memory(device_sn=machine.memory.device_sn, key_id="k1", key=machine.memory.key)
    memory.server_ahead_ms = machine.memory.server_ahead_ms
    copy = Machine(memory, clock=machine.clock)
    copy.send = machine.send
    return copy


def at_once(act: Callable[[], Response], times: int) -> list[Response]:
    """Do it in so many threads that start together."""
    barrier, answers = threading.Barrier(times), list[Response]()

    def run() -> None:
        barrier.wait()
        answers.append(act())

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == times
    return answers


# ------------------------------------------------------------------ files for the queue


@pytest.fixture
def all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is large enough to be queued."""
    monkeypatch.setattr(intake, "SMALL", 10)


def delivered(site: Site, owner: Engine) -> list[bool]:
    """Do what waits in the outbox, as a worker would."""
    with owner.connect() as connection:
        ids = connection.execute(
            text(
                "select id from outbox_message where done_at is null "
                "and topic = 'attendance.intake' order by id"
            )
        ).scalars()
        return [outbox.deliver(site, one) for one in ids]


def test_a_large_file_is_queued_and_its_state_can_be_asked_for(
    terminal: Machine, all_large: None, site: Site, owner: Engine
) -> None:
    tapped(terminal, 4)
    batch = terminal.export()

    first, again = terminal.send_batch(batch), terminal.send_batch(batch)

    assert [first.status, again.status] == [202, 202]
    assert (first.said["state"], first.said["accepted"], first.said["next_seq"]) == ("queued", 0, 1)
    url = first.said["status_url"]
    assert terminal.call("GET", url).said["state"] == "queued"
    assert delivered(site, owner) == [True]
    done = terminal.call("GET", url)
    assert (done.status, done.said["state"], done.said["next_seq"]) == (200, "done", 5)
    assert sums(terminal.send_batch(batch)) == sums(done)
    assert delivered(site, owner) == []


def test_queued_parts_in_any_order_end_as_in_order(
    terminal: Machine, all_large: None, site: Site, owner: Engine, swipes: Swipes
) -> None:
    tapped(terminal, 12)
    batches = parts(terminal, 3, 6, 9, 12)
    sent_and_done(terminal, batches, site, owner)
    in_order = swipes()
    emptied(owner)

    sent_and_done(terminal, reversed(batches), site, owner)

    assert swipes() == in_order


def sent_and_done(machine: Machine, batches: Iterable[Batch], site: Site, owner: Engine) -> None:
    for batch in batches:
        assert machine.send_batch(batch).status == 202
        while delivered(site, owner):
            pass


def test_two_queued_files_of_one_batch_id_end_as_one_and_a_409(
    terminal: Machine, all_large: None, site: Site, owner: Engine, count: Callable[..., int]
) -> None:
    tapped(terminal, 4)
    first = terminal.export(last_seq=2)
    second = terminal.export(first_seq=3, batch_id=first.batch_id)
    urls = [terminal.send_batch(batch).said["status_url"] for batch in (first, second)]

    delivered(site, owner)

    assert [terminal.call("GET", url).status for url in urls] == [200, 409]
    assert terminal.send_batch(second).status == 409
    assert count("swipe") == 2


def test_a_file_whose_machine_was_revoked_meanwhile_is_still_taken_in(
    terminal: Machine, all_large: None, site: Site, owner: Engine, count: Callable[..., int]
) -> None:
    tapped(terminal, 2)
    terminal.send_batch(terminal.export())
    with begin(site, OPERATOR) as work:
        attendance.revoke(work, terminal.memory.device_sn, "换新机")

    delivered(site, owner)

    assert count("swipe", "state = 'accepted'") == 1


def test_a_part_that_waited_is_not_proven_by_a_later_key(
    terminal: Machine, site: Site, swipes: Swipes
) -> None:
    tapped(terminal, 4)
    first, second = parts(terminal, 2, 4)
    sent(terminal, [second])
    with begin(site, OPERATOR) as work:
        code = attendance.register(work, "MBX-00017", "H1", DeviceKind.MBOX).enrol_code
    assert code is not None
    terminal.enrol(code.reveal())
    again = terminal.export(first_seq=1, last_seq=2)

    sent(terminal, [again])

    assert all(row[8] != "seq_gap" for row in swipes())
    assert len(swipes()) == 4
    assert first.data != again.data
