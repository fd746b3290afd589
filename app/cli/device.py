"""考勤机 — the operator's verbs about terminals, their packages and their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from app.attendance import commands as attendance
from app.attendance.queries import uploads
from app.attendance.terms import Answer, DeviceKind, UploadState
from app.attendance.terms.drivers import Sent
from app.base import words
from app.cli.desk import REFUSED, Desk, help_of, verb
from app.kernel.errors import CmeError, InvalidError
from app.kernel.secret import Secret

_BLOCK = 1024 * 1024
_OK, _ACCEPTED, _UNREADABLE = 200, 202, 400


@click.group("device", help=help_of("device"))
def group() -> None:
    """Verbs about attendance terminals."""


@verb(group, "register", "attendance.register")
@click.argument("sn")
@click.option("--unit", "unit_code", required=True, help=help_of("device.unit"))
@click.option(
    "--kind",
    type=click.Choice([one.value for one in DeviceKind]),
    default=DeviceKind.MBOX.value,
    help=help_of("device.kind"),
)
def register(desk: Desk, sn: str, unit_code: str, kind: str) -> dict[str, Any]:
    with desk.work() as work:
        done = attendance.register(work, sn, unit_code, DeviceKind(kind))
    code = done.enrol_code
    return {"device_sn": done.sn, "enrol_code": None if code is None else code.reveal()}


@verb(group, "enrol", "attendance.enrol")
@click.argument("sn")
@click.option("--code", required=True, help=help_of("device.code"))
def enrol(desk: Desk, sn: str, code: str) -> dict[str, Any]:
    with desk.work() as work:
        done = attendance.enrol(work, sn, Secret(code))
    return {"key_id": done.key_id, "key": done.key.reveal()}


@verb(group, "revoke", "attendance.revoke")
@click.argument("sn")
@click.option("--reason", required=True, help=help_of("device.reason"))
def revoke(desk: Desk, sn: str, reason: str) -> dict[str, Any]:
    with desk.work() as work:
        attendance.revoke(work, sn, reason)
    return {"device_sn": sn, "revoked": True}


@verb(group, "package", "attendance.make_package")
@click.argument("sn")
@click.option("--project", "project_no", required=True, help=help_of("device.project"))
@click.option("--batch", "batch_no", type=int, required=True, help=help_of("device.batch"))
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
    help=help_of("device.out"),
)  # fmt: skip
def package(desk: Desk, sn: str, project_no: str, batch_no: int, out: Path) -> dict[str, Any]:
    with desk.work() as work:
        made, body = attendance.make_package(work, sn, project_no, batch_no)
        _write(out, body)
    return {
        "package_id": made.id,
        "package_seq": made.seq,
        "roster": made.roster_count,
        "device_sn": sn,
        "file": str(out),
    }


@verb(group, "upload", "attendance.upload", "attendance.take_in", "attendance.answer_about")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--wait", is_flag=True, help=help_of("device.wait"))
def upload(desk: Desk, files: tuple[Path, ...], *, wait: bool) -> list[dict[str, Any]]:
    answers = [_upload(desk, file, wait=wait) for file in files]
    for answer in answers:
        if "error" in answer:
            desk.code = REFUSED
            click.echo(f"{answer['file']}: {answer['error']['message']}", err=True)
    return answers


def _upload(desk: Desk, file: Path, *, wait: bool) -> dict[str, Any]:
    """What became of one file, or why it is refused."""
    try:
        sent = _sent(file)
        with desk.work(deliver=False) as work:
            answer = attendance.upload(work, sent)
        if wait:
            answer = _awaited(desk, answer)
    except CmeError as error:
        said = {"code": error.code, "message": words.of_error(error)}
        status = _UNREADABLE if isinstance(error, InvalidError) else error.http_status
        return {"file": str(file), "http_status": status, "error": said}
    status = _ACCEPTED if answer.state is UploadState.QUEUED else _OK
    return {"file": str(file), "http_status": status, **answer.plain()}


def _awaited(desk: Desk, answer: Answer) -> Answer:
    """The answer once the file is in: taken in here, or by whoever has it in hand."""
    if answer.state is UploadState.QUEUED:
        with desk.work() as work:
            attendance.take_in(work, answer.upload_id)
    with desk.work() as work:
        return uploads.answer_about(work, answer.upload_id)


def _sent(file: Path) -> Sent:
    """The file as it stands; InvalidError where it cannot be read."""

    def blocks() -> Iterator[bytes]:
        with file.open("rb") as opened:
            while block := opened.read(_BLOCK):
                yield block

    try:
        return Sent.weighed(blocks)
    except OSError as fault:
        why = fault.strerror or type(fault).__name__
        raise InvalidError("attendance.upload.unreadable", file=str(file), why=why) from None


def _write(out: Path, body: bytes) -> None:
    """Write the package, before the work commits: what cannot be written is not made."""
    try:
        out.write_bytes(body)
    except OSError as fault:
        why = fault.strerror or type(fault).__name__
        raise InvalidError("attendance.package.unwritable", file=str(out), why=why) from None
