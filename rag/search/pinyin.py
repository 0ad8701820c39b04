"""Latin letters that an input method left standing → the characters that were meant: 「zhengfu huiyi」 → 「政府会议」.

A run of letters that is nothing but syllables is read as the characters that stand together most often in documents and
indexed questions, those beside it among them. The reading counts when each of its characters belongs to a word or to
what stands beside it; letters that are a word by themselves (AI, GDP, English) stay as they were typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

_LETTERS = re.compile(r"[a-zü]")
_PHRASE = re.compile(r"(?<![a-z@/_<.\-])[a-zü]+(?:[ ']+[a-zü]+)*(?![a-zü\d@/_>]|[.:\-][a-z\d])")
_ABBREVIATION = re.compile(r"(?<![A-Za-z])[A-Z]{2,4}(?![A-Za-z])")
_BREAK = re.compile(r"[ ']+")
_LONGEST = 200
_LONGEST_SYLLABLE = 6
_SYLLABLE_COST = 2.0
"""What a syllable costs, in log counts of pairs: 「xian」 is one unless two say much more."""
_BESIDE = 5
"""Characters on either side that show which words the letters are part of."""
_PARTICLES = {"ne": "呢", "ma": "吗", "ba": "吧", "a": "啊", "ya": "呀", "le": "了", "de": "的"}  # what ends a clause
_FIRM = 3
"""In how many texts a pair stands that speaks for a character which is no part of a word."""

Path = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Sounds:
    """What an index knows of syllables: their characters, and of pairs how they score and in how many texts they stand."""

    characters: Callable[[str], Sequence[str]]
    score: Callable[[str], float]
    count: Callable[[str], int]
    cut: Callable[[str], Sequence[str]]


def abbreviations(text: str) -> frozenset[str]:
    """The words that a text has in capitals, in small letters: no one types syllables so."""
    return frozenset(word.lower() for word in _ABBREVIATION.findall(text))


def in_characters(text: str, kept: frozenset[str], sounds: Sounds) -> str:
    """A folded text with its syllables as characters; ``kept`` are Latin words that stay."""
    if not _LETTERS.search(text) or len(text) > _LONGEST:
        return text
    return _PHRASE.sub(partial(_phrase, kept=kept, sounds=sounds), text)


def _splits(word: str, sounds: Sounds) -> bool:
    """Whether a word is nothing but syllables."""
    ends = {0}
    for begin in range(len(word)):
        if begin in ends:
            ends.update(end for end in _ends(word, begin) if sounds.characters(word[begin:end]))
    return len(word) in ends


def _ends(word: str, begin: int) -> range:
    return range(begin + 1, min(begin + _LONGEST_SYLLABLE, len(word)) + 1)


def _phrase(match: re.Match[str], kept: frozenset[str], sounds: Sounds) -> str:
    """A run of Latin words in characters, with those that stay between them; as it was typed when one is no syllables (English)."""
    pieces = re.split(r"([ ']+)", match[0])
    stay = {piece for piece in pieces if piece in kept or sounds.count(piece)}
    if not all(piece in stay or _BREAK.fullmatch(piece) or _splits(piece, sounds) for piece in pieces):
        return match[0]
    before, after = match.string[: match.start()], match.string[match.end() :]
    read, waiting = "", ""
    for piece in pieces:
        if piece in stay:
            read += _read(waiting, before + read, piece, sounds) + piece
            waiting = ""
        else:
            waiting += piece
    return read + _read(waiting, before + read, after, sounds)


def _read(typed: str, before: str, after: str, sounds: Sounds) -> str:
    """Syllables with blanks between them as characters; as they were typed when they make no words."""
    words = [word for word in _BREAK.split(typed) if word]
    if not words:
        return typed
    if words[-1] in _PARTICLES and not re.match(r"\s*\w", after):
        return _read(" ".join(words[:-1]), before, _PARTICLES[words[-1]], sounds) + _PARTICLES[words[-1]]
    before, after = re.sub(r"\d$", "几", before.rstrip()[-_BESIDE:]), after.lstrip()[:_BESIDE]
    paths: list[Path] = [(0.0, before)]
    for word in words:
        paths = _followed(word, paths, sounds)
    best = max(paths, key=lambda path: path[0] + (sounds.score(path[1][-1:] + after[0]) if after else 0.0))[1][len(before) :]
    return best if _makes_words(best, before, after, sounds) else typed


def _followed(word: str, paths: list[Path], sounds: Sounds) -> list[Path]:
    """The best readings of what came before, each followed by one of a word (Viterbi over its syllables)."""
    at: dict[int, list[Path]] = {0: paths}
    for begin in range(len(word)):
        for end in _ends(word, begin) if begin in at else ():
            if found := [_best(at[begin], character, sounds) for character in sounds.characters(word[begin:end])]:
                at[end] = [*at.get(end, ()), *found]
    return at[len(word)]


def _best(paths: list[Path], character: str, sounds: Sounds) -> Path:
    return max((score + sounds.score(text[-1:] + character) - _SYLLABLE_COST, text + character) for score, text in paths)


def _makes_words(read: str, before: str, after: str, sounds: Sounds) -> bool:
    """Whether each character of a reading is part of a known word, or stands beside one as it does elsewhere."""
    text, begin = before + read + after, len(before)
    position, known = 0, 0
    for word in sounds.cut(text):
        inside = range(max(position, begin), min(position + len(word), begin + len(read)))
        pairs = [sounds.count(word[i : i + 2]) for i in range(len(word) - 1)]
        if pairs and all(pairs):
            known += len(inside)
        elif any(max(sounds.count(text[i - 1 : i + 1]), sounds.count(text[i : i + 2])) < _FIRM for i in inside):
            return False
        position += len(word)
    return known > 0 or len(read) == 1
