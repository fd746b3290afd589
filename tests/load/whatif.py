"""考情试算 — a dragged edge of a batch of 10,000 people beside reading their 40,000 swipes."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, text

from app.base.site import Site
from app.kernel.actor import Role
from tests.conftest import Clock
from tests.load.award import SESSIONS, SWIPES
from tests.load.ground import NO, ground, hold, populate
from tests.support.cast import Cast
from tests.support.entrance import Entrance
from tests.support.office import Desk, Office

PEOPLE = 10_000
_ROUNDS = 9
_PAGE = f"/console/analysis/{quote(NO)}/1"
_READ = text("""
select person_id, string_agg(int8send((date_part('epoch', at) * 1000)::bigint), ''::bytea)
from (select person_id, at from swipe where batch_id = 1 order by person_id, at) ordered
group by person_id""")


def measure() -> None:
    """Answer one edge after the other, as a hand that drags it asks, and print what it took."""
    with ground() as on:
        populate(on.owner, PEOPLE)
        hold(on.site, ends_at="2013-05-18T18:00", sessions=SESSIONS,
             plan={"strategy": "windows", "windows": ["in", "out"]})  # fmt: skip
        with on.owner.begin() as connection:
            connection.execute(text(SWIPES), {"people": PEOPLE})
        with on.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze swipe"))
        desk = desk_of(on.site)
        answers, cpu, sizes = [], [], []
        for turn in range(_ROUNDS):
            asked = _asked(17 * 60 + 5 * turn)
            wall, busy, size = _timed(lambda asked=asked: _get(desk, f"{_PAGE}/whatif", asked))
            answers.append(wall)
            cpu.append(busy)
            sizes.append(size)
        reads = [_timed(lambda: _read(on.owner))[0] for _ in range(_ROUNDS)]
        page = [_timed(lambda: _get(desk, _PAGE, {})) for _ in range(3)]
    print(
        f"what-if of {PEOPLE:,} people and {4 * PEOPLE:,} swipes: a dragged edge in "
        f"{median(answers) * 1000:.0f} ms (worst of {_ROUNDS}: {max(answers) * 1000:.0f} ms; goal: "
        f"under 300 ms), {median(cpu) * 1000:.0f} ms of our processor, "
        f"{max(sizes) / 1024:.0f} KB compressed"
    )
    print(
        f"dragged edge / reading the same swipes: {median(answers) / median(reads):.1f} "
        f"({median(reads) * 1000:.0f} ms)"
    )
    print(
        f"the whole page: {median(one[0] for one in page) * 1000:.0f} ms, "
        f"{max(one[2] for one in page) / 1024:.0f} KB compressed"
    )


def desk_of(site: Site) -> Desk:
    """The host's administrator, signed in."""
    clock = Clock(datetime.now(UTC))
    # Neither the cast nor WeChat is asked for an administrator's own log-in.
    entrance = Entrance(site, Cast({}, {}), None, clock)  # type: ignore[arg-type]
    return Office(entrance).desk(Role.HOSPITAL_ADMIN, "H0")


def _asked(minute: int) -> dict[str, Any]:
    return {
        "strategy": "windows", "label": ["签到", "签退"], "moved": "1-start",
        "start": ["2013-05-18T07:30", f"2013-05-18T{minute // 60}:{minute % 60:02}"],
        "end": ["2013-05-18T08:30", "2013-05-18T18:00"],
    }  # fmt: skip


def _get(desk: Desk, address: str, asked: dict[str, Any]) -> int:
    answer = desk.get(address, query_string=asked)
    assert answer.status_code == 200, answer.status_code
    return len(gzip.compress(answer.get_data()))


def _read(owner: Engine) -> int:
    with owner.connect() as connection:
        return len(connection.execute(_READ).all())


def _timed(act: Callable[[], int]) -> tuple[float, float, int]:
    """Seconds by the wall and of our processor, and what the act answered."""
    wall, busy = time.perf_counter(), time.process_time()
    answer = act()
    return time.perf_counter() - wall, time.process_time() - busy, answer
