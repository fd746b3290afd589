"""会话 — how long they live, and what of a browser is kept."""

from __future__ import annotations

from datetime import timedelta

from app.accounts.terms.sessions import SessionLife

# On the phone a session that has run out is entered again through WeChat, without a question.
PHONE = SessionLife(idle=timedelta(hours=12), whole=timedelta(days=30))
CONSOLE = SessionLife(idle=timedelta(minutes=30), whole=timedelta(hours=12))
# Between the password and what else is asked.
UNFINISHED = SessionLife(idle=timedelta(minutes=10), whole=timedelta(minutes=10))

# A browser that nobody signed in from for so long is no longer known.
DEVICE_KNOWN = timedelta(days=180)

# A session is marked as used at most this often, so that reading pages hardly writes.
MARKED = timedelta(minutes=1)

# How long what is over is kept, for looking into a complaint.
ENDED_KEPT = timedelta(days=7)
SPENT_KEPT = timedelta(days=1)

_LONGEST_AGENT = 300


def agent_kept(agent: str) -> str:
    """What a browser says of itself, as it is kept: printable, and not longer than it may be."""
    return "".join(filter(str.isprintable, agent))[:_LONGEST_AGENT]
