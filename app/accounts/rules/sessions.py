"""会话 — how long they live, and what of a browser is kept."""

from __future__ import annotations

from datetime import timedelta

from app.accounts.terms.sessions import SessionLife

# On the phone a session that has run out is entered again through WeChat, without a question.
PHONE = SessionLife(idle=timedelta(hours=12), whole=timedelta(days=30))

# A session is marked as used at most this often, so that reading pages hardly writes.
MARKED = timedelta(minutes=1)

_LONGEST_AGENT = 300


def agent_kept(agent: str) -> str:
    """What a browser says of itself, as it is kept: printable, and not longer than it may be."""
    return "".join(filter(str.isprintable, agent))[:_LONGEST_AGENT]
