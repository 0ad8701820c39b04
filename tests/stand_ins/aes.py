"""AES-256 in CBC mode from FIPS 197, byte by byte: slow, and no line of it shared with the program under test."""

from __future__ import annotations


def _double(byte: int) -> int:
    return (byte << 1 ^ (0x11B if byte & 0x80 else 0)) & 0xFF


def _tables() -> tuple[bytes, bytes]:
    """The S-box and its inverse: multiplicative inverse in GF(2^8), then the affine map."""
    power, logarithm, value = [0] * 256, [0] * 256, 1
    for exponent in range(255):
        power[exponent], logarithm[value] = value, exponent
        value ^= _double(value)  # 3 generates the field's non-zero bytes
    box = bytearray(256)
    for byte in range(256):
        inverse = power[(255 - logarithm[byte]) % 255] if byte else 0
        mixed = inverse
        for turn in range(1, 5):
            mixed ^= (inverse << turn | inverse >> (8 - turn)) & 0xFF
        box[byte] = mixed ^ 0x63
    back = bytearray(256)
    for byte, substitute in enumerate(box):
        back[substitute] = byte
    return bytes(box), bytes(back)


def _multiples(factor: int) -> bytes:
    def times(byte: int) -> int:
        product, term = 0, byte
        for bit in range(4):
            product ^= term if factor >> bit & 1 else 0
            term = _double(term)
        return product

    return bytes(times(byte) for byte in range(256))


_BOX, _BACK = _tables()
_TWO, _THREE = _multiples(2), _multiples(3)
_NINE, _ELEVEN, _THIRTEEN, _FOURTEEN = (_multiples(factor) for factor in (9, 11, 13, 14))
_SHIFT = [(i + 4 * (i % 4)) % 16 for i in range(16)]  # ShiftRows on a state kept column by column
_UNSHIFT = [(i - 4 * (i % 4)) % 16 for i in range(16)]


def _expand(key: bytes) -> list[bytes]:
    """The fifteen round keys."""
    words = [key[i : i + 4] for i in range(0, 32, 4)]
    constant = 1
    for i in range(8, 60):
        word = words[-1]
        if i % 8 == 0:
            word = bytes(_BOX[b] for b in word[1:] + word[:1])
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = _double(constant)
        elif i % 8 == 4:
            word = bytes(_BOX[b] for b in word)
        words.append(_xor(word, words[-8]))
    return [b"".join(words[i : i + 4]) for i in range(0, 60, 4)]


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")


def _encrypt_block(block: bytes, keys: list[bytes]) -> bytes:
    state = _xor(block, keys[0])
    for number in range(1, 15):
        s = [_BOX[state[i]] for i in _SHIFT]
        if number < 14:
            s = [
                _TWO[s[c + r]] ^ _THREE[s[c + (r + 1) % 4]] ^ s[c + (r + 2) % 4] ^ s[c + (r + 3) % 4]
                for c in range(0, 16, 4)
                for r in range(4)
            ]
        state = _xor(bytes(s), keys[number])
    return state


def _decrypt_block(block: bytes, keys: list[bytes]) -> bytes:
    state = _xor(block, keys[14])
    for number in range(13, -1, -1):
        s = _xor(bytes(_BACK[state[i]] for i in _UNSHIFT), keys[number])
        if number:
            s = bytes(
                _FOURTEEN[s[c + r]] ^ _ELEVEN[s[c + (r + 1) % 4]] ^ _THIRTEEN[s[c + (r + 2) % 4]] ^ _NINE[s[c + (r + 3) % 4]]
                for c in range(0, 16, 4)
                for r in range(4)
            )
        state = s
    return state


def encrypt(key: bytes, vector: bytes, plain: bytes) -> bytes:
    """CBC over whole blocks; the caller pads."""
    keys, previous, out = _expand(key), vector, []
    for start in range(0, len(plain), 16):
        previous = _encrypt_block(_xor(plain[start : start + 16], previous), keys)
        out.append(previous)
    return b"".join(out)


def decrypt(key: bytes, vector: bytes, data: bytes) -> bytes:
    """The inverse of ``encrypt``."""
    keys, previous, out = _expand(key), vector, []
    for start in range(0, len(data), 16):
        block = data[start : start + 16]
        out.append(_xor(_decrypt_block(block, keys), previous))
        previous = block
    return b"".join(out)
