"""日志 — JSON lines on standard error, without numbers by which a person could be known."""

from __future__ import annotations

import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

# 身份证号 of 15 or 18 signs, mobile phones, and whatever else is as long a number.
_NUMBERS = re.compile(r"(?<![0-9A-Za-z])(?:\d{17}[\dXx]|\d{15}|1\d{10})(?![0-9A-Za-z])")


def configure() -> None:
    """Send every log line of this process to standard error, as JSON, masked."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            mask,
            structlog.processors.JSONRenderer(serializer=_line),
        ],
        # Asked for at each line: a process may be given another standard error.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def mask(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The event with every such number hidden but for its first three and last two signs."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _NUMBERS.sub(_hidden, value)
    return event


def _hidden(found: re.Match[str]) -> str:
    number = found.group()
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}"


def _line(event: dict[str, Any], **_: object) -> str:
    return orjson.dumps(event, default=str).decode()
