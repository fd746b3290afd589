"""Files that came to harm: cut, flipped, foreign, endless; in as a whole or not at all."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from device.mbox.codec import peek
from device.mbox.machine import Batch, Card, Machine, Response, tricks
from tests.support.cast import CAO_JING, HE_MIN, SHAN_XIAO
from tests.support.terminal import at, held

Count = Callable[..., int]

# Each example is a whole request with its transactions; the codec itself is fuzzed far more.
THOROUGH = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def batch(terminal: Machine) -> Batch:
    """Four records of known cards, exported and not sent."""
    for place, no in enumerate((HE_MIN, CAO_JING, SHAN_XIAO, HE_MIN)):
        terminal.tap(held(no), at=at(f"08:0{place}:00"))
    return terminal.export()


def posted(machine: Machine, data: bytes, key: str) -> Response:
    return machine.call("POST", "/device/v1/records", data, extra={"Idempotency-Key": key})


def nothing_of_it(count: Count) -> bool:
    return count("swipe") == count("quarantine") == 0


@THOROUGH
@given(place=st.integers(0, 10_000))
@example(place=0)
def test_a_file_cut_anywhere_leaves_no_record(
    place: int, terminal: Machine, batch: Batch, count: Count
) -> None:
    part = tricks.cut(batch.data, place % len(batch.data))

    answer = posted(terminal, part, batch.batch_id)

    said = answer.said
    assert answer.status == 200
    assert (said["accepted"], said["duplicate"], said["quarantined"]) == (0, 0, 0)
    assert 1 <= said["rejected"] <= 4
    [result] = said["results"]
    assert (result["status"], result["reason"]) == ("rejected", "malformed")
    assert result["message"]
    assert nothing_of_it(count)


@THOROUGH
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_leaves_no_record(
    place: int, bit: int, terminal: Machine, batch: Batch, count: Count
) -> None:
    data = tricks.flipped(batch.data, place % len(batch.data), bit)

    answer = posted(terminal, data, batch.batch_id)

    header = peek(data)
    if header is not None and header.batch_id != batch.batch_id:
        assert answer.status == 400
    else:
        assert answer.status == 200
        assert answer.said["rejected"] >= 1
        assert answer.said["results"][0]["reason"] in {
            "malformed", "wrong_device", "hash_broken", "bad_signature"
        }  # fmt: skip
    assert nothing_of_it(count)


def test_after_all_that_the_whole_file_still_comes_in(
    terminal: Machine, batch: Batch, count: Count
) -> None:
    harmed = [
        tricks.with_crlf(batch.data),
        tricks.with_mark(batch.data),
        tricks.without_line(batch.data, 3),
        tricks.swapped(batch.data, 2),
        batch.data + b"\n",
        batch.data[:-1],
        batch.data.replace(b"ok", "好".encode("gbk"), 1),
        b"",
        b"\n",
        b"{}\n",
    ]

    for data in harmed:
        answer = posted(terminal, data, batch.batch_id)
        assert (answer.status, answer.said["accepted"]) == (200, 0)
        assert answer.said["rejected"] >= 1
    assert nothing_of_it(count)

    assert terminal.send_batch(batch).said["accepted"] == 4
    assert count("upload") == len(harmed) + 1


def test_a_file_signed_by_another_key_is_a_bad_signature(
    terminal: Machine, batch: Batch, count: Count
) -> None:
    forged = terminal.export(first_seq=1, last_seq=4, key=bytes(32))

    answer = posted(terminal, forged.data, forged.batch_id)

    [result] = answer.said["results"]
    assert (answer.said["rejected"], result["reason"]) == (4, "bad_signature")
    assert nothing_of_it(count)


def test_a_broken_chain_between_files_is_rejected_where_it_begins(
    terminal: Machine, batch: Batch, count: Count
) -> None:
    terminal.send_batch(batch)
    terminal.rewind(3)
    terminal.tap(held(CAO_JING), at=at("09:00:00"))
    terminal.tap(held(CAO_JING), at=at("09:10:00"))
    other = terminal.export(first_seq=5, last_seq=5)

    answer = terminal.send_batch(other)

    [result] = answer.said["results"]
    assert (result["reason"], result["seq"], result["line"]) == ("hash_broken", 5, 2)
    assert count("swipe") == 4
    assert answer.said["next_seq"] == 5


def test_faults_are_told_in_their_order(terminal: Machine, batch: Batch) -> None:
    wrong_device = terminal.export(first_seq=1, last_seq=4, device_sn="MBX-1", key=bytes(32))
    unchained = tricks.flipped(wrong_device.data, wrong_device.data.index(b'"seq":2') + 40)
    cut = wrong_device.data[:-1]

    def reason(data: bytes) -> str:
        header = peek(data)
        key = header.batch_id if header else wrong_device.batch_id
        return str(posted(terminal, data, key).said["results"][0]["reason"])

    assert reason(cut) == "malformed"
    assert reason(wrong_device.data) == "wrong_device"
    assert reason(unchained) in {"wrong_device", "malformed"}
    ours = terminal.export(first_seq=1, last_seq=4, key=bytes(32))
    place = ours.data.index(b'"seq":2') + len(b'"seq":2,"activity_id":"B')
    assert reason(tricks.flipped(ours.data, place)) == "hash_broken"


def test_an_endless_line_is_one_faulty_record(terminal: Machine, count: Count) -> None:
    line = b"".join(tricks.one_long_line(100 * 2**20))

    answer = terminal.call(
        "POST", "/device/v1/records", gzip.compress(line, 1),
        extra={"Idempotency-Key": "0" * 26, "Content-Encoding": "gzip"},
    )  # fmt: skip

    assert (answer.status, answer.said["rejected"]) == (200, 1)
    assert answer.said["results"][0]["reason"] == "malformed"
    assert nothing_of_it(count)


@THOROUGH
@given(data=st.binary(max_size=2_000))
def test_any_bytes_have_an_answer(data: bytes, terminal: Machine, count: Count) -> None:
    answer = posted(terminal, data, "01HX0000000000000000000000")

    assert (answer.status, answer.said["accepted"]) == (200, 0)
    assert nothing_of_it(count)


def test_what_a_bad_file_stored_before_its_fault_showed_is_taken_back(
    terminal: Machine, count: Count
) -> None:
    for place in range(60):
        terminal.tap(Card(uid=place.to_bytes(4, "big")), at=at(f"08:{place:02}:00"))
    good = terminal.export()
    bad = good.data[:-3]

    answer = posted(terminal, bad, good.batch_id)

    assert (answer.said["rejected"], answer.said["results"][0]["line"]) == (60, 62)
    assert nothing_of_it(count)
    assert count("upload_part") == 1
