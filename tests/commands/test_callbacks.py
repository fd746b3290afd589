"""Callbacks of the platform: one delivery answers, every resend replays, no race answers twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from app.accounts import commands
from app.accounts.steps import claim_callback, store_reply
from app.accounts.terms import Claimed, Turn
from app.base.site import Site
from app.base.work import begin
from app.kernel.actor import Actor, Role, Via
from app.kernel.place import Place
from tests.conftest import Clock

ROBOT = Actor("robot:sweep", Via.JOB, Place.root(), Role.ROBOT)
KEY, OTHER = b"k" * 16, b"o" * 16
FIRST, RUNNING = Claimed(Turn.FIRST), Claimed(Turn.RUNNING)


def replay(reply: bytes) -> Claimed:
    return Claimed(Turn.REPLAY, reply)


def test_the_first_delivery_answers_and_every_other_replays(site: Site) -> None:
    assert claim_callback(site, "city", KEY) == FIRST
    assert claim_callback(site, "city", KEY) == RUNNING

    assert store_reply(site, "city", KEY, b"<xml/>") == b"<xml/>"

    assert claim_callback(site, "city", KEY) == replay(b"<xml/>")
    assert claim_callback(site, "city", KEY) == replay(b"<xml/>")


def test_an_empty_reply_is_a_reply(site: Site) -> None:
    claim_callback(site, "city", KEY)
    store_reply(site, "city", KEY, b"")

    assert claim_callback(site, "city", KEY) == replay(b"")


def test_messages_and_accounts_are_kept_apart(site: Site) -> None:
    claim_callback(site, "city", KEY)
    store_reply(site, "city", KEY, b"mine")

    assert claim_callback(site, "city", OTHER) == FIRST
    assert claim_callback(site, "vendor", KEY) == FIRST


def test_a_message_whose_process_died_is_taken_over_once(site: Site, clock: Clock) -> None:
    claim_callback(site, "city", KEY)

    clock.advance(seconds=4.999)
    assert claim_callback(site, "city", KEY) == RUNNING
    clock.advance(seconds=0.001)
    assert claim_callback(site, "city", KEY) == FIRST
    assert claim_callback(site, "city", KEY) == RUNNING


def test_a_process_that_was_thought_dead_sends_what_its_successor_stored(
    site: Site, clock: Clock
) -> None:
    claim_callback(site, "city", KEY)
    clock.advance(seconds=6)
    claim_callback(site, "city", KEY)
    store_reply(site, "city", KEY, b"of the second")

    assert store_reply(site, "city", KEY, b"of the first") == b"of the second"
    assert claim_callback(site, "city", KEY) == replay(b"of the second")


def test_a_reply_to_a_message_that_was_forgotten_is_still_given(site: Site) -> None:
    assert store_reply(site, "city", KEY, b"late") == b"late"
    assert claim_callback(site, "city", KEY) == FIRST


def test_an_old_reply_is_replayed_and_never_taken_over(site: Site, clock: Clock) -> None:
    claim_callback(site, "city", KEY)
    store_reply(site, "city", KEY, b"kept")

    clock.advance(hours=20)

    assert claim_callback(site, "city", KEY) == replay(b"kept")


def test_what_is_old_enough_is_forgotten(
    site: Site, clock: Clock, count: Callable[..., int]
) -> None:
    claim_callback(site, "city", KEY)
    clock.advance(days=2, seconds=1)
    claim_callback(site, "city", OTHER)

    with begin(site, ROBOT) as work:
        assert commands.sweep(work) == 1
    assert count("callback") == 1


@pytest.mark.parametrize("stale", [False, True])
def test_of_many_deliveries_at_once_one_answers(site: Site, clock: Clock, stale: bool) -> None:
    for message in range(20):
        key = bytes([message]) * 16
        if stale:
            claim_callback(site, "city", key)
            clock.advance(seconds=6)
        ready = threading.Barrier(8)

        def run(_: int, key: bytes = key, ready: threading.Barrier = ready) -> Turn:
            ready.wait()
            return claim_callback(site, "city", key).turn

        with ThreadPoolExecutor(8) as pool:
            turns = Counter(pool.map(run, range(8)))

        assert turns == {Turn.FIRST: 1, Turn.RUNNING: 7}


@contextmanager
def statements(site: Site) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    def hear(*facts: Any) -> None:
        asked.append(facts[2])

    event.listen(site.engine, "before_cursor_execute", hear)
    yield asked
    event.remove(site.engine, "before_cursor_execute", hear)


def test_each_step_is_one_statement(site: Site) -> None:
    with statements(site) as asked:
        claim_callback(site, "city", KEY)
        store_reply(site, "city", KEY, b"<xml/>")
        claim_callback(site, "city", KEY)

    assert len(asked) == 3
