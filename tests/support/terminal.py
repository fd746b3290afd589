"""考勤机 — a real stand-in machine at the real doors, its clock that of the test.

door                       sends a machine's requests to the app of the test's site
terminal                   MBX-00017 at H1, enrolled, with the package of the sample batch
make_terminal(sn, unit)    another one, enrolled, without a package
package(site, machine)     make the package of a batch, and let the machine fetch it
held(UIDS[no])             the card with that UID, as it is held to the reader
at("08:02:11")             a moment of the batch's first day, Beijing time
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask

from app.attendance import commands as attendance
from app.attendance.terms import DeviceKind
from app.base.site import Site
from app.base.work import begin
from app.kernel.span import in_ms, local
from device.mbox.machine import Card, Machine, Memory, Request, Response
from device.mbox.machine.wire import Send
from tests.support.cast import HOSPITAL, OPERATOR, UIDS, Cast
from tests.support.filing import NO, filed, project
from tests.support.serving import app_of

SN = "MBX-00017"

MakeTerminal = Callable[..., Machine]


def held(no: str) -> Card:
    """The card of that person, held to the reader."""
    return Card(uid=bytes.fromhex(UIDS[no]))


def at(clock: str, day: str = "2013-05-18") -> datetime:
    """A moment of the sample batch, in Beijing."""
    return local(f"{day}T{clock}")


@pytest.fixture
def app(site: Site) -> Flask:
    return app_of(site)


@pytest.fixture
def door(app: Flask) -> Send:
    client = app.test_client()

    def send(request: Request) -> Response:
        answer = client.open(
            request.path, method=request.method, headers=dict(request.headers), data=request.body
        )
        return Response(answer.status_code, answer.get_data())

    return send


@pytest.fixture
def make_terminal(site: Site, door: Send, cast: Cast) -> MakeTerminal:
    def make(sn: str = SN, unit: str = HOSPITAL) -> Machine:
        with begin(site, OPERATOR) as work:
            code = attendance.register(work, sn, unit, DeviceKind.MBOX).enrol_code
        assert code is not None
        machine = Machine(Memory(device_sn=sn), clock=lambda: in_ms(site.clock()))
        machine.send = door
        machine.enrol(code.reveal())
        return machine

    return make


def package(site: Site, machine: Machine, project_no: str = NO, batch: int = 1) -> None:
    """Let the machine have the package of a batch."""
    with begin(site, OPERATOR) as work:
        attendance.make_package(work, machine.memory.device_sn, project_no, batch)
    machine.fetch()


@pytest.fixture
def terminal(site: Site, make_terminal: MakeTerminal) -> Machine:
    filed(site, OPERATOR, project())
    machine = make_terminal()
    package(site, machine)
    return machine
