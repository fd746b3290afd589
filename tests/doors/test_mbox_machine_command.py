"""The stand-in machine as a command, with its folder and its network (python -m ...)."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.kernel.errors import InvalidError, UnavailableError
from app.kernel.span import SHANGHAI, in_ms
from device.mbox.contents import Activity, Listed, Manifest
from device.mbox.machine import Request
from device.mbox.machine.__main__ import main
from device.mbox.machine.wire import over_http
from device.mbox.package import build, uid_hash
from device.mbox.signing import Signed
from device.mbox.terms import Fault
from tests.support.batches import KEY, read

DAY = datetime(2013, 5, 18, 8, 0, tzinfo=SHANGHAI)
SALT = bytes(16)

Machine = Callable[..., Any]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package file for MBX-1 with one person."""
    manifest = Manifest(
        package_id="01HW0000000000000000000001",
        package_seq=1,
        device_sn="MBX-1",
        generated_at=DAY,
        valid_from=DAY,
        valid_until=DAY + timedelta(days=1),
        salt=SALT,
        key_id="k1",
    )
    task = Activity(
        activity_id="A-77",
        project_no="2013-03-01-007(国)",
        project_name="心血管急症处理",
        batch_no=1,
        unit="一院",
        venue=None,
        starts_at=DAY,
        ends_at=DAY + timedelta(hours=10),
        credit_level="national",
        sessions=(),
    )
    person = Listed("162700001", "安娜", "一院", uid_h=uid_hash(SALT, b"\x04\xa1\xb2\xc3"))
    path = tmp_path / "1.mbxpkg"
    path.write_bytes(build(manifest, activities=[task], roster=[person], revoked=[], key=KEY))
    return path


@pytest.fixture
def machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Machine:
    """The command on a folder of its own; gives back what it said, or its words on a refusal."""

    def run(*arguments: object) -> Any:
        code = main(["--state", str(tmp_path / "memory"), *map(str, arguments)])
        out, err = capsys.readouterr()
        if code:
            assert (code, out) == (2, "")
            return err
        assert err == ""
        return json.loads(out)

    return run


def test_a_machine_is_begun_loaded_tapped_and_exported_by_commands(
    machine: Machine, package: Path, tmp_path: Path
) -> None:
    enrolled = machine("enrol", "--sn", "MBX-1", "--key", KEY.hex())
    loaded = machine("load", package)
    machine("sync", "--server-shows", "2013-05-18T08:00")
    first = machine("tap", "--uid", "04A1B2C3", "--at", "2013-05-18T08:02:11")
    second = machine("tap", "--card", "4711", "--at", "2013-05-18T08:02:12", "--dir", "in")
    out = machine("export", "--out", tmp_path)
    shown = machine("show")

    assert enrolled == {"device_sn": "MBX-1", "key_id": "k1"}
    assert loaded[0]["activities"] == ["A-77"]
    assert (first["seq"], first["name"], first["res"]) == (1, "安娜", "ok")
    assert (second["seq"], second["res"]) == (2, "unknown_card")
    assert Path(out["file"]).name == "mbx-MBX-1-1-1-2.mbxrec"
    rows, outcome = read(Path(out["file"]).read_bytes())
    assert outcome.fault is None
    assert [(row[2], row[3], row[8]) for row in rows] == [
        ("162700001", None, "none"),
        (None, "4711", "in"),
    ]
    assert rows[0][5] == in_ms(DAY) + 131_000
    assert (shown["last_seq"], shown["unsent"], shown["unanswered"]) == (2, 0, [out["batch_id"]])


@pytest.mark.parametrize(
    ("lie", "fault"),
    [
        (["--flip=-3:1"], Fault.MALFORMED),
        (["--cut", "700"], Fault.MALFORMED),
        (["--crlf"], Fault.MALFORMED),
        (["--bom"], Fault.MALFORMED),
        (["--wrong-key"], Fault.BAD_SIGNATURE),
        (["--no-anchors", "--as-device", "MBX-2", "--from", "1", "--to", "1"], None),
    ],
)
def test_it_misbehaves_when_told(
    machine: Machine, package: Path, tmp_path: Path, lie: list[str], fault: Fault | None
) -> None:
    machine("enrol", "--sn", "MBX-1", "--key", KEY.hex())
    machine("load", package)
    machine("tap", "--uid", "04a1b2c3", "--at", "2013-05-18T08:02:11")

    out = tmp_path / "harmed.mbxrec"
    machine("export", "--out", out, *lie)

    assert read(out.read_bytes())[1].fault is fault


def test_a_wrong_clock_stays_wrong_and_a_boot_stays_on(
    machine: Machine, package: Path, tmp_path: Path
) -> None:
    machine("enrol", "--sn", "MBX-1", "--key", KEY.hex())
    machine("load", package)
    machine("--now", "2013-05-18T08:00", "tap", "--uid", "04a1b2c3", "--clock-offset", "28800")
    machine("--now", "2013-05-18T08:05", "tap", "--uid", "04a1b2c3")
    machine("--now", "2013-05-18T09:00", "tap", "--uid", "04a1b2c3", "--boot", "second")
    machine("--now", "2013-05-18T09:01", "tap", "--uid", "04a1b2c3", "--boot", "second")
    out = tmp_path / "out.mbxrec"
    machine("export", "--out", out)

    rows, _ = read(out.read_bytes())

    assert [row[5] - in_ms(DAY) for row in rows] == [
        28_800_000,
        29_100_000,
        32_400_000,
        32_460_000,
    ]
    assert [row[7] for row in rows[1:]] == [rows[0][7] + 300_000, 0, 60_000]
    assert [row[6] for row in rows[2:]] == ["second", "second"]


def test_clearing_and_setting_back_are_kept(machine: Machine, package: Path) -> None:
    machine("enrol", "--sn", "MBX-1", "--key", KEY.hex())
    machine("load", package)
    for second in (10, 11, 12):
        machine("tap", "--person", "162700001", "--at", f"2013-05-18T08:02:{second}")

    assert machine("rewind", 1) == {"last_seq": 1}
    assert machine("tap", "--card", "1", "--at", "2013-05-18T08:03:00")["seq"] == 2
    assert machine("clear") == {"epoch": 2}
    assert machine("tap", "--card", "1", "--at", "2013-05-18T08:04:00")["seq"] == 1


def test_a_record_torn_by_a_power_cut_is_forgotten_and_the_rest_goes_on(
    machine: Machine, package: Path, tmp_path: Path
) -> None:
    machine("enrol", "--sn", "MBX-1", "--key", KEY.hex())
    machine("load", package)
    machine("tap", "--card", "1", "--at", "2013-05-18T08:02:10")
    journal = tmp_path / "memory" / "records-1.ndjson"
    journal.write_bytes(journal.read_bytes() + b'{"t":"R","seq":2,"acti')

    assert machine("tap", "--card", "1", "--at", "2013-05-18T08:02:11")["seq"] == 2
    assert machine("export", "--out", tmp_path / "out")["last_seq"] == 2
    assert read((tmp_path / "out").read_bytes())[1].fault is None


def test_a_refusal_is_a_line_and_exit_code_2(
    machine: Machine, package: Path, tmp_path: Path
) -> None:
    assert machine("show") == f"device.machine.none (folder: {tmp_path / 'memory'})\n"
    assert machine("enrol", "--sn", "MBX-1").startswith("device.machine.needs")
    machine("enrol", "--sn", "MBX-1", "--key", KEY.hex())
    assert machine("enrol", "--sn", "MBX-2", "--key", KEY.hex()).startswith(
        "device.machine.another"
    )
    assert machine("tap", "--card", "1") == "device.machine.no_package\n"
    assert machine("upload") == "device.machine.no_server\n"
    assert "No such file" in machine("load", tmp_path / "nothing")
    machine("load", package)
    assert machine("export", "--out", tmp_path / "x", "--to", "5").startswith(
        "device.machine.no_such_records"
    )


def test_many_commands_are_done_in_one_go_and_what_was_done_before_a_refusal_stays(
    machine: Machine, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def play(*acts: list[str]) -> Any:
        monkeypatch.setattr(
            "sys.stdin", io.StringIO("".join(f"{json.dumps(act)}\n" for act in acts))
        )
        return machine("play")

    said = play(
        ["enrol", "--sn", "MBX-1", "--key", KEY.hex()],
        ["load", str(package)],
        ["--now", "2013-05-18T07:00", "sync", "--server-shows", "2013-05-18T07:00"],
        ["tap", "--uid", "04a1b2c3", "--card", "77", "--at", "2013-05-18T08:02:10"],
    )
    assert said[2]["server_ms"] == in_ms(DAY - timedelta(hours=1))
    assert (said[3]["person_no"], said[3]["res"]) == ("162700001", "ok")

    refused = play(["tap", "--uid", "04a1b2c3", "--at", "2013-05-18T09:00:00"], ["tap"])
    assert refused.startswith("device.machine.needs")
    assert machine("show")["last_seq"] == 2


class Echo(BaseHTTPRequestHandler):
    """A server that says what it was sent."""

    def do_POST(self) -> None:
        """Answers 202 with what came."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = Signed.of(self.headers)  # type: ignore[arg-type]  # a message has get(), as asked
        said = {"path": self.path, "body": body.hex(), "device": signed and signed.device_sn}
        self.send_response(202)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    """The address of a server that says what it was sent."""
    server = HTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_request_goes_over_the_wire_as_it_is(echo: str) -> None:
    headers = {
        "X-Mbx-Device": "MBX-1",
        "X-Mbx-Time": "1368871500",
        "X-Mbx-Nonce": "n" * 16,
        "X-Mbx-Signature": "a" * 64,
    }

    answer = over_http(echo)(Request("POST", "/device/v1/records?x=1", headers, b"\x00\xff"))

    assert answer.status == 202
    assert answer.said == {"path": "/device/v1/records?x=1", "body": "00ff", "device": "MBX-1"}


def test_an_address_that_is_none_and_a_server_that_is_silent_are_named() -> None:
    with pytest.raises(InvalidError, match="not_http"):
        over_http("ftp://127.0.0.1/")
    with pytest.raises(UnavailableError, match="silent"):
        over_http("http://127.0.0.1:1")(Request("GET", "/"))
