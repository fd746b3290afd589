"""When a swipe truly happened, told by the machine's running time and its anchors (校时)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

from device.mbox.terms import EARLIEST_MS, LATEST_MS, Anchor


class Correction:
    """校时 — the true time of any record, from the anchors of its batch's header.

    The nearest anchor of the record's boot counts, of two equally near the earlier; of anchors at
    the same moment the one with the shortest round trip. Make one for a batch and ask it often.
    """

    def __init__(self, anchors: Iterable[Anchor]) -> None:
        best: dict[str, dict[int, Anchor]] = {}
        for anchor in anchors:
            of_boot = best.setdefault(anchor.boot, {})
            known = of_boot.get(anchor.mono_ms)
            if known is None or anchor.rtt_ms < known.rtt_ms:
                of_boot[anchor.mono_ms] = anchor
        # For each boot where one anchor's reach ends (twice the middle to the next), and how far
        # its server time is ahead of the machine's running time.
        self._reach: dict[str, tuple[list[int], list[int]]] = {}
        for boot, of_boot in best.items():
            monos = sorted(of_boot)
            ends = [one + other for one, other in pairwise(monos)]
            self._reach[boot] = ends, [of_boot[mono].server_ms - mono for mono in monos]

    def true_ms(self, boot: str, mono_ms: int) -> int | None:
        """The corrected time in epoch milliseconds.

        None where the boot has no anchor, or where the sum falls outside the calendar.
        """
        reach = self._reach.get(boot)
        if reach is None:
            return None
        ends, ahead = reach
        found = mono_ms + ahead[bisect_left(ends, 2 * mono_ms)]
        return found if EARLIEST_MS <= found < LATEST_MS else None

    def true_column(self, boots: Sequence[str], monos: Sequence[int]) -> list[int | None]:
        """The same for columns of a chunk."""
        if len(set(boots)) == 1:
            ends, ahead = self._reach.get(boots[0], ([], []))
            low, high = min(monos), max(monos)
            nearest = bisect_left(ends, 2 * low)
            # The usual case: one anchor is nearest to them all, and one sum serves.
            if ahead and nearest == bisect_left(ends, 2 * high):
                sum_ms = ahead[nearest]
                if low + sum_ms >= EARLIEST_MS and high + sum_ms < LATEST_MS:
                    return [mono_ms + sum_ms for mono_ms in monos]
        return list(map(self.true_ms, boots, monos))


def corrected_ms(anchors: Iterable[Anchor], boot: str, mono_ms: int) -> int | None:
    """The corrected time of one record in epoch milliseconds; None where there is no anchor."""
    return Correction(anchors).true_ms(boot, mono_ms)
