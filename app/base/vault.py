"""保险箱 — encryption of identifiers and keys, and the keyed hashes by which they are found.

Key ring: the first key encrypts, every key decrypts; a value names its key. Look-ups use a key of
their own, because a hash cannot be re-keyed without the value. AES-256-GCM (NIST SP 800-38D) with
96-bit random nonces; the purpose is bound as associated data, so that a value moved to another
column does not open.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.kernel.errors import InvalidError
from app.kernel.secret import Secret

_NONCE = 12


class Vault:
    """Seals text for storage, opens it again, and makes look-up hashes."""

    def __init__(self, keys: Mapping[str, bytes], index_key: bytes) -> None:
        self._ciphers = {kid: AESGCM(key) for kid, key in keys.items()}
        self._current = next(iter(keys))
        self._index_key = index_key

    def seal(self, secret: Secret, purpose: str) -> bytes:
        """The text encrypted under the current key, as `kid 0x00 nonce ciphertext`."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._ciphers[self._current].encrypt(
            nonce, secret.reveal().encode(), purpose.encode()
        )
        return self._current.encode() + b"\0" + nonce + sealed

    def open(self, sealed: bytes, purpose: str) -> Secret:
        """The text of a sealed value. InvalidError when its key is gone or it was altered."""
        kid, _, rest = bytes(sealed).partition(b"\0")
        cipher = self._ciphers.get(kid.decode("ascii", "replace"))
        if cipher is None:
            raise InvalidError("base.vault.key_missing", kid=kid.decode("ascii", "replace"))
        try:
            text = cipher.decrypt(rest[:_NONCE], rest[_NONCE:], purpose.encode())
        except InvalidTag:
            raise InvalidError("base.vault.altered", purpose=purpose) from None
        return Secret(text.decode())

    def index(self, secret: Secret, purpose: str) -> bytes:
        """盲索引 — 32 bytes by which equal values are found without being stored."""
        message = purpose.encode() + b"\0" + secret.reveal().encode()
        return hmac.digest(self._index_key, message, hashlib.sha256)


def ring(text: str) -> dict[str, bytes]:
    """The key ring written as `kid:base64[,kid:base64]`, current key first. ValueError if none."""
    keys = {}
    for part in text.split(","):
        kid, colon, encoded = part.strip().partition(":")
        key = base64.b64decode(encoded, validate=True)
        if not (kid.isascii() and kid.isalnum() and colon and len(key) == 32):  # noqa: PLR2004
            raise ValueError("a key ring is kid:base64 of 32 bytes, separated by commas")
        keys[kid] = key
    return keys
