"""The stand-in's AES is AES: the vectors of FIPS 197, SP 800-38A and WeCom's own description."""

from __future__ import annotations

from tests.stand_ins import aes
from tests.stand_ins.wecom_envelope import Envelope

KEY = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
VECTOR = bytes(range(16))
PLAIN = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
CIPHER = bytes.fromhex("f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d")

OFFICIAL = Envelope("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7")
ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
SIGNATURE = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"


def test_one_block() -> None:
    """FIPS 197, appendix C.3: AES-256."""
    key, plain = bytes(range(32)), bytes.fromhex("00112233445566778899aabbccddeeff")
    assert aes.encrypt(key, bytes(16), plain).hex() == "8ea2b7ca516745bfeafc49904b496089"
    assert aes.decrypt(key, bytes(16), bytes.fromhex("8ea2b7ca516745bfeafc49904b496089")) == plain


def test_chained_blocks() -> None:
    """SP 800-38A, F.2.5 and F.2.6: CBC."""
    assert aes.encrypt(KEY, VECTOR, PLAIN) == CIPHER
    assert aes.decrypt(KEY, VECTOR, CIPHER) == PLAIN


def test_the_official_envelope() -> None:
    """The platform's published example is signed and opened as published."""
    assert OFFICIAL.signature("1409659589", "263014780", ECHO) == SIGNATURE
    assert OFFICIAL.decrypt(ECHO) == b"1616140317555161061"
