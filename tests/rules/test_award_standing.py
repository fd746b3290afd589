"""What a batch waits for."""

from __future__ import annotations

import pytest

from app.awards.rules import next_of
from app.awards.terms import Next, Standing
from app.projects.terms import ProjectState

S = ProjectState


@pytest.mark.parametrize(
    ("state", "standing", "ended", "ahead"),
    [
        (S.BUREAU_REVIEW, Standing(), False, Next.REVIEW),
        (S.ANNOUNCED, Standing(), False, Next.HOLD),
        (S.ANNOUNCED, Standing(), True, Next.UPLOAD),
        (S.ANNOUNCED, Standing(recorded=True), False, Next.AWARD),
        (S.HELD, Standing(recorded=True, queued_id=7), True, Next.RUNNING),
        (S.AWARDED, Standing(recorded=True, run_id=7), True, Next.REPORT),
        (S.AWARDED, Standing(recorded=True), True, Next.AWARD),
        (S.AWARD_REVIEW, Standing(recorded=True, run_id=7), True, Next.BUREAU),
        (S.CLOSED, Standing(recorded=True, run_id=7), True, Next.NOTHING),
    ],
)  # fmt: skip
def test_the_next_step_follows_from_state_and_records(
    state: ProjectState, standing: Standing, ended: bool, ahead: Next
) -> None:
    assert next_of(state, standing, ended=ended) is ahead
