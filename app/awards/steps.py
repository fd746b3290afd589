"""Steps of storing what was judged."""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from decimal import Decimal

import orjson
from sqlalchemy import select, text

from app.awards.queries import Case, Judgement
from app.awards.tables import DenialRow
from app.awards.terms import Reason, RunStep, Verdict
from app.base import security
from app.base.progress import Tell
from app.base.work import Work, driver_connection
from app.credits import steps as ledger
from app.credits.terms import Part, Source
from app.kernel.credit import Credit
from app.people.terms import Person
from app.standards import rules as standard_rules

_ROWS_A_BLOCK = 5_000
# Between two shares somebody may stop it, and is told how far it is.
_ROWS_AT_ONCE = 50_000

_TURN = text("select pg_advisory_xact_lock(hashtextextended('award', 0))")

# A quarter of a million verdicts are sorted and grouped in memory.
_ROOM = text("set local work_mem = '64MB'")

# Of those with the full credits and no remark only the person is told; the rest of the row stands
# here. A definition takes no parameters; the amounts are numbers of ours.
_JUDGED = """
create temporary table judged (
  person_id bigint, part text default 'attendee', granted boolean default true,
  gross numeric(7, 2) default {whole}, cap numeric(7, 2), net numeric(7, 2) default {whole},
  hours numeric(7, 2) default {hours}, reasons jsonb
) on commit drop"""

# In the order of people, so that the indexes grow at their ends; and with both ends said, so that
# none of many shares looks through everybody.
_STORE = text("""
insert into award_verdict (
  run_id, person_id, part, path, granted, gross, cap, net, hours, reasons)
select :run_id, p.id, j.part, p.path, j.granted, j.gross, j.cap, j.net, j.hours, j.reasons
from (select * from judged order by person_id) j
join person p on p.id = j.person_id and p.id between :first and :last""")

_EMPTY = text("truncate judged")

_SAME_VERDICTS = text("""
insert into award_verdict (
  run_id, person_id, part, path, granted, gross, cap, net, hours, reasons)
select run_id, :kept, part, :path, granted, gross, cap, net, hours, reasons
from award_verdict where person_id = :closed
on conflict do nothing""")

_DUE = text("""
insert into credit_due (person_id, path, part, gross, cap, net, hours)
select person_id, path, part, gross, cap, net, hours from award_verdict
where run_id = :run_id and granted""")


def take_turn(work: Work) -> None:
    """Wait until nobody else judges a run or moves a person, until this work ends.

    Runs are judged one after the other, whatever their batches: what one gives a person may be what
    a limit leaves to the next, or bar it by its hours. And credit stands where its person does.
    """
    work.session.execute(_TURN)


def store(work: Work, run_id: int, judgement: Judgement, reason: str, tell: Tell) -> None:
    """Store every verdict of a run, and make the ledger agree with them."""
    security.hold_still(work)
    work.session.execute(_ROOM)
    whole = judgement.brief.credits
    amounts = {"whole": Credit.cents(whole), "hours": _hours(judgement.case, whole)}
    work.session.execute(text(_JUDGED.format(**amounts)))
    count, stored = len(judgement.plain) + len(judgement.verdicts), 0
    for plain, verdicts in _shares(judgement):
        tell(RunStep.STORING, stored, count)
        stored += _store(work, run_id, judgement.case, plain, verdicts)
    tell(RunStep.ENTERING)
    ledger.open_due(work)
    work.session.execute(_DUE, {"run_id": run_id})
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


def hand_over(work: Work, closed_id: int, kept: Person) -> None:
    """What was answered to a record that is closed was answered to the kept one, too.

    A verdict is never changed: the kept one gets the same, where it has none of that run. What a
    host denies the closed one it denies the kept one. For a command that reaches.
    """
    facts = {"closed": closed_id, "kept": kept.id, "path": kept.place.path}
    work.session.execute(_SAME_VERDICTS, facts)
    denials = select(DenialRow).where(DenialRow.person_id.in_([closed_id, kept.id]))
    rows = work.session.scalars(denials.order_by(DenialRow.id).with_for_update()).all()
    held = {row.batch_id for row in rows if row.person_id == kept.id}
    for row in rows:
        if row.person_id == closed_id and row.batch_id in held:
            work.session.delete(row)
        elif row.person_id == closed_id:
            row.person_id = kept.id


def take_back(work: Work, batch_id: int, run_id: int, reason: str) -> int:
    """Reverse all credit in force of a batch; how many entries."""
    security.hold_still(work)
    return ledger.take_back(work, batch_id=batch_id, run_id=run_id, reason=reason)


def _shares(judgement: Judgement) -> Iterator[tuple[Sequence[int], Sequence[Verdict]]]:
    """All verdicts in shares that are stored at once, from person to person; usually it is one."""
    plain, rest = judgement.plain, sorted(judgement.verdicts, key=_person)
    people = sorted([*plain, *map(_person, rest)])
    first_plain = first_rest = 0
    for until in (*people[_ROWS_AT_ONCE::_ROWS_AT_ONCE], *(one + 1 for one in people[-1:])):
        next_plain, next_rest = bisect_left(plain, until), bisect_left(rest, until, key=_person)
        yield plain[first_plain:next_plain], rest[first_rest:next_rest]
        first_plain, first_rest = next_plain, next_rest


def _store(
    work: Work, run_id: int, case: Case, plain: Sequence[int], verdicts: Sequence[Verdict]
) -> int:
    """Store a share of the verdicts; how many they were."""
    with driver_connection(work).cursor() as cursor:
        with cursor.copy("copy judged (person_id) from stdin") as copy:
            for block in _plain_blocks(plain):
                copy.write(block)
        with cursor.copy("copy judged from stdin") as copy:
            for block in _blocks(case, verdicts):
                copy.write(block)
    ids = [*plain[:1], *plain[-1:], *map(_person, verdicts)]
    work.session.execute(_STORE, {"run_id": run_id, "first": min(ids), "last": max(ids)})
    work.session.execute(_EMPTY)
    return len(plain) + len(verdicts)


def _person(verdict: Verdict) -> int:
    return verdict.person_id


def _plain_blocks(plain: Sequence[int]) -> Iterator[bytes]:
    """Who has the full credits, in COPY's text format, thousands of rows a block."""
    for start in range(0, len(plain), _ROWS_A_BLOCK):
        yield ("\n".join(map(str, plain[start : start + _ROWS_A_BLOCK])) + "\n").encode()


def _blocks(case: Case, verdicts: Sequence[Verdict]) -> Iterator[bytes]:
    """All other verdicts in the same way."""
    for start in range(0, len(verdicts), _ROWS_A_BLOCK):
        some = verdicts[start : start + _ROWS_A_BLOCK]
        yield "".join([_line(case, verdict) for verdict in some]).encode()


def _line(case: Case, verdict: Verdict) -> str:
    hours = Decimal()
    if verdict.granted and verdict.part is Part.LECTURER:
        given = (one.hours for one in case.batch.lecturers if one.person_id == verdict.person_id)
        hours = sum(given, Decimal())
    elif verdict.granted:
        hours = _hours(case, verdict.gross)
    cap = r"\N" if verdict.cap is None else _amount(verdict.cap)
    reasons = _json(verdict.reasons) if verdict.reasons else r"\N"
    return (
        f"{verdict.person_id}\t{verdict.part}\t{'t' if verdict.granted else 'f'}"
        f"\t{_amount(verdict.gross)}\t{cap}\t{_amount(verdict.net)}"
        f"\t{hours:.2f}\t{reasons}\n"
    )


@functools.cache
def _amount(cents: int) -> str:
    return str(Credit.cents(cents))


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
