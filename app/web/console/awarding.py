"""授分 — the list first, then one button, then the result and the way back."""

from __future__ import annotations

from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.awards import commands as awards
from app.awards import queries as judged
from app.awards import rules
from app.awards.queries import Change, RunFile, Sieve
from app.awards.queries.rolls import A_PAGE
from app.awards.terms import RunState, Why
from app.base import words
from app.base.work import passes
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError
from app.kernel.span import local_date
from app.speech import why as speech
from app.web.console import asked as asking
from app.web.console import frame, trails
from app.web.console.analysis import lacking, rule_of
from app.web.console.pacing import Pace, pace_of
from app.web.console.plotting import strips_of
from app.web.sessions import Guest, entered

blueprint = frame.screens("awarding", "/awards")

_LONGEST = 60
_LONGEST_REASON = 200
_DIGITS = 4
_RESULTS = {"granted": True, "refused": False}


@blueprint.get("/<path:no>/<int:batch>")
@passes("awards.trial", *frame.DOORS)
@entered(Stage.OPEN)
def preview(guest: Guest, no: str, batch: int) -> ResponseReturnValue:
    """预览授分名单 — everyone the plan would judge, before anything is written."""
    return _preview(guest, no, batch)


@blueprint.post("/<path:no>/<int:batch>")
@passes("awards.ask", "awards.trial", *frame.DOORS)
@entered(Stage.OPEN)
def award(guest: Guest, no: str, batch: int) -> ResponseReturnValue:
    """授分 — a run is asked for; a worker judges it. Who was second is told so."""
    asked = asking.read(request.form)
    try:
        with frame.working(guest) as work:
            run_id = awards.ask(work, no, batch, asked.options)
    except ConflictError as clash:
        return _preview(guest, no, batch, words.of_error(clash), 409)
    return redirect(url_for("awarding.run", run_id=run_id), 303)


@blueprint.get("/runs/<int:run_id>")
@passes("awards.run_file", "awards.trail_of_run", *frame.DOORS)
@entered(Stage.OPEN)
def run(guest: Guest, run_id: int) -> ResponseReturnValue:
    """授分结果 — how far a run is, and what it gave whom, and why not."""
    with frame.working(guest) as work:
        file = judged.run_file(work, run_id, _sieve())
        trail = trails.lines(judged.trail_of_run(work, run_id), {})
    return frame.page(guest, "console/run.html", 200, trail=trail, **_shown(guest, file))


@blueprint.get("/runs/<int:run_id>/state")
@passes("awards.run_file")
@entered(Stage.OPEN)
def state(guest: Guest, run_id: int) -> ResponseReturnValue:
    """How far a run is: asked again every other second while a worker has it."""
    with frame.working(guest) as work:
        file = judged.run_file(work, run_id, Sieve())
    answer = make_response(render_template("console/run_state.html", file=file, pace=_pace(file)))
    if file.run.state is not RunState.QUEUED:
        # What is told from now on is another page.
        answer.headers["HX-Refresh"] = "true"
    return answer


@blueprint.get("/runs/<int:run_id>/undo")
@passes("awards.run_file", *frame.DOORS)
@entered(Stage.OPEN)
def before_undo(guest: Guest, run_id: int) -> ResponseReturnValue:
    """撤回授分 — first who would lose what, by name."""
    return _undo(guest, run_id)


@blueprint.post("/runs/<int:run_id>/undo")
@passes("awards.undo", "awards.run_file", *frame.DOORS)
@entered(Stage.OPEN)
def undo(guest: Guest, run_id: int) -> ResponseReturnValue:
    """撤回授分 — every credit of the run is taken back, with the reason."""
    reason = request.form.get("reason", "")[:_LONGEST_REASON]
    try:
        with frame.working(guest) as work:
            count = awards.undo(work, run_id, reason)
    except (ConflictError, InvalidError) as refused:
        status = 422 if isinstance(refused, InvalidError) else 409
        return _undo(guest, run_id, words.of_error(refused), status, reason)
    frame.tell("award.undone", {"count": count})
    return redirect(url_for("awarding.run", run_id=run_id), 303)


@blueprint.get("/<path:no>/<int:batch>/why/<person_no>")
@passes("awards.trace_here", "awards.denial_of", *frame.DOORS)
@entered(Stage.OPEN)
def why(guest: Guest, no: str, batch: int, person_no: str) -> ResponseReturnValue:
    """为什么没有学分 — of anyone who came, in the words they read themselves."""
    return _why(guest, no, batch, person_no)


@blueprint.post("/<path:no>/<int:batch>/why/<person_no>")
@passes("awards.deny", "awards.allow", "awards.trace_here", "awards.denial_of", *frame.DOORS)
@entered(Stage.OPEN)
def decide(guest: Guest, no: str, batch: int, person_no: str) -> ResponseReturnValue:
    """不予授分 — one person is given nothing, with a reason they read; or judged as all again."""
    act = request.form.get("act", "")
    reason = request.form.get("reason", "")[:_LONGEST_REASON]
    try:
        with frame.working(guest) as work:
            if act == "allow":
                awards.allow(work, no, batch, person_no)
            else:
                awards.deny(work, no, batch, person_no, reason)
    except (ConflictError, InvalidError) as refused:
        return _why(guest, no, batch, person_no, refused, reason)
    frame.tell("award.allowed" if act == "allow" else "award.denied")
    return redirect(url_for("awarding.why", no=no, batch=batch, person_no=person_no), 303)


def _why(
    guest: Guest, no: str, batch: int, person_no: str,
    refused: ConflictError | InvalidError | None = None, reason: str = "",
) -> ResponseReturnValue:  # fmt: skip
    with frame.working(guest) as work:
        trace = judged.trace_here(work, no, batch, person_no)
        denial = judged.denial_of(work, no, batch, person_no)
        today = local_date(work.now)
    lectures = any(one.person_id == trace.told.person.id for one in trace.told.batch.lecturers)
    return frame.page(
        guest, "console/award_why.html", 200 if refused is None else refused.http_status,
        why=speech.page(trace, today), person=trace.told.person, strips=strips_of(trace),
        denial=denial, deniable=bool(trace.swipes or trace.waiting) and not lectures,
        refusal="" if refused is None else words.of_error(refused), reason=reason,
        decides=Permission.AWARDS_RUN in guest.actor.permissions,
    )  # fmt: skip


def _preview(
    guest: Guest, no: str, batch: int, refusal: str = "", status: int = 200
) -> ResponseReturnValue:
    given = request.form if request.method == "POST" else request.args
    asked, sieve = asking.read(given), _sieve()
    with frame.working(guest) as work:
        trial = judged.trial(work, no, batch, asked.options, sieve)
    case = trial.judgement.case

    def to(**more: object) -> str:
        kept: dict[str, Any] = {**_kept(), **more}
        return asking.address("awarding.preview", no, batch, asked, **kept)

    return frame.page(
        guest, "console/award_preview.html", status, one=trial, batch=case.batch, refusal=refusal,
        asked=asked, to=to, back=asking.address("analysis.page", no, batch, asked),
        pairs=tuple(asking.pairs(asked)), asked_pairs=tuple(asking.pairs(asked)),
        rule=rule_of(trial.judgement.brief), **_listed(sieve, trial.roll.count),
    )  # fmt: skip


def _shown(guest: Guest, file: RunFile) -> dict[str, object]:
    run = file.run
    until = None if run.done_at is None else rules.undo_until(run.done_at)
    sieve = _sieve()

    def to(**more: object) -> str:
        kept: dict[str, Any] = {**_kept(), **more}
        return url_for("awarding.run", run_id=run.id, **kept)

    return {
        "file": file, "pace": _pace(file), "until": until, "to": to,
        **_listed(sieve, file.roll.count),
        "rule": words.book("console")[f"plan.{run.plan['strategy']}"],
        "may_cancel": Permission.AWARDS_RUN in guest.actor.permissions,
        "may_undo": Permission.AWARDS_UNDO in guest.actor.permissions
        and run.state is RunState.DONE and until is not None and guest.site.clock() <= until,
    }  # fmt: skip


def _pace(file: RunFile) -> Pace | None:
    return None if file.progress is None else pace_of(file.progress)


def _undo(
    guest: Guest, run_id: int, refusal: str = "", status: int = 200, reason: str = ""
) -> ResponseReturnValue:
    sieve = Sieve(granted=True, page=_page())
    with frame.working(guest) as work:
        file = judged.run_file(work, run_id, sieve)

    def to(**more: object) -> str:
        kept: dict[str, Any] = dict(more)
        return url_for("awarding.before_undo", run_id=run_id, **kept)

    return frame.page(
        guest, "console/undo.html", status, file=file, refusal=refusal, reason=reason, to=to,
        **_listed(sieve, file.roll.count),
    )  # fmt: skip


def _listed(sieve: Sieve, count: int) -> dict[str, object]:
    return {
        "sieve": sieve, "pages": max(1, -(-count // A_PAGE)), "word": words.book("console").get,
        "said": lacking, "changes": Change,
        "result": next((name for name, one in _RESULTS.items() if one is sieve.granted), ""),
    }  # fmt: skip


def _sieve() -> Sieve:
    asked = request.args
    why, change = asked.get("why", ""), asked.get("change", "")
    return Sieve(
        granted=_RESULTS.get(asked.get("result", "")),
        why=Why(why) if why in set(Why) else None,
        change=Change(change) if change in set(Change) else None,
        words=asked.get("words", "")[:_LONGEST].strip(),
        page=_page(),
    )


def _kept() -> dict[str, str]:
    """What narrows the list now."""
    names = ("result", "why", "change", "words")
    return {name: request.args[name] for name in names if request.args.get(name)}


def _page() -> int:
    text = request.args.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 1
