"""为什么 — the activities with a person's swipes, and why one gave credit or none."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from app.awards import queries as awards
from app.awards.queries.attending import LOOK_BACK
from app.base.work import passes
from app.kernel.span import local_date
from app.people import queries as people
from app.speech import why as views
from wechat.phone import faces
from wechat.phone.blueprint import blueprint
from wechat.phone.entering import Visit, bound


@blueprint.get("/<slug>/why", endpoint="why_list")
@passes("awards.activities_of", "people.staff_of")
@bound
def activities(visit: Visit) -> ResponseReturnValue:
    """Every activity with a record of the person, newest first."""
    with visit.work() as work:
        staff = people.staff_of(work, visit.person_no)
        found = awards.activities_of(work, visit.person_no)
        today = local_date(work.now)
    rows = tuple(views.row(one, today) for one in found)
    return faces.show("why_list", rows=rows, staff=staff, look_back=LOOK_BACK.days)


@blueprint.get("/<slug>/why/<path:project_no>/<int:batch_no>")
@passes("awards.trace", "people.staff_of")
@bound
def why(visit: Visit, project_no: str, batch_no: int) -> ResponseReturnValue:
    """One activity: the answer, the swipes against the windows, and every check."""
    with visit.work() as work:
        staff = people.staff_of(work, visit.person_no)
        trace = awards.trace(work, visit.person_no, project_no, batch_no)
        page = views.page(trace, local_date(work.now))
    return faces.show("why", page=page, staff=staff)
