"""验签与加解密 — the platform's seal: proves a callback before anyone reads it.

Three things the usual libraries leave out are done here first: comparison in constant time, a
window around the timestamp, and no plain text where the account promises cipher (wechat.md 3.5).
A callback that fails ends in one of two verdicts: ForgedError (403) or UnreadableError (400).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from app.accounts.terms import Mode
from app.kernel.secret import Secret
from wechat.messages import Members, RefusedError, UnreadableError, members_of

WINDOW_S = 300
LARGEST_BODY = 64 * 1024

_BLOCK = 32
_PADDINGS = tuple(bytes((count,)) * count for count in range(_BLOCK + 1))
_AES_BLOCK = 16
_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
# What may be echoed: nothing a browser could take for markup.
_ECHO = re.compile(r"[A-Za-z0-9_.~+/=:-]{1,256}", re.ASCII)


class ForgedError(RefusedError):
    """伪造 — not proven to come from the platform, or not now, or not for this account: 403."""

    status = 403


@dataclass(frozen=True, slots=True)
class Keys:
    """接入凭据 — what one account shares with the platform; without an AES key no `cipher`."""

    appid: str
    mode: Mode
    token: str = field(repr=False)
    cipher: Cipher[modes.CBC] | None = field(repr=False, default=None)

    @classmethod
    def of(cls, *, appid: str, mode: Mode, token: Secret, aes_key: Secret | None) -> Keys:
        """The keys as filed. ValueError without app id, token or the AES key the mode needs."""
        if not (appid and token):
            raise ValueError("an account has an app id and a token")
        if aes_key is None:
            if mode is not Mode.PLAIN:
                raise ValueError(f"mode {mode} needs an EncodingAESKey")
            return cls(appid, mode, token.reveal())
        if not _AES_KEY.fullmatch(aes_key.reveal()):
            raise ValueError("an EncodingAESKey has 43 letters and digits")
        key = base64.b64decode(aes_key.reveal() + "=")
        # The platform takes the head of the key as the vector of every message.
        return cls(
            appid, mode, token.reveal(), Cipher(algorithms.AES(key), modes.CBC(key[:_AES_BLOCK]))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """回调参数 — what stands in the address of a callback; empty where it is missing."""

    signature: str
    timestamp: str
    nonce: str
    msg_signature: str = ""


@dataclass(frozen=True, slots=True)
class Proven:
    """已验明的消息体 — members that came from the platform, and whether they came encrypted."""

    members: Members
    sealed: bool


def signature_of(token: str, *parts: str) -> str:
    """签名 — SHA-1 in hex over token and parts, sorted and joined, as the platform defines it."""
    joined = "".join(sorted((token, *parts)))
    return hashlib.sha1(joined.encode(errors="surrogatepass")).hexdigest()  # noqa: S324


def prove(keys: Keys, query: Query, now_s: int) -> None:
    """Prove the address: signed with our token, within 300 s of `now_s`. ForgedError otherwise."""
    _match(signature_of(keys.token, query.timestamp, query.nonce), query.signature)
    if not _TIMESTAMP.fullmatch(query.timestamp) or abs(now_s - int(query.timestamp)) > WINDOW_S:
        raise ForgedError("timestamp")


def echo(keys: Keys, query: Query, echostr: str, now_s: int) -> str:
    """接入验证 — the text to send back to the platform's access check, as it came."""
    prove(keys, query, now_s)
    if not _ECHO.fullmatch(echostr):
        raise UnreadableError("echostr")
    return echostr


def opened(keys: Keys, query: Query, body: bytes, now_s: int) -> Proven:
    """The members of a callback, proven and deciphered.

    1. The address is checked, then the size, before a byte is parsed.
    2. The plain signature does not cover the body. So in safe mode only what `msg_signature` covers
       is taken; in compat mode it wins over the plain members beside it.
    3. What is rightly signed and does not open is unreadable; what opens to another app id, forged.
    """
    prove(keys, query, now_s)
    if len(body) > LARGEST_BODY:
        raise UnreadableError("too large")
    if keys.cipher is None or keys.mode is Mode.PLAIN:
        return Proven(members_of(body), sealed=False)
    try:
        outer = members_of(body)
    except UnreadableError:
        if keys.mode is Mode.SAFE:
            raise ForgedError("no cipher") from None
        raise
    sealed = outer.get("Encrypt")
    if sealed is None and keys.mode is Mode.COMPAT:
        return Proven(outer, sealed=False)
    if not isinstance(sealed, str):
        raise ForgedError("no cipher")
    _match(signature_of(keys.token, query.timestamp, query.nonce, sealed), query.msg_signature)
    return Proven(members_of(_decrypted(keys.cipher, keys.appid, sealed)), sealed=True)


def decrypted(keys: Keys, sealed: str) -> bytes:
    """The text inside an `Encrypt` member.

    UnreadableError when it does not open with our key, ForgedError when the app id is another's.
    """
    return _decrypted(_cipher_of(keys), keys.appid, sealed)


def encrypted(keys: Keys, text: bytes, noise: bytes | None = None) -> str:
    """The text as an `Encrypt` member: AES-256-CBC over 16 bytes of noise, length, text, app id."""
    length = len(text).to_bytes(4, "big")
    plain = b"".join((noise or os.urandom(_AES_BLOCK), length, text, keys.appid.encode()))
    padding = _PADDINGS[_BLOCK - len(plain) % _BLOCK]
    # Whole blocks in, whole blocks out: there is nothing left to finalize.
    sealed = _cipher_of(keys).encryptor().update(plain + padding)
    return binascii.b2a_base64(sealed, newline=False).decode("ascii")


def sealed_reply(keys: Keys, reply: bytes, now_s: int, of: bytes) -> bytes:
    """A reply as the platform takes it in compat and safe mode: encrypted and signed.

    `of` is the key of the message that it answers: the same reply to the same message gives the
    same bytes. What would be random is a keyed hash, which nobody else can foresee either, and
    which costs no call to the system.
    """
    drawn = hmac.digest(keys.token.encode(), of + reply, "sha256")
    cipher = encrypted(keys, reply, drawn[:_AES_BLOCK])
    timestamp, nonce = str(now_s), drawn[_AES_BLOCK:].hex()[:16]
    signature = signature_of(keys.token, timestamp, nonce, cipher)
    return (
        f"<xml><Encrypt><![CDATA[{cipher}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{signature}]]></MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    ).encode()


def _match(right: str, given: str) -> None:
    # Text with other than ASCII cannot be compared in constant time, and is no signature.
    if not given.isascii() or not hmac.compare_digest(right, given):
        raise ForgedError("signature")


def _cipher_of(keys: Keys) -> Cipher[modes.CBC]:
    if keys.cipher is None:
        raise ForgedError("no key")
    return keys.cipher


def _decrypted(cipher: Cipher[modes.CBC], appid: str, encoded: str) -> bytes:
    try:
        sealed = binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError:
        raise UnreadableError("no base64") from None
    if not sealed or len(sealed) % _BLOCK:
        raise UnreadableError("no whole blocks")
    plain = cipher.decryptor().update(sealed)
    padding = plain[-1]
    if not 1 <= padding <= _BLOCK or not plain.endswith(_PADDINGS[padding]):
        raise UnreadableError("padding")
    start = _AES_BLOCK + 4
    end = start + int.from_bytes(plain[_AES_BLOCK:start], "big")
    if end > len(plain) - padding:
        raise UnreadableError("length")
    if not hmac.compare_digest(plain[end:-padding], appid.encode()):
        raise ForgedError("app id")
    return plain[start:end]
