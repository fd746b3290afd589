"""Steps of storing what was judged."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import orjson
from sqlalchemy import text

from app.awards.queries import Case, Judgement
from app.awards.terms import Reason, Verdict
from app.base.work import Work, driver_connection
from app.credits import steps as ledger
from app.credits.terms import Part, Source
from app.kernel.credit import Credit
from app.standards import rules as standard_rules

_ROWS_A_BLOCK = 5_000

# A quarter of a million verdicts are sorted and grouped in memory.
_ROOM = text("set local work_mem = '64MB'")

# Of those with the full credits and no remark only the person is told apart.
_JUDGED = (
    text("create temporary table judged_plain (person_id bigint) on commit drop"),
    text("""
    create temporary table judged (
      person_id bigint, part text, granted boolean, gross numeric(7, 2), cap numeric(7, 2),
      net numeric(7, 2), hours numeric(7, 2), reasons jsonb
    ) on commit drop"""),
)

_STORE = text("""
insert into award_verdict (
  run_id, person_id, part, path, granted, gross, cap, net, hours, reasons)
select :run_id, p.id, 'attendee', p.path, true, :gross, null, :gross, :hours, null
from judged_plain j join person p on p.id = j.person_id
union all
select :run_id, j.person_id, j.part, p.path, j.granted, j.gross, j.cap, j.net, j.hours, j.reasons
from judged j join person p on p.id = j.person_id""")

# A view takes no parameters; the run's id is a number of ours.
_DUE = """
create temporary view credit_due as
select person_id, path, part, gross, cap, net, hours from award_verdict
where run_id = {run_id:d} and granted"""


def store(work: Work, run_id: int, judgement: Judgement, reason: str) -> None:
    """Store every verdict of a run, and make the ledger agree with them."""
    work.session.execute(_ROOM)
    for statement in _JUDGED:
        work.session.execute(statement)
    with driver_connection(work).cursor() as cursor:
        with cursor.copy("copy judged_plain from stdin") as copy:
            for block in _plain_blocks(judgement):
                copy.write(block)
        with cursor.copy("copy judged from stdin") as copy:
            for block in _blocks(judgement):
                copy.write(block)
    whole = judgement.brief.credits
    facts = {"gross": Credit.cents(whole).amount, "hours": _hours(judgement.case, whole)}
    work.session.execute(_STORE, facts | {"run_id": run_id})
    work.session.execute(text(_DUE.format(run_id=run_id)))
    case = judgement.case
    ledger.post(
        work,
        ledger.Posting(
            source=Source.SWIPE,
            year=case.year,
            credit_class=case.item.credit_class,
            item=case.item.code,
            given_on=case.batch.last_on,
            project_id=case.batch.project.id,
            batch_id=case.batch.id,
            run_id=run_id,
            edition_id=case.edition.id,
            reason=reason,
        ),
    )
    # The connection goes back to the pool; a view of it would outlive the run.
    work.session.execute(text("drop view credit_due"))


def take_back(work: Work, batch_id: int, run_id: int, reason: str) -> int:
    """Reverse all credit in force of a batch; how many entries."""
    return ledger.take_back(work, batch_id=batch_id, run_id=run_id, reason=reason)


def _plain_blocks(judgement: Judgement) -> Iterator[bytes]:
    """Who has the full credits, in COPY's text format, thousands of rows a block."""
    for start in range(0, len(judgement.plain), _ROWS_A_BLOCK):
        some = judgement.plain[start : start + _ROWS_A_BLOCK]
        yield ("\n".join(map(str, some)) + "\n").encode()


def _blocks(judgement: Judgement) -> Iterator[bytes]:
    """All other verdicts in the same way."""
    for start in range(0, len(judgement.verdicts), _ROWS_A_BLOCK):
        some = judgement.verdicts[start : start + _ROWS_A_BLOCK]
        yield "".join([_line(judgement.case, verdict) for verdict in some]).encode()


def _line(case: Case, verdict: Verdict) -> str:
    hours = Decimal()
    if verdict.granted and verdict.part is Part.LECTURER:
        given = (one.hours for one in case.batch.lecturers if one.person_id == verdict.person_id)
        hours = sum(given, Decimal())
    elif verdict.granted:
        hours = _hours(case, verdict.gross)
    cap = r"\N" if verdict.cap is None else str(Credit.cents(verdict.cap))
    reasons = _json(verdict.reasons) if verdict.reasons else r"\N"
    return (
        f"{verdict.person_id}\t{verdict.part}\t{'t' if verdict.granted else 'f'}"
        f"\t{Credit.cents(verdict.gross)}\t{cap}\t{Credit.cents(verdict.net)}"
        f"\t{hours:.2f}\t{reasons}\n"
    )


def _hours(case: Case, gross: int) -> Decimal:
    """小时 behind an amount: the project's in proportion, else what the standard counts for it."""
    project = case.batch.project
    if project.hours is None or not project.credits:
        return standard_rules.hours_for(case.edition.pack, Credit.cents(gross))
    return (project.hours * gross / project.credits.in_cents()).quantize(Decimal("0.01"))


def _json(reasons: tuple[Reason, ...]) -> str:
    kept = []
    for one in reasons:
        facts = {
            "why": one.why.value,
            "window": one.window,
            "nearest": one.nearest,
            "missed_by": one.missed_by,
            "facts": one.facts or None,
        }
        kept.append({name: fact for name, fact in facts.items() if fact is not None})
    # COPY's text format gives backslashes a meaning of their own.
    return orjson.dumps(kept).decode().replace("\\", "\\\\")
