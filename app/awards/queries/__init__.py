"""Questions about awards: judging a batch, explaining a person, and what runs decided."""

from app.awards.queries.attending import (
    Activity,
    Trace,
    activities_of,
    attendee_of,
    denial_of,
    trace,
    trace_here,
)
from app.awards.queries.explaining import Told, explain, find_told, latest_told
from app.awards.queries.facts import crowd_size
from app.awards.queries.judging import Case, Judgement, brief_of, case_of, judge, plan_of, preview
from app.awards.queries.own import OwnRun, OwnRuns, own_runs
from app.awards.queries.rolls import (
    Change,
    Entry,
    Roll,
    RunFile,
    Sieve,
    Trial,
    run_file,
    trial,
)
from app.awards.queries.runs import (
    Judged,
    Run,
    awarded_among,
    latest_run,
    run_of,
    verdict_of,
    verdicts_of,
    waiting_before,
)
from app.awards.queries.standing import standings_of
from app.awards.queries.todo import Due, due, due_below, reviewing, running
from app.awards.queries.trails import trail_of_batch, trail_of_run
from app.awards.queries.weighing import Listed, Weighing, weigh

__all__ = [
    "Activity",
    "Case",
    "Change",
    "Due",
    "Entry",
    "Judged",
    "Judgement",
    "Listed",
    "OwnRun",
    "OwnRuns",
    "Roll",
    "Run",
    "RunFile",
    "Sieve",
    "Told",
    "Trace",
    "Trial",
    "Weighing",
    "activities_of",
    "attendee_of",
    "awarded_among",
    "brief_of",
    "case_of",
    "crowd_size",
    "denial_of",
    "due",
    "due_below",
    "explain",
    "find_told",
    "judge",
    "latest_run",
    "latest_told",
    "own_runs",
    "plan_of",
    "preview",
    "reviewing",
    "run_file",
    "run_of",
    "running",
    "standings_of",
    "trace",
    "trace_here",
    "trail_of_batch",
    "trail_of_run",
    "trial",
    "verdict_of",
    "verdicts_of",
    "waiting_before",
    "weigh",
]
