"""过去 — the demo city's past: terminals that were at doors, and what was awarded for it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.attendance import commands as attendance
from app.attendance.queries.devices import device_of
from app.attendance.queries.lookups import activity_id_of
from app.attendance.terms import DeviceKind, DeviceState
from app.attendance.terms.drivers import Sent
from app.awards import queries as runs
from app.awards.queries import Run
from app.awards.terms import RunState
from app.base.work import Work
from app.cli.demo import awarding, materials, outsiders, rehearsal
from app.cli.demo.calendar import Calendar
from app.cli.demo.deliveries import Delivery, deliveries_of
from app.cli.demo.rehearsal import Act, Holding
from app.cli.demo.roster import Staff
from app.cli.demo.telling import tell
from app.cli.desk import Desk
from app.kernel.errors import ConflictError
from app.projects import queries as batches


def live_through_the_past(
    desk: Desk, folder: Path, staff: Staff, calendar: Calendar
) -> None:  # fmt: skip
    """Every terminal of the past is registered, was at its doors, and its files came in.

    One transaction a terminal: it is enrolled exactly when all its files are in.
    """
    for terminal in _terminals():
        with desk.work() as work:
            device = device_of(work, terminal["sn"])
            if device is not None and device.state is DeviceState.ENROLLED:
                continue
            own = folder / terminal["sn"]
            shutil.rmtree(own, ignore_errors=True)
            own.mkdir(mode=0o700)
            count = _live(work, own, terminal, staff, calendar)
        tell("seed.terminal", sn=terminal["sn"], files=count)


def award_the_past(desk: Desk, calendar: Calendar) -> None:
    """What was held is awarded in the order in which it was, save what is still waiting for it."""
    held = [
        holding
        for terminal in _terminals()
        for holding in rehearsal.holdings_of(terminal, calendar)
        if holding.told.get("awarded", True)
    ]
    granted = refused = 0
    for one in sorted(held, key=lambda one: (one.day, one.project_no)):
        run = _run_of(desk, one) or awarding.award(desk, one.project_no, one.batch, here=True)
        granted, refused = granted + run.granted, refused + run.refused
    tell("seed.awarded", batches=len(held), granted=granted, refused=refused)


def _terminals() -> tuple[Mapping[str, Any], ...]:
    return tuple(materials.tables("terminals")["terminals"])


def _live(
    work: Work, folder: Path, terminal: Mapping[str, Any], staff: Staff, calendar: Calendar
) -> int:
    """One terminal's past; how many files it sent."""
    sn = terminal["sn"]
    enrolment = _enrolled(work, sn, terminal["unit"])
    acts: list[Act] = [enrolment]
    files: list[Delivery] = []
    seq = 1
    for number, holding in enumerate(rehearsal.holdings_of(terminal, calendar), start=1):
        package = folder / f"{number:02}.mbxpkg"
        package.write_bytes(attendance.make_package(work, sn, holding.project_no, holding.batch)[1])
        acts.append(["load", str(package)])
        taps = 0
        batch = batches.batch_of(work, holding.project_no, holding.batch)
        for sitting in rehearsal.sittings(terminal, holding, staff, activity_id_of(batch.id)):
            acts += rehearsal.acts(sitting)
            taps += len(sitting.taps)
        written = list(deliveries_of(holding.told, folder, f"{number:02}", seq, taps))
        acts += [one.act for one in written]
        files += written
        seq += taps
    outsiders.terminal(folder / "memory", acts)
    for one in files:
        attendance.upload(work, sent(one.arrived()))
    return len(files)


def _enrolled(work: Work, sn: str, unit: str) -> Act:
    """Register a terminal and trade its code; the command that gives it its key."""
    code = attendance.register(work, sn, unit, DeviceKind.MBOX).enrol_code
    if code is None:
        raise ConflictError("attendance.device.other_kind", sn=sn, kind=DeviceKind.MBOX)
    enrolled = attendance.enrol(work, sn, code)
    key = ["--key", enrolled.key.reveal(), "--key-id", enrolled.key_id]
    return ["enrol", "--sn", sn, *key]


def sent(content: bytes) -> Sent:
    """The bytes of a file, as a stick brings them."""
    return Sent.weighed(lambda: iter((content,)))


def _run_of(desk: Desk, holding: Holding) -> Run | None:
    """The run of a holding that is in force."""
    with desk.work() as work:
        batch = batches.batch_of(work, holding.project_no, holding.batch)
        return runs.latest_run(work, batch.id, RunState.DONE)
