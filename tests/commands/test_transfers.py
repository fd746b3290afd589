"""转单位 — who comes at the same moment ends as if they had come in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from app.base.site import Site
from app.base.work import begin
from app.kernel.actor import Actor
from app.kernel.errors import ConflictError
from app.transfers import commands as transfers
from app.transfers.terms import State
from tests.support.cast import CITY_BUREAU, COUNTY_HOSPITAL, HE_MIN, Cast

Count = Callable[..., int]


def confirmed(site: Site, actor: Actor, key: int) -> str:
    """What came of agreeing."""
    try:
        with begin(site, actor) as work:
            return transfers.confirm(work, key).value
    except ConflictError as refused:
        return refused.code


def test_of_many_who_agree_at_once_one_of_each_side_does(
    site: Site, cast: Cast, count: Count
) -> None:
    with begin(site, cast.self(HE_MIN)) as work:
        key = transfers.ask_own(work, HE_MIN, COUNTY_HOSPITAL)
    both = (cast.hospital_admin, cast.county_hospital_admin)
    asked = [partial(confirmed, site, actor, key) for _ in range(3) for actor in both]

    with ThreadPoolExecutor(len(asked)) as pool:
        said = Counter(one.result() for one in [pool.submit(ask) for ask in asked])

    assert (said[State.OPEN], said[State.DONE]) == (1, 1)
    assert set(said) <= {"open", "done", "transfers.over.done", "transfers.request.not_now"}
    assert count("transfer", "state = 'done'") == 1


def test_of_two_who_want_the_same_person_one_gets_them(
    site: Site, cast: Cast, count: Count
) -> None:
    with begin(site, cast.county_hospital_admin) as work:
        first = transfers.ask_in(work, COUNTY_HOSPITAL, HE_MIN, "何敏")
    with begin(site, cast.city_office) as work:
        second = transfers.ask_in(work, CITY_BUREAU, HE_MIN, "何敏")
    asked = [partial(confirmed, site, cast.hospital_admin, key) for key in (first, second)]

    with ThreadPoolExecutor(2) as pool:
        said = {one.result() for one in [pool.submit(ask) for ask in asked]}

    assert said == {"done", "transfers.over.overtaken"}
    assert count("transfer", "state = 'overtaken'") == 1
