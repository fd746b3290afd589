"""两步验证 — the second factor of who governs."""

from __future__ import annotations

from dataclasses import dataclass

from app.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Enrolling:
    """两步验证的密钥 — read by an authenticator, as a picture or typed; shown until proven."""

    key: Secret
    uri: Secret
