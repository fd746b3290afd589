"""授分 — words of the award engine."""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """授分批次状态."""

    QUEUED = "queued"  # 等待处理
    DONE = "done"  # 有效
    REPLACED = "replaced"  # 已被新的授分取代
    UNDONE = "undone"  # 已撤销
    FAILED = "failed"  # 未能授分
