"""The platform as we call it, over HTTP: what it refuses, its silence, and where we never go."""

from __future__ import annotations

import io
import json
import logging
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, suppress

import pytest

from app.accounts import commands, queries
from app.accounts.terms import TokenKind
from app.base import logs
from app.base.work import begin
from app.config import ROOT
from app.kernel.span import local
from tests.conftest import Clock
from tests.support.cast import OPERATOR
from tests.support.platforms import Met, Rogues, http
from tests.support.wechat_client import ACCOUNTS, CITY_OFFICE, SERVICE
from wechat.platform import apis, limits, oa
from wechat.platform.apis import Api
from wechat.platform.errors import (
    BlockedError,
    BusyError,
    NoCapabilityError,
    NotFollowingError,
    NotSentError,
    PlatformError,
    QuotaError,
    RejectedError,
    StoppedError,
    TokenError,
    TooFastError,
    TransportError,
    UnknownOutcomeError,
    WindowClosedError,
)

STABLE, INFO, CUSTOM = "/stable_token", "/user/info", "/custom/send"


def info(met: Met) -> oa.UserInfo:
    return oa.user_info(met.platform(), "o-1")


def speak(met: Met) -> None:
    oa.send_text(met.platform(), "o-1", "你好")


class TestTokens:
    def test_one_fetch_serves_every_call_and_every_process(self, met: Met) -> None:
        info(met)
        info(met)
        info(met.again())

        assert met.fetches == 1
        assert met.asked(INFO) == 3

    def test_two_processes_of_eight_threads_that_start_cold_ask_once(
        self, met: Met, database_url: str
    ) -> None:
        met.simulator.fault(path=STABLE, times=0, do={"delay": 0.3})
        told = {"database_url": database_url, "wechat_api": met.site.config.wechat_api}
        racing = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.support.racer", json.dumps(told)],
                stdout=subprocess.PIPE, cwd=ROOT,
            )
            for _ in range(2)
        ]  # fmt: skip

        said = [json.loads(one.communicate(timeout=60)[0]) for one in racing]

        assert said == [{"done": 8, "errors": []}] * 2
        assert met.fetches == 1
        assert met.asked(INFO) == 16

    def test_a_token_is_asked_for_anew_before_it_ends(self, met: Met, clock: Clock) -> None:
        info(met)

        clock.advance(seconds=7200 - 301)
        info(met)
        assert met.fetches == 1
        clock.advance(seconds=2)
        info(met)

        assert met.fetches == 2

    def test_a_refused_token_is_renewed_once_and_the_call_is_done(self, met: Met) -> None:
        info(met)
        rotate(met)

        assert info(met).subscribed

        assert met.fetches == 2
        assert met.asked(INFO) == 3

    def test_who_finds_a_newer_token_in_the_database_asks_for_none(self, met: Met) -> None:
        slow = met.again()
        info(slow)
        rotate(met)
        info(met)

        info(slow)

        assert met.fetches == 2

    def test_the_same_token_again_is_not_tried_again(self, met: Met) -> None:
        met.simulator.fault(path=INFO, do={"errcode": 40001})

        with pytest.raises(TokenError):
            info(met)

        assert (met.fetches, met.asked(INFO)) == (2, 1)
        assert info(met).subscribed

    def test_a_permanent_refusal_costs_three_fetches_in_ten_minutes(
        self, met: Met, clock: Clock
    ) -> None:
        met.simulator.fault(path=INFO, times=0, do={"errcode": 40001})

        for _ in range(39):
            with pytest.raises(TokenError):
                info(met)
            clock.advance(seconds=15)

        assert met.fetches <= 3
        assert met.asked(INFO) <= 3
        with begin(met.site, OPERATOR) as work:
            assert [one.api for one in queries.alarms(work)] == ["access"]

    def test_after_ten_minutes_it_is_tried_again(self, met: Met, clock: Clock) -> None:
        met.simulator.fault(path=INFO, times=0, do={"errcode": 42001})
        for _ in range(5):
            with pytest.raises(TokenError):
                info(met)
        with pytest.raises(BlockedError) as blocked:
            info(met)
        met.simulator.mend()

        assert blocked.value.again_at is not None
        clock.set(blocked.value.again_at)

        assert info(met).subscribed

    def test_a_platform_that_does_not_answer_is_left_in_peace_longer_each_time(
        self, met: Met, clock: Clock
    ) -> None:
        met.simulator.fault(path=STABLE, times=0, do={"status": 502})

        for _ in range(60):
            with pytest.raises(PlatformError):
                info(met)
            clock.advance(seconds=1)

        assert met.fetches < 12
        assert met.asked(INFO) == 0
        met.simulator.mend()
        clock.advance(minutes=1)
        assert info(met).subscribed

    def test_one_lost_answer_is_made_good_at_once(self, met: Met) -> None:
        met.simulator.fault(path=STABLE, do={"reset": True})

        assert info(met).subscribed

    def test_a_send_is_not_in_doubt_because_its_token_did_not_come(self, met: Met) -> None:
        met.simulator.fault(path=STABLE, times=0, do={"status": 502})

        with pytest.raises(PlatformError) as failed:
            speak(met)

        assert not isinstance(failed.value, UnknownOutcomeError)
        assert met.asked(CUSTOM) == 0

    def test_a_ticket_is_kept_like_a_token(self, met: Met) -> None:
        ticket = met.platform().tokens.jsapi_ticket()

        assert met.again().platform().tokens.jsapi_ticket() == ticket
        assert met.asked("/getticket") == 1

    def test_a_ticket_comes_also_when_the_token_was_refused(self, met: Met) -> None:
        info(met)
        rotate(met)

        assert met.platform().tokens.jsapi_ticket()

        assert met.fetches == 2

    def test_a_token_is_stored_sealed(self, met: Met) -> None:
        info(met)
        held = queries.held_token(met.site, SERVICE, TokenKind.ACCESS)

        with met.site.engine.connect() as connection:
            stored = connection.exec_driver_sql("select t::text from wechat_token t").scalar_one()

        assert held is not None
        assert held.value.reveal() not in stored
        assert held.value.reveal().encode().hex() not in stored


def rotate(met: Met) -> None:
    """Another system of the account's owner forces a new token, and ours dies."""
    body = {
        "grant_type": "client_credential", "appid": met.account.appid,
        "secret": met.account.secret.reveal(), "force_refresh": True,
    }  # fmt: skip
    assert met.simulator.call("POST", "/cgi-bin/stable_token", body).status == 200


class TestSilence:
    def test_a_busy_platform_is_asked_three_times(self, met: Met) -> None:
        met.simulator.fault(path=INFO, times=2, do={"errcode": -1})
        assert info(met).subscribed
        met.simulator.fault(path=INFO, times=0, do={"errcode": -1})

        with pytest.raises(BusyError):
            info(met)

        assert met.asked(INFO) == 6

    @pytest.mark.parametrize(
        "do",
        [
            {"html": True},
            {"truncate": True},
            {"reset": True},
            {"status": 502, "body": "Bad Gateway"},
            {"status": 200, "body": ""},
            {"status": 200, "body": "[1, 2]"},
            {"status": 200, "body": '{"errcode": "many"}'},
            {"status": 200, "body": "[" * 100_000},
            {"delay": 0.8},
        ],
        ids=lambda do: json.dumps(do)[:40],
    )
    def test_what_cannot_be_read_is_asked_for_again_and_then_is_no_answer(
        self, met: Met, do: dict[str, object]
    ) -> None:
        info(met)
        met.simulator.fault(path=INFO, times=0, do=do)

        with pytest.raises(TransportError):
            info(met)

        assert met.asked(INFO) in {1 + 3, 1 + 2}  # the last may still be under way

    @pytest.mark.parametrize(
        "do", [{"html": True}, {"truncate": True}, {"reset": True}, {"errcode": -1}], ids=str
    )
    def test_a_send_without_a_key_is_never_repeated(self, met: Met, do: dict[str, object]) -> None:
        met.simulator.fault(path=CUSTOM, times=0, do=do)

        with pytest.raises(UnknownOutcomeError):
            speak(met)

        assert met.asked(CUSTOM) == 1

    def test_a_send_with_a_key_is_repeated_and_shown_once(self, met: Met) -> None:
        met.simulator.fault(path="/template/send", times=2, do={"truncate": True})

        number = send_template(met, "77")

        assert met.asked("/template/send") == 3
        [shown] = met.simulator.sent("o-1")
        assert (str(shown["msgid"]), shown["client_msg_id"]) == (number, "77")

    def test_where_no_connection_comes_about_nothing_is_in_doubt(self, met: Met) -> None:
        info(met)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]

        with pytest.raises(NotSentError):
            speak(met.at(f"http://127.0.0.1:{port}"))

    def test_a_drop_a_second_is_no_answer(self, met: Met, rogue: Rogues) -> None:
        def drip(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            with suppress(OSError):
                for _ in range(100):
                    connection.sendall(b" ")
                    time.sleep(0.05)

        info(met)
        there = rogue(drip)
        begun = time.monotonic()

        with pytest.raises(TransportError):
            info(met.at(there.url))

        assert time.monotonic() - begun < 8.0  # three drips to their ends would take fifteen
        assert there.connections == 3

    def test_an_endless_answer_is_cut_off(self, met: Met, rogue: Rogues) -> None:
        def flood(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
            with suppress(OSError):
                while True:
                    connection.sendall(b"x" * 65_536)

        info(met)

        with pytest.raises(TransportError):
            info(met.at(rogue(flood).url))


def send_template(met: Met, client_id: str) -> str | None:
    return oa.send_template(
        met.platform(), "o-1", "TM-notice", {"thing2": "绑定换了", "time3": "2013-05-25 09:00"},
        url="http://127.0.0.1:1/m/yingchuan/", client_id=client_id,
    )  # fmt: skip


class TestRefusals:
    def test_a_quota_of_the_day_parks_the_interface_until_midnight_for_all(
        self, met: Met, clock: Clock
    ) -> None:
        met.simulator.fault(path=INFO, do={"errcode": 45009})

        for one in (met, met, met.again()):
            with pytest.raises(QuotaError) as parked:
                info(one)
            assert parked.value.again_at == local("2013-05-26T00:00")

        assert met.asked(INFO) == 1
        assert oa.existing_tag(met.platform(), "x") is None  # others go on
        clock.set(local("2013-05-26T00:00"))
        assert info(met).subscribed

    def test_a_quota_of_the_minute_pauses_for_one(self, met: Met, clock: Clock) -> None:
        met.simulator.fault(path=INFO, do={"errcode": 45011})
        for _ in range(2):
            with pytest.raises(TooFastError):
                info(met)
        clock.advance(seconds=60)

        assert info(met).subscribed

        assert met.asked(INFO) == 2

    def test_a_right_that_was_taken_away_is_off_for_a_day_and_told_to_the_doctor(
        self, met: Met, clock: Clock
    ) -> None:
        met.simulator.fault(path=INFO, do={"errcode": 48001})
        for _ in range(2):
            with pytest.raises(NoCapabilityError):
                info(met)

        assert met.asked(INFO) == 1
        with begin(met.site, OPERATOR) as work:
            [alarm] = queries.alarms(work)
        assert (alarm.slug, alarm.api, alarm.errcode) == (SERVICE, apis.USER_INFO.path, 48001)
        assert "rid" in alarm.said
        clock.advance(days=1)
        assert info(met).subscribed

    @pytest.mark.parametrize("errcode", [40013, 40125, 40164, 40243, 50002])
    def test_a_wrong_setting_stops_the_account_until_it_is_filed_again(
        self, met: Met, errcode: int
    ) -> None:
        met.simulator.fault(path=STABLE, times=0, do={"errcode": errcode})
        for call in (info, speak, info):
            with pytest.raises(StoppedError):
                call(met)

        assert (met.fetches, met.asked(INFO), met.asked(CUSTOM)) == (1, 0, 0)
        met.simulator.mend()
        with begin(met.site, OPERATOR) as work:
            commands.put_official_account(work, ACCOUNTS[SERVICE])
        assert info(met).subscribed

    def test_what_the_kind_of_account_may_not_is_not_even_asked(self, met: Met) -> None:
        with pytest.raises(NoCapabilityError):
            oa.create_qr(met.platform(ACCOUNTS[CITY_OFFICE]), "bind", None)

        assert met.simulator.requests() == []

    def test_each_refusal_says_what_is_to_be_done(self, met: Met) -> None:
        with pytest.raises(WindowClosedError):
            speak(met)
        with pytest.raises(RejectedError) as wrong:
            oa.send_template(
                met.platform(), "o-1", "TM-none", {"thing2": "x"}, url="", client_id="1"
            )
        met.simulator.user(met.account, "o-2", subscribed=False)
        with pytest.raises(NotFollowingError):
            oa.send_text(met.platform(), "o-2", "你好")

        assert wrong.value.errcode == 40037
        assert wrong.value.rid.count("-") == 2

    def test_our_own_pace_holds_for_all_processes(self, met: Met, clock: Clock) -> None:
        slow = Api("cgi-bin/slow", a_minute=6)
        sites = [met.site, met.again().site] * 3
        for site in sites:
            limits.pass_gate(site, SERVICE, slow)

        for site in sites:
            with pytest.raises(TooFastError):
                limits.pass_gate(site, SERVICE, slow)
        clock.advance(seconds=10)
        limits.pass_gate(sites[0], SERVICE, slow)

        with pytest.raises(TooFastError):
            limits.pass_gate(sites[1], SERVICE, slow)


class TestElsewhere:
    @pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Again", "308 Always"])
    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]"]
    )
    def test_a_redirect_leads_nowhere(
        self, met: Met, rogue: Rogues, status: str, host: str
    ) -> None:
        info(met)
        inside = rogue(lambda connection: connection.sendall(http(b"{}")))
        head = f"Location: http://{host}:{inside.port}/latest/meta-data\r\n"
        platform = rogue(lambda connection: connection.sendall(http(b"", status=status, head=head)))

        with pytest.raises(TransportError):
            info(met.at(platform.url))

        assert inside.connections == 0
        assert platform.connections == 3

    def test_an_address_of_another_host_is_not_called(self, met: Met, rogue: Rogues) -> None:
        inside = rogue(lambda connection: connection.sendall(http(b"{}")))
        library = met.platform().library

        for address in (
            f"{inside.url}/cgi-bin/user/info",
            f"http://api.weixin.qq.com@127.0.0.1:{inside.port}/x",
            f"http://127.0.0.1:{inside.port}/api.weixin.qq.com",
        ):
            with pytest.raises(AssertionError):
                library.get(address)
            with pytest.raises(AssertionError):
                library._http.get(address)

        assert inside.connections == 0

    def test_the_librarys_own_addresses_all_lead_to_the_configured_one(self, met: Met) -> None:
        library = met.platform().library

        assert library.user.get("o-1")["subscribe"] == 1
        assert library.menu.create({"button": [{"type": "click", "name": "x", "key": "y"}]})
        with pytest.raises(PlatformError):
            library.customservice.add_account("a@b", "n", "p")

        assert met.asked("/user/info") == 1
        assert met.asked("/menu/create") == 1
        assert met.asked("/customservice/kfaccount/add") == 1
        assert met.fetches == 1

    def test_no_proxy_of_the_environment_is_told_anything(
        self, met: Met, rogue: Rogues, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy = rogue(lambda connection: connection.sendall(http(b"{}")))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)

        assert info(met).subscribed
        assert proxy.connections == 0


FAULTS: tuple[Callable[[Met], object], ...] = (
    lambda met: met.simulator.fault(path=INFO, do={"errcode": 40001}),
    lambda met: met.simulator.fault(path=INFO, do={"errcode": 45009}),
    lambda met: met.simulator.fault(path=INFO, times=3, do={"html": True}),
    lambda met: met.simulator.fault(path=INFO, times=3, do={"reset": True}),
    lambda met: met.simulator.fault(path=INFO, times=3, do={"delay": 0.8}),
    lambda met: met.simulator.fault(path=STABLE, times=3, do={"reset": True}),
)


@pytest.mark.parametrize("fault", FAULTS)
def test_neither_token_nor_secret_is_in_a_log_or_the_text_of_an_error(
    met: Met, fault: Callable[[Met], object]
) -> None:
    logs.configure()
    said = io.StringIO()
    loud = logging.StreamHandler(said)
    logging.getLogger().addHandler(loud)
    before = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    fault(met)
    try:
        with redirect_stderr(said):
            try:
                info(met)
            except PlatformError as error:
                said.write("".join(traceback.format_exception(error)) + repr(vars(error)))
            with suppress(PlatformError):
                info(met)
    finally:
        logging.getLogger().removeHandler(loud)
        logging.getLogger().setLevel(before)
    held = queries.held_token(met.site, SERVICE, TokenKind.ACCESS)
    tokens = {one["query"].get("access_token", "-") for one in met.simulator.requests(INFO)}

    assert said.getvalue()
    for secret in {met.account.secret.reveal(), *tokens} - {"-"}:
        assert secret not in said.getvalue()
    assert held is None or held.value.reveal() not in said.getvalue()
    assert "access_token=" not in said.getvalue()
