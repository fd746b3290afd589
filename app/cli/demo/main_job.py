"""主要的事 — a day at the door, its upload, its award, and what WeChat says; told as it goes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.accounts import queries as accounts
from app.attendance import commands as attendance
from app.attendance.terms import Answer
from app.awards import rules
from app.awards.queries import Judged
from app.awards.terms import Why
from app.cli.award import say
from app.cli.demo import (
    awarding,
    followers,
    materials,
    programme,
    rehearsal,
    roster,
    terminals,
)
from app.cli.demo.awarding import Awarded
from app.cli.demo.calendar import Calendar
from app.cli.demo.deliveries import edited
from app.cli.demo.door import Day, Terminal
from app.cli.demo.platform import Simulator
from app.cli.demo.telling import sentence, tell
from app.cli.desk import Desk
from app.kernel.errors import NotFoundError
from app.kernel.span import local_date
from app.projects import queries as batches
from app.projects.terms import Batch

_LINK = re.compile(r'<a href="([^"]*)">([^<]*)</a>')
FATES = ("accepted", "duplicate", "quarantined", "rejected")
NOTHING: Mapping[str, Any] = {
    "upload": dict.fromkeys(FATES, 0),
    "award": {"granted": 0, "refused": 0, "reasons": {}},
    "wechat": [],
}


def perform(
    desk: Desk, batch: Batch, web: str, folder: Path, simulator: Simulator | None
) -> dict[str, Any]:
    """Do it all and tell of it; what happened in figures, as `./run --json` writes it.

    Without a simulator nobody asks in WeChat.
    """
    told = materials.tables("main_job")
    [terminal] = told["terminals"]
    # Any day of the week after it counts the Saturdays as the day of the city's making did.
    calendar = Calendar(local_date(batch.span.start) + timedelta(days=1))
    [holding] = rehearsal.holdings_of(terminal, calendar)
    staff = roster.staff(calendar)

    tell("begin")
    day = Terminal(desk, terminal, folder, web).day(holding, batch, staff)
    _tell_day(terminal["sn"], batch, day)
    again, altered = _by_stick(desk, day)
    _tell_uploads(day, again, altered)
    awarded = awarding.award(desk, batch.project.no, batch.no, here=False)
    _tell_award(batch, awarded)
    said = _ask(desk, told["wechat"], simulator, calendar) if simulator else []
    return {
        "upload": {
            fate: day.answer[fate] + getattr(altered, fate) for fate in FATES
        },
        "award": {
            "granted": awarded.granted,
            "refused": awarded.refused,
            "reasons": dict(awarded.reasons),
        },
        "wechat": said,
    }  # fmt: skip


def batch_of_the_day(desk: Desk) -> Batch:
    """The batch of the main job; its project's number has the year of the city's making."""
    [terminal] = materials.tables("main_job")["terminals"]
    [told] = terminal["holdings"]
    name = next(
        one["name"]
        for one in materials.tables("projects")["projects"]
        if one["project_no"] == told["project"]
    )
    with desk.work() as work:
        for batch in batches.find(work, name):
            if batch.no == told["batch"]:
                return batch
    raise NotFoundError("projects.batch.unknown", project_no=name, batch=told["batch"])


def _by_stick(desk: Desk, day: Day) -> tuple[Answer, Answer]:
    """The same file once more, and a copy that somebody edited, both on a stick."""
    with desk.work() as work:
        again = attendance.upload(work, terminals.sent(day.file))
    with desk.work() as work:
        altered = attendance.upload(work, terminals.sent(edited(day.file)))
    return again, altered


def _tell_day(sn: str, batch: Batch, day: Day) -> None:
    tell("door.title")
    about = {
        "name": batch.project.name, "no": batch.no, "month": batch.span.start.month,
        "day": local_date(batch.span.start).day, "taps": day.taps,
    }  # fmt: skip
    if day.fresh:
        tell("door.enrolled", sn=sn)
        tell("door.package", **about, listed=day.listed, revoked=day.revoked)
        tell("door.taps", **about)
    else:
        tell("door.before", sn=sn, **about)


def _tell_uploads(day: Day, again: Answer, altered: Answer) -> None:
    tell("upload.title")
    code = "upload.network" if day.fresh else "upload.repeated"
    tell(code, **{fate: day.answer[fate] for fate in FATES})
    messages = Counter(
        (sentence(f"upload.fate.{one['status']}"), one["message"]) for one in day.answer["results"]
    )
    for (fate, message), count in messages.items():
        tell("upload.result", fate=fate, count=count, message=message)
    same = all(getattr(again, fate) == day.answer[fate] for fate in FATES)
    tell("upload.again" if same else "upload.again_other")
    tell("upload.altered", rejected=altered.rejected, message=altered.results[0].message)


def _tell_award(batch: Batch, awarded: Awarded) -> None:
    tell("award.title")
    tell("award.done", name=batch.project.name, no=batch.no, granted=awarded.granted,
         refused=awarded.refused)  # fmt: skip
    given: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for one in awarded.verdicts:
        if one.granted:
            why = " ".join(rules.sentence(reason, say) for reason in one.reasons)
            given[str(one.net), why].append(one)
    for (net, why), several in sorted(given.items(), reverse=True):
        names = sentence("comma").join(one.name for one in several[:3])
        code = "award.some" if len(several) > 3 else "award.all"  # noqa: PLR2004
        tell(code, count=len(several), net=net, names=names)
        if why:
            tell("award.why", why=why)
    for one in awarded.verdicts:
        if not one.granted:
            tell("award.refused", name=one.name, why=rules.sentence(one.reasons[0], say))
    if unknown := awarded.reasons.get(Why.CARD_UNKNOWN):
        tell("award.unknown", count=unknown)


def _ask(
    desk: Desk, told: Mapping[str, Any], simulator: Simulator, calendar: Calendar
) -> list[dict[str, str | None]]:
    """What followers ask on the official account, and what they see."""
    account = accounts.official_account(desk.site, told["slug"])
    if account is None:
        raise NotFoundError("accounts.official.unknown", slug=told["slug"])
    tell("wechat.title", name=account.name)
    said = []
    for openid, asked in _says(told, calendar):
        words = simulator.say(openid, asked)
        name = followers.person_of(openid) or sentence("wechat.stranger")
        tell("wechat.asked", name=name, asked=asked)
        for line in _readable(words or sentence("wechat.silence")).splitlines():
            tell("wechat.answered", line=line)
        said.append({"asked": asked, "answered": words})
    return said


def _readable(words: str) -> str:
    """The words with their links as a terminal can show them: the address behind the text."""
    return _LINK.sub(r"\2 \1", words)


def _says(told: Mapping[str, Any], calendar: Calendar) -> Iterator[tuple[str, str]]:
    """Who says what, with the numbers that projects have in this city."""
    for one in told["asks"]:
        number = programme.number_of(one["project"], calendar) if "project" in one else ""
        yield one["openid"], one["says"].format(project=number)
