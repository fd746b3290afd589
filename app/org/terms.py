"""机构 — words about the units of the tree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from app.kernel.place import Place
from app.kernel.sheet import Line

UnitId = NewType("UnitId", int)


class UnitKind(StrEnum):
    """机构类别."""

    PROVINCE = "province"  # 省
    CITY = "city"  # 市
    COUNTY = "county"  # 县区
    BUREAU = "bureau"  # 卫生行政部门
    HOSPITAL = "hospital"  # 医疗机构
    DEPARTMENT = "department"  # 科室


class Grade(StrEnum):
    """医疗机构级别."""

    PROVINCIAL = "provincial"  # 省级
    TERTIARY = "tertiary"  # 三级
    SECONDARY = "secondary"  # 二级
    PRIMARY = "primary"  # 一级
    TOWNSHIP = "township"  # 乡镇


@dataclass(frozen=True, slots=True)
class Unit:
    """机构 — one unit as others see it."""

    id: UnitId
    code: str
    kind: UnitKind
    name: str
    place: Place
    grade: Grade | None

    @property
    def realm(self) -> Place:
        """管辖范围 — what a grant at this unit covers: a bureau governs the region it stands in."""
        if self.kind is UnitKind.BUREAU:
            return Place(self.place.path.removesuffix(f"{self.id}."))
        return self.place


@dataclass(frozen=True, slots=True)
class Branch:
    """机构树节点 — a unit within sight, as a tree of units shows it."""

    id: UnitId
    code: str
    kind: UnitKind
    name: str
    place: Place
    parent_id: UnitId | None
    order: int
    closed: bool


@dataclass(frozen=True, slots=True)
class KnownUnit:
    """已有机构 — a unit as an import compares it with its line."""

    id: UnitId
    code: str
    # Empty for a root of the tree; None where the parent is out of the actor's sight.
    parent_code: str | None
    kind: UnitKind
    name: str
    order: int
    grade: Grade | None
    place: Place


@dataclass(frozen=True, slots=True)
class UnitDraft:
    """机构导入行 — what one line says of a unit; a wrong cell holds an empty value."""

    line: Line
    code: str
    parent_code: str
    kind: UnitKind | None
    name: str
    order: int
    grade: Grade | None
