"""故障 — what goes wrong by request, in calls of ours and in what is sent to us."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from wechat.simulator.filed import FaultFiled


@dataclass(slots=True)
class _Standing:
    filed: FaultFiled
    seen: int = 0
    done: int = 0

    def meets(self) -> bool:
        """Whether it strikes this time; every call it fits counts."""
        self.seen += 1
        if self.seen <= self.filed.after or (self.filed.times and self.done >= self.filed.times):
            return False
        self.done += 1
        return True

    def told(self) -> dict[str, Any]:
        return self.filed.model_dump() | {"seen": self.seen, "done": self.done}


@dataclass(slots=True)
class Faults:
    """故障 — those that stand; the first that fits strikes."""

    _standing: list[_Standing] = field(default_factory=list)

    def add(self, filed: FaultFiled) -> None:
        """It stands from now on. One of the same label is replaced."""
        if filed.label:
            self.remove(filed.label)
        self._standing.append(_Standing(filed))

    def remove(self, label: str | None = None) -> None:
        """Take away that of the label, or all."""
        self._standing = [
            one for one in self._standing if label is not None and one.filed.label != label
        ]

    def of_call(self, path: str, appid: str) -> dict[str, Any] | None:
        """What goes wrong with this call; None where nothing does."""
        return self._struck(
            one for one in self._standing
            if one.filed.callback is None and _fits(one, appid) and re.search(one.filed.path, path)
        )  # fmt: skip

    def of_callback(self, what: str, appid: str) -> dict[str, Any] | None:
        """What goes wrong with what is sent now; None where nothing does."""
        return self._struck(
            one for one in self._standing
            if one.filed.callback is not None and _fits(one, appid)
            and re.search(one.filed.callback, what)
        )  # fmt: skip

    def told(self) -> list[dict[str, Any]]:
        """All that stand and are not over."""
        return [one.told() for one in self._standing if not _over(one)]

    def _struck(self, fitting: Iterator[_Standing]) -> dict[str, Any] | None:
        struck: dict[str, Any] | None = None
        for one in list(fitting):
            if one.meets() and struck is None:
                struck = one.filed.do
        return struck


def _fits(one: _Standing, appid: str) -> bool:
    return not one.filed.appid or one.filed.appid == appid


def _over(one: _Standing) -> bool:
    return bool(one.filed.times) and one.done >= one.filed.times
