"""Chinese numerals ↔ integers, 0 to 9999, as official documents write them."""

from __future__ import annotations

import re

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "○": 0}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_PLACES = ("", "十", "百", "千")

LARGEST = 9999

CHINESE = r"[零〇○一二两三四五六七八九十百千]+"
NUMBER = rf"(?:\d{{1,4}}|{CHINESE})"


def to_int(text: str) -> int | None:
    """「二十一」「21」「一百零五」「二〇二四」 → int; None when it is no numeral up to 9999."""
    if text.isdecimal():
        return int(text) if len(text) <= 4 else None
    if not text or not re.fullmatch(CHINESE, text):
        return None
    if not any(c in _UNITS for c in text):  # digit by digit, as years are written
        if len(text) not in (1, 4):
            return None
        return int("".join(str(_DIGITS[c]) for c in text))
    total, digit, last_unit = 0, 0, 10_000
    pending = False
    for character in text:
        if character in _UNITS:
            unit = _UNITS[character]
            if unit >= last_unit or (not pending and unit != 10):
                return None
            total += (digit if pending else 1) * unit
            digit, pending, last_unit = 0, False, unit
        else:
            if pending and digit:
                return None
            digit, pending = _DIGITS[character], _DIGITS[character] != 0
    return total + digit


def to_chinese(number: int) -> str:
    """21 → 「二十一」, 105 → 「一百零五」. Raises ValueError outside 0…9999."""
    if not 0 <= number <= LARGEST:
        raise ValueError(f"no Chinese numeral for {number}")
    if number == 0:
        return "零"
    digits = "零一二三四五六七八九"
    written = ""
    zero = False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit == 0:
            zero = bool(written)
            continue
        written += ("零" if zero else "") + digits[digit] + _PLACES[place]
        zero = False
    return written.removeprefix("一") if 10 <= number < 20 else written
