"""地址 — all that the platform answers."""

from __future__ import annotations

from wechat.simulator.api import (
    content,
    menus,
    messages,
    mini,
    oauth,
    qrcodes,
    tokens,
    users,
)
from wechat.simulator.gate import Gate


def gate() -> Gate:
    """All addresses."""
    made = Gate()
    for subject in (tokens, messages, menus, qrcodes, users, oauth, mini, content):
        subject.register(made)
    return made
