"""绑定尝试 — counted by day, by openid and at a person; the lock of a count is the turn to try."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import text

from app.accounts.queries.binding import openid_key
from app.base.work import Work
from app.kernel.span import local_date
from app.people.terms import PersonId

# In one order for everybody, so that two who count the same wait and do not block each other.
_CHARGE = text("""
insert into binding_try as t (scope, key, day, count)
select scope, key, :day, 1
from unnest(cast(:scopes as text[]), cast(:keys as text[])) as tried (scope, key)
order by scope, key
on conflict (scope, key, day) do update set count = t.count + 1
returning scope, count
""")
_REFUND = text("""
update binding_try set count = greatest(count - 1, 0)
where day = :day and (scope, key) in (
  select * from unnest(cast(:scopes as text[]), cast(:keys as text[]))
)
""")
_OPENID, _PERSON, _ASK = "openid", "person", "ask"


def charge(work: Work, slug: str, openid: str, aims: Collection[PersonId]) -> tuple[int, int]:
    """Count one try; how many the openid has made today, and the most that any person saw.

    One statement, however many it aims at: a refusal takes as long whatever was aimed at.
    """
    counts = _count(work, _tried(slug, openid, aims))
    at_people = [count for scope, count in counts if scope == _PERSON]
    [by_openid] = [count for scope, count in counts if scope == _OPENID]
    return by_openid, max(at_people, default=0)


def refund(work: Work, slug: str, openid: str, aims: Collection[PersonId]) -> None:
    """Take one try back, which was right."""
    work.session.execute(_REFUND, _facts(work, _tried(slug, openid, aims)))


def charge_ask(work: Work, slug: str, openid: str) -> int:
    """Count one request for a person's help; how many the openid has made today."""
    [(_, asked)] = _count(work, [(_ASK, openid_key(slug, openid))])
    return asked


def _tried(slug: str, openid: str, aims: Collection[PersonId]) -> list[tuple[str, str]]:
    return [(_OPENID, openid_key(slug, openid)), *((_PERSON, str(one)) for one in set(aims))]


def _count(work: Work, keys: Sequence[tuple[str, str]]) -> list[tuple[str, int]]:
    counted = work.session.execute(_CHARGE, _facts(work, keys))
    return [(scope, count) for scope, count in counted]


def _facts(work: Work, keys: Sequence[tuple[str, str]]) -> dict[str, object]:
    return {
        "day": local_date(work.now), "scopes": [scope for scope, _ in keys],
        "keys": [key for _, key in keys],
    }  # fmt: skip
