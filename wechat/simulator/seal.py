"""签名与加密 — the platform's own seal on what it sends, and its check of what comes back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_VECTOR = 16
_NOISE = 16
_LENGTH = 4
_BLOCK = 32


class UnsealedError(Exception):
    """What does not open with the account's key, or is another account's."""


def signature(token: str, *parts: str) -> str:
    """SHA-1 in hex over token and parts, sorted and joined."""
    return hashlib.sha1("".join(sorted([token, *parts])).encode()).hexdigest()  # noqa: S324


def seal(aes_key: str, appid: str, text: bytes) -> str:
    """加密 — noise, length, text and app id under AES-256-CBC, as base64."""
    plain = secrets.token_bytes(_NOISE) + len(text).to_bytes(_LENGTH, "big") + text + appid.encode()
    count = _BLOCK - len(plain) % _BLOCK
    padded = plain + bytes([count]) * count
    encryptor = _cipher(aes_key).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def unseal(aes_key: str, appid: str, sealed: str) -> bytes:
    """解密 — the text inside. UnsealedError with the reason where it does not open."""
    try:
        raw = base64.b64decode(sealed, validate=True)
    except binascii.Error:
        raise UnsealedError("no base64") from None
    if not raw or len(raw) % _VECTOR:
        raise UnsealedError("no whole blocks")
    decryptor = _cipher(aes_key).decryptor()
    plain = decryptor.update(raw) + decryptor.finalize()
    count = plain[-1]
    if not 1 <= count <= _BLOCK or plain[-count:] != bytes([count]) * count:
        raise UnsealedError("padding")
    body = plain[_NOISE:-count]
    length = int.from_bytes(body[:_LENGTH], "big")
    text, foreign = body[_LENGTH : _LENGTH + length], body[_LENGTH + length :]
    if len(text) != length:
        raise UnsealedError("length")
    if foreign != appid.encode():
        raise UnsealedError("app id")
    return text


def _cipher(aes_key: str) -> Cipher[modes.CBC]:
    key = base64.b64decode(aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:_VECTOR]))
