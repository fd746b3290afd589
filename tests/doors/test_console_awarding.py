"""授分 at a desk: the list first, one button, the result by reason, and the way back."""

from __future__ import annotations

import html
import re
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import Engine, text

from app.awards import queries as awarding
from app.base import outbox, progress
from app.base.site import Site
from app.base.work import begin
from app.kernel.actor import Role
from tests.conftest import Clock
from tests.support.cast import CITY_BUREAU, COUNTY_HOSPITAL, OPERATOR
from tests.support.filing import NO
from tests.support.holding import BOTH, NEARLY_IN, NEARLY_OUT, PEOPLE, Training, name_of, number_of
from tests.support.office import Desk, Office

LIST = f"/console/awards/{NO}/1"
GRANTED = BOTH  # with the lecturer, who gets it as such
MOVED = {
    "strategy": "windows",
    "label": ["上午签到", "下午签退"],
    "start": ["2013-05-18T07:30", "2013-05-18T16:50"],
    "end": ["2013-05-18T08:30", "2013-05-18T18:00"],
}


@pytest.fixture
def desk(office: Office, training: Training) -> Desk:
    return office.desk()


def work_off(site: Site, owner: Engine) -> None:
    """A worker does what waits."""
    with owner.connect() as connection:
        waiting = connection.execute(
            text("select id from outbox_message where done_at is null order by id")
        ).scalars().all()  # fmt: skip
    for message in waiting:
        outbox.deliver(site, message)


def awarded(desk: Desk, owner: Engine, **asked: Any) -> str:
    """The address of a run that was asked for and done."""
    answer = desk.send(LIST, **asked)
    assert answer.status_code == 303
    work_off(desk.site, owner)
    return answer.location


def shown(desk: Desk, address: str, **asked: Any) -> str:
    return html.unescape(desk.get(address, query_string=asked).text)


def test_the_archive_of_what_was_awarded_holds_every_record_and_verdict(
    desk: Desk, owner: Engine
) -> None:
    awarded(desk, owner)

    pack = ZipFile(BytesIO(desk.get(f"/console/projects/{NO}/archive").data))
    records, verdicts = (
        pack.read(f"第1期/{name}.csv").decode("utf-8-sig").splitlines()
        for name in ("考勤记录", "授分结果")
    )

    assert "下载归档包" in shown(desk, f"/console/projects/{NO}")
    assert len(verdicts) == 1 + PEOPLE + 1  # the lecturer stands in both parts
    assert sum(",得分," in line for line in verdicts) == GRANTED
    assert len(records) > BOTH * 2
    assert any("缺时段" in line for line in verdicts)


def test_the_list_names_everyone_with_result_and_reason(desk: Desk) -> None:
    page = shown(desk, LIST)

    assert f"{GRANTED} 人得分，{PEOPLE - GRANTED + 1} 人没有得分" in page
    assert f"给 {GRANTED} 人授分" in page
    assert "现在还没有写入任何学分" in page
    assert page.count("没有得分</span>，") > 0


def test_an_award_is_followed_among_ones_own_tasks_and_stopped_while_it_waits(
    desk: Desk, office: Office, owner: Engine, clock: Clock
) -> None:
    run = desk.send(LIST).location
    clock.advance(seconds=90)
    waits = shown(desk, "/console/tasks")
    [stop] = re.findall(r'action="(/console/tasks/\d+/cancel)"', waits)
    stranger = office.desk(Role.HOSPITAL_ADMIN, COUNTY_HOSPITAL, name="other")

    assert "轮到这一个了，已等 " in waits
    assert 'hx-get="/console/tasks/list"' in waits
    assert f'href="{run}"' in shown(desk, "/console/tasks/list")
    assert "没有发起过授分或者导入" in stranger.get("/console/tasks").text
    assert stranger.send(stop).status_code == 404
    assert desk.send(stop).status_code == 303
    work_off(desk.site, owner)
    page = shown(desk, "/console/tasks")
    assert "已停下，没有写入任何学分" in page
    assert "王芳 在办理以前停下了" in page
    assert "hx-get" not in page

    again = awarded(desk, owner)
    late = desk.send(f"/console/tasks/{again.rpartition('/')[2]}/cancel")
    page = shown(desk, late.location)
    assert "已经办完了，停不下来了" in page
    assert f"已授分：{GRANTED} 人得分" in page


def test_an_award_that_is_being_made_tells_how_far_it_is_and_can_be_stopped(
    desk: Desk, owner: Engine, clock: Clock
) -> None:
    run = desk.send(LIST).location
    run_id = int(run.rpartition("/")[2])
    stop = f"/console/tasks/{run_id}/cancel"

    with begin(desk.site, OPERATOR) as work:  # somebody is at it
        work.session.execute(text("select from award_run for update"))
        place = awarding.run_of(work, run_id).place
        doing = progress.Doing(work, "awards.run", run_id, place, "reading")
        reads = shown(desk, run)
        doing("judging", 10)
        clock.advance(seconds=2)
        doing("judging", 30)
        judges = shown(desk, f"{run}/state"), shown(desk, "/console/tasks/list")
        told = desk.send(stop, back="run")
        stopping = shown(desk, run), shown(desk, "/console/tasks")
        with pytest.raises(progress.StoppedError):
            doing("storing", 0, 62)
    work_off(desk.site, owner)

    assert '<li aria-current="step">读取刷卡</li>' in reads
    for page in judges:
        assert f"正在判定：30 / {PEOPLE} 人。每秒 15 人，这一步大约还要 2 秒。" in page
        assert 'aria-label="判定：50%"' in page
    assert told.location == run
    assert all("王芳 叫停了，马上就停，不会写入任何学分" in one for one in stopping)
    assert "已叫停" in stopping[0]
    assert f'action="{stop}"' not in stopping[1]
    assert "王芳 在办理当中停下了，没有写入任何学分" in shown(desk, run)


def test_of_an_award_whose_worker_was_lost_the_page_says_that_it_is_made_anew(desk: Desk) -> None:
    run = desk.send(LIST).location
    run_id = int(run.rpartition("/")[2])
    with begin(desk.site, OPERATOR) as work:
        place = awarding.run_of(work, run_id).place
        progress.Doing(work, "awards.run", run_id, place, "judging")

    assert "上一次办到一半断了，什么都没有写入" in shown(desk, run)
    assert "上一次办到一半断了，什么都没有写入" in shown(desk, "/console/tasks")


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"result": "granted"}, GRANTED),
        ({"result": "refused", "why": "WINDOW_MISSING"}, PEOPLE - GRANTED),
        ({"words": number_of(50)}, 1),
        ({"words": "不存在"}, 0),
        ({"why": "nonsense", "page": "x"}, PEOPLE + 1),
        (MOVED | {"result": "granted"}, GRANTED + NEARLY_OUT),
    ],
)
def test_the_list_is_searched(desk: Desk, asked: dict[str, Any], count: int) -> None:
    assert f"共 {count} 人" in shown(desk, LIST, **asked)


def test_an_award_is_a_job_and_its_page_tells_when_it_is_done(desk: Desk, owner: Engine) -> None:
    asked = desk.send(LIST, **MOVED)
    waits = shown(desk, asked.location)
    before = desk.get(f"{asked.location}/state")
    work_off(desk.site, owner)
    done = desk.get(f"{asked.location}/state")

    page = shown(desk, asked.location)

    assert "正在授分" in waits
    assert 'hx-trigger="every 2s"' in before.text
    assert "HX-Refresh" not in before.headers
    assert done.headers["HX-Refresh"] == "true"
    assert f"已给 {GRANTED + NEARLY_OUT} 人授分" in page
    assert "缺时段" in page
    assert "可以撤回" in page


def test_a_second_click_is_told_of_the_first(desk: Desk) -> None:
    desk.send(LIST)

    again = desk.send(LIST)

    assert again.status_code == 409
    assert "正在授分" in again.text


def test_awarding_again_says_first_what_it_changes(desk: Desk, owner: Engine) -> None:
    awarded(desk, owner)

    page = shown(desk, LIST, **MOVED)
    gained = shown(desk, LIST, **MOVED, change="gained")

    assert f"新得分 {NEARLY_OUT} 人" in page
    assert "不再得分 0 人" in page
    assert f"共 {NEARLY_OUT} 人" in gained
    assert name_of(BOTH) in gained


def test_a_late_file_shows_as_what_awarding_again_would_change(
    desk: Desk, owner: Engine, training: Training
) -> None:
    awarded(desk, owner)
    training.tap((BOTH + NEARLY_OUT + NEARLY_IN, "17:30:00"))

    page = shown(desk, LIST)

    assert "新得分 1 人" in page


def test_an_award_is_undone_with_a_reason_after_its_list_was_shown(
    desk: Desk, owner: Engine
) -> None:
    run = awarded(desk, owner)

    first = shown(desk, f"{run}/undo")
    bare = desk.send(f"{run}/undo", reason=" ")
    done = desk.send(f"{run}/undo", reason="时段选错了")
    page = shown(desk, run)

    assert f"撤回 {GRANTED} 人的学分" in first
    assert f"共 {GRANTED} 人" in first
    assert bare.status_code == 422
    assert "要写明原因" in bare.text
    assert done.status_code == 303
    assert f"已撤回，{GRANTED} 笔学分退回" in page
    assert "授分已撤回" in page
    assert "时段选错了" in page


def test_after_a_week_a_host_undoes_nothing(
    desk: Desk, office: Office, owner: Engine, clock: Clock
) -> None:
    run = awarded(desk, owner)
    clock.advance(days=7, minutes=1)
    later = office.desk(name="later")

    refused = later.send(f"{run}/undo", reason="时段选错了")

    assert "撤回授分" not in shown(later, run)
    assert refused.status_code == 409
    assert "超过 7 天" in refused.text


def test_two_who_undo_at_once_are_told_apart(desk: Desk, office: Office, owner: Engine) -> None:
    run = awarded(desk, owner)
    bureau = office.desk(Role.CITY_OFFICE, CITY_BUREAU)

    first = bureau.send(f"{run}/undo", reason="重复")
    second = desk.send(f"{run}/undo", reason="重复")

    assert first.status_code == 303
    assert second.status_code == 409
    assert "已经撤销过了" in second.text


def test_one_person_is_refused_with_a_reason_they_read(desk: Desk, owner: Engine) -> None:
    awarded(desk, owner)
    why = f"{LIST}/why/{number_of(5)}"

    bare = desk.send(why, act="deny", reason="")
    first = desk.send(why, act="deny", reason="代人刷卡")
    second = desk.send(why, act="deny", reason="代人刷卡")
    still = shown(desk, why)
    ahead = shown(desk, LIST)
    awarded(desk, owner)
    page = shown(desk, why)

    assert (bare.status_code, first.status_code, second.status_code) == (422, 303, 409)
    assert "再授一次以后生效" in still
    assert "不再得分 1 人" in ahead
    assert "举办单位没有给你授分，理由是：代人刷卡。有疑问请找举办单位。" in page
    assert "不予授分：代人刷卡" in shown(desk, LIST, words=number_of(5))


def test_a_refusal_is_taken_back(desk: Desk) -> None:
    why = f"{LIST}/why/{number_of(5)}"
    desk.send(why, act="deny", reason="代人刷卡")

    first = desk.send(why, act="allow")
    second = desk.send(why, act="allow")

    assert (first.status_code, second.status_code) == (303, 409)
    assert f"{GRANTED} 人得分" in shown(desk, LIST)


def test_an_award_is_reported_returned_and_closed(
    desk: Desk, office: Office, owner: Engine
) -> None:
    project = f"/console/projects/{NO}"
    bureau = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    early = desk.send(project, act="report")
    awarded(desk, owner)

    first = desk.send(project, act="report")
    locked = desk.send(LIST)
    own = desk.send(project, act="approve")
    bare = bureau.send(project, act="send_back", remark=" ")
    back = bureau.send(project, act="send_back", remark="签退时段太早")
    read = shown(desk, project)
    desk.send(project, act="report")
    closed = bureau.send(project, act="approve")
    second = bureau.send(project, act="approve")

    assert (early.status_code, first.status_code, locked.status_code) == (409, 303, 409)
    assert (own.status_code, bare.status_code, back.status_code) == (403, 422, 303)
    assert "原因是：签退时段太早" in read
    assert (closed.status_code, second.status_code) == (303, 409)
    page = shown(desk, project)
    assert "已办结" in page
    assert "原因是：签退时段太早" not in page


def test_nobody_passes_what_they_awarded_themselves(
    office: Office, desk: Desk, owner: Engine
) -> None:
    project = f"/console/projects/{NO}"
    giver = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    other = office.desk(Role.CITY_OFFICE, CITY_BUREAU, name="第二个人")
    awarded(giver, owner)
    giver.send(project, act="report")

    page, own = shown(giver, project), giver.send(project, act="approve")
    passed = other.send(project, act="approve")

    assert "里面有你自己授的分" in page
    assert "通过，办结项目" not in page
    assert (own.status_code, passed.status_code) == (409, 303)
    assert "要由另一个人审核" in own.text


def test_another_hospital_finds_neither_list_nor_run(
    desk: Desk, office: Office, owner: Engine
) -> None:
    run = awarded(desk, owner)
    other = office.desk(Role.HOSPITAL_ADMIN, COUNTY_HOSPITAL, name="other")

    codes = [
        other.get(LIST).status_code, other.send(LIST).status_code, other.get(run).status_code,
        other.get(f"{run}/state").status_code, other.get(f"{run}/undo").status_code,
        other.send(f"{run}/undo", reason="x").status_code,
        other.get(f"{LIST}/why/{number_of(5)}").status_code,
        other.send(f"{LIST}/why/{number_of(5)}", act="deny", reason="x").status_code,
        other.send(f"{LIST}/why/{number_of(5)}", act="allow").status_code,
    ]  # fmt: skip

    assert codes == [404] * 9


def test_who_may_only_read_sees_the_result_and_no_button(
    desk: Desk, office: Office, owner: Engine
) -> None:
    run = awarded(desk, owner)
    auditor = office.desk(Role.AUDITOR, CITY_BUREAU)

    page = shown(auditor, run)

    assert f"已给 {GRANTED} 人授分" in page
    assert "撤回授分" not in page
    assert auditor.send(LIST).status_code == 403
    assert auditor.send(f"{run}/undo", reason="x").status_code == 403
    analysis = f"/console/analysis/{NO}/1"
    assert 'id="go"' in desk.get(analysis).text
    assert 'id="go"' not in auditor.get(analysis).text
