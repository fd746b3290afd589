"""机构路径 — where a thing stands in the tree from province to person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A node of the tree 省 > 市 > 县区 > 医疗机构 > 科室 > 人员, as a path of ids: `1.4.12.p7.`

    The nodes at or under a place are one range of text in byte order, which is what row security
    compares (see `base.security`).
    """

    path: str

    @classmethod
    def root(cls) -> Self:
        """The whole platform."""
        return cls("")

    @classmethod
    def nowhere(cls) -> Self:
        """Below no unit: for whoever is known only as somebody's openid."""
        return cls("0.")

    def child(self, key: int | str) -> Place:
        """The node of that key directly under this one."""
        return Place(f"{self.path}{key}.")

    def person(self, person_id: int) -> Place:
        """A person's own leaf under this place."""
        return self.child(f"p{person_id}")

    def holds(self, other: Place) -> bool:
        """Whether the other node is this one or lies under it."""
        return other.path.startswith(self.path)

    @property
    def bounds(self) -> tuple[str, str]:
        """The half-open range of paths that lie at or under this place."""
        return (self.path, f"{self.path[:-1]}/") if self.path else ("", "~")

    @property
    def alone(self) -> tuple[str, str]:
        """The half-open range of paths that are this node's own, and of none below it."""
        return self.path, f"{self.path}!"  # before every key of a child
