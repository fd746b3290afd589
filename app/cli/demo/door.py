"""门口 — the terminal of the main job: enrolled over the network, it goes on from run to run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.attendance import commands as attendance
from app.attendance.queries.devices import device_of
from app.attendance.queries.lookups import activity_id_of
from app.attendance.terms import DeviceKind, DeviceState
from app.cli.demo import outsiders, rehearsal
from app.cli.demo.rehearsal import Act, Holding
from app.cli.demo.roster import Staff
from app.cli.desk import Desk
from app.kernel.errors import ConflictError, UnavailableError
from app.projects.terms import Batch

_WAIT_S = "20"
_OK = 200


@dataclass(frozen=True, slots=True)
class Day:
    """门口的一天 — what the terminal did; `fresh` where it did it for the first time.

    `answer` is the server's answer to the one file, `file` its bytes as a stick would carry them.
    """

    fresh: bool
    listed: int
    revoked: int
    taps: int
    answer: Mapping[str, Any]
    file: bytes


class Terminal:
    """考勤机 — a stand-in with a network, and the folder in which it keeps its memory."""

    def __init__(self, desk: Desk, told: Mapping[str, Any], folder: Path, web: str) -> None:
        self._desk = desk
        self._told = told
        self._memory = folder / told["sn"]
        self._web = web

    def day(self, holding: Holding, batch: Batch, staff: Staff) -> Day:
        """Let it be at the door that day and upload; later, let it upload the same again."""
        fresh = not self._goes_on()
        acts: list[Act] = [["move", self._web]]
        if fresh:
            number = self._enrol()
            with self._desk.work() as work:
                attendance.make_package(work, self._told["sn"], holding.project_no, holding.batch)
            sittings = rehearsal.sittings(self._told, holding, staff, activity_id_of(batch.id))
            # A terminal that begins anew has lost its records: it says so by its epoch.
            acts += [["fetch"], *[["clear"]] * (number - 1)]
            acts += [act for one in sittings for act in rehearsal.acts(one, online=True)]
        acts += [["upload", "--again", "--wait", _WAIT_S], ["show"]]
        said = self._do(acts)
        # Whoever played with the terminal meanwhile has given it more files: ours is the first.
        answer = said[-2][0]
        if answer["http_status"] != _OK:
            raise UnavailableError("demo.upload.refused", said=answer)
        loaded = said[1][0] if fresh else {"roster": 0, "revoked": 0}
        # A stick carries the very bytes that went over the network.
        file = (self._memory / f"{answer['batch_id']}.mbxrec").read_bytes()
        return Day(fresh, loaded["roster"], loaded["revoked"], said[-1]["last_seq"], answer, file)

    def _goes_on(self) -> bool:
        """Whether it was here before: it has records, and the server still takes its signature."""
        with self._desk.work() as work:
            device = device_of(work, self._told["sn"])
        if device is None or device.state is not DeviceState.ENROLLED or not self._memory.exists():
            return False
        said = self._do([["move", self._web], ["show"], ["heartbeat"]])
        return bool(said[1]["last_seq"]) and said[2]["http_status"] == _OK

    def _enrol(self) -> int:
        """Trade a one-time code for a key; the how manieth key of this terminal it is."""
        sn = self._told["sn"]
        shutil.rmtree(self._memory, ignore_errors=True)
        with self._desk.work() as work:
            code = attendance.register(work, sn, self._told["unit"], DeviceKind.MBOX).enrol_code
        if code is None:
            raise ConflictError("attendance.device.other_kind", sn=sn, kind=DeviceKind.MBOX)
        enrol = ["enrol", "--sn", sn, "--server", self._web, "--code", code.reveal()]
        return int(self._do([enrol])[0]["key_id"].removeprefix("k"))

    def _do(self, acts: list[Act]) -> list[Any]:
        return outsiders.terminal(self._memory, acts)
