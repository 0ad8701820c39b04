"""Characters typed for others of the same sound → what was probably meant: 「常务汇议」 → 「常务会议」.

Offices type by sound, so most slips are homophones. Suspect is a character beside which stands a pair that no document
and no indexed question has, and which is part of no word that they have: people use many good words that no document
does. A homophone takes its place when with its neighbours it makes a word that the index knows, or a stretch of a
document. The corrected question is a second reading: the documents decide which of the two they answer better.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

from rag.language import questions
from rag.language.text import matching_form
from rag.search import pinyin
from rag.search.lexical import Lexicon

_FUZZY = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_GAIN = 0.5
"""How much likelier, in log counts of known pairs, the corrected question has to be beyond the cost of its changes."""
_CHANGE = 2.5
"""What a change costs, in log counts of pairs: what people say that no document does is gained by less."""
_SURE_CHANGE = 1.0
"""What it costs where a long stretch of a document stands behind it."""
_GRAMMAR = frozenset(
    "的了着在是有不没要会能可把被给让对向从按据比相跟和与及或又再还也都就才先后更最很低高多少这那它其该此哪谁去今明前中内外间"
)
_MEASURES = frozenset("个次项条")
_LONGEST = 80
_STRETCH = 3
"""Characters of a document, the changed one among them, that show what was meant where no word does."""
_SURE_STRETCH = 4
"""Characters of a document that show it although what was typed is a word by itself."""
_LONG_STRETCH = 6
_USUAL = 25
"""In how many texts both pairs stand that speak for a homophone where nothing else does: 「一个越开」."""
_DEFINITE = re.compile(r"[\d零一二三四五六七八九十百千万亿两半每]")  # a measure word follows
_THAT = re.compile(r"(?<=[是归由在找属给])那(?=[个天家年月项条位些级批种])")
_NUMERALS = frozenset("零一二三四五六七八九十百千万亿两几")  # a figure that was typed is never made another


def write_sounds(path: Path, texts: Iterable[str]) -> None:
    """Write how each character of daily use sounds and which of them ``texts`` have; read by Speller."""
    from pypinyin import Style
    from pypinyin import pinyin as sounds_of

    there = {character for text in texts for character in text if "\u4e00" <= character <= "\u9fff"}
    daily = {bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)} - {""}
    sounds = {}
    for character in sorted(there | daily):
        readings = sounds_of(character, style=Style.NORMAL, heteronym=True)[0]
        sounds[character] = sorted({_fuzzy(reading) for reading in readings if reading.isalpha()})
    path.write_text(json.dumps({"sounds": sounds, "there": "".join(sorted(there))}, ensure_ascii=False), encoding="utf-8")


def _fuzzy(sound: str) -> str:
    """A syllable without what southern and northern tongues and hasty typists confuse: zh = z, ing = in."""
    for written, heard in _FUZZY:
        if sound.startswith(written):
            sound = heard + sound[len(written) :]
    return sound[:-1] if sound.endswith("ng") and sound not in ("ang", "eng") else sound


class Speller:
    """Corrects questions by the words that the lexicons of one index know and the stretches that its documents have."""

    def __init__(self, path: Path, lexicons: Sequence[Lexicon], documents: Iterable[str] = ()) -> None:
        self._path = path
        self._lexicons = tuple(lexicons)
        self._documents = documents

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

    @cached_property
    def _text(self) -> str:
        return "\n".join(map(matching_form, self._documents))

    def correct(self, text: str) -> str | None:
        """The text as probably meant; None when nothing speaks for a slip."""
        if not 2 <= len(text) <= _LONGEST:
            return None
        meant = self._by_sound(text)
        if not questions.INTERROGATIVE.search(meant):
            meant = _THAT.sub("哪", meant)
        return meant if meant != text else None

    def in_characters(self, text: str, typed: str) -> str:
        """A folded text with the syllables that an input method left in it as characters; ``typed`` is it before folding."""
        return pinyin.in_characters(text, pinyin.abbreviations(typed), self._heard)

    @cached_property
    def _heard(self) -> pinyin.Sounds:
        def characters(syllable: str) -> Sequence[str]:
            return self._sounds[1].get(_fuzzy(syllable.replace("ü", "v")), ())

        return pinyin.Sounds(characters, lru_cache(maxsize=1 << 16)(self._heard_score), self._count, _cut)

    def _heard_score(self, pair: str) -> float:
        """The score of a pair; of a character after none, how often it begins a word of the documents."""
        return self._pair_score(pair) if _is_pair(pair) else math.log1p(self._beginnings[pair[-1:]])

    @cached_property
    def _beginnings(self) -> Counter[str]:
        return Counter(word[0] for word in _cut(self._text))

    def _by_sound(self, text: str) -> str:
        doubtful = {i for i in range(len(text) - 1) if _is_pair(text[i : i + 2]) and not self._count(text[i : i + 2])}
        if not doubtful:
            return text
        needed = self._stretches_needed(text)
        choices = [self._choices(text, i, needed) if {i - 1, i} & doubtful else {text[i]: 0.0} for i in range(len(text))]
        best = self._likeliest(choices)
        cost = sum(choices[i][character] for i, character in enumerate(best))
        return best if self._score(best) - self._score(text) >= _GAIN + cost else text

    def _stretches_needed(self, text: str) -> list[int]:
        """How long a stretch of a document has to be to speak against each character; 0 for one of a word that stays."""
        needed: list[int] = []
        for word in _cut(text):
            after_figure = bool(needed) and bool(_DEFINITE.fullmatch(text[len(needed) - 1]))
            if len(word) > 1 and all(self._count(word[i : i + 2]) for i in range(len(word) - 1)):
                needed += [0] * len(word)
            else:
                firm = len(word) > 1 or word in _GRAMMAR or word in _MEASURES or after_figure
                needed += [_SURE_STRETCH if firm else _STRETCH] * len(word)
        return needed

    def _choices(self, text: str, at: int, needed: Sequence[int]) -> dict[str, float]:
        """The characters that may have been meant at one position, each with what it costs to take it."""
        sounds, by_sound = self._sounds
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        costs = {text[at]: 0.0}
        if text[at] in _NUMERALS or not needed[at]:
            return costs
        for other in (other for sound in sounds.get(text[at], ()) for other in by_sound.get(sound, ()) if other not in _NUMERALS):
            known = other not in costs and (self._count(before + other) or self._count(other + after))
            if known and (cost := self._cost(other, text, at, needed)) is not None:
                costs[other] = cost
        return costs

    def _cost(self, other: str, text: str, at: int, needed: Sequence[int]) -> float | None:
        """What a homophone costs, less with a long stretch of a document; None when no stretch and no word speaks for it."""
        meant = text[:at] + other + text[at + 1 :]
        if self._is_stretch(meant, at, _LONG_STRETCH):
            return _SURE_CHANGE
        if self._is_stretch(meant, at, _SURE_STRETCH if other in _GRAMMAR else needed[at]):
            return _CHANGE
        if other in _GRAMMAR:
            return None
        beside = (meant[i : i + 2] for i in (at - 1, at) if 0 <= i < len(meant) - 1)
        if needed[at] < _SURE_STRETCH and 0 < at < len(meant) - 1 and all(self._count(pair) >= _USUAL for pair in beside):
            return _CHANGE
        start, end = _word_at(meant, at)
        if end - start == 1 or not all(self._count(meant[i : i + 2]) for i in range(start, end - 1)):
            return None
        splits = needed[at] == _SURE_STRETCH or any(not needed[i] and not _stands_in(text, i, start, end) for i in range(start, end))
        empty = (_GRAMMAR | _MEASURES).issuperset(meant[start:end])
        return None if splits or empty or _DEFINITE.search(meant[start:end]) else _CHANGE

    def _is_stretch(self, text: str, at: int, size: int) -> bool:
        """Whether so many characters, that one among them, stand together in a document."""
        return any(text[i : i + size] in self._text for i in range(max(at - size + 1, 0), min(at, len(text) - size) + 1))

    def _likeliest(self, choices: Sequence[dict[str, float]]) -> str:
        """The sequence of choices with the highest score less what they cost (Viterbi over pairs)."""
        paths = {choice: (-cost, choice) for choice, cost in choices[0].items()}
        for position in choices[1:]:
            paths = {
                choice: max((score + self._pair_score(path[-1] + choice) - cost, path + choice) for score, path in paths.values())
                for choice, cost in position.items()
            }
        return max(paths.values())[1]

    def _score(self, text: str) -> float:
        return sum(self._pair_score(text[i : i + 2]) for i in range(len(text) - 1))

    def _pair_score(self, pair: str) -> float:
        return math.log1p(self._count(pair)) if _is_pair(pair) else 0.0

    def _count(self, pair: str) -> int:
        """In how many passages and indexed questions a pair stands; 0 for a single character."""
        return sum(lexicon.count(pair) for lexicon in self._lexicons) if pair else 0


def _cut(text: str) -> list[str]:
    """The words of a text as the dictionary has them; what is no word is cut into characters."""
    import rjieba

    return rjieba.cut(text, hmm=False)


def _word_at(text: str, at: int) -> tuple[int, int]:
    """Where the word begins and ends of which a character is part."""
    end = 0
    for word in _cut(text):
        end += len(word)
        if at < end:
            return end - len(word), end
    raise IndexError(at)


def _stands_in(text: str, at: int, start: int, end: int) -> bool:
    """Whether the word of which a character is part lies between two places."""
    first, last = _word_at(text, at)
    return start <= first and last <= end


def _is_pair(text: str) -> bool:
    return len(text) == 2 and all("\u4e00" <= character <= "\u9fff" for character in text)
