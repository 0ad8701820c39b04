"""Signature and encryption of the callbacks. Pure but for the random bytes; says nothing of keys or content.

    plaintext = 16 random bytes + length (32 bits, big-endian) + message + receive id, padded to 32
    Encrypt   = base64(AES-256-CBC(key, first 16 bytes of key, plaintext))
    signature = sha1 of token, timestamp, nonce and Encrypt, sorted and joined

Described in document/path/90968; the AI bot's callbacks are the same with an empty receive id (document/path/101033).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.wecom.limits import AES_BLOCK, KEY_CHARACTERS, RANDOM_BYTES
from rag.errors import ConfigurationError

_HEADER = RANDOM_BYTES + 4


class Refused(Exception):
    """A callback that is not the platform's. ``reason`` is one word for the log; the sender never learns it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted reply with what vouches for it."""

    encrypt: str
    signature: str
    timestamp: str
    nonce: str


class Crypto:
    """Opens and seals what one callback address exchanges. ``receive_id`` is the corporation's id, or "" for an AI bot."""

    def __init__(self, token: str, aes_key: str, receive_id: str) -> None:
        """Raises ConfigurationError when ``aes_key`` is no EncodingAESKey; the message doesn't repeat it."""
        if re.fullmatch(rf"[A-Za-z0-9+/]{{{KEY_CHARACTERS}}}", aes_key) is None:
            raise ConfigurationError("企业微信的 EncodingAESKey 应为43位字母和数字，请从管理后台重新复制。")
        key = base64.b64decode(aes_key + "=")
        self._token = token
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._receive_id = receive_id.encode()

    def __repr__(self) -> str:
        return "Crypto(…)"

    def sign(self, timestamp: str, nonce: str, encrypt: str) -> str:
        """The signature, 40 hexadecimal digits."""
        joined = "".join(sorted((self._token, timestamp, nonce, encrypt)))
        return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()

    def open(self, signature: str, timestamp: str, nonce: str, encrypt: str) -> bytes:
        """The message inside ``encrypt``. Raises Refused; nothing is decrypted before the signature has been found right."""
        expected = self.sign(timestamp, nonce, encrypt)
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise Refused("signature")
        return self._unpack(self._decrypt(encrypt))

    def seal(self, message: bytes, timestamp: str, nonce: str) -> Sealed:
        """Encrypt and sign a reply."""
        plain = os.urandom(RANDOM_BYTES) + struct.pack(">I", len(message)) + message + self._receive_id
        count = AES_BLOCK - len(plain) % AES_BLOCK
        encryptor = self._cipher.encryptor()
        encrypt = base64.b64encode(encryptor.update(plain + bytes([count]) * count) + encryptor.finalize()).decode()
        return Sealed(encrypt, self.sign(timestamp, nonce, encrypt), timestamp, nonce)

    def _decrypt(self, encrypt: str) -> bytes:
        try:
            data = base64.b64decode(encrypt, validate=True)
        except (binascii.Error, ValueError):
            raise Refused("base64") from None
        if not data or len(data) % 16:
            raise Refused("length")
        decryptor = self._cipher.decryptor()
        plain = decryptor.update(data) + decryptor.finalize()
        count = plain[-1]
        if not 1 <= count <= AES_BLOCK or count > len(plain) or plain[-count:] != bytes([count]) * count:
            raise Refused("padding")
        return plain[:-count]

    def _unpack(self, plain: bytes) -> bytes:
        if len(plain) < _HEADER:
            raise Refused("frame")
        size = int.from_bytes(plain[RANDOM_BYTES:_HEADER], "big")
        message, receive_id = plain[_HEADER : _HEADER + size], plain[_HEADER + size :]
        if len(message) != size:
            raise Refused("frame")
        if not hmac.compare_digest(receive_id, self._receive_id):
            raise Refused("receive_id")
        return message
