"""What becomes of each record: cards, clocks, repeats, activities (devices.md 3.6 d)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.base.site import Site
from device.mbox.machine import Card, Machine, Response
from device.mbox.terms import Anchor, Header, Record, Result
from device.mbox.writing import batch as written
from tests.conftest import Clock
from tests.support.cast import (
    CAO_JING,
    COUNTY_HOSPITAL,
    HE_MIN,
    OPERATOR,
    SHAN_XIAO,
    STRANGER,
    STRANGER_HOSPITAL,
    XIE_FANG,
    ZHENG_HAI,
    Spoken,
)
from tests.support.filing import filed, project
from tests.support.terminal import MakeTerminal, at, held, package

Cli = Callable[..., Spoken]

_BATCH = "01HX0000000000000000000000"


def reasons(answer: Response) -> list[tuple[int, str, str]]:
    """Number, status and reason of each record that was not accepted."""
    assert answer.status == 200, answer.said
    return [(one["seq"], one["status"], one["reason"]) for one in answer.said["results"]]


def uploaded(machine: Machine) -> Response:
    [answer] = machine.upload()
    assert all(one["message"] for one in answer.said["results"])
    return answer


@pytest.fixture
def swipes(owner: Engine) -> Callable[[], list[dict[str, Any]]]:
    """All swipes as stored, in order of number, with the person's number."""

    def ask() -> list[dict[str, Any]]:
        with owner.connect() as connection:
            rows = connection.execute(
                text(
                    "select s.seq, s.state, s.hold, p.person_no, s.at, s.at_dev, q.corrected_at, "
                    "q.clock_hold from swipe s left join person p on p.id = s.person_id "
                    "left join quarantine q using (device_id, epoch, seq) order by epoch, seq"
                )
            )
            return [dict(row._mapping) for row in rows]

    return ask


Swipes = Callable[[], list[dict[str, Any]]]


# ------------------------------------------------------------------ who


def test_a_typed_number_a_card_number_and_a_chip_all_name_their_person(
    terminal: Machine, swipes: Swipes
) -> None:
    terminal.tap(Card(person_no=HE_MIN), at=at("08:00:00"))
    terminal.tap(Card(card_no=CAO_JING), at=at("08:00:01"))
    terminal.tap(held(SHAN_XIAO), at=at("08:00:02"))

    assert uploaded(terminal).said["accepted"] == 3
    assert [one["person_no"] for one in swipes()] == [HE_MIN, CAO_JING, SHAN_XIAO]


def test_who_is_not_on_the_roster_counts_like_any_other(terminal: Machine, swipes: Swipes) -> None:
    terminal.tap(Card(card_no=STRANGER), at=at("08:00:00"))
    terminal.tap(Card(person_no=ZHENG_HAI), at=at("08:00:01"))
    assert [terminal.last_seq, len(terminal.newest.roster)] == [2, 4]

    assert uploaded(terminal).said["accepted"] == 2
    assert [one["person_no"] for one in swipes()] == [STRANGER, ZHENG_HAI]


def test_a_card_that_nobody_knows_waits(terminal: Machine, swipes: Swipes) -> None:
    terminal.tap(Card(card_no="0000000000"), at=at("08:00:00"))
    terminal.tap(Card(person_no="999999999"), at=at("08:00:01"))
    terminal.tap(Card(uid=b"\x00\x01\x02\x03"), at=at("08:00:02"))

    answer = uploaded(terminal)

    assert reasons(answer) == [(seq, "quarantined", "unknown_card") for seq in (1, 2, 3)]
    assert {one["person_no"] for one in swipes()} == {None}


def record(seq: int, clock: str, day: str = "2013-05-18", /, **changes: Any) -> Record:
    """A record as a machine without a mind of its own would write it."""
    facts: dict[str, Any] = {
        "seq": seq, "activity_id": "", "person_no": None, "card_no": None, "uid_h": None,
        "at_ms": int(at(clock, day).timestamp() * 1000), "boot": "b", "mono_ms": 0,
    }  # fmt: skip
    return Record(**(facts | changes))


def sent(machine: Machine, *records: Record, anchors: tuple[Anchor, ...] | None = None) -> Response:
    """A file with just these records, each with an anchor at its very moment where not told."""
    activity = machine.newest.activities[0].activity_id
    whole = [
        one if one.activity_id else Record(**{**_members(one), "activity_id": activity})
        for one in records
    ]
    if anchors is None:
        start = min(one.at_ms for one in whole)
        anchors = (Anchor("b", 0, start, 0),)
        whole = [Record(**{**_members(one), "mono_ms": one.at_ms - start}) for one in whole]
    header = Header(
        device_sn=machine.memory.device_sn, fw="1", key_id="k1", batch_id=_BATCH,
        package_id=machine.newest.manifest.package_id, epoch=1, first_seq=whole[0].seq,
        last_seq=whole[-1].seq, exported_at_ms=whole[-1].at_ms, anchors=anchors,
        prev_hash=bytes(32),
    )  # fmt: skip
    data = written(header, whole, machine.key)
    return machine.call(
        "POST", "/device/v1/records", data, extra={"Idempotency-Key": header.batch_id}
    )


def _members(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in Record.__slots__}


def test_the_person_number_wins_and_a_card_of_another_is_a_mismatch(
    terminal: Machine, swipes: Swipes
) -> None:
    uid_h = {one.person_no: one.uid_h for one in terminal.newest.roster}
    answer = sent(
        terminal,
        record(1, "08:00:00", person_no=HE_MIN, card_no=HE_MIN, uid_h=uid_h[HE_MIN]),
        record(2, "08:00:01", person_no=HE_MIN, card_no=CAO_JING),
        record(3, "08:00:02", person_no=HE_MIN, card_no=HE_MIN, uid_h=uid_h[CAO_JING]),
        record(4, "08:00:03", person_no="000", card_no=CAO_JING, uid_h=uid_h[CAO_JING]),
        record(5, "08:00:04", card_no=SHAN_XIAO, uid_h=uid_h[CAO_JING]),
        record(6, "08:00:05", card_no="000", uid_h=uid_h[SHAN_XIAO]),
    )

    assert reasons(answer) == [(seq, "quarantined", "card_mismatch") for seq in (2, 3, 5)]
    named = [one["person_no"] for one in swipes()]
    assert named == [HE_MIN, HE_MIN, HE_MIN, CAO_JING, SHAN_XIAO, SHAN_XIAO]


def test_what_the_device_believed_decides_nothing_but_repeats(
    terminal: Machine, swipes: Swipes
) -> None:
    believed = [*Result]

    answer = sent(
        terminal,
        *(
            record(seq, f"08:{seq:02}:00", person_no=HE_MIN, res=res)
            for seq, res in enumerate(believed, start=1)
        ),
    )

    [(seq, status, reason)] = reasons(answer)
    assert (believed[seq - 1], status, reason) == (Result.SUPPRESSED, "duplicate", "suppressed")


@pytest.mark.parametrize("state", ["lost", "revoked", "replaced"])
def test_a_card_that_is_gone_waits_from_that_moment_on(
    state: str, terminal: Machine, cli: Cli, swipes: Swipes
) -> None:
    since = "2013-05-18T08:00:01"
    assert cli("card", "set", HE_MIN, "--state", state, "--since", since).code == 0
    uid_h = {one.person_no: one.uid_h for one in terminal.newest.roster}

    answer = sent(
        terminal,
        record(1, "08:00:00", card_no=HE_MIN),
        record(2, "08:00:01", card_no=HE_MIN),
        record(3, "08:01:01", person_no=HE_MIN, uid_h=uid_h[HE_MIN]),
        record(4, "08:02:02", person_no=HE_MIN),
    )

    assert reasons(answer) == [(seq, "quarantined", "revoked_card") for seq in (2, 3)]
    assert {one["person_no"] for one in swipes()} == {HE_MIN}


def test_a_card_comes_to_count_by_the_judged_time(terminal: Machine, cli: Cli) -> None:
    cli("card", "set", HE_MIN, "--state", "lost", "--since", "2013-05-18T08:00:00")
    server = int(at("08:00:00").timestamp() * 1000)

    answer = sent(
        terminal,
        record(1, "08:01:30", card_no=HE_MIN, mono_ms=0),
        record(2, "07:58:30", card_no=HE_MIN, mono_ms=60_000),
        anchors=(Anchor("b", 60_000, server, 0),),
    )

    # 90 s off: by the server's clock the first was at 07:59:00, the second at 08:00:00.
    assert reasons(answer) == [(2, "quarantined", "revoked_card")]


# ------------------------------------------------------------------ when


@pytest.mark.parametrize(
    ("ahead_s", "expected", "shift"),
    [
        (0, None, False),
        (60, None, False),
        (-60, None, False),
        (61, None, True),
        (-600, None, True),
        (600, None, True),
        (601, "clock_skew", True),
        (-601, "clock_skew", True),
        (8 * 3600, "clock_skew", True),
        (-24 * 3600, "clock_skew", True),
    ],
)
def test_a_clock_that_is_off_is_let_stand_corrected_or_asked_about(
    ahead_s: int, expected: str | None, shift: bool, terminal: Machine, swipes: Swipes
) -> None:
    shown = at("08:00:00")
    true = shown - timedelta(seconds=ahead_s)

    answer = sent(
        terminal,
        record(1, "08:00:00", person_no=HE_MIN, mono_ms=5_000),
        anchors=(Anchor("b", 0, int(true.timestamp() * 1000) - 5_000, 0),),
    )

    assert reasons(answer) == ([(1, "quarantined", expected)] if expected else [])
    [one] = swipes()
    assert one["at_dev"] == shown
    assert one["at"] == (true if shift else shown)
    assert one["person_no"] == HE_MIN
    if expected:
        assert one["corrected_at"] == true


def test_the_nearest_anchor_of_the_same_boot_tells_the_time(
    terminal: Machine, swipes: Swipes
) -> None:
    noon = int(at("12:00:00").timestamp() * 1000)

    sent(
        terminal,
        record(1, "08:00:00", person_no=HE_MIN, boot="b", mono_ms=10_000),
        record(2, "08:00:00", person_no=HE_MIN, boot="b", mono_ms=990_000),
        record(3, "08:00:00", person_no=HE_MIN, boot="c", mono_ms=0),
        anchors=(
            Anchor("b", 0, noon, 0),
            Anchor("b", 1_000_000, noon + 2_000_000, 0),
            Anchor("c", 100, noon, 0),
        ),
    )

    told = [one["corrected_at"] for one in swipes()]
    assert told == [
        at("12:00:10"), at("12:00:00") + timedelta(seconds=1_990), at("11:59:59.900")
    ]  # fmt: skip


def test_a_boot_without_an_anchor_is_timed_by_the_measured_offset_or_by_a_person(
    terminal: Machine, clock: Clock, swipes: Swipes
) -> None:
    clock.set(at("20:00:00").astimezone(UTC))
    terminal.set_clock(timedelta(minutes=-5))
    terminal.synchronise()
    terminal.heartbeat()

    answer = sent(
        terminal,
        record(1, "08:00:00", person_no=HE_MIN),
        record(2, "08:00:00", "2013-05-16", person_no=CAO_JING),
        anchors=(),
    )

    assert reasons(answer) == [(2, "quarantined", "unsynced")]
    first, second = swipes()
    assert (first["state"], first["at"]) == ("accepted", at("08:05:00"))
    assert (second["at"], second["corrected_at"]) == (at("08:00", "2013-05-16"), None)


def test_what_lies_ahead_of_the_servers_clock_waits(
    terminal: Machine, clock: Clock, swipes: Swipes
) -> None:
    now = clock.now
    far, near = now + timedelta(minutes=10, seconds=1), now + timedelta(minutes=10)

    answer = sent(
        terminal,
        record(1, "08:00", person_no=HE_MIN, at_ms=int(near.timestamp() * 1000)),
        record(2, "08:00", person_no=HE_MIN, at_ms=int(far.timestamp() * 1000)),
    )
    unsynced = reasons(answer)

    assert unsynced == [(2, "quarantined", "future_time")]


@pytest.mark.parametrize("year", [3, 1970, 2000, 9997])
def test_any_year_is_stored_and_waits(year: int, terminal: Machine, swipes: Swipes) -> None:
    moment = datetime(year, 6, 1, tzinfo=UTC)

    answer = sent(
        terminal,
        record(1, "08:00", person_no=HE_MIN, at_ms=int(moment.timestamp()) * 1000),
        anchors=(),
    )

    [(_, status, reason)] = reasons(answer)
    assert (status, reason) == ("quarantined", "future_time" if year > 2013 else "unsynced")


def test_an_anchor_beyond_the_calendar_tells_nothing(terminal: Machine) -> None:
    answer = sent(
        terminal,
        record(1, "08:00", person_no=HE_MIN, mono_ms=2**63 - 1),
        anchors=(Anchor("b", 0, 253_339_228_799_999, 0),),
    )

    assert reasons(answer) == [(1, "quarantined", "unsynced")]


# ------------------------------------------------------------------ repeats


def test_a_second_swipe_within_a_minute_in_one_session_is_a_repeat(terminal: Machine) -> None:
    moments = [
        "07:29:30", "07:30:00", "07:30:59.999", "07:31:00", "08:29:59", "08:30:00", "08:30:59",
        "08:31:00",
    ]  # fmt: skip

    answer = sent(
        terminal,
        *(record(seq, one, person_no=HE_MIN) for seq, one in enumerate(moments, start=1)),
    )

    # 07:30 opens the session and 08:30 closes it, so each begins to count anew.
    assert reasons(answer) == [
        (3, "duplicate", "suppressed"), (7, "duplicate", "suppressed")
    ]  # fmt: skip


def test_a_repeat_is_told_across_files_and_machines_but_not_across_batches(
    terminal: Machine, make_terminal: MakeTerminal, site: Site
) -> None:
    filed(site, OPERATOR, project("2013-03-01-008(国)"))
    other = make_terminal("MBX-00018")
    package(site, other)
    package(site, other, "2013-03-01-008(国)")
    first, second = (one.activities[0].activity_id for one in _packages(other))
    terminal.tap(held(HE_MIN), at=at("08:00:00"))
    uploaded(terminal)

    answer = sent(
        other,
        record(1, "08:00:30", person_no=HE_MIN, activity_id=first),
        record(2, "08:00:30", person_no=HE_MIN, activity_id=second),
        record(3, "07:59:59", person_no=HE_MIN, activity_id=first),
    )

    assert reasons(answer) == [(1, "duplicate", "suppressed")]


def _packages(machine: Machine) -> list[Any]:
    return [roll.package for roll in machine._rolls]


# ------------------------------------------------------------------ for what


def test_an_activity_is_known_where_a_package_carried_it_or_a_house_is_shared(
    terminal: Machine, make_terminal: MakeTerminal, site: Site
) -> None:
    stranger = make_terminal("MBX-00019", STRANGER_HOSPITAL)
    county = make_terminal("MBX-00020", COUNTY_HOSPITAL)
    bureau = make_terminal("MBX-00021", "9901")
    for machine in (stranger, county, bureau):
        filed(
            site, OPERATOR, project("2013-03-01-00" + machine.memory.device_sn[-1], unit_code="H9")
        )
        package(site, machine, "2013-03-01-00" + machine.memory.device_sn[-1])
    of_h1 = terminal.newest.activities[0].activity_id

    def fate(machine: Machine, activity: str) -> list[tuple[int, str, str]]:
        return reasons(sent(machine, record(1, "08:00:00", person_no=HE_MIN, activity_id=activity)))

    unknown = [(1, "quarantined", "unknown_activity")]
    assert fate(stranger, of_h1) == unknown
    assert fate(county, of_h1) == unknown
    assert fate(bureau, of_h1) == []


@pytest.mark.parametrize(
    "activity", ["A-77", "B", "B0", "B01", "B-1", "B999999999", "B" + "9" * 60, "b1", "期次"]
)
def test_an_activity_nobody_knows_waits(activity: str, terminal: Machine, swipes: Swipes) -> None:
    answer = sent(terminal, record(1, "08:00:00", person_no=HE_MIN, activity_id=activity))

    assert reasons(answer) == [(1, "quarantined", "unknown_activity")]
    assert swipes()[0]["person_no"] == HE_MIN


def test_the_first_reason_is_told_in_the_order_of_judging(terminal: Machine, cli: Cli) -> None:
    cli("card", "set", HE_MIN, "--state", "lost", "--since", "2013-05-01")
    day_off = (Anchor("b", 0, int(at("08:00", "2013-05-19").timestamp() * 1000), 0),)

    answer = sent(
        terminal,
        record(1, "08:00:00", card_no="0", activity_id="A-1"),
        record(2, "08:00:00", card_no="0"),
        record(3, "08:00:00", person_no=CAO_JING, card_no=HE_MIN),
        record(4, "08:00:00", card_no=HE_MIN),
        record(5, "08:00:00", person_no=CAO_JING),
        anchors=day_off,
    )

    assert [reason for _, _, reason in reasons(answer)] == [
        "unknown_activity", "unknown_card", "card_mismatch", "revoked_card", "clock_skew"
    ]  # fmt: skip


def test_a_person_without_a_card_is_known_by_number_alone(terminal: Machine) -> None:
    answer = sent(terminal, record(1, "08:00:00", person_no=XIE_FANG))

    assert reasons(answer) == []


def test_only_a_thousand_results_are_named_but_all_are_counted(terminal: Machine) -> None:
    answer = sent(
        terminal,
        *(record(seq, "08:00:00", card_no=f"x{seq}") for seq in range(1, 1_205)),
    )

    assert answer.said["quarantined"] == 1_204
    assert [one["seq"] for one in answer.said["results"]] == list(range(1, 1_001))
