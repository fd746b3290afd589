"""导出 — words of lists that are taken away."""

from __future__ import annotations

from enum import StrEnum


class ListKind(StrEnum):
    """名单 — what a list tells of."""

    PEOPLE = "people"  # 人员
    CARDS = "cards"  # 卡
    COURSES = "courses"  # 公需课
    ARCHIVE = "archive"  # 项目归档包
    LOG = "log"  # 操作日志
