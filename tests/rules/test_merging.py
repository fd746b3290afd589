"""合并档案 — what two records of one person would have too much of together."""

from __future__ import annotations

from app.kernel.credit import Credit
from app.merging.rules import Earned, excess_of
from app.merging.terms import Excess
from app.standards.terms import ClaimRole
from tests.rules.packs import PACKS, changed

OLD = PACKS["cn-2006"]


def earned(item: str, net: str, role: ClaimRole = ClaimRole.ATTENDEE) -> Earned:
    return Earned(item, "II", role, Credit.of(net))


def test_two_who_each_kept_a_limit_may_be_above_it_together() -> None:
    told = [earned("INHOUSE", "8"), earned("INHOUSE", "4"), earned("ROUND", "10")]

    [found] = excess_of(2013, told, OLD)

    assert (found.year, found.credit_class) == (2013, "II")
    assert (found.have, found.most) == (Credit.of(12), Credit.of(10))
    assert found.item == "单位组织的学术讲座、操作示教、手术示范、新技术推广"


def test_who_lectures_has_no_limit_where_only_who_attends_has_one() -> None:
    told = [earned("INHOUSE", "8"), earned("INHOUSE", "40", ClaimRole.LECTURER)]

    assert not list(excess_of(2013, told, OLD))


def test_a_whole_class_has_its_limit_too() -> None:
    pack = changed("cn-2006", class_caps={"II": "20"})
    told = [earned("PAPER", "15"), earned("BOOK", "6")]

    assert list(excess_of(2013, told, pack)) == [
        Excess(2013, "", "II", Credit.of(21), Credit.of(20))
    ]
