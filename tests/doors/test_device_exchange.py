"""A machine at the doors: enrolment, packages, records, heartbeats."""

from __future__ import annotations

from collections.abc import Callable

from device.mbox.machine import Machine
from tests.support.cast import CAO_JING, HE_MIN
from tests.support.terminal import at, held


def test_taps_of_known_cards_are_accepted(terminal: Machine, count: Callable[..., int]) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    terminal.tap(held(CAO_JING), at=at("08:03:00"))

    [answer] = terminal.upload()

    assert answer.status == 200, answer.said
    said = answer.said
    assert (said["accepted"], said["duplicate"], said["quarantined"], said["rejected"]) == (
        2,
        0,
        0,
        0,
    )
    assert (said["state"], said["results"], said["next_seq"]) == ("done", [], 3)
    assert count("swipe", "state = 'accepted'") == 2
