"""Long text → messages under a platform's limit, cut between sentences. Pure.

A size function is additive: the size of two texts together is the sum of theirs. What is lost at a cut is blank.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

Size = Callable[[str], int]

_SENTENCE = re.compile(r"[^。！？!?\n]*(?:[。！？!?]+[”’」』）)》\]】]*(?:[【\[]\d+[】\]])*|\n+|$)")
_CLAUSE = re.compile(r"[，、；：,;:\s]")
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))  # two make a flag
_JOINERS = {"\u200d", "\ufe0e", "\ufe0f", "\u20e3"}


def utf16_units(text: str) -> int:
    """How Telegram counts."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf8_bytes(text: str) -> int:
    """How WeCom counts."""
    return len(text.encode("utf-8", "surrogatepass"))


def split_text(text: str, limit: int, size: Size) -> list[str]:
    """Parts of at most ``limit``, each as many whole sentences as fit; a longer sentence is cut after a clause.

    A marker 【1】 stays with the sentence before it. No part is empty; blank text gives no part.
    """
    parts: list[str] = []
    current, used = "", 0
    for piece in _pieces(text, limit, size):
        needed = size(piece)
        if current and used + needed > limit and used + size(piece.rstrip()) > limit:
            parts.append(current)
            current, used = "", 0
        current, used = current + piece, used + needed
    parts.append(current)
    return [part.strip("\n ") for part in parts if part.strip()]


def attach(parts: list[str], footer: str, limit: int, size: Size) -> list[str]:
    """The parts with a footer that is never cut off from the end: it stands whole on the last part.

    Where it does not fit there, the last sentence goes with it to a part of its own. A footer over the limit is split
    by itself.
    """
    if not footer:
        return parts
    if not parts or size(footer) > limit:
        return parts + split_text(footer, limit, size)
    *before, last = parts
    if size(last) + size(footer) + 2 * size("\n") <= limit:
        return [*before, f"{last}\n\n{footer}"]
    sentences = [sentence for sentence in _SENTENCE.findall(last) if sentence]
    moved = sentences[-1].strip("\n ")
    if len(sentences) > 1 and moved and size(moved) + size(footer) + 2 * size("\n") <= limit:
        return [*before, "".join(sentences[:-1]).strip("\n "), f"{moved}\n\n{footer}"]
    return [*before, last, footer]


def _pieces(text: str, limit: int, size: Size) -> Iterator[str]:
    for sentence in _SENTENCE.findall(text):
        if size(sentence.rstrip()) <= limit:
            yield sentence
        else:
            yield from _cut(sentence, limit, size)


def _cut(sentence: str, limit: int, size: Size) -> Iterator[str]:
    start = 0
    while start < len(sentence):
        end, used = start, 0
        while end < len(sentence) and used + size(sentence[end]) <= limit:
            used += size(sentence[end])
            end += 1
        if end < len(sentence):
            end = _good_place(sentence, start, end)
        yield sentence[start:end]
        start = end


def _good_place(text: str, start: int, end: int) -> int:
    """The last place to cut at or before ``end``: after a clause in the second half, else between two characters as seen."""
    middle = (start + end) // 2
    for place in range(end, middle, -1):
        if _CLAUSE.match(text[place - 1]):
            return place
    place = end
    while place > middle and _is_inside(text, place):
        place -= 1
    return place if place > middle else end


def _is_inside(text: str, place: int) -> bool:
    """Whether a cut here would tear a letter from its accent or one emoji into two."""
    after, before = text[place], text[place - 1]
    if after in _JOINERS or before == "\u200d" or unicodedata.combining(after):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True
    if after not in _FLAG_LETTERS:
        return False
    letters = len(text[:place]) - len(text[:place].rstrip(_FLAG_LETTERS))
    return letters % 2 == 1
