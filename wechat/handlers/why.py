"""为什么 — why an activity gave no credit, in the words of the award's reasons."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable
from urllib.parse import quote

from app.awards import queries as awards
from app.awards import rules
from app.awards.terms import Why
from app.base import words
from app.base.work import Work, passes
from app.kernel.span import local_date
from app.people.terms import PersonNo
from app.projects.terms import Batch
from wechat import links
from wechat.handlers.bound import as_person
from wechat.handlers.credits import shown, titled
from wechat.replies import say
from wechat.router import Ask

MOST_LISTED = 5

# These say that the credit may still come.
_NOT_YET = frozenset({Why.NOT_AWARDED_YET, Why.AWARD_IN_REVIEW, Why.AWARD_RETURNED})

_reason = functools.partial(words.sentence, "reasons")


@passes("awards.latest_told", "awards.find_told")
@as_person
def answer(work: Work, ask: Ask, person_no: PersonNo) -> str:
    """为什么, 为什么 项目 — the latest activity, or the one that a number or words mean."""
    if not ask.rest:
        latest = awards.latest_told(work, person_no)
        return say("why.no_record") if latest is None else _linked(work, ask, latest)
    found = awards.find_told(work, person_no, ask.rest)
    if isinstance(found, awards.Told):
        return _linked(work, ask, found)
    return which(found) if found else say("why.not_found", asked=titled(ask.rest))


def _linked(work: Work, ask: Ask, one: awards.Told) -> str:
    batch = one.batch
    url = links.page(ask, f"why/{quote(batch.project.no)}/{batch.no}", work)
    return f"{told(one)}\n{say('why.link', url=url)}"


def told(one: awards.Told) -> str:
    """One activity: whether there is credit, every reason, and what to do now."""
    explanation = one.explanation
    if explanation.granted:
        code = "why.granted"
    elif explanation.reasons and explanation.reasons[0].why in _NOT_YET:
        code = "why.not_yet"
    else:
        code = "why.refused"
    lines = [_headed(code, one)]
    lines += [rules.sentence(reason, _reason) for reason in explanation.reasons]
    lines.append(rules.next_step(explanation.next_step, _reason))
    return "\n".join(lines)


def which(batches: Iterable[Batch]) -> str:
    """Several projects fit: the numbers to ask by, in the order in which they were found."""
    projects = {batch.project.no: batch.project.name for batch in batches}
    lines = [say("why.several", count=len(projects))]
    lines += [
        say("why.choice", number=number, title=titled(name))
        for number, name in itertools.islice(projects.items(), MOST_LISTED)
    ]
    return "\n".join(lines)


def _headed(code: str, one: awards.Told) -> str:
    day = local_date(one.batch.span.start)
    return say(
        code,
        title=titled(one.batch.project.name),
        month=day.month,
        day=day.day,
        year=day.year,
        net=shown(one.net),
    )
