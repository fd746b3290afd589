"""Work that follows from a commit is done once, whoever dies on the way."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.base import outbox
from app.base.site import Site
from app.base.work import Work, begin
from app.cli.servers import Server
from app.cli.services import Services
from app.config import ROOT, Config
from app.kernel.actor import Actor, Role, Via
from app.kernel.errors import ConflictError
from app.kernel.place import Place
from jobs import schedule
from jobs.queues import Queue, connect
from jobs.queues import outbox as queue_of
from jobs.relay import Relay
from tests.conftest import Clock
from tests.support.cast import Spoken

Cli = Callable[..., Spoken]

OPERATOR = Actor("zhao", Via.CLI, Place.root(), Role.OPERATOR)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    broker = connect(redis_url)
    broker.flushdb()
    yield broker
    broker.flushdb()
    broker.close()


def answering(site: Site, **handlers: Callable[[Work, Mapping[str, Any]], None]) -> Site:
    """The same site, whose topics these functions answer."""
    return dataclasses.replace(site, handlers=handlers)


def tell(site: Site, topic: str, **body: Any) -> int:
    with begin(site, OPERATOR) as work:
        work.tell(topic, **body)
    return work.messages[0].id


def state(owner: Engine, message: int) -> tuple[Any, ...]:
    with owner.connect() as connection:
        return tuple(
            connection.execute(
                text(
                    "select done_at is not null, attempts, error from outbox_message where id = :m"
                ),
                {"m": message},
            ).one()
        )


def test_a_message_is_done_once_however_often_it_is_delivered(site: Site, owner: Engine) -> None:
    done: list[int] = []
    here = answering(site, count=lambda _, body: done.append(body["n"]))
    message = tell(here, "count", n=7)

    finished = [outbox.deliver(here, message) for _ in range(3)]

    assert finished == [True, False, False]
    assert done == [7]
    assert state(owner, message) == (True, 1, None)


def test_of_many_who_deliver_at_once_one_does_it(site: Site) -> None:
    done: list[int] = []
    here = answering(site, count=lambda *_: done.append(1))
    message = tell(here, "count")
    barrier = threading.Barrier(6)
    answers: list[bool] = []

    def deliver() -> None:
        barrier.wait()
        answers.append(outbox.deliver(here, message))

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [False] * 5 + [True]
    assert done == [1]


def test_a_refusal_ends_a_message_with_its_sentence(site: Site, owner: Engine) -> None:
    def refuse(work: Work, body: Mapping[str, Any]) -> None:
        raise ConflictError("awards.undo.undone", run=3)

    here = answering(site, refuse=refuse)
    message = tell(here, "refuse")

    outbox.deliver(here, message)

    assert state(owner, message) == (True, 1, "授分批次 3 已经撤销过了，不用再撤销。")


def test_a_fault_puts_a_message_back_and_leaves_no_trace(
    site: Site, owner: Engine, clock: Clock, count: Callable[..., int]
) -> None:
    def fail(work: Work, body: Mapping[str, Any]) -> None:
        work.tell("later")
        if body.get("n", 0) == 0:
            raise ZeroDivisionError("half way")

    here = answering(site, fail=fail)
    message = tell(here, "fail")

    with pytest.raises(ZeroDivisionError):
        outbox.deliver(here, message)

    assert state(owner, message) == (False, 1, "ZeroDivisionError: half way")
    assert count("outbox_message", "topic = 'later'") == 0
    assert count("outbox_message", "faults = 1") == 1


def test_a_message_that_must_wait_is_looked_at_again_however_often(
    site: Site, owner: Engine, clock: Clock
) -> None:
    asked: list[int] = []

    def wait(work: Work, body: Mapping[str, Any]) -> None:
        work.tell("later")
        asked.append(1)
        if len(asked) <= outbox.FAULTS:
            raise outbox.NotYetError

    here = answering(site, wait=wait)
    message = tell(here, "wait")

    answers = [outbox.deliver(here, message) for _ in range(outbox.FAULTS + 1)]

    assert answers == [False] * outbox.FAULTS + [True]
    assert state(owner, message) == (True, outbox.FAULTS + 1, None)
    with owner.connect() as connection:
        told = connection.execute(text("select count(*) from outbox_message where topic = 'later'"))
        assert told.scalar_one() == 1


def test_a_lost_connection_is_not_counted_and_tried_again_soon(
    site: Site, owner: Engine, clock: Clock
) -> None:
    def cut(work: Work, body: Mapping[str, Any]) -> None:
        work.session.execute(text("select pg_terminate_backend(pg_backend_pid())"))

    here = answering(site, cut=cut)
    message = tell(here, "cut")

    for _ in range(outbox.FAULTS):
        with pytest.raises(OperationalError):
            outbox.deliver(here, message)

    assert state(owner, message) == (False, outbox.FAULTS, None)
    with begin(site, OPERATOR) as work:
        assert message in outbox.due(work.session, clock.now + timedelta(seconds=2), 10)


def test_a_message_that_fails_each_time_is_given_up_and_that_is_told(
    site: Site, owner: Engine, clock: Clock
) -> None:
    heard: list[int] = []

    def fail(work: Work, body: Mapping[str, Any]) -> None:
        raise ZeroDivisionError

    fates = {"fail": fail, "fail.given_up": lambda _, body: heard.append(body["n"])}
    here = answering(site, **fates)
    message = tell(here, "fail", n=7)

    for _ in range(outbox.FAULTS):
        with pytest.raises(ZeroDivisionError):
            outbox.deliver(here, message)
    assert outbox.deliver(here, message) is False
    assert state(owner, message)[0] is True
    with begin(site, OPERATOR) as work:
        told = outbox.due(work.session, clock.now, 10)

    assert [outbox.deliver(here, one) for one in told] == [True]
    assert heard == [7]


@pytest.fixture
def given_up(site: Site) -> list[int]:
    """Two messages that were tried too often."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("no ground")

    ill = answering(site, fail=fail)
    messages = [tell(ill, "fail", n=n) for n in (1, 2)]
    for message in messages * outbox.FAULTS:
        with suppress(ZeroDivisionError):
            outbox.deliver(ill, message)
    return messages


def test_what_was_given_up_is_listed_with_its_last_fault(given_up: list[int], cli: Cli) -> None:
    listed = cli("jobs", "list", "--json").json["given_up"]

    assert [one["id"] for one in listed] == given_up
    assert listed[0] == {
        "id": given_up[0], "topic": "fail", "told_at": "2013-05-25T09:00:00+08:00",
        "error": "ZeroDivisionError: no ground",
    }  # fmt: skip


def test_what_was_given_up_is_done_when_an_operator_retries_it(
    site: Site, owner: Engine, given_up: list[int], cli: Cli, count: Callable[..., int]
) -> None:
    done: list[int] = []
    mended = answering(site, fail=lambda _, body: done.append(body["n"]))

    one = cli("jobs", "retry", str(given_up[1]), "--as", "zhao", "--json")
    assert [again["id"] for again in one.json["retried"]] == [given_up[1]]
    assert outbox.deliver_next(mended)
    assert not outbox.deliver_next(mended)
    rest = cli("jobs", "retry")
    assert rest.out == "重新排上 1 件，worker 会去办。\n"
    assert outbox.deliver_next(mended)

    assert done == [2, 1]
    assert [state(owner, message)[0] for message in given_up] == [True, True]
    assert count("outbox_message", "error is not null or faults > 0") == 0
    assert count("audit_entry", "action = 'base.retry' and actor = 'zhao'") == 1
    assert cli("jobs", "list", "--json").json == {"given_up": []}


def test_what_was_not_given_up_cannot_be_retried(
    site: Site, owner: Engine, given_up: list[int], cli: Cli
) -> None:
    waiting = tell(site, "house.sweep")

    said = cli("jobs", "retry", str(given_up[0]), str(waiting), "--json")

    assert said.code == 2
    assert said.json["error"]["code"] == "base.outbox.not_given_up"
    assert f"{waiting} 号" in said.err
    assert state(owner, given_up[0])[0] is True


def test_whoever_lost_its_connection_cannot_finish(site: Site, owner: Engine) -> None:
    done: list[str] = []

    def slow(work: Work, body: Mapping[str, Any]) -> None:
        work.tell("effect")
        done.append("first")
        [own] = work.session.execute(text("select pg_backend_pid()")).scalars()
        with owner.begin() as connection:
            connection.execute(text("select pg_terminate_backend(:own, 5000)"), {"own": own})
        inner = answering(site, slow=lambda *_: done.append("second"))
        assert outbox.deliver(inner, message)

    here = answering(site, slow=slow)
    message = tell(here, "slow")

    with pytest.raises(OperationalError):
        outbox.deliver(here, message)

    assert done == ["first", "second"]
    assert state(owner, message) == (True, 2, None)
    with owner.connect() as connection:
        told = connection.execute(
            text("select count(*) from outbox_message where topic = 'effect'")
        )
        assert told.scalar_one() == 0


WAITS_FOR_A_LOCK = """
import dataclasses, sys
from sqlalchemy import text
from app import config
from app.base import outbox
from app.main import build
def wait(work, body):
    work.session.execute(text("select pg_advisory_xact_lock(7)"))
outbox.deliver(dataclasses.replace(build(config.load()), handlers={"wait": wait}), int(sys.argv[1]))
"""


def test_what_a_killed_process_held_is_free_though_the_database_still_waits_for_it(
    site: Site, owner: Engine, config: Config
) -> None:
    done: list[int] = []
    here = answering(site, wait=lambda *_: done.append(1))
    message = tell(here, "wait")
    waiting = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
    with owner.connect() as other:
        other.execute(text("select pg_advisory_lock(7)"))
        process = subprocess.Popen(
            [sys.executable, "-c", WAITS_FOR_A_LOCK, str(message)], cwd=ROOT,
            env=environment(config),
        )  # fmt: skip
        until(lambda: bool(other.execute(waiting).scalar_one()))
        process.kill()
        process.wait()

        until(lambda: outbox.deliver(here, message), seconds=10)
        other.execute(text("select pg_advisory_unlock(7)"))

    assert done == [1]


def test_a_message_that_somebody_is_at_is_left_to_them(site: Site, clock: Clock) -> None:
    seen: list[object] = []

    def look(work: Work, body: Mapping[str, Any]) -> None:
        clock.advance(hours=1)
        with Session(site.engine) as session:
            seen.append(outbox.due(session, clock.now, 10))
        seen.append(outbox.deliver(here, message))
        seen.append(outbox.deliver_next(here))

    here = answering(site, look=look)
    message = tell(here, "look")

    assert outbox.deliver(here, message)

    assert seen == [[], False, False]


def test_what_has_waited_longest_is_done_first(site: Site, clock: Clock) -> None:
    done: list[int] = []
    here = answering(site, count=lambda _, body: done.append(body["n"]))
    for n in (1, 2, 3):
        tell(here, "count", n=n)
        clock.advance(seconds=1)

    more = [outbox.deliver_next(here) for _ in range(4)]

    assert done == [1, 2, 3]
    assert more == [True, True, True, False]


def test_a_message_that_kills_its_process_bars_no_other(site: Site, clock: Clock) -> None:
    """Its row is as the process left it: an attempt begun, and nothing else."""
    done: list[str] = []

    def die(*_: object) -> None:
        done.append("poison")
        raise KeyboardInterrupt  # which ends a process, and is nobody's fault

    here = answering(site, poison=die, other=lambda *_: done.append("other"))
    tell(here, "poison")
    clock.advance(seconds=1)
    tell(here, "other")

    for _ in range(2):
        with suppress(KeyboardInterrupt):
            outbox.deliver_next(here)
    assert outbox.deliver_next(here) is False
    clock.advance(seconds=2)
    with suppress(KeyboardInterrupt):
        outbox.deliver_next(here)

    assert done == ["poison", "other", "poison"]


def test_the_relay_calls_once_for_each_message_and_for_many_a_few_times(
    site: Site, redis: Redis
) -> None:
    relay, calls = Relay(site, redis), f"rq:queue:{Queue.OUTBOX}"

    lengths = []
    for more in (0, 3, 0, 30):
        for _ in range(more):
            tell(site, "awards.run", run_id=0)
        relay.look()
        lengths.append(redis.llen(calls))

    assert lengths == [0, 3, 3, 8]


def test_an_emptied_redis_is_filled_again(site: Site, redis: Redis) -> None:
    tell(site, "awards.run", run_id=0)
    relay = Relay(site, redis)
    relay.look()
    redis.flushdb()

    relay.look()

    assert redis.llen(f"rq:queue:{Queue.OUTBOX}") == 1


def test_without_redis_the_relay_does_the_work_itself(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    here = answering(site, count=lambda _, body: done.append(body["n"]))
    for n in (1, 2):
        tell(here, "count", n=n)
    relay = Relay(here, connect("redis://127.0.0.1:1"))

    assert relay.look() is False
    assert done == []
    monkeypatch.setattr("jobs.relay._ALONE_AFTER_S", 0)
    more = [relay.look() for _ in range(3)]

    assert sorted(done) == [1, 2]
    assert more == [True, True, False]


def test_two_schedulers_give_a_turn_out_once(site: Site, clock: Clock) -> None:
    first = schedule.tell_due(site)
    second = schedule.tell_due(site)
    clock.set(clock.now + timedelta(hours=1))
    later = schedule.tell_due(site)

    assert first == [job.topic for job in schedule.JOBS]
    assert second == []
    assert later == ["accounts.settle", "house.sweep"]


@pytest.mark.parametrize(
    ("at", "turn"),
    [("02:59", None), ("03:00", "00:00"), ("23:59", "00:00")],
)
def test_a_daily_job_has_its_turn_after_its_hour(at: str, turn: str | None) -> None:
    job = schedule.Periodic("credits.check", every=timedelta(days=1), after=timedelta(hours=3))
    now = datetime.fromisoformat(f"2026-11-16T{at}+08:00")

    found = job.turn(now)

    assert (found and found.isoformat()[11:16]) == turn


def environment(config: Config) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": config.database_url.reveal(),
        "REDIS_URL": config.redis_url,
        "KEJIAO_KEYS": config.keys.reveal(),
        "KEJIAO_INDEX_KEY": config.index_key.reveal(),
        "KEJIAO_SECRET": config.secret.reveal(),
    }


@pytest.fixture
def processes(config: Config, redis: Redis) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(module: str, **settings: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=environment(config) | settings,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def listening(owner: Engine) -> bool:
    """Whether a relay hears what is committed."""
    with owner.connect() as connection:
        heard = "select count(*) from pg_stat_activity where query = 'listen kejiao_outbox'"
        return bool(connection.execute(text(heard)).scalar_one())


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_real_processes_do_what_a_commit_left_behind(
    site: Site,
    owner: Engine,
    clock: Clock,
    processes: Callable[..., subprocess.Popen[bytes]],
) -> None:
    clock.set(datetime.now(tz=clock.now.tzinfo))
    processes("jobs.relay")
    processes("jobs.worker")
    message = tell(site, "house.sweep")

    until(lambda: state(owner, message)[0])

    assert state(owner, message)[2] is None


def test_a_worker_ends_when_it_is_asked_to(
    owner: Engine, redis: Redis, processes: Callable[..., subprocess.Popen[bytes]]
) -> None:
    worker, relay = processes("jobs.worker"), processes("jobs.relay")
    until(lambda: redis.scard("rq:workers") == 1 and listening(owner))

    for process in (worker, relay):
        process.terminate()

    assert (worker.wait(15), relay.wait(15)) == (0, 0)


def test_a_worker_outlives_its_redis_and_ends_when_it_is_asked_to_without_one(
    site: Site, owner: Engine, clock: Clock, config: Config, tmp_path: Path,
    processes: Callable[..., subprocess.Popen[bytes]],
) -> None:  # fmt: skip
    clock.set(datetime.now(tz=clock.now.tzinfo))
    database = config.database_url.reveal()
    with Services(tmp_path, test=True, database_url=database) as services:
        server = services.redis
        assert server is not None
        worker = processes("jobs.worker", REDIS_URL=server.url)
        broker = connect(server.url)
        until(lambda: broker.scard("rq:workers") == 1)

        killed(server)
        server.start()
        message = tell(site, "house.sweep")
        queue_of(broker).enqueue("jobs.worker.work_off")
        until(lambda: state(owner, message)[0])
        killed(server)
        worker.terminate()

        assert worker.wait(15) == 0


def killed(server: Server) -> None:
    """Kill it, and see that it is dead."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: server.poll() is not None)
