"""The pages for everybody, through HTTP: what this is, whether it is well, and how it refuses."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from app.base.site import Site, connect
from app.base.work import begin
from app.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RowError,
    UnavailableError,
)
from app.main import create_app
from tests.conftest import Clock
from tests.support.cast import OPERATOR

NOWHERE = "postgresql+psycopg://nobody@/nothing?host=/nowhere"


@pytest.fixture
def app(site: Site) -> Flask:
    return create_app(site)


@pytest.fixture
def web(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def away(site: Site) -> Iterator[FlaskClient]:
    """The web while the database is away."""
    engine = connect(NOWHERE, pool_size=1)
    yield create_app(replace(site, engine=engine)).test_client()
    engine.dispose()


def state_of(web: FlaskClient) -> dict[str, bool]:
    return {check["name"]: check["ok"] for check in web.get("/readyz").get_json()["checks"]}


class TestHealth:
    def test_the_process_lives_even_when_all_else_is_away(self, away: FlaskClient) -> None:
        answer = away.get("/healthz")

        assert (answer.status_code, answer.get_json()) == (200, {"ok": True})

    def test_it_is_ready_when_all_it_stands_on_is_well(self, web: FlaskClient) -> None:
        answer = web.get("/readyz")

        said = answer.get_json()
        assert answer.status_code == 200
        assert said["ok"] is True
        assert {"database", "version", "writable", "migrations", "keys", "redis"} <= {
            check["name"] for check in said["checks"] if check["ok"]
        }
        assert answer.headers["Cache-Control"] == "no-store"

    def test_it_is_not_ready_without_its_database(self, away: FlaskClient) -> None:
        answer = away.get("/readyz")

        assert answer.status_code == 503
        assert answer.get_json()["state"] == "down"
        assert state_of(away)["database"] is False
        assert "nowhere" not in answer.get_data(as_text=True)

    def test_without_redis_it_serves_and_says_that_it_is_degraded(self, site: Site) -> None:
        lame = replace(site, config=replace(site.config, redis_url="redis://127.0.0.1:1/0"))

        answer = create_app(lame).test_client().get("/readyz")

        assert answer.status_code == 200
        assert answer.get_json()["state"] == "degraded"
        assert "redis" in answer.get_json()["degraded"]

    def test_it_is_not_ready_on_an_older_database(self, web: FlaskClient, owner: Engine) -> None:
        with owner.begin() as connection:
            connection.execute(text("update alembic_version set version_num = '0000'"))
        try:
            answer = web.get("/readyz")
        finally:
            newest = web.get("/version").get_json()["schema"]
            with owner.begin() as connection:
                connection.execute(
                    text("update alembic_version set version_num = :no"), {"no": newest}
                )

        assert answer.status_code == 503

    def test_looking_writes_nothing(self, web: FlaskClient, owner: Engine) -> None:
        web.get("/readyz")

        with owner.connect() as connection:
            left = connection.execute(text("select count(*) from outbox_message")).scalar_one()
        assert left == 0

    def test_work_that_nobody_does_is_seen(
        self, site: Site, web: FlaskClient, clock: Clock
    ) -> None:
        with begin(site, OPERATOR) as work:
            work.tell("house.sweep")
        assert state_of(web)["waiting"] is True

        clock.advance(seconds=301)

        assert state_of(web)["waiting"] is False

    def test_the_release_is_named(self, web: FlaskClient) -> None:
        said = web.get("/version").get_json()

        assert re.fullmatch(r"\d+\.\d+\.\d+", said["version"])
        assert re.fullmatch(r"\d{4}", said["schema"])


class TestMetrics:
    def figure(self, web: FlaskClient, line: str) -> float:
        """The value that stands after this beginning of a line; 0 where there is none."""
        found = re.search(
            rf"^{re.escape(line)} ([0-9.e+-]+)$", web.get("/metrics").text, re.MULTILINE
        )
        return float(found[1]) if found else 0.0

    def test_answers_are_counted_by_route_and_status(self, web: FlaskClient) -> None:
        line = 'kejiao_http_requests_total{method="GET",route="/healthz",status="200"}'
        before = self.figure(web, line)

        web.get("/healthz")

        assert self.figure(web, line) == before + 1

    def test_a_scanner_makes_no_series_of_its_own(self, web: FlaskClient) -> None:
        web.get("/wp-login.php")
        web.open("/healthz", method="BREW")

        assert "wp-login" not in web.get("/metrics").text
        assert "BREW" not in web.get("/metrics").text

    def test_what_waits_is_told(self, site: Site, web: FlaskClient, clock: Clock) -> None:
        with begin(site, OPERATOR) as work:
            work.tell("house.sweep")
        clock.advance(seconds=42)

        assert self.figure(web, "kejiao_outbox_waiting") == 1
        assert self.figure(web, "kejiao_outbox_oldest_seconds") == 42

    def test_without_a_database_it_says_just_that(self, away: FlaskClient) -> None:
        said = away.get("/metrics")

        assert said.status_code == 200
        assert self.figure(away, "kejiao_database_up") == 0
        assert "kejiao_outbox_waiting" not in said.text


PAGES = ("/", "/nothing-here", "/activate/nothing")


class TestPages:
    def test_the_first_page_says_what_this_is(self, away: FlaskClient) -> None:
        answer = away.get("/")

        assert answer.status_code == 200
        assert "问得到为什么" in answer.text
        assert 'lang="zh-CN"' in answer.text

    @pytest.mark.parametrize("address", PAGES)
    def test_no_page_needs_more_than_our_own_style_sheet(
        self, web: FlaskClient, address: str
    ) -> None:
        answer = web.get(address)

        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|https?://", answer.text)

    def test_what_a_page_loads_is_packed_and_kept_until_its_content_changes(
        self, web: FlaskClient
    ) -> None:
        [address] = re.findall(r'href="(/static/base.css[^"]+)"', web.get("/").text)

        packed = web.get(address, headers={"Accept-Encoding": "gzip"})
        plain = web.get(address)

        assert packed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert gzip.decompress(packed.data) == plain.data
        # Whoever asks for another content than there is gets this one, and does not keep it.
        assert web.get("/static/base.css?v=0").headers["Cache-Control"] == "no-store"
        assert web.get("/static/../main.py").status_code == 404
        assert web.get("/static/nothing.css").status_code == 404

    @pytest.mark.parametrize("address", [*PAGES, "/healthz", "/static/base.css", "/wechat/nobody"])
    def test_every_answer_tells_the_browser_what_to_refuse(
        self, web: FlaskClient, address: str
    ) -> None:
        with web.get(address) as answer:
            headers = answer.headers

        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"

    def test_over_https_the_browser_is_told_to_stay_there(self, site: Site) -> None:
        public = replace(site, config=replace(site.config, public_url="https://kejiao.example"))

        answer = create_app(public).test_client().get("/")

        assert "max-age" in answer.headers["Strict-Transport-Security"]

    def test_every_link_and_file_of_a_page_is_there(self, web: FlaskClient) -> None:
        for address in re.findall(r'(?:href|src)="(/[^"]*)"', web.get("/").text):
            with web.get(address) as answer:
                assert answer.status_code == 200, address


def refusing(app: Flask, path: str, error: Exception | int) -> Any:
    """What the web answers at an address whose door raises."""

    def door() -> str:
        if isinstance(error, int):
            abort(error)
        raise error

    app.add_url_rule(path, endpoint=f"test{path}", view_func=door)
    return app.test_client().get(path)


ROW = RowError(2, "unit_code", "H404", "projects.import.unit_unknown")
REFUSALS = [
    (NotFoundError("accounts.link.gone"), 404),
    (ForbiddenError("base.work.forbidden", permission="x"), 403),
    (ConflictError("accounts.bind.meanwhile"), 409),
    (InvalidError("projects.import.refused", rows=[ROW], count=1), 422),
    (UnavailableError("web.database.away"), 503),
]


class TestRefusals:
    @pytest.mark.parametrize(("error", "status"), REFUSALS)
    def test_a_person_gets_a_page_with_a_sentence(
        self, app: Flask, error: Exception, status: int
    ) -> None:
        answer = refusing(app, "/console/x", error)

        assert (answer.status_code, answer.mimetype) == (status, "text/html")
        assert "<h1>" in answer.text
        assert "回到首页" in answer.text

    @pytest.mark.parametrize(("error", "status"), REFUSALS)
    def test_a_program_gets_code_and_words(self, app: Flask, error: Any, status: int) -> None:
        answer = refusing(app, "/api/x", error)

        said = answer.get_json()["error"]
        assert answer.status_code == status
        assert said["code"] == error.code
        assert said["message"] in answer.get_data(as_text=True)
        assert [row["column"] for row in said["rows"]] == [row.column for row in error.rows]

    @pytest.mark.parametrize("path", ["/wechat/x/y", "/iclock/x"])
    @pytest.mark.parametrize("error", [REFUSALS[1][0], RuntimeError(), 403])
    def test_a_machine_gets_a_bare_status(
        self, app: Flask, path: str, error: Exception | int
    ) -> None:
        answer = refusing(app, path, error)

        assert answer.status_code in {403, 500}
        assert answer.data == b""

    def test_our_own_fault_gives_a_number_and_nothing_else(
        self, app: Flask, capsys: pytest.CaptureFixture[str]
    ) -> None:
        answer = refusing(app, "/console/x", RuntimeError("of the inside"))

        assert answer.status_code == 500
        assert "of the inside" not in answer.text
        reference = re.search(r"编号 ([0-9A-F]{6})", answer.text)
        assert reference
        assert reference[1] in "".join(capsys.readouterr())

    def test_a_database_that_went_away_is_no_fault_of_the_person(self, away: FlaskClient) -> None:
        answer = away.get("/activate/some-token")

        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "是我们的问题" in answer.text

    @pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 413, 418, 429])
    def test_every_status_has_words(self, app: Flask, status: int) -> None:
        answer = refusing(app, f"/console/{status}", status)

        assert answer.status_code == status
        assert re.search(r"<h1>[^<]{6,}</h1>", answer.text)

    def test_a_wrong_method_says_which_are_right(self, web: FlaskClient) -> None:
        answer = web.post("/healthz")

        assert answer.status_code == 405
        assert "GET" in answer.headers["Allow"]
        assert answer.get_json()["error"]["code"] == "web.http.405"

    def test_words_reach_programs_as_they_are(self, app: Flask) -> None:
        answer = refusing(app, "/api/x", NotFoundError("accounts.link.gone"))

        assert "这个链接" in answer.get_data(as_text=True)
        assert json.loads(answer.data)["error"]["rows"] == []
