"""What the page says of record batches, rule by rule (devices.md 3.6 b)."""

from __future__ import annotations

import hashlib
import hmac
import json
import tracemalloc
from dataclasses import replace

import pytest

from device.mbox.codec import Reading, peek
from device.mbox.terms import MAX_LINE, NO_HASH, Cause, Direction, Fault, Header, Result, Source
from device.mbox.writing import batch, record_line, sealed
from tests.support.batches import (
    HEADER,
    KEY,
    RECORD,
    changed,
    cut,
    cuts,
    file_of,
    good,
    head,
    header,
    read,
    records,
)

PAGE = """\
{"t":"H","format":"mbx-records","version":1,"device_sn":"MBX-00017","fw":"1.4.2","key_id":"k1",\
"batch_id":"01HX0000000000000000000001","package_id":"01HW0000000000000000000001","epoch":3,\
"first_seq":1201,"last_seq":1203,"exported_at_dev":"2013-05-18T18:05:00+08:00",\
"anchors":[{"boot":"5f0c9a1e","mono_ms":120,"server_ms":1368835200000,"rtt_ms":40}],\
"prev_hash":"%s"}
{"t":"R","seq":1201,"activity_id":"A-77","person_no":"162700123","card_no":"0012345678",\
"uid_h":"9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f","at_dev":"2013-05-18T08:02:11+08:00",\
"boot":"5f0c9a1e","mono_ms":551230,"dir":"none","src":"card","res":"ok"
{"t":"R","seq":1202,"activity_id":"A-77","person_no":null,"card_no":null,\
"uid_h":"77777777777777777777777777777777","at_dev":"2013-05-18T08:02:15+08:00",\
"boot":"5f0c9a1e","mono_ms":555410,"dir":"none","src":"card","res":"unknown_card"
{"t":"R","seq":1203,"activity_id":"A-77","person_no":"162700123","card_no":"0012345678",\
"uid_h":"9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f","at_dev":"2013-05-18T17:31:40+08:00",\
"boot":"5f0c9a1e","mono_ms":34719230,"dir":"none","src":"card","res":"ok"
""" % ("ab" * 32)


def page_file() -> bytes:
    """The page's example, its hashes worked out as the page says, apart from our own writer."""
    first, *cut_lines = PAGE.encode().splitlines()
    body, last = first + b"\n", bytes.fromhex("ab" * 32)
    for line in cut_lines:
        last = hashlib.sha256(last + line).digest()
        body += line + b',"h":"' + last.hex().encode() + b'"}\n'
    mac = hmac.new(KEY, body, hashlib.sha256).hexdigest()
    return body + f'{{"t":"T","count":3,"last_hash":"{last.hex()}","hmac":"{mac}"}}\n'.encode()


def test_the_example_of_the_page_is_read_to_the_letter() -> None:
    data = page_file()

    rows, outcome = read(data)

    assert outcome.fault is None
    assert outcome.header == replace(
        HEADER, first_seq=1201, last_seq=1203, prev_hash=bytes.fromhex("ab" * 32)
    )
    one = (1201, "A-77", "162700123", "0012345678", b"\x9f" * 16, 1368835331000, "5f0c9a1e", 551230)
    two = (1202, "A-77", None, None, b"\x77" * 16, 1368835335000, "5f0c9a1e", 555410)
    three = (1203, *one[1:5], 1368869500000, "5f0c9a1e", 34719230)
    assert [row[:-1] for row in rows] == [
        (*one, "none", "card", "ok"),
        (*two, "none", "card", "unknown_card"),
        (*three, "none", "card", "ok"),
    ]
    assert rows[-1][-1] == outcome.last_hash
    assert (outcome.records, outcome.size) == (3, len(data))
    assert outcome.sha256 == hashlib.sha256(data).digest()


def test_the_writer_writes_the_example_of_the_page_to_the_letter() -> None:
    first = replace(HEADER, first_seq=1201, last_seq=1203, prev_hash=bytes.fromhex("ab" * 32))
    one = replace(RECORD, seq=1201, at_ms=1368835331000, mono_ms=551230)
    two = replace(
        one, seq=1202, person_no=None, card_no=None, uid_h=b"\x77" * 16, at_ms=1368835335000
    )
    three = replace(one, seq=1203, at_ms=1368869500000, mono_ms=34719230)

    data = batch(first, [one, replace(two, mono_ms=555410, res=Result.UNKNOWN_CARD), three], KEY)

    assert data == page_file()


def test_a_batch_without_records_is_good() -> None:
    rows, outcome = read(batch(header(0, first_seq=7, prev_hash=b"\x07" * 32), [], KEY))

    assert (rows, outcome.fault, outcome.records) == ([], None, 0)
    assert outcome.last_hash == b"\x07" * 32


@pytest.mark.parametrize(
    "data",
    [
        file_of(head({"weather": "晴"})),
        file_of(head({"weather": {"t": "H", "in": [{"t": 1}, {"t": 2}]}})),
        file_of(lines=[cut({"temperature": 36.6}), *cuts()[1:]]),
        file_of(lines=[cut({"extra": {"seq": 9, "list": [1, {"seq": 2}]}}), *cuts()[1:]]),
        file_of(trailer={"remark": "末行"}),
    ],
    ids=["header", "header nested", "record", "record nested", "trailer"],
)
def test_an_unknown_member_is_not_malformed(data: bytes) -> None:
    rows, outcome = read(data)

    assert outcome.fault is None
    assert [row[0] for row in rows] == [1, 2, 3]


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        (cut({"activity_id": "第一批"}), 1, "第一批"),
        (cut().replace(b'"A-77"', rb'"\u7b2c\"1\""'), 1, '第"1"'),
        (cut().replace(b'"seq":1,', b'"seq" : 1 , '), 0, 1),
        (cut().replace(b'{"t":"R","seq":1,', b'{"seq":1,"t":"R",'), 0, 1),
        (cut({"person_no": None}), 2, None),
        (cut({"card_no": ""}), 3, None),
        (cut({"uid_h": None}), 4, None),
        (cut({"at_dev": "2013-05-18T00:02:11Z"}), 5, 1368835331000),
        (cut({"at_dev": "2013-05-18T08:02:11.25+08:00"}), 5, 1368835331250),
        (cut({"at_dev": "1970-01-01T08:00:00+08:00"}), 5, 0),
        (cut({"at_dev": "2099-12-31T23:59:59+08:00"}), 5, 4102415999000),
        (cut({"mono_ms": 2**63 - 1}), 7, 2**63 - 1),
    ],
)
def test_what_a_record_may_hold(line: bytes, column: int, value: object) -> None:
    rows, outcome = read(file_of(lines=[line, *cuts()[1:]]))

    assert outcome.fault is None
    assert rows[0][column] == value


@pytest.mark.parametrize("word", [*Direction, *Source, *Result])
def test_every_word_of_the_page_is_understood(word: Direction | Source | Result) -> None:
    member = {Direction: "dir", Source: "src", Result: "res"}[type(word)]

    rows, outcome = read(file_of(lines=[cut({member: word.value})]))

    assert outcome.fault is None
    assert word in rows[0]


HEADER_FAULTS = {
    "format": "mbx-activity",
    "version": 2,
    "device_sn": "",
    "fw": 1,
    "key_id": "k" * 65,
    "batch_id": "01hx0000000000000000000001",
    "package_id": "A-1",
    "epoch": 2**31,
    "first_seq": 0,
    "last_seq": -1,
    "exported_at_dev": "2013-05-18T18:05:00",
    "anchors": {},
    "prev_hash": "AB" * 32,
}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *HEADER_FAULTS.items(),
        ("version", True),
        ("version", "1"),
        ("version", 1.0),
        ("batch_id", "01HX000000000000000000000U"),
        ("batch_id", "01HX00000000000000000000001"),
        ("epoch", -1),
        ("epoch", False),
        ("device_sn", None),
        ("device_sn", "MBX\x00"),
        ("last_seq", 3.0),
        ("anchors", [1]),
        ("anchors", None),
        ("prev_hash", "00" * 31),
        ("prev_hash", None),
    ],
)
def test_a_header_of_another_shape_is_malformed(member: str, value: object) -> None:
    rows, outcome = read(file_of(head({member: value})))

    assert (rows, outcome.fault, outcome.cause) == ([], Fault.MALFORMED, Cause.MEMBER)
    assert (outcome.member, outcome.line, outcome.seq) == (member, 1, None)
    assert outcome.records == 3


@pytest.mark.parametrize("member", ["t", *HEADER_FAULTS])
def test_a_header_without_one_of_its_members_is_malformed(member: str) -> None:
    _, outcome = read(file_of(head(without=member)))

    assert (outcome.fault, outcome.member, outcome.line) == (Fault.MALFORMED, member, 1)


@pytest.mark.parametrize(
    "change",
    [{"boot": ""}, {"mono_ms": -1}, {"mono_ms": 1.5}, {"server_ms": "1"}, {"rtt_ms": None}],
)
def test_an_anchor_of_another_shape_is_malformed(change: dict[str, object]) -> None:
    anchor = {"boot": "b", "mono_ms": 0, "server_ms": 0, "rtt_ms": 0}

    _, outcome = read(file_of(head({"anchors": [anchor, anchor | change]})))

    assert (outcome.fault, outcome.member) == (Fault.MALFORMED, next(iter(change)))


RECORD_FAULTS: list[tuple[str, object]] = [
    ("seq", 3),
    ("seq", "2"),
    ("seq", 2.0),
    ("seq", 2**64),
    ("activity_id", ""),
    ("activity_id", None),
    ("activity_id", "A" * 65),
    ("person_no", 162700123),
    ("person_no", "1" * 65),
    ("person_no", "1627\x00123"),
    ("person_no", "1627\n123"),
    ("card_no", "\x7f"),
    ("card_no", "\x85"),
    ("card_no", False),
    ("uid_h", "9F" * 16),
    ("uid_h", "9f" * 15),
    ("uid_h", ""),
    ("uid_h", "9f" * 15 + " 9"),
    ("at_dev", "2013-05-18T08:02:11"),
    ("at_dev", "2013-05-18 08:02:11+08:00"),
    ("at_dev", "2013-02-30T08:02:11+08:00"),
    ("at_dev", "2013-05-18T24:00:00+08:00"),
    ("at_dev", "2013-05-18T08:02:60+08:00"),
    ("at_dev", "2013-W20-6T08:02:11+08:00"),
    ("at_dev", "２０13-05-18T08:02:11+08:00"),
    ("at_dev", "0001-01-01T00:00:00+08:00"),
    ("at_dev", "9999-12-31T23:59:59-08:00"),
    ("at_dev", "2013-05-18T08:02:11+99:00"),
    ("at_dev", 1368835331),
    ("boot", ""),
    ("boot", 5),
    ("mono_ms", -1),
    ("mono_ms", 2**63),
    ("mono_ms", 1e3),
    ("mono_ms", True),
    ("dir", "IN"),
    ("dir", None),
    ("src", "face"),
    ("src", ["card"]),
    ("res", "fine"),
]


@pytest.mark.parametrize(("member", "value"), RECORD_FAULTS)
def test_a_record_of_another_shape_is_malformed(member: str, value: object) -> None:
    one, two, three = cuts()

    rows, outcome = read(file_of(lines=[one, changed(two + b"}", {member: value})[:-1], three]))

    assert (rows, outcome.fault, outcome.member) == ([], Fault.MALFORMED, member)
    assert (outcome.line, outcome.seq, outcome.records) == (3, 2, 3)


@pytest.mark.parametrize("member", sorted(json.loads(cut() + b"}")))
def test_a_record_without_one_of_its_members_is_malformed(member: str) -> None:
    _, outcome = read(file_of(lines=[cut(without=member)]))

    assert (outcome.fault, outcome.member, outcome.seq) == (Fault.MALFORMED, member, 1)


@pytest.mark.parametrize(
    ("change", "cause", "member"),
    [
        ({"count": 2}, Cause.COUNT, "count"),
        ({"count": 3.0}, Cause.MEMBER, "count"),
        ({"count": None}, Cause.MEMBER, "count"),
        ({"last_hash": "0"}, Cause.MEMBER, "last_hash"),
        ({"hmac": "A" * 64}, Cause.MEMBER, "hmac"),
        ({"t": "U"}, Cause.MEMBER, "t"),
        ({"t": None}, Cause.MEMBER, "t"),
    ],
)
def test_a_trailer_of_another_shape_is_malformed(
    change: dict[str, object], cause: Cause, member: str
) -> None:
    _, outcome = read(file_of(trailer=change))

    assert (outcome.fault, outcome.cause, outcome.member) == (Fault.MALFORMED, cause, member)
    assert (outcome.line, outcome.seq, outcome.records) == (5, None, 3)


@pytest.mark.parametrize(
    "data",
    [
        file_of(head()[:-1] + b',"fw":"1.4.2"}'),
        file_of(head().replace(b'"rtt_ms":40', b'"rtt_ms":40,"rtt_ms":40')),
        file_of(lines=[cut() + b',"res":"ok"']),
        file_of(lines=[cut() + rb',"re\u0073":"ok"']),
        file_of(lines=[cut({"x": 1}) + b',"x":1']),
        file_of(lines=[cut() + b',"x":{"a":[{"b":1,"b":2}]}']),
        file_of(lines=[cut() + b',"h":"' + b"0" * 64 + b'"']),
        good().replace(b'{"t":"T"', b'{"t":"T","t":"T"'),
    ],
    ids=["header", "anchor", "record", "escaped", "unknown", "nested", "hash", "trailer"],
)
def test_a_member_named_twice_is_malformed(data: bytes) -> None:
    _, outcome = read(data)

    assert (outcome.fault, outcome.cause) == (Fault.MALFORMED, Cause.TWICE)


def test_the_same_name_in_two_objects_is_not_twice() -> None:
    line = cut() + b',"x":{"a":1,"y":{"a":1}},"z":[{"a":"}\\"{","b":1},{"a":2}],"a":"\\\\"'

    _, outcome = read(file_of(lines=[line]))

    assert outcome.fault is None


UNREADABLE = {
    "byte order mark": b"\xef\xbb\xbf" + good(),
    "GBK": file_of(head({"fw": "固件"}).decode().encode("gb18030")),
    "a broken letter": file_of(lines=[cut().replace(b"A-77", b"A-\xe7")]),
    "half a surrogate": file_of(lines=[cut().replace(b"A-77", rb"\ud800")]),
    "NaN": file_of(lines=[cut() + b',"x":NaN']),
    "Infinity": file_of(lines=[cut() + b',"x":-Infinity']),
    "a blank line": good().replace(b'\n{"t":"T"', b'\n\n{"t":"T"'),
    "CRLF": good().replace(b"\n", b"\r\n"),
    "a list": file_of(b"[" + head() + b"]"),
    "blanks after a line": good().replace(b"}\n", b"} \n"),
    "two objects in a line": file_of(lines=[cut() + b'},{"x":1']),
    "nesting without end": file_of(lines=[cut() + b',"x":' + b"[" * 30000 + b"]" * 30000]),
    "a leading zero": file_of(lines=[cut().replace(b'"seq":1', b'"seq":01')]),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_line_that_is_not_one_json_object_is_malformed(name: str) -> None:
    _, outcome = read(UNREADABLE[name])

    assert (outcome.fault, outcome.cause) == (Fault.MALFORMED, Cause.UNREADABLE)


@pytest.mark.parametrize(
    "swap",
    [
        (b',"h":"', b', "h":"'),
        (b',"h":"', b',"h": "'),
        (b'"}\n{"t":"T"', b'" }\n{"t":"T"'),
        (b'"}\n{"t":"T"', b'","x":1}\n{"t":"T"'),
        (b',"h":"', b',"\\u0068":"'),
    ],
    ids=["blank before", "blank inside", "blank after", "member after", "escaped"],
)
def test_a_record_whose_hash_does_not_end_the_line_is_malformed(swap: tuple[bytes, bytes]) -> None:
    _, outcome = read(good(1).replace(*swap))

    assert (outcome.fault, outcome.cause) == (Fault.MALFORMED, Cause.HASH_PLACE)
    assert (outcome.line, outcome.seq) == (2, 1)


@pytest.mark.parametrize("digits", [b"A" * 64, b"a" * 63, b"g" * 64, b"a" * 65])
def test_a_hash_of_another_shape_is_malformed(digits: bytes) -> None:
    line, _ = record_line(RECORD, NO_HASH)
    line = line[:-67] + digits + b'"}\n'

    _, outcome = read(sealed(header(1), [line], last_hash=NO_HASH, key=KEY))

    assert (outcome.fault, outcome.member) == (Fault.MALFORMED, "h")


def padded(length: int) -> bytes:
    """A good file of one record whose line is so many bytes long, without its LF."""
    line = cut() + b',"x":"'
    return file_of(lines=[line + b"x" * (length - len(line) - 73) + b'"'])


def test_a_line_may_have_64_kib_and_not_a_byte_more() -> None:
    longest, too_long = padded(MAX_LINE), padded(MAX_LINE + 1)
    assert len(longest.splitlines()[1]) == 65536

    assert read(longest)[1].fault is None
    assert read(too_long)[1].cause is Cause.TOO_LONG
    assert read(good()[:-1] + b" " * MAX_LINE + b"\n")[1].cause is Cause.TOO_LONG


@pytest.mark.parametrize("start", [b"", good(1000)[:-200], head() + b"\n"])
def test_a_hundred_megabytes_of_one_line_are_refused_in_little_memory(start: bytes) -> None:
    block = b"x" * 100_000
    tracemalloc.start()

    try:
        _, outcome = read(block if n else start for n in range(1001))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (outcome.fault, outcome.cause) == (Fault.MALFORMED, Cause.TOO_LONG)
    assert outcome.size == len(start) + 100_000_000
    assert peak < 8 * 2**20


@pytest.mark.parametrize(
    ("data", "line", "seq", "records_seen", "cause"),
    [
        (b"", 1, None, 0, Cause.NO_TRAILER),
        (b"\n", 1, None, 0, Cause.UNREADABLE),
        (b"\n" * 600_000, 1, None, 599_998, Cause.UNREADABLE),
        (head(), 1, None, 0, Cause.UNENDED),
        (head() + b"\n", 2, 1, 0, Cause.NO_TRAILER),
        (b"".join(good().splitlines(True)[:-1]), 5, None, 3, Cause.NO_TRAILER),
        (b"".join(good().splitlines(True)[:3]), 4, 3, 2, Cause.NO_TRAILER),
        (b"".join(good().splitlines(True)[:3])[:-1], 3, 2, 2, Cause.UNENDED),
        (good()[:-1], 5, None, 3, Cause.UNENDED),
        (b"".join(good().splitlines(True)[1:]), 1, None, 3, Cause.MEMBER),
        (good() + b"\n", 6, None, 3, Cause.AFTER_TRAILER),
        (good() + good(), 6, None, 7, Cause.AFTER_TRAILER),
        (good() + b"x", 6, None, 3, Cause.UNENDED),
        (good(2).replace(b'"last_seq":2', b'"last_seq":3'), 4, None, 2, Cause.COUNT),
        (good(3).replace(b'"last_seq":3', b'"last_seq":2'), 4, None, 3, Cause.SEQ),
        (good(3).replace(b'"first_seq":1', b'"first_seq":2'), 2, 2, 3, Cause.SEQ),
    ],
)
def test_a_file_in_pieces_is_malformed_and_says_where(
    data: bytes, line: int, seq: int | None, records_seen: int, cause: Cause
) -> None:
    _, outcome = read(data)

    assert (outcome.fault, outcome.cause) == (Fault.MALFORMED, cause)
    assert (outcome.line, outcome.seq, outcome.records) == (line, seq, records_seen)


def without_line(data: bytes, number: int) -> bytes:
    """The file without one of its lines."""
    lines = data.splitlines(keepends=True)
    return b"".join(lines[:number] + lines[number + 1 :])


def test_a_missing_record_and_two_in_the_wrong_order_leave_a_gap_in_the_numbers() -> None:
    first, one, two, three, last = good().splitlines(keepends=True)

    gone = read(without_line(good(), 2))[1]
    swapped = read(first + one + three + two + last)[1]

    assert (gone.cause, gone.line, gone.seq, gone.records) == (Cause.SEQ, 3, 2, 2)
    assert (swapped.cause, swapped.line, swapped.seq, swapped.records) == (Cause.SEQ, 3, 2, 3)


def test_a_changed_record_breaks_the_chain_at_its_place() -> None:
    changed_file = good(5).replace(b'"mono_ms":2000', b'"mono_ms":2001')

    rows, outcome = read(changed_file)

    assert (rows, outcome.fault, outcome.cause) == ([], Fault.HASH_BROKEN, None)
    assert (outcome.line, outcome.seq, outcome.records) == (4, 3, 5)
    assert outcome.last_hash == read(good(2))[0][-1][-1]


def test_a_chain_that_does_not_begin_or_end_where_it_says_is_broken() -> None:
    not_zero = batch(header(3, prev_hash=b"\x01" * 32), records(3), KEY)
    other_start = good().replace(b"0" * 64, b"1" * 64)
    other_end = file_of(trailer={"last_hash": "0" * 64})

    assert (read(not_zero)[1].fault, read(not_zero)[1].line) == (Fault.HASH_BROKEN, 1)
    assert read(other_start)[1].fault is Fault.HASH_BROKEN
    assert (read(other_end)[1].fault, read(other_end)[1].line) == (Fault.HASH_BROKEN, 5)
    assert read(batch(header(0, prev_hash=b"\x01" * 32), [], KEY))[1].fault is Fault.HASH_BROKEN


def test_a_later_part_of_an_epoch_goes_on_from_the_hash_it_names() -> None:
    part = batch(header(2, first_seq=4, prev_hash=b"\x05" * 32), records(2, 4), KEY)

    rows, outcome = read(part)

    assert outcome.fault is None
    assert [row[0] for row in rows] == [4, 5]


def test_a_file_signed_by_another_key_or_changed_in_its_header_has_a_bad_signature() -> None:
    other_key = read(good(), key=bytes(32))[1]
    other_header = read(good().replace(b'"epoch":3', b'"epoch":4'))[1]
    other_signature = read(file_of(trailer={"hmac": "0" * 64}))[1]

    for outcome in (other_key, other_header, other_signature):
        assert outcome.fault is Fault.BAD_SIGNATURE
        assert (outcome.line, outcome.seq, outcome.records) == (5, None, 3)


def test_nobody_s_device_is_the_wrong_device() -> None:
    rows, outcome = read(good(), key=None)

    assert (rows, outcome.fault, outcome.line) == ([], Fault.WRONG_DEVICE, 1)
    assert (outcome.records, outcome.header) == (3, HEADER)


def test_faults_are_judged_in_the_order_of_the_page() -> None:
    broken = good().replace(b'"mono_ms":1000', b'"mono_ms":1001')
    malformed = broken.replace(b'"count":3', b'"count":4')

    assert read(broken, key=bytes(32))[1].fault is Fault.HASH_BROKEN
    assert read(broken, key=None)[1].fault is Fault.WRONG_DEVICE
    assert read(malformed, key=None)[1].fault is Fault.MALFORMED
    assert read(malformed)[1].line == 5
    assert read(malformed)[1].cause is Cause.COUNT


def test_the_key_is_asked_for_once_and_only_for_a_header_that_can_be_read() -> None:
    asked: list[str] = []

    def key_of(known: Header) -> bytes:
        asked.append(known.device_sn)
        return KEY

    given_out = [len(list(Reading([data], key_of))) for data in (good(2000), b"x\n" + good(), b"")]

    assert asked == ["MBX-00017"]
    assert given_out[0] > 1
    assert given_out[1:] == [0, 0]


def test_an_outcome_is_not_to_be_had_before_the_end() -> None:
    reading = Reading([good(5000)], lambda _: KEY)

    next(iter(reading))

    with pytest.raises(RuntimeError):
        _ = reading.outcome


def test_a_door_may_peek_at_the_header() -> None:
    assert peek(good()) == HEADER
    assert peek(good()[:300]) is None
    assert peek(b"\xff\n") is None


def test_the_file_s_name_is_the_page_s() -> None:
    assert HEADER.file_name == "mbx-MBX-00017-3-1-3.mbxrec"
