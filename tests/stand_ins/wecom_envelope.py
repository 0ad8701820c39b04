"""The platform's end of the callback encryption, written from its description on hashlib and ``aes.py`` alone."""

from __future__ import annotations

import base64
import hashlib
import itertools
import secrets
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tests.stand_ins import aes

_counter = itertools.count(1)


@dataclass(frozen=True)
class Envelope:
    """Token, EncodingAESKey and receive id of one callback address."""

    token: str
    aes_key: str
    receive_id: str

    @property
    def key(self) -> bytes:
        return base64.b64decode(self.aes_key + "=")

    def signature(self, timestamp: str, nonce: str, encrypted: str) -> str:
        digest = hashlib.sha1()
        for piece in sorted([self.token, timestamp, nonce, encrypted]):
            digest.update(piece.encode())
        return digest.hexdigest()

    def pack(self, message: bytes, *, random: bytes | None = None, receive_id: str | None = None) -> bytes:
        body = (random or secrets.token_bytes(16)) + len(message).to_bytes(4, "big") + message
        body += (self.receive_id if receive_id is None else receive_id).encode()
        padding = 32 - len(body) % 32
        return body + bytes([padding] * padding)

    def encrypt_raw(self, packed: bytes) -> str:
        return base64.b64encode(aes.encrypt(self.key, self.key[:16], packed)).decode()

    def encrypt(self, message: bytes, *, receive_id: str | None = None) -> str:
        return self.encrypt_raw(self.pack(message, receive_id=receive_id))

    def decrypt(self, encrypted: str) -> bytes:
        """The message; AssertionError when the other side packed it wrongly."""
        data = base64.b64decode(encrypted, validate=True)
        assert data, "not empty"
        assert len(data) % 32 == 0, "padded to 32 bytes"
        plain = aes.decrypt(self.key, self.key[:16], data)
        padding = plain[-1]
        assert 1 <= padding <= 32, "PKCS#7"
        assert plain[-padding:] == bytes([padding] * padding), "PKCS#7"
        size = int.from_bytes(plain[16:20], "big")
        assert plain[20 + size : -padding].decode() == self.receive_id, "receive id"
        return plain[20 : 20 + size]

    def query(self, encrypted: str, *, timestamp: int, nonce: str | None = None) -> dict[str, str]:
        """The parameters of a callback's address."""
        stamp, word = str(timestamp), nonce or new_nonce()
        return {"msg_signature": self.signature(stamp, word, encrypted), "timestamp": stamp, "nonce": word}


def new_nonce() -> str:
    return f"{secrets.randbelow(10**9)}{next(_counter)}"


def xml(fields: dict[str, object]) -> bytes:
    """A flat message as the platform writes it: text in CDATA, numbers bare."""

    def element(name: str, value: object) -> str:
        if isinstance(value, int):
            return f"<{name}>{value}</{name}>"
        text = str(value)
        return f"<{name}>{escape(text)}</{name}>" if "]]>" in text else f"<{name}><![CDATA[{text}]]></{name}>"

    return ("<xml>" + "".join(element(name, value) for name, value in fields.items()) + "</xml>").encode()
