"""Values that must never be seen by chance: numbers of identity, phones, keys."""

from __future__ import annotations


class Secret:
    """保密值 — text that hides itself in `repr`, `str`, logs and JSON; reading it is deliberate."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def masked(self, head: int = 3, tail: int = 2) -> str:
        """The text with all but its first and last characters hidden (default 3+2)."""
        hidden = len(self._text) - head - tail
        if hidden <= 0:
            return "*" * len(self._text)
        return f"{self._text[:head]}{'*' * hidden}{self._text[len(self._text) - tail :]}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__
