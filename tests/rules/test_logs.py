"""Logs are lines of JSON on standard error, and tell nobody's number."""

from __future__ import annotations

import json

import pytest
import structlog

from app.base import logs
from app.kernel.secret import Secret


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("id 999999198001010018 refused", "id 999*************18 refused"),
        ("99999919800101001X", "999*************1X"),
        ("call 13800000000 now", "call 138******00 now"),
        ("batch 20260518120000 of 3", "batch 20260518120000 of 3"),
        ("h 9f13800000000aa", "h 9f13800000000aa"),
    ],
)
def test_numbers_that_tell_who_somebody_is_are_hidden(said: str, kept: str) -> None:
    assert logs.mask(None, "", {"event": said}) == {"event": kept}


def test_a_line_goes_to_standard_error_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()

    structlog.get_logger("t").warning("something.happened", who=Secret("999999198001010018"), n=3)

    spoken = capsys.readouterr()
    line = json.loads(spoken.err)
    assert spoken.out == ""
    assert (line["event"], line["level"], line["who"], line["n"]) == (
        "something.happened", "warning", "Secret(***)", 3,
    )  # fmt: skip
