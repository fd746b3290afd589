"""The operator's verbs about terminals and their records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from device.mbox.machine import Card, Machine
from tests.support.cast import CAO_JING, HE_MIN, Spoken
from tests.support.filing import NO
from tests.support.terminal import at, held

Cli = Callable[..., Spoken]


def exported(machine: Machine, folder: Path, name: str = "a.mbxrec") -> Path:
    file = folder / name
    file.write_bytes(machine.export().data)
    return file


def test_a_file_by_cli_is_answered_like_one_by_http(
    terminal: Machine, cli: Cli, tmp_path: Path
) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    file = exported(terminal, tmp_path)

    spoken = cli("device", "upload", file, "--json")

    assert spoken.code == 0
    [said] = spoken.json
    assert said["file"] == str(file)
    assert said["http_status"] == 200
    assert (said["state"], said["accepted"], said["next_seq"]) == ("done", 1, 2)


def test_unknown_cards_wait_and_are_listed_and_attached(
    terminal: Machine, cli: Cli, tmp_path: Path
) -> None:
    terminal.tap(Card(uid=bytes.fromhex("0badcafe")), at=at("08:02:11"))
    [said] = cli("device", "upload", exported(terminal, tmp_path), "--json").json
    assert (said["quarantined"], said["results"][0]["reason"]) == (1, "unknown_card")

    listed = cli(
        "attendance", "list", "--project", NO, "--batch", 1, "--state", "quarantined", "--json"
    )
    assert listed.code == 0, listed.out
    [record] = listed.json["records"]
    assert (record["seq"], record["state"], record["reason"]) == (1, "quarantined", "unknown_card")

    done = cli(
        "attendance",
        "resolve",
        record["id"],
        "--person",
        CAO_JING,
        "--reason",
        "本人补卡",
        "--json",
    ).json

    assert (done["state"], done["person_no"], done["name"]) == ("accepted", CAO_JING, "曹静")
    again = cli("attendance", "resolve", record["id"], "--discard", "--reason", "x", "--json")
    assert (again.code, again.json["error"]["code"]) == (2, "attendance.record.not_waiting")
