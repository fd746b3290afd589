"""一次性码 — how long they live, how they are written and read, and what must be proven first."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

# Crockford's 32 signs, without I, L, O and U; ten of them are 50 bits (trust.md R-08).
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
CODE_LIFE = timedelta(minutes=10)
CODES_A_DAY = 3

FREEZE_LIFE = timedelta(days=7)

# trust.md 2.2.4: a binding that is young, or came after another, proves too little by itself.
YOUNG = timedelta(days=7)
SETTLED = timedelta(days=30)
# Proven again, the phone speaks for its owner for so long.
PROOF_LIFE = timedelta(minutes=10)

_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})


def typed_code(text: str) -> str:
    """A code as it was made, however it was typed: small letters, spaces, O for 0."""
    bare = "".join(text.upper().replace("-", " ").split()).translate(_READ_AS)
    right = len(bare) == LENGTH and set(bare) <= set(SIGNS)
    return bare if right else ""


def needs_proof(
    now: datetime, *, bound_at: datetime, changes: Collection[datetime], governs: bool
) -> bool:
    """Whether the openid alone is too little: a young or changed binding, or one who governs.

    `changes` are the moments at which other bindings of the person ended.
    """
    changed = any(now - change < SETTLED for change in changes)
    return governs or changed or now - bound_at < YOUNG


def code_purpose(login_id: int) -> str:
    """What a code is hashed for: it is its log-in's own, and sets a new password only."""
    return f"login.reset:{login_id}"
