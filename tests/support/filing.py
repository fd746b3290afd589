"""项目文件 — members of a `project import` file as an operator would write them.

project("2013-03-01-007(国)", batches=[batch(1)])   one project of H1, with what differs
batch(1, sessions=[...])                            two days in May 2013, windows s1 and s2
filed(site, actor, project(...), ...)               import them as that actor
"""

from __future__ import annotations

import json
from typing import Any

from app.base.site import Site
from app.base.work import begin
from app.cli import filing
from app.kernel.actor import Actor
from app.projects import commands as projects
from app.projects.terms import Imported
from tests.support.cast import HOSPITAL

NO = "2013-03-01-007(国)"


def project(project_no: str = NO, **changes: Any) -> dict[str, Any]:
    """A national project of the hospital with one batch, and these members changed."""
    return {
        "project_no": project_no,
        "name": "心力衰竭诊疗新进展",
        "level": "national",
        "medical_type": "western",
        "credit_class": "I",
        "course_kind": "professional",
        "unit_code": HOSPITAL,
        "year": 2013,
        "credits": "5.0",
        "hours": "15.0",
        "cap_project": None,
        "batches": [batch()],
    } | changes


def batch(no: int = 1, **changes: Any) -> dict[str, Any]:
    """A batch of two days with a session each, and these members changed."""
    return {
        "batch": no,
        "starts_at": "2013-05-18T08:00",
        "ends_at": "2013-05-19T18:00",
        "venue": "门诊楼三楼会议室",
        "unit_only": False,
        "limit_persons": None,
        "sessions": [
            session(),
            session("s2", opens_at="2013-05-19T16:30", closes_at="2013-05-19T18:00"),
        ],
        "plan": {"strategy": "windows", "windows": ["s1", "s2"], "min_swipes": None, "ratio": None},
        "lecturers": [],
    } | changes  # fmt: skip


def session(session_id: str = "s1", **changes: Any) -> dict[str, Any]:
    """A sign-in on the first morning, and these members changed."""
    return {
        "session_id": session_id,
        "label": f"签到 {session_id}",
        "kind": "start",
        "opens_at": "2013-05-18T07:30",
        "closes_at": "2013-05-18T08:30",
        "hours": None,
    } | changes


def lecturer(person_no: str, **changes: Any) -> dict[str, Any]:
    """A lecture on the first day, and these members changed."""
    return {
        "person_no": person_no, "course": "心衰的药物治疗", "date": "2013-05-18", "hours": "2.0",
    } | changes  # fmt: skip


def text_of(*members: object) -> bytes:
    """The file with these projects."""
    return json.dumps(list(members), ensure_ascii=False).encode()


def filed(site: Site, actor: Actor, *members: object) -> Imported:
    """Import these projects, as the verb does."""
    read, unread = filing.read(text_of(*members))
    with begin(site, actor) as work:
        return projects.import_projects(work, read, unread=unread)
