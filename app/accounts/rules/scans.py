"""扫码登录 — how long a picture lives, and among which numbers the phone chooses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

SCAN_LIFE = timedelta(seconds=60)
# Once a phone has read it in time, its owner may finish choosing.
CHOOSING = timedelta(seconds=60)
LOWEST, HIGHEST = 10, 99
CHOICES = 3


def told_apart(numbers: Sequence[int]) -> bool:
    """Whether no two of the numbers are alike to a hasty eye: each digit differs, also turned."""
    pairs = [divmod(number, 10) for number in numbers]
    return all(
        one[0] != other[0] and one[1] != other[1] and one != other[::-1]
        for place, one in enumerate(pairs)
        for other in pairs[:place]
    )
