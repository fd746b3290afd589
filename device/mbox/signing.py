"""How a machine signs what it sends, and how that is judged (请求签名)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

DEVICE = "X-Mbx-Device"
TIME = "X-Mbx-Time"
NONCE = "X-Mbx-Nonce"
SIGNATURE = "X-Mbx-Signature"
MAX_SKEW_S = 300

_SERIAL = re.compile(r"[\x21-\x7e]{1,64}")
_SECONDS = re.compile(r"[1-9][0-9]{0,11}")
_NONCE = re.compile(r"[\x21-\x7e]{16,64}")
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Signed:
    """签名头 — the four X-Mbx headers of a request; the serial is claimed, not yet proven."""

    device_sn: str
    time: int
    nonce: str
    signature: str

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self | None:
        """The headers as sent; None where one is missing or malformed."""
        found = [headers.get(name, "") for name in (DEVICE, TIME, NONCE, SIGNATURE)]
        for text, shape in zip(found, (_SERIAL, _SECONDS, _NONCE, _HEX), strict=True):
            if not shape.fullmatch(text):
                return None
        device_sn, time, nonce, signature = found
        return cls(device_sn, int(time), nonce, signature)

    def holds(self, key: bytes, *, method: str, path: str, body_sha256: str) -> bool:
        """Whether the device of that key signed this very request."""
        true = signature(
            key,
            method=method,
            path=path,
            body_sha256=body_sha256,
            time=self.time,
            nonce=self.nonce,
        )
        return hmac.compare_digest(true, self.signature)

    def fresh(self, now_s: int) -> bool:
        """Whether the request's time is within five minutes of the server's, either way."""
        return abs(self.time - now_s) <= MAX_SKEW_S


def signature(
    key: bytes, *, method: str, path: str, body_sha256: str, time: int, nonce: str
) -> str:
    """Hex HMAC-SHA256 over method, path with query, the hash of the body as sent, time and nonce.

    The parts are joined by LF. `path` begins with / and keeps its query as it was sent.
    """
    text = "\n".join((method, path, body_sha256, str(time), nonce))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def headers(
    key: bytes, *, device_sn: str, method: str, path: str, body: bytes, time: int, nonce: str
) -> dict[str, str]:
    """The four X-Mbx headers for a request with that body as sent."""
    body_sha256 = hashlib.sha256(body).hexdigest()
    return {
        DEVICE: device_sn,
        TIME: str(time),
        NONCE: nonce,
        SIGNATURE: signature(
            key, method=method, path=path, body_sha256=body_sha256, time=time, nonce=nonce
        ),
    }
