"""什么时候刷的卡 — the swipes of a batch, counted by minute and terminal."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from app.base.work import Work, query
from app.kernel.actor import Permission
from app.projects import queries as projects

# By the index of the batch, once; a minute is fine enough to see, and coarse enough to be few.
_MINUTES = text("""
select coalesce(d.sn, '') as sn, (floor(extract(epoch from s.at) / 60) * 60000)::bigint as minute,
  count(*) filter (where s.state in ('accepted', 'duplicate')) as counted,
  count(*) filter (where s.state = 'quarantined') as waiting
from swipe s left join device d on d.id = s.device_id
where s.batch_id = :batch_id and s.state <> 'discarded'
group by 1, 2 order by 2, 1
""")


@dataclass(frozen=True, slots=True)
class Minute:
    """一分钟 — how many swipes a terminal has in it: those that count, and those that wait."""

    terminal: str
    at: int
    counted: int
    waiting: int


@query(Permission.SWIPES_READ)
def minutes_of(work: Work, project_no: str, batch_no: int) -> tuple[Minute, ...]:
    """什么时候刷的卡 — of a batch within sight, in order of time, by one grouped statement."""
    batch = projects.batch_of(work, project_no, batch_no)
    return tuple(Minute(*row) for row in work.session.execute(_MINUTES, {"batch_id": batch.id}))
