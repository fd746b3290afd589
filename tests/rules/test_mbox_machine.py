"""The stand-in machine behaves as the page says an MBOX900 does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from app.kernel.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from app.kernel.secret import Secret
from app.kernel.span import SHANGHAI, in_ms
from device.mbox.clock import Correction
from device.mbox.contents import Activity, Listed, Manifest, Revoked, Session
from device.mbox.machine import Card, Machine, Memory, Request, Response, tricks
from device.mbox.package import build, uid_hash
from device.mbox.signing import Signed
from device.mbox.terms import NO_HASH, Cause, Direction, Fault, Header, Outcome, Result, Row, Source
from tests.support.batches import read as read_batch

KEY = bytes(range(32))
DAY = datetime(2013, 5, 18, 8, 0, tzinfo=SHANGHAI)
ANNA, BERT, GONE = b"\x01\x02\x03\x04", b"\x05\x06\x07\x08", b"\x09\x0a\x0b\x0c"


@dataclass
class Clock:
    """The true time, which a test sets."""

    now: datetime = DAY

    def __call__(self) -> int:
        return in_ms(self.now)


@dataclass
class Chance:
    """Bytes that differ and are the same in every run."""

    drawn: int = 0

    def __call__(self, count: int) -> bytes:
        self.drawn += 1
        return hashlib.sha256(str(self.drawn).encode()).digest()[:count]


def activity(activity_id: str = "A-77", start: datetime = DAY, **changes: Any) -> Activity:
    """A day with a sign-in and a sign-out."""
    task = Activity(
        activity_id=activity_id,
        project_no="2013-03-01-007(国)",
        project_name="心血管急症处理",
        batch_no=1,
        unit="云河市第一人民医院",
        venue=None,
        starts_at=start,
        ends_at=start + timedelta(hours=10),
        credit_level="national",
        sessions=(
            Session("in", "签到", "start", start, start + timedelta(hours=1)),
            Session("out", "签退", "end", start + timedelta(hours=9), start + timedelta(hours=10)),
        ),
    )
    return replace(task, **changes)


def package(
    seq: int = 1, *activities: Activity, device_sn: str = "MBX-1", key: bytes = KEY
) -> bytes:
    """A package with Anna, Bert, and a revoked card."""
    salt = bytes([seq]) * 16
    manifest = Manifest(
        package_id=f"01HW000000000000000000000{seq}",
        package_seq=seq,
        device_sn=device_sn,
        generated_at=DAY - timedelta(days=1),
        valid_from=DAY - timedelta(days=1),
        valid_until=DAY + timedelta(days=9),
        salt=salt,
        key_id="k1",
    )
    return build(
        manifest,
        activities=activities or (activity(),),
        roster=[
            Listed("162700001", "安娜", "一院", card_no="1001", uid_h=uid_hash(salt, ANNA)),
            Listed("162700002", "伯特", "一院", card_no="1002", uid_h=uid_hash(salt, BERT)),
        ],
        revoked=[Revoked("1009", uid_hash(salt, GONE), DAY + timedelta(hours=2))],
        key=key,
    )


def machine(*packages: bytes, clock: Clock | None = None) -> Machine:
    """An enrolled machine with these packages."""
    memory = Memory("MBX-1", key_id="k1", key=Secret(KEY.hex()))
    found = Machine(memory, clock=clock or Clock(), chance=Chance())
    for data in packages or (package(),):
        found.load(data)
    return found


def taken(data: bytes) -> tuple[list[Row], Outcome, Header]:
    """The records of a good file, its outcome, and its header."""
    rows, outcome = read_batch(data)
    assert outcome.fault is None
    assert outcome.header is not None
    return rows, outcome, outcome.header


def results(box: Machine, *taps: tuple[Card, float]) -> list[Result]:
    """What the machine believes of taps so many hours after eight."""
    return [box.tap(card, at=DAY + timedelta(hours=hours)).record.res for card, hours in taps]


def test_a_card_on_the_roster_is_ok_and_names_its_person() -> None:
    tap = machine().tap(Card(uid=ANNA))

    assert tap.welcome
    assert tap.person is not None
    assert tap.person.name == "安娜"
    assert (tap.record.res, tap.record.src) == (Result.OK, Source.CARD)
    assert (tap.record.person_no, tap.record.card_no) == ("162700001", "1001")
    assert tap.record.uid_h == uid_hash(b"\x01" * 16, ANNA)
    assert (tap.record.seq, tap.record.activity_id, tap.record.dir) == (1, "A-77", Direction.NONE)


def test_a_number_read_and_a_number_typed_name_their_person_too() -> None:
    box = machine()

    read, typed = box.tap(Card(card_no="1002")).record, box.tap(Card(person_no="162700001")).record

    assert (read.person_no, read.uid_h, read.src) == ("162700002", None, Source.CARD)
    assert (typed.person_no, typed.card_no, typed.src) == ("162700001", None, Source.KEY)


@pytest.mark.parametrize(
    ("card", "res", "person_no", "card_no"),
    [
        (Card(uid=b"\xff" * 7), Result.UNKNOWN_CARD, None, None),
        (Card(card_no="4711"), Result.UNKNOWN_CARD, None, "4711"),
        (Card(person_no="162799999"), Result.NOT_LISTED, "162799999", None),
    ],
)
def test_whoever_is_not_listed_is_written_down_all_the_same(
    card: Card, res: Result, person_no: str | None, card_no: str | None
) -> None:
    tap = machine().tap(card)

    assert (tap.record.res, tap.record.person_no, tap.record.card_no) == (res, person_no, card_no)
    assert tap.welcome


def test_allow_unlisted_governs_only_what_the_machine_shows() -> None:
    box = machine(package(1, activity(allow_unlisted=False)))

    tap = box.tap(Card(person_no="162799999"))

    assert not tap.welcome
    assert tap.record.res is Result.NOT_LISTED
    assert box.last_seq == 1


def test_a_revoked_card_is_revoked_from_its_hour_on() -> None:
    box = machine()

    assert results(box, (Card(uid=GONE), 1), (Card(uid=GONE), 2), (Card(card_no="1009"), 3)) == [
        Result.UNKNOWN_CARD,
        Result.REVOKED_CARD,
        Result.REVOKED_CARD,
    ]
    assert not box.tap(Card(uid=GONE), at=DAY + timedelta(hours=4)).welcome


def test_a_repeat_within_suppress_seconds_of_the_last_one_counted_is_suppressed() -> None:
    box, anna, second = machine(), Card(uid=ANNA), 1 / 3600

    found = results(
        box,
        (anna, 0),
        (anna, 59 * second),
        (Card(card_no="1001"), 60 * second),
        (Card(uid=BERT), 61 * second),
        (anna, 119 * second),
        (anna, 120 * second),
    )

    ok, suppressed = Result.OK, Result.SUPPRESSED
    assert found == [ok, suppressed, ok, ok, suppressed, ok]


def test_another_session_is_not_a_repeat() -> None:
    box, second = machine(), 1 / 3600

    assert results(box, (Card(uid=ANNA), 1 - second), (Card(uid=ANNA), 1)) == [Result.OK] * 2


def test_a_swipe_is_for_the_activity_that_is_on_or_the_one_named() -> None:
    first, second = activity("A-1"), activity("A-2", DAY + timedelta(days=1))
    box = machine(package(1, first, second))

    today = box.tap(Card(uid=ANNA), at=DAY)
    tomorrow = box.tap(Card(uid=ANNA), at=DAY + timedelta(days=1, hours=3))
    never = box.tap(Card(uid=ANNA), at=DAY + timedelta(days=7))
    named = box.tap(Card(uid=ANNA), at=DAY + timedelta(days=8), activity_id="A-2")
    foreign = box.tap(Card(uid=ANNA), at=DAY + timedelta(days=9), activity_id="A-9")

    taps = (today, tomorrow, never, named, foreign)
    assert [tap.record.activity_id for tap in taps] == ["A-1", "A-2", "A-1", "A-2", "A-9"]


def test_an_export_is_a_good_batch_of_what_was_taken() -> None:
    clock = Clock()
    box = machine(clock=clock)
    box.meet(in_ms(DAY) + 5000, 40)
    box.tap(Card(uid=ANNA))
    clock.now += timedelta(minutes=1, milliseconds=700)
    box.tap(Card(uid=BERT), direction=Direction.OUT, source=Source.UID)

    rows, outcome, header = taken(box.export().data)

    assert (header.device_sn, header.epoch, header.first_seq, header.last_seq) == ("MBX-1", 1, 1, 2)
    assert header.package_id == "01HW0000000000000000000001"
    assert header.prev_hash == NO_HASH
    assert header.exported_at_ms == in_ms(DAY) + 60_000
    assert outcome.records == 2
    assert rows[1][5] - rows[0][5] == 60_000
    assert rows[1][7] - rows[0][7] == 60_700
    assert rows[1][8:10] == ("out", "uid")
    times = Correction(header.anchors)
    assert [times.true_ms(row[6], row[7]) for row in rows] == [
        in_ms(DAY) + 5000,
        in_ms(DAY) + 65_700,
    ]


def test_batches_go_on_where_the_last_one_ended_through_the_whole_epoch() -> None:
    box = machine()
    batches = []
    for _ in range(3):
        box.tap(Card(uid=ANNA))
        box.tap(Card(uid=BERT))
        batches.append(box.export())

    headers = [taken(batch.data)[2] for batch in batches]
    ends = [taken(batch.data)[1].last_hash for batch in batches]

    assert [header.first_seq for header in headers] == [1, 3, 5]
    assert [header.prev_hash for header in headers] == [NO_HASH, *ends[:2]]
    assert len({header.batch_id for header in headers}) == 3
    assert taken(box.export().data)[2].first_seq == 7


def test_records_of_two_packages_go_into_two_batches() -> None:
    box = machine(package(1, activity("A-1")))
    box.tap(Card(uid=ANNA))
    box.load(package(2, activity("A-2")))
    box.tap(Card(uid=ANNA), activity_id="A-2")
    box.tap(Card(uid=BERT), activity_id="A-2")
    box.tap(Card(uid=ANNA), activity_id="A-1")

    headers = [taken(batch.data)[2] for batch in box.export_all()]

    assert [header.package_id and header.package_id[-1] for header in headers] == ["1", "2", "1"]
    assert [(header.first_seq, header.last_seq) for header in headers] == [(1, 1), (2, 3), (4, 4)]
    with pytest.raises(ConflictError, match="no_such_records"):
        box.export(first_seq=1, last_seq=2)


def test_a_machine_cleared_starts_another_epoch_at_number_one() -> None:
    box = machine()
    box.tap(Card(uid=ANNA))
    box.export()

    box.clear()
    box.tap(Card(uid=BERT))
    header = taken(box.export().data)[2]

    assert (header.epoch, header.first_seq, header.prev_hash) == (2, 1, NO_HASH)


def test_a_machine_that_remembers_goes_on_as_if_it_had_never_been_off() -> None:
    one, other = machine(), machine()
    for box in (one, other):
        box.tap(Card(uid=ANNA))
        box.tap(Card(uid=GONE), at=DAY + timedelta(hours=3))
    other = Machine(other.memory, clock=Clock(), chance=other.chance)
    for box in (one, other):
        box.tap(Card(uid=ANNA), at=DAY + timedelta(hours=3, seconds=1))
        box.tap(Card(uid=ANNA), at=DAY + timedelta(hours=3, seconds=2))

    assert one.memory.lines == other.memory.lines
    assert one.export().data == other.export().data


def test_a_wrong_clock_shows_in_the_record_and_an_anchor_tells_the_truth() -> None:
    box = machine()
    box.set_clock(datetime(1970, 1, 1, 8, tzinfo=SHANGHAI) - DAY)
    box.meet(in_ms(DAY))
    box.tap(Card(uid=ANNA), activity_id="A-77")

    (row,), _, header = taken(box.export().data)

    assert row[5] == 0
    assert header.exported_at_ms == 0
    assert Correction(header.anchors).true_ms(row[6], row[7]) == in_ms(DAY)


def test_only_anchors_of_the_boots_in_the_batch_go_with_it() -> None:
    clock = Clock()
    box = machine(clock=clock)
    for boot in ("one", "two", "three"):
        clock.now += timedelta(hours=1)
        box.restart(boot)
        box.meet(in_ms(clock.now))
        box.tap(Card(uid=ANNA))

    header = taken(box.export(first_seq=2, last_seq=2).data)[2]

    assert [anchor.boot for anchor in header.anchors] == ["two", "three"]
    assert taken(box.export(with_anchors=False).data)[2].anchors == ()


def test_a_rehearsal_of_a_day_long_past_keeps_its_anchor_true() -> None:
    clock = Clock(DAY + timedelta(days=4000))
    box = machine(clock=clock)
    box.meet(in_ms(clock.now) + 250)
    box.tap(Card(uid=ANNA), at=DAY)

    (row,), _, header = taken(box.export().data)

    assert Correction(header.anchors).true_ms(row[6], row[7]) == in_ms(DAY) + 250
    with pytest.raises(ConflictError, match="before_boot"):
        box.tap(Card(uid=ANNA), at=DAY - timedelta(hours=1))


def test_a_machine_set_back_writes_the_same_numbers_with_other_hashes() -> None:
    box = machine()
    for card in (ANNA, BERT, ANNA):
        box.tap(Card(uid=card))
    before = taken(box.export().data)[0]

    box.rewind(1)
    box.tap(Card(uid=GONE))
    after, _, header = taken(box.export().data)

    assert (header.first_seq, header.last_seq, header.prev_hash) == (2, 2, before[0][-1])
    assert after[0][0] == before[1][0]
    assert after[0][-1] != before[1][-1]


@pytest.mark.parametrize(
    ("harm", "fault", "cause"),
    [
        (lambda data: tricks.cut(data, 900), Fault.MALFORMED, Cause.UNENDED),
        (lambda data: tricks.flipped(data, data.index(b"1.4.2")), Fault.BAD_SIGNATURE, None),
        (tricks.with_crlf, Fault.MALFORMED, Cause.UNREADABLE),
        (tricks.with_mark, Fault.MALFORMED, Cause.UNREADABLE),
        (lambda data: tricks.without_line(data, 3), Fault.MALFORMED, Cause.SEQ),
        (lambda data: tricks.swapped(data, 2), Fault.MALFORMED, Cause.SEQ),
        (lambda _: b"".join(tricks.one_long_line(100_000)), Fault.MALFORMED, Cause.TOO_LONG),
    ],
    ids=["cut", "flipped", "CRLF", "BOM", "line gone", "lines swapped", "long line"],
)
def test_a_file_that_came_to_harm_is_refused_for_it(
    harm: Callable[[bytes], bytes], fault: Fault, cause: Cause | None
) -> None:
    box = machine()
    for card in (ANNA, BERT, ANNA):
        box.tap(Card(uid=card))
    data = box.export().data

    _, outcome = read_batch(harm(data))

    assert (outcome.fault, outcome.cause) == (fault, cause)


def test_a_machine_may_sign_with_a_wrong_key_or_claim_to_be_another() -> None:
    box = machine()
    box.tap(Card(uid=ANNA))

    forged = read_batch(box.export(first_seq=1, key=bytes(32)).data)[1]
    claimed = taken(box.export(first_seq=1, device_sn="MBX-2").data)[2]
    repeated = taken(box.export(first_seq=1, batch_id=claimed.batch_id).data)[2]

    assert forged.fault is Fault.BAD_SIGNATURE
    assert claimed.device_sn == "MBX-2"
    assert repeated.batch_id == claimed.batch_id


def test_a_machine_takes_no_package_of_another_and_no_tap_without_one() -> None:
    empty = Machine(Memory("MBX-1", key=Secret(KEY.hex())))

    with pytest.raises(NotFoundError, match="no_package"):
        empty.tap(Card(uid=ANNA))
    with pytest.raises(InvalidError, match="other_device"):
        empty.load(package(device_sn="MBX-2"))
    with pytest.raises(InvalidError, match="bad_signature"):
        empty.load(package(key=bytes(32)))
    with pytest.raises(NotFoundError, match="not_enrolled"):
        Machine(Memory("MBX-1")).load(package())


@dataclass
class Server:
    """What the page says a server answers, with one package and a memory of what it was sent."""

    clock: Clock
    ahead: timedelta = timedelta(seconds=3)
    packages: dict[str, bytes] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    status: int = 200

    def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        return Response(*self.answer(request))

    def answer(self, request: Request) -> tuple[int, bytes]:
        """The status and the body."""
        server_ms = self.clock() + self.ahead // timedelta(milliseconds=1)
        path = request.path
        if path == "/device/v1/enrol":
            return 200, orjson.dumps({"key_id": "k7", "key": KEY.hex()})
        if path == "/device/v1/time":
            return 200, orjson.dumps({"server_ms": server_ms})
        signed = Signed.of(request.headers)
        digest = hashlib.sha256(request.body).hexdigest()
        if not signed or not signed.holds(
            KEY, method=request.method, path=path, body_sha256=digest
        ):
            return 401, orjson.dumps({"error": {"code": "x", "message": "y"}})
        assert signed.time == server_ms // 1000
        if path.startswith("/device/v1/packages?after="):
            listed = [
                {"package_id": name, "package_seq": n, "sha256": hashlib.sha256(data).hexdigest()}
                for n, (name, data) in enumerate(self.packages.items(), start=1)
                if n > int(path.rpartition("=")[2])
            ]
            return 200, orjson.dumps({"packages": listed})
        if request.method == "GET" and path.startswith("/device/v1/packages/"):
            return 200, self.packages[path.rpartition("/")[2]]
        return self.status, b'{"state":"done"}'


def test_a_machine_enrols_fetches_and_uploads_with_signed_requests() -> None:
    clock = Clock()
    server = Server(clock, packages={"01HW0000000000000000000001": package()})
    box = Machine(Memory("MBX-1"), clock=clock, chance=Chance())
    box.send = server
    box.set_clock(timedelta(hours=-8))

    assert box.enrol("ABCD-EFGH") == "k7"
    assert [loaded.manifest.package_seq for loaded in box.fetch()] == [1]
    assert box.fetch() == []
    box.tap(Card(uid=ANNA))
    (answer,) = box.upload()
    assert box.upload() == []
    assert box.heartbeat().status == 200

    assert answer.said == {"state": "done"}
    asked = [f"{request.method} {request.path}" for request in server.asked]
    assert asked == [
        "POST /device/v1/enrol",
        "GET /device/v1/time",
        "GET /device/v1/packages?after=0",
        "GET /device/v1/packages/01HW0000000000000000000001",
        "POST /device/v1/packages/01HW0000000000000000000001/ack",
        "GET /device/v1/time",
        "GET /device/v1/packages?after=1",
        "GET /device/v1/time",
        "POST /device/v1/records",
        "GET /device/v1/time",
        "POST /device/v1/heartbeat",
    ]
    assert len(box.memory.anchors) == 4


def test_a_batch_is_sent_again_to_the_byte_until_it_is_answered() -> None:
    clock = Clock()
    server = Server(clock, status=503)
    box = machine(clock=clock)
    box.send = server
    box.tap(Card(uid=ANNA))

    box.upload()
    server.status = 200
    box.tap(Card(uid=BERT))
    box.upload()

    sent = [request for request in server.asked if request.path == "/device/v1/records"]
    keys = [request.headers["Idempotency-Key"] for request in sent]
    assert sent[0].body == sent[1].body
    assert keys[0] == keys[1] != keys[2]
    assert len({request.headers["X-Mbx-Nonce"] for request in sent}) == 3
    assert all(batch.answered for batch in box.memory.batches)


def test_a_server_that_refuses_is_quoted() -> None:
    clock = Clock()
    box = machine(clock=clock)
    box.send = Server(clock)
    box.memory.key = Secret("00" * 32)

    with pytest.raises(UnavailableError) as caught:
        box.fetch()

    assert caught.value.facts == {"status": 401, "server_code": "x", "message": "y"}
