"""微信告知 — a word to an openid, or to everybody who is bound to a person, once this commits.

The body names the words by code and brings their facts; `wechat` says them (trust.md row 25: no
credit, no number of identity, no code in them).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.accounts.tables.binding import BindingRow
from app.base.work import Work
from app.kernel.place import Place
from app.kernel.span import SHANGHAI

TOPIC = "wechat.tell"


def tell_openid(work: Work, slug: str, openid: str, code: str, **facts: Any) -> None:
    """Tell one follower of an account, whoever they are."""
    _tell(work, work.actor.place, (slug, openid), code, facts)


def tell_person(work: Work, person_id: int, code: str, **facts: Any) -> None:
    """Tell everybody who is bound to a person, on every account."""
    tell_people(work, [person_id], code, facts)


def tell_people(
    work: Work,
    person_ids: Collection[int],
    code: str,
    facts: Mapping[str, Any],
    *,
    but: Collection[tuple[str, str]] = (),
) -> None:
    """Tell everybody who is bound to these people, but for these (account, openid)."""
    ids = literal(list(person_ids), ARRAY(BigInteger))
    asked = select(BindingRow.slug, BindingRow.openid, BindingRow.path).where(
        BindingRow.person_id == any_(ids), BindingRow.ended_at.is_(None)
    )
    for slug, openid, path in work.session.execute(asked.order_by(BindingRow.id)):
        if (slug, openid) not in but:
            _tell(work, Place(path), (slug, openid), code, facts)


def tell_bound(work: Work, row: BindingRow, code: str, **facts: Any) -> None:
    """Tell the openid of a binding, which may just have ended."""
    _tell(work, Place(row.path), (row.slug, row.openid), code, facts)


def moment_facts(moment: datetime) -> dict[str, str]:
    """A moment as a sentence names it, in Beijing time: month, day and clock."""
    there = moment.astimezone(SHANGHAI)
    return {"month": f"{there.month}", "day": f"{there.day}", "clock": f"{there:%H:%M}"}


def _tell(
    work: Work, place: Place, to: tuple[str, str], code: str, facts: Mapping[str, Any]
) -> None:
    slug, openid = to
    work.tell(TOPIC, place=place, slug=slug, openid=openid, code=code, facts=dict(facts))
