"""人员 — words about the people whose credit we keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NewType

from app.kernel.place import Place
from app.org.terms import UnitId

PersonId = NewType("PersonId", int)
PersonNo = NewType("PersonNo", str)

ALWAYS = date(1, 1, 1)


class Status(StrEnum):
    """人员状态."""

    NORMAL = "normal"  # 正常
    MATERNITY = "maternity"  # 产假
    LEAVE_6M = "leave_6m"  # 病假、境外工作等六个月以上
    NOT_COUNTED = "not_counted"  # 不计达标
    CANCELLED = "cancelled"  # 注销


class IdType(StrEnum):
    """证件类型."""

    ID_CARD = "id_card"  # 身份证
    RESIDENCE_PERMIT = "residence_permit"  # 港澳台居民居住证
    HK_MACAU_PERMIT = "hk_macau_permit"  # 港澳居民来往内地通行证
    TAIWAN_PERMIT = "taiwan_permit"  # 台湾居民来往大陆通行证
    OTHER = "other"  # 其他法定有效证件


class Sex(StrEnum):
    """性别."""

    MALE = "male"  # 男
    FEMALE = "female"  # 女


class TitleLevel(StrEnum):
    """职称级别."""

    JUNIOR = "junior"  # 初级
    MIDDLE = "middle"  # 中级
    VICE_SENIOR = "vice_senior"  # 副高
    SENIOR = "senior"  # 正高


@dataclass(frozen=True, slots=True)
class Person:
    """人员 — one person as the other contexts know them; nothing that identifies beyond the name."""

    id: PersonId
    no: PersonNo
    name: str
    place: Place
    unit_id: UnitId
    department_id: UnitId | None
    title: str
    title_level: TitleLevel | None
    status: Status
