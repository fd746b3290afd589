"""进展 — how far the batches of a list have come."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import BigInteger, any_, bindparam, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.awards.tables import RunRow
from app.awards.terms import RunState, Standing
from app.base.work import Work, query
from app.kernel.actor import Permission

# Batch by batch, by the index: a record is enough. Those that wait are few, wherever they are.
_RECORDED = text("""
select asked.id from unnest(:ids) as asked (id)
where exists (select from swipe s where s.batch_id = asked.id and s.state <> 'discarded')
""").bindparams(bindparam("ids", type_=ARRAY(BigInteger)))
_WAITING = text("""
select s.batch_id, count(*) from quarantine q
join swipe s on s.device_id = q.device_id and s.epoch = q.epoch and s.seq = q.seq
where q.resolved_at is null and s.state = 'quarantined' and s.batch_id = any(:ids)
group by s.batch_id
""").bindparams(bindparam("ids", type_=ARRAY(BigInteger)))


@query(Permission.AWARDS_READ)
def standings_of(work: Work, batch_ids: Collection[int]) -> dict[int, Standing]:
    """期次进展 — of these batches, as far as they are within sight, in three statements."""
    ids = list(batch_ids)
    recorded = set(work.session.scalars(_RECORDED, {"ids": ids}))
    waiting = {row[0]: int(row[1]) for row in work.session.execute(_WAITING, {"ids": ids})}
    runs = work.session.execute(
        select(
            RunRow.batch_id,
            RunRow.id,
            RunRow.state,
            RunRow.granted_count,
            RunRow.refused_count,
            RunRow.asked_by,
        ).where(
            RunRow.batch_id == any_(literal(ids, ARRAY(BigInteger))),
            RunRow.state.in_([RunState.DONE, RunState.QUEUED]),
        )
    ).all()
    force = {row.batch_id: row for row in runs if row.state == RunState.DONE}
    queued = {row.batch_id: row.id for row in runs if row.state == RunState.QUEUED}
    return {
        one: Standing(
            recorded=one in recorded,
            waiting=waiting.get(one, 0),
            run_id=force[one].id if one in force else None,
            granted=(force[one].granted_count or 0) if one in force else 0,
            refused=(force[one].refused_count or 0) if one in force else 0,
            queued_id=queued.get(one),
            by=force[one].asked_by if one in force else "",
        )
        for one in ids
    }
