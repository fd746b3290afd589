"""模板的值 — which texts a member of a template takes, by its kind."""

from __future__ import annotations

import re
from collections.abc import Callable

from wechat.simulator.errors import RefusedError
from wechat.simulator.filed import TemplateFiled
from wechat.simulator.world import Json

_MEMBER = re.compile(r"\{\{\s*([a-z_]+?)(\d*)\.DATA\s*\}\}")
# Filtered by the platform since May 2023, and so harmless.
_FILTERED = {"first", "remark"}


def _shorter(most: int) -> Callable[[str], bool]:
    return lambda value: len(value) <= most


def _like(pattern: str) -> Callable[[str], bool]:
    known = re.compile(pattern, re.ASCII)
    return lambda value: known.fullmatch(value) is not None


def _ascii(most: int) -> Callable[[str], bool]:
    return lambda value: len(value) <= most and value.isascii()


def _name(value: str) -> bool:
    most, most_chinese = 20, 10
    return len(value) <= (most if value.isascii() else most_chinese)


def _symbol(value: str) -> bool:
    most = 5
    return len(value) <= most and not any(char.isalnum() for char in value)


def _phrase(value: str) -> bool:
    most = 5
    return len(value) <= most and not any(char.isascii() for char in value)


_TIME = (
    r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{1,2}-\d{1,2}"
    r"|\d{4}/\d{1,2}/\d{1,2}|\d{4}\.\d{1,2}\.\d{1,2})"
)
_CLOCK = r"\d{1,2}:\d{2}(:\d{2})?"
_RIGHT: dict[str, Callable[[str], bool]] = {
    "thing": _shorter(20),
    "const": _shorter(20),
    "character_string": _ascii(32),
    "number": _like(r"[+-]?\d{1,32}(\.\d{1,31})?"),
    "short_thing": _shorter(5),
    "letter": _like(r"[A-Za-z]{1,32}"),
    "symbol": _symbol,
    "time": _like(rf"({_TIME}(\s*{_CLOCK})?|{_CLOCK})(\s*~\s*(({_TIME}\s*)?{_CLOCK}|{_TIME}))?"),
    "date": _like(rf"{_TIME}(\s*{_CLOCK})?"),
    "amount": _like(r"[^\d\s]?\d{1,10}(\.\d{1,2})?元?"),
    "phone_number": _like(r"[\d+*() -]{1,17}"),
    "car_number": _shorter(8),
    "name": _name,
    "phrase": _phrase,
}


def fitted(template: TemplateFiled, data: object) -> list[Json]:
    """The members with their words, in the template's order.

    RefusedError 47003 for a member that is missing, unknown or not of its kind.
    """
    if not isinstance(data, dict):
        raise RefusedError(47003, "data is empty")
    wanted = {kind + number: kind for kind, number in _MEMBER.findall(template.content)}
    for extra in data.keys() - wanted.keys() - _FILTERED:
        raise RefusedError(47003, f"data.{extra} is not in the template")
    return [{"name": name, "value": _value(data, name, kind)} for name, kind in wanted.items()]


def _value(data: Json, name: str, kind: str) -> str:
    given = data.get(name)
    value = given.get("value") if isinstance(given, dict) else None
    if not isinstance(value, str | int | float) or isinstance(value, bool) or value == "":
        raise RefusedError(47003, f"data.{name}.value is empty")
    right = _RIGHT.get(kind)
    if right is not None and not right(str(value)):
        raise RefusedError(47003, f"data.{name}.value invalid")
    return str(value)
