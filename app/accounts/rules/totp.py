"""两步验证 — figures of the authenticator (RFC 6238) and of the codes that stand in for it."""

from __future__ import annotations

STEP_S = 30
DIGITS = 6
KEY_BYTES = 20
# A clock may be one step off either way; the platform's and the phone's are both set by networks.
SKEW = 1
RECOVERY_CODES = 10


def typed_number(text: str) -> str:
    """The number of an authenticator as typed, with or without a space; empty if it is none."""
    bare = "".join(text.split())
    right = len(bare) == DIGITS and bare.isascii() and bare.isdecimal()
    return bare if right else ""
