"""The main job as a newcomer sees it: done at the first `./run`, repeated at every later one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.doors.test_run import command, state

__all__ = ["state"]  # the folder of a run, gone afterwards

ASKED = ["学分", "学分 2013", "为什么", "为什么 {year}-10-01-217(市)", "你好", "学分"]

pytestmark = pytest.mark.timeout(300)


def once(folder: Path) -> tuple[dict[str, Any], str]:
    """What `./run --once --json` wrote, and what it told."""
    report = folder / "happened.json"
    done = subprocess.run(
        **command(folder, "--once", "--json", str(report)),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (folder / "run.json").exists()
    return json.loads(report.read_text()), done.stderr


def test_a_first_run_does_the_main_job_and_a_second_one_repeats_it_without_effect(
    state: Path,
) -> None:
    happened, told = once(state)
    again, told_again = once(state)

    assert set(happened) == {"upload", "award", "wechat"}
    assert set(happened["upload"]) == {"accepted", "duplicate", "quarantined", "rejected"}
    assert all(happened["upload"].values())
    assert set(happened["award"]) == {"granted", "refused", "reasons"}
    assert happened["award"]["granted"] > happened["award"]["refused"] > 0
    assert happened["award"]["reasons"].keys() >= {"WINDOW_MISSING", "CARD_UNKNOWN", "OVERLAP"}
    assert "2000 人" in told
    assert_wechat_says_what_was_awarded(happened["wechat"])

    assert (again["upload"], again["award"]) == (happened["upload"], happened["award"])
    assert "2000 人" not in told_again
    assert ("案头的事" in told, "案头的事" in told_again) == (True, False)
    assert_wechat_says_what_was_awarded(again["wechat"])


def assert_wechat_says_what_was_awarded(said: list[dict[str, str]]) -> None:
    year = said[3]["asked"].removeprefix("为什么 ")[:4]
    answers = [one["answered"] for one in said]

    assert [one["asked"] for one in said] == [asked.format(year=year) for asked in ASKED]
    assert all(set(one) == {"asked", "answered"} for one in said)
    assert answers[1].startswith("2013 年度还差 12 分，其中Ⅱ类 12 分。")
    assert "17:00 到 18:00 之间刷卡。你最近的一次是 16:52:05，早了 8 分钟。" in answers[2]
    assert "举办单位还没有授分" in answers[3]
    assert "没看懂" in answers[4]
    assert "还没有绑定" in answers[5]
