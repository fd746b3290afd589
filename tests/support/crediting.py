"""得分 — people who were at a project of the first hospital, and have its credit.

credited(site, machine, NO, held(HE_MIN), ...)    5 credits of 2013 for each of these cards
"""

from __future__ import annotations

from app.awards import commands as awards
from app.awards.terms import Options
from app.base import outbox
from app.base.site import Site
from app.base.work import begin
from device.mbox.machine import Card, Machine
from tests.support import filing
from tests.support.cast import OPERATOR
from tests.support.terminal import at, package


def credited(site: Site, machine: Machine, no: str, *present: Card) -> int:
    """The run that gave it."""
    filing.filed(site, OPERATOR, filing.project(no))
    package(site, machine, no)
    for card in present:
        machine.tap(card, at=at("08:02:11"))
        machine.tap(card, at=at("17:31:40", "2013-05-19"))
    [answer] = machine.upload()
    assert answer.status == 200
    with begin(site, OPERATOR) as work:
        run_id = awards.ask(work, no, 1, Options())
    for message in work.messages:
        outbox.deliver(site, message.id)
    return run_id
