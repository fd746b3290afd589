"""授分 — a run of 250,000 people beside a COPY of its ready verdict rows."""

from __future__ import annotations

import argparse
import time

from sqlalchemy import Engine, text

from app.awards import commands
from app.awards.terms import Options
from app.base import outbox
from app.base.work import begin
from tests.load.ground import NO, OPERATOR, Ground, ground, hold, populate
from tests.support.filing import session

_ROUNDS = 3
SESSIONS = [
    session("in", label="签到", opens_at="2013-05-18T07:30", closes_at="2013-05-18T08:30"),
    session("out", label="签退", opens_at="2013-05-18T17:00", closes_at="2013-05-18T18:00"),
]

# Four swipes each; one person in ten leaves before the second window opens.
SWIPES = """
insert into swipe (device_id, epoch, seq, upload_id, batch_id, person_id, card_id, at_dev, at, h,
  state, direction, path)
select 1, 1, n * :people + p, 1, 1, p, p, moment.at, moment.at, '\\x00', 'accepted', 0, '1.2.10.'
from generate_series(0, 3) n, generate_series(1, :people) p,
  lateral (select case n
    when 0 then timestamptz '2013-05-18 07:31+08' + (p % 3500) * interval '1 second'
    when 3 then timestamptz '2013-05-18 17:01+08' + (p % 3500) * interval '1 second'
      - case when p % 10 = 0 then interval '2 hours' else interval '0' end
    else timestamptz '2013-05-18 09:00+08' + n * interval '1 hour' + (p % 600) * interval '1 second'
  end as at) moment
"""


def main(argv: list[str]) -> None:
    """Measure and print the ratio."""
    options = argparse.ArgumentParser(prog="python -m tests.load award")
    options.add_argument("--people", type=int, default=250_000)
    people = options.parse_args(argv).people
    with ground() as on:
        populate(on.owner, people)
        hold(on.site, ends_at="2013-05-18T18:00", sessions=SESSIONS,
             plan={"strategy": "windows", "windows": ["in", "out"]})  # fmt: skip
        with on.owner.begin() as connection:
            connection.execute(text(SWIPES), {"people": people})
        with on.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze swipe"))
        ratios = []
        for round_no in range(_ROUNDS):
            _empty(on.owner)
            ours = _award(on)
            limit = _copy_of_ready_rows(on.owner)
            ratios.append(ours / limit)
            again = _award(on)
            granted = _count(on.owner, "select count(*) from credit_entry")
            print(
                f"round {round_no + 1}: {people:,} people, {4 * people:,} swipes: "
                f"award {ours:.2f} s, again {again:.2f} s, "
                f"COPY of ready verdicts {limit:.2f} s, ratio {ours / limit:.2f}, "
                f"{granted:,} entries", flush=True,
            )  # fmt: skip
        print(
            f"award / COPY of ready verdicts: {min(ratios):.2f} to {max(ratios):.2f}"
            " (goal: at most 6)"
        )


def _award(on: Ground) -> float:
    """Seconds that a worker takes for one run of the batch."""
    with begin(on.site, OPERATOR) as work:
        commands.ask(work, NO, 1, Options())
    [message] = work.messages
    began = time.perf_counter()
    outbox.deliver(on.site, message.id)
    return time.perf_counter() - began


def _copy_of_ready_rows(owner: Engine) -> float:
    """Seconds to COPY the same verdicts into a table of the same shape, keys and indexes."""
    raw = owner.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("drop table if exists ready")
        cursor.execute("create table ready (like award_verdict including all)")
        blocks = []
        with cursor.copy("copy award_verdict to stdout") as out:
            blocks = [bytes(block) for block in out]
        body = b"".join(blocks)
        raw.commit()
        began = time.perf_counter()
        with cursor.copy("copy ready from stdin") as into:
            for start in range(0, len(body), 1 << 20):
                into.write(body[start : start + (1 << 20)])
        raw.commit()
        return time.perf_counter() - began
    finally:
        raw.close()


def _empty(owner: Engine) -> None:
    with owner.begin() as connection:
        for table in (
            "award_verdict",
            "credit_entry",
            "person_year",
            "award_run",
            "outbox_message",
        ):
            connection.execute(text(f"truncate {table}"))


def _count(owner: Engine, sql: str) -> int:
    with owner.connect() as connection:
        return int(connection.execute(text(sql)).scalar_one())
