"""授分方案 — plans read, written, and made definite for a batch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from app.awards.terms import MIN_SWIPES, RATIO, WINDOW_STRATEGIES, Plan, Strategy, Window
from app.kernel.errors import InvalidError
from app.kernel.span import SHANGHAI, at_ms, in_ms, local

_COUNT = re.compile("[1-9][0-9]{0,3}")
_KEYS = ("strategy", "windows", "min_swipes", "ratio", "listed")


def plan_from_json(filed: object) -> Plan:
    """The plan of a `plan` object as in the project import file; null is the same as left out.

    A window is a session's id or {"label", "start", "end"}. InvalidError names what is wrong.
    """
    if not isinstance(filed, Mapping):
        raise InvalidError("awards.plan.malformed", value=filed)
    for key in filed:
        if key not in _KEYS:
            raise InvalidError("awards.plan.key_unknown", value=key, known="、".join(_KEYS))
    return Plan(
        strategy=_strategy(filed.get("strategy")),
        windows=tuple(_window(window) for window in _list(filed, "windows")),
        min_swipes=_min_swipes(filed.get("min_swipes")),
        ratio=_ratio(filed.get("ratio")),
        listed=tuple(_text(number, "listed") for number in _list(filed, "listed")),
    )


def plan_to_json(plan: Plan) -> dict[str, object]:
    """The plan as `plan_from_json` reads it; what is left out is null."""
    return {
        "strategy": plan.strategy.value,
        "windows": [_window_to_json(window) for window in plan.windows] or None,
        "min_swipes": plan.min_swipes,
        "ratio": None if plan.ratio is None else str(plan.ratio),
        "listed": list(plan.listed) or None,
    }


def plan_from_options(
    own: Plan,
    *,
    listed: tuple[str, ...] = (),
    strategy: str | None = None,
    windows: Sequence[str] = (),
    min_swipes: str | int | None = None,
    ratio: str | None = None,
) -> Plan:
    """The plan that an operator's options ask for; `own` itself where there are none.

    Without a strategy the figure given tells it: a number of swipes `min_swipes`, a ratio
    `duration_ratio`, windows the batch's own strategy if that asks for windows, else `windows`.
    The listed persons are always those of the batch as filed, as no option names any: InvalidError
    where that names none and they are asked for.
    """
    if strategy is None and not windows and min_swipes is None and ratio is None:
        return own
    chosen = _strategy(strategy or _meant(own, min_swipes, ratio))
    if chosen is Strategy.LISTED and not listed:
        raise InvalidError("awards.plan.no_list")
    return Plan(
        strategy=chosen,
        windows=tuple(window_from_text(text) for text in windows),
        min_swipes=_min_swipes(min_swipes),
        ratio=_ratio(ratio),
        listed=listed,
    )


def window_from_text(text: str) -> Window:
    """The window of LABEL,START,END; the label itself may have commas."""
    match text.rsplit(",", 2):
        case [label, start, end]:
            return _spanned(label, start, end, text)
        case _:
            raise InvalidError("awards.plan.window_malformed", value=text)


def _meant(own: Plan, min_swipes: str | int | None, ratio: str | None) -> str:
    if min_swipes is not None and ratio is not None:
        raise InvalidError("awards.plan.strategy_unclear")
    if min_swipes is not None:
        return Strategy.MIN_SWIPES
    if ratio is not None:
        return Strategy.DURATION_RATIO
    return own.strategy if own.strategy in WINDOW_STRATEGIES else Strategy.WINDOWS


def _strategy(value: object) -> Strategy:
    try:
        return Strategy(value)  # type: ignore[arg-type]  # a foreign value; what is none raises
    except ValueError:
        known = "、".join(Strategy)
        raise InvalidError("awards.plan.strategy_unknown", value=value, known=known) from None


def _min_swipes(value: object) -> int | None:
    if value is None:
        return None
    text = str(value)
    if isinstance(value, bool) or not _COUNT.fullmatch(text):
        raise InvalidError("awards.plan.min_swipes_range", value=value, default=MIN_SWIPES)
    return int(text)


def _ratio(value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        # By way of text, for a JSON number may have come as a float.
        ratio = Decimal(str(value))
        if not isinstance(value, bool) and 0 < ratio <= 1:
            return ratio
    except InvalidOperation:
        pass
    raise InvalidError("awards.plan.ratio_range", value=value, default=RATIO)


def _window(value: object) -> str | Window:
    if isinstance(value, Mapping):
        if set(value) != {"label", "start", "end"}:
            raise InvalidError("awards.plan.window_malformed", value=dict(value))
        label, start, end = (_text(value[key], "windows") for key in ("label", "start", "end"))
        return _spanned(label, start, end, f"{label},{start},{end}")
    return _text(value, "windows")


def _spanned(label: str, start: str, end: str, text: str) -> Window:
    label = label.strip()
    try:
        window = Window(label, in_ms(local(start.strip())), in_ms(local(end.strip())))
    except ValueError:
        raise InvalidError("awards.plan.window_malformed", value=text) from None
    if not label:
        raise InvalidError("awards.plan.window_malformed", value=text)
    if window.start >= window.end:
        raise InvalidError("awards.plan.window_empty", label=label, start=start, end=end)
    return window


def _window_to_json(window: str | Window) -> str | dict[str, str]:
    if isinstance(window, str):
        return window
    start, end = (at_ms(ms).astimezone(SHANGHAI).isoformat() for ms in (window.start, window.end))
    return {"label": window.label, "start": start, "end": end}


def _list(filed: Mapping[str, object], key: str) -> Iterable[object]:
    value = filed.get(key)
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise InvalidError("awards.plan.list_expected", key=key, value=value)
    return value


def _text(value: object, key: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidError("awards.plan.text_expected", key=key, value=value)
    return value.strip()
