"""授分 — from taps at a terminal to the ledger, and back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.awards import commands as awards
from app.awards import queries
from app.awards.terms import Options
from app.base import outbox
from app.base.site import Site
from app.base.work import Work, begin, command
from app.cards import commands as cards
from app.cards.terms import CardState
from app.credits import queries as credits
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from app.kernel.span import local
from app.projects import queries as projects
from app.projects import steps as progress
from app.projects.terms import Act
from app.standards import commands as standards
from device.mbox.machine import Card, Machine
from tests.conftest import Clock
from tests.support.cast import (
    CAO_JING,
    HE_MIN,
    HOSPITAL,
    OPERATOR,
    SHAN_XIAO,
    STRANGER,
    ZHENG_HAI,
    ZHOU_LAN,
    Cast,
    Spoken,
)
from tests.support.filing import NO, batch, filed, lecturer, project
from tests.support.terminal import MakeTerminal, at, held, package

Cli = Callable[..., Spoken]
SECOND_DAY = "2013-05-19"


@pytest.fixture(autouse=True)
def _standards(site: Site) -> None:
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)


def taps(machine: Machine, *moments: tuple[str, str, str]) -> None:
    """Each of (person, day, clock) taps, in order of time, and the machine uploads."""
    for no, day, clock in sorted(moments, key=lambda one: one[1:]):
        # The sector is read too, so that a visitor who is not on the roster is known by the number.
        machine.tap(replace(held(no), card_no=no), at=at(clock, day))
    answers = machine.upload()
    assert [answer.status for answer in answers] == [200] * len(answers)


def both_days(no: str) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """A person who signs in and out as the plan asks."""
    return (no, "2013-05-18", "08:02:11"), (no, SECOND_DAY, "17:31:40")


def run(site: Site, no: str = NO, number: int = 1, **options: Any) -> int:
    """Award a batch, as the operator, by the job that a worker does."""
    with begin(site, OPERATOR) as work:
        run_id = awards.ask(work, no, number, Options(**options))
    for message in work.messages:
        outbox.deliver(site, message.id)
    return run_id


def ledger(owner: Engine) -> list[tuple[Any, ...]]:
    """Who has what in force: person, part, net, by person."""
    sql = """
    select p.person_no, e.part, e.net::text from credit_entry e join person p on p.id = e.person_id
    where e.reverses is null and not exists (select from credit_entry r where r.reverses = e.id)
    order by 1, 2
    """
    with owner.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def codes(judged: queries.Judged) -> list[str]:
    return [reason.why.value for reason in judged.reasons]


def verdicts(site: Site, run_id: int) -> dict[str, queries.Judged]:
    with begin(site, OPERATOR) as work:
        return {one.person_no: one for one in queries.verdicts_of(work, run_id)}


def unequal(site: Site) -> int:
    with begin(site, OPERATOR) as work:
        return credits.unequal_tallies(work)


def test_who_swiped_in_each_window_has_the_credit_and_all_others_read_why(
    site: Site, owner: Engine, terminal: Machine
) -> None:
    taps(terminal, *both_days(HE_MIN), (CAO_JING, "2013-05-18", "08:10:00"),
         (CAO_JING, SECOND_DAY, "16:22:00"))  # fmt: skip

    run_id = run(site)

    assert ledger(owner) == [(HE_MIN, "attendee", "5.00")]
    refused = verdicts(site, run_id)[CAO_JING]
    [reason] = refused.reasons
    assert (refused.granted, str(refused.gross), codes(refused)) == (
        False,
        "0.00",
        ["WINDOW_MISSING"],
    )
    assert (reason.window, reason.missed_by) == ("签到 s2", 8 * 60)
    assert unequal(site) == 0


def test_awarding_twice_is_awarding_once(
    site: Site, owner: Engine, terminal: Machine, count: Callable[..., int]
) -> None:
    taps(terminal, *both_days(HE_MIN))
    first = run(site)

    second = run(site)

    assert count("credit_entry") == 1
    assert count("award_run", f"id = {first} and state = 'replaced'") == 1
    assert count("award_run", f"id = {second} and state = 'done'") == 1


def test_a_late_upload_adds_only_who_was_missing(
    site: Site, owner: Engine, terminal: Machine, count: Callable[..., int]
) -> None:
    taps(terminal, *both_days(HE_MIN), (CAO_JING, "2013-05-18", "08:10:00"))
    run(site)

    taps(terminal, (CAO_JING, SECOND_DAY, "17:00:00"))
    run(site)

    assert ledger(owner) == [(HE_MIN, "attendee", "5.00"), (CAO_JING, "attendee", "5.00")]
    assert count("credit_entry") == 2
    assert unequal(site) == 0


def test_a_stricter_plan_takes_credit_back_by_a_reversal(
    site: Site, owner: Engine, terminal: Machine
) -> None:
    taps(terminal, *both_days(HE_MIN), (CAO_JING, "2013-05-18", "08:10:00"))
    run(site, strategy="any")
    assert [one[0] for one in ledger(owner)] == [HE_MIN, CAO_JING]

    run(site, strategy="windows")

    assert ledger(owner) == [(HE_MIN, "attendee", "5.00")]
    with begin(site, OPERATOR) as work:
        account = credits.account_of(work, CAO_JING, 2013)
    assert [(line.state.value, str(line.net)) for line in account.lines] == [("reversed", "5.00")]
    assert str(account.standing.have.total) == "0.00"


def test_a_run_without_options_keeps_the_last_runs_plan_and_the_filed_one_stays(
    site: Site, owner: Engine, terminal: Machine
) -> None:
    taps(terminal, (CAO_JING, "2013-05-18", "08:10:00"))
    run(site, strategy="any")

    run(site)

    assert ledger(owner) == [(CAO_JING, "attendee", "5.00")]
    with owner.connect() as connection:
        assert (
            connection.execute(text("select plan->>'strategy' from batch")).scalar_one()
            == "windows"
        )


def test_an_undone_award_leaves_nothing_in_force_and_cannot_be_undone_twice(
    site: Site, owner: Engine, terminal: Machine
) -> None:
    taps(terminal, *both_days(HE_MIN), *both_days(CAO_JING))
    run_id = run(site)

    with begin(site, OPERATOR) as work:
        assert awards.undo(work, run_id, "名单有误") == 2

    assert ledger(owner) == []
    assert unequal(site) == 0
    with pytest.raises(ConflictError) as refused, begin(site, OPERATOR) as work:
        awards.undo(work, run_id, "再来一次")
    assert refused.value.code == "awards.undo.undone"


def test_a_replaced_run_cannot_be_undone(site: Site, terminal: Machine) -> None:
    taps(terminal, *both_days(HE_MIN))
    first = run(site)
    run(site)

    with pytest.raises(ConflictError) as refused, begin(site, OPERATOR) as work:
        awards.undo(work, first, "名单有误")

    assert refused.value.code == "awards.undo.replaced"


def test_after_an_undo_the_batch_can_be_awarded_again(
    site: Site, owner: Engine, terminal: Machine
) -> None:
    taps(terminal, *both_days(HE_MIN))
    with begin(site, OPERATOR) as work:
        awards.undo(work, run(site), "名单有误")

    run(site)

    assert ledger(owner) == [(HE_MIN, "attendee", "5.00")]


def test_a_preview_says_what_a_run_would_give_and_writes_nothing(
    site: Site, terminal: Machine, count: Callable[..., int], cli: Cli
) -> None:
    taps(terminal, *both_days(HE_MIN), (CAO_JING, "2013-05-18", "08:10:00"))
    before = count("audit_entry")

    tried = cli("award", "preview", "--project", NO, "--batch", 1, "--json").json

    assert (tried["run_id"], tried["granted"], tried["refused"]) == (None, 1, 1)
    assert tried["reasons"] == {"WINDOW_MISSING": 1}
    assert count("award_run") == count("credit_entry") == count("award_verdict") == 0
    assert count("audit_entry") == before


def test_a_run_answers_what_its_preview_said(terminal: Machine, cli: Cli) -> None:
    taps(terminal, *both_days(HE_MIN), (CAO_JING, "2013-05-18", "08:10:00"))

    tried = cli("award", "preview", "--project", NO, "--batch", 1, "--json").json
    done = cli("award", "run", "--project", NO, "--batch", 1, "--wait", "--json").json

    assert done["verdicts"] == tried["verdicts"]
    assert done["verdicts"][0] == {
        "person_no": HE_MIN, "role": "attendee", "granted": True, "gross": "5.00", "cap": None,
        "net": "5.00", "class": "I", "reasons": [],
    }  # fmt: skip


def test_a_card_lost_before_the_swipe_earns_nothing_and_one_lost_after_it_does(
    site: Site, owner: Engine, terminal: Machine
) -> None:
    with begin(site, OPERATOR) as work:
        cards.set_state(work, CAO_JING, CardState.LOST, local("2013-05-18T08:30:00"))
        cards.set_state(work, SHAN_XIAO, CardState.LOST, local("2013-05-19T20:00:00"))
    taps(terminal, *both_days(CAO_JING), *both_days(SHAN_XIAO))

    judged = verdicts(site, run(site))

    assert ledger(owner) == [(SHAN_XIAO, "attendee", "5.00")]
    assert codes(judged[CAO_JING]) == ["CARD_REVOKED", "WINDOW_MISSING"]


def test_a_lecturer_has_the_lecturers_credit_and_none_for_sitting_in(
    site: Site, owner: Engine, make_terminal: MakeTerminal
) -> None:
    filed(site, OPERATOR, project(batches=[batch(lecturers=[lecturer(ZHOU_LAN)])]))
    machine = make_terminal()
    package(site, machine)
    taps(machine, *both_days(ZHOU_LAN))

    run(site)

    assert ledger(owner) == [(ZHOU_LAN, "lecturer", "4.00")]
    with owner.connect() as connection:
        reasons = connection.execute(
            text("select reasons from award_verdict where part = 'attendee'")
        ).scalar_one()
    assert [one["why"] for one in reasons] == ["LECTURER_ALREADY"]


def test_the_projects_limit_counts_over_its_batches(
    site: Site, owner: Engine, make_terminal: MakeTerminal, cli: Cli
) -> None:
    again = batch(2, starts_at="2013-05-20T08:00", ends_at="2013-05-21T18:00", sessions=[],
                  plan={"strategy": "any"})  # fmt: skip
    filed(site, OPERATOR, project(credits="8.0", batches=[batch(plan={"strategy": "any"}), again]))
    machine = make_terminal()
    package(site, machine)
    taps(machine, (HE_MIN, "2013-05-18", "08:10:00"))
    run(site)
    package(site, machine, NO, 2)
    taps(machine, (HE_MIN, "2013-05-20", "09:00:00"))

    done = cli("award", "run", "--project", NO, "--batch", 2, "--wait", "--json").json

    [verdict] = done["verdicts"]
    assert (verdict["granted"], verdict["gross"], verdict["cap"], verdict["net"]) == (
        True, "8.00", "10.00", "2.00",
    )  # fmt: skip
    assert [reason["code"] for reason in verdict["reasons"]] == ["CAP_PROJECT"]
    assert done["reasons"] == {"CAP_PROJECT": 1}
    assert [net for *_, net in ledger(owner)] == ["8.00", "2.00"] or unequal(site) == 0


def test_a_second_project_at_the_same_hours_gives_nothing(
    site: Site, owner: Engine, make_terminal: MakeTerminal
) -> None:
    other = "2013-03-01-008(国)"
    filed(site, OPERATOR, project(), project(other, name="同时举办的另一个项目"))
    first, second = make_terminal("MBX-1"), make_terminal("MBX-2")
    package(site, first)
    package(site, second, other)
    taps(first, (HE_MIN, "2013-05-18", "08:00:00"), (HE_MIN, "2013-05-18", "11:00:00"))
    taps(second, (HE_MIN, "2013-05-18", "09:00:00"), (HE_MIN, "2013-05-18", "10:00:00"))
    run(site, strategy="any")

    judged = verdicts(site, run(site, other, strategy="any"))

    assert codes(judged[HE_MIN]) == ["OVERLAP"]
    assert ledger(owner) == [(HE_MIN, "attendee", "5.00")]


def test_a_unit_only_batch_refuses_people_of_other_units(
    site: Site, owner: Engine, make_terminal: MakeTerminal
) -> None:
    filed(site, OPERATOR, project(batches=[batch(unit_only=True)]))
    machine = make_terminal()
    package(site, machine)
    taps(machine, *both_days(HE_MIN), *both_days(ZHENG_HAI))

    judged = verdicts(site, run(site))

    assert ledger(owner) == [(HE_MIN, "attendee", "5.00")]
    assert codes(judged[ZHENG_HAI]) == ["OTHER_UNIT"]


def test_attendees_of_any_unit_see_their_own_credit_and_the_stranger_none_of_it(
    site: Site, terminal: Machine, cast: Cast
) -> None:
    taps(terminal, *both_days(ZHENG_HAI))
    run_id = run(site)

    with begin(site, cast.self(ZHENG_HAI)) as work:
        own = credits.account_of(work, ZHENG_HAI, 2013)
    with begin(site, cast.county_hospital_admin) as work:
        of_staff = credits.account_of(work, ZHENG_HAI, 2013)

    assert str(own.standing.have.total) == str(of_staff.standing.have.total) == "5.00"
    with pytest.raises(NotFoundError), begin(site, cast.stranger) as work:
        credits.account_of(work, ZHENG_HAI, 2013)
    with pytest.raises(NotFoundError), begin(site, cast.stranger) as work:
        queries.run_of(work, run_id)
    with pytest.raises(NotFoundError), begin(site, cast.stranger) as work:
        awards.undo(work, run_id, "不是我的")
    with pytest.raises(NotFoundError), begin(site, cast.stranger) as work:
        awards.ask(work, NO, 1, Options())
    with pytest.raises(NotFoundError), begin(site, cast.self(STRANGER)) as work:
        queries.explain(work, ZHENG_HAI, NO)


def test_a_person_may_not_award_and_a_secretary_may_not_undo(
    site: Site, terminal: Machine, cast: Cast
) -> None:
    run_id = run(site)

    with pytest.raises(ForbiddenError), begin(site, cast.self(HE_MIN)) as work:
        awards.ask(work, NO, 1, Options())
    with pytest.raises(ForbiddenError), begin(site, cast.secretary) as work:
        awards.undo(work, run_id, "不该")


def test_of_many_who_ask_at_once_one_is_heard(
    site: Site, terminal: Machine, count: Callable[..., int]
) -> None:
    taps(terminal, *both_days(HE_MIN))
    barrier = threading.Barrier(8)
    answers: list[str] = []

    def ask() -> None:
        barrier.wait()
        try:
            with begin(site, OPERATOR) as work:
                awards.ask(work, NO, 1, Options())
            answers.append("asked")
        except ConflictError as refused:
            answers.append(refused.code)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["asked"] + ["awards.run.waiting"] * 7
    assert count("award_run") == 1


def test_a_batch_that_is_to_come_is_not_awarded(
    site: Site, clock: Clock, terminal: Machine, count: Callable[..., int]
) -> None:
    """Nobody would have credit, and the project would stand as awarded."""
    clock.set(local("2013-05-18T07:59"))

    with pytest.raises(ConflictError, match=r"awards\.run\.early"), begin(site, OPERATOR) as work:
        awards.ask(work, NO, 1, Options())

    assert count("award_run") == 0


def test_a_plan_that_cannot_hold_is_refused_before_anything_is_written(
    site: Site, terminal: Machine, count: Callable[..., int]
) -> None:
    with pytest.raises(InvalidError) as refused, begin(site, OPERATOR) as work:
        awards.ask(work, NO, 1, Options(strategy="hainan"))

    assert refused.value.code == "awards.plan.strategy_unknown"
    assert count("award_run") == 0


def test_an_award_by_a_list_asks_for_the_list_and_takes_the_one_filed_since(
    site: Site, owner: Engine, terminal: Machine, cli: Cli
) -> None:
    taps(terminal, (CAO_JING, "2013-05-18", "08:10:00"), (HE_MIN, "2013-05-18", "08:12:00"))
    run(site, strategy="any")
    asked = ("--project", NO, "--batch", 1, "--strategy", "listed", "--json")

    for verb in ("preview", "run"):
        refused = cli("award", verb, *asked)
        assert (refused.code, refused.json["error"]["code"]) == (2, "awards.plan.no_list")
        assert "plan 写上 listed" in refused.err
    filed(site, OPERATOR, project(batches=[batch(plan={"strategy": "any", "listed": [CAO_JING]})]))

    assert cli("award", "preview", *asked).json["reasons"] == {"MANUAL_DENIED": 1}
    run(site, strategy="listed")
    assert ledger(owner) == [(CAO_JING, "attendee", "5.00")]


def test_every_change_of_an_award_is_in_the_trail(
    site: Site, owner: Engine, terminal: Machine
) -> None:
    taps(terminal, *both_days(HE_MIN))
    run_id = run(site)
    with begin(site, OPERATOR) as work:
        awards.undo(work, run_id, "名单有误")

    with owner.connect() as connection:
        acts = connection.execute(
            text(
                "select action, actor, change->>'kind', change->'state' from audit_entry"
                " where table_name = 'award_run' order by id"
            )
        ).all()

    assert [tuple(act) for act in acts] == [
        ("awards.ask", "tests", "add", "queued"),
        ("awards.carry_out", "robot:awards.run", "edit", ["queued", "done"]),
        ("awards.undo", "tests", "edit", ["done", "undone"]),
    ]


def test_credit_counts_in_the_year_of_the_batchs_last_day(
    site: Site, make_terminal: MakeTerminal, clock: Clock
) -> None:
    clock.set(local("2014-02-01T09:00"))
    new_year = batch(starts_at="2013-12-31T08:00", ends_at="2014-01-01T12:00", sessions=[],
                     plan={"strategy": "any"})  # fmt: skip
    filed(site, OPERATOR, project(batches=[new_year]))
    machine = make_terminal()
    package(site, machine)
    taps(machine, (HE_MIN, "2013-12-31", "09:00:00"))

    run(site)

    with begin(site, OPERATOR) as work:
        assert str(credits.account_of(work, HE_MIN, 2014).standing.have.total) == "5.00"
        assert str(credits.account_of(work, HE_MIN, 2013).standing.have.total) == "0.00"


def test_show_and_explain_agree_with_the_award(terminal: Machine, cli: Cli) -> None:
    taps(terminal, *both_days(HE_MIN), (CAO_JING, "2013-05-18", "08:10:00"))
    before = cli("credits", "explain", CAO_JING, "--project", NO, "--json").json
    cli("award", "run", "--project", NO, "--batch", 1, "--wait", "--json")

    shown = cli("credits", "show", HE_MIN, "--year", 2013, "--json").json
    told = cli("credits", "explain", CAO_JING, "--project", NO, "--json").json
    nobody = cli("credits", "explain", SHAN_XIAO, "--project", NO, "--json").json

    assert shown["regime"] == "cn-2006"
    assert shown["need"] == {"total": "25.00", "I": "5.00", "II": "15.00"}
    assert shown["have"] == {"total": "5.00", "I": "5.00", "II": "0.00"}
    assert shown["gap"] == {"total": "20.00", "I": "0.00", "II": "15.00"}
    assert shown["result"] == "short"
    assert shown["lines"] == [{
        "date": "2013-05-19", "project_no": NO, "title": "心力衰竭诊疗新进展", "source": "swipe",
        "class": "I", "gross": "5.00", "net": "5.00", "state": "active",
    }]  # fmt: skip
    assert before["reasons"][0]["code"] == "NOT_AWARDED_YET"
    assert (told["granted"], [one["code"] for one in told["reasons"]]) == (
        False,
        ["WINDOW_MISSING"],
    )
    assert [one["code"] for one in nobody["reasons"]] == ["NO_SWIPE"]
    assert told["next_step"]


@pytest.mark.parametrize(
    ("named", "code"),
    [
        (("--project", "2013-99-99-999"), "projects.project.unknown"),
        (("--project", NO, "--batch", 9), "projects.batch.unknown"),
    ],
)
def test_to_explain_what_is_not_there_is_refused_in_words(
    terminal: Machine, cli: Cli, named: tuple[object, ...], code: str
) -> None:
    taps(terminal, (HE_MIN, "2013-05-18", "08:00:00"))

    answer = cli("credits", "explain", HE_MIN, *named, "--json")

    assert (answer.code, answer.json["error"]["code"]) == (2, code)
    assert str(named[-1]) in answer.json["error"]["message"]


def test_a_swipe_that_nobody_knew_counts_once_its_card_is_registered(
    site: Site, terminal: Machine, cli: Cli, tmp_path: Any
) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))

    stray = Card(uid=bytes.fromhex("04FFFFFFFFFF80"), card_no="990199999")
    terminal.tap(stray, at=at("08:05:00"))
    terminal.tap(stray, at=at("17:10:00", SECOND_DAY))
    terminal.upload()
    first = cli("award", "run", "--project", NO, "--batch", 1, "--wait", "--json").json
    assert first["reasons"]["CARD_UNKNOWN"] == 1

    file = tmp_path / "people.csv"
    file.write_text(
        "person_no,name,id_type,id_number,unit_code,status,card_no\n"
        f"990199999,新来,other,E99999999,{HOSPITAL},normal,990199999\n"
    )
    assert cli("people", "import", file, "--json").code == 0
    again = cli("award", "run", "--project", NO, "--batch", 1, "--wait", "--json").json

    assert "CARD_UNKNOWN" not in again["reasons"]
    assert [one["person_no"] for one in again["verdicts"] if one["granted"]] == ["990199999"]


def project_state(site: Site) -> str:
    with begin(site, OPERATOR) as work:
        return projects.batch_of(work, NO, 1).project.state.value


def test_an_award_brings_its_project_on_and_an_undo_brings_it_back(
    site: Site, owner: Engine, terminal: Machine
) -> None:
    taps(terminal, *both_days(HE_MIN))
    before = project_state(site)

    run_id = run(site)
    awarded = project_state(site)
    with begin(site, OPERATOR) as work:
        awards.undo(work, run_id, "名单有误")

    assert (before, awarded, project_state(site)) == ("announced", "awarded", "held")
    with owner.connect() as connection:
        trail = connection.execute(
            text(
                "select action, change->'state' from audit_entry where table_name = 'project'"
                " and change->>'kind' = 'edit' order by id"
            )
        ).all()
    assert [tuple(one) for one in trail] == [
        ("awards.carry_out", ["announced", "awarded"]),
        ("awards.undo", ["awarded", "held"]),
    ]


def test_a_project_stays_awarded_while_another_of_its_batches_is(
    site: Site, make_terminal: MakeTerminal
) -> None:
    again = batch(2, starts_at="2013-05-21T08:00", ends_at="2013-05-21T18:00", sessions=[],
                  plan={"strategy": "any"})  # fmt: skip
    filed(site, OPERATOR, project(batches=[batch(), again]))
    machine = make_terminal()
    package(site, machine)
    taps(machine, *both_days(HE_MIN))
    first, second = run(site), run(site, NO, 2)

    states = []
    for run_id in (second, first):
        with begin(site, OPERATOR) as work:
            awards.undo(work, run_id, "名单有误")
        states.append(project_state(site))

    assert states == ["awarded", "held"]


@command(Permission.PROJECTS_IMPORT)
def report(work: Work) -> None:
    """The award of the project goes to the bureau, as a command of another context will have it."""
    progress.advance(work, projects.batch_of(work, NO, 1).project.id, Act.REPORT)


def test_an_award_under_review_is_neither_repeated_nor_undone(
    site: Site, terminal: Machine, count: Callable[..., int]
) -> None:
    taps(terminal, *both_days(HE_MIN))
    run_id = run(site)
    with begin(site, OPERATOR) as work:
        late = awards.ask(work, NO, 1, Options())
    [message] = work.messages
    with begin(site, OPERATOR) as work:
        report(work)

    assert outbox.deliver(site, message.id)
    for act in (
        lambda work: awards.ask(work, NO, 1, Options()),
        lambda work: awards.undo(work, run_id, "名单有误"),
    ):
        with pytest.raises(ConflictError) as refused, begin(site, OPERATOR) as work:
            act(work)
        assert refused.value.code == "projects.project.act_refused"

    assert count("award_run", f"id = {late} and state = 'failed' and remark like '%{NO}%'") == 1
    assert count("award_run", f"id = {run_id} and state = 'done'") == 1
    assert project_state(site) == "award_review"
