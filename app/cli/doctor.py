"""体检 — `python -m app doctor`: everything an operator should know to be well, in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import click
from redis import RedisError
from rq import Worker
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from app import config
from app.accounts import queries as accounts
from app.base import health, holidays, words
from app.base.health import Check, finding
from app.base.site import Site
from app.base.vault import ring
from app.base.work import Work
from app.cli.desk import Desk, Told, verb
from app.credits import queries as credits
from app.kernel.span import local_date, shown
from app.standards import queries as standards

SHORTEST_SECRET = 32
REPORTED_S = 60
# What the web, the words and the rules cannot do without; a broken installation lacks some.
FILES = (
    "app/web/templates/base.html",
    "app/web/static/base.css",
    "app/words/errors.toml",
    "app/words/menus.toml",
    "app/words/replies.toml",
    "app/words/reasons.toml",
    "app/standards/editions/cn-2006.json",
    "app/standards/editions/cn-2024.json",
    "migrations/env.py",
)

# Of no name: its one verb is said by itself.
group = click.Group("")


@verb(group, "doctor")
def doctor(desk: Desk) -> Told:
    checks = tuple(examine(desk))
    lines = [
        words.sentence(
            "cli",
            "said.doctor.line",
            {
                "sign": _sign(one),
                "detail": one.detail,
                "name": words.sentence("health", f"{one.name}.name", {}),
            },
        )
        for one in checks
    ]
    answer = {"checks": [{"name": one.name, "ok": one.ok, "detail": one.detail} for one in checks]}
    ill = sum(not one.ok for one in checks)
    ending = "doctor.ill" if ill else "doctor.well"
    return Told(answer, ending, {"lines": "\n".join(lines), "count": len(checks), "ill": ill})


def examine(desk: Desk) -> Iterator[Check]:
    """All checks, from the ground up; whatever is away is a finding, and the rest goes on."""
    site = desk.site
    ground = tuple(health.ground(site))
    yield from ground
    yield from health.deeper(site)
    yield secrets(site)
    yield workers(site)
    yield calendar(site)
    yield files()
    yield address(site)
    away = not ground[0].ok
    for look in (_tallies, _standards, _plain, _sealed, _platform):
        name = look.__name__.strip("_")
        yield health.skipped(name) if away else _in_work(desk, name, look)


def secrets(site: Site) -> Check:
    """Whether every secret is long, and none is a sample from a page."""
    given = site.config
    weak = []
    if len(given.secret.reveal()) < SHORTEST_SECRET or _monotonous(given.secret.reveal().encode()):
        weak.append("KEJIAO_SECRET")
    keys = ring(given.keys.reveal())
    index_key = config.index_key_bytes(given)
    if any(_monotonous(key) for key in keys.values()):
        weak.append("KEJIAO_KEYS")
    if _monotonous(index_key) or index_key in keys.values():
        weak.append("KEJIAO_INDEX_KEY")
    return finding("secrets", ok=not weak, names=", ".join(weak))


def _monotonous(key: bytes) -> bool:
    """Whether a key has far fewer different bytes than chance gives: typed, not drawn."""
    return len(set(key)) < len(key) // 3


def workers(site: Site) -> Check:
    """Whether somebody works on what Redis wakes them for."""
    try:
        with health.redis_client(site) as client:
            seen = [
                worker.last_heartbeat
                for worker in Worker.all(connection=client, serializer=JSONSerializer)
                if worker.last_heartbeat is not None
            ]
    except RedisError:
        seen = []
    newest = min((site.clock() - at for at in seen), default=timedelta.max)
    return finding(
        "workers",
        ok=newest < timedelta(seconds=REPORTED_S),
        count=len(seen),
        seconds=round(newest.total_seconds()),
        most=REPORTED_S,
    )


def calendar(site: Site) -> Check:
    """Whether the holidays of this year are known."""
    year = local_date(site.clock()).year
    return finding("holidays", ok=holidays.announced(year), year=year)


def files() -> Check:
    """Whether the installation is whole."""
    missing = [name for name in FILES if not (config.ROOT / name).exists()]
    return finding("files", ok=not missing, names=", ".join(missing))


def address(site: Site) -> Check:
    """Whether people reach us encrypted; a trial on one machine may do without."""
    url = site.config.public_url
    return finding("address", ok=url.startswith("https://") or not site.config.production, url=url)


def _tallies(work: Work) -> Check:
    unequal = credits.unequal_tallies(work)
    return finding("tallies", ok=not unequal, count=unequal)


def _standards(work: Work) -> Check:
    count = len(standards.editions(work))
    return finding("standards", ok=count > 0, count=count)


def _plain(work: Work) -> Check:
    plain = accounts.speaking_plainly(work)
    well = not plain or not work.site.config.production
    return finding("plain", ok=well, slugs=", ".join(plain) or "-")


def _sealed(work: Work) -> Check:
    count, shut = accounts.sealed(work)
    return finding("sealed", ok=not shut, count=count, slugs=", ".join(shut))


def _platform(work: Work) -> Check:
    alarms = accounts.alarms(work)
    told = [
        words.sentence(
            "health",
            "platform.one",
            {"slug": one.slug, "api": one.api, "errcode": one.errcode or "-",
             "until": shown(one.until)},
        )
        for one in alarms
    ]  # fmt: skip
    return finding("platform", ok=not alarms, alarms=" ".join(told))


def _in_work(desk: Desk, name: str, look: Callable[[Work], Check]) -> Check:
    try:
        with desk.work() as work:
            return look(work)
    except SQLAlchemyError as fault:
        return health.silent(name, fault)


def _sign(check: Check) -> str:
    return words.sentence("cli", "said.doctor.good" if check.ok else "said.doctor.bad", {})
