"""我的学分 — a person's year as the page shows it: the gap first, then where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from app.awards.queries import Activity
from app.credits.queries import Position
from app.credits.terms import Entry
from app.kernel.credit import NO_CREDIT, Credit
from app.speech import why
from app.speech.saying import amount, classed, day, day_of, figure, waited
from app.standards.terms import ClaimRole, Item, Pack, Result, Standing

_WHOLE = Decimal(100)
_TENTH = Decimal("0.1")
# What the platform calls 项目类: the items whose code begins so.
_PROJECTS = ("PRJ-", "REM-")


@dataclass(frozen=True, slots=True)
class Meter:
    """进度条 — what is there, what is on its way, what is asked, in words and in per cent."""

    name: str
    have: str
    waiting: str
    need: str
    missing: str
    got_to: str
    waits_for: str

    @property
    def met(self) -> bool:
        """Whether nothing lacks."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class Waiting:
    """待定 — an activity nobody awarded yet; `credit` is empty where none is to be expected."""

    title: str
    project_no: str
    batch_no: int
    on: str
    swipes: int
    waited: str
    credit: str
    credit_class: str


@dataclass(frozen=True, slots=True)
class Counted:
    """一条学分 — what was given for one occasion, less what was taken back."""

    id: int
    title: str
    on: str
    credit: str
    part: str


@dataclass(frozen=True, slots=True)
class Kind:
    """一类活动 — of one item of the standard, with its limit of the year where it has one."""

    title: str
    credit: str
    lines: tuple[Counted, ...]
    limit: str
    left: str


@dataclass(frozen=True, slots=True)
class Group:
    """一个大类 — a class of the regime, or 项目类 and 非项目类."""

    name: str
    credit: str
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """我的学分 — all that the page shows of a year; amounts are words already."""

    year: int
    result: Result
    empty: bool
    present: bool
    # 离最后一天
    last_on: str
    days_left: int
    need: str
    have: str
    missing: str
    gaps: tuple[tuple[str, str], ...]
    meters: tuple[Meter, ...]
    hours: Meter | None
    period_minutes: int
    waiting: tuple[Waiting, ...]
    waiting_credit: str
    missing_after: str
    study_hours: str
    hours_per_credit: str
    ways: tuple[tuple[str, tuple[str, ...]], ...]
    groups: tuple[Group, ...]
    count: int
    taken_back: tuple[Counted, ...]
    # 刷了卡没有得分
    without: tuple[why.Row, ...]
    standard: str
    # Of the row of the requirement that is for everybody.
    source: str
    edition: int
    classless: bool


def page(
    found: Position,
    entries: Sequence[Entry],
    activities: Iterable[Activity],
    today: date,
) -> Page:
    """The page of one year, as of a day."""
    standing, pack, year = found.standing, found.pack, found.year
    attended = tuple(activities)
    pending = [one for one in attended if one.verdict is None and one.records]
    expected = [(one, _expected(one)) for one in pending]
    by_class = _by_class(expected)
    after = _after(standing, by_class)
    counted, taken_back = _settled(entries)
    short = standing.result is Result.SHORT
    return Page(
        year=year.number,
        result=standing.result,
        empty=not counted and not standing.have.total,
        present=year.holds(today),
        last_on=day(year.last_on, beside=today.year),
        days_left=(year.last_on - today).days,
        need=amount(standing.need.total),
        have=amount(standing.have.total),
        missing=amount(standing.missing),
        gaps=tuple((classed(name), amount(gap)) for name, gap in standing.gap.by_class if gap),
        meters=_meters(standing, by_class),
        hours=_hours(standing),
        period_minutes=pack.study_time.period_minutes,
        waiting=tuple(_waiting(one, credit) for one, credit in expected),
        waiting_credit=amount(sum((credit for _, credit in expected), NO_CREDIT)),
        missing_after=amount(after) if after else "",
        study_hours=amount(after.amount * pack.study_time.hours_per_credit) if short else "",
        hours_per_credit=amount(pack.study_time.hours_per_credit),
        ways=_ways(pack, standing) if short else (),
        groups=_groups(pack, counted),
        count=len(counted),
        taken_back=tuple(map(_counted, taken_back)),
        without=tuple(
            why.row(one, today)
            for one in attended
            if one.verdict is not None and not one.verdict.granted
        ),
        standard=pack.title,
        source=pack.requirements[-1].origin.source or pack.source,
        edition=pack.edition,
        classless=not pack.classes,
    )


def _expected(activity: Activity) -> Credit:
    verdict = activity.expected
    return Credit.cents(verdict.gross) if verdict is not None and verdict.granted else NO_CREDIT


def _by_class(expected: Iterable[tuple[Activity, Credit]]) -> dict[str | None, Credit]:
    found: dict[str | None, Credit] = {}
    for one, credit in expected:
        name = one.batch.project.credit_class
        found[name] = found.get(name, NO_CREDIT) + credit
    return found


def _after(standing: Standing, waiting: dict[str | None, Credit]) -> Credit:
    """What still lacks when all that waits has come."""
    total = max(standing.gap.total - sum(waiting.values(), NO_CREDIT), NO_CREDIT)
    classes = [
        max(gap - waiting.get(name, NO_CREDIT), NO_CREDIT) for name, gap in standing.gap.by_class
    ]
    return max(total, sum(classes, NO_CREDIT))


def _meters(standing: Standing, waiting: dict[str | None, Credit]) -> tuple[Meter, ...]:
    """One for each class where the standard has classes, else one for the whole."""
    asked = [(name, need) for name, need in standing.need.by_class if need]
    if asked:
        gaps = dict(standing.gap.by_class)
        return tuple(
            _meter(classed(name), standing.have.of(name), waiting.get(name, NO_CREDIT), need,
                   gaps.get(name, NO_CREDIT))
            for name, need in asked
        )  # fmt: skip
    if not standing.need.total:
        return ()
    coming = sum(waiting.values(), NO_CREDIT)
    return (_meter("", standing.have.total, coming, standing.need.total, standing.gap.total),)


def _hours(standing: Standing) -> Meter | None:
    have, need, gap = standing.have.hours, standing.need.hours, standing.gap.hours
    if have is None or not need:
        return None
    return _meter("", have, NO_CREDIT, need, gap or NO_CREDIT)


def _meter(name: str, have: Credit, waiting: Credit, need: Credit, gap: Credit) -> Meter:
    got = min(_WHOLE, have.amount / need.amount * _WHOLE)
    coming = min(_WHOLE - got, waiting.amount / need.amount * _WHOLE)
    return Meter(
        name=name,
        have=amount(have),
        waiting=amount(waiting) if waiting else "",
        need=amount(need),
        missing=amount(gap) if gap else "",
        got_to=f"{got.quantize(_TENTH):f}%",
        waits_for=f"{coming.quantize(_TENTH):f}%",
    )


def _waiting(activity: Activity, credit: Credit) -> Waiting:
    project = activity.batch.project
    first = activity.swipes[0] if activity.swipes else None
    return Waiting(
        title=project.name,
        project_no=project.no,
        batch_no=activity.batch.no,
        on=day(activity.batch.last_on if first is None else day_of(first)),
        swipes=activity.records,
        waited=waited(activity.working_days),
        credit=figure(credit) if credit else "",
        credit_class=classed(project.credit_class) if project.credit_class else "",
    )


def _settled(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """What counts, and what was taken back; reversals themselves are only the taking back."""
    reversed_ids = {entry.reverses for entry in entries}
    given = [entry for entry in entries if entry.reverses is None]
    return (
        [entry for entry in given if entry.id not in reversed_ids],
        [entry for entry in given if entry.id in reversed_ids],
    )


def _counted(entry: Entry) -> Counted:
    return Counted(entry.id, entry.title, day(entry.on), figure(entry.net), entry.part)


def _groups(pack: Pack, entries: Sequence[Entry]) -> tuple[Group, ...]:
    """Classes in the standard's order, items within them by their sum, the largest first."""
    order = {name: n for n, name in enumerate((*pack.classes, "project", "other", None))}
    keyed = sorted(
        ((_group_of(pack, entry), entry) for entry in entries),
        key=lambda one: (order.get(one[0], len(order)), str(one[0])),
    )
    return tuple(
        _group(pack, name, [entry for _, entry in some])
        for name, some in groupby(keyed, key=lambda one: one[0])
    )


def _group_of(pack: Pack, entry: Entry) -> str | None:
    if pack.classes:
        return entry.credit_class
    return "project" if entry.item.startswith(_PROJECTS) else "other"


def _group(pack: Pack, name: str | None, entries: Sequence[Entry]) -> Group:
    items = {str(item.code): item for item in pack.items}
    by_item: dict[str, list[Entry]] = {}
    for entry in entries:
        by_item.setdefault(entry.item, []).append(entry)
    ranked = sorted(by_item.items(), key=lambda one: _sum(one[1]), reverse=True)
    return Group(
        name=classed(name),
        credit=figure(_sum(entries)),
        kinds=tuple(_kind(items.get(code), some) for code, some in ranked),
    )


def _kind(item: Item | None, entries: Sequence[Entry]) -> Kind:
    total = _sum(entries)
    limit = None if item is None else item.cap_year.of(ClaimRole.ATTENDEE)
    return Kind(
        title=entries[0].title if item is None else item.title,
        credit=figure(total),
        lines=tuple(map(_counted, entries)),
        limit="" if limit is None else amount(limit),
        left="" if limit is None else amount(max(limit - total, NO_CREDIT)),
    )


def _ways(pack: Pack, standing: Standing) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """For each class that lacks: by which projects it is earned, in the standard's own words."""
    items = {item.code: item for item in pack.items}
    earned: dict[str | None, dict[str, None]] = {}
    for _, code in pack.project_items:
        item = items[code]
        earned.setdefault(item.credit_class, {})[item.title] = None
    return tuple(
        (classed(name), tuple(earned.get(name, ())))
        for name, gap in standing.gap.by_class
        if gap and earned.get(name)
    )


def _sum(entries: Iterable[Entry]) -> Credit:
    return sum((entry.net for entry in entries), NO_CREDIT)
