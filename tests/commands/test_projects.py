"""Projects on a real database: imported whole, changed in place, found by who sees them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from app.base.site import Site
from app.base.work import Work, begin, command
from app.kernel.actor import Actor, Permission, Role
from app.kernel.credit import Credit
from app.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from app.kernel.span import Span, local
from app.projects import queries as projects
from app.projects import steps
from app.projects.terms import Act, Batch, Imported, Level, ProjectState, SessionKind
from tests.support.cast import (
    CAO_JING,
    HE_MIN,
    HOSPITAL,
    STRANGER,
    STRANGER_HOSPITAL,
    ZHENG_HAI,
    ZHOU_LAN,
    Cast,
)
from tests.support.filing import NO, batch, filed, lecturer, project, session


def batch_of(site: Site, actor: Actor, no: int = 1, project_no: str = NO) -> Batch:
    with begin(site, actor) as work:
        return projects.batch_of(work, project_no, no)


def refusal(site: Site, actor: Actor, *members: object) -> list[tuple[int, str, str]]:
    """Row, column and cause of every fault for which an import is refused."""
    with pytest.raises(InvalidError) as refused:
        filed(site, actor, *members)
    prefix = "projects.import."
    return [(row.row, row.column, row.code.removeprefix(prefix)) for row in refused.value.rows]


def test_an_imported_batch_is_found_with_all_that_was_filed(site: Site, cast: Cast) -> None:
    lectures = [lecturer(HE_MIN), lecturer(ZHOU_LAN, date="2013-05-19", hours="1.5")]
    imported = filed(
        site, cast.operator, project(cap_project="4.0", batches=[batch(lecturers=lectures)])
    )

    found = batch_of(site, cast.hospital_admin)

    assert imported == Imported(projects=1, batches=1)
    assert (found.project.no, found.project.level) == (NO, Level.NATIONAL)
    assert (found.project.credits, found.project.cap) == (Credit.of(5), Credit.of(4))
    assert found.project.state is ProjectState.ANNOUNCED
    assert found.project.unit_name == "颍川市第一人民医院"
    assert found.project.place == cast.unit(HOSPITAL).place
    assert found.span == Span(local("2013-05-18T08:00+08:00"), local("2013-05-19T18:00"))
    assert [(one.key, one.kind) for one in found.sessions] == [
        ("s1", SessionKind.START),
        ("s2", SessionKind.START),
    ]
    assert [(one.person_id, str(one.hours)) for one in found.lecturers] == [
        (cast.person(HE_MIN).id, "2.00"),
        (cast.person(ZHOU_LAN).id, "1.50"),
    ]
    assert found.plan == {"strategy": "windows", "windows": ["s1", "s2"]}


def test_what_a_file_leaves_out_gets_its_plain_meaning(site: Site, cast: Cast) -> None:
    short = project(
        batches=[{"batch": 2, "starts_at": "2013-06-01T08:00", "ends_at": "2013-06-01T12:00"}]
    )
    for member in ("credit_class", "hours", "cap_project"):
        del short[member]

    filed(site, cast.operator, short)

    found = batch_of(site, cast.operator, 2)
    assert (found.project.credit_class, found.project.hours, found.project.cap) == (
        None,
        None,
        None,
    )
    assert (found.venue, found.unit_only, found.limit_persons) == ("", False, None)
    assert (found.sessions, found.lecturers) == ((), ())
    assert found.plan == {"strategy": "windows"}
    assert found.project.promoted is False


def test_a_number_is_found_however_it_is_typed(site: Site, cast: Cast) -> None:
    filed(site, cast.operator, project("２０１３－０３－０１－００７（国）"))

    assert batch_of(site, cast.operator, project_no="2013-03-01-007(国)").project.no == NO
    assert batch_of(site, cast.operator, project_no=" 2013—03-01-007 （国）").project.no == NO


def test_an_unknown_batch_is_not_found_and_nor_is_one_out_of_sight(site: Site, cast: Cast) -> None:
    filed(site, cast.operator, project(), project("S-1", unit_code=STRANGER_HOSPITAL))

    for actor, number, no in [
        (cast.operator, NO, 2),
        (cast.operator, "X", 1),
        (cast.stranger, NO, 1),
        (cast.county_bureau, NO, 1),
        (cast.hospital_admin, "S-1", 1),
    ]:
        with pytest.raises(NotFoundError):
            batch_of(site, actor, no, number)
    assert batch_of(site, cast.stranger, project_no="S-1").no == 1
    assert batch_of(site, cast.city_office).no == 1


def test_importing_again_changes_in_place_and_keeps_what_the_file_leaves_out(
    site: Site, cast: Cast
) -> None:
    lectures = [lecturer(HE_MIN), lecturer(ZHOU_LAN)]
    filed(site, cast.operator, project(batches=[batch(lecturers=lectures), batch(2)]))
    before = batch_of(site, cast.operator)

    changed = batch(
        venue="图书馆",
        sessions=[session("s3", label="新的"), session("s1", label="改名")],
        plan={"strategy": "any"},
        lecturers=[lecturer(ZHOU_LAN), lecturer(CAO_JING)],
    )
    filed(site, cast.operator, project(name="改过的名称", credits="6.00", batches=[changed]))

    after = batch_of(site, cast.operator)
    assert (after.id, after.project.id) == (before.id, before.project.id)
    assert (after.project.name, after.project.credits) == ("改过的名称", Credit.of(6))
    assert [(one.key, one.label) for one in after.sessions] == [("s3", "新的"), ("s1", "改名")]
    assert {one.person_no for one in after.lecturers} == {ZHOU_LAN, CAO_JING}
    assert (after.venue, after.plan) == ("图书馆", {"strategy": "any"})
    assert batch_of(site, cast.operator, 2).venue == "门诊楼三楼会议室"


def test_importing_the_same_file_again_changes_nothing_and_leaves_no_trail(
    site: Site, cast: Cast, count: Callable[..., int]
) -> None:
    same = project(batches=[batch(lecturers=[lecturer(HE_MIN), lecturer(HE_MIN)])])
    filed(site, cast.operator, same)
    trail = count("audit_entry")

    imported = filed(site, cast.operator, same)

    assert imported == Imported(1, 1)
    assert count("audit_entry") == trail
    assert count("lecturer") == 2


def test_every_change_of_a_project_is_in_the_trail(site: Site, cast: Cast, owner: Engine) -> None:
    filed(site, cast.operator, project())
    filed(site, cast.operator, project(credits="7.5"))

    with owner.connect() as connection:
        change = connection.execute(
            text(
                "select actor, action, change->'credits' from audit_entry"
                " where table_name = 'project' and change->>'kind' = 'edit'"
            )
        ).all()
    assert change == [("tests", "projects.import_projects", ["5.00", "7.50"])]


def test_every_wrong_row_is_named_and_nothing_is_written(
    site: Site, cast: Cast, count: Callable[..., int]
) -> None:
    found = refusal(
        site,
        cast.operator,
        project(),
        project("N-2", credits=5.0, extra=1),
        project("N-3", unit_code="H404", batches=[batch(lecturers=[lecturer("404")])]),
        project("N-4", batches=[batch(plan={"strategy": "listed", "listed": [HE_MIN, "405"]})]),
        project("N-5", batches=[batch(plan={"strategy": "windows", "windows": ["s9"]})]),
        "no project at all",
    )

    assert found == [
        (2, "credits", "decimal_text"),
        (2, "extra", "unknown_member"),
        (3, "unit_code", "unit_unknown"),
        (3, "batches[0].lecturers[0].person_no", "person_unknown"),
        (4, "batches[0].plan.listed[1]", "person_unknown"),
        (5, "batches[0].plan.windows[0]", "window"),
        (6, "", "not_object"),
    ]
    assert (count("project"), count("batch")) == (0, 0)


def test_the_host_of_a_project_cannot_be_changed(site: Site, cast: Cast) -> None:
    filed(site, cast.operator, project())

    found = refusal(site, cast.operator, project(unit_code=STRANGER_HOSPITAL))

    assert found == [(1, "unit_code", "unit_fixed")]


def test_a_hospital_imports_for_itself_only(site: Site, cast: Cast) -> None:
    filed(site, cast.stranger, project("S-1", unit_code=STRANGER_HOSPITAL))

    elsewhere = refusal(site, cast.hospital_admin, project("N-1", unit_code=STRANGER_HOSPITAL))
    taken = refusal(site, cast.hospital_admin, project("S-1"))

    assert elsewhere == [(1, "unit_code", "unit_unknown")]
    assert taken == [(1, "project_no", "number_taken")]
    assert batch_of(site, cast.stranger, project_no="S-1").venue == "门诊楼三楼会议室"


def test_a_lecturer_may_come_from_anywhere(site: Site, cast: Cast) -> None:
    filed(site, cast.hospital_admin, project(batches=[batch(lecturers=[lecturer(STRANGER)])]))

    found = batch_of(site, cast.hospital_admin)

    assert [one.person_id for one in found.lecturers] == [cast.person(STRANGER).id]


@pytest.mark.parametrize("role", [Role.DEPARTMENT_SECRETARY, Role.AUDITOR])
def test_who_may_only_read_imports_nothing(site: Site, cast: Cast, role: Role) -> None:
    with pytest.raises(ForbiddenError):
        filed(site, cast.actor(role, HOSPITAL), project())


def test_a_person_may_not_ask_for_batches_directly(site: Site, cast: Cast) -> None:
    filed(site, cast.operator, project())

    with pytest.raises(ForbiddenError):
        batch_of(site, cast.self(HE_MIN))


def test_of_two_imports_of_one_new_project_at_once_one_wins(
    site: Site, cast: Cast, count: Callable[..., int]
) -> None:
    ready = threading.Barrier(2)
    ended: list[object] = []

    def run() -> None:
        ready.wait()
        try:
            ended.append(filed(site, cast.operator, project()))
        except ConflictError as clash:
            ended.append(clash.code)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Imported(1, 1) in ended
    assert set(map(str, ended)) <= {str(Imported(1, 1)), "projects.import.meanwhile"}
    assert (count("project"), count("batch"), count("batch_session")) == (1, 1, 2)


@pytest.fixture
def three(site: Site, cast: Cast) -> Cast:
    june = {"starts_at": "2013-06-01T08:00", "ends_at": "2013-06-02T18:00", "sessions": []}
    plain: dict[str, Any] = june | {"plan": None}
    filed(
        site,
        cast.operator,
        project(),
        project("2013-03-01-0071", name="心电图 判读 100% 实战", batches=[batch(**plain)]),
        project(
            "HOSP-9", name="院内感染防控", unit_code=STRANGER_HOSPITAL, batches=[batch(**plain)]
        ),
    )
    return cast


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("2013-03-01-007(国)", [NO]),
        ("２０１３－０３－０１－００７", ["2013-03-01-0071", NO]),
        ("2013-03-01-0071", ["2013-03-01-0071"]),
        ("hosp", ["HOSP-9"]),
        ("心力衰竭", [NO]),
        ("判读 心电图", ["2013-03-01-0071"]),
        ("100%", ["2013-03-01-0071"]),
        ("%", ["2013-03-01-0071"]),
        ("_", []),
        ("心力 感染", []),
        ("   ", []),
        ("没有这个", []),
    ],
)
def test_batches_are_found_by_number_or_words(
    site: Site, three: Cast, words: str, numbers: list[str]
) -> None:
    with begin(site, three.operator) as work:
        found = projects.find(work, words)

    assert [one.project.no for one in found] == numbers


def test_batches_are_found_among_those_asked_for_and_in_sight_only(site: Site, three: Cast) -> None:
    mine = batch_of(site, three.operator)

    with begin(site, three.operator) as work:
        among = projects.find(work, "2013", among=[mine.id])
        none = projects.find(work, "2013", among=[])
    with begin(site, three.stranger) as work:
        unseen = projects.find(work, "2013")
        by_id = projects.batches_of(work, [mine.id])

    assert [one.id for one in among] == [mine.id]
    assert (none, unseen, by_id) == ((), (), {})


def test_batches_between_touch_the_stretch(site: Site, three: Cast) -> None:
    def between(start: str, end: str, actor: Actor) -> list[str]:
        with begin(site, actor) as work:
            found = projects.batches_between(work, local(start), local(end))
        return [one.project.no for one in found]

    assert between("2013-05-19T18:00", "2013-06-01T08:00", three.operator) == []
    assert between("2013-05-19T17:59", "2013-06-01T08:01", three.hospital_admin) == [
        NO,
        "2013-03-01-0071",
    ]


def test_many_batches_are_read_in_a_fixed_number_of_questions(site: Site, cast: Cast) -> None:
    asked: list[str] = []
    filed(site, cast.operator, *(project(f"N-{no}") for no in range(40)))

    with begin(site, cast.operator) as work:
        ids = {
            one.id
            for one in projects.batches_between(work, local("2013-05-18"), local("2013-05-19"))
        }
        connection = work.session.connection()
        event.listen(connection, "before_cursor_execute", lambda *facts: asked.append(facts[2]))
        found = projects.batches_of(work, ids)

    assert len(found) == 40
    assert len(asked) == 3


def test_a_lecturer_given_twice_stands_twice(site: Site, cast: Cast) -> None:
    twice = [lecturer(ZHENG_HAI), lecturer(ZHENG_HAI)]

    filed(site, cast.operator, project(batches=[batch(lecturers=twice)]))

    assert len(batch_of(site, cast.operator).lecturers) == 2


@command(Permission.PROJECTS_IMPORT)
def take(work: Work, project_no: str, *acts: Act) -> list[ProjectState]:
    """What a command of another context does with a project."""
    found = projects.batch_of(work, project_no, 1)
    return [steps.advance(work, found.project.id, act) for act in acts]


def test_a_project_goes_on_and_an_act_told_twice_changes_nothing(site: Site, cast: Cast) -> None:
    filed(site, cast.operator, project())

    with begin(site, cast.hospital_admin) as work:
        reached = take(work, NO, Act.HOLD, Act.HOLD, Act.AWARD, Act.REPORT)

    assert [*map(str, reached)] == ["held", "held", "awarded", "award_review"]
    assert batch_of(site, cast.operator).project.state is ProjectState.AWARD_REVIEW


def test_an_act_that_is_not_for_its_state_is_refused(site: Site, cast: Cast) -> None:
    filed(site, cast.operator, project())

    with pytest.raises(ConflictError), begin(site, cast.hospital_admin) as work:
        take(work, NO, Act.HOLD, Act.CLOSE)
    assert batch_of(site, cast.operator).project.state is ProjectState.ANNOUNCED


def test_importing_again_leaves_the_state_where_it_is(site: Site, cast: Cast) -> None:
    filed(site, cast.operator, project())
    with begin(site, cast.hospital_admin) as work:
        take(work, NO, Act.HOLD)

    filed(site, cast.operator, project(name="改过的名称"))

    assert batch_of(site, cast.operator).project.state is ProjectState.HELD
