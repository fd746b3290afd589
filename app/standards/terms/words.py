"""标准里的词 — names, kinds and the words by which a pack tells things apart."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

from app.org.terms import Grade
from app.people.terms import Status, TitleLevel
from app.projects.terms import Level

PackId = NewType("PackId", str)
EditionId = NewType("EditionId", int)
ItemCode = NewType("ItemCode", str)
ANY_CLASS = "any"  # 不分Ⅰ、Ⅱ类: fills whichever class is short
NATIONAL = ("cn-2006", "cn-2024")  # where no region's pack applies
PROMOTED = "promoted"  # 推广项目
# The words of other contexts by which a pack tells levels, units and people apart.
LEVELS = tuple(word.value for word in Level)
UNIT_GRADES = (*(word.value for word in Grade), "cdc1")
TITLE_LEVELS = tuple(word.value for word in TitleLevel)
STATUSES = tuple(word.value for word in Status)
# 不计达标、注销: the standard asks nothing
UNCOUNTED = frozenset({Status.NOT_COUNTED.value, Status.CANCELLED.value})


class ClaimRole(StrEnum):
    """参与身份 — as what a person took part."""

    ATTENDEE = "attendee"  # 参加
    LECTURER = "lecturer"  # 主讲


class Unit(StrEnum):
    """计量单位 — what the quantity of a claim counts."""

    HOUR = "hour"
    CHAR = "char"
    TIME = "time"
    MONTH = "month"
    YEAR = "year"
    COUNT = "count"
    MANUAL = "manual"  # the quantity is the credit itself, set by evidence


class Confidence(StrEnum):
    """可信度 — how sure a number is: seen in a public text, believed, or not known at all."""

    VERIFIED = "verified"
    BELIEVED = "believed"
    UNKNOWN = "unknown"


class RoundingMode(StrEnum):
    """取整方式 — how an amount that came from a division meets its step."""

    NONE = "none"
    FLOOR = "floor"
    HALF_UP = "half_up"
    CEIL = "ceil"


class Beyond(StrEnum):
    """余类推 — what a rank after the last of its table gets."""

    NONE = "none"  # nothing; a reviewer looks
    LESS_ONE = "less_one"  # one credit less for each further rank, never below nothing


class Overlap(StrEnum):
    """时间重叠 — whether two activities of one hour may both give credit."""

    FORBID = "forbid"
    ALLOW = "allow"


class CapKind(StrEnum):
    """上限 — which limit reduced an amount."""

    PROJECT = "cap_project"
    YEAR = "cap_year"


class Result(StrEnum):
    """达标结果 — whether the year's requirement is met."""

    MET = "met"
    SHORT = "short"
    NOT_COUNTED = "not_counted"
