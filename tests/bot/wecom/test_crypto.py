"""The callbacks' encryption against the official vector and against an implementation that shares no line with it."""

from __future__ import annotations

import base64
import contextlib
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.wecom.crypto import Crypto, Refused
from rag.errors import ConfigurationError
from tests.stand_ins.wecom_envelope import Envelope

TOKEN, KEY, CORPORATION = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"
ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
SIGNATURE = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
TIMESTAMP, NONCE = "1409659589", "263014780"

CRYPTO = Crypto(TOKEN, KEY, CORPORATION)
PLATFORM = Envelope(TOKEN, KEY, CORPORATION)


def opened(encrypt: str, *, envelope: Envelope = PLATFORM, crypto: Crypto = CRYPTO) -> bytes:
    return crypto.open(envelope.signature(TIMESTAMP, NONCE, encrypt), TIMESTAMP, NONCE, encrypt)


def reason(encrypt: str, *, envelope: Envelope = PLATFORM) -> str:
    with pytest.raises(Refused) as refused:
        opened(encrypt, envelope=envelope)
    return refused.value.reason


def test_the_official_vector() -> None:
    """The example that the platform publishes opens."""
    assert CRYPTO.open(SIGNATURE, TIMESTAMP, NONCE, ECHO) == b"1616140317555161061"


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["", CORPORATION]))
def test_both_ways(message: bytes, receive_id: str) -> None:
    """What the platform seals is opened, and what is sealed here the platform opens; with a receive id and without."""
    crypto, platform = Crypto(TOKEN, KEY, receive_id), Envelope(TOKEN, KEY, receive_id)
    assert opened(platform.encrypt(message), envelope=platform, crypto=crypto) == message
    sealed = crypto.seal(message, TIMESTAMP, NONCE)
    assert platform.decrypt(sealed.encrypt) == message
    assert platform.signature(TIMESTAMP, NONCE, sealed.encrypt) == sealed.signature


def test_two_seals_differ() -> None:
    """The random bytes are random: the same words are not the same ciphertext."""
    assert CRYPTO.seal(b"x", TIMESTAMP, NONCE).encrypt != CRYPTO.seal(b"x", TIMESTAMP, NONCE).encrypt


@pytest.mark.parametrize("signature", ["", SIGNATURE.upper(), SIGNATURE[:-1] + "0", "é" * 40, SIGNATURE + "0"])
def test_a_forged_signature(signature: str) -> None:
    """Nothing is decrypted for a signature that is not exactly right."""
    with pytest.raises(Refused, match="signature"):
        CRYPTO.open(signature, TIMESTAMP, NONCE, ECHO)


@pytest.mark.parametrize(("timestamp", "nonce"), [("1409659590", NONCE), (TIMESTAMP, "263014781")])
def test_signed_parameters(timestamp: str, nonce: str) -> None:
    """Timestamp and nonce are under the signature."""
    with pytest.raises(Refused, match="signature"):
        CRYPTO.open(SIGNATURE, timestamp, nonce, ECHO)


def test_what_is_rightly_signed_and_wrongly_packed() -> None:
    """Truncated ciphertext, bad padding, a length beyond the end and another's receive id are each found."""
    whole = base64.b64decode(PLATFORM.encrypt("你好".encode()))
    assert reason(base64.b64encode(whole[:-1]).decode()) == "length"
    assert reason(base64.b64encode(whole[:-16]).decode()) in ("padding", "frame")
    assert reason("") == "length"
    assert reason("not base64 at all") == "base64"
    assert reason("=" * 44) == "base64"
    assert reason(PLATFORM.encrypt_raw(b"a" * 31 + bytes([33]))) == "padding"
    assert reason(PLATFORM.encrypt_raw(bytes(32))) == "padding"
    assert reason(PLATFORM.encrypt_raw(b"a" * 30 + b"\x03\x02")) == "padding"
    assert reason(PLATFORM.encrypt_raw(b"a" * 16 + b"\x10" * 16)) == "frame"
    assert reason(PLATFORM.encrypt_raw(b"r" * 16 + b"\xff\xff\xff\xff" + b"x" * 10 + b"\x02\x02")) == "frame"
    assert reason(PLATFORM.encrypt(b"x", receive_id="wx0000000000000000")) == "receive_id"
    assert reason(PLATFORM.encrypt(b"x", receive_id="")) == "receive_id"


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_whatever_is_decrypted(garbage: bytes) -> None:
    """Any ciphertext under a right signature is opened or refused, and nothing else is raised."""
    encrypt = base64.b64encode(garbage).decode()
    with contextlib.suppress(Refused):
        opened(encrypt)


@pytest.mark.parametrize("key", ["", KEY[:-1], KEY + "A", KEY[:-1] + "=", KEY[:-1] + "!", KEY[:-1] + "\n"])
def test_a_key_that_is_none(key: str) -> None:
    """A mistyped EncodingAESKey is a sentence for the administrator, and the sentence doesn't repeat it."""
    with pytest.raises(ConfigurationError) as error:
        Crypto(TOKEN, key, CORPORATION)
    assert not key.strip() or key not in str(error.value)


def test_no_key_in_a_representation() -> None:
    """Neither token nor key is shown by whoever prints the object."""
    assert TOKEN not in repr(CRYPTO)
    assert KEY not in repr(CRYPTO)
    assert set(repr(CRYPTO)) <= set(string.ascii_letters + "(…)")
