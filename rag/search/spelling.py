"""Characters typed for others of the same sound → what was probably meant: 「常务汇议」 → 「常务会议」.

Offices type by sound, so most slips are homophones. A pair of characters that no document and no indexed question has
is suspect; a homophone that makes known pairs of its neighbours is put in its place. The corrected question is a
second reading: the documents decide which of the two they answer better.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from rag.search.lexical import Lexicon

_FUZZY = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_GAIN = 0.5
"""How much likelier, in log counts of known pairs, a homophone has to make the question."""
_CHANGE = 2.5
_GRAMMAR = frozenset(
    "的了着在是有不没要会能可把被给让对向从按据比相跟和与及或又再还也都就才先后更最很低高多少这那它其该此哪谁个次项条去今明前"
)
_RARE = 2  # times the cost of a change where the character is one of these: whoever types it means it, rare as the pair may be
_LONGEST = 80
_NUMERALS = frozenset("零一二三四五六七八九十百千万亿两几")  # a figure that was typed is never made another


def write_sounds(path: Path, texts: Iterable[str]) -> None:
    """Write how each character of daily use sounds and which of them ``texts`` have; read by Speller."""
    from pypinyin import Style, pinyin

    there = {character for text in texts for character in text if "\u4e00" <= character <= "\u9fff"}
    daily = {bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)} - {""}
    sounds = {}
    for character in sorted(there | daily):
        readings = pinyin(character, style=Style.NORMAL, heteronym=True)[0]
        sounds[character] = sorted({_fuzzy(reading) for reading in readings if reading.isalpha()})
    path.write_text(json.dumps({"sounds": sounds, "there": "".join(sorted(there))}, ensure_ascii=False), encoding="utf-8")


def _fuzzy(sound: str) -> str:
    """A syllable without what southern and northern tongues and hasty typists confuse: zh = z, ing = in."""
    for written, heard in _FUZZY:
        if sound.startswith(written):
            sound = heard + sound[len(written) :]
    return sound[:-1] if sound.endswith("ng") and sound not in ("ang", "eng") else sound


class Speller:
    """Corrects questions by the pairs of characters that the lexicons of one index know."""

    def __init__(self, path: Path, lexicons: Sequence[Lexicon]) -> None:
        self._path = path
        self._lexicons = tuple(lexicons)

    @cached_property
    def _sounds(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Sounds of each character, and the characters of the index by sound; read at the first suspect question."""
        try:
            read = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}, {}
        there = set(read["there"])
        by_sound: dict[str, list[str]] = {}
        for character, sounds in read["sounds"].items():
            for sound in sounds if character in there else ():
                by_sound.setdefault(sound, []).append(character)
        return read["sounds"], by_sound

    def correct(self, text: str) -> str | None:
        """The text as probably meant; None when nothing speaks for a slip."""
        if not 2 <= len(text) <= _LONGEST:
            return None
        doubtful = {i for i in range(len(text) - 1) if _is_pair(text[i : i + 2]) and not self._count(text[i : i + 2])}
        if not doubtful:
            return None
        choices = [self._choices(text, i) if {i - 1, i} & doubtful else (text[i],) for i in range(len(text))]
        best = self._likeliest(choices, text)
        return best if best != text and self._score(best) - self._score(text) >= _GAIN + _cost_of(best, text) else None

    def _choices(self, text: str, at: int) -> tuple[str, ...]:
        sounds, by_sound = self._sounds
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        if text[at] in _NUMERALS:
            return (text[at],)
        same = (other for sound in sounds.get(text[at], ()) for other in by_sound.get(sound, ()) if other not in _NUMERALS)
        known = (other for other in same if self._count(before + other) or self._count(other + after))
        return tuple(dict.fromkeys((text[at], *known)))

    def _likeliest(self, choices: Sequence[tuple[str, ...]], text: str) -> str:
        """The sequence of choices with the highest score less what its changes cost (Viterbi over pairs)."""
        paths = {choice: (-_cost(choice, text[0]), choice) for choice in choices[0]}
        for i in range(1, len(choices)):
            following = {}
            for choice in choices[i]:
                cost = _cost(choice, text[i])
                following[choice] = max(
                    (score + self._pair_score(path[-1] + choice) - cost, path + choice) for score, path in paths.values()
                )
            paths = following
        return max(paths.values())[1]

    def _score(self, text: str) -> float:
        return sum(self._pair_score(text[i : i + 2]) for i in range(len(text) - 1))

    def _pair_score(self, pair: str) -> float:
        return math.log1p(self._count(pair)) if _is_pair(pair) else 0.0

    def _count(self, pair: str) -> int:
        """In how many passages and indexed questions a pair stands; 0 for a single character."""
        return sum(lexicon.count(pair) for lexicon in self._lexicons)


def _is_pair(text: str) -> bool:
    return len(text) == 2 and all("\u4e00" <= character <= "\u9fff" for character in text)


def _cost(choice: str, typed: str) -> float:
    return 0.0 if choice == typed else _CHANGE * _RARE if typed in _GRAMMAR else _CHANGE


def _cost_of(text: str, typed: str) -> float:
    return sum(_cost(a, b) for a, b in zip(text, typed, strict=True))
