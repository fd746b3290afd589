"""申报书 — a form of a project as a hospital fills it in.

typed(name="…", batches=[…], courses=[…])   what stands in the form, with what differs
fields(**changed)                           the same as a browser sends it
drafted(site, actor)                        a draft that says so -> its id
handed_in(site, actor, filing_id)           and is filed
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.base import documents
from app.base.documents import Document
from app.base.site import Site
from app.base.work import begin
from app.filing import commands as filing
from app.filing import queries
from app.filing.terms import FileKind, Typed
from app.kernel.actor import Actor
from app.kernel.secret import Secret
from tests.support.cast import PEOPLE, ZHOU_LAN, id_number

LEADER_ID = next(id_number(born, order) for no, _, born, order, *_ in PEOPLE if no == ZHOU_LAN)
PROJECT = {
    "name": "心力衰竭规范诊疗培训班", "level": "city", "medical_type": "western",
    "course_kind": "professional", "year": "2013", "discipline": "03", "branch": "01",
    "hold_form": "face", "credits": "1", "theory_hours": "6", "leader": "周岚",
    "leader_title": "副主任医师",
}  # fmt: skip
BATCH = {
    "starts_at": "2013-09-14T08:00", "ends_at": "2013-09-14T17:00", "venue": "门诊楼三楼会议室",
}  # fmt: skip
PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
COURSE = {
    "key": "1", "batch": "1", "topic": "心衰的药物治疗", "lecturer": "周岚", "person_no": ZHOU_LAN,
    "hours": "6", "method": "lecture",
}  # fmt: skip


def typed(
    *,
    batches: Sequence[dict[str, str]] = (BATCH,),
    courses: Sequence[dict[str, str]] = (COURSE,),
    leader_id: str = LEADER_ID,
    phone: str = "13900000002",
    **changed: str,
) -> Typed:
    """A form that can be filed, and these fields changed."""
    secrets = {"leader_id": Secret(leader_id), "leader_phone": Secret(phone)}
    return Typed(PROJECT | changed, tuple(batches), tuple(courses), secrets)


def fields(**changed: str) -> dict[str, Any]:
    """What a browser sends of such a form."""
    sent = PROJECT | {"leader_id": LEADER_ID, "leader_phone": "13900000002"}
    sent |= {f"b0.{name}": value for name, value in BATCH.items()}
    sent |= {f"c0.{name}": value for name, value in COURSE.items()}
    return sent | {name.replace("__", "."): value for name, value in changed.items()}


def drafted(site: Site, actor: Actor, form: Typed | None = None) -> int:
    """A draft of the actor's own unit."""
    with begin(site, actor) as work:
        made = filing.open_draft(work)
    with begin(site, actor) as work:
        filing.save(work, made, form or typed(), seen=1)
    return made


def paper(name: str = "承诺书.pdf") -> Document:
    """A page as it may be kept."""
    return documents.document(name, PDF)


def attached(site: Site, actor: Actor, filing_id: int) -> int:
    """A file comes with the draft -> its id."""
    with begin(site, actor) as work:
        filing.attach(work, filing_id, FileKind.PLEDGE, paper())
        [kept] = queries.attachments(work, filing_id)
    return kept.id


def handed_in(site: Site, actor: Actor, filing_id: int) -> None:
    """The draft is filed as it stands."""
    with begin(site, actor) as work:
        seen = queries.folder_of(work, filing_id).filing.version
        filing.file(work, filing_id, seen=seen)
