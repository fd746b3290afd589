"""Where the demo city is made, where it is not, and how an interrupted making goes on."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.base.site import Site
from app.cli import desk, verbs
from app.cli.demo import seeding
from app.cli.demo.seeding import Stands
from app.cli.desk import Desk
from jobs.queues import HANDLERS
from tests.conftest import Clock
from tests.support.cast import Cast, Spoken

TODAY = datetime(2026, 11, 16, 1, 20, tzinfo=UTC)

pytestmark = pytest.mark.timeout(180)


def spoken(site: Site, *verb: str) -> Spoken:
    """What `demo seed`, or another verb of the group, answers on that site."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = desk.run(["demo", *(verb or ["seed"]), "--json"], lambda: site, verbs.root)
    return Spoken(code, out.getvalue(), err.getvalue())


def test_nothing_is_made_up_beside_the_units_of_others(
    site: Site, cast: Cast, count: Callable[..., int]
) -> None:
    before = count("unit"), count("person")
    assert before == (len(cast.units), len(cast.people))

    refused = spoken(site)

    assert (refused.code, refused.json["error"]["code"]) == (2, "demo.seed.others")
    assert (count("unit"), count("person")) == before


def test_nothing_is_made_up_in_production(site: Site) -> None:
    refused = spoken(replace(site, config=replace(site.config, production=True)))

    assert (refused.code, refused.json["error"]["code"]) == (2, "demo.seed.production")


def test_a_city_that_was_not_finished_is_finished_and_nothing_is_in_it_twice(
    site: Site, clock: Clock, count: Callable[..., int], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("KEJIAO_STATE", str(tmp_path))
    clock.set(TODAY)
    without_awards = {topic: job for topic, job in HANDLERS.items() if topic != "awards.run"}
    with pytest.raises(KeyError):
        spoken(replace(site, handlers=without_awards))
    assert seeding.stands(Desk(lambda: site)) is Stands.BEGUN
    begun = {table: count(table) for table in ("person", "card", "batch", "upload", "swipe")}
    assert begun["swipe"]

    finished = spoken(site)

    assert finished.json == {"seeded": True}, finished.err
    assert {table: count(table) for table in begun} == begun
    assert count("award_run", "state = 'done'") == 20


def test_a_run_beside_others_does_nothing_and_says_why(
    site: Site, cast: Cast, count: Callable[..., int]
) -> None:
    done = spoken(site, "run", "--web", "http://127.0.0.1:9")

    assert done.code == 0
    assert done.json["upload"] == {"accepted": 0, "duplicate": 0, "quarantined": 0, "rejected": 0}
    assert done.json["award"] == {"granted": 0, "refused": 0, "reasons": {}}
    assert done.json["wechat"] == []
    assert "别的单位" in done.err
    assert count("person") == len(cast.people)
