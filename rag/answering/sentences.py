"""A chat model's words, as they come → sentences with the keys that they cite.

A sentence is handed over as soon as it is over, so that it can be verified while the next one is being written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Form = Literal["prose", "item", "row", "head", "rule"]
"""A sentence of running text · an item of a list · a row of a table · a table's head · the line below it."""

_THOUGHT = re.compile(r"<think>.*?</think>\s*", re.DOTALL)
_KEYS = r"(?:(?:键|资料|依据|来源)?[:：=\s]*)[A-Za-z0-9][A-Za-z0-9_#. ,，、;-]{0,40}"
_MARKERS = rf"(?:\s*(?:[\[［【]\s*{_KEYS}[\]］】]|[(（]\s*[a-z]\d[a-z]\s*[)）]))"
_END = re.compile(rf"[。！？!?](?:[”’」』）)]*)(?P<markers>{_MARKERS}*)")
_MARKER = re.compile(rf"[\[［【]\s*({_KEYS})[\]］】]|[(（]\s*([a-z]\d[a-z])\s*[)）]")
_BULLET = re.compile(r"^\s*(?:[-*•·▪◦]|\d{1,2}[.、)）](?!\d)|[(（][一二三四五六七八九十\d]{1,3}[)）]|[①-⑳])\s*")
_EMPHASIS = re.compile(r"\*\*|__|^#{1,6}\s*|^>\s*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as written: ``text`` without markers, bullet and emphasis; ``keys`` as cited, in order."""

    text: str
    keys: tuple[str, ...]
    line: int  # of the reply; sentences of one line stay on one line
    form: Form = "prose"


class SentenceReader:
    """Reads a growing reply. ``feed`` and ``finish`` give the sentences that are over."""

    def __init__(self) -> None:
        self._rest = ""
        self._line = 0
        self._rows = 0
        self._item = False
        self._said = False  # whether the line has a sentence already
        self._thinking: bool | None = None

    def feed(self, text: str) -> list[Sentence]:
        """The sentences that this text ends; a marker that comes after its sentence is handed over with no text."""
        self._rest += text
        if not self._past_thought():
            return []
        found: list[Sentence] = []
        while "\n" in self._rest:
            line, _, self._rest = self._rest.partition("\n")
            found += self._whole(line)
            self._end_line()
        return found + self._begun()

    def finish(self) -> list[Sentence]:
        """What is left at the end."""
        if self._thinking:
            return []
        rest, self._rest = self._rest, ""
        return self._whole(rest)

    def _past_thought(self) -> bool:
        """Whether the reply itself has begun; some models think aloud first."""
        if self._thinking is None and len(self._rest.lstrip()) >= len("<think>"):
            self._thinking = self._rest.lstrip().startswith("<think>")
        if self._thinking and "</think>" in self._rest:
            self._rest = _THOUGHT.sub("", self._rest.lstrip(), count=1)
            self._thinking = False
        return self._thinking is False

    def _end_line(self) -> None:
        self._line += 1
        self._item = self._said = False

    def _begun(self) -> list[Sentence]:
        """Sentences that are over in a line that is not; with its markers complete, or something after it."""
        if self._rest.lstrip().startswith("|"):
            return []  # a table's row is over at its line's end
        found = []
        while (end := _END.search(self._rest)) and (end["markers"] or end.end() < len(self._rest)) and not self._opening(end.end()):
            found += self._make(self._rest[: end.end()])
            self._rest = self._rest[end.end() :]
        return found

    def _opening(self, at: int) -> bool:
        """Whether a marker is being written at this place."""
        after = self._rest[at:].lstrip()
        return bool(after) and after[0] in "[［【" and not re.match(_MARKERS, after) and len(after) < 40

    def _whole(self, line: str) -> list[Sentence]:
        if line.strip().startswith("|"):
            return self._row(line.strip())
        self._rows = 0
        found, at = [], 0
        for end in _END.finditer(line):
            found += self._make(line[at : end.end()])
            at = end.end()
        return found + self._make(line[at:])

    def _make(self, raw: str) -> list[Sentence]:
        late = re.match(rf"{_MARKERS}+", raw) if self._said else None  # of the sentence before, which was handed over without it
        before = [Sentence("", _keys(late[0]), self._line)] if late else []
        raw = raw[late.end() :] if late else raw
        keys = _keys(raw)
        text = _EMPHASIS.sub("", _MARKER.sub("", raw).strip())
        bare = _BULLET.sub("", text)
        self._item = self._item or bare != text
        text = re.sub(r"\s+(?=[。！？!?；;，,])", "", bare).strip()
        if not text and not keys:
            return before
        self._said = True
        return [*before, Sentence(text, keys, self._line, "item" if self._item else "prose")]

    def _row(self, line: str) -> list[Sentence]:
        self._rows += 1
        if re.fullmatch(r"[|:\s-]+", line):
            return [Sentence(line, (), self._line, "rule")]
        text = _EMPHASIS.sub("", _MARKER.sub("", line))
        return [Sentence(text, _keys(line), self._line, "head" if self._rows == 1 else "row")]


def _keys(text: str) -> tuple[str, ...]:
    found = [key for first, second in _MARKER.findall(text) for key in re.findall(r"[A-Za-z0-9_#.-]+", first or second)]
    return tuple(dict.fromkeys(found))
