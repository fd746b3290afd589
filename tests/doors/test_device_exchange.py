"""A machine at the doors: enrolment, packages, records, heartbeats."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from app.attendance import commands as attendance
from app.attendance.terms import DeviceKind
from app.base.site import Site
from app.base.work import begin
from app.kernel.errors import InvalidError
from device.mbox import doors, exchange
from device.mbox.codec import peek
from device.mbox.machine import Card, Machine, Memory, Request, Response
from device.mbox.machine.wire import Send
from tests.conftest import Clock
from tests.support.cast import CAO_JING, HE_MIN, HOSPITAL, OPERATOR, ZHENG_HAI, Cast
from tests.support.filing import NO, filed, lecturer, project
from tests.support.filing import batch as batch_of
from tests.support.terminal import SN, MakeTerminal, at, held, package

Count = Callable[..., int]


def code_of(answer: Response) -> str:
    """The code of a refusal, which also says something to people."""
    error = answer.said["error"]
    assert error["message"]
    assert set(error) == {"code", "message"}
    return str(error["code"])


def sums(answer: Response) -> tuple[int, int, int, int]:
    said = answer.said
    return said["accepted"], said["duplicate"], said["quarantined"], said["rejected"]


def test_taps_of_known_cards_are_accepted(terminal: Machine, count: Count) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    terminal.tap(held(CAO_JING), at=at("08:03:00"))

    [answer] = terminal.upload()

    assert answer.status == 200
    assert sums(answer) == (2, 0, 0, 0)
    assert answer.said["state"] == "done"
    assert answer.said["results"] == []
    assert answer.said["next_seq"] == 3
    assert answer.said["server_time"] == "2013-05-25T01:00:00.000Z"
    assert count("swipe", "state = 'accepted'") == 2


def test_a_batch_without_records_is_good(terminal: Machine) -> None:
    answer = terminal.send_batch(terminal.export())

    assert answer.status == 200
    assert sums(answer) == (0, 0, 0, 0)
    assert answer.said["next_seq"] == 1


# ------------------------------------------------------------------ enrolment


@pytest.fixture
def fresh(site: Site, cast: object, door: Send) -> tuple[Machine, str]:
    """A registered machine that has not yet used its code."""
    with begin(site, OPERATOR) as work:
        code = attendance.register(work, SN, HOSPITAL, DeviceKind.MBOX).enrol_code
    assert code is not None
    machine = Machine(Memory(device_sn=SN), clock=lambda: int(site.clock().timestamp() * 1000))
    machine.send = door
    return machine, code.reveal()


def enrolling(door: Send, sn: object, code: object) -> Response:
    body = b'{"device_sn": %b, "code": %b}' % (_json(sn), _json(code))
    return door(Request("POST", "/device/v1/enrol", {"Content-Type": "application/json"}, body))


def _json(value: object) -> bytes:
    return f'"{value}"'.encode() if isinstance(value, str) else str(value).encode()


def test_a_code_is_traded_for_a_key_once(fresh: tuple[Machine, str], door: Send) -> None:
    _, code = fresh

    first = enrolling(door, SN, code)
    second = enrolling(door, SN, code)

    assert first.status == 200
    assert first.said["key_id"] == "k1"
    assert len(bytes.fromhex(first.said["key"])) == 32
    assert (second.status, code_of(second)) == (403, "attendance.enrol.refused")


def test_of_many_who_trade_one_code_one_has_a_key(
    fresh: tuple[Machine, str], door: Send, count: Count
) -> None:
    _, code = fresh
    barrier, statuses = threading.Barrier(6), list[int]()

    def trade() -> None:
        barrier.wait()
        statuses.append(enrolling(door, SN, code).status)

    threads = [threading.Thread(target=trade) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200, 403, 403, 403, 403, 403]
    assert count("device", "key_id = 'k1'") == 1


def test_registering_a_serial_that_waits_approves_it(
    cast: Cast, site: Site, owner: Engine, count: Count
) -> None:
    unit = cast.unit(HOSPITAL)
    with owner.begin() as connection:
        connection.execute(text("set local app.action = 'tests.pending'"))
        connection.execute(
            text(
                "insert into device (sn, kind, state, unit_id, package_seq, path) "
                "values (:sn, 'mbox', 'pending', :unit, 0, :path)"
            ),
            {"sn": SN, "unit": unit.id, "path": unit.place.path},
        )

    with begin(site, OPERATOR) as work:
        assert attendance.register(work, SN, HOSPITAL, DeviceKind.MBOX).enrol_code

    assert count("device", "state = 'registered'") == 1


def test_a_code_may_be_typed_carelessly(fresh: tuple[Machine, str], door: Send) -> None:
    _, code = fresh

    assert enrolling(door, SN, code.lower().replace("-", " ")).status == 200


def test_every_failed_enrolment_has_one_answer(
    fresh: tuple[Machine, str], door: Send, clock: Clock, site: Site
) -> None:
    _, code = fresh
    answers = [
        enrolling(door, "MBX-99999", code),
        enrolling(door, SN, "0000-0000-0000-0000"),
        enrolling(door, SN + "\\u0000", code),
    ]
    clock.advance(days=14)
    answers.append(enrolling(door, SN, code))
    with begin(site, OPERATOR) as work:
        renewed = attendance.register(work, SN, HOSPITAL, DeviceKind.MBOX).enrol_code
        attendance.revoke(work, SN, "丢失")
    assert renewed is not None
    answers.append(enrolling(door, SN, renewed.reveal()))

    assert {(answer.status, code_of(answer)) for answer in answers} == {
        (403, "attendance.enrol.refused")
    }


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff", b'{"device_sn": 1, "code": "x"}', b"x" * 70_000]
)
def test_an_unreadable_enrolment_is_400_or_413(door: Send, body: bytes) -> None:
    answer = door(Request("POST", "/device/v1/enrol", {}, body))

    assert answer.status in {400, 413}
    assert code_of(answer)


def test_a_machine_enrolled_anew_has_another_key_and_the_old_one_ends(
    terminal: Machine, site: Site, door: Send
) -> None:
    old = terminal.key
    with begin(site, OPERATOR) as work:
        code = attendance.register(work, SN, HOSPITAL, DeviceKind.MBOX).enrol_code
    assert code is not None
    assert terminal.heartbeat().status == 200

    assert terminal.enrol(code.reveal()) == "k2"

    assert terminal.heartbeat().status == 200
    assert terminal.call("GET", "/device/v1/packages", key=old).status == 401


# ------------------------------------------------------------------ time and heartbeat


def test_the_time_is_open_to_all(door: Send) -> None:
    answer = door(Request("GET", "/device/v1/time"))

    assert answer.said == {"server_time": "2013-05-25T01:00:00.000Z", "server_ms": 1369443600000}


def test_a_heartbeat_measures_the_clock(terminal: Machine, count: Count) -> None:
    terminal.set_clock(timedelta(minutes=-7))
    terminal.synchronise()

    assert terminal.heartbeat().status == 200
    assert count("device_health", "offset_ms = 420000") == 1
    terminal.set_clock(timedelta())
    terminal.synchronise()
    assert terminal.heartbeat().status == 200
    assert count("device_health", "offset_ms = 0") == 1


@pytest.mark.parametrize("body", [b"", b"null", b"[1]", b"\x00", b"{", b'"x"'])
def test_a_heartbeat_that_is_no_object_is_400(terminal: Machine, body: bytes) -> None:
    assert terminal.call("POST", "/device/v1/heartbeat", body).status == 400


def test_a_heartbeat_may_say_anything_but_little_is_kept(terminal: Machine, owner: Engine) -> None:
    many = b",".join(b'"n%d": %d' % (place, place) for place in range(100))
    said = (
        b'{"battery": 87, "a": "\\u0000", "\\u0000": 1, "deep": {"x": []}, "fw": "1.4", %b}' % many
    )

    assert terminal.call("POST", "/device/v1/heartbeat", said).status == 200

    with owner.connect() as connection:
        kept = connection.execute(text("select said from device_health")).scalar_one()
    assert (kept["battery"], kept["fw"], len(kept)) == (87, "1.4", 24)
    assert "a" not in kept
    assert "deep" not in kept


@pytest.mark.parametrize("said", [b"1e400", b'"8888-99-99"', b"true", b'"2013-05-25T09:00:00"'])
def test_a_clock_that_cannot_be_read_is_passed_over(
    terminal: Machine, said: bytes, count: Count
) -> None:
    answer = terminal.call("POST", "/device/v1/heartbeat", b'{"device_time": %b}' % said)

    assert answer.status in {200, 400}
    assert count("device_health", "offset_ms is not null") == 0


# ------------------------------------------------------------------ packages


def test_a_package_carries_unit_batch_and_lecturers_without_the_cancelled(
    site: Site, make_terminal: MakeTerminal
) -> None:
    filed(site, OPERATOR, project(batches=[batch_of(lecturers=[lecturer(ZHENG_HAI)])]))
    machine = make_terminal()

    package(site, machine)

    found = machine.newest
    assert {one.person_no for one in found.roster} >= {HE_MIN, CAO_JING, ZHENG_HAI}
    assert all(one.uid_h is not None for one in found.roster)
    [activity] = found.activities
    assert (activity.project_no, activity.batch_no, activity.suppress_seconds) == (NO, 1, 60)
    assert [session.session_id for session in activity.sessions] == ["s1", "s2"]
    assert found.manifest.package_seq == 1


def test_a_lost_card_is_not_on_the_roster_but_revoked(
    site: Site, make_terminal: MakeTerminal, cli: Callable[..., object]
) -> None:
    filed(site, OPERATOR, project())
    cli("card", "set", HE_MIN, "--state", "lost")
    machine = make_terminal()

    package(site, machine)

    found = machine.newest
    [he_min] = [one for one in found.roster if one.person_no == HE_MIN]
    assert (he_min.card_no, he_min.uid_h) == (None, None)
    assert [card.card_no for card in found.revoked] == [HE_MIN]


def test_packages_are_listed_ranged_tagged_and_acknowledged(
    terminal: Machine, site: Site, app: object, count: Count
) -> None:
    package(site, terminal)
    listed = terminal.call("GET", "/device/v1/packages?after=0").said["packages"]
    assert [one["package_seq"] for one in listed] == [1, 2]
    assert terminal.call("GET", "/device/v1/packages?after=1").said["packages"] == listed[1:]
    one = listed[1]
    path = f"/device/v1/packages/{one['package_id']}"

    whole = terminal.call("GET", path)
    part = terminal.call("GET", path, extra={"Range": "bytes=5-9"})
    known = terminal.call("GET", path, extra={"If-None-Match": f'"{one["sha256"]}"'})

    assert (whole.status, len(whole.body)) == (200, one["size"])
    assert hashlib.sha256(whole.body).hexdigest() == one["sha256"]
    assert (part.status, part.body) == (206, whole.body[5:10])
    assert (known.status, known.body) == (304, b"")
    assert count("device_package", "acked_at is not null") == 2


def test_a_machine_enrolled_anew_passes_over_the_packages_of_its_older_key(
    terminal: Machine, site: Site, make_terminal: MakeTerminal
) -> None:
    assert terminal.newest.manifest.package_seq == 1

    anew = make_terminal()
    with pytest.raises(InvalidError, match="bad_signature"):
        anew.fetch()
    package(site, anew)

    assert anew.newest.manifest.package_seq == 2
    assert len(anew.memory.packages) == 1


def test_another_machines_package_is_not_there(
    terminal: Machine, make_terminal: MakeTerminal
) -> None:
    [one] = terminal.call("GET", "/device/v1/packages").said["packages"]
    other = make_terminal("MBX-00018")

    for method, path in (("GET", ""), ("POST", "/ack")):
        assert terminal.call(method, f"/device/v1/packages/%00{path}").status == 404
        answer = other.call(method, f"/device/v1/packages/{one['package_id']}{path}")
        assert (answer.status, code_of(answer)) == (404, "attendance.package.unknown")


@pytest.mark.parametrize("after", ["x", "-1", "1.0", "9" * 30, "%00"])
def test_a_number_that_is_none_is_400(terminal: Machine, after: str) -> None:
    assert terminal.call("GET", f"/device/v1/packages?after={after}").status == 400


# ------------------------------------------------------------------ refusals


def signed(machine: Machine, **changes: str) -> Response:
    """A heartbeat with these headers changed, or left out where empty."""
    caught: list[Request] = []
    send = machine.send
    machine.send = lambda request: caught.append(request) or Response(200, b"")
    machine.heartbeat()
    machine.send = send
    assert send is not None
    [request] = caught
    headers = dict(request.headers)
    for name, value in changes.items():
        headers.pop(name.replace("_", "-"), None)
        if value:
            headers[name.replace("_", "-")] = value
    return send(Request(request.method, request.path, headers, request.body))


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X_Mbx_Device", ""),
        ("X_Mbx_Time", ""),
        ("X_Mbx_Nonce", ""),
        ("X_Mbx_Signature", ""),
        ("X_Mbx_Time", "soon"),
        ("X_Mbx_Time", "-5"),
        ("X_Mbx_Nonce", "short"),
        ("X_Mbx_Nonce", "n" * 65),
        ("X_Mbx_Signature", "00"),
        ("X_Mbx_Signature", "0" * 64),
    ],
)
def test_a_header_missing_malformed_or_wrong_is_401(
    terminal: Machine, header: str, value: str
) -> None:
    answer = signed(terminal, **{header: value})

    assert answer.status == 401
    assert code_of(answer).startswith("device.request.")


def test_a_signature_covers_method_path_query_body_time_and_nonce(terminal: Machine) -> None:
    assert terminal.call("POST", "/device/v1/heartbeat", b"{}", signed_body=b"{ }").status == 401
    assert terminal.call("POST", "/device/v1/heartbeat", b"{}", key=bytes(32)).status == 401
    now = int(terminal.shown_ms // 1000)
    assert terminal.call("GET", "/device/v1/packages", time_s=now + 299).status == 200
    assert terminal.call("GET", "/device/v1/packages", time_s=now - 299).status == 200
    assert terminal.call("GET", "/device/v1/packages", time_s=now + 301).status == 401
    assert terminal.call("GET", "/device/v1/packages", time_s=now - 301).status == 401


def test_a_nonce_is_taken_once(terminal: Machine, make_terminal: MakeTerminal) -> None:
    nonce = "0123456789abcdef"
    assert terminal.call("GET", "/device/v1/packages", nonce=nonce).status == 200

    again = terminal.call("GET", "/device/v1/packages", nonce=nonce)

    assert (again.status, code_of(again)) == (401, "device.request.nonce")
    other = make_terminal("MBX-00018")
    assert other.call("GET", "/device/v1/packages", nonce=nonce).status == 200


def test_a_nonce_is_spent_even_by_a_request_that_is_refused(terminal: Machine) -> None:
    nonce = "0123456789abcdef"
    assert terminal.call("GET", "/device/v1/packages/none", nonce=nonce).status == 404
    assert terminal.call("GET", "/device/v1/packages/none", nonce=nonce).status == 401


def test_a_machine_that_is_unknown_not_enrolled_or_revoked_is_403(
    terminal: Machine, fresh_sn: str, site: Site
) -> None:
    terminal.memory.device_sn = "MBX-99999"
    unknown = terminal.heartbeat()
    terminal.memory.device_sn = fresh_sn
    registered = terminal.heartbeat()
    terminal.memory.device_sn = SN
    with begin(site, OPERATOR) as work:
        attendance.revoke(work, SN, "丢失")
    revoked = terminal.heartbeat()

    for answer in (unknown, registered, revoked):
        assert (answer.status, code_of(answer)) == (403, "attendance.device.refused")


@pytest.fixture
def fresh_sn(site: Site, cast: object) -> str:
    with begin(site, OPERATOR) as work:
        attendance.register(work, "MBX-00077", HOSPITAL, DeviceKind.MBOX)
    return "MBX-00077"


@pytest.mark.parametrize("path", ["", "nothing", "records", "packages/x/ack/y"])
def test_what_is_no_address_is_404(terminal: Machine, path: str) -> None:
    answer = terminal.call("DELETE", f"/device/v1/{path}" if path else "/device/v1/x")

    assert (answer.status, code_of(answer)) == (404, "device.request.nothing_here")


# ------------------------------------------------------------------ records


def posted(machine: Machine, body: bytes, *, key: str | None = None, **extra: str) -> Response:
    """A body sent to the records' door, under the batch id of its header where none is given."""
    header = peek(body)
    told = {"Idempotency-Key": key or (header.batch_id if header else "0" * 26)}
    more = {name.replace("_", "-"): value for name, value in extra.items()}
    return machine.call("POST", "/device/v1/records", body, extra=told | more)


def test_the_idempotency_key_must_be_there_lawful_and_the_files(
    terminal: Machine, count: Count
) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    data = terminal.export().data

    missing = terminal.call("POST", "/device/v1/records", data)
    malformed = posted(terminal, data, key="not a ULID")
    another = posted(terminal, data, key="01HX0000000000000000000000")

    assert [answer.status for answer in (missing, malformed, another)] == [400, 400, 400]
    assert code_of(another) == "attendance.upload.key_differs"
    assert count("upload") == count("upload_part") == count("swipe") == 0


def test_gzip_must_be_what_it_claims(terminal: Machine, count: Count) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    batch = terminal.export()
    packed = gzip.compress(batch.data)
    bad = (batch.data, packed[:-4], packed[:20], b"", packed + b"x")

    for body in bad:
        answer = posted(terminal, body, key=batch.batch_id, Content_Encoding="gzip")
        assert (answer.status, code_of(answer)) == (400, "device.request.not_gzip")
    unknown = posted(terminal, packed, key=batch.batch_id, Content_Encoding="br")
    assert (unknown.status, code_of(unknown)) == (400, "device.request.encoding")
    assert count("upload") == 0

    half = len(batch.data) // 2
    members = gzip.compress(batch.data[:half]) + gzip.compress(batch.data[half:])
    answer = posted(terminal, members, key=batch.batch_id, Content_Encoding="gzip")
    assert sums(answer) == (1, 0, 0, 0)


def test_what_is_too_large_is_413(
    terminal: Machine, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "MAX_SENT", 10_000)
    monkeypatch.setattr(exchange, "MAX_UNPACKED", 100_000)

    sent = posted(terminal, b"x" * 10_001)
    unpacked = posted(terminal, gzip.compress(b"x" * 100_001), Content_Encoding="gzip")
    just = posted(terminal, gzip.compress(b"x" * 100_000), Content_Encoding="gzip")

    assert (sent.status, code_of(sent)) == (413, "device.request.too_large")
    assert (unpacked.status, code_of(unpacked)) == (413, "device.request.too_large")
    assert (just.status, just.said["rejected"]) == (200, 1)
    assert count("upload") == 1


def test_the_same_bytes_again_get_the_first_answer(terminal: Machine, count: Count) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    terminal.tap(Card(uid=b"\x01\x02\x03\x04"), at=at("08:03:00"))
    batch = terminal.export()

    first = terminal.send_batch(batch)
    again = terminal.send_batch(batch, gzipped=False)
    looked = terminal.call("GET", f"/device/v1/records/{batch.batch_id}")

    assert first.said == again.said == looked.said
    assert (first.status, again.status, looked.status) == (200, 200, 200)
    assert count("upload") == 1
    assert count("swipe") == 2


def test_other_bytes_under_the_batch_id_of_a_good_file_are_409(
    terminal: Machine, count: Count
) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    first = terminal.export()
    terminal.send_batch(first)
    terminal.tap(held(CAO_JING), at=at("08:02:12"))
    second = terminal.export(batch_id=first.batch_id)

    answer = terminal.send_batch(second)

    assert (answer.status, code_of(answer)) == (409, "attendance.upload.batch_taken")
    assert count("upload") == count("swipe") == 1
    assert count("upload_part") == 1


def test_a_bad_copy_never_bars_the_batch_id(terminal: Machine) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    batch = terminal.export()

    cut = posted(terminal, batch.data[:-10], key=batch.batch_id)
    assert (cut.status, sums(cut)) == (200, (0, 0, 0, 1))
    kept = terminal.call("GET", f"/device/v1/records/{batch.batch_id}")
    assert kept.said == cut.said

    whole = terminal.send_batch(batch)
    assert (whole.status, sums(whole)) == (200, (1, 0, 0, 0))
    bad_after_good = posted(terminal, batch.data[:-11], key=batch.batch_id)
    assert (bad_after_good.status, sums(bad_after_good)) == (200, (0, 0, 0, 1))
    kept = terminal.call("GET", f"/device/v1/records/{batch.batch_id}")
    assert sums(kept) == (1, 0, 0, 0)


def test_a_batch_that_never_came_is_404(terminal: Machine, make_terminal: MakeTerminal) -> None:
    batch = terminal.export()
    terminal.send_batch(batch)
    other = make_terminal("MBX-00018")

    assert other.call("GET", f"/device/v1/records/{batch.batch_id}").status == 404
    assert terminal.call("GET", "/device/v1/records/01HX0000000000000000000000").status == 404
    assert terminal.call("GET", "/device/v1/records/x").status == 404


def test_the_file_of_another_machine_is_rejected_as_a_whole(
    terminal: Machine, make_terminal: MakeTerminal, site: Site
) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    data = terminal.export().data
    other = make_terminal("MBX-00018")

    answer = posted(other, data)

    assert (answer.status, sums(answer)) == (200, (0, 0, 0, 1))
    [result] = answer.said["results"]
    assert (result["status"], result["reason"], result["line"]) == ("rejected", "wrong_device", 1)
    assert answer.said["next_seq"] is None
    own = posted(terminal, data)
    assert sums(own) == (1, 0, 0, 0)
