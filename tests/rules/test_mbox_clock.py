"""The true time of a swipe, by running time and anchors (devices.md 3.6 b, Time)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.mbox.clock import Correction, corrected_ms
from device.mbox.terms import EARLIEST_MS, INT64_MAX, LATEST_MS, Anchor

SERVER = 1_368_835_200_000


def test_the_page_s_example_is_corrected_by_its_anchor() -> None:
    anchor = Anchor("5f0c9a1e", 120, SERVER, 40)

    assert corrected_ms([anchor], "5f0c9a1e", 551_230) == SERVER + 551_110
    assert corrected_ms([anchor], "5f0c9a1e", 0) == SERVER - 120


def test_a_boot_without_an_anchor_cannot_be_timed() -> None:
    assert corrected_ms([], "5f0c9a1e", 1) is None
    assert corrected_ms([Anchor("another", 0, SERVER, 0)], "5f0c9a1e", 1) is None


@pytest.mark.parametrize(
    ("mono_ms", "ahead"), [(0, 10), (500, 10), (501, 20), (2000, 20), (2001, 30), (9999, 30)]
)
def test_the_nearest_anchor_counts_and_of_two_the_earlier(mono_ms: int, ahead: int) -> None:
    anchors = [
        Anchor("b", 3000, SERVER + 3000 + 30, 0),
        Anchor("b", 0, SERVER + 10, 0),
        Anchor("other", mono_ms, SERVER, 0),
        Anchor("b", 1000, SERVER + 1000 + 20, 0),
    ]

    assert corrected_ms(anchors, "b", mono_ms) == SERVER + mono_ms + ahead


def test_of_anchors_at_one_moment_the_quickest_counts() -> None:
    anchors = [Anchor("b", 0, 5000, 90), Anchor("b", 0, 6000, 10), Anchor("b", 0, 7000, 50)]

    assert corrected_ms(anchors, "b", 1) == 6001


@pytest.mark.parametrize(
    ("anchor", "mono_ms"),
    [
        (Anchor("b", 0, LATEST_MS - 1, 0), 1),
        (Anchor("b", 1, EARLIEST_MS, 0), 0),
        (Anchor("b", 0, SERVER, 0), INT64_MAX),
        (Anchor("b", INT64_MAX, SERVER, 0), 0),
    ],
)
def test_a_time_outside_the_calendar_is_no_time(anchor: Anchor, mono_ms: int) -> None:
    assert corrected_ms([anchor], "b", mono_ms) is None


ANCHORS = st.lists(
    st.builds(
        Anchor,
        boot=st.sampled_from(["a", "b"]),
        mono_ms=st.integers(0, 50),
        server_ms=st.integers(0, 1000),
        rtt_ms=st.integers(0, 3),
    ),
    max_size=6,
)


@given(ANCHORS, st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 60))))
def test_columns_are_corrected_as_the_plain_words_say(
    anchors: list[Anchor], swipes: list[tuple[str, int]]
) -> None:
    expected = []
    for boot, mono in swipes:
        own = [anchor for anchor in anchors if anchor.boot == boot]
        near = sorted(own, key=lambda a: (abs(a.mono_ms - mono), a.mono_ms, a.rtt_ms))
        expected.append(near[0].server_ms + mono - near[0].mono_ms if near else None)

    found = Correction(anchors).true_column([s[0] for s in swipes], [s[1] for s in swipes])

    assert found == expected
