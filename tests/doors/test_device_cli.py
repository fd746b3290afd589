"""The operator's verbs about terminals and their records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.attendance.steps import intake
from app.base.site import Site
from app.kernel.secret import Secret
from app.kernel.span import in_ms
from device.mbox import package as packages
from device.mbox.machine import Card, Machine, Memory
from tests.support.cast import CAO_JING, HE_MIN, OPERATOR, Cast, Spoken
from tests.support.filing import NO, filed, project
from tests.support.terminal import SN, at, held

Cli = Callable[..., Spoken]


def exported(machine: Machine, folder: Path, name: str = "a.mbxrec", **how: Any) -> Path:
    file = folder / name
    file.write_bytes(machine.export(**how).data)
    return file


def refused(spoken: Spoken) -> str:
    """The code of a refusal, which exits 2 and says a sentence."""
    assert spoken.code == 2
    assert spoken.err.strip() == spoken.json["error"]["message"]
    return str(spoken.json["error"]["code"])


# ------------------------------------------------------------------ a card that was lost


def test_a_loss_reported_after_the_award_takes_the_credit_back_with_the_next_run(
    site: Site, terminal: Machine, cli: Cli, tmp_path: Path
) -> None:
    cli("standards", "load")
    for day, clock in (("2013-05-18", "08:02:11"), ("2013-05-19", "17:31:40")):
        terminal.tap(held(HE_MIN), at=at(clock, day))
    cli("device", "upload", exported(terminal, tmp_path))
    plan = ("--project", NO, "--batch", 1, "--json")
    first = cli("award", "run", "--wait", *plan).json
    assert (first["granted"], first["refused"]) == (1, 0)

    cli("card", "set", HE_MIN, "--state", "lost", "--since", "2013-05-19T12:00")

    waiting = cli("attendance", "list", "--state", "quarantined", *plan).json["records"]
    assert [(one["at"], one["reason"], one["card_no"]) for one in waiting] == [
        ("2013-05-19T17:31:40+08:00", "revoked_card", HE_MIN)
    ]
    preview = cli("award", "preview", *plan).json
    assert preview["reasons"] == {"CARD_REVOKED": 1, "WINDOW_MISSING": 1}
    told = preview["verdicts"][0]["reasons"][0]["text"]
    assert told.startswith("你 5 月 19 日 17:31:40 刷的卡当时已经挂失，这次刷卡不计。")
    assert cli("credits", "show", HE_MIN, "--json").json["have"]["total"] == "5.00"
    again = cli("award", "run", "--wait", *plan).json
    assert again["reasons"] == preview["reasons"]
    assert cli("credits", "show", HE_MIN, "--json").json["have"]["total"] == "0.00"

    cli("card", "set", HE_MIN, "--state", "active")
    assert cli("award", "run", "--wait", *plan).json["granted"] == 1


# ------------------------------------------------------------------ terminals


def test_a_machine_lives_by_cli_alone(site: Site, cast: Cast, cli: Cli, tmp_path: Path) -> None:
    filed(site, OPERATOR, project())

    registered = cli("device", "register", SN, "--unit", "H1", "--json").json
    assert set(registered) == {"device_sn", "enrol_code"}
    enrolled = cli("device", "enrol", SN, "--code", registered["enrol_code"], "--json").json
    assert set(enrolled) == {"key_id", "key"}
    out = tmp_path / "a.mbxpkg"
    made = cli("device", "package", SN, "--project", NO, "--batch", 1, "--out", out, "--json").json
    assert (made["package_seq"], made["roster"]) == (1, 4)

    memory = Memory(device_sn=SN, key_id=enrolled["key_id"], key=Secret(enrolled["key"]))
    machine = Machine(memory, clock=lambda: in_ms(site.clock()))
    machine.load(out.read_bytes())
    machine.meet(in_ms(site.clock()))
    machine.tap(held(HE_MIN), at=at("08:02:11"))
    [said] = cli("device", "upload", exported(machine, tmp_path), "--json").json

    assert said["accepted"] == 1
    assert cli("device", "revoke", SN, "--reason", "丢失", "--json").json == {
        "device_sn": SN, "revoked": True
    }  # fmt: skip


def test_packages_are_numbered_and_salted_anew(terminal: Machine, cli: Cli, tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        out = tmp_path / name
        cli("device", "package", SN, "--project", NO, "--batch", 1, "--out", out)
        found.append(packages.read(out.read_bytes(), terminal.key).manifest)

    assert [one.package_seq for one in found] == [2, 3]
    assert found[0].salt != found[1].salt
    assert len(found[0].salt) == 16


def test_a_machine_of_another_kind_has_no_code(cli: Cli, cast: Cast) -> None:
    spoken = cli(
        "device", "register", "CGBM204960001", "--unit", "H1", "--kind", "zkteco", "--json"
    )
    assert spoken.json == {"device_sn": "CGBM204960001", "enrol_code": None}

    assert refused(
        cli("device", "register", "CGBM204960001", "--unit", "H1", "--json")
    ) == "attendance.device.other_kind"  # fmt: skip


@pytest.mark.parametrize("sn", ["", "a b", "机", "-x", "x" * 65, "a/b", "a\nb"])
def test_a_serial_that_no_header_could_carry_is_refused(sn: str, cli: Cli, cast: Cast) -> None:
    spoken = cli("device", "register", "--unit", "H1", "--json", "--", sn)

    assert refused(spoken) == "attendance.device.serial"


def test_refusals_of_terminals_are_sentences(terminal: Machine, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "x"

    assert refused(cli("device", "register", "N1", "--unit", "?", "--json")) == "org.unit.unknown"
    assert (
        refused(cli("device", "enrol", SN, "--code", "x", "--json")) == "attendance.enrol.refused"
    )
    assert (
        refused(cli("device", "revoke", "N1", "--reason", "x", "--json"))
        == "attendance.device.unknown"
    )
    assert (
        refused(cli("device", "revoke", SN, "--reason", " ", "--json"))
        == "attendance.reason.missing"
    )
    wanted = ("--batch", 1, "--out", out, "--json")
    assert (
        refused(cli("device", "package", SN, "--project", "2099-01-01-001", *wanted))
        == "projects.batch.unknown"
    )
    assert (
        refused(cli("device", "package", "N1", "--project", NO, *wanted))
        == "attendance.device.unknown"
    )
    cli("device", "register", "N2", "--unit", "H1")
    assert refused(
        cli("device", "package", "N2", "--project", NO, *wanted)
    ) == "attendance.package.not_enrolled"  # fmt: skip
    cli("device", "revoke", SN, "--reason", "x")
    assert (
        refused(cli("device", "revoke", SN, "--reason", "x", "--json"))
        == "attendance.device.revoked_already"
    )


def test_a_package_that_cannot_be_written_is_not_made(
    terminal: Machine, cli: Cli, tmp_path: Path, count: Callable[..., int]
) -> None:
    before = count("device_package")

    spoken = cli(
        "device", "package", SN, "--project", NO, "--batch", 1, "--out", tmp_path / "no" / "x",
        "--json",
    )  # fmt: skip

    assert refused(spoken) == "attendance.package.unwritable"
    assert count("device_package") == before


# ------------------------------------------------------------------ files


def test_a_file_by_cli_is_answered_like_one_by_http(
    terminal: Machine, cli: Cli, tmp_path: Path
) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    file = exported(terminal, tmp_path)

    spoken = cli("device", "upload", file, "--json")

    assert spoken.code == 0
    [said] = spoken.json
    by_http = terminal.send_batch(terminal.memory.batches[-1]).said
    assert said == {"file": str(file), "http_status": 200, **by_http}


def test_files_are_answered_in_their_order_and_a_refused_one_stands_among_them(
    terminal: Machine, cli: Cli, tmp_path: Path
) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    first = exported(terminal, tmp_path, "1.mbxrec")
    terminal.tap(held(CAO_JING), at=at("08:03:11"))
    batch_id = terminal.memory.batches[-1].batch_id
    other = exported(terminal, tmp_path, "2.mbxrec", batch_id=batch_id)
    cut = tmp_path / "3.mbxrec"
    cut.write_bytes(first.read_bytes()[:-20])

    spoken = cli("device", "upload", other, cut, first, tmp_path / "none", tmp_path, "--json")

    assert spoken.code == 2
    said = spoken.json
    assert [one["file"] for one in said][:3] == [str(other), str(cut), str(first)]
    assert [one["http_status"] for one in said] == [200, 200, 409, 400, 400]
    assert (said[0]["quarantined"], said[1]["rejected"]) == (1, 1)
    assert [one["error"]["code"] for one in said[2:]] == [
        "attendance.upload.batch_taken", *["attendance.upload.unreadable"] * 2
    ]  # fmt: skip
    assert spoken.err.splitlines() == [
        f"{one['file']}: {one['error']['message']}" for one in said[2:]
    ]


def test_a_file_all_of_whose_records_are_rejected_has_an_answer(
    terminal: Machine, cli: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "x.mbxrec"
    file.write_bytes(b"not a file of records\n")
    nobody = exported(terminal, tmp_path, device_sn="MBX-99999")

    spoken = cli("device", "upload", file, nobody, "--json")

    assert spoken.code == 0
    assert [one["results"][0]["reason"] for one in spoken.json] == ["malformed", "wrong_device"]
    assert [one["batch_id"] is None for one in spoken.json] == [True, False]
    again = cli("device", "upload", file, nobody, "--json")
    assert again.json == spoken.json


def test_a_file_of_a_machine_without_a_key_is_refused(
    terminal: Machine, cli: Cli, tmp_path: Path, count: Callable[..., int]
) -> None:
    cli("device", "register", "N2", "--unit", "H1")
    unenrolled = exported(terminal, tmp_path, "a", device_sn="N2")
    own = exported(terminal, tmp_path, "b")
    cli("device", "revoke", SN, "--reason", "丢失")

    spoken = cli("device", "upload", unenrolled, own, "--json")

    assert spoken.code == 2
    assert [one["http_status"] for one in spoken.json] == [403, 403]
    assert count("upload") == 0


def test_a_large_file_is_queued_and_waited_for_where_asked(
    terminal: Machine, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "SMALL", 10)
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    file = exported(terminal, tmp_path)

    [queued] = cli("device", "upload", file, "--json").json
    assert (queued["http_status"], queued["state"]) == (202, "queued")
    assert queued["status_url"].startswith("/device/v1/records/")

    terminal.tap(held(CAO_JING), at=at("08:03:11"))
    [waited] = cli("device", "upload", exported(terminal, tmp_path, "b"), "--wait", "--json").json
    assert (waited["http_status"], waited["state"], waited["quarantined"]) == (200, "done", 1)


def test_without_json_the_answers_are_for_people(
    terminal: Machine, cli: Cli, tmp_path: Path
) -> None:
    terminal.tap(Card(card_no="9"), at=at("08:02:11"))

    spoken = cli("device", "upload", exported(terminal, tmp_path))

    assert "查不到这张卡是谁的" in spoken.out


# ------------------------------------------------------------------ records


def test_unknown_cards_wait_and_are_listed_and_attached(
    terminal: Machine, cli: Cli, tmp_path: Path
) -> None:
    terminal.tap(Card(uid=bytes.fromhex("0badcafe")), at=at("08:02:11"))
    [said] = cli("device", "upload", exported(terminal, tmp_path), "--json").json
    assert (said["quarantined"], said["results"][0]["reason"]) == (1, "unknown_card")

    wanted = ("--project", NO, "--batch", 1, "--state", "quarantined", "--json")
    [record] = cli("attendance", "list", *wanted).json["records"]
    assert (record["seq"], record["state"], record["reason"]) == (1, "quarantined", "unknown_card")
    assert (record["at_dev"], record["at"]) == ("2013-05-18T08:02:11+08:00",) * 2

    attach = ("--person", CAO_JING, "--reason", "本人补卡", "--json")
    done = cli("attendance", "resolve", record["id"], *attach).json

    assert (done["state"], done["person_no"], done["name"]) == ("accepted", CAO_JING, "曹静")
    assert cli("attendance", "list", *wanted).json == {"records": []}
    again = cli("attendance", "resolve", record["id"], "--discard", "--reason", "x", "--json")
    assert refused(again) == "attendance.record.not_waiting"
