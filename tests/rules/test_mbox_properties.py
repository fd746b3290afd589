"""What holds for any record batch, and for any bytes at all."""

from __future__ import annotations

import json
from dataclasses import astuple, replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from device.mbox import codec
from device.mbox.lines import FaultyLineError, members_of, record_of
from device.mbox.plain import Times, plain_chunk
from device.mbox.terms import (
    EARLIEST_MS,
    INT64_MAX,
    LATEST_MS,
    NO_HASH,
    Anchor,
    Cause,
    Direction,
    Fault,
    Header,
    Record,
    Result,
    Source,
)
from device.mbox.writing import batch, record_line
from tests.support.batches import KEY, cut, file_of, good, header, read, records

PLACES = st.integers(0, 2**40)
# A surrogate is no character, and a control character is no text of ours.
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=64)
MOMENTS = st.integers(EARLIEST_MS, LATEST_MS - 1)
RECORDS = st.builds(
    Record,
    seq=st.just(0),
    activity_id=TEXTS,
    person_no=st.none() | TEXTS,
    card_no=st.none() | TEXTS,
    uid_h=st.none() | st.binary(min_size=16, max_size=16),
    at_ms=MOMENTS,
    boot=TEXTS,
    mono_ms=st.integers(0, INT64_MAX),
    dir=st.sampled_from(Direction),
    src=st.sampled_from(Source),
    res=st.sampled_from(Result),
)
ANCHORS = st.builds(
    Anchor,
    boot=TEXTS,
    mono_ms=st.integers(0, INT64_MAX),
    server_ms=MOMENTS,
    rtt_ms=st.integers(0, 60_000),
)
HEADERS = st.builds(
    Header,
    device_sn=TEXTS,
    fw=TEXTS,
    key_id=TEXTS,
    batch_id=st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26),
    package_id=st.none() | st.just("01HW0000000000000000000001"),
    epoch=st.integers(0, 2**31 - 1),
    first_seq=st.integers(2, 2**62),
    last_seq=st.just(0),
    exported_at_ms=MOMENTS,
    anchors=st.lists(ANCHORS, max_size=5).map(tuple),
    prev_hash=st.binary(min_size=32, max_size=32),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(HEADERS, st.lists(RECORDS, max_size=8))
def test_what_is_written_is_what_is_read(first: Header, swipes: list[Record]) -> None:
    swipes = [replace(swipe, seq=first.first_seq + n) for n, swipe in enumerate(swipes)]
    first = replace(first, last_seq=first.first_seq + len(swipes) - 1)

    rows, outcome = read(batch(first, swipes, KEY))

    assert outcome.fault is None
    assert outcome.header == first
    assert [row[:-1] for row in rows] == [astuple(swipe) for swipe in swipes]
    assert outcome.last_hash == (rows[-1][-1] if rows else first.prev_hash)


def test_no_bit_of_a_file_can_be_flipped_unseen() -> None:
    data = good()
    for place in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit

            _, outcome = read(bytes(flipped))

            assert outcome.fault is not None, (place, bit)
            assert outcome.records in {2, 3, 4}


@given(PLACES, st.integers(0, 255), st.sampled_from(["put", "drop", "add"]))
def test_no_byte_of_a_file_can_be_changed_unseen(place: int, byte: int, how: str) -> None:
    data = good(2000)
    place %= len(data)
    put = b"" if how == "drop" else bytes([byte])
    changed = data[:place] + put + data[place + (how != "add") :]

    _, outcome = read(changed)

    assert (outcome.fault is None) == (changed == data)


def test_a_file_cut_at_any_byte_is_malformed() -> None:
    data = good()
    for length in range(len(data)):
        _, outcome = read(data[:length])

        assert outcome.fault is Fault.MALFORMED, length
        assert outcome.records == data[:length].count(b'{"t":"R"')


@given(st.integers(1, 3000), st.integers(1, 3000), PLACES, st.integers(0, 255))
def test_however_a_file_is_split_into_blocks_it_reads_the_same(
    worked_on: int, given_in: int, place: int, byte: int
) -> None:
    data = bytearray(good(40))
    data[place % len(data)] = byte
    whole = bytes(data)
    rows, outcome = read(whole)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "_BLOCK", worked_on)
        split_rows, split_outcome = read(
            whole[start : start + given_in] for start in range(0, len(whole), given_in)
        )

    assert split_outcome == outcome
    assert outcome.fault or split_rows == rows


@pytest.mark.parametrize("fault", [None, b'"mono_ms":2500000', b'"count":3000'])
def test_a_large_file_reads_the_same_whole_in_bytes_and_in_odd_blocks(fault: bytes | None) -> None:
    data = good(3000)
    if fault:
        data = data.replace(fault, fault + b"1")

    results = [
        read([data]),
        read(data[n : n + 1] for n in range(len(data))),
        read(data[n : n + 70_001] for n in range(0, len(data), 70_001)),
    ]

    assert results[0][1].records == 3000
    assert {result[1] for result in results} == {results[0][1]}
    assert fault or all(result[0] == results[0][0] for result in results)


@given(st.dictionaries(st.sampled_from(sorted(json.loads(cut() + b"}"))), JSON, max_size=2))
@example({"person_no": "\x85"})
@example({"at_dev": "2013-05-18T25:00:00+08:00"})
@example({"mono_ms": 2**63})
def test_what_is_read_at_one_go_is_what_the_rules_allow(changes: dict[str, Any]) -> None:
    text = cut()
    members = json.loads(text + b"}") | changes
    line = json.dumps(members, separators=(",", ":"), ensure_ascii=False)
    whole = line.encode("utf-8", "surrogatepass")[:-1] + b',"h":"' + b"0f" * 32 + b'"}'
    try:
        ruled = record_of(whole, members_of(whole))
    except FaultyLineError:
        ruled = None

    first_seq = members["seq"] if type(members["seq"]) is int else 1

    try:
        (plain,) = plain_chunk(whole + b"\n", 1, max(1, first_seq), Times()).rows()
    except ValueError:
        plain = None

    assert plain is None or plain == ruled
    if ruled and not changes:
        assert plain == ruled


@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_blanks_change_nothing_but_the_hash(swipes: list[Record]) -> None:
    swipes = [replace(swipe, seq=n + 1) for n, swipe in enumerate(swipes)]
    tight = [record_line(swipe, NO_HASH)[0][:-73] for swipe in swipes]
    loose = [line.replace(b'{"t":"R",', b'{ "t" : "R" , ') for line in tight]

    tight_rows, outcome = read(file_of(lines=tight))
    loose_rows, loose_outcome = read(file_of(lines=loose))

    assert outcome.fault is loose_outcome.fault is None
    assert [row[:-1] for row in tight_rows] == [row[:-1] for row in loose_rows]


NAMES = st.sampled_from(["a", "b", "h", '"', "\\", "é", "}", "a\\u0061", ""])


def objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Objects as JSON text, with names that may stand twice."""
    pair = st.tuples(NAMES.map(json.dumps), inner).map(" : ".join)
    return st.lists(pair, max_size=3).map(lambda pairs: "{" + " , ".join(pairs) + "}")


VALUES = st.recursive(
    st.sampled_from(["1", '"x"', '"{\\"a\\":1}"', "null", '"\\\\"']),
    lambda inner: objects(inner) | st.lists(inner, max_size=3).map(lambda v: f"[{','.join(v)}]"),
    max_leaves=8,
)


@given(objects(VALUES))
@example('{"a" : 1 , "\\u0061" : 2}')
@example('{"x" : {"a" : [{"a" : {}, "b" : {"a" : 1}}], "a" : 1}}')
def test_a_name_stands_twice_exactly_when_a_parser_that_looks_says_so(text: str) -> None:
    twice = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        twice.append(len({name for name, _ in pairs}) < len(pairs))

    json.loads(text, object_pairs_hook=look)

    try:
        members_of(text.encode())
        found = False
    except FaultyLineError as why:
        found = why.cause is Cause.TWICE

    assert found is any(twice)


LINES = st.one_of(
    st.binary(max_size=60).map(lambda some: some.replace(b"\n", b"")),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(good(4).splitlines()),
    st.dictionaries(st.sampled_from(["t", "seq", "h", "count", "anchors"]), JSON).map(
        lambda members: json.dumps({"t": "R"} | members).encode()
    ),
)


@given(st.lists(LINES, max_size=8), st.sampled_from([b"\n", b""]), st.sampled_from([KEY, None]))
def test_any_lines_end_in_an_outcome(lines: list[bytes], end: bytes, key: bytes | None) -> None:
    data = b"\n".join(lines) + end

    _, outcome = read(data, key)

    assert outcome.size == len(data)
    assert outcome.records <= len(lines)
    assert outcome.fault is not None or lines == good(4).splitlines()


@given(st.binary(max_size=2000))
def test_any_bytes_are_malformed(data: bytes) -> None:
    _, outcome = read(data)

    assert outcome.fault is Fault.MALFORMED


@given(st.lists(st.tuples(PLACES, st.integers(0, 255)), min_size=1, max_size=30))
def test_a_good_file_with_any_bytes_thrown_in_never_raises(throws: list[tuple[int, int]]) -> None:
    data = bytearray(good(20))
    before = bytes(data)
    for place, byte in throws:
        data[place % len(data)] = byte

    _, outcome = read(bytes(data))

    assert (outcome.fault is None) == (bytes(data) == before)


@given(st.integers(1, 30), st.integers(0, 29))
def test_any_parts_of_a_life_read_as_the_whole(count: int, middle: int) -> None:
    middle %= count + 1
    whole, _ = read(good(count))
    swipes = records(count)
    start = batch(header(middle), swipes[:middle], KEY)
    last_hash = read(start)[1].last_hash

    rows, outcome = read(
        batch(
            header(count - middle, first_seq=middle + 1, prev_hash=last_hash), swipes[middle:], KEY
        )
    )

    assert outcome.fault is None
    assert read(start)[0] + rows == whole
