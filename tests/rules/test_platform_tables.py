"""What is data or reckoning in the platform layer: return codes, capabilities, limits, proofs."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.rules import platform as rules
from app.accounts.terms import AccountKind
from app.base import words
from app.kernel.secret import Secret
from app.kernel.span import local
from tests.support.wechat_client import ACCOUNTS, CITY_OFFICE, SERVICE
from wechat.capabilities import CAPABILITIES, Capability, may
from wechat.platform import errors, limits
from wechat.platform.apis import APIS, CUSTOM_SEND, MENU_ADD, TEMPLATE_SEND, api_at
from wechat.platform.errors import ACTIONS, Action, PlatformError, error_of
from wechat.platform.jssdk import page_proof, signature

# Every row of the table that we were given, as it was given.
GIVEN = {
    Action.RETRY: (-1,),
    Action.REFRESH: (40001, 40014, 42001),
    Action.BREAK_BINDING: (40003, 46004),
    Action.STOP: (40013, 40125, 40164, 40243),
    Action.RESTART_LOGIN: (40029, 40163, 42003, 41008),
    Action.REJECT: (40037, 47003, 41030, 40165),
    Action.NOT_FOLLOWING: (43004,),
    Action.OPTED_OUT: (43019, 48002),
    Action.NO_PERMIT: (43101,),
    Action.PARK: (45009,),
    Action.PAUSE: (45011,),
    Action.FALL_BACK: (45015, 45047),
    Action.ALREADY_SENT: (45065, 45066),
    Action.CAPABILITY_OFF: (48001, 50001),
    Action.ALARM: (50002,),
    Action.REVIEW: (87014,),
}
NOW = datetime(2013, 5, 25, 1, tzinfo=UTC)


def test_every_code_means_what_was_agreed() -> None:
    assert {
        code: ACTIONS[code] for codes in GIVEN.values() for code in codes
    } == {code: action for action, codes in GIVEN.items() for code in codes}  # fmt: skip


@pytest.mark.parametrize("errcode", sorted(ACTIONS))
def test_every_code_is_an_error_with_a_sentence(errcode: int) -> None:
    error = error_of("cgi-bin/x", errcode, "words rid: 5f1e-aa-bb")

    assert error.action is ACTIONS[errcode]
    assert error.rid == "5f1e-aa-bb"
    assert words.of_error(error)


@given(st.integers().filter(lambda code: code not in ACTIONS))
def test_a_code_that_nobody_knows_is_never_tried_again(errcode: int) -> None:
    assert error_of("cgi-bin/x", errcode).action is Action.REJECT


def test_every_error_of_the_platform_has_a_sentence() -> None:
    kinds = [
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, PlatformError)
    ]

    assert len(kinds) > 15
    assert {one.words for one in kinds} <= set(words.book("errors"))


@pytest.mark.parametrize(
    ("action", "until"),
    [
        (Action.PARK, local("2013-05-26T00:00")),
        (Action.PAUSE, NOW + timedelta(seconds=60)),
        (Action.CAPABILITY_OFF, NOW + timedelta(days=1)),
        (Action.STOP, NOW + timedelta(minutes=10)),
        (Action.ALARM, NOW + timedelta(minutes=10)),
        (Action.RETRY, None),
        (Action.FALL_BACK, None),
        (Action.REFRESH, None),
        (Action.NOT_FOLLOWING, None),
    ],
)
def test_what_a_refusal_shuts(action: Action, until: datetime | None) -> None:
    assert limits.shut_until(action, NOW) == until


def test_the_day_of_a_quota_is_beijings() -> None:
    late = local("2013-05-25T23:59")

    assert limits.shut_until(Action.PARK, late) == local("2013-05-26T00:00")


def test_what_sends_is_not_repeatable_by_itself() -> None:
    assert not any(one.repeatable for one in (CUSTOM_SEND, TEMPLATE_SEND, MENU_ADD))
    assert api_at("cgi-bin/unheard/of", "get").repeatable
    assert not api_at("cgi-bin/unheard/of", "post").repeatable
    assert all(path == one.path and not path.startswith("/") for path, one in APIS.items())


class TestCapabilities:
    def test_every_kind_has_its_row(self) -> None:
        assert set(CAPABILITIES) == {
            (kind, verified) for kind in AccountKind for verified in (True, False)
        }

    def test_only_a_verified_service_account_may_ask_who_comes(self) -> None:
        may_ask = [key for key, held in CAPABILITIES.items() if Capability.OAUTH in held]

        assert may_ask == [(AccountKind.SERVICE, True)]

    def test_only_a_mini_program_that_is_verified_proves_phones(self) -> None:
        may_prove = [key for key, held in CAPABILITIES.items() if Capability.PHONE in held]

        assert may_prove == [(AccountKind.MINI, True)]

    def test_losing_the_mark_never_adds_a_right(self) -> None:
        for kind in AccountKind:
            assert CAPABILITIES[kind, False] <= CAPABILITIES[kind, True]

    def test_an_account_is_asked_for_by_kind(self) -> None:
        assert may(ACCOUNTS[SERVICE], Capability.TEMPLATE)
        assert not may(ACCOUNTS[CITY_OFFICE], Capability.TEMPLATE)


class TestTokens:
    @given(st.integers(0, 7200))
    def test_a_token_is_used_for_a_minute_at_least_and_not_in_its_last_five(
        self, life: int
    ) -> None:
        used = rules.good_until(NOW, life) - NOW

        assert used >= timedelta(minutes=1)
        assert used <= max(timedelta(seconds=life - 300), timedelta(minutes=1))

    @given(st.lists(st.integers(0, 900), min_size=1, max_size=40))
    def test_in_no_ten_minutes_there_are_more_than_three_fetches(self, gaps: list[int]) -> None:
        moment, fetches = NOW, ()
        blocked: datetime | None = None
        done = []
        for gap in gaps:
            moment += timedelta(seconds=gap)
            if blocked is None or blocked <= moment:
                fetches = rules.fetched(fetches, moment)
                blocked = rules.blocked_until(fetches)
                done.append(moment)

        for first, fourth in zip(done, done[3:], strict=False):
            assert fourth - first >= timedelta(minutes=10)

    def test_a_silent_platform_is_left_in_peace_longer_each_time_but_never_for_long(self) -> None:
        pauses = [rules.pause_after(failures) for failures in range(1, 40)]

        assert pauses[0] == timedelta()
        assert pauses == sorted(pauses)
        assert pauses[-1] == timedelta(minutes=1)


class TestPages:
    TICKET = Secret(
        "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
    )
    URL = "http://mp.weixin.qq.com?params=value"

    def test_a_page_is_signed_as_the_platforms_own_example(self) -> None:
        signed = signature(
            self.TICKET, nonce="Wm3WZYTPz0wzccnW", timestamp=1414587457, url=self.URL
        )

        assert signed == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"

    def test_the_fragment_does_not_count(self) -> None:
        plain, with_fragment = (
            page_proof("wx1", self.TICKET, nonce="n", timestamp=1, url=url)
            for url in (self.URL, f"{self.URL}#top")
        )

        assert plain == with_fragment
        assert "sM4AOV" not in repr(plain)


class TestWords:
    BOOK = words.book("replies")
    CODES = sorted(name.split(".")[1] for name in BOOK if name.startswith("told."))

    @pytest.mark.parametrize("code", CODES)
    def test_what_is_told_has_a_short_form_that_a_template_takes(self, code: str) -> None:
        assert 0 < len(self.BOOK[f"told_short.{code}"]) <= 20

    @pytest.mark.parametrize("code", CODES)
    def test_what_is_told_names_no_number_but_a_moment(self, code: str) -> None:
        """A lock screen shows it to whoever sits beside (trust.md 2.3 row 25)."""
        for section in ("told", "told_short"):
            parts = string.Formatter().parse(self.BOOK[f"{section}.{code}"])
            facts = {name for _, name, _, _ in parts if name}
            assert facts <= ({"month", "day", "clock"} if section == "told" else set())

    def test_no_short_form_or_page_is_of_nothing(self) -> None:
        named = {
            name.split(".")[1]
            for name in self.BOOK
            if name.startswith(("told_short.", "told_page.")) and name != "told_page.link"
        }

        assert named <= set(self.CODES)
