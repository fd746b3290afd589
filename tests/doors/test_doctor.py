"""`doctor` as an operator types it: every ill is found, named and given a remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from redis import Redis
from rq import Queue, Worker
from sqlalchemy import Engine, text

from app.accounts import commands as accounts
from app.accounts.terms import Mode
from app.base.site import Site, connect
from app.base.vault import Vault
from app.base.work import begin
from app.cli import desk, verbs
from app.kernel.secret import Secret
from app.standards import commands as standards
from tests.commands.test_accounts import ACCOUNT
from tests.conftest import Clock
from tests.support.cast import OPERATOR, Spoken

Cli = Callable[..., Spoken]
# What is well on the tests' own ground, and what is not: no worker runs, secrets are samples.
WELL = {
    "database", "version", "writable", "migrations", "keys", "role", "row_security", "waiting",
    "given_up", "redis", "disk", "holidays", "files", "address", "tallies", "plain", "sealed",
}  # fmt: skip


def asked(site: Site) -> dict[str, Any]:
    """What the doctor says of a site, by name of the check."""
    out = StringIO()
    with redirect_stdout(out):
        assert desk.run(["doctor", "--json"], lambda: site, verbs.root) == 0
    return {check["name"]: check for check in json.loads(out.getvalue())["checks"]}


def test_every_check_has_a_verdict_and_a_sentence(site: Site) -> None:
    found = asked(site)

    assert len(found) >= 12
    assert {name for name, check in found.items() if check["ok"]} >= WELL
    assert all(check["detail"].endswith("。") for check in found.values())


def test_an_operator_reads_lines_and_a_sum(cli: Cli) -> None:
    said = cli("doctor")

    assert said.code == 0
    assert "行级安全：" in said.out
    assert "项要处理。" in said.out.splitlines()[-1]


@pytest.mark.parametrize("ill", ["secrets", "workers"])
def test_samples_and_missing_workers_are_found(site: Site, ill: str) -> None:
    assert asked(site)[ill]["ok"] is False


def test_drawn_secrets_are_good(site: Site) -> None:
    drawn = replace(
        site.config,
        secret=Secret("r0Zk3v9yT1qLm8sXw2nB7dQh5cJg4fPa"),
        keys=Secret("k1:cJ1zPqk0v8m4XyTn3sWd7uGb2hLf9aRe5oKiMxQ6wUA="),
        index_key=Secret("3qLm8sXw2nB7dQh5cJg4fPar0Zk3v9yT1cJ1zPqk0v8="),
    )

    found = asked(replace(site, config=drawn))

    assert found["secrets"]["ok"] is True


def test_a_short_secret_and_shared_keys_are_named(site: Site) -> None:
    key = "cJ1zPqk0v8m4XyTn3sWd7uGb2hLf9aRe5oKiMxQ6wUA="
    weak = replace(
        site.config, secret=Secret("short"), keys=Secret(f"k1:{key}"), index_key=Secret(key)
    )

    detail = asked(replace(site, config=weak))["secrets"]["detail"]

    assert "KEJIAO_SECRET" in detail
    assert "KEJIAO_INDEX_KEY" in detail
    assert "KEJIAO_KEYS" not in detail


def test_without_a_database_it_still_says_what_it_can(site: Site) -> None:
    engine = connect("postgresql+psycopg://nobody@/nothing?host=/nowhere", pool_size=1)

    found = asked(replace(site, engine=engine))

    assert "没有答复" in found["database"]["detail"]
    assert {name for name, check in found.items() if check["ok"]} >= {"keys", "files", "redis"}
    for name in ("writable", "row_security", "tallies", "sealed"):
        assert found[name]["ok"] is False


def test_without_redis_two_checks_say_so(site: Site) -> None:
    lame = replace(site, config=replace(site.config, redis_url="redis://127.0.0.1:1/0"))

    found = asked(lame)

    assert [name for name in ("redis", "redis_durable", "workers") if not found[name]["ok"]] == [
        "redis", "redis_durable", "workers",
    ]  # fmt: skip


def test_whether_redis_keeps_what_it_holds_is_what_redis_says(site: Site) -> None:
    with Redis.from_url(site.config.redis_url) as client:
        durable = bool(client.info("persistence")["aof_enabled"])

        assert asked(site)["redis_durable"]["ok"] is durable


def test_a_table_without_its_wall_is_named(site: Site, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("alter table swipe no force row level security"))
    try:
        found = asked(site)["row_security"]
    finally:
        with owner.begin() as connection:
            connection.execute(text("alter table swipe force row level security"))

    assert found["ok"] is False
    assert "swipe" in found["detail"]


def test_a_role_that_owns_the_tables_is_found(site: Site, owner: Engine) -> None:
    found = asked(replace(site, engine=owner))["role"]

    assert found["ok"] is False


def test_clocks_that_differ_are_found(site: Site, clock: Clock) -> None:
    assert asked(site)["clock"]["ok"] is False

    clock.set(datetime.now(UTC))

    assert asked(site)["clock"]["ok"] is True


def test_a_year_without_holidays_is_found(site: Site, clock: Clock) -> None:
    clock.set(datetime(2099, 1, 1, tzinfo=UTC))

    found = asked(site)["holidays"]

    assert found["ok"] is False
    assert "2099" in found["detail"]


def test_work_that_nobody_does_is_found(site: Site, clock: Clock) -> None:
    with begin(site, OPERATOR) as work:
        work.tell("house.sweep")
    clock.advance(minutes=6)

    assert "6 分钟" in asked(site)["waiting"]["detail"]
    assert asked(site)["waiting"]["ok"] is False


def test_work_that_was_given_up_is_found(site: Site, owner: Engine) -> None:
    with begin(site, OPERATOR) as work:
        work.tell("house.sweep")
    with owner.begin() as connection:
        connection.execute(
            text("update outbox_message set done_at = at, faults = 8, error = 'OSError: away'")
        )

    found = asked(site)["given_up"]

    assert found["ok"] is False
    assert "1 件" in found["detail"]


def test_plain_accounts_are_an_ill_in_production_only(site: Site) -> None:
    with begin(site, OPERATOR) as work:
        plain = replace(ACCOUNT, mode=Mode.PLAIN, aes_key=None)
        accounts.put_official_account(work, plain)
    production = replace(site.config, production=True, public_url="https://kejiao.example")

    assert asked(site)["plain"]["ok"] is True
    found = asked(replace(site, config=production))
    assert found["plain"]["ok"] is False
    assert "city" in found["plain"]["detail"]
    assert found["address"]["ok"] is True


def test_production_without_https_is_an_ill(site: Site) -> None:
    production = replace(site, config=replace(site.config, production=True))

    assert asked(production)["address"]["ok"] is False


def test_an_account_whose_key_is_gone_is_named(site: Site) -> None:
    with begin(site, OPERATOR) as work:
        accounts.put_official_account(work, ACCOUNT)
    other = replace(site, vault=Vault({"k9": b"z" * 32}, b"i" * 32))

    found = asked(other)["sealed"]

    assert found["ok"] is False
    assert "city" in found["detail"]


def test_loaded_standards_are_counted(site: Site) -> None:
    assert asked(site)["standards"]["ok"] is False
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)

    assert asked(site)["standards"]["ok"] is True


def test_a_worker_that_reported_lately_is_seen(site: Site, clock: Clock) -> None:
    clock.set(datetime.now(UTC))
    with Redis.from_url(site.config.redis_url) as client:
        worker = Worker([Queue("kejiao-outbox", connection=client)], connection=client, name="one")
        worker.register_birth()
        try:
            fresh = asked(site)["workers"]
            clock.advance(seconds=61)
            old = asked(site)["workers"]
        finally:
            worker.register_death()
            client.delete(worker.key)

    assert (fresh["ok"], old["ok"]) == (True, False)
