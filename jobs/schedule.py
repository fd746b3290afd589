"""定时 — periodic work as one table; `python -m jobs.schedule`.

Each turn of each job is claimed by a row in the database, so that two schedulers, or one that was
restarted, give it out once; the work itself goes through the outbox like all other.
"""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from app import config
from app.base import outbox
from app.base.site import Site
from app.base.work import begin
from app.kernel.actor import Actor, Role, Via
from app.kernel.place import Place
from app.kernel.span import day_start, local_date
from app.main import build

_LOOK_S = 20.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Periodic:
    """定时任务 — a topic told once in each period, `after` it began; periods divide the day."""

    topic: str
    every: timedelta
    after: timedelta = timedelta()

    def turn(self, now: datetime) -> datetime | None:
        """The beginning of the period whose turn has come today, None before the first."""
        midnight = day_start(local_date(now))
        passed = now - midnight - self.after
        return None if passed < timedelta() else midnight + passed // self.every * self.every


JOBS = (
    # A binding that waits a day takes effect within minutes of it.
    Periodic("accounts.settle", every=timedelta(minutes=5)),
    Periodic("accounts.recheck", every=timedelta(days=1)),
    # One that is over is so at once; this tells its person.
    Periodic("transfers.expire", every=timedelta(days=1)),
    Periodic("house.sweep", every=timedelta(hours=1)),
    Periodic("credits.check", every=timedelta(days=1), after=timedelta(hours=3)),
)


def tell_due(site: Site) -> list[str]:
    """Tell every topic whose turn has come and that nobody told yet; which those were."""
    told = []
    for job in JOBS:
        turn = job.turn(site.clock())
        robot = Actor("robot:schedule", Via.JOB, Place.root(), Role.ROBOT)
        if turn is not None:
            with begin(site, robot) as work:
                if outbox.take_turn(work, job.topic, turn):
                    told.append(job.topic)
    return told


def main() -> None:
    """Look at the table until asked to stop."""
    site = build(config.load())
    stop = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stop.set())
    while not stop.is_set():
        try:
            tell_due(site)
        except DBAPIError as fault:
            log.warning("schedule.database_away", fault=str(fault).splitlines()[0])
        stop.wait(_LOOK_S)


if __name__ == "__main__":
    main()
