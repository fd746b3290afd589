"""微信平台 — how often a token may be asked for, and when a follower may be spoken to first.

The numbers are those of the platform's pages (wechat.md 1.4, 1.5) and of trust.md 2.3 row 26.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

# After so many answers within the stretch, nothing that we ask again can help.
FETCHES, STRETCH = 3, timedelta(minutes=10)
LONGEST_PAUSE = timedelta(minutes=1)

# The platform renews a stable token five minutes before its end; both are good meanwhile.
MARGIN = timedelta(minutes=5)
LEAST_LIFE = timedelta(minutes=1)

# 客服消息: after a message, after a touch of the menu, a scan or a follow.
HEARD_WINDOW, HEARD_MOST = timedelta(hours=48), 5
ACTED_WINDOW, ACTED_MOST = timedelta(minutes=1), 3

# 客户端去重: as long as the platform knows a client_msg_id again.
KNOWN_AGAIN = timedelta(minutes=10)


def good_until(now: datetime, expires_in_s: int) -> datetime:
    """Until when a token of that life is used: not its last minutes, but for a minute at least."""
    return now + max(timedelta(seconds=expires_in_s) - MARGIN, LEAST_LIFE)


def fetched(before: Sequence[datetime], now: datetime) -> tuple[datetime, ...]:
    """The times that the platform answered, this one too, as far as they still count."""
    return (*(at for at in before if now - at < STRETCH), now)[-FETCHES:]


def blocked_until(fetches: Sequence[datetime]) -> datetime | None:
    """Until when no token is asked for after these answers; None where one may be at once."""
    return fetches[0] + STRETCH if len(fetches) >= FETCHES else None


def pause_after(failures: int) -> timedelta:
    """How long to leave a platform in peace that did not answer so many times in a row.

    Once may be chance, and is tried again at once.
    """
    if failures <= 1:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - 2, 10)), LONGEST_PAUSE)
