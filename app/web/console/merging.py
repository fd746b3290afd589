"""合并档案 — two records that may be of one person, side by side, and which one is kept."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.base import words
from app.base.work import passes
from app.kernel.errors import CmeError, ConflictError, InvalidError, NotFoundError
from app.merging import commands, queries
from app.speech import saying
from app.web.console import frame
from app.web.sessions import Guest, entered

blueprint = frame.screens("merging", "/merge")

_LONGEST_NO = 40


@blueprint.get("/")
@passes(*frame.DOORS, "merging.pairs", "merging.apart_pairs")
@entered(Stage.OPEN)
def index(guest: Guest) -> ResponseReturnValue:
    """Pairs that may be of one person, and the form for two that somebody knows."""
    return _index(guest)


@blueprint.post("/")
@passes(*frame.DOORS, "merging.pairs", "merging.apart_pairs", "merging.pair_of")
@entered(Stage.OPEN)
def compare(guest: Guest) -> ResponseReturnValue:
    """Two numbers were typed: to their two records, if they are there."""
    first, second = (request.form.get(name, "").strip()[:_LONGEST_NO] for name in ("a", "b"))
    try:
        with frame.working(guest) as work:
            queries.pair_of(work, first, second)
    except (InvalidError, NotFoundError) as refused:
        return _index(guest, refused)
    return redirect(url_for("merging.pair", no=first, other=second), 303)


@blueprint.get("/<no>/<other>")
@passes(*frame.DOORS, "merging.pair_of")
@entered(Stage.OPEN)
def pair(guest: Guest, no: str, other: str) -> ResponseReturnValue:
    """Two records side by side."""
    return _pair(guest, no, other)


@blueprint.post("/<no>/<other>")
@passes(*frame.DOORS, "merging.merge", "merging.pair_of")
@entered(Stage.OPEN)
def merge(guest: Guest, no: str, other: str) -> ResponseReturnValue:
    """One of the two is kept, with all that hangs on both."""
    try:
        kept, closed = _chosen(no, other)
        seen = {no: request.form.get("seen_a", ""), other: request.form.get("seen_b", "")}
        with frame.working(guest) as work:
            done = commands.merge(work, kept, closed, seen=(seen[kept], seen[closed]))
    except (ConflictError, InvalidError) as refused:
        return _pair(guest, no, other, refused)
    said = "merged_twice" if done.twice else "merged"
    return frame.done(
        url_for("people.person", no=kept),
        f"merging.{said}",
        {"carried": done.carried, "twice": done.twice, "no": kept},
    )


@blueprint.post("/<no>/<other>/apart")
@passes("merging.keep_apart")
@entered(Stage.OPEN)
def apart(guest: Guest, no: str, other: str) -> ResponseReturnValue:
    """They are two people, and proposed no more."""
    with frame.working(guest) as work:
        commands.keep_apart(work, no, other)
    return frame.done(url_for("merging.index"), "merging.apart", {"no": no, "other": other})


@blueprint.post("/<no>/<other>/again")
@passes("merging.propose_again")
@entered(Stage.OPEN)
def again(guest: Guest, no: str, other: str) -> ResponseReturnValue:
    """They may be one person after all."""
    with frame.working(guest) as work:
        commands.propose_again(work, no, other)
    return frame.done(
        url_for("merging.pair", no=no, other=other), "merging.again", {"no": no, "other": other}
    )


def _chosen(no: str, other: str) -> tuple[str, str]:
    """Which of the two is kept, and which is closed."""
    kept = request.form.get("keep", "")
    if kept not in {no, other}:
        raise InvalidError("merging.pair.keep")
    return kept, other if kept == no else no


def _index(guest: Guest, refused: CmeError | None = None) -> Response:
    with frame.working(guest) as work:
        found, apart = queries.pairs(work), queries.apart_pairs(work)
    return frame.page(
        guest, "console/merging.html", 200 if refused is None else refused.http_status,
        found=found, apart=apart, given=request.form,
        refusal="" if refused is None else words.of_error(refused),
    )  # fmt: skip


def _pair(
    guest: Guest, no: str, other: str, refused: CmeError | None = None
) -> ResponseReturnValue:
    with frame.working(guest) as work:
        sides = queries.pair_of(work, no, other)
    gone = next((one for one in sides.records if one.file.merged_into), None)
    return frame.page(
        guest, "console/merging_pair.html", 200 if refused is None else refused.http_status,
        sides=sides, records=sides.records, gone=gone,
        refusal="" if refused is None else words.of_error(refused),
        keep=request.form.get("keep", ""), figure=saying.figure, said=_said,
    )  # fmt: skip


def _said(code: str) -> str:
    book = words.book("people")
    return book.get(code) or book[f"{code.split('.', maxsplit=1)[0]}.other"]
